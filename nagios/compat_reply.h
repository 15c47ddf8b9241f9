/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies as check_smtp has them: the server's octets, to be searched and to be shown. All is raw. */
#ifndef SP_NAGIOS_COMPAT_REPLY_H
#define SP_NAGIOS_COMPAT_REPLY_H

#include "nagios/compat.h"
#include "probe/buf.h"
#include "probe/evidence.h"
#include "probe/limits.h"

#include <stdbool.h>

/* Room for a greeting and the reply to a hello, with code and line end on each line. */
#define SP_COMPAT_TEXT_SIZE (2 * (SP_LIMIT_REPLY_BYTES + 8 * SP_LIMIT_REPLY_LINES))

/* The reply to the last EHLO, LHLO or HELO, or NULL. */
const struct sp_reply *sp_compat_hello(const struct sp_evidence *evidence);
/* The first reply to a hello that is not 250 and not what -e asks for, or NULL. */
const struct sp_reply *sp_compat_refused_hello(const struct sp_compat *compat,
                                               const struct sp_evidence *evidence);
/* "250-mx.example.org" CR LF "250 SIZE" CR LF, or with quirks what the server has really sent. False:
 * out of memory. */
bool sp_compat_append_reply(struct sp_buf *out, const struct sp_reply *reply);
/* The greeting, the reply to the last hello, and what came in place of either but is no reply. */
bool sp_compat_append_greeting(struct sp_buf *out, const struct sp_evidence *evidence);
/* Takes blanks and line ends off the end. */
void sp_compat_strip(struct sp_buf *text);
/* The length of text[0..len) without the white space at its end. */
size_t sp_compat_stripped(const char *text, size_t len);

/*
 * True when greeting and hello are what -e asks for: the reply code 220 for "220" and without -e, else
 * the text anywhere in the greeting or in the reply to the last hello. A greeting with another code
 * than 220 is only taken when the text of -e stands at its very beginning, as in "-e 554": a word that
 * a server uses in greetings of both kinds must not make an outage an OK.
 */
bool sp_compat_expected(const struct sp_compat *compat, const struct sp_evidence *evidence);

#endif
