/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arena, buffer and transcript: caps hold, content survives growth, nothing is lost in silence. */
#include "probe/arena.h"
#include "probe/buf.h"
#include "probe/limits.h"
#include "probe/transcript.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_arena_aligns_and_zeroes(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(1 << 20);
    for (size_t size = 0; size < 5000; size += 37) {
        unsigned char *place = sp_arena_alloc(arena, size);
        assert_non_null(place);
        assert_int_equal((uintptr_t)place % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(place[i], 0);
        memset(place, 0xAA, size);
    }
    sp_arena_free(arena);
}

static void test_arena_cap(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(1000);
    assert_null(sp_arena_alloc(arena, 1001));
    assert_null(sp_arena_alloc(arena, SIZE_MAX));
    assert_null(sp_arena_alloc(arena, SIZE_MAX - 8));
    assert_non_null(sp_arena_alloc(arena, 600));
    assert_null(sp_arena_alloc(arena, 600));
    assert_non_null(sp_arena_alloc(arena, 300));
    assert_true(sp_arena_used(arena) <= 1000);
    sp_arena_free(arena);
    sp_arena_free(NULL);
}

static void test_arena_array_overflow(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(SIZE_MAX);
    assert_null(sp_arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(sp_arena_strndup(arena, "", SIZE_MAX));
    assert_non_null(sp_arena_array(arena, 0, 8));
    sp_arena_free(arena);
}

static void test_arena_text(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(1 << 16);
    char *first = sp_arena_printf(arena, "%s-%d", "mx", 25);
    char *second = sp_arena_strndup(arena, "abcdef", 3);
    char *large = sp_arena_printf(arena, "%*s", 9000, "x");
    assert_string_equal(first, "mx-25");
    assert_string_equal(second, "abc");
    assert_int_equal(strlen(large), 9000);
    assert_null(sp_arena_strdup(arena, NULL));
    assert_null(sp_arena_printf(arena, "%*s", 70000, "x"));
    sp_arena_free(arena);
}

static void test_buf_grows_to_its_cap(void **state)
{
    (void)state;
    struct sp_buf buf;
    sp_buf_init(&buf, 1500);
    for (int i = 0; i < 150; i++)
        assert_true(sp_buf_append_str(&buf, "0123456789"));
    assert_false(sp_buf_append(&buf, "x", 1));
    assert_null(sp_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(buf.len, 1500);
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.data[i], '0' + i % 10);
    sp_buf_consume(&buf, 7);
    assert_int_equal(buf.data[0], '7');
    assert_int_equal(buf.len, 1493);
    sp_buf_consume(&buf, 99999);
    assert_int_equal(buf.len, 0);
    assert_true(sp_buf_printf(&buf, "%05d", 42));
    assert_memory_equal(buf.data, "00042", 5);
    sp_buf_wipe(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.cap, 1500);
}

static void test_buf_printf_fills_the_last_octet(void **state)
{
    (void)state;
    struct sp_buf buf;
    sp_buf_init(&buf, 5);
    assert_true(sp_buf_printf(&buf, "%s", "12345"));
    assert_false(sp_buf_printf(&buf, "%s", "6"));
    assert_int_equal(buf.len, 5);
    sp_buf_free(&buf);
}

static void test_transcript_cap(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_transcript transcript = {0};
    char line[1000];
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 100; i++)
        sp_transcript_add(&transcript, arena, SP_FROM_SERVER, false, i, line, sizeof line);
    assert_true(transcript.cut);
    assert_int_equal(transcript.bytes, SP_LIMIT_TRANSCRIPT / sizeof line * sizeof line);
    size_t lines = 0;
    for (struct sp_transcript_line *l = transcript.first; l; l = l->next)
        assert_int_equal(l->at_ns, (int64_t)lines++);
    assert_int_equal(lines, SP_LIMIT_TRANSCRIPT / sizeof line);
    sp_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_aligns_and_zeroes),
        cmocka_unit_test(test_arena_cap),
        cmocka_unit_test(test_arena_array_overflow),
        cmocka_unit_test(test_arena_text),
        cmocka_unit_test(test_buf_grows_to_its_cap),
        cmocka_unit_test(test_buf_printf_fills_the_last_octet),
        cmocka_unit_test(test_transcript_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
