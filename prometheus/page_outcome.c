/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of one probe: verdict, findings, times, what was seen, and the same as JSON and metrics. */
#include "output/exposition.h"
#include "output/facts.h"
#include "output/json.h"
#include "output/output.h"
#include "prometheus/command.h"
#include "prometheus/page.h"
#include "prometheus/page_facts.h"
#include "prometheus/page_parts.h"
#include "prometheus/page_probes.h"

#include <stdio.h>
#include <string.h>

/* Octets of a JSON or metrics document on the page. Escapes make six of one at worst. */
#define SP_PAGE_DOCUMENT 262144u

/* Text of ours or a hint: what stands between backticks is a command. */
static void write_prose(struct sp_html *html, const char *text)
{
    bool code = false;

    while (*text != '\0') {
        size_t len = strcspn(text, "`");

        sp_html_text(html, text, len);
        text += len;
        if (*text == '\0')
            break;
        if (code || strchr(text + 1, '`') != NULL) {
            sp_html_write(html, code ? "</code>" : "<code>");
            code = !code;
        } else {
            sp_html_write(html, "`");
        }
        text++;
    }
}

static void write_verdict(struct sp_html *html, const struct sp_page_context *context,
                          const struct sp_outcome *outcome)
{
    const struct sp_result *result = &outcome->result;
    const struct sp_reason_info *reason = sp_reason_info(result->reason);
    char took[SP_FACT_SIZE];

    sp_fact_time(took, result->evidence->total_ns);
    sp_html_write(html, "<h1>%s</h1>\n<p class=\"verdict %s\">", outcome->target,
                  sp_page_class(result->state));
    sp_page_state(html, result->state);
    sp_html_write(html, " %s</p>\n<dl class=\"facts\">\n", result->message);
    if (result->reason != SP_REASON_OK)
        sp_html_write(html, "<div><dt>Reason</dt><dd><code>%s</code> %s</dd></div>\n", reason->word,
                      reason->sentence);
    sp_html_write(html,
                  "<div><dt>Stage</dt><dd>%s</dd></div>\n<div><dt>Module</dt><dd>%s</dd></div>\n"
                  "<div><dt>Ended</dt><dd>",
                  sp_phase_info(result->phase)->name, outcome->module->name);
    sp_page_instant(html, outcome->ended_ms);
    sp_html_write(html, ", ");
    sp_page_ago(html, outcome->ended_ms, context->now_ms);
    sp_html_write(html,
                  "</dd></div>\n<div><dt>Took</dt><dd>%s</dd></div>\n"
                  "<div><dt>probe_success</dt><dd>%d</dd></div>\n</dl>\n",
                  took, sp_outcome_succeeded(outcome) ? 1 : 0);
}

static void write_findings(struct sp_html *html, const struct sp_result *result)
{
    sp_html_write(html, "<section aria-labelledby=\"findings\">\n"
                        "<h2 id=\"findings\">Findings</h2>\n");
    if (result->finding_count == 0)
        sp_html_write(html, "<p>Nothing was found that is worth a word.</p>\n");
    for (size_t i = 0; i < result->finding_count && i < SP_PAGE_LIST; i++) {
        const struct sp_finding *finding = &result->findings[i];
        const struct sp_reason_info *reason = sp_reason_info(finding->reason);
        const char *next = sp_fact_hint(finding);

        sp_html_write(html, "<article class=\"finding %s\">\n<h3>", sp_page_class(finding->state));
        sp_page_state(html, finding->state);
        sp_html_write(html, " <code>%s</code></h3>\n<p class=\"message\">%s</p>\n<p>", reason->word,
                      finding->message);
        write_prose(html, reason->explanation);
        sp_html_write(html, "</p>\n");
        if (next != NULL) {
            sp_html_write(html, "<p><strong>Next:</strong> ");
            write_prose(html, next);
            sp_html_write(html, "</p>\n");
        }
        sp_html_write(html, "</article>\n");
    }
    if (result->finding_count > SP_PAGE_LIST)
        sp_html_write(html, "<p>And %zu more, in the JSON below.</p>\n",
                      result->finding_count - SP_PAGE_LIST);
    sp_html_write(html, "</section>\n");
}

static void write_timings(struct sp_html *html, const struct sp_evidence *evidence)
{
    char took[SP_FACT_SIZE];
    int64_t end = evidence->total_ns;

    sp_html_write(html, "<section aria-labelledby=\"timings\">\n<h2 id=\"timings\">Timings</h2>\n"
                        "<table class=\"timings\" aria-labelledby=\"timings\">\n<thead><tr>"
                        "<th scope=\"col\">Stage</th><th scope=\"col\">When</th>"
                        "<th scope=\"col\">Time</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        const struct sp_span *span = &evidence->spans[i];

        if (span->start_ns >= 0 && span->start_ns + span->ns > end)
            end = span->start_ns + span->ns;
    }
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        const struct sp_span *span = &evidence->spans[i];
        char from[SP_FACT_SIZE];

        if (span->start_ns < 0)
            continue;
        sp_fact_time(took, span->ns);
        sp_fact_time(from, span->start_ns);
        sp_html_write(html, "<tr><th scope=\"row\">%s</th><td><span class=\"from\">at %s</span>",
                      sp_phase_info((enum sp_phase)i)->name, from);
        sp_page_phase_bar(html, (enum sp_phase)i, span, end);
        sp_html_write(html, "</td><td>%s</td></tr>\n", took);
    }
    sp_fact_time(took, evidence->total_ns);
    sp_html_write(html,
                  "<tr><th scope=\"row\">total</th><td></td><td>%s</td></tr>\n</tbody>\n"
                  "</table>\n",
                  took);
    sp_page_legend(html);
    sp_html_write(html, "</section>\n");
}

static void write_command(struct sp_html *html, const struct sp_outcome *outcome)
{
    struct sp_buf command;

    sp_buf_init(&command, SP_LIMIT_WEB_PAGE);
    if (!sp_command_write(outcome, &command))
        html->failed = true;
    sp_html_write(html,
                  "<section aria-labelledby=\"repeat\">\n<h2 id=\"repeat\">Repeat by hand</h2>\n"
                  "<p>Copy this command to probe the target from a shell:</p>\n"
                  "<pre class=\"command\" tabindex=\"0\" aria-labelledby=\"repeat\">");
    sp_html_lines(html, (const char *)command.data, command.len);
    sp_html_write(html, "</pre>\n</section>\n");
    sp_buf_free(&command);
}

/* A document of ours, folded away. */
static void write_document(struct sp_html *html, const char *id, const char *title,
                           const struct sp_buf *text)
{
    if (text->len > SP_PAGE_DOCUMENT) {
        sp_html_write(html, "<p>It has %zu octets, too many for this page.</p>\n", text->len);
        return;
    }
    sp_html_write(html,
                  "<details>\n<summary>Show %s</summary>\n"
                  "<pre tabindex=\"0\" aria-labelledby=\"%s\">",
                  title, id);
    sp_html_lines(html, (const char *)text->data, text->len);
    sp_html_write(html, "</pre>\n</details>\n");
}

static void write_metrics(struct sp_html *html, const struct sp_outcome *outcome)
{
    struct sp_result result = outcome->result; /* a report's are its own; nothing is freed here */
    struct sp_report report = {.results = &result, .count = 1, .state = result.state};
    struct sp_writer writer;

    sp_writer_init(&writer, -1);
    sp_exposition_write_report(&writer, SP_EXPOSITION_TEXT, &report);
    if (writer.error != 0)
        html->failed = true;
    sp_html_write(html, "<section aria-labelledby=\"metrics\">\n<h2 id=\"metrics\">Metrics</h2>\n");
    write_document(html, "metrics", "metrics", &writer.buf);
    sp_html_write(html, "</section>\n");
    sp_writer_free(&writer);
}

static void write_json(struct sp_html *html, const struct sp_page_context *context,
                       const struct sp_outcome *outcome)
{
    struct sp_buf text;

    sp_buf_init(&text, SP_LIMIT_WRITER_MEMORY);
    if (!sp_page_outcome_json(outcome, true, &text))
        html->failed = true;
    sp_html_write(html,
                  "<section aria-labelledby=\"json\">\n<h2 id=\"json\">JSON</h2>\n"
                  "<p><a href=\"%s/history/%llu?format=json\">This probe as JSON</a></p>\n",
                  context->prefix, (unsigned long long)outcome->id);
    write_document(html, "json", "JSON", &text);
    sp_html_write(html, "</section>\n");
    sp_buf_free(&text);
}

bool sp_page_outcome(const struct sp_page_context *context, const struct sp_outcome *outcome,
                     struct sp_buf *out)
{
    const struct sp_evidence *evidence = outcome->result.evidence;
    char title[80];
    struct sp_html html;

    sp_html_init(&html, out);
    snprintf(title, sizeof(title), "Probe %llu: %s - smtp-probe-exporter",
             (unsigned long long)outcome->id, sp_state_name(outcome->result.state));
    sp_page_begin(&html, context, SP_PAGE_ELSEWHERE, title);
    write_verdict(&html, context, outcome);
    write_findings(&html, &outcome->result);
    sp_page_probes(&html, context, outcome);
    write_timings(&html, evidence);
    sp_page_connection(&html, evidence);
    sp_page_certificates(&html, evidence, context->now_ms);
    sp_page_transcript(&html, evidence);
    write_command(&html, outcome);
    write_json(&html, context, outcome);
    write_metrics(&html, outcome);
    sp_page_end(&html);
    return !html.failed;
}
