/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The four steps of RFC 3454 §3 in their order: map, normalize (NFKC), prohibit, check directions. The third
 * one looks at what the second one made.
 *
 * NFKC is libunistring's, of a newer Unicode than the RFC's 3.2; for characters that 3.2 knows they differ only
 * where the standard was corrected. The library sorts up to 64 combining marks in a row on its stack, which is
 * wiped here; it writes all else into buffers of ours.
 */
#include "probe/saslprep.h"

#include "probe/sasl_hash.h"
#include "probe/saslprep_tables.h"
#include "probe/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#define EXPANSION_MAX 18u /* code points that NFKC makes of one at most: U+FDFA */
#define SPARE 8u          /* the library wants more room than it needs */

/* Code points, with room for `size` of them; wiped before it is freed. */
struct points {
    uint32_t *data;
    size_t len, size;
};

static bool allocate(struct points *points, size_t size)
{
    points->data = calloc(size, sizeof *points->data);
    points->len = 0;
    points->size = size;
    return points->data != NULL;
}

static void release(struct points *points)
{
    sp_secret_wipe(points->data, points->data ? points->size * sizeof *points->data : 0);
    free(points->data);
}

/* --- tables ------------------------------------------------------------------------------------- */

struct table {
    const struct sp_code_range *ranges;
    size_t count;
};

#define TABLE(name) ((struct table){sp_saslprep_##name, sp_saslprep_##name##_count})

static bool is_in(struct table table, uint32_t point)
{
    size_t low = 0, high = table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (point > table.ranges[middle].last)
            low = middle + 1;
        else if (point < table.ranges[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}

static bool has_any(const struct points *points, struct table table)
{
    for (size_t i = 0; i < points->len; i++)
        if (is_in(table, points->data[i]))
            return true;
    return false;
}

/* --- the steps ---------------------------------------------------------------------------------- */

/* RFC 4013 §2.1. U+200B is in both tables; it is a space, as the RFC names that one first. */
static void map(struct points *points)
{
    size_t kept = 0;
    for (size_t i = 0; i < points->len; i++) {
        uint32_t point = points->data[i];
        if (is_in(TABLE(spaces), point))
            points->data[kept++] = ' ';
        else if (!is_in(TABLE(nothing), point))
            points->data[kept++] = point;
    }
    points->len = kept;
}

/* RFC 3454 §6: text that has a character of one direction has none of the other, and begins and ends so. */
static bool mixes_directions(const struct points *points)
{
    if (!has_any(points, TABLE(right_to_left)))
        return false;
    return has_any(points, TABLE(left_to_right)) || !is_in(TABLE(right_to_left), points->data[0]) ||
           !is_in(TABLE(right_to_left), points->data[points->len - 1]);
}

static enum sp_saslprep_result failure(void)
{
    return errno == ENOMEM ? SP_SASLPREP_NO_MEMORY : SP_SASLPREP_REFUSED;
}

/* The library allocates when our buffer is too small for it, which none of them is. */
static bool is_ours(void *result, const void *buffer)
{
    if (result != buffer)
        free(result);
    return result == buffer;
}

static enum sp_saslprep_result decode(const char *text, size_t len, struct points *points)
{
    size_t room = points->size;
    if (!is_ours(u8_to_u32((const uint8_t *)text, len, points->data, &room), points->data))
        return failure();
    points->len = room;
    return SP_SASLPREP_OK;
}

static enum sp_saslprep_result encode(const struct points *points, char **out_text)
{
    size_t room = points->len * 4 + SPARE;
    char *text = calloc(1, room + 1);
    if (!text)
        return SP_SASLPREP_NO_MEMORY;
    if (!is_ours(u32_to_u8(points->data, points->len, (uint8_t *)text, &room), text)) {
        sp_secret_wipe(text, points->len * 4 + SPARE);
        free(text);
        return failure();
    }
    text[room] = '\0';
    *out_text = text;
    return SP_SASLPREP_OK;
}

static enum sp_saslprep_result prepare(struct points *given, struct points *normal, char **out_text)
{
    map(given);
    size_t room = normal->size;
    if (!is_ours(u32_normalize(UNINORM_NFKC, given->data, given->len, normal->data, &room),
                 normal->data))
        return failure();
    normal->len = room;
    if (has_any(normal, TABLE(forbidden)) || mixes_directions(normal))
        return SP_SASLPREP_REFUSED;
    return encode(normal, out_text);
}

/* --- the contract ------------------------------------------------------------------------------- */

static bool is_printable_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

enum sp_saslprep_result sp_saslprep(const char *text, size_t len, char **out_text)
{
    struct points given = {0}, normal = {0};
    enum sp_saslprep_result result = SP_SASLPREP_NO_MEMORY;
    *out_text = NULL;
    if (is_printable_ascii(text, len)) {
        *out_text = strndup(text, len);
        return *out_text ? SP_SASLPREP_OK : SP_SASLPREP_NO_MEMORY;
    }
    if (len < SIZE_MAX / (EXPANSION_MAX * sizeof *given.data) - SPARE &&
        allocate(&given, len + SPARE)) {
        result = decode(text, len, &given);
        if (result == SP_SASLPREP_OK && !allocate(&normal, given.len * EXPANSION_MAX + SPARE))
            result = SP_SASLPREP_NO_MEMORY;
        if (result == SP_SASLPREP_OK)
            result = prepare(&given, &normal, out_text);
    }
    release(&given);
    release(&normal);
    sp_sasl_wipe_stack();
    return result;
}
