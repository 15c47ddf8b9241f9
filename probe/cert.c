/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 5280 §4.1):
 *
 *   Certificate = SEQUENCE { TBSCertificate, AlgorithmIdentifier, signature BIT STRING }
 *   TBSCertificate = SEQUENCE {
 *       [0] { version INTEGER } DEFAULT v1, serialNumber INTEGER, AlgorithmIdentifier, issuer Name,
 *       validity SEQUENCE { Time, Time }, subject Name, SubjectPublicKeyInfo,
 *       [1] issuerUniqueID OPTIONAL, [2] subjectUniqueID OPTIONAL,
 *       [3] { SEQUENCE OF Extension } OPTIONAL }
 *   SubjectPublicKeyInfo = SEQUENCE { AlgorithmIdentifier, key BIT STRING }
 *   RSAPublicKey = SEQUENCE { modulus INTEGER, exponent INTEGER }        (RFC 8017 A.1.1)
 */
#include "probe/cert.h"

#include "probe/cert_ext.h"
#include "probe/crypto.h"
#include "probe/dn.h"

#include <string.h>

/* --- the signature's algorithm ------------------------------------------------------------------ */

static bool name_signature(struct sp_arena *arena, const struct sp_algorithm *algorithm,
                           struct sp_cert *cert)
{
    struct sp_signature_algorithm known;
    char text[96];
    sp_algorithm_signature(algorithm, &known);
    cert->sig_alg = known.alg;
    cert->sig_hash = known.hash;
    cert->sig_text = known.text;
    if (known.text == NULL) {
        sp_der_oid_text(algorithm->oid, text, sizeof text);
        cert->sig_text = sp_arena_strdup(arena, text);
    }
    return cert->sig_text != NULL;
}

#define RSA_KEY "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define RSA_PSS_KEY "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"

/* --- the key ------------------------------------------------------------------------------------ */

static const struct {
    const char *oid;
    size_t len;
    unsigned bits;
    const char *text;
} curve_rows[] = {
    {"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, 256, "EC P-256"},
    {"\x2b\x81\x04\x00\x22", 5, 384, "EC P-384"},
    {"\x2b\x81\x04\x00\x23", 5, 521, "EC P-521"},
    {"\x2a\x86\x48\xce\x3d\x03\x01\x01", 8, 192, "EC P-192"},
    {"\x2b\x81\x04\x00\x21", 5, 224, "EC P-224"},
    {"\x2b\x81\x04\x00\x0a", 5, 256, "EC secp256k1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x07", 9, 256, "EC brainpoolP256r1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", 9, 384, "EC brainpoolP384r1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", 9, 512, "EC brainpoolP512r1"},
};

static bool read_rsa_key(struct sp_arena *arena, struct sp_cert *cert)
{
    struct sp_der outer, inner;
    struct sp_der_value modulus, exponent;
    cert->key_type = SP_KEY_RSA;
    sp_der_init(&outer, cert->key_bits);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &inner) || !sp_der_done(&outer) ||
        !sp_der_expect(&inner, SP_DER_INTEGER, &modulus) ||
        !sp_der_expect(&inner, SP_DER_INTEGER, &exponent) || !sp_der_done(&inner)) {
        sp_cert_add_flaw(cert, "its RSA key cannot be read");
        cert->key_text = "RSA";
        return true;
    }
    cert->key_bits_count = sp_der_bit_length(modulus.content);
    if (cert->key_bits_count == 0) {
        sp_cert_add_flaw(cert, "its RSA key has no modulus");
    }
    /* RFC 8017 §3.1: odd and at least 3. With 1, anybody can make signatures. */
    if (sp_der_bit_length(exponent.content) < 2 ||
        (exponent.content.data[exponent.content.len - 1] & 1u) == 0) {
        sp_cert_add_flaw(cert, "its RSA key has an exponent that makes it worthless");
    }
    /* Up to 32 bits are in use. One check with 4096 bits takes the time of a thousand. */
    cert->key_costly = sp_der_bit_length(exponent.content) > SP_LIMIT_RSA_EXPONENT;
    cert->key_text = sp_arena_printf(arena, "RSA %u", cert->key_bits_count);
    return cert->key_text != NULL;
}

/* SEC 1 §2.3.3: X and Y, or X alone with Y's sign. Whether it lies on the curve is not computed. */
static bool is_point(struct sp_slice octets, unsigned bits)
{
    size_t size = (bits + 7) / 8;
    return (octets.len == 1 + 2 * size && octets.data[0] == 4) ||
           (octets.len == 1 + size && (octets.data[0] == 2 || octets.data[0] == 3));
}

static bool read_ec_key(struct sp_arena *arena, const struct sp_algorithm *algorithm,
                        struct sp_cert *cert)
{
    char oid[96];
    cert->key_type = SP_KEY_EC;
    if (!algorithm->has_parameters || algorithm->parameters.tag != SP_DER_OID) {
        /* RFC 5480 §2.1.1: a curve must be given by its name. */
        sp_cert_add_flaw(cert, "its EC key does not name a curve");
        cert->key_text = "EC without a named curve";
        return true;
    }
    for (size_t i = 0; i < sizeof curve_rows / sizeof curve_rows[0]; i++) {
        if (sp_oid_is(algorithm->parameters.content, curve_rows[i].oid, curve_rows[i].len)) {
            cert->key_bits_count = curve_rows[i].bits;
            cert->key_text = curve_rows[i].text;
            if (!is_point(cert->key_bits, curve_rows[i].bits)) {
                sp_cert_add_flaw(cert, "its EC key is no point");
            }
            return true;
        }
    }
    sp_cert_add_flaw(cert, "its EC key is on a curve that is not known here");
    sp_der_oid_text(algorithm->parameters.content, oid, sizeof oid);
    cert->key_text = sp_arena_printf(arena, "EC %s", oid);
    return cert->key_text != NULL;
}

static void set_key(struct sp_cert *cert, enum sp_key_type type, unsigned bits, const char *text)
{
    cert->key_type = type;
    cert->key_bits_count = bits;
    cert->key_text = text;
}

static bool name_key(struct sp_arena *arena, const struct sp_algorithm *algorithm,
                     struct sp_cert *cert)
{
    char text[96];
    if (sp_oid_is(algorithm->oid, RSA_KEY, 9)) {
        return read_rsa_key(arena, cert);
    }
    if (sp_oid_is(algorithm->oid, RSA_PSS_KEY, 9)) {
        cert->key_pss = true;
        return read_rsa_key(arena, cert);
    }
    if (sp_oid_is(algorithm->oid, "\x2a\x86\x48\xce\x3d\x02\x01", 7)) {
        return read_ec_key(arena, algorithm, cert);
    }
    if (sp_oid_is(algorithm->oid, "\x2b\x65\x70", 3)) {
        set_key(cert, SP_KEY_ED25519, 256, "Ed25519");
    } else if (sp_oid_is(algorithm->oid, "\x2b\x65\x71", 3)) {
        set_key(cert, SP_KEY_ED448, 456, "Ed448");
    } else if (sp_oid_is(algorithm->oid, "\x2a\x86\x48\xce\x38\x04\x01", 7)) {
        set_key(cert, SP_KEY_DSA, 0, "DSA");
    } else {
        sp_der_oid_text(algorithm->oid, text, sizeof text);
        set_key(cert, SP_KEY_UNKNOWN, 0, sp_arena_strdup(arena, text));
        sp_cert_add_flaw(cert, "its key is of a kind that is not known here");
    }
    if ((cert->key_type == SP_KEY_ED25519 && cert->key_bits.len != 32) ||
        (cert->key_type == SP_KEY_ED448 && cert->key_bits.len != 57)) {
        sp_cert_add_flaw(cert, "its key is of the wrong size"); /* RFC 8032 §5.1.5, §5.2.5 */
    }
    return cert->key_text != NULL;
}

/* --- the certificate ---------------------------------------------------------------------------- */

/* The slices of one certificate before anything is made of them. */
struct parts {
    struct sp_algorithm outer, inner, key;
    struct sp_der extensions;
    bool has_extensions;
};

static const char *split_certificate(struct sp_cert *cert, struct parts *parts,
                                     struct sp_der *out_tbs)
{
    struct sp_der outer, certificate;
    struct sp_der_value tbs, signature;
    sp_der_init(&outer, cert->der);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &certificate)) {
        return "it is not DER, or it is cut off";
    }
    if (!sp_der_done(&outer)) {
        return "octets follow its end";
    }
    if (!sp_der_expect(&certificate, SP_DER_SEQUENCE, &tbs)) {
        return "its signed part is malformed";
    }
    if (!sp_algorithm_read(&certificate, &parts->outer)) {
        return "its signature algorithm is malformed";
    }
    if (!sp_der_expect(&certificate, SP_DER_BIT_STRING, &signature) ||
        !sp_der_octets(signature.content, &cert->signature) || !sp_der_done(&certificate)) {
        return "its signature is malformed";
    }
    cert->tbs = tbs.whole;
    cert->sig_alg_der = parts->outer.whole;
    sp_der_init(out_tbs, tbs.content);
    return NULL;
}

static bool read_version(struct sp_der *tbs, struct sp_cert *cert)
{
    struct sp_der tagged;
    struct sp_der_value number;
    int version = 0;
    if (sp_der_peek(tbs) == SP_DER_CONTEXT_CONSTRUCTED(0)) {
        if (!sp_der_enter(tbs, SP_DER_CONTEXT_CONSTRUCTED(0), &tagged) ||
            !sp_der_expect(&tagged, SP_DER_INTEGER, &number) || !sp_der_done(&tagged) ||
            !sp_der_small(number.content, &version) || version > 1000) {
            return false;
        }
    }
    cert->version = version + 1;
    return true;
}

static bool read_validity(struct sp_der *tbs, struct sp_cert *cert)
{
    struct sp_der validity;
    struct sp_der_value before, after;
    if (!sp_der_enter(tbs, SP_DER_SEQUENCE, &validity) || !sp_der_read(&validity, &before) ||
        !sp_der_read(&validity, &after) || !sp_der_done(&validity)) {
        return false;
    }
    cert->time_valid = sp_der_time(before.tag, before.content, &cert->not_before) &&
                       sp_der_time(after.tag, after.content, &cert->not_after);
    return true;
}

static bool read_key(struct sp_der *tbs, struct sp_cert *cert, struct parts *parts)
{
    struct sp_der inner;
    struct sp_der_value spki, bits;
    if (!sp_der_expect(tbs, SP_DER_SEQUENCE, &spki)) {
        return false;
    }
    cert->spki = spki.whole;
    sp_der_init(&inner, spki.content);
    return sp_algorithm_read(&inner, &parts->key) &&
           sp_der_expect(&inner, SP_DER_BIT_STRING, &bits) &&
           sp_der_octets(bits.content, &cert->key_bits) && sp_der_done(&inner);
}

static bool read_tail(struct sp_der *tbs, struct parts *parts)
{
    struct sp_der_value unique_id;
    struct sp_der tagged;
    (void)sp_der_expect(tbs, SP_DER_CONTEXT(1), &unique_id);
    (void)sp_der_expect(tbs, SP_DER_CONTEXT(2), &unique_id);
    parts->has_extensions = sp_der_peek(tbs) == SP_DER_CONTEXT_CONSTRUCTED(3);
    if (parts->has_extensions &&
        (!sp_der_enter(tbs, SP_DER_CONTEXT_CONSTRUCTED(3), &tagged) ||
         !sp_der_enter(&tagged, SP_DER_SEQUENCE, &parts->extensions) || !sp_der_done(&tagged))) {
        return false;
    }
    return sp_der_done(tbs);
}

static const char *split_tbs(struct sp_der *tbs, struct sp_cert *cert, struct parts *parts)
{
    struct sp_der_value serial, issuer, subject;
    if (!read_version(tbs, cert)) {
        return "its version is malformed";
    }
    if (!sp_der_expect(tbs, SP_DER_INTEGER, &serial) || serial.content.len == 0) {
        return "its serial number is malformed";
    }
    cert->serial = serial.content;
    if (!sp_algorithm_read(tbs, &parts->inner)) {
        return "its signature algorithm is malformed";
    }
    if (!sp_der_expect(tbs, SP_DER_SEQUENCE, &issuer) || !sp_dn_valid(issuer.whole)) {
        return "its issuer is malformed";
    }
    cert->issuer = issuer.whole;
    if (!read_validity(tbs, cert)) {
        return "its validity is malformed";
    }
    if (!sp_der_expect(tbs, SP_DER_SEQUENCE, &subject) || !sp_dn_valid(subject.whole)) {
        return "its subject is malformed";
    }
    cert->subject = subject.whole;
    if (!read_key(tbs, cert, parts)) {
        return "its public key is malformed";
    }
    return read_tail(tbs, parts) ? NULL : "its extensions are malformed";
}

/* Makes texts and facts of the slices. False: out of memory. */
static bool describe(struct sp_arena *arena, const struct parts *parts, struct sp_cert *cert)
{
    cert->sig_alg_match = sp_slice_equal(parts->outer.whole, parts->inner.whole);
    cert->self_issued = sp_dn_equal(cert->issuer, cert->subject);
    if (!sp_der_is_integer(cert->serial)) {
        sp_cert_add_flaw(cert, "its serial number is not written as DER has it");
    }
    if (sp_dn_empty(cert->issuer)) {
        sp_cert_add_flaw(cert, "its issuer is empty"); /* RFC 5280 §4.1.2.4 */
    }
    if (!sp_dn_well_encoded(cert->issuer) || !sp_dn_well_encoded(cert->subject)) {
        sp_cert_add_flaw(cert, "its names have text that is not in the encoding it claims");
    }
    if (cert->version > 3) {
        sp_cert_add_flaw(cert, "its version is newer than 3");
    }
    if (parts->has_extensions && cert->version < 3) {
        /* RFC 5280 §4.1.2.9. Whoever ignores them here sees another certificate than we do. */
        sp_cert_add_flaw(cert, "it has extensions, which only version 3 may have");
    }
    if (!name_signature(arena, &parts->outer, cert) || !name_key(arena, &parts->key, cert)) {
        return false;
    }
    cert->issuer_text = sp_dn_text(arena, cert->issuer);
    cert->subject_text = sp_dn_text(arena, cert->subject);
    if (cert->issuer_text == NULL || cert->subject_text == NULL ||
        !sp_dn_common_name(arena, cert->subject, &cert->common_name)) {
        return false;
    }
    return !parts->has_extensions || sp_cert_read_extensions(arena, parts->extensions, cert);
}

/* Forgets all but the octets. */
static void mark_broken(struct sp_cert *cert, const char *error)
{
    struct sp_cert kept = *cert;
    memset(cert, 0, sizeof *cert);
    cert->der = kept.der;
    cert->path_len = cert->require_policy = cert->inhibit_mapping = cert->inhibit_any_policy = -1;
    cert->error = error;
}

/* Finds all parts; nothing is made of them yet. */
static const char *split(const uint8_t *der, size_t len, struct sp_cert *cert, struct parts *parts)
{
    struct sp_der tbs;
    memset(cert, 0, sizeof *cert);
    cert->der.data = der;
    cert->der.len = len;
    cert->path_len = cert->require_policy = cert->inhibit_mapping = cert->inhibit_any_policy = -1;
    if (len > SP_LIMIT_CERT_BYTES) {
        return "it is larger than we read";
    }
    const char *error = split_certificate(cert, parts, &tbs);
    return error != NULL ? error : split_tbs(&tbs, cert, parts);
}

const char *sp_cert_outline(const uint8_t *der, size_t len, struct sp_slice *out_subject)
{
    struct parts parts = {0};
    struct sp_cert cert;
    const char *error = split(der, len, &cert, &parts);
    if (error == NULL) {
        *out_subject = cert.subject;
    }
    return error;
}

bool sp_cert_read(struct sp_arena *arena, const uint8_t *der, size_t len, struct sp_cert *out_cert)
{
    struct parts parts = {0};
    const char *error = split(der, len, out_cert, &parts);
    if (error != NULL) {
        mark_broken(out_cert, error);
        return true;
    }
    out_cert->parsed = true;
    return describe(arena, &parts, out_cert);
}

bool sp_cert_parse(struct sp_arena *arena, const uint8_t *der, size_t len, struct sp_cert *out_cert)
{
    return sp_cert_read(arena, der, len, out_cert) &&
           sp_crypto_sha256_hex(out_cert->der, out_cert->sha256) &&
           (!out_cert->parsed || sp_crypto_sha256_hex(out_cert->spki, out_cert->spki_sha256));
}
