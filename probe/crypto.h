/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two pieces of cryptography that judging a certificate needs; the only such file with wolfSSL in it. */
#ifndef SP_PROBE_CRYPTO_H
#define SP_PROBE_CRYPTO_H

#include "probe/cert.h"

enum sp_crypto_verdict {
    SP_CRYPTO_GOOD,
    SP_CRYPTO_BAD,         /* the signature is not one by this key */
    SP_CRYPTO_UNSUPPORTED, /* a kind of key or signature that we can't compute with */
    SP_CRYPTO_NO_MEMORY
};

#define SP_CRYPTO_SHA256_SIZE 32u

/* False only when the library fails. */
bool sp_crypto_sha256(struct sp_slice data, uint8_t out_digest[SP_CRYPTO_SHA256_SIZE]);

/* Lower-case hex of the SHA-256 of `data`. */
bool sp_crypto_sha256_hex(struct sp_slice data, char out_text[2 * SP_CRYPTO_SHA256_SIZE + 1]);

/* Was `cert` signed with the key of `issuer`? Both are parsed. The key must be of the kind that the
 * signature algorithm names; the names of the two are not compared. */
enum sp_crypto_verdict sp_crypto_check_signature(const struct sp_cert *cert,
                                                 const struct sp_cert *issuer);

#endif
