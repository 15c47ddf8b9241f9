/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of outcomes stands in compat_verdict.h. The stages are judged in the order in which they
 * happen; one that ends the session ends the judging. */
#include "nagios/compat_verdict.h"

#include "checks/thresholds.h"
#include "nagios/compat_certificate.h"
#include "nagios/compat_reply.h"
#include "probe/limits.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

/* Of a reply, by -R: the work of some patterns grows with the square of it. check_smtp reads no more. */
#define SEARCHED_OCTETS 8192u

struct judge {
    const struct sp_compat *compat;
    const struct sp_evidence *evidence;
    struct sp_compat_verdict *verdict;
};

const char *sp_compat_hello_verb(const struct sp_compat *compat)
{
    if (compat->lmtp)
        return "LHLO";
    return compat->tls == SP_TLS_STARTTLS || compat->auth_given ? "EHLO" : "HELO";
}

bool sp_compat_may_login(const struct sp_compat *compat, const struct sp_evidence *evidence)
{
    return !compat->strict ||
           (evidence->tls.established && evidence->verify.authenticated_by != NULL);
}

bool sp_compat_may_command(const struct sp_compat *compat, const struct sp_evidence *evidence)
{
    bool logs_in = compat->login;
    for (size_t i = 0; i < compat->command_count; i++)
        logs_in = logs_in || compat->command_secret[i];
    return !logs_in || sp_compat_may_login(compat, evidence);
}

/* --- saying it -------------------------------------------------------------------------------- */

static void worsen(struct judge *judge, enum sp_state state)
{
    judge->verdict->session_state = sp_state_worst(judge->verdict->session_state, state);
}

static void need(struct judge *judge, bool stored)
{
    if (!stored)
        judge->verdict->out_of_memory = true;
}

/* A line of its own. */
static void say(struct judge *judge, enum sp_state state, const char *line)
{
    worsen(judge, state);
    need(judge, sp_buf_printf(&judge->verdict->lines, "%s\n", line));
}

/* The same, and it is all there is to say. Always false: judging is over. */
static bool end(struct judge *judge, enum sp_state state, const char *line)
{
    say(judge, state, line);
    judge->verdict->response_time = false;
    return false;
}

/* Why the session ended, as a line of its own. */
static void say_detail(struct judge *judge)
{
    const char *detail = judge->evidence->failure.detail;
    if (detail != NULL)
        need(judge, sp_buf_printf(&judge->verdict->lines, "%s\n", detail));
}

/* A few words before the response time. */
static void blame(struct judge *judge, enum sp_state state, const char *what, const char *whom)
{
    worsen(judge, state);
    need(judge, sp_buf_printf(&judge->verdict->errors, "%s%s, ", what, whom));
}

/* --- what is not the server's doing ----------------------------------------------------------- */

static bool is_timeout(const struct judge *judge)
{
    switch (judge->evidence->failure.reason) {
    case SP_REASON_DEADLINE_EXCEEDED:
    case SP_REASON_REPLY_TIMEOUT: return true;
    case SP_REASON_DNS_TIMEOUT:
    case SP_REASON_CONNECT_TIMEOUT:
        /* Else the resolver or the kernel gave up before that. */
        return judge->evidence->total_ns >= (int64_t)judge->compat->timeout_ms * 1000000;
    default: return false;
    }
}

static bool end_timeout(struct judge *judge)
{
    char line[96];
    enum sp_state state = judge->compat->timeout_state;
    snprintf(line, sizeof line, "%s - Socket timeout after %u seconds", sp_state_name(state),
             (unsigned)(judge->compat->timeout_ms / 1000));
    return end(judge, state, line);
}

static bool end_bad_host(struct judge *judge)
{
    worsen(judge, SP_STATE_UNKNOWN);
    need(judge, sp_buf_printf(&judge->verdict->lines, "%s: Invalid hostname/address - %s\n",
                              judge->compat->name, judge->compat->host));
    judge->verdict->response_time = false;
    judge->verdict->usage = true;
    return false;
}

static bool judge_connect(struct judge *judge)
{
    const struct sp_compat *compat = judge->compat;
    const struct sp_endpoint *endpoint = judge->evidence->endpoint;
    int number = judge->evidence->failure.sys_errno;
    const char *host = compat->host + (compat->host[0] == '[');
    const char *why =
        number != 0 ? strerror(number) : sp_reason_info(judge->evidence->failure.reason)->sentence;
    worsen(judge, SP_STATE_CRITICAL);
    if (endpoint->unix_path != NULL)
        need(judge, sp_buf_printf(&judge->verdict->lines, "connect to file socket %s: %s\n",
                                  endpoint->unix_path, why));
    else
        need(judge,
             sp_buf_printf(&judge->verdict->lines, "connect to address %.*s and port %u: %s\n",
                           (int)strcspn(host, "]"), host, (unsigned)compat->port, why));
    return false;
}

/* Everything before the first octet of the server. True: there is more to judge. */
static bool judge_beginning(struct judge *judge)
{
    const struct sp_failure *failure = &judge->evidence->failure;
    if (is_timeout(judge))
        return end_timeout(judge);
    switch (failure->reason) {
    case SP_REASON_CANCELLED:
    case SP_REASON_INTERNAL_ERROR:
    case SP_REASON_LOCAL_RESOURCE_EXHAUSTED:
        blame(judge, SP_STATE_UNKNOWN,
              failure->detail != NULL ? failure->detail : sp_reason_info(failure->reason)->sentence,
              "");
        return false;
    case SP_REASON_OK: return true;
    default: break;
    }
    if (failure->phase == SP_PHASE_CONFIG || failure->phase == SP_PHASE_RESOLVE)
        return end_bad_host(judge);
    if (failure->phase != SP_PHASE_CONNECT)
        return true;
    /* Accepted and reset at once: whether that is seen before or after the first read is chance. */
    if (failure->reason == SP_REASON_CONNECTION_RESET)
        return end(judge, SP_STATE_WARNING, "recv() failed");
    return judge_connect(judge);
}

/* --- greeting, hello, TLS --------------------------------------------------------------------- */

static bool failed_in(const struct judge *judge, enum sp_phase phase)
{
    return judge->evidence->failure.reason != SP_REASON_OK &&
           judge->evidence->failure.phase == phase;
}

static bool end_unexpected(struct judge *judge)
{
    struct sp_buf *lines = &judge->verdict->lines;
    worsen(judge, SP_STATE_WARNING);
    if (judge->compat->port == 25)
        need(judge, sp_buf_append_str(lines, "Invalid SMTP response received from host: "));
    else
        need(judge, sp_buf_printf(lines, "Invalid SMTP response received from host on port %u: ",
                                  (unsigned)judge->compat->port));
    need(judge, sp_compat_append_greeting(lines, judge->evidence));
    sp_compat_strip(lines);
    need(judge, sp_buf_append_str(lines, "\n"));
    judge->verdict->response_time = false;
    return false;
}

static bool end_no_tls(struct judge *judge)
{
    say(judge, SP_STATE_CRITICAL, "CRITICAL - Cannot make SSL connection.");
    say_detail(judge);
    return end(judge, SP_STATE_CRITICAL, "CRITICAL - Cannot create SSL context.");
}

/* Of a session that ended before the login could be tried. */
static enum sp_state state_before_login(const struct sp_compat *compat)
{
    return compat->auth_given ? SP_STATE_CRITICAL : SP_STATE_WARNING;
}

/* A greeting with another code than 220 that -e asks for: nothing more was said. */
static bool judge_other_greeting(struct judge *judge)
{
    const struct sp_compat *compat = judge->compat;
    if (!sp_compat_expected(compat, judge->evidence))
        return end_unexpected(judge);
    if (compat->tls == SP_TLS_STARTTLS || compat->from != NULL || compat->command_count > 0 ||
        compat->auth_given)
        blame(judge, state_before_login(compat), "nothing more could be asked after this greeting",
              "");
    return false;
}

static bool judge_greeting(struct judge *judge)
{
    const struct sp_evidence *evidence = judge->evidence;
    if (failed_in(judge, SP_PHASE_TLS) && judge->compat->tls == SP_TLS_IMPLICIT)
        return end_no_tls(judge);
    if (evidence->banner != NULL)
        return evidence->banner->code == 220 || judge_other_greeting(judge);
    if (evidence->failure.reason == SP_REASON_PROTOCOL_ERROR)
        return judge_other_greeting(judge);
    return end(judge, SP_STATE_WARNING, "recv() failed");
}

/* The hello of before STARTTLS, or the only one. */
static bool judge_hello(struct judge *judge)
{
    const struct sp_evidence *evidence = judge->evidence;
    const enum sp_phase phase =
        judge->compat->tls == SP_TLS_IMPLICIT ? SP_PHASE_EHLO_TLS : SP_PHASE_EHLO;
    const struct sp_reply *reply = sp_compat_hello(evidence);
    if (failed_in(judge, phase) && evidence->failure.reason == SP_REASON_PROTOCOL_ERROR)
        return end_unexpected(judge);
    if (evidence->failure.reason == SP_REASON_STARTTLS_NOT_SUPPORTED)
        return end(judge, SP_STATE_WARNING, "WARNING - TLS not supported by server");
    if (reply == NULL)
        return end(judge, SP_STATE_WARNING, "recv() failed");
    return true;
}

static bool judge_starttls(struct judge *judge)
{
    const struct sp_evidence *evidence = judge->evidence;
    if (judge->compat->tls != SP_TLS_STARTTLS || !evidence->plain.ok)
        return true;
    if (evidence->failure.reason == SP_REASON_STARTTLS_INJECTION || failed_in(judge, SP_PHASE_TLS))
        return end_no_tls(judge);
    if (failed_in(judge, SP_PHASE_STARTTLS)) {
        end(judge, SP_STATE_UNKNOWN, "Server does not support STARTTLS");
        say_detail(judge);
        return false;
    }
    if (!evidence->tls_ehlo.tried)
        return end(judge, SP_STATE_UNKNOWN, "SMTP UNKNOWN - Cannot send EHLO command via TLS.");
    if (sp_compat_hello(evidence)->phase != SP_PHASE_EHLO_TLS)
        return end(judge, SP_STATE_UNKNOWN, "SMTP UNKNOWN - Cannot read EHLO response via TLS.");
    return true;
}

/* --- commands --------------------------------------------------------------------------------- */

static const struct sp_reply *answer_of(const struct judge *judge, size_t index)
{
    return index < judge->evidence->answer_count ? judge->evidence->answers[index] : NULL;
}

static const char *shown_command(const struct sp_compat *compat, size_t index)
{
    return compat->command_secret[index] ? "(hidden)" : compat->commands[index];
}

static void judge_response(struct judge *judge, size_t index, const struct sp_reply *reply)
{
    char why[160];
    regex_t pattern;
    struct sp_buf text;
    int status =
        regcomp(&pattern, judge->compat->responses[index], REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    if (status != 0) {
        say(judge, SP_STATE_UNKNOWN, "Could Not Compile Regular Expression");
        return;
    }
    sp_buf_init(&text, SP_COMPAT_TEXT_SIZE);
    need(judge, sp_compat_append_reply(&text, reply));
    if (text.len > SEARCHED_OCTETS)
        text.len = SEARCHED_OCTETS;
    sp_compat_strip(&text);
    /* What is behind a NUL can't be searched. */
    need(judge, sp_buf_append(&text, "", 1));
    if (!judge->verdict->out_of_memory)
        status = regexec(&pattern, (const char *)text.data, 0, NULL, 0);
    if (status == REG_NOMATCH) {
        worsen(judge, SP_STATE_WARNING);
        need(judge, sp_buf_printf(&judge->verdict->lines,
                                  "SMTP WARNING - Invalid response '%s' to command '%s'\n",
                                  (const char *)text.data, shown_command(judge->compat, index)));
    } else if (status != 0) {
        regerror(status, &pattern, why, sizeof why);
        worsen(judge, SP_STATE_UNKNOWN);
        need(judge, sp_buf_printf(&judge->verdict->lines, "Execute Error: %s\n", why));
    }
    sp_buf_free(&text);
    regfree(&pattern);
}

/* AUTH LOGIN, the user's name, the password: each needs its code. */
static void judge_login(struct judge *judge, size_t first)
{
    static const struct {
        int code;
        enum sp_state silent;
        const char *recv_failed, *invalid;
    } steps[] = {
        {334, SP_STATE_WARNING, "AUTH LOGIN", "AUTH LOGIN"},
        {334, SP_STATE_CRITICAL, "sending authuser", "authuser"},
        {235, SP_STATE_CRITICAL, "sending authpass", "authpass"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct sp_reply *reply = answer_of(judge, first + i);
        if (reply == NULL) {
            blame(judge, steps[i].silent, "recv() failed after ", steps[i].recv_failed);
            return;
        }
        if (reply->code != steps[i].code) {
            blame(judge, SP_STATE_CRITICAL, "invalid response received after ", steps[i].invalid);
            return;
        }
    }
}

/* False: there was no reply, so nothing followed either. */
static bool judge_answered(struct judge *judge, size_t index, const char *name)
{
    if (answer_of(judge, index) != NULL)
        return true;
    blame(judge, SP_STATE_WARNING, "recv() failed after ", name);
    return false;
}

static void judge_commands(struct judge *judge)
{
    const struct sp_compat *compat = judge->compat;
    size_t next = 0;
    if (!sp_compat_may_command(compat, judge->evidence)) {
        blame(judge, SP_STATE_CRITICAL, "auth-requires-tls: nothing was sent without verified TLS",
              "");
        return;
    }
    if (compat->from != NULL) {
        if (!judge_answered(judge, next, "MAIL"))
            return;
        if (answer_of(judge, next++)->code >= 400)
            blame(judge, SP_STATE_WARNING, "invalid response received after ", "MAIL");
    }
    for (size_t i = 0; i < compat->command_count; i++, next++) {
        if (!judge_answered(judge, next, shown_command(compat, i)))
            return;
        if (i < compat->response_count)
            judge_response(judge, i, answer_of(judge, next));
    }
    if (compat->auth_problem != NULL)
        blame(judge, SP_STATE_CRITICAL, compat->auth_problem, "");
    else if (compat->login)
        judge_login(judge, next);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void judge_quit(struct judge *judge)
{
    const struct sp_compat *compat = judge->compat;
    if (judge->evidence->quit_errno != 0 && !compat->ignore_quit && !compat->certificate &&
        judge->verdict->session_state == SP_STATE_OK)
        end(judge, SP_STATE_UNKNOWN, "Connection closed by server before sending QUIT command");
}

static void judge_session(struct judge *judge)
{
    const struct sp_evidence *evidence = judge->evidence;
    if (!judge_beginning(judge) || !judge_greeting(judge) || !judge_hello(judge) ||
        !judge_starttls(judge))
        return;
    if (!sp_compat_expected(judge->compat, evidence)) {
        end_unexpected(judge);
        return;
    }
    /* EHLO may be refused and HELO not. */
    if (sp_compat_refused_hello(judge->compat, evidence) != NULL)
        blame(judge,
              sp_compat_hello(evidence)->code == 250 ? SP_STATE_WARNING
                                                     : state_before_login(judge->compat),
              "invalid response received after ", sp_compat_hello_verb(judge->compat));
    if (sp_compat_hello(evidence)->code == 250) {
        judge_commands(judge);
        judge_quit(judge);
    }
}

/* What never came to its certificate has failed already, or was too slow, which -t may call OK. */
static void judge_certificate(struct judge *judge)
{
    struct sp_compat_verdict *verdict = judge->verdict;
    const struct sp_evidence *evidence = judge->evidence;
    if (!judge->compat->certificate ||
        (!evidence->tls.established &&
         (verdict->session_state != SP_STATE_OK || is_timeout(judge))))
        return;
    verdict->certificate =
        sp_compat_certificate(judge->compat, evidence, &verdict->certificate_state);
    need(judge, verdict->certificate != NULL);
}

/* Only where nothing else is wrong; a check that has ended early has no response time. */
static void judge_time(struct judge *judge)
{
    const struct sp_range *range;
    const struct sp_compat *compat = judge->compat;
    const struct sp_compat_verdict *verdict = judge->verdict;
    if (verdict->response_time && verdict->session_state == SP_STATE_OK)
        worsen(judge, sp_threshold_state(&compat->warning, &compat->critical,
                                         (double)judge->evidence->total_ns / 1e9, &range));
}

/* A worse verdict of the native rules takes the place of all. */
static void apply_strict(struct judge *judge, const struct sp_result *strict)
{
    struct sp_compat_verdict *verdict = judge->verdict;
    if (strict == NULL || sp_state_worst(strict->state, verdict->state) == verdict->state)
        return;
    verdict->session_state = strict->state;
    sp_buf_consume(&verdict->lines, verdict->lines.len);
    sp_buf_consume(&verdict->errors, verdict->errors.len);
    verdict->response_time = true;
    verdict->usage = false;
    need(judge, sp_buf_printf(&verdict->errors, "%s, ", strict->message));
    verdict->state = strict->state;
}

void sp_compat_judge(const struct sp_compat *compat, const struct sp_evidence *evidence,
                     const struct sp_result *strict, struct sp_compat_verdict *out_verdict)
{
    struct judge judge = {compat, evidence, out_verdict};
    *out_verdict = (struct sp_compat_verdict){.response_time = true};
    sp_buf_init(&out_verdict->lines, SP_LIMIT_WRITER);
    sp_buf_init(&out_verdict->errors, SP_LIMIT_WRITER);
    judge_session(&judge);
    judge_certificate(&judge);
    judge_time(&judge);
    out_verdict->state = sp_state_worst(out_verdict->session_state, out_verdict->certificate_state);
    apply_strict(&judge, strict);
    if (out_verdict->out_of_memory)
        out_verdict->state = sp_state_worst(out_verdict->state, SP_STATE_UNKNOWN);
}

void sp_compat_verdict_free(struct sp_compat_verdict *verdict)
{
    sp_buf_free(&verdict->lines);
    sp_buf_free(&verdict->errors);
}
