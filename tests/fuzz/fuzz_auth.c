/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile server against a session that logs in. The first octet chooses the TLS mode, whether the server
 * is proven and how the rest is cut into pieces; the second one what there is to log in with and which
 * mechanisms are named; 0xFF lets TLS come up, 0xFE lets a step of the login be computed where that is
 * awaited. The invariants: it ends; AUTH is sent at most once; a secret goes out in clear only where it may,
 * nothing of a login does where the certificate failed; no secret stands in the facts.
 */
#include "probe/base64.h"
#include "probe/dialogue.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "geheim-123"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char secret_file[] = "/tmp/sp-fuzz-auth-XXXXXX";

static void remove_file(void)
{
    unlink(secret_file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    int fd = mkstemp(secret_file);
    if (fd < 0 || write(fd, SECRET "\n", sizeof SECRET) != (ssize_t)sizeof SECRET)
        abort();
    close(fd);
    atexit(remove_file);
    return 0;
}

static void check_text(const char *text, size_t len)
{
    if (len > 0 && memmem(text, len, SECRET, strlen(SECRET)) != NULL)
        abort();
}

/* What was stored before the secret was read is masked as soon as it is; a server that knows it all the same
 * may say it to a session that never gets as far. */
static void check_facts(const struct sp_evidence *evidence, bool known)
{
    for (size_t i = 0; known && i < evidence->reply_count; i++) {
        const struct sp_reply *reply = &evidence->replies[i];
        check_text(reply->raw.data, reply->raw.len);
        for (size_t k = 0; k < reply->line_count; k++)
            check_text(reply->lines[k].data, reply->lines[k].len);
    }
    for (const struct sp_transcript_line *line = evidence->transcript.first; known && line;
         line = line->next)
        check_text(line->text.data, line->text.len);
    const char *const texts[] = {evidence->failure.detail, evidence->auth.detail,
                                 evidence->auth.server_said};
    for (size_t i = 0; known && i < 3; i++)
        if (texts[i])
            check_text(texts[i], strlen(texts[i]));
    if (evidence->auth.result == SP_AUTH_OK &&
        (!evidence->auth.reply || evidence->auth.reply->code != 235 || !evidence->auth.mechanism))
        abort();
}

/* What stands in a line that is sent, decoded where it is base64. */
static bool shows_secret(const struct sp_action *action)
{
    static char octets[SP_LIMIT_COMMAND_AUTH];
    size_t len = action->len - 2, decoded = 0;
    const char *word = memrchr(action->data, ' ', len);
    word = word ? word + 1 : action->data;
    if (memmem(action->data, len, SECRET, strlen(SECRET)))
        return true;
    return sp_base64_decode(word, len - (size_t)(word - action->data), octets, &decoded) &&
           memmem(octets, decoded, SECRET, strlen(SECRET)) != NULL;
}

static void check_sent(const struct sp_dialogue *dialogue, const struct sp_action *action,
                       unsigned *auths)
{
    const struct sp_evidence *evidence = dialogue->evidence;
    bool insecure = dialogue->endpoint->options->auth_insecure;
    bool proven = dialogue->in_tls && evidence->verify.authenticated_by;
    if (action->len < 2 || memcmp(action->data + action->len - 2, "\r\n", 2) != 0 ||
        memchr(action->data, '\r', action->len - 2) || memchr(action->data, '\n', action->len - 2))
        abort();
    if (dialogue->state != SP_DIALOGUE_AUTH && shows_secret(action))
        abort();
    if (dialogue->state == SP_DIALOGUE_AUTH && !insecure &&
        dialogue->endpoint->verify != SP_VERIFY_OFF && dialogue->in_tls && !proven)
        abort();
    if (shows_secret(action) && !insecure && !proven)
        abort();
    if (action->len > 5 && memcmp(action->data, "AUTH ", 5) == 0 && (*auths)++ > 0)
        abort();
}

static void play(struct sp_evidence *evidence, const struct sp_credentials *credentials,
                 const uint8_t *data, size_t size, size_t piece)
{
    struct sp_dialogue dialogue;
    sp_dialogue_init(&dialogue, evidence);
    dialogue.login =
        (struct sp_login){.wanted = true, .fresh = true, .credentials = credentials, .now_ms = 1};
    struct sp_event event = {.kind = SP_EVENT_OPENED};
    size_t at = 0, steps = 0;
    unsigned auths = 0;
    bool computing = false;
    for (;;) {
        size_t used = 0;
        event.now_ns++;
        struct sp_action action = sp_dialogue_step(&dialogue, &event, &used);
        if (++steps > size * 3 + 64)
            abort();
        if (action.kind == SP_ACTION_CLOSE)
            break;
        if (action.kind == SP_ACTION_SEND)
            check_sent(&dialogue, &action, &auths);
        computing |= action.kind == SP_ACTION_COMPUTE;
        at += used;
        event.kind = SP_EVENT_BYTES;
        event.data = data + at;
        event.len = size - at < piece ? size - at : piece;
        if (computing && at < size && data[at] == 0xFE) {
            sp_sasl_compute(dialogue.sasl);
            event.kind = SP_EVENT_COMPUTED;
            computing = false;
            at++;
        } else if (action.kind == SP_ACTION_START_TLS && at < size && data[at] == 0xFF) {
            event.kind = SP_EVENT_TLS_UP;
            dialogue.login.binding =
                (struct sp_binding){.type = SP_BINDING_TLS_EXPORTER, .len = 32};
            at++;
        } else if (action.kind == SP_ACTION_START_TLS || event.len == 0) {
            event.kind = SP_EVENT_FAILED;
            event.reason = SP_REASON_CONNECTION_CLOSED;
            event.detail = dialogue.secrets.count > 0 ? "closed after " SECRET : "closed";
        }
    }
    check_facts(evidence, dialogue.secrets.count > 0);
    sp_dialogue_free(&dialogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"LOGIN",       "CRAM-MD5", "DIGEST-MD5",  "NTLM",
                                        "SCRAM-SHA-1", "XOAUTH2",  "OAUTHBEARER", "ANONYMOUS"};
    if (size < 2)
        return 0;
    const char *named = names[data[1] >> 5];
    bool token = data[1] & 1, exposed;
    struct sp_options options = {.ehlo_name = "p.example",
                                 .password_fd = SP_NO_FD,
                                 .user = "bob",
                                 .password_file = token ? NULL : secret_file,
                                 .token_file = token ? secret_file : NULL,
                                 .auth_insecure = data[1] & 2,
                                 .auth = {&named, data[1] & 4 ? 1 : 0}};
    const struct sp_endpoint endpoint = {
        .input = "p",
        .host = "p",
        .server_name = "p",
        .port = 25,
        .tls = (enum sp_tls_mode)((data[0] & 3) + 1),
        .verify = data[1] & 8 ? SP_VERIFY_OFF : SP_VERIFY_REPORT,
        .options = &options,
    };
    char error[512];
    const char *option;
    struct sp_credentials *credentials =
        sp_credentials_load(&options, NULL, &exposed, &option, error, sizeof error);
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    if (evidence && (data[0] & 4))
        evidence->verify.authenticated_by = "pkix";
    if (evidence && credentials)
        play(evidence, credentials, data + 2, size - 2, (size_t)(data[0] >> 3) + 1);
    sp_evidence_free(evidence);
    sp_credentials_free(credentials);
    return 0;
}
