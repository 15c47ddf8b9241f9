/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 5280 §4.2.1.10):
 *
 *   NameConstraints = SEQUENCE { [0] subtrees OPTIONAL (permitted), [1] subtrees OPTIONAL (excluded) }
 *   subtrees        = 1*subtree
 *   subtree         = SEQUENCE { base GeneralName, [0] minimum DEFAULT 0, [1] maximum OPTIONAL }
 *
 * Another minimum, or a maximum, is refused: §4.2.1.10 wants 0 and none.
 */
#include "probe/constraints.h"

#include "probe/dn.h"

#include <string.h>

/* The numbers of GeneralName's alternatives. */
enum { KIND_EMAIL = 1, KIND_DNS = 2, KIND_DIRECTORY = 4, KIND_URI = 6, KIND_IP = 7 };

struct subtrees {
    struct sp_der permitted, excluded;
};

static unsigned kind_of(unsigned tag)
{
    return tag & 0x1fu;
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool equal_nocase(struct sp_slice a, struct sp_slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static struct sp_slice drop(struct sp_slice text, size_t count)
{
    return (struct sp_slice){text.data + count, text.len - count};
}

/* Is `name` below `base`, which starts with a dot? */
static bool is_below(struct sp_slice name, struct sp_slice base)
{
    return name.len > base.len && equal_nocase(drop(name, name.len - base.len), base);
}

/* "example.org" means that name and all below it; ".example.org" only those below. */
static bool within_dns(struct sp_slice name, struct sp_slice base)
{
    if (base.len == 0 || equal_nocase(name, base)) {
        return true;
    }
    if (base.data[0] == '.') {
        return is_below(name, base);
    }
    return name.len > base.len && name.data[name.len - base.len - 1] == '.' &&
           equal_nocase(drop(name, name.len - base.len), base);
}

/* Can "*.example.org" stand for a name within `base`? It does for "a.example.org". */
static bool wildcard_meets(struct sp_slice name, struct sp_slice base)
{
    if (name.len < 2 || name.data[0] != '*' || name.data[1] != '.' || base.len == 0) {
        return false;
    }
    const uint8_t *dot = memchr(base.data, '.', base.len);
    return dot != NULL && dot != base.data &&
           equal_nocase(drop(name, 1), drop(base, (size_t)(dot - base.data)));
}

/* A host constraint of mail addresses and URIs: ".host" all below it, "host" that host alone. */
static bool within_host(struct sp_slice host, struct sp_slice base)
{
    if (base.len > 0 && base.data[0] == '.') {
        return is_below(host, base);
    }
    return base.len == 0 || equal_nocase(host, base);
}

static const uint8_t *find_last(struct sp_slice text, char c)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.data[i - 1] == (uint8_t)c) {
            return text.data + i - 1;
        }
    }
    return NULL;
}

static struct sp_slice behind(struct sp_slice text, const uint8_t *at)
{
    return drop(text, (size_t)(at + 1 - text.data));
}

static bool within_email(struct sp_slice name, struct sp_slice base, bool *out_bad)
{
    const uint8_t *at = find_last(name, '@'), *base_at = find_last(base, '@');
    *out_bad = at == NULL;
    if (at == NULL) {
        return false;
    }
    if (base_at == NULL) {
        return within_host(behind(name, at), base);
    }
    /* One mailbox: the local part with its case, the host without (RFC 5280 §7.5). */
    struct sp_slice local = {name.data, (size_t)(at - name.data)};
    struct sp_slice base_local = {base.data, (size_t)(base_at - base.data)};
    return sp_slice_equal(local, base_local) &&
           equal_nocase(behind(name, at), behind(base, base_at));
}

/* RFC 3986 §3.2: scheme "://" [userinfo "@"] host [":" port]. False: it has no such part. */
static bool find_uri_host(struct sp_slice uri, struct sp_slice *out_host)
{
    size_t i = 0;
    while (i < uri.len && uri.data[i] != ':') {
        i++;
    }
    if (uri.len - i < 3 || uri.data[i + 1] != '/' || uri.data[i + 2] != '/') {
        return false;
    }
    struct sp_slice authority = drop(uri, i + 3);
    for (i = 0; i < authority.len && strchr("/?#", (int)authority.data[i]) == NULL; i++) {
    }
    authority.len = i;
    const uint8_t *at = find_last(authority, '@');
    *out_host = at != NULL ? behind(authority, at) : authority;
    for (i = 0; i < out_host->len && out_host->data[i] != ':'; i++) {
    }
    out_host->len = i;
    /* RFC 5280 §4.2.1.10: an address, or no host at all, can't be held against a constraint. */
    return i > 0 && out_host->data[0] != '[' &&
           !(out_host->data[i - 1] >= '0' && out_host->data[i - 1] <= '9');
}

/* Ones, then zeros, as RFC 4632 §3.1 has it. */
static bool is_prefix_mask(struct sp_slice mask)
{
    bool ended = false;
    for (size_t i = 0; i < mask.len * 8; i++) {
        bool one = (mask.data[i / 8] & 0x80u >> i % 8) != 0;
        if (one && ended) {
            return false;
        }
        ended = ended || !one;
    }
    return true;
}

/* The base is an address and a mask of the same size. */
static bool within_ip(struct sp_slice name, struct sp_slice base, bool *out_bad)
{
    size_t size = base.len / 2;
    *out_bad = (base.len != 8 && base.len != 32) || !is_prefix_mask(drop(base, size));
    if (*out_bad || name.len != size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (((name.data[i] ^ base.data[i]) & base.data[size + i]) != 0) {
            return false;
        }
    }
    return true;
}

enum relation { OUTSIDE, INSIDE, NO_RELATION, UNJUDGED, BROKEN };

static enum relation relate(const struct sp_general_name *name, const struct sp_der_value *base,
                            bool excluded)
{
    bool inside = false, bad = false;
    struct sp_slice host;
    if (kind_of(base->tag) != kind_of(name->tag)) {
        return NO_RELATION;
    }
    switch (kind_of(base->tag)) {
    case KIND_DNS:
        inside = within_dns(name->value, base->content) ||
                 (excluded && wildcard_meets(name->value, base->content));
        break;
    case KIND_EMAIL: inside = within_email(name->value, base->content, &bad); break;
    case KIND_IP: inside = within_ip(name->value, base->content, &bad); break;
    case KIND_DIRECTORY:
        bad = !sp_dn_valid(base->content) || !sp_dn_valid(name->value);
        inside = !bad && sp_dn_within(name->value, base->content);
        break;
    case KIND_URI:
        bad = !find_uri_host(name->value, &host);
        inside = !bad && within_host(host, base->content);
        break;
    default: return UNJUDGED;
    }
    return bad ? BROKEN : inside ? INSIDE : OUTSIDE;
}

/* A minimum of 0 is to be left out in DER; nobody minds when it is not. */
static bool read_base(struct sp_der *subtrees, struct sp_der_value *out_base)
{
    struct sp_der subtree;
    struct sp_der_value minimum;
    if (!sp_der_enter(subtrees, SP_DER_SEQUENCE, &subtree) || !sp_der_read(&subtree, out_base)) {
        return false;
    }
    if (sp_der_expect(&subtree, SP_DER_CONTEXT(0), &minimum) &&
        (minimum.content.len != 1 || minimum.content.data[0] != 0)) {
        return false;
    }
    return sp_der_done(&subtree);
}

/* Pays for one comparison that reads so many octets. False: there is not so much left. */
static bool pay(unsigned *steps, size_t octets)
{
    size_t price = 1 + octets / 32;
    if (price > *steps) {
        *steps = 0;
        return false;
    }
    *steps -= (unsigned)price;
    return true;
}

static enum sp_constraint_verdict check_name(const struct subtrees *subtrees,
                                             const struct sp_general_name *name, unsigned *steps)
{
    bool limited = false, permitted = false;
    for (int excluded = 0; excluded <= 1; excluded++) {
        struct sp_der walk = excluded ? subtrees->excluded : subtrees->permitted;
        struct sp_der_value base;
        while (!sp_der_done(&walk)) {
            if (!read_base(&walk, &base)) {
                return SP_CONSTRAINT_MALFORMED;
            }
            bool related = kind_of(base.tag) == kind_of(name->tag);
            if (!pay(steps, related ? name->value.len + base.content.len : 0)) {
                return SP_CONSTRAINT_TOO_MANY;
            }
            enum relation relation = relate(name, &base, excluded != 0);
            if (relation == UNJUDGED || relation == BROKEN) {
                return SP_CONSTRAINT_UNSUPPORTED;
            }
            if (excluded && relation == INSIDE) {
                return SP_CONSTRAINT_EXCLUDED;
            }
            if (!excluded && relation != NO_RELATION) {
                limited = true;
                permitted = permitted || relation == INSIDE;
            }
        }
    }
    return limited && !permitted ? SP_CONSTRAINT_NOT_PERMITTED : SP_CONSTRAINT_HOLDS;
}

static bool split(struct sp_slice constraints, struct subtrees *out)
{
    struct sp_der outer, inner;
    struct sp_slice none = {NULL, 0};
    sp_der_init(&out->permitted, none);
    sp_der_init(&out->excluded, none);
    sp_der_init(&outer, constraints);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &inner) || !sp_der_done(&outer)) {
        return false;
    }
    if (sp_der_peek(&inner) == SP_DER_CONTEXT_CONSTRUCTED(0) &&
        !sp_der_enter(&inner, SP_DER_CONTEXT_CONSTRUCTED(0), &out->permitted)) {
        return false;
    }
    if (sp_der_peek(&inner) == SP_DER_CONTEXT_CONSTRUCTED(1) &&
        !sp_der_enter(&inner, SP_DER_CONTEXT_CONSTRUCTED(1), &out->excluded)) {
        return false;
    }
    return sp_der_done(&inner);
}

enum sp_constraint_verdict sp_constraints_check(struct sp_slice constraints,
                                                const struct sp_cert *cert, unsigned *steps,
                                                struct sp_general_name *out_name)
{
    struct subtrees subtrees;
    enum sp_constraint_verdict verdict = SP_CONSTRAINT_HOLDS;
    struct sp_der names;
    if (!split(constraints, &subtrees)) {
        return SP_CONSTRAINT_MALFORMED;
    }
    if (!sp_dn_empty(cert->subject)) {
        out_name->type = SP_NAME_OTHER;
        out_name->tag = SP_DER_CONTEXT_CONSTRUCTED(KIND_DIRECTORY);
        out_name->value = cert->subject;
        verdict = check_name(&subtrees, out_name, steps);
    }
    for (unsigned i = 0; verdict == SP_CONSTRAINT_HOLDS; i++) {
        if (!pay(steps, cert->subject.len)) {
            return SP_CONSTRAINT_TOO_MANY;
        }
        if (!sp_dn_email(cert->subject, i, &out_name->value)) {
            break;
        }
        out_name->type = SP_NAME_EMAIL;
        out_name->tag = SP_DER_CONTEXT(KIND_EMAIL);
        verdict = check_name(&subtrees, out_name, steps);
    }
    sp_der_init(&names, cert->san);
    while (verdict == SP_CONSTRAINT_HOLDS && sp_cert_next_name(&names, out_name)) {
        verdict = pay(steps, 0) ? check_name(&subtrees, out_name, steps) : SP_CONSTRAINT_TOO_MANY;
    }
    return verdict;
}
