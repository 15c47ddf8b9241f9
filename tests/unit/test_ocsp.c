/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OCSP answers of every kind, judged by us and by the functions behind `openssl ocsp -respin FILE -verify`. Where
 * the two verdicts differ the row says which section makes ours right; a row that says so without need
 * fails too.
 */
#include "mint.h"

#include "probe/ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define KEYS "subjectKeyIdentifier=hash\n"
#define AKI "authorityKeyIdentifier=keyid\n"
#define CA \
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n" KEYS
#define LEAF \
    "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n" AKI
#define SIGNER \
    "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning\n" KEYS AKI
/* OpenSSL holds answers against the real clock, so everything lives around it. */
#define LONG .from_day = -3000, .to_day = 20000

/* clang-format off */
static const struct mint_row pki_rows[] = {
    {.name = "root", .subject = "O=Example,CN=Root", .issuer = "root", .extensions = CA, LONG},
    {.name = "int", .subject = "O=Example,CN=Int", .issuer = "root", .extensions = CA AKI, LONG},
    {.name = "int2", .subject = "O=Example,CN=Int", .issuer = "root", .extensions = CA AKI, LONG},
    {.name = "evil", .subject = "O=Example,CN=Root", .issuer = "evil", .extensions = CA, LONG},
    {.name = "mx", .subject = "CN=mx", .issuer = "int", .extensions = LEAF, LONG},
    {.name = "other", .subject = "CN=other", .issuer = "int", .extensions = LEAF, LONG},
    {.name = "resp", .subject = "CN=Responder", .issuer = "int", .extensions = SIGNER "noCheck=ignored\n", LONG},
    {.name = "respcheck", .subject = "CN=Responder Check", .issuer = "int", .extensions = SIGNER, LONG},
    {.name = "respp384", .subject = "CN=Responder P-384", .issuer = "int", .extensions = SIGNER, .key = MINT_P384, LONG},
    {.name = "resprsa", .subject = "CN=Responder RSA", .issuer = "int", .extensions = SIGNER, .key = MINT_RSA2048, LONG},
    {.name = "resp1024", .subject = "CN=Responder 1024", .issuer = "int", .extensions = SIGNER, .key = MINT_RSA1024, LONG},
    {.name = "resp512", .subject = "CN=Responder 512", .issuer = "int", .extensions = SIGNER, .key = MINT_RSA512, LONG},
    {.name = "respold", .subject = "CN=Old", .issuer = "int", .extensions = SIGNER, .from_day = -3000, .to_day = -2900},
    {.name = "respsoon", .subject = "CN=Soon", .issuer = "int", .extensions = SIGNER, .from_day = 19000, .to_day = 20000},
    {.name = "respnoeku", .subject = "CN=No EKU", .issuer = "int", .extensions = "basicConstraints=CA:FALSE\n" KEYS AKI, LONG},
    {.name = "respany", .subject = "CN=Any EKU", .issuer = "int", .extensions = "extendedKeyUsage=anyExtendedKeyUsage\n" KEYS AKI, LONG},
    {.name = "respserver", .subject = "CN=Server EKU", .issuer = "int", .extensions = LEAF KEYS, LONG},
    {.name = "respku", .subject = "CN=No Signing", .issuer = "int", .extensions = "keyUsage=critical,keyEncipherment\nextendedKeyUsage=OCSPSigning\n" KEYS AKI, LONG},
    {.name = "respcrit", .subject = "CN=Critical", .issuer = "int", .extensions = SIGNER "1.2.3.4=critical,ASN1:NULL\n", LONG},
    {.name = "resproot", .subject = "CN=Of Root", .issuer = "root", .extensions = SIGNER, LONG},
    {.name = "respevil", .subject = "CN=Evil", .issuer = "evil", .extensions = SIGNER, LONG},
    {.name = "respint2", .subject = "CN=Of Other Key", .issuer = "int2", .extensions = SIGNER, LONG},
    {.name = "respflip", .subject = "CN=Flipped", .issuer = "int", .extensions = SIGNER, LONG, .flags = MINT_FLIP},
    {.name = NULL},
};
/* clang-format on */

enum flag {
    BY_KEY = 1,
    FLIP = 2,          /* one bit of the signature */
    FLIP_DATA = 4,     /* one bit of what is signed */
    NO_CERTS = 8,      /* no certificate in it */
    CRITICAL = 16,     /* an unknown critical extension of the single response */
    CRITICAL_ALL = 32, /* the same of the whole response */
    NONCE = 64,        /* critical */
    PSS = 128,
    CUT = 256,
    TRAILING = 512,
    EMPTY = 1024,       /* no single response */
    REVOKED_TOO = 2048, /* a second response about the same certificate */
    NOISE = 4096,       /* 40 responses about other certificates before it */
    NOT_OCSP = 8192,
    NO_BYTES = 16384, /* successful, and nothing in it */
    SKEW_ID = 32768   /* the name's hash in CertID is of another name */
};

#define DAY 86400
#define NONE INT32_MIN

struct row {
    const char *name;
    int status;            /* V_OCSP_CERTSTATUS_… */
    int reason;            /* -1: none */
    int from, to;          /* seconds from now; to NONE: no nextUpdate */
    const char *signer;    /* NULL: "int" */
    const char *certs;     /* in the answer; NULL: the signer's, unless it is "int" */
    const char *about;     /* NULL: "mx" */
    const char *id_issuer; /* NULL: "int" */
    const char *id_hash;   /* NULL: sha1 */
    const char *digest;    /* NULL: sha256 */
    unsigned flags;
    int response;        /* OCSPResponseStatus */
    const char *ours;    /* "good", "revoked", "unknown", or a part of the error */
    const char *openssl; /* "good", "revoked", "unknown", "invalid" */
    const char *why;     /* the section that makes ours right where they differ */
};

#define GOOD .status = V_OCSP_CERTSTATUS_GOOD, .reason = -1
#define REVOKED .status = V_OCSP_CERTSTATUS_REVOKED
#define UNKNOWN .status = V_OCSP_CERTSTATUS_UNKNOWN, .reason = -1
#define TODAY .from = -DAY, .to = DAY
#define SAME(verdict) .ours = verdict, .openssl = verdict
#define BAD(text) .ours = text, .openssl = "invalid"

/* clang-format off */
static const struct row rows[] = {
    /* What it says. */
    {"good", GOOD, TODAY, SAME("good")},
    {"revoked", REVOKED, .reason = 1, TODAY, SAME("revoked")},
    {"revoked without reason", REVOKED, .reason = -1, TODAY, SAME("revoked")},
    {"on hold", REVOKED, .reason = 6, TODAY, SAME("revoked")},
    {"unknown", UNKNOWN, TODAY, SAME("unknown")},
    {"among forty others", GOOD, TODAY, .flags = NOISE, SAME("good")},
    {"good and revoked", GOOD, TODAY, .flags = REVOKED_TOO, .ours = "revoked", .openssl = "good", .why = "RFC 6960 2.2: revoked is not good; OpenSSL reads the first alone"},
    /* Whose it is. */
    {"by key", GOOD, TODAY, .flags = BY_KEY, SAME("good")},
    {"sha256 in CertID", GOOD, TODAY, .id_hash = "sha256", SAME("good")},
    {"sha384 in CertID", GOOD, TODAY, .id_hash = "sha384", SAME("good")},
    {"sha512 in CertID", GOOD, TODAY, .id_hash = "sha512", SAME("good")},
    {"other certificate", GOOD, TODAY, .about = "other", BAD("about another certificate")},
    {"other issuer", GOOD, TODAY, .id_issuer = "root", BAD("about another certificate")},
    {"other issuer of that name", GOOD, TODAY, .id_issuer = "int2", BAD("about another certificate")},
    {"other name in CertID", GOOD, TODAY, .flags = SKEW_ID, BAD("about another certificate")},
    {"no response in it", GOOD, TODAY, .flags = EMPTY, BAD("about another certificate")},
    /* When. */
    {"starts now", GOOD, .from = 0, .to = DAY, SAME("good")},
    {"clock behind by 200 s", GOOD, .from = 200, .to = DAY, SAME("good")},
    {"clock behind by 400 s", GOOD, .from = 400, .to = DAY, BAD("valid only from")},
    {"ended 200 s ago", GOOD, .from = -DAY, .to = -200, SAME("good")},
    {"ended 400 s ago", GOOD, .from = -DAY, .to = -400, BAD("out of date since")},
    {"stale", GOOD, .from = -30 * DAY, .to = -20 * DAY, BAD("out of date since")},
    {"stale and revoked", REVOKED, .reason = 1, .from = -30 * DAY, .to = -20 * DAY, BAD("out of date since")},
    {"no nextUpdate, a day old", GOOD, .from = -DAY, .to = NONE, SAME("good")},
    {"no nextUpdate, a month old", GOOD, .from = -30 * DAY, .to = NONE, .ours = "too old", .openssl = "good", .why = "RFC 6960 4.2.2.1: newer information is available all the time; OpenSSL has no limit of age by default"},
    {"ends before it begins", GOOD, .from = 100, .to = 50, BAD("ends before it begins")},
    /* Delegates. */
    {"delegate", GOOD, TODAY, .signer = "resp", SAME("good")},
    {"delegate by key", GOOD, TODAY, .signer = "resp", .flags = BY_KEY, SAME("good")},
    {"delegate without nocheck", GOOD, TODAY, .signer = "respcheck", SAME("good")},
    {"delegate, revoked", REVOKED, .reason = 4, TODAY, .signer = "resp", SAME("revoked")},
    {"delegate with the issuer beside it", GOOD, TODAY, .signer = "resp", .certs = "int resp", SAME("good")},
    {"delegate missing", GOOD, TODAY, .signer = "resp", .flags = NO_CERTS, BAD("whose certificate is not in it")},
    {"wrong delegate in it", GOOD, TODAY, .signer = "resp", .certs = "other", BAD("whose certificate is not in it")},
    {"delegate expired", GOOD, TODAY, .signer = "respold", BAD("not valid now")},
    {"delegate not yet valid", GOOD, TODAY, .signer = "respsoon", BAD("not valid now")},
    {"delegate without EKU", GOOD, TODAY, .signer = "respnoeku", BAD("no OCSPSigning")},
    {"delegate for any use", GOOD, TODAY, .signer = "respany", BAD("no OCSPSigning")},
    {"delegate for servers", GOOD, TODAY, .signer = "respserver", BAD("no OCSPSigning")},
    {"the server itself", GOOD, TODAY, .signer = "mx", BAD("no OCSPSigning")},
    {"delegate that may not sign", GOOD, TODAY, .signer = "respku", .ours = "no digitalSignature", .openssl = "good", .why = "RFC 5280 4.2.1.3: a key is for what its keyUsage says"},
    {"delegate with a critical extension", GOOD, TODAY, .signer = "respcrit", BAD("own certificate is invalid")},
    {"delegate of the root", GOOD, TODAY, .signer = "resproot", BAD("did not appoint")},
    {"delegate of a stranger", GOOD, TODAY, .signer = "respevil", BAD("did not appoint")},
    {"delegate of the name, not the key", GOOD, TODAY, .signer = "respint2", BAD("did not appoint")},
    {"delegate with a wrong signature", GOOD, TODAY, .signer = "respflip", BAD("did not appoint")},
    {"the root", GOOD, TODAY, .signer = "root", BAD("did not appoint")},
    {"issuer's name, another key", GOOD, TODAY, .signer = "int2", .flags = NO_CERTS, BAD("wrong signature")},
    {"a stranger with the root's name", GOOD, TODAY, .signer = "evil", BAD("did not appoint")},
    /* Signatures. */
    {"flipped signature", GOOD, TODAY, .flags = FLIP, BAD("wrong signature")},
    {"flipped data", GOOD, TODAY, .flags = FLIP_DATA, BAD("")},
    {"P-384 with SHA-384", GOOD, TODAY, .signer = "respp384", .digest = "sha384", SAME("good")},
    {"SHA-512", GOOD, TODAY, .digest = "sha512", SAME("good")},
    {"SHA-224", GOOD, TODAY, .digest = "sha224", SAME("good")},
    {"SHA-1", GOOD, TODAY, .digest = "sha1", SAME("good")},
    {"RSA 2048", GOOD, TODAY, .signer = "resprsa", SAME("good")},
    {"RSA-PSS", GOOD, TODAY, .signer = "resprsa", .flags = PSS, SAME("good")},
    {"RSA-PSS, flipped", GOOD, TODAY, .signer = "resprsa", .flags = PSS | FLIP, BAD("wrong signature")},
    {"RSA, flipped", GOOD, TODAY, .signer = "resprsa", .flags = FLIP, BAD("wrong signature")},
    {"RSA with SHA-1", GOOD, TODAY, .signer = "resprsa", .digest = "sha1", SAME("good")},
    {"RSA with MD5", GOOD, TODAY, .signer = "resprsa", .digest = "md5", .ours = "forgeries", .openssl = "good", .why = "RFC 6151 2.1: MD5 is no longer acceptable for signatures"},
    {"RSA 1024", GOOD, TODAY, .signer = "resp1024", SAME("good")},
    {"RSA 512", GOOD, TODAY, .signer = "resp512", .ours = "anybody can break", .openssl = "good", .why = "RFC 9325 4.5: 2048 bits are the least"},
    /* Extensions. */
    {"critical nonce", GOOD, TODAY, .flags = NONCE, SAME("good")},
    {"critical extension of the answer", GOOD, TODAY, .flags = CRITICAL, .ours = "marked critical", .openssl = "good", .why = "RFC 6960 4.4 with RFC 5280 4.2: what is critical must be understood"},
    {"critical extension of the response", GOOD, TODAY, .flags = CRITICAL_ALL, .ours = "marked critical", .openssl = "good", .why = "RFC 6960 4.4 with RFC 5280 4.2: what is critical must be understood"},
    /* No answer. */
    {"malformed request", GOOD, TODAY, .response = 1, BAD("request was malformed")},
    {"internal error", GOOD, TODAY, .response = 2, BAD("internal error")},
    {"try later", GOOD, TODAY, .response = 3, BAD("try again later")},
    {"signature required", GOOD, TODAY, .response = 5, BAD("should have been signed")},
    {"unauthorized", GOOD, TODAY, .response = 6, BAD("does not answer such requests")},
    {"status 4", GOOD, TODAY, .response = 4, BAD("status that is not known")},
    {"nothing in it", GOOD, TODAY, .flags = NO_BYTES, BAD("has no answer in it")},
    {"cut", GOOD, TODAY, .flags = CUT, BAD("cut off")},
    {"an octet too many", GOOD, TODAY, .flags = TRAILING, .ours = "cut off", .openssl = "good", .why = "RFC 6960 4.2.1: OCSPResponse is all of it; the function of OpenSSL reads a first value"},
    {"no OCSP", GOOD, TODAY, .flags = NOT_OCSP, BAD("is no OCSP response")},
};
/* clang-format on */
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static struct mint_pki pki;
static int64_t now;

static const char *pick(const char *text, const char *fallback)
{
    return text != NULL ? text : fallback;
}

/* --- making ------------------------------------------------------------------------------------- */

static ASN1_GENERALIZEDTIME *make_time(int offset)
{
    return ASN1_GENERALIZEDTIME_set(NULL, (time_t)(now + offset));
}

static OCSP_CERTID *make_id(const struct row *row, const char *about)
{
    X509 *issuer = mint_find(&pki, pick(row->id_issuer, "int"))->x509;
    X509 *subject = mint_find(&pki, about)->x509;
    const EVP_MD *hash = EVP_get_digestbyname(pick(row->id_hash, "sha1"));
    const X509_NAME *name = (row->flags & SKEW_ID) != 0 ? X509_get_subject_name(subject)
                                                        : X509_get_subject_name(issuer);
    return OCSP_cert_id_new(hash, name, X509_get0_pubkey_bitstr(issuer),
                            X509_get0_serialNumber(subject));
}

static X509_EXTENSION *make_critical(void)
{
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.3.4", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(value);
    return extension;
}

static void add_single(OCSP_BASICRESP *basic, const struct row *row, const char *about, int status,
                       int reason)
{
    OCSP_CERTID *id = make_id(row, about);
    ASN1_GENERALIZEDTIME *from = make_time(row->from), *to = NULL, *revoked = make_time(-9 * DAY);
    if (row->to != NONE) {
        to = make_time(row->to);
    }
    OCSP_SINGLERESP *single = OCSP_basic_add1_status(basic, id, status, reason, revoked, from, to);
    assert_non_null(single);
    if ((row->flags & CRITICAL) != 0) {
        X509_EXTENSION *extension = make_critical();
        OCSP_SINGLERESP_add_ext(single, extension, -1);
        X509_EXTENSION_free(extension);
    }
    OCSP_CERTID_free(id);
    ASN1_GENERALIZEDTIME_free(from);
    ASN1_GENERALIZEDTIME_free(to);
    ASN1_GENERALIZEDTIME_free(revoked);
}

static void add_singles(OCSP_BASICRESP *basic, const struct row *row)
{
    for (int i = 0; i < ((row->flags & NOISE) != 0 ? 40 : 0); i++) {
        add_single(basic, row, i % 2 == 0 ? "other" : "resp", V_OCSP_CERTSTATUS_REVOKED, 1);
    }
    if ((row->flags & EMPTY) == 0) {
        add_single(basic, row, pick(row->about, "mx"), row->status, row->reason);
    }
    if ((row->flags & REVOKED_TOO) != 0) {
        add_single(basic, row, "mx", V_OCSP_CERTSTATUS_REVOKED, 1);
    }
}

static void add_extensions(OCSP_BASICRESP *basic, const struct row *row)
{
    if ((row->flags & CRITICAL_ALL) != 0) {
        X509_EXTENSION *extension = make_critical();
        OCSP_BASICRESP_add_ext(basic, extension, -1);
        X509_EXTENSION_free(extension);
    }
    if ((row->flags & NONCE) != 0) {
        OCSP_basic_add1_nonce(basic, NULL, 16);
        X509_EXTENSION_set_critical(OCSP_BASICRESP_get_ext(basic, 0), 1);
    }
}

static void add_cert(const struct minted *minted, void *context)
{
    assert_int_equal(1, OCSP_basic_add1_cert(context, minted->x509));
}

static void sign(OCSP_BASICRESP *basic, const struct row *row)
{
    const char *name = pick(row->signer, "int");
    const struct minted *signer = mint_find(&pki, name);
    const EVP_MD *digest = EVP_get_digestbyname(pick(row->digest, "sha256"));
    unsigned long flags = OCSP_NOCERTS | ((row->flags & BY_KEY) != 0 ? OCSP_RESPID_KEY : 0);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    if ((row->flags & NO_CERTS) == 0 && (row->certs != NULL || strcmp(name, "int") != 0)) {
        mint_each(&pki, pick(row->certs, name), add_cert, basic);
    }
    assert_int_equal(1, EVP_DigestSignInit(context, &options, digest, NULL, signer->key));
    if ((row->flags & PSS) != 0) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    assert_int_equal(1, OCSP_basic_sign_ctx(basic, signer->x509, context, NULL, flags));
    EVP_MD_CTX_free(context);
    if ((row->flags & FLIP) != 0) {
        const ASN1_OCTET_STRING *value = OCSP_resp_get0_signature(basic);
        value->data[value->length / 2] ^= 1;
    }
}

/* The caller frees. */
static uint8_t *make_response(const struct row *row, size_t *out_len)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    add_singles(basic, row);
    add_extensions(basic, row);
    sign(basic, row);
    bool bare = row->response != 0 || (row->flags & NO_BYTES) != 0;
    OCSP_RESPONSE *response = OCSP_response_create(row->response, bare ? NULL : basic);
    int len = i2d_OCSP_RESPONSE(response, NULL);
    assert_true(len > 0);
    uint8_t *data = calloc(1, (size_t)len + 1), *at = data;
    assert_int_equal(len, i2d_OCSP_RESPONSE(response, &at));
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    *out_len = (size_t)len;
    *out_len += (row->flags & TRAILING) != 0 ? 1 : 0;
    *out_len -= (row->flags & CUT) != 0 ? 1 : 0;
    if ((row->flags & FLIP_DATA) != 0) {
        data[60] ^= 1;
    }
    if ((row->flags & NOT_OCSP) != 0) {
        memset(data, 0x30, *out_len);
    }
    return data;
}

/* --- verdicts ----------------------------------------------------------------------------------- */

static const char *judge_basic(const struct row *row, OCSP_BASICRESP *basic)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *issuers = sk_X509_new_null();
    struct row plain = *row;
    plain.id_issuer = NULL;
    plain.flags = 0;
    OCSP_CERTID *id = make_id(&plain, "mx");
    ASN1_GENERALIZEDTIME *from = NULL, *to = NULL, *revoked;
    int status = -1, reason;
    const char *verdict = "invalid";
    X509_STORE_add_cert(store, mint_find(&pki, "root")->x509);
    sk_X509_push(issuers, mint_find(&pki, "int")->x509);
    if (OCSP_basic_verify(basic, issuers, store, 0) == 1 &&
        OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &from, &to) == 1 &&
        OCSP_check_validity(from, to, 300, -1) == 1) {
        verdict = OCSP_cert_status_str(status);
    }
    OCSP_CERTID_free(id);
    sk_X509_free(issuers);
    X509_STORE_free(store);
    return verdict;
}

static const char *judge_by_openssl(const struct row *row, const uint8_t *data, size_t len)
{
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &data, (long)len);
    const char *verdict = "invalid";
    if (response != NULL && OCSP_response_status(response) == 0) {
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
        if (basic != NULL) {
            verdict = judge_basic(row, basic);
        }
        OCSP_BASICRESP_free(basic);
    }
    OCSP_RESPONSE_free(response);
    return verdict;
}

static void parse(struct sp_arena *arena, const char *name, struct sp_cert *out)
{
    const struct minted *minted = mint_find(&pki, name);
    assert_true(sp_cert_parse(arena, minted->der, minted->len, out));
    assert_true(out->parsed);
}

static bool fits(const struct sp_ocsp *ocsp, const char *expected)
{
    if (!ocsp->valid) {
        return ocsp->error != NULL && strstr(ocsp->error, expected) != NULL &&
               strcmp(expected, "good") != 0 && strcmp(expected, "revoked") != 0;
    }
    return ocsp->error == NULL && strcmp(sp_ocsp_status_name(ocsp->status), expected) == 0;
}

static bool is_verdict(const char *text)
{
    return strcmp(text, "good") == 0 || strcmp(text, "revoked") == 0 ||
           strcmp(text, "unknown") == 0;
}

static void test_verdicts(void **state)
{
    unsigned failures = 0;
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_cert cert, issuer;
        struct sp_ocsp ocsp;
        size_t len;
        uint8_t *data = make_response(row, &len);
        parse(arena, "mx", &cert);
        parse(arena, "int", &issuer);
        assert_true(
            sp_ocsp_read(arena, (struct sp_slice){data, len}, &cert, &issuer, NULL, now, &ocsp));
        const char *openssl = judge_by_openssl(row, data, len);
        const char *ours = is_verdict(row->ours) ? row->ours : "invalid";
        printf("%-36s ours %-8s openssl %-8s %s\n", row->name,
               ocsp.valid ? sp_ocsp_status_name(ocsp.status) : "invalid", openssl,
               ocsp.error != NULL ? ocsp.error : "");
        if (!fits(&ocsp, row->ours) || strcmp(openssl, row->openssl) != 0 ||
            (strcmp(ours, openssl) == 0) != (row->why == NULL)) {
            printf("    expected ours \"%s\", openssl %s\n", row->ours, row->openssl);
            failures++;
        }
        free(data);
        sp_arena_free(arena);
    }
    assert_int_equal(failures, 0);
    assert_true(ROW_COUNT >= 40);
}

/* --- the command --------------------------------------------------------------------------------- */

static void write_pem(const char *folder, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s.pem", folder, name);
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(1, PEM_write_X509(file, mint_find(&pki, name)->x509));
    assert_int_equal(
        1, PEM_write_PrivateKey(file, mint_find(&pki, name)->key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
}

static uint8_t *read_answer(const char *folder, size_t *out_len)
{
    char path[64];
    uint8_t *data = calloc(1, SP_LIMIT_OCSP_STAPLE);
    snprintf(path, sizeof path, "%s/answer", folder);
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    *out_len = fread(data, 1, SP_LIMIT_OCSP_STAPLE, file);
    fclose(file);
    return data;
}

/* What `openssl ocsp -respout` writes, as people make their staples with. */
static void test_command(void **state)
{
    static const struct {
        const char *status; /* a line of the index, but for the serial number */
        const char *signer, *options, *expected;
    } cases[] = {
        {"V\t401231235959Z\t\t", "int", "", "good"},
        {"V\t401231235959Z\t\t", "resp", "", "good"},
        {"V\t401231235959Z\t\t", "resp", "-resp_key_id -rmd sha512", "good"},
        {"R\t401231235959Z\t250101000000Z,superseded\t", "resp", "", "revoked"},
        {"R\t401231235959Z\t250101000000Z\t", "int", "-resp_no_certs", "revoked"},
        {"V\t401231235959Z\t\t9", "resp", "", "unknown"},
        {"V\t401231235959Z\t\t", "resp", "-resp_no_certs", "whose certificate is not in it"},
        {"V\t401231235959Z\t\t", "other", "", "no OCSPSigning"},
        {"V\t401231235959Z\t\t", "resproot", "", "did not appoint"},
    };
    char folder[] = "/tmp/test_ocsp.XXXXXX", line[1024];
    const uint64_t serial =
        (uint64_t)ASN1_INTEGER_get(X509_get0_serialNumber(mint_find(&pki, "mx")->x509));
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_cert cert, issuer;
        struct sp_ocsp ocsp;
        size_t len;
        write_pem(folder, "mx");
        write_pem(folder, "int");
        write_pem(folder, cases[i].signer);
        snprintf(
            line, sizeof line,
            "cd %s && printf '%s%02llX\tunknown\t/CN=mx\n' > index && { openssl ocsp -index index "
            "-CA int.pem -rsigner %s.pem -rkey %s.pem -issuer int.pem -cert mx.pem -ndays 2 "
            "%s -respout answer -noverify; } > log 2>&1 || { cat log; false; }",
            folder, cases[i].status, (unsigned long long)serial, cases[i].signer, cases[i].signer,
            cases[i].options);
        assert_int_equal(0, system(line));
        uint8_t *data = read_answer(folder, &len);
        parse(arena, "mx", &cert);
        parse(arena, "int", &issuer);
        assert_true(sp_ocsp_read(arena, (struct sp_slice){data, len}, &cert, &issuer, NULL,
                                 (int64_t)time(NULL), &ocsp));
        if (!fits(&ocsp, cases[i].expected)) {
            fail_msg("case %zu: %s", i, ocsp.valid ? sp_ocsp_status_name(ocsp.status) : ocsp.error);
        }
        free(data);
        sp_arena_free(arena);
    }
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(0, system(line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts),
                                       cmocka_unit_test(test_command)};
    setvbuf(stdout, NULL, _IOLBF, 0);
    now = (int64_t)time(NULL);
    mint_pki_make(&pki, pki_rows);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mint_pki_free(&pki);
    return rc;
}
