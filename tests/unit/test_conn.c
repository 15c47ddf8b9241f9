/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What goes out over a real connection, in which order, and what is known when it does not. The peer is a
 * child process that looks at the octets and says by its exit code whether they were right.
 */
#include "probe/conn.h"
#include "probe/limits.h"
#include "probe/runner.h"
#include "probe/script.h"

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
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PREAMBLE "PROXY TCP4 0.0.0.0 0.0.0.0 25 25\r\n"

/* --- the peer --------------------------------------------------------------------------------- */

struct peer {
    pid_t pid;
    uint16_t port;
};

static void nap(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* `serve` plays one connection in the child and says whether all was as it should be. */
static struct peer start_peer(bool (*serve)(int fd))
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int small = 4096; /* before listen, so that the window is small from the start */
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct timeval limit = {10, 0};
        setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        int fd = accept(listener, NULL, NULL);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        _exit(fd >= 0 && serve(fd) ? 0 : 1);
    }
    close(listener);
    return (struct peer){pid, ntohs(address.sin_port)};
}

static void expect_content(const struct peer *peer)
{
    int status = -1;
    assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
    assert_int_equal(status, 0);
}

static bool say(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* Reads exactly these octets. */
static bool hear(int fd, const char *text)
{
    for (; *text != '\0'; text++) {
        char octet;
        if (recv(fd, &octet, 1, 0) != 1 || octet != *text)
            return false;
    }
    return true;
}

/* The first octets of a record with a handshake message (RFC 8446 §5.1). */
static bool hear_client_hello(int fd)
{
    char octets[6];
    return recv(fd, octets, sizeof octets, MSG_WAITALL) == (ssize_t)sizeof octets &&
           octets[0] == 22 && octets[1] == 3 && octets[5] == 1;
}

/* --- one session ------------------------------------------------------------------------------ */

static void on_done(void *data, size_t target_index, size_t address_index,
                    struct sp_evidence *evidence)
{
    (void)target_index;
    (void)address_index;
    *(struct sp_evidence **)data = evidence;
}

static void on_finished(void *data)
{
    (void)data;
}

static int64_t wall_ms(void)
{
    return 1788256800000;
}

/* Probes the peer. The evidence lives until the next call; nothing in it needs the runner. */
static struct sp_evidence *probe(const struct peer *peer, enum sp_tls_mode tls,
                                 const struct sp_script *script)
{
    static const struct sp_runner_events events = {on_done, on_finished};
    static struct sp_options options;
    static struct sp_endpoint endpoint;
    struct sp_evidence *evidence = NULL;
    char error[256] = "";
    uv_loop_t loop;
    sp_options_init(&options);
    options.ehlo_name = "probe.example";
    options.script = script;
    options.verify = SP_VERIFY_OFF;
    endpoint = (struct sp_endpoint){.input = "127.0.0.1",
                                    .host = "127.0.0.1",
                                    .numeric = true,
                                    .port = peer->port,
                                    .tls = tls,
                                    .verify = SP_VERIFY_OFF,
                                    .options = &options};
    assert_int_equal(uv_loop_init(&loop), 0);
    const struct sp_runner_config config = {.loop = &loop,
                                            .options = &options,
                                            .targets = &endpoint,
                                            .target_count = 1,
                                            .wall_ms = wall_ms,
                                            .events = &events,
                                            .data = &evidence};
    struct sp_runner *runner = sp_runner_new(&config, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(runner);
    sp_runner_start(runner);
    uv_run(&loop, UV_RUN_DEFAULT);
    sp_runner_close(runner);
    uv_run(&loop, UV_RUN_DEFAULT);
    sp_runner_free(runner);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_non_null(evidence);
    return evidence;
}

/* --- the preamble ----------------------------------------------------------------------------- */

static bool serve_behind_proxy(int fd)
{
    return hear(fd, PREAMBLE) && say(fd, "220 mx\r\n") && hear(fd, "HELO probe.example\r\n") &&
           say(fd, "250 mx\r\n") && hear(fd, "NOOP\r\n") && say(fd, "250 ok\r\n") &&
           hear(fd, "QUIT\r\n") && say(fd, "221 bye\r\n");
}

static void test_preamble(void **state)
{
    (void)state;
    static const char *const expected[] = {"PROXY TCP4 0.0.0.0 0.0.0.0 25 25",
                                           "220 mx",
                                           "HELO probe.example",
                                           "250 mx",
                                           "NOOP",
                                           "250 ok",
                                           "QUIT",
                                           "221 bye"};
    static const struct sp_script_command command = {SP_PHASE_MAIL, "NOOP", false, 0};
    const struct sp_script script = {
        .helo = true, .preamble = PREAMBLE, .commands = &command, .command_count = 1};
    const struct peer peer = start_peer(serve_behind_proxy);
    struct sp_evidence *evidence = probe(&peer, SP_TLS_NONE, &script);
    expect_content(&peer);
    assert_int_equal(evidence->failure.reason, SP_REASON_OK);
    assert_int_equal(evidence->answer_count, 1);
    assert_int_equal(evidence->quit_errno, 0);
    assert_int_equal(evidence->transcript.first->direction, SP_TO_SERVER);
    size_t i = 0;
    for (struct sp_transcript_line *line = evidence->transcript.first; line; line = line->next) {
        assert_true(i < sizeof expected / sizeof *expected);
        assert_string_equal(line->text.data, expected[i++]);
    }
    assert_int_equal(i, sizeof expected / sizeof *expected);
    sp_evidence_free(evidence);
}

static bool serve_tls_behind_proxy(int fd)
{
    return hear(fd, PREAMBLE) && hear_client_hello(fd);
}

static void test_preamble_before_tls(void **state)
{
    (void)state;
    const struct sp_script script = {.preamble = PREAMBLE};
    const struct peer peer = start_peer(serve_tls_behind_proxy);
    struct sp_evidence *evidence = probe(&peer, SP_TLS_IMPLICIT, &script);
    expect_content(&peer);
    assert_int_equal(evidence->failure.phase, SP_PHASE_TLS);
    assert_string_equal(evidence->transcript.first->text.data, "PROXY TCP4 0.0.0.0 0.0.0.0 25 25");
    assert_false(evidence->transcript.first->in_tls);
    sp_evidence_free(evidence);
}

/* --- QUIT that can't be sent ------------------------------------------------------------------- */

static bool serve_until_hello(int fd)
{
    return say(fd, "220 mx\r\n") && hear(fd, "EHLO probe.example\r\n") && say(fd, "250 mx\r\n");
}

static bool serve_then_reset(int fd)
{
    const struct linger at_once = {1, 0};
    bool ok = serve_until_hello(fd);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return close(fd) == 0 && ok;
}

static bool serve_then_close(int fd)
{
    return serve_until_hello(fd) && close(fd) == 0;
}

static bool serve_then_reset_on_quit(int fd)
{
    const struct linger at_once = {1, 0};
    bool ok = serve_until_hello(fd) && hear(fd, "QUIT\r\n");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return close(fd) == 0 && ok;
}

/* Lets the server's reset arrive before QUIT is sent. */
static bool wait_and_refuse(const void *data, const struct sp_evidence *evidence)
{
    (void)data;
    (void)evidence;
    nap(200);
    return false;
}

static void test_quit_not_sent(void **state)
{
    (void)state;
    static const struct {
        bool (*serve)(int fd);
        bool unsent;
    } rows[] = {
        {serve_then_reset, true},
        {serve_then_close, false}, /* only half of the connection is closed: it can be sent */
        {serve_then_reset_on_quit, false},
    };
    static const struct sp_script_command command = {SP_PHASE_MAIL, "NOOP", false, 0};
    const struct sp_script script = {
        .commands = &command, .command_count = 1, .may_begin = wait_and_refuse};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct peer peer = start_peer(rows[i].serve);
        struct sp_evidence *evidence = probe(&peer, SP_TLS_NONE, &script);
        expect_content(&peer);
        assert_int_equal(evidence->failure.reason, SP_REASON_OK);
        assert_null(evidence->quit);
        if (rows[i].unsent)
            assert_true(evidence->quit_errno == ECONNRESET || evidence->quit_errno == EPIPE);
        else
            assert_int_equal(evidence->quit_errno, 0);
        sp_evidence_free(evidence);
    }
}

/* --- octets that wait ------------------------------------------------------------------------- */

#define WAITING 24000u

static bool serve_late(int fd)
{
    nap(200);
    for (unsigned i = 0; i < WAITING; i++) {
        uint8_t octet;
        if (recv(fd, &octet, 1, 0) != 1 || octet != (uint8_t)(i % 251))
            return false;
    }
    return hear_client_hello(fd);
}

struct sender {
    uv_loop_t *loop;
    struct sp_conn *conn;
    bool closed;
};

static void shrink(uv_handle_t *handle, void *data)
{
    int small = 4096;
    (void)data;
    if (handle->type == UV_TCP)
        uv_send_buffer_size(handle, &small);
}

/* More than the socket takes at once, in pieces, and TLS right behind it. */
static void send_all(void *data)
{
    static const size_t pieces[] = {10000, 3000, 3000, 8000};
    struct sender *sender = data;
    uint8_t octets[WAITING];
    size_t at = 0;
    const struct sp_tls_config config = {.sni = NULL};
    for (unsigned i = 0; i < WAITING; i++)
        octets[i] = (uint8_t)(i % 251);
    uv_walk(sender->loop, shrink, NULL);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; at += pieces[i++])
        sp_conn_send(sender->conn, octets + at, pieces[i]);
    assert_int_equal(at, WAITING);
    sp_conn_start_tls(sender->conn, &config);
}

static void on_opened(void *data)
{
    send_all(data);
}

static void on_octets(void *data, const uint8_t *octets, size_t len)
{
    (void)data;
    (void)octets;
    (void)len;
}

static void on_tls_up(void *data)
{
    (void)data;
}

static void on_failed(void *data, enum sp_reason reason, int sys_errno, const char *detail)
{
    struct sender *sender = data;
    (void)reason;
    (void)sys_errno;
    (void)detail;
    sp_conn_close(sender->conn, false);
}

static void on_closed(void *data)
{
    struct sender *sender = data;
    sender->closed = true;
}

static int64_t now_ns(void *data)
{
    (void)data;
    return 0;
}

static void test_order_of_what_waits(void **state)
{
    (void)state;
    static const struct sp_conn_events events = {on_opened, on_octets, on_tls_up, on_failed,
                                                 on_closed};
    static const struct sp_options options = {.ehlo_name = "probe.example"};
    static const struct sp_endpoint endpoint = {.options = &options};
    static uint8_t input[SP_LIMIT_READ];
    const struct peer peer = start_peer(serve_late);
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    struct sp_tls_ctx *tls_ctx = sp_tls_ctx_new();
    struct sockaddr_storage address = {0};
    uv_loop_t loop;
    struct sender sender = {.loop = &loop};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_ip4_addr("127.0.0.1", peer.port, (struct sockaddr_in *)(void *)&address),
                     0);
    const struct sp_conn_config config = {.loop = &loop,
                                          .tls_ctx = tls_ctx,
                                          .events = &events,
                                          .data = &sender,
                                          .evidence = evidence,
                                          .now_ns = now_ns,
                                          .input = input};
    sender.conn = sp_conn_new(&config);
    assert_non_null(sender.conn);
    assert_true(sp_conn_open(sender.conn, &address, 1));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(sender.closed);
    expect_content(&peer);
    assert_int_equal(uv_loop_close(&loop), 0);
    sp_tls_ctx_free(tls_ctx);
    sp_evidence_free(evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preamble),
        cmocka_unit_test(test_preamble_before_tls),
        cmocka_unit_test(test_quit_not_sent),
        cmocka_unit_test(test_order_of_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
