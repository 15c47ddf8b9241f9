/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libmicrohttpd takes the first of several Content-Length fields, and passes over names with blanks in
 * them; a proxy in front of us may do otherwise, and then both disagree about where a request ends. */
#include "prometheus/http_private.h"

#include <string.h>
#include <strings.h>

struct framing {
    unsigned lengths, codings, hosts;
    const char *fault;
};

/* token (RFC 9110 §5.6.2) */
static bool is_token(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789!#$%&'*+-.^_`|~";
    return *name != '\0' && strspn(name, letters) == strlen(name);
}

static enum MHD_Result read_field(void *data, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct framing *framing = data;
    (void)kind;
    if (!is_token(name))
        framing->fault = "a header field's name is no word";
    else if (strcasecmp(name, "Content-Length") == 0)
        framing->lengths++;
    else if (strcasecmp(name, "Host") == 0)
        framing->hosts++;
    else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->codings++;
        if (!value || strcasecmp(value, "chunked") != 0)
            framing->fault = "its transfer coding is not chunked";
    }
    return MHD_YES;
}

const char *sp_http_framing_fault(struct MHD_Connection *connection)
{
    struct framing framing = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, read_field, &framing);
    if (framing.lengths + framing.codings > 1)
        return "its length is given more than once";
    if (framing.hosts > 1)
        return "its host is given more than once";
    return framing.fault;
}
