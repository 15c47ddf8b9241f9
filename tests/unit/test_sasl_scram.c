/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SCRAM: the RFCs' vectors, whole logins, and servers that lie. */
#include "scram_login.h"

#include "probe/limits.h"
#include "probe/sasl_scram_proof.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "probe/base64.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static const struct sp_binding no_tls;
static const struct sp_binding unique = {
    SP_BINDING_TLS_UNIQUE, {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111}, 12};
static const struct sp_binding exporter = {SP_BINDING_TLS_EXPORTER,
                                           {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                            11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                            22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
                                           32};
static const struct sp_binding end_point = {SP_BINDING_TLS_SERVER_END_POINT,
                                            {17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17,
                                             17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17,
                                             17, 17, 17, 17, 17, 17, 17, 17, 17, 17},
                                            32};

static const char *password = "pencil";

static char *give_password(const char *user, char *error, size_t size)
{
    (void)user;
    (void)error;
    (void)size;
    return strdup(password);
}

static int64_t cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- vectors ------------------------------------------------------------------------------------ */

static struct sp_slice slice_of(const char *text)
{
    return (struct sp_slice){(const uint8_t *)text, strlen(text)};
}

static void check_base64(const uint8_t *octets, size_t len, const char *expected)
{
    char text[SP_BASE64_SIZE(SP_SASL_HASH_MAX)];
    assert_true(sp_base64_encode(octets, len, text, sizeof text));
    assert_string_equal(text, expected);
}

/* The nonces of the RFCs are shorter than ours, so these stand one floor below. */
static void test_rfc_vectors(void **state)
{
    (void)state;
    static const struct {
        enum sp_sasl_hash hash;
        const char *auth_message, *salt, *proof, *signature;
    } rows[] = {
        /* RFC 5802 §5 */
        {SP_SASL_SHA1,
         "n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
         "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
         "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
         "QSXCR+Q6sek8bf92", "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
        /* RFC 7677 §3 */
        {SP_SASL_SHA256,
         "n=user,r=rOprNGfwEbeRWgbNEkqO,"
         "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
         "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
         "W22ZaJ0SNY7soEsUEjb6gQ==", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
         "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_scram_salted salted;
        struct sp_scram_proof proof;
        uint8_t salt[64];
        size_t salt_len = 0, size = sp_sasl_hash_size(rows[i].hash);
        struct sp_slice message = slice_of(rows[i].auth_message);
        assert_true(sp_base64_decode(rows[i].salt, strlen(rows[i].salt), salt, &salt_len));
        assert_true(sp_scram_salt(rows[i].hash, slice_of("pencil"),
                                  (struct sp_slice){salt, salt_len}, 4096, NULL, &salted));
        assert_true(sp_scram_prove(rows[i].hash, &salted, &message, 1, &proof));
        check_base64(proof.client, size, rows[i].proof);
        check_base64(proof.server, size, rows[i].signature);
    }
}

static void check_out(const struct sp_sasl *sasl, const char *expected)
{
    if (sasl->result != SP_SASL_RESPOND)
        fail_msg("%s: %d, %s", sasl->mech->name, (int)sasl->result, sasl->detail);
    assert_int_equal(sasl->out.len, strlen(expected));
    assert_memory_equal(sasl->out.data, expected, sasl->out.len);
}

/* Whole logins; what is expected was computed by Python's hashlib, hmac and unicodedata. */
static void test_logins(void **state)
{
    (void)state;
    static const struct {
        const char *mech;
        const struct sp_binding *binding;
        const char *user, *password;
        const char *client_first, *server_first, *client_final, *server_final;
        unsigned iterations;
    } rows[] = {
        {"SCRAM-SHA-1", &no_tls, "user", "pencil", "n,,n=user,r=" OUR_NONCE,
         "r=" OUR_NONCE "srv,s=c2FsdC1vZi0xNi1vY3RldA==,i=4096",
         "c=biws,r=" OUR_NONCE "srv,p=SCK7ZRAw3oUypzzVD4C+85I0338=",
         "v=67vTELoGIH4Cm02aBj1BgaFyfY0=", 4096},
        {"SCRAM-SHA-256", &exporter, "user", "pencil", "y,,n=user,r=" OUR_NONCE,
         "r=" OUR_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=cw==,i=4097",
         "c=eSws,r=" OUR_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
         "p=5sr2NdH/DJsfQUyDV61s5dlu106vBs9cU8U7W28TtZ0=",
         "v=N3gxtpxs44iBRaT9TYm4mzaMEdLplWVR16KAs3d+qrk=", 4097},
        {"SCRAM-SHA-512", &no_tls, "user", "pencil", "n,,n=user,r=" OUR_NONCE,
         "r=" OUR_NONCE "3rfcNHYJY1ZVvWVs7j,"
         "s=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,i=10000",
         "c=biws,r=" OUR_NONCE "3rfcNHYJY1ZVvWVs7j,p=GZY1xX94WhjAkAP7o0URljx4vRfgf9kQbShJ17Kt5jEX3v"
         "riphaLYjfQnyAhspJ9VcGEbeyDT0lcgJzj077pyw==",
         "v=aiRdsu985CMxqlGSlLZ7HYgekfCqnZ8WzoMl6zxwYQVgEcrAJgisoNEAcE+/4WFXu5jOO7KxG320+"
         "gTwCjbe2A==",
         10000},
        {"SCRAM-SHA-512-PLUS", &end_point, "a,b=c", "I\u00adX \u00aa\u2168\u00a0u\u0308",
         "p=tls-server-end-point,,n=a=2Cb=3Dc,r=" OUR_NONCE, "r=" OUR_NONCE "x,s=cGVwcGVy,i=4096",
         "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsERERERERERERERERERERERERERERERERERERERERERE=,"
         "r=" OUR_NONCE "x,p=LjOGgb1l4hDZy+Wzi2nPsAsgzPtp48YI8xPuvFNWf7tk8DUPiWgmG7R9eSwEWAou0JHab"
         "aUVlleGRUuIpoUbIA==",
         "v=YLBy/5d1WOPXtPI63UPEu1kVJHF7SIjIXBIEqbdjtpkSXAQFcRlkXgzNglmxWIRyosvMDoltoNpZTVnoNxQdIg"
         "==",
         4096},
        {"SCRAM-SHA-256-PLUS", &exporter, "us\u00e9r",
         "\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168"
         "\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168"
         "\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168"
         "\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168\u2168"
         "\u2168",
         "p=tls-exporter,,n=us\u00e9r,r=" OUR_NONCE, "r=" OUR_NONCE "x,s=cGVwcGVy,i=4096",
         "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=" OUR_NONCE
         "x,p=ADKG1zPR5f3huvX1EyyL8DmAy9QeFc40TH//w8eAa2A=",
         "v=gVgMSkZIXgbeP48phL728zegcN7XYtV24gq0iLcf+tE=", 4096},
        {"scram-sha-1-plus", &unique, "user", "pencil", "p=tls-unique,,n=user,r=" OUR_NONCE,
         "r=" OUR_NONCE "x,s=cGVwcGVy,i=600000",
         "c=cD10bHMtdW5pcXVlLCxkZWZnaGlqa2xtbm8=,r=" OUR_NONCE "x,p=Bc1zVszWk9Rbnn7Cp0H305NYxaU=",
         "v=Xk636NUq7dh143S+AQ7eO1iPLDU=", 600000},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        password = rows[i].password;
        struct sp_sasl *sasl =
            login_begin(rows[i].mech, rows[i].user, give_password, rows[i].binding);
        password = "pencil";
        login_hear(sasl, NULL, 0);
        check_out(sasl, rows[i].client_first);
        assert_int_equal(sasl->iterations, 0);
        login_hear(sasl, rows[i].server_first, strlen(rows[i].server_first));
        check_out(sasl, rows[i].client_final);
        assert_int_equal(sasl->iterations, rows[i].iterations);
        assert_false(sasl->proven);
        assert_false(sasl->last);
        login_hear(sasl, rows[i].server_final, strlen(rows[i].server_final));
        check_out(sasl, "");
        assert_true(sasl->proven);
        assert_true(sasl->last);
        /* Nothing may follow but the verdict. */
        assert_int_equal(login_hear(sasl, "", 0), SP_SASL_BAD_CHALLENGE);
        sp_sasl_free(sasl);
    }
}

/* --- the first message -------------------------------------------------------------------------- */

#define GOOD_START "r=" OUR_NONCE "srv,s=c2FsdC1vZi0xNi1vY3RldA==,"
#define TEXT(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t len;
    const char *detail; /* NULL: accepted */
} firsts[] = {
    {TEXT(GOOD_START "i=4096"), NULL},
    {TEXT(GOOD_START "i=4096,x=more"), NULL},
    {TEXT(GOOD_START "i=4096,x=more,Y=="), NULL},
    /* How much we would compute. */
    {TEXT(GOOD_START "i=4095"), "asks for 4095 iterations; 4096 to 600000 are accepted"},
    {TEXT(GOOD_START "i=600001"), "asks for 600001 iterations; 4096 to 600000 are accepted"},
    {TEXT(GOOD_START "i=2147483647"), "asks for 2147483647 iterations"},
    {TEXT(GOOD_START "i=2147483648"), "asks for 2147483648 iterations"},
    {TEXT(GOOD_START "i=4294967297"), "asks for 4294967297 iterations"},
    {TEXT(GOOD_START "i=4294971392"), "asks for 4294971392 iterations"}, /* 2^32 + 4096 */
    {TEXT(GOOD_START "i=18446744073709555712"), "asks for 18446744073709555712 iterations"},
    {TEXT(GOOD_START "i=10000000000000000000000000000000000000000"),
     "asks for 10000000000000000000000000000000000000000 iterations"},
    {TEXT(GOOD_START "i=999999999999999999999999999999999999999999999999999999999999999999999"),
     "asks for 999999999999999999999999999999999999999999999999... iterations"},
    {TEXT(GOOD_START "i=1"), "asks for 1 iterations"},
    {TEXT(GOOD_START "i=0"), "asks for 0 iterations"},
    {TEXT(GOOD_START "i=-4096"), "not a plain number: \"-4096\""},
    {TEXT(GOOD_START "i=+4096"), "not a plain number: \"+4096\""},
    {TEXT(GOOD_START "i=0x1000"), "not a plain number: \"0x1000\""},
    {TEXT(GOOD_START "i=04096"), "not a plain number: \"04096\""},
    {TEXT(GOOD_START "i= 4096"), "not a plain number"},
    {TEXT(GOOD_START "i=4096 "), "not a plain number"},
    {TEXT(GOOD_START "i=4096\0"), "not a plain number"},
    {TEXT(GOOD_START "i=4096\r\n"), "not a plain number"},
    {TEXT(GOOD_START "i=4096.5"), "not a plain number"},
    {TEXT(GOOD_START "i=4e3"), "not a plain number"},
    {TEXT(GOOD_START "i=\xd9\xa4\xd9\xa0\xd9\xa9\xd9\xa6"), "not a plain number"},
    {TEXT(GOOD_START "i="), "not a plain number: \"\""},
    {TEXT(GOOD_START "i"), "no iteration count (i=)"},
    {TEXT(GOOD_START), "no iteration count (i=)"},
    {TEXT("r=" OUR_NONCE "srv,s=c2FsdA=="), "no iteration count (i=)"},
    {TEXT(GOOD_START "I=4096"), "no iteration count (i=)"},
    /* nonces */
    {TEXT("r=" OUR_NONCE ",s=c2FsdA==,i=4096"), "adds nothing to our nonce"},
    {TEXT("r=AAECAwQFBgcICQoLDA0ODxAREhMUFRY,s=c2FsdA==,i=4096"), "does not begin with ours"},
    {TEXT("r=AAECAwQFBgcICQoLDA0ODxAREhMUFRYx,s=c2FsdA==,i=4096"), "does not begin with ours"},
    {TEXT("r=srv" OUR_NONCE ",s=c2FsdA==,i=4096"), "does not begin with ours"},
    {TEXT("r=,s=c2FsdA==,i=4096"), "does not begin with ours"},
    {TEXT("r=" OUR_NONCE "a b,s=c2FsdA==,i=4096"), "not allowed in it: 0x20"},
    {TEXT("r=" OUR_NONCE "a\0b,s=c2FsdA==,i=4096"), "not allowed in it: 0x00"},
    {TEXT("r=" OUR_NONCE "\r\n,s=c2FsdA==,i=4096"), "not allowed in it: 0x0d"},
    {TEXT("r=" OUR_NONCE "\xc3\xa4,s=c2FsdA==,i=4096"), "not allowed in it: 0xc3"},
    /* salts */
    {TEXT("r=" OUR_NONCE "x,s=,i=4096"), "salt is empty"},
    {TEXT("r=" OUR_NONCE "x,s=c2Fsd,i=4096"), "salt is not base64"},
    {TEXT("r=" OUR_NONCE "x,s=c2FsdA,i=4096"), "salt is not base64"},
    {TEXT("r=" OUR_NONCE "x,s=c2Fs dA==,i=4096"), "salt is not base64"},
    {TEXT("r=" OUR_NONCE "x,s=c2Fs\r\ndA==,i=4096"), "salt is not base64"},
    {TEXT("r=" OUR_NONCE "x,s=c2Fs\0dA==,i=4096"), "salt is not base64"},
    {TEXT("r=" OUR_NONCE "x,s=!!!!,i=4096"), "salt is not base64"},
    /* order, and what is not there */
    {TEXT(""), "no nonce (r=)"},
    {TEXT("\0"), "no nonce (r=)"},
    {TEXT("r"), "no nonce (r=)"},
    {TEXT(",,,"), "no nonce (r=)"},
    {TEXT("s=c2FsdA==,r=" OUR_NONCE "x,i=4096"), "no nonce (r=)"},
    {TEXT("r=" OUR_NONCE "x,i=4096,s=c2FsdA=="), "no salt (s=)"},
    {TEXT("r=" OUR_NONCE "x"), "no salt (s=)"},
    {TEXT("r=" OUR_NONCE "x,"), "no salt (s=)"},
    {TEXT("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="), "no nonce (r=)"},
    /* extensions */
    {TEXT("m=must," GOOD_START "i=4096"), "extension of SCRAM that we don't know (m=)"},
    {TEXT(GOOD_START "i=4096,m=must"), "extension of SCRAM that we don't know (m=)"},
    {TEXT(GOOD_START "i=4096,"), "is no extension"},
    {TEXT(GOOD_START "i=4096,x"), "is no extension"},
    {TEXT(GOOD_START "i=4096,x="), "is no extension"},
    {TEXT(GOOD_START "i=4096,1=x"), "is no extension"},
    {TEXT(GOOD_START "i=4096,x=\0"), "is no extension"},
};

/* Of the bad ones nothing is computed and nothing is answered. */
static void test_first_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(firsts); i++) {
        struct sp_sasl *sasl = login_begin("SCRAM-SHA-1", "user", give_password, &no_tls);
        login_hear(sasl, NULL, 0);
        enum sp_sasl_result result = login_hear(sasl, firsts[i].text, firsts[i].len);
        if (firsts[i].detail == NULL) {
            assert_int_equal(result, SP_SASL_RESPOND);
            assert_int_equal(sasl->iterations, 4096);
        } else {
            if (result != SP_SASL_BAD_CHALLENGE)
                fail_msg("\"%s\": %d", firsts[i].text, (int)result);
            if (strstr(sasl->detail, firsts[i].detail) == NULL)
                fail_msg("\"%s\": %s", firsts[i].text, sasl->detail);
            assert_int_equal(sasl->out.len, 0);
            assert_int_equal(sasl->iterations, 0);
        }
        assert_false(sasl->proven);
        sp_sasl_free(sasl);
    }
}

static void check_huge(const char *message, const char *detail)
{
    struct sp_sasl *sasl = login_begin("SCRAM-SHA-256", "user", give_password, &no_tls);
    login_hear(sasl, NULL, 0);
    enum sp_sasl_result result = login_hear(sasl, message, strlen(message));
    assert_int_equal(result, detail ? SP_SASL_BAD_CHALLENGE : SP_SASL_RESPOND);
    if (detail != NULL && strstr(sasl->detail, detail) == NULL)
        fail_msg("%s", sasl->detail);
    sp_sasl_free(sasl);
}

static void test_huge_messages(void **state)
{
    (void)state;
    static char fill[4096], message[12288];
    static const struct {
        size_t nonce, salt; /* octets, the salt's in base64 */
        const char *detail;
    } rows[] = {
        {SP_LIMIT_SCRAM_NONCE - 32, 4, NULL},
        {SP_LIMIT_SCRAM_NONCE - 31, 4, "nonce is longer than 1024 octets"},
        {4000, 4, "nonce is longer than 1024 octets"},
        {1, 1364, NULL}, /* 1023 octets */
        {1, 1368, "salt is longer than 1024 octets"},
        {1, 1372, "salt is longer than 1024 octets"},
        {1, 4000, "salt is longer than 1024 octets"},
    };
    memset(fill, 'A', sizeof fill);
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(message, sizeof message, "r=" OUR_NONCE "%.*s,s=%.*s,i=4096", (int)rows[i].nonce,
                 fill, (int)rows[i].salt, fill);
        check_huge(message, rows[i].detail);
    }
    memset(message, '9', sizeof message - 1);
    memcpy(message, GOOD_START "i=", sizeof GOOD_START "i=" - 1);
    check_huge(message, "asks for 9999");
    memset(message, ',', sizeof message - 1);
    memcpy(message, GOOD_START "i=4096", sizeof GOOD_START "i=4096" - 1);
    check_huge(message, "is no extension");
    memset(message, 'r', sizeof message - 1);
    check_huge(message, "no nonce");
}

/* --- the last message --------------------------------------------------------------------------- */

#define GOOD_FINAL "v=67vTELoGIH4Cm02aBj1BgaFyfY0="

static void test_final_messages(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        enum sp_sasl_result result;
        const char *detail, *said;
    } rows[] = {
        {TEXT(GOOD_FINAL), SP_SASL_RESPOND, "", ""},
        {TEXT(GOOD_FINAL ",x=more"), SP_SASL_RESPOND, "", ""},
        {TEXT("v=67vTELoGIH4Cm02aBj1BgaFyfY4="), SP_SASL_SERVER_UNVERIFIED, "signature is wrong",
         ""},
        {TEXT("v=77vTELoGIH4Cm02aBj1BgaFyfY0="), SP_SASL_SERVER_UNVERIFIED, "signature is wrong",
         ""},
        {TEXT("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="), SP_SASL_SERVER_UNVERIFIED, "signature is wrong",
         ""},
        {TEXT("v=67vTELoGIH4Cm02aBj1BgaFyfQ=="), SP_SASL_SERVER_UNVERIFIED, "signature is wrong",
         ""},
        {TEXT("v=67vTELoGIH4Cm02aBj1BgaFyfY0A"), SP_SASL_SERVER_UNVERIFIED, "signature is wrong",
         ""},
        {TEXT("v=6w=="), SP_SASL_SERVER_UNVERIFIED, "signature is wrong", ""},
        {TEXT(""), SP_SASL_BAD_CHALLENGE, "no signature (v=)", ""},
        {TEXT("v"), SP_SASL_BAD_CHALLENGE, "no signature (v=)", ""},
        {TEXT("v="), SP_SASL_BAD_CHALLENGE, "signature is empty", ""},
        {TEXT("v=!"), SP_SASL_BAD_CHALLENGE, "signature is not base64", ""},
        {TEXT("V=67vTELoGIH4Cm02aBj1BgaFyfY0="), SP_SASL_BAD_CHALLENGE, "no signature (v=)", ""},
        {TEXT(" " GOOD_FINAL), SP_SASL_BAD_CHALLENGE, "no signature (v=)", ""},
        {TEXT(GOOD_FINAL "\0"), SP_SASL_BAD_CHALLENGE, "signature is not base64", ""},
        {TEXT(GOOD_FINAL "\r\n"), SP_SASL_BAD_CHALLENGE, "signature is not base64", ""},
        {TEXT(GOOD_FINAL ","), SP_SASL_BAD_CHALLENGE, "is no extension", ""},
        {TEXT(GOOD_START "i=4096"), SP_SASL_BAD_CHALLENGE, "no signature (v=)", ""},
        {TEXT("x=1," GOOD_FINAL), SP_SASL_BAD_CHALLENGE, "no signature (v=)", ""},
        {TEXT("e=invalid-proof"), SP_SASL_RESPOND, "", "invalid-proof"},
        {TEXT("e=invalid-proof,x=y"), SP_SASL_RESPOND, "", "invalid-proof"},
        {TEXT("e="), SP_SASL_RESPOND, "", ""},
        {TEXT("e=a\0b"), SP_SASL_RESPOND, "", "a"},
        /* Without TLS we did not claim anything that could be contradicted. */
        {TEXT("e=server-does-support-channel-binding"), SP_SASL_RESPOND, "",
         "server-does-support-channel-binding"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_sasl *sasl = login_begin("SCRAM-SHA-1", "user", give_password, &no_tls);
        login_hear(sasl, NULL, 0);
        assert_int_equal(login_hear(sasl, TEXT(GOOD_START "i=4096")), SP_SASL_RESPOND);
        enum sp_sasl_result result = login_hear(sasl, rows[i].text, rows[i].len);
        bool proven = result == SP_SASL_RESPOND && rows[i].text[0] == 'v';
        if (result != rows[i].result || strstr(sasl->detail, rows[i].detail) == NULL)
            fail_msg("\"%s\": %d, %s", rows[i].text, (int)result, sasl->detail);
        assert_int_equal(sasl->proven, proven);
        assert_int_equal(sasl->last, result == SP_SASL_RESPOND);
        assert_int_equal(sasl->out.len, 0);
        assert_string_equal(sasl->server_said, rows[i].said);
        sp_sasl_free(sasl);
    }
}

/* In place of any message; a long one is cut. Nobody is believed who refuses. */
static void test_refusals(void **state)
{
    (void)state;
    static char message[12288] = "e=";
    struct sp_sasl *sasl = login_begin("SCRAM-SHA-1", "user", give_password, &no_tls);
    memset(message + 2, 'x', sizeof message - 3);
    login_hear(sasl, NULL, 0);
    assert_int_equal(login_hear(sasl, message, strlen(message)), SP_SASL_RESPOND);
    assert_int_equal(strlen(sasl->server_said), sizeof sasl->server_said - 1);
    assert_int_equal(sasl->out.len, 0);
    assert_true(sasl->last);
    assert_false(sasl->proven);
    /* Then a right signature comes too late. */
    assert_int_equal(login_hear(sasl, TEXT(GOOD_FINAL)), SP_SASL_BAD_CHALLENGE);
    assert_false(sasl->proven);
    sp_sasl_free(sasl);
}

/* RFC 5802 §6: who took -PLUS out of the server's list is found by what we say to it. */
static void test_downgrade(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct sp_sasl *sasl = login_begin("SCRAM-SHA-1", "user", give_password, &exporter);
        login_hear(sasl, NULL, 0);
        check_out(sasl, "y,,n=user,r=" OUR_NONCE);
        if (late)
            assert_int_equal(login_hear(sasl, TEXT(GOOD_START "i=4096")), SP_SASL_RESPOND);
        assert_int_equal(login_hear(sasl, TEXT("e=server-does-support-channel-binding")),
                         SP_SASL_DOWNGRADE);
        assert_string_equal(sasl->server_said, "server-does-support-channel-binding");
        assert_non_null(strstr(sasl->detail, "SCRAM-SHA-1-PLUS"));
        assert_false(sasl->proven);
        sp_sasl_free(sasl);
    }
}

/* --- our own side ------------------------------------------------------------------------------- */

static void test_own_side(void **state)
{
    (void)state;
    struct sp_sasl *sasl = login_begin("SCRAM-SHA-256-PLUS", "user", give_password, &no_tls);
    assert_int_equal(login_hear(sasl, NULL, 0), SP_SASL_NO_CREDENTIAL);
    assert_non_null(strstr(sasl->detail, "TLS"));
    sp_sasl_free(sasl);
    /* What SASLprep leaves nothing of, and what it forbids. */
    sasl = login_begin("SCRAM-SHA-256", "\u00ad", give_password, &no_tls);
    assert_int_equal(login_hear(sasl, NULL, 0), SP_SASL_NO_CREDENTIAL);
    assert_non_null(strstr(sasl->detail, "user name"));
    sp_sasl_free(sasl);
    password = "pen\u200ecil";
    sasl = login_begin("SCRAM-SHA-1", "user", give_password, &no_tls);
    password = "pencil";
    assert_int_equal(login_hear(sasl, NULL, 0), SP_SASL_RESPOND);
    assert_int_equal(login_hear(sasl, TEXT(GOOD_START "i=4096")), SP_SASL_NO_CREDENTIAL);
    assert_non_null(strstr(sasl->detail, "the password is not UTF-8, or has a character"));
    assert_null(strstr(sasl->detail, "cil"));
    sp_sasl_free(sasl);
}

static void *cancel_soon(void *sasl)
{
    const struct timespec moment = {0, 10000000};
    nanosleep(&moment, NULL);
    sp_sasl_cancel(sasl);
    return NULL;
}

/* The longest computation that is accepted ends at once when the time is up. */
static void test_cancel(void **state)
{
    (void)state;
    static const char *const mechs[] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    for (size_t i = 0; i < COUNT(mechs); i++) {
        struct sp_sasl *sasl = login_begin(mechs[i], "user", give_password, &no_tls);
        pthread_t thread;
        login_hear(sasl, NULL, 0);
        int64_t began = cpu_ms();
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, sasl), 0);
        assert_int_equal(login_hear(sasl, TEXT(GOOD_START "i=600000")), SP_SASL_CANCELLED);
        assert_true(cpu_ms() - began < 100);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(sasl->out.len, 0);
        assert_false(sasl->proven);
        sp_sasl_free(sasl);
    }
}

/* A login that is thrown away at any point leaves nothing behind: see the sanitizer. */
static void test_abandoned(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 3; steps++) {
        struct sp_sasl *sasl = login_begin("SCRAM-SHA-1", "user", give_password, &no_tls);
        if (steps > 0)
            login_hear(sasl, NULL, 0);
        if (steps > 1)
            login_hear(sasl, TEXT(GOOD_START "i=4096"));
        sp_sasl_free(sasl);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vectors),    cmocka_unit_test(test_logins),
        cmocka_unit_test(test_first_messages), cmocka_unit_test(test_huge_messages),
        cmocka_unit_test(test_final_messages), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_downgrade),      cmocka_unit_test(test_own_side),
        cmocka_unit_test(test_cancel),         cmocka_unit_test(test_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
