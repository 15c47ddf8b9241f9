/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_identity.h"

#include "probe/cert.h"
#include "probe/der.h"
#include "probe/limits.h"
#include "probe/secret.h"
#include "probe/tls_private.h"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct sp_tls_identity {
    WOLFSSL_CTX *wolf;
};

/* The server asked, and the library is about to answer with our certificate. */
static int certificate_callback(WOLFSSL *wolf, void *unused)
{
    struct sp_tls *tls = wolfSSL_get_ex_data(wolf, 0);
    (void)unused;
    if (tls)
        tls->facts.client_certificate_requested = tls->facts.client_certificate_sent = true;
    return 1;
}

static bool has_text(const uint8_t *data, size_t len, const char *text)
{
    return memmem(data, len, text, strlen(text)) != NULL;
}

/* RFC 7468 §11, and the headers of RFC 1421 that OpenSSL writes in front of older forms. */
static bool is_encrypted(const struct sp_tls_identity_parts *parts)
{
    return has_text(parts->key, parts->key_len, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
           has_text(parts->key, parts->key_len, "Proc-Type: 4,ENCRYPTED");
}

/* The key's DER in `room`, which is as large as the PEM. */
static enum sp_tls_identity_status decode_key(const struct sp_tls_identity_parts *parts,
                                              uint8_t *room, int *out_len)
{
    if (!has_text(parts->key, parts->key_len, "-----BEGIN ")) {
        memcpy(room, parts->key, parts->key_len);
        *out_len = (int)parts->key_len;
        return SP_TLS_IDENTITY_OK;
    }
    if (!has_text(parts->key, parts->key_len, "PRIVATE KEY-----"))
        return SP_TLS_IDENTITY_NO_KEY;
    bool encrypted = is_encrypted(parts);
    if (encrypted && !parts->passphrase)
        return SP_TLS_IDENTITY_ENCRYPTED;
    *out_len = wc_KeyPemToDer(parts->key, (int)parts->key_len, room, (int)parts->key_len,
                              encrypted ? parts->passphrase : "");
    if (*out_len == MEMORY_E)
        return SP_TLS_IDENTITY_MEMORY;
    if (*out_len <= 0)
        return encrypted ? SP_TLS_IDENTITY_BAD_PASSPHRASE : SP_TLS_IDENTITY_BAD_KEY;
    return SP_TLS_IDENTITY_OK;
}

/* --- does the key belong to the certificate? ------------------------------------------------------- */

#define POINT_MAX (1u + 2u * 66u) /* of P-521, not compressed */

static bool make_ec_point(const uint8_t *der, size_t len, uint8_t out[POINT_MAX], word32 *out_len)
{
    ecc_key key;
    word32 at = 0;
    if (wc_ecc_init(&key) != 0)
        return false;
    bool made = wc_EccPrivateKeyDecode(der, &at, &key, (word32)len) == 0 &&
                wc_ecc_make_pub(&key, NULL) == 0 && wc_ecc_export_x963(&key, out, out_len) == 0;
    wc_ecc_free(&key);
    return made;
}

static bool make_ed25519_key(const uint8_t *der, size_t len, uint8_t out[POINT_MAX],
                             word32 *out_len)
{
    ed25519_key key;
    word32 at = 0;
    *out_len = ED25519_PUB_KEY_SIZE;
    if (wc_ed25519_init(&key) != 0)
        return false;
    bool made = wc_Ed25519PrivateKeyDecode(der, &at, &key, (word32)len) == 0 &&
                wc_ed25519_make_public(&key, out, *out_len) == 0;
    wc_ed25519_free(&key);
    return made;
}

static bool fits_certificate(const uint8_t *der, size_t len, const struct sp_cert *cert)
{
    uint8_t made[POINT_MAX];
    word32 made_len = sizeof made;
    struct sp_slice bits = cert->key_bits;
    if (cert->key_type != SP_KEY_EC && cert->key_type != SP_KEY_ED25519)
        return true;
    if (cert->key_type == SP_KEY_EC ? !make_ec_point(der, len, made, &made_len)
                                    : !make_ed25519_key(der, len, made, &made_len))
        return false;
    /* A compressed point is 02 or 03 by the parity of y, then x (SEC 1 §2.3.3). */
    if (cert->key_type == SP_KEY_EC && bits.len == 1 + (made_len - 1) / 2) {
        made[0] = made[made_len - 1] & 1 ? 3 : 2;
        made_len = (word32)bits.len;
    }
    return bits.len == made_len && memcmp(bits.data, made, made_len) == 0;
}

/* The library's own check compares RSA keys only: any EC or Ed25519 key passes it. */
static enum sp_tls_identity_status check_pair(const struct sp_tls_identity_parts *parts,
                                              const uint8_t *der, size_t len)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_der chain;
    struct sp_der_value first;
    struct sp_cert cert;
    enum sp_tls_identity_status status = SP_TLS_IDENTITY_OK;
    sp_der_init(&chain, (struct sp_slice){parts->chain, parts->chain_len});
    if (!arena)
        return SP_TLS_IDENTITY_MEMORY;
    if (!sp_der_read(&chain, &first))
        status = SP_TLS_IDENTITY_BAD_CERTIFICATE;
    else if (!sp_cert_read(arena, first.whole.data, first.whole.len, &cert))
        status = SP_TLS_IDENTITY_MEMORY;
    else if (!cert.parsed)
        status = SP_TLS_IDENTITY_BAD_CERTIFICATE;
    else if (!fits_certificate(der, len, &cert))
        status = SP_TLS_IDENTITY_MISMATCH;
    sp_arena_free(arena);
    return status;
}

static enum sp_tls_identity_status use_key(WOLFSSL_CTX *wolf,
                                           const struct sp_tls_identity_parts *parts)
{
    int len = 0;
    if (parts->key_len == 0 || parts->key_len > INT_MAX)
        return SP_TLS_IDENTITY_NO_KEY;
    uint8_t *room = calloc(1, parts->key_len);
    if (!room)
        return SP_TLS_IDENTITY_MEMORY;
    enum sp_tls_identity_status status = decode_key(parts, room, &len);
    if (status == SP_TLS_IDENTITY_OK &&
        wolfSSL_CTX_use_PrivateKey_buffer(wolf, room, len, WOLFSSL_FILETYPE_ASN1) !=
            WOLFSSL_SUCCESS)
        /* A wrong passphrase can leave padding that looks right, and then nonsense. */
        status = is_encrypted(parts) ? SP_TLS_IDENTITY_BAD_PASSPHRASE : SP_TLS_IDENTITY_BAD_KEY;
    else if (status == SP_TLS_IDENTITY_OK && wolfSSL_CTX_check_private_key(wolf) != WOLFSSL_SUCCESS)
        status = SP_TLS_IDENTITY_MISMATCH;
    else if (status == SP_TLS_IDENTITY_OK)
        status = check_pair(parts, room, (size_t)len);
    sp_secret_wipe(room, parts->key_len);
    free(room);
    return status;
}

static enum sp_tls_identity_status fill(WOLFSSL_CTX *wolf,
                                        const struct sp_tls_identity_parts *parts)
{
    if (!sp_tls_set_up_context(wolf))
        return SP_TLS_IDENTITY_MEMORY;
    wolfSSL_CTX_set_cert_cb(wolf, certificate_callback, NULL);
    int result = parts->chain_len > 0 && parts->chain_len <= LONG_MAX
                     ? wolfSSL_CTX_use_certificate_chain_buffer_format(
                           wolf, parts->chain, (long)parts->chain_len, WOLFSSL_FILETYPE_ASN1)
                     : WOLFSSL_FAILURE;
    if (result != WOLFSSL_SUCCESS)
        return result == MEMORY_E ? SP_TLS_IDENTITY_MEMORY : SP_TLS_IDENTITY_BAD_CERTIFICATE;
    return use_key(wolf, parts);
}

struct sp_tls_identity *sp_tls_identity_new(const struct sp_tls_identity_parts *parts,
                                            enum sp_tls_identity_status *out_status)
{
    struct sp_tls_identity *identity = calloc(1, sizeof *identity);
    *out_status = SP_TLS_IDENTITY_MEMORY;
    if (!identity || wolfSSL_Init() != WOLFSSL_SUCCESS) {
        free(identity);
        return NULL;
    }
    identity->wolf = wolfSSL_CTX_new(wolfTLS_client_method());
    if (identity->wolf)
        *out_status = fill(identity->wolf, parts);
    wolfSSL_ERR_clear_error();
    if (*out_status == SP_TLS_IDENTITY_OK)
        return identity;
    sp_tls_identity_free(identity);
    return NULL;
}

void sp_tls_identity_free(struct sp_tls_identity *identity)
{
    if (!identity)
        return;
    wolfSSL_CTX_free(identity->wolf);
    wolfSSL_Cleanup();
    free(identity);
}

WOLFSSL_CTX *sp_tls_identity_context(const struct sp_tls_identity *identity)
{
    return identity->wolf;
}
