/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AlgorithmIdentifiers (RFC 5280 §4.1.1.2): of keys, of signatures and of hashes. */
#ifndef SP_PROBE_ALGORITHM_H
#define SP_PROBE_ALGORITHM_H

#include "probe/der.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_sig_alg {
    SP_SIG_UNKNOWN,
    SP_SIG_RSA_MD5,
    SP_SIG_RSA_SHA1,
    SP_SIG_RSA_SHA224,
    SP_SIG_RSA_SHA256,
    SP_SIG_RSA_SHA384,
    SP_SIG_RSA_SHA512,
    SP_SIG_RSA_PSS,
    SP_SIG_ECDSA_SHA1,
    SP_SIG_ECDSA_SHA224,
    SP_SIG_ECDSA_SHA256,
    SP_SIG_ECDSA_SHA384,
    SP_SIG_ECDSA_SHA512,
    SP_SIG_ED25519,
    SP_SIG_ED448,
    SP_SIG_DSA,
    SP_SIG_MD2,
    SP_SIG_COUNT
};

/* The hash inside a signature; RSA-PSS names it in its parameters. */
enum sp_hash {
    SP_HASH_UNKNOWN,
    SP_HASH_NONE,
    SP_HASH_MD2,
    SP_HASH_MD5,
    SP_HASH_SHA1,
    SP_HASH_SHA224,
    SP_HASH_SHA256,
    SP_HASH_SHA384,
    SP_HASH_SHA512
};

struct sp_algorithm {
    struct sp_slice oid;
    struct sp_der_value parameters;
    bool has_parameters;
    struct sp_slice whole; /* with its header */
};

/* Reads the next value of `der` as an AlgorithmIdentifier. False: it is none. */
bool sp_algorithm_read(struct sp_der *der, struct sp_algorithm *out);
/* Compares with an OID's content octets. */
bool sp_oid_is(struct sp_slice oid, const char *octets, size_t len);

struct sp_signature_algorithm {
    enum sp_sig_alg alg;
    enum sp_hash hash;
    const char *text; /* OpenSSL's long name: "ecdsa-with-SHA256"; NULL: unknown */
    /* RSA-PSS (RFC 4055 §3.1): the hash of MGF1, and the salt's octets. `hash` is SP_HASH_UNKNOWN when the
     * parameters are missing, malformed or name what we don't know. */
    enum sp_hash mgf_hash;
    int salt_len;
};

/* What a signature algorithm means; an unknown one is SP_SIG_UNKNOWN without a text. */
void sp_algorithm_signature(const struct sp_algorithm *algorithm,
                            struct sp_signature_algorithm *out);
/* The hash that an OID names, or SP_HASH_UNKNOWN. */
enum sp_hash sp_algorithm_hash(struct sp_slice oid);
/* "SHA-1" of a hash for which forgeries can be made; NULL for a good one. */
const char *sp_hash_weak_name(enum sp_hash hash);

#endif
