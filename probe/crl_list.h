/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One revocation list and the index of its entries; a part of crl.c, for nobody else. */
#ifndef SP_PROBE_CRL_LIST_H
#define SP_PROBE_CRL_LIST_H

#include "probe/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_CRL_OID_SIZE 64u

struct sp_crl_list {
    struct sp_signed what;
    struct sp_signature_algorithm algorithm;
    struct sp_slice issuer;           /* DER of the Name */
    uint32_t issuer_hash;             /* sp_dn_hash */
    int64_t this_update, next_update; /* Unix seconds; next_update 0: not told */
    /* Why it can't tell of any certificate: "is a delta CRL"; NULL: it can. */
    const char *unusable;
    char unusable_oid[SP_CRL_OID_SIZE]; /* of the extension that `unusable` is about, or "" */
    /* What it covers (RFC 5280 §5.2.5). */
    bool only_user, only_ca, only_attribute, some_reasons;
    struct sp_slice point; /* content of the distribution point's name, or empty: all */
    /* The entries, and where each stands in them: those of bucket b are places[starts[b]..starts[b + 1]). */
    struct sp_slice entries;
    size_t count;
    uint32_t *places, *starts;
    size_t bucket_count; /* a power of two */
};

struct sp_crl_entry {
    struct sp_slice serial;
    int64_t revoked_at;
    int reason; /* RFC 5280 §5.3.1; -1: not told */
};

/*
 * Reads one CertificateList that fills der[0..len), which has to outlive *out. NULL when done, else what is
 * wrong: a part of a sentence, static. Out of memory is "out of memory" too: *out_memory tells.
 */
const char *sp_crl_list_read(struct sp_crl_list *out, const uint8_t *der, size_t len,
                             bool *out_memory);
void sp_crl_list_free(struct sp_crl_list *list);
/* The entry of a serial number, as the content of the INTEGER. False: there is none. */
bool sp_crl_list_find(const struct sp_crl_list *list, struct sp_slice serial,
                      struct sp_crl_entry *out);

#endif
