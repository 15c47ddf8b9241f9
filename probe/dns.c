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
#include "probe/dns_entry.h"
#include "probe/host.h"

#include <ares.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

/* One server: 1.5 s, then 3 s for a second attempt. The endpoint's own deadline may end it sooner. */
#define ATTEMPT_MS 1500
#define ATTEMPTS 2
/* Up to WINDOW lookups that are younger than YOUNG_MS are under way without delay; of those above,
 * BURST are started every PACE_MS. What is older has left every socket buffer. */
#define WINDOW 64u
#define YOUNG_MS 100u
#define BURST 16u
#define PACE_MS 10u
#define SERVER_TEXT 64u
/* How often a long-lived resolver looks whether resolv.conf has changed, at most. */
#define STAT_MS 1000u

LIST_HEAD(poll_list, poll);

struct sp_dns_query {
    TAILQ_ENTRY(sp_dns_query) link; /* in entry->waiting or dns->ready */
    struct sp_dns_entry *entry;
    sp_dns_cb callback;
    void *data;
};

/*
 * c-ares 1.18 asks the next server after SERVFAIL, REFUSED and NOTIMP, which is good, but when there
 * is none left it says "connection refused". The candid channel takes the first server's word as it
 * is; it is asked after such an end only, for the true reason.
 */
enum { CHANNEL_USUAL, CHANNEL_CANDID, CHANNEL_COUNT };

struct channel {
    struct sp_dns *dns;
    ares_channel ares; /* NULL: not opened */
};

/* A socket of c-ares. */
struct poll {
    uv_poll_t handle;
    LIST_ENTRY(poll) link;
    struct channel *channel;
    ares_socket_t fd;
    int events;
};

struct sp_dns {
    uv_loop_t *loop;
    char server[SERVER_TEXT]; /* empty: those of resolv.conf */
    char *resolv_conf;
    bool long_lived;
    uint64_t next_stat_ms;   /* loop time from when resolv.conf is looked at again */
    struct stat config_stat; /* of resolv.conf as it was read */
    struct channel channels[CHANNEL_COUNT];
    uv_timer_t work;   /* starts lookups and answers queries */
    uv_timer_t expiry; /* c-ares' own timeouts */
    unsigned handles;  /* not yet closed */
    bool closing;
    size_t young_count;
    uint64_t next_burst_ms; /* loop time from when WINDOW may be exceeded again */
    bool poll_failed;       /* a socket could not be watched */
    struct poll_list polls;
    struct sp_dns_query_list ready;  /* their entries are finished */
    struct sp_dns_entry_list young;  /* asked less than YOUNG_MS ago, the oldest first */
    struct sp_dns_entry_list queued; /* to be started */
    struct sp_dns_table table;
};

static void follow_config(struct sp_dns *dns);
static void on_work(uv_timer_t *timer);
static void on_expiry(uv_timer_t *timer);

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
    ares_getaddrinfo(entry->dns->channels[entry->candid ? CHANNEL_CANDID : CHANNEL_USUAL].ares,
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
        sp_dns_answer_fail(entry, dns->channels[CHANNEL_USUAL].ares, merge_status(entry, status),
                           dns->poll_failed);
    finish_entry(entry);
    if (!TAILQ_EMPTY(&dns->queued)) /* there is room in the window now */
        arm_work(dns, 0);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Wakes when c-ares has something to give up or to repeat. */
static void arm_expiry(struct sp_dns *dns)
{
    uint64_t wait_ms = UINT64_MAX;

    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        struct timeval until;
        uint64_t ms;

        if (!ares_timeout(dns->channels[i].ares, NULL, &until))
            continue;
        ms = (uint64_t)until.tv_sec * 1000 + (uint64_t)until.tv_usec / 1000 + 1;
        wait_ms = ms < wait_ms ? ms : wait_ms;
    }
    if (wait_ms == UINT64_MAX) {
        uv_timer_stop(&dns->expiry);
        return;
    }
    /* The loop's clock may be late, so this may wake too early: then c-ares finds nothing to do. */
    uv_timer_start(&dns->expiry, on_expiry, wait_ms, 0);
}

static void on_expiry(uv_timer_t *timer)
{
    struct sp_dns *dns = timer->data;

    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        ares_process_fd(dns->channels[i].ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_expiry(dns);
}

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
    follow_config(dns);
    while (!TAILQ_EMPTY(&dns->young) && TAILQ_FIRST(&dns->young)->asked_ms + YOUNG_MS <= now)
        outgrow(TAILQ_FIRST(&dns->young));
    if (dns->young_count + BURST > WINDOW && now >= dns->next_burst_ms) {
        most = dns->young_count + BURST;
        dns->next_burst_ms = now + PACE_MS;
    }
    /* Names in the hosts file are answered at once, but each costs reading it: so no more than this. */
    for (unsigned i = 0; i < WINDOW && dns->young_count < most && !TAILQ_EMPTY(&dns->queued); i++)
        start_entry(TAILQ_FIRST(&dns->queued));
    arm_expiry(dns);
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

static void on_handle_closed(uv_handle_t *handle);

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = handle->data;
    struct channel *channel = poll->channel;
    /* On an error c-ares finds out itself what it is, by reading and writing. */
    bool reads = status < 0 || (events & UV_READABLE) != 0;
    bool writes = status < 0 || (events & UV_WRITABLE) != 0;

    ares_process_fd(channel->ares, reads ? poll->fd : ARES_SOCKET_BAD,
                    writes ? poll->fd : ARES_SOCKET_BAD);
    /* libuv stops watching a socket that has an error; c-ares may want to keep it. */
    if (status < 0 && !uv_is_closing((uv_handle_t *)handle))
        uv_poll_start(handle, poll->events, on_socket);
    arm_expiry(channel->dns);
}

static struct poll *watch_socket(struct channel *channel, ares_socket_t fd)
{
    struct sp_dns *dns = channel->dns;
    struct poll *poll = calloc(1, sizeof *poll);

    if (!poll || uv_poll_init_socket(dns->loop, &poll->handle, fd) != 0) {
        free(poll);
        return NULL;
    }
    poll->handle.data = poll;
    poll->channel = channel;
    poll->fd = fd;
    LIST_INSERT_HEAD(&dns->polls, poll, link);
    dns->handles++;
    dns->poll_failed = false;
    return poll;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct poll *poll = handle->data;

    handle->data = poll->channel->dns;
    on_handle_closed(handle);
    free(poll);
}

/* c-ares tells what it waits for on a socket; nothing: it is about to close it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = data;
    struct sp_dns *dns = channel->dns;
    struct poll *poll;

    LIST_FOREACH(poll, &dns->polls, link)
    if (poll->fd == fd)
        break;
    if (!readable && !writable) {
        if (!poll)
            return;
        LIST_REMOVE(poll, link);
        uv_close((uv_handle_t *)&poll->handle, on_poll_closed);
        return;
    }
    if (!poll)
        poll = watch_socket(channel, fd);
    if (!poll) {
        dns->poll_failed = true; /* the query will time out, and then be explained by this */
        return;
    }
    poll->events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (uv_poll_start(&poll->handle, poll->events, on_socket) != 0)
        dns->poll_failed = true;
}

/* --- birth and end ---------------------------------------------------------------------------- */

/* --dns-server in the form that c-ares takes. */
static bool parse_server(const char *server, char *out, size_t size)
{
    struct sockaddr_storage address;
    char ip[INET6_ADDRSTRLEN];
    union sp_dns_address parsed;

    if (!sp_address_parse(server, 53, &address))
        return false;
    memcpy(&parsed, &address, sizeof parsed);
    if (address.ss_family == AF_INET) {
        inet_ntop(AF_INET, &parsed.in.sin_addr, ip, sizeof ip);
        snprintf(out, size, "%s:%u", ip, (unsigned)ntohs(parsed.in.sin_port));
    } else {
        inet_ntop(AF_INET6, &parsed.in6.sin6_addr, ip, sizeof ip);
        snprintf(out, size, "[%s]:%u", ip, (unsigned)ntohs(parsed.in6.sin6_port));
    }
    return true;
}

/* On failure the channel is as before. */
static int open_channel(struct channel *channel, bool candid)
{
    struct sp_dns *dns = channel->dns;
    ares_channel ares = NULL;
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP,
        .timeout = ATTEMPT_MS,
        .tries = ATTEMPTS,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
        .resolvconf_path = dns->resolv_conf,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
    int status = ares_init_options(&ares, &options, candid ? mask | ARES_OPT_FLAGS : mask);

    if (status != ARES_SUCCESS)
        return status;
    if (dns->server[0])
        status = ares_set_servers_ports_csv(ares, dns->server);
    if (status != ARES_SUCCESS) {
        ares_destroy(ares);
        return status;
    }
    if (channel->ares)
        ares_destroy(channel->ares); /* what it was asked is asked again: see on_addrinfo */
    channel->ares = ares;
    return status;
}

static void close_channels(struct sp_dns *dns)
{
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        if (dns->channels[i].ares)
            ares_destroy(dns->channels[i].ares);
}

/* The status is one of c-ares; on failure nothing is left open. */
static int open_channels(struct sp_dns *dns)
{
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status != ARES_SUCCESS)
        return status;
    for (size_t i = 0; i < CHANNEL_COUNT && status == ARES_SUCCESS; i++) {
        dns->channels[i].dns = dns;
        status = open_channel(&dns->channels[i], i == CHANNEL_CANDID);
    }
    if (status != ARES_SUCCESS) {
        close_channels(dns);
        ares_library_cleanup();
    }
    return status;
}

static void stat_config(const struct sp_dns *dns, struct stat *out)
{
    if (stat(dns->resolv_conf, out) != 0)
        memset(out, 0, sizeof *out); /* that there is none is a state as well */
}

/* c-ares reads resolv.conf only when a channel is opened. */
static void follow_config(struct sp_dns *dns)
{
    struct stat now;
    bool ok = true;

    if (!dns->long_lived || uv_now(dns->loop) < dns->next_stat_ms)
        return;
    dns->next_stat_ms = uv_now(dns->loop) + STAT_MS;
    stat_config(dns, &now);
    if (now.st_mtim.tv_sec == dns->config_stat.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == dns->config_stat.st_mtim.tv_nsec &&
        now.st_ino == dns->config_stat.st_ino && now.st_size == dns->config_stat.st_size)
        return;
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        ok = open_channel(&dns->channels[i], i == CHANNEL_CANDID) == ARES_SUCCESS && ok;
    if (ok)
        dns->config_stat = now;
}

/* The memory and what needs no clean-up yet. */
static struct sp_dns *new_dns(const struct sp_dns_config *config)
{
    struct sp_dns *dns = calloc(1, sizeof *dns);
    const char *path = config->resolv_conf ? config->resolv_conf : "/etc/resolv.conf";

    if (!dns)
        return NULL;
    dns->resolv_conf = strdup(path);
    if (!dns->resolv_conf) {
        free(dns);
        return NULL;
    }
    dns->loop = config->loop;
    dns->long_lived = config->long_lived;
    LIST_INIT(&dns->polls);
    TAILQ_INIT(&dns->ready);
    TAILQ_INIT(&dns->queued);
    TAILQ_INIT(&dns->young);
    sp_dns_table_init(&dns->table, config->long_lived ? 0 : SP_LIMIT_DNS_CACHE);
    stat_config(dns, &dns->config_stat);
    return dns;
}

static void free_dns(struct sp_dns *dns)
{
    free(dns->resolv_conf);
    free(dns);
}

struct sp_dns *sp_dns_new(const struct sp_dns_config *config, char *error, size_t size)
{
    struct sp_dns *dns = new_dns(config);
    int status;

    if (!dns) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (config->server && !parse_server(config->server, dns->server, sizeof dns->server)) {
        snprintf(error, size, "\"%s\" is not an IP address with or without a port", config->server);
        free_dns(dns);
        return NULL;
    }
    status = open_channels(dns);
    if (status != ARES_SUCCESS) {
        snprintf(error, size, "the DNS library could not be started: %s", ares_strerror(status));
        free_dns(dns);
        return NULL;
    }
    uv_timer_init(config->loop, &dns->work);
    uv_timer_init(config->loop, &dns->expiry);
    dns->work.data = dns;
    dns->expiry.data = dns;
    dns->handles = 2;
    return dns;
}

/* handle->data is the struct sp_dns. */
static void on_handle_closed(uv_handle_t *handle)
{
    struct sp_dns *dns = handle->data;

    if (--dns->handles > 0 || !dns->closing)
        return;
    sp_dns_table_free(&dns->table);
    ares_library_cleanup();
    free_dns(dns);
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
    close_channels(dns); /* ends every lookup and closes every socket */
    uv_close((uv_handle_t *)&dns->work, on_handle_closed);
    uv_close((uv_handle_t *)&dns->expiry, on_handle_closed);
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
