/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar stands in allow.h. */
#include "prometheus/allow.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_PREFIX "lmtp+unix:"
#define MAPPED_BITS 96u

/* An address without port and zone; v4-mapped ones are IPv4. */
struct address {
    int family; /* AF_INET, AF_INET6; 0: none */
    uint8_t octets[16];
};

enum kind { KIND_BELOW, KIND_NAME, KIND_NETWORK, KIND_SOCKET };

struct rule {
    enum kind kind;
    const char *text; /* the name without "*.", or the path */
    size_t len;
    struct address network;
    unsigned bits;
};

struct sp_allow {
    struct sp_arena *arena;
    struct rule *rules;
    size_t count;
    bool networks; /* there is one among them */
};

/* --- addresses -------------------------------------------------------------------------------- */

static void normalize(struct address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address->family != AF_INET6 || memcmp(address->octets, mapped, sizeof mapped) != 0)
        return;
    address->family = AF_INET;
    memmove(address->octets, address->octets + 12, 4);
    memset(address->octets + 4, 0, 12);
}

/* A numeric host as sp_host_parse leaves it, or what stands before the slash of a pattern. */
static bool parse_address(const char *text, size_t len, struct address *out)
{
    char copy[INET6_ADDRSTRLEN];
    const char *zone = memchr(text, '%', len);
    if (zone)
        len = (size_t)(zone - text);
    *out = (struct address){0};
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, out->octets) == 1)
        out->family = AF_INET;
    else if (inet_pton(AF_INET6, copy, out->octets) == 1)
        out->family = AF_INET6;
    return out->family != 0;
}

static struct address address_of(const struct sockaddr_storage *from)
{
    struct address address = {.family = from->ss_family};
    if (from->ss_family == AF_INET)
        memcpy(address.octets, (const uint8_t *)from + offsetof(struct sockaddr_in, sin_addr), 4);
    else if (from->ss_family == AF_INET6)
        memcpy(address.octets, (const uint8_t *)from + offsetof(struct sockaddr_in6, sin6_addr),
               16);
    else
        address.family = 0;
    normalize(&address);
    return address;
}

/* The first `bits` bits are the same. */
static bool shares_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool has_bits_behind(const struct address *address, unsigned bits)
{
    unsigned size = address->family == AF_INET ? 32 : 128;
    for (unsigned i = bits; i < size; i++)
        if (address->octets[i / 8] & (0x80u >> (i % 8)))
            return true;
    return false;
}

/* --- compiling -------------------------------------------------------------------------------- */

static bool refuse(const char *pattern, const char *why, char *error, size_t size)
{
    char quoted[SP_QUOTE_SIZE];
    snprintf(error, size, "%s: %s", sp_quote(quoted, sizeof quoted, pattern, strlen(pattern)), why);
    return false;
}

/* The address is known to be one. `slash`: where the bits stand, or NULL. */
static bool compile_network(const char *pattern, const char *slash, struct rule *rule, char *error,
                            size_t size)
{
    unsigned widest = rule->network.family == AF_INET ? 32 : 128;
    uint64_t bits = widest;
    if (strchr(pattern, '%'))
        return refuse(pattern, "a zone can't be in a pattern", error, size);
    if (slash && !sp_parse_uint(slash + 1, widest, &bits))
        return refuse(pattern, "behind the slash stands no number of bits that fits", error, size);
    rule->kind = KIND_NETWORK;
    rule->bits = (unsigned)bits;
    if (has_bits_behind(&rule->network, rule->bits))
        return refuse(pattern, "bits are set behind the prefix: write the network's first address",
                      error, size);
    normalize(&rule->network);
    if (widest == 128 && rule->network.family == AF_INET) {
        if (rule->bits < MAPPED_BITS)
            return refuse(pattern, "a v4-mapped network has at least 96 bits", error, size);
        rule->bits -= MAPPED_BITS;
    }
    return true;
}

static bool compile_socket(struct sp_arena *arena, const char *pattern, struct rule *rule,
                           char *error, size_t size)
{
    const char *path = pattern + strlen(SOCKET_PREFIX);
    if (*path != '/')
        return refuse(pattern, "the socket's path must start with /", error, size);
    rule->kind = KIND_SOCKET;
    rule->text = sp_arena_strdup(arena, path);
    return rule->text || refuse(pattern, "out of memory", error, size);
}

static bool compile_name(struct sp_arena *arena, const char *pattern, struct rule *rule,
                         char *error, size_t size)
{
    char why[256];
    struct sp_host host;
    bool below = pattern[0] == '*' && pattern[1] == '.';
    const char *name = below ? pattern + 2 : pattern;
    if (strcmp(pattern, "*") == 0)
        return refuse(pattern, "to allow every target leave the list empty", error, size);
    if (strchr(name, ':'))
        return refuse(pattern, "it is no IPv6 address, and a pattern has no port", error, size);
    if (!sp_host_parse(arena, name, strlen(name), &host, why, sizeof why))
        return refuse(pattern, why, error, size);
    if (host.family != 0)
        return refuse(pattern, "below an address there are no names", error, size);
    rule->kind = below ? KIND_BELOW : KIND_NAME;
    rule->text = host.name;
    rule->len = strlen(host.name);
    return true;
}

static bool compile(struct sp_arena *arena, const char *pattern, struct rule *rule, char *error,
                    size_t size)
{
    const char *slash = strchr(pattern, '/');
    size_t len = slash ? (size_t)(slash - pattern) : strlen(pattern);
    *rule = (struct rule){0};
    if (strlen(pattern) > SP_LIMIT_ALLOW_PATTERN)
        return refuse(pattern, "the pattern is too long", error, size);
    if (strncmp(pattern, SOCKET_PREFIX, strlen(SOCKET_PREFIX)) == 0)
        return compile_socket(arena, pattern, rule, error, size);
    if (parse_address(pattern, len, &rule->network))
        return compile_network(pattern, slash, rule, error, size);
    if (slash)
        return refuse(pattern, "before the slash stands no IP address", error, size);
    return compile_name(arena, pattern, rule, error, size);
}

struct sp_allow *sp_allow_new(const char *const *patterns, size_t count, char *error, size_t size)
{
    struct sp_allow *allow = calloc(1, sizeof *allow);
    if (allow) {
        allow->arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
        allow->rules = calloc(count + 1, sizeof *allow->rules);
    }
    if (!allow || !allow->arena || !allow->rules) {
        snprintf(error, size, "out of memory");
        sp_allow_free(allow);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct rule *rule = &allow->rules[allow->count++];
        if (!compile(allow->arena, patterns[i], rule, error, size)) {
            sp_allow_free(allow);
            return NULL;
        }
        allow->networks = allow->networks || rule->kind == KIND_NETWORK;
    }
    return allow;
}

void sp_allow_free(struct sp_allow *allow)
{
    if (!allow)
        return;
    sp_arena_free(allow->arena);
    free(allow->rules);
    free(allow);
}

bool sp_allow_check(const char *pattern, char *error, size_t size)
{
    struct sp_allow *allow = sp_allow_new(&pattern, 1, error, size);
    bool ok = allow != NULL;
    sp_allow_free(allow);
    return ok;
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool matches_name(const struct rule *rule, const char *host, size_t len)
{
    if (rule->kind == KIND_NAME)
        return len == rule->len && memcmp(host, rule->text, len) == 0;
    return rule->kind == KIND_BELOW && len > rule->len + 1 && host[len - rule->len - 1] == '.' &&
           memcmp(host + len - rule->len, rule->text, rule->len) == 0;
}

static bool matches_network(const struct sp_allow *allow, const struct address *address)
{
    for (size_t i = 0; i < allow->count; i++) {
        const struct rule *rule = &allow->rules[i];
        if (rule->kind == KIND_NETWORK && rule->network.family == address->family &&
            shares_prefix(rule->network.octets, address->octets, rule->bits))
            return true;
    }
    return false;
}

static bool matches_socket(const struct sp_allow *allow, const char *path)
{
    for (size_t i = 0; i < allow->count; i++)
        if (allow->rules[i].kind == KIND_SOCKET && strcmp(allow->rules[i].text, path) == 0)
            return true;
    return false;
}

enum sp_allow_verdict sp_allow_target(const struct sp_allow *allow,
                                      const struct sp_endpoint *endpoint)
{
    if (endpoint->unix_path)
        return matches_socket(allow, endpoint->unix_path) ? SP_ALLOW_YES : SP_ALLOW_NO;
    if (allow->count == 0)
        return SP_ALLOW_YES;
    size_t len = strlen(endpoint->host);
    if (endpoint->numeric) {
        struct address address;
        if (!parse_address(endpoint->host, len, &address))
            return SP_ALLOW_NO;
        normalize(&address);
        return matches_network(allow, &address) ? SP_ALLOW_YES : SP_ALLOW_NO;
    }
    for (size_t i = 0; i < allow->count; i++)
        if (matches_name(&allow->rules[i], endpoint->host, len))
            return SP_ALLOW_YES;
    return allow->networks ? SP_ALLOW_BY_ADDRESS : SP_ALLOW_NO;
}

bool sp_allow_address(const struct sp_allow *allow, const struct sockaddr_storage *address)
{
    const struct address wanted = address_of(address);
    if (wanted.family == 0)
        return false;
    return allow->count == 0 || matches_network(allow, &wanted);
}
