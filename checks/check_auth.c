/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login (RFC 4954): why it did not work, and where the server's offer puts passwords at risk. What
 * breaks off in the middle of a login (a timeout, a closed connection, 421) says nothing about the
 * password and is reported as what it is.
 */
#include "checks/auth_advice.h"
#include "checks/auth_offer.h"
#include "checks/failure.h"
#include "checks/server_said.h"
#include "checks/wording.h"
#include "probe/auth.h"
#include "probe/sasl_names.h"

#include <stdio.h>
#include <string.h>

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE && phase == SP_PHASE_AUTH;
}

/* Reasons that are about the login itself: what ended the session otherwise has its own words. */
static bool is_about_login(enum sp_reason reason)
{
    switch (reason) {
    case SP_REASON_AUTH_NOT_OFFERED:
    case SP_REASON_AUTH_MECHANISM_UNSUPPORTED:
    case SP_REASON_AUTH_REQUIRES_TLS:
    case SP_REASON_AUTH_REJECTED:
    case SP_REASON_AUTH_TEMPORARY:
    case SP_REASON_AUTH_SERVER_UNVERIFIED:
    case SP_REASON_AUTH_PROTOCOL_ERROR:
    case SP_REASON_AUTH_DOWNGRADE:
    case SP_REASON_CREDENTIAL_UNAVAILABLE: return true;
    default: return false;
    }
}

/* "the login with PLAIN was rejected": what a server's refusal means. */
static const char *say_refusal(enum sp_reason reason)
{
    switch (reason) {
    case SP_REASON_AUTH_REJECTED: return "was rejected";
    case SP_REASON_AUTH_TEMPORARY: return "failed for now";
    case SP_REASON_AUTH_REQUIRES_TLS: return "was refused without TLS";
    case SP_REASON_AUTH_MECHANISM_UNSUPPORTED: return "was refused, its mechanism is not known";
    default: return "failed";
    }
}

/* What the server answered, or the engine's one line, or else the reason's own sentence. */
static void describe(const struct sp_evidence *evidence, enum sp_reason reason, char *out,
                     size_t size)
{
    const struct sp_auth *auth = &evidence->auth;
    bool told = auth->detail != NULL && auth->detail[0] != '\0';
    bool refused = auth->reply != NULL && auth->reply->code >= 400;
    char with[64] = "", quoted[SP_WORDING_SIZE], said[SP_WORDING_SIZE / 2];
    char offer[SP_WORDING_SIZE / 2];
    size_t used = 0;
    if (auth->mechanism != NULL)
        snprintf(with, sizeof with, " with %s", auth->mechanism);
    if (refused)
        used = (size_t)snprintf(out, size, "the login%s %s: %s", with, say_refusal(reason),
                                sp_word_reply(quoted, sizeof quoted, auth->reply));
    else if (auth->mechanism != NULL)
        used = (size_t)snprintf(out, size, "login%s: %s", with,
                                told ? auth->detail : sp_reason_info(reason)->sentence);
    else
        used = (size_t)snprintf(out, size, "%s",
                                told ? auth->detail : sp_reason_info(reason)->sentence);
    if (auth->server_said != NULL && auth->server_said[0] != '\0' && used < size)
        used += (size_t)snprintf(out + used, size - used, " (the server says: %s)",
                                 sp_word_server_said(said, sizeof said, auth->server_said));
    if (reason == SP_REASON_AUTH_MECHANISM_UNSUPPORTED && !refused && used < size &&
        sp_offer_list(sp_evidence_ehlo(evidence), offer, sizeof offer) > 0)
        used += (size_t)snprintf(out + used, size - used, " (on offer: %s)", offer);
    if (reason == SP_REASON_AUTH_PROTOCOL_ERROR && auth->rounds > 1 && used < size)
        (void)snprintf(out + used, size - used, ", after %u challenges", auth->rounds);
}

static void add_advice(const struct sp_evidence *evidence, struct sp_finding *finding)
{
    const struct sp_auth *auth = &evidence->auth;
    const struct sp_refusal refusal = {
        .reply = auth->reply != NULL ? auth->reply : sp_phase_reply(evidence, SP_PHASE_AUTH),
        .server_said = auth->server_said,
        .mechanism = auth->mechanism,
        .host = evidence->endpoint->host};
    const char *advice = sp_auth_advice(&refusal);
    if (advice != NULL)
        finding->hint = advice;
}

static void report_login(const struct sp_evidence *evidence, struct sp_result *result,
                         enum sp_state state)
{
    char message[SP_WORDING_SIZE * 2];
    enum sp_reason reason = evidence->auth.reason;
    describe(evidence, reason, message, sizeof message);
    add_advice(evidence, sp_result_add_state(result, reason, state, SP_PHASE_AUTH, "%s", message));
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    enum sp_reason reason = evidence->failure.reason;
    (void)options;
    if (evidence->auth.reason == reason && is_about_login(reason)) {
        report_login(evidence, result, sp_failure_state(evidence));
        return;
    }
    struct sp_finding *finding = sp_failure_add(evidence, result);
    if (evidence->auth.computing && reason == SP_REASON_DEADLINE_EXCEEDED)
        finding->hint =
            "The time went into our own computing: the server asks for many rounds of a "
            "hash (SCRAM), and this machine had no more time for them. Raise --timeout, "
            "lower --concurrency, or have the server ask for fewer.";
    else if (reason == SP_REASON_CONNECTION_CLOSED || reason == SP_REASON_CONNECTION_RESET ||
             reason == SP_REASON_REPLY_TIMEOUT)
        finding->hint = "This says nothing about the password. Look into the server's log at this "
                        "minute: a login service that hangs or crashes, or a block after earlier "
                        "failures (fail2ban), shows there.";
    else
        add_advice(evidence, finding);
}

/* --- the offer -------------------------------------------------------------------------------- */

/* Nothing that goes through a socket crosses a net. */
static void judge_clear_offer(const struct sp_evidence *evidence, struct sp_result *result)
{
    char list[SP_WORDING_SIZE / 2];
    if (!evidence->plain.ok || evidence->endpoint->unix_path != NULL ||
        sp_offer_exposing(&evidence->plain, list, sizeof list) == 0)
        return;
    sp_result_add(result, SP_REASON_AUTH_OFFERED_WITHOUT_TLS, SP_PHASE_EHLO,
                  "logins with %s are offered before TLS: whoever uses them there sends a password "
                  "or token for all to read",
                  list);
}

/* See README.md. */
static enum sp_state state_of_downgrade(const struct sp_evidence *evidence,
                                        const struct sp_offer_change *change)
{
    if (sp_auth_server_is_proven(evidence))
        return change->by_design ? SP_STATE_OK : SP_STATE_WARNING;
    return sp_auth_wanted(evidence->endpoint->options)
               ? SP_STATE_CRITICAL
               : sp_state_by_verify(evidence, SP_STATE_CRITICAL);
}

/* RFC 4422 §6.1.2: the list inside TLS against the one that anybody could have edited. */
static void judge_downgrade(const struct sp_evidence *evidence, struct sp_result *result)
{
    char lost[SP_WORDING_SIZE / 2];
    struct sp_offer_change change;
    if (evidence->auth.reason == SP_REASON_AUTH_DOWNGRADE || !evidence->plain.ok ||
        !evidence->tls_ehlo.ok ||
        !sp_offer_compare(&evidence->plain, &evidence->tls_ehlo, &change, lost, sizeof lost))
        return;
    struct sp_finding *finding = sp_result_add_state(
        result, SP_REASON_AUTH_DOWNGRADE, state_of_downgrade(evidence, &change), SP_PHASE_EHLO_TLS,
        change.gone ? "AUTH %s is offered before TLS and no AUTH inside"
                    : "%s %s offered before TLS and not inside, where %s is the best",
        lost, change.lost == 1 ? "is" : "are", change.best);
    if (sp_auth_server_is_proven(evidence))
        finding->hint = change.gone
                            ? "Offer AUTH inside TLS too: mail programs that use STARTTLS, as "
                              "they should, can't log in."
                            : "The certificate proves the server, so the list inside TLS is its "
                              "own: offer there what is offered before, or look for a "
                              "TLS-inspecting firewall whose authority is trusted here.";
}

/* --- evaluate --------------------------------------------------------------------------------- */

/* --auth-insecure is the user's own decision, but nobody should forget it. */
static void judge_exposed(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_auth *auth = &evidence->auth;
    const char *mechanism = auth->mechanism != NULL ? auth->mechanism : "the login";
    bool tls = evidence->tls.established;
    if (!auth->exposed)
        return;
    struct sp_finding *finding = sp_result_add_state(
        result, SP_REASON_AUTH_REQUIRES_TLS,
        tls ? sp_state_by_verify(evidence, SP_STATE_WARNING) : SP_STATE_WARNING, SP_PHASE_AUTH,
        "--auth-insecure: %s sent the %s %s", mechanism,
        sp_sasl_facts(mechanism).token ? "token" : "password",
        tls ? "inside TLS to a server that has not proven who it is" : "without TLS");
    finding->hint = "Drop --auth-insecure and log in inside TLS with a certificate that verifies; "
                    "change the password if the way to the server is not your own.";
}

/* The login that was asked for has no result and no reason: that must not look like success. */
static void judge_silence(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_auth *auth = &evidence->auth;
    bool ended =
        evidence->failure.reason != SP_REASON_OK && evidence->failure.phase != SP_PHASE_QUIT;
    bool wanted = auth->result != SP_AUTH_NONE || sp_auth_wanted(evidence->endpoint->options);
    if (ended || !wanted || auth->result == SP_AUTH_OK || auth->reason != SP_REASON_OK)
        return;
    sp_result_add(result, SP_REASON_INTERNAL_ERROR, SP_PHASE_AUTH,
                  "the login that was asked for has no result and no reason");
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    enum sp_reason reason = evidence->auth.reason;
    (void)options;
    if (reason != SP_REASON_OK &&
        (evidence->failure.reason != reason || evidence->failure.phase == SP_PHASE_QUIT))
        report_login(evidence, result, sp_reason_info(reason)->state);
    judge_silence(evidence, result);
    judge_exposed(evidence, result);
    judge_clear_offer(evidence, result);
    judge_downgrade(evidence, result);
}

const struct sp_check sp_check_auth = {
    .name = "auth",
    .help = "whether the login works, and what the offer of logins risks",
    .needs = SP_NEED_EHLO,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
