/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manuals. Options and reasons come from their tables; what is the same for all programs, and
 * smtp-probe(1)'s own part, is written here, in roff. */
#include "probe/cli_text.h"
#include "probe/options.h"

#include <stddef.h>
#include <string.h>

static const char HEAD[] =
    ".\\\" Made by: smtp-probe --help=man\n"
    ".TH SMTP\\-PROBE 1 \"\" \"smtp\\-probe " SP_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "smtp\\-probe \\- find out what is wrong with a mail server\n"
    ".SH SYNOPSIS\n"
    ".B smtp\\-probe\n"
    ".RI [ OPTION ].\\|.\\|.\\& \" TARGET\" .\\|.\\|.\n"
    ".SH DESCRIPTION\n"
    ".B smtp\\-probe\n"
    "talks to mail servers the way a client does: it looks the name up, connects, reads the banner,\n"
    "sends EHLO, starts TLS, sends EHLO again and says QUIT. Each step is timed, the certificate is\n"
    "examined, and all that is wrong is reported with its cause and with what to try next. No mail is\n"
    "sent. Many servers are probed at the same time.\n";

static const char TARGETS[] =
    ".SH TARGETS\n"
    ".TS\n"
    "l l l.\n"
    "form\tport\tTLS\n"
    "_\n"
    "HOST, smtp://HOST\t25\topportunistic\n"
    "submission://HOST, HOST:587\t587\tstarttls\n"
    "smtps://HOST, submissions://HOST, HOST:465\t465\timplicit\n"
    "lmtp://HOST\t24\topportunistic\n"
    "lmtp+unix:/PATH\t\\-\topportunistic\n"
    ".TE\n"
    ".PP\n"
    "The last column has the words of\n"
    ".BR \\-\\-tls ,\n"
    "which wins over it. A scheme that is written wins over the port: smtp://HOST:465 is opportunistic.\n"
    "Every form with a host can be given a port. HOST is a name or an address. An IPv6 address with a\n"
    "port needs brackets, as in [2001:db8::1]:25, and a link\\-local one can have a zone, as in\n"
    "fe80::1%eth0. International names are turned into their ASCII form (IDNA2008). A trailing dot\n"
    "means that the name is complete: neither the search list of resolv.conf nor /etc/hosts is tried.\n"
    ".PP\n"
    ".BI @ FILE\n"
    "stands for the targets in that file and\n"
    ".B \\-\n"
    "for those on standard input, one a line. A\n"
    ".B #\n"
    "at the start of a line or behind a space starts a comment. Behind a target, options can be\n"
    "overridden for it alone as\n"
    ".IB key = value\\fR,\n"
    "with the long names of the options below; a value with spaces stands in double quotes:\n"
    ".PP\n"
    ".RS\n"
    ".nf\n"
    "mx1.example.org\n"
    "192.0.2.7:587 server_name=mail.example.org timeout=5s\n"
    "mx2.example.org expect=\"^mx2.*ESMTP\"  # the old one\n"
    ".fi\n"
    ".RE\n"
    ".PP\n"
    "Options of the groups batch, names and output, and the files of trusted authorities, are for the\n"
    "whole run and can't be overridden. A line that can't be used is reported as an endpoint with the\n"
    "reason invalid\\-target, and the others are probed.\n";

static const char OPTIONS[] =
    ".SH OPTIONS\n"
    "Options and targets can be mixed;\n"
    ".B \\-\\-\n"
    "ends the options. A value follows as the next word or behind\n"
    ".BR = ;\n"
    "a flag takes yes or no behind\n"
    ".BR = .\n"
    "Long names can't be shortened. Of a repeated option the last one counts, unless it says that it\n"
    "adds up.\n";

static const char LOGIN[] =
    ".SH LOGGING IN\n"
    "A login is made when a user, a password or token, or a mechanism is given. It comes behind the\n"
    "last EHLO, and QUIT follows: no mail is sent.\n"
    ".SS Which mechanism\n"
    "The strongest one of \\-\\-list\\-auth that the server offers in the EHLO that counts (inside TLS when\n"
    "there is TLS), that \\-\\-auth allows, and for which there is what it needs. With a token OAuth 2.0 is\n"
    "used, with a password all others; GSSAPI without either, or when \\-\\-auth names it. There is one\n"
    "attempt and no second one with something weaker, so no account is locked by a probe.\n"
    ".SS What is never done\n"
    "A mechanism that shows the password or token (PLAIN, LOGIN, OAUTHBEARER, XOAUTH2) is used only inside\n"
    "TLS with a server whose certificate or pin has proven who it is. Where a certificate was looked at\n"
    "and failed, nobody logs in with any mechanism. \\-\\-auth\\-insecure lifts both rules, and a finding says\n"
    "that it did. Secrets are never in the arguments, outputs, transcripts, metrics or core dumps, also\n"
    "where a server repeats them.\n"
    ".SS Where the secret comes from\n"
    "\\-\\-password\\-file, \\-\\-password\\-fd or \\-\\-password\\-env, \\-\\-token\\-file for OAuth 2.0, the\n"
    "credentials that systemd gives a unit, or a question on the terminal. Kerberos takes the ticket cache\n"
    "or client keytab of the user that runs the probe: KRB5CCNAME, KRB5_CLIENT_KTNAME.\n"
    ".SS What can come of it\n"
    "535 and its like are auth\\-rejected, CRITICAL; 454 and 432 are auth\\-temporary, WARNING, since they say\n"
    "nothing about the password; a timeout, a closed connection or 421 in the middle is told as that. The\n"
    "usual refusals of Google, Microsoft 365, Postfix, Dovecot, Exim and others get the advice that fits\n"
    "them. Without any login the offer itself is judged: auth\\-offered\\-without\\-tls when passwords are\n"
    "welcome before TLS, auth\\-downgrade when less is offered inside TLS than before.\n"
    ".SS Examples\n"
    ".TP\n.B \\-\\-user monitor@example.org \\-\\-password\\-file /etc/smtp\\-probe/monitor mail.example.org:587\n"
    "Can the monitoring account log in?\n"
    ".TP\n.B \\-\\-user monitor@gmail.com \\-\\-token\\-file /run/smtp\\-probe/google smtp.gmail.com:587\n"
    "With a token, which another program renews in time. smtp.office365.com:587 is the same.\n"
    ".TP\n.B \\-\\-auth GSSAPI mail.example.org:587\n"
    "With the Kerberos ticket of whoever runs this.\n"
    ".TP\n.B \\-\\-user former \\-\\-password\\-file old \\-\\-expect\\-reply auth=535 mail.example.org:587\n"
    "OK as long as the account is refused, CRITICAL when it gets in, WARNING when the server can't tell.\n"
    ".TP\n.B LoadCredential=smtp\\-probe.password:/etc/smtp\\-probe/monitor\n"
    "In the unit of a systemd service: then \\-\\-user alone will do.\n";

static const char FORMATS[] =
    ".SH OUTPUT FORMATS\n"
    ".TP\n.B text\n"
    "For people: a verdict for each target, worst first, with the time of each step. More than five\n"
    "targets get a table, and details of what is wrong; after twenty of those only new reasons are\n"
    "told in detail, unless -v is given.\n"
    ".TP\n.B json\n"
    "One array with an object for each target; the installed JSON Schema describes it.\n"
    ".TP\n.B jsonl\n"
    "The same objects, one a line, written as each target ends.\n"
    ".TP\n.B nagios\n"
    "For Nagios, Icinga and their kin: status line, performance data and details.\n"
    ".TP\n.B prometheus\n"
    "Metrics in the text format, for the textfile collector.\n";

static const char EXIT_STATUS[] =
    ".SH EXIT STATUS\n"
    "The worst state of all targets, in the order CRITICAL, WARNING, UNKNOWN, OK:\n"
    ".TP\n.B 0\nOK; also after \\-h, \\-\\-help, \\-V and the other options that show something.\n"
    ".TP\n.B 1\nWARNING.\n"
    ".TP\n.B 2\nCRITICAL.\n"
    ".TP\n.B 3\nUNKNOWN: it could not be found out, or the results could not be written.\n"
    ".TP\n.B 64\nWrong usage: an option can't be used, or no target can.\n"
    ".TP\n.B 78\nWrong configuration, such as a file of authorities that can't be read.\n";

static const char ENVIRONMENT[] =
    ".SH ENVIRONMENT\n"
    ".TP\n.BI SMTP_PROBE_ NAME\n"
    "The value of an option; NAME is its long name in capitals with underscores, such as\n"
    "SMTP_PROBE_REPLY_TIMEOUT. An option on the command line wins. An empty variable counts as\n"
    "unset.\n";

static const char NO_COLOR[] = ".TP\n.B NO_COLOR\n"
                               "When set and not empty, \\-\\-color=auto means never.\n";

static const char FILES[] =
    ".SH FILES\n"
    ".TP\n.I /etc/resolv.conf\nName servers and search list, unless \\-\\-dns\\-server is given.\n"
    ".TP\n.I /etc/hosts\nAddresses of names, and the machine's own full name.\n"
    ".TP\n.I /etc/ssl/certs/ca\\-certificates.crt\n"
    "Trusted authorities, unless \\-\\-ca\\-file or \\-\\-ca\\-dir is given.\n";

static const char EXAMPLES[] =
    ".SH EXAMPLES\n"
    ".TP\n.B smtp\\-probe mx.example.org\n"
    "Is the mail server reachable, and is its certificate in order?\n"
    ".TP\n.B smtp\\-probe \\-\\-tls starttls \\-w 2 \\-c 5 \\-o nagios mail.example.org:587\n"
    "A check for a monitoring system: TLS is required, slow answers are reported.\n"
    ".TP\n.B smtp\\-probe \\-\\-server\\-name mail.example.org 192.0.2.7:465\n"
    "One machine behind a shared name.\n"
    ".TP\n.B smtp\\-probe \\-o jsonl @targets.txt\n"
    "A whole fleet, one JSON object a line.\n"
    ".TP\n.B smtp\\-probe \\-\\-show\\-certificates mx.example.org\n"
    "Each certificate in full, with its problems and its digests for \\-\\-pin.\n"
    ".TP\n.B smtp\\-probe \\-\\-pem \\-q mx.example.org | openssl x509 \\-noout \\-text\n"
    "The server's own certificate, as another program sees it.\n"
    ".TP\n.B smtp\\-probe \\-\\-explain certificate\\-chain\\-incomplete\n"
    "What does that mean, and what can be done?\n";

static const char REASONS[] =
    ".SH REASONS\n"
    "Each finding has one of these words, in every output format; the state in parentheses is the one\n"
    "that it has by default.\n"
    ".B \\-\\-explain\n"
    "says more about each.\n";

/* Text for roff: escapes backslashes and hyphens (so that they can be copied), and keeps a line from
 * starting with a control character. */
static bool append_roff(struct sp_buf *out, const char *text)
{
    bool ok = true;

    if (*text == '.' || *text == '\'') {
        ok = sp_buf_append_str(out, "\\&");
    }
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            ok = ok && sp_buf_append_str(out, "\\e");
        } else if (*text == '-') {
            ok = ok && sp_buf_append_str(out, "\\-");
        } else if (*text == '~') {
            ok = ok && sp_buf_append_str(out, "\\(ti");
        } else if (*text == '\'') {
            ok = ok && sp_buf_append_str(out, "\\(cq");
        } else {
            ok = ok && sp_buf_append(out, text, 1);
        }
    }
    return ok;
}

/* "One of none, starttls, …." and "Default: 5s." */
static bool append_option_facts(struct sp_buf *out, const struct sp_option_info *info)
{
    char text[160];
    bool ok = true;

    if (info->choices != NULL) {
        ok = sp_buf_append_str(out, " One of ");
        for (const char *word = info->choices; *word != '\0';) {
            size_t len = strcspn(word, "|");
            ok = ok && sp_buf_append(out, word, len) &&
                 sp_buf_append_str(out, word[len] == '\0' ? "." : ", ");
            word += len + (word[len] == '|');
        }
    }
    if (sp_option_default(info, text, sizeof(text)) != NULL) {
        ok = ok && sp_buf_append_str(out, " Default: ") && append_roff(out, text) &&
             sp_buf_append_str(out, ".");
    }
    return ok;
}

/* A sentence of the tables: they start small and have no full stop. */
static bool append_sentence(struct sp_buf *out, const char *text)
{
    char first[2] = {text[0], '\0'};

    if (first[0] >= 'a' && first[0] <= 'z') {
        first[0] = (char)(first[0] - 'a' + 'A');
    }
    return *text == '\0' ||
           (append_roff(out, first) && append_roff(out, text + 1) && sp_buf_append_str(out, "."));
}

static bool append_option(struct sp_buf *out, const struct sp_option_info *info)
{
    bool ok = sp_buf_append_str(out, ".TP\n");

    if (info->short_name != 0) {
        ok = ok && sp_buf_printf(out, "\\fB\\-%c\\fR, ", info->short_name);
    }
    ok = ok && sp_buf_append_str(out, "\\fB\\-\\-") && append_roff(out, info->name) &&
         sp_buf_append_str(out, "\\fR");
    if (info->metavar != NULL) {
        ok = ok && sp_buf_append_str(out, " \\fI") && append_roff(out, info->metavar) &&
             sp_buf_append_str(out, "\\fR");
    }
    ok = ok && sp_buf_append_str(out, "\n") && append_sentence(out, info->help) &&
         append_option_facts(out, info);
    if (*info->long_help != '\0') {
        ok = ok && sp_buf_append_str(out, "\n") && append_roff(out, info->long_help);
    }
    return ok && sp_buf_append_str(out, "\n");
}

static bool append_options(const struct sp_cli_program *program, struct sp_buf *out)
{
    const char *group = "";
    bool ok = sp_buf_append_str(out, OPTIONS);

    for (size_t i = 0; i < sp_cli_row_count(program); i++) {
        const struct sp_option_info *info = sp_cli_row(program, i);
        if (info == NULL) {
            continue;
        }
        if (strcmp(info->group, group) != 0) {
            group = info->group;
            ok = ok && sp_buf_printf(out, ".SS %c%s\n", group[0] - 'a' + 'A', group + 1);
        }
        ok = ok && append_option(out, info);
    }
    return ok;
}

static bool append_reasons(struct sp_buf *out)
{
    bool ok = sp_buf_append_str(out, REASONS);

    for (int i = SP_REASON_OK + 1; i < SP_REASON_COUNT; i++) {
        const struct sp_reason_info *info = sp_reason_info((enum sp_reason)i);
        ok = ok && sp_buf_append_str(out, ".TP\n.B ") && append_roff(out, info->word) &&
             sp_buf_append_str(out, "\n") && append_sentence(out, info->sentence) &&
             sp_buf_printf(out, " (%s)\n", sp_state_name(info->state));
    }
    return ok;
}

const struct sp_cli_manual sp_cli_smtp_probe_manual = {
    .head = HEAD,
    .formats = FORMATS,
    .exit_status = EXIT_STATUS,
    .environment = NO_COLOR,
    .examples = EXAMPLES,
};

bool sp_cli_man_text(struct sp_buf *out)
{
    return sp_cli_man_text_for(&sp_cli_smtp_probe, out);
}

bool sp_cli_man_text_for(const struct sp_cli_program *program, struct sp_buf *out)
{
    const struct sp_cli_manual *manual = program->manual;

    /* The first line tells man(1) to run tbl. */
    return sp_buf_append_str(out, "'\\\" t\n") && sp_buf_append_str(out, manual->head) &&
           sp_buf_append_str(out, TARGETS) && append_options(program, out) &&
           sp_buf_append_str(out, LOGIN) && sp_buf_append_str(out, manual->formats) &&
           sp_buf_append_str(out, manual->exit_status) && sp_buf_append_str(out, ENVIRONMENT) &&
           sp_buf_append_str(out, manual->environment) && sp_buf_append_str(out, FILES) &&
           sp_buf_append_str(out, manual->examples) && append_reasons(out);
}
