/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/buf.h"
#include "probe/ehlo.h"
#include "probe/limits.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A reply with these lines; `lines` are separated by "|". */
static void make_reply(struct sp_arena *arena, const char *lines, struct sp_reply *out_reply)
{
    size_t count = 1;

    for (const char *c = lines; *c; c++)
        count += *c == '|';
    *out_reply = (struct sp_reply){.code = 250, .line_count = count};
    out_reply->lines = sp_arena_array(arena, count, sizeof *out_reply->lines);
    assert_non_null(out_reply->lines);
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(lines, "|");

        out_reply->lines[i].data = sp_arena_strndup(arena, lines, len);
        out_reply->lines[i].len = len;
        lines += len + 1;
    }
}

/* "KEYWORD(word,word) KEYWORD()" */
static void describe(const struct sp_ehlo *ehlo, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < ehlo->count; i++) {
        len +=
            (size_t)snprintf(text + len, size - len, "%s%s(", i ? " " : "", ehlo->items[i].keyword);
        for (size_t k = 0; k < ehlo->items[i].param_count; k++) {
            assert_int_equal(strlen(ehlo->items[i].params[k].data), ehlo->items[i].params[k].len);
            len += (size_t)snprintf(text + len, size - len, "%s%s", k ? "," : "",
                                    ehlo->items[i].params[k].data);
        }
        len += (size_t)snprintf(text + len, size - len, ")");
    }
}

static void test_keywords(void **state)
{
    static const struct {
        const char *lines;
        const char *items;
    } rows[] = {
        {"mx.test Hello", ""},
        {"STARTTLS", ""}, /* the first line is no capability */
        {"mx|PIPELINING|SIZE 10240000|HELP", "PIPELINING() SIZE(10240000) HELP()"},
        {"mx|starttls|8bitMime", "STARTTLS() 8BITMIME()"},
        {"mx|STARTTLS|STARTTLS", "STARTTLS() STARTTLS()"},
        {"mx|AUTH PLAIN LOGIN", "AUTH(PLAIN,LOGIN)"},
        {"mx|auth=login plain", "AUTH=(login,plain)"},
        {"mx|AUTH=", "AUTH=()"},
        {"mx|AUTHX", "AUTHX()"},
        {"mx||  |X", "X()"},
        {"mx|  X\t a  b ", "X(a,b)"},
        {"mx|XCLIENT NAME ADDR|X-FOO_BAR 1", "XCLIENT(NAME,ADDR) X-FOO_BAR(1)"},
        {"mx|A\033[2J\xff x", "A?[2J?(x)"},
        {"mx|\xc3\xa4", "?\?()"},
        {"mx|LIMITS RCPTMAX=20 MAILMAX=5", "LIMITS(RCPTMAX=20,MAILMAX=5)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_reply reply;
        struct sp_ehlo ehlo = {.tried = true};
        char text[256];

        make_reply(arena, rows[i].lines, &reply);
        assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
        describe(&ehlo, text, sizeof text);
        assert_string_equal(text, rows[i].items);
        assert_true(ehlo.tried);
        assert_false(ehlo.cut);
        sp_arena_free(arena);
    }
}

static void test_nul_in_line(void **state)
{
    static const char line[] = "X\0Y a\0b";
    struct sp_text lines[] = {{"mx", 2}, {line, sizeof line - 1}};
    struct sp_reply reply = {.code = 250, .lines = lines, .line_count = 2};
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_ehlo ehlo = {0};

    (void)state;
    assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
    assert_int_equal(ehlo.count, 1);
    assert_string_equal(ehlo.items[0].keyword, "X?Y");
    assert_int_equal(ehlo.items[0].params[0].len, 3);
    assert_memory_equal(ehlo.items[0].params[0].data, "a\0b", 4);
    sp_arena_free(arena);
}

static void test_size(void **state)
{
    static const struct {
        const char *lines;
        enum sp_size_state size_state;
        uint64_t size;
    } rows[] = {
        {"mx", SP_SIZE_ABSENT, 0},
        {"mx|SIZE", SP_SIZE_ABSENT, 0},
        {"mx|SIZE 0", SP_SIZE_VALID, 0},
        {"mx|size 10240000", SP_SIZE_VALID, 10240000},
        {"mx|SIZE 00000000000000000010", SP_SIZE_VALID, 10},
        {"mx|SIZE 18446744073709551615", SP_SIZE_VALID, UINT64_MAX},
        {"mx|SIZE 18446744073709551616", SP_SIZE_INVALID, 0},
        {"mx|SIZE 99999999999999999999", SP_SIZE_INVALID, 0},
        {"mx|SIZE 100000000000000000000000", SP_SIZE_INVALID, 0},
        {"mx|SIZE 000000000000000000010", SP_SIZE_INVALID, 0},
        {"mx|SIZE -1", SP_SIZE_INVALID, 0},
        {"mx|SIZE +1", SP_SIZE_INVALID, 0},
        {"mx|SIZE 0x10", SP_SIZE_INVALID, 0},
        {"mx|SIZE 1e9", SP_SIZE_INVALID, 0},
        {"mx|SIZE 1 2", SP_SIZE_INVALID, 0},
        {"mx|SIZE 10|SIZE 10", SP_SIZE_VALID, 10},
        {"mx|SIZE 10|SIZE 20", SP_SIZE_INVALID, 0},
        {"mx|SIZE x|SIZE 20", SP_SIZE_INVALID, 0},
        {"mx|SIZE=10", SP_SIZE_ABSENT, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_reply reply;
        struct sp_ehlo ehlo = {.size = 7, .size_state = SP_SIZE_VALID};

        make_reply(arena, rows[i].lines, &reply);
        assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
        assert_int_equal(ehlo.size_state, rows[i].size_state);
        assert_true(ehlo.size == rows[i].size);
        sp_arena_free(arena);
    }
}

static void test_auth(void **state)
{
    static const struct {
        const char *lines;
        const char *auth;
    } rows[] = {
        {"mx", ""},
        {"mx|AUTH", ""},
        {"mx|AUTH PLAIN LOGIN", "PLAIN LOGIN"},
        {"mx|Auth plain xoauth2 scram-sha-256-plus", "PLAIN XOAUTH2 SCRAM-SHA-256-PLUS"},
        {"mx|AUTH PLAIN LOGIN|AUTH=LOGIN PLAIN CRAM-MD5", "PLAIN LOGIN CRAM-MD5"},
        {"mx|AUTH=LOGIN", "LOGIN"},
        {"mx|AUTH PLAIN PLAIN plain", "PLAIN"},
        {"mx|AUTH PL\033AIN $$ =LOGIN LOGIN X234567890123456789012 DIGEST_MD5", "LOGIN DIGEST_MD5"},
        {"mx|XAUTH PLAIN", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_reply reply;
        struct sp_ehlo ehlo = {0};
        char text[256] = "";

        make_reply(arena, rows[i].lines, &reply);
        assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
        for (size_t k = 0; k < ehlo.auth_count; k++) {
            size_t len = strlen(text);

            snprintf(text + len, sizeof text - len, "%s%s", k ? " " : "", ehlo.auth[k]);
        }
        assert_string_equal(text, rows[i].auth);
        sp_arena_free(arena);
    }
}

static void test_caps(void **state)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_buf many;
    struct sp_reply reply;
    struct sp_ehlo ehlo = {0};

    (void)state;
    sp_buf_init(&many, 65536);
    assert_true(sp_buf_append_str(&many, "mx"));
    for (unsigned i = 0; i < SP_LIMIT_CAPABILITIES; i++)
        assert_true(sp_buf_printf(&many, "|X%u", i));
    assert_true(sp_buf_append(&many, "", 1));
    make_reply(arena, (const char *)many.data, &reply);
    assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
    assert_int_equal(ehlo.count, SP_LIMIT_CAPABILITIES);
    assert_false(ehlo.cut);
    many.len--;
    assert_true(sp_buf_append(&many, "|LAST", 6));
    make_reply(arena, (const char *)many.data, &reply);
    assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
    assert_int_equal(ehlo.count, SP_LIMIT_CAPABILITIES);
    assert_true(ehlo.cut);

    many.len = 0;
    assert_true(sp_buf_append_str(&many, "mx|AUTH"));
    for (unsigned i = 0; i < 1000; i++)
        assert_true(sp_buf_printf(&many, " M%u", i));
    assert_true(sp_buf_append(&many, "|AUTH LAST", 11));
    make_reply(arena, (const char *)many.data, &reply);
    assert_true(sp_ehlo_parse(arena, &reply, &ehlo));
    assert_int_equal(ehlo.items[0].param_count, SP_LIMIT_PARAMS);
    assert_int_equal(ehlo.auth_count, SP_LIMIT_PARAMS);
    assert_true(ehlo.cut);
    sp_buf_free(&many);
    sp_arena_free(arena);
}

static void test_without_memory(void **state)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_reply reply;
    struct sp_ehlo ehlo = {0};
    size_t need = 0;

    (void)state;
    make_reply(arena, "mx|SIZE 1|AUTH PLAIN LOGIN", &reply);
    for (bool ok = false; !ok; need++) {
        struct sp_arena *small = sp_arena_new(need);

        ok = sp_ehlo_parse(small, &reply, &ehlo);
        if (!ok)
            assert_int_equal(ehlo.count, 0);
        sp_arena_free(small);
    }
    assert_true(need > 100);
    sp_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keywords), cmocka_unit_test(test_nul_in_line),
        cmocka_unit_test(test_size),     cmocka_unit_test(test_auth),
        cmocka_unit_test(test_caps),     cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
