/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/path_rules.h"

#include "probe/calendar.h"
#include "probe/constraints.h"
#include "probe/dn.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a fault takes from a route. A signature that doesn't verify is worse than any sum of the
 * others, and a route that ends at an anchor is better than one that doesn't. */
enum { FAULT = SP_FAULT, FAULT_NO_ANCHOR = 100, FAULT_SIGNATURE = 1000 };

/* Where in the route a rule is asked. */
struct place {
    const struct sp_route *route;
    size_t index;
    const struct sp_cert *cert;
    int depth;
    char who[SP_LABEL_SIZE + 32]; /* "the CA certificate \"Example CA\"" */
};

void sp_judge_add(struct sp_judge *judge, unsigned fault, enum sp_reason reason, int depth,
                  const char *format, ...)
{
    va_list args;
    judge->faults += fault;
    judge->weaknesses += fault == 0 ? 1 : 0;
    if (judge->arena == NULL || judge->count == SP_LIMIT_PROBLEMS) {
        return;
    }
    va_start(args, format);
    const char *detail = sp_arena_vprintf(judge->arena, format, args);
    va_end(args);
    if (detail == NULL) {
        judge->out_of_memory = true;
        return;
    }
    struct sp_problem *problem = &judge->problems[judge->count++];
    problem->reason = reason;
    problem->depth = depth;
    problem->detail = detail;
    problem->fatal = fault != 0;
}

/* Quotes a text and cuts it to the room that a detail has for it. */
static void put_label(const char *text, char out_label[SP_LABEL_SIZE])
{
    size_t len = strnlen(text, SP_LABEL_SIZE - 8);
    bool cut = text[len] != '\0';
    /* Not in the middle of a UTF-8 character. */
    while (cut && len > 0 && ((unsigned char)text[len] & 0xc0u) == 0x80u) {
        len--;
    }
    (void)snprintf(out_label, SP_LABEL_SIZE, "\"%.*s%s\"", (int)len, text, cut ? "..." : "");
}

void sp_cert_label(const struct sp_cert *cert, char out_label[SP_LABEL_SIZE])
{
    put_label(cert->common_name != NULL ? cert->common_name : cert->subject_text, out_label);
}

static void set_place(struct place *place, const struct sp_route *route, size_t index)
{
    char label[SP_LABEL_SIZE];
    place->route = route;
    place->index = index;
    place->cert = route->certs[index];
    place->depth = route->depths[index];
    sp_cert_label(place->cert, label);
    if (index == 0) {
        (void)snprintf(place->who, sizeof place->who, "the server's certificate");
    } else {
        (void)snprintf(place->who, sizeof place->who, "the %s certificate %s",
                       place->depth < 0 ? "root" : "CA", label);
    }
}

/* --- dates -------------------------------------------------------------------------------------- */

/* RFC 5280 §4.1.2.5: both ends belong to the validity period. */
static void judge_dates(struct sp_judge *judge, const struct place *place)
{
    const struct sp_cert *cert = place->cert;
    char span[SP_CALENDAR_SIZE], date[SP_CALENDAR_SIZE];
    if (!cert->time_valid) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "the dates of %s cannot be read", place->who);
        return;
    }
    if (cert->not_before > cert->not_after) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s ends before it begins", place->who);
    }
    if (judge->now > cert->not_after) {
        sp_calendar_span(span, sizeof span, judge->now - cert->not_after);
        (void)sp_calendar_date(date, sizeof date, cert->not_after);
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_EXPIRED, place->depth,
                     "%s expired %s ago, on %s", place->who, span, date);
    }
    if (judge->now < cert->not_before) {
        sp_calendar_span(span, sizeof span, cert->not_before - judge->now);
        (void)sp_calendar_date(date, sizeof date, cert->not_before);
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_NOT_YET_VALID, place->depth,
                     "%s is valid only in %s, from %s", place->who, span, date);
    }
}

/* --- strength ----------------------------------------------------------------------------------- */

static bool is_last(const struct place *place)
{
    return place->index + 1 == place->route->count;
}

static void judge_strength(struct sp_judge *judge, const struct place *place)
{
    const struct sp_cert *cert = place->cert;
    /* Whatever is said with a key that can be factored in an afternoon proves nothing. */
    bool rsa = cert->key_type == SP_KEY_RSA;
    bool worthless = rsa && cert->key_bits_count < 1024;
    unsigned least = rsa ? 2048 : cert->key_type == SP_KEY_EC ? 256 : 0;
    if (cert->key_type == SP_KEY_DSA) {
        /* RFC 8446 §1.2 dropped it, and NIST after that (FIPS 186-5). */
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_WEAK_KEY, place->depth,
                     "the key of %s is DSA, which TLS has given up; use RSA 2048 or EC P-256",
                     place->who);
    }
    /* 0 bits: not known, or said to be malformed elsewhere. */
    if (cert->key_bits_count != 0 && cert->key_bits_count < least) {
        sp_judge_add(judge, worthless ? FAULT : 0, SP_REASON_CERTIFICATE_WEAK_KEY, place->depth,
                     "the key of %s is %s; at least %s is needed", place->who, cert->key_text,
                     rsa ? "RSA 2048" : "EC P-256");
    }
    /* Nobody relies on the signature of a root: it is trusted as it is, or not at all. */
    bool root = is_last(place) && (place->route->end == SP_PATH_END_ANCHOR ||
                                   place->route->end == SP_PATH_END_SELF_SIGNED);
    const char *hash = sp_hash_weak_name(cert->sig_hash);
    if (hash != NULL && !root) {
        sp_judge_add(judge, cert->sig_hash == SP_HASH_SHA1 ? 0 : FAULT,
                     SP_REASON_CERTIFICATE_WEAK_SIGNATURE, place->depth,
                     "%s is signed with %s (%s), for which forgeries can be made", place->who, hash,
                     cert->sig_text);
    }
}

/* --- form --------------------------------------------------------------------------------------- */

static void judge_form(struct sp_judge *judge, const struct place *place)
{
    const struct sp_cert *cert = place->cert;
    for (size_t i = 0; i < cert->flaw_count; i++) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s is malformed: %s", place->who, cert->flaws[i]);
    }
    if (!cert->sig_alg_match) {
        /* RFC 5280 §4.1.1.2. */
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s names two different signature algorithms, inside and outside of what "
                     "is signed",
                     place->who);
    }
    if (cert->unknown_critical) {
        /* RFC 5280 §4.2. */
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s has an extension marked critical that is not known here: %s", place->who,
                     cert->unknown_critical_oid);
    }
    /* RFC 5280 §4.1.2.2 allows 20 octets; zero and negative numbers are to be put up with. */
    if (cert->serial.len > 21 || (cert->serial.len == 21 && cert->serial.data[0] != 0)) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "the serial number of %s has %zu octets; 20 are allowed", place->who,
                     cert->serial.len);
    }
}

bool sp_key_ids_differ(const struct sp_cert *cert, const struct sp_cert *issuer)
{
    return cert->aki.len > 0 && issuer->ski.len > 0 && !sp_slice_equal(cert->aki, issuer->ski);
}

/* RFC 5280 §4.2.1.2: the two are the same. §6.1 doesn't ask, but most programs look for issuers by them. */
static void judge_key_ids(struct sp_judge *judge, const struct place *place)
{
    char label[SP_LABEL_SIZE];
    if (is_last(place) || !sp_key_ids_differ(place->cert, place->route->certs[place->index + 1])) {
        return;
    }
    sp_cert_label(place->route->certs[place->index + 1], label);
    sp_judge_add(
        judge, 0, SP_REASON_CERTIFICATE_INVALID, place->depth,
        "%s has the authorityKeyIdentifier of another key than that of %s, which signed it; "
        "many programs then find no issuer",
        place->who, label);
}

static void judge_signature(struct sp_judge *judge, const struct place *place)
{
    uint32_t bit = UINT32_C(1) << place->index;
    char label[SP_LABEL_SIZE];
    if (((place->route->bad | place->route->unsupported) & bit) == 0) {
        return;
    }
    const struct sp_cert *issuer =
        place->route->certs[is_last(place) ? place->index : place->index + 1];
    sp_cert_label(issuer, label);
    if ((place->route->bad & bit) != 0) {
        sp_judge_add(judge, FAULT_SIGNATURE, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "the signature of %s is wrong: the key of %s did not make it", place->who,
                     label);
    } else {
        sp_judge_add(judge, FAULT_SIGNATURE, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "the signature of %s cannot be checked: %s with the key of %s (%s) is not "
                     "supported here",
                     place->who, place->cert->sig_text, label, issuer->key_text);
    }
}

/* --- what a certificate may be used for ---------------------------------------------------------- */

/* RFC 5280 §4.2.1.12. An extKeyUsage in a CA certificate limits what is below it: §4.2.1.12 does not
 * say so, but every implementation and the CA/Browser Forum's rules do. */
static void judge_purpose(struct sp_judge *judge, const struct place *place)
{
    const struct sp_cert *cert = place->cert;
    if (cert->has_ext_key_usage && !cert->eku_server_auth && !cert->eku_any) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s is not for servers: its extKeyUsage has no serverAuth", place->who);
    }
    if (place->index == 0 && cert->has_key_usage &&
        (cert->key_usage &
         (SP_USAGE_DIGITAL_SIGNATURE | SP_USAGE_KEY_ENCIPHERMENT | SP_USAGE_KEY_AGREEMENT)) == 0) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s is not for servers: its keyUsage allows neither digitalSignature nor key "
                     "exchange",
                     place->who);
    }
}

/* CAs between this one and the leaf that count for a path length: RFC 5280 §4.2.1.9. */
static int count_cas_below(const struct place *place)
{
    int count = 0;
    for (size_t i = 1; i < place->index; i++) {
        count += place->route->certs[i]->self_issued ? 0 : 1;
    }
    return count;
}

/* RFC 5280 §6.1.4 (k) to (n). */
static void judge_ca(struct sp_judge *judge, const struct place *place)
{
    const struct sp_cert *cert = place->cert;
    /* An anchor that says nothing about it, as one of version 1 can't, is a CA by being an anchor. */
    bool old_anchor = place->depth < 0 && !cert->has_basic_constraints;
    if (!cert->is_ca && !old_anchor) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s is not a CA: %s", place->who,
                     cert->version < 3             ? "it is not of version 3"
                     : cert->has_basic_constraints ? "its basicConstraints say so"
                                                   : "it has no basicConstraints");
    }
    if (cert->has_key_usage && (cert->key_usage & SP_USAGE_KEY_CERT_SIGN) == 0) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s may not sign certificates: its keyUsage has no keyCertSign", place->who);
    }
    int below = count_cas_below(place);
    if (cert->path_len >= 0 && below > cert->path_len) {
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s allows %d CA certificate%s below it, and there %s %d (path length)",
                     place->who, cert->path_len, cert->path_len == 1 ? "" : "s",
                     below == 1 ? "is" : "are", below);
    }
}

/* --- name constraints --------------------------------------------------------------------------- */

/* Makes "DNS:mx.example.org" of a name; octets that are not plain ASCII become "?". */
static void put_general_name(const struct sp_general_name *name, char *text, size_t size)
{
    static const char *const prefixes[] = {"DNS:", "IP:", "email:", "URI:", ""};
    size_t used = 0;
    if (name->type == SP_NAME_OTHER) {
        (void)snprintf(text, size, "%s",
                       name->tag == SP_DER_CONTEXT_CONSTRUCTED(4) ? "its subject or directory name"
                                                                  : "a name of another kind");
        return;
    }
    used = (size_t)snprintf(text, size, "%s", prefixes[name->type]);
    if (name->type == SP_NAME_IP) {
        if ((name->value.len != 4 && name->value.len != 16) ||
            inet_ntop(name->value.len == 4 ? AF_INET : AF_INET6, name->value.data, text + used,
                      (socklen_t)(size - used)) == NULL) {
            (void)snprintf(text, size, "a malformed address");
        }
        return;
    }
    for (size_t i = 0; i < name->value.len && used + 1 < size; i++) {
        uint8_t c = name->value.data[i];
        text[used++] = (char)(c > 0x20 && c < 0x7f ? c : '?');
    }
    text[used] = '\0';
}

static void judge_constraints(struct sp_judge *judge, const struct place *place,
                              const struct place *below)
{
    static const char *const texts[] = {
        [SP_CONSTRAINT_NOT_PERMITTED] = "is not among the names that it permits",
        [SP_CONSTRAINT_EXCLUDED] = "is among the names that it excludes",
        [SP_CONSTRAINT_UNSUPPORTED] = "cannot be held against them",
    };
    struct sp_general_name name = {0};
    char text[80];
    enum sp_constraint_verdict verdict = sp_constraints_check(
        place->cert->name_constraints, below->cert, &judge->constraint_steps, &name);
    switch (verdict) {
    case SP_CONSTRAINT_HOLDS: return;
    case SP_CONSTRAINT_MALFORMED:
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "the name constraints of %s are malformed", place->who);
        return;
    case SP_CONSTRAINT_TOO_MANY:
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, place->depth,
                     "%s has more name constraints than we check", place->who);
        return;
    case SP_CONSTRAINT_NOT_PERMITTED:
    case SP_CONSTRAINT_EXCLUDED:
    case SP_CONSTRAINT_UNSUPPORTED:
        put_general_name(&name, text, sizeof text);
        sp_judge_add(judge, FAULT, SP_REASON_CERTIFICATE_INVALID, below->depth,
                     "%s breaks the name constraints of %s: %s %s", below->who, place->who, text,
                     texts[verdict]);
        return;
    }
}

/* RFC 5280 §6.1.3 (b) and (c): self-issued CA certificates are let off, the leaf never is. */
static void judge_names_below(struct sp_judge *judge, const struct place *place)
{
    struct place below;
    if (place->cert->name_constraints.len == 0) {
        return;
    }
    for (size_t i = 0; i < place->index; i++) {
        if (i == 0 || !place->route->certs[i]->self_issued) {
            set_place(&below, place->route, i);
            judge_constraints(judge, place, &below);
        }
    }
}

/* --- the end ------------------------------------------------------------------------------------ */

static void judge_end(struct sp_judge *judge, const struct sp_route *route)
{
    struct place last;
    char label[SP_LABEL_SIZE];
    set_place(&last, route, route->count - 1);
    sp_cert_label(last.cert, label);
    switch (route->end) {
    case SP_PATH_END_ANCHOR: return;
    case SP_PATH_END_SELF_SIGNED:
        if (route->count == 1) {
            sp_judge_add(judge, FAULT_NO_ANCHOR, SP_REASON_CERTIFICATE_SELF_SIGNED, last.depth,
                         "%s is signed by itself (%s), and not one of the trusted roots", last.who,
                         label);
        } else {
            sp_judge_add(judge, FAULT_NO_ANCHOR, SP_REASON_CERTIFICATE_NOT_TRUSTED, last.depth,
                         "the chain ends at %s, which is not one of the trusted roots", label);
        }
        return;
    case SP_PATH_END_NO_ISSUER:
        put_label(last.cert->issuer_text, label);
        /* A server that sends its intermediates may leave out the root: then our trust is short of
         * it, not the chain. */
        sp_judge_add(judge, FAULT_NO_ANCHOR,
                     route->count == 1 ? SP_REASON_CERTIFICATE_CHAIN_INCOMPLETE
                                       : SP_REASON_CERTIFICATE_NOT_TRUSTED,
                     last.depth,
                     "%s was issued by %s, whose certificate was not %s and is not one of the "
                     "trusted roots",
                     last.who, label, route->cut ? "among those that we looked at" : "sent");
        return;
    case SP_PATH_END_CIRCLE:
        put_label(last.cert->issuer_text, label);
        sp_judge_add(judge, FAULT_NO_ANCHOR, SP_REASON_CERTIFICATE_NOT_TRUSTED, last.depth,
                     "the chain goes in a circle and comes to none of the trusted roots: %s was "
                     "issued by %s, which is below it",
                     last.who, label);
        return;
    }
}

void sp_judge_route(struct sp_judge *judge, const struct sp_route *route)
{
    judge_end(judge, route);
    for (size_t i = 0; i < route->count; i++) {
        struct place place;
        set_place(&place, route, i);
        judge_dates(judge, &place);
        judge_form(judge, &place);
        judge_signature(judge, &place);
        judge_key_ids(judge, &place);
        judge_purpose(judge, &place);
        judge_strength(judge, &place);
        if (i > 0) {
            judge_ca(judge, &place);
            judge_names_below(judge, &place);
        }
    }
    sp_judge_policies(judge, route);
}
