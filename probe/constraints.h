/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Name constraints (RFC 5280 §4.2.1.10): may a CA issue certificates for these names? */
#ifndef SP_PROBE_CONSTRAINTS_H
#define SP_PROBE_CONSTRAINTS_H

#include "probe/cert.h"

enum sp_constraint_verdict {
    SP_CONSTRAINT_HOLDS,
    SP_CONSTRAINT_NOT_PERMITTED, /* there are permitted subtrees of that kind, and none has the name */
    SP_CONSTRAINT_EXCLUDED,      /* the name is in an excluded subtree */
    SP_CONSTRAINT_UNSUPPORTED, /* a kind of constraint that we can't judge bears on a name */
    SP_CONSTRAINT_MALFORMED,
    SP_CONSTRAINT_TOO_MANY /* *steps reached zero */
};

/*
 * Holds the names of `cert` (subject, mail addresses in it, every subjectAltName) against
 * `constraints`, the value of the extension. *steps is what the work may cost: each comparison takes
 * one, and one more for each 32 octets that it has to read. For a name that fails, *out_name tells
 * it; a directoryName has the tag SP_DER_CONTEXT_CONSTRUCTED(4) and the Name
 * as its value.
 */
enum sp_constraint_verdict sp_constraints_check(struct sp_slice constraints,
                                                const struct sp_cert *cert, unsigned *steps,
                                                struct sp_general_name *out_name);

#endif
