/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server says in SCRAM (RFC 5802 §7), read strictly: it is hostile until its signature is right, and
 * these messages decide how much we compute. Nothing here allocates.
 */
#ifndef SP_PROBE_SASL_SCRAM_MESSAGE_H
#define SP_PROBE_SASL_SCRAM_MESSAGE_H

#include "probe/der.h"
#include "probe/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_scram_first {
    struct sp_slice nonce; /* ours and the server's behind it; points into the message */
    uint8_t salt[SP_LIMIT_SCRAM_SALT];
    size_t salt_len;     /* > 0 */
    unsigned iterations; /* SP_LIMIT_SCRAM_MIN to SP_LIMIT_SCRAM_MAX */
};

/*
 * Reads the server-first-message. `our_nonce` is what the server's has to begin with. False: error[0..size)
 * is one line on what the server did wrong, which may quote it raw.
 */
bool sp_scram_read_first(struct sp_slice message, struct sp_slice our_nonce,
                         struct sp_scram_first *out_first, char *error, size_t size);

struct sp_scram_final {
    bool refused;            /* "e=" in place of a signature */
    struct sp_slice refusal; /* its value; points into the message */
    uint8_t signature[SP_LIMIT_SCRAM_SIGNATURE];
    size_t signature_len;
};

/* Whether it is a refusal ("e="), which a server may send in place of any message. */
bool sp_scram_is_refusal(struct sp_slice message);
/* Reads the server-final-message. False as above. */
bool sp_scram_read_final(struct sp_slice message, struct sp_scram_final *out_final, char *error,
                         size_t size);

#endif
