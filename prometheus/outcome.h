/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One probe that the exporter made: what was asked for and what came of it. Immutable once the probe is
 * done, counted by reference: the reply, the history and pages may hold it. */
#ifndef SP_PROMETHEUS_OUTCOME_H
#define SP_PROMETHEUS_OUTCOME_H

#include "checks/check.h"
#include "prometheus/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_outcome {
    uint64_t id;        /* 1, 2, … in the order in which probes ended */
    int64_t ended_ms;   /* Unix milliseconds */
    const char *target; /* as the URL said it */
    const struct sp_module *module;
    struct sp_config *config; /* held, for `module` and the anchors */
    struct sp_arena *arena;   /* of the strings, the endpoint, the options */
    struct sp_endpoint endpoint;
    struct sp_options
        options; /* the module's, with the URL's parameters and the time limit in force */
    struct sp_result result; /* refers to endpoint and options */
    unsigned references;
};

/* Takes a reference of `config`. Endpoint, options and result are the caller's to fill; the result's
 * evidence becomes the outcome's. NULL: out of memory. */
struct sp_outcome *sp_outcome_new(struct sp_config *config, const struct sp_module *module);
struct sp_outcome *sp_outcome_ref(struct sp_outcome *outcome);
void sp_outcome_unref(struct sp_outcome *outcome); /* NULL is allowed */
/* True when the probe counts as a success for `probe_success` (output/exposition.h). */
bool sp_outcome_succeeded(const struct sp_outcome *outcome);
/* The memory that it holds, facts and all; at most about SP_LIMIT_ARENA and SP_LIMIT_OUTCOME_ARENA. */
size_t sp_outcome_octets(const struct sp_outcome *outcome);

#endif
