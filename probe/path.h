/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Path building and validation (RFC 5280 §6) over copies of the certificates that a server sent.
 * Every problem is listed; none hides another.
 */
#ifndef SP_PROBE_PATH_H
#define SP_PROBE_PATH_H

#include "probe/arena.h"
#include "probe/cert.h"
#include "probe/reason.h"
#include "probe/trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_problem {
    enum sp_reason reason; /* a certificate-* reason */
    int depth;             /* index in the chain as sent; -1: the chain as a whole or an anchor */
    const char *detail; /* one line for people, safe to print: "expired 12 days ago (2026-09-01)" */
    bool fatal;         /* it takes the trust from the path; a name that doesn't match does not */
    bool revocation;    /* told by revocation.c: which state it has depends on --ocsp too */
};

struct sp_verify {
    bool done;    /* a chain was there to look at */
    bool trusted; /* a path to an anchor exists whose only problems are none: signatures, dates,
                              constraints and usages all hold (names and weak algorithms apart) */
    bool name_tested, name_match;
    const char *matched_name;     /* the SAN entry as text, or NULL */
    const char *authenticated_by; /* "pkix" when trusted and the name matches, else NULL */
    struct sp_problem *problems;  /* what must be fixed first comes first */
    size_t problem_count;
    int *path; /* indexes into the chain, leaf first; the anchor is not in it */
    size_t path_count;
    /* The anchor used, or NULL. The trust index owns it, or it is the server's own certificate. */
    const struct sp_cert *anchor;
};

/*
 * Validates certs[0..count) (as sent, leaf first) for a TLS server at instant `now` (Unix seconds)
 * and fills *out_verify; memory from `arena`. `trust` may be NULL (no anchors: nothing is trusted).
 * `reference` is the name to check (see sp_name_match), or NULL: no name check.
 * Spends at most SP_LIMIT_PATH_TRIES signature checks, whatever the chain looks like.
 * Returns false only when out of memory.
 */
bool sp_path_validate(struct sp_arena *arena, const struct sp_cert *certs, size_t count,
                      const struct sp_trust *trust, const char *reference, int64_t now,
                      struct sp_verify *out_verify);

/*
 * Adds what was found elsewhere to the problems of a `verify` that is done, in its place by urgency; when
 * the list is full the least urgent one gives way.
 */
void sp_verify_add(struct sp_verify *verify, const struct sp_problem *problem);

#endif
