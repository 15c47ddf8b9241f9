/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's own metrics: counters that live as long as the process, and the page of /metrics. */
#ifndef SP_PROMETHEUS_METRICS_H
#define SP_PROMETHEUS_METRICS_H

#include "output/exposition.h"
#include "probe/buf.h"
#include "prometheus/config.h"

#include <stdbool.h>
#include <stdint.h>

enum sp_rejected {
    SP_REJECTED_IN_FLIGHT,
    SP_REJECTED_TARGET,
    SP_REJECTED_FORBIDDEN,
    SP_REJECTED_COUNT
};

struct sp_metrics;
struct sp_metrics *sp_metrics_new(int64_t started_ms); /* NULL: out of memory */
void sp_metrics_free(struct sp_metrics *metrics);
/* result: "success" or "failure"; modules that a reload removed keep their counters. */
void sp_metrics_count_probe(struct sp_metrics *metrics, const char *module, bool success);
void sp_metrics_count_rejected(struct sp_metrics *metrics, enum sp_rejected cause);
void sp_metrics_count_unknown_module(struct sp_metrics *metrics);
void sp_metrics_set_reload(struct sp_metrics *metrics, bool success, int64_t now_ms);
/* smtp_probe_*, process_* (from /proc/self). False: out of memory. */
bool sp_metrics_write(const struct sp_metrics *metrics, size_t in_flight, enum sp_exposition format,
                      struct sp_buf *out);

#endif
