/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/sasl_scram_proof.h"

#include "probe/secret.h"

#define OCTETS(text) ((struct sp_slice){(const uint8_t *)(text), sizeof(text) - 1})

bool sp_scram_salt(enum sp_sasl_hash hash, struct sp_slice password, struct sp_slice salt,
                   unsigned iterations, const atomic_bool *cancelled,
                   struct sp_scram_salted *out_salted)
{
    return sp_sasl_hi(hash, password, salt, iterations, cancelled, out_salted->octets);
}

struct keys {
    uint8_t client[SP_SASL_HASH_MAX], stored[SP_SASL_HASH_MAX], server[SP_SASL_HASH_MAX];
};

static bool derive(enum sp_sasl_hash hash, const struct sp_scram_salted *salted, struct keys *keys)
{
    const struct sp_slice client = OCTETS("Client Key"), server = OCTETS("Server Key");
    size_t size = sp_sasl_hash_size(hash);
    struct sp_slice key = {salted->octets, size}, client_key = {keys->client, size};
    return sp_sasl_hmac(hash, key, &client, 1, keys->client) &&
           sp_sasl_digest(hash, &client_key, 1, keys->stored) &&
           sp_sasl_hmac(hash, key, &server, 1, keys->server);
}

bool sp_scram_prove(enum sp_sasl_hash hash, const struct sp_scram_salted *salted,
                    const struct sp_slice *auth_message, size_t count,
                    struct sp_scram_proof *out_proof)
{
    struct keys keys;
    size_t size = sp_sasl_hash_size(hash);
    bool good = derive(hash, salted, &keys) &&
                sp_sasl_hmac(hash, (struct sp_slice){keys.stored, size}, auth_message, count,
                             out_proof->client) &&
                sp_sasl_hmac(hash, (struct sp_slice){keys.server, size}, auth_message, count,
                             out_proof->server);
    for (size_t i = 0; good && i < size; i++)
        out_proof->client[i] ^= keys.client[i]; /* ClientKey XOR ClientSignature */
    sp_secret_wipe(&keys, sizeof keys);
    return good;
}
