/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server does beside the grammar of SMTP. We could go on, so it is information; but other
 * clients may not, and loose line ends are what SMTP smuggling is made of. */
#include "checks/failure.h"
#include "checks/wording.h"

#include <stdio.h>

/* A last line of nothing but a code is allowed (RFC 5321 §4.2). */
#define QUIRKS_ALLOWED ((unsigned)SP_QUIRK_CODE_ONLY)

static unsigned collect_quirks(const struct sp_evidence *evidence, enum sp_phase phase)
{
    unsigned quirks = 0;
    for (size_t i = 0; i < evidence->reply_count; i++)
        if (evidence->replies[i].phase == phase)
            quirks |= evidence->replies[i].quirks;
    return quirks & ~QUIRKS_ALLOWED;
}

static void judge_quirks(const struct sp_evidence *evidence, enum sp_phase phase,
                         struct sp_result *result)
{
    char list[SP_WORDING_SIZE] = "";
    size_t used = 0;
    unsigned quirks = collect_quirks(evidence, phase);
    /* Lines with different codes that ended the session are told as its failure. */
    if (sp_failed_in(evidence, phase) && sp_failed_with(evidence, SP_REASON_PROTOCOL_ERROR))
        quirks &= ~(unsigned)SP_QUIRK_MIXED_CODES;
    if (quirks == 0)
        return;
    for (unsigned i = 0; i < SP_QUIRK_COUNT && used < sizeof list; i++)
        if (quirks & (1u << i))
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                     sp_quirk_name(i));
    /* Lines with different codes are never good (RFC 5321 §4.2.1): which one was meant? */
    bool ambiguous = (quirks & SP_QUIRK_MIXED_CODES) != 0 && phase != SP_PHASE_QUIT;
    sp_result_add_state(result, SP_REASON_PROTOCOL_ERROR,
                        ambiguous ? sp_reason_info(SP_REASON_PROTOCOL_ERROR)->state : SP_STATE_OK,
                        phase, "%s%s is not clean SMTP: %s",
                        phase == SP_PHASE_BANNER ? "the banner" : "the reply to ",
                        phase == SP_PHASE_BANNER ? "" : sp_word_command(evidence, phase), list);
}

static void judge_capabilities(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_ehlo *counts = sp_evidence_ehlo(evidence);
    enum sp_phase phase = counts == &evidence->tls_ehlo ? SP_PHASE_EHLO_TLS : SP_PHASE_EHLO;
    if (counts->size_state == SP_SIZE_INVALID)
        sp_result_add_state(result, SP_REASON_PROTOCOL_ERROR, SP_STATE_OK, phase,
                            "the parameter of SIZE is not a number of at most 20 digits");
    if (counts->cut)
        sp_result_add_state(result, SP_REASON_PROTOCOL_ERROR, SP_STATE_OK, phase,
                            "EHLO lists more keywords than are kept; the rest was ignored");
    /* RFC 8689 §3: only inside TLS. */
    if (evidence->plain.ok && sp_ehlo_find(&evidence->plain, "REQUIRETLS") != NULL)
        sp_result_add_state(result, SP_REASON_PROTOCOL_ERROR, SP_STATE_OK, SP_PHASE_EHLO,
                            "REQUIRETLS is offered before TLS, where it must not be");
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    (void)options;
    for (int phase = 0; phase < SP_PHASE_TIMED_COUNT; phase++)
        judge_quirks(evidence, (enum sp_phase)phase, result);
    judge_capabilities(evidence, result);
}

const struct sp_check sp_check_protocol = {
    .name = "protocol",
    .help = "where the server leaves the grammar of SMTP; mostly information",
    .needs = SP_NEED_BANNER,
    .evaluate = evaluate,
};
