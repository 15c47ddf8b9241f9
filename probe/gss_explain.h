/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a status of GSS-API to what the login's end is called, and a line that says what to do. */
#ifndef SP_PROBE_GSS_EXPLAIN_H
#define SP_PROBE_GSS_EXPLAIN_H

#include "probe/gss_library.h"
#include "probe/sasl.h"

#include <stdbool.h>

/*
 * For the thread in which the function failed, before any other function of the library is called there.
 * `answering`: a token of the server was being read. The detail is what to do, then the minor status' text
 * (Kerberos' own, which may quote the server) and the major one's where it says anything.
 */
enum sp_sasl_result sp_gss_explain(struct sp_sasl *sasl, const struct sp_gss *gss, OM_uint32 major,
                                   OM_uint32 minor, bool answering);

#endif
