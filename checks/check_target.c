/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What went wrong on our side: a target that can't be read, a run that was stopped, our own faults. */
#include "checks/failure.h"

static bool owns(enum sp_reason reason, enum sp_phase phase)
{
    return sp_failure_owner(reason, phase) == SP_OWNER_TARGET;
}

const struct sp_check sp_check_target = {
    .name = "target",
    .help = "whether the target can be probed from here at all",
    .needs = SP_NEED_NONE,
    .owns = owns,
};
