/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 5056: what ties a login to the TLS connection that it runs in. */
#ifndef SP_PROBE_BINDING_H
#define SP_PROBE_BINDING_H

#include <stddef.h>
#include <stdint.h>

enum sp_binding_type {
    SP_BINDING_NONE,
    SP_BINDING_TLS_UNIQUE,           /* RFC 5929 §3: up to TLS 1.2 */
    SP_BINDING_TLS_SERVER_END_POINT, /* RFC 5929 §4 */
    SP_BINDING_TLS_EXPORTER          /* RFC 9266: TLS 1.3 */
};

struct sp_binding {
    enum sp_binding_type type;
    uint8_t data[64];
    size_t len;
};

/* "tls-exporter"; NULL for SP_BINDING_NONE. */
const char *sp_binding_name(enum sp_binding_type type);

#endif
