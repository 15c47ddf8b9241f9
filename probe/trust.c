/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/trust.h"

#include "probe/dn.h"
#include "probe/limits.h"
#include "probe/pem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct entry {
    struct sp_cert cert;
    uint32_t hash;
    struct entry *next_in_bucket, *next;
};

struct sp_trust {
    struct sp_arena *arena;
    struct entry *first, **last;
    size_t count;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
};

/* What one piece of input held, to say afterwards what is wrong with it. */
struct tally {
    size_t blocks;       /* PEM blocks of any kind */
    size_t certificates; /* good ones, those that we had already included */
    size_t broken;
    size_t broken_line; /* where the first broken one starts; 0: not PEM */
    const char *broken_error;
    bool private_key;
    bool out_of_memory;
};

/* DER and facts of some ten thousand anchors. */
#define TRUST_ARENA (4u * (size_t)SP_LIMIT_CA_FILE)

static struct sp_trust *new_trust(void)
{
    struct sp_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) {
        return NULL;
    }
    trust->last = &trust->first;
    trust->arena = sp_arena_new(TRUST_ARENA);
    trust->bucket_count = 1024;
    trust->buckets = calloc(trust->bucket_count, sizeof *trust->buckets);
    if (trust->arena == NULL || trust->buckets == NULL) {
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
    sp_arena_free(trust->arena);
    free(trust->buckets);
    free(trust);
}

size_t sp_trust_count(const struct sp_trust *trust)
{
    return trust->count;
}

static struct entry *find_bucket(const struct sp_trust *trust, uint32_t hash)
{
    return trust->buckets[hash & (trust->bucket_count - 1)];
}

size_t sp_trust_find(const struct sp_trust *trust, struct sp_slice subject,
                     const struct sp_cert **out_certs, size_t max)
{
    size_t found = 0;
    uint32_t hash = sp_dn_hash(subject);
    for (struct entry *entry = find_bucket(trust, hash); entry != NULL;
         entry = entry->next_in_bucket) {
        if (entry->hash != hash || !sp_dn_equal(entry->cert.subject, subject)) {
            continue;
        }
        if (found < max) {
            out_certs[found] = &entry->cert;
        }
        found++;
    }
    return found;
}

const struct sp_cert *sp_trust_same(const struct sp_trust *trust, const struct sp_cert *cert)
{
    if (!cert->parsed) {
        return NULL;
    }
    uint32_t hash = sp_dn_hash(cert->subject);
    for (struct entry *entry = find_bucket(trust, hash); entry != NULL;
         entry = entry->next_in_bucket) {
        if (entry->hash == hash && sp_slice_equal(entry->cert.der, cert->der)) {
            return &entry->cert;
        }
    }
    return NULL;
}

bool sp_trust_has(const struct sp_trust *trust, const struct sp_cert *cert)
{
    return sp_trust_same(trust, cert) != NULL;
}

/* The order of the input is kept in each bucket, so that a run is like the one before. */
static void link_entry(struct sp_trust *trust, struct entry *entry)
{
    struct entry **slot = &trust->buckets[entry->hash & (trust->bucket_count - 1)];
    while (*slot != NULL) {
        slot = &(*slot)->next_in_bucket;
    }
    entry->next_in_bucket = NULL;
    *slot = entry;
}

/* Keeps chains short; when there is no memory for it they just stay longer. */
static void grow_buckets(struct sp_trust *trust)
{
    size_t count = trust->bucket_count * 4;
    struct entry **buckets = calloc(count, sizeof *buckets);
    if (buckets == NULL) {
        return;
    }
    free(trust->buckets);
    trust->buckets = buckets;
    trust->bucket_count = count;
    for (struct entry *entry = trust->first; entry != NULL; entry = entry->next) {
        link_entry(trust, entry);
    }
}

static void note_broken(struct tally *tally, size_t line, const char *error)
{
    if (tally->broken++ == 0) {
        tally->broken_line = line;
        tally->broken_error = error;
    }
}

/* Adds one certificate. The memory of one that is broken or known already stays with the index, which
 * is freed as a whole. */
static void add_certificate(struct sp_trust *trust, const uint8_t *der, size_t len, size_t line,
                            struct tally *tally)
{
    struct entry *entry = sp_arena_alloc(trust->arena, sizeof *entry);
    uint8_t *copy = sp_arena_memdup(trust->arena, der, len);
    if (entry == NULL || copy == NULL || !sp_cert_read(trust->arena, copy, len, &entry->cert)) {
        tally->out_of_memory = true;
        return;
    }
    if (!entry->cert.parsed) {
        note_broken(tally, line, entry->cert.error);
        return;
    }
    tally->certificates++;
    if (sp_trust_has(trust, &entry->cert)) {
        return;
    }
    entry->hash = sp_dn_hash(entry->cert.subject);
    *trust->last = entry;
    trust->last = &entry->next;
    link_entry(trust, entry);
    if (++trust->count > 2 * trust->bucket_count) {
        grow_buckets(trust);
    }
}

static void add_block(struct sp_trust *trust, const struct sp_pem_block *block, struct tally *tally)
{
    tally->blocks++;
    bool plain = sp_pem_is(block, "CERTIFICATE") || sp_pem_is(block, "X509 CERTIFICATE");
    bool with_trust = sp_pem_is(block, "TRUSTED CERTIFICATE");
    if (!plain && !with_trust) {
        tally->private_key = tally->private_key ||
                             (block->label_len >= 11 &&
                              memcmp(block->label + block->label_len - 11, "PRIVATE KEY", 11) == 0);
        return;
    }
    uint8_t *der = malloc(block->body_len + 4);
    size_t len = 0;
    if (der == NULL) {
        tally->out_of_memory = true;
        return;
    }
    if (!sp_pem_decode(block, der, &len)) {
        note_broken(tally, block->line,
                    block->complete ? "it is not base64" : "its END line is missing");
    } else {
        struct sp_der reader;
        struct sp_der_value first;
        sp_der_init(&reader, (struct sp_slice){der, len});
        /* OpenSSL writes notes about trust behind the certificate; they are not looked at. */
        if (with_trust && sp_der_read(&reader, &first)) {
            len = first.whole.len;
        }
        add_certificate(trust, der, len, block->line, tally);
    }
    free(der);
}

static void add_memory(struct sp_trust *trust, const void *data, size_t len, struct tally *tally)
{
    struct sp_pem pem;
    struct sp_pem_block block;
    const uint8_t *octets = data;
    memset(tally, 0, sizeof *tally);
    if (len > 0 && octets[0] == SP_DER_SEQUENCE) {
        add_certificate(trust, octets, len, 0, tally);
        return;
    }
    sp_pem_init(&pem, data, len);
    while (!tally->out_of_memory && sp_pem_next(&pem, &block)) {
        add_block(trust, &block, tally);
    }
}

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
    } else if (tally->blocks > 0) {
        (void)snprintf(error, size, "%s %s holds no certificate; " HELP_FILE, what, name);
    } else {
        (void)snprintf(error, size, "%s %s is neither PEM nor DER; " HELP_FILE, what, name);
    }
    return true;
}

/* --- files -------------------------------------------------------------------------------------- */

/* Reads a whole file; NULL with a text in `error`. An empty file is an error. */
static void *read_file(const char *what, const char *path, size_t *out_len, char *error,
                       size_t size)
{
    struct stat status;
    FILE *file = NULL;
    char *data = NULL;
    size_t len = 0;
    if (stat(path, &status) != 0) {
        (void)snprintf(error, size, "cannot read %s %s: %s; check the path", what, path,
                       strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        (void)snprintf(error, size, "%s %s is a directory; use --ca-dir for it", what, path);
    } else if (!S_ISREG(status.st_mode)) {
        (void)snprintf(error, size, "%s %s is not a regular file; " HELP_FILE, what, path);
    } else if (status.st_size > (off_t)SP_LIMIT_CA_FILE) {
        (void)snprintf(error, size, "%s %s is larger than %u MiB; split it, or use --ca-dir", what,
                       path, SP_LIMIT_CA_FILE >> 20);
    } else if ((file = fopen(path, "rbe")) == NULL) {
        (void)snprintf(error, size, "cannot read %s %s: %s; check its permissions", what, path,
                       strerror(errno));
    } else if ((data = malloc((size_t)SP_LIMIT_CA_FILE < (size_t)status.st_size + 1
                                  ? (size_t)SP_LIMIT_CA_FILE
                                  : (size_t)status.st_size + 1)) == NULL) {
        (void)snprintf(error, size, "out of memory while reading %s %s", what, path);
    } else if ((len = fread(data, 1, (size_t)status.st_size, file)) == 0) {
        (void)snprintf(error, size, "%s %s is empty; " HELP_FILE, what, path);
        free(data);
        data = NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    *out_len = len;
    return data;
}

static bool add_file(struct sp_trust *trust, const char *what, const char *path, bool strict,
                     char *error, size_t size)
{
    size_t len;
    struct tally tally;
    void *data = read_file(what, path, &len, error, size);
    if (data == NULL) {
        return false;
    }
    add_memory(trust, data, len, &tally);
    free(data);
    return !explain(&tally, what, path, strict, error, size);
}

/* Adds every file of a directory that holds certificates; the rest is skipped. */
static bool add_directory(struct sp_trust *trust, const char *path, char *error, size_t size)
{
    DIR *dir = opendir(path);
    struct dirent *item;
    size_t files = 0, usable = 0;
    if (dir == NULL) {
        (void)snprintf(error, size, "cannot read the directory of CA files %s: %s; %s", path,
                       strerror(errno),
                       errno == ENOTDIR ? "use --ca-file for a file" : "check the path");
        return false;
    }
    while ((item = readdir(dir)) != NULL) {
        char name[4096], ignored[64];
        struct stat status;
        int n = snprintf(name, sizeof name, "%s/%s", path, item->d_name);
        if (n < 0 || (size_t)n >= sizeof name || stat(name, &status) != 0 ||
            !S_ISREG(status.st_mode)) {
            continue;
        }
        files++;
        if (add_file(trust, "CA file", name, false, ignored, sizeof ignored)) {
            usable++;
        }
    }
    (void)closedir(dir);
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

static bool add_system(struct sp_trust *trust, char *error, size_t size)
{
    struct stat status;
    for (size_t i = 0; i < sizeof system_bundles / sizeof system_bundles[0]; i++) {
        /* The first that is there counts: a broken store is said to be broken, not passed over. */
        if (stat(system_bundles[i], &status) == 0) {
            return add_file(trust, "the system's CA file", system_bundles[i], false, error, size);
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
        good = add_system(trust, error, size);
    }
    if (ca_file != NULL) {
        good = add_file(trust, "the CA file", ca_file, true, error, size);
    }
    if (good && ca_dir != NULL) {
        good = add_directory(trust, ca_dir, error, size);
    }
    if (!good) {
        sp_trust_free(trust);
        return NULL;
    }
    return trust;
}

struct sp_trust *sp_trust_from_memory(const void *data, size_t len, char *error, size_t size)
{
    struct sp_trust *trust = new_trust();
    struct tally tally = {.out_of_memory = true};
    if (trust != NULL) {
        add_memory(trust, data, len, &tally);
    }
    if (explain(&tally, "the text", "with root certificates", true, error, size)) {
        sp_trust_free(trust);
        return NULL;
    }
    return trust;
}
