/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection on the libuv loop: the race between a host's addresses (RFC 8305 with a short head
 * start), octets in and out, and TLS between socket and caller. All callbacks come from the loop or
 * from inside sp_conn_send / sp_conn_start_tls, never after `failed` (but for `closed`), and may call
 * any function here. Nothing is freed before `closed`, which comes exactly once and last.
 */
#ifndef SP_PROBE_CONN_H
#define SP_PROBE_CONN_H

#include "probe/evidence.h"
#include "probe/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct sp_conn;

struct sp_conn_events {
    /* The connection stands; evidence->ip, family and attempts are filled. */
    void (*opened)(void *data);
    /* Octets of the server, decrypted when TLS is up. */
    void (*bytes)(void *data, const uint8_t *octets, size_t len);
    /* The handshake passed every gate of tls.h. */
    void (*tls_up)(void *data);
    /* The end, from the network's side: no address answered, the server closed or reset, TLS failed.
     * `detail` is valid during the call. */
    void (*failed)(void *data, enum sp_reason reason, int sys_errno, const char *detail);
    /* Every handle is closed; the connection is freed right after this call. */
    void (*closed)(void *data);
};

struct sp_conn_config {
    uv_loop_t *loop;
    struct sp_tls_ctx *tls_ctx;
    const struct sp_conn_events *events;
    void *data;                    /* given to every callback */
    struct sp_evidence *evidence;  /* gets ip, family, attempts and TLS facts */
    int64_t (*now_ns)(void *data); /* since the endpoint's start */
    uint8_t *input; /* SP_LIMIT_READ octets, shared by all connections of the loop: what is
                                     read is consumed within the read callback */
    const char *source_address; /* numeric, or NULL */
};

/* NULL: out of memory. */
struct sp_conn *sp_conn_new(const struct sp_conn_config *config);

/* Races `count` addresses (ports set), in this order; they are copied. The result comes as `opened`
 * or `failed`, from the loop. False: out of memory. */
bool sp_conn_open(struct sp_conn *conn, const struct sockaddr_storage *addresses, size_t count);
/* The same for a Unix socket. */
bool sp_conn_open_unix(struct sp_conn *conn, const char *path);
/* The address that is connected; NULL: none, or a Unix socket. Valid as long as the connection. */
const struct sockaddr_storage *sp_conn_peer(const struct sp_conn *conn);
/* Gives up on addresses that did not answer: each open attempt is recorded with `reason`. */
void sp_conn_abandon(struct sp_conn *conn, enum sp_reason reason);
/* Sends octets (through TLS once that is up). What the socket doesn't take now waits in a capped
 * buffer; a write error shows as `failed` from the loop. Plain octets are wiped once the socket has
 * them. */
void sp_conn_send(struct sp_conn *conn, const void *octets, size_t len);
/* The errno with which octets could not be sent, for who hears `failed`: that has the reading side's
 * word only. 0: all were. */
int sp_conn_send_errno(const struct sp_conn *conn);
/* Starts the handshake over the open connection. Octets that were received before are not fed; those
 * that wait to be sent go out before the ClientHello. */
void sp_conn_start_tls(struct sp_conn *conn, const struct sp_tls_config *config);
/* Copies what TLS has shown so far into evidence->tls. Also done before tls_up and failed. */
void sp_conn_collect_tls(struct sp_conn *conn);
/* What a login inside TLS can be bound with; none without TLS. */
struct sp_binding sp_conn_binding(struct sp_conn *conn);
/* Ends it: close_notify when TLS is up and `polite`, then every handle is closed. May be called at any
 * time and more than once; no callback but `closed` comes any more. */
void sp_conn_close(struct sp_conn *conn, bool polite);

/* The word for an error of connect(2) or of an open connection. */
enum sp_reason sp_conn_reason(int sys_errno, bool connecting);

#endif
