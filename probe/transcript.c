/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/transcript.h"

#include "probe/limits.h"

void sp_transcript_add(struct sp_transcript *transcript, struct sp_arena *arena,
                       enum sp_direction direction, bool in_tls, int64_t at_ns, const char *text,
                       size_t len)
{
    if (transcript->cut)
        return;
    if (len > SP_LIMIT_TRANSCRIPT - transcript->bytes) {
        transcript->cut = true;
        return;
    }
    struct sp_transcript_line *line = sp_arena_alloc(arena, sizeof *line);
    char *copy = sp_arena_strndup(arena, text, len);
    if (!line || !copy) {
        transcript->cut = true;
        return;
    }
    *line = (struct sp_transcript_line){
        .direction = direction, .in_tls = in_tls, .at_ns = at_ns, .text = {copy, len}};
    if (transcript->last)
        transcript->last->next = line;
    else
        transcript->first = line;
    transcript->last = line;
    transcript->bytes += len;
}
