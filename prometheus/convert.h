/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For people who come from blackbox_exporter: its modules that speak SMTP, as modules of ours. */
#ifndef SP_PROMETHEUS_CONVERT_H
#define SP_PROMETHEUS_CONVERT_H

#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads a configuration of blackbox_exporter and appends one of ours to `out`: every module whose prober
 * is tcp or unix and that speaks SMTP. What has no counterpart stands there as a comment, and in `notes`
 * as "file:line:column: message"; so do the modules that were skipped. False: not one module could be
 * converted, or the file can't be read; then `notes` says why and `out` is as before.
 */
bool sp_convert(const char *path, struct sp_buf *out, struct sp_buf *notes);
bool sp_convert_from_memory(const char *name, const char *text, size_t len, struct sp_buf *out,
                            struct sp_buf *notes);

#endif
