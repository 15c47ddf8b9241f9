/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One endpoint from its lookup to its last handle: wires dns, conn and dialogue together, keeps the
 * time limits and fills the evidence. Judges nothing.
 */
#ifndef SP_PROBE_SESSION_H
#define SP_PROBE_SESSION_H

#include "probe/evidence.h"
#include "probe/materials.h"
#include "probe/session_services.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct sp_session;

struct sp_session_events {
    /* The addresses are known. The session waits until sp_session_connect is called, and its clock
     * stands still meanwhile. Never called from inside sp_session_new. */
    void (*resolved)(void *data, struct sp_session *session);
    /* The facts are complete and now the receiver's; every connection and time limit is gone. The
     * session frees itself once its handles are closed. */
    void (*done)(void *data, struct sp_session *session, struct sp_evidence *evidence);
};

struct sp_session_config {
    const struct sp_services *services;
    const struct sp_endpoint *endpoint;
    const struct sp_materials *materials; /* outlives the evidence, which points at anchors */
    const struct sp_session_events *events;
    void *data;
};

/* Starts the lookup (or skips it for numeric hosts). NULL: out of memory. */
struct sp_session *sp_session_new(const struct sp_session_config *config);
/* A session for another address of the same name, with the first one's lookup as its own. NULL: out of
 * memory. `resolved` is not called for it; the caller calls sp_session_connect. */
struct sp_session *sp_session_new_sibling(const struct sp_session *first, size_t address_index,
                                          void *data);
/* After `resolved`: the addresses, ports not set. */
const struct sockaddr_storage *sp_session_addresses(const struct sp_session *session,
                                                    size_t *out_count);
/* After `resolved`: probe only this one of the addresses. */
void sp_session_pin(struct sp_session *session, size_t address_index);
/* After `resolved`: drops the addresses that the caller doesn't want. Returns how many are left; with
 * none the session can only be refused. */
size_t sp_session_keep(struct sp_session *session,
                       bool (*wanted)(void *data, const struct sockaddr_storage *address),
                       void *data);
/* After `resolved`, instead of going on: ends the session with this reason. `done` is called from
 * inside. */
void sp_session_refuse(struct sp_session *session, enum sp_reason reason, const char *detail);
/* After `resolved`: goes on. */
void sp_session_connect(struct sp_session *session);
/* The time of the whole run, `limit_ms`, is over: ends the session as its own --timeout would, and with
 * `deadline-exceeded` while it waits for its turn. `done` is called from inside. */
void sp_session_expire(struct sp_session *session, uint32_t limit_ms);
/* Ends the session with `cancelled` (unless it has failed before); `done` is called from inside. */
void sp_session_cancel(struct sp_session *session);

#endif
