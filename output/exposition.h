/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prometheus' two formats of one page: text 0.0.4 and OpenMetrics 1.0. Families are written one after the
 * other; a family's head is written with its first sample.
 */
#ifndef SP_OUTPUT_EXPOSITION_H
#define SP_OUTPUT_EXPOSITION_H

#include "checks/check.h"
#include "output/writer.h"

#include <stdbool.h>
#include <stdint.h>

enum sp_exposition { SP_EXPOSITION_TEXT, SP_EXPOSITION_OPENMETRICS };

/* From an Accept header (or NULL) by its q values; TEXT when in doubt. */
enum sp_exposition sp_exposition_choose(const char *accept);
/* The Content-Type to send with it. */
const char *sp_exposition_content_type(enum sp_exposition format);

/* A probe's metrics; one result has no target label, several have. */
void sp_exposition_write_report(struct sp_writer *writer, enum sp_exposition format,
                                const struct sp_report *report);
/* What probe_success says. */
bool sp_exposition_succeeded(const struct sp_result *result);

#endif
