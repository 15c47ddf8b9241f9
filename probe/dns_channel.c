/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/dns_channel.h"

#include "probe/dns_entry.h"
#include "probe/host.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

/* One server: 1.5 s, then 3 s for a second attempt. The endpoint's own deadline may end it sooner. */
#define ATTEMPT_MS 1500
#define ATTEMPTS 2
#define SERVER_TEXT 64u
/* How often a long-lived resolver looks whether resolv.conf has changed, at most. */
#define STAT_MS 1000u

LIST_HEAD(poll_list, poll);

struct channel {
    struct sp_dns_channels *channels;
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

struct sp_dns_channels {
    uv_loop_t *loop;
    char server[SERVER_TEXT]; /* empty: those of resolv.conf */
    char *resolv_conf;
    bool long_lived;
    uint64_t next_stat_ms;   /* loop time from when resolv.conf is looked at again */
    struct stat config_stat; /* of resolv.conf as it was read */
    struct channel all[SP_DNS_CHANNEL_COUNT];
    uv_timer_t expiry; /* c-ares' own time limits */
    struct poll_list polls;
    bool starved;
    unsigned handles;           /* not yet closed */
    void (*closed)(void *data); /* NULL: not closing */
    void *data;
};

static void on_expiry(uv_timer_t *timer);

/* --- the loop --------------------------------------------------------------------------------- */

/* Wakes when c-ares has something to give up or to repeat. */
void sp_dns_channels_arm(struct sp_dns_channels *channels)
{
    uint64_t wait_ms = UINT64_MAX;

    for (size_t i = 0; i < SP_DNS_CHANNEL_COUNT; i++) {
        struct timeval until;
        uint64_t ms;

        if (!ares_timeout(channels->all[i].ares, NULL, &until))
            continue;
        ms = (uint64_t)until.tv_sec * 1000 + (uint64_t)until.tv_usec / 1000 + 1;
        wait_ms = ms < wait_ms ? ms : wait_ms;
    }
    if (wait_ms == UINT64_MAX) {
        uv_timer_stop(&channels->expiry);
        return;
    }
    /* The loop's clock may be late, so this may wake too early: then c-ares finds nothing to do. */
    uv_timer_start(&channels->expiry, on_expiry, wait_ms, 0);
}

static void on_expiry(uv_timer_t *timer)
{
    struct sp_dns_channels *channels = timer->data;

    for (size_t i = 0; i < SP_DNS_CHANNEL_COUNT; i++)
        ares_process_fd(channels->all[i].ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    sp_dns_channels_arm(channels);
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
    sp_dns_channels_arm(channel->channels);
}

static struct poll *watch_socket(struct channel *channel, ares_socket_t fd)
{
    struct sp_dns_channels *channels = channel->channels;
    struct poll *poll = calloc(1, sizeof *poll);

    if (!poll || uv_poll_init_socket(channels->loop, &poll->handle, fd) != 0) {
        free(poll);
        return NULL;
    }
    poll->handle.data = poll;
    poll->channel = channel;
    poll->fd = fd;
    LIST_INSERT_HEAD(&channels->polls, poll, link);
    channels->handles++;
    channels->starved = false;
    return poll;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct poll *poll = handle->data;

    handle->data = poll->channel->channels;
    on_handle_closed(handle);
    free(poll);
}

/* c-ares tells what it waits for on a socket; nothing: it is about to close it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = data;
    struct sp_dns_channels *channels = channel->channels;
    struct poll *poll;

    LIST_FOREACH(poll, &channels->polls, link)
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
        channels->starved = true; /* the query will time out, and then be explained by this */
        return;
    }
    poll->events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (uv_poll_start(&poll->handle, poll->events, on_socket) != 0)
        channels->starved = true;
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
    struct sp_dns_channels *channels = channel->channels;
    ares_channel ares = NULL;
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP,
        .timeout = ATTEMPT_MS,
        .tries = ATTEMPTS,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
        .resolvconf_path = channels->resolv_conf,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
    int status = ares_init_options(&ares, &options, candid ? mask | ARES_OPT_FLAGS : mask);

    if (status != ARES_SUCCESS)
        return status;
    if (channels->server[0])
        status = ares_set_servers_ports_csv(ares, channels->server);
    if (status != ARES_SUCCESS) {
        ares_destroy(ares);
        return status;
    }
    if (channel->ares)
        ares_destroy(channel->ares); /* what it was asked is asked again: dns.c sees to it */
    channel->ares = ares;
    return status;
}

static void close_channels(struct sp_dns_channels *channels)
{
    for (size_t i = 0; i < SP_DNS_CHANNEL_COUNT; i++)
        if (channels->all[i].ares)
            ares_destroy(channels->all[i].ares);
}

/* The status is one of c-ares; on failure nothing is left open. */
static int open_channels(struct sp_dns_channels *channels)
{
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status != ARES_SUCCESS)
        return status;
    for (size_t i = 0; i < SP_DNS_CHANNEL_COUNT && status == ARES_SUCCESS; i++) {
        channels->all[i].channels = channels;
        status = open_channel(&channels->all[i], i == SP_DNS_CANDID);
    }
    if (status != ARES_SUCCESS) {
        close_channels(channels);
        ares_library_cleanup();
    }
    return status;
}

static void stat_config(const struct sp_dns_channels *channels, struct stat *out)
{
    if (stat(channels->resolv_conf, out) != 0)
        memset(out, 0, sizeof *out); /* that there is none is a state as well */
}

/* c-ares reads resolv.conf only when a channel is opened. */
void sp_dns_channels_follow(struct sp_dns_channels *channels)
{
    struct stat now;
    bool ok = true;

    if (!channels->long_lived || uv_now(channels->loop) < channels->next_stat_ms)
        return;
    channels->next_stat_ms = uv_now(channels->loop) + STAT_MS;
    stat_config(channels, &now);
    if (now.st_mtim.tv_sec == channels->config_stat.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == channels->config_stat.st_mtim.tv_nsec &&
        now.st_ino == channels->config_stat.st_ino && now.st_size == channels->config_stat.st_size)
        return;
    for (size_t i = 0; i < SP_DNS_CHANNEL_COUNT; i++)
        ok = open_channel(&channels->all[i], i == SP_DNS_CANDID) == ARES_SUCCESS && ok;
    if (ok)
        channels->config_stat = now;
}

/* The memory and what needs no clean-up yet. */
static struct sp_dns_channels *new_channels(const struct sp_dns_config *config)
{
    struct sp_dns_channels *channels = calloc(1, sizeof *channels);
    const char *path = config->resolv_conf ? config->resolv_conf : "/etc/resolv.conf";

    if (!channels)
        return NULL;
    channels->resolv_conf = strdup(path);
    if (!channels->resolv_conf) {
        free(channels);
        return NULL;
    }
    channels->loop = config->loop;
    channels->long_lived = config->long_lived;
    LIST_INIT(&channels->polls);
    stat_config(channels, &channels->config_stat);
    return channels;
}

static void free_channels(struct sp_dns_channels *channels)
{
    free(channels->resolv_conf);
    free(channels);
}

struct sp_dns_channels *sp_dns_channels_new(const struct sp_dns_config *config, char *error,
                                            size_t size)
{
    struct sp_dns_channels *channels = new_channels(config);
    int status;

    if (!channels) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (config->server && !parse_server(config->server, channels->server, SERVER_TEXT)) {
        snprintf(error, size, "\"%s\" is not an IP address with or without a port", config->server);
        free_channels(channels);
        return NULL;
    }
    status = open_channels(channels);
    if (status != ARES_SUCCESS) {
        snprintf(error, size, "the DNS library could not be started: %s", ares_strerror(status));
        free_channels(channels);
        return NULL;
    }
    uv_timer_init(config->loop, &channels->expiry);
    channels->expiry.data = channels;
    channels->handles = 1;
    return channels;
}

/* handle->data is the struct sp_dns_channels. */
static void on_handle_closed(uv_handle_t *handle)
{
    struct sp_dns_channels *channels = handle->data;

    if (--channels->handles > 0 || !channels->closed)
        return;
    ares_library_cleanup();
    channels->closed(channels->data);
    free_channels(channels);
}

void sp_dns_channels_close(struct sp_dns_channels *channels, void (*closed)(void *data), void *data)
{
    channels->closed = closed;
    channels->data = data;
    close_channels(channels); /* ends every lookup and closes every socket */
    uv_close((uv_handle_t *)&channels->expiry, on_handle_closed);
}

ares_channel sp_dns_channels_get(const struct sp_dns_channels *channels, enum sp_dns_channel which)
{
    return channels->all[which].ares;
}

bool sp_dns_channels_starved(const struct sp_dns_channels *channels)
{
    return channels->starved;
}
