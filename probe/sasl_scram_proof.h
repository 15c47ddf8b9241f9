/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The computation of SCRAM (RFC 5802 §3): from a password to what each side shows the other. */
#ifndef SP_PROBE_SASL_SCRAM_PROOF_H
#define SP_PROBE_SASL_SCRAM_PROOF_H

#include "probe/sasl_hash.h"

struct sp_scram_salted {
    uint8_t
        octets[SP_SASL_HASH_MAX]; /* SaltedPassword: as good as the password; wiped by the owner */
};

struct sp_scram_proof {
    uint8_t client[SP_SASL_HASH_MAX]; /* ClientProof */
    uint8_t server[SP_SASL_HASH_MAX]; /* ServerSignature */
};

/* All of the time that a login takes: see sp_sasl_hi. `password` is prepared (RFC 4013). */
bool sp_scram_salt(enum sp_sasl_hash hash, struct sp_slice password, struct sp_slice salt,
                   unsigned iterations, const atomic_bool *cancelled,
                   struct sp_scram_salted *out_salted);
/* auth_message[0..count) is AuthMessage in parts. False: the library failed. */
bool sp_scram_prove(enum sp_sasl_hash hash, const struct sp_scram_salted *salted,
                    const struct sp_slice *auth_message, size_t count,
                    struct sp_scram_proof *out_proof);

#endif
