/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which mechanism logs in, and whether one may at all. Pure: facts and options in, a choice out.
 *
 * A secret leaves only where it is safe: a mechanism that exposes it needs TLS with a server that has
 * proven who it is; where a certificate was looked at and failed no mechanism with a secret is used. One
 * attempt a probe: nothing weaker is tried when the server refuses, since accounts get locked.
 */
#ifndef SP_PROBE_AUTH_H
#define SP_PROBE_AUTH_H

#include "probe/evidence.h"
#include "probe/sasl.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_auth_choice {
    const struct sp_sasl_mech *mech; /* NULL: no login */
    enum sp_reason reason;           /* why not; SP_REASON_OK when there is a mechanism */
    const char *detail;              /* why not, one line in the evidence's arena or static */
};

/* Whether the options ask for a login: --user, a secret, or --auth with a name. */
bool sp_auth_wanted(const struct sp_options *options);
/* Chooses among what the EHLO that counts offers. `binding`: what the connection could be bound with. */
struct sp_auth_choice sp_auth_choose(const struct sp_evidence *evidence,
                                     const struct sp_credentials *credentials,
                                     enum sp_binding_type binding);
/* Whether a certificate or pin has shown who the server is, as far as the options ask for it. */
bool sp_auth_server_is_proven(const struct sp_evidence *evidence);
/* Whether this mechanism gives the secret to whoever reads along or stands in the server's place. */
bool sp_auth_exposes(const struct sp_evidence *evidence, const struct sp_sasl_mech *mech);

#endif
