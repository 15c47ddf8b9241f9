/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificate revocation lists (RFC 5280 §5) from files of the user, shared by all endpoints. Octets are
 * kept as they came; entries are found over an index of their places, so that a list of a million entries
 * takes little more memory than its file.
 *
 * The pointer is const to its users because what a lookup finds never changes; which key has been seen
 * to have signed a list is kept all the same, so one set is used by one thread at a time.
 */
#ifndef SP_PROBE_CRL_H
#define SP_PROBE_CRL_H

#include "probe/arena.h"
#include "probe/cert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list that begins so little in the future is taken: clocks differ. */
#define SP_CRL_SKEW_S 300

struct sp_crls;

enum sp_crl_status {
    SP_CRL_NOT_ASKED, /* nobody could: a trusted anchor itself, or the path is broken there */
    SP_CRL_MISSING,   /* no list of its issuer covers the certificate */
    SP_CRL_GOOD,
    SP_CRL_REVOKED,
    SP_CRL_UNUSABLE /* there is a list, and it can't tell: see `error` */
};

/* What the lists say of one certificate. Times are Unix seconds, 0: not told. */
struct sp_crl_answer {
    enum sp_crl_status status;
    int64_t this_update, next_update; /* of the list that told */
    int64_t revoked_at;
    const char *revocation_reason; /* "keyCompromise" (RFC 5280 §5.3.1), static; NULL: not told */
    const char
        *error; /* what is wrong with the list: a part of a sentence without its subject, safe
                                to print: "is out of date since 2026-09-01". A list that is signed and
                                out of date can still say REVOKED. NULL: nothing */
    const char *weak_hash; /* "SHA-1" when the list's signature stands on that; or NULL */
};

/* "not-asked", "missing", "good", "revoked", "unusable". */
const char *sp_crl_status_name(enum sp_crl_status status);
/* RFC 5280 §5.3.1; NULL: no such number. */
const char *sp_crl_reason_name(int number);

/*
 * Reads all files, each with one or more lists in PEM or one in DER. NULL: error[0..size) names the file,
 * what is wrong with it and what to do. An empty file, one without a list and one with a broken list are
 * errors; lists that are out of date or of a kind that can't be used are told of when they are asked.
 */
struct sp_crls *sp_crls_load(const char *const *files, size_t count, char *error, size_t size);
/* From PEM or DER in memory; for tests and fuzzers. */
struct sp_crls *sp_crls_from_memory(const void *data, size_t len, char *error, size_t size);
void sp_crls_free(struct sp_crls *crls);
size_t sp_crls_count(const struct sp_crls *crls);

/*
 * Looks `cert` up in the lists of `issuer`, whose key must have signed it (the caller has seen to that).
 * `now` in Unix seconds; texts come from `arena`. False: out of memory.
 */
bool sp_crls_lookup(const struct sp_crls *crls, struct sp_arena *arena, const struct sp_cert *cert,
                    const struct sp_cert *issuer, int64_t now, struct sp_crl_answer *out);

#endif
