/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp-probe: one-off diagnosis and batches. Thin: command line, loop, exit code. */
#include "checks/check.h"
#include "output/collector.h"
#include "output/output.h"
#include "output/terminal.h"
#include "probe/cli.h"
#include "probe/cli_text.h"
#include "probe/descriptors.h"
#include "probe/limits.h"
#include "probe/prompt.h"
#include "probe/runner.h"
#include "probe/work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define EXIT_CONFIG 78 /* sysexits.h: EX_CONFIG */
#define PROGRESS_MS 100u

extern char **environ;

struct program {
    struct sp_cli cli;
    uv_loop_t loop;
    struct sp_runner *runner;
    struct sp_writer writer;
    struct sp_render render;
    struct sp_collector collector;
    uv_timer_t progress;
    bool progress_shown;
    size_t progress_done; /* what is shown */
};

/* --- the process ------------------------------------------------------------------------------ */

static void fit_concurrency(struct sp_options *options, size_t target_count)
{
    uintmax_t limit = 0;
    uint32_t fits = sp_descriptors_fit(options->concurrency, target_count, &limit);
    if (fits < options->concurrency)
        fprintf(stderr, "smtp-probe: only %u endpoints at a time: the limit of open files is %ju\n",
                fits, limit);
    options->concurrency = fits;
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- texts that can be asked for -------------------------------------------------------------- */

static bool append_text(const struct sp_cli *cli, enum sp_cli_action action, struct sp_buf *out)
{
    switch (action) {
    case SP_CLI_DRY_RUN: return sp_cli_dry_run_text(&cli->targets, out);
    case SP_CLI_HELP: return sp_cli_short_help_text(out);
    case SP_CLI_FULL_HELP: return sp_cli_help_text(out);
    case SP_CLI_MAN: return sp_cli_man_text(out);
    case SP_CLI_BASH: return sp_cli_bash_text(out);
    case SP_CLI_VERSION: return sp_cli_version_text(out);
    case SP_CLI_EXPLAIN: return sp_cli_explain_text(cli->explain, out);
    case SP_CLI_LIST_REASONS: return sp_cli_reasons_text(out);
    case SP_CLI_LIST_AUTH: return sp_cli_auth_text(out);
    case SP_CLI_RUN:
    case SP_CLI_USAGE_ERROR: break;
    }
    return false;
}

/* Prints the text; a text that can't be written is UNKNOWN, as lost results are. */
static int print_text(const struct sp_cli *cli, enum sp_cli_action action)
{
    struct sp_writer writer;
    struct sp_buf text;
    sp_buf_init(&text, SP_LIMIT_PAGE);
    sp_writer_init(&writer, STDOUT_FILENO);
    bool ok = append_text(cli, action, &text);
    if (ok) {
        sp_write(&writer, text.data, text.len);
        ok = sp_writer_flush(&writer);
    }
    if (!ok)
        fprintf(stderr, "smtp-probe: the text could not be written: %s\n",
                strerror(writer.error ? writer.error : ENOMEM));
    sp_writer_free(&writer);
    sp_buf_free(&text);
    return ok ? 0 : SP_STATE_UNKNOWN;
}

/* --- the run ---------------------------------------------------------------------------------- */

static void on_done(void *data, size_t target_index, size_t address_index,
                    struct sp_evidence *evidence)
{
    struct program *program = data;
    sp_collector_add(&program->collector, target_index, address_index, evidence);
}

static void on_finished(void *data)
{
    struct program *program = data;
    uv_close((uv_handle_t *)&program->progress, NULL);
    sp_runner_close(program->runner);
}

static void on_progress(uv_timer_t *timer)
{
    struct program *program = timer->data;
    size_t done, total;
    sp_runner_progress(program->runner, &done, &total);
    if (program->progress_shown && done == program->progress_done)
        return;
    sp_progress_show(done, total, program->collector.by_state);
    program->progress_shown = true;
    program->progress_done = done;
}

static void start_progress(struct program *program)
{
    uv_timer_init(&program->loop, &program->progress);
    program->progress.data = program;
    if (sp_progress_wanted(&program->cli.options, program->cli.targets.count))
        uv_timer_start(&program->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
}

static void warn_of_exposed(const struct sp_runner *runner)
{
    if (sp_runner_key_exposed(runner))
        fprintf(stderr,
                "smtp-probe: others than the owner can read the client's private key or its "
                "passphrase: set the file's mode to 600\n");
    if (sp_runner_password_exposed(runner))
        fprintf(stderr, "smtp-probe: others than the owner can read the file with the password or "
                        "token: set its mode to 600\n");
}

static bool start_runner(struct program *program)
{
    static const struct sp_runner_events events = {on_done, on_finished};
    const struct sp_runner_config config = {
        .loop = &program->loop,
        .options = &program->cli.options,
        .targets = program->cli.targets.items,
        .target_count = program->cli.targets.count,
        .wall_ms = wall_ms,
        .stop_on_signals = true,
        .ask = sp_prompt_password,
        .events = &events,
        .data = program,
    };
    char error[512];
    program->runner = sp_runner_new(&config, error, sizeof error);
    if (!program->runner)
        fprintf(stderr, "smtp-probe: %s\n", error);
    else
        warn_of_exposed(program->runner);
    return program->runner != NULL;
}

static int open_output(const struct sp_options *options)
{
    if (!options->output_file)
        return STDOUT_FILENO;
    int fd = open(options->output_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        fprintf(stderr, "smtp-probe: cannot write --output-file %s: %s\n", options->output_file,
                strerror(errno));
    return fd;
}

/* The exit code tells the worst state, and that results were lost where that is the worst. */
static int finish_output(struct program *program)
{
    if (program->progress_shown)
        sp_progress_clear();
    bool complete = sp_collector_report(&program->collector);
    bool written = sp_writer_flush(&program->writer);
    /* Network file systems tell a full disk only now. */
    if (program->writer.fd != STDOUT_FILENO && close(program->writer.fd) != 0 && written) {
        written = false;
        program->writer.error = errno;
    }
    enum sp_state state = program->collector.state;
    if (!complete)
        fprintf(stderr, "smtp-probe: out of memory: the report could not be made\n");
    if (!written) {
        fprintf(stderr, "smtp-probe: the results could not be written: %s\n",
                strerror(program->writer.error));
        state = sp_state_worst(state, SP_STATE_UNKNOWN);
    }
    return (int)state;
}

static int run(struct program *program)
{
    const struct sp_options *options = &program->cli.options;
    char error[512];
    if (!sp_checks_validate(&program->cli.options, &program->cli.targets, error, sizeof error)) {
        fprintf(stderr, "smtp-probe: %s\n", error);
        return SP_EXIT_USAGE;
    }
    fit_concurrency(&program->cli.options, program->cli.targets.count);
    if (!sp_descriptors_left(SP_DESCRIPTORS_LOOP) || uv_loop_init(&program->loop) != 0) {
        fprintf(stderr, "smtp-probe: too many open files or too little memory to begin\n");
        return SP_STATE_UNKNOWN;
    }
    int code = EXIT_CONFIG;
    if (start_runner(program)) {
        int fd = open_output(options);
        if (fd >= 0) {
            sp_writer_init(&program->writer, fd);
            program->render = sp_render_for(fd, options);
            sp_collector_init(&program->collector, sp_outputs[options->format], &program->render,
                              &program->writer);
            start_progress(program);
            sp_runner_start(program->runner);
        } else {
            sp_runner_close(program->runner);
        }
        uv_run(&program->loop, UV_RUN_DEFAULT);
        if (fd >= 0) {
            code = finish_output(program);
            sp_collector_free(&program->collector);
            sp_writer_free(&program->writer);
        }
        sp_runner_free(program->runner);
    }
    uv_loop_close(&program->loop);
    return code;
}

int main(int argc, char **argv)
{
    static struct program program;
    if (!sp_descriptors_secure())
        return SP_STATE_UNKNOWN;
    signal(SIGPIPE, SIG_IGN);
    enum sp_cli_action action = sp_cli_parse(argc, argv, environ, &program.cli);
    int code;
    if (action == SP_CLI_RUN) {
        code = run(&program);
    } else if (action == SP_CLI_USAGE_ERROR) {
        fwrite(program.cli.message.data, 1, program.cli.message.len, stderr);
        code = SP_EXIT_USAGE;
    } else {
        code = print_text(&program.cli, action);
    }
    sp_cli_free(&program.cli);
    if (sp_work_is_left_behind()) {
        fflush(NULL);
        _exit(code);
    }
    return code;
}
