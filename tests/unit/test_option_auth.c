/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options about logging in: values, layers, what they mean together, and what is never repeated. */
#include "probe/cli.h"
#include "probe/endpoint.h"
#include "probe/limits.h"
#include "probe/option_auth.h"
#include "probe/option_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
    struct sp_arena *arena;
    struct sp_options options;
    struct sp_option_layer layer;
    char error[512], text[512];
};

static void begin(struct fixture *fixture)
{
    *fixture = (struct fixture){.arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA)};
    assert_non_null(fixture->arena);
    sp_options_init(&fixture->options);
}

static bool set(struct fixture *fixture, const char *name, const char *value)
{
    fixture->error[0] = '\0';
    return sp_option_set_layered(&fixture->options, fixture->arena, &fixture->layer,
                                 sp_option_find(name), value, fixture->error,
                                 sizeof fixture->error);
}

/* The option as it would be written; "-": not given. */
static const char *show(struct fixture *fixture, const char *name)
{
    enum sp_option_given given;
    struct sp_buf out;
    sp_buf_init(&out, sizeof fixture->text);
    assert_true(sp_option_text(&fixture->options, sp_option_find(name), &out, &given));
    snprintf(fixture->text, sizeof fixture->text, "%.*s", (int)out.len,
             out.len > 0 ? (const char *)out.data : "");
    sp_buf_free(&out);
    return given == SP_OPTION_NOT_GIVEN ? "-" : given == SP_OPTION_FLAG ? "yes" : fixture->text;
}

/* Two settings within one layer; `expect` NULL: the last one is refused, and the message has `message`. */
static void test_set(void **state)
{
    static const struct {
        const char *name, *first, *second, *expect, *message;
    } rows[] = {
        {"user", NULL, "joe@example.org", "joe@example.org", NULL},
        {"user", NULL, "", NULL, "the value is empty"},
        {"password-file", NULL, "/run/x", "/run/x", NULL},
        {"password-file", NULL, "", NULL, "the value is empty"},
        {"password-env", NULL, "NAME", "NAME", NULL},
        {"token-file", NULL, "t", "t", NULL},
        {"password-fd", NULL, "0", "0", NULL},
        {"password-fd", NULL, "-1", NULL, "open descriptor"},
        {"password-fd", NULL, "999999", NULL, "open descriptor"},
        {"password-fd", NULL, "99999999999", NULL, "open descriptor"},
        {"password-fd", NULL, "x", NULL, "open descriptor"},
        {"auth", NULL, "auto", "-", NULL},
        {"auth", NULL, "Auto", "-", NULL},
        {"auth", NULL, "none", "NONE", NULL},
        {"auth", "none", "NONE", "NONE", NULL},
        {"auth", NULL, "plain", "PLAIN", NULL},
        {"auth", NULL, "scram-sha-256-plus,Login", "SCRAM-SHA-256-PLUS,LOGIN", NULL},
        {"auth", "PLAIN", "LOGIN,plain", "PLAIN,LOGIN", NULL},
        {"auth", "auto", "PLAIN", "PLAIN", NULL},
        {"auth", NULL, "", NULL, "the value is empty"},
        {"auth", NULL, "PLAIN,", NULL, "before or behind a comma"},
        {"auth", NULL, ",PLAIN", NULL, "before or behind a comma"},
        {"auth", NULL, "auto,PLAIN", NULL, "stand alone"},
        {"auth", NULL, "PLAIN,none", NULL, "stand alone"},
        {"auth", "none", "PLAIN", NULL, "stands alone"},
        {"auth", "PLAIN", "none", NULL, "beside it"},
        {"auth", "PLAIN", "auto", NULL, "beside it"},
        {"auth", NULL, "PLAIM", NULL, "did you mean PLAIN?"},
        {"auth", NULL, "SCRAM-SHA256", NULL, "did you mean SCRAM-SHA-256?"},
        {"auth", NULL, "nonne", NULL, "did you mean none?"},
        {"auth", NULL, "KERBEROS_V4", NULL, "give names such as"},
        {"auth", NULL, "PL\nAIN", NULL, "PL\\x0aAIN"},
        {"auth-insecure", NULL, NULL, "yes", NULL},
        {"auth-insecure", NULL, "no", "-", NULL},
        {"expect-reply", NULL, "auth=535", "auth=535", NULL},
        {"expect-reply", "auth=535", "mail=5XX", "auth=535,mail=5xx", NULL},
        {"expect-reply", NULL, "banner=220,ehlo_tls=2xx", "banner=220,ehlo_tls=2xx", NULL},
        {"expect-reply", NULL, "starttls=454,quit=221", "starttls=454,quit=221", NULL},
        {"expect-reply", NULL, "", NULL, "the value is empty"},
        {"expect-reply", NULL, "auth", NULL, "STAGE=CODE"},
        {"expect-reply", NULL, "535", NULL, "STAGE=CODE"},
        {"expect-reply", NULL, "=535", NULL, "the stage is one of"},
        {"expect-reply", NULL, "tls=220", NULL, "the stage is one of"},
        {"expect-reply", NULL, "resolve=220", NULL, "the stage is one of"},
        {"expect-reply", NULL, "total=220", NULL, "the stage is one of"},
        {"expect-reply", NULL, "AUTH=535", NULL, "the stage is one of"},
        {"expect-reply", NULL, "auth=", NULL, "three digits"},
        {"expect-reply", NULL, "auth=53", NULL, "three digits"},
        {"expect-reply", NULL, "auth=5350", NULL, "three digits"},
        {"expect-reply", NULL, "auth=1xx", NULL, "three digits"},
        {"expect-reply", NULL, "auth=135", NULL, "three digits"},
        {"expect-reply", NULL, "auth=5x5", NULL, "three digits"},
        {"expect-reply", NULL, "auth=x35", NULL, "three digits"},
        {"expect-reply", NULL, "auth=535,", NULL, "STAGE=CODE"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        begin(&fixture);
        assert_true(rows[i].first == NULL || set(&fixture, rows[i].name, rows[i].first));
        const struct sp_options before = fixture.options;
        bool ok = set(&fixture, rows[i].name, rows[i].second);
        if (ok != (rows[i].expect != NULL))
            fail_msg("%s=%s gave %d: %s", rows[i].name, rows[i].second, ok, fixture.error);
        if (ok && strcmp(show(&fixture, rows[i].name), rows[i].expect) != 0)
            fail_msg("%s=%s gave \"%s\"", rows[i].name, rows[i].second,
                     show(&fixture, rows[i].name));
        if (!ok && strstr(fixture.error, rows[i].message) == NULL)
            fail_msg("%s=%s said: %s", rows[i].name, rows[i].second, fixture.error);
        if (!ok && rows[i].first != NULL)
            assert_memory_equal(&fixture.options, &before, sizeof before);
        sp_arena_free(fixture.arena);
    }
}

/* A later layer's lists replace those of the former. */
static void test_layers(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_string_equal(show(&fixture, "password-fd"), "-");
    assert_true(set(&fixture, "auth", "none") && set(&fixture, "expect-reply", "auth=535"));
    fixture.layer = (struct sp_option_layer){0};
    assert_true(set(&fixture, "auth", "PLAIN") && set(&fixture, "auth", "LOGIN"));
    assert_true(set(&fixture, "expect-reply", "auth=235"));
    assert_true(set(&fixture, "expect-reply", "quit=221"));
    assert_string_equal(show(&fixture, "auth"), "PLAIN,LOGIN");
    assert_string_equal(show(&fixture, "expect-reply"), "auth=235,quit=221");
    fixture.layer = (struct sp_option_layer){0};
    assert_true(set(&fixture, "auth", "auto"));
    assert_string_equal(show(&fixture, "auth"), "-");
    sp_arena_free(fixture.arena);
}

/* Two places for one secret: none is guessed at. */
static void test_one_secret(void **state)
{
    static const char *const names[] = {"password-file", "password-fd", "password-env",
                                        "token-file"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t k = 0; k < COUNT(names); k++) {
            struct fixture fixture;
            begin(&fixture);
            assert_true(set(&fixture, "user", "joe"));
            assert_null(sp_options_secret(&fixture.options));
            assert_true(set(&fixture, names[i], "1") && set(&fixture, names[k], "1"));
            bool ok = sp_options_finish(&fixture.options, fixture.arena, fixture.error,
                                        sizeof fixture.error);
            assert_int_equal(ok, i == k);
            if (ok)
                assert_string_equal(sp_options_secret(&fixture.options), names[i]);
            else
                assert_non_null(strstr(fixture.error, "give only one of --password-file"));
            sp_arena_free(fixture.arena);
        }
    }
}

/* A target line with options of the command line, each "name=value" or ended by NULL. */
static void test_logins(void **state)
{
    static const struct {
        const char *options[3][2];
        const char *line, *message; /* NULL: fine */
    } rows[] = {
        {{{"user", "joe"}}, "mx", NULL},
        {{{"user", "joe"}, {"password-file", "x"}}, "mx", NULL},
        {{{"password-file", "x"}}, "mx", "--password-file needs --user"},
        {{{"password-fd", "0"}}, "mx", "--password-fd needs --user"},
        {{{"password-env", "x"}}, "mx", "--password-env needs --user"},
        {{{"password-file", "x"}}, "mx user=joe", NULL},
        {{{"password-file", "x"}}, "mx auth=none", NULL},
        {{{"password-file", "x"}, {"auth", "none"}}, "mx", NULL},
        {{{"token-file", "x"}}, "mx", NULL},
        {{{"token-file", "x"}, {"auth", "OAUTHBEARER"}}, "mx", NULL},
        {{{"token-file", "x"}, {"auth", "XOAUTH2"}}, "mx", "--auth XOAUTH2 needs --user"},
        {{{"auth", "PLAIN"}}, "mx", "--auth PLAIN needs --user"},
        {{{"auth", "PLAIN,EXTERNAL"}}, "mx", NULL},
        {{{"auth", "EXTERNAL"}}, "mx", NULL},
        {{{"auth", "GSSAPI"}}, "mx", NULL},
        {{{"auth", "ANONYMOUS"}}, "mx", NULL},
        {{{"user", "joe"}}, "mx password=hunter2", "no option \"password\""},
        {{{"user", "joe"}}, "mx password_file=x", "is for the whole run"},
        {{{"user", "joe"}}, "mx auth_insecure=yes expect_reply=auth=535", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_endpoint endpoint;
        struct fixture fixture;
        begin(&fixture);
        for (size_t k = 0; k < 3 && rows[i].options[k][0] != NULL; k++)
            if (!set(&fixture, rows[i].options[k][0], rows[i].options[k][1]))
                fail_msg("row %zu: %s", i, fixture.error);
        assert_true(sp_options_finish(&fixture.options, fixture.arena, fixture.error,
                                      sizeof fixture.error));
        assert_true(sp_endpoint_parse(fixture.arena, rows[i].line, strlen(rows[i].line),
                                      &fixture.options, &endpoint));
        if ((endpoint.invalid == NULL) != (rows[i].message == NULL))
            fail_msg("row %zu: %s", i, endpoint.invalid != NULL ? endpoint.invalid : "is fine");
        if (endpoint.invalid != NULL) {
            assert_non_null(strstr(endpoint.invalid, rows[i].message));
            assert_null(strstr(endpoint.invalid, "hunter2"));
            assert_null(strstr(endpoint.input, "hunter2"));
        }
        sp_arena_free(fixture.arena);
    }
}

static void test_need_secret(void **state)
{
    static const struct {
        const char *auth, *cert;
        bool need;
    } rows[] = {
        {"auto", NULL, true},          {"auto", "c.pem", false},  {"PLAIN", NULL, true},
        {"PLAIN", "c.pem", true},      {"EXTERNAL", NULL, false}, {"GSSAPI", NULL, false},
        {"GSSAPI,PLAIN", NULL, false}, {"XOAUTH2", NULL, true},   {"XOAUTH2,PLAIN", NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        begin(&fixture);
        assert_true(set(&fixture, "auth", rows[i].auth));
        assert_true(rows[i].cert == NULL || set(&fixture, "cert", rows[i].cert));
        if (sp_options_need_secret(&fixture.options) != rows[i].need)
            fail_msg("row %zu", i);
        assert_true(sp_options_may_log_in(&fixture.options));
        sp_arena_free(fixture.arena);
    }
}

/* Somebody tries to give a password itself: he is told what to do, and it is not repeated. */
static void test_refused_secrets(void **state)
{
    static const char *const words[] = {
        "--password=hunter2", "--password", "--passwd=hunter2",
        "--token=hunter2",    "--secret",   "--authpass=hunter2",
        "-Phunter2",          "-P",         "-vPhunter2",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        char first[64];
        snprintf(first, sizeof first, "%s", words[i]);
        char program[] = "smtp-probe", second[] = "hunter2", third[] = "mx.example.org";
        char *argv[] = {program, first, second, third, NULL};
        struct sp_cli cli;
        assert_int_equal(sp_cli_parse(4, argv, NULL, &cli), SP_CLI_USAGE_ERROR);
        assert_true(sp_buf_append(&cli.message, "", 1));
        const char *message = (const char *)cli.message.data;
        if (strstr(message, "--password-file FILE") == NULL || strstr(message, "hunter2") != NULL)
            fail_msg("%s: %s", words[i], message);
        sp_cli_free(&cli);
    }
}

/* As all others; an empty variable counts as unset. */
static void test_environment(void **state)
{
    char user[] = "SMTP_PROBE_USER=joe", file[] = "SMTP_PROBE_PASSWORD_FILE=/run/x",
         auth[] = "SMTP_PROBE_AUTH=", insecure[] = "SMTP_PROBE_AUTH_INSECURE=yes",
         reply[] = "SMTP_PROBE_EXPECT_REPLY=auth=535", fd[] = "SMTP_PROBE_PASSWORD_FD=";
    char *environment[] = {user, file, auth, insecure, reply, fd, NULL};
    char program[] = "smtp-probe", target[] = "mx.example.org";
    char *argv[] = {program, target, NULL};
    struct sp_cli cli;
    (void)state;
    assert_int_equal(sp_cli_parse(2, argv, environment, &cli), SP_CLI_RUN);
    assert_string_equal(cli.options.user, "joe");
    assert_string_equal(cli.options.password_file, "/run/x");
    assert_int_equal(cli.options.password_fd, SP_NO_FD);
    assert_int_equal(cli.options.auth.count, 0);
    assert_true(cli.options.auth_insecure);
    assert_int_equal(cli.options.expect_reply_count, 1);
    assert_int_equal(cli.options.expect_replies[0].phase, SP_PHASE_AUTH);
    assert_string_equal(cli.options.expect_replies[0].code, "535");
    sp_cli_free(&cli);
}

/* Standard input has room for one of the two. */
static void test_stdin_twice(void **state)
{
    char program[] = "smtp-probe", fd[] = "--password-fd=0", user[] = "--user=joe", dash[] = "-";
    char *argv[] = {program, fd, user, dash, NULL};
    struct sp_cli cli;
    (void)state;
    assert_int_equal(sp_cli_parse(4, argv, NULL, &cli), SP_CLI_USAGE_ERROR);
    assert_true(sp_buf_append(&cli.message, "", 1));
    assert_non_null(strstr((const char *)cli.message.data, "--password-fd 3 3<FILE"));
    sp_cli_free(&cli);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),         cmocka_unit_test(test_layers),
        cmocka_unit_test(test_one_secret),  cmocka_unit_test(test_logins),
        cmocka_unit_test(test_need_secret), cmocka_unit_test(test_refused_secrets),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_stdin_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
