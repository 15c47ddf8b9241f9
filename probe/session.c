/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/session.h"

#include "probe/path.h"
#include "probe/revocation.h"
#include "probe/session_private.h"
#include "probe/survey.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reply to QUIT is a courtesy, not a fact worth waiting for. */
#define QUIT_TIMEOUT_MS 1000u

static void finish(struct sp_session *session, bool polite);
static void step(struct sp_session *session, struct sp_event *event);
static void gather_certificates(struct sp_session *session);

/* --- time ------------------------------------------------------------------------------------- */

int64_t sp_session_elapsed_ns(const struct sp_session *session)
{
    uint64_t now = session->paused_ns ? session->paused_ns : uv_hrtime();
    return (int64_t)(now - session->epoch_ns);
}

static int64_t now_of_conn(void *data)
{
    return sp_session_elapsed_ns(data);
}

/* Surveys share --timeout with all connections before them, also with one that is forgotten. */
static int64_t now_of_surveys(void *data)
{
    const struct sp_session *session = data;
    return sp_session_elapsed_ns(session) + session->spent_ns;
}

static const struct sp_options *options_of(const struct sp_session *session)
{
    return session->config.endpoint->options;
}

static int64_t endpoint_limit_ns(const struct sp_session *session)
{
    return (int64_t)options_of(session)->timeout_ms * 1000000 - session->spent_ns;
}

static void arm_timer(struct sp_session *session)
{
    int64_t until = endpoint_limit_ns(session);
    int64_t phase_end = session->phase_started_ns + session->phase_limit_ns;
    if (session->phase_limit_ns > 0 && phase_end < until)
        until = phase_end;
    int64_t left = until - sp_session_elapsed_ns(session);
    /* Rounded up, so that it never fires before its time; uv's clock may lag behind by one turn. */
    uint64_t left_ms = left > 0 ? (uint64_t)(left + 999999) / 1000000 : 0;
    left_ms++; /* uv counts from a clock cut to whole milliseconds */
    uint64_t lag_ms = uv_hrtime() / 1000000 - uv_now(session->config.services->loop);
    uv_timer_start(&session->timer, sp_session_on_timer, left_ms + (lag_ms < 1000 ? lag_ms : 0), 0);
}

/* Gives the phase a limit of its own; 0: only the endpoint's. */
void sp_session_limit_phase(struct sp_session *session, enum sp_phase phase, uint32_t limit_ms)
{
    session->limited_phase = phase;
    session->phase_started_ns = sp_session_elapsed_ns(session);
    session->phase_limit_ns = (int64_t)limit_ms * 1000000;
    arm_timer(session);
}

void sp_session_begin_span(struct sp_session *session, enum sp_phase phase)
{
    session->evidence->spans[phase].start_ns = sp_session_elapsed_ns(session);
}

void sp_session_end_span(struct sp_session *session, enum sp_phase phase)
{
    struct sp_span *span = &session->evidence->spans[phase];
    if (span->start_ns >= 0)
        span->ns = sp_session_elapsed_ns(session) - span->start_ns;
}

/* Looking up and connecting have words of their own for "too slow"; what comes later is told apart by
 * which limit ran out. */
static enum sp_reason timeout_reason(enum sp_phase phase, bool whole)
{
    if (phase == SP_PHASE_RESOLVE)
        return SP_REASON_DNS_TIMEOUT;
    if (phase == SP_PHASE_CONNECT)
        return SP_REASON_CONNECT_TIMEOUT;
    return whole ? SP_REASON_DEADLINE_EXCEEDED : SP_REASON_REPLY_TIMEOUT;
}

/* Ends the session because of a limit: the endpoint's or the run's (`whole`), or the phase's. */
static void run_out(struct sp_session *session, bool whole, int64_t limit_ns)
{
    char detail[160];
    enum sp_phase phase = session->limited_phase;
    snprintf(detail, sizeof detail,
             whole ? "the %g s in all were over %s" : "nothing complete within %g s %s",
             (double)limit_ns / 1e9, sp_phase_info(phase)->doing);
    if (phase == SP_PHASE_RESOLVE || phase == SP_PHASE_CONNECT) {
        if (session->conn)
            sp_conn_abandon(session->conn, SP_REASON_CONNECT_TIMEOUT);
        sp_session_end_span(session, phase);
        sp_evidence_fail(session->evidence, timeout_reason(phase, whole), phase, ETIMEDOUT, detail);
        finish(session, false);
        return;
    }
    struct sp_event event = {.kind = SP_EVENT_FAILED,
                             .reason = timeout_reason(phase, whole),
                             .sys_errno = ETIMEDOUT,
                             .detail = detail};
    step(session, &event);
}

void sp_session_on_timer(uv_timer_t *timer)
{
    struct sp_session *session = timer->data;
    int64_t whole_ns = endpoint_limit_ns(session);
    bool whole = sp_session_elapsed_ns(session) >= whole_ns;
    run_out(session, whole, whole ? whole_ns + session->spent_ns : session->phase_limit_ns);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void drop_handle(struct sp_session *session)
{
    if (--session->handles > 0)
        return;
    sp_dialogue_free(&session->dialogue);
    free(session);
}

void sp_session_on_timer_closed(uv_handle_t *handle)
{
    drop_handle(handle->data);
}

static void on_conn_closed(void *data)
{
    drop_handle(data);
}

/* The facts are complete: hands them over and lets go of everything that may still call back. */
static void hand_over(void *data)
{
    struct sp_session *session = data;
    struct sp_evidence *evidence = session->evidence;
    session->surveys = NULL;
    session->evidence = NULL;
    uv_close((uv_handle_t *)&session->timer, sp_session_on_timer_closed);
    session->config.events->done(session->config.data, session, evidence);
}

/* The session proper is over; what else the server would accept may still be asked. */
static void finish(struct sp_session *session, bool polite)
{
    if (session->finished)
        return;
    session->finished = true;
    session->evidence->total_ns = sp_session_elapsed_ns(session);
    gather_certificates(session);
    if (session->query)
        sp_dns_cancel(session->query);
    session->query = NULL;
    sp_session_abandon_work(session);
    if (session->conn)
        sp_conn_close(session->conn, polite);
    uv_timer_stop(&session->timer);
    const struct sp_surveys_config config = {.services = session->config.services,
                                             .evidence = session->evidence,
                                             .addresses = session->addresses,
                                             .address_count = session->address_count,
                                             .skip =
                                                 session->stopped ? "the run was stopped" : NULL,
                                             .now_ns = now_of_surveys,
                                             .data = session,
                                             .done = hand_over};
    session->surveys = sp_surveys_start(&config);
    if (!session->surveys)
        hand_over(session);
}

void sp_session_finish_with(struct sp_session *session, enum sp_reason reason, enum sp_phase phase,
                            const char *detail)
{
    sp_evidence_fail(session->evidence, reason, phase, 0, detail);
    finish(session, false);
}

/* --- TLS and the verification of what it showed ------------------------------------------------ */

static void start_tls(struct sp_session *session)
{
    const struct sp_endpoint *endpoint = session->config.endpoint;
    const struct sp_options *options = endpoint->options;
    struct sp_tls_config config = {
        .version_min = options->tls_min,
        .version_max = options->tls_max,
        .sni = sp_endpoint_sni(endpoint),
        .ocsp = options->ocsp != SP_OCSP_OFF,
        .suites = options->ciphers.items,
        .suite_count = options->ciphers.count,
        .groups = options->groups.items,
        .group_count = options->groups.count,
        .alpn = options->alpn.items,
        .alpn_count = options->alpn.count,
        .identity = session->config.materials->identity,
        .former = session->begun_again ? &session->former : NULL,
    };
    sp_conn_start_tls(session->conn, &config);
}

/* A pin is asked for beside all else, so one that doesn't match takes the proof of a chain away. */
static void compare_pins(struct sp_evidence *evidence, const struct sp_pins *pins)
{
    struct sp_verify *verify = &evidence->verify;
    evidence->pin = sp_pin_compare(pins, &evidence->tls.certs[0]);
    if (evidence->pin.tested && !evidence->pin.matched)
        verify->authenticated_by = NULL;
    else if (evidence->pin.matched && verify->authenticated_by == NULL)
        verify->authenticated_by = "pin";
}

/* Also after a failed handshake: what was seen of the certificates is worth telling. */
static bool verify_certificates(struct sp_session *session)
{
    struct sp_evidence *evidence = session->evidence;
    if (evidence->tls.cert_count == 0 || evidence->verify.done)
        return true;
    bool ok =
        sp_path_validate(evidence->arena, evidence->tls.certs, evidence->tls.cert_count,
                         session->config.materials->trust, session->config.endpoint->server_name,
                         evidence->started_ms / 1000, &evidence->verify);
    /* Anybody can send another's certificate: only a whole handshake shows that the key is there. And
     * without memory nobody knows what was overlooked. */
    if (!evidence->tls.established || !ok)
        evidence->verify.authenticated_by = NULL;
    else
        compare_pins(evidence, &options_of(session)->pins);
    return ok && sp_revocation_check(evidence, session->config.materials->crls);
}

/* A second connection that didn't get as far: what the first one showed still holds, for a revoked
 * certificate must not be hidden by a server that is busy the next time. */
static void take_over_shown(struct sp_tls_facts *tls, const struct sp_tls_facts *shown)
{
    if (!tls->tried)
        *tls = *shown;
    tls->certs = shown->certs;
    tls->cert_count = shown->cert_count;
    tls->certs_cut = shown->certs_cut;
}

/* Also for a session that ends early, in the middle of the handshake. */
static void gather_certificates(struct sp_session *session)
{
    struct sp_evidence *evidence = session->evidence;
    if (session->conn)
        sp_conn_collect_tls(session->conn);
    if (session->begun_again && evidence->tls.cert_count == 0)
        take_over_shown(&evidence->tls, &session->shown);
    if (!verify_certificates(session))
        sp_evidence_fail(evidence, SP_REASON_INTERNAL_ERROR, SP_PHASE_VERIFY, ENOMEM,
                         "out of memory");
}

/* --- the dialogue ----------------------------------------------------------------------------- */

static void limit_by_dialogue(struct sp_session *session)
{
    enum sp_phase phase = sp_dialogue_phase(&session->dialogue);
    sp_session_limit_phase(session, phase,
                           phase == SP_PHASE_QUIT ? QUIT_TIMEOUT_MS
                                                  : options_of(session)->reply_timeout_ms);
}

static bool carry_out(struct sp_session *session, const struct sp_action *action)
{
    switch (action->kind) {
    case SP_ACTION_WAIT: return true;
    case SP_ACTION_SEND:
        limit_by_dialogue(session);
        sp_conn_send(session->conn, action->data, action->len);
        return !session->finished;
    case SP_ACTION_START_TLS:
        limit_by_dialogue(session);
        start_tls(session);
        return false;
    case SP_ACTION_COMPUTE:
        sp_session_limit_phase(session, SP_PHASE_AUTH, 0); /* our own time, not the server's */
        if (sp_session_compute(session))
            return true;
        sp_session_finish_with(session, SP_REASON_LOCAL_RESOURCE_EXHAUSTED, SP_PHASE_AUTH,
                               "no thread or memory can be had for the login");
        return false;
    case SP_ACTION_CLOSE:
        finish(session, session->evidence->failure.reason == SP_REASON_OK);
        return false;
    }
    return false;
}

/* One event, and for octets as many steps as there are replies in them. */
static void step(struct sp_session *session, struct sp_event *event)
{
    for (;;) {
        size_t used = 0;
        event->now_ns = sp_session_elapsed_ns(session);
        struct sp_action action = sp_dialogue_step(&session->dialogue, event, &used);
        bool more = event->kind == SP_EVENT_BYTES && used < event->len;
        if (!carry_out(session, &action) || !more)
            return;
        event->data += used;
        event->len -= used;
    }
}

/* Before all else, also before TLS: a line for a proxy that hides the client. */
static void send_preamble(struct sp_session *session)
{
    const struct sp_script *script = options_of(session)->script;
    struct sp_evidence *evidence = session->evidence;
    if (!script || !script->preamble)
        return;
    size_t len = strlen(script->preamble);
    size_t shown = len;
    while (shown > 0 && strchr("\r\n", script->preamble[shown - 1]))
        shown--;
    sp_transcript_add(&evidence->transcript, evidence->arena, SP_TO_SERVER, false,
                      sp_session_elapsed_ns(session), script->preamble, shown);
    sp_conn_send(session->conn, script->preamble, len);
}

static void on_opened(void *data)
{
    struct sp_session *session = data;
    sp_session_end_span(session, SP_PHASE_CONNECT);
    send_preamble(session);
    if (session->finished)
        return;
    struct sp_event event = {.kind = SP_EVENT_OPENED};
    step(session, &event);
    if (!session->finished)
        limit_by_dialogue(session);
}

static void on_bytes(void *data, const uint8_t *octets, size_t len)
{
    struct sp_session *session = data;
    struct sp_event event = {.kind = SP_EVENT_BYTES, .data = octets, .len = len};
    step(session, &event);
}

static void on_tls_up(void *data)
{
    struct sp_session *session = data;
    sp_session_end_span(session, SP_PHASE_TLS);
    if (!verify_certificates(session)) {
        sp_session_finish_with(session, SP_REASON_INTERNAL_ERROR, SP_PHASE_VERIFY, "out of memory");
        return;
    }
    sp_session_bind_login(session);
    struct sp_event event = {.kind = SP_EVENT_TLS_UP};
    step(session, &event);
    if (!session->finished)
        limit_by_dialogue(session);
}

void sp_session_on_computed(struct sp_session *session)
{
    struct sp_event event = {.kind = SP_EVENT_COMPUTED};
    step(session, &event);
}

static void on_failed(void *data, enum sp_reason reason, int sys_errno, const char *detail)
{
    struct sp_session *session = data;
    if (session->finished)
        return;
    if (session->dialogue.state == SP_DIALOGUE_START) {
        sp_session_end_span(session, SP_PHASE_CONNECT);
        sp_evidence_fail(session->evidence, reason, SP_PHASE_CONNECT, sys_errno, detail);
        finish(session, false);
        return;
    }
    if (session->evidence->tls.ocsp_broke_handshake && sp_session_begin_again(session))
        return;
    struct sp_event event = {.kind = SP_EVENT_FAILED,
                             .reason = reason,
                             .sys_errno = sys_errno,
                             .send_errno = sp_conn_send_errno(session->conn),
                             .detail = detail};
    step(session, &event);
}

/* --- connecting ------------------------------------------------------------------------------- */

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    /* sockaddr_in and sockaddr_in6 agree about where the port stands; network octet order. */
    static_assert(offsetof(struct sockaddr_in, sin_port) ==
                      offsetof(struct sockaddr_in6, sin6_port),
                  "the port's place depends on the family");
    uint8_t octets[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    memcpy((uint8_t *)address + offsetof(struct sockaddr_in, sin_port), octets, sizeof octets);
}

static bool open_conn(struct sp_session *session)
{
    static const struct sp_conn_events events = {on_opened, on_bytes, on_tls_up, on_failed,
                                                 on_conn_closed};
    const struct sp_endpoint *endpoint = session->config.endpoint;
    const struct sp_conn_config config = {
        .loop = session->config.services->loop,
        .tls_ctx = session->config.services->tls_ctx,
        .events = &events,
        .data = session,
        .evidence = session->evidence,
        .now_ns = now_of_conn,
        .input = session->config.services->input,
        .source_address = endpoint->options->source_address,
    };
    session->conn = sp_conn_new(&config);
    if (!session->conn)
        return false;
    session->handles++;
    if (endpoint->unix_path)
        return sp_conn_open_unix(session->conn, endpoint->unix_path);
    for (size_t i = 0; i < session->address_count; i++)
        set_port(&session->addresses[i], endpoint->port);
    return sp_conn_open(session->conn, session->addresses, session->address_count);
}

void sp_session_connect(struct sp_session *session)
{
    if (session->finished)
        return;
    if (session->paused_ns) {
        session->epoch_ns += uv_hrtime() - session->paused_ns;
        session->paused_ns = 0;
    }
    sp_session_begin_span(session, SP_PHASE_CONNECT);
    sp_session_limit_phase(session, SP_PHASE_CONNECT, options_of(session)->connect_timeout_ms);
    if (!open_conn(session))
        sp_session_finish_with(session, SP_REASON_INTERNAL_ERROR, SP_PHASE_CONNECT,
                               "out of memory");
}

/* --- from outside ------------------------------------------------------------------------------ */

const struct sockaddr_storage *sp_session_addresses(const struct sp_session *session,
                                                    size_t *out_count)
{
    *out_count = session->address_count;
    return session->addresses;
}

void sp_session_pin(struct sp_session *session, size_t address_index)
{
    session->addresses += address_index;
    session->address_count = 1;
}

size_t sp_session_keep(struct sp_session *session,
                       bool (*wanted)(void *data, const struct sockaddr_storage *address),
                       void *data)
{
    size_t kept = 0;
    for (size_t i = 0; i < session->address_count; i++)
        if (wanted(data, &session->addresses[i]))
            session->addresses[kept++] = session->addresses[i];
    session->address_count = kept;
    return kept;
}

void sp_session_refuse(struct sp_session *session, enum sp_reason reason, const char *detail)
{
    sp_session_finish_with(session, reason, SP_PHASE_CONFIG, detail);
}

/* True: the session proper was over, and its surveys end here. */
static bool stop_surveys(struct sp_session *session, const char *why)
{
    session->stopped = true;
    if (session->surveys)
        sp_surveys_stop(session->surveys, why);
    return session->finished;
}

void sp_session_expire(struct sp_session *session, uint32_t limit_ms)
{
    if (stop_surveys(session, "the time of the whole run was over"))
        return;
    session->evidence->run_limit_ns = (int64_t)limit_ms * 1000000;
    if (session->query || session->conn)
        run_out(session, true, session->evidence->run_limit_ns);
    else
        sp_session_finish_with(session, SP_REASON_DEADLINE_EXCEEDED, SP_PHASE_CONNECT,
                               "the time in all was over before its turn came");
}

void sp_session_cancel(struct sp_session *session)
{
    if (stop_surveys(session, "the run was interrupted"))
        return;
    enum sp_phase phase = sp_dialogue_phase(&session->dialogue);
    if (session->query)
        phase = SP_PHASE_RESOLVE;
    if (phase < SP_PHASE_TIMED_COUNT)
        sp_session_end_span(session, phase);
    if (phase != SP_PHASE_QUIT)
        sp_evidence_fail(session->evidence, SP_REASON_CANCELLED, phase, 0,
                         "interrupted before the end");
    finish(session, false);
}
