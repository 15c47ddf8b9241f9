/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one session offers. */
#include "probe/limits.h"
#include "probe/tls_groups.h"
#include "probe/tls_library.h"
#include "probe/tls_private.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include <stdio.h>
#include <string.h>

/* X25519 first: the library's own order costs up to ten times the CPU. The finite-field groups are for
 * TLS 1.3 servers that have nothing else. */
static const uint16_t usual_groups[] = {
    WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1, WOLFSSL_ECC_SECP521R1,
    WOLFSSL_ECC_X448,   WOLFSSL_FFDHE_2048,    WOLFSSL_FFDHE_3072};

static uint16_t clamp_version(uint16_t version, uint16_t otherwise)
{
    if (version == 0)
        return otherwise;
    if (version < SP_TLS_1_1)
        return SP_TLS_1_1;
    return version > SP_TLS_1_3 ? SP_TLS_1_3 : version;
}

/* A version that none of the suites can be used in isn't offered either: a server that takes it would
 * find nothing in common. */
static void narrow_versions(struct sp_tls *tls, const uint16_t *suites, size_t count)
{
    bool has_13 = false, has_older = false;
    for (size_t i = 0; i < count; i++) {
        has_13 |= sp_tls_suite_is_13(suites[i]);
        has_older |= !sp_tls_suite_is_13(suites[i]);
    }
    if (!has_13 && tls->version_max == SP_TLS_1_3)
        tls->version_max = SP_TLS_1_2;
    if (!has_older && tls->version_min < SP_TLS_1_3)
        tls->version_min = SP_TLS_1_3;
}

/* Up to TLS 1.2 the suite alone says finite-field Diffie-Hellman, with any prime of the server's. Who
 * chooses groups and names none of that kind doesn't want it, unless he chooses such a suite too. */
static bool is_unwanted_dhe(uint16_t suite, const struct sp_tls_config *config)
{
    const char *name = sp_tls_suite_name(suite);
    if (config->group_count == 0 || config->suite_count > 0 || !name || !strstr(name, "_DHE_"))
        return false;
    for (size_t i = 0; i < config->group_count; i++) {
        const struct sp_tls_group *group = sp_tls_group_find(config->groups[i]);
        if (group && group->finite)
            return false;
    }
    return true;
}

static void add_suite(struct sp_tls *tls, uint16_t suite, const struct sp_tls_config *config)
{
    bool wanted =
        sp_tls_suite_is_13(suite) ? tls->version_max >= SP_TLS_1_3 : tls->version_min < SP_TLS_1_3;
    if (is_unwanted_dhe(suite, config))
        return;
    if (wanted && tls->suite_count < SP_TLS_SUITES_MAX)
        tls->suites[tls->suite_count++] = suite;
}

/* wolfSSL drops suites that it doesn't have without a word, so what is in our list is in the library. */
static bool offer_suites(struct sp_tls *tls)
{
    uint8_t octets[SP_TLS_SUITES_MAX * 2];
    for (size_t i = 0; i < tls->suite_count; i++) {
        octets[i * 2] = (uint8_t)(tls->suites[i] >> 8);
        octets[i * 2 + 1] = (uint8_t)(tls->suites[i] & 0xff);
    }
    return tls->suite_count > 0 &&
           wolfSSL_set_cipher_list_bytes(tls->wolf, octets, (int)(tls->suite_count * 2)) ==
               WOLFSSL_SUCCESS;
}

/* Only versions and suites that can be used with one another. */
static void choose_versions(struct sp_tls *tls, const struct sp_tls_ctx *ctx,
                            const struct sp_tls_config *config)
{
    const uint16_t *suites = config->suite_count > 0 ? config->suites : ctx->suites;
    size_t count = config->suite_count > 0 ? config->suite_count : ctx->suite_count;
    tls->version_min = clamp_version(config->version_min, SP_TLS_1_2);
    tls->version_max = clamp_version(config->version_max, SP_TLS_1_3);
    narrow_versions(tls, suites, count);
    for (size_t i = 0; i < count; i++)
        add_suite(tls, suites[i], config);
}

/* The library takes groups only while TLS 1.3 is within reach: before the versions are set. */
static bool offer_groups(struct sp_tls *tls, const struct sp_tls_config *config)
{
    int groups[SP_LIMIT_GROUPS];
    const uint16_t *wanted = config->group_count > 0 ? config->groups : usual_groups;
    size_t count = config->group_count > 0 ? config->group_count
                                           : sizeof usual_groups / sizeof usual_groups[0];
    if (count > SP_LIMIT_GROUPS)
        return false;
    for (size_t i = 0; i < count; i++) {
        groups[i] = wanted[i];
        tls->groups[i] = wanted[i];
    }
    tls->group_count = count;
    return wolfSSL_set_groups(tls->wolf, groups, (int)count) == WOLFSSL_SUCCESS;
}

/* The library wants one string with commas, which the names can't have. */
static bool offer_protocols(struct sp_tls *tls, const struct sp_tls_config *config)
{
    char list[SP_LIMIT_ALPN * (SP_LIMIT_ALPN_NAME + 1)];
    size_t len = 0;
    if (config->alpn_count == 0)
        return true;
    if (config->alpn_count > SP_LIMIT_ALPN)
        return false;
    for (size_t i = 0; i < config->alpn_count; i++) {
        size_t size = strlen(config->alpn[i]);
        if (size == 0 || size > SP_LIMIT_ALPN_NAME || strchr(config->alpn[i], ','))
            return false;
        memcpy(list + len, config->alpn[i], size);
        len += size;
        list[len++] = ',';
    }
    list[--len] = '\0';
    tls->alpn = config->alpn;
    tls->alpn_count = config->alpn_count;
    return wolfSSL_UseALPN(tls->wolf, list, (word32)len, WOLFSSL_ALPN_FAILED_ON_MISMATCH) ==
           WOLFSSL_SUCCESS;
}

static bool set_up_name(struct sp_tls *tls, const char *sni)
{
    if (!sni)
        return true;
    size_t len = strlen(sni);
    tls->facts.sni = sp_arena_strdup(tls->arena, sni);
    return tls->facts.sni && len > 0 && len <= SP_LIMIT_HOST &&
           wolfSSL_UseSNI(tls->wolf, WOLFSSL_SNI_HOST_NAME, sni, (unsigned short)len) ==
               WOLFSSL_SUCCESS;
}

/* RFC 5746 §3.4: a client says that it knows the danger, and the server's answer is a fact. Renegotiating
 * itself isn't in this build of the library: a HelloRequest is answered with a warning. */
static bool announce_renegotiation(struct sp_tls *tls)
{
#ifndef HAVE_SECURE_RENEGOTIATION
    return tls->version_min >= SP_TLS_1_3 ||
           wolfSSL_UseSecureRenegotiation(tls->wolf) == WOLFSSL_SUCCESS;
#else
#error "the library could renegotiate: see that nothing of the new handshake escapes the gate"
#endif
}

static bool set_up_store(struct sp_tls *tls)
{
    /* A store of its own, never with a root in it: the shared one would learn intermediates from one
     * server and trust them for the next. wolfSSL frees it with the session. */
    WOLFSSL_X509_STORE *store = wolfSSL_X509_STORE_new();
    if (!store)
        return false;
    if (wolfSSL_set0_verify_cert_store(tls->wolf, store) != WOLFSSL_SUCCESS) {
        wolfSSL_X509_STORE_free(store);
        return false;
    }
    tls->store = store->cm;
    return tls->store != NULL;
}

bool sp_tls_set_up(struct sp_tls *tls, const struct sp_tls_ctx *ctx,
                   const struct sp_tls_config *config)
{
    choose_versions(tls, ctx, config);
    return tls->version_min <= tls->version_max && offer_groups(tls, config) &&
           wolfSSL_set_min_proto_version(tls->wolf, tls->version_min) == WOLFSSL_SUCCESS &&
           wolfSSL_set_max_proto_version(tls->wolf, tls->version_max) == WOLFSSL_SUCCESS &&
           offer_suites(tls) && announce_renegotiation(tls) && set_up_store(tls) &&
           sp_tls_watch_session(tls) && set_up_name(tls, config->sni) &&
           offer_protocols(tls, config) && sp_tls_staple_set_up(tls, config);
}
