/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_library.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE_NAMES_SIZE 16384

size_t sp_tls_library_suites(uint16_t out_suites[SP_TLS_SUITES_MAX])
{
    size_t count = 0, all_count;
    const struct sp_tls_suite *all = sp_tls_suites(&all_count);
    char *names = calloc(1, SUITE_NAMES_SIZE + 2);
    if (!names)
        return 0;
    names[0] = ':';
    bool known = wolfSSL_get_ciphers_iana(names + 1, SUITE_NAMES_SIZE) == WOLFSSL_SUCCESS;
    size_t end = strlen(names);
    names[end] = ':';
    for (size_t i = 0; known && i < all_count && count < SP_TLS_SUITES_MAX; i++) {
        char wanted[96];
        snprintf(wanted, sizeof wanted, ":%s:", all[i].name);
        if (strstr(names, wanted))
            out_suites[count++] = all[i].number;
    }
    free(names);
    return count;
}

/* There is nothing to ask; the list follows what this library's Debian build takes part in. */
bool sp_tls_library_has_group(uint16_t number)
{
    static const uint16_t groups[] = {
        WOLFSSL_ECC_X25519,    WOLFSSL_ECC_X448,   WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1,
        WOLFSSL_ECC_SECP521R1, WOLFSSL_FFDHE_2048, WOLFSSL_FFDHE_3072,
    };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (groups[i] == number)
            return true;
    return false;
}
