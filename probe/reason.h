/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The closed list of reasons: why an endpoint is not simply fine. One row each in reason.def. */
#ifndef SP_PROBE_REASON_H
#define SP_PROBE_REASON_H

#include <stdbool.h>

/* Nagios' states and exit codes. Worse is not larger: see sp_state_worst. */
enum sp_state {
    SP_STATE_OK,
    SP_STATE_WARNING,
    SP_STATE_CRITICAL,
    SP_STATE_UNKNOWN,
    SP_STATE_COUNT
};

enum sp_reason {
    SP_REASON_OK,
#define SP_REASON(id, word, state, sentence, explanation, next) SP_REASON_##id,
#include "probe/reason.def"
#undef SP_REASON
    SP_REASON_COUNT
};

struct sp_reason_info {
    const char *word;        /* "certificate-expired": stable, in JSON, metrics, --explain */
    enum sp_state state;     /* the default state of a finding with this reason */
    const char *sentence;    /* one sentence for people, no full stop */
    const char *explanation; /* why it matters: a few sentences */
    const char *next;        /* what to try next: an imperative sentence or two */
};

/* Never NULL for a valid reason; SP_REASON_OK has the word "ok". */
const struct sp_reason_info *sp_reason_info(enum sp_reason reason);
/* False: no such word. */
bool sp_reason_from_word(const char *word, enum sp_reason *out_reason);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *sp_state_name(enum sp_state state);
/* The worse of two: CRITICAL > WARNING > UNKNOWN > OK. */
enum sp_state sp_state_worst(enum sp_state a, enum sp_state b);

#endif
