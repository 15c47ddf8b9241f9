/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection a survey, and never two at a time:
 *
 *   ask_next ─► opened ─► dialogue up to STARTTLS ─► ClientHello ─► hello read ─► conclude
 *      ▲                     (none if TLS is implicit)                               │
 *      └────────────── on_conn_closed: the next survey, or complete ◄────────────────┘
 *
 * A connection that fails, falls silent or says something else than TLS concludes its survey as well.
 */
#include "probe/survey.h"

#include "probe/client_hello.h"
#include "probe/conn.h"
#include "probe/dialogue.h"
#include "probe/session_services.h"
#include "probe/survey_plan.h"
#include "probe/tls_groups.h"
#include "probe/tls_hello.h"
#include "probe/tls_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sp_surveys {
    struct sp_surveys_config config;
    const struct sp_endpoint *endpoint;
    struct sockaddr_storage address; /* the session's peer; unused for a Unix socket */
    struct sp_survey_offer offer;
    struct sp_survey *survey; /* of this connection; NULL behind the last one */
    size_t next;
    struct sp_evidence *scratch; /* what this connection's dialogue finds */
    struct sp_conn *conn;
    struct sp_dialogue dialogue;
    struct sp_tls_hello hello;
    int64_t started_ns;
    bool asked;     /* the ClientHello was sent */
    bool concluded; /* the survey has its outcome; its connection is being closed */
    bool over;      /* `done` was called */
    uv_timer_t timer;
    unsigned handles;
};

static void ask_next(struct sp_surveys *surveys);

static const struct sp_options *options_of(const struct sp_surveys *surveys)
{
    return surveys->endpoint->options;
}

static int64_t elapsed_ns(const struct sp_surveys *surveys)
{
    return surveys->config.now_ns(surveys->config.data);
}

static int64_t now_of_conn(void *data)
{
    return elapsed_ns(data);
}

static struct sp_arena *arena_of(const struct sp_surveys *surveys)
{
    return surveys->config.evidence->arena;
}

/* --- the end ----------------------------------------------------------------------------------- */

static void drop_handle(struct sp_surveys *surveys)
{
    if (--surveys->handles == 0)
        free(surveys);
}

static void on_timer_closed(uv_handle_t *handle)
{
    drop_handle(handle->data);
}

/* What has no outcome yet is left out. */
static void skip_rest(struct sp_surveys *surveys, const char *why)
{
    struct sp_evidence *evidence = surveys->config.evidence;
    for (size_t i = 0; i < evidence->survey_count; i++) {
        struct sp_survey *survey = &evidence->surveys[i];
        if (survey->outcome == SP_SURVEY_SKIPPED && !survey->detail)
            survey->detail = why;
    }
}

static void complete(struct sp_surveys *surveys)
{
    surveys->over = true;
    uv_close((uv_handle_t *)&surveys->timer, on_timer_closed);
    surveys->config.done(surveys->config.data);
}

static void on_conn_closed(void *data)
{
    struct sp_surveys *surveys = data;
    sp_dialogue_free(&surveys->dialogue);
    sp_evidence_free(surveys->scratch);
    surveys->scratch = NULL;
    surveys->conn = NULL;
    if (!surveys->over)
        ask_next(surveys);
    drop_handle(surveys);
}

/* --- outcomes ---------------------------------------------------------------------------------- */

/* RFC 8446 §6.1: what a client says that wants no handshake after all. The server has sent nothing
 * encrypted that it would wait for, so the alerts go in clear. */
static void say_goodbye(struct sp_surveys *surveys)
{
    uint16_t version = surveys->hello.legacy_version;
    uint8_t minor = version > SP_TLS_1_2 ? 3 : (uint8_t)(version & 0xff);
    const uint8_t alerts[] = {21, 3, minor, 0, 2, SP_TLS_ALERT_WARNING, 90,
                              21, 3, minor, 0, 2, SP_TLS_ALERT_WARNING, 0};
    size_t skipped = version < SP_TLS_1_0 ? 7 : 0; /* SSLv3 has no user_canceled */
    sp_conn_send(surveys->conn, alerts + skipped, sizeof alerts - skipped);
}

static void conclude(struct sp_surveys *surveys, enum sp_survey_outcome outcome,
                     enum sp_reason reason, const char *detail)
{
    struct sp_survey *survey = surveys->survey;
    if (surveys->concluded)
        return;
    surveys->concluded = true;
    survey->outcome = outcome;
    survey->reason = reason;
    survey->ns = elapsed_ns(surveys) - surveys->started_ns;
    if (detail) {
        const char *copy = sp_arena_strdup(arena_of(surveys), detail);
        survey->detail = copy ? copy : "out of memory";
    }
    uv_timer_stop(&surveys->timer);
    if (outcome == SP_SURVEY_ACCEPTED)
        say_goodbye(surveys);
    sp_conn_close(surveys->conn, false);
}

static void fail(struct sp_surveys *surveys, enum sp_reason reason, const char *detail)
{
    conclude(surveys, SP_SURVEY_FAILED, reason, detail);
}

static void note_alert(struct sp_survey *survey, const struct sp_tls_hello *hello)
{
    survey->alert = hello->alert;
    survey->alert_text = sp_tls_alert_text(hello->alert);
}

static void accept_choice(struct sp_surveys *surveys)
{
    struct sp_survey *survey = surveys->survey;
    const struct sp_tls_hello *hello = &surveys->hello;
    const struct sp_tls_group *group = sp_tls_group_find(hello->group);
    survey->version = hello->version;
    survey->version_text = sp_tls_version_text(hello->version);
    survey->suite = hello->suite;
    survey->cipher = sp_tls_suite_name(hello->suite);
    survey->group_number = hello->group;
    survey->group = group ? group->name : NULL;
    survey->dh_bits = hello->dh_bits;
    note_alert(survey, hello);
    /* A version below the lowest asked for is an answer: older hellos can't name a lowest one. */
    if (hello->version > survey->version_max || !sp_survey_offers(&surveys->offer, hello->suite)) {
        fail(surveys, SP_REASON_TLS_PROTOCOL_ERROR,
             "the server chose a version or cipher suite that was not offered");
        return;
    }
    conclude(surveys, SP_SURVEY_ACCEPTED, SP_REASON_OK, NULL);
}

/* Something was answered, or the connection ended. `ended`: no more will come. */
static void judge_hello(struct sp_surveys *surveys, const char *ended)
{
    const struct sp_tls_hello *hello = &surveys->hello;
    bool chosen = hello->server_hello || hello->retry;
    if (chosen && (ended || hello->retry || hello->state != SP_TLS_HELLO_MORE)) {
        accept_choice(surveys);
    } else if (hello->state == SP_TLS_HELLO_BROKEN) {
        fail(surveys, SP_REASON_TLS_PROTOCOL_ERROR, hello->broken);
    } else if (hello->state == SP_TLS_HELLO_DONE || ended) {
        note_alert(surveys->survey, hello);
        conclude(surveys, SP_SURVEY_REFUSED, SP_REASON_OK, hello->alert < 0 ? ended : NULL);
    }
}

/* --- time -------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct sp_surveys *surveys = timer->data;
    bool whole = elapsed_ns(surveys) >= (int64_t)options_of(surveys)->timeout_ms * 1000000;
    if (surveys->hello.server_hello) {
        judge_hello(surveys, "");
        return;
    }
    fail(surveys, whole ? SP_REASON_DEADLINE_EXCEEDED : SP_REASON_REPLY_TIMEOUT,
         whole ? "the time for the whole endpoint was over" : "the server fell silent");
}

/* Waits for so long at most, and never beyond the endpoint's own limit. */
static void limit_wait(struct sp_surveys *surveys, uint32_t limit_ms)
{
    int64_t left_ns = (int64_t)options_of(surveys)->timeout_ms * 1000000 - elapsed_ns(surveys);
    uint64_t left_ms = left_ns > 0 ? (uint64_t)left_ns / 1000000 + 1 : 0;
    uv_update_time(surveys->config.services->loop);
    uv_timer_start(&surveys->timer, on_timer, left_ms < limit_ms ? left_ms : limit_ms, 0);
}

/* --- the connection ---------------------------------------------------------------------------- */

static void send_hello(struct sp_surveys *surveys)
{
    uint8_t chance[SP_CLIENT_HELLO_RANDOM];
    const struct sp_client_hello hello = {.version_min = surveys->survey->version_min,
                                          .version_max = surveys->survey->version_max,
                                          .suites = surveys->offer.suites,
                                          .suite_count = surveys->offer.suite_count,
                                          .groups = surveys->offer.groups,
                                          .group_count = surveys->offer.group_count,
                                          .sni = sp_endpoint_sni(surveys->endpoint),
                                          .random = chance};
    struct sp_buf record;
    sp_buf_init(&record, SP_LIMIT_CLIENT_HELLO);
    if (uv_random(NULL, NULL, chance, sizeof chance, 0, NULL) != 0) {
        fail(surveys, SP_REASON_LOCAL_RESOURCE_EXHAUSTED, "no random numbers for a ClientHello");
    } else if (!sp_client_hello_make(&record, &hello)) {
        fail(surveys, SP_REASON_INTERNAL_ERROR, "no memory for a ClientHello");
    } else {
        surveys->asked = true;
        limit_wait(surveys, options_of(surveys)->reply_timeout_ms);
        sp_conn_send(surveys->conn, record.data, record.len);
    }
    sp_buf_free(&record);
}

/* The dialogue is over before TLS: its failure is why the question could not be put. */
static void fail_by_dialogue(struct sp_surveys *surveys)
{
    const struct sp_failure *failure = &surveys->scratch->failure;
    if (failure->reason == SP_REASON_OK)
        fail(surveys, SP_REASON_STARTTLS_NOT_SUPPORTED, "STARTTLS was not offered this time");
    else
        fail(surveys, failure->reason, failure->detail);
}

/* False: nothing more is to be done with what was received. */
static bool carry_out(struct sp_surveys *surveys, const struct sp_action *action)
{
    switch (action->kind) {
    case SP_ACTION_WAIT: return true;
    case SP_ACTION_SEND:
        limit_wait(surveys, options_of(surveys)->reply_timeout_ms);
        sp_conn_send(surveys->conn, action->data, action->len);
        return !surveys->concluded;
    case SP_ACTION_START_TLS: send_hello(surveys); return false;
    case SP_ACTION_COMPUTE: /* never: a survey doesn't log in */
    case SP_ACTION_CLOSE: fail_by_dialogue(surveys); return false;
    }
    return false;
}

static void step(struct sp_surveys *surveys, struct sp_event *event)
{
    for (;;) {
        size_t used = 0;
        event->now_ns = elapsed_ns(surveys);
        struct sp_action action = sp_dialogue_step(&surveys->dialogue, event, &used);
        bool more = event->kind == SP_EVENT_BYTES && used < event->len;
        if (!carry_out(surveys, &action) || !more)
            return;
        event->data += used;
        event->len -= used;
    }
}

static void on_opened(void *data)
{
    struct sp_surveys *surveys = data;
    struct sp_event event = {.kind = SP_EVENT_OPENED};
    if (surveys->concluded)
        return;
    limit_wait(surveys, options_of(surveys)->reply_timeout_ms);
    step(surveys, &event);
}

static void on_bytes(void *data, const uint8_t *octets, size_t len)
{
    struct sp_surveys *surveys = data;
    if (surveys->concluded)
        return;
    if (surveys->asked) {
        sp_tls_hello_feed(&surveys->hello, octets, len);
        judge_hello(surveys, NULL);
        return;
    }
    struct sp_event event = {.kind = SP_EVENT_BYTES, .data = octets, .len = len};
    step(surveys, &event);
}

static void on_tls_up(void *data)
{
    (void)data; /* conn never starts TLS here */
}

static void on_failed(void *data, enum sp_reason reason, int sys_errno, const char *detail)
{
    struct sp_surveys *surveys = data;
    if (surveys->concluded)
        return;
    if (surveys->asked && reason == SP_REASON_CONNECTION_CLOSED) {
        judge_hello(surveys, "the server closed the connection without an alert");
    } else if (surveys->asked && reason == SP_REASON_CONNECTION_RESET) {
        judge_hello(surveys, "the server reset the connection without an alert");
    } else if (surveys->asked || surveys->dialogue.state == SP_DIALOGUE_START) {
        fail(surveys, reason, detail);
    } else {
        struct sp_event event = {
            .kind = SP_EVENT_FAILED, .reason = reason, .sys_errno = sys_errno, .detail = detail};
        step(surveys, &event);
    }
}

/* False: no connection could be made ready, and none is left over. */
static bool open_conn(struct sp_surveys *surveys)
{
    static const struct sp_conn_events events = {on_opened, on_bytes, on_tls_up, on_failed,
                                                 on_conn_closed};
    const struct sp_services *services = surveys->config.services;
    surveys->scratch = sp_evidence_new(surveys->endpoint);
    if (!surveys->scratch)
        return false;
    const struct sp_conn_config config = {.loop = services->loop,
                                          .tls_ctx = services->tls_ctx,
                                          .events = &events,
                                          .data = surveys,
                                          .evidence = surveys->scratch,
                                          .now_ns = now_of_conn,
                                          .input = services->input,
                                          .source_address = options_of(surveys)->source_address};
    surveys->conn = sp_conn_new(&config);
    if (!surveys->conn) {
        sp_evidence_free(surveys->scratch);
        surveys->scratch = NULL;
        return false;
    }
    surveys->handles++;
    sp_dialogue_init(&surveys->dialogue, surveys->scratch);
    sp_tls_hello_init(&surveys->hello);
    limit_wait(surveys, options_of(surveys)->connect_timeout_ms);
    bool opened = surveys->endpoint->unix_path
                      ? sp_conn_open_unix(surveys->conn, surveys->endpoint->unix_path)
                      : sp_conn_open(surveys->conn, &surveys->address, 1);
    if (!opened)
        fail(surveys, SP_REASON_INTERNAL_ERROR, "out of memory");
    return true;
}

static void ask_next(struct sp_surveys *surveys)
{
    struct sp_evidence *evidence = surveys->config.evidence;
    while (surveys->next < evidence->survey_count) {
        surveys->started_ns = elapsed_ns(surveys);
        if (surveys->started_ns >= (int64_t)options_of(surveys)->timeout_ms * 1000000) {
            skip_rest(surveys, "the time for the whole endpoint was over");
            break;
        }
        surveys->survey = &evidence->surveys[surveys->next++];
        sp_survey_offer(surveys->survey, options_of(surveys)->tls_policy, &surveys->offer);
        surveys->asked = surveys->concluded = false;
        if (open_conn(surveys))
            return;
        surveys->survey->detail = "out of memory";
    }
    complete(surveys);
}

/* --- birth ------------------------------------------------------------------------------------- */

static void on_begin(uv_timer_t *timer)
{
    ask_next(timer->data);
}

/* The address that the session was connected to. False: it is not among those given. */
static bool find_address(struct sp_surveys *surveys, const struct sp_surveys_config *config)
{
    if (surveys->endpoint->unix_path)
        return true;
    for (size_t i = 0; config->evidence->ip && i < config->address_count; i++) {
        char text[64] = "";
        uv_ip_name((const struct sockaddr *)&config->addresses[i], text, sizeof text);
        if (strcmp(text, config->evidence->ip) != 0)
            continue;
        surveys->address = config->addresses[i];
        return true;
    }
    return false;
}

struct sp_surveys *sp_surveys_start(const struct sp_surveys_config *config)
{
    if (!sp_survey_plan(config->evidence, config->skip))
        return NULL;
    struct sp_surveys *surveys = calloc(1, sizeof *surveys);
    if (surveys) {
        surveys->config = *config;
        surveys->endpoint = config->evidence->endpoint;
    }
    if (!surveys || !find_address(surveys, config)) {
        const char *why = surveys ? "the server's address is not known any more" : "out of memory";
        for (size_t i = 0; i < config->evidence->survey_count; i++)
            config->evidence->surveys[i].detail = why;
        free(surveys);
        return NULL;
    }
    uv_timer_init(config->services->loop, &surveys->timer);
    surveys->timer.data = surveys;
    surveys->handles = 1;
    uv_timer_start(&surveys->timer, on_begin, 0, 0);
    return surveys;
}

void sp_surveys_stop(struct sp_surveys *surveys, const char *why)
{
    if (surveys->over)
        return;
    skip_rest(surveys, why);
    surveys->concluded = true;
    if (surveys->conn)
        sp_conn_close(surveys->conn, false);
    complete(surveys);
}
