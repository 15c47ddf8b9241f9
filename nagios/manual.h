/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_smtp_probe(1): the part that is the plugin's own. */
#ifndef SP_NAGIOS_MANUAL_H
#define SP_NAGIOS_MANUAL_H

#include "probe/cli.h"

extern const struct sp_cli_manual sp_plugin_manual;

#endif
