/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's configuration: what is read, what is refused and where, and what is printed of it. */
#include "probe/limits.h"
#include "prometheus/config.h"

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
#define ROOT SP_TESTS_DIR "/fuzz/corpus/fuzz_trust/a" /* a file with one certificate */

static struct sp_buf errors;

static int begin(void **state)
{
    (void)state;
    sp_buf_init(&errors, 1 << 16);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_buf_free(&errors);
    return 0;
}

static const char *error_text(void)
{
    sp_buf_append(&errors, "", 1);
    errors.len--;
    return (const char *)errors.data;
}

static struct sp_config *try_text(const char *text)
{
    end(NULL);
    begin(NULL);
    return sp_config_from_memory("f", text, strlen(text), &errors);
}

static struct sp_config *read_text(const char *text)
{
    struct sp_config *config = try_text(text);
    if (config == NULL)
        fail_msg("%s", error_text());
    assert_int_equal(errors.len, 0);
    return config;
}

/* A text printed, from the arena of nobody: the caller frees. */
static char *print(const struct sp_config *config)
{
    struct sp_buf out;
    sp_buf_init(&out, SP_LIMIT_YAML_FILE);
    assert_true(sp_config_print(config, &out));
    assert_true(sp_buf_append(&out, "", 1));
    return (char *)out.data;
}

/* --- what is read ------------------------------------------------------------------------------- */

static void test_module(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules:\n"
                                         "  one:\n"
                                         "    tls: starttls\n"
                                         "    verify: off\n"
                                         "    timeout: 1500ms\n"
                                         "    cert_warning: 30\n"
                                         "    ipv4: yes\n"
                                         "    all_addresses: no\n"
                                         "    ehlo_name: probe.example.org\n"
                                         "    expect: '^220 '\n"
                                         "    tls_min: 1.3\n"
                                         "    require_capability: [size, 'AUTH,CHUNKING']\n"
                                         "    warning: [connect=0.5, total=2]\n"
                                         "  two: {verify: off}\n");
    assert_int_equal(sp_config_module_count(config), 2);
    assert_null(sp_config_module(config, "three"));
    const struct sp_module *one = sp_config_module(config, "one");
    assert_ptr_equal(one, sp_config_module_at(config, 0));
    const struct sp_options *options = &one->options;
    assert_string_equal(one->name, "one");
    assert_true(one->timeout_given);
    assert_null(one->materials->trust);
    assert_int_equal(options->tls, SP_TLS_STARTTLS);
    assert_int_equal(options->verify, SP_VERIFY_OFF);
    assert_int_equal(options->timeout_ms, 1500);
    assert_int_equal(options->cert_warning.start, 30);
    assert_int_equal(options->family, SP_FAMILY_IPV4);
    assert_false(options->all_addresses);
    assert_string_equal(options->ehlo_name, "probe.example.org");
    assert_string_equal(options->expect, "^220 ");
    assert_int_equal(options->tls_min, SP_TLS_1_3);
    assert_int_equal(options->require_capability.count, 3);
    assert_string_equal(options->require_capability.items[0], "SIZE");
    assert_string_equal(options->require_capability.items[2], "CHUNKING");
    assert_string_equal(options->warning[SP_PHASE_CONNECT].text, "0.5");
    assert_string_equal(options->warning[SP_PHASE_TOTAL].text, "2");
    assert_int_equal(one->setting_count, 11);
    assert_int_equal(one->settings[9].count, 2);
    assert_string_equal(one->settings[9].values[1], "AUTH,CHUNKING");

    const struct sp_module *two = sp_config_module(config, "two");
    assert_false(two->timeout_given);
    assert_int_equal(two->options.timeout_ms, 30000);
    assert_int_equal(two->options.require_capability.count, 0);
    assert_non_null(two->options.ehlo_name);
    sp_config_unref(config);
}

/* Flags in all of YAML's spellings, and the name server of one module. */
static void test_flags_and_names(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules:\n"
                                         "  a: {verify: off, ipv4: True}\n"
                                         "  b: {verify: off, ipv6: ON, ipv4: FALSE}\n"
                                         "  c: {verify: off, dns_server: '[2001:db8::53]:5353'}\n");
    assert_int_equal(sp_config_module(config, "a")->options.family, SP_FAMILY_IPV4);
    assert_int_equal(sp_config_module(config, "b")->options.family, SP_FAMILY_IPV6);
    assert_string_equal(sp_config_module(config, "c")->options.dns_server, "[2001:db8::53]:5353");
    assert_null(sp_config_module(config, "a")->options.dns_server);
    char *text = print(config);
    assert_non_null(strstr(text, "    ipv4: yes\n"));
    assert_non_null(strstr(text, "    dns_server: \"[2001:db8::53]:5353\"\n"));
    free(text);
    sp_config_unref(config);
}

static void test_settings(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules: {m: {verify: off, tls: none}}\n");
    const struct sp_exporter_settings *settings = sp_config_settings(config);
    assert_int_equal(settings->max_in_flight, 500);
    assert_int_equal(settings->max_per_target, 4);
    assert_int_equal(settings->allow_target_count, 0);
    assert_int_equal(settings->allow_param_count, 0);
    assert_int_equal(settings->target_count, 0);
    sp_config_unref(config);

    config = read_text("exporter:\n"
                       "  allow_targets: ['*.example.org', 192.0.2.0/24, mx.example.com]\n"
                       "  allow_params: [server_name, timeout]\n"
                       "  max_in_flight: 10\n"
                       "  max_per_target: 1\n"
                       "  targets:\n"
                       "    - mx1.example.org\n"
                       "    - {target: 'mx1.example.org', module: m}\n"
                       "    - target: 192.0.2.7:587\n"
                       "      module: m\n"
                       "      labels: {site: 'a b', __param_server_name: mx.example.org}\n"
                       "modules: {m: {verify: off}}\n");
    settings = sp_config_settings(config);
    assert_int_equal(settings->allow_target_count, 3);
    assert_string_equal(settings->allow_targets[0], "*.example.org");
    assert_int_equal(settings->allow_param_count, 2);
    assert_string_equal(settings->allow_params[1], "timeout");
    assert_int_equal(settings->max_in_flight, 10);
    assert_int_equal(settings->max_per_target, 1);
    assert_int_equal(settings->target_count, 3);
    assert_null(settings->targets[0].module);
    assert_string_equal(settings->targets[1].module, "m");
    const struct sp_config_target *last = &settings->targets[2];
    assert_string_equal(last->target, "192.0.2.7:587");
    assert_int_equal(last->label_count, 2);
    assert_string_equal(last->label_names[0], "site");
    assert_string_equal(last->label_values[0], "a b");
    sp_config_unref(config);
}

/* Modules with the same authorities share them; who judges no certificate has none, unless a URL may
 * ask for it. */
static void test_anchors(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules:\n"
                                         "  a: {ca_file: " ROOT "}\n"
                                         "  b: {ca_file: " ROOT ", tls: implicit}\n"
                                         "  c: {ca_dir: " SP_TESTS_DIR "/fuzz/corpus/fuzz_trust}\n"
                                         "  d: {ca_file: " ROOT ", verify: off}\n");
    const struct sp_trust *trust = sp_config_module(config, "a")->materials->trust;
    assert_non_null(trust);
    assert_int_equal(sp_trust_count(trust), 1);
    assert_ptr_equal(sp_config_module(config, "b")->materials->trust, trust);
    assert_non_null(sp_config_module(config, "c")->materials->trust);
    assert_ptr_not_equal(sp_config_module(config, "c")->materials->trust, trust);
    assert_non_null(
        sp_config_module(config, "d")->materials->trust); /* a file that is named is read */
    sp_config_unref(config);

    config = read_text("modules: {d: {verify: off}}\n");
    assert_null(sp_config_module(config, "d")->materials->trust);
    sp_config_unref(config);

    config = read_text("modules: {d: {ca_file: " ROOT ", verify: off}}\n"
                       "exporter: {allow_params: [verify]}\n");
    assert_non_null(sp_config_module(config, "d")->materials->trust);
    sp_config_unref(config);
}

static void test_references(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules: {m: {ca_file: " ROOT "}}");
    assert_ptr_equal(sp_config_ref(config), config);
    sp_config_unref(config);
    assert_string_equal(sp_config_module_at(config, 0)->name, "m");
    sp_config_unref(config);
    sp_config_unref(NULL);
}

static void test_digest(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules: {m: {verify: off}}\n");
    assert_string_equal(sp_config_digest(config),
                        "cd693aac3dcfdd89b01d8aeee16ea33bf5d360991e87b23aba5c37c290be1c33");
    sp_config_unref(config);
}

/* --- what is refused ---------------------------------------------------------------------------- */

struct refused_row {
    const char *text, *message; /* the whole of what is said */
};

static void expect_refused(const struct refused_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sp_config *config = try_text(rows[i].text);
        if (config != NULL)
            fail_msg("%s  is read", rows[i].text);
        if (strcmp(error_text(), rows[i].message) != 0)
            fail_msg("%s\n  gives  %s  not  %s", rows[i].text, error_text(), rows[i].message);
    }
}

static void test_refused_top(void **state)
{
    (void)state;
    static const struct refused_row rows[] = {
        {"", "f: there is nothing in the file; add at least \"modules: {smtp: {}}\"\n"},
        {"# only\n", "f: there is nothing in the file; add at least \"modules: {smtp: {}}\"\n"},
        {"[]", "f:1:1: the file must be a mapping, not a list\n"},
        {"word", "f:1:1: the file must be a mapping, not one value\n"},
        {"exporter: {max_in_flight: 3}",
         "f:1:1: there are no modules; add at least \"modules: {smtp: {}}\"\n"},
        {"modules:", "f:1:9: modules has no value; give it a mapping or leave the key out\n"},
        {"modules: {}", "f:1:10: there are no modules; add at least one, as in \"smtp: {}\"\n"},
        {"modules: [smtp]", "f:1:10: modules must be a mapping, not a list\n"},
        {"modules: {m: {verify: off}}\nmodulse: {}\nzoo: 1\n",
         "f:2:1: unknown key \"modulse\" (did you mean \"modules\"?)\nf:3:1: unknown key \"zoo\"\n"},
        {"modules: {m: {verify: off}}\nbasic_auth_users: {}\n",
         "f:2:1: unknown key \"basic_auth_users\"; it belongs into the file of --web.config.file\n"},
        {"modules: {m: {verify: off}, m: {verify: off}}",
         "f:1:29: the key \"m\" is there twice (first on line 1); remove one\n"},
        {"modules:\n  m:\n", "f:2:5: module m has no value; give it options, or {} for none\n"},
        {"modules: {m: off}", "f:1:14: module m must be a mapping, not one value\n"},
        {"modules: {a b: {}}", "f:1:11: \"a b\" can't be a module's name; it has 1 to 128 letters, "
                               "digits, or one of _ . : -\n"},
        {"modules: {\"\": {}}", "f:1:11: \"\" can't be a module's name; it has 1 to 128 letters, "
                                "digits, or one of _ . : -\n"},
        {"modules: {m: {verify: off",
         "f:1:14: while parsing a flow mapping: did not find expected ',' "
         "or '}'; a [ or { has no end, or a comma is missing\n"},
    };
    expect_refused(rows, COUNT(rows));
}

static void test_refused_options(void **state)
{
    (void)state;
    static const struct refused_row rows[] = {
        {"modules: {m: {srever_name: x}}",
         "f:1:15: unknown key \"srever_name\" (did you mean \"server_name\"?)\n"},
        {"modules: {m: {server-name: x}}",
         "f:1:15: unknown key \"server-name\" (did you mean \"server_name\"?)\n"},
        {"modules: {m: {ipv4: maybe}}",
         "f:1:21: ipv4: \"maybe\" can't be used; it is true or false\n"},
        {"modules: {m: {dns_server: ns.example.org}}",
         "f:1:27: dns_server: \"ns.example.org\" can't be used; it is written 192.0.2.53, "
         "192.0.2.53:5353 or [2001:db8::53]:5353\n"},
        {"modules: {m: {help: x}}",
         "f:1:15: \"help\" can't be used in a module: it is for the command line only\n"},
        {"modules: {m: {output: json}}",
         "f:1:15: \"output\" can't be used in a module: it is for the command line only\n"},
        {"modules: {m: {rcpt: joe}}",
         "f:1:15: \"rcpt\" can't be used in a module: this version does "
         "not have it yet; remove the key\n"},
        {"modules: {m: {password: x}}",
         "f:1:15: \"password\" can't be used in a module: no key takes a secret itself; give "
         "password_file or token_file\n"},
        {"modules: {m: {token: x}}",
         "f:1:15: \"token\" can't be used in a module: no key takes a secret itself; give "
         "password_file or token_file\n"},
        {"modules: {m: {password_fd: 3}}", "f:1:15: \"password_fd\" can't be used in a module: it "
                                           "can be read only once; give password_file\n"},
        {"modules: {m: {password_env: X}}",
         "f:1:15: \"password_env\" can't be used in a module: it "
         "can be read only once; give password_file\n"},
        {"modules: {m: {auth: plaim}}", "f:1:21: auth: \"plaim\" is no mechanism that is known "
                                        "here; did you mean PLAIN?\n"},
        {"modules: {m: {expect_reply: [auth=535, ehlo=99]}}",
         "f:1:40: expect_reply: \"ehlo=99\" can't be used; the code is three digits such as 535, or "
         "one of 2xx 3xx 4xx 5xx\n"},
        {"modules: {m: {all_addresses: yes}}",
         "f:1:30: \"all_addresses\" can't be used in a module: a request probes one endpoint; list "
         "each address as a target\n"},
        {"modules: {m: {concurrency: 4}}", "f:1:15: \"concurrency\" can't be used in a module: the "
                                           "exporter's limit is max_in_flight in \"exporter\"\n"},
        {"modules: {m: {prober: tcp}}",
         "f:1:15: \"prober\" can't be used in a module: this is blackbox_exporter's format; --convert "
         "FILE prints it in this one\n"},
        {"modules: {m: {tls: maybe}}", "f:1:20: tls: \"maybe\" can't be used; it is one of none "
                                       "opportunistic starttls implicit\n"},
        {"modules: {m: {timeout: [1s]}}", "f:1:24: timeout must be one value, not a list\n"},
        {"modules: {m: {timeout: {}}}", "f:1:24: timeout must be one value, not a mapping\n"},
        {"modules: {m: {reply_timeout: }}",
         "f:1:30: reply_timeout has no value; give it one value or leave the key out\n"},
        {"modules: {m: {reply_timeout: '1,5s'}}",
         "f:1:30: reply_timeout: \"1,5s\" can't be used; it is a duration such as 1500ms, 5s, 2m or a "
         "number of seconds\n"},
        {"modules: {m: {require_capability: [A, [B]]}}",
         "f:1:39: require_capability must be one value, not a list\n"},
        {"modules: {m: {expect: 'a(b'}}",
         "f:1:23: expect: the pattern \"a(b\" is wrong at character 4: missing closing parenthesis\n"},
        {"modules: {m: {expect: \"(\\r\\n\"}}",
         "f:1:23: expect: the pattern \"(??\" is wrong at character 4: missing closing parenthesis\n"},
        {"modules:\n  m: {tls_min: 1.3, tls_max: 1.2}",
         "f:2:3: module m: tls_min 1.3 is newer than tls_max 1.2\n"},
        {"modules: {m: {source_address: '::1', ipv4: yes}}",
         "f:1:11: module m: source_address ::1 can't be used with ipv4\n"},
        {"modules: {m: {require_capability: X, forbid_capability: X}}",
         "f:1:11: module m: require_capability and forbid_capability both name X\n"},
        {"modules:\n  m:\n    tls: x\n    verify: y\n  n: {tls: z}\n",
         "f:3:10: tls: \"x\" can't be used; it is one of none opportunistic starttls implicit\n"
         "f:4:13: verify: \"y\" can't be used; it is one of require report off\n"
         "f:5:12: tls: \"z\" can't be used; it is one of none opportunistic starttls implicit\n"},
    };
    expect_refused(rows, COUNT(rows));
}

#define MODULES "modules: {m: {verify: off}}\n"

static void test_refused_exporter(void **state)
{
    (void)state;
    static const struct refused_row rows[] = {
        {MODULES "exporter: {max_inflight: 3}",
         "f:2:12: unknown key \"max_inflight\" (did you mean \"max_in_flight\"?)\n"},
        {MODULES "exporter: {max_in_flight: 0}",
         "f:2:27: max_in_flight: \"0\" can't be used; it is a whole number from 1 to 65535\n"},
        {MODULES "exporter: {max_per_target: many}",
         "f:2:28: max_per_target: \"many\" can't be used; it is a whole number from 1 to 65535\n"},
        {MODULES "exporter: {allow_params: [all_addresses]}",
         "f:2:27: allow_params: \"all_addresses\" can't be set by a URL\n"},
        {MODULES "exporter: {allow_params: server_name}",
         "f:2:26: allow_params must be a list, not one value\n"},
        {MODULES "exporter: {allow_params: [dns_server]}",
         "f:2:27: allow_params: \"dns_server\" can't be set by a URL\n"},
        {MODULES "exporter: {allow_params: [servername, server-name, ca_file, zebra, tls, tls]}",
         "f:2:27: allow_params: unknown option \"servername\" (did you mean \"server_name\"?)\n"
         "f:2:39: allow_params: unknown option \"server-name\" (did you mean \"server_name\"?)\n"
         "f:2:52: allow_params: \"ca_file\" can't be set by a URL\n"
         "f:2:61: allow_params: unknown option \"zebra\"\n"
         "f:2:73: allow_params: \"tls\" is there twice; remove one\n"},
        {MODULES "exporter:\n  targets: [a, b, c]\n  allow_params: [tls]\n"
                 "  targets: [d]\n  allow_params: []\nexporter:\n  targets: [e]\n",
         "f:5:3: the key \"targets\" is there twice (first on line 3); remove one\n"
         "f:6:3: the key \"allow_params\" is there twice (first on line 4); remove one\n"
         "f:7:1: the key \"exporter\" is there twice (first on line 2); remove one\n"},
        {MODULES "exporter: {targets: [{target: a, labels: {b: c, d: e}, labels: {f: g}}]}",
         "f:2:56: the key \"labels\" is there twice (first on line 2); remove one\n"},
        {MODULES "exporter: {targets: [a b]}",
         "f:2:22: a target is one word such as mx.example.org:25; options belong into a module\n"},
        {MODULES "exporter: {targets: ['@file']}",
         "f:2:22: a target is one word such as mx.example.org:25; options belong into a module\n"},
        {MODULES "exporter: {targets: ['mx:99999']}", "f:2:22: port 99999 is not in 1..65535\n"},
        {MODULES "exporter: {targets: [{module: m}]}",
         "f:2:22: this entry has no target; add \"target: HOST:PORT\"\n"},
        {MODULES "exporter: {targets: [{target: mx, module: n}]}",
         "f:2:43: there is no module \"n\"; add it to \"modules\"\n"},
        {MODULES "exporter: {targets: [{target: mx, label: {}}]}",
         "f:2:35: unknown key \"label\" (did you mean \"labels\"?)\n"},
        {MODULES "exporter: {targets: [{target: mx, labels: {1a: x, __address__: y, z: ~}}]}",
         "f:2:44: \"1a\" can't be a label's name: it has letters, digits and _, and does not begin "
         "with a digit\n"
         "f:2:51: \"__address__\" can't be a label's name: names with two underscores in front are "
         "Prometheus' own\n"
         "f:2:70: a label has no value; give it one value or leave the key out\n"},
        {MODULES "exporter: {targets: [{target: mx, labels: {__paramx: y}}]}",
         "f:2:44: \"__paramx\" can't be a label's name: names with two underscores in front are "
         "Prometheus' own\n"},
        {MODULES "exporter: {targets: [mx, {target: mx, module: m}, mx]}",
         "f:2:51: the target \"mx\" is there twice with one module (first on line 2); remove one\n"},
        {MODULES
         "exporter: {targets: [mx.example.com, a.example.org], allow_targets: [mx.example.com]}",
         "f:2:38: this target is not in allow_targets; add it there\n"},
    };
    expect_refused(rows, COUNT(rows));
}

static void test_refused_allow(void **state)
{
    (void)state;
    struct sp_config *config =
        try_text(MODULES "exporter: {allow_targets: ['a.*.b', '', 192.0.2.1/24, ok.example]}");
    assert_null(config);
    const char *text = error_text();
    assert_non_null(strstr(text, "f:2:28: allow_targets: "));
    assert_non_null(strstr(text, "f:2:37: allow_targets: "));
    assert_non_null(strstr(text, "f:2:41: allow_targets: "));
    assert_null(strstr(text, "ok.example"));
}

/* --- files -------------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Files in a list start there too; a broken one is told with the place of its key. */
static void test_crl_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/smtp-probe-config-XXXXXX", path[64], list[64], expected[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c.yml", folder);
    snprintf(list, sizeof list, "%s/b.crl", folder);
    write_text(list, "nothing\n");
    write_text(path, "modules:\n  m:\n    ca_file: " ROOT "\n    crl_file: [b.crl, /none.crl]\n");
    errors.len = 0;
    assert_null(sp_config_load(path, &errors));
    snprintf(
        expected, sizeof expected,
        "%s:4:15: the CRL file %s is neither PEM nor DER; give a file with revocation lists in "
        "PEM or DER\n",
        path, list);
    assert_string_equal(error_text(), expected);
    write_text(path, "modules: {m: {ca_file: " ROOT ", crl_file: /none.crl, ocsp: require}}\n");
    errors.len = 0;
    assert_null(sp_config_load(path, &errors));
    assert_non_null(strstr(error_text(), "cannot read the CRL file /none.crl: No such file"));
    unlink(list);
    unlink(path);
    rmdir(folder);
}

/* A relative path starts where the file is, and a broken store is told with its key's place. */
static void test_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/smtp-probe-config-XXXXXX", path[64], root[64], expected[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c.yml", folder);
    snprintf(root, sizeof root, "%s/root.pem", folder);
    write_text(path, "modules:\n  m:\n    ca_file: root.pem\n");
    assert_null(sp_config_load(path, &errors));
    snprintf(expected, sizeof expected,
             "%s:3:14: cannot read the CA file %s: No such file or directory; check the path\n",
             path, root);
    assert_string_equal(error_text(), expected);
    write_text(root, "nothing\n");
    errors.len = 0;
    assert_null(sp_config_load(path, &errors));
    snprintf(expected, sizeof expected, "%s:3:14: the CA file %s is neither PEM nor DER", path,
             root);
    assert_non_null(strstr(error_text(), expected));
    unlink(root);
    assert_int_equal(symlink(ROOT, root), 0);
    errors.len = 0;
    struct sp_config *config = sp_config_load(path, &errors);
    assert_non_null(config);
    assert_int_equal(sp_trust_count(sp_config_module_at(config, 0)->materials->trust), 1);
    sp_config_unref(config);
    /* Without a folder in its name it is in the working directory. */
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_int_equal(chdir(folder), 0);
    config = sp_config_load("c.yml", &errors);
    assert_non_null(config);
    sp_config_unref(config);
    assert_int_equal(chdir(before), 0);
    free(before);
    unlink(root);
    unlink(path);
    assert_null(sp_config_load(path, &errors));
    assert_non_null(strstr(error_text(), "c.yml: the file can't be read: No such file"));
    rmdir(folder);
}

static bool has_system_store(void)
{
    char error[512];
    struct sp_trust *trust = sp_trust_load(NULL, NULL, error, sizeof error);
    sp_trust_free(trust);
    return trust != NULL;
}

static void test_without_file(void **state)
{
    (void)state;
    if (!has_system_store())
        skip();
    struct sp_config *config = sp_config_load(NULL, &errors);
    assert_non_null(config);
    assert_int_equal(sp_config_module_count(config), 1);
    const struct sp_module *module = sp_config_module(config, "smtp");
    assert_non_null(module);
    assert_non_null(module->materials->trust);
    assert_int_equal(module->setting_count, 0);
    assert_false(module->timeout_given);
    sp_config_unref(config);
}

/* --- printing ----------------------------------------------------------------------------------- */

static void test_print(void **state)
{
    (void)state;
    struct sp_config *config = read_text(
        "modules:\n"
        "  a: {verify: off}\n"
        "  b: {verify: off, timeout: 30s, expect: '^220 \"x\"', require_capability: [A, B]}\n"
        "  null: {verify: off, forbid_capability: A}\n"
        "exporter: {allow_targets: ['*.a.example'], max_per_target: 2, targets: [mx.a.example]}\n");
    char *text = print(config);
    assert_string_equal(text, "modules:\n"
                              "  a:\n"
                              "    verify: off\n"
                              "  b:\n"
                              "    verify: off\n"
                              "    expect: \"^220 \\\"x\\\"\"\n"
                              "    require_capability: [A, B]\n"
                              "  \"null\":\n"
                              "    verify: off\n"
                              "    forbid_capability: A\n"
                              "exporter:\n"
                              "  allow_targets: [\"*.a.example\"]\n"
                              "  max_in_flight: 500\n"
                              "  max_per_target: 2\n"
                              "  targets:\n"
                              "    - target: mx.a.example\n");
    sp_config_unref(config);
    /* It is a configuration, and a fixed point. */
    config = read_text(text);
    char *again = print(config);
    assert_string_equal(again, text);
    sp_config_unref(config);
    free(again);
    free(text);
}

static void test_print_without_room(void **state)
{
    (void)state;
    struct sp_config *config = read_text("modules: {m: {verify: off}}\n"
                                         "exporter: {targets: [{target: a, labels: {b: c}}]}\n");
    char *whole = print(config);
    for (size_t cap = 0; cap < strlen(whole); cap++) {
        struct sp_buf out;
        sp_buf_init(&out, cap);
        assert_false(sp_config_print(config, &out));
        sp_buf_free(&out);
    }
    free(whole);
    sp_config_unref(config);
}

/* --- the example -------------------------------------------------------------------------------- */

/* The example that is shipped is read, and shows every key there is: set or as a comment. */
static void test_example(void **state)
{
    (void)state;
    static const char path[] = SP_TESTS_DIR "/../prometheus/smtp-probe.yml";
    static char text[16384];
    if (!has_system_store())
        skip();
    struct sp_config *config = sp_config_load(path, &errors);
    if (config == NULL)
        fail_msg("%s", error_text());
    assert_true(sp_config_module_count(config) > 3);
    sp_config_unref(config);

    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = sp_option_at(i);
        char key[64];
        if (info->scope != SP_SCOPE_ENDPOINT && strcmp(info->name, "ca-file") != 0 &&
            strcmp(info->name, "ca-dir") != 0 && strcmp(info->name, "dns-server") != 0)
            continue;
        if (strcmp(info->name, "all-addresses") == 0) /* can only be "no" */
            continue;
        snprintf(key, sizeof key, " %s:", info->name);
        for (char *c = key; (c = strchr(c, '-')) != NULL;)
            *c = '_';
        if (strstr(text, key) == NULL)
            fail_msg("the example lacks%s", key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_module, begin, end),
        cmocka_unit_test_setup_teardown(test_flags_and_names, begin, end),
        cmocka_unit_test_setup_teardown(test_settings, begin, end),
        cmocka_unit_test_setup_teardown(test_anchors, begin, end),
        cmocka_unit_test_setup_teardown(test_references, begin, end),
        cmocka_unit_test_setup_teardown(test_digest, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_top, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_options, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_exporter, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_allow, begin, end),
        cmocka_unit_test_setup_teardown(test_crl_files, begin, end),
        cmocka_unit_test_setup_teardown(test_file, begin, end),
        cmocka_unit_test_setup_teardown(test_without_file, begin, end),
        cmocka_unit_test_setup_teardown(test_print, begin, end),
        cmocka_unit_test_setup_teardown(test_print_without_room, begin, end),
        cmocka_unit_test_setup_teardown(test_example, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
