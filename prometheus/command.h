/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line that repeats a probe by hand. */
#ifndef SP_PROMETHEUS_COMMAND_H
#define SP_PROMETHEUS_COMMAND_H

#include "prometheus/outcome.h"

#include <stdbool.h>

/*
 * "smtp-probe --transcript --tls=starttls … TARGET": every option that is not at its default, each word
 * quoted for a POSIX shell where it needs that. It is UTF-8 without a control or an invisible character but
 * LF between quotes, so that what is copied from a page is what was probed: other octets stand as the
 * output of printf(1). False: over the buffer's cap or out of memory.
 */
bool sp_command_write(const struct sp_outcome *outcome, struct sp_buf *out);

#endif
