/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The library's callbacks, and what is learnt from them. Nothing here decides whether a session is good:
 * that is the library's part for the proof of the key and tls_gate.c's for the rest. */
#include "probe/limits.h"
#include "probe/tls_chain.h"
#include "probe/tls_private.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/dh.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include <stdlib.h>
#include <string.h>

#define CONTENT_HANDSHAKE 22
#define MESSAGE_KEY_EXCHANGE 12u
#define HEADER_SIZE 4u

/* --- certificates ------------------------------------------------------------------------------ */

static void keep_chain(struct sp_tls *tls, const WOLFSSL_X509_STORE_CTX *store)
{
    enum sp_tls_chain_status status = SP_TLS_CHAIN_OK;
    if (tls->facts.cert_count > 0 || tls->facts.certs_cut)
        return;
    for (int i = 0; i < store->totalCerts && status == SP_TLS_CHAIN_OK; i++)
        status = sp_tls_chain_add(tls->arena, &tls->facts, store->certs[i].buffer,
                                  store->certs[i].length);
    tls->out_of_memory |= status == SP_TLS_CHAIN_MEMORY;
    /* RFC 8446 §4.4.2: CertificateEntry = cert_data, extensions<0..2^16-1>; the library has checked the
     * lengths, and shows certificates of TLS 1.3 where they stand in the message. */
    if (wolfSSL_version(tls->wolf) == SP_TLS_1_3 && !tls->former) {
        const uint8_t *behind = store->certs[0].buffer + store->certs[0].length;
        sp_tls_staple_take_13(tls, behind + 2, (size_t)behind[0] << 8 | behind[1]);
    }
}

/*
 * Called by wolfSSL for every certificate, the last one first, each time with the whole list. Its
 * own verdict means nothing (the store is empty): path.h judges the copies. Returning 1 lets the
 * handshake go on, which still proves possession of the key of certificate 0.
 */
static int verify_callback(int preverified, WOLFSSL_X509_STORE_CTX *store)
{
    struct sp_tls *tls = store->userCtx;
    (void)preverified;
    if (store->totalCerts <= 0 || !store->certs)
        return 1;
    keep_chain(tls, store);
    const struct sp_slice leaf = {store->certs[0].buffer, store->certs[0].length};
    tls->certificate_seen =
        tls->facts.cert_count > 0 && sp_slice_equal(tls->facts.certs[0].der, leaf);
    sp_tls_staple_check_former(tls);
    if (store->error_depth == 1) /* the next and last one is the leaf */
        sp_tls_staple_lend_issuer(tls);
    return 1;
}

/* --- messages up to TLS 1.2 -------------------------------------------------------------------- */

/* RFC 7919 §4: up to TLS 1.2 a group is known by its prime. */
static const char *find_prime(const uint8_t *prime, size_t len)
{
    const DhParams *const known[] = {wc_Dh_ffdhe2048_Get(), wc_Dh_ffdhe3072_Get()};
    static const char *const names[] = {"ffdhe2048", "ffdhe3072"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] && known[i]->p_len == len && memcmp(known[i]->p, prime, len) == 0)
            return names[i];
    return NULL;
}

/* ServerDHParams (RFC 5246 §7.4.3) begin with the prime. */
static void note_prime(struct sp_tls *tls, const uint8_t *message, size_t len)
{
    if (tls->facts.dh_bits == 0 || len < HEADER_SIZE + 2 || message[0] != MESSAGE_KEY_EXCHANGE)
        return;
    size_t size = (size_t)message[HEADER_SIZE] << 8 | message[HEADER_SIZE + 1];
    if (size <= len - HEADER_SIZE - 2)
        tls->facts.group = find_prime(message + HEADER_SIZE + 2, size);
}

/*
 * Up to TLS 1.2 wolfSSL shows a message before it parses it: so the certificates that it refuses
 * get into the facts too, and those behind the ninth; so does a staple that it ends the handshake over.
 */
static void message_callback(int written, int version, int content_type, const void *data,
                             size_t len, WOLFSSL *wolf, void *user)
{
    struct sp_tls *tls = user;
    (void)version, (void)wolf;
    if (written || content_type != CONTENT_HANDSHAKE)
        return;
    note_prime(tls, data, len);
    sp_tls_staple_take_message(tls, data, len);
    if (tls->facts.cert_count == 0)
        tls->out_of_memory |=
            sp_tls_chain_add_message(tls->arena, &tls->facts, data, len) == SP_TLS_CHAIN_MEMORY;
}

/* --- the client's certificate ------------------------------------------------------------------ */

/* The server asked for a certificate of ours; we have none, and an empty list is the answer. */
static int client_certificate_callback(WOLFSSL *wolf, WOLFSSL_X509 **x509, WOLFSSL_EVP_PKEY **key)
{
    struct sp_tls *tls = wolfSSL_get_ex_data(wolf, 0);
    (void)x509, (void)key;
    if (tls)
        tls->facts.client_certificate_requested = true;
    return 0;
}

/* --- the server's proof of its key ------------------------------------------------------------- */

static enum wc_HashType pss_hash(int hash, uint16_t *out_scheme)
{
    switch (hash) {
    case SHA256h: *out_scheme = 0x0804; return WC_HASH_TYPE_SHA256;
    case SHA384h: *out_scheme = 0x0805; return WC_HASH_TYPE_SHA384;
    case SHA512h: *out_scheme = 0x0806; return WC_HASH_TYPE_SHA512;
    default: *out_scheme = 0; return WC_HASH_TYPE_NONE;
    }
}

/*
 * The only place where wolfSSL tells which hash an RSA signature of TLS 1.3 is made with. Being asked
 * means having to do it: the same call with the same arguments that the library makes without a
 * callback, on the key that it has from the certificate; it compares what comes out with the handshake
 * afterwards, as ever. What isn't a hash of RSA-PSS in TLS fails.
 */
static int pss_callback(WOLFSSL *wolf, unsigned char *signature, unsigned int signature_len,
                        unsigned char **out, int hash, int mgf, const unsigned char *key_der,
                        unsigned int key_len, void *user)
{
    struct sp_tls *tls = user;
    RsaKey key;
    word32 at = 0;
    uint16_t scheme;
    enum wc_HashType type = pss_hash(hash, &scheme);
    if (type == WC_HASH_TYPE_NONE || !key_der)
        return BAD_FUNC_ARG;
    int result = wc_InitRsaKey(&key, NULL);
    if (result != 0)
        return result;
    result = wc_RsaPublicKeyDecode(key_der, &at, &key, key_len);
    if (result == 0)
        result = wc_RsaPSS_VerifyInline(signature, signature_len, out, type, mgf, &key);
    wc_FreeRsaKey(&key);
    if (result > 0 && tls && wolfSSL_version(wolf) == SP_TLS_1_3)
        tls->facts.signature_scheme = sp_tls_scheme_name(scheme);
    return result;
}

/* RFC 8446 §4.2.3: in TLS 1.3 the other keys leave no choice. */
static const char *scheme_of_key(const struct sp_cert *cert)
{
    static const char *const schemes[][2] = {{"EC P-256", "ecdsa_secp256r1_sha256"},
                                             {"EC P-384", "ecdsa_secp384r1_sha384"},
                                             {"EC P-521", "ecdsa_secp521r1_sha512"},
                                             {"Ed25519", "ed25519"},
                                             {"Ed448", "ed448"}};
    for (size_t i = 0; cert->key_text && i < sizeof schemes / sizeof schemes[0]; i++)
        if (strcmp(cert->key_text, schemes[i][0]) == 0)
            return schemes[i][1];
    return NULL;
}

/* --- setting up -------------------------------------------------------------------------------- */

void sp_tls_watch_context(WOLFSSL_CTX *wolf)
{
    wolfSSL_CTX_set_client_cert_cb(wolf, client_certificate_callback);
    wolfSSL_CTX_SetRsaPssVerifyCb(wolf, pss_callback);
}

bool sp_tls_watch_session(struct sp_tls *tls)
{
    tls->hello = malloc(sizeof *tls->hello);
    if (!tls->hello)
        return false;
    sp_tls_hello_init(tls->hello);
    wolfSSL_set_verify(tls->wolf, WOLFSSL_VERIFY_PEER, verify_callback);
    wolfSSL_SetCertCbCtx(tls->wolf, tls);
    wolfSSL_SetRsaPssVerifyCtx(tls->wolf, tls);
    return wolfSSL_set_ex_data(tls->wolf, 0, tls) == WOLFSSL_SUCCESS &&
           wolfSSL_set_msg_callback(tls->wolf, message_callback) == WOLFSSL_SUCCESS &&
           wolfSSL_set_msg_callback_arg(tls->wolf, tls) == WOLFSSL_SUCCESS;
}

/* --- facts ------------------------------------------------------------------------------------- */

/* Up to TLS 1.2 the same numbers of ECDSA name a hash and no curve (RFC 5246 §7.4.1.4.1). */
static const char *scheme_before_13(uint16_t number)
{
    switch (number) {
    case 0x0403: return "ecdsa_sha256";
    case 0x0503: return "ecdsa_sha384";
    case 0x0603: return "ecdsa_sha512";
    default: return sp_tls_scheme_name(number);
    }
}

void sp_tls_watch_octets(struct sp_tls *tls, const void *data, size_t len)
{
    struct sp_tls_facts *facts = &tls->facts;
    if (!tls->hello || tls->hello->state != SP_TLS_HELLO_MORE)
        return;
    sp_tls_hello_feed(tls->hello, data, len);
    const struct sp_tls_hello *hello = tls->hello;
    const struct sp_tls_group *group = hello->server_hello ? sp_tls_group_find(hello->group) : NULL;
    facts->hello_seen = hello->server_hello || hello->retry;
    facts->hello_retry_request = hello->retry;
    facts->extended_master_secret = hello->extended_master_secret;
    facts->secure_renegotiation = hello->secure_renegotiation;
    facts->client_certificate_requested |= hello->certificate_request;
    facts->dh_bits = group && group->finite ? group->bits : hello->dh_bits;
    if (group)
        facts->group = group->name;
    if (hello->signature_scheme != 0)
        facts->signature_scheme = scheme_before_13(hello->signature_scheme);
}

static void note_choice(struct sp_tls_facts *facts, uint16_t suite, uint16_t version)
{
    facts->suite = suite;
    facts->cipher = sp_tls_suite_name(suite);
    facts->version = version;
    facts->version_text = sp_tls_version_text(version);
}

void sp_tls_note_choice(struct sp_tls *tls)
{
    uint16_t suite = (uint16_t)wolfSSL_get_current_cipher_suite(tls->wolf);
    if (suite != 0)
        note_choice(&tls->facts, suite, (uint16_t)wolfSSL_version(tls->wolf));
}

void sp_tls_note_refused(struct sp_tls *tls)
{
    sp_tls_note_choice(tls);
    if (tls->facts.suite == 0 && tls->facts.hello_seen && tls->hello)
        note_choice(&tls->facts, tls->hello->suite, tls->hello->version);
}

void sp_tls_note_alert(struct sp_tls *tls)
{
    WOLFSSL_ALERT_HISTORY history;
    if (wolfSSL_get_alert_history(tls->wolf, &history) != WOLFSSL_SUCCESS ||
        history.last_rx.code < 0)
        return;
    /* An orderly end is no news. */
    if (history.last_rx.code == 0 && tls->facts.established)
        return;
    tls->facts.alert = history.last_rx.code;
    tls->facts.alert_text = sp_tls_alert_text(history.last_rx.code);
}

bool sp_tls_note_protocol(struct sp_tls *tls)
{
    char *name = NULL;
    unsigned short len = 0;
    if (wolfSSL_ALPN_GetProtocol(tls->wolf, &name, &len) != WOLFSSL_SUCCESS || !name || len == 0)
        return true;
    for (size_t i = 0; i < tls->alpn_count; i++)
        if (strlen(tls->alpn[i]) == len && memcmp(tls->alpn[i], name, len) == 0) {
            tls->facts.alpn = sp_arena_strdup(tls->arena, tls->alpn[i]);
            return true;
        }
    return false;
}

void sp_tls_note_established(struct sp_tls *tls)
{
    struct sp_tls_facts *facts = &tls->facts;
    facts->established = true;
    if (facts->version == SP_TLS_1_3 && !facts->signature_scheme)
        facts->signature_scheme = scheme_of_key(&facts->certs[0]);
    sp_tls_note_alert(tls);
    free(tls->hello);
    tls->hello = NULL;
}
