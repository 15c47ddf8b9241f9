/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a probe's page that leads to the other probes of the same endpoint. */
#ifndef SP_PROMETHEUS_PAGE_PROBES_H
#define SP_PROMETHEUS_PAGE_PROBES_H

#include "prometheus/html.h"
#include "prometheus/page.h"

/* Bars of the last probes, the neighbours, and a list of those that are kept: of the last SP_HISTORY_BARS, and
 * of the last SP_HISTORY_FAILURES that failed. Nothing when the endpoint's row is gone. */
void sp_page_probes(struct sp_html *html, const struct sp_page_context *context,
                    const struct sp_outcome *outcome);

#endif
