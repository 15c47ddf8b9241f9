/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What check_smtp_probe adds to the common options, and what it does without:
 *
 *   -H HOST              the same as a target: a host name or address, IPv6 with or without brackets
 *   -p N                 its port
 *   -t [DURATION][:STATE]  --timeout, and the state of an endpoint that was not done by then; the same
 *                        time bounds the whole run
 *
 * Where the results go and how they look is not the user's choice: no --output, --output-file, --color
 * and --progress.
 */
#ifndef SP_NAGIOS_ARGUMENTS_H
#define SP_NAGIOS_ARGUMENTS_H

#include "probe/cli.h"
#include "probe/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What -H and -p said; the program's `data`. Starts as {0}. */
struct sp_plugin_arguments {
    char host[SP_LIMIT_HOST + 1]; /* empty: not given */
    uint16_t port;                /* 0: not given */
};

/* The program for sp_cli_parse_for; `arguments` must live as long as it is used. */
struct sp_cli_program sp_plugin_program(struct sp_plugin_arguments *arguments);

/* True when a word holds a macro that the monitoring system has left as it was, such as "$HOSTADDRESS$":
 * *out_macro points to its first octet in argv, *out_len counts both "$". Only for calls that are wrong
 * anyway: a pattern may hold the like. */
bool sp_plugin_find_macro(int argc, char *const *argv, const char **out_macro, size_t *out_len);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN" in any case, or its exit code 0 to 3. */
bool sp_plugin_parse_state(const char *text, enum sp_state *out_state);

#endif
