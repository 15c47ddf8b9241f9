/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server says in a challenge about its refusal, made readable: the error of OAuth (RFC 7628 §3.2.2,
 * and XOAUTH2's like it) is a JSON object, that of SCRAM (RFC 5802 §7) a word. */
#ifndef SP_CHECKS_SERVER_SAID_H
#define SP_CHECKS_SERVER_SAID_H

#include <stdbool.h>
#include <stddef.h>

/* Writes "status 400, scope https://mail.example.org/" for a JSON object with one of these members, else the
 * text as it is, into out[0..size); raw, as the server sent it. Returns out. */
const char *sp_word_server_said(char *out, size_t size, const char *said);
/* The value of a member of the JSON object `said` that is a string or a number, escapes undone (what is
 * beyond ASCII becomes "?"), cut to the room there is. False: it is no such object, or has no such member. */
bool sp_server_said_member(const char *said, const char *member, char *out, size_t size);

#endif
