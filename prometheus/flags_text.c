/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --help, the manual and the completion script, from the table of flags.c. */
#include "prometheus/flags.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80u
#define HELP_COLUMN 34u /* where the explanations start */

static const char USAGE[] =
    "Usage: smtp-probe-exporter [FLAG]…\n"
    "\n"
    "Probes mail servers when Prometheus asks: /probe?target=HOST[:PORT]&module=NAME\n";

static const char EXIT_CODES[] =
    "\nSIGHUP and POST /-/reload read the configuration again. Exit codes: 0 ended by\n"
    "SIGTERM or SIGINT, 1 out of memory or files, 64 wrong usage, 78 wrong\n"
    "configuration or an address that can't be listened at.\n";

/* --- --help ----------------------------------------------------------------------------------- */

static bool wrap_text(struct sp_buf *out, const char *text, size_t *column)
{
    bool ok = true;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (*column > HELP_COLUMN && *column + 1 + len > COLUMNS) {
            ok = ok && sp_buf_printf(out, "\n%*s", (int)HELP_COLUMN, "");
            *column = HELP_COLUMN;
        } else if (*column > HELP_COLUMN) {
            ok = ok && sp_buf_append_str(out, " ");
            ++*column;
        }
        ok = ok && sp_buf_append(out, text, len);
        *column += len;
        text += len;
        text += *text == ' ';
    }
    return ok;
}

/* "debug, info, warn" out of "debug|info|warn". */
static void join_choices(char *out, size_t size, const char *choices)
{
    size_t used = 0;
    for (; *choices != '\0' && used + 3 < size; choices++) {
        out[used++] = *choices == '|' ? ',' : *choices;
        if (*choices == '|')
            out[used++] = ' ';
    }
    out[used] = '\0';
}

static bool append_flag(struct sp_buf *out, const struct sp_flag_info *info)
{
    char left[80], more[160], choices[80];
    size_t column = HELP_COLUMN;
    int len = info->short_name != 0
                  ? snprintf(left, sizeof left, "  -%c, --%s", info->short_name, info->name)
                  : snprintf(left, sizeof left, "      --%s", info->name);
    if (info->metavar != NULL)
        len += snprintf(left + len, sizeof left - (size_t)len, " %s", info->metavar);
    bool ok = sp_buf_append_str(out, left) &&
              ((size_t)len < HELP_COLUMN ? sp_buf_printf(out, "%*s", (int)HELP_COLUMN - len, "")
                                         : sp_buf_printf(out, "\n%*s", (int)HELP_COLUMN, "")) &&
              wrap_text(out, info->help, &column);
    if (info->choices != NULL) {
        join_choices(choices, sizeof choices, info->choices);
        snprintf(more, sizeof more, "(%s)", choices);
        ok = ok && wrap_text(out, more, &column);
    }
    if (info->fallback != NULL) {
        snprintf(more, sizeof more, "(default: %s)", info->fallback);
        ok = ok && wrap_text(out, more, &column);
    }
    return ok && sp_buf_append_str(out, "\n");
}

bool sp_flags_help_text(struct sp_buf *out)
{
    const char *group = "";
    bool ok = sp_buf_append_str(out, USAGE);
    for (size_t i = 0; i < sp_flags_count(); i++) {
        const struct sp_flag_info *info = sp_flags_at(i);
        if (strcmp(info->group, group) != 0) {
            group = info->group;
            ok = ok && sp_buf_printf(out, "\n%c%s:\n", group[0] - 'a' + 'A', group + 1);
        }
        ok = ok && append_flag(out, info);
    }
    return ok && sp_buf_append_str(out, EXIT_CODES);
}

/* --- the manual ------------------------------------------------------------------------------- */

static const char HEAD[] =
    ".\\\" Made by: smtp-probe-exporter --help=man\n"
    ".TH SMTP\\-PROBE\\-EXPORTER 1 \"\" \"smtp\\-probe " SP_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "smtp\\-probe\\-exporter \\- probe mail servers for Prometheus\n"
    ".SH SYNOPSIS\n"
    ".B smtp\\-probe\\-exporter\n"
    ".RI [ FLAG ].\\|.\\|.\n"
    ".SH DESCRIPTION\n"
    "Listens for HTTP. A scrape of /probe?target=HOST[:PORT]&module=NAME probes that mail server by the\n"
    "options of that module and answers with its metrics. The names are those of blackbox_exporter\n"
    "where it has the same thing, so that alerts and dashboards go on working.\n"
    ".PP\n"
    "A probe that fails is answered 200 with probe_success 0. 400 tells that the request is wrong, 403\n"
    "that the configuration does not allow the target, 503 that too many probes are under way.\n";

static const char PATHS[] =
    ".SH PATHS\n"
    ".TP\n.B /probe\nProbes. Parameters: target, module, hostname (the server's name for TLS),\n"
    "debug=true, and the option keys that allow_params of the configuration lists.\n"
    ".TP\n.B /metrics\nThe exporter's own metrics, none of probes.\n"
    ".TP\n.B /\nA page of the last probes; /history/ID one of them in full.\n"
    ".TP\n.B /api/v1/status\nThe same page for programs, in JSON.\n"
    ".TP\n.B /api/v1/sd\nThe targets of the configuration, for http_sd_configs.\n"
    ".TP\n.B /config\nThe configuration in force, without secrets.\n"
    ".TP\n.B /\\-/healthy, /\\-/ready\nFor supervisors; the second is 503 while the program ends.\n"
    ".TP\n.B /\\-/reload\nPOST reads the configuration again.\n";

static const char SIGNALS[] =
    ".SH SIGNALS\n"
    ".TP\n.B SIGHUP\nReads the configuration again. A wrong one changes nothing and is logged; probes\n"
    "under way are not disturbed.\n"
    ".TP\n.B SIGTERM, SIGINT\nStops listening, answers what is under way (30 seconds at most) and ends; a\n"
    "second signal ends at once.\n";

static const char EXIT_STATUS[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nEnded by a signal, or what was asked for was printed.\n"
    ".TP\n.B 1\nToo little memory or too few files to begin, or the text could not be written.\n"
    ".TP\n.B 64\nWrong usage.\n"
    ".TP\n.B 78\nWrong configuration, or an address that can't be listened at.\n";

static const char EXAMPLES[] =
    ".SH EXAMPLES\n"
    ".TP\n.B smtp\\-probe\\-exporter\nListens at 127.0.0.1:10587.\n"
    ".TP\n.B curl 'http://127.0.0.1:10587/probe?target=mx.example.org&debug=true'\n"
    "One probe, with its dialogue.\n"
    ".TP\n.B smtp\\-probe\\-exporter \\-\\-web.listen\\-address :10587 \\-\\-web.config.file web.yml\n"
    "Listens everywhere, for those whom web.yml lets in.\n"
    ".TP\n.B smtp\\-probe\\-exporter \\-\\-config.file smtp.yml \\-\\-config.check\n"
    "Is the configuration right?\n"
    ".SH SEE ALSO\n"
    ".BR smtp\\-probe (1),\n"
    ".BR check_smtp_probe (1)\n";

/* Text for roff: hyphens that can be copied, no control character at the start of a line. */
static bool append_roff(struct sp_buf *out, const char *text)
{
    bool ok = *text != '.' || sp_buf_append_str(out, "\\&");
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\\': ok = ok && sp_buf_append_str(out, "\\e"); break;
        case '-': ok = ok && sp_buf_append_str(out, "\\-"); break;
        case '~': ok = ok && sp_buf_append_str(out, "\\(ti"); break;
        case '\'': ok = ok && sp_buf_append_str(out, "\\(cq"); break;
        default: ok = ok && sp_buf_append(out, text, 1);
        }
    }
    return ok;
}

static bool append_manual_flag(struct sp_buf *out, const struct sp_flag_info *info)
{
    char first[2] = {info->help[0], '\0'}, choices[80];
    bool ok = sp_buf_append_str(out, ".TP\n");
    if (first[0] >= 'a' && first[0] <= 'z')
        first[0] = (char)(first[0] - 'a' + 'A');
    if (info->short_name != 0)
        ok = ok && sp_buf_printf(out, "\\fB\\-%c\\fR, ", info->short_name);
    ok = ok && sp_buf_append_str(out, "\\fB\\-\\-") && append_roff(out, info->name) &&
         sp_buf_append_str(out, "\\fR");
    if (info->metavar != NULL)
        ok = ok && sp_buf_printf(out, " \\fI%s\\fR", info->metavar);
    ok = ok && sp_buf_append_str(out, "\n") && append_roff(out, first) &&
         append_roff(out, info->help + 1) && sp_buf_append_str(out, ".");
    if (info->choices != NULL) {
        join_choices(choices, sizeof choices, info->choices);
        ok = ok && sp_buf_printf(out, " One of %s.", choices);
    }
    if (info->fallback != NULL)
        ok = ok && sp_buf_append_str(out, " Default: ") && append_roff(out, info->fallback) &&
             sp_buf_append_str(out, ".");
    if (*info->long_help != '\0')
        ok = ok && sp_buf_append_str(out, "\n") && append_roff(out, info->long_help);
    return ok && sp_buf_append_str(out, "\n");
}

bool sp_flags_man_text(struct sp_buf *out)
{
    const char *group = "";
    bool ok =
        sp_buf_append_str(out, HEAD) && sp_buf_append_str(out, PATHS) &&
        sp_buf_append_str(out, ".SH FLAGS\nA switch is turned off by\n.BI \\-\\-no\\- NAME\\fR.\n");
    for (size_t i = 0; i < sp_flags_count(); i++) {
        const struct sp_flag_info *info = sp_flags_at(i);
        if (strcmp(info->group, group) != 0) {
            group = info->group;
            ok = ok && sp_buf_printf(out, ".SS %c%s\n", group[0] - 'a' + 'A', group + 1);
        }
        ok = ok && append_manual_flag(out, info);
    }
    return ok && sp_buf_append_str(out, SIGNALS) && sp_buf_append_str(out, EXIT_STATUS) &&
           sp_buf_append_str(out, EXAMPLES);
}

/* --- the completion script -------------------------------------------------------------------- */

static bool append_values(struct sp_buf *out, const struct sp_flag_info *info)
{
    bool ok = sp_buf_printf(out, "    --%s)\n", info->name);
    if (info->choices != NULL) {
        ok = ok && sp_buf_append_str(out, "        COMPREPLY=($(compgen -W '");
        for (const char *c = info->choices; *c != '\0'; c++)
            ok = ok && sp_buf_append(out, *c == '|' ? " " : c, 1);
        ok = ok && sp_buf_append_str(out, "' -- \"$cur\"))\n");
    } else if (strcmp(info->metavar, "FILE") == 0) {
        ok = ok && sp_buf_append_str(out, "        COMPREPLY=($(compgen -f -- \"$cur\"))\n");
    }
    return ok && sp_buf_append_str(out, "        return\n        ;;\n");
}

bool sp_flags_bash_text(struct sp_buf *out)
{
    bool ok = sp_buf_append_str(
        out, "# bash completion for smtp-probe-exporter; made by: smtp-probe-exporter --help=bash\n"
             "_smtp_probe_exporter()\n{\n"
             "    local cur=${COMP_WORDS[COMP_CWORD]} prev=\n"
             "    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
             "    # readline cuts \"--log.level=info\" at the \"=\"\n"
             "    if [[ $cur == = ]]; then\n"
             "        cur=\n"
             "    elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
             "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
             "    fi\n"
             "    COMPREPLY=()\n"
             "    case $prev in\n");
    for (size_t i = 0; i < sp_flags_count(); i++) {
        if (sp_flags_at(i)->metavar != NULL)
            ok = ok && append_values(out, sp_flags_at(i));
    }
    ok = ok && sp_buf_append_str(out, "    esac\n"
                                      "    COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < sp_flags_count(); i++)
        ok = ok && sp_buf_printf(out, "--%s ", sp_flags_at(i)->name);
    return ok && sp_buf_append_str(out, "' -- \"$cur\"))\n"
                                        "}\n"
                                        "complete -F _smtp_probe_exporter smtp-probe-exporter\n");
}
