/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/crypto.h"

/* wolfSSL's headers declare what options.h switches on, so that one comes first; the function that
 * checks a signature with a bare key is part of its OpenSSL-extra set, which Debian builds. */
#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <errno.h>

#ifndef OPENSSL_EXTRA
#error "this wolfSSL was built without OPENSSL_EXTRA, which declares wc_CheckCertSigPubKey"
#endif

#define CHECKS_OF_ONE_CHAIN 4u

bool sp_crypto_sha256(struct sp_slice data, uint8_t out_digest[SP_CRYPTO_SHA256_SIZE])
{
    static const uint8_t none[1];
    return wc_Sha256Hash(data.len > 0 ? data.data : none, (word32)data.len, out_digest) == 0;
}

bool sp_crypto_sha256_hex(struct sp_slice data, char out_text[2 * SP_CRYPTO_SHA256_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SP_CRYPTO_SHA256_SIZE];
    out_text[0] = '\0';
    if (!sp_crypto_sha256(data, digest)) {
        return false;
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        out_text[2 * i] = digits[digest[i] >> 4];
        out_text[2 * i + 1] = digits[digest[i] & 0xfu];
    }
    out_text[2 * sizeof digest] = '\0';
    return true;
}

/* The kind of key that makes signatures of this algorithm. */
static enum sp_key_type key_type_of(enum sp_sig_alg alg)
{
    switch (alg) {
    case SP_SIG_RSA_MD5:
    case SP_SIG_RSA_SHA1:
    case SP_SIG_RSA_SHA224:
    case SP_SIG_RSA_SHA256:
    case SP_SIG_RSA_SHA384:
    case SP_SIG_RSA_SHA512:
    case SP_SIG_RSA_PSS: return SP_KEY_RSA;
    case SP_SIG_ECDSA_SHA1:
    case SP_SIG_ECDSA_SHA224:
    case SP_SIG_ECDSA_SHA256:
    case SP_SIG_ECDSA_SHA384:
    case SP_SIG_ECDSA_SHA512: return SP_KEY_EC;
    case SP_SIG_ED25519: return SP_KEY_ED25519;
    case SP_SIG_ED448: return SP_KEY_ED448;
    case SP_SIG_UNKNOWN:
    case SP_SIG_DSA:
    case SP_SIG_MD2:
    case SP_SIG_COUNT: break;
    }
    return SP_KEY_UNKNOWN;
}

/*
 * wolfSSL makes a table of multiples for each curve point that it meets twice, also for the curve's base
 * point. That takes 6 to 10 ms and saves half a millisecond at each use, so it pays in a batch and is
 * a loss for one endpoint, whose chain rarely needs more than three checks. Forgetting the points before
 * the first few checks of a thread puts the tables off.
 */
static void put_off_tables(void)
{
#ifdef FP_ECC
    static _Thread_local unsigned checks;
    if (checks < CHECKS_OF_ONE_CHAIN) {
        checks++;
        wc_ecc_fp_free();
    }
#endif
}

enum sp_crypto_verdict sp_crypto_check_signature(const struct sp_cert *cert,
                                                 const struct sp_cert *issuer)
{
    /* wolfSSL wants the whole SubjectPublicKeyInfo for RSA and EC, the bare key for Edwards curves. */
    struct sp_slice key = issuer->spki;
    int oid;
    switch (issuer->key_type) {
    case SP_KEY_RSA: oid = issuer->key_pss ? RSAPSSk : RSAk; break;
    case SP_KEY_EC: oid = ECDSAk; break;
    case SP_KEY_ED25519:
        oid = ED25519k;
        key = issuer->key_bits;
        break;
    case SP_KEY_ED448:
        oid = ED448k;
        key = issuer->key_bits;
        break;
    case SP_KEY_UNKNOWN:
    case SP_KEY_DSA:
    default: return SP_CRYPTO_UNSUPPORTED;
    }
    enum sp_key_type wanted = key_type_of(cert->sig_alg);
    if (wanted == SP_KEY_UNKNOWN || issuer->key_bits_count == 0 || issuer->key_costly) {
        return SP_CRYPTO_UNSUPPORTED;
    }
    /* wolfSSL goes by the key and would take an RSA signature that calls itself ECDSA. */
    if (wanted != issuer->key_type || (issuer->key_pss && cert->sig_alg != SP_SIG_RSA_PSS)) {
        return SP_CRYPTO_BAD;
    }
    put_off_tables();
    errno = 0;
    int rc = wc_CheckCertSigPubKey(cert->der.data, (word32)cert->der.len, NULL, key.data,
                                   (word32)key.len, oid);
    /* A failed allocation deep inside ends as "bad signature". */
    if (rc == MEMORY_E || (rc != 0 && errno == ENOMEM)) {
        return SP_CRYPTO_NO_MEMORY;
    }
    return rc == 0 ? SP_CRYPTO_GOOD : SP_CRYPTO_BAD;
}
