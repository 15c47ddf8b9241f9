/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server without a certificate must get nothing from us. First the danger is shown: the library
 * alone, set up with care, calls the anonymous session a success and would send into it. Then our
 * client is put before the same server.
 */
#include "tests/unit/tls_anon.h"

#include "probe/limits.h"
#include "probe/tls.h"
#include "probe/tls_identity.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- the library alone ------------------------------------------------------------------------- */

static int take_for_library(WOLFSSL *ssl, char *data, int size, void *user)
{
    struct anon_server *server = user;
    (void)ssl;
    size_t len = server->out.len < (size_t)size ? server->out.len : (size_t)size;
    if (len == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(data, server->out.data, len);
    memmove(server->out.data, server->out.data + len, server->out.len - len);
    server->out.len -= len;
    return (int)len;
}

static int give_from_library(WOLFSSL *ssl, char *data, int size, void *user)
{
    (void)ssl;
    anon_feed(user, data, (size_t)size);
    return size;
}

static int refuse_everything(int preverified, WOLFSSL_X509_STORE_CTX *store)
{
    (void)preverified, (void)store;
    return 0;
}

static void test_library_alone_is_fooled(void **state)
{
    (void)state;
    struct anon_server server;
    anon_init(&server, ANON_SUITE);
    server.extension = true;
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLS_client_method());
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           refuse_everything);
    assert_int_equal(
        wolfSSL_CTX_set_cipher_list(ctx, "TLS13-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"),
        WOLFSSL_SUCCESS);
    WOLFSSL *ssl = wolfSSL_new(ctx);
    wolfSSL_check_domain_name(ssl, "mx.test");
    wolfSSL_SSLSetIORecv(ssl, take_for_library);
    wolfSSL_SSLSetIOSend(ssl, give_from_library);
    wolfSSL_SetIOReadCtx(ssl, &server);
    wolfSSL_SetIOWriteCtx(ssl, &server);
    int result = wolfSSL_connect(ssl);
    assert_true(server.hello_sent);
    if (result == WOLFSSL_SUCCESS) {
        /* The server above is a real one: the session works in both directions. */
        assert_true(server.complete);
        assert_false(server.broken);
        assert_int_equal(wolfSSL_write(ssl, "AUTH PLAIN", 10), 10);
        assert_int_equal(server.inside.len, 10);
        assert_memory_equal(server.inside.data, "AUTH PLAIN", 10);
        print_message("wolfSSL %s alone: anonymous handshake = success\n", wolfSSL_lib_version());
    } else {
        print_message("wolfSSL %s alone: refuses the anonymous handshake (%d)\n",
                      wolfSSL_lib_version(), wolfSSL_get_error(ssl, result));
        assert_int_equal(server.inside.len, 0);
    }
    wolfSSL_free(ssl);
    wolfSSL_CTX_free(ctx);
    anon_free(&server);
}

/* --- our client -------------------------------------------------------------------------------- */

struct client {
    struct sp_tls_ctx *ctx;
    struct sp_arena *arena;
    struct sp_tls *tls;
    enum sp_tls_status status;
};

static void open_client(struct client *client, const struct sp_tls_config *config)
{
    client->ctx = sp_tls_ctx_new();
    client->arena = sp_arena_new(SP_LIMIT_ARENA);
    assert_true(client->ctx && client->arena);
    client->tls = sp_tls_new(client->ctx, client->arena, config);
    assert_non_null(client->tls);
}

static void close_client(struct client *client)
{
    sp_tls_free(client->tls);
    sp_arena_free(client->arena);
    sp_tls_ctx_free(client->ctx);
}

static size_t deliver(struct client *client, struct anon_server *server)
{
    struct sp_buf *out = sp_tls_outgoing(client->tls);
    size_t len = out->len;
    anon_feed(server, out->data, len);
    sp_buf_consume(out, len);
    return len;
}

static void converse(struct client *client, struct anon_server *server, size_t chunk)
{
    client->status = sp_tls_handshake(client->tls);
    while (client->status == SP_TLS_WANT) {
        deliver(client, server);
        if (server->out.len == 0)
            break;
        while (server->out.len > 0 && client->status == SP_TLS_WANT) {
            size_t len = chunk > 0 && chunk < server->out.len ? chunk : server->out.len;
            assert_true(sp_tls_feed(client->tls, server->out.data, len));
            memmove(server->out.data, server->out.data + len, server->out.len - len);
            server->out.len -= len;
            client->status = sp_tls_handshake(client->tls);
        }
    }
}

static void expect_silence(struct client *client, struct anon_server *server)
{
    char data[64];
    size_t len;
    assert_int_equal(client->status, SP_TLS_FAILED);
    assert_false(sp_tls_facts(client->tls)->established);
    size_t left = sp_tls_outgoing(client->tls)->len;
    /* A library that refuses by itself may leave an alert (in clear); nothing else may be there. */
    assert_true(left == 0 || (left == 7 && sp_tls_outgoing(client->tls)->data[0] == 21));
    assert_int_equal(sp_tls_write(client->tls, "AUTH PLAIN", 10), SP_TLS_FAILED);
    assert_int_equal(sp_tls_read(client->tls, data, sizeof data, &len), SP_TLS_FAILED);
    assert_int_equal(sp_tls_handshake(client->tls), SP_TLS_FAILED);
    sp_tls_close(client->tls);
    assert_int_equal(sp_tls_outgoing(client->tls)->len, left);
    deliver(client, server);
    /* Not even our half of the key exchange went out. */
    assert_false(server->keys_known);
    assert_false(server->complete);
    assert_int_equal(server->inside.len, 0);
}

static void test_nothing_goes_inside(void **state)
{
    (void)state;
    static const size_t chunks[] = {0, 1, 5, 300};
    static const uint16_t suites[] = {0x0033, 0x1301}, groups[] = {0x0100, 0x001d};
    static const char *const protocols[] = {"smtp"};
    struct sp_tls_identity *identity = anon_make_identity(); /* opens no other way in */
    const struct sp_tls_config configs[] = {
        {.sni = "mx.test"},
        {.version_min = 0x0304, .sni = "mx.test"},
        {.version_max = 0x0303, .sni = "mx.test"},
        {.version_min = 0x0302, .sni = NULL},
        {.sni = "mx.test", .ocsp = true},
        {.sni = "mx.test", .suites = suites, .suite_count = 2, .groups = groups, .group_count = 2},
        {.sni = "mx.test", .alpn = protocols, .alpn_count = 1},
        {.sni = "mx.test", .identity = identity, .ocsp = true},
    };
    const size_t count = sizeof configs / sizeof configs[0];
    for (size_t c = 0; c < 2 * count; c++)
        for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
            struct anon_server server;
            struct client client;
            anon_init(&server, ANON_SUITE);
            server.extension = c >= count;
            open_client(&client, &configs[c % count]);
            converse(&client, &server, chunks[i]);
            assert_true(server.hello_sent);
            expect_silence(&client, &server);
            close_client(&client);
            anon_free(&server);
        }
    sp_tls_identity_free(identity);
}

static void test_says_what_happened(void **state)
{
    (void)state;
    const struct sp_tls_config config = {.sni = "mx.test"};
    struct anon_server server;
    struct client client;
    anon_init(&server, ANON_SUITE);
    server.extension = true;
    open_client(&client, &config);
    converse(&client, &server, 0);
    const struct sp_tls_facts *facts = sp_tls_facts(client.tls);
    struct sp_tls_failure failure = sp_tls_failure(client.tls);
    assert_int_equal(failure.reason, SP_REASON_TLS_PROTOCOL_ERROR);
    assert_non_null(strstr(failure.detail, "TLS_DH_anon_WITH_AES_128_CBC_SHA"));
    assert_non_null(strstr(failure.detail, "anonymous"));
    assert_int_equal(facts->suite, ANON_SUITE);
    assert_string_equal(facts->version_text, "TLSv1.2");
    assert_int_equal(facts->cert_count, 0);
    close_client(&client);
    anon_free(&server);
}

/* Suites that we offer, and others that we don't: none of them without a certificate. */
static void test_other_suites_without_certificate(void **state)
{
    (void)state;
    static const uint16_t suites[] = {0x0033, 0xc02f, 0x00a7, 0x1301, 0x0000, 0x0005,
                                      0x002f, 0xc0b4, 0xc018, 0xffff, 0x0001};
    const struct sp_tls_config config = {.sni = "mx.test"};
    size_t count = sizeof suites / sizeof suites[0];
    for (size_t i = 0; i < 2 * count; i++) {
        struct anon_server server;
        struct client client;
        anon_init(&server, suites[i % count]);
        server.extension = i >= count;
        open_client(&client, &config);
        converse(&client, &server, 0);
        assert_true(server.hello_sent);
        assert_int_equal(client.status, SP_TLS_FAILED);
        assert_non_null(sp_tls_failure(client.tls).detail);
        assert_false(server.complete);
        assert_int_equal(server.inside.len, 0);
        close_client(&client);
        anon_free(&server);
    }
}

static void test_write_before_handshake(void **state)
{
    (void)state;
    const struct sp_tls_config config = {.sni = "mx.test"};
    struct client client;
    char data[8];
    size_t len;
    open_client(&client, &config);
    assert_int_equal(sp_tls_write(client.tls, "EHLO", 4), SP_TLS_FAILED);
    assert_int_equal(sp_tls_read(client.tls, data, sizeof data, &len), SP_TLS_FAILED);
    assert_int_equal(sp_tls_handshake(client.tls), SP_TLS_FAILED);
    assert_int_equal(sp_tls_outgoing(client.tls)->len, 0);
    assert_int_equal(sp_tls_failure(client.tls).reason, SP_REASON_INTERNAL_ERROR);
    close_client(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library_alone_is_fooled),
        cmocka_unit_test(test_nothing_goes_inside),
        cmocka_unit_test(test_says_what_happened),
        cmocka_unit_test(test_other_suites_without_certificate),
        cmocka_unit_test(test_write_before_handshake),
    };
    wolfSSL_Init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wolfSSL_Cleanup();
    return failed;
}
