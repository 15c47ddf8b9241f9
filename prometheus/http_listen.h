/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets: bound by us, so that an error can name the address, or handed over by systemd. */
#ifndef SP_PROMETHEUS_HTTP_LISTEN_H
#define SP_PROMETHEUS_HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/* A listening, non-blocking socket on "HOST:PORT", "[IPV6]:PORT" or ":PORT". -1: error[0..size) says why
 * in one line with the address. */
int sp_http_listen(const char *address, char *error, size_t size);
/* Whether `fd` listens on a stream socket, and makes it fit for an event loop. */
bool sp_http_adopt(int fd, char *error, size_t size);
/* "HOST:PORT" as the socket has it, "[HOST]:PORT" with IPv6, "unix:PATH". False: no address. */
bool sp_http_listen_name(int fd, char *out, size_t size);

#endif
