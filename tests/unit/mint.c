/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mint.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An RSA key that is marked to be for PSS signatures only. */
static EVP_PKEY *make_pss_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_true(EVP_PKEY_keygen_init(context) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0);
    assert_true(EVP_PKEY_generate(context, &key) > 0);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *make_key(enum mint_key kind)
{
    switch (kind) {
    case MINT_P256: return EVP_EC_gen("P-256");
    case MINT_P192: return EVP_EC_gen("P-192");
    case MINT_P384: return EVP_EC_gen("P-384");
    case MINT_P521: return EVP_EC_gen("P-521");
    case MINT_RSA512: return EVP_RSA_gen(512);
    case MINT_RSA1024: return EVP_RSA_gen(1024);
    case MINT_RSA2048: return EVP_RSA_gen(2048);
    case MINT_RSA3072: return EVP_RSA_gen(3072);
    case MINT_PSS: return make_pss_key();
    case MINT_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case MINT_ED448: return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    }
    return NULL;
}

static void add_names(X509_NAME *name, const char *text, int type)
{
    char copy[1024], *rest = copy;
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(part, '=');
        assert_non_null(value);
        *value++ = '\0';
        assert_int_equal(1,
                         X509_NAME_add_entry_by_txt(name, part, type, (uint8_t *)value, -1, -1, 0));
    }
}

static void add_extensions(X509 *x509, X509 *issuer, const char *lines)
{
    static const char head[] = "[ext]\n";
    X509V3_CTX context;
    CONF *conf = NCONF_new(NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    long line = 0;
    BIO_write(bio, head, sizeof head - 1);
    BIO_write(bio, lines, (int)strlen(lines));
    assert_int_equal(1, NCONF_load_bio(conf, bio, &line));
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509V3_set_nconf(&context, conf);
    if (X509V3_EXT_add_nconf(conf, &context, "ext", x509) != 1) {
        fail_msg("OpenSSL refuses these extensions:\n%s", lines);
    }
    NCONF_free(conf);
    BIO_free(bio);
}

static void set_serial(X509 *x509, const struct mint_row *row, unsigned long number)
{
    ASN1_INTEGER *serial = X509_get_serialNumber(x509);
    uint8_t octets[75];
    memset(octets, 0x5a, sizeof octets);
    if ((row->flags & MINT_LONG_SERIAL) != 0) {
        ASN1_STRING_set(serial, octets, sizeof octets);
    } else {
        ASN1_INTEGER_set_uint64(serial, (row->flags & MINT_ZERO_SERIAL) != 0 ? 0 : number);
    }
}

static void sign(X509 *x509, EVP_PKEY *key, const struct mint_row *row)
{
    bool edwards = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    const EVP_MD *digest =
        edwards ? NULL : EVP_get_digestbyname(row->digest != NULL ? row->digest : "sha256");
    if ((row->flags & MINT_PSS_SIGNATURE) == 0) {
        assert_true(X509_sign(x509, key, digest) > 0);
        return;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    assert_int_equal(1, EVP_DigestSignInit(context, &options, digest, NULL, key));
    assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0);
    assert_true(X509_sign_ctx(x509, context) > 0);
    EVP_MD_CTX_free(context);
}

/* The last ecdsa-with-SHA256 of a certificate is the one outside of what is signed. */
static void change_outer_algorithm(uint8_t *der, size_t len)
{
    static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    for (size_t i = len - sizeof oid; i > 0; i--) {
        if (memcmp(der + i, oid, sizeof oid) == 0) {
            der[i + sizeof oid - 1] = 0x03;
            return;
        }
    }
    fail_msg("there is no ecdsa-with-SHA256 to change");
}

static void encode(struct minted *minted, X509 *x509)
{
    unsigned flags = minted->row->flags;
    int len = i2d_X509(x509, NULL);
    assert_true(len > 0);
    uint8_t *at = minted->der = calloc(1, (size_t)len + 1);
    assert_non_null(at);
    assert_int_equal(len, i2d_X509(x509, &at));
    minted->len = (size_t)len;
    if ((flags & MINT_FLIP) != 0) {
        minted->der[minted->len - 1] ^= 1;
    }
    if ((flags & MINT_OTHER_OUTER) != 0) {
        change_outer_algorithm(minted->der, minted->len);
    }
    minted->len += (flags & MINT_TRAILING) != 0 ? 1 : 0;
    minted->len -= (flags & MINT_CUT) != 0 ? 1 : 0;
    const uint8_t *octets = minted->der;
    minted->x509 = d2i_X509(NULL, &octets, (long)minted->len);
}

static void make(struct mint_pki *pki, const struct mint_row *row)
{
    struct minted *minted = &pki->certs[pki->count];
    X509 *x509 = X509_new();
    minted->row = row;
    if (row->same_key != NULL) {
        minted->key = mint_find(pki, row->same_key)->key;
        EVP_PKEY_up_ref(minted->key);
    } else {
        minted->key = make_key(row->key);
    }
    assert_non_null(minted->key);
    bool self_signed = strcmp(row->issuer, row->name) == 0;
    const struct minted *issuer = self_signed ? minted : mint_find(pki, row->issuer);
    bool years = row->from_day != 0 || row->to_day != 0;
    X509_set_version(x509, row->extensions != NULL ? 2 : 0);
    set_serial(x509, row, pki->count + 1);
    ASN1_TIME_adj(X509_getm_notBefore(x509), MINT_NOW, years ? row->from_day : -30, 0);
    ASN1_TIME_adj(X509_getm_notAfter(x509), MINT_NOW, years ? row->to_day : 60, 0);
    add_names(X509_get_subject_name(x509), row->subject,
              (row->flags & MINT_UTF8_NAME) != 0 ? V_ASN1_UTF8STRING : MBSTRING_UTF8);
    X509_set_issuer_name(x509, self_signed ? X509_get_subject_name(x509)
                                           : X509_get_subject_name(issuer->x509));
    X509_set_pubkey(x509, minted->key);
    if (row->extensions != NULL) {
        add_extensions(x509, self_signed ? x509 : issuer->x509, row->extensions);
    }
    sign(x509, issuer->key, row);
    encode(minted, x509);
    X509_free(x509);
    pki->count++;
}

void mint_pki_make(struct mint_pki *pki, const struct mint_row *rows)
{
    size_t count = 0;
    while (rows[count].name != NULL) {
        count++;
    }
    pki->count = 0;
    pki->certs = calloc(count, sizeof *pki->certs);
    assert_non_null(pki->certs);
    for (size_t i = 0; i < count; i++) {
        make(pki, &rows[i]);
    }
}

void mint_pki_free(struct mint_pki *pki)
{
    for (size_t i = 0; i < pki->count; i++) {
        EVP_PKEY_free(pki->certs[i].key);
        X509_free(pki->certs[i].x509);
        free(pki->certs[i].der);
    }
    free(pki->certs);
    memset(pki, 0, sizeof *pki);
}

const struct minted *mint_find(const struct mint_pki *pki, const char *name)
{
    for (size_t i = 0; i < pki->count; i++) {
        if (strcmp(pki->certs[i].row->name, name) == 0) {
            return &pki->certs[i];
        }
    }
    fail_msg("the PKI has no certificate \"%s\"", name);
    return NULL;
}

void mint_each(const struct mint_pki *pki, const char *list,
               void (*use)(const struct minted *minted, void *context), void *context)
{
    char copy[512], *rest = copy;
    assert_true(strlen(list) < sizeof copy);
    memcpy(copy, list, strlen(list) + 1);
    for (char *name = strtok_r(copy, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        use(mint_find(pki, name), context);
    }
}

static void write_pem(const struct minted *minted, void *context)
{
    assert_true(PEM_write_bio(context, "CERTIFICATE", "", minted->der, (long)minted->len) > 0);
}

char *mint_pem(const struct mint_pki *pki, const char *list)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *copy;
    mint_each(pki, list, write_pem, bio);
    long len = BIO_get_mem_data(bio, &data);
    copy = calloc(1, (size_t)len + 1);
    assert_non_null(copy);
    memcpy(copy, data, (size_t)len);
    BIO_free(bio);
    return copy;
}
