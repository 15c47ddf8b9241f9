/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLS client against OpenSSL: staples, what was negotiated and how, and what can be asked for. */
#include "tests/unit/tls_peer.h"

#include "probe/limits.h"
#include "probe/tls_names.h"

#include <openssl/ocsp.h>
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
static EVP_PKEY *ca_key, *keys[PEER_KEY_COUNT];
static X509 *ca, *leafs[PEER_KEY_COUNT];

static int set_up(void **state)
{
    (void)state;
    const struct peer_cert root = {.name = "Test CA", .ca = true};
    const struct peer_cert host = {.name = "mx.test"};
    ctx = sp_tls_ctx_new();
    ca_key = peer_make_key(PEER_RSA);
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

struct pair {
    struct sp_arena *arena;
    struct sp_tls *tls;
    struct peer peer;
    enum sp_tls_status status;
    const struct sp_tls_facts *facts;
};

static void open_pair(struct pair *pair, const struct peer_config *server,
                      const struct sp_tls_config *client)
{
    pair->arena = sp_arena_new(SP_LIMIT_ARENA);
    assert_non_null(pair->arena);
    pair->tls = sp_tls_new(ctx, pair->arena, client);
    assert_non_null(pair->tls);
    peer_open(&pair->peer, server);
    pair->status = peer_handshake(&pair->peer, pair->tls, 0);
    pair->facts = sp_tls_facts(pair->tls);
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

static void expect_status(const struct pair *pair, enum sp_tls_status status)
{
    if (pair->status != status)
        print_error("status %d: %s\n", (int)pair->status,
                    sp_tls_failure(pair->tls).detail ? sp_tls_failure(pair->tls).detail : "none");
    assert_int_equal(pair->status, status);
}

static void expect_failure(const struct pair *pair, enum sp_reason reason, const char *words)
{
    struct sp_tls_failure failure = sp_tls_failure(pair->tls);
    expect_status(pair, SP_TLS_FAILED);
    if (failure.reason != reason || !strstr(failure.detail, words))
        print_error("%s: %s\n", sp_reason_info(failure.reason)->word, failure.detail);
    assert_int_equal(failure.reason, reason);
    assert_non_null(strstr(failure.detail, words));
}

/* --- staples ----------------------------------------------------------------------------------- */

enum staple { GOOD, REVOKED, UNKNOWN, FOREIGN, GARBAGE, TRY_LATER, LARGE, STAPLE_COUNT };

static size_t make_staple(enum staple kind, X509 *leaf, unsigned char **out)
{
    static unsigned char garbage[SP_LIMIT_OCSP_STAPLE + 1] = "no staple at all";
    if (kind == GARBAGE || kind == LARGE) {
        size_t len = kind == LARGE ? sizeof garbage : 16;
        *out = OPENSSL_memdup(garbage, len);
        return len;
    }
    static const int statuses[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
                                   V_OCSP_CERTSTATUS_UNKNOWN, V_OCSP_CERTSTATUS_GOOD};
    OCSP_RESPONSE *response;
    *out = NULL;
    if (kind == TRY_LATER) {
        response = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
    } else {
        OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
        OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), kind == FOREIGN ? ca : leaf, ca);
        ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *later = X509_gmtime_adj(NULL, 3600);
        assert_non_null(OCSP_basic_add1_status(basic, id, statuses[kind], 0,
                                               kind == REVOKED ? now : NULL, now, later));
        assert_int_equal(OCSP_basic_sign(basic, ca, ca_key, EVP_sha256(), NULL, OCSP_NOCERTS), 1);
        response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
        ASN1_TIME_free(now);
        ASN1_TIME_free(later);
        OCSP_CERTID_free(id);
        OCSP_BASICRESP_free(basic);
    }
    int len = i2d_OCSP_RESPONSE(response, out);
    OCSP_RESPONSE_free(response);
    assert_true(len > 0);
    return (size_t)len;
}

static void expect_staple(const struct pair *pair, const unsigned char *staple, size_t len)
{
    assert_int_equal(pair->facts->ocsp_staple_cut, len > SP_LIMIT_OCSP_STAPLE);
    if (len > SP_LIMIT_OCSP_STAPLE)
        len = 0;
    assert_int_equal(pair->facts->ocsp_staple.len, len);
    if (len > 0)
        assert_memory_equal(pair->facts->ocsp_staple.data, staple, len);
}

/* The second connection: whole, and with the staple of the first. */
static void expect_begun_again(const struct pair *first, const struct peer_config *server,
                               const unsigned char *staple, size_t len)
{
    const struct sp_tls_facts *facts = first->facts;
    struct sp_tls_former former = {facts->ocsp_staple, facts->ocsp_staple_cut, ""};
    struct sp_tls_config client = {.sni = "mx.test", .ocsp = true, .former = &former};
    struct pair pair;
    memcpy(former.leaf_sha256, facts->certs[0].sha256, sizeof former.leaf_sha256);
    open_pair(&pair, server, &client);
    expect_status(&pair, SP_TLS_DONE);
    assert_int_equal(pair.peer.staple_requests, 0);
    assert_true(pair.facts->ocsp_begun_again && pair.facts->ocsp_requested);
    assert_false(pair.facts->ocsp_broke_handshake);
    expect_staple(&pair, staple, len);
    close_pair(&pair);
    former.leaf_sha256[0] ^= 1; /* it was another server's */
    open_pair(&pair, server, &client);
    expect_status(&pair, SP_TLS_DONE);
    expect_staple(&pair, NULL, 0);
    assert_true(pair.facts->ocsp_begun_again);
    close_pair(&pair);
}

static void test_staples(void **state)
{
    (void)state;
    const struct sp_tls_config client = {.sni = "mx.test", .ocsp = true};
    for (int version = TLS1_1_VERSION; version <= TLS1_3_VERSION; version++)
        for (int kind = 0; kind < STAPLE_COUNT; kind++)
            for (size_t count = 1; count <= 2; count++) {
                struct sp_tls_config asks = client;
                struct peer_config server = make_server(PEER_RSA, version);
                struct pair pair;
                unsigned char *staple;
                size_t len = make_staple((enum staple)kind, leafs[PEER_RSA], &staple);
                server.chain_count = count;
                server.staple = staple;
                server.staple_len = len;
                asks.version_min = TLS1_1_VERSION;
                open_pair(&pair, &server, &asks);
                /* Up to TLS 1.2 the library wants an issuer and a good answer; in TLS 1.3 nothing. */
                bool whole = version == TLS1_3_VERSION || (kind == GOOD && count == 2);
                expect_status(&pair, whole ? SP_TLS_DONE : SP_TLS_FAILED);
                assert_true(pair.facts->ocsp_requested);
                assert_false(pair.facts->ocsp_begun_again);
                expect_staple(&pair, staple, len);
                assert_int_equal(pair.facts->ocsp_broke_handshake, !whole);
                if (pair.facts->ocsp_broke_handshake) {
                    expect_failure(&pair, SP_REASON_TLS_HANDSHAKE_FAILED, "our TLS library");
                    server.version_max = TLS1_3_VERSION;
                    server.version_min = TLS1_2_VERSION;
                    expect_begun_again(&pair, &server, staple, len);
                }
                close_pair(&pair);
                OPENSSL_free(staple);
            }
}

static void test_no_staple(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (int asked = 0; asked < 2; asked++) {
            const struct sp_tls_config client = {.sni = "mx.test", .ocsp = asked == 1};
            struct peer_config server = make_server(PEER_EC, version);
            struct pair pair;
            open_pair(&pair, &server, &client);
            expect_status(&pair, SP_TLS_DONE);
            assert_int_equal(pair.peer.staple_requests, asked);
            assert_int_equal(pair.facts->ocsp_requested, asked == 1);
            expect_staple(&pair, NULL, 0);
            close_pair(&pair);
        }
}

/* --- what was negotiated ----------------------------------------------------------------------- */

static void test_schemes(void **state)
{
    (void)state;
    static const char *const expected[][PEER_KEY_COUNT] = {
        {"rsa_pss_rsae_sha256", "ecdsa_sha512", "ed25519"},
        {"rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256", "ed25519"}};
    const struct sp_tls_config client = {.sni = "mx.test"};
    for (int v = 0; v < 2; v++)
        for (int key = 0; key < PEER_KEY_COUNT; key++) {
            struct peer_config server =
                make_server((enum peer_key)key, v == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
            struct pair pair;
            open_pair(&pair, &server, &client);
            expect_status(&pair, SP_TLS_DONE);
            assert_non_null(pair.facts->signature_scheme);
            int nid = 0;
            SSL_get_signature_type_nid(pair.peer.ssl, &nid);
            if (key ==
                PEER_RSA) /* the library's order decides about the hash, OpenSSL tells which */
                assert_true(strncmp(pair.facts->signature_scheme, "rsa_p", 5) == 0 &&
                            (nid == EVP_PKEY_RSA_PSS) ==
                                (strstr(pair.facts->signature_scheme, "pss") != NULL));
            else
                assert_string_equal(pair.facts->signature_scheme, expected[v][key]);
            SSL_get_signature_nid(pair.peer.ssl, &nid);
            if (key == PEER_RSA)
                assert_non_null(strstr(pair.facts->signature_scheme, nid == NID_sha512 ? "sha512"
                                                                     : nid == NID_sha384
                                                                         ? "sha384"
                                                                         : "sha256"));
            assert_true(pair.facts->hello_seen);
            assert_int_equal(pair.facts->extended_master_secret, v == 0);
            assert_int_equal(pair.facts->secure_renegotiation, v == 0);
            assert_false(pair.facts->hello_retry_request);
            assert_string_equal(pair.facts->group, "x25519");
            assert_int_equal(pair.facts->dh_bits, 0);
            assert_false(pair.facts->client_certificate_requested);
            assert_null(pair.facts->alpn);
            close_pair(&pair);
        }
}

static void test_groups(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *server;
        uint16_t client[3];
        const char *expected; /* NULL: no session */
        bool retry;
    } rows[] = {
        {TLS1_3_VERSION, "P-384", {0}, "secp384r1", true},
        {TLS1_3_VERSION, "P-521", {0}, "secp521r1", true},
        {TLS1_3_VERSION, "X448", {0}, "x448", true},
        {TLS1_3_VERSION, "ffdhe2048", {0}, "ffdhe2048", true},
        {TLS1_3_VERSION, "P-384:X25519", {0x18}, "secp384r1", false},
        {TLS1_3_VERSION, "P-256:P-384", {0x1d, 0x17}, "secp256r1", true},
        {TLS1_3_VERSION, "X448", {0x1e}, "x448", false},
        {TLS1_3_VERSION, "ffdhe3072", {0x101}, "ffdhe3072", false},
        {TLS1_3_VERSION, "P-256", {0x1d, 0x18}, NULL, false},
        {TLS1_2_VERSION, "P-384:X25519", {0x18}, "secp384r1", false},
        {TLS1_2_VERSION, "X448", {0}, "x448", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = 0;
        while (count < 3 && rows[i].client[count] != 0)
            count++;
        const struct sp_tls_config client = {
            .sni = "mx.test", .groups = rows[i].client, .group_count = count};
        struct peer_config server = make_server(PEER_RSA, rows[i].version);
        struct pair pair;
        server.groups = rows[i].server;
        open_pair(&pair, &server, &client);
        expect_status(&pair, rows[i].expected ? SP_TLS_DONE : SP_TLS_FAILED);
        assert_int_equal(pair.facts->hello_retry_request, rows[i].retry);
        if (rows[i].expected)
            assert_string_equal(pair.facts->group, rows[i].expected);
        else
            expect_failure(&pair, SP_REASON_TLS_ALERT, "the server refused our offer");
        close_pair(&pair);
    }
}

static void test_suites(void **state)
{
    (void)state;
    static const struct {
        uint16_t suites[3];
        uint16_t min, max;
        uint16_t expected; /* 0: no session */
    } rows[] = {
        {{0xc030, 0xc02f}, 0, 0x0303, 0xc030},
        {{0xc02f, 0xc030}, 0, 0x0303, 0xc02f},
        {{0x1302}, 0x0304, 0, 0x1302},
        {{0x1303, 0x1301}, 0, 0, 0x1303},
        {{0xc030, 0x1302}, 0, 0, 0x1302},
        {{0xc030}, 0, 0, 0xc030},
        {{0xc02c}, 0, 0, 0}, /* ECDSA, and the server has RSA */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = 0;
        while (count < 3 && rows[i].suites[count] != 0)
            count++;
        const struct sp_tls_config client = {.sni = "mx.test",
                                             .suites = rows[i].suites,
                                             .suite_count = count,
                                             .version_min = rows[i].min,
                                             .version_max = rows[i].max};
        struct peer_config server = make_server(PEER_RSA, 0);
        struct pair pair;
        open_pair(&pair, &server, &client);
        expect_status(&pair, rows[i].expected ? SP_TLS_DONE : SP_TLS_FAILED);
        if (rows[i].expected)
            assert_int_equal(pair.facts->suite, rows[i].expected);
        else
            expect_failure(&pair, SP_REASON_TLS_ALERT, "the server refused our offer");
        close_pair(&pair);
    }
}

/* RFC 7919's primes have names; the one that OpenSSL picks by itself has none. */
static void test_primes(void **state)
{
    (void)state;
    static const struct {
        const char *group;
        unsigned bits;
        const char *name;
    } rows[] = {{"ffdhe2048", 2048, "ffdhe2048"},
                {"ffdhe3072", 3072, "ffdhe3072"},
                {"modp_2048", 2048, NULL},
                {"ffdhe4096", 4096, NULL}};
    const struct sp_tls_config client = {.sni = "mx.test"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer_config server = make_server(PEER_RSA, TLS1_2_VERSION);
        struct pair pair;
        server.ciphers = "DHE-RSA-AES128-GCM-SHA256";
        server.dh_group = rows[i].group;
        open_pair(&pair, &server, &client);
        expect_status(&pair, SP_TLS_DONE);
        assert_int_equal(pair.facts->dh_bits, rows[i].bits);
        if (rows[i].name)
            assert_string_equal(pair.facts->group, rows[i].name);
        else
            assert_null(pair.facts->group);
        close_pair(&pair);
    }
}

static void test_protocols(void **state)
{
    (void)state;
    static const char *const offered[] = {"smtp", "h2"};
    static const struct {
        size_t count;
        const char *server;
        bool done;
    } rows[] = {{2, "smtp", true}, {2, "h2", true},    {2, NULL, true},
                {0, "smtp", true}, {2, "imap", false}, {1, "h2", false}};
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const struct sp_tls_config client = {
                .sni = "mx.test", .alpn = offered, .alpn_count = rows[i].count};
            struct peer_config server = make_server(PEER_EC, version);
            struct pair pair;
            server.alpn = rows[i].server;
            open_pair(&pair, &server, &client);
            expect_status(&pair, rows[i].done ? SP_TLS_DONE : SP_TLS_FAILED);
            if (!rows[i].done)
                expect_failure(&pair, SP_REASON_TLS_PROTOCOL_ERROR, "ALPN");
            else if (rows[i].count > 0 && rows[i].server)
                assert_string_equal(pair.facts->alpn, rows[i].server);
            else
                assert_null(pair.facts->alpn);
            close_pair(&pair);
        }
}

/* What asking for a staple costs where none comes: that is what most servers do. */
static double cpu_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec * 1e3 + (double)usage.ru_utime.tv_usec / 1e3;
}

static void test_cost_of_asking(void **state)
{
    (void)state;
    enum { ROUNDS = 40 };
    double spent[2] = {0};
    for (int i = 0; i < ROUNDS * 2; i++) {
        const struct sp_tls_config client = {.sni = "mx.test", .ocsp = i % 2 == 1};
        struct peer_config server = make_server(PEER_RSA, TLS1_3_VERSION);
        struct pair pair;
        double before = cpu_ms();
        open_pair(&pair, &server, &client);
        expect_status(&pair, SP_TLS_DONE);
        close_pair(&pair);
        spent[i % 2] += cpu_ms() - before;
    }
    print_message("both sides, TLS 1.3: %.3f ms without asking, %.3f ms with\n", spent[0] / ROUNDS,
                  spent[1] / ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_staples),   cmocka_unit_test(test_no_staple),
        cmocka_unit_test(test_schemes),   cmocka_unit_test(test_groups),
        cmocka_unit_test(test_suites),    cmocka_unit_test(test_primes),
        cmocka_unit_test(test_protocols), cmocka_unit_test(test_cost_of_asking),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
