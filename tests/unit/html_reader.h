/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reader of the exporter's HTML that is stricter than browsers: balanced elements, quoted attributes, ids
 * once, nothing that a policy without scripts and inline styles would stop, links below /x/ only. */
#ifndef SP_TESTS_UNIT_HTML_READER_H
#define SP_TESTS_UNIT_HTML_READER_H

/* Fails the test that calls it where the page is not so. */
void html_read(const char *page);

#endif
