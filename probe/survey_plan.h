/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which questions an endpoint calls for, and what each of them offers. No I/O. Part of probe/survey.c. */
#ifndef SP_PROBE_SURVEY_PLAN_H
#define SP_PROBE_SURVEY_PLAN_H

#include "probe/evidence.h"
#include "probe/survey.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_SURVEY_SUITES_MAX 192u
#define SP_SURVEY_GROUPS_MAX 48u

struct sp_survey_offer {
    uint16_t suites[SP_SURVEY_SUITES_MAX];
    size_t suite_count;
    uint16_t groups[SP_SURVEY_GROUPS_MAX];
    size_t group_count;
};

/*
 * Fills evidence->surveys with what is to be asked, each SKIPPED and without `detail` as yet. With `skip`,
 * or when the session failed behind its handshake, the policy's questions get that as their detail. True:
 * there is something to ask. Without memory there are no surveys.
 */
bool sp_survey_plan(struct sp_evidence *evidence, const char *skip);
/* What a planned survey offers. */
void sp_survey_offer(const struct sp_survey *survey, enum sp_tls_policy policy,
                     struct sp_survey_offer *out);
bool sp_survey_offers(const struct sp_survey_offer *offer, uint16_t suite);

#endif
