/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   the connection                           exposes its secret    any other mechanism
 *   TLS, the server is proven                yes                   yes
 *   TLS, certificate, pin or staple failed   --auth-insecure       --auth-insecure
 *   TLS, --verify off                        --auth-insecure       yes
 *   opportunistic, and TLS did not come      --auth-insecure       --auth-insecure
 *   --tls none, or a socket                  --auth-insecure       yes
 *
 * Who strips STARTTLS from the offer is not to get even a hash that a dictionary can be run against; where
 * it is required and missing the session has failed before anything here is asked.
 */
#include "probe/auth.h"

#include "probe/limits.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum safety { SAFETY_PROVEN, SAFETY_FAILED, SAFETY_UNPROVEN, SAFETY_STRIPPED, SAFETY_CLEAR };

/* Everything that the choice depends on. */
struct situation {
    const struct sp_evidence *evidence;
    const struct sp_options *options;
    const struct sp_credentials *credentials;
    bool bound;
    enum safety safety;
};

bool sp_auth_wanted(const struct sp_options *options)
{
    if (options->auth.count == 1 && strcmp(options->auth.items[0], "NONE") == 0)
        return false;
    return options->auth.count > 0 || options->user || options->password_file ||
           options->password_env || options->token_file || options->password_fd != SP_NO_FD;
}

static enum safety judge_safety(const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    if (!evidence->tls_ehlo.ok)
        return endpoint->tls == SP_TLS_NONE || endpoint->unix_path ? SAFETY_CLEAR : SAFETY_STRIPPED;
    bool unrevoked = endpoint->options->ocsp != SP_OCSP_REQUIRE ||
                     (evidence->ocsp.valid && evidence->ocsp.status == SP_OCSP_GOOD);
    if (evidence->verify.authenticated_by && unrevoked)
        return SAFETY_PROVEN;
    bool looked_at = endpoint->verify != SP_VERIFY_OFF;
    return looked_at || !unrevoked || evidence->pin.tested ? SAFETY_FAILED : SAFETY_UNPROVEN;
}

/* --- the candidates --------------------------------------------------------------------------- */

static bool is_offered(const struct sp_ehlo *ehlo, const char *name)
{
    for (size_t i = 0; i < ehlo->auth_count; i++)
        if (strcasecmp(ehlo->auth[i], name) == 0)
            return true;
    return false;
}

static bool is_named(const struct situation *now, const struct sp_sasl_mech *mech)
{
    for (size_t i = 0; i < now->options->auth.count; i++)
        if (strcasecmp(now->options->auth.items[i], mech->name) == 0)
            return true;
    return false;
}

/* Whether all that the mechanism needs is at hand; else a word for it. */
static const char *find_missing(const struct situation *now, const struct sp_sasl_mech *mech)
{
    bool password = sp_credentials_has_password(now->credentials);
    bool token = sp_credentials_has_token(now->credentials);
    if ((mech->needs & SP_SASL_NEEDS_PASSWORD) && !password)
        return "a password";
    if ((mech->needs & SP_SASL_NEEDS_TOKEN) && !token)
        return "an access token (--token-file)";
    if ((mech->needs & SP_SASL_NEEDS_USER) && !now->options->user)
        return "a user name (--user)";
    if ((mech->needs & SP_SASL_NEEDS_CERTIFICATE) && !now->evidence->tls.client_certificate_sent)
        return "a client certificate (--cert) that the server asks for in TLS";
    if ((mech->needs & SP_SASL_NEEDS_BINDING) && !now->bound)
        return "TLS to be bound to";
    /* Nobody knows whether there is a ticket before it was tried, and there is one attempt only: a secret
     * that was given is the one that is meant. */
    if ((mech->needs & SP_SASL_NEEDS_TICKET) && (password || token) && !is_named(now, mech))
        return "--auth to name it beside a password or token";
    return NULL;
}

static bool is_candidate(const struct situation *now, const struct sp_sasl_mech *mech)
{
    return is_offered(sp_evidence_ehlo(now->evidence), mech->name) && !find_missing(now, mech) &&
           (now->options->auth.count == 0 || is_named(now, mech));
}

/*
 * The strongest candidate. One that has to be named is taken unnamed only when it is the last resort and the
 * user's password can be tried with it; so NTLM alone is, and ANONYMOUS, which would prove nothing, is not.
 */
static const struct sp_sasl_mech *choose_strongest(const struct situation *now)
{
    const struct sp_sasl_mech *best = NULL, *last_resort = NULL;
    for (size_t i = 0; sp_sasl_mechs[i]; i++) {
        const struct sp_sasl_mech *mech = sp_sasl_mechs[i];
        if (!is_candidate(now, mech))
            continue;
        const struct sp_sasl_mech **place =
            mech->named_only && !is_named(now, mech) ? &last_resort : &best;
        if (*place == NULL || mech->strength > (*place)->strength)
            *place = mech;
    }
    if (best)
        return best;
    return last_resort && (last_resort->needs & SP_SASL_NEEDS_PASSWORD) ? last_resort : NULL;
}

/* --- why not ---------------------------------------------------------------------------------- */

static struct sp_auth_choice refuse(const struct situation *now, enum sp_reason reason,
                                    const char *detail)
{
    const char *kept = sp_arena_strdup(now->evidence->arena, detail);
    return (struct sp_auth_choice){.reason = reason, .detail = kept ? kept : "out of memory"};
}

/* Of the mechanisms that the server offers and the user allows, what the strongest one lacks. */
static struct sp_auth_choice refuse_all(const struct situation *now)
{
    const struct sp_ehlo *ehlo = sp_evidence_ehlo(now->evidence);
    const struct sp_sasl_mech *best = NULL;
    char detail[256];
    for (size_t i = 0; sp_sasl_mechs[i]; i++) {
        const struct sp_sasl_mech *mech = sp_sasl_mechs[i];
        bool allowed = now->options->auth.count == 0 || is_named(now, mech);
        if (allowed && is_offered(ehlo, mech->name) &&
            (best == NULL || mech->strength > best->strength))
            best = mech;
    }
    const char *missing = best ? find_missing(now, best) : NULL;
    if (missing)
        snprintf(detail, sizeof detail, "%s is offered, but needs %s", best->name, missing);
    else if (best)
        snprintf(detail, sizeof detail, "%s is offered, but is used only when --auth names it",
                 best->name);
    else if (now->options->auth.count > 0)
        snprintf(detail, sizeof detail, "none of the mechanisms that --auth names is offered");
    else
        snprintf(detail, sizeof detail, "none of the mechanisms on offer is known here");
    return refuse(now, SP_REASON_AUTH_MECHANISM_UNSUPPORTED, detail);
}

static struct sp_auth_choice refuse_offer(const struct situation *now)
{
    const struct sp_evidence *evidence = now->evidence;
    bool before = evidence->tls_ehlo.ok && evidence->plain.auth_count > 0;
    if (before)
        return refuse(now, SP_REASON_AUTH_NOT_OFFERED,
                      "AUTH was listed before TLS, and is not listed inside it");
    if (sp_evidence_ehlo(evidence)->helo)
        return refuse(now, SP_REASON_AUTH_NOT_OFFERED,
                      "the server knows only HELO, which has no AUTH");
    if (!evidence->tls_ehlo.ok && evidence->starttls_offered)
        return refuse(now, SP_REASON_AUTH_NOT_OFFERED,
                      "AUTH is not listed without TLS; STARTTLS is offered, so try --tls starttls");
    return refuse(now, SP_REASON_AUTH_NOT_OFFERED, "the reply to EHLO does not list AUTH");
}

/* Why this mechanism may not be used here; NULL: it may. */
static const char *find_danger(const struct situation *now, const struct sp_sasl_mech *mech)
{
    if (now->options->auth_insecure || now->safety == SAFETY_PROVEN)
        return NULL;
    if (now->safety == SAFETY_FAILED)
        return "the server's certificate did not prove who it is, so no login was tried";
    if (now->safety == SAFETY_STRIPPED)
        return "there is no TLS here, which somebody on the way could have seen to, so no login was "
               "tried; --tls none says that clear text is meant";
    if (!mech->exposes)
        return NULL;
    return now->safety == SAFETY_CLEAR
               ? "would send the secret for all to read, so no login was tried"
               : "would give the secret to a server that --verify off leaves unproven, so no login "
                 "was tried";
}

struct sp_auth_choice sp_auth_choose(const struct sp_evidence *evidence,
                                     const struct sp_credentials *credentials,
                                     enum sp_binding_type binding)
{
    const struct situation now = {evidence, evidence->endpoint->options, credentials,
                                  binding != SP_BINDING_NONE, judge_safety(evidence)};
    char detail[256];
    if (sp_evidence_ehlo(evidence)->auth_count == 0)
        return refuse_offer(&now);
    const struct sp_sasl_mech *mech = choose_strongest(&now);
    if (!mech)
        return refuse_all(&now);
    const char *danger = find_danger(&now, mech);
    if (!danger)
        return (struct sp_auth_choice){.mech = mech, .reason = SP_REASON_OK};
    if (now.safety == SAFETY_FAILED || now.safety == SAFETY_STRIPPED)
        return refuse(&now, SP_REASON_AUTH_REQUIRES_TLS, danger);
    snprintf(detail, sizeof detail, "%s %s", mech->name, danger);
    return refuse(&now, SP_REASON_AUTH_REQUIRES_TLS, detail);
}

bool sp_auth_server_is_proven(const struct sp_evidence *evidence)
{
    return judge_safety(evidence) == SAFETY_PROVEN;
}

bool sp_auth_exposes(const struct sp_evidence *evidence, const struct sp_sasl_mech *mech)
{
    return mech->exposes && !sp_auth_server_is_proven(evidence);
}
