/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one place where a server's octets become text. Octets are taken apart into units (a character,
 * or octets that are no UTF-8); each unit is copied or replaced by an escape, never split.
 */
#include "output/utf8.h"
#include "output/writer.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DOTS 3u /* columns of "..." */

struct unit {
    size_t taken;   /* octets of the source */
    size_t columns; /* columns of what stands for it */
    size_t len;     /* octets of `text`; 0: the source's own octets */
    char text[40];  /* the longest: three octets as \\xNN\\xNN\\xNN with doubled backslashes */
};

/* Where safe text goes: exactly one of the two is set. */
struct sink {
    struct sp_writer *writer;
    struct sp_buf *buf;
};

static bool put(const struct sink *sink, const char *data, size_t len)
{
    if (sink->writer != NULL) {
        sp_write(sink->writer, data, len);
        return sink->writer->error == 0;
    }
    return sp_buf_append(sink->buf, data, len);
}

static void set_text(struct unit *unit, const char *text, size_t len)
{
    memcpy(unit->text, text, len);
    unit->len = len;
    unit->columns = len;
}

static void set_replacement(struct unit *unit)
{
    set_text(unit, "\xEF\xBF\xBD", 3); /* U+FFFD */
    unit->columns = 1;
}

/* Octets as \xNN. In a label's quotes a backslash must itself be written as two. */
static void set_octets(struct unit *unit, enum sp_safe how, const char *octets)
{
    static const char hex[] = "0123456789abcdef";

    unit->len = 0;
    for (size_t i = 0; i < unit->taken; i++) {
        unsigned octet = (unsigned char)octets[i];

        if (how == SP_SAFE_LABEL)
            unit->text[unit->len++] = '\\';
        unit->text[unit->len++] = '\\';
        unit->text[unit->len++] = 'x';
        unit->text[unit->len++] = hex[octet >> 4];
        unit->text[unit->len++] = hex[octet & 15u];
    }
    unit->columns = unit->len;
}

/* A character as \uNNNN; JSON knows only that form and takes a pair of surrogates beyond U+FFFF. */
static void set_escape(struct unit *unit, enum sp_safe how, uint32_t code)
{
    const char *slash = how == SP_SAFE_LABEL ? "\\\\" : "\\";
    int len;

    if (code < 0x10000) {
        len = snprintf(unit->text, sizeof(unit->text), "%su%04x", slash, (unsigned)code);
    } else if (how == SP_SAFE_JSON_TEXT) {
        len = snprintf(unit->text, sizeof(unit->text), "\\u%04x\\u%04x",
                       (unsigned)(0xD800u + ((code - 0x10000u) >> 10)),
                       (unsigned)(0xDC00u + ((code - 0x10000u) & 0x3FFu)));
    } else {
        len = snprintf(unit->text, sizeof(unit->text), "%sU%08x", slash, (unsigned)code);
    }
    unit->len = (size_t)len;
    unit->columns = unit->len;
}

/* The two modes for JSON: nothing is lost but what JSON can't hold. */
static void replace_json(struct unit *unit, enum sp_safe how, int32_t code)
{
    if (code == SP_UTF8_BAD || (code == 0 && how == SP_SAFE_JSON))
        set_replacement(unit);
    else if (how == SP_SAFE_JSON_TEXT && code != '\n' && code != '\t' && sp_utf8_hidden(code))
        set_escape(unit, how, (uint32_t)code);
}

static void replace_label(struct unit *unit, int32_t code)
{
    if (code == '\\')
        set_text(unit, "\\\\", 2);
    else if (code == '"')
        set_text(unit, "\\\"", 2);
    else if (code == '\n')
        set_text(unit, "\\n", 2);
}

/* Nagios cuts a line at '|' and web pages take '<' for a tag; the replacements read the same. */
static void replace_nagios(struct unit *unit, int32_t code)
{
    if (code == '|')
        set_text(unit, "!", 1);
    else if (code == '<')
        set_text(unit, "(", 1);
    else if (code == '>')
        set_text(unit, ")", 1);
}

static void read_unit(struct unit *unit, enum sp_safe how, const char *data, size_t len)
{
    int32_t code;

    unit->taken = sp_utf8_read(data, len, &code);
    unit->len = 0;
    unit->columns = code == SP_UTF8_BAD ? 1 : sp_utf8_width(code);
    if (how == SP_SAFE_JSON || how == SP_SAFE_JSON_TEXT) {
        replace_json(unit, how, code);
        return;
    }
    if (how == SP_SAFE_LABEL)
        replace_label(unit, code);
    else if (how == SP_SAFE_NAGIOS)
        replace_nagios(unit, code);
    if (unit->len > 0)
        return;
    if (code == SP_UTF8_BAD || code < 0x20 || code == 0x7F)
        set_octets(unit, how, data);
    else if (sp_utf8_hidden(code) || (how == SP_SAFE_ASCII && code >= 0x80))
        set_escape(unit, how, (uint32_t)code);
}

/* True when all of the text needs no more than `max` columns; looks no further than that. */
static bool fits(enum sp_safe how, const char *data, size_t len, size_t max)
{
    struct unit unit;
    size_t columns = 0;

    for (size_t at = 0; at < len; at += unit.taken) {
        read_unit(&unit, how, data + at, len - at);
        columns += unit.columns;
        if (columns > max)
            return false;
    }
    return true;
}

static bool put_safe(const struct sink *sink, enum sp_safe how, const char *data, size_t len,
                     size_t max_columns)
{
    bool cut = max_columns > 0 && !fits(how, data, len, max_columns);
    size_t dots = cut && max_columns > DOTS ? DOTS : 0;
    size_t room = cut ? max_columns - dots : SIZE_MAX;
    size_t run = 0; /* start of the octets that are copied as they are */
    size_t at = 0;
    struct unit unit;

    if (len == 0)
        return true; /* then `data` may be NULL */
    for (; at < len; at += unit.taken) {
        read_unit(&unit, how, data + at, len - at);
        if (unit.columns > room)
            break;
        room -= unit.columns;
        if (unit.len > 0) {
            if (!put(sink, data + run, at - run) || !put(sink, unit.text, unit.len))
                return false;
            run = at + unit.taken;
        }
    }
    return put(sink, data + run, at - run) && put(sink, "...", dots);
}

void sp_write_safe(struct sp_writer *writer, enum sp_safe how, const char *data, size_t len,
                   size_t max_columns)
{
    put_safe(&(struct sink){.writer = writer}, how, data, len, max_columns);
}

bool sp_safe_append(struct sp_buf *out, enum sp_safe how, const char *data, size_t len,
                    size_t max_columns)
{
    size_t before = out->len;

    if (put_safe(&(struct sink){.buf = out}, how, data, len, max_columns))
        return true;
    out->len = before; /* all or nothing, as sp_buf_append */
    return false;
}
