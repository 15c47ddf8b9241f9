/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration with as much of each as there may be, and with one more. */
#include "probe/limits.h"
#include "prometheus/config_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODULES "modules: {m: {verify: off}}\n"

static struct sp_buf long_text;

/* The head, `count` times the item with its number for "#", the tail. */
static void repeat(const char *head, const char *item, size_t count, const char *tail)
{
    assert_true(sp_buf_append_str(&long_text, head));
    for (size_t i = 0; i < count; i++) {
        const char *sign = strchr(item, '#');
        assert_true(sp_buf_append(&long_text, item, (size_t)(sign != NULL ? sign - item : 1)));
        assert_true(sign == NULL || sp_buf_printf(&long_text, "%zu%s", i, sign + 1));
    }
    assert_true(sp_buf_append_str(&long_text, tail));
}

/* `count` of the item are read, one more is refused. */
static void expect_cap(const char *head, const char *item, size_t count, const char *tail,
                       const char *message)
{
    for (size_t more = 0; more < 2; more++) {
        sp_buf_init(&long_text, SP_LIMIT_YAML_FILE);
        repeat(head, item, count + more, tail);
        assert_true(sp_buf_append(&long_text, "", 1));
        struct sp_buf errors;
        sp_buf_init(&errors, 1 << 16);
        struct sp_config *config =
            sp_config_from_memory("f", (const char *)long_text.data, long_text.len - 1, &errors);
        assert_true(sp_buf_append(&errors, "", 1));
        const char *said = (const char *)errors.data;
        if ((config != NULL) != (more == 0) || (more == 1 && strstr(said, message) == NULL))
            fail_msg("%s %zu: %s", head, count + more, said);
        sp_config_unref(config);
        sp_buf_free(&errors);
        sp_buf_free(&long_text);
    }
}

static void test_caps(void **state)
{
    (void)state;
    expect_cap("modules: {", "m", SP_LIMIT_MODULE_NAME, ": {verify: off}}",
               "can't be a module's name");
    expect_cap("modules: {", "m#: {verify: off},", SP_LIMIT_MODULES, "}",
               "there are more than 4096 modules\n");
    expect_cap(MODULES "exporter: {allow_targets: [", "a#,", SP_LIMIT_ALLOW, "]}",
               "f:2:27: allow_targets has more than 1024 entries\n");
    expect_cap(MODULES "exporter: {targets: [{target: a, labels: {", "l#: x,", SP_LIMIT_LABELS,
               "}}]}", "a target has at most 64 labels\n");
    expect_cap(MODULES "exporter: {targets: [{target: a, labels: {l: ", "x", SP_LIMIT_LABEL_VALUE,
               "}}]}", "a label has at most 1024 octets\n");
    expect_cap(MODULES "exporter: {targets: [{target: a, labels: {", "l", SP_LIMIT_MODULE_NAME,
               ": x}}]}", "it is too long\n");
}

/* A text that is cut keeps whole words of ours only as far as there is room. */
static void test_reword(void **state)
{
    (void)state;
    char out[8];
    assert_string_equal(sp_config_reword(out, sizeof out, "x -4 y"), "x ipv4 ");
    assert_string_equal(sp_config_reword(out, sizeof out, "xyz -4"), "xyz -4");
    assert_string_equal(sp_config_reword(out, sizeof out, "--a-b-c"), "a_b_c");
    assert_string_equal(sp_config_reword(out, sizeof out, "\"--a-b\""), "\"--a-b\"");
    assert_string_equal(sp_config_reword(out, sizeof out, "a--b -5"), "a--b -5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_reword),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
