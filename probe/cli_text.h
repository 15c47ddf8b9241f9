/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The texts that smtp-probe can be asked for; those that end in _for are the same for another program.
 * All come from options.def and reason.def. Each appends to a buffer that the caller has given a cap
 * (SP_LIMIT_PAGE is enough) and returns false when it ran out of that or of memory.
 */
#ifndef SP_PROBE_CLI_TEXT_H
#define SP_PROBE_CLI_TEXT_H

#include "probe/buf.h"
#include "probe/cli.h"
#include "probe/endpoint.h"
#include "probe/reason.h"

#include <stdbool.h>

/* -h: what most people need, at most 24 lines of 80 columns. */
bool sp_cli_short_help_text(struct sp_buf *out);
/* --help: all options by group with their defaults, 80 columns. */
bool sp_cli_help_text(struct sp_buf *out);
/* --help=man: smtp-probe(1) in roff's man macros. */
bool sp_cli_man_text(struct sp_buf *out);
/* --help=bash: a completion script. */
bool sp_cli_bash_text(struct sp_buf *out);
bool sp_cli_version_text(struct sp_buf *out);
bool sp_cli_short_help_text_for(const struct sp_cli_program *program, struct sp_buf *out);
bool sp_cli_help_text_for(const struct sp_cli_program *program, struct sp_buf *out);
bool sp_cli_man_text_for(const struct sp_cli_program *program, struct sp_buf *out);
bool sp_cli_bash_text_for(const struct sp_cli_program *program, struct sp_buf *out);
bool sp_cli_version_text_for(const struct sp_cli_program *program, struct sp_buf *out);
/* --explain: a reason with its state, its explanation and what to do. */
bool sp_cli_explain_text(enum sp_reason reason, struct sp_buf *out);
/* --list-reasons: one line each. */
bool sp_cli_reasons_text(struct sp_buf *out);
/* --list-auth: one line a mechanism, the strongest first. */
bool sp_cli_auth_text(struct sp_buf *out);
/* --dry-run: one line a target. */
bool sp_cli_dry_run_text(const struct sp_target_list *targets, struct sp_buf *out);

#endif
