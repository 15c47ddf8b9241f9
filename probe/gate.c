/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/gate.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u

struct key {
    uint8_t octets[16];
    uint8_t family; /* 4 or 6 */
};

struct sp_gate_address {
    struct sp_gate_address *next_in_bucket;
    struct key key;
    unsigned inside;
    struct sp_gate_pass *first_waiting, *last_waiting;
};

struct sp_gate {
    unsigned per_address;
    struct sp_gate_address *buckets[BUCKETS];
};

struct sp_gate *sp_gate_new(unsigned per_address)
{
    struct sp_gate *gate = calloc(1, sizeof *gate);
    if (gate)
        gate->per_address = per_address;
    return gate;
}

void sp_gate_free(struct sp_gate *gate)
{
    if (!gate)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct sp_gate_address *at = gate->buckets[i]; at;) {
            struct sp_gate_address *next = at->next_in_bucket;
            free(at);
            at = next;
        }
    }
    free(gate);
}

static struct key key_of(const struct sockaddr_storage *address)
{
    struct key key = {.family = address->ss_family == AF_INET6 ? 6 : 4};
    if (key.family == 6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(key.octets, &v6.sin6_addr, 16);
    } else {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(key.octets, &v4.sin_addr, 4);
    }
    return key;
}

/* FNV-1a. Addresses come from the user's names, so nobody gains by making them collide. */
static size_t bucket_of(const struct key *key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof key->octets; i++)
        hash = (hash ^ key->octets[i]) * 16777619u;
    return (hash ^ key->family) % BUCKETS;
}

static bool same_key(const struct key *a, const struct key *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

static struct sp_gate_address *find(struct sp_gate *gate, const struct key *key)
{
    struct sp_gate_address **bucket = &gate->buckets[bucket_of(key)];
    for (struct sp_gate_address *at = *bucket; at; at = at->next_in_bucket) {
        if (same_key(&at->key, key))
            return at;
    }
    struct sp_gate_address *at = calloc(1, sizeof *at);
    if (!at)
        return NULL;
    at->key = *key;
    at->next_in_bucket = *bucket;
    *bucket = at;
    return at;
}

/* Forgets an address that nobody is at, so that the gate stays as small as what is under way. */
static void drop_if_empty(struct sp_gate *gate, struct sp_gate_address *at)
{
    if (at->inside > 0 || at->first_waiting)
        return;
    struct sp_gate_address **link = &gate->buckets[bucket_of(&at->key)];
    while (*link != at)
        link = &(*link)->next_in_bucket;
    *link = at->next_in_bucket;
    free(at);
}

enum sp_gate_status sp_gate_enter(struct sp_gate *gate, const struct sockaddr_storage *address,
                                  struct sp_gate_pass *pass)
{
    struct key key = key_of(address);
    struct sp_gate_address *at = find(gate, &key);
    if (!at)
        return SP_GATE_NOMEM;
    pass->at = at;
    pass->before = pass->next = NULL;
    pass->waiting = false;
    if (at->inside < gate->per_address) {
        at->inside++;
        return SP_GATE_IN;
    }
    pass->waiting = true;
    pass->before = at->last_waiting;
    if (at->last_waiting)
        at->last_waiting->next = pass;
    else
        at->first_waiting = pass;
    at->last_waiting = pass;
    return SP_GATE_WAIT;
}

/* Without walking the line: a whole batch may wait at one address, and all of it may be cancelled. */
static void stop_waiting(struct sp_gate_address *at, struct sp_gate_pass *pass)
{
    if (pass->before)
        pass->before->next = pass->next;
    else
        at->first_waiting = pass->next;
    if (pass->next)
        pass->next->before = pass->before;
    else
        at->last_waiting = pass->before;
    pass->before = pass->next = NULL;
    pass->waiting = false;
}

static struct sp_gate_pass *next_in_line(struct sp_gate_address *at)
{
    struct sp_gate_pass *next = at->first_waiting;
    stop_waiting(at, next);
    return next;
}

struct sp_gate_pass *sp_gate_leave(struct sp_gate *gate, struct sp_gate_pass *pass)
{
    struct sp_gate_address *at = pass->at;
    struct sp_gate_pass *next = NULL;
    if (!at)
        return NULL;
    pass->at = NULL;
    if (pass->waiting)
        stop_waiting(at, pass);
    else if (at->first_waiting)
        next = next_in_line(at);
    else
        at->inside--;
    drop_if_empty(gate, at);
    return next;
}
