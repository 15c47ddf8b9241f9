/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch at a glance: one line an endpoint. */
#ifndef SP_OUTPUT_TABLE_H
#define SP_OUTPUT_TABLE_H

#include "output/output.h"

#include <stddef.h>

/* A heading and one line for each of results[0..count), in that order; nothing when count is 0. */
void sp_table_write(struct sp_writer *writer, const struct sp_render *render,
                    const struct sp_result *const *results, size_t count);

#endif
