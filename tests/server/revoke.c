/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "revoke.h"

#include <errno.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

enum { DAY = 24 * 60 * 60 };

/* ---- staples ---- */

struct staple {
    const char *what;
    int status, reason; /* V_OCSP_CERTSTATUS_…, reason -1: none */
    int from_day, to_day;
    const char *about;  /* kind of certificate; NULL: the server's */
    const char *signer; /* the same; NULL: the issuer */
    int response;       /* OCSP_RESPONSE_STATUS_… */
};

static const struct staple staples[] = {
    {"good", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, NULL, NULL, 0},
    {"revoked", V_OCSP_CERTSTATUS_REVOKED, 1, -1, 2, NULL, NULL, 0},
    {"unknown", V_OCSP_CERTSTATUS_UNKNOWN, -1, -1, 2, NULL, NULL, 0},
    {"stale", V_OCSP_CERTSTATUS_GOOD, -1, -9, -2, NULL, NULL, 0},
    {"future", V_OCSP_CERTSTATUS_GOOD, -1, 2, 9, NULL, NULL, 0},
    {"foreign", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, "wildcard", NULL, 0},
    {"delegate", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, NULL, "responder", 0},
    {"wrong-delegate", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, NULL, "ecdsa", 0},
    {"wrong-signer", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, NULL, "foreign-root", 0},
    {"flipped", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, NULL, NULL, 0},
    {"try-later", V_OCSP_CERTSTATUS_GOOD, -1, -1, 2, NULL, NULL, 3},
};

static ASN1_TIME *days_from_now(int days)
{
    return ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), days, 0);
}

static int add_status(OCSP_BASICRESP *basic, const struct staple *s, X509 *cert, X509 *issuer)
{
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert, issuer);
    ASN1_TIME *from = days_from_now(s->from_day), *to = days_from_now(s->to_day);
    ASN1_TIME *revoked = days_from_now(-5);
    int done = id != NULL &&
               OCSP_basic_add1_status(basic, id, s->status, s->reason, revoked, from, to) != NULL;
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    ASN1_TIME_free(revoked);
    return done;
}

static int sign_basic(OCSP_BASICRESP *basic, const struct staple *s, struct ts_pki *pki,
                      const char *issuer, const char *host)
{
    const char *kind = s->signer != NULL ? s->signer : issuer;
    X509 *cert = ts_pki_cert(pki, kind, host);
    EVP_PKEY *key = ts_pki_key(pki, kind);
    unsigned long flags = s->signer != NULL ? 0 : OCSP_NOCERTS;
    if (cert == NULL || key == NULL ||
        OCSP_basic_sign(basic, cert, key, EVP_sha256(), NULL, flags) != 1)
        return 0;
    if (strcmp(s->what, "flipped") == 0) {
        const ASN1_OCTET_STRING *signature = OCSP_resp_get0_signature(basic);
        signature->data[signature->length - 1] ^= 1;
    }
    return 1;
}

static int make_staple(struct ts_pki *pki, const struct staple *s, const char *kind,
                       const char *host, struct ts_bytes *out)
{
    const char *above = ts_pki_issuer(kind);
    X509 *issuer = above != NULL ? ts_pki_cert(pki, above, host) : NULL;
    X509 *cert = ts_pki_cert(pki, s->about != NULL ? s->about : kind, host);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_RESPONSE *response = NULL;
    unsigned char *der = NULL;
    int length = -1;
    if (basic != NULL && issuer != NULL && cert != NULL && add_status(basic, s, cert, issuer) &&
        sign_basic(basic, s, pki, above, host) &&
        (response = OCSP_response_create(s->response, s->response != 0 ? NULL : basic)) != NULL)
        length = i2d_OCSP_RESPONSE(response, &der);
    if (length > 0)
        ts_bytes_add(out, der, (size_t)length);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    return length > 0 ? 0 : -1;
}

int ts_revoke_staple(struct ts_pki *pki, const char *what, const char *kind, const char *host,
                     struct ts_bytes *out)
{
    static const char garbage[] = "this is no OCSP response, whatever else it may be";
    for (size_t i = 0; i < sizeof staples / sizeof *staples; i++)
        if (strcmp(staples[i].what, what) == 0)
            return make_staple(pki, &staples[i], kind, host, out);
    if (strcmp(what, "garbage") == 0) {
        ts_bytes_add(out, garbage, sizeof garbage - 1);
        return 0;
    }
    return -1;
}

/* ---- lists ---- */

static int add_entry(X509_CRL *crl, X509 *cert)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = ASN1_TIME_adj(NULL, time(NULL), -5, 0);
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    int done = ASN1_ENUMERATED_set(reason, 4) == 1 &&
               X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) == 1 &&
               X509_REVOKED_set_revocationDate(entry, when) == 1 &&
               X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1 &&
               X509_CRL_add0_revoked(crl, entry) == 1;
    ASN1_TIME_free(when);
    ASN1_ENUMERATED_free(reason);
    return done;
}

/* Appends to the file a list of `issuer` with `revoked` in it, unless that is NULL. */
static int write_list(FILE *file, struct ts_pki *pki, const char *issuer, const char *revoked,
                      int to_day)
{
    X509 *above = ts_pki_cert(pki, issuer, "mx.test");
    X509 *cert = revoked != NULL ? ts_pki_cert(pki, revoked, "mx.test") : NULL;
    EVP_PKEY *key = ts_pki_key(pki, issuer);
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_adj(NULL, time(NULL), -9, 0);
    ASN1_TIME *to = ASN1_TIME_adj(NULL, time(NULL), to_day, 0);
    int done = above != NULL && key != NULL && crl != NULL && (cert != NULL || revoked == NULL) &&
               X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
               X509_CRL_set_issuer_name(crl, X509_get_subject_name(above)) == 1 &&
               X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, to) == 1 &&
               (cert == NULL || add_entry(crl, cert)) &&
               X509_CRL_sign(crl, key, EVP_sha256()) > 0 && PEM_write_X509_CRL(file, crl) == 1;
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_CRL_free(crl);
    return done;
}

int ts_revoke_write_lists(struct ts_pki *pki, const char *dir)
{
    static const struct {
        const char *name, *leaf, *inter;
        int to_day;
    } files[] = {{"crl-good.pem", NULL, NULL, 9},        {"crl-leaf.pem", "ecdsa", NULL, 9},
                 {"crl-inter.pem", NULL, "inter-ec", 9}, {"crl-stale.pem", NULL, NULL, -2},
                 {"crl-foreign.pem", NULL, NULL, 9},     {"crl-broken.pem", NULL, NULL, 9}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        FILE *file = fopen(path, "we");
        int done = file != NULL;
        if (done && strcmp(files[i].name, "crl-foreign.pem") == 0)
            done = write_list(file, pki, "foreign-root", NULL, 9);
        else if (done && strcmp(files[i].name, "crl-broken.pem") == 0)
            done = fputs("-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n", file) >= 0;
        else if (done)
            done = write_list(file, pki, "inter-ec", files[i].leaf, files[i].to_day) &&
                   write_list(file, pki, "root", files[i].inter, files[i].to_day);
        if (file == NULL || fclose(file) != 0 || !done) {
            fprintf(stderr, "smtp-test-server: cannot write %s: %s\n", path, strerror(errno));
            return -1;
        }
    }
    return 0;
}
