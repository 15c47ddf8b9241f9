/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/rfc9325.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define TLS_1_2 0x0303

const char *sp_rfc9325_version(uint16_t version)
{
    return version < TLS_1_2 ? "RFC 9325 section 3.1.1: MUST NOT" : NULL;
}

/* The first of the words, up to NULL, that stands in the name between underscores. */
static const char *find_word(const char *cipher, const char *const *words)
{
    for (const char *part = cipher; *part != '\0'; part += strcspn(part, "_-")) {
        part += strspn(part, "_-");
        size_t len = strcspn(part, "_-");
        for (size_t i = 0; words[i] != NULL; i++)
            if (len == strlen(words[i]) && strncasecmp(part, words[i], len) == 0)
                return words[i];
    }
    return NULL;
}

static bool has_prefix(const char *cipher, const char *prefix)
{
    return strncmp(cipher, prefix, strlen(prefix)) == 0;
}

const char *sp_rfc9325_suite(const char *cipher)
{
    /* No encryption, RC4, and less than 112 bits. */
    static const char *const must_not[] = {"NULL", "RC4", "EXPORT", "DES40", "DES", "RC2", NULL};
    /* Less than 128 bits: 3DES has 112 of them. */
    static const char *const should_not[] = {"3DES", NULL};
    static const char *const cbc[] = {"CBC", NULL};
    static const char *const anonymous[] = {"anon", NULL}; /* it takes authentication for granted */
    if (find_word(cipher, must_not) != NULL)
        return "RFC 9325 section 4.1: MUST NOT";
    if (find_word(cipher, anonymous) != NULL)
        return NULL;
    if (find_word(cipher, should_not) != NULL || has_prefix(cipher, "TLS_RSA_") ||
        has_prefix(cipher, "TLS_DH") || has_prefix(cipher, "TLS_ECDH_"))
        return "RFC 9325 section 4.1: SHOULD NOT";
    if (find_word(cipher, cbc) != NULL)
        return "RFC 9325 section 4.2: SHOULD NOT without encrypt_then_mac";
    return NULL;
}

const char *sp_weak_word(const char *cipher)
{
    static const char *const words[] = {"NULL", "EXPORT", "anon", "RC4", "RC2", "3DES",
                                        "DES",  "DES40",  "IDEA", "MD5", NULL};
    return find_word(cipher, words);
}
