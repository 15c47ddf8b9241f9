/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp-test-server: plays scripts on loopback sockets. Usage stands in print_usage() and in
 * tests/README.md.
 */
#include "fleet.h"
#include "loop.h"
#include "play.h"
#include "revoke.h"
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY_ROUNDS = 200 };

struct settings {
    const char *pki_dir, *targets, *address, *tls, *certificate;
    int is_demo, is_fleet, makes_pki, port;
    unsigned hang_every;
};

static int has_to_stop;
static char sync_word[64]; /* asked for on standard input, answered in a quiet moment */

static void print_usage(FILE *out)
{
    fputs(
        "Usage: smtp-test-server [--pki DIR] SCENARIO…           play the server blocks of these files\n"
        "       smtp-test-server --demo --pki DIR [--targets FILE]\n"
        "       smtp-test-server --fleet [--address IP] [--port N] [--hang-every N]\n"
        "                        [--tls none|starttls|implicit] [--certificate KIND] [--pki DIR]\n"
        "       smtp-test-server --make-pki --pki DIR             write all kinds of certificates and end\n"
        "Scripts, the lines it prints and the ways to end it: tests/README.md.\n",
        out);
}

static int parse_number(const char *text, int max, int *out)
{
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 0 || value > max) {
        fprintf(stderr, "smtp-test-server: not a number from 0 to %d: %s\n", max, text);
        return -1;
    }
    *out = (int)value;
    return 0;
}

static int parse_options(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {
        {"pki", required_argument, NULL, 'p'},
        {"demo", no_argument, NULL, 'd'},
        {"targets", required_argument, NULL, 't'},
        {"fleet", no_argument, NULL, 'f'},
        {"address", required_argument, NULL, 'a'},
        {"port", required_argument, NULL, 'P'},
        {"hang-every", required_argument, NULL, 'h'},
        {"tls", required_argument, NULL, 'T'},
        {"certificate", required_argument, NULL, 'c'},
        {"make-pki", no_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'H'},
        {NULL, 0, NULL, 0},
    };
    int letter, number = 0;
    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (letter) {
        case 'p': s->pki_dir = optarg; break;
        case 'd': s->is_demo = 1; break;
        case 't': s->targets = optarg; break;
        case 'f': s->is_fleet = 1; break;
        case 'a': s->address = optarg; break;
        case 'T': s->tls = optarg; break;
        case 'c': s->certificate = optarg; break;
        case 'm': s->makes_pki = 1; break;
        case 'P':
            if (parse_number(optarg, 65535, &s->port) != 0)
                return -1;
            break;
        case 'h':
            if (parse_number(optarg, 1 << 24, &number) != 0)
                return -1;
            s->hang_every = (unsigned)number;
            break;
        case 'H': print_usage(stdout); exit(0);
        default: print_usage(stderr); return -1;
        }
    }
    if (!s->is_demo && !s->is_fleet && !s->makes_pki && optind == argc) {
        print_usage(stderr);
        return -1;
    }
    return 0;
}

/* ---- ways to end ---- */

static void on_signal(struct ts_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    has_to_stop = 1;
}

/*
 * Standard input: its end is ours; "sync WORD" asks for "synced WORD" once all that has arrived is
 * in the journal.
 */
static void on_stdin(struct ts_watch *watch, uint32_t events)
{
    char text[sizeof sync_word + 8];
    (void)events;
    ssize_t got = read(watch->fd, text, sizeof text - 1);
    if (got <= 0) {
        has_to_stop = 1;
        return;
    }
    text[got] = '\0';
    if (sscanf(text, "sync %63s", sync_word) != 1)
        fprintf(stderr, "smtp-test-server: unknown word on standard input: %s\n", text);
}

static int watch_for_end(void)
{
    static struct ts_watch signals = {-1, on_signal}, input = {STDIN_FILENO, on_stdin};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    /* Nothing is left behind when the shell or the runner that started us dies. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct stat kind;
    if (fstat(STDIN_FILENO, &kind) == 0 && (S_ISFIFO(kind.st_mode) || S_ISSOCK(kind.st_mode)))
        ts_loop_watch(&input, EPOLLIN);
    return signals.fd >= 0 ? ts_loop_watch(&signals, EPOLLIN) : -1;
}

static void answer_sync(void)
{
    char word[sizeof sync_word];
    memcpy(word, sync_word, sizeof word);
    sync_word[0] = '\0';
    /* A server that sends for ever keeps the loop busy, so the number of rounds has an end. */
    for (int i = 0; i < MANY_ROUNDS && ts_loop_round(0) > 0; i++)
        ;
    printf("synced %s\n", word);
}

static void run_loop(void)
{
    while (!has_to_stop) {
        ts_loop_round(-1);
        if (sync_word[0] != '\0')
            answer_sync();
        fflush(stdout);
    }
}

/* ---- the three modes ---- */

/* Whether `server` is the one that `s` names by port-of: the same file, that name. */
static int is_port_giver(const struct ts_server *server, const struct ts_server *s)
{
    const char *slash = strrchr(s->name, '/');
    size_t stem = slash != NULL ? (size_t)(slash - s->name) + 1 : 0;
    return strncmp(server->name, s->name, stem) == 0 &&
           strcmp(server->name + stem, s->port_of) == 0;
}

/*
 * The port of the server before it in the file, 0 where any will do, -1 where there is none of that
 * name.
 */
static int choose_port(const struct ts_server *servers, const struct ts_server *s,
                       struct ts_listener *const *listeners)
{
    if (s->port_of == NULL)
        return 0;
    size_t i = 0;
    for (const struct ts_server *other = servers; other != s; other = other->next, i++)
        if (is_port_giver(other, s))
            return ts_serve_port(listeners[i]);
    fprintf(stderr, "smtp-test-server: %s: no server %s before it\n", s->name, s->port_of);
    return -1;
}

static int serve_all(const struct ts_server *servers, struct ts_pki *pki)
{
    size_t count = 0;
    for (const struct ts_server *s = servers; s != NULL; s = s->next)
        count++;
    struct ts_listener **listeners = calloc(count + 1, sizeof(struct ts_listener *));
    count = 0;
    for (const struct ts_server *s = servers; s != NULL && listeners != NULL; s = s->next) {
        int port = choose_port(servers, s, listeners);
        if (port < 0 || (listeners[count] = ts_serve(s, pki, port, 0)) == NULL)
            return -1;
        printf("%s %s %d\n", s->name, s->address, ts_serve_port(listeners[count++]));
    }
    puts("ready");
    return 0;
}

static int play_scenarios(char **paths, struct ts_pki *pki)
{
    struct ts_server *servers = NULL;
    int bad = 0;
    for (; *paths != NULL; paths++)
        bad |= ts_script_read(*paths, &servers);
    ts_journal = stdout;
    return bad != 0 ? -1 : serve_all(servers, pki);
}

static int write_targets(FILE *out, const struct ts_server *servers, const int *ports)
{
    for (const struct ts_server *s = servers; s != NULL; s = s->next)
        fprintf(out, "# %s: %s\n%s:%d %s\n", s->name, s->comment, s->address, *ports++, s->target);
    return ferror(out) ? -1 : 0;
}

/* The file appears whole: a script may wait for its name. */
static int write_target_file(const char *path, const struct ts_server *servers, const int *ports)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return -1;
    FILE *file = fopen(temporary, "w");
    int bad = file == NULL || write_targets(file, servers, ports) != 0;
    if (file != NULL && fclose(file) != 0)
        bad = 1;
    if (bad || rename(temporary, path) != 0) {
        fprintf(stderr, "smtp-test-server: %s: %s\n", path, strerror(errno));
        return -1;
    }
    return 0;
}

static int play_demo(const struct settings *s, struct ts_pki *pki)
{
    enum { SHIPS_MAX = 64 };
    int ports[SHIPS_MAX] = {0}, count = 0;
    struct ts_server *servers = NULL;
    if (ts_script_parse("fleet.c", "", ts_fleet_script, &servers) != 0)
        return -1;
    for (const struct ts_server *ship = servers; ship != NULL && count < SHIPS_MAX;
         ship = ship->next) {
        const struct ts_listener *listener = ts_serve(ship, pki, 0, 0);
        if (listener == NULL)
            return -1;
        ports[count++] = ts_serve_port(listener);
    }
    if (write_targets(stdout, servers, ports) != 0)
        return -1;
    if (s->targets != NULL && write_target_file(s->targets, servers, ports) != 0)
        return -1;
    puts("# ready");
    return 0;
}

static int play_fleet(const struct settings *s, struct ts_pki *pki)
{
    char text[512];
    struct ts_server *servers = NULL;
    snprintf(text, sizeof text, "server fleet\naddress %s\ntls %s\ncertificate %s\nend\n",
             s->address != NULL ? s->address : "0.0.0.0", s->tls != NULL ? s->tls : "starttls",
             s->certificate != NULL ? s->certificate : "ecdsa");
    if (ts_script_parse("command line", "", text, &servers) != 0)
        return -1;
    const struct ts_listener *listener = ts_serve(servers, pki, s->port, s->hang_every);
    if (listener == NULL)
        return -1;
    printf("fleet %s %d\nready\n", servers->address, ts_serve_port(listener));
    return 0;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    if (parse_options(argc, argv, &settings) != 0)
        return 64;
    raise_file_limit();
    struct ts_pki *pki = ts_pki_new();
    if (pki == NULL || ts_loop_open() != 0 || watch_for_end() != 0) {
        fprintf(stderr, "smtp-test-server: %s\n", strerror(errno));
        return 1;
    }
    if (settings.pki_dir != NULL && (ts_pki_write(pki, settings.pki_dir, settings.makes_pki) != 0 ||
                                     ts_revoke_write_lists(pki, settings.pki_dir) != 0))
        return 1;
    if (settings.makes_pki)
        return 0;
    int bad = settings.is_demo    ? play_demo(&settings, pki)
              : settings.is_fleet ? play_fleet(&settings, pki)
                                  : play_scenarios(argv + optind, pki);
    if (bad != 0)
        return 1;
    fflush(stdout);
    run_loop();
    fflush(stdout);
    /* Sockets, certificates and scripts live as long as the program: the kernel takes them back. */
    _exit(0);
}
