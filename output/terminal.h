/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the terminal and the locale can do, and the line of progress on it. */
#ifndef SP_OUTPUT_TERMINAL_H
#define SP_OUTPUT_TERMINAL_H

#include "output/output.h"
#include "probe/options.h"

#include <stdbool.h>
#include <stddef.h>

/* Decides how results are to look on descriptor `fd`, from the options, the locale (LC_CTYPE is set
 * from the environment here), NO_COLOR, TERM and COLUMNS. */
struct sp_render sp_render_for(int fd, const struct sp_options *options);

/* Whether progress is to be shown on standard error. */
bool sp_progress_wanted(const struct sp_options *options, size_t target_count);
/* Rewrites the line of progress on standard error. */
void sp_progress_show(size_t done, size_t total, const size_t by_state[SP_STATE_COUNT]);
/* Removes it. */
void sp_progress_clear(void);

#endif
