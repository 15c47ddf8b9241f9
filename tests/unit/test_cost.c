/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What judging a certificate may cost: its sender chooses every octet of it, and one loop serves all
 * endpoints. Signatures are junk here; nothing of this looks at them. */
#include "probe/cert.h"
#include "probe/constraints.h"
#include "probe/crypto.h"
#include "probe/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 24576u

struct octets {
    uint8_t data[ROOM];
    size_t len;
};

static void put(struct octets *out, const void *data, size_t len)
{
    assert_true(len <= ROOM - out->len);
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

/* Appends one DER value; always three octets of length where one is not enough: short of DER's rule
 * only between 128 and 255, which no value here has. */
static void put_value(struct octets *out, unsigned tag, const void *content, size_t len)
{
    const uint8_t small[] = {(uint8_t)tag, (uint8_t)len};
    const uint8_t large[] = {(uint8_t)tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    assert_true(len < 128 || len > 255);
    put(out, len < 128 ? small : large, len < 128 ? sizeof small : sizeof large);
    put(out, content, len);
}

static void put_octets(struct octets *out, unsigned tag, const struct octets *content)
{
    put_value(out, tag, content->data, content->len);
}

static const uint8_t common_name[] = {0x55, 0x04, 0x03};
static const uint8_t email[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01};

/* A Name of `count` equal attributes. */
static void put_name(struct octets *out, const uint8_t *type, size_t type_len, const char *text,
                     size_t count)
{
    static struct octets attribute, rdn, rdns;
    rdns.len = 0;
    for (size_t i = 0; i < count; i++) {
        attribute.len = rdn.len = 0;
        put_value(&attribute, 0x06, type, type_len);
        put_value(&attribute, 0x0c, text, strlen(text));
        put_octets(&rdn, 0x30, &attribute);
        put_octets(&rdns, 0x31, &rdn);
    }
    put_octets(out, 0x30, &rdns);
}

/* An RSA key of 4096 bits whose exponent has so many octets. */
static void put_rsa_key(struct octets *out, size_t exponent_len)
{
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    static struct octets numbers, bits, spki;
    uint8_t number[513];
    numbers.len = bits.len = spki.len = 0;
    memset(number, 0xc5, sizeof number);
    number[0] = 0;
    put_value(&numbers, 0x02, number, sizeof number);
    put_value(&numbers, 0x02, number, exponent_len + 1);
    put(&bits, "", 1);
    put_octets(&bits, 0x30, &numbers);
    put(&spki, algorithm, sizeof algorithm);
    put_octets(&spki, 0x03, &bits);
    put_octets(out, 0x30, &spki);
}

static void make_cert(struct sp_arena *arena, const struct octets *subject, size_t exponent_len,
                      struct sp_cert *out_cert)
{
    static const uint8_t version_and_serial[] = {0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01};
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
    static const char validity[] = "\x30\x1e\x17\x0d"
                                   "260101000000Z\x17\x0d"
                                   "270101000000Z";
    static struct octets tbs, cert, whole;
    uint8_t signature[513];
    tbs.len = cert.len = whole.len = 0;
    memset(signature, 0x5c, sizeof signature);
    signature[0] = 0;
    put(&tbs, version_and_serial, sizeof version_and_serial);
    put(&tbs, algorithm, sizeof algorithm);
    put(&tbs, subject->data, subject->len);
    put(&tbs, validity, sizeof validity - 1);
    put(&tbs, subject->data, subject->len);
    put_rsa_key(&tbs, exponent_len);
    put_octets(&cert, 0x30, &tbs);
    put(&cert, algorithm, sizeof algorithm);
    put_value(&cert, 0x03, signature, sizeof signature);
    put_octets(&whole, 0x30, &cert);
    uint8_t *kept = sp_arena_memdup(arena, whole.data, whole.len);
    assert_non_null(kept);
    assert_true(sp_cert_parse(arena, kept, whole.len, out_cert));
    assert_true(out_cert->parsed);
}

/* A public operation costs as much as its exponent is long: with 4096 bits some 30 ms, and a chain
 * may ask for many. */
static void test_rsa_exponent(void **state)
{
    static const struct {
        size_t octets;
        bool usable;
    } rows[] = {{3, true}, {4, true}, {8, true}, {9, false}, {16, false}, {512, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        static struct octets subject;
        struct sp_cert cert;
        subject.len = 0;
        put_name(&subject, common_name, sizeof common_name, "X", 1);
        make_cert(arena, &subject, rows[i].octets, &cert);
        assert_int_equal(cert.key_bits_count, 4096);
        assert_int_equal(cert.flaw_count, 0);
        assert_int_equal(cert.key_costly, !rows[i].usable);
        assert_int_equal(sp_crypto_check_signature(&cert, &cert),
                         rows[i].usable ? SP_CRYPTO_BAD : SP_CRYPTO_UNSUPPORTED);
        sp_arena_free(arena);
    }
}

/* nameConstraints that exclude `count` names of one kind. */
static void put_constraints(struct octets *out, unsigned tag, const struct octets *base,
                            size_t count)
{
    static struct octets subtree, subtrees, excluded;
    subtree.len = subtrees.len = excluded.len = 0;
    put_octets(&subtree, tag, base);
    for (size_t i = 0; i < count; i++)
        put_octets(&subtrees, 0x30, &subtree);
    put_octets(&excluded, 0xa1, &subtrees);
    put_octets(out, 0x30, &excluded);
}

/* To find the i-th address in a subject all of it is read: the cost grows with the square. */
static void test_many_addresses(void **state)
{
    enum { ADDRESSES = 300 };
    static struct octets subject, base, constraints;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_general_name name;
    struct sp_cert cert;
    unsigned steps = SP_LIMIT_CONSTRAINT_STEPS;
    (void)state;
    put_name(&subject, email, sizeof email, "a@b", ADDRESSES);
    put(&base, "c", 1);
    put_constraints(&constraints, 0x81, &base, 1);
    make_cert(arena, &subject, 3, &cert);
    const struct sp_slice value = {constraints.data, constraints.len};
    assert_int_equal(sp_constraints_check(value, &cert, &steps, &name), SP_CONSTRAINT_HOLDS);
    assert_true(SP_LIMIT_CONSTRAINT_STEPS - steps > ADDRESSES * ADDRESSES / 10);
    steps = 1000;
    assert_int_equal(sp_constraints_check(value, &cert, &steps, &name), SP_CONSTRAINT_TOO_MANY);
    sp_arena_free(arena);
}

/* One comparison of long names is not as cheap as one of short names. */
static void test_long_names(void **state)
{
    enum { ATTRIBUTES = 400, BASES = 300 };
    static struct octets subject, base, constraints;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_general_name name;
    struct sp_cert cert;
    unsigned steps = SP_LIMIT_CONSTRAINT_STEPS;
    (void)state;
    put_name(&subject, common_name, sizeof common_name, "", ATTRIBUTES);
    put_name(&base, common_name, sizeof common_name, "z", 1);
    put_constraints(&constraints, 0xa4, &base, BASES);
    make_cert(arena, &subject, 3, &cert);
    const struct sp_slice value = {constraints.data, constraints.len};
    assert_int_equal(sp_constraints_check(value, &cert, &steps, &name), SP_CONSTRAINT_HOLDS);
    assert_true(SP_LIMIT_CONSTRAINT_STEPS - steps > BASES * ATTRIBUTES / 10);
    steps = BASES * 10;
    assert_int_equal(sp_constraints_check(value, &cert, &steps, &name), SP_CONSTRAINT_TOO_MANY);
    sp_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsa_exponent),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
