/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An entry is one lookup, keyed by name and family, and afterwards its cached answer:
 *
 *   queued ──start_entry──► asked ──on_addrinfo──► finished ──(no query waits)──► idle ──► evicted
 *
 * A long-lived resolver has no idle entries.
 *
 * c-ares is only called from the loop, and queries are only answered from the work timer, never from
 * inside c-ares or sp_dns_resolve: so whoever is called back may resolve, cancel and close at will.
 * Lookups are started in small bursts, because a thousand datagrams at once overflow the socket
 * buffers of a local resolver and each loss costs ATTEMPT_MS.
 */
#include "probe/dns.h"

#include "probe/dns_answer.h"
#include "probe/dns_channel.h"
#include "probe/dns_entry.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* Up to WINDOW lookups that are younger than YOUNG_MS are under way without delay; of those above,
 * BURST are started every PACE_MS. What is older has left every socket buffer. */
#define WINDOW 64u
#define YOUNG_MS 100u
#define BURST 16u
#define PACE_MS 10u

struct sp_dns_query {
    TAILQ_ENTRY(sp_dns_query) link; /* in entry->waiting or dns->ready */
    struct sp_dns_entry *entry;
    sp_dns_cb callback;
    void *data;
};

struct sp_dns {
    uv_loop_t *loop;
    struct sp_dns_channels *channels;
    uv_timer_t work;  /* starts lookups and answers queries */
    unsigned handles; /* not yet closed; the channels count as one */
    bool closing;
    size_t young_count;
    uint64_t next_burst_ms;          /* loop time from when WINDOW may be exceeded again */
    struct sp_dns_query_list ready;  /* their entries are finished */
    struct sp_dns_entry_list young;  /* asked less than YOUNG_MS ago, the oldest first */
    struct sp_dns_entry_list queued; /* to be started */
    struct sp_dns_table table;
};

static void on_work(uv_timer_t *timer);

/* Asks for on_work, at once when something waits that may not wait. */
static void arm_work(struct sp_dns *dns, unsigned pause_ms)
{
    if (!uv_is_active((uv_handle_t *)&dns->work) || pause_ms == 0)
        uv_timer_start(&dns->work, on_work, pause_ms, 0);
}

/* The answer is known: its queries will be called from on_work. */
static void finish_entry(struct sp_dns_entry *entry)
{
    struct sp_dns *dns = entry->dns;

    if (TAILQ_EMPTY(&entry->waiting)) {
        sp_dns_table_finish(&dns->table, entry); /* everybody cancelled */
        return;
    }
    TAILQ_CONCAT(&dns->ready, &entry->waiting, link);
    sp_dns_table_finish(&dns->table, entry);
    arm_work(dns, 0);
}

/* --- lookups ---------------------------------------------------------------------------------- */

static void on_addrinfo(void *data, int status, int timeouts, struct ares_addrinfo *info);

static void ask(struct sp_dns_entry *entry)
{
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT, /* see dns_order.c */
        .ai_family = entry->asked_family,
    };

    entry->state = SP_DNS_ASKED;
    entry->asked_ms = uv_now(entry->dns->loop);
    entry->young = true;
    TAILQ_INSERT_TAIL(&entry->dns->young, entry, link);
    entry->dns->young_count++;
    ares_getaddrinfo(
        sp_dns_channels_get(entry->dns->channels, entry->candid ? SP_DNS_CANDID : SP_DNS_USUAL),
        entry->host, NULL, &hints, on_addrinfo, entry);
}

/*
 * When both families are asked for and none gave an address, c-ares tells the fate of the answer that
 * came last only: "no data" may hide the failure of the other family, and garbage for one family its
 * good answer. So each family is then asked for alone. False: no further pass.
 */
static bool choose_next_pass(struct sp_dns_entry *entry, int status)
{
    bool odd = status == ARES_ENODATA || status == ARES_EBADRESP;

    if (status == ARES_ECONNREFUSED && !entry->candid) {
        entry->candid = true;
        return true;
    }
    if (entry->asked_family == AF_UNSPEC && odd) {
        entry->first_status = status;
        entry->asked_family = AF_INET;
        return true;
    }
    if (entry->asked_family == AF_INET && entry->family == SP_FAMILY_ANY &&
        (odd || status == ARES_ENOTFOUND)) {
        entry->asked_family = AF_INET6;
        return true;
    }
    return false;
}

static int merge_status(const struct sp_dns_entry *entry, int status)
{
    bool hollow = status == ARES_ENODATA || status == ARES_ENOTFOUND;

    return entry->first_status != ARES_SUCCESS && hollow ? entry->first_status : status;
}

static void outgrow(struct sp_dns_entry *entry)
{
    if (!entry->young)
        return;
    entry->young = false;
    TAILQ_REMOVE(&entry->dns->young, entry, link);
    entry->dns->young_count--;
}

static void on_addrinfo(void *data, int status, int timeouts, struct ares_addrinfo *info)
{
    struct sp_dns_entry *entry = data;
    struct sp_dns *dns = entry->dns;

    (void)timeouts;
    if (dns->closing) {
        ares_freeaddrinfo(info);
        return;
    }
    outgrow(entry);
    if (status ==
        ARES_EDESTRUCTION) { /* resolv.conf has changed: the new one's servers are asked */
        ares_freeaddrinfo(info);
        sp_dns_entry_restart(entry);
        TAILQ_INSERT_TAIL(&dns->queued, entry, link);
        arm_work(dns, 0);
        return;
    }
    if (status == ARES_SUCCESS && info)
        status = sp_dns_answer_read(entry, info);
    ares_freeaddrinfo(info);
    if (status != ARES_SUCCESS && choose_next_pass(entry, status)) {
        /* Not from inside c-ares: on_work starts it. */
        entry->state = SP_DNS_QUEUED;
        TAILQ_INSERT_HEAD(&dns->queued, entry, link);
        arm_work(dns, 0);
        return;
    }
    if (status != ARES_SUCCESS)
        sp_dns_answer_fail(entry, sp_dns_channels_get(dns->channels, SP_DNS_USUAL),
                           merge_status(entry, status), sp_dns_channels_starved(dns->channels));
    finish_entry(entry);
    if (!TAILQ_EMPTY(&dns->queued)) /* there is room in the window now */
        arm_work(dns, 0);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void start_entry(struct sp_dns_entry *entry)
{
    TAILQ_REMOVE(&entry->dns->queued, entry, link);
    if (entry->users == 0) { /* everybody cancelled before it was asked */
        sp_dns_table_remove(&entry->dns->table, entry);
        return;
    }
    ask(entry);
}

static void start_lookups(struct sp_dns *dns)
{
    size_t most = WINDOW;
    uint64_t now = uv_now(dns->loop);

    if (TAILQ_EMPTY(&dns->queued))
        return;
    sp_dns_channels_follow(dns->channels);
    while (!TAILQ_EMPTY(&dns->young) && TAILQ_FIRST(&dns->young)->asked_ms + YOUNG_MS <= now)
        outgrow(TAILQ_FIRST(&dns->young));
    if (dns->young_count + BURST > WINDOW && now >= dns->next_burst_ms) {
        most = dns->young_count + BURST;
        dns->next_burst_ms = now + PACE_MS;
    }
    /* Names in the hosts file are answered at once, but each costs reading it: so no more than this. */
    for (unsigned i = 0; i < WINDOW && dns->young_count < most && !TAILQ_EMPTY(&dns->queued); i++)
        start_entry(TAILQ_FIRST(&dns->queued));
    sp_dns_channels_arm(dns->channels);
}

static void answer_queries(struct sp_dns *dns)
{
    struct sp_dns_query_list batch = TAILQ_HEAD_INITIALIZER(batch);
    struct sp_dns_answer answer;
    struct sp_dns_query *query;
    size_t count = 0;

    /* Only what is ready now: a callback that asks again for a known name must not keep us here. */
    TAILQ_FOREACH(query, &dns->ready, link)
    count++;
    while (count-- > 0 && (query = TAILQ_FIRST(&dns->ready)) != NULL) {
        struct sp_dns_entry *entry = query->entry;
        sp_dns_cb callback = query->callback;
        void *data = query->data;

        TAILQ_REMOVE(&dns->ready, query, link);
        free(query); /* the query's hold on the entry lasts until the callback is back */
        sp_dns_answer_fill(entry, &answer);
        callback(data, &answer);
        if (dns->closing)
            return;
        sp_dns_table_release(&dns->table, entry);
    }
}

static void on_work(uv_timer_t *timer)
{
    struct sp_dns *dns = timer->data;

    start_lookups(dns);
    answer_queries(dns);
    if (dns->closing)
        return;
    if (!TAILQ_EMPTY(&dns->ready))
        arm_work(dns, 0);
    else if (!TAILQ_EMPTY(&dns->queued))
        arm_work(dns, PACE_MS);
}

/* --- birth and end ---------------------------------------------------------------------------- */

struct sp_dns *sp_dns_new(const struct sp_dns_config *config, char *error, size_t size)
{
    struct sp_dns *dns = calloc(1, sizeof *dns);

    if (!dns) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    dns->channels = sp_dns_channels_new(config, error, size);
    if (!dns->channels) {
        free(dns);
        return NULL;
    }
    dns->loop = config->loop;
    TAILQ_INIT(&dns->ready);
    TAILQ_INIT(&dns->queued);
    TAILQ_INIT(&dns->young);
    sp_dns_table_init(&dns->table, config->long_lived ? 0 : SP_LIMIT_DNS_CACHE);
    uv_timer_init(config->loop, &dns->work);
    dns->work.data = dns;
    dns->handles = 2;
    return dns;
}

static void drop_handle(void *data)
{
    struct sp_dns *dns = data;

    if (--dns->handles > 0)
        return;
    sp_dns_table_free(&dns->table);
    free(dns);
}

static void on_work_closed(uv_handle_t *handle)
{
    drop_handle(handle->data);
}

static void free_queries(struct sp_dns_query_list *list)
{
    struct sp_dns_query *query;

    while ((query = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, query, link);
        free(query);
    }
}

void sp_dns_close(struct sp_dns *dns)
{
    if (dns->closing)
        return;
    dns->closing = true;
    free_queries(&dns->ready);
    for (size_t i = 0; i < SP_DNS_BUCKETS; i++)
        for (struct sp_dns_entry *entry = dns->table.buckets[i]; entry;
             entry = entry->next_in_bucket)
            free_queries(&entry->waiting);
    sp_dns_channels_close(dns->channels, drop_handle, dns); /* ends every lookup */
    uv_close((uv_handle_t *)&dns->work, on_work_closed);
}

static struct sp_dns_entry *add_entry(struct sp_dns *dns, const char *host, enum sp_family family)
{
    struct sp_dns_entry *entry = sp_dns_table_add(&dns->table, host, family);

    if (entry) {
        entry->dns = dns;
        TAILQ_INSERT_TAIL(&dns->queued, entry, link);
    }
    return entry;
}

struct sp_dns_query *sp_dns_resolve(struct sp_dns *dns, const char *host, enum sp_family family,
                                    sp_dns_cb callback, void *data)
{
    struct sp_dns_query *query = dns->closing ? NULL : calloc(1, sizeof *query);
    char *name = strdup(host);
    struct sp_dns_entry *entry = NULL;

    if (query && name) {
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
        entry = sp_dns_table_find(&dns->table, name, family);
        if (!entry)
            entry = add_entry(dns, name, family);
    }
    free(name);
    if (!entry) {
        free(query);
        return NULL;
    }
    sp_dns_table_hold(&dns->table, entry);
    query->entry = entry;
    query->callback = callback;
    query->data = data;
    if (entry->state == SP_DNS_FINISHED) {
        TAILQ_INSERT_TAIL(&dns->ready, query, link);
        arm_work(dns, 0);
    } else {
        TAILQ_INSERT_TAIL(&entry->waiting, query, link);
        if (entry->state == SP_DNS_QUEUED)
            arm_work(dns, 0);
    }
    return query;
}

void sp_dns_cancel(struct sp_dns_query *query)
{
    struct sp_dns_entry *entry = query->entry;
    struct sp_dns *dns = entry->dns;

    if (entry->state == SP_DNS_FINISHED)
        TAILQ_REMOVE(&dns->ready, query, link);
    else
        TAILQ_REMOVE(&entry->waiting, query, link);
    free(query);
    sp_dns_table_release(&dns->table, entry);
}
