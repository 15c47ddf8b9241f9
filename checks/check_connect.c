/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and connections. A session that came about in spite of a failed attempt is fine; the attempt
 * is told as information, since some peers have only that address family. */
#include "checks/failure.h"
#include "checks/wording.h"

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE &&
           (phase == SP_PHASE_RESOLVE || phase == SP_PHASE_CONNECT || phase == SP_PHASE_PROXY);
}

static const struct sp_attempt *find_failed(const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->attempt_count; i++)
        if (evidence->attempts[i].reason != SP_REASON_OK &&
            evidence->attempts[i].reason != SP_REASON_CANCELLED)
            return &evidence->attempts[i];
    return NULL;
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    struct sp_finding *finding = sp_failure_add(evidence, result);
    if (evidence->endpoint->unix_path != NULL)
        finding->hint = "Run `ss -lx` and look for the path; check that the server runs, where it "
                        "makes its socket (a chroot shifts the path), and who may use it.";
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    char list[SP_WORDING_SIZE];
    const struct sp_attempt *first = find_failed(evidence);
    (void)options;
    /* Without a connection the failure's own message lists the attempts. */
    if (first == NULL || evidence->ip == NULL || sp_failed_in(evidence, SP_PHASE_CONNECT))
        return;
    size_t failed = sp_word_attempts(list, sizeof list, evidence);
    struct sp_finding *finding =
        sp_result_add_state(result, first->reason, SP_STATE_OK, SP_PHASE_CONNECT,
                            "connected to %s, but %zu other address%s failed: %s", evidence->ip,
                            failed, failed == 1 ? "" : "es", list);
    finding->hint =
        "Make every address that DNS publishes answer, or remove its A or AAAA record: "
        "peers that try it first lose time, and peers with only that family can't deliver.";
}

const struct sp_check sp_check_connect = {
    .name = "connect",
    .help = "whether the name resolves and an address accepts connections",
    .needs = SP_NEED_NONE,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
