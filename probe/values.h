/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How values are written: numbers, durations, Nagios ranges. A decimal point is always a point, whatever
 * the locale says. All of them take the whole string or refuse it; on false the result is untouched.
 */
#ifndef SP_PROBE_VALUES_H
#define SP_PROBE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A Nagios range: alert when outside [start, end], or inside when `inside`. Infinite ends allowed. */
struct sp_range {
    double start, end;
    bool inside;
    bool set;
    const char *text; /* in Nagios' syntax, fit for performance data; NULL when !set */
};

/* Digits only, at most `max`. */
bool sp_parse_uint(const char *text, uint64_t max, uint64_t *out_value);
/* ["-" | "+"] digits ["." digits]; no exponent, at most 18 digits in all. */
bool sp_parse_decimal(const char *text, double *out_value);
/* "1500ms", "5s", "2m", "1h", "1d", plain number = seconds; decimals allowed; rounded to 1 ms. */
bool sp_parse_duration_ms(const char *text, uint32_t *out_ms);
/* Nagios range grammar: ["@"] [[start] ":"] [end]; start "~" = minus infinity, no end = infinity, no
 * start = 0. Leaves `text` NULL and sets `set`. */
bool sp_parse_range(const char *text, struct sp_range *out_range);
/* True when `value` must alert; never for a range that is not set. */
bool sp_range_alerts(const struct sp_range *range, double value);

#endif
