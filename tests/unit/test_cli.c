/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line as a whole, and the texts that are made from the tables. */
#include "probe/cli.h"
#include "probe/cli_text.h"
#include "probe/limits.h"
#include "probe/sasl.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 16

/* Words separated by '|', as a vector that ends with NULL. */
struct vector {
    char storage[512];
    char *words[WORDS_MAX + 2];
    int count;
};

static void fill_vector(struct vector *vector, const char *first, const char *line)
{
    char *state = NULL;
    vector->count = 0;
    if (first != NULL) {
        vector->words[vector->count++] = (char *)(uintptr_t)first;
    }
    snprintf(vector->storage, sizeof(vector->storage), "%s", line);
    for (char *word = strtok_r(vector->storage, "|", &state); word != NULL;
         word = strtok_r(NULL, "|", &state)) {
        assert_true(vector->count < WORDS_MAX);
        /* "''" stands for an empty word */
        vector->words[vector->count++] = strcmp(word, "''") == 0 ? word + 2 : word;
    }
    vector->words[vector->count] = NULL;
}

/* Parses both vectors and spoils them afterwards: nothing may point into them. */
static enum sp_cli_action parse_words(const char *line, const char *environment,
                                      struct sp_cli *out_cli)
{
    struct vector argv, envp;
    fill_vector(&argv, "smtp-probe", line);
    fill_vector(&envp, NULL, environment);
    enum sp_cli_action action = sp_cli_parse(argv.count, argv.words, envp.words, out_cli);
    memset(&argv, 'x', sizeof(argv));
    memset(&envp, 'x', sizeof(envp));
    return action;
}

static const char *message_text(struct sp_cli *cli)
{
    assert_true(sp_buf_append(&cli->message, "", 1)); /* the NUL */
    return (const char *)cli->message.data;
}

static void test_actions(void **state)
{
    static const struct {
        const char *line;
        enum sp_cli_action action;
    } rows[] = {
        {"mx", SP_CLI_RUN},
        {"--|mx", SP_CLI_RUN},
        {"mx|--", SP_CLI_RUN},
        {"-h", SP_CLI_HELP},
        {"--help", SP_CLI_FULL_HELP},
        {"--help=man", SP_CLI_MAN},
        {"--help=bash", SP_CLI_BASH},
        {"-V", SP_CLI_VERSION},
        {"--version", SP_CLI_VERSION},
        {"--list-reasons", SP_CLI_LIST_REASONS},
        {"--list_reasons", SP_CLI_LIST_REASONS},
        {"--list-auth", SP_CLI_LIST_AUTH},
        {"--list-auth=all", SP_CLI_USAGE_ERROR},
        {"--explain|dns-timeout", SP_CLI_EXPLAIN},
        {"--explain=dns-timeout", SP_CLI_EXPLAIN},
        {"--explain=ok", SP_CLI_EXPLAIN},
        {"--dry-run|mx", SP_CLI_DRY_RUN},
        {"mx|--dry-run", SP_CLI_DRY_RUN},
        {"--dry-run|mx|bad:port", SP_CLI_DRY_RUN},
        {"--dry-run|bad:port", SP_CLI_USAGE_ERROR},
        {"--dry-run", SP_CLI_USAGE_ERROR},
        /* who asks for help gets it, whatever else is there */
        {"mx|bad:port|-vh", SP_CLI_HELP},
        {"--dry-run|--help|--nonsense", SP_CLI_FULL_HELP},
        {"-qV|mx", SP_CLI_VERSION},
        {"mx|bad:port", SP_CLI_RUN},
        {"", SP_CLI_USAGE_ERROR},
        {"--", SP_CLI_USAGE_ERROR},
        {"--|--help", SP_CLI_USAGE_ERROR}, /* a target with a bad name */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_cli cli;
        enum sp_cli_action action = parse_words(rows[i].line, "", &cli);
        if (action != rows[i].action) {
            fail_msg("\"%s\" gave %d", rows[i].line, action);
        }
        assert_int_equal(action == SP_CLI_USAGE_ERROR, cli.message.len > 0);
        sp_cli_free(&cli);
    }
}

static void test_errors(void **state)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"", "no target is given"},
        {"-v", "  smtp-probe mx.example.org"},
        {"--timout|5|mx", "there is no option \"--timout\"; did you mean \"--timeout\"?"},
        {"--timeou|5|mx", "did you mean \"--timeout\"?"}, /* never taken as a short form */
        {"--proxy|x|mx", "there is no option \"--proxy\"\n"},
        {"--dane=auto|mx", "there is no option \"--dane\"\n"},
        {"--=5|mx", "there is no option \"--\""},
        {"-x|mx", "there is no option \"-x\""},
        {"-vx|mx", "there is no option \"-x\""},
        {"-\x1b|mx", "there is no option \"-\\x1b\""},
        {"---help", "there is no option \"---help\""},
        {"mx|--timeout", "--timeout needs a value: DURATION"},
        {"mx|-w", "--warning needs a value: [PHASE=]RANGE"},
        {"mx|-o", "--output needs a value: text|json"},
        {"mx|--timeout=", "--timeout: the value is empty"},
        {"mx|--timeout|''", "--timeout: the value is empty"},
        {"mx|--timeout|abc", "--timeout: \"abc\" can't be used; it is a duration"},
        {"mx|-wabc", "--warning: \"abc\""},
        {"mx|-w|-h", "--warning: \"-h\""},
        {"mx|--transcript=perhaps", "it is yes or no"},
        {"mx|--dry-run=yes", "--dry-run takes no value"},
        {"--version=2", "--version takes no value"},
        {"--help=html", "--help: \"html\" can't be used; it is man or bash"},
        {"--help=", "--help: \"\" can't be used"},
        {"--explain", "--explain needs a value: REASON"},
        {"--explain|certificate-expire", "did you mean \"certificate-expired\"?"},
        {"--explain|nonsense", "there is no reason \"nonsense\"; --list-reasons"},
        {"--explain=", "there is no reason \"\""},
        {"mx|--tls-min=1.3|--tls-max=1.2", "newer than"},
        {"mx|@/no/such/file", "/no/such/file: No such file or directory"},
        {"@/dev/null", "the files name no target at all"},
        {"mx.example:70000", "target \"mx.example:70000\": port 70000 is not in 1..65535"},
        {"a:b:c|http://x", "unknown scheme \"http\""},
        {"mx:example.org", "name the domain's mail servers instead"},
        {"''", "target \"\": the target is empty"},
        {"-6|192.0.2.1", "192.0.2.1 is no IPv6 address"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_cli cli;
        enum sp_cli_action action = parse_words(rows[i].line, "", &cli);
        const char *message = message_text(&cli);
        if (action != SP_CLI_USAGE_ERROR || strstr(message, rows[i].message) == NULL ||
            strncmp(message, "smtp-probe: ", 12) != 0 || strstr(message, "smtp-probe -") == NULL ||
            message[strlen(message) - 1] != '\n') {
            fail_msg("\"%s\" gave %d: %s", rows[i].line, action, message);
        }
        sp_cli_free(&cli);
    }
}

static void test_settings(void **state)
{
    struct sp_cli cli;
    (void)state;

    /* bundles, values in the same word, options behind targets, the last one counts */
    assert_int_equal(
        parse_words("mx1|-vvqojson|-w5|mx2|-c|connect=-1:9|--timeout=9s|--timeout|7s|"
                    "--tls|starttls|--require_capability=size|--require-capability|dsn",
                    "", &cli),
        SP_CLI_RUN);
    assert_int_equal(cli.options.verbose, 2);
    assert_true(cli.options.quiet);
    assert_int_equal(cli.options.format, SP_FORMAT_JSON);
    assert_string_equal(cli.options.warning[SP_PHASE_TOTAL].text, "5");
    assert_string_equal(cli.options.critical[SP_PHASE_CONNECT].text, "-1:9");
    assert_int_equal(cli.options.timeout_ms, 7000);
    assert_int_equal(cli.options.require_capability.count, 2);
    assert_string_equal(cli.options.require_capability.items[0], "SIZE");
    assert_int_equal(cli.targets.count, 2);
    assert_string_equal(cli.targets.items[0].host, "mx1");
    assert_int_equal(cli.targets.items[0].tls, SP_TLS_STARTTLS);
    assert_int_equal(cli.targets.items[0].verify, SP_VERIFY_REQUIRE);
    assert_ptr_equal(cli.targets.items[1].options, &cli.options);
    assert_non_null(cli.options.ehlo_name);
    sp_cli_free(&cli);

    assert_int_equal(parse_words("-46|[::1]|--transcript|--transcript=no|--|-mx", "", &cli),
                     SP_CLI_RUN);
    assert_int_equal(cli.options.family, SP_FAMILY_IPV6);
    assert_false(cli.options.transcript);
    assert_int_equal(cli.targets.count, 2);
    assert_int_equal(cli.targets.invalid_count, 1); /* "-mx" is a target that has no valid name */
    sp_cli_free(&cli);

    /* overrides within a word */
    assert_int_equal(parse_words("mx timeout=1s|mx2", "", &cli), SP_CLI_RUN);
    assert_int_equal(cli.targets.items[0].options->timeout_ms, 1000);
    assert_int_equal(cli.targets.items[1].options->timeout_ms, 30000);
    sp_cli_free(&cli);
}

static void test_environment(void **state)
{
    static const char variables[] =
        "SMTP_PROBE_TIMEOUT=9s|SMTP_PROBE_REPLY_TIMEOUT=8s|SMTP_PROBE_TLS=|SMTP_PROBE_VERBOSE=2|"
        "SMTP_PROBE_REQUIRE_CAPABILITY=SIZE,DSN|SMTP_PROBE_ALL_ADDRESSES=yes|SMTP_PROBE_NONSENSE=1|"
        "SMTP_PROBE_HELP=man|SMTP_PROBE_OUTPUT=jsonl|TIMEOUT=1s|SMTP_PROBE_WARNING=connect=1,total=5";
    struct sp_cli cli;
    (void)state;

    assert_int_equal(parse_words("mx", variables, &cli), SP_CLI_RUN);
    assert_int_equal(cli.options.timeout_ms, 9000);
    assert_int_equal(cli.options.reply_timeout_ms, 8000);
    assert_int_equal(cli.options.tls, SP_TLS_DEFAULT); /* empty is unset */
    assert_int_equal(cli.options.verbose, 2);
    assert_int_equal(cli.options.require_capability.count, 2);
    assert_true(cli.options.all_addresses);
    assert_int_equal(cli.options.format, SP_FORMAT_JSONL);
    assert_string_equal(cli.options.warning[SP_PHASE_CONNECT].text, "1");
    sp_cli_free(&cli);

    assert_int_equal(parse_words("mx|--timeout=3|-v|-otext|--require-capability=PIPELINING|-w9",
                                 variables, &cli),
                     SP_CLI_RUN);
    assert_int_equal(cli.options.timeout_ms, 3000);
    assert_int_equal(cli.options.verbose, 1);
    assert_int_equal(cli.options.format, SP_FORMAT_TEXT);
    assert_int_equal(cli.options.require_capability.count, 1);
    assert_string_equal(cli.options.warning[SP_PHASE_CONNECT].text, "1");
    assert_string_equal(cli.options.warning[SP_PHASE_TOTAL].text, "9");
    sp_cli_free(&cli);

    assert_int_equal(parse_words("mx", "SMTP_PROBE_TIMEOUT=soon", &cli), SP_CLI_USAGE_ERROR);
    assert_non_null(
        strstr(message_text(&cli), "SMTP_PROBE_TIMEOUT in the environment: --timeout: \"soon\""));
    sp_cli_free(&cli);
    assert_int_equal(parse_words("-h", "SMTP_PROBE_TIMEOUT=soon", &cli), SP_CLI_HELP);
    sp_cli_free(&cli);

    char *argv[] = {(char *)(uintptr_t) "smtp-probe", (char *)(uintptr_t) "mx", NULL};
    assert_int_equal(sp_cli_parse(2, argv, NULL, &cli), SP_CLI_RUN);
    sp_cli_free(&cli);
    assert_int_equal(sp_cli_parse(0, argv + 2, NULL, &cli), SP_CLI_USAGE_ERROR);
    sp_cli_free(&cli);
}

/* Writes lines into a file, parses "@file" and removes the file. */
static enum sp_cli_action parse_file(const char *lines, struct sp_cli *cli)
{
    char word[] = "@/tmp/sp-cli-XXXXXX";
    int fd = mkstemp(word + 1);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, lines, strlen(lines)), strlen(lines));
    close(fd);
    enum sp_cli_action action = parse_words(word, "", cli);
    unlink(word + 1);
    return action;
}

static void test_files(void **state)
{
    struct sp_cli cli;
    char lines[512] = "";
    const char *message;
    (void)state;

    assert_int_equal(parse_file("mx1\nbad:port\nmx2\n", &cli), SP_CLI_RUN);
    assert_int_equal(cli.targets.count, 3);
    assert_int_equal(cli.targets.invalid_count, 1);
    sp_cli_free(&cli);

    /* all of them broken: ten are told one by one */
    for (int i = 0; i < 12; i++) {
        strncat(lines, "mx:x:y:70000\n", sizeof(lines) - strlen(lines) - 1);
    }
    assert_int_equal(parse_file(lines, &cli), SP_CLI_USAGE_ERROR);
    message = message_text(&cli);
    assert_non_null(strstr(message, ":1: "));
    assert_non_null(strstr(message, ":10: "));
    assert_null(strstr(message, ":11: "));
    assert_non_null(strstr(message, "2 more targets can't be used"));
    sp_cli_free(&cli);
}

static char *make_text(bool (*append)(struct sp_buf *))
{
    struct sp_buf buf;
    sp_buf_init(&buf, SP_LIMIT_PAGE);
    assert_true(append(&buf));
    assert_true(sp_buf_append(&buf, "", 1));
    char *text = strdup((const char *)buf.data);
    sp_buf_free(&buf);
    assert_non_null(text);
    return text;
}

static size_t measure_lines(const char *text, size_t *out_widest)
{
    size_t lines = 0;
    *out_widest = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        *out_widest = len > *out_widest ? len : *out_widest;
        lines++;
        text += len + (text[len] == '\n');
    }
    return lines;
}

/* A page fits its cap or is refused; it never comes out in part as if it were whole. */
static void check_caps(bool (*append)(struct sp_buf *), size_t len)
{
    for (size_t cap = 0; cap < len; cap += len / 37 + 1) {
        struct sp_buf buf;
        sp_buf_init(&buf, cap);
        assert_false(append(&buf));
        sp_buf_free(&buf);
    }
}

static void test_short_help(void **state)
{
    char *text = make_text(sp_cli_short_help_text);
    size_t widest;
    (void)state;
    assert_true(measure_lines(text, &widest) <= 24);
    assert_true(widest <= 80);
    for (size_t i = 0; i < sp_option_count(); i++) {
        char name[64];
        snprintf(name, sizeof(name), "--%s ", sp_option_at(i)->name);
        assert_int_equal(strstr(text, name) != NULL, sp_option_at(i)->common);
    }
    check_caps(sp_cli_short_help_text, strlen(text));
    free(text);
}

static void test_full_help(void **state)
{
    char *text = make_text(sp_cli_help_text);
    size_t widest;
    (void)state;
    measure_lines(text, &widest);
    assert_true(widest <= 80);
    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = sp_option_at(i);
        char name[64];
        snprintf(name, sizeof(name), "--%s%s", info->name, info->metavar == NULL ? " " : "");
        if (strstr(text, name) == NULL) {
            fail_msg("%s is not in --help", name);
        }
    }
    assert_non_null(strstr(text, "(default: 21 days)"));
    assert_non_null(strstr(text, "(default: 20s)"));
    check_caps(sp_cli_help_text, strlen(text));
    free(text);
}

/* Every option and every reason is on the man page, and no line begins with a stray request. */
static void test_man(void **state)
{
    static const char *const sections[] = {
        "NAME",           "SYNOPSIS",    "DESCRIPTION", "TARGETS", "OPTIONS",  "LOGGING IN",
        "OUTPUT FORMATS", "EXIT STATUS", "ENVIRONMENT", "FILES",   "EXAMPLES", "REASONS"};
    static const char *const requests[] = {
        ".TH ", ".SH ",  ".SS ",  ".TP\n", ".PP\n", ".B ",   ".BR ",  ".BI ",   ".IB ",     ".I ",
        ".RI ", ".RS\n", ".RE\n", ".nf\n", ".fi\n", ".TS\n", ".TE\n", ".\\\" ", "'\\\" t\n"};
    char *text = make_text(sp_cli_man_text);
    const char *section = text;
    (void)state;
    for (size_t i = 0; i < COUNT(sections); i++) {
        char heading[64];
        snprintf(heading, sizeof(heading), "\n.SH %s\n", sections[i]);
        section = strstr(section, heading);
        if (section == NULL) {
            fail_msg("no section %s, or not in its place", sections[i]);
        }
    }
    for (size_t i = 0; i < sp_option_count() + SP_REASON_COUNT - 1; i++) {
        bool option = i < sp_option_count();
        const char *word = option
                               ? sp_option_at(i)->name
                               : sp_reason_info((enum sp_reason)(i - sp_option_count() + 1))->word;
        char escaped[128] = "";
        size_t used =
            (size_t)snprintf(escaped, sizeof(escaped), "%s", option ? "\\fB\\-\\-" : ".B ");
        if (option && sp_option_at(i)->short_name != 0) {
            used = (size_t)snprintf(escaped, sizeof(escaped), "\\fB\\-%c\\fR, \\fB\\-\\-",
                                    sp_option_at(i)->short_name);
        }
        for (; *word != '\0'; word++) {
            used += (size_t)snprintf(escaped + used, sizeof(escaped) - used, "%s%c",
                                     *word == '-' ? "\\" : "", *word);
        }
        if (strstr(text, escaped) == NULL) {
            fail_msg("%s is not on the man page", escaped);
        }
    }
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        bool known = *line != '.' && *line != '\'';
        for (size_t i = 0; i < COUNT(requests) && !known; i++) {
            known = strncmp(line, requests[i], strlen(requests[i])) == 0;
        }
        if (!known) {
            fail_msg("request: %.40s", line);
        }
    }
    check_caps(sp_cli_man_text, strlen(text));
    free(text);
}

/* bash itself takes the script and completes with it. */
static void test_bash(void **state)
{
    static const struct {
        const char *words, *expect;
    } rows[] = {
        {"smtp-probe --tl", "--tls --tls-min --tls-max"},
        {"smtp-probe --tls st", "starttls"},
        {"smtp-probe --tls = im", "implicit"},
        {"smtp-probe -o js", "json jsonl"},
        {"smtp-probe --explain dns-n", "dns-nxdomain dns-no-address"},
        {"smtp-probe --ca-dir /et", "/etc"},
        {"smtp-probe @/etc/passw", "@/etc/passwd"},
        {"smtp-probe --timeout x", ""},
    };
    char *text = make_text(sp_cli_bash_text);
    char path[] = "/tmp/sp-bash-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    free(text);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char command[512], reply[256] = "";
        snprintf(command, sizeof(command),
                 "bash --norc -c '. %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
                 "_smtp_probe; echo \"${COMPREPLY[@]}\"' 2>&1",
                 path, rows[i].words);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        assert_non_null(fgets(reply, sizeof(reply), pipe));
        reply[strcspn(reply, "\n")] = '\0';
        int status = pclose(pipe);
        if (status != 0 || strncmp(reply, rows[i].expect, strlen(rows[i].expect)) != 0) {
            fail_msg("\"%s\" gave \"%s\"", rows[i].words, reply);
        }
    }
    unlink(path);
}

static void test_reasons(void **state)
{
    char *text = make_text(sp_cli_reasons_text);
    size_t widest;
    (void)state;
    assert_int_equal(measure_lines(text, &widest), SP_REASON_COUNT);
    for (int i = 0; i < SP_REASON_COUNT; i++) {
        const struct sp_reason_info *info = sp_reason_info((enum sp_reason)i);
        struct sp_buf page;
        assert_non_null(strstr(text, info->word));
        sp_buf_init(&page, SP_LIMIT_PAGE);
        assert_true(sp_cli_explain_text((enum sp_reason)i, &page));
        assert_true(page.len > strlen(info->word));
        assert_memory_equal(page.data, info->word, strlen(info->word));
        sp_buf_free(&page);
    }
    free(text);
}

/* Every mechanism of the table stands in the list, the strongest first. */
static void test_mechanisms(void **state)
{
    char *text = make_text(sp_cli_auth_text);
    const char *at = text;
    unsigned before = UINT_MAX;
    (void)state;
    for (size_t i = 0; sp_sasl_mechs[i] != NULL; i++) {
        char start[64];
        snprintf(start, sizeof start, "\n%s ", sp_sasl_mechs[i]->name);
        at = strstr(at, start);
        if (at == NULL)
            fail_msg("%s is not listed, or not in its place", sp_sasl_mechs[i]->name);
        assert_true(sp_sasl_mechs[i]->strength < before);
        before = sp_sasl_mechs[i]->strength;
    }
    assert_non_null(strstr(text, "\nPLAIN               user, password       yes "));
    assert_non_null(strstr(text, "\nSCRAM-SHA-256-PLUS  user, password, TLS  no  "));
    assert_non_null(strstr(text, "\nOAUTHBEARER         token                yes "));
    free(text);
}

static void test_version(void **state)
{
    char *text = make_text(sp_cli_version_text);
    (void)state;
    assert_string_equal(text, "smtp-probe " SP_VERSION "\n");
    free(text);
}

static void test_dry_run(void **state)
{
    static const char expect[] =
        "host=mx.example.org port=25 mode=smtp tls=opportunistic verify=report "
        "server_name=mx.example.org\n"
        "host=192.0.2.1 port=587 mode=smtp tls=starttls verify=require server_name=mail.example.org\n"
        "host=::1 port=465 mode=smtp tls=implicit verify=require server_name=::1\n"
        "socket=\"/run/\\xc3\\xbc\" mode=lmtp tls=none verify=report\n"
        "invalid \"mx:70000\": port 70000 is not in 1..65535\n";
    struct sp_cli cli;
    struct sp_buf out;
    (void)state;
    assert_int_equal(parse_words("--dry-run|mx.example.org|192.0.2.1:587 "
                                 "server_name=mail.example.org|[::1]:465|lmtp+unix:/run/\xc3\xbc "
                                 "tls=none|mx:70000",
                                 "", &cli),
                     SP_CLI_DRY_RUN);
    sp_buf_init(&out, SP_LIMIT_PAGE);
    assert_true(sp_cli_dry_run_text(&cli.targets, &out));
    assert_true(sp_buf_append(&out, "", 1));
    assert_string_equal((const char *)out.data, expect);
    sp_buf_free(&out);
    sp_buf_init(&out, 64);
    assert_false(sp_cli_dry_run_text(&cli.targets, &out));
    sp_buf_free(&out);
    sp_cli_free(&cli);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),    cmocka_unit_test(test_errors),
        cmocka_unit_test(test_settings),   cmocka_unit_test(test_environment),
        cmocka_unit_test(test_files),      cmocka_unit_test(test_short_help),
        cmocka_unit_test(test_full_help),  cmocka_unit_test(test_man),
        cmocka_unit_test(test_bash),       cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_mechanisms), cmocka_unit_test(test_version),
        cmocka_unit_test(test_dry_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
