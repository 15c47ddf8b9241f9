/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Suites, groups and versions in GnuTLS's words. GnuTLS chooses key exchange, cipher and MAC apart from
 * each other, so that suites A-x and B-y also allow A-y and B-x: nothing that was not listed somewhere.
 * TLS 1.3 has suites of its own, which take the listed ciphers as far as they have them.
 */
#include "prometheus/web_settings.h"

#include <string.h>

static const struct suite {
    const char *name, *exchange, *cipher, *mac;
} suites[] = {
    {"TLS_AES_128_GCM_SHA256", NULL, "AES-128-GCM", "AEAD"},
    {"TLS_AES_256_GCM_SHA384", NULL, "AES-256-GCM", "AEAD"},
    {"TLS_CHACHA20_POLY1305_SHA256", NULL, "CHACHA20-POLY1305", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "RSA", "AES-128-CBC", "SHA1"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "RSA", "AES-256-CBC", "SHA1"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA", "AES-128-GCM", "AEAD"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "RSA", "AES-256-GCM", "AEAD"},
};

static const struct word {
    const char *name, *gnutls;
} groups[] = {{"CurveP256", "SECP256R1"},
              {"CurveP384", "SECP384R1"},
              {"CurveP521", "SECP521R1"},
              {"X25519", "X25519"}},
  versions[] = {{"TLS10", "TLS1.0"}, {"TLS11", "TLS1.1"}, {"TLS12", "TLS1.2"}, {"TLS13", "TLS1.3"}};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct word *find_word(const struct word *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    return NULL;
}

static const struct suite *find_suite(const char *name)
{
    for (size_t i = 0; i < COUNT(suites); i++)
        if (strcmp(suites[i].name, name) == 0)
            return &suites[i];
    return NULL;
}

bool sp_web_priority_version(const char *name, unsigned *out_version)
{
    const struct word *word = find_word(versions, COUNT(versions), name);
    if (word)
        *out_version = (unsigned)(word - versions);
    return word != NULL;
}

bool sp_web_priority_suite_known(const char *name)
{
    return find_suite(name) != NULL;
}

bool sp_web_priority_group_known(const char *name)
{
    return find_word(groups, COUNT(groups), name) != NULL;
}

static bool write_suites(const struct sp_web_priority *priority, struct sp_buf *out)
{
    bool ok = sp_buf_append_str(out, ":-KX-ALL:-CIPHER-ALL:-MAC-ALL"), aead = false, old = false;
    for (size_t i = 0; i < priority->suite_count; i++) {
        const struct suite *suite = find_suite(priority->suites[i]);
        if (!suite)
            continue; /* the reader has refused it */
        if (suite->exchange)
            ok = ok && sp_buf_printf(out, ":+%s", suite->exchange);
        ok = ok && sp_buf_printf(out, ":+%s:+%s", suite->cipher, suite->mac);
        aead = aead || strcmp(suite->mac, "AEAD") == 0;
        old = old || suite->exchange;
    }
    /* The list is about TLS 1.2 and older; TLS 1.3 stays possible beside it, and with its names alone. */
    if (priority->max_version == 3 && !aead)
        ok = ok && sp_buf_append_str(out, ":+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD");
    if (!old)
        ok = ok && sp_buf_append_str(out, ":+ECDHE-ECDSA:+ECDHE-RSA");
    return ok;
}

bool sp_web_priority_write(const struct sp_web_priority *priority, struct sp_buf *out)
{
    bool ok = sp_buf_append_str(out, "NORMAL:-VERS-ALL");
    for (unsigned i = priority->max_version + 1; i-- > priority->min_version;)
        ok = ok && sp_buf_printf(out, ":+VERS-%s", versions[i].gnutls);
    if (priority->suite_count > 0)
        ok = ok && write_suites(priority, out);
    else /* only what has forward secrecy, without groups of the client's size */
        ok = ok && sp_buf_append_str(out, ":-RSA:-DHE-RSA");
    if (priority->group_count > 0)
        ok = ok && sp_buf_append_str(out, ":-GROUP-ALL");
    for (size_t i = 0; i < priority->group_count; i++) {
        const struct word *group = find_word(groups, COUNT(groups), priority->groups[i]);
        if (group)
            ok = ok && sp_buf_printf(out, ":+GROUP-%s", group->gnutls);
    }
    return ok && (priority->client_order || sp_buf_append_str(out, ":%SERVER_PRECEDENCE"));
}
