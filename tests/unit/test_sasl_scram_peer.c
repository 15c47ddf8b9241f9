/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Against libgsasl's server: what it accepts of us, and what we accept of it. */
#include "scram_login.h"

#include <gsasl.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* The same octets for both sides, in libgsasl's form: base64. */
#define UNIQUE_BASE64 "ZGVmZ2hpamtsbW5v"
#define EXPORTER_BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct sp_binding no_tls;
static const struct sp_binding unique = {
    SP_BINDING_TLS_UNIQUE, {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111}, 12};
static const struct sp_binding exporter = {SP_BINDING_TLS_EXPORTER,
                                           {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                            11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                            22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
                                           32};

/* The server's side of one login. */
struct server {
    const char *password, *iterations;
    const char *unique, *exporter; /* base64, or NULL */
    char *seen_user;
};

static const char *our_password;

static char *give_password(const char *user, char *error, size_t size)
{
    (void)user;
    (void)error;
    (void)size;
    return strdup(our_password);
}

static int answer(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    const struct server *server = gsasl_callback_hook_get(library);
    const char *value = NULL;
    if (property == GSASL_PASSWORD)
        value = server->password;
    else if (property == GSASL_SCRAM_ITER)
        value = server->iterations;
    else if (property == GSASL_CB_TLS_UNIQUE)
        value = server->unique;
    else if (property == GSASL_CB_TLS_EXPORTER)
        value = server->exporter;
    return value ? gsasl_property_set(session, property, value) : GSASL_NO_CALLBACK;
}

/* What libgsasl says at the end; *out_sasl is the login, up to where either side stopped. */
static int play(const char *mech, const char *user, const struct sp_binding *binding,
                struct server *server, struct sp_sasl **out_sasl)
{
    Gsasl *library = NULL;
    Gsasl_session *session = NULL;
    struct sp_sasl *sasl = login_begin(mech, user, give_password, binding);
    assert_int_equal(gsasl_init(&library), GSASL_OK);
    gsasl_callback_set(library, answer);
    gsasl_callback_hook_set(library, server);
    assert_int_equal(gsasl_server_start(library, mech, &session), GSASL_OK);
    int result = GSASL_NEEDS_MORE;
    login_hear(sasl, NULL, 0);
    while (result == GSASL_NEEDS_MORE && sasl->result == SP_SASL_RESPOND) {
        char *octets = NULL;
        size_t len = 0;
        result = gsasl_step(session, (const char *)sasl->out.data, sasl->out.len, &octets, &len);
        if (result == GSASL_NEEDS_MORE || (result == GSASL_OK && len > 0))
            login_hear(sasl, octets, len);
        gsasl_free(octets);
    }
    const char *seen = gsasl_property_fast(session, GSASL_AUTHID);
    server->seen_user = seen ? strdup(seen) : NULL;
    gsasl_finish(session);
    gsasl_done(library);
    *out_sasl = sasl;
    return result;
}

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *mech;
        const struct sp_binding *binding;
        const char *user, *password, *server_password; /* NULL: the same */
        struct server server;
    } rows[] = {
        {"SCRAM-SHA-1", &no_tls, "user", "pencil", NULL, {.iterations = "4096"}},
        {"SCRAM-SHA-256", &no_tls, "user", "pencil", NULL, {.iterations = "4096"}},
        {"SCRAM-SHA-256", &no_tls, "user", "pencil", NULL, {.iterations = "65536"}},
        /* It could not bind, and we say that we could. */
        {"SCRAM-SHA-1", &exporter, "user", "pencil", NULL, {.iterations = "4096"}},
        {"SCRAM-SHA-256", &unique, "user", "pencil", NULL, {.iterations = "4096"}},
        {"SCRAM-SHA-1-PLUS",
         &unique,
         "user",
         "pencil",
         NULL,
         {.iterations = "4096", .unique = UNIQUE_BASE64}},
        {"SCRAM-SHA-1-PLUS",
         &exporter,
         "user",
         "pencil",
         NULL,
         {.iterations = "4096", .exporter = EXPORTER_BASE64}},
        {"SCRAM-SHA-256-PLUS",
         &unique,
         "user",
         "pencil",
         NULL,
         {.iterations = "4096", .unique = UNIQUE_BASE64}},
        {"SCRAM-SHA-256-PLUS",
         &exporter,
         "user",
         "pencil",
         NULL,
         {.iterations = "4096", .exporter = EXPORTER_BASE64}},
        /* Names with what SCRAM needs for itself; passwords that SASLprep changes, on one side or on both. */
        {"SCRAM-SHA-256", &no_tls, "a,b=c=2C", "p,=", NULL, {.iterations = "4096"}},
        {"SCRAM-SHA-256",
         &no_tls,
         "us\u00e9r@example.org",
         "pass w\u00f6rd",
         NULL,
         {.iterations = "4096"}},
        {"SCRAM-SHA-256", &no_tls, "user", "I\u00adX\u2168", "IXIX", {.iterations = "4096"}},
        {"SCRAM-SHA-1", &no_tls, "user", "u\u0308", "\u00fc", {.iterations = "4096"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server server = rows[i].server;
        struct sp_sasl *sasl;
        our_password = rows[i].password;
        server.password = rows[i].server_password ? rows[i].server_password : our_password;
        int result = play(rows[i].mech, rows[i].user, rows[i].binding, &server, &sasl);
        if (result != GSASL_OK || sasl->result != SP_SASL_RESPOND)
            fail_msg("row %zu: %s; %d, %s", i, gsasl_strerror_name(result), (int)sasl->result,
                     sasl->detail);
        assert_true(sasl->proven);
        assert_true(sasl->last);
        assert_string_equal(server.seen_user, rows[i].user);
        free(server.seen_user);
        sp_sasl_free(sasl);
    }
}

/* It never gets to its signature, and so nothing is proven. */
static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *mech;
        const struct sp_binding *binding;
        const char *password;
        struct server server;
    } rows[] = {
        {"SCRAM-SHA-1", &no_tls, "pencil2", {.iterations = "4096"}},
        {"SCRAM-SHA-256", &no_tls, "Pencil", {.iterations = "4096"}},
        {"SCRAM-SHA-256-PLUS",
         &exporter,
         "Pencil",
         {.iterations = "4096", .exporter = EXPORTER_BASE64}},
        /* Somebody stands between the two connections. */
        {"SCRAM-SHA-256-PLUS",
         &exporter,
         "pencil",
         {.iterations = "4096", .exporter = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh4="}},
        {"SCRAM-SHA-1-PLUS",
         &unique,
         "pencil",
         {.iterations = "4096", .unique = "ZGVmZ2hpamtsbW5w"}},
        /* It can bind, and somebody took that out of its list: our "y" tells it. */
        {"SCRAM-SHA-256", &exporter, "pencil", {.iterations = "4096", .exporter = EXPORTER_BASE64}},
        {"SCRAM-SHA-1", &unique, "pencil", {.iterations = "4096", .unique = UNIQUE_BASE64}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server server = rows[i].server;
        struct sp_sasl *sasl;
        our_password = rows[i].password;
        server.password = "pencil";
        int result = play(rows[i].mech, "user", rows[i].binding, &server, &sasl);
        if (result == GSASL_OK || result == GSASL_NEEDS_MORE)
            fail_msg("row %zu: %s", i, gsasl_strerror_name(result));
        assert_false(sasl->proven);
        free(server.seen_user);
        sp_sasl_free(sasl);
    }
}

/* A server that asks for too little or too much of us. */
static void test_iterations(void **state)
{
    (void)state;
    static const char *const iterations[] = {"1", "4095", "600001", "2147483647"};
    for (size_t i = 0; i < COUNT(iterations); i++) {
        struct server server = {.password = "pencil", .iterations = iterations[i]};
        struct sp_sasl *sasl;
        our_password = "pencil";
        play("SCRAM-SHA-256", "user", &no_tls, &server, &sasl);
        assert_int_equal(sasl->result, SP_SASL_BAD_CHALLENGE);
        assert_non_null(strstr(sasl->detail, iterations[i]));
        free(server.seen_user);
        sp_sasl_free(sasl);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_iterations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
