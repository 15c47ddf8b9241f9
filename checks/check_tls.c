/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The handshake, and whether what was negotiated is still considered safe. Weak versions, suites and
 * groups are warnings; what RFC 9325 asks of TLS 1.2 beyond them is told, and counts with --tls-policy.
 */
#include "checks/failure.h"
#include "checks/rfc9325.h"
#include "probe/tls_groups.h"
#include "probe/tls_profile.h"

#include <stdio.h>
#include <string.h>

#define TLS_1_2 0x0303
#define DH_BITS_MIN 2048u   /* RFC 9325 §4.5 */
#define CURVE_BITS_MIN 224u /* the same */

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE && phase == SP_PHASE_TLS;
}

/* --- the handshake that failed ----------------------------------------------------------------- */

static const char *find_hint(const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    if (endpoint->tls == SP_TLS_IMPLICIT &&
        evidence->failure.reason == SP_REASON_TLS_PROTOCOL_ERROR)
        return "If the server speaks plain SMTP on this port, probe it with --tls starttls; in "
               "Postfix, implicit TLS is smtpd_tls_wrappermode=yes for the service in master.cf.";
    return NULL;
}

/* The survey that asked for anything at all because the session's offer was refused, or NULL. */
static const struct sp_survey *find_survey(const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->survey_count; i++)
        if (evidence->surveys[i].question == SP_SURVEY_ANYTHING)
            return &evidence->surveys[i];
    return NULL;
}

static const char *hint_of_choice(const struct sp_survey *survey)
{
    if (survey->version < TLS_1_2)
        return "Nothing older than TLSv1.2 is safe: update the server or its TLS library, or allow "
               "TLSv1.2 and TLSv1.3 where its configuration forbids them.";
    if (survey->cipher != NULL &&
        (sp_weak_word(survey->cipher) != NULL || strncmp(survey->cipher, "TLS_RSA_", 8) == 0))
        return "Allow cipher suites with forward secrecy on the server, those that begin with "
               "TLS_ECDHE_: in Postfix `smtpd_tls_ciphers = high`, and see that "
               "`smtpd_tls_eecdh_grade` is not none.";
    return "If --tls-min, --tls-max, --ciphers or --groups are given, they shut this out. If not, the "
           "server and the probe have no group or signature scheme in common.";
}

/* The same finding says what would do. */
static void add_survey(struct sp_result *result, struct sp_finding *finding,
                       const struct sp_survey *survey)
{
    struct sp_arena *arena = result->evidence->arena;
    const char *text = NULL;
    const char *version = survey->version_text ? survey->version_text : "another version";
    const char *cipher = survey->cipher ? survey->cipher : "another cipher suite";
    switch (survey->outcome) {
    case SP_SURVEY_ACCEPTED:
        text = sp_arena_printf(arena,
                               "%s; of everything from SSLv3 to TLSv1.3 it would take %s with %s",
                               finding->message, version, cipher);
        finding->hint = hint_of_choice(survey);
        break;
    case SP_SURVEY_REFUSED:
        text =
            sp_arena_printf(arena, "%s; it takes nothing from SSLv3 to TLSv1.3, whatever the suite",
                            finding->message);
        finding->hint =
            "A server that refuses every offer mostly has no certificate or key that it "
            "can use: look at its log of the moment when it was started.";
        break;
    case SP_SURVEY_FAILED:
    case SP_SURVEY_SKIPPED:
        text = sp_arena_printf(arena, "%s; what it would take instead is not known (%s)",
                               finding->message, survey->detail ? survey->detail : "not asked");
        break;
    }
    if (text != NULL)
        finding->message = text;
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    struct sp_finding *finding = sp_failure_add(evidence, result);
    const struct sp_survey *survey = find_survey(evidence);
    finding->hint = find_hint(evidence);
    if (survey != NULL)
        add_survey(result, finding, survey);
}

/* --- what was negotiated ----------------------------------------------------------------------- */

/* With a policy, what it doesn't allow is told by check_tls_policy, with what it expects. */
static void judge_choice(const struct sp_evidence *evidence, enum sp_tls_policy policy,
                         struct sp_result *result)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    const struct sp_tls_profile *profile = sp_tls_profile(policy);
    if (tls->version != 0 && tls->version < TLS_1_2 &&
        !(profile != NULL && tls->version < profile->version_min))
        sp_result_add(result, SP_REASON_TLS_VERSION_WEAK, SP_PHASE_TLS,
                      "the server agreed on %s, TLSv1.2 is the least that is safe",
                      tls->version_text != NULL ? tls->version_text : "an old version");
    const char *weak = tls->cipher != NULL ? sp_weak_word(tls->cipher) : NULL;
    if (weak != NULL && !(profile != NULL && !sp_tls_profile_has_suite(policy, tls->suite)))
        sp_result_add(result, SP_REASON_TLS_CIPHER_WEAK, SP_PHASE_TLS,
                      "the server agreed on %s, which is weak (%s)", tls->cipher, weak);
}

static void judge_group(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    const struct sp_tls_group *group = sp_tls_group_by_name(tls->group);
    if (tls->dh_bits > 0 && tls->dh_bits < DH_BITS_MIN)
        sp_result_add(
            result, SP_REASON_TLS_CIPHER_WEAK, SP_PHASE_TLS,
            "the server's Diffie-Hellman group has %u bits, expected %u or more (RFC 9325 "
            "section 4.5: REQUIRED)",
            tls->dh_bits, DH_BITS_MIN)
            ->hint = "Let the server use elliptic curves (suites that begin with TLS_ECDHE_), or a "
                     "group of RFC 7919 such as ffdhe2048; in Postfix, leave "
                     "`smtpd_tls_dh1024_param_file` at its default or at auto.";
    if (group != NULL && !group->finite && group->bits < CURVE_BITS_MIN)
        sp_result_add(
            result, SP_REASON_TLS_CIPHER_WEAK, SP_PHASE_TLS,
            "the key exchange used the curve %s of %u bits, expected %u or more (RFC 9325 "
            "section 4.5: MUST NOT)",
            group->name, group->bits, CURVE_BITS_MIN);
}

/* What RFC 9325 demands of TLS 1.2 and what is no danger by itself. */
static void judge_handshake(const struct sp_evidence *evidence, enum sp_tls_policy policy,
                            struct sp_result *result)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    enum sp_state state = policy == SP_TLS_POLICY_NONE ? SP_STATE_OK : SP_STATE_WARNING;
    const char *scheme = tls->signature_scheme;
    if (scheme != NULL && (strstr(scheme, "sha1") != NULL || strstr(scheme, "md5") != NULL))
        sp_result_add_state(
            result, SP_REASON_TLS_CIPHER_WEAK, state, SP_PHASE_TLS,
            "the server signed its key exchange with %s, expected SHA-256 or better "
            "(RFC 9325 section 4.5: MUST NOT)",
            scheme);
    if (!tls->hello_seen || tls->version == 0 || tls->version > TLS_1_2)
        return;
    if (!tls->secure_renegotiation)
        sp_result_add_state(result, SP_REASON_TLS_CIPHER_WEAK, state, SP_PHASE_TLS,
                            "the server doesn't confirm secure renegotiation (RFC 5746), which RFC "
                            "9325 section 3.5 makes a MUST")
            ->hint = "Update the server's TLS library: all of them have had it since 2010.";
    if (!tls->extended_master_secret)
        sp_result_add_state(
            result, SP_REASON_TLS_CIPHER_WEAK, state, SP_PHASE_TLS,
            "the server doesn't use the extended master secret (RFC 7627), which RFC "
            "9325 section 3.5 makes a MUST")
            ->hint = "Update the server's TLS library, or let it use TLS 1.3, which has no need of "
                     "it.";
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    if (!evidence->tls.established)
        return;
    judge_choice(evidence, options->tls_policy, result);
    judge_group(evidence, result);
    judge_handshake(evidence, options->tls_policy, result);
}

const struct sp_check sp_check_tls = {
    .name = "tls",
    .help = "whether the TLS handshake works and gives a safe version and cipher",
    .needs = SP_NEED_TLS,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
