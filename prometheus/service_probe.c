/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /probe?target=HOST[:PORT][&module=NAME][&hostname=NAME][&debug=true][&OPTION=VALUE]… */
#include "output/exposition.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "prometheus/debug.h"
#include "prometheus/scrape.h"
#include "prometheus/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MODULE "smtp"
#define PLAIN "text/plain; charset=utf-8"

/* What the reply needs when the probe has ended. */
struct pending {
    struct sp_service *service;
    struct sp_http_request *request;
    enum sp_exposition format;
    bool debug;
};

/* --- the reply -------------------------------------------------------------------------------- */

static void send_debug(struct sp_http_request *request, const struct sp_outcome *outcome)
{
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_WRITER_MEMORY);
    bool made = sp_debug_write(outcome, &body);
    sp_service_send(request, 200, PLAIN, &body, made);
}

static void send_metrics(struct sp_http_request *request, enum sp_exposition format,
                         struct sp_outcome *outcome)
{
    const struct sp_report report = {
        .results = &outcome->result, .count = 1, .state = outcome->result.state};
    struct sp_writer writer;
    sp_writer_init(&writer, -1);
    sp_exposition_write_report(&writer, format, &report);
    sp_service_send(request, 200, sp_exposition_content_type(format), &writer.buf,
                    writer.error == 0);
    sp_writer_free(&writer);
}

static void log_outcome(const struct sp_service *service, const struct sp_outcome *outcome,
                        bool succeeded)
{
    const struct sp_result *result = &outcome->result;
    char seconds[32];
    if (succeeded || service->log->level > service->failure_level)
        return;
    snprintf(seconds, sizeof seconds, "%.6f", (double)result->evidence->total_ns / 1e9);
    sp_log_write(service->log, service->failure_level, "probe failed", "target", outcome->target,
                 "module", outcome->module->name, "reason", sp_reason_info(result->reason)->word,
                 "message", result->message, "duration_seconds", seconds, NULL);
}

static void on_outcome(void *data, struct sp_outcome *outcome)
{
    struct pending *pending = data;
    struct sp_service *service = pending->service;
    bool succeeded = sp_outcome_succeeded(outcome);
    sp_metrics_count_probe(service->metrics, outcome->module->name, succeeded);
    /* The name was allowed as far as it tells; where it leads was not. */
    if (outcome->result.reason == SP_REASON_INVALID_TARGET)
        sp_metrics_count_rejected(service->metrics, SP_REJECTED_FORBIDDEN);
    log_outcome(service, outcome, succeeded);
    if (pending->debug)
        send_debug(pending->request, outcome);
    else
        send_metrics(pending->request, pending->format, outcome);
    sp_history_add(service->history, outcome);
    sp_outcome_unref(outcome);
    free(pending);
}

/* --- the request ------------------------------------------------------------------------------ */

static void refuse_for_now(struct sp_http_request *request, const char *why)
{
    static const struct sp_http_header headers[] = {{"Retry-After", "1"}};
    struct sp_buf body;
    sp_buf_init(&body, SP_LIMIT_LINE);
    sp_buf_printf(&body, "%s\n", why);
    const struct sp_http_response response = {
        .status = 503, .content_type = PLAIN, .body = &body, .headers = headers, .header_count = 1};
    sp_http_reply(request, &response);
    sp_buf_free(&body);
}

static void refuse_start(struct sp_service *service, struct sp_http_request *request,
                         enum sp_prober_status status, const char *why)
{
    switch (status) {
    case SP_PROBER_FULL:
        sp_metrics_count_rejected(service->metrics, SP_REJECTED_IN_FLIGHT);
        refuse_for_now(request, why);
        break;
    case SP_PROBER_TARGET_FULL:
        sp_metrics_count_rejected(service->metrics, SP_REJECTED_TARGET);
        refuse_for_now(request, why);
        break;
    case SP_PROBER_FORBIDDEN:
        sp_metrics_count_rejected(service->metrics, SP_REJECTED_FORBIDDEN);
        sp_http_reply_text(request, 403, "%s", why);
        break;
    case SP_PROBER_NOMEM: refuse_for_now(request, why); break;
    case SP_PROBER_BAD_REQUEST:
    case SP_PROBER_STARTED: sp_http_reply_text(request, 400, "%s", why); break;
    }
}

/* The module that a URL means that names none: "smtp", else the only one. */
static const struct sp_module *default_module(const struct sp_config *config)
{
    const struct sp_module *module = sp_config_module(config, DEFAULT_MODULE);
    if (module == NULL && sp_config_module_count(config) == 1)
        module = sp_config_module_at(config, 0);
    return module;
}

/* NULL: answered. */
static const struct sp_module *find_module(struct sp_service *service,
                                           struct sp_http_request *request)
{
    char quoted[SP_QUOTE_SIZE];
    const char *name = sp_http_param(request, "module", 0);
    const struct sp_module *module =
        name != NULL ? sp_config_module(service->config, name) : default_module(service->config);
    if (module != NULL)
        return module;
    sp_metrics_count_unknown_module(service->metrics);
    if (name == NULL)
        sp_http_reply_text(request, 400,
                           "Module parameter is missing, and no module is called \"%s\"",
                           DEFAULT_MODULE);
    else
        sp_http_reply_text(request, 400, "Unknown module %s",
                           sp_quote(quoted, sizeof quoted, name, strlen(name)));
    return NULL;
}

/* False: answered. */
static bool read_debug(struct sp_http_request *request, bool *out_debug)
{
    const char *debug = sp_http_param(request, "debug", 0);
    *out_debug = debug != NULL && strcmp(debug, "true") == 0;
    if (debug == NULL || *out_debug || strcmp(debug, "false") == 0)
        return true;
    sp_http_reply_text(request, 400, "debug is true or false");
    return false;
}

static bool read_timeout(const struct sp_service *service, struct sp_http_request *request,
                         uint32_t *out_ms)
{
    char quoted[SP_QUOTE_SIZE];
    const char *header = sp_http_header_value(request, SP_SCRAPE_HEADER);
    /* A password may have been waited for. */
    if (sp_scrape_timeout(header, service->timeout_offset_ms, sp_http_waited_ms(request), out_ms))
        return true;
    sp_http_reply_text(request, 400, SP_SCRAPE_HEADER ": %s is not a number of seconds",
                       sp_quote(quoted, sizeof quoted, header, strlen(header)));
    return false;
}

/* What is not /probe's own is an option for this probe. Returns how many. */
static size_t pick_options(const struct sp_http_request *request, const char **names,
                           const char **values, size_t max)
{
    static const char *const own[] = {"target", "module", "hostname", "debug"};
    size_t count = 0;
    for (size_t i = 0; i < sp_http_param_count(request) && count < max; i++) {
        bool is_own = false;
        sp_http_param_at(request, i, &names[count], &values[count]);
        for (size_t j = 0; j < sizeof own / sizeof own[0]; j++)
            is_own = is_own || strcmp(names[count], own[j]) == 0;
        count += !is_own;
    }
    return count;
}

static void start(struct sp_service *service, struct sp_http_request *request,
                  const struct sp_prober_request *wanted, bool debug)
{
    char why[1024];
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL) {
        refuse_for_now(request, "out of memory");
        return;
    }
    *pending = (struct pending){
        .service = service,
        .request = request,
        .format = sp_service_format(request),
        .debug = debug,
    };
    enum sp_prober_status status =
        sp_prober_start(service->prober, wanted, on_outcome, pending, why, sizeof why);
    if (status == SP_PROBER_STARTED)
        return;
    free(pending);
    refuse_start(service, request, status, why);
}

void sp_service_probe(struct sp_service *service, struct sp_http_request *request)
{
    const char *names[SP_LIMIT_HTTP_PARAMS], *values[SP_LIMIT_HTTP_PARAMS];
    bool debug;
    struct sp_prober_request wanted = {
        .config = service->config,
        .target = sp_http_param(request, "target", 0),
        .hostname = sp_http_param(request, "hostname", 0),
        .params = names,
        .values = values,
    };
    if (service->draining) {
        refuse_for_now(request, "the exporter is ending");
        return;
    }
    if (sp_service_refuse_twice(request))
        return;
    if (wanted.target == NULL || *wanted.target == '\0') {
        sp_http_reply_text(request, 400, "Target parameter is missing");
        return;
    }
    wanted.module = find_module(service, request);
    if (wanted.module == NULL || !read_debug(request, &debug) ||
        !read_timeout(service, request, &wanted.timeout_ms))
        return;
    if (wanted.hostname != NULL && *wanted.hostname == '\0')
        wanted.hostname = NULL;
    wanted.param_count = pick_options(request, names, values, SP_LIMIT_HTTP_PARAMS);
    start(service, request, &wanted, debug);
}
