/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/detail.h"
#include "output/chain.h"
#include "output/facts.h"
#include "output/style.h"
#include "output/waterfall.h"
#include "probe/limits.h"

#include <errno.h>
#include <string.h>

#define FINDING_INDENT 10u /* where "what", "why" and "next" have their text */
#define TIME_COLUMNS 10u   /* of a transcript: "30000.0 ms" */
#define TEXT_INDENT (2u + TIME_COLUMNS + 2u + 3u) /* a transcript's text, behind time and arrow */

static void write_state(struct sp_flow *flow, enum sp_state state)
{
    flow->tone = sp_tone_of_state(state);
    sp_flow_wordsf(flow, "%s %s", sp_mark_of_state(flow->render, state), sp_state_name(state));
    flow->tone = SP_TONE_PLAIN;
}

/* What the target's words don't tell: " (192.0.2.1, as mx.example.org)". */
static bool add_identity(struct sp_buf *out, const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    const char *host = endpoint->host, *ip = evidence->ip, *name = endpoint->server_name;
    bool with_ip = host != NULL && ip != NULL && strcmp(host, ip) != 0;
    bool with_name = host != NULL && name != NULL && strcmp(host, name) != 0;

    if (!with_ip && !with_name)
        return true;
    return sp_buf_printf(out, " (%s%s%s%s)", with_ip ? ip : "", with_ip && with_name ? ", " : "",
                         with_name ? "as " : "", with_name ? name : "");
}

/* True when the verdict's message is the worst finding's. */
static bool is_repeated(const struct sp_result *result)
{
    return result->finding_count > 0 && strcmp(result->findings[0].message, result->message) == 0;
}

/* The only finding's message is told once, by the verdict; of several each has its own. */
static bool is_told_by_verdict(const struct sp_result *result)
{
    return result->finding_count == 1 && is_repeated(result);
}

/* "✖ CRITICAL mx.example.org:25 (192.0.2.1): the certificate expired 12 days ago": one line, or two where
 * the message stands in full among several findings. */
static void write_verdict(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_result *result)
{
    struct sp_buf target;
    struct sp_flow flow;

    sp_buf_init(&target, SP_LIMIT_LINE);
    sp_flow_begin(&flow, writer, render, 2, 0);
    write_state(&flow, result->state);
    flow.tone = SP_TONE_STRONG;
    if (!sp_fact_target(&target, result->evidence->endpoint) ||
        !add_identity(&target, result->evidence) || !sp_buf_append_str(&target, ":"))
        sp_writer_fail(writer, ENOMEM);
    sp_flow_words(&flow, (const char *)target.data, target.len);
    flow.tone = SP_TONE_PLAIN;
    if (is_repeated(result) && !is_told_by_verdict(result))
        sp_flow_cut(&flow, result->message, strlen(result->message));
    else
        sp_flow_words(&flow, result->message, strlen(result->message));
    sp_flow_end(&flow);
    sp_buf_free(&target);
}

static void write_labelled(struct sp_writer *writer, const struct sp_render *render,
                           const char *label, const char *text)
{
    struct sp_flow flow;

    if (text == NULL || text[0] == '\0')
        return;
    sp_write_str(writer, "    ");
    sp_tone_begin(writer, render, SP_TONE_DIM);
    sp_write_cell(writer, render, label, strlen(label), 4, false);
    sp_tone_end(writer, render, SP_TONE_DIM);
    sp_write_str(writer, "  ");
    sp_flow_begin(&flow, writer, render, FINDING_INDENT, FINDING_INDENT);
    sp_flow_words(&flow, text, strlen(text));
    sp_flow_end(&flow);
}

/* A reason is explained the first time; among many endpoints the tenth time would only bury the rest. */
static void write_finding(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_result *result, size_t index, const char **told)
{
    const struct sp_finding *finding = &result->findings[index];
    const struct sp_reason_info *reason = sp_reason_info(finding->reason);
    const char *hint = sp_fact_hint(finding), *next = hint != NULL ? hint : "";
    struct sp_flow flow;

    sp_write_str(writer, index == 0 ? "\n  " : "  "); /* air between what was seen and judged */
    sp_flow_begin(&flow, writer, render, 4, 2);
    write_state(&flow, finding->state);
    flow.tone = SP_TONE_STRONG;
    sp_flow_wordsf(&flow, "%s", reason->word);
    flow.tone = SP_TONE_DIM;
    sp_flow_wordsf(&flow, "(%s)", sp_phase_info(finding->phase)->name);
    sp_flow_end(&flow);
    if (!is_told_by_verdict(result))
        write_labelled(writer, render, "what", finding->message);
    if (finding->state == SP_STATE_OK && render->verbose == 0)
        return;
    if (told[finding->reason] == NULL)
        write_labelled(writer, render, "why", reason->explanation);
    if (told[finding->reason] == NULL || strcmp(told[finding->reason], next) != 0)
        write_labelled(writer, render, "next", next);
    told[finding->reason] = next;
}

static void write_replies(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->reply_count; i++) {
        const struct sp_reply *reply = &evidence->replies[i];
        char took[SP_FACT_SIZE];
        struct sp_flow flow;

        sp_fact_time(took, reply->ns);
        sp_flow_begin_row(&flow, writer, render, i == 0 ? "replies" : "");
        sp_flow_itemf(&flow, "%s %d", sp_phase_info(reply->phase)->name, reply->code);
        if (reply->enhanced != NULL)
            sp_flow_item(&flow, reply->enhanced, strlen(reply->enhanced));
        sp_flow_itemf(&flow, "%s", took);
        for (unsigned bit = 0; bit < SP_QUIRK_COUNT; bit++)
            if ((reply->quirks & (1u << bit)) != 0)
                sp_flow_itemf(&flow, "quirk: %s", sp_quirk_name(bit));
        sp_flow_end(&flow);
        for (size_t j = 0; j < reply->line_count; j++) {
            sp_write_spaces(writer, SP_ROW_INDENT + 2);
            sp_flow_begin(&flow, writer, render, SP_ROW_INDENT + 4, SP_ROW_INDENT + 2);
            sp_flow_words(&flow, reply->lines[j].data, reply->lines[j].len);
            sp_flow_end(&flow);
        }
    }
}

static void write_transcript(struct sp_writer *writer, const struct sp_render *render,
                             const struct sp_transcript *transcript)
{
    const struct sp_transcript_line *line = transcript->first;
    struct sp_flow flow;

    sp_write_str(writer, "\n");
    for (; line != NULL; line = line->next) {
        char at[SP_FACT_SIZE];

        sp_fact_time(at, line->at_ns);
        sp_write_str(writer, "  ");
        sp_tone_begin(writer, render, SP_TONE_DIM);
        sp_write_cell(writer, render, at, strlen(at), TIME_COLUMNS, true);
        sp_tone_end(writer, render, SP_TONE_DIM);
        sp_write_str(writer, "  ");
        sp_write_str(writer, sp_fact_arrow(line));
        sp_flow_begin(&flow, writer, render, TEXT_INDENT, TEXT_INDENT);
        sp_flow_words(&flow, line->text.data, line->text.len);
        sp_flow_end(&flow);
    }
    if (transcript->cut)
        sp_write_str(writer, "  (the transcript is cut here)\n");
}

void sp_detail_write(struct sp_writer *writer, const struct sp_render *render,
                     const struct sp_result *result, const char **told)
{
    const struct sp_evidence *evidence = result->evidence;

    write_verdict(writer, render, result);
    sp_waterfall_write(writer, render, result);
    sp_detail_write_facts(writer, render, result);
    if (render->verbose > 0)
        write_replies(writer, render, evidence);
    for (size_t i = 0; i < result->finding_count; i++)
        write_finding(writer, render, result, i, told);
    if (render->certificates || render->pem)
        sp_chain_write(writer, render, result);
    if (render->transcript && evidence->transcript.first != NULL)
        write_transcript(writer, render, &evidence->transcript);
}
