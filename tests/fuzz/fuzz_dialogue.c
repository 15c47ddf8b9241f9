/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile server against the whole dialogue. The first octet chooses the TLS mode, the mode of the
 * session and how the rest is cut into pieces; 0xFF octets let TLS come up where it is being waited for.
 * The invariants: it ends, nothing but fixed verbs is sent, STARTTLS is sent at most once and never
 * inside TLS.
 */
#include "probe/dialogue.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sent(const struct sp_dialogue *dialogue, const struct sp_action *action,
                       unsigned *starttls_count)
{
    static const char *const verbs[] = {"EHLO p.example\r\n", "HELO p.example\r\n",
                                        "LHLO p.example\r\n", "STARTTLS\r\n", "QUIT\r\n"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (action->len != strlen(verbs[i]) || memcmp(action->data, verbs[i], action->len) != 0)
            continue;
        if (i == 3 && ((*starttls_count)++ > 0 || dialogue->in_tls))
            abort();
        return;
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const struct sp_options options = {.ehlo_name = "p.example"};
    const struct sp_endpoint endpoint = {
        .input = "p",
        .host = "p",
        .mode = data[0] & 4 ? SP_MODE_LMTP : SP_MODE_SMTP,
        .tls = (enum sp_tls_mode)((data[0] & 3) + 1),
        .options = &options,
    };
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    if (!evidence)
        return 0;
    size_t piece = (size_t)(data[0] >> 3) + 1;
    struct sp_dialogue dialogue;
    sp_dialogue_init(&dialogue, evidence);
    struct sp_event event = {.kind = SP_EVENT_OPENED};
    unsigned starttls_count = 0;
    size_t at = 1, steps = 0;
    for (;;) {
        size_t used = 0;
        event.now_ns++;
        struct sp_action action = sp_dialogue_step(&dialogue, &event, &used);
        if (++steps > size * 2 + 16)
            abort();
        if (action.kind == SP_ACTION_CLOSE)
            break;
        if (action.kind == SP_ACTION_SEND)
            check_sent(&dialogue, &action, &starttls_count);
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
        }
    }
    if (evidence->replies && evidence->reply_count > SP_LIMIT_REPLIES)
        abort();
    sp_dialogue_free(&dialogue);
    sp_evidence_free(evidence);
    return 0;
}
