/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: the certificate, its issuer's and the OCSP response, the first two with their lengths in two octets. The
 * verdict is always whole, its texts can be printed, and what is valid for a certificate is not valid for
 * another.
 */
#include "probe/ocsp.h"

#include <stdlib.h>
#include <string.h>

/* The seeds were made on this day. */
#define NOW INT64_C(1795352000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_text(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        need((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void check(const struct sp_ocsp *ocsp)
{
    need(ocsp->present);
    need(ocsp->valid == (ocsp->error == NULL));
    need(!ocsp->valid ||
         (ocsp->status != SP_OCSP_NONE && ocsp->this_update <= NOW + SP_OCSP_SKEW_S));
    need(!ocsp->valid || ocsp->responder != NULL);
    need((sp_ocsp_status_name(ocsp->status) == NULL) == (ocsp->status == SP_OCSP_NONE));
    check_text(ocsp->error);
    check_text(ocsp->responder);
    check_text(ocsp->revocation_reason);
}

/* Takes the next part of the input; the rest when less is left than its length says. */
static struct sp_slice take(const uint8_t **data, size_t *size)
{
    struct sp_slice part = {*data, 0};
    if (*size < 2) {
        return part;
    }
    part.data += 2;
    part.len = (size_t)(*data)[0] << 8 | (*data)[1];
    part.len = part.len < *size - 2 ? part.len : *size - 2;
    *data += 2 + part.len;
    *size -= 2 + part.len;
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_slice first = take(&data, &size), second = take(&data, &size);
    struct sp_cert cert, issuer;
    struct sp_ocsp ocsp;
    need(arena != NULL);
    if (sp_cert_parse(arena, first.data, first.len, &cert) &&
        sp_cert_parse(arena, second.data, second.len, &issuer) && cert.parsed &&
        size <= SP_LIMIT_OCSP_STAPLE &&
        sp_ocsp_read(arena, (struct sp_slice){data, size}, &cert, issuer.parsed ? &issuer : NULL,
                     NULL, NOW, &ocsp)) {
        check(&ocsp);
        /* It is about this one, not about another of the same chain. */
        if (ocsp.valid && !sp_slice_equal(cert.serial, issuer.serial) &&
            sp_ocsp_read(arena, (struct sp_slice){data, size}, &issuer, &issuer, NULL, NOW,
                         &ocsp)) {
            need(!ocsp.valid);
        }
    }
    sp_arena_free(arena);
    return 0;
}
