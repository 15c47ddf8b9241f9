/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_run.h"

#include "checks/check.h"
#include "nagios/compat.h"
#include "nagios/compat_help.h"
#include "nagios/compat_session.h"
#include "nagios/compat_text.h"
#include "nagios/compat_verdict.h"
#include "probe/descriptors.h"
#include "probe/limits.h"
#include "probe/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

struct run {
    const struct sp_compat *compat;
    struct sp_compat_session session;
    struct sp_writer *writer;
    uv_loop_t loop;
    struct sp_runner *runner;
    struct sp_evidence *evidence;
};

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what is not a verdict -------------------------------------------------------------------- */

static enum sp_state write_unknown(struct run *run, const char *why)
{
    sp_write_str(run->writer, "SMTP UNKNOWN - ");
    sp_write_safe(run->writer, SP_SAFE_NAGIOS, why, strlen(why), 0);
    sp_write_str(run->writer, "\n");
    return SP_STATE_UNKNOWN;
}

/* A complaint about the command line, with the usage behind it. */
static enum sp_state write_usage(struct run *run, const char *complaint, const char *value)
{
    struct sp_buf usage;
    sp_write_safe(run->writer, SP_SAFE_NAGIOS, run->compat->name, strlen(run->compat->name), 0);
    sp_write_str(run->writer, ": ");
    sp_write_safe(run->writer, SP_SAFE_NAGIOS, complaint, strlen(complaint), 0);
    sp_write_safe(run->writer, SP_SAFE_NAGIOS, value, strlen(value), 0);
    sp_write_str(run->writer, "\n");
    sp_buf_init(&usage, SP_LIMIT_WRITER);
    if (sp_compat_usage_text(run->compat->name, &usage))
        sp_write(run->writer, usage.data, usage.len);
    sp_buf_free(&usage);
    return SP_STATE_UNKNOWN;
}

/* --- the last resort -------------------------------------------------------------------------- */

/* A pattern of -R with back references can take for ever on a reply that was made for it, and a file of
 * --extra-opts may be a pipe that nobody writes to. */
#define WATCHDOG_SLACK_MS 1000u
#define ARGUMENTS_TIMEOUT_MS 10000u /* as -t when it is not given: it is not known yet */

static struct {
    char text[96];
    int len, state;
} watchdog;

static void on_alarm(int number)
{
    (void)number;
    /* Nothing of the verdict has been written yet; see the writer. */
    if (write(STDOUT_FILENO, watchdog.text, (size_t)watchdog.len) != watchdog.len)
        watchdog.state = SP_STATE_UNKNOWN;
    _exit(watchdog.state);
}

static void set_alarm(uint64_t ms)
{
    const struct itimerval when = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)}};
    setitimer(ITIMER_REAL, &when, NULL);
}

static void start_watchdog(uint32_t timeout_ms, enum sp_state state, const char *what)
{
    set_alarm(0);
    watchdog.state = (int)state;
    watchdog.len = snprintf(watchdog.text, sizeof watchdog.text, "%s - %s after %u seconds\n",
                            sp_state_name(state), what, timeout_ms / 1000);
    signal(SIGALRM, on_alarm);
    set_alarm((uint64_t)timeout_ms + WATCHDOG_SLACK_MS);
}

/* --- the session ------------------------------------------------------------------------------ */

static void on_done(void *data, size_t target_index, size_t address_index,
                    struct sp_evidence *evidence)
{
    struct run *run = data;
    (void)target_index;
    (void)address_index;
    run->evidence = evidence;
}

static void on_finished(void *data)
{
    struct run *run = data;
    sp_runner_close(run->runner);
}

static enum sp_state write_verdict(struct run *run)
{
    struct sp_compat_verdict verdict;
    struct sp_result result = {0};
    if (run->evidence == NULL)
        return write_unknown(run, "out of memory");
    if (run->compat->strict)
        sp_result_judge(&result, run->evidence);
    sp_compat_judge(run->compat, run->evidence, run->compat->strict ? &result : NULL, &verdict);
    enum sp_state state = verdict.state;
    if (verdict.out_of_memory)
        state = write_unknown(run, "out of memory");
    else
        sp_compat_write(run->writer, run->compat, run->evidence, &verdict);
    sp_compat_verdict_free(&verdict);
    return state;
}

static enum sp_state probe(struct run *run)
{
    static const struct sp_runner_events events = {on_done, on_finished};
    const struct sp_runner_config config = {
        .loop = &run->loop,
        .options = &run->session.options,
        .targets = &run->session.endpoint,
        .target_count = 1,
        .wall_ms = wall_ms,
        .stop_on_signals = true,
        .events = &events,
        .data = run,
    };
    char error[512];
    if (!sp_descriptors_left(SP_DESCRIPTORS_LOOP) || uv_loop_init(&run->loop) != 0)
        return write_unknown(run, "too many open files or too little memory to begin");
    run->runner = sp_runner_new(&config, error, sizeof error);
    if (run->runner == NULL) {
        uv_loop_close(&run->loop);
        return write_unknown(run, error);
    }
    sp_runner_start(run->runner);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    enum sp_state state = write_verdict(run);
    sp_evidence_free(run->evidence);
    sp_runner_free(run->runner);
    uv_loop_close(&run->loop);
    return state;
}

static enum sp_state check(struct run *run)
{
    char error[512];
    bool bad_host;
    enum sp_state state;
    if (sp_compat_session_init(&run->session, run->compat, &bad_host, error, sizeof error)) {
        start_watchdog(run->compat->timeout_ms, run->compat->timeout_state, "Socket timeout");
        state = probe(run);
    } else if (bad_host) {
        state = write_usage(run, "Invalid hostname/address - ", run->compat->host);
    } else {
        state = write_usage(run, error, "");
    }
    sp_compat_session_free(&run->session);
    return state;
}

enum sp_state sp_compat_run(int argc, char **argv, struct sp_writer *writer)
{
    struct sp_compat compat;
    struct run run = {.compat = &compat, .writer = writer};
    enum sp_state state = SP_STATE_UNKNOWN;
    start_watchdog(ARGUMENTS_TIMEOUT_MS, SP_STATE_UNKNOWN, "no end of the options' file");
    if (sp_compat_parse(argc, argv, &compat) == SP_COMPAT_RUN)
        state = check(&run);
    else if (compat.text.len > 0)
        sp_write(writer, compat.text.data, compat.text.len);
    else
        write_unknown(&run, "out of memory");
    set_alarm(0);
    sp_compat_free(&compat);
    return state;
}
