/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's HTTP server over real sockets, and its parts. */
#include "http_client.h"

#include "prometheus/http_gzip.h"
#include "prometheus/http_listen.h"
#include "prometheus/http_target.h"
#include "prometheus/systemd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <zlib.h>

#define KEPT_MAX 256

/* --- the handler ------------------------------------------------------------------------------- */

/* Requests of /later, answered when the test says so. */
static struct sp_http_request *kept[KEPT_MAX];
static size_t kept_count;
static struct sp_web_config *web;

static void reply_page(struct sp_http_request *request, const char *type, size_t len)
{
    struct sp_buf body;
    sp_buf_init(&body, 1u << 20);
    for (size_t i = 0; i < len / 10; i++)
        assert_true(sp_buf_printf(&body, "line %04zu\n", i));
    const struct sp_http_header header = {"Cache-Control", "max-age=60"};
    const struct sp_http_response response = {.status = 200,
                                              .content_type = type,
                                              .body = &body,
                                              .headers = &header,
                                              .header_count = strstr(type, "css") ? 1 : 0};
    sp_http_reply(request, &response);
    assert_null(body.data);
}

/* As many octets as the path says behind "/octets/". */
static void reply_octets(struct sp_http_request *request, size_t len)
{
    struct sp_buf body;
    sp_buf_init(&body, len);
    uint8_t *place = sp_buf_reserve(&body, len);
    assert_non_null(place);
    memset(place, 'x', len);
    body.len = len;
    const struct sp_http_response response = {
        .status = 200, .content_type = "text/html; charset=utf-8", .body = &body};
    sp_http_reply(request, &response);
}

static void handle(void *data, struct sp_http_request *request)
{
    const char *path = sp_http_path(request);
    (void)data;
    if (strcmp(path, "/later") == 0) {
        assert_true(kept_count < KEPT_MAX);
        kept[kept_count++] = request;
    } else if (strcmp(path, "/page") == 0) {
        reply_page(request, "text/html; charset=utf-8", 20000);
    } else if (strncmp(path, "/octets/", 8) == 0) {
        reply_octets(request, strtoul(path + 8, NULL, 10));
    } else if (strcmp(path, "/style.css") == 0) {
        reply_page(request, "text/css", 20);
    } else if (strcmp(path, "/binary") == 0) {
        reply_page(request, "application/octet-stream", 20000);
    } else {
        const char *first = sp_http_param(request, "a", 0),
                   *second = sp_http_param(request, "a", 1);
        sp_http_reply_text(request, 200, "%s %s %zu %s %s", sp_http_method(request), path,
                           sp_http_param_count(request), first ? first : "-",
                           second ? second : "-");
    }
}

static struct sp_http *serve(const struct sp_http_config *with)
{
    static const char *const addresses[] = {"127.0.0.1:0"};
    struct sp_http_config config = with ? *with : (struct sp_http_config){0};
    char error[512] = "";
    config.loop = &loop;
    config.web = web;
    config.handler = handle;
    if (config.address_count == 0) {
        config.addresses = addresses;
        config.address_count = 1;
    }
    kept_count = 0;
    struct sp_http *http = sp_http_new(&config, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(http);
    return http;
}

static void await_kept(size_t count)
{
    for (uint64_t end = now_ms() + PATIENCE_MS; kept_count < count && now_ms() < end;)
        turn();
    assert_int_equal(kept_count, count);
}

/* Until the server closes. */
static void await_end(int fd, struct reply *reply)
{
    uint64_t end = now_ms() + PATIENCE_MS;
    *reply = (struct reply){.len = 0};
    while (!reply->eof && now_ms() < end) {
        turn();
        listen_once(fd, reply);
    }
    assert_true(reply->eof);
}

/* --- parts ------------------------------------------------------------------------------------- */

static void test_targets(void **state)
{
    static const struct {
        const char *raw, *path, *pairs; /* pairs NULL: refused, and path says why */
    } rows[] = {
        {"/", "/", ""},
        {"/probe?target=mx.example:25&module=smtp", "/probe", "target=mx.example:25;module=smtp;"},
        {"/a%20b/%C3%BC", "/a b/\xc3\xbc", ""},
        {"/p?a=1&a=2&b", "/p", "a=1;a=2;b=;"},
        {"/p?a=x+y%2Bz%26%3D", "/p", "a=x y+z&=;"},
        {"/p?a=%2541", "/p", "a=%41;"},
        {"/p?&&a=1&", "/p", "a=1;"},
        {"/p?a=b=c", "/p", "a=b=c;"},
        {"/p?%61=1", "/p", "a=1;"},
        {"/p/", "/p/", ""},
        {"/a+b", "/a+b", ""},
        {"/..a/b..", "/..a/b..", ""},
        {"http://host:1/p?a=1", "/p", "a=1;"},
        {"HTTPS://host", "/", ""},
        {"http://host?a=1", "/", "a=1;"},
        {"*", "*", ""},
        {"", "does not begin", NULL},
        {"p", "does not begin", NULL},
        {"host:25", "does not begin", NULL},
        {"%2fp", "does not begin", NULL},
        {"/a%00b", "NUL", NULL},
        {"/a?x=%00", "NUL", NULL},
        {"/a?%00=1", "NUL", NULL},
        {"/a%", "percent", NULL},
        {"/a%4", "percent", NULL},
        {"/a%zz", "percent", NULL},
        {"/a?b=%g1", "percent", NULL},
        {"/a/../b", "relative", NULL},
        {"/..", "relative", NULL},
        {"/a/%2e%2e/b", "relative", NULL},
        {"/a/%2e%2E", "relative", NULL},
        {"/./a", "relative", NULL},
        {"/a/.", "relative", NULL},
        {"//a", "slashes", NULL},
        {"/a//b", "slashes", NULL},
        {"/a/%2fb", "slashes", NULL},
        {"/a//", "slashes", NULL},
        {"/a%0d%0ab", "control", NULL},
        {"/a%7f", "control", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_http_target target;
        char pairs[256] = "";
        const char *wrong = sp_http_target_parse(rows[i].raw, &target);
        if (!rows[i].pairs) {
            if (!wrong || !strstr(wrong, rows[i].path))
                fail_msg("%s: %s", rows[i].raw, wrong ? wrong : "was not refused");
            continue;
        }
        if (wrong)
            fail_msg("%s: %s", rows[i].raw, wrong);
        for (size_t k = 0; k < target.param_count; k++) {
            size_t len = strlen(pairs);
            snprintf(pairs + len, sizeof pairs - len, "%s=%s;", target.params[k].name,
                     target.params[k].value);
        }
        assert_string_equal(target.path, rows[i].path);
        assert_string_equal(pairs, rows[i].pairs);
        sp_http_target_free(&target);
    }
}

static void test_target_has_a_cap(void **state)
{
    struct sp_http_target target;
    char raw[2048] = "/p?";
    (void)state;
    for (size_t i = 0; i < SP_LIMIT_HTTP_PARAMS; i++)
        memcpy(raw + 3 + 4 * i, "a=1&", 5);
    assert_null(sp_http_target_parse(raw, &target));
    assert_int_equal(target.param_count, SP_LIMIT_HTTP_PARAMS);
    sp_http_target_free(&target);
    memcpy(raw + strlen(raw), "b", 2);
    assert_non_null(strstr(sp_http_target_parse(raw, &target), "too many"));
}

static void test_codings(void **state)
{
    static const struct {
        const char *value;
        bool gzip;
    } rows[] = {
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"deflate, gzip;q=0.5, br", true},
        {"gzip ; q=0.001", true},
        {"gzip;q=0.8, identity;q=0.8", true},
        {"gzip;q=1.000", true},
        {"*", true},
        {"*;q=0.2", true},
        {" , ,gzip", true},
        {"", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0, *", false},
        {"identity", false},
        {"gzip;q=0.5, identity", false},
        {"gzip;q=0.5, identity;q=0.6", false},
        {"*;q=0", false},
        {"gzip;q=2", false},
        {"gzip;q=1.001", false},
        {"gzip;q=0.0001", false},
        {"gzip;q=", false},
        {"gzip;x=1", false},
        {"gzippy", false},
        {"br", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_http_codings codings = SP_HTTP_CODINGS_NONE;
        sp_http_codings_read(&codings, rows[i].value);
        if (sp_http_codings_want_gzip(&codings) != rows[i].gzip)
            fail_msg("Accept-Encoding: %s", rows[i].value);
    }
}

static void test_addresses_that_cannot_be(void **state)
{
    static const struct {
        const char *address, *why;
    } rows[] = {{"127.0.0.1", "no port"},        {"", "no port"},
                {"127.0.0.1:", "not a number"},  {"127.0.0.1:http", "not a number"},
                {":65536", "0 to 65535"},        {":99999999999999999999", "0 to 65535"},
                {"::1:80", "in brackets"},       {"[]:80", "no host"},
                {"[127.0.0.1]:0", "127.0.0.1"},  {"192.0.2.1:0", "does not have that address"},
                {"host.invalid.:0", "host.inva"}};
    char error[512];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        error[0] = '\0';
        assert_int_equal(sp_http_listen(rows[i].address, error, sizeof error), -1);
        if (!strstr(error, rows[i].why) || !strstr(error, rows[i].address))
            fail_msg("%s: %s", rows[i].address, error);
    }
}

static void test_address_in_use_is_named(void **state)
{
    char name[64], error[512] = "";
    (void)state;
    int fd = sp_http_listen("127.0.0.1:0", error, sizeof error);
    assert_true(fd >= 0);
    assert_true(sp_http_listen_name(fd, name, sizeof name));
    assert_int_equal(sp_http_listen(name, error, sizeof error), -1);
    assert_non_null(strstr(error, name));
    assert_non_null(strstr(error, "another program"));
    close(fd);
}

/* --- systemd ----------------------------------------------------------------------------------- */

static void expect_notice(int fd, const char *begin)
{
    char text[256];
    ssize_t got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(got > 0);
    text[got] = '\0';
    if (strncmp(text, begin, strlen(begin)) != 0)
        fail_msg("%s", text);
}

static void test_systemd_is_told(void **state)
{
    char name[64], path[64];
    (void)state;
    snprintf(name, sizeof name, "@smtp-probe-test-%d", (int)getpid());
    snprintf(path, sizeof path, "/tmp/smtp-probe-test-%d", (int)getpid());
    const char *const sockets[] = {name, path};
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        memcpy(address.sun_path, sockets[i], strlen(sockets[i]));
        if (sockets[i][0] == '@')
            address.sun_path[0] = '\0';
        socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(sockets[i]));
        assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
        setenv("NOTIFY_SOCKET", sockets[i], 1);
        assert_true(sp_systemd_notify("READY=1\nSTATUS=ready"));
        expect_notice(fd, "READY=1\nSTATUS=ready");
        assert_true(sp_systemd_notify_reloading());
        expect_notice(fd, "RELOADING=1\nMONOTONIC_USEC=");
        close(fd);
    }
    unlink(path);
    assert_false(sp_systemd_notify("READY=1"));
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_false(sp_systemd_notify("READY=1"));
    unsetenv("NOTIFY_SOCKET");
    assert_false(sp_systemd_notify("READY=1"));
}

static void test_systemd_watchdog(void **state)
{
    char pid[32];
    (void)state;
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(sp_systemd_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(sp_systemd_watchdog_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(sp_systemd_watchdog_ms(), 0);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(sp_systemd_watchdog_ms(), 15000);
    setenv("WATCHDOG_USEC", "-5", 1);
    assert_int_equal(sp_systemd_watchdog_ms(), 0);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

/* So that nothing that matters gets the descriptor that systemd's first socket has. */
static void reserve_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    if (fd != SP_SYSTEMD_FIRST_FD && fcntl(SP_SYSTEMD_FIRST_FD, F_GETFD) < 0)
        assert_int_equal(dup2(fd, SP_SYSTEMD_FIRST_FD), SP_SYSTEMD_FIRST_FD);
    if (fd != SP_SYSTEMD_FIRST_FD)
        close(fd);
}

static void test_systemd_sockets(void **state)
{
    const struct sp_http_config config = {.systemd_socket = true, .address_count = 1};
    char pid[32], error[512] = "";
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    int fd = sp_http_listen("127.0.0.1:0", error, sizeof error);
    assert_true(fd >= 0);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", "1", 1);
    assert_int_equal(sp_systemd_take_sockets(), 0);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", pid, 1);
    assert_int_equal(dup2(fd, SP_SYSTEMD_FIRST_FD), SP_SYSTEMD_FIRST_FD);
    close(fd);
    struct sp_http *http = serve(&config);
    assert_int_equal(sp_http_address_count(http), 1);
    assert_null(getenv("LISTEN_FDS"));
    ask(port_of(http, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_int_equal(status_of(reply), 200);
    close_server(http);
    struct sp_http_config none = {.loop = &loop, .web = web, .handler = handle};
    none.systemd_socket = true;
    assert_null(sp_http_new(&none, error, sizeof error));
    assert_non_null(strstr(error, "no socket was handed over"));
    turn_for(5);
    reserve_descriptor();
    free(reply);
}

/* --- requests ---------------------------------------------------------------------------------- */

static void test_requests(void **state)
{
    static const struct {
        const char *request;
        unsigned status; /* 0: closed without a reply */
        const char *body;
    } rows[] = {
        {"GET /x?a=1&a=2 HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /x 2 1 2\n"},
        {"GET http://h/x?a=%20 HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /x 1   -\n"},
        {"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n", 200, ""},
        {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 200, "POST /x 0 - -\n"},
        {"POST /x HTTP/1.1\r\nHost: h\r\n\r\n", 200, "POST /x 0 - -\n"},
        {"BREW /x HTTP/1.1\r\nHost: h\r\n\r\n", 200, "BREW /x 0 - -\n"},
        {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 200, "OPTIONS * 0 - -\n"},
        {"GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n", 400, NULL},
        {"GET /a%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, NULL},
        {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 0, NULL},
        {"GET /x HTTP/1.1\r\n\r\n", 400, NULL},
        {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4097\r\n\r\n", 413, NULL},
        {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999\r\n\r\n", 413, NULL},
        {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400, NULL},
    };
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask(port_of(http, 0), rows[i].request, reply);
        if (status_of(reply) != rows[i].status)
            fail_msg("%s: %s", rows[i].request, reply->text);
        if (rows[i].body)
            assert_string_equal(body_of(reply->text), rows[i].body);
    }
    assert_int_equal(sp_http_in_flight(http), 0);
    close_server(http);
    free(reply);
}

/* A NUL octet in the first line ends no string early. */
static void test_raw_nul_is_refused(void **state)
{
    static const char request[] = "GET /metrics\0/x HTTP/1.1\r\nHost: h\r\n\r\n";
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    int fd = dial(port_of(http, 0));
    say(fd, request, sizeof request - 1);
    await(fd, reply, false);
    assert_int_equal(status_of(reply), 400);
    close(fd);
    close_server(http);
    free(reply);
}

static void test_head_has_a_cap(void **state)
{
    static const struct {
        size_t len;
        bool in_target;
        unsigned low, high; /* the status */
    } rows[] = {{15000, false, 200, 200},
                {16500, false, 431, 431},
                {100000, false, 413, 431},
                {15000, true, 200, 200},
                {100000, true, 413, 431}};
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    char *request = malloc(131072);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *end = request + snprintf(request, 64, "%s",
                                       rows[i].in_target ? "GET /" : "GET / HTTP/1.1\r\nX: ");
        memset(end, 'a', rows[i].len);
        snprintf(end + rows[i].len, 64, "%s\r\nHost: h\r\n\r\n",
                 rows[i].in_target ? " HTTP/1.1" : "");
        ask(port_of(http, 0), request, reply);
        if (status_of(reply) < rows[i].low || status_of(reply) > rows[i].high)
            fail_msg("%zu octets: %.200s", rows[i].len, reply->text);
    }
    close_server(http);
    free(request);
    free(reply);
}

static void test_headers(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    ask(port_of(http, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_string_equal(header_of(reply->text, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(header_of(reply->text, "Cache-Control"), "no-store");
    assert_string_equal(header_of(reply->text, "Content-Type"), "text/plain; charset=utf-8");
    assert_null(header_of(reply->text, "Content-Security-Policy"));
    ask(port_of(http, 0), "GET /page HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_non_null(strstr(header_of(reply->text, "Content-Security-Policy"),
                           "default-src 'none'; style-src 'self'"));
    assert_string_equal(header_of(reply->text, "Vary"), "Accept-Encoding");
    assert_null(header_of(reply->text, "Content-Encoding"));
    ask(port_of(http, 0), "GET /style.css HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_string_equal(header_of(reply->text, "Cache-Control"), "max-age=60");
    assert_null(strstr(reply->text, "no-store"));
    close_server(http);
    free(reply);
}

static void test_gzip_round_trip(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *plain = malloc(sizeof *plain), *reply = malloc(sizeof *reply);
    uint8_t *out = malloc(REPLY_SIZE);
    (void)state;
    ask(port_of(http, 0), "GET /page HTTP/1.1\r\nHost: h\r\n\r\n", plain);
    for (int round = 0; round < 3; round++) {
        ask(port_of(http, 0),
            "GET /page HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n",
            reply);
        assert_string_equal(header_of(reply->text, "Content-Encoding"), "gzip");
        const char *body = body_of(reply->text);
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)body,
                           .avail_in = (uInt)(reply->len - (size_t)(body - reply->text)),
                           .next_out = out,
                           .avail_out = REPLY_SIZE};
        assert_int_equal(stream.avail_in,
                         strtoul(header_of(reply->text, "Content-Length"), NULL, 10));
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, strlen(body_of(plain->text)));
        assert_memory_equal(out, body_of(plain->text), stream.total_out);
        inflateEnd(&stream);
    }
    ask(port_of(http, 0), "HEAD /page HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n", reply);
    assert_string_equal(header_of(reply->text, "Content-Encoding"), "gzip");
    assert_string_equal(body_of(reply->text), "");
    ask(port_of(http, 0), "GET /binary HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n",
        reply);
    assert_null(header_of(reply->text, "Content-Encoding"));
    ask(port_of(http, 0), "GET /x HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n", reply);
    assert_null(header_of(reply->text, "Content-Encoding"));
    close_server(http);
    free(out);
    free(plain);
    free(reply);
}

/* Neither what is not worth it nor what would hold up the others is compressed. */
static void test_gzip_has_bounds(void **state)
{
    static const struct {
        size_t octets;
        bool compressed;
    } rows[] = {{1023, false}, {1024, true}, {1048576, true}, {1048577, false}, {4000000, false}};
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char request[256];
        snprintf(request, sizeof request,
                 "HEAD /octets/%zu HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n",
                 rows[i].octets);
        ask(port_of(http, 0), request, reply);
        const char *length = header_of(reply->text, "Content-Length");
        bool compressed = header_of(reply->text, "Content-Encoding") != NULL;
        if (compressed != rows[i].compressed ||
            compressed != (strtoul(length, NULL, 10) < rows[i].octets))
            fail_msg("%zu octets: %s", rows[i].octets, reply->text);
        assert_string_equal(header_of(reply->text, "Vary"), "Accept-Encoding");
    }
    close_server(http);
    free(reply);
}

/* Since the request was there, whatever the connection did before. */
static void test_waited_ms(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    int fd = dial(port_of(http, 0));
    turn_for(120);
    say_text(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    await_kept(1);
    assert_in_range(sp_http_waited_ms(kept[0]), 0, 60);
    uint64_t begin = now_ms();
    turn_for(100);
    uint64_t waited = sp_http_waited_ms(kept[0]);
    assert_in_range(waited, 90, now_ms() - begin + 60);
    sp_http_reply_text(kept[0], 200, "done");
    await(fd, reply, false);
    turn_for(120);
    say_text(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    await_kept(2);
    assert_in_range(sp_http_waited_ms(kept[1]), 0, 60);
    sp_http_reply_text(kept[1], 200, "done");
    await(fd, reply, false);
    close(fd);
    close_server(http);
    free(reply);
}

static void test_field_lists(void **state)
{
    static const struct {
        const char *fields, *list; /* of Accept; NULL: there is none */
    } rows[] = {
        {"", NULL},
        {"Accept:\r\n", ""},
        {"Accept: a\r\n", "a"},
        {"accept: a, b;q=0.5\r\n", "a, b;q=0.5"},
        {"Accept: a\r\nX-Accept: x\r\nACCEPT: b\r\nAccept-Encoding: y\r\nAccept: c\r\n", "a, b, c"},
        {"Accept:\r\nAccept: b\r\n", ", b"},
    };
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    char request[512], list[SP_LIMIT_HTTP_HEAD];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = dial(port_of(http, 0));
        snprintf(request, sizeof request, "GET /later HTTP/1.1\r\nHost: h\r\n%s\r\n",
                 rows[i].fields);
        say_text(fd, request);
        await_kept(i + 1);
        const char *got = sp_http_header_list(kept[i], "Accept", list);
        if (!got != !rows[i].list || (got && strcmp(got, rows[i].list) != 0))
            fail_msg("%s: %s", rows[i].fields, got ? got : "(none)");
        sp_http_reply_text(kept[i], 200, "x");
        await(fd, reply, false);
        close(fd);
    }
    close_server(http);
    free(reply);
}

static void test_long_field_lists(void **state)
{
    enum { LEN = 7900 };
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    char *request = malloc(SP_LIMIT_HTTP_HEAD + 256), list[SP_LIMIT_HTTP_HEAD], value[LEN + 1];
    (void)state;
    memset(value, 'a', LEN);
    value[LEN] = '\0';
    snprintf(request, SP_LIMIT_HTTP_HEAD + 256,
             "GET /later HTTP/1.1\r\nHost: h\r\nAccept: %s\r\nAccept: %s\r\n\r\n", value, value);
    int fd = dial(port_of(http, 0));
    say_text(fd, request);
    await_kept(1);
    assert_string_equal(sp_http_header_value(kept[0], "Accept"), value);
    assert_ptr_equal(sp_http_header_list(kept[0], "Accept", list), list);
    assert_int_equal(strlen(list), 2 * LEN + 2);
    assert_int_equal(strspn(list, "a"), LEN);
    sp_http_reply_text(kept[0], 200, "x");
    await(fd, reply, false);
    close(fd);
    close_server(http);
    free(request);
    free(reply);
}

/* --- connections ------------------------------------------------------------------------------- */

static void test_keep_alive_and_pipelining(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    int fd = dial(port_of(http, 0));
    for (int i = 0; i < 3; i++) {
        say_text(fd, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        await(fd, reply, false);
        assert_int_equal(status_of(reply), 200);
        assert_false(reply->eof);
    }
    /* The second waits for its reply; the third must not overtake it. */
    say_text(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n"
                 "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    await_kept(1);
    turn_for(20);
    sp_http_reply_text(kept[0], 200, "second");
    await_end(fd, reply);
    const char *first = strstr(reply->text, "GET /1"), *second = strstr(reply->text, "second"),
               *third = strstr(reply->text, "GET /3");
    assert_true(first && second && third && first < second && second < third);
    close(fd);
    fd = dial(port_of(http, 0));
    say_text(fd, "GET /x HTTP/1.0\r\n\r\n");
    await_end(fd, reply);
    assert_int_equal(status_of(reply), 200);
    close(fd);
    close_server(http);
    free(reply);
}

static void test_many_are_answered_later(void **state)
{
    const size_t count = 200;
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    int fds[200];
    (void)state;
    for (size_t i = 0; i < count; i++) {
        char request[128];
        fds[i] = dial(port_of(http, 0));
        snprintf(request, sizeof request, "GET /later?a=%zu HTTP/1.1\r\nHost: h\r\n\r\n", i);
        say_text(fds[i], request);
        turn();
    }
    await_kept(count);
    assert_int_equal(sp_http_in_flight(http), count);
    for (size_t i = count; i-- > 0;) {
        char name[32];
        snprintf(name, sizeof name, "%s", sp_http_param(kept[i], "a", 0));
        sp_http_reply_text(kept[i], 200, "reply to %s", name);
    }
    for (size_t i = 0; i < count; i++) {
        char wanted[64];
        await(fds[i], reply, false);
        snprintf(wanted, sizeof wanted, "reply to %zu\n", i);
        assert_string_equal(body_of(reply->text), wanted);
        close(fds[i]);
    }
    turn_for(20);
    assert_int_equal(sp_http_in_flight(http), 0);
    close_server(http);
    free(reply);
}

/* A reply in the handler of another request reaches the connection that waited. */
static struct sp_http_request *waiting;

static void handle_pairs(void *data, struct sp_http_request *request)
{
    (void)data;
    if (!waiting) {
        waiting = request;
        return;
    }
    sp_http_reply_text(waiting, 200, "first");
    sp_http_reply_text(request, 200, "second");
    waiting = NULL;
}

static void test_reply_from_another_handler(void **state)
{
    static const char *const addresses[] = {"127.0.0.1:0", "127.0.0.1:0"};
    const struct sp_http_config config = {.loop = &loop,
                                          .web = web,
                                          .handler = handle_pairs,
                                          .addresses = addresses,
                                          .address_count = 2};
    char error[512];
    struct sp_http *http = sp_http_new(&config, error, sizeof error);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    for (size_t other = 0; other < 2; other++) {
        int fd = dial(port_of(http, 0));
        waiting = NULL;
        say_text(fd, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        turn_for(20);
        assert_non_null(waiting);
        ask(port_of(http, other), "GET /y HTTP/1.1\r\nHost: h\r\n\r\n", reply);
        assert_string_equal(body_of(reply->text), "second\n");
        await(fd, reply, false);
        assert_string_equal(body_of(reply->text), "first\n");
        close(fd);
    }
    close_server(http);
    free(reply);
}

static void test_client_gone_while_it_waits(void **state)
{
    struct sp_http *http = serve(NULL);
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        int fd = dial(port_of(http, 0));
        say_text(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
        await_kept(i + 1);
        const struct linger reset = {1, 0};
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    turn_for(20);
    for (size_t i = 0; i < 20; i++)
        reply_page(kept[i], "text/plain", 100000);
    for (uint64_t end = now_ms() + PATIENCE_MS; sp_http_in_flight(http) > 0 && now_ms() < end;)
        turn();
    assert_int_equal(sp_http_in_flight(http), 0);
    close_server(http);
}

static void test_slow_client_holds_up_nobody(void **state)
{
    const struct sp_http_config config = {.idle_timeout = 1};
    struct sp_http *http = serve(&config);
    struct reply *reply = malloc(sizeof *reply), *slow = calloc(1, sizeof *slow);
    (void)state;
    int fd = dial(port_of(http, 0)), idle = dial(port_of(http, 0)), later = dial(port_of(http, 0));
    say_text(later, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    say_text(fd, "GET /slow HTTP/1.1\r\nHost: h\r\nX: ");
    uint64_t begin = now_ms();
    /* An octet now and then keeps no connection alive for ever. */
    while (!slow->eof && now_ms() - begin < PATIENCE_MS) {
        say_text(fd, "a");
        ask(port_of(http, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", reply);
        assert_int_equal(status_of(reply), 200);
        turn_for(100);
        listen_once(fd, slow);
    }
    assert_true(slow->eof);
    assert_in_range(now_ms() - begin, 900, 6000);
    await_end(idle, slow);
    /* A request that the handler has is not idle. */
    assert_int_equal(kept_count, 1);
    sp_http_reply_text(kept[0], 200, "at last");
    await(later, reply, false);
    assert_int_equal(status_of(reply), 200);
    close(fd);
    close(idle);
    close(later);
    close_server(http);
    free(slow);
    free(reply);
}

static void test_connections_have_a_cap(void **state)
{
    const struct sp_http_config config = {.max_connections = 10};
    struct sp_http *http = serve(&config);
    struct reply *reply = malloc(sizeof *reply);
    int fds[30];
    size_t open = 0;
    (void)state;
    for (size_t i = 0; i < 30; i++)
        fds[i] = dial(port_of(http, 0));
    turn_for(100);
    for (size_t i = 0; i < 30; i++) {
        *reply = (struct reply){.len = 0};
        say_text(fds[i], "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    turn_for(100);
    for (size_t i = 0; i < 30; i++) {
        *reply = (struct reply){.len = 0};
        listen_once(fds[i], reply);
        open += !reply->eof;
        close(fds[i]);
    }
    assert_int_equal(kept_count, 9); /* one place is another address's */
    assert_int_equal(open, 9);
    for (size_t i = 0; i < 9; i++)
        sp_http_reply_text(kept[i], 200, "x");
    turn_for(50);
    ask(port_of(http, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_int_equal(status_of(reply), 200);
    close_server(http);
    free(reply);
}

/* Descriptors run out: who waits is accepted when others leave, though nothing else happens. */
static void test_descriptors_run_out(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    struct rlimit limit, saved;
    int fds[40];
    (void)state;
    for (size_t i = 0; i < 40; i++)
        fds[i] = dial(port_of(http, 0));
    getrlimit(RLIMIT_NOFILE, &saved);
    limit = saved;
    limit.rlim_cur = (rlim_t)fds[39] + 11; /* room for ten of them */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    turn_for(50);
    say_text(fds[39], "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    turn_for(50);
    *reply = (struct reply){.len = 0};
    listen_once(fds[39], reply);
    assert_int_equal(reply->len, 0);
    for (size_t i = 0; i < 39; i++)
        close(fds[i]);
    await(fds[39], reply, false);
    setrlimit(RLIMIT_NOFILE, &saved);
    assert_int_equal(status_of(reply), 200);
    close(fds[39]);
    close_server(http);
    free(reply);
}

static void test_prefix(void **state)
{
    static const struct {
        const char *path;
        unsigned status;
        const char *tells;
    } rows[] = {{"/x/metrics", 200, "GET /metrics 0"},
                {"/x/", 200, "GET / 0"},
                {"/x", 302, "/x/"},
                {"/", 302, "/x/"},
                {"/metrics", 404, "Not found."},
                {"/xy", 404, "Not found."},
                {"/xy/metrics", 404, "Not found."}};
    const struct sp_http_config config = {.prefix = "/x"};
    struct sp_http *http = serve(&config);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char request[256];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", rows[i].path);
        ask(port_of(http, 0), request, reply);
        assert_int_equal(status_of(reply), rows[i].status);
        const char *text =
            rows[i].status == 302 ? header_of(reply->text, "Location") : body_of(reply->text);
        assert_non_null(strstr(text, rows[i].tells));
    }
    close_server(http);
    free(reply);
}

static void test_drain(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    unsigned port = port_of(http, 0);
    (void)state;
    int fd = dial(port);
    say_text(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    await_kept(1);
    sp_http_stop_listening(http);
    turn_for(20);
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_addr = {htonl(INADDR_LOOPBACK)},
                                   .sin_port = htons((uint16_t)port)};
    int refused = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(refused, (const struct sockaddr *)&to, sizeof to), -1);
    close(refused);
    assert_int_equal(sp_http_in_flight(http), 1);
    sp_http_reply_text(kept[0], 200, "drained");
    await_end(fd, reply);
    assert_string_equal(body_of(reply->text), "drained\n");
    assert_string_equal(header_of(reply->text, "Connection"), "close");
    assert_int_equal(sp_http_in_flight(http), 0);
    close(fd);
    close_server(http);
    free(reply);
}

static void test_close_while_requests_wait(void **state)
{
    struct sp_http *http = serve(NULL);
    struct reply *reply = malloc(sizeof *reply);
    int fds[10];
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        fds[i] = dial(port_of(http, 0));
        say_text(fds[i], "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    await_kept(10);
    sp_http_reply_text(kept[0], 200, "just in time, or not");
    sp_http_close(http);
    assert_int_equal(sp_http_in_flight(http), 0);
    sp_http_free(http);
    turn_for(5);
    for (size_t i = 0; i < 10; i++) {
        await_end(fds[i], reply);
        close(fds[i]);
    }
    free(reply);
}

static int dial6(unsigned port)
{
    const struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                                    .sin6_port = htons((uint16_t)port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void test_both_families(void **state)
{
    static const char *const addresses[] = {":0", "localhost:0"};
    const struct sp_http_config config = {.addresses = addresses, .address_count = 2};
    struct sp_http *http = serve(&config);
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    assert_int_equal(sp_http_address_count(http), 2);
    for (size_t i = 0; i < 2; i++) {
        ask(port_of(http, i), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", reply);
        assert_int_equal(status_of(reply), 200);
    }
    if (strncmp(sp_http_address(http, 0), "[::]:", 5) == 0) { /* the kernel has IPv6 */
        int fd = dial6(port_of(http, 0));
        assert_true(fd >= 0);
        say_text(fd, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        await(fd, reply, false);
        assert_int_equal(status_of(reply), 200);
        close(fd);
    }
    close_server(http);
    free(reply);
}

/* --- all --------------------------------------------------------------------------------------- */

static int start(void **state)
{
    struct sp_buf errors;
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    sp_buf_init(&errors, 1024);
    reserve_descriptor();
    uv_loop_init(&loop);
    web = sp_web_config_load(&loop, NULL, &errors);
    return web ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    sp_web_config_free(web);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_target_has_a_cap),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_addresses_that_cannot_be),
        cmocka_unit_test(test_address_in_use_is_named),
        cmocka_unit_test(test_systemd_is_told),
        cmocka_unit_test(test_systemd_watchdog),
        cmocka_unit_test(test_systemd_sockets),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_raw_nul_is_refused),
        cmocka_unit_test(test_head_has_a_cap),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_gzip_round_trip),
        cmocka_unit_test(test_gzip_has_bounds),
        cmocka_unit_test(test_waited_ms),
        cmocka_unit_test(test_field_lists),
        cmocka_unit_test(test_long_field_lists),
        cmocka_unit_test(test_keep_alive_and_pipelining),
        cmocka_unit_test(test_many_are_answered_later),
        cmocka_unit_test(test_reply_from_another_handler),
        cmocka_unit_test(test_client_gone_while_it_waits),
        cmocka_unit_test(test_slow_client_holds_up_nobody),
        cmocka_unit_test(test_connections_have_a_cap),
        cmocka_unit_test(test_descriptors_run_out),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_close_while_requests_wait),
        cmocka_unit_test(test_both_families),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
