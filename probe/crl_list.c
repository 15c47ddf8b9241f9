/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 5280 §5.1 to §5.3):
 *
 *   CertificateList = SEQUENCE { TBSCertList, AlgorithmIdentifier, signature BIT STRING }
 *   TBSCertList = SEQUENCE {
 *       version INTEGER OPTIONAL, AlgorithmIdentifier, issuer Name, thisUpdate Time, nextUpdate Time OPTIONAL,
 *       SEQUENCE OF Entry OPTIONAL, [0] { Extensions } OPTIONAL }
 *   Entry = SEQUENCE { serial INTEGER, revocationDate Time, Extensions OPTIONAL }
 *   Extensions = SEQUENCE OF SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, value OCTET STRING }
 *   issuingDistributionPoint = SEQUENCE {
 *       [0] { name } OPTIONAL, [1] onlyContainsUserCerts, [2] onlyContainsCACerts, [3] onlySomeReasons,
 *       [4] indirectCRL, [5] onlyContainsAttributeCerts }
 *
 * The entries are walked three times: to check and count them, to count them by bucket, and to note their
 * places. That costs less than one sorting would.
 */
#include "probe/crl_list.h"

#include "probe/dn.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_PER_BUCKET 16u

#define OID_REASON "\x55\x1d\x15"
#define OID_INVALIDITY_DATE "\x55\x1d\x18"
#define OID_CERTIFICATE_ISSUER "\x55\x1d\x1d"
#define OID_ISSUER_ALT_NAME "\x55\x1d\x12"
#define OID_CRL_NUMBER "\x55\x1d\x14"
#define OID_DELTA "\x55\x1d\x1b"
#define OID_POINT "\x55\x1d\x1c"
#define OID_AUTHORITY_KEY "\x55\x1d\x23"

struct extension {
    struct sp_slice oid, value;
    bool critical;
};

static bool read_extension(struct sp_der *extensions, struct extension *out)
{
    struct sp_der inner;
    struct sp_der_value oid, flag, value;
    out->critical = false;
    if (!sp_der_enter(extensions, SP_DER_SEQUENCE, &inner) ||
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

/* RFC 5280 §5.2 and §5.3: with a critical extension that we don't process, the list tells nothing. */
static void note_unknown(struct sp_crl_list *list, const struct extension *extension)
{
    if (list->unusable == NULL) {
        list->unusable = "has an extension marked critical that is not known here";
        sp_der_oid_text(extension->oid, list->unusable_oid, sizeof list->unusable_oid);
    }
}

static void note_unusable(struct sp_crl_list *list, const char *why)
{
    list->unusable = why;
    list->unusable_oid[0] = '\0';
}

/* --- entries ------------------------------------------------------------------------------------ */

/* The front of an entry: all that looking for a serial number takes. */
static bool read_serial(struct sp_der *entries, struct sp_der *out_inner,
                        struct sp_slice *out_serial)
{
    struct sp_der_value serial;
    if (!sp_der_enter(entries, SP_DER_SEQUENCE, out_inner) ||
        !sp_der_expect(out_inner, SP_DER_INTEGER, &serial) || serial.content.len == 0) {
        return false;
    }
    *out_serial = serial.content;
    return true;
}

static bool read_reason(struct sp_slice value, int *out)
{
    struct sp_der der;
    struct sp_der_value number;
    sp_der_init(&der, value);
    return sp_der_expect(&der, SP_DER_ENUMERATED, &number) && sp_der_done(&der) &&
           sp_der_small(number.content, out);
}

static bool read_entry_extensions(struct sp_der *inner, struct sp_crl_list *list, int *out_reason)
{
    struct sp_der extensions;
    struct extension extension;
    if (!sp_der_enter(inner, SP_DER_SEQUENCE, &extensions)) {
        return false;
    }
    while (!sp_der_done(&extensions)) {
        if (!read_extension(&extensions, &extension)) {
            return false;
        }
        if (sp_oid_is(extension.oid, OID_REASON, 3)) {
            if (!read_reason(extension.value, out_reason)) {
                return false;
            }
        } else if (sp_oid_is(extension.oid, OID_CERTIFICATE_ISSUER, 3)) {
            note_unusable(list, "is an indirect CRL, with entries of other issuers");
        } else if (extension.critical && !sp_oid_is(extension.oid, OID_INVALIDITY_DATE, 3)) {
            note_unknown(list, &extension);
        }
    }
    return true;
}

static bool read_entry(struct sp_der *entries, struct sp_crl_list *list, struct sp_crl_entry *out)
{
    struct sp_der inner;
    struct sp_der_value date;
    out->reason = -1;
    return read_serial(entries, &inner, &out->serial) && sp_der_read(&inner, &date) &&
           sp_der_time(date.tag, date.content, &out->revoked_at) &&
           (sp_der_done(&inner) || read_entry_extensions(&inner, list, &out->reason)) &&
           sp_der_done(&inner);
}

/* A number in two forms must not become two numbers. */
static struct sp_slice strip(struct sp_slice serial)
{
    while (serial.len > 1 && serial.data[0] == 0) {
        serial.data++;
        serial.len--;
    }
    return serial;
}

/* FNV-1a. */
static size_t find_bucket(const struct sp_crl_list *list, struct sp_slice stripped)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < stripped.len; i++) {
        hash = (hash ^ stripped.data[i]) * UINT32_C(16777619);
    }
    return (hash ^ hash >> 16) & (list->bucket_count - 1);
}

/* Calls for nothing that can fail: the entries have been read once. */
static void fill_index(struct sp_crl_list *list)
{
    struct sp_der entries, inner;
    struct sp_slice serial;
    uint32_t sum = 0;
    sp_der_init(&entries, list->entries);
    while (read_serial(&entries, &inner, &serial)) {
        list->starts[find_bucket(list, strip(serial))]++;
    }
    for (size_t i = 0; i <= list->bucket_count; i++) {
        sum += list->starts[i];
        list->starts[i] = sum;
    }
    /* Each bucket is filled from its end, so that its start is right when all are in. */
    sp_der_init(&entries, list->entries);
    for (const uint8_t *at = entries.at; read_serial(&entries, &inner, &serial); at = entries.at) {
        list->places[--list->starts[find_bucket(list, strip(serial))]] =
            (uint32_t)(at - list->entries.data);
    }
}

static const char *index_entries(struct sp_crl_list *list, bool *out_memory)
{
    struct sp_der entries;
    struct sp_crl_entry entry;
    sp_der_init(&entries, list->entries);
    for (; !sp_der_done(&entries); list->count++) {
        if (!read_entry(&entries, list, &entry)) {
            return "has a malformed entry";
        }
    }
    list->bucket_count = 1;
    while (list->bucket_count * ENTRIES_PER_BUCKET < list->count) {
        list->bucket_count *= 2;
    }
    list->places = malloc((list->count + 1) * sizeof *list->places);
    list->starts = calloc(list->bucket_count + 1, sizeof *list->starts);
    if (list->places == NULL || list->starts == NULL) {
        *out_memory = true;
        return "out of memory";
    }
    fill_index(list);
    return NULL;
}

bool sp_crl_list_find(const struct sp_crl_list *list, struct sp_slice serial,
                      struct sp_crl_entry *out)
{
    struct sp_slice wanted = strip(serial);
    struct sp_crl_list unused = {0};
    size_t bucket = find_bucket(list, wanted);
    for (uint32_t i = list->starts[bucket]; i < list->starts[bucket + 1]; i++) {
        struct sp_der entries;
        struct sp_slice rest = {list->entries.data + list->places[i],
                                list->entries.len - list->places[i]};
        sp_der_init(&entries, rest);
        if (read_entry(&entries, &unused, out) && sp_slice_equal(strip(out->serial), wanted)) {
            return true;
        }
    }
    return false;
}

/* --- extensions of the list --------------------------------------------------------------------- */

/* Reads the optional BOOLEAN [n]. */
static bool read_flag(struct sp_der *der, unsigned n, bool *out)
{
    struct sp_der_value flag;
    return !sp_der_expect(der, SP_DER_CONTEXT(n), &flag) || sp_der_bool(flag.content, out);
}

static bool read_point(struct sp_slice value, struct sp_crl_list *list)
{
    struct sp_der outer, inner;
    struct sp_der_value item;
    bool indirect = false;
    sp_der_init(&outer, value);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &inner) || !sp_der_done(&outer)) {
        return false;
    }
    if (sp_der_expect(&inner, SP_DER_CONTEXT_CONSTRUCTED(0), &item)) {
        list->point = item.content;
    }
    if (!read_flag(&inner, 1, &list->only_user) || !read_flag(&inner, 2, &list->only_ca)) {
        return false;
    }
    list->some_reasons = sp_der_expect(&inner, SP_DER_CONTEXT(3), &item);
    if (!read_flag(&inner, 4, &indirect) || !read_flag(&inner, 5, &list->only_attribute)) {
        return false;
    }
    if (indirect) {
        note_unusable(list, "is an indirect CRL, which is not supported here");
    }
    return sp_der_done(&inner);
}

static const char *read_extensions(struct sp_der *tbs, struct sp_crl_list *list)
{
    struct sp_der tagged, extensions;
    struct extension extension;
    if (!sp_der_enter(tbs, SP_DER_CONTEXT_CONSTRUCTED(0), &tagged) ||
        !sp_der_enter(&tagged, SP_DER_SEQUENCE, &extensions) || !sp_der_done(&tagged)) {
        return "has malformed extensions";
    }
    while (!sp_der_done(&extensions)) {
        if (!read_extension(&extensions, &extension)) {
            return "has malformed extensions";
        }
        if (sp_oid_is(extension.oid, OID_POINT, 3)) {
            if (!read_point(extension.value, list)) {
                return "has a malformed issuingDistributionPoint";
            }
        } else if (sp_oid_is(extension.oid, OID_DELTA, 3)) {
            note_unusable(list, "is a delta CRL; the full one is needed");
        } else if (extension.critical && !sp_oid_is(extension.oid, OID_AUTHORITY_KEY, 3) &&
                   !sp_oid_is(extension.oid, OID_CRL_NUMBER, 3) &&
                   !sp_oid_is(extension.oid, OID_ISSUER_ALT_NAME, 3)) {
            note_unknown(list, &extension);
        }
    }
    return NULL;
}

/* --- the list ----------------------------------------------------------------------------------- */

static bool is_time(unsigned tag)
{
    return tag == SP_DER_UTC_TIME || tag == SP_DER_GENERALIZED_TIME;
}

static const char *read_times(struct sp_der *tbs, struct sp_crl_list *list)
{
    struct sp_der_value item;
    if (!sp_der_read(tbs, &item) || !sp_der_time(item.tag, item.content, &list->this_update)) {
        return "has a malformed thisUpdate";
    }
    if (is_time(sp_der_peek(tbs)) &&
        (!sp_der_read(tbs, &item) || !sp_der_time(item.tag, item.content, &list->next_update))) {
        return "has a malformed nextUpdate";
    }
    return NULL;
}

static const char *read_tbs(struct sp_der *tbs, struct sp_crl_list *list, bool *out_memory)
{
    struct sp_algorithm inner;
    struct sp_der_value item;
    int version = 0;
    if (sp_der_expect(tbs, SP_DER_INTEGER, &item) &&
        (!sp_der_small(item.content, &version) || version != 1)) {
        return "has a version that is not known here";
    }
    if (!sp_algorithm_read(tbs, &inner) ||
        !sp_slice_equal(inner.whole, list->what.algorithm.whole)) {
        return "names two different signature algorithms, inside and outside of what is signed";
    }
    if (!sp_der_expect(tbs, SP_DER_SEQUENCE, &item) || !sp_dn_valid(item.whole)) {
        return "has a malformed issuer";
    }
    list->issuer = item.whole;
    list->issuer_hash = sp_dn_hash(item.whole);
    const char *error = read_times(tbs, list);
    if (error != NULL) {
        return error;
    }
    if (sp_der_expect(tbs, SP_DER_SEQUENCE, &item)) {
        list->entries = item.content;
    }
    error = index_entries(list, out_memory);
    if (error == NULL && !sp_der_done(tbs)) {
        error = read_extensions(tbs, list);
    }
    return error == NULL && !sp_der_done(tbs) ? "has octets behind its extensions" : error;
}

const char *sp_crl_list_read(struct sp_crl_list *out, const uint8_t *der, size_t len,
                             bool *out_memory)
{
    struct sp_der outer, list, inner;
    struct sp_der_value tbs, signature;
    memset(out, 0, sizeof *out);
    sp_der_init(&outer, (struct sp_slice){der, len});
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &list) || !sp_der_done(&outer) ||
        !sp_der_expect(&list, SP_DER_SEQUENCE, &tbs) ||
        !sp_algorithm_read(&list, &out->what.algorithm) ||
        !sp_der_expect(&list, SP_DER_BIT_STRING, &signature) ||
        !sp_der_octets(signature.content, &out->what.signature) || !sp_der_done(&list)) {
        return "is not a CRL in DER, or it is cut off";
    }
    out->what.octets = tbs.whole;
    sp_algorithm_signature(&out->what.algorithm, &out->algorithm);
    sp_der_init(&inner, tbs.content);
    const char *error = read_tbs(&inner, out, out_memory);
    if (error != NULL) {
        sp_crl_list_free(out);
    }
    return error;
}

void sp_crl_list_free(struct sp_crl_list *list)
{
    free(list->places);
    free(list->starts);
    memset(list, 0, sizeof *list);
}
