/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversations with a script: its commands between the last hello and QUIT, and HELO. Its secrets are in
 * test_dialogue_secret.c. */
#include "conversation.h"

#define HELO "C HELO probe.example\r\n"
#define MAIL "C MAIL FROM:<a@example.org>\r\n"
#define EHLO_OK "S 250 mx\r\n"
#define GO "S 220 go\r\n"

#define PASSWORD64 "aHVudGVyMi1hbmQtbW9yZQ=="

static const struct sp_script_command mail_and_help[] = {
    {SP_PHASE_MAIL, "MAIL FROM:<a@example.org>", false, 0},
    {SP_PHASE_MAIL, "HELP", false, 0},
};
static const struct sp_script_command login[] = {
    {SP_PHASE_AUTH, "AUTH LOGIN", false, 334},
    {SP_PHASE_AUTH, "bW9uaXRvcg==", true, 334},
    {SP_PHASE_AUTH, PASSWORD64, true, 0},
};
static const struct sp_script_command mail_then_login[] = {
    {SP_PHASE_MAIL, "MAIL FROM:<a@example.org>", false, 0},
    {SP_PHASE_AUTH, "AUTH LOGIN", false, 334},
};
static const struct sp_script_command two_lines[] = {
    {SP_PHASE_MAIL, "RSET\r\nDATA", false, 0},
};

#define COMMANDS(list) list, sizeof(list) / sizeof *(list)

struct row {
    const char *name;
    enum sp_tls_mode tls;
    enum sp_mode mode;
    bool helo;
    const struct sp_script_command *commands;
    size_t command_count;
    size_t answers;
    enum sp_reason reason;
    enum sp_phase phase;
    const char *steps[MAX_STEPS];
};

static const struct row rows[] = {
    {"an empty script",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     NULL,
     0,
     0,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, EHLO_OK, QUIT, BYE, "X"}},
    {"commands in order",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     2,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, EHLO_OK, MAIL, "S 250 ok\r\n", "C HELP\r\n", "S 214-go\r\n214 read\r\n", QUIT,
      BYE, "X"}},
    {"a refusal is an answer like any",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     2,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, EHLO_OK, MAIL, "S 550 no\r\n", "C HELP\r\n", "S 502 no\r\n", QUIT, BYE, "X"}},
    {"behind STARTTLS only inside TLS",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     true,
     COMMANDS(mail_and_help),
     2,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", GO, "T", EHLO, EHLO_OK, MAIL, "S 250 ok\r\n",
      "C HELP\r\n", "S 214 go\r\n", QUIT, BYE, "X"}},
    {"STARTTLS is missing: nothing is sent",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     0,
     SP_REASON_STARTTLS_NOT_SUPPORTED,
     SP_PHASE_STARTTLS,
     {BANNER, EHLO, EHLO_OK, QUIT, BYE, "X"}},
    {"STARTTLS is refused: nothing is sent",
     SP_TLS_STARTTLS,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     0,
     SP_REASON_STARTTLS_TEMPORARY,
     SP_PHASE_STARTTLS,
     {BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 454 no\r\n", QUIT, BYE, "X"}},
    {"opportunistic without STARTTLS",
     SP_TLS_OPPORTUNISTIC,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_then_login),
     2,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, EHLO_OK, MAIL, "S 250 ok\r\n", "C AUTH LOGIN\r\n", "S 502 no\r\n", QUIT, BYE,
      "X"}},
    {"implicit TLS",
     SP_TLS_IMPLICIT,
     SP_MODE_SMTP,
     false,
     COMMANDS(login),
     3,
     SP_REASON_OK,
     0,
     {"T", BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 334 VXNlcm5hbWU6\r\n",
      "C bW9uaXRvcg==\r\n", "S 334 UGFzc3dvcmQ6\r\n", "C " PASSWORD64 "\r\n", "S 235 ok\r\n", QUIT,
      BYE, "X"}},
    {"HELO first",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     true,
     COMMANDS(mail_and_help),
     2,
     SP_REASON_OK,
     0,
     {BANNER, HELO, EHLO_OK, MAIL, "S 250 ok\r\n", "C HELP\r\n", "S 214 go\r\n", QUIT, BYE, "X"}},
    {"HELO first inside implicit TLS",
     SP_TLS_IMPLICIT,
     SP_MODE_SMTP,
     true,
     NULL,
     0,
     0,
     SP_REASON_OK,
     0,
     {"T", BANNER, HELO, EHLO_OK, QUIT, BYE, "X"}},
    {"HELO first, refused",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     true,
     COMMANDS(mail_and_help),
     0,
     SP_REASON_REJECTED_PERMANENT,
     SP_PHASE_EHLO,
     {BANNER, HELO, "S 550 no\r\n", QUIT, BYE, "X"}},
    {"no HELO for LMTP",
     SP_TLS_NONE,
     SP_MODE_LMTP,
     true,
     NULL,
     0,
     0,
     SP_REASON_OK,
     0,
     {BANNER, "C LHLO probe.example\r\n", EHLO_OK, QUIT, BYE, "X"}},
    {"after HELO as the way out",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     2,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, "S 502 what\r\n", HELO, EHLO_OK, MAIL, "S 250 ok\r\n", "C HELP\r\n",
      "S 214 go\r\n", QUIT, BYE, "X"}},
    {"no hello, no command",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     0,
     SP_REASON_REJECTED_PERMANENT,
     SP_PHASE_EHLO,
     {BANNER, EHLO, "S 550 no\r\n", QUIT, BYE, "X"}},
    {"what is needed did not come",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(login),
     1,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 504 no LOGIN\r\n", QUIT, BYE, "X"}},
    {"the needed code of another command",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(login),
     2,
     SP_REASON_OK,
     0,
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 334 x\r\n", "C bW9uaXRvcg==\r\n",
      "S 235 early\r\n", QUIT, BYE, "X"}},
    {"421 ends it",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_and_help),
     1,
     SP_REASON_SERVICE_NOT_AVAILABLE,
     SP_PHASE_MAIL,
     {BANNER, EHLO, EHLO_OK, MAIL, "S 421 busy\r\n", "X"}},
    {"421 to a hidden command",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(login),
     2,
     SP_REASON_SERVICE_NOT_AVAILABLE,
     SP_PHASE_AUTH,
     {BANNER, EHLO, EHLO_OK, "C AUTH LOGIN\r\n", "S 334 x\r\n", "C bW9uaXRvcg==\r\n",
      "S 421 slow down\r\n", "X"}},
    {"closed in MAIL",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_then_login),
     0,
     SP_REASON_CONNECTION_CLOSED,
     SP_PHASE_MAIL,
     {BANNER, EHLO, EHLO_OK, MAIL, "E", "X"}},
    {"silence in AUTH",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_then_login),
     1,
     SP_REASON_REPLY_TIMEOUT,
     SP_PHASE_AUTH,
     {BANNER, EHLO, EHLO_OK, MAIL, "S 250 ok\r\n", "C AUTH LOGIN\r\n", "O", "X"}},
    {"no reply at all",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_then_login),
     0,
     SP_REASON_PROTOCOL_ERROR,
     SP_PHASE_MAIL,
     {BANNER, EHLO, EHLO_OK, MAIL, "S hello\r\n", "X"}},
    {"lines with different codes",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(mail_then_login),
     0,
     SP_REASON_PROTOCOL_ERROR,
     SP_PHASE_MAIL,
     {BANNER, EHLO, EHLO_OK, MAIL, "S 250-a\r\n550 b\r\n", "X"}},
    {"one text that would be two commands",
     SP_TLS_NONE,
     SP_MODE_SMTP,
     false,
     COMMANDS(two_lines),
     0,
     SP_REASON_INTERNAL_ERROR,
     SP_PHASE_MAIL,
     {BANNER, EHLO, EHLO_OK, "X"}},
};

static struct sp_evidence *play(const struct row *row, const struct sp_script *script, size_t piece)
{
    static struct sp_options options;
    static struct sp_endpoint endpoint;
    options = (struct sp_options){.ehlo_name = "probe.example", .script = script};
    endpoint = (struct sp_endpoint){
        .input = "mx", .host = "mx", .mode = row->mode, .tls = row->tls, .options = &options};
    return play_steps(row->name, &endpoint, row->steps, piece);
}

static void test_rows(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, 100000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        const struct sp_script script = {
            .helo = row->helo, .commands = row->commands, .command_count = row->command_count};
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            struct sp_evidence *evidence = play(row, &script, pieces[p]);
            if (evidence->failure.reason != row->reason || evidence->answer_count != row->answers)
                fail_msg("%s: %s, %zu answers", row->name,
                         sp_reason_info(evidence->failure.reason)->word, evidence->answer_count);
            if (row->reason != SP_REASON_OK)
                assert_int_equal(evidence->failure.phase, row->phase);
            sp_evidence_free(evidence);
        }
    }
}

static struct sp_evidence *play_whole(const struct sp_script *script, const char *const *steps,
                                      size_t piece)
{
    struct row row = {.name = "whole", .tls = SP_TLS_NONE};
    for (size_t i = 0; i < MAX_STEPS && steps[i]; i++)
        row.steps[i] = steps[i];
    return play(&row, script, piece);
}

/* --- facts ------------------------------------------------------------------------------------ */

static void test_facts(void **state)
{
    (void)state;
    const struct sp_script script = {.helo = true, .commands = COMMANDS(mail_then_login)};
    const char *const steps[] = {BANNER,
                                 HELO,
                                 EHLO_OK,
                                 MAIL,
                                 "S 250 ok\r\n",
                                 "C AUTH LOGIN\r\n",
                                 "S 503-5.5.1 not\r\n503 5.5.1 now\r\n",
                                 QUIT,
                                 BYE,
                                 "X",
                                 NULL};
    struct sp_evidence *evidence = play_whole(&script, steps, 100);
    assert_true(evidence->plain.tried && evidence->plain.ok && evidence->plain.helo);
    assert_int_equal(evidence->reply_count, 5);
    assert_int_equal(evidence->answer_count, 2);
    assert_ptr_equal(evidence->answers[0], &evidence->replies[2]);
    assert_ptr_equal(evidence->answers[1], &evidence->replies[3]);
    assert_int_equal(evidence->answers[0]->phase, SP_PHASE_MAIL);
    assert_int_equal(evidence->answers[1]->phase, SP_PHASE_AUTH);
    assert_int_equal(evidence->answers[1]->code, 503);
    assert_int_equal(evidence->answers[1]->line_count, 2);
    assert_null(evidence->answers[1]->enhanced); /* HELO: the server has listed nothing */
    assert_int_equal(evidence->quit->code, 221);
    assert_true(evidence->spans[SP_PHASE_MAIL].start_ns >= 0);
    assert_true(evidence->spans[SP_PHASE_AUTH].start_ns >= 0);
    assert_int_equal(evidence->spans[SP_PHASE_RCPT].start_ns, -1);
    sp_evidence_free(evidence);
}

static void test_helo_inside_tls(void **state)
{
    (void)state;
    const struct sp_script script = {.helo = true};
    const struct row row = {.name = "HELO inside TLS",
                            .tls = SP_TLS_IMPLICIT,
                            .steps = {"T", BANNER, HELO, EHLO_OK, QUIT, BYE, "X"}};
    struct sp_evidence *evidence = play(&row, &script, 100);
    assert_true(evidence->tls_ehlo.tried && evidence->tls_ehlo.ok && evidence->tls_ehlo.helo);
    assert_false(evidence->plain.tried || evidence->plain.helo);
    sp_evidence_free(evidence);
}

/* As many commands as there may be, each with its own answer. */
static void test_many_commands(void **state)
{
    (void)state;
    static struct sp_script_command commands[SP_LIMIT_COMMANDS];
    const struct sp_script script = {.commands = COMMANDS(commands)};
    static struct sp_options options = {.ehlo_name = "probe.example"};
    static struct sp_endpoint endpoint = {
        .input = "mx", .host = "mx", .tls = SP_TLS_NONE, .options = &options};
    options.script = &script;
    for (size_t i = 0; i < SP_LIMIT_COMMANDS; i++)
        commands[i] = (struct sp_script_command){SP_PHASE_MAIL, "NOOP", false, 0};
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    struct player player = {.row = "many", .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    play_step(&player, BANNER, 100);
    play_step(&player, EHLO, 100);
    play_step(&player, EHLO_OK, 100);
    for (int i = 0; i < (int)SP_LIMIT_COMMANDS; i++) {
        char reply[32];
        snprintf(reply, sizeof reply, "S %d ok\r\n", 200 + i % 50);
        play_step(&player, "C NOOP\r\n", 100);
        play_step(&player, reply, 100);
    }
    play_step(&player, QUIT, 100);
    play_step(&player, BYE, 100);
    play_step(&player, "X", 100);
    assert_int_equal(evidence->answer_count, SP_LIMIT_COMMANDS);
    for (int i = 0; i < (int)SP_LIMIT_COMMANDS; i++)
        assert_int_equal(evidence->answers[i]->code, 200 + i % 50);
    assert_int_equal(evidence->failure.reason, SP_REASON_OK);
    assert_int_equal(evidence->quit->code, 221);
    sp_dialogue_free(&player.dialogue);
    sp_evidence_free(evidence);
}

static void test_too_many_commands(void **state)
{
    (void)state;
    static struct sp_script_command commands[SP_LIMIT_COMMANDS + 1];
    for (size_t i = 0; i <= SP_LIMIT_COMMANDS; i++)
        commands[i] = (struct sp_script_command){SP_PHASE_MAIL, "NOOP", false, 0};
    const struct sp_script script = {.commands = COMMANDS(commands)};
    const char *const steps[] = {BANNER, EHLO, EHLO_OK, "X", NULL};
    static struct sp_options options = {.ehlo_name = "probe.example"};
    static struct sp_endpoint endpoint = {
        .input = "mx", .host = "mx", .tls = SP_TLS_NONE, .options = &options};
    options.script = &script;
    struct sp_evidence *evidence = play_steps("too many", &endpoint, steps, 100);
    assert_int_equal(evidence->failure.reason, SP_REASON_INTERNAL_ERROR);
    assert_string_equal(evidence->failure.detail, "the script has too many commands");
    sp_evidence_free(evidence);
}

/* Answers that are allowed one by one, but not all of them together. */
static void test_flood_of_answers(void **state)
{
    (void)state;
    static struct sp_script_command commands[SP_LIMIT_COMMANDS];
    const struct sp_script script = {.commands = COMMANDS(commands)};
    static struct sp_options options = {.ehlo_name = "probe.example"};
    static struct sp_endpoint endpoint = {
        .input = "mx", .host = "mx", .tls = SP_TLS_NONE, .options = &options};
    static char reply[3 * 8000 + 64] = "S ";
    options.script = &script;
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(reply);
        snprintf(reply + len, sizeof reply - len, "250%c%07900d\r\n", i < 2 ? '-' : ' ', 1);
    }
    for (size_t i = 0; i < SP_LIMIT_COMMANDS; i++)
        commands[i] = (struct sp_script_command){SP_PHASE_MAIL, "NOOP", false, 0};
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    struct player player = {.row = "flood", .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    play_step(&player, BANNER, 100);
    play_step(&player, EHLO, 100);
    play_step(&player, EHLO_OK, 100);
    while (player.action.kind == SP_ACTION_SEND) {
        play_step(&player, "C NOOP\r\n", 100);
        play_step(&player, reply, 100000);
    }
    play_step(&player, "X", 100);
    assert_int_equal(evidence->failure.reason, SP_REASON_REPLY_TOO_LARGE);
    assert_int_equal(evidence->failure.phase, SP_PHASE_MAIL);
    assert_true(evidence->answer_count > 10);
    assert_true(sp_arena_used(evidence->arena) < SP_LIMIT_ARENA / 8 * 7);
    sp_dialogue_free(&player.dialogue);
    sp_evidence_free(evidence);
}

/* --- may_begin -------------------------------------------------------------------------------- */

struct question {
    bool answer;
    unsigned *asked;
};

static bool answer_question(const void *data, const struct sp_evidence *evidence)
{
    const struct question *question = data;
    (*question->asked)++;
    assert_true(sp_evidence_ehlo(evidence)->ok);
    assert_int_equal(evidence->banner->code, 220);
    return question->answer;
}

static void test_may_begin(void **state)
{
    (void)state;
    const char *const yes[] = {
        BANNER, EHLO, EHLO_OK, MAIL, "S 250 ok\r\n", "C AUTH LOGIN\r\n", "S 502 no\r\n",
        QUIT,   BYE,  "X",     NULL};
    const char *const no[] = {BANNER, EHLO, EHLO_OK, QUIT, BYE, "X", NULL};
    const char *const early[] = {BANNER, EHLO, "S 550 no\r\n", QUIT, BYE, "X", NULL};
    const struct {
        bool answer;
        const char *const *steps;
        unsigned asked;
        size_t answers;
        enum sp_reason reason;
    } cases[] = {{true, yes, 1, 2, SP_REASON_OK},
                 {false, no, 1, 0, SP_REASON_OK},
                 {true, early, 0, 0, SP_REASON_REJECTED_PERMANENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned asked = 0;
        const struct question question = {cases[i].answer, &asked};
        const struct sp_script script = {
            .commands = COMMANDS(mail_then_login), .may_begin = answer_question, .data = &question};
        struct sp_evidence *evidence = play_whole(&script, cases[i].steps, 100);
        assert_int_equal(asked, cases[i].asked);
        assert_int_equal(evidence->answer_count, cases[i].answers);
        assert_int_equal(evidence->failure.reason, cases[i].reason);
        sp_evidence_free(evidence);
    }
}

/* --- the edges -------------------------------------------------------------------------------- */

/* The longest line of AUTH goes out whole, one octet more not at all. */
static void test_longest_command(void **state)
{
    (void)state;
    static char text[SP_LIMIT_COMMAND_AUTH], sent[SP_LIMIT_COMMAND_AUTH + 8];
    const struct sp_script_command command = {SP_PHASE_AUTH, text, true, 0};
    const struct sp_script script = {.commands = &command, .command_count = 1};
    const char *const fits[] = {BANNER, EHLO, EHLO_OK, sent, "S 535 no\r\n", QUIT, BYE, "X", NULL};
    const char *const over[] = {BANNER, EHLO, EHLO_OK, "X", NULL};
    memset(text, 'A', SP_LIMIT_COMMAND_AUTH - 2);
    snprintf(sent, sizeof sent, "C %s\r\n", text);
    struct sp_evidence *evidence = play_whole(&script, fits, 100);
    assert_int_equal(evidence->answer_count, 1);
    sp_evidence_free(evidence);
    text[SP_LIMIT_COMMAND_AUTH - 2] = 'A';
    evidence = play_whole(&script, over, 100);
    assert_int_equal(evidence->failure.reason, SP_REASON_INTERNAL_ERROR);
    sp_evidence_free(evidence);
}

/* --- QUIT ------------------------------------------------------------------------------------- */

static void test_quit_not_sent(void **state)
{
    (void)state;
    static const struct {
        int send_errno, sys_errno;
    } cases[] = {{32, 0}, {104, 0}, {0, 104}, {0, 0}};
    static struct sp_options options = {.ehlo_name = "probe.example"};
    static struct sp_endpoint endpoint = {
        .input = "mx", .host = "mx", .tls = SP_TLS_NONE, .options = &options};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sp_evidence *evidence = sp_evidence_new(&endpoint);
        struct player player = {.row = "quit", .action = {.kind = SP_ACTION_WAIT}};
        sp_dialogue_init(&player.dialogue, evidence);
        step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
        play_step(&player, BANNER, 100);
        play_step(&player, EHLO, 100);
        play_step(&player, EHLO_OK, 100);
        play_step(&player, QUIT, 100);
        step(&player, (struct sp_event){.kind = SP_EVENT_FAILED,
                                        .reason = SP_REASON_CONNECTION_CLOSED,
                                        .sys_errno = cases[i].sys_errno,
                                        .send_errno = cases[i].send_errno});
        play_step(&player, "X", 100);
        assert_int_equal(evidence->quit_errno, cases[i].send_errno);
        assert_int_equal(evidence->failure.reason, SP_REASON_OK);
        assert_null(evidence->quit);
        sp_dialogue_free(&player.dialogue);
        sp_evidence_free(evidence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_helo_inside_tls),
        cmocka_unit_test(test_many_commands),
        cmocka_unit_test(test_too_many_commands),
        cmocka_unit_test(test_flood_of_answers),
        cmocka_unit_test(test_may_begin),
        cmocka_unit_test(test_longest_command),
        cmocka_unit_test(test_quit_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
