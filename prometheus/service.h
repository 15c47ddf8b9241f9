/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the exporter answers to each request. The parts are the program's; requests are answered by what
 * is in `config` when they come, and a probe keeps the configuration that it began with.
 */
#ifndef SP_PROMETHEUS_SERVICE_H
#define SP_PROMETHEUS_SERVICE_H

#include "output/exposition.h"
#include "prometheus/config.h"
#include "prometheus/history.h"
#include "prometheus/http.h"
#include "prometheus/log.h"
#include "prometheus/metrics.h"
#include "prometheus/prober.h"

#include <stdbool.h>
#include <stdint.h>

struct sp_service {
    struct sp_config *config; /* in force; one reference */
    struct sp_history *history;
    struct sp_metrics *metrics;
    struct sp_prober *prober;
    const struct sp_log *log;
    enum sp_log_level failure_level; /* of lines about failed probes */
    const char *prefix;              /* what links in pages begin with */
    uint32_t timeout_offset_ms;
    int64_t started_ms;
    int64_t (*wall_ms)(void);
    bool draining; /* nothing new is begun */
    /* POST /-/reload. False: the old configuration stays, and `errors` says why. */
    bool (*reload)(void *data, struct sp_buf *errors);
    void *data;
};

/* An sp_http_handler; `data` is a struct sp_service. */
void sp_service_handle(void *data, struct sp_http_request *request);

/* --- between service.c and service_probe.c ----------------------------------------------------- */

void sp_service_probe(struct sp_service *service, struct sp_http_request *request);
/* Sends `body` with a charset of UTF-8 in `content_type`; frees it. `made` false: 500, there was no
 * memory for it. */
void sp_service_send(struct sp_http_request *request, unsigned status, const char *content_type,
                     struct sp_buf *body, bool made);
/* The format of metrics that the client prefers. */
enum sp_exposition sp_service_format(const struct sp_http_request *request);
/* True, and answered 400, when a parameter of the query comes twice. */
bool sp_service_refuse_twice(struct sp_http_request *request);

#endif
