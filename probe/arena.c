/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK 2048u
#define LARGEST_BLOCK 65536u

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char data[];
};

struct sp_arena {
    struct block *newest;
    size_t cap, used, held;
    size_t next_size;
    bool failed;
};

struct sp_arena *sp_arena_new(size_t cap)
{
    struct sp_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->cap = cap;
    arena->next_size = FIRST_BLOCK;
    return arena;
}

void sp_arena_free(struct sp_arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->newest; block;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(arena);
}

static struct block *add_block(struct sp_arena *arena, size_t need)
{
    size_t size = need > arena->next_size ? need : arena->next_size;
    struct block *block = calloc(1, sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    block->next = arena->newest;
    arena->newest = block;
    arena->held += sizeof *block + size;
    if (arena->next_size < LARGEST_BLOCK)
        arena->next_size *= 2;
    return block;
}

static void *take(struct sp_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX - align)
        return NULL;
    size_t need = size == 0 ? align : (size + align - 1) / align * align;
    if (need > arena->cap - arena->used)
        return NULL;
    struct block *block = arena->newest;
    if (!block || need > block->size - block->used) {
        block = add_block(arena, need);
        if (!block)
            return NULL;
    }
    void *place = block->data + block->used;
    block->used += need;
    arena->used += need;
    return place;
}

void *sp_arena_alloc(struct sp_arena *arena, size_t size)
{
    void *place = take(arena, size);
    arena->failed = arena->failed || !place;
    return place;
}

bool sp_arena_failed(const struct sp_arena *arena)
{
    return arena->failed;
}

void *sp_arena_array(struct sp_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return sp_arena_alloc(arena, count * size);
}

void *sp_arena_memdup(struct sp_arena *arena, const void *data, size_t size)
{
    void *copy = sp_arena_alloc(arena, size);
    if (copy && size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *sp_arena_strndup(struct sp_arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = sp_arena_alloc(arena, len + 1);
    if (copy && len > 0)
        memcpy(copy, text, len);
    return copy;
}

char *sp_arena_strdup(struct sp_arena *arena, const char *text)
{
    return text ? sp_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *sp_arena_vprintf(struct sp_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : sp_arena_alloc(arena, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

char *sp_arena_printf(struct sp_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = sp_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

size_t sp_arena_used(const struct sp_arena *arena)
{
    return arena->used;
}

size_t sp_arena_held(const struct sp_arena *arena)
{
    return sizeof *arena + arena->held;
}
