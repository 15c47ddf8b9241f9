/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   object = "{" [member *("," member)] "}"
 *   member = string ":" value
 *
 * RFC 8259, as far as flat objects go. Values that are objects or arrays are stepped over by counting
 * brackets outside of strings. The first thing that does not fit ends the search.
 */
#include "checks/server_said.h"

#include <stdio.h>
#include <string.h>

struct scan {
    const char *at; /* ends at the NUL */
};

static void skip_space(struct scan *scan)
{
    while (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r' || *scan->at == '\n')
        scan->at++;
}

static bool take(struct scan *scan, char c)
{
    skip_space(scan);
    if (*scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* The character that an escape means, behind its backslash. Code points beyond ASCII are "?". */
static char unescape(struct scan *scan)
{
    char c = *scan->at++;
    unsigned code = 0;
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'u': break;
    default: return c;
    }
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = *scan->at != '\0' ? strchr(digits, *scan->at | 0x20) : NULL;
        if (digit == NULL)
            return '?';
        code = code << 4 | (unsigned)(digit - digits);
        scan->at++;
    }
    return code > 0 && code < 0x80 ? (char)code : '?';
}

/* A string, into out[0..size) as far as it has room; size 0: it is only stepped over. */
static bool take_string(struct scan *scan, char *out, size_t size)
{
    size_t used = 0;
    if (!take(scan, '"'))
        return false;
    while (*scan->at != '"') {
        if (*scan->at == '\0')
            return false;
        char c = *scan->at++;
        if (c == '\\') {
            if (*scan->at == '\0')
                return false;
            c = unescape(scan);
        }
        if (used + 1 < size)
            out[used++] = c;
    }
    scan->at++;
    if (size > 0)
        out[used] = '\0';
    return true;
}

/* What is neither string, object nor array: a number, true, false, null. */
static bool take_word(struct scan *scan, char *out, size_t size)
{
    skip_space(scan);
    size_t len = strcspn(scan->at, ",]} \t\r\n\"[{");
    if (size > 0)
        snprintf(out, size, "%.*s", (int)(len < size ? len : size), scan->at);
    scan->at += len;
    return len > 0;
}

static bool skip_nested(struct scan *scan)
{
    size_t depth = 0;
    do {
        skip_space(scan);
        if (*scan->at == '"') {
            if (!take_string(scan, NULL, 0))
                return false;
            continue;
        }
        if (*scan->at == '\0')
            return false;
        if (*scan->at == '{' || *scan->at == '[')
            depth++;
        else if (*scan->at == '}' || *scan->at == ']')
            depth--;
        scan->at++;
    } while (depth > 0);
    return true;
}

/* A value; *out_plain: it was a string or a word, and is in out. */
static bool take_value(struct scan *scan, char *out, size_t size, bool *out_plain)
{
    skip_space(scan);
    *out_plain = *scan->at != '{' && *scan->at != '[';
    if (!*out_plain)
        return skip_nested(scan);
    return *scan->at == '"' ? take_string(scan, out, size) : take_word(scan, out, size);
}

bool sp_server_said_member(const char *said, const char *member, char *out, size_t size)
{
    struct scan scan = {said};
    if (!take(&scan, '{'))
        return false;
    do {
        char name[32];
        bool plain = false;
        if (!take_string(&scan, name, sizeof name) || !take(&scan, ':') ||
            !take_value(&scan, out, size, &plain))
            return false;
        if (strcmp(name, member) == 0)
            return plain && out[0] != '\0';
    } while (take(&scan, ','));
    return false;
}

const char *sp_word_server_said(char *out, size_t size, const char *said)
{
    static const char *const members[] = {"status", "error", "error_description", "schemes",
                                          "scope"};
    char value[160];
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof members / sizeof members[0] && used < size; i++)
        if (sp_server_said_member(said, members[i], value, sizeof value))
            used += (size_t)snprintf(out + used, size - used, "%s%s %s", used > 0 ? ", " : "",
                                     members[i], value);
    if (used == 0)
        snprintf(out, size, "%s", said);
    return out;
}
