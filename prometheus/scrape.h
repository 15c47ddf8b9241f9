/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a probe may take, by what the scraper says of its own patience. */
#ifndef SP_PROMETHEUS_SCRAPE_H
#define SP_PROMETHEUS_SCRAPE_H

#include <stdbool.h>
#include <stdint.h>

#define SP_SCRAPE_HEADER "X-Prometheus-Scrape-Timeout-Seconds"
#define SP_SCRAPE_DEFAULT_MS 120000u /* without the header, as in blackbox_exporter */
#define SP_SCRAPE_MAX_MS 86400000u   /* no probe takes longer than a day */

/*
 * header = digits ["." digits] | "." digits | absent; zero is as good as absent
 *
 * *out_ms is the scraper's time less the offset; but at least a tenth of that time, so that an offset as
 * long as the scrape leaves something. What the request has waited already is taken off that; at least
 * 1 ms is left. False: the header is no such number.
 */
bool sp_scrape_timeout(const char *header, uint32_t offset_ms, uint64_t waited_ms,
                       uint32_t *out_ms);

#endif
