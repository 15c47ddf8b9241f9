/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of options that are lists of TLS's names; for option_kinds.c. */
#ifndef SP_PROBE_OPTION_TLS_H
#define SP_PROBE_OPTION_TLS_H

#include "probe/option_kinds.h"

/* As sp_setting_apply. Each adds to the list that is there; an empty value stands for an empty list. What
 * the TLS library can't do is refused as such. */
bool sp_setting_suites(const struct sp_setting *set);
bool sp_setting_groups(const struct sp_setting *set);
bool sp_setting_protocols(const struct sp_setting *set);

#endif
