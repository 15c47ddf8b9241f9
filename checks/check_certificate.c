/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The certificates: every problem that path validation listed becomes a finding, and the certificates
 * that end soon are held against --cert-warning and --cert-critical. What a problem costs is --verify's
 * choice: require = the reason's own state, report = WARNING at most, off = information. A pin that
 * matched tells who the server is, so that what a chain or a name would prove is information too.
 */
#include "checks/expiry.h"
#include "checks/failure.h"
#include "checks/thresholds.h"
#include "checks/wording.h"
#include "probe/calendar.h"
#include "probe/path_rules.h"

#include <stdio.h>
#include <string.h>

/* The usual advice, to renew, is for the server's own certificate only. */
static const char ca_hint[] =
    "Ask the authority for its current CA certificate and put it behind the server's own in the chain "
    "file; ACME clients do that when they renew, so renewing now may be all that is needed.";
static const char root_hint[] =
    "This root is in the trust store that was used here, no file of the server: update that (package "
    "ca-certificates, or the file of --ca-file). If the authority has no newer root, get a certificate "
    "from another one.";

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_PHASE && phase == SP_PHASE_VERIFY;
}

/* Problems that leave us not knowing with whom we talk. */
static bool breaks_trust(enum sp_reason reason)
{
    static const enum sp_reason reasons[] = {
        SP_REASON_CERTIFICATE_EXPIRED,          SP_REASON_CERTIFICATE_NOT_YET_VALID,
        SP_REASON_CERTIFICATE_NOT_TRUSTED,      SP_REASON_CERTIFICATE_SELF_SIGNED,
        SP_REASON_CERTIFICATE_CHAIN_INCOMPLETE, SP_REASON_CERTIFICATE_HOST_MISMATCH,
        SP_REASON_CERTIFICATE_REVOKED,          SP_REASON_CERTIFICATE_INVALID,
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i] == reason)
            return true;
    return false;
}

/* What a pinned certificate need not have: an authority, a chain and the right name. */
static bool is_about_identity(enum sp_reason reason)
{
    return reason == SP_REASON_CERTIFICATE_NOT_TRUSTED ||
           reason == SP_REASON_CERTIFICATE_SELF_SIGNED ||
           reason == SP_REASON_CERTIFICATE_CHAIN_INCOMPLETE ||
           reason == SP_REASON_CERTIFICATE_HOST_MISMATCH;
}

static enum sp_state problem_state(const struct sp_evidence *evidence, enum sp_reason reason)
{
    if (evidence->pin.matched && is_about_identity(reason))
        return SP_STATE_OK;
    return sp_state_by_verify(evidence, breaks_trust(reason) ? SP_STATE_CRITICAL
                                                             : sp_reason_info(reason)->state);
}

/* An RSA key of 512 bits or an MD5 signature costs the trust, one of 1024 bits or SHA-1 does not. */
static enum sp_state weigh(const struct sp_evidence *evidence, const struct sp_problem *problem)
{
    if (problem->fatal && !is_about_identity(problem->reason))
        return sp_state_by_verify(evidence, SP_STATE_CRITICAL);
    if (problem->reason == SP_REASON_CERTIFICATE_INVALID)
        return sp_state_by_verify(evidence, SP_STATE_WARNING);
    return problem_state(evidence, problem->reason);
}

static bool has_problem(const struct sp_verify *verify, enum sp_reason reason)
{
    for (size_t i = 0; i < verify->problem_count; i++)
        if (verify->problems[i].reason == reason)
            return true;
    return false;
}

/* Which certificate a message is about; path validation names them in the same way. */
static void name_certificate(const struct sp_evidence *evidence, size_t depth, char *out,
                             size_t size)
{
    char label[SP_LABEL_SIZE];
    sp_cert_label(&evidence->tls.certs[depth], label);
    if (depth == 0)
        snprintf(out, size, "the server's certificate");
    else
        snprintf(out, size, "the CA certificate %s (depth %zu)", label, depth);
}

static void add_problem(const struct sp_evidence *evidence, const struct sp_problem *problem,
                        struct sp_result *result)
{
    const char *what = problem->detail;
    if (what == NULL || what[0] == '\0')
        what = sp_reason_info(problem->reason)->sentence;
    struct sp_finding *finding = sp_result_add_state(
        result, problem->reason, weigh(evidence, problem), SP_PHASE_VERIFY, "%s", what);
    if (problem->reason == SP_REASON_CERTIFICATE_EXPIRED && problem->depth != 0)
        finding->hint = problem->depth < 0 ? root_hint : ca_hint;
    if (problem->depth < 0 || (size_t)problem->depth >= evidence->tls.cert_count)
        return;
    sp_finding_set_depth(finding, (size_t)problem->depth);
    if (problem->reason == SP_REASON_CERTIFICATE_EXPIRED) {
        finding->has_value = true;
        finding->unit = "days";
        finding->value = sp_expiry_days(evidence, &evidence->tls.certs[problem->depth]);
    }
}

static void fail(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result)
{
    (void)options;
    /* A session that was ended because of a problem: the problem is told by evaluate(). */
    if (evidence->tls.cert_count > 0 && has_problem(&evidence->verify, evidence->failure.reason))
        return;
    sp_failure_add_state(evidence, result, problem_state(evidence, evidence->failure.reason));
}

/* Should path validation ever say no without saying why, that is a problem too. */
static void judge_verdict(const struct sp_evidence *evidence, struct sp_result *result)
{
    const struct sp_verify *verify = &evidence->verify;
    bool explained = false;
    for (size_t i = 0; i < verify->problem_count; i++)
        explained = explained || verify->problems[i].fatal ||
                    (breaks_trust(verify->problems[i].reason) &&
                     verify->problems[i].reason != SP_REASON_CERTIFICATE_INVALID &&
                     verify->problems[i].reason != SP_REASON_CERTIFICATE_HOST_MISMATCH);
    if (!verify->done) {
        /* Nothing to judge; when TLS stands somebody forgot to look, which is not the same as fine. */
        if (evidence->tls.established && evidence->endpoint->verify != SP_VERIFY_OFF &&
            evidence->failure.reason == SP_REASON_OK)
            sp_result_add(result, SP_REASON_INTERNAL_ERROR, SP_PHASE_VERIFY,
                          "the certificate was not verified");
        return;
    }
    /* When memory ran out in the middle, nothing is known of the path; that is a finding of its own. */
    if (!verify->trusted && !explained && !sp_failed_in(evidence, SP_PHASE_VERIFY))
        sp_result_add_state(result, SP_REASON_CERTIFICATE_NOT_TRUSTED,
                            problem_state(evidence, SP_REASON_CERTIFICATE_NOT_TRUSTED),
                            SP_PHASE_VERIFY,
                            "no path leads from the certificate to a trusted root");
    if (verify->name_tested && !verify->name_match &&
        !has_problem(verify, SP_REASON_CERTIFICATE_HOST_MISMATCH))
        sp_result_add_state(result, SP_REASON_CERTIFICATE_HOST_MISMATCH,
                            problem_state(evidence, SP_REASON_CERTIFICATE_HOST_MISMATCH),
                            SP_PHASE_VERIFY, "the certificate is not for %s",
                            evidence->endpoint->server_name != NULL
                                ? evidence->endpoint->server_name
                                : "the name that was asked for");
}

/*
 * `first`: it ends before all others. Only then a limit upwards, as in 10:30, is meant: that all certificates
 * of a path end within so many days is nobody's wish.
 */
static const struct sp_range *find_limit(const struct sp_options *options, double days, bool first,
                                         enum sp_state *out_state)
{
    const struct sp_range *range = NULL;
    *out_state = sp_threshold_state(&options->cert_warning, &options->cert_critical, days, &range);
    return range != NULL && !first && !range->inside && days > range->end ? NULL : range;
}

static void add_expiry(const struct sp_evidence *evidence, const struct sp_expiry *expiry,
                       const struct sp_range *range, enum sp_state state, struct sp_result *result)
{
    char name[SP_WORDING_SIZE], limit[SP_WORDING_SIZE], left[SP_CALENDAR_SIZE],
        date[SP_CALENDAR_SIZE];
    (void)sp_calendar_date(date, sizeof date, evidence->tls.certs[expiry->index].not_after);
    sp_expiry_word(left, sizeof left, expiry->days);
    name_certificate(evidence, expiry->index, name, sizeof name);
    sp_threshold_describe(limit, sizeof limit, range, "days");
    struct sp_finding *finding = sp_result_add_state(
        result, SP_REASON_CERTIFICATE_EXPIRES_SOON, sp_state_by_verify(evidence, state),
        SP_PHASE_VERIFY, "%s expires in %s (%s), %s", name, left, date, limit);
    sp_finding_set_depth(finding, expiry->index);
    finding->has_value = true;
    finding->value = expiry->days;
    finding->unit = "days";
    if (expiry->index > 0)
        finding->hint = ca_hint;
}

/* What has ended already is certificate-expired, not "soon". */
static void judge_expiry(const struct sp_evidence *evidence, const struct sp_options *options,
                         struct sp_result *result)
{
    struct sp_expiry list[SP_LIMIT_PATH_DEPTH];
    size_t count = sp_expiry_list(evidence, list);
    for (size_t i = 0; i < count; i++) {
        enum sp_state state;
        const struct sp_range *range = find_limit(options, list[i].days, i == 0, &state);
        if (range != NULL && list[i].days >= 0)
            add_expiry(evidence, &list[i], range, state, result);
    }
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    for (size_t i = 0; i < evidence->verify.problem_count; i++)
        if (!evidence->verify.problems[i].revocation)
            add_problem(evidence, &evidence->verify.problems[i], result);
    judge_verdict(evidence, result);
    judge_expiry(evidence, options, result);
}

const struct sp_check sp_check_certificate = {
    .name = "certificate",
    .help = "whether the certificates are valid, trusted, for this name and not about to end",
    .needs = SP_NEED_CERTIFICATES,
    .owns = owns,
    .fail = fail,
    .evaluate = evaluate,
};
