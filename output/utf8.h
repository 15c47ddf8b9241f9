/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading UTF-8 (RFC 3629, no locale) and how wide its characters are in a terminal. */
#ifndef SP_OUTPUT_UTF8_H
#define SP_OUTPUT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_UTF8_BAD (-1)

/*
 * Reads one character from data[0..len), len > 0. Returns how many octets it has and its code point in
 * *out_code. Where the octets are no UTF-8 (overlong forms, surrogates, beyond U+10FFFF and cut
 * sequences too) *out_code is SP_UTF8_BAD and the count is that of the octets that belong together:
 * one U+FFFD stands for all of them (Unicode 3.9, "maximal subpart").
 */
size_t sp_utf8_read(const char *data, size_t len, int32_t *out_code);
/* Controls, bidi controls, line separators and characters that have no picture of their own. */
bool sp_utf8_hidden(int32_t code);
/* Columns of a visible character: 0 (combining mark), 1 or 2 (East Asian wide, emoji). */
size_t sp_utf8_width(int32_t code);
/* Columns of text that is already safe to print. */
size_t sp_utf8_columns(const char *data, size_t len);

#endif
