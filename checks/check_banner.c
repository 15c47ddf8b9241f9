/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The greeting (RFC 5321 §3.1, §4.3.2): 220, in time, nothing behind it, and what --expect asks for. */
#include "checks/failure.h"
#include "checks/pattern.h"
#include "checks/wording.h"
#include "probe/buf.h"
#include "probe/limits.h"

#include <stdio.h>

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE && phase == SP_PHASE_BANNER;
}

/* A server that waits for a TLS ClientHello says nothing: to a plain client it looks dead. Ports that
 * are never used in that way need no such advice. */
static const char *find_hint(const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    enum sp_reason reason = evidence->failure.reason;
    bool silent = reason == SP_REASON_REPLY_TIMEOUT || reason == SP_REASON_DEADLINE_EXCEEDED ||
                  reason == SP_REASON_PROTOCOL_ERROR || reason == SP_REASON_CONNECTION_CLOSED;
    if (!silent || endpoint->tls == SP_TLS_IMPLICIT || endpoint->unix_path != NULL ||
        endpoint->port == 24 || endpoint->port == 25 || endpoint->port == 587)
        return NULL;
    return "Try implicit TLS (smtps://HOST or --tls implicit): a server with TLS from the start, as "
           "on port 465, waits for the handshake before it says anything. If that is not it, try "
           "--reply-timeout 60s and look at the raw answer with `nc HOST PORT`.";
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    sp_failure_add(evidence, result)->hint = find_hint(evidence);
}

/* The engine ends a session after such a banner; this is for evidence that says no failure. */
static void judge_code(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_reply *banner = evidence->banner;
    char quoted[SP_WORDING_SIZE];
    enum sp_reason reason = SP_REASON_UNEXPECTED_REPLY;
    if (banner->code == 220 || evidence->failure.reason != SP_REASON_OK)
        return;
    if (banner->code == 421 || banner->code == 554)
        reason = SP_REASON_SERVICE_NOT_AVAILABLE;
    else if (banner->code >= 400 && banner->code < 500)
        reason = SP_REASON_REJECTED_TEMPORARY;
    else if (banner->code >= 500)
        reason = SP_REASON_REJECTED_PERMANENT;
    sp_result_add_state(result, reason,
                        banner->code >= 500 ? SP_STATE_CRITICAL : sp_reason_info(reason)->state,
                        SP_PHASE_BANNER, "the connection was answered %s",
                        sp_word_reply(quoted, sizeof quoted, banner));
}

/* All lines as "CODE text", each on a line of its own. */
static bool join_lines(const struct sp_reply *reply, struct sp_buf *out)
{
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct sp_text *text = &reply->lines[i];
        if (!sp_buf_printf(out, "%s%03d%s", i > 0 ? "\n" : "", reply->code,
                           text->len > 0 ? " " : "") ||
            !sp_buf_append(out, text->data, text->len))
            return false;
    }
    return reply->line_count > 0 || sp_buf_printf(out, "%03d", reply->code);
}

static enum sp_pattern_match search_banner(const struct sp_reply *banner, const char *expect,
                                           char *error, size_t size)
{
    enum sp_pattern_match match = SP_PATTERN_GAVE_UP;
    struct sp_buf text;
    struct sp_pattern *pattern = sp_pattern_compile(expect, error, size);
    if (pattern == NULL)
        return match;
    /* Each line grows by its code and a line end. */
    sp_buf_init(&text, SP_LIMIT_REPLY_BYTES + 8 * SP_LIMIT_REPLY_LINES);
    if (join_lines(banner, &text))
        match = sp_pattern_search(pattern, (const char *)text.data, text.len);
    sp_buf_free(&text);
    sp_pattern_free(pattern);
    return match;
}

static void judge_expect(const struct sp_evidence *evidence, const struct sp_options *options,
                         struct sp_result *result)
{
    char quoted[SP_WORDING_SIZE], error[256] = "";
    if (options->expect == NULL)
        return;
    switch (search_banner(evidence->banner, options->expect, error, sizeof error)) {
    case SP_PATTERN_YES: break;
    case SP_PATTERN_NO:
        sp_result_add(result, SP_REASON_BANNER_MISMATCH, SP_PHASE_BANNER,
                      "the banner %s does not match \"%.80s\"",
                      sp_word_reply(quoted, sizeof quoted, evidence->banner), options->expect);
        break;
    case SP_PATTERN_GAVE_UP:
        sp_result_add_state(result, SP_REASON_BANNER_MISMATCH, SP_STATE_UNKNOWN, SP_PHASE_BANNER,
                            "%s",
                            error[0] != '\0' ? error
                                             : "the pattern of --expect costs too much "
                                               "work on this banner; matching was stopped")
            ->hint = "Write a simpler pattern: avoid nested repetitions such as (a+)+.";
        break;
    }
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    if (evidence->early_talker && !sp_failed_with(evidence, SP_REASON_EARLY_TALKER))
        sp_result_add(result, SP_REASON_EARLY_TALKER, SP_PHASE_BANNER,
                      "the server sent more behind its banner before anything was asked");
    judge_code(evidence, result);
    judge_expect(evidence, options, result);
}

const struct sp_check sp_check_banner = {
    .name = "banner",
    .help = "whether the server greets with 220, in time and as --expect asks",
    .needs = SP_NEED_BANNER,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
