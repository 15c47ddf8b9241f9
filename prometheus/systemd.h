/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What systemd passes to a service (sd_listen_fds(3), sd_notify(3)), without its library. */
#ifndef SP_PROMETHEUS_SYSTEMD_H
#define SP_PROMETHEUS_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_SYSTEMD_FIRST_FD 3

/* Sockets handed over by $LISTEN_FDS, from SP_SYSTEMD_FIRST_FD on; 0: none, or meant for another
 * process ($LISTEN_PID), or nonsense. Sets them close-on-exec and takes the variables away, so that it
 * answers once. */
size_t sp_systemd_take_sockets(void);

/* One datagram to $NOTIFY_SOCKET, such as "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; several
 * lines are allowed. False: nobody asked to be told, or it failed. */
bool sp_systemd_notify(const char *state);
/* "RELOADING=1" with the monotonic time that Type=notify-reload wants. */
bool sp_systemd_notify_reloading(void);
/* Milliseconds between two "WATCHDOG=1": half of $WATCHDOG_USEC. 0: no watchdog. */
uint64_t sp_systemd_watchdog_ms(void);

#endif
