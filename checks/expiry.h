/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which certificate ends first, and when: one answer for findings, messages and perfdata. */
#ifndef SP_CHECKS_EXPIRY_H
#define SP_CHECKS_EXPIRY_H

#include "probe/evidence.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The certificate of the validated path that ends first; without a path the server's own (depth 0).
 * The anchor doesn't count: the server can't change it. *out_days is counted from the probe's start and
 * negative once it has ended. False: there is no such certificate or its dates can't be read.
 */
bool sp_expiry_first(const struct sp_evidence *evidence, size_t *out_index, double *out_days);
/* Days as people read them, without sign: "29 days", "5 hours" (sp_calendar_span). */
void sp_expiry_word(char *out, size_t size, double days);

#endif
