/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The measured times against --warning and --critical. */
#include "checks/failure.h"
#include "checks/thresholds.h"
#include "checks/wording.h"

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE && phase == SP_PHASE_TOTAL;
}

/* Nanoseconds, or -1 when there was nothing to measure. The total is judged without QUIT: waiting for
 * its reply must never worsen the verdict. */
static int64_t measured(const struct sp_evidence *evidence, enum sp_phase phase)
{
    const struct sp_span *quit = &evidence->spans[SP_PHASE_QUIT];
    if (phase != SP_PHASE_TOTAL)
        return evidence->spans[phase].start_ns < 0 ? -1 : evidence->spans[phase].ns;
    if (quit->start_ns >= 0 && quit->ns < evidence->total_ns)
        return evidence->total_ns - quit->ns;
    return evidence->total_ns;
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    /* A target that was never tried has taken no time that could be judged. */
    if (sp_failed_in(evidence, SP_PHASE_CONFIG))
        return;
    for (int i = 0; i <= SP_PHASE_TOTAL; i++) {
        char took[32], limit[SP_WORDING_SIZE];
        const struct sp_range *range = NULL;
        int64_t ns = measured(evidence, (enum sp_phase)i);
        double seconds = (double)ns / 1e9;
        if (ns < 0)
            continue;
        enum sp_state state =
            sp_threshold_state(&options->warning[i], &options->critical[i], seconds, &range);
        if (range == NULL)
            continue;
        sp_threshold_describe(limit, sizeof limit, range, "s");
        struct sp_finding *finding = sp_result_add_state(
            result, SP_REASON_THRESHOLD_EXCEEDED, state, (enum sp_phase)i, "%s took %s, %s",
            sp_phase_info((enum sp_phase)i)->name, sp_word_duration(took, sizeof took, ns), limit);
        finding->has_value = true;
        finding->value = seconds;
        finding->unit = "s";
    }
}

const struct sp_check sp_check_timing = {
    .name = "timing",
    .help = "whether the phases and the whole stay within --warning and --critical",
    .needs = SP_NEED_NONE,
    .owns = owns,
    .evaluate = evaluate,
};
