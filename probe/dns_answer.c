/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/dns_answer.h"

#include "probe/dns_order.h"
#include "probe/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CNAMES_READ 32u /* c-ares gives as many as fit in 64 KiB */
#define SERVERS_TEXT 160u

__attribute__((format(printf, 3, 4))) static void fail_entry(struct sp_dns_entry *entry,
                                                             enum sp_reason reason,
                                                             const char *format, ...)
{
    char text[SP_LIMIT_HOST + 256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    entry->reason = reason;
    entry->detail = strdup(text); /* NULL: the reason has to do without */
}

/* The servers that are asked, for people: "192.0.2.1:53,192.0.2.2:53". */
static void describe_servers(ares_channel channel, char *text, size_t size)
{
#if ARES_VERSION >= 0x011800
    char *csv = ares_get_servers_csv(channel);

    snprintf(text, size, "%s", csv ? csv : "");
    ares_free_string(csv);
#else
    struct ares_addr_port_node *servers = NULL;
    size_t len = 0;

    text[0] = '\0';
    if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS)
        return;
    for (struct ares_addr_port_node *server = servers; server; server = server->next) {
        char ip[INET6_ADDRSTRLEN] = "";
        bool v6 = server->family == AF_INET6;
        int port = server->udp_port ? server->udp_port : 53;
        int more;

        inet_ntop(server->family, &server->addr, ip, sizeof ip);
        more = snprintf(text + len, size - len, "%s%s%s%s:%d", len ? "," : "", v6 ? "[" : "", ip,
                        v6 ? "]" : "", port);
        if (more < 0 || (size_t)more >= size - len)
            break;
        len += (size_t)more;
    }
    ares_free_data(servers);
#endif
}

/* c-ares says "refused" too when it got no socket: is that so? */
static bool lacks_sockets(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
}

static const char *name_records(enum sp_family family)
{
    if (family == SP_FAMILY_IPV4)
        return "no A record";
    return family == SP_FAMILY_IPV6 ? "no AAAA record" : "neither an A nor an AAAA record";
}

/* What a DNS server's refusal is called in the DNS itself (RFC 1035 §4.1.1). */
static const char *name_failure(int status)
{
    switch (status) {
    case ARES_ESERVFAIL: return "SERVFAIL";
    case ARES_EREFUSED: return "REFUSED";
    case ARES_ENOTIMP: return "NOTIMP";
    case ARES_EFORMERR: return "FORMERR";
    default: return "an answer that makes no sense";
    }
}

void sp_dns_answer_fail(struct sp_dns_entry *entry, ares_channel channel, int status,
                        bool no_sockets)
{
    char servers[SERVERS_TEXT];

    describe_servers(channel, servers, sizeof servers);
    switch (status) {
    case ARES_ENOTFOUND:
        fail_entry(entry, SP_REASON_DNS_NXDOMAIN, "there is no name \"%s\"", entry->host);
        break;
    case ARES_EBADNAME:
        fail_entry(entry, SP_REASON_DNS_NXDOMAIN, "\"%s\" can't be a name in the DNS", entry->host);
        break;
    case ARES_ENODATA:
        fail_entry(entry, SP_REASON_DNS_NO_ADDRESS, "\"%s\" has %s", entry->host,
                   name_records(entry->family));
        break;
    case ARES_ENOMEM: fail_entry(entry, SP_REASON_INTERNAL_ERROR, "out of memory"); break;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
        if (no_sockets || lacks_sockets())
            fail_entry(entry, SP_REASON_LOCAL_RESOURCE_EXHAUSTED,
                       "no socket to ask the DNS server");
        else
            fail_entry(entry, SP_REASON_DNS_TIMEOUT, "%s the DNS server %s",
                       status == ARES_ETIMEOUT ? "no answer from" : "could not reach", servers);
        break;
    default:
        fail_entry(entry, SP_REASON_DNS_SERVFAIL, "the DNS server %s answered %s", servers,
                   name_failure(status));
    }
}

static bool same_address(const union sp_dns_address *a, const union sp_dns_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0 &&
           a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

static bool read_address(const struct ares_addrinfo_node *node, union sp_dns_address *out)
{
    memset(out, 0, sizeof *out);
    if (node->ai_family == AF_INET && node->ai_addrlen >= sizeof out->in)
        memcpy(&out->in, node->ai_addr, sizeof out->in);
    else if (node->ai_family == AF_INET6 && node->ai_addrlen >= sizeof out->in6)
        memcpy(&out->in6, node->ai_addr, sizeof out->in6);
    else
        return false;
    out->any.sa_family = (sa_family_t)node->ai_family;
    if (node->ai_family == AF_INET)
        out->in.sin_port = 0;
    else
        out->in6.sin6_port = 0;
    return true;
}

/* Keeps each address once, as many as the cap allows. False: out of memory. */
static bool keep_addresses(struct sp_dns_entry *entry, const struct ares_addrinfo *info)
{
    union sp_dns_address kept[SP_LIMIT_ADDRESSES];
    size_t count = 0;

    for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
        union sp_dns_address address;
        size_t i = 0;

        if (!read_address(node, &address))
            continue;
        while (i < count && !same_address(&kept[i], &address))
            i++;
        if (i < count)
            continue;
        if (count == SP_LIMIT_ADDRESSES) {
            entry->cut = true;
            break;
        }
        kept[count++] = address;
    }
    if (count == 0)
        return true;
    entry->addresses = malloc(count * sizeof *kept);
    if (!entry->addresses)
        return false;
    sp_dns_order(kept, count, sp_dns_find_source);
    memcpy(entry->addresses, kept, count * sizeof *kept);
    entry->count = count;
    return true;
}

/* Is the name one that leads on to another? */
static bool is_alias(const struct ares_addrinfo *info, const char *name)
{
    const struct ares_addrinfo_cname *cname = info->cnames;

    for (unsigned i = 0; cname && i < CNAMES_READ; i++, cname = cname->next)
        if (cname->alias && strcasecmp(cname->alias, name) == 0)
            return true;
    return false;
}

/* The end of the CNAME chain, which may be listed in any order and, for two families, twice. */
static void keep_canonical(struct sp_dns_entry *entry, const struct ares_addrinfo *info)
{
    const struct ares_addrinfo_cname *cname = info->cnames;

    for (unsigned i = 0; cname && i < CNAMES_READ; i++, cname = cname->next) {
        if (!cname->name || strlen(cname->name) > SP_LIMIT_HOST || is_alias(info, cname->name))
            continue;
        if (strcasecmp(cname->name, entry->host) != 0) {
            free(entry->canonical);
            entry->canonical = strdup(cname->name); /* NULL: a nicety less */
        }
        return;
    }
}

int sp_dns_answer_read(struct sp_dns_entry *entry, const struct ares_addrinfo *info)
{
    if (!keep_addresses(entry, info))
        return ARES_ENOMEM;
    keep_canonical(entry, info);
    return entry->count > 0 ? ARES_SUCCESS : ARES_ENODATA;
}

void sp_dns_answer_fill(const struct sp_dns_entry *entry, struct sp_dns_answer *out_answer)
{
    memset(out_answer, 0, sizeof *out_answer);
    out_answer->reason = entry->reason;
    out_answer->detail = entry->detail;
    out_answer->canonical = entry->canonical;
    out_answer->count = entry->count;
    out_answer->cut = entry->cut;
    for (size_t i = 0; i < entry->count; i++)
        memcpy(&out_answer->addresses[i], &entry->addresses[i], sizeof entry->addresses[i]);
}
