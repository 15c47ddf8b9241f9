/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The extensions of a certificate (RFC 5280 §4.2); a part of sp_cert_parse, for nobody else. */
#ifndef SP_PROBE_CERT_EXT_H
#define SP_PROBE_CERT_EXT_H

#include "probe/cert.h"

/* Reads the values of `extensions` into `cert`; what is malformed becomes a flaw. False: out of
 * memory. */
bool sp_cert_read_extensions(struct sp_arena *arena, struct sp_der extensions,
                             struct sp_cert *cert);

/* Adds to cert->flaws, a static text; beyond SP_LIMIT_CERT_FLAWS it is dropped. */
void sp_cert_add_flaw(struct sp_cert *cert, const char *flaw);

#endif
