/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server offers in its reply to EHLO or LHLO (RFC 5321 §4.1.1.1, SIZE: RFC 1870 §4). */
#ifndef SP_PROBE_EHLO_H
#define SP_PROBE_EHLO_H

#include "probe/arena.h"
#include "probe/evidence.h"

#include <stdbool.h>

/*
 * Fills items, count, cut, size_state, size, auth and auth_count from a reply whose code is 250; the
 * other fields of *out_ehlo are left alone. Everything is copied into the arena. The first line, the
 * server's name and greeting, is no capability.
 * - Keywords are made upper case. One that the RFC's grammar doesn't allow is kept with "?" for each
 *   octet that isn't printable ASCII; it can't be mistaken for an allowed one.
 * - The old form "AUTH=LOGIN PLAIN" becomes the keyword "AUTH=" with the words behind it.
 * - `auth` joins the AUTH and AUTH= lines: each well-formed mechanism once, in the order sent.
 * - SIZE without a value is "absent"; with anything but one number of 1 to 20 digits that fits, or
 *   sent twice with different values, "invalid".
 * - `cut` also says that words were dropped, over SP_LIMIT_PARAMS.
 * False: out of memory or the arena's cap; *out_ehlo is unchanged.
 */
bool sp_ehlo_parse(struct sp_arena *arena, const struct sp_reply *reply, struct sp_ehlo *out_ehlo);

#endif
