/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both formats of a probe's metrics by a strict reader, and the choice between them. */
#include "exposition_reader.h"
#include "output/exposition.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct reader reader;

/* --- Accept ----------------------------------------------------------------------------------- */

#define OPEN "application/openmetrics-text"

static const struct {
    const char *accept;
    bool open;
} choices[] = {
    {NULL, false},
    {"", false},
    {"*/*", false},
    {"text/plain", false},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
    /* Prometheus 2.42 and 3, with OpenMetrics first or last. */
    {OPEN ";version=1.0.0," OPEN ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     true},
    {OPEN ";version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;"
          "q=0.4," OPEN ";version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
     true},
    {"text/plain;version=0.0.4;q=0.6," OPEN ";version=1.0.0;q=0.5,*/*;q=0.1", false},
    {OPEN ";version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", true},
    {"text/plain;version=0.0.4;q=0.3," OPEN ";version=1.0.0;q=0.5", true},
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
     "q=0.7,text/plain;version=0.0.4;q=0.3",
     false},
    /* Versions that we don't speak. */
    {OPEN ";version=0.0.1", false},
    {OPEN ";version=0.0.1,text/plain;version=0.0.4;q=0.1", false},
    {OPEN ";version=2.0.0,*/*;q=0.1", false},
    {OPEN ";version=1.0", false},
    {OPEN, true},
    {OPEN ";charset=utf-8", true},
    {OPEN "; version=\"1.0.0\"", true},
    {OPEN "; version=\"1.0\\.0\" ; q=1.000", true},
    {"text/plain;version=1.0.0," OPEN ";q=0.1", true},
    /* Weights. */
    {OPEN ";q=0", false},
    {OPEN ";q=0.0,*/*", false},
    {OPEN ";q=0.001,text/plain;q=0", true},
    {OPEN ";q=0.5,text/plain;q=0.50", true},
    {"text/plain;q=0.5," OPEN ";q=0.5", false},
    {OPEN ";q=0.5001,text/plain;q=0.5", true},
    {OPEN ";q=1,text/plain", true},
    {OPEN ";q=2", false},
    {OPEN ";q=-1", false},
    {OPEN ";q=", false},
    {OPEN ";q=abc", false},
    {OPEN ";q=1e0", false},
    {OPEN ";q=nan", false},
    {OPEN ";q=1.", true},
    {OPEN ";Q=.5", true},
    {OPEN ";q=0.99999999999999999999999999999999999999", true},
    /* The more exact range counts, wherever it stands. */
    {"*/*;q=1," OPEN ";q=0.2", false},
    {OPEN ";q=0.9,*/*;q=0.1", true},
    {"*/*," OPEN, true},
    {"text/*;q=0.9," OPEN ";q=0.8", false},
    {"application/*", true},
    {"application/*;q=0.5,text/plain;q=0.4", true},
    {"application/*;q=0.5,text/plain;q=0.5", false},
    {"application/*," OPEN ";q=0", false},
    {"text/*;q=0.1,text/plain;version=0.0.4;q=0.9," OPEN ";q=0.5", false},
    {"text/plain;q=0.1,text/plain;version=0.0.4;q=0.9," OPEN ";q=0.5", false},
    /* Written oddly. */
    {"APPLICATION/OpenMetrics-Text", true},
    {" \t" OPEN " \t; \tversion=1.0.0\t;\tq=0.5 , text/plain;q=0.4", true},
    {",,, ," OPEN ";;q=1;,", true},
    {OPEN ";version=\"1.0.0", true},
    {OPEN ";a=\",text/plain;q=1\";version=1.0.0;q=0.9,text/plain;q=0.5", true},
    {"x;version=1.0.0," OPEN ";version=0.0.1", false},
    {"openmetrics-text", false},
    {"application/openmetrics-textual", false},
    {"application/openmetrics-text-and-a-name-that-is-longer-than-any-media-type-may-ever-be",
     false},
    {"applicatio/n/openmetrics-text", false},
    {";;;=\"\\", false},
    {"\xff/\xfe;q=1", false},
};

static void test_choose(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        if ((sp_exposition_choose(choices[i].accept) == SP_EXPOSITION_OPENMETRICS) !=
            choices[i].open)
            fail_msg("Accept: %s", choices[i].accept);
}

/* Every beginning of a header ends, and within its octets. */
static void test_choose_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        size_t len = choices[i].accept != NULL ? strlen(choices[i].accept) : 0;
        for (size_t cut = 0; cut < len; cut++) {
            char *part = strndup(choices[i].accept, cut); /* its end is watched by sanitizers */
            assert_non_null(part);
            (void)sp_exposition_choose(part);
            free(part);
        }
    }
}

static void test_content_type(void **state)
{
    (void)state;
    assert_string_equal(sp_exposition_content_type(SP_EXPOSITION_TEXT),
                        "text/plain; version=0.0.4; charset=utf-8");
    assert_string_equal(sp_exposition_content_type(SP_EXPOSITION_OPENMETRICS),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

/* --- pages ------------------------------------------------------------------------------------ */

static char *finish(struct sp_writer *writer, enum sp_exposition format)
{
    assert_int_equal(writer->error, 0);
    char *text = calloc(writer->buf.len + 1, 1);
    assert_non_null(text);
    if (writer->buf.len > 0)
        memcpy(text, writer->buf.data, writer->buf.len);
    assert_int_equal(strlen(text), writer->buf.len);
    sp_writer_free(writer);
    if (!reader_read(&reader, format == SP_EXPOSITION_OPENMETRICS, text))
        fail_msg("%s in\n%s", reader.error, text);
    return text;
}

static char *render(struct sample *samples, size_t count, enum sp_exposition format)
{
    struct sp_result results[4];
    struct sp_report report = {.results = results, .count = count};
    struct sp_writer writer;
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++)
        results[i] = *sample_judge(&samples[i]);
    sp_writer_init(&writer, -1);
    sp_exposition_write_report(&writer, format, &report);
    return finish(&writer, format);
}

static void expect(const char *text, const char *lines)
{
    if (!reader_has(text, lines))
        fail_msg("not there: %s\nin\n%s", lines, text);
}

static void test_openmetrics(void **state)
{
    static const char *const lines[] = {
        "# TYPE probe_success gauge\n# HELP probe_success Whether the probe succeeded\n"
        "probe_success 1",
        "# TYPE probe_duration_seconds gauge\n# UNIT probe_duration_seconds seconds\n"
        "# HELP probe_duration_seconds How long the probe took\nprobe_duration_seconds 0.088",
        "# TYPE probe_tls_version info",
        "probe_tls_version_info{version=\"TLS 1.3\"} 1",
        "# TYPE probe_tls_cipher info",
        "probe_tls_cipher_info{cipher=\"TLS_AES_256_GCM_SHA384\"} 1",
        "# TYPE probe_ssl_last_chain info",
        "# UNIT probe_smtp_max_message_size_bytes bytes",
        "# UNIT probe_ssl_last_chain_expiry_timestamp_seconds seconds",
        "probe_smtp_phase_duration_seconds{phase=\"tls\"} 0.025",
    };
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    char *text = render(&sample, 1, SP_EXPOSITION_OPENMETRICS);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect(text, lines[i]);
    assert_null(strstr(text, "UNIT probe_ssl_earliest_cert_expiry"));
    sample_free(&sample);
    free(text);
    text = render(NULL, 0, SP_EXPOSITION_OPENMETRICS);
    assert_string_equal(text, "# EOF\n");
    free(text);
}

static void expect_no(const char *text, const char *words)
{
    if (strstr(text, words) != NULL)
        fail_msg("there is: %s\nin\n%s", words, text);
}

/* Certificates came, and the handshake did not end: nobody has shown the key of the first. */
static void test_handshake_cut(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.evidence->tls.established = false;
    char *text = render(&sample, 1, SP_EXPOSITION_TEXT);
    expect(text, "probe_ssl_earliest_cert_expiry 1790805600");
    expect(text, "probe_smtp_certificate_verified 0");
    expect_no(text, "probe_ssl_last_chain");
    expect_no(text, "probe_tls_version_info");
    expect_no(text, "probe_tls_cipher_info");
    free(text);
    sample_free(&sample);
}

/* Two certificates: the first end counts among those sent, and among those of the chain with its root.
 * Dates that can't be read count nowhere. */
static void test_ends_of_certificates(void **state)
{
    static const struct {
        int64_t second, root; /* 0: can't be read */
        const char *earliest, *chain;
    } rows[] = {
        {1790000000, 1795000000, "1790000000", "1790000000"},
        {1795000000, 1790000000, "1790805600", "1790000000"},
        {1795000000, 1795000000, "1790805600", "1790805600"},
        {0, 0, "1790805600", "1790805600"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        char line[96];
        struct sp_cert certs[2],
            root = {.time_valid = rows[i].root != 0, .not_after = rows[i].root};
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        certs[0] = certs[1] = sample.evidence->tls.certs[0];
        certs[1].time_valid = rows[i].second != 0;
        certs[1].not_after = rows[i].second;
        sample.evidence->tls.certs = certs;
        sample.evidence->tls.cert_count = 2;
        sample.evidence->verify.path = (int[]){0, 1};
        sample.evidence->verify.path_count = 2;
        sample.evidence->verify.anchor = &root;
        char *text = render(&sample, 1, SP_EXPOSITION_TEXT);
        snprintf(line, sizeof line, "probe_ssl_earliest_cert_expiry %s", rows[i].earliest);
        expect(text, line);
        snprintf(line, sizeof line, "probe_ssl_last_chain_expiry_timestamp_seconds %s",
                 rows[i].chain);
        expect(text, line);
        if (rows[i].second == 0)
            expect_no(text, "{depth=\"1\"}");
        free(text);
        sample_free(&sample);
    }
}

static void test_tls_versions(void **state)
{
    static const struct {
        unsigned version;
        const char *label; /* NULL: none */
    } rows[] = {{0x0300, NULL},      {0x0301, "TLS 1.0"}, {0x0302, "TLS 1.1"},
                {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"}, {0x0305, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        char line[64];
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.evidence->tls.version = (uint16_t)rows[i].version;
        char *text = render(&sample, 1, SP_EXPOSITION_TEXT);
        snprintf(line, sizeof line, "probe_tls_version_info{version=\"%s\"} 1", rows[i].label);
        if (rows[i].label != NULL)
            expect(text, line);
        else
            expect_no(text, "probe_tls_version_info");
        free(text);
        sample_free(&sample);
    }
}

/* A limit that can't be read is none that is known. */
static void test_size_limit(void **state)
{
    static const enum sp_size_state states[] = {SP_SIZE_ABSENT, SP_SIZE_INVALID};
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        sample.evidence->tls_ehlo.size_state = states[i];
        char *text = render(&sample, 1, SP_EXPOSITION_TEXT);
        expect_no(text, "probe_smtp_max_message_size_bytes");
        free(text);
        sample_free(&sample);
    }
}

/* The same target at two addresses has them as labels; the same once more adds nothing. */
static void test_same_target(void **state)
{
    struct sample samples[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        sample_init(&samples[i], SP_TLS_STARTTLS);
        sample_tls(&samples[i], 29.5);
        samples[i].evidence->ip = i == 1 ? "192.0.2.2" : "192.0.2.1";
    }
    char *text = render(samples, 3, SP_EXPOSITION_TEXT);
    expect(text, "probe_success{target=\"mx.example.org\",ip=\"192.0.2.1\"} 1");
    expect(text, "probe_success{target=\"mx.example.org\",ip=\"192.0.2.2\"} 1");
    expect_no(text, "{target=\"mx.example.org\"}");
    free(text);
    for (size_t i = 0; i < 3; i++)
        sample_free(&samples[i]);
}

static void test_several(void **state)
{
    static const char *const inputs[] = {"mx.example.org", "we\"ird\\\n\xff\xe2\x80\xae", "",
                                         "日本"};
    for (int format = 0; format < 2; format++) {
        struct sample samples[4];
        for (size_t i = 0; i < 4; i++) {
            sample_init(&samples[i], SP_TLS_STARTTLS);
            sample_tls(&samples[i], (double)i);
            samples[i].endpoint.input = inputs[i];
        }
        char *text = render(samples, 4, (enum sp_exposition)format);
        expect(text, "probe_success{target=\"we\\\"ird\\\\\\n\\\\xff\\\\u202e\"} 0");
        expect(text, "probe_tls_version_info{target=\"日本\",version=\"TLS 1.3\"} 1");
        free(text);
        for (size_t i = 0; i < 4; i++)
            sample_free(&samples[i]);
    }
    (void)state;
}

/* A server that puts this into everything it says changes nothing but numbers. */
static void poison(struct sample *sample, const char *text)
{
    struct sp_evidence *evidence = sample->evidence;
    struct sp_cert *cert = &evidence->tls.certs[0];
    for (size_t i = 0; i < evidence->reply_count; i++) {
        evidence->replies[i].lines[0] = sample_text(text);
        evidence->replies[i].raw = sample_text(text);
    }
    cert->subject_text = cert->issuer_text = text;
    cert->serial.data = (const uint8_t *)text;
    cert->serial.len = strlen(text);
    sample_offer(sample, &evidence->tls_ehlo, text);
    evidence->canonical = text;
    sample_problem(sample, SP_REASON_CERTIFICATE_EXPIRED, text);
    sp_evidence_fail(evidence, SP_REASON_CONNECTION_RESET, SP_PHASE_QUIT, 0, text);
}

static void test_hostile_server(void **state)
{
    static const char *const texts[] = {
        "\"} 1\nprobe_success 0\nx{y=\"",
        "\\",
        "\\\"",
        "\n# EOF\n",
        "\xff\xfe\xc0\x80\xed\xa0\x80",
        "\xe2\x80\xae\xef\xbb\xbf",
        "\x1b[2J\r",
        "{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}{}",
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof texts / sizeof texts[0]; i++) {
        enum sp_exposition format = (enum sp_exposition)(i & 1);
        struct sample sample;
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        poison(&sample, texts[i / 2]);
        char *text = render(&sample, 1, format);
        size_t series = reader.series_count;
        free(text);
        sample_free(&sample);
        /* The same with harmless text: as many series, but for the serial number that is too long. */
        sample_init(&sample, SP_TLS_STARTTLS);
        sample_tls(&sample, 29.5);
        poison(&sample, "harmless");
        text = render(&sample, 1, format);
        assert_int_equal(series + (strlen(texts[i / 2]) > 32), reader.series_count);
        free(text);
        sample_free(&sample);
    }
}

/* --- numbers and names ------------------------------------------------------------------------ */

static const struct sp_metric gauge = {"g_seconds", SP_METRIC_GAUGE, "seconds", "A gauge"};
static const struct sp_metric counter = {"c", SP_METRIC_COUNTER, NULL, "A counter"};

static void test_numbers(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "0.000000001"},
        {10, "0.00000001"},
        {999999999, "0.999999999"},
        {1000000000, "1"},
        {1500000000, "1.5"},
        {1000000010, "1.00000001"},
        {-1, "-0.000000001"},
        {-2500000000, "-2.5"},
        {1788256800123000000, "1788256800.123"},
        {INT64_MAX, "9223372036.854775807"},
        {INT64_MIN, "-9223372036.854775808"},
    };
    struct sp_exposition_page page;
    struct sp_writer writer;
    char line[64];
    (void)state;
    sp_writer_init(&writer, -1);
    sp_exposition_begin(&page, &writer, SP_EXPOSITION_TEXT);
    sp_exposition_family(&page, &gauge);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(line, sizeof line, "%zu", i);
        sp_exposition_sample(&page);
        sp_exposition_label(&page, "i", line);
        sp_exposition_seconds(&page, cases[i].ns);
    }
    sp_exposition_sample(&page);
    sp_exposition_label(&page, "i", "min");
    sp_exposition_integer(&page, INT64_MIN);
    sp_exposition_sample(&page);
    sp_exposition_label(&page, "i", "max");
    sp_exposition_unsigned(&page, UINT64_MAX);
    sp_exposition_end(&page);
    char *text = finish(&writer, SP_EXPOSITION_TEXT);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(line, sizeof line, "g_seconds{i=\"%zu\"} %s", i, cases[i].text);
        expect(text, line);
    }
    expect(text, "g_seconds{i=\"min\"} -9223372036854775808");
    expect(text, "g_seconds{i=\"max\"} 18446744073709551615");
    free(text);
}

/* A family without samples leaves no head; a counter has its end where the format wants it. */
static void test_families(void **state)
{
    static const char *const pages[] = {
        "# HELP c_total A counter\n# TYPE c_total counter\nc_total{a=\"x\",b=\"\"} 5\nc_total 6\n",
        "# TYPE c counter\n# HELP c A counter\nc_total{a=\"x\",b=\"\"} 5\nc_total 6\n# EOF\n",
    };
    (void)state;
    for (int format = 0; format < 2; format++) {
        struct sp_exposition_page page;
        struct sp_writer writer;
        sp_writer_init(&writer, -1);
        sp_exposition_begin(&page, &writer, (enum sp_exposition)format);
        sp_exposition_family(&page, &gauge);
        sp_exposition_family(&page, &counter);
        sp_exposition_sample(&page);
        sp_exposition_label(&page, "a", "x");
        sp_exposition_label(&page, "b", "");
        sp_exposition_unsigned(&page, 5);
        sp_exposition_sample(&page);
        sp_exposition_unsigned(&page, 6);
        sp_exposition_end(&page);
        char *text = finish(&writer, (enum sp_exposition)format);
        assert_string_equal(text, pages[format]);
        free(text);
    }
}

/* prometheus/README.md has a row for every family that a probe can have. */
static void test_documented(void **state)
{
    struct sample samples[2];
    (void)state;
    sample_init(&samples[0], SP_TLS_STARTTLS);
    sample_tls(&samples[0], 29.5);
    sample_init(&samples[1], SP_TLS_OPPORTUNISTIC);
    sample_plain(&samples[1]);
    samples[1].endpoint.input = "other.example.org";
    char *text = render(samples, 2, SP_EXPOSITION_TEXT);
    assert_true(reader.family_count >= 24);
    const char *untold = reader_untold(&reader, SP_TESTS_DIR "/../prometheus/README.md");
    if (untold != NULL)
        fail_msg("prometheus/README.md does not tell %s", untold);
    free(text);
    sample_free(&samples[0]);
    sample_free(&samples[1]);
}

/* The reader refuses what scrapers refuse: else the tests above say nothing. */
static void test_reader(void **state)
{
#define HEAD "# HELP a b\n# TYPE a gauge\n"
#define OPEN_HEAD "# TYPE a gauge\n# HELP a b\n"
    static const struct {
        bool open;
        const char *text;
    } bad[] = {
        {false, "a 1\n"},
        {false, "# TYPE a gauge\na 1\n"},
        {false, HEAD},
        {false, HEAD "a 1"},
        {false, HEAD "a 1\n\n"},
        {false, HEAD "a  1\n"},
        {false, HEAD "a 1e3\n"},
        {false, HEAD "a NaN\n"},
        {false, HEAD "b 1\n"},
        {false, HEAD "a 1\na 2\n"},
        {false, HEAD "a{b=\"1\",b=\"2\"} 1\n"},
        {false, HEAD "a{b=\"\\x\"} 1\n"},
        {false, HEAD "a{b=\"1\" } 1\n"},
        {false, HEAD "a{b=\"\xff\"} 1\n"},
        {false, HEAD "a 1\n" HEAD "a{b=\"\"} 1\n"},
        {false, HEAD "a 1\n# EOF\n"},
        {false, "# HELP a b\n# TYPE a counter\na 1\n"},
        {false, "# HELP a b\n# TYPE a info\na 1\n"},
        {true, OPEN_HEAD "a 1\n"},
        {true, OPEN_HEAD "a 1\n# EOF\na 1\n"},
        {true, HEAD "a 1\n# EOF\n"},
        {true, "# TYPE a_total counter\n# HELP a_total b\na_total 1\n# EOF\n"},
        {true, "# TYPE a counter\n# HELP a b\na 1\n# EOF\n"},
        {true, "# TYPE a info\n# HELP a b\na_info 2\n# EOF\n"},
        {true, "# TYPE a_seconds gauge\n# HELP a_seconds b\na_seconds 2\n# EOF\n"},
        {true, "# TYPE a gauge\n# UNIT a seconds\n# HELP a b\na 2\n# EOF\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (reader_read(&reader, bad[i].open, bad[i].text))
            fail_msg("taken for good:\n%s", bad[i].text);
    assert_true(reader_read(&reader, false, HEAD "a{b=\"\\\"\\\\\\n\"} -1.5\n"));
    assert_true(reader_read(&reader, true, OPEN_HEAD "a 1\n# EOF\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose),        cmocka_unit_test(test_choose_cut),
        cmocka_unit_test(test_content_type),  cmocka_unit_test(test_openmetrics),
        cmocka_unit_test(test_several),       cmocka_unit_test(test_hostile_server),
        cmocka_unit_test(test_handshake_cut), cmocka_unit_test(test_ends_of_certificates),
        cmocka_unit_test(test_tls_versions),  cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_same_target),   cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_families),      cmocka_unit_test(test_documented),
        cmocka_unit_test(test_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
