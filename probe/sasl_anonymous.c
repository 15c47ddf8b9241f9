/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ANONYMOUS (RFC 4505): nobody in particular. The response is a trace for the server's log, an address or at
 * most 255 characters of any text; it may be empty.
 */
#include "probe/sasl.h"

#define TRACE_MAX 255u /* characters */
/* RFC 4505 would let us send none, but servers are about that refuse an empty response. */
#define TRACE_UNNAMED "smtp-probe"

/* UTF-8 characters: all octets but those that continue one. */
static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    (void)challenge; /* empty where the response was not sent with AUTH; nothing is defined in it */
    (void)len;
    if (sasl->steps > 0)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server sent another challenge; ANONYMOUS has one response");
    if (sasl->user && count_characters(sasl->user) > TRACE_MAX)
        return sp_sasl_explain(
            sasl, SP_SASL_NO_CREDENTIAL,
            "--user has %zu characters; ANONYMOUS sends it as a trace of at most %u",
            count_characters(sasl->user), TRACE_MAX);
    if (!sp_buf_append_str(out, sasl->user ? sasl->user : TRACE_UNNAMED))
        return SP_SASL_NO_MEMORY;
    sasl->last = true;
    return SP_SASL_RESPOND;
}

const struct sp_sasl_mech sp_sasl_anonymous = {
    .name = "ANONYMOUS",
    .help = "no identity; the user name is sent as a trace (RFC 4505); only by name",
    .strength = 10,
    .client_first = true,
    .named_only = true,
    .step = step,
};
