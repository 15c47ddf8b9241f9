/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/secret.h"

#include "probe/limits.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- files ------------------------------------------------------------------------------------ */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sp-secret-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *octets, size_t len, mode_t mode)
{
    const char *path = path_of("secret");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

#define FILE_OF(octets) octets, sizeof(octets) - 1

static void test_files(void **state)
{
    (void)state;
    static char longest[SP_LIMIT_SECRET + 1], over[SP_LIMIT_SECRET + 2];
    static char longest_crlf[SP_LIMIT_SECRET + 16];
    memset(longest, 'x', SP_LIMIT_SECRET);
    memset(over, 'x', SP_LIMIT_SECRET + 1);
    snprintf(longest_crlf, sizeof longest_crlf, "%s\r\nmore\n", longest);
    const struct {
        const char *octets;
        size_t len;
        mode_t mode;
        const char *secret; /* NULL: `error` */
        const char *error;
        bool exposed;
    } rows[] = {
        {FILE_OF("hunter2\n"), 0600, "hunter2", NULL, false},
        {FILE_OF("hunter2"), 0400, "hunter2", NULL, false},
        {FILE_OF("hunter2\r\n"), 0600, "hunter2", NULL, false},
        {FILE_OF("one\ntwo\n"), 0600, "one", NULL, false},
        {FILE_OF("one\n\0\n"), 0600, "one", NULL, false},
        {FILE_OF(" sp ace \t\n"), 0600, " sp ace \t", NULL, false},
        {FILE_OF("a\rb\n"), 0600, "a\rb", NULL, false},
        {FILE_OF("group\n"), 0640, "group", NULL, true},
        {FILE_OF("others\n"), 0604, "others", NULL, true},
        {longest, SP_LIMIT_SECRET, 0600, longest, NULL, false},
        {longest_crlf, SP_LIMIT_SECRET + 7, 0600, longest, NULL, false},
        {over, SP_LIMIT_SECRET + 1, 0600, NULL, "longer than 8192 octets", false},
        {FILE_OF(""), 0600, NULL, "it is empty", false},
        {FILE_OF("\n"), 0600, NULL, "first line is empty", false},
        {FILE_OF("\r\nsecret\n"), 0600, NULL, "first line is empty", false},
        {FILE_OF("hun\0ter\n"), 0600, NULL, "NUL octet", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = write_file(rows[i].octets, rows[i].len, rows[i].mode);
        char error[256] = "";
        bool exposed = !rows[i].exposed;
        char *secret = sp_secret_read_file(path, &exposed, error, sizeof error);
        if ((secret != NULL) != (rows[i].secret != NULL))
            fail_msg("row %zu: %s", i, error);
        if (secret != NULL) {
            assert_string_equal(secret, rows[i].secret);
            assert_int_equal(exposed, rows[i].exposed);
        } else {
            assert_non_null(strstr(error, rows[i].error));
            assert_non_null(strstr(error, path));
            assert_null(strchr(error, '\n'));
            assert_null(strstr(error, "hun"));
        }
        free(secret);
        assert_int_equal(unlink(path), 0);
    }
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    char error[256];
    bool exposed;
    assert_null(sp_secret_read_file(path_of("missing"), &exposed, error, sizeof error));
    assert_non_null(strstr(error, "No such file"));
    assert_false(exposed);
    assert_null(sp_secret_read_file(folder, &exposed, error, sizeof error));
    assert_non_null(strstr(error, "it is a directory"));
    assert_null(sp_secret_read_file("/dev/zero", &exposed, error, sizeof error));
    assert_non_null(strstr(error, "neither a file nor a pipe"));
    assert_null(sp_secret_read_file("/dev/null", &exposed, error, sizeof error));
    assert_non_null(strstr(error, "neither a file nor a pipe"));
}

/* From where it stands, and it stays open: it is somebody else's. */
static void test_descriptors(void **state)
{
    (void)state;
    char error[256] = "";
    int fd = open(write_file(FILE_OF("one\ntwo\n"), 0600), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
    char *secret = sp_secret_read_fd(fd, error, sizeof error);
    assert_string_equal(error, "");
    assert_string_equal(secret, "two");
    free(secret);
    assert_null(sp_secret_read_fd(fd, error, sizeof error));
    assert_non_null(strstr(error, "it is empty"));
    assert_int_equal(close(fd), 0);
    assert_null(sp_secret_read_fd(fd, error, sizeof error));
    assert_non_null(strstr(error, "Bad file descriptor"));
    assert_int_equal(unlink(path_of("secret")), 0);
    fd = open(folder, O_RDONLY | O_CLOEXEC);
    assert_null(sp_secret_read_fd(fd, error, sizeof error));
    assert_non_null(strstr(error, "it is a directory"));
    close(fd);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_null(sp_secret_read_fd(terminal, error, sizeof error));
    assert_non_null(strstr(error, "it is a terminal"));
    close(terminal);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As a shell's <(command): the line comes late, in two pieces. */
static void test_pipe(void **state)
{
    (void)state;
    int ends[2];
    char path[64], error[256] = "";
    bool exposed = true;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    pid_t child = fork();
    if (child == 0) {
        const struct timespec moment = {0, 50000000};
        bool ok = nanosleep(&moment, NULL) == 0 && write(ends[1], "hun", 3) == 3 &&
                  nanosleep(&moment, NULL) == 0 && write(ends[1], "ter2\nx", 6) == 6;
        _exit(ok ? 0 : 1);
    }
    close(ends[1]);
    char *secret = sp_secret_read_file(path, &exposed, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(secret);
    assert_string_equal(secret, "hunter2");
    assert_false(exposed);
    free(secret);
    close(ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Nobody writes: no reader waits for ever. */
static void test_silent_pipes(void **state)
{
    (void)state;
    int ends[2];
    char path[64], error[256] = "";
    bool exposed;
    int64_t began = now_ms();
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_null(sp_secret_read_file(path, &exposed, error, sizeof error));
    assert_non_null(strstr(error, "writes no line"));
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_null(sp_secret_read_file(path_of("fifo"), &exposed, error, sizeof error));
    assert_non_null(strstr(error, "writes no line"));
    assert_int_equal(unlink(path_of("fifo")), 0);
    assert_true(now_ms() - began < 15000);
}

/* --- the process ------------------------------------------------------------------------------ */

static void test_protect(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        bool before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
        struct rlimit core = {1, 1};
        bool ok = sp_secret_protect_process() && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                  getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
        _exit(before && ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_wipe(void **state)
{
    (void)state;
    char text[8] = "hunter2";
    static const char zero[8];
    sp_secret_wipe(text, 4);
    assert_memory_equal(text, zero, 4);
    assert_string_equal(text + 4, "er2");
    sp_secret_wipe(NULL, 0);
}

/* --- masking ---------------------------------------------------------------------------------- */

static void test_mask(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second; /* secrets; NULL: none */
        const char *text, *masked;
    } rows[] = {
        {"hunter2", NULL, "is hunter2 right?", "is ******* right?"},
        {"hunter2", NULL, "hunter2hunter2", "**************"},
        {"hunter2", NULL, "aHVudGVyMg== no", "************ no"},
        {"hunter2", NULL, "Hunter2 AHVUDGVYMG==", "******* ************"},
        {"hunter2", NULL, "68756e74657232 68756E74657232", "************** **************"},
        {"hunter2", NULL, "68756e7", "68756e7"},
        {"hunter2", NULL, "AHVzZXIAaHVudGVyMg==", "AHVzZXIA************"},
        {"hunter2", NULL, "eGh1bnRlcjI= eHhodW50ZXIy", "eG********I= eHh*********"},
        {"hunter2", NULL, "hunter hunte", "hunter hunte"},
        {"hunter2", NULL, "what is ahvudgvymg", "what is **********"},
        {"correct horse", NULL, "correct h", "*********"},
        {"correct horse", NULL, "correct h correct", "********* correct"},
        {"correct horse", NULL, "correct battery", "********battery"},
        {"aaaa", NULL, "aaaaaa b aaa", "****** b aaa"},
        {"abcab", NULL, "abcabcab", "********"},
        {"one-two", "two-three", "one-two-three", "*************"},
        {"correct horse", "rect", "correct horse", "*************"},
        {"abc", NULL, "abc YWJj", "abc ****"},
        {"ab", NULL, "ab YWI=", "ab ****"},
        {"line\nend", NULL, "a line\nend b", "a ****\n*** b"},
        {"line\r\nend", NULL, "line\r\nend", "****\r\n***"},
        {"", NULL, "nothing", "nothing"},
        {NULL, NULL, "nothing", "nothing"},
        {"p\xc3\xa4ssword", NULL, "p\xc3\xa4ssword", "*********"},
        {"hunter2", NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_secrets secrets;
        char text[64];
        sp_secrets_init(&secrets);
        assert_true(sp_secrets_add(&secrets, rows[i].first));
        assert_true(sp_secrets_add(&secrets, rows[i].second));
        snprintf(text, sizeof text, "%s", rows[i].text);
        sp_secrets_mask(&secrets, text, strlen(text));
        assert_string_equal(text, rows[i].masked);
        sp_secrets_free(&secrets);
        assert_int_equal(secrets.count, 0);
    }
    char text[] = "as it was";
    sp_secrets_mask(NULL, text, strlen(text));
    assert_string_equal(text, "as it was");
}

/* A NUL is an octet like any other, and nothing behind the end is looked at. */
static void test_mask_octets(void **state)
{
    (void)state;
    struct sp_secrets secrets;
    sp_secrets_init(&secrets);
    assert_true(sp_secrets_add(&secrets, "hunter2"));
    char text[] = "a\0hunter2\0hunter2";
    sp_secrets_mask(&secrets, text, sizeof text - 2);
    assert_memory_equal(text, "a\0*******\0hunter2", sizeof text);
    sp_secrets_free(&secrets);
}

/* What a caller sends in base64 without us: the server has both. */
static void test_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *word, *text, *masked;
    } rows[] = {
        {"aHVudGVyMg==", "hunter2 aHVudGVyMg== or", "******* ************ or"},
        {"AHVzZXIAaHVudGVyMg==", "user hunter2 AHVzZXIAaHVudGVyMg==",
         "user ******* ********************"},
        {"AHVzZXIAYWI=", "user ab AHVzZXIA", "user ab ********"},
        {"YWI=", "ab YWI=", "ab ****"},
        {"hunter-2", "hunter-2 aHVudGVyLTI=", "******** ************"},
        {"=", "a = b PQ==", "a = b ****"},
        {"", "nothing", "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_secrets secrets;
        char text[64];
        sp_secrets_init(&secrets);
        assert_true(sp_secrets_add_encoded(&secrets, rows[i].word));
        snprintf(text, sizeof text, "%s", rows[i].text);
        sp_secrets_mask(&secrets, text, strlen(text));
        assert_string_equal(text, rows[i].masked);
        sp_secrets_free(&secrets);
    }
    struct sp_secrets secrets;
    sp_secrets_init(&secrets);
    assert_true(sp_secrets_add_encoded(&secrets, "AHVzZXIAaHVudGVyMg=="));
    char text[] = "\0user\0hunter2";
    sp_secrets_mask(&secrets, text, sizeof text - 1);
    assert_memory_equal(text, "*************", sizeof text);
    sp_secrets_free(&secrets);
}

#define FORMS 5 /* of one secret */

/* There is a place for each command that a script can have; what finds none leaves nothing behind. */
static void test_places(void **state)
{
    (void)state;
    struct sp_secrets secrets;
    static char over[SP_LIMIT_SECRET + 2];
    char text[] = "first secret127 secret99 other";
    sp_secrets_init(&secrets);
    assert_true(sp_secrets_add(&secrets, "first"));
    memset(over, 'x', SP_LIMIT_SECRET + 1);
    assert_false(sp_secrets_add(&secrets, over));
    assert_false(sp_secrets_add_encoded(&secrets, over));
    assert_int_equal(secrets.count, FORMS);
    for (unsigned i = 1; i < SP_LIMIT_SECRET_FORMS / FORMS - 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "secret%u", i);
        assert_true(sp_secrets_add(&secrets, name));
    }
    while (secrets.count < SP_LIMIT_SECRET_FORMS - 1)
        assert_true(sp_secrets_add(&secrets, "ab"));
    assert_int_equal(secrets.count, SP_LIMIT_SECRET_FORMS - 1);
    assert_false(sp_secrets_add(&secrets, "other")); /* one place for its five forms */
    assert_false(sp_secrets_add_encoded(&secrets, "b3RoZXI="));
    assert_int_equal(secrets.count, SP_LIMIT_SECRET_FORMS - 1);
    sp_secrets_mask(&secrets, text, strlen(text));
    assert_string_equal(text, "***** ********7 ******** other");
    sp_secrets_free(&secrets);
    assert_true(SP_LIMIT_SECRET_FORMS >= 3 * SP_LIMIT_COMMANDS);
}

/* Who reads by the group of somebody else's file was given it by that. */
static void test_exposed(void **state)
{
    uid_t other = geteuid() + 1;
    const struct {
        mode_t mode;
        uid_t owner;
        bool exposed;
    } rows[] = {
        {0600, geteuid(), false}, {0640, geteuid(), true}, {0644, geteuid(), true},
        {0620, geteuid(), false}, {0400, other, false},    {0440, other, false},
        {0644, other, true},      {0604, other, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct stat facts = {.st_mode = S_IFREG | rows[i].mode, .st_uid = rows[i].owner};
        assert_int_equal(sp_secret_is_exposed(&facts), rows[i].exposed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_descriptors),  cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_silent_pipes), cmocka_unit_test(test_protect),
        cmocka_unit_test(test_wipe),         cmocka_unit_test(test_mask),
        cmocka_unit_test(test_mask_octets),  cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_places),       cmocka_unit_test(test_exposed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
