/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/sasl.h"

#include "probe/limits.h"
#include "probe/sasl_hash.h"
#include "probe/saslprep.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SP_SASL(mech) extern const struct sp_sasl_mech mech;
#include "probe/sasl_list.h"
#undef SP_SASL

const struct sp_sasl_mech *const sp_sasl_mechs[] = {
#define SP_SASL(mech) &mech,
#include "probe/sasl_list.h"
#undef SP_SASL
    NULL};

const struct sp_sasl_mech *sp_sasl_find(const char *name, size_t len)
{
    for (size_t i = 0; sp_sasl_mechs[i]; i++) {
        const char *known = sp_sasl_mechs[i]->name;
        if (strlen(known) == len && strncasecmp(known, name, len) == 0)
            return sp_sasl_mechs[i];
    }
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------- */

struct sp_sasl *sp_sasl_new(const struct sp_sasl_config *config)
{
    struct sp_sasl *sasl = calloc(1, sizeof *sasl);
    if (!sasl)
        return NULL;
    sasl->mech = config->mech;
    sasl->port = config->port;
    sasl->binding = config->binding;
    sasl->now_ms = config->now_ms;
    memcpy(sasl->random, config->random, sizeof sasl->random);
    sp_buf_init(&sasl->out, SP_LIMIT_COMMAND_AUTH);
    sp_secrets_init(&sasl->secrets);
    atomic_init(&sasl->cancelled, false);
    sasl->host = strdup(config->host ? config->host : "localhost");
    if (config->user)
        sasl->user = strdup(config->user);
    sasl->credentials = sp_credentials_copy(config->credentials);
    if (sasl->mech->state_size > 0)
        sasl->state = calloc(1, sasl->mech->state_size);
    if (!sasl->host || (config->user && !sasl->user) ||
        (config->credentials && !sasl->credentials) ||
        (sasl->mech->state_size > 0 && !sasl->state)) {
        sp_sasl_free(sasl);
        return NULL;
    }
    return sasl;
}

static void free_challenge(struct sp_sasl *sasl)
{
    sp_secret_wipe(sasl->challenge, sasl->challenge_len);
    free(sasl->challenge);
    sasl->challenge = NULL;
    sasl->challenge_len = 0;
}

void sp_sasl_free(struct sp_sasl *sasl)
{
    if (!sasl)
        return;
    if (sasl->mech->free_state)
        sasl->mech->free_state(sasl);
    else if (sasl->state) {
        sp_secret_wipe(sasl->state, sasl->mech->state_size);
        free(sasl->state);
    }
    free_challenge(sasl);
    sp_secret_free(sasl->user);
    sp_secret_free(sasl->password);
    sp_secret_free(sasl->token);
    free(sasl->host);
    sp_credentials_free(sasl->credentials);
    sp_buf_wipe(&sasl->out);
    sp_secrets_free(&sasl->secrets);
    sp_secret_wipe(sasl, sizeof *sasl);
    free(sasl);
}

bool sp_sasl_challenge(struct sp_sasl *sasl, const uint8_t *octets, size_t len)
{
    free_challenge(sasl);
    sasl->challenge = malloc(len + 1);
    if (!sasl->challenge)
        return false;
    if (len > 0)
        memcpy(sasl->challenge, octets, len);
    sasl->challenge[len] = '\0';
    sasl->challenge_len = len;
    return true;
}

void sp_sasl_cancel(struct sp_sasl *sasl)
{
    atomic_store(&sasl->cancelled, true);
}

enum sp_sasl_result sp_sasl_explain(struct sp_sasl *sasl, enum sp_sasl_result result,
                                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(sasl->detail, sizeof sasl->detail, format, args);
    va_end(args);
    return result;
}

bool sp_sasl_append_name(const char *name, struct sp_buf *out)
{
    bool good = true;
    for (; *name && good; name++)
        good = *name == ','   ? sp_buf_append_str(out, "=2C")
               : *name == '=' ? sp_buf_append_str(out, "=3D")
                              : sp_buf_append(out, name, 1);
    return good;
}

/* --- computing ---------------------------------------------------------------------------------- */

/* The user's name as servers compare it (RFC 4013); mechanisms that want another form make it. */
static enum sp_sasl_result prepare_user(struct sp_sasl *sasl)
{
    char *prepared = NULL;
    if (!sasl->user)
        return SP_SASL_RESPOND;
    switch (sp_saslprep(sasl->user, strlen(sasl->user), &prepared)) {
    case SP_SASLPREP_OK:
        free(sasl->user);
        sasl->user = prepared;
        return SP_SASL_RESPOND;
    case SP_SASLPREP_REFUSED:
        return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                               "the user name is not UTF-8, or has a character that SASLprep "
                               "(RFC 4013) forbids");
    case SP_SASLPREP_NO_MEMORY: break;
    }
    return SP_SASL_NO_MEMORY;
}

static enum sp_sasl_result read_secret(struct sp_sasl *sasl)
{
    bool token = (sasl->mech->needs & SP_SASL_NEEDS_TOKEN) != 0;
    if (!token && !(sasl->mech->needs & SP_SASL_NEEDS_PASSWORD))
        return SP_SASL_RESPOND;
    char *secret = sp_credentials_read(sasl->credentials, sasl->detail, sizeof sasl->detail);
    if (!secret)
        return SP_SASL_NO_CREDENTIAL;
    *(token ? &sasl->token : &sasl->password) = secret;
    return sp_secrets_add(&sasl->secrets, secret) ? SP_SASL_RESPOND : SP_SASL_NO_MEMORY;
}

static enum sp_sasl_result prepare(struct sp_sasl *sasl)
{
    enum sp_sasl_result result = prepare_user(sasl);
    if (result == SP_SASL_RESPOND)
        result = read_secret(sasl);
    sp_credentials_free(sasl->credentials); /* not needed any more */
    sasl->credentials = NULL;
    return result;
}

static enum sp_sasl_result step(struct sp_sasl *sasl)
{
    enum sp_sasl_result result =
        sasl->mech->step(sasl, sasl->challenge, sasl->challenge_len, &sasl->out);
    sasl->steps++;
    free_challenge(sasl);
    return result;
}

void sp_sasl_compute(struct sp_sasl *sasl)
{
    bool first = !sasl->prepared;
    sp_buf_wipe(&sasl->out);
    sasl->detail[0] = '\0';
    sasl->result = SP_SASL_RESPOND;
    if (first) {
        sasl->prepared = true;
        sasl->result = prepare(sasl);
    }
    if (sasl->result == SP_SASL_RESPOND && (!first || sasl->mech->client_first))
        sasl->result = step(sasl);
    sp_sasl_wipe_stack(); /* copying a text leaves it there too, in registers that were saved */
    if (atomic_load(&sasl->cancelled))
        sasl->result = SP_SASL_CANCELLED;
}
