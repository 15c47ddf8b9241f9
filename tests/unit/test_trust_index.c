/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An index of which little is read must answer as if all of it had been: its answers are compared with
 * a list made by parsing every certificate whole, on good bundles and on damaged ones.
 */
#include "mint.h"

#include "probe/dn.h"
#include "probe/pem.h"
#include "probe/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CA "basicConstraints=critical,CA:TRUE\n"
#define BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define BUNDLE_MAX 4000000u
#define LIST_MAX 1000u
#define LIST_ARENA (64u * (size_t)SP_LIMIT_ARENA)

static const struct mint_row pki_rows[] = {
    {.name = "a", .subject = "O=Example,CN=A", .issuer = "a", .extensions = CA},
    {.name = "a2", .subject = "O=EXAMPLE,CN=a", .issuer = "a2", .extensions = CA},
    {.name = "b", .subject = "CN=B", .issuer = "b", .extensions = CA, .key = MINT_RSA2048},
    {.name = "c", .subject = "C=DE,O=Example,CN=C", .issuer = "c", .extensions = CA},
    {.name = "d", .subject = "CN=D", .issuer = "d"},
    {0},
};

static struct mint_pki pki;

/* --- the other way: everything is parsed -------------------------------------------------------- */

struct list {
    struct sp_arena *arena;
    struct sp_cert *certs; /* good ones, each once */
    size_t count;
    size_t broken;
};

static void add_whole(struct list *list, const uint8_t *der, size_t len)
{
    struct sp_cert *cert = &list->certs[list->count];
    assert_true(list->count < LIST_MAX);
    assert_true(sp_cert_parse(list->arena, sp_arena_memdup(list->arena, der, len), len, cert));
    if (!cert->parsed) {
        list->broken++;
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->certs[i].sha256, cert->sha256) == 0) {
            return;
        }
    }
    list->count++;
}

static void parse_whole(struct list *list, const char *text, size_t len)
{
    struct sp_pem pem;
    struct sp_pem_block block;
    list->arena = sp_arena_new(LIST_ARENA);
    list->certs = sp_arena_array(list->arena, LIST_MAX, sizeof *list->certs);
    list->count = list->broken = 0;
    assert_non_null(list->certs);
    sp_pem_init(&pem, text, len);
    while (sp_pem_next(&pem, &block)) {
        uint8_t *der = malloc(block.body_len + 1);
        size_t der_len;
        assert_non_null(der);
        if (sp_pem_is(&block, "CERTIFICATE")) {
            if (sp_pem_decode(&block, der, &der_len)) {
                add_whole(list, der, der_len);
            } else {
                list->broken++;
            }
        }
        free(der);
    }
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* All that path validation and the outputs look at. */
static bool is_same_cert(const struct sp_cert *a, const struct sp_cert *b)
{
    return sp_slice_equal(a->der, b->der) && a->parsed && b->parsed && a->version == b->version &&
           sp_slice_equal(a->tbs, b->tbs) && sp_slice_equal(a->subject, b->subject) &&
           sp_slice_equal(a->issuer, b->issuer) && sp_slice_equal(a->spki, b->spki) &&
           sp_slice_equal(a->key_bits, b->key_bits) && a->key_type == b->key_type &&
           a->key_bits_count == b->key_bits_count && a->key_pss == b->key_pss &&
           a->key_costly == b->key_costly && a->not_before == b->not_before &&
           a->not_after == b->not_after && a->time_valid == b->time_valid &&
           a->sig_alg == b->sig_alg && a->sig_hash == b->sig_hash && a->is_ca == b->is_ca &&
           a->path_len == b->path_len && a->has_key_usage == b->has_key_usage &&
           a->key_usage == b->key_usage && sp_slice_equal(a->ski, b->ski) &&
           sp_slice_equal(a->aki, b->aki) &&
           sp_slice_equal(a->name_constraints, b->name_constraints) &&
           a->unknown_critical == b->unknown_critical && a->self_issued == b->self_issued &&
           a->flaw_count == b->flaw_count && is_same_text(a->subject_text, b->subject_text) &&
           is_same_text(a->issuer_text, b->issuer_text) &&
           is_same_text(a->common_name, b->common_name) && is_same_text(a->key_text, b->key_text);
}

/* Asks for every subject of the list and compares all that comes back, its order too. */
static void compare(const struct sp_trust *trust, const struct list *list)
{
    assert_int_equal(list->count, sp_trust_count(trust));
    for (size_t i = 0; i < list->count; i++) {
        const struct sp_cert *found[16];
        size_t count, next = 0;
        assert_true(sp_trust_has(trust, &list->certs[i]));
        assert_true(sp_trust_find(trust, list->certs[i].subject, found, 16, &count));
        for (size_t j = 0; j < list->count; j++) {
            if (sp_dn_equal(list->certs[j].subject, list->certs[i].subject)) {
                assert_true(next < count);
                assert_true(is_same_cert(&list->certs[j], found[next++]));
            }
        }
        assert_int_equal(next, count);
    }
    assert_int_equal(list->count, sp_trust_read_count(trust));
}

/* Both ways of reading against the list; returns how many anchors there were. */
static size_t compare_text(const char *text, size_t len)
{
    struct list list;
    char error[256];
    parse_whole(&list, text, len);
    struct sp_trust *trust = sp_trust_bundle_from_memory(text, len, error, sizeof error);
    assert_int_equal(list.count > 0, trust != NULL);
    if (trust != NULL) {
        compare(trust, &list);
    }
    sp_trust_free(trust);
    trust = sp_trust_from_memory(text, len, error, sizeof error);
    assert_int_equal(list.count > 0 && list.broken == 0, trust != NULL);
    if (trust != NULL) {
        compare(trust, &list);
    }
    sp_trust_free(trust);
    size_t count = list.count;
    sp_arena_free(list.arena);
    return count;
}

/* --- the tests ---------------------------------------------------------------------------------- */

/* One chain's worth of questions reads one certificate, and answers do not depend on what was asked
 * before. */
static void test_reads_what_is_asked_for(void **state)
{
    (void)state;
    char error[256], *pem = mint_pem(&pki, "a b c a2 d");
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_cert b, unknown;
    const struct sp_cert *found[4], *again[4];
    size_t count;
    struct sp_trust *trust = sp_trust_bundle_from_memory(pem, strlen(pem), error, sizeof error);
    assert_non_null(trust);
    const struct minted *minted = mint_find(&pki, "b");
    assert_true(sp_cert_parse(arena, minted->der, minted->len, &b));
    minted = mint_find(&pki, "a");
    assert_true(sp_cert_parse(arena, minted->der, minted->len, &unknown));
    assert_int_equal(0, sp_trust_read_count(trust));
    assert_true(sp_trust_has(trust, &b));
    assert_int_equal(0, sp_trust_read_count(trust));
    assert_true(sp_trust_find(trust, b.subject, found, 4, &count));
    assert_int_equal(1, count);
    assert_int_equal(1, sp_trust_read_count(trust));
    assert_true(sp_trust_find(trust, b.subject, again, 4, &count));
    assert_ptr_equal(found[0], again[0]);
    assert_int_equal(1, sp_trust_read_count(trust));
    /* Only as many as the caller has room for. */
    assert_true(sp_trust_find(trust, unknown.subject, again, 1, &count));
    assert_int_equal(2, count);
    assert_int_equal(2, sp_trust_read_count(trust));
    assert_int_equal(5, sp_trust_count(trust));
    sp_trust_free(trust);
    sp_arena_free(arena);
    free(pem);
}

/* A Name of one common name, a UTF8String shorter than 100 octets; returns its length. */
static size_t put_common_name(uint8_t out[128], const char *text)
{
    const uint8_t len = (uint8_t)strlen(text);
    const uint8_t head[] = {
        0x30, len + 11, 0x31, len + 9, 0x30, len + 7, 0x06, 3, 0x55, 4, 3, SP_DER_UTF8_STRING, len};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, text, len);
    return sizeof head + len;
}

/* Whoever sends a chain chooses its names: one with the hash of a root's name is not that name. */
static void test_collision(void **state)
{
    (void)state;
    char error[256], text[64], *pem = mint_pem(&pki, "b");
    uint8_t name[128];
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_slice forged = {name, 0};
    struct sp_cert b;
    const struct sp_cert *found[4];
    size_t count = 0;
    uint32_t last = 0, inverse = 1;
    const struct minted *minted = mint_find(&pki, "b");
    assert_true(sp_cert_parse(arena, minted->der, minted->len, &b));
    /* What the last character must be, when the step before it is undone: Newton's way to 1/prime. */
    for (int i = 0; i < 5; i++) {
        inverse *= 2u - 16777619u * inverse;
    }
    const uint32_t before = (uint32_t)(sp_dn_hash(b.subject) * (uint64_t)inverse);
    for (int i = 0; last < 0x800 || last > 0xd7ff; i++) {
        (void)snprintf(text, sizeof text, "x%d", i);
        forged.len = put_common_name(name, text);
        last = sp_dn_hash(forged) ^ before;
    }
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%c%c%c", 0xe0 | last >> 12,
                   0x80 | (last >> 6 & 0x3f), 0x80 | (last & 0x3f));
    forged.len = put_common_name(name, text);
    assert_true(sp_dn_valid(forged));
    assert_int_equal(sp_dn_hash(b.subject), sp_dn_hash(forged));
    struct sp_trust *trust = sp_trust_from_memory(pem, strlen(pem), error, sizeof error);
    assert_non_null(trust);
    assert_true(sp_trust_find(trust, forged, found, 4, &count));
    assert_int_equal(0, count);
    assert_true(sp_trust_find(trust, b.subject, found, 4, &count));
    assert_int_equal(1, count);
    sp_trust_free(trust);
    sp_arena_free(arena);
    free(pem);
}

static char *read_bundle(size_t *out_len)
{
    FILE *file = fopen(BUNDLE, "rbe");
    if (file == NULL) {
        return NULL;
    }
    char *text = malloc(BUNDLE_MAX);
    assert_non_null(text);
    *out_len = fread(text, 1, BUNDLE_MAX, file);
    assert_int_equal(0, fclose(file));
    return text;
}

/* Every root that the system has, and the same bundle with lines of Windows. */
static void test_system_bundle(void **state)
{
    (void)state;
    size_t len = 0, used = 0;
    char *text = read_bundle(&len);
    if (text == NULL) {
        print_message("skipped: there is no " BUNDLE "\n");
        skip();
    }
    size_t count = compare_text(text, len);
    assert_true(count > 10);
    char *windows = malloc(2 * len);
    assert_non_null(windows);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            windows[used++] = '\r';
        }
        windows[used++] = text[i];
    }
    assert_int_equal(count, compare_text(windows, used));
    free(windows);
    free(text);
}

/* Chance that is the same in every run. */
static uint32_t next_chance(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Damage of one kind at a place chosen by chance; returns the new length. */
static size_t damage(char *text, size_t len, uint32_t *chance)
{
    static const char odd[] = "=-\n %\0zA";
    size_t at = next_chance(chance) % len, count;
    switch (next_chance(chance) % 4) {
    case 0: return at;
    case 1: text[at] = (char)((uint8_t)text[at] ^ 1u << next_chance(chance) % 8); return len;
    case 2: text[at] = odd[next_chance(chance) % (sizeof odd - 1)]; return len;
    default:
        count = next_chance(chance) % 80;
        count = count < len - at ? count : len - at;
        memmove(text + at, text + at + count, len - at - count);
        return len - count;
    }
}

static void test_damaged(void **state)
{
    (void)state;
    char *pem = mint_pem(&pki, "a b c a a2 d");
    size_t full = strlen(pem), seen[7] = {0};
    char *text = malloc(full);
    uint32_t chance = 1;
    assert_non_null(text);
    for (int round = 0; round < 3000; round++) {
        size_t len = full;
        memcpy(text, pem, full);
        for (uint32_t times = next_chance(&chance) % 3; len > 0 && times < 3; times++) {
            len = damage(text, len, &chance);
        }
        /* "0" would be the first octet of DER. */
        if (len > 0 && text[0] != SP_DER_SEQUENCE) {
            seen[compare_text(text, len)]++;
        }
    }
    /* Damage of every size took place, else this has shown nothing. */
    for (size_t i = 0; i < 6; i++) {
        assert_true(seen[i] > 20);
    }
    free(text);
    free(pem);
}

/* Octets of the DER instead of its text: the outline and the whole parse refuse the same ones. */
static void test_damaged_der(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(LIST_ARENA);
    uint32_t chance = 2;
    size_t good = 0, bad = 0;
    for (int round = 0; round < 20000; round++) {
        const struct minted *minted = &pki.certs[next_chance(&chance) % pki.count];
        uint8_t *der = sp_arena_memdup(arena, minted->der, minted->len);
        struct sp_cert cert;
        struct sp_slice subject;
        assert_non_null(der);
        der[next_chance(&chance) % minted->len] ^= (uint8_t)(1u << next_chance(&chance) % 8);
        const char *error = sp_cert_outline(der, minted->len, &subject);
        assert_true(sp_cert_read(arena, der, minted->len, &cert));
        assert_int_equal(cert.parsed, error == NULL);
        if (error == NULL) {
            assert_true(sp_slice_equal(cert.subject, subject));
            good++;
        } else {
            assert_string_equal(cert.error, error);
            bad++;
        }
        if (sp_arena_used(arena) > LIST_ARENA / 2) {
            sp_arena_free(arena);
            arena = sp_arena_new(LIST_ARENA);
        }
    }
    assert_true(good > 1000 && bad > 1000);
    sp_arena_free(arena);
}

static int make_certs(void **state)
{
    (void)state;
    mint_pki_make(&pki, pki_rows);
    return 0;
}

static int free_certs(void **state)
{
    (void)state;
    mint_pki_free(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_is_asked_for),
        cmocka_unit_test(test_collision),
        cmocka_unit_test(test_system_bundle),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_damaged_der),
    };
    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
