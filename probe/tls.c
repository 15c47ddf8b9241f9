/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls.h"

#include "probe/limits.h"
#include "probe/tls_chain.h"
#include "probe/tls_explain.h"
#include "probe/tls_names.h"
#include "probe/tls_plain.h"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/ecc.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_MAX 256u   /* octets kept of what the server said first */
#define RSA_MIN_BITS 512 /* a weak key is a fact to report, not a reason to stop */
#define DH_MIN_BITS 2048 /* a weak group can't be reported: the library shows no group */
#define ALERT_NONE (-1)
#define CONTENT_HANDSHAKE 22
#define SUITE_NAMES_SIZE 16384

/* One row a state; the setter is the only place that changes it. */
enum state { STATE_NEW, STATE_HANDSHAKE, STATE_UP, STATE_CLOSED, STATE_FAILED };

struct sp_tls_ctx {
    WOLFSSL_CTX *wolf;
    uint16_t suites[SP_TLS_SUITES_MAX]; /* our offer that this library build knows */
    size_t suite_count;
};

struct sp_tls {
    WOLFSSL *wolf;
    struct sp_arena *arena;
    enum state state;
    struct sp_buf in, out;
    size_t in_used; /* octets of `in` that the library already has */
    bool eof;       /* the server will send nothing more */
    bool eof_met;   /* the library asked for more than that */
    bool output_full;
    bool out_of_memory;    /* while copying certificates */
    bool certificate_seen; /* the certificate whose key the library uses is number 0 of our facts */
    bool close_sent;
    uint8_t first[FIRST_MAX];
    size_t first_len;
    uint16_t version_min, version_max;
    uint16_t suites[SP_TLS_SUITES_MAX]; /* offered in this session: the allow-list of the gate */
    size_t suite_count;
    struct sp_tls_facts facts;
    struct sp_tls_failure failure;
};

/* --- failing ----------------------------------------------------------------------------------- */

static void set_failure(struct sp_tls *tls, struct sp_tls_failure failure)
{
    if (tls->state == STATE_FAILED)
        return;
    tls->state = STATE_FAILED;
    tls->failure = failure;
}

static void set_failure_text(struct sp_tls *tls, enum sp_reason reason, const char *detail,
                             const char *fallback)
{
    set_failure(tls, (struct sp_tls_failure){reason, detail ? detail : fallback});
}

/* --- certificates ------------------------------------------------------------------------------ */

/*
 * Called by wolfSSL for every certificate, the last one first, each time with the whole list. Its
 * own verdict means nothing (the store is empty): path.h judges the copies. Returning 1 lets the
 * handshake go on, which still proves possession of the key of certificate 0.
 */
static int verify_callback(int preverified, WOLFSSL_X509_STORE_CTX *store)
{
    struct sp_tls *tls = store->userCtx;
    enum sp_tls_chain_status status = SP_TLS_CHAIN_OK;
    bool known = tls->facts.cert_count > 0 || tls->facts.certs_cut;
    (void)preverified;
    if (store->totalCerts <= 0 || !store->certs)
        return 1;
    for (int i = 0; i < store->totalCerts && status == SP_TLS_CHAIN_OK && !known; i++)
        status = sp_tls_chain_add(tls->arena, &tls->facts, store->certs[i].buffer,
                                  store->certs[i].length);
    tls->out_of_memory |= status == SP_TLS_CHAIN_MEMORY;
    const struct sp_slice leaf = {store->certs[0].buffer, store->certs[0].length};
    tls->certificate_seen =
        tls->facts.cert_count > 0 && sp_slice_equal(tls->facts.certs[0].der, leaf);
    return 1;
}

/*
 * Up to TLS 1.2 wolfSSL shows a message before it parses it: so the certificates that it refuses
 * get into the facts too, and those behind the ninth.
 */
static void message_callback(int written, int version, int content_type, const void *data,
                             size_t len, WOLFSSL *wolf, void *user)
{
    struct sp_tls *tls = user;
    (void)version, (void)wolf;
    if (written || content_type != CONTENT_HANDSHAKE || tls->facts.cert_count > 0)
        return;
    tls->out_of_memory |=
        sp_tls_chain_add_message(tls->arena, &tls->facts, data, len) == SP_TLS_CHAIN_MEMORY;
}

/* The server asked for a certificate of ours; we have none, and an empty list is the answer. */
static int client_certificate_callback(WOLFSSL *wolf, WOLFSSL_X509 **x509, WOLFSSL_EVP_PKEY **key)
{
    struct sp_tls *tls = wolfSSL_get_ex_data(wolf, 0);
    (void)x509, (void)key;
    if (tls)
        tls->facts.client_certificate_requested = true;
    return 0;
}

/* --- the gate ---------------------------------------------------------------------------------- */

static bool is_offered(const struct sp_tls *tls, uint16_t suite)
{
    for (size_t i = 0; i < tls->suite_count; i++)
        if (tls->suites[i] == suite)
            return true;
    return false;
}

/* What the library says that was negotiated; nothing before a ServerHello was read. */
static void note_choice(struct sp_tls *tls)
{
    uint16_t suite = (uint16_t)wolfSSL_get_current_cipher_suite(tls->wolf);
    if (suite == 0)
        return;
    tls->facts.suite = suite;
    tls->facts.cipher = sp_tls_suite_name(suite);
    tls->facts.version = (uint16_t)wolfSSL_version(tls->wolf);
    tls->facts.version_text = sp_tls_version_text(tls->facts.version);
}

/*
 * The server's choice against what we offered, by our own list and not by the library's word:
 * wolfSSL 5.5.4 takes anonymous suites that were never offered (CVE-2024-5814). True: acceptable.
 */
static bool check_choice(struct sp_tls *tls)
{
    const struct sp_tls_facts *facts = &tls->facts;
    note_choice(tls);
    if (facts->suite == 0)
        return true;
    if (facts->version < tls->version_min || facts->version > tls->version_max) {
        set_failure_text(
            tls, SP_REASON_TLS_PROTOCOL_ERROR,
            sp_arena_printf(tls->arena, "the server chose %s, which we didn't offer",
                            facts->version_text ? facts->version_text : "a TLS version"),
            "the server chose a TLS version that we didn't offer");
        return false;
    }
    if (is_offered(tls, facts->suite) &&
        sp_tls_suite_is_13(facts->suite) == (facts->version == SP_TLS_1_3))
        return true;
    const char *name = facts->cipher ? facts->cipher : "without a known name";
    set_failure_text(tls, SP_REASON_TLS_PROTOCOL_ERROR,
                     sp_arena_printf(tls->arena,
                                     "the server chose the cipher suite %s (0x%04x), which we "
                                     "didn't offer%s",
                                     name, facts->suite,
                                     strstr(name, "_anon_")
                                         ? ": an anonymous session without a certificate"
                                         : ""),
                     "the server chose a cipher suite that we didn't offer");
    return false;
}

/* Everything that must hold before one octet of ours may go inside. True: it holds. */
static bool pass_gate(struct sp_tls *tls)
{
    if (tls->out_of_memory) {
        set_failure_text(tls, SP_REASON_INTERNAL_ERROR, NULL,
                         "out of memory while keeping the server's certificates");
        return false;
    }
    if (!check_choice(tls))
        return false;
    if (tls->facts.suite == 0 || !tls->certificate_seen || tls->facts.cert_count == 0) {
        set_failure_text(tls, SP_REASON_TLS_PROTOCOL_ERROR, NULL,
                         "the server completed an anonymous handshake without a certificate, "
                         "which we didn't offer");
        return false;
    }
    return true;
}

/* --- octets in and out of the library ---------------------------------------------------------- */

static int receive_callback(WOLFSSL *wolf, char *data, int size, void *user)
{
    struct sp_tls *tls = user;
    size_t ready = tls->in.len - tls->in_used;
    (void)wolf;
    if (ready == 0 && tls->eof) {
        tls->eof_met = true;
        return WOLFSSL_CBIO_ERR_CONN_CLOSE;
    }
    if (ready == 0 || size <= 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    size_t len = ready < (size_t)size ? ready : (size_t)size;
    memcpy(data, tls->in.data + tls->in_used, len);
    tls->in_used += len;
    return (int)len;
}

/* The choice is looked at here too, so that not even our Finished answers one that we don't accept. */
static int send_callback(WOLFSSL *wolf, char *data, int size, void *user)
{
    struct sp_tls *tls = user;
    (void)wolf;
    if (tls->state == STATE_FAILED || size < 0 || !check_choice(tls))
        return WOLFSSL_CBIO_ERR_GENERAL;
    if (!sp_buf_append(&tls->out, data, (size_t)size)) {
        tls->output_full = true;
        return WOLFSSL_CBIO_ERR_GENERAL;
    }
    return size;
}

bool sp_tls_feed(struct sp_tls *tls, const void *data, size_t len)
{
    sp_buf_consume(&tls->in, tls->in_used);
    tls->in_used = 0;
    if (tls->first_len < FIRST_MAX && len > 0) {
        size_t room = FIRST_MAX - tls->first_len;
        size_t part = len < room ? len : room;
        memcpy(tls->first + tls->first_len, data, part);
        tls->first_len += part;
    }
    return sp_buf_append(&tls->in, data, len);
}

void sp_tls_feed_eof(struct sp_tls *tls)
{
    tls->eof = true;
}

struct sp_buf *sp_tls_outgoing(struct sp_tls *tls)
{
    return &tls->out;
}

/* --- context ----------------------------------------------------------------------------------- */

/* wolfSSL drops suites that it doesn't know without a word, so we ask first and know our offer. */
static bool collect_suites(struct sp_tls_ctx *ctx)
{
    char *names = calloc(1, SUITE_NAMES_SIZE + 2);
    if (!names)
        return false;
    names[0] = ':';
    bool known = wolfSSL_get_ciphers_iana(names + 1, SUITE_NAMES_SIZE) == WOLFSSL_SUCCESS;
    size_t end = strlen(names);
    names[end] = ':';
    size_t count;
    const struct sp_tls_suite *all = sp_tls_suites(&count);
    for (size_t i = 0; known && i < count && ctx->suite_count < SP_TLS_SUITES_MAX; i++) {
        char wanted[96];
        snprintf(wanted, sizeof wanted, ":%s:", all[i].name);
        if (all[i].offered && strstr(names, wanted))
            ctx->suites[ctx->suite_count++] = all[i].number;
    }
    free(names);
    return ctx->suite_count > 0;
}

static bool set_up_context(struct sp_tls_ctx *ctx)
{
    /* X25519 first: the library's own order costs up to ten times the CPU. The finite-field groups
     * are for TLS 1.3 servers that have nothing else. */
    int groups[] = {WOLFSSL_ECC_X25519,    WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1,
                    WOLFSSL_ECC_SECP521R1, WOLFSSL_ECC_X448,      WOLFSSL_FFDHE_2048,
                    WOLFSSL_FFDHE_3072};
    ctx->wolf = wolfSSL_CTX_new(wolfTLS_client_method());
    if (!ctx->wolf || !collect_suites(ctx))
        return false;
    wolfSSL_CTX_set_session_cache_mode(ctx->wolf, WOLFSSL_SESS_CACHE_OFF);
    wolfSSL_CTX_set_client_cert_cb(ctx->wolf, client_certificate_callback);
    return wolfSSL_CTX_set_groups(ctx->wolf, groups, (int)(sizeof groups / sizeof groups[0])) ==
               WOLFSSL_SUCCESS &&
           wolfSSL_CTX_SetMinRsaKey_Sz(ctx->wolf, RSA_MIN_BITS) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_SetMinDhKey_Sz(ctx->wolf, DH_MIN_BITS) == WOLFSSL_SUCCESS;
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
    if (!set_up_context(ctx)) {
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

/* --- session ----------------------------------------------------------------------------------- */

static uint16_t clamp_version(uint16_t version, uint16_t otherwise)
{
    if (version == 0)
        return otherwise;
    if (version < SP_TLS_1_1)
        return SP_TLS_1_1;
    return version > SP_TLS_1_3 ? SP_TLS_1_3 : version;
}

/* Only suites that one of the session's versions can use are offered. */
static bool offer_suites(struct sp_tls *tls, const struct sp_tls_ctx *ctx)
{
    uint8_t octets[SP_TLS_SUITES_MAX * 2];
    for (size_t i = 0; i < ctx->suite_count; i++) {
        uint16_t suite = ctx->suites[i];
        bool wanted = sp_tls_suite_is_13(suite) ? tls->version_max >= SP_TLS_1_3
                                                : tls->version_min < SP_TLS_1_3;
        if (!wanted)
            continue;
        octets[tls->suite_count * 2] = (uint8_t)(suite >> 8);
        octets[tls->suite_count * 2 + 1] = (uint8_t)(suite & 0xff);
        tls->suites[tls->suite_count++] = suite;
    }
    return tls->suite_count > 0 &&
           wolfSSL_set_cipher_list_bytes(tls->wolf, octets, (int)(tls->suite_count * 2)) ==
               WOLFSSL_SUCCESS;
}

static bool set_up_verification(struct sp_tls *tls)
{
    /* A store of its own, always empty: the shared one would learn intermediates from one server
     * and trust them for the next. wolfSSL frees it with the session. */
    WOLFSSL_X509_STORE *store = wolfSSL_X509_STORE_new();
    if (!store)
        return false;
    if (wolfSSL_set0_verify_cert_store(tls->wolf, store) != WOLFSSL_SUCCESS) {
        wolfSSL_X509_STORE_free(store);
        return false;
    }
    wolfSSL_set_verify(tls->wolf, WOLFSSL_VERIFY_PEER, verify_callback);
    wolfSSL_SetCertCbCtx(tls->wolf, tls);
    return wolfSSL_set_ex_data(tls->wolf, 0, tls) == WOLFSSL_SUCCESS &&
           wolfSSL_set_msg_callback(tls->wolf, message_callback) == WOLFSSL_SUCCESS &&
           wolfSSL_set_msg_callback_arg(tls->wolf, tls) == WOLFSSL_SUCCESS;
}

static bool set_up_name(struct sp_tls *tls, const char *sni)
{
    if (!sni)
        return true;
    size_t len = strlen(sni);
    tls->facts.sni = sp_arena_strdup(tls->arena, sni);
    return tls->facts.sni && len > 0 && len <= SP_LIMIT_HOST &&
           wolfSSL_UseSNI(tls->wolf, WOLFSSL_SNI_HOST_NAME, sni, (unsigned short)len) ==
               WOLFSSL_SUCCESS;
}

static bool set_up_session(struct sp_tls *tls, struct sp_tls_ctx *ctx,
                           const struct sp_tls_config *config)
{
    wolfSSL_SSLSetIORecv(tls->wolf, receive_callback);
    wolfSSL_SSLSetIOSend(tls->wolf, send_callback);
    wolfSSL_SetIOReadCtx(tls->wolf, tls);
    wolfSSL_SetIOWriteCtx(tls->wolf, tls);
    return wolfSSL_set_min_proto_version(tls->wolf, tls->version_min) == WOLFSSL_SUCCESS &&
           wolfSSL_set_max_proto_version(tls->wolf, tls->version_max) == WOLFSSL_SUCCESS &&
           offer_suites(tls, ctx) && set_up_verification(tls) && set_up_name(tls, config->sni);
}

struct sp_tls *sp_tls_new(struct sp_tls_ctx *ctx, struct sp_arena *arena,
                          const struct sp_tls_config *config)
{
    struct sp_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return NULL;
    tls->arena = arena;
    tls->facts.alert = ALERT_NONE;
    tls->version_min = clamp_version(config->version_min, SP_TLS_1_2);
    tls->version_max = clamp_version(config->version_max, SP_TLS_1_3);
    sp_buf_init(&tls->in, SP_LIMIT_TLS_IN);
    sp_buf_init(&tls->out, SP_LIMIT_TLS_OUT);
    errno = 0;
    tls->wolf = wolfSSL_new(ctx->wolf);
    if (!tls->wolf && (errno == EMFILE || errno == ENFILE))
        set_failure_text(tls, SP_REASON_LOCAL_RESOURCE_EXHAUSTED, NULL,
                         "too many open files: no random numbers for TLS");
    else if (!tls->wolf)
        set_failure_text(tls, SP_REASON_INTERNAL_ERROR, NULL, "no memory for a TLS session");
    else if (!set_up_session(tls, ctx, config))
        set_failure_text(tls, SP_REASON_INTERNAL_ERROR, NULL,
                         errno == ENOMEM ? "no memory for a TLS session"
                                         : "our TLS library refused the settings of the session");
    return tls;
}

void sp_tls_free(struct sp_tls *tls)
{
    if (!tls)
        return;
    wolfSSL_free(tls->wolf);
    wolfSSL_ERR_clear_error(); /* a queue of the thread, not of the session */
    sp_buf_wipe(&tls->in);
    sp_buf_wipe(&tls->out);
    free(tls);
}

/* --- steps ------------------------------------------------------------------------------------- */

static void note_alert(struct sp_tls *tls)
{
    WOLFSSL_ALERT_HISTORY history;
    if (wolfSSL_get_alert_history(tls->wolf, &history) != WOLFSSL_SUCCESS ||
        history.last_rx.code < 0)
        return;
    /* An orderly end is no news. */
    if (history.last_rx.code == 0 && tls->facts.established)
        return;
    tls->facts.alert = history.last_rx.code;
    tls->facts.alert_text = sp_tls_alert_text(history.last_rx.code);
}

/* Turns the library's error into our failure, unless a callback of ours has set one already. */
static enum sp_tls_status fail_with(struct sp_tls *tls, int code, int saved_errno)
{
    WOLFSSL_ALERT_HISTORY history;
    note_alert(tls);
    if (!tls->facts.established)
        note_choice(tls);
    if (tls->facts.version == 0) {
        tls->facts.version = sp_tls_server_hello_version(tls->first, tls->first_len);
        tls->facts.version_text = sp_tls_version_text(tls->facts.version);
    }
    bool fatal = tls->facts.alert != ALERT_NONE &&
                 (code == FATAL_ERROR ||
                  (wolfSSL_get_alert_history(tls->wolf, &history) == WOLFSSL_SUCCESS &&
                   history.last_rx.level == alert_fatal));
    struct sp_tls_fault fault = {.code = code,
                                 .saved_errno = saved_errno,
                                 .handshake = !tls->facts.established,
                                 .eof = tls->eof_met,
                                 .fatal_alert = fatal,
                                 .output_full = tls->output_full,
                                 .version_min = tls->version_min,
                                 .version_max = tls->version_max,
                                 .first = tls->first,
                                 .first_len = tls->first_len};
    set_failure(tls, sp_tls_explain(tls->arena, &tls->facts, &fault));
    return SP_TLS_FAILED;
}

static void note_established(struct sp_tls *tls)
{
    tls->facts.established = true;
    tls->facts.group = sp_tls_group_name(wolfSSL_get_curve_name(tls->wolf));
    note_alert(tls);
}

/* Nothing of this handshake may be answered: what waits for the socket is dropped. */
static enum sp_tls_status refuse_session(struct sp_tls *tls)
{
    sp_buf_consume(&tls->out, tls->out.len);
    return SP_TLS_FAILED;
}

enum sp_tls_status sp_tls_handshake(struct sp_tls *tls)
{
    tls->facts.tried = true;
    if (tls->state == STATE_FAILED)
        return SP_TLS_FAILED;
    if (tls->state == STATE_UP || tls->state == STATE_CLOSED)
        return SP_TLS_DONE;
    tls->state = STATE_HANDSHAKE;
    if (sp_tls_plain_is(tls->first, tls->first_len)) {
        set_failure_text(tls, SP_REASON_TLS_PROTOCOL_ERROR,
                         sp_tls_plain_describe(tls->arena, tls->first, tls->first_len),
                         "the server answered our ClientHello without TLS");
        return refuse_session(tls);
    }
    errno = 0;
    int result = wolfSSL_connect(tls->wolf);
    int saved_errno = errno;
    if (tls->state == STATE_FAILED || !check_choice(tls))
        return refuse_session(tls);
    if (result == WOLFSSL_SUCCESS) {
        if (!pass_gate(tls))
            return refuse_session(tls);
        tls->state = STATE_UP;
        note_established(tls);
        return SP_TLS_DONE;
    }
    int code = wolfSSL_get_error(tls->wolf, result);
    if (code == WOLFSSL_ERROR_WANT_READ)
        return SP_TLS_WANT;
    return fail_with(tls, code, saved_errno);
}

/* False: the session can't carry application octets now. */
static bool is_usable(struct sp_tls *tls)
{
    if (tls->state == STATE_NEW || tls->state == STATE_HANDSHAKE)
        set_failure_text(tls, SP_REASON_INTERNAL_ERROR, NULL,
                         "TLS was used before its handshake was complete");
    return tls->state == STATE_UP;
}

enum sp_tls_status sp_tls_read(struct sp_tls *tls, void *data, size_t size, size_t *out_len)
{
    *out_len = 0;
    if (tls->state == STATE_CLOSED)
        return SP_TLS_CLOSED;
    if (!is_usable(tls))
        return SP_TLS_FAILED;
    errno = 0;
    int result = wolfSSL_read(tls->wolf, data, size > INT_MAX ? INT_MAX : (int)size);
    int saved_errno = errno;
    if (result > 0) {
        *out_len = (size_t)result;
        return SP_TLS_DONE;
    }
    int code = wolfSSL_get_error(tls->wolf, result);
    if (code == WOLFSSL_ERROR_WANT_READ)
        return SP_TLS_WANT;
    if (code == WOLFSSL_ERROR_ZERO_RETURN && !tls->eof_met) {
        tls->state = STATE_CLOSED;
        return SP_TLS_CLOSED;
    }
    return fail_with(tls, code, saved_errno);
}

enum sp_tls_status sp_tls_write(struct sp_tls *tls, const void *data, size_t len)
{
    const uint8_t *octets = data;
    if (!is_usable(tls))
        return SP_TLS_FAILED;
    while (len > 0) {
        errno = 0;
        int part = len > INT_MAX ? INT_MAX : (int)len;
        int result = wolfSSL_write(tls->wolf, octets, part);
        int saved_errno = errno;
        if (result <= 0)
            return fail_with(tls, wolfSSL_get_error(tls->wolf, result), saved_errno);
        octets += result;
        len -= (size_t)result;
    }
    return SP_TLS_DONE;
}

void sp_tls_close(struct sp_tls *tls)
{
    bool up = tls->state == STATE_UP || tls->state == STATE_CLOSED;
    if (!up || tls->close_sent)
        return;
    tls->close_sent = true;
    wolfSSL_shutdown(tls->wolf);
}

const struct sp_tls_facts *sp_tls_facts(struct sp_tls *tls)
{
    return &tls->facts;
}

struct sp_tls_failure sp_tls_failure(const struct sp_tls *tls)
{
    return tls->failure;
}
