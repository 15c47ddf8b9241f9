/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/prober_request.h"

#include "probe/auth.h"
#include "probe/host.h"
#include "probe/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What one call works with. */
struct reading {
    const struct sp_prober_request *request;
    struct sp_outcome *outcome;
    bool timeout_given; /* the module or a parameter names one */
    char *error;
    size_t size;
};

static enum sp_prober_status refuse(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum sp_prober_status refuse(struct reading *reading, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reading->error, reading->size, format, args);
    va_end(args);
    return SP_PROBER_BAD_REQUEST;
}

static enum sp_prober_status fail_memory(struct reading *reading)
{
    snprintf(reading->error, reading->size, "out of memory");
    return SP_PROBER_NOMEM;
}

/* What options say of a value; memory is nothing that the client can mend. */
static enum sp_prober_status refuse_value(struct reading *reading, const char *what,
                                          const char *why)
{
    return sp_arena_failed(reading->outcome->arena) ? fail_memory(reading)
                                                    : refuse(reading, "%s%s", what, why);
}

/* --- parameters ------------------------------------------------------------------------------- */

/* The configuration is what opens an option to URLs; '-' and '_' are the same. */
static bool is_allowed(const struct sp_prober_request *request, const struct sp_option_info *info)
{
    const struct sp_exporter_settings *settings = sp_config_settings(request->config);
    for (size_t i = 0; i < settings->allow_param_count; i++)
        if (sp_option_find(settings->allow_params[i]) == info)
            return true;
    return false;
}

/*
 * Of a module that logs in a URL may change only what has no part in where the password goes and how it is
 * protected: by a server_name, a pin or a pattern of ciphers somebody between us and the server could have it
 * sent to himself. Nor what goes over the wire, such as ehlo_name: since a password is hidden wherever it shows up
 * in a dialogue, whoever may choose words there can guess at it. What is not listed is not harmless.
 */
static bool is_harmless(const struct sp_option_info *info)
{
    static const char *const names[] = {"ipv4",
                                        "ipv6",
                                        "connect-timeout",
                                        "reply-timeout",
                                        "timeout",
                                        "cert-warning",
                                        "cert-critical",
                                        "expect",
                                        "expect-reply",
                                        "require-capability",
                                        "forbid-capability",
                                        "warning",
                                        "critical"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(info->name, names[i]) == 0)
            return true;
    return false;
}

static enum sp_prober_status set_param(struct reading *reading, struct sp_option_layer *layer,
                                       const char *name, const char *value)
{
    char quoted[SP_QUOTE_SIZE], why[512];
    struct sp_outcome *outcome = reading->outcome;
    const struct sp_option_info *info = sp_option_find(name);
    sp_quote(quoted, sizeof quoted, name, strlen(name));
    if (!info)
        return refuse(reading, "there is no parameter %s", quoted);
    if (info->scope != SP_SCOPE_ENDPOINT)
        return refuse(reading, "%s is for the configuration file and can't be a parameter", quoted);
    if (!is_allowed(reading->request, info))
        return refuse(reading, "the parameter %s is not in the configuration's allow_params",
                      quoted);
    if (sp_auth_wanted(&reading->request->module->options) && !is_harmless(info))
        return refuse(reading, "%s can't be used here: module %s logs in", quoted,
                      reading->request->module->name);
    if (strcmp(info->name, "all-addresses") == 0)
        return refuse(reading, "%s can't be used here: a request probes one endpoint", quoted);
    if (!sp_option_set_layered(&outcome->options, outcome->arena, layer, info, value, why,
                               sizeof why))
        return refuse_value(reading, "", why);
    if (strcmp(info->name, "timeout") == 0)
        reading->timeout_given = true;
    return SP_PROBER_STARTED;
}

/* As in blackbox_exporter, it only says what the module leaves open. */
static enum sp_prober_status set_hostname(struct reading *reading)
{
    struct sp_outcome *outcome = reading->outcome;
    const char *hostname = reading->request->hostname;
    char why[512];
    if (!hostname || outcome->options.server_name)
        return SP_PROBER_STARTED;
    if (sp_auth_wanted(&reading->request->module->options))
        return refuse(reading,
                      "hostname can't be used here: module %s logs in; give it a "
                      "server_name",
                      reading->request->module->name);
    if (!sp_option_set(&outcome->options, outcome->arena, sp_option_find("server-name"), hostname,
                       why, sizeof why))
        return refuse_value(reading, "hostname: ", why);
    return SP_PROBER_STARTED;
}

static enum sp_prober_status set_params(struct reading *reading)
{
    const struct sp_prober_request *request = reading->request;
    struct sp_outcome *outcome = reading->outcome;
    struct sp_target_list none = {0};
    struct sp_option_layer layer = {0};
    enum sp_prober_status status;
    char why[512];
    for (size_t i = 0; i < request->param_count; i++) {
        status = set_param(reading, &layer, request->params[i], request->values[i]);
        if (status != SP_PROBER_STARTED)
            return status;
    }
    status = set_hostname(reading);
    if (status != SP_PROBER_STARTED)
        return status;
    /* What is asked of modules that log in was not asked of this one: an allow list, TLS. */
    if (sp_auth_wanted(&outcome->options) && !sp_auth_wanted(&request->module->options))
        return refuse(reading, "a URL can't make module %s log in: the configuration says who does",
                      request->module->name);
    if ((request->param_count > 0 || request->hostname) &&
        (!sp_options_finish(&outcome->options, outcome->arena, why, sizeof why) ||
         !sp_checks_validate(&outcome->options, &none, why, sizeof why)))
        return refuse_value(reading, "", why);
    return SP_PROBER_STARTED;
}

/* The whole probe gets what the scrape leaves, or less where somebody said so. */
static void limit_time(struct reading *reading)
{
    struct sp_options *options = &reading->outcome->options;
    uint32_t left_ms = reading->request->timeout_ms > 0 ? reading->request->timeout_ms : 1;
    if (!reading->timeout_given || options->timeout_ms > left_ms)
        options->timeout_ms = left_ms;
}

/* --- the target ------------------------------------------------------------------------------- */

/* The grammar of target lines has options behind a space, which would be a way around allow_params. */
static enum sp_prober_status check_word(struct reading *reading, size_t len)
{
    const char *target = reading->request->target;
    if (len > SP_LIMIT_TARGET_LINE)
        return refuse(reading, "the target has more than %u characters", SP_LIMIT_TARGET_LINE);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)target[i];
        if (c <= 0x20 || c == 0x7f)
            return refuse(reading, "a target has no spaces and no control characters");
    }
    return SP_PROBER_STARTED;
}

static enum sp_prober_status read_target(struct reading *reading)
{
    const char *target = reading->request->target;
    struct sp_outcome *outcome = reading->outcome;
    const struct sp_endpoint *endpoint = &outcome->endpoint;
    size_t len = strnlen(target, SP_LIMIT_TARGET_LINE + 1);
    enum sp_prober_status status = check_word(reading, len);
    if (status != SP_PROBER_STARTED)
        return status;
    outcome->target = sp_arena_strndup(outcome->arena, target, len);
    if (!outcome->target ||
        !sp_endpoint_parse(outcome->arena, target, len, &outcome->options, &outcome->endpoint))
        return fail_memory(reading);
    if (endpoint->invalid)
        return refuse_value(reading, "the target can't be used: ", endpoint->invalid);
    if (endpoint->tls != SP_TLS_NONE && endpoint->verify != SP_VERIFY_OFF &&
        !outcome->module->materials->trust)
        return refuse(reading, "module %s has no certificates to trust, so nothing can be verified",
                      outcome->module->name);
    return SP_PROBER_STARTED;
}

enum sp_prober_status sp_prober_read_request(const struct sp_prober_request *request,
                                             struct sp_outcome **out_outcome, char *error,
                                             size_t size)
{
    struct reading reading = {.request = request,
                              .outcome = sp_outcome_new(request->config, request->module),
                              .timeout_given = request->module->timeout_given,
                              .error = error,
                              .size = size};
    if (!reading.outcome)
        return fail_memory(&reading);
    reading.outcome->options = request->module->options;
    reading.outcome->options.all_addresses = false; /* one request, one endpoint */
    enum sp_prober_status status = set_params(&reading);
    if (status == SP_PROBER_STARTED) {
        limit_time(&reading);
        status = read_target(&reading);
    }
    if (status == SP_PROBER_STARTED)
        *out_outcome = reading.outcome;
    else
        sp_outcome_unref(reading.outcome);
    return status;
}
