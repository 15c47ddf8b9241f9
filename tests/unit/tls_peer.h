/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TLS server by OpenSSL in the test's own process, between two memory BIOs, with certificates made
 * at run time. */
#ifndef SP_TESTS_TLS_PEER_H
#define SP_TESTS_TLS_PEER_H

#include "probe/tls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>

enum peer_key { PEER_RSA, PEER_EC, PEER_ED25519, PEER_KEY_COUNT };

/* One certificate; issuer NULL: self-signed. Caller frees with X509_free. */
struct peer_cert {
    const char *name;
    bool ca;
    bool unknown_critical; /* carries a critical extension that nobody knows */
    size_t padding;        /* octets of a comment that makes it large */
};
X509 *peer_make_cert(const struct peer_cert *what, EVP_PKEY *key, X509 *issuer,
                     EVP_PKEY *issuer_key);
EVP_PKEY *peer_make_key(enum peer_key type);
/* An RSA key of any size. */
EVP_PKEY *peer_make_rsa(unsigned bits);

/* Claims the public half of one EC key and signs with the private half of another. */
EVP_PKEY *peer_mix_keys(EVP_PKEY *public_half, EVP_PKEY *private_half);

struct peer_config {
    EVP_PKEY *key;
    X509 *chain[32]; /* leaf first, as it shall be sent */
    size_t chain_count;
    int version_min, version_max; /* 0: any */
    const char *ciphers;          /* of TLS 1.2 and older, OpenSSL's syntax; NULL: default */
    const char *groups;           /* NULL: default */
    const char *dh_group; /* of DHE up to TLS 1.2, OpenSSL's name; NULL: by the key's size */
    bool want_client_certificate;
    X509 *client_ca;            /* the only one whose client certificates are taken; NULL: any is */
    const char *client_sigalgs; /* what the client may sign with; NULL: default */
    const char *alpn;           /* chosen, whatever was offered; NULL: the extension is ignored */
    const unsigned char *staple; /* OCSP response that is sent when asked for; NULL: none */
    size_t staple_len;
    unsigned tickets; /* TLS 1.3 session tickets; 0: none */
};

struct peer {
    struct peer_config config;
    unsigned staple_requests;
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
};

void peer_open(struct peer *peer, const struct peer_config *config);
void peer_close(struct peer *peer);

/* Moves what waits on both sides once, at most `chunk` octets at a time towards us (0: all at once),
 * with a step of the handshake behind each piece while it is not over. False: nothing moved. */
bool peer_move(struct peer *peer, struct sp_tls *tls, size_t chunk, enum sp_tls_status *status);
/* Drives the handshake until it is over or nobody moves any more. */
enum sp_tls_status peer_handshake(struct peer *peer, struct sp_tls *tls, size_t chunk);

#endif
