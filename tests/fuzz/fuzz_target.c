/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Target lines: whatever stands in a line, the endpoint is either whole or says why it is not. */
#include "probe/endpoint.h"
#include "probe/host.h"
#include "probe/limits.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)  \
    do {                    \
        if (!(condition)) { \
            abort();        \
        }                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What everybody behind the parser relies on. */
static void check_host(const char *host, bool numeric)
{
    unsigned char octets[16];
    char address[64];

    if (!numeric) {
        REQUIRE(*host != '\0' && strlen(host) <= 253 && host[strlen(host) - 1] != '.');
        REQUIRE(host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0');
        REQUIRE(strstr(host, "..") == NULL);
        return;
    }
    size_t len = strcspn(host, "%");
    REQUIRE(len < sizeof(address));
    memcpy(address, host, len);
    address[len] = '\0';
    REQUIRE(inet_pton(strchr(address, ':') != NULL ? AF_INET6 : AF_INET, address, octets) == 1);
}

static void check_endpoint(const struct sp_endpoint *endpoint)
{
    REQUIRE(endpoint->input != NULL && endpoint->options != NULL);
    REQUIRE(endpoint->tls != SP_TLS_DEFAULT && endpoint->verify != SP_VERIFY_DEFAULT);
    if (endpoint->invalid != NULL) {
        REQUIRE(*endpoint->invalid != '\0' && endpoint->host == NULL);
        for (const char *c = endpoint->invalid; *c != '\0'; c++) {
            REQUIRE(*c >= 0x20 && *c < 0x7f);
        }
        return;
    }
    REQUIRE((endpoint->host == NULL) == (endpoint->unix_path != NULL));
    REQUIRE((endpoint->port == 0) == (endpoint->unix_path != NULL));
    if (endpoint->host != NULL) {
        check_host(endpoint->host, endpoint->numeric);
        REQUIRE(endpoint->server_name != NULL);
    }
    if (endpoint->server_name != NULL) {
        REQUIRE(strpbrk(endpoint->server_name, "%/ \r\n") == NULL);
    }
    /* This goes into a command. */
    REQUIRE(strpbrk(endpoint->options->ehlo_name, " \t\r\n") == NULL);
    REQUIRE(strlen(endpoint->options->ehlo_name) <= 253);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_options options;
    struct sp_endpoint endpoint;

    if (arena == NULL) {
        return 0;
    }
    sp_options_init(&options);
    options.ehlo_name = "probe.example.org";
    if (sp_endpoint_parse(arena, (const char *)data, size, &options, &endpoint)) {
        check_endpoint(&endpoint);
    }
    sp_arena_free(arena);
    return 0;
}
