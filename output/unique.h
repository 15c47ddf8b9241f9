/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which results of a report share a name. Perfdata labels and metric series must be unique, but the
 * same target may stand in a batch twice, and a host may be probed once per address.
 */
#ifndef SP_OUTPUT_UNIQUE_H
#define SP_OUTPUT_UNIQUE_H

#include "checks/check.h"

enum sp_unique_by {
    SP_UNIQUE_INPUT,    /* the target as the user wrote it */
    SP_UNIQUE_HOST_PORT /* host and port, or the socket's path; the input of an invalid target */
};

enum sp_unique {
    SP_UNIQUE_NAME, /* the name alone tells it from all others */
    SP_UNIQUE_IP,   /* name and address together do */
    SP_UNIQUE_NOT   /* an earlier result has the same name and the same address */
};

/* One mark for each result, in the report's order; the caller frees. NULL: out of memory. An empty
 * report gives a valid pointer. */
enum sp_unique *sp_unique_marks(const struct sp_report *report, enum sp_unique_by by);

#endif
