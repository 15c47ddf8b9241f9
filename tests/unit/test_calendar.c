/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates and spans as people read them. */
#include "probe/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY INT64_C(86400)

static void test_date(void **state)
{
    static const struct {
        int64_t unix_s;
        const char *want;
        bool known;
    } rows[] = {
        {0, "1970-01-01", true},
        {-1, "1969-12-31", true},
        {INT64_C(951782400), "2000-02-29", true},
        {INT64_C(253402300799), "9999-12-31", true},
        {INT64_C(253402300800), "an unknown date", false},
        {INT64_C(-62167219200), "0000-01-01", true},
        {INT64_C(-62167219201), "an unknown date", false},
        {INT64_MAX, "an unknown date", false},
        {INT64_MIN, "an unknown date", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[SP_CALENDAR_SIZE];
        assert_int_equal(rows[i].known, sp_calendar_date(out, sizeof out, rows[i].unix_s));
        assert_string_equal(rows[i].want, out);
    }
}

static void test_span(void **state)
{
    static const struct {
        int64_t seconds;
        const char *want;
    } rows[] = {
        {0, "0 seconds"},
        {1, "1 second"},
        {59, "59 seconds"},
        {60, "1 minute"},
        {3599, "59 minutes"},
        {3600, "1 hour"},
        {DAY - 1, "23 hours"},
        {DAY, "1 day"},
        {2 * DAY - 1, "1 day"},
        {7 * DAY - 1, "6 days"},
        {7 * DAY, "7 days"},
        {-2 * DAY, "2 days"},
        {INT64_MAX, "106751991167300 days"},
        {INT64_MIN, "106751991167300 days"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[SP_CALENDAR_SIZE];
        sp_calendar_span(out, sizeof out, rows[i].seconds);
        assert_string_equal(rows[i].want, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
