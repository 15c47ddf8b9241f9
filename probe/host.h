/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Host names and addresses as users write them: checked, international names turned into A-labels
 * (IDNA2008 with the non-transitional mapping of UTS #46). Nothing is looked up.
 */
#ifndef SP_PROBE_HOST_H
#define SP_PROBE_HOST_H

#include "probe/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct sp_host {
    const char
        *name; /* A-labels in lower case without trailing dot, or an address in its usual form
                            (an IPv6 address may carry "%zone") */
    const char *no_zone; /* the same without "%zone" */
    int family;          /* AF_INET or AF_INET6 for an address, 0 for a name */
    bool absolute;       /* a name written with a trailing dot: no search list */
};

/*
 * Takes a name or an address apart (no brackets, no port). Names: letters, digits, hyphens and
 * underscores, labels of 1..63 octets, 253 in all (RFC 1035 §2.3.4, RFC 1123 §2.1). What looks like a
 * number but is no plain IPv4 address ("127.1", "0x7f.1", "017.0.0.1") is refused, because programs
 * differ about it. False: error[0..size) says in one printable line why; out of memory is such a
 * failure too.
 */
bool sp_host_parse(struct sp_arena *arena, const char *text, size_t len, struct sp_host *out_host,
                   char *error, size_t size);

/* "IP", "IP:PORT", "[IPv6]" or "[IPv6]:PORT" as a socket address. False: it is none of these. */
bool sp_address_parse(const char *text, unsigned default_port,
                      struct sockaddr_storage *out_address);

/* Copies text into out[0..size) in double quotes and safe to print: what is not plain ASCII becomes
 * \xNN, and long text is cut. Returns out. */
const char *sp_quote(char *out, size_t size, const char *text, size_t len);

#define SP_QUOTE_SIZE 96u

#endif
