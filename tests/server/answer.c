/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answer.h"

#include <string.h>
#include <strings.h>

int ts_answer_is_verb(const char *line, const char *verb)
{
    size_t length = strlen(verb);
    return strncasecmp(line, verb, length) == 0 && (line[length] == '\0' || line[length] == ' ');
}

static void add_text(struct ts_bytes *out, const char *text)
{
    ts_bytes_add(out, text, strlen(text));
}

void ts_answer_banner(const struct ts_server *server, struct ts_bytes *out)
{
    add_text(out, "220 ");
    add_text(out, server->host);
    add_text(out, server->is_lmtp ? " LMTP ready\r\n" : " ESMTP ready\r\n");
}

static void add_line(struct ts_bytes *out, const char *text, size_t length, int is_last)
{
    add_text(out, is_last ? "250 " : "250-");
    ts_bytes_add(out, text, length);
    add_text(out, "\r\n");
}

static int is_starttls(const char *text, size_t length)
{
    return length == 8 && strncasecmp(text, "STARTTLS", length) == 0;
}

/* A server that speaks SASL offers it where it may be used: not in clear when there is TLS. */
static int adds_auth(const struct ts_server *server, int is_secure)
{
    const char *own = is_secure && server->capabilities_tls != NULL ? server->capabilities_tls
                                                                    : server->capabilities;
    return server->auth != NULL && own == NULL && (is_secure || server->tls == TS_TLS_NONE);
}

int ts_answer_lists_auth(const struct ts_server *server, int is_secure)
{
    const char *own = is_secure && server->capabilities_tls != NULL ? server->capabilities_tls
                                                                    : server->capabilities;
    return adds_auth(server, is_secure) || (own != NULL && strcasestr(own, "AUTH") != NULL);
}

static void add_auth(const struct ts_server *server, struct ts_bytes *out)
{
    add_text(out, "250-AUTH ");
    size_t start = out->length;
    add_text(out, server->auth);
    for (size_t i = start; i < out->length; i++)
        if (out->data[i] == '|')
            out->data[i] = ' ';
    add_text(out, "\r\n");
}

/*
 * EHLO's reply: the name, then one line a capability; the last line is the one without a hyphen
 * (RFC 5321 §4.2.1).
 */
static void add_capabilities(const struct ts_server *server, int is_secure, struct ts_bytes *out)
{
    const char *list = "PIPELINING|SIZE 10240000|ENHANCEDSTATUSCODES|8BITMIME";
    int adds_starttls =
        server->capabilities == NULL && server->tls == TS_TLS_STARTTLS && !is_secure;
    int drops_starttls = is_secure && server->capabilities_tls == NULL;
    if (server->capabilities != NULL)
        list = server->capabilities;
    if (is_secure && server->capabilities_tls != NULL)
        list = server->capabilities_tls;
    const char *last = server->host;
    size_t last_length = strlen(server->host);
    if (adds_auth(server, is_secure)) {
        add_line(out, last, last_length, 0);
        add_auth(server, out);
        last_length = strcspn(list, "|");
        last = list;
        list += last_length + (list[last_length] == '|');
    }
    while (*list != '\0') {
        size_t length = strcspn(list, "|");
        if (!(drops_starttls && is_starttls(list, length))) {
            add_line(out, last, last_length, 0);
            last = list;
            last_length = length;
        }
        list += length + (list[length] == '|');
    }
    if (adds_starttls) {
        add_line(out, last, last_length, 0);
        last = "STARTTLS";
        last_length = strlen(last);
    }
    add_line(out, last, last_length, 1);
}

static enum ts_then answer_starttls(const struct ts_server *server, int is_secure,
                                    struct ts_bytes *out)
{
    if (server->tls != TS_TLS_STARTTLS || is_secure) {
        add_text(out,
                 is_secure ? "503 5.5.1 TLS is up already\r\n" : "502 5.5.1 not implemented\r\n");
        return TS_THEN_GO_ON;
    }
    add_text(out, "220 2.0.0 ready to start TLS\r\n");
    return TS_THEN_HANDSHAKE;
}

enum ts_then ts_answer_command(const struct ts_server *server, const char *line, int is_secure,
                               struct ts_bytes *out)
{
    /* RFC 2033 §4.1: an LMTP server knows LHLO and neither HELO nor EHLO. */
    if (ts_answer_is_verb(line, server->is_lmtp ? "LHLO" : "EHLO")) {
        add_capabilities(server, is_secure, out);
    } else if (ts_answer_is_verb(line, "HELO") && !server->is_lmtp) {
        add_line(out, server->host, strlen(server->host), 1);
    } else if (ts_answer_is_verb(line, "STARTTLS")) {
        return answer_starttls(server, is_secure, out);
    } else if (ts_answer_is_verb(line, "QUIT")) {
        add_text(out, "221 2.0.0 bye\r\n");
        return TS_THEN_CLOSE;
    } else if (ts_answer_is_verb(line, "MAIL") || ts_answer_is_verb(line, "RCPT") ||
               ts_answer_is_verb(line, "RSET") || ts_answer_is_verb(line, "NOOP")) {
        add_text(out, "250 2.0.0 ok\r\n");
    } else {
        add_text(out, "500 5.5.2 unknown command\r\n");
    }
    return TS_THEN_GO_ON;
}
