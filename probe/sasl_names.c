/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/sasl_names.h"

#include "probe/sasl.h"

#include <string.h>

struct sp_sasl_facts sp_sasl_facts(const char *name)
{
    const struct sp_sasl_mech *mech = sp_sasl_find(name, strlen(name));
    if (mech == NULL)
        return (struct sp_sasl_facts){0};
    return (struct sp_sasl_facts){.strength = mech->strength,
                                  .exposes = mech->exposes,
                                  .binds = (mech->needs & SP_SASL_NEEDS_BINDING) != 0,
                                  .token = (mech->needs & SP_SASL_NEEDS_TOKEN) != 0};
}
