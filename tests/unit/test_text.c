/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must hold of the text output for every result, at every width and in every style. */
#include "output/output.h"
#include "output/style.h"
#include "output/utf8.h"
#include "output/waterfall.h"
#include "tests/golden/fixtures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_RESULTS (10u * FIXTURE_COUNT)

/* Renders `count` results, the fixtures over and over; the text ends in NUL and is the caller's. */
static char *render_text(const struct sp_render *render, size_t first, size_t count,
                         size_t *out_len)
{
    struct sp_result results[MAX_RESULTS];
    struct sp_report report = {.results = results, .count = count};
    struct sp_writer writer;

    for (size_t i = 0; i < count; i++) {
        results[i] = *fixture_result((enum fixture)((first + i) % FIXTURE_COUNT));
        report.state = sp_state_worst(report.state, results[i].state);
        report.by_state[results[i].state]++;
    }
    sp_writer_init(&writer, -1);
    sp_output_text.report(&writer, render, &report);
    assert_int_equal(writer.error, 0);
    char *text = malloc(writer.buf.len + 1);
    assert_non_null(text);
    if (writer.buf.len > 0)
        memcpy(text, writer.buf.data, writer.buf.len);
    text[writer.buf.len] = '\0';
    *out_len = writer.buf.len;
    sp_writer_free(&writer);
    return text;
}

/* Takes the colours out of text, in place; anything else that begins with ESC is a failure. */
static size_t strip_colors(char *text, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\x1b') {
            text[kept++] = text[i];
            continue;
        }
        assert_int_equal(text[++i], '[');
        while (text[++i] != 'm')
            assert_true((text[i] >= '0' && text[i] <= '9') || text[i] == ';');
    }
    text[kept] = '\0';
    return kept;
}

/* Each line: within the width, visible, valid UTF-8, without spaces at its end. */
static void check_lines(const char *text, size_t len, const struct sp_render *render)
{
    size_t columns = 0;

    for (size_t at = 0; at < len;) {
        int32_t code;
        size_t taken = sp_utf8_read(text + at, len - at, &code);

        assert_int_not_equal(code, SP_UTF8_BAD);
        if (code == '\n') {
            assert_true(at == 0 || text[at - 1] != ' ');
            columns = 0;
        } else {
            assert_false(sp_utf8_hidden(code));
            assert_true(render->unicode || code < 0x80);
            columns += sp_utf8_width(code);
            if (columns > render->width)
                fail_msg("a line is wider than %u: ...%.60s", render->width,
                         text + (at > 60 ? at - 60 : 0));
        }
        at += taken;
    }
    assert_true(len == 0 || text[len - 1] == '\n');
}

static void check_style(struct sp_render render, size_t first, size_t count)
{
    size_t plain_len, color_len;
    char *text = render_text(&render, first, count, &plain_len);

    check_lines(text, plain_len, &render);
    render.color = true;
    char *colored = render_text(&render, first, count, &color_len);
    assert_true(plain_len == 0 || color_len > plain_len);
    /* Colour adds nothing but colour. */
    assert_int_equal(strip_colors(colored, color_len), plain_len);
    assert_string_equal(colored, text);
    free(colored);
    free(text);
}

static void test_every_width(void **state)
{
    (void)state;
    for (unsigned width = 40; width <= 200; width += width < 84 ? 4 : 29) {
        for (unsigned style = 0; style < 16; style++) {
            struct sp_render render = {.width = width,
                                       .unicode = (style & 1) != 0,
                                       .verbose = (style & 2) != 0,
                                       .quiet = (style & 4) != 0,
                                       .transcript = (style & 8) != 0};

            for (size_t i = 0; i < FIXTURE_COUNT; i++)
                check_style(render, i, 1);
            check_style(render, 0, 5);
            check_style(render, 0, 6);
            check_style(render, 3, 20);
        }
    }
}

/* Worst first, whatever the order of the targets. */
static void test_order(void **state)
{
    const struct sp_render render = {.width = 80};
    static const char *const order[] = {"x CRITICAL", "! WARNING", "? UNKNOWN", "+ OK"};

    (void)state;
    for (size_t first = 0; first < FIXTURE_COUNT; first++) {
        size_t len;
        char *text = render_text(&render, first, 14, &len);
        const char *at = text;

        assert_int_equal(strncmp(text, "STATE ", 6), 0);
        for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
            const char *next = strstr(at, order[i]);

            assert_non_null(next);
            at = next;
        }
        free(text);
    }
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

/* Five or fewer: details of each. More: a table of all, and details of what is not OK; -v: of all. */
static void test_table_or_details(void **state)
{
    struct sp_render render = {.width = 80};
    size_t len;

    (void)state;
    char *few = render_text(&render, 0, 5, &len);
    assert_null(strstr(few, "TARGET"));
    assert_int_equal(count_of(few, "\n  total "), 5);
    char *many = render_text(&render, 0, 7, &len);
    assert_non_null(strstr(many, "TARGET"));
    assert_int_equal(count_of(many, "\n  total "), 5); /* the invalid target has no time */
    assert_non_null(
        strstr(many, "\n7 endpoints: 3 CRITICAL, 2 WARNING, 1 UNKNOWN, 1 OK, in 6.2 s\n"));
    render.verbose = 1;
    char *verbose = render_text(&render, 0, 7, &len);
    assert_int_equal(count_of(verbose, "\n  total "), 6);
    free(few);
    free(many);
    free(verbose);
}

/* Nobody reads the hundredth "connection refused": the table has it. */
static void test_details_of_many(void **state)
{
    struct sp_render render = {.width = 80};
    size_t len;

    (void)state;
    char *many = render_text(&render, 0, 10 * FIXTURE_COUNT, &len);
    size_t troubled = count_of(many, "\nx CRITICAL  ") + count_of(many, "\n! WARNING   ") +
                      count_of(many, "\n? UNKNOWN   ");
    size_t shown = count_of(many, "\nx CRITICAL ") + count_of(many, "\n! WARNING ") +
                   count_of(many, "\n? UNKNOWN ") - troubled;
    char line[80];
    assert_true(shown >= 20 && shown < troubled);
    snprintf(line, sizeof(line), "\n%zu more with the same reasons: see the table, or use -v\n",
             troubled - shown);
    assert_non_null(strstr(many, line));
    /* A reason that comes only later is explained all the same. */
    assert_non_null(strstr(many, "  ? UNKNOWN invalid-target (config)\n"));
    render.verbose = 1;
    char *verbose = render_text(&render, 0, 10 * FIXTURE_COUNT, &len);
    assert_null(strstr(verbose, " more with the same reasons"));
    free(many);
    free(verbose);
}

/* The first time a reason comes up it is explained, and not again. */
static void test_told_once(void **state)
{
    const struct sp_render render = {.width = 200};
    size_t len;

    (void)state;
    char *text = render_text(&render, 0, 28, &len);
    for (int i = SP_REASON_OK + 1; i < SP_REASON_COUNT; i++) {
        const struct sp_reason_info *reason = sp_reason_info((enum sp_reason)i);
        char start[40];

        snprintf(start, sizeof(start), "why   %.30s", reason->explanation);
        if (i == SP_REASON_CERTIFICATE_EXPIRED || i == SP_REASON_CONNECT_TIMEOUT)
            assert_int_equal(count_of(text, start), 1);
        else
            assert_in_range(count_of(text, start), 0, 1);
    }
    free(text);
}

static void test_quiet(void **state)
{
    const struct sp_render render = {.width = 80, .quiet = true};
    size_t len;

    (void)state;
    char *text = render_text(&render, FIXTURE_GOOD, 1, &len);
    assert_int_equal(len, 0);
    free(text);
    text = render_text(&render, 0, 7, &len);
    assert_null(strstr(text, "+ OK  "));
    assert_null(strstr(text, "mx1.example.org:25"));
    assert_non_null(strstr(text, "1 OK")); /* the summary still counts it */
    free(text);
}

static void test_nothing(void **state)
{
    const struct sp_render render = {.width = 80};
    size_t len;

    (void)state;
    char *text = render_text(&render, 0, 0, &len);
    assert_int_equal(len, 0);
    free(text);
}

/* Bars stand one behind the other, each at least one column wide and none beyond the last column. */
static void test_waterfall(void **state)
{
    static const struct {
        int64_t total, connect, banner; /* the banner begins when the connection stands */
        const char *connect_bar, *banner_bar;
        unsigned extra; /* columns of the time beyond those of "<0.1 ms" */
    } table[] = {
        {100, 50, 50, "=====     ", "     =====", 0},
        {100, 100, 0, "==========", "         =", 0},
        {0, 0, 0, "=         ", "=         ", 0},
        {10, 50, 50, "=====     ", "     =====", 0}, /* more than the whole: the whole grows */
        {1000000000, 1, 999999999, "=         ", "==========", 2},
        {86400000000000, 86400000000000 - 1, 1, "==========", "         =", 6},
    };
    const struct sp_endpoint endpoint = {.input = "mx", .host = "mx"};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sp_evidence evidence = {.endpoint = &endpoint, .total_ns = table[i].total};
        struct sp_result result = {.evidence = &evidence, .message = ""};
        struct sp_render render = {.width = SP_ROW_INDENT + 10 + 9 + table[i].extra};
        struct sp_writer writer;

        for (int phase = 0; phase < SP_PHASE_TIMED_COUNT; phase++)
            evidence.spans[phase].start_ns = -1;
        evidence.spans[SP_PHASE_CONNECT] = (struct sp_span){0, table[i].connect};
        evidence.spans[SP_PHASE_BANNER] = (struct sp_span){table[i].connect, table[i].banner};
        sp_writer_init(&writer, -1);
        sp_waterfall_write(&writer, &render, &result);
        sp_write(&writer, "", 1);
        const char *text = (const char *)writer.buf.data;
        const char *banner = strstr(text, "\n  banner ");
        assert_non_null(banner);
        assert_int_equal(strncmp(text + SP_ROW_INDENT, table[i].connect_bar, 10), 0);
        assert_int_equal(strncmp(banner + 1 + SP_ROW_INDENT, table[i].banner_bar, 10), 0);
        sp_writer_free(&writer);
    }
}

/* Text is wrapped between words, and words that no line can hold are broken without losing anything. */
static void test_flow(void **state)
{
    static const struct {
        const char *in, *out;
    } table[] = {
        {"", "\n"},
        {"one two", "one two\n"},
        {"  one   two  ", "one two\n"},
        {"0123456789 01234567", "0123456789\n  01234567\n"},
        {"0123456789 0123456789", "0123456789\n  01234567\n  89\n"},
        {"a 0123456789abcdef", "a 01234567\n  89abcdef\n"},
        {"abc 0123456789abcdef", "abc\n  01234567\n  89abcdef\n"},
        {"日本日本日 日本", "日本日本日\n  日本\n"},
    };
    const struct sp_render render = {.width = 10, .unicode = true};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sp_writer writer;
        struct sp_flow flow;

        sp_writer_init(&writer, -1);
        sp_flow_begin(&flow, &writer, &render, 2, 0);
        sp_flow_words(&flow, table[i].in, strlen(table[i].in));
        sp_flow_end(&flow);
        sp_write(&writer, "", 1);
        assert_string_equal((const char *)writer.buf.data, table[i].out);
        sp_writer_free(&writer);
    }
}

/* -o stores the number of its word in options.def, and outputs are found by that number. */
static void test_outputs_stand_as_their_words(void **state)
{
    (void)state;
    char words[128] = "";

    for (size_t i = 0; sp_outputs[i] != NULL; i++) {
        size_t used = strlen(words);
        (void)snprintf(words + used, sizeof(words) - used, "%s%s", i > 0 ? "|" : "",
                       sp_outputs[i]->name);
    }
    assert_string_equal(words, sp_option_find("output")->choices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_width),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_table_or_details),
        cmocka_unit_test(test_details_of_many),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_told_once),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_waterfall),
        cmocka_unit_test(test_outputs_stand_as_their_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
