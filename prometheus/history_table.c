/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/history_table.h"

#include "checks/expiry.h"
#include "probe/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUCKETS 4096u /* a power of two */
#define TLS_VERSION_TEXT 16u

struct row {
    TAILQ_ENTRY(row) link; /* by the time of the last probe, the oldest first */
    struct row *next_in_bucket;
    uint32_t hash;
    struct sp_history_row shown; /* points into what follows, and to `words` */
    char message[SP_HISTORY_MESSAGE + 1];
    char tls_version[TLS_VERSION_TEXT];
    struct sp_history_bar bars[SP_HISTORY_BARS];
    uint64_t failures[SP_HISTORY_FAILURES];
    char words[]; /* target, module */
};

TAILQ_HEAD(row_list, row);

struct sp_history_table {
    struct row_list rows;
    size_t count;
    size_t by_state[SP_STATE_COUNT];
    struct row *buckets[BUCKETS];
    const struct sp_history_row *order[SP_LIMIT_HISTORY_ROWS]; /* `count` of them, as shown */
};

/* --- finding ---------------------------------------------------------------------------------- */

static uint32_t hash_words(const char *target, const char *module)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = target; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    hash = (hash ^ 0xffu) * 16777619u; /* stands in no UTF-8 */
    for (const char *c = module; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return hash;
}

static struct row *find_row(const struct sp_history_table *table, const struct sp_outcome *outcome)
{
    const char *target = outcome->target, *module = outcome->module->name;
    uint32_t hash = hash_words(target, module);
    struct row *row = table->buckets[hash & (BUCKETS - 1)];
    while (row && (row->hash != hash || strcmp(row->shown.target, target) != 0 ||
                   strcmp(row->shown.module, module) != 0))
        row = row->next_in_bucket;
    return row;
}

/* --- the order in which rows are shown ---------------------------------------------------------- */

/* Worst state first, then by target and module: no two rows are equal. */
static int compare_rows(const struct sp_history_row *a, const struct sp_history_row *b)
{
    if (a->state != b->state)
        return sp_state_worst(a->state, b->state) == a->state ? -1 : 1;
    int order = strcmp(a->target, b->target);
    return order != 0 ? order : strcmp(a->module, b->module);
}

/* The place of a row, or where it belongs, among all that are in order. */
static size_t find_place(const struct sp_history_table *table, const struct sp_history_row *row)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_rows(table->order[middle], row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* There must be room. */
static void put_in_order(struct sp_history_table *table, const struct sp_history_row *row)
{
    size_t place = find_place(table, row);
    const struct sp_history_row **at = table->order + place;
    memmove(at + 1, at, (table->count - place) * sizeof *at);
    *at = row;
    table->count++;
    table->by_state[row->state]++;
}

/* With the state that it had when it was put there. */
static void take_out_of_order(struct sp_history_table *table, const struct sp_history_row *row)
{
    size_t place = find_place(table, row);
    const struct sp_history_row **at = table->order + place;
    table->count--;
    table->by_state[row->state]--;
    memmove(at, at + 1, (table->count - place) * sizeof *at);
}

/* --- coming and going ------------------------------------------------------------------------- */

static void remove_row(struct sp_history_table *table, struct row *row)
{
    struct row **place = &table->buckets[row->hash & (BUCKETS - 1)];
    while (*place != row)
        place = &(*place)->next_in_bucket;
    *place = row->next_in_bucket;
    TAILQ_REMOVE(&table->rows, row, link);
    take_out_of_order(table, &row->shown);
    free(row);
}

/* Without facts yet. */
static struct row *add_row(struct sp_history_table *table, const struct sp_outcome *outcome)
{
    size_t target_len = strlen(outcome->target), module_len = strlen(outcome->module->name);
    struct row *row = calloc(1, sizeof *row + target_len + module_len + 2);
    if (!row)
        return NULL;
    if (table->count == SP_LIMIT_HISTORY_ROWS)
        remove_row(table, TAILQ_FIRST(&table->rows));
    memcpy(row->words, outcome->target, target_len + 1);
    memcpy(row->words + target_len + 1, outcome->module->name, module_len + 1);
    row->shown.target = row->words;
    row->shown.module = row->words + target_len + 1;
    row->shown.message = row->message;
    row->shown.bars = row->bars;
    row->shown.failures = row->failures;
    row->hash = hash_words(row->shown.target, row->shown.module);
    row->next_in_bucket = table->buckets[row->hash & (BUCKETS - 1)];
    table->buckets[row->hash & (BUCKETS - 1)] = row;
    TAILQ_INSERT_TAIL(&table->rows, row, link);
    put_in_order(table, &row->shown);
    return row;
}

/* --- facts ------------------------------------------------------------------------------------ */

static void add_bar(struct row *row, const struct sp_outcome *outcome)
{
    const struct sp_result *result = &outcome->result;
    if (row->shown.bar_count == SP_HISTORY_BARS)
        memmove(row->bars, row->bars + 1, (SP_HISTORY_BARS - 1) * sizeof *row->bars);
    else
        row->shown.bar_count++;
    row->bars[row->shown.bar_count - 1] =
        (struct sp_history_bar){.id = outcome->id,
                                .state = result->state,
                                .ended_ms = outcome->ended_ms,
                                .total_ns = result->evidence->total_ns};
}

static void add_failure(struct row *row, uint64_t id)
{
    if (row->shown.failure_count == SP_HISTORY_FAILURES)
        memmove(row->failures, row->failures + 1,
                (SP_HISTORY_FAILURES - 1) * sizeof *row->failures);
    else
        row->shown.failure_count++;
    row->failures[row->shown.failure_count - 1] = id;
}

/* Cut, and not in the middle of a character of UTF-8. */
static void copy_message(struct row *row, const char *message)
{
    size_t len = strnlen(message, SP_HISTORY_MESSAGE + 1);
    if (len > SP_HISTORY_MESSAGE) {
        len = SP_HISTORY_MESSAGE;
        while (len > SP_HISTORY_MESSAGE - 4 && ((unsigned char)message[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(row->message, message, len);
    row->message[len] = '\0';
}

static void copy_tls(struct row *row, const struct sp_evidence *evidence)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    size_t index = 0;
    double days = 0;
    row->shown.has_certificate = sp_expiry_first(evidence, &index, &days);
    row->shown.certificate_ends = row->shown.has_certificate ? tls->certs[index].not_after : 0;
    row->shown.tls_version = NULL;
    if (!tls->established || !tls->version_text)
        return;
    size_t len = strnlen(tls->version_text, TLS_VERSION_TEXT - 1);
    memcpy(row->tls_version, tls->version_text, len);
    row->tls_version[len] = '\0';
    row->shown.tls_version = row->tls_version;
}

/* All but the state, which has to do with the order. */
static void fill_row(struct row *row, const struct sp_outcome *outcome)
{
    const struct sp_result *result = &outcome->result;
    const struct sp_evidence *evidence = result->evidence;
    struct sp_history_row *shown = &row->shown;
    shown->last_id = outcome->id;
    shown->ended_ms = outcome->ended_ms;
    shown->succeeded = sp_outcome_succeeded(outcome);
    shown->reason = result->reason;
    shown->phase = result->phase;
    shown->total_ns = evidence->total_ns;
    memcpy(shown->spans, evidence->spans, sizeof shown->spans);
    copy_message(row, result->message);
    copy_tls(row, evidence);
    add_bar(row, outcome);
    if (!shown->succeeded)
        add_failure(row, outcome->id);
}

static void set_state(struct sp_history_table *table, struct row *row, enum sp_state state)
{
    if (row->shown.state == state)
        return;
    take_out_of_order(table, &row->shown);
    row->shown.state = state;
    put_in_order(table, &row->shown);
}

void sp_history_table_update(struct sp_history_table *table, struct sp_outcome *outcome, bool kept)
{
    struct row *row = find_row(table, outcome);
    if (!row)
        row = add_row(table, outcome);
    if (!row)
        return;
    TAILQ_REMOVE(&table->rows, row, link);
    TAILQ_INSERT_TAIL(&table->rows, row, link);
    set_state(table, row, outcome->result.state);
    fill_row(row, outcome);
    row->shown.last = kept ? outcome : NULL;
}

void sp_history_table_forget(struct sp_history_table *table, const struct sp_outcome *outcome)
{
    struct row *row = find_row(table, outcome);
    if (row && row->shown.last == outcome)
        row->shown.last = NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

const struct sp_history_row *sp_history_table_find(const struct sp_history_table *table,
                                                   const struct sp_outcome *outcome)
{
    const struct row *row = find_row(table, outcome);
    return row ? &row->shown : NULL;
}

const struct sp_history_row *const *sp_history_table_rows(const struct sp_history_table *table,
                                                          size_t *out_count)
{
    *out_count = table->count;
    return table->order;
}

size_t sp_history_table_count(const struct sp_history_table *table, enum sp_state state)
{
    return table->by_state[state];
}

/* --- birth and end ---------------------------------------------------------------------------- */

struct sp_history_table *sp_history_table_new(void)
{
    struct sp_history_table *table = calloc(1, sizeof *table);
    if (table)
        TAILQ_INIT(&table->rows);
    return table;
}

void sp_history_table_free(struct sp_history_table *table)
{
    struct row *row;
    if (!table)
        return;
    while ((row = TAILQ_FIRST(&table->rows)) != NULL) {
        TAILQ_REMOVE(&table->rows, row, link);
        free(row);
    }
    free(table);
}
