/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Client certificates: files as people have them, and servers that ask, take and refuse. */
#include "tests/unit/tls_peer.h"

#include "probe/identity.h"
#include "probe/limits.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct sp_tls_ctx *ctx;
static EVP_PKEY *ca_key, *other_key, *keys[PEER_KEY_COUNT];
static X509 *ca, *other_ca, *host, *clients[PEER_KEY_COUNT];
static char folder[] = "/tmp/test_tls_identity.XXXXXX";
static char paths[40][64];
static size_t path_count;

/* A new file's path, for as long as the test runs. */
static const char *make_path(const char *name)
{
    assert_true(path_count < sizeof paths / sizeof paths[0]);
    char *path = paths[path_count++];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static FILE *open_new(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    return file;
}

static const char *write_text(const char *name, const char *text)
{
    const char *path = make_path(name);
    FILE *file = open_new(path);
    fputs(text, file);
    fclose(file);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    const struct peer_cert root = {.name = "Client CA", .ca = true};
    const struct peer_cert other = {.name = "Other CA", .ca = true};
    const struct peer_cert server = {.name = "mx.test"}, client = {.name = "client.test"};
    ctx = sp_tls_ctx_new();
    ca_key = peer_make_key(PEER_EC);
    other_key = peer_make_key(PEER_EC);
    ca = peer_make_cert(&root, ca_key, NULL, NULL);
    other_ca = peer_make_cert(&other, other_key, NULL, NULL);
    host = peer_make_cert(&server, ca_key, ca, ca_key);
    for (int i = 0; i < PEER_KEY_COUNT; i++) {
        keys[i] = peer_make_key((enum peer_key)i);
        clients[i] = peer_make_cert(&client, keys[i], ca, ca_key);
    }
    return ctx && mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < PEER_KEY_COUNT; i++) {
        EVP_PKEY_free(keys[i]);
        X509_free(clients[i]);
    }
    X509_free(ca);
    X509_free(other_ca);
    X509_free(host);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(other_key);
    sp_tls_ctx_free(ctx);
    for (size_t i = 0; i < path_count; i++)
        unlink(paths[i]);
    return rmdir(folder);
}

/* --- files ------------------------------------------------------------------------------------ */

enum form { PKCS8, PKCS8_ENCRYPTED, TRADITIONAL, TRADITIONAL_ENCRYPTED, DER_KEY, FORM_COUNT };

static const char *write_key(int key, enum form form)
{
    char name[32];
    snprintf(name, sizeof name, "key-%d-%d", key, (int)form);
    const char *path = make_path(name);
    FILE *file = open_new(path);
    EVP_PKEY *pkey = keys[key];
    const EVP_CIPHER *cipher = EVP_aes_256_cbc();
    int done = 0;
    switch (form) {
    case PKCS8: done = PEM_write_PKCS8PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL); break;
    case PKCS8_ENCRYPTED:
        done = PEM_write_PKCS8PrivateKey(file, pkey, cipher, NULL, 0, NULL,
                                         (void *)(uintptr_t) "geheim");
        break;
    case TRADITIONAL:
    case TRADITIONAL_ENCRYPTED: {
        BIO *bio = BIO_new_fp(file, BIO_NOCLOSE);
        bool plain = form == TRADITIONAL;
        done = PEM_write_bio_PrivateKey_traditional(bio, pkey, plain ? NULL : cipher, NULL, 0, NULL,
                                                    plain ? NULL : (void *)(uintptr_t) "geheim");
        BIO_free(bio);
        break;
    }
    case DER_KEY: done = i2d_PrivateKey_fp(file, pkey); break;
    case FORM_COUNT: break;
    }
    assert_int_equal(done, 1);
    fclose(file);
    return path;
}

static const char *write_chain(const char *name, X509 *first, X509 *second, EVP_PKEY *key)
{
    const char *path = make_path(name);
    FILE *file = open_new(path);
    fputs("a comment of whoever made it\n", file);
    if (first)
        assert_int_equal(PEM_write_X509(file, first), 1);
    if (second)
        assert_int_equal(PEM_write_X509(file, second), 1);
    if (key)
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    return path;
}

static struct sp_tls_identity *load(const char *cert, const char *key, const char *password,
                                    const char **out_option, char error[512])
{
    const struct sp_identity_files files = {cert, key, password};
    bool exposed = true;
    error[0] = '\0';
    *out_option = NULL;
    struct sp_tls_identity *identity = sp_identity_load(&files, &exposed, out_option, error, 512);
    assert_false(exposed);
    return identity;
}

static void test_forms(void **state)
{
    (void)state;
    const char *password = write_text("password", "geheim\n");
    for (int key = 0; key < PEER_KEY_COUNT; key++) {
        char name[32], error[512];
        const char *option;
        snprintf(name, sizeof name, "chain-%d", key);
        const char *cert = write_chain(name, clients[key], ca, NULL);
        for (int form = 0; form < FORM_COUNT; form++) {
            /* Ed25519 has no form but PKCS#8. */
            if (key == PEER_ED25519 && (form == TRADITIONAL || form == TRADITIONAL_ENCRYPTED))
                continue;
            bool encrypted = form == PKCS8_ENCRYPTED || form == TRADITIONAL_ENCRYPTED;
            struct sp_tls_identity *identity = load(cert, write_key(key, (enum form)form),
                                                    encrypted ? password : NULL, &option, error);
            if (!identity)
                print_error("key %d, form %d: %s\n", key, form, error);
            assert_non_null(identity);
            sp_tls_identity_free(identity);
        }
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    const char *cert = write_chain("cert", clients[PEER_RSA], NULL, NULL);
    const char *both = write_chain("both", clients[PEER_RSA], NULL, keys[PEER_RSA]);
    const char *wrong_order = write_chain("order", ca, clients[PEER_RSA], keys[PEER_RSA]);
    const char *ec = write_chain("ec-key", NULL, NULL, keys[PEER_EC]);
    const char *encrypted = make_path("key-0-1"), *traditional = make_path("key-0-3");
    const char *wrong = write_text("wrong-password", "falsch\n");
    const char *text = write_text("text", "no key and no certificate\n");
    const char *damaged = write_text("damaged", "-----BEGIN CERTIFICATE-----\nMIIB!\n"
                                                "-----END CERTIFICATE-----\n");
    const char *damaged_key = write_text("damaged-key", "-----BEGIN PRIVATE KEY-----\nMIIB\n"
                                                        "-----END PRIVATE KEY-----\n");
    const struct {
        const char *cert, *key, *password, *option, *words;
    } rows[] = {
        {both, NULL, NULL, NULL, NULL},
        {cert, NULL, NULL, "cert", "there is no private key"},
        {cert, text, NULL, "key", "can't use the private key"},
        {cert, cert, NULL, "key", "there is no private key"},
        {cert, ec, NULL, "key", "doesn't belong to the first certificate"},
        {wrong_order, NULL, NULL, "cert", "doesn't belong to the first certificate"},
        {cert, encrypted, NULL, "key", "is encrypted"},
        {cert, traditional, NULL, "key", "is encrypted"},
        {cert, encrypted, wrong, "key-password-file", "doesn't open"},
        {cert, traditional, wrong, "key-password-file", "doesn't open"},
        {cert, encrypted, "/nonexistent", "key-password-file", "/nonexistent"},
        {cert, damaged_key, NULL, "key", "can't use the private key"},
        {"/nonexistent", NULL, NULL, "cert", "cannot read /nonexistent"},
        {cert, "/nonexistent", NULL, "key", "cannot read /nonexistent"},
        {"/tmp", NULL, NULL, "cert", "not a regular file"},
        {"/dev/null", NULL, NULL, "cert", "not a regular file"},
        {text, NULL, NULL, "cert", "can't be read"},
        {damaged, NULL, NULL, "cert", "damaged"},
        {ec, NULL, NULL, "cert", "no certificate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[512];
        const char *option;
        struct sp_tls_identity *identity =
            load(rows[i].cert, rows[i].key, rows[i].password, &option, error);
        if (!rows[i].words != !error[0] || (rows[i].words && !strstr(error, rows[i].words)))
            print_error("row %zu: %s\n", i, error);
        assert_int_equal(identity == NULL, rows[i].words != NULL);
        sp_tls_identity_free(identity);
        if (!rows[i].words)
            continue;
        assert_non_null(strstr(error, rows[i].words));
        assert_string_equal(option, rows[i].option);
        assert_null(strstr(error, "geheim"));
        assert_null(strstr(error, "falsch"));
    }
}

static void test_exposed(void **state)
{
    (void)state;
    const char *path = write_chain("exposed", clients[PEER_EC], NULL, keys[PEER_EC]);
    const struct sp_identity_files files = {path, NULL, NULL};
    const char *option;
    char error[512];
    bool exposed = false;
    assert_int_equal(chmod(path, 0644), 0);
    struct sp_tls_identity *identity =
        sp_identity_load(&files, &exposed, &option, error, sizeof error);
    assert_non_null(identity);
    assert_true(exposed);
    sp_tls_identity_free(identity);
}

/* --- servers ---------------------------------------------------------------------------------- */

static struct sp_tls_identity *make_identity(int key)
{
    unsigned char *chain = NULL, *der = NULL;
    enum sp_tls_identity_status status;
    int chain_len = i2d_X509(clients[key], &chain), len = i2d_PrivateKey(keys[key], &der);
    const struct sp_tls_identity_parts parts = {
        .chain = chain, .chain_len = (size_t)chain_len, .key = der, .key_len = (size_t)len};
    struct sp_tls_identity *identity = sp_tls_identity_new(&parts, &status);
    assert_int_equal(status, SP_TLS_IDENTITY_OK);
    OPENSSL_free(chain);
    OPENSSL_free(der);
    return identity;
}

/* In TLS 1.3 the server says what it thinks behind our handshake. */
static enum sp_tls_status finish(struct peer *peer, struct sp_tls *tls)
{
    char data[16];
    size_t len;
    enum sp_tls_status status = peer_handshake(peer, tls, 0);
    if (status != SP_TLS_DONE)
        return status;
    while (peer_move(peer, tls, 0, &status))
        ;
    status = sp_tls_read(tls, data, sizeof data, &len);
    return status == SP_TLS_WANT ? SP_TLS_DONE : status;
}

static void test_servers(void **state)
{
    (void)state;
    enum { UNASKED, TAKEN, UNKNOWN_CA, MISSING, CASE_COUNT };
    static const char *const words[CASE_COUNT] = {
        NULL, NULL, "the server refused our client certificate with the alert unknown_ca (48)",
        "the server wants a client certificate and we have none"};
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (int key = 0; key < PEER_KEY_COUNT; key++)
            for (int what = 0; what < CASE_COUNT; what++) {
                struct sp_tls_identity *identity = what == MISSING ? NULL : make_identity(key);
                const struct sp_tls_config client = {.sni = "mx.test", .identity = identity};
                const struct peer_config server = {.key = ca_key,
                                                   .chain = {host},
                                                   .chain_count = 1,
                                                   .version_min = version,
                                                   .version_max = version,
                                                   .want_client_certificate = what != UNASKED,
                                                   .client_ca = what == UNKNOWN_CA ? other_ca : ca};
                struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
                struct sp_tls *tls = sp_tls_new(ctx, arena, &client);
                struct peer peer;
                peer_open(&peer, &server);
                enum sp_tls_status status = finish(&peer, tls);
                const struct sp_tls_facts *facts = sp_tls_facts(tls);
                struct sp_tls_failure failure = sp_tls_failure(tls);
                if (status != (words[what] ? SP_TLS_FAILED : SP_TLS_DONE))
                    print_error("TLS %x, key %d, case %d: %s\n", version, key, what,
                                failure.detail ? failure.detail : "no failure");
                assert_int_equal(status, words[what] ? SP_TLS_FAILED : SP_TLS_DONE);
                assert_int_equal(facts->client_certificate_requested, what != UNASKED);
                assert_int_equal(facts->client_certificate_sent,
                                 what == TAKEN || what == UNKNOWN_CA);
                if (what == TAKEN) {
                    X509 *seen = SSL_get1_peer_certificate(peer.ssl);
                    assert_int_equal(X509_cmp(seen, clients[key]), 0);
                    X509_free(seen);
                }
                if (words[what]) {
                    if (!strstr(failure.detail, words[what]))
                        print_error("%s\n", failure.detail);
                    assert_int_equal(failure.reason, SP_REASON_TLS_CLIENT_CERTIFICATE_REQUIRED);
                    assert_non_null(strstr(failure.detail, words[what]));
                }
                sp_tls_free(tls);
                peer_close(&peer);
                sp_arena_free(arena);
                sp_tls_identity_free(identity);
            }
}

/* An empty list would be the right answer; the library gives up, and that is said to be so. */
static void test_no_common_scheme(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct sp_tls_identity *identity = make_identity(PEER_RSA);
        const struct sp_tls_config client = {.sni = "mx.test", .identity = identity};
        const struct peer_config server = {.key = ca_key,
                                           .chain = {host},
                                           .chain_count = 1,
                                           .version_min = version,
                                           .version_max = version,
                                           .want_client_certificate = true,
                                           .client_sigalgs = "ed25519"};
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_tls *tls = sp_tls_new(ctx, arena, &client);
        struct peer peer;
        peer_open(&peer, &server);
        assert_int_equal(finish(&peer, tls), SP_TLS_FAILED);
        struct sp_tls_failure failure = sp_tls_failure(tls);
        assert_int_equal(failure.reason, SP_REASON_TLS_HANDSHAKE_FAILED);
        assert_non_null(strstr(failure.detail, "another kind of key"));
        sp_tls_free(tls);
        peer_close(&peer);
        sp_arena_free(arena);
        sp_tls_identity_free(identity);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_exposed),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_no_common_scheme),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
