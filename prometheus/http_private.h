/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the HTTP server share; nobody else includes this. */
#ifndef SP_PROMETHEUS_HTTP_PRIVATE_H
#define SP_PROMETHEUS_HTTP_PRIVATE_H

#include "prometheus/http.h"
#include "prometheus/http_gzip.h"
#include "prometheus/http_target.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_web_tls;

/* One listening socket with libmicrohttpd's state; its epoll descriptor is watched by the loop. */
struct sp_http_listener {
    struct sp_http *http;
    struct MHD_Daemon *daemon;
    char *name;
    uv_poll_t poll;   /* its epoll descriptor */
    uv_timer_t timer; /* what MHD_get_timeout asks for */
    bool again;       /* a connection was resumed or closed, and libmicrohttpd has not run since */
    size_t peer_count;
};

struct sp_http {
    struct sp_http_config config; /* `addresses` is not kept; `prefix` is ours */
    char *prefix;
    struct sp_http_listener listeners[SP_LIMIT_HTTP_ADDRESSES];
    size_t listener_count;
    uv_timer_t sweep; /* while there are connections: ends those that take too long */
    struct sp_http_gzip *gzip;
    struct sp_http_peer *peers; /* list */
    size_t in_flight;
    size_t held; /* octets of replies that are not sent whole */
    unsigned open_handles;
    bool draining, closing, free_wanted;
};

/*
 * A connection. libmicrohttpd's own timeout starts again with every octet, so the whole time of a phase
 * is limited here:
 *
 *   WAITING --(a request was read)--> HANDLING --(its reply is queued)--> SENDING --(sent)--> WAITING
 *
 * HANDLING has no limit: the handler has deadlines of its own.
 */
struct sp_http_peer {
    struct sp_http_peer *next, *prev;
    struct sp_http *http;
    struct sp_http_listener *listener;
    struct MHD_Connection *connection;
    struct sp_http_request *request; /* from its first line until it is done */
    enum sp_http_peer_phase { SP_HTTP_WAITING, SP_HTTP_HANDLING, SP_HTTP_SENDING } phase;
    uint64_t since;         /* milliseconds of the loop's clock */
    bool used;              /* a request was answered on it */
    struct sp_web_tls *tls; /* held; NULL: no TLS */
    bool verified;          /* the client's certificate obeys the rules */
};

struct sp_http_request {
    struct sp_http_peer *peer;
    struct sp_http_target target;
    const char *problem; /* of the target: answered with 400 */
    const char *raw_end; /* where the target ended in libmicrohttpd's buffer */
    const char *method, *path;
    size_t body; /* octets that were read and dropped */
    enum {
        SP_HTTP_HEAD_READ, /* the first line is there */
        SP_HTTP_BODY_READ, /* all headers are there, its body may still come */
        SP_HTTP_PASSED,    /* the doors or the handler have it */
        SP_HTTP_ANSWERED   /* `response` is set, or could not be made */
    } state;
    bool suspended;
    bool counted;    /* in sp_http's in_flight */
    bool last;       /* its connection ends with the reply */
    size_t held;     /* octets of the reply, counted in sp_http's `held` */
    unsigned rounds; /* how often the password was asked for */
    struct sp_web_wait *wait;
    struct MHD_Response *response;
    unsigned status;
};

/* http.c: a suspended connection goes on, soon. */
void sp_http_resume(struct sp_http_peer *peer);

/* http_request.c: libmicrohttpd's callbacks; `data` is the listener. */
void *sp_http_on_target(void *data, const char *raw, struct MHD_Connection *connection);
enum MHD_Result sp_http_on_request(void *data, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **context);
void sp_http_on_completed(void *data, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode code);

/* http_framing.c: why it is not plain where the request ends (RFC 9112 §6.3, §5.1), or NULL. */
const char *sp_http_framing_fault(struct MHD_Connection *connection);

/* http_tls.c. Gives a new connection its certificate and rules; one that fails here gets no handshake. */
void sp_http_tls_start(struct sp_http_peer *peer);
/* Whether the client may ask: there is no TLS, or its certificate obeys the rules. */
bool sp_http_tls_allows(struct sp_http_peer *peer);
/* The certificate or the rules have changed since the connection began. */
bool sp_http_tls_is_stale(const struct sp_http_peer *peer);
void sp_http_tls_end(struct sp_http_peer *peer);

#endif
