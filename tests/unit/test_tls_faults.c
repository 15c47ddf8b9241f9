/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes that fail: each with its reason, a sentence for people, and the facts seen so far. */
#include "tests/unit/tls_peer.h"

#include "probe/limits.h"
#include "probe/tls_chain.h"
#include "probe/tls_names.h"
#include "probe/tls_plain.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static struct sp_tls_ctx *ctx;
static EVP_PKEY *key;
static X509 *leaf;

static int set_up(void **state)
{
    (void)state;
    const struct peer_cert host = {.name = "mx.test"};
    ctx = sp_tls_ctx_new();
    key = peer_make_key(PEER_EC);
    leaf = peer_make_cert(&host, key, NULL, NULL);
    return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    X509_free(leaf);
    EVP_PKEY_free(key);
    sp_tls_ctx_free(ctx);
    return 0;
}

struct client {
    struct sp_arena *arena;
    struct sp_tls *tls;
};

static struct client open_client(void)
{
    const struct sp_tls_config config = {.sni = "mx.test"};
    struct client client = {.arena = sp_arena_new(SP_LIMIT_ARENA)};
    client.tls = sp_tls_new(ctx, client.arena, &config);
    assert_non_null(client.tls);
    return client;
}

static void close_client(struct client client)
{
    sp_tls_free(client.tls);
    sp_arena_free(client.arena);
}

/* The failure stays, and the session can't be used. */
static void expect_failure(struct client client, enum sp_reason reason, const char *part)
{
    char data[8];
    size_t len;
    struct sp_tls_failure failure = sp_tls_failure(client.tls);
    assert_non_null(failure.detail);
    if (failure.reason != reason || !strstr(failure.detail, part))
        print_error("%s: %s\n", sp_reason_info(failure.reason)->word, failure.detail);
    assert_int_equal(failure.reason, reason);
    assert_non_null(strstr(failure.detail, part));
    assert_false(sp_tls_facts(client.tls)->established);
    size_t before = sp_tls_outgoing(client.tls)->len;
    assert_int_equal(sp_tls_handshake(client.tls), SP_TLS_FAILED);
    assert_int_equal(sp_tls_write(client.tls, "AUTH", 4), SP_TLS_FAILED);
    assert_int_equal(sp_tls_read(client.tls, data, sizeof data, &len), SP_TLS_FAILED);
    sp_tls_close(client.tls);
    assert_int_equal(sp_tls_outgoing(client.tls)->len, before);
    assert_ptr_equal(sp_tls_failure(client.tls).detail, failure.detail);
}

/* --- octets instead of a server ---------------------------------------------------------------- */

struct answer {
    const char *data;
    size_t len;
    bool eof;
    enum sp_reason reason;
    const char *part; /* of the sentence */
    int alert;
};

#define OCTETS(text) text, sizeof(text) - 1
/* A ServerHello without extensions: version, suite. */
#define HELLO(version, suite)                                                                   \
    "\x16\x03\x01\x00\x2a\x02\x00\x00\x26" version "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\x00" suite \
    "\x00"

static const struct answer answers[] = {
    {OCTETS("500 what?\r\n"), false, SP_REASON_TLS_PROTOCOL_ERROR, "\"500 what?\" (", -1},
    {OCTETS("220 mx ESMTP\r\n"), false, SP_REASON_TLS_PROTOCOL_ERROR, "STARTTLS", -1},
    {OCTETS("HTTP/1.1 400 Bad Request\r\n"), false, SP_REASON_TLS_PROTOCOL_ERROR, "HTTP", -1},
    {OCTETS("SSH-2.0-x\r\n"), false, SP_REASON_TLS_PROTOCOL_ERROR, "SSH", -1},
    {OCTETS("* OK hi\r\n"), false, SP_REASON_TLS_PROTOCOL_ERROR, "IMAP", -1},
    {OCTETS("+OK hi\r\n"), false, SP_REASON_TLS_PROTOCOL_ERROR, "POP3", -1},
    {OCTETS("\x1b[2J\xff\x00\""), false, SP_REASON_TLS_PROTOCOL_ERROR,
     "\"\\x1b[2J\\xff\\x00\\x22\"", -1},
    {OCTETS("\x16\x02junk"), false, SP_REASON_TLS_PROTOCOL_ERROR, "without TLS", -1},
    {OCTETS("\x15\x03\x03\x00\x02\x02\x28"), false, SP_REASON_TLS_ALERT, "handshake_failure (40)",
     40},
    {OCTETS("\x15\x03\x01\x00\x02\x02\x46"), false, SP_REASON_TLS_VERSION_UNSUPPORTED,
     "TLSv1.2 to TLSv1.3", 70},
    {OCTETS("\x15\x03\x03\x00\x02\x02\x70"), false, SP_REASON_TLS_ALERT, "unrecognized_name (112)",
     112},
    {OCTETS("\x15\x03\x03\x00\x02\x02\x47"), false, SP_REASON_TLS_ALERT,
     "insufficient_security (71)", 71},
    {OCTETS("\x15\x03\x03\x00\x02\x02\x74"), false, SP_REASON_TLS_CLIENT_CERTIFICATE_REQUIRED,
     "client certificate", 116},
    {OCTETS("\x15\x03\x03\x00\x02\x02\xc8"), false, SP_REASON_TLS_ALERT, "unknown alert (200)",
     200},
    {OCTETS("\x15\x03\x03\x00\x02\x01\x70\x15\x03\x03\x00\x02\x02\x28"), false, SP_REASON_TLS_ALERT,
     "handshake_failure", 40},
    {OCTETS("\x15\x03\x03\x00\x02\x01\x00"), true, SP_REASON_TLS_HANDSHAKE_FAILED, "close_notify",
     0},
    {OCTETS("\x15\x03\x03\x00\x02\x01\x70"), true, SP_REASON_TLS_HANDSHAKE_FAILED,
     "closed the connection during the handshake", 112},
    {OCTETS(""), true, SP_REASON_TLS_HANDSHAKE_FAILED, "right after our ClientHello", -1},
    {OCTETS("\x16"), true, SP_REASON_TLS_HANDSHAKE_FAILED,
     "closed the connection during the handshake", -1},
    {OCTETS("\x16\x03\x03\x00\x30\x02\x00"), true, SP_REASON_TLS_HANDSHAKE_FAILED,
     "closed the connection during the handshake", -1},
    {OCTETS("\x16\x03\x03\xff\xff"), false, SP_REASON_TLS_PROTOCOL_ERROR, "longer than", -1},
    {OCTETS(HELLO("\x03\x01", "\xc0\x13")), false, SP_REASON_TLS_VERSION_UNSUPPORTED,
     "we refused: the server chose TLSv1.0 and we offered TLSv1.2 to TLSv1.3; our TLS library", -1},
    {OCTETS(HELLO("\x03\x02", "\xc0\x13")), false, SP_REASON_TLS_VERSION_UNSUPPORTED,
     "--tls-min 1.1 would allow it", -1},
    {OCTETS(HELLO("\x03\x00", "\xc0\x13")), false, SP_REASON_TLS_VERSION_UNSUPPORTED, "chose SSLv3",
     -1},
    {OCTETS(HELLO("\x03\x03", "\x00\x05")), false, SP_REASON_TLS_PROTOCOL_ERROR,
     "TLS_RSA_WITH_RC4_128_SHA (0x0005)", -1},
    {OCTETS(HELLO("\x03\x03", "\x13\x01")), false, SP_REASON_TLS_PROTOCOL_ERROR,
     "TLS_AES_128_GCM_SHA256", -1},
    {OCTETS("\x16\x03\x03\x00\x04\x14\x00\x00\x00"), false, SP_REASON_TLS_PROTOCOL_ERROR,
     "out of order", -1},
    {OCTETS("\x16\x03\x03\x00\x04\x63\x00\x00\x00"), false, SP_REASON_TLS_PROTOCOL_ERROR, "", -1},
};

static enum sp_tls_status answer_with(struct client client, const struct answer *answer,
                                      size_t chunk)
{
    enum sp_tls_status status = sp_tls_handshake(client.tls);
    assert_int_equal(status, SP_TLS_WANT);
    assert_true(sp_tls_outgoing(client.tls)->len > 100);
    for (size_t at = 0; at < answer->len && status == SP_TLS_WANT; at += chunk) {
        size_t len = answer->len - at < chunk ? answer->len - at : chunk;
        assert_true(sp_tls_feed(client.tls, answer->data + at, len));
        status = sp_tls_handshake(client.tls);
    }
    if (status == SP_TLS_WANT && answer->eof) {
        sp_tls_feed_eof(client.tls);
        status = sp_tls_handshake(client.tls);
    }
    return status;
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct client client = open_client();
        assert_int_equal(answer_with(client, &answers[i], SIZE_MAX / 2), SP_TLS_FAILED);
        assert_int_equal(sp_tls_facts(client.tls)->alert, answers[i].alert);
        expect_failure(client, answers[i].reason, answers[i].part);
        close_client(client);
    }
}

/* The same octets one by one: only the text shown from a plain answer is shorter then. */
static void test_answers_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct client client = open_client();
        bool plain = sp_tls_plain_is((const uint8_t *)answers[i].data, answers[i].len);
        assert_int_equal(answer_with(client, &answers[i], 1), SP_TLS_FAILED);
        assert_int_equal(sp_tls_facts(client.tls)->alert, answers[i].alert);
        expect_failure(client, answers[i].reason, plain ? "without TLS" : answers[i].part);
        close_client(client);
    }
}

static void test_random_octets(void **state)
{
    (void)state;
    static const uint8_t start[] = {0x16, 0x03, 0x03};
    uint8_t data[600];
    srand(1);
    for (int round = 0; round < 300; round++) {
        struct client client = open_client();
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)(rand() >> 7);
        if (round % 2 == 0) {
            memcpy(data, start, sizeof start);
            data[3] = 0;
        }
        assert_int_equal(sp_tls_handshake(client.tls), SP_TLS_WANT);
        assert_true(sp_tls_feed(client.tls, data, sizeof data));
        sp_tls_feed_eof(client.tls);
        assert_int_equal(sp_tls_handshake(client.tls), SP_TLS_FAILED);
        expect_failure(client, sp_tls_failure(client.tls).reason, "");
        close_client(client);
    }
}

/* --- an honest server that is cut off, or bent in flight ---------------------------------------- */

static struct peer_config make_server(int version)
{
    return (struct peer_config){.key = key,
                                .chain = {leaf},
                                .chain_count = 1,
                                .version_min = version,
                                .version_max = version};
}

/* Runs a handshake and flips or ends the server's octets at `at`. */
static enum sp_tls_status run_bent(struct client client, int version, size_t at, bool flip)
{
    struct peer_config config = make_server(version);
    struct peer peer;
    size_t seen = 0;
    peer_open(&peer, &config);
    enum sp_tls_status status = sp_tls_handshake(client.tls);
    while (status == SP_TLS_WANT) {
        unsigned char data[4096];
        struct sp_buf *out = sp_tls_outgoing(client.tls);
        if (out->len > 0)
            BIO_write(peer.in, out->data, (int)out->len);
        sp_buf_consume(out, out->len);
        SSL_do_handshake(peer.ssl);
        int size = BIO_read(peer.out, data, sizeof data);
        if (size <= 0) {
            sp_tls_feed_eof(client.tls);
        } else if (at >= seen && at < seen + (size_t)size) {
            if (flip)
                data[at - seen] ^= 0x21;
            sp_tls_feed(client.tls, data, flip ? (size_t)size : at - seen);
            if (!flip)
                sp_tls_feed_eof(client.tls);
        } else {
            sp_tls_feed(client.tls, data, (size_t)size);
        }
        seen += size > 0 ? (size_t)size : 0;
        status = sp_tls_handshake(client.tls);
    }
    peer_close(&peer);
    return status;
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        enum sp_tls_status status = SP_TLS_FAILED;
        for (size_t at = 0; status == SP_TLS_FAILED; at += 13) {
            struct client client = open_client();
            status = run_bent(client, version, at, false);
            if (status == SP_TLS_FAILED)
                expect_failure(client, SP_REASON_TLS_HANDSHAKE_FAILED,
                               "closed the connection during the handshake");
            else
                assert_true(status == SP_TLS_DONE && at > 400);
            close_client(client);
        }
    }
}

/* One wrong octet anywhere: never a session, or it is one of those that nobody protects. */
static void test_bent_anywhere(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t at = 0; at < 600; at += 7) {
            struct client client = open_client();
            enum sp_tls_status status = run_bent(client, version, at, true);
            if (status == SP_TLS_FAILED) {
                expect_failure(client, sp_tls_failure(client.tls).reason, "");
                assert_int_not_equal(sp_tls_failure(client.tls).reason, SP_REASON_OK);
            } else {
                /* RFC 8446 §5.1: the version in a record's header has no meaning. */
                assert_int_equal(status, SP_TLS_DONE);
                assert_int_equal(sp_tls_facts(client.tls)->cert_count, 1);
            }
            close_client(client);
        }
}

/* --- certificates that our library can't take --------------------------------------------------- */

static enum sp_tls_status run_server(struct client client, const struct peer_config *config)
{
    struct peer peer;
    peer_open(&peer, config);
    enum sp_tls_status status = peer_handshake(&peer, client.tls, 0);
    peer_close(&peer);
    return status;
}

static void test_many_certificates(void **state)
{
    (void)state;
    static const size_t counts[] = {9, 10, 16, 18, 32};
    X509 *extra[32];
    for (size_t i = 1; i < 32; i++) {
        char name[32];
        snprintf(name, sizeof name, "Extra %zu", i);
        const struct peer_cert what = {.name = name, .ca = true};
        extra[i] = peer_make_cert(&what, key, NULL, NULL);
    }
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            struct client client = open_client();
            struct peer_config config = make_server(version);
            for (size_t n = 1; n < counts[i]; n++)
                config.chain[n] = extra[n];
            config.chain_count = counts[i];
            enum sp_tls_status status = run_server(client, &config);
            const struct sp_tls_facts *facts = sp_tls_facts(client.tls);
            if (counts[i] <= 9) {
                assert_int_equal(status, SP_TLS_DONE);
                assert_int_equal(facts->cert_count, counts[i]);
            } else {
                assert_int_equal(status, SP_TLS_FAILED);
                expect_failure(client, SP_REASON_TLS_HANDSHAKE_FAILED, "limit of our TLS library");
                size_t shown = version == TLS1_3_VERSION ? 9 : counts[i] < 16 ? counts[i] : 16;
                assert_int_equal(facts->cert_count, shown);
                assert_int_equal(facts->certs_cut, version == TLS1_2_VERSION && counts[i] > 16);
            }
            close_client(client);
        }
    for (size_t i = 1; i < 32; i++)
        X509_free(extra[i]);
}

static void test_large_certificate_message(void **state)
{
    (void)state;
    const struct peer_cert what = {.name = "mx.test", .padding = 15000};
    X509 *large = peer_make_cert(&what, key, NULL, NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t count = 1; count <= 2; count++) {
            struct client client = open_client();
            struct peer_config config = make_server(version);
            config.chain[0] = large;
            config.chain[1] = large;
            config.chain_count = count;
            enum sp_tls_status status = run_server(client, &config);
            if (count == 1) {
                assert_int_equal(status, SP_TLS_DONE);
                assert_true(sp_tls_facts(client.tls)->certs[0].der.len > 15000);
            } else {
                assert_int_equal(status, SP_TLS_FAILED);
                expect_failure(client, SP_REASON_TLS_HANDSHAKE_FAILED, "about 18 kB");
            }
            close_client(client);
        }
    X509_free(large);
}

/* A ServerHello of TLS 1.2, then a Certificate message that says to be `size` octets long, sent for as
 * long as it is taken. Returns the octets that were. */
static size_t send_certificate_message(struct client client, size_t size)
{
    static const uint8_t hello[] = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};
    static const uint8_t behind[] = {0, 0xc0, 0x2b, 0}; /* no session id, suite, no compression */
    uint8_t record[5 + 16384] = {
        22, 3, 3, 0x40, 0, 11, (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    size_t sent = 0;
    memcpy(record + 9,
           (uint8_t[]){(uint8_t)((size - 3) >> 16), (uint8_t)((size - 3) >> 8), (uint8_t)(size - 3),
                       0, 0x70, 0},
           6);
    uint8_t random[32] = {1};
    assert_int_equal(sp_tls_handshake(client.tls), SP_TLS_WANT);
    assert_true(sp_tls_feed(client.tls, hello, sizeof hello));
    assert_true(sp_tls_feed(client.tls, random, sizeof random));
    assert_true(sp_tls_feed(client.tls, behind, sizeof behind));
    while (sent < size && sp_tls_handshake(client.tls) == SP_TLS_WANT) {
        assert_true(sp_tls_feed(client.tls, record, sizeof record));
        memset(record + 5, 0x30, 16384);
        sent += 16384;
    }
    return sent;
}

/* Certificates of 28 kB each, one behind the other, up to what three octets of length can say. */
static void test_endless_certificate_message(void **state)
{
    (void)state;
    static const size_t sizes[] = {20000, 1000000, 0xffffff};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct client client = open_client();
        size_t sent = send_certificate_message(client, sizes[i]);
        assert_true(sent <= 2 * 16384);
        expect_failure(client, SP_REASON_TLS_HANDSHAKE_FAILED, "about 18 kB");
        close_client(client);
    }
}

static void test_unknown_critical_extension(void **state)
{
    (void)state;
    const struct peer_cert what = {.name = "mx.test", .unknown_critical = true};
    X509 *odd = peer_make_cert(&what, key, NULL, NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct client client = open_client();
        struct peer_config config = make_server(version);
        config.chain[0] = odd;
        assert_int_equal(run_server(client, &config), SP_TLS_FAILED);
        expect_failure(client, SP_REASON_CERTIFICATE_INVALID, "our TLS library (wolfSSL)");
        assert_int_equal(sp_tls_facts(client.tls)->cert_count, version == TLS1_2_VERSION ? 1 : 0);
        assert_int_equal(sp_tls_facts(client.tls)->version, version);
        close_client(client);
    }
    X509_free(odd);
}

static void test_rsa_sizes(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1024, 4096, 4104};
    const struct peer_cert what = {.name = "mx.test"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        EVP_PKEY *rsa = peer_make_rsa(sizes[i]);
        X509 *cert = peer_make_cert(&what, rsa, NULL, NULL);
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct client client = open_client();
            struct peer_config config = make_server(version);
            config.key = rsa;
            config.chain[0] = cert;
            enum sp_tls_status status = run_server(client, &config);
            assert_int_equal(status, sizes[i] <= 4096 ? SP_TLS_DONE : SP_TLS_FAILED);
            if (sizes[i] > 4096)
                expect_failure(client, SP_REASON_TLS_HANDSHAKE_FAILED, "RSA key of 4104 bits");
            assert_int_equal(sp_tls_facts(client.tls)->cert_count, 1);
            close_client(client);
        }
        X509_free(cert);
        EVP_PKEY_free(rsa);
    }
}

/* OpenSSL picks a group of 1024 bits beside an RSA key of that size. */
static void test_weak_group(void **state)
{
    (void)state;
    const struct peer_cert what = {.name = "mx.test"};
    EVP_PKEY *rsa = peer_make_rsa(1024);
    X509 *cert = peer_make_cert(&what, rsa, NULL, NULL);
    struct client client = open_client();
    struct peer_config config = make_server(TLS1_2_VERSION);
    config.key = rsa;
    config.chain[0] = cert;
    config.ciphers = "DHE-RSA-AES128-SHA";
    assert_int_equal(run_server(client, &config),
                     SP_TLS_DONE); /* a fact, and the checks' to judge */
    assert_int_equal(sp_tls_facts(client.tls)->dh_bits, 1024);
    assert_null(sp_tls_facts(client.tls)->group);
    close_client(client);
    X509_free(cert);
    EVP_PKEY_free(rsa);
}

/* The server shows a certificate whose private key it doesn't have. */
static void test_wrong_key(void **state)
{
    (void)state;
    const struct peer_cert what = {.name = "mx.test"};
    EVP_PKEY *other = peer_make_key(PEER_EC);
    EVP_PKEY *mixed = peer_mix_keys(other, key);
    X509 *cert = peer_make_cert(&what, other, NULL, NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct client client = open_client();
        struct peer_config config = make_server(version);
        config.key = mixed;
        config.chain[0] = cert;
        assert_int_equal(run_server(client, &config), SP_TLS_FAILED);
        expect_failure(client, SP_REASON_TLS_HANDSHAKE_FAILED, "private key of its certificate");
        assert_int_equal(sp_tls_facts(client.tls)->cert_count, 1);
        close_client(client);
    }
    X509_free(cert);
    EVP_PKEY_free(mixed);
    EVP_PKEY_free(other);
}

/* --- our own side -------------------------------------------------------------------------------- */

static void test_no_file_left(void **state)
{
    (void)state;
    struct rlimit old, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    low = old;
    low.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct client client = open_client();
    enum sp_tls_status status = sp_tls_handshake(client.tls);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(status, SP_TLS_FAILED);
    expect_failure(client, SP_REASON_LOCAL_RESOURCE_EXHAUSTED, "open files");
    close_client(client);
}

static void test_no_room_in_arena(void **state)
{
    (void)state;
    const struct sp_tls_config config = {.sni = "mx.test"};
    for (size_t room = 0; room < 20000; room += 500) {
        struct client client = {.arena = sp_arena_new(room)};
        client.tls = sp_tls_new(ctx, client.arena, &config);
        assert_non_null(client.tls);
        struct peer_config server = make_server(TLS1_3_VERSION);
        enum sp_tls_status status = run_server(client, &server);
        if (status == SP_TLS_FAILED)
            expect_failure(client, SP_REASON_INTERNAL_ERROR, "");
        else
            assert_int_equal(sp_tls_facts(client.tls)->cert_count, 1);
        if (room == 0)
            assert_int_equal(status, SP_TLS_FAILED);
        close_client(client);
    }
}

static void test_bad_name(void **state)
{
    (void)state;
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const char *const names[] = {"", name};
    for (size_t i = 0; i < 2; i++) {
        const struct sp_tls_config config = {.sni = names[i]};
        struct client client = {.arena = sp_arena_new(SP_LIMIT_ARENA)};
        client.tls = sp_tls_new(ctx, client.arena, &config);
        assert_int_equal(sp_tls_handshake(client.tls), SP_TLS_FAILED);
        expect_failure(client, SP_REASON_INTERNAL_ERROR, "");
        close_client(client);
    }
}

/* Certificate messages as the library hands them over unread, whatever the server put in. */
static void test_certificate_messages(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len, expected;
    } rows[] = {
        {OCTETS(""), 0},
        {OCTETS("\x0b\x00\x00\x03\x00\x00"), 0},
        {OCTETS("\x0b\x00\x00\x03\x00\x00\x00"), 0},
        {OCTETS("\x02\x00\x00\x07\x00\x00\x04\x00\x00\x01\x30"), 0},
        {OCTETS("\x0b\x00\x00\x07\x00\x00\x04\x00\x00\x01\x30"), 1},
        {OCTETS("\x0b\x00\x00\x06\x00\x00\x03\x00\x00\x00"), 1},
        {OCTETS("\x0b\x00\x00\x0b\x00\x00\x08\x00\x00\x01\x30\x00\x00\x01\x31"), 2},
        {OCTETS("\x0b\x00\x00\x0b\x00\x00\x04\x00\x00\x01\x30\x00\x00\x01\x31"), 1},
        {OCTETS("\x0b\x00\x00\x0b\xff\xff\xff\x00\x00\x01\x30\x00\x00\x02\x31"), 1},
        {OCTETS("\x0b\x00\x00\x0b\x00\x00\x08\xff\xff\xff\x30\x00\x00\x01\x31"), 0},
        {OCTETS("\x0b\x00\x00\x0b\x00\x00\x02\x00\x00\x01\x30\x00\x00\x01\x31"), 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        struct sp_tls_facts facts = {.tried = true};
        /* An exact copy, so that a sanitizer sees a read behind the end. */
        uint8_t *data = malloc(rows[i].len > 0 ? rows[i].len : 1);
        assert_non_null(data);
        memcpy(data, rows[i].data, rows[i].len);
        assert_int_equal(sp_tls_chain_add_message(arena, &facts, data, rows[i].len),
                         SP_TLS_CHAIN_OK);
        assert_int_equal(facts.cert_count, rows[i].expected);
        for (size_t n = 0; n < facts.cert_count; n++)
            assert_false(facts.certs[n].parsed);
        free(data);
        sp_arena_free(arena);
    }
}

static void test_chain_is_capped(void **state)
{
    (void)state;
    static uint8_t der[SP_LIMIT_CERT_BYTES + 1];
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_tls_facts facts = {.tried = true};
    assert_int_equal(sp_tls_chain_add(arena, &facts, der, sizeof der), SP_TLS_CHAIN_FULL);
    assert_true(facts.certs_cut && facts.cert_count == 0);
    for (size_t i = 0; i < SP_LIMIT_CHAIN_BYTES / SP_LIMIT_CERT_BYTES; i++)
        assert_int_equal(sp_tls_chain_add(arena, &facts, der, SP_LIMIT_CERT_BYTES),
                         SP_TLS_CHAIN_OK);
    assert_int_equal(sp_tls_chain_add(arena, &facts, der, 1), SP_TLS_CHAIN_FULL);
    sp_arena_free(arena);
}

static void test_names(void **state)
{
    (void)state;
    size_t count;
    const struct sp_tls_suite *suites = sp_tls_suites(&count);
    assert_true(count <= 2 * SP_TLS_SUITES_MAX);
    for (size_t i = 0; i < count; i++) {
        static const char *const weak[] = {"NULL", "anon", "RC4", "3DES", "TLS_RSA_", "CCM_8"};
        assert_string_equal(sp_tls_suite_name(suites[i].number), suites[i].name);
        for (size_t w = 0; w < sizeof weak / sizeof weak[0]; w++)
            assert_false(suites[i].offered && strstr(suites[i].name, weak[w]));
        for (size_t n = 0; n < i; n++)
            assert_int_not_equal(suites[n].number, suites[i].number);
    }
    assert_null(sp_tls_suite_name(0xffff));
    assert_null(sp_tls_version_text(0));
    assert_null(sp_tls_version_text(0x0305));
    assert_null(sp_tls_alert_text(-1));
    assert_null(sp_tls_alert_text(255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_in_pieces),
        cmocka_unit_test(test_random_octets),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_bent_anywhere),
        cmocka_unit_test(test_many_certificates),
        cmocka_unit_test(test_large_certificate_message),
        cmocka_unit_test(test_endless_certificate_message),
        cmocka_unit_test(test_unknown_critical_extension),
        cmocka_unit_test(test_rsa_sizes),
        cmocka_unit_test(test_weak_group),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_no_file_left),
        cmocka_unit_test(test_no_room_in_arena),
        cmocka_unit_test(test_bad_name),
        cmocka_unit_test(test_certificate_messages),
        cmocka_unit_test(test_chain_is_capped),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
