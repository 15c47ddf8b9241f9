/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server's side of AUTH (RFC 4954). What libgsasl speaks is libgsasl's; the rest stands in
 * sasl_scram.c (SHA-512, tls-server-end-point, lies), sasl_token.c (OAuth) and sasl_ntlm.c. Nothing of it
 * is shared with the product, so that a mistake of one side shows.
 */
#ifndef TS_SASL_H
#define TS_SASL_H

#include "script.h"

#include <openssl/ssl.h>

struct ts_sasl;

/* Makes what would take long during a login. Called once a server, before it listens. */
void ts_sasl_prepare(const struct ts_server *server);

/* One a connection, for all its logins. `note` writes a line of the journal. */
struct ts_sasl *ts_sasl_new(const struct ts_server *server,
                            void (*note)(void *owner, const char *event, const char *text),
                            void *owner);
void ts_sasl_free(struct ts_sasl *sasl); /* NULL is allowed */

/*
 * Answers AUTH and the lines of a login under way (no line end). Returns 0 when the line is none of both,
 * or the server has no `auth` setting. `ssl` is NULL in clear.
 */
int ts_sasl_answer(struct ts_sasl *sasl, const SSL *ssl, const char *line, struct ts_bytes *out);

/* ---- between the mechanisms' files ---- */

enum ts_sasl_then {
    TS_SASL_MORE,      /* the answer is a challenge */
    TS_SASL_DONE,      /* the client is who it says; an answer goes out before the 235 */
    TS_SASL_DENIED,    /* it is not: 535 */
    TS_SASL_MALFORMED, /* it broke the mechanism's rules: 501 */
};

/* A login under way. */
struct ts_login {
    const struct ts_server *server;
    const SSL *ssl;
    const char *mechanism; /* upper case */
    unsigned steps;        /* that were made before this one */
    void *state;           /* of the mechanism: one malloc'd block without pointers to others */
    char said[256];        /* what the journal says at the end: who, bound by what, or why not */
};

/*
 * One step: `in` is what the client sent (decoded, with a NUL behind it), NULL when the server has to speak first.
 * The answer is appended to `out`.
 */
enum ts_sasl_then ts_sasl_scram(struct ts_login *login, const unsigned char *in, size_t length,
                                struct ts_bytes *out);
enum ts_sasl_then ts_sasl_token(struct ts_login *login, const unsigned char *in, size_t length,
                                struct ts_bytes *out);
enum ts_sasl_then ts_sasl_ntlm(struct ts_login *login, const unsigned char *in, size_t length,
                               struct ts_bytes *out);

enum ts_sasl_then ts_sasl_say(struct ts_login *login, enum ts_sasl_then then, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));
int ts_sasl_lists(const struct ts_server *server, const char *mechanism); /* any case */

/* RFC 5802 §2.2, from the server's password; made once for each hash and number of iterations. */
struct ts_salted {
    unsigned char salt[16];
    unsigned char password[64]; /* SaltedPassword, as long as the hash */
};
const struct ts_salted *ts_sasl_salted(const struct ts_server *server, const char *digest);

/*
 * What a login over this connection may be bound to: "tls-unique" (up to TLS 1.2), "tls-exporter" or
 * "tls-server-end-point". Returns the length, 0 when there is none of that kind.
 */
size_t ts_sasl_binding(const SSL *ssl, const char *type, unsigned char out[64]);

void ts_base64_add(struct ts_bytes *out, const void *data, size_t length);
/* Strict: no blanks, padding as it must be. Returns 0, or -1. A NUL is put behind, not counted. */
int ts_base64_read(const char *text, struct ts_bytes *out);

#endif
