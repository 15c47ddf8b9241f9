/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Query and reply, RFC 1035 §4.1:
 *
 *   message  = id(2) flags(2) qdcount(2) ancount(2) nscount(2) arcount(2) question { record }
 *   question = name type(2) class(2)
 *   record   = name type(2) class(2) ttl(4) length(2) data
 *   name     = { length(1) label } 0 | pointer(2)
 * Queries come without pointers; replies point at the question's name where they can, to stay below
 * the 512 octets of §2.3.4.
 */
#include "zone.h"

#include "bytes.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_TXT = 16, TYPE_AAAA = 28 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, SILENCE = 100 };
enum { HEADER = 12, TTL = 60, CNAMES_MAX = 8, NAME_SIZE = 256 };

struct record {
    char *name;
    unsigned type; /* 0: not a record but an answer, its code in `code` */
    int code;
    struct ts_bytes data;
    struct record *next;
};

struct ts_zone {
    struct record *first;
};

struct ts_zone *ts_zone_new(void)
{
    struct ts_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL)
        abort();
    return zone;
}

/* Labels may hold any byte but the dot: escapes of the script are done before. */
static void add_name(struct ts_bytes *out, const char *name, size_t length)
{
    while (length > 0) {
        const char *dot = memchr(name, '.', length);
        size_t label = dot != NULL ? (size_t)(dot - name) : length;
        unsigned char count = (unsigned char)(label > 63 ? 63 : label);
        if (count > 0) {
            ts_bytes_add(out, &count, 1);
            ts_bytes_add(out, name, count);
        }
        size_t used = label + (dot != NULL);
        name += used;
        length -= used;
    }
    ts_bytes_add(out, "", 1);
}

static const char *set_data(struct record *r, const char *value)
{
    unsigned char address[16];
    struct ts_bytes text = {0};
    if (r->type == TYPE_A || r->type == TYPE_AAAA) {
        int is_v4 = r->type == TYPE_A;
        if (inet_pton(is_v4 ? AF_INET : AF_INET6, value, address) != 1)
            return "not an address of that family";
        ts_bytes_add(&r->data, address, is_v4 ? 4 : 16);
        return NULL;
    }
    const char *wrong = ts_bytes_add_escaped(&text, value);
    if (wrong == NULL && r->type == TYPE_CNAME) {
        add_name(&r->data, (const char *)text.data, text.length);
    } else if (wrong == NULL) {
        unsigned char count = (unsigned char)(text.length > 255 ? 255 : text.length);
        ts_bytes_add(&r->data, &count, 1);
        ts_bytes_add(&r->data, text.data, count);
    }
    ts_bytes_free(&text);
    return wrong;
}

static char *cut_word(char **rest)
{
    char *word = *rest;
    char *end = word + strcspn(word, " \t");
    *rest = end + strspn(end, " \t");
    *end = '\0';
    return word;
}

static int find_code(const char *word, const char *const *words, const int *codes)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return codes[i];
    return -1;
}

const char *ts_zone_add(struct ts_zone *zone, const char *word, char *rest)
{
    static const char *const types[] = {"A", "AAAA", "CNAME", "TXT", NULL};
    static const int type_codes[] = {TYPE_A, TYPE_AAAA, TYPE_CNAME, TYPE_TXT};
    static const char *const answers[] = {"nodata",  "servfail", "nxdomain",
                                          "refused", "silence",  NULL};
    static const int answer_codes[] = {RCODE_OK, RCODE_SERVFAIL, RCODE_NXDOMAIN, RCODE_REFUSED,
                                       SILENCE};
    int is_record = strcmp(word, "record") == 0;
    if (!is_record && strcmp(word, "answer") != 0)
        return "a zone knows record and answer";
    struct record *r = calloc(1, sizeof *r);
    if (r == NULL || (r->name = strdup(cut_word(&rest))) == NULL)
        abort();
    const char *kind = cut_word(&rest);
    int code =
        is_record ? find_code(kind, types, type_codes) : find_code(kind, answers, answer_codes);
    if (code < 0)
        return "unknown type or answer";
    r->type = is_record ? (unsigned)code : 0;
    r->code = code;
    const char *wrong = is_record ? set_data(r, rest) : NULL;
    /* Order is kept: it is the order of the addresses. */
    struct record **end = &zone->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = r;
    return wrong;
}

/* Reads the question's name into dotted text; returns the offset behind it, or 0. */
static size_t read_name(const unsigned char *query, size_t length, char *name)
{
    size_t at = HEADER, used = 0;
    while (at < length && query[at] != 0) {
        size_t label = query[at++];
        if (label > 63 || at + label > length || used + label + 2 > NAME_SIZE)
            return 0;
        if (used > 0)
            name[used++] = '.';
        memcpy(name + used, query + at, label);
        used += label;
        at += label;
    }
    name[used] = '\0';
    return at + 5 <= length ? at + 1 : 0;
}

static void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static void add_record(struct ts_bytes *out, const struct record *r, int is_of_question)
{
    unsigned char fixed[10] = {0};
    if (is_of_question)
        ts_bytes_add(out, "\xc0\x0c", 2);
    else
        add_name(out, r->name, strlen(r->name));
    put16(fixed, r->type);
    put16(fixed + 2, 1);
    put16(fixed + 6, TTL);
    put16(fixed + 8, (unsigned)r->data.length);
    ts_bytes_add(out, fixed, sizeof fixed);
    ts_bytes_add(out, r->data.data, r->data.length);
}

/*
 * Appends what there is for a name; returns its code, and the CNAME's target in `next` when there
 * is one.
 */
static int look_up(const struct ts_zone *zone, const char *name, unsigned type, int is_question,
                   struct ts_bytes *out, unsigned *count, char *next)
{
    int code = RCODE_NXDOMAIN;
    next[0] = '\0';
    for (const struct record *r = zone->first; r != NULL; r = r->next) {
        if (strcasecmp(r->name, name) != 0)
            continue;
        if (r->type == 0)
            return r->code;
        code = RCODE_OK;
        if (r->type != type && r->type != TYPE_CNAME)
            continue;
        add_record(out, r, is_question);
        (*count)++;
        if (r->type == TYPE_CNAME && r->data.length < NAME_SIZE) {
            unsigned char wire[HEADER + NAME_SIZE + 8] = {0};
            memcpy(wire + HEADER, r->data.data, r->data.length);
            read_name(wire, sizeof wire, next);
        }
    }
    return code;
}

static const char *name_type(unsigned type, char *number, size_t size)
{
    if (type == TYPE_A)
        return "A";
    if (type == TYPE_AAAA)
        return "AAAA";
    snprintf(number, size, "TYPE%u", type);
    return number;
}

size_t ts_zone_answer(const struct ts_zone *zone, const unsigned char *query, size_t length,
                      unsigned char *reply, size_t size, char *told, size_t told_size)
{
    char name[NAME_SIZE], next[NAME_SIZE], number[16];
    size_t question = length > HEADER ? read_name(query, length, name) : 0;
    told[0] = '\0';
    if (question == 0)
        return 0;
    unsigned type = (unsigned)query[question] << 8 | query[question + 1], count = 0;
    snprintf(told, told_size, "%s %s", name, name_type(type, number, sizeof number));
    struct ts_bytes out = {0};
    ts_bytes_add(&out, query, question + 4);
    int code = RCODE_OK;
    for (int i = 0; i < CNAMES_MAX && code == RCODE_OK; i++) {
        int got = look_up(zone, name, type, i == 0, &out, &count, next);
        /* A CNAME whose target does not exist is still NXDOMAIN (RFC 6604 §2). */
        code = got;
        if (next[0] == '\0')
            break;
        memcpy(name, next, sizeof name);
    }
    if (code == SILENCE || out.length > size) {
        ts_bytes_free(&out);
        return 0;
    }
    memcpy(reply, out.data, out.length);
    size_t used = out.length;
    ts_bytes_free(&out);
    put16(reply + 2, 0x8180u | (unsigned)code); /* response, recursion desired and available */
    put16(reply + 4, 1);
    put16(reply + 6, count);
    put16(reply + 8, 0);
    put16(reply + 10, 0);
    return used;
}
