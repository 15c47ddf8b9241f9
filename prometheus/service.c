/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/service.h"

#include "output/exposition.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "prometheus/page.h"
#include "prometheus/routes.h"

#include <string.h>

#define HTML "text/html; charset=utf-8"
#define JSON "application/json"
#define PLAIN "text/plain; charset=utf-8"
#define CSS "text/css; charset=utf-8"

void sp_service_send(struct sp_http_request *request, unsigned status, const char *content_type,
                     struct sp_buf *body, bool made)
{
    if (made) {
        const struct sp_http_response response = {
            .status = status, .content_type = content_type, .body = body};
        sp_http_reply(request, &response);
    } else {
        sp_http_reply_text(request, 500, "out of memory, or the page would be too long");
    }
    sp_buf_free(body);
}

enum sp_exposition sp_service_format(const struct sp_http_request *request)
{
    char list[SP_LIMIT_HTTP_HEAD];
    return sp_exposition_choose(sp_http_header_list(request, "Accept", list));
}

bool sp_service_refuse_twice(struct sp_http_request *request)
{
    char quoted[SP_QUOTE_SIZE];
    for (size_t i = 0; i < sp_http_param_count(request); i++) {
        const char *name, *value;
        sp_http_param_at(request, i, &name, &value);
        if (sp_http_param(request, name, 1) == NULL)
            continue;
        sp_http_reply_text(request, 400, "The parameter %s comes more than once",
                           sp_quote(quoted, sizeof quoted, name, strlen(name)));
        return true;
    }
    return false;
}

/* --- pages ------------------------------------------------------------------------------------ */

static struct sp_page_context make_context(const struct sp_service *service,
                                           const struct sp_http_request *request)
{
    const char *problems = sp_http_param(request, "problems", 0);
    return (struct sp_page_context){
        .config = service->config,
        .history = service->history,
        .prefix = service->prefix,
        .now_ms = service->wall_ms(),
        .started_ms = service->started_ms,
        .in_flight = sp_prober_in_flight(service->prober),
        .search = sp_http_param(request, "q", 0),
        .only_problems = problems != NULL && strcmp(problems, "1") == 0,
        .page = sp_http_param(request, "page", 0),
    };
}

static void send_status(struct sp_service *service, struct sp_http_request *request, bool json)
{
    const struct sp_page_context context = make_context(service, request);
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_WEB_PAGE);
    bool made = json ? sp_page_status_json(&context, &body) : sp_page_status(&context, &body);
    sp_service_send(request, 200, json ? JSON : HTML, &body, made);
}

static void send_outcome(struct sp_service *service, struct sp_http_request *request, uint64_t id)
{
    const struct sp_page_context context = make_context(service, request);
    const struct sp_outcome *outcome = sp_history_find(service->history, id);
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_WEB_PAGE);
    const char *format = sp_http_param(request, "format", 0);
    if (outcome != NULL && format != NULL && strcmp(format, "json") == 0) {
        bool made = sp_page_outcome_json(outcome, false, &body);
        sp_service_send(request, 200, JSON, &body, made);
        return;
    }
    bool made = outcome != NULL ? sp_page_outcome(&context, outcome, &body)
                                : sp_page_outcome_not_kept(&context, id, &body);
    sp_service_send(request, outcome != NULL ? 200 : 404, HTML, &body, made);
}

/* People get a page, programs a line. */
static void send_not_found(struct sp_service *service, struct sp_http_request *request)
{
    const struct sp_page_context context = make_context(service, request);
    char list[SP_LIMIT_HTTP_HEAD];
    const char *accept = sp_http_header_list(request, "Accept", list);
    struct sp_buf body;
    if (accept == NULL || strstr(accept, "text/html") == NULL) {
        sp_http_reply_text(request, 404, "There is nothing at this path");
        return;
    }
    sp_buf_init(&body, SP_LIMIT_WEB_PAGE);
    bool made = sp_page_not_found(&context, &body);
    sp_service_send(request, 404, HTML, &body, made);
}

static void send_config(const struct sp_service *service, struct sp_http_request *request)
{
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_CONFIG_ARENA);
    bool made = sp_config_print(service->config, &body);
    sp_service_send(request, 200, PLAIN, &body, made);
}

static void send_targets(const struct sp_service *service, struct sp_http_request *request)
{
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_CONFIG_ARENA);
    bool made = sp_page_sd_json(service->config, &body);
    sp_service_send(request, 200, JSON, &body, made);
}

static void send_style(struct sp_http_request *request)
{
    /* It changes with the program only, and pages ask for it each time. */
    static const struct sp_http_header headers[] = {{"Cache-Control", "max-age=300"}};
    struct sp_buf body;
    size_t len;
    const char *style = sp_page_style(&len);
    sp_buf_init(&body, len);
    if (!sp_buf_append(&body, style, len)) {
        sp_http_reply_text(request, 500, "out of memory");
        return;
    }
    const struct sp_http_response response = {
        .status = 200, .content_type = CSS, .body = &body, .headers = headers, .header_count = 1};
    sp_http_reply(request, &response);
    sp_buf_free(&body);
}

/* --- for machines ----------------------------------------------------------------------------- */

static void send_metrics(const struct sp_service *service, struct sp_http_request *request)
{
    enum sp_exposition format = sp_service_format(request);
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_WRITER_MEMORY);
    bool made =
        sp_metrics_write(service->metrics, sp_prober_in_flight(service->prober), format, &body);
    sp_service_send(request, 200, sp_exposition_content_type(format), &body, made);
}

static void send_ready(const struct sp_service *service, struct sp_http_request *request)
{
    if (service->draining)
        sp_http_reply_text(request, 503, "Ending");
    else
        sp_http_reply_text(request, 200, "Ready");
}

static void reload(struct sp_service *service, struct sp_http_request *request)
{
    struct sp_buf errors;
    if (service->draining) {
        sp_http_reply_text(request, 503, "Ending");
        return;
    }
    sp_buf_init(&errors, SP_LIMIT_WRITER);
    if (service->reload(service->data, &errors))
        sp_http_reply_text(request, 200, "Reloaded");
    else
        sp_service_send(request, 500, PLAIN, &errors, true);
    sp_buf_free(&errors);
}

static void refuse_method(struct sp_http_request *request, const char *allow)
{
    const struct sp_http_header headers[] = {{"Allow", allow}};
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_LINE);
    sp_buf_printf(&body, "Only %s is possible here\n", allow);
    const struct sp_http_response response = {
        .status = 405, .content_type = PLAIN, .body = &body, .headers = headers, .header_count = 1};
    sp_http_reply(request, &response);
    sp_buf_free(&body);
}

/* --- pages of others -------------------------------------------------------------------------- */

static bool header_is(const struct sp_http_request *request, const char *name, const char *value)
{
    const char *given = sp_http_header_value(request, name);
    return given != NULL && strcmp(given, value) == 0;
}

/* A page of somebody else in a user's browser can send requests here and need not see the answers, but
 * it can't hide where it is from (the browser's Sec-Fetch-Site; only browsers send it). */
static bool is_from_another_site(const struct sp_http_request *request)
{
    return sp_http_header_value(request, "Sec-Fetch-Site") != NULL &&
           !header_is(request, "Sec-Fetch-Site", "same-origin") &&
           !header_is(request, "Sec-Fetch-Site", "none");
}

/* Somebody followed a link, as Prometheus' list of targets has them, and sees where it leads. */
static bool is_followed_link(const struct sp_http_request *request)
{
    return header_is(request, "Sec-Fetch-Mode", "navigate") &&
           header_is(request, "Sec-Fetch-Dest", "document") &&
           header_is(request, "Sec-Fetch-User", "?1");
}

/* What does something is not for others to begin; what only shows something they can't read. */
static bool is_forbidden_to_others(enum sp_route route, const struct sp_http_request *request)
{
    if (route != SP_ROUTE_RELOAD && route != SP_ROUTE_PROBE)
        return false;
    return is_from_another_site(request) &&
           (route == SP_ROUTE_RELOAD || !is_followed_link(request));
}

void sp_service_handle(void *data, struct sp_http_request *request)
{
    struct sp_service *service = data;
    const struct sp_route_match match =
        sp_routes_find(sp_http_method(request), sp_http_path(request));
    if (is_forbidden_to_others(match.route, request)) {
        sp_http_reply_text(request, 403, "A page of another site can't ask for this");
        return;
    }
    switch (match.route) {
    case SP_ROUTE_STATUS: send_status(service, request, false); break;
    case SP_ROUTE_API_STATUS: send_status(service, request, true); break;
    case SP_ROUTE_HISTORY: send_outcome(service, request, match.id); break;
    case SP_ROUTE_PROBE: sp_service_probe(service, request); break;
    case SP_ROUTE_METRICS: send_metrics(service, request); break;
    case SP_ROUTE_CONFIG: send_config(service, request); break;
    case SP_ROUTE_STYLE: send_style(request); break;
    case SP_ROUTE_API_SD: send_targets(service, request); break;
    case SP_ROUTE_HEALTHY: sp_http_reply_text(request, 200, "Healthy"); break;
    case SP_ROUTE_READY: send_ready(service, request); break;
    case SP_ROUTE_RELOAD: reload(service, request); break;
    case SP_ROUTE_UNKNOWN: send_not_found(service, request); break;
    case SP_ROUTE_BAD_METHOD: refuse_method(request, match.allow); break;
    }
}
