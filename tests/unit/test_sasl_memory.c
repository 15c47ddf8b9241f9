/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each allocation of a login fails in turn, alone and with all behind it: the step says so, nothing is sent,
 * nothing leaks, and the server is never called proven.
 */
#include "failing_memory.h"

#include "probe/digest_md5.h"
#include "probe/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct login {
    const char *mech;
    struct {
        const char *octets; /* NULL: the step before any challenge */
        size_t len;
    } challenges[2];
    size_t steps;
};

static const char cram[] = "<1896.697170952@postoffice.reston.mci.net>";
static const char digest[] = "realm=\"a\",nonce=\"n\",algorithm=md5-sess,charset=utf-8";
static char proof[] = "rspauth=0123456789abcdef0123456789abcdef"; /* see make_proof */
static const char ntlm[] = "NTLMSSP\0\2\0\0\0\0\0\0\0\0\0\0\0\1\2\x88\0\1\2\3\4\5\6\7\x08"
                           "\0\0\0\0\0\0\0\0\x18\0\x18\0\x30\0\0\0"
                           "\7\0\x08\0\1\2\3\4\5\6\7\x08\1\0\4\0M\0X\0\0\0\0";

static const struct login logins[] = {
    {"CRAM-MD5", {{cram, sizeof cram - 1}}, 1},
    {"DIGEST-MD5", {{digest, sizeof digest - 1}, {proof, sizeof proof - 1}}, 2},
    {"NTLM", {{"ok", 2}, {ntlm, sizeof ntlm}}, 2},
    {"OAUTHBEARER", {{NULL, 0}, {"{}", 2}}, 2},
    {"XOAUTH2", {{NULL, 0}, {"{}", 2}}, 2},
    {"EXTERNAL", {{NULL, 0}}, 1},
    {"ANONYMOUS", {{NULL, 0}}, 1},
};

static struct sp_sasl *begin(const char *name)
{
    struct sp_sasl_config config = {.mech = sp_sasl_find(name, strlen(name)), .host = "mx.example"};
    struct sp_sasl *sasl = sp_sasl_new(&config);
    if (!sasl)
        return NULL;
    sasl->prepared = true;
    sasl->user = strdup("user");
    sasl->password = strdup("secret \xc3\xa4");
    sasl->token = strdup("token");
    if (sasl->user && sasl->password && sasl->token)
        return sasl;
    sp_sasl_free(sasl);
    return NULL;
}

/* True: the whole login was computed. */
static bool play(const struct login *login)
{
    struct sp_sasl *sasl = begin(login->mech);
    bool good = sasl != NULL;
    for (size_t i = 0; good && i < login->steps; i++) {
        const char *octets = login->challenges[i].octets;
        if (octets && !sp_sasl_challenge(sasl, (const uint8_t *)octets, login->challenges[i].len)) {
            good = false;
            break;
        }
        sp_sasl_compute(sasl);
        good = sasl->result == SP_SASL_RESPOND;
        if (!good && sasl->result != SP_SASL_NO_MEMORY)
            fail_msg("%s: result %d, %s", login->mech, (int)sasl->result, sasl->detail);
        assert_true(good || (!sasl->proven && !sasl->last));
    }
    if (good)
        assert_true(sasl->proven == sasl->mech->proves &&
                    sasl->last == ((sasl->mech->needs & SP_SASL_NEEDS_TOKEN) == 0));
    sp_sasl_free(sasl);
    return good;
}

/* The proof that DIGEST-MD5's server owes to the login above. */
static void make_proof(void)
{
    static const char *const texts[] = {
        "user", "a", "secret \xe4", "n", "00000000000000000000000000000000", "smtp/mx.example"};
    struct sp_slice parts[6];
    char response[SP_DIGEST_HEX], expected[SP_DIGEST_HEX];
    for (size_t i = 0; i < 6; i++)
        parts[i] = (struct sp_slice){(const uint8_t *)texts[i], strlen(texts[i])};
    struct sp_digest_login login = {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]};
    assert_true(sp_digest_compute(&login, response, expected));
    memcpy(proof + strlen("rspauth="), expected, 32);
}

static void test_each_allocation(void **state)
{
    (void)state;
    make_proof();
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        assert_true(play(&logins[i]));
        size_t failures = 0;
        for (unsigned mode = 0; mode < 2 && OWN_ALLOCATOR; mode++)
            for (size_t count = 0;; count++) {
                long before = live;
                alone = mode == 1;
                hit = false;
                left = count;
                bool good = play(&logins[i]);
                bool failed = hit;
                left = SIZE_MAX;
                assert_int_equal(live, before);
                if (!failed) {
                    assert_true(good);
                    break;
                }
                assert_false(good);
                failures++;
            }
        assert_true(!OWN_ALLOCATOR || failures >= 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
