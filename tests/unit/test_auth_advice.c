/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to do about a refused login: the replies of providers and servers, and what they may not do. */
#include "checks/auth_advice.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Asks about a reply with this text, of one line or two (split at "|"). */
static const char *advise(int code, const char *enhanced, const char *text, const char *mechanism,
                          const char *said, const char *host)
{
    const char *cut = strchr(text, '|');
    struct sp_text lines[2] = {{text, cut != NULL ? (size_t)(cut - text) : strlen(text)}};
    if (cut != NULL)
        lines[1] = sample_text(cut + 1);
    const struct sp_reply reply = {.phase = SP_PHASE_AUTH,
                                   .code = code,
                                   .lines = lines,
                                   .line_count = cut != NULL ? 2 : 1,
                                   .enhanced = enhanced};
    const struct sp_refusal refusal = {.reply = &reply,
                                       .server_said = said,
                                       .mechanism = mechanism,
                                       .host = host != NULL ? host : "mail.example.org"};
    return sp_auth_advice(&refusal);
}

static void test_known(void **state)
{
    static const struct {
        int code;
        const char *enhanced, *text, *mechanism, *host;
        const char *part; /* of the advice */
    } rows[] = {
        /* Google */
        {534, "5.7.9",
         "5.7.9 Application-specific password required. Learn more at|5.7.9  https://x", "PLAIN",
         NULL, "apppasswords"},
        {535, "5.7.8",
         "5.7.8 Username and Password not accepted. For more information, go to|5.7.8  "
         "https://support.google.com/mail/?p=BadCredentials x-gsmtp",
         "LOGIN", NULL, "worked before was revoked"},
        {535, "5.7.8",
         "5.7.8 Username and Password not accepted. Learn more at|5.7.8  "
         "https://support.google.com/mail/?p=BadCredentials x-gsmtp",
         "XOAUTH2", NULL, "https://mail.google.com/"},
        {534, "5.7.14", "5.7.14 <https://accounts.google.com/x> Please log in via your web browser",
         "PLAIN", NULL, "with a browser"},
        {534, NULL, "5.7.14 <https://x>|5.7.14 in via your web browser and then try again.",
         "PLAIN", NULL, "with a browser"},
        {530, "5.7.0", "5.7.0 Must issue a STARTTLS command first. x - gsmtp", NULL, NULL,
         "--tls starttls"},
        {530, "5.7.0", "5.7.0 Authentication Required. For more information, go to", NULL, NULL,
         "login first"},
        {454, "4.7.0", "4.7.0 Too many login attempts, please try again later.", "PLAIN", NULL,
         "counts logins"},
        /* Microsoft */
        {535, "5.7.139",
         "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled "
         "for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
         "LOGIN", NULL, "Set-TransportConfig"},
        {535, "5.7.139",
         "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled "
         "for the Mailbox.",
         "LOGIN", NULL, "tick Authenticated SMTP"},
        {535, "5.7.139",
         "5.7.139 Authentication unsuccessful, basic authentication is disabled. [X]", "LOGIN",
         NULL, "SMTP.Send"},
        {535, "5.7.139",
         "5.7.139 Authentication unsuccessful, the user credentials were incorrect.", "LOGIN", NULL,
         "UPN"},
        {535, "5.7.139",
         "5.7.139 Authentication unsuccessful, user is locked by your organization's "
         "security defaults policy. Contact your administrator.",
         "LOGIN", NULL, "security defaults"},
        {535, "5.7.139",
         "5.7.139 Authentication unsuccessful, the request did not meet the criteria "
         "to be authenticated successfully.",
         "LOGIN", NULL, "Conditional Access"},
        {535, "5.7.139", "5.7.139 Authentication unsuccessful, something new", "LOGIN", NULL,
         "by policy"},
        {535, "5.7.3", "5.7.3 Authentication unsuccessful [X.outlook.com]", "LOGIN", NULL,
         "Authenticated SMTP is ticked"},
        {535, "5.7.3", "5.7.3 Authentication unsuccessful [X.outlook.com]", "XOAUTH2", NULL,
         "outlook.office.com"},
        {530, "5.7.57", "5.7.57 Client not authenticated to send mail.", NULL, NULL, "--user"},
        {535, "5.7.57", "5.7.57 Client not authenticated to send mail.", "LOGIN", NULL, "--user"},
        {432, "4.3.2", "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/x",
         "LOGIN", NULL, "too many connections"},
        {550, "5.7.30", "5.7.30 Basic authentication is not supported for Client Submission.",
         "LOGIN", NULL, "--token-file"},
        {504, "5.7.4", "5.7.4 Unrecognized authentication type", "PLAIN", NULL,
         "receive connector"},
        /* told by the host */
        {535, "5.7.0", "5.7.0 (#AUTH005) Too many bad auth attempts.", "PLAIN", NULL,
         "wait an hour"},
        {535, NULL, "5.7.0 (#MBR1212) Incorrect username or password", "PLAIN",
         "smtp.mail.yahoo.com", "Yahoo"},
        {535, NULL, "no", "PLAIN", "SMTP.mail.AOL.com", "AOL"},
        {535, "5.7.8", "5.7.8 Error: authentication failed: authentication failure", "PLAIN",
         "smtp.mail.me.com", "app-specific password"},
        {535, "5.7.0", "5.7.0 Incorrect username or password", "PLAIN", "smtp.fastmail.com",
         "Fastmail"},
        {535, NULL, "Authentication Credentials Invalid", "LOGIN",
         "email-smtp.eu-west-1.amazonaws.com", "one region"},
        {535, NULL, "Authentication credentials invalid", "LOGIN", NULL, "GMX"},
        {535, NULL, "Authentication failed: Bad username / password", "LOGIN", NULL, "apikey"},
        {535, NULL,
         "Authentication failed: The provided authorization grant is invalid, expired, or "
         "revoked",
         "LOGIN", NULL, "apikey"},
        {451, NULL, "Authentication failed: Maximum credits exceeded", "LOGIN", NULL, "quota"},
        /* Postfix, Dovecot, Cyrus SASL, Exim */
        {535, "5.7.8", "5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "LOGIN", NULL, "base64"},
        {535, "5.7.8", "5.7.8 Error: authentication failed: no mechanism available", "CRAM-MD5",
         NULL, "libsasl2-modules"},
        {535, "5.7.8", "5.7.8 Error: authentication failed: Invalid authentication mechanism",
         "CRAM-MD5", NULL, "auth_mechanisms"},
        {535, "5.7.8", "5.7.8 Error: authentication failed: generic failure", "PLAIN", NULL,
         "saslauthd"},
        {454, "4.7.0",
         "4.7.0 Temporary authentication failure: Connection lost to authentication "
         "server",
         "PLAIN", NULL, "was not judged"},
        {503, "5.5.1", "5.5.1 Error: authentication not enabled", "PLAIN", NULL,
         "smtpd_sasl_auth_enable"},
        {535, NULL, "Incorrect authentication data", "PLAIN", NULL, "server_condition"},
        {435, NULL, "Unable to authenticate at present", "PLAIN", NULL, "deferred"},
        {503, NULL, "AUTH command used when not advertised", "PLAIN", NULL, "auth_advertise_hosts"},
        /* RFC 4954 §6 and RFC 5248 */
        {432, "4.7.12", "4.7.12 A password transition is needed", "CRAM-MD5", NULL, "--auth PLAIN"},
        {534, "5.7.9", "5.7.9 Authentication mechanism is too weak", "PLAIN", NULL, "too weak"},
        {538, "5.7.11", "5.7.11 Encryption required for requested authentication mechanism",
         "PLAIN", NULL, "inside TLS only"},
        {504, "5.5.4", "5.5.4 Unrecognized authentication type", "PLAIN", NULL, "does not know"},
        {500, "5.5.6", "5.5.6 Authentication Exchange line is too long", "XOAUTH2", NULL,
         "shorter"},
        {535, "5.7.13", "5.7.13 User Account Disabled", "PLAIN", NULL, "disabled"},
        {535, "5.7.8", "5.7.8 no", "OAUTHBEARER", NULL, "The token was refused"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *advice = advise(rows[i].code, rows[i].enhanced, rows[i].text, rows[i].mechanism,
                                    NULL, rows[i].host);
        if (advice == NULL || strstr(advice, rows[i].part) == NULL)
            fail_msg("%d %s: '%s' is not in '%s'", rows[i].code, rows[i].text, rows[i].part,
                     advice != NULL ? advice : "(nothing)");
        /* A phrase alone, with a code that never comes with it, says nothing. */
        assert_null(advise(550 + (rows[i].code == 550), NULL, rows[i].text, rows[i].mechanism, NULL,
                           rows[i].host));
    }
}

static void test_unknown(void **state)
{
    static const struct {
        int code;
        const char *enhanced, *text, *host;
    } rows[] = {
        {535, "5.7.8", "5.7.8 Error: authentication failed", NULL},
        {535, "5.7.8", "5.7.8 Username and password not accepted", NULL}, /* not Google's */
        {535, NULL, "", NULL},
        {501, NULL, "cancelled", NULL},
        {421, NULL, "Too many login attempts", NULL},
        {535, NULL, "no", "notmail.yahoo.com.example.org"},
        {535, NULL, "no", "evilfastmail.com"},
        {535, NULL, "no", "com"},
        {235, NULL, "disabled for the tenant", NULL},
        {535, "5.7.8", "5.7.139 is not its code", NULL},
        {535, NULL, "5.7.1390 neither", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_null(
            advise(rows[i].code, rows[i].enhanced, rows[i].text, "PLAIN", NULL, rows[i].host));
    assert_null(sp_auth_advice(&(struct sp_refusal){.mechanism = "PLAIN"}));
    /* octets of any kind, no line at all */
    assert_null(advise(535, NULL, "\xff\xfe\x01|\xc0", "PLAIN", NULL, NULL));
    const struct sp_reply bare = {.phase = SP_PHASE_AUTH, .code = 535};
    assert_null(sp_auth_advice(&(struct sp_refusal){.reply = &bare, .mechanism = "PLAIN"}));
}

static void test_token(void **state)
{
    static const struct {
        const char *said, *part;
    } rows[] = {
        {"{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}",
         "exactly the address"},
        {"{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":\"https://mail.google.com/\"}",
         "has expired"},
        {"{\"status\":\"invalid_token\"}", "has expired"},
        {"{\"status\":\"insufficient_scope\",\"scope\":\"smtp\"}", "does not allow SMTP"},
        {"{\"status\":\"odd\"}", "The token was refused"},
        {"not json", "The token was refused"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *advice = advise(535, NULL, "no", "OAUTHBEARER", rows[i].said, NULL);
        assert_non_null(advice);
        if (strstr(advice, rows[i].part) == NULL)
            fail_msg("%s: '%s'", rows[i].said, advice);
    }
    /* What another mechanism's challenge holds is none of this. */
    assert_null(advise(535, NULL, "no", "SCRAM-SHA-1", "{\"status\":\"invalid_token\"}", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
