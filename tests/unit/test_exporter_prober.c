/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prober: what it refuses, what it connects to, how it ends, and that it doesn't grow. */
#include "exporter_fake.h"

#include "probe/limits.h"
#include "prometheus/history.h"
#include "prometheus/prober.h"

#include <malloc.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct fixture {
    uv_loop_t loop;
    struct sp_prober *prober;
    struct sp_config *config;
    struct fake_server server;
    struct fake_dns dns;
    char target[64]; /* the server's, by address */
    struct sp_outcome *outcome;
    unsigned calls;
    enum sp_prober_status status;
    char error[512];
    uint32_t timeout_ms;
    const char *param, *value, *hostname;
    /* for bulk */
    unsigned left;
    struct sp_history *history;
};

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    fixture->prober = sp_prober_new(&fixture->loop, wall_ms, fixture->error, sizeof fixture->error);
    assert_non_null(fixture->prober);
    fake_server_start(&fixture->server, &fixture->loop);
    fake_dns_start(&fixture->dns, &fixture->loop);
    fixture->config = fake_config();
    fixture->config->module.options.dns_server = fixture->dns.address;
    fixture->timeout_ms = 5000;
    snprintf(fixture->target, sizeof fixture->target, "127.0.0.1:%u", fixture->server.port);
    *state = fixture;
    return 0;
}

static void close_any(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_TCP && ((uv_stream_t *)handle)->read_cb ? fake_on_closed
                                                                                    : NULL);
}

/* Nothing may be left of what a test did. */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(sp_prober_in_flight(fixture->prober), 0);
    sp_prober_close(fixture->prober);
    while (uv_run(&fixture->loop, UV_RUN_NOWAIT) != 0)
        ;
    sp_prober_free(fixture->prober);
    uv_walk(&fixture->loop, close_any, NULL); /* the servers */
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    sp_outcome_unref(fixture->outcome);
    sp_config_unref(fixture->config);
    free(fixture);
    assert_int_equal(fake_configs, 0);
    return 0;
}

static void on_outcome(void *data, struct sp_outcome *outcome)
{
    struct fixture *fixture = data;
    sp_outcome_unref(fixture->outcome);
    fixture->outcome = outcome;
    fixture->calls++;
}

static enum sp_prober_status start(struct fixture *fixture, const char *target)
{
    const struct sp_prober_request request = {.config = fixture->config,
                                              .module = &fixture->config->module,
                                              .target = target,
                                              .params = &fixture->param,
                                              .values = &fixture->value,
                                              .param_count = fixture->param ? 1 : 0,
                                              .hostname = fixture->hostname,
                                              .timeout_ms = fixture->timeout_ms};
    fixture->error[0] = '\0';
    fixture->status = sp_prober_start(fixture->prober, &request, on_outcome, fixture,
                                      fixture->error, sizeof fixture->error);
    if ((fixture->status == SP_PROBER_STARTED) != (fixture->error[0] == '\0'))
        fail_msg("%s: status %d says \"%s\"", target, (int)fixture->status, fixture->error);
    return fixture->status;
}

static void run_until(struct fixture *fixture, unsigned calls)
{
    while (fixture->calls < calls)
        assert_true(uv_run(&fixture->loop, UV_RUN_ONCE) != 0 || fixture->calls >= calls);
}

static const struct sp_result *probe(struct fixture *fixture, const char *target)
{
    unsigned calls = fixture->calls;
    if (start(fixture, target) != SP_PROBER_STARTED)
        fail_msg("%s was refused: %s", target, fixture->error);
    assert_int_equal(fixture->calls, calls); /* never from inside */
    run_until(fixture, calls + 1);
    assert_int_equal(fixture->calls, calls + 1);
    return &fixture->outcome->result;
}

/* --- outcomes --------------------------------------------------------------------------------- */

static void test_success(void **state)
{
    struct fixture *fixture = *state;
    int64_t before = wall_ms();
    const struct sp_result *result = probe(fixture, fixture->target);
    const struct sp_outcome *outcome = fixture->outcome;
    assert_int_equal(result->reason, SP_REASON_OK);
    assert_true(sp_outcome_succeeded(outcome));
    assert_int_equal(outcome->id, 1);
    assert_in_range(outcome->ended_ms, before, wall_ms());
    assert_string_equal(outcome->target, fixture->target);
    assert_ptr_equal(outcome->module, &fixture->config->module);
    assert_ptr_equal(result->endpoint, &outcome->endpoint);
    assert_ptr_equal(outcome->endpoint.options, &outcome->options);
    assert_int_equal(outcome->options.timeout_ms, 5000);
    assert_int_equal(outcome->references, 1);
    probe(fixture, fixture->target);
    assert_int_equal(fixture->outcome->id, 2);
    assert_int_equal(fixture->server.accepted, 2);
}

static void test_failure(void **state)
{
    struct fixture *fixture = *state;
    const struct sp_result *result = probe(fixture, "127.0.0.1:1");
    assert_int_equal(result->reason, SP_REASON_CONNECT_REFUSED);
    assert_false(sp_outcome_succeeded(fixture->outcome));
}

/* A reload in the middle: what has begun keeps its configuration. */
static void test_reload(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_STARTED);
    sp_config_unref(fixture->config);
    fixture->config = fake_config();
    fixture->config->module.options.dns_server = fixture->dns.address;
    fake_allow(fixture->config, (const char *const[]){"192.0.2.1"}, 1);
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_FORBIDDEN);
    run_until(fixture, 1);
    assert_int_equal(fixture->outcome->result.reason, SP_REASON_OK);
    assert_ptr_not_equal(fixture->outcome->config, fixture->config);
}

static void test_time(void **state)
{
    static const struct {
        uint32_t module_ms; /* 0: not given */
        const char *param;
        uint32_t request_ms, effective_ms;
    } rows[] = {
        {0, NULL, 9500, 9500},   {0, NULL, 40000, 40000}, {2000, NULL, 9500, 2000},
        {9000, NULL, 500, 500},  {0, "3s", 9500, 3000},   {2000, "3s", 9500, 3000},
        {2000, "20s", 500, 500}, {0, NULL, 0, 1},
    };
    struct fixture *fixture = *state;
    fixture->config->settings.allow_params = (const char *const[]){"timeout"};
    fixture->config->settings.allow_param_count = 1;
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture->config->module.timeout_given = rows[i].module_ms > 0;
        fixture->config->module.options.timeout_ms =
            rows[i].module_ms > 0 ? rows[i].module_ms : 30000;
        fixture->timeout_ms = rows[i].request_ms;
        fixture->param = rows[i].param ? "timeout" : NULL;
        fixture->value = rows[i].param;
        probe(fixture, fixture->target);
        assert_int_equal(fixture->outcome->options.timeout_ms, rows[i].effective_ms);
    }
}

static void test_deadline(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.manner = FAKE_SILENT;
    fixture->timeout_ms = 60;
    const struct sp_result *result = probe(fixture, fixture->target);
    assert_int_equal(result->reason, SP_REASON_DEADLINE_EXCEEDED);
    assert_int_equal(result->phase, SP_PHASE_BANNER);
    if (!strstr(result->message, "60 ms"))
        fail_msg("the message is \"%s\"", result->message);
    assert_in_range(result->evidence->total_ns, 60000000, 2000000000);
    fixture->dns.silent = true;
    result = probe(fixture, "mx.example.org");
    assert_int_equal(result->reason, SP_REASON_DNS_TIMEOUT);
    assert_in_range(result->evidence->total_ns, 60000000, 2000000000);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void test_targets(void **state)
{
    static const struct {
        const char *target;
        enum sp_prober_status status;
        const char *says;
    } rows[] = {
        {"", SP_PROBER_BAD_REQUEST, "empty"},
        {"-", SP_PROBER_BAD_REQUEST, "command line"},
        {"@/etc/passwd", SP_PROBER_BAD_REQUEST, "command line"},
        {"#127.0.0.1", SP_PROBER_BAD_REQUEST, "empty"},
        {" 127.0.0.1", SP_PROBER_BAD_REQUEST, "spaces"},
        {"127.0.0.1 verify=off", SP_PROBER_BAD_REQUEST, "spaces"},
        {"127.0.0.1\tverify=off", SP_PROBER_BAD_REQUEST, "spaces"},
        {"127.0.0.1\r\n", SP_PROBER_BAD_REQUEST, "spaces"},
        {"127.0.0.1\x01", SP_PROBER_BAD_REQUEST, "control"},
        {"127.0.0.1:0", SP_PROBER_BAD_REQUEST, "port"},
        {"127.0.0.1:65536", SP_PROBER_BAD_REQUEST, "port"},
        {"http://127.0.0.1", SP_PROBER_BAD_REQUEST, "scheme"},
        {"mx:example.org", SP_PROBER_BAD_REQUEST, "mx:"},
        {"127.1", SP_PROBER_BAD_REQUEST, "127.0.0.1"},
        {"2130706433", SP_PROBER_BAD_REQUEST, "127.0.0.1"},
        {"0x7f000001", SP_PROBER_BAD_REQUEST, "127.0.0.1"},
        {"0177.0.0.1", SP_PROBER_BAD_REQUEST, "127.0.0.1"},
        {"lmtp+unix:/run/lmtp", SP_PROBER_FORBIDDEN, "allow_targets"},
        {"LMTP+UNIX:/run/lmtp", SP_PROBER_FORBIDDEN, "allow_targets"},
    };
    struct fixture *fixture = *state;
    char *large = malloc(10001);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(start(fixture, rows[i].target), rows[i].status);
        if (!strstr(fixture->error, rows[i].says))
            fail_msg("%s: \"%s\" lacks \"%s\"", rows[i].target, fixture->error, rows[i].says);
    }
    assert_non_null(large);
    memset(large, 'a', 10000);
    large[10000] = '\0';
    assert_int_equal(start(fixture, large), SP_PROBER_BAD_REQUEST);
    free(large);
    assert_int_equal(sp_prober_in_flight(fixture->prober), 0);
    assert_int_equal(fixture->dns.asked, 0);
}

static void test_params(void **state)
{
    static const char *const allowed[] = {"server_name", "ehlo-name", "expect", "all_addresses",
                                          "tls"};
    static const struct {
        const char *name, *value, *says; /* NULL: fine */
    } rows[] = {
        {"server_name", "other.example.org", NULL},
        {"server-name", "other.example.org", NULL},
        {"ehlo_name", "me.example.org", NULL},
        {"ehlo_name", "bad name", "ehlo-name"},
        {"ehlo_name", "x\r\nQUIT", "ehlo-name"},
        {"expect", "^220 ", NULL},
        {"expect", "(", "expect"},
        {"verify", "off", "allow_params"},
        {"source_address", "127.0.0.1", "allow_params"},
        {"ca_file", "/etc/shadow", "configuration file"},
        {"dns_server", "127.0.0.1", "configuration file"},
        {"output_file", "/etc/x", "configuration file"},
        {"all_addresses", "yes", "one endpoint"},
        {"help", "1", "configuration file"},
        {"nonsense", "1", "no parameter"},
        {"", "1", "no parameter"},
        {"tls", "starttls", "nothing can be verified"}, /* the module has no anchors */
        {"tls", "bad", "tls"},
    };
    struct fixture *fixture = *state;
    fixture->config->settings.allow_params = allowed;
    fixture->config->settings.allow_param_count = COUNT(allowed);
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture->param = rows[i].name;
        fixture->value = rows[i].value;
        if (!rows[i].says) {
            probe(fixture, fixture->target);
            continue;
        }
        assert_int_equal(start(fixture, fixture->target), SP_PROBER_BAD_REQUEST);
        if (!strstr(fixture->error, rows[i].says))
            fail_msg("%s=%s: \"%s\" lacks \"%s\"", rows[i].name, rows[i].value, fixture->error,
                     rows[i].says);
    }
    /* The module's own options are as before. */
    assert_null(fixture->config->module.options.server_name);
    assert_string_equal(fixture->config->module.options.ehlo_name, "probe.example");
}

/*
 * Of a module that logs in a URL can't change where the password goes or how it is protected, whatever the
 * configuration opens to URLs; what is harmless is read, and refused for another reason here.
 */
static void test_params_of_logins(void **state)
{
    struct fixture *fixture = *state;
    const char *allowed[SP_OPTIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < sp_option_count(); i++)
        allowed[count++] = sp_option_at(i)->name;
    fixture->config->settings.allow_params = allowed;
    fixture->config->settings.allow_param_count = count;
    fixture->config->module.options.user = "joe";
    for (size_t i = 0; i < count; i++) {
        static const char *const harmless[] = {"ipv4",
                                               "ipv6",
                                               "connect-timeout",
                                               "reply-timeout",
                                               "timeout",
                                               "cert-warning",
                                               "cert-critical",
                                               "expect",
                                               "expect-reply",
                                               "require-capability",
                                               "forbid-capability",
                                               "warning",
                                               "critical"};
        bool fine = false;
        for (size_t k = 0; k < COUNT(harmless); k++)
            fine = fine || strcmp(harmless[k], allowed[i]) == 0;
        fixture->param = allowed[i];
        fixture->value = "\x01"; /* no option takes that */
        if (fine && (strcmp(allowed[i], "expect") == 0))
            fixture->value = "(";
        assert_int_equal(start(fixture, fixture->target), SP_PROBER_BAD_REQUEST);
        bool refused = strstr(fixture->error, "logs in") != NULL ||
                       strstr(fixture->error, "configuration file") != NULL;
        if (refused == fine)
            fail_msg("%s: %s", allowed[i], fixture->error);
    }
    fixture->param = NULL;
    fixture->hostname = "attacker.example";
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_BAD_REQUEST);
    assert_non_null(strstr(fixture->error, "hostname can't be used here"));
    fixture->hostname = NULL;
    fixture->config->module.options.user = NULL;
}

/* Nor can a URL make a module log in that does not: what is asked of such modules was not asked of it. */
static void test_no_login_by_url(void **state)
{
    static const char *const allowed[] = {"auth", "user"};
    static const struct {
        const char *name, *value;
        bool fine;
    } rows[] = {
        {"auth", "auto", true},    {"auth", "none", true},       {"auth", "PLAIN", false},
        {"auth", "GSSAPI", false}, {"auth", "ANONYMOUS", false}, {"user", "joe", false},
    };
    struct fixture *fixture = *state;
    struct sp_options *options = &fixture->config->module.options;
    fixture->config->settings.allow_params = allowed;
    fixture->config->settings.allow_param_count = COUNT(allowed);
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture->param = rows[i].name;
        fixture->value = rows[i].value;
        if (rows[i].fine) {
            probe(fixture, fixture->target);
            continue;
        }
        assert_int_equal(start(fixture, fixture->target), SP_PROBER_BAD_REQUEST);
        if (strstr(fixture->error, "can't make module") == NULL)
            fail_msg("%s=%s: %s", rows[i].name, rows[i].value, fixture->error);
    }
    /* One that is told not to, though it could. */
    static const char *none[] = {"NONE"};
    options->auth.items = none;
    options->auth.count = 1;
    options->user = "joe";
    options->password_file = "/nonexistent";
    fixture->param = "auth";
    fixture->value = "auto";
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_BAD_REQUEST);
    assert_non_null(strstr(fixture->error, "can't make module"));
    options->auth.count = 0;
    options->user = options->password_file = NULL;
}

static void test_caps(void **state)
{
    struct fixture *fixture = *state;
    char upper[64], other[64];
    snprintf(upper, sizeof upper, "LOCALHOST.:%u", fixture->server.port);
    snprintf(other, sizeof other, "localhost:%u", fixture->server.port);
    fixture->server.manner = FAKE_SILENT;
    fixture->config->settings.max_per_target = 2;
    fixture->config->settings.max_in_flight = 3;
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_STARTED);
    assert_int_equal(start(fixture, upper), SP_PROBER_STARTED);
    assert_int_equal(start(fixture, other), SP_PROBER_STARTED);
    assert_int_equal(start(fixture, "127.0.0.1:1"), SP_PROBER_FULL);
    assert_non_null(strstr(fixture->error, "max_in_flight is 3"));
    fixture->config->settings.max_in_flight = 500;
    assert_int_equal(start(fixture, other), SP_PROBER_TARGET_FULL); /* same place as `upper` */
    assert_non_null(strstr(fixture->error, "max_per_target is 2"));
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_STARTED);
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_TARGET_FULL);
    assert_int_equal(sp_prober_in_flight(fixture->prober), 4);
    sp_prober_cancel(fixture->prober);
    assert_int_equal(fixture->calls, 4);
    assert_int_equal(fixture->outcome->result.reason, SP_REASON_CANCELLED);
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_STARTED);
    sp_prober_cancel(fixture->prober);
}

/* --- allow lists ------------------------------------------------------------------------------ */

static void test_allowed_addresses(void **state)
{
    static const char *const second[] = {"other.example.org", "127.0.0.2/32"};
    struct fixture *fixture = *state;
    char target[64];
    snprintf(target, sizeof target, "mx.example.org:%u", fixture->server.port);
    fixture->dns.addresses[0] = "127.0.0.1";
    fixture->dns.addresses[1] = "127.0.0.2";
    fixture->dns.addresses[2] = "127.0.0.3";
    fake_allow(fixture->config, second, COUNT(second));
    const struct sp_result *result = probe(fixture, target);
    assert_int_equal(result->reason, SP_REASON_OK);
    assert_string_equal(fixture->server.local_ip, "127.0.0.2");
    assert_string_equal(result->evidence->ip, "127.0.0.2");
    assert_int_equal(result->evidence->address_count, 3); /* what the lookup gave stays a fact */
    assert_int_equal(fixture->server.accepted, 1);
    assert_int_equal(fixture->dns.asked, 1); /* no second lookup */
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_FORBIDDEN);
    snprintf(target, sizeof target, "other.example.org:%u", fixture->server.port);
    probe(fixture, target); /* by name: any address */
    assert_int_equal(fixture->server.accepted, 2);
    assert_int_equal(fixture->dns.asked, 2);
}

/* A password goes to no name that nobody has listed, wherever it leads. */
static void test_names_of_logins(void **state)
{
    static const char *const list[] = {"listed.example.org", "127.0.0.0/8"};
    struct fixture *fixture = *state;
    struct sp_options *options = &fixture->config->module.options;
    char foreign[64], listed[64];
    snprintf(foreign, sizeof foreign, "attacker.example:%u", fixture->server.port);
    snprintf(listed, sizeof listed, "listed.example.org:%u", fixture->server.port);
    fixture->dns.addresses[0] = "127.0.0.1";
    fake_allow(fixture->config, list, COUNT(list));
    probe(fixture, foreign); /* without a login */
    assert_int_equal(fixture->dns.asked, 1);
    options->user = "joe";
    assert_int_equal(start(fixture, foreign), SP_PROBER_FORBIDDEN);
    assert_non_null(strstr(fixture->error, "attacker.example is not in allow_targets by its name"));
    assert_int_equal(fixture->dns.asked, 1);
    probe(fixture, listed);
    probe(fixture, fixture->target);
    options->server_name =
        "listed.example.org"; /* whose certificate it has to be, whatever a URL says */
    probe(fixture, foreign);
    options->server_name = NULL;
    options->user = NULL;
}

static void test_no_allowed_address(void **state)
{
    static const char *const far[] = {"192.0.2.0/24"};
    struct fixture *fixture = *state;
    fixture->dns.addresses[0] = "127.0.0.1";
    fixture->dns.addresses[1] = "127.0.0.2";
    fake_allow(fixture->config, far, COUNT(far));
    char target[64];
    snprintf(target, sizeof target, "mx.example.org:%u", fixture->server.port);
    const struct sp_result *result = probe(fixture, target);
    assert_int_equal(result->reason, SP_REASON_INVALID_TARGET);
    assert_non_null(strstr(result->message, "allow_targets"));
    assert_non_null(strstr(result->message, "mx.example.org"));
    assert_false(sp_outcome_succeeded(fixture->outcome));
    assert_int_equal(fixture->server.accepted, 0);
}

static void test_forbidden_name_is_not_looked_up(void **state)
{
    static const char *const names[] = {"*.example.org"};
    struct fixture *fixture = *state;
    fake_allow(fixture->config, names, COUNT(names));
    assert_int_equal(start(fixture, "mx.example.com"), SP_PROBER_FORBIDDEN);
    assert_int_equal(start(fixture, "example.org"), SP_PROBER_FORBIDDEN);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_int_equal(fixture->dns.asked, 0);
    fake_allow(fixture->config, (const char *const[]){"bad/24"}, 1);
    sp_config_unref(fixture->config); /* so that it is compiled anew */
    fixture->config = fake_config();
    fake_allow(fixture->config, (const char *const[]){"bad/24"}, 1);
    /* Nothing is allowed by a list that can't be read. */
    assert_int_equal(start(fixture, "mx.example.org"), SP_PROBER_NOMEM);
    assert_non_null(strstr(fixture->error, "bad/24"));
}

/* --- the end, in every state ------------------------------------------------------------------ */

/* Cancels after so many turns of the loop, for all numbers until the probe ends by itself. */
static void cancel_after_turns(struct fixture *fixture, const char *target)
{
    for (unsigned turns = 0; turns < 60; turns++) {
        unsigned calls = fixture->calls;
        assert_int_equal(start(fixture, target), SP_PROBER_STARTED);
        for (unsigned i = 0; i < turns && fixture->calls == calls; i++)
            uv_run(&fixture->loop, UV_RUN_NOWAIT);
        bool ended = fixture->calls > calls;
        sp_prober_cancel(fixture->prober);
        assert_int_equal(fixture->calls, calls + 1);
        assert_int_equal(sp_prober_in_flight(fixture->prober), 0);
        enum sp_reason reason = fixture->outcome->result.reason;
        if (ended || reason == SP_REASON_OK)
            return;
        assert_int_equal(reason, SP_REASON_CANCELLED);
    }
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    char target[64];
    snprintf(target, sizeof target, "mx.example.org:%u", fixture->server.port);
    fixture->dns.addresses[0] = "127.0.0.2";
    cancel_after_turns(fixture, fixture->target);
    cancel_after_turns(fixture, target);
    assert_true(fixture->server.accepted > 2);
    fixture->server.manner = FAKE_SILENT;
    cancel_after_turns(fixture, fixture->target);
    fixture->server.manner = FAKE_EHLO_SILENT;
    cancel_after_turns(fixture, fixture->target);
    fixture->dns.silent = true;
    cancel_after_turns(fixture, target);
}

static void start_again(void *data, struct sp_outcome *outcome)
{
    struct fixture *fixture = data;
    fixture->calls++;
    const struct sp_prober_request request = {.config = outcome->config,
                                              .module = outcome->module,
                                              .target = outcome->target,
                                              .timeout_ms = 1000};
    fixture->status = sp_prober_start(fixture->prober, &request, start_again, fixture,
                                      fixture->error, sizeof fixture->error);
    sp_outcome_unref(outcome);
}

/* Who asks for a probe from inside a callback doesn't keep the prober from ending. */
static void test_cancel_ends(void **state)
{
    struct fixture *fixture = *state;
    const struct sp_prober_request request = {.config = fixture->config,
                                              .module = &fixture->config->module,
                                              .target = fixture->target,
                                              .timeout_ms = 1000};
    assert_int_equal(sp_prober_start(fixture->prober, &request, start_again, fixture,
                                     fixture->error, sizeof fixture->error),
                     SP_PROBER_STARTED);
    run_until(fixture, 2);
    assert_int_equal(fixture->status, SP_PROBER_STARTED);
    sp_prober_cancel(fixture->prober);
    assert_int_equal(fixture->calls, 3);
    assert_int_equal(fixture->status, SP_PROBER_FULL);
}

static void count_handle(uv_handle_t *handle, void *data)
{
    (void)handle;
    ++*(unsigned *)data;
}

/* Modules of one reload after the other may name ever other DNS servers. */
static void test_resolvers_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    unsigned first = 0, last = 0;
    char server[32];
    for (unsigned i = 1; i <= 60; i++) {
        snprintf(server, sizeof server, "127.0.0.%u:5353", i);
        fixture->config->module.options.dns_server = server;
        assert_int_equal(start(fixture, "mx.example.org"), SP_PROBER_STARTED);
        sp_prober_cancel(fixture->prober);
        if (i == SP_LIMIT_RESOLVERS + 2 || i == 60) {
            for (unsigned k = 0; k < 5; k++)
                uv_run(&fixture->loop, UV_RUN_NOWAIT);
            uv_walk(&fixture->loop, count_handle, i == 60 ? &last : &first);
        }
    }
    assert_int_equal(first, last);
    /* One that was used before is there again, and those in use are not closed. */
    fixture->config->module.options.dns_server = fixture->dns.address;
    fixture->dns.addresses[0] = "127.0.0.1";
    snprintf(fixture->target, sizeof fixture->target, "mx.example.org:%u", fixture->server.port);
    assert_int_equal(start(fixture, fixture->target), SP_PROBER_STARTED);
    for (unsigned i = 61; i <= 90; i++) {
        snprintf(server, sizeof server, "127.0.0.%u:5353", i);
        fixture->config->module.options.dns_server = server;
        fixture->timeout_ms = 1;
        fixture->config->settings.max_per_target = 100;
        assert_int_equal(start(fixture, "mx.example.org"), SP_PROBER_STARTED);
    }
    run_until(fixture, 60 + 31);
    assert_int_equal(fixture->server.accepted, 1);
}

/* --- growth ----------------------------------------------------------------------------------- */

static void start_some(struct fixture *fixture);

static void on_bulk(void *data, struct sp_outcome *outcome)
{
    struct fixture *fixture = data;
    sp_history_add(fixture->history, outcome);
    sp_outcome_unref(outcome);
    fixture->calls++;
    start_some(fixture);
}

static void start_some(struct fixture *fixture)
{
    const struct sp_prober_request request = {.config = fixture->config,
                                              .module = &fixture->config->module,
                                              .target = fixture->target,
                                              .timeout_ms = 5000};
    while (fixture->left > 0 && sp_prober_in_flight(fixture->prober) < 16) {
        fixture->left--;
        assert_int_equal(sp_prober_start(fixture->prober, &request, on_bulk, fixture,
                                         fixture->error, sizeof fixture->error),
                         SP_PROBER_STARTED);
    }
}

static size_t run_bulk(struct fixture *fixture, unsigned count)
{
    fixture->left = count;
    start_some(fixture);
    while (sp_prober_in_flight(fixture->prober) > 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    for (unsigned i = 0; i < 3; i++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    return mallinfo2().uordblks;
}

static void grow_over(struct fixture *fixture)
{
    unsigned count = SANITIZED ? 500 : 5000;
    fixture->config->settings.max_per_target = 100;
    fixture->history = sp_history_new(20);
    assert_non_null(fixture->history);
    size_t before = run_bulk(fixture, count / 5);
    size_t after = run_bulk(fixture, count);
    assert_int_equal(fixture->calls, count + count / 5);
    assert_int_equal(sp_history_row_count(fixture->history), 1);
    if (!SANITIZED && after > before + 65536)
        fail_msg("%zu octets became %zu in %u probes", before, after, count);
    sp_history_free(fixture->history);
}

static void test_growth(void **state)
{
    grow_over(*state);
}

static void test_growth_with_lookups(void **state)
{
    struct fixture *fixture = *state;
    snprintf(fixture->target, sizeof fixture->target, "mx.example.org:%u", fixture->server.port);
    fixture->dns.addresses[0] = "127.0.0.1";
    grow_over(fixture);
    assert_true(fixture->dns.asked > 20); /* answers are not remembered */
}

/* What a server can make a probe hold is bounded, and so is what the history holds of it. */
static void test_large(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.manner = FAKE_LARGE;
    fixture->config->settings.max_per_target = 100;
    fixture->history = sp_history_new(100);
    assert_non_null(fixture->history);
    run_bulk(fixture, 300);
    assert_in_range(sp_history_octets(fixture->history), 1, 33554432);
    sp_history_free(fixture->history);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_success),
        TEST(test_failure),
        TEST(test_reload),
        TEST(test_time),
        TEST(test_deadline),
        TEST(test_targets),
        TEST(test_params),
        TEST(test_params_of_logins),
        TEST(test_no_login_by_url),
        TEST(test_caps),
        TEST(test_allowed_addresses),
        TEST(test_names_of_logins),
        TEST(test_no_allowed_address),
        TEST(test_forbidden_name_is_not_looked_up),
        TEST(test_cancel),
        TEST(test_cancel_ends),
        TEST(test_resolvers_are_bounded),
        TEST(test_growth),
        TEST(test_growth_with_lookups),
        TEST(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
