/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of check_smtp (monitoring-plugins up to 2.4, nagios-plugins), as it stands in
 * thousands of command definitions. In force when the program is called check_smtp, or with --compat.
 *
 * Words that begin with '-' are options in getopt_long's ways (bundles, abbreviated long names, values
 * attached or in the next word) up to the first word that is none; that one is the host unless -H gave
 * one; what stands behind it is not looked at. "-to", "-wt" and "-ct" mean "-t", "-w" and "-c". A word
 * behind -q is skipped when a -H in front of it or behind it names the host: some configurations write
 * one. Without a -H it is the host, as it always was.
 *
 * The words of --extra-opts come first, so that those of the command line win.
 */
#ifndef SP_NAGIOS_COMPAT_H
#define SP_NAGIOS_COMPAT_H

#include "probe/arena.h"
#include "probe/buf.h"
#include "probe/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_compat_action {
    SP_COMPAT_RUN,
    SP_COMPAT_TEXT, /* -h, -V, or a usage error: `text` is what to print, the exit code is 3 */
};

/* What the command line says. Strings live in `arena`, but for `password`. */
struct sp_compat {
    struct sp_arena *arena;
    const char *name; /* what the program was called: the first word of its messages */
    const char *host; /* "127.0.0.1" when none is given; an absolute path: a Unix socket */
    uint16_t port;    /* 25, or 465 with -s */
    enum sp_family family;
    const char *expect; /* "220" when not given */
    bool expect_given;
    const char **commands; /* -C, at most SP_LIMIT_COMMANDS less those of -f and -A */
    size_t command_count;
    /* commands[i] holds credentials: AUTH with an initial response, and what follows AUTH in base64. */
    const bool *command_secret;
    const char **responses; /* -R: POSIX extended patterns that compile */
    size_t response_count;  /* at most command_count */
    const char *from;       /* -f without angle brackets; NULL: no MAIL */
    const char *fqdn;       /* -F; NULL: the machine's name */
    bool auth_given;        /* -A, whatever it says: EHLO, not HELO */
    /* Why -A can't be obeyed, in check_smtp's words without the ", " behind them: "only authtype LOGIN is
     * supported". It ends as CRITICAL after all else was said to the server. NULL: nothing is wrong. */
    const char *auth_problem;
    bool login; /* -A LOGIN; user and password are there, each of at most 1024 octets */
    const char *user;
    char *password; /* malloc'd, wiped by sp_compat_free; its octets in argv are overwritten */
    struct sp_range warning,
        critical;                /* seconds; a plain N is kept as "~:N" (alert above N) with the
                                          `text` as performance data show it: "%f" for a plain number */
    uint32_t timeout_ms;         /* of the whole check; -t 0 is a day */
    enum sp_state timeout_state; /* CRITICAL when not given */
    enum sp_tls_mode tls;        /* NONE, STARTTLS or IMPLICIT */
    bool sni;                    /* --sni: send the host's name */
    bool certificate;            /* -D */
    uint32_t cert_warning_days, cert_critical_days;
    bool lmtp, proxy, ignore_quit;
    unsigned verbose;
    /* Ours */
    bool strict; /* --strict: the rules of the native mode on top */
    /* --server-name, for SNI and --strict, as sp_host.no_zone has it; NULL: the host */
    const char *server_name;
    const char *ca_file; /* --ca-file, for --strict; NULL: the system's */
    /* Why the file of --password-file deserves a look (others can read it), for -v; or NULL. Safe to
     * print. */
    const char *warning_note;
    struct sp_buf
        text; /* of SP_COMPAT_TEXT: whole lines, safe to print as they are, with no secret in
                           them. Empty: out of memory */
};

/* True when this call of the program wants check_smtp's command line: its name, or the word --compat. */
bool sp_compat_wanted(int argc, char **argv);
/*
 * Reads the command line (and the files of --extra-opts and --password-file) into *compat, which starts
 * undefined. Overwrites in argv the values of -P, and of -C where they hold credentials. Free with
 * sp_compat_free in every case.
 */
enum sp_compat_action sp_compat_parse(int argc, char **argv, struct sp_compat *compat);
void sp_compat_free(struct sp_compat *compat);

#endif
