/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 with padding (RFC 4648 §4), as AUTH has it on the wire and PEM in a file. */
#ifndef SP_PROBE_BASE64_H
#define SP_PROBE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of the base64 of `len` octets, with the NUL behind it. */
#define SP_BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/*
 * Writes the base64 of data[0..len) without line ends and a NUL to out[0..cap). False: cap is less than
 * SP_BASE64_SIZE(len); then out is empty where there is room for a NUL. Keeps nothing of the data: who
 * encodes a secret wipes `out`.
 */
bool sp_base64_encode(const void *data, size_t len, char *out, size_t cap);

/*
 * Decodes text[0..len), blanks and line ends in it passed over, into `out`, which has room for `len`
 * octets; it may be the text itself, whose octets are then replaced. False: it is not base64; then `out`
 * holds anything.
 */
bool sp_base64_decode(const void *text, size_t len, void *out, size_t *out_len);

#endif
