/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificates that the server sent. */
#include "output/facts.h"
#include "output/json_parts.h"
#include "probe/cert_details.h"
#include "probe/limits.h"

static void add_names(struct sp_json_page *page, struct cJSON *into, const struct sp_cert *cert)
{
    struct cJSON *names = sp_json_array(&page->json, into, "names");

    for (size_t i = 0; i < cert->name_count; i++) {
        struct sp_buf text;

        sp_buf_init(&text, (size_t)2 * SP_LIMIT_CERT_BYTES);
        sp_json_add_built(page, names, NULL, &text, sp_fact_name(&text, &cert->names[i]));
    }
}

/* The words of a set of bits, or null where the certificate says nothing. */
static void add_usage(struct sp_json_page *page, struct cJSON *into, const struct sp_cert *cert)
{
    struct sp_json *json = &page->json;

    if (!cert->has_key_usage) {
        sp_json_null(json, into, "key_usage");
        return;
    }
    struct cJSON *list = sp_json_array(json, into, "key_usage");
    for (unsigned i = 0; i < SP_USAGE_COUNT; i++)
        if ((cert->key_usage & (1u << i)) != 0)
            sp_json_string(json, list, NULL, sp_usage_name(i));
}

static void add_uses(struct sp_json_page *page, struct cJSON *into, const struct sp_cert *cert,
                     const struct sp_uses *uses)
{
    struct sp_json *json = &page->json;

    if (!cert->has_ext_key_usage) {
        sp_json_null(json, into, "ext_key_usage");
        return;
    }
    struct cJSON *list = sp_json_array(json, into, "ext_key_usage");
    for (size_t i = 0; i < uses->count; i++) {
        const char *name = sp_use_name(uses->oids[i]);
        char oid[96];

        sp_der_oid_text(uses->oids[i], oid, sizeof(oid));
        sp_json_string(json, list, NULL, name != NULL ? name : oid);
    }
}

static void add_urls(struct sp_json_page *page, struct cJSON *into, const char *key,
                     const struct sp_urls *urls)
{
    struct cJSON *list = sp_json_array(&page->json, into, key);

    for (size_t i = 0; i < urls->count; i++)
        sp_json_text(&page->json, list, NULL, (const char *)urls->items[i].data,
                     urls->items[i].len);
}

static void add_subtrees(struct sp_json_page *page, struct cJSON *into, const char *key,
                         const struct sp_subtrees *trees)
{
    struct cJSON *list = sp_json_array(&page->json, into, key);

    for (size_t i = 0; i < trees->count; i++) {
        struct sp_buf text;

        sp_buf_init(&text, (size_t)2 * SP_LIMIT_CERT_BYTES);
        sp_json_add_built(page, list, NULL, &text, sp_fact_subtree(&text, &trees->items[i]));
    }
}

/* What it may be used for, what limits it, and where it can be asked for. */
static void add_details(struct sp_json_page *page, struct cJSON *into, const struct sp_cert *cert)
{
    struct sp_json *json = &page->json;
    struct sp_cert_details details;

    sp_cert_read_details(cert, &details);
    add_usage(page, into, cert);
    add_uses(page, into, cert, &details.uses);
    sp_json_bool(json, into, "ca", cert->is_ca);
    if (cert->is_ca && cert->path_len >= 0)
        sp_json_integer(json, into, "path_len", cert->path_len);
    if (details.permitted.count + details.excluded.count > 0) {
        struct cJSON *limits = sp_json_object(json, into, "name_constraints");

        add_subtrees(page, limits, "permitted", &details.permitted);
        add_subtrees(page, limits, "excluded", &details.excluded);
    }
    sp_json_bool(json, into, "must_staple", cert->must_staple);
    add_urls(page, into, "ocsp_urls", &details.ocsp);
    add_urls(page, into, "crl_urls", &details.crls);
    add_urls(page, into, "issuer_urls", &details.issuers);
}

static void add_pem(struct sp_json_page *page, struct cJSON *into, const struct sp_cert *cert)
{
    struct sp_buf text;

    sp_buf_init(&text, (size_t)2 * SP_LIMIT_CERT_BYTES);
    sp_json_add_built(page, into, "pem", &text, sp_fact_pem(&text, cert));
}

static void add_days_left(struct sp_json_page *page, struct cJSON *into, const struct sp_cert *cert)
{
    char digits[SP_FACT_SIZE];

    if (!cert->time_valid) {
        sp_json_null(&page->json, into, "days_left");
        return;
    }
    sp_fact_tenths(digits, sp_fact_tenths_of_days(cert->not_after, page->evidence->started_ms));
    sp_json_number(&page->json, into, "days_left", digits);
}

/* A certificate that can't be read: what it is not known is null, and the digest still tells it. */
static void add_unreadable(struct sp_json_page *page, struct cJSON *into,
                           const struct sp_cert *cert)
{
    static const char *const unknown[] = {"subject",   "issuer",     "names",
                                          "serial",    "not_before", "not_after",
                                          "days_left", "key",        "signature"};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        sp_json_null(&page->json, into, unknown[i]);
    sp_json_string(&page->json, into, "sha256", cert->sha256);
    sp_json_null(&page->json, into, "spki_sha256");
    sp_json_string(&page->json, into, "error", cert->error);
}

static void add_certificate(struct sp_json_page *page, struct cJSON *into,
                            const struct sp_cert *cert)
{
    struct sp_json *json = &page->json;
    struct sp_buf serial;

    sp_json_string(json, into, "subject", cert->subject_text);
    sp_json_string(json, into, "issuer", cert->issuer_text);
    add_names(page, into, cert);
    sp_buf_init(&serial, (size_t)2 * SP_LIMIT_CERT_BYTES);
    sp_json_add_built(page, into, "serial", &serial, sp_fact_serial(&serial, cert));
    sp_json_add_instant(page, into, "not_before", cert->time_valid, cert->not_before * 1000);
    sp_json_add_instant(page, into, "not_after", cert->time_valid, cert->not_after * 1000);
    add_days_left(page, into, cert);
    sp_json_string(json, into, "key", cert->key_text);
    sp_json_string(json, into, "signature", cert->sig_text);
    sp_json_string(json, into, "sha256", cert->sha256);
    sp_json_string(json, into, "spki_sha256", cert->spki_sha256);
    add_details(page, into, cert);
}

void sp_json_add_certificates(struct sp_json_page *page)
{
    const struct sp_tls_facts *tls = &page->evidence->tls;
    struct sp_json *json = &page->json;

    if (tls->cert_count == 0)
        return;
    struct cJSON *list = sp_json_array(json, json->root, "certificates");
    for (size_t i = 0; i < tls->cert_count; i++) {
        struct cJSON *object = sp_json_object(json, list, NULL);

        sp_json_integer(json, object, "depth", (int64_t)i);
        if (tls->certs[i].parsed)
            add_certificate(page, object, &tls->certs[i]);
        else
            add_unreadable(page, object, &tls->certs[i]);
        if (page->render->pem)
            add_pem(page, object, &tls->certs[i]);
    }
}
