/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any octets as a certificate: what is read must lie inside of them and be safe to print. */
#include "probe/cert.h"
#include "probe/dn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_slice(struct sp_slice slice, const struct sp_cert *cert)
{
    need(slice.len == 0 || (slice.data >= cert->der.data &&
                            slice.data + slice.len <= cert->der.data + cert->der.len));
}

static void check_text(const char *text)
{
    need(text != NULL && strlen(text) < SP_LIMIT_DN_TEXT);
    for (const char *p = text; *p != '\0'; p++) {
        need((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

static void check_parsed(const struct sp_cert *cert)
{
    struct sp_slice slices[] = {cert->tbs,       cert->serial,      cert->issuer,
                                cert->subject,   cert->spki,        cert->key_bits,
                                cert->signature, cert->sig_alg_der, cert->san,
                                cert->ski,       cert->aki,         cert->name_constraints};
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        check_slice(slices[i], cert);
    }
    check_text(cert->issuer_text);
    check_text(cert->subject_text);
    check_text(cert->key_text);
    check_text(cert->sig_text);
    if (cert->common_name != NULL) {
        check_text(cert->common_name);
    }
    need(cert->serial.len > 0 && cert->flaw_count <= SP_LIMIT_CERT_FLAWS);
    need(cert->name_count <= SP_LIMIT_NAMES);
    need(strlen(cert->sha256) == 64 && strlen(cert->spki_sha256) == 64);
    for (size_t i = 0; i < cert->name_count; i++) {
        need(cert->names[i].value.data[cert->names[i].value.len] == '\0');
    }
    need(sp_dn_equal(cert->subject, cert->subject) && sp_dn_within(cert->issuer, cert->issuer));
    need(!sp_dn_equal(cert->subject, cert->issuer) ||
         sp_dn_hash(cert->subject) == sp_dn_hash(cert->issuer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_cert cert;
    /* Every fourth input runs with little memory: that must end in false, not in half a fact. */
    size_t cap = size % 4 == 3 ? (size * 7) % 2000 : SP_LIMIT_ARENA;
    struct sp_arena *arena = sp_arena_new(cap);
    need(arena != NULL);
    if (sp_cert_parse(arena, data, size, &cert)) {
        need(cert.parsed == (cert.error == NULL));
        if (cert.parsed) {
            check_parsed(&cert);
        }
    } else {
        /* One certificate never needs more than the memory of a whole endpoint. */
        need(cap != SP_LIMIT_ARENA);
    }
    sp_arena_free(arena);
    return 0;
}
