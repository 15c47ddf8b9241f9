/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debug page: its three parts, and that no server gets out of its line. */
#include "exposition_reader.h"
#include "probe/limits.h"
#include "prometheus/debug.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LOGS "Logs for the probe:\n"
#define METRICS "\n\n\nMetrics that would have been returned:\n"
#define MODULE "\n\n\nModule configuration:\n"

static struct reader reader;

struct page {
    struct sp_config *config;
    struct sample sample;
    struct sp_outcome outcome;
    char *text; /* of the whole page */
};

static void begin(struct page *page)
{
    static const char yaml[] = "modules:\n  smtp_starttls:\n    tls: starttls\n    timeout: 7s\n";
    struct sp_buf errors;

    memset(page, 0, sizeof *page);
    sp_buf_init(&errors, 4096);
    page->config = sp_config_from_memory("t.yml", yaml, sizeof yaml - 1, &errors);
    if (page->config == NULL)
        fail_msg("%.*s", (int)errors.len, (const char *)errors.data);
    sp_buf_free(&errors);
    sample_init(&page->sample, SP_TLS_STARTTLS);
    sample_tls(&page->sample, 29.5);
}

static void say(struct page *page, enum sp_direction direction, bool in_tls, int64_t at_ns,
                const char *text, size_t len)
{
    sp_transcript_add(&page->sample.evidence->transcript, page->sample.evidence->arena, direction,
                      in_tls, at_ns, text, len);
}

static void render(struct page *page, const char *target)
{
    struct sp_buf out;

    page->outcome.target = target;
    page->outcome.module = sp_config_module(page->config, "smtp_starttls");
    assert_non_null(page->outcome.module);
    page->outcome.config = page->config;
    page->outcome.options = page->outcome.module->options;
    page->outcome.result = *sample_judge(&page->sample);
    sp_buf_init(&out, 1u << 20);
    assert_true(sp_debug_write(&page->outcome, &out));
    assert_true(sp_buf_append(&out, "", 1));
    assert_int_equal(strlen((const char *)out.data), out.len - 1);
    page->text = (char *)out.data;
}

static void end(struct page *page)
{
    free(page->text);
    sample_free(&page->sample);
    sp_config_unref(page->config);
}

/* The three parts stand in their order; lines of the log are lines of ours, the metrics are a page. */
static void check(struct page *page)
{
    const char *metrics = strstr(page->text, METRICS + 1), *module;
    char *copy;

    assert_int_equal(strncmp(page->text, LOGS, strlen(LOGS)), 0);
    assert_non_null(metrics);
    for (const char *at = page->text + strlen(LOGS); at < metrics; at = strchr(at, '\n') + 1)
        if (*at != '\n' &&
            (strncmp(at, "ts=2026-09-01T10:00:00.", 23) != 0 ||
             strncmp(at + 26, "Z level=", 8) != 0 || strstr(at, " msg=") > strchr(at, '\n')))
            fail_msg("not a line of the log: %.100s", at);
    metrics += strlen(METRICS + 1);
    module = strstr(metrics, MODULE + 1);
    assert_non_null(module);
    copy = strndup(metrics, (size_t)(module - metrics));
    assert_non_null(copy);
    if (!reader_read(&reader, false, copy))
        fail_msg("%s", reader.error);
    free(copy);
    for (const char *at = page->text; *at != '\0'; at++)
        assert_true((unsigned char)*at >= ' ' || *at == '\n');
}

static void test_good(void **state)
{
    static const char *const lines[] = {
        "ts=2026-09-01T10:00:00.123Z level=info msg=\"Beginning probe\" at_ms=0 module=smtp_starttls "
        "target=mx.example.org:25 timeout_seconds=7.000000",
        "ts=2026-09-01T10:00:00.131Z level=info msg=\"== connected to 192.0.2.1 port 25\" at_ms=8",
        "ts=2026-09-01T10:00:00.151Z level=debug msg=\"<- 220 mx.example.org ESMTP\" at_ms=28.5",
        "ts=2026-09-01T10:00:00.151Z level=debug msg=\"-> EHLO probe\" at_ms=28.6",
        "ts=2026-09-01T10:00:00.193Z level=debug msg=\"~> AUTH PLAIN <hidden>\" at_ms=70.1",
        "ts=2026-09-01T10:00:00.211Z level=info msg=\"Probe succeeded\" at_ms=88 "
        "duration_seconds=0.088000",
        "probe_success 1",
        "probe_tls_version_info{version=\"TLS 1.3\"} 1",
        "  smtp_starttls:",
        "    tls: starttls",
    };
    struct page page;

    (void)state;
    begin(&page);
    say(&page, SP_NOTE, false, 8000000, "connected to 192.0.2.1 port 25", 30);
    say(&page, SP_FROM_SERVER, false, 28500000, "220 mx.example.org ESMTP", 24);
    say(&page, SP_TO_SERVER, false, 28600000, "EHLO probe", 10);
    say(&page, SP_TO_SERVER, true, 70100000, "AUTH PLAIN <hidden>", 19);
    render(&page, "mx.example.org:25");
    check(&page);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!reader_has(page.text, lines[i]))
            fail_msg("no line %s in\n%s", lines[i], page.text);
    assert_null(strstr(page.text, "cut here"));
    end(&page);
}

static void test_failed(void **state)
{
    static struct sp_attempt attempts[] = {
        {"2001:db8::9", SP_REASON_CONNECT_REFUSED, 400000},
        {"192.0.2.9", SP_REASON_CANCELLED, 5000000},
    };
    struct page page;

    (void)state;
    begin(&page);
    page.sample.evidence->attempts = attempts;
    page.sample.evidence->attempt_count = 2;
    page.sample.evidence->transcript.cut = true;
    say(&page, SP_FROM_SERVER, false, 28500000, "220 mx.example.org ESMTP", 24);
    sample_problem(&page.sample, SP_REASON_CERTIFICATE_EXPIRED, "expired yesterday");
    page.sample.evidence->verify.trusted = false;
    render(&page, "mx.example.org");
    check(&page);
    assert_non_null(strstr(page.text, " level=warn msg=\"Failed to connect\" ip=2001:db8::9 "
                                      "reason=connect-refused took_ms=0.4\n"));
    assert_non_null(strstr(page.text, " level=info msg=\"Called off a connection attempt\" "
                                      "ip=192.0.2.9 reason=cancelled took_ms=5\n"));
    assert_non_null(strstr(page.text, " state=CRITICAL reason=certificate-expired stage=verify\n"));
    assert_non_null(strstr(page.text, " level=error msg=\"Probe failed\" at_ms=88 "));
    assert_non_null(strstr(page.text, "\nprobe_success 0\n"));
    end(&page);
}

static void test_hostile(void **state)
{
    static const char *const texts[] = {
        "\"\nts=2026-09-01T10:00:00.123Z level=info msg=\"Probe succeeded\"",
        "\n\n\nModule configuration:\nmodules:\n",
        "\\\"\\\\",
        "\x1b[2J\r\x07\x7f",
        "\xff\xfe\xc0\x80 \xe2\x80\xae",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct page page;

        begin(&page);
        say(&page, SP_FROM_SERVER, false, 1, texts[i], strlen(texts[i]));
        say(&page, SP_FROM_SERVER, true, 2, "nul\0behind", 10);
        say(&page, SP_FROM_SERVER, true, 2, "", 0);
        sp_evidence_fail(page.sample.evidence, SP_REASON_CONNECTION_RESET, SP_PHASE_QUIT, 0,
                         texts[i]);
        page.sample.evidence->replies[0].lines[0] = sample_text(texts[i]);
        sample_problem(&page.sample, SP_REASON_CERTIFICATE_EXPIRED, texts[i]);
        render(&page, texts[i]);
        check(&page);
        assert_null(strstr(page.text, "\xe2\x80\xae"));
        assert_non_null(strstr(page.text, "msg=\"<~ nul\\\\x00behind\""));
        end(&page);
    }
}

/* The longest line that is kept of a server, and each octet of it four on the page. */
static void test_long_lines(void **state)
{
    static char text[SP_LIMIT_REPLY_LINE + 1];
    struct page page;

    (void)state;
    for (int octet = 0; octet < 256; octet += 51) {
        begin(&page);
        memset(text, octet, sizeof text - 1);
        say(&page, SP_FROM_SERVER, true, 1, text, sizeof text - 1);
        sp_evidence_fail(page.sample.evidence, SP_REASON_PROTOCOL_ERROR, SP_PHASE_EHLO, 0, text);
        render(&page, "mx.example.org");
        check(&page);
        assert_true(strlen(page.text) > sizeof text);
        end(&page);
    }
}

/* Over the cap nothing is sent that looks whole. */
static void test_cap(void **state)
{
    struct page page;
    struct sp_buf out;

    (void)state;
    begin(&page);
    render(&page, "mx.example.org");
    size_t len = strlen(page.text);
    for (size_t cap = 0; cap <= len; cap += cap + 97 < len ? 97 : 1) {
        sp_buf_init(&out, cap);
        assert_int_equal(sp_debug_write(&page.outcome, &out), cap == len);
        sp_buf_free(&out);
    }
    end(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_failed),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
