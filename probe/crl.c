/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/crl.h"

#include "probe/calendar.h"
#include "probe/crl_list.h"
#include "probe/dn.h"
#include "probe/file.h"
#include "probe/limits.h"
#include "probe/pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_FILE "give a file with revocation lists in PEM or DER"
#define PEM_LABEL "X509 CRL"

struct list {
    struct sp_crl_list crl;
    /* Hashing a large list takes longer than a probe may (7 ms a MiB), and servers choose which key is
     * held against it: so it is done once. */
    bool hashed;
    uint8_t digest[SP_CRYPTO_HASH_MAX];
    /* The key that was held against its signature last, and how that went. */
    bool checked;
    uint8_t key[SP_CRYPTO_SHA256_SIZE];
    enum sp_crypto_verdict verdict;
};

struct text {
    struct text *next;
    uint8_t *data; /* lists are decoded where they stand, so their DER is in there */
};

/* What lookups find out about signatures is kept behind a const pointer. */
struct index {
    struct text *texts;
    struct list *lists;
    size_t count, size;
};

struct sp_crls {
    struct index *index;
};

/* --- names -------------------------------------------------------------------------------------- */

const char *sp_crl_status_name(enum sp_crl_status status)
{
    static const char *const names[] = {"not-asked", "missing", "good", "revoked", "unusable"};
    return names[status];
}

const char *sp_crl_reason_name(int number)
{
    static const char *const names[] = {
        "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
        "superseded",    "cessationOfOperation", "certificateHold", NULL,
        "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};
    return number >= 0 && (size_t)number < sizeof names / sizeof names[0] ? names[number] : NULL;
}

/* --- loading ------------------------------------------------------------------------------------ */

static struct sp_crls *new_crls(void)
{
    struct sp_crls *crls = calloc(1, sizeof *crls);
    if (crls != NULL && (crls->index = calloc(1, sizeof *crls->index)) == NULL) {
        free(crls);
        return NULL;
    }
    return crls;
}

void sp_crls_free(struct sp_crls *crls)
{
    if (crls == NULL) {
        return;
    }
    for (struct text *text = crls->index->texts; text != NULL;) {
        struct text *next = text->next;
        free(text->data);
        free(text);
        text = next;
    }
    for (size_t i = 0; i < crls->index->count; i++) {
        sp_crl_list_free(&crls->index->lists[i].crl);
    }
    free(crls->index->lists);
    free(crls->index);
    free(crls);
}

size_t sp_crls_count(const struct sp_crls *crls)
{
    return crls->index->count;
}

static struct list *reserve(struct index *index)
{
    if (index->count == index->size) {
        size_t size = index->size > 0 ? 2 * index->size : 4;
        struct list *lists = realloc(index->lists, size * sizeof *lists);
        if (lists == NULL) {
            return NULL;
        }
        index->lists = lists;
        index->size = size;
    }
    return &index->lists[index->count];
}

/* Adds one list. `where` tells which one of several it is: " (line 12)", or "". */
static bool add_list(struct index *index, const uint8_t *der, size_t len, const char *name,
                     const char *where, char *error, size_t size)
{
    bool out_of_memory = false;
    if (index->count == SP_LIMIT_CRLS) {
        (void)snprintf(error, size, "there are more than %u revocation lists; give fewer files",
                       SP_LIMIT_CRLS);
        return false;
    }
    struct list *list = reserve(index);
    if (list != NULL) {
        memset(list, 0, sizeof *list);
        const char *wrong = sp_crl_list_read(&list->crl, der, len, &out_of_memory);
        if (wrong == NULL) {
            index->count++;
            return true;
        }
        if (!out_of_memory) {
            (void)snprintf(error, size, "the CRL file %s is broken: the list%s %s; fetch it again",
                           name, where, wrong);
            return false;
        }
    }
    (void)snprintf(error, size, "out of memory while reading the CRL file %s", name);
    return false;
}

static bool add_pem(struct index *index, uint8_t *data, size_t len, const char *name,
                    size_t *out_blocks, char *error, size_t size)
{
    struct sp_pem pem;
    struct sp_pem_block block;
    sp_pem_init(&pem, data, len);
    while (sp_pem_next(&pem, &block)) {
        char where[32];
        uint8_t *der = data + (block.body - (const char *)data);
        size_t der_len = 0;
        ++*out_blocks;
        if (!sp_pem_is(&block, PEM_LABEL)) {
            continue;
        }
        (void)snprintf(where, sizeof where, " in line %zu", block.line);
        if (!sp_pem_decode(&block, der, &der_len)) {
            (void)snprintf(error, size,
                           "the CRL file %s is broken: the list%s is not whole or not base64; "
                           "fetch it again",
                           name, where);
            return false;
        }
        if (!add_list(index, der, der_len, name, where, error, size)) {
            return false;
        }
    }
    return true;
}

/* Takes `data` over. */
static bool add_text(struct index *index, uint8_t *data, size_t len, const char *name, char *error,
                     size_t size)
{
    struct text *text = data != NULL ? malloc(sizeof *text) : NULL;
    size_t blocks = 0, before = index->count;
    if (text == NULL) {
        free(data);
        (void)snprintf(error, size, "out of memory while reading the CRL file %s", name);
        return false;
    }
    text->data = data;
    text->next = index->texts;
    index->texts = text;
    if (!add_pem(index, data, len, name, &blocks, error, size)) {
        return false;
    }
    if (index->count > before) {
        return true;
    }
    if (blocks > 0) {
        (void)snprintf(error, size, "the CRL file %s holds no revocation list; " HELP_FILE, name);
        return false;
    }
    if (data[0] != SP_DER_SEQUENCE) {
        (void)snprintf(error, size, "the CRL file %s is neither PEM nor DER; " HELP_FILE, name);
        return false;
    }
    return add_list(index, data, len, name, "", error, size);
}

struct sp_crls *sp_crls_load(const char *const *files, size_t count, char *error, size_t size)
{
    static const struct sp_file_kind kind = {.what = "the CRL file",
                                             .help = HELP_FILE,
                                             .directory = "name the files in it",
                                             .large = "split it",
                                             .limit = SP_LIMIT_CRL_FILE};
    struct sp_crls *crls = new_crls();
    if (crls == NULL) {
        (void)snprintf(error, size, "out of memory while reading revocation lists");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len = 0;
        uint8_t *data = sp_file_read(&kind, files[i], &len, error, size);
        if (data == NULL || !add_text(crls->index, data, len, files[i], error, size)) {
            sp_crls_free(crls);
            return NULL;
        }
    }
    return crls;
}

struct sp_crls *sp_crls_from_memory(const void *data, size_t len, char *error, size_t size)
{
    struct sp_crls *crls = new_crls();
    uint8_t *copy = malloc(len + 1);
    if (crls == NULL || copy == NULL || len == 0) {
        (void)snprintf(error, size, len == 0 ? "the text is empty" : "out of memory");
        free(copy);
        sp_crls_free(crls);
        return NULL;
    }
    memcpy(copy, data, len);
    if (!add_text(crls->index, copy, len, "in memory", error, size)) {
        sp_crls_free(crls);
        return NULL;
    }
    return crls;
}

/* --- what a list covers ------------------------------------------------------------------------- */

/* The names in a DistributionPointName, when they are full ones. */
static bool enter_full_name(struct sp_slice point, struct sp_der *out_names)
{
    struct sp_der der;
    sp_der_init(&der, point);
    return sp_der_enter(&der, SP_DER_CONTEXT_CONSTRUCTED(0), out_names) && sp_der_done(&der);
}

static bool share_a_name(struct sp_slice a, struct sp_slice b)
{
    struct sp_der left, right;
    struct sp_der_value mine, other;
    if (!enter_full_name(a, &left)) {
        return false;
    }
    while (sp_der_read(&left, &mine)) {
        for (bool more = enter_full_name(b, &right); more && sp_der_read(&right, &other);) {
            if (sp_slice_equal(mine.whole, other.whole)) {
                return true;
            }
        }
    }
    return false;
}

/* RFC 5280 §6.3.3 (b)(2)(i): the list is for one distribution point, and the certificate names it. */
static bool is_at_point(const struct sp_cert *cert, struct sp_slice point)
{
    struct sp_der outer, points, inner;
    struct sp_der_value name;
    sp_der_init(&outer, cert->crl_points);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &points)) {
        return false;
    }
    while (sp_der_enter(&points, SP_DER_SEQUENCE, &inner)) {
        if (sp_der_expect(&inner, SP_DER_CONTEXT_CONSTRUCTED(0), &name) &&
            share_a_name(name.content, point)) {
            return true;
        }
    }
    return false;
}

static bool covers(const struct sp_crl_list *crl, const struct sp_cert *cert)
{
    return !crl->only_attribute && !(crl->only_user && cert->is_ca) &&
           !(crl->only_ca && !cert->is_ca) &&
           (crl->point.len == 0 || is_at_point(cert, crl->point));
}

/* --- whether a list counts ----------------------------------------------------------------------- */

struct lookup {
    struct sp_arena *arena;
    const struct sp_cert *cert, *issuer;
    int64_t now;
    uint8_t key[SP_CRYPTO_SHA256_SIZE];
};

static enum sp_crypto_verdict check_signature(const struct lookup *lookup, struct list *list)
{
    if (!list->checked || memcmp(list->key, lookup->key, sizeof list->key) != 0) {
        struct sp_signed what = list->crl.what;
        size_t len;
        list->hashed = list->hashed ||
                       sp_crypto_hash(list->crl.algorithm.hash, what.octets, list->digest, &len);
        what.digest = list->hashed ? list->digest : NULL;
        enum sp_crypto_verdict verdict = sp_crypto_verify(&what, lookup->issuer);
        if (verdict == SP_CRYPTO_NO_MEMORY) {
            return verdict;
        }
        list->verdict = verdict;
        list->checked = true;
        memcpy(list->key, lookup->key, sizeof list->key);
    }
    return list->verdict;
}

/* Of a list that is the issuer's: whether it tells all, and tells it of today. */
static bool judge_age(const struct lookup *lookup, const struct sp_crl_list *crl,
                      struct sp_crl_answer *out)
{
    char date[SP_CALENDAR_SIZE];
    if (crl->algorithm.hash == SP_HASH_SHA1) {
        out->weak_hash = sp_hash_weak_name(SP_HASH_SHA1);
    }
    if (crl->next_update != 0 && crl->next_update < lookup->now) {
        (void)sp_calendar_date(date, sizeof date, crl->next_update);
        out->error = sp_arena_printf(lookup->arena, "is out of date since %s", date);
        return out->error != NULL;
    }
    if (crl->some_reasons) {
        out->error = "is only about some reasons for revocation";
    }
    return true;
}

/* Finds what keeps the list from saying anything; *out_signed tells that it is the issuer's. False: out
 * of memory. */
static bool judge_list(const struct lookup *lookup, struct list *list, struct sp_crl_answer *out,
                       bool *out_signed)
{
    const struct sp_crl_list *crl = &list->crl;
    char date[SP_CALENDAR_SIZE];
    const char *weak = sp_hash_weak_name(crl->algorithm.hash);
    enum sp_crypto_verdict verdict = check_signature(lookup, list);
    *out_signed = false;
    if (verdict == SP_CRYPTO_NO_MEMORY) {
        return false;
    }
    if (verdict == SP_CRYPTO_UNSUPPORTED) {
        const char *text = crl->algorithm.text;
        out->error =
            sp_arena_printf(lookup->arena, "has a signature that cannot be checked here (%s)",
                            text != NULL ? text : "unknown algorithm");
    } else if (verdict == SP_CRYPTO_BAD) {
        out->error = "is not signed with its issuer's key";
    } else if (lookup->issuer->has_key_usage &&
               (lookup->issuer->key_usage & SP_USAGE_CRL_SIGN) == 0) {
        /* RFC 5280 §6.3.3 (f). */
        out->error = "is of an issuer that may not sign lists: its keyUsage has no cRLSign";
    } else if (weak != NULL && crl->algorithm.hash != SP_HASH_SHA1) {
        out->error = sp_arena_printf(lookup->arena,
                                     "is signed with %s, for which forgeries can be made", weak);
    } else if (crl->unusable != NULL) {
        out->error = sp_arena_printf(lookup->arena, "%s%s%s", crl->unusable,
                                     crl->unusable_oid[0] != '\0' ? ": " : "", crl->unusable_oid);
    } else if (crl->this_update > lookup->now + SP_CRL_SKEW_S) {
        (void)sp_calendar_date(date, sizeof date, crl->this_update);
        out->error = sp_arena_printf(lookup->arena, "is valid only from %s", date);
    } else {
        *out_signed = true;
        return judge_age(lookup, crl, out);
    }
    return out->error != NULL;
}

/* --- lookups ------------------------------------------------------------------------------------ */

/* What one list says. False: out of memory. */
static bool ask_list(const struct lookup *lookup, struct list *list, struct sp_crl_answer *out,
                     unsigned *out_rank)
{
    struct sp_crl_entry entry;
    bool is_signed = false;
    memset(out, 0, sizeof *out);
    out->this_update = list->crl.this_update;
    out->next_update = list->crl.next_update;
    if (!judge_list(lookup, list, out, &is_signed)) {
        return false;
    }
    out->status = out->error != NULL ? SP_CRL_UNUSABLE : SP_CRL_GOOD;
    /* removeFromCRL belongs into delta CRLs (RFC 5280 §5.3.1): it says that it is not revoked. */
    if (is_signed && sp_crl_list_find(&list->crl, lookup->cert->serial, &entry) &&
        entry.reason != 8) {
        out->status = SP_CRL_REVOKED;
        out->revoked_at = entry.revoked_at;
        out->revocation_reason = sp_crl_reason_name(entry.reason);
    }
    /* A list that tells all comes first, then one that tells something. */
    *out_rank = !is_signed ? 1 : out->error == NULL ? 4 : out->status == SP_CRL_REVOKED ? 3 : 2;
    return true;
}

bool sp_crls_lookup(const struct sp_crls *crls, struct sp_arena *arena, const struct sp_cert *cert,
                    const struct sp_cert *issuer, int64_t now, struct sp_crl_answer *out)
{
    struct index *index = crls->index;
    struct lookup lookup = {.arena = arena, .cert = cert, .issuer = issuer, .now = now};
    uint32_t hash = sp_dn_hash(cert->issuer);
    unsigned best = 0;
    *out = (struct sp_crl_answer){.status = SP_CRL_MISSING};
    if (!sp_crypto_sha256(issuer->spki, lookup.key)) {
        return false;
    }
    for (size_t i = 0; i < index->count; i++) {
        struct list *list = &index->lists[i];
        struct sp_crl_answer answer;
        unsigned rank = 0;
        if (list->crl.issuer_hash != hash || !sp_dn_equal(list->crl.issuer, cert->issuer) ||
            !covers(&list->crl, cert)) {
            continue;
        }
        if (!ask_list(&lookup, list, &answer, &rank)) {
            return false;
        }
        /* Of equals the newest, of those of one time the one that says more. */
        if (rank > best || (rank == best && (answer.this_update > out->this_update ||
                                             (answer.this_update == out->this_update &&
                                              answer.status == SP_CRL_REVOKED)))) {
            best = rank;
            *out = answer;
        }
    }
    return true;
}
