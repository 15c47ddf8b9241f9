/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evidences built by hand, for the tests of checks and outputs: no network, fixed times. */
#ifndef SP_TESTS_UNIT_SAMPLE_H
#define SP_TESTS_UNIT_SAMPLE_H

#include "checks/check.h"
#include "probe/evidence.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SAMPLE_START_MS 1788256800123 /* 2026-09-01T10:00:00.123Z */
#define SAMPLE_DAY 86400

/* What one evidence needs around it. Free with sample_free, or judge it and free the result. */
struct sample {
    struct sp_options options;
    struct sp_endpoint endpoint;
    struct sp_evidence *evidence;
    struct sp_result result;
};

static inline struct sp_text sample_text(const char *text)
{
    return (struct sp_text){text, strlen(text)};
}

/* A connection to mx.example.org (192.0.2.1) port 25 that has not yet heard anything. */
static inline void sample_init(struct sample *sample, enum sp_tls_mode tls)
{
    memset(sample, 0, sizeof *sample);
    sp_options_init(&sample->options);
    sample->endpoint = (struct sp_endpoint){
        .input = "mx.example.org",
        .host = "mx.example.org",
        .port = tls == SP_TLS_IMPLICIT ? 465 : 25,
        .tls = tls,
        .verify = tls == SP_TLS_OPPORTUNISTIC || tls == SP_TLS_NONE ? SP_VERIFY_REPORT
                                                                    : SP_VERIFY_REQUIRE,
        .server_name = "mx.example.org",
        .options = &sample->options};
    sample->evidence = sp_evidence_new(&sample->endpoint);
    if (sample->evidence == NULL)
        abort();
    sample->evidence->started_ms = SAMPLE_START_MS;
    sample->evidence->total_ns = 88000000;
    sample->evidence->ip = "192.0.2.1";
    sample->evidence->family = AF_INET;
}

static inline struct sp_reply *sample_reply(struct sample *sample, enum sp_phase phase, int code,
                                            const char *text)
{
    struct sp_evidence *evidence = sample->evidence;
    if (evidence->replies == NULL)
        evidence->replies = sp_arena_array(evidence->arena, 16, sizeof *evidence->replies);
    struct sp_text *line = sp_arena_alloc(evidence->arena, sizeof *line);
    if (evidence->replies == NULL || line == NULL || evidence->reply_count == 16)
        abort();
    struct sp_reply *reply = &evidence->replies[evidence->reply_count++];
    *line = sample_text(text);
    *reply = (struct sp_reply){.phase = phase, .code = code, .lines = line, .line_count = 1};
    if (phase == SP_PHASE_BANNER)
        evidence->banner = reply;
    return reply;
}

static inline void sample_span(struct sample *sample, enum sp_phase phase, int64_t start_ms,
                               int64_t ms)
{
    sample->evidence->spans[phase] = (struct sp_span){start_ms * 1000000, ms * 1000000};
}

static inline void sample_offer(struct sample *sample, struct sp_ehlo *ehlo, const char *keyword)
{
    struct sp_arena *arena = sample->evidence->arena;
    if (ehlo->items == NULL)
        ehlo->items = sp_arena_array(arena, 16, sizeof *ehlo->items);
    if (ehlo->items == NULL || ehlo->count == 16)
        abort();
    ehlo->tried = ehlo->ok = true;
    ehlo->items[ehlo->count++].keyword = keyword;
    if (ehlo == &sample->evidence->plain && strcmp(keyword, "STARTTLS") == 0)
        sample->evidence->starttls_offered = true;
}

/* Greeting and EHLO without STARTTLS: complete for --tls none. */
static inline void sample_plain(struct sample *sample)
{
    sample_reply(sample, SP_PHASE_BANNER, 220, "mx.example.org ESMTP");
    sample_span(sample, SP_PHASE_CONNECT, 0, 8);
    sample_span(sample, SP_PHASE_BANNER, 8, 20);
    if (sample->endpoint.tls == SP_TLS_IMPLICIT)
        return;
    sample_reply(sample, SP_PHASE_EHLO, 250, "mx.example.org");
    sample_offer(sample, &sample->evidence->plain, "PIPELINING");
    sample_offer(sample, &sample->evidence->plain, "8BITMIME");
    sample_span(sample, SP_PHASE_EHLO, 28, 9);
}

/* One certificate that is valid for so many days more, trusted and for the right name. */
static inline void sample_certificate(struct sample *sample, double days)
{
    struct sp_evidence *evidence = sample->evidence;
    static const uint8_t serial[] = {0x00, 0x8a, 0x1b};
    struct sp_cert *cert = sp_arena_alloc(evidence->arena, sizeof *cert);
    int *path = sp_arena_alloc(evidence->arena, sizeof *path);
    if (cert == NULL || path == NULL)
        abort();
    cert->parsed = cert->time_valid = true;
    cert->subject_text = "CN=mx.example.org";
    cert->issuer_text = "CN=Test Authority";
    cert->serial.data = serial;
    cert->serial.len = sizeof serial;
    cert->not_before = SAMPLE_START_MS / 1000 - 30 * SAMPLE_DAY;
    cert->not_after = SAMPLE_START_MS / 1000 + (int64_t)(days * SAMPLE_DAY);
    memcpy(cert->sha256, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 65);
    evidence->tls.certs = cert;
    evidence->tls.cert_count = 1;
    evidence->verify.done = evidence->verify.trusted = true;
    evidence->verify.name_tested = evidence->verify.name_match = true;
    evidence->verify.path = path;
    evidence->verify.path_count = 1;
    evidence->verify.authenticated_by = "pkix";
}

/* The whole session with TLS 1.3, all well. */
static inline void sample_tls(struct sample *sample, double days)
{
    struct sp_evidence *evidence = sample->evidence;
    sample_plain(sample);
    if (sample->endpoint.tls != SP_TLS_IMPLICIT) {
        sample_offer(sample, &evidence->plain, "STARTTLS");
        evidence->starttls_tried = true;
        evidence->starttls_code = 220;
        sample_reply(sample, SP_PHASE_STARTTLS, 220, "go ahead");
        sample_span(sample, SP_PHASE_STARTTLS, 37, 8);
    }
    evidence->tls = (struct sp_tls_facts){.tried = true,
                                          .established = true,
                                          .version = 0x0304,
                                          .version_text = "TLSv1.3",
                                          .cipher = "TLS_AES_256_GCM_SHA384",
                                          .group = "x25519",
                                          .alert = -1};
    sample_span(sample, SP_PHASE_TLS, 45, 25);
    sample_certificate(sample, days);
    sample_reply(sample, SP_PHASE_EHLO_TLS, 250, "mx.example.org");
    sample_offer(sample, &evidence->tls_ehlo, "AUTH");
    sample_offer(sample, &evidence->tls_ehlo, "SIZE");
    evidence->tls_ehlo.size_state = SP_SIZE_VALID;
    evidence->tls_ehlo.size = 10240000;
    sample_span(sample, SP_PHASE_EHLO_TLS, 70, 8);
}

static inline void sample_problem(struct sample *sample, enum sp_reason reason, const char *detail)
{
    struct sp_verify *verify = &sample->evidence->verify;
    if (verify->problems == NULL)
        verify->problems = sp_arena_array(sample->evidence->arena, 16, sizeof *verify->problems);
    if (verify->problems == NULL || verify->problem_count == 16)
        abort();
    verify->problems[verify->problem_count++] =
        (struct sp_problem){.reason = reason, .depth = 0, .detail = detail};
}

static inline const struct sp_result *sample_judge(struct sample *sample)
{
    sp_result_judge(&sample->result, sample->evidence);
    return &sample->result;
}

/* The finding with this reason, or NULL. */
static inline const struct sp_finding *sample_find(const struct sample *sample,
                                                   enum sp_reason reason)
{
    for (size_t i = 0; i < sample->result.finding_count; i++)
        if (sample->result.findings[i].reason == reason)
            return &sample->result.findings[i];
    return NULL;
}

static inline void sample_free(struct sample *sample)
{
    sp_evidence_free(sample->evidence);
    memset(sample, 0, sizeof *sample);
}

#endif
