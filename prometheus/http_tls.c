/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives each TLS connection the credentials that are in force when it begins, so that a new certificate
 * needs no restart. libmicrohttpd's own credentials hold no certificate at all. */
#include "prometheus/http_private.h"
#include "prometheus/web_tls.h"

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

/* GnuTLS asks in the handshake; libmicrohttpd set the session's pointer to its connection. */
static int verify_client(gnutls_session_t session)
{
    struct MHD_Connection *connection = gnutls_session_get_ptr(session);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct sp_http_peer *peer = info ? info->socket_context : NULL;
    return peer && peer->tls && sp_web_tls_verify(peer->tls, session) ? 0 : -1;
}

void sp_http_tls_start(struct sp_http_peer *peer)
{
    struct sp_web_config *web = peer->http->config.web;
    gnutls_session_t session = session_of(peer->connection);
    if (!session)
        return;
    sp_web_config_refresh(web);
    struct sp_web_tls *tls = sp_web_config_tls(web);
    if (!tls || !sp_web_tls_attach(tls, session))
        return;
    gnutls_session_set_verify_function(session, verify_client);
    peer->tls = sp_web_tls_ref(tls);
}

bool sp_http_tls_allows(struct sp_http_peer *peer)
{
    if (peer->verified || !sp_web_config_has_tls(peer->http->config.web))
        return true;
    gnutls_session_t session = session_of(peer->connection);
    peer->verified = session && peer->tls && sp_web_tls_verify(peer->tls, session);
    return peer->verified;
}

bool sp_http_tls_is_stale(const struct sp_http_peer *peer)
{
    return peer->tls && peer->tls != sp_web_config_tls(peer->http->config.web);
}

void sp_http_tls_end(struct sp_http_peer *peer)
{
    sp_web_tls_unref(peer->tls);
    peer->tls = NULL;
}
