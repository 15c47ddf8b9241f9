/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any octets as a store of roots: read bit by bit it holds what it holds when all is parsed at once. */
#include "probe/dn.h"
#include "probe/pem.h"
#include "probe/trust.h"

#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Asks both for one certificate of the input. */
static void ask(const struct sp_trust *strict, const struct sp_trust *bundle,
                const struct sp_cert *cert)
{
    const struct sp_cert *found[FOUND_MAX], *strict_found[FOUND_MAX];
    size_t count = 0, strict_count = 0;
    need(bundle != NULL && sp_trust_has(bundle, cert));
    need(sp_trust_find(bundle, cert->subject, found, FOUND_MAX, &count));
    need(count > 0 && count <= sp_trust_count(bundle));
    need(sp_trust_read_count(bundle) <= sp_trust_count(bundle));
    for (size_t i = 0; i < count && i < FOUND_MAX; i++) {
        need(found[i]->parsed && sp_dn_equal(found[i]->subject, cert->subject));
    }
    if (strict == NULL) {
        return; /* one of the others is broken */
    }
    need(sp_trust_has(strict, cert));
    need(sp_trust_find(strict, cert->subject, strict_found, FOUND_MAX, &strict_count));
    need(count == strict_count);
    for (size_t i = 0; i < count && i < FOUND_MAX; i++) {
        need(sp_slice_equal(found[i]->der, strict_found[i]->der));
    }
}

/* Returns how many were whole. */
static size_t ask_all(const struct sp_trust *strict, const struct sp_trust *bundle,
                      const uint8_t *data, size_t size)
{
    struct sp_pem pem;
    struct sp_pem_block block;
    size_t good = 0;
    sp_pem_init(&pem, data, size);
    while (sp_pem_next(&pem, &block)) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_cert cert;
        size_t len = 0;
        need(arena != NULL);
        uint8_t *der = sp_arena_alloc(arena, block.body_len + 1);
        if (der != NULL && sp_pem_is(&block, "CERTIFICATE") && sp_pem_decode(&block, der, &len) &&
            sp_cert_read(arena, der, len, &cert) && cert.parsed) {
            ask(strict, bundle, &cert);
            good++;
        }
        sp_arena_free(arena);
    }
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[256] = "";
    struct sp_trust *strict = sp_trust_from_memory(data, size, error, sizeof error);
    need((strict == NULL) == (error[0] != '\0'));
    error[0] = '\0';
    struct sp_trust *bundle = sp_trust_bundle_from_memory(data, size, error, sizeof error);
    need((bundle == NULL) == (error[0] != '\0'));
    need(strict == NULL || bundle != NULL);
    if (size > 0 && data[0] != SP_DER_SEQUENCE) {
        size_t good = ask_all(strict, bundle, data, size);
        need(bundle != NULL || good == 0);
    }
    if (strict != NULL) {
        need(sp_trust_count(strict) == sp_trust_count(bundle));
    }
    sp_trust_free(strict);
    sp_trust_free(bundle);
    return 0;
}
