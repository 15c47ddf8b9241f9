/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/page_facts.h"

#include "checks/server_said.h"
#include "output/facts.h"
#include "probe/cert_details.h"

#include <string.h>

static void open_fact(struct sp_html *html, const char *name)
{
    sp_html_write(html, "<div><dt>%s</dt><dd>", name);
}

static void close_fact(struct sp_html *html)
{
    sp_html_write(html, "</dd></div>\n");
}

static void write_fact(struct sp_html *html, const char *name, const char *value)
{
    if (value == NULL)
        return;
    open_fact(html, name);
    sp_html_write(html, "%s", value);
    close_fact(html);
}

/* --- connection -------------------------------------------------------------------------------- */

static void write_addresses(struct sp_html *html, const struct sp_evidence *evidence)
{
    write_fact(html, "Connected to", evidence->ip);
    write_fact(html, "Alias of", evidence->canonical);
    if (evidence->address_count > 0) {
        open_fact(html, "Addresses");
        for (size_t i = 0; i < evidence->address_count; i++)
            sp_html_write(html, "%s%s", i > 0 ? ", " : "", evidence->addresses[i]);
        close_fact(html);
    }
    if (evidence->attempt_count == 0)
        return;
    open_fact(html, "Other attempts");
    sp_html_write(html, "<ul>");
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct sp_attempt *attempt = &evidence->attempts[i];
        char took[SP_FACT_SIZE];

        sp_fact_time(took, attempt->ns);
        sp_html_write(html, "<li>%s: <code>%s</code> after %s</li>", attempt->ip,
                      sp_reason_info(attempt->reason)->word, took);
    }
    sp_html_write(html, "</ul>");
    close_fact(html);
}

static void write_banner(struct sp_html *html, const struct sp_reply *banner)
{
    if (banner == NULL)
        return;
    open_fact(html, "Banner");
    sp_html_write(html, "<code>%d", banner->code);
    for (size_t i = 0; i < banner->line_count && i < SP_PAGE_LIST; i++) {
        sp_html_write(html, "%s", i > 0 ? " / " : " ");
        sp_html_text(html, banner->lines[i].data, banner->lines[i].len);
    }
    sp_html_write(html, "</code>");
    close_fact(html);
}

static void write_ehlo(struct sp_html *html, const char *name, const struct sp_ehlo *ehlo)
{
    if (!ehlo->ok)
        return;
    open_fact(html, name);
    if (ehlo->count == 0)
        sp_html_write(html, ehlo->helo ? "none: HELO was used" : "none");
    for (size_t i = 0; i < ehlo->count; i++) {
        const struct sp_capability *item = &ehlo->items[i];

        sp_html_write(html, "%s<code>%s", i > 0 ? ", " : "", item->keyword);
        for (size_t k = 0; k < item->param_count; k++) {
            sp_html_write(html, " ");
            sp_html_text(html, item->params[k].data, item->params[k].len);
        }
        sp_html_write(html, "</code>");
    }
    if (ehlo->cut)
        sp_html_write(html, " and more");
    close_fact(html);
}

static void write_tls(struct sp_html *html, const struct sp_tls_facts *tls)
{
    if (!tls->tried)
        return;
    write_fact(html, "TLS", tls->established ? "established" : "not established");
    write_fact(html, "TLS version", tls->version_text);
    write_fact(html, "Cipher suite", tls->cipher);
    write_fact(html, "Key exchange group", tls->group);
    if (tls->dh_bits > 0) {
        open_fact(html, "Diffie-Hellman prime");
        sp_html_write(html, "%u bits", tls->dh_bits);
        close_fact(html);
    }
    write_fact(html, "Signed by", tls->signature_scheme);
    write_fact(html, "ALPN", tls->alpn);
    write_fact(html, "SNI", tls->sni != NULL ? tls->sni : "not sent");
    write_fact(html, "Alert of the server", tls->alert_text);
    if (tls->hello_retry_request)
        write_fact(html, "Hello retry request", "the server asked for another key share");
    if (tls->hello_seen && tls->version != 0 && tls->version < SP_TLS_1_3) {
        write_fact(html, "Extended master secret", tls->extended_master_secret ? "yes" : "no");
        write_fact(html, "Secure renegotiation", tls->secure_renegotiation ? "yes" : "no");
    }
    if (tls->client_certificate_requested)
        write_fact(html, "Client certificate",
                   tls->client_certificate_sent ? "asked for and sent" : "asked for");
}

static void write_period(struct sp_html *html, int64_t from, int64_t until)
{
    if (from != 0) {
        sp_html_write(html, ", of ");
        sp_page_instant(html, from * 1000);
    }
    if (until != 0) {
        sp_html_write(html, ", until ");
        sp_page_instant(html, until * 1000);
    }
}

static void write_ocsp(struct sp_html *html, const struct sp_evidence *evidence)
{
    const struct sp_ocsp *ocsp = &evidence->ocsp;
    const char *status = ocsp->valid ? sp_ocsp_status_name(ocsp->status) : NULL;

    if (!evidence->tls.ocsp_requested || !evidence->tls.tried)
        return;
    open_fact(html, "OCSP staple");
    if (!ocsp->present)
        sp_html_write(html, "none");
    else if (status != NULL)
        sp_html_write(html, "%s", status);
    else
        sp_html_write(html, "the answer %s", ocsp->error != NULL ? ocsp->error : "is not valid");
    if (ocsp->present)
        write_period(html, ocsp->this_update, ocsp->next_update);
    if (ocsp->responder != NULL)
        sp_html_write(html, ", by %s", ocsp->responder);
    close_fact(html);
}

static void write_login(struct sp_html *html, const struct sp_auth *auth)
{
    char said[256];

    if (!sp_fact_login_tried(auth))
        return;
    write_fact(html, "Login", sp_fact_login(auth->result));
    write_fact(html, "Login mechanism", auth->mechanism);
    write_fact(html, "Login bound by", auth->channel_binding);
    if (auth->server_proven)
        write_fact(html, "Server knows the secret", "yes, it has proven that");
    if (auth->iterations > 0) {
        open_fact(html, "Iterations");
        sp_html_write(html, "%u", auth->iterations);
        close_fact(html);
    }
    if (auth->reply != NULL) {
        open_fact(html, "Answer to the login");
        sp_html_write(html, "<code>%d", auth->reply->code);
        for (size_t i = 0; i < auth->reply->line_count && i < SP_PAGE_LIST; i++) {
            sp_html_write(html, "%s", i > 0 ? " / " : " ");
            sp_html_text(html, auth->reply->lines[i].data, auth->reply->lines[i].len);
        }
        sp_html_write(html, "</code>");
        close_fact(html);
    }
    if (auth->server_said != NULL) {
        open_fact(html, "Server about the login");
        (void)sp_word_server_said(said, sizeof said, auth->server_said);
        sp_html_text(html, said, strlen(said));
        close_fact(html);
    }
    if (auth->exposed)
        write_fact(html, "Password or token", "sent where others can read it");
}

/* What else the server would take. */
static void write_surveys(struct sp_html *html, const struct sp_evidence *evidence)
{
    if (evidence->survey_count == 0)
        return;
    open_fact(html, "Other offers");
    sp_html_write(html, "<ul>");
    for (size_t i = 0; i < evidence->survey_count; i++) {
        const struct sp_survey *survey = &evidence->surveys[i];
        bool accepted = survey->outcome == SP_SURVEY_ACCEPTED;

        sp_html_write(html, "<li>%s: %s", survey->offer != NULL ? survey->offer : "?",
                      sp_survey_outcome_name(survey->outcome));
        if (accepted && survey->version_text != NULL)
            sp_html_write(html, ", %s", survey->version_text);
        if (accepted && survey->cipher != NULL)
            sp_html_write(html, " <code>%s</code>", survey->cipher);
        if (accepted && survey->group != NULL)
            sp_html_write(html, " %s", survey->group);
        if (!accepted && survey->alert_text != NULL)
            sp_html_write(html, ", alert %s", survey->alert_text);
        if (!accepted && survey->detail != NULL)
            sp_html_write(html, ": %s", survey->detail);
        sp_html_write(html, "</li>");
    }
    sp_html_write(html, "</ul>");
    close_fact(html);
}

void sp_page_connection(struct sp_html *html, const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;

    sp_html_write(html, "<section aria-labelledby=\"connection\">\n"
                        "<h2 id=\"connection\">Connection</h2>\n<dl class=\"facts\">\n");
    write_fact(html, "TLS mode", sp_fact_tls_mode(endpoint->tls));
    write_fact(html, "Name looked for", endpoint->server_name);
    write_addresses(html, evidence);
    write_fact(html, "Name given in EHLO", evidence->ehlo_name);
    write_banner(html, evidence->banner);
    write_ehlo(html, "Offered before TLS", &evidence->plain);
    write_ehlo(html, "Offered inside TLS", &evidence->tls_ehlo);
    write_tls(html, &evidence->tls);
    write_ocsp(html, evidence);
    write_login(html, &evidence->auth);
    write_surveys(html, evidence);
    sp_html_write(html, "</dl>\n</section>\n");
}

/* --- certificates ------------------------------------------------------------------------------ */

static void write_built(struct sp_html *html, const char *name, struct sp_buf *text, bool built)
{
    if (!built) {
        html->failed = true;
    } else {
        open_fact(html, name);
        sp_html_write(html, "<code>");
        sp_html_text(html, (const char *)text->data, text->len);
        sp_html_write(html, "</code>");
        close_fact(html);
    }
    sp_buf_free(text);
}

static void write_names(struct sp_html *html, const struct sp_cert *cert)
{
    if (cert->name_count == 0) {
        write_fact(html, "Names", "none");
        return;
    }
    open_fact(html, "Names");
    for (size_t i = 0; i < cert->name_count && i < SP_PAGE_LIST; i++) {
        struct sp_buf text;

        sp_buf_init(&text, SP_LIMIT_ARENA);
        if (!sp_fact_name(&text, &cert->names[i]))
            html->failed = true;
        sp_html_write(html, "%s", i > 0 ? ", " : "");
        sp_html_text(html, (const char *)text.data, text.len);
        sp_buf_free(&text);
    }
    if (cert->name_count > SP_PAGE_LIST)
        sp_html_write(html, " and %zu more", cert->name_count - SP_PAGE_LIST);
    close_fact(html);
}

static void write_validity(struct sp_html *html, const struct sp_cert *cert, int64_t now_ms)
{
    if (!cert->time_valid) {
        write_fact(html, "Valid", "the dates can't be read");
        return;
    }
    open_fact(html, "Valid from");
    sp_page_instant(html, cert->not_before * 1000);
    close_fact(html);
    open_fact(html, "Valid until");
    sp_page_instant(html, cert->not_after * 1000);
    sp_html_write(html, ", ");
    sp_page_days(html, cert->not_after, now_ms);
    close_fact(html);
}

static void write_usage(struct sp_html *html, const struct sp_cert *cert,
                        const struct sp_uses *uses)
{
    bool any = false;

    open_fact(html, "Usage");
    for (unsigned i = 0; i < SP_USAGE_COUNT; i++) {
        if (!cert->has_key_usage || (cert->key_usage & (1u << i)) == 0)
            continue;
        sp_html_write(html, "%s%s", any ? ", " : "", sp_usage_name(i));
        any = true;
    }
    if (!any)
        sp_html_write(html, cert->has_key_usage ? "none" : "any");
    for (size_t i = 0; i < uses->count; i++) {
        const char *name = sp_use_name(uses->oids[i]);
        char oid[96];

        sp_der_oid_text(uses->oids[i], oid, sizeof oid);
        sp_html_write(html, "%s%s", i == 0 ? " for " : ", ", name != NULL ? name : oid);
    }
    close_fact(html);
}

static void write_subtrees(struct sp_html *html, const char *name, const struct sp_subtrees *trees)
{
    if (trees->count == 0)
        return;
    open_fact(html, name);
    for (size_t i = 0; i < trees->count; i++) {
        struct sp_buf text;

        sp_buf_init(&text, SP_LIMIT_ARENA);
        if (!sp_fact_subtree(&text, &trees->items[i]))
            html->failed = true;
        sp_html_write(html, "%s", i > 0 ? ", " : "");
        sp_html_text(html, (const char *)text.data, text.len);
        sp_buf_free(&text);
    }
    close_fact(html);
}

/* As text: a link would lead wherever the server likes. */
static void write_urls(struct sp_html *html, const char *name, const struct sp_urls *urls)
{
    if (urls->count == 0)
        return;
    open_fact(html, name);
    for (size_t i = 0; i < urls->count; i++) {
        sp_html_write(html, "%s<code>", i > 0 ? ", " : "");
        sp_html_text(html, (const char *)urls->items[i].data, urls->items[i].len);
        sp_html_write(html, "</code>");
    }
    close_fact(html);
}

static void write_details(struct sp_html *html, const struct sp_cert *cert)
{
    struct sp_cert_details details;

    sp_cert_read_details(cert, &details);
    write_usage(html, cert, &details.uses);
    open_fact(html, "CA");
    sp_html_write(html, cert->is_ca ? "yes" : "no");
    if (cert->is_ca && cert->path_len >= 0)
        sp_html_write(html, ", with at most %d CAs below it", cert->path_len);
    close_fact(html);
    write_subtrees(html, "Only for names", &details.permitted);
    write_subtrees(html, "Never for names", &details.excluded);
    if (cert->must_staple)
        write_fact(html, "Must-staple", "yes");
    write_urls(html, "OCSP", &details.ocsp);
    write_urls(html, "Revocation list", &details.crls);
    write_urls(html, "Issuer's certificate", &details.issuers);
}

/* What is wrong with one certificate (-1: with none of them alone). */
static void write_problems(struct sp_html *html, const struct sp_verify *verify, int depth)
{
    bool any = false;

    for (size_t i = 0; i < verify->problem_count && i < SP_PAGE_LIST; i++) {
        const struct sp_problem *problem = &verify->problems[i];

        if ((problem->depth < 0 ? -1 : problem->depth) != depth)
            continue;
        if (!any) {
            open_fact(html, "Problems");
            sp_html_write(html, "<ul>");
        }
        any = true;
        sp_html_write(html, "<li><code>%s</code> %s</li>", sp_reason_info(problem->reason)->word,
                      problem->detail);
    }
    if (any) {
        sp_html_write(html, "</ul>");
        close_fact(html);
    }
}

/* What the lists of --crl-file say of it. */
static void write_crl(struct sp_html *html, const struct sp_evidence *evidence, size_t depth)
{
    for (size_t i = 0; i < evidence->crl_answer_count; i++) {
        const struct sp_crl_answer *answer = &evidence->crl_answers[i];

        if ((size_t)evidence->verify.path[i] != depth)
            continue;
        open_fact(html, "By revocation lists");
        sp_html_write(html, "%s", sp_crl_status_name(answer->status));
        if (answer->error != NULL)
            sp_html_write(html, ": the list %s", answer->error);
        write_period(html, answer->this_update, answer->next_update);
        close_fact(html);
    }
}

static void write_certificate(struct sp_html *html, const struct sp_evidence *evidence,
                              size_t depth, int64_t now_ms)
{
    const struct sp_cert *cert = &evidence->tls.certs[depth];
    struct sp_buf serial;

    sp_html_write(html, "<h3>Certificate %zu%s</h3>\n<dl class=\"facts\">\n", depth,
                  depth == 0 ? ": the server's own" : "");
    if (!cert->parsed) {
        open_fact(html, "Can't be read");
        sp_html_write(html, "%s", cert->error != NULL ? cert->error : "for an unknown cause");
        close_fact(html);
    } else {
        write_fact(html, "Subject", cert->subject_text);
        write_names(html, cert);
        write_fact(html, "Issuer", cert->issuer_text);
        write_validity(html, cert, now_ms);
        write_fact(html, "Key", cert->key_text);
        write_fact(html, "Signature", cert->sig_text);
        write_details(html, cert);
        sp_buf_init(&serial, SP_LIMIT_ARENA);
        write_built(html, "Serial number", &serial, sp_fact_serial(&serial, cert));
    }
    sp_html_write(html, "<div><dt>SHA-256</dt><dd><code>%s</code></dd></div>\n", cert->sha256);
    if (cert->spki_sha256[0] != '\0')
        sp_html_write(html, "<div><dt>SHA-256 of the key</dt><dd><code>%s</code></dd></div>\n",
                      cert->spki_sha256);
    write_crl(html, evidence, depth);
    write_problems(html, &evidence->verify, (int)depth);
    sp_html_write(html, "</dl>\n");
}

static void write_verification(struct sp_html *html, const struct sp_evidence *evidence)
{
    const struct sp_verify *verify = &evidence->verify;

    if (!verify->done)
        return;
    sp_html_write(html, "<dl class=\"facts\">\n");
    write_fact(html, "Chain", verify->trusted ? "leads to a trusted root" : "not trusted");
    if (verify->path_count > 0) {
        open_fact(html, "Path");
        for (size_t i = 0; i < verify->path_count; i++)
            sp_html_write(html, "%s%d", i > 0 ? ", " : "", verify->path[i]);
        close_fact(html);
    }
    if (verify->anchor != NULL)
        write_fact(html, "Trusted root", verify->anchor->subject_text);
    if (verify->name_tested)
        write_fact(html, "Name", verify->name_match ? "matches" : "does not match");
    write_fact(html, "Matched by", verify->matched_name);
    if (evidence->pin.tested)
        write_fact(html, "Pin",
                   !evidence->pin.matched             ? "does not match"
                   : evidence->pin.kind == SP_PIN_KEY ? "the key matches"
                                                      : "the certificate matches");
    write_problems(html, verify, -1);
    sp_html_write(html, "</dl>\n");
}

void sp_page_certificates(struct sp_html *html, const struct sp_evidence *evidence, int64_t now_ms)
{
    if (evidence->tls.cert_count == 0)
        return;
    sp_html_write(html, "<section aria-labelledby=\"certificates\">\n"
                        "<h2 id=\"certificates\">Certificates</h2>\n");
    write_verification(html, evidence);
    for (size_t i = 0; i < evidence->tls.cert_count; i++)
        write_certificate(html, evidence, i, now_ms);
    if (evidence->tls.certs_cut)
        sp_html_write(html, "<p>The server sent more than is kept.</p>\n");
    sp_html_write(html, "</section>\n");
}

/* --- transcript -------------------------------------------------------------------------------- */

void sp_page_transcript(struct sp_html *html, const struct sp_evidence *evidence)
{
    const struct sp_transcript_line *line = evidence->transcript.first;

    if (line == NULL)
        return;
    sp_html_write(
        html, "<section aria-labelledby=\"transcript\">\n<h2 id=\"transcript\">Transcript</h2>\n"
              "<p>Time since the start; <code>-&gt;</code> was sent, <code>&lt;-</code> was "
              "received, with <code>~</code> inside TLS. Octets that are no visible text are "
              "shown as <code>\\x0d</code> or <code>\\u200b</code>.</p>\n"
              "<pre class=\"transcript\" tabindex=\"0\" aria-labelledby=\"transcript\">");
    for (; line != NULL; line = line->next) {
        char at[SP_FACT_SIZE];

        sp_fact_time(at, line->at_ns);
        for (size_t pad = strlen(at); pad < 10; pad++)
            sp_html_write(html, " ");
        sp_html_write(html, "%s  %s", at, sp_fact_arrow(line));
        sp_html_text(html, line->text.data, line->text.len);
        sp_html_write(html, "\n");
    }
    sp_html_write(html, "</pre>\n");
    if (evidence->transcript.cut)
        sp_html_write(html, "<p>The transcript is cut here.</p>\n");
    sp_html_write(html, "</section>\n");
}
