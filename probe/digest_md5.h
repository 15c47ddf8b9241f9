/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What DIGEST-MD5 (RFC 2831) says and computes: pure, octets in and out. Historic by RFC 6331, and still
 * offered.
 */
#ifndef SP_PROBE_DIGEST_MD5_H
#define SP_PROBE_DIGEST_MD5_H

#include "probe/der.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_DIGEST_CHALLENGE 2047u /* octets: RFC 2831 §2.1.1, "less than 2048" */
#define SP_DIGEST_RESPONSE 4095u  /* the same of §2.1.2, "less than 4096" */
#define SP_DIGEST_HEX 33u         /* a digest in hex, with its NUL */
/* `realm=x,`: there can't be more in a challenge. */
#define SP_DIGEST_REALMS (SP_DIGEST_CHALLENGE / 8u + 1)

struct sp_digest_challenge {
    struct sp_slice nonce;
    struct sp_slice realms[SP_DIGEST_REALMS]; /* in the server's order */
    size_t realm_count;
    bool utf8; /* charset=utf-8: names in UTF-8 are understood */
    uint8_t text[SP_DIGEST_CHALLENGE +
                 1]; /* what the slices point to: without quotes, escapes undone */
};

/*
 * Reads the server's challenge into *out, which must not be moved then. False: error[0..size) says in one line
 * what is against the rules, or that the server wants what we don't have; it may quote the server raw.
 */
bool sp_digest_read_challenge(struct sp_slice octets, struct sp_digest_challenge *out, char *error,
                              size_t size);
/* Whether the server's last words hold this proof: rspauth=`expected`, 32 hex digits. False with error[0]
 * '\0': there is another one, so the server doesn't know the password. False else: as above. */
bool sp_digest_read_proof(struct sp_slice octets, const char *expected, char *error, size_t size);

/* What goes into the digests, in the octets that are hashed: see sp_digest_encode. */
struct sp_digest_login {
    struct sp_slice user, realm, password, nonce, cnonce, uri;
};

/* §2.1.2.1 and §2.1.3, for nc=00000001, qop=auth and no authzid. False: out of memory. */
bool sp_digest_compute(const struct sp_digest_login *login, char out_response[SP_DIGEST_HEX],
                       char out_proof[SP_DIGEST_HEX]);

/*
 * Writes the ISO 8859-1 of UTF-8 text to out[0..len): what is hashed of a name or password wherever it is
 * possible (§2.1.2.1). False: a character isn't in it, or it is no UTF-8; then `out` holds anything.
 */
bool sp_digest_latin1(const char *text, size_t len, uint8_t *out, size_t *out_len);

#endif
