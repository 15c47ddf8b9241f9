/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The context that sessions are made of: what is equal for all of them. */
#include "probe/tls_library.h"
#include "probe/tls_private.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/ecc.h>

#include <stdlib.h>

#define RSA_MIN_BITS 512 /* a weak key is a fact to report, not a reason to stop */
#define DH_MIN_BITS 1024 /* the same; the library can't go lower */

bool sp_tls_set_up_context(WOLFSSL_CTX *wolf)
{
    wolfSSL_CTX_set_session_cache_mode(wolf, WOLFSSL_SESS_CACHE_OFF);
    sp_tls_watch_context(wolf);
    return wolfSSL_CTX_SetMinRsaKey_Sz(wolf, RSA_MIN_BITS) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_SetMinDhKey_Sz(wolf, DH_MIN_BITS) == WOLFSSL_SUCCESS;
}

/* Those of the usual offer that the library has, in our order. */
static bool collect_suites(struct sp_tls_ctx *ctx)
{
    uint16_t has[SP_TLS_SUITES_MAX];
    size_t has_count = sp_tls_library_suites(has), all_count;
    const struct sp_tls_suite *all = sp_tls_suites(&all_count);
    for (size_t i = 0, k = 0; i < all_count && k < has_count; i++) {
        if (all[i].number != has[k])
            continue;
        if (all[i].offered)
            ctx->suites[ctx->suite_count++] = has[k];
        k++;
    }
    return ctx->suite_count > 0;
}

struct sp_tls_ctx *sp_tls_ctx_new(void)
{
    struct sp_tls_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return NULL;
    if (wolfSSL_Init() != WOLFSSL_SUCCESS) {
        free(ctx);
        return NULL;
    }
    ctx->wolf = wolfSSL_CTX_new(wolfTLS_client_method());
    if (!ctx->wolf || !collect_suites(ctx) || !sp_tls_set_up_context(ctx->wolf)) {
        sp_tls_ctx_free(ctx);
        return NULL;
    }
    return ctx;
}

void sp_tls_ctx_free(struct sp_tls_ctx *ctx)
{
    if (!ctx)
        return;
    wolfSSL_CTX_free(ctx->wolf);
#ifdef FP_ECC
    wc_ecc_fp_free(); /* this thread's cache of curve points, up to 12 MB */
#endif
    wolfSSL_Cleanup();
    free(ctx);
}
