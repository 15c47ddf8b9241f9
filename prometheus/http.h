/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An HTTP server on the libuv loop (libmicrohttpd; HTTPS by its GnuTLS). One handler gets every request
 * that passed web_config's doors; it replies at once or later from the loop, exactly once.
 */
#ifndef SP_PROMETHEUS_HTTP_H
#define SP_PROMETHEUS_HTTP_H

#include "probe/buf.h"
#include "prometheus/web_config.h"

#include <stdbool.h>
#include <stddef.h>
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
    bool systemd_socket;       /* take the sockets of $LISTEN_FDS instead */
    struct sp_web_config *web; /* doors: TLS, users, headers, rate; never NULL */
    sp_http_handler handler;
    void *data;
};

/* Listens. NULL: error[0..size) names the address and what is wrong with it. */
struct sp_http *sp_http_new(const struct sp_http_config *config, char *error, size_t size);
/* Where it listens, with the port that was chosen for ":0". */
size_t sp_http_address_count(const struct sp_http *http);
const char *sp_http_address(const struct sp_http *http, size_t index);
/* No new connections; what is under way goes on. */
void sp_http_stop_listening(struct sp_http *http);
size_t sp_http_in_flight(const struct sp_http *http);
/* Closes everything; requests that were not answered must not be touched any more. The loop has to run
 * once before sp_http_free. */
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
const char *sp_http_header_value(const struct sp_http_request *request,
                                 const char *name); /* or NULL */
/* Compresses by Accept-Encoding, adds the security headers. Frees nothing of the caller's but the body. */
void sp_http_reply(struct sp_http_request *request, const struct sp_http_response *response);
/* One line of text. */
void sp_http_reply_text(struct sp_http_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
