/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: arguments and environment in, options and targets out. Prints nothing; the texts that
 * can be asked for are appended to buffers (cli_text.h). The options are those of options.def; what a
 * program adds to them or does without is told by a struct sp_cli_program.
 *
 *   word = "--" name ["=" value] | "-" 1*short [value] | "--" | target
 *
 * Options and targets may be mixed: options count for targets before them too. "--" ends the options. A
 * value follows behind "=" or as the next word; flags take one only behind "=". Names are never
 * shortened, so that a script can't change its meaning when an option is added. The last one of a repeated option
 * counts, except where a list adds up. A flag on the command line wins over SMTP_PROBE_NAME in the
 * environment; an empty variable counts as unset.
 */
#ifndef SP_PROBE_CLI_H
#define SP_PROBE_CLI_H

#include "probe/arena.h"
#include "probe/buf.h"
#include "probe/endpoint.h"
#include "probe/options.h"
#include "probe/reason.h"

#include <stddef.h>

#define SP_EXIT_USAGE 64 /* sysexits.h: EX_USAGE */

enum sp_cli_action {
    SP_CLI_RUN,          /* probe cli->targets: at least one of them is valid */
    SP_CLI_DRY_RUN,      /* show them: sp_cli_dry_run_text */
    SP_CLI_HELP,         /* -h: sp_cli_short_help_text */
    SP_CLI_FULL_HELP,    /* --help: sp_cli_help_text */
    SP_CLI_MAN,          /* --help=man: sp_cli_man_text */
    SP_CLI_BASH,         /* --help=bash: sp_cli_bash_text */
    SP_CLI_VERSION,      /* sp_cli_version_text */
    SP_CLI_EXPLAIN,      /* sp_cli_explain_text with cli->explain */
    SP_CLI_LIST_REASONS, /* sp_cli_reasons_text */
    SP_CLI_LIST_AUTH,    /* sp_cli_auth_text */
    SP_CLI_USAGE_ERROR   /* show cli->message; smtp-probe: on stderr, exit code 64 */
};

struct sp_cli {
    struct sp_arena *arena; /* owns the options' strings */
    struct sp_options options;
    struct sp_target_list targets; /* filled for SP_CLI_RUN and SP_CLI_DRY_RUN */
    enum sp_reason explain;
    struct sp_buf message; /* lines with line ends, printable; for SP_CLI_USAGE_ERROR */
};

/* An option of one program. It takes the place of the table's option with the same name, if there is
 * one; then the environment's value comes here too. */
struct sp_cli_extra {
    struct sp_option_info info; /* with a metavar: it takes a value; `fallback` is only shown */
    /* Takes the value into cli->options or `data`. False: error[0..size) holds one printable line that
     * names the option, the value and what would be right. NULL: an action of the table. */
    bool (*set)(void *data, struct sp_cli *cli, const char *value, char *error, size_t size);
};

/* What a program's manual says of its own, in roff; the rest is made from the tables. */
struct sp_cli_manual {
    const char *head;        /* from the title to the end of DESCRIPTION */
    const char *formats;     /* OUTPUT FORMATS, or "" */
    const char *exit_status; /* EXIT STATUS */
    const char *environment; /* paragraphs for ENVIRONMENT, or "" */
    const char *examples;    /* EXAMPLES */
};

/* One program over the common table. */
struct sp_cli_program {
    const char *name;           /* "smtp-probe" */
    const char *error_prefix;   /* before the first line of a message: "smtp-probe: " */
    const char *line_prefix;    /* before further lines of a list of errors */
    const char *const *without; /* long names of the table that the program lacks, ended by NULL */
    const struct sp_cli_extra *extras;
    size_t extra_count;
    void *data;
    /* NULL, or called first of all, with the table's defaults set: the program's own ones. */
    void (*init)(void *data, struct sp_cli *cli);
    /* NULL, or called when all options are known: *out_target becomes a target (in cli->arena) that
     * stands before the others, or NULL when there is none. False: as `set`. */
    bool (*finish)(void *data, struct sp_cli *cli, const char **out_target, char *error,
                   size_t size);
    /* Texts for the helps: what stands above the targets, and at the end of --help. */
    const char *usage, *exit_codes;
    const struct sp_cli_manual *manual;
};
extern const struct sp_cli_program sp_cli_smtp_probe;
extern const struct sp_cli_manual sp_cli_smtp_probe_manual;

/* What the program knows, in the order of --help: its own options, then the table with what takes the
 * place of a row. NULL: nothing stands at this index. */
size_t sp_cli_row_count(const struct sp_cli_program *program);
const struct sp_option_info *sp_cli_row(const struct sp_cli_program *program, size_t index);

/*
 * Takes argv[1..argc) and the variables of `environment` (as environ; NULL: none) apart; reads the files
 * of targets. *out_cli points into argv in no case. Always call sp_cli_free afterwards. The targets'
 * options point to out_cli->options, so *out_cli must not move.
 */
enum sp_cli_action sp_cli_parse(int argc, char *const *argv, char *const *environment,
                                struct sp_cli *out_cli);
/* The same for another program. */
enum sp_cli_action sp_cli_parse_for(const struct sp_cli_program *program, int argc,
                                    char *const *argv, char *const *environment,
                                    struct sp_cli *out_cli);
void sp_cli_free(struct sp_cli *cli);

#endif
