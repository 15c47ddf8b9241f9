/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host  = name ["."] | IPv4 | IPv6 ["%" zone]
 * name  = label *("." label)
 * label = 1*63 (ALPHA | DIGIT | "_" | "-")     ; no hyphen at either end; U-labels are mapped before
 * IPv4  = four decimal numbers 0..255 without leading zeros
 */
#include "probe/host.h"

#include "probe/limits.h"
#include "probe/values.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_OCTETS 253u /* RFC 1035 §2.3.4: 255 on the wire */
#define LABEL_MAX_OCTETS 63u
#define INPUT_MAX_OCTETS 1000u /* a name of 253 octets has less, written in any script */

const char *sp_quote(char *out, size_t size, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;

    out[used++] = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (used + 4 + 5 > size) { /* one more escape, and the end */
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (c >= 0x20 && c < 0x7f) {
            out[used++] = (char)c;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        }
    }
    out[used++] = '"';
    out[used] = '\0';
    return out;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The last label is digits or 0x and hex digits: no such top-level domain can exist (RFC 3696 §2), and
 * inet_aton() in other programs would read the whole as an address. */
static bool ends_in_number(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *label = dot == NULL ? name : dot + 1;

    if (label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) {
        return label[2 + strspn(label + 2, "0123456789abcdefABCDEF")] == '\0';
    }
    return *label != '\0' && label[strspn(label, "0123456789")] == '\0';
}

static bool refuse_number(const char *name, char *error, size_t size)
{
    char quoted[SP_QUOTE_SIZE], usual[INET_ADDRSTRLEN];
    struct in_addr address;

    sp_quote(quoted, sizeof(quoted), name, strlen(name));
    if (inet_aton(name, &address) != 0 &&
        inet_ntop(AF_INET, &address, usual, sizeof(usual)) != NULL) {
        snprintf(error, size,
                 "%s is no plain IPv4 address (some programs read it as %s): write four decimal "
                 "numbers without leading zeros",
                 quoted, usual);
    } else {
        snprintf(error, size, "%s is neither a host name nor an IPv4 address", quoted);
    }
    return false;
}

/* One label of an ASCII name. */
static bool check_label(const char *label, size_t len, char *error, size_t size)
{
    char quoted[SP_QUOTE_SIZE], letter[16];

    sp_quote(quoted, sizeof(quoted), label, len);
    if (len == 0) {
        snprintf(error, size, "a part of the host name is empty (a dot too many)");
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(label[i]) && !is_letter(label[i]) && label[i] != '-' && label[i] != '_') {
            sp_quote(letter, sizeof(letter), label + i, 1);
            snprintf(error, size, "%s can't be in a host name", letter);
            return false;
        }
    }
    if (len > LABEL_MAX_OCTETS) {
        snprintf(error, size, "a part of the host name has %zu characters, 63 is the most: %s", len,
                 quoted);
        return false;
    }
    if (label[0] == '-' || label[len - 1] == '-') {
        snprintf(error, size, "a part of a host name can't start or end with a hyphen: %s", quoted);
        return false;
    }
    return true;
}

static bool check_name(const char *name, char *error, size_t size)
{
    size_t len = strlen(name);
    const char *label = name;

    for (;;) {
        size_t label_len = strcspn(label, ".");
        if (!check_label(label, label_len, error, size)) {
            return false;
        }
        if (label[label_len] == '\0') {
            break;
        }
        label += label_len + 1;
    }
    if (len > NAME_MAX_OCTETS) {
        snprintf(error, size, "the host name has %zu characters, 253 is the most", len);
        return false;
    }
    return true;
}

static bool parse_ipv6(struct sp_arena *arena, char *text, struct sp_host *out_host, char *error,
                       size_t size)
{
    char quoted[SP_QUOTE_SIZE], usual[INET6_ADDRSTRLEN];
    char *zone = strchr(text, '%');
    struct in6_addr address;

    sp_quote(quoted, sizeof(quoted), text, strlen(text));
    if (zone != NULL) {
        *zone++ = '\0';
    }
    if (inet_pton(AF_INET6, text, &address) != 1 ||
        inet_ntop(AF_INET6, &address, usual, sizeof(usual)) == NULL) {
        snprintf(error, size,
                 "%s is no IPv6 address (with a port it needs brackets: [2001:db8::1]:25)", quoted);
        return false;
    }
    if (zone != NULL && !IN6_IS_ADDR_LINKLOCAL(&address)) {
        snprintf(error, size, "%s: only a link-local address (fe80::) can have a zone", quoted);
        return false;
    }
    for (const char *c = zone; c != NULL && *c != '\0'; c++) {
        if (!is_letter(*c) && !is_digit(*c) && strchr("-_.", *c) == NULL) {
            snprintf(error, size, "%s: the zone is no network interface's name", quoted);
            return false;
        }
    }
    if (zone != NULL && (*zone == '\0' || strlen(zone) >= IF_NAMESIZE)) {
        snprintf(error, size, "%s: the zone is no network interface's name", quoted);
        return false;
    }
    *out_host = (struct sp_host){.family = AF_INET6};
    out_host->no_zone = sp_arena_strdup(arena, usual);
    out_host->name =
        zone == NULL ? out_host->no_zone : sp_arena_printf(arena, "%s%%%s", usual, zone);
    return true;
}

/* U-labels to A-labels. The result is the library's memory: idn2_free. */
static char *map_name(const char *text, char *error, size_t size)
{
    char quoted[SP_QUOTE_SIZE];
    uint8_t *mapped = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)text, &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

    if (rc != IDN2_OK) {
        snprintf(error, size, "%s is no international domain name: %s",
                 sp_quote(quoted, sizeof(quoted), text, strlen(text)), idn2_strerror(rc));
        return NULL;
    }
    return (char *)mapped;
}

/* An ASCII name or IPv4 address, from here on. */
static bool parse_name(struct sp_arena *arena, const char *text, bool was_ascii,
                       struct sp_host *out_host, char *error, size_t size)
{
    struct in_addr address;
    struct sp_host host = {0};
    size_t len = strlen(text);

    if (was_ascii && inet_pton(AF_INET, text, &address) == 1) {
        host.family = AF_INET;
        host.name = host.no_zone = sp_arena_strdup(arena, text);
        *out_host = host;
        return true;
    }
    host.absolute = len > 1 && text[len - 1] == '.';
    char *name = sp_arena_strndup(arena, text, host.absolute ? len - 1 : len);
    if (name != NULL) {
        if (!check_name(name, error, size)) {
            return false;
        }
        if (ends_in_number(name)) {
            return refuse_number(name, error, size);
        }
        for (char *c = name; *c != '\0'; c++) {
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        }
    }
    /* RFC 6761 §6.3: no resolver is asked for this one, and /etc/hosts has it without the dot. */
    host.absolute = host.absolute && name != NULL && strcmp(name, "localhost") != 0;
    host.name = host.no_zone = name;
    *out_host = host;
    return true;
}

/* Refuses what no name has in any script, and tells whether it is all ASCII. */
static bool check_octets(const char *text, size_t len, bool *out_ascii, char *error, size_t size)
{
    *out_ascii = true;
    if (len == 0) {
        snprintf(error, size, "the host is missing");
        return false;
    }
    if (len > INPUT_MAX_OCTETS) {
        snprintf(error, size, "the host name has %zu characters, 253 is the most", len);
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == ' ') {
            snprintf(error, size, "a space can't be in a host name");
            return false;
        }
        if (c < 0x20 || c == 0x7f) {
            snprintf(error, size, "a control character (0x%02x) can't be in a host name", c);
            return false;
        }
        *out_ascii = *out_ascii && c < 0x80;
    }
    return true;
}

bool sp_host_parse(struct sp_arena *arena, const char *text, size_t len, struct sp_host *out_host,
                   char *error, size_t size)
{
    struct sp_host host = {0};
    char copy[INPUT_MAX_OCTETS + 1], *mapped = NULL;
    bool ascii, ok;

    if (!check_octets(text, len, &ascii, error, size)) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strchr(copy, ':') != NULL) {
        ok = parse_ipv6(arena, copy, &host, error, size);
    } else {
        if (!ascii) {
            mapped = map_name(copy, error, size);
            if (mapped == NULL) {
                return false;
            }
        }
        ok = parse_name(arena, ascii ? copy : mapped, ascii, &host, error, size);
        if (mapped != NULL) {
            idn2_free(mapped);
        }
    }
    if (ok && (host.name == NULL || host.no_zone == NULL)) {
        snprintf(error, size, "out of memory");
        return false;
    }
    if (ok) {
        *out_host = host;
    }
    return ok;
}

bool sp_address_parse(const char *text, unsigned default_port, struct sockaddr_storage *out_address)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *start = text, *end, *port = NULL;
    uint64_t number = default_port;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (*text == '[') {
        start = text + 1;
        end = strchr(start, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        port = end[1] == ':' ? end + 2 : NULL;
    } else {
        end = strchr(text, ':');
        if (end != NULL && strchr(end + 1, ':') == NULL) {
            port = end + 1;
        } else {
            end = text + strlen(text);
        }
    }
    if ((size_t)(end - start) >= sizeof(host) ||
        (port != NULL && (!sp_parse_uint(port, UINT16_MAX, &number) || number == 0))) {
        return false;
    }
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    memset(out_address, 0, sizeof(*out_address));
    if (*text != '[' && inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        v4.sin_port = htons((uint16_t)number);
        memcpy(out_address, &v4, sizeof(v4));
        return true;
    }
    v6.sin6_port = htons((uint16_t)number);
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
        return false;
    }
    memcpy(out_address, &v6, sizeof(v6));
    return true;
}
