/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/outcome.h"

#include "output/exposition.h"
#include "probe/limits.h"

#include <stdlib.h>

struct sp_outcome *sp_outcome_new(struct sp_config *config, const struct sp_module *module)
{
    struct sp_outcome *outcome = calloc(1, sizeof *outcome);
    struct sp_arena *arena = outcome ? sp_arena_new(SP_LIMIT_OUTCOME_ARENA) : NULL;
    if (!arena) {
        free(outcome);
        return NULL;
    }
    outcome->arena = arena;
    outcome->config = sp_config_ref(config);
    outcome->module = module;
    outcome->references = 1;
    return outcome;
}

struct sp_outcome *sp_outcome_ref(struct sp_outcome *outcome)
{
    outcome->references++;
    return outcome;
}

void sp_outcome_unref(struct sp_outcome *outcome)
{
    if (!outcome || --outcome->references > 0)
        return;
    sp_result_free(&outcome->result);
    sp_arena_free(outcome->arena);
    sp_config_unref(outcome->config); /* last: the facts point into its anchors and options */
    free(outcome);
}

bool sp_outcome_succeeded(const struct sp_outcome *outcome)
{
    return sp_exposition_succeeded(&outcome->result);
}

size_t sp_outcome_octets(const struct sp_outcome *outcome)
{
    size_t facts = outcome->result.evidence ? sp_arena_held(outcome->result.evidence->arena) : 0;
    return sizeof *outcome + sp_arena_held(outcome->arena) + facts;
}
