/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does a certificate speak for this name? RFC 9525, without a fallback to the common name. */
#ifndef SP_PROBE_NAME_H
#define SP_PROBE_NAME_H

#include "probe/cert.h"

/*
 * Looks for the subjectAltName entry that matches `reference`, among all of them (cert->names may be
 * cut). `reference` is a DNS name in A-labels (one trailing dot is ignored) or an IPv4/IPv6 address
 * in text. DNS names are compared label by label without regard to ASCII case; "*" counts only as the
 * whole left-most label with at least two labels behind it, stands for exactly one label and never
 * for an IP address (RFC 9525 §6.3); an address matches only iPAddress entries octet by octet (§6.4).
 * Entries with NUL or other characters that no host name has match nothing; "_" is let pass, because
 * such names are in use. *out_name (may be NULL) points into the certificate's DER; a DNS entry that
 * matched is printable ASCII.
 */
bool sp_name_match(const struct sp_cert *cert, const char *reference,
                   struct sp_general_name *out_name);

#endif
