/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_help.h"

static const char USAGE[] =
    " -H HOST [-p PORT] [-4|-6] [-t SECONDS[:STATE]] [-w SECONDS] [-c SECONDS]\n"
    "  [-S | -s] [--sni] [-D DAYS[,DAYS]] [-e TEXT] [-C COMMAND [-R REGEX]]...\n"
    "  [-f ADDRESS] [-F NAME] [-A LOGIN -U USER (-P PASSWORD | --password-file FILE)]\n"
    "  [-L] [-r] [-q] [-v] [--extra-opts[=SECTION][@FILE]] [--strict]\n";

static const char HELP[] =
    "Options:\n"
    " -H, --hostname=HOST      name, address, or absolute path of a Unix socket\n"
    " -p, --port=PORT          25, or 465 with -s\n"
    " -4, --use-ipv4           IPv4 only\n"
    " -6, --use-ipv6           IPv6 only\n"
    " -t, --timeout=N[:STATE]  seconds for the whole check (10; 0: a day), and the state\n"
    "                          of one that was not done by then (CRITICAL)\n"
    " -w, --warning=SECONDS    WARNING when the check took longer; or a range: @10:20\n"
    " -c, --critical=SECONDS   CRITICAL likewise\n"
    " -e, --expect=TEXT        stands in the greeting or in the reply to EHLO or HELO\n"
    "                          (by default the greeting has the code 220)\n"
    " -C, --command=COMMAND    line to send; may be repeated\n"
    " -R, --response=REGEX     POSIX extended pattern for the reply to the -C at the same\n"
    "                          place; may be repeated\n"
    " -f, --from=ADDRESS       send MAIL FROM with this address\n"
    " -F, --fqdn=NAME          name to say in EHLO, HELO or LHLO (this machine's)\n"
    " -L, --lmtp               LHLO instead of EHLO or HELO\n"
    " -r, --proxy              begin with a line of the PROXY protocol\n"
    " -q, --ignore-quit-failure\n"
    "                          a connection that is gone before QUIT is no problem\n"
    "TLS:\n"
    " -S, --starttls           by STARTTLS\n"
    " -s, --ssl, --tls         from the first octet\n"
    "     --sni                send the name of -H to the server\n"
    " -D, --certificate=WARNING[,CRITICAL]\n"
    "                          days that the certificate must still be valid; means -S\n"
    "                          without -s, but -s on port 465\n"
    "Login:\n"
    " -A, --authtype=LOGIN     log in by AUTH LOGIN, the only type\n"
    " -U, --authuser=USER\n"
    " -P, --authpass=PASSWORD  every user of this machine can see it in the list of\n"
    "                          processes for a moment: better use --password-file\n"
    "     --password-file=FILE read the password from the first line of a file\n"
    "Verification:\n"
    "     --strict             verify the certificate's chain and name as check_smtp_probe\n"
    "                          does, and log in only behind verified TLS. Without it\n"
    "                          neither is looked at, as check_smtp always did\n"
    "     --server-name=NAME   name to send to the server and to find in the certificate\n"
    "     --ca-file=FILE       trusted certificates instead of the system's\n"
    "Other:\n"
    "     --extra-opts[=SECTION][@FILE]\n"
    "                          more options, from an ini file\n"
    " -v, --verbose            tell more; the dialogue with -vvv\n"
    " -h, --help               this text\n"
    " -V, --version\n"
    "\n"
    "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, also for this text.\n"
    "Options that check_smtp does not have: check_smtp_probe --help\n";

bool sp_compat_usage_text(const char *name, struct sp_buf *out)
{
    return sp_buf_append_str(out, "Usage:\n") && sp_buf_append_str(out, name) &&
           sp_buf_append_str(out, USAGE);
}

bool sp_compat_help_text(const char *name, struct sp_buf *out)
{
    return sp_compat_version_text(name, out) &&
           sp_buf_append_str(out,
                             "Checks a mail server with the command line of check_smtp.\n\n") &&
           sp_compat_usage_text(name, out) && sp_buf_append_str(out, "\n") &&
           sp_buf_append_str(out, HELP);
}

bool sp_compat_version_text(const char *name, struct sp_buf *out)
{
    return sp_buf_printf(out, "%s v" SP_VERSION " (smtp-probe " SP_VERSION ")\n", name);
}
