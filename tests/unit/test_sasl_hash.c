/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/sasl_hash.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define OCTETS(text) ((struct sp_slice){(const uint8_t *)(text), sizeof(text) - 1})

static const char *hex_of(const uint8_t *data, size_t len)
{
    static char text[2 * SP_SASL_HASH_MAX + 1];
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    return text;
}

/* --- digests ------------------------------------------------------------------------------------ */

#define ALPHABET "abcdefghijklmnopqrstuvwxyz"
#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZ" ALPHABET "0123456789"
#define DIGITS "1234567890123456789012345678901234567890"
#define TWO_BLOCKS "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static const struct {
    enum sp_sasl_hash hash;
    const char *text, *digest;
} digests[] = {
    /* RFC 1320, appendix A.5 */
    {SP_SASL_MD4, "", "31d6cfe0d16ae931b73c59d7e0c089c0"},
    {SP_SASL_MD4, "a", "bde52cb31de33e46245e05fbdbd6fb24"},
    {SP_SASL_MD4, "abc", "a448017aaf21d8525fc10ae87aa6729d"},
    {SP_SASL_MD4, "message digest", "d9130a8164549fe818874806e1c7014b"},
    {SP_SASL_MD4, ALPHABET, "d79e1c308aa5bbcdeea8ed63df412da9"},
    {SP_SASL_MD4, ALPHANUMERIC, "043f8582f241db351ce627e153e7f0e4"},
    {SP_SASL_MD4, DIGITS DIGITS, "e33b4ddc9c38f2199c3e7b164fcc0536"},
    /* RFC 1321, appendix A.5 */
    {SP_SASL_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {SP_SASL_MD5, "a", "0cc175b9c0f1b6a831c399e269772661"},
    {SP_SASL_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {SP_SASL_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {SP_SASL_MD5, ALPHABET, "c3fcd3d76192e4007dfb496cca67e13b"},
    {SP_SASL_MD5, ALPHANUMERIC, "d174ab98d277d9f5a5611c2c9f419d9f"},
    {SP_SASL_MD5, DIGITS DIGITS, "57edf4a22be3c955ac49da2e2107b67a"},
    /* FIPS 180-2, appendices A to C */
    {SP_SASL_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {SP_SASL_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {SP_SASL_SHA1, TWO_BLOCKS, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {SP_SASL_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {SP_SASL_SHA256, TWO_BLOCKS,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {SP_SASL_SHA512, "abc",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {SP_SASL_SHA512, TWO_BLOCKS,
     "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
     "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"},
};

/* As one, as all ways to cut it in two, and with empty parts in between. */
static void test_digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        const uint8_t *text = (const uint8_t *)digests[i].text;
        size_t size = sp_sasl_hash_size(digests[i].hash), len = strlen(digests[i].text);
        assert_int_equal(2 * size, strlen(digests[i].digest));
        for (size_t cut = 0; cut <= len; cut++) {
            const struct sp_slice parts[] = {{text, cut}, {NULL, 0}, {text + cut, len - cut}};
            uint8_t digest[SP_SASL_HASH_MAX + 1];
            memset(digest, 0xee, sizeof digest);
            assert_true(sp_sasl_digest(digests[i].hash, parts, 3, digest));
            assert_string_equal(hex_of(digest, size), digests[i].digest);
            assert_int_equal(digest[size], 0xee);
        }
    }
}

static void test_million(void **state)
{
    (void)state;
    static const char *const expected[SP_SASL_HASH_COUNT] = {
        [SP_SASL_SHA1] = "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
        [SP_SASL_SHA256] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        [SP_SASL_SHA512] = "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                           "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
    };
    static uint8_t text[1000000];
    struct sp_slice part = {text, sizeof text};
    memset(text, 'a', sizeof text);
    for (int hash = SP_SASL_SHA1; hash <= SP_SASL_SHA512; hash++) {
        uint8_t digest[SP_SASL_HASH_MAX];
        assert_true(sp_sasl_digest((enum sp_sasl_hash)hash, &part, 1, digest));
        assert_string_equal(hex_of(digest, sp_sasl_hash_size((enum sp_sasl_hash)hash)),
                            expected[hash]);
    }
}

/* --- HMAC --------------------------------------------------------------------------------------- */

#define TIMES_10(text) text text text text text text text text text text
#define TIMES_20(text) TIMES_10(text) TIMES_10(text)
#define LONG_KEY "Test Using Larger Than Block-Size Key - Hash Key First"
#define COUNTING "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"

static void test_hmac(void **state)
{
    (void)state;
    const struct {
        enum sp_sasl_hash hash;
        struct sp_slice key, text;
        const char *mac;
    } rows[] = {
        /* RFC 2202 §2 */
        {SP_SASL_MD5, OCTETS("\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb\xb"),
         OCTETS("Hi There"), "9294727a3638bb1c13f48ef8158bfc9d"},
        {SP_SASL_MD5, OCTETS("Jefe"), OCTETS("what do ya want for nothing?"),
         "750c783e6ab0b503eaa86e310a5db738"},
        {SP_SASL_MD5, OCTETS(COUNTING), OCTETS(TIMES_20("\xcd") TIMES_20("\xcd") TIMES_10("\xcd")),
         "697eaf0aca3a3aea3a75164746ffaa79"},
        {SP_SASL_MD5, OCTETS(TIMES_20("\xaa\xaa\xaa\xaa")), OCTETS(LONG_KEY),
         "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
        {SP_SASL_MD5, {NULL, 0}, {NULL, 0}, "74e6f7298a9c2d168935f58c001bad88"},
        /* RFC 2202 §3 */
        {SP_SASL_SHA1, OCTETS(TIMES_20("\xb")), OCTETS("Hi There"),
         "b617318655057264e28bc0b6fb378c8ef146be00"},
        {SP_SASL_SHA1, OCTETS("Jefe"), OCTETS("what do ya want for nothing?"),
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {SP_SASL_SHA1, OCTETS(TIMES_20("\xaa\xaa\xaa\xaa")), OCTETS(LONG_KEY),
         "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
        /* RFC 4231 §4 */
        {SP_SASL_SHA256, OCTETS(TIMES_20("\xb")), OCTETS("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {SP_SASL_SHA256, OCTETS("Jefe"), OCTETS("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {SP_SASL_SHA256, OCTETS(TIMES_20("\xaa\xaa\xaa\xaa\xaa\xaa") TIMES_10("\xaa") "\xaa"),
         OCTETS(LONG_KEY), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {SP_SASL_SHA512, OCTETS(TIMES_20("\xb")), OCTETS("Hi There"),
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
         "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
        {SP_SASL_SHA512, OCTETS("Jefe"), OCTETS("what do ya want for nothing?"),
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
        {SP_SASL_SHA512, OCTETS(TIMES_20("\xaa\xaa\xaa\xaa\xaa\xaa") TIMES_10("\xaa") "\xaa"),
         OCTETS(LONG_KEY),
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
         "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t mac[SP_SASL_HASH_MAX];
        size_t half = rows[i].text.len / 2;
        const struct sp_slice parts[] = {
            {rows[i].text.data, half},
            {half > 0 ? rows[i].text.data + half : NULL, rows[i].text.len - half},
        };
        assert_true(sp_sasl_hmac(rows[i].hash, rows[i].key, parts, 2, mac));
        assert_string_equal(hex_of(mac, sp_sasl_hash_size(rows[i].hash)), rows[i].mac);
    }
}

/* --- Hi() --------------------------------------------------------------------------------------- */

static void test_hi(void **state)
{
    (void)state;
    const struct {
        enum sp_sasl_hash hash;
        struct sp_slice password, salt;
        unsigned iterations;
        const char *key;
    } rows[] = {
        /* RFC 6070 §2; of the longer keys the first block */
        {SP_SASL_SHA1, OCTETS("password"), OCTETS("salt"), 1,
         "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
        {SP_SASL_SHA1, OCTETS("password"), OCTETS("salt"), 2,
         "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
        {SP_SASL_SHA1, OCTETS("password"), OCTETS("salt"), 4096,
         "4b007901b765489abead49d926f721d065a429c1"},
        {SP_SASL_SHA1, OCTETS("passwordPASSWORDpassword"),
         OCTETS("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096,
         "3d2eec4fe41c849b80c8d83662c0e44a8b291a96"},
        /* RFC 7914 §11, first block */
        {SP_SASL_SHA256, OCTETS("passwd"), OCTETS("salt"), 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {SP_SASL_SHA256, OCTETS("Password"), OCTETS("NaCl"), 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
        {SP_SASL_SHA1, OCTETS("pass\0word"), OCTETS("sa\0lt"), 4096,
         "56fa6aa75548099dcc37d7f03425e0c37f1c42b2"},
        {SP_SASL_SHA1, {NULL, 0}, OCTETS("salt"), 5, "1d2f3f8365768b514033214b4c712f4b735d4fe6"},
        /* No RFC has any; computed by OpenSSL. The last key is longer than a block. */
        {SP_SASL_SHA512, OCTETS("password"), OCTETS("salt"), 1,
         "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
         "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce"},
        {SP_SASL_SHA512, OCTETS("password"), OCTETS("salt"), 4096,
         "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
         "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"},
        {SP_SASL_SHA512, OCTETS(TIMES_20(TIMES_10("x"))), OCTETS("salt"), 3,
         "7e06f7557aae6057f38260ec33f67b9675bebccb8b17931386629a07d32149d2"
         "378b0cb294a152173818b94281c3db47d169e538b02deb3f2457884f1a3e04d9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t key[SP_SASL_HASH_MAX];
        assert_true(sp_sasl_hi(rows[i].hash, rows[i].password, rows[i].salt, rows[i].iterations,
                               NULL, key));
        assert_string_equal(hex_of(key, sp_sasl_hash_size(rows[i].hash)), rows[i].key);
    }
}

static int64_t cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *cancel_soon(void *cancelled)
{
    const struct timespec moment = {0, 10000000};
    nanosleep(&moment, NULL);
    atomic_store((atomic_bool *)cancelled, true);
    return NULL;
}

/* Minutes of work end when nobody wants the result any more, and no half of it comes out. */
static void test_cancel(void **state)
{
    (void)state;
    for (int hash = SP_SASL_SHA1; hash <= SP_SASL_SHA512; hash++) {
        atomic_bool cancelled = false;
        uint8_t key[SP_SASL_HASH_MAX], before[SP_SASL_HASH_MAX];
        pthread_t thread;
        int64_t began = cpu_ms();
        memset(key, 0xee, sizeof key);
        memcpy(before, key, sizeof key);
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancelled), 0);
        assert_false(sp_sasl_hi((enum sp_sasl_hash)hash, OCTETS("password"), OCTETS("salt"),
                                100000000, &cancelled, key));
        assert_true(cpu_ms() - began < 100);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_memory_equal(key, before, sizeof key);
    }
    /* What is cancelled before it begins ends as well. */
    atomic_bool cancelled = true;
    uint8_t key[SP_SASL_HASH_MAX];
    assert_false(
        sp_sasl_hi(SP_SASL_SHA1, OCTETS("password"), OCTETS("salt"), 4096, &cancelled, key));
}

static void test_equal(void **state)
{
    (void)state;
    uint8_t a[64], b[64];
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    assert_true(sp_sasl_equal(a, b, sizeof a));
    assert_true(sp_sasl_equal(a, b, 0));
    for (size_t i = 0; i < sizeof a; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1u << bit);
            assert_false(sp_sasl_equal(a, b, sizeof a));
            assert_true(sp_sasl_equal(a, b, i));
            b[i] ^= (uint8_t)(1u << bit);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests), cmocka_unit_test(test_million),
        cmocka_unit_test(test_hmac),    cmocka_unit_test(test_hi),
        cmocka_unit_test(test_cancel),  cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
