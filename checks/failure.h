/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the failure that ended a session becomes a finding: its state and its message. The checks that
 * own a failure use these and change what they know better.
 */
#ifndef SP_CHECKS_FAILURE_H
#define SP_CHECKS_FAILURE_H

#include "checks/check.h"

/*
 * Who reports a failure. Most failures belong to the phase in which they happened; these words tell the
 * exceptions, so that the checks' `owns` functions can never claim one failure twice:
 * QUIT is a room of its own (nothing there may worsen a verdict), what our own side did wrong is the
 * target check's, and starttls-* reasons are the starttls check's also when EHLO brought them about.
 */
enum sp_owner {
    SP_OWNER_PHASE, /* the check of the phase */
    SP_OWNER_TARGET,
    SP_OWNER_STARTTLS,
    SP_OWNER_QUIT
};
enum sp_owner sp_failure_owner(enum sp_reason reason, enum sp_phase phase);

/* True when the session ended early for this very reason. */
bool sp_failed_with(const struct sp_evidence *evidence, enum sp_reason reason);
/* True when the session ended early in this phase, whatever the reason. */
bool sp_failed_in(const struct sp_evidence *evidence, enum sp_phase phase);
/* True when the session came to its end without TLS, or STARTTLS is missing or refused: what a user asks
 * of TLS or certificates is then not fulfilled. A server that is busy for now, and one whose handshake failed,
 * has said nothing about it, and that is a finding of its own. */
bool sp_stayed_without_tls(const struct sp_evidence *evidence);

/*
 * The state of the failure: the reason's default, except that a server that says "never" (5xx) in
 * place of a service is CRITICAL, a reset in the middle of a dialogue is WARNING (it says nothing
 * certain about the server), an address that this machine can't connect from is UNKNOWN, and whatever
 * goes wrong with QUIT is information. When the time for the whole endpoint is over, the state that the
 * options set for that counts.
 */
enum sp_state sp_failure_state(const struct sp_evidence *evidence);
/*
 * Adds the finding of evidence->failure with the state given. The message is composed from the facts
 * (limits, addresses, replies); only reasons about which the facts say nothing use failure.detail.
 */
struct sp_finding *sp_failure_add_state(const struct sp_evidence *evidence,
                                        struct sp_result *result, enum sp_state state);
/* The same with sp_failure_state. */
struct sp_finding *sp_failure_add(const struct sp_evidence *evidence, struct sp_result *result);

#endif
