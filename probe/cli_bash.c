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
    }
    return ok && sp_buf_append_str(out, "        return\n        ;;\n");
}

bool sp_cli_bash_text(struct sp_buf *out)
{
    bool ok =
        sp_buf_append_str(out, "# bash completion for smtp-probe; made by: smtp-probe --help=bash\n"
                               "_smtp_probe()\n{\n"
                               "    local cur=${COMP_WORDS[COMP_CWORD]} prev=\n"
                               "    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                               "    # readline cuts \"--tls=none\" at the \"=\"\n"
                               "    if [[ $cur == = ]]; then\n"
                               "        cur=\n"
                               "    elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
                               "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                               "    fi\n"
                               "    COMPREPLY=()\n"
                               "    case $prev in\n");

    for (size_t i = 0; i < sp_option_count(); i++) {
        if (sp_option_at(i)->metavar != NULL) {
            ok = ok && append_case(out, sp_option_at(i));
        }
    }
    ok = ok && sp_buf_append_str(out, "    esac\n"
                                      "    case $cur in\n"
                                      "    -*)\n"
                                      "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < sp_option_count(); i++) {
        ok = ok && sp_buf_printf(out, "%s--%s", i == 0 ? "" : " ", sp_option_at(i)->name);
    }
    return ok && sp_buf_append_str(out, "' -- \"$cur\"))\n"
                                        "        ;;\n"
                                        "    @*)\n"
                                        "        COMPREPLY=($(compgen -P @ -f -- \"${cur#@}\"))\n"
                                        "        ;;\n"
                                        "    *)\n"
                                        "        COMPREPLY=($(compgen -A hostname -- \"$cur\"))\n"
                                        "        ;;\n"
                                        "    esac\n"
                                        "}\n"
                                        "complete -F _smtp_probe smtp-probe\n");
}
