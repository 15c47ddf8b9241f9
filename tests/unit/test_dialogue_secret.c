/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A script's secrets: hidden in the transcript, and masked wherever the server repeats them. */
#include "conversation.h"

#define EHLO_OK "S 250 mx\r\n"

#define PASSWORD "hunter2-and-more"
#define PASSWORD64 "aHVudGVyMi1hbmQtbW9yZQ=="

static const struct sp_script_command login[] = {
    {SP_PHASE_AUTH, "AUTH LOGIN", false, 334},
    {SP_PHASE_AUTH, "bW9uaXRvcg==", true, 334},
    {SP_PHASE_AUTH, PASSWORD64, true, 0},
};

#define COMMANDS(list) list, sizeof(list) / sizeof *(list)

static struct sp_evidence *play_whole(const struct sp_script *script, const char *const *steps,
                                      size_t piece)
{
    static struct sp_options options;
    static struct sp_endpoint endpoint;
    options = (struct sp_options){.ehlo_name = "probe.example", .script = script};
    endpoint =
        (struct sp_endpoint){.input = "mx", .host = "mx", .tls = SP_TLS_NONE, .options = &options};
    return play_steps("secret", &endpoint, steps, piece);
}

static bool holds(const char *text, size_t len, const char *needle)
{
    return len > 0 && memmem(text, len, needle, strlen(needle)) != NULL;
}

static void assert_clean(const char *text, size_t len)
{
    if (holds(text, len, PASSWORD) || holds(text, len, PASSWORD64) ||
        holds(text, len, "hunter2-") || holds(text, len, "aHVudGVy"))
        fail_msg("the secret stands in: %.*s", (int)len, text);
}

static void assert_no_secret(const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->reply_count; i++) {
        const struct sp_reply *reply = &evidence->replies[i];
        assert_clean(reply->raw.data, reply->raw.len);
        for (size_t k = 0; k < reply->line_count; k++)
            assert_clean(reply->lines[k].data, reply->lines[k].len);
    }
    for (struct sp_transcript_line *line = evidence->transcript.first; line; line = line->next)
        assert_clean(line->text.data, line->text.len);
    for (size_t i = 0; i < evidence->plain.count; i++) {
        assert_clean(evidence->plain.items[i].keyword, strlen(evidence->plain.items[i].keyword));
        for (size_t k = 0; k < evidence->plain.items[i].param_count; k++)
            assert_clean(evidence->plain.items[i].params[k].data,
                         evidence->plain.items[i].params[k].len);
    }
    if (evidence->failure.detail)
        assert_clean(evidence->failure.detail, strlen(evidence->failure.detail));
}

/* Where the server puts the secret, and the last line of the transcript that must come of it. */
static const struct {
    const char *name;
    const char *steps[MAX_STEPS];
    enum sp_reason reason;
    const char *last;
} leaks[] = {
    {"in the banner and EHLO",
     {"S 220 mx " PASSWORD "\r\n", EHLO, "S 250-mx\r\n250 X-" PASSWORD64 " " PASSWORD "\r\n",
      "C AUTH LOGIN\r\n", "S 500 no\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     "221 bye"},
    {"in the answer",
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 334 x\r\n", "C bW9uaXRvcg==\r\n", "S 334 x\r\n",
      "C " PASSWORD64 "\r\n", "S 535-no " PASSWORD64 "\r\n535 " PASSWORD "!\r\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     "221 bye"},
    {"in another case, and cut",
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 334 x\r\n", "C bW9uaXRvcg==\r\n", "S 334 x\r\n",
      "C " PASSWORD64 "\r\n", "S 502 what is AHVUDGVYMI1HBMQ\r\n", QUIT, "S 221 HUNTER2-AND\r\n",
      "X"},
     SP_REASON_OK,
     "221 ***********"},
    {"in the reply to QUIT",
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 500 x\r\n", QUIT,
      "S 221 bye " PASSWORD64 "\r\n", "X"},
     SP_REASON_OK,
     "221 bye ************************"},
    {"in a failure's detail",
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 421 " PASSWORD "\r\n", "X"},
     SP_REASON_SERVICE_NOT_AVAILABLE,
     "421 ****************"},
    {"in what is no reply",
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S what is " PASSWORD64 "?\r\n", "X"},
     SP_REASON_PROTOCOL_ERROR,
     NULL},
    {"in a reply with quirks",
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 535 \x01" PASSWORD "\n", QUIT, BYE, "X"},
     SP_REASON_OK,
     "221 bye"},
};

static void test_masking(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 5, 100000};
    struct sp_secrets secrets;
    sp_secrets_init(&secrets);
    assert_true(sp_secrets_add(&secrets, PASSWORD));
    const struct sp_script script = {.commands = COMMANDS(login), .secrets = &secrets};
    for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++) {
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            struct sp_evidence *evidence = play_whole(&script, leaks[i].steps, pieces[p]);
            if (evidence->failure.reason != leaks[i].reason)
                fail_msg("%s: %s", leaks[i].name, sp_reason_info(evidence->failure.reason)->word);
            assert_no_secret(evidence);
            if (leaks[i].last)
                assert_string_equal(evidence->transcript.last->text.data, leaks[i].last);
            sp_evidence_free(evidence);
        }
    }
    sp_secrets_free(&secrets);
}

/* The octets that are kept of a strange reply end in the middle of the secret. */
static void test_masking_at_a_cut(void **state)
{
    (void)state;
    struct sp_secrets secrets;
    sp_secrets_init(&secrets);
    assert_true(sp_secrets_add(&secrets, PASSWORD));
    const struct sp_script script = {.commands = COMMANDS(login), .secrets = &secrets};
    for (size_t before = SP_LIMIT_REPLY_RAW - 22; before < SP_LIMIT_REPLY_RAW; before++) {
        char reply[SP_LIMIT_REPLY_RAW + 64];
        snprintf(reply, sizeof reply, "S 535 \x01%0*d" PASSWORD "\r\n", (int)before, 1);
        const char *const steps[] = {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", reply, QUIT,
                                     BYE,    "X",  NULL};
        struct sp_evidence *evidence = play_whole(&script, steps, 100000);
        assert_no_secret(evidence);
        assert_int_equal(evidence->answers[0]->raw.len, SP_LIMIT_REPLY_RAW);
        assert_false(holds(evidence->answers[0]->raw.data, SP_LIMIT_REPLY_RAW, "h"));
        sp_evidence_free(evidence);
    }
    sp_secrets_free(&secrets);
}

static void test_transcript(void **state)
{
    (void)state;
    static const char *const expected[] = {"220 mx.example ESMTP",
                                           "EHLO probe.example",
                                           "250 mx",
                                           "AUTH LOGIN",
                                           "334 x",
                                           "<hidden>",
                                           "334 y",
                                           "<hidden>",
                                           "235 fine",
                                           "QUIT",
                                           "221 bye"};
    const char *const steps[] = {BANNER,
                                 EHLO,
                                 EHLO_OK,
                                 "C AUTH LOGIN\r\n",
                                 "S 334 x\r\n",
                                 "C bW9uaXRvcg==\r\n",
                                 "S 334 y\r\n",
                                 "C " PASSWORD64 "\r\n",
                                 "S 235 fine\r\n",
                                 QUIT,
                                 BYE,
                                 "X",
                                 NULL};
    const struct sp_script script = {.commands = COMMANDS(login)};
    struct sp_evidence *evidence = play_whole(&script, steps, 100);
    size_t i = 0;
    for (struct sp_transcript_line *line = evidence->transcript.first; line; line = line->next)
        assert_string_equal(line->text.data, expected[i++]);
    assert_int_equal(i, sizeof expected / sizeof *expected);
    sp_evidence_free(evidence);
}

/* What a connection's end is told with can quote the server too. */
static void test_detail_of_a_failure(void **state)
{
    (void)state;
    struct sp_secrets secrets;
    sp_secrets_init(&secrets);
    assert_true(sp_secrets_add(&secrets, PASSWORD));
    const struct sp_script script = {.commands = COMMANDS(login), .secrets = &secrets};
    struct sp_options options = {.ehlo_name = "probe.example", .script = &script};
    struct sp_endpoint endpoint = {
        .input = "mx", .host = "mx", .tls = SP_TLS_IMPLICIT, .options = &options};
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    struct player player = {.row = "detail", .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    step(&player, (struct sp_event){.kind = SP_EVENT_FAILED,
                                    .reason = SP_REASON_TLS_PROTOCOL_ERROR,
                                    .detail = "the server says \"" PASSWORD "\""});
    assert_string_equal(evidence->failure.detail, "the server says \"****************\"");
    sp_dialogue_free(&player.dialogue);
    sp_evidence_free(evidence);
    sp_secrets_free(&secrets);
}

/* A message names the command that was refused, but not one that is hidden. */
static void test_name_of_a_hidden_command(void **state)
{
    (void)state;
    const struct sp_script script = {.commands = COMMANDS(login)};
    const char *const steps[] = {BANNER,
                                 EHLO,
                                 EHLO_OK,
                                 "C AUTH LOGIN\r\n",
                                 "S 334 x\r\n",
                                 "C bW9uaXRvcg==\r\n",
                                 "S 334 y\r\n",
                                 "C " PASSWORD64 "\r\n",
                                 "S 421 later\r\n",
                                 "X",
                                 NULL};
    struct sp_evidence *evidence = play_whole(&script, steps, 100);
    assert_string_equal(evidence->failure.detail, "a hidden command was answered 421 later");
    sp_evidence_free(evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masking),
        cmocka_unit_test(test_masking_at_a_cut),
        cmocka_unit_test(test_transcript),
        cmocka_unit_test(test_detail_of_a_failure),
        cmocka_unit_test(test_name_of_a_hidden_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
