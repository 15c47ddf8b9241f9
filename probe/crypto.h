/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes, and signatures by the key of a certificate: all the cryptography that judging takes. */
#ifndef SP_PROBE_CRYPTO_H
#define SP_PROBE_CRYPTO_H

#include "probe/algorithm.h"
#include "probe/cert.h"

enum sp_crypto_verdict {
    SP_CRYPTO_GOOD,
    SP_CRYPTO_BAD,         /* the signature is not one by this key */
    SP_CRYPTO_UNSUPPORTED, /* a kind of key or signature that we can't compute with */
    SP_CRYPTO_NO_MEMORY
};

#define SP_CRYPTO_SHA256_SIZE 32u
#define SP_CRYPTO_HASH_MAX 64u

/* The digest of `data`, MD5 and SHA-1 to SHA-512; its octets are counted in *out_len. False: another hash, or
 * the library fails. */
bool sp_crypto_hash(enum sp_hash hash, struct sp_slice data, uint8_t out_digest[SP_CRYPTO_HASH_MAX],
                    size_t *out_len);
/* False only when the library fails. */
bool sp_crypto_sha256(struct sp_slice data, uint8_t out_digest[SP_CRYPTO_SHA256_SIZE]);
/* Lower-case hex of the SHA-256 of `data`. */
bool sp_crypto_sha256_hex(struct sp_slice data, char out_text[2 * SP_CRYPTO_SHA256_SIZE + 1]);

/* What X.509, CRLs and OCSP answers have in common. */
struct sp_signed {
    struct sp_slice octets;        /* what is signed */
    struct sp_algorithm algorithm; /* as it stands beside the signature */
    struct sp_slice signature;     /* the BIT STRING's octets */
    /* The octets by the algorithm's hash, for who asks more than once; NULL: not known. */
    const uint8_t *digest;
};

/*
 * Was it signed with the key of `signer`, a parsed certificate? RSA PKCS #1 v1.5 and PSS, ECDSA, Ed25519 and
 * Ed448. The key must be of the kind that the algorithm names. What the signer may sign, and how strong
 * key and hash are, is not looked at.
 */
enum sp_crypto_verdict sp_crypto_verify(const struct sp_signed *what, const struct sp_cert *signer);
/* The same for a certificate; both are parsed. The names of the two are not compared. */
enum sp_crypto_verdict sp_crypto_check_signature(const struct sp_cert *cert,
                                                 const struct sp_cert *issuer);

#endif
