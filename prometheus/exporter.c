/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp-probe-exporter: probes on request of Prometheus. Here is the life of the process: command line,
 * configuration and its reload, listening, signals, systemd, and an end that leaves nobody without an answer.
 *
 *   running --SIGTERM, SIGINT--> draining --all answered, 30 s, second signal--> cancelling
 *   cancelling --no probe is left, replies are out or 500 ms--> closing --handles are closed--> end
 */
#include "probe/descriptors.h"
#include "probe/limits.h"
#include "probe/work.h"
#include "prometheus/convert.h"
#include "prometheus/flags.h"
#include "prometheus/service.h"
#include "prometheus/systemd.h"
#include "prometheus/web_config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define EXIT_RESOURCES 1
#define EXIT_USAGE 64  /* sysexits.h: EX_USAGE */
#define EXIT_CONFIG 78 /* sysexits.h: EX_CONFIG */

#define DRAIN_MS 30000u
#define CANCEL_MS 500u
#define STEP_MS 10u /* how often to look whether the end is reached */

#define FILES_OF_PROBE 3u /* the request's connection, and two addresses that are tried at once */
#define FILES_SPARE 64u

enum life { RUNNING, DRAINING, CANCELLING, CLOSING };

struct program {
    struct sp_flags flags;
    struct sp_log log;
    uv_loop_t loop;
    uv_signal_t hangup, terminate, interrupt;
    uv_timer_t step, watchdog, watch; /* the end, systemd's, the configuration file's */
    struct sp_web_config *web;
    struct sp_http *http;
    struct sp_service service;
    unsigned connections; /* how many each address takes; 0: not listening yet */
    enum life life;
    uint64_t deadline_ms; /* of the loop's clock, for the state of life */
    bool needs_guard;     /* others can reach an address: nobody gets in without a proof */
    struct stat seen;     /* of the configuration file */
    char config_path[4096];
};

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- texts ------------------------------------------------------------------------------------ */

static int print_text(bool made, struct sp_buf *text)
{
    bool written =
        made && fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0;
    if (!written)
        fprintf(stderr, "smtp-probe-exporter: the text could not be written: %s\n",
                strerror(made ? errno : ENOMEM));
    sp_buf_free(text);
    return written ? 0 : EXIT_RESOURCES;
}

static int show_text(enum sp_flags_action action)
{
    struct sp_buf text;
    bool made;
    sp_buf_init(&text, SP_LIMIT_PAGE);
    switch (action) {
    case SP_FLAGS_MAN: made = sp_flags_man_text(&text); break;
    case SP_FLAGS_BASH: made = sp_flags_bash_text(&text); break;
    case SP_FLAGS_VERSION:
        made = sp_buf_append_str(&text, "smtp-probe-exporter " SP_VERSION "\n");
        break;
    default: made = sp_flags_help_text(&text);
    }
    return print_text(made, &text);
}

static int convert(const char *path)
{
    struct sp_buf text, notes;
    sp_buf_init(&text, SP_LIMIT_PAGE);
    sp_buf_init(&notes, SP_LIMIT_PAGE);
    bool converted = sp_convert(path, &text, &notes);
    if (notes.len > 0)
        fwrite(notes.data, 1, notes.len, stderr);
    sp_buf_free(&notes);
    if (converted)
        return print_text(true, &text);
    sp_buf_free(&text);
    return EXIT_CONFIG;
}

/* --- the configuration ------------------------------------------------------------------------ */

/* The path that is read, NULL where there is none. It is looked for each time, since a file may have
 * been put there meanwhile. */
static const char *find_config(struct program *program)
{
    static const char system_path[] = "/etc/smtp-probe/smtp-probe.yml";
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = program->config_path;
    size_t size = sizeof program->config_path;
    if (program->flags.config_file != NULL)
        return program->flags.config_file;
    if (access(system_path, F_OK) == 0)
        return system_path;
    if (base != NULL && *base == '/')
        snprintf(path, size, "%s/smtp-probe/config.yml", base);
    else if (home != NULL && *home == '/')
        snprintf(path, size, "%s/.config/smtp-probe/config.yml", home);
    else
        return NULL;
    return access(path, F_OK) == 0 ? path : NULL;
}

/* One entry a line. */
static void log_lines(const struct program *program, const char *message,
                      const struct sp_buf *lines)
{
    const char *text = (const char *)lines->data;
    for (size_t at = 0; at < lines->len;) {
        char line[SP_LIMIT_HTTP_TEXT];
        const char *end = memchr(text + at, '\n', lines->len - at);
        size_t len = end != NULL ? (size_t)(end - (text + at)) : lines->len - at;
        snprintf(line, sizeof line, "%.*s", (int)len, text + at);
        sp_log_write(&program->log, SP_LOG_ERROR, message, "err", line, NULL);
        at += len + 1;
    }
    if (lines->len == 0)
        sp_log_write(&program->log, SP_LOG_ERROR, message, "err", "out of memory", NULL);
}

static void warn_of_files(const struct program *program, const struct sp_config *config,
                          uintmax_t limit)
{
    char wanted[32], there[32];
    uint32_t most = sp_config_settings(config)->max_in_flight;
    uintmax_t need = (uintmax_t)most * FILES_OF_PROBE + FILES_SPARE;
    if (limit >= need)
        return;
    snprintf(wanted, sizeof wanted, "%ju", need);
    snprintf(there, sizeof there, "%ju", limit);
    sp_log_write(&program->log, SP_LOG_WARN,
                 "the limit of open files is too low for max_in_flight: raise LimitNOFILE or lower "
                 "max_in_flight",
                 "limit", there, "needed", wanted, NULL);
}

/* Raises the limit of open files as far as it goes and returns it. */
static uintmax_t raise_files(void)
{
    uintmax_t limit = UINTMAX_MAX;
    sp_descriptors_fit(1, 1, &limit);
    return limit;
}

/* More than the probes that may be under way, so that one too many gets an answer. */
static unsigned fit_connections(const struct sp_config *config)
{
    uintmax_t most = sp_config_settings(config)->max_in_flight;
    uintmax_t limit = raise_files(), wanted = 2 * most + SP_LIMIT_HTTP_CONNECTIONS;
    uintmax_t room = limit > 4 * FILES_SPARE ? limit / 2 : FILES_SPARE;
    return (unsigned)(wanted < room ? wanted : room);
}

/* Connections were made room for at the start; where more files would be needed, a restart is no help. */
static void warn_of_connections(const struct program *program, const struct sp_config *config)
{
    char wanted[32], there[32];
    uint32_t most = sp_config_settings(config)->max_in_flight;
    unsigned usable = sp_http_client_limit(program->connections);
    if (program->connections == 0 || most <= usable ||
        fit_connections(config) <= program->connections)
        return;
    snprintf(wanted, sizeof wanted, "%u", most);
    snprintf(there, sizeof there, "%u", usable);
    sp_log_write(&program->log, SP_LOG_WARN,
                 "max_in_flight is higher than the number of connections that were made room for "
                 "when the exporter started, which is what counts: restart it",
                 "max_in_flight", wanted, "connections", there, NULL);
}

/* Of files that others than the owner can read. */
static void warn_of_exposed(const struct program *program, const struct sp_config *config)
{
    for (size_t i = 0; i < sp_config_module_count(config); i++) {
        const struct sp_module *module = sp_config_module_at(config, i);
        if (module->materials->key_exposed)
            sp_log_write(&program->log, SP_LOG_WARN,
                         "others than the owner can read the client's private key or its "
                         "passphrase: set the file's mode to 600",
                         "module", module->name, NULL);
        if (module->materials->password_exposed)
            sp_log_write(&program->log, SP_LOG_WARN,
                         "others than the owner can read the file with the password or token: set "
                         "its mode to 600",
                         "module", module->name, NULL);
    }
}

/* Takes the reference over. */
static void use_config(struct program *program, struct sp_config *config)
{
    struct sp_service *service = &program->service;
    sp_config_unref(service->config);
    service->config = config;
    for (size_t i = 0; i < sp_config_module_count(config); i++)
        sp_metrics_add_module(service->metrics, sp_config_module_at(config, i)->name);
    sp_metrics_set_reload(service->metrics, true, wall_ms());
    warn_of_files(program, config, raise_files());
    warn_of_connections(program, config);
    warn_of_exposed(program, config);
}

static struct sp_config *load_config(struct program *program, struct sp_buf *errors)
{
    const char *path = find_config(program);
    /* Looked at before it is read: what is written meanwhile is seen as a change next time. */
    if (path == NULL || stat(path, &program->seen) != 0)
        memset(&program->seen, 0, sizeof program->seen);
    return sp_config_load(path, errors);
}

/* A configuration that is the same is taken all the same: the authorities' files were read with it. */
static bool reload(void *data, struct sp_buf *errors)
{
    struct program *program = data;
    const char *path = find_config(program);
    sp_systemd_notify_reloading();
    struct sp_config *config = load_config(program, errors);
    if (config == NULL) {
        sp_metrics_set_reload(program->service.metrics, false, wall_ms());
        log_lines(program, "the configuration is wrong; the old one stays", errors);
    } else {
        bool same =
            strcmp(sp_config_digest(config), sp_config_digest(program->service.config)) == 0;
        use_config(program, config);
        sp_log_write(&program->log, SP_LOG_INFO, "configuration reloaded", "file",
                     path != NULL ? path : "", "changed", same ? "false" : "true", NULL);
    }
    sp_systemd_notify("READY=1");
    return config != NULL;
}

static void reload_by_itself(struct program *program)
{
    struct sp_buf errors;
    sp_buf_init(&errors, SP_LIMIT_WRITER);
    reload(program, &errors);
    sp_buf_free(&errors);
}

/* --config.enable-auto-reload */
static void on_watch(uv_timer_t *timer)
{
    struct program *program = timer->data;
    const struct stat *seen = &program->seen;
    const char *path = find_config(program);
    struct stat now;
    if (path == NULL || stat(path, &now) != 0)
        memset(&now, 0, sizeof now);
    if (now.st_ino != seen->st_ino || now.st_dev != seen->st_dev || now.st_size != seen->st_size ||
        now.st_mtim.tv_sec != seen->st_mtim.tv_sec || now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec)
        reload_by_itself(program);
}

/* --- who may reach us ------------------------------------------------------------------------- */

static bool is_guarded(const struct program *program)
{
    return sp_web_config_has_users(program->web) ||
           sp_web_config_wants_client_certificate(program->web);
}

/* False, and it was told: nobody should find the door open who was not meant to. */
static bool may_listen_at(struct program *program, const char *address)
{
    if (program->flags.insecure_listen || sp_flags_is_loopback(address))
        return true;
    program->needs_guard = true;
    if (is_guarded(program))
        return true;
    sp_log_write(
        &program->log, SP_LOG_ERROR,
        "refusing to listen where others can reach it and nobody is asked who he is; there are "
        "three ways out: a loopback address such as 127.0.0.1:10587; basic_auth_users or "
        "client_auth_type: RequireAndVerifyClientCert in --web.config.file; or "
        "--web.insecure-listen",
        "address", address, NULL);
    return false;
}

/* The web configuration is read again while we run, and may have lost its users. */
static void on_request(void *data, struct sp_http_request *request)
{
    struct program *program = data;
    if (program->needs_guard && !is_guarded(program))
        sp_http_reply_text(request, 403,
                           "--web.config.file has neither users nor client certificates");
    else
        sp_service_handle(&program->service, request);
}

static void on_web_log(void *data, const char *line)
{
    const struct program *program = data;
    sp_log_write(&program->log, SP_LOG_WARN, line, "file",
                 program->flags.web_config_file != NULL ? program->flags.web_config_file : "",
                 NULL);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Also when not all of it was begun. */
static void close_handles(struct program *program)
{
    program->life = CLOSING;
    if (program->http != NULL)
        sp_http_close(program->http);
    if (program->service.prober != NULL)
        sp_prober_close(program->service.prober);
    uv_close((uv_handle_t *)&program->hangup, NULL);
    uv_close((uv_handle_t *)&program->terminate, NULL);
    uv_close((uv_handle_t *)&program->interrupt, NULL);
    uv_close((uv_handle_t *)&program->step, NULL);
    uv_close((uv_handle_t *)&program->watchdog, NULL);
    uv_close((uv_handle_t *)&program->watch, NULL);
}

static void begin_cancelling(struct program *program)
{
    program->life = CANCELLING;
    program->deadline_ms = uv_now(&program->loop) + CANCEL_MS;
    sp_prober_cancel(program->service.prober);
}

static void on_step(uv_timer_t *timer)
{
    struct program *program = timer->data;
    bool late = uv_now(&program->loop) >= program->deadline_ms;
    bool answered = sp_http_in_flight(program->http) == 0;
    bool idle = sp_prober_in_flight(program->service.prober) == 0;
    if (program->life == DRAINING && ((answered && idle) || late))
        begin_cancelling(program);
    else if (program->life == CANCELLING && idle && (answered || late))
        close_handles(program);
}

static void begin_draining(struct program *program)
{
    char waiting[32];
    program->life = DRAINING;
    program->service.draining = true;
    program->deadline_ms = uv_now(&program->loop) + DRAIN_MS;
    snprintf(waiting, sizeof waiting, "%zu", sp_http_in_flight(program->http));
    sp_log_write(&program->log, SP_LOG_INFO, "ending", "requests_in_flight", waiting, NULL);
    sp_systemd_notify("STOPPING=1");
    sp_http_stop_listening(program->http);
    uv_timer_start(&program->step, on_step, 0, STEP_MS);
}

static void on_end_signal(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    (void)number;
    if (program->life == RUNNING)
        begin_draining(program);
    else if (program->life == DRAINING)
        begin_cancelling(program);
    else
        _exit(0);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    (void)number;
    if (program->life == RUNNING)
        reload_by_itself(program);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    sp_systemd_notify("WATCHDOG=1");
}

/* --- the beginning ---------------------------------------------------------------------------- */

static bool start_handles(struct program *program)
{
    uv_loop_t *loop = &program->loop;
    uv_handle_t *const all[] = {
        (uv_handle_t *)&program->hangup,    (uv_handle_t *)&program->terminate,
        (uv_handle_t *)&program->interrupt, (uv_handle_t *)&program->step,
        (uv_handle_t *)&program->watchdog,  (uv_handle_t *)&program->watch};
    uint64_t watchdog_ms = sp_systemd_watchdog_ms();
    bool ok = uv_signal_init(loop, &program->hangup) == 0;
    ok = uv_signal_init(loop, &program->terminate) == 0 && ok;
    ok = uv_signal_init(loop, &program->interrupt) == 0 && ok;
    uv_timer_init(loop, &program->step);
    uv_timer_init(loop, &program->watchdog);
    uv_timer_init(loop, &program->watch);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        all[i]->data = program;
    ok = ok && uv_signal_start(&program->hangup, on_hangup, SIGHUP) == 0 &&
         uv_signal_start(&program->terminate, on_end_signal, SIGTERM) == 0 &&
         uv_signal_start(&program->interrupt, on_end_signal, SIGINT) == 0;
    if (watchdog_ms > 0)
        uv_timer_start(&program->watchdog, on_watchdog, watchdog_ms, watchdog_ms);
    if (program->flags.auto_reload)
        uv_timer_start(&program->watch, on_watch, program->flags.reload_interval_ms,
                       program->flags.reload_interval_ms);
    return ok;
}

static bool load_web(struct program *program, struct sp_buf *errors)
{
    program->web = sp_web_config_load(&program->loop, program->flags.web_config_file, errors);
    if (program->web != NULL)
        sp_web_config_on_log(program->web, on_web_log, program);
    return program->web != NULL;
}

/* Everything but the server. 0, or the exit code. */
static int make_parts(struct program *program)
{
    struct sp_service *service = &program->service;
    struct sp_buf errors;
    char error[512];
    int code = 0;
    *service = (struct sp_service){
        .history = sp_history_new(program->flags.history_limit),
        .metrics = sp_metrics_new(wall_ms()),
        .prober = sp_prober_new(&program->loop, wall_ms, error, sizeof error),
        .log = &program->log,
        .failure_level = (enum sp_log_level)program->flags.log_prober,
        .prefix = program->flags.links_below,
        .timeout_offset_ms = program->flags.timeout_offset_ms,
        .started_ms = wall_ms(),
        .wall_ms = wall_ms,
        .reload = reload,
        .data = program,
    };
    if (service->history == NULL || service->metrics == NULL || service->prober == NULL) {
        sp_log_write(&program->log, SP_LOG_ERROR, "too little memory or too few files to begin",
                     "err", service->prober == NULL ? error : "out of memory", NULL);
        return EXIT_RESOURCES;
    }
    sp_buf_init(&errors, SP_LIMIT_WRITER);
    struct sp_config *config = load_config(program, &errors);
    if (config == NULL) {
        log_lines(program, "the configuration is wrong", &errors);
        code = EXIT_CONFIG;
    } else {
        use_config(program, config);
        if (!load_web(program, &errors)) {
            log_lines(program, "the web configuration is wrong", &errors);
            code = EXIT_CONFIG;
        }
    }
    sp_buf_free(&errors);
    return code;
}

static int listen_for_requests(struct program *program)
{
    const struct sp_flags *flags = &program->flags;
    char error[512];
    const struct sp_http_config config = {
        .loop = &program->loop,
        .addresses = flags->addresses,
        .address_count = flags->address_count,
        .systemd_socket = flags->systemd_socket,
        .web = program->web,
        .prefix = flags->routes_below,
        .max_connections = fit_connections(program->service.config),
        .handler = on_request,
        .data = program,
    };
    for (size_t i = 0; i < flags->address_count && !flags->systemd_socket; i++) {
        if (!may_listen_at(program, flags->addresses[i]))
            return EXIT_CONFIG;
    }
    program->connections = config.max_connections;
    program->http = sp_http_new(&config, error, sizeof error);
    if (program->http == NULL) {
        sp_log_write(&program->log, SP_LOG_ERROR, "can't listen", "err", error, NULL);
        return EXIT_CONFIG;
    }
    /* systemd's sockets, and what names stand for, are known only now. */
    for (size_t i = 0; i < sp_http_address_count(program->http); i++) {
        if (!may_listen_at(program, sp_http_address(program->http, i)))
            return EXIT_CONFIG;
    }
    for (size_t i = 0; i < sp_http_address_count(program->http); i++)
        sp_log_write(&program->log, SP_LOG_INFO, "listening", "address",
                     sp_http_address(program->http, i), "tls",
                     sp_web_config_has_tls(program->web) ? "true" : "false", NULL);
    return 0;
}

static void free_parts(struct program *program)
{
    struct sp_service *service = &program->service;
    if (program->http != NULL)
        sp_http_free(program->http);
    if (program->web != NULL)
        sp_web_config_free(program->web);
    uv_run(&program->loop, UV_RUN_DEFAULT); /* passwords that were being checked */
    sp_history_free(service->history);
    if (service->prober != NULL)
        sp_prober_free(service->prober);
    sp_metrics_free(service->metrics);
    sp_config_unref(service->config);
}

static int run(struct program *program)
{
    /* Signals first: one that comes now is obeyed when the loop runs. */
    if (!sp_descriptors_left(SP_DESCRIPTORS_LOOP) || uv_loop_init(&program->loop) != 0 ||
        !start_handles(program)) {
        sp_log_write(&program->log, SP_LOG_ERROR, "too little memory or too few files to begin",
                     NULL);
        return EXIT_RESOURCES;
    }
    sp_log_write(&program->log, SP_LOG_INFO, "starting", "version", SP_VERSION, NULL);
    int code = make_parts(program);
    if (code == 0)
        code = listen_for_requests(program);
    if (code == 0)
        sp_systemd_notify("READY=1");
    else
        close_handles(program);
    uv_run(&program->loop, UV_RUN_DEFAULT);
    if (code == 0)
        sp_log_write(&program->log, SP_LOG_INFO, "ended", NULL);
    free_parts(program);
    uv_loop_close(&program->loop);
    return code;
}

/* --config.check */
static int check(struct program *program)
{
    struct sp_buf errors;
    if (!sp_descriptors_left(SP_DESCRIPTORS_LOOP) || uv_loop_init(&program->loop) != 0)
        return EXIT_RESOURCES;
    sp_buf_init(&errors, SP_LIMIT_WRITER);
    const char *path = find_config(program);
    struct sp_config *config = sp_config_load(path, &errors);
    program->web = sp_web_config_load(&program->loop, program->flags.web_config_file, &errors);
    bool right = config != NULL && program->web != NULL;
    if (config != NULL)
        warn_of_exposed(program, config);
    if (right)
        printf("%s: the configuration is right, with %zu module%s\n",
               path != NULL ? path : "no file", sp_config_module_count(config),
               sp_config_module_count(config) == 1 ? "" : "s");
    else if (errors.len > 0)
        fwrite(errors.data, 1, errors.len, stderr);
    else
        fprintf(stderr, "smtp-probe-exporter: out of memory\n");
    sp_buf_free(&errors);
    sp_config_unref(config);
    if (program->web != NULL)
        sp_web_config_free(program->web);
    uv_run(&program->loop, UV_RUN_DEFAULT);
    uv_loop_close(&program->loop);
    return right ? 0 : EXIT_CONFIG;
}

static int leave(int code)
{
    if (sp_work_is_left_behind()) {
        fflush(NULL);
        _exit(code);
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct program program;
    char error[512];
    if (!sp_descriptors_secure())
        return EXIT_RESOURCES;
    signal(SIGPIPE, SIG_IGN);
    enum sp_flags_action action = sp_flags_parse(argc, argv, &program.flags, error, sizeof error);
    program.log = (struct sp_log){
        .level = (enum sp_log_level)program.flags.log_level,
        .format = (enum sp_log_format)program.flags.log_format,
        .fd = STDERR_FILENO,
    };
    switch (action) {
    case SP_FLAGS_RUN: return leave(run(&program));
    case SP_FLAGS_CHECK: return check(&program);
    case SP_FLAGS_CONVERT: return convert(program.flags.convert);
    case SP_FLAGS_ERROR: break;
    case SP_FLAGS_HELP:
    case SP_FLAGS_MAN:
    case SP_FLAGS_BASH:
    case SP_FLAGS_VERSION: return show_text(action);
    }
    fprintf(stderr, "smtp-probe-exporter: %s\n", error);
    return EXIT_USAGE;
}
