/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's own metrics: what counts, what is bounded, both formats by a strict reader, and the cost. */
#include "exposition_reader.h"
#include "prometheus/metrics.h"
#include "prometheus/process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define STARTED_MS 1788256800123

static struct reader reader;

static char *render(const struct sp_metrics *metrics, size_t in_flight, enum sp_exposition format)
{
    struct sp_buf out;

    sp_buf_init(&out, 1u << 20);
    assert_true(sp_metrics_write(metrics, in_flight, format, &out));
    assert_true(sp_buf_append(&out, "", 1));
    if (!reader_read(&reader, format == SP_EXPOSITION_OPENMETRICS, (const char *)out.data))
        fail_msg("%s in\n%s", reader.error, (const char *)out.data);
    return (char *)out.data;
}

static void expect(const char *text, const char *line)
{
    if (!reader_has(text, line))
        fail_msg("no line %s in\n%s", line, text);
}

static void test_new(void **state)
{
    static const char *const lines[] = {
        "smtp_probe_config_last_reload_successful 0",
        "smtp_probe_config_last_reload_success_timestamp_seconds 0",
        "smtp_probe_probes_in_flight 0",
        "smtp_probe_rejected_total{cause=\"in_flight\"} 0",
        "smtp_probe_rejected_total{cause=\"per_target\"} 0",
        "smtp_probe_rejected_total{cause=\"forbidden\"} 0",
        "smtp_probe_module_unknown_total 0",
        "process_start_time_seconds 1788256800.123",
    };
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    char *text = render(metrics, 0, SP_EXPOSITION_TEXT);

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect(text, lines[i]);
    assert_non_null(strstr(text, "\nsmtp_probe_build_info{version=\"" SP_VERSION "\","));
    assert_null(strstr(text, "smtp_probe_probes_total"));
    free(text);
    sp_metrics_free(metrics);
    sp_metrics_free(NULL);
}

static void test_counts(void **state)
{
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    char *text;

    (void)state;
    sp_metrics_add_module(metrics, "smtp");
    sp_metrics_add_module(metrics, "never asked");
    sp_metrics_add_module(metrics, "smtp");
    sp_metrics_count_probe(metrics, "smtp", true);
    sp_metrics_count_probe(metrics, "smtp", true);
    sp_metrics_count_probe(metrics, "smtp", false);
    sp_metrics_count_probe(metrics, "a", false);
    sp_metrics_count_rejected(metrics, SP_REJECTED_IN_FLIGHT);
    sp_metrics_count_rejected(metrics, SP_REJECTED_TARGET);
    sp_metrics_count_rejected(metrics, SP_REJECTED_TARGET);
    sp_metrics_count_rejected(metrics, SP_REJECTED_FORBIDDEN);
    sp_metrics_count_unknown_module(metrics);
    text = render(metrics, 17, SP_EXPOSITION_TEXT);
    expect(text, "# TYPE smtp_probe_probes_total counter");
    expect(text, "smtp_probe_probes_total{module=\"smtp\",result=\"success\"} 2");
    expect(text, "smtp_probe_probes_total{module=\"smtp\",result=\"failure\"} 1");
    expect(text, "smtp_probe_probes_total{module=\"a\",result=\"success\"} 0");
    expect(text, "smtp_probe_probes_total{module=\"a\",result=\"failure\"} 1");
    expect(text, "smtp_probe_probes_total{module=\"never asked\",result=\"success\"} 0");
    expect(text, "smtp_probe_probes_in_flight 17");
    expect(text, "smtp_probe_rejected_total{cause=\"in_flight\"} 1");
    expect(text, "smtp_probe_rejected_total{cause=\"per_target\"} 2");
    expect(text, "smtp_probe_rejected_total{cause=\"forbidden\"} 1");
    expect(text, "smtp_probe_module_unknown_total 1");
    free(text);
    text = render(metrics, 17, SP_EXPOSITION_OPENMETRICS);
    expect(text, "# TYPE smtp_probe_probes counter");
    expect(text, "# TYPE smtp_probe_build info");
    expect(text, "# TYPE process_cpu_seconds counter");
    expect(text, "# UNIT process_cpu_seconds seconds");
    expect(text, "smtp_probe_probes_total{module=\"smtp\",result=\"success\"} 2");
    free(text);
    sp_metrics_free(metrics);
}

/* A configuration that can't be used leaves the time of the one that is in force. */
static void test_reload(void **state)
{
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    char *text;

    (void)state;
    sp_metrics_set_reload(metrics, true, STARTED_MS + 1000);
    sp_metrics_set_reload(metrics, false, STARTED_MS + 5000);
    text = render(metrics, 0, SP_EXPOSITION_TEXT);
    expect(text, "smtp_probe_config_last_reload_successful 0");
    expect(text, "smtp_probe_config_last_reload_success_timestamp_seconds 1788256801.123");
    free(text);
    sp_metrics_set_reload(metrics, true, STARTED_MS + 6000);
    text = render(metrics, 0, SP_EXPOSITION_TEXT);
    expect(text, "smtp_probe_config_last_reload_successful 1");
    expect(text, "smtp_probe_config_last_reload_success_timestamp_seconds 1788256806.123");
    free(text);
    sp_metrics_free(metrics);
}

/* Whatever names a configuration brings, the number of series has an end. */
static void test_modules_are_bounded(void **state)
{
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    char *text;
    size_t lines = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char name[16];

        snprintf(name, sizeof name, "m%d", (i * 7919) % 3000);
        sp_metrics_count_probe(metrics, name, true);
    }
    sp_metrics_count_probe(metrics, "(other)", false);
    text = render(metrics, 0, SP_EXPOSITION_TEXT);
    expect(text, "smtp_probe_probes_total{module=\"(other)\",result=\"success\"} 2000");
    expect(text, "smtp_probe_probes_total{module=\"(other)\",result=\"failure\"} 1");
    for (const char *at = text; (at = strstr(at, "\nsmtp_probe_probes_total{")) != NULL; at++)
        lines++;
    assert_int_equal(lines, 2 * (SP_METRICS_MODULES + 1));
    free(text);
    sp_metrics_free(metrics);
}

/* A module of that name is one of the others, and counts of either result alone make them appear. */
static void test_other_modules(void **state)
{
    (void)state;
    for (int success = 0; success < 2; success++) {
        struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
        char *text = render(metrics, 0, SP_EXPOSITION_TEXT);

        assert_null(strstr(text, "(other)"));
        free(text);
        sp_metrics_add_module(metrics, "(other)");
        text = render(metrics, 0, SP_EXPOSITION_TEXT);
        assert_null(strstr(text, "(other)"));
        free(text);
        sp_metrics_count_probe(metrics, "(other)", success);
        text = render(metrics, 0, SP_EXPOSITION_TEXT);
        expect(text, success ? "smtp_probe_probes_total{module=\"(other)\",result=\"success\"} 1"
                             : "smtp_probe_probes_total{module=\"(other)\",result=\"failure\"} 1");
        free(text);
        sp_metrics_free(metrics);
    }
}

static void test_modules_are_sorted(void **state)
{
    static const char *const names[] = {"b", "a", "d", "c", "ab", "B"};
    static const char *const sorted[] = {"\"B\"", "\"a\"", "\"ab\"", "\"b\"", "\"c\"", "\"d\""};
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        sp_metrics_add_module(metrics, names[i]);
    char *text = render(metrics, 0, SP_EXPOSITION_TEXT);
    const char *at = strstr(text, "\nsmtp_probe_probes_total{");
    for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++) {
        assert_non_null(at);
        at = strstr(at, sorted[i]);
    }
    assert_non_null(at);
    free(text);
    sp_metrics_free(metrics);
}

static void test_odd_names(void **state)
{
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    char *text;

    (void)state;
    sp_metrics_count_probe(metrics, "", true);
    sp_metrics_count_probe(metrics, "q\"b\\\n} 1", true);
    sp_metrics_count_probe(metrics, "\xff\xc3(", true);
    sp_metrics_count_probe(metrics, "日本", true);
    text = render(metrics, 0, SP_EXPOSITION_OPENMETRICS);
    expect(text, "smtp_probe_probes_total{module=\"q\\\"b\\\\\\n} 1\",result=\"success\"} 1");
    expect(text, "smtp_probe_probes_total{module=\"日本\",result=\"success\"} 1");
    free(text);
    sp_metrics_free(metrics);
}

static void test_cap(void **state)
{
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, 300);
    assert_false(sp_metrics_write(metrics, 0, SP_EXPOSITION_TEXT, &out));
    assert_true(out.len <= 300);
    sp_buf_free(&out);
    /* What stood there before stays. */
    sp_buf_init(&out, 1u << 20);
    assert_true(sp_buf_append_str(&out, "x"));
    assert_true(sp_metrics_write(metrics, 0, SP_EXPOSITION_TEXT, &out));
    assert_memory_equal(out.data, "x# HELP ", 8);
    sp_buf_free(&out);
    sp_metrics_free(metrics);
}

static void test_statm(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"250 100 30 1 0 20 0\n", true},
        {"250 100", true},
        {"", false},
        {"250", false},
        {"250 ", false},
        {"250  100", false},
        {"-1 100 3", false},
        {"250 0x10 3", false},
        {"18446744073709551616 1", false},
        {"18446744073709551615 1", false},
        {"kernel text", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t size = 7, resident = 8;

        assert_int_equal(sp_process_parse_statm(cases[i].text, 4096, &size, &resident),
                         cases[i].good);
        assert_int_equal(size, cases[i].good ? 250 * 4096 : 7);
        assert_int_equal(resident, cases[i].good ? 100 * 4096 : 8);
    }
}

/* Against what the process does itself. */
static void test_process(void **state)
{
    struct sp_process before, after;
    const size_t touched = 16u << 20;
    int fds[7];
    char *memory;

    (void)state;
    sp_process_read(&before);
    assert_true(before.memory_known && before.open_known);
    assert_true(before.resident > 65536 && before.virtual_size > before.resident);
    for (size_t i = 0; i < 7; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    memory = malloc(touched);
    assert_non_null(memory);
    memset(memory, (int)(before.resident & 1) + 1, touched);
    for (volatile unsigned i = 0; i < 50000000; i++)
        ;
    sp_process_read(&after);
    assert_int_equal(after.open_fds, before.open_fds + 7);
    assert_true(memory[touched / 2] != 0 && after.resident >= before.resident + touched / 2);
    assert_true(after.cpu_ns > before.cpu_ns);
    if (after.max_known)
        assert_int_equal(after.max_fds, sysconf(_SC_OPEN_MAX));
    free(memory);
    for (size_t i = 0; i < 7; i++)
        close(fds[i]);
}

/* prometheus/README.md has a row for every family. */
static void test_documented(void **state)
{
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    const char *untold;
    char *text;

    (void)state;
    sp_metrics_add_module(metrics, "smtp");
    text = render(metrics, 0, SP_EXPOSITION_TEXT);
    untold = reader_untold(&reader, SP_TESTS_DIR "/../prometheus/README.md");
    if (untold != NULL)
        fail_msg("prometheus/README.md does not tell %s", untold);
    free(text);
    sp_metrics_free(metrics);
}

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Prints what a page costs; the bound is wide enough for sanitizers. */
static void test_cost(void **state)
{
    enum { ROUNDS = 1000 };
    struct sp_metrics *metrics = sp_metrics_new(STARTED_MS);
    struct sp_process process;
    int64_t start, page, reads;

    (void)state;
    for (int i = 0; i < 10; i++) {
        char name[16];

        snprintf(name, sizeof name, "module_%d", i);
        sp_metrics_add_module(metrics, name);
    }
    start = cpu_ns();
    for (int i = 0; i < ROUNDS; i++) {
        struct sp_buf out;

        sp_buf_init(&out, 1u << 20);
        assert_true(sp_metrics_write(metrics, 3, SP_EXPOSITION_OPENMETRICS, &out));
        sp_buf_free(&out);
    }
    page = (cpu_ns() - start) / ROUNDS;
    start = cpu_ns();
    for (int i = 0; i < ROUNDS; i++)
        sp_process_read(&process);
    reads = (cpu_ns() - start) / ROUNDS;
    print_message("a page: %ld us, %ld us of them for /proc\n", (long)(page / 1000),
                  (long)(reads / 1000));
    assert_true(page < 5000000);
    sp_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),           cmocka_unit_test(test_counts),
        cmocka_unit_test(test_reload),        cmocka_unit_test(test_modules_are_bounded),
        cmocka_unit_test(test_other_modules), cmocka_unit_test(test_modules_are_sorted),
        cmocka_unit_test(test_odd_names),     cmocka_unit_test(test_cap),
        cmocka_unit_test(test_statm),         cmocka_unit_test(test_process),
        cmocka_unit_test(test_documented),    cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
