/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/evidence.h"

#include "probe/limits.h"

#include <string.h>

static const char *const quirk_names[SP_QUIRK_COUNT] = {
    "bare-lf",  "bare-cr",   "code-only",   "nul",          "control",
    "non-utf8", "long-line", "mixed-codes", "no-separator", "non-ascii",
};

const char *sp_quirk_name(unsigned index)
{
    return index < SP_QUIRK_COUNT ? quirk_names[index] : "unknown";
}

struct sp_evidence *sp_evidence_new(const struct sp_endpoint *endpoint)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    if (!arena)
        return NULL;
    struct sp_evidence *evidence = sp_arena_alloc(arena, sizeof *evidence);
    if (!evidence) {
        sp_arena_free(arena);
        return NULL;
    }
    evidence->arena = arena;
    evidence->endpoint = endpoint;
    evidence->ehlo_name = endpoint->options ? endpoint->options->ehlo_name : NULL;
    evidence->tls.alert = -1;
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++)
        evidence->spans[i].start_ns = -1;
    return evidence;
}

void sp_evidence_free(struct sp_evidence *evidence)
{
    if (evidence)
        sp_arena_free(evidence->arena);
}

void sp_evidence_fail(struct sp_evidence *evidence, enum sp_reason reason, enum sp_phase phase,
                      int sys_errno, const char *detail)
{
    if (evidence->failure.reason != SP_REASON_OK)
        return;
    evidence->failure =
        (struct sp_failure){.reason = reason, .phase = phase, .sys_errno = sys_errno};
    if (detail) {
        const char *copy = sp_arena_strdup(evidence->arena, detail);
        evidence->failure.detail = copy ? copy : "out of memory";
    }
}

const struct sp_capability *sp_ehlo_find(const struct sp_ehlo *ehlo, const char *keyword)
{
    for (size_t i = 0; i < ehlo->count; i++) {
        if (strcmp(ehlo->items[i].keyword, keyword) == 0)
            return &ehlo->items[i];
    }
    return NULL;
}

const struct sp_ehlo *sp_evidence_ehlo(const struct sp_evidence *evidence)
{
    return evidence->tls_ehlo.tried ? &evidence->tls_ehlo : &evidence->plain;
}
