/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLS client against OpenSSL: what must work, and what is known afterwards. */
#include "tests/unit/tls_peer.h"

#include "probe/limits.h"
#include "probe/tls_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static struct sp_tls_ctx *ctx;
static EVP_PKEY *keys[PEER_KEY_COUNT];
static EVP_PKEY *ca_key;
static X509 *ca, *leafs[PEER_KEY_COUNT];

static int set_up(void **state)
{
    (void)state;
    const struct peer_cert root = {.name = "Test CA", .ca = true};
    const struct peer_cert host = {.name = "mx.test"};
    ctx = sp_tls_ctx_new();
    ca_key = peer_make_key(PEER_EC);
    ca = peer_make_cert(&root, ca_key, NULL, NULL);
    for (int i = 0; i < PEER_KEY_COUNT; i++) {
        keys[i] = peer_make_key((enum peer_key)i);
        leafs[i] = peer_make_cert(&host, keys[i], ca, ca_key);
    }
    return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < PEER_KEY_COUNT; i++) {
        EVP_PKEY_free(keys[i]);
        X509_free(leafs[i]);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    sp_tls_ctx_free(ctx);
    return 0;
}

/* One session with its server. */
struct pair {
    struct sp_arena *arena;
    struct sp_tls *tls;
    struct peer peer;
    enum sp_tls_status status;
};

static void open_pair(struct pair *pair, const struct peer_config *server,
                      const struct sp_tls_config *client, size_t chunk)
{
    pair->arena = sp_arena_new(SP_LIMIT_ARENA);
    assert_non_null(pair->arena);
    pair->tls = sp_tls_new(ctx, pair->arena, client);
    assert_non_null(pair->tls);
    peer_open(&pair->peer, server);
    pair->status = peer_handshake(&pair->peer, pair->tls, chunk);
}

static void close_pair(struct pair *pair)
{
    sp_tls_free(pair->tls);
    sp_arena_free(pair->arena);
    peer_close(&pair->peer);
}

static struct peer_config make_server(enum peer_key key, int version)
{
    return (struct peer_config){.key = keys[key],
                                .chain = {leafs[key], ca},
                                .chain_count = 2,
                                .version_min = version,
                                .version_max = version};
}

static const struct sp_tls_config usual = {.sni = "mx.test"};

static void expect_done(const struct pair *pair)
{
    if (pair->status != SP_TLS_DONE)
        print_error("status %d: %s\n", (int)pair->status,
                    sp_tls_failure(pair->tls).detail ? sp_tls_failure(pair->tls).detail : "none");
    assert_int_equal(pair->status, SP_TLS_DONE);
}

/* Both directions, then both goodbyes. */
static void expect_talk(struct pair *pair)
{
    char data[64];
    size_t len = 0;
    enum sp_tls_status status = SP_TLS_DONE;
    assert_int_equal(sp_tls_read(pair->tls, data, sizeof data, &len), SP_TLS_WANT);
    assert_int_equal(sp_tls_write(pair->tls, "EHLO us\r\n", 9), SP_TLS_DONE);
    peer_move(&pair->peer, pair->tls, 0, &status);
    assert_int_equal(SSL_read(pair->peer.ssl, data, sizeof data), 9);
    assert_memory_equal(data, "EHLO us\r\n", 9);
    assert_int_equal(SSL_write(pair->peer.ssl, "250 mx\r\n", 8), 8);
    SSL_shutdown(pair->peer.ssl);
    peer_move(&pair->peer, pair->tls, 0, &status);
    assert_int_equal(sp_tls_read(pair->tls, data, sizeof data, &len), SP_TLS_DONE);
    assert_int_equal(len, 8);
    assert_memory_equal(data, "250 mx\r\n", 8);
    assert_int_equal(sp_tls_read(pair->tls, data, sizeof data, &len), SP_TLS_CLOSED);
    assert_int_equal(sp_tls_read(pair->tls, data, sizeof data, &len), SP_TLS_CLOSED);
    sp_tls_close(pair->tls);
    peer_move(&pair->peer, pair->tls, 0, &status);
    SSL_shutdown(pair->peer.ssl);
    assert_int_equal(SSL_get_shutdown(pair->peer.ssl), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

static void expect_chain(const struct sp_tls_facts *facts, X509 *const *chain, size_t count)
{
    assert_int_equal(facts->cert_count, count);
    for (size_t i = 0; i < count; i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(chain[i], &der);
        assert_int_equal(facts->certs[i].der.len, len);
        assert_memory_equal(facts->certs[i].der.data, der, (size_t)len);
        OPENSSL_free(der);
    }
}

static void test_versions_and_keys(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const size_t chunks[] = {0, 1, 7};
    for (size_t v = 0; v < 2; v++)
        for (int key = 0; key < PEER_KEY_COUNT; key++)
            for (size_t c = 0; c < 3; c++) {
                struct peer_config server = make_server((enum peer_key)key, versions[v]);
                struct pair pair;
                open_pair(&pair, &server, &usual, chunks[c]);
                const struct sp_tls_facts *facts = sp_tls_facts(pair.tls);
                expect_done(&pair);
                assert_true(facts->tried && facts->established);
                assert_int_equal(facts->version, versions[v]);
                assert_string_equal(facts->version_text, v == 0 ? "TLSv1.2" : "TLSv1.3");
                assert_int_equal(facts->suite,
                                 SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(pair.peer.ssl)));
                assert_string_equal(
                    facts->cipher, SSL_CIPHER_standard_name(SSL_get_current_cipher(pair.peer.ssl)));
                assert_string_equal(facts->group, "x25519");
                assert_string_equal(facts->sni, "mx.test");
                assert_string_equal(SSL_get_servername(pair.peer.ssl, TLSEXT_NAMETYPE_host_name),
                                    "mx.test");
                assert_int_equal(facts->alert, -1);
                assert_false(facts->client_certificate_requested || facts->certs_cut);
                expect_chain(facts, server.chain, 2);
                expect_talk(&pair);
                close_pair(&pair);
            }
}

static void test_groups(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *ciphers, *groups, *expected;
    } rows[] = {
        {TLS1_3_VERSION, NULL, "P-256", "secp256r1"},
        {TLS1_3_VERSION, NULL, "P-384", "secp384r1"},
        {TLS1_3_VERSION, NULL, "P-521", "secp521r1"},
        {TLS1_3_VERSION, NULL, "X448", "x448"},
        {TLS1_3_VERSION, NULL, "ffdhe2048", "ffdhe2048"},
        {TLS1_3_VERSION, NULL, "ffdhe3072", "ffdhe3072"},
        {TLS1_2_VERSION, "ECDHE", "P-256", "secp256r1"},
        {TLS1_2_VERSION, "ECDHE", "P-521", "secp521r1"},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", "X25519", "x25519"},
        {TLS1_2_VERSION, "DHE-RSA-AES128-SHA", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer_config server = make_server(PEER_RSA, rows[i].version);
        server.ciphers = rows[i].ciphers;
        server.groups = rows[i].groups;
        struct pair pair;
        open_pair(&pair, &server, &usual, 0);
        const struct sp_tls_facts *facts = sp_tls_facts(pair.tls);
        expect_done(&pair);
        if (rows[i].expected)
            assert_string_equal(facts->group, rows[i].expected);
        else
            assert_null(facts->group);
        expect_talk(&pair);
        close_pair(&pair);
    }
}

/* Every suite of our offer can really be negotiated, one by one, with its right name. */
static void test_every_suite(void **state)
{
    (void)state;
    size_t count;
    const struct sp_tls_suite *suites = sp_tls_suites(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suites[i].offered || sp_tls_suite_is_13(suites[i].number))
            continue;
        bool ecdsa = strstr(suites[i].name, "ECDSA") != NULL;
        struct peer_config server = make_server(ecdsa ? PEER_EC : PEER_RSA, TLS1_2_VERSION);
        server.ciphers = OPENSSL_cipher_name(suites[i].name);
        struct pair pair;
        open_pair(&pair, &server, &usual, 0);
        expect_done(&pair);
        assert_int_equal(sp_tls_facts(pair.tls)->suite, suites[i].number);
        assert_string_equal(sp_tls_facts(pair.tls)->cipher, suites[i].name);
        expect_talk(&pair);
        close_pair(&pair);
    }
}

static void test_no_name(void **state)
{
    (void)state;
    const struct sp_tls_config config = {.sni = NULL};
    struct peer_config server = make_server(PEER_EC, 0);
    struct pair pair;
    open_pair(&pair, &server, &config, 0);
    expect_done(&pair);
    assert_null(sp_tls_facts(pair.tls)->sni);
    assert_null(SSL_get_servername(pair.peer.ssl, TLSEXT_NAMETYPE_host_name));
    assert_int_equal(sp_tls_facts(pair.tls)->version, TLS1_3_VERSION);
    close_pair(&pair);
}

static void test_version_range(void **state)
{
    (void)state;
    static const struct {
        uint16_t min, max;
        int server;
        uint16_t expected; /* 0: refused */
    } rows[] = {
        {0, 0, 0, TLS1_3_VERSION},
        {0x0303, 0x0303, 0, TLS1_2_VERSION},
        {0x0304, 0x0304, 0, TLS1_3_VERSION},
        {0x0302, 0x0302, TLS1_1_VERSION, TLS1_1_VERSION},
        {0x0301, 0x0304, TLS1_1_VERSION, TLS1_1_VERSION},
        {0x0302, 0x9999, 0, TLS1_3_VERSION},
        {0, 0, TLS1_VERSION, 0},
        {0, 0, TLS1_1_VERSION, 0},
        {0, 0x0303, TLS1_3_VERSION, 0},
        {0x0304, 0, TLS1_2_VERSION, 0},
        {0x0300, 0x0301, TLS1_VERSION, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sp_tls_config config = {
            .version_min = rows[i].min, .version_max = rows[i].max, .sni = "mx.test"};
        struct peer_config server = make_server(PEER_RSA, rows[i].server);
        struct pair pair;
        open_pair(&pair, &server, &config, 0);
        const struct sp_tls_facts *facts = sp_tls_facts(pair.tls);
        if (rows[i].expected) {
            expect_done(&pair);
            assert_int_equal(facts->version, rows[i].expected);
            expect_talk(&pair);
        } else {
            struct sp_tls_failure failure = sp_tls_failure(pair.tls);
            assert_int_equal(pair.status, SP_TLS_FAILED);
            assert_int_equal(failure.reason, SP_REASON_TLS_VERSION_UNSUPPORTED);
            assert_non_null(strstr(failure.detail, "protocol_version"));
            assert_int_equal(facts->alert, 70);
            assert_string_equal(facts->alert_text, "protocol_version");
            assert_false(facts->established);
        }
        close_pair(&pair);
    }
}

static void read_all(struct pair *pair, uint8_t *data, size_t wanted)
{
    size_t got = 0;
    while (got < wanted) {
        size_t len = 0;
        enum sp_tls_status status = sp_tls_read(pair->tls, data + got, wanted - got, &len);
        if (status != SP_TLS_DONE)
            break;
        got += len;
    }
    assert_int_equal(got, wanted);
}

static void test_large_data(void **state)
{
    (void)state;
    enum { SIZE = 48000 };
    static uint8_t sent[SIZE], got[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (uint8_t)(i * 31 + i / 256);
    struct peer_config server = make_server(PEER_EC, 0);
    struct pair pair;
    enum sp_tls_status status = SP_TLS_DONE;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    for (int round = 0; round < 8; round++) {
        assert_int_equal(SSL_write(pair.peer.ssl, sent, SIZE), SIZE);
        peer_move(&pair.peer, pair.tls, 4096, &status);
        memset(got, 0, SIZE);
        read_all(&pair, got, SIZE);
        assert_memory_equal(sent, got, SIZE);
        assert_int_equal(sp_tls_write(pair.tls, sent, SIZE), SP_TLS_DONE);
        peer_move(&pair.peer, pair.tls, 0, &status);
        memset(got, 0, SIZE);
        for (size_t at = 0; at < SIZE;) {
            int len = SSL_read(pair.peer.ssl, got + at, (int)(SIZE - at));
            assert_true(len > 0);
            at += (size_t)len;
        }
        assert_memory_equal(sent, got, SIZE);
    }
    close_pair(&pair);
}

static void test_buffers_are_capped(void **state)
{
    (void)state;
    static uint8_t much[SP_LIMIT_TLS_IN + 1];
    struct peer_config server = make_server(PEER_EC, 0);
    struct pair pair;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    assert_false(sp_tls_feed(pair.tls, much, sizeof much));
    assert_true(sp_tls_feed(pair.tls, much, 1));
    /* nobody takes our records away */
    assert_int_equal(sp_tls_write(pair.tls, much, SP_LIMIT_TLS_OUT - 4096), SP_TLS_DONE);
    assert_int_equal(sp_tls_write(pair.tls, much, 8192), SP_TLS_FAILED);
    assert_int_equal(sp_tls_failure(pair.tls).reason, SP_REASON_INTERNAL_ERROR);
    assert_true(sp_tls_outgoing(pair.tls)->len <= SP_LIMIT_TLS_OUT);
    close_pair(&pair);
}

static void test_many_tickets(void **state)
{
    (void)state;
    struct peer_config server = make_server(PEER_RSA, TLS1_3_VERSION);
    server.tickets = 200;
    struct pair pair;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    size_t before = sp_arena_used(pair.arena);
    expect_talk(&pair);
    assert_int_equal(sp_arena_used(pair.arena), before);
    close_pair(&pair);
}

static void test_client_certificate_demanded(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct peer_config server = make_server(PEER_EC, versions[i]);
        server.want_client_certificate = true;
        struct pair pair;
        char data[8];
        size_t len;
        open_pair(&pair, &server, &usual, 0);
        /* In TLS 1.3 the server's answer comes behind our side of the handshake. */
        assert_int_equal(pair.status, i == 0 ? SP_TLS_FAILED : SP_TLS_DONE);
        if (i == 1)
            assert_int_equal(sp_tls_read(pair.tls, data, sizeof data, &len), SP_TLS_FAILED);
        struct sp_tls_failure failure = sp_tls_failure(pair.tls);
        assert_int_equal(failure.reason, SP_REASON_TLS_CLIENT_CERTIFICATE_REQUIRED);
        assert_true(sp_tls_facts(pair.tls)->client_certificate_requested);
        assert_int_equal(sp_tls_facts(pair.tls)->alert, i == 0 ? 40 : 116);
        expect_chain(sp_tls_facts(pair.tls), server.chain, 2);
        close_pair(&pair);
    }
}

static void test_end_without_goodbye(void **state)
{
    (void)state;
    struct peer_config server = make_server(PEER_EC, 0);
    struct pair pair;
    char data[8];
    size_t len;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    sp_tls_feed_eof(pair.tls);
    assert_int_equal(sp_tls_read(pair.tls, data, sizeof data, &len), SP_TLS_FAILED);
    assert_int_equal(sp_tls_failure(pair.tls).reason, SP_REASON_CONNECTION_CLOSED);
    assert_non_null(strstr(sp_tls_failure(pair.tls).detail, "close_notify"));
    assert_int_equal(sp_tls_write(pair.tls, "x", 1), SP_TLS_FAILED);
    assert_int_equal(sp_tls_outgoing(pair.tls)->len, 0);
    close_pair(&pair);
}

static void test_pending_data_before_end(void **state)
{
    (void)state;
    struct peer_config server = make_server(PEER_EC, 0);
    struct pair pair;
    char data[8];
    size_t len;
    enum sp_tls_status status = SP_TLS_DONE;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    SSL_write(pair.peer.ssl, "421 bye", 7);
    peer_move(&pair.peer, pair.tls, 0, &status);
    sp_tls_feed_eof(pair.tls);
    assert_int_equal(sp_tls_read(pair.tls, data, sizeof data, &len), SP_TLS_DONE);
    assert_int_equal(len, 7);
    assert_int_equal(sp_tls_read(pair.tls, data, sizeof data, &len), SP_TLS_FAILED);
    close_pair(&pair);
}

/* A server that asks for another handshake gets none, and can't change what the facts say. */
static void test_no_renegotiation(void **state)
{
    (void)state;
    struct peer_config server = make_server(PEER_EC, TLS1_2_VERSION);
    struct pair pair;
    char data[64];
    size_t len;
    enum sp_tls_status status = SP_TLS_DONE;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    assert_int_equal(SSL_renegotiate(pair.peer.ssl), 1);
    SSL_do_handshake(pair.peer.ssl);
    for (int i = 0; i < 4; i++) {
        peer_move(&pair.peer, pair.tls, 0, &status);
        assert_int_not_equal(sp_tls_read(pair.tls, data, sizeof data, &len), SP_TLS_DONE);
    }
    assert_int_equal(SSL_CTX_sess_accept_good(pair.peer.ctx), 1);
    assert_int_equal(sp_tls_facts(pair.tls)->cert_count, 2);
    close_pair(&pair);
}

static void test_key_update(void **state)
{
    (void)state;
    struct peer_config server = make_server(PEER_EC, TLS1_3_VERSION);
    struct pair pair;
    char data[8];
    size_t len;
    enum sp_tls_status status = SP_TLS_DONE;
    open_pair(&pair, &server, &usual, 0);
    expect_done(&pair);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(SSL_key_update(pair.peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_write(pair.peer.ssl, "250 ok", 6), 6);
        peer_move(&pair.peer, pair.tls, 0, &status);
        assert_int_equal(sp_tls_read(pair.tls, data, sizeof data, &len), SP_TLS_DONE);
        assert_int_equal(len, 6);
        assert_true(sp_tls_outgoing(pair.tls)->len > 0);
    }
    expect_talk(&pair);
    close_pair(&pair);
}

static double cpu_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* A number for people, not an assertion: only our own steps are counted, not the server's. */
static void test_print_cost(void **state)
{
    (void)state;
    enum { ROUNDS = 30 };
    for (int key = 0; key < PEER_KEY_COUNT; key++) {
        double spent = 0;
        for (int i = 0; i < ROUNDS; i++) {
            struct peer_config server = make_server((enum peer_key)key, TLS1_3_VERSION);
            struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
            struct peer peer;
            peer_open(&peer, &server);
            double start = cpu_now();
            struct sp_tls *tls = sp_tls_new(ctx, arena, &usual);
            enum sp_tls_status status = sp_tls_handshake(tls);
            spent += cpu_now() - start;
            unsigned char data[16384];
            while (status == SP_TLS_WANT) {
                struct sp_buf *out = sp_tls_outgoing(tls);
                BIO_write(peer.in, out->data, (int)out->len);
                sp_buf_consume(out, out->len);
                SSL_do_handshake(peer.ssl);
                int len = BIO_read(peer.out, data, sizeof data);
                assert_true(len > 0);
                start = cpu_now();
                sp_tls_feed(tls, data, (size_t)len);
                status = sp_tls_handshake(tls);
                spent += cpu_now() - start;
            }
            assert_int_equal(status, SP_TLS_DONE);
            start = cpu_now();
            sp_tls_free(tls);
            spent += cpu_now() - start;
            sp_arena_free(arena);
            peer_close(&peer);
        }
        print_message("TLS 1.3, x25519, %s leaf: %.2f ms CPU a handshake\n",
                      key == PEER_RSA  ? "RSA 2048"
                      : key == PEER_EC ? "EC P-256"
                                       : "Ed25519",
                      spent * 1000 / ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_and_keys),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_every_suite),
        cmocka_unit_test(test_no_name),
        cmocka_unit_test(test_version_range),
        cmocka_unit_test(test_large_data),
        cmocka_unit_test(test_buffers_are_capped),
        cmocka_unit_test(test_many_tickets),
        cmocka_unit_test(test_client_certificate_demanded),
        cmocka_unit_test(test_end_without_goodbye),
        cmocka_unit_test(test_pending_data_before_end),
        cmocka_unit_test(test_no_renegotiation),
        cmocka_unit_test(test_key_update),
        cmocka_unit_test(test_print_cost),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
