/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the plugin adds to the common command line. */
#include "checks/thresholds.h"
#include "nagios/arguments.h"
#include "probe/cli_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 8

struct call {
    struct sp_plugin_arguments arguments;
    struct sp_cli cli;
    enum sp_cli_action action;
};

static void parse(struct call *call, char *const *words, char *const *environment)
{
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "check_smtp_probe"};
    int argc = 1;
    while (words[argc - 1] != NULL && argc < WORDS_MAX) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    *call = (struct call){0};
    const struct sp_cli_program program = sp_plugin_program(&call->arguments);
    call->action = sp_cli_parse_for(&program, argc, argv, environment, &call->cli);
}

static void test_timeout(void **state)
{
    static const struct {
        const char *value;
        uint32_t ms; /* 0: refused */
        int state;   /* -1: not set */
    } rows[] = {
        {"1", 1000, -1},
        {"1500ms", 1500, -1},
        {"2m", 120000, -1},
        {"5:OK", 5000, SP_STATE_OK},
        {"5:WARNING", 5000, SP_STATE_WARNING},
        {"5:critical", 5000, SP_STATE_CRITICAL},
        {"5s:Unknown", 5000, SP_STATE_UNKNOWN},
        {"5:0", 5000, SP_STATE_OK},
        {"5:1", 5000, SP_STATE_WARNING},
        {"5:2", 5000, SP_STATE_CRITICAL},
        {"5:3", 5000, SP_STATE_UNKNOWN},
        {":UNKNOWN", 10000, SP_STATE_UNKNOWN},
        {":2", 10000, SP_STATE_CRITICAL},
        {"", 0, -1},
        {":", 0, -1},
        {"5:", 0, -1},
        {"5:4", 0, -1},
        {"5:-1", 0, -1},
        {"5:OKAY", 0, -1},
        {"5:O", 0, -1},
        {"5:OK:", 0, -1},
        {"5: OK", 0, -1},
        {"0", 0, -1},
        {"-1", 0, -1},
        {"x:OK", 0, -1},
        {"25h", 0, -1},
        {"111111111111111111111111111111111111111111111111111111111111111111111111111111", 0, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        char value[128];
        snprintf(value, sizeof value, "%s", rows[i].value);
        char *words[] = {(char *)(uintptr_t) "-t", value, (char *)(uintptr_t) "mx", NULL};
        parse(&call, words, NULL);
        if (rows[i].ms == 0) {
            assert_int_equal(call.action, SP_CLI_USAGE_ERROR);
            assert_memory_equal(call.cli.message.data, "SMTP UNKNOWN - ", 15);
        } else {
            const struct sp_options *options = &call.cli.options;
            assert_int_equal(call.action, SP_CLI_RUN);
            assert_int_equal(options->timeout_ms, rows[i].ms);
            assert_int_equal(options->timeout_state_set, rows[i].state >= 0);
            if (rows[i].state >= 0)
                assert_int_equal(options->timeout_state, rows[i].state);
        }
        sp_cli_free(&call.cli);
    }
}

static void test_timeout_sources(void **state)
{
    struct call call;
    char variable[] = "SMTP_PROBE_TIMEOUT=3:1", color[] = "SMTP_PROBE_COLOR=nonsense";
    char target[] = "mx timeout=4s", option[] = "--timeout=7";
    char *environment[] = {variable, color, NULL};
    (void)state;
    parse(&call, (char *[]){target, NULL}, NULL);
    assert_int_equal(call.cli.options.timeout_ms, 10000);
    assert_false(call.cli.options.timeout_state_set);
    assert_int_equal(call.cli.targets.items[0].options->timeout_ms, 4000);
    sp_cli_free(&call.cli);
    /* What the plugin does without is not read from the environment either. */
    parse(&call, (char *[]){target, NULL}, environment);
    assert_int_equal(call.action, SP_CLI_RUN);
    assert_int_equal(call.cli.options.timeout_ms, 3000);
    assert_int_equal(call.cli.options.timeout_state, SP_STATE_WARNING);
    sp_cli_free(&call.cli);
    parse(&call, (char *[]){option, target, NULL}, environment);
    assert_int_equal(call.cli.options.timeout_ms, 7000);
    sp_cli_free(&call.cli);
}

static void test_host_and_port(void **state)
{
    static const struct {
        const char *host, *port; /* port NULL: no -p */
        const char *got;         /* NULL: refused */
        uint16_t got_port;
    } rows[] = {
        {"mx.example.org", NULL, "mx.example.org", 25},
        {"mx.example.org", "587", "mx.example.org", 587},
        {"mx.example.org:465", NULL, "mx.example.org", 465},
        {"mx.example.org:465", "25", NULL, 0},
        {"192.0.2.1", "65535", "192.0.2.1", 65535},
        {"::1", NULL, "::1", 25},
        {"::1", "587", "::1", 587},
        {"[::1]", "587", "::1", 587},
        {"[::1]:25", "587", NULL, 0},
        {"fe80::1%lo", "26", "fe80::1%lo", 26},
        {"mx", "0", NULL, 0},
        {"mx", "65536", NULL, 0},
        {"mx", "25x", NULL, 0},
        {"mx", "", NULL, 0},
        {"", NULL, NULL, 0},
        {"@list", NULL, NULL, 0},
        {"-", NULL, NULL, 0},
        {"smtp://mx", NULL, NULL, 0},
        {"mx tls=none", NULL, NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        char host[64], port[16];
        snprintf(host, sizeof host, "%s", rows[i].host);
        snprintf(port, sizeof port, "%s", rows[i].port != NULL ? rows[i].port : "");
        char *words[] = {(char *)(uintptr_t) "-H", host, (char *)(uintptr_t) "-p", port, NULL};
        words[2] = rows[i].port != NULL ? words[2] : NULL;
        parse(&call, words, NULL);
        if (rows[i].got == NULL) {
            assert_int_equal(call.action, SP_CLI_USAGE_ERROR);
        } else {
            assert_int_equal(call.action, SP_CLI_RUN);
            assert_int_equal(call.cli.targets.count, 1);
            assert_string_equal(call.cli.targets.items[0].host, rows[i].got);
            assert_int_equal(call.cli.targets.items[0].port, rows[i].got_port);
        }
        sp_cli_free(&call.cli);
    }
}

/* No shorter way to the table's own rows: neither names, nor letters, nor suggestions. */
static void test_left_out(void **state)
{
    static const char *const words[] = {"-o",
                                        "--output=json",
                                        "--output-file=x",
                                        "--color=never",
                                        "--progress=never",
                                        "--outpu=json",
                                        "-p25",
                                        "-H"};
    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct call call;
        char word[32], target[] = "mx";
        snprintf(word, sizeof word, "%s", words[i]);
        parse(&call, (char *[]){target, word, NULL}, NULL);
        assert_int_equal(call.action, SP_CLI_USAGE_ERROR);
        assert_true(sp_buf_append(&call.cli.message, "", 1));
        assert_null(strstr((const char *)call.cli.message.data, "did you mean \"--output"));
        sp_cli_free(&call.cli);
    }
}

/* The whole range grammar, as the option reads it and performance data show it. */
static void test_ranges(void **state)
{
    static const struct {
        const char *option, *value;
        const char *perfdata; /* NULL: refused */
        int phase;            /* of --warning and --critical; -1: days */
        const char *alerts;   /* of -1, 0, 9.9, 10, 10.1, 20, 21: x where it does */
    } rows[] = {
        {"-w", "10", "10", SP_PHASE_TOTAL, "x...xxx"},
        {"-c", "0:10", "10", SP_PHASE_TOTAL, "x...xxx"},
        {"-w", ":10", "10", SP_PHASE_TOTAL, "x...xxx"},
        {"-w", "~:10", "10", SP_PHASE_TOTAL, "....xxx"},
        {"-w", "10:", "10:", SP_PHASE_TOTAL, "xxx...."},
        {"-w", "10:20", "10:20", SP_PHASE_TOTAL, "xxx...x"},
        {"-w", "10:10", "10:10", SP_PHASE_TOTAL, "xxx.xxx"},
        {"-w", "@10:20", "@10:20", SP_PHASE_TOTAL, "...xxx."},
        {"-w", "@10", "@0:10", SP_PHASE_TOTAL, ".xxx..."},
        {"-w", "@10:", "@10:", SP_PHASE_TOTAL, "...xxxx"},
        {"-w", "@~:10", "@~:10", SP_PHASE_TOTAL, "xxxx..."},
        {"-w", "~:", "~:", SP_PHASE_TOTAL, "......."},
        {"-w", "@~:", "@~:", SP_PHASE_TOTAL, "xxxxxxx"},
        {"-w", "0:", "0:", SP_PHASE_TOTAL, "x......"},
        {"-w", "9.95", "9.95", SP_PHASE_TOTAL, "x..xxxx"},
        {"-w", "10.50", "10.5", SP_PHASE_TOTAL, "x....xx"},
        {"-w", "010", "10", SP_PHASE_TOTAL, "x...xxx"},
        {"-w", "tls=10", "10", SP_PHASE_TLS, "x...xxx"},
        {"-c", "ehlo_tls=@10:20", "@10:20", SP_PHASE_EHLO_TLS, "...xxx."},
        {"-c", "total=~:10", "10", SP_PHASE_TOTAL, "....xxx"},
        {"--cert-warning", "10", "10:", -1, "xxx...."},
        {"--cert-warning", "10:", "10:", -1, "xxx...."},
        {"--cert-critical", "~:10", "10", -1, "....xxx"},
        {"--cert-critical", "10:20", "10:20", -1, "xxx...x"},
        {"--cert-critical", "@10:20", "@10:20", -1, "...xxx."},
        {"--cert-warning", "@~:10", "@~:10", -1, "xxxx..."},
        {"--cert-warning", "~:", "~:", -1, "......."},
        {"-w", "20:10", NULL, 0, NULL},
        {"-w", "@20:10", NULL, 0, NULL},
        {"-w", "-1", NULL, 0, NULL}, /* 0:-1 */
        {"-w", "", NULL, 0, NULL},
        {"-w", ":", NULL, 0, NULL},
        {"-w", "@", NULL, 0, NULL},
        {"-w", "~", NULL, 0, NULL},
        {"-w", "10:~", NULL, 0, NULL},
        {"-w", "1:2:3", NULL, 0, NULL},
        {"-w", "1e3", NULL, 0, NULL},
        {"-w", "0,5", NULL, 0, NULL},
        {"-w", "10s", NULL, 0, NULL},
        {"-w", " 10", NULL, 0, NULL},
        {"-w", "inf", NULL, 0, NULL},
        {"-w", "nan", NULL, 0, NULL},
        {"-w", "0x10", NULL, 0, NULL},
        {"-w", "tls=", NULL, 0, NULL},
        {"-w", "tsl=10", NULL, 0, NULL},
        {"-w", "=10", NULL, 0, NULL},
        {"--cert-warning", "20:10", NULL, 0, NULL},
        {"--cert-warning", "", NULL, 0, NULL},
        {"--cert-critical", "soon", NULL, 0, NULL},
    };
    static const double probes[] = {-1, 0, 9.9, 10, 10.1, 20, 21};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        char option[32], value[32], host[] = "mx", text[400], alerts[COUNT(probes) + 1] = "";
        snprintf(option, sizeof option, "%s", rows[i].option);
        snprintf(value, sizeof value, "%s", rows[i].value);
        parse(&call, (char *[]){host, option, value, NULL}, NULL);
        if (rows[i].perfdata == NULL) {
            if (call.action != SP_CLI_USAGE_ERROR)
                fail_msg("%s %s is taken", option, value);
            sp_cli_free(&call.cli);
            continue;
        }
        const struct sp_options *options = &call.cli.options;
        bool critical = strcmp(option, "-c") == 0 || strcmp(option, "--cert-critical") == 0;
        const struct sp_range *range =
            rows[i].phase < 0 ? (critical ? &options->cert_critical : &options->cert_warning)
                              : &(critical ? options->critical : options->warning)[rows[i].phase];
        assert_int_equal(call.action, SP_CLI_RUN);
        sp_threshold_print(text, sizeof text, range);
        for (size_t k = 0; k < COUNT(probes); k++)
            alerts[k] = sp_range_alerts(range, probes[k]) ? 'x' : '.';
        if (strcmp(text, rows[i].perfdata) != 0 || strcmp(alerts, rows[i].alerts) != 0)
            fail_msg("%s %s gave \"%s\" and %s", option, value, text, alerts);
        sp_cli_free(&call.cli);
    }
}

static void test_find_macro(void **state)
{
    static const struct {
        const char *word, *macro; /* macro NULL: none */
    } rows[] = {
        {"$HOSTADDRESS$", "$HOSTADDRESS$"},
        {"$_HOSTSMTP_PORT$", "$_HOSTSMTP_PORT$"},
        {"$host.vars.smtp_port$", "$host.vars.smtp_port$"},
        {"$SERVICESTATEID:mx:SMTP$", "$SERVICESTATEID:mx:SMTP$"},
        {"--server-name=$ARG1$", "$ARG1$"},
        {"$HOSTADDRESS$:25", "$HOSTADDRESS$"},
        {"$5 and $ARG2$", "$ARG2$"},
        {"", NULL},
        {"$", NULL},
        {"$$", NULL},
        {"$HOSTADDRESS", NULL},
        {"HOSTADDRESS$", NULL},
        {"$1$", NULL},
        {"$a b$", NULL},
        {"^a$|^b$", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[] = "$PROGRAM$", word[64];
        const char *macro = NULL;
        size_t len = 0;
        snprintf(word, sizeof word, "%s", rows[i].word);
        bool found = sp_plugin_find_macro(2, (char *[]){name, word, NULL}, &macro, &len);
        if (found != (rows[i].macro != NULL) ||
            (found && (len != strlen(rows[i].macro) || memcmp(macro, rows[i].macro, len) != 0)))
            fail_msg("\"%s\" gave %d", rows[i].word, found);
    }
}

/* bash completes with the plugin's own options, and without those that it lacks. */
static void test_bash(void **state)
{
    static const struct {
        const char *words, *expect;
    } rows[] = {
        {"check_smtp_probe --tls st", "starttls"},
        {"check_smtp_probe --hostn", "--hostname"},
        {"check_smtp_probe --por", "--port"},
        {"check_smtp_probe --output-f", ""},
        {"check_smtp_probe -o js", ""},
        {"check_smtp_probe --ca-dir /et", "/etc"},
        {"check_smtp_probe -H @/etc/passw", ""},
    };
    struct sp_plugin_arguments arguments = {0};
    const struct sp_cli_program program = sp_plugin_program(&arguments);
    char path[] = "/tmp/sp-bash-XXXXXX";
    struct sp_buf text;
    int fd = mkstemp(path);
    (void)state;
    sp_buf_init(&text, SP_LIMIT_PAGE);
    assert_true(sp_cli_bash_text_for(&program, &text));
    assert_true(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len);
    close(fd);
    sp_buf_free(&text);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char command[512], reply[256] = "";
        snprintf(command, sizeof command,
                 "bash --norc -c '. %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
                 "_check_smtp_probe; echo \"${COMPREPLY[@]}\"' 2>&1",
                 path, rows[i].words);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        assert_non_null(fgets(reply, sizeof reply, pipe));
        reply[strcspn(reply, "\n")] = '\0';
        if (pclose(pipe) != 0 || strcmp(reply, rows[i].expect) != 0)
            fail_msg("\"%s\" gave \"%s\"", rows[i].words, reply);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeout),       cmocka_unit_test(test_timeout_sources),
        cmocka_unit_test(test_host_and_port), cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_ranges),        cmocka_unit_test(test_find_macro),
        cmocka_unit_test(test_bash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
