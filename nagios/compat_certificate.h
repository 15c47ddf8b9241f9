/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * -D W[,C]: the dates of the server's certificate, in check_smtp's words. Days are whole ones, rounded
 * down. CRITICAL: not yet valid, expired, less than a day or at most C days left. WARNING: at most W.
 */
#ifndef SP_NAGIOS_COMPAT_CERTIFICATE_H
#define SP_NAGIOS_COMPAT_CERTIFICATE_H

#include "nagios/compat.h"
#include "probe/evidence.h"

/* One raw line in the evidence's arena. NULL: out of memory. */
const char *sp_compat_certificate(const struct sp_compat *compat,
                                  const struct sp_evidence *evidence, enum sp_state *out_state);

#endif
