/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One growing piece of memory that is freed as a whole. An endpoint's evidence and findings live in
 * one arena, so nothing in them points into network or library buffers and nothing is freed twice.
 */
#ifndef SP_PROBE_ARENA_H
#define SP_PROBE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct sp_arena;

/* A new arena that will hand out at most `cap` octets in all. NULL: out of memory. Caller frees. */
struct sp_arena *sp_arena_new(size_t cap);
/* Frees the arena and all that was allocated from it. NULL is allowed. */
void sp_arena_free(struct sp_arena *arena);

/* `size` octets set to zero, aligned for any type. NULL: out of memory or over the cap. size 0 is
 * allowed and gives a valid pointer. */
void *sp_arena_alloc(struct sp_arena *arena, size_t size);
/* Room for `count` elements of `size` octets; the product is checked for overflow. */
void *sp_arena_array(struct sp_arena *arena, size_t count, size_t size);
/* A copy of `size` octets. NULL as above. */
void *sp_arena_memdup(struct sp_arena *arena, const void *data, size_t size);
/* A copy of a string with its NUL; text == NULL gives NULL. */
char *sp_arena_strdup(struct sp_arena *arena, const char *text);
/* A copy of `len` octets with a NUL behind them. */
char *sp_arena_strndup(struct sp_arena *arena, const char *text, size_t len);
/* A formatted string. NULL: out of memory or over the cap. */
char *sp_arena_printf(struct sp_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *sp_arena_vprintf(struct sp_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Something was asked for and could not be had: where a word about that is missing, it was memory. */
bool sp_arena_failed(const struct sp_arena *arena);
/* Octets handed out so far. */
size_t sp_arena_used(const struct sp_arena *arena);
/* Octets taken from the system for them; at most a block of 64 KiB more than what is used. */
size_t sp_arena_held(const struct sp_arena *arena);

#endif
