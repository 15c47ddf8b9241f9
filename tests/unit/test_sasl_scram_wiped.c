/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * After a SCRAM login, however it ends, nothing of the password stands in the process's memory: neither as it
 * was read nor after SASLprep, as code points, as the pads of HMAC, as what is derived from it.
 */
#include "memory_scan.h"
#include "scram_login.h"

#include "probe/base64.h"
#include "probe/sasl_hash.h"
#include "probe/saslprep.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define PART 16u /* octets of a needle: what is wiped but for its end or its start is found too */
#define NEEDLES_MAX 256u
#define SECRET_MAX 512u
#define TEXT(text) text, sizeof(text) - 1

static const struct sp_binding no_tls;
static const char first[] = "r=" OUR_NONCE "srv,s=c2FsdC1vZi0xNi1vY3RldA==,i=4096";
static const char salt[] = "salt-of-16-octet";

static struct memory_needle needles[NEEDLES_MAX];
static size_t needle_count;

/* --- what is looked for ------------------------------------------------------------------------- */

static void look_for(const char *name, const void *octets, size_t len)
{
    for (size_t at = 0; at + PART <= len; at += PART) {
        assert_true(needle_count < NEEDLES_MAX);
        needles[needle_count++] = memory_needle(name, (const uint8_t *)octets + at, PART);
    }
}

static void look_for_pad(const char *name, const uint8_t *key, size_t len, uint8_t octet)
{
    uint8_t pad[SECRET_MAX];
    for (size_t i = 0; i < len; i++)
        pad[i] = key[i] ^ octet;
    look_for(name, pad, len);
    sp_secret_wipe(pad, sizeof pad);
}

/* UTF-32, in which SASLprep works. */
static void look_for_points(const char *name, const char *text)
{
    uint32_t points[SECRET_MAX];
    size_t count = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at; count++) {
        unsigned more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
        points[count] = more == 0 ? *at : *at & (0x3fu >> more);
        for (at++; more > 0; more--)
            points[count] = points[count] << 6 | (*at++ & 0x3f);
    }
    look_for(name, points, count * sizeof *points);
    sp_secret_wipe(points, sizeof points);
}

static void look_for_derived(enum sp_sasl_hash hash, const char *prepared)
{
    uint8_t salted[SP_SASL_HASH_MAX], key[SP_SASL_HASH_MAX];
    size_t size = sp_sasl_hash_size(hash);
    struct sp_slice password = {(const uint8_t *)prepared, strlen(prepared)};
    struct sp_slice label = {(const uint8_t *)"Client Key", 10};
    assert_true(sp_sasl_hi(hash, password, (struct sp_slice){(const uint8_t *)salt, 16}, 4096, NULL,
                           salted));
    assert_true(sp_sasl_hmac(hash, (struct sp_slice){salted, size}, &label, 1, key));
    look_for("SaltedPassword", salted, size);
    look_for("ClientKey", key, size);
    look_for_pad("SaltedPassword as inner pad", salted, size, 0x36);
    look_for_pad("SaltedPassword as outer pad", salted, size, 0x5c);
    if (password.len > 64 && sp_sasl_digest(hash, &password, 1, key))
        look_for("digest of the password", key, size);
    sp_secret_wipe(salted, sizeof salted);
    sp_secret_wipe(key, sizeof key);
}

static void make_needles(enum sp_sasl_hash hash, const char *secret)
{
    char base64[SP_BASE64_SIZE(SECRET_MAX)];
    char *prepared = NULL;
    needle_count = 0;
    look_for("as read", secret, strlen(secret));
    look_for_points("as read, code points", secret);
    assert_true(sp_base64_encode(secret, strlen(secret), base64, sizeof base64));
    look_for("base64", base64, strlen(base64));
    sp_secret_wipe(base64, sizeof base64);
    if (sp_saslprep(secret, strlen(secret), &prepared) != SP_SASLPREP_OK)
        return; /* it is not sent either */
    look_for("prepared", prepared, strlen(prepared));
    look_for_points("prepared, code points", prepared);
    look_for_pad("inner pad", (const uint8_t *)prepared, strlen(prepared), 0x36);
    look_for_pad("outer pad", (const uint8_t *)prepared, strlen(prepared), 0x5c);
    look_for_derived(hash, prepared);
    sp_secret_wipe(prepared, strlen(prepared));
    free(prepared);
}

static size_t count_all(const char **out_name)
{
    size_t found[NEEDLES_MAX], count = 0;
    assert_true(memory_count_each(needles, needle_count, found));
    for (size_t i = 0; i < needle_count; i++) {
        if (found[i] > 0)
            *out_name = needles[i].name;
        count += found[i];
    }
    return count;
}

/* The search itself: each of them is found when it is there, and only then. */
static void check_search(void)
{
    const char *name = "";
    uint8_t *copies = malloc(needle_count * PART);
    assert_non_null(copies);
    size_t found[NEEDLES_MAX], count = count_all(&name);
    if (count > 0)
        fail_msg("before the login: %zu times, last %s", count, name);
    for (size_t i = 0; i < needle_count * PART; i++)
        copies[i] = needles[i / PART].masked[i % PART] ^ MEMORY_MASK;
    assert_true(memory_count_each(needles, needle_count, found));
    for (size_t i = 0; i < needle_count; i++)
        assert_true(found[i] > 0);
    sp_secret_wipe(copies, needle_count * PART);
    free(copies);
}

/* --- the logins --------------------------------------------------------------------------------- */

enum kind { LETTERS, ROMAN, FORBIDDEN };

static struct {
    enum kind kind;
    size_t count; /* characters */
    unsigned seed;
} password;

/* Made anew each time, so that the test keeps no copy. */
static void make_password(char out[SECRET_MAX])
{
    unsigned seed = password.seed;
    char *end = out;
    for (size_t i = 0; i < password.count; i++) {
        seed = seed * 1103515245u + 12345u;
        if (password.kind == LETTERS)
            *end++ = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(seed >> 16) % 56];
        else /* U+2160 to U+217F, of which NFKC makes letters */
            end += snprintf(end, 4, "\xe2\x85%c", (int)(0xa0 + (seed >> 16) % 32));
    }
    if (password.kind == FORBIDDEN)
        *end++ = '\x07';
    *end = '\0';
}

static char *give_password(const char *user, char *error, size_t size)
{
    char made[SECRET_MAX];
    (void)user;
    (void)error;
    (void)size;
    make_password(made);
    char *copy = strdup(made);
    sp_secret_wipe(made, sizeof made);
    return copy;
}

enum ending { COMPLETE, BROKEN_OFF, BAD_FIRST, CANCELLED };

struct login {
    const char *mech;
    enum ending ending;
    enum sp_sasl_result result; /* out: of the step with the password */
    size_t found;               /* out: how often it is found before the end */
};

static void *cancel_soon(void *sasl)
{
    const struct timespec moment = {0, 2000000};
    nanosleep(&moment, NULL);
    sp_sasl_cancel(sasl);
    return NULL;
}

static void *run_login(void *data)
{
    struct login *login = data;
    const char *name = "";
    pthread_t thread;
    struct sp_sasl *sasl = login_begin(login->mech, "user", give_password, &no_tls);
    login_hear(sasl, NULL, 0);
    if (login->ending == CANCELLED) {
        pthread_create(&thread, NULL, cancel_soon, sasl);
        login->result = login_hear(sasl, TEXT("r=" OUR_NONCE "srv,s=c2FsdC1vZi0xNi1vY3RldA==,"
                                              "i=600000"));
        pthread_join(thread, NULL);
    } else if (login->ending == BAD_FIRST) {
        login->result = login_hear(sasl, TEXT("r=" OUR_NONCE "srv,s=c2FsdC1vZi0xNi1vY3RldA==,i=0"));
    } else {
        login->result = login_hear(sasl, TEXT(first));
    }
    if (login->ending == COMPLETE)
        login_hear(sasl, TEXT("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    login->found = count_all(&name);
    sp_sasl_free(sasl);
    return NULL;
}

static void check_login(struct login *login, bool own_thread)
{
    const char *name = "";
    pthread_t thread;
    if (own_thread) { /* its stack stays mapped for the next thread */
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 262144);
        assert_int_equal(pthread_create(&thread, &small, run_login, login), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        pthread_attr_destroy(&small);
    } else {
        run_login(login);
    }
    if (login->found == 0)
        fail_msg("%s: no password was there to be wiped", login->mech);
    size_t count = count_all(&name);
    if (count > 0)
        fail_msg("%s, ending %d, kind %d, %zu characters: %zu times, last %s", login->mech,
                 (int)login->ending, (int)password.kind, password.count, count, name);
}

static void test_wiped(void **state)
{
    (void)state;
    static const struct {
        const char *mech;
        enum sp_sasl_hash hash;
        enum kind kind;
        size_t count;
        enum ending ending;
        enum sp_sasl_result result;
    } rows[] = {
        {"SCRAM-SHA-1", SP_SASL_SHA1, LETTERS, 16, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-1", SP_SASL_SHA1, LETTERS, 200, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-1", SP_SASL_SHA1, ROMAN, 60, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-256", SP_SASL_SHA256, LETTERS, 40, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-256", SP_SASL_SHA256, LETTERS, 200, BROKEN_OFF, SP_SASL_RESPOND},
        {"SCRAM-SHA-256", SP_SASL_SHA256, ROMAN, 8, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-512", SP_SASL_SHA512, LETTERS, 40, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-512", SP_SASL_SHA512, LETTERS, 200, COMPLETE, SP_SASL_RESPOND},
        {"SCRAM-SHA-512", SP_SASL_SHA512, ROMAN, 100, BROKEN_OFF, SP_SASL_RESPOND},
        {"SCRAM-SHA-256", SP_SASL_SHA256, LETTERS, 40, BAD_FIRST, SP_SASL_BAD_CHALLENGE},
        {"SCRAM-SHA-256", SP_SASL_SHA256, ROMAN, 40, CANCELLED, SP_SASL_CANCELLED},
        {"SCRAM-SHA-512", SP_SASL_SHA512, LETTERS, 200, CANCELLED, SP_SASL_CANCELLED},
        {"SCRAM-SHA-1", SP_SASL_SHA1, FORBIDDEN, 40, BROKEN_OFF, SP_SASL_NO_CREDENTIAL},
    };
    if (!MEMORY_SCAN)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char secret[SECRET_MAX];
        password.kind = rows[i].kind;
        password.count = rows[i].count;
        password.seed = (unsigned)time(NULL) * 31 + (unsigned)getpid() + (unsigned)i * 977;
        make_password(secret);
        make_needles(rows[i].hash, secret);
        sp_secret_wipe(secret, sizeof secret);
        sp_sasl_wipe_stack();
        check_search();
        for (int own_thread = 0; own_thread < 2; own_thread++) {
            struct login login = {.mech = rows[i].mech, .ending = rows[i].ending};
            check_login(&login, own_thread);
            assert_int_equal(login.result, rows[i].result);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
