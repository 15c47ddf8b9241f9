/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMTP replies from octets (RFC 5321 §4.2, §4.2.1) and enhanced status codes (RFC 2034 §4, RFC 3463 §2).
 * The parser takes octets in pieces of any size and gives the same result for any cut. It never waits
 * for the end of a line that can't become a reply any more.
 */
#ifndef SP_PROBE_REPLY_H
#define SP_PROBE_REPLY_H

#include "probe/arena.h"
#include "probe/buf.h"
#include "probe/evidence.h"
#include "probe/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_reply_status {
    SP_REPLY_MORE,      /* all octets taken, the reply is not complete */
    SP_REPLY_DONE,      /* one complete reply: sp_reply_take */
    SP_REPLY_BAD,       /* not a reply: protocol-error. Stays so until the parser is freed. */
    SP_REPLY_TOO_LARGE, /* over SP_LIMIT_REPLY_LINE, _LINES or _BYTES. Stays so. */
    SP_REPLY_NOMEM      /* stays so */
};

/* Plain, without heap beyond `raw`; the fields belong to reply.c. */
struct sp_reply_parser {
    struct sp_buf raw;           /* octets of the reply so far */
    size_t line_start;           /* where the line under way begins in raw */
    size_t lines;                /* complete lines */
    int code;                    /* of the last complete line */
    unsigned quirks;             /* enum sp_quirk bits of the complete lines */
    enum sp_reply_status status; /* of the last call */
};

/* Ready for the first reply; allocates nothing. */
void sp_reply_parser_init(struct sp_reply_parser *parser);
/* Frees the memory; the parser is as after init. */
void sp_reply_parser_free(struct sp_reply_parser *parser);

/*
 * Takes octets until a reply is complete; *out_used says how many were taken. After DONE the rest
 * belongs to what comes next. After BAD further calls keep some octets more, which helps
 * sp_reply_guess, and give BAD again. A DONE that was not taken gives DONE again and takes nothing.
 */
enum sp_reply_status sp_reply_parse(struct sp_reply_parser *parser, const uint8_t *data, size_t len,
                                    size_t *out_used);

/* Masks secrets in all octets of the reply so far, before they are cut or copied. Called before
 * sp_reply_take and sp_reply_received; changes neither code nor quirks. NULL: no secrets. */
void sp_reply_mask(struct sp_reply_parser *parser, const struct sp_secrets *secrets);

/*
 * After DONE: moves the reply into the arena and makes the parser ready for the next one. Sets every
 * field; phase and ns are the caller's to fill, and `enhanced` is NULL until sp_reply_enhanced.
 * False: out of memory, or the arena's cap; the parser still holds the reply.
 */
bool sp_reply_take(struct sp_reply_parser *parser, struct sp_arena *arena,
                   struct sp_reply *out_reply);

/* After BAD: what the peer looks like, a noun phrase as in "looks like an SSH server". Never NULL. */
const char *sp_reply_guess(const struct sp_reply_parser *parser);

/* The octets of the incomplete or bad reply, valid until the parser's next call. NULL when *out_len
 * is 0. Raw: sanitize before printing. */
const uint8_t *sp_reply_received(const struct sp_reply_parser *parser, size_t *out_len);

/*
 * Looks for an enhanced status code and sets reply->enhanced. Only for replies where RFC 2034 allows
 * one: the server listed ENHANCEDSTATUSCODES, and it is not the banner or the reply to HELO or EHLO.
 * True: every line starts with the same well-formed code and its class agrees with the reply's.
 * False: otherwise, or out of memory; reply->enhanced is NULL.
 */
bool sp_reply_enhanced(struct sp_arena *arena, struct sp_reply *reply);

#endif
