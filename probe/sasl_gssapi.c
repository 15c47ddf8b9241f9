/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GSSAPI (RFC 4752): Kerberos tickets instead of a password. Who we are is what the running user has: a
 * ticket cache (KRB5CCNAME) or a client keytab (KRB5_CLIENT_KTNAME), which MIT Kerberos finds by itself.
 *
 *     phase    the server sends                     we answer
 *     TICKET   nothing, then Kerberos' tokens       Kerberos' tokens; the last one may be empty
 *     LAYER    its offer of security layers         the choice of none, and whom we want to be
 *     DONE     nothing any more
 *
 * The name given by --user is whom the server shall take us for (the authorization identity), as in other
 * mail clients; without one the server takes it from the ticket. A principal of that name is preferred where
 * there are several, but there need not be one: a mailbox is often called otherwise than the principal, and
 * whether this ticket may act for that name is the server's to say. A name with its realm that is the
 * principal's says no more than the ticket and is left out: Cyrus SASL knows its own realm's users without.
 *
 * The login isn't bound to TLS: RFC 4752 §3.1 has no channel binding (it is GS2's, RFC 5801, with names that
 * end in -PLUS). Servers that compare one would refuse clients by the standard, the others ignore it.
 */
#include "probe/gss_explain.h"
#include "probe/gss_layer.h"
#include "probe/gss_library.h"
#include "probe/limits.h"
#include "probe/sasl.h"

#include <stdlib.h>
#include <string.h>

enum phase { TICKET, LAYER, DONE };

struct login {
    const struct sp_gss *gss;
    enum phase phase;
    gss_name_t server;
    gss_cred_id_t credential; /* GSS_C_NO_CREDENTIAL: the default ones */
    bool is_principal;        /* --user is all of the ticket's name, with the realm */
    gss_ctx_id_t context;
};

/* Every layer message has to be from the server and unchanged, so integrity it is as well. */
#define WANTED (GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG)

/* The API takes all by pointers without const, and writes to none of these. */
static gss_OID oid_of(const gss_OID_desc *oid)
{
    return (gss_OID)(uintptr_t)oid;
}

/* MIT's function forgets what it allocated for a buffer of no octets. */
static void release(const struct sp_gss *gss, gss_buffer_desc *buffer)
{
    OM_uint32 ignored;
    if (buffer->value && buffer->length == 0)
        buffer->length = 1;
    gss->release_buffer(&ignored, buffer);
}

static bool cancelled(const struct sp_sasl *sasl)
{
    return atomic_load(&sasl->cancelled);
}

/* --- who and whom --------------------------------------------------------------------------------- */

static OM_uint32 import_name(const struct sp_gss *gss, char *name, const gss_OID_desc *type,
                             OM_uint32 *minor, gss_name_t *out_name)
{
    gss_buffer_desc text = {strlen(name), name};
    return gss->import_name(minor, &text, oid_of(type), out_name);
}

static enum sp_sasl_result name_server(struct sp_sasl *sasl, struct login *login)
{
    struct sp_buf name;
    sp_buf_init(&name, SP_LIMIT_COMMAND_AUTH);
    if (!sp_buf_printf(&name, "smtp@%s", sasl->host) || !sp_buf_append(&name, "", 1)) {
        sp_buf_free(&name);
        return SP_SASL_NO_MEMORY;
    }
    OM_uint32 minor;
    OM_uint32 major = import_name(login->gss, (char *)name.data, &sp_gss_hostbased_service, &minor,
                                  &login->server);
    sp_buf_free(&name);
    return GSS_ERROR(major) ? sp_gss_explain(sasl, login->gss, major, minor, false)
                            : SP_SASL_RESPOND;
}

/* Takes the principal that is called like the user, if there is one. */
static enum sp_sasl_result choose_credential(struct sp_sasl *sasl, struct login *login)
{
    const struct sp_gss *gss = login->gss;
    gss_OID_set_desc krb5 = {1, oid_of(&sp_gss_krb5)};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor, ignored;
    if (!sasl->user)
        return SP_SASL_RESPOND;
    OM_uint32 major = import_name(gss, sasl->user, &sp_gss_user_name, &minor, &name);
    if (!GSS_ERROR(major))
        major = gss->acquire_cred(&minor, name, GSS_C_INDEFINITE, &krb5, GSS_C_INITIATE,
                                  &login->credential, NULL, NULL);
    login->is_principal = !GSS_ERROR(major) && strchr(sasl->user, '@') != NULL;
    enum sp_sasl_result result = SP_SASL_RESPOND;
    if (GSS_ERROR(major) && GSS_ROUTINE_ERROR(major) != GSS_S_NO_CRED &&
        GSS_ROUTINE_ERROR(major) != GSS_S_BAD_NAME)
        result = sp_gss_explain(sasl, gss, major, minor, false);
    if (name != GSS_C_NO_NAME)
        gss->release_name(&ignored, &name);
    return result;
}

static enum sp_sasl_result begin(struct sp_sasl *sasl, struct login *login)
{
    login->gss = sp_gss_library(sasl->detail, sizeof sasl->detail);
    if (!login->gss)
        return SP_SASL_NO_CREDENTIAL;
    enum sp_sasl_result result = name_server(sasl, login);
    if (result == SP_SASL_RESPOND)
        result = choose_credential(sasl, login);
    return result;
}

/* --- the context ---------------------------------------------------------------------------------- */

/* Takes the token over; `token` is released. */
static enum sp_sasl_result send_token(struct sp_sasl *sasl, const struct sp_gss *gss,
                                      gss_buffer_desc *token, struct sp_buf *out)
{
    /* RFC 4954 §4 has no room for longer ones, and base64 makes four octets out of three. */
    const size_t most = (SP_LIMIT_COMMAND_AUTH - 2) / 4 * 3;
    enum sp_sasl_result result = SP_SASL_RESPOND;
    if (token->length > most)
        result = sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                                 "the Kerberos ticket takes %zu octets, and SMTP has room for %zu "
                                 "(RFC 4954 section 4); use an account in fewer groups",
                                 token->length, most);
    else if (!sp_buf_append(out, token->value, token->length))
        result = SP_SASL_NO_MEMORY;
    release(gss, token);
    return result;
}

static enum sp_sasl_result establish(struct sp_sasl *sasl, struct login *login,
                                     const uint8_t *challenge, size_t len, struct sp_buf *out)
{
    const struct sp_gss *gss = login->gss;
    gss_buffer_desc input = {len, (void *)(uintptr_t)challenge}, output = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, flags = 0;
    OM_uint32 major =
        gss->init_sec_context(&minor, login->credential, &login->context, login->server,
                              oid_of(&sp_gss_krb5), WANTED, 0, GSS_C_NO_CHANNEL_BINDINGS,
                              challenge ? &input : GSS_C_NO_BUFFER, NULL, &output, &flags, NULL);
    if (GSS_ERROR(major)) {
        enum sp_sasl_result result = sp_gss_explain(sasl, gss, major, minor, challenge != NULL);
        release(gss, &output);
        return result;
    }
    enum sp_sasl_result result = send_token(sasl, gss, &output, out);
    if (result != SP_SASL_RESPOND || (major & GSS_S_CONTINUE_NEEDED))
        return result;
    if ((flags & WANTED) != WANTED)
        return sp_sasl_explain(
            sasl, SP_SASL_SERVER_UNVERIFIED,
            "Kerberos agreed on a login in which the server does not prove itself");
    sasl->proven = true;
    login->phase = LAYER;
    return SP_SASL_RESPOND;
}

/* --- the layer ------------------------------------------------------------------------------------ */

static enum sp_sasl_result read_offer(struct sp_sasl *sasl, struct login *login,
                                      const uint8_t *challenge, size_t len)
{
    const struct sp_gss *gss = login->gss;
    gss_buffer_desc input = {len, (void *)(uintptr_t)challenge}, offer = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    OM_uint32 major = gss->unwrap(&minor, login->context, &input, &offer, NULL, NULL);
    enum sp_sasl_result result = SP_SASL_RESPOND;
    if (major != GSS_S_COMPLETE)
        result = sp_gss_explain(sasl, gss, major, minor, true);
    else if (!sp_gss_layer_read(offer.value, offer.length, sasl->detail, sizeof sasl->detail))
        result = SP_SASL_BAD_CHALLENGE;
    release(gss, &offer);
    return result;
}

static enum sp_sasl_result choose_layer(struct sp_sasl *sasl, struct login *login,
                                        const uint8_t *challenge, size_t len, struct sp_buf *out)
{
    enum sp_sasl_result result = read_offer(sasl, login, challenge, len);
    if (result != SP_SASL_RESPOND)
        return result;
    struct sp_buf choice;
    sp_buf_init(&choice, SP_LIMIT_COMMAND_AUTH);
    if (!sp_gss_layer_write(login->is_principal ? NULL : sasl->user, &choice)) {
        sp_buf_free(&choice);
        return SP_SASL_NO_MEMORY;
    }
    gss_buffer_desc input = {choice.len, choice.data}, output = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    OM_uint32 major =
        login->gss->wrap(&minor, login->context, 0, GSS_C_QOP_DEFAULT, &input, NULL, &output);
    sp_buf_free(&choice);
    if (GSS_ERROR(major))
        return sp_gss_explain(sasl, login->gss, major, minor, false);
    login->phase = DONE;
    sasl->last = true;
    return send_token(sasl, login->gss, &output, out);
}

/* --- the mechanism -------------------------------------------------------------------------------- */

static enum sp_sasl_result take_step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                     struct sp_buf *out)
{
    struct login *login = sasl->state;
    enum sp_sasl_result result = SP_SASL_RESPOND;
    switch (login->phase) {
    case TICKET:
        if (!challenge)
            result = begin(sasl, login);
        else if (len == 0) /* to the library that would be a new beginning */
            result =
                sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                                "the server's challenge is empty where its Kerberos token belongs");
        if (result == SP_SASL_RESPOND && !cancelled(sasl))
            result = establish(sasl, login, challenge, len, out);
        break;
    case LAYER: result = choose_layer(sasl, login, challenge, len, out); break;
    case DONE:
        result = sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                                 "the server sends another challenge after the last message");
        break;
    }
    return cancelled(sasl) ? SP_SASL_CANCELLED : result;
}

static void free_login(struct sp_sasl *sasl)
{
    struct login *login = sasl->state;
    OM_uint32 ignored;
    if (login && login->gss) {
        if (login->context != GSS_C_NO_CONTEXT)
            login->gss->delete_sec_context(&ignored, &login->context, GSS_C_NO_BUFFER);
        if (login->credential != GSS_C_NO_CREDENTIAL)
            login->gss->release_cred(&ignored, &login->credential);
        if (login->server != GSS_C_NO_NAME)
            login->gss->release_name(&ignored, &login->server);
    }
    free(login);
}

const struct sp_sasl_mech sp_sasl_gssapi = {
    .name = "GSSAPI",
    .help = "Kerberos: the ticket cache or client keytab of the user that runs the probe",
    .strength = 190,
    .client_first = true,
    .needs = SP_SASL_NEEDS_TICKET,
    .proves = true,
    .step = take_step,
    .free_state = free_login,
    .state_size = sizeof(struct login),
};
