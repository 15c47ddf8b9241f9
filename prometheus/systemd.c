/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/systemd.h"

#include "probe/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A decimal number in the environment; false: not there or not a number up to `max`. */
static bool read_number(const char *name, uint64_t max, uint64_t *out)
{
    const char *text = getenv(name);
    if (!text || *text < '0' || *text > '9')
        return false;
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *out <= max;
}

size_t sp_systemd_take_sockets(void)
{
    uint64_t pid = 0, count = 0;
    bool ours = read_number("LISTEN_PID", INT32_MAX, &pid) && pid == (uint64_t)getpid() &&
                read_number("LISTEN_FDS", SP_LIMIT_HTTP_ADDRESSES, &count);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (!ours)
        return 0;
    for (uint64_t i = 0; i < count; i++) {
        int fd = SP_SYSTEMD_FIRST_FD + (int)i, flags = fcntl(fd, F_GETFD);
        if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) != 0)
            return 0;
    }
    return (size_t)count;
}

bool sp_systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* A path, or '@' for a name in the abstract space, whose first octet is NUL. */
    if (!path || (path[0] != '/' && path[0] != '@') || path[1] == '\0' ||
        strlen(path) >= sizeof address.sun_path)
        return false;
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    /* The length is exact: behind an abstract name, NULs would be part of it. */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                          (struct sockaddr *)&address, size);
    close(fd);
    return sent == (ssize_t)strlen(state);
}

bool sp_systemd_notify_reloading(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return false;
    char state[64];
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
    return sp_systemd_notify(state);
}

uint64_t sp_systemd_watchdog_ms(void)
{
    uint64_t pid = 0, usec = 0;
    if (getenv("WATCHDOG_PID") &&
        (!read_number("WATCHDOG_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid()))
        return 0;
    if (!read_number("WATCHDOG_USEC", UINT64_MAX, &usec) || usec == 0)
        return 0;
    uint64_t ms = usec / 2000u;
    return ms > 0 ? ms : 1;
}
