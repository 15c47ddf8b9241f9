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
 *   tlsFeature       = SEQUENCE OF INTEGER          ; 5 = status_request
 *   cRLDistributionPoints = SEQUENCE { … }          ; kept as it is, read in crl.c
 *   ocspNocheck      = NULL                         ; RFC 6960 §4.2.2.2.1
 */
#include "probe/cert_ext.h"

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
        !sp_der_small(item.content, &cert->path_len)) {
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
    if (!sp_der_expect(&outer, SP_DER_SEQUENCE, &sequence) || !sp_der_done(&outer)) {
        return false;
    }
    cert->san = sequence.content;
    sp_der_init(&inner, cert->san);
    for (walk = inner; sp_cert_next_name(&walk, &name);) {
        count++;
    }
    bool complete = sp_der_done(&walk);
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

/*
 * Policies are known but not processed: the tree of RFC 5280 §6.1.3 (d) decides nothing as long as
 * no policy is asked for, and a CA that demands one (requireExplicitPolicy) is not used for servers.
 * OpenSSL and GnuTLS do the same unless told otherwise.
 */
static const struct known_extension known_extensions[] = {
    KNOWN("\x55\x1d\x0e", read_subject_key_id, "subjectKeyIdentifier"),
    KNOWN("\x55\x1d\x0f", read_key_usage, "keyUsage"),
    KNOWN("\x55\x1d\x11", read_subject_alt_name, "subjectAltName"),
    KNOWN("\x55\x1d\x12", NULL, "issuerAltName"),
    KNOWN("\x55\x1d\x13", read_basic_constraints, "basicConstraints"),
    KNOWN("\x55\x1d\x1e", read_name_constraints, "nameConstraints"),
    KNOWN("\x55\x1d\x1f", read_crl_points, "cRLDistributionPoints"),
    KNOWN("\x55\x1d\x20", NULL, "certificatePolicies"),
    KNOWN("\x55\x1d\x21", NULL, "policyMappings"),
    KNOWN("\x55\x1d\x23", read_authority_key_id, "authorityKeyIdentifier"),
    KNOWN("\x55\x1d\x24", NULL, "policyConstraints"),
    KNOWN("\x55\x1d\x25", read_ext_key_usage, "extKeyUsage"),
    KNOWN("\x55\x1d\x36", NULL, "inhibitAnyPolicy"),
    KNOWN("\x2b\x06\x01\x05\x05\x07\x01\x18", read_tls_feature, "TLS feature"),
    KNOWN("\x2b\x06\x01\x05\x05\x07\x30\x01\x05", read_ocsp_nocheck, "OCSP no check"),
};
#define KNOWN_COUNT (sizeof known_extensions / sizeof known_extensions[0])

void sp_cert_add_flaw(struct sp_cert *cert, const char *flaw)
{
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

bool sp_cert_read_extensions(struct sp_arena *arena, struct sp_der extensions, struct sp_cert *cert)
{
    bool seen[KNOWN_COUNT] = {false};
    bool out_of_memory = false;
    while (!sp_der_done(&extensions)) {
        struct sp_der extension;
        struct sp_der_value oid, flag, value;
        bool critical = false;
        if (!sp_der_enter(&extensions, SP_DER_SEQUENCE, &extension) ||
            !sp_der_expect(&extension, SP_DER_OID, &oid) ||
            (sp_der_expect(&extension, SP_DER_BOOLEAN, &flag) &&
             !sp_der_bool(flag.content, &critical)) ||
            !sp_der_expect(&extension, SP_DER_OCTET_STRING, &value) || !sp_der_done(&extension)) {
            sp_cert_add_flaw(cert, "its list of extensions is malformed");
            return true;
        }
        size_t i = find_known(oid.content);
        if (i == KNOWN_COUNT) {
            if (critical && !note_unknown_critical(arena, oid.content, cert)) {
                return false;
            }
            continue;
        }
        const struct known_extension *known = &known_extensions[i];
        if (seen[i]) {
            /* RFC 5280 §4.2: never twice. The first one counts. */
            sp_cert_add_flaw(cert, known->repeated);
            continue;
        }
        seen[i] = true;
        if (known->read != NULL && !known->read(arena, value.content, cert, &out_of_memory)) {
            sp_cert_add_flaw(cert, known->malformed);
        }
        if (out_of_memory) {
            return false;
        }
    }
    return true;
}
