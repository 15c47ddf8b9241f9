/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/tls_anon.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

#define MAC_SIZE 20u
#define KEY_SIZE 16u
#define BLOCK 16u
#define AT_CLIENT_MAC 0u
#define AT_SERVER_MAC MAC_SIZE
#define AT_CLIENT_KEY (2 * MAC_SIZE)
#define AT_SERVER_KEY (2 * MAC_SIZE + KEY_SIZE)
#define DH_SIZE 256u

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23 };
enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    SERVER_KEY = 12,
    SERVER_DONE = 14,
    CLIENT_KEY_X = 16,
    FINISHED = 20
};

static void put(struct anon_pipe *pipe, const void *data, size_t len)
{
    if (len > ANON_MAX - pipe->len)
        abort();
    memcpy(pipe->data + pipe->len, data, len);
    pipe->len += len;
}

static void put_number(struct anon_pipe *pipe, size_t value, size_t octets)
{
    for (size_t i = octets; i-- > 0;) {
        uint8_t octet = (uint8_t)(value >> (8 * i));
        put(pipe, &octet, 1);
    }
}

static void drop(struct anon_pipe *pipe, size_t len)
{
    memmove(pipe->data, pipe->data + len, pipe->len - len);
    pipe->len -= len;
}

/* --- keys -------------------------------------------------------------------------------------- */

static void derive(const uint8_t *secret, size_t secret_len, const char *label, const void *one,
                   size_t one_len, const void *two, size_t two_len, uint8_t *out, size_t out_len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret,
                                          secret_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)label,
                                          strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)one, one_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)two, two_len),
        OSSL_PARAM_construct_end()};
    if (EVP_KDF_derive(ctx, out, out_len, params) != 1)
        abort();
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

/* RFC 5246 §8.1.2: the shared secret without its leading zeros is the premaster secret. */
static void make_keys(struct anon_server *server, const uint8_t *public, size_t len)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *prime = BN_get_rfc3526_prime_2048(NULL);
    BIGNUM *theirs = BN_bin2bn(public, (int)len, NULL);
    BIGNUM *shared = BN_new();
    uint8_t premaster[DH_SIZE];
    BN_mod_exp(shared, theirs, server->secret_exponent, prime, ctx);
    size_t size = (size_t)BN_bn2bin(shared, premaster);
    derive(premaster, size, "master secret", server->client_random, 32, server->server_random, 32,
           server->master, sizeof server->master);
    derive(server->master, sizeof server->master, "key expansion", server->server_random, 32,
           server->client_random, 32, server->keys, sizeof server->keys);
    server->keys_known = true;
    BN_free(shared);
    BN_free(theirs);
    BN_free(prime);
    BN_CTX_free(ctx);
}

static void make_verify_data(const struct anon_server *server, const char *label, uint8_t out[12])
{
    uint8_t hash[32];
    unsigned size = 0;
    EVP_Digest(server->transcript.data, server->transcript.len, hash, &size, EVP_sha256(), NULL);
    derive(server->master, sizeof server->master, label, hash, sizeof hash, "", 0, out, 12);
}

/* --- records ----------------------------------------------------------------------------------- */

static void put_record(struct anon_server *server, int type, const void *data, size_t len)
{
    put_number(&server->out, (size_t)type, 1);
    put_number(&server->out, 0x0303, 2);
    put_number(&server->out, len, 2);
    put(&server->out, data, len);
}

/* RFC 5246 §6.2.3.1: over the sequence number, the header and the content. */
static void make_mac(const uint8_t *key, uint64_t sequence, int type, const uint8_t *data,
                     size_t len, uint8_t out[MAC_SIZE])
{
    static struct anon_pipe text;
    unsigned size = 0;
    text.len = 0;
    put_number(&text, sequence, 8);
    put_number(&text, (size_t)type, 1);
    put_number(&text, 0x0303, 2);
    put_number(&text, len, 2);
    put(&text, data, len);
    HMAC(EVP_sha1(), key, MAC_SIZE, text.data, text.len, out, &size);
}

static void crypt_blocks(int encrypt, const uint8_t *key, const uint8_t *iv, uint8_t *data,
                         size_t len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int out = 0;
    EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv, encrypt);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    EVP_CipherUpdate(ctx, data, &out, data, (int)len);
    EVP_CIPHER_CTX_free(ctx);
}

static void put_sealed(struct anon_server *server, int type, const void *data, size_t len)
{
    struct anon_pipe text = {.len = 0};
    uint8_t mac[MAC_SIZE];
    RAND_bytes(text.data, BLOCK);
    text.len = BLOCK;
    put(&text, data, len);
    make_mac(server->keys + AT_SERVER_MAC, server->sequence_out++, type, data, len, mac);
    put(&text, mac, sizeof mac);
    size_t padding = BLOCK - (text.len % BLOCK);
    for (size_t i = 0; i < padding; i++)
        put_number(&text, padding - 1, 1);
    crypt_blocks(1, server->keys + AT_SERVER_KEY, text.data, text.data + BLOCK, text.len - BLOCK);
    put_record(server, type, text.data, text.len);
}

/* Decrypts in place; the content starts at data + BLOCK. False: it isn't a record of these keys. */
static bool open_sealed(struct anon_server *server, int type, uint8_t *data, size_t *len)
{
    uint8_t mac[MAC_SIZE];
    if (*len < 3 * BLOCK || *len % BLOCK != 0)
        return false;
    crypt_blocks(0, server->keys + AT_CLIENT_KEY, data, data + BLOCK, *len - BLOCK);
    size_t rest = *len - BLOCK;
    size_t padding = (size_t)data[*len - 1] + 1;
    if (padding + MAC_SIZE > rest)
        return false;
    rest -= padding + MAC_SIZE;
    make_mac(server->keys + AT_CLIENT_MAC, server->sequence_in++, type, data + BLOCK, rest, mac);
    *len = rest;
    return memcmp(mac, data + BLOCK + rest, MAC_SIZE) == 0;
}

/* --- messages ---------------------------------------------------------------------------------- */

static void put_message(struct anon_server *server, int type, const struct anon_pipe *body)
{
    struct anon_pipe message = {.len = 0};
    put_number(&message, (size_t)type, 1);
    put_number(&message, body->len, 3);
    put(&message, body->data, body->len);
    put(&server->transcript, message.data, message.len);
    put_record(server, HANDSHAKE, message.data, message.len);
}

static void say_hello(struct anon_server *server)
{
    struct anon_pipe body = {.len = 0};
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *prime = BN_get_rfc3526_prime_2048(NULL);
    BIGNUM *two = BN_new();
    BIGNUM *ours = BN_new();
    uint8_t octets[DH_SIZE];
    put_number(&body, 0x0303, 2);
    put(&body, server->server_random, 32);
    put_number(&body, 0, 1);
    put_number(&body, server->suite, 2);
    put_number(&body, 0, 1);
    if (server->extension) {
        /* ec_point_formats: uncompressed (RFC 8422 §5.1.2). With any extension but
         * supported_versions the ServerHello takes the library's other way down to TLS 1.2. */
        put_number(&body, 6, 2);
        put_number(&body, 11, 2);
        put_number(&body, 2, 2);
        put_number(&body, 0x0100, 2);
    }
    put_message(server, SERVER_HELLO, &body);

    BN_set_word(two, 2);
    BN_mod_exp(ours, two, server->secret_exponent, prime, ctx);
    body.len = 0;
    BN_bn2binpad(prime, octets, DH_SIZE);
    put_number(&body, DH_SIZE, 2);
    put(&body, octets, DH_SIZE);
    put_number(&body, 1, 2);
    put_number(&body, 2, 1);
    BN_bn2binpad(ours, octets, DH_SIZE);
    put_number(&body, DH_SIZE, 2);
    put(&body, octets, DH_SIZE);
    put_message(server, SERVER_KEY, &body);
    body.len = 0;
    put_message(server, SERVER_DONE, &body);
    server->hello_sent = true;
    BN_free(ours);
    BN_free(two);
    BN_free(prime);
    BN_CTX_free(ctx);
}

static void take_finished(struct anon_server *server, const uint8_t *data, size_t len)
{
    uint8_t expected[12];
    struct anon_pipe message = {.len = 0};
    make_verify_data(server, "client finished", expected);
    if (len != 16 || memcmp(data + 4, expected, sizeof expected) != 0) {
        server->broken = true;
        return;
    }
    put(&server->transcript, data, len);
    put_record(server, CHANGE_CIPHER_SPEC, "\x01", 1);
    make_verify_data(server, "server finished", expected);
    put_number(&message, FINISHED, 1);
    put_number(&message, sizeof expected, 3);
    put(&message, expected, sizeof expected);
    put_sealed(server, HANDSHAKE, message.data, message.len);
    server->complete = true;
}

static void take_message(struct anon_server *server, const uint8_t *data, size_t len)
{
    if (data[0] == CLIENT_HELLO && len > 38 && !server->hello_sent) {
        memcpy(server->client_random, data + 6, 32);
        put(&server->transcript, data, len);
        say_hello(server);
    } else if (data[0] == CLIENT_KEY_X && len > 6 && !server->keys_known) {
        put(&server->transcript, data, len);
        make_keys(server, data + 6, len - 6);
    } else if (data[0] == FINISHED && server->client_encrypts) {
        take_finished(server, data, len);
    } else {
        server->broken = true;
    }
}

static void take_record(struct anon_server *server, int type, uint8_t *data, size_t len)
{
    if (server->client_encrypts) {
        if (!open_sealed(server, type, data, &len)) {
            server->broken = true;
            return;
        }
        data += BLOCK;
    }
    if (type == ALERT)
        server->alerts++;
    else if (type == CHANGE_CIPHER_SPEC && server->keys_known)
        server->client_encrypts = true;
    else if (type == APPLICATION)
        put(&server->inside, data, len);
    else if (type == HANDSHAKE && len >= 4)
        take_message(server, data, len);
    else
        server->broken = true;
}

void anon_feed(struct anon_server *server, const void *data, size_t len)
{
    struct anon_pipe *in = &server->in;
    put(in, data, len);
    while (in->len >= 5 && !server->broken) {
        size_t size = (size_t)in->data[3] << 8 | in->data[4];
        if (in->len < 5 + size)
            break;
        take_record(server, in->data[0], in->data + 5, size);
        drop(in, 5 + size);
    }
}

void anon_say(struct anon_server *server, const char *text)
{
    put_sealed(server, APPLICATION, text, strlen(text));
}

void anon_init(struct anon_server *server, uint16_t suite)
{
    memset(server, 0, sizeof *server);
    server->suite = suite;
    RAND_bytes(server->server_random, sizeof server->server_random);
    BIGNUM *exponent = BN_new();
    BN_rand(exponent, 256, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
    server->secret_exponent = exponent;
}

void anon_free(struct anon_server *server)
{
    BN_free(server->secret_exponent);
}
