/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Durations as the files of Go programs have them, which we read too. */
#ifndef SP_PROMETHEUS_DURATION_H
#define SP_PROMETHEUS_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* "1m30s", ".5s", "250ms", "0", up to 24 hours; no sign but "+". */
bool sp_duration_parse(const char *text, uint64_t *out_ns);

#endif
