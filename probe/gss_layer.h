/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The last two messages of SASL's GSSAPI (RFC 4752 §3.1 and §3.2), as they are inside gss_wrap():
 *
 *     offer  = layers size               ; the server's: which layers it has, the largest message it takes
 *     choice = layer size [authzid]      ; ours: one of them, and whom we want to be (UTF-8, not terminated)
 *     size   = 3 octets, network order   ; 0 where there is no layer
 */
#ifndef SP_PROBE_GSS_LAYER_H
#define SP_PROBE_GSS_LAYER_H

#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the server lets us go on without a layer. False: error[0..size) says what it sent instead. */
bool sp_gss_layer_read(const uint8_t *offer, size_t len, char *error, size_t size);
/* Appends the choice of no layer. `authzid` NULL: the server takes it from the ticket. False: no room. */
bool sp_gss_layer_write(const char *authzid, struct sp_buf *out);

#endif
