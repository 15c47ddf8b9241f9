/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/runner.h"

#include "probe/auth.h"
#include "probe/gate.h"
#include "probe/option_auth.h"
#include "probe/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* The loop's timers are that coarse and more; --rate may lag behind so long and catch up. */
#define RATE_SLACK_NS 100000000u
/* --rate 0.000001 is slow enough: a day. */
#define RATE_PAUSE_MAX_NS 86400e9

/* One endpoint under way. */
struct job {
    struct job *next, **link; /* list of all jobs, for cancelling */
    struct sp_runner *runner;
    struct sp_session *session;
    struct sp_gate_pass pass;
    size_t target_index, address_index;
    bool waiting; /* in the gate: takes no place in the window */
};

struct sp_runner {
    struct sp_runner_config config;
    struct sp_services services;
    struct sp_gate *gate;
    struct sp_materials materials;
    struct job *jobs;
    uv_timer_t rate_timer, run_timer;
    uv_signal_t interrupt, terminate;        /* with config.stop_on_signals */
    size_t next_target, active, done, extra; /* extra: siblings of --all-addresses */
    uint64_t next_start_ns;                  /* for --rate: when one more may start */
    bool cancelled, expired;                 /* by then nothing new begins */
    bool filling, finished;
};

static void fill(struct sp_runner *runner);

/* --- what the targets need -------------------------------------------------------------------- */

/* What all targets together need of files; without any TLS nothing is read. */
static bool load_materials(struct sp_runner *runner, char *error, size_t size)
{
    bool tls = false, verify = false;
    const char *option;
    for (size_t i = 0; i < runner->config.target_count; i++) {
        const struct sp_endpoint *endpoint = &runner->config.targets[i];
        if (endpoint->invalid || endpoint->tls == SP_TLS_NONE)
            continue;
        tls = true;
        verify = verify || endpoint->verify != SP_VERIFY_OFF;
    }
    return !tls || sp_materials_load(runner->config.options, verify, &runner->materials, &option,
                                     error, size);
}

/* Where the secret is stands in the options of all; target lines may say who logs in, and whether. */
static bool load_login(struct sp_runner *runner, char *error, size_t size)
{
    const struct sp_options *login = NULL;
    const char *option;
    for (size_t i = 0; i < runner->config.target_count; i++) {
        const struct sp_endpoint *endpoint = &runner->config.targets[i];
        if (!endpoint->invalid && sp_auth_wanted(endpoint->options) &&
            (!login ||
             (!sp_options_need_secret(login) && sp_options_need_secret(endpoint->options))))
            login = endpoint->options;
    }
    return !login || sp_materials_load_login(&runner->materials, login, runner->config.ask, &option,
                                             error, size);
}

static bool prepare_target(struct sp_runner *runner, const struct sp_endpoint *endpoint,
                           char *error, size_t size)
{
    if (endpoint->invalid)
        return true;
    if (!endpoint->numeric && !endpoint->unix_path &&
        !sp_services_need_dns(&runner->services, runner->config.options->dns_server, false, error,
                              size))
        return false;
    if (endpoint->tls == SP_TLS_NONE)
        return true;
    return sp_services_need_tls(&runner->services, error, size);
}

struct sp_runner *sp_runner_new(const struct sp_runner_config *config, char *error, size_t size)
{
    struct sp_runner *runner = calloc(1, sizeof *runner);
    if (!runner) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (!sp_services_init(&runner->services, config->loop, config->wall_ms, error, size)) {
        free(runner);
        return NULL;
    }
    runner->config = *config;
    runner->gate = sp_gate_new(config->options->per_host);
    uv_timer_init(config->loop, &runner->rate_timer);
    uv_timer_init(config->loop, &runner->run_timer);
    runner->rate_timer.data = runner->run_timer.data = runner;
    if (config->stop_on_signals) {
        uv_signal_init(config->loop, &runner->interrupt);
        uv_signal_init(config->loop, &runner->terminate);
        runner->interrupt.data = runner->terminate.data = runner;
    }
    bool ok = runner->gate != NULL;
    if (!ok)
        snprintf(error, size, "out of memory");
    for (size_t i = 0; ok && i < config->target_count; i++)
        ok = prepare_target(runner, &config->targets[i], error, size);
    ok = ok && load_materials(runner, error, size) && load_login(runner, error, size);
    if (ok)
        return runner;
    sp_runner_close(runner);
    uv_run(config->loop, UV_RUN_DEFAULT);
    sp_runner_free(runner);
    return NULL;
}

void sp_runner_close(struct sp_runner *runner)
{
    uv_close((uv_handle_t *)&runner->rate_timer, NULL);
    uv_close((uv_handle_t *)&runner->run_timer, NULL);
    if (runner->config.stop_on_signals) {
        uv_close((uv_handle_t *)&runner->interrupt, NULL);
        uv_close((uv_handle_t *)&runner->terminate, NULL);
    }
    sp_services_close(&runner->services);
}

void sp_runner_free(struct sp_runner *runner)
{
    if (!runner)
        return;
    sp_materials_free(&runner->materials);
    sp_services_free(&runner->services);
    sp_gate_free(runner->gate);
    free(runner);
}

/* --- jobs ------------------------------------------------------------------------------------- */

static struct job *new_job(struct sp_runner *runner, size_t target_index, size_t address_index)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->runner = runner;
    job->pass.data = job;
    job->target_index = target_index;
    job->address_index = address_index;
    job->next = runner->jobs;
    job->link = &runner->jobs;
    if (runner->jobs)
        runner->jobs->link = &job->next;
    runner->jobs = job;
    runner->active++;
    return job;
}

static void free_job(struct job *job)
{
    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    if (!job->waiting)
        job->runner->active--;
    free(job);
}

/* The next one in line at an address takes the place that became free. */
static void let_in(struct sp_gate_pass *pass)
{
    if (!pass)
        return;
    struct job *job = pass->data;
    job->waiting = false;
    job->runner->active++;
    sp_session_connect(job->session);
}

static bool is_over(const struct sp_runner *runner)
{
    return runner->cancelled || runner->expired;
}

static void hand_out(struct sp_runner *runner, size_t target_index, size_t address_index,
                     struct sp_evidence *evidence)
{
    runner->done++;
    runner->config.events->done(runner->config.data, target_index, address_index, evidence);
}

/* An endpoint that ends before it has begun. */
static void hand_out_failed(struct sp_runner *runner, size_t target_index, size_t address_index,
                            enum sp_reason reason, const char *detail)
{
    const struct sp_endpoint *endpoint = &runner->config.targets[target_index];
    struct sp_evidence *evidence = sp_evidence_new(endpoint);
    if (evidence) {
        evidence->started_ms = runner->config.wall_ms();
        if (reason == SP_REASON_DEADLINE_EXCEEDED)
            evidence->run_limit_ns = (int64_t)runner->config.run_timeout_ms * 1000000;
        sp_evidence_fail(evidence, reason, SP_PHASE_CONFIG, 0, detail);
    }
    hand_out(runner, target_index, address_index, evidence);
}

/* Books `count` connections. What a full window held up for longer than RATE_SLACK_NS is not made up
 * for by a burst. */
static void count_for_rate(struct sp_runner *runner, size_t count)
{
    double rate = runner->config.options->rate;
    if (rate <= 0)
        return;
    uint64_t now = uv_hrtime();
    uint64_t oldest = now > RATE_SLACK_NS ? now - RATE_SLACK_NS : 0;
    double pause_ns = (double)count * 1e9 / rate;
    if (runner->next_start_ns < oldest)
        runner->next_start_ns = oldest;
    runner->next_start_ns +=
        pause_ns < RATE_PAUSE_MAX_NS ? (uint64_t)pause_ns : (uint64_t)RATE_PAUSE_MAX_NS;
}

/* Connections beyond the one that was booked at the start: nobody knew of them before. */
static size_t count_more(const struct sp_evidence *evidence)
{
    size_t count = evidence->tls.ocsp_begun_again ? 1 : 0;
    for (size_t i = 0; i < evidence->survey_count; i++)
        count += evidence->surveys[i].outcome != SP_SURVEY_SKIPPED;
    return count;
}

static void on_done(void *data, struct sp_session *session, struct sp_evidence *evidence)
{
    struct job *job = data;
    struct sp_runner *runner = job->runner;
    (void)session;
    count_for_rate(runner, count_more(evidence));
    hand_out(runner, job->target_index, job->address_index, evidence);
    struct sp_gate_pass *next = sp_gate_leave(runner->gate, &job->pass);
    free_job(job);
    if (!is_over(runner))
        let_in(next);
    fill(runner);
}

/* Connects at once or when it is this job's turn at the address. */
static void enter_gate(struct job *job)
{
    struct sp_runner *runner = job->runner;
    size_t count = 0;
    const struct sockaddr_storage *addresses = sp_session_addresses(job->session, &count);
    enum sp_gate_status status = SP_GATE_IN;
    if (count > 0)
        status = sp_gate_enter(runner->gate, &addresses[0], &job->pass);
    if (status != SP_GATE_WAIT) {
        sp_session_connect(job->session); /* without memory for the gate it is not held up */
        return;
    }
    job->waiting = true;
    runner->active--;
    fill(runner);
}

static void start_sibling(const struct job *first, size_t address_index)
{
    struct sp_runner *runner = first->runner;
    struct job *job = new_job(runner, first->target_index, address_index);
    runner->extra++;
    if (job)
        job->session = sp_session_new_sibling(first->session, address_index, job);
    if (job && job->session) {
        enter_gate(job);
        return;
    }
    if (job)
        free_job(job);
    hand_out_failed(runner, first->target_index, address_index, SP_REASON_INTERNAL_ERROR,
                    "out of memory");
}

static void on_resolved(void *data, struct sp_session *session)
{
    struct job *job = data;
    const struct sp_endpoint *endpoint = &job->runner->config.targets[job->target_index];
    size_t count = 0;
    sp_session_addresses(session, &count);
    if (endpoint->options->all_addresses && count > 1) {
        count_for_rate(job->runner, count - 1);
        for (size_t i = 1; i < count; i++)
            start_sibling(job, i);
        sp_session_pin(session, 0);
    }
    enter_gate(job);
}

static void start_target(struct sp_runner *runner, size_t index)
{
    static const struct sp_session_events events = {on_resolved, on_done};
    const struct sp_endpoint *endpoint = &runner->config.targets[index];
    if (endpoint->invalid) {
        hand_out_failed(runner, index, 0, SP_REASON_INVALID_TARGET, endpoint->invalid);
        return;
    }
    count_for_rate(runner, 1);
    struct job *job = new_job(runner, index, 0);
    const struct sp_session_config config = {.services = &runner->services,
                                             .endpoint = endpoint,
                                             .materials = &runner->materials,
                                             .events = &events,
                                             .data = job};
    if (job)
        job->session = sp_session_new(&config);
    if (job && job->session)
        return;
    if (job)
        free_job(job);
    hand_out_failed(runner, index, 0, SP_REASON_INTERNAL_ERROR, "out of memory");
}

/* --- the window ------------------------------------------------------------------------------- */

static void on_rate_timer(uv_timer_t *timer)
{
    fill(timer->data);
}

/* True when one more may start now; else a timer is set for when it may. */
static bool rate_allows(struct sp_runner *runner)
{
    uint64_t now = uv_hrtime();
    if (now >= runner->next_start_ns)
        return true;
    uv_timer_start(&runner->rate_timer, on_rate_timer, (runner->next_start_ns - now) / 1000000 + 1,
                   0);
    return false;
}

static void fill(struct sp_runner *runner)
{
    if (runner->filling || runner->finished)
        return;
    runner->filling = true;
    const struct sp_runner_config *config = &runner->config;
    while (!is_over(runner) && runner->next_target < config->target_count &&
           runner->active < config->options->concurrency && rate_allows(runner)) {
        start_target(runner, runner->next_target++);
    }
    while (runner->cancelled && runner->next_target < config->target_count)
        hand_out_failed(runner, runner->next_target++, 0, SP_REASON_CANCELLED,
                        "interrupted before it was begun");
    while (runner->expired && runner->next_target < config->target_count)
        hand_out_failed(runner, runner->next_target++, 0, SP_REASON_DEADLINE_EXCEEDED,
                        "the time in all was over before it was begun");
    runner->filling = false;
    if (runner->next_target == config->target_count && !runner->jobs) {
        runner->finished = true;
        uv_timer_stop(&runner->rate_timer);
        uv_timer_stop(&runner->run_timer);
        /* Whoever takes the output may take his time. */
        sp_credentials_free(runner->materials.credentials);
        runner->materials.credentials = NULL;
        config->events->finished(config->data);
    }
}

static void on_run_timer(uv_timer_t *timer)
{
    struct sp_runner *runner = timer->data;
    runner->expired = true;
    runner->filling = true; /* one end for all, below */
    while (runner->jobs)
        sp_session_expire(runner->jobs->session, runner->config.run_timeout_ms);
    runner->filling = false;
    fill(runner);
}

/* What is under way is ended and reported; the default action is back for a second signal. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct sp_runner *runner = handle->data;
    uv_signal_stop(&runner->interrupt);
    uv_signal_stop(&runner->terminate);
    signal(number, SIG_DFL);
    sp_runner_cancel(runner);
}

void sp_runner_start(struct sp_runner *runner)
{
    if (runner->config.stop_on_signals) {
        uv_signal_start(&runner->interrupt, on_signal, SIGINT);
        uv_signal_start(&runner->terminate, on_signal, SIGTERM);
    }
    if (runner->config.run_timeout_ms > 0) {
        uv_update_time(runner->config.loop);
        uv_timer_start(&runner->run_timer, on_run_timer,
                       (uint64_t)runner->config.run_timeout_ms + 1, 0);
    }
    runner->next_start_ns = uv_hrtime();
    fill(runner);
}

void sp_runner_cancel(struct sp_runner *runner)
{
    if (is_over(runner) || runner->finished)
        return;
    runner->cancelled = true;
    runner->filling = true; /* one end for all, below */
    while (runner->jobs)
        sp_session_cancel(runner->jobs->session);
    runner->filling = false;
    fill(runner);
}

void sp_runner_progress(const struct sp_runner *runner, size_t *out_done, size_t *out_total)
{
    *out_done = runner->done;
    *out_total = runner->config.target_count + runner->extra;
}

bool sp_runner_key_exposed(const struct sp_runner *runner)
{
    return runner->materials.key_exposed;
}

bool sp_runner_password_exposed(const struct sp_runner *runner)
{
    return runner->materials.password_exposed;
}
