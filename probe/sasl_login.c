/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * LOGIN, never standardised (draft-murchison-sasl-login): the server asks twice, and gets the user name and
 * then the password, whatever its prompts say.
 */
#include "probe/sasl.h"

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    (void)challenge;
    (void)len;
    sasl->last = sasl->steps == 1;
    return sp_buf_append_str(out, sasl->last ? sasl->password : sasl->user) ? SP_SASL_RESPOND
                                                                            : SP_SASL_NO_MEMORY;
}

const struct sp_sasl_mech sp_sasl_login = {
    .name = "LOGIN",
    .help = "user name and password in clear, asked for one by one",
    .strength = 58,
    .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD,
    .exposes = true,
    .step = step,
};
