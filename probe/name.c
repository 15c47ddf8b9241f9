/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar of a presented DNS-ID (RFC 9525 §6.3, RFC 1034 §3.5 with "_"):
 *
 *   dns-id = [ "*." ] label *( "." label )          ; with "*." at least two labels behind it
 *   label  = 1*63( ALPHA / DIGIT / "-" / "_" )
 *
 * A reference name is the same without "*", and its last label is no number: RFC 1123 §2.1 keeps
 * dotted numbers for addresses.
 */
#include "probe/name.h"

#include <arpa/inet.h>
#include <string.h>

#define MAX_NAME 253u
#define MAX_LABEL 63u

struct reference {
    bool is_address;
    uint8_t address[16];
    size_t address_len;
    const char *name;
    size_t len; /* 0: a name that nothing matches */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

/* Counts the labels of a name without "*"; 0: it breaks the grammar. */
static size_t count_labels(const char *name, size_t len)
{
    size_t labels = 1, label_len = 0;
    if (len == 0 || len > MAX_NAME) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.') {
            if (label_len == 0) {
                return 0;
            }
            labels++;
            label_len = 0;
        } else if (!is_label_character(name[i]) || ++label_len > MAX_LABEL) {
            return 0;
        }
    }
    return label_len > 0 ? labels : 0;
}

static bool ends_in_number(const char *name, size_t len)
{
    size_t i = len;
    while (i > 0 && is_digit(name[i - 1])) {
        i--;
    }
    return i < len && (i == 0 || name[i - 1] == '.');
}

static void read_reference(const char *text, struct reference *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, out->address) == 1) {
        out->is_address = true;
        out->address_len = 4;
        return;
    }
    if (inet_pton(AF_INET6, text, out->address) == 1) {
        out->is_address = true;
        out->address_len = 16;
        return;
    }
    size_t len = strnlen(text, MAX_NAME + 2);
    if (len > 0 && text[len - 1] == '.') {
        len--;
    }
    if (count_labels(text, len) > 0 && !ends_in_number(text, len)) {
        out->name = text;
        out->len = len;
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool equal_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

static bool match_dns(struct sp_slice presented, const struct reference *reference)
{
    const char *name = (const char *)presented.data;
    size_t len = presented.len;
    if (reference->len == 0 || len == 0) {
        return false;
    }
    if (len < 2 || name[0] != '*' || name[1] != '.') {
        return len == reference->len && count_labels(name, len) > 0 &&
               equal_nocase(name, reference->name, len);
    }
    /* What stands behind "*" has to be what stands behind the reference's first label. */
    const char *dot = memchr(reference->name, '.', reference->len);
    if (count_labels(name + 2, len - 2) < 2 || dot == NULL) {
        return false;
    }
    size_t rest = reference->len - (size_t)(dot + 1 - reference->name);
    return rest == len - 2 && equal_nocase(name + 2, dot + 1, rest);
}

bool sp_name_match(const struct sp_cert *cert, const char *reference,
                   struct sp_general_name *out_name)
{
    struct reference wanted;
    struct sp_der names;
    struct sp_general_name name;
    read_reference(reference, &wanted);
    sp_der_init(&names, cert->san);
    while (sp_cert_next_name(&names, &name)) {
        bool matches = false;
        if (name.type == SP_NAME_IP) {
            matches = wanted.is_address && name.value.len == wanted.address_len &&
                      memcmp(name.value.data, wanted.address, wanted.address_len) == 0;
        } else if (name.type == SP_NAME_DNS) {
            matches = !wanted.is_address && match_dns(name.value, &wanted);
        }
        if (matches) {
            if (out_name != NULL) {
                *out_name = name;
            }
            return true;
        }
    }
    return false;
}
