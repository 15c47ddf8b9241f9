/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's pages, over results of tests/golden and over evidence that is judged here. Every page
 * that is made goes through html_reader.
 *
 *   test_exporter_page --write DIRECTORY     writes the pages there, to be looked at
 */
#include "prometheus/html.h"
#include "prometheus/page.h"
#include "tests/unit/exporter_sample.h"
#include "tests/unit/html_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

/* The page as a string that the caller frees; read as above. */
static char *page_of(struct sp_buf *out)
{
    assert_true(sp_buf_append(out, "", 1));
    char *page = (char *)out->data;

    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, SAMPLE_BIDI));
    html_read(page);
    return page;
}

static char *make_status(const struct sp_page_context *context)
{
    struct sp_buf out;

    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_status(context, &out));
    return page_of(&out);
}

static char *make_outcome(const struct sp_page_context *context, const struct sp_outcome *outcome)
{
    struct sp_buf out;

    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_outcome(context, outcome, &out));
    return page_of(&out);
}

static size_t count(const char *page, const char *what)
{
    size_t found = 0;

    for (page = strstr(page, what); page != NULL; page = strstr(page + 1, what))
        found++;
    return found;
}

static void has(const char *page, const char *what)
{
    if (strstr(page, what) == NULL)
        fail_msg("the page lacks: %s\n%s", what, page);
}

static void lacks(const char *page, const char *what)
{
    if (strstr(page, what) != NULL)
        fail_msg("the page has: %s", what);
}

/* --- the escaping writer ------------------------------------------------------------------------- */

static void test_escape(void **state)
{
    struct sp_buf out;
    struct sp_html html;
    static const char raw[] = "a&b<c>\"d'\x1b\0\xFF" SAMPLE_BIDI "\xC3\xA9\n";
    const char *volatile none = NULL;

    (void)state;
    sp_buf_init(&out, 4096);
    sp_html_init(&html, &out);
    sp_html_write(&html, "<p class=\"%s\">%d %u %zu %%%s</p>", "\"><b>", -1, 2u, (size_t)3, none);
    sp_html_text(&html, raw, sizeof(raw) - 1);
    sp_html_lines(&html, "x\n<y>\n", 6);
    sp_html_cut(&html, "0123456789", 6);
    sp_html_text(&html, "\x7f", 1);
    sp_html_query(&html, "a b&c=\xC3\xA9/~");
    assert_false(html.failed);
    assert_true(sp_buf_append(&out, "", 1));
    assert_string_equal(
        (const char *)out.data,
        "<p class=\"&quot;&gt;&lt;b&gt;\">-1 2 3 %</p>a&amp;b&lt;c&gt;&quot;d&#39;\\x1b\\x00\\xff"
        "\\u202e\xC3\xA9\\x0ax\n&lt;y&gt;\n012...\\x7f"
        "a%20b%26c%3D%C3%A9%2F~");
    sp_buf_free(&out);
}

/* What is over the cap is no page, and says so. */
static void test_cap(void **state)
{
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);

    (void)state;
    for (size_t cap = 0; cap < 8000; cap += 97) {
        struct sp_buf out;

        sp_buf_init(&out, cap);
        assert_false(sp_page_status(&context, &out));
        assert_true(out.len <= cap);
        sp_buf_free(&out);
        sp_buf_init(&out, cap);
        assert_false(sp_page_outcome(&context, sp_history_find(history, sample_last_id), &out));
        assert_true(out.len <= cap);
        sp_buf_free(&out);
        sp_buf_init(&out, cap / 8);
        assert_false(sp_page_status_json(&context, &out));
        sp_buf_free(&out);
    }
    sp_history_free(history);
}

/* --- the list -------------------------------------------------------------------------------------- */

static void test_status(void **state)
{
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);
    char *page = make_status(&context);

    (void)state;
    assert_int_equal(count(page, "<tr role=\"row\" class="), 8);
    has(page, "<strong>4</strong> <span class=\"state critical\">");
    has(page, "8 of 8 endpoints");
    has(page, "mx1.example.org");
    has(page, "resolve 1.2 ms, connect 8.1 ms, banner 20.0 ms");
    has(page, "total 88.3 ms</desc>");
    has(page, "2 OK</desc>");
    has(page, "29.4 days left");
    has(page, "ended 12.0 days ago");
    has(page, "TLSv1.3");
    has(page, "<code>certificate-expired</code>");
    has(page, sp_reason_info(SP_REASON_CERTIFICATE_EXPIRED)->sentence);
    has(page, "30 seconds ago");
    has(page, "<dd>2 hours</dd>");
    has(page, "smtp_starttls, smtp</dd>");
    has(page, "mx.example.org/&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\x01");
    free(page);
    sp_history_free(history);
}

static void test_search(void **state)
{
    static const struct {
        const char *search;
        bool only_problems;
        size_t rows;
    } cases[] = {
        {NULL, false, 8},
        {"", false, 8},
        {"  ", false, 8},
        {"MX1.example", false, 1},
        {"mail critical", false, 2},
        {"expired", false, 1},
        {"tlsv1.3", false, 1},
        {"smtp_starttls", false, 8},
        {"smtp_starttls", true, 7},
        {"mx1.example", true, 0},
        {"no such thing", false, 0},
        {"\tmx1.example\t ok ", false, 1},
        /* Eight words count, and 64 letters of each. */
        {"mx1 example org ok tlsv1.3 smtp starttls smtp_starttls nothing", false, 1},
        {"mx1 example org ok tlsv1.3 smtp starttls nothing", false, 0},
        {"\"><script>", false, 0},
    };
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        context.search = cases[i].search;
        context.only_problems = cases[i].only_problems;
        char *page = make_status(&context);
        size_t rows = count(page, "<tr role=\"row\" class=");

        if (rows != cases[i].rows)
            fail_msg("\"%s\": %zu rows", cases[i].search, rows);
        assert_int_equal(count(page, "No endpoint fits"), cases[i].rows == 0 ? 1 : 0);
        assert_int_equal(count(page, " checked>"), cases[i].only_problems ? 1 : 0);
        free(page);
    }
    context.search = "\"><script> & b";
    char *page = make_status(&context);
    has(page, "value=\"&quot;&gt;&lt;script&gt; &amp; b\"");
    has(page, "href=\"/x/?q=%22%3E%3Cscript%3E%20%26%20b\"");
    free(page);
    sp_history_free(history);
}

/* Bars have a height whatever a probe took, and only warnings have a dot. A clock that was set back makes no
 * probe of the future. */
static void test_bars(void **state)
{
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);
    struct sp_outcome *quick = sample_outcome_of(FIXTURE_GOOD);
    struct sp_outcome *warned = sample_outcome_of(FIXTURE_PLAIN);

    (void)state;
    quick->target = warned->target = "mx.example.org";
    quick->result.evidence->total_ns = 0;
    warned->ended_ms = SAMPLE_NOW_MS + 3600000;
    assert_int_equal(warned->result.state, SP_STATE_WARNING);
    sample_add(history, quick);
    sample_add(history, warned);
    char *page = make_status(&context);
    has(page, "<path class=\"ok\" fill-rule=\"evenodd\" d=\"M190 15h4v1h-4z\"/>");
    has(page,
        "<path class=\"warning\" fill-rule=\"evenodd\" d=\"M195 0h4v3h-4zM195 5h4v11h-4z\"/>");
    has(page, ">0 seconds ago</time>");
    free(page);
    sp_history_free(history);
}

/* Each of the things that a search looks at, where nothing else says the same. */
static void test_search_fields(void **state)
{
    static const struct {
        const char *search;
        size_t rows;
    } cases[] = {
        {"has", 1},           {"zebra", 1},
        {"ZEBRA tlsv1.3", 1}, {"zebra critical", 0},
        {"critical", 1},      {"certificate-expired", 1},
        {"mx8.", 1},          {"_starttls", 2},
        {"ebr", 1},           {"mx7.example.org zebra ok", 1},
    };
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);
    struct sp_outcome *good = sample_outcome_of(FIXTURE_GOOD);
    struct sp_outcome *bad = sample_outcome_of(FIXTURE_EXPIRED);

    (void)state;
    good->target = "mx7.example.org";
    good->result.message = "a zebra";
    bad->target = "mx8.example.org";
    bad->result.message = "";
    sample_add(history, good);
    sample_add(history, bad);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        context.search = cases[i].search;
        char *page = make_status(&context);
        size_t rows = count(page, "<tr role=\"row\" class=");

        if (rows != cases[i].rows)
            fail_msg("\"%s\": %zu rows", cases[i].search, rows);
        free(page);
    }
    sp_history_free(history);
}

static void test_pages(void **state)
{
    static const struct {
        const char *page;
        size_t rows;
        const char *says;
    } cases[] = {
        {NULL, 200, "Rows 1–200 of 450"},
        {"", 200, "Rows 1–200 of 450"},
        {"1", 200, "Rows 1–200 of 450"},
        {"2", 200, "Rows 201–400 of 450"},
        {"3", 50, "Rows 401–450 of 450"},
        {"4", 50, "Rows 401–450 of 450"},
        {"4294967295", 50, "Rows 401–450 of 450"},
        /* What is no number of a page is the first. */
        {"0", 200, "Rows 1–200 of 450"},
        {"-1", 200, "Rows 1–200 of 450"},
        {"x", 200, "Rows 1–200 of 450"},
        {"2<b>", 200, "Rows 1–200 of 450"},
        {"99999999999999999999", 200, "Rows 1–200 of 450"},
    };
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);

    (void)state;
    for (int i = 0; i < 450; i++) {
        struct sp_outcome *outcome = sample_outcome_of(i % 2 ? FIXTURE_GOOD : FIXTURE_PLAIN);

        outcome->target = sp_arena_printf(outcome->arena, "mx%03d.example.org", i);
        sample_add(history, outcome);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        context.page = cases[i].page;
        char *page = make_status(&context);

        assert_int_equal(count(page, "<tr role=\"row\" class="), cases[i].rows);
        assert_int_equal(count(page, cases[i].says), 2); /* above the list and below it */
        assert_int_equal(count(page, "rel=\"prev\""), strstr(cases[i].says, " 1–") ? 0 : 2);
        assert_int_equal(count(page, "rel=\"next\""), cases[i].rows == 50 ? 0 : 2);
        free(page);
    }
    context.page = "2";
    context.search = "example";
    context.only_problems = true;
    char *page = make_status(&context);
    has(page, "225 of 450 endpoints");
    has(page, "Rows 201–225 of 225");
    has(page, "<a rel=\"prev\" href=\"/x/?q=example&amp;problems=1\">");
    lacks(page, "rel=\"next\"");
    free(page);
    context.page = NULL;
    page = make_status(&context);
    has(page, "<a rel=\"next\" href=\"/x/?q=example&amp;problems=1&amp;page=2\">");
    has(page, "<a rel=\"last\" href=\"/x/?q=example&amp;problems=1&amp;page=2\">");
    free(page);
    context.search = "mx2";
    context.only_problems = false;
    page = make_status(&context);
    has(page, "100 of 450 endpoints");
    lacks(page, "<nav class=\"pages\"");
    free(page);
    sp_history_free(history);
}

/* Every row is on one page and no row on two; a last page may be full. */
static void test_pages_are_whole(void **state)
{
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);
    char *pages[2], target[32];

    (void)state;
    for (int i = 0; i < 400; i++) {
        struct sp_outcome *outcome = sample_outcome_of(i % 3 ? FIXTURE_GOOD : FIXTURE_PLAIN);

        outcome->target = sp_arena_printf(outcome->arena, "<mx%03d>", (i * 7) % 400);
        sample_add(history, outcome);
    }
    context.page = "1";
    pages[0] = make_status(&context);
    context.page = "2";
    pages[1] = make_status(&context);
    has(pages[1], "Rows 201–400 of 400");
    lacks(pages[1], "rel=\"next\"");
    for (int i = 0; i < 400; i++) {
        snprintf(target, sizeof(target), "&lt;mx%03d&gt;", i);
        assert_int_equal(count(pages[0], target) + count(pages[1], target), 1);
    }
    free(pages[0]);
    free(pages[1]);
    sp_history_free(history);
}

/* A row outlives its outcome; then there is nothing to lead to. */
static void test_not_kept(void **state)
{
    struct sp_history *history = sp_history_new(0);
    struct sp_page_context context = sample_context(history);
    struct sp_buf out;

    (void)state;
    sample_add(history, sample_outcome_of(FIXTURE_GOOD));
    char *page = make_status(&context);
    has(page, "mx1.example.org");
    lacks(page, "/history/");
    lacks(page, "<code>ok</code>"); /* what is well needs no reason */
    free(page);
    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_outcome_not_kept(&context, 77, &out));
    page = page_of(&out);
    has(page, "Probe 77 is not kept");
    free(page);
    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_not_found(&context, &out));
    free(page_of(&out));
    sp_history_free(history);
}

/* Of many modules some are named; and a clock that was set back gives no negative time. */
static void test_facts(void **state)
{
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);
    struct sp_buf yaml, errors;

    (void)state;
    sp_buf_init(&yaml, 4096);
    sp_buf_init(&errors, 4096);
    assert_true(sp_buf_append_str(&yaml, "modules:\n"));
    for (int i = 1; i <= 21; i++)
        assert_true(sp_buf_printf(&yaml, "  m%02d: {}\n", i));
    struct sp_config *config =
        sp_config_from_memory("t.yml", (const char *)yaml.data, yaml.len, &errors);
    assert_non_null(config);
    context.config = config;
    context.started_ms = SAMPLE_NOW_MS + 5000;
    char *page = make_status(&context);
    has(page, "m19, m20 and 1 more</dd>");
    has(page, "<dd>0 seconds</dd>");
    free(page);
    sp_config_unref(config);
    sp_buf_free(&yaml);
    sp_buf_free(&errors);
    sp_history_free(history);
}

static void test_empty(void **state)
{
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);
    char *page = make_status(&context);

    (void)state;
    has(page, "Nothing has been probed yet");
    has(page, "/x/probe?target=mx.example.org:25&amp;module=smtp_starttls");
    free(page);
    sp_history_free(history);
}

/* --- one probe ------------------------------------------------------------------------------------- */

static void test_outcome_good(void **state)
{
    struct sp_history *nothing = sp_history_new(1);
    struct sp_outcome *outcome = sample_outcome_of(FIXTURE_GOOD);
    struct sp_page_context context = sample_context(nothing);
    char *page = make_outcome(&context, outcome);

    (void)state;
    has(page, "<h1>mx1.example.org</h1>");
    has(page, "probe_success</dt><dd>1</dd>");
    has(page, "TLS_AES_256_GCM_SHA384");
    has(page, "Certificate 0: the server&#39;s own");
    has(page, "Certificate 1<");
    has(page, "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8");
    has(page, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    has(page, "<code>f01a2b3c</code>");
    has(page, "leads to a trusted root");
    has(page, "IP:192.0.2.25");
    has(page, "~&gt; EHLO probe.example.net");
    has(page, "2001:db8::25: <code>connect-refused</code>");
    has(page, "&quot;schema&quot;: &quot;smtp-probe/1&quot;");
    has(page, "\nprobe_success 1\n");
    has(page, "smtp-probe --transcript --tls=starttls --ehlo-name=");
    has(page, " --timeout=10s mx1.example.org</pre>");
    has(page, "Nothing was found");
    free(page);
    sp_outcome_unref(outcome);
    sp_history_free(nothing);
}

static void test_outcome_all(void **state)
{
    struct sp_history *nothing = sp_history_new(1);
    struct sp_page_context context = sample_context(nothing);

    (void)state;
    for (int fixture = 0; fixture < FIXTURE_COUNT; fixture++) {
        struct sp_outcome *outcome = sample_outcome_of((enum fixture)fixture);
        char *page = make_outcome(&context, outcome);

        for (size_t i = 0; i < outcome->result.finding_count; i++)
            has(page, sp_reason_info(outcome->result.findings[i].reason)->word);
        free(page);
        sp_outcome_unref(outcome);
    }
    sp_history_free(nothing);
}

/* What a server says about a login, in its reply and in a challenge, is text. */
static void test_outcome_login(void **state)
{
    struct sp_history *nothing = sp_history_new(1);
    struct sp_page_context context = sample_context(nothing);
    struct sp_outcome *refused = sample_outcome_of(FIXTURE_REFUSED);
    struct sp_outcome *login = sample_outcome_of(FIXTURE_LOGIN);
    char *page = make_outcome(&context, refused);

    (void)state;
    has(page, "<dt>Login</dt><dd>rejected</dd>");
    has(page, "<dt>Login mechanism</dt><dd>OAUTHBEARER</dd>");
    has(page, "535 5.7.8 no \\x1b[2J|x=1;;;; &lt;b&gt;\\xff");
    has(page, "status 400\\x1b[31m|, scope &lt;script&gt;alert(1)&lt;/script&gt;");
    has(page, "sent where others can read it");
    lacks(page, "<script");
    free(page);
    page = make_outcome(&context, login);
    has(page, "<dt>Login</dt><dd>logged in</dd>");
    has(page, "<dt>Iterations</dt><dd>4096</dd>");
    has(page, "yes, it has proven that");
    free(page);
    sp_outcome_unref(refused);
    sp_outcome_unref(login);
    sp_history_free(nothing);
}

static void test_outcome_markup(void **state)
{
    struct sp_history *nothing = sp_history_new(1);
    struct sp_outcome *outcome = sample_outcome_of_markup(SAMPLE_SCRIPT);
    struct sp_page_context context = sample_context(nothing);
    char *page = make_outcome(&context, outcome);

    (void)state;
    has(page, "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>");
    has(page, "&lt;- 220 &lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39; onmouseover=alert(2)");
    has(page, "\\u202egro \\x1b[2J\\xff &amp;lt;");
    has(page, " &#39;&lt;script&gt;alert(1)&lt;/script&gt;&#39;</pre>");
    lacks(page, "href=\"javascript");
    free(page);
    sp_outcome_unref(outcome);
    sp_history_free(nothing);
}

static void add_probe(struct sp_history *history, enum fixture fixture)
{
    struct sp_outcome *outcome = sample_outcome_of(fixture);

    outcome->target = "mx1.example.org";
    sample_add(history, outcome);
}

static char *make_outcome_by_id(const struct sp_page_context *context, uint64_t id)
{
    const struct sp_outcome *outcome = sp_history_find(context->history, id);

    assert_non_null(outcome);
    return make_outcome(context, outcome);
}

/* A page leads to the other probes of its endpoint that are kept, and to no others. */
static void test_probes(void **state)
{
    struct sp_history *history = sp_history_new(4);
    struct sp_page_context context = sample_context(history);

    (void)state;
    sample_last_id = 0;
    add_probe(history, FIXTURE_GOOD);
    char *page = make_outcome_by_id(&context, 1);
    has(page, "No other probe of this endpoint is kept.");
    has(page, "The last 1: 1 OK</span>");
    lacks(page, "<ul class=\"probes\">");
    free(page);
    add_probe(history, FIXTURE_EXPIRED); /* 2: fails, and is kept longer */
    sample_add(history, sample_outcome_of_markup("mx2.example.org")); /* 3: of somebody else */
    for (uint64_t id = 4; id <= 7; id++)
        add_probe(history, FIXTURE_GOOD);
    page = make_outcome_by_id(&context, 7);
    has(page, "The last 6: 5 OK, 1 CRITICAL</span>");
    has(page, "<a rel=\"prev\" href=\"/x/history/6\">Earlier: OK</a>");
    lacks(page, "rel=\"next\"");
    for (uint64_t id = 1; id <= 8; id++) {
        char link[64];

        snprintf(link, sizeof(link), "<li><span><a href=\"/x/history/%u\">", (unsigned)id);
        assert_int_equal(count(page, link), id == 2 || (id >= 4 && id <= 6) ? 1 : 0);
    }
    assert_int_equal(count(page, "<li aria-current=\"true\">"), 1);
    has(page, ", this one</span>");
    free(page);
    page = make_outcome_by_id(&context, 4);
    has(page, "<a rel=\"prev\" href=\"/x/history/2\">Earlier: CRITICAL</a>");
    has(page, "<a rel=\"next\" href=\"/x/history/5\">Later: OK</a>");
    free(page);
    page = make_outcome_by_id(&context, 2);
    lacks(page, "rel=\"prev\"");
    has(page, "<a rel=\"next\" href=\"/x/history/4\">Later: OK</a>");
    free(page);
    page = make_outcome_by_id(&context, 3);
    has(page, "No other probe of this endpoint is kept.");
    free(page);
    sp_history_free(history);
}

/* Longer lists are folded; failures are led to beyond the bars, and a page older than all of that still
 * leads on. */
static void test_probes_many(void **state)
{
    struct sp_history *history = sp_history_new(100);
    struct sp_page_context context = sample_context(history);

    (void)state;
    sample_last_id = 0;
    for (uint64_t id = 1; id <= 60; id++)
        add_probe(history, id <= 15 ? FIXTURE_EXPIRED : FIXTURE_GOOD);
    char *page = make_outcome_by_id(&context, 60);
    has(page, "The last 40: 40 OK</span>");
    assert_int_equal(count(page, "<ul class=\"probes\">"), 2);
    has(page, "<summary>Show 40 more</summary>");
    assert_int_equal(count(page, "<li><span><a href=\"/x/history/"), 49); /* 10 failed, 39 others */
    has(page, "history/6\">");
    lacks(page, "history/5\">");
    lacks(page, "history/20\">");
    has(page, "history/21\">");
    free(page);
    page = make_outcome_by_id(&context, 18); /* between failures and bars */
    has(page, "<a rel=\"prev\" href=\"/x/history/15\">Earlier: CRITICAL</a>");
    has(page, "<a rel=\"next\" href=\"/x/history/21\">Later: OK</a>");
    has(page, "<summary>Show 41 more</summary>");
    free(page);
    page = make_outcome_by_id(&context, 1); /* before all */
    lacks(page, "rel=\"prev\"");
    has(page, "<a rel=\"next\" href=\"/x/history/6\">Later: CRITICAL</a>");
    free(page);
    sp_history_free(history);
}

/* The rows of endpoints that nobody asks for go first, maybe before their probes. */
static void test_probes_without_row(void **state)
{
    struct sp_history *history = sp_history_new(3);
    struct sp_page_context context = sample_context(history);
    struct sp_outcome *outcome = sample_outcome_of(FIXTURE_GOOD);
    char *page = make_outcome(&context, outcome);

    (void)state;
    lacks(page, "Probes of this endpoint");
    free(page);
    /* Nor need it be one of those that are known. */
    sample_add(history, sample_outcome_of(FIXTURE_GOOD));
    outcome->id = ++sample_last_id;
    page = make_outcome(&context, outcome);
    has(page, "Earlier: OK</a>");
    lacks(page, "Later: ");
    assert_int_equal(count(page, "<li aria-current"), 1);
    free(page);
    sp_outcome_unref(outcome);
    sp_history_free(history);
}

/* Times that no clock should give: out of order, beyond the end, all of them nothing. The drawing stays inside
 * its box. */
static void test_strange_times(void **state)
{
    static const struct {
        struct sp_span spans[3];
        int64_t total_ns;
    } cases[] = {
        {{{-1, 0}, {-1, 0}, {-1, 0}}, 0},
        {{{0, 0}, {0, 0}, {0, 0}}, 0},
        {{{0, 0}, {0, 0}, {0, 0}}, -5},
        {{{5 * MS, MS}, {2 * MS, MS}, {0, MS}}, 3 * MS},
        {{{0, -MS}, {2 * MS, -9 * MS}, {MS, 1}}, MS},
        {{{0, 900 * MS}, {900 * MS, 900 * MS}, {INT64_MAX / 4, INT64_MAX / 4}}, 1},
        {{{0, MS}, {999999 * MS, 1}, {999999 * MS, 0}}, 999999 * MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sp_history *history = sp_history_new(3);
        struct sp_page_context context = sample_context(history);
        struct sp_outcome *outcome = sample_outcome_of(FIXTURE_GOOD);
        struct sp_evidence *evidence = outcome->result.evidence;
        char *pages[2];

        for (int phase = 0; phase < SP_PHASE_TIMED_COUNT; phase++)
            evidence->spans[phase] = cases[i].spans[phase % 3];
        evidence->total_ns = cases[i].total_ns;
        sp_history_add(history, outcome);
        pages[0] = make_status(&context);
        pages[1] = make_outcome(&context, outcome);
        for (int k = 0; k < 2; k++) {
            for (const char *at = strstr(pages[k], "\" x=\""); at; at = strstr(at + 1, "\" x=\"")) {
                int x = -1, width = -1;

                assert_int_equal(sscanf(at, "\" x=\"%d\" width=\"%d\"", &x, &width), 2);
                if (x < 0 || width < 1 || x + width > 1000)
                    fail_msg("case %zu: x %d, width %d", i, x, width);
            }
            lacks(pages[k], "nan");
            lacks(pages[k], "inf ms");
            free(pages[k]);
        }
        sp_outcome_unref(outcome);
        sp_history_free(history);
    }
}

/* Lists whose length a server chose are cut, and say so. */
static void test_lists(void **state)
{
    enum { MANY = 70 };
    static struct sp_cert_name names[MANY];
    static struct sp_finding findings[MANY];
    struct sp_history *nothing = sp_history_new(1);
    struct sp_page_context context = sample_context(nothing);
    struct sp_outcome *outcome = sample_outcome_of(FIXTURE_GOOD);
    struct sp_evidence *evidence = outcome->result.evidence;
    struct sp_cert cert = evidence->tls.certs[0];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        names[i] = cert.names[0];
        findings[i] = fixture_result(FIXTURE_EXPIRED)->findings[0];
    }
    cert.names = names;
    cert.name_count = MANY;
    cert.time_valid = false;
    evidence->tls.certs = &cert;
    evidence->tls.cert_count = 1;
    evidence->tls.certs_cut = true;
    evidence->plain.cut = true;
    outcome->result.findings = findings;
    outcome->result.finding_count = MANY;
    char *page = make_outcome(&context, outcome);
    has(page, " and 6 more</dd>");
    has(page, "And 6 more, in the JSON below.");
    assert_int_equal(count(page, "<article class=\"finding"), 64);
    has(page, "The server sent more than is kept.");
    has(page, "the dates can&#39;t be read");
    has(page, " and more</dd>");
    free(page);
    sp_outcome_unref(outcome);
    sp_history_free(nothing);
}

/* Facts as large as a server can make them still are a page. */
static void test_outcome_large(void **state)
{
    struct sp_history *nothing = sp_history_new(1);
    struct sp_outcome *outcome = sample_outcome_of_markup("mx.example.org");
    struct sp_evidence *evidence = outcome->result.evidence;
    struct sp_page_context context = sample_context(nothing);
    char line[8192];

    (void)state;
    memset(line, '"', sizeof(line));
    for (int i = 0; i < 100; i++)
        sp_transcript_add(&evidence->transcript, evidence->arena, SP_FROM_SERVER, false, MS, line,
                          sizeof(line));
    for (int i = 0; i < 100000; i++)
        sp_transcript_add(&evidence->transcript, evidence->arena, SP_FROM_SERVER, false, MS, "", 0);
    assert_true(evidence->transcript.cut);
    struct sp_reply *replies = calloc(SP_LIMIT_REPLIES, sizeof(*replies));
    char *octets = calloc(1, SP_LIMIT_REPLY_BYTES);
    struct sp_text text = {octets, SP_LIMIT_REPLY_BYTES};
    assert_true(replies != NULL && octets != NULL);
    for (size_t i = 0; i < SP_LIMIT_REPLIES; i++)
        replies[i] = (struct sp_reply){.code = 220, .lines = &text, .line_count = 1};
    evidence->banner = replies;
    evidence->replies = replies;
    evidence->reply_count = SP_LIMIT_REPLIES;
    char *page = make_outcome(&context, outcome);
    has(page, "too many for this page");
    has(page, "The transcript is cut here.");
    free(page);
    sp_outcome_unref(outcome);
    free(replies);
    free(octets);
    sp_history_free(nothing);
}

/* --- to be looked at ------------------------------------------------------------------------------- */

static void write_file(const char *directory, const char *name, const char *data, size_t len)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        perror(path);
}

static int write_pages(const char *directory)
{
    size_t len = 0;
    const char *style = sp_page_style(&len);

    sample_load_config(NULL);
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);
    char *page = make_status(&context);

    write_file(directory, "style.css", style, len);
    write_file(directory, "index.html", page, strlen(page));
    free(page);
    for (uint64_t id = 1; id <= sample_last_id; id++) {
        char name[32];

        snprintf(name, sizeof(name), "history-%u.html", (unsigned)id);
        page = make_outcome(&context, sp_history_find(history, id));
        write_file(directory, name, page, strlen(page));
        free(page);
    }
    sp_history_free(history);
    return sample_free_config(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_outcome_good),
        cmocka_unit_test(test_outcome_all),
        cmocka_unit_test(test_outcome_login),
        cmocka_unit_test(test_outcome_markup),
        cmocka_unit_test(test_outcome_large),
        cmocka_unit_test(test_pages_are_whole),
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_probes_many),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_search_fields),
        cmocka_unit_test(test_strange_times),
        cmocka_unit_test(test_probes_without_row),
    };

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_pages(argv[2]);
    return cmocka_run_group_tests(tests, sample_load_config, sample_free_config);
}
