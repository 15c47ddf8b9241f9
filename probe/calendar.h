/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates and spans of days as people read them: one rule for every message and output. */
#ifndef SP_PROBE_CALENDAR_H
#define SP_PROBE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_CALENDAR_SIZE 48u /* room for what is written below, NUL included */

/* "2026-09-01" in UTC. False, and "an unknown date", when the year is not 0000..9999. */
bool sp_calendar_date(char *out, size_t size, int64_t unix_s);
/*
 * The size of a span in its largest unit, rounded down, so that "6 days" is always below 7:
 * "29 days", "1 day", "5 hours", "12 minutes", "0 seconds". The sign is not told.
 */
void sp_calendar_span(char *out, size_t size, int64_t seconds);

#endif
