/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTML into a buffer. What is put into a template is always escaped, in text and between an attribute's
 * double quotes alike, so a page has to go out of its way to let anything through: octets that are not
 * UTF-8, controls and invisible characters become visible escapes (SP_SAFE_TERMINAL), & < > " ' become
 * entities.
 */
#ifndef SP_PROMETHEUS_HTML_H
#define SP_PROMETHEUS_HTML_H

#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_html {
    struct sp_buf *out;
    bool failed; /* over the buffer's cap or out of memory; nothing is written after it */
};

/* Writes behind what `out` has. */
void sp_html_init(struct sp_html *html, struct sp_buf *out);
/* Markup as it stands, with %s (escaped; NULL is "") %d %u %zu %ld %lu %lld %llu %% and nothing else. */
void sp_html_write(struct sp_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Octets from anywhere. */
void sp_html_text(struct sp_html *html, const char *data, size_t len);
/* At most `columns` of them, "..." among these where it was cut. */
void sp_html_cut(struct sp_html *html, const char *text, size_t columns);
/* The same as sp_html_text, but LF stays: for <pre>. */
void sp_html_lines(struct sp_html *html, const char *data, size_t len);
/* The value of a query parameter inside a URL: all but RFC 3986's unreserved characters as %XX. */
void sp_html_query(struct sp_html *html, const char *value);

#endif
