/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The output for people: worst first; a table where there are many, and details where they help. */
#include "output/detail.h"
#include "output/facts.h"
#include "output/output.h"
#include "output/pem.h"
#include "output/style.h"
#include "output/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TABLE_ABOVE 5u   /* more endpoints than this need a table to be seen at a glance */
#define DETAILS_FULL 20u /* behind a table, after so many details only news get one */

/* The results that are shown of one state, in the order of the targets. */
static size_t pick(const struct sp_report *report, enum sp_state state,
                   const struct sp_result **out)
{
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++)
        if (report->results[i].state == state)
            out[count++] = &report->results[i];
    return count;
}

/* Worst first, and in the order of the targets where the states are the same. */
static size_t pick_all(const struct sp_report *report, bool quiet, const struct sp_result **out)
{
    static const enum sp_state order[] = {SP_STATE_CRITICAL, SP_STATE_WARNING, SP_STATE_UNKNOWN,
                                          SP_STATE_OK};
    size_t count = 0;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (!quiet || order[i] != SP_STATE_OK)
            count += pick(report, order[i], out + count);
    return count;
}

/* True when something is wrong that no endpoint before had. */
static bool has_news(const struct sp_result *result, const char *const *told)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].state != SP_STATE_OK && told[result->findings[i].reason] == NULL)
            return true;
    return false;
}

static void write_hidden(struct sp_writer *writer, const struct sp_render *render, size_t count)
{
    struct sp_flow flow;

    sp_write_str(writer, "\n");
    sp_flow_begin(&flow, writer, render, 2, 0);
    sp_flow_wordsf(&flow, "%zu more with the same reasons: see the table, or use -v", count);
    sp_flow_end(&flow);
}

/* All of a few endpoints; the troubled ones of many, which a table has listed already. */
static void write_details(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_result *const *results, size_t count, bool many)
{
    const char *told[SP_REASON_COUNT] = {NULL};
    bool selective = many && render->verbose == 0 && !render->certificates && !render->pem;
    size_t shown = 0, hidden = 0;

    for (size_t i = 0; i < count && writer->error == 0; i++) {
        if (selective && results[i]->state == SP_STATE_OK)
            continue;
        if (selective && shown >= DETAILS_FULL && !has_news(results[i], told)) {
            hidden++;
            continue;
        }
        if (many || shown > 0)
            sp_write_str(writer, "\n");
        sp_detail_write(writer, render, results[i], told);
        shown++;
    }
    if (hidden > 0)
        write_hidden(writer, render, hidden);
}

/* From the first endpoint's start to the last one's end, in tenths of a second. */
static int64_t measure_run(const struct sp_report *report)
{
    int64_t first = INT64_MAX, last = INT64_MIN;

    for (size_t i = 0; i < report->count; i++) {
        const struct sp_evidence *evidence = report->results[i].evidence;
        int64_t end = evidence->started_ms + evidence->total_ns / 1000000;

        if (evidence->total_ns <= 0)
            continue; /* never started: a broken target */
        first = evidence->started_ms < first ? evidence->started_ms : first;
        last = end > last ? end : last;
    }
    return last < first ? 0 : (last - first + 50) / 100;
}

/* "18 endpoints: 3 CRITICAL, 2 WARNING, 13 OK, in 2.1 s" */
static void write_summary(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_report *report)
{
    static const enum sp_state order[] = {SP_STATE_CRITICAL, SP_STATE_WARNING, SP_STATE_UNKNOWN,
                                          SP_STATE_OK};
    int64_t tenths = measure_run(report);
    size_t left = report->count;
    struct sp_flow flow;

    sp_write_str(writer, "\n");
    sp_flow_begin(&flow, writer, render, 2, 0);
    sp_flow_wordsf(&flow, "%zu endpoint%s:", report->count, report->count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        size_t count = report->by_state[order[i]];

        if (count == 0)
            continue;
        left -= count;
        flow.tone = sp_tone_of_state(order[i]);
        sp_flow_wordsf(&flow, "%zu %s%s", count, sp_state_name(order[i]),
                       left > 0 || tenths > 0 ? "," : "");
    }
    flow.tone = SP_TONE_PLAIN;
    if (tenths > 0)
        sp_flow_wordsf(&flow, "in %" PRId64 ".%d s", tenths / 10, (int)(tenths % 10));
    sp_flow_end(&flow);
}

/* --pem -q: what other programs can read, of all endpoints. */
static void write_pem(struct sp_writer *writer, const struct sp_render *render,
                      const struct sp_report *report)
{
    for (size_t i = 0; i < report->count && writer->error == 0; i++)
        sp_pem_write_chain(writer, render, &report->results[i]);
}

static void write_report(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_report *report)
{
    bool many = report->count > TABLE_ABOVE;

    if (render->pem && render->quiet) {
        write_pem(writer, render, report);
        return;
    }
    const struct sp_result **results = calloc(report->count + 1, sizeof(struct sp_result *));
    if (results == NULL) {
        sp_writer_fail(writer, ENOMEM);
        return;
    }
    size_t count = pick_all(report, render->quiet, results);
    if (many)
        sp_table_write(writer, render, results, count);
    write_details(writer, render, results, count, many);
    if (count > 0 && report->count > 1)
        write_summary(writer, render, report);
    free(results);
}

const struct sp_output sp_output_text = {
    .name = "text",
    .streams = false,
    .report = write_report,
};
