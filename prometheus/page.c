/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page at "/": a row for each endpoint that was probed lately. */
#include "prometheus/page.h"

#include "output/facts.h"
#include "probe/calendar.h"
#include "prometheus/page_parts.h"
#include "prometheus/page_rows.h"

#include <inttypes.h>
#include <string.h>

#define TARGET_COLUMNS 160u /* of a target in a row; its own page has all of it */
#define MESSAGE_COLUMNS 240u
#define MODULES_NAMED 20u

static bool is_searched(const struct sp_page_context *context)
{
    return context->only_problems || (context->search != NULL && context->search[0] != '\0');
}

static void write_modules(struct sp_html *html, const struct sp_config *config)
{
    size_t count = sp_config_module_count(config);

    for (size_t i = 0; i < count && i < MODULES_NAMED; i++) {
        sp_html_write(html, "%s", i == 0 ? "" : ", ");
        sp_html_cut(html, sp_config_module_at(config, i)->name, TARGET_COLUMNS);
    }
    if (count > MODULES_NAMED)
        sp_html_write(html, " and %zu more", count - MODULES_NAMED);
}

static void write_facts(struct sp_html *html, const struct sp_page_context *context)
{
    char digest[13] = "", span[SP_CALENDAR_SIZE];
    const char *whole = sp_config_digest(context->config);
    int64_t up_ms = context->now_ms - context->started_ms;

    memcpy(digest, whole, strnlen(whole, sizeof(digest) - 1));
    sp_calendar_span(span, sizeof(span), up_ms > 0 ? up_ms / 1000 : 0);
    sp_html_write(html,
                  "<section aria-labelledby=\"exporter\">\n<h2 id=\"exporter\">Exporter</h2>\n"
                  "<dl class=\"facts\">\n<div><dt>Version</dt><dd>%s</dd></div>\n"
                  "<div><dt>Up for</dt><dd>%s</dd></div>\n"
                  "<div><dt>Probes in flight</dt><dd>%zu</dd></div>\n"
                  "<div><dt>Modules</dt><dd>",
                  SP_VERSION, span, context->in_flight);
    write_modules(html, context->config);
    sp_html_write(html, "</dd></div>\n");
    if (digest[0] != '\0')
        sp_html_write(html, "<div><dt>Configuration digest</dt><dd><code>%s</code></dd></div>\n",
                      digest);
    sp_html_write(html, "</dl>\n</section>\n");
}

static void write_counts(struct sp_html *html, const struct sp_history *history)
{
    static const enum sp_state order[] = {SP_STATE_CRITICAL, SP_STATE_WARNING, SP_STATE_UNKNOWN,
                                          SP_STATE_OK};

    sp_html_write(html, "<ul class=\"counts\" aria-label=\"Endpoints by state\">\n");
    for (size_t i = 0; i < SP_STATE_COUNT; i++) {
        sp_html_write(html, "<li><strong>%zu</strong> ", sp_history_state_count(history, order[i]));
        sp_page_state(html, order[i]);
        sp_html_write(html, "</li>\n");
    }
    sp_html_write(html, "</ul>\n");
}

static void write_query(struct sp_html *html, const struct sp_page_context *context, size_t page)
{
    const char *joint = "?";

    sp_html_write(html, "%s/", context->prefix);
    if (context->search != NULL && context->search[0] != '\0') {
        sp_html_write(html, "%sq=", joint);
        sp_html_query(html, context->search);
        joint = "&";
    }
    if (context->only_problems) {
        sp_html_write(html, "%sproblems=1", joint);
        joint = "&";
    }
    if (page > 1)
        sp_html_write(html, "%spage=%zu", joint, page);
}

static void write_form(struct sp_html *html, const struct sp_page_context *context,
                       const struct sp_page_rows *rows)
{
    sp_html_write(html,
                  "<form class=\"search\" role=\"search\" method=\"get\" action=\"%s/\">\n"
                  "<label for=\"q\">Search</label>\n"
                  "<input id=\"q\" name=\"q\" type=\"search\" value=\"%s\" maxlength=\"200\" "
                  "autocomplete=\"off\" spellcheck=\"false\">\n"
                  "<label class=\"check\"><input type=\"checkbox\" name=\"problems\" "
                  "value=\"1\"%s> only problems</label>\n"
                  "<button type=\"submit\">Show</button>\n<a href=\"",
                  context->prefix, context->search, context->only_problems ? " checked" : "");
    write_query(html, context, rows->page);
    sp_html_write(html, "\">Refresh</a>\n");
    if (is_searched(context))
        sp_html_write(html, "<a href=\"%s/\">Show all</a>\n", context->prefix);
    sp_html_write(html, "</form>\n");
}

static void write_target(struct sp_html *html, const struct sp_page_context *context,
                         const struct sp_history_row *row)
{
    sp_html_write(html, "<th scope=\"row\" role=\"rowheader\">");
    if (row->last != NULL)
        sp_html_write(html, "<a href=\"%s/history/%llu\">", context->prefix,
                      (unsigned long long)row->last_id);
    sp_html_cut(html, row->target, TARGET_COLUMNS);
    if (row->last != NULL)
        sp_html_write(html, "</a>");
    sp_html_write(html, "<span class=\"sub\">");
    sp_html_cut(html, row->module, TARGET_COLUMNS);
    sp_html_write(html, ", ");
    sp_page_ago(html, row->ended_ms, context->now_ms);
    sp_html_write(html, "</span></th>\n");
}

static void write_reason(struct sp_html *html, const struct sp_history_row *row)
{
    const struct sp_reason_info *reason = sp_reason_info(row->reason);

    sp_html_write(html, "<td role=\"cell\" data-label=\"Reason\"><span>");
    if (row->reason != SP_REASON_OK)
        sp_html_write(html, "<code>%s</code> <span class=\"sentence\">%s</span> ", reason->word,
                      reason->sentence);
    sp_html_write(html, "<span class=\"message\">");
    sp_html_cut(html, row->message, MESSAGE_COLUMNS);
    sp_html_write(html, "</span></span></td>\n");
}

static void write_row(struct sp_html *html, const struct sp_page_context *context,
                      const struct sp_history_row *row, size_t id)
{
    char took[SP_FACT_SIZE];

    sp_fact_time(took, row->total_ns);
    sp_html_write(html, "<tr role=\"row\" class=\"%s\">\n<td role=\"cell\" data-label=\"State\">",
                  sp_page_class(row->state));
    sp_page_state(html, row->state);
    sp_html_write(html, "</td>\n");
    write_target(html, context, row);
    sp_html_write(html, "<td role=\"cell\" data-label=\"Last probe\"><span class=\"time\">");
    sp_page_waterfall(html, row->spans, row->total_ns, id);
    sp_html_write(html, "<span>%s</span></span></td>\n<td role=\"cell\" data-label=\"History\">",
                  took);
    sp_page_bars(html, row->bars, row->bar_count, id);
    sp_html_write(html, "</td>\n<td role=\"cell\" data-label=\"Certificate\"><span>");
    if (row->has_certificate)
        sp_page_days(html, row->certificate_ends, context->now_ms);
    else
        sp_html_write(html, "none seen");
    sp_html_write(html, "</span></td>\n<td role=\"cell\" data-label=\"TLS\">%s</td>\n",
                  row->tls_version != NULL ? row->tls_version : "no TLS");
    write_reason(html, row);
    sp_html_write(html, "</tr>\n");
}

static void write_page_link(struct sp_html *html, const struct sp_page_context *context,
                            size_t page, const char *rel, const char *name)
{
    sp_html_write(html, "<a rel=\"%s\" href=\"", rel);
    write_query(html, context, page);
    sp_html_write(html, "\">%s</a>\n", name);
}

/* Above the list and below it; `where` tells the two apart. */
static void write_pages(struct sp_html *html, const struct sp_page_context *context,
                        const struct sp_page_rows *rows, const char *where)
{
    if (rows->pages <= 1)
        return;
    sp_html_write(html, "<nav class=\"pages\" aria-label=\"Pages of endpoints, %s\">\n", where);
    if (rows->page > 1) {
        write_page_link(html, context, 1, "first", "First");
        write_page_link(html, context, rows->page - 1, "prev", "Previous");
    }
    sp_html_write(html, "<span>Rows %zu–%zu of %zu</span>\n", rows->first + 1,
                  rows->first + rows->count, rows->found);
    if (rows->page < rows->pages) {
        write_page_link(html, context, rows->page + 1, "next", "Next");
        write_page_link(html, context, rows->pages, "last", "Last");
    }
    sp_html_write(html, "</nav>\n");
}

/* The roles say again what the elements are: a narrow screen shows rows as blocks, and browsers then forget
 * that this is a table. */
static void write_table(struct sp_html *html, const struct sp_page_context *context,
                        const struct sp_page_rows *rows)
{
    static const char *const heads[] = {"State",       "Target", "Last probe", "History",
                                        "Certificate", "TLS",    "Reason"};

    write_pages(html, context, rows, "above the list");
    sp_html_write(html, "<table class=\"endpoints\" role=\"table\" aria-labelledby=\"recent\">\n"
                        "<thead role=\"rowgroup\">\n<tr role=\"row\">");
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        sp_html_write(html, "<th scope=\"col\" role=\"columnheader\">%s</th>", heads[i]);
    sp_html_write(html, "</tr>\n</thead>\n<tbody role=\"rowgroup\">\n");
    for (size_t i = 0; i < rows->count; i++)
        write_row(html, context, rows->rows[i], i);
    sp_html_write(html, "</tbody>\n</table>\n");
    sp_page_legend(html);
    write_pages(html, context, rows, "below the list");
}

/* Before the first probe: what to do next. */
static void write_welcome(struct sp_html *html, const struct sp_page_context *context)
{
    const char *module = sp_config_module_count(context->config) > 0
                             ? sp_config_module_at(context->config, 0)->name
                             : "smtp";

    sp_html_write(
        html, "<p>Nothing has been probed yet. A probe is made when somebody asks for it, which "
              "is mostly Prometheus. Ask by hand for a first one:</p>\n<pre tabindex=\"0\" "
              "aria-label=\"Example of a scrape\">curl '");
    sp_html_write(html,
                  "http://ADDRESS%s/probe?target=mx.example.org:25&amp;module=", context->prefix);
    sp_html_query(html, module);
    sp_html_write(html,
                  "'</pre>\n<p>ADDRESS is where this page came from. Targets are written as HOST, "
                  "HOST:PORT, smtp://HOST or smtps://HOST; the endpoint then appears here with its "
                  "state.</p>\n");
}

bool sp_page_status(const struct sp_page_context *context, struct sp_buf *out)
{
    struct sp_page_rows rows;
    struct sp_html html;

    sp_html_init(&html, out);
    if (!sp_page_rows_select(context, &rows)) {
        sp_page_rows_free(&rows);
        return false;
    }
    sp_page_begin(&html, context, SP_PAGE_HOME, "Probes - smtp-probe-exporter");
    sp_html_write(&html, "<h1 id=\"recent\">Recent probes</h1>\n");
    if (rows.all == 0) {
        write_welcome(&html, context);
    } else {
        write_counts(&html, context->history);
        write_form(&html, context, &rows);
        sp_html_write(&html, "<p class=\"found\">%zu of %zu endpoints, as of ", rows.found,
                      rows.all);
        sp_page_instant(&html, context->now_ms);
        sp_html_write(&html, "</p>\n");
        if (rows.found > 0)
            write_table(&html, context, &rows);
        else
            sp_html_write(&html,
                          "<p class=\"empty\">No endpoint fits. <a href=\"%s/\">Show all</a></p>\n",
                          context->prefix);
    }
    write_facts(&html, context);
    sp_page_end(&html);
    sp_page_rows_free(&rows);
    return !html.failed;
}

bool sp_page_not_found(const struct sp_page_context *context, struct sp_buf *out)
{
    struct sp_html html;

    sp_html_init(&html, out);
    sp_page_begin(&html, context, SP_PAGE_ELSEWHERE, "Not found - smtp-probe-exporter");
    sp_html_write(&html,
                  "<h1>There is no such page</h1>\n<p>Probes are made at <code>%s/probe</code>; "
                  "<a href=\"%s/\">the recent ones</a> are listed.</p>\n",
                  context->prefix, context->prefix);
    sp_page_end(&html);
    return !html.failed;
}

bool sp_page_outcome_not_kept(const struct sp_page_context *context, uint64_t id,
                              struct sp_buf *out)
{
    struct sp_html html;

    sp_html_init(&html, out);
    sp_page_begin(&html, context, SP_PAGE_ELSEWHERE, "Not kept - smtp-probe-exporter");
    sp_html_write(&html,
                  "<h1>Probe %llu is not kept</h1>\n<p>Only the last probes are kept, and of older "
                  "ones those that failed; how many is set by <code>--history.limit</code>. A "
                  "restart forgets all of them. <a href=\"%s/\">The recent probes</a> are "
                  "listed.</p>\n",
                  (unsigned long long)id, context->prefix);
    sp_page_end(&html);
    return !html.failed;
}
