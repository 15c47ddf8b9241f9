/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Head-room for standard streams, the loop, the resolver and what the TLS library opens. */
#define SPARE_DESCRIPTORS 64u

bool sp_descriptors_secure(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* Opened the wrong way round: reading or writing fails. */
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

bool sp_descriptors_left(unsigned count)
{
    int opened[16];
    unsigned got = 0;
    while (got < count && got < sizeof opened / sizeof opened[0]) {
        int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            break;
        opened[got++] = fd;
    }
    for (unsigned i = 0; i < got; i++)
        close(opened[i]);
    return got == count;
}

uint32_t sp_descriptors_fit(uint32_t concurrency, size_t target_count, uintmax_t *out_limit)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return concurrency;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    *out_limit = limit.rlim_cur;
    /* An endpoint needs two while two of its addresses are raced. */
    rlim_t room = limit.rlim_cur > SPARE_DESCRIPTORS ? (limit.rlim_cur - SPARE_DESCRIPTORS) / 2 : 1;
    if (room >= concurrency || room >= target_count)
        return concurrency;
    return room > 0 ? (uint32_t)room : 1;
}
