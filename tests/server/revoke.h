/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OCSP answers to staple, right or wrong in one way, and revocation lists. */
#ifndef TS_REVOKE_H
#define TS_REVOKE_H

#include "bytes.h"
#include "pki.h"

/*
 * Appends an OCSP response about the leaf of that certificate kind. `what` is one of good revoked unknown
 * stale future foreign delegate wrong-delegate wrong-signer flipped try-later garbage. Returns
 * 0, or -1 for another word or when OpenSSL refuses.
 */
int ts_revoke_staple(struct ts_pki *pki, const char *what, const char *kind, const char *host,
                     struct ts_bytes *out);

/*
 * Writes lists in PEM into `dir`: crl-good.pem, crl-leaf.pem (the certificate "ecdsa" of mx.test is revoked),
 * crl-inter.pem (so is the one above it), crl-stale.pem, crl-foreign.pem (another issuer's) and
 * crl-broken.pem. Returns 0, or -1 after a message on standard error.
 */
int ts_revoke_write_lists(struct ts_pki *pki, const char *dir);

#endif
