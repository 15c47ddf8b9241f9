/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be known of GSSAPI without a Kerberos server; tests/integration/auth_gssapi.py has one. */
#include "probe/gss_explain.h"
#include "probe/gss_layer.h"
#include "probe/gss_library.h"
#include "probe/sasl.h"

#include <krb5/krb5.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the library --------------------------------------------------------------------------------- */

static void test_library_missing(void **state)
{
    (void)state;
    struct sp_gss gss;
    char error[256];
    assert_false(sp_gss_load("libthere-is-no-such.so.2", &gss, error, sizeof error));
    assert_non_null(strstr(error, "GSSAPI needs libgssapi-krb5-2; install it"));
    assert_non_null(strstr(error, "libthere-is-no-such.so.2"));
    assert_false(sp_gss_load("libc.so.6", &gss, error, sizeof error));
    assert_non_null(strstr(error, "libc.so.6 has no gss_import_name"));
}

static void *load(void *place)
{
    char error[256] = "";
    *(const struct sp_gss **)place = sp_gss_library(error, sizeof error);
    return NULL;
}

static void test_library_by_threads(void **state)
{
    (void)state;
    const struct sp_gss *found[8] = {NULL};
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, load, &found[i]), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_non_null(found[0]);
    assert_non_null(found[0]->display_status);
    for (size_t i = 1; i < 8; i++)
        assert_ptr_equal(found[i], found[0]);
}

/* --- the layer ----------------------------------------------------------------------------------- */

static void test_layer_read(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
        const char *wrong; /* NULL: it will do */
    } rows[] = {
        {"\x01\0\0\0", 4, NULL},
        {"\x07\x00\xff\xff", 4, NULL},
        {"\x81\0\0\0", 4, NULL},       /* a layer of the future */
        {"\x01\xff\xff\xff", 4, NULL}, /* Dovecot's */
        {"", 0, "has 0 octets; RFC 4752 wants 4"},
        {"\x01\0\0", 3, "has 3 octets"},
        {"\x01\0\0\0\0", 5, "has 5 octets"},
        {"\0\0\0\0", 4, "offers nothing that is known"},
        {"\xf8\xff\xff\xff", 4, "offers nothing that is known"},
        {"\x02\x00\xff\xff", 4, "offers integrity)"},
        {"\x04\x00\xff\xff", 4, "offers confidentiality)"},
        {"\x06\x00\xff\xff", 4, "offers integrity, confidentiality)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char error[256] = "";
        /* Its own memory, so that a read past the end is seen. */
        uint8_t *offer = malloc(rows[i].len + 1);
        assert_non_null(offer);
        uint8_t *end = offer + 1;
        memcpy(end, rows[i].octets, rows[i].len);
        assert_int_equal(sp_gss_layer_read(end, rows[i].len, error, sizeof error), !rows[i].wrong);
        if (rows[i].wrong && !strstr(error, rows[i].wrong))
            fail_msg("row %zu: %s", i, error);
        assert_true(strlen(error) < sizeof error - 1);
        free(offer);
    }
}

static void test_layer_write(void **state)
{
    (void)state;
    struct sp_buf out;
    sp_buf_init(&out, 16);
    assert_true(sp_gss_layer_write(NULL, &out));
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "\x01\0\0\0", 4);
    sp_buf_consume(&out, out.len);
    assert_true(sp_gss_layer_write("j\xc3\xb6rg", &out));
    assert_int_equal(out.len, 9);
    assert_memory_equal(out.data, "\x01\0\0\0j\xc3\xb6rg", 9);
    sp_buf_consume(&out, out.len);
    assert_false(sp_gss_layer_write("longer than the cap", &out));
    sp_buf_free(&out);
}

/* --- what a status is called --------------------------------------------------------------------- */

static struct sp_sasl *new_login(const char *user, const char *host)
{
    const struct sp_sasl_config config = {
        .mech = sp_sasl_find("gssapi", 6), .user = user, .host = host};
    struct sp_sasl *sasl = sp_sasl_new(&config);
    assert_non_null(sasl);
    return sasl;
}

static const char *minor_text;

static OM_uint32 display_fake(OM_uint32 *minor, OM_uint32 code, int type, gss_OID mech,
                              OM_uint32 *context, gss_buffer_t out)
{
    (void)mech;
    *minor = 0;
    if (type == GSS_C_MECH_CODE && *minor_text == '\0')
        return GSS_S_BAD_STATUS;
    /* The major one has two lines. */
    char text[1024];
    snprintf(text, sizeof text, "%s",
             type == GSS_C_MECH_CODE ? minor_text
             : *context              ? "two"
                                     : "one");
    *context = type == GSS_C_GSS_CODE && *context == 0 && code != GSS_S_FAILURE;
    out->length = strlen(text); /* and no NUL behind it */
    out->value = malloc(out->length + 1);
    assert_non_null(out->value);
    memcpy(out->value, text, out->length);
    ((char *)out->value)[out->length] = 'X';
    return GSS_S_COMPLETE;
}

static OM_uint32 release_fake(OM_uint32 *minor, gss_buffer_t buffer)
{
    *minor = 0;
    free(buffer->value);
    buffer->value = NULL;
    buffer->length = 0;
    return GSS_S_COMPLETE;
}

static const struct sp_gss fake = {.display_status = display_fake, .release_buffer = release_fake};

static void test_explain(void **state)
{
    (void)state;
    static const struct {
        OM_uint32 major;
        long minor;
        bool answering;
        const char *text; /* the minor status' */
        enum sp_sasl_result result;
        const char *detail;
    } rows[] = {
        {GSS_S_NO_CRED, 0, false, "", SP_SASL_NO_CREDENTIAL,
         "no Kerberos ticket: run kinit, or set KRB5CCNAME or KRB5_CLIENT_KTNAME (one; two)"},
        {GSS_S_NO_CRED, KRB5_FCC_NOFILE, false, "no file", SP_SASL_NO_CREDENTIAL,
         "no Kerberos ticket: run kinit, or set KRB5CCNAME or KRB5_CLIENT_KTNAME (no file; one; two)"},
        {GSS_S_CREDENTIALS_EXPIRED, 0, false, "", SP_SASL_NO_CREDENTIAL,
         "the Kerberos ticket has expired: run kinit, or set KRB5CCNAME or KRB5_CLIENT_KTNAME (one; two)"},
        {GSS_S_FAILURE, KRB5KRB_AP_ERR_SKEW, true, "skew", SP_SASL_NO_CREDENTIAL,
         "the clocks differ too much: set the clocks of this machine, the Kerberos server and the mail "
         "server right (NTP) (skew)"},
        {GSS_S_FAILURE, KRB5_KDC_UNREACH, false, "far", SP_SASL_NO_CREDENTIAL,
         "no Kerberos server answers: check that it runs, and port 88 on the way (far)"},
        {GSS_S_FAILURE, KRB5_MUTUAL_FAILED, true, "bad", SP_SASL_SERVER_UNVERIFIED,
         "the server could not prove that it has the service's key (bad)"},
        {GSS_S_FAILURE, 4711, false, "odd", SP_SASL_NO_CREDENTIAL, "Kerberos failed (odd)"},
        {GSS_S_FAILURE, 4711, false, "", SP_SASL_NO_CREDENTIAL, "Kerberos failed (one)"},
        {GSS_S_FAILURE, 4711, true, "odd", SP_SASL_BAD_CHALLENGE,
         "what the server sent is no proper Kerberos token (odd)"},
        {GSS_S_DEFECTIVE_TOKEN, 0, true, "", SP_SASL_BAD_CHALLENGE,
         "what the server sent is no proper Kerberos token (one; two)"},
        {GSS_S_COMPLETE | GSS_S_OLD_TOKEN, 0, true, "", SP_SASL_BAD_CHALLENGE,
         "what the server sent is no proper Kerberos token (one; two)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = new_login(NULL, "mail.example.test");
        minor_text = rows[i].text;
        assert_int_equal(sp_gss_explain(sasl, &fake, rows[i].major,
                                        (OM_uint32)(unsigned long)rows[i].minor, rows[i].answering),
                         rows[i].result);
        assert_string_equal(sasl->detail, rows[i].detail);
        sp_sasl_free(sasl);
    }
}

/* A text without end, as a server may have Kerberos quote it. */
static void test_explain_long(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    minor_text = text;
    struct sp_sasl *sasl = new_login(NULL, "mail.example.test");
    assert_int_equal(sp_gss_explain(sasl, &fake, GSS_S_FAILURE, 4711, true), SP_SASL_BAD_CHALLENGE);
    assert_int_equal(strlen(sasl->detail), sizeof sasl->detail - 1);
    sp_sasl_free(sasl);
}

/* --- the mechanism ------------------------------------------------------------------------------- */

/* Whoever we are and whatever the server is called: without a ticket nothing is sent. */
static void test_no_ticket(void **state)
{
    (void)state;
    static char longest[5000];
    memset(longest, 'a', sizeof longest - 1);
    const char *users[] = {NULL, "",       "alice", "alice@EXAMPLE.TEST", "a@b@c", "@",
                           "/",  "a/b/c@", "\\",    "j\xc3\xb6rg",        longest};
    const char *hosts[] = {"mail.example.test", "", "127.0.0.1", "::1", "a/b@C", "\\", longest};
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        for (size_t k = 0; k < sizeof hosts / sizeof *hosts; k++) {
            struct sp_sasl *sasl = new_login(users[i], hosts[k]);
            sp_sasl_compute(sasl);
            assert_int_equal(sasl->result, SP_SASL_NO_CREDENTIAL);
            assert_int_equal(sasl->out.len, 0);
            assert_false(sasl->proven);
            assert_true(strlen(sasl->detail) > 0);
            if (k == 0 && !strstr(sasl->detail, "no Kerberos ticket: run kinit"))
                fail_msg("user %zu: %s", i, sasl->detail);
            sp_sasl_free(sasl);
        }
    }
}

static void test_cancelled(void **state)
{
    (void)state;
    struct sp_sasl *sasl = new_login("alice", "mail.example.test");
    sp_sasl_cancel(sasl);
    sp_sasl_compute(sasl);
    assert_int_equal(sasl->result, SP_SASL_CANCELLED);
    sp_sasl_free(sasl);
}

static int leave_no_credentials(void **state)
{
    (void)state;
    unsetenv("KRB5_CLIENT_KTNAME");
    return setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1) ||
           setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library_missing), cmocka_unit_test(test_library_by_threads),
        cmocka_unit_test(test_layer_read),      cmocka_unit_test(test_layer_write),
        cmocka_unit_test(test_explain),         cmocka_unit_test(test_explain_long),
        cmocka_unit_test(test_no_ticket),       cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, leave_no_credentials, NULL);
}
