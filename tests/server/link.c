/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link.h"

#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_CHUNK = 16 * 1024, RECORD_HEADER = 5 };

struct ts_link {
    struct ts_watch watch;
    const struct ts_server *server;
    const struct ts_link_events *events;
    void *owner;
    struct ts_bytes out;
    int wants_write;
    int is_deaf; /* the client's FIN was seen */
    SSL *ssl;
    int is_secure;
    /* what the wire-… settings do to TLS bytes of the handshake */
    struct ts_bytes records; /* not yet a whole record */
    int records_out;
    int is_mute;          /* wire-records: the rest is swallowed */
    struct ts_bytes held; /* wire-dribble: waiting for their turn */
    struct ts_timer dribble;
};

static struct ts_link *link_of_timer(struct ts_timer *timer)
{
    return (struct ts_link *)(void *)((char *)timer - offsetof(struct ts_link, dribble));
}

static int is_ended(const struct ts_link *link)
{
    return link->watch.fd < 0;
}

static void update_watch(struct ts_link *link)
{
    int wants_write = link->out.length > 0;
    if (is_ended(link) || wants_write == link->wants_write)
        return;
    link->wants_write = wants_write;
    ts_loop_change(&link->watch, (link->is_deaf ? 0u : EPOLLIN) | (wants_write ? EPOLLOUT : 0u));
}

static void flush_out(struct ts_link *link)
{
    while (!is_ended(link) && link->out.length > 0) {
        ssize_t sent = send(link->watch.fd, link->out.data, link->out.length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            /* The read side will see the same and end the link. */
            link->out.length = 0;
            break;
        }
        ts_bytes_drop(&link->out, (size_t)sent);
    }
    update_watch(link);
}

void ts_link_send_plain(struct ts_link *link, const void *data, size_t length)
{
    ts_bytes_add(&link->out, data, length);
    flush_out(link);
}

int ts_link_has_output(const struct ts_link *link)
{
    return link->out.length > 0 || link->held.length > 0;
}

const SSL *ts_link_tls(const struct ts_link *link)
{
    return link->is_secure ? link->ssl : NULL;
}

/* ---- TLS bytes on their way out ---- */

static void send_split(struct ts_link *link, const unsigned char *data, size_t length)
{
    size_t piece = link->server->wire_split;
    while (piece > 0 && length > piece) {
        ts_link_send_plain(link, data, piece);
        data += piece;
        length -= piece;
    }
    ts_link_send_plain(link, data, length);
}

static void start_dribble(struct ts_link *link)
{
    if (link->dribble.place == 0 && link->held.length > 0)
        ts_loop_set_timer(&link->dribble, link->server->wire_dribble_ms);
}

static void on_dribble(struct ts_timer *timer)
{
    struct ts_link *link = link_of_timer(timer);
    ts_link_send_plain(link, link->held.data, 1);
    ts_bytes_drop(&link->held, 1);
    start_dribble(link);
    if (link->held.length == 0 && link->out.length == 0)
        link->events->drained(link->owner);
}

static void send_wire(struct ts_link *link, const unsigned char *data, size_t length)
{
    if (link->server->wire_dribble_ms == 0) {
        send_split(link, data, length);
        return;
    }
    ts_bytes_add(&link->held, data, length);
    start_dribble(link);
}

/* Puts a forged Certificate message in place of the real one; other records pass. */
static void send_record(struct ts_link *link, const unsigned char *record, size_t length)
{
    enum { CERTIFICATE = 11, HANDSHAKE = 22 };
    const char *lie = link->server->wire_certificate;
    if (lie == NULL || record[0] != HANDSHAKE || length < RECORD_HEADER + 4 ||
        record[RECORD_HEADER] != CERTIFICATE) {
        send_wire(link, record, length);
        return;
    }
    struct ts_bytes body = {0}, forged = {0};
    if (ts_tls_forge_certificate(lie, SSL_get_certificate(link->ssl), &body) != 0)
        link->events->note(link->owner, "error", "unknown kind of wire-certificate");
    size_t whole = body.length + 4;
    unsigned char header[RECORD_HEADER + 4] = {HANDSHAKE,
                                               record[1],
                                               record[2],
                                               (unsigned char)(whole >> 8),
                                               (unsigned char)whole,
                                               CERTIFICATE,
                                               (unsigned char)(body.length >> 16),
                                               (unsigned char)(body.length >> 8),
                                               (unsigned char)body.length};
    ts_bytes_add(&forged, header, sizeof header);
    ts_bytes_add(&forged, body.data, body.length);
    send_wire(link, forged.data, forged.length);
    ts_bytes_free(&body);
    ts_bytes_free(&forged);
}

static void end_wire(struct ts_link *link)
{
    link->is_mute = 1;
    link->events->note(link->owner, "wire-cut", "");
    if (link->server->wire_end == TS_WIRE_CLOSE)
        ts_link_half_close(link);
    else if (link->server->wire_end == TS_WIRE_RESET)
        ts_link_reset(link);
}

static void send_records(struct ts_link *link)
{
    const struct ts_server *s = link->server;
    struct ts_bytes *in = &link->records;
    while (!is_ended(link) && !link->is_mute && in->length >= RECORD_HEADER) {
        size_t length = RECORD_HEADER + ((size_t)in->data[3] << 8 | in->data[4]);
        if (in->length < length)
            return;
        send_record(link, in->data, length);
        ts_bytes_drop(in, length);
        if (s->wire_records > 0 && ++link->records_out == s->wire_records)
            end_wire(link);
    }
}

static void flush_tls(struct ts_link *link)
{
    char *data = NULL;
    BIO *wire = SSL_get_wbio(link->ssl);
    long length = BIO_get_mem_data(wire, &data);
    const struct ts_server *s = link->server;
    if (length > 0 && !link->is_mute) {
        if (link->is_secure) {
            ts_link_send_plain(link, data, (size_t)length);
        } else if (s->wire_records > 0 || s->wire_certificate != NULL) {
            ts_bytes_add(&link->records, data, (size_t)length);
            send_records(link);
        } else {
            send_wire(link, (const unsigned char *)data, (size_t)length);
        }
    }
    BIO_reset(wire);
}

/* ---- TLS itself ---- */

static void note_alert(const SSL *ssl, int where, int value)
{
    struct ts_link *link = SSL_get_app_data(ssl);
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
        link->events->note(link->owner, "alert-in", SSL_alert_desc_string_long(value));
}

static void fail_tls(struct ts_link *link)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    link->events->note(link->owner, "tls-failed", why != NULL ? why : "unknown");
    flush_tls(link); /* our alert */
    ts_link_half_close(link);
    link->is_mute = 1;
}

static void read_tls(struct ts_link *link)
{
    unsigned char data[READ_CHUNK];
    while (!is_ended(link)) {
        ERR_clear_error();
        int got = SSL_read(link->ssl, data, sizeof data);
        if (got <= 0) {
            int error = SSL_get_error(link->ssl, got);
            if (error == SSL_ERROR_ZERO_RETURN)
                link->events->note(link->owner, "close-notify", "");
            else if (error == SSL_ERROR_SSL)
                fail_tls(link);
            break;
        }
        link->events->bytes(link->owner, data, (size_t)got);
    }
    if (!is_ended(link))
        flush_tls(link);
}

static void drive_tls(struct ts_link *link)
{
    if (link->is_mute)
        return;
    if (!link->is_secure) {
        ERR_clear_error();
        int done = SSL_do_handshake(link->ssl);
        if (done != 1) {
            if (SSL_get_error(link->ssl, done) == SSL_ERROR_SSL)
                fail_tls(link);
            else
                flush_tls(link);
            return;
        }
        flush_tls(link);
        if (is_ended(link) || link->is_mute)
            return;
        link->is_secure = 1;
        link->events->secure(link->owner);
    }
    if (!is_ended(link))
        read_tls(link);
}

void ts_link_start_tls(struct ts_link *link, SSL_CTX *ctx, const unsigned char *early,
                       size_t length)
{
    if (link->ssl != NULL || ctx == NULL)
        return;
    link->ssl = SSL_new(ctx);
    BIO *from_wire = BIO_new(BIO_s_mem()), *to_wire = BIO_new(BIO_s_mem());
    if (link->ssl == NULL || from_wire == NULL || to_wire == NULL)
        abort();
    SSL_set_bio(link->ssl, from_wire, to_wire);
    SSL_set_app_data(link->ssl, link);
    SSL_set_info_callback(link->ssl, note_alert);
    SSL_set_accept_state(link->ssl);
    if (length > 0)
        BIO_write(from_wire, early, (int)length);
    drive_tls(link);
}

void ts_link_send(struct ts_link *link, const void *data, size_t length)
{
    if (!link->is_secure) {
        ts_link_send_plain(link, data, length);
        return;
    }
    if (length > 0 && SSL_write(link->ssl, data, (int)length) > 0)
        flush_tls(link);
}

void ts_link_close_notify(struct ts_link *link)
{
    if (!link->is_secure || link->is_mute)
        return;
    SSL_shutdown(link->ssl);
    flush_tls(link);
}

/* ---- the socket ---- */

static void on_input(struct ts_link *link)
{
    unsigned char data[READ_CHUNK];
    while (!is_ended(link)) {
        ssize_t got = recv(link->watch.fd, data, sizeof data, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            link->is_deaf = 1;
            link->events->note(link->owner, got == 0 ? "eof" : "reset", "");
            if (!is_ended(link))
                link->events->ended(link->owner);
            return;
        }
        if (link->ssl == NULL) {
            link->events->bytes(link->owner, data, (size_t)got);
        } else {
            BIO_write(SSL_get_rbio(link->ssl), data, (int)got);
            drive_tls(link);
        }
    }
}

static void on_ready(struct ts_watch *watch, uint32_t ready)
{
    struct ts_link *link = (struct ts_link *)(void *)watch; /* the watch stands first */
    if (ready & EPOLLOUT) {
        flush_out(link);
        if (!is_ended(link) && !ts_link_has_output(link))
            link->events->drained(link->owner);
    }
    if (!is_ended(link) && (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        on_input(link);
}

struct ts_link *ts_link_new(int fd, const struct ts_server *server,
                            const struct ts_link_events *events, void *owner)
{
    struct ts_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        abort();
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link->watch = (struct ts_watch){fd, on_ready};
    link->server = server;
    link->events = events;
    link->owner = owner;
    link->dribble.fire = on_dribble;
    if (ts_loop_watch(&link->watch, EPOLLIN) != 0) {
        close(fd);
        free(link);
        return NULL;
    }
    return link;
}

static void free_link(void *with)
{
    struct ts_link *link = with;
    SSL_free(link->ssl);
    ts_bytes_free(&link->out);
    ts_bytes_free(&link->records);
    ts_bytes_free(&link->held);
    free(link);
}

void ts_link_end(struct ts_link *link)
{
    if (is_ended(link))
        return;
    ts_loop_stop_timer(&link->dribble);
    ts_loop_forget(&link->watch);
    close(link->watch.fd);
    link->watch.fd = -1;
    /* Buffers and the TLS object may be in use up the stack: a callback of the handshake may have
     * ended the link. */
    ts_loop_later(free_link, link);
}

void ts_link_half_close(struct ts_link *link)
{
    if (!is_ended(link))
        shutdown(link->watch.fd, SHUT_WR);
}

void ts_link_reset(struct ts_link *link)
{
    if (is_ended(link))
        return;
    struct linger now = {1, 0};
    setsockopt(link->watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    link->events->ended(link->owner);
}
