/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS of the server by GnuTLS: certificate, versions, suites, groups and the rules for clients'
 * certificates. Immutable and counted by reference: a connection keeps what it began with. */
#ifndef SP_PROMETHEUS_WEB_TLS_H
#define SP_PROMETHEUS_WEB_TLS_H

#include "probe/buf.h"
#include "prometheus/web_settings.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>

struct sp_web_tls;

/* With one reference. NULL: `errors` has lines; *out_pair_only: all but the certificate with its key is
 * right, as it is for a moment while they are being replaced. */
struct sp_web_tls *sp_web_tls_new(const struct sp_web_settings *settings, struct sp_buf *errors,
                                  bool *out_pair_only);
struct sp_web_tls *sp_web_tls_ref(struct sp_web_tls *tls);
void sp_web_tls_unref(struct sp_web_tls *tls); /* NULL is allowed */
/* Before the handshake of a server's session; `tls` must outlive the session. */
bool sp_web_tls_attach(const struct sp_web_tls *tls, gnutls_session_t session);
/* In the handshake or after it: whether the client's certificate, or that it has none, obeys the rules. */
bool sp_web_tls_verify(const struct sp_web_tls *tls, gnutls_session_t session);

#endif
