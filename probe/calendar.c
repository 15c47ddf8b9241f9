/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

bool sp_calendar_date(char *out, size_t size, int64_t unix_s)
{
    struct tm tm;
    time_t when = (time_t)unix_s;

    if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 8099) {
        (void)snprintf(out, size, "an unknown date");
        return false;
    }
    (void)snprintf(out, size, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    return true;
}

void sp_calendar_span(char *out, size_t size, int64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    uint64_t span = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;
    size_t i = 0;

    while (i < 3 && span < units[i].seconds)
        i++;
    uint64_t count = span / units[i].seconds;
    (void)snprintf(out, size, "%" PRIu64 " %s%s", count, units[i].name, count == 1 ? "" : "s");
}
