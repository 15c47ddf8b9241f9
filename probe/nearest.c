/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 48u /* longer words are no slips of the finger */

static char fold_letter(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c == '_' ? '-' : c;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits between two words: insert, delete, replace, swap of two neighbours. */
static size_t count_edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            char x = fold_letter(a[i - 1]), y = fold_letter(b[j - 1]);
            now[j] = smallest(before[j] + 1, now[j - 1] + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == fold_letter(b[j - 2]) && fold_letter(a[i - 2]) == y &&
                twice[j - 2] + 1 < now[j]) {
                now[j] = twice[j - 2] + 1;
            }
        }
    }
    return rows[a_len % 3][b_len];
}

void sp_nearest_offer(struct sp_nearest *nearest, const char *candidate)
{
    size_t len = strlen(nearest->word), candidate_len = strlen(candidate);

    if (len < 2 || len > WORD_MAX || candidate_len > WORD_MAX) {
        return;
    }
    size_t edits = count_edits(nearest->word, len, candidate, candidate_len);
    size_t allowed = len < 5 ? 1 : len < 9 ? 2 : 3;
    if (edits > allowed) {
        /* "--conn": the beginning of a word counts, but less than a slip. */
        if (len < 3 || len >= candidate_len ||
            count_edits(nearest->word, len, candidate, len) != 0) {
            return;
        }
        edits = WORD_MAX + candidate_len;
    }
    if (nearest->best == NULL || edits < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = edits;
    }
}
