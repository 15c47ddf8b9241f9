/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hashes that SASL mechanisms are made of. What goes in and in between may be a secret: everything but
 * the result is wiped, on the stack too. False always means that the library failed (out of memory).
 */
#ifndef SP_PROBE_SASL_HASH_H
#define SP_PROBE_SASL_HASH_H

#include "probe/der.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_sasl_hash {
    SP_SASL_MD4, /* RFC 1320 */
    SP_SASL_MD5, /* RFC 1321 */
    SP_SASL_SHA1,
    SP_SASL_SHA256,
    SP_SASL_SHA512,
    SP_SASL_HASH_COUNT
};

#define SP_SASL_HASH_MAX 64u /* octets of the largest */

/* Octets of a digest: 16, 16, 20, 32, 64. */
size_t sp_sasl_hash_size(enum sp_sasl_hash hash);
/* The digest of parts[0..count), as if they stood one behind the other. */
bool sp_sasl_digest(enum sp_sasl_hash hash, const struct sp_slice *parts, size_t count,
                    uint8_t *out_digest);
/* RFC 2104: the same under a key of any length, the empty one too. */
bool sp_sasl_hmac(enum sp_sasl_hash hash, struct sp_slice key, const struct sp_slice *parts,
                  size_t count, uint8_t *out_mac);
/*
 * Hi() of RFC 5802 §2.2, which is PBKDF2 (RFC 8018 §5.2) with HMAC for one block of the hash's size.
 * `iterations` is at least 1. Looks at *cancelled (NULL: nobody cancels) about once in a millisecond; then,
 * too, false. All of out_key is written only when true.
 */
bool sp_sasl_hi(enum sp_sasl_hash hash, struct sp_slice password, struct sp_slice salt,
                unsigned iterations, const atomic_bool *cancelled, uint8_t *out_key);
/* Whether a[0..len) and b[0..len) are equal, in a time that doesn't tell where they differ. */
bool sp_sasl_equal(const uint8_t *a, const uint8_t *b, size_t len);
/*
 * Overwrites the stack that functions called before have used and left: libraries don't wipe theirs. Called
 * at the end of a step that worked on secrets; sp_sasl_digest and its like do so themselves.
 */
void sp_sasl_wipe_stack(void);

#endif
