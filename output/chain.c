/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/chain.h"
#include "output/chain_facts.h"
#include "output/facts.h"
#include "output/pem.h"
#include "output/style.h"
#include "probe/crypto.h"

#include <stdio.h>
#include <string.h>

static bool is_sent(const struct sp_tls_facts *tls, const struct sp_cert *cert)
{
    for (size_t i = 0; i < tls->cert_count; i++)
        if (cert == &tls->certs[i])
            return true;
    return false;
}

static bool is_in_path(const struct sp_verify *verify, size_t depth)
{
    for (size_t i = 0; i < verify->path_count; i++)
        if ((size_t)verify->path[i] == depth)
            return true;
    return false;
}

/* "0  CN=mx.example.org", and what is to be said of its place. */
static void write_head(struct sp_writer *writer, const struct sp_render *render, const char *label,
                       const char *name, const char *note)
{
    struct sp_flow flow;

    sp_write_str(writer, "\n  ");
    sp_write_str(writer, label);
    sp_write_spaces(writer, SP_CHAIN_INDENT - 2 - strlen(label));
    sp_flow_begin(&flow, writer, render, SP_CHAIN_INDENT, SP_CHAIN_INDENT);
    flow.tone = SP_TONE_STRONG;
    sp_flow_words(&flow, name, strlen(name));
    flow.tone = SP_TONE_DIM;
    sp_flow_words(&flow, note, strlen(note));
    sp_flow_end(&flow);
}

static void write_digest(struct sp_writer *writer, const struct sp_render *render, const char *kind,
                         const char *digest)
{
    struct sp_flow flow;

    sp_write_spaces(writer, SP_CHAIN_INDENT);
    sp_flow_begin(&flow, writer, render, SP_CHAIN_INDENT, SP_CHAIN_INDENT);
    sp_flow_wordsf(&flow, "%s:%s", kind, digest);
    sp_flow_end(&flow);
}

static void write_judged(struct sp_writer *writer, const struct sp_render *render, size_t indent,
                         enum sp_state state, const char *text)
{
    struct sp_flow flow;

    sp_write_spaces(writer, indent);
    sp_flow_begin(&flow, writer, render, indent + 2, indent);
    flow.tone = sp_tone_of_state(state);
    sp_flow_wordsf(&flow, "%s", sp_mark_of_state(render, state));
    sp_flow_words(&flow, text, strlen(text));
    sp_flow_end(&flow);
}

static void write_finding(struct sp_writer *writer, const struct sp_render *render, size_t indent,
                          const struct sp_finding *finding)
{
    struct sp_flow flow;

    sp_write_spaces(writer, indent);
    sp_flow_begin(&flow, writer, render, indent + 2, indent);
    flow.tone = sp_tone_of_state(finding->state);
    sp_flow_wordsf(&flow, "%s %s:", sp_mark_of_state(render, finding->state),
                   sp_reason_info(finding->reason)->word);
    flow.tone = SP_TONE_PLAIN;
    sp_flow_words(&flow, finding->message, strlen(finding->message));
    sp_flow_end(&flow);
}

/* What was found of the certificate at `depth`. */
static void write_findings(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_result *result, size_t depth)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].has_depth && result->findings[i].depth == depth)
            write_finding(writer, render, SP_CHAIN_INDENT, &result->findings[i]);
}

static void write_certificate(struct sp_writer *writer, const struct sp_render *render,
                              const struct sp_result *result, size_t depth)
{
    const struct sp_evidence *evidence = result->evidence;
    const struct sp_cert *cert = &evidence->tls.certs[depth];
    char label[8];

    snprintf(label, sizeof(label), "%zu", depth % 1000);
    write_head(writer, render, label, cert->parsed ? cert->subject_text : "can't be read:",
               !cert->parsed ? (cert->error != NULL ? cert->error : "for an unknown cause")
               : evidence->verify.path_count > 0 && !is_in_path(&evidence->verify, depth)
                   ? "(not needed for the path)"
                   : "");
    if (cert->parsed)
        sp_chain_write_facts(writer, render, cert, evidence->started_ms);
    write_digest(writer, render, "sha256", cert->sha256);
    if (cert->spki_sha256[0] != '\0')
        write_digest(writer, render, "spki", cert->spki_sha256);
    if (depth == 0 && evidence->pin.matched)
        write_judged(writer, render, SP_CHAIN_INDENT, SP_STATE_OK,
                     evidence->pin.kind == SP_PIN_KEY ? "the key is pinned"
                                                      : "the certificate is pinned");
    write_findings(writer, render, result, depth);
}

/* Anchors are kept without digests. */
static void write_root(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_cert *cert, int64_t now_ms)
{
    char digest[2 * SP_CRYPTO_SHA256_SIZE + 1];

    write_head(writer, render, "root", cert->subject_text, "(from the trust store)");
    sp_chain_write_facts(writer, render, cert, now_ms);
    if (sp_crypto_sha256_hex(cert->der, digest))
        write_digest(writer, render, "sha256", digest);
    if (sp_crypto_sha256_hex(cert->spki, digest))
        write_digest(writer, render, "spki", digest);
}

/* "path used   0 <- 1 <- root CN=Example Root", and what was found of the chain as a whole. */
static void write_path(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_result *result)
{
    const struct sp_verify *verify = &result->evidence->verify;
    const char *arrow = render->unicode ? "←" : "<-";
    /* What a pin that matched replaces is worth a look, no more. */
    enum sp_state bad = result->evidence->pin.matched ? SP_STATE_WARNING : SP_STATE_CRITICAL;
    struct sp_flow flow;

    if (!verify->done)
        return;
    sp_write_str(writer, "\n  path used  ");
    sp_flow_begin(&flow, writer, render, 4, strlen("  path used  "));
    for (size_t i = 0; i < verify->path_count; i++)
        sp_flow_wordsf(&flow, "%s%s%d", i > 0 ? arrow : "", i > 0 ? " " : "", verify->path[i]);
    if (verify->path_count == 0)
        sp_flow_wordsf(&flow, "none");
    else if (verify->anchor == NULL)
        sp_flow_wordsf(&flow, "%s nobody who is trusted", arrow);
    else if (is_sent(&result->evidence->tls, verify->anchor))
        sp_flow_wordsf(&flow, "%s itself in the trust store", arrow);
    else
        sp_flow_wordsf(&flow, "%s root %s", arrow, verify->anchor->subject_text);
    sp_flow_end(&flow);
    write_judged(writer, render, 4, verify->trusted ? SP_STATE_OK : bad,
                 verify->trusted ? "trusted" : "not trusted");
    if (verify->name_tested)
        write_judged(writer, render, 4, verify->name_match ? SP_STATE_OK : bad,
                     verify->name_match ? "for the name asked for" : "not for the name asked for");
    for (size_t i = 0; i < result->finding_count; i++)
        if (!result->findings[i].has_depth && result->findings[i].phase == SP_PHASE_VERIFY)
            write_finding(writer, render, 4, &result->findings[i]);
}

void sp_chain_write(struct sp_writer *writer, const struct sp_render *render,
                    const struct sp_result *result)
{
    const struct sp_evidence *evidence = result->evidence;
    const struct sp_tls_facts *tls = &evidence->tls;
    const struct sp_cert *anchor = evidence->verify.anchor;

    if (tls->cert_count == 0)
        return;
    sp_write_str(writer, "\n");
    if (render->certificates)
        sp_writef(writer, "  chain as sent: %zu certificate%s\n", tls->cert_count,
                  tls->cert_count == 1 ? "" : "s");
    for (size_t i = 0; i < tls->cert_count && writer->error == 0; i++) {
        if (render->certificates)
            write_certificate(writer, render, result, i);
        if (render->pem)
            sp_pem_write(writer, render, &tls->certs[i], i);
    }
    if (!render->certificates)
        return;
    if (tls->certs_cut)
        sp_write_str(writer, "\n  The server sent more certificates.\n");
    if (anchor != NULL && !is_sent(tls, anchor))
        write_root(writer, render, anchor, evidence->started_ms);
    write_path(writer, render, result);
}
