/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One accepted connection: bytes out in the segments the script wants, TLS on top when asked, TLS
 * records held back or forged.
 */
#ifndef TS_LINK_H
#define TS_LINK_H

#include "loop.h"
#include "script.h"

#include <openssl/ssl.h>

/* Any of them may end the link. `note` tells what is worth a line in the journal. */
struct ts_link_events {
    void (*bytes)(void *owner, const unsigned char *data,
                  size_t length); /* in clear, or decrypted */
    void (*secure)(void *owner);  /* the handshake is done */
    void (*drained)(void *owner); /* everything is with the kernel */
    void (*ended)(void *owner);   /* the client is gone; close the link now */
    void (*note)(void *owner, const char *event, const char *text);
};

struct ts_link;

/* Takes over the socket. NULL when it cannot be watched; the socket is closed then. */
struct ts_link *ts_link_new(int fd, const struct ts_server *server,
                            const struct ts_link_events *events, void *owner);

/*
 * Closes the socket at once (what the kernel does with unread bytes is its affair); the memory goes
 * after the round.
 */
void ts_link_end(struct ts_link *link);

void ts_link_send(struct ts_link *link, const void *data,
                  size_t length); /* through TLS when it is up */
void ts_link_send_plain(struct ts_link *link, const void *data, size_t length); /* beneath TLS */
int ts_link_has_output(const struct ts_link *link); /* something is still on its way out */

/* `early` are bytes that came in clear behind the last command. `ctx` stays the caller's. */
void ts_link_start_tls(struct ts_link *link, SSL_CTX *ctx, const unsigned char *early,
                       size_t length);
const SSL *ts_link_tls(const struct ts_link *link); /* NULL before TLS is up */

void ts_link_half_close(struct ts_link *link);   /* FIN */
void ts_link_close_notify(struct ts_link *link); /* nothing without TLS */
void ts_link_reset(struct ts_link *link);        /* RST, then as ts_link_end() */

#endif
