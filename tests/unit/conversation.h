/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays whole conversations as strings, for the tests of the dialogue:
 *   "S text"  the server sends text        "C text"  the client must send text
 *   "T"       the client must start TLS, which then comes up
 *   "E"       the server closes            "O"       the time is up
 *   "K"       the client must compute a step of its login, which is done
 *   "X"       the client must have closed
 */
#ifndef SP_TESTS_UNIT_CONVERSATION_H
#define SP_TESTS_UNIT_CONVERSATION_H

#include "probe/dialogue.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_STEPS 24

#define EHLO "C EHLO probe.example\r\n"
#define BANNER "S 220 mx.example ESMTP\r\n"
#define QUIT "C QUIT\r\n"
#define BYE "S 221 bye\r\n"
#define STARTTLS_LISTED "S 250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"

struct player {
    struct sp_dialogue dialogue;
    struct sp_action action; /* the last one that was not WAIT and not yet asked for */
    const char *row;
};

static inline void step(struct player *player, struct sp_event event)
{
    for (;;) {
        size_t used = 0;
        struct sp_action action = sp_dialogue_step(&player->dialogue, &event, &used);
        if (action.kind != SP_ACTION_WAIT)
            player->action = action;
        assert_true(used <= event.len);
        if (event.kind != SP_EVENT_BYTES || used == event.len ||
            action.kind == SP_ACTION_START_TLS || action.kind == SP_ACTION_CLOSE)
            return;
        event.data += used;
        event.len -= used;
    }
}

static inline void server_sends(struct player *player, const char *text, size_t piece)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len; at += piece) {
        size_t take = len - at < piece ? len - at : piece;
        step(player, (struct sp_event){
                         .kind = SP_EVENT_BYTES, .data = (const uint8_t *)text + at, .len = take});
    }
}

static inline void expect_action(struct player *player, enum sp_action_kind kind, const char *text)
{
    if (player->action.kind != kind)
        fail_msg("%s: action %d instead of %d", player->row, (int)player->action.kind, (int)kind);
    if (text) {
        char *sent = strndup(player->action.data, player->action.len);
        assert_non_null(sent);
        assert_string_equal(sent, text);
        free(sent);
    }
    player->action.kind = SP_ACTION_WAIT;
}

static inline void play_step(struct player *player, const char *text, size_t piece)
{
    switch (text[0]) {
    case 'S': server_sends(player, text + 2, piece); break;
    case 'C': expect_action(player, SP_ACTION_SEND, text + 2); break;
    case 'T':
        expect_action(player, SP_ACTION_START_TLS, NULL);
        step(player, (struct sp_event){.kind = SP_EVENT_TLS_UP});
        break;
    case 'K':
        expect_action(player, SP_ACTION_COMPUTE, NULL);
        sp_sasl_compute(player->dialogue.sasl);
        step(player, (struct sp_event){.kind = SP_EVENT_COMPUTED});
        break;
    case 'E':
        step(player,
             (struct sp_event){.kind = SP_EVENT_FAILED, .reason = SP_REASON_CONNECTION_CLOSED});
        break;
    case 'O':
        step(player, (struct sp_event){.kind = SP_EVENT_FAILED,
                                       .reason = SP_REASON_REPLY_TIMEOUT,
                                       .sys_errno = ETIMEDOUT,
                                       .detail = "the time is up"});
        break;
    case 'X': expect_action(player, SP_ACTION_CLOSE, NULL); break;
    default: fail_msg("%s: no such step: %s", player->row, text);
    }
}

/* Plays at most MAX_STEPS steps, up to a NULL, from the connection on; the octets of the server come in
 * pieces of `piece`. */
static inline struct sp_evidence *play_steps(const char *name, const struct sp_endpoint *endpoint,
                                             const char *const *steps, size_t piece)
{
    struct sp_evidence *evidence = sp_evidence_new(endpoint);
    assert_non_null(evidence);
    struct player player = {.row = name, .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    for (size_t i = 0; i < MAX_STEPS && steps[i]; i++)
        play_step(&player, steps[i], piece);
    assert_int_equal(player.action.kind, SP_ACTION_WAIT);
    sp_dialogue_free(&player.dialogue);
    return evidence;
}

#endif
