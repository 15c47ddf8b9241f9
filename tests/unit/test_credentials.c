/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a password or token comes from: files, descriptors, variables, systemd, a prompt. */
#include "probe/credentials.h"

#include "probe/limits.h"
#include "probe/materials.h"
#include "probe/sasl.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[64];
static struct sp_options options;
static char error[512];
static const char *option;
static bool exposed;

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sp-credentials-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int begin(void **state)
{
    (void)state;
    sp_options_init(&options);
    options.user = "joe";
    unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const char *text, mode_t mode)
{
    const char *path = path_of(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static struct sp_credentials *load_with(sp_credentials_ask *ask)
{
    snprintf(error, sizeof error, "as before");
    option = NULL;
    exposed = true;
    return sp_credentials_load(&options, ask, &exposed, &option, error, sizeof error);
}

static struct sp_credentials *load(void)
{
    struct sp_credentials *credentials = load_with(NULL);
    if (credentials == NULL)
        fail_msg("%s", error);
    return credentials;
}

static void refuse(const char *name, const char *message)
{
    assert_null(load_with(NULL));
    if (strstr(error, message) == NULL || strcmp(option, name) != 0)
        fail_msg("--%s: %s", option, error);
    assert_null(strchr(error, '\n'));
    assert_null(strstr(error, "hunter2"));
}

static void expect_secret(const struct sp_credentials *credentials, const char *secret)
{
    char why[256] = "";
    char *text = sp_credentials_read(credentials, why, sizeof why);
    if (text == NULL || strcmp(text, secret) != 0)
        fail_msg("\"%s\", %s", text != NULL ? text : "", why);
    free(text);
}

/* --- files -------------------------------------------------------------------------------------- */

static void test_file_is_read_anew(void **state)
{
    (void)state;
    char why[256] = "";
    options.password_file = write_file("password", "hunter2\n", 0600);
    struct sp_credentials *credentials = load();
    assert_string_equal(option, "password-file");
    assert_false(exposed);
    assert_true(sp_credentials_has_password(credentials));
    assert_false(sp_credentials_has_token(credentials));
    expect_secret(credentials, "hunter2");
    struct sp_credentials *copy = sp_credentials_copy(credentials);
    write_file("password", "changed\n", 0600);
    expect_secret(credentials, "changed");
    expect_secret(copy, "changed");
    assert_true(sp_credentials_has_password(copy));
    assert_int_equal(unlink(path_of("password")), 0);
    assert_null(sp_credentials_read(copy, why, sizeof why));
    assert_non_null(strstr(why, "No such file"));
    sp_credentials_free(copy);
    sp_credentials_free(credentials);
}

static void test_token(void **state)
{
    (void)state;
    options.token_file = write_file("token", "ya29.x\n", 0640);
    options.user = NULL;
    struct sp_credentials *credentials = load();
    assert_string_equal(option, "token-file");
    assert_true(exposed);
    assert_true(sp_credentials_has_token(credentials));
    assert_false(sp_credentials_has_password(credentials));
    expect_secret(credentials, "ya29.x");
    sp_credentials_free(credentials);
    assert_int_equal(unlink(path_of("token")), 0);
}

static void test_bad_files(void **state)
{
    (void)state;
    options.password_file = path_of("missing");
    refuse("password-file", "No such file");
    options.password_file = folder;
    refuse("password-file", "is a directory");
    options.password_file = "-";
    refuse("password-file", "give --password-fd 0");
    options.password_file = write_file("empty", "\nhunter2\n", 0600);
    refuse("password-file", "first line is empty");
    options.password_file = NULL;
    options.token_file = path_of("empty");
    refuse("token-file", "first line is empty");
    assert_int_equal(unlink(path_of("empty")), 0);
}

/* What a shell's <(command) leaves is gone after the first reading. */
static void test_pipe(void **state)
{
    (void)state;
    int ends[2];
    char path[32];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "hunter2\nmore\n", 13), 13);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    options.password_file = path;
    struct sp_credentials *credentials = load();
    close(ends[0]);
    struct sp_credentials *copy = sp_credentials_copy(credentials);
    expect_secret(credentials, "hunter2");
    expect_secret(credentials, "hunter2");
    sp_credentials_free(credentials);
    expect_secret(copy, "hunter2");
    sp_credentials_free(copy);
}

/* --- descriptors and variables ------------------------------------------------------------------ */

static void test_descriptor(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "hunter2\n", 8), 8);
    close(ends[1]);
    options.password_fd = (uint32_t)ends[0];
    struct sp_credentials *credentials = load();
    assert_string_equal(option, "password-fd");
    assert_true(sp_credentials_has_password(credentials));
    expect_secret(credentials, "hunter2");
    sp_credentials_free(credentials);
    refuse("password-fd", "it is empty");
    close(ends[0]);
    refuse("password-fd", "Bad file descriptor");
}

/* As the block that the kernel shows: what was read is gone from it, and from the environment. */
static void test_variable(void **state)
{
    (void)state;
    static char entry[] = "SP_TEST_PASSWORD=hunter2";
    static const char zero[7];
    assert_int_equal(putenv(entry), 0);
    options.password_env = "SP_TEST_PASSWORD";
    struct sp_credentials *credentials = load();
    assert_memory_equal(strchr(entry, '=') + 1, zero, 7);
    assert_null(getenv("SP_TEST_PASSWORD"));
    expect_secret(credentials, "hunter2");
    sp_credentials_free(credentials);
    refuse("password-env", "is not set or empty");
    setenv("SP_TEST_PASSWORD", "", 1);
    refuse("password-env", "is not set or empty");
    static char large[SP_LIMIT_SECRET + 2];
    memset(large, 'x', SP_LIMIT_SECRET + 1);
    setenv("SP_TEST_PASSWORD", large, 1);
    refuse("password-env", "is too long");
    unsetenv("SP_TEST_PASSWORD");
    options.password_env = "hunter2"; /* the password in place of a name */
    refuse("password-env", "is not set or empty");
}

/* --- systemd ------------------------------------------------------------------------------------ */

static void test_systemd(void **state)
{
    (void)state;
    struct sp_credentials *credentials;
    assert_false(sp_credentials_from_systemd("smtp-probe.password"));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    refuse("user", "needs a password or token");
    write_file("smtp-probe.token", "of the unit\n", 0600);
    credentials = load();
    assert_true(sp_credentials_has_token(credentials));
    expect_secret(credentials, "of the unit");
    sp_credentials_free(credentials);
    /* The access list that systemd sets looks like rights of the group. */
    write_file("smtp-probe.password", "hunter2\n", 0640);
    credentials = load();
    assert_false(exposed);
    assert_true(sp_credentials_has_password(credentials));
    expect_secret(credentials, "hunter2");
    sp_credentials_free(credentials);
    write_file("other", "third\n", 0600);
    assert_true(sp_credentials_from_systemd("other"));
    assert_false(sp_credentials_from_systemd(path_of("other")));
    assert_false(sp_credentials_from_systemd(""));
    options.password_file = "other";
    credentials = load();
    expect_secret(credentials, "third");
    sp_credentials_free(credentials);
    options.password_file = "not-there";
    refuse("password-file", "not-there: No such file");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "", 1), 0);
    assert_false(sp_credentials_from_systemd("other"));
    static const char *const names[] = {"smtp-probe.token", "smtp-probe.password", "other"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(unlink(path_of(names[i])), 0);
}

/* --- the prompt --------------------------------------------------------------------------------- */

static unsigned asked;

static char *answer(const char *user, char *why, size_t size)
{
    asked++;
    assert_string_equal(user, "joe");
    (void)why;
    (void)size;
    return strdup("typed");
}

static char *answer_nothing(const char *user, char *why, size_t size)
{
    (void)user;
    snprintf(why, size, "no password was typed");
    return NULL;
}

static char *nobody(const char *user, char *why, size_t size)
{
    (void)user;
    (void)size;
    why[0] = '\0';
    return NULL;
}

static void test_prompt(void **state)
{
    (void)state;
    struct sp_credentials *credentials = load_with(answer);
    assert_non_null(credentials);
    assert_true(sp_credentials_has_password(credentials));
    expect_secret(credentials, "typed");
    expect_secret(credentials, "typed");
    assert_int_equal(asked, 1);
    sp_credentials_free(credentials);
    assert_null(load_with(answer_nothing));
    assert_string_equal(error, "no password was typed");
    assert_null(load_with(nobody));
    assert_non_null(strstr(error, "--password-fd"));
    assert_null(load_with(NULL));
    assert_non_null(strstr(error, "--user needs a password or token"));
    options.password_file = write_file("password", "hunter2\n", 0600);
    sp_credentials_free(load_with(answer));
    assert_int_equal(asked, 1);
    assert_int_equal(unlink(path_of("password")), 0);
}

/* --- no secret ---------------------------------------------------------------------------------- */

static void test_nobody_logs_in(void **state)
{
    (void)state;
    const char *none = "NONE", *external = "EXTERNAL";
    char why[256] = "";
    options.auth = (struct sp_words){&none, 1};
    options.password_file = "/does/not/exist";
    assert_null(load_with(answer));
    assert_string_equal(error, "");
    sp_options_init(&options);
    assert_null(load_with(answer));
    assert_string_equal(error, "");
    options.user = "joe";
    options.auth = (struct sp_words){&external, 1};
    struct sp_credentials *credentials = load_with(nobody);
    assert_non_null(credentials);
    assert_false(sp_credentials_has_password(credentials) || sp_credentials_has_token(credentials));
    assert_null(sp_credentials_read(credentials, why, sizeof why));
    assert_non_null(strstr(why, "--password-file"));
    sp_credentials_free(credentials);
    assert_null(sp_credentials_copy(NULL));
    assert_false(sp_credentials_has_password(NULL) || sp_credentials_has_token(NULL));
    assert_null(sp_credentials_read(NULL, why, sizeof why));
    sp_credentials_free(NULL);
}

/* --- materials ---------------------------------------------------------------------------------- */

static void test_materials(void **state)
{
    (void)state;
    struct sp_materials materials = {0};
    options.password_file = write_file("password", "hunter2\n", 0604);
    assert_true(sp_materials_load_login(&materials, &options, NULL, &option, error, sizeof error));
    assert_true(materials.password_exposed);
    expect_secret(materials.credentials, "hunter2");
    sp_materials_free(&materials);
    assert_null(materials.credentials);
    assert_int_equal(unlink(path_of("password")), 0);
    assert_false(sp_materials_load_login(&materials, &options, NULL, &option, error, sizeof error));
    assert_string_equal(option, "password-file");
    sp_options_init(&options);
    assert_true(sp_materials_load_login(&materials, &options, NULL, &option, error, sizeof error));
    assert_null(materials.credentials);
}

static void test_materials_same(void **state)
{
    (void)state;
    const char *plain = "PLAIN";
    const struct sp_options first = options;
    assert_true(sp_materials_same(&first, &options));
    options.user = "ann";
    assert_false(sp_materials_same(&first, &options));
    options = first;
    options.password_file = "x";
    assert_false(sp_materials_same(&first, &options));
    options = first;
    options.token_file = "x";
    assert_false(sp_materials_same(&first, &options));
    options = first;
    options.password_env = "x";
    assert_false(sp_materials_same(&first, &options));
    options = first;
    options.password_fd = 3;
    assert_false(sp_materials_same(&first, &options));
    options = first;
    options.auth = (struct sp_words){&plain, 1};
    assert_false(sp_materials_same(&first, &options));
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_is_read_anew), TEST(test_token),
        TEST(test_bad_files),         TEST(test_pipe),
        TEST(test_descriptor),        TEST(test_variable),
        TEST(test_systemd),           TEST(test_prompt),
        TEST(test_nobody_logs_in),    TEST(test_materials),
        TEST(test_materials_same),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
