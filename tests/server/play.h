/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plays a server's script on one connection. */
#ifndef TS_PLAY_H
#define TS_PLAY_H

#include "script.h"

#include <openssl/ssl.h>

/*
 * Where connections tell what they see, one line each: "log SERVER CONNECTION EVENT TEXT", TEXT
 * escaped. NULL = nowhere. Events: query (of a name server: name and type), open (the client's
 * address), line and tls-line (a line from the client), bytes and tls-bytes (what is left without a
 * line end), client-hello (TLS bytes where none were expected), tls-up (version, suite, sni=…),
 * tls-failed, alert-in, close-notify, wire-cut, unexpected (an `expect` that failed), eof, reset,
 * close.
 */
extern FILE *ts_journal;

void ts_journal_write(const char *server, unsigned long connection, const char *event,
                      const void *text, size_t length);

/*
 * Starts a conversation on an accepted socket and owns it to its end. `ctx` may be NULL for a
 * server without TLS.
 */
void ts_play_start(int fd, const struct ts_server *server, SSL_CTX *ctx);

/* Nothing is ever said on this socket; it is closed when the client goes. */
void ts_play_silence(int fd, const struct ts_server *server);

#endif
