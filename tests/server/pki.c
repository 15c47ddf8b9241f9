/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki.h"

#include "recipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEYS_MAX = 24, MADE_MAX = 256, DAY = 24 * 60 * 60, NAME_MAX_BYTES = 300 };

struct made {
    const struct ts_recipe *recipe;
    char host[NAME_MAX_BYTES];
    X509 *cert;
};

struct named_key {
    const char *name;
    EVP_PKEY *key;
};

struct named_chain {
    char host[NAME_MAX_BYTES];
    const struct ts_recipe *recipe;
    struct ts_chain chain;
    struct named_chain *next;
};

struct ts_pki {
    struct named_key keys[KEYS_MAX];
    size_t key_count;
    struct made made[MADE_MAX];
    size_t made_count;
    struct named_chain *chains;
    time_t now;
};

struct ts_pki *ts_pki_new(void)
{
    struct ts_pki *pki = calloc(1, sizeof *pki);
    if (pki != NULL)
        pki->now = time(NULL);
    return pki;
}

void ts_pki_free(struct ts_pki *pki)
{
    if (pki == NULL)
        return;
    for (size_t i = 0; i < pki->key_count; i++)
        EVP_PKEY_free(pki->keys[i].key);
    for (size_t i = 0; i < pki->made_count; i++)
        X509_free(pki->made[i].cert);
    while (pki->chains != NULL) {
        struct named_chain *next = pki->chains->next;
        free(pki->chains);
        pki->chains = next;
    }
    free(pki);
}

static const struct ts_recipe *find_recipe(const char *name)
{
    for (size_t i = 0; i < ts_recipe_count; i++)
        if (strcmp(ts_recipes[i].name, name) == 0)
            return &ts_recipes[i];
    return NULL;
}

/*
 * The kind of key stands in its name: "rsa…" with an optional size behind it, "p384", "ed25519",
 * anything else is P-256.
 */
static EVP_PKEY *make_key(const char *name)
{
    if (strcmp(name, "ed25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (strcmp(name, "p384") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    if (strcmp(name, "rsa1024") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    if (strncmp(name, "rsa", 3) == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static EVP_PKEY *get_key(struct ts_pki *pki, const char *name)
{
    for (size_t i = 0; i < pki->key_count; i++)
        if (strcmp(pki->keys[i].name, name) == 0)
            return pki->keys[i].key;
    if (pki->key_count == KEYS_MAX)
        return NULL;
    EVP_PKEY *key = make_key(name);
    if (key != NULL)
        pki->keys[pki->key_count++] = (struct named_key){name, key};
    return key;
}

/*
 * Copies `text` with "@" replaced by the host and "\0" by a NUL byte; returns the length without
 * the closing NUL.
 */
static size_t expand(const char *text, size_t length, const char *host, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        if (text[i] == '@' && (i == 0 || text[i - 1] == ':')) {
            for (const char *h = host; *h != '\0' && used + 1 < size; h++)
                out[used++] = *h;
        } else if (text[i] == '\\' && i + 1 < length && text[i + 1] == '0') {
            out[used++] = '\0';
            i++;
        } else {
            out[used++] = text[i];
        }
    }
    out[used] = '\0';
    return used;
}

static int add_one_name(GENERAL_NAMES *names, const char *text, size_t length)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    if (name == NULL)
        return -1;
    if (strncmp(text, "IP:", 3) == 0) {
        unsigned char address[16];
        int is_v6 = strchr(text + 3, ':') != NULL;
        ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
        if (inet_pton(is_v6 ? AF_INET6 : AF_INET, text + 3, address) != 1)
            return -1;
        ASN1_OCTET_STRING_set(octets, address, is_v6 ? 16 : 4);
        GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    } else {
        int is_mail = strncmp(text, "EMAIL:", 6) == 0;
        size_t skip = is_mail ? 6 : 4;
        ASN1_IA5STRING *string = ASN1_IA5STRING_new();
        ASN1_STRING_set(string, text + skip, (int)(length - skip));
        GENERAL_NAME_set0_value(name, is_mail ? GEN_EMAIL : GEN_DNS, string);
    }
    return sk_GENERAL_NAME_push(names, name) > 0 ? 0 : -1;
}

static int add_names(X509 *cert, const char *list, const char *host)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    const char *at = list;
    while (names != NULL && *at != '\0') {
        char text[NAME_MAX_BYTES * 2];
        size_t length = strcspn(at, "|");
        size_t used = expand(at, length, host, text, sizeof text);
        if (add_one_name(names, text, used) != 0)
            return -1;
        at += length + (at[length] == '|');
    }
    int done = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    return done == 1 ? 0 : -1;
}

static int add_text_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL)
        return -1;
    int done = X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return done == 1 ? 0 : -1;
}

static int add_unknown_critical(X509 *cert)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.55555.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    int done = X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    return done == 1 ? 0 : -1;
}

static int add_authority_extensions(X509 *cert, X509 *issuer, const struct ts_recipe *r)
{
    int bad = 0;
    if (r->flags & TS_CA_FALSE) {
        bad |= add_text_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE");
        bad |= add_text_extension(cert, issuer, NID_key_usage, "critical,digitalSignature");
        return bad;
    }
    int is_path_length =
        r->constraint != NULL && r->constraint[0] >= '0' && r->constraint[0] <= '9';
    char basic[64] = "critical,CA:TRUE";
    if (is_path_length)
        snprintf(basic, sizeof basic, "critical,CA:TRUE,pathlen:%s", r->constraint);
    bad |= add_text_extension(cert, issuer, NID_basic_constraints, basic);
    bad |= add_text_extension(cert, issuer, NID_key_usage,
                              r->flags & TS_NO_CERT_SIGN ? "critical,cRLSign"
                                                         : "critical,keyCertSign,cRLSign");
    if (r->constraint != NULL && !is_path_length) {
        char constraint[128];
        snprintf(constraint, sizeof constraint, "critical,%s", r->constraint);
        bad |= add_text_extension(cert, issuer, NID_name_constraints, constraint);
    }
    return bad;
}

static int add_extensions(X509 *cert, X509 *issuer, const struct ts_recipe *r, const char *host)
{
    if (r->flags & TS_VERSION_1)
        return 0;
    int bad = add_text_extension(cert, issuer, NID_subject_key_identifier, "hash");
    /* A self-signed certificate needs no pointer to its issuer, and an issuer of version 1 has
     * nothing to point at. */
    if (issuer != cert && X509_get0_subject_key_id(issuer) != NULL)
        bad |= add_text_extension(cert, issuer, NID_authority_key_identifier, "keyid");
    if (r->flags & (TS_CA | TS_CA_FALSE)) {
        bad |= add_authority_extensions(cert, issuer, r);
    } else {
        bad |= add_text_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE");
        bad |= add_text_extension(cert, issuer, NID_key_usage,
                                  r->key[0] == 'r' ? "critical,digitalSignature,keyEncipherment"
                                                   : "critical,digitalSignature");
        bad |= add_text_extension(cert, issuer, NID_ext_key_usage,
                                  r->flags & TS_CLIENT_ONLY ? "clientAuth"
                                  : r->flags & TS_OCSP      ? "OCSPSigning"
                                                            : "serverAuth,clientAuth");
    }
    if (r->san != NULL)
        bad |= add_names(cert, r->san, host);
    if (r->flags & TS_MUST_STAPLE)
        bad |= add_text_extension(cert, issuer, NID_tlsfeature, "status_request");
    if (r->flags & TS_UNKNOWN_CRITICAL)
        bad |= add_unknown_critical(cert);
    return bad;
}

static void set_serial(X509 *cert, unsigned flags)
{
    unsigned char bytes[12];
    RAND_bytes(bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    if (flags & TS_NEGATIVE_SERIAL)
        BN_set_negative(number, 1);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
}

static int sign_cert(X509 *cert, EVP_PKEY *key, const struct ts_recipe *r)
{
    const EVP_MD *digest = EVP_get_digestbyname(r->digest != NULL ? r->digest : "SHA256");
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        digest = NULL;
    if (X509_sign(cert, key, digest) <= 0)
        return -1;
    if (r->flags & TS_BAD_SIGNATURE) {
        const ASN1_BIT_STRING *signature = NULL;
        X509_get0_signature(&signature, NULL, cert);
        /* The last byte: the structure of an ECDSA signature stays readable, its value is wrong. */
        signature->data[signature->length - 1] ^= 1;
    }
    return 0;
}

static X509 *get_cert(struct ts_pki *pki, const struct ts_recipe *r, const char *host, int depth);

static X509 *make_cert(struct ts_pki *pki, const struct ts_recipe *r, const char *host, int depth)
{
    const struct ts_recipe *above = r->issuer != NULL ? find_recipe(r->issuer) : r;
    EVP_PKEY *key = get_key(pki, r->key);
    EVP_PKEY *signer = above != NULL ? get_key(pki, above->key) : NULL;
    X509 *cert = X509_new();
    X509 *issuer = r->issuer == NULL ? cert
                   : above != NULL   ? get_cert(pki, above, host, depth + 1)
                                     : NULL;
    if (cert == NULL || key == NULL || signer == NULL || issuer == NULL)
        goto bad;
    X509_set_version(cert, r->flags & TS_VERSION_1 ? X509_VERSION_1 : X509_VERSION_3);
    set_serial(cert, r->flags);
    X509_gmtime_adj(X509_getm_notBefore(cert), (long)r->from_day * DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert), (long)r->to_day * DAY);
    if (r->cn != NULL) {
        const char *cn = strcmp(r->cn, "@") == 0 ? host : r->cn;
        X509_NAME *subject = X509_get_subject_name(cert);
        X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                   (const unsigned char *)"smtp-probe tests", -1, -1, 0);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1,
                                   0);
    }
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    X509_set_pubkey(cert, key);
    if (add_extensions(cert, issuer, r, host) != 0 || sign_cert(cert, signer, r) != 0)
        goto bad;
    return cert;
bad:
    X509_free(cert);
    return NULL;
}

static X509 *get_cert(struct ts_pki *pki, const struct ts_recipe *r, const char *host, int depth)
{
    /* Authorities are the same for all hosts. */
    const char *name = r->flags & TS_LEAF ? host : "";
    for (size_t i = 0; i < pki->made_count; i++)
        if (pki->made[i].recipe == r && strcmp(pki->made[i].host, name) == 0)
            return pki->made[i].cert;
    if (pki->made_count == MADE_MAX || depth > TS_CHAIN_MAX)
        return NULL;
    X509 *cert = make_cert(pki, r, host, depth);
    if (cert == NULL || pki->made_count == MADE_MAX) {
        X509_free(cert);
        return NULL;
    }
    struct made *made = &pki->made[pki->made_count++];
    made->recipe = r;
    made->cert = cert;
    snprintf(made->host, sizeof made->host, "%s", name);
    return cert;
}

X509 *ts_pki_cert(struct ts_pki *pki, const char *kind, const char *host)
{
    const struct ts_recipe *r = find_recipe(kind);
    return r != NULL && strlen(host) < NAME_MAX_BYTES ? get_cert(pki, r, host, 0) : NULL;
}

EVP_PKEY *ts_pki_key(struct ts_pki *pki, const char *kind)
{
    const struct ts_recipe *r = find_recipe(kind);
    return r != NULL ? get_key(pki, r->key) : NULL;
}

const char *ts_pki_issuer(const char *kind)
{
    const struct ts_recipe *r = find_recipe(kind);
    return r != NULL ? r->issuer : NULL;
}

static int fill_chain(struct ts_pki *pki, const struct ts_recipe *r, const char *host,
                      struct ts_chain *chain)
{
    chain->certs[0] = get_cert(pki, r, host, 0);
    chain->count = 1;
    chain->key = get_key(pki, r->key);
    if (chain->certs[0] == NULL || chain->key == NULL)
        return -1;
    const char *at = r->send != NULL ? r->send : "";
    while (*at != '\0' && chain->count < TS_CHAIN_MAX) {
        char name[64];
        size_t length = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        const struct ts_recipe *next = find_recipe(name);
        X509 *cert = next != NULL ? get_cert(pki, next, host, 0) : NULL;
        if (cert == NULL)
            return -1;
        chain->certs[chain->count++] = cert;
        at += length + (at[length] == ' ');
    }
    return 0;
}

const struct ts_chain *ts_pki_chain(struct ts_pki *pki, const char *kind, const char *host)
{
    const struct ts_recipe *r = find_recipe(kind);
    if (r == NULL || !(r->flags & TS_LEAF) || strlen(host) >= NAME_MAX_BYTES)
        return NULL;
    for (struct named_chain *c = pki->chains; c != NULL; c = c->next)
        if (c->recipe == r && strcmp(c->host, host) == 0)
            return &c->chain;
    struct named_chain *made = calloc(1, sizeof *made);
    if (made == NULL || fill_chain(pki, r, host, &made->chain) != 0) {
        free(made);
        return NULL;
    }
    made->recipe = r;
    snprintf(made->host, sizeof made->host, "%s", host);
    made->next = pki->chains;
    pki->chains = made;
    return &made->chain;
}

const char *ts_pki_kind_name(size_t index)
{
    for (size_t i = 0; i < ts_recipe_count; i++)
        if ((ts_recipes[i].flags & TS_LEAF) && index-- == 0)
            return ts_recipes[i].name;
    return NULL;
}

static FILE *open_in(const char *dir, const char *name, const char *ending, mode_t mode)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s%s", dir, name, ending) >= (int)sizeof path)
        return NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        fprintf(stderr, "smtp-test-server: %s: %s\n", path, strerror(errno));
    return file;
}

static int write_certs(const char *dir, const char *name, X509 *const *certs, int count)
{
    FILE *file = open_in(dir, name, ".pem", 0644);
    if (file == NULL)
        return -1;
    int bad = 0;
    for (int i = 0; i < count; i++)
        bad |= PEM_write_X509(file, certs[i]) != 1;
    return fclose(file) != 0 || bad ? -1 : 0;
}

static int write_key(const char *dir, const char *name, EVP_PKEY *key)
{
    FILE *file = open_in(dir, name, ".key", 0600);
    if (file == NULL)
        return -1;
    int bad = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1;
    return fclose(file) != 0 || bad ? -1 : 0;
}

static int write_kind(struct ts_pki *pki, const char *dir, const char *kind)
{
    const struct ts_chain *chain = ts_pki_chain(pki, kind, "mx.test");
    if (chain == NULL) {
        fprintf(stderr, "smtp-test-server: cannot make a certificate of kind %s\n", kind);
        return -1;
    }
    if (write_certs(dir, kind, chain->certs, chain->count) != 0)
        return -1;
    return write_key(dir, kind, chain->key);
}

int ts_pki_write(struct ts_pki *pki, const char *dir, int all)
{
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "smtp-test-server: %s: %s\n", dir, strerror(errno));
        return -1;
    }
    X509 *root = get_cert(pki, find_recipe("root"), "", 0);
    X509 *foreign = get_cert(pki, find_recipe("foreign-root"), "", 0);
    if (root == NULL || foreign == NULL)
        return -1;
    if (write_certs(dir, "root", &root, 1) != 0 ||
        write_certs(dir, "untrusted-root", &foreign, 1) != 0 ||
        write_kind(pki, dir, "client-only") != 0)
        return -1;
    const char *kind;
    for (size_t i = 0; all && (kind = ts_pki_kind_name(i)) != NULL; i++)
        if (write_kind(pki, dir, kind) != 0)
            return -1;
    return 0;
}
