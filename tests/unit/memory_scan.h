/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looks for octets in all memory of this process that can be written to: heap, stacks, data. What is looked for
 * stands masked, so that the search doesn't find itself; the test makes its secret at run time and wipes
 * its own copies before it counts. Not under a sanitizer, whose shadow is memory too, and endless.
 */
#ifndef SP_TESTS_MEMORY_SCAN_H
#define SP_TESTS_MEMORY_SCAN_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_SCAN 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MEMORY_SCAN 0
#endif
#endif
#ifndef MEMORY_SCAN
#define MEMORY_SCAN 1
#endif

#define MEMORY_MASK 0xa5u

struct memory_needle {
    const char *name; /* for the message when it is found */
    size_t len;
    uint8_t masked[512];
};

static struct memory_needle memory_needle(const char *name, const void *octets, size_t len)
{
    struct memory_needle needle = {.name = name, .len = len};
    for (size_t i = 0; i < len && i < sizeof needle.masked; i++)
        needle.masked[i] = ((const uint8_t *)octets)[i] ^ MEMORY_MASK;
    return needle;
}

static bool memory_is_here(const struct memory_needle *needle, const uint8_t *at)
{
    for (size_t i = 0; i < needle->len; i++)
        if ((at[i] ^ MEMORY_MASK) != needle->masked[i])
            return false;
    return true;
}

/* How often it stands in [start, end). What was read for the search itself is no finding. */
static size_t memory_count_range(const struct memory_needle *needle, int memory, uintptr_t start,
                                 uintptr_t end)
{
    static uint8_t chunk[65536];
    uintptr_t own = (uintptr_t)chunk;
    size_t count = 0;
    for (uintptr_t at = start; at < end; at += sizeof chunk - needle->len + 1) {
        size_t wanted = end - at < sizeof chunk ? end - at : sizeof chunk;
        ssize_t got = pread(memory, chunk, wanted, (off_t)at);
        for (ssize_t i = 0; i + (ssize_t)needle->len <= got; i++) {
            bool mine =
                at + (uintptr_t)i + needle->len > own && at + (uintptr_t)i < own + sizeof chunk;
            count += !mine && memory_is_here(needle, chunk + i);
        }
    }
    memset(chunk, 0, sizeof chunk);
    return count;
}

/* SIZE_MAX: the memory can't be read. */
static size_t memory_count(const struct memory_needle *needle)
{
    char line[512];
    size_t count = 0;
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    while (memory >= 0 && maps && fgets(line, sizeof line, maps)) {
        uintptr_t start = 0, end = 0;
        char rights[5] = "";
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, rights) == 3 &&
            rights[1] == 'w')
            count += memory_count_range(needle, memory, start, end);
    }
    bool good = memory >= 0 && maps;
    if (maps)
        fclose(maps);
    if (memory >= 0)
        close(memory);
    return good ? count : SIZE_MAX;
}

#endif
