/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/dns_entry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void sp_dns_table_init(struct sp_dns_table *table, size_t idle_max)
{
    memset(table, 0, sizeof *table);
    table->idle_max = idle_max;
    TAILQ_INIT(&table->idle);
}

static struct sp_dns_entry **find_bucket(struct sp_dns_table *table, const char *host)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *c = host; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return &table->buckets[hash & (SP_DNS_BUCKETS - 1)];
}

struct sp_dns_entry *sp_dns_table_find(struct sp_dns_table *table, const char *host,
                                       enum sp_family family)
{
    struct sp_dns_entry *entry = *find_bucket(table, host);

    while (entry && (entry->family != family || strcmp(entry->host, host) != 0))
        entry = entry->next_in_bucket;
    return entry;
}

void sp_dns_entry_restart(struct sp_dns_entry *entry)
{
    entry->state = SP_DNS_QUEUED;
    entry->asked_family = entry->family == SP_FAMILY_IPV4   ? AF_INET
                          : entry->family == SP_FAMILY_IPV6 ? AF_INET6
                                                            : AF_UNSPEC;
    entry->candid = false;
    entry->first_status = 0;
}

struct sp_dns_entry *sp_dns_table_add(struct sp_dns_table *table, const char *host,
                                      enum sp_family family)
{
    size_t len = strlen(host);
    struct sp_dns_entry **bucket = find_bucket(table, host);
    struct sp_dns_entry *entry = calloc(1, sizeof *entry + len + 1);

    if (!entry)
        return NULL;
    memcpy(entry->host, host, len + 1);
    entry->family = family;
    sp_dns_entry_restart(entry);
    TAILQ_INIT(&entry->waiting);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    return entry;
}

void sp_dns_table_remove(struct sp_dns_table *table, struct sp_dns_entry *entry)
{
    struct sp_dns_entry **place = find_bucket(table, entry->host);

    while (*place != entry)
        place = &(*place)->next_in_bucket;
    *place = entry->next_in_bucket;
    free(entry->detail);
    free(entry->canonical);
    free(entry->addresses);
    free(entry);
}

static void make_idle(struct sp_dns_table *table, struct sp_dns_entry *entry)
{
    struct sp_dns_entry *oldest;

    TAILQ_INSERT_TAIL(&table->idle, entry, link);
    if (++table->idle_count <= table->idle_max)
        return;
    oldest = TAILQ_FIRST(&table->idle);
    TAILQ_REMOVE(&table->idle, oldest, link);
    table->idle_count--;
    sp_dns_table_remove(table, oldest);
}

void sp_dns_table_hold(struct sp_dns_table *table, struct sp_dns_entry *entry)
{
    if (entry->users++ == 0 && entry->state == SP_DNS_FINISHED) {
        TAILQ_REMOVE(&table->idle, entry, link);
        table->idle_count--;
    }
}

void sp_dns_table_release(struct sp_dns_table *table, struct sp_dns_entry *entry)
{
    if (--entry->users == 0 && entry->state == SP_DNS_FINISHED)
        make_idle(table, entry);
}

void sp_dns_table_finish(struct sp_dns_table *table, struct sp_dns_entry *entry)
{
    entry->state = SP_DNS_FINISHED;
    if (entry->users == 0)
        make_idle(table, entry);
}

void sp_dns_table_free(struct sp_dns_table *table)
{
    for (size_t i = 0; i < SP_DNS_BUCKETS; i++)
        while (table->buckets[i])
            sp_dns_table_remove(table, table->buckets[i]);
}
