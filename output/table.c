/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/table.h"
#include "checks/expiry.h"
#include "output/facts.h"
#include "output/style.h"
#include "output/utf8.h"
#include "probe/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum column { STATE, TARGET, REASON, TLS, CERT, TOTAL, COLUMN_COUNT };

#define GAP 2u
#define TARGET_MIN \
    22u /* what a target gets before other columns do: any IPv4 address with its port */
#define CELL_MIN 8u

struct table {
    struct sp_writer *writer;
    const struct sp_render *render;
    size_t width[COLUMN_COUNT]; /* 0: left out */
    bool names;                 /* targets with the name they were probed as */
};

static const char *const headings[COLUMN_COUNT] = {"STATE", "TARGET", "REASON",
                                                   "TLS",   "CERT",   "TOTAL"};

static void set_tls(char out[SP_FACT_SIZE], const struct sp_evidence *evidence)
{
    const char *version = evidence->tls.established ? evidence->tls.version_text : NULL;

    if (version != NULL && strncmp(version, "TLSv", 4) == 0)
        version += 4; /* the heading says it */
    snprintf(out, SP_FACT_SIZE, "%s", version != NULL ? version : "-");
}

/* How long until the first certificate of the chain ends: "29 d", "5 h", "-12 d". */
static void set_cert(char out[SP_FACT_SIZE], const struct sp_evidence *evidence)
{
    char span[SP_FACT_SIZE];
    size_t index;
    double days;

    if (!sp_expiry_first(evidence, &index, &days)) {
        snprintf(out, SP_FACT_SIZE, "-");
        return;
    }
    sp_expiry_word(span, sizeof(span), days);
    /* The unit's first letter is enough. */
    snprintf(out, SP_FACT_SIZE, "%s%.*s", days < 0 ? "-" : "", (int)strcspn(span, " ") + 2, span);
}

static void set_total(char out[SP_FACT_SIZE], const struct sp_evidence *evidence)
{
    if (evidence->total_ns <= 0)
        snprintf(out, SP_FACT_SIZE, "-");
    else if (evidence->total_ns < 1000000)
        snprintf(out, SP_FACT_SIZE, "<1 ms");
    else
        snprintf(out, SP_FACT_SIZE, "%" PRId64 " ms", (evidence->total_ns + 500000) / 1000000);
}

/* With --all-addresses several lines have the same name: the address tells them apart. An address that
 * was probed as a name has that behind it where there is room. */
static bool build_target(const struct table *table, struct sp_buf *out,
                         const struct sp_result *result)
{
    const struct sp_evidence *evidence = result->evidence;
    const struct sp_endpoint *endpoint = evidence->endpoint;
    bool all = endpoint->options != NULL && endpoint->options->all_addresses;

    out->len = 0;
    if (!sp_fact_target(out, endpoint))
        return false;
    if (all && !endpoint->numeric && evidence->ip != NULL)
        return sp_buf_printf(out, " %s", evidence->ip);
    if (table->names && endpoint->numeric && endpoint->server_name != NULL &&
        strcmp(endpoint->server_name, endpoint->host) != 0)
        return sp_buf_printf(out, " %s", endpoint->server_name);
    return true;
}

static void widen(size_t *width, size_t columns)
{
    if (columns > *width)
        *width = columns;
}

static void measure_row(struct table *table, struct sp_buf *scratch, const struct sp_result *result)
{
    const struct sp_evidence *evidence = result->evidence;
    char text[SP_FACT_SIZE];

    if (build_target(table, scratch, result))
        widen(&table->width[TARGET], sp_utf8_columns((const char *)scratch->data, scratch->len));
    else
        sp_writer_fail(table->writer, ENOMEM);
    widen(&table->width[REASON], strlen(sp_reason_info(result->reason)->word));
    set_tls(text, evidence);
    widen(&table->width[TLS], strlen(text));
    set_cert(text, evidence);
    widen(&table->width[CERT], strlen(text));
    set_total(text, evidence);
    widen(&table->width[TOTAL], strlen(text));
}

static void measure(struct table *table, struct sp_buf *scratch,
                    const struct sp_result *const *results, size_t count)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        table->width[i] = strlen(headings[i]);
    table->width[STATE] = strlen("x CRITICAL");
    for (size_t i = 0; i < count; i++)
        measure_row(table, scratch, results[i]);
}

/* What is left of the terminal's width for the target once all others have theirs. */
static size_t find_room(const struct table *table)
{
    size_t taken = 0;

    for (int i = 0; i < COLUMN_COUNT; i++)
        if (i != TARGET && table->width[i] > 0)
            taken += table->width[i] + GAP;
    return table->render->width > taken ? table->render->width - taken : 0;
}

/* A narrow terminal first loses what is only nice to know, then ends of reasons, which the details tell in
 * full; never the verdict or the target. */
static void fit(struct table *table)
{
    static const enum column droppable[] = {TLS, CERT, TOTAL};
    size_t wanted = table->width[TARGET] < TARGET_MIN ? table->width[TARGET] : TARGET_MIN;

    for (size_t i = 0; i < sizeof(droppable) / sizeof(droppable[0]); i++)
        if (find_room(table) < wanted)
            table->width[droppable[i]] = 0;
    for (; find_room(table) < wanted && table->width[REASON] > CELL_MIN; table->width[REASON]--)
        continue;
    size_t room = find_room(table);
    if (table->width[TARGET] > room)
        table->width[TARGET] = room < CELL_MIN ? CELL_MIN : room;
}

static void write_column(struct table *table, enum column column, const char *data, size_t len)
{
    bool right = column >= CERT;

    if (table->width[column] == 0)
        return;
    sp_write_spaces(table->writer, GAP);
    /* The line's last column has no spaces behind it. */
    if (column == REASON && table->width[TLS] + table->width[CERT] + table->width[TOTAL] == 0)
        sp_write_safe(table->writer, sp_safe_of(table->render), data, len, table->width[column]);
    else
        sp_write_cell(table->writer, table->render, data, len, table->width[column], right);
}

static void write_heading(struct table *table)
{
    sp_tone_begin(table->writer, table->render, SP_TONE_DIM);
    sp_write_cell(table->writer, table->render, headings[STATE], strlen(headings[STATE]),
                  table->width[STATE], false);
    for (int i = TARGET; i < COLUMN_COUNT; i++)
        write_column(table, (enum column)i, headings[i], strlen(headings[i]));
    sp_tone_end(table->writer, table->render, SP_TONE_DIM);
    sp_write_str(table->writer, "\n");
}

static void write_row(struct table *table, struct sp_buf *scratch, const struct sp_result *result)
{
    const struct sp_evidence *evidence = result->evidence;
    const char *reason = sp_reason_info(result->reason)->word;
    enum sp_tone tone = sp_tone_of_state(result->state);
    char text[SP_FACT_SIZE];

    snprintf(text, sizeof(text), "%s %s", sp_mark_of_state(table->render, result->state),
             sp_state_name(result->state));
    sp_tone_begin(table->writer, table->render, tone);
    sp_write_cell(table->writer, table->render, text, strlen(text), table->width[STATE], false);
    sp_tone_end(table->writer, table->render, tone);
    if (!build_target(table, scratch, result))
        sp_writer_fail(table->writer, ENOMEM);
    write_column(table, TARGET, (const char *)scratch->data, scratch->len);
    write_column(table, REASON, reason, strlen(reason));
    set_tls(text, evidence);
    write_column(table, TLS, text, strlen(text));
    set_cert(text, evidence);
    write_column(table, CERT, text, strlen(text));
    set_total(text, evidence);
    write_column(table, TOTAL, text, strlen(text));
    sp_write_str(table->writer, "\n");
}

void sp_table_write(struct sp_writer *writer, const struct sp_render *render,
                    const struct sp_result *const *results, size_t count)
{
    struct table table = {.writer = writer, .render = render};
    struct sp_buf scratch;

    if (count == 0)
        return;
    sp_buf_init(&scratch, SP_LIMIT_LINE);
    table.names = true;
    measure(&table, &scratch, results, count);
    if (table.width[TARGET] > find_room(&table)) {
        table.names = false;
        measure(&table, &scratch, results, count);
    }
    fit(&table);
    write_heading(&table);
    for (size_t i = 0; i < count && writer->error == 0; i++)
        write_row(&table, &scratch, results[i]);
    sp_buf_free(&scratch);
}
