/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decimal  = ["-" / "+"] (1*DIGIT ["." *DIGIT] / "." 1*DIGIT)     ; no more than 18 digits
 * duration = decimal ["ms" / "s" / "m" / "h" / "d"]               ; not negative
 * range    = ["@"] ([(decimal / "~")] ":" [decimal] / decimal)    ; at least one bound
 */
#include "probe/values.h"

#include <math.h>
#include <string.h>

#define DIGITS_MAX 18u /* all of them fit into 64 bits */

bool sp_parse_uint(const char *text, uint64_t max, uint64_t *out_value)
{
    uint64_t value = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out_value = value;
    return true;
}

/* Reads a decimal at the start of `text`; returns what follows it, or NULL. */
static const char *scan_decimal(const char *text, double *out_value)
{
    uint64_t mantissa = 0;
    double scale = 1;
    unsigned digits = 0;
    bool negative = *text == '-', fraction = false;

    if (*text == '-' || *text == '+') {
        text++;
    }
    for (;; text++) {
        if (*text >= '0' && *text <= '9') {
            if (++digits > DIGITS_MAX) {
                return NULL;
            }
            mantissa = mantissa * 10 + (uint64_t)(*text - '0');
            scale = fraction ? scale * 10 : scale;
        } else if (*text == '.' && !fraction) {
            fraction = true;
        } else {
            break;
        }
    }
    if (digits == 0) {
        return NULL;
    }
    *out_value = (double)mantissa / scale;
    if (negative) {
        *out_value = -*out_value;
    }
    return text;
}

bool sp_parse_decimal(const char *text, double *out_value)
{
    double value;
    const char *rest = scan_decimal(text, &value);

    if (rest == NULL || *rest != '\0') {
        return false;
    }
    *out_value = value;
    return true;
}

bool sp_parse_duration_ms(const char *text, uint32_t *out_ms)
{
    static const struct {
        const char *word;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    double value;
    const char *rest = scan_decimal(text, &value);

    if (rest == NULL || value < 0 || *text == '-') {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(rest, units[i].word) == 0) {
            double ms = floor(value * units[i].ms + 0.5);
            if (ms > (double)UINT32_MAX) {
                return false;
            }
            /* A time that is not zero stays so. */
            *out_ms = ms < 1 && value > 0 ? 1 : (uint32_t)ms;
            return true;
        }
    }
    return false;
}

/* The bounds of a range behind its "@". */
static bool parse_bounds(const char *text, double *out_start, double *out_end)
{
    const char *rest = text;

    *out_start = 0;
    *out_end = (double)INFINITY;
    if (strchr(text, ':') == NULL) {
        return sp_parse_decimal(text, out_end);
    }
    if (*text == '~') {
        *out_start = -(double)INFINITY;
        rest = text + 1;
    } else if (*text != ':') {
        rest = scan_decimal(text, out_start);
    }
    if (rest == NULL || *rest != ':') {
        return false;
    }
    rest++;
    if (*rest == '\0') {
        return *text != ':'; /* ":" alone says nothing */
    }
    return sp_parse_decimal(rest, out_end);
}

bool sp_parse_range(const char *text, struct sp_range *out_range)
{
    struct sp_range range = {.set = true, .inside = *text == '@'};

    if (!parse_bounds(range.inside ? text + 1 : text, &range.start, &range.end) ||
        range.start > range.end) {
        return false;
    }
    *out_range = range;
    return true;
}

bool sp_range_alerts(const struct sp_range *range, double value)
{
    if (!range->set) {
        return false;
    }
    return (value >= range->start && value <= range->end) == range->inside;
}
