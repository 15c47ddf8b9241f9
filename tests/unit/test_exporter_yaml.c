/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML as a tree: places, strictness, caps, and a message for every way in which people get it wrong. */
#include "probe/limits.h"
#include "prometheus/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sp_yaml yaml;
static struct sp_buf errors;

static int begin(void **state)
{
    (void)state;
    sp_buf_init(&errors, 1 << 16);
    sp_yaml_init(&yaml, "f", &errors);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_yaml_free(&yaml);
    sp_buf_free(&errors);
    return 0;
}

static const char *error_text(void)
{
    sp_buf_append(&errors, "", 1);
    errors.len--;
    return (const char *)errors.data;
}

static bool parse(const char *text)
{
    end(NULL);
    bool foreign = yaml.foreign;
    begin(NULL);
    yaml.foreign = foreign;
    return sp_yaml_parse(&yaml, text, strlen(text));
}

/* The tree in one line: {key@line:column=value …}, [value …], quoted values in quotes. */
static void show(const struct sp_yaml_node *node, char *out, size_t size)
{
    size_t len = strlen(out);
    if (node->kind == SP_YAML_SCALAR) {
        snprintf(out + len, size - len, node->plain ? "%s" : "\"%s\"", node->text);
        return;
    }
    snprintf(out + len, size - len, node->kind == SP_YAML_MAP ? "{" : "[");
    for (size_t i = 0; i < node->count; i++) {
        const struct sp_yaml_item *item = &node->items[i];
        len = strlen(out);
        if (item->key != NULL)
            snprintf(out + len, size - len, "%s%s@%u:%u=", i > 0 ? " " : "", item->key->text,
                     item->key->line, item->key->column);
        else
            snprintf(out + len, size - len, "%s", i > 0 ? " " : "");
        show(item->value, out, size);
    }
    len = strlen(out);
    snprintf(out + len, size - len, node->kind == SP_YAML_MAP ? "}" : "]");
}

static void test_tree(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"a: 1", "{a@1:1=1}"},
        {"a:\n  b: [x, 'y']\n  c: {}\n", "{a@1:1={b@2:3=[x \"y\"] c@3:3={}}}"},
        {"- a\n- b: c\n", "[a {b@2:3=c}]"},
        {"a:\r\n  b: 1\r\n", "{a@1:1={b@2:3=1}}"},
        {"\xEF\xBB\xBF"
         "a: 1",
         "{a@1:1=1}"},
        {"\xC3\xA4: {b: 1}", "{\xC3\xA4@1:1={b@1:5=1}}"},
        {"x: &n {p: 1}\ny: *n\nz: [*n]", "{x@1:1={p@1:8=1} y@2:1={p@1:8=1} z@3:1=[{p@1:8=1}]}"},
        {"a: |\n  x\n  y\n", "{a@1:1=\"x\ny\n\"}"},
        {"a:", "{a@1:1=}"},
        {"--- \na: 1\n...\n", "{a@2:1=1}"},
        {"word", "word"},
        {"\"<<\": {a: 1}", "{<<@1:1={a@1:8=1}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char tree[512] = "";
        if (!parse(rows[i].text) || yaml.error_count > 0)
            fail_msg("%s: %s", rows[i].text, error_text());
        show(yaml.root, tree, sizeof tree);
        assert_string_equal(tree, rows[i].tree);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\nb: 4\n",
         "f:3:1: the key \"a\" is there twice (first on line 1); remove one\n"
         "f:4:1: the key \"b\" is there twice (first on line 2); remove one\n"},
        {"a: [*.example.org]",
         "f:1:6: while scanning an alias: did not find expected alphabetic or "
         "numeric character; text that begins with * needs quotes\n"},
        {"a: *x", "f:1:4: there is no anchor of this name; text that begins with * needs quotes\n"},
        {"a: &x [*x]", "f:1:8: this alias stands inside of what it means\n"},
        {"a: &x 1\nb: &x 2", "f:2:4: the anchor &x is there twice (first on line 1)\n"},
        {"a: b\n\tc: d", "spaces, not with tabs\n"},
        {"a:\n\t- b", "f:2:1: "},
        {"a: b: c",
         "f:1:5: mapping values are not allowed in this context; text with a colon needs "
         "quotes, and the keys of one mapping stand in one column\n"},
        {"a: 1\n b: 2\n", "f:2:3: mapping values are not allowed"},
        {"a:\n  - b\n c: d\n",
         "f:3:2: while parsing a block mapping: did not find expected key; the "
         "keys of one mapping stand in one column\n"},
        {"{{ x }}: 1", "f:1:1: a key must be text; text that begins with { or [ needs quotes\n"},
        {"? [a]\n: b", "f:1:3: a key must be text"},
        {"a: @x", "text that begins with this character needs quotes\n"},
        {"a: \"x",
         "f:1:4: while scanning a quoted scalar: found unexpected end of stream; a quote has no end\n"},
        {"a: [1, 2",
         "f:1:4: while parsing a flow sequence: did not find expected ',' or ']'; a [ or { has "
         "no end, or a comma is missing\n"},
        {"a: \"\\d\"", "in double quotes a backslash is written \\\\\n"},
        {"a: b\nc: \xFF", "f:2:4: this is not UTF-8; save the file as UTF-8\n"},
        {"a: \x01", "f:1:4: a control character stands here; remove it\n"},
        {"\xFF\xFE"
         "a",
         "f:1:1: the file is UTF-16; save it as UTF-8\n"},
        {"a: \"x\\0y\"", "f:1:4: the text holds a NUL character; remove the \\0\n"},
        {"a: 1\n---\nb: 2", "f:2:1: a second document begins here; keep one in a file\n"},
        {"a: !!str 5", "f:1:4: tags such as !!str are not used here"},
        {"a: !x {}", "f:1:4: tags such as !!str are not used here"},
        {"x: &a {}\ny: {<<: *a}", "f:2:5: merge keys (<<) are not used here; write the keys out\n"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
         "f:1:25: lists and mappings are nested too deep\n"},
        {"a: x\n%YAML 1.1\n---\n", "f:2:1"},
        {"%YAML 1.1\n", "f:2:1: did not find expected <document start>"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parse(rows[i].text);
        if (yaml.error_count == 0 || strstr(error_text(), rows[i].message) == NULL)
            fail_msg("%s\n  gives  %s  not  %s", rows[i].text, error_text(), rows[i].message);
    }
}

/* Whoever reads the tree says what it has to have. */
static void test_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "# only\n", "\xEF\xBB\xBF", "---\n", "---\n...\n", "~"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(parse(rows[i]));
        assert_true(sp_yaml_is_null(yaml.root));
        assert_int_equal(yaml.error_count, 0);
    }
    assert_true(parse("''"));
    assert_false(sp_yaml_is_null(yaml.root));
}

/* Each key is in the tree once, so that nobody who reads it has to think of it. */
static void test_duplicates_are_dropped(void **state)
{
    (void)state;
    char tree[256] = "";
    assert_true(parse("b: 1\na: 2\nb: 3\nb: [4]\nc: 5\n"));
    assert_int_equal(yaml.error_count, 2);
    show(yaml.root, tree, sizeof tree);
    assert_string_equal(tree, "{b@1:1=1 a@2:1=2 c@5:1=5}");
    assert_true(parse("&k b: 1\n*k : 2\n"));
    assert_int_equal(yaml.error_count, 1);
    assert_int_equal(yaml.root->count, 1);
}

static void test_nul_octet(void **state)
{
    (void)state;
    assert_false(sp_yaml_parse(&yaml, "a: 1\nb: \0c", 10));
    assert_string_equal(error_text(), "f:2:4: a NUL octet stands here; this is no text file\n");
}

/* Lines that double a list until a thousand entries are a million million. */
static void test_bomb(void **state)
{
    (void)state;
    char text[2048] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1);
    }
    assert_false(parse(text));
    assert_non_null(strstr(error_text(), "the file has too many values; split it\n"));
    assert_null(yaml.root);
}

/* As many values, and as many anchors, as there may be; and one more. */
static void test_caps(void **state)
{
    (void)state;
    static char text[2 * SP_LIMIT_YAML_NODES + 8];
    size_t len = 1;
    text[0] = '[';
    for (size_t i = 0; i < SP_LIMIT_YAML_NODES - 1; i++, len += 2)
        memcpy(text + len, "a,", 2);
    text[len] = ']';
    assert_true(parse(text));
    assert_int_equal(yaml.root->weight, SP_LIMIT_YAML_NODES);
    memcpy(text + len, "a]", 2);
    assert_false(parse(text));
    assert_non_null(strstr(error_text(), "the file has too many values"));

    len = 1;
    for (unsigned i = 0; i < SP_LIMIT_YAML_ANCHORS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "&a%u x,", i);
    snprintf(text + len, sizeof text - len, "]");
    assert_true(parse(text));
    assert_int_equal(yaml.error_count, 0);
    snprintf(text + len, sizeof text - len, "&b x]");
    assert_false(parse(text));
    assert_non_null(strstr(error_text(), ": there are more than 256 anchors\n"));
}

static void test_many_mistakes(void **state)
{
    (void)state;
    char *text = calloc(1, 16384);
    assert_non_null(text);
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + i * 5, "a: 1\n", 5);
    assert_true(parse(text));
    free(text);
    assert_int_equal(yaml.error_count, 999);
    size_t lines = 0;
    for (size_t i = 0; i < errors.len; i++)
        lines += errors.data[i] == '\n';
    assert_int_equal(lines, SP_LIMIT_YAML_ERRORS + 1);
    assert_non_null(strstr(error_text(), "f: there are more mistakes than are shown here\n"));
}

static void test_foreign(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"x: &a {p: 1, q: 2}\ny: {q: 3, <<: *a}",
         "{x@1:1={p@1:8=1 q@1:14=2} y@2:1={q@2:5=3 p@1:8=1}}"},
        {"- &a {p: 1}\n- &b {p: 2, r: 3}\n- {<<: [*a, *b]}",
         "[{p@1:7=1} {p@2:7=2 r@2:13=3} {p@1:7=1 r@2:13=3}]"},
        {"a: !!binary AAAA", "{a@1:1=AAAA}"},
        {"a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{a@1:1=1 b@2:1=1 c@3:1=2 d@4:1=2}"},
        {"a: \"x\\0y\"", "{a@1:1=\"x\"}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char tree[512] = "";
        yaml.foreign = true;
        if (!parse(rows[i].text) || yaml.error_count > 0)
            fail_msg("%s: %s", rows[i].text, error_text());
        show(yaml.root, tree, sizeof tree);
        assert_string_equal(tree, rows[i].tree);
    }
}

static void test_foreign_mistakes(void **state)
{
    (void)state;
    yaml.foreign = true;
    /* What is merged was counted with its alias. */
    assert_true(parse("x: &a {p: 1, q: 2}\ny: {<<: *a}\n"));
    assert_int_equal(sp_yaml_find(yaml.root, "y")->weight, 4);
    assert_true(parse("a: {<<: 5}\nb: {<<: [{c: 1}, d]}\n"));
    assert_string_equal(error_text(), "f:1:9: only mappings can be merged by <<\n"
                                      "f:2:18: only mappings can be merged by <<\n");
    /* A list that grows with every merge. */
    char text[SP_LIMIT_YAML_MERGED * 8 + 64] = "a: &a {";
    for (unsigned i = 0; i < SP_LIMIT_YAML_MERGED; i++)
        snprintf(text + strlen(text), 9, "k%u: ,", i);
    size_t len = strlen(text);
    snprintf(text + len, sizeof text - len, "}\nb: {<<: *a}\n");
    assert_true(parse(text));
    assert_int_equal(yaml.error_count, 0);
    snprintf(text + len, sizeof text - len, "}\nb: {x: 1, <<: *a}\n");
    assert_false(parse(text));
    assert_string_equal(error_text(), "f:2:4: more than 1024 keys are merged into this mapping\n");
}

/* As YAML 1.1 and 1.2 spell them, and nothing else. */
static void test_booleans(void **state)
{
    (void)state;
    static const char *const words[] = {
        "true", "false", "True", "False", "TRUE", "FALSE", "yes", "no", "Yes", "No", "YES",
        "NO",   "on",    "off",  "On",    "Off",  "ON",    "OFF", "y",  "n",   "Y",  "N"};
    static const char *const others[] = {"tRUE", "1", "0", "''", "oN", "truee", "enable", "-"};
    bool on;
    for (size_t i = 0; i < COUNT(words); i++) {
        on = i % 2 == 1;
        assert_true(parse(words[i]));
        assert_true(sp_yaml_want_bool(&yaml, "x", yaml.root, &on));
        assert_int_equal(on, i % 2 == 0);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        parse(others[i]);
        assert_false(sp_yaml_want_bool(&yaml, "x", yaml.root, &on));
        assert_int_equal(yaml.error_count, 1);
    }
}

static void test_wanted_kinds(void **state)
{
    (void)state;
    uint32_t number = 7;
    bool on = false;
    assert_true(
        parse("m: {}\nl: []\ns: x\nn: 12\nz:\nt: ~\nq: ''\nyes: Yes\nno: off\nbig: 70000\n"));
    assert_true(sp_yaml_want_map(&yaml, "m", sp_yaml_find(yaml.root, "m")));
    assert_true(sp_yaml_want_list(&yaml, "l", sp_yaml_find(yaml.root, "l")));
    assert_true(sp_yaml_want_scalar(&yaml, "q", sp_yaml_find(yaml.root, "q")));
    assert_true(sp_yaml_want_number(&yaml, "n", sp_yaml_find(yaml.root, "n"), 1, 12, &number));
    assert_int_equal(number, 12);
    assert_true(sp_yaml_want_bool(&yaml, "yes", sp_yaml_find(yaml.root, "yes"), &on) && on);
    assert_true(sp_yaml_want_bool(&yaml, "no", sp_yaml_find(yaml.root, "no"), &on) && !on);
    assert_int_equal(yaml.error_count, 0);
    assert_null(sp_yaml_find(yaml.root, "none"));
    assert_null(sp_yaml_find(NULL, "none"));

    assert_false(sp_yaml_want_map(&yaml, "l", sp_yaml_find(yaml.root, "l")));
    assert_false(sp_yaml_want_list(&yaml, "m", sp_yaml_find(yaml.root, "m")));
    assert_false(sp_yaml_want_scalar(&yaml, "z", sp_yaml_find(yaml.root, "z")));
    assert_false(sp_yaml_want_scalar(&yaml, "t", sp_yaml_find(yaml.root, "t")));
    assert_false(sp_yaml_want_number(&yaml, "n", sp_yaml_find(yaml.root, "n"), 13, 20, &number));
    assert_false(
        sp_yaml_want_number(&yaml, "big", sp_yaml_find(yaml.root, "big"), 1, 65535, &number));
    assert_false(sp_yaml_want_bool(&yaml, "s", sp_yaml_find(yaml.root, "s"), &on));
    assert_int_equal(number, 12);
    assert_string_equal(
        error_text(), "f:2:4: l must be a mapping, not a list\n"
                      "f:1:4: m must be a list, not a mapping\n"
                      "f:5:3: z has no value; give it one value or leave the key out\n"
                      "f:6:4: t has no value; give it one value or leave the key out\n"
                      "f:4:4: n: \"12\" can't be used; it is a whole number from 13 to 20\n"
                      "f:10:6: big: \"70000\" can't be used; it is a whole number from 1 to 65535\n"
                      "f:3:4: s: \"x\" can't be used; it is true or false\n");
}

static void test_unknown_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"port", "host"};
    assert_true(parse("prot: 1\nzebra: 2\n\"a\\nb\": 3"));
    for (size_t i = 0; i < yaml.root->count; i++)
        sp_yaml_unknown_key(&yaml, yaml.root->items[i].key, keys, COUNT(keys));
    assert_string_equal(error_text(), "f:1:1: unknown key \"prot\" (did you mean \"port\"?)\n"
                                      "f:2:1: unknown key \"zebra\"\n"
                                      "f:3:1: unknown key \"a\\x0ab\"\n");
}

/* What is printed reads back as the same text; what is plain is what people would write. */
static void test_print(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"mx.example.org:25", "mx.example.org:25"},
        {"/etc/x.pem", "/etc/x.pem"},
        {"", "\"\""},
        {"~", "\"~\""},
        {"null", "\"null\""},
        {"21:", "\"21:\""},
        {"- x", "\"- x\""},
        {"a: b", "\"a: b\""},
        {"a #b", "\"a #b\""},
        {"*x", "\"*x\""},
        {"say \"\\\"", "\"say \\\"\\\\\\\"\""},
        {"a\nb\t\x7F", "\"a\\x0Ab\\x09\\x7F\""},
        {"\xC3\xA4", "\"\xC3\xA4\""},
        {"\xC2\x85", "\"\\x85\""},
        {"\xE2\x82\xAC", "\"\xE2\x82\xAC\""},
        {"\xF0\x9F\x93\xA7", "\"\xF0\x9F\x93\xA7\""},
        {"a\xE2\x80\xA8"
         "b",
         "\"a\\u2028b\""},
        {"\xEF\xBB\xBF", "\"\\uFEFF\""},
        {"\xEF\xBF\xBF", "\"\\uFFFF\""},
        {"2001:db8::1", "\"2001:db8::1\""},
        {"0.5", "0.5"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_buf out;
        sp_buf_init(&out, 256);
        assert_true(sp_yaml_print_scalar(&out, rows[i].text));
        assert_true(sp_buf_append(&out, "", 1));
        assert_string_equal(out.data, rows[i].printed);
        assert_true(parse((const char *)out.data));
        assert_string_equal(yaml.root->text, rows[i].text);
        sp_buf_free(&out);
    }
}

static void test_print_bad_utf8(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\xFF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\x80"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_buf out;
        sp_buf_init(&out, 256);
        assert_true(sp_yaml_print_scalar(&out, rows[i]));
        assert_true(sp_yaml_parse(&yaml, (const char *)out.data, out.len));
        assert_non_null(strstr(yaml.root->text, "\xEF\xBF\xBD"));
        sp_buf_free(&out);
    }
    struct sp_buf full;
    sp_buf_init(&full, 3);
    assert_false(sp_yaml_print_scalar(&full, "four"));
    sp_buf_free(&full);
}

/* --- files -------------------------------------------------------------------------------------- */

static void expect_unreadable(const char *path, const char *message)
{
    struct sp_buf text;
    begin(NULL);
    yaml.name = path;
    assert_false(sp_yaml_read_file(&yaml, &text));
    assert_null(text.data);
    if (strstr(error_text(), message) == NULL)
        fail_msg("%s  not  %s", error_text(), message);
    end(NULL);
}

static void test_files(void **state)
{
    (void)state;
    char path[] = "/tmp/smtp-probe-yaml-XXXXXX";
    struct sp_buf text;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a: 1\n", 5), 5);
    yaml.name = path;
    assert_true(sp_yaml_read_file(&yaml, &text));
    assert_int_equal(text.len, 5);
    assert_memory_equal(text.data, "a: 1\n", 5);
    sp_buf_free(&text);
    end(NULL);

    assert_int_equal(ftruncate(fd, SP_LIMIT_YAML_FILE + 1), 0);
    expect_unreadable(path, ": the file is larger than 1024 KiB\n");
    assert_int_equal(ftruncate(fd, SP_LIMIT_YAML_FILE), 0);
    begin(NULL);
    yaml.name = path;
    assert_true(sp_yaml_read_file(&yaml, &text));
    assert_int_equal(text.len, SP_LIMIT_YAML_FILE);
    sp_buf_free(&text);
    end(NULL);
    assert_int_equal(chmod(path, 0), 0);
    if (geteuid() != 0)
        expect_unreadable(path,
                          ": the file can't be read: Permission denied; check its permissions\n");
    close(fd);
    unlink(path);
    expect_unreadable(path,
                      ": the file can't be read: No such file or directory; check the path\n");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_unreadable(path, ": this is a device or a pipe, not a regular file; check the path\n");
    unlink(path);
    expect_unreadable("/", "/: this is a directory, not a regular file; check the path\n");
    begin(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree, begin, end),
        cmocka_unit_test_setup_teardown(test_mistakes, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_duplicates_are_dropped, begin, end),
        cmocka_unit_test_setup_teardown(test_nul_octet, begin, end),
        cmocka_unit_test_setup_teardown(test_bomb, begin, end),
        cmocka_unit_test_setup_teardown(test_caps, begin, end),
        cmocka_unit_test_setup_teardown(test_many_mistakes, begin, end),
        cmocka_unit_test_setup_teardown(test_foreign, begin, end),
        cmocka_unit_test_setup_teardown(test_foreign_mistakes, begin, end),
        cmocka_unit_test_setup_teardown(test_booleans, begin, end),
        cmocka_unit_test_setup_teardown(test_wanted_kinds, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown_key, begin, end),
        cmocka_unit_test_setup_teardown(test_print, begin, end),
        cmocka_unit_test_setup_teardown(test_print_bad_utf8, begin, end),
        cmocka_unit_test_setup_teardown(test_files, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
