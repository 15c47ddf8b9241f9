/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of the session. All that was asked for is known by then, so a lost reply to QUIT is told but
 * never worsens the verdict (sp_failure_state makes it information). */
#include "checks/failure.h"

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_QUIT;
}

const struct sp_check sp_check_quit = {
    .name = "quit",
    .help = "whether the session could be ended politely; information only",
    .needs = SP_NEED_NONE,
    .owns = owns,
};
