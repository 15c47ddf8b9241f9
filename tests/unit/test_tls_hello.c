/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server says in clear: by hand, cut at any octet, and by OpenSSL in answer to our own hello. */
#include "tests/unit/tls_peer.h"

#include "probe/client_hello.h"
#include "probe/survey_plan.h"
#include "probe/tls_hello.h"
#include "probe/tls_names.h"
#include "probe/tls_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define OCTETS(text) (text), sizeof(text) - 1

#define RANDOM32 "0123456789abcdef0123456789abcdef"
#define RETRY32                                                        \
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" \
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"
/* A ServerHello of 38 octets without extensions in a record of its own. */
#define HELLO(minor, suite) \
    "\x16\x03" minor "\x00\x2a\x02\x00\x00\x26\x03" minor RANDOM32 "\x00" suite "\x00"
/* The same, with an empty session ID and `len` octets of extensions behind their length. */
#define HELLO_WITH(record, message, random, suite, len, extensions) \
    "\x16\x03\x03" record "\x02\x00" message "\x03\x03" random "\x00" suite "\x00" len extensions
#define DONE "\x16\x03\x03\x00\x04\x0e\x00\x00\x00"

struct row {
    const char *name;
    const char *input;
    size_t len;
    enum sp_tls_hello_state state;
    uint16_t version, suite, group;
    int level, alert;
    unsigned dh_bits, rsa_bits;
    uint16_t scheme;
    const char
        *flags; /* h ServerHello, r retry, e EMS, s secure renegotiation, c request, a ALPN */
};

static const struct row rows[] = {
    {"nothing", OCTETS(""), SP_TLS_HELLO_MORE, 0, 0, 0, 0, -1, 0, 0, 0, ""},
    {"handshake_failure", OCTETS("\x15\x03\x01\x00\x02\x02\x28"), SP_TLS_HELLO_DONE, 0, 0, 0, 2, 40,
     0, 0, 0, ""},
    {"an alert over two records", OCTETS("\x15\x03\x01\x00\x01\x02\x15\x03\x01\x00\x01\x46"),
     SP_TLS_HELLO_DONE, 0, 0, 0, 2, 70, 0, 0, 0, ""},
    {"an alert of half its size", OCTETS("\x15\x03\x01\x00\x01\x02"), SP_TLS_HELLO_MORE, 0, 0, 0, 0,
     -1, 0, 0, 0, ""},
    {"close_notify", OCTETS("\x15\x03\x03\x00\x02\x01\x00"), SP_TLS_HELLO_DONE, 0, 0, 0, 1, 0, 0, 0,
     0, ""},
    {"a warning, then the hello", OCTETS("\x15\x03\x03\x00\x02\x01\x70" HELLO("\x03", "\xc0\x2f")),
     SP_TLS_HELLO_MORE, 0x0303, 0xc02f, 0, 1, 112, 0, 0, 0, "h"},
    {"an empty record first", OCTETS("\x16\x03\x03\x00\x00" HELLO("\x03", "\xc0\x2f")),
     SP_TLS_HELLO_MORE, 0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "h"},
    {"SSLv3", OCTETS(HELLO("\x00", "\x00\x0a") "\x16\x03\x00\x00\x04\x0e\x00\x00\x00"),
     SP_TLS_HELLO_DONE, 0x0300, 0x000a, 0, 0, -1, 0, 0, 0, "h"},
    {"NULL suite", OCTETS(HELLO("\x01", "\x00\x00") DONE), SP_TLS_HELLO_DONE, 0x0301, 0, 0, 0, -1,
     0, 0, 0, "h"},
    {"TLS 1.3 with x25519",
     OCTETS(HELLO_WITH("\x00\x38", "\x00\x34", RANDOM32, "\x13\x02", "\x00\x0c",
                       "\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x02\x00\x1d") "rest"),
     SP_TLS_HELLO_DONE, 0x0304, 0x1302, 0x001d, 0, -1, 0, 0, 0, "h"},
    {"HelloRetryRequest",
     OCTETS(
         HELLO_WITH("\x00\x38", "\x00\x34", RETRY32, "\x13\x01", "\x00\x0c",
                    "\x00\x33\x00\x02\x00\x18\x00\x2b\x00\x02\x03\x04") "\x14\x03\x03\x00\x01\x01"),
     SP_TLS_HELLO_MORE, 0x0304, 0x1301, 0x0018, 0, -1, 0, 0, 0, "r"},
    {"a retry, then the hello",
     OCTETS(HELLO_WITH("\x00\x38", "\x00\x34", RETRY32, "\x13\x01", "\x00\x0c",
                       "\x00\x33\x00\x02\x00\x18\x00\x2b\x00\x02\x03\x04")
                HELLO_WITH("\x00\x38", "\x00\x34", RANDOM32, "\x13\x01", "\x00\x0c",
                           "\x00\x33\x00\x02\x00\x18\x00\x2b\x00\x02\x03\x04")),
     SP_TLS_HELLO_DONE, 0x0304, 0x1301, 0x0018, 0, -1, 0, 0, 0, "hr"},
    {"two retries",
     OCTETS(HELLO_WITH("\x00\x38", "\x00\x34", RETRY32, "\x13\x01", "\x00\x0c",
                       "\x00\x33\x00\x02\x00\x18\x00\x2b\x00\x02\x03\x04")
                HELLO_WITH("\x00\x38", "\x00\x34", RETRY32, "\x13\x02", "\x00\x0c",
                           "\x00\x33\x00\x02\x00\x18\x00\x2b\x00\x02\x03\x04")),
     SP_TLS_HELLO_BROKEN, 0x0304, 0x1301, 0x0018, 0, -1, 0, 0, 0, "r"},
    {"ALPN that is longer than its list",
     OCTETS(HELLO_WITH("\x00\x41", "\x00\x3d", RANDOM32, "\xc0\x2f", "\x00\x15",
                       "\x00\x17\x00\x00\xff\x01\x00\x01\x00\x00\x10\x00\x08\x00\x06\x09smtp"
                       "x") ""),
     SP_TLS_HELLO_BROKEN, 0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "es"},
    {"EMS, renegotiation, ALPN",
     OCTETS(HELLO_WITH("\x00\x40", "\x00\x3c", RANDOM32, "\xc0\x2f", "\x00\x14",
                       "\x00\x17\x00\x00\xff\x01\x00\x01\x00\x00\x10\x00\x07\x00\x05\x04smtp")),
     SP_TLS_HELLO_MORE, 0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "hesa"},
    {"ECDHE on secp256r1, rsa_pkcs1_sha1",
     OCTETS(HELLO("\x03", "\xc0\x2f") "\x16\x03\x03\x00\x0e\x0c\x00\x00\x0a\x03\x00\x17\x01\x04\x02"
                                      "\x01\x00\x01x" DONE),
     SP_TLS_HELLO_DONE, 0x0303, 0xc02f, 0x0017, 0, -1, 0, 0, 0x0201, "h"},
    {"the same in TLS 1.0 has no scheme",
     OCTETS(HELLO("\x01", "\xc0\x13") "\x16\x03\x01\x00\x0c\x0c\x00\x00\x08\x03\x00\x17\x01\x04\x00"
                                      "\x01x" DONE),
     SP_TLS_HELLO_DONE, 0x0301, 0xc013, 0x0017, 0, -1, 0, 0, 0, "h"},
    {"a curve of its own",
     OCTETS(HELLO("\x03", "\xc0\x2f") "\x16\x03\x03\x00\x07\x0c\x00\x00\x03\x01\x00\x17" DONE),
     SP_TLS_HELLO_DONE, 0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "h"},
    {"DHE of 11 bits behind a zero, certificate asked",
     OCTETS(HELLO("\x03", "\x00\x9e") "\x16\x03\x03\x00\x16\x0c\x00\x00\x0e\x00\x03\x00\x07\xff\x00"
                                      "\x01\x02\x00\x01\x03\x04\x01\x00\x0d\x00\x00\x00" DONE),
     SP_TLS_HELLO_DONE, 0x0303, 0x009e, 0, 0, -1, 11, 0, 0x0401, "hc"},
    {"anonymous DH is not signed",
     OCTETS(HELLO("\x03", "\x00\x34") "\x16\x03\x03\x00\x0e\x0c\x00\x00\x0a\x00\x02\x80\x01\x00\x01"
                                      "\x02\x00\x01\x03" DONE),
     SP_TLS_HELLO_DONE, 0x0303, 0x0034, 0, 0, -1, 16, 0, 0, "h"},
    {"an export key of 9 bits",
     OCTETS(HELLO("\x00", "\x00\x03") "\x16\x03\x00\x00\x0b\x0c\x00\x00\x07\x00\x02\x01\xff\x00\x01"
                                      "\x03" DONE),
     SP_TLS_HELLO_DONE, 0x0300, 0x0003, 0, 0, -1, 0, 9, 0, "h"},
    {"a resumed session ends in ChangeCipherSpec",
     OCTETS(HELLO("\x03", "\xc0\x2f") "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x01\xff"),
     SP_TLS_HELLO_DONE, 0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "h"},
    {"an alert behind the hello", OCTETS(HELLO("\x03", "\xc0\x2f") "\x15\x03\x03\x00\x02\x02\x50"),
     SP_TLS_HELLO_DONE, 0x0303, 0xc02f, 0, 2, 80, 0, 0, 0, "h"},
    {"HelloRequest is nothing",
     OCTETS("\x16\x03\x03\x00\x04\x00\x00\x00\x00" HELLO("\x03", "\xc0\x2f")), SP_TLS_HELLO_MORE,
     0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "h"},
    {"plain text", OCTETS("500 5.5.1 what?\r\n"), SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1, 0, 0, 0, ""},
    {"not version 3", OCTETS("\x16\x02\x00"), SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1, 0, 0, 0, ""},
    {"a heartbeat", OCTETS("\x18\x03\x03"), SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1, 0, 0, 0, ""},
    {"too long a record", OCTETS("\x16\x03\x03\x48\x01"), SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1, 0, 0,
     0, ""},
    {"data before the hello", OCTETS("\x17\x03\x03\x00\x01x"), SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1,
     0, 0, 0, ""},
    {"a certificate before the hello", OCTETS("\x16\x03\x03\x00\x05\x0b\x00\x00\x01x"),
     SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1, 0, 0, 0, ""},
    {"two hellos", OCTETS(HELLO("\x03", "\xc0\x2f") HELLO("\x03", "\xc0\x30")), SP_TLS_HELLO_BROKEN,
     0x0303, 0xc02f, 0, 0, -1, 0, 0, 0, "h"},
    {"a hello that ends too early", OCTETS("\x16\x03\x03\x00\x06\x02\x00\x00\x02\x03\x03"),
     SP_TLS_HELLO_BROKEN, 0, 0, 0, 0, -1, 0, 0, 0, ""},
    {"extensions that are longer than their list",
     OCTETS(
         HELLO_WITH("\x00\x30", "\x00\x2c", RANDOM32, "\x13\x02", "\x00\x04", "\x00\x2b\x00\x02")),
     SP_TLS_HELLO_BROKEN, 0x0303, 0x1302, 0, 0, -1, 0, 0, 0, ""},
};

static const char *flags_of(const struct sp_tls_hello *hello)
{
    static char text[8];
    size_t len = 0;
    const struct {
        char letter;
        bool set;
    } flags[] = {{'h', hello->server_hello},           {'r', hello->retry},
                 {'e', hello->extended_master_secret}, {'s', hello->secure_renegotiation},
                 {'c', hello->certificate_request},    {'a', hello->alpn_len > 0}};
    for (size_t i = 0; i < COUNT(flags); i++)
        if (flags[i].set)
            text[len++] = flags[i].letter;
    text[len] = '\0';
    return text;
}

static void expect_row(const struct row *row, const struct sp_tls_hello *hello, size_t step)
{
    if (hello->state != row->state || hello->version != row->version ||
        hello->suite != row->suite || hello->group != row->group ||
        hello->alert_level != row->level || hello->alert != row->alert ||
        hello->dh_bits != row->dh_bits || hello->rsa_bits != row->rsa_bits ||
        hello->signature_scheme != row->scheme || strcmp(flags_of(hello), row->flags) != 0)
        fail_msg(
            "%s, in steps of %zu: state %d version %04x suite %04x group %04x alert %d %d dh %u "
            "rsa %u scheme %04x flags '%s'",
            row->name, step, (int)hello->state, hello->version, hello->suite, hello->group,
            hello->alert_level, hello->alert, hello->dh_bits, hello->rsa_bits,
            hello->signature_scheme, flags_of(hello));
    assert_true((hello->broken != NULL) == (row->state == SP_TLS_HELLO_BROKEN));
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t step = 1; step <= rows[i].len + 1; step++) {
            struct sp_tls_hello hello;
            sp_tls_hello_init(&hello);
            for (size_t at = 0; at < rows[i].len; at += step) {
                size_t left = rows[i].len - at;
                sp_tls_hello_feed(&hello, rows[i].input + at, left < step ? left : step);
            }
            expect_row(&rows[i], &hello, step);
        }
    }
}

/* A certificate message of 16 MiB and a key exchange that isn't kept whole pass by. */
static void test_large_messages(void **state)
{
    (void)state;
    static uint8_t zeros[16384];
    struct sp_tls_hello hello;
    sp_tls_hello_init(&hello);
    sp_tls_hello_feed(&hello, OCTETS(HELLO("\x03", "\x00\x9e")));
    size_t left = 0xffffffu + 4;
    for (bool first = true; left > 0; first = false) {
        size_t len = left < sizeof zeros ? left : sizeof zeros;
        const uint8_t header[] = {22, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
        memset(zeros, 0, sizeof zeros);
        if (first)
            memcpy(zeros, "\x0b\xff\xff\xff", 4);
        sp_tls_hello_feed(&hello, header, sizeof header);
        sp_tls_hello_feed(&hello, zeros, len);
        left -= len;
    }
    assert_int_equal(hello.state, SP_TLS_HELLO_MORE);
    memset(zeros, 0xff, sizeof zeros);
    memcpy(zeros, "\x0c\x00\x3f\xfc\x10\x00", 6); /* a prime of 4096 octets */
    sp_tls_hello_feed(&hello, OCTETS("\x16\x03\x03\x40\x00"));
    sp_tls_hello_feed(&hello, zeros, sizeof zeros);
    assert_int_equal(hello.state, SP_TLS_HELLO_MORE);
    assert_int_equal(hello.signature_scheme, 0);
    sp_tls_hello_feed(&hello, OCTETS(DONE));
    assert_int_equal(hello.state, SP_TLS_HELLO_DONE);
}

/* --- our ClientHello and OpenSSL ---------------------------------------------------------------- */

static EVP_PKEY *rsa_key, *ec_key;
static X509 *rsa_cert, *ec_cert;

static int set_up(void **state)
{
    (void)state;
    const struct peer_cert host = {.name = "mx.test"};
    rsa_key = peer_make_key(PEER_RSA);
    ec_key = peer_make_key(PEER_EC);
    rsa_cert = peer_make_cert(&host, rsa_key, NULL, NULL);
    ec_cert = peer_make_cert(&host, ec_key, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    X509_free(rsa_cert);
    X509_free(ec_cert);
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(ec_key);
    return 0;
}

struct asked {
    const char *name;
    int server_min, server_max;
    const char *ciphers, *groups;
    bool ec;
    enum sp_survey_question question;
    enum sp_tls_policy policy;
    uint16_t version_min, version_max;
    /* expected */
    uint16_t version; /* 0: refused */
    const char *suite_part;
    uint16_t group; /* 0: none, or whatever */
    int alert;
};

static const struct asked asked_rows[] = {
    {"anything of a TLS 1.3 server", 0, 0, NULL, NULL, false, SP_SURVEY_ANYTHING,
     SP_TLS_POLICY_NONE, 0x0300, 0x0304, 0x0304, "TLS_AES_", 0, -1},
    {"anything of a TLS 1.0 server", TLS1_VERSION, TLS1_VERSION, "ALL:@SECLEVEL=0", NULL, false,
     SP_SURVEY_ANYTHING, SP_TLS_POLICY_NONE, 0x0300, 0x0304, 0x0301, "_CBC_SHA", 0, -1},
    {"anything of a static RSA server", TLS1_2_VERSION, TLS1_2_VERSION, "AES128-SHA256:@SECLEVEL=0",
     NULL, false, SP_SURVEY_ANYTHING, SP_TLS_POLICY_NONE, 0x0300, 0x0304, 0x0303,
     "TLS_RSA_WITH_AES_128_CBC_SHA256", 0, -1},
    {"only TLS 1.1 and older, of one that has them", TLS1_VERSION, TLS1_3_VERSION,
     "ALL:@SECLEVEL=0", NULL, true, SP_SURVEY_OLD_VERSIONS, SP_TLS_POLICY_INTERMEDIATE, 0x0300,
     0x0302, 0x0302, "TLS_ECDHE_ECDSA_WITH_AES", 0, -1},
    {"only TLS 1.1 and older, of one that doesn't", TLS1_2_VERSION, TLS1_3_VERSION, NULL, NULL,
     true, SP_SURVEY_OLD_VERSIONS, SP_TLS_POLICY_INTERMEDIATE, 0x0300, 0x0302, 0, NULL, 0, 70},
    {"only SSLv3", TLS1_VERSION, TLS1_3_VERSION, "ALL:@SECLEVEL=0", NULL, true,
     SP_SURVEY_OLD_VERSIONS, SP_TLS_POLICY_OLD, 0x0300, 0x0300, 0, NULL, 0, 40},
    {"other suites, of one that has CBC", TLS1_2_VERSION, TLS1_3_VERSION, "ALL:@SECLEVEL=0", NULL,
     false, SP_SURVEY_OTHER_SUITES, SP_TLS_POLICY_INTERMEDIATE, 0x0303, 0x0303, 0x0303, "TLS_", 0,
     -1},
    {"other suites, of one that hasn't", TLS1_2_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM", NULL,
     false, SP_SURVEY_OTHER_SUITES, SP_TLS_POLICY_INTERMEDIATE, 0x0303, 0x0303, 0, NULL, 0, 40},
    {"weak suites, anonymous ones", TLS1_2_VERSION, TLS1_3_VERSION, "ALL:aNULL:@SECLEVEL=0", NULL,
     false, SP_SURVEY_WEAK_SUITES, SP_TLS_POLICY_INTERMEDIATE, 0x0303, 0x0303, 0x0303, "_anon_", 0,
     -1},
    {"other groups by HelloRetryRequest", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "X25519:P-521",
     true, SP_SURVEY_OTHER_GROUPS, SP_TLS_POLICY_MODERN, 0x0304, 0x0304, 0x0304, "TLS_AES_", 0x0019,
     -1},
    {"other groups, of one with none", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "X25519:P-256", true,
     SP_SURVEY_OTHER_GROUPS, SP_TLS_POLICY_MODERN, 0x0304, 0x0304, 0, NULL, 0, 40},
    {"other groups in TLS 1.2", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE+AESGCM", "P-521", false,
     SP_SURVEY_OTHER_GROUPS, SP_TLS_POLICY_INTERMEDIATE, 0x0303, 0x0304, 0x0303,
     "TLS_ECDHE_RSA_WITH_AES", 0x0019, -1},
};

static void feed_all(SSL *ssl, struct sp_tls_hello *hello)
{
    uint8_t octets[4096];
    int len;
    SSL_do_handshake(ssl);
    while ((len = BIO_read(SSL_get_wbio(ssl), octets, sizeof octets)) > 0)
        sp_tls_hello_feed(hello, octets, (size_t)len);
}

static void ask(const struct asked *row, const struct sp_client_hello *question,
                struct sp_tls_hello *hello)
{
    const struct peer_config config = {.key = row->ec ? ec_key : rsa_key,
                                       .chain = {row->ec ? ec_cert : rsa_cert},
                                       .chain_count = 1,
                                       .version_min = row->server_min,
                                       .version_max = row->server_max,
                                       .ciphers = row->ciphers,
                                       .groups = row->groups};
    struct sp_buf record;
    struct peer peer;
    sp_buf_init(&record, SP_LIMIT_CLIENT_HELLO);
    assert_true(sp_client_hello_make(&record, question));
    peer_open(&peer, &config);
    assert_int_equal(BIO_write(peer.in, record.data, (int)record.len), (int)record.len);
    sp_tls_hello_init(hello);
    feed_all(peer.ssl, hello);
    peer_close(&peer);
    sp_buf_free(&record);
}

static void test_openssl(void **state)
{
    (void)state;
    static const uint8_t chance[SP_CLIENT_HELLO_RANDOM] = "chance that is always the same";
    for (size_t i = 0; i < COUNT(asked_rows); i++) {
        const struct asked *row = &asked_rows[i];
        const struct sp_survey survey = {.question = row->question,
                                         .version_min = row->version_min,
                                         .version_max = row->version_max};
        struct sp_survey_offer offer;
        sp_survey_offer(&survey, row->policy, &offer);
        const struct sp_client_hello question = {.version_min = row->version_min,
                                                 .version_max = row->version_max,
                                                 .suites = offer.suites,
                                                 .suite_count = offer.suite_count,
                                                 .groups = offer.groups,
                                                 .group_count = offer.group_count,
                                                 .sni = "mx.test",
                                                 .random = chance};
        struct sp_tls_hello hello;
        ask(row, &question, &hello);
        const char *suite = sp_tls_suite_name(hello.suite);
        bool chosen = hello.server_hello || hello.retry;
        if (chosen != (row->version != 0) || hello.version != row->version ||
            hello.alert != row->alert || (row->group && hello.group != row->group) ||
            (chosen &&
             (!suite || !strstr(suite, row->suite_part) || !sp_survey_offers(&offer, hello.suite))))
            fail_msg("%s: state %d version %04x suite %s group %04x alert %d: %s", row->name,
                     (int)hello.state, hello.version, suite ? suite : "?", hello.group, hello.alert,
                     hello.broken ? hello.broken : "");
    }
}

/* The lengths agree whatever is in it; OpenSSL reads none of those between 256 and 511 octets. */
static void test_client_hello_sizes(void **state)
{
    (void)state;
    static const uint8_t chance[SP_CLIENT_HELLO_RANDOM];
    uint16_t suites[150];
    size_t count = 0;
    const struct sp_tls_suite *all = sp_tls_suites(&count);
    for (size_t i = 0; i < COUNT(suites); i++)
        suites[i] = all[i % count].number;
    for (size_t used = 1; used <= COUNT(suites); used++) {
        struct sp_client_hello hello = {.version_min = 0x0301,
                                        .version_max = used % 2 ? 0x0303 : 0x0304,
                                        .suites = suites,
                                        .suite_count = used,
                                        .sni = used % 3 ? "mx.test" : NULL,
                                        .random = chance};
        struct sp_buf record;
        sp_buf_init(&record, SP_LIMIT_CLIENT_HELLO);
        assert_true(sp_client_hello_make(&record, &hello));
        size_t body = (size_t)record.data[3] << 8 | record.data[4];
        size_t message = (size_t)record.data[7] << 8 | record.data[8];
        assert_int_equal(body + 5, record.len);
        assert_int_equal(message + 4, body);
        assert_false(body >= 256 && body < 512);
        sp_buf_free(&record);
        sp_buf_init(&record, 64);
        assert_false(sp_client_hello_make(&record, &hello));
        sp_buf_free(&record);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_openssl),
        cmocka_unit_test(test_client_hello_sizes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
