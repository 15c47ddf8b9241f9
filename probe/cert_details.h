/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a certificate says beyond the facts that are judged: for people who look at it. Read from the
 * certificate's own octets when it is asked for, without memory of its own; what can't be read is left out,
 * and breaks of the grammar are in cert->flaws already.
 */
#ifndef SP_PROBE_CERT_DETAILS_H
#define SP_PROBE_CERT_DETAILS_H

#include "probe/cert.h"

#include <stdbool.h>
#include <stddef.h>

#define SP_DETAILS_LIST 16u /* elements kept of each list below */

struct sp_uses { /* extKeyUsage, RFC 5280 §4.2.1.12 */
    struct sp_slice oids[SP_DETAILS_LIST];
    size_t count;
    bool cut;
};

struct sp_urls {
    struct sp_slice items[SP_DETAILS_LIST]; /* raw octets of a uniformResourceIdentifier */
    size_t count;
    bool cut;
};

struct sp_subtrees { /* of nameConstraints, RFC 5280 §4.2.1.10 */
    struct sp_general_name items[SP_DETAILS_LIST];
    size_t count;
    bool cut;
};

/* Points into cert->der. */
struct sp_cert_details {
    struct sp_uses uses;
    struct sp_urls ocsp;    /* authorityInfoAccess, RFC 5280 §4.2.2.1 */
    struct sp_urls issuers; /* the same: where the issuer's certificate can be had */
    struct sp_urls crls;    /* cRLDistributionPoints, RFC 5280 §4.2.1.13 */
    struct sp_subtrees permitted, excluded;
};

/* `cert` is one that was parsed. */
void sp_cert_read_details(const struct sp_cert *cert, struct sp_cert_details *out);
/* "serverAuth"; NULL: a use without a name here. */
const char *sp_use_name(struct sp_slice oid);

#define SP_USAGE_COUNT 9u /* bits of cert->key_usage */
/* "digitalSignature" for bit 0 (RFC 5280 §4.2.1.3); `index` < SP_USAGE_COUNT. */
const char *sp_usage_name(unsigned index);

#endif
