/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --ciphers, --groups and --alpn: what is taken, in which order, and what is refused with which words. */
#include "probe/limits.h"
#include "probe/option_text.h"
#include "probe/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *option, *value;
    const char *text;  /* as it is shown again; NULL: refused */
    const char *words; /* of the refusal */
};

static const struct row rows[] = {
    {"ciphers", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", NULL},
    {"ciphers", "ECDHE-RSA-AES128-GCM-SHA256:tls_aes_256_gcm_sha384",
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384", NULL},
    {"ciphers", "TLS_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", NULL},
    {"ciphers", "ECDHE-ECDSA-AES128-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", NULL},
    {"ciphers", "ECDHE-RSA-AES128-GCM-SHA25", NULL, "did you mean ECDHE-RSA-AES128-GCM-SHA256?"},
    {"ciphers", "HIGH", NULL, "is no cipher suite that is known here"},
    {"ciphers", "!aNULL", NULL, "is no cipher suite that is known here"},
    {"ciphers", "AES128-SHA", NULL, "TLS_RSA_WITH_AES_128_CBC_SHA is not in the TLS library"},
    {"ciphers", "ADH-AES128-SHA", NULL, "gives no certificate"},
    {"ciphers", "TLS_DH_anon_WITH_AES_256_GCM_SHA384", NULL, "gives no certificate"},
    {"ciphers", "ECDHE-ECDSA-NULL-SHA", NULL, "gives no encryption"},
    {"ciphers", "TLS_SHA256_SHA256", NULL, "gives no encryption"},
    {"ciphers", "TLS_AES_128_GCM_SHA256,", NULL, "nothing before or behind"},
    {"ciphers", "\x1b[2J", NULL, "\\x1b"},
    {"ciphers", "", NULL, "--ciphers: the value is empty"},
    {"groups", "", NULL, "--groups: the value is empty"},
    {"alpn", "", NULL, "--alpn: the value is empty"},
    {"groups", "x25519", "x25519", NULL},
    {"groups", "P-384:prime256v1,X25519", "secp384r1,secp256r1,x25519", NULL},
    {"groups", "ffdhe3072", "ffdhe3072", NULL},
    {"groups", "x2551", NULL, "did you mean x25519?"},
    {"groups", "brainpoolP256r1", NULL, "is not in the TLS library"},
    {"groups", "X25519MLKEM768", NULL, "is not in the TLS library"},
    {"groups", "ffdhe8192", NULL, "is not in the TLS library"},
    {"alpn", "smtp", "smtp", NULL},
    {"alpn", "h2,http/1.1", "h2,http/1.1", NULL},
    {"alpn", "a b", NULL, "printable ASCII"},
    {"alpn", "a,,b", NULL, "printable ASCII"},
    {"alpn", "\xc3\xa4", NULL, "printable ASCII"},
    {"alpn", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", NULL, "more than 16"},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
        struct sp_options options;
        struct sp_buf text;
        enum sp_option_given given;
        char error[256] = "";
        const struct sp_option_info *info = sp_option_find(rows[i].option);
        assert_non_null(info);
        sp_options_init(&options);
        sp_buf_init(&text, 4096);
        bool set = sp_option_set(&options, arena, info, rows[i].value, error, sizeof error);
        if (set != (rows[i].text != NULL) || (!set && !strstr(error, rows[i].words)))
            print_error("%s %s: %s\n", rows[i].option, rows[i].value, error);
        assert_int_equal(set, rows[i].text != NULL);
        if (set) {
            assert_true(sp_option_text(&options, info, &text, &given));
            assert_int_equal(text.len, strlen(rows[i].text));
            assert_memory_equal(text.data, rows[i].text, text.len);
        } else {
            assert_non_null(strstr(error, rows[i].words));
            assert_int_equal(options.ciphers.count + options.groups.count + options.alpn.count, 0);
        }
        sp_buf_wipe(&text);
        sp_arena_free(arena);
    }
}

/* Repeated within a layer they add up; a later layer's replace them. */
static void test_layers(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
    struct sp_options options;
    struct sp_option_layer line = {0}, target = {0};
    char error[256];
    const struct sp_option_info *groups = sp_option_find("groups");
    sp_options_init(&options);
    assert_true(
        sp_option_set_layered(&options, arena, &line, groups, "P-256", error, sizeof error));
    assert_true(
        sp_option_set_layered(&options, arena, &line, groups, "x25519", error, sizeof error));
    assert_int_equal(options.groups.count, 2);
    assert_int_equal(options.groups.items[0], 0x17);
    assert_int_equal(options.groups.items[1], 0x1d);
    assert_true(
        sp_option_set_layered(&options, arena, &target, groups, "x448", error, sizeof error));
    assert_int_equal(options.groups.count, 1);
    assert_int_equal(options.groups.items[0], 0x1e);
    sp_arena_free(arena);
}

/* What only shows when all options are known. */
static void test_agreement(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *other, *other_value, *words; /* NULL: they agree */
    } pairs[] = {
        {"ciphers", "TLS_AES_128_GCM_SHA256", "tls-max", "1.2", "which --tls-max rules out"},
        {"ciphers", "ECDHE-RSA-AES128-SHA", "tls-min", "1.3", "--tls-min allows nothing older"},
        {"ciphers", "ECDHE-RSA-AES128-SHA", "tls-max", "1.2", NULL},
        {"ciphers", "TLS_AES_128_GCM_SHA256", "tls-min", "1.3", NULL},
        {"key", "a.key", "verify", "off", "--key needs --cert"},
        {"key-password-file", "a.pass", "verify", "off", "--key-password-file needs --cert"},
        {"key", "a.key", "cert", "a.pem", NULL},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
        struct sp_options options;
        char error[256] = "";
        sp_options_init(&options);
        assert_true(sp_option_set(&options, arena, sp_option_find(pairs[i].option), pairs[i].value,
                                  error, sizeof error));
        assert_true(sp_option_set(&options, arena, sp_option_find(pairs[i].other),
                                  pairs[i].other_value, error, sizeof error));
        assert_int_equal(sp_options_finish(&options, arena, error, sizeof error),
                         pairs[i].words == NULL);
        if (pairs[i].words)
            assert_non_null(strstr(error, pairs[i].words));
        sp_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
