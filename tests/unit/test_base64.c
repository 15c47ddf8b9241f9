/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648 §10, and octets that need the last two characters of the alphabet. */
static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        const char *base64;
    } rows[] = {
        {"", 0, ""},
        {"f", 1, "Zg=="},
        {"fo", 2, "Zm8="},
        {"foo", 3, "Zm9v"},
        {"foob", 4, "Zm9vYg=="},
        {"fooba", 5, "Zm9vYmE="},
        {"foobar", 6, "Zm9vYmFy"},
        {"\0user\0pass", 10, "AHVzZXIAcGFzcw=="},
        {"\xfb\xff\xbf", 3, "+/+/"},
        {"\xff\xff\xff\xff", 4, "/////w=="},
        {"p\xc3\xa4ss", 5, "cMOkc3M="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[32];
        size_t size = SP_BASE64_SIZE(rows[i].len);
        assert_int_equal(size, strlen(rows[i].base64) + 1);
        memset(out, '#', sizeof out);
        assert_true(sp_base64_encode(rows[i].data, rows[i].len, out, size));
        assert_string_equal(out, rows[i].base64);
        assert_int_equal(out[size], '#');
        /* One octet less is too little, and nothing is written behind the cap. */
        memset(out, '#', sizeof out);
        assert_false(sp_base64_encode(rows[i].data, rows[i].len, out, size - 1));
        assert_int_equal(out[size - 1], '#');
        if (size > 1)
            assert_string_equal(out, "");
        size_t len = 99;
        assert_true(sp_base64_decode(rows[i].base64, size - 1, out, &len));
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(out, rows[i].data, len);
    }
}

/* Each value of six bits, in order: the alphabet itself. */
static void test_alphabet(void **state)
{
    (void)state;
    uint8_t data[48] = {0};
    char out[SP_BASE64_SIZE(sizeof data)];
    for (unsigned i = 0; i < 64; i++)
        for (unsigned bit = 0; bit < 6; bit++)
            if (i & (32u >> bit))
                data[(i * 6 + bit) / 8] |= (uint8_t)(128u >> (i * 6 + bit) % 8);
    assert_true(sp_base64_encode(data, sizeof data, out, sizeof out));
    assert_string_equal(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

static void test_absurd_length(void **state)
{
    (void)state;
    char out[8] = "x";
    assert_false(sp_base64_encode("", SIZE_MAX, out, sizeof out));
    assert_string_equal(out, "");
    assert_false(sp_base64_encode("", 0, out, 0));
}

/* What may stand in between, and what is not base64. */
static void test_decoding(void **state)
{
    (void)state;
    static const struct {
        const char *text, *data; /* NULL: refused */
    } rows[] = {
        {" Z g\t=\r\n=\n", "f"},
        {"Zm\n9vYmFy", "foobar"},
        {"\n", ""},
        {"Zg", NULL},
        {"Zg=", NULL},
        {"Z", NULL},
        {"=", NULL},
        {"Z===", NULL},
        {"====", NULL},
        {"Zg==Zg==", NULL},
        {"Zg=v", NULL},
        {"Zg===", NULL},
        {"Zm9v=", NULL},
        {"Zm-v", NULL},
        {"Zm9v!", NULL},
        {"Zm9\xff", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[16];
        size_t len = 0, room = strlen(rows[i].text);
        memset(out, '#', sizeof out);
        if (sp_base64_decode(rows[i].text, room, out, &len) != (rows[i].data != NULL))
            fail_msg("\"%s\"", rows[i].text);
        if (rows[i].data != NULL) {
            assert_int_equal(len, strlen(rows[i].data));
            assert_memory_equal(out, rows[i].data, len);
        }
        assert_int_equal(out[room], '#');
    }
}

/* The text is its own place. */
static void test_decoding_in_place(void **state)
{
    (void)state;
    char text[] = "Zm9v\nYmFy\nYg==";
    size_t len = 0;
    assert_true(sp_base64_decode(text, strlen(text), text, &len));
    assert_int_equal(len, 7);
    assert_memory_equal(text, "foobarb", len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),           cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_absurd_length),     cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_decoding_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
