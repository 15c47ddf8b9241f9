/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Nagios output over text that a hostile server has chosen, in each place where such text can be and with each
 * reason to fail. Icinga takes any line with "|" and "=" for performance data, and web pages take "<".
 */
#include "output/output.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 3000u
#define TEXT_MAX 200u

/* xorshift; the seed is fixed so that a failure comes back. */
static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % below;
}

/* Pieces of what an attacker would try, mixed with any octets. No NUL: some places hold C strings. */
static const char *make_text(struct sample *sample, uint32_t *seed)
{
    static const char *const pieces[] = {"|",
                                         "|x=1;;;;",
                                         "'",
                                         "\"",
                                         "=",
                                         "\n",
                                         "\r\n",
                                         "\nSMTP OK - fine|time=0s;;;0\n",
                                         "<b>",
                                         ">",
                                         "\x1b[2J",
                                         "\x7f",
                                         "\xc2\x9b",
                                         "\xe2\x80\xae",
                                         "\xe2\x80\xa8",
                                         "\xff",
                                         "\xc0\xbc",
                                         "%n%s",
                                         "\\x7c",
                                         "\t",
                                         " ",
                                         "\xc3\xa9",
                                         "\xe6\xbc\xa2",
                                         "&#124;",
                                         "; ",
                                         "\b\b\b",
                                         "\xef\xbd\x9c"};
    char *text = sp_arena_alloc(sample->evidence->arena, TEXT_MAX + 32);
    size_t len = 0, wanted = draw(seed, TEXT_MAX);
    assert_non_null(text);
    while (len < wanted) {
        if (draw(seed, 3) == 0) {
            text[len++] = (char)(1 + draw(seed, 255));
            continue;
        }
        const char *piece = pieces[draw(seed, sizeof pieces / sizeof pieces[0])];
        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    text[len] = '\0';
    return text;
}

static void fill(struct sample *sample, uint32_t *seed)
{
    struct sp_evidence *evidence = sample->evidence;
    enum sp_reason reason = (enum sp_reason)draw(seed, SP_REASON_COUNT);
    enum sp_phase phase = (enum sp_phase)draw(seed, SP_PHASE_TIMED_COUNT);
    sample_tls(sample, 29.5);
    evidence->tls.certs[0].subject_text = make_text(sample, seed);
    evidence->tls.certs[0].issuer_text = make_text(sample, seed);
    for (size_t i = 0; i < evidence->reply_count; i++)
        evidence->replies[i].lines[0] = sample_text(make_text(sample, seed));
    sample_reply(sample, phase, 200 + (int)draw(seed, 400), make_text(sample, seed));
    sample_problem(sample, SP_REASON_CERTIFICATE_HOST_MISMATCH, make_text(sample, seed));
    evidence->canonical = make_text(sample, seed);
    for (int i = 0; i < 3; i++) {
        const char *line = make_text(sample, seed);
        sp_transcript_add(&evidence->transcript, evidence->arena, SP_FROM_SERVER, i == 1, 0, line,
                          strlen(line));
    }
    if (reason != SP_REASON_OK)
        sp_evidence_fail(evidence, reason, phase, (int)draw(seed, 120), make_text(sample, seed));
}

/* Octets that are no continuation count as columns: at least as many as there are characters. */
static void check_output(const char *text, size_t len, uint32_t round)
{
    size_t columns = 0, bars = 0;
    bool first = true;
    for (size_t i = 0; i < len; i++) {
        unsigned char octet = (unsigned char)text[i];
        if ((octet < ' ' && octet != '\n') || octet == 0x7f || octet == '<' || octet == '>')
            fail_msg("round %u: octet %02x in %s", round, octet, text);
        bars += octet == '|';
        columns += first && bars == 0 && (octet & 0xC0) != 0x80;
        if (octet == '|' && !first)
            fail_msg("round %u: a bar behind the first line in %s", round, text);
        first = first && octet != '\n';
        if (octet == '\n' && i + 1 < len &&
            (text[i + 1] == '\n' || strncmp(text + i + 1, "SMTP", 4) == 0))
            fail_msg("round %u: a line of the server's making in %s", round, text);
    }
    if (bars != 1 || columns > 79 || len == 0 || text[len - 1] != '\n')
        fail_msg("round %u: %zu bars, %zu columns in %s", round, bars, columns, text);
}

static void test_hostile_text(void **state)
{
    uint32_t seed = 20260901;
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct sample samples[2];
        struct sp_result results[2];
        size_t count = 1 + draw(&seed, 2);
        struct sp_render how = {.width = 80, .verbose = draw(&seed, 4)};
        struct sp_report report = {.results = results, .count = count};
        struct sp_writer writer;
        for (size_t i = 0; i < count; i++) {
            sample_init(&samples[i], (enum sp_tls_mode)(SP_TLS_NONE + draw(&seed, 4)));
            fill(&samples[i], &seed);
            if (i == 1)
                samples[i].endpoint.host = "other.example.org";
            results[i] = *sample_judge(&samples[i]);
            report.state = sp_state_worst(report.state, results[i].state);
            report.by_state[results[i].state]++;
        }
        sp_writer_init(&writer, -1);
        sp_output_find("nagios")->report(&writer, &how, &report);
        sp_write(&writer, "", 1);
        assert_int_equal(writer.error, 0);
        check_output((const char *)writer.buf.data, writer.buf.len - 1, round);
        assert_int_equal(strlen((const char *)writer.buf.data), writer.buf.len - 1);
        sp_writer_free(&writer);
        for (size_t i = 0; i < count; i++)
            sample_free(&samples[i]);
    }
}

/* A long name is cut on the first line and stands in full below it. */
static void test_long_names(void **state)
{
    char host[254];
    (void)state;
    for (size_t len = 1; len <= 253; len++) {
        struct sample sample;
        struct sp_writer writer;
        struct sp_render how = {.width = 80};
        struct sp_report report = {.count = 1};
        for (size_t i = 0; i < len; i++)
            host[i] = i % 60 == 59 ? '.' : 'a';
        host[len] = '\0';
        sample_init(&sample, SP_TLS_NONE);
        sample.endpoint.host = sample.endpoint.input = host;
        sample.evidence->ip = NULL;
        sp_evidence_fail(sample.evidence, SP_REASON_DNS_NXDOMAIN, SP_PHASE_RESOLVE, 0, NULL);
        struct sp_result result = *sample_judge(&sample);
        report.results = &result;
        report.state = result.state;
        report.by_state[result.state]++;
        sp_writer_init(&writer, -1);
        sp_output_find("nagios")->report(&writer, &how, &report);
        sp_write(&writer, "", 1);
        check_output((const char *)writer.buf.data, writer.buf.len - 1, (uint32_t)len);
        assert_non_null(strstr((const char *)strchr((const char *)writer.buf.data, '\n'), host));
        sp_writer_free(&writer);
        sample_free(&sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
