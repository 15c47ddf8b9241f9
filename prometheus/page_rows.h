/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rows of the history a page shows: one rule for HTML and JSON. */
#ifndef SP_PROMETHEUS_PAGE_ROWS_H
#define SP_PROMETHEUS_PAGE_ROWS_H

#include "prometheus/page.h"

struct sp_page_rows {
    const struct sp_history_row *const *rows; /* those of this page, at most SP_PAGE_ROWS */
    size_t count;
    size_t found;                          /* that fit the search, on all pages */
    size_t all;                            /* rows of the history */
    size_t first;                          /* of this page's rows among those found, from 0 */
    size_t page, pages;                    /* this page and how many there are, from 1 */
    const struct sp_history_row **fitting; /* those found by a search; NULL without one */
};

/* Without a search it looks at no row. False: out of memory. Free it always; the rows are valid until the
 * history changes. */
bool sp_page_rows_select(const struct sp_page_context *context, struct sp_page_rows *out_rows);
void sp_page_rows_free(struct sp_page_rows *rows);

#endif
