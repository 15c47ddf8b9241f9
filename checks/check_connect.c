/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and connections. A session that came about in spite of a failed attempt is fine; the attempt
 * is told as information, since some peers have only that address family. */
#include "checks/failure.h"
#include "checks/wording.h"

#include <stdio.h>

#define ATTEMPTS_SHOWN 4u

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE &&
           (phase == SP_PHASE_RESOLVE || phase == SP_PHASE_CONNECT || phase == SP_PHASE_PROXY);
}

/* "2001:db8::1 connect-refused, …"; returns how many failed and the first one's reason. An attempt that
 * was called off because another address was faster has not failed. */
static size_t list_failed(const struct sp_evidence *evidence, enum sp_reason *out_first, char *out,
                          size_t size)
{
    size_t failed = 0, used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct sp_attempt *attempt = &evidence->attempts[i];
        if (attempt->reason == SP_REASON_OK || attempt->reason == SP_REASON_CANCELLED)
            continue;
        if (failed == 0)
            *out_first = attempt->reason;
        if (failed < ATTEMPTS_SHOWN && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s %s", failed > 0 ? ", " : "",
                                     attempt->ip, sp_reason_info(attempt->reason)->word);
        failed++;
    }
    return failed;
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
    enum sp_reason first = SP_REASON_OK;
    (void)options;
    /* Without a connection the failure's own message lists the attempts. */
    if (evidence->ip == NULL || sp_failed_in(evidence, SP_PHASE_CONNECT))
        return;
    size_t failed = list_failed(evidence, &first, list, sizeof list);
    if (failed == 0)
        return;
    struct sp_finding *finding = sp_result_add_state(
        result, first, SP_STATE_OK, SP_PHASE_CONNECT,
        "connected to %s, but %zu other address%s failed: %s%s", evidence->ip, failed,
        failed == 1 ? "" : "es", list, failed > ATTEMPTS_SHOWN ? " and more" : "");
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
