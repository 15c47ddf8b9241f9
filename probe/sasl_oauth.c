/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OAUTHBEARER (RFC 7628) and the older XOAUTH2 of Google and Microsoft: an OAuth 2.0 access token in one
 * message. ^A is the octet 0x01.
 *
 *   OAUTHBEARER = "n," ["a=" saslname] ",^A" ["host=" host "^A"] ["port=" port "^A"] "auth=Bearer " token "^A^A"
 *   XOAUTH2     = "user=" user "^Aauth=Bearer " token "^A^A"
 *   saslname    = see sp_sasl_append_name
 *   token       = 1*(ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/") *"="  ; b64token, RFC 6750 §2.1
 *
 * A server that refuses first sends why, in JSON, as one more challenge; that has to be answered before it
 * gives its verdict: with one 0x01 (RFC 7628 §3.2.3), in XOAUTH2 with an empty line.
 */
#include "probe/limits.h"
#include "probe/sasl.h"

#include <string.h>

enum { BEARER, XOAUTH2 };

static bool is_token_octet(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~+/", c));
}

/* A token that isn't one may be a file of another kind, so not an octet of it is shown. */
static enum sp_sasl_result check_token(struct sp_sasl *sasl)
{
    const char *token = sasl->token;
    size_t len = 0;
    while (is_token_octet(token[len]))
        len++;
    size_t body = len;
    while (token[len] == '=')
        len++;
    if (body > 0 && token[len] == '\0')
        return SP_SASL_RESPOND;
    return sp_sasl_explain(
        sasl, SP_SASL_NO_CREDENTIAL,
        "the access token has a character that no bearer token (RFC 6750) has, at "
        "octet %zu of %zu; give the token alone, without quotes or JSON around it",
        len + 1, strlen(token));
}

static bool append_bearer(const struct sp_sasl *sasl, struct sp_buf *out)
{
    bool ok = sp_buf_append_str(out, "n,");
    if (ok && sasl->user)
        ok = sp_buf_append_str(out, "a=") && sp_sasl_append_name(sasl->user, out);
    ok = ok && sp_buf_append_str(out, ",\1host=") && sp_buf_append_str(out, sasl->host);
    if (ok && sasl->port != 0)
        ok = sp_buf_printf(out, "\1port=%u", (unsigned)sasl->port);
    return ok;
}

static enum sp_sasl_result append_message(struct sp_sasl *sasl, struct sp_buf *out)
{
    /* All the room at once: a buffer that grows leaves the token in what it is moved from. */
    if (!sp_buf_reserve(out, out->cap))
        return SP_SASL_NO_MEMORY;
    bool ok = sasl->mech->variant == BEARER
                  ? append_bearer(sasl, out)
                  : sp_buf_append_str(out, "user=") && sp_buf_append_str(out, sasl->user);
    ok = ok && sp_buf_append_str(out, "\1auth=Bearer ") && sp_buf_append_str(out, sasl->token) &&
         sp_buf_append_str(out, "\1\1");
    sasl->enough = true;
    if (ok && out->len <= SP_LIMIT_AUTH_OCTETS)
        return SP_SASL_RESPOND;
    return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                           "the access token has %zu octets; a line of AUTH has room for %u",
                           strlen(sasl->token), SP_LIMIT_AUTH_OCTETS);
}

/* The server's JSON as one line: blanks, line ends and NULs become one space each. */
static void keep_refusal(struct sp_sasl *sasl, const uint8_t *text, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len && kept < sizeof sasl->server_said - 1; i++) {
        bool blank = text[i] <= ' ';
        if (!blank)
            sasl->server_said[kept++] = (char)text[i];
        else if (kept > 0 && sasl->server_said[kept - 1] != ' ')
            sasl->server_said[kept++] = ' ';
    }
    while (kept > 0 && sasl->server_said[kept - 1] == ' ')
        kept--;
    sasl->server_said[kept] = '\0';
}

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    if (sasl->steps == 0) {
        enum sp_sasl_result result = check_token(sasl);
        return result == SP_SASL_RESPOND ? append_message(sasl, out) : result;
    }
    if (sasl->steps > 1)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server sent another challenge after it had told its refusal");
    keep_refusal(sasl, challenge, len);
    sasl->enough = false; /* and never `last`: a 235 behind a refusal is not to be believed */
    if (sasl->mech->variant == BEARER && !sp_buf_append_str(out, "\1"))
        return SP_SASL_NO_MEMORY;
    return SP_SASL_RESPOND;
}

const struct sp_sasl_mech sp_sasl_oauthbearer = {
    .name = "OAUTHBEARER",
    .help = "an OAuth 2.0 access token (RFC 7628); who reads it can use it",
    .strength = 150,
    .client_first = true,
    .needs = SP_SASL_NEEDS_TOKEN,
    .exposes = true,
    .variant = BEARER,
    .step = step,
};

const struct sp_sasl_mech sp_sasl_xoauth2 = {
    .name = "XOAUTH2",
    .help =
        "an OAuth 2.0 access token, as Google and Microsoft had it first; who reads it can use it",
    .strength = 148,
    .client_first = true,
    .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_TOKEN,
    .exposes = true,
    .variant = XOAUTH2,
    .step = step,
};
