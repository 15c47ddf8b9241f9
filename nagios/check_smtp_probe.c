/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_smtp_probe: the plugin for Nagios and Icinga. Thin: command line, loop, exit code. All
 * is told on standard output, since nobody sees the other one; exit codes are 0 to 3 and nothing else.
 */
#include "checks/check.h"
#include "nagios/arguments.h"
#include "nagios/compat.h"
#include "nagios/compat_run.h"
#include "output/collector.h"
#include "output/output.h"
#include "probe/cli_text.h"
#include "probe/descriptors.h"
#include "probe/limits.h"
#include "probe/runner.h"
#include "probe/work.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

extern char **environ;

struct plugin {
    struct sp_cli cli;
    uv_loop_t loop;
    struct sp_runner *runner;
    struct sp_writer writer;
    struct sp_render render;
    struct sp_collector collector;
};

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what is not a result --------------------------------------------------------------------- */

static void write_unknown(struct sp_writer *writer, const char *text)
{
    sp_write_str(writer, "SMTP UNKNOWN - ");
    sp_write_safe(writer, SP_SAFE_NAGIOS, text, strlen(text), 0);
    sp_write_str(writer, "\n");
}

/* For when there is no memory for anything else. */
static void tell_without_memory(void)
{
    static const char text[] = "SMTP UNKNOWN - out of memory, there is no result\n";
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0)
        return; /* the exit code says the same */
}

/* A plugin has exit codes, whatever ends it: here before the loop listens to signals. */
static void on_early_signal(int number)
{
    static const char text[] = "SMTP UNKNOWN - ended by a signal before anything was probed\n";
    ssize_t written = write(STDOUT_FILENO, text, sizeof text - 1);
    (void)written;
    (void)number;
    _exit(SP_STATE_UNKNOWN);
}

/* While nobody takes the output, some of which may be out already. */
static void on_late_signal(int number)
{
    (void)number;
    _exit(SP_STATE_UNKNOWN);
}

static void catch_late_signals(void)
{
    signal(SIGINT, on_late_signal);
    signal(SIGTERM, on_late_signal);
}

/* A verdict that nobody got is none. */
static enum sp_state end_output(struct sp_writer *writer, enum sp_state state)
{
    catch_late_signals();
    if (sp_writer_flush(writer))
        return state;
    if (writer->error == ENOMEM && !writer->started)
        tell_without_memory();
    return SP_STATE_UNKNOWN;
}

/* Lines of a message, from an octet on; they may quote what the monitoring system has put into the arguments. */
static void write_lines(struct sp_writer *writer, const struct sp_buf *message, size_t at)
{
    const char *text = (const char *)message->data;
    if (message->len == 0) /* there was no memory for it */
        sp_writer_fail(writer, ENOMEM);
    while (at < message->len) {
        const char *end = memchr(text + at, '\n', message->len - at);
        size_t len = end != NULL ? (size_t)(end - (text + at)) : message->len - at;
        sp_write_safe(writer, SP_SAFE_NAGIOS, text + at, len, 0);
        sp_write_str(writer, "\n");
        at += len + 1;
    }
}

/* What is wrong with the call; a macro in it is most often the cause, so that is said first. */
static void write_usage_error(struct plugin *plugin, const struct sp_cli_program *program, int argc,
                              char *const *argv)
{
    struct sp_writer *writer = &plugin->writer;
    const struct sp_buf *message = &plugin->cli.message;
    const char *macro;
    size_t len;
    if (message->len > 0 && sp_plugin_find_macro(argc, argv, &macro, &len)) {
        sp_write_str(writer, program->error_prefix);
        sp_write_safe(writer, SP_SAFE_NAGIOS, macro, len, 30);
        sp_write_str(writer, " was not replaced by the monitoring system\n");
        write_lines(writer, message, strlen(program->error_prefix));
    } else {
        write_lines(writer, message, 0);
    }
}

static bool append_text(const struct sp_cli *cli, const struct sp_cli_program *program,
                        enum sp_cli_action action, struct sp_buf *out)
{
    switch (action) {
    case SP_CLI_DRY_RUN: return sp_cli_dry_run_text(&cli->targets, out);
    case SP_CLI_HELP: return sp_cli_short_help_text_for(program, out);
    case SP_CLI_FULL_HELP: return sp_cli_help_text_for(program, out);
    case SP_CLI_MAN: return sp_cli_man_text_for(program, out);
    case SP_CLI_VERSION: return sp_cli_version_text_for(program, out);
    case SP_CLI_EXPLAIN: return sp_cli_explain_text(cli->explain, out);
    case SP_CLI_LIST_REASONS: return sp_cli_reasons_text(out);
    case SP_CLI_LIST_AUTH: return sp_cli_auth_text(out);
    case SP_CLI_BASH: return sp_cli_bash_text_for(program, out);
    case SP_CLI_RUN:
    case SP_CLI_USAGE_ERROR: break;
    }
    return false;
}

static void write_text(struct plugin *plugin, const struct sp_cli_program *program,
                       enum sp_cli_action action)
{
    struct sp_buf text;
    sp_buf_init(&text, SP_LIMIT_PAGE);
    if (append_text(&plugin->cli, program, action, &text))
        sp_write(&plugin->writer, text.data, text.len);
    else
        write_unknown(&plugin->writer, "out of memory");
    sp_buf_free(&text);
}

/* --- the run ---------------------------------------------------------------------------------- */

static void on_done(void *data, size_t target_index, size_t address_index,
                    struct sp_evidence *evidence)
{
    struct plugin *plugin = data;
    sp_collector_add(&plugin->collector, target_index, address_index, evidence);
}

static void on_finished(void *data)
{
    struct plugin *plugin = data;
    sp_runner_close(plugin->runner);
}

/* Behind all else: it is nothing that the server did. */
static void write_exposed(struct plugin *plugin)
{
    if (sp_runner_key_exposed(plugin->runner))
        sp_write_str(&plugin->writer,
                     "warning: others than the owner can read the client's private key "
                     "or its passphrase: set the file's mode to 600\n");
    if (sp_runner_password_exposed(plugin->runner))
        sp_write_str(&plugin->writer,
                     "warning: others than the owner can read the file with the password "
                     "or token: set its mode to 600\n");
}

/* Probes and writes the report into plugin->writer. False: error[0..size) says why there is none. */
static bool probe_targets(struct plugin *plugin, char *error, size_t size)
{
    static const struct sp_runner_events events = {on_done, on_finished};
    const struct sp_runner_config config = {
        .loop = &plugin->loop,
        .options = &plugin->cli.options,
        .targets = plugin->cli.targets.items,
        .target_count = plugin->cli.targets.count,
        .wall_ms = wall_ms,
        /* The monitoring system gives the plugin as a whole so much time, then kills it. */
        .run_timeout_ms = plugin->cli.options.timeout_ms,
        .stop_on_signals = true,
        .events = &events,
        .data = plugin,
    };
    plugin->runner = sp_runner_new(&config, error, size);
    if (!plugin->runner)
        return false;
    sp_collector_init(&plugin->collector, &sp_output_nagios, &plugin->render, &plugin->writer);
    sp_runner_start(plugin->runner);
    uv_run(&plugin->loop, UV_RUN_DEFAULT);
    catch_late_signals();
    bool complete = sp_collector_report(&plugin->collector);
    if (!complete)
        snprintf(error, size, "out of memory: the report could not be made");
    sp_collector_free(&plugin->collector);
    if (complete)
        write_exposed(plugin);
    sp_runner_free(plugin->runner);
    return complete;
}

static enum sp_state run(struct plugin *plugin)
{
    struct sp_options *options = &plugin->cli.options;
    char error[512];
    uintmax_t limit;
    options->concurrency =
        sp_descriptors_fit(options->concurrency, plugin->cli.targets.count, &limit);
    plugin->render = (struct sp_render){
        .width = 80,
        .verbose = options->verbose,
        .quiet = options->quiet,
        .transcript = options->transcript,
    };
    if (!sp_checks_validate(options, &plugin->cli.targets, error, sizeof error)) {
        write_unknown(&plugin->writer, error);
        return SP_STATE_UNKNOWN;
    }
    if (!sp_descriptors_left(SP_DESCRIPTORS_LOOP) || uv_loop_init(&plugin->loop) != 0) {
        write_unknown(&plugin->writer, "too many open files or too little memory to begin");
        return SP_STATE_UNKNOWN;
    }
    bool done = probe_targets(plugin, error, sizeof error);
    if (!done)
        write_unknown(&plugin->writer, error);
    uv_loop_close(&plugin->loop);
    return done ? plugin->collector.state : SP_STATE_UNKNOWN;
}

/* The command line of check_smtp_probe itself. */
static enum sp_state run_native(struct plugin *plugin, int argc, char **argv)
{
    struct sp_plugin_arguments arguments = {0};
    const struct sp_cli_program program = sp_plugin_program(&arguments);
    enum sp_state state = SP_STATE_UNKNOWN;
    enum sp_cli_action action = sp_cli_parse_for(&program, argc, argv, environ, &plugin->cli);
    if (action == SP_CLI_RUN)
        state = run(plugin);
    else if (action == SP_CLI_USAGE_ERROR)
        write_usage_error(plugin, &program, argc, argv);
    else
        write_text(plugin, &program, action);
    sp_cli_free(&plugin->cli);
    return state;
}

int main(int argc, char **argv)
{
    static struct plugin plugin;
    enum sp_state state;
    if (!sp_descriptors_secure())
        return SP_STATE_UNKNOWN;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, on_early_signal);
    signal(SIGTERM, on_early_signal);
    sp_writer_init(&plugin.writer, STDOUT_FILENO);
    if (sp_compat_wanted(argc, argv))
        state = sp_compat_run(argc, argv, &plugin.writer);
    else
        state = run_native(&plugin, argc, argv);
    state = end_output(&plugin.writer, state);
    sp_writer_free(&plugin.writer);
    if (sp_work_is_left_behind())
        _exit((int)state);
    return (int)state;
}
