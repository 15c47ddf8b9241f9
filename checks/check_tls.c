/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handshake, and whether what was negotiated is still considered safe. */
#include "checks/failure.h"

#include <string.h>
#include <strings.h>

#define TLS_1_2 0x0303

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE && phase == SP_PHASE_TLS;
}

static const char *find_hint(const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    if (endpoint->tls == SP_TLS_IMPLICIT &&
        evidence->failure.reason == SP_REASON_TLS_PROTOCOL_ERROR)
        return "If the server speaks plain SMTP on this port, probe it with --tls starttls; in "
               "Postfix, implicit TLS is smtpd_tls_wrappermode=yes for the service in master.cf.";
    return NULL;
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    sp_failure_add(evidence, result)->hint = find_hint(evidence);
}

/*
 * The word of the suite's IANA name that makes it weak, or NULL. Conservative: only what RFC 9325 §4.2.1
 * forbids outright and what has practical attacks; CBC and static RSA are old, not broken.
 */
static const char *weak_word(const char *cipher)
{
    static const char *const words[] = {"NULL", "EXPORT", "anon",  "RC4",  "RC2",
                                        "3DES", "DES",    "DES40", "IDEA", "MD5"};
    for (const char *word = cipher; *word != '\0'; word += strcspn(word, "_-")) {
        word += strspn(word, "_-");
        size_t len = strcspn(word, "_-");
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (len == strlen(words[i]) && strncasecmp(word, words[i], len) == 0)
                return words[i];
    }
    return NULL;
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    (void)options;
    if (!tls->established)
        return;
    if (tls->version != 0 && tls->version < TLS_1_2 &&
        !sp_failed_with(evidence, SP_REASON_TLS_VERSION_WEAK))
        sp_result_add(result, SP_REASON_TLS_VERSION_WEAK, SP_PHASE_TLS,
                      "the server agreed on %s, TLSv1.2 is the least that is safe",
                      tls->version_text != NULL ? tls->version_text : "an old version");
    const char *weak = tls->cipher != NULL ? weak_word(tls->cipher) : NULL;
    if (weak != NULL && !sp_failed_with(evidence, SP_REASON_TLS_CIPHER_WEAK))
        sp_result_add(result, SP_REASON_TLS_CIPHER_WEAK, SP_PHASE_TLS,
                      "the server agreed on %s, which is weak (%s)", tls->cipher, weak);
}

const struct sp_check sp_check_tls = {
    .name = "tls",
    .help = "whether the TLS handshake works and gives a safe version and cipher",
    .needs = SP_NEED_TLS,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
