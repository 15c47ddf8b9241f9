/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes certificates while a test runs, by OpenSSL: another library than the product's, so that the
 * two cannot agree on a mistake. A PKI is a table of rows; each is made from the ones before it.
 */
#ifndef SP_TESTS_MINT_H
#define SP_TESTS_MINT_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stddef.h>
#include <stdint.h>

/* The instant at which all tests are made to happen: 2026-09-01 12:00:00 UTC. */
#define MINT_NOW INT64_C(1788264000)

enum mint_key {
    MINT_P256,
    MINT_P192,
    MINT_P384,
    MINT_P521,
    MINT_RSA512,
    MINT_RSA1024,
    MINT_RSA2048,
    MINT_RSA3072,
    MINT_PSS,
    MINT_ED25519,
    MINT_ED448
};

enum mint_flag {
    MINT_FLIP = 1,         /* one bit of the signature is wrong */
    MINT_TRAILING = 2,     /* an octet behind the end */
    MINT_CUT = 4,          /* the last octet is missing */
    MINT_UTF8_NAME = 8,    /* all text of the subject is UTF8String */
    MINT_OTHER_OUTER = 16, /* the algorithm outside of what is signed says SHA-384 */
    MINT_PSS_SIGNATURE = 32,
    MINT_LONG_SERIAL = 64, /* 75 octets */
    MINT_ZERO_SERIAL = 128
};

struct mint_row {
    const char *name;       /* how the tests call it; NULL ends a table */
    const char *subject;    /* "O=Example,CN=Root" */
    const char *issuer;     /* name of an earlier row, or its own name: self-signed */
    const char *extensions; /* lines as in openssl.cnf; NULL: a version 1 certificate */
    enum mint_key key;
    const char *same_key; /* an earlier row's key, or NULL: a key of its own */
    int from_day, to_day; /* validity, in days from MINT_NOW; both 0: -30 to 60 */
    const char *digest;   /* NULL: sha256 */
    unsigned flags;
};

struct minted {
    const struct mint_row *row;
    EVP_PKEY *key;
    X509 *x509; /* NULL when the flags made OpenSSL unable to read it */
    uint8_t *der;
    size_t len;
};

struct mint_pki {
    struct minted *certs;
    size_t count;
};

/* Makes them all; ends the test on failure. */
void mint_pki_make(struct mint_pki *pki, const struct mint_row *rows);
void mint_pki_free(struct mint_pki *pki);
/* Ends the test when there is none with this name. */
const struct minted *mint_find(const struct mint_pki *pki, const char *name);

/* Calls `use` for each blank-separated name of a list. */
void mint_each(const struct mint_pki *pki, const char *list,
               void (*use)(const struct minted *minted, void *context), void *context);

/* PEM of the named ones as a string; the caller frees it. */
char *mint_pem(const struct mint_pki *pki, const char *list);

#endif
