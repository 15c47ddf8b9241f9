/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells people what a server said that answered a ClientHello with something else than TLS. */
#ifndef SP_PROBE_TLS_PLAIN_H
#define SP_PROBE_TLS_PLAIN_H

#include "probe/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when these first octets can't be the start of a TLS record of a server (RFC 8446 §5.1:
 * content type 21 or 22, then a version 3.x). Nothing is decided on octets that aren't there yet. */
bool sp_tls_plain_is(const uint8_t *data, size_t len);

/* One line, safe to print: what it looks like, and the octets made safe. NULL: out of memory. */
const char *sp_tls_plain_describe(struct sp_arena *arena, const uint8_t *data, size_t len);

#endif
