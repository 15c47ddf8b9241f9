/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/tls_peer.h"

#include "tests/unit/tls_anon.h"

#include "probe/tls_identity.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

static void must(bool ok)
{
    if (ok)
        return;
    ERR_print_errors_fp(stderr);
    abort();
}

/* Four primes for a large key: it is made in a tenth of the time, and nobody can tell. */
EVP_PKEY *peer_make_rsa(unsigned bits)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    must(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1);
    must(bits < 4096 || EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, 4) == 1);
    must(EVP_PKEY_generate(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

EVP_PKEY *peer_make_key(enum peer_key type)
{
    EVP_PKEY *key = type == PEER_RSA  ? EVP_RSA_gen(2048u)
                    : type == PEER_EC ? EVP_EC_gen("P-256")
                                      : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(key != NULL);
    return key;
}

EVP_PKEY *peer_mix_keys(EVP_PKEY *public_half, EVP_PKEY *private_half)
{
    unsigned char point[256];
    size_t size = 0;
    BIGNUM *secret = NULL;
    EVP_PKEY *mixed = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    must(EVP_PKEY_get_octet_string_param(public_half, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                         &size) == 1);
    must(EVP_PKEY_get_bn_param(private_half, OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1);
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, size);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    must(EVP_PKEY_fromdata_init(ctx) == 1 &&
         EVP_PKEY_fromdata(ctx, &mixed, EVP_PKEY_KEYPAIR, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    BN_free(secret);
    return mixed;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(extension && X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

static void add_unknown(X509 *cert, const char *oid, int critical, size_t size)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    unsigned char *octets = calloc(1, size);
    must(object && value && octets && ASN1_OCTET_STRING_set(value, octets, (int)size));
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
    must(extension && X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
    free(octets);
}

X509 *peer_make_cert(const struct peer_cert *what, EVP_PKEY *key, X509 *issuer,
                     EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *cert = X509_new();
    must(cert != NULL);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)what->name, -1, -1,
                               0);
    X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(cert, key);
    add_extension(cert, NID_basic_constraints, what->ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (what->unknown_critical)
        add_unknown(cert, "1.3.6.1.4.1.55555.1.1", 1, 2);
    if (what->padding > 0)
        add_unknown(cert, "1.3.6.1.4.1.55555.1.2", 0, what->padding);
    EVP_PKEY *signer = issuer_key ? issuer_key : key;
    bool pure = EVP_PKEY_get_id(signer) == EVP_PKEY_ED25519;
    must(X509_sign(cert, signer, pure ? NULL : EVP_sha256()) > 0);
    return cert;
}

static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

static int staple_callback(SSL *ssl, void *data)
{
    struct peer *peer = data;
    peer->staple_requests++;
    if (!peer->config.staple)
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_memdup(peer->config.staple, peer->config.staple_len);
    must(SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)peer->config.staple_len) == 1);
    return SSL_TLSEXT_ERR_OK;
}

static int alpn_callback(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                         const unsigned char *in, unsigned in_len, void *data)
{
    struct peer *peer = data;
    (void)ssl, (void)in, (void)in_len;
    if (!peer->config.alpn)
        return SSL_TLSEXT_ERR_NOACK;
    *out = (const unsigned char *)peer->config.alpn;
    *out_len = (unsigned char)strlen(peer->config.alpn);
    return SSL_TLSEXT_ERR_OK;
}

static void set_up_clients(SSL_CTX *ctx, const struct peer_config *config)
{
    if (config->client_sigalgs)
        must(SSL_CTX_set1_client_sigalgs_list(ctx, config->client_sigalgs) == 1);
    if (!config->want_client_certificate)
        return;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       config->client_ca ? NULL : accept_any);
    if (config->client_ca)
        must(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), config->client_ca) == 1);
}

static void set_up_prime(SSL_CTX *ctx, const char *name)
{
    EVP_PKEY *group = NULL;
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    must(maker && EVP_PKEY_keygen_init(maker) == 1 &&
         EVP_PKEY_CTX_set_group_name(maker, name) == 1 && EVP_PKEY_generate(maker, &group) == 1 &&
         SSL_CTX_set0_tmp_dh_pkey(ctx, group) == 1);
    EVP_PKEY_CTX_free(maker);
}

static void set_up(SSL_CTX *ctx, const struct peer_config *config)
{
    SSL_CTX_set_security_level(ctx, 0);
    must(SSL_CTX_set_min_proto_version(ctx, config->version_min) == 1);
    must(SSL_CTX_set_max_proto_version(ctx, config->version_max) == 1);
    if (config->dh_group)
        set_up_prime(ctx, config->dh_group);
    else
        must(SSL_CTX_set_dh_auto(ctx, 1) == 1);
    must(SSL_CTX_set_num_tickets(ctx, config->tickets) == 1);
    if (config->tickets == 0)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    if (config->ciphers)
        must(SSL_CTX_set_cipher_list(ctx, config->ciphers) == 1);
    if (config->groups)
        must(SSL_CTX_set1_groups_list(ctx, config->groups) == 1);
    must(SSL_CTX_use_certificate(ctx, config->chain[0]) == 1);
    must(SSL_CTX_use_PrivateKey(ctx, config->key) == 1);
    for (size_t i = 1; i < config->chain_count; i++)
        must(SSL_CTX_add1_chain_cert(ctx, config->chain[i]) == 1);
    set_up_clients(ctx, config);
}

void peer_open(struct peer *peer, const struct peer_config *config)
{
    peer->ctx = SSL_CTX_new(TLS_server_method());
    must(peer->ctx != NULL);
    peer->config = *config;
    peer->staple_requests = 0;
    set_up(peer->ctx, config);
    SSL_CTX_set_tlsext_status_cb(peer->ctx, staple_callback);
    SSL_CTX_set_tlsext_status_arg(peer->ctx, peer);
    SSL_CTX_set_alpn_select_cb(peer->ctx, alpn_callback, peer);
    peer->ssl = SSL_new(peer->ctx);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    must(peer->ssl && peer->in && peer->out);
    BIO_set_mem_eof_return(peer->in, -1);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_accept_state(peer->ssl);
}

void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ctx);
    ERR_clear_error();
}

static bool move_to_peer(struct peer *peer, struct sp_tls *tls)
{
    struct sp_buf *out = sp_tls_outgoing(tls);
    if (out->len == 0)
        return false;
    must(BIO_write(peer->in, out->data, (int)out->len) == (int)out->len);
    sp_buf_consume(out, out->len);
    return true;
}

bool peer_move(struct peer *peer, struct sp_tls *tls, size_t chunk, enum sp_tls_status *status)
{
    unsigned char data[16384];
    bool moved = move_to_peer(peer, tls);
    if (!SSL_is_init_finished(peer->ssl))
        SSL_do_handshake(peer->ssl);
    ERR_clear_error();
    for (;;) {
        int size = BIO_read(peer->out, data, chunk > 0 ? (int)chunk : (int)sizeof data);
        if (size <= 0)
            return moved;
        moved = true;
        must(sp_tls_feed(tls, data, (size_t)size));
        if (*status == SP_TLS_WANT)
            *status = sp_tls_handshake(tls);
    }
}

enum sp_tls_status peer_handshake(struct peer *peer, struct sp_tls *tls, size_t chunk)
{
    enum sp_tls_status status = sp_tls_handshake(tls);
    while (peer_move(peer, tls, chunk, &status))
        ;
    return status;
}

struct sp_tls_identity *anon_make_identity(void)
{
    const struct peer_cert what = {.name = "client.test"};
    EVP_PKEY *key = peer_make_key(PEER_EC);
    X509 *cert = peer_make_cert(&what, key, NULL, NULL);
    unsigned char *chain = NULL, *der = NULL;
    enum sp_tls_identity_status status;
    int chain_len = i2d_X509(cert, &chain), len = i2d_PrivateKey(key, &der);
    const struct sp_tls_identity_parts parts = {
        .chain = chain, .chain_len = (size_t)chain_len, .key = der, .key_len = (size_t)len};
    struct sp_tls_identity *identity = sp_tls_identity_new(&parts, &status);
    must(identity != NULL);
    OPENSSL_free(chain);
    OPENSSL_free(der);
    X509_free(cert);
    EVP_PKEY_free(key);
    return identity;
}
