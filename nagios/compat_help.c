/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_help.h"

static const char USAGE[] =
    " -H HOST [-p PORT] [-4|-6] [-t SECONDS[:STATE]]\n"
    "  [-w SECONDS] [-c SECONDS] [-S | -s] [--sni] [-D DAYS[,DAYS]] [-e TEXT]\n"
    "  [-C COMMAND [-R REGEX]]... [-f ADDRESS] [-F NAME] [-L] [-r] [-q] [-v]\n"
    "  [-A LOGIN -U USER (-P PASSWORD | --password-file FILE | --password-env NAME)]\n"
    "  [--strict] [--extra-opts[=SECTION][@FILE]]\n";

static const char HELP[] =
    "Options:\n"
    " -H, --hostname=HOST      name, address, or absolute path of a Unix socket\n"
    " -p, --port=PORT          25, or 465 with -s\n"
    " -4, --use-ipv4           IPv4 only\n"
    " -6, --use-ipv6           IPv6 only\n"
    " -t, --timeout=N[:STATE]  seconds for the whole check (10; 0: a day), and the\n"
    "                          state of one that takes longer (CRITICAL)\n"
    " -w, --warning=SECONDS    WARNING when the check took longer; or a range\n"
    " -c, --critical=SECONDS   CRITICAL likewise\n"
    " -e, --expect=TEXT        text in the greeting or in the reply to EHLO or HELO\n"
    "                          (by default: a greeting with the code 220)\n"
    " -C, --command=COMMAND    line to send; may be repeated\n"
    " -R, --response=REGEX     POSIX extended pattern for the reply to the -C in the\n"
    "                          same place; may be repeated\n"
    " -f, --from=ADDRESS       send MAIL FROM with this address\n"
    " -F, --fqdn=NAME          name to say in EHLO, HELO or LHLO (this machine's)\n"
    " -L, --lmtp               LHLO instead of EHLO or HELO\n"
    " -r, --proxy              begin with a line of the PROXY protocol\n"
    " -q, --ignore-quit-failure\n"
    "                          do not mind a connection that is gone before QUIT\n"
    "\n"
    "TLS\n"
    " -S, --starttls           by STARTTLS\n"
    " -s, --ssl, --tls         from the first octet\n"
    "     --sni                send the name of -H to the server\n"
    " -D, --certificate=WARNING[,CRITICAL]\n"
    "                          days that the certificate must still be valid. Means\n"
    "                          -S where there is no -s; on port 465 it means -s\n"
    "     --strict             verify chain and name of the certificate, and log in\n"
    "                          only if they are right. Without it neither is looked\n"
    "                          at, as check_smtp has it\n"
    "     --server-name=NAME   name for --sni and --strict instead of -H\n"
    "     --ca-file=FILE       certificates to trust for --strict instead of the\n"
    "                          system's\n"
    "\n"
    "Login\n"
    " -A, --authtype=LOGIN     log in by AUTH LOGIN; there is no other type\n"
    " -U, --authuser=USER\n"
    " -P, --authpass=PASSWORD  for a moment everybody on this machine can see it in\n"
    "                          the list of processes: use --password-file\n"
    "     --password-file=FILE\n"
    "                          read the password from the first line of a file\n"
    "     --password-env=NAME  read it from this variable of the environment\n"
    "\n"
    "Other\n"
    "     --extra-opts[=SECTION][@FILE]\n"
    "                          read more options from an ini file\n"
    " -v, --verbose            tell the dialogue, behind the first line\n"
    " -h, --help               this text\n"
    " -V, --version\n"
    "\n"
    "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; 3 for this text too.\n";

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
