/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CRAM-MD5, OAUTHBEARER, XOAUTH2, ANONYMOUS and EXTERNAL: the RFCs' examples, hostile challenges, and libgsasl as
 * the server. */
#include "sasl_play.h"

#include "probe/limits.h"

#include <gsasl.h>
#include <stdio.h>

/* --- the table ---------------------------------------------------------------------------------- */

static void test_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned strength, needs;
        bool client_first, exposes, proves, text_first, named_only;
    } rows[] = {
        {"EXTERNAL", 200, SP_SASL_NEEDS_CERTIFICATE, true, false, false, false, false},
        {"OAUTHBEARER", 150, SP_SASL_NEEDS_TOKEN, true, true, false, false, false},
        {"XOAUTH2", 148, SP_SASL_NEEDS_USER | SP_SASL_NEEDS_TOKEN, true, true, false, false, false},
        {"DIGEST-MD5", 120, SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD, false, false, true, false,
         false},
        {"CRAM-MD5", 118, SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD, false, false, false, false,
         false},
        {"NTLM", 100, SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD, false, false, false, true, true},
        {"ANONYMOUS", 10, 0, true, false, false, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sp_sasl_mech *mech = sp_sasl_find(rows[i].name, strlen(rows[i].name));
        assert_non_null(mech);
        assert_int_equal(mech->strength, rows[i].strength);
        assert_int_equal(mech->needs, rows[i].needs);
        assert_int_equal(mech->client_first, rows[i].client_first);
        assert_int_equal(mech->exposes, rows[i].exposes);
        assert_int_equal(mech->proves, rows[i].proves);
        assert_int_equal(mech->text_first, rows[i].text_first);
        assert_int_equal(mech->named_only, rows[i].named_only);
        assert_true(strlen(mech->help) > 20 && strlen(mech->help) < 100);
    }
    for (size_t i = 1; sp_sasl_mechs[i]; i++)
        if (sp_sasl_mechs[i - 1]->strength <= sp_sasl_mechs[i]->strength)
            fail_msg("%s stands before %s", sp_sasl_mechs[i - 1]->name, sp_sasl_mechs[i]->name);
}

/* --- CRAM-MD5 ----------------------------------------------------------------------------------- */

/* RFC 2195 §2. */
static void test_cram_md5(void **state)
{
    (void)state;
    struct sp_sasl *sasl = play_begin("CRAM-MD5", "tim", "tanstaaftanstaaf");
    play_text(sasl, "<1896.697170952@postoffice.reston.mci.net>");
    play_expect(sasl, "tim b913a602c7eda7a495b4e6e7334d3890", 36);
    assert_true(sasl->last);
    assert_false(sasl->proven);
    assert_int_equal(play_text(sasl, "<again@example.org>"), SP_SASL_BAD_CHALLENGE);
    assert_non_null(strstr(sasl->detail, "CRAM-MD5 has only one"));
    sp_sasl_free(sasl);
}

static void test_cram_md5_challenges(void **state)
{
    (void)state;
    static char huge[SP_LIMIT_REPLY_LINE];
    memset(huge, 'x', sizeof huge);
    const struct {
        const char *octets;
        size_t len;
        const char *wrong; /* NULL: answered */
    } rows[] = {
        {"", 0, "is empty"},
        {"\0", 1, "octet 1 of the challenge is the control character 0x00"},
        {"<1@a>\r\n", 7, "octet 6 of the challenge is the control character 0x0d"},
        {"<1\n@a>", 6, "octet 3 of the challenge is the control character 0x0a"},
        {"<1@a>\x7f", 6, "octet 6 of the challenge is the control character 0x7f"},
        {"no msg-id at all", 16, NULL}, /* as some servers have it */
        {"<1@m\xc3\xbcller>", 11, NULL},
        {huge, sizeof huge, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = play_begin("CRAM-MD5", "tim", "secret");
        enum sp_sasl_result result = play_step(sasl, rows[i].octets, rows[i].len);
        assert_int_equal(result, rows[i].wrong ? SP_SASL_BAD_CHALLENGE : SP_SASL_RESPOND);
        if (rows[i].wrong && !strstr(sasl->detail, rows[i].wrong))
            fail_msg("\"%s\" instead of \"%s\"", sasl->detail, rows[i].wrong);
        assert_int_equal(sasl->out.len, rows[i].wrong ? 0 : 36);
        sp_sasl_free(sasl);
    }
}

/* --- OAuth -------------------------------------------------------------------------------------- */

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

static struct sp_sasl *begin_oauth(const char *name, const char *user, const char *token,
                                   const char *host, uint16_t port)
{
    struct sp_sasl *sasl = play_begin(name, user, token);
    free(sasl->host);
    sasl->host = strdup(host);
    sasl->port = port;
    play_step(sasl, NULL, 0);
    return sasl;
}

static void test_oauth_messages(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *token, *host;
        uint16_t port;
        const char *message;
    } rows[] = {
        /* RFC 7628 §4.1 */
        {"OAUTHBEARER", "user@example.com", TOKEN, "server.example.com", 143,
         "n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer " TOKEN "\1\1"},
        {"OAUTHBEARER", NULL, "a.b-c_d~e+f/0", "::1", 465,
         "n,,\1host=::1\1port=465\1auth=Bearer a.b-c_d~e+f/0\1\1"},
        {"OAUTHBEARER", "a=b,c", "x", "localhost", 0,
         "n,a=a=3Db=2Cc,\1host=localhost\1auth=Bearer x\1\1"},
        /* Google's and Microsoft's own example */
        {"XOAUTH2", "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", "h",
         587,
         "user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1"},
        {"XOAUTH2", "a=b,c", "x=", "h", 587, "user=a=b,c\1auth=Bearer x=\1\1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl =
            begin_oauth(rows[i].name, rows[i].user, rows[i].token, rows[i].host, rows[i].port);
        play_expect(sasl, rows[i].message, strlen(rows[i].message));
        assert_true(sasl->enough);
        assert_false(sasl->last);
        sp_sasl_free(sasl);
    }
}

/* Not an octet of what is no token is sent or shown. */
static void test_oauth_tokens(void **state)
{
    (void)state;
    static char huge[SP_LIMIT_COMMAND_AUTH];
    memset(huge, 'x', sizeof huge - 1);
    const struct {
        const char *token, *wrong;
    } rows[] = {
        {"", "at octet 1 of 0"},
        {"=", "at octet 2 of 1"},
        {"abc def", "at octet 4 of 7"},
        {"abc\1auth=Bearer other\1", "at octet 4 of 22"},
        {"\"quoted\"", "at octet 1 of 8"},
        {"{\"access_token\":\"x\"}", "at octet 1 of 20"},
        {"abc=d", "at octet 5 of 5"},
        {"abc\r", "at octet 4 of 4"},
        {"abc\x7f", "at octet 4 of 4"},
        {"t\xc3\xb6ken", "at octet 2 of 6"},
        {huge, "has 12287 octets; a line of AUTH has room for 9213"},
    };
    static const char *const names[] = {"OAUTHBEARER", "XOAUTH2"};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = begin_oauth(names[i % 2], "u", rows[i / 2].token, "h", 25);
        assert_int_equal(sasl->result, SP_SASL_NO_CREDENTIAL);
        if (!strstr(sasl->detail, rows[i / 2].wrong))
            fail_msg("\"%s\" instead of \"%s\"", sasl->detail, rows[i / 2].wrong);
        if (strlen(rows[i / 2].token) > 6)
            assert_null(strstr(sasl->detail, rows[i / 2].token));
        sp_sasl_free(sasl);
    }
}

/* The longest message whose base64, with CRLF, has 12288 octets; and one octet more. */
static void test_oauth_room(void **state)
{
    (void)state;
    char token[9300];
    size_t rest = strlen("user=u\1auth=Bearer \1\1");
    memset(token, 'x', sizeof token);
    for (size_t more = 0; more < 2; more++) {
        token[9213 - rest + more] = '\0';
        struct sp_sasl *sasl = begin_oauth("XOAUTH2", "u", token, "h", 25);
        assert_int_equal(sasl->result, more ? SP_SASL_NO_CREDENTIAL : SP_SASL_RESPOND);
        assert_true(more || sasl->out.len == 9213);
        sp_sasl_free(sasl);
        token[9213 - rest + more] = 'x';
    }
}

/* The refusal is told and answered as each of the two wants it. */
static void test_oauth_refusal(void **state)
{
    (void)state;
    static char huge[SP_LIMIT_REPLY_LINE];
    memset(huge, 'x', sizeof huge);
    const struct {
        const char *octets;
        size_t len;
        const char *said;
    } rows[] = {
        {"{\"status\":\"invalid_token\"}", 26, "{\"status\":\"invalid_token\"}"},
        {"{\r\n\t\"status\": \"401\"\r\n}\r\n", 24, "{ \"status\": \"401\" }"},
        {"", 0, ""},
        {"\0a\0\0b\n", 6, "a b"},
        {"\x1b[31m\xff", 6, "[31m\xff"},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        bool bearer = i % 2 == 0;
        struct sp_sasl *sasl = begin_oauth(bearer ? "OAUTHBEARER" : "XOAUTH2", "u", "t", "h", 25);
        play_step(sasl, rows[i / 2].octets, rows[i / 2].len);
        play_expect(sasl, "\1", bearer ? 1 : 0);
        assert_string_equal(sasl->server_said, rows[i / 2].said);
        assert_false(sasl->last || sasl->enough); /* only a refusal may follow */
        assert_int_equal(play_text(sasl, "more"), SP_SASL_BAD_CHALLENGE);
        sp_sasl_free(sasl);
    }
    struct sp_sasl *sasl = begin_oauth("XOAUTH2", "u", "t", "h", 25);
    assert_int_equal(play_step(sasl, huge, sizeof huge), SP_SASL_RESPOND);
    assert_int_equal(strlen(sasl->server_said), sizeof sasl->server_said - 1);
    sp_sasl_free(sasl);
}

/* --- EXTERNAL, ANONYMOUS ------------------------------------------------------------------------ */

static void test_one_response(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *response;
    } rows[] = {
        {"EXTERNAL", NULL, ""},
        {"EXTERNAL", "fred@example.com", "fred@example.com"}, /* RFC 4422 A.4 */
        {"ANONYMOUS", NULL, "smtp-probe"},
        {"ANONYMOUS", "sirhc", "sirhc"}, /* RFC 4505 §3 */
        {"ANONYMOUS", "\xce\xa6\xe2\x82\xac@example.org", "\xce\xa6\xe2\x82\xac@example.org"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = play_begin(rows[i].name, rows[i].user, NULL);
        play_step(sasl, NULL, 0);
        play_expect(sasl, rows[i].response, strlen(rows[i].response));
        assert_true(sasl->last);
        assert_int_equal(play_text(sasl, ""), SP_SASL_BAD_CHALLENGE);
        assert_true(sasl->detail[0] != '\0');
        sp_sasl_free(sasl);
    }
}

/* 255 characters, not octets. */
static void test_trace_length(void **state)
{
    (void)state;
    char trace[2 * 256 + 1];
    for (size_t i = 0; i < 256; i++)
        memcpy(trace + 2 * i, "\xc3\xa4", 2);
    trace[2 * 255] = '\0';
    struct sp_sasl *sasl = play_begin("ANONYMOUS", trace, NULL);
    play_step(sasl, NULL, 0);
    play_expect(sasl, trace, 2 * 255);
    sp_sasl_free(sasl);
    trace[2 * 255] = '\xc3';
    trace[2 * 256] = '\0';
    sasl = play_begin("ANONYMOUS", trace, NULL);
    assert_int_equal(play_step(sasl, NULL, 0), SP_SASL_NO_CREDENTIAL);
    assert_non_null(strstr(sasl->detail, "256 characters"));
    sp_sasl_free(sasl);
}

/* --- libgsasl as the server --------------------------------------------------------------------- */

static int on_property(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    (void)context;
    switch (property) {
    case GSASL_PASSWORD:
        gsasl_property_set(session, property, "wonderland \xc3\xa4");
        return GSASL_OK;
    case GSASL_VALIDATE_EXTERNAL:
    case GSASL_VALIDATE_ANONYMOUS: return GSASL_OK;
    default: return GSASL_NO_CALLBACK;
    }
}

/* What libgsasl says at last; *out_name: who it takes us for, to be freed. */
static int play_gsasl(const char *name, const char *user, const char *password,
                      Gsasl_property property, char **out_name)
{
    Gsasl *context = NULL;
    Gsasl_session *session = NULL;
    assert_int_equal(gsasl_init(&context), GSASL_OK);
    gsasl_callback_set(context, on_property);
    assert_int_equal(gsasl_server_start(context, name, &session), GSASL_OK);
    struct sp_sasl *sasl = play_begin(name, user, password);
    char *challenge = NULL;
    size_t len = 0;
    int result = GSASL_NEEDS_MORE;
    if (sasl->mech->client_first)
        play_step(sasl, NULL, 0);
    else {
        assert_int_equal(gsasl_step(session, NULL, 0, &challenge, &len), GSASL_NEEDS_MORE);
        play_step(sasl, challenge, len);
        gsasl_free(challenge);
    }
    assert_int_equal(sasl->result, SP_SASL_RESPOND);
    result = gsasl_step(session, (const char *)sasl->out.data, sasl->out.len, &challenge, &len);
    gsasl_free(challenge);
    const char *known = gsasl_property_fast(session, property);
    *out_name = known ? strdup(known) : NULL;
    sp_sasl_free(sasl);
    gsasl_finish(session);
    gsasl_done(context);
    return result;
}

static void test_gsasl(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *password;
        Gsasl_property property;
        int result;
    } rows[] = {
        {"CRAM-MD5", "alice", "wonderland \xc3\xa4", GSASL_AUTHID, GSASL_OK},
        {"CRAM-MD5", "alice liddell", "wonderland \xc3\xa4", GSASL_AUTHID, GSASL_OK},
        {"CRAM-MD5", "alice", "wonderland", GSASL_AUTHID, GSASL_AUTHENTICATION_ERROR},
        {"EXTERNAL", "alice", NULL, GSASL_AUTHZID, GSASL_OK},
        {"ANONYMOUS", "alice", NULL, GSASL_ANONYMOUS_TOKEN, GSASL_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *name = NULL;
        int result =
            play_gsasl(rows[i].name, rows[i].user, rows[i].password, rows[i].property, &name);
        if (result != rows[i].result)
            fail_msg("row %zu: %s", i, gsasl_strerror(result));
        assert_non_null(name);
        assert_string_equal(name, rows[i].user);
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_cram_md5),
        cmocka_unit_test(test_cram_md5_challenges),
        cmocka_unit_test(test_oauth_messages),
        cmocka_unit_test(test_oauth_tokens),
        cmocka_unit_test(test_oauth_room),
        cmocka_unit_test(test_oauth_refusal),
        cmocka_unit_test(test_one_response),
        cmocka_unit_test(test_trace_length),
        cmocka_unit_test(test_gsasl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
