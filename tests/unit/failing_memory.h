/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The allocator of a test program in which allocations fail: of the program and of every library in it.
 * Included by one file of the program. Under a sanitizer, which has an allocator of its own,
 * OWN_ALLOCATOR is 0 and nothing fails.
 */
#ifndef SP_TESTS_FAILING_MEMORY_H
#define SP_TESTS_FAILING_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 0 /* the sanitizer has its own */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR 0
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

/* Allocations that still succeed; SIZE_MAX: all. */
static size_t left = SIZE_MAX;
/* Those behind the one that fails succeed again. */
static bool alone __attribute__((unused));
/* One has failed. */
static bool hit __attribute__((unused));
/* Allocated and not yet freed. */
static long live __attribute__((unused));

#if OWN_ALLOCATOR
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *data);

static bool may_allocate(void)
{
    if (left == 0) {
        left = alone ? SIZE_MAX : 0;
        hit = true;
        errno = ENOMEM;
        return false;
    }
    left -= left != SIZE_MAX;
    return true;
}

void *malloc(size_t size)
{
    void *data = may_allocate() ? __libc_malloc(size) : NULL;
    live += data != NULL;
    return data;
}

void *calloc(size_t count, size_t size)
{
    void *data = may_allocate() ? __libc_calloc(count, size) : NULL;
    live += data != NULL;
    return data;
}

void *realloc(void *old, size_t size)
{
    void *data = may_allocate() ? __libc_realloc(old, size) : NULL;
    live += data != NULL && old == NULL;
    return data;
}

void free(void *data)
{
    live -= data != NULL;
    __libc_free(data);
}
#endif

#endif
