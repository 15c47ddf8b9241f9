/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of compat mode: command line, session, verdict, text. */
#ifndef SP_NAGIOS_COMPAT_RUN_H
#define SP_NAGIOS_COMPAT_RUN_H

#include "output/writer.h"
#include "probe/reason.h"

/* Overwrites passwords in argv. Whatever goes wrong is told in the text and is UNKNOWN. */
enum sp_state sp_compat_run(int argc, char **argv, struct sp_writer *writer);

#endif
