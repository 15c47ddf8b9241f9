/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/http_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

struct place {
    char host[NI_MAXHOST]; /* "": every address of both families */
    char port[6];
    bool bracketed;
};

/* place = [ host / "[" ipv6 "]" ] ":" port */
static const char *split(const char *address, struct place *place)
{
    const char *colon = strrchr(address, ':');
    if (!colon)
        return "has no port; write \":PORT\" or \"HOST:PORT\"";
    size_t digits = strspn(colon + 1, "0123456789");
    unsigned long port = 0;
    for (size_t i = 1; i <= digits && i <= 6; i++)
        port = port * 10 + (unsigned long)(colon[i] - '0');
    if (digits == 0 || colon[1 + digits] != '\0' || port > 65535)
        return "has a port that is not a number from 0 to 65535";
    snprintf(place->port, sizeof place->port, "%lu", port);
    const char *host = address;
    size_t len = (size_t)(colon - address);
    place->bracketed = len >= 2 && host[0] == '[' && host[len - 1] == ']';
    if (place->bracketed) {
        host++;
        len -= 2;
    } else if (memchr(host, ':', len)) {
        return "is ambiguous; write an IPv6 address in brackets: \"[::1]:PORT\"";
    }
    if (len >= sizeof place->host || (len == 0 && place->bracketed))
        return "has no host that could be listened on";
    memcpy(place->host, host, len);
    place->host[len] = '\0';
    return NULL;
}

static int bind_one(const struct addrinfo *at, bool both_families)
{
    const int on = 1, only = both_families ? 0 : 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    /* A restart must not wait for the old connections to time out. */
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (ok && at->ai_family == AF_INET6)
        ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0;
    if (ok && bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Every address: one IPv6 socket takes IPv4 too; without IPv6 in the kernel IPv4 alone. */
static int bind_any(const char *port)
{
    const struct addrinfo hints = {.ai_family = AF_INET6,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int fd = -1;
    errno = EAFNOSUPPORT;
    if (getaddrinfo("::", port, &hints, &list) == 0) {
        fd = bind_one(list, true);
        freeaddrinfo(list);
    }
    if (fd >= 0 || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
        return fd;
    const struct addrinfo hints4 = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = hints.ai_flags};
    if (getaddrinfo("0.0.0.0", port, &hints4, &list) == 0) {
        fd = bind_one(list, false);
        freeaddrinfo(list);
    }
    return fd;
}

/* The first address of the host, IPv4 first, as other exporters choose. */
static int bind_host(const struct place *place, const char **out_why)
{
    struct addrinfo hints = {.ai_family = place->bracketed ? AF_INET6 : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int failed = getaddrinfo(place->host, place->port, &hints, &list);
    if (failed) {
        *out_why = gai_strerror(failed);
        return -1;
    }
    const struct addrinfo *chosen = list;
    while (chosen && chosen->ai_family != AF_INET)
        chosen = chosen->ai_next;
    int fd = bind_one(chosen ? chosen : list, false);
    int saved = errno;
    freeaddrinfo(list);
    errno = saved;
    return fd;
}

static const char *advice(int error)
{
    switch (error) {
    case EADDRINUSE: return "; another program listens there";
    case EACCES: return "; ports below 1024 need CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL: return "; this machine does not have that address";
    default: return "";
    }
}

int sp_http_listen(const char *address, char *error, size_t size)
{
    struct place place = {0};
    const char *why = split(address, &place);
    if (why) {
        snprintf(error, size, "listen address \"%s\" %s", address, why);
        return -1;
    }
    int fd = place.host[0] ? bind_host(&place, &why) : bind_any(place.port);
    if (fd >= 0)
        return fd;
    int saved = errno;
    char text[128];
    snprintf(error, size, "cannot listen on %s: %s%s", address,
             why ? why : strerror_r(saved, text, sizeof text), why ? "" : advice(saved));
    return -1;
}

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

bool sp_http_adopt(int fd, char *error, size_t size)
{
    if (socket_option(fd, SO_TYPE) != SOCK_STREAM || socket_option(fd, SO_ACCEPTCONN) != 1) {
        snprintf(error, size, "file descriptor %d is not a listening stream socket", fd);
        return false;
    }
    int flags = fcntl(fd, F_GETFL), descriptor = fcntl(fd, F_GETFD);
    if (flags < 0 || descriptor < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, descriptor | FD_CLOEXEC) != 0) {
        snprintf(error, size, "file descriptor %d cannot be used", fd);
        return false;
    }
    return true;
}

bool sp_http_listen_name(int fd, char *out, size_t size)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return false;
    if (address.ss_family == AF_UNIX) {
        const struct sockaddr_un *local = (const struct sockaddr_un *)&address;
        size_t room = len > offsetof(struct sockaddr_un, sun_path)
                          ? len - offsetof(struct sockaddr_un, sun_path)
                          : 0;
        bool abstract = room > 0 && local->sun_path[0] == '\0';
        snprintf(out, size, "unix:%s%.*s", abstract ? "@" : "", (int)(abstract ? room - 1 : room),
                 local->sun_path + abstract);
        return true;
    }
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    snprintf(out, size, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return true;
}
