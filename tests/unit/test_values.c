/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How numbers, durations and ranges are written. */
#include "probe/values.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NEAR(a, b) (fabs((a) - (b)) < 1e-9)

static void test_uint(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", 9, true, 0},
        {"9", 9, true, 9},
        {"10", 9, false, 0},
        {"007", 9, true, 7},
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {"1 ", 9, false, 0},
        {" 1", 9, false, 0},
        {"0x1", 9, false, 0},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"5", 3, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 4711;
        bool ok = sp_parse_uint(rows[i].text, rows[i].max, &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 4711)) {
            fail_msg("\"%s\" up to %llu", rows[i].text, (unsigned long long)rows[i].max);
        }
    }
}

static void test_decimal(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double value;
    } rows[] = {
        {"0", true, 0},
        {"5", true, 5},
        {"-5", true, -5},
        {"+5", true, 5},
        {"0.5", true, 0.5},
        {".5", true, 0.5},
        {"5.", true, 5},
        {"007.250", true, 7.25},
        {"-.5", true, -0.5},
        {"3.14159", true, 3.14159},
        {"", false, 0},
        {".", false, 0},
        {"-", false, 0},
        {"1e3", false, 0},
        {"1,5", false, 0},
        {"0x10", false, 0},
        {"nan", false, 0},
        {"inf", false, 0},
        {"1.2.3", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"--1", false, 0},
        {"+-1", false, 0},
        {"123456789012345678", true, 123456789012345678.0},
        {"1234567890123456789", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double value = 4711;
        bool ok = sp_parse_decimal(rows[i].text, &value);
        if (ok != rows[i].ok || !NEAR(value, ok ? rows[i].value : 4711)) {
            fail_msg("\"%s\" gave %d, %f", rows[i].text, ok, value);
        }
    }
}

static void test_duration(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        uint32_t ms;
    } rows[] = {
        {"1500ms", true, 1500},
        {"5s", true, 5000},
        {"2m", true, 120000},
        {"1h", true, 3600000},
        {"1d", true, 86400000},
        {"30", true, 30000},
        {"0", true, 0},
        {"0.5", true, 500},
        {"2.5s", true, 2500},
        {"0.1ms", true, 1},
        {".25", true, 250},
        {"1.0004s", true, 1000},
        {"", false, 0},
        {"s", false, 0},
        {"-1", false, 0},
        {"-0", false, 0},
        {"5 s", false, 0},
        {"5S", false, 0},
        {"5sec", false, 0},
        {"5ms2", false, 0},
        {"1e3", false, 0},
        {"4294967295ms", true, UINT32_MAX},
        {"4294967296ms", false, 0},
        {"50d", false, 0},
        {"99999999999999999h", false, 0},
        {"5,5s", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t ms = 4711;
        bool ok = sp_parse_duration_ms(rows[i].text, &ms);
        if (ok != rows[i].ok || ms != (ok ? rows[i].ms : 4711)) {
            fail_msg("\"%s\" gave %d, %u", rows[i].text, ok, ms);
        }
    }
}

/* Which of -11, -10, 0, 5, 10, 10.1, 20, 21 alert: 'x' does. */
static void test_range(void **state)
{
    static const double probes[] = {-11, -10, 0, 5, 10, 10.1, 20, 21};
    static const struct {
        const char *text;
        const char *alerts; /* NULL: refused */
    } rows[] = {
        /* the examples of the plugin guidelines */
        {"10", "xx...xxx"},
        {"10:", "xxxx...."},
        {"~:10", ".....xxx"},
        {"10:20", "xxxx...x"},
        {"@10:20", "....xxx."},
        /* the rest of the grammar */
        {"@10", "..xxx..."},
        {"@~:10", "xxxxx..."},
        {"@10:", "....xxxx"},
        {"-10:10", "x....xxx"},
        {"-10:-10", "x.xxxxxx"},
        {"~:", "........"},
        {":10", "xx...xxx"},
        {"0", "xx.xxxxx"},
        {"@0:0", "..x....."},
        {"10.05:20.5", "xxxxx..x"},
        {"+5", "xx..xxxx"},
        /* refused */
        {"", NULL},
        {"@", NULL},
        {":", NULL},
        {"@:", NULL},
        {"~", NULL},
        {"20:10", NULL},
        {"-5", NULL},
        {"10:~", NULL},
        {"10:20:30", NULL},
        {"a", NULL},
        {"10 ", NULL},
        {" 10", NULL},
        {"10s", NULL},
        {"10,5", NULL},
        {"@@10", NULL},
        {"10@", NULL},
        {"~10", NULL},
        {"~~:10", NULL},
        {"1e2", NULL},
        {"nan", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_range range = {0};
        char alerts[COUNT(probes) + 1] = "";
        bool ok = sp_parse_range(rows[i].text, &range);
        for (size_t k = 0; k < COUNT(probes); k++) {
            alerts[k] = sp_range_alerts(&range, probes[k]) ? 'x' : '.';
        }
        if (ok != (rows[i].alerts != NULL) || range.set != ok ||
            (ok && strcmp(alerts, rows[i].alerts) != 0)) {
            fail_msg("\"%s\" gave %d \"%s\"", rows[i].text, ok, alerts);
        }
    }
    assert_false(sp_range_alerts(&(struct sp_range){0}, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uint),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
