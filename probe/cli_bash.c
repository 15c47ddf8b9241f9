/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The completion script for bash. Names and choices hold no character that bash treats specially. */
#include "probe/cli_text.h"
#include "probe/options.h"

#include <stddef.h>
#include <string.h>

static bool takes_file(const struct sp_option_info *info)
{
    return info->metavar != NULL &&
           (strcmp(info->metavar, "FILE") == 0 || strcmp(info->metavar, "DIR") == 0);
}

static bool append_label(struct sp_buf *out, const struct sp_option_info *info)
{
    bool ok = sp_buf_printf(out, "    --%s", info->name);

    if (info->short_name != 0) {
        ok = ok && sp_buf_printf(out, "|-%c", info->short_name);
    }
    return ok && sp_buf_append_str(out, ")\n");
}

/* A case for an option whose value can be completed, or whose value is the user's own. */
static bool append_case(struct sp_buf *out, const struct sp_option_info *info)
{
    bool ok = append_label(out, info);

    if (info->choices != NULL) {
        ok = ok && sp_buf_append_str(out, "        COMPREPLY=($(compgen -W '");
        for (const char *c = info->choices; *c != '\0'; c++) {
            ok = ok && sp_buf_append(out, *c == '|' ? " " : c, 1);
        }
        ok = ok && sp_buf_append_str(out, "' -- \"$cur\"))\n");
    } else if (strcmp(info->name, "explain") == 0) {
        ok = ok && sp_buf_append_str(out, "        COMPREPLY=($(compgen -W '");
        for (int i = 0; i < SP_REASON_COUNT; i++) {
            ok = ok && sp_buf_printf(out, "%s%s", i == 0 ? "" : " ",
                                     sp_reason_info((enum sp_reason)i)->word);
        }
        ok = ok && sp_buf_append_str(out, "' -- \"$cur\"))\n");
    } else if (takes_file(info)) {
        ok = ok && sp_buf_printf(out, "        COMPREPLY=($(compgen -%c -- \"$cur\"))\n",
                                 strcmp(info->metavar, "DIR") == 0 ? 'd' : 'f');
    } else if (strcmp(info->metavar, "HOST") == 0) {
        ok = ok &&
             sp_buf_append_str(out, "        COMPREPLY=($(compgen -A hostname -- \"$cur\"))\n");
    }
    return ok && sp_buf_append_str(out, "        return\n        ;;\n");
}

/* "_smtp_probe" for "smtp-probe". */
static bool append_function(struct sp_buf *out, const struct sp_cli_program *program)
{
    bool ok = sp_buf_append_str(out, "_");

    for (const char *c = program->name; *c != '\0'; c++) {
        ok = ok && sp_buf_append(out, *c == '-' ? "_" : c, 1);
    }
    return ok;
}

static bool append_values(struct sp_buf *out, const struct sp_cli_program *program)
{
    bool ok = sp_buf_append_str(out, "    case $prev in\n");

    for (size_t i = 0; i < sp_cli_row_count(program); i++) {
        const struct sp_option_info *info = sp_cli_row(program, i);
        if (info != NULL && info->metavar != NULL) {
            ok = ok && append_case(out, info);
        }
    }
    return ok && sp_buf_append_str(out, "    esac\n");
}

static bool append_names(struct sp_buf *out, const struct sp_cli_program *program)
{
    bool ok = sp_buf_append_str(out, "        COMPREPLY=($(compgen -W '");

    for (size_t i = 0; i < sp_cli_row_count(program); i++) {
        const struct sp_option_info *info = sp_cli_row(program, i);
        if (info != NULL) {
            ok = ok && sp_buf_printf(out, "--%s ", info->name);
        }
    }
    return ok && sp_buf_append_str(out, "' -- \"$cur\"))\n");
}

bool sp_cli_bash_text_for(const struct sp_cli_program *program, struct sp_buf *out)
{
    return sp_buf_printf(out, "# bash completion for %s; made by: %s --help=bash\n", program->name,
                         program->name) &&
           append_function(out, program) &&
           sp_buf_append_str(out, "()\n{\n"
                                  "    local cur=${COMP_WORDS[COMP_CWORD]} prev=\n"
                                  "    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                                  "    # readline cuts \"--tls=none\" at the \"=\"\n"
                                  "    if [[ $cur == = ]]; then\n"
                                  "        cur=\n"
                                  "    elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
                                  "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                                  "    fi\n"
                                  "    COMPREPLY=()\n") &&
           append_values(out, program) &&
           sp_buf_append_str(out, "    case $cur in\n"
                                  "    -*)\n") &&
           append_names(out, program) &&
           sp_buf_append_str(out, "        ;;\n"
                                  "    @*)\n"
                                  "        COMPREPLY=($(compgen -P @ -f -- \"${cur#@}\"))\n"
                                  "        ;;\n"
                                  "    *)\n"
                                  "        COMPREPLY=($(compgen -A hostname -- \"$cur\"))\n"
                                  "        ;;\n"
                                  "    esac\n"
                                  "}\n"
                                  "complete -F ") &&
           append_function(out, program) && sp_buf_printf(out, " %s\n", program->name);
}

bool sp_cli_bash_text(struct sp_buf *out)
{
    return sp_cli_bash_text_for(&sp_cli_smtp_probe, out);
}
