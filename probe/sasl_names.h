/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of a SASL mechanism by its name, for those who judge what a server lists. Facts of the table
 * of mechanisms (sasl.h), without its machinery. */
#ifndef SP_PROBE_SASL_NAMES_H
#define SP_PROBE_SASL_NAMES_H

#include <stdbool.h>

struct sp_sasl_facts {
    unsigned strength; /* as in the table; the larger one is better. 0: unknown here */
    bool exposes;      /* who reads the login can log in with it: password or token in clear */
    bool binds;        /* the login is tied to the TLS connection: -PLUS */
    bool token;        /* its secret is an OAuth token, not a password */
};

/* By name in any case. One that is not in the table has strength 0 and exposes nothing that we know of. */
struct sp_sasl_facts sp_sasl_facts(const char *name);

#endif
