/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   duration = ["+"] ( "0" / 1*( number unit ) )
 *   number   = 1*DIGIT [ "." *DIGIT ] / "." 1*DIGIT
 */
#include "prometheus/duration.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PARTS 1000000u /* of a unit; smaller ones are cut */

static const uint64_t most = 86400000000000u;

/* The number in units, as whole ones and millionths. Returns what stands behind it; NULL: none is there. */
static const char *read_number(const char *text, uint64_t *out_whole, uint64_t *out_part)
{
    size_t digits = strspn(text, "0123456789"), places = 0;
    uint64_t whole = 0, part = 0;

    for (; digits > 0 && *text >= '0' && *text <= '9'; text++)
        whole = whole > most ? whole : whole * 10 + (uint64_t)(*text - '0');
    if (*text == '.') {
        text++;
        places = strspn(text, "0123456789");
        for (uint64_t scale = PARTS / 10; *text >= '0' && *text <= '9'; text++, scale /= 10)
            part += (uint64_t)(*text - '0') * scale;
    }
    *out_whole = whole;
    *out_part = part;
    return digits + places > 0 ? text : NULL;
}

bool sp_duration_parse(const char *text, uint64_t *out_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1},           {"us", 1000},      {"\xC2\xB5s", 1000}, /* the micro sign */
                 {"\xCE\xBCs", 1000},                                         /* the Greek letter */
                 {"ms", 1000000},     {"s", 1000000000}, {"m", 60000000000},  {"h", 3600000000000}};
    uint64_t sum = 0, whole, part;

    text += *text == '+';
    if (strcmp(text, "0") == 0) {
        *out_ns = 0;
        return true;
    }
    do {
        size_t unit = 0;
        text = read_number(text, &whole, &part);
        if (text == NULL)
            return false;
        size_t len = strcspn(text, "0123456789.");
        while (unit < COUNT(units) &&
               (strlen(units[unit].name) != len || memcmp(units[unit].name, text, len) != 0))
            unit++;
        if (unit == COUNT(units) || whole > most / units[unit].ns)
            return false;
        sum += whole * units[unit].ns + part * units[unit].ns / PARTS;
        text += len;
    } while (*text != '\0' && sum <= most);
    *out_ns = sum;
    return sum <= most;
}
