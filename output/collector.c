/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/collector.h"

#include <stdlib.h>

void sp_collector_init(struct sp_collector *collector, const struct sp_output *output,
                       const struct sp_render *render, struct sp_writer *writer)
{
    *collector = (struct sp_collector){.output = output, .render = render, .writer = writer};
}

static void count_state(struct sp_collector *collector, enum sp_state state)
{
    collector->by_state[state]++;
    collector->state = sp_state_worst(collector->state, state);
}

static struct sp_collector_entry *new_entry(struct sp_collector *collector)
{
    if (collector->count == collector->size) {
        size_t size = collector->size ? collector->size * 2 : 16;
        struct sp_collector_entry *entries =
            realloc(collector->entries, size * sizeof *collector->entries);
        if (!entries)
            return NULL;
        collector->entries = entries;
        collector->size = size;
    }
    return &collector->entries[collector->count];
}

void sp_collector_add(struct sp_collector *collector, size_t target_index, size_t address_index,
                      struct sp_evidence *evidence)
{
    struct sp_result result;
    if (!evidence) {
        count_state(collector, SP_STATE_UNKNOWN);
        return;
    }
    sp_result_judge(&result, evidence);
    if (collector->output->streams) {
        count_state(collector, result.state);
        collector->output->result(collector->writer, collector->render, &result);
        sp_writer_offer(collector->writer);
        sp_result_free(&result);
        return;
    }
    struct sp_collector_entry *entry = new_entry(collector);
    /* What can't be shown is never OK. */
    count_state(collector, entry ? result.state : sp_state_worst(result.state, SP_STATE_UNKNOWN));
    if (!entry) {
        sp_result_free(&result);
        return;
    }
    *entry = (struct sp_collector_entry){target_index, address_index, result};
    collector->count++;
}

static int compare_entries(const void *a, const void *b)
{
    const struct sp_collector_entry *x = a, *y = b;
    if (x->target_index != y->target_index)
        return x->target_index < y->target_index ? -1 : 1;
    if (x->address_index != y->address_index)
        return x->address_index < y->address_index ? -1 : 1;
    return 0;
}

bool sp_collector_report(struct sp_collector *collector)
{
    if (collector->output->streams || !collector->output->report)
        return true;
    struct sp_result *results = calloc(collector->count ? collector->count : 1, sizeof *results);
    if (!results) {
        collector->state = sp_state_worst(collector->state, SP_STATE_UNKNOWN);
        return false;
    }
    if (collector->count > 0)
        qsort(collector->entries, collector->count, sizeof *collector->entries, compare_entries);
    for (size_t i = 0; i < collector->count; i++)
        results[i] = collector->entries[i].result;
    struct sp_report report = {results, collector->count, collector->state, {0}};
    for (int i = 0; i < SP_STATE_COUNT; i++)
        report.by_state[i] = collector->by_state[i];
    collector->output->report(collector->writer, collector->render, &report);
    free(results);
    return true;
}

void sp_collector_free(struct sp_collector *collector)
{
    for (size_t i = 0; i < collector->count; i++)
        sp_result_free(&collector->entries[i].result);
    free(collector->entries);
    collector->entries = NULL;
    collector->count = collector->size = 0;
}
