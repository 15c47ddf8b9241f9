/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates for the test server, made afresh at every start: one trusted root, and chains that
 * are right or wrong in one way.
 */
#ifndef TS_PKI_H
#define TS_PKI_H

#include <openssl/x509.h>

enum { TS_CHAIN_MAX = 12 };

/*
 * What a server sends: certs[0] is the leaf, `key` is the leaf's. Everything belongs to the struct
 * ts_pki.
 */
struct ts_chain {
    X509 *certs[TS_CHAIN_MAX];
    int count;
    EVP_PKEY *key;
};

struct ts_pki;

/* Returns NULL when out of memory. No certificate is made yet. */
struct ts_pki *ts_pki_new(void);
void ts_pki_free(struct ts_pki *pki);

/*
 * The chain of that kind for the DNS name `host`, made at its first use; NULL if there is no such
 * kind or OpenSSL refuses it.
 */
const struct ts_chain *ts_pki_chain(struct ts_pki *pki, const char *kind, const char *host);

/* One certificate of any kind, its key, and the kind that issued it; NULL: as above, or it issued itself. */
X509 *ts_pki_cert(struct ts_pki *pki, const char *kind, const char *host);
EVP_PKEY *ts_pki_key(struct ts_pki *pki, const char *kind);
const char *ts_pki_issuer(const char *kind);

/*
 * Writes root.pem, untrusted-root.pem, a client's client-only.pem and .key and, with `all`, KIND.pem
 * (the chain as sent) and KIND.key of every kind into `dir`, which is made when it is missing.
 * Returns 0, or -1 after a message on standard error.
 */
int ts_pki_write(struct ts_pki *pki, const char *dir, int all);

/* Names of all kinds, in the table's order; NULL behind the last. */
const char *ts_pki_kind_name(size_t index);

#endif
