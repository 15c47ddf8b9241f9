/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile server against the whole dialogue. The first octet chooses the TLS mode, the mode of the
 * session and how the rest is cut into pieces, the second one whether there is a script and which;
 * 0xFF octets let TLS come up where it is being waited for. The invariants: it ends, nothing but fixed
 * verbs and the script's commands is sent, the latter in order and at most once, STARTTLS is sent at
 * most once and never inside TLS, and the script's secret stands nowhere in the facts.
 */
#include "probe/dialogue.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "abcd" /* short, so that the fuzzer finds it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sp_script_command commands[] = {
    {SP_PHASE_MAIL, "MAIL FROM:<a@example.org>", false, 0},
    {SP_PHASE_MAIL, "HELP", false, 0},
    {SP_PHASE_AUTH, "AUTH LOGIN", false, 334},
    {SP_PHASE_AUTH, "YWJjZA==", true, 0},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

struct sent {
    unsigned starttls;
    size_t scripted;
};

static bool is_line(const struct sp_action *action, const char *line)
{
    size_t len = strlen(line);
    return action->len == len + 2 && memcmp(action->data, line, len) == 0 &&
           memcmp(action->data + len, "\r\n", 2) == 0;
}

static void check_sent(const struct sp_dialogue *dialogue, const struct sp_action *action,
                       struct sent *sent)
{
    static const char *const verbs[] = {"EHLO p.example", "HELO p.example", "LHLO p.example",
                                        "STARTTLS", "QUIT"};
    size_t allowed = dialogue->script ? dialogue->script->command_count : 0;
    if (dialogue->state == SP_DIALOGUE_SCRIPT) {
        if (sent->scripted == allowed || !is_line(action, commands[sent->scripted++].text))
            abort();
        return;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (!is_line(action, verbs[i]))
            continue;
        if (i == 3 && (sent->starttls++ > 0 || dialogue->in_tls))
            abort();
        return;
    }
    abort();
}

/* --- the secret ------------------------------------------------------------------------------- */

static void check_text(const char *text, size_t len)
{
    if (len > 0 && memmem(text, len, SECRET, strlen(SECRET)) != NULL)
        abort();
}

static void check_secret(const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->reply_count; i++) {
        const struct sp_reply *reply = &evidence->replies[i];
        check_text(reply->raw.data, reply->raw.len);
        for (size_t k = 0; k < reply->line_count; k++)
            check_text(reply->lines[k].data, reply->lines[k].len);
    }
    for (const struct sp_transcript_line *line = evidence->transcript.first; line;
         line = line->next)
        check_text(line->text.data, line->text.len);
    if (evidence->failure.detail)
        check_text(evidence->failure.detail, strlen(evidence->failure.detail));
}

static void check_answers(const struct sp_evidence *evidence, const struct sent *sent)
{
    if (evidence->answer_count > sent->scripted)
        abort();
    for (size_t i = 0; i < evidence->answer_count; i++)
        if (evidence->answers[i] < evidence->replies ||
            evidence->answers[i] >= evidence->replies + evidence->reply_count ||
            evidence->answers[i]->phase != commands[i].phase)
            abort();
}

/* --- one session ------------------------------------------------------------------------------ */

static bool may_begin(const void *data, const struct sp_evidence *evidence)
{
    (void)data;
    if (!sp_evidence_ehlo(evidence)->ok)
        abort();
    return evidence->reply_count % 2 == 0;
}

static void play(struct sp_evidence *evidence, const uint8_t *data, size_t size, size_t piece)
{
    struct sp_dialogue dialogue;
    sp_dialogue_init(&dialogue, evidence);
    struct sp_event event = {.kind = SP_EVENT_OPENED};
    struct sent sent = {0};
    size_t at = 0, steps = 0;
    for (;;) {
        size_t used = 0;
        event.now_ns++;
        struct sp_action action = sp_dialogue_step(&dialogue, &event, &used);
        if (++steps > size * 2 + 16)
            abort();
        if (action.kind == SP_ACTION_CLOSE)
            break;
        if (action.kind == SP_ACTION_SEND)
            check_sent(&dialogue, &action, &sent);
        at += used;
        event.kind = SP_EVENT_BYTES;
        event.data = data + at;
        event.len = size - at < piece ? size - at : piece;
        if (action.kind == SP_ACTION_START_TLS && at < size && data[at] == 0xFF) {
            event.kind = SP_EVENT_TLS_UP;
            at++;
        } else if (action.kind == SP_ACTION_START_TLS || event.len == 0) {
            event.kind = SP_EVENT_FAILED;
            event.reason = SP_REASON_CONNECTION_CLOSED;
            event.detail = "closed after " SECRET;
        }
    }
    if (evidence->replies && evidence->reply_count > SP_LIMIT_REPLIES + COMMAND_COUNT)
        abort();
    check_answers(evidence, &sent);
    if (dialogue.script && dialogue.script->secrets)
        check_secret(evidence);
    sp_dialogue_free(&dialogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct sp_secrets secrets;
    sp_secrets_init(&secrets);
    const struct sp_script script = {
        .helo = data[1] & 2,
        .commands = commands,
        .command_count = data[1] & 4 ? COMMAND_COUNT : data[1] >> 6,
        .may_begin = data[1] & 8 ? may_begin : NULL,
        .secrets = data[1] & 16 && sp_secrets_add(&secrets, SECRET) ? &secrets : NULL,
    };
    const struct sp_options options = {.ehlo_name = "p.example",
                                       .script = data[1] & 1 ? &script : NULL};
    const struct sp_endpoint endpoint = {
        .input = "p",
        .host = "p",
        .mode = data[0] & 4 ? SP_MODE_LMTP : SP_MODE_SMTP,
        .tls = (enum sp_tls_mode)((data[0] & 3) + 1),
        .options = &options,
    };
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    if (evidence)
        play(evidence, data + 2, size - 2, (size_t)(data[0] >> 3) + 1);
    sp_evidence_free(evidence);
    sp_secrets_free(&secrets);
    return 0;
}
