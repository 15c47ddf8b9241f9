/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 4616 §2:  message = [authzid] NUL authcid NUL passwd     ; UTF-8, no NUL inside
 *
 * We act for nobody else, so the authzid is empty. The server prepares what it compares (§4), so the
 * password goes as it was given.
 */
#include "probe/sasl.h"

#include <string.h>

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    (void)len;
    if (challenge)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE, "PLAIN has no second challenge");
    size_t room = strlen(sasl->user) + strlen(sasl->password) + 2;
    /* All the room at once: growing would leave copies behind. */
    if (!sp_buf_reserve(out, room) || !sp_buf_append(out, "", 1) ||
        !sp_buf_append_str(out, sasl->user) || !sp_buf_append(out, "", 1) ||
        !sp_buf_append_str(out, sasl->password))
        return SP_SASL_NO_MEMORY;
    sasl->last = true;
    return SP_SASL_RESPOND;
}

const struct sp_sasl_mech sp_sasl_plain = {
    .name = "PLAIN",
    .help = "user name and password in clear (RFC 4616)",
    .strength = 60,
    .client_first = true,
    .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD,
    .exposes = true,
    .step = step,
};
