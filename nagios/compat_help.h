/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What compat mode says about itself. `name` is what the program was called; false: out of memory. */
#ifndef SP_NAGIOS_COMPAT_HELP_H
#define SP_NAGIOS_COMPAT_HELP_H

#include "probe/buf.h"

#include <stdbool.h>

/* The lines below every complaint about the command line. */
bool sp_compat_usage_text(const char *name, struct sp_buf *out);
/* -h */
bool sp_compat_help_text(const char *name, struct sp_buf *out);
/* -V */
bool sp_compat_version_text(const char *name, struct sp_buf *out);

#endif
