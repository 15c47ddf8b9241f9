/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From evidences to an output: judges each, hands it to outputs that stream and keeps it for those that
 * want the whole report, in the order of the targets.
 */
#ifndef SP_OUTPUT_COLLECTOR_H
#define SP_OUTPUT_COLLECTOR_H

#include "checks/check.h"
#include "output/output.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_collector_entry {
    size_t target_index, address_index;
    struct sp_result result;
};

struct sp_collector {
    const struct sp_output *output;
    const struct sp_render *render;
    struct sp_writer *writer;
    struct sp_collector_entry *entries; /* of outputs that don't stream */
    size_t count, size;
    size_t by_state[SP_STATE_COUNT];
    enum sp_state state; /* worst so far */
};

void sp_collector_init(struct sp_collector *collector, const struct sp_output *output,
                       const struct sp_render *render, struct sp_writer *writer);
/* Takes the evidence over. NULL stands for an endpoint for which there was no memory: it counts as
 * UNKNOWN. */
void sp_collector_add(struct sp_collector *collector, size_t target_index, size_t address_index,
                      struct sp_evidence *evidence);
/* Writes the report of outputs that don't stream. False: out of memory; the state is then at least
 * UNKNOWN. */
bool sp_collector_report(struct sp_collector *collector);
void sp_collector_free(struct sp_collector *collector);

#endif
