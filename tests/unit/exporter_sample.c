/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/exporter_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static const char yaml[] = "modules:\n"
                           "  smtp_starttls: {tls: starttls, timeout: 10s}\n"
                           "  smtp: {}\n"
                           "exporter:\n"
                           "  targets:\n"
                           "    - target: mx1.example.org:25\n"
                           "      module: smtp_starttls\n"
                           "      labels: {team: mail, instance: mx1}\n"
                           "    - target: smtps://mx2.example.org\n"
                           "      module: smtp\n";

struct sp_config *sample_config;
uint64_t sample_last_id;

/* --- making outcomes ----------------------------------------------------------------------------- */

int sample_load_config(void **state)
{
    struct sp_buf errors;

    (void)state;
    sp_buf_init(&errors, 65536);
    sample_config = sp_config_from_memory("test.yml", yaml, strlen(yaml), &errors);
    if (sample_config == NULL)
        fprintf(stderr, "%.*s\n", (int)errors.len, (const char *)errors.data);
    sp_buf_free(&errors);
    return sample_config == NULL;
}

int sample_free_config(void **state)
{
    (void)state;
    sp_config_unref(sample_config);
    sample_config = NULL;
    return 0;
}

struct sp_outcome *sample_outcome(const char *target)
{
    const struct sp_module *module = sp_config_module(sample_config, "smtp_starttls");
    struct sp_outcome *outcome = sp_outcome_new(sample_config, module);

    assert_non_null(outcome);
    outcome->id = ++sample_last_id;
    outcome->ended_ms = SAMPLE_NOW_MS - 30000;
    outcome->target = sp_arena_strdup(outcome->arena, target);
    outcome->options = module->options;
    return outcome;
}

/* A result of tests/golden under another owner: its memory is static, so only the evidence is new. */
struct sp_outcome *sample_outcome_of(enum fixture fixture)
{
    const struct sp_result *result = fixture_result(fixture);
    struct sp_outcome *outcome = sample_outcome(result->endpoint->input);
    struct sp_evidence *evidence = sp_evidence_new(result->endpoint);

    assert_non_null(evidence);
    struct sp_arena *arena = evidence->arena;
    *evidence = *result->evidence;
    evidence->arena = arena;
    outcome->endpoint = *result->endpoint;
    outcome->result = *result;
    outcome->result.evidence = evidence;
    return outcome;
}

/* A server whose every word is markup, judged by the checks as a probe's facts are. */
struct sp_outcome *sample_outcome_of_markup(const char *target)
{
    static const char banner[] =
        "220 " SAMPLE_SCRIPT " \"' onmouseover=alert(2) javascript:alert(3) " SAMPLE_BIDI
        "gro \x1b[2J\xFF &lt;";
    struct sp_outcome *outcome = sample_outcome(target);

    outcome->endpoint = (struct sp_endpoint){.input = outcome->target,
                                             .host = "mx.example.org",
                                             .port = 25,
                                             .tls = SP_TLS_NONE,
                                             .verify = SP_VERIFY_OFF,
                                             .options = &outcome->options};
    struct sp_evidence *evidence = sp_evidence_new(&outcome->endpoint);
    assert_non_null(evidence);
    struct sp_text *line = sp_arena_alloc(evidence->arena, sizeof(*line));
    struct sp_reply *reply = sp_arena_alloc(evidence->arena, sizeof(*reply));
    *line = (struct sp_text){banner + 4, sizeof(banner) - 5};
    *reply = (struct sp_reply){
        .phase = SP_PHASE_BANNER, .ns = MS, .code = 220, .lines = line, .line_count = 1};
    evidence->started_ms = SAMPLE_NOW_MS - 30100;
    evidence->total_ns = 20 * MS;
    evidence->ip = "192.0.2.1";
    evidence->family = AF_INET;
    evidence->spans[SP_PHASE_CONNECT] = (struct sp_span){0, MS};
    evidence->spans[SP_PHASE_BANNER] = (struct sp_span){MS, 19 * MS};
    evidence->banner = reply;
    evidence->replies = reply;
    evidence->reply_count = 1;
    sp_transcript_add(&evidence->transcript, evidence->arena, SP_FROM_SERVER, false, 2 * MS, banner,
                      sizeof(banner) - 1);
    sp_evidence_fail(evidence, SP_REASON_PROTOCOL_ERROR, SP_PHASE_EHLO, 0,
                     "the server sent " SAMPLE_SCRIPT);
    outcome->result.endpoint = &outcome->endpoint;
    sp_result_judge(&outcome->result, evidence);
    return outcome;
}

void sample_add(struct sp_history *history, struct sp_outcome *outcome)
{
    sp_history_add(history, outcome);
    sp_outcome_unref(outcome);
}

struct sp_history *sample_history(void)
{
    struct sp_history *history = sp_history_new(100);

    assert_non_null(history);
    for (int fixture = 0; fixture <= FIXTURE_INVALID; fixture++)
        sample_add(history, sample_outcome_of((enum fixture)fixture));
    sample_add(history, sample_outcome_of(FIXTURE_GOOD));
    sample_add(history,
               sample_outcome_of_markup("mx.example.org/" SAMPLE_SCRIPT "\"'&" SAMPLE_BIDI "\x01"));
    return history;
}

struct sp_page_context sample_context(struct sp_history *history)
{
    return (struct sp_page_context){.config = sample_config,
                                    .history = history,
                                    .prefix = "/x",
                                    .now_ms = SAMPLE_NOW_MS,
                                    .started_ms = SAMPLE_NOW_MS - 7200000,
                                    .in_flight = 3};
}
