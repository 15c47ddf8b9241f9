/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people and programs see of the exporter: HTML that needs no script, and JSON. Pure functions of
 * their arguments; everything that comes from a server or a URL is escaped. */
#ifndef SP_PROMETHEUS_PAGE_H
#define SP_PROMETHEUS_PAGE_H

#include "prometheus/config.h"
#include "prometheus/history.h"

#include <stdbool.h>
#include <stdint.h>

struct sp_page_context {
    const struct sp_config *config;
    const struct sp_history *history;
    const char *prefix; /* the route prefix, "" or "/x" */
    int64_t now_ms, started_ms;
    size_t in_flight;
    const char *search; /* ?q=, or NULL */
    bool only_problems; /* ?problems=1 */
};

/* All return false when out of memory or over the cap of `out`. */
bool sp_page_status(const struct sp_page_context *context, struct sp_buf *out);
bool sp_page_outcome(const struct sp_page_context *context, const struct sp_outcome *outcome,
                     struct sp_buf *out);
bool sp_page_status_json(const struct sp_page_context *context,
                         struct sp_buf *out);                             /* /api/v1/status */
bool sp_page_sd_json(const struct sp_config *config, struct sp_buf *out); /* /api/v1/sd */
/* The one style sheet, served at PREFIX/style.css. */
const char *sp_page_style(size_t *out_len);

#endif
