/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signatures by wolfSSL's plain functions for RSA, ECDSA and the Edwards curves: its functions for
 * certificates know no CRL and no OCSP answer of ours, and refuse what they can't read as a whole.
 */
#include "probe/crypto.h"

/* wolfSSL's headers declare what options.h switches on, so that one comes first. */
#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/ed448.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include <errno.h>
#include <string.h>

#define CHECKS_OF_ONE_CHAIN 4u
/* The largest modulus that this build of the library computes with. */
#define RSA_BITS_MAX ((unsigned)RSA_MAX_SIZE)
#define RSA_OCTETS_MAX (RSA_BITS_MAX / 8)

/* --- hashes ------------------------------------------------------------------------------------- */

static const struct hash_row {
    enum wc_HashType type;
    int oid, mgf;
    size_t size;
} hash_rows[] = {
    [SP_HASH_UNKNOWN] = {WC_HASH_TYPE_NONE, 0, WC_MGF1NONE, 0},
    [SP_HASH_NONE] = {WC_HASH_TYPE_NONE, 0, WC_MGF1NONE, 0},
    [SP_HASH_MD2] = {WC_HASH_TYPE_NONE, 0, WC_MGF1NONE, 0},
    [SP_HASH_MD5] = {WC_HASH_TYPE_MD5, MD5h, WC_MGF1NONE, 16},
    [SP_HASH_SHA1] = {WC_HASH_TYPE_SHA, SHAh, WC_MGF1SHA1, 20},
    [SP_HASH_SHA224] = {WC_HASH_TYPE_SHA224, SHA224h, WC_MGF1SHA224, 28},
    [SP_HASH_SHA256] = {WC_HASH_TYPE_SHA256, SHA256h, WC_MGF1SHA256, 32},
    [SP_HASH_SHA384] = {WC_HASH_TYPE_SHA384, SHA384h, WC_MGF1SHA384, 48},
    [SP_HASH_SHA512] = {WC_HASH_TYPE_SHA512, SHA512h, WC_MGF1SHA512, 64},
};

bool sp_crypto_hash(enum sp_hash hash, struct sp_slice data, uint8_t out_digest[SP_CRYPTO_HASH_MAX],
                    size_t *out_len)
{
    static const uint8_t none[1];
    const struct hash_row *row = &hash_rows[hash];
    *out_len = row->size;
    return row->size > 0 && data.len <= UINT32_MAX &&
           wc_Hash(row->type, data.len > 0 ? data.data : none, (word32)data.len, out_digest,
                   (word32)row->size) == 0;
}

bool sp_crypto_sha256(struct sp_slice data, uint8_t out_digest[SP_CRYPTO_SHA256_SIZE])
{
    uint8_t digest[SP_CRYPTO_HASH_MAX];
    size_t len;
    if (!sp_crypto_hash(SP_HASH_SHA256, data, digest, &len)) {
        return false;
    }
    memcpy(out_digest, digest, SP_CRYPTO_SHA256_SIZE);
    return true;
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

/* --- signatures --------------------------------------------------------------------------------- */

/* One signature, its octets hashed. */
struct check {
    const struct sp_signed *what;
    const struct sp_cert *signer;
    struct sp_signature_algorithm algorithm;
    const struct hash_row *hash;
    uint8_t digest[SP_CRYPTO_HASH_MAX];
};

/* A failed allocation deep inside may end as any error. */
static enum sp_crypto_verdict judge(int rc, bool good)
{
    if (rc == MEMORY_E || (rc < 0 && errno == ENOMEM)) {
        return SP_CRYPTO_NO_MEMORY;
    }
    return rc >= 0 && good ? SP_CRYPTO_GOOD : SP_CRYPTO_BAD;
}

/* RFC 8017 §8.2.2: the DigestInfo is made anew and compared, so nothing can hide in it. */
static bool is_digest_info(const struct check *check, const uint8_t *octets, int len)
{
    uint8_t expected[MAX_ENCODED_SIG_SZ];
    word32 size =
        wc_EncodeSignature(expected, check->digest, (word32)check->hash->size, check->hash->oid);
    return len >= 0 && octets != NULL && size == (word32)len && memcmp(expected, octets, size) == 0;
}

static enum sp_crypto_verdict verify_rsa(const struct check *check)
{
    uint8_t copy[RSA_OCTETS_MAX], *plain = NULL;
    size_t len = check->what->signature.len;
    RsaKey key;
    word32 at = 0;
    bool good = false;
    if (len != (check->signer->key_bits_count + 7) / 8) {
        return SP_CRYPTO_BAD; /* RFC 8017 §8.2.2, step 1 */
    }
    memcpy(copy, check->what->signature.data, len);
    int rc = wc_InitRsaKey(&key, NULL);
    if (rc != 0) {
        return judge(rc, false);
    }
    rc = wc_RsaPublicKeyDecode(check->signer->key_bits.data, &at, &key,
                               (word32)check->signer->key_bits.len);
    if (rc == 0 && check->algorithm.alg == SP_SIG_RSA_PSS) {
        rc = wc_RsaPSS_VerifyInline_ex(copy, (word32)len, &plain, check->hash->type,
                                       hash_rows[check->algorithm.mgf_hash].mgf,
                                       check->algorithm.salt_len, &key);
        if (rc > 0) {
            rc = wc_RsaPSS_CheckPadding_ex2(
                check->digest, (word32)check->hash->size, plain, (word32)rc, check->hash->type,
                check->algorithm.salt_len, (int)check->signer->key_bits_count, NULL);
            good = rc == 0;
        }
    } else if (rc == 0) {
        rc = wc_RsaSSL_VerifyInline(copy, (word32)len, &plain, &key);
        good = is_digest_info(check, plain, rc);
    }
    enum sp_crypto_verdict verdict = judge(rc, good);
    wc_FreeRsaKey(&key);
    return verdict;
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

static enum sp_crypto_verdict verify_ecdsa(const struct check *check)
{
    ecc_key key;
    word32 at = 0;
    int good = 0;
    put_off_tables();
    int rc = wc_ecc_init(&key);
    if (rc != 0) {
        return judge(rc, false);
    }
    rc =
        wc_EccPublicKeyDecode(check->signer->spki.data, &at, &key, (word32)check->signer->spki.len);
    if (rc == 0) {
        rc = wc_ecc_verify_hash(check->what->signature.data, (word32)check->what->signature.len,
                                check->digest, (word32)check->hash->size, &good, &key);
    }
    enum sp_crypto_verdict verdict = judge(rc, good == 1);
    wc_ecc_free(&key);
    return verdict;
}

static enum sp_crypto_verdict verify_ed25519(const struct check *check)
{
    const struct sp_signed *what = check->what;
    struct sp_slice bits = check->signer->key_bits;
    ed25519_key key;
    int good = 0, rc = wc_ed25519_init(&key);
    if (rc != 0) {
        return judge(rc, false);
    }
    rc = wc_ed25519_import_public(bits.data, (word32)bits.len, &key);
    if (rc == 0) {
        rc = wc_ed25519_verify_msg(what->signature.data, (word32)what->signature.len,
                                   what->octets.data, (word32)what->octets.len, &good, &key);
    }
    enum sp_crypto_verdict verdict = judge(rc, good == 1);
    wc_ed25519_free(&key);
    return verdict;
}

static enum sp_crypto_verdict verify_ed448(const struct check *check)
{
    const struct sp_signed *what = check->what;
    struct sp_slice bits = check->signer->key_bits;
    ed448_key key;
    int good = 0, rc = wc_ed448_init(&key);
    if (rc != 0) {
        return judge(rc, false);
    }
    rc = wc_ed448_import_public(bits.data, (word32)bits.len, &key);
    if (rc == 0) {
        rc = wc_ed448_verify_msg(what->signature.data, (word32)what->signature.len,
                                 what->octets.data, (word32)what->octets.len, &good, &key, NULL, 0);
    }
    enum sp_crypto_verdict verdict = judge(rc, good == 1);
    wc_ed448_free(&key);
    return verdict;
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

/* What we can't compute with, whoever made the signature. */
static bool is_unsupported(const struct check *check, enum sp_key_type wanted)
{
    const struct sp_cert *signer = check->signer;
    bool hashed = wanted == SP_KEY_RSA || wanted == SP_KEY_EC;
    return wanted == SP_KEY_UNKNOWN || signer->key_type == SP_KEY_UNKNOWN ||
           signer->key_type == SP_KEY_DSA || signer->key_bits_count == 0 || signer->key_costly ||
           (signer->key_type == SP_KEY_RSA && signer->key_bits_count > RSA_BITS_MAX) ||
           (signer->key_type == SP_KEY_EC && signer->key_bits_count < ECC_MIN_KEY_SZ) ||
           (hashed && check->hash->size == 0) ||
           (check->algorithm.alg == SP_SIG_RSA_PSS &&
            hash_rows[check->algorithm.mgf_hash].mgf == WC_MGF1NONE);
}

enum sp_crypto_verdict sp_crypto_verify(const struct sp_signed *what, const struct sp_cert *signer)
{
    struct check check = {.what = what, .signer = signer};
    size_t len;
    sp_algorithm_signature(&what->algorithm, &check.algorithm);
    check.hash = &hash_rows[check.algorithm.hash];
    enum sp_key_type wanted = key_type_of(check.algorithm.alg);
    if (is_unsupported(&check, wanted)) {
        return SP_CRYPTO_UNSUPPORTED;
    }
    /* The algorithm is the signer's word, the key is the issuer's: one must not pass for the other. */
    if (wanted != signer->key_type || (signer->key_pss && check.algorithm.alg != SP_SIG_RSA_PSS) ||
        what->signature.len == 0) {
        return SP_CRYPTO_BAD;
    }
    errno = 0;
    if (what->digest != NULL) {
        memcpy(check.digest, what->digest, check.hash->size);
    } else if (check.hash->size > 0 &&
               !sp_crypto_hash(check.algorithm.hash, what->octets, check.digest, &len)) {
        return SP_CRYPTO_NO_MEMORY;
    }
    switch (wanted) {
    case SP_KEY_RSA: return verify_rsa(&check);
    case SP_KEY_EC: return verify_ecdsa(&check);
    case SP_KEY_ED25519: return verify_ed25519(&check);
    case SP_KEY_ED448: return verify_ed448(&check);
    case SP_KEY_UNKNOWN:
    case SP_KEY_DSA: break;
    }
    return SP_CRYPTO_UNSUPPORTED;
}

enum sp_crypto_verdict sp_crypto_check_signature(const struct sp_cert *cert,
                                                 const struct sp_cert *issuer)
{
    struct sp_signed what = {.octets = cert->tbs, .signature = cert->signature};
    struct sp_der der;
    sp_der_init(&der, cert->sig_alg_der);
    return sp_algorithm_read(&der, &what.algorithm) ? sp_crypto_verify(&what, issuer)
                                                    : SP_CRYPTO_BAD;
}
