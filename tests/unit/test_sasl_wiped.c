/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * After sp_sasl_free no copy of a secret stands in the process's memory: not as it is, in hex or in base64 at
 * any of its three places, nor in UTF-16 (NTLM) or as what stands for it (NTOWFv1).
 */
#include "sasl_play.h"

#include "memory_scan.h"
#include "probe/base64.h"
#include "probe/hex.h"
#include "probe/ntlm.h"
#include "probe/sasl_hash.h"

#include <stdio.h>
#include <time.h>

#define SECRET_LEN 40u
#define NEEDLES 8u

/* Letters and digits that stand nowhere in the program. */
static void make_secret(char out[SECRET_LEN + 1])
{
    static unsigned count;
    unsigned seed = (unsigned)time(NULL) * 31 + (unsigned)getpid() + ++count * 977;
    for (size_t i = 0; i < SECRET_LEN; i++) {
        seed = seed * 1103515245u + 12345u;
        out[i] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(seed >> 16) % 56];
    }
    out[SECRET_LEN] = '\0';
}

/* Base64 of a secret behind `shift` octets, without the characters that those and the end share. */
static struct memory_needle base64_needle(const char *secret, size_t shift)
{
    char plain[SECRET_LEN + 3] = "", text[SP_BASE64_SIZE(SECRET_LEN + 2)];
    memcpy(plain + shift, secret, SECRET_LEN);
    sp_base64_encode(plain, shift + SECRET_LEN, text, sizeof text);
    struct memory_needle needle = memory_needle("base64", text + 24, 24);
    sp_secret_wipe(plain, sizeof plain);
    sp_secret_wipe(text, sizeof text);
    return needle;
}

static void make_needles(const char *secret, struct memory_needle out[NEEDLES])
{
    char hex[2 * SECRET_LEN + 1];
    uint8_t utf16[2 * SECRET_LEN], hash[16];
    size_t len = 0;
    /* Of most forms the second half: free() puts pointers of its own over the start of a block. */
    out[0] = memory_needle("first half", secret, SECRET_LEN / 2);
    out[1] = memory_needle("second half", secret + SECRET_LEN / 2, SECRET_LEN / 2);
    for (size_t shift = 0; shift < 3; shift++)
        out[2 + shift] = base64_needle(secret, shift);
    sp_hex((const uint8_t *)secret, SECRET_LEN, hex);
    out[5] = memory_needle("hex", hex + SECRET_LEN, SECRET_LEN);
    sp_ntlm_utf16(secret, SECRET_LEN, false, utf16, &len);
    out[6] = memory_needle("UTF-16", utf16 + len / 2, len / 2);
    struct sp_slice text = {utf16, len};
    sp_sasl_digest(SP_SASL_MD4, &text, 1, hash);
    out[7] = memory_needle("NTOWFv1", hash, sizeof hash);
    sp_secret_wipe(hex, sizeof hex);
    sp_secret_wipe(utf16, sizeof utf16);
    sp_secret_wipe(hash, sizeof hash);
    sp_sasl_wipe_stack(); /* what this test left there itself */
}

static size_t count_all(const struct memory_needle needles[NEEDLES], const char **out_name)
{
    size_t count = 0;
    for (size_t i = 0; i < NEEDLES; i++) {
        size_t found = memory_count(&needles[i]);
        assert_true(found != SIZE_MAX);
        if (found > 0)
            *out_name = needles[i].name;
        count += found;
    }
    return count;
}

/* The search itself: a copy is found, and none when it was wiped. */
static void test_search(void **state)
{
    (void)state;
    if (!MEMORY_SCAN)
        skip();
    char secret[SECRET_LEN + 1];
    struct memory_needle needles[NEEDLES];
    const char *name = "";
    make_secret(secret);
    make_needles(secret, needles);
    char *copy = strdup(secret);
    sp_secret_wipe(secret, sizeof secret);
    assert_int_equal(memory_count(&needles[0]), 1);
    assert_int_equal(memory_count(&needles[1]), 1);
    sp_secret_wipe(copy, SECRET_LEN);
    free(copy);
    assert_int_equal(count_all(needles, &name), 0);
}

/*
 * A token of this length fills the first room of a growing buffer in XOAUTH2, so that the next octet would move
 * it and leave a copy behind.
 */
#define TOKEN_LEN (512u - 22u)

static struct sp_sasl *begin_with(const char *mech, const char *secret)
{
    char token[TOKEN_LEN + 1];
    if (strcmp(mech, "XOAUTH2") != 0)
        return play_begin(mech, "user", secret);
    memset(token, 'x', TOKEN_LEN - SECRET_LEN);
    memcpy(token + TOKEN_LEN - SECRET_LEN, secret, SECRET_LEN + 1);
    struct sp_sasl *sasl = play_begin(mech, "user", token);
    sp_secret_wipe(token, sizeof token);
    return sasl;
}

static const char cram[] = "<1896.697170952@postoffice.reston.mci.net>";
static const char digest[] = "realm=\"a\",nonce=\"n\",algorithm=md5-sess,charset=utf-8";
static const char json[] = "{\"status\":\"invalid_token\"}";
static const char ntlm[] = "NTLMSSP\0\2\0\0\0\0\0\0\0\0\0\0\0\1\2\x08\0\1\2\3\4\5\6\7";

static void test_wiped(void **state)
{
    (void)state;
    static const struct {
        const char *mech;
        struct {
            const char *octets;
            size_t len;
        } challenges[3];
        enum sp_sasl_result result;
    } rows[] = {
        {"CRAM-MD5", {{cram, sizeof cram - 1}}, SP_SASL_RESPOND},
        {"CRAM-MD5", {{"", 0}}, SP_SASL_BAD_CHALLENGE}, /* broken off */
        {"DIGEST-MD5",
         {{digest, sizeof digest - 1}, {"rspauth=00", 10}},
         SP_SASL_SERVER_UNVERIFIED},
        {"DIGEST-MD5", {{"nonce", 5}}, SP_SASL_BAD_CHALLENGE},
        {"NTLM", {{"ok", 2}, {ntlm, sizeof ntlm}}, SP_SASL_RESPOND},
        {"NTLM", {{"ok", 2}, {ntlm, 20}}, SP_SASL_BAD_CHALLENGE},
        {"OAUTHBEARER", {{NULL, 0}, {json, sizeof json - 1}}, SP_SASL_RESPOND},
        {"XOAUTH2", {{NULL, 0}, {json, sizeof json - 1}}, SP_SASL_RESPOND},
        {"XOAUTH2", {{NULL, 0}}, SP_SASL_RESPOND},
    };
    if (!MEMORY_SCAN)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char secret[SECRET_LEN + 1];
        struct memory_needle needles[NEEDLES];
        const char *name = "";
        make_secret(secret);
        make_needles(secret, needles);
        struct sp_sasl *sasl = begin_with(rows[i].mech, secret);
        sp_secret_wipe(secret, sizeof secret);
        for (size_t k = 0; k < 3 && (rows[i].challenges[k].octets || (k == 0 && i >= 6)); k++)
            play_step(sasl, rows[i].challenges[k].octets, rows[i].challenges[k].len);
        assert_int_equal(sasl->result, rows[i].result);
        assert_true(sasl->steps > 0 && count_all(needles, &name) > 0);
        sp_sasl_free(sasl);
        size_t count = count_all(needles, &name);
        if (count > 0)
            fail_msg("%s, row %zu: %zu times, last as %s", rows[i].mech, i, count, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
