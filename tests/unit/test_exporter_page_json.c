/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the exporter tells programs as JSON, and its style sheet. */
#include "prometheus/page.h"
#include "tests/unit/exporter_sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <cmocka.h>

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
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);
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
    assert_string_equal(string_of(settings, "digest"), sp_config_digest(sample_config));
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
    assert_null(cJSON_GetObjectItemCaseSensitive(timings, "proxy")); /* was not tried */
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(row, "history")), 2);
    cJSON_Delete(json);
    sp_history_free(history);
}

/* Nothing fits: the list is there and is empty; a clock that was set back gives no negative time. */
static void test_status_json_empty(void **state)
{
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);
    struct sp_buf out;

    (void)state;
    context.search = "no such thing";
    context.started_ms = SAMPLE_NOW_MS + 5000;
    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_status_json(&context, &out));
    cJSON *json = parse(&out);
    assert_true(number_of(json, "uptime_s") == 0 && number_of(json, "found") == 0);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "endpoints");
    assert_true(cJSON_IsArray(list) && cJSON_GetArraySize(list) == 0);
    cJSON_Delete(json);
    sp_history_free(history);
}

/* Each page has its part of the endpoints, in the order of all. */
static void test_status_json_pages(void **state)
{
    struct sp_history *history = sp_history_new(10);
    struct sp_page_context context = sample_context(history);
    char target[32];
    int next = 0;

    (void)state;
    for (int i = 0; i < 450; i++) {
        struct sp_outcome *outcome = sample_outcome_of(FIXTURE_GOOD);

        outcome->target = sp_arena_printf(outcome->arena, "mx%03d", (i * 7) % 450);
        sample_add(history, outcome);
    }
    for (int number = 1; number <= 3; number++) {
        const cJSON *row;
        struct sp_buf out;

        context.page = number == 1 ? "1" : number == 2 ? "2" : "3";
        sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
        assert_true(sp_page_status_json(&context, &out));
        cJSON *json = parse(&out);
        assert_int_equal(number_of(json, "page"), number * 1000);
        assert_int_equal(number_of(json, "pages"), 3000);
        assert_int_equal(number_of(json, "found"), 450000);
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json, "endpoints"))
        {
            snprintf(target, sizeof(target), "mx%03d", next++);
            assert_string_equal(string_of(row, "target"), target);
        }
        assert_int_equal(next, number < 3 ? number * 200 : 450);
        cJSON_Delete(json);
    }
    sp_history_free(history);
}

static void test_sd_json(void **state)
{
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_sd_json(sample_config, &out));
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
        struct sp_outcome *outcome = sample_outcome_of((enum fixture)fixture);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_json),       cmocka_unit_test(test_status_json_empty),
        cmocka_unit_test(test_status_json_pages), cmocka_unit_test(test_sd_json),
        cmocka_unit_test(test_outcome_json),      cmocka_unit_test(test_style),
    };

    return cmocka_run_group_tests(tests, sample_load_config, sample_free_config);
}
