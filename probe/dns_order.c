/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules 1, 2, 5, 6 and 8 of RFC 6724 §6. Rules 3, 4 and 7 need what the system doesn't tell, and rule
 * 9, the longest common prefix, would undo a name server's own rotation.
 *
 * c-ares can sort too, but does so before anybody can cap the addresses: thousands of them, a socket
 * each, hold up the loop.
 */
#include "probe/dns_order.h"

#include "probe/limits.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define SCOPE_LINK 2u
#define SCOPE_SITE 5u
#define SCOPE_GLOBAL 14u

/* RFC 6724 §2.1, the longest prefix first. */
static const struct policy {
    uint8_t prefix[16];
    unsigned bits, precedence, label;
} policies[] = {
    {{[15] = 1}, 128, 50, 0},                /* ::1 */
    {{[10] = 0xff, [11] = 0xff}, 96, 35, 4}, /* IPv4 */
    {{0}, 96, 1, 3},                         /* ::/96 */
    {{0x20, 0x01}, 32, 5, 5},                /* 2001::/32, Teredo */
    {{0x20, 0x02}, 16, 30, 2},               /* 2002::/16, 6to4 */
    {{0x3f, 0xfe}, 16, 1, 12},               /* 3ffe::/16 */
    {{0xfe, 0xc0}, 10, 1, 11},               /* fec0::/10 */
    {{0xfc}, 7, 3, 13},                      /* fc00::/7, unique local */
    {{0}, 0, 40, 1},                         /* ::/0 */
};

struct candidate {
    union sp_dns_address address;
    bool reachable, same_scope, same_label;
    unsigned precedence, scope;
};

/* An IPv4 address becomes ::ffff:a.b.c.d. */
static void to_v6(const union sp_dns_address *address, uint8_t out[16])
{
    if (address->any.sa_family == AF_INET6) {
        memcpy(out, &address->in6.sin6_addr, 16);
        return;
    }
    memset(out, 0, 16);
    out[10] = 0xff;
    out[11] = 0xff;
    memcpy(out + 12, &address->in.sin_addr, 4);
}

static bool has_prefix(const uint8_t octets[16], const struct policy *policy)
{
    unsigned whole = policy->bits / 8;
    unsigned mask = 0xffu << (8 - policy->bits % 8) & 0xffu;

    return memcmp(octets, policy->prefix, whole) == 0 &&
           (mask == 0 || (octets[whole] & mask) == policy->prefix[whole]);
}

static const struct policy *find_policy(const uint8_t octets[16])
{
    const struct policy *policy = policies;

    while (!has_prefix(octets, policy)) /* the last one fits all */
        policy++;
    return policy;
}

/* RFC 6724 §3.1 and §3.2. */
static unsigned find_scope(const uint8_t octets[16])
{
    const struct policy *policy = find_policy(octets);

    if (policy->label == 4) /* 127.0.0.0/8 and 169.254.0.0/16 */
        return octets[12] == 127 || (octets[12] == 169 && octets[13] == 254) ? SCOPE_LINK
                                                                             : SCOPE_GLOBAL;
    if (octets[0] == 0xff)
        return octets[1] & 0x0fu;
    if (policy->label == 0 || (octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80))
        return SCOPE_LINK;
    return policy->label == 11 ? SCOPE_SITE : SCOPE_GLOBAL;
}

bool sp_dns_find_source(const union sp_dns_address *to, union sp_dns_address *out_source)
{
    union sp_dns_address peer = *to;
    socklen_t len = to->any.sa_family == AF_INET ? sizeof peer.in : sizeof peer.in6;
    int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok;

    if (fd < 0)
        return false;
    if (to->any.sa_family == AF_INET)
        peer.in.sin_port = htons(25);
    else
        peer.in6.sin6_port = htons(25);
    memset(out_source, 0, sizeof *out_source);
    ok = connect(fd, &peer.any, len) == 0 && getsockname(fd, &out_source->any, &len) == 0;
    close(fd);
    return ok;
}

static void judge(struct candidate *candidate, sp_dns_source_fn find_source)
{
    union sp_dns_address source;
    uint8_t octets[16];

    to_v6(&candidate->address, octets);
    candidate->precedence = find_policy(octets)->precedence;
    candidate->scope = find_scope(octets);
    candidate->reachable = find_source(&candidate->address, &source);
    if (candidate->reachable) {
        uint8_t from[16];

        to_v6(&source, from);
        candidate->same_scope = find_scope(from) == candidate->scope;
        candidate->same_label = find_policy(from)->label == find_policy(octets)->label;
    }
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (a->reachable != b->reachable) /* rule 1 */
        return a->reachable;
    if (a->same_scope != b->same_scope) /* rule 2 */
        return a->same_scope;
    if (a->same_label != b->same_label) /* rule 5 */
        return a->same_label;
    if (a->precedence != b->precedence) /* rule 6 */
        return a->precedence > b->precedence;
    return a->scope < b->scope; /* rule 8 */
}

void sp_dns_order(union sp_dns_address *addresses, size_t count, sp_dns_source_fn find_source)
{
    struct candidate sorted[SP_LIMIT_ADDRESSES];

    if (count < 2 || count > SP_LIMIT_ADDRESSES)
        return;
    for (size_t i = 0; i < count; i++) {
        struct candidate candidate = {.address = addresses[i]};
        size_t place = i;

        judge(&candidate, find_source);
        for (; place > 0 && is_better(&candidate, &sorted[place - 1]); place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = candidate;
    }
    for (size_t i = 0; i < count; i++)
        addresses[i] = sorted[i].address;
}
