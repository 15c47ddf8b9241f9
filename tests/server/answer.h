/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a well-behaved server says. A script overrides it rule by rule. */
#ifndef TS_ANSWER_H
#define TS_ANSWER_H

#include "script.h"

enum ts_then { TS_THEN_GO_ON, TS_THEN_HANDSHAKE, TS_THEN_CLOSE };

void ts_answer_banner(const struct ts_server *server, struct ts_bytes *out);

/* Appends the reply to a command line (no line end) and returns what follows once it is sent. */
enum ts_then ts_answer_command(const struct ts_server *server, const char *line, int is_secure,
                               struct ts_bytes *out);

/* Whether EHLO lists AUTH. Lines that the script lists itself count as they are. */
int ts_answer_lists_auth(const struct ts_server *server, int is_secure);

/* Whether the line's first word is the verb, any case. */
int ts_answer_is_verb(const char *line, const char *verb);

#endif
