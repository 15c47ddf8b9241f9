/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The body of /probe?debug=true, for people and in three parts as blackbox_exporter's users know it:
 *
 *   "Logs for the probe:" LF *( log line ) 2LF
 *   "Metrics that would have been returned:" LF page 2LF
 *   "Module configuration:" LF YAML
 *
 * Log lines are logfmt (log.h); at_ms counts from the probe's start. Lines of the dialogue begin with the
 * arrows of output/facts.h. Text of the server is made safe; secrets were replaced before they came here.
 */
#ifndef SP_PROMETHEUS_DEBUG_H
#define SP_PROMETHEUS_DEBUG_H

#include "probe/buf.h"
#include "prometheus/outcome.h"

#include <stdbool.h>

/* Content-Type: text/plain in UTF-8. False: out of memory, or over the cap of `out`. */
bool sp_debug_write(const struct sp_outcome *outcome, struct sp_buf *out);
/* The first part alone, without its heading: the log of one probe. */
bool sp_debug_write_log(const struct sp_outcome *outcome, struct sp_buf *out);

#endif
