/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   state     entered by sending    reply         next
 *   BANNER    nothing               220           EHLO; HELO when the script wants that
 *   EHLO      EHLO | LHLO           250           STARTTLS when wanted and offered, else AUTH
 *                                   500, 502      HELO when allowed
 *   HELO      HELO                  250           AUTH
 *   STARTTLS  STARTTLS              220           TLS
 *   TLS       (handshake)           TLS_UP        EHLO; BANNER when TLS is implicit
 *   AUTH_COMPUTE  (off the loop)    COMPUTED      AUTH, AUTH_CANCEL, QUIT: see dialogue_auth.c
 *   AUTH      AUTH | a response     334           AUTH_COMPUTE
 *                                   235           SCRIPT; all else: QUIT
 *   AUTH_CANCEL   *                 any           QUIT
 *   SCRIPT    the script's next     any but 421   SCRIPT; QUIT behind the last command and when the
 *             command                             reply is not what the command needs
 *   QUIT      QUIT                  any           CLOSED
 *
 * Every other reply is a failure; the session then ends with QUIT while the stream of replies is
 * intact, else at once. Where no login is wanted SCRIPT stands for AUTH. Without a script, without
 * commands in it, and where it may not begin, QUIT stands for SCRIPT.
 */
#include "probe/dialogue_private.h"

#include "probe/ehlo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void sp_dialogue_init(struct sp_dialogue *dialogue, struct sp_evidence *evidence)
{
    memset(dialogue, 0, sizeof *dialogue);
    dialogue->evidence = evidence;
    dialogue->endpoint = evidence->endpoint;
    if (evidence->endpoint->options)
        dialogue->script = evidence->endpoint->options->script;
    sp_reply_parser_init(&dialogue->parser);
    sp_buf_init(&dialogue->line, SP_LIMIT_COMMAND_AUTH);
    sp_buf_init(&dialogue->challenge, SP_LIMIT_REPLY_BYTES);
    sp_secrets_init(&dialogue->secrets);
}

void sp_dialogue_free(struct sp_dialogue *dialogue)
{
    sp_reply_parser_free(&dialogue->parser);
    sp_buf_wipe(&dialogue->line);
    sp_buf_wipe(&dialogue->challenge);
    sp_sasl_free(dialogue->sasl);
    dialogue->sasl = NULL;
    sp_secrets_free(&dialogue->secrets);
    sp_secret_wipe(&dialogue->login, sizeof dialogue->login);
}

struct sp_sasl *sp_dialogue_take_sasl(struct sp_dialogue *dialogue)
{
    struct sp_sasl *sasl = dialogue->sasl;
    dialogue->sasl = NULL;
    return sasl;
}

enum sp_phase sp_dialogue_phase(const struct sp_dialogue *dialogue)
{
    switch (dialogue->state) {
    case SP_DIALOGUE_START: return SP_PHASE_CONNECT;
    case SP_DIALOGUE_BANNER: return SP_PHASE_BANNER;
    case SP_DIALOGUE_EHLO:
    case SP_DIALOGUE_HELO: return dialogue->in_tls ? SP_PHASE_EHLO_TLS : SP_PHASE_EHLO;
    case SP_DIALOGUE_STARTTLS: return SP_PHASE_STARTTLS;
    case SP_DIALOGUE_TLS: return SP_PHASE_TLS;
    case SP_DIALOGUE_AUTH_COMPUTE:
    case SP_DIALOGUE_AUTH:
    case SP_DIALOGUE_AUTH_CANCEL: return SP_PHASE_AUTH;
    case SP_DIALOGUE_SCRIPT: return dialogue->scripted->phase;
    case SP_DIALOGUE_QUIT: return SP_PHASE_QUIT;
    case SP_DIALOGUE_CLOSED:
    case SP_DIALOGUE_STATE_COUNT: break;
    }
    return SP_PHASE_DONE;
}

/* --- spans, transcript, failures -------------------------------------------------------------- */

static void end_span(struct sp_dialogue *dialogue, int64_t now_ns)
{
    enum sp_phase phase = sp_dialogue_phase(dialogue);
    if (phase >= SP_PHASE_TIMED_COUNT)
        return;
    struct sp_span *span = &dialogue->evidence->spans[phase];
    if (span->start_ns >= 0)
        span->ns = now_ns - span->start_ns;
}

static void note(struct sp_dialogue *dialogue, enum sp_direction direction, int64_t now_ns,
                 const char *text, size_t len)
{
    sp_transcript_add(&dialogue->evidence->transcript, dialogue->evidence->arena, direction,
                      dialogue->in_tls, now_ns, text, len);
}

void sp_dialogue_fail(struct sp_dialogue *dialogue, enum sp_reason reason, int sys_errno,
                      const char *detail)
{
    char *masked = sp_arena_strdup(dialogue->evidence->arena, detail);
    if (masked)
        sp_dialogue_mask(dialogue, masked, strlen(masked));
    sp_evidence_fail(dialogue->evidence, reason, sp_dialogue_phase(dialogue), sys_errno,
                     masked || !detail ? masked : "out of memory");
}

void sp_dialogue_note_sent(struct sp_dialogue *dialogue, int64_t now_ns, const char *text)
{
    note(dialogue, SP_TO_SERVER, now_ns, text, strlen(text));
}

/* The word that the server was asked with, for messages. */
static const char *asked(const struct sp_dialogue *dialogue)
{
    switch (dialogue->state) {
    case SP_DIALOGUE_BANNER: return "the connection";
    case SP_DIALOGUE_EHLO: return dialogue->endpoint->mode == SP_MODE_LMTP ? "LHLO" : "EHLO";
    case SP_DIALOGUE_HELO: return "HELO";
    case SP_DIALOGUE_STARTTLS: return "STARTTLS";
    case SP_DIALOGUE_AUTH_COMPUTE:
    case SP_DIALOGUE_AUTH:
    case SP_DIALOGUE_AUTH_CANCEL: return "AUTH";
    case SP_DIALOGUE_SCRIPT:
        return dialogue->scripted->secret ? "a hidden command" : dialogue->scripted->text;
    case SP_DIALOGUE_START:
    case SP_DIALOGUE_TLS:
    case SP_DIALOGUE_QUIT:
    case SP_DIALOGUE_CLOSED:
    case SP_DIALOGUE_STATE_COUNT: break;
    }
    return "QUIT";
}

static void fail_by_reply(struct sp_dialogue *dialogue, enum sp_reason reason,
                          const struct sp_reply *reply)
{
    const struct sp_text text = reply->line_count ? reply->lines[0] : (struct sp_text){"", 0};
    char detail[400];
    snprintf(detail, sizeof detail, "%.64s was answered %d%s%.*s", asked(dialogue), reply->code,
             text.len ? " " : "", (int)(text.len > 300 ? 300 : text.len), text.data);
    sp_dialogue_fail(dialogue, reason, 0, detail);
}

/* --- entering a state: what it sends ---------------------------------------------------------- */

static struct sp_action send_command(struct sp_dialogue *dialogue, int64_t now_ns, const char *verb,
                                     const char *argument)
{
    int len = snprintf(dialogue->command, sizeof dialogue->command, "%s%s%s\r\n", verb,
                       argument ? " " : "", argument ? argument : "");
    if (len < 0 || (size_t)len >= sizeof dialogue->command) {
        sp_dialogue_fail(
            dialogue, SP_REASON_INTERNAL_ERROR, 0,
            "the command is longer than RFC 5321 section 4.5.3.1.4 allows; shorten --ehlo-name");
        dialogue->state = SP_DIALOGUE_CLOSED;
        return (struct sp_action){.kind = SP_ACTION_CLOSE};
    }
    note(dialogue, SP_TO_SERVER, now_ns, dialogue->command, (size_t)len - 2);
    return (struct sp_action){SP_ACTION_SEND, dialogue->command, (size_t)len};
}

static struct sp_ehlo *current_ehlo(struct sp_dialogue *dialogue)
{
    return dialogue->in_tls ? &dialogue->evidence->tls_ehlo : &dialogue->evidence->plain;
}

static struct sp_action send_hello(struct sp_dialogue *dialogue, int64_t now_ns)
{
    const char *verb = dialogue->endpoint->mode == SP_MODE_LMTP ? "LHLO" : "EHLO";
    if (dialogue->state == SP_DIALOGUE_HELO) {
        verb = "HELO";
        current_ehlo(dialogue)->helo = true;
    }
    current_ehlo(dialogue)->tried = true;
    return send_command(dialogue, now_ns, verb, dialogue->evidence->ehlo_name);
}

/* A line that holds a line end would be two commands to the server; a program's mistake then. */
static struct sp_action send_scripted(struct sp_dialogue *dialogue, int64_t now_ns)
{
    static const char hidden[] = "<hidden>";
    const struct sp_script_command *command = dialogue->scripted;
    struct sp_buf *line = &dialogue->line;
    size_t len = strlen(command->text);
    bool good = len <= SP_LIMIT_COMMAND_AUTH - 2 && !strpbrk(command->text, "\r\n");
    /* All the room at once: growing would leave copies behind. */
    if (!good || !sp_buf_reserve(line, len + 2)) {
        sp_dialogue_fail(dialogue, SP_REASON_INTERNAL_ERROR, 0,
                         good ? "out of memory"
                              : "a command of the script is too long or not one line");
        dialogue->state = SP_DIALOGUE_CLOSED;
        return (struct sp_action){.kind = SP_ACTION_CLOSE};
    }
    sp_buf_append(line, command->text, len);
    sp_buf_append(line, "\r\n", 2);
    if (command->secret)
        note(dialogue, SP_TO_SERVER, now_ns, hidden, sizeof hidden - 1);
    else
        note(dialogue, SP_TO_SERVER, now_ns, command->text, len);
    return (struct sp_action){SP_ACTION_SEND, (const char *)line->data, line->len};
}

struct sp_action sp_dialogue_enter(struct sp_dialogue *dialogue, enum sp_dialogue_state state,
                                   int64_t now_ns)
{
    end_span(dialogue, now_ns);
    dialogue->state = state;
    if (state == SP_DIALOGUE_SCRIPT)
        dialogue->scripted = &dialogue->script->commands[dialogue->evidence->answer_count];
    dialogue->asked_ns = now_ns;
    enum sp_phase phase = sp_dialogue_phase(dialogue);
    if (phase < SP_PHASE_TIMED_COUNT && dialogue->evidence->spans[phase].start_ns < 0)
        dialogue->evidence->spans[phase].start_ns = now_ns;
    switch (state) {
    case SP_DIALOGUE_EHLO:
    case SP_DIALOGUE_HELO: return send_hello(dialogue, now_ns);
    case SP_DIALOGUE_STARTTLS:
        dialogue->evidence->starttls_tried = true;
        return send_command(dialogue, now_ns, "STARTTLS", NULL);
    case SP_DIALOGUE_TLS: return (struct sp_action){.kind = SP_ACTION_START_TLS};
    case SP_DIALOGUE_AUTH_COMPUTE: return (struct sp_action){.kind = SP_ACTION_COMPUTE};
    case SP_DIALOGUE_AUTH: return sp_dialogue_send_auth(dialogue, now_ns);
    case SP_DIALOGUE_AUTH_CANCEL: return sp_dialogue_send_cancel(dialogue, now_ns);
    case SP_DIALOGUE_SCRIPT: return send_scripted(dialogue, now_ns);
    case SP_DIALOGUE_QUIT: return send_command(dialogue, now_ns, "QUIT", NULL);
    case SP_DIALOGUE_CLOSED: return (struct sp_action){.kind = SP_ACTION_CLOSE};
    case SP_DIALOGUE_START:
    case SP_DIALOGUE_BANNER:
    case SP_DIALOGUE_STATE_COUNT: break;
    }
    return (struct sp_action){.kind = SP_ACTION_WAIT};
}

/* --- replies: what a state does with one ------------------------------------------------------ */

/* 421 means that the server closes the channel (RFC 5321 §3.8): there is nobody left to send QUIT to. */
static struct sp_action reject(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                               enum sp_reason temporary, enum sp_reason permanent,
                               enum sp_reason other, int64_t now_ns)
{
    enum sp_reason reason = other;
    if (reply->code == 421)
        reason = SP_REASON_SERVICE_NOT_AVAILABLE;
    else if (reply->code / 100 == 4)
        reason = temporary;
    else if (reply->code / 100 == 5)
        reason = permanent;
    fail_by_reply(dialogue, reason, reply);
    return sp_dialogue_enter(dialogue, reply->code == 421 ? SP_DIALOGUE_CLOSED : SP_DIALOGUE_QUIT,
                             now_ns);
}

struct sp_action sp_dialogue_leave(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                   int64_t now_ns)
{
    fail_by_reply(dialogue, SP_REASON_SERVICE_NOT_AVAILABLE, reply);
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
}

/* The hello that comes first. HELO can't give what STARTTLS needs, and LMTP has none (RFC 2033 §4.1). */
static enum sp_dialogue_state first_hello(const struct sp_dialogue *dialogue)
{
    const struct sp_endpoint *endpoint = dialogue->endpoint;
    bool helo = dialogue->script && dialogue->script->helo && endpoint->mode == SP_MODE_SMTP &&
                (endpoint->tls == SP_TLS_NONE || endpoint->tls == SP_TLS_IMPLICIT);
    return helo ? SP_DIALOGUE_HELO : SP_DIALOGUE_EHLO;
}

static struct sp_action on_banner(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                  size_t rest, int64_t now_ns)
{
    dialogue->evidence->banner = reply;
    /* RFC 5321 §3.1: the server waits for the client's EHLO after its one greeting. */
    dialogue->evidence->early_talker = rest > 0;
    if (reply->code == 220)
        return sp_dialogue_enter(dialogue, first_hello(dialogue), now_ns);
    return reject(dialogue, reply, SP_REASON_REJECTED_TEMPORARY,
                  reply->code == 554 ? SP_REASON_SERVICE_NOT_AVAILABLE
                                     : SP_REASON_REJECTED_PERMANENT,
                  SP_REASON_UNEXPECTED_REPLY, now_ns);
}

/* Octets that were sent before STARTTLS could be answered, or behind its reply, would be taken for the
 * server's words inside TLS by a careless client (CVE-2011-0411). */
static struct sp_action abort_injection(struct sp_dialogue *dialogue, size_t rest, int64_t now_ns)
{
    char detail[120];
    dialogue->evidence->starttls_leftover = rest;
    snprintf(detail, sizeof detail,
             "%zu octet%s of plain text came where the TLS handshake has to begin", rest,
             rest == 1 ? "" : "s");
    sp_evidence_fail(dialogue->evidence, SP_REASON_STARTTLS_INJECTION, SP_PHASE_STARTTLS, 0,
                     detail);
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
}

/* All that the probe itself asks for is known: the script's turn. */
struct sp_action sp_dialogue_begin_script(struct sp_dialogue *dialogue, int64_t now_ns)
{
    const struct sp_script *script = dialogue->script;
    struct sp_evidence *evidence = dialogue->evidence;
    if (!script || script->command_count == 0 ||
        (script->may_begin && !script->may_begin(script->data, evidence)))
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
    bool good = script->command_count <= SP_LIMIT_COMMANDS;
    if (good)
        evidence->answers =
            sp_arena_array(evidence->arena, script->command_count, sizeof *evidence->answers);
    if (!evidence->answers) {
        sp_dialogue_fail(dialogue, SP_REASON_INTERNAL_ERROR, 0,
                         good ? "out of memory" : "the script has too many commands");
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
    }
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_SCRIPT, now_ns);
}

static struct sp_action after_hello(struct sp_dialogue *dialogue, size_t rest, int64_t now_ns)
{
    struct sp_evidence *evidence = dialogue->evidence;
    enum sp_tls_mode tls = dialogue->endpoint->tls;
    if (dialogue->in_tls)
        return sp_dialogue_begin_auth(dialogue, now_ns);
    evidence->starttls_offered = sp_ehlo_find(&evidence->plain, "STARTTLS") != NULL;
    if (tls == SP_TLS_NONE)
        return sp_dialogue_begin_auth(dialogue, now_ns);
    if (evidence->starttls_offered)
        return rest > 0 ? abort_injection(dialogue, rest, now_ns)
                        : sp_dialogue_enter(dialogue, SP_DIALOGUE_STARTTLS, now_ns);
    if (tls != SP_TLS_STARTTLS)
        return sp_dialogue_begin_auth(dialogue, now_ns);
    sp_evidence_fail(evidence, SP_REASON_STARTTLS_NOT_SUPPORTED, SP_PHASE_STARTTLS, 0,
                     "the reply to EHLO does not list STARTTLS");
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
}

/* RFC 5321 §3.2: a server that doesn't know EHLO says 500 or 502. HELO can't give what TLS and
 * extensions need. */
static bool may_fall_back(const struct sp_dialogue *dialogue, const struct sp_reply *reply)
{
    const struct sp_endpoint *endpoint = dialogue->endpoint;
    return (reply->code == 500 || reply->code == 502) && endpoint->mode == SP_MODE_SMTP &&
           !dialogue->in_tls &&
           (endpoint->tls == SP_TLS_NONE || endpoint->tls == SP_TLS_OPPORTUNISTIC) &&
           endpoint->options->require_capability.count == 0;
}

static struct sp_action on_ehlo(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                size_t rest, int64_t now_ns)
{
    if (reply->code == 250) {
        struct sp_ehlo *ehlo = current_ehlo(dialogue);
        if (!sp_ehlo_parse(dialogue->evidence->arena, reply, ehlo)) {
            sp_dialogue_fail(dialogue, SP_REASON_INTERNAL_ERROR, 0, "out of memory");
            return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
        }
        ehlo->tried = ehlo->ok = true;
        return after_hello(dialogue, rest, now_ns);
    }
    if (may_fall_back(dialogue, reply))
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_HELO, now_ns);
    if ((reply->code == 500 || reply->code == 502) && !dialogue->in_tls &&
        dialogue->endpoint->tls == SP_TLS_STARTTLS) {
        fail_by_reply(dialogue, SP_REASON_STARTTLS_NOT_SUPPORTED, reply);
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
    }
    return reject(dialogue, reply, SP_REASON_REJECTED_TEMPORARY, SP_REASON_REJECTED_PERMANENT,
                  SP_REASON_UNEXPECTED_REPLY, now_ns);
}

static struct sp_action on_helo(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                size_t rest, int64_t now_ns)
{
    if (reply->code != 250)
        return reject(dialogue, reply, SP_REASON_REJECTED_TEMPORARY, SP_REASON_REJECTED_PERMANENT,
                      SP_REASON_UNEXPECTED_REPLY, now_ns);
    current_ehlo(dialogue)->ok = true;
    return after_hello(dialogue, rest, now_ns);
}

static struct sp_action on_starttls(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                    size_t rest, int64_t now_ns)
{
    dialogue->evidence->starttls_code = reply->code;
    if (reply->code == 220)
        return rest > 0 ? abort_injection(dialogue, rest, now_ns)
                        : sp_dialogue_enter(dialogue, SP_DIALOGUE_TLS, now_ns);
    return reject(dialogue, reply, SP_REASON_STARTTLS_TEMPORARY, SP_REASON_STARTTLS_REFUSED,
                  SP_REASON_STARTTLS_REFUSED, now_ns);
}

/* What the reply is worth is for checks to say; here it only decides about the next command. */
static struct sp_action on_script(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                  int64_t now_ns)
{
    struct sp_evidence *evidence = dialogue->evidence;
    int needs = dialogue->scripted->needs;
    evidence->answers[evidence->answer_count++] = reply;
    if (reply->code == 421)
        return sp_dialogue_leave(dialogue, reply, now_ns);
    bool more = evidence->answer_count < dialogue->script->command_count &&
                (needs == 0 || reply->code == needs);
    return sp_dialogue_enter(dialogue, more ? SP_DIALOGUE_SCRIPT : SP_DIALOGUE_QUIT, now_ns);
}

static struct sp_action on_reply(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                 size_t rest, int64_t now_ns)
{
    /* RFC 5321 §4.2.1: the code is the same on every line. Which one would be meant? */
    if ((reply->quirks & SP_QUIRK_MIXED_CODES) && dialogue->state != SP_DIALOGUE_QUIT) {
        sp_dialogue_fail(dialogue, SP_REASON_PROTOCOL_ERROR, 0,
                         "one reply has lines with different codes");
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
    }
    switch (dialogue->state) {
    case SP_DIALOGUE_BANNER: return on_banner(dialogue, reply, rest, now_ns);
    case SP_DIALOGUE_EHLO: return on_ehlo(dialogue, reply, rest, now_ns);
    case SP_DIALOGUE_HELO: return on_helo(dialogue, reply, rest, now_ns);
    case SP_DIALOGUE_STARTTLS: return on_starttls(dialogue, reply, rest, now_ns);
    case SP_DIALOGUE_AUTH_COMPUTE:
    case SP_DIALOGUE_AUTH:
    case SP_DIALOGUE_AUTH_CANCEL: return sp_dialogue_on_auth_reply(dialogue, reply, now_ns);
    case SP_DIALOGUE_SCRIPT: return on_script(dialogue, reply, now_ns);
    case SP_DIALOGUE_QUIT: dialogue->evidence->quit = reply; break;
    case SP_DIALOGUE_START:
    case SP_DIALOGUE_TLS:
    case SP_DIALOGUE_CLOSED:
    case SP_DIALOGUE_STATE_COUNT: break;
    }
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
}

/* --- from octets to replies ------------------------------------------------------------------- */

static void record_reply(struct sp_dialogue *dialogue, const struct sp_reply *reply, int64_t now_ns)
{
    char line[SP_LIMIT_REPLY_LINE + 8];
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct sp_text *text = &reply->lines[i];
        bool last = i + 1 == reply->line_count;
        int len = snprintf(line, sizeof line, "%03d%s", reply->code,
                           !last       ? "-"
                           : text->len ? " "
                                       : "");
        size_t room = sizeof line - (size_t)len;
        size_t take = text->len < room ? text->len : room;
        memcpy(line + len, text->data, take);
        note(dialogue, SP_FROM_SERVER, now_ns, line, (size_t)len + take);
    }
}

/* RFC 2034 §4: enhanced codes only when the server lists them, and never on a greeting or EHLO. */
static bool enhanced_allowed(struct sp_dialogue *dialogue)
{
    if (dialogue->state < SP_DIALOGUE_STARTTLS)
        return false;
    return sp_ehlo_find(current_ehlo(dialogue), "ENHANCEDSTATUSCODES") != NULL;
}

/* How many replies one session can have. */
static size_t count_places(const struct sp_dialogue *dialogue)
{
    return SP_LIMIT_REPLIES + SP_LIMIT_AUTH_ROUNDS +
           (dialogue->script ? dialogue->script->command_count : 0);
}

/* The text behind "334 ". False: out of memory. */
static bool keep_challenge(struct sp_dialogue *dialogue)
{
    size_t len;
    const char *raw = (const char *)sp_reply_received(&dialogue->parser, &len);
    sp_buf_wipe(&dialogue->challenge);
    if (dialogue->state != SP_DIALOGUE_AUTH || dialogue->parser.code != 334)
        return true;
    while (len > 0 && (raw[len - 1] == '\n' || raw[len - 1] == '\r'))
        len--;
    /* All the room at once: growing would leave copies behind. */
    if (len > 4 && (!sp_buf_reserve(&dialogue->challenge, len - 4) ||
                    !sp_buf_append(&dialogue->challenge, raw + 4, len - 4)))
        return false;
    return sp_dialogue_hide_proof(dialogue);
}

static struct sp_reply *keep_reply(struct sp_dialogue *dialogue, int64_t now_ns)
{
    struct sp_evidence *evidence = dialogue->evidence;
    size_t places = count_places(dialogue);
    if (!evidence->replies)
        evidence->replies = sp_arena_array(evidence->arena, places, sizeof *evidence->replies);
    if (!evidence->replies || evidence->reply_count == places)
        return NULL;
    struct sp_reply *reply = &evidence->replies[evidence->reply_count];
    if (!keep_challenge(dialogue))
        return NULL;
    sp_dialogue_mask_reply(dialogue);
    if (!sp_reply_take(&dialogue->parser, evidence->arena, reply))
        return NULL;
    evidence->reply_count++;
    reply->phase = sp_dialogue_phase(dialogue);
    reply->ns = now_ns - dialogue->asked_ns;
    if (enhanced_allowed(dialogue))
        sp_reply_enhanced(evidence->arena, reply);
    record_reply(dialogue, reply, now_ns);
    return reply;
}

/* A script or a login can have more replies than there is room for if each of them is huge. The last
 * quarter is for what is made of the facts. */
static bool is_flood(const struct sp_dialogue *dialogue)
{
    return dialogue->state >= SP_DIALOGUE_AUTH_COMPUTE && dialogue->state <= SP_DIALOGUE_SCRIPT &&
           sp_arena_used(dialogue->evidence->arena) > SP_LIMIT_ARENA / 4 * 3;
}

/* What can't be taken for a reply is at least shown: its first octets go into the transcript. */
#define SHOWN_OCTETS 512u

/* A lost reply to what takes leave costs nothing: all that was asked for is known by then, and a server that
 * hangs up must not hide what was wrong with its login. */
static bool is_leaving(const struct sp_dialogue *dialogue)
{
    return dialogue->state == SP_DIALOGUE_QUIT || dialogue->state == SP_DIALOGUE_AUTH_CANCEL;
}

static struct sp_action abort_with(struct sp_dialogue *dialogue, enum sp_reason reason,
                                   const char *detail, int64_t now_ns)
{
    size_t len = 0;
    sp_dialogue_mask_reply(dialogue);
    const uint8_t *received = sp_reply_received(&dialogue->parser, &len);
    if (len > 0)
        note(dialogue, SP_FROM_SERVER, now_ns, (const char *)received,
             len < SHOWN_OCTETS ? len : SHOWN_OCTETS);
    if (!is_leaving(dialogue))
        sp_dialogue_fail(dialogue, reason, 0, detail);
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
}

static struct sp_action on_bytes(struct sp_dialogue *dialogue, const struct sp_event *event,
                                 size_t *out_used)
{
    char detail[160];
    switch (sp_reply_parse(&dialogue->parser, event->data, event->len, out_used)) {
    case SP_REPLY_MORE: return (struct sp_action){.kind = SP_ACTION_WAIT};
    case SP_REPLY_TOO_LARGE:
        return abort_with(dialogue, SP_REASON_REPLY_TOO_LARGE,
                          "the reply is longer than any server needs; reading was stopped",
                          event->now_ns);
    case SP_REPLY_NOMEM:
        return abort_with(dialogue, SP_REASON_INTERNAL_ERROR, "out of memory", event->now_ns);
    case SP_REPLY_BAD:
        snprintf(detail, sizeof detail, "this is not an SMTP reply: it looks like %s",
                 sp_reply_guess(&dialogue->parser));
        return abort_with(dialogue, SP_REASON_PROTOCOL_ERROR, detail, event->now_ns);
    case SP_REPLY_DONE: break;
    }
    if (is_flood(dialogue))
        return abort_with(
            dialogue, SP_REASON_REPLY_TOO_LARGE,
            "the replies together are longer than any server needs; reading was stopped",
            event->now_ns);
    struct sp_reply *reply = keep_reply(dialogue, event->now_ns);
    if (!reply)
        return abort_with(dialogue, SP_REASON_INTERNAL_ERROR, "out of memory", event->now_ns);
    return on_reply(dialogue, reply, event->len - *out_used, event->now_ns);
}

struct sp_action sp_dialogue_step(struct sp_dialogue *dialogue, const struct sp_event *event,
                                  size_t *out_used)
{
    bool implicit = dialogue->endpoint->tls == SP_TLS_IMPLICIT;
    *out_used = 0;
    sp_buf_wipe(&dialogue->line); /* it has been sent */
    if (dialogue->state == SP_DIALOGUE_CLOSED)
        return (struct sp_action){.kind = SP_ACTION_CLOSE};
    switch (event->kind) {
    case SP_EVENT_OPENED:
        /* The span of connecting is the session's; this only opens the next one. */
        return sp_dialogue_enter(dialogue, implicit ? SP_DIALOGUE_TLS : SP_DIALOGUE_BANNER,
                                 event->now_ns);
    case SP_EVENT_TLS_UP:
        end_span(dialogue, event->now_ns);
        dialogue->in_tls = true;
        return sp_dialogue_enter(dialogue, implicit ? SP_DIALOGUE_BANNER : SP_DIALOGUE_EHLO,
                                 event->now_ns);
    case SP_EVENT_COMPUTED: return sp_dialogue_on_computed(dialogue, event->now_ns);
    case SP_EVENT_BYTES: return on_bytes(dialogue, event, out_used);
    case SP_EVENT_FAILED:
        dialogue->evidence->auth.computing = dialogue->state == SP_DIALOGUE_AUTH_COMPUTE;
        if (event->sys_errno == ETIMEDOUT && sp_dialogue_waits_for_ticket(dialogue))
            sp_dialogue_blame_ticket(dialogue, event->detail);
        else if (!is_leaving(dialogue))
            sp_dialogue_fail(dialogue, event->reason, event->sys_errno, event->detail);
        else
            dialogue->evidence->quit_errno = event->send_errno;
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, event->now_ns);
    }
    return (struct sp_action){.kind = SP_ACTION_CLOSE};
}
