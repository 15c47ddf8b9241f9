/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Digits that a blank or the end follows. Returns what stands behind that blank, or NULL. */
static const char *read_number(const char *at, uint64_t *out_value)
{
    uint64_t value = 0;
    const char *first = at;

    for (; *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    if (at == first || (*at != ' ' && *at != '\n' && *at != '\0'))
        return NULL;
    *out_value = value;
    return *at != '\0' ? at + 1 : at;
}

bool sp_process_parse_statm(const char *text, uint64_t page, uint64_t *out_virtual,
                            uint64_t *out_resident)
{
    uint64_t size, resident;
    const char *at = read_number(text, &size);

    if (at == NULL || read_number(at, &resident) == NULL || page == 0 || size > UINT64_MAX / page ||
        resident > UINT64_MAX / page)
        return false;
    *out_virtual = size * page;
    *out_resident = resident * page;
    return true;
}

static void read_memory(struct sp_process *process)
{
    char text[256];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    long page = sysconf(_SC_PAGESIZE);

    if (fd >= 0)
        close(fd);
    if (len <= 0 || page <= 0)
        return;
    text[len] = '\0';
    process->memory_known =
        sp_process_parse_statm(text, (uint64_t)page, &process->virtual_size, &process->resident);
}

static void count_descriptors(struct sp_process *process)
{
    struct stat status;
    DIR *directory;

    /* Linux 6.2 and later tell the number as the directory's size. */
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) {
        process->open_fds = (uint64_t)status.st_size;
        process->open_known = true;
        return;
    }
    directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        process->open_fds += entry->d_name[0] != '.';
    closedir(directory);
    process->open_known = process->open_fds > 0;
    if (process->open_known)
        process->open_fds--; /* the directory's own */
}

void sp_process_read(struct sp_process *out)
{
    struct rusage usage;
    struct rlimit limit;

    memset(out, 0, sizeof *out);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out->cpu_ns = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
                      ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        out->max_fds = limit.rlim_cur;
        out->max_known = true;
    }
    read_memory(out);
    count_descriptors(out);
}
