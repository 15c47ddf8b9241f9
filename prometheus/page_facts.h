/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the page of one probe: what the server showed. Each writes a section, or nothing where there is
 * nothing to tell. */
#ifndef SP_PROMETHEUS_PAGE_FACTS_H
#define SP_PROMETHEUS_PAGE_FACTS_H

#include "prometheus/page_parts.h"

/* Addresses, banner, what EHLO listed, TLS. */
void sp_page_connection(struct sp_html *html, const struct sp_evidence *evidence);
/* How the chain was judged, and each certificate as it was sent. */
void sp_page_certificates(struct sp_html *html, const struct sp_evidence *evidence, int64_t now_ms);
void sp_page_transcript(struct sp_html *html, const struct sp_evidence *evidence);

#endif
