/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library to preload: the program's own allocation number SP_OOM_AT fails, and with SP_OOM_STAY=1
 * every later one too. Those of its libraries succeed: libuv ends the process when memory is out at
 * start, and wolfSSL 5.5.4 has places that don't look. With SP_OOM_COUNT=FILE the number of the
 * program's own allocations is written there at exit.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static long fail_at = -1;
static int fail_stays;
static atomic_long count;
static const void *own_entry; /* an address in the program itself */

/* dlsym itself, and what libraries like GnuTLS do as they are loaded, asks for memory before the real functions are
 * known. */
static unsigned char early[8388608];
static size_t early_used;

static void *early_alloc(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (size > sizeof early - early_used)
        return NULL;
    void *place = early + early_used;
    early_used += size;
    return place;
}

static int is_early(const void *place)
{
    return (const unsigned char *)place >= early &&
           (const unsigned char *)place < early + sizeof early;
}

static void report(void)
{
    const char *file = getenv("SP_OOM_COUNT");
    char text[32];
    int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0)
        return;
    int len = snprintf(text, sizeof text, "%ld\n", (long)count);
    if (write(fd, text, (size_t)len) != len)
        _exit(99);
    close(fd);
}

__attribute__((constructor)) static void start(void)
{
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    const char *at = getenv("SP_OOM_AT"), *stays = getenv("SP_OOM_STAY");
    fail_stays = stays && strcmp(stays, "1") == 0;
    atexit(report);
    own_entry = (const void *)getauxval(AT_ENTRY);
    count = 0;
    fail_at = at ? strtol(at, NULL, 10) : -1;
}

static int is_own(const void *caller)
{
    Dl_info info, self;
    return dladdr(caller, &info) && dladdr(own_entry, &self) && info.dli_fbase == self.dli_fbase;
}

static int must_fail(const void *caller)
{
    if (!real_realloc || !is_own(caller))
        return 0;
    long number = ++count;
    if (fail_at < 0 || (fail_stays ? number < fail_at : number != fail_at))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    if (!real_malloc)
        return early_alloc(size);
    return must_fail(__builtin_return_address(0)) ? NULL : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (!real_calloc)
        return early_alloc(n * size);
    return must_fail(__builtin_return_address(0)) ? NULL : real_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    if (!real_realloc || is_early(old)) {
        void *place = real_malloc ? real_malloc(size) : early_alloc(size);
        if (place && old)
            memcpy(place, old, size);
        return place;
    }
    return must_fail(__builtin_return_address(0)) ? NULL : real_realloc(old, size);
}

void free(void *place);
void free(void *place)
{
    static void (*real_free)(void *);
    if (is_early(place))
        return;
    if (!real_free)
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    real_free(place);
}
