/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * STARTTLS (RFC 3207): offered, accepted, and nothing slipped in behind the reply. Whoever asked for it
 * gets CRITICAL when it is missing; under opportunistic TLS a missing or refused STARTTLS is a WARNING.
 * Octets behind the reply are CRITICAL in every mode.
 */
#include "checks/failure.h"
#include "checks/wording.h"

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    enum sp_owner owner = sp_failure_owner(reason, phase);
    return owner == SP_OWNER_STARTTLS || (owner == SP_OWNER_PHASE && phase == SP_PHASE_STARTTLS);
}

static enum sp_state soften(const struct sp_evidence *evidence, enum sp_reason reason,
                            enum sp_state state)
{
    bool optional =
        evidence->endpoint->tls == SP_TLS_OPPORTUNISTIC &&
        (reason == SP_REASON_STARTTLS_NOT_SUPPORTED || reason == SP_REASON_STARTTLS_TEMPORARY ||
         reason == SP_REASON_STARTTLS_REFUSED);
    return optional && state == SP_STATE_CRITICAL ? SP_STATE_WARNING : state;
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    enum sp_state state = sp_failure_state(evidence);
    sp_failure_add_state(evidence, result, soften(evidence, evidence->failure.reason, state));
}

/* Only a complete reply to EHLO tells that STARTTLS is absent: a server that throttles, defers or drops
 * us has said nothing about it. */
static void judge_offer(const struct sp_evidence *evidence, struct sp_result *result)
{
    enum sp_tls_mode mode = evidence->endpoint->tls;
    bool wanted = mode == SP_TLS_OPPORTUNISTIC || mode == SP_TLS_STARTTLS;
    if (!wanted || !evidence->plain.ok || evidence->starttls_offered ||
        sp_failed_with(evidence, SP_REASON_STARTTLS_NOT_SUPPORTED))
        return;
    enum sp_state state = soften(evidence, SP_REASON_STARTTLS_NOT_SUPPORTED,
                                 sp_reason_info(SP_REASON_STARTTLS_NOT_SUPPORTED)->state);
    sp_result_add_state(result, SP_REASON_STARTTLS_NOT_SUPPORTED, state, SP_PHASE_STARTTLS, "%s",
                        evidence->plain.helo
                            ? "STARTTLS is not offered: the server knows only HELO"
                            : "STARTTLS is not offered, so mail travels unencrypted");
}

/* The engine ends a session after such a reply; this is for evidence that says no failure. */
static void judge_reply(const struct sp_evidence *evidence, struct sp_result *result)
{
    char quoted[SP_WORDING_SIZE];
    const struct sp_reply *reply = sp_phase_reply(evidence, SP_PHASE_STARTTLS);
    int code = evidence->starttls_code;
    if (evidence->failure.reason != SP_REASON_OK || reply == NULL || code == 0)
        return;
    if (code == 220 && evidence->starttls_leftover > 0)
        sp_result_add(result, SP_REASON_STARTTLS_INJECTION, SP_PHASE_STARTTLS,
                      "%zu octets came in clear text behind the reply to STARTTLS",
                      evidence->starttls_leftover);
    if (code == 220)
        return;
    enum sp_reason reason =
        code / 100 == 4 ? SP_REASON_STARTTLS_TEMPORARY : SP_REASON_STARTTLS_REFUSED;
    sp_result_add_state(result, reason, soften(evidence, reason, sp_reason_info(reason)->state),
                        SP_PHASE_STARTTLS, "STARTTLS was answered %s",
                        sp_word_reply(quoted, sizeof quoted, reply));
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    (void)options;
    judge_offer(evidence, result);
    judge_reply(evidence, result);
    /* RFC 3207 §4.2: the server must not list it any more. It is never sent twice. */
    if (evidence->tls_ehlo.ok && sp_ehlo_find(&evidence->tls_ehlo, "STARTTLS") != NULL)
        sp_result_add_state(result, SP_REASON_PROTOCOL_ERROR, SP_STATE_OK, SP_PHASE_EHLO_TLS,
                            "STARTTLS is still offered inside TLS");
}

const struct sp_check sp_check_starttls = {
    .name = "starttls",
    .help = "whether STARTTLS is offered, accepted and free of injected commands",
    .needs = SP_NEED_EHLO,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
