/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For the tests of the prober and the history: a configuration made by hand instead of from a file, and
 * small servers on the loop of the test: one that speaks SMTP, and one that answers DNS questions.
 */
#ifndef SP_TESTS_UNIT_EXPORTER_FAKE_H
#define SP_TESTS_UNIT_EXPORTER_FAKE_H

#include "prometheus/config.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

/* --- the configuration ------------------------------------------------------------------------ */

struct sp_config {
    unsigned references;
    struct sp_exporter_settings settings;
    struct sp_module module;
    struct sp_materials materials; /* none: nothing of a fake is verified */
    struct sp_arena *arena;
};

static unsigned fake_configs; /* those that are alive */

static inline struct sp_config *fake_config(void)
{
    struct sp_config *config = calloc(1, sizeof *config);
    char error[256];
    assert_non_null(config);
    config->references = 1;
    config->arena = sp_arena_new(65536);
    assert_non_null(config->arena);
    config->settings = (struct sp_exporter_settings){.max_in_flight = 500, .max_per_target = 4};
    config->module.name = "smtp";
    config->module.materials = &config->materials;
    sp_options_init(&config->module.options);
    config->module.options.tls = SP_TLS_NONE;
    config->module.options.ehlo_name = "probe.example";
    assert_true(sp_options_finish(&config->module.options, config->arena, error, sizeof error));
    fake_configs++;
    return config;
}

struct sp_config *sp_config_ref(struct sp_config *config)
{
    config->references++;
    return config;
}

void sp_config_unref(struct sp_config *config)
{
    if (!config || --config->references > 0)
        return;
    sp_arena_free(config->arena);
    free(config);
    fake_configs--;
}

const struct sp_exporter_settings *sp_config_settings(const struct sp_config *config)
{
    return &config->settings;
}

static inline void fake_allow(struct sp_config *config, const char *const *patterns, size_t count)
{
    config->settings.allow_targets = patterns;
    config->settings.allow_target_count = count;
}

/* --- SMTP ------------------------------------------------------------------------------------- */

enum fake_manner {
    FAKE_HONEST,
    FAKE_SILENT,      /* connects and says nothing */
    FAKE_EHLO_SILENT, /* nothing behind the banner */
    FAKE_LARGE        /* an EHLO reply as long as it may be */
};

struct fake_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    enum fake_manner manner;
    uint16_t port;
    unsigned accepted;
    char local_ip[INET_ADDRSTRLEN]; /* where the last client came in */
};

struct fake_client {
    uv_tcp_t tcp;
    struct fake_server *server;
    uv_write_t write;
    char line[512];
    size_t len;
    bool busy;
};

static inline void fake_on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static inline void fake_close(struct fake_client *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->tcp))
        uv_close((uv_handle_t *)&client->tcp, fake_on_closed);
}

static inline void fake_say(struct fake_client *client, const char *text)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));
    uv_try_write((uv_stream_t *)&client->tcp, &buf, 1);
}

static inline void fake_say_large(struct fake_client *client)
{
    char line[128];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(line, sizeof line, "250-X-CAPABILITY-%03u %0100u\r\n", i, i);
        fake_say(client, line);
    }
    fake_say(client, "250 HELP\r\n");
}

static inline void fake_answer(struct fake_client *client)
{
    if (strncmp(client->line, "QUIT", 4) == 0) {
        fake_say(client, "221 bye\r\n");
        fake_close(client);
    } else if (client->server->manner == FAKE_LARGE) {
        fake_say_large(client);
    } else if (client->server->manner == FAKE_HONEST) {
        fake_say(client, "250-mx.example\r\n250 SIZE 1000\r\n");
    }
}

static inline void fake_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct fake_client *client = handle->data;
    (void)size;
    *out =
        uv_buf_init(client->line + client->len, (unsigned)(sizeof client->line - 1 - client->len));
}

static inline void fake_on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct fake_client *client = stream->data;
    (void)buf;
    if (count < 0) {
        fake_close(client);
        return;
    }
    client->len += (size_t)count;
    client->line[client->len] = '\0';
    if (strstr(client->line, "\r\n")) {
        client->len = 0;
        fake_answer(client);
    }
}

static inline void fake_on_connection(uv_stream_t *listener, int status)
{
    struct fake_server *server = listener->data;
    struct fake_client *client = calloc(1, sizeof *client);
    struct sockaddr_in local;
    int len = sizeof local;
    assert_int_equal(status, 0);
    assert_non_null(client);
    uv_tcp_init(server->loop, &client->tcp);
    client->tcp.data = client;
    client->server = server;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&client->tcp), 0);
    server->accepted++;
    uv_tcp_getsockname(&client->tcp, (struct sockaddr *)&local, &len);
    inet_ntop(AF_INET, &local.sin_addr, server->local_ip, sizeof server->local_ip);
    if (server->manner != FAKE_SILENT)
        fake_say(client, "220 mx.example ESMTP\r\n");
    uv_read_start((uv_stream_t *)&client->tcp, fake_alloc, fake_on_read);
}

static inline void fake_server_start(struct fake_server *server, uv_loop_t *loop)
{
    struct sockaddr_in any;
    int len = sizeof any;
    memset(server, 0, sizeof *server);
    server->loop = loop;
    uv_tcp_init(loop, &server->listener);
    server->listener.data = server;
    uv_ip4_addr("0.0.0.0", 0, &any); /* so that 127.0.0.2 is served too */
    assert_int_equal(uv_tcp_bind(&server->listener, (struct sockaddr *)&any, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->listener, 1024, fake_on_connection), 0);
    uv_tcp_getsockname(&server->listener, (struct sockaddr *)&any, &len);
    server->port = ntohs(any.sin_port);
    uv_unref((uv_handle_t *)&server->listener);
}

/* --- DNS -------------------------------------------------------------------------------------- */

/* Answers each question for A with `addresses`, and for AAAA with nothing. */
struct fake_dns {
    uv_udp_t udp;
    char address[32]; /* for --dns-server */
    const char *addresses[4];
    bool silent;
    unsigned asked; /* questions for A */
    uint8_t octets[1024];
};

static inline void fake_dns_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct fake_dns *dns = handle->data;
    (void)size;
    *out = uv_buf_init((char *)dns->octets, 512);
}

static inline void fake_dns_read(uv_udp_t *udp, ssize_t count, const uv_buf_t *buf,
                                 const struct sockaddr *from, unsigned flags)
{
    struct fake_dns *dns = udp->data;
    uint8_t *octets = dns->octets;
    size_t at = 12, answers = 0;
    (void)buf;
    (void)flags;
    if (count < 17 || !from)
        return;
    while (at < (size_t)count && octets[at] != 0)
        at += octets[at] + 1u;
    at += 5; /* the root's label, type, class */
    if (at > (size_t)count)
        return;
    bool ipv4 = octets[at - 3] == 1;
    dns->asked += ipv4;
    if (dns->silent)
        return;
    for (size_t i = 0; ipv4 && i < 4 && dns->addresses[i]; i++, answers++) {
        static const uint8_t head[12] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
        memcpy(octets + at, head, sizeof head);
        inet_pton(AF_INET, dns->addresses[i], octets + at + sizeof head);
        at += sizeof head + 4;
    }
    octets[2] = 0x81; /* an answer */
    octets[3] = 0x80;
    octets[6] = octets[8] = octets[9] = octets[10] = octets[11] = 0;
    octets[7] = (uint8_t)answers;
    uv_buf_t out = uv_buf_init((char *)octets, (unsigned)at);
    uv_udp_try_send(udp, &out, 1, from);
}

static inline void fake_dns_start(struct fake_dns *dns, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int len = sizeof address;
    memset(dns, 0, sizeof *dns);
    uv_udp_init(loop, &dns->udp);
    dns->udp.data = dns;
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_udp_bind(&dns->udp, (struct sockaddr *)&address, 0), 0);
    uv_udp_getsockname(&dns->udp, (struct sockaddr *)&address, &len);
    snprintf(dns->address, sizeof dns->address, "127.0.0.1:%u", ntohs(address.sin_port));
    uv_udp_recv_start(&dns->udp, fake_dns_alloc, fake_dns_read);
    uv_unref((uv_handle_t *)&dns->udp);
}

#endif
