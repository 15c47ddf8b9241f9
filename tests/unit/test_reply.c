/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/limits.h"
#include "probe/reply.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define OCTETS(text) (text), sizeof(text) - 1

/* One reply at the start of some octets. Lines are joined by "|" for comparison. */
struct reply_row {
    const char *name;
    const char *input;
    size_t len;
    size_t used;
    int code;
    const char *lines;
    size_t lines_len;
    unsigned quirks;
};

static const struct reply_row good_rows[] = {
    {"plain", OCTETS("220 mx.test ESMTP\r\n"), 19, 220, OCTETS("mx.test ESMTP"), 0},
    {"code only", OCTETS("220\r\n"), 5, 220, OCTETS(""), SP_QUIRK_CODE_ONLY},
    {"code and space", OCTETS("220 \r\n"), 6, 220, OCTETS(""), 0},
    {"three lines", OCTETS("250-a\r\n250-SIZE 1\r\n250 c\r\n"), 26, 250, OCTETS("a|SIZE 1|c"), 0},
    {"ends code-only", OCTETS("250-a\r\n250\r\n"), 12, 250, OCTETS("a|"), SP_QUIRK_CODE_ONLY},
    {"empty middle", OCTETS("250-\r\n250 \r\n"), 12, 250, OCTETS("|"), 0},
    {"two replies", OCTETS("220 a\r\n250 b\r\n"), 7, 220, OCTETS("a"), 0},
    {"leftover octet", OCTETS("220 a\r\n\n"), 7, 220, OCTETS("a"), 0},
    {"bare LF", OCTETS("220 a\n"), 6, 220, OCTETS("a"), SP_QUIRK_BARE_LF},
    {"bare LF in one line", OCTETS("220-a\n220 b\r\n"), 13, 220, OCTETS("a|b"), SP_QUIRK_BARE_LF},
    {"CR does not split", OCTETS("220 mx\r250 pwned\r\n"), 18, 220, OCTETS("mx\r250 pwned"),
     SP_QUIRK_BARE_CR},
    {"CR CR LF", OCTETS("220 a\r\r\n"), 8, 220, OCTETS("a"), SP_QUIRK_BARE_CR},
    {"code CR CR LF", OCTETS("220\r\r\n"), 6, 220, OCTETS(""),
     SP_QUIRK_BARE_CR | SP_QUIRK_CODE_ONLY},
    {"CR behind the code", OCTETS("220\rx\r\n"), 7, 220, OCTETS("\rx"),
     SP_QUIRK_BARE_CR | SP_QUIRK_NO_SEPARATOR},
    {"no separator", OCTETS("220mx\r\n"), 7, 220, OCTETS("mx"), SP_QUIRK_NO_SEPARATOR},
    {"tab as separator", OCTETS("220\tmx\r\n"), 8, 220, OCTETS("\tmx"), SP_QUIRK_NO_SEPARATOR},
    {"NUL", OCTETS("220 a\0b\r\n"), 9, 220, OCTETS("a\0b"), SP_QUIRK_NUL},
    {"escape", OCTETS("220 \033[2J\r\n"), 10, 220, OCTETS("\033[2J"), SP_QUIRK_CONTROL},
    {"DEL", OCTETS("220 \177\r\n"), 7, 220, OCTETS("\177"), SP_QUIRK_CONTROL},
    {"tab in the text", OCTETS("220 a\tb\r\n"), 9, 220, OCTETS("a\tb"), 0},
    {"UTF-8", OCTETS("220 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\r\n"), 17, 220,
     OCTETS("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"), SP_QUIRK_NON_ASCII},
    {"C1 control as UTF-8", OCTETS("220 \xc2\x9b\r\n"), 8, 220, OCTETS("\xc2\x9b"),
     SP_QUIRK_NON_ASCII | SP_QUIRK_CONTROL},
    {"ff fe", OCTETS("220 \xff\xfe\r\n"), 8, 220, OCTETS("\xff\xfe"), SP_QUIRK_NON_UTF8},
    {"overlong", OCTETS("220 \xc0\xaf\r\n"), 8, 220, OCTETS("\xc0\xaf"), SP_QUIRK_NON_UTF8},
    {"overlong of three", OCTETS("220 \xe0\x80\xaf\r\n"), 9, 220, OCTETS("\xe0\x80\xaf"),
     SP_QUIRK_NON_UTF8},
    {"surrogate", OCTETS("220 \xed\xa0\x80\r\n"), 9, 220, OCTETS("\xed\xa0\x80"),
     SP_QUIRK_NON_UTF8},
    {"beyond Unicode", OCTETS("220 \xf4\x90\x80\x80\r\n"), 10, 220, OCTETS("\xf4\x90\x80\x80"),
     SP_QUIRK_NON_UTF8},
    {"truncated UTF-8", OCTETS("220 \xf0\x9f\r\n"), 8, 220, OCTETS("\xf0\x9f"), SP_QUIRK_NON_UTF8},
    {"mixed codes", OCTETS("250-a\r\n550 b\r\n"), 14, 550, OCTETS("a|b"), SP_QUIRK_MIXED_CODES},
    {"mixed and back", OCTETS("250-a\r\n220-b\r\n250 c\r\n"), 21, 250, OCTETS("a|b|c"),
     SP_QUIRK_MIXED_CODES},
    {"lowest code", OCTETS("200 \r\n"), 6, 200, OCTETS(""), 0},
    {"highest code", OCTETS("559 \r\n"), 6, 559, OCTETS(""), 0},
};

static void check_row(const struct reply_row *row, const struct sp_reply *reply)
{
    char joined[512];
    size_t len = 0;

    assert_int_equal(reply->code, row->code);
    assert_int_equal(reply->quirks, row->quirks);
    assert_null(reply->enhanced);
    for (size_t i = 0; i < reply->line_count; i++) {
        if (i > 0)
            joined[len++] = '|';
        assert_true(len + reply->lines[i].len < sizeof joined);
        memcpy(joined + len, reply->lines[i].data, reply->lines[i].len);
        assert_int_equal(reply->lines[i].data[reply->lines[i].len], '\0');
        len += reply->lines[i].len;
    }
    assert_int_equal(len, row->lines_len);
    assert_memory_equal(joined, row->lines, len);
    if ((row->quirks & ~(unsigned)SP_QUIRK_CODE_ONLY) == 0) {
        assert_int_equal(reply->raw.len, 0);
    } else {
        assert_int_equal(reply->raw.len, row->used);
        assert_memory_equal(reply->raw.data, row->input, row->used);
    }
    assert_non_null(reply->raw.data);
}

/* Feeds the row cut at `cut`, then (step 1) octet by octet; both must give the same reply. */
static void run_row(struct sp_reply_parser *parser, const struct reply_row *row, size_t cut)
{
    const uint8_t *data = (const uint8_t *)row->input;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_reply reply;
    size_t total = 0;
    enum sp_reply_status status = SP_REPLY_MORE;

    while (status == SP_REPLY_MORE && total < row->len) {
        size_t piece = cut == 0 ? 1 : total < cut ? cut - total : row->len - total;
        size_t used = 0;

        status = sp_reply_parse(parser, data + total, piece, &used);
        assert_true(used <= piece);
        assert_true(status == SP_REPLY_DONE || used == piece);
        total += used;
    }
    if (status != SP_REPLY_DONE || total != row->used)
        print_error("row \"%s\", cut at %zu\n", row->name, cut);
    assert_int_equal(status, SP_REPLY_DONE);
    assert_int_equal(total, row->used);
    assert_true(sp_reply_take(parser, arena, &reply));
    check_row(row, &reply);
    sp_arena_free(arena);
}

static void test_replies_cut_anywhere(void **state)
{
    struct sp_reply_parser parser;

    (void)state;
    sp_reply_parser_init(&parser);
    /* One parser for all rows: each must leave it ready for the next. */
    for (size_t i = 0; i < COUNT(good_rows); i++)
        for (size_t cut = 0; cut <= good_rows[i].len; cut++)
            run_row(&parser, &good_rows[i], cut);
    sp_reply_parser_free(&parser);
}

/* What is no reply, and after how many octets that must be known. */
static const struct {
    const char *input;
    size_t len;
    size_t known;
    const char *guess;
} bad_rows[] = {
    {OCTETS("SSH-2.0-OpenSSH_9.2\r\n"), 1, "an SSH server"},
    {OCTETS("HTTP/1.1 400 Bad Request\r\n"), 1, "an HTTP server"},
    {OCTETS("<html>"), 1, "an HTTP server"},
    {OCTETS("+OK POP3 ready\r\n"), 1, "a POP3 server"},
    {OCTETS("-ERR no\r\n"), 1, "a POP3 server"},
    {OCTETS("* OK IMAP4rev1\r\n"), 1, "an IMAP server"},
    {OCTETS("* BYE\r\n"), 1, "an IMAP server"},
    {OCTETS("\"IMPLEMENTATION\" \"x\"\r\n"), 1, "a ManageSieve server"},
    {OCTETS("\x15\x03\x01\x00\x02\x02\x32"), 1, "a TLS server"},
    {OCTETS("\x16\x03\x01\x02\x00"), 1, "a TLS server"},
    {OCTETS("\xff\xfd\x18"), 1, "a telnet server"},
    {OCTETS("J\0\0\0\n8.0.36"), 1, "a MySQL server"},
    {OCTETS("120 ready soon\r\n"), 1, "an FTP server"},
    {OCTETS("000 \r\n"), 1, "a server with reply codes that SMTP does not have"},
    {OCTETS("999 \r\n"), 1, "a server with reply codes that SMTP does not have"},
    {OCTETS("260 \r\n"), 2, "a server with reply codes that SMTP does not have"},
    {OCTETS("2200 \r\n"), 4, "a server with reply codes that SMTP does not have"},
    {OCTETS("22\r\n"), 3, "something that is not SMTP"},
    {OCTETS("22x mx\r\n"), 3, "something that is not SMTP"},
    {OCTETS("\r\n220 mx\r\n"), 1, "something that is not SMTP"},
    {OCTETS("\n"), 1, "something that is not SMTP"},
    {OCTETS(" 220 mx\r\n"), 1, "something that is not SMTP"},
    {OCTETS("hello\r\n"), 1, "something that is not SMTP"},
    {OCTETS("220-Welcome\r\nto our FTP\r\n220 \r\n"), 14, "a reply with a line that has no code"},
    {OCTETS("250-a\r\n\r\n250 b\r\n"), 8, "a reply with a line that has no code"},
};

static void test_not_a_reply(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_rows); i++) {
        const uint8_t *data = (const uint8_t *)bad_rows[i].input;
        struct sp_reply_parser parser;
        size_t used = 0;
        size_t total = 0;
        size_t have = 0;

        sp_reply_parser_init(&parser);
        while (sp_reply_parse(&parser, data + total, 1, &used) == SP_REPLY_MORE)
            total += used;
        assert_int_equal(used, 1);
        assert_int_equal(total + 1, bad_rows[i].known);
        /* Octets that come later sharpen the guess. */
        assert_int_equal(
            sp_reply_parse(&parser, data + total + 1, bad_rows[i].len - total - 1, &used),
            SP_REPLY_BAD);
        assert_int_equal(used, bad_rows[i].len - total - 1);
        assert_string_equal(sp_reply_guess(&parser), bad_rows[i].guess);
        assert_memory_equal(sp_reply_received(&parser, &have), data, bad_rows[i].len);
        assert_int_equal(have, bad_rows[i].len);
        sp_reply_parser_free(&parser);
        assert_null(sp_reply_received(&parser, &have));
        assert_int_equal(have, 0);
    }
}

static void test_every_first_octet(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        struct sp_reply_parser parser;
        uint8_t data = (uint8_t)octet;
        size_t used;
        bool may = octet >= '2' && octet <= '5';

        sp_reply_parser_init(&parser);
        assert_int_equal(sp_reply_parse(&parser, &data, 1, &used),
                         may ? SP_REPLY_MORE : SP_REPLY_BAD);
        sp_reply_parser_free(&parser);
    }
}

static void test_bad_keeps_little(void **state)
{
    struct sp_reply_parser parser;
    uint8_t data[4096];
    size_t used;
    size_t have;

    (void)state;
    memset(data, 'x', sizeof data);
    sp_reply_parser_init(&parser);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(sp_reply_parse(&parser, data, sizeof data, &used), SP_REPLY_BAD);
        assert_int_equal(used, sizeof data);
    }
    assert_non_null(sp_reply_received(&parser, &have));
    assert_in_range(have, SP_LIMIT_REPLY_RAW, sizeof data);
    sp_reply_parser_free(&parser);
}

static void test_no_octets_and_untaken(void **state)
{
    struct sp_reply_parser parser;
    size_t used = 9;

    (void)state;
    sp_reply_parser_init(&parser);
    assert_int_equal(sp_reply_parse(&parser, NULL, 0, &used), SP_REPLY_MORE);
    assert_int_equal(used, 0);
    assert_int_equal(sp_reply_parse(&parser, (const uint8_t *)"250 a\r\n", 7, &used),
                     SP_REPLY_DONE);
    assert_int_equal(sp_reply_parse(&parser, (const uint8_t *)"250 b\r\n", 7, &used),
                     SP_REPLY_DONE);
    assert_int_equal(used, 0);
    sp_reply_parser_free(&parser);
}

/* Parses "220 xxx…" of `body` octets and the line end; *out_total: octets until the status was known. */
static enum sp_reply_status parse_long_line(size_t body, const char *end, unsigned *out_quirks,
                                            size_t *out_total)
{
    struct sp_reply_parser parser;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_reply reply = {0};
    enum sp_reply_status status = SP_REPLY_MORE;
    size_t len = body + strlen(end);
    uint8_t *data = malloc(len);

    assert_non_null(data);
    memset(data, 'x', body);
    memcpy(data, "220 ", 4);
    memcpy(data + body, end, strlen(end));
    sp_reply_parser_init(&parser);
    for (*out_total = 0; *out_total < len && status == SP_REPLY_MORE;) {
        size_t used;

        status = sp_reply_parse(&parser, data + *out_total, 1, &used);
        *out_total += used;
    }
    if (status == SP_REPLY_DONE) {
        assert_true(sp_reply_take(&parser, arena, &reply));
        assert_int_equal(reply.lines[0].len, body - 4);
        assert_true(reply.raw.len <= SP_LIMIT_REPLY_RAW);
    }
    *out_quirks = reply.quirks;
    sp_reply_parser_free(&parser);
    sp_arena_free(arena);
    free(data);
    return status;
}

static void test_line_length(void **state)
{
    static const struct {
        size_t body;
        const char *end;
        enum sp_reply_status status;
        unsigned quirks;
    } rows[] = {
        {510, "\r\n", SP_REPLY_DONE, 0},
        {511, "\r\n", SP_REPLY_DONE, SP_QUIRK_LONG_LINE},
        {2000, "\r\n", SP_REPLY_DONE, SP_QUIRK_LONG_LINE},
        {2000, "\n", SP_REPLY_DONE, SP_QUIRK_LONG_LINE | SP_QUIRK_BARE_LF},
        {SP_LIMIT_REPLY_LINE, "\r\n", SP_REPLY_DONE, SP_QUIRK_LONG_LINE},
        {SP_LIMIT_REPLY_LINE, "\n", SP_REPLY_DONE, SP_QUIRK_LONG_LINE | SP_QUIRK_BARE_LF},
        {SP_LIMIT_REPLY_LINE, "\r\r\n", SP_REPLY_TOO_LARGE, 0},
        {SP_LIMIT_REPLY_LINE + 1, "\r\n", SP_REPLY_TOO_LARGE, 0},
        {SP_LIMIT_REPLY_LINE, "\rx\n", SP_REPLY_TOO_LARGE, 0},
        {65536, "\r\n", SP_REPLY_TOO_LARGE, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned quirks;
        size_t total;

        assert_int_equal(parse_long_line(rows[i].body, rows[i].end, &quirks, &total),
                         rows[i].status);
        assert_int_equal(quirks, rows[i].quirks);
        if (rows[i].status == SP_REPLY_TOO_LARGE) /* at once: not a line end later */
            assert_in_range(total, SP_LIMIT_REPLY_LINE + 1, SP_LIMIT_REPLY_LINE + 2);
    }
}

static void test_line_count(void **state)
{
    struct sp_reply_parser parser;
    const uint8_t *line = (const uint8_t *)"250-\r\n";
    size_t used;

    (void)state;
    sp_reply_parser_init(&parser);
    for (unsigned i = 1; i < SP_LIMIT_REPLY_LINES; i++)
        assert_int_equal(sp_reply_parse(&parser, line, 6, &used), SP_REPLY_MORE);
    assert_int_equal(sp_reply_parse(&parser, (const uint8_t *)"250 \r\n", 6, &used), SP_REPLY_DONE);
    sp_reply_parser_free(&parser);

    for (unsigned i = 1; i < SP_LIMIT_REPLY_LINES; i++)
        assert_int_equal(sp_reply_parse(&parser, line, 6, &used), SP_REPLY_MORE);
    assert_int_equal(sp_reply_parse(&parser, line, 6, &used), SP_REPLY_TOO_LARGE);
    assert_int_equal(sp_reply_parse(&parser, line, 6, &used), SP_REPLY_TOO_LARGE);
    assert_int_equal(used, 0);
    sp_reply_parser_free(&parser);
}

/* Lines of 1024 octets: 32 of them are the cap exactly. */
static void test_byte_count(void **state)
{
    char line[1025];

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "250-", 4);
    memcpy(line + 1022, "\r\n", 3);
    for (int over = 0; over < 2; over++) {
        struct sp_reply_parser parser;
        size_t used;

        sp_reply_parser_init(&parser);
        for (unsigned i = 1; i < SP_LIMIT_REPLY_BYTES / 1024; i++)
            assert_int_equal(sp_reply_parse(&parser, (uint8_t *)line, 1024, &used), SP_REPLY_MORE);
        line[3] = over ? '-' : ' ';
        assert_int_equal(sp_reply_parse(&parser, (uint8_t *)line, 1024, &used),
                         over ? SP_REPLY_MORE : SP_REPLY_DONE);
        if (over)
            assert_int_equal(sp_reply_parse(&parser, (uint8_t *)line, 1, &used),
                             SP_REPLY_TOO_LARGE);
        line[3] = '-';
        sp_reply_parser_free(&parser);
    }
}

static void test_take_without_memory(void **state)
{
    struct sp_reply_parser parser;
    struct sp_reply reply = {0};
    size_t used;
    size_t need = 0;

    (void)state;
    sp_reply_parser_init(&parser);
    assert_int_equal(sp_reply_parse(&parser, (const uint8_t *)"250-a\n250 b\n", 12, &used),
                     SP_REPLY_DONE);
    for (bool ok = false; !ok; need++) {
        struct sp_arena *small = sp_arena_new(need);

        ok = sp_reply_take(&parser, small, &reply);
        if (!ok)
            assert_int_equal(reply.code, 0);
        sp_arena_free(small);
    }
    assert_true(need > 20);
    sp_reply_parser_free(&parser);
}

static const struct {
    const char *input;
    const char *enhanced;
} enhanced_rows[] = {
    {"250 2.0.0 Ok\r\n", "2.0.0"},
    {"250 2.0.0\r\n", "2.0.0"},
    {"550 5.7.1 no\r\n", "5.7.1"},
    {"451 4.999.999 no\r\n", "4.999.999"},
    {"221 2.0.0 Bye\r\n", "2.0.0"},
    {"550-5.7.1 a\r\n550 5.7.1 b\r\n", "5.7.1"},
    {"550-5.7.1 a\r\n550 5.7.2 b\r\n", NULL},
    {"550-5.7.1 a\r\n550 5.7.10 b\r\n", NULL},
    {"550-5.7.10 a\r\n550 5.7.1 b\r\n", NULL},
    {"550-5.7.1 a\r\n550 b\r\n", NULL},
    {"550 4.7.1 other class\r\n", NULL},
    {"354 3.0.0 go on\r\n", NULL},
    {"250 2.01.0 leading zero\r\n", NULL},
    {"250 2.00.0 zeros\r\n", NULL},
    {"250 2.1000.0 four digits\r\n", NULL},
    {"250 2.1.1000\r\n", NULL},
    {"250 2.0 short\r\n", NULL},
    {"250 2.0.\r\n", NULL},
    {"250 2..0 x\r\n", NULL},
    {"250 2.0.0x\r\n", NULL},
    {"250 2.0.0.0 x\r\n", NULL},
    {"250 22.0.0 x\r\n", NULL},
    {"250  2.0.0 x\r\n", NULL},
    {"250\r\n", NULL},
};

static void test_enhanced(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(enhanced_rows); i++) {
        const char *input = enhanced_rows[i].input;
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_reply_parser parser;
        struct sp_reply reply;
        size_t used;

        sp_reply_parser_init(&parser);
        assert_int_equal(sp_reply_parse(&parser, (const uint8_t *)input, strlen(input), &used),
                         SP_REPLY_DONE);
        assert_true(sp_reply_take(&parser, arena, &reply));
        reply.enhanced = "left over";
        assert_int_equal(sp_reply_enhanced(arena, &reply), enhanced_rows[i].enhanced != NULL);
        if (enhanced_rows[i].enhanced)
            assert_string_equal(reply.enhanced, enhanced_rows[i].enhanced);
        else
            assert_null(reply.enhanced);
        sp_reply_parser_free(&parser);
        sp_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_cut_anywhere),
        cmocka_unit_test(test_not_a_reply),
        cmocka_unit_test(test_every_first_octet),
        cmocka_unit_test(test_bad_keeps_little),
        cmocka_unit_test(test_no_octets_and_untaken),
        cmocka_unit_test(test_line_length),
        cmocka_unit_test(test_line_count),
        cmocka_unit_test(test_byte_count),
        cmocka_unit_test(test_take_without_memory),
        cmocka_unit_test(test_enhanced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
