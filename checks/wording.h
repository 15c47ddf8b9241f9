/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of messages that several checks need: durations, quoted replies, who was asked what. */
#ifndef SP_CHECKS_WORDING_H
#define SP_CHECKS_WORDING_H

#include "probe/evidence.h"

#include <stddef.h>
#include <stdint.h>

#define SP_WORDING_SIZE 512u   /* room for one whole message */
#define SP_WORDING_QUOTE 160   /* octets of a server's text that a message quotes */
#define SP_WORDING_ATTEMPTS 4u /* attempts that a message lists */

/* "0.004 ms", "0.4 ms", "88 ms", "5.0 s". Writes into out and returns it. */
const char *sp_word_duration(char *out, size_t size, int64_t ns);
/* "550 'go away'" with the first line's text, raw; code alone when there is no text. */
const char *sp_word_reply(char *out, size_t size, const struct sp_reply *reply);
/* "192.0.2.1 port 25", "mx.example.org port 25" before an address is known, or a socket's path. */
const char *sp_word_peer(char *out, size_t size, const struct sp_evidence *evidence);
/* The attempts that failed: "2001:db8::9 connect-refused after 0.4 ms, … and 3 more"; one that was called
 * off because another address was faster has not failed. Returns how many there are. */
size_t sp_word_attempts(char *out, size_t size, const struct sp_evidence *evidence);
/* What was answered in this phase: "EHLO", "LHLO", "HELO", "EHLO inside TLS", "STARTTLS"; for other
 * phases their name. */
const char *sp_word_command(const struct sp_evidence *evidence, enum sp_phase phase);
/* The last reply of this phase, or NULL. */
const struct sp_reply *sp_phase_reply(const struct sp_evidence *evidence, enum sp_phase phase);

#endif
