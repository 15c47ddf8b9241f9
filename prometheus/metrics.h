/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's own metrics: counters that live as long as the process, and the page of /metrics. Who
 * asks can't choose a label: modules are those of a configuration, causes are words of ours.
 */
#ifndef SP_PROMETHEUS_METRICS_H
#define SP_PROMETHEUS_METRICS_H

#include "output/exposition.h"
#include "probe/buf.h"
#include "prometheus/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_METRICS_MODULES 1000u /* with counters of their own; the rest counts as "(other)" */

enum sp_rejected {
    SP_REJECTED_IN_FLIGHT, /* "in_flight": max_in_flight was reached */
    SP_REJECTED_TARGET,    /* "per_target": max_per_target was reached */
    SP_REJECTED_FORBIDDEN, /* "forbidden": not in allow_targets */
    SP_REJECTED_COUNT
};

struct sp_metrics;
/* started_ms: Unix milliseconds. NULL: out of memory. */
struct sp_metrics *sp_metrics_new(int64_t started_ms);
void sp_metrics_free(struct sp_metrics *metrics); /* NULL is allowed */
/* Shows the module's counters from now on, as 0 until it is probed, so that rate() sees the first probe.
 * To be called for each module of a configuration that was loaded. The name is copied. */
void sp_metrics_add_module(struct sp_metrics *metrics, const char *module);
/* result: "success" or "failure"; modules that a reload removed keep their counters. */
void sp_metrics_count_probe(struct sp_metrics *metrics, const char *module, bool success);
void sp_metrics_count_rejected(struct sp_metrics *metrics, enum sp_rejected cause);
void sp_metrics_count_unknown_module(struct sp_metrics *metrics);
/* A configuration was read, at the start too. The time is kept of a success only. */
void sp_metrics_set_reload(struct sp_metrics *metrics, bool success, int64_t now_ms);
/* smtp_probe_*, process_* (from /proc/self). False: out of memory, or over the cap of `out`. */
bool sp_metrics_write(const struct sp_metrics *metrics, size_t in_flight, enum sp_exposition format,
                      struct sp_buf *out);

#endif
