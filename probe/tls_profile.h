/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What --tls-policy allows: Mozilla's guidelines for the server side of TLS, "modern" and "intermediate"
 * of version 6.0 and "old" of version 5.8, the last one that had it. A table, no judgement: checks/
 * compares what was seen with it, and surveys ask for what is not in it. Knows no TLS library.
 */
#ifndef SP_PROBE_TLS_PROFILE_H
#define SP_PROBE_TLS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_tls_policy {
    SP_TLS_POLICY_NONE,
    SP_TLS_POLICY_MODERN,
    SP_TLS_POLICY_INTERMEDIATE,
    SP_TLS_POLICY_OLD
};

struct sp_tls_profile {
    const char *name;     /* "intermediate" */
    uint16_t version_min; /* the oldest version allowed; all newer ones are */
    /* Of the server's own certificate. The keys of `old` are RSA only; a second certificate with an EC
     * key beside it is not looked for. */
    bool rsa, ec;
    unsigned lifespan_days; /* at most, from notBefore to notAfter */
};

/* NULL for SP_TLS_POLICY_NONE. */
const struct sp_tls_profile *sp_tls_profile(enum sp_tls_policy policy);
/* By numbers as on the wire. */
bool sp_tls_profile_has_suite(enum sp_tls_policy policy, uint16_t suite);
bool sp_tls_profile_has_group(uint16_t group); /* all three have the same groups */
/* A curve of a certificate's key, as cert.h names it: "EC P-256". */
bool sp_tls_profile_has_key(const char *key_text);
/* "X25519MLKEM768, x25519, secp256r1 or secp384r1". */
const char *sp_tls_profile_group_names(void);

#endif
