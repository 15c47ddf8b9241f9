/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/manual.h"

const struct sp_cli_manual sp_plugin_manual = {
    .head =
        ".\\\" Made by: check_smtp_probe --help=man\n"
        ".TH CHECK_SMTP_PROBE 1 \"\" \"smtp\\-probe " SP_VERSION "\" \"User Commands\"\n"
        ".SH NAME\n"
        "check_smtp_probe \\- check mail servers for Nagios and Icinga\n"
        ".SH SYNOPSIS\n"
        ".B check_smtp_probe\n"
        ".RI [ OPTION ].\\|.\\|.\\&\n"
        ".BI \\-H \" HOST\"\n"
        ".RB [ \\-p\n"
        ".IR PORT ]\n"
        ".br\n"
        ".B check_smtp_probe\n"
        ".RI [ OPTION ].\\|.\\|.\\& \" TARGET\" .\\|.\\|.\n"
        ".SH DESCRIPTION\n"
        ".B check_smtp_probe\n"
        "is\n"
        ".BR smtp\\-probe (1)\n"
        "as a plugin: it probes mail servers from the lookup of the name to QUIT and reports in the\n"
        "form that Nagios, Icinga and their kin read. Everything is written to standard output. The\n"
        "first line has the worst state, what is wrong, and performance data: the total time, the\n"
        "time of each phase in seconds, and the days that are left of the certificates. A line for\n"
        "each finding follows. With several targets the first line counts their states, each target\n"
        "has a line of its own, and labels of performance data begin with HOST:PORT.\n"
        ".PP\n"
        "The option\n"
        ".B \\-v\n"
        "adds details and advice,\n"
        ".B \\-vv\n"
        "the time of each phase in words,\n"
        ".B \\-vvv\n"
        "the dialogue.\n",
    .formats = "",
    .exit_status =
        ".SH EXIT STATUS\n"
        "The worst state of all targets, in the order CRITICAL, WARNING, UNKNOWN, OK:\n"
        ".TP\n.B 0\nOK.\n"
        ".TP\n.B 1\nWARNING.\n"
        ".TP\n.B 2\nCRITICAL.\n"
        ".TP\n.B 3\n"
        "UNKNOWN: it could not be found out. Also: wrong usage or configuration, an output that\n"
        "could not be written, and after \\-h, \\-\\-help, \\-V and the other options that show\n"
        "something, since nothing was checked.\n",
    .environment = "",
    .examples =
        ".SH EXAMPLES\n"
        ".TP\n.B check_smtp_probe \\-H mx.example.org\n"
        "Port 25, STARTTLS if it is offered.\n"
        ".TP\n.B check_smtp_probe \\-H 192.0.2.7 \\-p 587 \\-\\-server\\-name mail.example.org "
        "\\-w 2 \\-c 5\n"
        "STARTTLS is required, the certificate is checked for that name, slow answers are reported.\n"
        ".TP\n.B check_smtp_probe \\-t 20:UNKNOWN \\-\\-tls starttls mx1.example.org mx2.example.org\n"
        "Two servers in one check; one that has not finished after 20 seconds is UNKNOWN.\n"
        ".SH SEE ALSO\n"
        ".BR smtp\\-probe (1)\n",
};
