/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages while allocation N fails, alone or with all after it, for every N: a page comes whole or is refused,
 * nothing crashes and nothing is lost. */
#include "prometheus/page.h"
#include "tests/unit/exporter_sample.h"
#include "tests/unit/failing_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum kind { STATUS, STATUS_JSON, OUTCOME, OUTCOME_JSON, SD_JSON, KIND_COUNT };

static bool make(enum kind kind, const struct sp_page_context *context,
                 const struct sp_outcome *outcome, struct sp_buf *out)
{
    switch (kind) {
    case STATUS: return sp_page_status(context, out);
    case STATUS_JSON: return sp_page_status_json(context, out);
    case OUTCOME: return sp_page_outcome(context, outcome, out);
    case OUTCOME_JSON: return sp_page_outcome_json(outcome, true, out);
    case SD_JSON:
    case KIND_COUNT: break;
    }
    return sp_page_sd_json(context->config, out);
}

/* Every N at first, then in growing steps: a page needs some hundred allocations, JSON thousands. */
static size_t next_limit(size_t limit)
{
    return limit < 200 ? limit + 1 : limit + limit / 50;
}

/* Once through without a limit: the C library keeps some memory of its own, for its time zone. */
static void warm_up(void)
{
    struct sp_history *history = sample_history();
    struct sp_page_context context = sample_context(history);
    struct sp_buf out;

    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    assert_true(sp_page_status(&context, &out));
    sp_buf_free(&out);
    sp_history_free(history);
}

/* The same each time, its ids too. */
static struct sp_history *new_history(void)
{
    sample_last_id = 0;
    return sample_history();
}

/* One try. False: no allocation has failed any more. */
static bool try_limit(enum kind kind, size_t limit, const struct sp_buf *whole)
{
    struct sp_history *history = new_history();
    struct sp_page_context context = sample_context(history);
    const struct sp_outcome *outcome = sp_history_find(history, sample_last_id - 1);
    struct sp_buf out;

    sp_buf_init(&out, SP_LIMIT_WEB_PAGE);
    hit = false;
    left = limit;
    bool made = make(kind, &context, outcome, &out);
    left = SIZE_MAX;
    if (made && (out.len != whole->len || memcmp(out.data, whole->data, out.len) != 0))
        fail_msg("kind %d after %zu allocations is a page, but not the whole", (int)kind, limit);
    assert_true(made || hit);
    sp_buf_free(&out);
    sp_history_free(history);
    return hit;
}

static void try_each_allocation(void)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct sp_history *history = new_history();
        struct sp_page_context context = sample_context(history);
        struct sp_buf whole;

        sp_buf_init(&whole, SP_LIMIT_WEB_PAGE);
        assert_true(
            make((enum kind)kind, &context, sp_history_find(history, sample_last_id - 1), &whole));
        sp_history_free(history);
        long before = live;
        for (size_t limit = 0; try_limit((enum kind)kind, limit, &whole);)
            limit = next_limit(limit);
        assert_int_equal(live, before);
        sp_buf_free(&whole);
    }
}

static void test_each_allocation(void **state)
{
    (void)state;
    if (!OWN_ALLOCATOR)
        skip();
    warm_up();
    alone = false;
    try_each_allocation();
    alone = true;
    try_each_allocation();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};

    return cmocka_run_group_tests(tests, sample_load_config, sample_free_config);
}
