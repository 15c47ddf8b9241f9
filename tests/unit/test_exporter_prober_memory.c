/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe is asked for, made and kept while each allocation in turn fails: it is refused or it ends,
 * once, and nothing is lost. */
#include "exporter_fake.h"

#include "prometheus/history.h"
#include "prometheus/prober.h"
#include "tests/unit/failing_memory.h"

struct fixture {
    uv_loop_t loop;
    struct sp_prober *prober;
    struct sp_history *history;
    struct fake_dns dns;
    unsigned calls;
};

static int64_t wall_ms(void)
{
    return 1788256800123; /* 2026-09-01 */
}

static void on_outcome(void *data, struct sp_outcome *outcome)
{
    struct fixture *fixture = data;
    fixture->calls++;
    assert_non_null(outcome->result.evidence);
    assert_non_null(outcome->result.message);
    assert_int_not_equal(outcome->result.state, SP_STATE_OK); /* nobody listens there */
    sp_history_add(fixture->history, outcome);
    sp_outcome_unref(outcome);
}

/* A probe by name, of a configuration of its own. */
static void probe(struct fixture *fixture)
{
    static const char *const patterns[] = {"127.0.0.0/8", "*.example.com"};
    static const char *const allowed[] = {"ehlo_name", "require_capability"};
    static const char *const params[] = {"ehlo_name", "require_capability"};
    static const char *const values[] = {"me.example.org", "SIZE,PIPELINING"};
    size_t armed = left;
    left = SIZE_MAX;
    struct sp_config *config = fake_config();
    char error[256] = "";
    fake_allow(config, patterns, 2);
    config->settings.allow_params = allowed;
    config->settings.allow_param_count = 2;
    config->module.options.dns_server = fixture->dns.address;
    left = armed;
    hit = false;
    const struct sp_prober_request request = {.config = config,
                                              .module = &config->module,
                                              .target = "mx.example.org:1",
                                              .params = params,
                                              .values = values,
                                              .param_count = 2,
                                              .timeout_ms = 300};
    unsigned calls = fixture->calls;
    enum sp_prober_status status =
        sp_prober_start(fixture->prober, &request, on_outcome, fixture, error, sizeof error);
    if (status == SP_PROBER_STARTED) {
        while (fixture->calls == calls)
            uv_run(&fixture->loop, UV_RUN_ONCE);
    } else {
        assert_string_not_equal(error, "");
        assert_true(hit);
        if (status != SP_PROBER_NOMEM) /* neither the client's fault nor the allow list's word */
            fail_msg("status %d: %s", (int)status, error);
    }
    assert_int_equal(sp_prober_in_flight(fixture->prober), 0);
    for (unsigned i = 0; i < 3; i++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_true(fixture->calls - calls <= 1);
    sp_config_unref(config);
}

/* From the loop to its end; returns how many allocations were made to fail. */
static size_t run_round(bool starve)
{
    struct fixture fixture = {0};
    char error[256] = "";
    size_t count = 0;
    assert_int_equal(uv_loop_init(&fixture.loop), 0);
    fake_dns_start(&fixture.dns, &fixture.loop);
    fixture.dns.addresses[0] = "127.0.0.1";
    fixture.prober = sp_prober_new(&fixture.loop, wall_ms, error, sizeof error);
    fixture.history = sp_history_new(1);
    assert_non_null(fixture.prober);
    assert_non_null(fixture.history);
    for (bool failed = starve; failed; count += failed) {
        left = count;
        probe(&fixture);
        failed = left == SIZE_MAX;
        left = SIZE_MAX;
    }
    probe(&fixture);
    assert_true(fixture.calls > 0);
    sp_history_free(fixture.history);
    sp_prober_close(fixture.prober);
    uv_close((uv_handle_t *)&fixture.dns.udp, NULL);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    sp_prober_free(fixture.prober);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    assert_int_equal(fake_configs, 0);
    return count;
}

static void test_each_allocation(void **state)
{
    (void)state;
    run_round(false); /* what libraries keep for ever is there from now on */
    long before = live;
    assert_true(run_round(OWN_ALLOCATOR) > 20 || !OWN_ALLOCATOR);
    assert_int_equal(live, before);
}

static void test_birth(void **state)
{
    (void)state;
    for (size_t i = 0; OWN_ALLOCATOR; i++) {
        char error[256] = "";
        uv_loop_t loop;
        assert_int_equal(uv_loop_init(&loop), 0);
        long before = live;
        left = i;
        struct sp_prober *prober = sp_prober_new(&loop, wall_ms, error, sizeof error);
        struct sp_history *history = prober ? sp_history_new(10) : NULL;
        bool failed = left == SIZE_MAX;
        left = SIZE_MAX;
        assert_true(failed == (prober == NULL || history == NULL));
        assert_true(prober || error[0]);
        sp_history_free(history);
        if (prober)
            sp_prober_close(prober);
        sp_prober_free(prober);
        assert_int_equal(live, before);
        assert_int_equal(uv_loop_close(&loop), 0);
        if (!failed)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_birth),
        cmocka_unit_test(test_each_allocation),
    };
    alone = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
