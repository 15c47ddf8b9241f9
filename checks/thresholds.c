/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/thresholds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_SIZE 352u /* "%.6f" of the largest double */

enum sp_state sp_threshold_state(const struct sp_range *warning, const struct sp_range *critical,
                                 double value, const struct sp_range **out_range)
{
    *out_range = NULL;
    if (critical->set && sp_range_alerts(critical, value)) {
        *out_range = critical;
        return SP_STATE_CRITICAL;
    }
    if (warning->set && sp_range_alerts(warning, value)) {
        *out_range = warning;
        return SP_STATE_WARNING;
    }
    return SP_STATE_OK;
}

/* Six decimals at most, without the zeros behind them: "10", "0.25". */
static void print_number(char *out, size_t size, double value)
{
    snprintf(out, size, "%.6f", value);
    size_t len = strlen(out);
    while (len > 0 && out[len - 1] == '0')
        out[--len] = '\0';
    if (len > 0 && out[len - 1] == '.')
        out[--len] = '\0';
}

/* Values that are limited are never negative, so a start at or below zero limits nothing. */
static bool is_maximum(const struct sp_range *range)
{
    return !range->inside && range->start <= 0.0 && !isinf(range->end);
}

static bool is_minimum(const struct sp_range *range)
{
    return !range->inside && isinf(range->end) && !isinf(range->start);
}

void sp_threshold_print(char *out, size_t size, const struct sp_range *range)
{
    char start[NUMBER_SIZE] = "~", end[NUMBER_SIZE] = "";
    out[0] = '\0';
    if (!range->set)
        return;
    if (!isinf(range->start))
        print_number(start, sizeof start, range->start);
    if (!isinf(range->end))
        print_number(end, sizeof end, range->end);
    if (is_maximum(range))
        snprintf(out, size, "%s", end);
    else
        snprintf(out, size, "%s%s:%s", range->inside ? "@" : "", start, end);
}

void sp_threshold_describe(char *out, size_t size, const struct sp_range *range, const char *unit)
{
    char number[NUMBER_SIZE];
    if (is_maximum(range)) {
        print_number(number, sizeof number, range->end);
        snprintf(out, size, "above %s %s", number, unit);
    } else if (is_minimum(range)) {
        print_number(number, sizeof number, range->start);
        snprintf(out, size, "below %s %s", number, unit);
    } else {
        sp_threshold_print(number, sizeof number, range);
        snprintf(out, size, "%s %s %s", range->inside ? "inside" : "outside",
                 range->inside ? number + 1 : number, unit);
    }
}
