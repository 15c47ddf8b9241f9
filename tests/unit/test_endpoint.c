/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Target lines, host names and addresses. */
#include "probe/endpoint.h"
#include "probe/host.h"
#include "probe/limits.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define A63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
#define NAME253             \
    A63 "." A63 "." A63 "." \
        "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffffff"
#define PATH107 \
    "/aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkkkkk"

static struct sp_arena *arena;
static struct sp_options globals;

static int set_up(void **state)
{
    char error[256];
    (void)state;
    arena = sp_arena_new(SP_LIMIT_TARGETS_ARENA);
    sp_options_init(&globals);
    assert_true(sp_option_set(&globals, arena, sp_option_find("ehlo-name"), "probe.example.org",
                              error, sizeof(error)));
    assert_true(sp_options_finish(&globals, arena, error, sizeof(error)));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sp_arena_free(arena);
    return 0;
}

static struct sp_endpoint parse_line(const char *line, size_t len)
{
    struct sp_endpoint endpoint;
    char *copy = malloc(len + 1); /* exactly as long as said, so that ASan sees a step too far */
    assert_non_null(copy);
    memcpy(copy, line, len);
    copy = realloc(copy, len == 0 ? 1 : len);
    assert_true(sp_endpoint_parse(arena, copy, len, &globals, &endpoint));
    free(copy);
    return endpoint;
}

/* "host:port mode tls verify name" with letters for the words; for sockets the path. */
static void show_endpoint(const struct sp_endpoint *e, char *out, size_t size)
{
    static const char tls[] = "?noSi", verify[] = "?Rro"; /* none opportunistic Starttls implicit */
    if (e->unix_path != NULL) {
        snprintf(out, size, "%s %c%c%c %s", e->unix_path, e->mode == SP_MODE_LMTP ? 'l' : 's',
                 tls[e->tls], verify[e->verify], e->server_name == NULL ? "-" : e->server_name);
        return;
    }
    snprintf(out, size, "%s%s:%u %c%c%c %s%s", e->host, e->absolute ? "." : "", e->port,
             e->mode == SP_MODE_LMTP ? 'l' : 's', tls[e->tls], verify[e->verify],
             e->server_name == NULL                 ? "-"
             : strcmp(e->server_name, e->host) == 0 ? "="
                                                    : e->server_name,
             e->numeric ? " ip" : "");
}

static void test_valid(void **state)
{
    static const struct {
        const char *line, *expect;
    } rows[] = {
        /* forms */
        {"mx.example.org", "mx.example.org:25 sor ="},
        {"mx.example.org:25", "mx.example.org:25 sor ="},
        {"mx.example.org:2525", "mx.example.org:2525 sor ="},
        {"mx.example.org:587", "mx.example.org:587 sSR ="},
        {"mx.example.org:465", "mx.example.org:465 siR ="},
        {"mx.example.org:24", "mx.example.org:24 sor ="},
        {"mx.example.org:1", "mx.example.org:1 sor ="},
        {"mx.example.org:65535", "mx.example.org:65535 sor ="},
        {"smtp://mx.example.org", "mx.example.org:25 sor ="},
        {"smtp://mx.example.org/", "mx.example.org:25 sor ="},
        {"submission://mx.example.org", "mx.example.org:587 sSR ="},
        {"smtps://mx.example.org", "mx.example.org:465 siR ="},
        {"submissions://mx.example.org", "mx.example.org:465 siR ="},
        {"lmtp://mx.example.org", "mx.example.org:24 lor ="},
        {"SMTPS://MX.Example.ORG", "mx.example.org:465 siR ="},
        /* a written scheme wins over the port */
        {"smtp://mx.example.org:465", "mx.example.org:465 sor ="},
        {"smtp://mx.example.org:587", "mx.example.org:587 sor ="},
        {"submission://mx.example.org:25", "mx.example.org:25 sSR ="},
        {"smtps://mx.example.org:25", "mx.example.org:25 siR ="},
        {"lmtp://mx.example.org:465", "mx.example.org:465 lor ="},
        /* hosts */
        {"localhost", "localhost:25 sor ="},
        {"smtp:25", "smtp:25 sor ="},
        {"mx:25", "mx:25 sor ="},
        {"MX:587", "mx:587 sSR ="},
        {"_25._tcp.example.org", "_25._tcp.example.org:25 sor ="},
        {"a-b.x--y.example", "a-b.x--y.example:25 sor ="},
        {"3com.example", "3com.example:25 sor ="},
        {"1.2.3.example", "1.2.3.example:25 sor ="},
        {"mx.example.org.", "mx.example.org.:25 sor ="},
        {"LOCALHOST.", "localhost:25 sor ="},
        {"mx.example.org.:587", "mx.example.org.:587 sSR ="},
        {"xn--mnchen-3ya.de", "xn--mnchen-3ya.de:25 sor ="},
        {"m\xc3\xbcnchen.de", "xn--mnchen-3ya.de:25 sor ="},
        {"M\xc3\x9cNCHEN.de:465", "xn--mnchen-3ya.de:465 siR ="},
        {"stra\xc3\x9f"
         "e.de",
         "xn--strae-oqa.de:25 sor ="},                        /* non-transitional: not strasse */
        {"mu\xcc\x88nchen.de", "xn--mnchen-3ya.de:25 sor ="}, /* decomposed */
        {"\xe4\xbe\x8b\xe3\x80\x82\xe6\xb5\x8b\xe8\xaf\x95", "xn--fsq.xn--0zwm56d:25 sor ="},
        {A63 ".example", A63 ".example:25 sor ="},
        {NAME253, NAME253 ":25 sor ="},
        {NAME253 ".", NAME253 ".:25 sor ="},
        /* addresses */
        {"192.0.2.1", "192.0.2.1:25 sor = ip"},
        {"192.0.2.1:587", "192.0.2.1:587 sSR = ip"},
        {"255.255.255.255", "255.255.255.255:25 sor = ip"},
        {"2001:db8::1", "2001:db8::1:25 sor = ip"},
        {"2001:DB8:0:0::1", "2001:db8::1:25 sor = ip"},
        {"2001:db8::1:25", "2001:db8::1:25:25 sor = ip"}, /* bare: all of it is the address */
        {"::1", "::1:25 sor = ip"},
        {"[::1]", "::1:25 sor = ip"},
        {"[::1]:465", "::1:465 siR = ip"},
        {"[2001:db8::1]:2525", "2001:db8::1:2525 sor = ip"},
        {"smtps://[2001:db8::1]", "2001:db8::1:465 siR = ip"},
        {"smtp://2001:db8::1", "2001:db8::1:25 sor = ip"},
        {"[::ffff:192.0.2.1]", "::ffff:192.0.2.1:25 sor = ip"},
        {"fe80::1%eth0", "fe80::1%eth0:25 sor fe80::1 ip"},
        {"[fe80::1%eth0.100]:587", "fe80::1%eth0.100:587 sSR fe80::1 ip"},
        /* sockets */
        {"lmtp+unix:/run/dovecot/lmtp", "/run/dovecot/lmtp lor -"},
        {"LMTP+UNIX:/run/dovecot/lmtp", "/run/dovecot/lmtp lor -"},
        {"lmtp+unix:///run/lmtp", "/run/lmtp lor -"},
        {"lmtp+unix:/a:b@c#d", "/a:b@c#d lor -"},
        {"lmtp+unix:/x server_name=mx.example.org", "/x lor mx.example.org"},
        {"lmtp+unix:" PATH107, PATH107 " lor -"},
        /* blanks and comments */
        {"  mx.example.org  ", "mx.example.org:25 sor ="},
        {"\tmx.example.org\t# the old one", "mx.example.org:25 sor ="},
        {"mx.example.org #tls=none", "mx.example.org:25 sor ="},
        /* overrides */
        {"mx.example.org tls=none", "mx.example.org:25 snr ="},
        {"mx.example.org tls=starttls", "mx.example.org:25 sSR ="},
        {"mx.example.org tls=implicit", "mx.example.org:465 siR ="},
        {"mx.example.org:25 tls=implicit", "mx.example.org:25 siR ="},
        {"smtp://mx.example.org tls=implicit", "mx.example.org:25 siR ="},
        {"mx.example.org:465 tls=starttls", "mx.example.org:465 sSR ="},
        {"smtps://mx.example.org tls=opportunistic", "mx.example.org:465 sor ="},
        {"mx.example.org verify=off", "mx.example.org:25 soo ="},
        {"mx.example.org verify=require", "mx.example.org:25 soR ="},
        {"mx.example.org:465 verify=report", "mx.example.org:465 sir ="},
        {"192.0.2.1 server_name=Mail.Example.org", "192.0.2.1:25 sor mail.example.org ip"},
        {"192.0.2.1 server-name=mail.example.org tls=starttls",
         "192.0.2.1:25 sSR mail.example.org ip"},
        {"mx.example.org tls=none tls=starttls", "mx.example.org:25 sSR ="},
        {"mx.example.org tls=\"starttls\"", "mx.example.org:25 sSR ="},
        {"127.0.0.1 ipv4=yes", "127.0.0.1:25 sor = ip"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char shown[600];
        struct sp_endpoint endpoint = parse_line(rows[i].line, strlen(rows[i].line));
        if (endpoint.invalid != NULL) {
            fail_msg("\"%s\": %s", rows[i].line, endpoint.invalid);
        }
        show_endpoint(&endpoint, shown, sizeof(shown));
        if (strcmp(shown, rows[i].expect) != 0) {
            fail_msg("\"%s\" gave \"%s\"", rows[i].line, shown);
        }
        assert_true(strstr(rows[i].line, endpoint.input) != NULL);
        assert_null(endpoint.source);
        assert_null(endpoint.domain);
        assert_non_null(endpoint.options->ehlo_name);
        /* without overrides the options are shared */
        assert_int_equal(endpoint.options == &globals,
                         strchr(rows[i].line, '=') == NULL || strstr(rows[i].line, " #") != NULL);
    }
}

#define LINE(text) text, sizeof(text) - 1

static void test_invalid(void **state)
{
    static const struct {
        const char *line;
        size_t len;
        const char *message;
    } rows[] = {
        {LINE(""), "empty"},
        {LINE("   "), "empty"},
        {LINE("# only a comment"), "empty"},
        /* schemes */
        {LINE("http://mx.example.org"), "unknown scheme \"http\""},
        {LINE("://mx.example.org"), "unknown scheme \"\""},
        {LINE("smtp+tls://mx"), "unknown scheme"},
        {LINE("smtp:///"), "host is missing"},
        {LINE("smtp://"), "host is missing"},
        {LINE("smtp://mx/path"), "no path"},
        {LINE("smtp://mx//"), "no path"},
        {LINE("smtp://mx?x"), "\"?\" can't be"},
        {LINE("smtp://mx#x"), "\"#\" can't be"},
        {LINE("smtp://user@mx"), "no user name"},
        {LINE("user@example.org"), "no user name"},
        {LINE("mx/x"), "no path"},
        {LINE("smtp:/mx"), "no path"},
        {LINE("@targets.txt"), "command line only"},
        {LINE("-"), "command line only"},
        {LINE("mx:example.org"), "dig +short MX example.org"},
        {LINE("mx:m\xc3\xbcnchen.de"), "dig +short MX xn--mnchen-3ya.de"},
        {LINE("mx:"), "later version"},
        {LINE("mx:a b"), "key=value"},
        {LINE("mx:$(reboot)"), "dig +short MX DOMAIN"},
        /* ports */
        {LINE("mx:0"), "port 0 is not in 1..65535"},
        {LINE("mx.example:"), "port is missing"},
        {LINE("mx.example:65536"), "port 65536 is not in 1..65535"},
        {LINE("mx.example:70000"), "port 70000 is not in 1..65535"},
        {LINE("mx.example:99999999999999999999"), "is not in 1..65535"},
        {LINE("mx.example:025"), "port 025 is not in 1..65535"},
        {LINE("mx.example:smtp"), "port \"smtp\" is not a number"},
        {LINE("mx.example:-1"), "port \"-1\" is not a number"},
        {LINE("mx.example:+25"), "is not a number"},
        {LINE("mx.example:25x"), "is not a number"},
        {LINE("[::1]:"), "port is missing"},
        {LINE("[::1]:0"), "not in 1..65535"},
        {LINE(":25"), "host is missing"},
        {LINE("[::1]25"), "behind the closing bracket"},
        {LINE("[::1"), "closing bracket"},
        {LINE("["), "closing bracket"},
        {LINE("[]"), "only an IPv6 address"},
        {LINE("[192.0.2.1]"), "only an IPv6 address"},
        {LINE("[mx.example.org]:25"), "only an IPv6 address"},
        {LINE("[IPv6:2001:db8::1]"), "without \"IPv6:\""},
        /* hosts */
        {LINE("."), "empty"},
        {LINE(".."), "empty"},
        {LINE("a..b"), "empty"},
        {LINE(".a"), "empty"},
        {LINE("a.b.."), "empty"},
        {LINE("-mx.example.org"), "hyphen"},
        {LINE("mx-.example.org"), "hyphen"},
        {LINE("a" A63 ".example"), "63 is the most"},
        {LINE(NAME253 "f"), "253 is the most"},
        {LINE(A63 "." A63 "." A63 "." A63 "." A63), "253 is the most"},
        {LINE("mx!.example"), "\"!\" can't be"},
        {LINE("mx\\.example"), "\"\\\" can't be"},
        {LINE("mx%eth0"), "\"%\" can't be"},
        {LINE("mx\x01.example"), "(0x01)"},
        {LINE("mx\x7f.example"), "(0x7f)"},
        {LINE("mx\r\nMAIL FROM"), "key=value"},
        {LINE("mx\r"), "(0x0d)"},
        {LINE("mx\n"), "(0x0a)"},
        {LINE("mx\0.example"), "(0x00)"},
        {LINE("\0"), "(0x00)"},
        {LINE("mx.example tls=no\0ne"), "(0x00)"},
        {LINE("mx\xff.example"), "no international domain name"},
        {LINE("mx\xc3.example"), "no international domain name"},
        {LINE("\xf0\x9f\x92\xa9.example"), "no international domain name"}, /* emoji: DISALLOWED */
        {LINE("a\xe2\x80\xae"
              "b.example"),
         "no international domain name"}, /* right-to-left override */
        {LINE("mx.example word=value mx2.example"), "there is no option \"word\""},
        /* numbers that are no plain addresses */
        {LINE("127.1"), "read it as 127.0.0.1"},
        {LINE("0x7f.1"), "read it as 127.0.0.1"},
        {LINE("0x7f000001"), "read it as 127.0.0.1"},
        {LINE("2130706433"), "read it as 127.0.0.1"},
        {LINE("017.0.0.1"), "read it as 15.0.0.1"},
        {LINE("127.0.0.1."), "read it as"},
        {LINE("127.0.0.01"), "read it as"},
        {LINE("192.0.2.256"), "neither"},
        {LINE("192.0.2.1.5"), "neither"},
        {LINE("mx.example.7"), "neither"},
        {LINE("mx.0x"), "neither"},
        {LINE("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1"), "plain IPv4"}, /* full-width digits */
        {LINE("2001:db8::1::2"), "no IPv6 address"},
        {LINE("2001:db8::12345"), "no IPv6 address"},
        {LINE("a:b:c"), "brackets"},
        {LINE("mx.example.org:25:25"), "brackets"},
        {LINE("[:::]"), "no IPv6 address"},
        {LINE("2001:db8::1%eth0"), "link-local"},
        {LINE("fe80::1%"), "zone"},
        {LINE("fe80::1%a/b"), "no path"},
        {LINE("fe80::1%a%b"), "zone"},
        {LINE("fe80::1%a-name-of-sixteen"), "zone"},
        {LINE("192.0.2.1%eth0"), "\"%\" can't be"},
        /* sockets */
        {LINE("lmtp+unix:"), "absolute path"},
        {LINE("lmtp+unix:run/lmtp"), "absolute path"},
        {LINE("lmtp+unix://host/run/lmtp"), "absolute path"},
        {LINE("lmtp+unix:" PATH107 "x"), "107 is the most"},
        {LINE("lmtp+unix:/run/\x1b"), "control character"},
        {LINE("lmtp+tcp:/run"), "no path"},
        /* overrides */
        {LINE("mx.example timeout"), "\"timeout\": behind a target"},
        {LINE("mx.example extra words"), "\"extra\": behind a target"},
        {LINE("mx.example timout=5s"), "did you mean \"timeout\"?"},
        {LINE("mx.example concurrency=5"), "whole run"},
        {LINE("mx.example output=json"), "whole run"},
        {LINE("mx.example help=man"), "whole run"},
        {LINE("mx.example proxy=x"), "there is no option \"proxy\""},
        {LINE("mx.example =5"), "there is no option \"\""},
        {LINE("mx.example timeout=0"), "more than 0"},
        {LINE("mx.example timeout=abc"), "--timeout: \"abc\""},
        {LINE("mx.example timeout="), "empty"},
        {LINE("mx.example expect=\"a b"), "closing quote"},
        {LINE("mx.example expect=\"a\"b"), "closing quote"},
        {LINE("mx.example expect=\""), "closing quote"},
        {LINE("mx.example expect=\"a\\"), "closing quote"},
        {LINE("mx.example expect=\"a\\\""), "closing quote"},
        {LINE("mx.example tls_min=1.3 tls_max=1.2"), "newer than"},
        {LINE("192.0.2.1 ipv6=yes"), "no IPv6 address"},
        {LINE("[::1] ipv4=yes"), "no IPv4 address"},
        {LINE("a.example b.example"), "\"b.example\": behind a target"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_endpoint e = parse_line(rows[i].line, rows[i].len);
        if (e.invalid == NULL || strstr(e.invalid, rows[i].message) == NULL) {
            fail_msg("\"%s\" said: %s", rows[i].line, e.invalid);
        }
        for (const char *c = e.invalid; *c != '\0'; c++) {
            assert_in_range((unsigned char)*c, 0x20, 0x7e);
        }
        assert_non_null(e.input);
        assert_non_null(e.options);
        assert_null(e.host);
        assert_null(e.unix_path);
        assert_null(e.server_name);
        assert_int_equal(e.port, 0);
        assert_int_not_equal(e.verify, SP_VERIFY_DEFAULT);
        assert_int_not_equal(e.tls, SP_TLS_DEFAULT);
    }
}

/* What is shown of a target that can't be used has no password in it. */
static void test_password_in_target(void **state)
{
    static const struct {
        const char *line, *shown;
    } rows[] = {
        {"smtp://user:s3cret@mx.example.org:587", "smtp://user:<hidden>@mx.example.org:587"},
        {"smtp://user:s3@cr:et@mx", "smtp://user:<hidden>@mx"},
        {"user:s3cret@mx.example.org", "user:<hidden>@mx.example.org"},
        {"imap://user:s3cret@mx timeout=5s", "imap://user:<hidden>@mx"},
        {"smtp://:s3cret@mx", "smtp://:<hidden>@mx"},
        {"smtp://user@mx:70000", "smtp://user@mx:70000"},
        {"user@example.org", "user@example.org"},
        {"mx.example:70000", "mx.example:70000"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_endpoint e = parse_line(rows[i].line, strlen(rows[i].line));
        assert_non_null(e.invalid);
        assert_null(strstr(e.invalid, "s3"));
        assert_string_equal(e.input, rows[i].shown);
    }
}

static void test_overrides(void **state)
{
    static const char line[] = "mx.example.org:587 timeout=1500ms expect=\"^220 \\\"mx\\\" \\d\" "
                               "require_capability=size,dsn require-capability=pipelining "
                               "warning=connect=0.5,total=5 ehlo_name=[192.0.2.1] # and a comment";
    static const char hash[] = "mx.example.org expect=a#b";
    struct sp_endpoint e = parse_line(line, strlen(line));
    (void)state;
    assert_null(e.invalid);
    assert_string_equal(e.input, "mx.example.org:587");
    assert_ptr_not_equal(e.options, &globals);
    assert_int_equal(e.options->timeout_ms, 1500);
    assert_int_equal(globals.timeout_ms, 30000);
    assert_string_equal(e.options->expect, "^220 \"mx\" \\d");
    assert_int_equal(e.options->require_capability.count, 3);
    assert_string_equal(e.options->require_capability.items[2], "PIPELINING");
    assert_int_equal(globals.require_capability.count, 0);
    assert_string_equal(e.options->warning[SP_PHASE_CONNECT].text, "0.5");
    assert_string_equal(e.options->warning[SP_PHASE_TOTAL].text, "5");
    assert_string_equal(e.options->ehlo_name, "[192.0.2.1]");
    e = parse_line(hash, strlen(hash));
    assert_null(e.invalid);
    assert_string_equal(e.options->expect, "a#b");
}

/* A list in a target line replaces the global one. */
static void test_global_options(void **state)
{
    static const char line[] = "mx.example.org require_capability=DSN";
    char error[256];
    struct sp_endpoint e;
    (void)state;
#define SET(name, value) \
    assert_true(sp_option_set(&globals, arena, sp_option_find(name), value, error, sizeof(error)))
    SET("require-capability", "SIZE,STARTTLS");
    SET("tls", "implicit");
    SET("server-name", "name.example");
    e = parse_line(line, strlen(line));
    assert_null(e.invalid);
    assert_int_equal(e.options->require_capability.count, 1);
    assert_string_equal(e.options->require_capability.items[0], "DSN");
    assert_int_equal(e.port, 465);
    assert_int_equal(e.tls, SP_TLS_IMPLICIT);
    assert_string_equal(e.server_name, "name.example");
    e = parse_line("mx.example.org:25", 17);
    assert_int_equal(e.port, 25);
    assert_int_equal(e.tls, SP_TLS_IMPLICIT);
    assert_int_equal(e.verify, SP_VERIFY_REQUIRE);
    e = parse_line("lmtp+unix:/x", 12);
    assert_int_equal(e.tls, SP_TLS_IMPLICIT);
    assert_string_equal(e.server_name, "name.example");
#undef SET
}

static void test_long_line(void **state)
{
    char line[SP_LIMIT_TARGET_LINE + 2];
    struct sp_endpoint e;
    (void)state;
    memset(line, ' ', sizeof(line));
    memcpy(line, "mx", 2);
    e = parse_line(line, SP_LIMIT_TARGET_LINE);
    assert_null(e.invalid);
    e = parse_line(line, SP_LIMIT_TARGET_LINE + 1);
    assert_non_null(strstr(e.invalid, "more than 4096"));
    memset(line, 'a', sizeof(line));
    e = parse_line(line, sizeof(line));
    assert_non_null(strstr(e.invalid, "more than 4096"));
    assert_int_equal(strlen(e.input), SP_LIMIT_TARGET_LINE);
    e = parse_line(line, SP_LIMIT_TARGET_LINE);
    assert_non_null(strstr(e.invalid, "253 is the most"));
}

static void test_out_of_memory(void **state)
{
    struct sp_endpoint e;
    (void)state;
    for (size_t cap = 0; cap < 4096; cap += 16) {
        struct sp_arena *small = sp_arena_new(cap);
        if (sp_endpoint_parse(small, "smtp://mx.example.org timeout=5s", 32, &globals, &e)) {
            /* enough, or an endpoint that says so: never a half one */
            assert_true(e.invalid != NULL ? strstr(e.invalid, "out of memory") != NULL
                                          : strcmp(e.host, "mx.example.org") == 0);
        }
        sp_arena_free(small);
    }
}

static void test_address(void **state)
{
    struct sockaddr_storage address;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    (void)state;
    assert_true(sp_address_parse("192.0.2.53", 53, &address));
    memcpy(&v4, &address, sizeof(v4));
    assert_int_equal(v4.sin_family, AF_INET);
    assert_int_equal(ntohs(v4.sin_port), 53);
    assert_int_equal(ntohl(v4.sin_addr.s_addr), 0xc0000235);
    assert_true(sp_address_parse("[2001:db8::53]:5353", 53, &address));
    memcpy(&v6, &address, sizeof(v6));
    assert_int_equal(v6.sin6_family, AF_INET6);
    assert_int_equal(ntohs(v6.sin6_port), 5353);
    assert_int_equal(v6.sin6_addr.s6_addr[15], 0x53);
    assert_false(sp_address_parse("", 53, &address));
    assert_false(sp_address_parse("[", 53, &address));
    assert_false(sp_address_parse("1.2.3", 53, &address));
}

static void test_quote(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *expect;
    } rows[] = {
        {"abc", SP_QUOTE_SIZE, "\"abc\""},
        {"", SP_QUOTE_SIZE, "\"\""},
        {"\x1b\xff\n", SP_QUOTE_SIZE, "\"\\x1b\\xff\\x0a\""},
        {"abcdefghijklmnop", 16, "\"abcdefg...\""},
        {"\x01\x01\x01\x01\x01", 16, "\"\\x01\\x01...\""},
        {"abc", 10, "\"a...\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *out = malloc(rows[i].size);
        assert_string_equal(sp_quote(out, rows[i].size, rows[i].text, strlen(rows[i].text)),
                            rows[i].expect);
        free(out);
    }
}

/* RFC 6066 §3: names only. */
static void test_sni(void **state)
{
    static const struct {
        const char *line, *sni;
    } rows[] = {
        {"mx.example.org", "mx.example.org"},
        {"192.0.2.1", NULL},
        {"[2001:db8::1]", NULL},
        {"[fe80::1%lo]", NULL},
        {"192.0.2.1 server_name=mx.example.org", "mx.example.org"},
        {"mx.example.org server_name=192.0.2.1", NULL},
        {"mx.example.org server_name=2001:db8::1", NULL},
        {"lmtp+unix:/run/lmtp", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_endpoint endpoint = parse_line(rows[i].line, strlen(rows[i].line));
        const char *sni = sp_endpoint_sni(&endpoint);
        assert_null(endpoint.invalid);
        if (rows[i].sni == NULL)
            assert_null(sni);
        else
            assert_string_equal(sni, rows[i].sni);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_valid),         TEST(test_invalid),        TEST(test_password_in_target),
        TEST(test_overrides),     TEST(test_global_options), TEST(test_long_line),
        TEST(test_out_of_memory), TEST(test_address),        TEST(test_quote),
        TEST(test_sni),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
