/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_profile.h"

#include "probe/tls_names.h"

#include <string.h>

#define OF(policy) (1u << (policy))
#define ALL (OF(SP_TLS_POLICY_MODERN) | OF(SP_TLS_POLICY_INTERMEDIATE) | OF(SP_TLS_POLICY_OLD))
#define MIDDLE (OF(SP_TLS_POLICY_INTERMEDIATE) | OF(SP_TLS_POLICY_OLD))
#define LAST OF(SP_TLS_POLICY_OLD)

static const struct sp_tls_profile profiles[] = {
    [SP_TLS_POLICY_MODERN] = {.name = "modern",
                              .version_min = SP_TLS_1_3,
                              .ec = true,
                              .lifespan_days = 90},
    [SP_TLS_POLICY_INTERMEDIATE] = {.name = "intermediate",
                                    .version_min = SP_TLS_1_2,
                                    .rsa = true,
                                    .ec = true,
                                    .lifespan_days = 366},
    [SP_TLS_POLICY_OLD] = {.name = "old",
                           .version_min = SP_TLS_1_0,
                           .rsa = true,
                           .lifespan_days = 366},
};

static const struct {
    uint16_t number;
    unsigned policies;
} suites[] = {
    {0x1301, ALL},    /* TLS_AES_128_GCM_SHA256 */
    {0x1302, ALL},    /* TLS_AES_256_GCM_SHA384 */
    {0x1303, ALL},    /* TLS_CHACHA20_POLY1305_SHA256 */
    {0xc02b, MIDDLE}, /* ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
    {0xc02f, MIDDLE}, /* ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
    {0xc02c, MIDDLE}, /* ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 */
    {0xc030, MIDDLE}, /* ECDHE_RSA_WITH_AES_256_GCM_SHA384 */
    {0xcca9, MIDDLE}, /* ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 */
    {0xcca8, MIDDLE}, /* ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 */
    {0xc023, LAST},   /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 */
    {0xc027, LAST},   /* ECDHE_RSA_WITH_AES_128_CBC_SHA256 */
    {0xc009, LAST},   /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA */
    {0xc013, LAST},   /* ECDHE_RSA_WITH_AES_128_CBC_SHA */
    {0xc024, LAST},   /* ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 */
    {0xc028, LAST},   /* ECDHE_RSA_WITH_AES_256_CBC_SHA384 */
    {0xc00a, LAST},   /* ECDHE_ECDSA_WITH_AES_256_CBC_SHA */
    {0xc014, LAST},   /* ECDHE_RSA_WITH_AES_256_CBC_SHA */
    {0x009c, LAST},   /* RSA_WITH_AES_128_GCM_SHA256 */
    {0x009d, LAST},   /* RSA_WITH_AES_256_GCM_SHA384 */
    {0x003c, LAST},   /* RSA_WITH_AES_128_CBC_SHA256 */
    {0x003d, LAST},   /* RSA_WITH_AES_256_CBC_SHA256 */
    {0x002f, LAST},   /* RSA_WITH_AES_128_CBC_SHA */
    {0x0035, LAST},   /* RSA_WITH_AES_256_CBC_SHA */
    {0x000a, LAST},   /* RSA_WITH_3DES_EDE_CBC_SHA */
};

static const uint16_t groups[] = {0x11ec, 0x001d, 0x0017, 0x0018};

const struct sp_tls_profile *sp_tls_profile(enum sp_tls_policy policy)
{
    return policy == SP_TLS_POLICY_NONE ? NULL : &profiles[policy];
}

bool sp_tls_profile_has_suite(enum sp_tls_policy policy, uint16_t suite)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].number == suite)
            return (suites[i].policies & OF(policy)) != 0;
    return false;
}

bool sp_tls_profile_has_group(uint16_t group)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (groups[i] == group)
            return true;
    return false;
}

bool sp_tls_profile_has_key(const char *key_text)
{
    return strcmp(key_text, "EC P-256") == 0 || strcmp(key_text, "EC P-384") == 0;
}

const char *sp_tls_profile_group_names(void)
{
    return "X25519MLKEM768, x25519, secp256r1 or secp384r1";
}
