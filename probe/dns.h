/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lookups of A and AAAA by c-ares on the libuv loop: nothing blocks and no thread is used. Honours
 * /etc/hosts, resolv.conf (servers, search list, ndots) and --dns-server. Equal names that are asked
 * for while the first lookup is under way are looked up once. In a run they are afterwards too, unless
 * more than SP_LIMIT_DNS_CACHE other names came in between; failures are remembered like answers.
 */
#ifndef SP_PROBE_DNS_H
#define SP_PROBE_DNS_H

#include "probe/limits.h"
#include "probe/options.h"
#include "probe/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

struct sp_dns;
struct sp_dns_query;

/* An answer. Valid only while the callback runs: copy what you keep. */
struct sp_dns_answer {
    enum sp_reason reason; /* SP_REASON_OK, dns-nxdomain, dns-no-address, dns-servfail, dns-timeout,
                              local-resource-exhausted, internal-error */
    const char *detail;    /* one line for people on failure, else NULL */
    const char *canonical; /* the name behind CNAMEs if it isn't the one asked for, else NULL */
    /* Each address once, port 0, best first (RFC 6724). */
    struct sockaddr_storage addresses[SP_LIMIT_ADDRESSES];
    size_t count;
    bool cut; /* there were more */
};

typedef void (*sp_dns_cb)(void *data, const struct sp_dns_answer *answer);

struct sp_dns_config {
    uv_loop_t *loop;
    const char *server; /* --dns-server's text, or NULL */
    /* For a process that goes on: nothing is remembered, so that each probe sees the names as they are
     * then, and resolv.conf is read again once it has changed. */
    bool long_lived;
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
};
/* Copies what it needs. NULL on failure: error[0..size) says why. */
struct sp_dns *sp_dns_new(const struct sp_dns_config *config, char *error, size_t size);
/* Cancels everything (no callback is called any more) and frees once the handles are closed, which
 * needs the loop to run. */
void sp_dns_close(struct sp_dns *dns);

/*
 * Looks `host` (A-labels, not numeric) up in the given family. The callback is always called from the
 * loop, never from inside this function. The query ends with the answer or by sp_dns_cancel.
 * NULL: out of memory, or sp_dns_close was called.
 */
struct sp_dns_query *sp_dns_resolve(struct sp_dns *dns, const char *host, enum sp_family family,
                                    sp_dns_cb callback, void *data);
/* The callback of this query will not be called; the lookup goes on for others. */
void sp_dns_cancel(struct sp_dns_query *query);

#endif
