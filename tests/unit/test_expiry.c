/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which certificates end when, and what the limits make of it: boundaries, ranges, several at once. */
#include "checks/expiry.h"
#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW (SAMPLE_START_MS / 1000)
#define DAY INT64_C(86400)

/* A chain whose certificates end after so many seconds; the path is 0, 1, … up to `path_count`. */
static void make_chain(struct sample *sample, const int64_t *left, size_t count, size_t path_count)
{
    struct sp_evidence *evidence = sample->evidence;
    static const char *const names[] = {"CN=mx.example.org", "CN=Issuing", "CN=Upper", "CN=Other"};
    sample_tls(sample, 29);
    struct sp_cert *certs = sp_arena_array(evidence->arena, count, sizeof *certs);
    int *path = sp_arena_array(evidence->arena, count, sizeof *path);
    assert_true(certs != NULL && path != NULL && count <= COUNT(names));
    for (size_t i = 0; i < count; i++) {
        certs[i] = evidence->tls.certs[0];
        certs[i].subject_text = names[i];
        certs[i].not_after = NOW + left[i];
        path[i] = (int)i;
    }
    evidence->tls.certs = certs;
    evidence->tls.cert_count = count;
    evidence->verify.path = path;
    evidence->verify.path_count = path_count;
}

static void set(struct sample *sample, const char *option, const char *value)
{
    char error[256];
    if (!sp_option_set(&sample->options, sample->evidence->arena, sp_option_find(option), value,
                       error, sizeof error))
        fail_msg("%s", error);
}

static void test_list(void **state)
{
    static const int64_t left[] = {40 * DAY, 3 * DAY, 3 * DAY, 1 * DAY};
    struct sp_expiry list[SP_LIMIT_PATH_DEPTH];
    struct sample sample;
    size_t index;
    double days;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    make_chain(&sample, left, 4, 3);
    /* The fourth is not in the path; equal ones keep the order of the path. */
    assert_int_equal(sp_expiry_list(sample.evidence, list), 3);
    assert_int_equal(list[0].index, 1);
    assert_int_equal(list[1].index, 2);
    assert_int_equal(list[2].index, 0);
    assert_true(sp_expiry_first(sample.evidence, &index, &days) && index == 1);
    sample.evidence->tls.certs[1].time_valid = false;
    assert_true(sp_expiry_first(sample.evidence, &index, &days) && index == 2);
    /* Without a path only the server's own is known to matter. */
    sample.evidence->verify.path_count = 0;
    assert_int_equal(sp_expiry_list(sample.evidence, list), 1);
    assert_int_equal(list[0].index, 0);
    sample.evidence->tls.certs[0].parsed = false;
    assert_int_equal(sp_expiry_list(sample.evidence, list), 0);
    sample_free(&sample);
}

/* One certificate, one limit: the second at which it begins to alert. */
static void test_boundaries(void **state)
{
    static const struct {
        int64_t left;
        const char *warning, *critical;
        int want; /* -1: no finding */
    } rows[] = {
        {21 * DAY, "21", "7", -1},
        {21 * DAY - 1, "21", "7", SP_STATE_WARNING},
        {7 * DAY, "21", "7", SP_STATE_WARNING},
        {7 * DAY - 1, "21", "7", SP_STATE_CRITICAL},
        {0, "21", "7", SP_STATE_CRITICAL},
        {-1, "21", "7", -1}, /* certificate-expired, told by path validation */
        {5 * DAY, "~:", "~:", -1},
        {0, "~:", "~:", -1},
        {0, "0", "0", -1},
        {10 * DAY, "10:30", "~:", -1},
        {10 * DAY - 1, "10:30", "~:", SP_STATE_WARNING},
        {30 * DAY, "10:30", "~:", -1},
        {30 * DAY + 1, "10:30", "~:", SP_STATE_WARNING},
        {3 * DAY, "@2:4", "~:", SP_STATE_WARNING},
        {2 * DAY - 1, "@2:4", "~:", -1},
        {DAY / 2, "~:", "0.5", -1},
        {DAY / 2 - 1, "~:", "0.5", SP_STATE_CRITICAL},
        {INT64_C(253402300799) - NOW, "21", "7", -1},
        {INT64_C(253402300799) - NOW, "9000000", "7", SP_STATE_WARNING},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        make_chain(&sample, &rows[i].left, 1, 1);
        /* Milliseconds beyond the second don't count, as in path validation. */
        sample.evidence->started_ms = NOW * 1000 + 999;
        set(&sample, "cert-warning", rows[i].warning);
        set(&sample, "cert-critical", rows[i].critical);
        sample_judge(&sample);
        const struct sp_finding *finding = sample_find(&sample, SP_REASON_CERTIFICATE_EXPIRES_SOON);
        int got = finding != NULL ? (int)finding->state : -1;
        if (got != rows[i].want)
            fail_msg("row %zu: %d", i, got);
        sample_free(&sample);
    }
}

/* One finding for each that is within its limits, the earliest first, each with its depth. */
static void test_several(void **state)
{
    static const struct {
        int64_t left[3];
        const char *warning;
        size_t depths[3], count;
    } rows[] = {
        {{40 * DAY, 50 * DAY, 60 * DAY}, "21", {0}, 0},
        {{20 * DAY, 10 * DAY, 60 * DAY}, "21", {1, 0}, 2},
        {{20 * DAY, 15 * DAY, 10 * DAY}, "21", {2, 1, 0}, 3},
        {{40 * DAY, 3000 * DAY, 10 * DAY}, "21", {2}, 1},
        /* An upper limit is about the one that ends first. */
        {{20 * DAY, 900 * DAY, 3000 * DAY}, "10:30", {0}, 0},
        {{40 * DAY, 900 * DAY, 3000 * DAY}, "10:30", {0}, 1},
        {{9 * DAY, 8 * DAY, 3000 * DAY}, "10:30", {1, 0}, 2},
        /* One that has ended is no matter of limits, and hides no other. */
        {{20 * DAY, -5 * DAY, 60 * DAY}, "21", {0}, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample sample;
        size_t count = 0;
        sample_init(&sample, SP_TLS_STARTTLS);
        make_chain(&sample, rows[i].left, 3, 3);
        set(&sample, "cert-warning", rows[i].warning);
        set(&sample, "cert-critical", "~:");
        sample_judge(&sample);
        for (size_t k = 0; k < sample.result.finding_count; k++) {
            const struct sp_finding *finding = &sample.result.findings[k];
            if (finding->reason != SP_REASON_CERTIFICATE_EXPIRES_SOON)
                continue;
            assert_true(count < rows[i].count && finding->has_depth);
            if (finding->depth != rows[i].depths[count])
                fail_msg("row %zu: depth %zu", i, finding->depth);
            count++;
        }
        if (count != rows[i].count)
            fail_msg("row %zu: %zu findings", i, count);
        sample_free(&sample);
    }
}

static void test_wording(void **state)
{
    static const int64_t left[] = {40 * DAY, 5 * DAY};
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    make_chain(&sample, left, 2, 2);
    sample_judge(&sample);
    const struct sp_finding *finding = sample_find(&sample, SP_REASON_CERTIFICATE_EXPIRES_SOON);
    assert_non_null(finding);
    assert_string_equal(finding->message, "the CA certificate \"CN=Issuing\" (depth 1) expires in "
                                          "5 days (2026-09-06), below 7 days");
    assert_non_null(finding->hint);
    assert_non_null(strstr(finding->hint, "CA certificate"));
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_wording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
