/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The OCSP staple, as raw octets and not as the library's opinion. wolfSSL 5.5.4 ends a handshake over a
 * staple that it doesn't like, with no callback to say otherwise, so the trick is to keep it from having
 * an opinion:
 *
 *   TLS 1.3      The staple is looked at only when the leaf has been verified, which never happens with
 *                an empty store. Ours are the octets behind certificate 0.
 *   up to 1.2    The CertificateStatus message is always looked at. Without the issuer every staple is
 *                refused, so the leaf's issuer, if it was sent, is lent to the session's store; a good staple
 *                then passes. One that says "revoked" or can't be verified ends the handshake, after we
 *                have it: then the session is begun again without asking (session.c).
 */
#include "probe/dn.h"
#include "probe/limits.h"
#include "probe/tls_private.h"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include <string.h>

#define EXTENSION_STATUS_REQUEST 5u
#define STATUS_TYPE_OCSP 1u
#define MESSAGE_CERTIFICATE_STATUS 22u
#define MESSAGE_HEADER 4u
#define STATUS_HEADER 4u /* CertificateStatus (RFC 6066 §8): status_type(1), response<1..2^24-1> */

bool sp_tls_staple_set_up(struct sp_tls *tls, const struct sp_tls_config *config)
{
    struct sp_tls_facts *facts = &tls->facts;
    tls->former = config->former;
    facts->ocsp_requested = config->ocsp;
    if (tls->former) {
        facts->ocsp_begun_again = true;
        facts->ocsp_staple = tls->former->staple;
        facts->ocsp_staple_cut = tls->former->staple_cut;
        return true;
    }
    return !config->ocsp ||
           (wolfSSL_CertManagerEnableOCSPStapling(tls->store) == WOLFSSL_SUCCESS &&
            wolfSSL_UseOCSPStapling(tls->wolf, WOLFSSL_CSR_OCSP, 0) == WOLFSSL_SUCCESS);
}

void sp_tls_staple_check_former(struct sp_tls *tls)
{
    struct sp_tls_facts *facts = &tls->facts;
    if (!tls->former || facts->cert_count == 0 ||
        strcmp(tls->former->leaf_sha256, facts->certs[0].sha256) == 0)
        return;
    facts->ocsp_staple = (struct sp_slice){NULL, 0};
    facts->ocsp_staple_cut = false;
}

/* A whole CertificateStatus; what is none is the library's to refuse. */
static void take_status(struct sp_tls *tls, const uint8_t *status, size_t len)
{
    struct sp_tls_facts *facts = &tls->facts;
    if (facts->ocsp_staple.len > 0 || facts->ocsp_staple_cut || len < STATUS_HEADER ||
        status[0] != STATUS_TYPE_OCSP)
        return;
    size_t size = (size_t)status[1] << 16 | (size_t)status[2] << 8 | status[3];
    if (size == 0 || size != len - STATUS_HEADER)
        return;
    if (size > SP_LIMIT_OCSP_STAPLE) {
        facts->ocsp_staple_cut = true;
        return;
    }
    const uint8_t *copy = sp_arena_memdup(tls->arena, status + STATUS_HEADER, size);
    if (copy)
        facts->ocsp_staple = (struct sp_slice){copy, size};
    else
        tls->out_of_memory = true;
}

void sp_tls_staple_take_13(struct sp_tls *tls, const uint8_t *ext, size_t ext_len)
{
    /* Extension = type(2) data<0..2^16-1> */
    while (ext_len >= 4) {
        unsigned type = (unsigned)ext[0] << 8 | ext[1];
        size_t size = (size_t)ext[2] << 8 | ext[3];
        ext += 4;
        ext_len -= 4;
        if (size > ext_len)
            return;
        if (type == EXTENSION_STATUS_REQUEST)
            take_status(tls, ext, size);
        ext += size;
        ext_len -= size;
    }
}

void sp_tls_staple_take_message(struct sp_tls *tls, const uint8_t *message, size_t len)
{
    if (tls->facts.ocsp_requested && !tls->former && len > MESSAGE_HEADER &&
        message[0] == MESSAGE_CERTIFICATE_STATUS)
        take_status(tls, message + MESSAGE_HEADER, len - MESSAGE_HEADER);
}

void sp_tls_staple_lend_issuer(struct sp_tls *tls)
{
    const struct sp_tls_facts *facts = &tls->facts;
    /* Only where a staple was promised: a leaf whose issuer is known costs a signature check. */
    if (!facts->ocsp_requested || tls->former || !tls->hello || !tls->hello->status_request ||
        wolfSSL_version(tls->wolf) == SP_TLS_1_3 || facts->cert_count == 0)
        return;
    for (size_t i = 1; i < facts->cert_count; i++) {
        const struct sp_cert *cert = &facts->certs[i];
        if (!cert->parsed || !sp_dn_equal(cert->subject, facts->certs[0].issuer))
            continue;
        /* The answer means nothing to us; a certificate that is refused here is the same as none. */
        (void)wolfSSL_CertManagerLoadCABuffer(tls->store, cert->der.data, (long)cert->der.len,
                                              WOLFSSL_FILETYPE_ASN1);
        return;
    }
}

bool sp_tls_staple_is_error(const struct sp_tls *tls, int code)
{
    return (tls->facts.ocsp_staple.len > 0 || tls->facts.ocsp_staple_cut) &&
           !tls->facts.established && !tls->former &&
           (code == OCSP_CERT_REVOKED || code == BAD_CERTIFICATE_STATUS_ERROR);
}
