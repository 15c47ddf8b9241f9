/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/trust.h"

#include "probe/dn.h"
#include "probe/file.h"
#include "probe/limits.h"
#include "probe/pem.h"
#include "probe/secret.h"
#include "probe/trust_notes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One anchor: found by its subject, and read whole only when a chain asks for it. */
struct entry {
    struct sp_slice der, subject; /* in one of the texts */
    uint32_t hash;                /* of the subject */
    struct sp_cert *cert;         /* NULL: nobody has asked yet */
    struct entry *next_in_bucket, *next;
};

/* What was read: each PEM block is decoded where it stands, so the anchors' DER is in there. */
struct text {
    struct text *next;
    uint8_t *data;
    size_t len;
};

struct index {
    struct sp_arena *arena;
    struct text *texts;
    struct entry *first, **last;
    size_t count, read_count;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    struct sp_pem rest;  /* of texts->data, when rest_waits */
    bool rest_waits;
    bool out_of_memory; /* while the rest was indexed: nothing is found any more */
};

/* The index grows behind a const pointer: what a lookup finds is the same all the time. */
struct sp_trust {
    struct index *index;
};

/* What one piece of input held, to say afterwards what is wrong with it. */
struct tally {
    size_t blocks;       /* PEM blocks of any kind */
    size_t certificates; /* good ones, those that we had already included */
    size_t broken;
    size_t broken_line; /* where the first broken one starts; 0: not PEM */
    const char *broken_error;
    bool private_key;
    bool other_use; /* a certificate that its owner does not trust for TLS servers */
    bool out_of_memory;
};

/* How much of an input is wanted before anybody asks for an anchor. */
enum extent {
    WHOLE,
    FIRST_GOOD /* enough to say that the input is usable; the rest waits for the first chain */
};

/* Entries of some ten thousand anchors, and the facts of those that were asked for. */
#define TRUST_ARENA (4u * (size_t)SP_LIMIT_CA_FILE)
#define FIRST_BUCKETS 256u

static struct sp_trust *new_trust(void)
{
    struct sp_trust *trust = calloc(1, sizeof *trust);
    struct index *index = calloc(1, sizeof *index);
    if (trust == NULL || index == NULL) {
        free(trust);
        free(index);
        return NULL;
    }
    trust->index = index;
    index->last = &index->first;
    index->arena = sp_arena_new(TRUST_ARENA);
    index->bucket_count = FIRST_BUCKETS;
    index->buckets = calloc(index->bucket_count, sizeof(struct entry *));
    if (index->arena == NULL || index->buckets == NULL) {
        sp_trust_free(trust);
        return NULL;
    }
    return trust;
}

void sp_trust_free(struct sp_trust *trust)
{
    if (trust == NULL) {
        return;
    }
    for (struct text *text = trust->index->texts; text != NULL;) {
        struct text *next = text->next;
        free(text->data);
        free(text);
        text = next;
    }
    sp_arena_free(trust->index->arena);
    free(trust->index->buckets);
    free(trust->index);
    free(trust);
}

/* --- the table ---------------------------------------------------------------------------------- */

static struct entry *find_bucket(const struct index *index, uint32_t hash)
{
    return index->buckets[hash & (index->bucket_count - 1)];
}

static bool holds(const struct index *index, uint32_t hash, struct sp_slice der)
{
    for (const struct entry *entry = find_bucket(index, hash); entry != NULL;
         entry = entry->next_in_bucket) {
        if (entry->hash == hash && sp_slice_equal(entry->der, der)) {
            return true;
        }
    }
    return false;
}

/* The order of the input is kept in each bucket, so that a run is like the one before. */
static void link_entry(struct index *index, struct entry *entry)
{
    struct entry **slot = &index->buckets[entry->hash & (index->bucket_count - 1)];
    while (*slot != NULL) {
        slot = &(*slot)->next_in_bucket;
    }
    entry->next_in_bucket = NULL;
    *slot = entry;
}

/* Keeps chains short; when there is no memory for it they just stay longer. */
static void grow_buckets(struct index *index)
{
    size_t count = index->bucket_count * 4;
    struct entry **buckets = calloc(count, sizeof *buckets);
    if (buckets == NULL) {
        return;
    }
    free(index->buckets);
    index->buckets = buckets;
    index->bucket_count = count;
    for (struct entry *entry = index->first; entry != NULL; entry = entry->next) {
        link_entry(index, entry);
    }
}

static void note_broken(struct tally *tally, size_t line, const char *error)
{
    if (tally->broken++ == 0) {
        tally->broken_line = line;
        tally->broken_error = error;
    }
}

/* Adds one certificate, whose octets stay where they are. */
static void add_certificate(struct index *index, struct sp_slice der, size_t line,
                            struct tally *tally)
{
    struct sp_slice subject = {NULL, 0};
    const char *error = sp_cert_outline(der.data, der.len, &subject);
    if (error != NULL) {
        note_broken(tally, line, error);
        return;
    }
    tally->certificates++;
    uint32_t hash = sp_dn_hash(subject);
    if (holds(index, hash, der)) {
        return;
    }
    struct entry *entry = sp_arena_alloc(index->arena, sizeof *entry);
    if (entry == NULL) {
        tally->out_of_memory = true;
        return;
    }
    entry->der = der;
    entry->subject = subject;
    entry->hash = hash;
    *index->last = entry;
    index->last = &entry->next;
    link_entry(index, entry);
    if (++index->count > 2 * index->bucket_count) {
        grow_buckets(index);
    }
}

/* --- input -------------------------------------------------------------------------------------- */

static bool is_private_key(const struct sp_pem_block *block)
{
    static const char ending[] = "PRIVATE KEY";
    const size_t len = sizeof ending - 1;
    return block->label_len >= len &&
           memcmp(block->label + block->label_len - len, ending, len) == 0;
}

/* `block` is in `text` and is decoded there. */
static void add_block(struct index *index, const struct text *text,
                      const struct sp_pem_block *block, struct tally *tally)
{
    uint8_t *der = text->data + (block->body - (const char *)text->data);
    size_t len = 0;
    tally->blocks++;
    bool plain = sp_pem_is(block, "CERTIFICATE") || sp_pem_is(block, "X509 CERTIFICATE");
    bool with_trust = sp_pem_is(block, "TRUSTED CERTIFICATE");
    if (!plain && !with_trust) {
        if (is_private_key(block)) {
            tally->private_key = true;
            memset(der, 0, block->body_len); /* the text stays; a key has no business in it */
        }
        return;
    }
    if (!sp_pem_decode(block, der, &len)) {
        note_broken(tally, block->line,
                    block->complete ? "it is not base64" : "its END line is missing");
        return;
    }
    struct sp_slice octets = {der, len};
    switch (with_trust ? sp_trust_notes_read(octets, &octets) : SP_TRUST_NOTE_GOOD) {
    case SP_TRUST_NOTE_GOOD: add_certificate(index, octets, block->line, tally); break;
    case SP_TRUST_NOTE_OTHER: tally->other_use = true; break;
    case SP_TRUST_NOTE_BROKEN:
        note_broken(tally, block->line, "the notes about its trust are malformed");
        break;
    }
}

static void add_blocks(struct index *index, const struct text *text, struct sp_pem *pem,
                       enum extent extent, struct tally *tally)
{
    struct sp_pem_block block;
    while (!tally->out_of_memory && (extent == WHOLE || tally->certificates == 0) &&
           sp_pem_next(pem, &block)) {
        add_block(index, text, &block, tally);
    }
}

/* Nothing in the newest text is an anchor: it is not kept. */
static void drop_text(struct index *index)
{
    struct text *text = index->texts;
    index->texts = text->next;
    sp_secret_wipe(text->data, text->len); /* of a directory, any file may come here */
    free(text->data);
    free(text);
}

/* Takes over `data`, which may be NULL: there was no memory for it. */
static void add_text(struct index *index, uint8_t *data, size_t len, enum extent extent,
                     struct tally *tally)
{
    struct text *text = calloc(1, sizeof *text);
    memset(tally, 0, sizeof *tally);
    if (text == NULL || data == NULL) {
        free(text);
        free(data);
        tally->out_of_memory = true;
        return;
    }
    size_t before = index->count;
    *text = (struct text){.next = index->texts, .data = data, .len = len};
    index->texts = text;
    index->rest_waits = false;
    if (len > 0 && data[0] == SP_DER_SEQUENCE) {
        add_certificate(index, (struct sp_slice){data, len}, 0, tally);
    } else {
        sp_pem_init(&index->rest, data, len);
        add_blocks(index, text, &index->rest, extent, tally);
        index->rest_waits = extent == FIRST_GOOD && tally->certificates > 0;
    }
    if (index->count == before && !index->rest_waits) {
        drop_text(index);
    }
}

bool sp_trust_prepare(const struct sp_trust *trust)
{
    struct index *index = trust->index;
    if (index->rest_waits) {
        struct tally tally = {0};
        index->rest_waits = false;
        add_blocks(index, index->texts, &index->rest, WHOLE, &tally);
        index->out_of_memory = tally.out_of_memory;
    }
    return !index->out_of_memory;
}

/* --- lookups ------------------------------------------------------------------------------------ */

size_t sp_trust_count(const struct sp_trust *trust)
{
    return sp_trust_prepare(trust) ? trust->index->count : 0;
}

size_t sp_trust_read_count(const struct sp_trust *trust)
{
    return trust->index->read_count;
}

/* Makes facts of the octets, once. NULL: out of memory. */
static const struct sp_cert *read_entry(struct index *index, struct entry *entry)
{
    if (entry->cert == NULL) {
        struct sp_cert *cert = sp_arena_alloc(index->arena, sizeof *cert);
        if (cert == NULL || !sp_cert_read(index->arena, entry->der.data, entry->der.len, cert)) {
            return NULL;
        }
        entry->cert = cert;
        index->read_count++;
    }
    return entry->cert;
}

bool sp_trust_find(const struct sp_trust *trust, struct sp_slice subject,
                   const struct sp_cert **out_certs, size_t max, size_t *out_found)
{
    *out_found = 0;
    if (!sp_trust_prepare(trust)) {
        return false;
    }
    uint32_t hash = sp_dn_hash(subject);
    for (struct entry *entry = find_bucket(trust->index, hash); entry != NULL;
         entry = entry->next_in_bucket) {
        if (entry->hash != hash || !sp_dn_equal(entry->subject, subject)) {
            continue;
        }
        if (*out_found < max) {
            out_certs[*out_found] = read_entry(trust->index, entry);
            if (out_certs[*out_found] == NULL) {
                return false;
            }
        }
        ++*out_found;
    }
    return true;
}

bool sp_trust_has(const struct sp_trust *trust, const struct sp_cert *cert)
{
    return cert->parsed && sp_trust_prepare(trust) &&
           holds(trust->index, sp_dn_hash(cert->subject), cert->der);
}

/* --- messages ----------------------------------------------------------------------------------- */

#define HELP_FILE "give a file with root certificates in PEM or DER"

/* Says what is wrong; false when nothing is. `strict`: one broken certificate is one too many. */
static bool explain(const struct tally *tally, const char *what, const char *name, bool strict,
                    char *error, size_t size)
{
    if (tally->out_of_memory) {
        (void)snprintf(error, size, "out of memory while reading %s %s", what, name);
    } else if (tally->broken > 0 && (strict || tally->certificates == 0)) {
        if (tally->broken_line > 0) {
            (void)snprintf(error, size,
                           "%s %s: the certificate at line %zu is broken: %s; "
                           "replace or remove it",
                           what, name, tally->broken_line, tally->broken_error);
        } else {
            (void)snprintf(error, size, "%s %s is broken: %s; " HELP_FILE, what, name,
                           tally->broken_error);
        }
    } else if (tally->certificates > 0) {
        return false;
    } else if (tally->private_key) {
        (void)snprintf(error, size, "%s %s holds a private key but no certificate; " HELP_FILE,
                       what, name);
    } else if (tally->other_use) {
        (void)snprintf(
            error, size,
            "%s %s holds no certificate that is trusted for TLS servers, say the notes of "
            "OpenSSL in it; " HELP_FILE,
            what, name);
    } else if (tally->blocks > 0) {
        (void)snprintf(error, size, "%s %s holds no certificate; " HELP_FILE, what, name);
    } else {
        (void)snprintf(error, size, "%s %s is neither PEM nor DER; " HELP_FILE, what, name);
    }
    return true;
}

/* --- files -------------------------------------------------------------------------------------- */

enum outcome {
    FILE_GOOD,
    FILE_USELESS,
    FILE_UNKNOWN /* we lack what it takes to look: memory, a file descriptor */
};

static enum outcome add_file(struct index *index, const char *what, const char *path, bool strict,
                             enum extent extent, char *error, size_t size)
{
    const struct sp_file_kind kind = {.what = what,
                                      .help = HELP_FILE,
                                      .directory = "use --ca-dir for it",
                                      .large = "split it, or use --ca-dir",
                                      .limit = SP_LIMIT_CA_FILE};
    size_t len;
    struct tally tally;
    uint8_t *data = sp_file_read(&kind, path, &len, error, size);
    if (data == NULL) {
        return errno == ENOMEM || errno == EMFILE || errno == ENFILE ? FILE_UNKNOWN : FILE_USELESS;
    }
    add_text(index, data, len, extent, &tally);
    bool useless = explain(&tally, what, path, strict, error, size);
    return tally.out_of_memory ? FILE_UNKNOWN : useless ? FILE_USELESS : FILE_GOOD;
}

/* The next regular file; false: no more. */
static bool next_file(DIR *dir, const char *path, char *out, size_t size)
{
    struct dirent *item;
    while ((item = readdir(dir)) != NULL) {
        struct stat status;
        int n = snprintf(out, size, "%s/%s", path, item->d_name);
        if (n >= 0 && (size_t)n < size && stat(out, &status) == 0 && S_ISREG(status.st_mode)) {
            return true;
        }
    }
    return false;
}

/* Adds every file of a directory that holds certificates; the rest is skipped. */
static bool add_directory(struct index *index, const char *path, char *error, size_t size)
{
    DIR *dir = opendir(path);
    char name[4096];
    size_t files = 0, usable = 0;
    enum outcome outcome = FILE_GOOD;
    if (dir == NULL) {
        (void)snprintf(error, size, "cannot read the directory of CA files %s: %s; %s", path,
                       strerror(errno),
                       errno == ENOTDIR ? "use --ca-file for a file" : "check the path");
        return false;
    }
    while (outcome != FILE_UNKNOWN && next_file(dir, path, name, sizeof name)) {
        files++;
        outcome = add_file(index, "CA file", name, false, WHOLE, error, size);
        usable += outcome == FILE_GOOD ? 1 : 0;
    }
    (void)closedir(dir);
    if (outcome == FILE_UNKNOWN) {
        return false; /* a part of the roots would make good servers look bad */
    }
    if (usable == 0) {
        (void)snprintf(error, size, "the directory of CA files %s %s; %s", path,
                       files == 0 ? "has no file in it" : "has no file with a usable certificate",
                       "put root certificates in PEM or DER there");
        return false;
    }
    return true;
}

static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian and its children, Arch, Gentoo */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* older RHEL */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine, OpenBSD, FreeBSD */
};

static bool add_system(struct index *index, char *error, size_t size)
{
    struct stat status;
    for (size_t i = 0; i < sizeof system_bundles / sizeof system_bundles[0]; i++) {
        /* The first that is there counts: a broken store is said to be broken, not passed over. */
        if (stat(system_bundles[i], &status) == 0) {
            return add_file(index, "the system's CA file", system_bundles[i], false, FIRST_GOOD,
                            error, size) == FILE_GOOD;
        }
    }
    (void)snprintf(error, size,
                   "this system has no file of root certificates (%s is the usual one); "
                   "install the package ca-certificates, or use --ca-file",
                   system_bundles[0]);
    return false;
}

struct sp_trust *sp_trust_load(const char *ca_file, const char *ca_dir, char *error, size_t size)
{
    struct sp_trust *trust = new_trust();
    bool good = true;
    if (trust == NULL) {
        (void)snprintf(error, size, "out of memory while reading root certificates");
        return NULL;
    }
    if (ca_file == NULL && ca_dir == NULL) {
        good = add_system(trust->index, error, size);
    }
    if (ca_file != NULL) {
        good =
            add_file(trust->index, "the CA file", ca_file, true, WHOLE, error, size) == FILE_GOOD;
    }
    if (good && ca_dir != NULL) {
        good = add_directory(trust->index, ca_dir, error, size);
    }
    if (!good) {
        sp_trust_free(trust);
        return NULL;
    }
    return trust;
}

static struct sp_trust *from_memory(const void *data, size_t len, enum extent extent, char *error,
                                    size_t size)
{
    struct sp_trust *trust = new_trust();
    struct tally tally = {.out_of_memory = true};
    uint8_t *copy = malloc(len + 1);
    if (trust != NULL) {
        if (copy != NULL && len > 0) {
            memcpy(copy, data, len);
        }
        add_text(trust->index, copy, len, extent, &tally);
    } else {
        free(copy);
    }
    if (explain(&tally, "the text", "with root certificates", extent == WHOLE, error, size)) {
        sp_trust_free(trust);
        return NULL;
    }
    return trust;
}

struct sp_trust *sp_trust_from_memory(const void *data, size_t len, char *error, size_t size)
{
    return from_memory(data, len, WHOLE, error, size);
}

struct sp_trust *sp_trust_bundle_from_memory(const void *data, size_t len, char *error, size_t size)
{
    return from_memory(data, len, FIRST_GOOD, error, size);
}
