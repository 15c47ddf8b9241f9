/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tls.h"

#include "revoke.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static int parse_version(const char *text)
{
    static const struct {
        const char *text;
        int version;
    } known[] = {{"1.0", TLS1_VERSION},
                 {"1.1", TLS1_1_VERSION},
                 {"1.2", TLS1_2_VERSION},
                 {"1.3", TLS1_3_VERSION}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].text, text) == 0)
            return known[i].version;
    return -1;
}

static int accept_any_client(int is_good, X509_STORE_CTX *store)
{
    (void)is_good;
    (void)store;
    return 1;
}

/*
 * The callback sees a message after it went into the handshake's hash and before it is parsed.
 * Writing other suites over the client's list there makes this server choose what was never
 * offered, and the hash still agrees: the lie of CVE-2024-5814.
 */
static void pretend_offered(int is_write, int version, int type, const void *data, size_t length,
                            SSL *ssl, void *arg)
{
    const struct ts_server *server = arg;
    (void)version;
    (void)ssl;
    enum { HEADER = 4, SESSION_AT = HEADER + 2 + 32 };
    /* The list is OpenSSL's own buffer; only the type says const. */
    unsigned char *message = (unsigned char *)(uintptr_t)data;
    if (is_write || type != SSL3_RT_HANDSHAKE || length < SESSION_AT + 3 ||
        message[0] != SSL3_MT_CLIENT_HELLO)
        return;
    size_t at = SESSION_AT + 1 + (size_t)message[SESSION_AT];
    if (at + 2 > length)
        return;
    size_t list = (size_t)message[at] << 8 | message[at + 1];
    for (size_t i = 0; i < server->pretend_count && (i + 1) * 2 <= list && at + 4 + i * 2 <= length;
         i++) {
        message[at + 2 + i * 2] = (unsigned char)(server->pretend[i] >> 8);
        message[at + 3 + i * 2] = (unsigned char)server->pretend[i];
    }
}

/*
 * A fixed group of 2048 bits, since OpenSSL's own choice for anonymous suites is shorter than
 * clients take.
 */
static int set_dh_group(SSL_CTX *ctx)
{
    EVP_PKEY *group = NULL;
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    OSSL_PARAM params[2] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"ffdhe2048"}, 0),
        OSSL_PARAM_construct_end()};
    int done = maker != NULL && EVP_PKEY_keygen_init(maker) == 1 &&
               EVP_PKEY_CTX_set_params(maker, params) == 1 &&
               EVP_PKEY_generate(maker, &group) == 1 && SSL_CTX_set0_tmp_dh_pkey(ctx, group) == 1;
    EVP_PKEY_CTX_free(maker);
    if (!done)
        EVP_PKEY_free(group);
    return done;
}

static int set_chain(SSL_CTX *ctx, const struct ts_chain *chain)
{
    if (chain == NULL || SSL_CTX_use_certificate(ctx, chain->certs[0]) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, chain->key) != 1)
        return 0;
    for (int i = 1; i < chain->count; i++)
        if (SSL_CTX_add1_chain_cert(ctx, chain->certs[i]) != 1)
            return 0;
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    return 1;
}

/* A server's answers to be stapled; they live as long as the program, as its servers do. */
struct staple {
    struct ts_bytes response;
    struct staple *next;
};

static struct staple *all_staples;

static int send_staple(SSL *ssl, void *arg)
{
    const struct staple *staple = arg;
    unsigned char *copy = OPENSSL_memdup(staple->response.data, staple->response.length);
    if (copy == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->response.length);
    return SSL_TLSEXT_ERR_OK;
}

static int set_staple(SSL_CTX *ctx, const struct ts_server *s, struct ts_pki *pki)
{
    if (s->staple == NULL)
        return 1;
    struct staple *staple = calloc(1, sizeof *staple);
    if (staple == NULL)
        return 0;
    staple->next = all_staples;
    all_staples = staple;
    if (ts_revoke_staple(pki, s->staple, s->certificate, s->host, &staple->response) != 0)
        return 0;
    SSL_CTX_set_tlsext_status_cb(ctx, send_staple);
    SSL_CTX_set_tlsext_status_arg(ctx, staple);
    return 1;
}

static int set_algorithms(SSL_CTX *ctx, const struct ts_server *s)
{
    int min = parse_version(s->tls_min), max = parse_version(s->tls_max);
    if (min < 0 || max < 0 || SSL_CTX_set_min_proto_version(ctx, min) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, max) != 1)
        return 0;
    if (s->ciphers != NULL && SSL_CTX_set_cipher_list(ctx, s->ciphers) != 1)
        return 0;
    if (s->suites != NULL && SSL_CTX_set_ciphersuites(ctx, s->suites) != 1)
        return 0;
    if (s->groups != NULL && SSL_CTX_set1_groups_list(ctx, s->groups) != 1)
        return 0;
    if (s->signatures != NULL && SSL_CTX_set1_sigalgs_list(ctx, s->signatures) != 1)
        return 0;
    return set_dh_group(ctx);
}

/* OpenSSL sends what it gets here, though the client did not offer it. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *offered, unsigned length, void *arg)
{
    const struct ts_server *server = arg;
    (void)ssl;
    (void)offered;
    (void)length;
    *out = (const unsigned char *)server->alpn;
    *out_length = (unsigned char)strlen(server->alpn);
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *ts_tls_context(const struct ts_server *server, struct ts_pki *pki)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return NULL;
    /* Level 0 first: it decides what the calls below accept. */
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, (size_t)server->tickets);
    if (server->tickets == 0)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    if (server->no_extended_master_secret)
        SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    if (server->wants_client_certificate > 0)
        SSL_CTX_set_verify(
            ctx,
            SSL_VERIFY_PEER |
                (server->wants_client_certificate > 1 ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
            accept_any_client);
    if (server->alpn != NULL)
        SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, (void *)(uintptr_t)server);
    if (server->pretend_count > 0) {
        SSL_CTX_set_msg_callback(ctx, pretend_offered);
        SSL_CTX_set_msg_callback_arg(ctx, (void *)(uintptr_t)server);
    }
    if (!set_algorithms(ctx, server) ||
        !set_chain(ctx, ts_pki_chain(pki, server->certificate, server->host)) ||
        !set_staple(ctx, server, pki)) {
        fprintf(stderr,
                "smtp-test-server: %s: OpenSSL refuses its TLS settings (certificate %s): %s\n",
                server->name, server->certificate, ERR_reason_error_string(ERR_peek_last_error()));
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}
