/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of a dialogue: append-only, capped, secrets replaced before they are stored. Raw octets
 * of the server are kept; output/ makes them safe.
 */
#ifndef SP_PROBE_TRANSCRIPT_H
#define SP_PROBE_TRANSCRIPT_H

#include "probe/arena.h"
#include "probe/text.h"

#include <stdbool.h>
#include <stdint.h>

enum sp_direction { SP_FROM_SERVER, SP_TO_SERVER, SP_NOTE };

struct sp_transcript_line {
    struct sp_transcript_line *next;
    enum sp_direction direction;
    bool in_tls;
    int64_t at_ns;       /* since the endpoint's start */
    struct sp_text text; /* without line end */
};

struct sp_transcript {
    struct sp_transcript_line *first, *last;
    size_t bytes;
    bool cut; /* the cap was reached; later lines are missing */
};

/* Adds a line (copied into `arena`). Over the cap or out of memory it only sets `cut`. */
void sp_transcript_add(struct sp_transcript *transcript, struct sp_arena *arena,
                       enum sp_direction direction, bool in_tls, int64_t at_ns, const char *text,
                       size_t len);

#endif
