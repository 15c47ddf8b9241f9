/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/page_parts.h"

#include "output/facts.h"
#include "probe/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void write_link(struct sp_html *html, const char *prefix, const char *path, const char *name,
                       bool here)
{
    sp_html_write(html, "<li><a href=\"%s%s\"", prefix, path);
    if (here)
        sp_html_write(html, " aria-current=\"page\"");
    sp_html_write(html, ">%s</a></li>\n", name);
}

void sp_page_begin(struct sp_html *html, const struct sp_page_context *context,
                   enum sp_page_place place, const char *title)
{
    const char *prefix = context->prefix;

    sp_html_write(html,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n"
                  "<link rel=\"icon\" href=\"data:,\">\n"
                  "<link rel=\"stylesheet\" href=\"%s/style.css\">\n</head>\n<body>\n"
                  "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n"
                  "<p class=\"brand\">smtp-probe-exporter</p>\n<nav aria-label=\"Pages\">\n<ul>\n",
                  title, prefix);
    write_link(html, prefix, "/", "Probes", place == SP_PAGE_HOME);
    write_link(html, prefix, "/metrics", "Metrics", false);
    write_link(html, prefix, "/config", "Configuration", false);
    write_link(html, prefix, "/api/v1/status", "JSON", false);
    sp_html_write(html, "</ul>\n</nav>\n</header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

void sp_page_end(struct sp_html *html)
{
    sp_html_write(html,
                  "</main>\n<footer>\n<p>smtp-probe-exporter %s</p>\n</footer>\n</body>\n"
                  "</html>\n",
                  SP_VERSION);
}

const char *sp_page_class(enum sp_state state)
{
    static const char *const classes[SP_STATE_COUNT] = {
        [SP_STATE_OK] = "ok",
        [SP_STATE_WARNING] = "warning",
        [SP_STATE_CRITICAL] = "critical",
        [SP_STATE_UNKNOWN] = "unknown",
    };
    return classes[state];
}

void sp_page_state(struct sp_html *html, enum sp_state state)
{
    static const char *const symbols[SP_STATE_COUNT] = {
        [SP_STATE_OK] = "✔",
        [SP_STATE_WARNING] = "▲",
        [SP_STATE_CRITICAL] = "✖",
        [SP_STATE_UNKNOWN] = "?",
    };
    sp_html_write(html,
                  "<span class=\"state %s\"><span class=\"symbol\" aria-hidden=\"true\">%s</span>"
                  "&nbsp;%s</span>",
                  sp_page_class(state), symbols[state], sp_state_name(state));
}

void sp_page_instant(struct sp_html *html, int64_t unix_ms)
{
    char text[SP_FACT_SIZE];

    if (!sp_fact_instant(text, unix_ms)) {
        sp_html_write(html, "an unknown time");
        return;
    }
    sp_html_write(html, "<time datetime=\"%s\">", text);
    text[10] = text[19] = '\0'; /* 2026-09-01T10:00:00.123Z */
    sp_html_write(html, "%s %s UTC</time>", text, text + 11);
}

void sp_page_ago(struct sp_html *html, int64_t unix_ms, int64_t now_ms)
{
    char text[SP_FACT_SIZE], span[SP_CALENDAR_SIZE];

    if (!sp_fact_instant(text, unix_ms)) {
        sp_html_write(html, "an unknown time");
        return;
    }
    sp_calendar_span(span, sizeof(span), now_ms > unix_ms ? (now_ms - unix_ms) / 1000 : 0);
    sp_html_write(html, "<time datetime=\"%s\">%s ago</time>", text, span);
}

void sp_page_days(struct sp_html *html, int64_t ends, int64_t now_ms)
{
    char text[SP_FACT_SIZE];
    int64_t tenths = sp_fact_tenths_of_days(ends, now_ms);
    bool past = ends * 1000 < now_ms;

    sp_fact_tenths(text, past ? -tenths : tenths);
    sp_html_write(html, past ? "ended %s days ago" : "%s days left", text);
}

/* --- the phases -------------------------------------------------------------------------------- */

#define WIDTH 1000 /* units of the whole time */
#define HAIR 4     /* the least of them that a phase has */

/* By what a phase spends its time on. */
static const char *choose_class(enum sp_phase phase)
{
    if (phase == SP_PHASE_TLS)
        return "tls";
    return phase <= SP_PHASE_PROXY ? "network" : "smtp";
}

static int64_t scale(int64_t ns, int64_t total_ns)
{
    double part = total_ns > 0 ? (double)ns / (double)total_ns * WIDTH + 0.5 : 0;

    return part < 0 ? 0 : part > WIDTH ? WIDTH : (int64_t)part;
}

static void draw_phase(struct sp_html *html, enum sp_phase phase, const struct sp_span *span,
                       int64_t total_ns)
{
    int64_t from = scale(span->start_ns, total_ns);
    int64_t width = scale(span->start_ns + span->ns, total_ns) - from;

    if (width < HAIR)
        width = HAIR;
    if (from + width > WIDTH)
        from = WIDTH - width;
    if (width > 4 * HAIR)
        width -= HAIR; /* a gap, so that neighbours of one colour can be told apart */
    sp_html_write(html, "<rect class=\"%s\" x=\"%d\" width=\"%d\" height=\"10\"/>",
                  choose_class(phase), (int)from, (int)width);
}

/* The end of what is drawn: a span may stand beyond the total that was taken a moment before. */
static int64_t measure(const struct sp_span *spans, int64_t total_ns)
{
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++)
        if (spans[i].start_ns >= 0 && spans[i].start_ns + spans[i].ns > total_ns)
            total_ns = spans[i].start_ns + spans[i].ns;
    return total_ns;
}

void sp_page_waterfall(struct sp_html *html, const struct sp_span *spans, int64_t total_ns,
                       size_t id)
{
    char took[SP_FACT_SIZE];
    int64_t end = measure(spans, total_ns);

    sp_html_write(html,
                  "<svg class=\"waterfall\" viewBox=\"0 0 %d 10\" preserveAspectRatio=\"none\" "
                  "role=\"img\" aria-labelledby=\"w%zu d%zu\"><title id=\"w%zu\">Phases</title>"
                  "<desc id=\"d%zu\">",
                  WIDTH, id, id, id, id);
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        if (spans[i].start_ns < 0)
            continue;
        sp_fact_time(took, spans[i].ns);
        sp_html_write(html, "%s %s, ", sp_phase_info((enum sp_phase)i)->name, took);
    }
    sp_fact_time(took, total_ns);
    sp_html_write(html, "total %s</desc>", took);
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++)
        if (spans[i].start_ns >= 0)
            draw_phase(html, (enum sp_phase)i, &spans[i], end);
    sp_html_write(html, "</svg>");
}

void sp_page_phase_bar(struct sp_html *html, enum sp_phase phase, const struct sp_span *span,
                       int64_t total_ns)
{
    /* The numbers stand beside it in the same row. */
    sp_html_write(html,
                  "<svg class=\"waterfall\" viewBox=\"0 0 %d 10\" preserveAspectRatio=\"none\" "
                  "aria-hidden=\"true\">",
                  WIDTH);
    draw_phase(html, phase, span, total_ns);
    sp_html_write(html, "</svg>");
}

void sp_page_legend(struct sp_html *html)
{
    static const char *const entries[][2] = {
        {"network", "name lookup and connection"}, {"smtp", "SMTP"}, {"tls", "TLS handshake"}};

    sp_html_write(html, "<p class=\"legend\">Phases: ");
    for (size_t i = 0; i < 3; i++)
        sp_html_write(html,
                      "<span><svg class=\"swatch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\">"
                      "<rect class=\"%s\" width=\"10\" height=\"10\"/></svg> %s</span> ",
                      entries[i][0], entries[i][1]);
    sp_html_write(html, "</p>\n");
}

/* --- the last probes --------------------------------------------------------------------------- */

#define STEP 5     /* units from one bar to the next */
#define BAR 4      /* units of a bar's width */
#define BAR_TOP 16 /* units of the whole height */
#define BAR_MAX 11 /* the highest bar of a probe that went well: the space above is for marks */

static void draw_bar(struct sp_html *html, enum sp_state state, int x, int height)
{
    int top = BAR_TOP - height;

    if (state == SP_STATE_WARNING) /* a dot on top */
        sp_html_write(html, "M%d 0h%dv3h-%dz", x, BAR, BAR);
    if (state == SP_STATE_CRITICAL) { /* broken in two */
        sp_html_write(html, "M%d 0h%dv6h-%dzM%d 9h%dv7h-%dz", x, BAR, BAR, x, BAR, BAR);
    } else if (state == SP_STATE_UNKNOWN) { /* hollow */
        sp_html_write(html, "M%d 4h%dv12h-%dzM%d 5v10h2v-10z", x, BAR, BAR, x + 1);
    } else {
        sp_html_write(html, "M%d %dh%dv%dh-%dz", x, top, BAR, height, BAR);
    }
}

void sp_page_bar_counts(struct sp_html *html, const struct sp_history_bar *bars, size_t count)
{
    size_t by_state[SP_STATE_COUNT] = {0};
    const char *comma = "";

    for (size_t i = 0; i < count; i++)
        by_state[bars[i].state]++;
    for (int state = 0; state < SP_STATE_COUNT; state++) {
        if (by_state[state] == 0)
            continue;
        sp_html_write(html, "%s%zu %s", comma, by_state[state],
                      sp_state_name((enum sp_state)state));
        comma = ", ";
    }
}

void sp_page_bars(struct sp_html *html, const struct sp_history_bar *bars, size_t count, size_t id)
{
    int64_t longest = 1;

    for (size_t i = 0; i < count; i++)
        longest = bars[i].total_ns > longest ? bars[i].total_ns : longest;
    sp_html_write(html,
                  "<svg class=\"bars\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"b%zu "
                  "e%zu\"><title id=\"b%zu\">Last probes, newest at the right</title>"
                  "<desc id=\"e%zu\">",
                  (int)SP_HISTORY_BARS * STEP, BAR_TOP, id, id, id, id);
    sp_page_bar_counts(html, bars, count);
    sp_html_write(html, "</desc>");
    for (int state = 0; state < SP_STATE_COUNT; state++) {
        bool open = false;

        for (size_t i = 0; i < count; i++) {
            double part = (double)bars[i].total_ns / (double)longest * BAR_MAX + 0.5;

            if ((int)bars[i].state != state)
                continue;
            if (!open)
                sp_html_write(html, "<path class=\"%s\" fill-rule=\"evenodd\" d=\"",
                              sp_page_class((enum sp_state)state));
            open = true;
            draw_bar(html, bars[i].state, (int)(SP_HISTORY_BARS - count + i) * STEP,
                     part < 1 ? 1 : (int)part);
        }
        if (open)
            sp_html_write(html, "\"/>");
    }
    sp_html_write(html, "</svg>");
}
