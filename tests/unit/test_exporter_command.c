/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command that repeats a probe: through a real shell every option arrives as it was. */
#include "probe/option_text.h"
#include "prometheus/command.h"
#include "tests/unit/exporter_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the shell hands to a program of the words behind "smtp-probe". */
static size_t split(const char *command, char *out, size_t size)
{
    int channel[2];
    size_t len = 0;

    assert_int_equal(pipe(channel), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(channel[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(channel[1]);
    for (ssize_t got; len < size && (got = read(channel[0], out + len, size - len)) > 0;)
        len += (size_t)got;
    close(channel[0]);
    waitpid(child, NULL, 0);
    return len;
}

/* One value for each option that a module can have; ipv4 would exclude ipv6. */
static const char *const values[][2] = {
    {"tls", "implicit"},
    {"tls-min", "1.1"},
    {"tls-max", "1.2"},
    {"server-name", "mail.example.org"},
    {"ipv6", NULL},
    {"all-addresses", NULL},
    {"source-address", "2001:db8::1"},
    {"ehlo-name", "[IPv6:2001:db8::1]"},
    {"connect-timeout", "1500ms"},
    {"reply-timeout", "2m"},
    {"timeout", "9s"},
    {"verify", "report"},
    {"ca-file", "/tmp/it's $HOME `id`.pem"},
    {"ca-dir", "/tmp/a b"},
    {"crl-file", "/tmp/it's a.crl,/tmp/B.crl"},
    {"ocsp", "require"},
    {"pin", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"cert", "/tmp/a's cert.pem"},
    {"key", "/tmp/a's key.pem"},
    {"key-password-file", "/tmp/a's password"},
    {"ciphers", "TLS_AES_128_GCM_SHA256"},
    {"groups", "x25519"},
    {"alpn", "smtp"},
    {"tls-policy", "modern"},
    {"user", "o'neil@example.org"},
    {"password-file", "/run/a's $(id)"},
    {"auth", "PLAIN,SCRAM-SHA-256"},
    {"auth-insecure", NULL},
    {"expect-reply", "auth=535,mail=2xx"},
    {"cert-warning", "30"},
    {"cert-critical", "@1:5"},
    {"expect", "^220 '\"$(id)\\ "},
    {"require-capability", "SIZE,STARTTLS"},
    {"forbid-capability", "VRFY"},
    {"warning", "connect=0.5,total=~:5"},
    {"critical", "10"},
    {"dns-server", "[2001:db8::53]:5353"},
};
#define VALUE_COUNT (sizeof(values) / sizeof(values[0]))

static void set(struct sp_options *options, struct sp_arena *arena, const char *name,
                const char *value)
{
    char error[256] = "";

    assert_non_null(sp_option_find(name));
    if (!sp_option_set(options, arena, sp_option_find(name), value, error, sizeof(error)))
        fail_msg("%s", error);
}

static void compare(const struct sp_options *a, const struct sp_options *b,
                    const struct sp_option_info *info)
{
    enum sp_option_given given_a, given_b;
    struct sp_buf left, right;

    sp_buf_init(&left, 4096);
    sp_buf_init(&right, 4096);
    assert_true(sp_option_text(a, info, &left, &given_a));
    assert_true(sp_option_text(b, info, &right, &given_b));
    if (given_a != given_b || left.len != right.len ||
        (left.len > 0 && memcmp(left.data, right.data, left.len) != 0))
        fail_msg("--%s: %.*s became %.*s", info->name, (int)left.len, (const char *)left.data,
                 (int)right.len, (const char *)right.data);
    sp_buf_free(&left);
    sp_buf_free(&right);
}

/* The words of the command, set as options again. Returns how many there were. */
static size_t read_back(const struct sp_outcome *outcome, struct sp_options *options,
                        const char *words, size_t len)
{
    const char *word = words, *last = "";
    size_t given = 0;

    for (; word < words + len; word += strlen(word) + 1) {
        size_t name_len = strcspn(word, "=");
        char name[64];

        last = word;
        if (strncmp(word, "--", 2) != 0 || strcmp(word, "--transcript") == 0)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)name_len - 2, word + 2);
        set(options, outcome->arena, name, word[name_len] == '=' ? word + name_len + 1 : NULL);
        given++;
    }
    assert_string_equal(last, outcome->target);
    return given;
}

static void test_options(void **state)
{
    struct sp_outcome *outcome = sample_outcome("lmtp+unix:/run/a $x's");
    struct sp_buf command, again;
    struct sp_options options;
    size_t possible = 0;
    char words[8192];

    (void)state;
    sp_options_init(&outcome->options);
    for (size_t i = 0; i < VALUE_COUNT; i++)
        set(&outcome->options, outcome->arena, values[i][0], values[i][1]);
    sp_buf_init(&command, 65536);
    sp_buf_init(&again, 65536);
    assert_true(sp_command_write(outcome, &command) && sp_buf_append(&command, "", 1));
    assert_true(sp_buf_printf(&again, "printf '%%s\\0' %s",
                              (const char *)command.data + strlen("smtp-probe")) &&
                sp_buf_append(&again, "", 1));
    size_t len = split((const char *)again.data, words, sizeof(words));
    assert_true(len > 0 && len < sizeof(words));
    sp_options_init(&options);
    assert_int_equal(read_back(outcome, &options, words, len), VALUE_COUNT);
    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = sp_option_at(i);

        compare(&outcome->options, &options, info);
        possible += info->scope == SP_SCOPE_ENDPOINT && !info->action ? 1 : 0;
    }
    /* Those above and ipv4, less dns-server and the seven files, which are of the program. A new option of
     * endpoint scope has to get its line above. */
    assert_int_equal(possible, VALUE_COUNT + 1 - 8);
    sp_buf_free(&command);
    sp_buf_free(&again);
    sp_outcome_unref(outcome);
}

static void test_target(void **state)
{
    struct sp_outcome *outcome = sample_outcome("-x");
    struct sp_buf command;

    (void)state;
    sp_options_init(&outcome->options);
    sp_buf_init(&command, 4096);
    assert_true(sp_command_write(outcome, &command) && sp_buf_append(&command, "", 1));
    assert_string_equal((const char *)command.data, "smtp-probe --transcript -- -x");
    sp_buf_free(&command);
    sp_outcome_unref(outcome);
}

/* Every octet that a word can have, alone and between others: the command is plain text, and a shell makes the
 * same word of it. */
static void test_octets(void **state)
{
    static const char *const frames[][2] = {
        {"mx", ".example.org"},
        {"/", ""},
        {"'", "'"},
        {"=", ""},
        {"~", "/"},
        {"$(", ")"},
        {"\xF0\x9F\x93\xA7", "\xC3\xA9"},
        {"\xE2\x80\xAE", "\xE2\x80\xAE"},
        {"a\n", "\nb"},
    };
    static const char *const others[] = {
        "\xE2\x80\xAE", "\xE2\x80\x8B", "\xC2\x85", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\r\n",         "\xE2\x80",     "",         "\n\n",     "\xEF\xBB\xBF",
    };
    static const char head[] = "smtp-probe --transcript";

    (void)state;
    for (unsigned octet = 1; octet < 256 + sizeof(others) / sizeof(others[0]); octet++) {
        const char single[2] = {(char)octet, '\0'};
        const char *text = octet < 256 ? single : others[octet - 256];
        char expected[512], got[512];
        size_t wanted = 0;
        struct sp_buf all;

        sp_buf_init(&all, 65536);
        assert_true(sp_buf_append_str(&all, "printf '%s\\0'"));
        for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
            struct sp_outcome *outcome = sample_outcome("x");
            struct sp_buf command;

            outcome->target =
                sp_arena_printf(outcome->arena, "%s%s%s", frames[i][0], text, frames[i][1]);
            sp_options_init(&outcome->options);
            sp_buf_init(&command, 4096);
            assert_true(sp_command_write(outcome, &command));
            for (size_t at = 0; at < command.len; at++)
                assert_true((command.data[at] >= ' ' && command.data[at] != 0x7F) ||
                            command.data[at] == '\n');
            assert_true(sp_buf_append(&all, command.data + sizeof(head) - 1,
                                      command.len - (sizeof(head) - 1)));
            wanted += (size_t)snprintf(expected + wanted, sizeof(expected) - wanted, "%s",
                                       outcome->target) +
                      1;
            sp_buf_free(&command);
            sp_outcome_unref(outcome);
        }
        assert_true(sp_buf_append(&all, "", 1));
        assert_int_equal(split((const char *)all.data, got, sizeof(got)), wanted);
        assert_memory_equal(got, expected, wanted);
        sp_buf_free(&all);
    }
}

static void test_words(void **state)
{
    static const char *const cases[][2] = {
        {"a\tb", "'a'\"$(printf '\\011')\"'b'"},
        {"\xE2\x80\xAE_", "\"$(printf '\\342\\200\\256')\"'_'"},
        {"\xFF\x01", "\"$(printf '\\377\\001')\""},
        {"a\nb", "'a\nb'"},
        {"it's", "'it'\\''s'"},
        {"=ls", "'=ls'"},
        {"", "''"},
        {"b\xC3\xBC.example", "'b\xC3\xBC.example'"},
        {"mx1.example.org:25", "mx1.example.org:25"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sp_outcome *outcome = sample_outcome("x");
        struct sp_buf command;

        outcome->target = cases[i][0];
        sp_options_init(&outcome->options);
        sp_buf_init(&command, 4096);
        assert_true(sp_command_write(outcome, &command) && sp_buf_append(&command, "", 1));
        assert_string_equal((const char *)command.data + strlen("smtp-probe --transcript "),
                            cases[i][1]);
        sp_buf_free(&command);
        sp_outcome_unref(outcome);
    }
}

/* A command that does not fit is none. */
static void test_cap(void **state)
{
    struct sp_outcome *outcome = sample_outcome("a'\xFF ");
    const size_t len = strlen("smtp-probe --transcript 'a'\\'''\"$(printf '\\377')\"' '");
    struct sp_buf command;

    (void)state;
    sp_options_init(&outcome->options);
    for (size_t cap = 0; cap <= len; cap++) {
        sp_buf_init(&command, cap);
        assert_int_equal(sp_command_write(outcome, &command), cap == len);
        sp_buf_free(&command);
    }
    sp_outcome_unref(outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options), cmocka_unit_test(test_target),
        cmocka_unit_test(test_octets),  cmocka_unit_test(test_words),
        cmocka_unit_test(test_cap),
    };

    return cmocka_run_group_tests(tests, sample_load_config, sample_free_config);
}
