/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_values.h"

#include "nagios/arguments.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define DAY_S 86400u

/* The same for text[0..len). */
static bool read_integer(const char *text, size_t len, uint32_t *out_value)
{
    uint64_t value = 0;
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > INT_MAX)
            return false;
    }
    *out_value = (uint32_t)value;
    return true;
}

bool sp_compat_integer(const char *text, uint32_t *out_value)
{
    return read_integer(text, strlen(text), out_value);
}

enum sp_compat_time sp_compat_timeout(const char *text, uint32_t *out_ms, enum sp_state *out_state)
{
    const char *colon = strchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
    uint32_t seconds = 0;
    enum sp_state state = SP_STATE_OK;
    if (!read_integer(text, len, &seconds))
        return SP_COMPAT_TIME_BAD;
    if (colon != NULL && !sp_plugin_parse_state(colon + 1, &state))
        return SP_COMPAT_TIME_BAD_STATE;
    if (colon != NULL)
        *out_state = state;
    if (colon == NULL || len > 0)
        *out_ms = (seconds == 0 || seconds > DAY_S ? DAY_S : seconds) * 1000;
    return SP_COMPAT_TIME_OK;
}

bool sp_compat_days(const char *text, uint32_t *out_warning, uint32_t *out_critical,
                    const char **out_bad, size_t *out_bad_len)
{
    const char *comma = strchr(text, ',');
    const char *rest = comma != NULL ? comma + 1 : "";
    size_t len = comma != NULL ? (size_t)(comma - text) : strlen(text);
    uint32_t warning, critical;
    if (!read_integer(text, len, &warning)) {
        *out_bad = text;
        *out_bad_len = len;
        return false;
    }
    if (!sp_compat_integer(rest, &critical)) {
        *out_bad = rest;
        *out_bad_len = strlen(rest);
        return false;
    }
    *out_warning = warning;
    *out_critical = critical;
    return true;
}

/* What strtod takes but for names and hexadecimal: *SP ["+" / "-"] digits with a "." [exponent]. */
static bool is_number(const char *text)
{
    text += strspn(text, " \t\n\v\f\r");
    text += *text == '+' || *text == '-';
    size_t before = strspn(text, DIGITS);
    text += before;
    size_t after = 0;
    if (*text == '.') {
        after = strspn(text + 1, DIGITS);
        text += 1 + after;
    }
    if (before + after == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-';
        size_t digits = strspn(text, DIGITS);
        if (digits == 0)
            return false;
        text += digits;
    }
    return *text == '\0';
}

/* NULL in *out_text: out of memory. */
static double read_number(struct sp_arena *arena, const char *text, const char **out_text)
{
    locale_t point = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t old = point != (locale_t)0 ? uselocale(point) : (locale_t)0;
    double value = strtod(text, NULL) + 0.0; /* makes -0 a 0 */
    *out_text = sp_arena_printf(arena, "%f", value);
    if (point != (locale_t)0) {
        uselocale(old);
        freelocale(point);
    }
    return value;
}

bool sp_compat_threshold(struct sp_arena *arena, const char *text, struct sp_range *out_range)
{
    struct sp_range range = {.set = true, .start = -(double)INFINITY};
    if (is_number(text)) {
        range.end = read_number(arena, text, &range.text);
        if (range.end < 0 || !isfinite(range.end))
            return false;
    } else {
        if (!sp_parse_range(text, &range))
            return false;
        range.text = sp_arena_strdup(arena, text);
    }
    if (range.text == NULL)
        return false;
    *out_range = range;
    return true;
}
