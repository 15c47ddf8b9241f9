/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An HTTP server on the libuv loop (libmicrohttpd; HTTPS by its GnuTLS). One handler gets every request
 * that passed web_config's doors; it replies at once or later from the loop, exactly once.
 */
#ifndef SP_PROMETHEUS_HTTP_H
#define SP_PROMETHEUS_HTTP_H

#include "probe/buf.h"
#include "probe/limits.h"
#include "prometheus/web_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct sp_http;
struct sp_http_request;

struct sp_http_header {
    const char *name, *value;
};

struct sp_http_response {
    unsigned status;
    const char *content_type;             /* static */
    struct sp_buf *body;                  /* moved out; NULL: empty */
    const struct sp_http_header *headers; /* copied */
    size_t header_count;
};

typedef void (*sp_http_handler)(void *data, struct sp_http_request *request);

struct sp_http_config {
    uv_loop_t *loop;
    const char *const *addresses; /* "127.0.0.1:10587", "[::1]:10587", ":10587" */
    size_t address_count;
    bool systemd_socket; /* take the sockets of $LISTEN_FDS instead */
    struct sp_web_config
        *web; /* doors: TLS, users, headers, rate; never NULL, outlives the server */
    /* The route prefix, "" (or NULL) or "/x" without a slash at its end. Requests outside it get 404,
     * "/" and "/x" a redirection to "/x/". */
    const char *prefix;
    unsigned max_connections; /* of each address; 0: SP_LIMIT_HTTP_CONNECTIONS */
    unsigned
        idle_timeout; /* seconds that a new client has for its first whole request head; 0: 30 */
    /* Seconds that a connection is kept for the next whole head behind a reply; 0: 150. While more than
     * half of the connections are taken, it is idle_timeout. */
    unsigned kept_timeout;
    sp_http_handler handler;
    void *data;
};

/*
 * Listens. ":PORT" is every address of both families, "[::]:PORT" IPv6 alone; a host name stands for its
 * first address, IPv4 first. NULL: error[0..size) names the address and what is wrong with it. `config` is
 * copied. Nothing is accepted before the loop runs. The process should ignore SIGPIPE and may need a higher
 * RLIMIT_NOFILE than 1024.
 */
struct sp_http *sp_http_new(const struct sp_http_config *config, char *error, size_t size);
/* Of the connections of an address, those that one client may have; the rest is for another one. */
unsigned sp_http_client_limit(unsigned max_connections);
/* Where it listens, with the port that was chosen for ":0". */
size_t sp_http_address_count(const struct sp_http *http);
const char *sp_http_address(const struct sp_http *http, size_t index);
/* No new connections; what is under way goes on, and each reply closes its connection. */
void sp_http_stop_listening(struct sp_http *http);
/* Requests that were read and whose reply has not been sent whole. */
size_t sp_http_in_flight(const struct sp_http *http);
/* Closes everything; requests that were not answered must not be touched any more. Not to be called by
 * the handler. The loop has to run until its handles are closed before sp_http_free. */
void sp_http_close(struct sp_http *http);
void sp_http_free(struct sp_http *http);

/* Valid until the reply. */
const char *sp_http_method(const struct sp_http_request *request);
const char *sp_http_path(
    const struct sp_http_request *request); /* decoded, without the route prefix */
/* The query parameter, decoded once, or NULL; `index` counts equal names. */
const char *sp_http_param(const struct sp_http_request *request, const char *name, size_t index);
size_t sp_http_param_count(const struct sp_http_request *request);
void sp_http_param_at(const struct sp_http_request *request, size_t index, const char **out_name,
                      const char **out_value);
/* Of the first field with that name, or NULL. */
const char *sp_http_header_value(const struct sp_http_request *request, const char *name);
/* All fields with that name as one list (RFC 9110 §5.3) in `out`, or NULL: there is none. */
const char *sp_http_header_list(const struct sp_http_request *request, const char *name,
                                char out[SP_LIMIT_HTTP_HEAD]);
/* Milliseconds since the request was there, before the handler got it: a password may have had to be
 * checked. */
uint64_t sp_http_waited_ms(const struct sp_http_request *request);
/*
 * Compresses by Accept-Encoding what has 1 KiB to 1 MiB, adds the security headers where the response has
 * none of its own. Takes the content of `body` (it is empty afterwards) and frees nothing else. A client
 * that is gone does no harm. While replies of SP_LIMIT_HTTP_HELD octets wait for slow clients, a large body
 * becomes a 503. The request is gone when this returns.
 */
void sp_http_reply(struct sp_http_request *request, const struct sp_http_response *response);
/* One line of text. */
void sp_http_reply_text(struct sp_http_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
