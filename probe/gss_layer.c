/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/gss_layer.h"

#include <stdio.h>

enum { NO_LAYER = 1, INTEGRITY = 2, CONFIDENTIALITY = 4 };

bool sp_gss_layer_read(const uint8_t *offer, size_t len, char *error, size_t size)
{
    if (len != 4) {
        snprintf(error, size,
                 "the server's offer of security layers has %zu octets; RFC 4752 wants 4", len);
        return false;
    }
    unsigned layers = offer[0];
    if (!(layers & NO_LAYER)) {
        bool integrity = layers & INTEGRITY, privacy = layers & CONFIDENTIALITY;
        snprintf(
            error, size,
            "the server insists on a security layer (it offers %s%s%s), which SMTP under TLS has no "
            "use for; let it offer none too, with Cyrus SASL by a minimum SSF of 0",
            integrity ? "integrity" : "", integrity && privacy ? ", " : "",
            privacy     ? "confidentiality"
            : integrity ? ""
                        : "nothing that is known");
        return false;
    }
    /* A size should be 0 where no layer is offered (RFC 4752 §3.1), but Dovecot says 0xFFFFFF. Without
     * a layer there is nothing that it could be the size of. */
    return true;
}

bool sp_gss_layer_write(const char *authzid, struct sp_buf *out)
{
    static const uint8_t choice[4] = {NO_LAYER, 0, 0, 0};
    return sp_buf_append(out, choice, sizeof choice) &&
           sp_buf_append_str(out, authzid ? authzid : "");
}
