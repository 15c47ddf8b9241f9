/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An OCSP answer (RFC 6960), as a server staples it to its handshake: read by our own parser, held
 * against the certificate that it should be about, and verified. Nothing is fetched.
 */
#ifndef SP_PROBE_OCSP_H
#define SP_PROBE_OCSP_H

#include "probe/arena.h"
#include "probe/cert.h"
#include "probe/crl.h"

#include <stdbool.h>
#include <stdint.h>

/* How far the clocks of a responder and ours may be apart; OpenSSL allows the same. */
#define SP_OCSP_SKEW_S 300
/* An answer that does not say when the next one comes counts for so long. */
#define SP_OCSP_AGE_S (7 * 86400)

enum sp_ocsp_status {
    SP_OCSP_NONE, /* nothing could be read of our certificate */
    SP_OCSP_GOOD,
    SP_OCSP_REVOKED,
    SP_OCSP_UNKNOWN /* the responder says that it does not know the certificate */
};

/* What a staple says. Times are Unix seconds, 0: not told. */
struct sp_ocsp {
    bool present; /* the server sent one */
    bool valid;   /* it can be read, is about this certificate, up to date, and signed by whom the
                             issuer lets sign; only then does `status` count */
    enum sp_ocsp_status status;
    int64_t this_update, next_update, produced_at;
    int64_t revoked_at;
    const char *revocation_reason; /* "keyCompromise" (RFC 5280 §5.3.1), static; NULL: not told */
    const char *responder; /* its name, or "key " and a digest; made safe to print; or NULL */
    const char *error;     /* why it is not valid: a part of a sentence without its subject, safe to
                                 print: "is out of date since 2026-09-01"; NULL: it is valid */
    const char
        *weak_hash; /* "SHA-1" when the signature of a valid answer stands on that; or NULL */
    const char
        *weak_key; /* "RSA 1024" when a valid answer is signed with a key that short; or NULL */
};

/* "good", "revoked", "unknown"; NULL for SP_OCSP_NONE. */
const char *sp_ocsp_status_name(enum sp_ocsp_status status);

/*
 * Reads a response and fills *out; `present` is set. `cert` is the certificate that it should be about,
 * `issuer` the one whose key signed that (NULL: not known, then no answer is valid). A responder's own
 * certificate is looked up in `crls` (NULL: none). `now` in Unix seconds. The response need not outlive the
 * call; texts come from `arena`. At most SP_LIMIT_OCSP_TRIES signatures are checked. False: out of memory.
 */
bool sp_ocsp_read(struct sp_arena *arena, struct sp_slice response, const struct sp_cert *cert,
                  const struct sp_cert *issuer, const struct sp_crls *crls, int64_t now,
                  struct sp_ocsp *out);

#endif
