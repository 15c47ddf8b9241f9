/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reply: headers that every page gets, compression, and handing it to libmicrohttpd. */
#include "prometheus/http_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Below this the headers outweigh what would be saved. */
#define GZIP_FROM 1024u
/* Above this the loop would stand still for long: 8 MiB take 0.2 s. The largest /metrics is shorter. */
#define GZIP_UPTO 1048576u

#define CONTENT_SECURITY_POLICY                                                        \
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " \
    "base-uri 'none'; frame-ancestors 'none'"

static const struct default_header {
    const char *name, *value;
    bool html_only;
} default_headers[] = {
    {"X-Content-Type-Options", "nosniff", false},
    {"Cache-Control", "no-store", false},
    {"Content-Security-Policy", CONTENT_SECURITY_POLICY, true},
    {"X-Frame-Options", "deny", true},
    {"Referrer-Policy", "no-referrer", true},
};

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_compressible(const char *type)
{
    return begins_with(type, "text/") || begins_with(type, "application/json") ||
           begins_with(type, "application/openmetrics-text") || begins_with(type, "image/svg+xml");
}

static enum MHD_Result read_coding(void *data, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    if (value && strcasecmp(name, "Accept-Encoding") == 0)
        sp_http_codings_read(data, value);
    return MHD_YES;
}

static bool wants_gzip(const struct sp_http_request *request)
{
    struct sp_http_codings codings = SP_HTTP_CODINGS_NONE;
    MHD_get_connection_values(request->peer->connection, MHD_HEADER_KIND, read_coding, &codings);
    return sp_http_codings_want_gzip(&codings);
}

/* The body moves into the response, compressed where that is wanted and helps. */
static struct MHD_Response *make_body(struct sp_http_request *request, struct sp_buf *body,
                                      bool compressible, bool *out_compressed)
{
    size_t len = body ? body->len : 0;
    void *data = NULL;
    if (len >= GZIP_FROM && len <= GZIP_UPTO && compressible && wants_gzip(request))
        data = sp_http_gzip(request->peer->http->gzip, body->data, len, &len);
    *out_compressed = data != NULL;
    if (data) {
        sp_buf_free(body);
    } else if (len > 0) {
        data = body->data;
        sp_buf_init(body, body->cap);
    }
    struct MHD_Response *response =
        data ? MHD_create_response_from_buffer_with_free_callback(len, data, free)
             : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        free(data);
        return NULL;
    }
    request->held = data ? len : 0;
    request->peer->http->held += request->held;
    return response;
}

static bool has_header(const struct sp_http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcasecmp(response->headers[i].name, name) == 0)
            return true;
    return false;
}

/* web_config's headers win, then the page's own, then the defaults. */
static bool add_headers(struct MHD_Response *made, const struct sp_web_config *web,
                        const struct sp_http_response *response)
{
    bool ok = true, html = begins_with(response->content_type, "text/html");
    for (size_t i = 0; i < sp_web_config_header_count(web); i++) {
        const char *name, *value;
        sp_web_config_header_at(web, i, &name, &value);
        if (*value) /* a blank one takes the default away */
            ok = ok && MHD_add_response_header(made, name, value) == MHD_YES;
    }
    for (size_t i = 0; i < response->header_count; i++)
        if (!sp_web_config_has_header(web, response->headers[i].name))
            ok = ok && MHD_add_response_header(made, response->headers[i].name,
                                               response->headers[i].value) == MHD_YES;
    for (size_t i = 0; i < sizeof default_headers / sizeof *default_headers; i++) {
        const struct default_header *header = &default_headers[i];
        if ((html || !header->html_only) && !has_header(response, header->name) &&
            !sp_web_config_has_header(web, header->name))
            ok = ok && MHD_add_response_header(made, header->name, header->value) == MHD_YES;
    }
    return ok;
}

static struct MHD_Response *make_response(struct sp_http_request *request,
                                          const struct sp_http_response *response)
{
    const struct sp_http *http = request->peer->http;
    bool compressible = is_compressible(response->content_type), compressed = false;
    struct MHD_Response *made = make_body(request, response->body, compressible, &compressed);
    if (!made)
        return NULL;
    bool ok = add_headers(made, http->config.web, response);
    ok = ok && MHD_add_response_header(made, "Content-Type", response->content_type) == MHD_YES;
    if (compressible)
        ok = ok && MHD_add_response_header(made, "Vary", "Accept-Encoding") == MHD_YES;
    if (compressed)
        ok = ok && MHD_add_response_header(made, "Content-Encoding", "gzip") == MHD_YES;
    if (http->draining || request->last || sp_http_tls_is_stale(request->peer))
        ok = ok && MHD_add_response_header(made, "Connection", "close") == MHD_YES;
    if (ok)
        return made;
    MHD_destroy_response(made);
    return NULL;
}

/* What is small may always be sent, so that pages for which nobody waits stop no scrape. */
static bool has_room(const struct sp_http *http, const struct sp_buf *body)
{
    return !body || body->len <= SP_LIMIT_HTTP_SMALL ||
           (http->held < SP_LIMIT_HTTP_HELD && body->len <= SP_LIMIT_HTTP_HELD - http->held);
}

void sp_http_reply(struct sp_http_request *request, const struct sp_http_response *response)
{
    static const struct sp_http_header later = {"Retry-After", "5"};
    static const struct sp_http_response busy = {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                                 .content_type = "text/plain; charset=utf-8",
                                                 .headers = &later,
                                                 .header_count = 1};
    if (!has_room(request->peer->http, response->body)) {
        sp_buf_free(response->body);
        response = &busy;
    }
    request->status = response->status;
    request->response = make_response(request, response);
    request->state = SP_HTTP_ANSWERED;
    if (request->suspended) {
        request->suspended = false;
        sp_http_resume(request->peer);
    }
}

void sp_http_reply_text(struct sp_http_request *request, unsigned status, const char *format, ...)
{
    char text[SP_LIMIT_HTTP_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_HTTP_TEXT + 1);
    /* Without memory the reply is empty; its status still says enough. */
    if (sp_buf_append_str(&body, text))
        sp_buf_append_str(&body, "\n");
    const struct sp_http_response response = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body = &body};
    sp_http_reply(request, &response);
    sp_buf_free(&body);
}
