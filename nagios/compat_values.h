/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values as check_smtp reads them, which takes some that nobody else does: blanks around integers,
 * nothing at all for 0. On false the results are untouched.
 */
#ifndef SP_NAGIOS_COMPAT_VALUES_H
#define SP_NAGIOS_COMPAT_VALUES_H

#include "probe/arena.h"
#include "probe/reason.h"
#include "probe/values.h"

#include <stdbool.h>
#include <stdint.h>

/* *SP 1*DIGIT *SP, at most INT_MAX; nothing but blanks is 0. */
bool sp_compat_integer(const char *text, uint32_t *out_value);

enum sp_compat_time { SP_COMPAT_TIME_OK, SP_COMPAT_TIME_BAD, SP_COMPAT_TIME_BAD_STATE };
/* -t: integer [":" state] / ":" state, in seconds; 0 and everything above is a day. What is not written
 * stays as it is. */
enum sp_compat_time sp_compat_timeout(const char *text, uint32_t *out_ms, enum sp_state *out_state);

/* -D: integer ["," integer]; without the second it is 0. False: *out_bad is the part that is wrong, with
 * *out_bad_len octets. */
bool sp_compat_days(const char *text, uint32_t *out_warning, uint32_t *out_critical,
                    const char **out_bad, size_t *out_bad_len);

/*
 * -w, -c: a number that is not negative ("5", ".5", "5.", "1e1", blanks and "+" in front; no hexadecimal,
 * no infinity) becomes the range "~:N" with the number by "%f" as its text; or a Nagios range, whose text
 * is as written.
 */
bool sp_compat_threshold(struct sp_arena *arena, const char *text, struct sp_range *out_range);

#endif
