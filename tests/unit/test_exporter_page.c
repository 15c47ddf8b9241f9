/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's pages, over results of tests/golden and over evidence that is judged here. Every page
 * that is made goes through a reader of HTML that is stricter than browsers: balanced elements, quoted
 * attributes, nothing that a policy without scripts and inline styles would stop, no other origin.
 *
 *   test_exporter_page --write DIRECTORY     writes the pages there, to be looked at
 */
#include "output/json.h"
#include "probe/option_text.h"
#include "prometheus/command.h"
#include "prometheus/html.h"
#include "prometheus/page.h"
#include "tests/golden/fixtures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1788256860123) /* a minute after the fixtures' start */
#define MS INT64_C(1000000)
#define SCRIPT "<script>alert(1)</script>"
#define BIDI "\xE2\x80\xAE"

static const char yaml[] = "modules:\n"
                           "  smtp_starttls: {tls: starttls, timeout: 10s}\n"
                           "  smtp: {}\n"
                           "exporter:\n"
                           "  targets:\n"
                           "    - target: mx1.example.org:25\n"
                           "      module: smtp_starttls\n"
                           "      labels: {team: mail, instance: mx1}\n"
                           "    - target: smtps://mx2.example.org\n"
                           "      module: smtp\n";

static struct sp_config *config;
static uint64_t last_id;

/* --- making outcomes ----------------------------------------------------------------------------- */

static int load_config(void **state)
{
    struct sp_buf errors;

    (void)state;
    sp_buf_init(&errors, 65536);
    config = sp_config_from_memory("test.yml", yaml, strlen(yaml), &errors);
    if (config == NULL)
        fprintf(stderr, "%.*s\n", (int)errors.len, (const char *)errors.data);
    sp_buf_free(&errors);
    return config == NULL;
}

static int free_config(void **state)
{
    (void)state;
    sp_config_unref(config);
    config = NULL;
    return 0;
}

static struct sp_outcome *new_outcome(const char *target)
{
    const struct sp_module *module = sp_config_module(config, "smtp_starttls");
    struct sp_outcome *outcome = sp_outcome_new(config, module);

    assert_non_null(outcome);
    outcome->id = ++last_id;
    outcome->ended_ms = NOW_MS - 30000;
    outcome->target = sp_arena_strdup(outcome->arena, target);
    outcome->options = module->options;
    return outcome;
}

/* A result of tests/golden under another owner: its memory is static, so only the evidence is new. */
static struct sp_outcome *outcome_of(enum fixture fixture)
{
    const struct sp_result *result = fixture_result(fixture);
    struct sp_outcome *outcome = new_outcome(result->endpoint->input);
    struct sp_evidence *evidence = sp_evidence_new(result->endpoint);

    assert_non_null(evidence);
    struct sp_arena *arena = evidence->arena;
    *evidence = *result->evidence;
    evidence->arena = arena;
    outcome->endpoint = *result->endpoint;
    outcome->result = *result;
    outcome->result.evidence = evidence;
    return outcome;
}

/* A server whose every word is markup, judged by the checks as a probe's facts are. */
static struct sp_outcome *outcome_of_markup(const char *target)
{
    static const char banner[] =
        "220 " SCRIPT " \"' onmouseover=alert(2) javascript:alert(3) " BIDI "gro \x1b[2J\xFF &lt;";
    struct sp_outcome *outcome = new_outcome(target);

    outcome->endpoint = (struct sp_endpoint){.input = outcome->target,
                                             .host = "mx.example.org",
                                             .port = 25,
                                             .tls = SP_TLS_NONE,
                                             .verify = SP_VERIFY_OFF,
                                             .options = &outcome->options};
    struct sp_evidence *evidence = sp_evidence_new(&outcome->endpoint);
    assert_non_null(evidence);
    struct sp_text *line = sp_arena_alloc(evidence->arena, sizeof(*line));
    struct sp_reply *reply = sp_arena_alloc(evidence->arena, sizeof(*reply));
    *line = (struct sp_text){banner + 4, sizeof(banner) - 5};
    *reply = (struct sp_reply){
        .phase = SP_PHASE_BANNER, .ns = MS, .code = 220, .lines = line, .line_count = 1};
    evidence->started_ms = NOW_MS - 30100;
    evidence->total_ns = 20 * MS;
    evidence->ip = "192.0.2.1";
    evidence->family = AF_INET;
    evidence->spans[SP_PHASE_CONNECT] = (struct sp_span){0, MS};
    evidence->spans[SP_PHASE_BANNER] = (struct sp_span){MS, 19 * MS};
    evidence->banner = reply;
    evidence->replies = reply;
    evidence->reply_count = 1;
    sp_transcript_add(&evidence->transcript, evidence->arena, SP_FROM_SERVER, false, 2 * MS, banner,
                      sizeof(banner) - 1);
    sp_evidence_fail(evidence, SP_REASON_PROTOCOL_ERROR, SP_PHASE_EHLO, 0,
                     "the server sent " SCRIPT);
    outcome->result.endpoint = &outcome->endpoint;
    sp_result_judge(&outcome->result, evidence);
    return outcome;
}

static void add(struct sp_history *history, struct sp_outcome *outcome)
{
    sp_history_add(history, outcome);
    sp_outcome_unref(outcome);
}

static struct sp_history *new_history(void)
{
    struct sp_history *history = sp_history_new(100);

    assert_non_null(history);
    for (int fixture = 0; fixture < FIXTURE_COUNT; fixture++)
        add(history, outcome_of((enum fixture)fixture));
    add(history, outcome_of(FIXTURE_GOOD));
    add(history, outcome_of_markup("mx.example.org/" SCRIPT "\"'&" BIDI "\x01"));
    return history;
}

static struct sp_page_context context_of(struct sp_history *history)
{
    return (struct sp_page_context){.config = config,
                                    .history = history,
                                    .prefix = "/x",
                                    .now_ms = NOW_MS,
                                    .started_ms = NOW_MS - 7200000,
                                    .in_flight = 3};
}

/* --- reading HTML -------------------------------------------------------------------------------- */

struct reader {
    const char *at;
    char stack[64][16];
    size_t depth;
    const char *ids[4096];
    size_t id_count;
};

static bool is_void(const char *name)
{
    static const char *const names[] = {"meta", "link", "input", "br"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void check_id(struct reader *reader, const char *value)
{
    size_t len = strcspn(value, "\"") + 1;

    for (size_t i = 0; i < reader->id_count; i++)
        if (strncmp(reader->ids[i], value, len) == 0)
            fail_msg("the id %.*s stands twice", (int)len, value);
    assert_true(reader->id_count < 4096);
    reader->ids[reader->id_count++] = value;
}

/* name or name="value"; the value has no quote and no angle bracket. */
static void read_attribute(struct reader *reader)
{
    const char *name = reader->at;
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

    assert_true(len > 0);
    assert_false(begins(name, "on") || begins(name, "style"));
    reader->at += len;
    if (*reader->at != '=')
        return;
    assert_int_equal(reader->at[1], '"');
    const char *value = reader->at + 2;
    size_t value_len = strcspn(value, "\"<>");

    assert_int_equal(value[value_len], '"');
    if (begins(name, "href=") || begins(name, "action=") || begins(name, "src="))
        assert_true(begins(value, "/x/") || begins(value, "#") || begins(value, "data:,\""));
    if (begins(name, "id="))
        check_id(reader, value);
    reader->at = value + value_len + 1;
}

static void read_tag(struct reader *reader)
{
    bool closes = reader->at[1] == '/';
    const char *start = reader->at + (closes ? 2 : 1);
    size_t len = strspn(start, "abcdefghijklmnopqrstuvwxyz123456");
    char name[16];

    assert_true(len > 0 && len < sizeof(name));
    memcpy(name, start, len);
    name[len] = '\0';
    assert_string_not_equal(name, "script");
    assert_string_not_equal(name, "style");
    reader->at = start + len;
    if (closes) {
        assert_true(reader->depth > 0);
        assert_string_equal(name, reader->stack[--reader->depth]);
        assert_int_equal(*reader->at++, '>');
        return;
    }
    while (*reader->at == ' ') {
        reader->at++;
        read_attribute(reader);
    }
    bool alone = *reader->at == '/';
    reader->at += alone ? 1 : 0;
    assert_int_equal(*reader->at++, '>');
    if (alone || is_void(name))
        return;
    assert_true(reader->depth < 64);
    memcpy(reader->stack[reader->depth++], name, len + 1);
}

static void read_page(const char *page)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    struct reader *reader = calloc(1, sizeof(*reader));

    assert_non_null(reader);
    assert_true(begins(page, doctype));
    reader->at = page + strlen(doctype);
    while (*reader->at != '\0') {
        unsigned char octet = (unsigned char)*reader->at;

        if (octet == '<') {
            read_tag(reader);
            continue;
        }
        assert_true(octet == '\n' || octet >= 0x20);
        assert_true(octet != '>' && octet != 0x7F);
        if (octet == '&')
            assert_true(strcspn(reader->at, ";") <= 6);
        reader->at++;
    }
    assert_int_equal(reader->depth, 0);
    free(reader);
}

/* The page as a string that the caller frees; read as above. */
static char *page_of(struct sp_buf *out)
{
    assert_true(sp_buf_append(out, "", 1));
    char *page = (char *)out->data;

    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, BIDI));
    read_page(page);
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
    static const char raw[] = "a&b<c>\"d'\x1b\0\xFF" BIDI "\xC3\xA9\n";
    const char *volatile none = NULL;

    (void)state;
    sp_buf_init(&out, 4096);
    sp_html_init(&html, &out);
    sp_html_write(&html, "<p class=\"%s\">%d %u %zu %%%s</p>", "\"><b>", -1, 2u, (size_t)3, none);
    sp_html_text(&html, raw, sizeof(raw) - 1);
    sp_html_lines(&html, "x\n<y>\n", 6);
    sp_html_cut(&html, "0123456789", 6);
    sp_html_query(&html, "a b&c=\xC3\xA9/~");
    assert_false(html.failed);
    assert_true(sp_buf_append(&out, "", 1));
    assert_string_equal(
        (const char *)out.data,
        "<p class=\"&quot;&gt;&lt;b&gt;\">-1 2 3 %</p>a&amp;b&lt;c&gt;&quot;d&#39;\\x1b\\x00\\xff"
        "\\u202e\xC3\xA9\\x0ax\n&lt;y&gt;\n012...a%20b%26c%3D%C3%A9%2F~");
    sp_buf_free(&out);
}

/* What is over the cap is no page, and says so. */
static void test_cap(void **state)
{
    struct sp_history *history = new_history();
    struct sp_page_context context = context_of(history);

    (void)state;
    for (size_t cap = 0; cap < 8000; cap += 97) {
        struct sp_buf out;

        sp_buf_init(&out, cap);
        assert_false(sp_page_status(&context, &out));
        assert_true(out.len <= cap);
        sp_buf_free(&out);
        sp_buf_init(&out, cap);
        assert_false(sp_page_outcome(&context, sp_history_find(history, last_id), &out));
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
    struct sp_history *history = new_history();
    struct sp_page_context context = context_of(history);
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
        {"\"><script>", false, 0},
    };
    struct sp_history *history = new_history();
    struct sp_page_context context = context_of(history);

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

static void test_pages(void **state)
{
    static const struct {
        const char *page;
        size_t rows;
        const char *says;
    } cases[] = {{NULL, 200, "Page 1 of 3"}, {"2", 200, "Page 2 of 3"},
                 {"3", 50, "Page 3 of 3"},   {"9", 50, "Page 3 of 3"},
                 {"0", 200, "Page 1 of 3"},  {"-1", 200, "Page 1 of 3"},
                 {"x", 200, "Page 1 of 3"},  {"2<b>", 200, "Page 1 of 3"}};
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = context_of(history);

    (void)state;
    for (int i = 0; i < 450; i++) {
        struct sp_outcome *outcome = outcome_of(i % 2 ? FIXTURE_GOOD : FIXTURE_PLAIN);

        outcome->target = sp_arena_printf(outcome->arena, "mx%03d.example.org", i);
        add(history, outcome);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        context.page = cases[i].page;
        char *page = make_status(&context);

        assert_int_equal(count(page, "<tr role=\"row\" class="), cases[i].rows);
        has(page, cases[i].says);
        free(page);
    }
    context.page = "2";
    context.search = "example";
    context.only_problems = true;
    char *page = make_status(&context);
    has(page, "225 of 450 endpoints");
    has(page, "<a rel=\"prev\" href=\"/x/?q=example&amp;problems=1\">");
    lacks(page, "rel=\"next\"");
    free(page);
    sp_history_free(history);
}

/* A row outlives its outcome; then there is nothing to lead to. */
static void test_not_kept(void **state)
{
    struct sp_history *history = sp_history_new(0);
    struct sp_page_context context = context_of(history);
    struct sp_buf out;

    (void)state;
    add(history, outcome_of(FIXTURE_GOOD));
    char *page = make_status(&context);
    has(page, "mx1.example.org");
    lacks(page, "/history/");
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

static void test_empty(void **state)
{
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = context_of(history);
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
    struct sp_outcome *outcome = outcome_of(FIXTURE_GOOD);
    struct sp_page_context context = context_of(NULL);
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
}

static void test_outcome_all(void **state)
{
    struct sp_page_context context = context_of(NULL);

    (void)state;
    for (int fixture = 0; fixture < FIXTURE_COUNT; fixture++) {
        struct sp_outcome *outcome = outcome_of((enum fixture)fixture);
        char *page = make_outcome(&context, outcome);

        for (size_t i = 0; i < outcome->result.finding_count; i++)
            has(page, sp_reason_info(outcome->result.findings[i].reason)->word);
        free(page);
        sp_outcome_unref(outcome);
    }
}

static void test_outcome_markup(void **state)
{
    struct sp_outcome *outcome = outcome_of_markup(SCRIPT);
    struct sp_page_context context = context_of(NULL);
    char *page = make_outcome(&context, outcome);

    (void)state;
    has(page, "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>");
    has(page, "&lt;- 220 &lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39; onmouseover=alert(2)");
    has(page, "\\u202egro \\x1b[2J\\xff &amp;lt;");
    has(page, " &#39;&lt;script&gt;alert(1)&lt;/script&gt;&#39;</pre>");
    lacks(page, "href=\"javascript");
    free(page);
    sp_outcome_unref(outcome);
}

/* Facts as large as a server can make them still are a page. */
static void test_outcome_large(void **state)
{
    struct sp_outcome *outcome = outcome_of_markup("mx.example.org");
    struct sp_evidence *evidence = outcome->result.evidence;
    struct sp_page_context context = context_of(NULL);
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
}

/* --- the command ----------------------------------------------------------------------------------- */

/* What the shell hands to a program of the words behind "smtp-probe". */
static size_t split(const char *command, char *out, size_t size)
{
    int channel[2];
    size_t len = 0;

    assert_int_equal(pipe(channel), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(channel[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(channel[1]);
    for (ssize_t got; len < size && (got = read(channel[0], out + len, size - len)) > 0;)
        len += (size_t)got;
    close(channel[0]);
    waitpid(child, NULL, 0);
    return len;
}

/* Each option of the table that a module can have goes through the command and a shell unharmed. */
static void test_command_options(void **state)
{
    static const char *const values[][2] = {
        {"tls", "implicit"},
        {"tls-min", "1.1"},
        {"tls-max", "1.2"},
        {"server-name", "mail.example.org"},
        {"ipv6", NULL},
        {"all-addresses", NULL},
        {"source-address", "2001:db8::1"},
        {"ehlo-name", "[IPv6:2001:db8::1]"},
        {"connect-timeout", "1500ms"},
        {"reply-timeout", "2m"},
        {"timeout", "9s"},
        {"verify", "report"},
        {"ca-file", "/tmp/it's $HOME `id`.pem"},
        {"ca-dir", "/tmp/a b"},
        {"cert-warning", "30"},
        {"cert-critical", "@1:5"},
        {"expect", "^220 '\"$(id)\\ "},
        {"require-capability", "SIZE,STARTTLS"},
        {"forbid-capability", "VRFY"},
        {"warning", "connect=0.5,total=~:5"},
        {"critical", "10"},
        {"dns-server", "[2001:db8::53]:5353"},
    };
    struct sp_outcome *outcome = new_outcome("lmtp+unix:/run/a $x's");
    char error[256] = "", words[8192];
    struct sp_buf command, again;
    struct sp_options options;

    (void)state;
    sp_options_init(&outcome->options);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (!sp_option_set(&outcome->options, outcome->arena, sp_option_find(values[i][0]),
                           values[i][1], error, sizeof(error)))
            fail_msg("%s", error);
    sp_buf_init(&command, 65536);
    assert_true(sp_command_write(outcome, &command) && sp_buf_append(&command, "", 1));
    sp_buf_init(&again, 65536);
    assert_true(sp_buf_printf(&again, "printf '%%s\\0' %s",
                              (const char *)command.data + strlen("smtp-probe")) &&
                sp_buf_append(&again, "", 1));
    size_t len = split((const char *)again.data, words, sizeof(words));
    assert_true(len > 0 && len < sizeof(words));

    sp_options_init(&options);
    size_t given = 0;
    const char *word = words, *last = NULL;
    for (; word < words + len; word += strlen(word) + 1) {
        char name[64];
        size_t name_len = strcspn(word, "=");

        last = word;
        if (!begins(word, "--") || strcmp(word, "--transcript") == 0)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)name_len - 2, word + 2);
        const struct sp_option_info *info = sp_option_find(name);
        assert_non_null(info);
        if (!sp_option_set(&options, outcome->arena, info,
                           word[name_len] == '=' ? word + name_len + 1 : NULL, error,
                           sizeof(error)))
            fail_msg("%s", error);
        given++;
    }
    assert_string_equal(last, outcome->target);
    assert_int_equal(given, sizeof(values) / sizeof(values[0]));
    size_t possible = 0;
    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = sp_option_at(i);
        enum sp_option_given a, b;
        struct sp_buf left, right;

        sp_buf_init(&left, 4096);
        sp_buf_init(&right, 4096);
        assert_true(sp_option_text(&outcome->options, info, &left, &a));
        assert_true(sp_option_text(&options, info, &right, &b));
        assert_true(a == b && left.len == right.len);
        if (left.len > 0)
            assert_memory_equal(left.data, right.data, left.len);
        sp_buf_free(&left);
        sp_buf_free(&right);
        possible += info->scope == SP_SCOPE_ENDPOINT && !info->action ? 1 : 0;
    }
    /* ipv4 excludes ipv6; ca-file, ca-dir and dns-server are of the program. A new option of endpoint
     * scope has to get its line above. */
    assert_int_equal(possible, sizeof(values) / sizeof(values[0]) + 1 - 3);
    sp_buf_free(&command);
    sp_buf_free(&again);
    sp_outcome_unref(outcome);
}

static void test_command_target(void **state)
{
    struct sp_outcome *outcome = new_outcome("-x");
    struct sp_buf command;

    (void)state;
    sp_options_init(&outcome->options);
    sp_buf_init(&command, 4096);
    assert_true(sp_command_write(outcome, &command) && sp_buf_append(&command, "", 1));
    assert_string_equal((const char *)command.data, "smtp-probe --transcript -- -x");
    sp_buf_free(&command);
    sp_outcome_unref(outcome);
}

/* --- JSON ------------------------------------------------------------------------------------------ */

static cJSON *parse(struct sp_buf *out)
{
    cJSON *json = cJSON_ParseWithLength((const char *)out->data, out->len);

    if (json == NULL)
        fail_msg("no JSON: %.*s", (int)out->len, (const char *)out->data);
    sp_buf_free(out);
    return json;
}

static const char *string_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* In thousandths. */
static long number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    assert_true(cJSON_IsNumber(item));
    return lround(item->valuedouble * 1000);
}

static void test_status_json(void **state)
{
    struct sp_history *history = new_history();
    struct sp_page_context context = context_of(history);
    struct sp_buf out;

    (void)state;
    context.search = "mx1.example.org";
    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_status_json(&context, &out));
    cJSON *json = parse(&out);
    assert_string_equal(string_of(json, "version"), SP_VERSION);
    assert_string_equal(string_of(json, "started"), "2026-09-01T08:01:00.123Z");
    assert_true(number_of(json, "uptime_s") == 7200000 && number_of(json, "in_flight") == 3000);
    assert_true(number_of(json, "found") == 1000 && number_of(json, "pages") == 1000);
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(json, "counts");
    assert_true(number_of(counts, "endpoints") == 8000 && number_of(counts, "critical") == 4000);
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(json, "config");
    assert_string_equal(string_of(settings, "digest"), sp_config_digest(config));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(settings, "modules")), 2);
    const cJSON *row = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "endpoints"), 0);
    assert_string_equal(string_of(row, "target"), "mx1.example.org");
    assert_string_equal(string_of(row, "module"), "smtp_starttls");
    assert_string_equal(string_of(row, "state"), "OK");
    assert_string_equal(string_of(row, "reason"), "ok");
    assert_string_equal(string_of(row, "tls_version"), "TLSv1.3");
    assert_true(number_of(row, "total_ms") == 88300 && number_of(row, "certificate_days") == 29400);
    const cJSON *timings = cJSON_GetObjectItemCaseSensitive(row, "timings_ms");
    assert_true(number_of(timings, "banner") == 20000);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(row, "history")), 2);
    cJSON_Delete(json);
    sp_history_free(history);
}

static void test_sd_json(void **state)
{
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_sd_json(config, &out));
    cJSON *json = parse(&out);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    const cJSON *first = cJSON_GetArrayItem(json, 0), *second = cJSON_GetArrayItem(json, 1);
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(first, "labels");
    const cJSON *targets = cJSON_GetObjectItemCaseSensitive(first, "targets");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(targets, 0)), "mx1.example.org:25");
    assert_string_equal(string_of(labels, "__param_target"), "mx1.example.org:25");
    assert_string_equal(string_of(labels, "__param_module"), "smtp_starttls");
    assert_string_equal(string_of(labels, "team"), "mail");
    assert_string_equal(string_of(labels, "instance"), "mx1"); /* the file's word counts */
    assert_int_equal(cJSON_GetArraySize(labels), 4);
    labels = cJSON_GetObjectItemCaseSensitive(second, "labels");
    assert_string_equal(string_of(labels, "instance"), "smtps://mx2.example.org");
    cJSON_Delete(json);
}

/* Laid out or not, it is the same document. */
static void test_outcome_json(void **state)
{
    (void)state;
    for (int fixture = 0; fixture < FIXTURE_COUNT; fixture++) {
        struct sp_outcome *outcome = outcome_of((enum fixture)fixture);
        struct sp_buf plain, pretty;

        sp_buf_init(&plain, SP_LIMIT_WEB_PAGE);
        sp_buf_init(&pretty, SP_LIMIT_WEB_PAGE);
        assert_true(sp_page_outcome_json(outcome, false, &plain));
        assert_true(sp_page_outcome_json(outcome, true, &pretty));
        assert_true(pretty.len > plain.len);
        cJSON *a = parse(&plain), *b = parse(&pretty);
        assert_true(cJSON_Compare(a, b, true));
        cJSON_Delete(a);
        cJSON_Delete(b);
        sp_outcome_unref(outcome);
    }
}

static void test_style(void **state)
{
    size_t len = 0;
    const char *style = sp_page_style(&len);
    FILE *file = fopen(SP_TESTS_DIR "/../prometheus/style.css", "rb");
    char *text = calloc(1, len + 2);

    (void)state;
    assert_true(file != NULL && text != NULL);
    assert_int_equal(fread(text, 1, len + 1, file), len);
    assert_memory_equal(text, style, len);
    fclose(file);
    free(text);
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

    load_config(NULL);
    struct sp_history *history = new_history();
    struct sp_page_context context = context_of(history);
    char *page = make_status(&context);

    write_file(directory, "style.css", style, len);
    write_file(directory, "index.html", page, strlen(page));
    free(page);
    for (uint64_t id = 1; id <= last_id; id++) {
        char name[32];

        snprintf(name, sizeof(name), "history-%u.html", (unsigned)id);
        page = make_outcome(&context, sp_history_find(history, id));
        write_file(directory, name, page, strlen(page));
        free(page);
    }
    sp_history_free(history);
    return free_config(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),         cmocka_unit_test(test_cap),
        cmocka_unit_test(test_status),         cmocka_unit_test(test_search),
        cmocka_unit_test(test_pages),          cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_empty),          cmocka_unit_test(test_outcome_good),
        cmocka_unit_test(test_outcome_all),    cmocka_unit_test(test_outcome_markup),
        cmocka_unit_test(test_outcome_large),  cmocka_unit_test(test_command_options),
        cmocka_unit_test(test_command_target), cmocka_unit_test(test_status_json),
        cmocka_unit_test(test_sd_json),        cmocka_unit_test(test_outcome_json),
        cmocka_unit_test(test_style),
    };

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_pages(argv[2]);
    return cmocka_run_group_tests(tests, load_config, free_config);
}
