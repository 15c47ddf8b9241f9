/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/reason.h"

#include <stddef.h>
#include <string.h>

static const struct sp_reason_info infos[SP_REASON_COUNT] = {
    [SP_REASON_OK] = {"ok", SP_STATE_OK, "everything that was asked for works", "", ""},
#define SP_REASON(id, word, state, sentence, explanation, next) \
    [SP_REASON_##id] = {word, SP_STATE_##state, sentence, explanation, next},
#include "probe/reason.def"
#undef SP_REASON
};

const struct sp_reason_info *sp_reason_info(enum sp_reason reason)
{
    return &infos[reason];
}

bool sp_reason_from_word(const char *word, enum sp_reason *out_reason)
{
    for (int i = 0; i < SP_REASON_COUNT; i++) {
        if (strcmp(infos[i].word, word) == 0) {
            *out_reason = (enum sp_reason)i;
            return true;
        }
    }
    return false;
}

const char *sp_state_name(enum sp_state state)
{
    static const char *const names[SP_STATE_COUNT] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    return names[state];
}

enum sp_state sp_state_worst(enum sp_state a, enum sp_state b)
{
    static const int rank[SP_STATE_COUNT] = {
        [SP_STATE_OK] = 0, [SP_STATE_UNKNOWN] = 1, [SP_STATE_WARNING] = 2, [SP_STATE_CRITICAL] = 3};
    return rank[a] >= rank[b] ? a : b;
}
