/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Octets in and out, and the steps of a session. */
#include "probe/tls.h"

#include "probe/limits.h"
#include "probe/tls_explain.h"
#include "probe/tls_identity.h"
#include "probe/tls_plain.h"
#include "probe/tls_private.h"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void sp_tls_fail(struct sp_tls *tls, enum sp_reason reason, const char *detail,
                 const char *fallback)
{
    if (tls->state == SP_TLS_STATE_FAILED)
        return;
    tls->state = SP_TLS_STATE_FAILED;
    tls->failure = (struct sp_tls_failure){reason, detail ? detail : fallback};
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
    if (tls->state == SP_TLS_STATE_FAILED || size < 0 || !sp_tls_gate_choice(tls))
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
    if (tls->first_len < SP_TLS_FIRST_MAX && len > 0) {
        size_t room = SP_TLS_FIRST_MAX - tls->first_len;
        size_t part = len < room ? len : room;
        memcpy(tls->first + tls->first_len, data, part);
        tls->first_len += part;
    }
    sp_tls_watch_octets(tls, data, len);
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

/* --- session ----------------------------------------------------------------------------------- */

static bool set_up_session(struct sp_tls *tls, const struct sp_tls_ctx *ctx,
                           const struct sp_tls_config *config)
{
    wolfSSL_SSLSetIORecv(tls->wolf, receive_callback);
    wolfSSL_SSLSetIOSend(tls->wolf, send_callback);
    wolfSSL_SetIOReadCtx(tls->wolf, tls);
    wolfSSL_SetIOWriteCtx(tls->wolf, tls);
    return sp_tls_set_up(tls, ctx, config);
}

struct sp_tls *sp_tls_new(struct sp_tls_ctx *ctx, struct sp_arena *arena,
                          const struct sp_tls_config *config)
{
    struct sp_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return NULL;
    tls->arena = arena;
    tls->facts.alert = SP_TLS_ALERT_NONE;
    sp_buf_init(&tls->in, SP_LIMIT_TLS_IN);
    sp_buf_init(&tls->out, SP_LIMIT_TLS_OUT);
    errno = 0;
    tls->identity = config->identity != NULL;
    tls->wolf =
        wolfSSL_new(config->identity ? sp_tls_identity_context(config->identity) : ctx->wolf);
    if (!tls->wolf && (errno == EMFILE || errno == ENFILE))
        sp_tls_fail(tls, SP_REASON_LOCAL_RESOURCE_EXHAUSTED, NULL,
                    "too many open files: no random numbers for TLS");
    else if (!tls->wolf)
        sp_tls_fail(tls, SP_REASON_INTERNAL_ERROR, NULL, "no memory for a TLS session");
    else if (!set_up_session(tls, ctx, config))
        sp_tls_fail(tls, SP_REASON_INTERNAL_ERROR, NULL,
                    errno == ENOMEM ? "no memory for a TLS session"
                                    : "our TLS library refused the settings of the session");
    return tls;
}

void sp_tls_free(struct sp_tls *tls)
{
    if (!tls)
        return;
    wolfSSL_free(tls->wolf);
    free(tls->hello);
    wolfSSL_ERR_clear_error(); /* a queue of the thread, not of the session */
    sp_buf_wipe(&tls->in);
    sp_buf_wipe(&tls->out);
    free(tls);
}

/* --- steps ------------------------------------------------------------------------------------- */

/* Turns the library's error into our failure, unless a callback of ours has set one already. */
static enum sp_tls_status fail_with(struct sp_tls *tls, int code, int saved_errno)
{
    struct sp_tls_facts *facts = &tls->facts;
    WOLFSSL_ALERT_HISTORY history;
    sp_tls_note_alert(tls);
    if (!facts->established)
        sp_tls_note_refused(tls);
    bool fatal = facts->alert != SP_TLS_ALERT_NONE &&
                 (code == FATAL_ERROR ||
                  (wolfSSL_get_alert_history(tls->wolf, &history) == WOLFSSL_SUCCESS &&
                   history.last_rx.level == alert_fatal));
    facts->ocsp_broke_handshake = sp_tls_staple_is_error(tls, code);
    struct sp_tls_fault fault = {.code = code,
                                 .saved_errno = saved_errno,
                                 .handshake = !facts->established,
                                 .eof = tls->eof_met,
                                 .silent = tls->first_len == 0,
                                 .fatal_alert = fatal,
                                 .output_full = tls->output_full,
                                 .identity = tls->identity,
                                 .version_min = tls->version_min,
                                 .version_max = tls->version_max};
    struct sp_tls_failure failure = sp_tls_explain(tls->arena, facts, &fault);
    sp_tls_fail(tls, failure.reason, failure.detail, failure.detail);
    return SP_TLS_FAILED;
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
    if (tls->state == SP_TLS_STATE_FAILED)
        return SP_TLS_FAILED;
    if (tls->state == SP_TLS_STATE_UP || tls->state == SP_TLS_STATE_CLOSED)
        return SP_TLS_DONE;
    tls->state = SP_TLS_STATE_HANDSHAKE;
    if (sp_tls_plain_is(tls->first, tls->first_len)) {
        sp_tls_fail(tls, SP_REASON_TLS_PROTOCOL_ERROR,
                    sp_tls_plain_describe(tls->arena, tls->first, tls->first_len),
                    "the server answered our ClientHello without TLS");
        return refuse_session(tls);
    }
    errno = 0;
    int result = wolfSSL_connect(tls->wolf);
    int saved_errno = errno;
    if (tls->state == SP_TLS_STATE_FAILED || !sp_tls_gate_choice(tls))
        return refuse_session(tls);
    if (result == WOLFSSL_SUCCESS) {
        if (!sp_tls_gate_pass(tls))
            return refuse_session(tls);
        tls->state = SP_TLS_STATE_UP;
        sp_tls_note_established(tls);
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
    if (tls->state == SP_TLS_STATE_NEW || tls->state == SP_TLS_STATE_HANDSHAKE)
        sp_tls_fail(tls, SP_REASON_INTERNAL_ERROR, NULL,
                    "TLS was used before its handshake was complete");
    return tls->state == SP_TLS_STATE_UP;
}

enum sp_tls_status sp_tls_read(struct sp_tls *tls, void *data, size_t size, size_t *out_len)
{
    *out_len = 0;
    if (tls->state == SP_TLS_STATE_CLOSED)
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
        tls->state = SP_TLS_STATE_CLOSED;
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
    bool up = tls->state == SP_TLS_STATE_UP || tls->state == SP_TLS_STATE_CLOSED;
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
