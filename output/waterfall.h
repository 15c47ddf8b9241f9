/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where an endpoint's time went: one bar a phase, drawn where it began and as long as it took. */
#ifndef SP_OUTPUT_WATERFALL_H
#define SP_OUTPUT_WATERFALL_H

#include "output/output.h"

/* Nothing when no phase was tried. */
void sp_waterfall_write(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_result *result);

#endif
