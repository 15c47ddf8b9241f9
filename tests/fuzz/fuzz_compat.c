/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile server against compat mode, from the dialogue to the text. The first octet chooses the
 * command line, the second one how the rest is cut into pieces; 0xFF octets let TLS come up where it is
 * being waited for. The invariants: the text has lines and no more than one "|", with performance data
 * where monitoring systems look for them; a state on the first line is no worse than the exit state;
 * nothing steers a terminal or a browser; a password stands nowhere; and it is OK only when hello,
 * MAIL and login were taken.
 */
#include "nagios/compat_session.h"
#include "nagios/compat_text.h"
#include "probe/dialogue.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "g9z8" /* neither form begins like the end of an escape: \x9c */
#define SECRET64 "Zzl6OA=="
#define WORDS_MAX 12
#define NOW_S 1788256800

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lines[][WORDS_MAX] = {
    {NULL},
    {"-e", "554", "-v", NULL},
    {"-S", NULL},
    {"-S", "-D", "14,7", "-f", "a@b", "-v", NULL},
    {"-f", "a@b", "-C", "NOOP", "-R", "^2", "-C", "HELP", "-R", "ok$", NULL},
    {"-A", "LOGIN", "-U", "user", "-P", SECRET, "-vvv", "-C", "NOOP", "-R", "^2", NULL},
    {"-L", "-e", "mx", NULL},
    {"-s", "-D", "40", "-w", "0.01", "-A", "LOGIN", "-U", "u", "-P", SECRET, NULL},
};
#define LINE_COUNT (sizeof lines / sizeof *lines)

/* --- one session ------------------------------------------------------------------------------ */

static void play(struct sp_evidence *evidence, const uint8_t *data, size_t size, size_t piece)
{
    struct sp_dialogue dialogue;
    sp_dialogue_init(&dialogue, evidence);
    struct sp_event event = {.kind = SP_EVENT_OPENED};
    size_t at = 0;
    for (;;) {
        size_t used = 0;
        event.now_ns++;
        struct sp_action action = sp_dialogue_step(&dialogue, &event, &used);
        if (action.kind == SP_ACTION_CLOSE)
            break;
        at += used;
        event.kind = SP_EVENT_BYTES;
        event.data = data + at;
        event.len = size - at < piece ? size - at : piece;
        if (action.kind == SP_ACTION_START_TLS && at < size && data[at] == 0xFF) {
            event.kind = SP_EVENT_TLS_UP;
            evidence->tls.established = true;
            at++;
        } else if (action.kind == SP_ACTION_START_TLS || event.len == 0) {
            event.kind = SP_EVENT_FAILED;
            event.reason = size % 2 ? SP_REASON_CONNECTION_CLOSED : SP_REASON_DEADLINE_EXCEEDED;
            event.detail = "closed";
        }
    }
    sp_dialogue_free(&dialogue);
}

static void add_certificate(struct sp_evidence *evidence, uint8_t days)
{
    struct sp_cert *cert = sp_arena_alloc(evidence->arena, sizeof *cert);
    if (cert == NULL)
        abort();
    cert->parsed = cert->time_valid = true;
    cert->common_name = "mx|<b>\n|x=1";
    cert->not_before = NOW_S - 86400;
    cert->not_after = NOW_S + ((int64_t)days - 8) * 86400;
    evidence->tls.certs = cert;
    evidence->tls.cert_count = 1;
}

/* --- invariants ------------------------------------------------------------------------------- */

static void check_state(const char *text, enum sp_state state)
{
    static const char *const prefixes[] = {"SMTP ", ""};
    for (int i = 0; i < SP_STATE_COUNT; i++) {
        for (size_t k = 0; k < 2; k++) {
            const char *name = sp_state_name((enum sp_state)i);
            size_t len = strlen(prefixes[k]);
            if (strncmp(text, prefixes[k], len) == 0 &&
                strncmp(text + len, name, strlen(name)) == 0 &&
                strncmp(text + len + strlen(name), " - ", 3) == 0 &&
                sp_state_worst((enum sp_state)i, state) != state)
                abort();
        }
    }
}

static void check_text(const char *text, size_t len, bool login)
{
    const char *bar = memchr(text, '|', len), *first = memchr(text, '\n', len);
    if (len == 0 || first == NULL || first == text || text[len - 1] != '\n')
        abort();
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f ||
            text[i] == '<' || text[i] == '>')
            abort();
    if (login && (memmem(text, len, SECRET, strlen(SECRET)) != NULL ||
                  memmem(text, len, SECRET64, strlen(SECRET64)) != NULL))
        abort();
    if (bar == NULL)
        return;
    const char *end = memchr(bar, '\n', len - (size_t)(bar - text));
    if (strncmp(bar, "|time=", 6) != 0 ||
        memchr(bar + 1, '|', len - (size_t)(bar + 1 - text)) != NULL ||
        (bar > first && end + 1 != text + len))
        abort();
}

static void check_ok(const struct sp_compat *compat, const struct sp_evidence *evidence)
{
    if (strcmp(compat->expect, "220") != 0)
        return;
    if (evidence->banner == NULL || evidence->banner->code != 220)
        abort();
    for (size_t i = 0; i < evidence->reply_count; i++) {
        const struct sp_reply *reply = &evidence->replies[i];
        if ((reply->phase == SP_PHASE_EHLO || reply->phase == SP_PHASE_EHLO_TLS) &&
            reply->code != 250)
            abort();
    }
    if (compat->from != NULL && (evidence->answer_count == 0 || evidence->answers[0]->code >= 400))
        abort();
    size_t login = (compat->from != NULL) + compat->command_count + 2;
    if (compat->login &&
        (evidence->answer_count != login + 1 || evidence->answers[login]->code != 235))
        abort();
    if (compat->tls != SP_TLS_NONE && !evidence->tls_ehlo.ok)
        abort();
}

/* --- one run ---------------------------------------------------------------------------------- */

static void judge(const struct sp_compat *compat, const struct sp_evidence *evidence)
{
    struct sp_compat_verdict verdict;
    struct sp_writer writer;
    sp_compat_judge(compat, evidence, NULL, &verdict);
    if (verdict.out_of_memory)
        abort();
    sp_writer_init(&writer, -1);
    sp_compat_write(&writer, compat, evidence, &verdict);
    if (writer.error != 0)
        abort();
    size_t len = writer.buf.len;
    sp_write(&writer, "", 1);
    const char *text = (const char *)writer.buf.data;
    check_text(text, len, compat->login);
    check_state(text, verdict.state);
    if (verdict.state == SP_STATE_OK)
        check_ok(compat, evidence);
    sp_writer_free(&writer);
    sp_compat_verdict_free(&verdict);
}

static void parse(struct sp_compat *compat, size_t index)
{
    char storage[WORDS_MAX + 5][16] = {"check_smtp", "-H", "mx.test", "-F", "me"};
    char *argv[WORDS_MAX + 6] = {NULL};
    int argc = 5;
    for (int i = 0; i < 5; i++)
        argv[i] = storage[i];
    for (size_t i = 0; i < WORDS_MAX && lines[index][i] != NULL; i++, argc++) {
        memcpy(storage[argc], lines[index][i], strlen(lines[index][i]) + 1);
        argv[argc] = storage[argc];
    }
    if (sp_compat_parse(argc, argv, compat) != SP_COMPAT_RUN)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_compat_session session;
    struct sp_compat compat;
    char error[256];
    bool bad_host;
    if (size < 3)
        return 0;
    parse(&compat, data[0] % LINE_COUNT);
    if (!sp_compat_session_init(&session, &compat, &bad_host, error, sizeof error))
        abort();
    struct sp_evidence *evidence = sp_evidence_new(&session.endpoint);
    if (evidence != NULL) {
        evidence->started_ms = (int64_t)NOW_S * 1000;
        evidence->total_ns = 42408000;
        evidence->quit_errno = data[0] & 0x80;
        evidence->ehlo_name = session.options.ehlo_name;
        play(evidence, data + 2, size - 2, (size_t)data[1] + 1);
        if (evidence->tls.established)
            add_certificate(evidence, data[0] >> 3 & 15);
        judge(&compat, evidence);
    }
    sp_evidence_free(evidence);
    sp_compat_session_free(&session);
    sp_compat_free(&compat);
    return 0;
}
