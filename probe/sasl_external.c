/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EXTERNAL (RFC 4422 appendix A): who we are, the server knows from the client certificate. The response is
 * the name to act as; empty: the one that the certificate stands for.
 */
#include "probe/sasl.h"

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    (void)challenge; /* empty where the response was not sent with AUTH; nothing is defined in it */
    (void)len;
    if (sasl->steps > 0)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server sent another challenge; EXTERNAL has one response");
    if (sasl->user && !sp_buf_append_str(out, sasl->user))
        return SP_SASL_NO_MEMORY;
    sasl->last = true;
    return SP_SASL_RESPOND;
}

const struct sp_sasl_mech sp_sasl_external = {
    .name = "EXTERNAL",
    .help = "the client certificate of the TLS handshake (RFC 4422)",
    .strength = 200,
    .client_first = true,
    .needs = SP_SASL_NEEDS_CERTIFICATE,
    .step = step,
};
