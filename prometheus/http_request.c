/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request: from its first line through the doors of web_config to the handler. */
#include "prometheus/http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PASSWORD_ROUNDS 4u

static uint64_t now_of(const struct sp_http_peer *peer)
{
    return uv_now(peer->http->config.loop);
}

static void set_phase(struct sp_http_peer *peer, enum sp_http_peer_phase phase)
{
    peer->phase = phase;
    peer->since = now_of(peer);
}

/* --- reading ----------------------------------------------------------------------------------- */

/* The first line was read; libmicrohttpd has not decoded anything of it yet. */
void *sp_http_on_target(void *data, const char *raw, struct MHD_Connection *connection)
{
    (void)data;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct sp_http_peer *peer = info ? info->socket_context : NULL;
    struct sp_http_request *request = peer ? calloc(1, sizeof *request) : NULL;
    if (!request)
        return NULL;
    request->peer = peer;
    request->problem = raw ? sp_http_target_parse(raw, &request->target) : "no path";
    request->raw_end = raw ? raw + strlen(raw) : NULL;
    peer->request = request;
    return request;
}

static bool body_is_too_large(const struct sp_http_request *request)
{
    const char *length = sp_http_header_value(request, "Content-Length");
    if (!length)
        return false;
    /* libmicrohttpd has refused what is not a number. */
    size_t digits = strspn(length, "0123456789");
    return digits > 9 || strtoul(length, NULL, 10) > SP_LIMIT_HTTP_BODY;
}

static bool head_is_too_large(const struct sp_http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->peer->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return !info || info->header_size > SP_LIMIT_HTTP_HEAD;
}

static enum MHD_Result queue_response(struct sp_http_request *request)
{
    if (!request->response)
        return MHD_NO; /* it could not be made */
    enum MHD_Result result =
        MHD_queue_response(request->peer->connection, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    set_phase(request->peer, SP_HTTP_SENDING);
    return result;
}

static enum MHD_Result begin(struct sp_http_request *request, const char *method,
                             const char *version)
{
    request->state = SP_HTTP_BODY_READ;
    request->method = method;
    /* The version stands right behind the target, unless a NUL octet cut the target short. */
    if (!request->problem && version != request->raw_end + 1) {
        sp_http_target_free(&request->target);
        request->problem = "a NUL in the request";
    }
    const char *fault = sp_http_framing_fault(request->peer->connection);
    if (fault) {
        request->last = true;
        sp_http_reply_text(request, MHD_HTTP_BAD_REQUEST, "Bad request: %s.", fault);
        return queue_response(request);
    }
    bool large_head = head_is_too_large(request);
    if (!large_head && !body_is_too_large(request))
        return MHD_YES;
    if (large_head)
        sp_http_reply_text(request, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                           "The request has too large a head.");
    else
        sp_http_reply_text(request, MHD_HTTP_CONTENT_TOO_LARGE,
                           "The request has too large a body.");
    return queue_response(request);
}

/* --- the doors --------------------------------------------------------------------------------- */

static void redirect(struct sp_http_request *request)
{
    char location[1024];
    snprintf(location, sizeof location, "%s/", request->peer->http->prefix);
    const struct sp_http_header header = {"Location", location};
    const struct sp_http_response response = {.status = MHD_HTTP_FOUND,
                                              .content_type = "text/plain; charset=utf-8",
                                              .headers = &header,
                                              .header_count = 1};
    sp_http_reply(request, &response);
}

static void call_handler(struct sp_http_request *request)
{
    const struct sp_http *http = request->peer->http;
    size_t len = strlen(http->prefix);
    const char *path = request->target.path;
    if (len > 0 && (strcmp(path, "/") == 0 || strcmp(path, http->prefix) == 0)) {
        redirect(request);
    } else if (strncmp(path, http->prefix, len) != 0 || (path[len] != '/' && len > 0)) {
        sp_http_reply_text(request, MHD_HTTP_NOT_FOUND, "Not found.");
    } else {
        request->path = path + len;
        http->config.handler(http->config.data, request);
    }
}

static void ask_password(struct sp_http_request *request);

static void on_password_checked(void *data)
{
    struct sp_http_request *request = data;
    request->wait = NULL;
    ask_password(request);
}

static void refuse_user(struct sp_http_request *request)
{
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_HTTP_TEXT);
    sp_buf_append_str(&body, "A user name and its password are needed.\n");
    const struct sp_http_header header = {"WWW-Authenticate", "Basic realm=\"smtp-probe\""};
    const struct sp_http_response response = {.status = MHD_HTTP_UNAUTHORIZED,
                                              .content_type = "text/plain; charset=utf-8",
                                              .body = &body,
                                              .headers = &header,
                                              .header_count = 1};
    sp_http_reply(request, &response);
    sp_buf_free(&body);
}

/* The verdict may have to be waited for; it is then asked for again, as the file may have changed. */
static void ask_password(struct sp_http_request *request)
{
    struct sp_web_config *web = request->peer->http->config.web;
    enum sp_web_verdict verdict =
        request->rounds++ < PASSWORD_ROUNDS
            ? sp_web_config_check_user(web, sp_http_header_value(request, "Authorization"),
                                       on_password_checked, request, &request->wait)
            : SP_WEB_BUSY;
    switch (verdict) {
    case SP_WEB_PASS: call_handler(request); return;
    case SP_WEB_LATER: return;
    case SP_WEB_UNAUTHORIZED: refuse_user(request); return;
    case SP_WEB_WRONG:
        sp_http_reply_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
                           "The web configuration is wrong; see the log.");
        return;
    case SP_WEB_TOO_MANY:
    case SP_WEB_BUSY:
    default:
        sp_http_reply_text(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                           "Too many passwords are being checked; try again.");
    }
}

static void pass_doors(struct sp_http_request *request)
{
    struct sp_http_peer *peer = request->peer;
    struct sp_web_config *web = peer->http->config.web;
    request->state = SP_HTTP_PASSED;
    request->counted = true;
    peer->http->in_flight++;
    set_phase(peer, SP_HTTP_HANDLING);
    sp_web_config_refresh(web);
    if (request->problem == sp_http_target_no_memory)
        sp_http_reply_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, "Out of memory; try again.");
    else if (request->problem)
        sp_http_reply_text(request, MHD_HTTP_BAD_REQUEST, "Bad request: %s.", request->problem);
    else if (!sp_http_tls_allows(peer))
        sp_http_reply_text(request, MHD_HTTP_FORBIDDEN, "No valid client certificate.");
    else if (sp_web_config_admit(web) == SP_WEB_TOO_MANY)
        sp_http_reply_text(request, MHD_HTTP_TOO_MANY_REQUESTS, "Too many requests.");
    else
        ask_password(request);
}

enum MHD_Result sp_http_on_request(void *data, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **context)
{
    (void)data, (void)url, (void)upload;
    struct sp_http_request *request = *context;
    if (!request)
        return MHD_NO;
    if (request->state == SP_HTTP_HEAD_READ)
        return begin(request, method, version);
    if (*upload_size > 0) {
        request->body += *upload_size;
        *upload_size = 0;
        return request->body <= SP_LIMIT_HTTP_BODY ? MHD_YES : MHD_NO;
    }
    if (request->state == SP_HTTP_BODY_READ)
        pass_doors(request);
    if (request->state == SP_HTTP_ANSWERED)
        return queue_response(request);
    MHD_suspend_connection(connection);
    request->suspended = true;
    return MHD_YES;
}

void sp_http_on_completed(void *data, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode code)
{
    (void)data, (void)connection, (void)code;
    struct sp_http_request *request = *context;
    *context = NULL;
    if (!request)
        return;
    struct sp_http_peer *peer = request->peer;
    if (request->wait)
        sp_web_wait_cancel(request->wait);
    if (request->response)
        MHD_destroy_response(request->response);
    if (request->counted)
        peer->http->in_flight--;
    peer->http->held -= request->held;
    peer->request = NULL;
    peer->used = true;
    set_phase(peer, SP_HTTP_WAITING);
    sp_http_target_free(&request->target);
    free(request);
}

/* --- what the handler sees --------------------------------------------------------------------- */

const char *sp_http_method(const struct sp_http_request *request)
{
    return request->method;
}

const char *sp_http_path(const struct sp_http_request *request)
{
    return request->path;
}

const char *sp_http_param(const struct sp_http_request *request, const char *name, size_t index)
{
    const struct sp_http_target *target = &request->target;
    for (size_t i = 0; i < target->param_count; i++)
        if (strcmp(target->params[i].name, name) == 0 && index-- == 0)
            return target->params[i].value;
    return NULL;
}

size_t sp_http_param_count(const struct sp_http_request *request)
{
    return request->target.param_count;
}

void sp_http_param_at(const struct sp_http_request *request, size_t index, const char **out_name,
                      const char **out_value)
{
    const struct sp_http_pair *pair = &request->target.params[index];
    *out_name = pair->name;
    *out_value = pair->value;
}

const char *sp_http_header_value(const struct sp_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->peer->connection, MHD_HEADER_KIND, name);
}

/* What is put together, and what is looked for. */
struct field_list {
    const char *name;
    char *out;
    size_t len;
    bool found;
};

static enum MHD_Result join_field(void *data, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct field_list *list = data;
    (void)kind;
    if (!value || strcasecmp(name, list->name) != 0)
        return MHD_YES;
    /* A head is no longer than `out`, and each name there is longer than what stands here for it. */
    int len = snprintf(list->out + list->len, SP_LIMIT_HTTP_HEAD - list->len, "%s%s",
                       list->found ? ", " : "", value);
    list->found = true;
    list->len += (size_t)len;
    return list->len < SP_LIMIT_HTTP_HEAD ? MHD_YES : MHD_NO;
}

const char *sp_http_header_list(const struct sp_http_request *request, const char *name,
                                char out[SP_LIMIT_HTTP_HEAD])
{
    struct field_list list = {.name = name, .out = out};
    MHD_get_connection_values(request->peer->connection, MHD_HEADER_KIND, join_field, &list);
    return list.found ? out : NULL;
}

uint64_t sp_http_waited_ms(const struct sp_http_request *request)
{
    return now_of(request->peer) - request->peer->since;
}
