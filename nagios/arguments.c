/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/arguments.h"

#include "nagios/manual.h"
#include "probe/host.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool sp_plugin_parse_state(const char *text, enum sp_state *out_state)
{
    for (int i = 0; i < SP_STATE_COUNT; i++) {
        /* The order of the states is that of their exit codes. */
        if (strcasecmp(text, sp_state_name((enum sp_state)i)) == 0 ||
            (text[0] == '0' + i && text[1] == '\0')) {
            *out_state = (enum sp_state)i;
            return true;
        }
    }
    return false;
}

/* macro = "$" (ALPHA / "_") *(ALPHA / DIGIT / "_" / "." / ":" / "-") "$" */
static size_t measure_macro(const char *text)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.:-";
    if (text[0] != '$' || text[1] == '\0' || strchr(first, text[1]) == NULL)
        return 0;
    size_t len = strspn(text + 1, rest) + 1;
    return text[len] == '$' ? len + 1 : 0;
}

bool sp_plugin_find_macro(int argc, char *const *argv, const char **out_macro, size_t *out_len)
{
    for (int i = 1; i < argc; i++) {
        for (const char *at = strchr(argv[i], '$'); at != NULL; at = strchr(at + 1, '$')) {
            size_t len = measure_macro(at);
            if (len == 0)
                continue;
            *out_macro = at;
            *out_len = len;
            return true;
        }
    }
    return false;
}

/* Says what is wrong with a value. Always false. */
static bool refuse(char *error, size_t size, const char *option, const char *value,
                   const char *right)
{
    char quoted[SP_QUOTE_SIZE];
    if (value[0] == '\0')
        snprintf(error, size, "%s: the value is empty (a macro without a value?); %s", option,
                 right);
    else
        snprintf(error, size, "%s: %s can't be used; %s", option,
                 sp_quote(quoted, sizeof quoted, value, strlen(value)), right);
    return false;
}

/* Only a host: a macro of the monitoring system must never turn into a file or a list. */
static bool set_host(void *data, struct sp_cli *cli, const char *value, char *error, size_t size)
{
    struct sp_plugin_arguments *arguments = data;
    (void)cli;
    if (value[0] == '\0' || value[0] == '-' || value[0] == '@' || value[0] == '#' ||
        strpbrk(value, " \t\"/=") != NULL || strlen(value) >= sizeof arguments->host)
        return refuse(error, size, "-H", value,
                      "it is a host name or an address; other targets stand without -H");
    snprintf(arguments->host, sizeof arguments->host, "%s", value);
    return true;
}

static bool set_port(void *data, struct sp_cli *cli, const char *value, char *error, size_t size)
{
    struct sp_plugin_arguments *arguments = data;
    uint64_t port;
    (void)cli;
    if (!sp_parse_uint(value, UINT16_MAX, &port) || port == 0)
        return refuse(error, size, "-p", value, "it is a port from 1 to 65535");
    arguments->port = (uint16_t)port;
    return true;
}

static bool set_timeout(void *data, struct sp_cli *cli, const char *value, char *error, size_t size)
{
    char duration[64];
    size_t len = strcspn(value, ":");
    enum sp_state state = SP_STATE_CRITICAL;
    (void)data;
    if (value[len] == ':' && !sp_plugin_parse_state(value + len + 1, &state))
        return refuse(error, size, "-t", value,
                      "behind the colon stands OK, WARNING, CRITICAL, UNKNOWN or 0 to 3");
    if (len >= sizeof duration)
        return refuse(error, size, "-t", value, "it is a duration");
    memcpy(duration, value, len);
    duration[len] = '\0';
    /* ":STATE" leaves the time as it is. */
    if ((len > 0 || value[0] == '\0') &&
        !sp_option_set(&cli->options, cli->arena, sp_option_find("timeout"), duration, error, size))
        return false;
    if (value[len] == ':') {
        cli->options.timeout_state_set = true;
        cli->options.timeout_state = state;
    }
    return true;
}

/* As in the table; only the words about it are the plugin's. */
static bool set_verbose(void *data, struct sp_cli *cli, const char *value, char *error, size_t size)
{
    (void)data;
    return sp_option_set(&cli->options, cli->arena, sp_option_find("verbose"), value, error, size);
}

static const struct sp_cli_extra extras[] = {
    {{.name = "hostname",
      .short_name = 'H',
      .metavar = "HOST",
      .group = "target",
      .common = true,
      .help = "the server: the same as a target",
      .long_help = "A host name or an address, nothing else. An IPv6 address may stand with or "
                   "without brackets."},
     set_host},
    {{.name = "port",
      .short_name = 'p',
      .metavar = "N",
      .group = "target",
      .common = true,
      .help = "the port of the server given by -H",
      .long_help = "For a target without -H write HOST:PORT."},
     set_port},
    {{.name = "timeout",
      .short_name = 't',
      .metavar = "TIME[:STATE]",
      .fallback = "10s",
      .group = "time",
      .common = true,
      .help = "longest time of the whole run, and the state when it is over",
      .long_help =
          "It is also the longest time of each target. Targets are probed side by side, but those at one address "
          "may have to wait for each other (--per-host): one whose turn did not come in time has the "
          "state as well. The time may be left out. The state is OK, WARNING, CRITICAL or UNKNOWN, or "
          "0 to 3; without one it is that of the reason, mostly CRITICAL."},
     set_timeout},
    {{.name = "verbose",
      .short_name = 'v',
      .group = "output",
      .common = true,
      .help = "-v: details and advice, -vv: times of the phases, -vvv: the dialogue",
      .long_help =
          "Lines behind the first one; that and the performance data stay the same. -v shows peer, "
          "banner, TLS, certificates, what to do about each finding, and with several "
          "targets the findings of each. -vv adds the time of each phase in words, -vvv "
          "the dialogue."},
     set_verbose},
    {{.name = "help",
      .short_name = 'h',
      .group = "other",
      .action = true,
      .help = "this help; -h shows a short one",
      .long_help =
          "--help=man prints this page in roff, --help=bash a completion script for bash."},
     NULL},
};

static const char *const without[] = {
    "output", "output-file", "show-certificates", "pem", "color", "progress", NULL};

static void set_defaults(void *data, struct sp_cli *cli)
{
    char error[64];
    for (size_t i = 0; i < COUNT(extras); i++)
        if (extras[i].info.fallback != NULL)
            extras[i].set(data, cli, extras[i].info.fallback, error, sizeof error);
}

/* More than one colon and no brackets: an IPv6 address. */
static bool needs_brackets(const char *host)
{
    const char *colon = strchr(host, ':');
    return host[0] != '[' && colon != NULL && strchr(colon + 1, ':') != NULL;
}

static bool make_target(void *data, struct sp_cli *cli, const char **out_target, char *error,
                        size_t size)
{
    const struct sp_plugin_arguments *arguments = data;
    const char *host = arguments->host;
    size_t len = strlen(host);
    bool bare = needs_brackets(host);
    *out_target = NULL;
    if (len == 0 && arguments->port != 0) {
        snprintf(error, size, "the port of -p is for -H; for a target write HOST:PORT");
        return false;
    }
    if (len == 0)
        return true;
    if (arguments->port != 0 && !bare && strchr(host, ':') != NULL && host[len - 1] != ']')
        return refuse(error, size, "-H", host, "it has a port already, and -p gives one as well");
    if (arguments->port == 0)
        *out_target = sp_arena_strdup(cli->arena, host);
    else
        *out_target = sp_arena_printf(cli->arena, "%s%s%s:%u", bare ? "[" : "", host,
                                      bare ? "]" : "", (unsigned)arguments->port);
    if (*out_target == NULL)
        snprintf(error, size, "out of memory");
    return *out_target != NULL;
}

struct sp_cli_program sp_plugin_program(struct sp_plugin_arguments *arguments)
{
    return (struct sp_cli_program){
        .name = "check_smtp_probe",
        .error_prefix = "SMTP UNKNOWN - ",
        .line_prefix = "",
        .without = without,
        .extras = extras,
        .extra_count = COUNT(extras),
        .data = arguments,
        .init = set_defaults,
        .finish = make_target,
        .usage = "Usage: check_smtp_probe [OPTION]... -H HOST [-p PORT] | TARGET...\n"
                 "Checks mail servers for Nagios, Icinga and their kin.\n",
        .exit_codes =
            "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. It is 3 too for wrong usage,\n"
            "for a wrong configuration, and when a text such as this one was asked for.\n",
        .manual = &sp_plugin_manual,
    };
}
