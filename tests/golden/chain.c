/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/golden/chain.h"

#include "probe/path.h"
#include "probe/pem.h"
#include "probe/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NOW_MS INT64_C(1788264000000) /* 2026-09-01T12:00:00Z */
#define CERTS 3u

static void need(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "chain.c: %s\n", what);
        exit(2);
    }
}

static char *read_text(const char *name)
{
    const size_t size = 1u << 16;
    char path[512], *text = calloc(1, size);
    snprintf(path, sizeof path, "%s/golden/%s", SP_TESTS_DIR, name);
    FILE *file = fopen(path, "rb");
    need(text != NULL && file != NULL && fread(text, 1, size - 1, file) > 0, path);
    fclose(file);
    return text;
}

static void read_chain(struct sp_evidence *evidence)
{
    char *text = read_text("chain.pem");
    struct sp_cert *certs = sp_arena_array(evidence->arena, CERTS, sizeof *certs);
    struct sp_pem_block block;
    struct sp_pem pem;
    size_t count = 0;
    sp_pem_init(&pem, text, strlen(text));
    while (sp_pem_next(&pem, &block) && count < CERTS) {
        uint8_t *der = sp_arena_alloc(evidence->arena, block.body_len);
        size_t len;
        need(der != NULL && sp_pem_decode(&block, der, &len) &&
                 sp_cert_parse(evidence->arena, der, len, &certs[count++]),
             "chain.pem");
    }
    need(count == CERTS, "three certificates");
    evidence->tls.certs = certs;
    evidence->tls.cert_count = count;
    free(text);
}

static void validate(struct sp_evidence *evidence)
{
    char error[256], *text = read_text("chain-root.pem");
    static struct sp_trust *trust; /* the anchor in the result is its */
    trust = sp_trust_from_memory(text, strlen(text), error, sizeof error);
    need(trust != NULL, error);
    need(sp_path_validate(evidence->arena, evidence->tls.certs, CERTS, trust, "mx1.example.org",
                          NOW_MS / 1000, &evidence->verify),
         "validation");
    need(evidence->verify.trusted, "the chain is trusted");
    free(text);
}

static void fill_session(struct sp_evidence *evidence)
{
    static struct sp_text line = {"mx1.example.org ESMTP", 21};
    static struct sp_reply banner = {
        .phase = SP_PHASE_BANNER, .code = 220, .lines = &line, .line_count = 1};
    evidence->started_ms = NOW_MS;
    evidence->total_ns = 88000000;
    evidence->ip = "192.0.2.25";
    evidence->family = AF_INET;
    evidence->banner = &banner;
    evidence->spans[SP_PHASE_TLS] = (struct sp_span){0, 88000000};
    evidence->tls = (struct sp_tls_facts){.tried = true,
                                          .established = true,
                                          .version = 0x0304,
                                          .version_text = "TLSv1.3",
                                          .cipher = "TLS_AES_256_GCM_SHA384",
                                          .group = "x25519",
                                          .signature_scheme = "ecdsa_secp256r1_sha256",
                                          .sni = "mx1.example.org",
                                          .alert = -1};
    evidence->tls_ehlo = (struct sp_ehlo){.tried = true, .ok = true};
}

const struct sp_result *chain_result(void)
{
    static struct sp_options options;
    static struct sp_pin pin;
    static struct sp_endpoint endpoint = {.input = "smtps://mx1.example.org",
                                          .host = "mx1.example.org",
                                          .port = 465,
                                          .tls = SP_TLS_IMPLICIT,
                                          .verify = SP_VERIFY_REQUIRE,
                                          .server_name = "mx1.example.org",
                                          .options = &options};
    static struct sp_result result;
    if (result.evidence != NULL)
        return &result;
    sp_options_init(&options);
    struct sp_evidence *evidence = sp_evidence_new(&endpoint);
    need(evidence != NULL, "memory");
    fill_session(evidence);
    read_chain(evidence);
    validate(evidence);
    pin.kind = SP_PIN_KEY;
    memcpy(pin.sha256, evidence->tls.certs[0].spki_sha256, sizeof pin.sha256);
    options.pins = (struct sp_pins){&pin, 1};
    evidence->pin = sp_pin_compare(&options.pins, evidence->tls.certs);
    sp_result_judge(&result, evidence);
    return &result;
}
