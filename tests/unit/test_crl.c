/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Revocation lists of every kind, asked by us and by what is behind `openssl verify -crl_check`. Where the two
 * verdicts differ the row says which section makes ours right; a row that says so without need fails too.
 */
#include "mint.h"

#include "probe/crl.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define KEYS "subjectKeyIdentifier=hash\n"
#define AKI "authorityKeyIdentifier=keyid\n"
#define CA "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" KEYS
#define LEAF "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n" AKI
#define POINT LEAF "crlDistributionPoints=URI:http://crl.example.org/a.crl\n"

/* clang-format off */
static const struct mint_row pki_rows[] = {
    {.name = "root", .subject = "O=Example,CN=Root", .issuer = "root", .extensions = CA},
    {.name = "evil", .subject = "O=Example,CN=Root", .issuer = "evil", .extensions = CA},
    {.name = "rsa", .subject = "CN=RSA Root", .issuer = "rsa", .extensions = CA, .key = MINT_RSA2048},
    {.name = "p384", .subject = "CN=P-384 Root", .issuer = "p384", .extensions = CA, .key = MINT_P384},
    {.name = "p521", .subject = "CN=P-521 Root", .issuer = "p521", .extensions = CA, .key = MINT_P521},
    {.name = "ed25519", .subject = "CN=Ed25519 Root", .issuer = "ed25519", .extensions = CA, .key = MINT_ED25519},
    {.name = "ed448", .subject = "CN=Ed448 Root", .issuer = "ed448", .extensions = CA, .key = MINT_ED448},
    {.name = "nocrl", .subject = "CN=No CRL Sign", .issuer = "nocrl", .extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n" KEYS},
    {.name = "noku", .subject = "CN=No KU", .issuer = "noku", .extensions = "basicConstraints=critical,CA:TRUE\n" KEYS},
    {.name = "mx", .subject = "CN=mx", .issuer = "root", .extensions = LEAF},
    {.name = "mxpoint", .subject = "CN=mx", .issuer = "root", .extensions = POINT},
    {.name = "int", .subject = "CN=Int", .issuer = "root", .extensions = CA AKI},
    {.name = "mxlong", .subject = "CN=mx", .issuer = "root", .extensions = LEAF, .flags = MINT_LONG_SERIAL},
    {.name = "mxzero", .subject = "CN=mx", .issuer = "root", .extensions = LEAF, .flags = MINT_ZERO_SERIAL},
    {.name = "mxrsa", .subject = "CN=mx", .issuer = "rsa", .extensions = LEAF},
    {.name = "mxp384", .subject = "CN=mx", .issuer = "p384", .extensions = LEAF},
    {.name = "mxp521", .subject = "CN=mx", .issuer = "p521", .extensions = LEAF},
    {.name = "mxed25519", .subject = "CN=mx", .issuer = "ed25519", .extensions = LEAF},
    {.name = "mxed448", .subject = "CN=mx", .issuer = "ed448", .extensions = LEAF},
    {.name = "mxnocrl", .subject = "CN=mx", .issuer = "nocrl", .extensions = LEAF},
    {.name = "mxnoku", .subject = "CN=mx", .issuer = "noku", .extensions = LEAF},
    {.name = NULL},
};
/* clang-format on */

enum flag {
    FLIP = 1,       /* one bit of the signature */
    V1 = 2,         /* version 1, without extensions */
    CRITICAL = 4,   /* an unknown critical extension of the list */
    CRITICAL_1 = 8, /* the same of an entry about another certificate */
    DELTA = 16,
    PSS = 32,
    DER = 64,
    NOISE = 128,      /* 5000 other entries around it */
    OTHER_FIRST = 256 /* a list of another issuer before it in the file */
};

#define DAY 86400
#define NONE INT32_MIN

struct row {
    const char *name;
    const char *cert;    /* NULL: "mx" */
    const char *revoked; /* certificates in the list; NULL: none */
    const char *signer;  /* NULL: "root"; the list names it as its issuer */
    const char *point;   /* issuingDistributionPoint as in openssl.cnf, or NULL */
    const char *digest;  /* NULL: sha256 */
    int reason;          /* of the entries; 0: none is told */
    int from,
        to; /* seconds from MINT_NOW; both 0: a day before and behind; to NONE: no nextUpdate */
    unsigned flags;
    const char *ours;    /* "good", "revoked", "missing", or a part of the error */
    const char *openssl; /* "good", "revoked", or "other": any other error */
    const char *why;
};

#define GOOD .ours = "good", .openssl = "good"
#define REVOKED .ours = "revoked", .openssl = "revoked"
#define BAD(text) .ours = text, .openssl = "other"

/* clang-format off */
static const struct row rows[] = {
    /* What it says. */
    {.name = "empty list", GOOD},
    {.name = "another is revoked", .revoked = "int", GOOD},
    {.name = "revoked", .revoked = "mx", REVOKED},
    {.name = "revoked among 5000", .revoked = "mx", .flags = NOISE, REVOKED},
    {.name = "not among 5000", .flags = NOISE, GOOD},
    {.name = "key compromised", .revoked = "mx", .reason = 1, REVOKED},
    {.name = "on hold", .revoked = "mx", .reason = 6, REVOKED},
    {.name = "removed from the list", .revoked = "mx", .reason = 8, GOOD},
    {.name = "serial of 75 octets", .cert = "mxlong", .revoked = "mx mxlong", REVOKED},
    {.name = "serial of 75 octets, another", .cert = "mxlong", .revoked = "mx", GOOD},
    {.name = "serial zero", .cert = "mxzero", .revoked = "mxzero", REVOKED},
    {.name = "serial zero, another", .cert = "mxzero", .revoked = "mx int", GOOD},
    {.name = "a CA certificate", .cert = "int", .revoked = "int", REVOKED},
    {.name = "version 1", .revoked = "mx", .flags = V1, REVOKED},
    {.name = "in DER", .revoked = "mx", .flags = DER, REVOKED},
    {.name = "second in the file", .revoked = "mx", .flags = OTHER_FIRST, REVOKED},
    /* When. */
    {.name = "out of date", .from = -20 * DAY, .to = -10 * DAY, BAD("out of date since 2026-08-22")},
    {.name = "ended a second ago", .from = -DAY, .to = -1, BAD("out of date since")},
    {.name = "ends in a second", .from = -DAY, .to = 1, GOOD},
    {.name = "out of date and revoked", .revoked = "mx", .from = -20 * DAY, .to = -10 * DAY, .ours = "revoked", .openssl = "other", .why = "RFC 5280 5.3.1: but for a hold, what was revoked stays so; both things are told"},
    {.name = "no nextUpdate", .from = -20 * DAY, .to = NONE, GOOD},
    {.name = "from tomorrow", .from = DAY, .to = 2 * DAY, BAD("valid only from 2026-09-02")},
    {.name = "clock behind by 100 s", .from = 100, .to = DAY, .ours = "good", .openssl = "other", .why = "RFC 5280 5.1.2.4: thisUpdate is the issuer's clock; 300 s are allowed for ours, as for OCSP"},
    /* Whose it is. */
    {.name = "another issuer", .signer = "rsa", .ours = "missing", .openssl = "other", .why = "no list of the issuer is information here: --crl-file need not cover all"},
    {.name = "issuer's name, another key", .signer = "evil", BAD("not signed with its issuer's key")},
    {.name = "issuer's name, another key, revoked", .revoked = "mx", .signer = "evil", BAD("not signed with its issuer's key")},
    {.name = "flipped", .revoked = "mx", .flags = FLIP, BAD("not signed with its issuer's key")},
    {.name = "no cRLSign", .cert = "mxnocrl", .signer = "nocrl", BAD("no cRLSign")},
    {.name = "no keyUsage", .cert = "mxnoku", .revoked = "mxnoku", .signer = "noku", REVOKED},
    /* Signatures. */
    {.name = "RSA", .cert = "mxrsa", .signer = "rsa", GOOD},
    {.name = "RSA, revoked", .cert = "mxrsa", .revoked = "mxrsa", .signer = "rsa", REVOKED},
    {.name = "RSA, flipped", .cert = "mxrsa", .signer = "rsa", .flags = FLIP, BAD("not signed with")},
    {.name = "RSA-PSS", .cert = "mxrsa", .revoked = "mxrsa", .signer = "rsa", .flags = PSS, REVOKED},
    {.name = "RSA SHA-512", .cert = "mxrsa", .signer = "rsa", .digest = "sha512", GOOD},
    {.name = "RSA SHA-1", .cert = "mxrsa", .signer = "rsa", .digest = "sha1", GOOD},
    {.name = "RSA MD5", .cert = "mxrsa", .signer = "rsa", .digest = "md5", .ours = "signed with MD5", .openssl = "good", .why = "RFC 6151 2.1: MD5 is no longer acceptable for signatures"},
    {.name = "P-384", .cert = "mxp384", .revoked = "mxp384", .signer = "p384", .digest = "sha384", REVOKED},
    {.name = "P-521", .cert = "mxp521", .revoked = "mxp521", .signer = "p521", .digest = "sha512", REVOKED},
    {.name = "Ed25519", .cert = "mxed25519", .revoked = "mxed25519", .signer = "ed25519", REVOKED},
    {.name = "Ed25519, flipped", .cert = "mxed25519", .signer = "ed25519", .flags = FLIP, BAD("not signed with")},
    {.name = "Ed448", .cert = "mxed448", .revoked = "mxed448", .signer = "ed448", REVOKED},
    {.name = "Ed448, flipped", .cert = "mxed448", .signer = "ed448", .flags = FLIP, BAD("not signed with")},
    /* What it covers. */
    {.name = "users only", .revoked = "mx", .point = "onlyuser=TRUE\n", REVOKED},
    {.name = "CAs only", .revoked = "mx", .point = "onlyCA=TRUE\n", .ours = "missing", .openssl = "other", .why = "no list of the issuer is information here: --crl-file need not cover all"},
    {.name = "CAs only, a CA", .cert = "int", .revoked = "int", .point = "onlyCA=TRUE\n", REVOKED},
    {.name = "users only, a CA", .cert = "int", .revoked = "int", .point = "onlyuser=TRUE\n", .ours = "missing", .openssl = "other", .why = "no list of the issuer is information here: --crl-file need not cover all"},
    {.name = "attribute certificates", .revoked = "mx", .point = "onlyAA=TRUE\n", .ours = "missing", .openssl = "other", .why = "no list of the issuer is information here: --crl-file need not cover all"},
    {.name = "a point, the certificate's", .cert = "mxpoint", .revoked = "mxpoint", .point = "fullname=URI:http://crl.example.org/a.crl\n", REVOKED},
    {.name = "a point, another", .cert = "mxpoint", .revoked = "mxpoint", .point = "fullname=URI:http://crl.example.org/b.crl\n", .ours = "missing", .openssl = "other", .why = "no list of the issuer is information here: --crl-file need not cover all"},
    {.name = "a point, none in the certificate", .revoked = "mx", .point = "fullname=URI:http://crl.example.org/a.crl\n", .ours = "missing", .openssl = "other", .why = "no list of the issuer is information here: --crl-file need not cover all"},
    {.name = "no point, the certificate has one", .cert = "mxpoint", .revoked = "mxpoint", REVOKED},
    {.name = "some reasons", .point = "onlysomereasons=keyCompromise\n", BAD("only about some reasons")},
    {.name = "some reasons, revoked", .revoked = "mx", .reason = 1, .point = "onlysomereasons=keyCompromise\n", .ours = "revoked", .openssl = "other", .why = "RFC 5280 6.3.3 (i): what a list of some reasons has on it is revoked"},
    {.name = "indirect", .revoked = "mx", .point = "indirectCRL=TRUE\n", BAD("indirect CRL")},
    {.name = "delta", .revoked = "mx", .flags = DELTA, BAD("delta CRL")},
    {.name = "unknown critical extension", .revoked = "mx", .flags = CRITICAL, BAD("marked critical that is not known here: 1.2.3.4")},
    {.name = "unknown critical extension of an entry", .revoked = "mx", .flags = CRITICAL_1, BAD("marked critical that is not known here: 1.2.3.4")},
};
/* clang-format on */
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static struct mint_pki pki;

static const char *pick(const char *text, const char *fallback)
{
    return text != NULL ? text : fallback;
}

/* --- making ------------------------------------------------------------------------------------- */

static ASN1_TIME *make_time(int offset)
{
    return ASN1_TIME_set(NULL, (time_t)(MINT_NOW + offset));
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

static X509_REVOKED *add_entry(X509_CRL *crl, const ASN1_INTEGER *serial, int reason)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = make_time(-9 * DAY);
    X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)(uintptr_t)serial);
    X509_REVOKED_set_revocationDate(entry, when);
    ASN1_TIME_free(when);
    if (reason > 0) {
        ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
        ASN1_ENUMERATED_set(code, reason);
        X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0);
        ASN1_ENUMERATED_free(code);
    }
    assert_int_equal(1, X509_CRL_add0_revoked(crl, entry));
    return entry;
}

static void add_number(X509_CRL *crl, uint64_t number, bool critical)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_INTEGER_set_uint64(serial, number);
    X509_REVOKED *entry = add_entry(crl, serial, 0);
    ASN1_INTEGER_free(serial);
    if (critical) {
        X509_EXTENSION *extension = make_critical();
        X509_REVOKED_add_ext(entry, extension, -1);
        X509_EXTENSION_free(extension);
    }
}

struct making {
    X509_CRL *crl;
    const struct row *row;
};

static void add_revoked(const struct minted *minted, void *context)
{
    struct making *making = context;
    add_entry(making->crl, X509_get0_serialNumber(minted->x509), making->row->reason);
}

static void add_extensions(X509_CRL *crl, const struct row *row)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    if (row->point != NULL) {
        /* OpenSSL reads the words of a section. */
        char text[256];
        long line = 0;
        X509V3_CTX context;
        CONF *conf = NCONF_new(NULL);
        BIO *bio = BIO_new(BIO_s_mem());
        snprintf(text, sizeof text, "[ext]\nissuingDistributionPoint=critical,@point\n[point]\n%s",
                 row->point);
        BIO_puts(bio, text);
        assert_int_equal(1, NCONF_load_bio(conf, bio, &line));
        X509V3_set_ctx(&context, NULL, NULL, NULL, crl, 0);
        X509V3_set_nconf(&context, conf);
        if (X509V3_EXT_CRL_add_nconf(conf, &context, "ext", crl) != 1) {
            fail_msg("OpenSSL refuses %s", row->point);
        }
        NCONF_free(conf);
        BIO_free(bio);
    }
    ASN1_INTEGER_set_uint64(number, 7);
    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
    if ((row->flags & DELTA) != 0) {
        X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1, 0);
    }
    ASN1_INTEGER_free(number);
    if ((row->flags & CRITICAL) != 0) {
        X509_EXTENSION *extension = make_critical();
        X509_CRL_add_ext(crl, extension, -1);
        X509_EXTENSION_free(extension);
    }
}

static void sign(X509_CRL *crl, const struct row *row, EVP_PKEY *key)
{
    bool edwards = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    const EVP_MD *digest = edwards ? NULL : EVP_get_digestbyname(pick(row->digest, "sha256"));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    assert_int_equal(1, EVP_DigestSignInit(context, &options, digest, NULL, key));
    if ((row->flags & PSS) != 0) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    assert_true(X509_CRL_sign_ctx(crl, context) > 0);
    EVP_MD_CTX_free(context);
    if ((row->flags & FLIP) != 0) {
        const ASN1_BIT_STRING *value;
        X509_CRL_get0_signature(crl, &value, NULL);
        value->data[value->length / 2] ^= 1;
    }
}

static X509_CRL *make_crl(const struct row *row)
{
    const struct minted *signer = mint_find(&pki, pick(row->signer, "root"));
    bool usual = row->from == 0 && row->to == 0;
    struct making making = {.crl = X509_CRL_new(), .row = row};
    ASN1_TIME *from = make_time(usual ? -DAY : row->from);
    ASN1_TIME *to = row->to == NONE ? NULL : make_time(usual ? DAY : row->to);
    X509_CRL_set_issuer_name(making.crl, X509_get_subject_name(signer->x509));
    X509_CRL_set1_lastUpdate(making.crl, from);
    if (to != NULL) {
        X509_CRL_set1_nextUpdate(making.crl, to);
    }
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    for (uint64_t i = 0; i < ((row->flags & NOISE) != 0 ? 2500u : 0u); i++) {
        add_number(making.crl, 1000 + i * 7919, false);
    }
    if ((row->flags & CRITICAL_1) != 0) {
        add_number(making.crl, 999, true);
    }
    if (row->revoked != NULL) {
        mint_each(&pki, row->revoked, add_revoked, &making);
    }
    for (uint64_t i = 0; i < ((row->flags & NOISE) != 0 ? 2500u : 0u); i++) {
        add_number(making.crl, UINT64_C(1) << 40 | i, false);
    }
    if ((row->flags & V1) == 0) {
        X509_CRL_set_version(making.crl, 1);
        add_extensions(making.crl, row);
    }
    sign(making.crl, row, signer->key);
    return making.crl;
}

static struct sp_crls *load(const struct row *row, X509_CRL *crl)
{
    static const struct row first = {.signer = "p384", .digest = "sha384"};
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, error[256];
    if ((row->flags & OTHER_FIRST) != 0) {
        X509_CRL *other = make_crl(&first);
        PEM_write_bio_X509_CRL(bio, other);
        X509_CRL_free(other);
    }
    if ((row->flags & DER) != 0) {
        i2d_X509_CRL_bio(bio, crl);
    } else {
        PEM_write_bio_X509_CRL(bio, crl);
    }
    long len = BIO_get_mem_data(bio, &data);
    struct sp_crls *crls = sp_crls_from_memory(data, (size_t)len, error, sizeof error);
    if (crls == NULL) {
        fail_msg("%s: %s", row->name, error);
    }
    BIO_free(bio);
    return crls;
}

/* --- verdicts ----------------------------------------------------------------------------------- */

static const char *issuer_of(const struct row *row)
{
    return mint_find(&pki, pick(row->cert, "mx"))->row->issuer;
}

static const char *judge_by_openssl(const struct row *row, X509_CRL *crl)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, mint_find(&pki, issuer_of(row))->x509);
    /* Encoded anew, or it would judge what it remembers from before it was flipped. */
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    const uint8_t *at = der;
    X509_CRL *copy = d2i_X509_CRL(NULL, &at, len);
    X509_STORE_add_crl(store, copy);
    X509_STORE_CTX_init(context, store, mint_find(&pki, pick(row->cert, "mx"))->x509, NULL);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)MINT_NOW);
    int good = X509_verify_cert(context), error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_CRL_free(copy);
    OPENSSL_free(der);
    return good == 1 ? "good" : error == X509_V_ERR_CERT_REVOKED ? "revoked" : "other";
}

static void parse(struct sp_arena *arena, const char *name, struct sp_cert *out)
{
    const struct minted *minted = mint_find(&pki, name);
    assert_true(sp_cert_parse(arena, minted->der, minted->len, out));
    assert_true(out->parsed);
}

static bool fits(const struct row *row, const struct sp_crl_answer *answer)
{
    if (strcmp(row->ours, sp_crl_status_name(answer->status)) == 0) {
        return answer->status == SP_CRL_REVOKED ? answer->revoked_at == MINT_NOW - 9 * DAY
                                                : answer->error == NULL;
    }
    return answer->status == SP_CRL_UNUSABLE && answer->error != NULL &&
           strstr(answer->error, row->ours) != NULL;
}

static void test_verdicts(void **state)
{
    unsigned failures = 0;
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_cert cert, issuer;
        struct sp_crl_answer answer, again;
        X509_CRL *crl = make_crl(row);
        struct sp_crls *crls = load(row, crl);
        parse(arena, pick(row->cert, "mx"), &cert);
        parse(arena, issuer_of(row), &issuer);
        assert_true(sp_crls_lookup(crls, arena, &cert, &issuer, MINT_NOW, &answer));
        assert_true(sp_crls_lookup(crls, arena, &cert, &issuer, MINT_NOW, &again));
        assert_int_equal(answer.status, again.status);
        const char *openssl = judge_by_openssl(row, crl);
        const char *status = sp_crl_status_name(answer.status);
        const char *ours =
            answer.status == SP_CRL_GOOD || answer.status == SP_CRL_REVOKED ? status : "other";
        printf("%-40s ours %-8s openssl %-8s %s\n", row->name, status, openssl,
               answer.error != NULL ? answer.error : "");
        /* "missing" is a kind of "other" that is judged in another way. */
        bool differs = strcmp(ours, openssl) != 0 || answer.status == SP_CRL_MISSING;
        if (!fits(row, &answer) || strcmp(openssl, row->openssl) != 0 ||
            differs == (row->why == NULL)) {
            printf("    expected ours \"%s\", openssl %s\n", row->ours, row->openssl);
            failures++;
        }
        sp_crls_free(crls);
        X509_CRL_free(crl);
        sp_arena_free(arena);
    }
    assert_int_equal(failures, 0);
    assert_true(ROW_COUNT >= 30);
}

/* Of several lists the newest counts, and one that can tell before one that can't. */
static void test_several(void **state)
{
    static const struct {
        struct row first, second;
        enum sp_crl_status status;
    } pairs[] = {
        {{.revoked = "mx", .from = -5 * DAY, .to = DAY}, {.from = -DAY, .to = DAY}, SP_CRL_GOOD},
        {{.from = -DAY, .to = DAY}, {.revoked = "mx", .from = -5 * DAY, .to = DAY}, SP_CRL_GOOD},
        {{.from = -5 * DAY, .to = DAY}, {.revoked = "mx", .from = -DAY, .to = DAY}, SP_CRL_REVOKED},
        {{.from = -5 * DAY, .to = -DAY}, {.from = -6 * DAY, .to = DAY}, SP_CRL_GOOD},
        {{.signer = "evil", .revoked = "mx"}, {.from = -6 * DAY, .to = DAY}, SP_CRL_GOOD},
        {{.signer = "evil"}, {.revoked = "mx", .from = -6 * DAY, .to = -DAY}, SP_CRL_REVOKED},
        {{.flags = DELTA}, {.signer = "evil"}, SP_CRL_UNUSABLE},
        {{.point = "onlyCA=TRUE\n"}, {.point = "onlyuser=TRUE\n", .revoked = "mx"}, SP_CRL_REVOKED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_cert cert, issuer;
        struct sp_crl_answer answer;
        BIO *bio = BIO_new(BIO_s_mem());
        char *data, error[256];
        X509_CRL *first = make_crl(&pairs[i].first), *second = make_crl(&pairs[i].second);
        PEM_write_bio_X509_CRL(bio, first);
        PEM_write_bio_X509_CRL(bio, second);
        long len = BIO_get_mem_data(bio, &data);
        struct sp_crls *crls = sp_crls_from_memory(data, (size_t)len, error, sizeof error);
        assert_non_null(crls);
        assert_int_equal(2, sp_crls_count(crls));
        parse(arena, "mx", &cert);
        parse(arena, "root", &issuer);
        assert_true(sp_crls_lookup(crls, arena, &cert, &issuer, MINT_NOW, &answer));
        if (answer.status != pairs[i].status) {
            fail_msg("pair %zu is %s", i, sp_crl_status_name(answer.status));
        }
        sp_crls_free(crls);
        X509_CRL_free(first);
        X509_CRL_free(second);
        BIO_free(bio);
        sp_arena_free(arena);
    }
}

/* A list is remembered to be one key's, not everybody's; a serial number is a number, however it is written. */
static void test_again(void **state)
{
    static const struct row plain = {.name = "plain", .revoked = "mx"};
    static const char *const issuers[] = {"evil", "root", "evil", "root"};
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_cert cert, issuer;
    struct sp_crl_answer answer;
    X509_CRL *crl = make_crl(&plain);
    struct sp_crls *crls = load(&plain, crl);
    uint8_t padded[32] = {0};
    (void)state;
    parse(arena, "mx", &cert);
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++) {
        parse(arena, issuers[i], &issuer);
        assert_true(sp_crls_lookup(crls, arena, &cert, &issuer, MINT_NOW, &answer));
        assert_int_equal(i % 2 == 0 ? SP_CRL_UNUSABLE : SP_CRL_REVOKED, answer.status);
    }
    assert_true(cert.serial.len < sizeof padded);
    memcpy(padded + 1, cert.serial.data, cert.serial.len);
    cert.serial = (struct sp_slice){padded, cert.serial.len + 1};
    assert_true(sp_crls_lookup(crls, arena, &cert, &issuer, MINT_NOW, &answer));
    assert_int_equal(SP_CRL_REVOKED, answer.status);
    sp_crls_free(crls);
    X509_CRL_free(crl);
    sp_arena_free(arena);
}

static void test_broken(void **state)
{
    static const struct row plain = {.name = "plain", .revoked = "mx int"};
    static const struct {
        const char *text, *error;
    } texts[] = {
        {"", "empty"},
        {"hello", "neither PEM nor DER"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "holds no revocation list"},
        {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
         "the list in line 1 is not a CRL in DER, or it is cut off; fetch it again"},
        {"\n-----BEGIN X509 CRL-----\nAA*A\n-----END X509 CRL-----\n",
         "the list in line 2 is not whole or not base64"},
        {"-----BEGIN X509 CRL-----\nAAAA\n", "not whole"},
    };
    char error[256], *data;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_null(sp_crls_from_memory(texts[i].text, strlen(texts[i].text), error, sizeof error));
        if (strstr(error, texts[i].error) == NULL) {
            fail_msg("\"%s\" is not in \"%s\"", texts[i].error, error);
        }
    }
    /* Each octet short is an error, and so is each octet of the signed part's frame. */
    X509_CRL *crl = make_crl(&plain);
    BIO *bio = BIO_new(BIO_s_mem());
    i2d_X509_CRL_bio(bio, crl);
    long len = BIO_get_mem_data(bio, &data);
    for (long i = 1; i < len; i++) {
        assert_null(sp_crls_from_memory(data, (size_t)i, error, sizeof error));
    }
    BIO_free(bio);
    X509_CRL_free(crl);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void test_files(void **state)
{
    char folder[] = "/tmp/test_crl.XXXXXX", path[64], error[256];
    const char *files[1] = {path};
    static const struct {
        const char *name, *text, *error;
    } cases[] = {
        {"", NULL, "is a directory; name the files in it"},
        {"/none", NULL, "No such file or directory; check the path"},
        {"/empty", "", "is empty; give a file with revocation lists in PEM or DER"},
        {"/text", "hello\n", "is neither PEM nor DER"},
    };
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(path, sizeof path, "%s%s", folder, cases[i].name);
        if (cases[i].text != NULL) {
            write_file(path, cases[i].text);
        }
        assert_null(sp_crls_load(files, 1, error, sizeof error));
        if (strstr(error, cases[i].error) == NULL || strstr(error, path) == NULL) {
            fail_msg("\"%s\" is not in \"%s\"", cases[i].error, error);
        }
        if (cases[i].text != NULL) {
            unlink(path);
        }
    }
    rmdir(folder);
    snprintf(path, sizeof path, "/dev/null");
    assert_null(sp_crls_load(files, 1, error, sizeof error));
    assert_non_null(strstr(error, "is not a regular file"));
}

/* --- lists of other makers --------------------------------------------------------------------- */

static void write_pems(const char *folder)
{
    char path[64];
    snprintf(path, sizeof path, "%s/root.pem", folder);
    char *pem = mint_pem(&pki, "rsa");
    write_file(path, pem);
    free(pem);
    snprintf(path, sizeof path, "%s/mx.pem", folder);
    pem = mint_pem(&pki, "mxrsa");
    write_file(path, pem);
    free(pem);
    snprintf(path, sizeof path, "%s/root.key", folder);
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    PEM_write_PrivateKey(file, mint_find(&pki, "rsa")->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

/* The commands that people make lists with; each list says that mxrsa is revoked. */
static void test_makers(void **state)
{
    static const char *const commands[] = {
        "printf 'crl_next_update = 9\\ncrl_number = 3\\n' > crl.cfg && certtool --generate-crl "
        "--load-ca-privkey root.key --load-ca-certificate root.pem --load-certificate mx.pem "
        "--template crl.cfg --outfile list",
        "certtool --generate-crl --load-ca-privkey root.key --load-ca-certificate root.pem "
        "--load-certificate mx.pem --template crl.cfg --hash SHA512 --outder --outfile list",
        "touch index.txt && echo 01 > number && printf '[ca]\\ndefault_ca=a\\n[a]\\n"
        "database=index.txt\\ncrlnumber=number\\ndefault_md=sha384\\ndefault_crl_days=9\\n' > "
        "ca.cnf && openssl ca -config ca.cnf -keyfile root.key -cert root.pem -revoke mx.pem "
        "-crl_reason keyCompromise && openssl ca -config ca.cnf -keyfile root.key -cert root.pem "
        "-gencrl -out list",
    };
    char folder[] = "/tmp/test_crl.XXXXXX", line[1024], path[64], error[256];
    const char *files[1] = {path};
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_pems(folder);
    snprintf(path, sizeof path, "%s/list", folder);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_cert cert, issuer, other;
        struct sp_crl_answer answer;
        snprintf(line, sizeof line, "cd %s && { %s; } > log 2>&1 || { cat log; false; }", folder,
                 commands[i]);
        assert_int_equal(0, system(line));
        struct sp_crls *crls = sp_crls_load(files, 1, error, sizeof error);
        if (crls == NULL) {
            fail_msg("%s", error);
        }
        parse(arena, "mxrsa", &cert);
        parse(arena, "rsa", &issuer);
        assert_true(sp_crls_lookup(crls, arena, &cert, &issuer, (int64_t)time(NULL), &answer));
        assert_int_equal(SP_CRL_REVOKED, answer.status);
        assert_null(answer.error);
        other = cert;
        other.serial = issuer.serial;
        assert_true(sp_crls_lookup(crls, arena, &other, &issuer, (int64_t)time(NULL), &answer));
        assert_int_equal(SP_CRL_GOOD, answer.status);
        sp_crls_free(crls);
        sp_arena_free(arena);
    }
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(0, system(line));
}

/* --- a large one -------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
    memcpy(at, data, len);
    return at + len;
}

static uint8_t *put_header(uint8_t *at, uint8_t tag, size_t len)
{
    uint8_t header[] = {
        tag, 0x84, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    size_t skip = len > 0xffffff ? 0 : 1; /* shortest form */
    header[1] = (uint8_t)(header[1] - skip);
    memmove(header + 2, header + 2 + skip, 4 - skip);
    return put(at, header, sizeof header - skip);
}

/* Resident memory now, in KiB. */
static long resident(void)
{
    long pages = 0, unused;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(2, fscanf(file, "%ld %ld", &unused, &pages));
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

#define MILLION 1000000u
#define ENTRY 34u

/* A million entries with serials of 16 octets, in no order: loaded in a blink, and little memory. */
static void test_million(void **state)
{
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    static const char times[] = "\x17\x0d"
                                "260831000000Z"
                                "\x17\x0d"
                                "260903000000Z";
    const struct minted *root = mint_find(&pki, "root");
    uint8_t *name = NULL;
    int name_len = i2d_X509_NAME(X509_get_subject_name(root->x509), &name);
    size_t entries = (size_t)MILLION * ENTRY;
    size_t tbs = 3 + sizeof algorithm + (size_t)name_len + sizeof times - 1 + 6 + entries;
    uint8_t *der = malloc(entries + 4096), *at = der;
    (void)state;
    assert_non_null(der);
    at = put_header(at, 0x30, 6 + tbs + sizeof algorithm + 5);
    at = put_header(at, 0x30, tbs);
    at = put(at, "\x02\x01\x01", 3);
    at = put(at, algorithm, sizeof algorithm);
    at = put(at, name, (size_t)name_len);
    at = put(at, times, sizeof times - 1);
    at = put_header(at, 0x30, entries);
    for (uint32_t i = 0; i < MILLION; i++) {
        uint64_t high = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 1, low = ~high * 3;
        at = put(at, "\x30\x20\x02\x0f", 4);
        uint8_t *serial = at;
        at = put(at, &high, 8);
        at = put(at, &low, 7);
        serial[0] = (uint8_t)((serial[0] & 0x7fu) | 0x40u);
        at = put(at, times, 15);
    }
    at = put(at, algorithm, sizeof algorithm);
    at = put(at, "\x03\x03\x00\x30\x00", 5);
    size_t len = (size_t)(at - der);
    char error[256];
    struct timespec begin, end;
    long before = resident();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    struct sp_crls *crls = sp_crls_from_memory(der, len, error, sizeof error);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    long grown = resident() - before;
    if (crls == NULL) {
        fail_msg("%s", error);
    }
    double took = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%u entries, %zu KiB: %.3f s of CPU, %ld KiB\n", MILLION, len / 1024, took, grown);
    assert_true(took < 10.0); /* with slack for sanitizers and busy machines */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(grown < (long)(len / 1024 * 5 / 4));
#endif
    sp_crls_free(crls);
    free(der);
    OPENSSL_free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_several),
        cmocka_unit_test(test_again),    cmocka_unit_test(test_broken),
        cmocka_unit_test(test_files),    cmocka_unit_test(test_makers),
        cmocka_unit_test(test_million)};
    setvbuf(stdout, NULL, _IOLBF, 0);
    mint_pki_make(&pki, pki_rows);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mint_pki_free(&pki);
    return rc;
}
