/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DIGEST-MD5 (RFC 2831) with qop=auth: the server's challenge, our response, the server's proof, an empty line.
 *
 * Names and passwords are hashed as they were given, in ISO 8859-1 where that has all their characters; servers
 * keep them so, and RFC 2831 knows no SASLprep.
 */
#include "probe/digest_md5.h"
#include "probe/hex.h"
#include "probe/sasl.h"

#include <stdlib.h>
#include <string.h>

#define CNONCE_OCTETS 16u

struct state {
    char proof[SP_DIGEST_HEX]; /* that the server has to send */
};

/* One response while it is made. */
struct making {
    struct sp_digest_challenge challenge;
    struct sp_slice realm;
    struct sp_slice user;     /* as it is sent */
    uint8_t *latin1_user;     /* as it is hashed; NULL: as it is sent */
    uint8_t *latin1_password; /* the same; wiped */
    size_t password_size;     /* octets allocated */
    struct sp_digest_login login;
    char cnonce[2 * CNONCE_OCTETS + 1];
    struct sp_buf uri;
};

static void free_making(struct making *making)
{
    if (making->latin1_password)
        sp_secret_wipe(making->latin1_password, making->password_size);
    free(making->latin1_password);
    free(making->latin1_user);
    sp_buf_free(&making->uri);
    free(making);
}

/*
 * "user@realm" names one of several realms; else the first one is taken, and the name is left whole. Without
 * any realm it is the empty one.
 */
static void choose_realm(struct making *making, const char *user)
{
    const struct sp_digest_challenge *challenge = &making->challenge;
    const char *at = strrchr(user, '@');
    making->user = (struct sp_slice){(const uint8_t *)user, strlen(user)};
    making->realm = (struct sp_slice){NULL, 0};
    if (challenge->realm_count > 0)
        making->realm = challenge->realms[0];
    for (size_t i = 0; at && at > user && i < challenge->realm_count; i++) {
        struct sp_slice wanted = {(const uint8_t *)at + 1, strlen(at + 1)};
        if (!sp_slice_equal(challenge->realms[i], wanted))
            continue;
        making->realm = challenge->realms[i];
        making->user.len = (size_t)(at - user);
        return;
    }
}

/* *out_text is malloc'd where the text is in ISO 8859-1, NULL where not; *out is what is hashed. */
static bool encode(struct sp_slice text, uint8_t **out_text, struct sp_slice *out)
{
    size_t len = 0;
    *out = text;
    *out_text = malloc(text.len + 1);
    if (!*out_text)
        return false;
    if (sp_digest_latin1((const char *)text.data, text.len, *out_text, &len)) {
        *out = (struct sp_slice){*out_text, len};
        return true;
    }
    sp_secret_wipe(*out_text, text.len);
    free(*out_text);
    *out_text = NULL;
    return true;
}

static enum sp_sasl_result encode_account(struct sp_sasl *sasl, struct making *making)
{
    struct sp_slice password = {(const uint8_t *)sasl->password, strlen(sasl->password)};
    choose_realm(making, sasl->user);
    making->password_size = password.len + 1;
    if (!encode(making->user, &making->latin1_user, &making->login.user) ||
        !encode(password, &making->latin1_password, &making->login.password))
        return SP_SASL_NO_MEMORY;
    if (making->challenge.utf8)
        return SP_SASL_RESPOND;
    if (!making->latin1_user || !making->latin1_password)
        return sp_sasl_explain(
            sasl, SP_SASL_NO_CREDENTIAL,
            "the server takes ISO 8859-1 only (no charset=utf-8), and the %s has "
            "other characters",
            making->latin1_user ? "password" : "user name");
    making->user = making->login.user;
    return SP_SASL_RESPOND;
}

static bool append_quoted(struct sp_buf *out, const char *name, struct sp_slice value)
{
    bool ok = sp_buf_append_str(out, name) && sp_buf_append_str(out, "=\"");
    for (size_t i = 0; ok && i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            ok = sp_buf_append_str(out, "\\");
        ok = ok && sp_buf_append(out, &value.data[i], 1);
    }
    return ok && sp_buf_append_str(out, "\"");
}

static bool append_response(const struct making *making, const char *response, struct sp_buf *out)
{
    const struct sp_digest_login *login = &making->login;
    bool ok = !making->challenge.utf8 || sp_buf_append_str(out, "charset=utf-8,");
    ok = ok && append_quoted(out, "username", making->user);
    if (making->challenge.realm_count > 0)
        ok = ok && append_quoted(out, ",realm", login->realm);
    return ok && append_quoted(out, ",nonce", login->nonce) &&
           sp_buf_append_str(out, ",nc=00000001") && append_quoted(out, ",cnonce", login->cnonce) &&
           append_quoted(out, ",digest-uri", login->uri) &&
           sp_buf_printf(out, ",response=%s,qop=auth", response);
}

static enum sp_sasl_result respond(struct sp_sasl *sasl, struct making *making, struct sp_buf *out)
{
    struct state *state = sasl->state;
    char response[SP_DIGEST_HEX];
    enum sp_sasl_result result = encode_account(sasl, making);
    if (result != SP_SASL_RESPOND)
        return result;
    sp_buf_init(&making->uri, SP_DIGEST_RESPONSE);
    if (!sp_buf_append_str(&making->uri, "smtp/") || !sp_buf_append_str(&making->uri, sasl->host))
        return SP_SASL_NO_MEMORY;
    sp_hex(sasl->random, CNONCE_OCTETS, making->cnonce);
    making->login.realm = making->realm;
    making->login.nonce = making->challenge.nonce;
    making->login.cnonce =
        (struct sp_slice){(const uint8_t *)making->cnonce, strlen(making->cnonce)};
    making->login.uri = (struct sp_slice){making->uri.data, making->uri.len};
    if (!sp_digest_compute(&making->login, response, state->proof) ||
        !append_response(making, response, out))
        return SP_SASL_NO_MEMORY;
    if (out->len > SP_DIGEST_RESPONSE)
        return sp_sasl_explain(
            sasl, SP_SASL_BAD_CHALLENGE,
            "the response to this challenge would have %zu octets; %u are allowed", out->len,
            SP_DIGEST_RESPONSE);
    return SP_SASL_RESPOND;
}

static enum sp_sasl_result answer(struct sp_sasl *sasl, struct sp_slice octets, struct sp_buf *out)
{
    struct making *making = calloc(1, sizeof *making);
    if (!making)
        return SP_SASL_NO_MEMORY;
    enum sp_sasl_result result = SP_SASL_BAD_CHALLENGE;
    if (sp_digest_read_challenge(octets, &making->challenge, sasl->detail, sizeof sasl->detail))
        result = respond(sasl, making, out);
    free_making(making);
    return result;
}

static enum sp_sasl_result check_proof(struct sp_sasl *sasl, struct sp_slice octets)
{
    const struct state *state = sasl->state;
    if (!sp_digest_read_proof(octets, state->proof, sasl->detail, sizeof sasl->detail)) {
        if (sasl->detail[0])
            return SP_SASL_BAD_CHALLENGE;
        return sp_sasl_explain(sasl, SP_SASL_SERVER_UNVERIFIED,
                               "the server's rspauth is wrong: it does not know the password");
    }
    sasl->proven = true;
    sasl->last = true;
    return SP_SASL_RESPOND;
}

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    struct sp_slice octets = {challenge, len};
    if (sasl->steps == 0)
        return answer(sasl, octets, out);
    if (sasl->steps == 1)
        return check_proof(sasl, octets);
    return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                           "the server sent another challenge behind its proof");
}

const struct sp_sasl_mech sp_sasl_digest_md5 = {
    .name = "DIGEST-MD5",
    .help = "MD5 of password and both sides' nonces (RFC 2831, historic); the password is not sent",
    .strength = 120,
    .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD,
    .proves = true,
    .step = step,
    .state_size = sizeof(struct state),
};
