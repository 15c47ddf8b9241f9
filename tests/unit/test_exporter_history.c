/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history: what is kept, what goes first, and that it is bounded. */
#include "exporter_fake.h"
#include "sample.h"

#include "probe/limits.h"
#include "prometheus/history.h"

#define SECOND_NS 1000000000

/* Made by hand; the options are those of the configuration's module. */
static struct sp_outcome *make(struct sp_config *config, uint64_t id, const char *target,
                               enum sp_reason failure, size_t padding)
{
    struct sp_outcome *outcome = sp_outcome_new(config, &config->module);
    assert_non_null(outcome);
    outcome->id = id;
    outcome->ended_ms = (int64_t)id * 1000;
    outcome->options = config->module.options;
    outcome->target = sp_arena_strdup(outcome->arena, target);
    outcome->endpoint = (struct sp_endpoint){.input = outcome->target,
                                             .host = "mx.example.org",
                                             .port = 25,
                                             .tls = SP_TLS_NONE,
                                             .verify = SP_VERIFY_OFF,
                                             .options = &outcome->options};
    struct sp_evidence *evidence = sp_evidence_new(&outcome->endpoint);
    assert_non_null(evidence);
    assert_non_null(sp_arena_alloc(evidence->arena, padding));
    evidence->total_ns = (int64_t)id * SECOND_NS;
    evidence->spans[SP_PHASE_CONNECT] = (struct sp_span){0, (int64_t)id};
    if (failure != SP_REASON_OK) {
        sp_evidence_fail(evidence, failure, SP_PHASE_CONNECT, 0, "as the test says");
    } else {
        struct sample sample = {.endpoint = outcome->endpoint, .evidence = evidence};
        sample_reply(&sample, SP_PHASE_BANNER, 220, "mx.example.org ESMTP");
        evidence->plain.tried = evidence->plain.ok = true;
    }
    sp_result_judge(&outcome->result, evidence);
    assert_int_equal(outcome->result.reason, failure);
    return outcome;
}

static void add(struct sp_history *history, struct sp_config *config, uint64_t id,
                const char *target, enum sp_reason failure)
{
    struct sp_outcome *outcome = make(config, id, target, failure, 0);
    sp_history_add(history, outcome);
    assert_int_equal(outcome->references, 2);
    sp_outcome_unref(outcome);
}

static struct sp_history *begin(size_t limit, struct sp_config **out_config)
{
    struct sp_history *history = sp_history_new(limit);
    assert_non_null(history);
    *out_config = fake_config();
    return history;
}

static void end(struct sp_history *history, struct sp_config *config)
{
    sp_history_free(history);
    sp_config_unref(config);
    assert_int_equal(fake_configs, 0); /* each outcome held one */
}

static void expect_kept(const struct sp_history *history, uint64_t id, bool kept)
{
    const struct sp_outcome *outcome = sp_history_find(history, id);
    if ((outcome != NULL) != kept)
        fail_msg("outcome %u is %skept", (unsigned)id, kept ? "not " : "");
    assert_true(!outcome || outcome->id == id);
}

static void test_rings(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(3, &config);
    struct sp_outcome *latest[10];
    (void)state;
    /* 1 and 3 fail; then successes push them out of the first ring. */
    for (uint64_t id = 1; id <= 8; id++)
        add(history, config, id, "mx.example.org",
            id == 1 || id == 3 ? SP_REASON_CONNECT_REFUSED : SP_REASON_OK);
    for (uint64_t id = 1; id <= 9; id++)
        expect_kept(history, id, id == 1 || id == 3 || (id >= 6 && id <= 8));
    assert_int_equal(sp_history_latest(history, latest, 10), 5);
    assert_int_equal(latest[0]->id, 8);
    assert_int_equal(latest[2]->id, 6);
    assert_int_equal(latest[3]->id, 3);
    assert_int_equal(latest[4]->id, 1);
    assert_int_equal(sp_history_latest(history, latest, 2), 2);
    assert_int_equal(sp_history_latest(history, latest, 0), 0);
    /* Failures have only so many places too. */
    for (uint64_t id = 9; id <= 16; id++)
        add(history, config, id, "mx.example.org", SP_REASON_CONNECT_TIMEOUT);
    for (uint64_t id = 1; id <= 16; id++)
        expect_kept(history, id, id >= 11);
    end(history, config);
}

/* What is held is found by its id and nothing else is: at both ends, in the gaps, wherever the rings begin,
 * and after each that fell out. */
static void test_find(void **state)
{
    enum { LIMIT = 7, PROBES = 60, GAP = 3 };
    struct sp_config *config;
    struct sp_history *history = begin(LIMIT, &config);
    (void)state;
    assert_null(sp_history_find(history, 0));
    assert_null(sp_history_find(history, 1));
    for (unsigned i = 1; i <= PROBES; i++) {
        struct sp_outcome *held[2 * LIMIT];
        size_t count;
        uint64_t expected = 0;
        add(history, config, (uint64_t)i * GAP, "mx.example.org",
            i % 5 == 0 || i % 11 < 3 ? SP_REASON_CONNECT_REFUSED : SP_REASON_OK);
        count = sp_history_latest(history, held, 2 * LIMIT);
        assert_int_equal(held[0]->id, i * GAP);
        for (uint64_t id = 0; id <= (i + 2) * GAP; id++) {
            bool is_held = false;
            for (size_t k = 0; k < count; k++)
                is_held = is_held || held[k]->id == id;
            expect_kept(history, id, is_held);
            expected += is_held;
        }
        assert_int_equal(expected, count);
        assert_null(sp_history_find(history, UINT64_MAX));
    }
    end(history, config);
}

/* In between, too, when states change: compared with an order that is made anew. */
static void test_rows_stay_in_order(void **state)
{
    static const enum sp_reason reasons[] = {SP_REASON_OK, SP_REASON_CONNECT_REFUSED,
                                             SP_REASON_INVALID_TARGET};
    static const int rank[SP_STATE_COUNT] = {
        [SP_STATE_OK] = 0, [SP_STATE_UNKNOWN] = 1, [SP_STATE_WARNING] = 2, [SP_STATE_CRITICAL] = 3};
    struct sp_config *config;
    struct sp_history *history = begin(3, &config);
    uint32_t random = 1;
    (void)state;
    for (uint64_t id = 1; id <= 400; id++) {
        const struct sp_history_row *const *rows;
        size_t count, states[SP_STATE_COUNT] = {0};
        char target[32];
        random = random * 1664525u + 1013904223u;
        snprintf(target, sizeof target, "mx%u.example.org", (random >> 16) % 23);
        add(history, config, id, target, reasons[(random >> 24) % 3]);
        rows = sp_history_rows(history, &count);
        assert_int_equal(count, sp_history_row_count(history));
        for (size_t i = 0; i < count; i++) {
            states[rows[i]->state]++;
            if (i > 0 && rows[i - 1]->state == rows[i]->state)
                assert_true(strcmp(rows[i - 1]->target, rows[i]->target) < 0);
            else if (i > 0)
                assert_true(rank[rows[i - 1]->state] > rank[rows[i]->state]);
            assert_true(rows[i]->last_id <= id);
        }
        for (int i = 0; i < SP_STATE_COUNT; i++)
            assert_int_equal(sp_history_state_count(history, (enum sp_state)i), states[i]);
    }
    assert_int_equal(sp_history_row_count(history), 23);
    end(history, config);
}

static void test_rows(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(2, &config);
    const struct sp_history_row *const *rows;
    size_t count;
    (void)state;
    rows = sp_history_rows(history, &count);
    assert_int_equal(count, 0);
    assert_non_null(rows);
    add(history, config, 1, "c.example.org", SP_REASON_OK);
    add(history, config, 2, "b.example.org", SP_REASON_OK);
    add(history, config, 3, "z.example.org", SP_REASON_CONNECT_REFUSED);
    add(history, config, 4, "y.example.org", SP_REASON_INVALID_TARGET);
    add(history, config, 5, "c.example.org", SP_REASON_OK);
    assert_int_equal(sp_history_row_count(history), 4);
    assert_int_equal(sp_history_state_count(history, SP_STATE_OK), 2);
    assert_int_equal(sp_history_state_count(history, SP_STATE_CRITICAL), 1);
    assert_int_equal(sp_history_state_count(history, SP_STATE_WARNING), 0);
    rows = sp_history_rows(history, &count);
    assert_int_equal(count, 4);
    assert_string_equal(rows[0]->target, "z.example.org");
    assert_int_equal(rows[0]->state, SP_STATE_CRITICAL);
    assert_int_equal(rows[0]->reason, SP_REASON_CONNECT_REFUSED);
    assert_int_equal(rows[0]->phase, SP_PHASE_CONNECT);
    assert_false(rows[0]->succeeded);
    assert_non_null(rows[0]->last); /* a failure is kept longer */
    assert_string_equal(rows[1]->target, "y.example.org");
    assert_int_equal(rows[1]->state, SP_STATE_UNKNOWN);
    assert_string_equal(rows[2]->target, "b.example.org");
    assert_string_equal(rows[2]->module, "smtp");
    assert_int_equal(rows[2]->last_id, 2);
    assert_null(rows[2]->last); /* forgotten, but its facts are there */
    assert_null(sp_history_find(history, 2));
    assert_true(rows[2]->succeeded);
    assert_int_equal(rows[2]->ended_ms, 2000);
    assert_int_equal(rows[2]->total_ns, 2 * (int64_t)SECOND_NS);
    assert_int_equal(rows[2]->spans[SP_PHASE_CONNECT].ns, 2);
    assert_null(rows[2]->tls_version);
    assert_false(rows[2]->has_certificate);
    assert_non_null(strstr(rows[2]->message, "works"));
    assert_string_equal(rows[3]->target, "c.example.org");
    assert_int_equal(rows[3]->last_id, 5);
    assert_ptr_equal(rows[3]->last, sp_history_find(history, 5));
    assert_int_equal(rows[3]->bar_count, 2);
    assert_int_equal(rows[3]->bars[0].ended_ms, 1000);
    assert_int_equal(rows[3]->bars[1].ended_ms, 5000);
    end(history, config);
}

/* One target by two modules is two endpoints. */
static void test_modules(void **state)
{
    static struct sp_module other;
    struct sp_config *config;
    struct sp_history *history = begin(4, &config);
    const struct sp_history_row *const *rows;
    size_t count;
    (void)state;
    other = config->module;
    other.name = "lmtp";
    for (uint64_t id = 1; id <= 4; id++) {
        struct sp_outcome *outcome = make(config, id, "mx.example.org", SP_REASON_OK, 0);
        outcome->module = id % 2 ? &config->module : &other;
        sp_history_add(history, outcome);
        sp_outcome_unref(outcome);
    }
    rows = sp_history_rows(history, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0]->module, "lmtp");
    assert_int_equal(rows[0]->last_id, 4);
    assert_string_equal(rows[1]->module, "smtp");
    assert_int_equal(rows[1]->last_id, 3);
    end(history, config);
}

/* A version is told only of TLS that stood. */
static void test_tls_version(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(4, &config);
    const struct sp_history_row *const *rows;
    size_t count;
    (void)state;
    for (uint64_t id = 1; id <= 2; id++) {
        struct sp_outcome *outcome = make(config, id, "mx.example.org", SP_REASON_OK, 0);
        outcome->result.evidence->tls.version_text = "TLSv1.3";
        outcome->result.evidence->tls.established = id == 1;
        sp_history_add(history, outcome);
        rows = sp_history_rows(history, &count);
        if (id == 1)
            assert_string_equal(rows[0]->tls_version, "TLSv1.3");
        else
            assert_null(rows[0]->tls_version);
        sp_outcome_unref(outcome);
    }
    end(history, config);
}

static void test_bars(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(2, &config);
    const struct sp_history_row *const *rows;
    size_t count;
    (void)state;
    for (uint64_t id = 1; id <= SP_HISTORY_BARS + 5; id++)
        add(history, config, id, "mx.example.org",
            id % 2 ? SP_REASON_CONNECT_REFUSED : SP_REASON_OK);
    rows = sp_history_rows(history, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0]->bar_count, SP_HISTORY_BARS);
    assert_non_null(rows[0]->last); /* others of the endpoint were forgotten, this one was not */
    assert_ptr_equal(rows[0]->last, sp_history_find(history, SP_HISTORY_BARS + 5));
    for (size_t i = 0; i < SP_HISTORY_BARS; i++) {
        assert_int_equal(rows[0]->bars[i].total_ns, (int64_t)(i + 6) * SECOND_NS);
        assert_int_equal(rows[0]->bars[i].state, i % 2 ? SP_STATE_CRITICAL : SP_STATE_OK);
    }
    end(history, config);
}

static void test_messages_are_cut(void **state)
{
    static const struct {
        size_t letters;
        const char *tail;
        size_t kept;
    } rows[] = {
        {10, "", 10},
        {SP_HISTORY_MESSAGE, "", SP_HISTORY_MESSAGE},
        {SP_HISTORY_MESSAGE, "x", SP_HISTORY_MESSAGE},
        {SP_HISTORY_MESSAGE - 1, "\xc3\xa4", SP_HISTORY_MESSAGE - 1},
        {SP_HISTORY_MESSAGE - 2, "\xc3\xa4", SP_HISTORY_MESSAGE},
        {SP_HISTORY_MESSAGE - 3, "\xf0\x9f\x93\xa7z", SP_HISTORY_MESSAGE - 3},
        {0, "", 0},
    };
    struct sp_config *config;
    struct sp_history *history = begin(2, &config);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_outcome *outcome = make(config, i + 1, "mx.example.org", SP_REASON_OK, 0);
        const struct sp_history_row *const *shown;
        size_t count;
        char text[SP_HISTORY_MESSAGE + 16];
        memset(text, 'a', sizeof text);
        memcpy(text + rows[i].letters, rows[i].tail, strlen(rows[i].tail) + 1);
        outcome->result.message = text;
        sp_history_add(history, outcome);
        shown = sp_history_rows(history, &count);
        assert_int_equal(count, 1);
        assert_int_equal(strlen(shown[0]->message), rows[i].kept);
        assert_int_equal(strncmp(shown[0]->message, text, rows[i].kept), 0);
        outcome->result.message = "works";
        sp_outcome_unref(outcome);
    }
    end(history, config);
}

/* The one that was not probed for longest goes. */
static void test_rows_are_bounded(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(2, &config);
    const struct sp_history_row *const *rows;
    size_t count;
    char target[32];
    uint64_t id = 0;
    bool first = false, second = false;
    (void)state;
    for (unsigned i = 0; i < SP_LIMIT_HISTORY_ROWS; i++) {
        snprintf(target, sizeof target, "mx%u.example.org", i);
        add(history, config, ++id, target, SP_REASON_OK);
    }
    add(history, config, ++id, "mx0.example.org", SP_REASON_OK);
    add(history, config, ++id, "new.example.org", SP_REASON_OK);
    assert_int_equal(sp_history_row_count(history), SP_LIMIT_HISTORY_ROWS);
    rows = sp_history_rows(history, &count);
    assert_int_equal(count, SP_LIMIT_HISTORY_ROWS);
    for (size_t i = 0; i < count; i++) {
        first = first || strcmp(rows[i]->target, "mx0.example.org") == 0;
        second = second || strcmp(rows[i]->target, "mx1.example.org") == 0;
        assert_true(i == 0 || strcmp(rows[i - 1]->target, rows[i]->target) < 0);
    }
    assert_true(first);
    assert_false(second);
    end(history, config);
}

/* Which of an endpoint's probes there were, and which failed, whether they are kept or not. */
static void test_ids(void **state)
{
    enum { PROBES = 100 };
    struct sp_config *config;
    struct sp_history *history = begin(2, &config);
    const struct sp_history_row *row = NULL;
    (void)state;
    for (uint64_t id = 1; id <= PROBES; id++) {
        struct sp_outcome *outcome =
            make(config, id, id % 2 ? "a.example.org" : "b.example.org",
                 id % 4 == 1 ? SP_REASON_CONNECT_REFUSED : SP_REASON_OK, 0);
        assert_ptr_equal(sp_history_row_of(history, outcome), id < 3 ? NULL : row);
        sp_history_add(history, outcome);
        row = sp_history_row_of(history, outcome);
        assert_non_null(row);
        assert_int_equal(row->last_id, id);
        assert_int_equal(row->bars[row->bar_count - 1].id, id);
        assert_int_equal(row->failure_count, id % 2 == 0 ? 0 : id > 40 ? 10 : (id + 3) / 4);
        if (row->failure_count > 0) {
            assert_int_equal(row->failures[row->failure_count - 1], id - (id + 3) % 4);
            assert_int_equal(row->failures[0] % 4, 1);
            assert_int_equal(row->failures[0],
                             row->failures[row->failure_count - 1] - 4 * (row->failure_count - 1));
        }
        for (size_t i = 1; i < row->bar_count; i++)
            assert_int_equal(row->bars[i - 1].id + 2, row->bars[i].id);
        if (id > 1) { /* of the other endpoint, which comes next */
            struct sp_outcome *other = sp_history_find(history, id - 1);
            assert_non_null(other);
            row = sp_history_row_of(history, other);
        }
        sp_outcome_unref(outcome);
    }
    end(history, config);
}

/* Outcomes as large as a server can make them. */
static void test_octets_are_bounded(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(100, &config);
    size_t kept = 0;
    (void)state;
    for (uint64_t id = 1; id <= 150; id++) {
        struct sp_outcome *outcome =
            make(config, id, "mx.example.org", id % 2 ? SP_REASON_CONNECT_REFUSED : SP_REASON_OK,
                 1000000);
        assert_true(sp_outcome_octets(outcome) > 1000000);
        sp_history_add(history, outcome);
        sp_outcome_unref(outcome);
        assert_in_range(sp_history_octets(history), 1, SP_LIMIT_HISTORY);
        assert_non_null(sp_history_find(history, id));
    }
    for (uint64_t id = 1; id <= 150; id++)
        kept += sp_history_find(history, id) != NULL;
    assert_in_range(kept, 30, 33);
    expect_kept(history, 150 - kept + 1, true); /* the newest ones */
    end(history, config);
}

/* Old failures go before the latest probes do. */
static void test_octets_of_failures(void **state)
{
    enum { LIMIT = 20, PROBES = 60 };
    struct sp_config *config;
    struct sp_history *history = begin(LIMIT, &config);
    size_t kept = 0;
    (void)state;
    for (uint64_t id = 1; id <= PROBES; id++) {
        struct sp_outcome *outcome =
            make(config, id, "mx.example.org", SP_REASON_CONNECT_REFUSED, 1000000);
        sp_history_add(history, outcome);
        sp_outcome_unref(outcome);
        assert_in_range(sp_history_octets(history), 1, SP_LIMIT_HISTORY);
    }
    for (uint64_t id = 1; id <= PROBES; id++) {
        kept += sp_history_find(history, id) != NULL;
        if (id > PROBES - LIMIT)
            expect_kept(history, id, true);
    }
    assert_in_range(kept, 30, 33);
    end(history, config);
}

/* The configurations used last count, and a failure does not hold another, wherever it is kept. */
static void test_which_configurations(void **state)
{
    enum { CONFIGS = SP_LIMIT_HISTORY_CONFIGS + 1 };
    struct sp_config *first, *configs[CONFIGS];
    struct sp_history *history = begin(2, &first);
    (void)state;
    configs[0] = first;
    for (size_t i = 1; i < CONFIGS; i++)
        configs[i] = fake_config(); /* all at once, so each has an address of its own */
    add(history, configs[0], 1, "a.example.org", SP_REASON_CONNECT_REFUSED);
    add(history, configs[1], 2, "b.example.org", SP_REASON_CONNECT_REFUSED);
    add(history, configs[0], 3, "c.example.org", SP_REASON_OK); /* used again */
    for (uint64_t i = 2; i < CONFIGS; i++) {
        expect_kept(history, 2, true);
        add(history, configs[i], 10 + i, "d.example.org", SP_REASON_OK);
    }
    expect_kept(history, 1, true);
    expect_kept(history, 2, false); /* of the one that was used before all others */
    for (size_t i = 1; i < CONFIGS; i++)
        sp_config_unref(configs[i]);
    end(history, first);
}

/* Each reload brings a configuration, which the outcomes of its time hold. */
static void test_configurations_are_bounded(void **state)
{
    enum { RELOADS = 10 };
    struct sp_config *config;
    struct sp_history *history = begin(100, &config);
    (void)state;
    for (uint64_t id = 1; id <= RELOADS; id++) {
        add(history, config, 2 * id - 1, "a.example.org", SP_REASON_CONNECT_REFUSED);
        add(history, config, 2 * id, "b.example.org", SP_REASON_OK);
        sp_config_unref(config);
        config = fake_config();
    }
    assert_int_equal(fake_configs, SP_LIMIT_HISTORY_CONFIGS + 1);
    const uint64_t first = 2 * (RELOADS - SP_LIMIT_HISTORY_CONFIGS) + 1;
    for (uint64_t id = 1; id <= 2 * RELOADS; id++)
        expect_kept(history, id, id >= first);
    end(history, config);
}

static void test_no_limit_no_outcomes(void **state)
{
    struct sp_config *config;
    struct sp_history *history = begin(0, &config);
    const struct sp_history_row *const *rows;
    size_t count;
    struct sp_outcome *latest[1];
    (void)state;
    for (uint64_t id = 1; id <= 3; id++) {
        struct sp_outcome *outcome = make(config, id, "mx.example.org", SP_REASON_OK, 0);
        sp_history_add(history, outcome);
        assert_int_equal(outcome->references, 1);
        sp_outcome_unref(outcome);
    }
    assert_null(sp_history_find(history, 3));
    assert_int_equal(sp_history_latest(history, latest, 1), 0);
    rows = sp_history_rows(history, &count);
    assert_int_equal(count, 1);
    assert_null(rows[0]->last);
    assert_int_equal(rows[0]->bar_count, 3);
    end(history, config);
    sp_history_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_stay_in_order),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_tls_version),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_messages_are_cut),
        cmocka_unit_test(test_rows_are_bounded),
        cmocka_unit_test(test_octets_are_bounded),
        cmocka_unit_test(test_octets_of_failures),
        cmocka_unit_test(test_configurations_are_bounded),
        cmocka_unit_test(test_which_configurations),
        cmocka_unit_test(test_no_limit_no_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
