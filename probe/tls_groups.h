/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups and signature schemes of TLS as IANA numbers and names them. Knows no TLS library. */
#ifndef SP_PROBE_TLS_GROUPS_H
#define SP_PROBE_TLS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_tls_group {
    uint16_t number;  /* IANA "TLS Supported Groups" */
    const char *name; /* "secp256r1" */
    unsigned bits;    /* of the curve's field, or of the prime; of a hybrid: of its curve */
    bool finite;      /* finite-field Diffie-Hellman (RFC 7919), not a curve */
};

/* All groups known by name; *out_count rows. */
const struct sp_tls_group *sp_tls_groups(size_t *out_count);
/* NULL: not in the table. */
const struct sp_tls_group *sp_tls_group_find(uint16_t number);
/* By IANA name; NULL for NULL or an unknown one. */
const struct sp_tls_group *sp_tls_group_by_name(const char *name);

/* "rsa_pss_rsae_sha256" (IANA "TLS SignatureScheme"); NULL: not in the table. */
const char *sp_tls_scheme_name(uint16_t number);

#endif
