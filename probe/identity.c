/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/identity.h"

#include "probe/cert.h"
#include "probe/limits.h"
#include "probe/pem.h"
#include "probe/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file's octets, or the DER of the certificates in one. */
struct octets {
    uint8_t *data;
    size_t len;
};

/* What is being loaded, and where to say what is wrong. */
struct loader {
    const struct sp_identity_files *files;
    const char **out_option;
    char *error;
    size_t size;
};

__attribute__((format(printf, 3, 4))) static bool refuse(const struct loader *loader,
                                                         const char *option, const char *format,
                                                         ...)
{
    va_list args;
    int len = snprintf(loader->error, loader->size, "--%s: ", option);
    va_start(args, format);
    if (len > 0 && (size_t)len < loader->size)
        vsnprintf(loader->error + len, loader->size - (size_t)len, format, args);
    va_end(args);
    *loader->out_option = option;
    return false;
}

/* --- files ------------------------------------------------------------------------------------ */

static void drop(struct octets *octets)
{
    if (octets->data)
        sp_secret_wipe(octets->data, octets->len);
    free(octets->data);
    *octets = (struct octets){NULL, 0};
}

/* Read without stdio, whose buffers would keep a copy. */
static bool fill(int fd, struct octets *octets)
{
    size_t have = 0;
    while (have < octets->len) {
        ssize_t count = read(fd, octets->data + have, octets->len - have);
        if (count == 0)
            break;
        if (count < 0 && errno != EINTR)
            return false;
        have += count > 0 ? (size_t)count : 0;
    }
    octets->len = have;
    return true;
}

static bool read_open(const struct loader *loader, int fd, const char *option, const char *path,
                      bool *out_exposed, struct octets *out)
{
    struct stat facts;
    char text[128];
    if (fstat(fd, &facts) != 0)
        return refuse(loader, option, "cannot read %s: %s", path,
                      strerror_r(errno, text, sizeof text));
    if (!S_ISREG(facts.st_mode))
        return refuse(loader, option, "%s is not a regular file; give a file in PEM or DER", path);
    if (facts.st_size == 0)
        return refuse(loader, option, "%s is empty; give a file in PEM or DER", path);
    if (facts.st_size > (off_t)SP_LIMIT_IDENTITY_FILE)
        return refuse(loader, option, "%s is larger than %u KiB; is it the right file?", path,
                      SP_LIMIT_IDENTITY_FILE >> 10);
    *out_exposed |= sp_secret_is_exposed(&facts);
    out->len = (size_t)facts.st_size;
    out->data = malloc(out->len);
    if (!out->data)
        return refuse(loader, option, "out of memory while reading %s", path);
    if (!fill(fd, out))
        return refuse(loader, option, "cannot read %s: %s", path,
                      strerror_r(errno, text, sizeof text));
    return true;
}

static bool read_file(const struct loader *loader, const char *option, const char *path,
                      bool *out_exposed, struct octets *out)
{
    char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return refuse(loader, option, "cannot read %s: %s; check path and permissions", path,
                      strerror_r(errno, text, sizeof text));
    bool read = read_open(loader, fd, option, path, out_exposed, out);
    close(fd);
    return read;
}

/* --- certificates ----------------------------------------------------------------------------- */

static bool check_certificate(const struct loader *loader, const uint8_t *der, size_t len,
                              unsigned number)
{
    struct sp_slice subject;
    const char *wrong = sp_cert_outline(der, len, &subject);
    if (wrong)
        return refuse(loader, "cert", "certificate %u in %s can't be read: %s; export it again",
                      number, loader->files->cert, wrong);
    return true;
}

/* The DER of all certificates in a PEM text, one behind the other, in `out`, which is as large. */
static bool collect_certificates(const struct loader *loader, const struct octets *file,
                                 struct octets *out)
{
    struct sp_pem pem;
    struct sp_pem_block block;
    unsigned number = 0;
    sp_pem_init(&pem, file->data, file->len);
    while (sp_pem_next(&pem, &block)) {
        size_t len = 0;
        if (!sp_pem_is(&block, "CERTIFICATE") && !sp_pem_is(&block, "X509 CERTIFICATE"))
            continue;
        number++;
        if (!sp_pem_decode(&block, out->data + out->len, &len))
            return refuse(loader, "cert",
                          "certificate %u in %s, line %zu, is damaged or not complete; export it "
                          "again",
                          number, loader->files->cert, block.line);
        if (!check_certificate(loader, out->data + out->len, len, number))
            return false;
        out->len += len;
    }
    if (number == 0)
        return refuse(loader, "cert",
                      "there is no certificate in %s; give a file with the client's certificate in "
                      "PEM or DER",
                      loader->files->cert);
    return true;
}

static bool is_pem(const struct octets *file)
{
    return file->data && memmem(file->data, file->len, "-----BEGIN ", 11) != NULL;
}

static bool decode_certificates(const struct loader *loader, const struct octets *file,
                                struct octets *out)
{
    out->data = malloc(file->len);
    if (!out->data)
        return refuse(loader, "cert", "out of memory while reading %s", loader->files->cert);
    if (is_pem(file))
        return collect_certificates(loader, file, out);
    memcpy(out->data, file->data, file->len);
    out->len = file->len;
    return check_certificate(loader, out->data, out->len, 1);
}

/* --- all together ----------------------------------------------------------------------------- */

static bool explain(const struct loader *loader, enum sp_tls_identity_status status)
{
    const char *cert = loader->files->cert;
    const char *key = loader->files->key ? loader->files->key : cert;
    const char *key_option = loader->files->key ? "key" : "cert";
    const char *password = loader->files->password_file;
    switch (status) {
    case SP_TLS_IDENTITY_OK: return true;
    case SP_TLS_IDENTITY_BAD_CERTIFICATE:
        return refuse(
            loader, "cert",
            "the TLS library (wolfSSL) can't use the certificates in %s; it takes RSA, EC "
            "and Ed25519 keys and at most 9 certificates",
            cert);
    case SP_TLS_IDENTITY_NO_KEY:
        return refuse(loader, key_option, "there is no private key in %s; %s", key,
                      loader->files->key ? "give the key that belongs to the certificate"
                                         : "name its file with --key");
    case SP_TLS_IDENTITY_ENCRYPTED:
        return refuse(loader, key_option,
                      "the private key in %s is encrypted; put its passphrase into a file and name "
                      "that with --key-password-file",
                      key);
    case SP_TLS_IDENTITY_BAD_PASSPHRASE:
        return refuse(
            loader, "key-password-file",
            "the passphrase in %s doesn't open the private key in %s; check both, and that "
            "openssl pkey -in FILE can read the key",
            password ? password : "no file", key);
    case SP_TLS_IDENTITY_BAD_KEY:
        return refuse(loader, key_option,
                      "the TLS library (wolfSSL) can't use the private key in %s; it takes RSA, EC "
                      "and Ed25519 keys in PEM or DER",
                      key);
    case SP_TLS_IDENTITY_MISMATCH:
        return refuse(loader, key_option,
                      "the private key in %s doesn't belong to the first certificate in %s; the "
                      "client's own certificate comes first",
                      key, cert);
    case SP_TLS_IDENTITY_MEMORY: break;
    }
    return refuse(loader, "cert", "out of memory while loading the certificate in %s", cert);
}

static struct sp_tls_identity *make(const struct loader *loader, const struct octets *chain,
                                    const struct octets *key, const char *passphrase)
{
    enum sp_tls_identity_status status;
    struct sp_tls_identity_parts parts = {.chain = chain->data,
                                          .chain_len = chain->len,
                                          .key = key->data,
                                          .key_len = key->len,
                                          .passphrase = passphrase};
    struct sp_tls_identity *identity = sp_tls_identity_new(&parts, &status);
    explain(loader, status);
    return identity;
}

struct sp_tls_identity *sp_identity_load(const struct sp_identity_files *files, bool *out_exposed,
                                         const char **out_option, char *error, size_t size)
{
    const struct loader loader = {files, out_option, error, size};
    struct octets cert = {0}, key = {0}, chain = {0};
    struct sp_tls_identity *identity = NULL;
    char *passphrase = NULL;
    bool cert_exposed = false, password_exposed = false;
    *out_exposed = false;
    (void)sp_secret_protect_process();
    if (!read_file(&loader, "cert", files->cert, &cert_exposed, &cert) ||
        !decode_certificates(&loader, &cert, &chain) ||
        (files->key && !read_file(&loader, "key", files->key, out_exposed, &key)))
        goto done;
    if (files->password_file) {
        char why[384];
        passphrase = sp_secret_read_file(files->password_file, &password_exposed, why, sizeof why);
        if (!passphrase) {
            refuse(&loader, "key-password-file", "%s", why);
            goto done;
        }
    }
    if (!files->key && !is_pem(&cert)) {
        explain(&loader, SP_TLS_IDENTITY_NO_KEY);
        goto done;
    }
    *out_exposed |= password_exposed || (!files->key && cert_exposed);
    identity = make(&loader, &chain, files->key ? &key : &cert, passphrase);
done:
    sp_secret_free(passphrase);
    drop(&cert);
    drop(&key);
    drop(&chain);
    return identity;
}
