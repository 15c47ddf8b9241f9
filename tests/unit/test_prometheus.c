/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Prometheus output against its grammar (text format 0.0.4) and the meanings of the metrics. */
#include "output/output.h"
#include "sample.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT_MAX 6
#define SERIES_MAX 400

static char *render(struct sample *samples, size_t count)
{
    struct sp_render how = {.width = 80};
    struct sp_result results[COUNT_MAX];
    struct sp_report report = {.results = results, .count = count};
    struct sp_writer writer;
    assert_true(count <= COUNT_MAX);
    for (size_t i = 0; i < count; i++)
        results[i] = *sample_judge(&samples[i]);
    sp_writer_init(&writer, -1);
    sp_output_find("prometheus")->report(&writer, &how, &report);
    assert_int_equal(writer.error, 0);
    char *text = calloc(writer.buf.len + 1, 1);
    assert_non_null(text);
    if (writer.buf.len > 0)
        memcpy(text, writer.buf.data, writer.buf.len);
    assert_int_equal(strlen(text), writer.buf.len);
    sp_writer_free(&writer);
    for (size_t i = 0; i < count; i++)
        sample_free(&samples[i]);
    return text;
}

/* --- an own reader of the format -------------------------------------------------------------- */

static size_t name_length(const char *at)
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_')
        len++;
    assert_true(len > 0 && !isdigit((unsigned char)at[0]));
    return len;
}

/* Reads {name="value",…}; returns what stands behind it. */
static const char *skip_labels(const char *at)
{
    if (*at != '{')
        return at;
    do {
        at++;
        at += name_length(at);
        assert_int_equal(at[0], '=');
        assert_int_equal(at[1], '"');
        for (at += 2; *at != '"'; at++) {
            if (*at == '\\') {
                at++;
                assert_true(*at == '\\' || *at == '"' || *at == 'n');
            }
            assert_true((unsigned char)*at >= ' ');
        }
        at++;
    } while (*at == ',');
    assert_int_equal(*at, '}');
    return at + 1;
}

struct series {
    const char *at[SERIES_MAX];
    size_t len[SERIES_MAX];
    size_t count;
};

static void read_sample(const char *line, const char *family, size_t family_len,
                        struct series *series)
{
    size_t len = name_length(line);
    char *rest;
    assert_true(len == family_len && strncmp(line, family, len) == 0);
    const char *behind = skip_labels(line + len);
    for (size_t i = 0; i < series->count; i++)
        if (series->len[i] == (size_t)(behind - line) &&
            strncmp(series->at[i], line, series->len[i]) == 0)
            fail_msg("series twice: %.*s", (int)series->len[i], line);
    assert_true(series->count < SERIES_MAX);
    series->at[series->count] = line;
    series->len[series->count++] = (size_t)(behind - line);
    assert_int_equal(*behind, ' ');
    assert_true(isdigit((unsigned char)behind[1]) || behind[1] == '-');
    strtod(behind + 1, &rest);
    assert_int_equal(*rest, '\n');
}

/* Every family: HELP, TYPE, then its samples and nothing else; no family twice. */
static void check_format(const char *text)
{
    struct series series = {.count = 0}, families = {.count = 0};
    for (const char *line = text; *line != '\0';) {
        assert_int_equal(strncmp(line, "# HELP ", 7), 0);
        const char *family = line + 7;
        size_t len = name_length(family);
        for (size_t i = 0; i < families.count; i++)
            assert_false(families.len[i] == len && strncmp(families.at[i], family, len) == 0);
        families.at[families.count] = family;
        families.len[families.count++] = len;
        line = strchr(line, '\n') + 1;
        assert_int_equal(strncmp(line, "# TYPE ", 7), 0);
        assert_int_equal(strncmp(line + 7, family, len), 0);
        assert_int_equal(strncmp(line + 7 + len, " gauge\n", 7), 0);
        line = strchr(line, '\n') + 1;
        assert_true(*line != '#' && *line != '\0');
        for (; *line != '#' && *line != '\0'; line = strchr(line, '\n') + 1) {
            read_sample(line, family, len, &series);
            assert_non_null(strchr(line, '\n'));
        }
    }
}

static void expect_line(const char *text, const char *line)
{
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return;
    fail_msg("no line %s in\n%s", line, text);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_success(void **state)
{
    static const char *const lines[] = {
        "probe_success 1",
        "probe_duration_seconds 0.088",
        "probe_timeout_seconds 30",
        "probe_dns_lookup_time_seconds 0",
        "probe_ip_protocol 4",
        "probe_ip_addr_hash 1969986452",
        "probe_failed_due_to_regex 0",
        "probe_ssl_earliest_cert_expiry 1790805600",
        "probe_ssl_last_chain_expiry_timestamp_seconds 1790805600",
        "probe_ssl_last_chain_info{fingerprint_sha256="
        "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
        "serialnumber=\"8a1b\"} 1",
        "probe_tls_version_info{version=\"TLS 1.3\"} 1",
        "probe_tls_cipher_info{cipher=\"TLS_AES_256_GCM_SHA384\"} 1",
        "probe_smtp_phase_duration_seconds{phase=\"tls\"} 0.025",
        "probe_smtp_phase_duration_seconds{phase=\"auth\"} 0",
        "probe_smtp_failure_reason{stage=\"done\",reason=\"ok\"} 1",
        "probe_smtp_state 0",
        "probe_smtp_reply_code{stage=\"starttls\"} 220",
        "probe_smtp_starttls_offered 1",
        "probe_smtp_capability{capability=\"AUTH\"} 1",
        "probe_smtp_max_message_size_bytes 10240000",
        "probe_smtp_certificate_not_after_timestamp_seconds{depth=\"0\"} 1790805600",
        "probe_smtp_certificate_not_before_timestamp_seconds{depth=\"0\"} 1785664800",
        "probe_smtp_certificate_verified 1",
        "probe_smtp_certificate_name_match 1",
        "probe_smtp_certificate_pin_match 1",
        "probe_smtp_ocsp_staple{status=\"none\"} 0",
        "probe_smtp_ocsp_staple{status=\"good\"} 0",
        "probe_smtp_ocsp_staple{status=\"revoked\"} 1",
        "probe_smtp_ocsp_staple{status=\"unknown\"} 0",
        "probe_smtp_ocsp_staple{status=\"invalid\"} 0",
    };
    struct sample sample;
    struct sp_pin pin = {.kind = SP_PIN_KEY};
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample.options.pins = (struct sp_pins){&pin, 1};
    sample.evidence->pin = (struct sp_pin_facts){.tested = true, .matched = true};
    sample.evidence->tls.ocsp_requested = true;
    sample.evidence->ocsp =
        (struct sp_ocsp){.present = true, .valid = true, .status = SP_OCSP_REVOKED};
    char *text = render(&sample, 1);
    check_format(text);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect_line(text, lines[i]);
    assert_null(strstr(text, "target="));
    assert_null(strstr(text, "capability=\"PIPELINING\"")); /* offered before TLS only */
    free(text);
}

/* Certificate metrics are there although verification fails; no chain, no end of it. */
static void test_expired(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, -1);
    sample.evidence->verify.trusted = false;
    sample.evidence->verify.path_count = 0;
    sample_problem(&sample, SP_REASON_CERTIFICATE_EXPIRED, "expired yesterday");
    sample_problem(&sample, SP_REASON_CERTIFICATE_EXPIRED, "expired, the same again");
    char *text = render(&sample, 1);
    check_format(text);
    expect_line(text, "probe_success 0");
    expect_line(text,
                "probe_smtp_failure_reason{stage=\"verify\",reason=\"certificate-expired\"} 1");
    expect_line(text, "probe_smtp_finding{reason=\"certificate-expired\",state=\"CRITICAL\"} 1");
    expect_line(text, "probe_smtp_certificate_verified 0");
    expect_line(text, "probe_smtp_state 2");
    assert_non_null(strstr(text, "\nprobe_ssl_earliest_cert_expiry 17"));
    assert_null(strstr(text, "probe_ssl_last_chain_expiry"));
    assert_non_null(strstr(text, "\nprobe_ssl_last_chain_info{fingerprint_sha256=\"0011"));
    free(text);
}

static void test_what_counts_as_success(void **state)
{
    struct sample sample;
    char *text;
    (void)state;
    /* A warning about a session that went through. */
    sample_init(&sample, SP_TLS_OPPORTUNISTIC);
    sample_plain(&sample);
    text = render(&sample, 1);
    check_format(text);
    expect_line(text, "probe_success 1");
    expect_line(text, "probe_smtp_state 1");
    expect_line(text, "probe_smtp_starttls_offered 0");
    expect_line(text, "probe_smtp_failure_reason{stage=\"done\",reason=\"ok\"} 1");
    expect_line(text, "probe_smtp_finding{reason=\"starttls-not-supported\",state=\"WARNING\"} 1");
    free(text);
    /* A session that ended early, with the same state. */
    sample_init(&sample, SP_TLS_OPPORTUNISTIC);
    sample_reply(&sample, SP_PHASE_BANNER, 421, "later");
    sp_evidence_fail(sample.evidence, SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, 0, NULL);
    text = render(&sample, 1);
    check_format(text);
    expect_line(text, "probe_success 0");
    expect_line(text, "probe_smtp_state 1");
    expect_line(text, "probe_smtp_reply_code{stage=\"banner\"} 421");
    assert_null(strstr(text, "starttls_offered"));
    free(text);
    /* A pattern that doesn't match. */
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.options.expect = "^220 other";
    text = render(&sample, 1);
    expect_line(text, "probe_failed_due_to_regex 1");
    expect_line(text, "probe_success 0");
    expect_line(text, "probe_smtp_failure_reason{stage=\"banner\",reason=\"banner-mismatch\"} 1");
    free(text);
    /* A lost reply to QUIT. */
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sp_evidence_fail(sample.evidence, SP_REASON_CONNECTION_RESET, SP_PHASE_QUIT, 0, NULL);
    text = render(&sample, 1);
    expect_line(text, "probe_success 1");
    free(text);
}

/* Whatever a server sends, the names of the series are the same. */
static void test_server_text_is_no_label(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_STARTTLS);
    sample_tls(&sample, 29.5);
    sample_offer(&sample, &sample.evidence->tls_ehlo, "PWNED");
    sample.evidence->replies[0].lines[0] = sample_text("pwned\"} 1\nprobe_success 0");
    sample.evidence->tls.certs[0].subject_text = "CN=pwned";
    char *text = render(&sample, 1);
    check_format(text);
    assert_null(strstr(text, "pwned"));
    assert_null(strstr(text, "PWNED"));
    free(text);
}

static void test_several(void **state)
{
    static const char *const inputs[] = {"mx.example.org", "we\"ird\\\n\xff", "mx.example.org",
                                         "mx.example.org"};
    static const char *const ips[] = {"192.0.2.1", "192.0.2.3", "192.0.2.2", "192.0.2.1"};
    struct sample samples[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        sample_init(&samples[i], SP_TLS_NONE);
        sample_plain(&samples[i]);
        samples[i].endpoint.input = inputs[i];
        samples[i].evidence->ip = ips[i];
    }
    char *text = render(samples, 4);
    check_format(text);
    expect_line(text, "probe_success{target=\"mx.example.org\",ip=\"192.0.2.1\"} 1");
    expect_line(text, "probe_success{target=\"mx.example.org\",ip=\"192.0.2.2\"} 1");
    /* The label writer shows control octets as \x0a, with the backslash escaped for the format. */
    assert_non_null(strstr(text, "\nprobe_success{target=\"we\\\"ird\\\\"));
    assert_null(strstr(text, "\xff"));
    free(text);
}

static void test_ipv6_and_nothing(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, SP_TLS_NONE);
    sample_plain(&sample);
    sample.evidence->ip = "2001:db8::1";
    sample.evidence->family = AF_INET6;
    char *text = render(&sample, 1);
    expect_line(text, "probe_ip_protocol 6");
    free(text);
    sample_init(&sample, SP_TLS_NONE);
    sample.evidence->ip = NULL;
    sample.evidence->family = 0;
    sp_evidence_fail(sample.evidence, SP_REASON_DNS_NXDOMAIN, SP_PHASE_RESOLVE, 0, NULL);
    text = render(&sample, 1);
    check_format(text);
    expect_line(text, "probe_ip_protocol 0");
    assert_null(strstr(text, "probe_ip_addr_hash"));
    free(text);
    text = render(NULL, 0);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_what_counts_as_success),
        cmocka_unit_test(test_server_text_is_no_label),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_ipv6_and_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
