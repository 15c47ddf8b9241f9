/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON: its numbers and instants, what is absent, memory that runs out, and the schema's lists. */
#include "output/facts.h"
#include "output/json.h"
#include "output/output.h"
#include "tests/golden/fixtures.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cjson/cJSON.h>

#include <cmocka.h>

static const struct sp_render plain = {.width = 80};

/* --- an allocator that counts and fails ---------------------------------------------------------- */

static size_t allocations, fail_at, live, peak;

static void *count_alloc(size_t size)
{
    allocations++;
    if (allocations == fail_at)
        return NULL;
    size_t *block = malloc(size + 16);

    if (block == NULL)
        return NULL;
    *block = size;
    live += size;
    peak = live > peak ? live : peak;
    return (char *)block + 16;
}

static void count_free(void *data)
{
    if (data == NULL)
        return;
    size_t *block = (size_t *)(void *)((char *)data - 16);
    live -= *block;
    free(block);
}

static void hook(size_t fail)
{
    cJSON_Hooks hooks = {count_alloc, count_free};

    allocations = live = peak = 0;
    fail_at = fail;
    cJSON_InitHooks(&hooks);
}

/* --- helpers ------------------------------------------------------------------------------------- */

/* The object that stands for a result; the caller deletes it. */
static cJSON *make(const struct sp_result *result, const struct sp_render *render)
{
    struct sp_writer writer;

    sp_writer_init(&writer, -1);
    sp_json_write_result(&writer, render, result);
    assert_int_equal(writer.error, 0);
    cJSON *object = cJSON_ParseWithLength((const char *)writer.buf.data, writer.buf.len);
    assert_non_null(object);
    sp_writer_free(&writer);
    return object;
}

/* "tls.version": the member, or NULL; "certificates.0.names" counts elements. */
static const cJSON *find(const cJSON *object, const char *path)
{
    while (*path != '\0' && object != NULL) {
        char key[32];
        size_t len = strcspn(path, ".");

        assert_true(len < sizeof(key));
        memcpy(key, path, len);
        key[len] = '\0';
        object = cJSON_IsArray(object) ? cJSON_GetArrayItem(object, (int)strtol(key, NULL, 10))
                                       : cJSON_GetObjectItemCaseSensitive(object, key);
        path += path[len] == '.' ? len + 1 : len;
    }
    return object;
}

static void assert_text(const cJSON *object, const char *path, const char *want)
{
    const char *got = cJSON_GetStringValue(find(object, path));

    assert_non_null(got);
    assert_string_equal(got, want);
}

static char *read_whole(const char *name)
{
    char path[512];
    const size_t size = 1u << 20;
    char *text = malloc(size);

    snprintf(path, sizeof(path), "%s/../output/%s", SP_TESTS_DIR, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_non_null(text);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* --- numbers and instants ------------------------------------------------------------------------ */

static void test_ms(void **state)
{
    static const struct {
        int64_t ns;
        const char *want;
    } table[] = {
        {0, "0"},
        {499, "0"},
        {500, "0.001"},
        {1000, "0.001"},
        {1200000, "1.2"},
        {1234567, "1.235"},
        {999999499, "999.999"},
        {999999500, "1000"},
        {20000000, "20"},
        {88000400, "88"},
        {10010000, "10.01"},
        {INT64_MAX, "9223372036854.776"},
        {-1, "0"},
    };
    char out[SP_FACT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        sp_fact_ms(out, table[i].ns);
        assert_string_equal(out, table[i].want);
    }
}

static void test_number(void **state)
{
    static const struct {
        double value;
        const char *want;
    } table[] = {
        {0, "0"},
        {1.2, "1.2"},
        {5.1, "5.1"},
        {-12.0, "-12"},
        {-0.25, "-0.25"},
        {-0.0004, "0"},
        {0.0005, "0.001"},
        {6.2004, "6.2"},
        {1e14, "100000000000000"},
        {1e15, "null"},
        {-DBL_MAX, "null"},
        {(double)NAN, "null"},
        {(double)INFINITY, "null"},
    };
    char out[SP_FACT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(sp_fact_number(out, table[i].value), strcmp(table[i].want, "null") != 0);
        assert_string_equal(out, table[i].want);
    }
}

static void test_instant(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } table[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1788256800123, "2026-09-01T10:00:00.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, ""},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {-62167219200001, ""},
        {INT64_MAX, ""},
        {INT64_MIN, ""},
    };
    char out[SP_FACT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(sp_fact_instant(out, table[i].ms), table[i].want[0] != '\0');
        assert_string_equal(out, table[i].want);
    }
}

static void test_days(void **state)
{
    static const struct {
        int64_t until_s, now_ms;
        const char *want;
    } table[] = {
        {86400, 0, "1.0"},         {86400 * 29 + 43200, 0, "29.5"},
        {0, 86400000, "-1.0"},     {86400, 86400000, "0.0"},
        {86400 * 12, 100, "11.9"}, {0, 86400000 * 12LL + 5, "-12.0"},
        {8640, 0, "0.1"},          {8639, 0, "0.0"},
        {0, 8640000, "-0.1"},      {86400 * 7 - 1, 0, "6.9"},
    };
    char out[SP_FACT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        sp_fact_tenths(out, sp_fact_tenths_of_days(table[i].until_s, table[i].now_ms));
        assert_string_equal(out, table[i].want);
    }
}

/* --- what stands in an object -------------------------------------------------------------------- */

static void test_good(void **state)
{
    cJSON *object = make(fixture_result(FIXTURE_GOOD), &plain);

    (void)state;
    assert_text(object, "schema", "smtp-probe/1");
    assert_text(object, "started", "2026-09-01T10:00:00.123Z");
    assert_text(object, "reason", "ok");
    assert_text(object, "stage", "done");
    assert_text(object, "certificates.0.serial", "f01a2b3c");
    assert_text(object, "certificates.0.names.3", "IP:192.0.2.25");
    assert_text(object, "certificates.0.names.4", "IP:2001:db8::25");
    assert_text(object, "certificates.0.not_after", "2026-09-30T22:00:00.000Z");
    assert_text(object, "verify.authenticated_by", "pkix");
    assert_text(object, "capabilities.added.0", "AUTH");
    assert_text(object, "capabilities.removed.0", "STARTTLS");
    assert_int_equal(cJSON_GetArraySize(find(object, "capabilities.removed")), 1);
    assert_true(cJSON_IsNull(find(object, "tls.alert")));
    assert_true(cJSON_IsNull(find(object, "target.proxy")));
    assert_null(find(object, "target.domain"));
    assert_null(find(object, "transcript"));
    assert_null(find(object, "truncated"));
    assert_null(find(object, "auth"));
    assert_null(find(object, "dane"));
    assert_null(find(object, "timings_ms.proxy"));
    assert_int_equal(cJSON_GetArraySize(find(object, "findings")), 0);
    cJSON_Delete(object);
}

/* A login's object with this result; everything else is as in FIXTURE_LOGIN. */
static cJSON *make_login(const struct sp_auth *auth)
{
    struct sp_evidence evidence = *fixture_result(FIXTURE_LOGIN)->evidence;
    struct sp_result result = *fixture_result(FIXTURE_LOGIN);

    evidence.auth = *auth;
    result.evidence = &evidence;
    return make(&result, &plain);
}

static void test_login(void **state)
{
    static const struct {
        struct sp_auth auth;
        const char *result; /* NULL: null */
    } rows[] = {
        {{.result = SP_AUTH_OK, .mechanism = "PLAIN"}, "ok"},
        {{.result = SP_AUTH_REJECTED, .mechanism = "PLAIN"}, "rejected"},
        {{.result = SP_AUTH_TEMPORARY, .mechanism = "PLAIN"}, "temporary"},
        {{.result = SP_AUTH_SKIPPED}, "skipped"},
        {{.result = SP_AUTH_UNKNOWN, .mechanism = "PLAIN"}, NULL},
        {{.result = SP_AUTH_NONE, .mechanism = "PLAIN"}, NULL}, /* broken off before its end */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *object = make_login(&rows[i].auth);

        if (rows[i].result != NULL)
            assert_text(object, "auth.result", rows[i].result);
        else
            assert_true(cJSON_IsNull(find(object, "auth.result")));
        if (rows[i].auth.mechanism != NULL)
            assert_text(object, "auth.mechanism", "PLAIN");
        else
            assert_true(cJSON_IsNull(find(object, "auth.mechanism")));
        assert_text(object, "auth.offered.0", "SCRAM-SHA-256");
        assert_true(cJSON_IsNull(find(object, "auth.code")));
        assert_true(cJSON_IsNull(find(object, "auth.enhanced")));
        assert_true(cJSON_IsFalse(find(object, "auth.exposed")));
        assert_null(find(object, "auth.iterations"));
        assert_null(find(object, "auth.server_said"));
        cJSON_Delete(object);
    }
    cJSON *none = make_login(&(struct sp_auth){.result = SP_AUTH_NONE});
    assert_null(find(none, "auth"));
    cJSON_Delete(none);
}

/* Absent: not tried. null: not known. false: tested and not so. */
static void test_absent_null_false(void **state)
{
    cJSON *timeout = make(fixture_result(FIXTURE_TIMEOUT), &plain);
    cJSON *bare = make(fixture_result(FIXTURE_PLAIN), &plain);
    cJSON *alert = make(fixture_result(FIXTURE_ALERT), &plain);
    cJSON *invalid = make(fixture_result(FIXTURE_INVALID), &plain);
    static const char *const untried[] = {"banner",       "capabilities", "starttls", "tls",
                                          "certificates", "verify",       "replies"};

    (void)state;
    for (size_t i = 0; i < sizeof(untried) / sizeof(untried[0]); i++) {
        assert_null(find(timeout, untried[i]));
        assert_null(find(invalid, untried[i]));
    }
    assert_true(cJSON_IsFalse(find(bare, "starttls.offered")));
    assert_null(find(bare, "starttls.code"));
    assert_null(find(bare, "tls"));
    assert_null(find(bare, "capabilities.tls"));
    assert_true(cJSON_IsNull(find(bare, "capabilities.size")));
    assert_int_equal(cJSON_GetArraySize(find(bare, "capabilities.plain")), 0);
    assert_null(find(bare, "dns"));
    assert_true(cJSON_IsFalse(find(alert, "tls.established")));
    assert_true(cJSON_IsNull(find(alert, "tls.version")));
    assert_text(alert, "tls.alert", "handshake_failure");
    assert_true(cJSON_IsFalse(find(alert, "verify.trusted")));
    assert_null(find(alert, "verify.name_match"));
    assert_true(cJSON_IsNull(find(alert, "certificates.0.not_after")));
    assert_text(alert, "truncated.0", "certificates");
    assert_null(find(invalid, "target.host"));
    assert_null(find(invalid, "attempts"));
    assert_null(find(invalid, "timings_ms.total"));
    cJSON_Delete(timeout);
    cJSON_Delete(bare);
    cJSON_Delete(alert);
    cJSON_Delete(invalid);
}

/* No text of a server becomes structure, and none of it is lost but what JSON can't hold. */
static void test_hostile(void **state)
{
    static const char line[] = "\",\"pwned\":true,\"x\":\"\\";
    const struct sp_render render = {.width = 80, .transcript = true};
    cJSON *object = make(fixture_result(FIXTURE_HOSTILE), &render);

    (void)state;
    assert_null(find(object, "pwned"));
    assert_int_equal(cJSON_GetArraySize(find(object, "replies")), 1);
    const char *got = cJSON_GetStringValue(find(object, "replies.0.lines.1"));
    assert_non_null(got);
    assert_true(strncmp(got, line, strlen(got)) == 0 && strlen(got) >= strlen(line) - 1);
    assert_text(object, "replies.0.raw_hex", "353534201b5b33316d000a");
    assert_text(object, "replies.0.quirks.0", "bare-lf");
    assert_int_equal(strncmp(cJSON_GetStringValue(find(object, "transcript.0")), "<- \x1b[31m", 8),
                     0);
    assert_int_equal(cJSON_GetArraySize(find(object, "truncated")), 1);
    cJSON_Delete(object);
}

/* --- arrays, streams, memory --------------------------------------------------------------------- */

/* At whatever allocation memory ends, nothing is written of that object and the writer knows why. */
static void test_out_of_memory(void **state)
{
    const struct sp_render render = {.width = 80, .transcript = true};
    size_t fail;

    (void)state;
    for (fail = 1; fail < 100000; fail++) {
        struct sp_writer writer;

        hook(fail);
        sp_writer_init(&writer, -1);
        sp_json_write_result(&writer, &render, fixture_result(FIXTURE_GOOD));
        size_t leaked = live;
        int error = writer.error;
        size_t written = writer.buf.len;
        sp_writer_free(&writer);
        cJSON_InitHooks(NULL);
        assert_int_equal(leaked, 0);
        if (error == 0)
            break;
        assert_int_equal(error, ENOMEM);
        assert_int_equal(written, 0);
    }
    assert_in_range(fail, 100, 99999); /* it did fail many times, and then no more */
}

static void test_array(void **state)
{
    const size_t count = 10000;
    struct sp_result *results = calloc(count, sizeof(*results));
    struct sp_report report = {.results = results, .count = count};
    struct sp_writer writer;

    (void)state;
    assert_non_null(results);
    for (size_t i = 0; i < count; i++)
        results[i] = *fixture_result((enum fixture)(i % FIXTURE_COUNT));
    hook(0);
    sp_writer_init(&writer, -1);
    sp_output_json.report(&writer, &plain, &report);
    size_t most = peak;
    cJSON_InitHooks(NULL);
    assert_int_equal(writer.error, 0);
    assert_true(most < 262144); /* one object at a time */
    cJSON *array = cJSON_ParseWithLength((const char *)writer.buf.data, writer.buf.len);
    assert_int_equal(cJSON_GetArraySize(array), count);
    size_t index = 0;
    for (const cJSON *item = array->child; item != NULL; item = item->next, index++)
        assert_text(item, "target.input", results[index].endpoint->input);
    cJSON_Delete(array);
    sp_writer_free(&writer);
    free(results);
}

static void test_array_empty(void **state)
{
    struct sp_report report = {.count = 0};
    struct sp_writer writer;

    (void)state;
    sp_writer_init(&writer, -1);
    sp_output_json.report(&writer, &plain, &report);
    assert_int_equal(writer.buf.len, 3);
    assert_memory_equal(writer.buf.data, "[]\n", 3);
    sp_writer_free(&writer);
}

static void test_lines(void **state)
{
    struct sp_writer writer;

    (void)state;
    assert_true(sp_output_jsonl.streams);
    assert_null(sp_output_jsonl.report);
    sp_writer_init(&writer, -1);
    for (int i = 0; i < FIXTURE_COUNT; i++)
        sp_output_jsonl.result(&writer, &plain, fixture_result((enum fixture)i));
    size_t lines = 0, at = 0;
    for (size_t i = 0; i < writer.buf.len; i++) {
        if (writer.buf.data[i] != '\n')
            continue;
        cJSON *object = cJSON_ParseWithLength((const char *)writer.buf.data + at, i - at);
        assert_non_null(object);
        cJSON_Delete(object);
        at = i + 1;
        lines++;
    }
    assert_int_equal(lines, FIXTURE_COUNT);
    assert_int_equal(at, writer.buf.len);
    sp_writer_free(&writer);
}

/* --- the schema and its description --------------------------------------------------------------- */

static void assert_word(const cJSON *words, int index, const char *want)
{
    const char *got = cJSON_GetStringValue(cJSON_GetArrayItem(words, index));

    assert_non_null(got);
    assert_string_equal(got, want);
}

/* The schema's closed lists are the program's own, word by word and in the same order. */
static void test_schema_lists(void **state)
{
    char *text = read_whole("smtp-probe.schema.json");
    cJSON *schema = cJSON_Parse(text);
    const cJSON *reasons = find(schema, "$defs.reason.enum");
    const cJSON *states = find(schema, "$defs.state.enum");
    const cJSON *stages = find(schema, "$defs.stage.enum");
    const cJSON *quirks = find(schema, "$defs.reply.properties.quirks.items.enum");

    (void)state;
    assert_int_equal(cJSON_GetArraySize(reasons), SP_REASON_COUNT);
    for (int i = 0; i < SP_REASON_COUNT; i++)
        assert_word(reasons, i, sp_reason_info((enum sp_reason)i)->word);
    assert_int_equal(cJSON_GetArraySize(states), SP_STATE_COUNT);
    for (int i = 0; i < SP_STATE_COUNT; i++)
        assert_word(states, i, sp_state_name((enum sp_state)i));
    assert_int_equal(cJSON_GetArraySize(stages), SP_PHASE_COUNT);
    for (int i = 0; i < SP_PHASE_COUNT; i++)
        assert_word(stages, i, sp_phase_info((enum sp_phase)i)->name);
    assert_int_equal(cJSON_GetArraySize(quirks), SP_QUIRK_COUNT);
    for (unsigned i = 0; i < SP_QUIRK_COUNT; i++)
        assert_word(quirks, (int)i, sp_quirk_name(i));
    cJSON_Delete(schema);
    free(text);
}

/* Every object of the schema refuses members that it doesn't know, and schema.md tells of each it knows. */
static size_t check_described(const cJSON *node, const char *page)
{
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(node, "properties");
    size_t count = 0;

    if (cJSON_IsObject(properties))
        assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(node, "additionalProperties")));
    const cJSON *property = cJSON_IsObject(properties) ? properties->child : NULL;
    for (; property != NULL; property = property->next, count++) {
        char quoted[64];

        snprintf(quoted, sizeof(quoted), "`%s`", property->string);
        if (strstr(page, quoted) == NULL)
            fail_msg("schema.md does not describe %s", quoted);
    }
    for (const cJSON *child = node->child; child != NULL; child = child->next)
        if (cJSON_IsObject(child) || cJSON_IsArray(child))
            count += check_described(child, page);
    return count;
}

static void test_schema_described(void **state)
{
    char *text = read_whole("smtp-probe.schema.json");
    char *page = read_whole("schema.md");
    cJSON *schema = cJSON_Parse(text);

    (void)state;
    assert_true(check_described(schema, page) > 80);
    cJSON_Delete(schema);
    free(page);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ms),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_instant),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_absent_null_false),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_array_empty),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_schema_lists),
        cmocka_unit_test(test_schema_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
