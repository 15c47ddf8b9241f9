/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits that the user set: is a value over one, and how is a limit written. */
#ifndef SP_CHECKS_THRESHOLDS_H
#define SP_CHECKS_THRESHOLDS_H

#include "probe/options.h"
#include "probe/reason.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * CRITICAL, WARNING or OK for this value; critical is asked first. *out_range is the range that
 * alerted, or NULL. A range that isn't set never alerts.
 */
enum sp_state sp_threshold_state(const struct sp_range *warning, const struct sp_range *critical,
                                 double value, const struct sp_range **out_range);
/* The range as a monitoring system reads it: a plain number for a simple maximum ("10" for "10" and
 * "~:10"), else Nagios' range grammar; empty when not set. Never an exponent. */
void sp_threshold_print(char *out, size_t size, const struct sp_range *range);
/* The range for people, with the unit: "above 2 s", "below 21 days", "outside 1:5 s". */
void sp_threshold_describe(char *out, size_t size, const struct sp_range *range, const char *unit);

#endif
