/* SPDX-License-Identifier: GPL-3.0-or-later */
/* blackbox_exporter's configurations: what becomes of them, and that it can be read. */
#include "probe/limits.h"
#include "prometheus/config.h"
#include "prometheus/convert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOT SP_TESTS_DIR "/fuzz/corpus/fuzz_trust/a" /* a file with one certificate */

static struct sp_buf out, notes;

static int begin(void **state)
{
    (void)state;
    sp_buf_init(&out, SP_LIMIT_CONVERTED);
    sp_buf_init(&notes, SP_LIMIT_CONVERTED);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_buf_free(&out);
    sp_buf_free(&notes);
    return 0;
}

static const char *text_of(struct sp_buf *buf)
{
    sp_buf_append(buf, "", 1);
    buf->len--;
    return (const char *)buf->data;
}

static bool convert(const char *text)
{
    end(NULL);
    begin(NULL);
    return sp_convert_from_memory("f", text, strlen(text), &out, &notes);
}

/* What is converted stands behind this line. */
static const char *modules_text(void)
{
    const char *text = strstr(text_of(&out), "modules:\n");
    assert_non_null(text);
    return text + strlen("modules:\n");
}

static void expect_readable(void)
{
    struct sp_buf errors;
    sp_buf_init(&errors, 4096);
    struct sp_config *config =
        sp_config_from_memory("out", (const char *)out.data, out.len, &errors);
    if (config == NULL)
        fail_msg("%s%s", text_of(&out), text_of(&errors));
    sp_config_unref(config);
    sp_buf_free(&errors);
}

/* A module "m" of these details, without verification so that no store is needed. */
static void expect_module(const char *details, const char *lines, const char *noted)
{
    char text[4096], expected[4096];
    snprintf(text, sizeof text, "modules:\n  m:\n    prober: tcp\n%s", details);
    if (!convert(text))
        fail_msg("%s\n%s", text, text_of(&notes));
    snprintf(expected, sizeof expected, "  m:\n%s", lines);
    if (strcmp(modules_text(), expected) != 0)
        fail_msg("%s\n  gives  %s  not  %s", text, modules_text(), expected);
    if (strcmp(text_of(&notes), noted) != 0)
        fail_msg("%s\n  notes  %s  not  %s", text, text_of(&notes), noted);
}

static void test_starttls(void **state)
{
    (void)state;
    expect_module(
        "    timeout: 5s\n"
        "    tcp:\n"
        "      tls_config: {insecure_skip_verify: true}\n"
        "      query_response:\n"
        "        - expect: '^220 ([^ ]+) ESMTP (.+)$'\n"
        "        - send: \"EHLO prober\\r\"\n"
        "        - expect: '^250-STARTTLS'\n"
        "        - send: \"STARTTLS\\r\"\n"
        "        - expect: '^220'\n"
        "        - starttls: true\n"
        "        - send: \"EHLO prober\\r\"\n"
        "        - expect: '^250-AUTH'\n"
        "        - expect: '^250[ -]SIZE .*'\n"
        "        - send: \"QUIT\\r\"\n"
        "        - expect: '^221'\n",
        "    # line 18: expect \"^221\" is not converted: the reply to QUIT does not make a "
        "probe fail\n"
        "    expect: \"^220 ([^ ]+) ESMTP (.+)$\"\n"
        "    ehlo_name: prober\n"
        "    require_capability: [AUTH, SIZE]\n"
        "    tls: starttls\n"
        "    verify: off\n"
        "    timeout: 5s\n",
        "f:18:19: module m: expect \"^221\" is not converted: the reply to QUIT does not "
        "make a probe fail\n");
    expect_readable();
}

static void test_implicit_and_options(void **state)
{
    (void)state;
    expect_module("    timeout: 1m1.5s\n"
                  "    tcp:\n"
                  "      preferred_ip_protocol: ip6\n"
                  "      ip_protocol_fallback: false\n"
                  "      source_ip_address: 2001:db8::1\n"
                  "      tls: true\n"
                  "      tls_config: {ca_file: " ROOT ", server_name: mx.example.org, min_version: "
                  "TLS11, max_version: TLS12}\n"
                  "      query_response: [{expect: ^220}]\n",
                  "    tls: implicit\n"
                  "    ca_file: " ROOT "\n"
                  "    server_name: mx.example.org\n"
                  "    tls_min: 1.1\n"
                  "    tls_max: 1.2\n"
                  "    cert_critical: \"~:\"\n"
                  "    ipv6: yes\n"
                  "    source_address: \"2001:db8::1\"\n"
                  "    timeout: 61500ms\n",
                  "");
    expect_readable();
}

#define PLAIN "    tcp: {query_response: [{expect: ^220, send: HELO}]"

static void test_plain(void **state)
{
    (void)state;
    expect_module(PLAIN "}\n", "    tls: none\n", "");
    expect_module(PLAIN ", preferred_ip_protocol: ip4, ip_protocol_fallback: false}\n",
                  "    tls: none\n    ipv4: yes\n", "");
    expect_module(PLAIN ", tls: false, ip_protocol_fallback: true}\n    timeout: 0\n",
                  "    tls: none\n", "");
    /* Several commands in one step; a module's offer of STARTTLS without use of it. */
    expect_module(
        "    tcp: {query_response: [{expect: '220'}, {send: \"EHLO a.example\\r\\nQUIT\"}]}\n",
        "    ehlo_name: a.example\n    tls: none\n", "");
    expect_module(
        "    tcp: {query_response: [{expect: '220', send: EHLO x}, {expect: '^250.STARTTLS$'}]}\n",
        "    ehlo_name: x\n    require_capability: [STARTTLS]\n    tls: none\n", "");
}

/* The mode asks for STARTTLS itself, and inside of TLS it is not offered again. */
static void test_starttls_is_no_capability(void **state)
{
    (void)state;
    expect_module(
        "    tcp: {tls_config: {insecure_skip_verify: true}, query_response: [{expect: ^220}, "
        "{send: EHLO x}, {expect: ^250-STARTTLS}, {starttls: true}]}\n",
        "    ehlo_name: x\n    tls: starttls\n    verify: off\n", "");
}

/* As many capabilities, and as long a name of a module, as there may be; and one more. */
static void test_caps(void **state)
{
    (void)state;
    char text[4096] = "modules:\n  m:\n    prober: tcp\n    tcp: {query_response: [{expect: ^220}, "
                      "{send: EHLO}";
    for (unsigned i = 0; i < 32; i++)
        snprintf(text + strlen(text), 32, ", {expect: ^250-X%u}", i);
    size_t len = strlen(text);
    snprintf(text + len, sizeof text - len, "]}\n");
    assert_true(convert(text));
    assert_int_equal(notes.len, 0);
    assert_non_null(strstr(modules_text(), ", X31]\n"));
    snprintf(text + len, sizeof text - len, ", {expect: ^250-X31}, {expect: ^250-X32}]}\n");
    assert_true(convert(text));
    assert_non_null(strstr(text_of(&notes), "capability X32 is not converted: there are too many"));
    assert_null(strstr(text_of(&notes), "X31"));

    for (size_t more = 0; more < 2; more++) {
        char name[SP_LIMIT_MODULE_NAME + 2] = "";
        memset(name, 'n', SP_LIMIT_MODULE_NAME + more);
        snprintf(
            text, sizeof text,
            "modules:\n  %s:\n    prober: tcp\n    tcp: {query_response: [{expect: ^220 SMTP}]}\n",
            name);
        assert_int_equal(convert(text), more == 0);
    }
}

static const struct {
    const char *details, *note; /* note: one of those that are made */
} noted_rows[] = {
    {PLAIN ", preferred_ip_protocol: ip4}\n",
     "f:4:80: module m: preferred_ip_protocol is not converted: both families are tried side by "
     "side; for IPv4 only write \"ipv4: yes\"\n"},
    {PLAIN "}\n    timeout: 5\n",
     "f:5:14: module m: timeout is not converted: it is no duration up to 24h\n"},
    {PLAIN "}\n    timeout: 25h\n",
     "f:5:14: module m: timeout is not converted: it is no duration up to 24h\n"},
    {PLAIN ", tls_config: {ca_file: x}}\n",
     "f:4:69: module m: tls_config is not converted: no TLS is used here\n"},
    {PLAIN ", tls: true, tls_config: {min_version: TLS10}}\n",
     "f:4:94: module m: TLS 1.0 can't be spoken; 1.1 stands instead\n"},
    {PLAIN ", tls: true, tls_config: {min_version: SSL3}}\n",
     "module m: tls_min is not converted: it is none of TLS10 TLS11 TLS12 TLS13\n"},
    {PLAIN ", tls: true, tls_config: {ca: x}}\n",
     "module m: \"ca\" is not converted: write the certificates into a file, and name it by "
     "ca_file\n"},
    {PLAIN ", tls: true, tls_config: {key_file: x}}\n",
     "module m: \"key_file\" is not converted: client certificates are not in this version\n"},
    {PLAIN ", source_ip_address: me}\n", "module m: not converted: source_address: \"me\" can't be "
                                         "used; it is an IPv4 or IPv6 address of this machine\n"},
    {PLAIN ", foo: 1}\n", "module m: \"foo\" is not converted: there is no such option\n"},
    {PLAIN "}\n    http: {}\n",
     "f:5:5: module m: \"http\" is not converted: the prober of this module does not use it\n"},
    {"    tcp: {query_response: [{expect: ^220, labels: [{name: a, value: b}]}]}\n",
     "f:4:43: module m: labels are not converted: text of a server never becomes a label\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {expect_bytes: x}]}\n",
     "module m: \"expect_bytes\" is not converted\n"},
    {"    tcp: {query_response: [{expect: '^220 (x'}, {send: EHLO}]}\n",
     "f:4:37: module m: expect \"^220 (x\" is not converted: the pattern"},
    {"    tcp: {query_response: [{expect: \"220(\\r\\u2028x\"}, {send: EHLO}]}\n",
     "module m: expect \"220(\\x0d\\xe2\\x80\\xa8x\" is not converted: the pattern \"220(????x\" is "
     "wrong"},
    {"    tcp: {query_response: [{expect: ^220}, {expect: ^220 x}]}\n",
     "module m: expect \"^220 x\" is not converted: one pattern is for the banner\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {expect: '^250-(A|B)'}]}\n",
     "module m: expect \"^250-(A|B)\" is not converted: it is no pattern of one EHLO keyword\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {expect: '^250-AUTH PLAIN'}]}\n",
     "module m: expect \"^250-AUTH PLAIN\": only the keyword is looked for, not what stands behind "
     "it\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO a b}]}\n",
     "module m: not converted: ehlo_name: a space can't be in a host name\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: STARTTLS}, {expect: ^454}]}\n",
     "module m: expect \"^454\" is not converted: STARTTLS is answered by 220, and only that is "
     "looked for\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: STARTTLS}, {expect: ^220 2.0.0}]}\n",
     "f:4:71: module m: expect \"^220 2.0.0\" is not converted: STARTTLS is answered by 220, and "
     "only that is looked for\n"},
    /* What is no keyword would be looked for in vain. */
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {expect: ^250-localhost}]}\n",
     "module m: expect \"^250-localhost\" is not converted: it is no pattern of one EHLO keyword\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {expect: '^250.*Hello'}]}\n",
     "module m: expect \"^250.*Hello\" is not converted: it is no pattern of one EHLO keyword\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {expect: '^250 OK'}]}\n",
     "module m: expect \"^250 OK\" is not converted: it is no pattern of one EHLO keyword\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO a}, {send: EHLO a}, {send: EHLO b}]}\n",
     "f:4:83: module m: the name \"b\" is not converted: every EHLO has the same one\n"},
    {"    tcp: {tls: true, query_response: [{expect: ^220}, {send: STARTTLS}, {starttls: true}]}\n",
     "f:4:16: module m: STARTTLS inside of TLS is not converted\n"},
    {PLAIN ", preferred_ip_protocol: ipv4}\n",
     "f:4:80: module m: preferred_ip_protocol is not converted: both families are tried"},
    {"    tcp: {query_response: [{expect: ^220}, {send: STARTTLS}]}\n",
     "f:4:51: module m: STARTTLS was only sent; now the TLS handshake is made as well\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: EHLO}, {send: AUTH PLAIN c2VjcmV0}, "
     "{expect: ^235}]}\n",
     "module m: send \"AUTH\" is not converted: only EHLO, STARTTLS and QUIT are sent\n"},
    {"    tcp: {query_response: [{expect: ^220}, {send: VRFY x}, {expect: ^252}]}\n",
     "module m: expect \"^252\" is not converted: the command before it is not either\n"},
};

static void test_noted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(noted_rows); i++) {
        char text[1024];
        snprintf(text, sizeof text, "modules:\n  m:\n    prober: tcp\n%s", noted_rows[i].details);
        if (!convert(text) || strstr(text_of(&notes), noted_rows[i].note) == NULL)
            fail_msg("%s\n  notes  %s  not  %s", text, text_of(&notes), noted_rows[i].note);
        /* The same words are a comment of the module. */
        const char *words = strstr(noted_rows[i].note, "module m: ") + strlen("module m: ");
        if (strstr(text_of(&out), words) == NULL)
            fail_msg("%s\n  lacks  %s", text_of(&out), words);
        /* Nothing of a login is shown again. */
        assert_null(strstr(text_of(&out), "c2VjcmV0"));
        assert_null(strstr(text_of(&notes), "c2VjcmV0"));
    }
}

/* Values that blackbox_exporter refuses, too: nothing is passed over in silence. */
static void test_wrong_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *details, *note;
    } rows[] = {
        {PLAIN ", tls: true, tls_config: 5}\n", "f:4:80: tls_config must be a mapping"},
        {PLAIN ", tls: maybe}\n", "f:4:62: tls: \"maybe\" can't be used; it is true or false\n"},
        {PLAIN ", preferred_ip_protocol: [ip4]}\n", "preferred_ip_protocol must be one value"},
        {PLAIN ", source_ip_address: {}}\n", "source_ip_address must be one value, not a mapping"},
        {PLAIN "}\n    timeout: [1s]\n", "f:5:14: timeout must be one value, not a list\n"},
        {"    tcp: {query_response: [{expect: ^220}, {send: [EHLO]}]}\n",
         "f:4:51: send must be one value, not a list\n"},
        {"    tcp: {query_response: [{expect: ^220}, {expect: {}}]}\n",
         "f:4:53: expect must be one value, not a mapping\n"},
        {"    tcp: {query_response: [{expect: ^220}, QUIT]}\n",
         "f:4:44: a step must be a mapping, not one value\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1024];
        snprintf(text, sizeof text, "modules:\n  m:\n    prober: tcp\n%s", rows[i].details);
        convert(text);
        if (strstr(text_of(&notes), rows[i].note) == NULL)
            fail_msg("%s\n  notes  %s  not  %s", text, text_of(&notes), rows[i].note);
    }
    /* No time is cut to none. */
    expect_module(PLAIN "}\n    timeout: 1ns\n", "    tls: none\n    timeout: 1ms\n", "");
    /* What is there and says nothing is no loss. */
    expect_module(PLAIN ", tls_config: {}, preferred_ip_protocol: ~, source_ip_address: ''}\n",
                  "    tls: none\n", "");
    expect_module(PLAIN ", tls_config: ~, preferred_ip_protocol: ip6}\n    timeout: .5s\n",
                  "    tls: none\n    timeout: 500ms\n", "");
}

static void test_skipped(void **state)
{
    (void)state;
    static const char text[] =
        "shared: &shared {insecure_skip_verify: true}\n"
        "modules:\n"
        "  web: {prober: http, http: {preferred_ip_protocol: ip4}}\n"
        "  open: {prober: tcp}\n"
        "  ftp: {prober: tcp, tcp: {query_response: [{expect: ^220}, {send: USER x}]}}\n"
        "  amqp: {prober: tcp, tcp: {query_response: [{send: HELO}, {expect: AMQP}]}}\n"
        "  imap: {prober: tcp, tcp: {query_response: [{expect: OK}, {send: . STARTTLS}]}}\n"
        "  binary: {prober: tcp, tcp: {query_response: [{send: !!binary AAAACATSFi8=}]}}\n"
        "  none: {}\n"
        "  a b: {prober: tcp, tcp: {query_response: [{expect: ^220, send: EHLO}]}}\n"
        "  lmtp: {prober: unix, unix: {query_response: [{expect: ^220, send: LHLO x}]}}\n"
        "  mail: {prober: tcp, tcp: {tls: true, tls_config: {<<: *shared}, query_response: [{expect: "
        "SMTP}]}}\n";
    assert_true(convert(text));
    assert_string_equal(
        modules_text(),
        "  lmtp:\n"
        "    # line 11: the target is now written lmtp+unix:/PATH, and LMTP is spoken\n"
        "    ehlo_name: x\n"
        "    tls: none\n"
        "  mail:\n"
        "    expect: SMTP\n"
        "    tls: implicit\n"
        "    verify: off\n"
        "\n"
        "# Skipped:\n"
        "#   line 3: \"web\": its prober is neither tcp nor unix\n"
        "#   line 4: \"open\": it does not speak SMTP\n"
        "#   line 5: \"ftp\": it does not speak SMTP\n"
        "#   line 6: \"amqp\": it does not speak SMTP\n"
        "#   line 7: \"imap\": it does not speak SMTP\n"
        "#   line 8: \"binary\": it does not speak SMTP\n"
        "#   line 9: \"none\": it names no prober\n"
        "#   line 10: \"a b\": its name can't be used here; rename it\n");
    assert_non_null(
        strstr(text_of(&notes), "f:3:3: module \"web\" is skipped: its prober is neither"));
}

static void test_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text, *note;
    } rows[] = {
        {"", "f:1:1: there are no modules here; is this a configuration of blackbox_exporter?\n"},
        {"- a",
         "f:1:1: there are no modules here; is this a configuration of blackbox_exporter?\n"},
        {"modules: {}", "f:1:10: no module of this file speaks SMTP\n"},
        {"modules: {w: {prober: http, prober: tcp}}",
         "f:1:29: the key \"prober\" is there twice (first on line 1); remove one\n"},
        {"modules: {w: {prober: http}}", "f:1:10: no module of this file speaks SMTP\n"},
        {"modules: [", "a value is missing here, or a [ or { has no end\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_false(convert(rows[i].text));
        assert_int_equal(out.len, 0);
        if (strstr(text_of(&notes), rows[i].note) == NULL)
            fail_msg("%s  notes  %s", rows[i].text, text_of(&notes));
    }
    assert_false(sp_convert("/nonexistent/blackbox.yml", &out, &notes));
    assert_non_null(strstr(text_of(&notes), "/nonexistent/blackbox.yml: the file can't be read: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_starttls, begin, end),
        cmocka_unit_test_setup_teardown(test_implicit_and_options, begin, end),
        cmocka_unit_test_setup_teardown(test_plain, begin, end),
        cmocka_unit_test_setup_teardown(test_starttls_is_no_capability, begin, end),
        cmocka_unit_test_setup_teardown(test_caps, begin, end),
        cmocka_unit_test_setup_teardown(test_noted, begin, end),
        cmocka_unit_test_setup_teardown(test_wrong_kinds, begin, end),
        cmocka_unit_test_setup_teardown(test_skipped, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
