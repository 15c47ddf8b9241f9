/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people and programs see of the exporter: HTML that needs no script, and JSON. Pure functions of
 * their arguments; everything that comes from a server or a URL is escaped. The pages fit a
 * Content-Security-Policy of "default-src 'none'; style-src 'self'; form-action 'self'": no script, no
 * inline style, no picture from elsewhere.
 */
#ifndef SP_PROMETHEUS_PAGE_H
#define SP_PROMETHEUS_PAGE_H

#include "probe/limits.h"
#include "prometheus/config.h"
#include "prometheus/history.h"

#include <stdbool.h>
#include <stdint.h>

#define SP_PAGE_ROWS 200u /* endpoints on one page; more are paged by ?page= */

struct sp_page_context {
    const struct sp_config *config;
    struct sp_history *history; /* sorting its rows needs it writable */
    const char *prefix;         /* the route prefix, "" or "/x" */
    int64_t now_ms, started_ms;
    size_t in_flight;
    const char *
        search; /* ?q=, or NULL: words (8 of them count) that must all be in target, module, reason … */
    bool only_problems; /* ?problems=1 */
    const char *page;   /* ?page=, or NULL: 1 and up; what is no such number is the first one */
};

/* All return false when out of memory or over the cap of `out`; SP_LIMIT_WEB_PAGE is enough for all of
 * them but sp_page_sd_json, which is as long as the configuration is. */
bool sp_page_status(const struct sp_page_context *context, struct sp_buf *out);
bool sp_page_outcome(const struct sp_page_context *context, const struct sp_outcome *outcome,
                     struct sp_buf *out);
/* For a reply of 404: there is no such page, or the probe with this id is not kept (any more). */
bool sp_page_not_found(const struct sp_page_context *context, struct sp_buf *out);
bool sp_page_outcome_not_kept(const struct sp_page_context *context, uint64_t id,
                              struct sp_buf *out);
/* /history/ID?format=json: the probe as `smtp-probe -o json --transcript` prints it (one object, one line);
 * `pretty`: indented. */
bool sp_page_outcome_json(const struct sp_outcome *outcome, bool pretty, struct sp_buf *out);
/* /api/v1/status: the same rows as the page, by the same parameters. */
bool sp_page_status_json(const struct sp_page_context *context, struct sp_buf *out);
/* /api/v1/sd: the configured targets for Prometheus' http_sd_configs. */
bool sp_page_sd_json(const struct sp_config *config, struct sp_buf *out);
/* The one style sheet, served at PREFIX/style.css. */
const char *sp_page_style(size_t *out_len);

#endif
