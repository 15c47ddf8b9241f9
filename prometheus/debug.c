/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/debug.h"

#include "output/exposition.h"
#include "output/facts.h"
#include "probe/limits.h"
#include "prometheus/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000

/* Where lines go, and from when on their offsets count. */
struct story {
    struct sp_buf *out;
    struct sp_buf line, text; /* in the making */
    int64_t started_ms;
    bool ok;
};

/* Behind the message come names and values, ended by NULL. */
__attribute__((sentinel)) static void tell(struct story *story, int64_t at_ns,
                                           enum sp_log_level level, const char *message, ...)
{
    va_list fields;

    story->line.len = 0;
    va_start(fields, message);
    story->ok = story->ok &&
                sp_log_line(&story->line, SP_LOG_LOGFMT, story->started_ms + at_ns / NS_PER_MS,
                            level, message, fields) &&
                sp_buf_append(story->out, story->line.data, story->line.len);
    va_end(fields);
}

/* Nanoseconds as seconds: "0.088". */
static void format_seconds(char *out, size_t size, int64_t ns)
{
    snprintf(out, size, "%" PRId64 ".%06d", ns / 1000000000, (int)(ns % 1000000000 / 1000));
}

static void tell_begin(struct story *story, const struct sp_outcome *outcome)
{
    char seconds[32];

    format_seconds(seconds, sizeof seconds, (int64_t)outcome->options.timeout_ms * NS_PER_MS);
    tell(story, 0, SP_LOG_INFO, "Beginning probe", "at_ms", "0", "module", outcome->module->name,
         "target", outcome->target, "timeout_seconds", seconds, NULL);
}

static void tell_lookup(struct story *story, const struct sp_evidence *evidence)
{
    const struct sp_span *span = &evidence->spans[SP_PHASE_RESOLVE];
    char at[SP_FACT_SIZE];

    if (!evidence->resolved || span->start_ns < 0)
        return;
    sp_fact_ms(at, span->start_ns + span->ns);
    for (size_t i = 0; i < evidence->address_count; i++)
        tell(story, span->start_ns + span->ns, SP_LOG_INFO, "Resolved target address", "at_ms", at,
             "ip", evidence->addresses[i], NULL);
}

static void tell_attempts(struct story *story, const struct sp_evidence *evidence)
{
    int64_t start = evidence->spans[SP_PHASE_CONNECT].start_ns;

    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct sp_attempt *attempt = &evidence->attempts[i];
        char took[SP_FACT_SIZE];

        /* When it began is not known; that it was no sooner than the phase is. */
        sp_fact_ms(took, attempt->ns);
        tell(story, start < 0 ? 0 : start,
             attempt->reason == SP_REASON_CANCELLED ? SP_LOG_INFO : SP_LOG_WARN,
             attempt->reason == SP_REASON_CANCELLED ? "Called off a connection attempt"
                                                    : "Failed to connect",
             "ip", attempt->ip, "reason", sp_reason_info(attempt->reason)->word, "took_ms", took,
             NULL);
    }
}

/* A NUL of the server would end the value, so the text is made safe before it is quoted. */
static void tell_line(struct story *story, const struct sp_transcript_line *line)
{
    char at[SP_FACT_SIZE];

    sp_fact_ms(at, line->at_ns);
    story->text.len = 0;
    story->ok =
        story->ok && sp_buf_append_str(&story->text, sp_fact_arrow(line)) &&
        sp_safe_append(&story->text, SP_SAFE_TERMINAL, line->text.data, line->text.len, 0) &&
        sp_buf_append(&story->text, "", 1);
    if (story->ok)
        tell(story, line->at_ns, line->direction == SP_NOTE ? SP_LOG_INFO : SP_LOG_DEBUG,
             (const char *)story->text.data, "at_ms", at, NULL);
}

static void tell_dialogue(struct story *story, const struct sp_transcript *transcript)
{
    for (const struct sp_transcript_line *line = transcript->first; line != NULL && story->ok;
         line = line->next)
        tell_line(story, line);
    if (transcript->cut && transcript->last != NULL)
        tell(story, transcript->last->at_ns, SP_LOG_WARN, "The transcript is cut here", NULL);
}

static enum sp_log_level level_of(enum sp_state state)
{
    switch (state) {
    case SP_STATE_OK: return SP_LOG_INFO;
    case SP_STATE_WARNING: return SP_LOG_WARN;
    default: return SP_LOG_ERROR;
    }
}

static void tell_findings(struct story *story, const struct sp_result *result)
{
    int64_t end = result->evidence->total_ns;

    for (size_t i = 0; i < result->finding_count; i++) {
        const struct sp_finding *finding = &result->findings[i];

        tell(story, end, level_of(finding->state), finding->message, "state",
             sp_state_name(finding->state), "reason", sp_reason_info(finding->reason)->word,
             "stage", sp_phase_info(finding->phase)->name, NULL);
    }
}

static void tell_end(struct story *story, const struct sp_result *result)
{
    bool succeeded = sp_exposition_succeeded(result);
    int64_t end = result->evidence->total_ns;
    char at[SP_FACT_SIZE], seconds[32];

    sp_fact_ms(at, end);
    format_seconds(seconds, sizeof seconds, end);
    tell(story, end, succeeded ? SP_LOG_INFO : SP_LOG_ERROR,
         succeeded ? "Probe succeeded" : "Probe failed", "at_ms", at, "duration_seconds", seconds,
         NULL);
}

bool sp_debug_write_log(const struct sp_outcome *outcome, struct sp_buf *out)
{
    const struct sp_evidence *evidence = outcome->result.evidence;
    struct story story = {.out = out, .started_ms = evidence->started_ms, .ok = true};

    sp_buf_init(&story.line, SP_LIMIT_LINE * 2);
    sp_buf_init(&story.text, SP_LIMIT_LINE);
    tell_begin(&story, outcome);
    tell_lookup(&story, evidence);
    tell_attempts(&story, evidence);
    tell_dialogue(&story, &evidence->transcript);
    tell_findings(&story, &outcome->result);
    tell_end(&story, &outcome->result);
    sp_buf_free(&story.line);
    sp_buf_free(&story.text);
    return story.ok;
}

static bool write_metrics(const struct sp_outcome *outcome, struct sp_buf *out)
{
    struct sp_result result = outcome->result;
    const struct sp_report report = {.results = &result, .count = 1, .state = result.state};
    struct sp_writer writer = {.fd = -1, .buf = *out};

    sp_exposition_write_report(&writer, SP_EXPOSITION_TEXT, &report);
    *out = writer.buf;
    return writer.error == 0;
}

bool sp_debug_write(const struct sp_outcome *outcome, struct sp_buf *out)
{
    return sp_buf_append_str(out, "Logs for the probe:\n") && sp_debug_write_log(outcome, out) &&
           sp_buf_append_str(out, "\n\nMetrics that would have been returned:\n") &&
           write_metrics(outcome, out) && sp_buf_append_str(out, "\n\nModule configuration:\n") &&
           sp_config_print_module(outcome->module, out);
}
