/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of smtp-probe: arguments and environment in, options and targets out. Prints nothing;
 * the texts that can be asked for are appended to buffers (cli_text.h).
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
    SP_CLI_USAGE_ERROR   /* cli->message to stderr, exit code 64 */
};

struct sp_cli {
    struct sp_arena *arena; /* owns the options' strings */
    struct sp_options options;
    struct sp_target_list targets; /* filled for SP_CLI_RUN and SP_CLI_DRY_RUN */
    enum sp_reason explain;
    struct sp_buf message; /* lines with line ends, printable; for SP_CLI_USAGE_ERROR */
};

/*
 * Takes argv[1..argc) and the variables of `environment` (as environ; NULL: none) apart; reads the files
 * of targets. *out_cli points into argv in no case. Always call sp_cli_free afterwards. The targets'
 * options point to out_cli->options, so *out_cli must not move.
 */
enum sp_cli_action sp_cli_parse(int argc, char *const *argv, char *const *environment,
                                struct sp_cli *out_cli);
void sp_cli_free(struct sp_cli *cli);

#endif
