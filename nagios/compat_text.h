/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a verdict is written: what monitoring systems have always read from check_smtp.
 *
 *   output  = [lines] ["SMTP " STATE " - " errors TIME " sec. response time" ["|" perfdata] LF] [dialogue]
 *
 * The first line is the worst thing that happened. Performance data stand on the first line where they
 * can, else on the very last one, since everything behind a "|" would be taken for performance data.
 */
#ifndef SP_NAGIOS_COMPAT_TEXT_H
#define SP_NAGIOS_COMPAT_TEXT_H

#include "nagios/compat_verdict.h"
#include "output/writer.h"

/* The whole output, safe to print. */
void sp_compat_write(struct sp_writer *writer, const struct sp_compat *compat,
                     const struct sp_evidence *evidence, const struct sp_compat_verdict *verdict);

#endif
