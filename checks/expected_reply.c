/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/expected_reply.h"

#include "checks/wording.h"

#include <stdio.h>
#include <string.h>

/* What a reply's code alone brings about. */
static bool is_caused_by_code(enum sp_reason reason)
{
    switch (reason) {
    case SP_REASON_SERVICE_NOT_AVAILABLE:
    case SP_REASON_REJECTED_TEMPORARY:
    case SP_REASON_REJECTED_PERMANENT:
    case SP_REASON_UNEXPECTED_REPLY:
    case SP_REASON_STARTTLS_TEMPORARY:
    case SP_REASON_STARTTLS_REFUSED:
    case SP_REASON_SENDER_REJECTED:
    case SP_REASON_RECIPIENT_REJECTED:
    case SP_REASON_MESSAGE_REJECTED: return true;
    default: return false;
    }
}

static bool code_fits(const char code[4], int got)
{
    int places[] = {got / 100 % 10, got / 10 % 10, got % 10};
    for (int i = 0; i < 3; i++)
        if (code[i] != 'x' && code[i] != '0' + places[i])
            return false;
    return true;
}

static bool is_expected(const struct sp_options *options, enum sp_phase phase, int code)
{
    for (size_t i = 0; i < options->expect_reply_count; i++)
        if (options->expect_replies[i].phase == phase &&
            code_fits(options->expect_replies[i].code, code))
            return true;
    return false;
}

/* "535 or 534" */
static void list_codes(const struct sp_options *options, enum sp_phase phase, char *out,
                       size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < options->expect_reply_count && used < size; i++)
        if (options->expect_replies[i].phase == phase)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " or " : "",
                                     options->expect_replies[i].code);
}

/* Of a login the verdict counts, not the challenges before it. */
static const struct sp_reply *last_reply(const struct sp_evidence *evidence, enum sp_phase phase)
{
    return phase == SP_PHASE_AUTH ? evidence->auth.reply : sp_phase_reply(evidence, phase);
}

/* A login that was refused failed by that; one that was granted and failed all the same, as when the
 * server has not proven itself, did not. */
static bool is_caused_by(const struct sp_result *result, const struct sp_finding *finding,
                         const struct sp_reply *reply)
{
    if (is_caused_by_code(finding->reason))
        return true;
    return finding->phase == SP_PHASE_AUTH && reply->code >= 400 &&
           finding->reason == result->evidence->auth.reason;
}

static void make_information(struct sp_result *result, enum sp_phase phase,
                             const struct sp_reply *reply, bool expected, const char *codes)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        struct sp_finding *finding = &result->findings[i];
        if (finding->phase != phase || !is_caused_by(result, finding, reply))
            continue;
        finding->state = SP_STATE_OK;
        if (!expected)
            continue;
        const char *message = sp_arena_printf(result->evidence->arena, "as expected (%s): %s",
                                              codes, finding->message);
        if (message == NULL)
            result->out_of_memory = true;
        else
            finding->message = message;
    }
}

/* Of what kept the stage from being reached or answered: the session's failure, or the login's own reason. */
static enum sp_state state_of_cause(const struct sp_result *result, enum sp_phase phase)
{
    const struct sp_evidence *evidence = result->evidence;
    const struct sp_failure *failure = &evidence->failure;
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct sp_finding *finding = &result->findings[i];
        bool failed = finding->reason == failure->reason && finding->phase == failure->phase;
        bool skipped = phase == SP_PHASE_AUTH && finding->phase == phase &&
                       finding->reason == evidence->auth.reason;
        if ((failed || skipped) && finding->state != SP_STATE_OK)
            return finding->state;
    }
    return SP_STATE_CRITICAL;
}

static void report_missing(struct sp_result *result, enum sp_phase phase, const char *codes)
{
    struct sp_finding *finding = sp_result_add_state(
        result, SP_REASON_REPLY_MISMATCH, state_of_cause(result, phase), phase,
        "stage %s got no reply, expected was %s", sp_phase_info(phase)->name, codes);
    finding->hint = "The stage was not reached or not answered: see the other findings, and "
                    "whether this target has such a stage at all.";
}

/* Worse than what else has its state, as a failure is: it is what the user asked for. */
static void move_to_front(struct sp_result *result, struct sp_finding *finding)
{
    struct sp_finding moved = *finding;
    if (finding == &result->scratch)
        return;
    memmove(result->findings + 1, result->findings,
            (result->finding_count - 1) * sizeof *result->findings);
    result->findings[0] = moved;
}

static void report_other(struct sp_result *result, enum sp_phase phase, const char *codes,
                         const struct sp_reply *reply)
{
    char quoted[SP_WORDING_SIZE];
    bool for_now = reply->code / 100 == 4;
    bool logged_in = phase == SP_PHASE_AUTH && reply->code == 235;
    struct sp_finding *finding = sp_result_add_state(
        result, SP_REASON_REPLY_MISMATCH, for_now ? SP_STATE_WARNING : SP_STATE_CRITICAL, phase,
        "%sstage %s was answered %s, expected was %s", logged_in ? "the account can log in: " : "",
        sp_phase_info(phase)->name, sp_word_reply(quoted, sizeof quoted, reply), codes);
    if (for_now)
        finding->hint = "A code in the 400s only says that the server can't tell now: try again in "
                        "some minutes.";
    else if (logged_in)
        finding->hint = "If this account is to be closed, close it on the server (in the user "
                        "database that the login service asks) and end its sessions.";
    move_to_front(result, finding);
}

static bool is_first(const struct sp_options *options, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (options->expect_replies[i].phase == options->expect_replies[index].phase)
            return false;
    return true;
}

void sp_expected_replies_apply(struct sp_result *result)
{
    const struct sp_options *options = result->endpoint->options;
    for (size_t i = 0; i < options->expect_reply_count; i++) {
        enum sp_phase phase = options->expect_replies[i].phase;
        const struct sp_reply *reply = last_reply(result->evidence, phase);
        char codes[128];
        if (!is_first(options, i))
            continue;
        list_codes(options, phase, codes, sizeof codes);
        if (reply == NULL) {
            report_missing(result, phase, codes);
            continue;
        }
        bool expected = is_expected(options, phase, reply->code);
        make_information(result, phase, reply, expected, codes);
        if (!expected)
            report_other(result, phase, codes, reply);
    }
}
