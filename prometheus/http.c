/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets, the event loop and the life of connections. libmicrohttpd runs without threads: its epoll
 * descriptor becomes readable when there is something to do. */
#include "prometheus/http.h"

#include "prometheus/http_listen.h"
#include "prometheus/http_private.h"
#include "prometheus/systemd.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_SECONDS 30u
#define KEPT_SECONDS 150u /* longer than usual scrape intervals: each would need a new connection */
#define SEND_SECONDS 60u
#define SWEEP_MS 1000u

/* --- the loop ---------------------------------------------------------------------------------- */

static void run_listener(struct sp_http_listener *listener);

static void on_timer(uv_timer_t *timer)
{
    run_listener(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error is libmicrohttpd's to find */
    (void)events;
    run_listener(poll->data);
}

static void run_listener(struct sp_http_listener *listener)
{
    listener->again = false;
    MHD_run(listener->daemon);
    unsigned long long ms = 0;
    /* MHD_get_timeout does not know of it. */
    if (listener->again)
        uv_timer_start(&listener->timer, on_timer, 0, 0);
    else if (MHD_get_timeout(listener->daemon, &ms) == MHD_YES)
        uv_timer_start(&listener->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&listener->timer);
}

/* Without threads libmicrohttpd does not wake its epoll descriptor for a resumed connection. */
void sp_http_resume(struct sp_http_peer *peer)
{
    MHD_resume_connection(peer->connection);
    peer->listener->again = true;
    uv_timer_start(&peer->listener->timer, on_timer, 0, 0);
}

/* --- connections ------------------------------------------------------------------------------- */

/* Seconds for the phase that the connection is in. */
static uint64_t phase_limit(const struct sp_http_peer *peer)
{
    const struct sp_http_config *config = &peer->http->config;
    if (peer->phase == SP_HTTP_SENDING)
        return SEND_SECONDS;
    bool crowded = peer->listener->peer_count > config->max_connections / 2;
    return peer->used && !crowded ? config->kept_timeout : config->idle_timeout;
}

static bool is_over(const struct sp_http_peer *peer, uint64_t now)
{
    if (peer->phase == SP_HTTP_HANDLING)
        return false;
    /* Behind a new certificate or new rules for clients' certificates nobody stays as before. */
    if (peer->phase == SP_HTTP_WAITING && sp_http_tls_is_stale(peer))
        return true;
    return now - peer->since >= phase_limit(peer) * 1000u;
}

static void on_sweep(uv_timer_t *timer)
{
    const struct sp_http *http = timer->data;
    uint64_t now = uv_now(http->config.loop);
    for (struct sp_http_peer *peer = http->peers; peer; peer = peer->next) {
        if (!is_over(peer, now))
            continue;
        /* The descriptor stays libmicrohttpd's, which sees the end of the connection and closes it. */
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(peer->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info)
            shutdown(info->connect_fd, SHUT_RDWR);
    }
}

static void add_peer(struct sp_http_listener *listener, struct MHD_Connection *connection,
                     void **context)
{
    struct sp_http *http = listener->http;
    struct sp_http_peer *peer = calloc(1, sizeof *peer);
    *context = peer;
    if (!peer)
        return; /* its requests are refused, see sp_http_on_target */
    *peer = (struct sp_http_peer){.http = http,
                                  .listener = listener,
                                  .connection = connection,
                                  .next = http->peers,
                                  .since = uv_now(http->config.loop)};
    if (http->peers)
        http->peers->prev = peer;
    else
        uv_timer_start(&http->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    http->peers = peer;
    listener->peer_count++;
    sp_http_tls_start(peer);
}

static void remove_peer(struct sp_http_peer *peer)
{
    struct sp_http *http = peer->http;
    if (peer->prev)
        peer->prev->next = peer->next;
    else
        http->peers = peer->next;
    if (peer->next)
        peer->next->prev = peer->prev;
    if (!http->peers && !http->closing)
        uv_timer_stop(&http->sweep);
    /* At the limit of connections or descriptors, the next one is accepted by the next run only. */
    peer->listener->again = true;
    peer->listener->peer_count--;
    sp_http_tls_end(peer);
    free(peer);
}

static void on_connection(void *data, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        add_peer(data, connection, context);
    } else if (*context) {
        remove_peer(*context);
        *context = NULL;
    }
}

/* --- start ------------------------------------------------------------------------------------- */

/* Only for connections that got no credentials of their own: their handshake fails. */
static int refuse_certificate(gnutls_session_t session,
                              const struct gnutls_cert_retr_st *information,
                              gnutls_pcert_st **chain, unsigned *length, gnutls_ocsp_data_st **ocsp,
                              unsigned *ocsp_length, gnutls_privkey_t *key, unsigned *flags)
{
    (void)session, (void)information, (void)chain, (void)length;
    (void)ocsp, (void)ocsp_length, (void)key, (void)flags;
    return -1;
}

static unsigned longest_wait(const struct sp_http_config *config)
{
    unsigned longest =
        config->kept_timeout > config->idle_timeout ? config->kept_timeout : config->idle_timeout;
    return longest > SEND_SECONDS ? longest : SEND_SECONDS;
}

static struct MHD_Daemon *start_daemon(struct sp_http_listener *listener, int fd)
{
    const struct sp_http_config *config = &listener->http->config;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)config->max_connections, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)SP_LIMIT_HTTP_MEMORY, NULL},
        /* For a connection without a peer; the others are swept. */
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)longest_wait(config), NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)sp_http_on_completed, listener},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, listener},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)sp_http_on_target, listener},
        /* One address never takes all, so that another one still gets an answer. */
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT,
         (intptr_t)sp_http_client_limit(config->max_connections), NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL}};
    if (sp_web_config_has_tls(config->web)) {
        flags |= MHD_USE_TLS;
        options[sizeof options / sizeof *options - 2] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)refuse_certificate};
    }
    return MHD_start_daemon(flags, 0, NULL, NULL, sp_http_on_request, listener, MHD_OPTION_ARRAY,
                            options, MHD_OPTION_END);
}

static bool start_listener(struct sp_http *http, int fd, char *error, size_t size)
{
    struct sp_http_listener *listener = &http->listeners[http->listener_count];
    char name[256];
    *listener = (struct sp_http_listener){.http = http};
    if (sp_http_listen_name(fd, name, sizeof name))
        listener->name = strdup(name);
    listener->daemon = listener->name ? start_daemon(listener, fd) : NULL;
    if (!listener->daemon) {
        snprintf(error, size, "cannot start the HTTP server on %s",
                 listener->name ? listener->name : "its socket");
        free(listener->name);
        close(fd);
        return false;
    }
    http->listener_count++; /* from here on sp_http_close ends it */
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int failed = uv_timer_init(http->config.loop, &listener->timer);
    listener->timer.data = listener;
    http->open_handles++;
    if (!failed)
        failed = uv_poll_init(http->config.loop, &listener->poll, info ? info->epoll_fd : -1);
    listener->poll.data = listener;
    if (failed) {
        snprintf(error, size, "cannot watch %s: %s", listener->name, uv_strerror(failed));
        listener->poll.data = NULL; /* not a handle: sp_http_close leaves it alone */
        return false;
    }
    http->open_handles++;
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    /* The first run puts the socket into the epoll set. It may find requests already, which wait until our
     * owner has looked at the addresses and is ready for them. */
    uv_timer_start(&listener->timer, on_timer, 0, 0);
    return true;
}

static bool start_systemd_sockets(struct sp_http *http, char *error, size_t size)
{
    size_t count = sp_systemd_take_sockets();
    if (count == 0)
        snprintf(error, size,
                 "no socket was handed over: start it by a systemd .socket unit, or listen on an "
                 "address instead");
    for (size_t i = 0; i < count; i++) {
        int fd = SP_SYSTEMD_FIRST_FD + (int)i;
        if (!sp_http_adopt(fd, error, size) || !start_listener(http, fd, error, size))
            return false;
    }
    return count > 0;
}

static bool start_addresses(struct sp_http *http, const struct sp_http_config *config, char *error,
                            size_t size)
{
    if (config->address_count == 0 || config->address_count > SP_LIMIT_HTTP_ADDRESSES) {
        snprintf(error, size, "%zu listen addresses; from 1 to %u are possible",
                 config->address_count, SP_LIMIT_HTTP_ADDRESSES);
        return false;
    }
    for (size_t i = 0; i < config->address_count; i++) {
        int fd = sp_http_listen(config->addresses[i], error, size);
        if (fd < 0 || !start_listener(http, fd, error, size))
            return false;
    }
    return true;
}

struct sp_http *sp_http_new(const struct sp_http_config *config, char *error, size_t size)
{
    struct sp_http *http = calloc(1, sizeof *http);
    char *prefix = strdup(config->prefix ? config->prefix : "");
    struct sp_http_gzip *gzip = sp_http_gzip_new();
    if (!http || !prefix || !gzip || uv_timer_init(config->loop, &http->sweep) != 0) {
        snprintf(error, size, "out of memory");
        free(http);
        free(prefix);
        sp_http_gzip_free(gzip);
        return NULL;
    }
    http->config = *config;
    http->config.addresses = NULL;
    http->config.prefix = http->prefix = prefix;
    if (http->config.max_connections == 0)
        http->config.max_connections = SP_LIMIT_HTTP_CONNECTIONS;
    if (http->config.idle_timeout == 0)
        http->config.idle_timeout = IDLE_SECONDS;
    if (http->config.kept_timeout == 0)
        http->config.kept_timeout = KEPT_SECONDS;
    http->gzip = gzip;
    http->sweep.data = http;
    http->open_handles = 1;
    bool ok = config->systemd_socket ? start_systemd_sockets(http, error, size)
                                     : start_addresses(http, config, error, size);
    if (ok)
        return http;
    sp_http_close(http);
    sp_http_free(http);
    return NULL;
}

unsigned sp_http_client_limit(unsigned max_connections)
{
    return max_connections - max_connections / 10;
}

size_t sp_http_address_count(const struct sp_http *http)
{
    return http->listener_count;
}

const char *sp_http_address(const struct sp_http *http, size_t index)
{
    return index < http->listener_count ? http->listeners[index].name : NULL;
}

size_t sp_http_in_flight(const struct sp_http *http)
{
    return http->in_flight;
}

/* --- end --------------------------------------------------------------------------------------- */

void sp_http_stop_listening(struct sp_http *http)
{
    if (http->draining)
        return;
    http->draining = true;
    for (size_t i = 0; i < http->listener_count; i++) {
        int fd = MHD_quiesce_daemon(http->listeners[i].daemon);
        if (fd >= 0)
            close(fd);
    }
}

static void destroy(struct sp_http *http)
{
    for (size_t i = 0; i < http->listener_count; i++)
        free(http->listeners[i].name);
    sp_http_gzip_free(http->gzip);
    free(http->prefix);
    free(http);
}

static void on_closed(uv_handle_t *handle)
{
    struct sp_http *http = handle->data;
    if (--http->open_handles == 0 && http->free_wanted)
        destroy(http);
}

static void close_handle(struct sp_http *http, uv_handle_t *handle)
{
    handle->data = http;
    uv_close(handle, on_closed);
}

void sp_http_close(struct sp_http *http)
{
    if (http->closing)
        return;
    http->closing = true;
    /* libmicrohttpd may only be stopped while none is suspended. */
    for (struct sp_http_peer *peer = http->peers; peer; peer = peer->next)
        if (peer->request && peer->request->suspended) {
            peer->request->suspended = false;
            MHD_resume_connection(peer->connection);
        }
    for (size_t i = 0; i < http->listener_count; i++) {
        struct sp_http_listener *listener = &http->listeners[i];
        if (listener->poll.data)
            close_handle(http, (uv_handle_t *)&listener->poll);
        close_handle(http, (uv_handle_t *)&listener->timer);
        MHD_stop_daemon(listener->daemon);
        listener->daemon = NULL;
    }
    close_handle(http, (uv_handle_t *)&http->sweep);
}

void sp_http_free(struct sp_http *http)
{
    if (!http)
        return;
    http->free_wanted = true;
    if (http->open_handles == 0)
        destroy(http);
}
