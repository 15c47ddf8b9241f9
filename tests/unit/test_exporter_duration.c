/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Durations of other programs' files. */
#include "prometheus/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_right(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {{"0", 0},
                {"+0", 0},
                {"0s", 0},
                {"1s", 1000000000},
                {"+1s", 1000000000},
                {"1m30s", 90000000000},
                {"1.5s", 1500000000},
                {".5s", 500000000},
                {"5.s", 5000000000},
                {"1h.5m", 3630000000000},
                {"0.0000019s", 1000},
                {"100ms", 100000000},
                {"5us", 5000},
                {"5\xC2\xB5s", 5000},
                {"5\xCE\xBCs", 5000},
                {"7ns", 7},
                {"86400s", 86400000000000},
                {"24h", 86400000000000}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t ns = 1;
        if (!sp_duration_parse(rows[i].text, &ns) || ns != rows[i].ns)
            fail_msg("%s: %llu", rows[i].text, (unsigned long long)ns);
    }
}

static void test_wrong(void **state)
{
    static const char *const rows[] = {
        "",     "+",      "1",     "s",     "1x",     ".s",   ".",  "1s ",
        "-1s",  "1.5.5s", "1s 1s", "25h",   "24h1ns", "++1s", "1S", "99999999999999999999s",
        "1e3s", "1m1",    " 1s",   "86401s"};
    uint64_t ns;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (sp_duration_parse(rows[i], &ns))
            fail_msg("%s", rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
