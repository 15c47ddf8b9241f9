/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/conn.h"

#include "probe/buf.h"
#include "probe/limits.h"
#include "probe/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8305 §5: the recommended delay between two attempts. */
#define HEAD_START_MS 250u

struct attempt {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } as;
    uv_connect_t request;
    struct sp_conn *conn;
    struct sockaddr_storage address;
    int64_t started_ns;
    bool initialized, running;
};

struct sp_conn {
    struct sp_conn_config config;
    struct attempt *attempts;
    size_t attempt_count, next_attempt, running;
    struct attempt *winner;
    uv_timer_t head_start;
    unsigned handles; /* initialized and not yet closed */
    bool closing;
    int worst_errno;
    struct sp_buf pending; /* octets that the socket did not take yet */
    uv_write_t write_request;
    bool writing;
    struct sp_buf waiting; /* plain octets behind those of the write request */
    int send_errno;
    struct sp_tls *tls;
    bool tls_up;
};

static void start_next_attempt(struct sp_conn *conn);

/* --- errors as words -------------------------------------------------------------------------- */

enum sp_reason sp_conn_reason(int sys_errno, bool connecting)
{
    switch (sys_errno) {
    case ECONNREFUSED:
    case ENOENT: return SP_REASON_CONNECT_REFUSED; /* ENOENT: nobody listens on that Unix socket */
    case ETIMEDOUT: return connecting ? SP_REASON_CONNECT_TIMEOUT : SP_REASON_CONNECTION_RESET;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: return SP_REASON_CONNECTION_RESET;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
    case EADDRINUSE: return SP_REASON_LOCAL_RESOURCE_EXHAUSTED;
    case ECANCELED: return SP_REASON_CANCELLED;
    default: return connecting ? SP_REASON_CONNECT_UNREACHABLE : SP_REASON_CONNECTION_RESET;
    }
}

/* Of several addresses' errors the one that says most about the server is told. */
static int error_rank(int sys_errno)
{
    switch (sp_conn_reason(sys_errno, true)) {
    case SP_REASON_CONNECT_REFUSED:
    case SP_REASON_CONNECTION_RESET: return 3;
    case SP_REASON_CONNECT_TIMEOUT: return 2;
    case SP_REASON_LOCAL_RESOURCE_EXHAUSTED: return 4;
    default: return 1;
    }
}

static void fail(struct sp_conn *conn, enum sp_reason reason, int sys_errno, const char *detail)
{
    if (conn->closing)
        return;
    conn->config.events->failed(conn->config.data, reason, sys_errno, detail);
}

static void fail_by_errno(struct sp_conn *conn, int sys_errno, bool connecting)
{
    char detail[128];
    snprintf(detail, sizeof detail, "%s: %s", connecting ? "connect" : "connection",
             uv_strerror(-sys_errno));
    fail(conn, sp_conn_reason(sys_errno, connecting), sys_errno, detail);
}

/* --- birth and death -------------------------------------------------------------------------- */

struct sp_conn *sp_conn_new(const struct sp_conn_config *config)
{
    struct sp_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->config = *config;
    sp_buf_init(&conn->pending, SP_LIMIT_PENDING + SP_LIMIT_TLS_OUT);
    sp_buf_init(&conn->waiting, SP_LIMIT_PENDING);
    uv_timer_init(config->loop, &conn->head_start);
    conn->head_start.data = conn;
    conn->handles = 1;
    return conn;
}

static void free_conn(struct sp_conn *conn)
{
    conn->config.events->closed(conn->config.data);
    sp_tls_free(conn->tls);
    sp_buf_wipe(&conn->pending);
    sp_buf_wipe(&conn->waiting);
    free(conn->attempts);
    free(conn);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct sp_conn *conn = handle->data;
    if (--conn->handles == 0 && conn->closing)
        free_conn(conn);
}

static void close_attempt(struct attempt *attempt)
{
    if (attempt->initialized && !uv_is_closing(&attempt->as.handle))
        uv_close(&attempt->as.handle, on_handle_closed);
}

/* --- the race --------------------------------------------------------------------------------- */

static const char *address_text(struct sp_arena *arena, const struct sockaddr_storage *address)
{
    char text[64] = "";
    if (address->ss_family == AF_INET6)
        uv_ip6_name((const struct sockaddr_in6 *)(const void *)address, text, sizeof text);
    else if (address->ss_family == AF_INET)
        uv_ip4_name((const struct sockaddr_in *)(const void *)address, text, sizeof text);
    return sp_arena_strdup(arena, text);
}

static void record_attempt(struct attempt *attempt, enum sp_reason reason)
{
    struct sp_conn *conn = attempt->conn;
    struct sp_evidence *evidence = conn->config.evidence;
    if (attempt->address.ss_family == AF_UNIX) { /* nothing was chosen, and there is no address */
        evidence->family = AF_UNIX;
        return;
    }
    const char *ip = address_text(evidence->arena, &attempt->address);
    /* A new array each time: there are few, and some may be from a connection before this one. */
    struct sp_attempt *attempts =
        sp_arena_array(evidence->arena, evidence->attempt_count + 1, sizeof *attempts);
    if (!ip || !attempts)
        return;
    if (evidence->attempt_count > 0)
        memcpy(attempts, evidence->attempts, evidence->attempt_count * sizeof *attempts);
    evidence->attempts = attempts;
    evidence->attempts[evidence->attempt_count++] = (struct sp_attempt){
        ip, reason, conn->config.now_ns(conn->config.data) - attempt->started_ns};
    if (reason != SP_REASON_CANCELLED) {
        evidence->ip = ip;
        evidence->family = attempt->address.ss_family;
    }
}

static void stop_attempt(struct attempt *attempt, enum sp_reason reason)
{
    if (!attempt->running)
        return;
    attempt->running = false;
    attempt->conn->running--;
    record_attempt(attempt, reason);
    close_attempt(attempt);
}

static void alloc_input(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct sp_conn *conn = handle->data;
    *buf = uv_buf_init((char *)conn->config.input, SP_LIMIT_READ);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void win(struct attempt *attempt)
{
    struct sp_conn *conn = attempt->conn;
    struct sp_evidence *evidence = conn->config.evidence;
    attempt->running = false;
    conn->running--;
    conn->winner = attempt;
    uv_timer_stop(&conn->head_start);
    for (size_t i = 0; i < conn->next_attempt; i++)
        stop_attempt(&conn->attempts[i], SP_REASON_CANCELLED);
    evidence->family = attempt->address.ss_family;
    if (evidence->family != AF_UNIX) {
        evidence->ip = address_text(evidence->arena, &attempt->address);
        uv_tcp_nodelay(&attempt->as.tcp, 1);
    }
    int status = uv_read_start(&attempt->as.stream, alloc_input, on_read);
    if (status < 0) {
        fail_by_errno(conn, -status, false);
        return;
    }
    conn->config.events->opened(conn->config.data);
}

static void lose(struct attempt *attempt, int sys_errno)
{
    struct sp_conn *conn = attempt->conn;
    if (conn->worst_errno == 0 || error_rank(sys_errno) > error_rank(conn->worst_errno))
        conn->worst_errno = sys_errno;
    stop_attempt(attempt, sp_conn_reason(sys_errno, true));
    if (conn->next_attempt < conn->attempt_count) {
        start_next_attempt(conn);
    } else if (conn->running == 0) {
        fail_by_errno(conn, conn->worst_errno, true);
    }
}

static void on_connect(uv_connect_t *request, int status)
{
    struct attempt *attempt = request->data;
    if (attempt->conn->closing || !attempt->running)
        return;
    if (status == 0)
        win(attempt);
    else
        lose(attempt, -status);
}

static int bind_source(struct attempt *attempt, const char *source)
{
    struct sockaddr_storage address = {0};
    bool v6 = attempt->address.ss_family == AF_INET6;
    int status = v6 ? uv_ip6_addr(source, 0, (struct sockaddr_in6 *)(void *)&address)
                    : uv_ip4_addr(source, 0, (struct sockaddr_in *)(void *)&address);
    if (status < 0)
        return UV_EAFNOSUPPORT; /* the source address is of the other family */
    return uv_tcp_bind(&attempt->as.tcp, (const struct sockaddr *)&address, 0);
}

static int start_attempt(struct attempt *attempt)
{
    struct sp_conn *conn = attempt->conn;
    int status = uv_tcp_init(conn->config.loop, &attempt->as.tcp);
    if (status < 0)
        return status;
    attempt->initialized = true;
    attempt->as.handle.data = conn;
    attempt->request.data = attempt;
    conn->handles++;
    if (conn->config.source_address)
        status = bind_source(attempt, conn->config.source_address);
    if (status == 0)
        status = uv_tcp_connect(&attempt->request, &attempt->as.tcp,
                                (const struct sockaddr *)&attempt->address, on_connect);
    return status;
}

static void on_head_start(uv_timer_t *timer)
{
    struct sp_conn *conn = timer->data;
    if (conn->next_attempt < conn->attempt_count)
        start_next_attempt(conn);
}

/* Runs from the loop (or is the first attempt): errors at once are handled like late ones. */
static void start_next_attempt(struct sp_conn *conn)
{
    struct attempt *attempt = &conn->attempts[conn->next_attempt++];
    attempt->started_ns = conn->config.now_ns(conn->config.data);
    attempt->running = true;
    conn->running++;
    uv_timer_start(&conn->head_start, on_head_start, HEAD_START_MS, 0);
    int status = start_attempt(attempt);
    if (status < 0)
        lose(attempt, -status);
}

static void on_start(uv_timer_t *timer)
{
    start_next_attempt(timer->data);
}

bool sp_conn_open(struct sp_conn *conn, const struct sockaddr_storage *addresses, size_t count)
{
    conn->attempts = calloc(count, sizeof *conn->attempts);
    if (!conn->attempts || count == 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        conn->attempts[i].address = addresses[i];
        conn->attempts[i].conn = conn;
    }
    conn->attempt_count = count;
    /* From the loop, so that the caller never sees `failed` before this function returned. */
    return uv_timer_start(&conn->head_start, on_start, 0, 0) == 0;
}

bool sp_conn_open_unix(struct sp_conn *conn, const char *path)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt || uv_pipe_init(conn->config.loop, &attempt->as.pipe, 0) < 0) {
        free(attempt);
        return false;
    }
    conn->attempts = attempt;
    conn->attempt_count = conn->next_attempt = conn->running = 1;
    attempt->conn = conn;
    attempt->address.ss_family = AF_UNIX;
    attempt->initialized = attempt->running = true;
    attempt->started_ns = conn->config.now_ns(conn->config.data);
    attempt->as.handle.data = conn;
    attempt->request.data = attempt;
    conn->handles++;
    uv_pipe_connect(&attempt->request, &attempt->as.pipe, path, on_connect);
    return true;
}

const struct sockaddr_storage *sp_conn_peer(const struct sp_conn *conn)
{
    bool there = conn->winner && conn->winner->address.ss_family != AF_UNIX;
    return there ? &conn->winner->address : NULL;
}

struct sp_binding sp_conn_binding(struct sp_conn *conn)
{
    return conn->tls ? sp_tls_binding(conn->tls) : (struct sp_binding){.type = SP_BINDING_NONE};
}

void sp_conn_abandon(struct sp_conn *conn, enum sp_reason reason)
{
    for (size_t i = 0; i < conn->next_attempt; i++)
        stop_attempt(&conn->attempts[i], reason);
}

/* --- octets out ------------------------------------------------------------------------------- */

static void flush(struct sp_conn *conn, struct sp_buf *out);

static void on_written(uv_write_t *request, int status)
{
    struct sp_conn *conn = request->data;
    conn->writing = false;
    if (conn->closing)
        return;
    sp_buf_wipe(&conn->pending);
    if (status < 0) {
        conn->send_errno = -status;
        return;
    }
    flush(conn, &conn->waiting); /* sent or in the next request: empty in each case */
    sp_buf_wipe(&conn->waiting);
    if (conn->tls) /* behind what is plain: nothing of it goes out while a write is under way */
        flush(conn, sp_tls_outgoing(conn->tls));
}

/* Hands the octets of `out` to the socket and, for the rest, to one write request at a time. A failed
 * write is told by the read side, behind what the server said before it closed. */
static void flush(struct sp_conn *conn, struct sp_buf *out)
{
    while (out->len > 0 && !conn->writing) {
        uv_buf_t chunk = uv_buf_init((char *)out->data, (unsigned)out->len);
        int sent = uv_try_write(&conn->winner->as.stream, &chunk, 1);
        if (sent > 0) {
            sp_buf_consume(out, (size_t)sent);
            continue;
        }
        if (sent != UV_EAGAIN) {
            conn->send_errno = -sent;
            sp_buf_consume(out, out->len);
            return;
        }
        if (!sp_buf_append(&conn->pending, out->data, out->len)) {
            fail(conn, SP_REASON_INTERNAL_ERROR, ENOMEM, "out of memory");
            return;
        }
        sp_buf_consume(out, out->len);
        chunk = uv_buf_init((char *)conn->pending.data, (unsigned)conn->pending.len);
        conn->write_request.data = conn;
        int status =
            uv_write(&conn->write_request, &conn->winner->as.stream, &chunk, 1, on_written);
        conn->writing = status == 0;
        if (!conn->writing) {
            conn->send_errno = -status;
            sp_buf_wipe(&conn->pending);
        }
    }
}

void sp_conn_send(struct sp_conn *conn, const void *octets, size_t len)
{
    if (conn->closing || !conn->winner)
        return;
    if (conn->tls) {
        if (sp_tls_write(conn->tls, octets, len) == SP_TLS_DONE)
            flush(conn, sp_tls_outgoing(conn->tls));
        return;
    }
    /* What has to wait gets all the room at once: a buffer that grows leaves copies behind. */
    size_t room = conn->writing ? SP_LIMIT_PENDING - conn->waiting.len : len;
    if (!sp_buf_reserve(&conn->waiting, room) || !sp_buf_append(&conn->waiting, octets, len)) {
        fail(conn, SP_REASON_INTERNAL_ERROR, ENOMEM, "out of memory");
        return;
    }
    flush(conn, &conn->waiting);
    if (conn->waiting.len == 0)
        sp_buf_wipe(&conn->waiting);
}

int sp_conn_send_errno(const struct sp_conn *conn)
{
    return conn->send_errno;
}

/* --- octets in -------------------------------------------------------------------------------- */

static void fail_tls(struct sp_conn *conn)
{
    sp_conn_collect_tls(conn);
    struct sp_tls_failure failure = sp_tls_failure(conn->tls);
    flush(conn, sp_tls_outgoing(conn->tls)); /* our alert says why */
    fail(conn, failure.reason, 0, failure.detail);
}

static void read_tls(struct sp_conn *conn)
{
    uint8_t plain[4096];
    while (!conn->closing) {
        size_t len = 0;
        switch (sp_tls_read(conn->tls, plain, sizeof plain, &len)) {
        case SP_TLS_DONE:
            conn->config.events->bytes(conn->config.data, plain, len);
            sp_secret_wipe(plain, len); /* a server may repeat what it was told */
            break;
        case SP_TLS_WANT: flush(conn, sp_tls_outgoing(conn->tls)); return;
        case SP_TLS_CLOSED:
            fail(conn, SP_REASON_CONNECTION_CLOSED, 0, "the server closed the TLS session");
            return;
        case SP_TLS_FAILED: fail_tls(conn); return;
        }
    }
}

static void advance_tls(struct sp_conn *conn)
{
    if (!conn->tls_up) {
        enum sp_tls_status status = sp_tls_handshake(conn->tls);
        if (status == SP_TLS_FAILED || status == SP_TLS_CLOSED) {
            fail_tls(conn);
            return;
        }
        flush(conn, sp_tls_outgoing(conn->tls));
        if (status != SP_TLS_DONE)
            return;
        conn->tls_up = true;
        sp_conn_collect_tls(conn);
        conn->config.events->tls_up(conn->config.data);
    }
    if (!conn->closing)
        read_tls(conn);
}

static void on_eof(struct sp_conn *conn, int sys_errno)
{
    if (conn->tls && !conn->tls_up && sys_errno == 0) {
        sp_tls_feed_eof(conn->tls);
        advance_tls(conn);
    } else if (sys_errno == 0) {
        fail(conn, SP_REASON_CONNECTION_CLOSED, 0, "the server closed the connection");
    } else {
        sp_conn_collect_tls(conn);
        if (conn->tls && !conn->tls_up)
            fail(conn, SP_REASON_TLS_HANDSHAKE_FAILED, sys_errno,
                 "the server reset the connection during the handshake");
        else
            fail_by_errno(conn, sys_errno, false);
    }
}

/* libuv takes a reset that comes right behind octets for the end of the stream; the socket knows. */
static int hidden_error(uv_stream_t *stream)
{
    uv_os_fd_t fd;
    int sys_errno = 0;
    socklen_t size = sizeof sys_errno;
    if (uv_fileno((uv_handle_t *)stream, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys_errno, &size) != 0)
        return 0;
    return sys_errno;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct sp_conn *conn = stream->data;
    (void)buf;
    if (conn->closing || count == 0)
        return;
    if (count < 0) {
        uv_read_stop(stream);
        on_eof(conn, count == UV_EOF ? hidden_error(stream) : (int)-count);
        return;
    }
    if (!conn->tls) {
        uint8_t *input = conn->config.input;
        conn->config.events->bytes(conn->config.data, input, (size_t)count);
        sp_secret_wipe(input, (size_t)count); /* a server may repeat what it was told */
        return;
    }
    errno = 0;
    if (!sp_tls_feed(conn->tls, conn->config.input, (size_t)count)) {
        bool no_memory = errno == ENOMEM; /* else over the cap */
        sp_conn_collect_tls(conn);
        fail(conn, no_memory ? SP_REASON_INTERNAL_ERROR : SP_REASON_TLS_PROTOCOL_ERROR,
             no_memory ? ENOMEM : 0,
             no_memory ? "out of memory"
                       : "the server sent more TLS data than any handshake needs");
        return;
    }
    advance_tls(conn);
}

/* --- TLS -------------------------------------------------------------------------------------- */

void sp_conn_start_tls(struct sp_conn *conn, const struct sp_tls_config *config)
{
    conn->tls = sp_tls_new(conn->config.tls_ctx, conn->config.evidence->arena, config);
    if (!conn->tls) {
        fail(conn, SP_REASON_INTERNAL_ERROR, ENOMEM, "out of memory for the TLS session");
        return;
    }
    advance_tls(conn);
}

void sp_conn_collect_tls(struct sp_conn *conn)
{
    if (conn->tls)
        conn->config.evidence->tls = *sp_tls_facts(conn->tls);
}

void sp_conn_close(struct sp_conn *conn, bool polite)
{
    if (conn->closing)
        return;
    if (conn->tls_up && polite && conn->winner) {
        sp_tls_close(conn->tls);
        flush(conn, sp_tls_outgoing(conn->tls));
    }
    conn->closing = true;
    for (size_t i = 0; i < conn->next_attempt; i++)
        close_attempt(&conn->attempts[i]);
    uv_close((uv_handle_t *)&conn->head_start, on_handle_closed);
}
