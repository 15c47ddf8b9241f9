/* SPDX-License-Identifier: GPL-3.0-or-later */
/* allow_targets: what patterns allow by name and by address, and what tries to get around them. */
#include "prometheus/allow.h"

#include "probe/limits.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What target words can be answered with; INVALID: they never come as far as the list. */
enum answer { NO, YES, BY_ADDRESS, INVALID };

static const char *const answer_names[] = {"no", "yes", "by address", "invalid"};

static struct sp_allow *compile(const char *const *patterns, size_t count)
{
    char error[512] = "";
    struct sp_allow *allow = sp_allow_new(patterns, count, error, sizeof error);
    if (!allow)
        fail_msg("%s", error);
    return allow;
}

static enum answer ask(const struct sp_allow *allow, const char *target)
{
    struct sp_arena *arena = sp_arena_new(65536);
    struct sp_options options;
    struct sp_endpoint endpoint;
    enum answer answer = INVALID;
    sp_options_init(&options);
    assert_non_null(arena);
    assert_true(sp_endpoint_parse(arena, target, strlen(target), &options, &endpoint));
    if (!endpoint.invalid)
        answer = (enum answer)sp_allow_target(allow, &endpoint);
    sp_arena_free(arena);
    return answer;
}

static void expect(const struct sp_allow *allow, const char *target, enum answer wanted)
{
    enum answer answer = ask(allow, target);
    if (answer != wanted)
        fail_msg("%s: %s instead of %s", target, answer_names[answer], answer_names[wanted]);
}

static void to_address(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(25)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_scope_id = 2};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
        return;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    memcpy(out, &v6, sizeof v6);
}

static void expect_address(const struct sp_allow *allow, const char *text, bool wanted)
{
    struct sockaddr_storage address;
    to_address(text, &address);
    if (sp_allow_address(allow, &address) != wanted)
        fail_msg("%s: not %s", text, wanted ? "allowed" : "refused");
}

static void test_empty(void **state)
{
    struct sp_allow *allow = compile(NULL, 0);
    struct sockaddr_storage socket = {.ss_family = AF_UNIX};
    (void)state;
    expect(allow, "mx.example.org", YES);
    expect(allow, "127.0.0.1:25", YES);
    expect(allow, "[::1]:25", YES);
    expect(allow, "lmtp://localhost", YES);
    expect(allow, "lmtp+unix:/run/lmtp", NO);
    expect_address(allow, "192.0.2.1", true);
    assert_false(sp_allow_address(allow, &socket));
    sp_allow_free(allow);
    sp_allow_free(NULL);
}

static void test_names(void **state)
{
    static const char *const patterns[] = {"*.Example.ORG", "mx.example.com.",
                                           "*.m\xc3\xbcller.example", "localhost"};
    static const struct {
        const char *target;
        enum answer answer;
    } rows[] = {
        {"mx.example.org", YES},
        {"MX.EXAMPLE.ORG.:587", YES},
        {"a.b.example.org", YES},
        {"smtps://mx.example.org/", YES},
        {"example.org", NO},
        {"badexample.org", NO},
        {"mx.example.org.evil.test", NO},
        {"example.org.evil.test", NO},
        {".example.org", INVALID},
        {"*.example.org", INVALID},
        {"mx.example.com", YES},
        {"Mx.Example.Com.", YES},
        {"a.mx.example.com", NO},
        {"x.example.com", NO},
        {"mx.xn--mller-kva.example", YES},
        {"mx.M\xc3\x9cLLER.example", YES},
        {"xn--mller-kva.example", NO},
        {"localhost", YES},
        {"LOCALHOST.", YES},
        {"localhost.evil.test", NO},
        /* No address can be allowed by a list of names. */
        {"127.0.0.1", NO},
        {"[::1]", NO},
        {"user@mx.example.org", INVALID},
        {"mx.example.org@evil.test", INVALID},
        {"evil.test#mx.example.org", INVALID},
        {"evil.test/mx.example.org", INVALID},
        {"evil.test%mx.example.org", INVALID},
        {"evil.test\\.example.org", INVALID},
        {"evil.test?.example.org", INVALID},
        {"lmtp+unix:/tmp/mx.example.org", NO},
        /* The full stops of other scripts are mapped before they are compared. */
        {"mx\xe3\x80\x82"
         "example\xef\xbc\x8e"
         "org",
         YES},
    };
    struct sp_allow *allow = compile(patterns, COUNT(patterns));
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect(allow, rows[i].target, rows[i].answer);
    expect_address(allow, "192.0.2.1", false);
    sp_allow_free(allow);
}

static void test_networks(void **state)
{
    static const char *const patterns[] = {
        "192.0.2.0/25",  "198.51.100.7", "2001:db8::/47",         "2001:db8:ffff::1",
        "*.example.org", "fe80::/10",    "::ffff:203.0.113.0/124"};
    static const struct {
        const char *target;
        enum answer answer;
    } rows[] = {
        {"192.0.2.0", YES},
        {"192.0.2.127:25", YES},
        {"smtps://192.0.2.127", YES},
        {"192.0.2.128", NO},
        {"192.0.1.255", NO},
        {"198.51.100.7", YES},
        {"198.51.100.8", NO},
        {"203.0.113.15", YES},
        {"203.0.113.16", NO},
        {"[2001:db8::1]", YES},
        {"[2001:db8:1:ffff::1]:25", YES},
        {"2001:DB8:0:0::1", YES},
        {"2001:db8:2::1", NO},
        {"2001:db8:ffff::1", YES},
        {"2001:db8:ffff::2", NO},
        /* The same IPv4 address in IPv6's clothes, and what only looks like it. */
        {"::ffff:192.0.2.1", YES},
        {"[::ffff:c000:201]:25", YES},
        {"::ffff:192.0.2.200", NO},
        {"::192.0.2.1", NO},
        {"64:ff9b::192.0.2.1", NO},
        {"2002:c000:201::1", NO},
        {"[fe80::1%lo]", YES},
        {"[fec0::1]", NO},
        {"[2001:db8::1%lo]", INVALID},
        {"[::ffff:192.0.2.200%lo]", INVALID},
        /* Spellings that other programs take for an address. */
        {"192.0.513", INVALID},
        {"3221225985", INVALID},
        {"0xc0000201", INVALID},
        {"0xc0.0.2.1", INVALID},
        {"0300.0.2.1", INVALID},
        {"192.0.2.1.", INVALID},
        {"127.1", INVALID},
        {"0x7f000001", INVALID},
        {"\xef\xbc\x91\xef\xbc\x99\xef\xbc\x92.0.2.1", INVALID}, /* full-width digits */
        {"0.0.0.0", NO},
        {"[::]", NO},
        /* Names: by pattern, else their addresses decide. */
        {"mx.example.org", YES},
        {"mx.example.com", BY_ADDRESS},
        {"192.0.2.1.example.com", BY_ADDRESS},
        {"lmtp+unix:/run/lmtp", NO},
    };
    struct sp_allow *allow = compile(patterns, COUNT(patterns));
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect(allow, rows[i].target, rows[i].answer);
    expect_address(allow, "192.0.2.127", true);
    expect_address(allow, "192.0.2.128", false);
    expect_address(allow, "::ffff:192.0.2.127", true);
    expect_address(allow, "::ffff:192.0.2.128", false);
    expect_address(allow, "127.0.0.1", false);
    expect_address(allow, "2001:db8:1:ffff::1", true);
    expect_address(allow, "2001:db8:2::", false);
    expect_address(allow, "fe80::1", true);
    sp_allow_free(allow);
}

static void test_widths(void **state)
{
    static const struct {
        const char *pattern, *in, *out; /* NULL: none */
    } rows[] = {
        {"0.0.0.0/0", "255.255.255.255", "2001:db8::1"},
        {"::/0", "2001:db8::1", "192.0.2.1"},
        {"::/0", "::1", "::ffff:192.0.2.1"},
        {"::ffff:0:0/96", "192.0.2.1", "2001:db8::1"},
        {"128.0.0.0/1", "255.0.0.1", "127.255.255.255"},
        {"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"2001:db8::1/128", "2001:db8::1", "2001:db8::"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_allow *allow = compile(&rows[i].pattern, 1);
        expect_address(allow, rows[i].in, true);
        expect_address(allow, rows[i].out, false);
        sp_allow_free(allow);
    }
}

static void test_sockets(void **state)
{
    static const char *const patterns[] = {"lmtp+unix:/run/dovecot/lmtp", "*.example.org"};
    struct sp_allow *allow = compile(patterns, COUNT(patterns));
    (void)state;
    expect(allow, "lmtp+unix:/run/dovecot/lmtp", YES);
    expect(allow, "lmtp+unix:/run/dovecot/lmtp2", NO);
    expect(allow, "lmtp+unix:/run/dovecot/../dovecot/lmtp", NO);
    expect(allow, "lmtp+unix:/run/dovecot", NO);
    expect(allow, "lmtp+unix://run/dovecot/lmtp", INVALID);
    sp_allow_free(allow);
}

static void test_bad_patterns(void **state)
{
    static const struct {
        const char *pattern, *says;
    } rows[] = {
        {"", "missing"},
        {"*", "empty"},
        {"*.", "missing"},
        {"*.*.example.org", "\"*\""},
        {"mx.*.org", "\"*\""},
        {"*example.org", "\"*\""},
        {"mx example", "space"},
        {"mx.example.org:25", "port"},
        {"[::1]:25", "port"},
        {"192.0.2.1:25", "port"},
        {"192.0.2.0/33", "bits"},
        {"192.0.2.0/", "bits"},
        {"192.0.2.0/-1", "bits"},
        {"192.0.2.0/255.255.255.0", "bits"},
        {"192.0.2.1/24", "first address"},
        {"2001:db8::1/64", "first address"},
        {"2001:db8::/129", "bits"},
        {"::ffff:0:0/95", "first address"},
        {"fe80::1%eth0", "zone"},
        {"mx.example.org/24", "no IP address"},
        {"127.1", "127.0.0.1"},
        {"127.1/16", "no IP address"},
        {"010.0.0.1", "8.0.0.1"},
        {"*.192.0.2.1", "below an address"},
        {"*.1", "0.0.0.1"},
        {"smtp://mx.example.org", "no IP address"},
        {"lmtp+unix:run", "/"},
        {"lmtp+unix:", "/"},
        {"mx.example.org\n", "control"},
    };
    char *large = calloc(1, SP_LIMIT_ALLOW_PATTERN + 2);
    char error[512];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        error[0] = '\0';
        if (sp_allow_check(rows[i].pattern, error, sizeof error))
            fail_msg("\"%s\" is taken", rows[i].pattern);
        if (!strstr(error, rows[i].says))
            fail_msg("\"%s\": \"%s\" lacks \"%s\"", rows[i].pattern, error, rows[i].says);
        for (const char *c = error; *c; c++)
            assert_in_range(*c, 0x20, 0x7e);
    }
    assert_non_null(large);
    memset(large, 'a', SP_LIMIT_ALLOW_PATTERN + 1);
    assert_false(sp_allow_check(large, error, sizeof error));
    free(large);
    assert_true(sp_allow_check("*.example.org", error, sizeof error));
    assert_true(sp_allow_check("::ffff:0:0/96", error, sizeof error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_networks), cmocka_unit_test(test_widths),
        cmocka_unit_test(test_sockets),  cmocka_unit_test(test_bad_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
