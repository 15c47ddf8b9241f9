/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   extKeyUsage         = SEQUENCE OF OID
 *   authorityInfoAccess = SEQUENCE OF SEQUENCE { OID, GeneralName }
 *   crlDistribution     = SEQUENCE OF SEQUENCE { [0] { [0] SEQUENCE-OF-GeneralName / [1] … }, … }
 *   nameConstraints     = SEQUENCE { [0] SEQUENCE-OF-subtree, [1] SEQUENCE-OF-subtree }
 *   subtree             = SEQUENCE { GeneralName, … }
 */
#include "probe/cert_details.h"

#include <string.h>

const char *sp_usage_name(unsigned index)
{
    static const char *const names[SP_USAGE_COUNT] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
        "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly"};
    return names[index];
}

struct named_oid {
    const char *octets;
    size_t len;
    const char *name;
};
#define NAMED(octets, name)             \
    {                                   \
        octets, sizeof octets - 1, name \
    }

static bool is_oid(struct sp_slice oid, const char *octets, size_t len)
{
    return oid.len == len && memcmp(oid.data, octets, len) == 0;
}

const char *sp_use_name(struct sp_slice oid)
{
    static const struct named_oid uses[] = {
        NAMED("\x2b\x06\x01\x05\x05\x07\x03\x01", "serverAuth"),
        NAMED("\x2b\x06\x01\x05\x05\x07\x03\x02", "clientAuth"),
        NAMED("\x2b\x06\x01\x05\x05\x07\x03\x03", "codeSigning"),
        NAMED("\x2b\x06\x01\x05\x05\x07\x03\x04", "emailProtection"),
        NAMED("\x2b\x06\x01\x05\x05\x07\x03\x08", "timeStamping"),
        NAMED("\x2b\x06\x01\x05\x05\x07\x03\x09", "OCSPSigning"),
        NAMED("\x55\x1d\x25\x00", "anyExtendedKeyUsage"),
    };
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (is_oid(oid, uses[i].octets, uses[i].len))
            return uses[i].name;
    return NULL;
}

static void add_url(struct sp_urls *urls, const struct sp_general_name *name)
{
    if (name->type != SP_NAME_URI)
        return;
    if (urls->count < SP_DETAILS_LIST)
        urls->items[urls->count++] = name->value;
    else
        urls->cut = true;
}

static void read_uses(struct sp_der list, struct sp_cert_details *out)
{
    struct sp_der_value oid;
    while (sp_der_expect(&list, SP_DER_OID, &oid)) {
        if (out->uses.count < SP_DETAILS_LIST)
            out->uses.oids[out->uses.count++] = oid.content;
        else
            out->uses.cut = true;
    }
}

static void read_access(struct sp_der list, struct sp_cert_details *out)
{
    static const char ocsp[] = "\x2b\x06\x01\x05\x05\x07\x30\x01";
    static const char issuers[] = "\x2b\x06\x01\x05\x05\x07\x30\x02";
    struct sp_der description;
    while (sp_der_enter(&list, SP_DER_SEQUENCE, &description)) {
        struct sp_der_value method;
        struct sp_general_name location;
        if (!sp_der_expect(&description, SP_DER_OID, &method) ||
            !sp_cert_next_name(&description, &location))
            continue;
        if (is_oid(method.content, ocsp, sizeof ocsp - 1))
            add_url(&out->ocsp, &location);
        else if (is_oid(method.content, issuers, sizeof issuers - 1))
            add_url(&out->issuers, &location);
    }
}

static void read_points(struct sp_der list, struct sp_cert_details *out)
{
    struct sp_der point, name, full;
    while (sp_der_enter(&list, SP_DER_SEQUENCE, &point)) {
        struct sp_general_name location;
        if (!sp_der_enter(&point, SP_DER_CONTEXT_CONSTRUCTED(0), &name) ||
            !sp_der_enter(&name, SP_DER_CONTEXT_CONSTRUCTED(0), &full))
            continue;
        while (sp_cert_next_name(&full, &location))
            add_url(&out->crls, &location);
    }
}

static void read_subtrees(struct sp_der *constraints, unsigned tag, struct sp_subtrees *out)
{
    struct sp_der list, subtree;
    if (!sp_der_enter(constraints, SP_DER_CONTEXT_CONSTRUCTED(tag), &list))
        return;
    while (sp_der_enter(&list, SP_DER_SEQUENCE, &subtree)) {
        struct sp_general_name base;
        if (!sp_cert_next_name(&subtree, &base))
            continue;
        if (out->count < SP_DETAILS_LIST)
            out->items[out->count++] = base;
        else
            out->cut = true;
    }
}

static void read_constraints(struct sp_der constraints, struct sp_cert_details *out)
{
    read_subtrees(&constraints, 0, &out->permitted);
    read_subtrees(&constraints, 1, &out->excluded);
}

/* The first of each kind counts, as where they are judged. */
static void read_extension(struct sp_slice oid, struct sp_der list, struct sp_cert_details *out)
{
    static const char access[] = "\x2b\x06\x01\x05\x05\x07\x01\x01";
    if (is_oid(oid, "\x55\x1d\x25", 3) && out->uses.count == 0)
        read_uses(list, out);
    else if (is_oid(oid, access, sizeof access - 1) && out->ocsp.count + out->issuers.count == 0)
        read_access(list, out);
    else if (is_oid(oid, "\x55\x1d\x1f", 3) && out->crls.count == 0)
        read_points(list, out);
    else if (is_oid(oid, "\x55\x1d\x1e", 3) && out->permitted.count + out->excluded.count == 0)
        read_constraints(list, out);
}

void sp_cert_read_details(const struct sp_cert *cert, struct sp_cert_details *out)
{
    struct sp_der outer, tbs, tagged, extensions, extension;
    struct sp_der_value skipped;
    memset(out, 0, sizeof *out);
    sp_der_init(&outer, cert->tbs);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &tbs))
        return;
    while (sp_der_peek(&tbs) != SP_DER_CONTEXT_CONSTRUCTED(3))
        if (!sp_der_read(&tbs, &skipped))
            return;
    if (!sp_der_enter(&tbs, SP_DER_CONTEXT_CONSTRUCTED(3), &tagged) ||
        !sp_der_enter(&tagged, SP_DER_SEQUENCE, &extensions))
        return;
    while (sp_der_enter(&extensions, SP_DER_SEQUENCE, &extension)) {
        struct sp_der_value oid, flag, value;
        struct sp_der content, list;
        if (!sp_der_expect(&extension, SP_DER_OID, &oid))
            continue;
        (void)sp_der_expect(&extension, SP_DER_BOOLEAN, &flag);
        if (!sp_der_expect(&extension, SP_DER_OCTET_STRING, &value))
            continue;
        sp_der_init(&content, value.content);
        if (sp_der_enter(&content, SP_DER_SEQUENCE, &list))
            read_extension(oid.content, list, out);
    }
}
