/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bytes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ts_bytes_add(struct ts_bytes *bytes, const void *data, size_t length)
{
    if (length == 0)
        return;
    if (bytes->room - bytes->length < length) {
        size_t room = (bytes->length + length) * 2 + 64;
        unsigned char *grown = realloc(bytes->data, room);
        if (grown == NULL) {
            fprintf(stderr, "smtp-test-server: out of memory\n");
            exit(1);
        }
        bytes->data = grown;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

void ts_bytes_drop(struct ts_bytes *bytes, size_t length)
{
    if (length >= bytes->length) {
        bytes->length = 0;
        return;
    }
    memmove(bytes->data, bytes->data + length, bytes->length - length);
    bytes->length -= length;
}

void ts_bytes_free(struct ts_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct ts_bytes){0};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns how many characters behind the backslash were used, 0 if the escape is unknown. */
static size_t read_escape(const char *at, unsigned char *out)
{
    static const char letters[] = "rnte\\\"";
    static const char values[] = "\r\n\t\033\\\"";
    const char *found = at[0] != '\0' ? strchr(letters, at[0]) : NULL;
    if (found != NULL) {
        *out = (unsigned char)values[found - letters];
        return 1;
    }
    if (at[0] == 'x' && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
        *out = (unsigned char)(hex_value(at[1]) * 16 + hex_value(at[2]));
        return 3;
    }
    return 0;
}

const char *ts_bytes_add_escaped(struct ts_bytes *bytes, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (*at == '\\') {
            size_t used = read_escape(at + 1, &byte);
            if (used == 0)
                return "unknown escape; known are \\r \\n \\t \\e \\\\ \\\" \\xNN";
            at += used;
        }
        ts_bytes_add(bytes, &byte, 1);
    }
    return NULL;
}

const char *ts_bytes_add_hex(struct ts_bytes *bytes, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == ' ')
            continue;
        int high = hex_value(at[0]);
        int low = high >= 0 ? hex_value(at[1]) : -1;
        if (low < 0)
            return "not pairs of hex digits";
        unsigned char byte = (unsigned char)(high * 16 + low);
        ts_bytes_add(bytes, &byte, 1);
        at++;
    }
    return NULL;
}

void ts_print_escaped(FILE *out, const void *data, size_t length)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < length; i++) {
        if (at[i] == '\r')
            fputs("\\r", out);
        else if (at[i] == '\n')
            fputs("\\n", out);
        else if (at[i] == '\\')
            fputs("\\\\", out);
        else if (at[i] >= 0x20 && at[i] < 0x7f)
            fputc(at[i], out);
        else
            fprintf(out, "\\x%02x", at[i]);
    }
}

int ts_parse_duration(const char *text, uint64_t *out_ms)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || errno != 0 || value > 86400000 || *text == '-')
        return -1;
    if (strcmp(end, "ms") == 0)
        *out_ms = value;
    else if (strcmp(end, "s") == 0 || *end == '\0')
        *out_ms = value * 1000;
    else if (strcmp(end, "m") == 0)
        *out_ms = value * 60000;
    else
        return -1;
    return 0;
}

int ts_parse_count(const char *text, int64_t *out_count)
{
    char *end = NULL;
    if (strcmp(text, "forever") == 0) {
        *out_count = -1;
        return 0;
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || errno != 0 || value > INT32_MAX || *text == '-')
        return -1;
    if (*end == 'k' || *end == 'm')
        value *= *end == 'k' ? 1024 : 1024 * 1024;
    else if (*end != '\0')
        return -1;
    if (*end != '\0' && end[1] != '\0')
        return -1;
    *out_count = (int64_t)value;
    return 0;
}
