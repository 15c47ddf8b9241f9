/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of dialogue.h share: for no one else. */
#ifndef SP_PROBE_DIALOGUE_PRIVATE_H
#define SP_PROBE_DIALOGUE_PRIVATE_H

#include "probe/dialogue.h"

/* --- dialogue.c ----------------------------------------------------------------------------------- */

/* The one setter of the state. Returns what the state sends. */
struct sp_action sp_dialogue_enter(struct sp_dialogue *dialogue, enum sp_dialogue_state state,
                                   int64_t now_ns);
/* A line of ours for the transcript, secrets left out. */
void sp_dialogue_note_sent(struct sp_dialogue *dialogue, int64_t now_ns, const char *text);
/* Ends the session early: the failure's reason and one line, which is masked. */
void sp_dialogue_fail(struct sp_dialogue *dialogue, enum sp_reason reason, int sys_errno,
                      const char *detail);
/* 421: there is nobody left to talk to. */
struct sp_action sp_dialogue_leave(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                   int64_t now_ns);
/* All that was asked for inside the session is done, but for the script. */
struct sp_action sp_dialogue_begin_script(struct sp_dialogue *dialogue, int64_t now_ns);

/* --- dialogue_mask.c ------------------------------------------------------------------------------ */

/* Masks every secret that the session knows; in the reply that is being read, all of its octets. */
void sp_dialogue_mask(const struct sp_dialogue *dialogue, char *text, size_t len);
void sp_dialogue_mask_reply(struct sp_dialogue *dialogue);
/* Masks in all that is stored already what has become known as a secret. False: out of memory; then nothing
 * unmasked is left all the same. */
bool sp_dialogue_mask_past(struct sp_dialogue *dialogue);

/* --- dialogue_auth.c ------------------------------------------------------------------------------ */

/* The hellos are over: logs in if that is wanted and may be. */
struct sp_action sp_dialogue_begin_auth(struct sp_dialogue *dialogue, int64_t now_ns);
/* What the states AUTH and AUTH_CANCEL send. */
struct sp_action sp_dialogue_send_auth(struct sp_dialogue *dialogue, int64_t now_ns);
struct sp_action sp_dialogue_send_cancel(struct sp_dialogue *dialogue, int64_t now_ns);
/* What they and AUTH_COMPUTE do with an event. */
struct sp_action sp_dialogue_on_computed(struct sp_dialogue *dialogue, int64_t now_ns);
struct sp_action sp_dialogue_on_auth_reply(struct sp_dialogue *dialogue,
                                           const struct sp_reply *reply, int64_t now_ns);
/* A challenge that may be the server's proof becomes a secret itself. False: out of memory. */
bool sp_dialogue_hide_proof(struct sp_dialogue *dialogue);
/* Whether a Kerberos server is waited for, and the mail server has not been told of the login yet. */
bool sp_dialogue_waits_for_ticket(const struct sp_dialogue *dialogue);
/* The time was over meanwhile (`detail` says which), and the mail server is not to blame. */
void sp_dialogue_blame_ticket(struct sp_dialogue *dialogue, const char *detail);

#endif
