/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made of staples and lists together: problems, trust, findings; and what a lack of memory does. */
#include "failing_memory.h"
#include "mint.h"

#include "checks/check.h"
#include "probe/revocation.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define KEYS "subjectKeyIdentifier=hash\n"
#define AKI "authorityKeyIdentifier=keyid\n"
#define CA "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" KEYS
#define LEAF \
    "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nsubjectAltName=DNS:mx.example.org\n" AKI
#define STAPLE "tlsfeature=status_request\n"

/* clang-format off */
static const struct mint_row pki_rows[] = {
    {.name = "root", .subject = "CN=Root", .issuer = "root", .extensions = CA},
    {.name = "int", .subject = "CN=Int", .issuer = "root", .extensions = CA AKI},
    {.name = "sub", .subject = "CN=Sub", .issuer = "int", .extensions = CA AKI},
    {.name = "mx", .subject = "CN=mx", .issuer = "sub", .extensions = LEAF},
    {.name = "must", .subject = "CN=mx", .issuer = "sub", .extensions = LEAF STAPLE},
    {.name = "old", .subject = "CN=mx", .issuer = "sub", .extensions = LEAF, .from_day = -90, .to_day = -9},
    {.name = "direct", .subject = "CN=mx", .issuer = "root", .extensions = LEAF},
    {.name = "self", .subject = "CN=self", .issuer = "self", .extensions = "subjectAltName=DNS:mx.example.org\n" KEYS},
    {.name = "flipped", .subject = "CN=mx", .issuer = "sub", .extensions = LEAF, .flags = MINT_FLIP},
    {.name = "other", .subject = "CN=Other", .issuer = "other", .extensions = CA},
    {.name = "delegate", .subject = "CN=Responder", .issuer = "sub", .extensions = "extendedKeyUsage=OCSPSigning\n" KEYS AKI},
    {.name = NULL},
};
/* clang-format on */

enum { NOTHING = -1, GARBAGE = -2 };

struct row {
    const char *name;
    const char *chain;  /* as sent */
    const char *anchor; /* NULL: "root" */
    int staple;         /* V_OCSP_CERTSTATUS_…, or one of the above */
    const char *signer; /* of the staple; NULL: "sub" */
    const char *lists;  /* "ISSUER ISSUER:REVOKED …"; NULL: none */
    enum sp_ocsp_mode ocsp;
    enum sp_verify_mode verify;
    bool pinned;     /* the session was authenticated by a pin */
    bool broken_off; /* the handshake did not end */
    bool cut;        /* the staple was too large */
    bool trusted;
    const char *problems; /* "reason@depth …" of the revocation's, in order */
    const char *findings; /* "reason=STATE …" */
};

#define CHAIN "mx sub int"

/* clang-format off */
static const struct row rows[] = {
    {"nothing", CHAIN, .staple = NOTHING, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "", .findings = ""},
    {"good", CHAIN, .staple = V_OCSP_CERTSTATUS_GOOD, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "", .findings = ""},
    {"revoked", CHAIN, .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL"},
    {"revoked, pinned", CHAIN, .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .pinned = true, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL"},
    {"revoked, report", CHAIN, .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .verify = SP_VERIFY_REPORT, .problems = "certificate-revoked@0", .findings = "certificate-revoked=WARNING"},
    {"revoked, off", CHAIN, .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .verify = SP_VERIFY_OFF, .problems = "certificate-revoked@0", .findings = "certificate-revoked=OK"},
    {"revoked by a stranger", CHAIN, .staple = V_OCSP_CERTSTATUS_REVOKED, .signer = "other", .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "ocsp-invalid@0", .findings = "ocsp-invalid=WARNING"},
    {"revoked by a delegate", CHAIN, .staple = V_OCSP_CERTSTATUS_REVOKED, .signer = "delegate", .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL"},
    {"a delegate that is revoked", CHAIN, .staple = V_OCSP_CERTSTATUS_GOOD, .signer = "delegate", .lists = "root int sub:delegate", .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "ocsp-invalid@0", .findings = "ocsp-invalid=WARNING"},
    {"unknown", CHAIN, .staple = V_OCSP_CERTSTATUS_UNKNOWN, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "ocsp-invalid@0", .findings = "ocsp-invalid=WARNING"},
    {"unknown, require", CHAIN, .staple = V_OCSP_CERTSTATUS_UNKNOWN, .ocsp = SP_OCSP_REQUIRE, .trusted = true, .problems = "ocsp-invalid@0", .findings = "ocsp-invalid=CRITICAL"},
    {"garbage", CHAIN, .staple = GARBAGE, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "ocsp-invalid@0", .findings = "ocsp-invalid=WARNING"},
    {"too large", CHAIN, .staple = NOTHING, .cut = true, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "ocsp-invalid@0", .findings = "ocsp-invalid=WARNING"},
    {"require, missing", CHAIN, .staple = NOTHING, .ocsp = SP_OCSP_REQUIRE, .trusted = true, .problems = "ocsp-staple-missing@0", .findings = "ocsp-staple-missing=CRITICAL"},
    {"require, missing, report", CHAIN, .staple = NOTHING, .ocsp = SP_OCSP_REQUIRE, .verify = SP_VERIFY_REPORT, .trusted = true, .problems = "ocsp-staple-missing@0", .findings = "ocsp-staple-missing=WARNING"},
    {"require, broken off", CHAIN, .staple = NOTHING, .ocsp = SP_OCSP_REQUIRE, .broken_off = true, .trusted = true, .problems = "", .findings = ""},
    {"must-staple", "must sub int", .staple = NOTHING, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "ocsp-staple-missing@0", .findings = "ocsp-staple-missing=WARNING"},
    {"must-staple, require", "must sub int", .staple = NOTHING, .ocsp = SP_OCSP_REQUIRE, .trusted = true, .problems = "ocsp-staple-missing@0", .findings = "ocsp-staple-missing=CRITICAL"},
    {"must-staple, off", "must sub int", .staple = NOTHING, .ocsp = SP_OCSP_OFF, .trusted = true, .problems = "", .findings = ""},
    {"must-staple, stapled", "must sub int", .staple = V_OCSP_CERTSTATUS_GOOD, .ocsp = SP_OCSP_STAPLE, .trusted = true, .problems = "", .findings = ""},
    {"under the root", "direct", .staple = V_OCSP_CERTSTATUS_REVOKED, .signer = "root", .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL"},
    {"expired and revoked", "old sub int", .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL certificate-expired=CRITICAL"},
    {"untrusted and revoked", CHAIN, .anchor = "other", .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL certificate-not-trusted=CRITICAL"},
    {"issuer not sent", "mx", .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .problems = "ocsp-invalid@0", .findings = "certificate-chain-incomplete=CRITICAL ocsp-invalid=WARNING"},
    {"self-signed, says so itself", "self", .staple = V_OCSP_CERTSTATUS_REVOKED, .signer = "self", .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL certificate-self-signed=CRITICAL"},
    {"not signed by its issuer", "flipped sub int", .staple = V_OCSP_CERTSTATUS_REVOKED, .ocsp = SP_OCSP_STAPLE, .problems = "ocsp-invalid@0", .findings = "certificate-invalid=CRITICAL ocsp-invalid=WARNING"},
    /* Lists. */
    {"not signed by its issuer, and on the list", "flipped sub int", .staple = NOTHING, .lists = "root int sub:flipped", .problems = "", .findings = "certificate-invalid=CRITICAL"},
    {"below one that is not", "flipped sub int", .staple = NOTHING, .lists = "root:int int sub:flipped", .problems = "certificate-revoked@2", .findings = "certificate-revoked=CRITICAL certificate-invalid=CRITICAL"},
    {"lists for all", CHAIN, .staple = NOTHING, .lists = "root int sub", .trusted = true, .problems = "", .findings = ""},
    {"list with the leaf", CHAIN, .staple = NOTHING, .lists = "root int sub:mx", .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL"},
    {"list with the middle", CHAIN, .staple = NOTHING, .lists = "root int:sub sub", .problems = "certificate-revoked@1", .findings = "certificate-revoked=CRITICAL"},
    {"list with the upper", CHAIN, .staple = NOTHING, .lists = "root:int int sub", .problems = "certificate-revoked@2", .findings = "certificate-revoked=CRITICAL"},
    {"lists with two", CHAIN, .staple = NOTHING, .lists = "root:int int sub:mx", .problems = "certificate-revoked@2 certificate-revoked@0", .findings = "certificate-revoked=CRITICAL certificate-revoked=CRITICAL"},
    {"list of the root alone", CHAIN, .staple = NOTHING, .lists = "root", .trusted = true, .problems = "", .findings = "certificate-invalid=OK certificate-invalid=OK"},
    {"list of a stranger", CHAIN, .staple = NOTHING, .lists = "other:mx", .trusted = true, .problems = "", .findings = "certificate-invalid=OK certificate-invalid=OK certificate-invalid=OK"},
    {"out of date", CHAIN, .staple = NOTHING, .lists = "root int sub!", .trusted = true, .problems = "certificate-invalid@0", .findings = "certificate-invalid=WARNING"},
    {"out of date, revoked", CHAIN, .staple = NOTHING, .lists = "root int sub!:mx", .problems = "certificate-revoked@0 certificate-invalid@0", .findings = "certificate-revoked=CRITICAL certificate-invalid=WARNING"},
    {"untrusted chain", CHAIN, .anchor = "other", .staple = NOTHING, .lists = "root int sub:mx", .problems = "", .findings = "certificate-not-trusted=CRITICAL"},
    {"list against staple", CHAIN, .staple = V_OCSP_CERTSTATUS_GOOD, .lists = "root int sub:mx", .ocsp = SP_OCSP_STAPLE, .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL"},
    {"expired and on the list", "old sub int", .staple = NOTHING, .lists = "root int sub:old", .problems = "certificate-revoked@0", .findings = "certificate-revoked=CRITICAL certificate-expired=CRITICAL"},
    {"the leaf is the anchor", "self", .anchor = "self", .staple = NOTHING, .lists = "root", .trusted = true, .problems = "", .findings = ""},
};
/* clang-format on */
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static struct mint_pki pki;

/* --- making ------------------------------------------------------------------------------------- */

static uint8_t *make_staple(const struct row *row, size_t *out_len)
{
    char leaf[16];
    snprintf(leaf, sizeof leaf, "%.*s", (int)strcspn(row->chain, " "), row->chain);
    const struct minted *cert = mint_find(&pki, leaf);
    const struct minted *issuer = mint_find(&pki, cert->row->issuer);
    const struct minted *signer = mint_find(&pki, row->signer != NULL ? row->signer : "sub");
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert->x509, issuer->x509);
    ASN1_TIME *from = ASN1_GENERALIZEDTIME_adj(NULL, MINT_NOW, -1, 0);
    ASN1_TIME *to = ASN1_GENERALIZEDTIME_adj(NULL, MINT_NOW, 1, 0);
    assert_non_null(OCSP_basic_add1_status(basic, id, row->staple, 1, from, from, to));
    assert_int_equal(1, OCSP_basic_sign(basic, signer->x509, signer->key, EVP_sha256(), NULL, 0));
    OCSP_RESPONSE *response = OCSP_response_create(0, basic);
    uint8_t *der = NULL;
    *out_len = (size_t)i2d_OCSP_RESPONSE(response, &der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return der;
}

/* "ISSUER", "ISSUER:REVOKED", "ISSUER!": the last is out of date. */
static void add_list(BIO *bio, char *word)
{
    char *revoked = strchr(word, ':'), *old;
    if (revoked != NULL) {
        *revoked++ = '\0';
    }
    if ((old = strchr(word, '!')) != NULL) {
        *old = '\0';
    }
    const struct minted *issuer = mint_find(&pki, word);
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_adj(NULL, MINT_NOW, -9, 0);
    ASN1_TIME *to = ASN1_TIME_adj(NULL, MINT_NOW, old != NULL ? -1 : 1, 0);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, to);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(mint_find(&pki, revoked)->x509));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(crl, entry);
    }
    assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    PEM_write_bio_X509_CRL(bio, crl);
    X509_CRL_free(crl);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
}

/* All that a row is made of; made while memory is there. */
struct scene {
    struct sp_options options;
    struct sp_endpoint endpoint;
    uint8_t *staple;
    size_t staple_len;
    BIO *lists;
    struct sp_trust *trust;
};

static void make_scene(struct scene *scene, const struct row *row)
{
    char error[256], copy[128], *rest = copy;
    memset(scene, 0, sizeof *scene);
    sp_options_init(&scene->options);
    scene->options.ocsp = row->ocsp;
    scene->endpoint.options = &scene->options;
    scene->endpoint.verify = row->verify != SP_VERIFY_DEFAULT ? row->verify : SP_VERIFY_REQUIRE;
    scene->endpoint.server_name = "mx.example.org";
    if (row->staple >= 0) {
        scene->staple = make_staple(row, &scene->staple_len);
    }
    if (row->lists != NULL) {
        scene->lists = BIO_new(BIO_s_mem());
        snprintf(copy, sizeof copy, "%s", row->lists);
        for (char *word = strtok_r(copy, " ", &rest); word != NULL;
             word = strtok_r(NULL, " ", &rest)) {
            add_list(scene->lists, word);
        }
    }
    char *pem = mint_pem(&pki, row->anchor != NULL ? row->anchor : "root");
    scene->trust = sp_trust_from_memory(pem, strlen(pem), error, sizeof error);
    assert_non_null(scene->trust);
    assert_true(sp_trust_prepare(scene->trust));
    free(pem);
}

static void free_scene(struct scene *scene)
{
    OPENSSL_free(scene->staple);
    BIO_free(scene->lists);
    sp_trust_free(scene->trust);
}

static void add_cert(const struct minted *minted, void *context)
{
    struct sp_evidence *evidence = context;
    assert_true(sp_cert_parse(evidence->arena, minted->der, minted->len,
                              &evidence->tls.certs[evidence->tls.cert_count++]));
}

/* An evidence with the chain judged, as the session has it before it asks for revocation. */
static struct sp_evidence *make_evidence(const struct scene *scene, const struct row *row)
{
    struct sp_evidence *evidence = sp_evidence_new(&scene->endpoint);
    static const uint8_t garbage[] = "garbage";
    assert_non_null(evidence);
    evidence->started_ms = MINT_NOW * 1000;
    evidence->tls.certs = sp_arena_array(evidence->arena, 8, sizeof *evidence->tls.certs);
    mint_each(&pki, row->chain, add_cert, evidence);
    evidence->tls.tried = true;
    evidence->tls.established = !row->broken_off;
    evidence->tls.ocsp_requested = row->ocsp != SP_OCSP_OFF;
    evidence->tls.ocsp_staple_cut = row->cut;
    evidence->tls.ocsp_staple = (struct sp_slice){scene->staple, scene->staple_len};
    if (row->staple == GARBAGE) {
        evidence->tls.ocsp_staple = (struct sp_slice){garbage, sizeof garbage};
    }
    assert_true(sp_path_validate(evidence->arena, evidence->tls.certs, evidence->tls.cert_count,
                                 scene->trust, "mx.example.org", MINT_NOW, &evidence->verify));
    if (row->pinned) {
        evidence->verify.authenticated_by = "pin";
    }
    return evidence;
}

static struct sp_crls *load_lists(const struct scene *scene)
{
    char *data, error[256];
    if (scene->lists == NULL) {
        return NULL;
    }
    long len = BIO_get_mem_data(scene->lists, &data);
    return sp_crls_from_memory(data, (size_t)len, error, sizeof error);
}

/* --- judging ------------------------------------------------------------------------------------ */

static void show_problems(const struct sp_verify *verify, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < verify->problem_count; i++) {
        const struct sp_problem *problem = &verify->problems[i];
        if (problem->revocation) {
            used += (size_t)snprintf(out + used, size - used, "%s%s@%d", used > 0 ? " " : "",
                                     sp_reason_info(problem->reason)->word, problem->depth);
        }
    }
}

static void show_findings(const struct sp_result *result, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct sp_finding *finding = &result->findings[i];
        if (finding->phase == SP_PHASE_VERIFY) {
            used += (size_t)snprintf(out + used, size - used, "%s%s=%s", used > 0 ? " " : "",
                                     sp_reason_info(finding->reason)->word,
                                     sp_state_name(finding->state));
        }
    }
}

/* As a set: checks take turns. */
static bool same_words(const char *a, const char *b)
{
    char copy[512], *rest = copy;
    if (strlen(a) != strlen(b)) {
        return false;
    }
    snprintf(copy, sizeof copy, "%s", a);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strstr(b, word) == NULL) {
            return false;
        }
    }
    return true;
}

static void test_rows(void **state)
{
    unsigned failures = 0;
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        struct scene scene;
        char problems[512], findings[512];
        make_scene(&scene, row);
        struct sp_evidence *evidence = make_evidence(&scene, row);
        struct sp_crls *crls = load_lists(&scene);
        struct sp_result result;
        assert_true(sp_revocation_check(evidence, crls));
        show_problems(&evidence->verify, problems, sizeof problems);
        bool trusted = evidence->verify.trusted;
        bool named = evidence->verify.authenticated_by != NULL;
        sp_result_judge(&result, evidence);
        show_findings(&result, findings, sizeof findings);
        if (trusted != row->trusted || named != trusted || strcmp(problems, row->problems) != 0 ||
            !same_words(findings, row->findings)) {
            printf("%s: %s, problems \"%s\", findings \"%s\"\n", row->name,
                   trusted ? "trusted" : "not trusted", problems, findings);
            failures++;
        }
        sp_result_free(&result);
        sp_crls_free(crls);
        free_scene(&scene);
    }
    assert_int_equal(failures, 0);
}

/* --- memory ------------------------------------------------------------------------------------- */

/* Each allocation fails in turn: nothing leaks, and what could not be looked up is not trusted. */
static void test_memory(void **state)
{
    static const char *const names[] = {"good", "revoked by a delegate", "list with the upper",
                                        "a delegate that is revoked", "out of date"};
    (void)state;
    if (!OWN_ALLOCATOR) {
        skip();
    }
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        const struct row *row = rows;
        struct scene scene;
        bool done = false;
        while (strcmp(row->name, names[n]) != 0) {
            row++;
        }
        make_scene(&scene, row);
        for (size_t allowed = 0; !done && allowed < 10000; allowed++) {
            struct sp_evidence *evidence = make_evidence(&scene, row);
            long before = live;
            left = allowed;
            struct sp_crls *crls = load_lists(&scene);
            bool loaded = crls != NULL || scene.lists == NULL;
            bool checked = loaded && sp_revocation_check(evidence, crls);
            done = left > 0;
            left = SIZE_MAX;
            assert_true(!done || (loaded && checked));
            if (loaded && !checked) {
                assert_false(evidence->verify.trusted);
                assert_null(evidence->verify.authenticated_by);
            } else if (loaded) {
                assert_int_equal(row->trusted, evidence->verify.trusted);
            }
            sp_crls_free(crls);
            if (!loaded) {
                assert_int_equal(before, live);
            }
            sp_evidence_free(evidence);
        }
        assert_true(done);
        free_scene(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_memory)};
    setvbuf(stdout, NULL, _IOLBF, 0);
    mint_pki_make(&pki, pki_rows);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mint_pki_free(&pki);
    return rc;
}
