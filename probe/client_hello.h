/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ClientHello made by hand, as the one record of a question to a server: it carries no key, so no
 * handshake can come of it. Knows no TLS library.
 */
#ifndef SP_PROBE_CLIENT_HELLO_H
#define SP_PROBE_CLIENT_HELLO_H

#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_CLIENT_HELLO_RANDOM 64u

struct sp_client_hello {
    uint16_t version_min, version_max; /* wire values, 0x0300 (SSLv3) to 0x0304 */
    const uint16_t *suites;            /* at least one */
    size_t suite_count;
    const uint16_t *groups; /* none: the extension is left out */
    size_t group_count;
    const char *sni;       /* a DNS name, or NULL */
    const uint8_t *random; /* SP_CLIENT_HELLO_RANDOM octets: the random and a session ID */
};

/*
 * Appends the record. Up to TLS 1.2 there is no way to name a lowest version, so a server may choose
 * one below version_min. TLS 1.3 gets an empty key_share: a server that takes the offer answers with a
 * HelloRetryRequest, which says version, suite and group (RFC 8446 §4.2.8). False: no room or no memory.
 */
bool sp_client_hello_make(struct sp_buf *out, const struct sp_client_hello *hello);

#endif
