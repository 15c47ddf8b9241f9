/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that the table describes. */
#include "probe/limits.h"
#include "probe/machine.h"
#include "probe/nearest.h"
#include "probe/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PIN_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One setting, and how it shows; `expect` NULL: refused, and the message has `message` in it. */
struct setting_row {
    const char *name, *value, *expect, *message;
};

/* Shows the value of one option in words. */
static void show_option(const struct sp_options *o, const char *name, char *out, size_t size)
{
    const struct sp_words *words = NULL;

#define SHOW(option, format, ...)                 \
    if (strcmp(name, option) == 0) {              \
        snprintf(out, size, format, __VA_ARGS__); \
        return;                                   \
    }
    SHOW("tls", "%d", o->tls)
    SHOW("tls-min", "%x", o->tls_min)
    SHOW("tls-max", "%x", o->tls_max)
    SHOW("server-name", "%s", o->server_name)
    SHOW("ipv4", "%d", o->family)
    SHOW("ipv6", "%d", o->family)
    SHOW("all-addresses", "%d", o->all_addresses)
    SHOW("source-address", "%s", o->source_address)
    SHOW("ehlo-name", "%s", o->ehlo_name)
    SHOW("connect-timeout", "%u", o->connect_timeout_ms)
    SHOW("reply-timeout", "%u", o->reply_timeout_ms)
    SHOW("timeout", "%u", o->timeout_ms)
    SHOW("concurrency", "%u", o->concurrency)
    SHOW("per-host", "%u", o->per_host)
    SHOW("rate", "%.3f", o->rate)
    SHOW("dns-server", "%s", o->dns_server)
    SHOW("verify", "%d", o->verify)
    SHOW("ca-file", "%s", o->ca_file)
    SHOW("ca-dir", "%s", o->ca_dir)
    SHOW("ocsp", "%d", o->ocsp)
    SHOW("cert-warning", "%s %g..%g", o->cert_warning.text, o->cert_warning.start,
         o->cert_warning.end)
    SHOW("cert-critical", "%s %g..%g", o->cert_critical.text, o->cert_critical.start,
         o->cert_critical.end)
    SHOW("expect", "%s", o->expect)
    SHOW("output", "%d", o->format)
    SHOW("output-file", "%s", o->output_file)
    SHOW("transcript", "%d", o->transcript)
    SHOW("show-certificates", "%d", o->show_certificates)
    SHOW("pem", "%d", o->pem)
    SHOW("color", "%d", o->color)
    SHOW("progress", "%d", o->progress)
    SHOW("verbose", "%u", o->verbose)
    SHOW("quiet", "%d", o->quiet)
#undef SHOW
    if (strcmp(name, "require-capability") == 0) {
        words = &o->require_capability;
    } else if (strcmp(name, "forbid-capability") == 0) {
        words = &o->forbid_capability;
    } else if (strcmp(name, "crl-file") == 0) {
        words = &o->crl_files;
    }
    *out = '\0';
    if (strcmp(name, "pin") == 0) {
        for (size_t i = 0; i < o->pins.count; i++) {
            size_t used = strlen(out);
            snprintf(out + used, size - used, "%s:%s;", sp_pin_kind_name(o->pins.items[i].kind),
                     o->pins.items[i].sha256);
        }
        return;
    }
    for (size_t i = 0; words != NULL && i < words->count; i++) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s;", words->items[i]);
    }
    if (words == NULL) {
        const struct sp_range *ranges = strcmp(name, "warning") == 0 ? o->warning : o->critical;
        for (int i = 0; i <= SP_PHASE_TOTAL; i++) {
            size_t used = strlen(out);
            if (ranges[i].set) {
                snprintf(out + used, size - used, "%s=%s;", sp_phase_info((enum sp_phase)i)->name,
                         ranges[i].text);
            }
        }
    }
}

static void test_set(void **state)
{
    static const struct setting_row rows[] = {
        {"tls", "none", "1", NULL},
        {"tls", "opportunistic", "2", NULL},
        {"tls", "starttls", "3", NULL},
        {"tls", "implicit", "4", NULL},
        {"tls", "dane", NULL, "none opportunistic starttls implicit"},
        {"tls", "", NULL, "empty"},
        {"tls", "none|opportunistic", NULL, "can't be used"},
        {"tls", "STARTTLS", NULL, "can't be used"},
        {"tls-min", "1.1", "302", NULL},
        {"tls-min", "1.3", "304", NULL},
        {"tls-min", "1.0", NULL, "TLS 1.1 to 1.3"},
        {"tls-max", "1.0", NULL, "TLS 1.1 to 1.3"},
        {"tls-max", "1.2", "303", NULL},
        {"tls-max", "1.4", NULL, "1.0 1.1 1.2 1.3"},
        {"server-name", "Mail.Example.ORG.", "mail.example.org", NULL},
        {"server-name", "192.0.2.1", "192.0.2.1", NULL},
        {"server-name", "2001:DB8::1", "2001:db8::1", NULL},
        {"server-name", "m\xc3\xbcnchen.de", "xn--mnchen-3ya.de", NULL},
        {"server-name", "a b", NULL, "space"},
        {"server-name", "", NULL, "missing"},
        {"server-name", "a\r\nb", NULL, "0x0d"},
        {"ipv4", NULL, "1", NULL},
        {"ipv6", NULL, "2", NULL},
        {"ipv4", "yes", "1", NULL},
        {"ipv4", "no", "0", NULL},
        {"all-addresses", NULL, "1", NULL},
        {"all-addresses", "true", "1", NULL},
        {"all-addresses", "off", "0", NULL},
        {"all-addresses", "maybe", NULL, "yes or no"},
        {"all-addresses", "", NULL, "yes or no"},
        {"source-address", "192.0.2.9", "192.0.2.9", NULL},
        {"source-address", "2001:db8:0::9", "2001:db8::9", NULL},
        {"source-address", "mx.example.org", NULL, "address of this machine"},
        {"source-address", "127.1", NULL, "address of this machine"},
        {"ehlo-name", "probe.example.org", "probe.example.org", NULL},
        {"ehlo-name", "[192.0.2.1]", "[192.0.2.1]", NULL},
        {"ehlo-name", "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]", NULL},
        {"ehlo-name", "192.0.2.1", NULL, "[192.0.2.1]"},
        {"ehlo-name", "[192.0.2]", NULL, "[192.0.2.1]"},
        {"ehlo-name", "[2001:db8::1]", NULL, "[IPv6:2001:db8::1]"},
        {"ehlo-name", "[]", NULL, "[192.0.2.1]"},
        {"ehlo-name", "[", NULL, "[192.0.2.1]"},
        {"ehlo-name", "[IPv6:", NULL, "[192.0.2.1]"},
        {"ehlo-name", "[IPv6:]", NULL, "[192.0.2.1]"},
        {"ehlo-name", "x y", NULL, "space"},
        {"ehlo-name", "x\r\nMAIL", NULL, "0x0d"},
        {"connect-timeout", "1500ms", "1500", NULL},
        {"reply-timeout", "2m", "120000", NULL},
        {"timeout", "0.25", "250", NULL},
        {"timeout", "0", NULL, "more than 0"},
        {"timeout", "25h", NULL, "24h"},
        {"timeout", "24h", "86400000", NULL},
        {"timeout", "soon", NULL, "1500ms"},
        {"timeout", NULL, NULL, "needs a value"},
        {"concurrency", "1", "1", NULL},
        {"concurrency", "0", NULL, "from 1 to 65535"},
        {"concurrency", "65536", NULL, "from 1 to 65535"},
        {"concurrency", "-1", NULL, "from 1 to 65535"},
        {"per-host", "10", "10", NULL},
        {"rate", "0.5", "0.500", NULL},
        {"rate", "0", "0.000", NULL},
        {"rate", "-1", NULL, "0 to 1000000"},
        {"rate", "1,5", NULL, "point"},
        {"dns-server", "192.0.2.53", "192.0.2.53", NULL},
        {"dns-server", "192.0.2.53:5353", "192.0.2.53:5353", NULL},
        {"dns-server", "2001:db8::53", "2001:db8::53", NULL},
        {"dns-server", "[2001:db8::53]:53", "[2001:db8::53]:53", NULL},
        {"dns-server", "[2001:db8::53]", "[2001:db8::53]", NULL},
        {"dns-server", "[192.0.2.53]:53", NULL, "written"},
        {"dns-server", "192.0.2.53:0", NULL, "written"},
        {"dns-server", "192.0.2.53:", NULL, "written"},
        {"dns-server", "192.0.2.53:99999", NULL, "written"},
        {"dns-server", "[2001:db8::53", NULL, "written"},
        {"dns-server", "[2001:db8::53]x", NULL, "written"},
        {"dns-server", "dns.example.org", NULL, "written"},
        {"dns-server", "", NULL, "empty"},
        {"verify", "require", "1", NULL},
        {"verify", "report", "2", NULL},
        {"verify", "off", "3", NULL},
        {"verify", "on", NULL, "require report off"},
        {"ca-file", "/x/y z", "/x/y z", NULL},
        {"ca-file", "", NULL, "empty"},
        {"ca-dir", "certs", "certs", NULL},
        {"pin", "sha256:" PIN_HEX, "sha256:" PIN_HEX ";", NULL},
        {"pin", "spki:" PIN_HEX ",sha256:" PIN_HEX, "spki:" PIN_HEX ";sha256:" PIN_HEX ";", NULL},
        {"pin", "", NULL, "the value is empty"},
        {"crl-file", "", NULL, "the value is empty"},
        {"pin", "sha256:" PIN_HEX ",", NULL, "sha256:HEX"},
        {"pin", "sha256:00", NULL, "64"},
        {"pin", "md5:00", NULL, "sha256:HEX"},
        {"show-certificates", NULL, "1", NULL},
        {"pem", NULL, "1", NULL},
        {"cert-warning", "30", "30: 30..inf", NULL},
        {"cert-warning", "30.5", "30.5: 30.5..inf", NULL},
        {"cert-warning", "30:", "30: 30..inf", NULL},
        {"cert-warning", "10:90", "10:90 10..90", NULL},
        {"cert-critical", "~:", "~: -inf..inf", NULL},
        {"cert-critical", "30d", NULL, "a range is written"},
        {"expect", "^mx .*", "^mx .*", NULL},
        {"require-capability", "size", "SIZE;", NULL},
        {"require-capability", "SIZE,pipelining,X-FOO_1", "SIZE;PIPELINING;X-FOO_1;", NULL},
        {"require-capability", "SIZE,,8BITMIME", NULL, "comma"},
        {"require-capability", "SIZE,", NULL, "comma"},
        {"require-capability", "AUTH PLAIN", NULL, "no parameters"},
        {"require-capability", "", "", NULL},
        {"forbid-capability", "vrfy", "VRFY;", NULL},
        {"warning", "5", "total=5;", NULL},
        {"warning", "@1:5", "total=@1:5;", NULL},
        {"warning", "connect=0.5", "connect=0.5;", NULL},
        {"warning", "total=9,tls=1:,ehlo_tls=~:2", "tls=1:;ehlo_tls=~:2;total=9;", NULL},
        {"warning", "0,5", NULL, "point"},
        {"warning", "tls=1,tls=2", NULL, "two ranges for tls"},
        {"warning", "verify=1", NULL, "the phase is one of"},
        {"warning", "=1", NULL, "the phase is one of"},
        {"warning", "connect=", NULL, "a range is written"},
        {"warning", "", NULL, "empty"},
        {"critical", "10", "total=10;", NULL},
        {"output", "text", "0", NULL},
        {"output", "json", "1", NULL},
        {"output", "jsonl", "2", NULL},
        {"output", "nagios", "3", NULL},
        {"output", "prometheus", "4", NULL},
        {"output", "xml", NULL, "text json jsonl nagios prometheus"},
        {"output-file", "out", "out", NULL},
        {"transcript", NULL, "1", NULL},
        {"color", "always", "1", NULL},
        {"color", "never", "2", NULL},
        {"progress", "never", "2", NULL},
        {"verbose", NULL, "1", NULL},
        {"verbose", "3", "3", NULL},
        {"verbose", "10", NULL, "0 to 9"},
        {"quiet", NULL, "1", NULL},
        {"timeout", "\x1b[31m\xff", NULL, "\"\\x1b[31m\\xff\""},
        {"help", NULL, NULL, "command line only"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct setting_row *row = &rows[i];
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
        struct sp_options options, before;
        char error[512] = "", shown[256] = "";
        char *value = row->value == NULL ? NULL : strdup(row->value);
        const struct sp_option_info *info = sp_option_find(row->name);
        assert_non_null(info);
        sp_options_init(&options);
        before = options;
        bool ok = sp_option_set(&options, arena, info, value, error, sizeof(error));
        free(value); /* what is kept must be a copy */
        if (ok != (row->expect != NULL)) {
            fail_msg("%s=%s gave %d: %s", row->name, row->value, ok, error);
        }
        if (ok) {
            show_option(&options, row->name, shown, sizeof(shown));
            if (strcmp(shown, row->expect) != 0) {
                fail_msg("%s=%s gave \"%s\"", row->name, row->value, shown);
            }
        } else {
            assert_memory_equal(&options, &before, sizeof(options));
            if (strstr(error, row->message) == NULL || strncmp(error, "--", 2) != 0 ||
                strncmp(error + 2, row->name, strlen(row->name)) != 0 ||
                strpbrk(error, "\n\x1b\xff") != NULL) {
                fail_msg("%s=%s said: %s", row->name, row->value, error);
            }
        }
        sp_arena_free(arena);
    }
}

/* Every row of the table is in the table of tests above in some form: a new option needs one. */
static void test_defaults(void **state)
{
    static const struct {
        const char *name, *expect;
    } rows[] = {
        {"tls", "0"},
        {"tls-min", "303"},
        {"tls-max", "304"},
        {"ipv4", "0"},
        {"all-addresses", "0"},
        {"connect-timeout", "5000"},
        {"reply-timeout", "20000"},
        {"timeout", "30000"},
        {"concurrency", "500"},
        {"per-host", "4"},
        {"rate", "0.000"},
        {"verify", "0"},
        {"cert-warning", "21: 21..inf"},
        {"cert-critical", "7: 7..inf"},
        {"require-capability", ""},
        {"warning", ""},
        {"critical", ""},
        {"output", "0"},
        {"color", "0"},
        {"progress", "0"},
        {"transcript", "0"},
        {"verbose", "0"},
        {"quiet", "0"},
        {"pin", ""},
        {"show-certificates", "0"},
        {"pem", "0"},
    };
    struct sp_options options;
    char shown[256];
    (void)state;
    sp_options_init(&options);
    for (size_t i = 0; i < COUNT(rows); i++) {
        show_option(&options, rows[i].name, shown, sizeof(shown));
        if (strcmp(shown, rows[i].expect) != 0) {
            fail_msg("default of %s is \"%s\"", rows[i].name, shown);
        }
    }
    assert_null(options.server_name);
    assert_null(options.ehlo_name);
    assert_null(options.dns_server);
    assert_null(options.ca_file);
}

/* What the table promises about itself. */
static void test_table(void **state)
{
    const char *group = "";
    (void)state;
    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = sp_option_at(i);
        char underscored[64], shown[160], error[256];
        struct sp_options options;

        snprintf(underscored, sizeof(underscored), "%s", info->name);
        for (char *c = underscored; *c != '\0'; c++) {
            *c = *c == '-' ? '_' : *c;
        }
        assert_ptr_equal(sp_option_find(info->name), info);
        assert_ptr_equal(sp_option_find(underscored), info);
        if (info->short_name != 0) {
            assert_ptr_equal(sp_option_find_short(info->short_name), info);
        }
        assert_true(*info->help != '\0' && info->help[strlen(info->help) - 1] != '.');
        assert_true(*info->long_help == '\0' ||
                    info->long_help[strlen(info->long_help) - 1] == '.');
        if (strcmp(info->group, group) != 0) {
            group = info->group;
            for (size_t k = 0; k < i; k++) {
                if (strcmp(sp_option_at(k)->group, group) == 0) {
                    fail_msg("group %s is torn apart at --%s", group, info->name);
                }
            }
        }
        if (info->fallback != NULL && *info->fallback != '(') {
            sp_options_init(&options);
            if (!sp_option_set(&options, NULL, info, info->fallback, error, sizeof(error))) {
                fail_msg("default of --%s: %s", info->name, error);
            }
        }
        if (sp_option_default(info, shown, sizeof(shown)) != NULL) {
            assert_null(strpbrk(shown, "()"));
        }
    }
    assert_null(sp_option_find("no-such-option"));
    assert_null(sp_option_find(""));
    assert_null(sp_option_find("tls-mi"));
    assert_null(sp_option_find_short('Z'));
    assert_null(sp_option_find_short(0));
    assert_string_equal(sp_option_default(sp_option_find("cert-warning"), (char[32]){0}, 32),
                        "21 days");
    assert_string_equal(sp_option_default(sp_option_find("tls"), (char[32]){0}, 32),
                        "by the target's form");
}

static void test_layers(void **state)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
    const struct sp_option_info *words = sp_option_find("require-capability");
    const struct sp_option_info *verbose = sp_option_find("verbose");
    const struct sp_option_info *pin = sp_option_find("pin");
    const struct sp_option_info *warning = sp_option_find("warning");
    struct sp_option_layer first = {0}, second = {0}, third = {0};
    struct sp_options options;
    char error[256], shown[256];
    (void)state;

    sp_options_init(&options);
#define SET(layer, info, value) \
    assert_true(sp_option_set_layered(&options, arena, layer, info, value, error, sizeof(error)))
    SET(&first, words, "SIZE");
    SET(&first, words, "DSN,8bitmime");
    SET(&first, verbose, NULL);
    SET(&first, verbose, NULL);
    SET(&first, warning, "connect=1,total=5");
    show_option(&options, "require-capability", shown, sizeof(shown));
    assert_string_equal(shown, "SIZE;DSN;8BITMIME;");
    assert_int_equal(options.verbose, 2);
    SET(&second, words, "PIPELINING");
    SET(&second, verbose, NULL);
    SET(&second, warning, "total=3");
    show_option(&options, "require-capability", shown, sizeof(shown));
    assert_string_equal(shown, "PIPELINING;");
    assert_int_equal(options.verbose, 1);
    show_option(&options, "warning", shown, sizeof(shown));
    assert_string_equal(shown, "connect=1;total=3;");
    SET(&second, pin, "spki:" PIN_HEX);
    SET(&second, pin, "sha256:" PIN_HEX);
    assert_int_equal(options.pins.count, 2);
    SET(&third, pin, "spki:" PIN_HEX);
    show_option(&options, "pin", shown, sizeof(shown));
    assert_string_equal(shown, "spki:" PIN_HEX ";");
    SET(&third, words, "");
    assert_int_equal(options.require_capability.count, 0);
#undef SET
    sp_arena_free(arena);
}

static void test_finish(void **state)
{
    static const struct {
        const char *names[2], *values[2];
        const char *message; /* NULL: fine */
    } rows[] = {
        {{"tls-min", "tls-max"}, {"1.2", "1.2"}, NULL},
        {{"tls-min", "tls-max"}, {"1.3", "1.2"}, "--tls-min 1.3 is newer than --tls-max 1.2"},
        {{"source-address", "ipv4"}, {"192.0.2.1", "yes"}, NULL},
        {{"source-address", "ipv6"}, {"192.0.2.1", "yes"}, "can't be used with -6"},
        {{"source-address", "ipv4"}, {"2001:db8::1", "yes"}, "can't be used with -4"},
        {{"source-address", "ipv6"}, {"2001:db8::1", "yes"}, NULL},
        {{"connect-timeout", "timeout"}, {"60s", "10s"}, NULL},
        {{"require-capability", "forbid-capability"}, {"size,auth", "dsn"}, NULL},
        {{"require-capability", "forbid-capability"}, {"size,auth", "dsn,AUTH"}, "both name AUTH"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
        struct sp_options options;
        char error[256] = "";
        sp_options_init(&options);
        for (size_t k = 0; k < 2; k++) {
            assert_true(sp_option_set(&options, arena, sp_option_find(rows[i].names[k]),
                                      rows[i].values[k], error, sizeof(error)));
        }
        bool ok = sp_options_finish(&options, arena, error, sizeof(error));
        if (ok != (rows[i].message == NULL) || (!ok && strstr(error, rows[i].message) == NULL)) {
            fail_msg("row %zu: %d %s", i, ok, error);
        }
        sp_arena_free(arena);
    }
}

/* Whatever machine this is: the name can be given again as --ehlo-name. */
static void test_machine_name(void **state)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
    struct sp_options options;
    char error[256] = "";
    (void)state;
    sp_options_init(&options);
    assert_true(sp_options_finish(&options, arena, error, sizeof(error)));
    assert_non_null(options.ehlo_name);
    assert_true(strchr(options.ehlo_name, '.') != NULL || strchr(options.ehlo_name, ':') != NULL);
    assert_true(sp_option_set(&options, arena, sp_option_find("ehlo-name"), options.ehlo_name,
                              error, sizeof(error)));
    sp_arena_free(arena);
}

static void test_hosts_file(void **state)
{
    static const char content[] = "# a comment probe.wrong.example probe\n"
                                  "127.0.0.1 localhost\n"
                                  "127.0.1.1\tprobe.example.org probe # probe2\n"
                                  "192.0.2.1 short other.example.org\r\n"
                                  "192.0.2.2 lonely\n"
                                  "\n"
                                  "192.0.2.3";
    static const struct {
        const char *name, *expect;
    } rows[] = {{"probe", "probe.example.org"},
                {"PROBE", "probe.example.org"},
                {"short", "other.example.org"},
                {"lonely", NULL},
                {"probe2", NULL},
                {"localhost", NULL},
                {"192.0.2.3", NULL},
                {"absent", NULL}};
    char path[] = "/tmp/sp-hosts-XXXXXX", out[64];
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, sizeof(content) - 1), sizeof(content) - 1);
    close(fd);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *found = sp_machine_name_in_hosts(path, rows[i].name, out, sizeof(out));
        if ((found == NULL) != (rows[i].expect == NULL) ||
            (found != NULL && strcmp(found, rows[i].expect) != 0)) {
            fail_msg("%s gave %s", rows[i].name, found);
        }
    }
    assert_null(sp_machine_name_in_hosts(path, "probe", out, 5));
    unlink(path);
    assert_null(sp_machine_name_in_hosts(path, "probe", out, sizeof(out)));
}

static void test_suggest(void **state)
{
    static const struct {
        const char *word;
        enum sp_option_scope scope;
        const char *expect;
    } rows[] = {
        {"timout", SP_SCOPE_PROGRAM, "timeout"},
        {"tiemout", SP_SCOPE_PROGRAM, "timeout"},
        {"server_nmae", SP_SCOPE_ENDPOINT, "server-name"},
        {"servername", SP_SCOPE_PROGRAM, "server-name"},
        {"conn", SP_SCOPE_PROGRAM, "connect-timeout"},
        {"tls_mni", SP_SCOPE_ENDPOINT, "tls-min"},
        {"concurency", SP_SCOPE_PROGRAM, "concurrency"},
        {"concurency", SP_SCOPE_ENDPOINT, NULL},
        {"colour", SP_SCOPE_PROGRAM, "color"},
        {"Version", SP_SCOPE_PROGRAM, "version"},
        {"proxy", SP_SCOPE_PROGRAM, NULL},
        {"dane", SP_SCOPE_PROGRAM, NULL},
        {"x", SP_SCOPE_PROGRAM, NULL},
        {"", SP_SCOPE_PROGRAM, NULL},
        {"a-word-that-is-much-longer-than-any-option-of-this-program-ever-was", SP_SCOPE_PROGRAM,
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *near = sp_option_suggest(rows[i].word, rows[i].scope);
        if ((near == NULL) != (rows[i].expect == NULL) ||
            (near != NULL && strcmp(near, rows[i].expect) != 0)) {
            fail_msg("\"%s\" gave %s", rows[i].word, near);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_table),      cmocka_unit_test(test_layers),
        cmocka_unit_test(test_finish),     cmocka_unit_test(test_machine_name),
        cmocka_unit_test(test_hosts_file), cmocka_unit_test(test_suggest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
