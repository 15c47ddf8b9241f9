/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One probe that the exporter made: what was asked for and what came of it. Immutable once the probe is
 * done, counted by reference: the reply, the history and pages may hold it. */
#ifndef SP_PROMETHEUS_OUTCOME_H
#define SP_PROMETHEUS_OUTCOME_H

#include "checks/check.h"
#include "prometheus/config.h"

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

struct sp_outcome *sp_outcome_ref(struct sp_outcome *outcome);
void sp_outcome_unref(struct sp_outcome *outcome); /* NULL is allowed */
/* 1 when the probe counts as a success for `probe_success` (output/prometheus.h). */
bool sp_outcome_succeeded(const struct sp_outcome *outcome);

#endif
