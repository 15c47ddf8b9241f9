/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A row matches when the code is its code and all else that it names fits: a phrase in the reply, the
 * enhanced code, the provider by the host's name, the kind of secret. The first row that matches counts,
 * so what is special stands before what is general.
 */
#include "checks/auth_advice.h"

#include "checks/server_said.h"
#include "probe/sasl_names.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum secret { ANY, TOKEN, NO_TOKEN };

struct row {
    int code;
    const char *enhanced; /* "5.7.8", or NULL: any */
    const char *phrase;   /* in small letters, or NULL: any */
    const char *host;     /* what the host's name ends in, or NULL: any */
    enum secret secret;
    const char *advice;
};

#define GOOGLE_PASSWORD                                                                              \
    "Google takes no account passwords here. Switch on 2-Step Verification for the account, create " \
    "an app password at myaccount.google.com/apppasswords and put that into the password file; or "  \
    "log in with a token and --token-file. The user is the whole address."
#define MICROSOFT_TOKEN                                                                            \
    "use a token instead: register an app in Microsoft Entra with SMTP.Send (or SMTP.SendAsApp), " \
    "and give the token by --token-file."
#define EXCHANGE_LOGIN                                                                             \
    "Exchange wants a login before mail, and has none that counts: give --user and a password or " \
    "token, and check that SMTP AUTH is allowed for the mailbox."
#define APP_PASSWORD "The account's own password does not work for mail programs: "

static const struct row rows[] = {
    /* Google */
    {534, NULL, "application-specific password", NULL, ANY, GOOGLE_PASSWORD},
    {534, NULL, "web browser", NULL, ANY,
     "Google holds this sign-in for unusual. Sign in to the account with a browser, confirm under "
     "Security that it was you, then use an app password or --token-file."},
    {535, NULL, "?p=badcredentials", NULL, TOKEN,
     "The token was refused. Get a new one with the scope https://mail.google.com/ for exactly the "
     "address in --user; tokens of Google live an hour."},
    {535, NULL, "?p=badcredentials", NULL, NO_TOKEN,
     GOOGLE_PASSWORD
     " An app password that worked before was revoked, as all are when the account's "
     "password changes."},
    {454, NULL, "too many login attempts", NULL, ANY,
     "The provider counts logins. Probe this account less often, every ten minutes for "
     "instance, and stop other programs that log in with an old password."},
    /* Microsoft 365 */
    {535, NULL, "disabled for the tenant", NULL, ANY,
     "SMTP AUTH is off for the whole organisation: an administrator runs `Set-TransportConfig "
     "-SmtpClientAuthenticationDisabled $false`, or, better, allows only this mailbox with "
     "`Set-CASMailbox USER -SmtpClientAuthenticationDisabled $false`."},
    {535, NULL, "disabled for the mailbox", NULL, ANY,
     "SMTP AUTH is off for this mailbox: in the Microsoft 365 admin center open the user, Mail, Manage "
     "email apps, and tick Authenticated SMTP; or run `Set-CASMailbox USER "
     "-SmtpClientAuthenticationDisabled $false`. It takes some minutes to work."},
    {535, NULL, "basic authentication is disabled", NULL, ANY,
     "Microsoft takes no passwords for this account: " MICROSOFT_TOKEN
     " In an organisation an authentication policy may also allow them for this user."},
    {550, NULL, "basic authentication is not supported", NULL, ANY,
     "Microsoft takes no passwords for SMTP any more: " MICROSOFT_TOKEN},
    {535, "5.7.139", "security defaults", NULL, ANY,
     "The security defaults of Microsoft Entra block passwords: " MICROSOFT_TOKEN
     " Else an administrator has to replace the security defaults by Conditional Access."},
    {535, "5.7.139", "did not meet the criteria", NULL, ANY,
     "A Conditional Access policy of Microsoft Entra refused this sign-in: look at Sign-in logs of the "
     "user for the policy's name, and exclude the account or this address there."},
    {535, "5.7.139", "credentials were incorrect", NULL, ANY,
     "Microsoft says that user name or password is wrong. The user is the sign-in name "
     "(UPN), not an alias; accounts with multi-factor sign-in need a token and --token-file."},
    {535, "5.7.139", NULL, NULL, ANY,
     "Microsoft 365 refused the sign-in by policy: look at Sign-in logs in Microsoft Entra for this "
     "user, and whether Authenticated SMTP is ticked for the mailbox."},
    {535, "5.7.3", NULL, NULL, TOKEN,
     "The token was refused. For Microsoft 365 it needs SMTP.Send (or SMTP.SendAsApp and a mailbox "
     "permission for the app) of outlook.office.com, and the mailbox Authenticated SMTP."},
    {535, "5.7.3", NULL, NULL, NO_TOKEN,
     "Exchange refused the login. In Microsoft 365 check that Authenticated SMTP is ticked for "
     "the mailbox; on a server of your own the form of the user name (DOMAIN\\user or UPN), and "
     "that the account is not locked."},
    {530, "5.7.57", NULL, NULL, ANY, EXCHANGE_LOGIN},
    {535, "5.7.57", NULL, NULL, ANY, EXCHANGE_LOGIN},
    {432, "4.3.2", NULL, NULL, ANY,
     "The server has too many connections of this account or address: probe less often, and look at "
     "what else sends mail as this user."},
    {504, "5.7.4", NULL, NULL, ANY,
     "Exchange does not take this mechanism on this connection: look at the authentication settings "
     "of the receive connector (Basic only after TLS), or name another one with --auth."},
    /* Yahoo, AOL, Apple, Fastmail: their texts are everybody's, so the host tells */
    {535, NULL, "too many bad auth attempts", NULL, ANY,
     "The provider blocks the account for a while after failed logins: wait an hour, then use an app "
     "password (Yahoo and AOL: Account security, Create app password)."},
    {535, NULL, NULL, "mail.yahoo.com", ANY,
     APP_PASSWORD "create an app password in Yahoo's Account security and use that."},
    {535, NULL, NULL, "mail.aol.com", ANY,
     APP_PASSWORD "create an app password in AOL's Account security and use that."},
    {535, NULL, NULL, "mail.me.com", ANY,
     APP_PASSWORD "create an app-specific password at account.apple.com, Sign-In and Security, and "
                  "use that, hyphens included."},
    {535, NULL, NULL, "fastmail.com", ANY,
     APP_PASSWORD "create an app password for SMTP in Fastmail under Settings, Privacy & Security, "
                  "and use that with the whole address as user."},
    /* Services that send for others */
    {535, NULL, "authentication credentials invalid", "amazonaws.com", ANY,
     "Amazon SES has SMTP credentials of its own, made for one region: create them in the SES "
     "console under SMTP settings. An access key and its secret do not work."},
    {535, NULL, "authentication credentials invalid", NULL, ANY,
     "Check user and password; GMX, web.de and IONOS want mail programs to be allowed in the settings "
     "of the web mailer first, and Amazon SES its own SMTP credentials of this region."},
    {535, NULL, "bad username / password", NULL, ANY,
     "With SendGrid the user is the word apikey and the password an API key that may send mail."},
    {535, NULL, "authorization grant is invalid", NULL, ANY,
     "With SendGrid the API key is wrong or was deleted: create a new one that may send mail, and "
     "log in as the user apikey."},
    {451, NULL, "maximum credits exceeded", NULL, ANY,
     "The account's quota at the provider is used up: look at its plan and usage."},
    /* Postfix with Dovecot or Cyrus SASL */
    {535, NULL, "ugfzc3dvcmq6", NULL, ANY,
     "The odd word at the end is only base64 for \"Password:\" and tells nothing. User name or "
     "password is wrong: try `doveadm auth test USER`, and look into the server's log."},
    {535, NULL, "no mechanism available", NULL, ANY,
     "Cyrus SASL on the server has no plugin for the mechanism: install it (Debian: "
     "libsasl2-modules and its likes) or take it off `mech_list` in smtpd.conf."},
    {535, NULL, "invalid authentication mechanism", NULL, ANY,
     "The server lists a mechanism that its login service does not know: compare `doveconf "
     "auth_mechanisms` with the reply to EHLO, or name another one with --auth."},
    {535, NULL, "generic failure", NULL, ANY,
     "Cyrus SASL on the server is not set up: saslauthd does not run or is out of reach of a "
     "chrooted smtpd, or sasldb can't be read. Try `testsaslauthd` there."},
    {454, NULL, "temporary authentication failure", NULL, ANY,
     "The login service behind the mail server did not answer; the password was not judged. Try "
     "again in some minutes; on a server of your own check that Dovecot or saslauthd runs, that "
     "Postfix reaches its socket, and the user database."},
    {503, NULL, "authentication not enabled", NULL, ANY,
     "Postfix has logins switched off for this service: set `smtpd_sasl_auth_enable = yes` in "
     "master.cf, and note that `smtpd_tls_auth_only = yes` hides AUTH outside of TLS."},
    /* Exim */
    {535, NULL, "incorrect authentication data", NULL, ANY,
     "Exim's authenticator said no: user name or password is wrong, or `server_condition` does not "
     "fit. Test with `exim -bh` on the server, and look into its mainlog."},
    {435, NULL, "unable to authenticate", NULL, ANY,
     "Exim could not ask for the password, which says nothing about it: `server_condition` was "
     "deferred, so look into its paniclog and mainlog for the lookup that failed."},
    {503, NULL, "used when not advertised", NULL, ANY,
     "Exim takes AUTH only where it lists it: log in inside TLS, or look at `auth_advertise_hosts` and "
     "the `server_advertise_condition` of the authenticators."},
    /* What standards say: RFC 4954 §6, RFC 5248, RFC 7628 §3.2.2 */
    {432, NULL, NULL, NULL, ANY,
     "The account needs one login with its password in clear first, so that the server can store it "
     "for this mechanism: log in once with PLAIN inside TLS (--auth PLAIN), or set the password anew."},
    {534, NULL, NULL, NULL, ANY,
     "The server holds this mechanism for too weak for this user: name a stronger one with --auth, "
     "or use an app password or token if the provider has them."},
    {538, NULL, NULL, NULL, ANY,
     "This mechanism is allowed inside TLS only: use --tls starttls on port 587 or --tls implicit on "
     "port 465. If that was done, the server wants another mechanism: name one with --auth."},
    {530, NULL, "starttls", NULL, ANY,
     "The server wants TLS first: use --tls starttls on port 587 or --tls implicit on port 465."},
    {530, NULL, NULL, NULL, ANY,
     "The server wants a login first: give --user and a password or token, or use port 25 for "
     "what needs none."},
    {504, NULL, NULL, NULL, ANY,
     "The server does not know the mechanism that it listed, or not on this connection: name another "
     "one with --auth, and compare the list with the login service's settings."},
    {500, "5.5.6", NULL, NULL, ANY,
     "The server can't take lines as long as this login needs: use a shorter token, or a "
     "mechanism that sends less."},
    {535, "5.7.13", NULL, NULL, ANY,
     "The server says that the account is disabled: enable it, or "
     "take --expect-reply auth=535 if that is what you want to see."},
    {535, NULL, NULL, NULL, TOKEN,
     "The token was refused: it has expired (most live an hour), or is for another user, audience or "
     "scope. Put a new one into --token-file and try again."},
};

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Whether text[0..len) has the phrase, which is in small letters. */
static bool has_phrase(const struct sp_text *text, const char *phrase)
{
    size_t len = strlen(phrase);
    for (size_t at = 0; at + len <= text->len; at++) {
        size_t same = 0;
        while (same < len && small(text->data[at + same]) == phrase[same])
            same++;
        if (same == len)
            return true;
    }
    return false;
}

static bool reply_has_phrase(const struct sp_reply *reply, const char *phrase)
{
    for (size_t i = 0; i < reply->line_count; i++)
        if (has_phrase(&reply->lines[i], phrase))
            return true;
    return false;
}

/* Also where the server did not announce enhanced codes, and so they count as text. */
static bool has_enhanced(const struct sp_reply *reply, const char *enhanced)
{
    size_t len = strlen(enhanced);
    if (reply->enhanced != NULL)
        return strcmp(reply->enhanced, enhanced) == 0;
    if (reply->line_count == 0 || reply->lines[0].len < len)
        return false;
    const struct sp_text *text = &reply->lines[0];
    return memcmp(text->data, enhanced, len) == 0 && (text->len == len || text->data[len] == ' ');
}

/* The host is the provider's, or a name below it. */
static bool is_below(const char *host, const char *domain)
{
    size_t len = host != NULL ? strlen(host) : 0, end = strlen(domain);
    return len >= end && strcasecmp(host + len - end, domain) == 0 &&
           (len == end || host[len - end - 1] == '.');
}

static bool uses_token(const char *mechanism)
{
    return mechanism != NULL && sp_sasl_facts(mechanism).token;
}

static bool matches(const struct row *row, const struct sp_refusal *refusal)
{
    const struct sp_reply *reply = refusal->reply;
    if (reply->code != row->code)
        return false;
    if (row->secret != ANY && uses_token(refusal->mechanism) != (row->secret == TOKEN))
        return false;
    return (row->enhanced == NULL || has_enhanced(reply, row->enhanced)) &&
           (row->phrase == NULL || reply_has_phrase(reply, row->phrase)) &&
           (row->host == NULL || is_below(refusal->host, row->host));
}

/* RFC 7628 §3.2.2 has words; Google and Microsoft send HTTP's numbers. */
static const char *advise_token(const char *server_said)
{
    char status[32];
    if (server_said == NULL || !sp_server_said_member(server_said, "status", status, sizeof status))
        return NULL;
    if (strcmp(status, "insufficient_scope") == 0)
        return "The token does not allow SMTP: get one with the scope that the server names in the "
               "message.";
    if (strcmp(status, "invalid_token") == 0 || strcmp(status, "401") == 0)
        return "The token has expired, was revoked or is not for this server: put a new one into "
               "--token-file. Most live an hour, so something has to renew the file.";
    if (strcmp(status, "400") == 0)
        return "The token is no good for this user: get a new one for exactly the address in --user, "
               "with the scope that the server names in the message.";
    return NULL;
}

const char *sp_auth_advice(const struct sp_refusal *refusal)
{
    if (refusal->reply == NULL)
        return NULL;
    const char *token = uses_token(refusal->mechanism) ? advise_token(refusal->server_said) : NULL;
    if (token != NULL)
        return token;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (matches(&rows[i], refusal))
            return rows[i].advice;
    return NULL;
}
