/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of checks, how they are asked, and how findings become one verdict. */
#include "checks/check.h"

#include "checks/expected_reply.h"
#include "checks/expiry.h"
#include "checks/failure.h"
#include "checks/pattern.h"
#include "checks/wording.h"
#include "probe/calendar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FINDINGS_FIRST 8u

#define SP_CHECK(name) extern const struct sp_check sp_check_##name;
#include "checks/list.h"
#undef SP_CHECK

const struct sp_check *const sp_checks[] = {
#define SP_CHECK(name) &sp_check_##name,
#include "checks/list.h"
#undef SP_CHECK
    NULL};

static bool validate_options(const struct sp_options *options, char *error, size_t size)
{
    char why[256];
    if (options->expect == NULL)
        return true;
    struct sp_pattern *pattern = sp_pattern_compile(options->expect, why, sizeof why);
    if (pattern == NULL) {
        snprintf(error, size, "--expect: %s", why);
        return false;
    }
    sp_pattern_free(pattern);
    return true;
}

bool sp_checks_validate(const struct sp_options *options, struct sp_target_list *targets,
                        char *error, size_t size)
{
    if (!validate_options(options, error, size))
        return false;
    for (size_t i = 0; i < targets->count; i++) {
        struct sp_endpoint *endpoint = &targets->items[i];
        char why[512];
        if (endpoint->invalid || endpoint->options == options ||
            validate_options(endpoint->options, why, sizeof why))
            continue;
        const char *copy = sp_arena_strdup(targets->arena, why);
        endpoint->invalid = copy ? copy : "out of memory";
    }
    return true;
}

enum sp_state sp_state_by_verify(const struct sp_evidence *evidence, enum sp_state state)
{
    enum sp_verify_mode mode = evidence->endpoint->verify;
    if (mode == SP_VERIFY_OFF)
        return SP_STATE_OK;
    if (mode == SP_VERIFY_REPORT && state != SP_STATE_OK)
        return SP_STATE_WARNING;
    return state;
}

/* --- findings --------------------------------------------------------------------------------- */

/* The next free place, or NULL. The arena can't grow a block, so the list moves when it doubles. */
static struct sp_finding *reserve_finding(struct sp_result *result)
{
    if (result->finding_count == result->finding_size) {
        size_t size = result->finding_size > 0 ? result->finding_size * 2 : FINDINGS_FIRST;
        struct sp_finding *findings =
            sp_arena_array(result->evidence->arena, size, sizeof *findings);
        if (findings == NULL)
            return NULL;
        if (result->finding_count > 0)
            memcpy(findings, result->findings, result->finding_count * sizeof *findings);
        result->findings = findings;
        result->finding_size = size;
    }
    return &result->findings[result->finding_count];
}

static struct sp_finding *add_finding(struct sp_result *result, enum sp_reason reason,
                                      enum sp_state state, enum sp_phase phase, const char *format,
                                      va_list args) __attribute__((format(printf, 5, 0)));

static struct sp_finding *add_finding(struct sp_result *result, enum sp_reason reason,
                                      enum sp_state state, enum sp_phase phase, const char *format,
                                      va_list args)
{
    struct sp_finding *finding = reserve_finding(result);
    const char *message = sp_arena_vprintf(result->evidence->arena, format, args);
    if (finding == NULL || message == NULL)
        result->out_of_memory = true;
    if (finding == NULL)
        finding = &result->scratch;
    else
        result->finding_count++;
    *finding = (struct sp_finding){.reason = reason,
                                   .state = state,
                                   .phase = phase,
                                   .message = message != NULL ? message
                                                              : sp_reason_info(reason)->sentence};
    return finding;
}

struct sp_finding *sp_result_add(struct sp_result *result, enum sp_reason reason,
                                 enum sp_phase phase, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct sp_finding *finding =
        add_finding(result, reason, sp_reason_info(reason)->state, phase, format, args);
    va_end(args);
    return finding;
}

struct sp_finding *sp_result_add_state(struct sp_result *result, enum sp_reason reason,
                                       enum sp_state state, enum sp_phase phase, const char *format,
                                       ...)
{
    va_list args;
    va_start(args, format);
    struct sp_finding *finding = add_finding(result, reason, state, phase, format, args);
    va_end(args);
    return finding;
}

void sp_finding_set_depth(struct sp_finding *finding, size_t depth)
{
    finding->has_depth = true;
    finding->depth = depth;
}

/* --- asking the checks ------------------------------------------------------------------------ */

static unsigned facts_of(const struct sp_evidence *evidence)
{
    unsigned facts = SP_NEED_NONE;
    if (evidence->banner != NULL)
        facts |= SP_NEED_BANNER;
    if (evidence->plain.tried || evidence->tls_ehlo.tried)
        facts |= SP_NEED_EHLO;
    if (evidence->tls.tried)
        facts |= SP_NEED_TLS;
    if (evidence->tls.cert_count > 0)
        facts |= SP_NEED_CERTIFICATES;
    return facts;
}

/* Every failure becomes a finding, also one that no check knows. */
static void report_failure(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_failure *failure = &evidence->failure;
    if (failure->reason == SP_REASON_OK)
        return;
    for (size_t i = 0; sp_checks[i] != NULL; i++) {
        const struct sp_check *check = sp_checks[i];
        if (check->owns == NULL || !check->owns(failure->reason, failure->phase))
            continue;
        if (check->fail != NULL)
            check->fail(evidence, evidence->endpoint->options, result);
        else
            sp_failure_add(evidence, result);
        return;
    }
    sp_failure_add(evidence, result);
}

/* Where the facts of a session stop that should have gone on; SP_PHASE_DONE: it is complete. */
static enum sp_phase find_gap(const struct sp_evidence *evidence)
{
    enum sp_tls_mode mode = evidence->endpoint->tls;
    /* A refused STARTTLS ends what opportunistic TLS can do; it is a finding of its own. */
    bool refused = evidence->starttls_code != 0 && evidence->starttls_code != 220;
    bool wants_tls = mode == SP_TLS_STARTTLS || mode == SP_TLS_IMPLICIT ||
                     (mode == SP_TLS_OPPORTUNISTIC && evidence->starttls_offered);
    if (evidence->banner == NULL)
        return SP_PHASE_BANNER;
    if (mode != SP_TLS_IMPLICIT && !evidence->plain.ok)
        return SP_PHASE_EHLO;
    if (!wants_tls || refused || (mode == SP_TLS_STARTTLS && !evidence->starttls_offered))
        return SP_PHASE_DONE;
    if (!evidence->tls.established)
        return SP_PHASE_TLS;
    return evidence->tls_ehlo.ok ? SP_PHASE_DONE : SP_PHASE_EHLO_TLS;
}

/* No silent OK: a session that ended early without saying why is our own fault. */
static void report_gap(const struct sp_evidence *evidence, struct sp_result *result)
{
    if (evidence->failure.reason != SP_REASON_OK && evidence->failure.phase != SP_PHASE_QUIT)
        return;
    enum sp_phase gap = find_gap(evidence);
    if (gap != SP_PHASE_DONE)
        sp_result_add(result, SP_REASON_INTERNAL_ERROR, gap,
                      "the probe ended without a result and without a reason %s",
                      sp_phase_info(gap)->doing);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static bool is_worse(const struct sp_finding *a, const struct sp_finding *b)
{
    return a->state != b->state && sp_state_worst(a->state, b->state) == a->state;
}

/* Insertion sort: stable, and there are few. */
static void sort_findings(struct sp_result *result)
{
    for (size_t i = 1; i < result->finding_count; i++) {
        struct sp_finding finding = result->findings[i];
        size_t at = i;
        for (; at > 0 && is_worse(&finding, &result->findings[at - 1]); at--)
            result->findings[at] = result->findings[at - 1];
        result->findings[at] = finding;
    }
}

/* "certificate valid for 29 days", or what else can be said of it. A pin that matched is worth a chain
 * and a name. */
static void describe_certificate(const struct sp_evidence *evidence, char *out, size_t size)
{
    const struct sp_verify *verify = &evidence->verify;
    size_t index = 0;
    double days = 0;
    char left[SP_CALENDAR_SIZE];
    bool dated = sp_expiry_first(evidence, &index, &days);
    sp_expiry_word(left, sizeof left, days);
    if (!verify->done)
        snprintf(out, size, "certificate not verified");
    else if (!dated || (!evidence->pin.matched &&
                        (!verify->trusted || (verify->name_tested && !verify->name_match))))
        snprintf(out, size, "certificate does not verify");
    else
        snprintf(out, size, "%scertificate valid for %s", evidence->pin.matched ? "pinned " : "",
                 left);
}

static const char *describe_success(const struct sp_evidence *evidence)
{
    char took[32], certificate[SP_WORDING_SIZE / 4];
    const char *login = evidence->auth.result == SP_AUTH_OK ? "login OK, " : "";
    const char *text = NULL;
    sp_word_duration(took, sizeof took, evidence->total_ns);
    if (evidence->tls.established) {
        describe_certificate(evidence, certificate, sizeof certificate);
        text =
            sp_arena_printf(evidence->arena, "%s, %s, %s%s",
                            evidence->tls.version_text != NULL ? evidence->tls.version_text : "TLS",
                            certificate, login, took);
    } else {
        text = sp_arena_printf(evidence->arena, "works without TLS, %s%s", login, took);
    }
    return text != NULL ? text : "works";
}

/* A session that ended early, or a login that did not work, and all is fine all the same: that is what is
 * to be told, not "works". NULL: nothing of the kind. */
static const struct sp_finding *find_told(const struct sp_result *result)
{
    const struct sp_failure *failure = &result->evidence->failure;
    bool ended = failure->reason != SP_REASON_OK && failure->phase != SP_PHASE_QUIT;
    enum sp_reason reason = ended ? failure->reason : result->evidence->auth.reason;
    if (reason == SP_REASON_OK || result->finding_count == 0)
        return NULL;
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].reason == reason)
            return &result->findings[i];
    return &result->findings[0];
}

static void conclude(struct sp_result *result)
{
    const struct sp_evidence *evidence = result->evidence;
    const struct sp_finding *told = find_told(result);
    const struct sp_finding *worst = result->finding_count > 0 ? &result->findings[0] : NULL;
    if (worst != NULL && worst->state != SP_STATE_OK) {
        result->state = worst->state;
        result->reason = worst->reason;
        result->phase = worst->phase;
        result->message = worst->message;
    } else if (told != NULL) {
        result->message = told->message;
    } else {
        result->message = describe_success(evidence);
    }
    if (result->out_of_memory && sp_state_worst(result->state, SP_STATE_UNKNOWN) != result->state) {
        result->state = SP_STATE_UNKNOWN;
        result->reason = SP_REASON_INTERNAL_ERROR;
        result->phase = SP_PHASE_CONFIG;
        result->message = "out of memory while judging the facts";
    }
}

void sp_result_judge(struct sp_result *result, struct sp_evidence *evidence)
{
    unsigned facts = facts_of(evidence);
    *result = (struct sp_result){.endpoint = evidence->endpoint,
                                 .evidence = evidence,
                                 .state = SP_STATE_OK,
                                 .reason = SP_REASON_OK,
                                 .phase = SP_PHASE_DONE};
    report_failure(evidence, result);
    for (size_t i = 0; sp_checks[i] != NULL; i++) {
        const struct sp_check *check = sp_checks[i];
        if (check->evaluate != NULL && (facts & check->needs) == check->needs)
            check->evaluate(evidence, evidence->endpoint->options, result);
    }
    report_gap(evidence, result);
    sp_expected_replies_apply(result);
    sort_findings(result);
    conclude(result);
}

void sp_result_free(struct sp_result *result)
{
    sp_evidence_free(result->evidence);
    *result = (struct sp_result){0};
}
