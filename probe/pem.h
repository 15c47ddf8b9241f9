/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PEM blocks (RFC 7468): finds them in a text and decodes them. */
#ifndef SP_PROBE_PEM_H
#define SP_PROBE_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_pem_block {
    const char *label; /* "CERTIFICATE"; points into the text, not terminated */
    size_t label_len;
    const char *body; /* base64 with its line ends */
    size_t body_len;
    bool complete; /* its END line is there and has the same label */
    size_t line;   /* of the BEGIN line, counted from 1 */
};

struct sp_pem {
    const char *at, *end;
    size_t line;
};

void sp_pem_init(struct sp_pem *pem, const void *text, size_t len);
/* The next block; text outside of blocks is skipped. False: no more. */
bool sp_pem_next(struct sp_pem *pem, struct sp_pem_block *out_block);
bool sp_pem_is(const struct sp_pem_block *block, const char *label);
/*
 * Decodes the block's base64 into `out`, which has room for block->body_len octets; it may be the
 * body itself, whose octets are then replaced. False: it is incomplete or not base64.
 */
bool sp_pem_decode(const struct sp_pem_block *block, uint8_t *out, size_t *out_len);

#endif
