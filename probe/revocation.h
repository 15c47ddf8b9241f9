/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a staple and revocation lists say of the certificates that path validation has been through. */
#ifndef SP_PROBE_REVOCATION_H
#define SP_PROBE_REVOCATION_H

#include "probe/crl.h"
#include "probe/evidence.h"

/*
 * To be called last, once evidence->verify is filled (without a chain it does nothing): fills
 * evidence->ocsp and evidence->crl_answers, adds to verify.problems, and takes `trusted` and
 * `authenticated_by` away when a certificate of the path is revoked. `crls` NULL: no lists. False: out of
 * memory; then too nothing revoked is left trusted.
 */
bool sp_revocation_check(struct sp_evidence *evidence, const struct sp_crls *crls);

#endif
