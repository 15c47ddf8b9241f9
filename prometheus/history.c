/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/history.h"

#include "probe/limits.h"
#include "prometheus/history_table.h"

#include <stdlib.h>
#include <string.h>

struct kept {
    struct sp_outcome *outcome; /* one reference */
    size_t octets;
};

/* The oldest first, so ids ascend. */
struct ring {
    struct kept *items; /* `limit` places */
    size_t first, count, limit;
};

struct sp_history {
    struct ring latest, failed;
    size_t octets;
    const struct sp_config
        *configs[SP_LIMIT_HISTORY_CONFIGS]; /* of the outcomes, last used first */
    struct sp_history_table *table;
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

/* --- keeping and forgetting ------------------------------------------------------------------- */

static void forget(struct sp_history *history, struct kept kept)
{
    sp_history_table_forget(history->table, kept.outcome);
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

/* A configuration may be large, and a failure may be kept for ever: reloads must not add up. The one that was
 * used last stands first, also when it is a new one at the address of one that is gone. */
static void keep_within_configs(struct sp_history *history, const struct sp_config *config)
{
    const struct sp_config **configs = history->configs;
    size_t place = 0;
    while (place < SP_LIMIT_HISTORY_CONFIGS - 1 && configs[place] != config)
        place++;
    if (configs[place] && configs[place] != config) {
        forget_config(history, &history->latest, configs[place]);
        forget_config(history, &history->failed, configs[place]);
    }
    memmove(configs + 1, configs, place * sizeof *configs);
    configs[0] = config;
}

void sp_history_add(struct sp_history *history, struct sp_outcome *outcome)
{
    sp_history_table_update(history->table, outcome, history->latest.limit > 0);
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

/* By bisection. */
static struct sp_outcome *find_in(const struct ring *ring, uint64_t id)
{
    size_t low = 0, high = ring->count; /* places where it may be: low <= place < high */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct sp_outcome *outcome = ring_at(ring, middle);
        if (outcome->id == id)
            return outcome;
        if (outcome->id < id)
            low = middle + 1;
        else
            high = middle;
    }
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

const struct sp_history_row *const *sp_history_rows(const struct sp_history *history,
                                                    size_t *out_count)
{
    return sp_history_table_rows(history->table, out_count);
}

size_t sp_history_row_count(const struct sp_history *history)
{
    size_t count;
    (void)sp_history_rows(history, &count);
    return count;
}

size_t sp_history_state_count(const struct sp_history *history, enum sp_state state)
{
    return sp_history_table_count(history->table, state);
}

const struct sp_history_row *sp_history_row_of(const struct sp_history *history,
                                               const struct sp_outcome *outcome)
{
    return sp_history_table_find(history->table, outcome);
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
    history->table = sp_history_table_new();
    if (history->table && init_ring(&history->latest, limit) && init_ring(&history->failed, limit))
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
    sp_history_table_free(history->table);
    free(history->latest.items);
    free(history->failed.items);
    free(history);
}
