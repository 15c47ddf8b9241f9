/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A TLS client over two capped octet buffers; only its files (tls_….c) know wolfSSL's session API.
 * The library's own verdict about certificates is not used (see path.h): the handshake proves that
 * the server holds the key of certificate 0, and the chain is copied out. Fails closed: a session
 * without a peer certificate, or with a version or suite that we didn't offer, never becomes
 * SP_TLS_DONE, and nothing can be written into it (CVE-2024-5814 is open in wolfSSL 5.5.4).
 */
#ifndef SP_PROBE_TLS_H
#define SP_PROBE_TLS_H

#include "probe/arena.h"
#include "probe/binding.h"
#include "probe/buf.h"
#include "probe/cert.h"
#include "probe/der.h"
#include "probe/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_tls_ctx;
struct sp_tls;
struct sp_tls_identity;

/* What a handshake, finished or failed, has shown. Strings live in the arena given to sp_tls_new. */
struct sp_tls_facts {
    bool tried;
    bool established;
    uint16_t version;         /* wire value that the server chose, refused or not; 0: unknown */
    const char *version_text; /* "TLSv1.3", or NULL */
    uint16_t suite;           /* IANA number, 0: unknown */
    const char *cipher;       /* IANA name "TLS_AES_256_GCM_SHA384", or NULL */
    /* "x25519", "secp256r1", "ffdhe2048", …; NULL: unknown, or (TLS 1.2, DHE) one without a name */
    const char *group;
    unsigned dh_bits; /* size of the prime of a finite-field exchange; 0: none, or unknown */
    /* What the server signed with to prove that it holds its key, by its IANA name
     * ("ecdsa_secp256r1_sha256"; in TLS 1.2 ECDSA is bound to no curve: "ecdsa_sha256"); below TLS 1.2
     * always NULL: there the key's type decides */
    const char *signature_scheme;
    const char *alpn; /* the protocol that the server chose, ASCII; NULL: none */
    const char *sni;  /* the name sent, or NULL */
    /* the last alert of the server, warnings too, but no close_notify behind the handshake; -1: none */
    int alert;
    const char *alert_text;            /* "handshake_failure" (RFC 8446 §6), or NULL */
    bool client_certificate_requested; /* the server asked for a certificate of ours */
    bool client_certificate_sent;      /* and got one, not an empty list */
    /* Of the plaintext hellos of the server; known when `hello_seen`. */
    bool hello_seen;
    bool hello_retry_request;    /* RFC 8446 §4.1.4: it wanted another key share first */
    bool extended_master_secret; /* RFC 7627; always false in TLS 1.3, which has no need of it */
    bool secure_renegotiation;   /* RFC 5746; the same */
    bool ocsp_requested;         /* a staple was asked for */
    /* Our TLS library, not the server, ended this handshake over the staple. */
    bool ocsp_broke_handshake;
    /* That happened to a first connection, so the session was begun again without asking: the staple
     * is of the first connection, all else of the second. Without a staple then: the second one showed
     * another certificate. */
    bool ocsp_begun_again;
    struct sp_slice ocsp_staple; /* raw OCSPResponse (RFC 6960 §4.2.1) of certs[0]; empty: none */
    bool ocsp_staple_cut;        /* larger than SP_LIMIT_OCSP_STAPLE, and so not kept */
    /* the server's certificates in the order sent, parsed; count 0 when none was seen */
    struct sp_cert *certs;
    size_t cert_count;
    bool certs_cut; /* more or larger than our limits (of TLS 1.3 the library shows nine at most) */
};

struct sp_tls_failure {
    /* tls-alert, tls-client-certificate-required, tls-handshake-failed, tls-protocol-error,
     * tls-version-unsupported, certificate-invalid (our library can't read it: then it is no verdict
     * of ours), connection-closed (behind the handshake), local-resource-exhausted, internal-error */
    enum sp_reason reason;
    const char *detail; /* one line for people, in the arena or static */
};

/* What is kept of a connection whose handshake our TLS library ended over the server's staple. */
struct sp_tls_former {
    struct sp_slice staple;
    bool staple_cut;
    char leaf_sha256[65]; /* the staple is about this certificate; another server may answer now */
};

struct sp_tls_config {
    /* wire values; 0: 1.2 and 1.3; clamped to what the library can do, 1.1 to 1.3 */
    uint16_t version_min, version_max;
    const char *sni; /* NULL: send none (an address, RFC 6066 §3) */
    bool ocsp;       /* ask for an OCSP staple, unless there is a former connection */
    const struct sp_tls_former *former; /* must outlive the session; NULL: none */
    /* IANA numbers in the order of preference, of what tls_library.h has; none: the usual offer */
    const uint16_t *suites, *groups;
    size_t suite_count, group_count;
    const char *const *alpn; /* in the order of preference; must outlive the session; none: none */
    size_t alpn_count;
    const struct sp_tls_identity *identity; /* the client's certificate; NULL: none */
};

/* A failure is final: every later step fails too, and keeps the first failure. */
enum sp_tls_status {
    SP_TLS_DONE,   /* the step is complete */
    SP_TLS_WANT,   /* needs more octets from the server */
    SP_TLS_CLOSED, /* the server's close_notify */
    SP_TLS_FAILED  /* see sp_tls_failure */
};

/* One context for all sessions of the process; reference to wolfSSL's global state. NULL: failed. */
struct sp_tls_ctx *sp_tls_ctx_new(void);
void sp_tls_ctx_free(struct sp_tls_ctx *ctx);

/*
 * A new session; no octet is made yet. `arena` must outlive it and gets facts and certificates.
 * NULL only when out of memory; anything else that goes wrong here (no file left for /dev/urandom,
 * an SNI that can't be sent) is the failure of the first step.
 */
struct sp_tls *sp_tls_new(struct sp_tls_ctx *ctx, struct sp_arena *arena,
                          const struct sp_tls_config *config);
void sp_tls_free(struct sp_tls *tls);

/*
 * Hands over ciphertext that came from the socket; then take a step. An answer that isn't TLS is seen
 * at its first octet, so feed all that is there at once: the detail quotes what has been fed.
 * False: over SP_LIMIT_TLS_IN or out of memory, and nothing was taken.
 */
bool sp_tls_feed(struct sp_tls *tls, const void *data, size_t len);
/* Says that the server has closed its side; the next step fails or ends instead of wanting more. */
void sp_tls_feed_eof(struct sp_tls *tls);
/* Ciphertext to send: the caller sends from it and consumes, behind every step (a read may answer a
 * key update, a failure may leave an alert). Empty when the gate has refused the session. Never
 * NULL. */
struct sp_buf *sp_tls_outgoing(struct sp_tls *tls);

/* Goes on with the handshake. SP_TLS_DONE only once every gate has been passed; plaintext may be
 * waiting by then, so read before waiting for the socket. */
enum sp_tls_status sp_tls_handshake(struct sp_tls *tls);
/*
 * Reads plaintext: SP_TLS_DONE with 1..size octets in *out_len; repeat until SP_TLS_WANT. In TLS 1.3
 * a server that misses a client certificate says so only here. An end of file without close_notify
 * is SP_TLS_FAILED with connection-closed, behind all the octets that came before it.
 */
enum sp_tls_status sp_tls_read(struct sp_tls *tls, void *data, size_t size, size_t *out_len);
/* Writes all of it into the outgoing buffer; DONE or FAILED. */
enum sp_tls_status sp_tls_write(struct sp_tls *tls, const void *data, size_t len);
/* Queues our close_notify; best effort. */
void sp_tls_close(struct sp_tls *tls);

/* Valid after any step; after a failure too. */
const struct sp_tls_facts *sp_tls_facts(struct sp_tls *tls);
/* What a login inside this session can be bound with; none before the handshake is complete. */
struct sp_binding sp_tls_binding(struct sp_tls *tls);
struct sp_tls_failure sp_tls_failure(const struct sp_tls *tls);

#endif
