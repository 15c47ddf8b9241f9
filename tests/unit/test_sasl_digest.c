/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DIGEST-MD5: RFC 2831's two examples, what is and is not a challenge, realms and characters, the server's proof,
 * and libgsasl as the server. */
#include "sasl_play.h"

#include "probe/digest_md5.h"
#include "probe/limits.h"

#include <gsasl.h>
#include <stdio.h>

static struct sp_slice slice_of(const char *text)
{
    return (struct sp_slice){(const uint8_t *)text, strlen(text)};
}

/* RFC 2831 §4: IMAP and ACAP. */
static void test_examples(void **state)
{
    (void)state;
    static const struct {
        const char *challenge, *cnonce, *uri, *response, *proof;
    } rows[] = {
        {"realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\","
         "algorithm=md5-sess,charset=utf-8",
         "OA6MHXh6VqTrRk", "imap/elwood.innosoft.com", "d388dad90d4bbd760a152321f2143af7",
         "ea40f60335c427b5527b84dbabcdfffd"},
        {"realm=\"elwood.innosoft.com\",nonce=\"OA9BSXrbuRhWay\",qop=\"auth\","
         "algorithm=md5-sess,charset=utf-8",
         "OA9BSuZWMSpW8m", "acap/elwood.innosoft.com", "6084c6db3fede7352c551284490fd0fc",
         "2f0b3d7c3c2e486600ef710726aa2eae"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_digest_challenge challenge;
        char error[256] = "", response[SP_DIGEST_HEX], proof[SP_DIGEST_HEX];
        assert_true(
            sp_digest_read_challenge(slice_of(rows[i].challenge), &challenge, error, sizeof error));
        assert_int_equal(challenge.realm_count, 1);
        assert_true(challenge.utf8);
        struct sp_digest_login login = {slice_of("chris"),        challenge.realms[0],
                                        slice_of("secret"),       challenge.nonce,
                                        slice_of(rows[i].cnonce), slice_of(rows[i].uri)};
        assert_true(sp_digest_compute(&login, response, proof));
        assert_string_equal(response, rows[i].response);
        assert_string_equal(proof, rows[i].proof);
    }
}

#define GOOD "nonce=\"n\",algorithm=md5-sess"

static void test_challenges(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wrong; /* NULL: taken */
    } rows[] = {
        {GOOD, NULL},
        {" ,, " GOOD ",,\t,", NULL},
        {"NONCE = \"n\" , Algorithm\t=\r\n MD5-SESS", NULL},
        {GOOD ",realm=plain,qop=auth,charset=\"UTF-8\",algo=x,unknown=1,unknown=\"2\"", NULL},
        {GOOD ",qop=\"auth-conf, auth ,auth-int\",cipher=\"rc4\",maxbuf=65536,stale=true", NULL},
        {GOOD ",realm=\"\",realm=\"a\\\"b\\\\c\td\xe4\"", NULL},
        {"", "has no nonce"},
        {",", "has no nonce"},
        {"algorithm=md5-sess", "has no nonce"},
        {"nonce=\"\",algorithm=md5-sess", "has no nonce"},
        {"nonce=\"n\"", "has no algorithm"},
        {"nonce=\"n\",algorithm=md5", "the algorithm is not md5-sess: \"md5\""},
        {GOOD ",nonce=\"m\"", "nonce stands there twice"},
        {GOOD ",algorithm=md5-sess", "algorithm stands there twice"},
        {GOOD ",qop=\"auth\",qop=\"auth\"", "qop stands there twice"},
        {GOOD ",charset=utf-8,charset=utf-8", "charset stands there twice"},
        {GOOD ",stale=true,stale=true", "stale stands there twice"},
        {GOOD ",maxbuf=1,maxbuf=1", "maxbuf stands there twice"},
        {GOOD ",cipher=\"a\",cipher=\"a\"", "cipher stands there twice"},
        {GOOD ",charset=iso-8859-1", "the charset is not utf-8: \"iso-8859-1\""},
        {GOOD ",qop=\"auth-int,auth-conf\"", "lacks auth: \"auth-int,auth-conf\""},
        {GOOD ",qop=\"\"", "lacks auth"},
        {GOOD ",qop=\"author\"", "lacks auth"},
        {GOOD " realm=\"x\"", "no comma behind a directive, at octet 30 of 38"},
        {"nonce=\"n\"algorithm=md5-sess", "no comma behind a directive, at octet 10"},
        {GOOD ",realm", "no \"=\" behind the name of a directive, at the end of 34 octets"},
        {GOOD ",realm=", "no value of a directive"},
        {GOOD ",=x", "no name of a directive, at octet 30"},
        {GOOD ",\"realm\"=x", "no name of a directive"},
        {GOOD ",realm=\"x", "no closing quote, at the end of 37 octets"},
        {GOOD ",realm=\"x\\", "no closing quote"},
        {GOOD ",realm=\"x\\\"", "no closing quote"},
        {GOOD ",realm=\"x\r\n y\"", "a control character"},
        {GOOD ",realm=\"x\\\1\"", "a control character"},
        {GOOD ",realm=\"x\x7f\"", "a control character"},
        {GOOD "\r\n", "no comma"},
        {GOOD ",\n" GOOD, "no name"},
        {GOOD ",realm=\xe4", "no value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", "chris", "secret");
        play_text(sasl, rows[i].text);
        if ((sasl->result == SP_SASL_RESPOND) != !rows[i].wrong)
            fail_msg("%s: result %d, %s", rows[i].text, (int)sasl->result, sasl->detail);
        if (rows[i].wrong) {
            assert_int_equal(sasl->result, SP_SASL_BAD_CHALLENGE);
            if (!strstr(sasl->detail, rows[i].wrong))
                fail_msg("\"%s\" instead of \"%s\"", sasl->detail, rows[i].wrong);
        }
        sp_sasl_free(sasl);
    }
}

/* NUL, 12 KiB, the largest that is allowed, and each length of a good one. */
static void test_lengths(void **state)
{
    (void)state;
    static const char good[] =
        "realm=\"example.org\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess";
    static char huge[SP_LIMIT_REPLY_LINE];
    memset(huge, ',', sizeof huge);
    memcpy(huge, good, sizeof good - 1);
    const size_t sizes[] = {SP_DIGEST_CHALLENGE, SP_DIGEST_CHALLENGE + 1, sizeof huge};
    for (size_t i = 0; i < 3; i++) {
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", "chris", "secret");
        play_step(sasl, huge, sizes[i]);
        assert_int_equal(sasl->result, i == 0 ? SP_SASL_RESPOND : SP_SASL_BAD_CHALLENGE);
        if (i > 0)
            assert_non_null(strstr(sasl->detail, "at most 2047 are allowed"));
        sp_sasl_free(sasl);
    }
    for (size_t len = 0; len < sizeof good - 1; len++) {
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", "chris", "secret");
        assert_int_equal(play_step(sasl, good, len), SP_SASL_BAD_CHALLENGE);
        sp_sasl_free(sasl);
        char holed[sizeof good];
        memcpy(holed, good, sizeof good);
        holed[len] = '\0';
        sasl = play_begin("DIGEST-MD5", "chris", "secret");
        assert_int_equal(play_step(sasl, holed, sizeof good - 1), SP_SASL_BAD_CHALLENGE);
        sp_sasl_free(sasl);
    }
    /* Quotes that double in the response beyond what the RFC allows it. */
    char quotes[SP_DIGEST_CHALLENGE];
    memset(quotes, '\\', sizeof quotes);
    memcpy(quotes, GOOD ",realm=\"", strlen(GOOD) + 8);
    size_t start = strlen(GOOD) + 8;
    quotes[start + (sizeof quotes - 1 - start) / 2 * 2] = '"';
    struct sp_sasl *sasl = play_begin("DIGEST-MD5", "chris", "secret");
    play_step(sasl, quotes, start + (sizeof quotes - 1 - start) / 2 * 2 + 1);
    assert_int_equal(sasl->result, SP_SASL_RESPOND);
    sp_sasl_free(sasl);
}

/* The whole response, with the nonce aa… of these tests. */
static void test_response(void **state)
{
    (void)state;
    static const char nonce[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *user, *challenge, *user_sent, *realm, *head; /* realm NULL: none is sent */
    } rows[] = {
        {"chris", GOOD, "chris", NULL, ""},
        {"chris@example.org", GOOD, "chris@example.org", NULL, ""},
        {"chris", GOOD ",charset=utf-8", "chris", NULL, "charset=utf-8,"},
        {"chris", GOOD ",realm=\"a\",realm=\"b\"", "chris", "a", ""},
        {"chris@b", GOOD ",realm=\"a\",realm=\"b\"", "chris", "b", ""},
        {"chris@x@b", GOOD ",realm=\"a\",realm=\"b\"", "chris@x", "b", ""},
        {"chris@c", GOOD ",realm=\"a\",realm=\"b\"", "chris@c", "a", ""},
        {"@a", GOOD ",realm=\"a\"", "@a", "a", ""},
        {"chris", GOOD ",realm=\"\"", "chris", "", ""},
        {"chris@", GOOD ",realm=\"\"", "chris", "", ""},
        {"a\"b\\c", GOOD ",realm=\"d\\\"e\"", "a\\\"b\\\\c", "d\\\"e", ""},
        {"J\xc3\xbcrgen", GOOD ",charset=utf-8", "J\xc3\xbcrgen", NULL, "charset=utf-8,"},
        {"J\xc3\xbcrgen", GOOD, "J\xfcrgen", NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", rows[i].user, "secret");
        char wanted[512];
        play_text(sasl, rows[i].challenge);
        int len = snprintf(wanted, sizeof wanted,
                           "%susername=\"%s\"%s%s%s,nonce=\"n\",nc=00000001,cnonce=\"%s\","
                           "digest-uri=\"smtp/mx.example.org\",response=",
                           rows[i].head, rows[i].user_sent, rows[i].realm ? ",realm=\"" : "",
                           rows[i].realm ? rows[i].realm : "", rows[i].realm ? "\"" : "", nonce);
        if (sasl->out.len != (size_t)len + 32 + 9 ||
            memcmp(sasl->out.data, wanted, (size_t)len) != 0)
            fail_msg("row %zu: \"%.*s\" instead of \"%s\"", i, (int)sasl->out.len,
                     (const char *)sasl->out.data, wanted);
        assert_memory_equal(sasl->out.data + sasl->out.len - 9, ",qop=auth", 9);
        assert_false(sasl->last);
        sp_sasl_free(sasl);
    }
}

/* Without charset=utf-8 there is ISO 8859-1 and nothing else. */
static void test_characters(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password, *wrong;
    } rows[] = {
        {"\xce\xa6", "secret", "the user name has other characters"},
        {"chris", "\xe2\x82\xac", "the password has other characters"},
        {"chris", "\xff", "the password has other characters"},
        {"chris", "p\xc3\xa4ss", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", rows[i].user, rows[i].password);
        play_text(sasl, GOOD);
        assert_int_equal(sasl->result, rows[i].wrong ? SP_SASL_NO_CREDENTIAL : SP_SASL_RESPOND);
        if (rows[i].wrong)
            assert_non_null(strstr(sasl->detail, rows[i].wrong));
        sp_sasl_free(sasl);
        sasl = play_begin("DIGEST-MD5", rows[i].user, rows[i].password);
        assert_int_equal(play_text(sasl, GOOD ",charset=utf-8"), SP_SASL_RESPOND);
        sp_sasl_free(sasl);
    }
    uint8_t out[8];
    size_t len = 0;
    assert_true(sp_digest_latin1("a\xc2\x80\xc3\xbf", 5, out, &len));
    assert_int_equal(len, 3);
    assert_memory_equal(out, "a\x80\xff", 3);
    assert_false(sp_digest_latin1("\xc3", 1, out, &len));
    assert_false(sp_digest_latin1("\xc3z", 2, out, &len));
    assert_false(sp_digest_latin1("\xc4\x80", 2, out, &len));
    assert_false(sp_digest_latin1("\x80", 1, out, &len));
}

/* --- the server's proof ------------------------------------------------------------------------- */

static void test_proof(void **state)
{
    (void)state;
    static const struct {
        const char *format; /* %s: the right one */
        enum sp_sasl_result result;
        const char *wrong;
    } rows[] = {
        {"rspauth=%s", SP_SASL_RESPOND, NULL},
        {" , RSPAUTH=\"%s\",other=1", SP_SASL_RESPOND, NULL},
        {"rspauth=%.31s", SP_SASL_SERVER_UNVERIFIED, "does not know the password"},
        {"rspauth=%s0", SP_SASL_SERVER_UNVERIFIED, "does not know the password"},
        {"rspauth=\"\"", SP_SASL_SERVER_UNVERIFIED, "does not know the password"},
        {"rspauth=ea40f60335c427b5527b84dbabcdfffd", SP_SASL_SERVER_UNVERIFIED, "does not know"},
        {"%s", SP_SASL_BAD_CHALLENGE, "no \"=\""},
        {"", SP_SASL_BAD_CHALLENGE, "has no rspauth"},
        {GOOD ",stale=true", SP_SASL_BAD_CHALLENGE, "has no rspauth"},
        {"rspauth=%1$s,rspauth=%1$s", SP_SASL_BAD_CHALLENGE, "rspauth stands there twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", "chris", "secret");
        char response[SP_DIGEST_HEX], proof[SP_DIGEST_HEX], text[256];
        struct sp_digest_login login = {slice_of("chris"),
                                        {NULL, 0},
                                        slice_of("secret"),
                                        slice_of("n"),
                                        slice_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                        slice_of("smtp/mx.example.org")};
        assert_true(sp_digest_compute(&login, response, proof));
        play_text(sasl, GOOD);
        assert_int_equal(sasl->result, SP_SASL_RESPOND);
        assert_non_null(memmem(sasl->out.data, sasl->out.len, response, 32));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, rows[i].format, proof);
#pragma GCC diagnostic pop
        if (play_text(sasl, text) != rows[i].result)
            fail_msg("%s: %d, %s", text, (int)sasl->result, sasl->detail);
        bool proven = rows[i].result == SP_SASL_RESPOND;
        assert_int_equal(sasl->proven, proven);
        assert_int_equal(sasl->last, proven);
        assert_int_equal(sasl->out.len, 0);
        if (rows[i].wrong && !strstr(sasl->detail, rows[i].wrong))
            fail_msg("\"%s\" instead of \"%s\"", sasl->detail, rows[i].wrong);
        assert_int_equal(play_text(sasl, text), SP_SASL_BAD_CHALLENGE);
        sp_sasl_free(sasl);
    }
    static char huge[SP_LIMIT_REPLY_LINE];
    struct sp_sasl *sasl = play_begin("DIGEST-MD5", "chris", "secret");
    play_text(sasl, GOOD);
    memset(huge, ',', sizeof huge);
    assert_int_equal(play_step(sasl, huge, sizeof huge), SP_SASL_BAD_CHALLENGE);
    assert_non_null(strstr(sasl->detail, "the proof has 12288 octets; 40 are expected"));
    sp_sasl_free(sasl);
}

/* --- libgsasl as the server --------------------------------------------------------------------- */

static const char *server_password, *server_realm;

static int on_property(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    (void)context;
    if (property == GSASL_PASSWORD)
        gsasl_property_set(session, property, server_password);
    else if (property == GSASL_REALM && server_realm)
        gsasl_property_set(session, property, server_realm);
    else
        return GSASL_NO_CALLBACK;
    return GSASL_OK;
}

static void test_gsasl(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password, *realm, *server_password;
        bool good;
    } rows[] = {
        {"chris", "secret", "example.org", "secret", true},
        {"chris@example.org", "secret", "example.org", "secret", true},
        {"chris", "secret", NULL, "secret", true},
        {"chris", "p\xc3\xa4ss", "example.org", "p\xc3\xa4ss", true}, /* hashed in ISO 8859-1 */
        {"chris", "\xe2\x82\xac", "example.org", "\xe2\x82\xac", true},
        /* Only names beyond ISO 8859-1: of others libgsasl hashes the UTF-8, against the RFC. */
        {"\xce\xa6", "\xe2\x82\xac", "example.org", "\xe2\x82\xac", true},
        {"chris", "secret", "example.org", "Secret", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Gsasl *context = NULL;
        Gsasl_session *session = NULL;
        char *text = NULL;
        size_t len = 0;
        server_password = rows[i].server_password;
        server_realm = rows[i].realm;
        assert_int_equal(gsasl_init(&context), GSASL_OK);
        gsasl_callback_set(context, on_property);
        assert_int_equal(gsasl_server_start(context, "DIGEST-MD5", &session), GSASL_OK);
        struct sp_sasl *sasl = play_begin("DIGEST-MD5", rows[i].user, rows[i].password);
        assert_int_equal(gsasl_step(session, NULL, 0, &text, &len), GSASL_NEEDS_MORE);
        play_step(sasl, text, len);
        gsasl_free(text);
        if (sasl->result != SP_SASL_RESPOND)
            fail_msg("row %zu: %s", i, sasl->detail);
        text = NULL;
        sp_buf_append(&sasl->out, "", 1); /* libgsasl reads up to a NUL */
        int result =
            gsasl_step(session, (const char *)sasl->out.data, sasl->out.len - 1, &text, &len);
        if ((result == GSASL_OK || result == GSASL_NEEDS_MORE) != rows[i].good)
            fail_msg("row %zu: %s", i, gsasl_strerror(result));
        if (rows[i].good) {
            play_step(sasl, text, len);
            play_expect(sasl, "", 0);
            assert_true(sasl->proven && sasl->last);
        }
        gsasl_free(text);
        sp_sasl_free(sasl);
        gsasl_finish(session);
        gsasl_done(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),   cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_response),
        cmocka_unit_test(test_characters), cmocka_unit_test(test_proof),
        cmocka_unit_test(test_gsasl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
