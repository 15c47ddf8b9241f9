/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the word that somebody may have meant. */
#ifndef SP_PROBE_NEAREST_H
#define SP_PROBE_NEAREST_H

#include <stddef.h>

struct sp_nearest {
    const char *word; /* what was written */
    const char *best; /* the nearest candidate so far, or NULL: none is near */
    size_t distance;  /* of `best` */
};

/* Offers a candidate, which must live as long as the result is used. '-' and '_' are the same. A
 * candidate is near when few letters differ or when the word is a clear beginning of it. */
void sp_nearest_offer(struct sp_nearest *nearest, const char *candidate);

#endif
