/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/survey_plan.h"

#include "probe/limits.h"
#include "probe/tls_groups.h"
#include "probe/tls_names.h"
#include "probe/tls_profile.h"

#include <string.h>

#define SSL_3 0x0300

/* Alerts that speak of the offer: RFC 8446 §6.2. */
#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_PROTOCOL_VERSION 70
#define ALERT_INSUFFICIENT_SECURITY 71

struct question {
    enum sp_survey_question question;
    uint16_t version_min, version_max;
};

static const struct question everything[] = {{SP_SURVEY_ANYTHING, SSL_3, SP_TLS_1_3}};

/* TLS 1.3 is always asked alone for its suites: a server that speaks it never looks at the older ones.
 * Weak suites are asked for alone because a server with an order of its own would hide them behind
 * better ones. */
static const struct question of_modern[] = {{SP_SURVEY_OLD_VERSIONS, SP_TLS_1_2, SP_TLS_1_2},
                                            {SP_SURVEY_OLD_VERSIONS, SSL_3, SP_TLS_1_1},
                                            {SP_SURVEY_OTHER_SUITES, SP_TLS_1_3, SP_TLS_1_3},
                                            {SP_SURVEY_OTHER_GROUPS, SP_TLS_1_3, SP_TLS_1_3}};
static const struct question of_intermediate[] = {{SP_SURVEY_OLD_VERSIONS, SSL_3, SP_TLS_1_1},
                                                  {SP_SURVEY_WEAK_SUITES, SP_TLS_1_2, SP_TLS_1_2},
                                                  {SP_SURVEY_OTHER_SUITES, SP_TLS_1_2, SP_TLS_1_2},
                                                  {SP_SURVEY_OTHER_SUITES, SP_TLS_1_3, SP_TLS_1_3},
                                                  {SP_SURVEY_OTHER_GROUPS, SP_TLS_1_2, SP_TLS_1_3}};
static const struct question of_old[] = {{SP_SURVEY_OLD_VERSIONS, SSL_3, SSL_3},
                                         {SP_SURVEY_WEAK_SUITES, SP_TLS_1_0, SP_TLS_1_2},
                                         {SP_SURVEY_OTHER_SUITES, SP_TLS_1_0, SP_TLS_1_2},
                                         {SP_SURVEY_OTHER_SUITES, SP_TLS_1_3, SP_TLS_1_3},
                                         {SP_SURVEY_OTHER_GROUPS, SP_TLS_1_2, SP_TLS_1_3}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- what is called for ------------------------------------------------------------------------ */

static bool is_ours(uint16_t suite)
{
    size_t count;
    const struct sp_tls_suite *all = sp_tls_suites(&count);
    for (size_t i = 0; i < count; i++)
        if (all[i].number == suite)
            return all[i].offered;
    return false;
}

/* The two sides had no version or suite in common, whoever of them said so. */
static bool is_refused(const struct sp_evidence *evidence)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    enum sp_reason reason = evidence->failure.reason;
    if (evidence->failure.phase != SP_PHASE_TLS || !tls->tried || tls->established ||
        tls->cert_count > 0)
        return false;
    if (reason == SP_REASON_TLS_VERSION_UNSUPPORTED)
        return true;
    if (reason == SP_REASON_TLS_ALERT)
        return tls->alert == ALERT_HANDSHAKE_FAILURE || tls->alert == ALERT_PROTOCOL_VERSION ||
               tls->alert == ALERT_INSUFFICIENT_SECURITY;
    return reason == SP_REASON_TLS_PROTOCOL_ERROR && tls->suite != 0 && !is_ours(tls->suite);
}

static const struct question *find_questions(enum sp_tls_policy policy, size_t *out_count)
{
    switch (policy) {
    case SP_TLS_POLICY_MODERN: *out_count = COUNT(of_modern); return of_modern;
    case SP_TLS_POLICY_INTERMEDIATE: *out_count = COUNT(of_intermediate); return of_intermediate;
    case SP_TLS_POLICY_OLD: *out_count = COUNT(of_old); return of_old;
    case SP_TLS_POLICY_NONE: break;
    }
    *out_count = 0;
    return NULL;
}

/* --- words ------------------------------------------------------------------------------------- */

static const char *describe(struct sp_arena *arena, const struct question *question,
                            enum sp_tls_policy policy)
{
    const char *min = sp_tls_version_text(question->version_min);
    const char *max = sp_tls_version_text(question->version_max);
    const struct sp_tls_profile *profile = sp_tls_profile(policy);
    if (question->question == SP_SURVEY_ANYTHING)
        return "every version and cipher suite from SSLv3 to TLSv1.3";
    bool one = question->version_min == question->version_max;
    static const char *const what[SP_SURVEY_QUESTION_COUNT] = {
        [SP_SURVEY_OLD_VERSIONS] = "any cipher suite",
        [SP_SURVEY_WEAK_SUITES] = "weak cipher suites outside of",
        [SP_SURVEY_OTHER_SUITES] = "other cipher suites outside of",
        [SP_SURVEY_OTHER_GROUPS] = "groups outside of"};
    bool named = question->question != SP_SURVEY_OLD_VERSIONS;
    return sp_arena_printf(arena, "%s%s%s with %s%s%s", one ? "" : min, one ? "" : " to ", max,
                           what[question->question], named ? " " : "", named ? profile->name : "");
}

const char *sp_survey_question_name(enum sp_survey_question question)
{
    static const char *const names[SP_SURVEY_QUESTION_COUNT] = {
        "anything", "old-versions", "weak-suites", "other-suites", "other-groups"};
    return names[question];
}

const char *sp_survey_outcome_name(enum sp_survey_outcome outcome)
{
    static const char *const names[] = {"skipped", "failed", "refused", "accepted"};
    return names[outcome];
}

/* --- the plan ---------------------------------------------------------------------------------- */

bool sp_survey_plan(struct sp_evidence *evidence, const char *skip)
{
    enum sp_tls_policy policy = evidence->endpoint->options->tls_policy;
    const struct sp_failure *failure = &evidence->failure;
    size_t count = 0;
    const struct question *questions = NULL;
    if (evidence->endpoint->options
            ->script) /* such a program has its own questions, and no others */
        return false;
    if (is_refused(evidence) && !skip) {
        questions = everything;
        count = COUNT(everything);
    } else if (evidence->tls.established) {
        questions = find_questions(policy, &count);
        if (failure->reason != SP_REASON_OK && failure->phase != SP_PHASE_QUIT && !skip)
            skip = "the session ended early";
    }
    if (count > SP_LIMIT_SURVEYS)
        count = SP_LIMIT_SURVEYS;
    struct sp_survey *surveys =
        count > 0 ? sp_arena_array(evidence->arena, count, sizeof *surveys) : NULL;
    if (!surveys)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *offer = describe(evidence->arena, &questions[i], policy);
        surveys[i] = (struct sp_survey){.question = questions[i].question,
                                        .version_min = questions[i].version_min,
                                        .version_max = questions[i].version_max,
                                        .offer = offer ? offer : "another offer",
                                        .alert = -1,
                                        .detail = skip};
    }
    evidence->surveys = surveys;
    evidence->survey_count = count;
    return !skip;
}

/* --- the offer --------------------------------------------------------------------------------- */

/* Broken or missing encryption, or nobody to talk to. */
static bool is_weak_suite(const char *name)
{
    static const char *const words[] = {"NULL", "EXPORT", "_anon_", "RC4",
                                        "RC2",  "DES",    "IDEA",   "MD5"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

static bool is_wanted(const struct sp_survey *survey, enum sp_tls_policy policy,
                      const struct sp_tls_suite *suite)
{
    bool is_13 = sp_tls_suite_is_13(suite->number);
    bool allowed = sp_tls_profile_has_suite(policy, suite->number);
    if (suite->number == 0 || (is_13 && survey->version_max < SP_TLS_1_3) ||
        (!is_13 && survey->version_min >= SP_TLS_1_3))
        return false;
    switch (survey->question) {
    case SP_SURVEY_WEAK_SUITES: return !allowed && is_weak_suite(suite->name);
    case SP_SURVEY_OTHER_SUITES: return !allowed && !is_weak_suite(suite->name);
    case SP_SURVEY_OTHER_GROUPS: /* all but these suites have no group to choose */
        return allowed && (is_13 || strncmp(suite->name, "TLS_ECDHE_", 10) == 0);
    case SP_SURVEY_ANYTHING:
    case SP_SURVEY_OLD_VERSIONS:
    case SP_SURVEY_QUESTION_COUNT: break;
    }
    return true;
}

/* Weaker than the profiles' own groups: these stand first in the offer, since many servers take the
 * client's first one. */
static bool is_weak_group(const struct sp_tls_group *group)
{
    return group->bits < (group->finite ? 3072u : 255u);
}

static void offer_groups(bool others, bool weak, struct sp_survey_offer *out)
{
    size_t count;
    const struct sp_tls_group *groups = sp_tls_groups(&count);
    for (size_t i = 0; i < count && out->group_count < SP_SURVEY_GROUPS_MAX; i++)
        if (is_weak_group(&groups[i]) == weak &&
            !(others && sp_tls_profile_has_group(groups[i].number)))
            out->groups[out->group_count++] = groups[i].number;
}

void sp_survey_offer(const struct sp_survey *survey, enum sp_tls_policy policy,
                     struct sp_survey_offer *out)
{
    size_t count;
    const struct sp_tls_suite *suites = sp_tls_suites(&count);
    bool others = survey->question == SP_SURVEY_OTHER_GROUPS;
    out->suite_count = out->group_count = 0;
    for (size_t i = 0; i < count && out->suite_count < SP_SURVEY_SUITES_MAX; i++)
        if (is_wanted(survey, policy, &suites[i]))
            out->suites[out->suite_count++] = suites[i].number;
    offer_groups(others, others, out);
    offer_groups(others, !others, out);
}

bool sp_survey_offers(const struct sp_survey_offer *offer, uint16_t suite)
{
    for (size_t i = 0; i < offer->suite_count; i++)
        if (offer->suites[i] == suite)
            return true;
    return false;
}
