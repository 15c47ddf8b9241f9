/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins: evidence in, findings and verdict out. */
#include "checks/auth_offer.h"
#include "checks/failure.h"
#include "checks/server_said.h"
#include "output/exposition.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OAUTH "{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}"

static const struct sp_finding *find_at(const struct sample *sample, enum sp_reason reason,
                                        enum sp_phase phase)
{
    for (size_t i = 0; i < sample->result.finding_count; i++)
        if (sample->result.findings[i].reason == reason &&
            sample->result.findings[i].phase == phase)
            return &sample->result.findings[i];
    return NULL;
}

/* A session that is fine but for what its login says; the user asked for one. */
static void begin(struct sample *sample, enum sp_tls_mode tls)
{
    sample_init(sample, tls);
    sample->options.user = "anna";
    if (tls == SP_TLS_NONE)
        sample_plain(sample);
    else
        sample_tls(sample, 300);
}

static void answer(struct sample *sample, int code, const char *text)
{
    sample->evidence->auth.reply = sample_reply(sample, SP_PHASE_AUTH, code, text);
}

static void expect(struct sample *sample, enum sp_state state, enum sp_reason reason,
                   enum sp_phase phase, const char *part)
{
    const struct sp_result *result = sample_judge(sample);
    if (result->state != state || result->reason != reason || result->phase != phase ||
        strstr(result->message, part) == NULL)
        fail_msg("expected %s %s %s '%s', got %s %s %s: %s", sp_state_name(state),
                 sp_reason_info(reason)->word, sp_phase_info(phase)->name, part,
                 sp_state_name(result->state), sp_reason_info(result->reason)->word,
                 sp_phase_info(result->phase)->name, result->message);
}

/* --- the login's own reasons ------------------------------------------------------------------ */

static void test_reasons(void **state)
{
    static const struct {
        struct sp_auth auth;
        int code; /* 0: no reply */
        const char *text;
        enum sp_state state;
        const char *message;
    } rows[] = {
        {{SP_AUTH_OK, .mechanism = "PLAIN"},
         235,
         "2.7.0 yes",
         SP_STATE_OK,
         "TLSv1.3, certificate valid for 300 days, login OK, 88 ms"},
        {{SP_AUTH_REJECTED, .mechanism = "SCRAM-SHA-256", .reason = SP_REASON_AUTH_REJECTED},
         535,
         "5.7.8 Error: authentication failed",
         SP_STATE_CRITICAL,
         "the login with SCRAM-SHA-256 was rejected: 535 '5.7.8 Error: authentication failed'"},
        {{SP_AUTH_REJECTED, .mechanism = "PLAIN", .reason = SP_REASON_AUTH_REJECTED,
          .detail = "said by the engine"},
         535,
         "no",
         SP_STATE_CRITICAL,
         "the login with PLAIN was rejected: 535 'no'"},
        {{SP_AUTH_REJECTED, .mechanism = "XOAUTH2", .reason = SP_REASON_AUTH_REJECTED,
          .server_said = OAUTH},
         535,
         "no",
         SP_STATE_CRITICAL,
         "535 'no' (the server says: status 400, schemes Bearer, scope https://mail.google.com/)"},
        {{SP_AUTH_TEMPORARY, .mechanism = "PLAIN", .reason = SP_REASON_AUTH_TEMPORARY},
         454,
         "4.7.0 later",
         SP_STATE_WARNING,
         "with PLAIN failed for now: 454 '4.7.0 later'"},
        {{SP_AUTH_SKIPPED, .reason = SP_REASON_AUTH_NOT_OFFERED, .detail = "no AUTH is listed"},
         0,
         NULL,
         SP_STATE_CRITICAL,
         "no AUTH is listed"},
        {{SP_AUTH_SKIPPED, .reason = SP_REASON_AUTH_NOT_OFFERED},
         0,
         NULL,
         SP_STATE_CRITICAL,
         "the server offers no login"},
        {{SP_AUTH_SKIPPED, .reason = SP_REASON_AUTH_REQUIRES_TLS, .detail = "PLAIN would tell"},
         0,
         NULL,
         SP_STATE_CRITICAL,
         "PLAIN would tell"},
        {{SP_AUTH_SKIPPED, .mechanism = "PLAIN", .reason = SP_REASON_CREDENTIAL_UNAVAILABLE,
          .detail = "/run/secret: no such file"},
         0,
         NULL,
         SP_STATE_UNKNOWN,
         "login with PLAIN: /run/secret: no such file"},
        {{SP_AUTH_UNKNOWN, .mechanism = "SCRAM-SHA-1", .reason = SP_REASON_AUTH_SERVER_UNVERIFIED,
          .detail = "its signature is wrong"},
         235,
         "welcome",
         SP_STATE_CRITICAL,
         "login with SCRAM-SHA-1: its signature is wrong"},
        {{SP_AUTH_UNKNOWN, .mechanism = "PLAIN", .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
          .detail = "a challenge is not base64", .rounds = 7},
         0,
         NULL,
         SP_STATE_CRITICAL,
         "a challenge is not base64, after 7 challenges"},
        {{SP_AUTH_REJECTED, .mechanism = "CRAM-MD5",
          .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED},
         504,
         "what?",
         SP_STATE_CRITICAL,
         "its mechanism is not known: 504 'what?'"},
        {{SP_AUTH_REJECTED, .mechanism = "CRAM-MD5", .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
          .detail = "AUTH was answered 501 no"},
         501,
         "no",
         SP_STATE_CRITICAL,
         "the login with CRAM-MD5 failed: 501 'no'"},
        {{SP_AUTH_REJECTED, .mechanism = "PLAIN", .reason = SP_REASON_AUTH_REQUIRES_TLS},
         538,
         "no",
         SP_STATE_CRITICAL,
         "the login with PLAIN was refused without TLS: 538 'no'"},
        {{SP_AUTH_UNKNOWN, .mechanism = "SCRAM-SHA-256-PLUS", .reason = SP_REASON_AUTH_DOWNGRADE},
         0,
         NULL,
         SP_STATE_CRITICAL,
         "weakened on the way"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* The engine may or may not hold a login that didn't work for the session's failure. */
        for (int failed = 0; failed < 2; failed++) {
            struct sample sample;
            enum sp_reason reason = rows[i].auth.reason;
            begin(&sample, SP_TLS_STARTTLS);
            sample.evidence->auth = rows[i].auth;
            if (rows[i].code != 0)
                answer(&sample, rows[i].code, rows[i].text);
            if (failed && reason != SP_REASON_OK)
                sp_evidence_fail(sample.evidence, reason, SP_PHASE_AUTH, 0, "by the engine");
            bool plain = failed && reason == SP_REASON_CREDENTIAL_UNAVAILABLE;
            expect(&sample, rows[i].state, reason,
                   reason == SP_REASON_OK ? SP_PHASE_DONE : SP_PHASE_AUTH,
                   plain ? "by the engine" : rows[i].message);
            assert_int_equal(sample.result.finding_count, reason != SP_REASON_OK);
            assert_int_equal(sp_exposition_succeeded(&sample.result), reason == SP_REASON_OK);
            sample_free(&sample);
        }
    }
}

static void list_mechanisms(struct sample *sample, struct sp_ehlo *ehlo, const char *words);

static void test_offer_is_named(void **state)
{
    struct sample sample;
    (void)state;
    begin(&sample, SP_TLS_STARTTLS);
    list_mechanisms(&sample, &sample.evidence->tls_ehlo, "CRAM-MD5 X-OWN");
    sample.evidence->auth = (struct sp_auth){.result = SP_AUTH_SKIPPED,
                                             .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
                                             .detail = "none is good"};
    expect(&sample, SP_STATE_CRITICAL, SP_REASON_AUTH_MECHANISM_UNSUPPORTED, SP_PHASE_AUTH,
           "none is good (on offer: CRAM-MD5, X-OWN)");
    sample_free(&sample);
}

/* What breaks off in the middle of a login is no wrong password. */
static void test_broken_off(void **state)
{
    static const struct {
        enum sp_reason reason;
        enum sp_state state;
        const char *hint;
    } rows[] = {
        {SP_REASON_REPLY_TIMEOUT, SP_STATE_CRITICAL, "nothing about the password"},
        {SP_REASON_CONNECTION_CLOSED, SP_STATE_CRITICAL, "nothing about the password"},
        {SP_REASON_CONNECTION_RESET, SP_STATE_WARNING, "nothing about the password"},
        {SP_REASON_SERVICE_NOT_AVAILABLE, SP_STATE_WARNING, NULL},
        {SP_REASON_DEADLINE_EXCEEDED, SP_STATE_CRITICAL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        begin(&sample, SP_TLS_STARTTLS);
        sample.evidence->auth = (struct sp_auth){
            .result = SP_AUTH_UNKNOWN, .mechanism = "PLAIN", .reason = rows[i].reason};
        sp_evidence_fail(sample.evidence, rows[i].reason, SP_PHASE_AUTH, 0, NULL);
        if (rows[i].reason == SP_REASON_SERVICE_NOT_AVAILABLE)
            answer(&sample, 421, "4.3.2 shutting down");
        expect(&sample, rows[i].state, rows[i].reason, SP_PHASE_AUTH, "");
        assert_int_equal(sample.result.finding_count, 1);
        if (rows[i].hint != NULL)
            assert_non_null(strstr(sample.result.findings[0].hint, rows[i].hint));
        sample_free(&sample);
    }
}

/* No silent OK: a login that was asked for and that nobody tells of. */
static void test_silence(void **state)
{
    static const enum sp_auth_result silent[] = {SP_AUTH_NONE, SP_AUTH_REJECTED, SP_AUTH_TEMPORARY,
                                                 SP_AUTH_SKIPPED, SP_AUTH_UNKNOWN};
    struct sample sample;
    (void)state;
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        begin(&sample, SP_TLS_STARTTLS);
        sample.evidence->auth.result = silent[i];
        expect(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_AUTH, "no result");
        sample_free(&sample);
    }
    begin(&sample, SP_TLS_STARTTLS);
    sample.options.user = NULL;
    expect(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE, "88 ms");
    sample_free(&sample);
    /* A session that failed before has said why. */
    begin(&sample, SP_TLS_STARTTLS);
    sp_evidence_fail(sample.evidence, SP_REASON_CONNECTION_CLOSED, SP_PHASE_EHLO_TLS, 0, NULL);
    expect(&sample, SP_STATE_CRITICAL, SP_REASON_CONNECTION_CLOSED, SP_PHASE_EHLO_TLS, "closed");
    assert_int_equal(sample.result.finding_count, 1);
    sample_free(&sample);
}

static void test_exposed(void **state)
{
    static const struct {
        enum sp_tls_mode tls;
        enum sp_verify_mode verify;
        enum sp_state state;
    } rows[] = {{SP_TLS_NONE, SP_VERIFY_REPORT, SP_STATE_WARNING},
                {SP_TLS_NONE, SP_VERIFY_OFF, SP_STATE_WARNING},
                {SP_TLS_STARTTLS, SP_VERIFY_REPORT, SP_STATE_WARNING},
                {SP_TLS_STARTTLS, SP_VERIFY_OFF, SP_STATE_OK}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        begin(&sample, rows[i].tls);
        sample.endpoint.verify = rows[i].verify;
        sample.evidence->auth =
            (struct sp_auth){.result = SP_AUTH_OK, .mechanism = "PLAIN", .exposed = true};
        assert_int_equal(sample_judge(&sample)->state, rows[i].state);
        const struct sp_finding *finding =
            find_at(&sample, SP_REASON_AUTH_REQUIRES_TLS, SP_PHASE_AUTH);
        assert_non_null(finding);
        assert_int_equal(finding->state, rows[i].state);
        assert_non_null(strstr(finding->message, "--auth-insecure: PLAIN sent the password"));
        assert_true(sp_exposition_succeeded(&sample.result));
        sample_free(&sample);
    }
}

/* --- the offer -------------------------------------------------------------------------------- */

/* "PLAIN LOGIN" as the mechanisms of an EHLO. */
static void list_mechanisms(struct sample *sample, struct sp_ehlo *ehlo, const char *words)
{
    char *copy = sp_arena_strdup(sample->evidence->arena, words), *rest = NULL;
    const char **list = sp_arena_array(sample->evidence->arena, 16, sizeof *list);
    assert_non_null(copy);
    assert_non_null(list);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        list[ehlo->auth_count++] = word;
    ehlo->auth = list;
}

static void test_clear_offer(void **state)
{
    static const struct {
        const char *offer, *message; /* NULL: no finding */
    } rows[] = {
        {"PLAIN LOGIN", "logins with PLAIN, LOGIN are offered before TLS"},
        {"CRAM-MD5 LOGIN SCRAM-SHA-256", "logins with LOGIN are offered"},
        {"XOAUTH2 OAUTHBEARER", "XOAUTH2, OAUTHBEARER"},
        {"CRAM-MD5 DIGEST-MD5 NTLM GSSAPI SCRAM-SHA-1 EXTERNAL", NULL},
        {"X-ANYTHING", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int socket = 0; socket < 2; socket++) {
            struct sample sample;
            begin(&sample, SP_TLS_NONE);
            sample.options.user = NULL;
            list_mechanisms(&sample, &sample.evidence->plain, rows[i].offer);
            if (socket)
                sample.endpoint.unix_path = "/run/lmtp";
            (void)sample_judge(&sample);
            const struct sp_finding *finding =
                find_at(&sample, SP_REASON_AUTH_OFFERED_WITHOUT_TLS, SP_PHASE_EHLO);
            assert_int_equal(finding != NULL, rows[i].message != NULL && !socket);
            if (finding != NULL)
                assert_non_null(strstr(finding->message, rows[i].message));
            if (finding != NULL)
                assert_int_equal(finding->state, SP_STATE_WARNING);
            sample_free(&sample);
        }
    }
}

static void test_downgrade(void **state)
{
    enum { NO = -1, OK = SP_STATE_OK, WARN = SP_STATE_WARNING, CRIT = SP_STATE_CRITICAL };
    static const struct {
        const char *plain, *tls;
        int proven;   /* its state when the certificate proves the server */
        int login;    /* when not, and a login is asked for */
        int no_login; /* when not, and none is, with --verify report */
        const char *message;
    } rows[] = {
        /* what well-run servers list */
        {"PLAIN LOGIN", "PLAIN LOGIN", NO, NO, NO, NULL},
        {"", "PLAIN LOGIN", NO, NO, NO, NULL},
        {"CRAM-MD5 DIGEST-MD5", "CRAM-MD5 DIGEST-MD5 PLAIN LOGIN", NO, NO, NO, NULL},
        {"GSSAPI NTLM", "GSSAPI NTLM LOGIN", NO, NO, NO, NULL},
        {"SCRAM-SHA-256 PLAIN", "SCRAM-SHA-256 SCRAM-SHA-256-PLUS PLAIN", NO, NO, NO, NULL},
        {"SCRAM-SHA-1", "SCRAM-SHA-256", NO, NO, NO, NULL},
        {"PLAIN", "EXTERNAL", NO, NO, NO, NULL},
        {"X-OWN", "PLAIN", NO, NO, NO, NULL},
        /* a challenge for those without TLS, the password for those with it */
        {"CRAM-MD5", "PLAIN LOGIN", OK, CRIT, WARN, "CRAM-MD5 is offered before TLS and not"},
        {"DIGEST-MD5 NTLM", "LOGIN", OK, CRIT, WARN, "DIGEST-MD5, NTLM are offered"},
        /* what nobody does on purpose */
        {"SCRAM-SHA-256 PLAIN", "PLAIN", WARN, CRIT, WARN, "where PLAIN is the best"},
        {"SCRAM-SHA-256-PLUS SCRAM-SHA-256", "SCRAM-SHA-256", WARN, CRIT, WARN,
         "SCRAM-SHA-256-PLUS is offered before TLS"},
        {"SCRAM-SHA-1-PLUS GSSAPI", "GSSAPI", WARN, CRIT, WARN, "SCRAM-SHA-1-PLUS is"},
        {"CRAM-MD5 SCRAM-SHA-1", "X-OWN", WARN, CRIT, WARN, "none that is known here"},
        {"PLAIN LOGIN", "", WARN, CRIT, WARN, "AUTH PLAIN, LOGIN is offered before TLS and no"},
        {"X-OWN", "", WARN, CRIT, WARN, "no AUTH inside"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int wanted[] = {rows[i].proven, rows[i].login, rows[i].no_login};
        for (int kind = 0; kind < 3; kind++) {
            struct sample sample;
            begin(&sample, SP_TLS_STARTTLS);
            list_mechanisms(&sample, &sample.evidence->plain, rows[i].plain);
            list_mechanisms(&sample, &sample.evidence->tls_ehlo, rows[i].tls);
            if (kind > 0)
                sample.evidence->verify.authenticated_by = NULL;
            if (kind == 2) {
                sample.options.user = NULL;
                sample.endpoint.verify = SP_VERIFY_REPORT;
            }
            (void)sample_judge(&sample);
            const struct sp_finding *finding =
                find_at(&sample, SP_REASON_AUTH_DOWNGRADE, SP_PHASE_EHLO_TLS);
            int got = finding != NULL ? (int)finding->state : NO;
            if (got != wanted[kind])
                fail_msg("'%s' then '%s', kind %d: wanted %d, got %d", rows[i].plain, rows[i].tls,
                         kind, wanted[kind], got);
            if (finding != NULL && strstr(finding->message, rows[i].message) == NULL)
                fail_msg("'%s' is not in '%s'", rows[i].message, finding->message);
            sample_free(&sample);
        }
    }
}

/* More mechanisms than a message has room for. */
static void test_long_offer(void **state)
{
    char list[64];
    const char *names[40];
    struct sp_ehlo ehlo = {.auth = names, .auth_count = 40};
    (void)state;
    for (size_t i = 0; i < 40; i++)
        names[i] = i % 2 == 0 ? "PLAIN" : "LOGIN";
    assert_int_equal(sp_offer_exposing(&ehlo, list, sizeof list), 40);
    assert_true(strlen(list) < sizeof list);
    assert_int_equal(strncmp(list, "PLAIN, LOGIN, ", 14), 0);
}

/* --- what the server says --------------------------------------------------------------------- */

static void test_server_said(void **state)
{
    static const struct {
        const char *said, *text;
    } rows[] = {
        {OAUTH, "status 400, schemes Bearer, scope https://mail.google.com/"},
        {"{\"status\":\"invalid_token\",\"scope\":\"a b\",\"openid-configuration\":\"https://x\"}",
         "status invalid_token, scope a b"},
        {" { \"x\" : [1,{\"status\":\"no\"},\"]\"] , \"status\" : 401 } ", "status 401"},
        {"{\"status\":\"a\\\"b\\u0041\\u00e9\\n\"}", "status a\"bA?\n"},
        {"{\"error\":\"e\",\"error_description\":\"d\"}", "error e, error_description d"},
        {"invalid-proof", "invalid-proof"},
        {"{}", "{}"},
        {"{\"status\"", "{\"status\""},
        {"{\"status\":\"", "{\"status\":\""},
        {"{\"status\":\"\\", "{\"status\":\"\\"},
        {"{\"status\":{\"a\":1}}", "{\"status\":{\"a\":1}}"},
        {"{\"x\":[[[[", "{\"x\":[[[["},
        {"{\"x\":]]]]", "{\"x\":]]]]"},
        {"[\"status\"]", "[\"status\"]"},
        {"", ""},
    };
    char out[256], tiny[8];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(sp_word_server_said(out, sizeof out, rows[i].said), rows[i].text);
        assert_true(strlen(sp_word_server_said(tiny, sizeof tiny, rows[i].said)) < sizeof tiny);
    }
}

/* --- --expect-reply --------------------------------------------------------------------------- */

static void expect_replies(struct sample *sample, const char *words)
{
    static struct sp_expected_reply list[4];
    char copy[64], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", words);
    sample->options.expect_replies = list;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        struct sp_expected_reply *item = &list[sample->options.expect_reply_count++];
        char *code = strchr(word, '=');
        *code = '\0';
        assert_true(sp_phase_from_name(word, &item->phase));
        snprintf(item->code, sizeof item->code, "%s", code + 1);
    }
}

static void test_expected_login(void **state)
{
    static const struct {
        const char *expected;
        enum sp_auth_result result;
        enum sp_reason reason;
        int code;
        enum sp_state state;
        enum sp_reason verdict;
        const char *message;
        bool success;
    } rows[] = {
        {"auth=535", SP_AUTH_REJECTED, SP_REASON_AUTH_REJECTED, 535, SP_STATE_OK, SP_REASON_OK,
         "as expected (535): the login with PLAIN was rejected: 535 'text'", true},
        {"auth=5xx", SP_AUTH_REJECTED, SP_REASON_AUTH_REJECTED, 534, SP_STATE_OK, SP_REASON_OK,
         "as expected (5xx)", true},
        {"auth=535 auth=534", SP_AUTH_REJECTED, SP_REASON_AUTH_REJECTED, 534, SP_STATE_OK,
         SP_REASON_OK, "as expected (535 or 534)", true},
        {"auth=235", SP_AUTH_OK, SP_REASON_OK, 235, SP_STATE_OK, SP_REASON_OK, "login OK", true},
        {"auth=535", SP_AUTH_OK, SP_REASON_OK, 235, SP_STATE_CRITICAL, SP_REASON_REPLY_MISMATCH,
         "the account can log in: stage auth was answered 235 'text', expected was 535", false},
        {"auth=535", SP_AUTH_REJECTED, SP_REASON_AUTH_REJECTED, 534, SP_STATE_CRITICAL,
         SP_REASON_REPLY_MISMATCH, "answered 534 'text', expected was 535", false},
        {"auth=535", SP_AUTH_TEMPORARY, SP_REASON_AUTH_TEMPORARY, 454, SP_STATE_WARNING,
         SP_REASON_REPLY_MISMATCH, "answered 454 'text', expected was 535", false},
        {"auth=454", SP_AUTH_TEMPORARY, SP_REASON_AUTH_TEMPORARY, 454, SP_STATE_OK, SP_REASON_OK,
         "as expected (454)", true},
        {"auth=235", SP_AUTH_REJECTED, SP_REASON_AUTH_REJECTED, 535, SP_STATE_CRITICAL,
         SP_REASON_REPLY_MISMATCH, "answered 535 'text', expected was 235", false},
        {"auth=501", SP_AUTH_REJECTED, SP_REASON_AUTH_PROTOCOL_ERROR, 501, SP_STATE_OK,
         SP_REASON_OK, "as expected (501)", true},
        {"auth=538", SP_AUTH_REJECTED, SP_REASON_AUTH_REQUIRES_TLS, 538, SP_STATE_OK, SP_REASON_OK,
         "as expected (538)", true},
        /* not tried: what prevented it, and the mismatch in the same state */
        {"auth=535", SP_AUTH_SKIPPED, SP_REASON_AUTH_REQUIRES_TLS, 0, SP_STATE_CRITICAL,
         SP_REASON_AUTH_REQUIRES_TLS, "", false},
        {"auth=535", SP_AUTH_SKIPPED, SP_REASON_CREDENTIAL_UNAVAILABLE, 0, SP_STATE_UNKNOWN,
         SP_REASON_CREDENTIAL_UNAVAILABLE, "", false},
        /* its proof is wrong: that is more than a code */
        {"auth=235", SP_AUTH_UNKNOWN, SP_REASON_AUTH_SERVER_UNVERIFIED, 235, SP_STATE_CRITICAL,
         SP_REASON_AUTH_SERVER_UNVERIFIED, "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int failed = 0; failed < 2; failed++) {
            struct sample sample;
            begin(&sample, SP_TLS_STARTTLS);
            expect_replies(&sample, rows[i].expected);
            sample.evidence->auth = (struct sp_auth){
                .result = rows[i].result, .mechanism = "PLAIN", .reason = rows[i].reason};
            if (rows[i].code != 0)
                answer(&sample, rows[i].code, "text");
            if (failed && rows[i].reason != SP_REASON_OK)
                sp_evidence_fail(sample.evidence, rows[i].reason, SP_PHASE_AUTH, 0, NULL);
            expect(&sample, rows[i].state, rows[i].verdict,
                   rows[i].verdict == SP_REASON_OK ? SP_PHASE_DONE : SP_PHASE_AUTH,
                   rows[i].message);
            assert_int_equal(sp_exposition_succeeded(&sample.result), rows[i].success);
            if (rows[i].code == 0)
                assert_int_equal(find_at(&sample, SP_REASON_REPLY_MISMATCH, SP_PHASE_AUTH)->state,
                                 rows[i].state);
            sample_free(&sample);
        }
    }
}

static void test_expected_elsewhere(void **state)
{
    struct sample sample;
    (void)state;
    /* a host that must not take mail */
    sample_init(&sample, SP_TLS_NONE);
    expect_replies(&sample, "banner=554");
    sample_reply(&sample, SP_PHASE_BANNER, 554, "no service");
    sp_evidence_fail(sample.evidence, SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, 0, NULL);
    expect(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE, "as expected (554): ");
    assert_true(sp_exposition_succeeded(&sample.result));
    sample_free(&sample);
    /* and one that does */
    sample_init(&sample, SP_TLS_NONE);
    expect_replies(&sample, "banner=554");
    sample_plain(&sample);
    expect(&sample, SP_STATE_CRITICAL, SP_REASON_REPLY_MISMATCH, SP_PHASE_BANNER,
           "stage banner was answered 220 'mx.example.org ESMTP', expected was 554");
    sample_free(&sample);
    /* busy: nothing certain */
    sample_init(&sample, SP_TLS_NONE);
    expect_replies(&sample, "banner=554");
    sample_reply(&sample, SP_PHASE_BANNER, 421, "busy");
    sp_evidence_fail(sample.evidence, SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, 0, NULL);
    expect(&sample, SP_STATE_WARNING, SP_REASON_REPLY_MISMATCH, SP_PHASE_BANNER, "421 'busy'");
    sample_free(&sample);
    sample_init(&sample, SP_TLS_NONE);
    expect_replies(&sample, "ehlo=550");
    sample_reply(&sample, SP_PHASE_BANNER, 220, "hello");
    sample_reply(&sample, SP_PHASE_EHLO, 550, "not you");
    sample.evidence->plain.tried = true;
    sp_evidence_fail(sample.evidence, SP_REASON_REJECTED_PERMANENT, SP_PHASE_EHLO, 0, NULL);
    expect(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE, "EHLO was answered 550 'not you'");
    sample_free(&sample);
    /* nothing answers: the failure first, and its state for the mismatch */
    sample_init(&sample, SP_TLS_NONE);
    expect_replies(&sample, "ehlo=550");
    sample_reply(&sample, SP_PHASE_BANNER, 220, "hello");
    sp_evidence_fail(sample.evidence, SP_REASON_CONNECTION_RESET, SP_PHASE_EHLO, 0, NULL);
    expect(&sample, SP_STATE_WARNING, SP_REASON_CONNECTION_RESET, SP_PHASE_EHLO, "reset");
    assert_int_equal(find_at(&sample, SP_REASON_REPLY_MISMATCH, SP_PHASE_EHLO)->state,
                     SP_STATE_WARNING);
    sample_free(&sample);
    /* before all else of its state */
    begin(&sample, SP_TLS_STARTTLS);
    expect_replies(&sample, "auth=535");
    list_mechanisms(&sample, &sample.evidence->plain, "PLAIN");
    list_mechanisms(&sample, &sample.evidence->tls_ehlo, "PLAIN");
    sample.evidence->auth = (struct sp_auth){
        .result = SP_AUTH_TEMPORARY, .mechanism = "PLAIN", .reason = SP_REASON_AUTH_TEMPORARY};
    answer(&sample, 454, "later");
    expect(&sample, SP_STATE_WARNING, SP_REASON_REPLY_MISMATCH, SP_PHASE_AUTH, "454 'later'");
    assert_int_equal(sample.result.finding_count, 3);
    sample_free(&sample);
    /* a stage that this session has not */
    sample_init(&sample, SP_TLS_NONE);
    expect_replies(&sample, "starttls=454");
    sample_plain(&sample);
    expect(&sample, SP_STATE_CRITICAL, SP_REASON_REPLY_MISMATCH, SP_PHASE_STARTTLS,
           "stage starttls got no reply, expected was 454");
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_offer_is_named),
        cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_exposed),
        cmocka_unit_test(test_clear_offer),
        cmocka_unit_test(test_downgrade),
        cmocka_unit_test(test_long_offer),
        cmocka_unit_test(test_server_said),
        cmocka_unit_test(test_expected_login),
        cmocka_unit_test(test_expected_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
