/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session and its surveys deviate in from --tls-policy, and from RFC 9325 without it. */
#include "sample.h"

#include "checks/rfc9325.h"
#include "probe/limits.h"
#include "probe/script.h"
#include "probe/survey_plan.h"
#include "probe/tls_names.h"
#include "probe/tls_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NONE SP_TLS_POLICY_NONE
#define MODERN SP_TLS_POLICY_MODERN
#define INTERMEDIATE SP_TLS_POLICY_INTERMEDIATE
#define OLD SP_TLS_POLICY_OLD

struct expected {
    enum sp_reason reason;
    enum sp_state state;
    const char *words; /* NULL: no such finding */
};

/* One fact that differs from a session that is all right. */
struct row {
    const char *name;
    enum sp_tls_policy policy;
    uint16_t version, suite;
    const char *group, *scheme;
    unsigned dh_bits;
    bool no_renegotiation, no_master_secret;
    enum sp_key_type key_type;
    const char *key, *signature;
    int64_t days;
    struct expected expected;
};

static const struct row rows[] = {
    {"nothing to say", .policy = INTERMEDIATE},
    {"nothing to say of modern", .policy = MODERN, .version = 0x0304, .suite = 0x1301, .days = 60},
    {"TLS 1.1 without a policy", .version = 0x0302, .suite = 0xc013,
     .expected = {SP_REASON_TLS_VERSION_WEAK, SP_STATE_WARNING, "TLSv1.2 is the least"}},
    {"TLS 1.1 with one", .policy = INTERMEDIATE, .version = 0x0302, .suite = 0xc013,
     .expected =
         {SP_REASON_TLS_VERSION_WEAK, SP_STATE_WARNING,
          "intermediate expects TLSv1.2 or newer, and the server agreed on TLSv1.1 (RFC 9325 "
          "section 3.1.1: MUST NOT)"}},
    {"TLS 1.2 and modern", .policy = MODERN,
     .expected = {SP_REASON_TLS_VERSION_WEAK, SP_STATE_WARNING,
                  "modern expects TLSv1.3 or newer, and the server agreed on TLSv1.2"}},
    {"CBC", .policy = INTERMEDIATE, .suite = 0xc027,
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "RFC 9325 section 4.2: SHOULD NOT"}},
    {"CBC without a policy", .suite = 0xc027},
    {"CBC and old", .policy = OLD, .suite = 0xc027},
    {"DHE", .policy = INTERMEDIATE, .suite = 0x009e, .dh_bits = 2048, .group = "",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "RFC 9325 section 4.1: SHOULD NOT"}},
    {"a group of 1024 bits", .suite = 0x009e, .dh_bits = 1024, .group = "",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "1024 bits, expected 2048 or more"}},
    {"a group of 2048 bits", .suite = 0x009e, .dh_bits = 2048, .group = ""},
    {"a short curve", .group = "secp192r1",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "secp192r1 of 192 bits"}},
    {"a curve that is just long enough", .group = "secp224r1"},
    {"a weak group outside of the profile", .policy = INTERMEDIATE, .group = "secp224r1",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "agreed on secp224r1"}},
    {"a strong group outside of the profile", .policy = INTERMEDIATE, .group = "x448",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, "agreed on x448"}},
    {"ffdhe2048 is weaker", .policy = MODERN, .version = 0x0304, .suite = 0x1301,
     .group = "ffdhe2048",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "agreed on ffdhe2048"}},
    {"SHA-1", .scheme = "rsa_pkcs1_sha1",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, "rsa_pkcs1_sha1"}},
    {"SHA-1 with a policy", .policy = OLD, .scheme = "ecdsa_sha1",
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "ecdsa_sha1"}},
    {"no RFC 5746", .no_renegotiation = true,
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, "secure renegotiation"}},
    {"no RFC 5746 with a policy", .policy = INTERMEDIATE, .no_renegotiation = true,
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "secure renegotiation"}},
    {"no RFC 7627", .no_master_secret = true,
     .expected = {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, "extended master secret"}},
    {"TLS 1.3 needs neither", .version = 0x0304, .suite = 0x1301, .no_renegotiation = true,
     .no_master_secret = true},
    {"RSA and modern", .policy = MODERN, .version = 0x0304, .suite = 0x1301, .key_type = SP_KEY_RSA,
     .key = "RSA 2048",
     .expected = {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_WARNING, "certificate has RSA 2048"}},
    {"RSA and intermediate", .policy = INTERMEDIATE, .key_type = SP_KEY_RSA, .key = "RSA 2048",
     .signature = "sha256WithRSAEncryption"},
    {"an EC key and old", .policy = OLD,
     .expected = {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_OK, "has EC P-256"}},
    {"P-521", .policy = INTERMEDIATE, .key = "EC P-521",
     .expected = {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_WARNING, "has EC P-521"}},
    {"Ed25519", .policy = INTERMEDIATE, .key_type = SP_KEY_ED25519, .key = "Ed25519",
     .expected = {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_WARNING, "has Ed25519"}},
    {"signed with RSA and SHA-384", .policy = INTERMEDIATE, .signature = "sha384WithRSAEncryption",
     .expected = {SP_REASON_CERTIFICATE_WEAK_SIGNATURE, SP_STATE_OK, "sha384WithRSAEncryption"}},
    {"366 days", .policy = INTERMEDIATE, .days = 366},
    {"367 days", .policy = INTERMEDIATE, .days = 367,
     .expected = {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_OK,
                  "366 days at most, and the server's is "
                  "for 367"}},
    {"91 days and modern", .policy = MODERN, .version = 0x0304, .suite = 0x1301, .days = 91,
     .expected = {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_OK, "is for 91"}},
};

static void build(struct sample *sample, const struct row *row)
{
    sample_init(sample, SP_TLS_STARTTLS);
    sample_tls(sample, 60);
    struct sp_tls_facts *tls = &sample->evidence->tls;
    struct sp_cert *cert = tls->certs;
    sample->options.tls_policy = row->policy;
    tls->version = row->version ? row->version : 0x0303;
    tls->version_text = sp_tls_version_text(tls->version);
    tls->suite = row->suite ? row->suite : 0xc02b;
    tls->cipher = sp_tls_suite_name(tls->suite);
    tls->group = row->group ? row->group[0] ? row->group : NULL : "x25519";
    tls->dh_bits = row->dh_bits;
    tls->signature_scheme = row->scheme ? row->scheme : "ecdsa_secp256r1_sha256";
    tls->hello_seen = true;
    tls->secure_renegotiation = !row->no_renegotiation;
    tls->extended_master_secret = !row->no_master_secret;
    cert->key_type = row->key_type ? row->key_type : SP_KEY_EC;
    cert->key_text = row->key ? row->key : "EC P-256";
    cert->sig_text = row->signature       ? row->signature
                     : row->policy == OLD ? "sha256WithRSAEncryption"
                                          : "ecdsa-with-SHA256";
    cert->not_after = cert->not_before + (row->days ? row->days : 80) * SAMPLE_DAY + 30 * 60;
    if (row->policy != NONE)
        assert_true(sp_survey_plan(sample->evidence, NULL));
    for (size_t i = 0; i < sample->evidence->survey_count; i++)
        sample->evidence->surveys[i].outcome = SP_SURVEY_REFUSED;
}

/* Of the reasons that these two checks give; expiry has findings of its own. */
static bool is_ours(const struct sp_finding *finding)
{
    return finding->reason == SP_REASON_TLS_VERSION_WEAK ||
           finding->reason == SP_REASON_TLS_CIPHER_WEAK ||
           finding->reason == SP_REASON_CERTIFICATE_WEAK_KEY ||
           finding->reason == SP_REASON_CERTIFICATE_WEAK_SIGNATURE;
}

static bool is_expected(const struct sp_finding *finding, const struct expected *expected)
{
    return expected->words && finding->reason == expected->reason &&
           finding->state == expected->state && strstr(finding->message, expected->words);
}

static void test_session(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample sample;
        size_t right = 0;
        build(&sample, &rows[i]);
        sample_judge(&sample);
        for (size_t f = 0; f < sample.result.finding_count; f++) {
            const struct sp_finding *finding = &sample.result.findings[f];
            /* A TLS version below the profile's brings suites along that it has none of, and of `old`
             * an EC key is always told. */
            if (is_expected(finding, &rows[i].expected))
                right++;
            else if (is_ours(finding) && rows[i].policy != OLD && !rows[i].version &&
                     !(rows[i].policy == MODERN))
                fail_msg("%s: %s", rows[i].name, finding->message);
        }
        if (right != (rows[i].expected.words ? 1 : 0))
            fail_msg("%s: %zu findings as expected", rows[i].name, right);
        sample_free(&sample);
    }
}

struct answer {
    const char *name;
    enum sp_tls_policy policy;
    size_t which; /* of the plan */
    struct sp_survey answer;
    struct expected expected;
};

static const struct answer answers[] = {
    {"TLS 1.0",
     INTERMEDIATE,
     0,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0301, .suite = 0x000a},
     {SP_REASON_TLS_VERSION_WEAK, SP_STATE_WARNING,
      "would also accept TLSv1.0 with TLS_RSA_WITH_3DES_EDE_CBC_SHA (RFC 9325 section 3.1.1: MUST "
      "NOT)"}},
    {"TLS 1.2 and modern",
     MODERN,
     0,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0303, .suite = 0xc02f},
     {SP_REASON_TLS_VERSION_WEAK, SP_STATE_WARNING, "modern expects TLSv1.3 or newer"}},
    {"older than asked",
     INTERMEDIATE,
     2,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0301, .suite = 0xc013},
     {SP_REASON_TLS_VERSION_WEAK, SP_STATE_WARNING, "accept TLSv1.0"}},
    {"RC4",
     INTERMEDIATE,
     1,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0303, .suite = 0x0005},
     {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING,
      "TLS_RSA_WITH_RC4_128_SHA (RFC 9325 section 4.1: MUST NOT)"}},
    {"DHE of 1024 bits",
     INTERMEDIATE,
     2,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0303, .suite = 0x009e, .dh_bits = 1024},
     {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "a Diffie-Hellman group of 1024 bits"}},
    {"a suite without a name",
     OLD,
     2,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0303, .suite = 0x5678},
     {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "0x5678"}},
    {"a weak group",
     MODERN,
     3,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0304, .suite = 0x1301, .group_number = 0x0100},
     {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_WARNING, "also use ffdhe2048"}},
    {"a strong group",
     INTERMEDIATE,
     4,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0304, .suite = 0x1301, .group_number = 0x0019},
     {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, "also use secp521r1"}},
    {"a group that was not asked for",
     INTERMEDIATE,
     4,
     {.outcome = SP_SURVEY_ACCEPTED, .version = 0x0303, .suite = 0xc02f, .group_number = 0x0017},
     {SP_REASON_OK, SP_STATE_OK, NULL}},
    {"refused", INTERMEDIATE, 0, {.outcome = SP_SURVEY_REFUSED, .alert = 70}, {0, 0, NULL}},
    {"silent",
     INTERMEDIATE,
     0,
     {.outcome = SP_SURVEY_FAILED, .reason = SP_REASON_REPLY_TIMEOUT, .detail = "silence"},
     {SP_REASON_REPLY_TIMEOUT, SP_STATE_OK,
      "not known: whether the server would accept SSLv3 to TLSv1.1 with any cipher suite (silence)"}},
    {"skipped",
     OLD,
     3,
     {.outcome = SP_SURVEY_SKIPPED, .detail = "no time"},
     {SP_REASON_TLS_CIPHER_WEAK, SP_STATE_OK, "(no time)"}},
};

static void test_surveys(void **state)
{
    static const struct row good_rows[] = {
        [MODERN] = {.policy = MODERN, .version = 0x0304, .suite = 0x1301},
        [INTERMEDIATE] = {.policy = INTERMEDIATE},
        [OLD] = {.policy = OLD, .key_type = SP_KEY_RSA, .key = "RSA 2048"}};
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct answer *row = &answers[i];
        struct sample sample;
        size_t found = 0;
        build(&sample, &good_rows[row->policy]);
        assert_true(row->which < sample.evidence->survey_count);
        struct sp_survey *survey = &sample.evidence->surveys[row->which];
        struct sp_survey planned = *survey;
        *survey = row->answer;
        survey->question = planned.question;
        survey->offer = planned.offer;
        survey->version_text = sp_tls_version_text(survey->version);
        survey->cipher = survey->version ? sp_tls_suite_name(survey->suite) : NULL;
        sample_judge(&sample);
        for (size_t f = 0; f < sample.result.finding_count; f++) {
            const struct sp_finding *finding = &sample.result.findings[f];
            if (is_expected(finding, &row->expected)) {
                assert_int_equal(finding->phase, SP_PHASE_POLICY);
                found++;
            } else if (is_ours(finding)) {
                fail_msg("%s: %s", row->name, finding->message);
            }
        }
        if (found != (row->expected.words ? 1 : 0))
            fail_msg("%s: %zu findings as expected", row->name, found);
        sample_free(&sample);
    }
}

/* Certificates are --verify's; the handshake is not. */
static void test_verify_off(void **state)
{
    static const struct row row = {.policy = MODERN, .key_type = SP_KEY_RSA, .key = "RSA 2048"};
    (void)state;
    struct sample sample;
    build(&sample, &row);
    sample.endpoint.verify = SP_VERIFY_OFF;
    sample_judge(&sample);
    assert_int_equal(sample_find(&sample, SP_REASON_CERTIFICATE_WEAK_KEY)->state, SP_STATE_OK);
    assert_int_equal(sample_find(&sample, SP_REASON_TLS_VERSION_WEAK)->state, SP_STATE_WARNING);
    sample_free(&sample);
}

/* A handshake that failed over its offer, and what the server would take instead. */
static void test_refused(void **state)
{
    static const struct {
        struct sp_survey answer;
        const char *words, *hint;
    } refused_rows[] = {
        {{.outcome = SP_SURVEY_ACCEPTED, .version = 0x0301, .suite = 0x000a},
         "it would take TLSv1.0 with TLS_RSA_WITH_3DES_EDE_CBC_SHA",
         "Nothing older than TLSv1.2 is safe"},
        {{.outcome = SP_SURVEY_ACCEPTED, .version = 0x0303, .suite = 0x002f},
         "it would take TLSv1.2 with TLS_RSA_WITH_AES_128_CBC_SHA",
         "forward secrecy"},
        {{.outcome = SP_SURVEY_ACCEPTED, .version = 0x0304, .suite = 0x1301},
         "it would take TLSv1.3 with TLS_AES_128_GCM_SHA256",
         "--tls-max"},
        {{.outcome = SP_SURVEY_REFUSED, .alert = 40},
         "it takes nothing from SSLv3 to TLSv1.3",
         "no certificate or key"},
        {{.outcome = SP_SURVEY_FAILED, .detail = "the server fell silent"},
         "not known (the server fell silent)",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(refused_rows); i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_IMPLICIT);
        sample.evidence->tls.tried = true;
        sample.evidence->tls.alert = 40;
        sample.evidence->tls.alert_text = "handshake_failure";
        sample_span(&sample, SP_PHASE_TLS, 8, 20);
        sp_evidence_fail(sample.evidence, SP_REASON_TLS_ALERT, SP_PHASE_TLS, 0, "an alert");
        assert_true(sp_survey_plan(sample.evidence, NULL));
        assert_int_equal(sample.evidence->survey_count, 1);
        struct sp_survey *survey = sample.evidence->surveys;
        assert_int_equal(survey->question, SP_SURVEY_ANYTHING);
        const char *offer = survey->offer;
        *survey = refused_rows[i].answer;
        survey->offer = offer;
        survey->version_text = sp_tls_version_text(survey->version);
        survey->cipher = survey->version ? sp_tls_suite_name(survey->suite) : NULL;
        sample_judge(&sample);
        const struct sp_finding *finding = sample_find(&sample, SP_REASON_TLS_ALERT);
        assert_int_equal(sample.result.finding_count, 1);
        if (!strstr(finding->message, refused_rows[i].words) ||
            (refused_rows[i].hint && !strstr(finding->hint, refused_rows[i].hint)))
            fail_msg("%s / %s", finding->message, finding->hint ? finding->hint : "-");
        sample_free(&sample);
    }
}

/* When questions are asked, and when it is said that they were not. */
static void test_plan(void **state)
{
    static const struct {
        const char *name;
        enum sp_tls_policy policy;
        bool established;
        enum sp_reason reason;
        enum sp_phase phase;
        int alert;
        uint16_t suite;
        const char *skip;
        size_t planned;
        bool asked;
    } plans[] = {
        {"no policy", NONE, true, SP_REASON_OK, 0, -1, 0, NULL, 0, false},
        {"modern", MODERN, true, SP_REASON_OK, 0, -1, 0, NULL, 4, true},
        {"intermediate", INTERMEDIATE, true, SP_REASON_OK, 0, -1, 0, NULL, 5, true},
        {"old", OLD, true, SP_REASON_OK, 0, -1, 0, NULL, 5, true},
        {"a bad end is no failure", OLD, true, SP_REASON_CONNECTION_RESET, SP_PHASE_QUIT, -1, 0,
         NULL, 5, true},
        {"failed behind TLS", OLD, true, SP_REASON_REPLY_TIMEOUT, SP_PHASE_EHLO_TLS, -1, 0, NULL, 5,
         false},
        {"stopped", OLD, true, SP_REASON_OK, 0, -1, 0, "stopped", 5, false},
        {"without TLS", OLD, false, SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, -1, 0, NULL, 0,
         false},
        {"alert 40", NONE, false, SP_REASON_TLS_ALERT, SP_PHASE_TLS, 40, 0, NULL, 1, true},
        {"alert 71", OLD, false, SP_REASON_TLS_ALERT, SP_PHASE_TLS, 71, 0, NULL, 1, true},
        {"alert 70", NONE, false, SP_REASON_TLS_VERSION_UNSUPPORTED, SP_PHASE_TLS, 70, 0, NULL, 1,
         true},
        {"alert 80", NONE, false, SP_REASON_TLS_ALERT, SP_PHASE_TLS, 80, 0, NULL, 0, false},
        {"alert 40, stopped", NONE, false, SP_REASON_TLS_ALERT, SP_PHASE_TLS, 40, 0, "stopped", 0,
         false},
        {"a suite that we refused", NONE, false, SP_REASON_TLS_PROTOCOL_ERROR, SP_PHASE_TLS, -1,
         0x0034, NULL, 1, true},
        {"damage", NONE, false, SP_REASON_TLS_PROTOCOL_ERROR, SP_PHASE_TLS, -1, 0xc02f, NULL, 0,
         false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(plans); i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample.options.tls_policy = plans[i].policy;
        struct sp_tls_facts *tls = &sample.evidence->tls;
        tls->tried = true;
        tls->established = plans[i].established;
        tls->alert = plans[i].alert;
        tls->suite = plans[i].suite;
        sp_evidence_fail(sample.evidence, plans[i].reason, plans[i].phase, 0, NULL);
        bool asked = sp_survey_plan(sample.evidence, plans[i].skip);
        if (asked != plans[i].asked || sample.evidence->survey_count != plans[i].planned)
            fail_msg("%s: %zu planned, %s", plans[i].name, sample.evidence->survey_count,
                     asked ? "asked" : "not asked");
        for (size_t s = 0; s < sample.evidence->survey_count; s++) {
            const struct sp_survey *survey = &sample.evidence->surveys[s];
            struct sp_survey_offer offer;
            sp_survey_offer(survey, plans[i].policy, &offer);
            assert_int_equal(survey->outcome, SP_SURVEY_SKIPPED);
            assert_true((survey->detail == NULL) == plans[i].asked);
            assert_true(offer.suite_count > 0 && offer.suite_count <= SP_SURVEY_SUITES_MAX);
            assert_true(offer.group_count > 0);
            assert_false(sp_survey_offers(&offer, 0));
        }
        static const struct sp_script script;
        sample.options.script =
            &script; /* a program with a dialogue of its own asks nothing more */
        assert_false(sp_survey_plan(sample.evidence, plans[i].skip));
        sample_free(&sample);
    }
}

static void test_rfc9325(void **state)
{
    static const struct {
        const char *cipher, *words, *weak;
    } suites[] = {
        {"TLS_RSA_WITH_NULL_SHA", "4.1: MUST NOT", "NULL"},
        {"TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "4.1: MUST NOT", "EXPORT"},
        {"TLS_DHE_RSA_WITH_DES_CBC_SHA", "4.1: MUST NOT", "DES"},
        {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", "4.1: MUST NOT", "RC4"},
        {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "4.1: SHOULD NOT", "3DES"},
        {"TLS_RSA_WITH_AES_128_GCM_SHA256", "4.1: SHOULD NOT", NULL},
        {"TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "4.1: SHOULD NOT", NULL},
        {"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "4.1: SHOULD NOT", NULL},
        {"TLS_ECDH_anon_WITH_AES_128_CBC_SHA", NULL, "anon"},
        {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "4.2: SHOULD NOT", NULL},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", NULL, NULL},
        {"TLS_AES_128_GCM_SHA256", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(suites); i++) {
        const char *words = sp_rfc9325_suite(suites[i].cipher);
        const char *weak = sp_weak_word(suites[i].cipher);
        if (!words != !suites[i].words || (words && !strstr(words, suites[i].words)) ||
            !weak != !suites[i].weak || (weak && strcmp(weak, suites[i].weak) != 0))
            fail_msg("%s: %s, %s", suites[i].cipher, words ? words : "-", weak ? weak : "-");
    }
    assert_null(sp_rfc9325_version(0x0303));
    assert_non_null(sp_rfc9325_version(0x0302));
}

/* Every suite of a profile has a name, and `old` has all of `intermediate`, and that all of `modern`. */
static void test_profiles(void **state)
{
    (void)state;
    size_t count, sizes[4] = {0};
    const struct sp_tls_suite *all = sp_tls_suites(&count);
    for (size_t i = 0; i < count; i++) {
        for (int policy = MODERN; policy <= OLD; policy++)
            sizes[policy] += sp_tls_profile_has_suite(policy, all[i].number);
        if (sp_tls_profile_has_suite(MODERN, all[i].number))
            assert_true(sp_tls_profile_has_suite(INTERMEDIATE, all[i].number));
        if (sp_tls_profile_has_suite(INTERMEDIATE, all[i].number))
            assert_true(sp_tls_profile_has_suite(OLD, all[i].number));
    }
    assert_int_equal(sizes[MODERN], 3);
    assert_int_equal(sizes[INTERMEDIATE], 9);
    assert_int_equal(sizes[OLD], 24);
    assert_null(sp_tls_profile(NONE));
    assert_string_equal(sp_tls_profile(OLD)->name, "old");
    for (int i = 0; i < SP_SURVEY_QUESTION_COUNT; i++)
        assert_non_null(sp_survey_question_name((enum sp_survey_question)i));
    assert_string_equal(sp_survey_outcome_name(SP_SURVEY_ACCEPTED), "accepted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),    cmocka_unit_test(test_surveys),
        cmocka_unit_test(test_verify_off), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_plan),       cmocka_unit_test(test_rfc9325),
        cmocka_unit_test(test_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
