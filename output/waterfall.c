/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/waterfall.h"
#include "output/facts.h"
#include "output/style.h"

#include <string.h>

#define EIGHTHS 8

struct chart {
    struct sp_writer *writer;
    const struct sp_render *render;
    const struct sp_result *result;
    int64_t total_ns;    /* what the bars' whole width stands for */
    size_t bars;         /* columns of the bars */
    size_t time_columns; /* columns of the longest time */
    bool marks;          /* some phase has a finding: there is a column for marks */
};

/* The worst state among the findings of a phase. */
static enum sp_state find_state(const struct sp_result *result, enum sp_phase phase)
{
    enum sp_state state = SP_STATE_OK;

    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].phase == phase)
            state = sp_state_worst(state, result->findings[i].state);
    return state;
}

static enum sp_tone choose_tone(enum sp_phase phase, enum sp_state state)
{
    if (state != SP_STATE_OK)
        return sp_tone_of_state(state);
    if (phase == SP_PHASE_TLS)
        return SP_TONE_TLS;
    return phase <= SP_PHASE_PROXY ? SP_TONE_NETWORK : SP_TONE_SMTP;
}

static void measure(struct chart *chart)
{
    const struct sp_evidence *evidence = chart->result->evidence;
    char text[SP_FACT_SIZE];

    chart->total_ns = evidence->total_ns;
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        const struct sp_span *span = &evidence->spans[i];

        if (span->start_ns < 0)
            continue;
        if (span->start_ns + span->ns > chart->total_ns)
            chart->total_ns = span->start_ns + span->ns;
        if (find_state(chart->result, (enum sp_phase)i) != SP_STATE_OK)
            chart->marks = true;
    }
    sp_fact_time(text, chart->total_ns); /* no part is longer than the whole */
    chart->time_columns = strlen(text) < 7 ? 7 : strlen(text);
    chart->marks = chart->marks || find_state(chart->result, SP_PHASE_TOTAL) != SP_STATE_OK;
    size_t taken = SP_ROW_INDENT + 2 + chart->time_columns + (chart->marks ? 2 : 0);
    chart->bars = chart->render->width > taken + 8 ? chart->render->width - taken : 8;
}

/* ns scaled to eighths of a column, without overflow for any time that a run can take. */
static size_t scale(const struct chart *chart, int64_t ns)
{
    if (chart->total_ns <= 0)
        return 0;
    return (size_t)((double)ns / (double)chart->total_ns * (double)(chart->bars * EIGHTHS) + 0.5);
}

static void draw_bar(const struct chart *chart, enum sp_tone tone, int64_t start_ns, int64_t ns)
{
    static const char *const ends[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t first = scale(chart, start_ns) / EIGHTHS;
    size_t end = scale(chart, start_ns + ns);

    if (first >= chart->bars)
        first = chart->bars - 1;
    if (end > chart->bars * EIGHTHS)
        end = chart->bars * EIGHTHS;
    size_t length = end > first * EIGHTHS ? end - first * EIGHTHS : 1;
    size_t full = length / EIGHTHS, rest = length % EIGHTHS;
    if (!chart->render->unicode) {
        full = full + (rest > 0 ? 1 : 0);
        rest = 0;
    }
    sp_write_spaces(chart->writer, first);
    sp_tone_begin(chart->writer, chart->render, tone);
    for (size_t i = 0; i < full; i++)
        sp_write_str(chart->writer, chart->render->unicode ? "█" : "=");
    sp_write_str(chart->writer, ends[rest]);
    sp_tone_end(chart->writer, chart->render, tone);
    sp_write_spaces(chart->writer, chart->bars - first - full - (rest > 0 ? 1 : 0));
}

static void write_label(const struct chart *chart, const char *label)
{
    sp_write_str(chart->writer, "  ");
    sp_write_cell(chart->writer, chart->render, label, strlen(label), SP_ROW_INDENT - 2, false);
}

static void write_time(const struct chart *chart, int64_t ns, enum sp_state state)
{
    char text[SP_FACT_SIZE];
    enum sp_tone tone = state == SP_STATE_OK ? SP_TONE_PLAIN : sp_tone_of_state(state);

    sp_fact_time(text, ns);
    sp_write_str(chart->writer, "  ");
    sp_write_cell(chart->writer, chart->render, text, strlen(text), chart->time_columns, true);
    if (chart->marks && state != SP_STATE_OK) {
        sp_write_str(chart->writer, " ");
        sp_tone_begin(chart->writer, chart->render, tone);
        sp_write_str(chart->writer, sp_mark_of_state(chart->render, state));
        sp_tone_end(chart->writer, chart->render, tone);
    }
    sp_write_str(chart->writer, "\n");
}

static void write_total(const struct chart *chart)
{
    write_label(chart, "total");
    sp_tone_begin(chart->writer, chart->render, SP_TONE_DIM);
    for (size_t i = 0; i < chart->bars; i++)
        sp_write_str(chart->writer, chart->render->unicode ? "─" : "-");
    sp_tone_end(chart->writer, chart->render, SP_TONE_DIM);
    write_time(chart, chart->result->evidence->total_ns, find_state(chart->result, SP_PHASE_TOTAL));
}

void sp_waterfall_write(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_result *result)
{
    struct chart chart = {.writer = writer, .render = render, .result = result};
    bool any = false;

    measure(&chart);
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        enum sp_phase phase = (enum sp_phase)i;
        const struct sp_span *span = &result->evidence->spans[i];
        enum sp_state state = find_state(result, phase);

        if (span->start_ns < 0)
            continue;
        write_label(&chart, sp_phase_info(phase)->name);
        draw_bar(&chart, choose_tone(phase, state), span->start_ns, span->ns);
        write_time(&chart, span->ns, state);
        any = true;
    }
    if (any)
        write_total(&chart);
}
