/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The refusals of a login that mail people meet, and what to do about each: large providers and the
 * usual servers tell their causes by codes and phrases. What a server says chooses among these texts and
 * is never part of one.
 */
#ifndef SP_CHECKS_AUTH_ADVICE_H
#define SP_CHECKS_AUTH_ADVICE_H

#include "probe/evidence.h"

struct sp_refusal {
    const struct sp_reply *reply; /* how the login was answered; NULL: nothing is known */
    const char *server_said;      /* decoded from a challenge before that, or NULL */
    const char *mechanism;        /* upper case, or NULL */
    const char *host;             /* the target's, as the user named it, or NULL */
};

/* The next step, static; NULL: no refusal that is known here. */
const char *sp_auth_advice(const struct sp_refusal *refusal);

#endif
