/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vectors of the RFCs, and libgsasl's SASLprep as the second opinion on every code point there is. */
#include "probe/saslprep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include <cmocka.h>

#define TEXT(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t len;
    const char *prepared; /* NULL: refused */
} examples[] = {
    /* RFC 4013 §3 */
    {TEXT("I\xc2\xadX"), "IX"},
    {TEXT("user"), "user"},
    {TEXT("USER"), "USER"},
    {TEXT("\xc2\xaa"), "a"},
    {TEXT("\xe2\x85\xa8"), "IX"},
    {TEXT("\x07"), NULL},
    {TEXT("\xd8\xa7\x31"), NULL},
    /* RFC 3454 §6's own example of directions that agree */
    {TEXT("\xd8\xa7\x31\xd8\xa8"), "\xd8\xa7\x31\xd8\xa8"},
    {TEXT("\u0627a\u0628"), NULL},
    {TEXT("1\xd8\xa7"), NULL},
    /* spaces, and what goes away; U+200B is in both tables */
    {TEXT("a\u00a0b"), "a b"},
    {TEXT("a\u3000b"), "a b"},
    {TEXT("a\u200bb"), "a b"},
    {TEXT("\xc2\xad"), ""},
    {TEXT(""), ""},
    {TEXT(" a  b "), " a  b "},
    /* NFKC */
    {TEXT("u\xcc\x88"), "\xc3\xbc"},
    {TEXT("\xc3\xbc"), "\xc3\xbc"},
    {TEXT("\xef\xac\x81"), "fi"},
    {TEXT("q\xcc\x87\xcc\xa3"), "q\xcc\xa3\xcc\x87"},
    {TEXT("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"), "\xea\xb0\x81"},
    {TEXT("\xcd\x80"), "\xcc\x80"}, /* forbidden, but NFKC comes first */
    /* no UTF-8 */
    {TEXT("\xff"), NULL},
    {TEXT("p\xe4ss"), NULL},
    {TEXT("\xc0\x80"), NULL},
    {TEXT("\xc1\xa1"), NULL},
    {TEXT("\xed\xa0\x80"), NULL},
    {TEXT("\xf4\x90\x80\x80"), NULL},
    {TEXT("\xe2\x82"), NULL},
    {TEXT("a\xcc"), NULL},
    /* forbidden */
    {TEXT("a\0b"), NULL},
    {TEXT("a\x7f"), NULL},
    {TEXT("a\r\n"), NULL},
    {TEXT("a\tb"), NULL},
    {TEXT("\xc2\x85"), NULL},
    {TEXT("\xee\x80\x80"), NULL},
    {TEXT("\xef\xbf\xbd"), NULL},
    {TEXT("\xe2\x80\x8e"), NULL},
    {TEXT("\xf3\xa0\x80\x81"), NULL},
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char *prepared = (char *)1;
        enum sp_saslprep_result result = sp_saslprep(examples[i].text, examples[i].len, &prepared);
        if ((result == SP_SASLPREP_OK) != (examples[i].prepared != NULL))
            fail_msg("row %zu", i);
        if (examples[i].prepared != NULL) {
            assert_string_equal(prepared, examples[i].prepared);
        } else {
            assert_int_equal(result, SP_SASLPREP_REFUSED);
            assert_null(prepared);
        }
        free(prepared);
    }
}

/* The longest that NFKC makes of one character, many times, and marks in a row beyond every buffer. */
static void test_long(void **state)
{
    (void)state;
    static char ligatures[3 * 1000 + 1], marks[1 + 2 * 1000 + 1];
    char *prepared;
    for (size_t i = 0; i < 1000; i++) {
        memcpy(ligatures + 3 * i, "\xef\xb7\xba", 3);
        memcpy(marks + 1 + 2 * i, i % 2 ? "\xcc\xa3" : "\xcc\x87", 2);
    }
    assert_int_equal(sp_saslprep(ligatures, 3000, &prepared), SP_SASLPREP_OK);
    assert_int_equal(strlen(prepared), 1000 * 33);
    free(prepared);
    marks[0] = 'q';
    assert_int_equal(sp_saslprep(marks, 2001, &prepared), SP_SASLPREP_OK);
    assert_int_equal(strlen(prepared), 2001);
    assert_memory_equal(prepared, "q\xcc\xa3\xcc\xa3", 5);
    assert_memory_equal(prepared + 1999, "\xcc\x87", 3);
    free(prepared);
}

/* --- the second opinion ------------------------------------------------------------------------- */

static size_t encode(uint32_t point, char *out)
{
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (len == 1) {
        *out = (char)point;
        return 1;
    }
    for (size_t i = len; i-- > 1; point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)((0xf00 >> len) | point);
    return len;
}

/* What libgsasl makes of it, malloc'd; NULL: refused. */
static char *prepare_theirs(const char *text, bool unassigned_too)
{
    char *prepared = NULL;
    /* In libgsasl 2.2 the flag means the opposite of its name. */
    int flags = unassigned_too ? 0 : GSASL_ALLOW_UNASSIGNED;
    return gsasl_saslprep(text, (Gsasl_saslprep_flags)flags, &prepared, NULL) == GSASL_OK ? prepared
                                                                                          : NULL;
}

static bool is_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Unicode's Corrigendum #4 came after 3.2: five ideographs had been given the wrong counterpart. */
static bool is_corrected(uint32_t point)
{
    return point == 0x2f868 || point == 0x2f874 || point == 0x2f91f || point == 0x2f95f ||
           point == 0x2f9bf;
}

static void compare(uint32_t point, const char *text, const char *theirs, bool known)
{
    char *ours;
    assert_int_not_equal(sp_saslprep(text, strlen(text), &ours), SP_SASLPREP_NO_MEMORY);
    bool same = is_equal(ours, theirs);
    /* They leave alone what 3.2 doesn't know; we may know its counterpart. */
    if (!known)
        same = ours != NULL && is_equal(theirs, text);
    if (is_corrected(point) && ours != NULL && theirs != NULL)
        same = !same;
    if (!same)
        fail_msg("U+%04X in \"%s\": \"%s\", they: \"%s\"", (unsigned)point, text,
                 ours ? ours : "refused", theirs ? theirs : "refused");
    free(ours);
}

/* Whether Unicode 3.2 knows it. */
static bool compare_alone(uint32_t point, const char *character)
{
    char *strict = prepare_theirs(character, false), *lax = prepare_theirs(character, true);
    bool known = is_equal(strict, lax);
    compare(point, character, lax, known);
    gsasl_free(strict);
    gsasl_free(lax);
    return known;
}

/* Between letters of both directions, before and behind marks, and behind a syllable that it may be a part of. */
static void compare_among_others(uint32_t point, const char *character)
{
    static const char *const contexts[][2] = {
        {"a", "b"}, {"\xd8\xa7", "\xd8\xa8"}, {"a\xcc\x87", "\xcc\xa3"}, {"\xea\xb0\x80", ""}};
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s%s%s", contexts[i][0], character, contexts[i][1]);
        char *theirs = prepare_theirs(text, true);
        compare(point, text, theirs, true);
        gsasl_free(theirs);
    }
}

/* U+0000 is in the table above: they want text. Beyond U+30000 is private use, of which two planes are full,
 * and refused. */
static void test_every_code_point(void **state)
{
    (void)state;
    size_t known_count = 0;
    for (uint32_t point = 1; point <= 0x10ffff; point++) {
        char character[8] = "";
        if (point == 0xd800)
            point = 0xe000; /* surrogates are no UTF-8 */
        encode(point, character);
        bool known = compare_alone(point, character);
        known_count += known;
        if (known && point < 0x30000)
            compare_among_others(point, character);
    }
    /* Unicode 3.2: 95221 characters, two planes and a zone of private use, and what is never to be one. */
    assert_in_range(known_count, 95221 + 137468, 95221 + 137468 + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
