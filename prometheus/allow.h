/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which targets may be probed: exporter.allow_targets. Asked twice: by name before the lookup, and by
 * address before the connection is made, which then goes to just these addresses.
 *
 *   pattern = "*." name            ; every name below it, not itself
 *           | name                 ; without regard to case or a final dot; U-labels are mapped
 *           | address ["/" bits]   ; IPv4 or IPv6, no bits set behind the prefix
 *           | "lmtp+unix:" path    ; this very path
 *
 * An empty list allows every host, but no socket: a URL must not reach into the exporter's machine
 * unless the configuration says so. "::ffff:192.0.2.1" is the same as 192.0.2.1 on either side, and
 * a target's zone ("%eth0") doesn't count.
 */
#ifndef SP_PROMETHEUS_ALLOW_H
#define SP_PROMETHEUS_ALLOW_H

#include "probe/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct sp_allow;

/* Compiles the patterns. NULL: error[0..size) names the one that is wrong, and says why. */
struct sp_allow *sp_allow_new(const char *const *patterns, size_t count, char *error, size_t size);
void sp_allow_free(struct sp_allow *allow); /* NULL is allowed */
/* Tells whether one pattern can be used, for whoever reads the configuration. False: error says why. */
bool sp_allow_check(const char *pattern, char *error, size_t size);

enum sp_allow_verdict {
    SP_ALLOW_NO,
    SP_ALLOW_YES,       /* whatever its addresses are */
    SP_ALLOW_BY_ADDRESS /* a name that no pattern has: its addresses decide */
};
/* The endpoint must be valid. */
enum sp_allow_verdict sp_allow_target(const struct sp_allow *allow,
                                      const struct sp_endpoint *endpoint);
/* AF_INET or AF_INET6; anything else is not allowed. */
bool sp_allow_address(const struct sp_allow *allow, const struct sockaddr_storage *address);

#endif
