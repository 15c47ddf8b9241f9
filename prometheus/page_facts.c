/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/page_facts.h"

#include "output/facts.h"

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
    write_fact(html, "SNI", tls->sni != NULL ? tls->sni : "not sent");
    write_fact(html, "Alert of the server", tls->alert_text);
    if (tls->client_certificate_requested)
        write_fact(html, "Client certificate", "asked for");
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

static void write_certificate(struct sp_html *html, const struct sp_cert *cert, size_t depth,
                              int64_t now_ms)
{
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
        sp_buf_init(&serial, SP_LIMIT_ARENA);
        write_built(html, "Serial number", &serial, sp_fact_serial(&serial, cert));
    }
    sp_html_write(html, "<div><dt>SHA-256</dt><dd><code>%s</code></dd></div>\n", cert->sha256);
    if (cert->spki_sha256[0] != '\0')
        sp_html_write(html, "<div><dt>SHA-256 of the key</dt><dd><code>%s</code></dd></div>\n",
                      cert->spki_sha256);
    sp_html_write(html, "</dl>\n");
}

static void write_verification(struct sp_html *html, const struct sp_verify *verify)
{
    if (!verify->done)
        return;
    sp_html_write(html, "<dl class=\"facts\">\n");
    write_fact(html, "Chain", verify->trusted ? "leads to a trusted root" : "not trusted");
    if (verify->anchor != NULL)
        write_fact(html, "Trusted root", verify->anchor->subject_text);
    if (verify->name_tested)
        write_fact(html, "Name", verify->name_match ? "matches" : "does not match");
    write_fact(html, "Matched by", verify->matched_name);
    if (verify->problem_count > 0) {
        open_fact(html, "Problems");
        sp_html_write(html, "<ul>");
        for (size_t i = 0; i < verify->problem_count && i < SP_PAGE_LIST; i++)
            sp_html_write(html, "<li><code>%s</code> %s</li>",
                          sp_reason_info(verify->problems[i].reason)->word,
                          verify->problems[i].detail);
        sp_html_write(html, "</ul>");
        close_fact(html);
    }
    sp_html_write(html, "</dl>\n");
}

void sp_page_certificates(struct sp_html *html, const struct sp_evidence *evidence, int64_t now_ms)
{
    if (evidence->tls.cert_count == 0)
        return;
    sp_html_write(html, "<section aria-labelledby=\"certificates\">\n"
                        "<h2 id=\"certificates\">Certificates</h2>\n");
    write_verification(html, &evidence->verify);
    for (size_t i = 0; i < evidence->tls.cert_count; i++)
        write_certificate(html, &evidence->tls.certs[i], i, now_ms);
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
