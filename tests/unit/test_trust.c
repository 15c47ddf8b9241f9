/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mint.h"

#include "probe/dn.h"
#include "probe/trust.h"

#include <openssl/bio.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CA "basicConstraints=critical,CA:TRUE\n"

static const struct mint_row pki_rows[] = {
    {.name = "a", .subject = "O=Example,CN=A", .issuer = "a", .extensions = CA},
    {.name = "a2", .subject = "O=EXAMPLE,CN=a", .issuer = "a2", .extensions = CA},
    {.name = "b", .subject = "CN=B", .issuer = "b", .extensions = CA},
    {0},
};

static struct mint_pki pki;
static char folder[] = "/tmp/smtp-probe-trust-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[2][512];
    static int turn;
    turn = 1 - turn;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void write_file(const char *name, const void *data, size_t len)
{
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(len, fwrite(data, 1, len, file));
    assert_int_equal(0, fclose(file));
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static void write_pem(const char *name, const char *list)
{
    char *pem = mint_pem(&pki, list);
    write_text(name, pem);
    free(pem);
}

static const struct load_row {
    const char *file, *dir;
    int count;           /* -1: refused */
    const char *message; /* what the refusal has to say, besides the name */
} load_rows[] = {
    {"good.pem", NULL, 3, NULL},
    {"twice.pem", NULL, 1, NULL},
    {"crlf.pem", NULL, 1, NULL},
    {"noted.pem", NULL, 1, NULL},
    {"trusted.pem", NULL, 1, NULL},
    {"for-servers.pem", NULL, 1, NULL},
    {"for-all.pem", NULL, 1, NULL},
    {"not-mail.pem", NULL, 1, NULL},
    {"not-servers.pem", NULL, -1, "no certificate that is trusted for TLS servers"},
    {"not-any.pem", NULL, -1, "no certificate that is trusted for TLS servers"},
    {"both.pem", NULL, -1, "no certificate that is trusted for TLS servers"},
    {"mail-only.pem", NULL, -1, "no certificate that is trusted for TLS servers"},
    {"odd-notes.pem", NULL, -1, "the notes about its trust are malformed"},
    {"more-notes.pem", NULL, -1, "the notes about its trust are malformed"},
    {"no-use.pem", NULL, -1, "the notes about its trust are malformed"},
    {"cut-notes.pem", NULL, -1, "the notes about its trust are malformed"},
    {"labels.pem", NULL, -1, "is broken: its END line is missing"},
    {"good.der", NULL, 1, NULL},
    {"link.pem", NULL, 3, NULL},
    {"nothing.pem", NULL, -1, "No such file or directory; check the path"},
    {"empty.pem", NULL, -1, "is empty; give a file with root certificates"},
    {"key.pem", NULL, -1, "holds a private key but no certificate; give a file"},
    {"crl.pem", NULL, -1, "holds no certificate; give a file"},
    {"text.pem", NULL, -1, "is neither PEM nor DER; give a file"},
    {"cut.der", NULL, -1, "is broken: it is not DER, or it is cut off; give a file"},
    {"mixed.pem", NULL, -1, "is broken: it is not base64; replace or remove it"},
    {"open.pem", NULL, -1, "is broken: its END line is missing; replace or remove it"},
    {"twoders.der", NULL, -1, "is broken: octets follow its end; give a file"},
    {"large.pem", NULL, -1, "is larger than 32 MiB; split it, or use --ca-dir"},
    {"dir", NULL, -1, "is a directory; use --ca-dir for it"},
    {"pipe", NULL, -1, "is not a regular file; give a file"},
    {NULL, "dir", 2, NULL},
    {NULL, "emptydir", -1, "has no file in it; put root certificates"},
    {NULL, "uselessdir", -1, "has no file with a usable certificate; put root certificates"},
    {NULL, "nodir", -1, "No such file or directory; check the path"},
    {NULL, "good.pem", -1, "Not a directory; use --ca-file for a file"},
    {"good.der", "dir", 2, NULL},
    {"b.pem", "adir", 2, NULL},
    {"a.pem", "adir", 1, NULL},
    {"good.pem", "emptydir", -1, "has no file in it"},
    {"empty.pem", "dir", -1, "is empty"},
};

static void test_load(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof load_rows / sizeof load_rows[0]; i++) {
        const struct load_row *row = &load_rows[i];
        char error[512] = "";
        struct sp_trust *trust =
            sp_trust_load(row->file != NULL ? path_of(row->file) : NULL,
                          row->dir != NULL ? path_of(row->dir) : NULL, error, sizeof error);
        int count = trust != NULL ? (int)sp_trust_count(trust) : -1;
        if (count != row->count) {
            fail_msg("%s %s: %d anchors, \"%s\"", row->file, row->dir, count, error);
        }
        if (row->message != NULL) {
            /* With both given, the one at fault is named. */
            bool file_named = row->file != NULL && strstr(error, path_of(row->file)) != NULL;
            bool dir_named = row->dir != NULL && strstr(error, path_of(row->dir)) != NULL;
            if (strstr(error, row->message) == NULL || file_named == dir_named) {
                fail_msg("%s %s: \"%s\"", row->file, row->dir, error);
            }
        }
        sp_trust_free(trust);
    }
}

/* A directory that can't be read to its end is not half a store. */
static void test_no_descriptors(void **state)
{
    (void)state;
    struct rlimit before, few;
    char error[512] = "";
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
    int next = dup(0); /* the one that the directory gets */
    assert_true(next > 0);
    close(next);
    few = before;
    few.rlim_cur = (rlim_t)next + 1;
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
    struct sp_trust *trust = sp_trust_load(path_of("b.pem"), path_of("dir"), error, sizeof error);
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
    assert_null(trust);
    if (strstr(error, "Too many open files") == NULL || strstr(error, path_of("dir/")) == NULL) {
        fail_msg("\"%s\"", error);
    }
}

static void test_line(void **state)
{
    (void)state;
    char error[512];
    assert_null(sp_trust_load(path_of("mixed.pem"), NULL, error, sizeof error));
    char *pem = mint_pem(&pki, "a");
    int lines = 0;
    for (const char *p = pem; *p != '\0'; p++) {
        lines += *p == '\n' ? 1 : 0;
    }
    free(pem);
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "the certificate at line %d is broken", lines + 1);
    assert_non_null(strstr(error, wanted));
    /* A message longer than its room is cut, not written past it. */
    char small[16];
    memset(small, 'x', sizeof small);
    assert_null(sp_trust_load(path_of("nothing.pem"), NULL, small, 8));
    assert_int_equal(7, strlen(small));
    assert_int_equal('x', small[8]);
}

static void test_unreadable(void **state)
{
    (void)state;
    char error[512];
    write_pem("secret.pem", "a");
    assert_int_equal(0, chmod(path_of("secret.pem"), 0));
    /* Root may read everything, so it becomes somebody else for a moment. */
    uid_t user = geteuid();
    assert_int_equal(0, chmod(folder, 0711));
    if (user == 0) {
        assert_int_equal(0, seteuid(65534));
    }
    struct sp_trust *trust = sp_trust_load(path_of("secret.pem"), NULL, error, sizeof error);
    assert_int_equal(0, seteuid(user));
    assert_null(trust);
    assert_non_null(strstr(error, "Permission denied; check its permissions"));
}

static size_t find(const struct sp_trust *trust, struct sp_slice subject,
                   const struct sp_cert **out_certs, size_t max)
{
    size_t found;
    assert_true(sp_trust_find(trust, subject, out_certs, max, &found));
    return found;
}

static void test_find(void **state)
{
    (void)state;
    char error[256];
    struct sp_cert a, a2, b;
    const struct sp_cert *found[4];
    char *pem = mint_pem(&pki, "a b a2");
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_trust *trust = sp_trust_from_memory(pem, strlen(pem), error, sizeof error);
    free(pem);
    assert_non_null(trust);
    assert_true(sp_cert_parse(arena, pki.certs[0].der, pki.certs[0].len, &a));
    assert_true(sp_cert_parse(arena, pki.certs[1].der, pki.certs[1].len, &a2));
    assert_true(sp_cert_parse(arena, pki.certs[2].der, pki.certs[2].len, &b));
    /* Two of the same name, written in two ways, in the order of the file. */
    assert_int_equal(2, find(trust, a.subject, found, 4));
    assert_true(sp_slice_equal(a.der, found[0]->der));
    assert_true(sp_slice_equal(a2.der, found[1]->der));
    assert_int_equal(2, find(trust, a2.subject, found, 1));
    assert_int_equal(1, find(trust, b.subject, found, 4));
    assert_true(sp_trust_has(trust, &a) && sp_trust_has(trust, &a2) && sp_trust_has(trust, &b));
    sp_trust_free(trust);

    trust = sp_trust_from_memory(pki.certs[1].der, pki.certs[1].len, error, sizeof error);
    assert_non_null(trust);
    assert_false(sp_trust_has(trust, &a));
    assert_int_equal(0, find(trust, b.subject, found, 4));
    sp_trust_free(trust);
    struct sp_cert broken;
    assert_true(sp_cert_parse(arena, pki.certs[0].der, 10, &broken));
    trust = sp_trust_from_memory(pki.certs[0].der, pki.certs[0].len, error, sizeof error);
    assert_false(sp_trust_has(trust, &broken));
    sp_trust_free(trust);
    sp_arena_free(arena);
    assert_null(sp_trust_from_memory("", 0, error, sizeof error));
    sp_trust_free(NULL);
}

/* Appends PEM of one certificate; returns its length. */
static size_t put_pem(char *text, const uint8_t *der, size_t len)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    static const char end[] = "\n-----END CERTIFICATE-----\n";
    size_t used = sizeof begin - 1;
    memcpy(text, begin, used);
    used += (size_t)EVP_EncodeBlock((uint8_t *)text + used, der, (int)len);
    memcpy(text + used, end, sizeof end - 1);
    return used + sizeof end - 1;
}

/* The table grows; every anchor is found afterwards. */
static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    const struct minted *a = &pki.certs[0];
    char *text = malloc(COUNT * 4096u), *at = text, error[256];
    uint8_t *der = malloc(a->len);
    size_t cn = 0;
    memcpy(der, a->der, a->len);
    static const uint8_t marker[] = {0x55, 0x04, 0x0a, 0x0c, 7, 'E', 'x', 'a', 'm', 'p', 'l', 'e'};
    /* The last one is the subject's; both encodings of the kind of string are looked for. */
    for (size_t i = 0; i + sizeof marker <= a->len; i++) {
        if (memcmp(der + i, marker, 3) == 0 && memcmp(der + i + 4, marker + 4, 8) == 0) {
            cn = i + 5;
        }
    }
    assert_true(cn > 0);
    for (int i = 0; i < COUNT; i++) {
        char label[16];
        (void)snprintf(label, sizeof label, "X%06d", i);
        memcpy(der + cn, label, 7);
        at += put_pem(at, der, a->len);
    }
    struct sp_trust *trust = sp_trust_from_memory(text, (size_t)(at - text), error, sizeof error);
    if (trust == NULL) {
        fail_msg("%s", error);
    }
    assert_int_equal(COUNT, sp_trust_count(trust));
    struct sp_arena *arena = sp_arena_new(16 * (size_t)SP_LIMIT_ARENA);
    for (int i = 0; i < COUNT; i += 7) {
        char label[16];
        struct sp_cert cert;
        const struct sp_cert *found;
        (void)snprintf(label, sizeof label, "X%06d", i);
        memcpy(der + cn, label, 7);
        assert_true(sp_cert_parse(arena, der, a->len, &cert));
        assert_int_equal(1, find(trust, cert.subject, &found, 1));
        assert_true(sp_slice_equal(cert.der, found->der));
    }
    sp_arena_free(arena);
    sp_trust_free(trust);
    free(der);
    free(text);
}

/* What the system has may differ, but never is it taken for an empty list. */
static void test_system(void **state)
{
    (void)state;
    char error[512] = "";
    struct sp_trust *trust = sp_trust_load(NULL, NULL, error, sizeof error);
    if (trust == NULL) {
        assert_non_null(strstr(error, "ca-certificates"));
        print_message("skipped: %s\n", error);
        skip();
    }
    assert_true(sp_trust_count(trust) > 10);
    sp_trust_free(trust);
}

static void write_broken_files(void)
{
    static const char key[] = "-----BEGIN PRIVATE KEY-----\nYWJj\n-----END PRIVATE KEY-----\n";
    char mixed[8192];
    write_text("empty.pem", "");
    write_text("key.pem", key);
    write_text("crl.pem", "-----BEGIN X509 CRL-----\nYWJj\n-----END X509 CRL-----\n");
    write_text("text.pem", "these are no certificates\n");
    write_text("open.pem", "-----BEGIN CERTIFICATE-----\nYWJj\n");
    write_text("labels.pem", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END X509 CERTIFICATE-----\n");
    write_file("cut.der", pki.certs[0].der, pki.certs[0].len - 1);
    char *pem = mint_pem(&pki, "a");
    (void)snprintf(mixed, sizeof mixed,
                   "%s-----BEGIN CERTIFICATE-----\n%%%%%%\n-----END CERTIFICATE-----\n", pem);
    write_text("mixed.pem", mixed);
    (void)snprintf(mixed, sizeof mixed, "Root A\n======\n%s%s", key, pem);
    write_text("noted.pem", mixed);
    free(pem);
    memcpy(mixed, pki.certs[0].der, pki.certs[0].len);
    memcpy(mixed + pki.certs[0].len, pki.certs[1].der, pki.certs[1].len);
    write_file("twoders.der", mixed, pki.certs[0].len + pki.certs[1].len);
    write_text("large.pem", "");
    assert_int_equal(0, truncate(path_of("large.pem"), (off_t)SP_LIMIT_CA_FILE + 1));
    assert_int_equal(0, mkfifo(path_of("pipe"), 0600));
}

/* Certificate "a" with notes by OpenSSL; NID_undef: none. */
static void write_noted(const char *name, int trusted, int rejected)
{
    X509 *x509 = pki.certs[0].x509;
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(bio);
    assert_true(trusted == NID_undef || X509_add1_trust_object(x509, OBJ_nid2obj(trusted)));
    assert_true(rejected == NID_undef || X509_add1_reject_object(x509, OBJ_nid2obj(rejected)));
    assert_true(X509_alias_set1(x509, (const unsigned char *)"A", 1));
    assert_true(PEM_write_bio_X509_AUX(bio, x509));
    long len = BIO_get_mem_data(bio, &text);
    write_file(name, text, (size_t)len);
    BIO_free(bio);
    X509_trust_clear(x509);
    X509_reject_clear(x509);
    X509_alias_set1(x509, NULL, 0);
}

/* The same with these octets for notes. */
static void write_raw_notes(const char *name, const void *notes, size_t len)
{
    uint8_t der[4096];
    char base64[6144], text[8192];
    memcpy(der, pki.certs[0].der, pki.certs[0].len);
    memcpy(der + pki.certs[0].len, notes, len);
    EVP_EncodeBlock((uint8_t *)base64, der, (int)(pki.certs[0].len + len));
    (void)snprintf(text, sizeof text,
                   "-----BEGIN TRUSTED CERTIFICATE-----\n%.6100s\n"
                   "-----END TRUSTED CERTIFICATE-----\n",
                   base64);
    write_text(name, text);
}

static void write_notes(void)
{
    write_raw_notes("trusted.pem", "\x30\x00", 2);
    write_raw_notes("odd-notes.pem", "\x30\x02\x30\x01", 4);
    write_raw_notes("no-use.pem", "\x30\x04\x30\x02\x05\x00", 6);
    write_raw_notes("cut-notes.pem", "\x30\x03\x0c\x05\x41", 5);
    write_raw_notes("more-notes.pem", "\x30\x00\x05\x00", 4);
    write_noted("for-servers.pem", NID_server_auth, NID_email_protect);
    write_noted("for-all.pem", NID_anyExtendedKeyUsage, NID_undef);
    write_noted("not-mail.pem", NID_undef, NID_email_protect);
    write_noted("not-servers.pem", NID_undef, NID_server_auth);
    write_noted("not-any.pem", NID_undef, NID_anyExtendedKeyUsage);
    write_noted("both.pem", NID_server_auth, NID_server_auth);
    write_noted("mail-only.pem", NID_email_protect, NID_undef);
}

static void write_good_files(void)
{
    char text[8192];
    size_t used = 0;
    write_pem("good.pem", "a b a2");
    write_pem("twice.pem", "a a");
    write_pem("a.pem", "a");
    write_pem("b.pem", "b");
    write_file("good.der", pki.certs[0].der, pki.certs[0].len);
    assert_int_equal(0, symlink("good.pem", path_of("link.pem")));
    char *pem = mint_pem(&pki, "a");
    for (const char *p = pem; *p != '\0'; p++) {
        if (*p == '\n') {
            text[used++] = '\r';
        }
        text[used++] = *p;
    }
    write_file("crlf.pem", text, used);
    free(pem);
    write_notes();
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    mint_pki_make(&pki, pki_rows);
    write_good_files();
    write_broken_files();
    static const char *const folders[] = {"dir", "adir", "emptydir", "uselessdir", "dir/deeper"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        assert_int_equal(0, mkdir(path_of(folders[i]), 0700));
    }
    write_pem("dir/1234abcd.0", "a");
    write_pem("dir/b.crt", "b a");
    write_text("dir/README", "broken ones beside good ones are passed over\n");
    write_text("dir/broken.pem", "-----BEGIN CERTIFICATE-----\n");
    write_pem("dir/deeper/not-read.pem", "a2");
    assert_int_equal(0, symlink("nowhere", path_of("dir/dangling.pem")));
    write_pem("adir/a.pem", "a");
    write_text("uselessdir/README", "nothing here\n");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    char command[600];
    mint_pki_free(&pki);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),   cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_line),   cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_find),   cmocka_unit_test(test_many),
        cmocka_unit_test(test_system),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
