/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/machine.h"

#include "probe/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_LINE 1024

/* A name that can be told to others: valid, more than one label, and no localhost. */
static const char *check_fqdn(struct sp_arena *arena, const char *name)
{
    char error[256];
    struct sp_host host;

    if (!sp_host_parse(arena, name, strlen(name), &host, error, sizeof(error)) ||
        host.family != 0 || strchr(host.name, '.') == NULL ||
        strncmp(host.name, "localhost.", 10) == 0) {
        return NULL;
    }
    return host.name;
}

/* One line of hosts(5): address, name, more names. Returns the first name with a dot if `name` is one
 * of them. Changes the line. */
static const char *match_hosts_line(char *line, const char *name)
{
    char *state = NULL, *fqdn = NULL;
    bool found = false;

    line[strcspn(line, "#\r\n")] = '\0';
    if (strtok_r(line, " \t", &state) == NULL) {
        return NULL;
    }
    for (char *word; (word = strtok_r(NULL, " \t", &state)) != NULL;) {
        found = found || strcasecmp(word, name) == 0;
        if (fqdn == NULL && strchr(word, '.') != NULL) {
            fqdn = word;
        }
    }
    return found ? fqdn : NULL;
}

const char *sp_machine_name_in_hosts(const char *path, const char *name, char *out, size_t size)
{
    char line[HOSTS_LINE];
    const char *found = NULL;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return NULL;
    }
    while (found == NULL && fgets(line, sizeof(line), file) != NULL) {
        found = match_hosts_line(line, name);
    }
    fclose(file);
    if (found == NULL || strlen(found) >= size) {
        return NULL;
    }
    memcpy(out, found, strlen(found) + 1);
    return out;
}

/* How good an address is for telling others who we are; 0: not at all. */
static int rank_address(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        uint32_t ip = ntohl(v4.sin_addr.s_addr);
        if (ip >> 24 == 127 || ip >> 16 == 0xa9fe) { /* loopback, 169.254/16 */
            return 0;
        }
        bool own_use = ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8; /* RFC 1918 */
        return own_use ? 2 : 4;
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        const uint8_t *octets = v6.sin6_addr.s6_addr;
        if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) {
            return 0;
        }
        return (octets[0] & 0xfe) == 0xfc ? 1 : 3; /* RFC 4193 */
    }
    return 0;
}

/* RFC 5321 §4.1.3. */
static const char *format_literal(struct sp_arena *arena, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
        return sp_arena_printf(arena, "[%s]", text);
    }
    memcpy(&v6, address, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return sp_arena_printf(arena, "[IPv6:%s]", text);
}

static const char *choose_literal(struct sp_arena *arena)
{
    struct ifaddrs *all = NULL;
    const struct sockaddr *best = NULL;
    const char *literal;
    int best_rank = 0;

    if (getifaddrs(&all) != 0) {
        all = NULL;
    }
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || (one->ifa_flags & IFF_UP) == 0) {
            continue;
        }
        int rank = rank_address(one->ifa_addr);
        if (rank > best_rank) {
            best_rank = rank;
            best = one->ifa_addr;
        }
    }
    literal = best == NULL ? "[127.0.0.1]" : format_literal(arena, best);
    if (all != NULL) {
        freeifaddrs(all);
    }
    return literal;
}

const char *sp_machine_ehlo_name(struct sp_arena *arena)
{
    char host[256], name[256];
    const char *fqdn = NULL;

    if (gethostname(host, sizeof(host)) == 0) {
        host[sizeof(host) - 1] = '\0';
        fqdn = check_fqdn(arena, host);
        if (fqdn == NULL &&
            sp_machine_name_in_hosts(HOSTS_FILE, host, name, sizeof(name)) != NULL) {
            fqdn = check_fqdn(arena, name);
        }
    }
    return fqdn != NULL ? fqdn : choose_literal(arena);
}
