/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * At most N at one address at a time (--per-host); who comes too early waits in order. Servers count
 * connections by address, and a probe must not be what makes them throttle.
 */
#ifndef SP_PROBE_GATE_H
#define SP_PROBE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct sp_gate;

/* A place in a gate; embed it in what waits. Zero it before the first use. */
struct sp_gate_pass {
    struct sp_gate_address *at; /* NULL: outside */
    bool waiting;
    struct sp_gate_pass *before, *next; /* in line */
    void *data;                         /* the owner's */
};

/* NULL: out of memory. */
struct sp_gate *sp_gate_new(unsigned per_address);
/* Passes must all be outside by then. NULL is allowed. */
void sp_gate_free(struct sp_gate *gate);

enum sp_gate_status { SP_GATE_IN, SP_GATE_WAIT, SP_GATE_NOMEM };
/* Asks to enter. IN: go on; WAIT: some sp_gate_leave will return this pass. The port doesn't count. */
enum sp_gate_status sp_gate_enter(struct sp_gate *gate, const struct sockaddr_storage *address,
                                  struct sp_gate_pass *pass);
/* Leaves (or gives up waiting). Returns the pass that may go on in its place, or NULL. */
struct sp_gate_pass *sp_gate_leave(struct sp_gate *gate, struct sp_gate_pass *pass);

#endif
