/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces that several pages are made of. What is drawn is always told in words as well. */
#ifndef SP_PROMETHEUS_PAGE_PARTS_H
#define SP_PROMETHEUS_PAGE_PARTS_H

#include "prometheus/html.h"
#include "prometheus/page.h"

#include <stdint.h>

#define SP_PAGE_LIST 64u /* entries of a list that a server chose the length of */

enum sp_page_place { SP_PAGE_HOME, SP_PAGE_ELSEWHERE };

/* Everything up to the content of <main>, and everything behind it. `title` is safe by escaping. */
void sp_page_begin(struct sp_html *html, const struct sp_page_context *context,
                   enum sp_page_place place, const char *title);
void sp_page_end(struct sp_html *html);

/* "ok", "warning", "critical", "unknown": the class of a state. */
const char *sp_page_class(enum sp_state state);
/* A symbol and the state's name. */
void sp_page_state(struct sp_html *html, enum sp_state state);
/* "2026-09-01 10:00:00 UTC" as <time>. */
void sp_page_instant(struct sp_html *html, int64_t unix_ms);
/* "12 seconds ago" as <time>. */
void sp_page_ago(struct sp_html *html, int64_t unix_ms, int64_t now_ms);
/* "29.5 days left", "ended 3.0 days ago": `ends` in Unix seconds. */
void sp_page_days(struct sp_html *html, int64_t ends, int64_t now_ms);

/* One line of all phases; `id` tells the picture's texts from those of others on the page. */
void sp_page_waterfall(struct sp_html *html, const struct sp_span *spans, int64_t total_ns,
                       size_t id);
/* One phase alone, drawn where it began. */
void sp_page_phase_bar(struct sp_html *html, enum sp_phase phase, const struct sp_span *span,
                       int64_t total_ns);
/* What the colours of both stand for. */
void sp_page_legend(struct sp_html *html);
/* The last probes of an endpoint: height is time, shape and colour are the state. */
void sp_page_bars(struct sp_html *html, const struct sp_history_bar *bars, size_t count, size_t id);
/* "38 OK, 2 CRITICAL": the same in words. */
void sp_page_bar_counts(struct sp_html *html, const struct sp_history_bar *bars, size_t count);

#endif
