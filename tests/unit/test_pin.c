/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pins: how they are written, what they fit, and what their match or mismatch does to a verdict. */
#include "probe/pin.h"
#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SHA-256 of nothing. */
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define UPPER "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
#define COLONS                                                                                      \
    "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:" \
    "55"
#define BASE64 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define OTHER "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int kind; /* -1: refused */
        const char *right;
    } rows[] = {
        {"sha256:" HEX, SP_PIN_CERTIFICATE, NULL},
        {"sha256:" UPPER, SP_PIN_CERTIFICATE, NULL},
        {"sha256:" COLONS, SP_PIN_CERTIFICATE, NULL},
        {"SHA256:" UPPER, SP_PIN_CERTIFICATE, NULL},
        {"spki:" HEX, SP_PIN_KEY, NULL},
        {"spki:" COLONS, SP_PIN_KEY, NULL},
        {"spki:" BASE64, SP_PIN_KEY, NULL},
        {"sha256//" BASE64, SP_PIN_KEY, NULL},
        {"", -1, "sha256:HEX"},
        {HEX, -1, "sha256:HEX"},
        {"sha1:" HEX, -1, "sha256:HEX"},
        {"sha256", -1, "sha256:HEX"},
        {"sha256:", -1, "64"},
        {"spki:", -1, "64"},
        {"sha256:" HEX "00", -1, "64"},
        {"sha256:e3b0", -1, "64"},
        {"sha256:" BASE64, -1, "hexadecimal"},
        {"sha256: " HEX, -1, "hexadecimal"},
        {"sha256:" HEX " ", -1, "hexadecimal"},
        {"sha256:" HEX ":", -1, "hexadecimal"},
        {"sha256::" HEX, -1, "hexadecimal"},
        {"sha256:e3::b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -1, "hexa"},
        {"sha256:e:3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -1, "hexa"},
        {"sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -1, "hexa"},
        {"spki:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==", -1, "hexadecimal"},
        {"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF", -1, "base64"},
        {"sha256//47DEQpj8 BSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", -1, "base64"},
        {"sha256//" HEX, -1, "base64"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_pin pin = {.sha256 = "untouched"};
        /* In a block of its own size, so that a read beyond it is seen. */
        size_t len = strlen(rows[i].text);
        char *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, rows[i].text, len);
        const char *right = sp_pin_parse(copy, len, &pin);
        free(copy);
        if (rows[i].kind >= 0) {
            if (right != NULL)
                fail_msg("%s: %s", rows[i].text, right);
            assert_int_equal(pin.kind, rows[i].kind);
            assert_string_equal(pin.sha256, HEX);
        } else {
            if (right == NULL || strstr(right, rows[i].right) == NULL)
                fail_msg("%s: %s", rows[i].text, right != NULL ? right : "(taken)");
            assert_string_equal(pin.sha256, "untouched");
        }
    }
}

static void test_compare(void **state)
{
    struct sp_cert cert = {0};
    struct sp_pin pins[] = {{SP_PIN_CERTIFICATE, OTHER}, {SP_PIN_KEY, HEX}};
    (void)state;
    memcpy(cert.sha256, HEX, 65);
    memcpy(cert.spki_sha256, OTHER, 65);
    /* Neither digest stands for the other kind. */
    struct sp_pin_facts facts = sp_pin_compare(&(struct sp_pins){pins, 2}, &cert);
    assert_true(facts.tested && !facts.matched);
    memcpy(cert.spki_sha256, HEX, 65);
    facts = sp_pin_compare(&(struct sp_pins){pins, 2}, &cert);
    assert_true(facts.tested && facts.matched);
    assert_int_equal(facts.kind, SP_PIN_KEY);
    facts = sp_pin_compare(&(struct sp_pins){pins, 1}, &cert);
    assert_true(facts.tested && !facts.matched);
    facts = sp_pin_compare(&(struct sp_pins){NULL, 0}, &cert);
    assert_true(!facts.tested && !facts.matched);
    /* A certificate that can't be read has no key to fit. */
    cert.spki_sha256[0] = '\0';
    facts = sp_pin_compare(&(struct sp_pins){pins, 2}, &cert);
    assert_true(facts.tested && !facts.matched);
}

/* --- the verdict -------------------------------------------------------------------------------- */

static struct sp_pin one = {SP_PIN_CERTIFICATE, HEX};

static void init(struct sample *sample, enum sp_tls_mode tls, enum sp_verify_mode verify)
{
    sample_init(sample, tls);
    sample->endpoint.verify = verify;
    sample->options.pins = (struct sp_pins){&one, 1};
}

/* Under every --verify: a pin that doesn't match counts in full. */
static void test_mismatch(void **state)
{
    static const struct {
        enum sp_verify_mode verify;
        enum sp_state state;
    } rows[] = {{SP_VERIFY_REQUIRE, SP_STATE_CRITICAL},
                {SP_VERIFY_REPORT, SP_STATE_CRITICAL},
                {SP_VERIFY_OFF, SP_STATE_CRITICAL}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample sample;
        init(&sample, SP_TLS_OPPORTUNISTIC, rows[i].verify);
        sample_tls(&sample, 29.5);
        memcpy(sample.evidence->tls.certs[0].spki_sha256, HEX, 65);
        sample.evidence->pin = (struct sp_pin_facts){.tested = true};
        sample_judge(&sample);
        const struct sp_finding *finding = sample_find(&sample, SP_REASON_CERTIFICATE_PIN_MISMATCH);
        assert_non_null(finding);
        assert_int_equal(finding->state, rows[i].state);
        assert_int_equal(sample.result.state, rows[i].state);
        assert_true(finding->has_depth && finding->depth == 0);
        assert_string_equal(finding->message,
                            "the server's certificate is not the pinned one: it is sha256:" OTHER
                            " with the key spki:" HEX);
        sample_free(&sample);
    }
}

/* A match makes unknown authorities and names harmless, and nothing else. */
static void test_match(void **state)
{
    static const struct {
        enum sp_reason reason;
        enum sp_state pinned, not_pinned;
    } rows[] = {
        {SP_REASON_CERTIFICATE_NOT_TRUSTED, SP_STATE_OK, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_SELF_SIGNED, SP_STATE_OK, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_CHAIN_INCOMPLETE, SP_STATE_OK, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_HOST_MISMATCH, SP_STATE_OK, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_EXPIRED, SP_STATE_CRITICAL, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_NOT_YET_VALID, SP_STATE_CRITICAL, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_REVOKED, SP_STATE_CRITICAL, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_INVALID, SP_STATE_CRITICAL, SP_STATE_CRITICAL},
        {SP_REASON_CERTIFICATE_WEAK_KEY, SP_STATE_WARNING, SP_STATE_WARNING},
    };
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        bool pinned = i < COUNT(rows);
        size_t row = i % COUNT(rows);
        struct sample sample;
        init(&sample, SP_TLS_STARTTLS, SP_VERIFY_REQUIRE);
        sample_tls(&sample, 29.5);
        sample.options.pins.count = pinned ? 1 : 0;
        sample.evidence->pin = (struct sp_pin_facts){.tested = pinned, .matched = pinned};
        sample.evidence->verify.trusted = rows[row].reason == SP_REASON_CERTIFICATE_HOST_MISMATCH ||
                                          rows[row].reason == SP_REASON_CERTIFICATE_WEAK_KEY;
        sample.evidence->verify.name_match =
            rows[row].reason != SP_REASON_CERTIFICATE_HOST_MISMATCH;
        sample_problem(&sample, rows[row].reason, "what is wrong");
        sample.evidence->verify.problems[0].fatal = !sample.evidence->verify.trusted;
        sample_judge(&sample);
        assert_int_equal(sample.result.finding_count, 1);
        assert_int_equal(sample.result.findings[0].state,
                         pinned ? rows[row].pinned : rows[row].not_pinned);
        assert_int_equal(sample.result.state, sample.result.findings[0].state);
        if (sample.result.state == SP_STATE_OK)
            assert_string_equal(sample.result.message,
                                "TLSv1.3, pinned certificate valid for 29 days, 88 ms");
        sample_free(&sample);
    }
}

/* A pin says that there is a certificate: without one there is no silent OK. */
static void test_no_certificate(void **state)
{
    static const struct {
        enum sp_tls_mode tls;
        enum sp_verify_mode verify;
        enum sp_reason failure;
        bool found;
        enum sp_state state; /* of the result */
    } rows[] = {
        {SP_TLS_OPPORTUNISTIC, SP_VERIFY_REPORT, SP_REASON_OK, true, SP_STATE_CRITICAL},
        {SP_TLS_OPPORTUNISTIC, SP_VERIFY_OFF, SP_REASON_OK, true, SP_STATE_CRITICAL},
        {SP_TLS_NONE, SP_VERIFY_REPORT, SP_REASON_OK, true, SP_STATE_CRITICAL},
        {SP_TLS_STARTTLS, SP_VERIFY_REQUIRE, SP_REASON_STARTTLS_NOT_SUPPORTED, true,
         SP_STATE_CRITICAL},
        {SP_TLS_OPPORTUNISTIC, SP_VERIFY_REPORT, SP_REASON_STARTTLS_REFUSED, true,
         SP_STATE_CRITICAL},
        {SP_TLS_OPPORTUNISTIC, SP_VERIFY_REPORT, SP_REASON_STARTTLS_TEMPORARY, false,
         SP_STATE_WARNING},
        {SP_TLS_STARTTLS, SP_VERIFY_REQUIRE, SP_REASON_CONNECTION_RESET, false, SP_STATE_CRITICAL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample sample;
        init(&sample, rows[i].tls, rows[i].verify);
        sample_plain(&sample);
        if (rows[i].failure != SP_REASON_OK)
            sp_evidence_fail(sample.evidence, rows[i].failure, SP_PHASE_STARTTLS, 0, "why");
        sample_judge(&sample);
        bool found = sample_find(&sample, SP_REASON_CERTIFICATE_PIN_MISMATCH) != NULL;
        if (found != rows[i].found || sample.result.state != rows[i].state)
            fail_msg("row %zu: %d, %s", i, found, sp_state_name(sample.result.state));
        sample_free(&sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),          cmocka_unit_test(test_compare),
        cmocka_unit_test(test_mismatch),       cmocka_unit_test(test_match),
        cmocka_unit_test(test_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
