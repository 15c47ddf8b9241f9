/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "serve.h"

#include "loop.h"
#include "play.h"
#include "sasl.h"
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, FILLERS = 3, DATAGRAM_MAX = 4096 };

struct ts_listener {
    struct ts_watch watch;
    const struct ts_server *server;
    SSL_CTX *ctx;
    int port;
    unsigned hang_every;
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t read_address(const char *text, int port, union address *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)port);
        return sizeof out->v4;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        return sizeof out->v6;
    }
    return 0;
}

/* The address the client connected to, as a number; 0 for IPv6. */
static uint32_t local_number(int fd)
{
    union address local;
    socklen_t length = sizeof local;
    if (getsockname(fd, &local.any, &length) != 0 || local.any.sa_family != AF_INET)
        return 0;
    return ntohl(local.v4.sin_addr.s_addr);
}

static void greet(struct ts_listener *listener, int fd)
{
    uint32_t number = local_number(fd);
    /* A listener on 0.0.0.0 serves all of 127.0.0.0/8 and nothing else. */
    if (number != 0 && number >> 24 != 127) {
        close(fd);
        return;
    }
    if (listener->hang_every > 0 && (number & 0xffffff) % listener->hang_every == 0)
        ts_play_silence(fd, listener->server);
    else
        ts_play_start(fd, listener->server, listener->ctx);
}

static void on_connection(struct ts_watch *watch, uint32_t events)
{
    struct ts_listener *listener = (struct ts_listener *)(void *)watch; /* the watch stands first */
    (void)events;
    for (;;) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            greet(listener, fd);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            if (errno != EAGAIN)
                fprintf(stderr, "smtp-test-server: accept: %s\n", strerror(errno));
            return;
        }
    }
}

static void on_query(struct ts_watch *watch, uint32_t events)
{
    struct ts_listener *listener = (struct ts_listener *)(void *)watch;
    unsigned char query[DATAGRAM_MAX], reply[DATAGRAM_MAX];
    char told[512];
    union address client;
    socklen_t client_length = sizeof client;
    (void)events;
    ssize_t got = recvfrom(watch->fd, query, sizeof query, 0, &client.any, &client_length);
    if (got <= 0)
        return;
    size_t length = ts_zone_answer(listener->server->zone, query, (size_t)got, reply, sizeof reply,
                                   told, sizeof told);
    ts_journal_write(listener->server->name, 0, "query", told, strlen(told));
    if (length > 0)
        sendto(watch->fd, reply, length, MSG_NOSIGNAL, &client.any, client_length);
}

/*
 * Linux drops a SYN when the queue of accepted connections is full: fill it with our own, which
 * nobody takes.
 */
static int fill_queue(const union address *address, socklen_t length)
{
    for (int i = 0; i < FILLERS; i++) {
        int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return -1;
        if (connect(fd, &address->any, length) != 0 && errno != EINPROGRESS)
            return -1;
        /* Left open to the end of the program, that is the point. */
    }
    return 0;
}

static int open_door(struct ts_listener *listener, int port)
{
    const struct ts_server *s = listener->server;
    union address address;
    socklen_t length = read_address(s->address, port, &address);
    int kind = s->zone != NULL ? SOCK_DGRAM : SOCK_STREAM;
    int fd =
        length > 0 ? socket(address.any.sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
    int on = 1;
    if (fd < 0)
        return -1;
    listener->watch.fd = fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address.any, length) != 0 || getsockname(fd, &address.any, &length) != 0)
        return -1;
    listener->port =
        ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    if (s->zone != NULL)
        return ts_loop_watch(&listener->watch, EPOLLIN);
    /* A bound socket that does not listen keeps the port ours and answers a SYN with RST. */
    if (s->door == TS_DOOR_REFUSE)
        return 0;
    if (s->door == TS_DOOR_BLACKHOLE)
        return listen(fd, 0) == 0 ? fill_queue(&address, length) : -1;
    return listen(fd, BACKLOG) == 0 ? ts_loop_watch(&listener->watch, EPOLLIN) : -1;
}

struct ts_listener *ts_serve(const struct ts_server *server, struct ts_pki *pki, int port,
                             unsigned hang_every)
{
    struct ts_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        abort();
    listener->watch = (struct ts_watch){-1, server->zone != NULL ? on_query : on_connection};
    listener->server = server;
    listener->hang_every = hang_every;
    ts_sasl_prepare(server);
    if (server->tls != TS_TLS_NONE && (listener->ctx = ts_tls_context(server, pki)) == NULL)
        return NULL;
    if (open_door(listener, port) != 0) {
        fprintf(stderr, "smtp-test-server: %s: cannot listen at %s: %s\n", server->name,
                server->address, strerror(errno));
        return NULL;
    }
    return listener;
}

int ts_serve_port(const struct ts_listener *listener)
{
    return listener->port;
}
