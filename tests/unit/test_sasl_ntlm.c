/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NTLMv2: the vectors of [MS-NLMP] 4.2.4, the messages, and type 2 messages that lie about themselves. */
#include "sasl_play.h"

#include "probe/limits.h"
#include "probe/ntlm.h"
#include "probe/sasl_hash.h"

#include <stdio.h>

/* [MS-NLMP] 4.2.1 and 4.2.4: User, Domain, Password, Server; nonces 01 23 … ef and aa … aa; time 0. */
static const uint8_t vector_nonce[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
static const uint8_t vector_client[8] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
static const uint8_t vector_key[16] = {0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93,
                                       0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0, 0x2e, 0x3f};
static const uint8_t vector_nt[16] = {0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96,
                                      0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c};
static const uint8_t vector_lm[16] = {0x86, 0xc3, 0x50, 0x97, 0xac, 0x9c, 0xec, 0x10,
                                      0x25, 0x54, 0x76, 0x4a, 0x57, 0xcc, 0xcc, 0x19};
static const uint8_t vector_session[16] = {0x8d, 0xe4, 0x0c, 0xca, 0xdb, 0xc1, 0x4a, 0x82,
                                           0xf1, 0x5c, 0xb0, 0xad, 0x0d, 0xe9, 0x5c, 0xa3};
/* 4.2.4.3, the type 2 message. */
static const uint8_t vector_challenge[104] =
    "NTLMSSP\0\2\0\0\0\x0c\0\x0c\0\x38\0\0\0\x33\x82\x8a\xe2\x01\x23\x45\x67\x89\xab\xcd\xef"
    "\0\0\0\0\0\0\0\0\x24\0\x24\0\x44\0\0\0\x06\0\x70\x17\0\0\0\x0f"
    "S\0e\0r\0v\0e\0r\0"
    "\2\0\x0c\0D\0o\0m\0a\0i\0n\0\1\0\x0c\0S\0e\0r\0v\0e\0r\0\0\0\0\0";
/* 4.2.4.1.3 */
static const uint8_t vector_temp[68] = "\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                       "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\0\0\0\0"
                                       "\2\0\x0c\0D\0o\0m\0a\0i\0n\0\1\0\x0c\0S\0e\0r\0v\0e\0r\0"
                                       "\0\0\0\0\0\0\0\0";

static struct sp_slice slice_of(const char *text)
{
    return (struct sp_slice){(const uint8_t *)text, strlen(text)};
}

static void put(uint8_t *at, uint32_t value, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *at, size_t octets)
{
    uint32_t value = 0;
    for (size_t i = 0; i < octets; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static void test_vectors(void **state)
{
    (void)state;
    struct sp_ntlm_challenge challenge;
    struct sp_ntlm_proof proof;
    struct sp_buf temp;
    uint8_t key[SP_NTLM_KEY];
    char error[256] = "";
    struct sp_slice message = {vector_challenge, sizeof vector_challenge};
    assert_true(sp_ntlm_read_challenge(message, &challenge, error, sizeof error));
    assert_int_equal(challenge.flags, 0xe28a8233);
    assert_memory_equal(challenge.nonce, vector_nonce, 8);
    assert_false(challenge.has_time);
    assert_int_equal(challenge.version[0], 6);
    assert_int_equal(challenge.version[1], 0);
    assert_int_equal(challenge.version[2], 6000);
    sp_buf_init(&temp, 1024);
    assert_true(sp_ntlm_append_temp(&challenge, 0, vector_client, &temp));
    assert_int_equal(temp.len, sizeof vector_temp);
    assert_memory_equal(temp.data, vector_temp, temp.len);
    assert_int_equal(sp_ntlm_key("Password", slice_of("User"), slice_of("Domain"), key),
                     SP_NTLM_KEY_OK);
    assert_memory_equal(key, vector_key, sizeof key);
    assert_true(sp_ntlm_prove(key, vector_nonce, vector_client,
                              (struct sp_slice){temp.data, temp.len}, &proof));
    assert_memory_equal(proof.nt, vector_nt, sizeof proof.nt);
    assert_memory_equal(proof.lm, vector_lm, sizeof proof.lm);
    assert_memory_equal(proof.session, vector_session, sizeof proof.session);
    sp_buf_free(&temp);
}

/* --- messages ----------------------------------------------------------------------------------- */

/* Flags, two empty fields, version. */
static const uint8_t type1[40] = "NTLMSSP\0\1\0\0\0\x05\x82\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                 "\0\0\0\0\0\0\0\x0f";

/* Up to the type 1, which is the same for all. */
static struct sp_sasl *begin(const char *user, const char *password)
{
    struct sp_sasl *sasl = play_begin("NTLM", user, password);
    sasl->now_ms = -11644473600000; /* 1601: the vectors' time 0 */
    play_text(sasl, "ntlm supported");
    play_expect(sasl, type1, sizeof type1);
    assert_false(sasl->last);
    return sasl;
}

/* The content of a field of the last message, which must be inside of it. */
static struct sp_slice field_of(const struct sp_sasl *sasl, size_t at)
{
    uint32_t len = get(sasl->out.data + at, 2), offset = get(sasl->out.data + at + 4, 4);
    assert_int_equal(get(sasl->out.data + at + 2, 2), len);
    assert_true(offset <= sasl->out.len && len <= sasl->out.len - offset);
    return (struct sp_slice){sasl->out.data + offset, len};
}

static void expect_field(const struct sp_sasl *sasl, size_t at, const void *octets, size_t len)
{
    struct sp_slice field = field_of(sasl, at);
    assert_int_equal(field.len, len);
    assert_memory_equal(field.data, octets, len);
}

static void test_login(void **state)
{
    (void)state;
    struct sp_sasl *sasl = begin("Domain\\User", "Password");
    assert_int_equal(play_step(sasl, vector_challenge, sizeof vector_challenge), SP_SASL_RESPOND);
    const uint8_t *out = sasl->out.data;
    assert_memory_equal(out, "NTLMSSP\0\3\0\0\0", 12);
    expect_field(sasl, 28, "D\0o\0m\0a\0i\0n\0", 12);
    expect_field(sasl, 36, "U\0s\0e\0r\0", 8);
    expect_field(sasl, 44, "W\0O\0R\0K\0S\0T\0A\0T\0I\0O\0N\0", 22);
    expect_field(sasl, 52, "", 0);
    struct sp_slice lm = field_of(sasl, 12), nt = field_of(sasl, 20);
    assert_int_equal(lm.len, 24);
    assert_memory_equal(lm.data, vector_lm, 16);
    assert_memory_equal(lm.data + 16, vector_client, 8);
    assert_int_equal(nt.len, 16 + sizeof vector_temp);
    assert_memory_equal(nt.data, vector_nt, 16);
    assert_memory_equal(nt.data + 16, vector_temp, sizeof vector_temp);
    /* What we offered and the server took, and its target info; no key exchange, signing or sealing. */
    assert_int_equal(get(out + 60, 4), 0x02888201);
    assert_memory_equal(out + 64, type1 + 32, 8);
    assert_true(sasl->last);
    assert_string_equal(sasl->server_said,
                        "NetBIOS name Server, NetBIOS domain Domain, Windows 6.0.6000");
    assert_int_equal(play_text(sasl, "more"), SP_SASL_BAD_CHALLENGE);
    sp_sasl_free(sasl);
}

/* The pairs of a modern server, with its time. */
static const uint8_t modern[] =
    "\2\0\4\0C\0O\0\1\0\4\0M\0X\0\4\0\6\0c\0.\0x\0\3\0\x0a\0m\0x\0.\0c\0x\0\5\0\2\0x\0"
    "\6\0\4\0\1\0\0\0\7\0\x08\0\x11\x22\x33\x44\x55\x66\xd7\1\0\0\0";

/* Target info at the end of a message of 56 octets before it. */
static size_t make_challenge(const uint8_t *info, size_t info_len, uint8_t *out)
{
    memcpy(out, vector_challenge, 56);
    memset(out + 12, 0, 8);
    put(out + 40, (uint32_t)info_len, 2);
    put(out + 42, (uint32_t)info_len, 2);
    put(out + 44, 56, 4);
    memcpy(out + 56, info, info_len);
    return 56 + info_len;
}

static void test_time(void **state)
{
    (void)state;
    uint8_t message[256];
    size_t len = make_challenge(modern, sizeof modern, message);
    struct sp_sasl *sasl = begin("User", "Password");
    assert_int_equal(play_step(sasl, message, len), SP_SASL_RESPOND);
    assert_string_equal(sasl->server_said,
                        "NetBIOS name MX, NetBIOS domain CO, DNS name mx.cx, DNS domain c.x, "
                        "DNS forest x, Windows 6.0.6000");
    /* No LMv2 then; the server's time, its flags with the one for a MIC, all other pairs as they came. */
    uint8_t zeros[24] = {0}, temp[28 + sizeof modern + 4] = {1, 1};
    expect_field(sasl, 12, zeros, sizeof zeros);
    memcpy(temp + 8, modern + sizeof modern - 12, 8);
    memcpy(temp + 16, vector_client, 8);
    memcpy(temp + 28, modern, sizeof modern - 24);
    memcpy(temp + 28 + sizeof modern - 24, modern + sizeof modern - 16, 12);
    memcpy(temp + 28 + sizeof modern - 12, "\6\0\4\0\3\0\0\0", 8);
    struct sp_slice nt = field_of(sasl, 20);
    assert_int_equal(nt.len, 16 + sizeof temp);
    assert_memory_equal(nt.data + 16, temp, sizeof temp);
    /* The MIC, computed here from the specification's words. */
    uint8_t key[16], session[16], mic[16], type3[512];
    assert_int_equal(sp_ntlm_key("Password", slice_of("User"), slice_of(""), key), SP_NTLM_KEY_OK);
    struct sp_slice proof = {nt.data, 16};
    assert_true(sp_sasl_hmac(SP_SASL_MD5, (struct sp_slice){key, 16}, &proof, 1, session));
    memcpy(type3, sasl->out.data, sasl->out.len);
    memset(type3 + 72, 0, 16);
    struct sp_slice all[] = {{type1, sizeof type1}, {message, len}, {type3, sasl->out.len}};
    assert_true(sp_sasl_hmac(SP_SASL_MD5, (struct sp_slice){session, 16}, all, 3, mic));
    assert_memory_equal(sasl->out.data + 72, mic, 16);
    /* Nothing of the payload stands where the MIC is. */
    for (size_t at = 12; at <= 52; at += 8)
        assert_true(get(sasl->out.data + at + 4, 4) >= 88);
    sp_sasl_free(sasl);
}

/* A server without target info, as those are that know NTLMv1 only: NTLMv2 all the same. */
static void test_old_server(void **state)
{
    (void)state;
    uint8_t message[32];
    memcpy(message, vector_challenge, sizeof message);
    memset(message + 12, 0, 8);
    put(message + 20, 0x00008201, 4);
    struct sp_sasl *sasl = begin("User", "Password");
    sasl->now_ms = 0;
    assert_int_equal(play_step(sasl, message, sizeof message), SP_SASL_RESPOND);
    static const uint8_t temp[36] = "\1\1\0\0\0\0\0\0\0\x80\x3e\xd5\xde\xb1\x9d\1" /* 1970 */
                                    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa";
    struct sp_slice nt = field_of(sasl, 20);
    assert_int_equal(nt.len, 16 + sizeof temp);
    assert_memory_equal(nt.data + 16, temp, sizeof temp);
    assert_string_equal(sasl->server_said, "");
    sp_sasl_free(sasl);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *user, *domain_sent, *user_sent; /* as UTF-8 */
    } rows[] = {
        {"User", "", "User"},
        {"DOM\\User", "DOM", "User"},
        {"\\User", "", "User"},
        {"DOM\\User\\x", "DOM", "User\\x"},
        {"user@example.org", "", "user@example.org"},
        {"D\xc3\xb6m\\J\xc3\xbcrgen \xf0\x9f\x93\xa7", "D\xc3\xb6m",
         "J\xc3\xbcrgen \xf0\x9f\x93\xa7"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char domain[64] = "", user[64] = "";
        struct sp_sasl *sasl = begin(rows[i].user, "Password");
        play_step(sasl, vector_challenge, sizeof vector_challenge);
        sp_ntlm_utf8(field_of(sasl, 28), domain, sizeof domain);
        sp_ntlm_utf8(field_of(sasl, 36), user, sizeof user);
        assert_string_equal(domain, rows[i].domain_sent);
        assert_string_equal(user, rows[i].user_sent);
        sp_sasl_free(sasl);
    }
    struct sp_sasl *sasl = begin("DOM\\", "Password");
    assert_int_equal(play_step(sasl, vector_challenge, sizeof vector_challenge),
                     SP_SASL_NO_CREDENTIAL);
    assert_string_equal(sasl->detail, "nothing stands behind the \\ of --user; give DOMAIN\\user");
    sp_sasl_free(sasl);
    sasl = begin("User", "p\xffss");
    assert_int_equal(play_step(sasl, vector_challenge, sizeof vector_challenge),
                     SP_SASL_NO_CREDENTIAL);
    assert_string_equal(sasl->detail, "the password is not UTF-8, which NTLM needs");
    sp_sasl_free(sasl);
}

static void test_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text, *upper; /* NULL: not UTF-8 */
    } rows[] = {
        {"User", "USER"},
        {"j\xc3\xbcrgen \xc3\xbf", "J\xc3\x9cRGEN \xc5\xb8"},
        {"\xce\xb1\xcf\x89\xce\xac", "\xce\x91\xce\xa9\xce\x86"},
        {"\xd0\xb6\xd1\x8f\xd1\x91", "\xd0\x96\xd0\xaf\xd0\x81"},
        {"\xc3\x9f", "\xc3\x9f"},                 /* no single capital */
        {"\xc4\xb1\xc5\xbf", "\xc4\xb1\xc5\xbf"}, /* kept out of ASCII */
        {"\xf0\x90\x90\xa8", "\xf0\x90\x90\x80"}, /* two units of UTF-16 */
        {"\xff", NULL},
        {"\xc3", NULL},
        {"\xed\xa0\x80", NULL}, /* a surrogate */
        {"\xc0\x80", NULL},
        {"\xf4\x90\x80\x80", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[64];
        char text[64] = "";
        size_t len = 0, room = strlen(rows[i].text);
        memset(out, '#', sizeof out);
        assert_int_equal(sp_ntlm_utf16(rows[i].text, room, true, out, &len), rows[i].upper != NULL);
        assert_int_equal(out[2 * room], '#');
        if (!rows[i].upper)
            continue;
        sp_ntlm_utf8((struct sp_slice){out, len}, text, sizeof text);
        assert_string_equal(text, rows[i].upper);
    }
    /* Hostile names: half surrogates, controls, an odd octet, and no room. */
    char text[8] = "";
    sp_ntlm_utf8((struct sp_slice){(const uint8_t *)"\0\xd8\0\xdc\x0a\0a\0\0", 9}, text,
                 sizeof text);
    assert_string_equal(text, "\xf0\x90\x80\x80?a");
    text[0] = '\0';
    sp_ntlm_utf8((struct sp_slice){(const uint8_t *)"\0\xdc\0\xd8"
                                                    "a\0\x85\0",
                                   8},
                 text, sizeof text);
    assert_string_equal(text, "??a?");
    char small[4] = "x";
    sp_ntlm_utf8((struct sp_slice){(const uint8_t *)"a\0\xac\x20z\0", 6}, small, sizeof small);
    assert_string_equal(small, "xa");
}

/* --- hostile type 2 ----------------------------------------------------------------------------- */

static void expect_refused(const uint8_t *message, size_t len, const char *wrong)
{
    struct sp_sasl *sasl = begin("User", "Password");
    assert_int_equal(play_step(sasl, message, len), SP_SASL_BAD_CHALLENGE);
    if (!strstr(sasl->detail, wrong))
        fail_msg("\"%s\" instead of \"%s\"", sasl->detail, wrong);
    assert_int_equal(sasl->out.len, 0);
    assert_false(sasl->last);
    sp_sasl_free(sasl);
}

/* One number of the message changed. */
static void test_lies(void **state)
{
    (void)state;
    static const struct {
        size_t at, octets;
        uint32_t value;
        const char *wrong;
    } rows[] = {
        {0, 1, 'n', "the challenge (104 octets) is no NTLM message of type 2"},
        {7, 1, 1, "no NTLM message of type 2"},
        {8, 4, 1, "no NTLM message of type 2"},
        {8, 4, 3, "no NTLM message of type 2"},
        {20, 4, 0x00800002, "names in its code page (flags 0x00800002)"},
        {12, 2, 0xffff, "target name is said to be 65535 octets at offset 56"},
        {12, 2, 49,
         "has 104 octets, 48 of them header, and its target name is said to be 49 octets"},
        {16, 4, 0xffffffff, "12 octets at offset 4294967295"},
        {16, 4, 0xfffffff5, "12 octets at offset 4294967285"},
        {16, 4, 93, "12 octets at offset 93"},
        {16, 4, 0, "12 octets at offset 0"},
        {16, 4, 47, "12 octets at offset 47"},
        {40, 2, 0xffff, "target info is said to be 65535 octets at offset 68"},
        {44, 4, 0x80000000, "target info is said to be 36 octets at offset 2147483648"},
        {44, 4, 0xffffffdc, "target info is said to be 36 octets at offset 4294967260"},
        {44, 4, 69, "36 octets at offset 69"},
        {70, 2, 0xffff, "36 octets, and value 2 at octet 0 is said to be 65535"},
        {86, 2, 17, "36 octets, and value 1 at octet 16 is said to be 17"},
        {86, 2, 16, "target info (36 octets) has no end mark"},
        {100, 2, 6, "MsvAvFlags in the type 2 message's target info has 0 octets instead of 4"},
        {84, 2, 7, "MsvAvTimestamp in the type 2 message's target info has 12 octets instead of 8"},
        {102, 2, 1, "value 0 at octet 32 is said to be 1"},
        {40, 2, 32, "target info (32 octets) has no end mark"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t message[sizeof vector_challenge];
        memcpy(message, vector_challenge, sizeof message);
        put(message + rows[i].at, rows[i].value, rows[i].octets);
        expect_refused(message, sizeof message, rows[i].wrong);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof vector_challenge; len++)
        expect_refused(vector_challenge, len, len < 32 ? "no NTLM message" : "type 2 message has");
    expect_refused((const uint8_t *)"\r\n", 2,
                   "the challenge (2 octets) is no NTLM message of type 2");
}

static void test_large(void **state)
{
    (void)state;
    static uint8_t message[SP_LIMIT_REPLY_LINE], info[SP_LIMIT_REPLY_LINE];
    memset(info, 0, sizeof info);
    size_t sizes[] = {8000, 9100, 12000};
    for (size_t i = 0; i < 3; i++) {
        put(info, 99, 2);
        put(info + 2, (uint32_t)sizes[i], 2);
        size_t len = make_challenge(info, sizes[i] + 8, message);
        if (i > 0) {
            char wrong[64];
            snprintf(wrong, sizeof wrong, "target info has %zu octets", sizes[i] + 4);
            expect_refused(message, len, wrong);
            continue;
        }
        struct sp_sasl *sasl = begin("User", "Password");
        assert_int_equal(play_step(sasl, message, len), SP_SASL_RESPOND);
        assert_int_equal(field_of(sasl, 20).len, 16 + 28 + sizes[i] + 4 + 8);
        sp_sasl_free(sasl);
    }
    memset(message, 0xff, sizeof message);
    expect_refused(message, sizeof message,
                   "the challenge (12288 octets) is no NTLM message of type 2");
    /* Names that fill what is kept of them. */
    put(info, 3, 2);
    put(info + 2, 4000, 2);
    for (size_t i = 0; i < 2000; i++)
        put(info + 4 + 2 * i, 'a', 2);
    size_t len = make_challenge(info, 4008, message);
    struct sp_sasl *sasl = begin("User", "Password");
    assert_int_equal(play_step(sasl, message, len), SP_SASL_RESPOND);
    assert_int_equal(strlen(sasl->server_said), sizeof sasl->server_said - 1);
    sp_sasl_free(sasl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_login),
        cmocka_unit_test(test_time),    cmocka_unit_test(test_old_server),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_characters),
        cmocka_unit_test(test_lies),    cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
