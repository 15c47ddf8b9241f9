/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCRAM's server side (RFC 5802, 7677) over OpenSSL, with any hash; and the channel bindings of RFC 5929
 * and RFC 9266 as OpenSSL sees the connection. This side may lie: script.h, scram_first and scram_final.
 */
#include "sasl.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_MAX = 64, NONCE_MAX = 256, MESSAGE_MAX = 1024 };

struct scram {
    char header[128];           /* GS2 header with its last comma */
    char bare[MESSAGE_MAX];     /* client-first-message-bare */
    char first[MESSAGE_MAX];    /* server-first-message */
    char nonce[NONCE_MAX + 32]; /* client's and ours */
    unsigned char binding[64];
    size_t binding_length;
};

/* ---- what is made ahead ---- */

struct known {
    struct ts_salted salted;
    const char *digest, *password;
    int iterations;
    struct known *next;
};

const struct ts_salted *ts_sasl_salted(const struct ts_server *server, const char *digest)
{
    static struct known *all;
    for (struct known *k = all; k != NULL; k = k->next)
        if (k->iterations == server->auth_iterations && strcmp(k->digest, digest) == 0 &&
            strcmp(k->password, server->auth_password) == 0)
            return &k->salted;
    struct known *k = calloc(1, sizeof *k);
    const EVP_MD *md = EVP_get_digestbyname(digest);
    if (k == NULL || md == NULL)
        abort();
    k->digest = digest;
    k->password = server->auth_password;
    k->iterations = server->auth_iterations;
    RAND_bytes(k->salted.salt, sizeof k->salted.salt);
    PKCS5_PBKDF2_HMAC(k->password, -1, k->salted.salt, sizeof k->salted.salt, k->iterations, md,
                      EVP_MD_get_size(md), k->salted.password);
    k->next = all;
    all = k;
    return &k->salted;
}

/* ---- channel binding ---- */

/* RFC 5929 §4.1: the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1. */
static size_t bind_end_point(const SSL *ssl, unsigned char out[64])
{
    X509 *own = SSL_get_certificate(ssl);
    int digest = NID_undef;
    unsigned length = 0;
    if (own == NULL || !OBJ_find_sigid_algs(X509_get_signature_nid(own), &digest, NULL))
        return 0;
    if (digest == NID_md5 || digest == NID_sha1)
        digest = NID_sha256;
    const EVP_MD *md = EVP_get_digestbynid(digest);
    return md != NULL && X509_digest(own, md, out, &length) == 1 ? length : 0;
}

size_t ts_sasl_binding(const SSL *ssl, const char *type, unsigned char out[64])
{
    static const char label[] = "EXPORTER-Channel-Binding";
    if (ssl == NULL)
        return 0;
    if (strcmp(type, "tls-server-end-point") == 0)
        return bind_end_point(ssl, out);
    if (strcmp(type, "tls-exporter") == 0)
        return SSL_export_keying_material((SSL *)(uintptr_t)ssl, out, 32, label, sizeof label - 1,
                                          (const unsigned char *)"", 0, 1) == 1
                   ? 32
                   : 0;
    if (strcmp(type, "tls-unique") != 0 || SSL_version(ssl) >= TLS1_3_VERSION)
        return 0;
    /* The first Finished message of the handshake: the client's, or ours when it was resumed. */
    size_t length = SSL_session_reused(ssl) ? SSL_get_finished(ssl, out, 64)
                                            : SSL_get_peer_finished(ssl, out, 64);
    return length <= 64 ? length : 0;
}

/* ---- the messages ---- */

static const EVP_MD *digest_of(const struct ts_login *login)
{
    const char *name = login->mechanism + strlen("SCRAM-SHA-");
    return strncmp(name, "512", 3) == 0   ? EVP_sha512()
           : strncmp(name, "256", 3) == 0 ? EVP_sha256()
                                          : EVP_sha1();
}

static const char *digest_name(const EVP_MD *md)
{
    return EVP_MD_get_size(md) == 64 ? "SHA512" : EVP_MD_get_size(md) == 32 ? "SHA256" : "SHA1";
}

/* "p=TYPE", "y" or "n" against what the mechanism's name and the server's list allow. */
static enum ts_sasl_then check_binding(struct ts_login *login, struct scram *scram)
{
    int is_plus = strstr(login->mechanism, "-PLUS") != NULL;
    char plus[32], type[64];
    snprintf(plus, sizeof plus, "%s%s", login->mechanism, is_plus ? "" : "-PLUS");
    if (scram->header[0] == 'p') {
        snprintf(type, sizeof type, "%.*s", (int)strcspn(scram->header + 2, ","),
                 scram->header + 2);
        scram->binding_length = ts_sasl_binding(login->ssl, type, scram->binding);
        if (!is_plus || scram->binding_length == 0)
            return ts_sasl_say(login, TS_SASL_MALFORMED, "no binding of type %s", type);
        ts_sasl_say(login, TS_SASL_MORE, "%s", type);
    } else if (is_plus) {
        return ts_sasl_say(login, TS_SASL_MALFORMED, "-PLUS without p=");
    } else if (scram->header[0] == 'y' && ts_sasl_lists(login->server, plus)) {
        return ts_sasl_say(login, TS_SASL_DENIED, "y, but -PLUS is listed");
    }
    return TS_SASL_MORE;
}

/* Copies what stands behind `key` up to the next comma. Returns 0, or -1. */
static int take_field(const char *text, const char *key, char *out, size_t size)
{
    if (strncmp(text, key, strlen(key)) != 0)
        return -1;
    text += strlen(key);
    size_t length = strcspn(text, ",");
    if (length == 0 || length >= size)
        return -1;
    memcpy(out, text, length);
    out[length] = '\0';
    return 0;
}

static void replace_word(char *out, size_t size, const char *text, const char *word,
                         const char *with)
{
    const char *found = strstr(text, word);
    if (found == NULL)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%.*s%s%s", (int)(found - text), text, with, found + strlen(word));
}

static void make_first(const struct ts_login *login, struct scram *scram, const char *client)
{
    const struct ts_server *server = login->server;
    const struct ts_salted *salted = ts_sasl_salted(server, digest_name(digest_of(login)));
    unsigned char noise[12];
    struct ts_bytes text = {0};
    RAND_bytes(noise, sizeof noise);
    ts_bytes_add(&text, client, strlen(client));
    ts_base64_add(&text, noise, sizeof noise);
    ts_bytes_add(&text, "", 1);
    snprintf(scram->nonce, sizeof scram->nonce, "%s", (const char *)text.data);
    text.length = 0;
    ts_base64_add(&text, salted->salt, sizeof salted->salt);
    ts_bytes_add(&text, "", 1);
    if (server->scram_first != NULL)
        replace_word(scram->first, sizeof scram->first, server->scram_first, "%r", client);
    else
        snprintf(scram->first, sizeof scram->first, "r=%s,s=%s,i=%d", scram->nonce,
                 (const char *)text.data, server->auth_iterations);
    ts_bytes_free(&text);
}

static enum ts_sasl_then answer_first(struct ts_login *login, struct scram *scram, const char *in,
                                      struct ts_bytes *out)
{
    char user[256], nonce[NONCE_MAX];
    const char *comma = strchr(in, ',');
    const char *bare = comma != NULL ? strchr(comma + 1, ',') : NULL;
    if (bare == NULL || strchr("pyn", in[0]) == NULL ||
        (size_t)(bare + 1 - in) >= sizeof scram->header || strlen(bare) >= sizeof scram->bare)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "no client-first-message");
    memcpy(scram->header, in, (size_t)(bare + 1 - in));
    snprintf(scram->bare, sizeof scram->bare, "%s", bare + 1);
    const char *rest = strstr(scram->bare, ",r=");
    if (take_field(scram->bare, "n=", user, sizeof user) != 0 || rest == NULL ||
        take_field(rest, ",r=", nonce, sizeof nonce) != 0)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "no user or nonce");
    enum ts_sasl_then then = check_binding(login, scram);
    if (then != TS_SASL_MORE)
        return then;
    if (strcmp(user, login->server->auth_user) != 0)
        return ts_sasl_say(login, TS_SASL_DENIED, "unknown user %s", user);
    make_first(login, scram, nonce);
    ts_bytes_add(out, scram->first, strlen(scram->first));
    return TS_SASL_MORE;
}

static void sign(const EVP_MD *md, const unsigned char *key, size_t length, const char *text,
                 unsigned char out[DIGEST_MAX])
{
    HMAC(md, key, (int)length, (const unsigned char *)text, strlen(text), out, NULL);
}

/* RFC 5802 §3. Returns 1 when the client's proof is right; *out_signature is ServerSignature. */
static int check_proof(const struct ts_login *login, const char *auth_message,
                       const struct ts_bytes *proof, unsigned char out_signature[DIGEST_MAX])
{
    const EVP_MD *md = digest_of(login);
    size_t length = (size_t)EVP_MD_get_size(md);
    const struct ts_salted *salted = ts_sasl_salted(login->server, digest_name(md));
    unsigned char client[DIGEST_MAX], stored[DIGEST_MAX], server[DIGEST_MAX], given[DIGEST_MAX];
    sign(md, salted->password, length, "Client Key", client);
    EVP_Digest(client, length, stored, NULL, md, NULL);
    sign(md, stored, length, auth_message, given);
    sign(md, salted->password, length, "Server Key", server);
    sign(md, server, length, auth_message, out_signature);
    if (proof->length != length)
        return 0;
    for (size_t i = 0; i < length; i++)
        given[i] ^= proof->data[i];
    return memcmp(given, client, length) == 0;
}

/* c= must be the header and the binding's data, r= our nonce. */
static const char *check_final(const struct scram *scram, const char *in)
{
    struct ts_bytes wanted = {0};
    const char *wrong = NULL;
    ts_bytes_add(&wanted, "c=", 2);
    struct ts_bytes data = {0};
    ts_bytes_add(&data, scram->header, strlen(scram->header));
    ts_bytes_add(&data, scram->binding, scram->binding_length);
    ts_base64_add(&wanted, data.data, data.length);
    ts_bytes_add(&wanted, ",r=", 3);
    if (strncmp(in, (const char *)wanted.data, wanted.length) != 0)
        wrong = "channel binding differs";
    else if (strncmp(in + wanted.length, scram->nonce, strlen(scram->nonce)) != 0)
        wrong = "nonce differs";
    ts_bytes_free(&wanted);
    ts_bytes_free(&data);
    return wrong;
}

static void add_final(const struct ts_login *login, const unsigned char *signature,
                      struct ts_bytes *out)
{
    struct ts_bytes value = {0};
    char text[MESSAGE_MAX];
    ts_base64_add(&value, signature, (size_t)EVP_MD_get_size(digest_of(login)));
    ts_bytes_add(&value, "", 1);
    const char *said = login->server->scram_final;
    replace_word(text, sizeof text, said != NULL ? said : "v=%v", "%v", (const char *)value.data);
    ts_bytes_add(out, text, strlen(text));
    ts_bytes_free(&value);
}

static enum ts_sasl_then answer_final(struct ts_login *login, const struct scram *scram,
                                      const char *in, struct ts_bytes *out)
{
    unsigned char signature[DIGEST_MAX];
    char auth_message[3 * MESSAGE_MAX];
    struct ts_bytes proof = {0};
    const char *found = strstr(in, ",p=");
    if (found == NULL || ts_base64_read(found + 3, &proof) != 0) {
        ts_bytes_free(&proof);
        return ts_sasl_say(login, TS_SASL_MALFORMED, "no proof");
    }
    snprintf(auth_message, sizeof auth_message, "%s,%s,%.*s", scram->bare, scram->first,
             (int)(found - in), in);
    const char *wrong = check_final(scram, in);
    if (wrong == NULL && !check_proof(login, auth_message, &proof, signature))
        wrong = "proof is wrong";
    ts_bytes_free(&proof);
    if (wrong != NULL)
        return ts_sasl_say(login, TS_SASL_DENIED, "%s", wrong);
    add_final(login, signature, out);
    return ts_sasl_say(login, TS_SASL_DONE, "user=%s cb=%.*s", login->server->auth_user,
                       (int)strcspn(scram->header, ","), scram->header);
}

enum ts_sasl_then ts_sasl_scram(struct ts_login *login, const unsigned char *in, size_t length,
                                struct ts_bytes *out)
{
    if (strlen((const char *)in) != length || length >= MESSAGE_MAX)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "a NUL, or too long");
    if (login->steps == 0) {
        login->state = calloc(1, sizeof(struct scram));
        if (login->state == NULL)
            abort();
        return answer_first(login, login->state, (const char *)in, out);
    }
    return answer_final(login, login->state, (const char *)in, out);
}
