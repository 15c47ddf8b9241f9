/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lookups against a DNS server inside this program, on 127.0.0.1 over UDP and TCP and in the same
 * loop, that answers, refuses, keeps silent and lies as its zone table says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/resource.h>
#include <uv.h>

#include "probe/dns.h"
#include "probe/dns_entry.h"
#include "probe/dns_order.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MESSAGE 65535u
#define TYPE_A 1u
#define TYPE_CNAME 5u
#define TYPE_AAAA 28u
#define MANY 1000u
#define TICK_MS 2u
#define GUARD_MS 50000u

/* --- the server's zone ------------------------------------------------------------------------ */

/* What a question is met with; below 16: an answer with this RCODE (RFC 1035 §4.1.1). */
enum trick {
    HONEST = 0,
    FORMERR = 1,
    SERVFAIL = 2,
    NXDOMAIN = 3,
    NOTIMP = 4,
    REFUSED = 5,
    SILENT = 16,
    GARBAGE,   /* the right id and question, then octets that are no record */
    NOISE,     /* octets that are no message, then the honest answer */
    WRONG_ID,  /* a forged answer with another id, then the honest one */
    TRUNCATED, /* only TCP gives the answer, MANY records */
};

struct zone_row {
    const char *name;
    const char *a, *aaaa; /* separated by spaces */
    const char *cname;
    enum trick a_trick, aaaa_trick;
};

static const struct zone_row zone[] = {
    {"a.test", "192.0.2.1", NULL, NULL, HONEST, HONEST},
    {"six.test", NULL, "2001:db8::6", NULL, HONEST, HONEST},
    {"both.test", "192.0.2.2 192.0.2.2", "2001:db8::2", NULL, HONEST, HONEST},
    {"two.test", "192.0.2.3 192.0.2.4", NULL, NULL, HONEST, HONEST},
    {"alias.test", NULL, NULL, "second.test", HONEST, HONEST},
    {"second.test", NULL, NULL, "end.test", HONEST, HONEST},
    {"end.test", "192.0.2.5", "2001:db8::5", NULL, HONEST, HONEST},
    {"loop.test", NULL, NULL, "loop2.test", HONEST, HONEST},
    {"loop2.test", NULL, NULL, "loop.test", HONEST, HONEST},
    {"dangling.test", NULL, NULL, "nowhere.test", HONEST, HONEST},
    {"empty.test", NULL, NULL, NULL, HONEST, HONEST},
    {"servfail.test", NULL, NULL, NULL, SERVFAIL, SERVFAIL},
    {"refused.test", NULL, NULL, NULL, REFUSED, REFUSED},
    {"notimp.test", NULL, NULL, NULL, NOTIMP, NOTIMP},
    {"formerr.test", NULL, NULL, NULL, FORMERR, FORMERR},
    {"garbage.test", NULL, NULL, NULL, GARBAGE, GARBAGE},
    {"silent.test", NULL, NULL, NULL, SILENT, SILENT},
    {"slow6.test", "192.0.2.6", NULL, NULL, HONEST, SILENT},
    {"half4.test", "192.0.2.7", NULL, NULL, HONEST, SERVFAIL},
    {"half6.test", NULL, "2001:db8::7", NULL, SERVFAIL, HONEST},
    {"halfgarbage.test", "192.0.2.8", NULL, NULL, HONEST, GARBAGE},
    {"hidden4.test", NULL, NULL, NULL, SERVFAIL, HONEST},
    {"hidden6.test", NULL, NULL, NULL, HONEST, SERVFAIL},
    {"noise.test", "192.0.2.9", NULL, NULL, NOISE, HONEST},
    {"forged.test", "192.0.2.10", NULL, NULL, WRONG_ID, HONEST},
    {"many.test", NULL, NULL, NULL, TRUNCATED, HONEST},
    {"short.search.test", "192.0.2.11", NULL, NULL, HONEST, HONEST},
};

static const struct zone_row numbered = {"", "192.0.2.99", NULL, NULL, HONEST, HONEST};

static const struct zone_row *find_row(const char *name)
{
    unsigned number;
    char end;

    for (size_t i = 0; i < COUNT(zone); i++)
        if (strcasecmp(zone[i].name, name) == 0)
            return &zone[i];
    /* n0.test, n1.test and so on */
    return sscanf(name, "n%u.tes%c", &number, &end) == 2 && end == 't' ? &numbered : NULL;
}

/* --- messages --------------------------------------------------------------------------------- */

struct message {
    uint8_t octets[MESSAGE];
    size_t len;
    unsigned answers;
};

struct question {
    uint8_t id[2];
    char name[256];
    unsigned type;
    const uint8_t *octets; /* of the question section */
    size_t len;
};

static void put(struct message *message, const void *octets, size_t len)
{
    assert_true(message->len + len <= sizeof message->octets);
    memcpy(message->octets + message->len, octets, len);
    message->len += len;
}

static void put16(struct message *message, unsigned value)
{
    uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    put(message, octets, 2);
}

static void put_name(struct message *message, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");
        uint8_t octet = (uint8_t)len;

        put(message, &octet, 1);
        put(message, name, len);
        name += len + (name[len] == '.');
    }
    put(message, "", 1);
}

static void put_record(struct message *message, const char *owner, unsigned type, const void *data,
                       size_t len)
{
    put_name(message, owner);
    put16(message, type);
    put16(message, 1);
    put16(message, 0);
    put16(message, 60);
    put16(message, (unsigned)len);
    put(message, data, len);
    message->answers++;
}

static void put_addresses(struct message *message, const char *owner, unsigned type,
                          const char *list)
{
    char ip[64];
    uint8_t octets[16];
    int family = type == TYPE_A ? AF_INET : AF_INET6;

    while (list && *list) {
        size_t len = strcspn(list, " ");

        snprintf(ip, sizeof ip, "%.*s", (int)len, list);
        assert_int_equal(inet_pton(family, ip, octets), 1);
        put_record(message, owner, type, octets, family == AF_INET ? 4 : 16);
        list += len + (list[len] == ' ');
    }
}

static void put_many(struct message *message)
{
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t octets[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};

        put_record(message, "many.test", TYPE_A, octets, 4);
    }
}

static void put_cname(struct message *message, const char *owner, const char *target)
{
    struct message data = {.len = 0};

    put_name(&data, target);
    put_record(message, owner, TYPE_CNAME, data.octets, data.len);
}

static void put_header(struct message *message, const struct question *question, unsigned flags)
{
    message->len = 0;
    message->answers = 0;
    put(message, question->id, 2);
    put16(message, 0x8180 | flags); /* an answer, recursion desired and available */
    put16(message, 1);
    put16(message, 0); /* answers: written at the end */
    put16(message, 0);
    put16(message, 0);
    put(message, question->octets, question->len);
}

static void make_honest(struct message *message, const struct question *question)
{
    const char *name = question->name;
    const struct zone_row *row = find_row(name);

    put_header(message, question, row ? 0 : NXDOMAIN);
    for (int step = 0; row && row->cname && step < 8; step++) {
        put_cname(message, name, row->cname);
        name = row->cname;
        row = find_row(name);
        if (!row)
            message->octets[3] = (uint8_t)((message->octets[3] & 0xf0) | NXDOMAIN);
    }
    if (row)
        put_addresses(message, name, question->type, question->type == TYPE_A ? row->a : row->aaaa);
    message->octets[6] = (uint8_t)(message->answers >> 8);
    message->octets[7] = (uint8_t)message->answers;
}

static bool parse_question(const uint8_t *data, size_t len, struct question *out)
{
    size_t pos = 12;
    size_t end = 0;

    memset(out, 0, sizeof *out);
    while (pos < len && data[pos] != 0) {
        size_t label = data[pos];

        if (label > 63 || pos + 1 + label >= len || end + label + 2 > sizeof out->name)
            return false;
        if (end > 0)
            out->name[end++] = '.';
        memcpy(out->name + end, data + pos + 1, label);
        end += label;
        pos += label + 1;
    }
    if (pos + 5 > len)
        return false;
    memcpy(out->id, data, 2);
    out->type = (unsigned)data[pos + 1] << 8 | data[pos + 2];
    out->octets = data + 12;
    out->len = pos + 5 - 12;
    return true;
}

/* --- the server ------------------------------------------------------------------------------- */

struct server {
    uv_udp_t udp;
    uv_tcp_t tcp;
    char text[32]; /* for --dns-server */
    unsigned questions, tcp_questions;
    bool noise_made;
    uint8_t buffer[MESSAGE];
    struct message message;
};

struct stream {
    uv_tcp_t handle;
    struct server *server;
    uint8_t in[512];
    size_t len;
};

static void send_udp(struct server *server, const struct sockaddr *peer)
{
    uv_buf_t buf = uv_buf_init((char *)server->message.octets, (unsigned)server->message.len);

    assert_int_equal(uv_udp_try_send(&server->udp, &buf, 1, peer), (int)server->message.len);
}

static void answer_udp(struct server *server, const struct question *question,
                       const struct sockaddr *peer)
{
    const struct zone_row *row = find_row(question->name);
    enum trick trick = !row ? HONEST : question->type == TYPE_A ? row->a_trick : row->aaaa_trick;

    if (trick == SILENT)
        return;
    if (trick > HONEST && trick < SILENT) {
        put_header(&server->message, question, trick);
    } else if (trick == TRUNCATED) {
        put_header(&server->message, question, 0x0200);
    } else {
        make_honest(&server->message, question);
    }
    if (trick == WRONG_ID) {
        struct message *message = &server->message;

        message->octets[1] ^= 0x55;
        message->octets[message->len - 1] = 66;
        send_udp(server, peer);
        make_honest(message, question);
    } else if (trick == NOISE && !server->noise_made) {
        struct message honest = server->message;

        /* Once: newer c-ares closes the socket on noise and asks again. */
        server->noise_made = true;
        for (size_t len = 0; len < 40; len += 3) {
            server->message.len = len;
            memset(server->message.octets, (int)(0xa5 + len), len);
            send_udp(server, peer);
        }
        server->message = honest;
    } else if (trick == GARBAGE) {
        put(&server->message, "\xc0\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
        server->message.octets[7] = 3;
    }
    send_udp(server, peer);
}

static void give_buffer(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct server *server = handle->data;

    (void)hint;
    *buf = uv_buf_init((char *)server->buffer, sizeof server->buffer);
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buf,
                        const struct sockaddr *peer, unsigned flags)
{
    struct server *server = udp->data;
    struct question question;

    (void)flags;
    if (len <= 0 || !peer || !parse_question((uint8_t *)buf->base, (size_t)len, &question))
        return;
    server->questions++;
    answer_udp(server, &question, peer);
}

static void on_stream_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void give_stream_buffer(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct stream *stream = handle->data;

    (void)hint;
    *buf =
        uv_buf_init((char *)stream->in + stream->len, (unsigned)(sizeof stream->in - stream->len));
}

static void on_sent(uv_write_t *request, int status)
{
    (void)status;
    free(request->data);
    free(request);
}

static void on_stream(uv_stream_t *handle, ssize_t len, const uv_buf_t *buf)
{
    struct stream *stream = handle->data;
    struct message *message = &stream->server->message;
    struct question question;
    uv_write_t *request;
    uv_buf_t out;

    (void)buf;
    if (len < 0) {
        uv_close((uv_handle_t *)handle, on_stream_closed);
        return;
    }
    stream->len += (size_t)len;
    if (stream->len < 2 || stream->len < 2 + (size_t)(stream->in[0] << 8 | stream->in[1]))
        return;
    assert_true(parse_question(stream->in + 2, stream->len - 2, &question));
    stream->server->tcp_questions++;
    put_header(message, &question, 0);
    if (question.type == TYPE_A)
        put_many(message);
    message->octets[6] = (uint8_t)(message->answers >> 8);
    message->octets[7] = (uint8_t)message->answers;
    stream->len = 0;
    request = calloc(1, sizeof *request);
    assert_non_null(request);
    out = uv_buf_init(malloc(message->len + 2), (unsigned)message->len + 2);
    assert_non_null(out.base);
    out.base[0] = (char)(message->len >> 8);
    out.base[1] = (char)message->len;
    memcpy(out.base + 2, message->octets, message->len);
    request->data = out.base;
    assert_int_equal(uv_write(request, handle, &out, 1, on_sent), 0);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct stream *stream = calloc(1, sizeof *stream);

    assert_int_equal(status, 0);
    assert_non_null(stream);
    stream->server = listener->data;
    uv_tcp_init(listener->loop, &stream->handle);
    stream->handle.data = stream;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&stream->handle), 0);
    uv_read_start((uv_stream_t *)&stream->handle, give_stream_buffer, on_stream);
}

static void start_server(struct server *server, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int len = sizeof address;
    int room = 1 << 20;

    memset(server, 0, sizeof *server);
    server->udp.data = server;
    server->tcp.data = server;
    uv_udp_init(loop, &server->udp);
    uv_tcp_init(loop, &server->tcp);
    for (int tries = 0; tries < 20; tries++) { /* a port that is free for both */
        uv_ip4_addr("127.0.0.1", 0, &address);
        if (tries == 0)
            assert_int_equal(uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0), 0);
        assert_int_equal(uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &len), 0);
        if (uv_udp_bind(&server->udp, (struct sockaddr *)&address, 0) == 0)
            break;
    }
    assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 16, on_connection), 0);
    /* The server reads only when the loop comes round: as much room as the system grants. */
    (void)uv_recv_buffer_size((uv_handle_t *)&server->udp, &room);
    assert_int_equal(uv_udp_recv_start(&server->udp, give_buffer, on_datagram), 0);
    snprintf(server->text, sizeof server->text, "127.0.0.1:%d", ntohs(address.sin_port));
    uv_unref((uv_handle_t *)&server->udp);
    uv_unref((uv_handle_t *)&server->tcp);
}

/* --- a test's surroundings -------------------------------------------------------------------- */

struct fixture {
    uv_loop_t loop;
    struct server server;
    struct sp_dns *dns;
    uv_timer_t guard;
    unsigned ticks;
};

/* What a callback got. */
struct got {
    unsigned calls;
    enum sp_reason reason;
    char detail[512];
    char canonical[256];
    char addresses[2048]; /* sorted, separated by spaces */
    size_t count;
    bool cut;
};

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void on_got(void *data, const struct sp_dns_answer *answer)
{
    struct got *got = data;
    char ips[SP_LIMIT_ADDRESSES][INET6_ADDRSTRLEN];

    got->calls++;
    got->reason = answer->reason;
    got->count = answer->count;
    got->cut = answer->cut;
    snprintf(got->detail, sizeof got->detail, "%s", answer->detail ? answer->detail : "");
    snprintf(got->canonical, sizeof got->canonical, "%s",
             answer->canonical ? answer->canonical : "");
    for (size_t i = 0; i < answer->count; i++)
        assert_int_equal(
            uv_ip_name((const struct sockaddr *)&answer->addresses[i], ips[i], sizeof ips[i]), 0);
    qsort(ips, answer->count, sizeof *ips, compare_text);
    got->addresses[0] = '\0';
    for (size_t i = 0; i < answer->count; i++) {
        size_t len = strlen(got->addresses);

        snprintf(got->addresses + len, sizeof got->addresses - len, "%s%s", len ? " " : "", ips[i]);
    }
}

/* Also gives uv_run something to return for when all that matters came from timers. */
static void on_guard(uv_timer_t *timer)
{
    struct fixture *fixture = timer->data;

    if (++fixture->ticks > GUARD_MS / TICK_MS)
        fail_msg("the lookups did not end in time");
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char error[128] = "";

    assert_non_null(fixture);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    start_server(&fixture->server, &fixture->loop);
    const struct sp_dns_config config = {.loop = &fixture->loop, .server = fixture->server.text};
    fixture->dns = sp_dns_new(&config, error, sizeof error);
    assert_non_null(fixture->dns);
    assert_string_equal(error, "");
    uv_timer_init(&fixture->loop, &fixture->guard);
    fixture->guard.data = fixture;
    uv_timer_start(&fixture->guard, on_guard, TICK_MS, TICK_MS);
    *state = fixture;
    return 0;
}

static void close_any(uv_handle_t *handle, void *data)
{
    (void)data;
    if (handle->type == UV_TCP && ((uv_stream_t *)handle)->read_cb)
        uv_close(handle, on_stream_closed);
    else
        uv_close(handle, NULL);
}

/* Whatever a test did: after close every handle goes, and the loop has none left. */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    uv_close((uv_handle_t *)&fixture->guard, NULL);
    if (fixture->dns)
        sp_dns_close(fixture->dns);
    while (uv_run(&fixture->loop, UV_RUN_NOWAIT) != 0)
        ;
    uv_walk(&fixture->loop, close_any, NULL); /* the server's */
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    free(fixture);
    return 0;
}

static void run_until(struct fixture *fixture, const struct got *got, unsigned calls)
{
    while (got->calls < calls)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

static void look_up(struct fixture *fixture, const char *host, enum sp_family family,
                    struct got *got)
{
    memset(got, 0, sizeof *got);
    assert_non_null(sp_dns_resolve(fixture->dns, host, family, on_got, got));
    assert_int_equal(got->calls, 0);
    run_until(fixture, got, 1);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_answers(void **state)
{
    static const struct {
        const char *host;
        enum sp_family family;
        enum sp_reason reason;
        const char *addresses, *canonical;
        const char *detail; /* a part of it */
    } rows[] = {
        {"a.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.1", "", ""},
        {"A.Test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.1", "", ""},
        {"a.test", SP_FAMILY_IPV4, SP_REASON_OK, "192.0.2.1", "", ""},
        {"a.test", SP_FAMILY_IPV6, SP_REASON_DNS_NO_ADDRESS, "", "", "no AAAA record"},
        {"six.test", SP_FAMILY_ANY, SP_REASON_OK, "2001:db8::6", "", ""},
        {"six.test", SP_FAMILY_IPV4, SP_REASON_DNS_NO_ADDRESS, "", "", "no A record"},
        {"both.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.2 2001:db8::2", "", ""},
        {"both.test", SP_FAMILY_IPV4, SP_REASON_OK, "192.0.2.2", "", ""},
        {"both.test", SP_FAMILY_IPV6, SP_REASON_OK, "2001:db8::2", "", ""},
        {"two.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.3 192.0.2.4", "", ""},
        {"alias.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.5 2001:db8::5", "end.test", ""},
        {"alias.test", SP_FAMILY_IPV4, SP_REASON_OK, "192.0.2.5", "end.test", ""},
        {"loop.test", SP_FAMILY_ANY, SP_REASON_DNS_NO_ADDRESS, "", NULL, "neither an A"},
        {"dangling.test", SP_FAMILY_ANY, SP_REASON_DNS_NXDOMAIN, "", "", "no name"},
        {"nothing.test", SP_FAMILY_ANY, SP_REASON_DNS_NXDOMAIN, "", "", "\"nothing.test\""},
        {"nothing.test", SP_FAMILY_IPV4, SP_REASON_DNS_NXDOMAIN, "", "", ""},
        {"empty.test", SP_FAMILY_ANY, SP_REASON_DNS_NO_ADDRESS, "", "", "neither an A"},
        {"servfail.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "SERVFAIL"},
        {"servfail.test", SP_FAMILY_IPV4, SP_REASON_DNS_SERVFAIL, "", "", "127.0.0.1:"},
        {"refused.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "REFUSED"},
        {"notimp.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "NOTIMP"},
        {"formerr.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "FORMERR"},
        {"garbage.test", SP_FAMILY_IPV4, SP_REASON_DNS_SERVFAIL, "", "", "makes no sense"},
        {"garbage.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "makes no sense"},
        {"half4.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.7", "", ""},
        {"half6.test", SP_FAMILY_ANY, SP_REASON_OK, "2001:db8::7", "", ""},
        {"halfgarbage.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.8", "", ""},
        {"hidden4.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "SERVFAIL"},
        {"hidden6.test", SP_FAMILY_ANY, SP_REASON_DNS_SERVFAIL, "", "", "SERVFAIL"},
        {"noise.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.9", "", ""},
        {"forged.test", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.10", "", ""},
        {"short", SP_FAMILY_ANY, SP_REASON_OK, "192.0.2.11", "", ""},
        {"localhost", SP_FAMILY_IPV4, SP_REASON_OK, "127.0.0.1", "", ""},
        {"a..test", SP_FAMILY_ANY, SP_REASON_DNS_NXDOMAIN, "", "", "can't be a name"},
        {"a234567890123456789012345678901234567890123456789012345678901234.test", SP_FAMILY_ANY,
         SP_REASON_DNS_NXDOMAIN, "", "", "can't be a name"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct got got;

        look_up(fixture, rows[i].host, rows[i].family, &got);
        if (got.reason != rows[i].reason || !strstr(got.detail, rows[i].detail))
            print_error("row %zu, %s: %s\n", i, rows[i].host, got.detail);
        assert_int_equal(got.reason, rows[i].reason);
        assert_string_equal(got.addresses, rows[i].addresses);
        if (rows[i].canonical)
            assert_string_equal(got.canonical, rows[i].canonical);
        assert_non_null(strstr(got.detail, rows[i].detail));
        assert_int_equal(got.detail[0] == '\0', got.reason == SP_REASON_OK);
        assert_false(got.cut);
    }
}

static void test_many_addresses_by_tcp(void **state)
{
    struct fixture *fixture = *state;
    struct got got;

    look_up(fixture, "many.test", SP_FAMILY_ANY, &got);
    assert_int_equal(got.reason, SP_REASON_OK);
    assert_int_equal(got.count, SP_LIMIT_ADDRESSES);
    assert_true(got.cut);
    assert_int_equal(fixture->server.tcp_questions, 1);
}

static void test_hosts_file_asks_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct got got;

    look_up(fixture, "localhost", SP_FAMILY_ANY, &got);
    assert_int_equal(got.reason, SP_REASON_OK);
    assert_non_null(strstr(got.addresses, "127.0.0.1"));
    assert_int_equal(fixture->server.questions, 0);
}

static void test_equal_names_once(void **state)
{
    struct fixture *fixture = *state;
    struct got got = {0};

    for (unsigned i = 0; i < 10000; i++)
        assert_non_null(sp_dns_resolve(fixture->dns, i % 2 ? "a.test" : "A.TEST", SP_FAMILY_IPV4,
                                       on_got, &got));
    assert_int_equal(got.calls, 0);
    run_until(fixture, &got, 10000);
    assert_int_equal(fixture->server.questions, 1);
    assert_string_equal(got.addresses, "192.0.2.1");
    /* Also when the answer is there already, and never from inside sp_dns_resolve. */
    look_up(fixture, "a.test", SP_FAMILY_IPV4, &got);
    assert_int_equal(fixture->server.questions, 1);
    /* The other family is another lookup. */
    look_up(fixture, "a.test", SP_FAMILY_IPV6, &got);
    assert_int_equal(got.reason, SP_REASON_DNS_NO_ADDRESS);
    assert_true(fixture->server.questions > 1);
}

static void test_many_names_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct got got = {0};
    char host[32];

    for (unsigned i = 0; i < 500; i++) {
        snprintf(host, sizeof host, "n%u.test", i);
        assert_non_null(sp_dns_resolve(fixture->dns, host, SP_FAMILY_ANY, on_got, &got));
    }
    run_until(fixture, &got, 500);
    assert_string_equal(got.addresses, "192.0.2.99");
    assert_in_range(fixture->server.questions, 1000, 1010);
}

static uint64_t measure_ms(uint64_t since_ns)
{
    return (uv_hrtime() - since_ns) / 1000000;
}

static void test_silence(void **state)
{
    struct fixture *fixture = *state;
    struct got silent = {0};
    struct got half = {0};
    struct got quick = {0};
    uint64_t start = uv_hrtime();

    assert_non_null(sp_dns_resolve(fixture->dns, "silent.test", SP_FAMILY_ANY, on_got, &silent));
    assert_non_null(sp_dns_resolve(fixture->dns, "slow6.test", SP_FAMILY_ANY, on_got, &half));
    assert_non_null(sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_ANY, on_got, &quick));
    run_until(fixture, &quick, 1);
    assert_true(measure_ms(start) < 1000); /* others don't wait for the silent one */
    run_until(fixture, &silent, 1);
    run_until(fixture, &half, 1);
    assert_in_range(measure_ms(start), 1500, 9000);
    assert_int_equal(silent.reason, SP_REASON_DNS_TIMEOUT);
    assert_non_null(strstr(silent.detail, fixture->server.text));
    assert_int_equal(half.reason, SP_REASON_OK);
    assert_string_equal(half.addresses, "192.0.2.6");
}

static void test_nobody_listens(void **state)
{
    struct fixture *fixture = *state;
    struct got got;
    uint64_t start = uv_hrtime();

    uv_close((uv_handle_t *)&fixture->server.udp, NULL);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    look_up(fixture, "a.test", SP_FAMILY_ANY, &got);
    assert_int_equal(got.reason, SP_REASON_DNS_TIMEOUT);
    assert_non_null(strstr(got.detail, "could not reach"));
    assert_non_null(strstr(got.detail, fixture->server.text));
    assert_true(measure_ms(start) < 9000);
}

static void test_no_sockets(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, none;
    struct got got;

    uv_run(&fixture->loop, UV_RUN_NOWAIT); /* the loop has all its descriptors */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    look_up(fixture, "a.test", SP_FAMILY_ANY, &got);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(got.reason, SP_REASON_LOCAL_RESOURCE_EXHAUSTED);
    look_up(fixture, "two.test", SP_FAMILY_ANY, &got); /* and it recovers */
    assert_int_equal(got.reason, SP_REASON_OK);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    struct got cancelled = {0};
    struct got got = {0};
    struct sp_dns_query *first, *second;

    /* Before it is asked, with nobody else: no question at all. */
    sp_dns_cancel(sp_dns_resolve(fixture->dns, "both.test", SP_FAMILY_ANY, on_got, &cancelled));
    uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->server.questions, 0);

    /* One of two. */
    first = sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_got, &cancelled);
    assert_non_null(sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_got, &got));
    sp_dns_cancel(first);
    run_until(fixture, &got, 1);
    assert_int_equal(fixture->server.questions, 1);

    /* After it was asked; the answer is kept. */
    first = sp_dns_resolve(fixture->dns, "two.test", SP_FAMILY_IPV4, on_got, &cancelled);
    while (fixture->server.questions < 2)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    sp_dns_cancel(first);
    look_up(fixture, "two.test", SP_FAMILY_IPV4, &got);
    assert_string_equal(got.addresses, "192.0.2.3 192.0.2.4");
    assert_int_equal(fixture->server.questions, 2);

    /* A known answer, before it is delivered. */
    second = sp_dns_resolve(fixture->dns, "two.test", SP_FAMILY_IPV4, on_got, &cancelled);
    sp_dns_cancel(second);
    look_up(fixture, "two.test", SP_FAMILY_IPV4, &got);
    assert_int_equal(cancelled.calls, 0);
}

struct canceller {
    struct sp_dns *dns;
    struct sp_dns_query *others[2];
    struct sp_dns_query *again;
    struct got got;
};

static void on_got_cancel_others(void *data, const struct sp_dns_answer *answer)
{
    struct canceller *canceller = data;

    assert_int_equal(answer->reason, SP_REASON_OK);
    sp_dns_cancel(canceller->others[0]);
    sp_dns_cancel(canceller->others[1]);
    canceller->again =
        sp_dns_resolve(canceller->dns, "a.test", SP_FAMILY_IPV4, on_got, &canceller->got);
    assert_int_equal(canceller->got.calls, 0);
    assert_int_equal(answer->count, 1); /* the answer outlives what the callback does */
}

static void on_never(void *data, const struct sp_dns_answer *answer)
{
    (void)data;
    (void)answer;
    fail_msg("a cancelled query was answered");
}

static void test_cancel_and_resolve_in_callback(void **state)
{
    struct fixture *fixture = *state;
    struct canceller canceller = {.dns = fixture->dns};

    assert_non_null(
        sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_got_cancel_others, &canceller));
    canceller.others[0] = sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_never, NULL);
    canceller.others[1] =
        sp_dns_resolve(fixture->dns, "silent.test", SP_FAMILY_ANY, on_never, NULL);
    run_until(fixture, &canceller.got, 1);
    assert_non_null(canceller.again);
    assert_string_equal(canceller.got.addresses, "192.0.2.1");
}

static void on_got_close(void *data, const struct sp_dns_answer *answer)
{
    struct fixture *fixture = data;

    sp_dns_close(fixture->dns);
    fixture->dns = NULL;
    assert_int_equal(answer->reason, SP_REASON_OK);
    assert_int_equal(answer->count, 1);
}

static void test_close_in_callback(void **state)
{
    struct fixture *fixture = *state;

    assert_non_null(sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_got_close, fixture));
    assert_non_null(sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_never, NULL));
    assert_non_null(sp_dns_resolve(fixture->dns, "silent.test", SP_FAMILY_IPV4, on_never, NULL));
    while (fixture->dns)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

static void test_close_in_flight(void **state)
{
    struct fixture *fixture = *state;
    char host[32];

    for (unsigned i = 0; i < 200; i++) {
        snprintf(host, sizeof host, "n%u.test", i);
        assert_non_null(sp_dns_resolve(fixture->dns, host, SP_FAMILY_ANY, on_never, NULL));
    }
    assert_non_null(sp_dns_resolve(fixture->dns, "many.test", SP_FAMILY_ANY, on_never, NULL));
    /* Some are asked, some still queued; tear_down sees that nothing is left. */
    sp_dns_close(fixture->dns);
    fixture->dns = NULL;
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void test_close_while_asked(void **state)
{
    struct fixture *fixture = *state;

    assert_non_null(sp_dns_resolve(fixture->dns, "silent.test", SP_FAMILY_ANY, on_never, NULL));
    assert_non_null(sp_dns_resolve(fixture->dns, "many.test", SP_FAMILY_IPV4, on_never, NULL));
    while (fixture->server.tcp_questions == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    sp_dns_close(fixture->dns);
    fixture->dns = NULL;
}

static void test_server_text(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.0.0.1:53", true},
        {"127.0.0.1:65535", true},
        {"::1", true},
        {"[::1]", true},
        {"[::1]:5353", true},
        {"2001:db8::1", true},
        {"", false},
        {"127.0.0.1:", false},
        {"127.0.0.1:0", false},
        {"127.0.0.1:65536", false},
        {"127.0.0.1:99999999999", false},
        {"127.0.0.1:5x", false},
        {"127.0.0.1: 53", false},
        {"127.0.0.1,8.8.8.8", false},
        {"[::1", false},
        {"[::1]5353", false},
        {"[127.0.0.1]:53", false},
        {"[]", false},
        {"dns.test", false},
        {"127.1", false},
        {"fe80::1%eth0", false},
        {":53", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uv_loop_t loop;
        char error[128] = "";
        struct sp_dns *dns;

        assert_int_equal(uv_loop_init(&loop), 0);
        const struct sp_dns_config config = {.loop = &loop, .server = rows[i].text};
        dns = sp_dns_new(&config, error, sizeof error);
        if ((dns != NULL) != rows[i].good)
            print_error("server \"%s\"\n", rows[i].text);
        assert_int_equal(dns != NULL, rows[i].good);
        assert_int_equal(error[0] == '\0', rows[i].good);
        if (dns)
            sp_dns_close(dns);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

/* The cache forgets the names that were not asked for longest, and none that is in use. */
static void test_cache_is_bounded(void **state)
{
    struct sp_dns_table *table = malloc(sizeof *table);
    struct sp_dns_entry *held = NULL;
    char host[32];

    (void)state;
    assert_non_null(table);
    sp_dns_table_init(table, SP_LIMIT_DNS_CACHE);
    for (unsigned i = 0; i < SP_LIMIT_DNS_CACHE + 10; i++) {
        struct sp_dns_entry *entry;

        snprintf(host, sizeof host, "n%u", i);
        entry = sp_dns_table_add(table, host, SP_FAMILY_ANY);
        assert_non_null(entry);
        sp_dns_table_hold(table, entry);
        sp_dns_table_finish(table, entry);
        if (i == 0)
            held = entry;
        else
            sp_dns_table_release(table, entry);
        if (i == SP_LIMIT_DNS_CACHE / 2) { /* used again: it stays */
            entry = sp_dns_table_find(table, "n1", SP_FAMILY_ANY);
            sp_dns_table_hold(table, entry);
            sp_dns_table_release(table, entry);
        }
    }
    assert_int_equal(table->idle_count, SP_LIMIT_DNS_CACHE);
    assert_ptr_equal(sp_dns_table_find(table, "n0", SP_FAMILY_ANY), held);
    assert_non_null(sp_dns_table_find(table, "n1", SP_FAMILY_ANY));
    assert_null(sp_dns_table_find(table, "n2", SP_FAMILY_ANY));
    assert_null(sp_dns_table_find(table, "n10", SP_FAMILY_ANY));
    assert_non_null(sp_dns_table_find(table, "n11", SP_FAMILY_ANY));
    assert_null(sp_dns_table_find(table, "n11", SP_FAMILY_IPV4));
    sp_dns_table_free(table);
    free(table);
}

static void replace_dns(struct fixture *fixture, const struct sp_dns_config *config)
{
    char error[128] = "";

    sp_dns_close(fixture->dns);
    fixture->dns = sp_dns_new(config, error, sizeof error);
    assert_non_null(fixture->dns);
}

/* Lookups under way are shared, and nothing is remembered. */
static void test_long_lived(void **state)
{
    struct fixture *fixture = *state;
    const struct sp_dns_config config = {
        .loop = &fixture->loop, .server = fixture->server.text, .long_lived = true};
    struct got got = {0}, other = {0};
    struct sp_dns_query *query;

    replace_dns(fixture, &config);
    assert_non_null(sp_dns_resolve(fixture->dns, "a.test", SP_FAMILY_IPV4, on_got, &other));
    look_up(fixture, "a.test", SP_FAMILY_IPV4, &got);
    run_until(fixture, &other, 1);
    assert_string_equal(got.addresses, "192.0.2.1");
    assert_string_equal(other.addresses, "192.0.2.1");
    assert_int_equal(fixture->server.questions, 1);
    look_up(fixture, "a.test", SP_FAMILY_IPV4, &got);
    assert_int_equal(fixture->server.questions, 2);
    look_up(fixture, "refused.test", SP_FAMILY_IPV4, &got);
    unsigned questions = fixture->server.questions;
    look_up(fixture, "refused.test", SP_FAMILY_IPV4, &got);
    assert_true(fixture->server.questions > questions);
    /* Nobody waits for the answer any more. */
    query = sp_dns_resolve(fixture->dns, "two.test", SP_FAMILY_IPV4, on_never, NULL);
    questions = fixture->server.questions;
    while (fixture->server.questions == questions)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    sp_dns_cancel(query);
    look_up(fixture, "a.test", SP_FAMILY_IPV4, &got);
    assert_string_equal(got.addresses, "192.0.2.1");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_follows_resolv_conf(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/test_dns.XXXXXX";
    int fd = mkstemp(path);
    const struct sp_dns_config config = {.loop = &fixture->loop,
                                         .server = fixture->server.text,
                                         .long_lived = true,
                                         .resolv_conf = path};
    struct got got = {0};
    struct sp_dns_query *silent;

    assert_true(fd >= 0);
    close(fd);
    unsetenv("LOCALDOMAIN"); /* it would win over the file */
    write_file(path, "search nowhere.test\n");
    replace_dns(fixture, &config);
    look_up(fixture, "short", SP_FAMILY_IPV4, &got);
    assert_int_equal(got.reason, SP_REASON_DNS_NXDOMAIN);
    silent = sp_dns_resolve(fixture->dns, "silent.test", SP_FAMILY_IPV4, on_never, NULL);
    for (uint64_t end = uv_now(&fixture->loop) + 1200; uv_now(&fixture->loop) < end;)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    unsigned questions = fixture->server.questions;
    write_file(path, "search search.test\n");
    look_up(fixture, "short", SP_FAMILY_IPV4, &got);
    assert_int_equal(got.reason, SP_REASON_OK);
    assert_string_equal(got.addresses, "192.0.2.11");
    /* What was under way is asked again. */
    while (fixture->server.questions < questions + 2)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    sp_dns_cancel(silent);
    unlink(path);
    setenv("LOCALDOMAIN", "search.test", 1);
}

/* What routes a machine has; NULL: none to that family. */
static const char *source_v4, *source_v6;

static void set_address(const char *ip, union sp_dns_address *out)
{
    memset(out, 0, sizeof *out);
    if (uv_ip6_addr(ip, 0, &out->in6) != 0)
        assert_int_equal(uv_ip4_addr(ip, 0, &out->in), 0);
}

static bool pretend_source(const union sp_dns_address *to, union sp_dns_address *out)
{
    const char *ip = to->any.sa_family == AF_INET ? source_v4 : source_v6;

    if (ip)
        set_address(ip, out);
    return ip != NULL;
}

static void test_order(void **state)
{
    static const struct {
        const char *v4, *v6; /* sources */
        const char *in[3], *out[3];
    } rows[] = {
        {"10.0.0.9", "2001:db8::9", {"192.0.2.1", "2001:db8::1"}, {"2001:db8::1", "192.0.2.1"}},
        {"10.0.0.9", "2001:db8::9", {"192.0.2.2", "192.0.2.1"}, {"192.0.2.2", "192.0.2.1"}},
        {"10.0.0.9", NULL, {"2001:db8::1", "192.0.2.1"}, {"192.0.2.1", "2001:db8::1"}},
        {NULL, "2001:db8::9", {"192.0.2.1", "2001:db8::1"}, {"2001:db8::1", "192.0.2.1"}},
        {"10.0.0.9", "fd00::9", {"2001:db8::1", "192.0.2.1"}, {"192.0.2.1", "2001:db8::1"}},
        {"10.0.0.9", "fe80::9", {"2001:db8::1", "192.0.2.1"}, {"192.0.2.1", "2001:db8::1"}},
        {"10.0.0.9",
         "2001:db8::9",
         {"fd00::1", "2002::1", "192.0.2.1"},
         {"192.0.2.1", "2002::1", "fd00::1"}},
        {"127.0.0.1", "::1", {"127.0.0.1", "::1"}, {"::1", "127.0.0.1"}},
        {NULL,
         NULL,
         {"fd00::1", "192.0.2.1", "2001:db8::1"},
         {"2001:db8::1", "192.0.2.1", "fd00::1"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        union sp_dns_address addresses[3];
        size_t count = 0;

        while (count < 3 && rows[i].in[count]) {
            set_address(rows[i].in[count], &addresses[count]);
            count++;
        }
        source_v4 = rows[i].v4;
        source_v6 = rows[i].v6;
        sp_dns_order(addresses, count, pretend_source);
        for (size_t k = 0; k < count; k++) {
            char ip[INET6_ADDRSTRLEN];

            assert_int_equal(uv_ip_name(&addresses[k].any, ip, sizeof ip), 0);
            assert_string_equal(ip, rows[i].out[k]);
        }
    }
}

static void test_find_source(void **state)
{
    union sp_dns_address to, source;

    (void)state;
    set_address("127.0.0.1", &to);
    assert_true(sp_dns_find_source(&to, &source));
    assert_int_equal(source.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

int main(void)
{
#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_LOOP(test_answers),
        IN_LOOP(test_many_addresses_by_tcp),
        IN_LOOP(test_hosts_file_asks_nobody),
        IN_LOOP(test_equal_names_once),
        IN_LOOP(test_many_names_at_once),
        IN_LOOP(test_silence),
        IN_LOOP(test_nobody_listens),
        IN_LOOP(test_no_sockets),
        IN_LOOP(test_cancel),
        IN_LOOP(test_cancel_and_resolve_in_callback),
        IN_LOOP(test_close_in_callback),
        IN_LOOP(test_close_in_flight),
        IN_LOOP(test_close_while_asked),
        IN_LOOP(test_long_lived),
        IN_LOOP(test_follows_resolv_conf),
        cmocka_unit_test(test_server_text),
        cmocka_unit_test(test_cache_is_bounded),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_find_source),
    };

    /* Instead of the machine's search list. */
    setenv("LOCALDOMAIN", "search.test", 1);
    setenv("RES_OPTIONS", "ndots:1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
