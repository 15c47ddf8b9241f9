/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversations of the probe itself; a script's are in test_dialogue_script.c. */
#include "conversation.h"

struct row {
    const char *name;
    enum sp_tls_mode tls;
    enum sp_mode mode;
    const char *steps[MAX_STEPS];
    enum sp_reason reason;
    enum sp_phase phase;
};

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

static struct sp_evidence *play(const struct row *row, size_t piece)
{
    static struct sp_options options;
    static struct sp_endpoint endpoint;
    options = (struct sp_options){.ehlo_name = "probe.example"};
    endpoint = (struct sp_endpoint){
        .input = "mx", .host = "mx", .mode = row->mode, .tls = row->tls, .options = &options};
    return play_steps(row->name, &endpoint, row->steps, piece);
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
