/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The last probes: a ring of N of any result, and one of N that failed and have fallen out of the first.
 * Beside them a row for each recent endpoint: a few facts about its last probe and a short series for
 * bars. All of it is bounded: whole outcomes by N and by SP_LIMIT_HISTORY octets together (the oldest go
 * first) and, since each holds the configuration that it began with, by the SP_LIMIT_HISTORY_CONFIGS
 * newest configurations; rows by SP_LIMIT_HISTORY_ROWS (the one that was not probed for longest goes first).
 */
#ifndef SP_PROMETHEUS_HISTORY_H
#define SP_PROMETHEUS_HISTORY_H

#include "prometheus/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_history;

#define SP_HISTORY_BARS 40u
#define SP_HISTORY_FAILURES 10u
#define SP_HISTORY_MESSAGE 200u /* octets of a row's message */

struct sp_history_bar {
    uint64_t id; /* of the outcome, kept or not */
    enum sp_state state;
    int64_t ended_ms;
    int64_t total_ns;
};

/* A recent endpoint: one row of the page. Its facts are copies and stay when the outcome is gone. */
struct sp_history_row {
    const char *target, *module;
    uint64_t last_id;        /* of its last outcome, kept or not */
    struct sp_outcome *last; /* the history's reference; NULL: not kept any more */
    int64_t ended_ms;
    bool succeeded;
    enum sp_state state;
    enum sp_reason reason;
    enum sp_phase phase; /* as in sp_result */
    const char *message; /* the first SP_HISTORY_MESSAGE octets; may quote the server raw */
    struct sp_span spans[SP_PHASE_TIMED_COUNT];
    int64_t total_ns;
    const char *tls_version; /* "TLSv1.3"; NULL: no TLS was established */
    bool has_certificate;
    int64_t certificate_ends; /* Unix seconds; of the one that checks/expiry.h names */
    /* The newest last; at most SP_HISTORY_BARS. */
    const struct sp_history_bar *bars;
    size_t bar_count;
    /* Ids of the last outcomes that failed, the newest last; at most SP_HISTORY_FAILURES. */
    const uint64_t *failures;
    size_t failure_count;
};

/* `limit` 0: rows only. NULL: out of memory. */
struct sp_history *sp_history_new(size_t limit);
void sp_history_free(struct sp_history *history); /* NULL is allowed */
/* Takes a reference of its own; without memory it only forgets. Ids must ascend. */
void sp_history_add(struct sp_history *history, struct sp_outcome *outcome);
/* By outcome id, or NULL; the history's reference. */
struct sp_outcome *sp_history_find(const struct sp_history *history, uint64_t id);
/* Rows, worst state first, then by target and module; they are kept in this order, so asking costs nothing.
 * Valid until the next sp_history_add. */
const struct sp_history_row *const *sp_history_rows(const struct sp_history *history,
                                                    size_t *out_count);
/* How many rows there are, and how many of them have this state. */
size_t sp_history_row_count(const struct sp_history *history);
size_t sp_history_state_count(const struct sp_history *history, enum sp_state state);
/* The row of an outcome's endpoint, or NULL. */
const struct sp_history_row *sp_history_row_of(const struct sp_history *history,
                                               const struct sp_outcome *outcome);
/* The latest outcomes, newest first, at most `max`; failures that are kept longer come behind the rest. */
size_t sp_history_latest(const struct sp_history *history, struct sp_outcome **out, size_t max);
/* Octets of the outcomes that are held, at most SP_LIMIT_HISTORY. */
size_t sp_history_octets(const struct sp_history *history);

#endif
