/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_plain.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 48u

bool sp_tls_plain_is(const uint8_t *data, size_t len)
{
    if (len >= 1 && data[0] != 21 && data[0] != 22) {
        return true;
    }
    return len >= 2 && data[1] != 3;
}

static bool starts_with(const uint8_t *data, size_t len, const char *text)
{
    size_t size = strlen(text);
    return len >= size && memcmp(data, text, size) == 0;
}

/* RFC 5321 §4.2: three digits, then a space or a hyphen. */
static bool looks_like_smtp(const uint8_t *data, size_t len)
{
    return len >= 4 && data[0] >= '2' && data[0] <= '5' && data[1] >= '0' && data[1] <= '9' &&
           data[2] >= '0' && data[2] <= '9' && (data[3] == ' ' || data[3] == '-');
}

static const char *guess_protocol(const uint8_t *data, size_t len)
{
    static const char *const known[][2] = {
        {"HTTP/", "it looks like a web server (HTTP)"},
        {"SSH-", "it looks like SSH"},
        {"* OK", "it looks like an IMAP server"},
        {"* BYE", "it looks like an IMAP server"},
        {"* PREAUTH", "it looks like an IMAP server"},
        {"+OK", "it looks like a POP3 server"},
        {"-ERR", "it looks like a POP3 server"},
        {"RFB ", "it looks like VNC"},
        {"<", "it looks like HTML or XML"},
    };
    if (looks_like_smtp(data, len)) {
        return data[0] == '2'
                   ? "it looks like plain SMTP, so TLS may have to start with STARTTLS here"
                   : "it looks like an SMTP error reply in plain text";
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (starts_with(data, len, known[i][0])) {
            return known[i][1];
        }
    }
    return "it looks like no protocol that we know";
}

const char *sp_tls_plain_describe(struct sp_arena *arena, const uint8_t *data, size_t len)
{
    char shown[SHOWN_MAX * 4 + 1];
    size_t used = 0;
    size_t i;
    for (i = 0; i < len && i < SHOWN_MAX && data[i] != '\r' && data[i] != '\n'; i++) {
        if (data[i] >= 0x20 && data[i] < 0x7f && data[i] != '"' && data[i] != '\\') {
            shown[used++] = (char)data[i];
        } else {
            used += (size_t)snprintf(shown + used, sizeof shown - used, "\\x%02x", data[i]);
        }
    }
    shown[used] = '\0';
    return sp_arena_printf(arena, "the server answered our ClientHello without TLS: \"%s%s\" (%s)",
                           shown, i == SHOWN_MAX && len > SHOWN_MAX ? "..." : "",
                           guess_protocol(data, len));
}
