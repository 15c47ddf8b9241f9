/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SP_PROBE_HEX_H
#define SP_PROBE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes data[0..len) in lower-case hex, and a NUL, to out[0..2 * len + 1). */
void sp_hex(const uint8_t *data, size_t len, char *out);

#endif
