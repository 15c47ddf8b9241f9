/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nagios/icinga2.conf against the option table: every option of the plugin is an argument of the
 * CheckCommand with the text of --help, and no argument is anything else. A block that is missing is
 * printed as it should stand there.
 */
#include "nagios/arguments.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX 65536u
#define BLOCK_MAX 2048u

/* Arguments whose value is more than one variable; description and all else are compared. */
static const char *const computed[] = {"verbose"};
/* What stands around the targets. */
static const char *const positional[] = {"--", "TARGET"};

static char *conf;         /* the whole file */
static char *arguments_at; /* the dictionary of smtp_probe */
static char *arguments_end;

static bool is_listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static int set_up(void **state)
{
    (void)state;
    FILE *file = fopen(SP_TESTS_DIR "/../nagios/icinga2.conf", "rb");
    if (file == NULL)
        return -1;
    conf = calloc(1, TEXT_MAX);
    size_t got = conf != NULL ? fread(conf, 1, TEXT_MAX - 1, file) : 0;
    fclose(file);
    char *command = got > 0 ? strstr(conf, "object CheckCommand \"smtp_probe\" {") : NULL;
    arguments_at = command != NULL ? strstr(command, "\n  arguments = {\n") : NULL;
    arguments_end = arguments_at != NULL ? strstr(arguments_at, "\n  }\n") : NULL;
    return arguments_end != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(conf);
    return 0;
}

/* Text behind what is in out[0..size). */
static void append(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *out, size_t size, const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(out + len, size - len, format, args);
    va_end(args);
    assert_true(wanted >= 0 && (size_t)wanted < size - len);
}

/* "description = ..." as --help says it: the help, the words to choose from, the default. */
static void describe(const struct sp_option_info *info, char *out, size_t size)
{
    char fallback[128];
    append(out, size, "description = \"%s", info->help);
    for (const char *c = info->choices; c != NULL && *c != '\0';) {
        size_t len = strcspn(c, "|");
        append(out, size, "%s%.*s", c == info->choices ? ": " : ", ", (int)len, c);
        c += c[len] == '|' ? len + 1 : len;
    }
    if (sp_option_default(info, fallback, sizeof fallback) != NULL)
        append(out, size, " (default: %s)", fallback);
    append(out, size, "\"");
}

/* The variable: smtp_probe_ and the name; only the host's is shorter. */
static void name_variable(const struct sp_option_info *info, char *out, size_t size)
{
    const char *name = strcmp(info->name, "hostname") == 0 ? "host" : info->name;
    append(out, size, "%s = \"$smtp_probe_%s$\"", info->metavar != NULL ? "value" : "set_if", name);
    for (char *c = out; *c != '\0'; c++)
        *c = *c == '-' ? '_' : *c;
}

/* The lines of one argument, into out; false: the file has none of that name. */
static bool find_block(const char *name, char *out, size_t size)
{
    char key[96];
    snprintf(key, sizeof key, "\n    \"--%s\" = {\n", name);
    const char *at = strstr(arguments_at, key);
    if (at == NULL || at > arguments_end)
        return false;
    at += strlen(key);
    const char *end = strstr(at, "\n    }\n");
    assert_non_null(end);
    snprintf(out, size, "%.*s\n", (int)(end - at), at);
    return true;
}

/* True when a line of the block, without its indent, is this one. */
static bool has_line(const char *block, const char *line)
{
    size_t len = strlen(line);
    for (const char *at = block; *at != '\0';) {
        at += strspn(at, " ");
        size_t this_len = strcspn(at, "\n");
        if (this_len == len && strncmp(at, line, len) == 0)
            return true;
        at += this_len + (at[this_len] == '\n');
    }
    return false;
}

static bool check_option(const struct sp_option_info *info)
{
    char block[BLOCK_MAX] = "", description[512] = "", variable[128] = "";
    describe(info, description, sizeof description);
    name_variable(info, variable, sizeof variable);
    bool known = find_block(info->name, block, sizeof block);
    bool right = known && has_line(block, description) &&
                 (is_listed(computed, COUNT(computed), info->name) || has_line(block, variable));
    if (!right)
        print_error("nagios/icinga2.conf needs:\n    \"--%s\" = {\n      %s\n      %s\n    }\n",
                    info->name, variable, description);
    return right;
}

static void test_every_option_is_an_argument(void **state)
{
    (void)state;
    struct sp_plugin_arguments data = {0};
    const struct sp_cli_program program = sp_plugin_program(&data);
    size_t seen = 0, wrong = 0;
    for (size_t i = 0; i < sp_cli_row_count(&program); i++) {
        const struct sp_option_info *info = sp_cli_row(&program, i);
        if (info == NULL || info->action)
            continue;
        seen++;
        wrong += !check_option(info);
    }
    assert_true(seen > 20);
    assert_int_equal(wrong, 0);
}

/* An option of the plugin that checks something: -h and its kind are of no use in a command. */
static bool is_option(const char *name)
{
    struct sp_plugin_arguments data = {0};
    const struct sp_cli_program program = sp_plugin_program(&data);
    for (size_t i = 0; i < sp_cli_row_count(&program); i++) {
        const struct sp_option_info *info = sp_cli_row(&program, i);
        if (info != NULL && !info->action && strcmp(info->name, name) == 0)
            return true;
    }
    return false;
}

static void test_every_argument_is_an_option(void **state)
{
    (void)state;
    static const char start[] = "\n    \"";
    size_t seen = 0;
    for (const char *at = strstr(arguments_at, start); at != NULL && at < arguments_end;
         at = strstr(at, start)) {
        char name[64] = "";
        at += strlen(start);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "\""), at);
        bool known = strncmp(name, "--", 2) == 0 && is_option(name + 2);
        if (!known && !is_listed(positional, COUNT(positional), name))
            fail_msg("nagios/icinga2.conf: the plugin has no option %s", name);
        seen++;
    }
    assert_true(seen > 20);
}

/* SMTP_PROBE_NAME in `env` is an option too. */
static void test_every_variable_is_an_option(void **state)
{
    (void)state;
    static const char prefix[] = "\n    SMTP_PROBE_";
    size_t seen = 0;
    for (const char *at = strstr(conf, prefix); at != NULL; at = strstr(at, prefix)) {
        char name[64] = "";
        at += strlen(prefix);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, " "), at);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
        if (!is_option(name))
            fail_msg("nagios/icinga2.conf: no option for the variable of %s", name);
        seen++;
    }
    assert_true(seen > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option_is_an_argument),
        cmocka_unit_test(test_every_argument_is_an_option),
        cmocka_unit_test(test_every_variable_is_an_option),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
