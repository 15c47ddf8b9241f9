/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of targets: files and standard input. */
#include "probe/endpoint.h"
#include "probe/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sp_arena *arena;
static struct sp_options globals;

static int set_up(void **state)
{
    char error[256];
    (void)state;
    arena = sp_arena_new(SP_LIMIT_TARGETS_ARENA);
    sp_options_init(&globals);
    assert_true(sp_option_set(&globals, arena, sp_option_find("ehlo-name"), "probe.example.org",
                              error, sizeof(error)));
    assert_true(sp_options_finish(&globals, arena, error, sizeof(error)));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sp_arena_free(arena);
    return 0;
}

/* Writes a file of targets and returns its path in a static buffer. */
static const char *write_file(const char *content, size_t len)
{
    static char path[64];
    int fd;
    snprintf(path, sizeof(path), "/tmp/sp-targets-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
    return path;
}

static void test_file(void **state)
{
    static const char content[] = "\xef\xbb\xbfmx1.example.org\r\n"
                                  "\n"
                                  "  # comment\n"
                                  "mx2.example.org:70000\n"
                                  "mx3.example.org\0:25\n"
                                  " \t \r\n"
                                  "@other\n"
                                  "mx4.example.org:587 timeout=1s # x\n"
                                  "mx5.example.org";
    char word[80], error[256];
    const char *path = write_file(content, sizeof(content) - 1);
    struct sp_target_list list;
    (void)state;

    assert_true(sp_target_list_init(&list));
    assert_true(sp_target_list_add(&list, "mx0.example.org", &globals, error, sizeof(error)));
    snprintf(word, sizeof(word), "@%s", path);
    assert_true(sp_target_list_add(&list, word, &globals, error, sizeof(error)));
    unlink(path);
    assert_int_equal(list.count, 7);
    assert_int_equal(list.invalid_count, 3);
    assert_null(list.items[0].source);
    assert_int_equal(list.items[0].line, 0);
    assert_string_equal(list.items[1].host, "mx1.example.org");
    assert_string_equal(list.items[1].source, path);
    assert_int_equal(list.items[1].line, 1);
    assert_string_equal(list.items[2].invalid, "port 70000 is not in 1..65535");
    assert_string_equal(list.items[2].source, path);
    assert_int_equal(list.items[2].line, 4);
    assert_string_equal(list.items[2].input, "mx2.example.org:70000");
    assert_non_null(strstr(list.items[3].invalid, "a control character (0x00)"));
    assert_non_null(strstr(list.items[4].invalid, "@FILE"));
    assert_int_equal(list.items[5].options->timeout_ms, 1000);
    assert_int_equal(list.items[5].line, 8);
    assert_string_equal(list.items[6].host, "mx5.example.org");
    sp_target_list_free(&list);
}

/* 10,000 targets with three broken lines. */
static void test_big_file(void **state)
{
    size_t size = 10000 * 32, used = 0;
    char *content = malloc(size), word[80], error[256];
    struct sp_target_list list;
    const char *path;
    (void)state;

    assert_non_null(content);
    for (int i = 1; i <= 10000; i++) {
        const char *port = i == 17 ? ":70000" : i == 5000 ? ":x" : i == 10000 ? "/y" : ":25";
        used += (size_t)snprintf(content + used, size - used, "mx%d.example.org%s\n", i, port);
    }
    path = write_file(content, used);
    free(content);
    assert_true(sp_target_list_init(&list));
    snprintf(word, sizeof(word), "@%s", path);
    assert_true(sp_target_list_add(&list, word, &globals, error, sizeof(error)));
    unlink(path);
    assert_int_equal(list.count, 10000);
    assert_int_equal(list.invalid_count, 3);
    assert_non_null(strstr(list.items[16].invalid, "port 70000"));
    assert_int_equal(list.items[16].line, 17);
    assert_non_null(strstr(list.items[4999].invalid, "port \"x\""));
    assert_int_equal(list.items[4999].line, 5000);
    assert_non_null(strstr(list.items[9999].invalid, "a target has no path"));
    assert_int_equal(list.items[9999].line, 10000);
    assert_string_equal(list.items[9998].host, "mx9999.example.org");
    sp_target_list_free(&list);
}

/* A line over the limit is one broken line, whatever its length; the next one is read. */
static void test_file_with_long_line(void **state)
{
    static char content[3 * SP_LIMIT_TARGET_LINE];
    char word[80], error[256];
    const char *path;
    struct sp_target_list list;
    (void)state;
    memset(content, 'a', sizeof(content));
    content[sizeof(content) - 4] = '\n';
    memcpy(content + sizeof(content) - 3, "mx\n", 3);
    path = write_file(content, sizeof(content));
    assert_true(sp_target_list_init(&list));
    snprintf(word, sizeof(word), "@%s", path);
    assert_true(sp_target_list_add(&list, word, &globals, error, sizeof(error)));
    unlink(path);
    assert_int_equal(list.count, 2);
    assert_non_null(strstr(list.items[0].invalid, "the line has more than 4096"));
    assert_string_equal(list.items[1].host, "mx");
    assert_int_equal(list.items[1].line, 2);
    sp_target_list_free(&list);
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *word, *message;
    } rows[] = {
        {"@", "name is missing"},
        {"@/no/such/file", "/no/such/file: No such file"},
        {"@/tmp", "/tmp: Is a directory"},
        {"@/no/\x1b[31mfile", "/no/\\x1b[31mfile: No such file"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char error[256] = "";
        struct sp_target_list list;
        assert_true(sp_target_list_init(&list));
        assert_false(sp_target_list_add(&list, rows[i].word, &globals, error, sizeof(error)));
        if (strstr(error, rows[i].message) == NULL) {
            fail_msg("%s said: %s", rows[i].word, error);
        }
        assert_int_equal(list.count, 0);
        sp_target_list_free(&list);
    }
}

static void test_stdin(void **state)
{
    char error[256] = "";
    struct sp_target_list list;
    const char *path = write_file("mx1.example.org\nbad:port:\n", 26);
    (void)state;
    assert_non_null(freopen(path, "r", stdin));
    unlink(path);
    assert_true(sp_target_list_init(&list));
    assert_true(sp_target_list_add(&list, "-", &globals, error, sizeof(error)));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].source, "-");
    assert_string_equal(list.items[1].source, "-");
    assert_int_equal(list.items[1].line, 2);
    assert_non_null(list.items[1].invalid);
    assert_false(sp_target_list_add(&list, "-", &globals, error, sizeof(error)));
    assert_non_null(strstr(error, "only once"));
    sp_target_list_free(&list);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_file),      TEST(test_big_file), TEST(test_file_with_long_line),
        TEST(test_bad_files), TEST(test_stdin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
