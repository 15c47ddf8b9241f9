/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/page_probes.h"

#include "output/facts.h"
#include "prometheus/page_parts.h"

#include <string.h>

#define SHOWN 10u /* of the list; the rest is folded away */
#define MESSAGE_COLUMNS 100u

/* What can be led to, the oldest first, and the probe whose page this is. */
struct shelf {
    const struct sp_outcome *items[SP_HISTORY_FAILURES + SP_HISTORY_BARS + 1];
    size_t count;
    const struct sp_outcome *here;
    size_t place; /* of `here` among them; SIZE_MAX: not put there yet */
};

static void put_here(struct shelf *shelf)
{
    shelf->place = shelf->count;
    shelf->items[shelf->count++] = shelf->here;
}

/* Ids come in ascending order. */
static void put(struct shelf *shelf, const struct sp_history *history, uint64_t id)
{
    const struct sp_outcome *outcome;

    if (shelf->place == SIZE_MAX && id >= shelf->here->id)
        put_here(shelf);
    outcome = id == shelf->here->id ? NULL : sp_history_find(history, id);
    if (outcome != NULL)
        shelf->items[shelf->count++] = outcome;
}

static void fill(struct shelf *shelf, const struct sp_history *history,
                 const struct sp_history_row *row)
{
    for (size_t i = 0; i < row->failure_count; i++)
        if (row->failures[i] < row->bars[0].id)
            put(shelf, history, row->failures[i]);
    for (size_t i = 0; i < row->bar_count; i++)
        put(shelf, history, row->bars[i].id);
    if (shelf->place == SIZE_MAX)
        put_here(shelf);
}

static void write_neighbour(struct sp_html *html, const struct sp_page_context *context,
                            const struct sp_outcome *outcome, const char *rel, const char *name)
{
    sp_html_write(html, "<a rel=\"%s\" href=\"%s/history/%llu\">%s: %s</a>\n", rel, context->prefix,
                  (unsigned long long)outcome->id, name, sp_state_name(outcome->result.state));
}

static void write_neighbours(struct sp_html *html, const struct sp_page_context *context,
                             const struct shelf *shelf)
{
    if (shelf->count == 1) {
        sp_html_write(html, "<p>No other probe of this endpoint is kept.</p>\n");
        return;
    }
    sp_html_write(html, "<nav class=\"pages\" aria-label=\"Probes of this endpoint\">\n");
    if (shelf->place > 0)
        write_neighbour(html, context, shelf->items[shelf->place - 1], "prev", "Earlier");
    if (shelf->place + 1 < shelf->count)
        write_neighbour(html, context, shelf->items[shelf->place + 1], "next", "Later");
    sp_html_write(html, "</nav>\n");
}

static void write_item(struct sp_html *html, const struct sp_page_context *context,
                       const struct sp_outcome *outcome, bool here)
{
    const struct sp_result *result = &outcome->result;
    char took[SP_FACT_SIZE];

    sp_fact_time(took, result->evidence->total_ns);
    sp_html_write(html, here ? "<li aria-current=\"true\"><span>" : "<li><span>");
    if (!here)
        sp_html_write(html, "<a href=\"%s/history/%llu\">", context->prefix,
                      (unsigned long long)outcome->id);
    sp_page_instant(html, outcome->ended_ms);
    sp_html_write(html, here ? ", this one</span> " : "</a></span> ");
    sp_page_state(html, result->state);
    sp_html_write(html, " <span>%s</span> <span class=\"message\">", took);
    sp_html_cut(html, result->message, MESSAGE_COLUMNS);
    sp_html_write(html, "</span></li>\n");
}

/* The newest first. */
static void write_list(struct sp_html *html, const struct sp_page_context *context,
                       const struct shelf *shelf, size_t from, size_t to)
{
    sp_html_write(html, "<ul class=\"probes\">\n");
    for (size_t i = to; i-- > from;)
        write_item(html, context, shelf->items[i], i == shelf->place);
    sp_html_write(html, "</ul>\n");
}

void sp_page_probes(struct sp_html *html, const struct sp_page_context *context,
                    const struct sp_outcome *outcome)
{
    const struct sp_history_row *row = sp_history_row_of(context->history, outcome);
    struct shelf shelf = {.here = outcome, .place = SIZE_MAX};

    if (row == NULL)
        return;
    fill(&shelf, context->history, row);
    sp_html_write(html, "<section aria-labelledby=\"probes\">\n"
                        "<h2 id=\"probes\">Probes of this endpoint</h2>\n<p class=\"recent\">");
    sp_page_bars(html, row->bars, row->bar_count, 0);
    sp_html_write(html, "<span>The last %zu: ", row->bar_count);
    sp_page_bar_counts(html, row->bars, row->bar_count);
    sp_html_write(html, "</span></p>\n");
    write_neighbours(html, context, &shelf);
    if (shelf.count > 1) {
        size_t folded = shelf.count > SHOWN ? shelf.count - SHOWN : 0;

        write_list(html, context, &shelf, folded, shelf.count);
        if (folded > 0) {
            sp_html_write(html, "<details>\n<summary>Show %zu more</summary>\n", folded);
            write_list(html, context, &shelf, 0, folded);
            sp_html_write(html, "</details>\n");
        }
    }
    sp_html_write(html, "</section>\n");
}
