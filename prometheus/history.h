/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last probes: a ring of N of any result, one of N that failed, and for every recent target a short
 * series for bars. Memory is bounded by N and by caps per outcome. */
#ifndef SP_PROMETHEUS_HISTORY_H
#define SP_PROMETHEUS_HISTORY_H

#include "prometheus/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_history;

/* A recent endpoint: one row of the page. */
struct sp_history_row {
    const char *target, *module;
    struct sp_outcome *last; /* the history's reference */
    /* The newest last; at most SP_HISTORY_BARS. */
    struct sp_history_bar {
        enum sp_state state;
        int64_t ended_ms;
        int64_t total_ns;
    } const *bars;
    size_t bar_count;
};
#define SP_HISTORY_BARS 40u

struct sp_history *sp_history_new(size_t limit); /* NULL: out of memory */
void sp_history_free(struct sp_history *history);
/* Takes a reference of its own; without memory it only forgets. */
void sp_history_add(struct sp_history *history, struct sp_outcome *outcome);
/* By outcome id, or NULL; the history's reference. */
struct sp_outcome *sp_history_find(const struct sp_history *history, uint64_t id);
/* Rows, worst state first, then by target. The pointers are valid until the next sp_history_add. */
size_t sp_history_rows(const struct sp_history *history, const struct sp_history_row **out_rows);
/* The latest outcomes, newest first, at most `max`. */
size_t sp_history_latest(const struct sp_history *history, struct sp_outcome **out, size_t max);

#endif
