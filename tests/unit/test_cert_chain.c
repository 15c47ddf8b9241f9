/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates in full: what extensions say, that PEM is what OpenSSL reads, and that no certificate makes
 * the output wide, long or dangerous.
 */
#include "output/facts.h"
#include "output/output.h"
#include "output/utf8.h"
#include "probe/cert_details.h"
#include "probe/path.h"
#include "tests/unit/mint.h"
#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OUTPUT_MAX 262144u /* octets of a whole report about the worst chain below */

static const struct mint_row rows[] = {
    {.name = "plain", .subject = "CN=Plain", .issuer = "plain"},
    {.name = "full",
     .subject = "CN=full.test",
     .issuer = "full",
     .extensions = "basicConstraints=critical,CA:TRUE,pathlen:2\n"
                   "keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,"
                   "keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly\n"
                   "extendedKeyUsage=serverAuth,clientAuth,codeSigning,emailProtection,"
                   "timeStamping,OCSPSigning,anyExtendedKeyUsage,1.2.3.4\n"
                   "authorityInfoAccess=OCSP;URI:http://o.test/a,caIssuers;URI:http://i.test/b,"
                   "OCSP;URI:http://o.test/c,caIssuers;email:not@a.url\n"
                   "crlDistributionPoints=URI:http://c.test/d,URI:ldap://c.test/e\n"
                   "nameConstraints=permitted;DNS:a.test,permitted;IP:10.0.0.0/255.0.0.0,"
                   "excluded;IP:10.1.2.3/255.0.255.0,excluded;email:b.test,"
                   "excluded;IP:2001:db8::/ffff:ffff::\n"},
    {.name = "serial",
     .subject = "CN=mx.example.org",
     .issuer = "serial",
     .extensions = "subjectAltName=DNS:mx.example.org\n",
     .flags = MINT_LONG_SERIAL},
    {0},
};

static struct mint_pki pki;

static int set_up(void **state)
{
    (void)state;
    mint_pki_make(&pki, rows);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mint_pki_free(&pki);
    return 0;
}

/* Reads a certificate into the sample in place of the one that is there. */
static struct sp_cert *load(struct sample *sample, const uint8_t *der, size_t len)
{
    struct sp_evidence *evidence = sample->evidence;
    struct sp_cert *cert = sp_arena_alloc(evidence->arena, sizeof *cert);
    uint8_t *copy = sp_arena_memdup(evidence->arena, der, len);
    assert_true(cert != NULL && copy != NULL && sp_cert_parse(evidence->arena, copy, len, cert));
    evidence->tls.certs = cert;
    evidence->tls.cert_count = 1;
    return cert;
}

/* --- details ------------------------------------------------------------------------------------ */

static void expect_slice(struct sp_slice slice, const char *want)
{
    assert_int_equal(slice.len, strlen(want));
    assert_memory_equal(slice.data, want, slice.len);
}

static void expect_subtree(const struct sp_general_name *name, const char *want)
{
    struct sp_buf text;
    sp_buf_init(&text, 4096);
    assert_true(sp_fact_subtree(&text, name));
    assert_int_equal(text.len, strlen(want));
    assert_memory_equal(text.data, want, text.len);
    sp_buf_free(&text);
}

static void test_details(void **state)
{
    static const char *const uses[] = {"serverAuth",         "clientAuth",   "codeSigning",
                                       "emailProtection",    "timeStamping", "OCSPSigning",
                                       "anyExtendedKeyUsage"};
    struct sample sample;
    struct sp_cert_details details;
    (void)state;
    sample_init(&sample, SP_TLS_IMPLICIT);
    const struct minted *full = mint_find(&pki, "full");
    const struct sp_cert *cert = load(&sample, full->der, full->len);
    assert_true(cert->parsed);
    sp_cert_read_details(cert, &details);
    for (unsigned i = 0; i < SP_USAGE_COUNT; i++) {
        assert_true((cert->key_usage & (1u << i)) != 0);
        assert_true(sp_usage_name(i)[0] != '\0');
    }
    assert_int_equal(details.uses.count, 8);
    for (size_t i = 0; i < COUNT(uses); i++)
        assert_string_equal(sp_use_name(details.uses.oids[i]), uses[i]);
    assert_null(sp_use_name(details.uses.oids[7]));
    assert_int_equal(details.ocsp.count, 2);
    expect_slice(details.ocsp.items[0], "http://o.test/a");
    expect_slice(details.ocsp.items[1], "http://o.test/c");
    assert_int_equal(details.issuers.count, 1);
    expect_slice(details.issuers.items[0], "http://i.test/b");
    assert_int_equal(details.crls.count, 2);
    expect_slice(details.crls.items[1], "ldap://c.test/e");
    assert_int_equal(details.permitted.count, 2);
    expect_subtree(&details.permitted.items[0], "DNS:a.test");
    expect_subtree(&details.permitted.items[1], "IP:10.0.0.0/8");
    assert_int_equal(details.excluded.count, 3);
    expect_subtree(&details.excluded.items[0], "IP:10.1.2.3/ff00ff00");
    expect_subtree(&details.excluded.items[1], "email:b.test");
    expect_subtree(&details.excluded.items[2], "IP:2001:db8::/32");
    sample_free(&sample);
}

/* Version 1 has nothing; octets that are changed or missing give less, and never a read beyond the end. */
static void test_broken_details(void **state)
{
    struct sample sample;
    struct sp_cert_details details;
    (void)state;
    sample_init(&sample, SP_TLS_IMPLICIT);
    const struct minted *plain = mint_find(&pki, "plain");
    sp_cert_read_details(load(&sample, plain->der, plain->len), &details);
    assert_int_equal(details.uses.count + details.ocsp.count + details.crls.count, 0);
    const struct minted *full = mint_find(&pki, "full");
    const struct sp_cert *whole = load(&sample, full->der, full->len);
    for (size_t len = 0; len < whole->tbs.len; len++) {
        uint8_t *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, whole->tbs.data, len);
        struct sp_cert part = {.tbs = {copy, len}};
        sp_cert_read_details(&part, &details);
        assert_int_equal(details.uses.count, 0); /* the outer length is wrong */
        free(copy);
    }
    uint8_t *copy = malloc(whole->tbs.len);
    assert_non_null(copy);
    for (size_t at = 0; at < whole->tbs.len; at++) {
        memcpy(copy, whole->tbs.data, whole->tbs.len);
        copy[at] ^= 0xff;
        struct sp_cert changed = {.tbs = {copy, whole->tbs.len}};
        sp_cert_read_details(&changed, &details);
        assert_true(details.uses.count <= 8 && details.ocsp.count <= 2);
    }
    free(copy);
    sample_free(&sample);
}

/* --- PEM ---------------------------------------------------------------------------------------- */

static char *render(struct sample *sample, struct sp_render style, size_t *out_len)
{
    struct sp_report report = {.results = &sample->result, .count = 1};
    struct sp_writer writer;
    report.state = sample->result.state;
    report.by_state[report.state] = 1;
    sp_writer_init(&writer, -1);
    sp_output_text.report(&writer, &style, &report);
    assert_int_equal(writer.error, 0);
    char *text = calloc(1, writer.buf.len + 1);
    assert_non_null(text);
    if (writer.buf.len > 0)
        memcpy(text, writer.buf.data, writer.buf.len);
    *out_len = writer.buf.len;
    sp_writer_free(&writer);
    return text;
}

/* What OpenSSL reads is what was sent, whatever stands around it. */
static void expect_pem(const char *text, size_t len, const uint8_t *der, size_t der_len)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *again = NULL;
    assert_non_null(cert);
    int got = i2d_X509(cert, &again);
    assert_int_equal(got, der_len);
    assert_memory_equal(again, der, der_len);
    assert_null(PEM_read_bio_X509(bio, NULL, NULL, NULL)); /* one only */
    OPENSSL_free(again);
    X509_free(cert);
    BIO_free(bio);
}

static size_t count_text(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

static void test_pem(void **state)
{
    static const struct sp_render styles[] = {
        {.width = 80, .pem = true, .quiet = true},
        {.width = 40, .pem = true, .quiet = true, .unicode = true, .verbose = 2},
        {.width = 80, .pem = true},
        {.width = 80, .pem = true, .certificates = true, .unicode = true},
    };
    (void)state;
    for (size_t i = 0; rows[i].name != NULL; i++) {
        struct sample sample;
        const struct minted *minted = mint_find(&pki, rows[i].name);
        sample_init(&sample, SP_TLS_IMPLICIT);
        sample_tls(&sample, 29);
        struct sp_cert *cert = load(&sample, minted->der, minted->len);
        /* A name that wants to be a block of its own. */
        cert->subject_text = "CN=-----BEGIN CERTIFICATE-----\\0aAAAA";
        cert->issuer_text = "CN=------------";
        sample_judge(&sample);
        for (size_t k = 0; k < COUNT(styles); k++) {
            size_t len;
            char *text = render(&sample, styles[k], &len);
            expect_pem(text, len, minted->der, minted->len);
            if (styles[k].quiet) {
                assert_int_equal(count_text(text, "-----BEGIN"), 1);
                assert_int_equal(count_text(text, "\n#"), 2);
                assert_int_equal(text[0], '#');
            }
            free(text);
        }
        sample_free(&sample);
    }
}

/* Lengths around the end of a line, held against OpenSSL's encoder. */
static void test_pem_lengths(void **state)
{
    (void)state;
    for (size_t len = 1; len < 200; len++) {
        uint8_t octets[200];
        struct sp_cert cert = {.der = {octets, len}};
        struct sp_buf text;
        for (size_t i = 0; i < len; i++)
            octets[i] = (uint8_t)(i * 37 + len);
        sp_buf_init(&text, 4096);
        assert_true(sp_fact_pem(&text, &cert));
        BIO *bio = BIO_new(BIO_s_mem());
        assert_true(PEM_write_bio(bio, "CERTIFICATE", "", octets, (long)len) > 0);
        char *want;
        long want_len = BIO_get_mem_data(bio, &want);
        assert_int_equal(text.len, want_len);
        assert_memory_equal(text.data, want, text.len);
        BIO_free(bio);
        sp_buf_free(&text);
    }
    struct sp_buf small;
    struct sp_cert cert = {.der = {(const uint8_t *)"abc", 3}};
    sp_buf_init(&small, 40);
    assert_false(sp_fact_pem(&small, &cert));
    assert_int_equal(small.len, 0);
    sp_buf_free(&small);
}

/* --- hostile certificates ------------------------------------------------------------------------ */

static char *repeat(struct sp_arena *arena, const char *what, size_t len)
{
    char *text = sp_arena_alloc(arena, len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = what[i % strlen(what)];
    return text;
}

/* Names full of what terminals obey, 30 KB of one, 256 of them, and numbers without end. */
static void make_hostile(struct sample *sample)
{
    struct sp_arena *arena = sample->evidence->arena;
    const struct minted *serial = mint_find(&pki, "serial");
    struct sp_cert *cert = load(sample, serial->der, serial->len);
    static const char nasty[] = "\x1b[2J\x07\r\n\x7f\xe2\x80\xae\xff\xc2\x9b|<b>`$(id)`";
    cert->names = sp_arena_array(arena, SP_LIMIT_NAMES, sizeof *cert->names);
    assert_non_null(cert->names);
    cert->name_count = SP_LIMIT_NAMES;
    cert->names_cut = true;
    for (size_t i = 0; i < SP_LIMIT_NAMES; i++) {
        size_t len = i == 0 ? 30000 : i == 1 ? 0 : 250;
        cert->names[i] = (struct sp_cert_name){(enum sp_name_type)(i % 5),
                                               {repeat(arena, i % 3 ? nasty : "a.", len), len}};
    }
    uint8_t *digits = sp_arena_alloc(arena, 20000);
    assert_non_null(digits);
    memset(digits, 0xab, 20000);
    cert->serial = (struct sp_slice){digits, 20000};
    cert->not_before = INT64_C(-62167219200);
    cert->not_after = INT64_C(253402300799);
}

static void check_harmless(const char *text, size_t len, const struct sp_render *style)
{
    size_t columns = 0;
    for (size_t at = 0; at < len;) {
        int32_t code;
        at += sp_utf8_read(text + at, len - at, &code);
        assert_int_not_equal(code, SP_UTF8_BAD);
        if (code == '\n') {
            columns = 0;
            continue;
        }
        assert_false(sp_utf8_hidden(code));
        assert_true(style->unicode || code < 0x80);
        columns += sp_utf8_width(code);
        if (columns > style->width)
            fail_msg("wider than %u: ...%.60s", style->width, text + (at > 60 ? at - 60 : 0));
    }
}

static void test_hostile(void **state)
{
    (void)state;
    for (unsigned width = 40; width <= 160; width += 40) {
        for (unsigned bits = 0; bits < 4; bits++) {
            struct sp_render style = {.width = width,
                                      .unicode = (bits & 1) != 0,
                                      .verbose = (bits & 2) != 0,
                                      .certificates = true};
            struct sample sample;
            size_t len;
            sample_init(&sample, SP_TLS_IMPLICIT);
            sample_tls(&sample, 29);
            make_hostile(&sample);
            sample_judge(&sample);
            char *text = render(&sample, style, &len);
            check_harmless(text, len, &style);
            if (len > OUTPUT_MAX)
                fail_msg("%zu octets at width %u", len, width);
            assert_non_null(strstr(text, "0000-01-01 00:00"));
            assert_non_null(strstr(text, "9999-12-31"));
            free(text);
            sample_free(&sample);
        }
    }
}

/* A 600-bit serial number stands there whole; nobody's parser is asked to be glad of it. */
static void test_long_serial(void **state)
{
    struct sample sample;
    struct sp_render style = {.width = 200, .certificates = true};
    size_t len;
    (void)state;
    sample_init(&sample, SP_TLS_IMPLICIT);
    sample_tls(&sample, 29);
    const struct minted *minted = mint_find(&pki, "serial");
    struct sp_cert *cert = load(&sample, minted->der, minted->len);
    assert_true(cert->serial.len >= 75);
    struct sp_buf serial;
    sp_buf_init(&serial, 4096);
    assert_true(sp_fact_serial(&serial, cert) && sp_buf_append(&serial, "", 1));
    sample_judge(&sample);
    char *text = render(&sample, style, &len);
    assert_non_null(strstr(text, (const char *)serial.data));
    free(text);
    sp_buf_free(&serial);
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_details), cmocka_unit_test(test_broken_details),
        cmocka_unit_test(test_pem),     cmocka_unit_test(test_pem_lengths),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_long_serial),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
