/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of tls.h share: for no one else. */
#ifndef SP_PROBE_TLS_PRIVATE_H
#define SP_PROBE_TLS_PRIVATE_H

#include "probe/tls.h"
#include "probe/tls_groups.h"
#include "probe/tls_hello.h"
#include "probe/tls_names.h"

/* wolfSSL's, whose headers are for .c files only. */
struct WOLFSSL;
struct WOLFSSL_CTX;
struct WOLFSSL_CERT_MANAGER;

#define SP_TLS_FIRST_MAX 256u /* octets kept of what the server said first */
#define SP_TLS_ALERT_NONE (-1)

/* One row a state; set_failure and the steps in tls.c are the only places that change it. */
enum sp_tls_state {
    SP_TLS_STATE_NEW,
    SP_TLS_STATE_HANDSHAKE,
    SP_TLS_STATE_UP,
    SP_TLS_STATE_CLOSED,
    SP_TLS_STATE_FAILED
};

struct sp_tls_ctx {
    struct WOLFSSL_CTX *wolf;
    uint16_t suites[SP_TLS_SUITES_MAX]; /* our usual offer that this library build knows */
    size_t suite_count;
};

struct sp_tls {
    struct WOLFSSL *wolf;
    struct WOLFSSL_CERT_MANAGER *store; /* the session's own, as good as empty; goes with `wolf` */
    struct sp_arena *arena;
    enum sp_tls_state state;
    struct sp_buf in, out;
    size_t in_used; /* octets of `in` that the library already has */
    bool eof;       /* the server will send nothing more */
    bool eof_met;   /* the library asked for more than that */
    bool output_full;
    bool out_of_memory;    /* while copying certificates or the staple */
    bool certificate_seen; /* the certificate whose key the library uses is number 0 of our facts */
    bool close_sent;
    bool identity;                      /* we have a certificate of our own */
    const struct sp_tls_former *former; /* the caller's */
    uint8_t first[SP_TLS_FIRST_MAX];
    size_t first_len;
    struct sp_tls_hello
        *hello; /* the same octets, read by ourselves; NULL once the session stands */
    uint16_t version_min, version_max;
    /* Offered in this session: the allow-lists of the gate. */
    uint16_t suites[SP_TLS_SUITES_MAX];
    size_t suite_count;
    uint16_t groups[SP_LIMIT_GROUPS];
    size_t group_count;
    const char *const *alpn; /* the caller's */
    size_t alpn_count;
    struct sp_tls_facts facts;
    struct sp_tls_failure failure;
};

/* Fails the session unless it has failed before. `detail` NULL: `fallback` is told. */
void sp_tls_fail(struct sp_tls *tls, enum sp_reason reason, const char *detail,
                 const char *fallback);

/* --- tls_context.c, tls_setup.c ---------------------------------------------------------------- */

/* What every context of the library needs, be it the process's or a client certificate's. */
bool sp_tls_set_up_context(struct WOLFSSL_CTX *wolf);
/* Gives a new session its offer, its callbacks and its empty store. False: the library refused, or no
 * memory. */
bool sp_tls_set_up(struct sp_tls *tls, const struct sp_tls_ctx *ctx,
                   const struct sp_tls_config *config);

/* --- tls_watch.c: what the handshake shows ------------------------------------------------------ */

/* Callbacks that the library takes for all sessions of a context, and for one session. */
void sp_tls_watch_context(struct WOLFSSL_CTX *wolf);
bool sp_tls_watch_session(struct sp_tls *tls);
/* Octets that came from the server. */
void sp_tls_watch_octets(struct sp_tls *tls, const void *data, size_t len);
/* What the library says that was negotiated; nothing before a ServerHello was read. */
void sp_tls_note_choice(struct sp_tls *tls);
/* The same for a handshake that failed: a choice that the library refused shows in the hello only. */
void sp_tls_note_refused(struct sp_tls *tls);
/* The application protocol that the server chose. False: one that was not offered. */
bool sp_tls_note_protocol(struct sp_tls *tls);
/* The server's last alert, if there was one. */
void sp_tls_note_alert(struct sp_tls *tls);
/* Facts that are known once the handshake is complete. */
void sp_tls_note_established(struct sp_tls *tls);

/* --- tls_staple.c ----------------------------------------------------------------------------------- */

/* Asks for a staple, or takes over that of the former connection. False: the library refused, or no
 * memory. */
bool sp_tls_staple_set_up(struct sp_tls *tls, const struct sp_tls_config *config);
/* Called once the server's certificate is known. */
void sp_tls_staple_check_former(struct sp_tls *tls);
/*
 * Called while the library shows the certificates. In TLS 1.3 the staple of certificate 0 stands right
 * behind it, in an extension of `ext_len` octets.
 */
void sp_tls_staple_take_13(struct sp_tls *tls, const uint8_t *ext, size_t ext_len);
/* Up to TLS 1.2: a handshake message with its header; others than CertificateStatus are ignored. */
void sp_tls_staple_take_message(struct sp_tls *tls, const uint8_t *message, size_t len);
/* Up to TLS 1.2 the library checks the staple by itself, and needs the leaf's issuer for that: called
 * once the chain is known, before the library looks at the leaf. */
void sp_tls_staple_lend_issuer(struct sp_tls *tls);
/* Whether an error of the library is its verdict about the staple. */
bool sp_tls_staple_is_error(const struct sp_tls *tls, int code);

/* --- tls_gate.c ----------------------------------------------------------------------------------- */

/*
 * The server's choice against what we offered, by our own lists and not by the library's word:
 * wolfSSL 5.5.4 takes anonymous suites that were never offered (CVE-2024-5814). True: acceptable, or
 * none yet; false: the session has failed.
 */
bool sp_tls_gate_choice(struct sp_tls *tls);
/* Everything that must hold before one octet of ours may go inside. True: it holds. */
bool sp_tls_gate_pass(struct sp_tls *tls);

#endif
