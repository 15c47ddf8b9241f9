/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --tls-policy: each deviation from the profile is a finding that says what was expected and what was
 * got. The session and the certificate are judged as they were seen; the surveys, by what the server
 * would have accepted. What is outside of the profile and not weaker than it is information.
 */
#include "checks/failure.h"
#include "checks/rfc9325.h"
#include "probe/tls_groups.h"
#include "probe/tls_names.h"
#include "probe/tls_profile.h"

#include <stdio.h>
#include <string.h>

#define DAY_SECONDS 86400
#define CURVE_BITS_WANTED 255u /* the least of the profiles' curves */
#define DH_BITS_WANTED 3072u   /* RFC 3766: as strong as a curve of 256 bits */

struct subject {
    const struct sp_evidence *evidence;
    enum sp_tls_policy policy;
    const struct sp_tls_profile *profile;
    struct sp_result *result;
};

/* " (RFC 9325 …)", or nothing. */
static const char *in_brackets(const char *rfc, char *out, size_t size)
{
    snprintf(out, size, rfc != NULL ? " (%s)" : "%s", rfc != NULL ? rfc : "");
    return out;
}

static const char *expected_suites(enum sp_tls_policy policy)
{
    if (policy == SP_TLS_POLICY_MODERN)
        return "AES-GCM or ChaCha20-Poly1305 of TLSv1.3";
    if (policy == SP_TLS_POLICY_INTERMEDIATE)
        return "ECDHE with AES-GCM or ChaCha20-Poly1305, or their TLSv1.3 kin";
    return "ECDHE or static RSA with AES, ChaCha20-Poly1305 or 3DES";
}

/* Unknown groups count as weaker. */
static bool is_strong(const struct sp_tls_group *group)
{
    return group != NULL && group->bits >= (group->finite ? DH_BITS_WANTED : CURVE_BITS_WANTED);
}

/* --- the session ------------------------------------------------------------------------------- */

static void judge_session(const struct subject *of)
{
    const struct sp_tls_facts *tls = &of->evidence->tls;
    const struct sp_tls_profile *profile = of->profile;
    char rfc[96];
    if (tls->version != 0 && tls->version < profile->version_min)
        sp_result_add(of->result, SP_REASON_TLS_VERSION_WEAK, SP_PHASE_POLICY,
                      "%s expects %s or newer, and the server agreed on %s%s", profile->name,
                      sp_tls_version_text(profile->version_min),
                      tls->version_text != NULL ? tls->version_text : "an old version",
                      in_brackets(sp_rfc9325_version(tls->version), rfc, sizeof rfc));
    if (tls->cipher != NULL && !sp_tls_profile_has_suite(of->policy, tls->suite))
        sp_result_add(of->result, SP_REASON_TLS_CIPHER_WEAK, SP_PHASE_POLICY,
                      "%s expects %s, and the server agreed on %s%s", profile->name,
                      expected_suites(of->policy), tls->cipher,
                      in_brackets(sp_rfc9325_suite(tls->cipher), rfc, sizeof rfc));
    const struct sp_tls_group *group = sp_tls_group_by_name(tls->group);
    if (group != NULL && !sp_tls_profile_has_group(group->number))
        sp_result_add_state(of->result, SP_REASON_TLS_CIPHER_WEAK,
                            is_strong(group) ? SP_STATE_OK : SP_STATE_WARNING, SP_PHASE_POLICY,
                            "%s expects the group %s, and the server agreed on %s", profile->name,
                            sp_tls_profile_group_names(), group->name);
}

/* --- the certificate --------------------------------------------------------------------------- */

/* Weak keys and hashes are path validation's problems and findings of their own. --verify=off makes
 * information of whatever is said of certificates; WARNING is what report allows at most. */
static enum sp_state clamp(const struct subject *of, enum sp_state state)
{
    return of->evidence->endpoint->verify == SP_VERIFY_OFF ? SP_STATE_OK : state;
}

static void judge_key(const struct subject *of, const struct sp_cert *cert)
{
    const struct sp_tls_profile *profile = of->profile;
    if (cert->key_text == NULL)
        return;
    if ((cert->key_type == SP_KEY_RSA && profile->rsa) ||
        (cert->key_type == SP_KEY_EC && profile->ec && sp_tls_profile_has_key(cert->key_text)))
        return;
    /* Clients that are as old as that profile know RSA only; for all others an EC key is better. */
    bool better = of->policy == SP_TLS_POLICY_OLD;
    struct sp_finding *finding = sp_result_add_state(
        of->result, SP_REASON_CERTIFICATE_WEAK_KEY,
        clamp(of, better ? SP_STATE_OK : SP_STATE_WARNING), SP_PHASE_POLICY,
        "%s expects a key of the type %s, and the server's certificate has %s", profile->name,
        profile->rsa && profile->ec ? "RSA, EC P-256 or EC P-384"
        : profile->rsa              ? "RSA"
                                    : "EC P-256 or EC P-384",
        cert->key_text);
    sp_finding_set_depth(finding, 0);
}

/* Whatever the hash, so it is no weakness but what clients of the profile are known to take. */
static void judge_signature(const struct subject *of, const struct sp_cert *cert)
{
    static const struct {
        const char *text;
        unsigned policies;
    } allowed[] = {
        {"ecdsa-with-SHA256", 1u << SP_TLS_POLICY_MODERN | 1u << SP_TLS_POLICY_INTERMEDIATE},
        {"ecdsa-with-SHA384", 1u << SP_TLS_POLICY_MODERN | 1u << SP_TLS_POLICY_INTERMEDIATE},
        {"ecdsa-with-SHA512", 1u << SP_TLS_POLICY_MODERN | 1u << SP_TLS_POLICY_INTERMEDIATE},
        {"sha256WithRSAEncryption", 1u << SP_TLS_POLICY_INTERMEDIATE | 1u << SP_TLS_POLICY_OLD},
    };
    for (size_t i = 0; cert->sig_text != NULL && i < sizeof allowed / sizeof allowed[0]; i++)
        if ((allowed[i].policies & 1u << of->policy) &&
            strcmp(allowed[i].text, cert->sig_text) == 0)
            return;
    if (cert->sig_text == NULL)
        return;
    struct sp_finding *finding = sp_result_add_state(
        of->result, SP_REASON_CERTIFICATE_WEAK_SIGNATURE, SP_STATE_OK, SP_PHASE_POLICY,
        "%s expects a certificate signed with %s, and the server's is signed with %s",
        of->profile->name,
        of->policy == SP_TLS_POLICY_OLD      ? "sha256WithRSAEncryption"
        : of->policy == SP_TLS_POLICY_MODERN ? "ECDSA and SHA-256, SHA-384 or SHA-512"
                                             : "sha256WithRSAEncryption or ECDSA with SHA-2",
        cert->sig_text);
    sp_finding_set_depth(finding, 0);
}

/* The longer a key is in use, the more a lost one is worth: so this stands beside weak keys, as
 * information, for there is no word of its own. */
static void judge_lifespan(const struct subject *of, const struct sp_cert *cert)
{
    int64_t days = (cert->not_after - cert->not_before) / DAY_SECONDS;
    if (!cert->time_valid || days <= (int64_t)of->profile->lifespan_days)
        return;
    struct sp_finding *finding = sp_result_add_state(
        of->result, SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_OK, SP_PHASE_POLICY,
        "%s expects a certificate to be valid for %u days at most, and the server's is for %lld",
        of->profile->name, of->profile->lifespan_days, (long long)days);
    finding->hint =
        "Have it renewed by a machine, through ACME for instance: then a short life costs "
        "nothing, and a stolen key is of no use for long.";
    sp_finding_set_depth(finding, 0);
}

static void judge_certificate(const struct subject *of)
{
    if (of->evidence->tls.cert_count == 0 || !of->evidence->tls.certs[0].parsed)
        return;
    judge_key(of, &of->evidence->tls.certs[0]);
    judge_signature(of, &of->evidence->tls.certs[0]);
    judge_lifespan(of, &of->evidence->tls.certs[0]);
}

/* --- the surveys ------------------------------------------------------------------------------- */

/* "TLSv1.0 with TLS_DHE_…, a Diffie-Hellman group of 1024 bits" */
static void describe_choice(const struct sp_survey *survey, char *out, size_t size)
{
    char bits[64] = "";
    if (survey->dh_bits > 0)
        snprintf(bits, sizeof bits, ", a Diffie-Hellman group of %u bits", survey->dh_bits);
    if (survey->cipher != NULL)
        snprintf(out, size, "%s with %s%s",
                 survey->version_text != NULL ? survey->version_text : "an unknown version",
                 survey->cipher, bits);
    else
        snprintf(out, size, "%s with the cipher suite 0x%04x%s",
                 survey->version_text != NULL ? survey->version_text : "an unknown version",
                 survey->suite, bits);
}

static void judge_group_survey(const struct subject *of, const struct sp_survey *survey)
{
    const struct sp_tls_group *group = sp_tls_group_find(survey->group_number);
    char choice[200];
    describe_choice(survey, choice, sizeof choice);
    if (survey->group_number != 0 && sp_tls_profile_has_group(survey->group_number))
        return; /* it was not offered: the server goes its own, allowed, way */
    if (group != NULL)
        sp_result_add_state(of->result, SP_REASON_TLS_CIPHER_WEAK,
                            is_strong(group) ? SP_STATE_OK : SP_STATE_WARNING, SP_PHASE_POLICY,
                            "%s expects the group %s, and the server would also use %s",
                            of->profile->name, sp_tls_profile_group_names(), group->name);
    else
        sp_result_add_state(of->result, SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, SP_PHASE_POLICY,
                            "%s expects the group %s, and the server would also accept %s with "
                            "others",
                            of->profile->name, sp_tls_profile_group_names(), choice);
}

static void judge_accepted(const struct subject *of, const struct sp_survey *survey)
{
    const struct sp_tls_profile *profile = of->profile;
    char choice[200], rfc[96];
    describe_choice(survey, choice, sizeof choice);
    const char *said = sp_rfc9325_version(survey->version);
    if (survey->question == SP_SURVEY_OTHER_GROUPS) {
        judge_group_survey(of, survey);
    } else if (survey->version < profile->version_min) {
        sp_result_add(of->result, SP_REASON_TLS_VERSION_WEAK, SP_PHASE_POLICY,
                      "%s expects %s or newer, and the server would also accept %s%s",
                      profile->name, sp_tls_version_text(profile->version_min), choice,
                      in_brackets(said, rfc, sizeof rfc));
    } else {
        said = survey->cipher != NULL ? sp_rfc9325_suite(survey->cipher) : NULL;
        sp_result_add(of->result, SP_REASON_TLS_CIPHER_WEAK, SP_PHASE_POLICY,
                      "%s expects %s, and the server would also accept %s%s", profile->name,
                      expected_suites(of->policy), choice, in_brackets(said, rfc, sizeof rfc));
    }
}

static void judge_survey(const struct subject *of, const struct sp_survey *survey)
{
    enum sp_reason reason = survey->question == SP_SURVEY_OLD_VERSIONS ? SP_REASON_TLS_VERSION_WEAK
                                                                       : SP_REASON_TLS_CIPHER_WEAK;
    switch (survey->outcome) {
    case SP_SURVEY_ACCEPTED: judge_accepted(of, survey); break;
    case SP_SURVEY_REFUSED: break;
    case SP_SURVEY_FAILED:
    case SP_SURVEY_SKIPPED:
        if (survey->reason != SP_REASON_OK)
            reason = survey->reason;
        sp_result_add_state(of->result, reason, SP_STATE_OK, SP_PHASE_POLICY,
                            "not known: whether the server would accept %s (%s)", survey->offer,
                            survey->detail != NULL ? survey->detail : "not asked")
            ->hint = "Probe again, with a longer --timeout if it was the time that ran out.";
        break;
    }
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    const struct subject of = {.evidence = evidence,
                               .policy = options->tls_policy,
                               .profile = sp_tls_profile(options->tls_policy),
                               .result = result};
    if (of.profile == NULL)
        return;
    if (sp_stayed_without_tls(evidence))
        sp_result_add(result, SP_REASON_TLS_VERSION_WEAK, SP_PHASE_POLICY,
                      "%s expects %s or newer, and the session stayed without TLS",
                      of.profile->name, sp_tls_version_text(of.profile->version_min))
            ->hint = "Probe with --tls starttls or --tls implicit where TLS must not be missing.";
    if (!evidence->tls.established)
        return;
    judge_session(&of);
    judge_certificate(&of);
    for (size_t i = 0; i < evidence->survey_count; i++)
        judge_survey(&of, &evidence->surveys[i]);
    if (evidence->survey_count == 0)
        sp_result_add_state(result, SP_REASON_TLS_VERSION_WEAK, SP_STATE_OK, SP_PHASE_POLICY,
                            "not known: what else the server would accept (out of memory)");
}

const struct sp_check sp_check_tls_policy = {
    .name = "tls_policy",
    .help = "whether TLS and the certificate follow --tls-policy",
    .needs = SP_NEED_NONE,
    .owns = NULL,
    .fail = NULL,
    .evaluate = evaluate,
};
