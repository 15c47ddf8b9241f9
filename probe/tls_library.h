/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the TLS library on this machine is able to do, so that options can be checked before anything is
 * probed. Needs no context. */
#ifndef SP_PROBE_TLS_LIBRARY_H
#define SP_PROBE_TLS_LIBRARY_H

#include "probe/tls_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The suites of sp_tls_suites that the library has, in that order, at most SP_TLS_SUITES_MAX. 0: none,
 * or out of memory. */
size_t sp_tls_library_suites(uint16_t out_suites[SP_TLS_SUITES_MAX]);
/* Whether it can do a key exchange in this group. */
bool sp_tls_library_has_group(uint16_t number);

#endif
