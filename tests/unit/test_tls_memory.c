/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session costs in memory, that all of it comes back, and what happens when there is none. */
#include "tests/unit/tls_peer.h"

#include "probe/limits.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/memory.h>

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The library's allocations: counted, and refused when `left` has run out. */
static size_t live, blocks;
static size_t left = SIZE_MAX;

static bool may_allocate(void)
{
    if (left == 0) {
        errno = ENOMEM; /* as malloc does */
        return false;
    }
    if (left != SIZE_MAX)
        left--;
    return true;
}

static void *count_malloc(size_t size)
{
    void *data = may_allocate() ? malloc(size) : NULL;
    if (data) {
        live += malloc_usable_size(data);
        blocks++;
    }
    return data;
}

static void count_free(void *data)
{
    if (!data)
        return;
    live -= malloc_usable_size(data);
    blocks--;
    free(data);
}

static void *count_realloc(void *old, size_t size)
{
    if (!old)
        return count_malloc(size);
    size_t before = malloc_usable_size(old);
    void *data = may_allocate() ? realloc(old, size) : NULL;
    if (data)
        live += malloc_usable_size(data) - before;
    return data;
}

static struct sp_tls_ctx *ctx;
static EVP_PKEY *keys[2];
static X509 *leafs[2];

static int set_up(void **state)
{
    (void)state;
    const struct peer_cert host = {.name = "mx.test"};
    for (int i = 0; i < 2; i++) {
        keys[i] = peer_make_key(i == 0 ? PEER_RSA : PEER_EC);
        leafs[i] = peer_make_cert(&host, keys[i], NULL, NULL);
    }
    wolfSSL_SetAllocators(count_malloc, count_free, count_realloc);
    ctx = sp_tls_ctx_new();
    return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        X509_free(leafs[i]);
        EVP_PKEY_free(keys[i]);
    }
    sp_tls_ctx_free(ctx);
    return 0;
}

static struct peer_config make_server(int key, int version)
{
    return (struct peer_config){.key = keys[key],
                                .chain = {leafs[key]},
                                .chain_count = 1,
                                .version_min = version,
                                .version_max = version};
}

static enum sp_tls_status run(int key, int version, size_t *out_open, size_t *out_arena)
{
    const struct sp_tls_config config = {.sni = "mx.test"};
    struct peer_config server = make_server(key, version);
    struct peer peer;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    size_t before = live;
    peer_open(&peer, &server);
    struct sp_tls *tls = sp_tls_new(ctx, arena, &config);
    assert_non_null(tls);
    enum sp_tls_status status = peer_handshake(&peer, tls, 0);
    *out_open = live - before;
    *out_arena = sp_arena_used(arena);
    if (status == SP_TLS_DONE)
        assert_int_equal(sp_tls_facts(tls)->cert_count, 1);
    if (status != SP_TLS_DONE) {
        assert_int_equal(status, SP_TLS_FAILED);
        assert_int_equal(sp_tls_failure(tls).reason, SP_REASON_INTERNAL_ERROR);
        assert_non_null(strstr(sp_tls_failure(tls).detail, "memory"));
        assert_int_equal(sp_tls_write(tls, "AUTH", 4), SP_TLS_FAILED);
    }
    sp_tls_close(tls);
    sp_tls_free(tls);
    sp_arena_free(arena);
    peer_close(&peer);
    return status;
}

static void test_memory_comes_back(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (int key = 0; key < 2; key++) {
            size_t open, arena, before = 0, blocks_before = 0;
            for (int round = 0; round < 5; round++) {
                /* The first two rounds fill the thread's cache of curve points. */
                if (round == 2) {
                    before = live;
                    blocks_before = blocks;
                }
                assert_int_equal(run(key, version, &open, &arena), SP_TLS_DONE);
            }
            assert_int_equal(live, before);
            assert_int_equal(blocks, blocks_before);
            print_message("TLS 1.%d, %s: %zu octets a session in the library, %zu in the arena\n",
                          version - TLS1_VERSION, key == 0 ? "RSA" : "EC", open, arena);
            assert_true(open < 160 * 1024);
        }
}

/* The n-th allocation of the library fails, and all behind it. */
static void test_no_memory(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t n = 0;; n += n < 40 ? 1 : 9) {
            size_t open, arena;
            left = n;
            enum sp_tls_status status = run(1, version, &open, &arena);
            left = SIZE_MAX;
            if (status == SP_TLS_DONE)
                break;
            assert_true(n < 5000);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_comes_back),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
