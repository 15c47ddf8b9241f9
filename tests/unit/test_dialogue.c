/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole conversations as strings. A script is a list of steps, each played whole and octet by octet:
 *   "S text"  the server sends text        "C text"  the client must send text
 *   "T"       the client must start TLS, which then comes up
 *   "E"       the server closes            "O"       the time is up
 *   "X"       the client must have closed
 */
#include "probe/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX_STEPS 16

struct row {
    const char *name;
    enum sp_tls_mode tls;
    enum sp_mode mode;
    const char *steps[MAX_STEPS];
    enum sp_reason reason;
    enum sp_phase phase;
};

#define EHLO "C EHLO probe.example\r\n"
#define BANNER "S 220 mx.example ESMTP\r\n"
#define QUIT "C QUIT\r\n"
#define BYE "S 221 bye\r\n"
#define STARTTLS_LISTED "S 250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"

static const struct row rows[] = {
    {"plain",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250-mx.example\r\n250 SIZE 1000\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"starttls is not asked for in mode none",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, STARTTLS_LISTED, QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"starttls",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 220 go\r\n", "T", EHLO,
      "S 250-mx.example\r\n250 STARTTLS\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"starttls in lower case",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250-mx\r\n250 starttls\r\n", "C STARTTLS\r\n", "S 220 go\r\n", "T", EHLO,
      "S 250 mx\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"implicit TLS",
     SP_TLS_IMPLICIT,
     SP_MODE_SMTP,
     {"T", BANNER, EHLO, "S 250 mx\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"opportunistic without STARTTLS",
     SP_TLS_OPPORTUNISTIC,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250 mx\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"HELO after 502",
     SP_TLS_OPPORTUNISTIC,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 502 what\r\n", "C HELO probe.example\r\n", "S 250 mx\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"HELO refused",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 500 what\r\n", "C HELO probe.example\r\n", "S 550 no\r\n", QUIT, BYE, "X"},
     SP_REASON_REJECTED_PERMANENT,
     SP_PHASE_EHLO},
    {"no HELO where STARTTLS is required",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 502 what\r\n", QUIT, BYE, "X"},
     SP_REASON_STARTTLS_NOT_SUPPORTED,
     SP_PHASE_EHLO},
    {"no HELO after 550",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 550 go away\r\n", QUIT, BYE, "X"},
     SP_REASON_REJECTED_PERMANENT,
     SP_PHASE_EHLO},
    {"no HELO inside TLS",
     SP_TLS_IMPLICIT,
     SP_MODE_SMTP,
     {"T", BANNER, EHLO, "S 502 what\r\n", QUIT, BYE, "X"},
     SP_REASON_REJECTED_PERMANENT,
     SP_PHASE_EHLO_TLS},
    {"421 to EHLO",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 421 busy\r\n", "X"},
     SP_REASON_SERVICE_NOT_AVAILABLE,
     SP_PHASE_EHLO},
    {"220 to EHLO",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 220 again\r\n", QUIT, BYE, "X"},
     SP_REASON_UNEXPECTED_REPLY,
     SP_PHASE_EHLO},
    {"LMTP",
     SP_TLS_OPPORTUNISTIC,
     SP_MODE_LMTP,
     {BANNER, "C LHLO probe.example\r\n", "S 250-mx\r\n250 PIPELINING\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     0},
    {"LMTP has no HELO",
     SP_TLS_NONE,
     SP_MODE_LMTP,
     {BANNER, "C LHLO probe.example\r\n", "S 500 what\r\n", QUIT, BYE, "X"},
     SP_REASON_REJECTED_PERMANENT,
     SP_PHASE_EHLO},
    {"554 greeting",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {"S 554 no service\r\n", QUIT, BYE, "X"},
     SP_REASON_SERVICE_NOT_AVAILABLE,
     SP_PHASE_BANNER},
    {"421 greeting",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {"S 421 too many\r\n", "X"},
     SP_REASON_SERVICE_NOT_AVAILABLE,
     SP_PHASE_BANNER},
    {"450 greeting",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {"S 450 later\r\n", QUIT, BYE, "X"},
     SP_REASON_REJECTED_TEMPORARY,
     SP_PHASE_BANNER},
    {"354 greeting",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {"S 354 data?\r\n", QUIT, BYE, "X"},
     SP_REASON_UNEXPECTED_REPLY,
     SP_PHASE_BANNER},
    {"SSH",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {"S SSH-2.0-OpenSSH_9.2\r\n", "X"},
     SP_REASON_PROTOCOL_ERROR,
     SP_PHASE_BANNER},
    {"mixed codes",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250-mx\r\n550 no\r\n", "X"},
     SP_REASON_PROTOCOL_ERROR,
     SP_PHASE_EHLO},
    {"STARTTLS missing",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250-mx\r\n250 AUTH PLAIN\r\n", QUIT, BYE, "X"},
     SP_REASON_STARTTLS_NOT_SUPPORTED,
     SP_PHASE_STARTTLS},
    {"STARTTLS 454",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 454 no\r\n", QUIT, BYE, "X"},
     SP_REASON_STARTTLS_TEMPORARY,
     SP_PHASE_STARTTLS},
    {"STARTTLS 502",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 502 no\r\n", QUIT, BYE, "X"},
     SP_REASON_STARTTLS_REFUSED,
     SP_PHASE_STARTTLS},
    {"STARTTLS 354",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 354 no\r\n", QUIT, BYE, "X"},
     SP_REASON_STARTTLS_REFUSED,
     SP_PHASE_STARTTLS},
    {"closed in EHLO",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250-mx\r\n", "E", "X"},
     SP_REASON_CONNECTION_CLOSED,
     SP_PHASE_EHLO},
    {"silence at the banner",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {"S 220-", "O", "X"},
     SP_REASON_REPLY_TIMEOUT,
     SP_PHASE_BANNER},
    {"a lost reply to QUIT costs nothing",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250 mx\r\n", QUIT, "E", "X"},
     SP_REASON_OK,
     0},
    {"a late reply to QUIT costs nothing",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250 mx\r\n", QUIT, "O", "X"},
     SP_REASON_OK,
     0},
    {"garbage to QUIT costs nothing",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     {BANNER, EHLO, "S 250 mx\r\n", QUIT, "S SSH-2.0\r\n", "X"},
     SP_REASON_OK,
     0},
};

struct player {
    struct sp_dialogue dialogue;
    struct sp_action action; /* the last one that was not WAIT and not yet asked for */
    const char *row;
};

static void step(struct player *player, struct sp_event event)
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

static void server_sends(struct player *player, const char *text, size_t piece)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len; at += piece) {
        size_t take = len - at < piece ? len - at : piece;
        step(player, (struct sp_event){
                         .kind = SP_EVENT_BYTES, .data = (const uint8_t *)text + at, .len = take});
    }
}

static void expect_action(struct player *player, enum sp_action_kind kind, const char *text)
{
    if (player->action.kind != kind)
        fail_msg("%s: action %d instead of %d", player->row, (int)player->action.kind, (int)kind);
    if (text) {
        char sent[SP_LIMIT_COMMAND + 1];
        snprintf(sent, sizeof sent, "%.*s", (int)player->action.len, player->action.data);
        assert_string_equal(sent, text);
    }
    player->action.kind = SP_ACTION_WAIT;
}

static void play_step(struct player *player, const char *text, size_t piece)
{
    switch (text[0]) {
    case 'S': server_sends(player, text + 2, piece); break;
    case 'C': expect_action(player, SP_ACTION_SEND, text + 2); break;
    case 'T':
        expect_action(player, SP_ACTION_START_TLS, NULL);
        step(player, (struct sp_event){.kind = SP_EVENT_TLS_UP});
        break;
    case 'E':
        step(player,
             (struct sp_event){.kind = SP_EVENT_FAILED, .reason = SP_REASON_CONNECTION_CLOSED});
        break;
    case 'O':
        step(player, (struct sp_event){.kind = SP_EVENT_FAILED, .reason = SP_REASON_REPLY_TIMEOUT});
        break;
    case 'X': expect_action(player, SP_ACTION_CLOSE, NULL); break;
    default: fail_msg("%s: no such step: %s", player->row, text);
    }
}

static struct sp_evidence *play(const struct row *row, size_t piece)
{
    static struct sp_options options;
    static struct sp_endpoint endpoint;
    options = (struct sp_options){.ehlo_name = "probe.example"};
    endpoint = (struct sp_endpoint){
        .input = "mx", .host = "mx", .mode = row->mode, .tls = row->tls, .options = &options};
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    assert_non_null(evidence);
    struct player player = {.row = row->name, .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    for (size_t i = 0; i < MAX_STEPS && row->steps[i]; i++)
        play_step(&player, row->steps[i], piece);
    assert_int_equal(player.action.kind, SP_ACTION_WAIT);
    sp_dialogue_free(&player.dialogue);
    return evidence;
}

static void test_rows(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, 100000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            struct sp_evidence *evidence = play(&rows[i], pieces[p]);
            if (evidence->failure.reason != rows[i].reason)
                fail_msg("%s: %s", rows[i].name, sp_reason_info(evidence->failure.reason)->word);
            if (rows[i].reason != SP_REASON_OK)
                assert_int_equal(evidence->failure.phase, rows[i].phase);
            sp_evidence_free(evidence);
        }
    }
}

/* --- what segmentation must not hide ---------------------------------------------------------- */

static struct sp_evidence *play_whole(enum sp_tls_mode tls, const char *const *steps)
{
    struct row row = {.name = "whole", .tls = tls};
    for (size_t i = 0; i < MAX_STEPS && steps[i]; i++)
        row.steps[i] = steps[i];
    return play(&row, 100000);
}

static void test_injection_behind_starttls(void **state)
{
    (void)state;
    const char *const steps[] = {BANNER,
                                 EHLO,
                                 STARTTLS_LISTED,
                                 "C STARTTLS\r\n",
                                 "S 220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n",
                                 "X",
                                 NULL};
    struct sp_evidence *evidence = play_whole(SP_TLS_STARTTLS, steps);
    assert_int_equal(evidence->failure.reason, SP_REASON_STARTTLS_INJECTION);
    assert_int_equal(evidence->failure.phase, SP_PHASE_STARTTLS);
    assert_int_equal(evidence->starttls_leftover, strlen("250-evil\r\n250 AUTH PLAIN\r\n"));
    sp_evidence_free(evidence);
}

static void test_injection_of_one_line_end(void **state)
{
    (void)state;
    const char *const steps[] = {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 220 go\r\n\n",
                                 "X",    NULL};
    struct sp_evidence *evidence = play_whole(SP_TLS_OPPORTUNISTIC, steps);
    assert_int_equal(evidence->failure.reason, SP_REASON_STARTTLS_INJECTION);
    assert_int_equal(evidence->starttls_leftover, 1);
    sp_evidence_free(evidence);
}

static void test_reply_to_starttls_before_it_was_sent(void **state)
{
    (void)state;
    const char *const steps[] = {BANNER, EHLO, "S 250-mx\r\n250 STARTTLS\r\n220 go\r\n", "X", NULL};
    struct sp_evidence *evidence = play_whole(SP_TLS_STARTTLS, steps);
    assert_int_equal(evidence->failure.reason, SP_REASON_STARTTLS_INJECTION);
    assert_false(evidence->starttls_tried);
    sp_evidence_free(evidence);
}

static void test_early_talker(void **state)
{
    (void)state;
    const char *const steps[] = {"S 220 mx\r\n250 mx\r\n", QUIT, BYE, "X", NULL};
    struct sp_evidence *evidence = play_whole(SP_TLS_NONE, steps);
    assert_true(evidence->early_talker);
    assert_int_equal(evidence->failure.reason, SP_REASON_OK);
    sp_evidence_free(evidence);
}

static void test_facts(void **state)
{
    (void)state;
    const char *const steps[] = {BANNER,
                                 EHLO,
                                 "S 250-mx\r\n250-ENHANCEDSTATUSCODES\r\n250 STARTTLS\r\n",
                                 "C STARTTLS\r\n",
                                 "S 220 2.0.0 go\r\n",
                                 "T",
                                 EHLO,
                                 "S 250-mx\r\n250-AUTH PLAIN\r\n250 SIZE 99\r\n",
                                 QUIT,
                                 BYE,
                                 "X",
                                 NULL};
    struct sp_evidence *evidence = play_whole(SP_TLS_STARTTLS, steps);
    assert_int_equal(evidence->banner->code, 220);
    assert_int_equal(evidence->reply_count, 5);
    assert_string_equal(evidence->replies[2].enhanced, "2.0.0");
    assert_non_null(sp_ehlo_find(&evidence->plain, "STARTTLS"));
    assert_null(sp_ehlo_find(&evidence->tls_ehlo, "STARTTLS"));
    assert_int_equal(evidence->tls_ehlo.size, 99);
    assert_int_equal(evidence->plain.size_state, SP_SIZE_ABSENT);
    assert_true(evidence->starttls_offered);
    assert_int_equal(evidence->starttls_code, 220);
    assert_ptr_equal(sp_evidence_ehlo(evidence), &evidence->tls_ehlo);
    static const enum sp_phase timed[] = {SP_PHASE_BANNER, SP_PHASE_EHLO,     SP_PHASE_STARTTLS,
                                          SP_PHASE_TLS,    SP_PHASE_EHLO_TLS, SP_PHASE_QUIT};
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++)
        assert_true(evidence->spans[timed[i]].start_ns >= 0);
    assert_int_equal(evidence->spans[SP_PHASE_AUTH].start_ns, -1);
    sp_evidence_free(evidence);
}

static void test_transcript(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "220 mx.example ESMTP", "EHLO probe.example", "250-mx", "250 SIZE 99", "QUIT", "221 bye"};
    const char *const steps[] = {BANNER, EHLO, "S 250-mx\r\n250 SIZE 99\r\n", QUIT, BYE, "X", NULL};
    struct sp_evidence *evidence = play_whole(SP_TLS_NONE, steps);
    size_t i = 0;
    for (struct sp_transcript_line *line = evidence->transcript.first; line; line = line->next)
        assert_string_equal(line->text.data, expected[i++]);
    assert_int_equal(i, sizeof expected / sizeof *expected);
    sp_evidence_free(evidence);
}

static void test_flood_is_cut_off(void **state)
{
    (void)state;
    static struct sp_options options = {.ehlo_name = "probe.example"};
    static struct sp_endpoint endpoint = {
        .input = "mx", .host = "mx", .tls = SP_TLS_NONE, .options = &options};
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    struct player player = {.row = "flood", .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    for (int i = 0; i < 100000 && player.action.kind != SP_ACTION_CLOSE; i++)
        server_sends(&player, "220-more\r\n", 100);
    assert_int_equal(player.action.kind, SP_ACTION_CLOSE);
    assert_int_equal(evidence->failure.reason, SP_REASON_REPLY_TOO_LARGE);
    sp_dialogue_free(&player.dialogue);
    sp_evidence_free(evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_injection_behind_starttls),
        cmocka_unit_test(test_injection_of_one_line_end),
        cmocka_unit_test(test_reply_to_starttls_before_it_was_sent),
        cmocka_unit_test(test_early_talker),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_transcript),
        cmocka_unit_test(test_flood_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
