/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Nagios output: one status line, perfdata that every parser reads, nothing from a server in it. */
#include "output/output.h"
#include "sample.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT_MAX 6

static const struct sp_render plain_render = {.width = 80};

static char *render(const struct sp_render *how, struct sample *samples, size_t count)
{
    struct sp_result results[COUNT_MAX];
    struct sp_report report = {.results = results, .count = count};
    struct sp_writer writer;
    assert_true(count <= COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        results[i] = *sample_judge(&samples[i]);
        report.state = sp_state_worst(report.state, results[i].state);
        report.by_state[results[i].state]++;
    }
    sp_writer_init(&writer, -1);
    sp_output_find("nagios")->report(&writer, how, &report);
    assert_int_equal(writer.error, 0);
    char *text = calloc(writer.buf.len + 1, 1);
    assert_non_null(text);
    memcpy(text, writer.buf.data, writer.buf.len);
    assert_int_equal(strlen(text), writer.buf.len);
    sp_writer_free(&writer);
    for (size_t i = 0; i < count; i++)
        sample_free(&samples[i]);
    return text;
}

/* --- an own reader of perfdata ---------------------------------------------------------------- */

struct item {
    char label[120], value[40], warning[40], critical[40], minimum[20];
};

static size_t copy_until(char *out, size_t size, const char *at, const char *stops)
{
    size_t len = strcspn(at, stops);
    assert_true(len < size);
    memcpy(out, at, len);
    out[len] = '\0';
    return len;
}

static void check_number(const char *text, const char *allowed)
{
    assert_true(strlen(text) == strspn(text, allowed));
}

/* Reads one item; returns what stands behind it. */
static const char *read_item(const char *at, struct item *item)
{
    memset(item, 0, sizeof *item);
    if (*at == '\'') {
        at++;
        at += copy_until(item->label, sizeof item->label, at, "'\n");
        assert_int_equal(*at++, '\'');
    } else {
        at += copy_until(item->label, sizeof item->label, at, "= '\n");
        assert_null(strchr(item->label, ' '));
    }
    assert_true(item->label[0] != '\0' && strchr(item->label, '=') == NULL &&
                strstr(item->label, "::") == NULL);
    assert_int_equal(*at++, '=');
    char *fields[] = {item->value, item->warning, item->critical, item->minimum};
    size_t sizes[] = {sizeof item->value, sizeof item->warning, sizeof item->critical,
                      sizeof item->minimum};
    for (size_t i = 0; i < 4; i++) {
        at += copy_until(fields[i], sizes[i], at, "; \n");
        if (*at != ';')
            break;
        at++;
    }
    check_number(item->value, "0123456789.-s");
    assert_non_null(strchr(item->value, '.'));
    check_number(item->warning, "0123456789.:@~-");
    check_number(item->critical, "0123456789.:@~-");
    assert_true(*at == ' ' || *at == '\n');
    return *at == ' ' ? at + 1 : at;
}

static size_t read_perfdata(const char *text, struct item *items, size_t max)
{
    size_t count = 0;
    const char *at = strchr(text, '|');
    assert_non_null(at);
    assert_null(strchr(at + 1, '|')); /* one in the whole output */
    assert_true(at < strchr(text, '\n'));
    for (at++; *at != '\n';) {
        assert_true(count < max);
        at = read_item(at, &items[count]);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(items[i].label, items[count].label);
        count++;
    }
    return count;
}

/* --- one endpoint ----------------------------------------------------------------------------- */

static void test_one_ok(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    assert_true(sp_parse_range("10", &sample.options.warning[SP_PHASE_TOTAL]));
    assert_true(sp_parse_range("~:20", &sample.options.critical[SP_PHASE_TOTAL]));
    char *text = render(&plain_render, &sample, 1);
    assert_string_equal(
        text, "SMTP OK - TLSv1.3, certificate valid for 29 days, 88 ms|time=0.088000s;10;20;0"
              " time_connect=0.008000s;;;0 time_banner=0.020000s;;;0 time_ehlo=0.009000s;;;0"
              " time_starttls=0.008000s;;;0 time_tls=0.025000s;;;0 time_ehlo_tls=0.008000s;;;0"
              " cert_days=29.500000;21:;7:\n");
    free(text);
}

static void test_one_critical(void **state)
{
    struct sample sample;
    struct item items[20];
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, -12);
    sample.evidence->verify.trusted = false;
    sample_problem(&sample, SP_REASON_CERTIFICATE_EXPIRED,
                   "the server's certificate expired 12 days ago (2026-08-20) and is in use");
    sample_problem(&sample, SP_REASON_CERTIFICATE_HOST_MISMATCH, "not for mx.example.org");
    char *text = render(&plain_render, &sample, 1);
    assert_int_equal(strncmp(text,
                             "SMTP CRITICAL - the server's certificate expired 12 days ago "
                             "(2026-08-20) an...|",
                             80),
                     0);
    assert_int_equal(strchr(text, '|') - text, 79);
    assert_non_null(strstr(text, "\n[CRITICAL] certificate-expired (verify): the server's "
                                 "certificate expired 12 days ago (2026-08-20) and is in use\n"
                                 "[CRITICAL] certificate-host-mismatch (verify): "));
    size_t count = read_perfdata(text, items, 20);
    assert_string_equal(items[count - 1].label, "cert_days");
    assert_int_equal(items[count - 1].value[0], '-');
    free(text);
}

static void test_detail(void **state)
{
    struct sp_render how = {.width = 80, .verbose = 1};
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_OPPORTUNISTIC);
    sample_plain(&sample);
    char *text = render(&how, &sample, 1);
    assert_int_equal(strncmp(text, "SMTP WARNING - STARTTLS is not offered", 38), 0);
    assert_non_null(strstr(text, "\n  next: In Postfix set"));
    assert_non_null(strstr(text, "\npeer: 192.0.2.1 port 25\n"));
    assert_non_null(strstr(text, "\nbanner: 220 'mx.example.org ESMTP'\n"));
    assert_null(strstr(text, "\nphases: "));
    free(text);
    how.verbose = 2;
    sample_init(&sample, SP_TLS_OPPORTUNISTIC);
    sample_plain(&sample);
    text = render(&how, &sample, 1);
    assert_non_null(strstr(text, "\nphases: connect 8.0 ms, banner 20.0 ms, ehlo 9.0 ms\n"));
    free(text);
}

/* Its turn did not come: a time of some microseconds would be a lie in a graph. */
static void test_not_begun_has_no_numbers(void **state)
{
    static const enum sp_phase phases[] = {SP_PHASE_CONFIG, SP_PHASE_CONNECT};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_NONE);
        sample.evidence->run_limit_ns = 10000000000;
        sample.evidence->spans[SP_PHASE_CONNECT].start_ns = -1;
        sp_evidence_fail(sample.evidence, SP_REASON_DEADLINE_EXCEEDED, phases[i], 0, NULL);
        char *text = render(&plain_render, &sample, 1);
        assert_int_equal(
            strncmp(text, "SMTP CRITICAL - its turn did not come within 10.0 s in all: other", 65),
            0);
        assert_non_null(strstr(text, "|\n"));
        free(text);
    }
}

static void test_invalid_target_has_no_numbers(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_NONE);
    sample.endpoint.host = NULL;
    sample.endpoint.input = "bad|target='1'";
    sample.endpoint.invalid = "a host has no \"|\"";
    sp_evidence_fail(sample.evidence, SP_REASON_INVALID_TARGET, SP_PHASE_CONFIG, 0, NULL);
    char *text = render(&plain_render, &sample, 1);
    assert_int_equal(strncmp(text, "SMTP UNKNOWN - a host has no \"!\"|\n", 34), 0);
    free(text);
}

/* --- hostile servers -------------------------------------------------------------------------- */

static void test_server_text_is_harmless(void **state)
{
    static const char *const banners[] = {
        "| pwned=1;;;; 'time'=0s",   "x\r\nSMTP OK - all is well|pwned=1",
        "<script>alert(1)</script>", "\x1b[2J\x1b]0;title\x07 \x9b 2J",
        "%n%s%99999999c $(id)",      "\xff\xfe\xc0\xaf\xed\xa0\x80 \xe2\x80\xae evil",
    };
    (void)state;
    for (size_t i = 0; i < sizeof banners / sizeof banners[0]; i++) {
        struct sp_render how = {.width = 80, .verbose = 1, .transcript = true};
        struct sample sample;
        struct item items[20];
        sample_init(&sample, SP_TLS_NONE);
        sample_reply(&sample, SP_PHASE_BANNER, 554, banners[i]);
        sp_transcript_add(&sample.evidence->transcript, sample.evidence->arena, SP_FROM_SERVER,
                          false, 0, banners[i], strlen(banners[i]));
        sp_evidence_fail(sample.evidence, SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, 0,
                         banners[i]);
        char *text = render(&how, &sample, 1);
        assert_int_equal(read_perfdata(text, items, 20), 1);
        assert_string_equal(items[0].label, "time");
        assert_null(strchr(text, '<'));
        assert_null(strchr(text, '>'));
        for (const char *at = text; *at != '\0'; at++)
            if (((unsigned char)*at < ' ' && *at != '\n') || (unsigned char)*at > '~')
                fail_msg("octet %02x in %s", (unsigned)(unsigned char)*at, text);
        /* No line of the server's own begins a line of ours. */
        assert_null(strstr(text, "\nSMTP"));
        free(text);
    }
}

/* --- several endpoints ------------------------------------------------------------------------ */

static void test_several(void **state)
{
    struct sample samples[3];
    struct item items[40];
    (void)state;
    sample_init(&samples[0], SP_TLS_STARTTLS);
    sample_tls(&samples[0], 29.5);
    sample_init(&samples[1], SP_TLS_NONE);
    samples[1].endpoint.host = samples[1].endpoint.input = "2001:db8::1";
    samples[1].evidence->ip = "2001:db8::1";
    samples[1].evidence->spans[SP_PHASE_CONNECT] = (struct sp_span){0, 1000000};
    sp_evidence_fail(samples[1].evidence, SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, 0, NULL);
    sample_init(&samples[2], SP_TLS_NONE);
    samples[2].endpoint.host = NULL;
    samples[2].endpoint.invalid = "no such thing";
    sp_evidence_fail(samples[2].evidence, SP_REASON_INVALID_TARGET, SP_PHASE_CONFIG, 0, NULL);
    char *text = render(&plain_render, samples, 3);
    assert_int_equal(
        strncmp(text, "SMTP CRITICAL - 3 endpoints: 1 critical, 1 unknown, 1 ok|'mx.example", 68),
        0);
    assert_non_null(strstr(text, "\n[OK] mx.example.org:25 - TLSv1.3, certificate valid for"));
    assert_non_null(strstr(text, "\n[CRITICAL] [2001:db8::1]:25 - connect-refused (connect): "
                                 "connection refused by 2001:db8::1 port 25\n"));
    assert_non_null(strstr(text, " - invalid-target (config): no such thing\n"));
    size_t count = read_perfdata(text, items, 40);
    assert_int_equal(count, 10);
    assert_string_equal(items[0].label, "mx.example.org:25 time");
    assert_string_equal(items[7].label, "mx.example.org:25 cert_days");
    assert_string_equal(items[8].label, "[2001:db8:0:0:0:0:0:1]:25 time");
    free(text);
}

/* "::" in a label is Icinga's own, so addresses are written out, those with a zone too. */
static void test_address_labels(void **state)
{
    static const struct {
        const char *host, *label;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7:25 time"},
        {"::1", "[0:0:0:0:0:0:0:1]:25 time"},
        {"fe80::a%eth0.1", "[fe80:0:0:0:0:0:0:a_eth0.1]:25 time"},
        {"::ffff:192.0.2.7", "[0:0:0:0:0:ffff:c000:207]:25 time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample samples[2];
        struct item items[20];
        for (size_t k = 0; k < 2; k++) {
            sample_init(&samples[k], SP_TLS_NONE);
            sample_plain(&samples[k]);
        }
        samples[0].endpoint.host = rows[i].host;
        char *text = render(&plain_render, samples, 2);
        assert_true(read_perfdata(text, items, 20) > 1);
        assert_string_equal(items[0].label, rows[i].label);
        free(text);
    }
}

/* One host at two addresses, and one of them twice: labels stay unique. */
static void test_repeated_hosts(void **state)
{
    static const char *const ips[] = {"192.0.2.1", "192.0.2.2", "192.0.2.1"};
    struct sample samples[3];
    struct item items[40];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        sample_init(&samples[i], SP_TLS_NONE);
        sample_plain(&samples[i]);
        samples[i].evidence->ip = ips[i];
    }
    char *text = render(&plain_render, samples, 3);
    assert_int_equal(read_perfdata(text, items, 40), 8);
    assert_string_equal(items[0].label, "mx.example.org:25 192.0.2.1 time");
    assert_string_equal(items[4].label, "mx.example.org:25 192.0.2.2 time");
    assert_non_null(strstr(text, "\n[OK] mx.example.org:25 (192.0.2.2) - works"));
    free(text);
}

static void test_quiet(void **state)
{
    struct sp_render how = {.width = 80, .quiet = true};
    struct sample samples[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sample_init(&samples[i], i == 0 ? SP_TLS_NONE : SP_TLS_OPPORTUNISTIC);
        sample_plain(&samples[i]);
    }
    samples[1].endpoint.host = "other.example.org";
    char *text = render(&how, samples, 2);
    assert_null(strstr(text, "[OK]"));
    assert_non_null(strstr(text, "\n[WARNING] other.example.org:25 - "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_ok),
        cmocka_unit_test(test_one_critical),
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_not_begun_has_no_numbers),
        cmocka_unit_test(test_invalid_target_has_no_numbers),
        cmocka_unit_test(test_server_text_is_harmless),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_address_labels),
        cmocka_unit_test(test_repeated_hosts),
        cmocka_unit_test(test_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
