/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lookups of dns.c and, once finished, their answers as a cache, keyed by name and family. Knows
 * neither the loop nor c-ares. Private to the dns files.
 */
#ifndef SP_PROBE_DNS_ENTRY_H
#define SP_PROBE_DNS_ENTRY_H

#include "probe/options.h"
#include "probe/reason.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define SP_DNS_BUCKETS 4096u /* a power of two */

struct sp_dns;
struct sp_dns_query;

union sp_dns_address { /* a quarter of struct sockaddr_storage */
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

enum sp_dns_state { SP_DNS_QUEUED, SP_DNS_ASKED, SP_DNS_FINISHED };

TAILQ_HEAD(sp_dns_query_list, sp_dns_query);
TAILQ_HEAD(sp_dns_entry_list, sp_dns_entry);

struct sp_dns_entry {
    struct sp_dns *dns;
    struct sp_dns_entry *next_in_bucket;
    TAILQ_ENTRY(sp_dns_entry) link; /* in a list of dns.c, or among the idle ones */
    enum sp_dns_state state;
    bool young;                       /* in dns.c's list of that name */
    uint64_t asked_ms;                /* loop time when it was asked */
    size_t users;                     /* queries that hold it; a delivery under way is one too */
    struct sp_dns_query_list waiting; /* queries, until the entry is finished */
    enum sp_family family;
    int asked_family; /* AF_*, of the pass to come or under way */
    bool candid;      /* the pass asks the candid channel */
    int first_status; /* of the pass for both families; ARES_SUCCESS: none failed */
    enum sp_reason reason;
    char *detail, *canonical;        /* or NULL */
    union sp_dns_address *addresses; /* `count` of them */
    size_t count;
    bool cut;
    char host[]; /* lower case */
};

/* All entries. Those that are finished and that nobody holds are kept up to `idle_max`; the one that
 * was not used for longest goes first. */
struct sp_dns_table {
    struct sp_dns_entry_list idle;
    size_t idle_count, idle_max;
    struct sp_dns_entry *buckets[SP_DNS_BUCKETS];
};

void sp_dns_table_init(struct sp_dns_table *table, size_t idle_max);
/* Frees every entry, whoever holds it. */
void sp_dns_table_free(struct sp_dns_table *table);
/* The entry or NULL. `host` is lower case. */
struct sp_dns_entry *sp_dns_table_find(struct sp_dns_table *table, const char *host,
                                       enum sp_family family);
/* A new entry, queued, in no list but the table's. NULL: out of memory. */
struct sp_dns_entry *sp_dns_table_add(struct sp_dns_table *table, const char *host,
                                      enum sp_family family);
/* Frees an entry that nobody holds and that is not idle. */
void sp_dns_table_remove(struct sp_dns_table *table, struct sp_dns_entry *entry);
void sp_dns_table_hold(struct sp_dns_table *table, struct sp_dns_entry *entry);
/* Queued again from the beginning, as when it was new. */
void sp_dns_entry_restart(struct sp_dns_entry *entry);
/* The opposite of hold; may free a finished entry. */
void sp_dns_table_release(struct sp_dns_table *table, struct sp_dns_entry *entry);
/* The entry has its answer; frees it when nobody holds it and none is kept. */
void sp_dns_table_finish(struct sp_dns_table *table, struct sp_dns_entry *entry);

#endif
