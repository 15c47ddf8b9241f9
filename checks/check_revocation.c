/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether certificates have been called back: what the OCSP staple and the lists of --crl-file tell. As with
 * other problems of certificates --verify says what they cost. --ocsp require makes a staple that is missing
 * or invalid as bad as a revoked certificate; a list that can't be used says nothing of the server, which
 * is a warning, and a certificate that no list is about is only told of.
 */
#include "checks/failure.h"
#include "probe/path_rules.h"

static enum sp_state problem_state(const struct sp_options *options, enum sp_reason reason)
{
    if (reason == SP_REASON_CERTIFICATE_REVOKED)
        return SP_STATE_CRITICAL;
    if (reason == SP_REASON_OCSP_INVALID || reason == SP_REASON_OCSP_STAPLE_MISSING)
        return options->ocsp == SP_OCSP_REQUIRE ? SP_STATE_CRITICAL : SP_STATE_WARNING;
    return SP_STATE_WARNING;
}

static void add_problem(const struct sp_evidence *evidence, const struct sp_options *options,
                        const struct sp_problem *problem, struct sp_result *result)
{
    struct sp_finding *finding =
        sp_result_add_state(result, problem->reason,
                            sp_state_by_verify(evidence, problem_state(options, problem->reason)),
                            SP_PHASE_VERIFY, "%s", problem->detail);
    if (problem->depth >= 0)
        sp_finding_set_depth(finding, (size_t)problem->depth);
    if (problem->reason == SP_REASON_CERTIFICATE_INVALID)
        finding->hint = "Fetch the issuer's current revocation list (`openssl x509 -noout -ext "
                        "crlDistributionPoints -in FILE` tells from where) and put it in place of "
                        "the one that --crl-file names; `openssl crl -noout -text -in FILE` shows "
                        "it.";
}

/* No reason's word fits "not looked up"; it is information, and its state says so. */
static void add_missing(const struct sp_evidence *evidence, size_t index, struct sp_result *result)
{
    const struct sp_cert *cert = &evidence->tls.certs[evidence->verify.path[index]];
    char label[SP_LABEL_SIZE] = "";
    if (index > 0)
        sp_cert_label(cert, label);
    struct sp_finding *finding =
        sp_result_add_state(result, SP_REASON_CERTIFICATE_INVALID, SP_STATE_OK, SP_PHASE_VERIFY,
                            "%s%s was not looked up: no list in --crl-file is about it",
                            index > 0 ? "the CA certificate " : "the server's certificate", label);
    sp_finding_set_depth(finding, (size_t)evidence->verify.path[index]);
    finding->hint = "Add the list of its issuer to --crl-file, where there is one.";
}

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    if (options->ocsp == SP_OCSP_REQUIRE && sp_stayed_without_tls(evidence))
        sp_result_add_state(result, SP_REASON_OCSP_STAPLE_MISSING,
                            sp_state_by_verify(evidence, SP_STATE_CRITICAL), SP_PHASE_VERIFY,
                            "--ocsp require asks for a staple, and the session stayed without TLS")
            ->hint = "Probe with --tls starttls or --tls implicit where TLS must not be missing.";
    for (size_t i = 0; i < evidence->verify.problem_count; i++)
        if (evidence->verify.problems[i].revocation)
            add_problem(evidence, options, &evidence->verify.problems[i], result);
    for (size_t i = 0; i < evidence->crl_answer_count; i++)
        if (evidence->crl_answers[i].status == SP_CRL_MISSING)
            add_missing(evidence, i, result);
}

const struct sp_check sp_check_revocation = {
    .name = "revocation",
    .help = "OCSP staple and revocation lists",
    .needs = SP_NEED_NONE,
    .evaluate = evaluate,
};
