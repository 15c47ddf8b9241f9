/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client certificate in the form in which the TLS library wants it: a context of its own that sessions
 * are made of. The key is in the library's memory only, for as long as this lives. See identity.h for
 * the files.
 */
#ifndef SP_PROBE_TLS_IDENTITY_H
#define SP_PROBE_TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct WOLFSSL_CTX;
struct sp_tls_identity;

enum sp_tls_identity_status {
    SP_TLS_IDENTITY_OK,
    SP_TLS_IDENTITY_BAD_CERTIFICATE, /* not one that the library can use */
    SP_TLS_IDENTITY_NO_KEY,          /* no private key in the octets */
    SP_TLS_IDENTITY_ENCRYPTED,       /* the key needs a passphrase, and there is none */
    SP_TLS_IDENTITY_BAD_PASSPHRASE, /* or the key is encrypted in a way that the library doesn't know */
    SP_TLS_IDENTITY_BAD_KEY,        /* broken, or of a type that the library can't use */
    SP_TLS_IDENTITY_MISMATCH,       /* the key is not that of the first certificate */
    SP_TLS_IDENTITY_MEMORY
};

struct sp_tls_identity_parts {
    /* DER: the client's certificate, then those that lead to the root, one right behind the other. */
    const uint8_t *chain;
    size_t chain_len;
    /* PEM (PKCS#8, PKCS#1 or SEC 1, encrypted or not) or DER. */
    const uint8_t *key;
    size_t key_len;
    const char *passphrase; /* NULL: none */
};

/* NULL: *out_status says why. Copies what it keeps. */
struct sp_tls_identity *sp_tls_identity_new(const struct sp_tls_identity_parts *parts,
                                            enum sp_tls_identity_status *out_status);
/* NULL is allowed. */
void sp_tls_identity_free(struct sp_tls_identity *identity);
/* For tls.c. */
struct WOLFSSL_CTX *sp_tls_identity_context(const struct sp_tls_identity *identity);

#endif
