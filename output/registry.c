/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/output.h"

#include <string.h>

const struct sp_output *const sp_outputs[] = {
#define SP_OUTPUT(name) &sp_output_##name,
#include "output/list.h"
#undef SP_OUTPUT
    NULL,
};

const struct sp_output *sp_output_find(const char *name)
{
    for (size_t i = 0; sp_outputs[i] != NULL; i++)
        if (strcmp(sp_outputs[i]->name, name) == 0)
            return sp_outputs[i];
    return NULL;
}
