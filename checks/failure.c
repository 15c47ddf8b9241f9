/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/failure.h"

#include "checks/wording.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SHORT_SIZE 32u

typedef void describe_fn(const struct sp_evidence *evidence, char *out, size_t size);

static int64_t limit_ns(uint32_t ms)
{
    return (int64_t)ms * 1000000;
}

static const char *doing(const struct sp_evidence *evidence)
{
    return sp_phase_info(evidence->failure.phase)->doing;
}

/* What the engine said, or else the reason's own sentence and the phase. */
static void describe_plain(const struct sp_evidence *evidence, char *out, size_t size)
{
    const struct sp_failure *failure = &evidence->failure;
    if (failure->detail != NULL && failure->detail[0] != '\0')
        snprintf(out, size, "%s", failure->detail);
    else
        snprintf(out, size, "%s %s", sp_reason_info(failure->reason)->sentence, doing(evidence));
}

static void describe_target(const struct sp_evidence *evidence, char *out, size_t size)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    const char *why = endpoint->invalid != NULL ? endpoint->invalid : evidence->failure.detail;
    if (why == NULL || why[0] == '\0')
        why = sp_reason_info(evidence->failure.reason)->sentence;
    if (endpoint->line > 0)
        snprintf(out, size, "%s:%zu: %s", endpoint->source != NULL ? endpoint->source : "-",
                 endpoint->line, why);
    else
        snprintf(out, size, "%s", why);
}

static void describe_name(const struct sp_evidence *evidence, char *out, size_t size)
{
    const struct sp_failure *failure = &evidence->failure;
    const char *host = evidence->endpoint->host;
    if (failure->detail != NULL && failure->detail[0] != '\0')
        snprintf(out, size, "%s", failure->detail);
    else
        snprintf(out, size, "%s: %s", host != NULL ? host : evidence->endpoint->input,
                 sp_reason_info(failure->reason)->sentence);
}

static void describe_reply_timeout(const struct sp_evidence *evidence, char *out, size_t size)
{
    char limit[SHORT_SIZE];
    enum sp_phase phase = evidence->failure.phase;
    /* QUIT has a shorter wait of its own: say what was waited, not the option. */
    int64_t ns = phase == SP_PHASE_QUIT ? evidence->spans[SP_PHASE_QUIT].ns
                                        : limit_ns(evidence->endpoint->options->reply_timeout_ms);
    sp_word_duration(limit, sizeof limit, ns);
    if (phase == SP_PHASE_TLS)
        snprintf(out, size, "TLS handshake not finished within %s", limit);
    else
        snprintf(out, size, "no reply within %s %s", limit, doing(evidence));
}

static void describe_deadline(const struct sp_evidence *evidence, char *out, size_t size)
{
    char limit[SHORT_SIZE];
    enum sp_phase phase = evidence->failure.phase;
    sp_word_duration(limit, sizeof limit,
                     evidence->run_limit_ns > 0
                         ? evidence->run_limit_ns
                         : limit_ns(evidence->endpoint->options->timeout_ms));
    /* Resolving and connecting have reasons of their own: in these phases it was never begun. */
    if (phase == SP_PHASE_CONFIG || phase == SP_PHASE_CONNECT)
        snprintf(out, size, "its turn did not come within %s in all: other targets took the time",
                 limit);
    else
        snprintf(out, size, "not finished within %s in all, stopped %s", limit, doing(evidence));
}

static void describe_closed(const struct sp_evidence *evidence, char *out, size_t size)
{
    snprintf(out, size, "connection closed by the server %s", doing(evidence));
}

static void describe_reset(const struct sp_evidence *evidence, char *out, size_t size)
{
    snprintf(out, size, "connection reset by the server %s", doing(evidence));
}

/* A link-local address says nothing without its interface; Linux answers EINVAL. */
static bool lacks_zone(const struct sp_evidence *evidence)
{
    struct in6_addr address;
    return evidence->failure.reason == SP_REASON_CONNECT_UNREACHABLE &&
           evidence->failure.sys_errno == EINVAL && evidence->ip != NULL &&
           inet_pton(AF_INET6, evidence->ip, &address) == 1 && IN6_IS_ADDR_LINKLOCAL(&address);
}

/* The connection never left this machine: --source-address isn't ours, or all ports are in use. */
static bool is_local(const struct sp_evidence *evidence)
{
    return lacks_zone(evidence) || (evidence->failure.reason == SP_REASON_CONNECT_UNREACHABLE &&
                                    evidence->failure.sys_errno == EADDRNOTAVAIL);
}

static void describe_no_zone(const struct sp_evidence *evidence, const char *peer, char *out,
                             size_t size)
{
    const char *host = evidence->endpoint->host;
    const char *zone = host != NULL ? strchr(host, '%') : NULL;
    if (zone != NULL)
        snprintf(out, size, "no way to %s through interface %s", peer, zone + 1);
    else
        snprintf(out, size, "%s needs an interface: write it like fe80::1%%eth0", peer);
}

static void describe_connect(const struct sp_evidence *evidence, char *out, size_t size)
{
    const struct sp_failure *failure = &evidence->failure;
    char peer[SP_WORDING_SIZE / 2], limit[SHORT_SIZE], attempts[SP_WORDING_SIZE];
    if (evidence->attempt_count > 1) {
        (void)sp_word_attempts(attempts, sizeof attempts, evidence);
        snprintf(out, size, "no connection to port %u: %s", (unsigned)evidence->endpoint->port,
                 attempts);
        return;
    }
    sp_word_peer(peer, sizeof peer, evidence);
    if (failure->reason == SP_REASON_CONNECT_REFUSED && failure->sys_errno == ENOENT) {
        snprintf(out, size, "there is no socket %s", peer);
    } else if (failure->reason == SP_REASON_CONNECT_REFUSED) {
        snprintf(out, size, "connection refused by %s", peer);
    } else if (failure->reason == SP_REASON_CONNECT_TIMEOUT) {
        const struct sp_options *options = evidence->endpoint->options;
        int64_t run_ns = evidence->run_limit_ns;
        sp_word_duration(limit, sizeof limit,
                         run_ns > 0 ? run_ns
                                    : limit_ns(options->timeout_ms < options->connect_timeout_ms
                                                   ? options->timeout_ms
                                                   : options->connect_timeout_ms));
        snprintf(out, size, "no answer from %s within %s%s", peer, limit,
                 run_ns > 0 ? " in all" : "");
    } else if (lacks_zone(evidence)) {
        describe_no_zone(evidence, peer, out, size);
    } else if (is_local(evidence)) {
        const char *source = evidence->endpoint->options->source_address;
        snprintf(out, size,
                 "this machine can't connect to %s from %s: no such address or no free port here",
                 peer, source != NULL ? source : "any of its addresses");
    } else if (failure->sys_errno != 0) {
        char text[128];
        snprintf(out, size, "%s is unreachable: %s", peer,
                 strerror_r(failure->sys_errno, text, sizeof text));
    } else {
        snprintf(out, size, "%s is unreachable", peer);
    }
}

static void describe_reply(const struct sp_evidence *evidence, char *out, size_t size)
{
    enum sp_phase phase = evidence->failure.phase;
    const struct sp_reply *reply = sp_phase_reply(evidence, phase);
    char quoted[SP_WORDING_SIZE];
    /* A phase of a script has several commands; the engine knows which one it was. */
    if (reply == NULL || phase == SP_PHASE_AUTH || phase == SP_PHASE_MAIL)
        describe_plain(evidence, out, size);
    else
        snprintf(out, size, "%s was answered %s", sp_word_command(evidence, phase),
                 sp_word_reply(quoted, sizeof quoted, reply));
}

static void describe_injection(const struct sp_evidence *evidence, char *out, size_t size)
{
    if (evidence->starttls_leftover > 0)
        snprintf(out, size, "%zu octets came in clear text behind the reply to STARTTLS",
                 evidence->starttls_leftover);
    else
        describe_plain(evidence, out, size);
}

static void describe_alert(const struct sp_evidence *evidence, char *out, size_t size)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    bool told = evidence->failure.detail != NULL && evidence->failure.detail[0] != '\0';
    if (told)
        describe_plain(evidence, out, size);
    else if (tls->alert_text != NULL)
        snprintf(out, size, "the server ended the TLS handshake with the alert %s",
                 tls->alert_text);
    else if (tls->alert >= 0)
        snprintf(out, size, "the server ended the TLS handshake with alert %d", tls->alert);
    else
        describe_plain(evidence, out, size);
}

static describe_fn *const describers[SP_REASON_COUNT] = {
    [SP_REASON_INVALID_TARGET] = describe_target,
    [SP_REASON_DNS_NXDOMAIN] = describe_name,
    [SP_REASON_DNS_NO_ADDRESS] = describe_name,
    [SP_REASON_DNS_SERVFAIL] = describe_name,
    [SP_REASON_DNS_TIMEOUT] = describe_name,
    [SP_REASON_CONNECT_REFUSED] = describe_connect,
    [SP_REASON_CONNECT_UNREACHABLE] = describe_connect,
    [SP_REASON_CONNECT_TIMEOUT] = describe_connect,
    [SP_REASON_CONNECTION_RESET] = describe_reset,
    [SP_REASON_CONNECTION_CLOSED] = describe_closed,
    [SP_REASON_REPLY_TIMEOUT] = describe_reply_timeout,
    [SP_REASON_DEADLINE_EXCEEDED] = describe_deadline,
    [SP_REASON_SERVICE_NOT_AVAILABLE] = describe_reply,
    [SP_REASON_REJECTED_TEMPORARY] = describe_reply,
    [SP_REASON_REJECTED_PERMANENT] = describe_reply,
    [SP_REASON_UNEXPECTED_REPLY] = describe_reply,
    [SP_REASON_STARTTLS_TEMPORARY] = describe_reply,
    [SP_REASON_STARTTLS_REFUSED] = describe_reply,
    [SP_REASON_STARTTLS_INJECTION] = describe_injection,
    [SP_REASON_TLS_ALERT] = describe_alert,
};

enum sp_owner sp_failure_owner(enum sp_reason reason, enum sp_phase phase)
{
    if (phase == SP_PHASE_QUIT)
        return SP_OWNER_QUIT;
    if (phase == SP_PHASE_CONFIG || reason == SP_REASON_INVALID_TARGET ||
        reason == SP_REASON_CREDENTIAL_UNAVAILABLE || reason == SP_REASON_INTERNAL_ERROR ||
        reason == SP_REASON_CANCELLED || reason == SP_REASON_LOCAL_RESOURCE_EXHAUSTED)
        return SP_OWNER_TARGET;
    if (reason == SP_REASON_STARTTLS_NOT_SUPPORTED || reason == SP_REASON_STARTTLS_TEMPORARY ||
        reason == SP_REASON_STARTTLS_REFUSED || reason == SP_REASON_STARTTLS_INJECTION)
        return SP_OWNER_STARTTLS;
    return SP_OWNER_PHASE;
}

bool sp_failed_with(const struct sp_evidence *evidence, enum sp_reason reason)
{
    return evidence->failure.reason == reason;
}

bool sp_stayed_without_tls(const struct sp_evidence *evidence)
{
    const struct sp_failure *failure = &evidence->failure;
    return !evidence->tls.tried &&
           (failure->reason == SP_REASON_OK || failure->phase == SP_PHASE_QUIT ||
            failure->reason == SP_REASON_STARTTLS_NOT_SUPPORTED ||
            failure->reason == SP_REASON_STARTTLS_REFUSED);
}

bool sp_failed_in(const struct sp_evidence *evidence, enum sp_phase phase)
{
    return evidence->failure.reason != SP_REASON_OK && evidence->failure.phase == phase;
}

/* The greeting has been read and TLS is not being negotiated: replies are what we wait for. */
static bool in_dialogue(enum sp_phase phase)
{
    return phase == SP_PHASE_EHLO || phase == SP_PHASE_STARTTLS || phase == SP_PHASE_EHLO_TLS ||
           phase == SP_PHASE_AUTH || phase == SP_PHASE_MAIL || phase == SP_PHASE_RCPT ||
           phase == SP_PHASE_DATA;
}

/* The time for the whole endpoint or the whole run was over, whatever was being waited for. */
static bool is_out_of_time(const struct sp_evidence *evidence)
{
    enum sp_reason reason = evidence->failure.reason;
    if (reason == SP_REASON_DEADLINE_EXCEEDED)
        return true;
    return (reason == SP_REASON_DNS_TIMEOUT || reason == SP_REASON_CONNECT_TIMEOUT) &&
           (evidence->run_limit_ns > 0 ||
            evidence->total_ns >= limit_ns(evidence->endpoint->options->timeout_ms));
}

enum sp_state sp_failure_state(const struct sp_evidence *evidence)
{
    const struct sp_failure *failure = &evidence->failure;
    const struct sp_reply *reply = sp_phase_reply(evidence, failure->phase);
    if (failure->phase == SP_PHASE_QUIT)
        return SP_STATE_OK;
    if (evidence->endpoint->options->timeout_state_set && is_out_of_time(evidence))
        return evidence->endpoint->options->timeout_state;
    if (is_local(evidence))
        return SP_STATE_UNKNOWN;
    if (failure->reason == SP_REASON_SERVICE_NOT_AVAILABLE && reply != NULL && reply->code >= 500)
        return SP_STATE_CRITICAL;
    if (failure->reason == SP_REASON_CONNECTION_RESET && in_dialogue(failure->phase))
        return SP_STATE_WARNING;
    return sp_reason_info(failure->reason)->state;
}

struct sp_finding *sp_failure_add_state(const struct sp_evidence *evidence,
                                        struct sp_result *result, enum sp_state state)
{
    const struct sp_failure *failure = &evidence->failure;
    describe_fn *describe = describers[failure->reason];
    char message[SP_WORDING_SIZE * 2];
    message[0] = '\0';
    if (describe != NULL)
        describe(evidence, message, sizeof message);
    else
        describe_plain(evidence, message, sizeof message);
    return sp_result_add_state(result, failure->reason, state, failure->phase, "%s", message);
}

struct sp_finding *sp_failure_add(const struct sp_evidence *evidence, struct sp_result *result)
{
    return sp_failure_add_state(evidence, result, sp_failure_state(evidence));
}
