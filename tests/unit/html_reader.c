/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/html_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reader {
    const char *at;
    char stack[64][16];
    size_t depth;
    const char *ids[4096];
    size_t id_count;
};

static bool is_void(const char *name)
{
    static const char *const names[] = {"meta", "link", "input", "br"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void check_id(struct reader *reader, const char *value)
{
    size_t len = strcspn(value, "\"") + 1;

    for (size_t i = 0; i < reader->id_count; i++)
        if (strncmp(reader->ids[i], value, len) == 0)
            fail_msg("the id %.*s stands twice", (int)len, value);
    assert_true(reader->id_count < 4096);
    reader->ids[reader->id_count++] = value;
}

/* name or name="value"; the value has no quote and no angle bracket. */
static void read_attribute(struct reader *reader)
{
    const char *name = reader->at;
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

    assert_true(len > 0);
    assert_false(begins(name, "on") || begins(name, "style"));
    reader->at += len;
    if (*reader->at != '=')
        return;
    assert_int_equal(reader->at[1], '"');
    const char *value = reader->at + 2;
    size_t value_len = strcspn(value, "\"<>");

    assert_int_equal(value[value_len], '"');
    if (begins(name, "href=") || begins(name, "action=") || begins(name, "src="))
        assert_true(begins(value, "/x/") || begins(value, "#") || begins(value, "data:,\""));
    if (begins(name, "id="))
        check_id(reader, value);
    reader->at = value + value_len + 1;
}

static void read_tag(struct reader *reader)
{
    bool closes = reader->at[1] == '/';
    const char *start = reader->at + (closes ? 2 : 1);
    size_t len = strspn(start, "abcdefghijklmnopqrstuvwxyz123456");
    char name[16];

    assert_true(len > 0 && len < sizeof(name));
    memcpy(name, start, len);
    name[len] = '\0';
    assert_string_not_equal(name, "script");
    assert_string_not_equal(name, "style");
    reader->at = start + len;
    if (closes) {
        assert_true(reader->depth > 0);
        assert_string_equal(name, reader->stack[--reader->depth]);
        assert_int_equal(*reader->at++, '>');
        return;
    }
    while (*reader->at == ' ') {
        reader->at++;
        read_attribute(reader);
    }
    bool alone = *reader->at == '/';
    reader->at += alone ? 1 : 0;
    assert_int_equal(*reader->at++, '>');
    if (alone || is_void(name))
        return;
    assert_true(reader->depth < 64);
    memcpy(reader->stack[reader->depth++], name, len + 1);
}

void html_read(const char *page)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    struct reader *reader = calloc(1, sizeof(*reader));

    assert_non_null(reader);
    assert_true(begins(page, doctype));
    reader->at = page + strlen(doctype);
    while (*reader->at != '\0') {
        unsigned char octet = (unsigned char)*reader->at;

        if (octet == '<') {
            read_tag(reader);
            continue;
        }
        assert_true(octet == '\n' || octet >= 0x20);
        assert_true(octet != '>' && octet != 0x7F);
        if (octet == '&')
            assert_true(strcspn(reader->at, ";") <= 6);
        reader->at++;
    }
    assert_int_equal(reader->depth, 0);
    free(reader);
}
