/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/revocation.h"

#include "probe/calendar.h"
#include "probe/crypto.h"
#include "probe/dn.h"
#include "probe/limits.h"
#include "probe/ocsp.h"
#include "probe/path_rules.h"

#include <stdarg.h>
#include <stdio.h>

struct judge {
    struct sp_evidence *evidence;
    const struct sp_crls *crls; /* or NULL */
    int64_t now;
    bool out_of_memory;
};

static void add_problem(struct judge *judge, enum sp_reason reason, int depth, const char *format,
                        ...) __attribute__((format(printf, 4, 5)));

static void add_problem(struct judge *judge, enum sp_reason reason, int depth, const char *format,
                        ...)
{
    va_list args;
    va_start(args, format);
    struct sp_problem problem = {
        .reason = reason,
        .depth = depth,
        .detail = sp_arena_vprintf(judge->evidence->arena, format, args),
        .revocation = true,
    };
    va_end(args);
    if (problem.detail == NULL) {
        judge->out_of_memory = true;
        return;
    }
    sp_verify_add(&judge->evidence->verify, &problem);
}

/* Whatever vouched for the certificate, nothing does any more. */
static void withdraw_trust(struct sp_verify *verify)
{
    verify->trusted = false;
    verify->authenticated_by = NULL;
}

/* " on 2026-08-20 (keyCompromise)", as far as it is told. */
static void put_revocation(char *out, size_t size, int64_t when, const char *reason)
{
    char date[SP_CALENDAR_SIZE];
    (void)sp_calendar_date(date, sizeof date, when);
    (void)snprintf(out, size, "%s%s%s%s%s", when != 0 ? " on " : "", when != 0 ? date : "",
                   reason != NULL ? " (" : "", reason != NULL ? reason : "",
                   reason != NULL ? ")" : "");
}

/* --- issuers ------------------------------------------------------------------------------------ */

/* The certificate behind the `index`th of the path: the next one, or the anchor. NULL: there is none. */
static const struct sp_cert *next_on_path(const struct sp_evidence *evidence, size_t index)
{
    const struct sp_verify *verify = &evidence->verify;
    const struct sp_cert *cert = &evidence->tls.certs[verify->path[index]];
    if (index + 1 < verify->path_count) {
        return &evidence->tls.certs[verify->path[index + 1]];
    }
    return verify->anchor != NULL && !sp_slice_equal(verify->anchor->der, cert->der)
               ? verify->anchor
               : NULL;
}

static bool has_signed(struct judge *judge, const struct sp_cert *issuer,
                       const struct sp_cert *cert)
{
    enum sp_crypto_verdict verdict = sp_crypto_check_signature(cert, issuer);
    judge->out_of_memory = judge->out_of_memory || verdict == SP_CRYPTO_NO_MEMORY;
    return verdict == SP_CRYPTO_GOOD;
}

/* A path that is not trusted may have wrong signatures in it: nobody speaks for a certificate whose issuer
 * it is not. */
static bool is_issuer(struct judge *judge, const struct sp_cert *cert, const struct sp_cert *issuer)
{
    return judge->evidence->verify.trusted || has_signed(judge, issuer, cert);
}

/* Without a path to go along, any certificate that was sent may be the leaf's issuer, the leaf too. */
static const struct sp_cert *find_issuer(struct judge *judge)
{
    const struct sp_tls_facts *tls = &judge->evidence->tls;
    const struct sp_cert *leaf = &tls->certs[0];
    const struct sp_cert *next =
        judge->evidence->verify.path_count > 0 ? next_on_path(judge->evidence, 0) : NULL;
    unsigned tries = 0;
    if (next != NULL && is_issuer(judge, leaf, next)) {
        return next;
    }
    for (size_t i = 0; i < tls->cert_count && tries < SP_LIMIT_OCSP_TRIES; i++) {
        const struct sp_cert *cert = &tls->certs[i];
        if (cert->parsed && cert != next && sp_dn_equal(cert->subject, leaf->issuer)) {
            tries++;
            if (has_signed(judge, cert, leaf)) {
                return cert;
            }
        }
    }
    return NULL;
}

/* --- the staple --------------------------------------------------------------------------------- */

static void judge_missing(struct judge *judge)
{
    const struct sp_tls_facts *tls = &judge->evidence->tls;
    /* Before the handshake is complete the staple may still be on its way. */
    if (!tls->ocsp_requested || !tls->established) {
        return;
    }
    if (tls->certs[0].must_staple) {
        add_problem(
            judge, SP_REASON_OCSP_STAPLE_MISSING, 0,
            "the server's certificate promises an OCSP staple (must-staple), and none came");
    } else if (judge->evidence->endpoint->options->ocsp == SP_OCSP_REQUIRE) {
        add_problem(judge, SP_REASON_OCSP_STAPLE_MISSING, 0,
                    "the server sent no OCSP staple, which --ocsp require asks for");
    }
}

static void judge_answer(struct judge *judge)
{
    const struct sp_ocsp *ocsp = &judge->evidence->ocsp;
    char revocation[96];
    if (!ocsp->valid) {
        add_problem(judge, SP_REASON_OCSP_INVALID, 0, "the stapled OCSP answer %s", ocsp->error);
        return;
    }
    if (ocsp->status == SP_OCSP_REVOKED) {
        withdraw_trust(&judge->evidence->verify);
        put_revocation(revocation, sizeof revocation, ocsp->revoked_at, ocsp->revocation_reason);
        add_problem(judge, SP_REASON_CERTIFICATE_REVOKED, 0,
                    "the server's certificate was revoked%s, says the OCSP answer that it sends",
                    revocation);
    } else if (ocsp->status == SP_OCSP_UNKNOWN) {
        add_problem(judge, SP_REASON_OCSP_INVALID, 0,
                    "the stapled OCSP answer says that the responder does not know the "
                    "certificate");
    }
    if (ocsp->weak_hash != NULL) {
        add_problem(judge, SP_REASON_CERTIFICATE_WEAK_SIGNATURE, 0,
                    "the stapled OCSP answer is signed with %s, for which forgeries can be made",
                    ocsp->weak_hash);
    }
    if (ocsp->weak_key != NULL) {
        add_problem(
            judge, SP_REASON_CERTIFICATE_WEAK_KEY, 0,
            "the stapled OCSP answer is signed with a key of %s; at least RSA 2048 is needed",
            ocsp->weak_key);
    }
}

static void judge_staple(struct judge *judge)
{
    struct sp_evidence *evidence = judge->evidence;
    const struct sp_tls_facts *tls = &evidence->tls;
    if (tls->ocsp_staple_cut) {
        evidence->ocsp = (struct sp_ocsp){.present = true, .error = "is larger than we read"};
    } else if (tls->ocsp_staple.len == 0) {
        judge_missing(judge);
        return;
    } else {
        const struct sp_cert *issuer = find_issuer(judge);
        if (judge->out_of_memory ||
            !sp_ocsp_read(evidence->arena, tls->ocsp_staple, &tls->certs[0], issuer, judge->crls,
                          judge->now, &evidence->ocsp)) {
            evidence->ocsp = (struct sp_ocsp){.present = true, .error = "could not be checked"};
            judge->out_of_memory = true;
            return;
        }
    }
    judge_answer(judge);
}

/* --- revocation lists --------------------------------------------------------------------------- */

static void tell_list(struct judge *judge, int depth, const struct sp_crl_answer *answer)
{
    const struct sp_cert *cert = &judge->evidence->tls.certs[depth];
    char label[SP_LABEL_SIZE] = "", revocation[96];
    if (depth > 0) {
        sp_cert_label(cert, label);
    }
    if (answer->status == SP_CRL_REVOKED) {
        withdraw_trust(&judge->evidence->verify);
        put_revocation(revocation, sizeof revocation, answer->revoked_at,
                       answer->revocation_reason);
        add_problem(judge, SP_REASON_CERTIFICATE_REVOKED, depth,
                    "%s%s was revoked%s, says the revocation list of its issuer",
                    depth > 0 ? "the CA certificate " : "the server's certificate", label,
                    revocation);
    }
    if (answer->error != NULL) {
        add_problem(judge, SP_REASON_CERTIFICATE_INVALID, depth, "the revocation list for %s%s %s",
                    depth > 0 ? "the CA certificate " : "the server's certificate", label,
                    answer->error);
    }
    if (answer->weak_hash != NULL) {
        add_problem(
            judge, SP_REASON_CERTIFICATE_WEAK_SIGNATURE, depth,
            "the revocation list for %s%s is signed with %s, for which forgeries can be made",
            depth > 0 ? "the CA certificate " : "the server's certificate", label,
            answer->weak_hash);
    }
}

/* Every certificate below the anchor; whose signature does not hold is no longer below it. */
static void judge_lists(struct judge *judge)
{
    struct sp_evidence *evidence = judge->evidence;
    struct sp_verify *verify = &evidence->verify;
    if (judge->crls == NULL || verify->anchor == NULL || verify->path_count == 0) {
        return;
    }
    evidence->crl_answers =
        sp_arena_array(evidence->arena, verify->path_count, sizeof *evidence->crl_answers);
    if (evidence->crl_answers == NULL) {
        judge->out_of_memory = true;
        return;
    }
    evidence->crl_answer_count = verify->path_count;
    for (size_t i = verify->path_count; i-- > 0 && !judge->out_of_memory;) {
        const struct sp_cert *cert = &evidence->tls.certs[verify->path[i]];
        const struct sp_cert *issuer = next_on_path(evidence, i);
        if (issuer == NULL || !is_issuer(judge, cert, issuer)) {
            continue;
        }
        if (judge->out_of_memory || !sp_crls_lookup(judge->crls, evidence->arena, cert, issuer,
                                                    judge->now, &evidence->crl_answers[i])) {
            judge->out_of_memory = true;
            return;
        }
        tell_list(judge, verify->path[i], &evidence->crl_answers[i]);
    }
}

bool sp_revocation_check(struct sp_evidence *evidence, const struct sp_crls *crls)
{
    struct judge judge = {.evidence = evidence, .crls = crls, .now = evidence->started_ms / 1000};
    if (!evidence->verify.done || evidence->tls.cert_count == 0 || !evidence->tls.certs[0].parsed) {
        return true;
    }
    judge_staple(&judge);
    judge_lists(&judge);
    if (judge.out_of_memory) {
        /* What could not be looked up may be revoked. */
        withdraw_trust(&evidence->verify);
    }
    return !judge.out_of_memory;
}
