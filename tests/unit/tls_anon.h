/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A TLS 1.2 server written by hand over OpenSSL's primitives: it picks an anonymous Diffie-Hellman
 * suite whether the client offered it or not, sends no certificate, and completes the handshake if
 * the client lets it. No TLS library can be talked into that (CVE-2024-5814).
 */
#ifndef SP_TESTS_TLS_ANON_H
#define SP_TESTS_TLS_ANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANON_SUITE 0x0034 /* TLS_DH_anon_WITH_AES_128_CBC_SHA */
#define ANON_MAX 16384

struct anon_pipe {
    uint8_t data[ANON_MAX];
    size_t len;
};

struct anon_server {
    uint16_t suite;           /* what it picks: AES-128-CBC and HMAC-SHA-1 are used in any case */
    bool extension;           /* its ServerHello has extensions; set before the first octet */
    struct anon_pipe in, out; /* records from and for the client */
    struct anon_pipe transcript;
    uint8_t client_random[32], server_random[32];
    void *secret_exponent; /* BIGNUM */
    uint8_t master[48];
    uint8_t keys[72]; /* RFC 5246 §6.3: client MAC, server MAC, client key, server key */
    uint64_t sequence_in, sequence_out;
    bool hello_sent, keys_known, client_encrypts;
    bool complete;           /* the client's Finished was right and ours is sent */
    bool broken;             /* the client sent something that doesn't fit */
    unsigned alerts;         /* records of type alert from the client */
    struct anon_pipe inside; /* plaintext of application records from the client */
};

void anon_init(struct anon_server *server, uint16_t suite);
void anon_free(struct anon_server *server);
/* Takes octets from the client, does what can be done, and leaves the answer in server->out. */
void anon_feed(struct anon_server *server, const void *data, size_t len);
/* Queues one application record; only after `complete`. */
void anon_say(struct anon_server *server, const char *text);

/* A client certificate made at run time, for tests that can't include OpenSSL's headers beside wolfSSL's;
 * in tls_peer.c. Freed with sp_tls_identity_free. */
struct sp_tls_identity *anon_make_identity(void);

#endif
