/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets, loopback only. */
#ifndef TS_SERVE_H
#define TS_SERVE_H

#include "pki.h"
#include "script.h"

struct ts_listener;

/*
 * Opens the door of a server at its address and `port` (0 = a free one). NULL after a message on
 * standard error. `hang_every` N > 0: clients that came to an address whose last three octets, as a
 * number, divide by N meet silence.
 */
struct ts_listener *ts_serve(const struct ts_server *server, struct ts_pki *pki, int port,
                             unsigned hang_every);
int ts_serve_port(const struct ts_listener *listener);

#endif
