/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/binding.h"

const char *sp_binding_name(enum sp_binding_type type)
{
    switch (type) {
    case SP_BINDING_TLS_UNIQUE: return "tls-unique";
    case SP_BINDING_TLS_SERVER_END_POINT: return "tls-server-end-point";
    case SP_BINDING_TLS_EXPORTER: return "tls-exporter";
    case SP_BINDING_NONE: break;
    }
    return NULL;
}
