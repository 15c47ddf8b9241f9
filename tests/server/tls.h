/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenSSL set up as a script wants it, safe or not. */
#ifndef TS_TLS_H
#define TS_TLS_H

#include "pki.h"
#include "script.h"

#include <openssl/ssl.h>

/*
 * A context for the server's settings; NULL after a message on standard error. The server must
 * outlive it. Everything that is off by default in OpenSSL (TLS 1.0, anonymous suites, short keys)
 * may be asked for: security level 0.
 */
SSL_CTX *ts_tls_context(const struct ts_server *server, struct ts_pki *pki);

/*
 * Appends a Certificate message's body that lies as `kind` says, made from the leaf's DER. Returns
 * 0, or -1 for an unknown kind. Kinds: random empty-list zero-length truncated huge-length
 * indefinite nested list-overrun bit-flips bad-time modulus-zero bad-utf8
 */
int ts_tls_forge_certificate(const char *kind, X509 *leaf, struct ts_bytes *out);

#endif
