/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one client can't do to the others: requests without a plain end, replies that nobody reads,
 * places that nobody uses; and what is not answered before the server is ready. */
#include "http_client.h"

#include "probe/limits.h"
#include "prometheus/http_listen.h"
#include "prometheus/systemd.h"

#include <fcntl.h>
#include <signal.h>

#define HUGE_PAGE (4u << 20)

static struct sp_web_config *web;
static size_t handled;

static void handle(void *data, struct sp_http_request *request)
{
    (void)data;
    handled++;
    if (strcmp(sp_http_path(request), "/huge") != 0) {
        sp_http_reply_text(request, 200, "fine");
        return;
    }
    struct sp_buf body;
    sp_buf_init(&body, HUGE_PAGE);
    uint8_t *place = sp_buf_reserve(&body, HUGE_PAGE);
    assert_non_null(place);
    memset(place, 'x', HUGE_PAGE);
    body.len = HUGE_PAGE;
    const struct sp_http_response response = {
        .status = 200, .content_type = "application/octet-stream", .body = &body};
    sp_http_reply(request, &response);
    assert_null(body.data);
}

static struct sp_http *serve(struct sp_http_config config)
{
    static const char *const addresses[] = {"127.0.0.1:0"};
    char error[512] = "";
    config.loop = &loop;
    config.web = web;
    config.handler = handle;
    config.addresses = addresses;
    config.address_count = 1;
    handled = 0;
    struct sp_http *http = sp_http_new(&config, error, sizeof error);
    assert_string_equal(error, "");
    return http;
}

/* --- where a request ends ---------------------------------------------------------------------- */

#define FIRST "GET /a HTTP/1.1\r\nHost: h\r\n"
#define SECOND "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"

static void test_no_request_hides_in_another(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {FIRST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND,
         "its length is given more than once"},
        {FIRST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" SECOND, "more than once"},
        {FIRST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" SECOND, "more than once"},
        {FIRST "Content-Length : 5\r\n\r\nhello" SECOND, "name is no word"},
        {FIRST "X(Y): 5\r\n\r\n" SECOND, "name is no word"},
        {FIRST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SECOND, "not chunked"},
        {FIRST "Transfer-Encoding: xchunked\r\n\r\n" SECOND, "not chunked"},
        {FIRST "host: other\r\n\r\n" SECOND, "its host is given more than once"},
    };
    struct sp_http *http = serve((struct sp_http_config){0});
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = dial(port_of(http, 0));
        uint64_t end = now_ms() + 3000;
        say_text(fd, rows[i].text);
        *reply = (struct reply){.len = 0};
        while (!reply->eof && now_ms() < end) {
            turn();
            listen_once(fd, reply);
        }
        if (status_of(reply) != 400 || !reply->eof || !strstr(reply->text, rows[i].why))
            fail_msg("%s\ngot: %s", rows[i].text, reply->text);
        assert_null(strstr(body_of(reply->text), "HTTP/1.1")); /* nothing behind it was answered */
        close(fd);
    }
    assert_int_equal(handled, 0);
    ask(port_of(http, 0), FIRST "Content-Length: 5\r\n\r\nhello", reply);
    assert_int_equal(status_of(reply), 200);
    ask(port_of(http, 0), FIRST "Transfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", reply);
    assert_int_equal(status_of(reply), 200);
    close_server(http);
    free(reply);
}

static void test_body_has_a_cap(void **state)
{
    static const struct {
        size_t len;
        bool chunked;
        unsigned status; /* 0: closed without a reply */
    } rows[] = {{SP_LIMIT_HTTP_BODY, false, 200},
                {SP_LIMIT_HTTP_BODY + 1, false, 413},
                {SP_LIMIT_HTTP_BODY, true, 200},
                {SP_LIMIT_HTTP_BODY + 1, true, 0},
                {8 * SP_LIMIT_HTTP_BODY, true, 0}};
    struct sp_http *http = serve((struct sp_http_config){0});
    struct reply *reply = malloc(sizeof *reply);
    char *body = malloc(8 * SP_LIMIT_HTTP_BODY);
    (void)state;
    memset(body, 'b', 8 * SP_LIMIT_HTTP_BODY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char head[128];
        int fd = dial(port_of(http, 0));
        if (rows[i].chunked)
            snprintf(head, sizeof head, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", rows[i].len);
        else
            snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", rows[i].len);
        say_text(fd, "POST /x HTTP/1.1\r\nHost: h\r\n");
        say_text(fd, head);
        say(fd, body, rows[i].len);
        say_text(fd, rows[i].chunked ? "\r\n0\r\n\r\n" : "");
        await(fd, reply, false);
        if (status_of(reply) != rows[i].status || (rows[i].status == 0 && !reply->eof))
            fail_msg("%s %zu: %s", rows[i].chunked ? "chunked" : "length", rows[i].len,
                     reply->text);
        close(fd);
    }
    assert_int_equal(sp_http_in_flight(http), 0);
    close_server(http);
    free(body);
    free(reply);
}

/* --- memory ------------------------------------------------------------------------------------ */

static void test_replies_that_nobody_reads_have_a_cap(void **state)
{
    enum { CLIENTS = 24, ROOM = SP_LIMIT_HTTP_HELD / HUGE_PAGE };
    struct sp_http *http = serve((struct sp_http_config){0});
    struct reply *reply = malloc(sizeof *reply);
    int fds[CLIENTS];
    unsigned full = 0, busy = 0;
    (void)state;
    assert_true(ROOM < CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        int small = 4096;
        fds[i] = dial(port_of(http, 0));
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        say_text(fds[i], "GET /huge HTTP/1.1\r\nHost: h\r\n\r\n");
        while (handled <= i)
            turn();
    }
    turn_for(50);
    ask(port_of(http, 0), SECOND, reply);
    assert_int_equal(status_of(reply), 200); /* what is small goes on */
    for (size_t i = 0; i < CLIENTS; i++) {
        *reply = (struct reply){.len = 0};
        for (int round = 0; round < 50 && !body_of(reply->text); round++) {
            turn();
            listen_once(fds[i], reply);
        }
        full += status_of(reply) == 200;
        busy += status_of(reply) == 503 && header_of(reply->text, "Retry-After");
        close(fds[i]);
    }
    assert_int_equal(full, ROOM);
    assert_int_equal(busy, CLIENTS - ROOM);
    for (uint64_t end = now_ms() + PATIENCE_MS; sp_http_in_flight(http) > 0 && now_ms() < end;)
        turn();
    int fd = dial(port_of(http, 0)); /* the room is there again */
    say_text(fd, "GET /huge HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    *reply = (struct reply){.len = 0};
    while (!body_of(reply->text) && !reply->eof) {
        turn();
        listen_once(fd, reply);
    }
    assert_int_equal(status_of(reply), 200);
    close(fd);
    close_server(http);
    free(reply);
}

/* --- time -------------------------------------------------------------------------------------- */

/* How long the server keeps the connection. */
static uint64_t kept_for(int fd)
{
    struct reply *reply = calloc(1, sizeof *reply);
    uint64_t begin = now_ms();
    while (!reply->eof && now_ms() - begin < PATIENCE_MS) {
        turn();
        listen_once(fd, reply);
    }
    assert_true(reply->eof);
    free(reply);
    return now_ms() - begin;
}

static int dial_and_ask(const struct sp_http *http)
{
    struct reply *reply = malloc(sizeof *reply);
    int fd = dial(port_of(http, 0));
    say_text(fd, SECOND);
    await(fd, reply, false);
    assert_int_equal(status_of(reply), 200);
    free(reply);
    return fd;
}

/* Prometheus comes back after its interval; who has asked for nothing waits shorter. */
static void test_used_connections_are_kept_longer(void **state)
{
    struct sp_http *http = serve((struct sp_http_config){.idle_timeout = 1, .kept_timeout = 4});
    (void)state;
    int unused = dial(port_of(http, 0)), used = dial_and_ask(http);
    assert_in_range(kept_for(unused), 500, 2900);
    assert_in_range(kept_for(used), 1000, 6000);
    close(used);
    close(unused);
    close_server(http);
}

static void test_places_are_not_kept_when_they_are_few(void **state)
{
    const struct sp_http_config config = {
        .idle_timeout = 1, .kept_timeout = 60, .max_connections = 10};
    struct sp_http *http = serve(config);
    int fds[6];
    (void)state;
    for (size_t i = 0; i < 6; i++)
        fds[i] = dial_and_ask(http);
    for (size_t i = 0; i < 6; i++) {
        if (i == 0)
            assert_in_range(kept_for(fds[i]), 500, 4000);
        close(fds[i]);
    }
    close_server(http);
}

/* A socket of systemd has its first client before we know whether it may be served. */
static void test_nothing_is_served_before_the_loop_runs(void **state)
{
    char pid[32], error[512] = "";
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    int at = sp_http_listen("127.0.0.1:0", error, sizeof error);
    assert_true(at >= 0);
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(at, (struct sockaddr *)&address, &len), 0);
    int fd = dial(ntohs(address.sin_port));
    say_text(fd, SECOND);
    int spare = fcntl(SP_SYSTEMD_FIRST_FD, F_DUPFD_CLOEXEC, 100);
    assert_int_equal(dup2(at, SP_SYSTEMD_FIRST_FD), SP_SYSTEMD_FIRST_FD);
    close(at);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", pid, 1);
    struct sp_http *http = serve((struct sp_http_config){.systemd_socket = true});
    assert_int_equal(handled, 0);
    await(fd, reply, false);
    assert_int_equal(status_of(reply), 200);
    assert_int_equal(handled, 1);
    close(fd);
    close_server(http);
    if (spare >= 0) {
        dup2(spare, SP_SYSTEMD_FIRST_FD);
        close(spare);
    }
    free(reply);
}

/* --- all --------------------------------------------------------------------------------------- */

static int start(void **state)
{
    struct sp_buf errors;
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    sp_buf_init(&errors, 1024);
    /* So that nothing that matters gets the descriptor of systemd's first socket. */
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fd != SP_SYSTEMD_FIRST_FD && fcntl(SP_SYSTEMD_FIRST_FD, F_GETFD) < 0)
        dup2(fd, SP_SYSTEMD_FIRST_FD);
    uv_loop_init(&loop);
    web = sp_web_config_load(&loop, NULL, &errors);
    return web ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    sp_web_config_free(web);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_request_hides_in_another),
        cmocka_unit_test(test_body_has_a_cap),
        cmocka_unit_test(test_replies_that_nobody_reads_have_a_cap),
        cmocka_unit_test(test_used_connections_are_kept_longer),
        cmocka_unit_test(test_places_are_not_kept_when_they_are_few),
        cmocka_unit_test(test_nothing_is_served_before_the_loop_runs),
    };
    return cmocka_run_group_tests(tests, start, end);
}
