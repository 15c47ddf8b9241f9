/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EHLO before and inside TLS (RFC 5321 §4.1.1.1), and the capabilities that the user wants or doesn't. */
#include "checks/failure.h"
#include "checks/wording.h"

#include <string.h>

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE &&
           (phase == SP_PHASE_EHLO || phase == SP_PHASE_EHLO_TLS);
}

/* The EHLO that counts, except for STARTTLS: that is offered before TLS or never (RFC 3207 §4.2). */
static const struct sp_ehlo *choose_ehlo(const struct sp_evidence *evidence, const char *keyword)
{
    if (strcmp(keyword, "STARTTLS") == 0 && evidence->plain.tried)
        return &evidence->plain;
    return sp_evidence_ehlo(evidence);
}

static enum sp_phase phase_of(const struct sp_evidence *evidence, const struct sp_ehlo *ehlo)
{
    return ehlo == &evidence->tls_ehlo ? SP_PHASE_EHLO_TLS : SP_PHASE_EHLO;
}

static void judge_required(const struct sp_evidence *evidence, const char *keyword,
                           struct sp_result *result)
{
    const struct sp_ehlo *ehlo = choose_ehlo(evidence, keyword);
    /* An EHLO that failed is a finding already and says nothing about capabilities. */
    if (!ehlo->ok || sp_ehlo_find(ehlo, keyword) != NULL)
        return;
    enum sp_phase phase = phase_of(evidence, ehlo);
    sp_result_add(result, SP_REASON_CAPABILITY_MISSING, phase, "%s is required but not offered%s%s",
                  keyword, phase == SP_PHASE_EHLO_TLS ? " inside TLS" : "",
                  ehlo->helo ? ": the server knows only HELO" : "");
}

static void judge_forbidden(const struct sp_evidence *evidence, const char *keyword,
                            struct sp_result *result)
{
    const struct sp_ehlo *ehlo = choose_ehlo(evidence, keyword);
    if (!ehlo->ok || sp_ehlo_find(ehlo, keyword) == NULL)
        return;
    enum sp_phase phase = phase_of(evidence, ehlo);
    sp_result_add(result, SP_REASON_CAPABILITY_FORBIDDEN, phase, "%s is forbidden but offered%s",
                  keyword, phase == SP_PHASE_EHLO_TLS ? " inside TLS" : "");
}

/* The engine ends a session after such a reply; this is for evidence that says no failure. */
static void judge_refused(const struct sp_evidence *evidence, const struct sp_ehlo *ehlo,
                          struct sp_result *result)
{
    char quoted[SP_WORDING_SIZE];
    enum sp_phase phase = phase_of(evidence, ehlo);
    const struct sp_reply *reply = sp_phase_reply(evidence, phase);
    if (!ehlo->tried || ehlo->ok || reply == NULL || evidence->failure.reason != SP_REASON_OK)
        return;
    sp_result_add(result,
                  reply->code >= 400 && reply->code < 500 ? SP_REASON_REJECTED_TEMPORARY
                  : reply->code >= 500                    ? SP_REASON_REJECTED_PERMANENT
                                                          : SP_REASON_UNEXPECTED_REPLY,
                  phase, "%s was answered %s", sp_word_command(evidence, phase),
                  sp_word_reply(quoted, sizeof quoted, reply));
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    struct sp_finding *finding = sp_failure_add(evidence, result);
    if (evidence->failure.phase == SP_PHASE_EHLO_TLS &&
        evidence->tls.client_certificate_requested && !evidence->tls.client_certificate_sent)
        finding->hint = "The server asked for a client certificate in the handshake and got none, "
                        "which may be why: give one with --cert and --key.";
    if (evidence->early_talker && evidence->failure.phase == SP_PHASE_EHLO)
        finding->hint = "Repair the greeting first (see early-talker): what came behind it was "
                        "taken for the answer to EHLO.";
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    judge_refused(evidence, &evidence->plain, result);
    judge_refused(evidence, &evidence->tls_ehlo, result);
    for (size_t i = 0; i < options->require_capability.count; i++)
        judge_required(evidence, options->require_capability.items[i], result);
    for (size_t i = 0; i < options->forbid_capability.count; i++)
        judge_forbidden(evidence, options->forbid_capability.items[i], result);
}

const struct sp_check sp_check_ehlo = {
    .name = "ehlo",
    .help = "whether EHLO is accepted and offers what is required and nothing that is forbidden",
    .needs = SP_NEED_EHLO,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
