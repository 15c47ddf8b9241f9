/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which certificates end when: one answer for findings, messages and perfdata. */
#ifndef SP_CHECKS_EXPIRY_H
#define SP_CHECKS_EXPIRY_H

#include "probe/evidence.h"
#include "probe/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_expiry {
    size_t index; /* in the chain as sent */
    double days;  /* left at the probe's start, by whole seconds; negative once it has ended */
};

/*
 * The certificates that count, the one that ends first in front: those of the path that was used, also
 * of one that leads to no anchor; without a path the server's own. The anchor doesn't count, since the
 * server can't change it, nor does what was sent beside the path. Certificates whose dates can't be read
 * are left out. Returns how many there are.
 */
size_t sp_expiry_list(const struct sp_evidence *evidence,
                      struct sp_expiry out_list[SP_LIMIT_PATH_DEPTH]);
/* The first of them. False: there is none. */
bool sp_expiry_first(const struct sp_evidence *evidence, size_t *out_index, double *out_days);
/* Days left of one certificate whose dates can be read. */
double sp_expiry_days(const struct sp_evidence *evidence, const struct sp_cert *cert);
/* Days as people read them, without sign: "29 days", "5 hours" (sp_calendar_span). */
void sp_expiry_word(char *out, size_t size, double days);

#endif
