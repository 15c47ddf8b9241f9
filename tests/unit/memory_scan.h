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
#define MEMORY_CHUNK 65536u

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

/* What is looked for in one pass; none of them is shorter than two octets. */
struct memory_search {
    const struct memory_needle *needles;
    size_t count;
    size_t *found;      /* of each, how often */
    size_t longest;     /* octets */
    bool starts[65536]; /* the pairs of octets that they begin with */
};

static void memory_search_chunk(struct memory_search *search, const uint8_t *chunk, size_t starts,
                                size_t len, uintptr_t at)
{
    uintptr_t own = (uintptr_t)chunk;
    for (size_t i = 0; i < starts && i < len; i++) {
        if (i + 1 == len || !search->starts[chunk[i] << 8 | chunk[i + 1]])
            continue;
        for (size_t k = 0; k < search->count; k++) {
            const struct memory_needle *needle = &search->needles[k];
            /* What was read for the search itself is no finding. */
            bool mine = at + i + needle->len > own && at + i < own + MEMORY_CHUNK;
            search->found[k] +=
                !mine && i + needle->len <= len && memory_is_here(needle, chunk + i);
        }
    }
}

/* All of [start, end) in pieces that overlap by what a needle may stick out. */
static void memory_search_range(struct memory_search *search, int memory, uintptr_t start,
                                uintptr_t end)
{
    static uint8_t chunk[MEMORY_CHUNK];
    size_t step = sizeof chunk - search->longest + 1;
    for (uintptr_t at = start; at < end; at += step) {
        size_t wanted = end - at < sizeof chunk ? end - at : sizeof chunk;
        ssize_t got = pread(memory, chunk, wanted, (off_t)at);
        if (got > 0)
            memory_search_chunk(search, chunk, step, (size_t)got, at);
    }
    memset(chunk, 0, sizeof chunk);
}

/* How often each of needles[0..count) stands there. False: the memory can't be read. */
static bool memory_count_each(const struct memory_needle *needles, size_t count, size_t *out_found)
{
    char line[512];
    static struct memory_search search;
    search = (struct memory_search){.needles = needles, .count = count, .found = out_found};
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    for (size_t i = 0; i < count; i++) {
        out_found[i] = 0;
        const uint8_t *masked = needles[i].masked;
        search.starts[(masked[0] ^ MEMORY_MASK) << 8 | (masked[1] ^ MEMORY_MASK)] = true;
        if (needles[i].len > search.longest)
            search.longest = needles[i].len;
    }
    while (memory >= 0 && maps && fgets(line, sizeof line, maps)) {
        uintptr_t start = 0, end = 0;
        char rights[5] = "";
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, rights) == 3 &&
            rights[1] == 'w')
            memory_search_range(&search, memory, start, end);
    }
    bool good = memory >= 0 && maps;
    if (maps)
        fclose(maps);
    if (memory >= 0)
        close(memory);
    return good;
}

/* SIZE_MAX: the memory can't be read. */
static __attribute__((unused)) size_t memory_count(const struct memory_needle *needle)
{
    size_t found = 0;
    return memory_count_each(needle, 1, &found) ? found : SIZE_MAX;
}

#endif
