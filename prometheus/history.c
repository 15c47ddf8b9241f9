/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/history.h"

#include "checks/expiry.h"
#include "probe/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUCKETS 4096u /* a power of two */
#define TLS_VERSION_TEXT 16u

struct kept {
    struct sp_outcome *outcome; /* one reference */
    size_t octets;
};

/* The oldest first. */
struct ring {
    struct kept *items; /* `limit` places */
    size_t first, count, limit;
};

struct row {
    TAILQ_ENTRY(row) link; /* by the time of the last probe, the oldest first */
    struct row *next_in_bucket;
    uint32_t hash;
    struct sp_history_row shown; /* points into what follows, and to `words` */
    char message[SP_HISTORY_MESSAGE + 1];
    char tls_version[TLS_VERSION_TEXT];
    struct sp_history_bar bars[SP_HISTORY_BARS];
    char words[]; /* target, module */
};

TAILQ_HEAD(row_list, row);

struct sp_history {
    struct ring latest, failed;
    size_t octets;
    const struct sp_config *configs[SP_LIMIT_HISTORY_CONFIGS]; /* of the outcomes, newest first */
    struct row_list rows;
    size_t row_count;
    struct row *buckets[BUCKETS];
    struct sp_history_row *sorted; /* of the last sp_history_rows */
};

/* --- rings ------------------------------------------------------------------------------------ */

static bool init_ring(struct ring *ring, size_t limit)
{
    ring->limit = limit;
    ring->items = calloc(limit > 0 ? limit : 1, sizeof *ring->items);
    return ring->items != NULL;
}

static struct sp_outcome *ring_at(const struct ring *ring, size_t index)
{
    return ring->items[(ring->first + index) % ring->limit].outcome;
}

/* There must be room. */
static void push(struct ring *ring, struct kept kept)
{
    ring->items[(ring->first + ring->count++) % ring->limit] = kept;
}

/* The oldest; its reference is the caller's. */
static struct kept pop(struct ring *ring)
{
    struct kept kept = ring->items[ring->first];
    ring->first = (ring->first + 1) % ring->limit;
    ring->count--;
    return kept;
}

/* --- rows ------------------------------------------------------------------------------------- */

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

static struct row *find_row(const struct sp_history *history, const struct sp_outcome *outcome)
{
    const char *target = outcome->target, *module = outcome->module->name;
    uint32_t hash = hash_words(target, module);
    struct row *row = history->buckets[hash & (BUCKETS - 1)];
    while (row && (row->hash != hash || strcmp(row->shown.target, target) != 0 ||
                   strcmp(row->shown.module, module) != 0))
        row = row->next_in_bucket;
    return row;
}

static void remove_row(struct sp_history *history, struct row *row)
{
    struct row **place = &history->buckets[row->hash & (BUCKETS - 1)];
    while (*place != row)
        place = &(*place)->next_in_bucket;
    *place = row->next_in_bucket;
    TAILQ_REMOVE(&history->rows, row, link);
    history->row_count--;
    free(row);
}

static struct row *add_row(struct sp_history *history, const struct sp_outcome *outcome)
{
    size_t target_len = strlen(outcome->target), module_len = strlen(outcome->module->name);
    struct row *row = calloc(1, sizeof *row + target_len + module_len + 2);
    if (!row)
        return NULL;
    memcpy(row->words, outcome->target, target_len + 1);
    memcpy(row->words + target_len + 1, outcome->module->name, module_len + 1);
    row->shown.target = row->words;
    row->shown.module = row->words + target_len + 1;
    row->shown.message = row->message;
    row->shown.bars = row->bars;
    row->hash = hash_words(row->shown.target, row->shown.module);
    row->next_in_bucket = history->buckets[row->hash & (BUCKETS - 1)];
    history->buckets[row->hash & (BUCKETS - 1)] = row;
    TAILQ_INSERT_TAIL(&history->rows, row, link);
    history->row_count++;
    if (history->row_count > SP_LIMIT_HISTORY_ROWS)
        remove_row(history, TAILQ_FIRST(&history->rows));
    return row;
}

static void add_bar(struct row *row, const struct sp_outcome *outcome)
{
    const struct sp_result *result = &outcome->result;
    if (row->shown.bar_count == SP_HISTORY_BARS)
        memmove(row->bars, row->bars + 1, (SP_HISTORY_BARS - 1) * sizeof *row->bars);
    else
        row->shown.bar_count++;
    row->bars[row->shown.bar_count - 1] =
        (struct sp_history_bar){.state = result->state,
                                .ended_ms = outcome->ended_ms,
                                .total_ns = result->evidence->total_ns};
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

static void fill_row(struct row *row, struct sp_outcome *outcome)
{
    const struct sp_result *result = &outcome->result;
    const struct sp_evidence *evidence = result->evidence;
    struct sp_history_row *shown = &row->shown;
    shown->last = outcome;
    shown->last_id = outcome->id;
    shown->ended_ms = outcome->ended_ms;
    shown->succeeded = sp_outcome_succeeded(outcome);
    shown->state = result->state;
    shown->reason = result->reason;
    shown->phase = result->phase;
    shown->total_ns = evidence->total_ns;
    memcpy(shown->spans, evidence->spans, sizeof shown->spans);
    copy_message(row, result->message);
    copy_tls(row, evidence);
    add_bar(row, outcome);
}

/* --- keeping and forgetting ------------------------------------------------------------------- */

static void forget(struct sp_history *history, struct kept kept)
{
    struct row *row = find_row(history, kept.outcome);
    if (row && row->shown.last == kept.outcome)
        row->shown.last = NULL;
    history->octets -= kept.octets;
    sp_outcome_unref(kept.outcome);
}

/* Moves the oldest of all to the failures, or forgets it. */
static void retire(struct sp_history *history)
{
    struct kept kept = pop(&history->latest);
    if (sp_outcome_succeeded(kept.outcome)) {
        forget(history, kept);
        return;
    }
    if (history->failed.count == history->failed.limit)
        forget(history, pop(&history->failed));
    push(&history->failed, kept);
}

/* A server that makes facts as large as they may be must not make the history large. What is old goes
 * first: the failures, and then of the latest all but the one that has just come. */
static void keep_within_octets(struct sp_history *history)
{
    while (history->octets > SP_LIMIT_HISTORY && history->failed.count > 0)
        forget(history, pop(&history->failed));
    while (history->octets > SP_LIMIT_HISTORY && history->latest.count > 1)
        forget(history, pop(&history->latest));
}

static void forget_config(struct sp_history *history, struct ring *ring,
                          const struct sp_config *config)
{
    for (size_t left = ring->count; left > 0; left--) {
        struct kept kept = pop(ring);
        if (kept.outcome->config == config)
            forget(history, kept);
        else
            push(ring, kept);
    }
}

/* A configuration may be large, and a failure may be kept for ever: reloads must not add up. */
static void keep_within_configs(struct sp_history *history, const struct sp_config *config)
{
    const struct sp_config **configs = history->configs;
    const struct sp_config *oldest = configs[SP_LIMIT_HISTORY_CONFIGS - 1];
    for (size_t i = 0; i < SP_LIMIT_HISTORY_CONFIGS; i++)
        if (configs[i] == config)
            return;
    if (oldest) {
        forget_config(history, &history->latest, oldest);
        forget_config(history, &history->failed, oldest);
    }
    memmove(configs + 1, configs, (SP_LIMIT_HISTORY_CONFIGS - 1) * sizeof *configs);
    configs[0] = config;
}

static void update_row(struct sp_history *history, struct sp_outcome *outcome)
{
    struct row *row = find_row(history, outcome);
    if (!row)
        row = add_row(history, outcome);
    if (!row)
        return;
    TAILQ_REMOVE(&history->rows, row, link);
    TAILQ_INSERT_TAIL(&history->rows, row, link);
    fill_row(row, outcome);
    if (history->latest.limit == 0)
        row->shown.last = NULL;
}

void sp_history_add(struct sp_history *history, struct sp_outcome *outcome)
{
    update_row(history, outcome);
    if (history->latest.limit == 0)
        return;
    keep_within_configs(history, outcome->config);
    if (history->latest.count == history->latest.limit)
        retire(history);
    const struct kept kept = {sp_outcome_ref(outcome), sp_outcome_octets(outcome)};
    push(&history->latest, kept);
    history->octets += kept.octets;
    keep_within_octets(history);
}

/* --- asking ----------------------------------------------------------------------------------- */

static struct sp_outcome *find_in(const struct ring *ring, uint64_t id)
{
    for (size_t i = ring->count; i-- > 0;)
        if (ring_at(ring, i)->id == id)
            return ring_at(ring, i);
    return NULL;
}

struct sp_outcome *sp_history_find(const struct sp_history *history, uint64_t id)
{
    struct sp_outcome *outcome = find_in(&history->latest, id);
    return outcome ? outcome : find_in(&history->failed, id);
}

size_t sp_history_latest(const struct sp_history *history, struct sp_outcome **out, size_t max)
{
    size_t count = 0;
    for (size_t i = history->latest.count; i-- > 0 && count < max;)
        out[count++] = ring_at(&history->latest, i);
    for (size_t i = history->failed.count; i-- > 0 && count < max;)
        out[count++] = ring_at(&history->failed, i);
    return count;
}

static int compare_rows(const void *a, const void *b)
{
    const struct sp_history_row *x = a, *y = b;
    if (x->state != y->state)
        return sp_state_worst(x->state, y->state) == x->state ? -1 : 1;
    int order = strcmp(x->target, y->target);
    return order != 0 ? order : strcmp(x->module, y->module);
}

size_t sp_history_rows(struct sp_history *history, const struct sp_history_row **out_rows)
{
    struct row *row;
    size_t count = 0;
    free(history->sorted); /* not kept larger than it has to be */
    history->sorted = calloc(history->row_count + 1, sizeof *history->sorted);
    *out_rows = history->sorted;
    if (!history->sorted)
        return 0;
    TAILQ_FOREACH(row, &history->rows, link)
    {
        history->sorted[count++] = row->shown;
    }
    qsort(history->sorted, count, sizeof *history->sorted, compare_rows);
    return count;
}

size_t sp_history_row_count(const struct sp_history *history)
{
    return history->row_count;
}

size_t sp_history_octets(const struct sp_history *history)
{
    return history->octets;
}

/* --- birth and end ---------------------------------------------------------------------------- */

struct sp_history *sp_history_new(size_t limit)
{
    struct sp_history *history = calloc(1, sizeof *history);
    if (!history)
        return NULL;
    TAILQ_INIT(&history->rows);
    if (init_ring(&history->latest, limit) && init_ring(&history->failed, limit))
        return history;
    sp_history_free(history);
    return NULL;
}

void sp_history_free(struct sp_history *history)
{
    if (!history)
        return;
    while (history->latest.count > 0)
        sp_outcome_unref(pop(&history->latest).outcome);
    while (history->failed.count > 0)
        sp_outcome_unref(pop(&history->failed).outcome);
    while (!TAILQ_EMPTY(&history->rows))
        remove_row(history, TAILQ_FIRST(&history->rows));
    free(history->latest.items);
    free(history->failed.items);
    free(history->sorted);
    free(history);
}
