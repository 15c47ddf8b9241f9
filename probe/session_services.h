/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all sessions of a loop share: the resolver, the TLS library, the buffer that sockets are read into. */
#ifndef SP_PROBE_SESSION_SERVICES_H
#define SP_PROBE_SESSION_SERVICES_H

#include "probe/dns.h"
#include "probe/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct sp_services {
    uv_loop_t *loop;
    struct sp_dns *dns;         /* NULL: only numeric hosts can be probed */
    struct sp_tls_ctx *tls_ctx; /* NULL: no endpoint wants TLS */
    uint8_t *input;             /* see sp_conn_config */
    int64_t (*wall_ms)(void);   /* Unix milliseconds; read once an endpoint */
};

/* Neither resolver nor TLS are there yet. False: error[0..size) says why, and there is nothing to free. */
bool sp_services_init(struct sp_services *services, uv_loop_t *loop, int64_t (*wall_ms)(void),
                      char *error, size_t size);
/* Makes the resolver unless it is there. False: error[0..size) says why. */
bool sp_services_need_dns(struct sp_services *services, const char *server, bool long_lived,
                          char *error, size_t size);
/* Starts the TLS library unless that was done. False: as above. */
bool sp_services_need_tls(struct sp_services *services, char *error, size_t size);
/* Closes the resolver, for which the loop has to run once more. */
void sp_services_close(struct sp_services *services);
/* After that, with no session left. */
void sp_services_free(struct sp_services *services);

#endif
