/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing run of bytes, and the escapes that scripts and the journal share. */
#ifndef TS_BYTES_H
#define TS_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ts_bytes {
    unsigned char *data;
    size_t length, room;
};

/* Ends the program when memory is out: a test server has nothing better to do then. */
void ts_bytes_add(struct ts_bytes *bytes, const void *data, size_t length);
void ts_bytes_drop(struct ts_bytes *bytes, size_t length); /* from the front */
void ts_bytes_free(struct ts_bytes *bytes);

/* Appends `text` with \r \n \t \e \\ \" and \xNN turned into bytes. Returns NULL, or what is wrong. */
const char *ts_bytes_add_escaped(struct ts_bytes *bytes, const char *text);

/*
 * Appends bytes given as pairs of hex digits, blanks allowed between pairs. Returns NULL, or what
 * is wrong.
 */
const char *ts_bytes_add_hex(struct ts_bytes *bytes, const char *text);

/* Prints bytes with everything outside printable ASCII, and the backslash, as escapes. */
void ts_print_escaped(FILE *out, const void *data, size_t length);

/* "250ms", "2s", "1m" or plain seconds, into milliseconds. Returns 0, or -1. */
int ts_parse_duration(const char *text, uint64_t *out_ms);

/* A count with an optional k or m (1024, 1024²), or "forever" = -1. Returns 0, or -1. */
int ts_parse_count(const char *text, int64_t *out_count);

#endif
