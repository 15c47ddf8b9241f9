/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evidence in, findings and verdict out. */
#include "checks/expiry.h"
#include "checks/failure.h"
#include "checks/thresholds.h"
#include "checks/wording.h"
#include "sample.h"

#include "probe/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void fail_with(struct sample *sample, enum sp_reason reason, enum sp_phase phase,
                      const char *detail)
{
    sp_evidence_fail(sample->evidence, reason, phase, 0, detail);
}

static size_t count_findings(const struct sample *sample, enum sp_reason reason,
                             enum sp_phase phase)
{
    size_t count = 0;
    for (size_t i = 0; i < sample->result.finding_count; i++)
        if (sample->result.findings[i].reason == reason &&
            sample->result.findings[i].phase == phase)
            count++;
    return count;
}

static void expect_verdict(const struct sample *sample, enum sp_state state, enum sp_reason reason,
                           enum sp_phase phase)
{
    const struct sp_result *result = &sample->result;
    if (result->state != state || result->reason != reason || result->phase != phase)
        fail_msg("expected %s %s %s, got %s %s %s: %s", sp_state_name(state),
                 sp_reason_info(reason)->word, sp_phase_info(phase)->name,
                 sp_state_name(result->state), sp_reason_info(result->reason)->word,
                 sp_phase_info(result->phase)->name, result->message);
}

/* A state for the time of the whole endpoint is that of no other limit. */
static void test_timeout_state(void **state)
{
    static const struct {
        enum sp_reason reason;
        enum sp_phase phase;
        int64_t total_ns; /* of 2 s */
        enum sp_state expected;
        int64_t run_limit_ns; /* 0: not the run's */
    } rows[] = {
        {SP_REASON_DEADLINE_EXCEEDED, SP_PHASE_EHLO, 1000000, SP_STATE_UNKNOWN, 2000000000},
        {SP_REASON_DEADLINE_EXCEEDED, SP_PHASE_CONFIG, 0, SP_STATE_UNKNOWN, 2000000000},
        {SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, 1000000, SP_STATE_UNKNOWN, 2000000000},
        {SP_REASON_DNS_TIMEOUT, SP_PHASE_RESOLVE, 1000000, SP_STATE_UNKNOWN, 2000000000},
        {SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, 1000000, SP_STATE_CRITICAL, 2000000000},
        {SP_REASON_DEADLINE_EXCEEDED, SP_PHASE_EHLO, 2000000000, SP_STATE_UNKNOWN, 0},
        {SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, 2000000000, SP_STATE_UNKNOWN, 0},
        {SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, 1900000000, SP_STATE_CRITICAL, 0},
        {SP_REASON_REPLY_TIMEOUT, SP_PHASE_EHLO, 1900000000, SP_STATE_CRITICAL, 0},
        {SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, 2000000000, SP_STATE_CRITICAL, 0},
        {SP_REASON_DEADLINE_EXCEEDED, SP_PHASE_QUIT, 2000000000, SP_STATE_OK, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_NONE);
        if (rows[i].phase == SP_PHASE_QUIT)
            sample_plain(&sample);
        sample.options.timeout_ms = 2000;
        sample.options.timeout_state_set = true;
        sample.options.timeout_state = SP_STATE_UNKNOWN;
        fail_with(&sample, rows[i].reason, rows[i].phase, NULL);
        sample.evidence->total_ns = rows[i].total_ns;
        sample.evidence->run_limit_ns = rows[i].run_limit_ns;
        assert_int_equal(sample_judge(&sample)->state, rows[i].expected);
        sample_free(&sample);
    }
}

/* --- no failure is lost ----------------------------------------------------------------------- */

static size_t count_owners(enum sp_reason reason, enum sp_phase phase)
{
    size_t owners = 0;
    for (size_t i = 0; sp_checks[i] != NULL; i++)
        if (sp_checks[i]->owns != NULL && sp_checks[i]->owns(reason, phase))
            owners++;
    return owners;
}

static void check_failure(enum sp_tls_mode tls, bool with_facts, enum sp_reason reason,
                          enum sp_phase phase, const char *detail)
{
    struct sample sample;
    sample_init(&sample, tls);
    if (with_facts)
        sample_tls(&sample, 29.5);
    fail_with(&sample, reason, phase, detail);
    const struct sp_result *result = sample_judge(&sample);
    if (count_findings(&sample, reason, phase) != 1)
        fail_msg("%s in %s gave %zu findings", sp_reason_info(reason)->word,
                 sp_phase_info(phase)->name, count_findings(&sample, reason, phase));
    const struct sp_finding *finding = sample_find(&sample, reason);
    assert_true(strlen(finding->message) > 5);
    assert_null(strchr(finding->message, '\n'));
    if (phase == SP_PHASE_QUIT)
        assert_int_equal(finding->state, SP_STATE_OK);
    else if (sp_reason_info(reason)->state != SP_STATE_OK)
        assert_int_not_equal(result->state, SP_STATE_OK);
    assert_non_null(result->message);
    sp_result_free(&sample.result);
}

static void test_every_failure_is_one_finding(void **state)
{
    (void)state;
    for (int reason = SP_REASON_OK + 1; reason < SP_REASON_COUNT; reason++) {
        for (int phase = 0; phase < SP_PHASE_COUNT; phase++) {
            enum sp_reason r = (enum sp_reason)reason;
            enum sp_phase p = (enum sp_phase)phase;
            assert_true(count_owners(r, p) <= 1);
            check_failure(SP_TLS_STARTTLS, true, r, p, "said by the engine");
            check_failure(SP_TLS_IMPLICIT, true, r, p, NULL);
            if (p != SP_PHASE_QUIT) {
                check_failure(SP_TLS_STARTTLS, false, r, p, NULL);
                check_failure(SP_TLS_NONE, false, r, p, "");
            }
        }
    }
}

static void test_phases_of_today_have_an_owner(void **state)
{
    static const enum sp_phase phases[] = {SP_PHASE_RESOLVE, SP_PHASE_CONNECT,  SP_PHASE_PROXY,
                                           SP_PHASE_BANNER,  SP_PHASE_EHLO,     SP_PHASE_STARTTLS,
                                           SP_PHASE_TLS,     SP_PHASE_EHLO_TLS, SP_PHASE_QUIT,
                                           SP_PHASE_TOTAL,   SP_PHASE_VERIFY,   SP_PHASE_CONFIG};
    (void)state;
    for (int reason = SP_REASON_OK + 1; reason < SP_REASON_COUNT; reason++)
        for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
            assert_int_equal(count_owners((enum sp_reason)reason, phases[i]), 1);
}

static void test_no_silent_ok(void **state)
{
    static const enum sp_tls_mode modes[] = {SP_TLS_NONE, SP_TLS_OPPORTUNISTIC, SP_TLS_STARTTLS,
                                             SP_TLS_IMPLICIT};
    struct sample sample;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        sample_init(&sample, modes[i]);
        sample_judge(&sample);
        expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_BANNER);
        sample_free(&sample);
    }
    sample_init(&sample, SP_TLS_NONE);
    sample_reply(&sample, SP_PHASE_BANNER, 220, "mx");
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_EHLO);
    sample_free(&sample);
    /* TLS was to be had and nobody says why there is none. */
    sample_init(&sample, SP_TLS_OPPORTUNISTIC);
    sample_plain(&sample);
    sample_offer(&sample, &sample.evidence->plain, "STARTTLS");
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_TLS);
    sample_free(&sample);
    sample_init(&sample, SP_TLS_IMPLICIT);
    sample_tls(&sample, 90);
    sample.evidence->tls_ehlo = (struct sp_ehlo){0};
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_EHLO_TLS);
    sample_free(&sample);
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 90);
    sample.evidence->verify = (struct sp_verify){0};
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_VERIFY);
    sample_free(&sample);
}

/* A refused greeting or EHLO that the engine forgot to call a failure. */
static void test_bad_replies_without_a_failure(void **state)
{
    static const struct {
        int code;
        enum sp_state state;
        enum sp_reason reason;
    } banners[] = {{421, SP_STATE_WARNING, SP_REASON_SERVICE_NOT_AVAILABLE},
                   {450, SP_STATE_WARNING, SP_REASON_REJECTED_TEMPORARY},
                   {554, SP_STATE_CRITICAL, SP_REASON_SERVICE_NOT_AVAILABLE},
                   {550, SP_STATE_CRITICAL, SP_REASON_REJECTED_PERMANENT},
                   {250, SP_STATE_CRITICAL, SP_REASON_UNEXPECTED_REPLY}};
    struct sample sample;
    (void)state;
    for (size_t i = 0; i < sizeof banners / sizeof banners[0]; i++) {
        sample_init(&sample, SP_TLS_NONE);
        sample_reply(&sample, SP_PHASE_BANNER, banners[i].code, "no");
        sample_judge(&sample);
        expect_verdict(&sample, banners[i].state, banners[i].reason, SP_PHASE_BANNER);
        sample_free(&sample);
    }
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->plain.ok = false;
    sample.evidence->replies[1].code = 550;
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_REJECTED_PERMANENT, SP_PHASE_EHLO);
    sample_free(&sample);
}

/* --- what a failure says ---------------------------------------------------------------------- */

static void test_messages(void **state)
{
    static const struct {
        enum sp_reason reason;
        enum sp_phase phase;
        int code;
        const char *text, *detail;
        enum sp_state state;
        const char *message;
    } rows[] = {
        {SP_REASON_REPLY_TIMEOUT, SP_PHASE_BANNER, 0, NULL, NULL, SP_STATE_CRITICAL,
         "no reply within 20.0 s while waiting for the banner"},
        {SP_REASON_REPLY_TIMEOUT, SP_PHASE_TLS, 0, NULL, NULL, SP_STATE_CRITICAL,
         "TLS handshake not finished within 20.0 s"},
        {SP_REASON_DEADLINE_EXCEEDED, SP_PHASE_EHLO, 0, NULL, NULL, SP_STATE_CRITICAL,
         "not finished within 30.0 s in all, stopped while waiting for the reply to EHLO"},
        {SP_REASON_CONNECTION_CLOSED, SP_PHASE_EHLO, 0, NULL, NULL, SP_STATE_CRITICAL,
         "connection closed by the server while waiting for the reply to EHLO"},
        {SP_REASON_CONNECTION_RESET, SP_PHASE_BANNER, 0, NULL, NULL, SP_STATE_CRITICAL,
         "connection reset by the server while waiting for the banner"},
        {SP_REASON_CONNECTION_RESET, SP_PHASE_EHLO, 0, NULL, NULL, SP_STATE_WARNING,
         "connection reset by the server while waiting for the reply to EHLO"},
        {SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, 0, NULL, NULL, SP_STATE_CRITICAL,
         "connection refused by 192.0.2.1 port 25"},
        {SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, 0, NULL, NULL, SP_STATE_CRITICAL,
         "no answer from 192.0.2.1 port 25 within 5.0 s"},
        {SP_REASON_DNS_NXDOMAIN, SP_PHASE_RESOLVE, 0, NULL, NULL, SP_STATE_CRITICAL,
         "mx.example.org: the name does not exist in DNS"},
        {SP_REASON_DNS_SERVFAIL, SP_PHASE_RESOLVE, 0, NULL, "SERVFAIL from 192.0.2.53",
         SP_STATE_UNKNOWN, "SERVFAIL from 192.0.2.53"},
        {SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, 421, "too busy", "engine",
         SP_STATE_WARNING, "the connection was answered 421 'too busy'"},
        {SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, 554, "no service", "engine",
         SP_STATE_CRITICAL, "the connection was answered 554 'no service'"},
        {SP_REASON_REJECTED_PERMANENT, SP_PHASE_EHLO, 550, "go away", "engine", SP_STATE_CRITICAL,
         "EHLO was answered 550 'go away'"},
        {SP_REASON_REJECTED_TEMPORARY, SP_PHASE_EHLO, 451, "", NULL, SP_STATE_WARNING,
         "EHLO was answered 451"},
        {SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_MAIL, 421, "busy", "HELP was answered 421 busy",
         SP_STATE_WARNING, "HELP was answered 421 busy"},
        {SP_REASON_STARTTLS_TEMPORARY, SP_PHASE_STARTTLS, 454, "no key", NULL, SP_STATE_WARNING,
         "STARTTLS was answered 454 'no key'"},
        {SP_REASON_STARTTLS_NOT_SUPPORTED, SP_PHASE_EHLO, 502, "what?",
         "EHLO was answered 502 what?", SP_STATE_CRITICAL, "EHLO was answered 502 what?"},
        {SP_REASON_PROTOCOL_ERROR, SP_PHASE_BANNER, 0, NULL, "it looks like SSH", SP_STATE_CRITICAL,
         "it looks like SSH"},
        {SP_REASON_CANCELLED, SP_PHASE_TLS, 0, NULL, NULL, SP_STATE_UNKNOWN,
         "the probe was stopped before it ended during the TLS handshake"},
        {SP_REASON_AUTH_REJECTED, SP_PHASE_AUTH, 0, NULL, "535 no", SP_STATE_CRITICAL, "535 no"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        if (rows[i].code != 0)
            sample_reply(&sample, rows[i].phase, rows[i].code, rows[i].text);
        fail_with(&sample, rows[i].reason, rows[i].phase, rows[i].detail);
        sample_judge(&sample);
        expect_verdict(&sample, rows[i].state, rows[i].reason, rows[i].phase);
        assert_string_equal(sample.result.message, rows[i].message);
        sample_free(&sample);
    }
}

static void test_other_messages(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_NONE);
    sample.endpoint.invalid = "the port 99999 is above 65535";
    sample.endpoint.source = "targets.txt";
    sample.endpoint.line = 3;
    fail_with(&sample, SP_REASON_INVALID_TARGET, SP_PHASE_CONFIG, NULL);
    sample_judge(&sample);
    assert_string_equal(sample.result.message, "targets.txt:3: the port 99999 is above 65535");
    sample_free(&sample);

    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.evidence->tls.alert_text = "handshake_failure";
    fail_with(&sample, SP_REASON_TLS_ALERT, SP_PHASE_TLS, NULL);
    sample_judge(&sample);
    assert_string_equal(sample.result.message,
                        "the server ended the TLS handshake with the alert handshake_failure");
    sample_free(&sample);

    /* HELO follows a refused EHLO in the same phase. */
    sample_init(&sample, SP_TLS_NONE);
    sample_reply(&sample, SP_PHASE_EHLO, 502, "no");
    sample_reply(&sample, SP_PHASE_EHLO, 550, "never");
    fail_with(&sample, SP_REASON_REJECTED_PERMANENT, SP_PHASE_EHLO, NULL);
    sample_judge(&sample);
    assert_string_equal(sample.result.message, "HELO was answered 550 'never'");
    sample_free(&sample);

    /* A script's HELO comes first, also inside TLS. */
    sample_init(&sample, SP_TLS_IMPLICIT);
    sample_plain(&sample);
    sample_reply(&sample, SP_PHASE_EHLO_TLS, 550, "never");
    sample.evidence->tls_ehlo.tried = sample.evidence->tls_ehlo.helo = true;
    fail_with(&sample, SP_REASON_REJECTED_PERMANENT, SP_PHASE_EHLO_TLS, NULL);
    sample_judge(&sample);
    assert_string_equal(sample.result.message, "HELO inside TLS was answered 550 'never'");
    sample_free(&sample);

    /* The second of two banners is no answer to EHLO. */
    sample_init(&sample, SP_TLS_NONE);
    sample_reply(&sample, SP_PHASE_BANNER, 220, "one");
    sample_reply(&sample, SP_PHASE_EHLO, 220, "two");
    sample.evidence->early_talker = sample.evidence->plain.tried = true;
    fail_with(&sample, SP_REASON_UNEXPECTED_REPLY, SP_PHASE_EHLO, NULL);
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_UNEXPECTED_REPLY, SP_PHASE_EHLO);
    assert_non_null(strstr(sample.result.findings[0].hint, "early-talker"));
    assert_int_equal(sample.result.findings[1].reason, SP_REASON_EARLY_TALKER);
    sample_free(&sample);

    sample_init(&sample, SP_TLS_STARTTLS);
    sample.endpoint.port = 465;
    fail_with(&sample, SP_REASON_REPLY_TIMEOUT, SP_PHASE_BANNER, NULL);
    sample_judge(&sample);
    assert_non_null(strstr(sample.result.findings[0].hint, "--tls implicit"));
    sample_free(&sample);

    /* Our own address is the trouble: nothing is said about the server. */
    sample_init(&sample, SP_TLS_NONE);
    sample.options.source_address = "192.0.2.77";
    sp_evidence_fail(sample.evidence, SP_REASON_CONNECT_UNREACHABLE, SP_PHASE_CONNECT,
                     EADDRNOTAVAIL, NULL);
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_CONNECT_UNREACHABLE, SP_PHASE_CONNECT);
    assert_non_null(strstr(sample.result.message, "from 192.0.2.77"));
    sample_free(&sample);

    sample_init(&sample, SP_TLS_STARTTLS); /* port 25 */
    fail_with(&sample, SP_REASON_REPLY_TIMEOUT, SP_PHASE_BANNER, NULL);
    sample_judge(&sample);
    assert_null(sample.result.findings[0].hint);
    sample_free(&sample);
}

static void test_attempts(void **state)
{
    struct sp_attempt attempts[] = {{"2001:db8::1", SP_REASON_CONNECT_REFUSED, 400000},
                                    {"192.0.2.2", SP_REASON_CANCELLED, 1000000}};
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->attempts = attempts;
    sample.evidence->attempt_count = 2;
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
    assert_int_equal(sample.result.finding_count, 1);
    assert_int_equal(sample.result.findings[0].state, SP_STATE_OK);
    assert_string_equal(sample.result.findings[0].message,
                        "connected to 192.0.2.1, but 1 other address failed: "
                        "2001:db8::1 connect-refused after 0.4 ms");
    sample_free(&sample);

    attempts[1] = (struct sp_attempt){"192.0.2.1", SP_REASON_CONNECT_TIMEOUT, 5000000000};
    sample_init(&sample, SP_TLS_NONE);
    sample.evidence->attempts = attempts;
    sample.evidence->attempt_count = 2;
    fail_with(&sample, SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, NULL);
    sample_judge(&sample);
    assert_int_equal(sample.result.finding_count, 1);
    assert_string_equal(sample.result.message,
                        "no connection to port 25: 2001:db8::1 connect-refused after 0.4 ms, "
                        "192.0.2.1 connect-timeout after 5.0 s");
    sample_free(&sample);
}

/* --- success ---------------------------------------------------------------------------------- */

static void test_success(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->total_ns = 12000000;
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
    assert_int_equal(sample.result.finding_count, 0);
    assert_string_equal(sample.result.message, "works without TLS, 12 ms");
    sample_free(&sample);

    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
    assert_string_equal(sample.result.message, "TLSv1.3, certificate valid for 29 days, 88 ms");
    sample_free(&sample);

    sample_init(&sample, SP_TLS_IMPLICIT);
    sample_tls(&sample, 29.5);
    sample.endpoint.verify = SP_VERIFY_OFF;
    sample.evidence->verify = (struct sp_verify){0};
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
    assert_string_equal(sample.result.message, "TLSv1.3, certificate not verified, 88 ms");
    sample_free(&sample);
}

static void test_quit_never_worsens(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample_span(&sample, SP_PHASE_QUIT, 78, 1000);
    sample.evidence->total_ns = 1078000000;
    sample.options.critical[SP_PHASE_TOTAL] =
        (struct sp_range){.start = 0, .end = 0.5, .set = true};
    fail_with(&sample, SP_REASON_REPLY_TIMEOUT, SP_PHASE_QUIT, NULL);
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
    assert_int_equal(sample.result.finding_count, 1);
    assert_string_equal(sample.result.findings[0].message,
                        "no reply within 1.0 s while waiting for the reply to QUIT");
    sample_free(&sample);
}

/* --- STARTTLS --------------------------------------------------------------------------------- */

static void test_starttls(void **state)
{
    static const struct {
        enum sp_tls_mode tls;
        enum sp_reason failure;
        int code;
        enum sp_state state;
        enum sp_reason reason;
    } rows[] = {
        {SP_TLS_NONE, SP_REASON_OK, 0, SP_STATE_OK, SP_REASON_OK},
        {SP_TLS_OPPORTUNISTIC, SP_REASON_OK, 0, SP_STATE_WARNING, SP_REASON_STARTTLS_NOT_SUPPORTED},
        {SP_TLS_STARTTLS, SP_REASON_OK, 0, SP_STATE_CRITICAL, SP_REASON_STARTTLS_NOT_SUPPORTED},
        {SP_TLS_STARTTLS, SP_REASON_STARTTLS_NOT_SUPPORTED, 0, SP_STATE_CRITICAL,
         SP_REASON_STARTTLS_NOT_SUPPORTED},
        {SP_TLS_OPPORTUNISTIC, SP_REASON_OK, 502, SP_STATE_WARNING, SP_REASON_STARTTLS_REFUSED},
        {SP_TLS_STARTTLS, SP_REASON_OK, 502, SP_STATE_CRITICAL, SP_REASON_STARTTLS_REFUSED},
        {SP_TLS_OPPORTUNISTIC, SP_REASON_STARTTLS_REFUSED, 502, SP_STATE_WARNING,
         SP_REASON_STARTTLS_REFUSED},
        {SP_TLS_STARTTLS, SP_REASON_STARTTLS_REFUSED, 502, SP_STATE_CRITICAL,
         SP_REASON_STARTTLS_REFUSED},
        {SP_TLS_STARTTLS, SP_REASON_OK, 454, SP_STATE_WARNING, SP_REASON_STARTTLS_TEMPORARY},
        {SP_TLS_OPPORTUNISTIC, SP_REASON_STARTTLS_TEMPORARY, 454, SP_STATE_WARNING,
         SP_REASON_STARTTLS_TEMPORARY},
        {SP_TLS_OPPORTUNISTIC, SP_REASON_STARTTLS_INJECTION, 220, SP_STATE_CRITICAL,
         SP_REASON_STARTTLS_INJECTION},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, rows[i].tls);
        sample_plain(&sample);
        if (rows[i].code != 0) {
            sample_offer(&sample, &sample.evidence->plain, "STARTTLS");
            sample_reply(&sample, SP_PHASE_STARTTLS, rows[i].code, "text");
            sample.evidence->starttls_tried = true;
            sample.evidence->starttls_code = rows[i].code;
        }
        if (rows[i].failure != SP_REASON_OK)
            fail_with(&sample, rows[i].failure, SP_PHASE_STARTTLS, NULL);
        sample_judge(&sample);
        expect_verdict(&sample, rows[i].state, rows[i].reason,
                       rows[i].reason == SP_REASON_OK ? SP_PHASE_DONE : SP_PHASE_STARTTLS);
        assert_int_equal(sample.result.finding_count, rows[i].reason == SP_REASON_OK ? 0 : 1);
        sample_free(&sample);
    }
}

/* A server that throttles or drops us has said nothing about STARTTLS. */
static void test_throttling_is_not_missing_starttls(void **state)
{
    static const enum sp_reason reasons[] = {SP_REASON_SERVICE_NOT_AVAILABLE,
                                             SP_REASON_REJECTED_TEMPORARY,
                                             SP_REASON_CONNECTION_RESET, SP_REASON_REPLY_TIMEOUT};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_reply(&sample, SP_PHASE_BANNER, 220, "mx");
        sample.evidence->plain.tried = true;
        fail_with(&sample, reasons[i], SP_PHASE_EHLO, NULL);
        sample_judge(&sample);
        assert_null(sample_find(&sample, SP_REASON_STARTTLS_NOT_SUPPORTED));
        assert_int_equal(sample.result.reason, reasons[i]);
        sample_free(&sample);
    }
}

/* --- information ------------------------------------------------------------------------------ */

static void test_information(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample_offer(&sample, &sample.evidence->tls_ehlo, "STARTTLS");
    sample_offer(&sample, &sample.evidence->plain, "REQUIRETLS");
    sample.evidence->tls_ehlo.size_state = SP_SIZE_INVALID;
    sample.evidence->replies[0].quirks = SP_QUIRK_BARE_LF | SP_QUIRK_CODE_ONLY;
    sample.evidence->replies[1].quirks = SP_QUIRK_CODE_ONLY;
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
    assert_int_equal(sample.result.finding_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sample.result.findings[i].reason, SP_REASON_PROTOCOL_ERROR);
    assert_string_equal(sample.result.findings[1].message, "the banner is not clean SMTP: bare-lf");
    sample_free(&sample);

    /* Lines with different codes are no information. */
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->replies[1].quirks = SP_QUIRK_MIXED_CODES;
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_PROTOCOL_ERROR, SP_PHASE_EHLO);
    sample_free(&sample);

    /* They are told once, also when they ended the session. */
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->replies[1].quirks = SP_QUIRK_MIXED_CODES;
    fail_with(&sample, SP_REASON_PROTOCOL_ERROR, SP_PHASE_EHLO, "different codes");
    sample_judge(&sample);
    assert_int_equal(sample.result.finding_count, 1);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_PROTOCOL_ERROR, SP_PHASE_EHLO);
    sample_free(&sample);

    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->early_talker = true;
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_WARNING, SP_REASON_EARLY_TALKER, SP_PHASE_BANNER);
    sample_free(&sample);
}

/* --- options of the dialogue ------------------------------------------------------------------ */

static void test_capabilities(void **state)
{
    static const char *const words[] = {"AUTH", "STARTTLS", "DSN"};
    struct sample sample;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *items[] = {words[i]};
        bool offered = i < 2;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.options.require_capability = (struct sp_words){items, 1};
        sample_judge(&sample);
        if (offered)
            expect_verdict(&sample, SP_STATE_OK, SP_REASON_OK, SP_PHASE_DONE);
        else
            expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_CAPABILITY_MISSING,
                           SP_PHASE_EHLO_TLS);
        sample_free(&sample);

        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.options.forbid_capability = (struct sp_words){items, 1};
        sample_judge(&sample);
        assert_int_equal(sample.result.state, offered ? SP_STATE_CRITICAL : SP_STATE_OK);
        sample_free(&sample);
    }
    /* PIPELINING was offered before TLS only: that EHLO doesn't count any more. */
    const char *before[] = {"PIPELINING"};
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.options.require_capability = (struct sp_words){before, 1};
    sample_judge(&sample);
    assert_string_equal(sample.result.message, "PIPELINING is required but not offered inside TLS");
    sample_free(&sample);
}

static void test_expect(void **state)
{
    static const struct {
        const char *pattern, *banner;
        enum sp_state state;
    } rows[] = {
        {"^220 mx\\.example", "mx.example.org ESMTP", SP_STATE_OK},
        {"ESMTP$", "mx.example.org ESMTP", SP_STATE_OK},
        {"Postfix", "mx.example.org ESMTP", SP_STATE_WARNING},
        {"\xff", "\xff\xfe", SP_STATE_OK},
        {"^220 (a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
         SP_STATE_UNKNOWN},
    };
    char error[200];
    struct sp_target_list none = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_NONE);
        sample_plain(&sample);
        sample.evidence->replies[0].lines[0] = sample_text(rows[i].banner);
        sample.options.expect = rows[i].pattern;
        assert_true(sp_checks_validate(&sample.options, &none, error, sizeof error));
        sample_judge(&sample);
        if (sample.result.state != rows[i].state)
            fail_msg("%s: %s", rows[i].pattern, sample.result.message);
        sample_free(&sample);
    }
}

static void test_bad_pattern(void **state)
{
    static const char *const patterns[] = {"220 (", "[", "(*UTF)220", "a{2,1}"};
    struct sp_target_list none = {0};
    struct sp_options options;
    char error[200], tiny[8];
    (void)state;
    sp_options_init(&options);
    assert_true(sp_checks_validate(&options, &none, error, sizeof error));
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        options.expect = patterns[i];
        error[0] = '\0';
        assert_false(sp_checks_validate(&options, &none, error, sizeof error));
        assert_non_null(strstr(error, "--expect: the pattern \""));
        assert_false(sp_checks_validate(&options, &none, tiny, sizeof tiny));
        assert_true(strlen(tiny) < sizeof tiny);
    }
    char *huge = malloc(SP_LIMIT_PATTERN + 2);
    assert_non_null(huge);
    memset(huge, 'a', SP_LIMIT_PATTERN + 1);
    huge[SP_LIMIT_PATTERN + 1] = '\0';
    options.expect = huge;
    assert_false(sp_checks_validate(&options, &none, error, sizeof error));
    free(huge);
}

/* A line of a file with a bad pattern of its own is lost alone. */
static void test_bad_pattern_of_a_line(void **state)
{
    struct sp_options options;
    struct sp_target_list targets;
    char error[400];
    (void)state;
    sp_options_init(&options);
    assert_true(sp_target_list_init(&targets));
    assert_true(sp_target_list_add(&targets, "mx.example.org", &options, error, sizeof error));
    assert_true(sp_target_list_add(&targets, "192.0.2.1", &options, error, sizeof error));
    struct sp_options own = options;
    own.expect = "220 (";
    targets.items[1].options = &own;
    assert_true(sp_checks_validate(&options, &targets, error, sizeof error));
    assert_null(targets.items[0].invalid);
    assert_non_null(strstr(targets.items[1].invalid, "--expect: the pattern \""));
    sp_target_list_free(&targets);
}

/* --- certificates ----------------------------------------------------------------------------- */

static void test_certificate_problems(void **state)
{
    static const struct {
        enum sp_verify_mode verify;
        enum sp_state expired, weak;
    } rows[] = {{SP_VERIFY_REQUIRE, SP_STATE_CRITICAL, SP_STATE_WARNING},
                {SP_VERIFY_REPORT, SP_STATE_WARNING, SP_STATE_WARNING},
                {SP_VERIFY_OFF, SP_STATE_OK, SP_STATE_OK}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, -12);
        sample.endpoint.verify = rows[i].verify;
        sample.evidence->verify.trusted = false;
        sample_problem(&sample, SP_REASON_CERTIFICATE_WEAK_KEY, "RSA 1024 is short");
        sample_problem(&sample, SP_REASON_CERTIFICATE_EXPIRED,
                       "the server's certificate expired 12 days ago (2026-08-20)");
        sample_problem(&sample, SP_REASON_CERTIFICATE_HOST_MISMATCH,
                       "the certificate is not for mx.example.org");
        sample_judge(&sample);
        assert_int_equal(sample.result.finding_count, 3);
        assert_int_equal(sample_find(&sample, SP_REASON_CERTIFICATE_EXPIRED)->state,
                         rows[i].expired);
        assert_int_equal(sample_find(&sample, SP_REASON_CERTIFICATE_HOST_MISMATCH)->state,
                         rows[i].expired);
        assert_int_equal(sample_find(&sample, SP_REASON_CERTIFICATE_WEAK_KEY)->state, rows[i].weak);
        const struct sp_finding *expired = sample_find(&sample, SP_REASON_CERTIFICATE_EXPIRED);
        assert_string_equal(sample_find(&sample, SP_REASON_CERTIFICATE_HOST_MISMATCH)->message,
                            "the certificate is not for mx.example.org");
        assert_string_equal(expired->message,
                            "the server's certificate expired 12 days ago (2026-08-20)");
        assert_int_equal(expired->phase, SP_PHASE_VERIFY);
        assert_true(expired->has_value && expired->value <= -12.0 && expired->value > -12.1);
        sample_free(&sample);
    }
}

/* The same word may cost the trust or not, and what did is not told twice. */
static void test_fatal_problem(void **state)
{
    static const struct {
        enum sp_reason reason;
        bool fatal, trusted;
        enum sp_verify_mode verify;
        enum sp_state state, whole;
        size_t findings;
    } rows[] = {
        {SP_REASON_CERTIFICATE_INVALID, false, true, SP_VERIFY_REQUIRE, SP_STATE_WARNING,
         SP_STATE_WARNING, 1},
        {SP_REASON_CERTIFICATE_INVALID, false, true, SP_VERIFY_OFF, SP_STATE_OK, SP_STATE_OK, 1},
        {SP_REASON_CERTIFICATE_INVALID, false, false, SP_VERIFY_REQUIRE, SP_STATE_WARNING,
         SP_STATE_CRITICAL, 2},
        {SP_REASON_CERTIFICATE_INVALID, true, false, SP_VERIFY_REQUIRE, SP_STATE_CRITICAL,
         SP_STATE_CRITICAL, 1},
        {SP_REASON_CERTIFICATE_WEAK_SIGNATURE, false, true, SP_VERIFY_REQUIRE, SP_STATE_WARNING,
         SP_STATE_WARNING, 1},
        {SP_REASON_CERTIFICATE_WEAK_SIGNATURE, true, false, SP_VERIFY_REQUIRE, SP_STATE_CRITICAL,
         SP_STATE_CRITICAL, 1},
        {SP_REASON_CERTIFICATE_WEAK_KEY, true, false, SP_VERIFY_REPORT, SP_STATE_WARNING,
         SP_STATE_WARNING, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.endpoint.verify = rows[i].verify;
        sample.evidence->verify.trusted = rows[i].trusted;
        sample_problem(&sample, rows[i].reason, "what is wrong");
        sample.evidence->verify.problems[0].fatal = rows[i].fatal;
        sample_judge(&sample);
        assert_int_equal(sample.result.finding_count, rows[i].findings);
        assert_int_equal(sample.result.state, rows[i].whole);
        assert_int_equal(sample_find(&sample, rows[i].reason)->state, rows[i].state);
        sample_free(&sample);
    }
}

/* Whoever has an old root in the trust store is not helped by certbot. */
static void test_expired_where(void **state)
{
    static const struct {
        int depth;
        const char *hint;
    } rows[] = {{0, NULL}, {1, "current CA certificate"}, {-1, "trust store"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.evidence->verify.trusted = false;
        sample_problem(&sample, SP_REASON_CERTIFICATE_EXPIRED, "expired 12 days ago");
        sample.evidence->verify.problems[0].depth = rows[i].depth;
        sample_judge(&sample);
        const struct sp_finding *finding = sample_find(&sample, SP_REASON_CERTIFICATE_EXPIRED);
        if (rows[i].hint == NULL)
            assert_null(finding->hint); /* the reason's own */
        else
            assert_non_null(strstr(finding->hint, rows[i].hint));
        assert_int_equal(finding->state, SP_STATE_CRITICAL);
        sample_free(&sample);
    }
}

/* The worst comes first; among equals the order of the problems stays. */
static void test_order(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.evidence->verify.trusted = false;
    sample_problem(&sample, SP_REASON_CERTIFICATE_CHAIN_ORDER, "order");
    sample_problem(&sample, SP_REASON_CERTIFICATE_WEAK_KEY, "weak");
    sample_problem(&sample, SP_REASON_CERTIFICATE_NOT_TRUSTED, "trust");
    sample_problem(&sample, SP_REASON_CERTIFICATE_HOST_MISMATCH, "name");
    sample_judge(&sample);
    static const enum sp_reason order[] = {
        SP_REASON_CERTIFICATE_NOT_TRUSTED, SP_REASON_CERTIFICATE_HOST_MISMATCH,
        SP_REASON_CERTIFICATE_WEAK_KEY, SP_REASON_CERTIFICATE_CHAIN_ORDER};
    assert_int_equal(sample.result.finding_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sample.result.findings[i].reason, order[i]);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_CERTIFICATE_NOT_TRUSTED, SP_PHASE_VERIFY);
    sample_free(&sample);
}

/* Not trusted, and the only problem listed is none: that must not pass. */
static void test_verdict_without_problems(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.evidence->verify.trusted = false;
    sample.evidence->verify.name_match = false;
    sample_problem(&sample, SP_REASON_CERTIFICATE_CHAIN_ORDER, "order");
    sample_judge(&sample);
    assert_non_null(sample_find(&sample, SP_REASON_CERTIFICATE_NOT_TRUSTED));
    assert_non_null(sample_find(&sample, SP_REASON_CERTIFICATE_HOST_MISMATCH));
    assert_int_equal(sample.result.state, SP_STATE_CRITICAL);
    sample_free(&sample);
}

static void test_verify_failure_is_told_once(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.evidence->verify.trusted = false;
    sample_problem(&sample, SP_REASON_CERTIFICATE_SELF_SIGNED, "self-signed");
    fail_with(&sample, SP_REASON_CERTIFICATE_SELF_SIGNED, SP_PHASE_VERIFY, "self-signed");
    sample_judge(&sample);
    assert_int_equal(sample.result.finding_count, 1);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_CERTIFICATE_SELF_SIGNED, SP_PHASE_VERIFY);
    sample_free(&sample);
}

static void test_expiry(void **state)
{
    static const struct {
        double days;
        enum sp_verify_mode verify;
        enum sp_state state;
        bool found;
    } rows[] = {{29.5, SP_VERIFY_REQUIRE, SP_STATE_OK, false},
                {20.5, SP_VERIFY_REQUIRE, SP_STATE_WARNING, true},
                {5.1, SP_VERIFY_REQUIRE, SP_STATE_CRITICAL, true},
                {5.1, SP_VERIFY_REPORT, SP_STATE_WARNING, true},
                {5.1, SP_VERIFY_OFF, SP_STATE_OK, true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, rows[i].days);
        sample.endpoint.verify = rows[i].verify;
        sample_judge(&sample);
        assert_int_equal(sample.result.state, rows[i].state);
        const struct sp_finding *finding = sample_find(&sample, SP_REASON_CERTIFICATE_EXPIRES_SOON);
        assert_int_equal(finding != NULL, rows[i].found);
        if (finding != NULL) {
            assert_true(finding->has_value && finding->value > rows[i].days - 0.01 &&
                        finding->value < rows[i].days + 0.01);
            assert_string_equal(finding->unit, "days");
        }
        if (i == 2)
            assert_string_equal(sample.result.message,
                                "the server's certificate expires in 5 days (2026-09-06), "
                                "below 7 days");
        sample_free(&sample);
    }
}

/* --- TLS -------------------------------------------------------------------------------------- */

static void test_weak_tls(void **state)
{
    static const struct {
        uint16_t version;
        const char *cipher;
        enum sp_reason reason;
    } rows[] = {
        {0x0304, "TLS_AES_128_GCM_SHA256", SP_REASON_OK},
        {0x0303, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", SP_REASON_OK},
        {0x0303, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", SP_REASON_OK},
        {0x0302, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", SP_REASON_TLS_VERSION_WEAK},
        {0x0303, "TLS_RSA_WITH_RC4_128_SHA", SP_REASON_TLS_CIPHER_WEAK},
        {0x0303, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", SP_REASON_TLS_CIPHER_WEAK},
        {0x0303, "TLS_RSA_WITH_DES_CBC_SHA", SP_REASON_TLS_CIPHER_WEAK},
        {0x0303, "TLS_RSA_WITH_NULL_SHA256", SP_REASON_TLS_CIPHER_WEAK},
        {0x0303, "TLS_DH_anon_WITH_AES_128_CBC_SHA", SP_REASON_TLS_CIPHER_WEAK},
        {0x0303, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", SP_REASON_TLS_CIPHER_WEAK},
        {0x0303, "TLS_RSA_WITH_RC4_128_MD5", SP_REASON_TLS_CIPHER_WEAK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.evidence->tls.version = rows[i].version;
        sample.evidence->tls.cipher = rows[i].cipher;
        sample_judge(&sample);
        if (sample.result.reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].cipher, sample.result.message);
        sample_free(&sample);
    }
}

/* --- thresholds ------------------------------------------------------------------------------- */

static void test_timing(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.evidence->spans[SP_PHASE_TLS].ns = 1250000000;
    assert_true(sp_parse_range("1", &sample.options.warning[SP_PHASE_TLS]));
    assert_true(sp_parse_range("2", &sample.options.critical[SP_PHASE_TLS]));
    assert_true(sp_parse_range("0.05", &sample.options.critical[SP_PHASE_TOTAL]));
    assert_true(sp_parse_range("1", &sample.options.critical[SP_PHASE_AUTH])); /* not tried */
    sample_judge(&sample);
    assert_int_equal(sample.result.finding_count, 2);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_THRESHOLD_EXCEEDED, SP_PHASE_TOTAL);
    assert_string_equal(sample.result.message, "total took 88 ms, above 0.05 s");
    assert_string_equal(sample.result.findings[1].message, "tls took 1.2 s, above 1 s");
    assert_string_equal(sample.result.findings[1].unit, "s");
    assert_true(sample.result.findings[1].value > 1.249);
    sample_free(&sample);
}

static void test_threshold_text(void **state)
{
    static const struct {
        const char *range, *printed, *described;
    } rows[] = {{"10", "10", "above 10 s"},
                {"~:10", "10", "above 10 s"},
                {"0.25", "0.25", "above 0.25 s"},
                {"10:", "10:", "below 10 s"},
                {"10:20", "10:20", "outside 10:20 s"},
                {"@10:20", "@10:20", "inside 10:20 s"},
                {"100", "100", "above 100 s"}};
    struct sp_range range = {.set = false};
    char text[400];
    (void)state;
    sp_threshold_print(text, sizeof text, &range);
    assert_string_equal(text, "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(sp_parse_range(rows[i].range, &range));
        sp_threshold_print(text, sizeof text, &range);
        assert_string_equal(text, rows[i].printed);
        sp_threshold_describe(text, sizeof text, &range, "s");
        assert_string_equal(text, rows[i].described);
    }
}

/* --- our own limits --------------------------------------------------------------------------- */

static void test_out_of_memory(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_OPPORTUNISTIC);
    sample_plain(&sample);
    for (size_t size = SP_LIMIT_ARENA; size > 0; size /= 2)
        while (sp_arena_alloc(sample.evidence->arena, size) != NULL)
            ;
    sample_judge(&sample);
    assert_true(sample.result.out_of_memory);
    expect_verdict(&sample, SP_STATE_UNKNOWN, SP_REASON_INTERNAL_ERROR, SP_PHASE_CONFIG);
    assert_non_null(sample.result.message);
    sample_free(&sample);
}

static void test_hostile_text(void **state)
{
    struct sample sample;
    char *text = malloc(8001);
    (void)state;
    assert_non_null(text);
    memset(text, '%', 8000);
    text[8000] = '\0';
    sample_init(&sample, SP_TLS_NONE);
    sample_reply(&sample, SP_PHASE_BANNER, 554, text);
    fail_with(&sample, SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, NULL);
    sample_judge(&sample);
    assert_true(strlen(sample.result.message) < 300);
    assert_non_null(strstr(sample.result.message, "%%%%"));
    sample_free(&sample);
    free(text);
}

/* A socket that isn't there is told as that, with a hint that fits sockets. */
static void test_missing_socket(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_NONE);
    sample.endpoint.unix_path = "/run/none";
    sample.endpoint.host = NULL;
    sp_evidence_fail(sample.evidence, SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, ENOENT, NULL);
    sample_judge(&sample);
    expect_verdict(&sample, SP_STATE_CRITICAL, SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT);
    assert_string_equal(sample.result.message, "there is no socket /run/none");
    assert_non_null(strstr(sample.result.findings[0].hint, "ss -lx"));
    sample_free(&sample);
}

static void test_durations(void **state)
{
    static const struct {
        int64_t ns;
        const char *want;
    } rows[] = {
        {0, "0.0 ms"},         {11000, "0.011 ms"},
        {49999, "0.050 ms"},   {50000, "0.1 ms"},
        {9949999, "9.9 ms"},   {9950000, "10 ms"},
        {999499999, "999 ms"}, {999500000, "1.0 s"},
        {5000000000, "5.0 s"}, {86400000000000, "86400.0 s"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[32];
        assert_string_equal(rows[i].want, sp_word_duration(out, sizeof out, rows[i].ns));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeout_state),
        cmocka_unit_test(test_every_failure_is_one_finding),
        cmocka_unit_test(test_phases_of_today_have_an_owner),
        cmocka_unit_test(test_no_silent_ok),
        cmocka_unit_test(test_bad_replies_without_a_failure),
        cmocka_unit_test(test_missing_socket),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_other_messages),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_quit_never_worsens),
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_throttling_is_not_missing_starttls),
        cmocka_unit_test(test_information),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_expect),
        cmocka_unit_test(test_bad_pattern),
        cmocka_unit_test(test_bad_pattern_of_a_line),
        cmocka_unit_test(test_certificate_problems),
        cmocka_unit_test(test_fatal_problem),
        cmocka_unit_test(test_expired_where),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_verdict_without_problems),
        cmocka_unit_test(test_verify_failure_is_told_once),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_weak_tls),
        cmocka_unit_test(test_timing),
        cmocka_unit_test(test_threshold_text),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_hostile_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
