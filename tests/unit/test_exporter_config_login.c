/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Modules that log in: what they need, what is refused and where, and that no secret is printed. */
#include "probe/limits.h"
#include "prometheus/config.h"

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
#define ALLOW "exporter: {allow_targets: [mx.example.org]}\n"

static char folder[64];
static struct sp_buf errors;

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sp-login-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    write_file("password", "hunter2\n", 0600);
    write_file("open", "hunter2\n", 0644);
    setenv("SP_TEST_DOMAIN", "example.org", 1);
    setenv("SP_TEST_EMPTY", "", 1);
    unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"password", "open", "config.yml", "smtp-probe.password"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

/* From a file in the folder, so that relative paths mean something. */
static struct sp_config *load(const char *text)
{
    write_file("config.yml", text, 0600);
    sp_buf_free(&errors);
    sp_buf_init(&errors, 1 << 16);
    struct sp_config *config = sp_config_load(path_of("config.yml"), &errors);
    assert_true(sp_buf_append(&errors, "", 1));
    return config;
}

static void test_accepted(void **state)
{
    static const struct {
        const char *module, *user;
        bool password, exposed;
    } rows[] = {
        {"tls: starttls, user: joe, password_file: password", "joe", true, false},
        {"tls: implicit, user: joe, password_file: open", "joe", true, true},
        {"tls: starttls, user: 'joe@${SP_TEST_DOMAIN}', password_file: password", "joe@example.org",
         true, false},
        {"tls: starttls, user: 'a$$b$$', password_file: password", "a$b$", true, false},
        {"tls: starttls, user: '$${SP_TEST_DOMAIN}', password_file: password", "${SP_TEST_DOMAIN}",
         true, false},
        {"auth_insecure: yes, user: joe, password_file: password", "joe", true, false},
        {"tls: starttls, token_file: password", NULL, false, false},
        {"tls: starttls, user: joe, auth: EXTERNAL", "joe", false, false},
        {"tls: starttls, user: joe, auth: [PLAIN, LOGIN], password_file: password", "joe", true,
         false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        struct sp_buf out;
        snprintf(text, sizeof text, "modules:\n  m: {verify: off, %s}\n" ALLOW, rows[i].module);
        struct sp_config *config = load(text);
        if (config == NULL)
            fail_msg("row %zu: %s", i, (const char *)errors.data);
        const struct sp_module *module = sp_config_module(config, "m");
        const struct sp_credentials *credentials = module->materials->credentials;
        if (rows[i].user != NULL)
            assert_string_equal(module->options.user, rows[i].user);
        assert_int_equal(sp_credentials_has_password(credentials), rows[i].password);
        assert_int_equal(module->materials->password_exposed, rows[i].exposed);
        sp_buf_init(&out, SP_LIMIT_YAML_FILE);
        assert_true(sp_config_print(config, &out) && sp_buf_append(&out, "", 1));
        assert_null(strstr((const char *)out.data, "hunter2"));
        sp_buf_free(&out);
        sp_config_unref(config);
    }
}

/* Modules differ in who logs in, and share where they don't; "none" asks for nothing. */
static void test_shared(void **state)
{
    (void)state;
    struct sp_config *config =
        load("modules:\n"
             "  a: {verify: off, tls: starttls, user: joe, password_file: password}\n"
             "  b: {verify: off, tls: implicit, user: joe, password_file: password}\n"
             "  c: {verify: off, tls: starttls, user: ann, password_file: password}\n" ALLOW);
    assert_non_null(config);
    const struct sp_module *a = sp_config_module(config, "a"), *c = sp_config_module(config, "c");
    assert_ptr_equal(a->materials, sp_config_module(config, "b")->materials);
    assert_ptr_not_equal(a->materials, c->materials);
    sp_config_unref(config);
    config = load("modules: {m: {verify: off, user: joe, auth: none}}\n");
    assert_non_null(config);
    assert_null(sp_config_module(config, "m")->materials->credentials);
    sp_config_unref(config);
}

static void test_systemd(void **state)
{
    (void)state;
    write_file("smtp-probe.password", "hunter2\n", 0440);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    struct sp_config *config = load(
        "modules:\n"
        "  a: {verify: off, tls: starttls, user: joe}\n"
        "  b: {verify: off, tls: starttls, user: joe, password_file: smtp-probe.password}\n" ALLOW);
    unsetenv("CREDENTIALS_DIRECTORY");
    if (config == NULL)
        fail_msg("%s", (const char *)errors.data);
    assert_true(sp_credentials_has_password(sp_config_module(config, "a")->materials->credentials));
    const struct sp_module *b = sp_config_module(config, "b");
    assert_string_equal(b->options.password_file, "smtp-probe.password");
    assert_false(b->materials->password_exposed);
    sp_config_unref(config);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"modules:\n  m: {verify: off, tls: starttls, user: joe, password_file: password}\n",
         "config.yml:2:3: module m logs in, so \"exporter\" must list the servers in "
         "allow_targets"},
        {"modules:\n  m: {verify: off, tls: starttls, user: joe, password_file: password}\n"
         "exporter: {allow_targets: []}\n",
         "must list the servers in allow_targets"},
        {"modules:\n  m: {verify: off, auth: EXTERNAL, tls: starttls}\n",
         "must list the servers in allow_targets"},
        {"modules:\n  m: {verify: off, user: joe, password_file: password}\n" ALLOW,
         "config.yml:2:3: module m logs in, so it must say \"tls: starttls\" or"},
        {"modules:\n  m: {verify: off, user: joe, password_file: password, tls: none}\n" ALLOW,
         "config.yml:2:61: module m logs in, so it must say"},
        {"modules:\n  m: {verify: off, user: joe, password_file: password, tls: opportunistic}\n" ALLOW,
         "so it must say"},
        {"modules:\n  m: {verify: off, tls: starttls, user: joe}\n" ALLOW,
         "config.yml:2:41: user needs a password or token: give password_file or token_file\n"},
        {"modules:\n  m: {verify: off, tls: starttls, password_file: password}\n" ALLOW,
         "config.yml:2:3: module m: password_file needs user"},
        {"modules:\n  m: {verify: off, tls: starttls, user: joe, password_file: a, token_file: b}\n" ALLOW,
         "config.yml:2:3: module m: give only one of password_file"},
        {"modules:\n  m: {verify: off, tls: starttls, user: joe, password_file: nope}\n" ALLOW,
         "config.yml:2:61: can't read the secret from "},
        {"modules:\n  m: {verify: off, tls: starttls, token_file: nope}\n" ALLOW,
         "config.yml:2:47: can't read the secret from "},
        {"modules:\n  m: {user: '${SP_TEST_UNSET}'}\n",
         "config.yml:2:13: user: the variable SP_TEST_UNSET is not set in the environment\n"},
        {"modules:\n  m: {user: '${SP_TEST_EMPTY}'}\n",
         "config.yml:2:13: user: the variable SP_TEST_EMPTY is not set in the environment\n"},
        {"modules:\n  m: {ca_file: nope, user: '${SP_TEST_UNSET}'}\n", "CA file /tmp/sp-login-"},
        {"modules:\n  m: {user: 'a$b'}\n", "config.yml:2:13: user: a dollar sign begins"},
        {"modules:\n  m: {user: 'a$'}\n", "user: a dollar sign begins"},
        {"modules:\n  m: {user: '${OPEN'}\n", "user: a dollar sign begins"},
        {"modules:\n  m: {user: '${}'}\n", "user: \"\" is no name of a variable"},
        {"modules:\n  m: {user: '${a b}'}\n", "user: \"a b\" is no name of a variable"},
        {"modules:\n  m: {user: '${1}'}\n", "user: \"1\" is no name of a variable"},
        {"modules:\n  m: {password_file: '${SP_TEST_DOMAIN}', user: x, tls: starttls}\n" ALLOW,
         "${SP_TEST_DOMAIN}: No such file"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_config *config = load(rows[i].text);
        if (config != NULL || strstr((const char *)errors.data, rows[i].says) == NULL)
            fail_msg("row %zu: %s", i, (const char *)errors.data);
    }
}

/* No end of a name that grows by itself. */
static void test_long_user(void **state)
{
    static char text[300000];
    (void)state;
    size_t len = (size_t)snprintf(text, sizeof text, "modules:\n  m: {user: '");
    for (; len < sizeof text - 64; len += 17)
        snprintf(text + len, sizeof text - len, "${SP_TEST_DOMAIN}");
    snprintf(text + len, sizeof text - len, "'}\n");
    assert_null(load(text));
    assert_non_null(strstr((const char *)errors.data, "memory"));
    sp_buf_free(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),  cmocka_unit_test(test_shared),
        cmocka_unit_test(test_systemd),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_user),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
