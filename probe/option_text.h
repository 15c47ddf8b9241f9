/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of options as text again: what sp_option_set reads, for commands and listings. */
#ifndef SP_PROBE_OPTION_TEXT_H
#define SP_PROBE_OPTION_TEXT_H

#include "probe/buf.h"
#include "probe/options.h"

#include <stdbool.h>

enum sp_option_given {
    SP_OPTION_NOT_GIVEN, /* the value that stands for "not given", a flag that is off */
    SP_OPTION_FLAG,      /* a flag that is on: it has no value */
    SP_OPTION_VALUE      /* its value was appended */
};

/* False: over the buffer's cap or out of memory. */
bool sp_option_text(const struct sp_options *options, const struct sp_option_info *info,
                    struct sp_buf *out, enum sp_option_given *out_given);

#endif
