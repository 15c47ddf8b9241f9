/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A strict reader of text 0.0.4 and OpenMetrics 1.0, for tests: stricter than Prometheus, which forgives a
 * lot. Numbers must have no exponent, families must have HELP and TYPE and at least one sample.
 */
#ifndef SP_TESTS_UNIT_EXPOSITION_READER_H
#define SP_TESTS_UNIT_EXPOSITION_READER_H

#include "output/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define READER_SERIES 4096

struct reader_word {
    const char *at;
    size_t len;
};

struct reader {
    bool open; /* OpenMetrics */
    const char *at;
    size_t line;
    struct reader_word base, type;
    struct reader_word series[READER_SERIES], families[256];
    size_t series_count, family_count, samples; /* samples: of the family in hand */
    char error[160];
};

static inline bool reader_fail(struct reader *reader, const char *why)
{
    if (reader->error[0] == '\0')
        snprintf(reader->error, sizeof reader->error, "line %zu: %s", reader->line, why);
    return false;
}

static inline bool reader_is(struct reader_word word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.at, text, word.len) == 0;
}

static inline bool reader_ends(struct reader_word word, const char *text)
{
    size_t len = strlen(text);
    return word.len > len && memcmp(word.at + word.len - len, text, len) == 0;
}

/* False: it is there already, or the list is full. */
static inline bool reader_keep(struct reader_word *list, size_t *count, size_t size,
                               struct reader_word word)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i].len == word.len && memcmp(list[i].at, word.at, word.len) == 0)
            return false;
    if (*count == size)
        return false;
    list[(*count)++] = word;
    return true;
}

static inline bool reader_skip(struct reader *reader, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(reader->at, text, len) != 0)
        return false;
    reader->at += len;
    return true;
}

static inline bool reader_name(struct reader *reader, struct reader_word *out)
{
    out->at = reader->at;
    while (isalnum((unsigned char)*reader->at) || *reader->at == '_')
        reader->at++;
    out->len = (size_t)(reader->at - out->at);
    return out->len > 0 && !isdigit((unsigned char)out->at[0]);
}

static inline bool reader_end_line(struct reader *reader)
{
    if (*reader->at != '\n')
        return reader_fail(reader, "no end of the line where it must be");
    reader->at++;
    reader->line++;
    return true;
}

/* HELP's text: a backslash only before a backslash or n (OpenMetrics: or a quote). */
static inline bool reader_help(struct reader *reader)
{
    const char *first = reader->at;
    for (; *reader->at != '\n' && *reader->at != '\0'; reader->at++) {
        if (*reader->at != '\\')
            continue;
        reader->at++;
        if (*reader->at != '\\' && *reader->at != 'n' && !(reader->open && *reader->at == '"'))
            return reader_fail(reader, "bad escape in HELP");
    }
    if (reader->at == first)
        return reader_fail(reader, "empty HELP");
    return reader_end_line(reader);
}

static inline bool reader_comment_name(struct reader *reader, const char *keyword)
{
    struct reader_word name;
    if (!reader_skip(reader, keyword))
        return false;
    return (reader_name(reader, &name) && name.len == reader->base.len &&
            memcmp(name.at, reader->base.at, name.len) == 0 && reader_skip(reader, " ")) ||
           reader_fail(reader, "a comment of another family");
}

static inline bool reader_type(struct reader *reader)
{
    if (!reader_comment_name(reader, "# TYPE "))
        return reader_fail(reader, "TYPE expected");
    if (!reader_name(reader, &reader->type))
        return reader_fail(reader, "no type");
    if (!reader_is(reader->type, "gauge") && !reader_is(reader->type, "counter") &&
        !(reader->open && reader_is(reader->type, "info")))
        return reader_fail(reader, "unknown type");
    if (reader_is(reader->type, "counter") && reader_ends(reader->base, "_total") == reader->open)
        return reader_fail(reader, "_total where it must not be, or none");
    if (reader->open && reader_ends(reader->base, "_info"))
        return reader_fail(reader, "_info in a family's name");
    return reader_end_line(reader);
}

static inline bool reader_unit(struct reader *reader)
{
    struct reader_word unit;
    char suffix[64];
    if (strncmp(reader->at, "# UNIT ", 7) != 0) {
        if (reader_ends(reader->base, "_seconds") || reader_ends(reader->base, "_bytes"))
            return reader_fail(reader, "no UNIT");
        return true;
    }
    if (!reader_comment_name(reader, "# UNIT ") || !reader_name(reader, &unit))
        return reader_fail(reader, "bad UNIT");
    snprintf(suffix, sizeof suffix, "_%.*s", (int)unit.len, unit.at);
    if (!reader_ends(reader->base, suffix) || reader_is(reader->type, "info"))
        return reader_fail(reader, "the unit is not the name's end");
    return reader_end_line(reader);
}

static inline bool reader_head(struct reader *reader)
{
    const char *first = reader->at;
    if (!reader_skip(reader, reader->open ? "# TYPE " : "# HELP "))
        return reader_fail(reader, "a family's head expected");
    if (!reader_name(reader, &reader->base))
        return reader_fail(reader, "no name");
    if (!reader_keep(reader->families, &reader->family_count, 256, reader->base))
        return reader_fail(reader, "a family twice");
    reader->at = first;
    if (reader->open)
        return reader_type(reader) && reader_unit(reader) &&
               (reader_comment_name(reader, "# HELP ") || reader_fail(reader, "HELP expected")) &&
               reader_help(reader);
    return reader_comment_name(reader, "# HELP ") && reader_help(reader) && reader_type(reader);
}

static inline bool reader_label_value(struct reader *reader)
{
    for (; *reader->at != '"'; reader->at++) {
        if ((unsigned char)*reader->at < ' ')
            return reader_fail(reader, "a control character in a label");
        if (*reader->at == '\\') {
            reader->at++;
            if (*reader->at == '\0' || strchr("\\\"n", *reader->at) == NULL)
                return reader_fail(reader, "bad escape in a label");
        }
    }
    reader->at++;
    return true;
}

static inline bool reader_labels(struct reader *reader)
{
    struct reader_word names[16], name;
    size_t count = 0;
    if (!reader_skip(reader, "{"))
        return true;
    do {
        if (!reader_name(reader, &name) || !reader_skip(reader, "=\""))
            return reader_fail(reader, "bad label");
        if (!reader_keep(names, &count, 16, name))
            return reader_fail(reader, "a label twice");
        if (!reader_label_value(reader))
            return false;
    } while (reader_skip(reader, ","));
    return reader_skip(reader, "}") || reader_fail(reader, "labels are not closed");
}

static inline bool reader_number(struct reader *reader)
{
    const char *first = reader->at;
    bool info = reader_is(reader->type, "info");
    if (!reader_is(reader->type, "counter"))
        (void)reader_skip(reader, "-");
    if (!isdigit((unsigned char)*reader->at))
        return reader_fail(reader, "no number");
    while (isdigit((unsigned char)*reader->at))
        reader->at++;
    if (*reader->at == '.') {
        reader->at++;
        if (!isdigit((unsigned char)*reader->at))
            return reader_fail(reader, "no digit behind the point");
        while (isdigit((unsigned char)*reader->at))
            reader->at++;
    }
    if (info && strncmp(first, "1\n", 2) != 0)
        return reader_fail(reader, "an info that is not 1");
    return reader_end_line(reader);
}

static inline bool reader_sample(struct reader *reader)
{
    struct reader_word name, series = {reader->at, 0};
    const char *suffix = "";
    if (reader->open && reader_is(reader->type, "counter"))
        suffix = "_total";
    if (reader->open && reader_is(reader->type, "info"))
        suffix = "_info";
    if (!reader_name(reader, &name) || name.len != reader->base.len + strlen(suffix) ||
        memcmp(name.at, reader->base.at, reader->base.len) != 0 ||
        (suffix[0] != '\0' && !reader_ends(name, suffix)))
        return reader_fail(reader, "a sample of another family");
    if (!reader_labels(reader))
        return false;
    series.len = (size_t)(reader->at - series.at);
    if (!reader_keep(reader->series, &reader->series_count, READER_SERIES, series))
        return reader_fail(reader, "a series twice");
    reader->samples++;
    return (reader_skip(reader, " ") || reader_fail(reader, "no blank")) && reader_number(reader);
}

static inline bool reader_octets(struct reader *reader, const char *text)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        int32_t code;
        at += sp_utf8_read(text + at, len - at, &code);
        if (code == SP_UTF8_BAD)
            return reader_fail(reader, "not UTF-8");
    }
    return true;
}

/* True when `text` is a page of this format and nothing else; else reader->error says why not. */
static inline bool reader_read(struct reader *reader, bool open, const char *text)
{
    memset(reader, 0, sizeof *reader);
    reader->open = open;
    reader->at = text;
    reader->line = 1;
    if (!reader_octets(reader, text))
        return false;
    while (*reader->at != '\0' && strcmp(reader->at, "# EOF\n") != 0) {
        if (!reader_head(reader))
            return false;
        for (reader->samples = 0; *reader->at != '#' && *reader->at != '\0';)
            if (!reader_sample(reader))
                return false;
        if (reader->samples == 0)
            return reader_fail(reader, "a family without samples");
    }
    if ((*reader->at != '\0') != open)
        return reader_fail(reader, "# EOF is missing, or too much");
    return true;
}

/* True when this very line is in the page. */
static inline bool reader_has(const char *text, const char *line)
{
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return true;
    return false;
}

/* NULL, or a family of the page in hand that no row of this table of metrics tells: "| `name`". */
static inline const char *reader_untold(const struct reader *reader, const char *path)
{
    static char name[160], manual[65536];
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(manual, 1, sizeof manual - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    manual[len] = '\0';
    for (size_t i = 0; i < reader->family_count; i++) {
        snprintf(name, sizeof name, "`%.*s`", (int)reader->families[i].len, reader->families[i].at);
        if (strstr(manual, name) == NULL)
            return name;
    }
    return NULL;
}

#endif
