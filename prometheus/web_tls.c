/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/web_tls.h"

#include "probe/limits.h"
#include "probe/secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sp_web_tls {
    unsigned references;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    enum sp_web_client_auth client_auth;
    char **names; /* client_allowed_sans */
    size_t name_count;
};

/* --- making ------------------------------------------------------------------------------------ */

static bool read_all(int fd, struct sp_buf *out)
{
    for (;;) {
        uint8_t *place = sp_buf_reserve(out, 4096);
        if (!place)
            errno = EFBIG;
        ssize_t got = place ? read(fd, place, 4096) : -1;
        if (got < 0 && place && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        out->len += (size_t)got;
    }
}

/* The PEM's octets; the caller wipes them. */
static bool read_pem(const struct sp_web_pem *pem, struct sp_buf *out, struct sp_buf *errors)
{
    sp_buf_init(out, SP_LIMIT_WEB_FILE);
    if (!pem->file)
        return sp_buf_append_str(out, pem->text);
    struct stat status;
    /* A pipe without a writer must not hold us here. */
    int fd = open(pem->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool ok = fd >= 0 && fstat(fd, &status) == 0;
    if (ok && !S_ISREG(status.st_mode)) {
        ok = false;
        errno = EINVAL;
    }
    ok = ok && read_all(fd, out);
    if (!ok) {
        char text[128];
        sp_buf_printf(errors, "%s: cannot be read: %s\n", pem->file,
                      strerror_r(errno, text, sizeof text));
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

static const char *name_of(const struct sp_web_pem *pem, const char *key)
{
    return pem->file ? pem->file : key;
}

static bool set_certificate(struct sp_web_tls *tls, const struct sp_web_settings *settings,
                            struct sp_buf *errors)
{
    struct sp_buf certificate, key;
    sp_buf_init(&key, SP_LIMIT_WEB_FILE);
    bool ok = read_pem(&settings->certificate, &certificate, errors) &&
              read_pem(&settings->key, &key, errors);
    if (ok) {
        const gnutls_datum_t chain = {certificate.data, (unsigned)certificate.len},
                             secret = {key.data, (unsigned)key.len};
        int failed = gnutls_certificate_set_x509_key_mem(tls->credentials, &chain, &secret,
                                                         GNUTLS_X509_FMT_PEM);
        if (failed < 0)
            sp_buf_printf(errors, "%s: cannot be used with the key %s: %s\n",
                          name_of(&settings->certificate, "cert"), name_of(&settings->key, "key"),
                          gnutls_strerror(failed));
        ok = failed >= 0;
    }
    sp_buf_free(&certificate);
    sp_buf_wipe(&key);
    return ok;
}

static bool set_client_ca(struct sp_web_tls *tls, const struct sp_web_settings *settings,
                          struct sp_buf *errors)
{
    struct sp_buf pem;
    if (!settings->client_ca.file && !settings->client_ca.text)
        return true;
    bool ok = read_pem(&settings->client_ca, &pem, errors);
    if (ok) {
        const gnutls_datum_t data = {pem.data, (unsigned)pem.len};
        int count =
            gnutls_certificate_set_x509_trust_mem(tls->credentials, &data, GNUTLS_X509_FMT_PEM);
        ok = count > 0;
        if (!ok)
            sp_buf_printf(errors, "%s: there is no CA certificate in it%s%s\n",
                          name_of(&settings->client_ca, "client_ca"), count < 0 ? ": " : "",
                          count < 0 ? gnutls_strerror(count) : "");
    }
    sp_buf_free(&pem);
    return ok;
}

static bool copy_names(struct sp_web_tls *tls, const struct sp_web_settings *settings)
{
    tls->names = calloc(settings->allowed_name_count + 1, sizeof *tls->names);
    bool ok = tls->names != NULL;
    for (size_t i = 0; ok && i < settings->allowed_name_count; i++) {
        tls->names[i] = strdup(settings->allowed_names[i]);
        ok = tls->names[i] != NULL;
        tls->name_count++;
    }
    return ok;
}

struct sp_web_tls *sp_web_tls_new(const struct sp_web_settings *settings, struct sp_buf *errors,
                                  bool *out_pair_only)
{
    struct sp_web_tls *tls = calloc(1, sizeof *tls);
    *out_pair_only = false;
    if (!tls) {
        sp_buf_append_str(errors, "out of memory\n");
        return NULL;
    }
    tls->references = 1;
    tls->client_auth = settings->client_auth;
    const char *position = NULL;
    bool ok = copy_names(tls, settings) &&
              gnutls_certificate_allocate_credentials(&tls->credentials) == GNUTLS_E_SUCCESS;
    if (!ok)
        sp_buf_append_str(errors, "out of memory\n");
    if (ok && gnutls_priority_init(&tls->priority, settings->priority, &position) < 0) {
        sp_buf_printf(errors, "GnuTLS refuses these versions, suites and curves: %s\n",
                      settings->priority);
        tls->priority = NULL;
        ok = false;
    }
    ok = ok && set_client_ca(tls, settings, errors);
    if (ok && !set_certificate(tls, settings, errors)) {
        *out_pair_only = true;
        ok = false;
    }
    if (ok)
        return tls;
    sp_web_tls_unref(tls);
    return NULL;
}

struct sp_web_tls *sp_web_tls_ref(struct sp_web_tls *tls)
{
    tls->references++;
    return tls;
}

void sp_web_tls_unref(struct sp_web_tls *tls)
{
    if (!tls || --tls->references > 0)
        return;
    if (tls->credentials)
        gnutls_certificate_free_credentials(tls->credentials);
    if (tls->priority)
        gnutls_priority_deinit(tls->priority);
    for (size_t i = 0; i < tls->name_count; i++)
        free(tls->names[i]);
    free(tls->names);
    free(tls);
}

/* --- using ------------------------------------------------------------------------------------- */

static gnutls_certificate_request_t request_mode(const struct sp_web_tls *tls)
{
    switch (tls->client_auth) {
    case SP_WEB_REQUEST_CLIENT_CERT:
    case SP_WEB_VERIFY_CLIENT_CERT_IF_GIVEN: return GNUTLS_CERT_REQUEST;
    case SP_WEB_REQUIRE_ANY_CLIENT_CERT:
    case SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT: return GNUTLS_CERT_REQUIRE;
    case SP_WEB_NO_CLIENT_CERT:
    default: return GNUTLS_CERT_IGNORE;
    }
}

bool sp_web_tls_attach(const struct sp_web_tls *tls, gnutls_session_t session)
{
    gnutls_certificate_server_set_request(session, request_mode(tls));
    return gnutls_priority_set(session, tls->priority) == GNUTLS_E_SUCCESS &&
           gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) ==
               GNUTLS_E_SUCCESS;
}

static bool is_verified(gnutls_session_t session)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned status = GNUTLS_CERT_INVALID;
    return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == GNUTLS_E_SUCCESS &&
           status == 0;
}

static bool is_allowed(const struct sp_web_tls *tls, const char *text, size_t len)
{
    for (size_t i = 0; i < tls->name_count; i++)
        if (strlen(tls->names[i]) == len && memcmp(tls->names[i], text, len) == 0)
            return true;
    return false;
}

/* One subjectAltName: 1 is allowed, 0 is not, -1 there are no more. */
static int check_name(const struct sp_web_tls *tls, gnutls_x509_crt_t certificate, unsigned index)
{
    char value[1024], text[INET6_ADDRSTRLEN];
    size_t len = sizeof value;
    int type = gnutls_x509_crt_get_subject_alt_name(certificate, index, value, &len, NULL);
    if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return -1;
    if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME || type == GNUTLS_SAN_URI)
        return is_allowed(tls, value, len);
    if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16) &&
        inet_ntop(len == 4 ? AF_INET : AF_INET6, value, text, sizeof text))
        return is_allowed(tls, text, strlen(text));
    return 0;
}

static bool has_allowed_name(const struct sp_web_tls *tls, const gnutls_datum_t *der)
{
    gnutls_x509_crt_t certificate;
    if (tls->name_count == 0)
        return true;
    if (gnutls_x509_crt_init(&certificate) < 0)
        return false;
    int found = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) < 0 ? -1 : 0;
    for (unsigned i = 0; found == 0 && i < SP_LIMIT_NAMES; i++)
        found = check_name(tls, certificate, i);
    gnutls_x509_crt_deinit(certificate);
    return found == 1;
}

bool sp_web_tls_verify(const struct sp_web_tls *tls, gnutls_session_t session)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    bool given = chain && count > 0;
    switch (tls->client_auth) {
    case SP_WEB_NO_CLIENT_CERT:
    case SP_WEB_REQUEST_CLIENT_CERT: return true;
    case SP_WEB_REQUIRE_ANY_CLIENT_CERT: return given && has_allowed_name(tls, &chain[0]);
    case SP_WEB_VERIFY_CLIENT_CERT_IF_GIVEN: return !given || is_verified(session);
    case SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT:
        return given && is_verified(session) && has_allowed_name(tls, &chain[0]);
    default: return false;
    }
}
