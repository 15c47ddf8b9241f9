/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 5280 §4.1.1.2, RFC 4055 §3.1):
 *
 *   AlgorithmIdentifier = SEQUENCE { OID, parameters ANY OPTIONAL }
 *   RSASSA-PSS-params   = SEQUENCE {
 *       [0] { hash AlgorithmIdentifier } DEFAULT sha1,
 *       [1] { SEQUENCE { mgf1 OID, hash AlgorithmIdentifier } } DEFAULT mgf1 with sha1,
 *       [2] { salt length INTEGER } DEFAULT 20,
 *       [3] { trailer INTEGER } DEFAULT 1 }
 */
#include "probe/algorithm.h"

#include <string.h>

#define PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA "\x2a\x86\x48\xce\x3d\x04"

#define PSS_SALT_DEFAULT 20
#define PSS_SALT_MAX 512 /* no key that we can use has room for more */

bool sp_oid_is(struct sp_slice oid, const char *octets, size_t len)
{
    return oid.len == len && memcmp(oid.data, octets, len) == 0;
}

bool sp_algorithm_read(struct sp_der *der, struct sp_algorithm *out)
{
    struct sp_der_value whole, oid;
    struct sp_der inner;
    if (!sp_der_expect(der, SP_DER_SEQUENCE, &whole)) {
        return false;
    }
    sp_der_init(&inner, whole.content);
    if (!sp_der_expect(&inner, SP_DER_OID, &oid)) {
        return false;
    }
    out->oid = oid.content;
    out->whole = whole.whole;
    out->has_parameters = sp_der_read(&inner, &out->parameters);
    return sp_der_done(&inner);
}

/* --- hashes ------------------------------------------------------------------------------------- */

static const struct {
    const char *oid;
    size_t len;
    enum sp_hash hash;
} hash_rows[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x02\x05", 8, SP_HASH_MD5},
    {"\x2b\x0e\x03\x02\x1a", 5, SP_HASH_SHA1},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9, SP_HASH_SHA256},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9, SP_HASH_SHA384},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9, SP_HASH_SHA512},
    {"\x60\x86\x48\x01\x65\x03\x04\x02\x04", 9, SP_HASH_SHA224},
};

enum sp_hash sp_algorithm_hash(struct sp_slice oid)
{
    for (size_t i = 0; i < sizeof hash_rows / sizeof hash_rows[0]; i++) {
        if (sp_oid_is(oid, hash_rows[i].oid, hash_rows[i].len)) {
            return hash_rows[i].hash;
        }
    }
    return SP_HASH_UNKNOWN;
}

const char *sp_hash_weak_name(enum sp_hash hash)
{
    switch (hash) {
    case SP_HASH_MD2: return "MD2";
    case SP_HASH_MD5: return "MD5";
    case SP_HASH_SHA1: return "SHA-1";
    case SP_HASH_UNKNOWN:
    case SP_HASH_NONE:
    case SP_HASH_SHA224:
    case SP_HASH_SHA256:
    case SP_HASH_SHA384:
    case SP_HASH_SHA512: break;
    }
    return NULL;
}

/* --- signatures --------------------------------------------------------------------------------- */

static const struct signature_row {
    const char *oid;
    size_t len;
    enum sp_sig_alg alg;
    enum sp_hash hash;
    const char *text;
} signature_rows[] = {
    {PKCS1 "\x02", 9, SP_SIG_MD2, SP_HASH_MD2, "md2WithRSAEncryption"},
    {PKCS1 "\x04", 9, SP_SIG_RSA_MD5, SP_HASH_MD5, "md5WithRSAEncryption"},
    {PKCS1 "\x05", 9, SP_SIG_RSA_SHA1, SP_HASH_SHA1, "sha1WithRSAEncryption"},
    {"\x2b\x0e\x03\x02\x1d", 5, SP_SIG_RSA_SHA1, SP_HASH_SHA1, "sha1WithRSA"},
    {PKCS1 "\x0a", 9, SP_SIG_RSA_PSS, SP_HASH_UNKNOWN, "rsassaPss"},
    {PKCS1 "\x0b", 9, SP_SIG_RSA_SHA256, SP_HASH_SHA256, "sha256WithRSAEncryption"},
    {PKCS1 "\x0c", 9, SP_SIG_RSA_SHA384, SP_HASH_SHA384, "sha384WithRSAEncryption"},
    {PKCS1 "\x0d", 9, SP_SIG_RSA_SHA512, SP_HASH_SHA512, "sha512WithRSAEncryption"},
    {PKCS1 "\x0e", 9, SP_SIG_RSA_SHA224, SP_HASH_SHA224, "sha224WithRSAEncryption"},
    {ECDSA "\x01", 7, SP_SIG_ECDSA_SHA1, SP_HASH_SHA1, "ecdsa-with-SHA1"},
    {ECDSA "\x03\x01", 8, SP_SIG_ECDSA_SHA224, SP_HASH_SHA224, "ecdsa-with-SHA224"},
    {ECDSA "\x03\x02", 8, SP_SIG_ECDSA_SHA256, SP_HASH_SHA256, "ecdsa-with-SHA256"},
    {ECDSA "\x03\x03", 8, SP_SIG_ECDSA_SHA384, SP_HASH_SHA384, "ecdsa-with-SHA384"},
    {ECDSA "\x03\x04", 8, SP_SIG_ECDSA_SHA512, SP_HASH_SHA512, "ecdsa-with-SHA512"},
    {"\x2b\x65\x70", 3, SP_SIG_ED25519, SP_HASH_NONE, "ED25519"},
    {"\x2b\x65\x71", 3, SP_SIG_ED448, SP_HASH_NONE, "ED448"},
    {"\x2a\x86\x48\xce\x38\x04\x03", 7, SP_SIG_DSA, SP_HASH_SHA1, "dsaWithSHA1"},
    {"\x60\x86\x48\x01\x65\x03\x04\x03\x01", 9, SP_SIG_DSA, SP_HASH_SHA224, "dsa_with_SHA224"},
    {"\x60\x86\x48\x01\x65\x03\x04\x03\x02", 9, SP_SIG_DSA, SP_HASH_SHA256, "dsa_with_SHA256"},
};

/* Enters the optional [n] at the front; *out_there tells whether it is there. */
static bool enter_tagged(struct sp_der *der, unsigned n, struct sp_der *out_inner, bool *out_there)
{
    *out_there = sp_der_peek(der) == SP_DER_CONTEXT_CONSTRUCTED(n);
    return !*out_there || sp_der_enter(der, SP_DER_CONTEXT_CONSTRUCTED(n), out_inner);
}

static bool read_pss_hash(struct sp_der *parameters, enum sp_hash *out)
{
    struct sp_der tagged;
    struct sp_algorithm hash;
    bool there;
    *out = SP_HASH_SHA1;
    if (!enter_tagged(parameters, 0, &tagged, &there) || !there) {
        return !there;
    }
    if (!sp_algorithm_read(&tagged, &hash) || !sp_der_done(&tagged)) {
        return false;
    }
    *out = sp_algorithm_hash(hash.oid);
    return true;
}

static bool read_pss_mgf(struct sp_der *parameters, enum sp_hash *out)
{
    struct sp_der tagged, inner;
    struct sp_algorithm mgf, hash;
    bool there;
    *out = SP_HASH_SHA1;
    if (!enter_tagged(parameters, 1, &tagged, &there) || !there) {
        return !there;
    }
    if (!sp_algorithm_read(&tagged, &mgf) || !sp_der_done(&tagged) ||
        !sp_oid_is(mgf.oid, PKCS1 "\x08", 9) || !mgf.has_parameters) {
        return false;
    }
    sp_der_init(&inner, mgf.parameters.whole);
    if (!sp_algorithm_read(&inner, &hash)) {
        return false;
    }
    *out = sp_algorithm_hash(hash.oid);
    return true;
}

static bool read_pss_number(struct sp_der *parameters, unsigned tag, int *out)
{
    struct sp_der tagged;
    struct sp_der_value number;
    bool there;
    if (!enter_tagged(parameters, tag, &tagged, &there) || !there) {
        return !there;
    }
    return sp_der_expect(&tagged, SP_DER_INTEGER, &number) && sp_der_done(&tagged) &&
           sp_der_small(number.content, out);
}

static bool read_pss(const struct sp_algorithm *algorithm, struct sp_signature_algorithm *out)
{
    struct sp_der outer, parameters;
    int trailer = 1;
    out->salt_len = PSS_SALT_DEFAULT;
    if (!algorithm->has_parameters) {
        return false;
    }
    sp_der_init(&outer, algorithm->parameters.whole);
    return sp_der_enter(&outer, SP_DER_SEQUENCE, &parameters) &&
           read_pss_hash(&parameters, &out->hash) && read_pss_mgf(&parameters, &out->mgf_hash) &&
           read_pss_number(&parameters, 2, &out->salt_len) &&
           read_pss_number(&parameters, 3, &trailer) && sp_der_done(&parameters) &&
           out->salt_len <= PSS_SALT_MAX && trailer == 1 && out->mgf_hash != SP_HASH_UNKNOWN;
}

void sp_algorithm_signature(const struct sp_algorithm *algorithm,
                            struct sp_signature_algorithm *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof signature_rows / sizeof signature_rows[0]; i++) {
        const struct signature_row *row = &signature_rows[i];
        if (!sp_oid_is(algorithm->oid, row->oid, row->len)) {
            continue;
        }
        out->alg = row->alg;
        out->text = row->text;
        out->hash = row->hash;
        if (row->alg == SP_SIG_RSA_PSS && !read_pss(algorithm, out)) {
            out->hash = SP_HASH_UNKNOWN;
        }
        return;
    }
}
