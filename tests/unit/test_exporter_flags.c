/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's command line, its routes, its log lines, and the time that a scrape leaves. */
#include "probe/limits.h"
#include "prometheus/flags.h"
#include "prometheus/log.h"
#include "prometheus/routes.h"
#include "prometheus/scrape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS 20

/* The words of `line`, cut at blanks; NULL-ended behind a program's name. */
static int split_words(char *line, char **words)
{
    static char name[] = "smtp-probe-exporter";
    char *rest;
    int count = 0;
    words[count++] = name;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < WORDS - 1;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    words[count] = NULL;
    return count;
}

/* What the flags came to, in words. */
static void show_flags(const struct sp_flags *flags, char *out, size_t size)
{
    int used = snprintf(out, size, "%s %u %u %u/%u", flags->config_file ? flags->config_file : "-",
                        flags->timeout_offset_ms, flags->history_limit, flags->log_level,
                        flags->log_format);
    for (size_t i = 0; i < flags->address_count; i++)
        used += snprintf(out + used, size - (size_t)used, " %s", flags->addresses[i]);
    snprintf(out + used, size - (size_t)used, " %s%s%s[%s][%s]", flags->systemd_socket ? "S" : "",
             flags->insecure_listen ? "I" : "", flags->auto_reload ? "A" : "", flags->routes_below,
             flags->links_below);
}

static const struct {
    const char *line;
    enum sp_flags_action action;
    const char *expect; /* of show_flags, or a part of the error */
} flag_rows[] = {
    {"", SP_FLAGS_RUN, "- 500 100 1/0 127.0.0.1:10587 [][]"},
    {"--config.file=a.yml", SP_FLAGS_RUN, "a.yml 500 100 1/0 127.0.0.1:10587 [][]"},
    {"--config.file a.yml --config.file b.yml", SP_FLAGS_RUN, "b.yml 500 100"},
    {"--timeout-offset=0.25 --history.limit 0", SP_FLAGS_RUN, "- 250 0 1/0"},
    {"--timeout-offset 0", SP_FLAGS_RUN, "- 0 100"},
    {"--timeout-offset=-1", SP_FLAGS_ERROR, "--timeout-offset: \"-1\" is not a number of seconds"},
    {"--timeout-offset=nan", SP_FLAGS_ERROR, "--timeout-offset: \"nan\""},
    {"--timeout-offset=1e3", SP_FLAGS_ERROR, "--timeout-offset: \"1e3\""},
    {"--history.limit=1000001", SP_FLAGS_ERROR, "--history.limit: \"1000001\""},
    {"--history.limit=-1", SP_FLAGS_ERROR, "--history.limit: \"-1\""},
    {"--log.level=error --log.format json", SP_FLAGS_RUN, "- 500 100 3/1"},
    {"--log.prober=warn", SP_FLAGS_RUN, "- 500 100 1/0"},
    {"--log.level=warning", SP_FLAGS_ERROR, "is not one of debug|info|warn|error"},
    {"--log.level=", SP_FLAGS_ERROR, "--log.level: \"\""},
    {"--web.listen-address=:1 --web.listen-address [::1]:2", SP_FLAGS_RUN,
     "- 500 100 1/0 :1 [::1]:2 [][]"},
    {"--web.listen-address=", SP_FLAGS_ERROR, "an address is missing"},
    {"--web.systemd-socket --web.insecure-listen --config.enable-auto-reload", SP_FLAGS_RUN,
     "127.0.0.1:10587 SIA[][]"},
    {"--web.systemd-socket --no-web.systemd-socket", SP_FLAGS_RUN, "127.0.0.1:10587 [][]"},
    {"--web.systemd-socket=true", SP_FLAGS_ERROR, "write --web.systemd-socket or --no-web.systemd"},
    {"--no-log.level", SP_FLAGS_ERROR, "--log.level can't be turned off"},
    {"--web.external-url=https://mon.example/smtp/", SP_FLAGS_RUN, "[/smtp][/smtp]"},
    {"--web.external-url=http://mon.example:8080", SP_FLAGS_RUN, "[][]"},
    {"--web.external-url=/a//b/", SP_FLAGS_RUN, "[/a/b][/a/b]"},
    {"--web.external-url=https://m/smtp --web.route-prefix=/", SP_FLAGS_RUN, "[][/smtp]"},
    {"--web.route-prefix=x", SP_FLAGS_RUN, "[/x][/x]"},
    {"--web.route-prefix=x --web.external-url=http://m", SP_FLAGS_RUN, "[/x][]"},
    {"--web.route-prefix=x --web.external-url=http://m/y", SP_FLAGS_RUN, "[/x][/y]"},
    {"--web.external-url=mon.example/x", SP_FLAGS_ERROR, "write http://HOST/PATH"},
    {"--web.external-url=http:///x", SP_FLAGS_ERROR, "the host is missing"},
    {"--web.external-url=http://m/<b>", SP_FLAGS_ERROR, "--web.external-url: a path has"},
    {"--web.external-url=http://m/<b> --web.route-prefix=/", SP_FLAGS_ERROR,
     "--web.external-url: a path has"},
    {"--web.external-url=http://m/b --web.route-prefix=/<", SP_FLAGS_ERROR,
     "--web.route-prefix: a path has"},
    {"--web.route-prefix=/a\"b", SP_FLAGS_ERROR, "--web.route-prefix: a path has"},
    {"--web.route-prefix=", SP_FLAGS_ERROR, "--web.route-prefix: a value is missing"},
    {"--config.check", SP_FLAGS_CHECK, "- 500"},
    {"--convert x.yml", SP_FLAGS_CONVERT, "- 500"},
    {"--config.file", SP_FLAGS_ERROR, "--config.file needs a value: FILE"},
    {"--config.file --config.check", SP_FLAGS_ERROR, "--config.file needs a value: FILE"},
    {"-h", SP_FLAGS_HELP, ""},
    {"--help", SP_FLAGS_HELP, ""},
    {"--help=man", SP_FLAGS_MAN, ""},
    {"--help=bash", SP_FLAGS_BASH, ""},
    {"--help=html", SP_FLAGS_ERROR, "is not man or bash"},
    {"--version", SP_FLAGS_VERSION, ""},
    {"--version=1", SP_FLAGS_ERROR, "--version takes no value"},
    {"--web.listen-adress=:1", SP_FLAGS_ERROR,
     "no flag \"--web.listen-adress\"; did you mean \"--web.listen-address\"?"},
    {"--config.fil", SP_FLAGS_ERROR, "did you mean \"--config.file\"?"},
    {"--zzz", SP_FLAGS_ERROR, "no flag \"--zzz\"; see smtp-probe-exporter --help"},
    {"mx.example.org", SP_FLAGS_ERROR, "\"mx.example.org\" is not a flag"},
    {"-x", SP_FLAGS_ERROR, "\"-x\" is not a flag"},
    {"--", SP_FLAGS_ERROR, "\"--\" is not a flag"},
    {"--\x1b[31m", SP_FLAGS_ERROR, "no flag \"--\\x1b[31m\""},
};

static void test_flags(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(flag_rows); i++) {
        char line[300], shown[400] = "", error[300] = "", *words[WORDS];
        struct sp_flags flags;
        snprintf(line, sizeof line, "%s", flag_rows[i].line);
        int count = split_words(line, words);
        enum sp_flags_action action = sp_flags_parse(count, words, &flags, error, sizeof error);
        if (action == SP_FLAGS_ERROR)
            snprintf(shown, sizeof shown, "%s", error);
        else
            show_flags(&flags, shown, sizeof shown);
        if (action != flag_rows[i].action || strstr(shown, flag_rows[i].expect) == NULL)
            fail_msg("%s: action %d, %s", flag_rows[i].line, (int)action, shown);
    }
}

static void test_many_addresses(void **state)
{
    (void)state;
    char *words[SP_FLAGS_ADDRESSES + 3], error[200], address[] = "--web.listen-address=:0";
    struct sp_flags flags;
    for (size_t i = 0; i < COUNT(words); i++)
        words[i] = address;
    assert_int_equal(sp_flags_parse(SP_FLAGS_ADDRESSES + 1, words, &flags, error, sizeof error),
                     SP_FLAGS_RUN);
    assert_int_equal(flags.address_count, SP_FLAGS_ADDRESSES);
    assert_int_equal(sp_flags_parse(SP_FLAGS_ADDRESSES + 2, words, &flags, error, sizeof error),
                     SP_FLAGS_ERROR);
    assert_non_null(strstr(error, "at most 16"));
}

static void test_long_prefix(void **state)
{
    (void)state;
    char path[400], error[200], option[] = "--web.route-prefix", name[] = "x";
    char *words[] = {name, option, path};
    struct sp_flags flags;
    for (size_t len = 240; len < 300; len++) {
        memset(path, 'a', len);
        path[0] = '/';
        path[len] = '\0';
        enum sp_flags_action action = sp_flags_parse(3, words, &flags, error, sizeof error);
        assert_int_equal(action, len < SP_FLAGS_PREFIX - 1 ? SP_FLAGS_RUN : SP_FLAGS_ERROR);
        if (action == SP_FLAGS_RUN)
            assert_string_equal(flags.routes_below, path);
    }
}

static const struct {
    const char *address;
    bool loopback;
} address_rows[] = {
    {"127.0.0.1:10587", true},
    {"127.9.9.9:1", true},
    {"[::1]:10587", true},
    {"localhost:80", true},
    {"localhost", true},
    {"127.0.0.1", true},
    {"::1", true},
    {"unix:/run/x.sock", true},
    {"[::ffff:127.0.0.1]:1", true},
    {":10587", false},
    {"0.0.0.0:1", false},
    {"[::]:1", false},
    {"128.0.0.1:1", false},
    {"192.0.2.1:1", false},
    {"localhost.example:1", false},
    {"127.0.0.1.example:1", false},
    {"[::ffff:10.0.0.1]:1", false},
    {"", false},
    {"[::1", false},
    {"2130706433:1", false},
    {"127.1:1", false},
};

static void test_loopback(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(address_rows); i++) {
        if (sp_flags_is_loopback(address_rows[i].address) != address_rows[i].loopback)
            fail_msg("%s", address_rows[i].address);
    }
}

/* Every flag is in each of the texts, and none is wider than a terminal. */
static void test_texts(void **state)
{
    (void)state;
    bool (*const texts[])(struct sp_buf *) = {sp_flags_help_text, sp_flags_man_text,
                                              sp_flags_bash_text};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sp_buf out;
        sp_buf_init(&out, SP_LIMIT_PAGE);
        assert_true(texts[i](&out));
        assert_true(sp_buf_append(&out, "", 1));
        for (size_t j = 0; j < sp_flags_count(); j++) {
            char name[80], *to = name;
            for (const char *from = sp_flags_at(j)->name; *from != '\0'; from++) {
                if (i == 1 && *from == '-')
                    *to++ = '\\';
                *to++ = *from;
            }
            *to = '\0';
            if (strstr((const char *)out.data, name) == NULL)
                fail_msg("text %zu lacks %s", i, name);
        }
        size_t column = 0;
        for (size_t at = 0; i == 0 && at < out.len; at++) {
            column = out.data[at] == '\n' ? 0 : column + ((out.data[at] & 0xc0) != 0x80);
            assert_true(column <= 80);
        }
        sp_buf_free(&out);
        sp_buf_init(&out, 200); /* a cap that is met is told */
        assert_false(texts[i](&out));
        sp_buf_free(&out);
    }
}

static const struct {
    const char *method, *path;
    enum sp_route route;
    uint64_t id;
} route_rows[] = {
    {"GET", "/", SP_ROUTE_STATUS, 0},
    {"HEAD", "/", SP_ROUTE_STATUS, 0},
    {"GET", "/probe", SP_ROUTE_PROBE, 0},
    {"GET", "/probe/", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/Probe", SP_ROUTE_UNKNOWN, 0},
    {"POST", "/probe", SP_ROUTE_BAD_METHOD, 0},
    {"GET", "/metrics", SP_ROUTE_METRICS, 0},
    {"GET", "/config", SP_ROUTE_CONFIG, 0},
    {"GET", "/style.css", SP_ROUTE_STYLE, 0},
    {"GET", "/api/v1/status", SP_ROUTE_API_STATUS, 0},
    {"GET", "/api/v1/sd", SP_ROUTE_API_SD, 0},
    {"GET", "/-/healthy", SP_ROUTE_HEALTHY, 0},
    {"GET", "/-/ready", SP_ROUTE_READY, 0},
    {"POST", "/-/reload", SP_ROUTE_RELOAD, 0},
    {"GET", "/-/reload", SP_ROUTE_BAD_METHOD, 0},
    {"PUT", "/-/reload", SP_ROUTE_BAD_METHOD, 0},
    {"DELETE", "/nothing", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history/1", SP_ROUTE_HISTORY, 1},
    {"GET", "/history/18446744073709551615", SP_ROUTE_HISTORY, UINT64_MAX},
    {"GET", "/history/18446744073709551616", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history/0", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history/01", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history/-1", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history/1x", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history/", SP_ROUTE_UNKNOWN, 0},
    {"GET", "/history", SP_ROUTE_UNKNOWN, 0},
    {"PUT", "/history/7", SP_ROUTE_BAD_METHOD, 7},
    {"GET", "", SP_ROUTE_UNKNOWN, 0},
    {"GET", "*", SP_ROUTE_UNKNOWN, 0},
};

static void test_routes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(route_rows); i++) {
        struct sp_route_match match = sp_routes_find(route_rows[i].method, route_rows[i].path);
        bool id_matters = match.route == SP_ROUTE_HISTORY;
        if (match.route != route_rows[i].route || (id_matters && match.id != route_rows[i].id))
            fail_msg("%s %s: route %d", route_rows[i].method, route_rows[i].path, (int)match.route);
        if (match.route == SP_ROUTE_BAD_METHOD)
            assert_string_equal(match.allow,
                                strstr(route_rows[i].path, "reload") ? "POST" : "GET, HEAD");
    }
}

static const struct {
    const char *header; /* NULL: absent */
    uint32_t offset_ms;
    uint32_t left_ms; /* 0: refused */
    uint64_t waited_ms;
} scrape_rows[] = {
    {NULL, 500, 119500, 0},
    {"0", 500, 119500, 0},
    {"0.0", 500, 119500, 0},
    {"10", 500, 9500, 0},
    {"10.000000", 500, 9500, 0},
    {"5", 0, 5000, 0},
    {".5", 0, 500, 0},
    {"5.", 0, 5000, 0},
    {"0.5", 500, 50, 0},
    {"0.3", 500, 30, 0},
    {"0.6", 500, 100, 0},
    {"0.001", 500, 1, 0},
    {"0.0001", 500, 1, 0},
    {"1.0005", 0, 1001, 0},
    {"1.0000000000000", 0, 1000, 0},
    {"86400", 0, 86400000, 0},
    {"86401", 0, 86400000, 0},
    {"86400.5", 0, 86400000, 0},
    {"99999999999999999999999999", 0, 86400000, 0},
    {"2305843009213693952", 0, 86400000, 0}, /* times 1000 it is 0 in 64 bits */
    {"3", 3600000, 300, 0},
    {"10", 500, 9499, 1},
    {"10", 500, 8300, 1200},
    {"10", 500, 1, 9499},
    {"10", 500, 1, 9500},
    {"10", 500, 1, 9501},
    {"10", 500, 1, UINT64_MAX},
    {"0.5", 500, 20, 30},
    {NULL, 500, 119000, 500},
    {"0.009", 500, 1, 0},
    {"0.01", 500, 1, 0},
    {"0.02", 500, 2, 0},
    {"", 500, 0, 0},
    {"-1", 500, 0, 0},
    {"+1", 500, 0, 0},
    {" 1", 500, 0, 0},
    {"1 ", 500, 0, 0},
    {"NaN", 500, 0, 0},
    {"nan", 500, 0, 0},
    {"Inf", 500, 0, 0},
    {"+Inf", 500, 0, 0},
    {"1e3", 500, 0, 0},
    {"0x10", 500, 0, 0},
    {"1,5", 500, 0, 0},
    {".", 500, 0, 0},
    {"1.2.3", 500, 0, 0},
    {"ten", 500, 0, 0},
    {"1_000", 500, 0, 0},
    {"10s", 500, 0, 0},
};

static void test_scrape(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scrape_rows); i++) {
        uint32_t left = 0;
        bool right = sp_scrape_timeout(scrape_rows[i].header, scrape_rows[i].offset_ms,
                                       scrape_rows[i].waited_ms, &left);
        if (right != (scrape_rows[i].left_ms > 0) || (right && left != scrape_rows[i].left_ms))
            fail_msg("%s: %d, %u", scrape_rows[i].header ? scrape_rows[i].header : "-", right,
                     left);
    }
}

static void expect_line(enum sp_log_format format, const char *expect, const char *message, ...)
{
    struct sp_buf out;
    va_list fields;
    sp_buf_init(&out, SP_LIMIT_WRITER);
    va_start(fields, message);
    assert_true(sp_log_line(&out, format, 1772360430007, SP_LOG_WARN, message, fields));
    va_end(fields);
    assert_true(sp_buf_append(&out, "", 1));
    assert_string_equal((const char *)out.data, expect);
    sp_buf_free(&out);
}

static void test_log(void **state)
{
    (void)state;
    expect_line(SP_LOG_LOGFMT, "ts=2026-03-01T10:20:30.007Z level=warn msg=listening\n",
                "listening", NULL);
    expect_line(
        SP_LOG_LOGFMT,
        "ts=2026-03-01T10:20:30.007Z level=warn msg=\"a b\" e=\"\" q=\"x=\\\"1\\\"\" b=\"a\\\\b\" "
        "n=\"1\\\\x0a2\" u=\"\303\244\" bad=\"\\\\xff\"\n",
        "a b", "e", "", "q", "x=\"1\"", "b", "a\\b", "n", "1\n2", "u", "\303\244", "bad", "\xff",
        NULL);
    expect_line(
        SP_LOG_JSON,
        "{\"ts\":\"2026-03-01T10:20:30.007Z\",\"level\":\"warn\",\"msg\":\"a\",\"k\":\"1\"}\n", "a",
        "k", "1", NULL);
    expect_line(SP_LOG_JSON,
                "{\"ts\":\"2026-03-01T10:20:30.007Z\",\"level\":\"warn\",\"msg\":\"\\\"\\\\\","
                "\"k\":\"\\\\x1b[0m\"}\n",
                "\"\\", "k", "\x1b[0m", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),    cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_loopback), cmocka_unit_test(test_long_prefix),
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_routes),
        cmocka_unit_test(test_scrape),   cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
