/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options in ini files: tables of a file's text and the words that a section in it becomes. */
#include "nagios/extra_opts.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/test_extra_opts_XXXXXX";
static char file[64];

static void write_file(const char *path, const void *content, size_t len)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(content, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* The words, or "!" and the error with FILE for the file's name; "," parts words. */
static void tell(const char *locator, char *out, size_t size)
{
    struct sp_extra_opts opts = {0};
    char error[512];
    size_t len = 0;
    out[0] = '\0';
    if (sp_extra_opts_read(locator, "check_smtp", &opts, error, sizeof error)) {
        for (size_t i = 0; i < opts.count; i++)
            len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? "," : "", opts.words[i]);
    } else {
        const char *name = strstr(error, file);
        int before = name != NULL ? (int)(name - error) : (int)strlen(error);
        snprintf(out, size, "!%.*s%s", before, error, name != NULL ? "FILE" : "");
        len = strlen(out);
        snprintf(out + len, size - len, "%s", name != NULL ? name + strlen(file) : "");
    }
    sp_extra_opts_free(&opts);
    assert_int_equal(opts.count, 0);
}

struct row {
    const char *content, *words;
};

static void compare_all(const struct row *rows, size_t count)
{
    char locator[80], words[512];
    snprintf(locator, sizeof locator, "@%s", file);
    for (size_t i = 0; i < count; i++) {
        write_file(file, rows[i].content, strlen(rows[i].content));
        tell(locator, words, sizeof words);
        if (strcmp(words, rows[i].words) != 0)
            fail_msg("%s: %s, not %s", rows[i].content, words, rows[i].words);
    }
}

static void test_files(void **state)
{
    static const struct row rows[] = {
        {"[check_smtp]\nport=26\n", "--port=26"},
        {"[check_smtp]\nport=26", "--port=26"},
        {"[check_smtp]\r\nport=26\r\n", "--port=26"},
        {"[check_smtp]\nport = 26 \t\n", "--port=26"},
        {"  [check_smtp]\n\t port=26\n", "--port=26"},
        {"[ check_smtp ]\nport=26\n", "--port=26"},
        {"[\tcheck_smtp\t]\nport=26\n", "--port=26"},
        {"\n\n# a\n ; b\n[check_smtp]\n#c=d\n\nport=26\n;e\n", "--port=26"},
        {"[check_smtp]\np=26\n", "-p26"},
        {"[check_smtp]\nv=\n", "-v"},
        {"[check_smtp]\nv=  \n", "-v"},
        {"[check_smtp]\nverbose=\nlmtp =\n", "--verbose,--lmtp"},
        {"[check_smtp]\nauthpass=a=b\n", "--authpass=a=b"},
        {"[check_smtp]\nauthpass==\n", "--authpass=="},
        {"[check_smtp]\ncommand=MAIL FROM:<a> # no comment\n",
         "--command=MAIL FROM:<a> # no comment"},
        {"[check_smtp]\nexpect=\"a\"\n", "--expect=\"a\""},
        {"[check_smtp]\nexpect=a\\\n", "--expect=a\\"},
        {"[check_smtp]\nsome thing = x\n", "--some thing=x"},
        {"[check_smtp]\n--port=26\n", "----port=26"},
        {"[check_smtp]\nPort=26\nport=27\n", "--Port=26,--port=27"},
        {"[check_smtp] port=26\nlmtp=\n", "--port=26,--lmtp"},
        {"[check_smtp] # text\nport=26\n", "--port=26"},
        {"[check_smtp] [other] x=1\n[check_smtp]y=2\n", "-y2"},
        {"[a]\nx=1\n[check_smtp]\ny=2\n[b]\nz=3\n", "-y2"},
        {"[check_smtp]\na=1\n[b]\nx=2\n[check_smtp]\nc=3\n", "-a1,-c3"},
        {"[check_smtp_2]\na=1\n[check_smt]\nb=2\n[check_smtp]\nc=3\n", "-c3"},
        {"[other\na=1\n[check_smtp]\nc=3\n", "-c3"},
        {"[other]\nno equals sign\n[check_smtp]\nc=3\n", "-c3"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_wrong_files(void **state)
{
    static const char no_equals[] =
        "!Config file error: FILE:2: no \"=\" behind the option; a flag is written \"option=\"";
    static const char no_section[] = "!Invalid section 'check_smtp' in config file 'FILE'";
    static const char too_early[] =
        "!Config file error: FILE:1: an option before the first [section]";
    static const struct row rows[] = {
        {"[a] [check_smtp]\nx=1\n", no_section},
        {"[check_smtp\nx=1\n", no_section},
        {"[check_smtp]\n", no_section},
        {"[Check_SMTP]\nx=1\n", no_section},
        {"[check smtp]\nx=1\n", no_section},
        {"[]\nx=1\n", no_section},
        {"", no_section},
        {"# nothing\n", no_section},
        {"[check_smtp]\nverbose\n", no_equals},
        {"[check_smtp]\nhunter2 secret", no_equals},
        {"[check_smtp]\nport\r\n", no_equals},
        {"[check_smtp]\n=26\n", "!Config file error: FILE:2: no option in front of the \"=\""},
        {"[check_smtp]\na=1\n\n# x\n = \n",
         "!Config file error: FILE:5: no option in front of the \"=\""},
        {"port=26\n[check_smtp]\nx=1\n", too_early},
        {"]\n", too_early},
        {"\xef\xbb\xbf[check_smtp]\nx=1\n", too_early},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_locators(void **state)
{
    static const char content[] = "[check_smtp]\na=1\n[two words]\nb=2\n[/path/x]\nc=3\n[-]\nd=4\n";
    static const struct {
        const char *section, *words;
    } rows[] = {
        {"", "-a1"},
        {"check_smtp", "-a1"},
        {"two words", "-b2"},
        {"/path/x", "-c3"},
        {"-", "-d4"},
        {" check_smtp", "!Invalid section ' check_smtp' in config file 'FILE'"},
        {"two", "!Invalid section 'two' in config file 'FILE'"},
    };
    char locator[80], words[512];
    (void)state;
    write_file(file, content, sizeof content - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(locator, sizeof locator, "%s@%s", rows[i].section, file);
        tell(locator, words, sizeof words);
        assert_string_equal(words, rows[i].words);
        /* The same from the file that is found by itself. */
        assert_int_equal(setenv("MP_CONFIG_FILE", file, 1), 0);
        tell(rows[i].section, words, sizeof words);
        assert_string_equal(words, rows[i].words);
        assert_int_equal(unsetenv("MP_CONFIG_FILE"), 0);
    }
    char longest[400];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(setenv("MP_CONFIG_FILE", file, 1), 0);
    tell(longest, words, sizeof words);
    assert_string_equal(words, "!--extra-opts: a section's name has at most 255 octets");
    tell(NULL, words, sizeof words);
    assert_string_equal(words, "-a1");
    assert_int_equal(unsetenv("MP_CONFIG_FILE"), 0);
}

static void test_default_places(void **state)
{
    static const char missing[] = "!Cannot find config file in any standard location.";
    char path[256], words[512];
    (void)state;
    write_file(file, "[check_smtp]\na=1\n", 17);
    /* The folders in their order; those without the file are passed over. */
    snprintf(path, sizeof path, "/nonexistent::%s/none:%s:/also-none", folder, folder);
    assert_int_equal(setenv("NAGIOS_CONFIG_PATH", path, 1), 0);
    tell(NULL, words, sizeof words);
    assert_string_equal(words, "-a1");
    /* MP_CONFIG_FILE wins, even with nothing in it. */
    assert_int_equal(setenv("MP_CONFIG_FILE", "", 1), 0);
    tell(NULL, words, sizeof words);
    assert_string_equal(words, missing);
    assert_int_equal(setenv("MP_CONFIG_FILE", "/nonexistent", 1), 0);
    tell(NULL, words, sizeof words);
    assert_string_equal(words, "!Can't read config file: No such file or directory: /nonexistent");
    assert_int_equal(unsetenv("MP_CONFIG_FILE"), 0);
    assert_int_equal(unsetenv("NAGIOS_CONFIG_PATH"), 0);
    tell("check_smtp@", words, sizeof words);
    assert_string_equal(words, missing);
}

static void test_unreadable(void **state)
{
    char locator[80], words[512];
    static char big[SP_LIMIT_INI];
    (void)state;
    snprintf(locator, sizeof locator, "@%s", folder);
    tell(locator, words, sizeof words);
    assert_memory_equal(words, "!Can't read config file: Is a directory: ", 41);
    tell("@/dev/zero", words, sizeof words);
    assert_string_equal(words, "!Can't read config file: File too large: /dev/zero");
    snprintf(locator, sizeof locator, "@%s", file);
    memset(big, '\n', sizeof big);
    memcpy(big, "[check_smtp]\na=1\n", 17);
    write_file(file, big, sizeof big - 1);
    tell(locator, words, sizeof words);
    assert_string_equal(words, "-a1");
    write_file(file, big, sizeof big);
    tell(locator, words, sizeof words);
    assert_string_equal(words, "!Can't read config file: File too large: FILE");
    write_file(file, "[check_smtp]\na=1\0b\n", 19);
    tell(locator, words, sizeof words);
    assert_string_equal(words, "!Config file error: FILE:2: a NUL: this is no text");
}

static void test_many_options(void **state)
{
    struct sp_extra_opts opts = {0};
    char locator[80], error[512];
    (void)state;
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs("[check_smtp]\n", out);
    for (unsigned i = 0; i < SP_LIMIT_INI_WORDS / 2; i++)
        fputs("x=1\n", out);
    assert_int_equal(fclose(out), 0);
    snprintf(locator, sizeof locator, "@%s", file);
    /* They add up over the files. */
    assert_true(sp_extra_opts_read(locator, "check_smtp", &opts, error, sizeof error));
    assert_true(sp_extra_opts_read(locator, "check_smtp", &opts, error, sizeof error));
    assert_int_equal(opts.count, SP_LIMIT_INI_WORDS);
    assert_false(sp_extra_opts_read(locator, "check_smtp", &opts, error, sizeof error));
    assert_non_null(strstr(error, ":2: too many options"));
    sp_extra_opts_free(&opts);
}

static void test_standard_input(void **state)
{
    char words[512];
    int ends[2], old = dup(STDIN_FILENO);
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "[check_smtp]\na=1\n", 17), 17);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    tell("@-", words, sizeof words);
    assert_string_equal(words, "-a1");
    /* It can be read only once. */
    tell("@-", words, sizeof words);
    assert_string_equal(words, "!Invalid section 'check_smtp' in config file '-'");
    assert_int_equal(dup2(old, STDIN_FILENO), STDIN_FILENO);
    close(old);
}

static int make_folder(void **state)
{
    (void)state;
    unsetenv("MP_CONFIG_FILE");
    unsetenv("NAGIOS_CONFIG_PATH");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/plugins.ini", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),          cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_locators),       cmocka_unit_test(test_default_places),
        cmocka_unit_test(test_unreadable),     cmocka_unit_test(test_many_options),
        cmocka_unit_test(test_standard_input),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
