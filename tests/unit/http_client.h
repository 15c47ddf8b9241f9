/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client in the test's own thread: it lets the server's loop run whenever it waits. The including file
 * has the loop. */
#ifndef SP_TESTS_UNIT_HTTP_CLIENT_H
#define SP_TESTS_UNIT_HTTP_CLIENT_H

#include "prometheus/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define REPLY_SIZE 131072u
#define PATIENCE_MS 15000u

struct reply {
    char text[REPLY_SIZE]; /* all that came, with a NUL */
    size_t len;
    bool eof;
};

static uv_loop_t loop;

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000u;
}

/* One turn of the loop, or a millisecond. */
static void turn(void)
{
    const struct timespec nap = {0, 500000};
    uv_run(&loop, UV_RUN_NOWAIT);
    nanosleep(&nap, NULL);
}

static void turn_for(uint64_t ms)
{
    for (uint64_t end = now_ms() + ms; now_ms() < end;)
        turn();
}

static unsigned port_of(const struct sp_http *http, size_t index)
{
    const char *colon = strrchr(sp_http_address(http, index), ':');
    return (unsigned)strtoul(colon + 1, NULL, 10);
}

static int dial(unsigned port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_addr = {htonl(INADDR_LOOPBACK)},
                                   .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return; /* the server closed: the test looks at what it said */
        if (sent > 0) {
            text += sent;
            len -= (size_t)sent;
        } else {
            turn();
        }
    }
}

static void say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

/* Reads what is there without waiting. */
static void listen_once(int fd, struct reply *reply)
{
    while (!reply->eof && reply->len < REPLY_SIZE - 1) {
        ssize_t got = recv(fd, reply->text + reply->len, REPLY_SIZE - 1 - reply->len, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            break;
        if (got <= 0)
            reply->eof = true;
        else
            reply->len += (size_t)got;
    }
    reply->text[reply->len] = '\0';
}

static const char *body_of(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    return end ? end + 4 : NULL;
}

/* The value of a header field of the first reply, or NULL. Copied into one of four places in turn. */
static const char *header_of(const char *text, const char *name)
{
    static char places[4][1024];
    static unsigned next;
    const char *end = body_of(text);
    size_t len = strlen(name);
    for (const char *line = strstr(text, "\r\n"); line && line + 2 < end;
         line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':') {
            char *out = places[next++ % 4];
            const char *value = line + 2 + len + 1;
            value += strspn(value, " ");
            snprintf(out, sizeof places[0], "%.*s", (int)strcspn(value, "\r"), value);
            return out;
        }
    return NULL;
}

/* The first reply is whole: its Content-Length is there. */
static bool is_whole(const struct reply *reply, bool head)
{
    const char *body = body_of(reply->text), *length = header_of(reply->text, "Content-Length");
    return body && length &&
           (head || reply->len - (size_t)(body - reply->text) >= strtoul(length, NULL, 10));
}

static void await(int fd, struct reply *reply, bool head)
{
    uint64_t end = now_ms() + PATIENCE_MS;
    *reply = (struct reply){.len = 0};
    while (!reply->eof && !is_whole(reply, head) && now_ms() < end) {
        turn();
        listen_once(fd, reply);
    }
}

static unsigned status_of(const struct reply *reply)
{
    return strncmp(reply->text, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(reply->text + 9, NULL, 10)
                                                     : 0;
}

/* One request of its own connection. */
static void ask(unsigned port, const char *request, struct reply *reply)
{
    int fd = dial(port);
    say_text(fd, request);
    await(fd, reply, strncmp(request, "HEAD", 4) == 0);
    close(fd);
}

static void close_server(struct sp_http *http)
{
    sp_http_close(http);
    sp_http_free(http);
    turn_for(
        5); /* not until the loop is empty: what a failed test left behind would stop the rest */
}

#endif
