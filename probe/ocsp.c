/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 6960 §4.2.1):
 *
 *   OCSPResponse = SEQUENCE { status ENUMERATED, [0] { SEQUENCE { type OID, response OCTET STRING } } OPTIONAL }
 *   BasicOCSPResponse = SEQUENCE {
 *       ResponseData, AlgorithmIdentifier, signature BIT STRING, [0] { SEQUENCE OF Certificate } OPTIONAL }
 *   ResponseData = SEQUENCE {
 *       [0] { version INTEGER } DEFAULT v1, responder, producedAt GeneralizedTime,
 *       SEQUENCE OF SingleResponse, [1] { Extensions } OPTIONAL }
 *   responder = [1] { Name } / [2] { SHA-1 of the key OCTET STRING }
 *   SingleResponse = SEQUENCE {
 *       certID, certStatus, thisUpdate GeneralizedTime, [0] { nextUpdate GeneralizedTime } OPTIONAL,
 *       [1] { Extensions } OPTIONAL }
 *   certID = SEQUENCE { hash AlgorithmIdentifier, issuerNameHash OCTET STRING, issuerKeyHash OCTET STRING,
 *       serial INTEGER }
 *   certStatus = [0] NULL / [1] SEQUENCE { time GeneralizedTime, [0] { reason ENUMERATED } OPTIONAL } / [2] NULL
 */
#include "probe/ocsp.h"

#include "probe/calendar.h"
#include "probe/crl.h"
#include "probe/crypto.h"
#include "probe/dn.h"
#include "probe/limits.h"

#include <string.h>

#define OID_BASIC "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
#define OID_OCSP "\x2b\x06\x01\x05\x05\x07\x30\x01" /* and one more octet */

/* The parts of a response that were found. */
struct basic {
    struct sp_signed what;
    struct sp_slice responder_name; /* DER of the Name, or empty */
    struct sp_slice responder_key;  /* digest of the key, or empty */
    struct sp_slice singles;        /* content of the SEQUENCE */
    struct sp_slice certs;          /* the same, or empty */
};

struct single {
    enum sp_ocsp_status status;
    int64_t this_update, next_update, revoked_at;
    int reason;    /* -1: not told */
    bool critical; /* an extension that we don't process is marked so */
};

struct reader {
    struct sp_arena *arena;
    const struct sp_cert *cert, *issuer;
    const struct sp_crls *crls; /* or NULL */
    int64_t now;
    struct sp_ocsp *out;
    struct basic basic;
    unsigned tries;
};

const char *sp_ocsp_status_name(enum sp_ocsp_status status)
{
    static const char *const names[] = {NULL, "good", "revoked", "unknown"};
    return names[status];
}

/* --- small parts -------------------------------------------------------------------------------- */

/* RFC 6960 §4.2.2.1: the form of RFC 5280 §4.1.2.5.2. */
static bool read_time(struct sp_der *der, int64_t *out)
{
    struct sp_der_value item;
    return sp_der_expect(der, SP_DER_GENERALIZED_TIME, &item) &&
           sp_der_time(item.tag, item.content, out);
}

/* An optional [n] with one GeneralizedTime in it. */
static bool read_tagged_time(struct sp_der *der, unsigned n, int64_t *out)
{
    struct sp_der inner;
    if (sp_der_peek(der) != SP_DER_CONTEXT_CONSTRUCTED(n)) {
        return true;
    }
    return sp_der_enter(der, SP_DER_CONTEXT_CONSTRUCTED(n), &inner) && read_time(&inner, out) &&
           sp_der_done(&inner);
}

/* RFC 6960 §4.4: a nonce, a CRL's number, the cut-off of an archive and "extended revoke" change nothing
 * about what is said, so it is no harm when they are marked critical. */
static bool is_harmless(struct sp_slice oid)
{
    return oid.len == 9 && memcmp(oid.data, OID_OCSP, 8) == 0 &&
           (oid.data[8] == 2 || oid.data[8] == 3 || oid.data[8] == 6 || oid.data[8] == 9);
}

/* The optional [n] with extensions; *out_critical is set when there is one that must not be ignored. */
static bool read_extensions(struct sp_der *der, unsigned n, bool *out_critical)
{
    struct sp_der tagged, extensions, inner;
    struct sp_der_value oid, flag, value;
    if (sp_der_peek(der) != SP_DER_CONTEXT_CONSTRUCTED(n)) {
        return true;
    }
    if (!sp_der_enter(der, SP_DER_CONTEXT_CONSTRUCTED(n), &tagged) ||
        !sp_der_enter(&tagged, SP_DER_SEQUENCE, &extensions) || !sp_der_done(&tagged)) {
        return false;
    }
    while (!sp_der_done(&extensions)) {
        bool critical = false;
        if (!sp_der_enter(&extensions, SP_DER_SEQUENCE, &inner) ||
            !sp_der_expect(&inner, SP_DER_OID, &oid) ||
            (sp_der_expect(&inner, SP_DER_BOOLEAN, &flag) &&
             !sp_der_bool(flag.content, &critical)) ||
            !sp_der_expect(&inner, SP_DER_OCTET_STRING, &value) || !sp_der_done(&inner)) {
            return false;
        }
        *out_critical = *out_critical || (critical && !is_harmless(oid.content));
    }
    return true;
}

/* --- the outer parts ---------------------------------------------------------------------------- */

/* RFC 6960 §2.3; NULL: the response has an answer. */
static const char *explain_status(int status)
{
    switch (status) {
    case 0: return NULL;
    case 1: return "says only that the request was malformed";
    case 2: return "says only that the responder had an internal error";
    case 3: return "says only to try again later";
    case 5: return "says only that the request should have been signed";
    case 6: return "says only that the responder does not answer such requests";
    default: return "has a status that is not known here";
    }
}

static const char *read_outer(struct sp_slice response, struct sp_slice *out_basic)
{
    struct sp_der outer, inner, tagged, bytes;
    struct sp_der_value status, type, octets;
    int number;
    sp_der_init(&outer, response);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &inner) || !sp_der_done(&outer) ||
        !sp_der_expect(&inner, SP_DER_ENUMERATED, &status) ||
        !sp_der_small(status.content, &number)) {
        return "is no OCSP response, or it is cut off";
    }
    const char *error = explain_status(number);
    if (error != NULL) {
        return error;
    }
    if (!sp_der_enter(&inner, SP_DER_CONTEXT_CONSTRUCTED(0), &tagged) || !sp_der_done(&inner) ||
        !sp_der_enter(&tagged, SP_DER_SEQUENCE, &bytes) || !sp_der_done(&tagged) ||
        !sp_der_expect(&bytes, SP_DER_OID, &type) ||
        !sp_der_expect(&bytes, SP_DER_OCTET_STRING, &octets) || !sp_der_done(&bytes)) {
        return "has no answer in it, or a malformed one";
    }
    if (!sp_oid_is(type.content, OID_BASIC, 9)) {
        return "is of a type that is not known here";
    }
    *out_basic = octets.content;
    return NULL;
}

static bool read_certs(struct sp_der *basic, struct sp_slice *out)
{
    struct sp_der tagged;
    struct sp_der_value certs;
    if (sp_der_done(basic)) {
        return true;
    }
    if (!sp_der_enter(basic, SP_DER_CONTEXT_CONSTRUCTED(0), &tagged) ||
        !sp_der_expect(&tagged, SP_DER_SEQUENCE, &certs) || !sp_der_done(&tagged)) {
        return false;
    }
    *out = certs.content;
    return sp_der_done(basic);
}

static const char *read_basic(struct sp_slice octets, struct basic *out, struct sp_der *out_data)
{
    struct sp_der outer, basic;
    struct sp_der_value data, signature;
    sp_der_init(&outer, octets);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &basic) || !sp_der_done(&outer) ||
        !sp_der_expect(&basic, SP_DER_SEQUENCE, &data) ||
        !sp_algorithm_read(&basic, &out->what.algorithm) ||
        !sp_der_expect(&basic, SP_DER_BIT_STRING, &signature) ||
        !sp_der_octets(signature.content, &out->what.signature) ||
        !read_certs(&basic, &out->certs)) {
        return "is malformed";
    }
    out->what.octets = data.whole;
    sp_der_init(out_data, data.content);
    return NULL;
}

static bool read_version(struct sp_der *data)
{
    struct sp_der tagged;
    struct sp_der_value number;
    int version;
    if (sp_der_peek(data) != SP_DER_CONTEXT_CONSTRUCTED(0)) {
        return true;
    }
    return sp_der_enter(data, SP_DER_CONTEXT_CONSTRUCTED(0), &tagged) &&
           sp_der_expect(&tagged, SP_DER_INTEGER, &number) && sp_der_done(&tagged) &&
           sp_der_small(number.content, &version) && version == 0;
}

static bool read_responder(struct sp_der *data, struct basic *out)
{
    struct sp_der tagged;
    struct sp_der_value item;
    if (sp_der_peek(data) == SP_DER_CONTEXT_CONSTRUCTED(1)) {
        if (!sp_der_enter(data, SP_DER_CONTEXT_CONSTRUCTED(1), &tagged) ||
            !sp_der_read(&tagged, &item) || !sp_der_done(&tagged) || !sp_dn_valid(item.whole)) {
            return false;
        }
        out->responder_name = item.whole;
        return true;
    }
    if (!sp_der_enter(data, SP_DER_CONTEXT_CONSTRUCTED(2), &tagged) ||
        !sp_der_expect(&tagged, SP_DER_OCTET_STRING, &item) || !sp_der_done(&tagged)) {
        return false;
    }
    out->responder_key = item.content;
    return true;
}

static const char *read_data(struct sp_der *data, struct reader *reader)
{
    struct basic *basic = &reader->basic;
    struct sp_der_value singles;
    bool critical = false;
    if (!read_version(data)) {
        return "has a version that is not known here";
    }
    if (!read_responder(data, basic) || !read_time(data, &reader->out->produced_at) ||
        !sp_der_expect(data, SP_DER_SEQUENCE, &singles) || !read_extensions(data, 1, &critical) ||
        !sp_der_done(data)) {
        return "is malformed";
    }
    basic->singles = singles.content;
    return critical ? "has an extension marked critical that is not known here" : NULL;
}

/* --- the answer about our certificate ------------------------------------------------------------ */

/* RFC 6960 §4.1.1: the issuer's name as the certificate has it, and the issuer's key. */
static bool is_ours(const struct reader *reader, struct sp_der *id)
{
    struct sp_algorithm hash;
    struct sp_der_value name, key, serial;
    uint8_t digest[SP_CRYPTO_HASH_MAX];
    size_t len;
    if (!sp_algorithm_read(id, &hash) || !sp_der_expect(id, SP_DER_OCTET_STRING, &name) ||
        !sp_der_expect(id, SP_DER_OCTET_STRING, &key) ||
        !sp_der_expect(id, SP_DER_INTEGER, &serial) || !sp_der_done(id) ||
        !sp_slice_equal(serial.content, reader->cert->serial)) {
        return false;
    }
    enum sp_hash algorithm = sp_algorithm_hash(hash.oid);
    return sp_crypto_hash(algorithm, reader->cert->issuer, digest, &len) &&
           sp_slice_equal(name.content, (struct sp_slice){digest, len}) &&
           sp_crypto_hash(algorithm, reader->issuer->key_bits, digest, &len) &&
           sp_slice_equal(key.content, (struct sp_slice){digest, len});
}

static bool read_revoked(struct sp_slice content, struct single *out)
{
    struct sp_der inner, tagged;
    struct sp_der_value reason;
    sp_der_init(&inner, content);
    if (!read_time(&inner, &out->revoked_at)) {
        return false;
    }
    if (sp_der_done(&inner)) {
        return true;
    }
    return sp_der_enter(&inner, SP_DER_CONTEXT_CONSTRUCTED(0), &tagged) && sp_der_done(&inner) &&
           sp_der_expect(&tagged, SP_DER_ENUMERATED, &reason) && sp_der_done(&tagged) &&
           sp_der_small(reason.content, &out->reason);
}

static bool read_single(struct sp_der *der, struct single *out)
{
    struct sp_der_value status;
    *out = (struct single){.reason = -1};
    if (!sp_der_read(der, &status)) {
        return false;
    }
    if (status.tag == SP_DER_CONTEXT(0) && status.content.len == 0) {
        out->status = SP_OCSP_GOOD;
    } else if (status.tag == SP_DER_CONTEXT(2) && status.content.len == 0) {
        out->status = SP_OCSP_UNKNOWN;
    } else if (status.tag == SP_DER_CONTEXT_CONSTRUCTED(1) && read_revoked(status.content, out)) {
        out->status = SP_OCSP_REVOKED;
    } else {
        return false;
    }
    return read_time(der, &out->this_update) && read_tagged_time(der, 0, &out->next_update) &&
           read_extensions(der, 1, &out->critical) && sp_der_done(der);
}

/* Several answers may be about our certificate: "revoked" wins, else the first counts. */
static const char *find_single(const struct reader *reader, struct single *out)
{
    struct sp_der singles, inner, id;
    struct single single;
    bool found = false;
    sp_der_init(&singles, reader->basic.singles);
    while (!sp_der_done(&singles)) {
        if (!sp_der_enter(&singles, SP_DER_SEQUENCE, &inner) ||
            !sp_der_enter(&inner, SP_DER_SEQUENCE, &id)) {
            return "is malformed";
        }
        if (!is_ours(reader, &id)) {
            continue;
        }
        if (!read_single(&inner, &single)) {
            return "is malformed";
        }
        if (!found || (single.status == SP_OCSP_REVOKED && out->status != SP_OCSP_REVOKED)) {
            *out = single;
        }
        found = true;
    }
    return found ? NULL : "is about another certificate";
}

static void keep_single(const struct single *single, struct sp_ocsp *out)
{
    out->status = single->status;
    out->this_update = single->this_update;
    out->next_update = single->next_update;
    out->revoked_at = single->revoked_at;
    out->revocation_reason = sp_crl_reason_name(single->reason);
}

/* --- whose answer it is -------------------------------------------------------------------------- */

static bool is_responder(const struct basic *basic, const struct sp_cert *cert)
{
    uint8_t digest[SP_CRYPTO_HASH_MAX];
    size_t len;
    if (basic->responder_name.len > 0) {
        return sp_dn_equal(basic->responder_name, cert->subject);
    }
    return sp_crypto_hash(SP_HASH_SHA1, cert->key_bits, digest, &len) &&
           sp_slice_equal(basic->responder_key, (struct sp_slice){digest, len});
}

/* Checks one signature more. */
static enum sp_crypto_verdict try_key(struct reader *reader, const struct sp_signed *what,
                                      const struct sp_cert *signer)
{
    if (reader->tries == SP_LIMIT_OCSP_TRIES) {
        return SP_CRYPTO_UNSUPPORTED;
    }
    reader->tries++;
    return sp_crypto_verify(what, signer);
}

/* RFC 6960 §4.2.2.2: what a certificate in the response must be to speak for the issuer. */
static const char *judge_delegate(const struct reader *reader, const struct sp_cert *cert)
{
    if (!sp_dn_equal(cert->issuer, reader->issuer->subject)) {
        return "is signed by a responder that the certificate's issuer did not appoint";
    }
    if (!cert->eku_ocsp_signing) {
        return "is signed by a certificate that may not sign OCSP answers: its extKeyUsage has no "
               "OCSPSigning";
    }
    if (cert->has_key_usage && (cert->key_usage & SP_USAGE_DIGITAL_SIGNATURE) == 0) {
        return "is signed by a certificate whose keyUsage has no digitalSignature";
    }
    if (!cert->time_valid || reader->now < cert->not_before || reader->now > cert->not_after) {
        return "is signed by a responder whose own certificate is not valid now";
    }
    if (cert->flaw_count > 0 || cert->unknown_critical || !cert->sig_alg_match) {
        return "is signed by a responder whose own certificate is invalid";
    }
    if (sp_hash_weak_name(cert->sig_hash) != NULL && cert->sig_hash != SP_HASH_SHA1) {
        return "is signed by a responder whose own certificate is signed with a broken hash";
    }
    return NULL;
}

/* The response's own signature, by a key that speaks for the issuer. NULL: good. */
static const char *judge_signature(struct reader *reader, const struct sp_cert *signer,
                                   bool *out_memory)
{
    struct sp_signature_algorithm algorithm;
    sp_algorithm_signature(&reader->basic.what.algorithm, &algorithm);
    const char *weak = sp_hash_weak_name(algorithm.hash);
    switch (try_key(reader, &reader->basic.what, signer)) {
    case SP_CRYPTO_GOOD: break;
    case SP_CRYPTO_BAD: return "has a wrong signature";
    case SP_CRYPTO_UNSUPPORTED: return "has a signature that cannot be checked here";
    case SP_CRYPTO_NO_MEMORY: *out_memory = true; return "could not be checked: out of memory";
    }
    if (weak != NULL && algorithm.hash != SP_HASH_SHA1) {
        return "is signed with a hash for which forgeries can be made";
    }
    if (signer->key_type == SP_KEY_RSA && signer->key_bits_count < 1024) {
        return "is signed with a key that anybody can break";
    }
    reader->out->weak_hash = weak;
    if (signer->key_type == SP_KEY_RSA && signer->key_bits_count < 2048) {
        reader->out->weak_key = signer->key_text;
    }
    return NULL;
}

/* RFC 6960 §4.2.2.2.1: unless it says that nobody needs to ask, it may have been revoked itself. */
static bool is_revoked(const struct reader *reader, const struct sp_cert *cert, bool *out_memory)
{
    struct sp_crl_answer answer = {.status = SP_CRL_MISSING};
    if (reader->crls != NULL && !cert->ocsp_nocheck &&
        !sp_crls_lookup(reader->crls, reader->arena, cert, reader->issuer, reader->now, &answer)) {
        *out_memory = true;
    }
    return answer.status == SP_CRL_REVOKED;
}

static const char *judge_delegated(struct reader *reader, const struct sp_cert *cert,
                                   bool *out_memory)
{
    struct sp_signed what = {.octets = cert->tbs, .signature = cert->signature};
    struct sp_der der;
    const char *error = judge_delegate(reader, cert);
    if (error != NULL) {
        return error;
    }
    sp_der_init(&der, cert->sig_alg_der);
    if (!sp_algorithm_read(&der, &what.algorithm)) {
        return "is signed by a responder whose own certificate is invalid";
    }
    switch (try_key(reader, &what, reader->issuer)) {
    case SP_CRYPTO_GOOD:
        return is_revoked(reader, cert, out_memory)
                   ? "is signed by a responder whose own certificate is revoked"
                   : judge_signature(reader, cert, out_memory);
    case SP_CRYPTO_BAD:
    case SP_CRYPTO_UNSUPPORTED: break;
    case SP_CRYPTO_NO_MEMORY: *out_memory = true; break;
    }
    return "is signed by a responder that the certificate's issuer did not appoint";
}

/* Goes through the certificates in the response. The first error is the one that is told. */
static const char *find_delegate(struct reader *reader, bool *out_memory)
{
    struct sp_der certs;
    struct sp_der_value value;
    const char *first = NULL;
    unsigned count = 0;
    sp_der_init(&certs, reader->basic.certs);
    while (count++ < SP_LIMIT_OCSP_CERTS && sp_der_read(&certs, &value)) {
        struct sp_cert cert;
        if (!sp_cert_read(reader->arena, value.whole.data, value.whole.len, &cert)) {
            *out_memory = true;
            return "could not be checked: out of memory";
        }
        if (!cert.parsed || !is_responder(&reader->basic, &cert)) {
            continue;
        }
        const char *error = judge_delegated(reader, &cert, out_memory);
        if (error == NULL || *out_memory) {
            return error;
        }
        first = first != NULL ? first : error;
    }
    return first != NULL ? first : "is signed by a responder whose certificate is not in it";
}

static const char *judge_signer(struct reader *reader, bool *out_memory)
{
    if (is_responder(&reader->basic, reader->issuer)) {
        /* A responder may have the issuer's name and a key of its own. */
        const char *error = judge_signature(reader, reader->issuer, out_memory);
        if (error == NULL || *out_memory || reader->basic.certs.len == 0) {
            return error;
        }
        return find_delegate(reader, out_memory) == NULL ? NULL : error;
    }
    return find_delegate(reader, out_memory);
}

/* --- the verdict -------------------------------------------------------------------------------- */

/* Puts a date behind a text; NULL: out of memory. */
static const char *with_date(struct sp_arena *arena, const char *text, int64_t when)
{
    char date[SP_CALENDAR_SIZE];
    (void)sp_calendar_date(date, sizeof date, when);
    return sp_arena_printf(arena, "%s %s", text, date);
}

/* RFC 6960 §3.2, points 5 and 6. False: out of memory. */
static bool judge_time(const struct reader *reader)
{
    struct sp_ocsp *out = reader->out;
    if (out->this_update > reader->now + SP_OCSP_SKEW_S) {
        out->error = with_date(reader->arena, "is valid only from", out->this_update);
    } else if (out->next_update != 0 && out->next_update < out->this_update) {
        out->error = "ends before it begins";
    } else if (out->next_update != 0 && out->next_update < reader->now - SP_OCSP_SKEW_S) {
        out->error = with_date(reader->arena, "is out of date since", out->next_update);
    } else if (out->next_update == 0 && out->this_update < reader->now - SP_OCSP_AGE_S) {
        out->error = with_date(reader->arena, "is too old: it is of", out->this_update);
    } else {
        return true;
    }
    return out->error != NULL;
}

static bool name_responder(struct reader *reader)
{
    static const char digits[] = "0123456789abcdef";
    struct sp_slice key = reader->basic.responder_key;
    char text[2 * SP_CRYPTO_HASH_MAX + 1];
    size_t len = key.len < SP_CRYPTO_HASH_MAX ? key.len : SP_CRYPTO_HASH_MAX;
    if (reader->basic.responder_name.len > 0) {
        reader->out->responder = sp_dn_text(reader->arena, reader->basic.responder_name);
        return reader->out->responder != NULL;
    }
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[key.data[i] >> 4];
        text[2 * i + 1] = digits[key.data[i] & 0xfu];
    }
    text[2 * len] = '\0';
    reader->out->responder = sp_arena_printf(reader->arena, "key %s", text);
    return reader->out->responder != NULL;
}

/* Everything but the times; sets out->error. False: out of memory. */
static bool read_all(struct reader *reader, struct sp_slice response)
{
    struct sp_ocsp *out = reader->out;
    struct sp_slice octets;
    struct sp_der data;
    struct single single = {.reason = -1};
    bool out_of_memory = false;
    if ((out->error = read_outer(response, &octets)) != NULL ||
        (out->error = read_basic(octets, &reader->basic, &data)) != NULL ||
        (out->error = read_data(&data, reader)) != NULL) {
        return true;
    }
    if (!name_responder(reader)) {
        return false;
    }
    if (reader->issuer == NULL) {
        out->error = "cannot be checked, since nobody has the certificate of the issuer";
        return true;
    }
    if ((out->error = find_single(reader, &single)) != NULL) {
        return true;
    }
    keep_single(&single, out);
    if (single.critical) {
        out->error = "has an extension marked critical that is not known here";
        return true;
    }
    out->error = judge_signer(reader, &out_of_memory);
    return !out_of_memory;
}

bool sp_ocsp_read(struct sp_arena *arena, struct sp_slice response, const struct sp_cert *cert,
                  const struct sp_cert *issuer, const struct sp_crls *crls, int64_t now,
                  struct sp_ocsp *out)
{
    struct reader reader = {
        .arena = arena, .cert = cert, .issuer = issuer, .crls = crls, .now = now, .out = out};
    memset(out, 0, sizeof *out);
    out->present = true;
    if (!read_all(&reader, response) || (out->error == NULL && !judge_time(&reader))) {
        return false;
    }
    out->valid = out->error == NULL;
    return true;
}
