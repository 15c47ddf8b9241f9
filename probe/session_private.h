/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between session.c, which carries a session out, and session_begin.c, which starts it: for no one else. */
#ifndef SP_PROBE_SESSION_PRIVATE_H
#define SP_PROBE_SESSION_PRIVATE_H

#include "probe/conn.h"
#include "probe/dialogue.h"
#include "probe/session.h"
#include "probe/work.h"

struct sp_session {
    struct sp_session_config config;
    struct sp_evidence *evidence;
    struct sp_dns_query *query;
    struct sockaddr_storage *addresses; /* in the evidence's arena */
    size_t address_count;
    struct sp_conn *conn;
    struct sp_dialogue dialogue;
    uv_timer_t timer;             /* the nearer of the phase's limit and the endpoint's */
    uint64_t epoch_ns, paused_ns; /* uv_hrtime; paused_ns 0: the clock runs */
    int64_t spent_ns;             /* of the endpoint's time, by a connection that is forgotten */
    int64_t phase_limit_ns, phase_started_ns;
    enum sp_phase limited_phase;
    struct sp_work *work;       /* a step of the login, under way */
    struct sp_surveys *surveys; /* under way, behind the session proper */
    unsigned handles;
    bool finished, stepping;
    bool begun_again;            /* this is the second connection, see sp_session_begin_again */
    struct sp_tls_former former; /* the first one's staple, for the TLS of the second */
    struct sp_tls_facts shown;   /* certificates and staple of the first one; the rest is unknown */
    bool stopped;                /* from outside: nothing more is to be asked */
};

/* --- session.c --------------------------------------------------------------------------------- */

int64_t sp_session_elapsed_ns(const struct sp_session *session);
/* Gives the phase a limit of its own; 0: only the endpoint's. */
void sp_session_limit_phase(struct sp_session *session, enum sp_phase phase, uint32_t limit_ms);
void sp_session_begin_span(struct sp_session *session, enum sp_phase phase);
void sp_session_end_span(struct sp_session *session, enum sp_phase phase);
/* Ends the session with a failure. */
void sp_session_finish_with(struct sp_session *session, enum sp_reason reason, enum sp_phase phase,
                            const char *detail);
/* For the session's timer: a limit has run out. */
void sp_session_on_timer(uv_timer_t *timer);
/* For the session's timer: it is closed. */
void sp_session_on_timer_closed(uv_handle_t *handle);

/* A step of the login was computed. */
void sp_session_on_computed(struct sp_session *session);

/* --- session_auth.c ----------------------------------------------------------------------------- */

/* Gives a new dialogue what it needs to log in, if that is wanted. */
void sp_session_prepare_login(struct sp_session *session);
/* TLS is up: what the login can be bound to. */
void sp_session_bind_login(struct sp_session *session);
/* Starts a step of the login, off the loop. False: no thread or memory can be had. */
bool sp_session_compute(struct sp_session *session);
/* Leaves a step behind that is under way; it frees what it works on. */
void sp_session_abandon_work(struct sp_session *session);

/* --- session_begin.c ------------------------------------------------------------------------------- */

/*
 * After a handshake that our TLS library ended over the server's OCSP staple: drops the connection and
 * its evidence, but for the lookup and the staple, and connects to the same address again without asking
 * for a staple, in what is left of the endpoint's time. Its clock counts the second connection only.
 * False: this is the second one already, or there is no memory; then nothing has changed.
 */
bool sp_session_begin_again(struct sp_session *session);

#endif
