/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define IP4 "\xc0\x00\x02\x01"
#define IP6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define NAME253 LABEL63 "." LABEL63 "." LABEL63 "." LABEL61
#define LABEL61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

enum { EMAIL = 0x81, DNS = 0x82, URI = 0x86, IP = 0x87 };

#define TEXT(text) text, sizeof text - 1

static const struct row {
    unsigned tag;
    const char *presented;
    size_t len;
    const char *reference;
    bool matches;
} rows[] = {
    /* The same name; case and one trailing dot of the reference do not count. */
    {DNS, TEXT("mx.example.org"), "mx.example.org", true},
    {DNS, TEXT("MX.eXample.ORG"), "mx.ExamplE.org", true},
    {DNS, TEXT("mx.example.org"), "mx.example.org.", true},
    {DNS, TEXT("mx.example.org"), "mx.example.org..", false},
    {DNS, TEXT("mx.example.org."), "mx.example.org", false},
    {DNS, TEXT("mx.example.org."), "mx.example.org.", false},
    {DNS, TEXT("localhost"), "localhost", true},
    {DNS, TEXT("mx.example.org"), "mx.example.net", false},
    {DNS, TEXT("example.org"), "mx.example.org", false},
    {DNS, TEXT("mx.example.org"), "example.org", false},
    {DNS, TEXT("xmx.example.org"), "mx.example.org", false},
    {DNS, TEXT("mx.example.org"), "", false},
    {DNS, TEXT("mx.example.org"), ".", false},
    {DNS, TEXT(""), "", false},
    {DNS, TEXT(""), ".", false},
    {DNS, TEXT("."), ".", false},
    {DNS, TEXT("mx..example.org"), "mx..example.org", false},
    {DNS, TEXT(".example.org"), ".example.org", false},
    {DNS, TEXT(".example.org"), "mx.example.org", false},
    {DNS, TEXT("mx_1.example.org"), "mx_1.example.org", true},
    {DNS, TEXT("mx-1.example.org"), "mx-1.example.org", true},
    {DNS, TEXT("mx 1.example.org"), "mx 1.example.org", false},
    /* NUL and other octets that no name has. */
    {DNS, TEXT("mx.example.org\0.evil.test"), "mx.example.org", false},
    {DNS, TEXT("mx.example.org\0"), "mx.example.org", false},
    {DNS, TEXT("\0"), "", false},
    {DNS, TEXT("mx.example.org\n"), "mx.example.org", false},
    {DNS, TEXT("m\xfc.example.org"), "m\xfc.example.org", false},
    /* A-labels; the wildcard stands for one of them too (RFC 9525 §6.3). */
    {DNS, TEXT("xn--mx-fka.example.org"), "XN--MX-fka.example.org", true},
    {DNS, TEXT("*.example.org"), "xn--mx-fka.example.org", true},
    {DNS, TEXT("*.xn--mx-fka.example"), "a.xn--mx-fka.example", true},
    {DNS, TEXT("xn--*.example.org"), "xn--mx-fka.example.org", false},
    {DNS, TEXT("m\xc3\xbc.example.org"), "m\xc3\xbc.example.org", false},
    /* Wildcards. */
    {DNS, TEXT("*.example.org"), "mx.example.org", true},
    {DNS, TEXT("*.EXAMPLE.org"), "MX.example.ORG.", true},
    {DNS, TEXT("*.example.org"), "example.org", false},
    {DNS, TEXT("*.example.org"), ".example.org", false},
    {DNS, TEXT("*.example.org"), "a.mx.example.org", false},
    {DNS, TEXT("*.example.org"), "*.example.org", false},
    {DNS, TEXT("*.*.example.org"), "a.mx.example.org", false},
    {DNS, TEXT("mx.*.org"), "mx.example.org", false},
    {DNS, TEXT("m*.example.org"), "mx.example.org", false},
    {DNS, TEXT("*x.example.org"), "mx.example.org", false},
    {DNS, TEXT("m*x.example.org"), "mx.example.org", false},
    {DNS, TEXT("**.example.org"), "mx.example.org", false},
    {DNS, TEXT("*"), "mx", false},
    {DNS, TEXT("*"), "mx.example.org", false},
    {DNS, TEXT("*."), "mx.", false},
    {DNS, TEXT("*.org"), "example.org", false},
    {DNS, TEXT("*.org."), "example.org.", false},
    {DNS, TEXT("*.localhost"), "mx.localhost", false},
    {DNS, TEXT("*.example.org."), "mx.example.org", false},
    {DNS, TEXT("*..org"), "mx..org", false},
    {DNS, TEXT("*.example.org\0x"), "mx.example.org", false},
    {DNS, TEXT("l*localhost"), "localhost", false},
    /* Lengths. */
    {DNS, TEXT(LABEL63 ".org"), LABEL63 ".org", true},
    {DNS, TEXT(LABEL63 "x.org"), LABEL63 "x.org", false},
    {DNS, TEXT(NAME253), NAME253, true},
    {DNS, TEXT(NAME253), NAME253 ".", true},
    {DNS, TEXT(NAME253 "x"), NAME253 "x", false},
    /* Addresses: only by octets, never as DNS names. */
    {IP, TEXT(IP4), "192.0.2.1", true},
    {IP, TEXT(IP4), "192.0.2.2", false},
    {IP, TEXT(IP4), "192.0.2.1.", false},
    {IP, TEXT(IP4), "::ffff:192.0.2.1", false},
    {IP, TEXT("\0\0\0\0\0\0\0\0\0\0\xff\xff" IP4), "192.0.2.1", false},
    {IP, TEXT("\0\0\0\0\0\0\0\0\0\0\xff\xff" IP4), "::ffff:192.0.2.1", true},
    {IP, TEXT(IP6), "2001:db8::1", true},
    {IP, TEXT(IP6), "2001:0DB8:0:0:0:0:0:1", true},
    {IP, TEXT(IP6), "2001:db8::2", false},
    {IP, TEXT(IP4 "\0"), "192.0.2.1", false},
    {IP, TEXT("\xc0\x00\x02"), "192.0.2.1", false},
    {IP, TEXT(""), "192.0.2.1", false},
    {IP, TEXT(IP4 "\xff\xff\xff\xff"), "192.0.2.1", false},
    {IP, TEXT("192.0.2.1"), "192.0.2.1", false},
    {DNS, TEXT("127.0.0.1"), "127.0.0.1", false},
    {DNS, TEXT("2001:db8::1"), "2001:db8::1", false},
    {DNS, TEXT("*.0.0.1"), "127.0.0.1", false},
    {DNS, TEXT("127.1"), "127.1", false},
    {DNS, TEXT("1.2.3.256"), "1.2.3.256", false},
    {DNS, TEXT("example.123"), "example.123", false},
    {DNS, TEXT("123.example"), "123.example", true},
    {DNS, TEXT("example.1x"), "example.1x", true},
    /* Other kinds of names speak for no host. */
    {EMAIL, TEXT("mx.example.org"), "mx.example.org", false},
    {EMAIL, TEXT("postmaster@mx.example.org"), "mx.example.org", false},
    {URI, TEXT("mx.example.org"), "mx.example.org", false},
    {URI, TEXT("https://mx.example.org/"), "mx.example.org", false},
    {0xa2, TEXT("mx.example.org"), "mx.example.org", false},
    {0x83, TEXT("mx.example.org"), "mx.example.org", false},
};

/* Appends one GeneralName of up to 65535 octets. */
static size_t put_name(uint8_t *out, unsigned tag, const char *value, size_t len)
{
    size_t used = 0;
    out[used++] = (uint8_t)tag;
    if (len >= 0x100) {
        out[used++] = 0x82;
        out[used++] = (uint8_t)(len >> 8);
    } else if (len >= 0x80) {
        out[used++] = 0x81;
    }
    out[used++] = (uint8_t)(len & 0xff);
    memcpy(out + used, value, len);
    return used + len;
}

static void test_one_name(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t der[512];
        struct sp_cert cert = {0};
        struct sp_general_name name = {0};
        cert.san.data = der;
        cert.san.len = put_name(der, rows[i].tag, rows[i].presented, rows[i].len);
        bool matches = sp_name_match(&cert, rows[i].reference, &name);
        if (matches != rows[i].matches || (matches && name.value.len != rows[i].len)) {
            print_error("%s against \"%s\" (row %zu)\n", rows[i].presented, rows[i].reference, i);
            wrong++;
        }
    }
    assert_int_equal(0, wrong);
}

static void test_many_names(void **state)
{
    (void)state;
    static uint8_t der[65536];
    struct sp_cert cert = {0};
    struct sp_general_name name;
    size_t used = 0;
    for (int i = 0; i < 3000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "h%d.example.org", i);
        used += put_name(der + used, DNS, text, (size_t)len);
    }
    used += put_name(der + used, IP, IP4, 4);
    cert.san = (struct sp_slice){der, used};
    /* Also those beyond what the list of facts keeps. */
    assert_true(sp_name_match(&cert, "h0.example.org", NULL));
    assert_true(sp_name_match(&cert, "h2999.example.org", &name));
    assert_int_equal(SP_NAME_DNS, name.type);
    assert_true(sp_name_match(&cert, "192.0.2.1", &name));
    assert_int_equal(SP_NAME_IP, name.type);
    assert_false(sp_name_match(&cert, "h3000.example.org", NULL));
    /* Nothing is read past a length that lies. */
    cert.san.len = used - 1;
    assert_false(sp_name_match(&cert, "192.0.2.1", NULL));
    cert.san.len = 1;
    assert_false(sp_name_match(&cert, "h0.example.org", NULL));
    cert.san = (struct sp_slice){NULL, 0};
    assert_false(sp_name_match(&cert, "h0.example.org", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_name),
        cmocka_unit_test(test_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
