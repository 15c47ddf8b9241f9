/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 5280 §4.1 and §4.2.1, RFC 7633 §4):
 *
 *   Extension        = SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, value OCTET STRING }
 *   basicConstraints = SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLen INTEGER OPTIONAL }
 *   keyUsage         = BIT STRING                   ; nine named bits
 *   extKeyUsage      = SEQUENCE OF OID
 *   subjectAltName   = SEQUENCE OF GeneralName      ; context tags [0] to [8]
 *   subjectKeyId     = OCTET STRING
 *   authorityKeyId   = SEQUENCE { [0] key OPTIONAL, … }
 *   nameConstraints  = SEQUENCE { … }               ; kept as it is, judged in constraints.c
 *   policies         = SEQUENCE OF SEQUENCE { OID, … }
 *   policyMappings   = SEQUENCE OF SEQUENCE { OID, OID }
 *   policyConstraint = SEQUENCE { [0] INTEGER OPTIONAL, [1] INTEGER OPTIONAL }
 *   inhibitAnyPolicy = INTEGER
 *   tlsFeature       = SEQUENCE OF INTEGER          ; 5 = status_request
 *   cRLDistributionPoints = SEQUENCE { … }          ; kept as it is, read in crl.c
 *   ocspNocheck      = NULL                         ; RFC 6960 §4.2.2.2.1
 */
#include "probe/cert_ext.h"

#include "probe/algorithm.h"

#include <string.h>

typedef bool read_extension(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                            bool *out_of_memory);

/* Enters the one SEQUENCE that the extension's value has to be. */
static bool enter_sequence(struct sp_slice value, struct sp_der *out_inner)
{
    struct sp_der outer;
    sp_der_init(&outer, value);
    return sp_der_enter(&outer, SP_DER_SEQUENCE, out_inner) && sp_der_done(&outer);
}

static bool read_basic_constraints(struct sp_arena *arena, struct sp_slice value,
                                   struct sp_cert *cert, bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der inner;
    struct sp_der_value item;
    cert->has_basic_constraints = true;
    if (!enter_sequence(value, &inner)) {
        return false;
    }
    if (sp_der_expect(&inner, SP_DER_BOOLEAN, &item) && !sp_der_bool(item.content, &cert->is_ca)) {
        return false;
    }
    if (sp_der_expect(&inner, SP_DER_INTEGER, &item) &&
        !sp_der_limit(item.content, &cert->path_len)) {
        return false;
    }
    return sp_der_done(&inner);
}

static bool read_key_usage(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                           bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der outer;
    struct sp_der_value bits;
    sp_der_init(&outer, value);
    cert->has_key_usage = true;
    if (!sp_der_expect(&outer, SP_DER_BIT_STRING, &bits) || !sp_der_done(&outer) ||
        bits.content.len == 0 || bits.content.data[0] > 7) {
        return false;
    }
    for (unsigned bit = 0; bit < 9; bit++) {
        size_t octet = 1 + bit / 8;
        if (octet < bits.content.len && (bits.content.data[octet] & (0x80u >> bit % 8)) != 0) {
            cert->key_usage = (uint16_t)(cert->key_usage | 1u << bit);
        }
    }
    return true;
}

static bool read_ext_key_usage(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                               bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    static const char server_auth[] = "\x2b\x06\x01\x05\x05\x07\x03\x01";
    static const char ocsp_signing[] = "\x2b\x06\x01\x05\x05\x07\x03\x09";
    static const char any[] = {0x55, 0x1d, 0x25, 0x00};
    struct sp_der inner;
    struct sp_der_value oid;
    cert->has_ext_key_usage = true;
    if (!enter_sequence(value, &inner)) {
        return false;
    }
    while (sp_der_expect(&inner, SP_DER_OID, &oid)) {
        if (oid.content.len == 8 && memcmp(oid.content.data, server_auth, 8) == 0) {
            cert->eku_server_auth = true;
        } else if (oid.content.len == 8 && memcmp(oid.content.data, ocsp_signing, 8) == 0) {
            cert->eku_ocsp_signing = true;
        } else if (oid.content.len == 4 && memcmp(oid.content.data, any, 4) == 0) {
            cert->eku_any = true;
        }
    }
    return sp_der_done(&inner);
}

static bool read_subject_key_id(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                                bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der outer;
    struct sp_der_value item;
    sp_der_init(&outer, value);
    if (!sp_der_expect(&outer, SP_DER_OCTET_STRING, &item) || !sp_der_done(&outer)) {
        return false;
    }
    cert->ski = item.content;
    return true;
}

static bool read_authority_key_id(struct sp_arena *arena, struct sp_slice value,
                                  struct sp_cert *cert, bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der inner;
    struct sp_der_value item;
    if (!enter_sequence(value, &inner)) {
        return false;
    }
    if (sp_der_expect(&inner, SP_DER_CONTEXT(0), &item)) {
        cert->aki = item.content;
    }
    return true;
}

static bool read_name_constraints(struct sp_arena *arena, struct sp_slice value,
                                  struct sp_cert *cert, bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der inner;
    cert->name_constraints = value;
    return enter_sequence(value, &inner);
}

static bool read_crl_points(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                            bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    cert->crl_points = value;
    return true;
}

static bool read_ocsp_nocheck(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                              bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    (void)value;
    cert->ocsp_nocheck = true;
    return true;
}

static bool read_tls_feature(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                             bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der inner;
    struct sp_der_value item;
    int feature;
    if (!enter_sequence(value, &inner)) {
        return false;
    }
    while (sp_der_expect(&inner, SP_DER_INTEGER, &item)) {
        if (sp_der_small(item.content, &feature) && feature == 5) {
            cert->must_staple = true;
        }
    }
    return sp_der_done(&inner);
}

bool sp_cert_next_name(struct sp_der *names, struct sp_general_name *out_name)
{
    struct sp_der_value item;
    if (!sp_der_read(names, &item)) {
        return false;
    }
    out_name->tag = item.tag;
    out_name->value = item.content;
    switch (item.tag) {
    case SP_DER_CONTEXT(1): out_name->type = SP_NAME_EMAIL; break;
    case SP_DER_CONTEXT(2): out_name->type = SP_NAME_DNS; break;
    case SP_DER_CONTEXT(6): out_name->type = SP_NAME_URI; break;
    case SP_DER_CONTEXT(7): out_name->type = SP_NAME_IP; break;
    default: out_name->type = SP_NAME_OTHER; break;
    }
    return true;
}

static bool read_subject_alt_name(struct sp_arena *arena, struct sp_slice value,
                                  struct sp_cert *cert, bool *out_of_memory)
{
    struct sp_der outer, inner, walk;
    struct sp_der_value sequence;
    struct sp_general_name name;
    size_t count = 0;
    sp_der_init(&outer, value);
    cert->has_san = true;
    if (!sp_der_expect(&outer, SP_DER_SEQUENCE, &sequence)) {
        return false;
    }
    cert->san = sequence.content;
    sp_der_init(&inner, cert->san);
    for (walk = inner; sp_cert_next_name(&walk, &name);) {
        count++;
    }
    bool complete = sp_der_done(&walk) && sp_der_done(&outer);
    cert->names_cut = count > SP_LIMIT_NAMES;
    count = cert->names_cut ? SP_LIMIT_NAMES : count;
    cert->names = sp_arena_array(arena, count, sizeof *cert->names);
    *out_of_memory = cert->names == NULL;
    while (!*out_of_memory && cert->name_count < count && sp_cert_next_name(&inner, &name)) {
        struct sp_cert_name *kept = &cert->names[cert->name_count++];
        kept->type = name.type;
        kept->value.len = name.value.len;
        kept->value.data = sp_arena_strndup(arena, (const char *)name.value.data, name.value.len);
        *out_of_memory = kept->value.data == NULL;
    }
    return complete;
}

/* --- policies (RFC 5280 §4.2.1.4, §4.2.1.5, §4.2.1.11, §4.2.1.14) ------------------------------- */

static bool is_listed(const struct sp_slice *list, size_t count, struct sp_slice oid)
{
    for (size_t i = 0; i < count; i++) {
        if (sp_slice_equal(list[i], oid)) {
            return true;
        }
    }
    return false;
}

static bool read_policies(struct sp_arena *arena, struct sp_slice value, struct sp_cert *cert,
                          bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_slice seen[SP_LIMIT_POLICIES];
    struct sp_der outer, inner, policy;
    struct sp_der_value list, oid;
    size_t count = 0;
    sp_der_init(&outer, value);
    if (!sp_der_expect(&outer, SP_DER_SEQUENCE, &list) || !sp_der_done(&outer)) {
        return false;
    }
    sp_der_init(&inner, list.content);
    while (sp_der_enter(&inner, SP_DER_SEQUENCE, &policy)) {
        if (!sp_der_expect(&policy, SP_DER_OID, &oid) || is_listed(seen, count, oid.content)) {
            return false; /* never twice, says §4.2.1.4 */
        }
        if (count < SP_LIMIT_POLICIES) {
            seen[count++] = oid.content;
        }
    }
    if (count == 0 || !sp_der_done(&inner)) {
        return false;
    }
    cert->policies = list.content;
    return true;
}

static bool read_policy_mappings(struct sp_arena *arena, struct sp_slice value,
                                 struct sp_cert *cert, bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    static const char any_policy[] = "\x55\x1d\x20"; /* and a zero: 2.5.29.32.0 */
    struct sp_der outer, inner, pair;
    struct sp_der_value list, from, to;
    size_t count = 0;
    sp_der_init(&outer, value);
    if (!sp_der_expect(&outer, SP_DER_SEQUENCE, &list) || !sp_der_done(&outer)) {
        return false;
    }
    sp_der_init(&inner, list.content);
    while (sp_der_enter(&inner, SP_DER_SEQUENCE, &pair)) {
        /* anyPolicy is neither to be mapped nor to be mapped to: §6.1.4 (a). */
        if (!sp_der_expect(&pair, SP_DER_OID, &from) || !sp_der_expect(&pair, SP_DER_OID, &to) ||
            !sp_der_done(&pair) || sp_oid_is(from.content, any_policy, sizeof any_policy) ||
            sp_oid_is(to.content, any_policy, sizeof any_policy)) {
            return false;
        }
        count++;
    }
    if (count == 0 || !sp_der_done(&inner)) {
        return false;
    }
    cert->policy_mappings = list.content;
    return true;
}

static bool read_policy_constraints(struct sp_arena *arena, struct sp_slice value,
                                    struct sp_cert *cert, bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der inner;
    struct sp_der_value require, inhibit;
    if (!enter_sequence(value, &inner) || sp_der_done(&inner) ||
        (sp_der_expect(&inner, SP_DER_CONTEXT(0), &require) &&
         !sp_der_limit(require.content, &cert->require_policy)) ||
        (sp_der_expect(&inner, SP_DER_CONTEXT(1), &inhibit) &&
         !sp_der_limit(inhibit.content, &cert->inhibit_mapping))) {
        return false;
    }
    return sp_der_done(&inner);
}

static bool read_inhibit_any_policy(struct sp_arena *arena, struct sp_slice value,
                                    struct sp_cert *cert, bool *out_of_memory)
{
    (void)arena;
    (void)out_of_memory;
    struct sp_der outer;
    struct sp_der_value skip;
    sp_der_init(&outer, value);
    return sp_der_expect(&outer, SP_DER_INTEGER, &skip) && sp_der_done(&outer) &&
           sp_der_limit(skip.content, &cert->inhibit_any_policy);
}

/* --- the list ----------------------------------------------------------------------------------- */

/* `read` NULL: known, and nothing of it bears on a server's identity. */
struct known_extension {
    const char *oid;
    size_t len;
    read_extension *read;
    const char *malformed, *repeated;
};

#define KNOWN(oid, read, name)                                            \
    {                                                                     \
        oid, sizeof oid - 1, read, "its " name " extension is malformed", \
            "it has more than one " name " extension"                     \
    }

static const struct known_extension known_extensions[] = {
    KNOWN("\x55\x1d\x0e", read_subject_key_id, "subjectKeyIdentifier"),
    KNOWN("\x55\x1d\x0f", read_key_usage, "keyUsage"),
    KNOWN("\x55\x1d\x11", read_subject_alt_name, "subjectAltName"),
    KNOWN("\x55\x1d\x12", NULL, "issuerAltName"),
    KNOWN("\x55\x1d\x13", read_basic_constraints, "basicConstraints"),
    KNOWN("\x55\x1d\x1e", read_name_constraints, "nameConstraints"),
    KNOWN("\x55\x1d\x1f", read_crl_points, "cRLDistributionPoints"),
    KNOWN("\x55\x1d\x20", read_policies, "certificatePolicies"),
    KNOWN("\x55\x1d\x21", read_policy_mappings, "policyMappings"),
    KNOWN("\x55\x1d\x23", read_authority_key_id, "authorityKeyIdentifier"),
    KNOWN("\x55\x1d\x24", read_policy_constraints, "policyConstraints"),
    KNOWN("\x55\x1d\x25", read_ext_key_usage, "extKeyUsage"),
    KNOWN("\x55\x1d\x36", read_inhibit_any_policy, "inhibitAnyPolicy"),
    KNOWN("\x2b\x06\x01\x05\x05\x07\x01\x18", read_tls_feature, "TLS feature"),
    KNOWN("\x2b\x06\x01\x05\x05\x07\x30\x01\x05", read_ocsp_nocheck, "OCSP no check"),
};
#define KNOWN_COUNT (sizeof known_extensions / sizeof known_extensions[0])

void sp_cert_add_flaw(struct sp_cert *cert, const char *flaw)
{
    for (size_t i = 0; i < cert->flaw_count; i++) {
        if (strcmp(cert->flaws[i], flaw) == 0) {
            return;
        }
    }
    if (cert->flaw_count < SP_LIMIT_CERT_FLAWS) {
        cert->flaws[cert->flaw_count++] = flaw;
    }
}

static size_t find_known(struct sp_slice oid)
{
    size_t i = 0;
    while (i < KNOWN_COUNT && (known_extensions[i].len != oid.len ||
                               memcmp(known_extensions[i].oid, oid.data, oid.len) != 0)) {
        i++;
    }
    return i;
}

static bool note_unknown_critical(struct sp_arena *arena, struct sp_slice oid, struct sp_cert *cert)
{
    char text[96];
    if (cert->unknown_critical) {
        return true;
    }
    sp_der_oid_text(oid, text, sizeof text);
    cert->unknown_critical = true;
    cert->unknown_critical_oid = sp_arena_strdup(arena, text);
    return cert->unknown_critical_oid != NULL;
}

struct extension {
    struct sp_slice oid, value;
    bool critical;
};

static bool read_extension_frame(struct sp_slice octets, struct extension *out)
{
    struct sp_der outer, inner;
    struct sp_der_value oid, flag, value;
    out->critical = false;
    sp_der_init(&outer, octets);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &inner) ||
        !sp_der_expect(&inner, SP_DER_OID, &oid) ||
        (sp_der_expect(&inner, SP_DER_BOOLEAN, &flag) &&
         !sp_der_bool(flag.content, &out->critical)) ||
        !sp_der_expect(&inner, SP_DER_OCTET_STRING, &value) || !sp_der_done(&inner)) {
        return false;
    }
    out->oid = oid.content;
    out->value = value.content;
    return true;
}

/* What was met so far: RFC 5280 §4.2 allows no extension twice. The first one counts. */
struct met {
    bool known[KNOWN_COUNT];
    struct sp_slice unknown[SP_LIMIT_EXTENSIONS];
    size_t unknown_count;
};

static bool read_unknown(struct sp_arena *arena, const struct extension *extension, struct met *met,
                         struct sp_cert *cert)
{
    if (is_listed(met->unknown, met->unknown_count, extension->oid)) {
        sp_cert_add_flaw(cert, "it has the same extension more than once");
    } else if (met->unknown_count < SP_LIMIT_EXTENSIONS) {
        met->unknown[met->unknown_count++] = extension->oid;
    }
    return !extension->critical || note_unknown_critical(arena, extension->oid, cert);
}

static bool read_known(struct sp_arena *arena, const struct extension *extension, size_t index,
                       struct met *met, struct sp_cert *cert)
{
    const struct known_extension *known = &known_extensions[index];
    bool out_of_memory = false;
    if (met->known[index]) {
        sp_cert_add_flaw(cert, known->repeated);
        return true;
    }
    met->known[index] = true;
    if (known->read != NULL && !known->read(arena, extension->value, cert, &out_of_memory)) {
        sp_cert_add_flaw(cert, known->malformed);
    }
    return !out_of_memory;
}

bool sp_cert_read_extensions(struct sp_arena *arena, struct sp_der extensions, struct sp_cert *cert)
{
    struct met met = {0};
    struct sp_der_value item;
    bool in_memory = true;
    while (in_memory && sp_der_expect(&extensions, SP_DER_SEQUENCE, &item)) {
        struct extension extension;
        if (!read_extension_frame(item.whole, &extension)) {
            sp_cert_add_flaw(cert, "its list of extensions is malformed");
            continue;
        }
        size_t index = find_known(extension.oid);
        in_memory = index < KNOWN_COUNT ? read_known(arena, &extension, index, &met, cert)
                                        : read_unknown(arena, &extension, &met, cert);
    }
    if (in_memory && !sp_der_done(&extensions)) {
        sp_cert_add_flaw(cert, "its list of extensions is malformed");
    }
    return in_memory;
}
