/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/chain_facts.h"
#include "output/facts.h"
#include "output/style.h"
#include "probe/calendar.h"
#include "probe/cert_details.h"
#include "probe/limits.h"

#include <errno.h>
#include <string.h>

#define LABEL_COLUMNS 9u
#define FACT_INDENT (SP_CHAIN_INDENT + LABEL_COLUMNS + 2u)
#define SERIAL_COLUMNS 160u /* RFC 5280 §4.1.2.2 allows 40 digits */
#define URL_COLUMNS 400u

static void begin_row(struct sp_flow *flow, struct sp_writer *writer,
                      const struct sp_render *render, const char *label)
{
    sp_write_spaces(writer, SP_CHAIN_INDENT);
    sp_tone_begin(writer, render, SP_TONE_DIM);
    sp_write_cell(writer, render, label, strlen(label), LABEL_COLUMNS, false);
    sp_tone_end(writer, render, SP_TONE_DIM);
    sp_write_str(writer, "  ");
    sp_flow_begin(flow, writer, render, FACT_INDENT, FACT_INDENT);
}

static void write_row(struct sp_writer *writer, const struct sp_render *render, const char *label,
                      const char *text)
{
    struct sp_flow flow;

    begin_row(&flow, writer, render, label);
    sp_flow_words(&flow, text, strlen(text));
    sp_flow_end(&flow);
}

/* Raw text of at most so many columns, and what stands right behind it. */
static void write_bounded(struct sp_flow *flow, const char *data, size_t len, size_t columns,
                          const char *end)
{
    struct sp_buf safe;

    sp_buf_init(&safe, (size_t)4 * SP_LIMIT_ARENA);
    if (sp_safe_append(&safe, sp_safe_of(flow->render), data, len, columns) &&
        sp_buf_append_str(&safe, end))
        sp_flow_words(flow, (const char *)safe.data, safe.len);
    else
        sp_writer_fail(flow->writer, ENOMEM);
    sp_buf_free(&safe);
}

/* DNS names go without saying what they are. */
static void write_names(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_cert *cert)
{
    struct sp_flow flow;

    begin_row(&flow, writer, render, "names");
    for (size_t i = 0; i < cert->name_count && writer->error == 0; i++) {
        const struct sp_cert_name *name = &cert->names[i];
        const char *end = i + 1 < cert->name_count ? "," : "";
        struct sp_buf text;

        sp_buf_init(&text, SP_LIMIT_ARENA);
        if (name->type == SP_NAME_DNS)
            write_bounded(&flow, name->value.data, name->value.len, SP_NAME_COLUMNS, end);
        else if (sp_fact_name(&text, name))
            write_bounded(&flow, (const char *)text.data, text.len, SP_NAME_COLUMNS, end);
        else
            sp_writer_fail(writer, ENOMEM);
        sp_buf_free(&text);
    }
    if (cert->name_count == 0)
        sp_flow_wordsf(&flow, "none");
    if (cert->names_cut)
        sp_flow_wordsf(&flow, "and more");
    sp_flow_end(&flow);
}

/* "2026-07-03 10:00" of an instant. */
static bool print_minute(char out[SP_FACT_SIZE], int64_t unix_s)
{
    if (!sp_fact_instant(out, unix_s * 1000))
        return false;
    out[strlen("2026-07-03")] = ' ';
    out[strlen("2026-07-03 10:00")] = '\0';
    return true;
}

static void write_validity(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_cert *cert, int64_t now_ms)
{
    char from[SP_FACT_SIZE], until[SP_FACT_SIZE], span[SP_CALENDAR_SIZE];
    int64_t now = now_ms / 1000;
    bool early = now<cert->not_before, late = now> cert->not_after;
    struct sp_flow flow;

    begin_row(&flow, writer, render, "valid");
    if (!cert->time_valid || !print_minute(from, cert->not_before) ||
        !print_minute(until, cert->not_after)) {
        sp_flow_wordsf(&flow, "the dates can't be read");
    } else {
        sp_calendar_span(span, sizeof(span),
                         early ? cert->not_before - now : cert->not_after - now);
        sp_flow_itemf(&flow, "%s to %s UTC", from, until);
        flow.tone = early || late ? SP_TONE_CRITICAL : SP_TONE_PLAIN;
        sp_flow_itemf(&flow, early ? "begins in %s" : late ? "ended %s ago" : "%s left", span);
    }
    sp_flow_end(&flow);
}

static void write_usage(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_cert *cert, const struct sp_uses *uses)
{
    struct sp_flow flow;
    unsigned bits = cert->has_key_usage ? cert->key_usage & ((1u << SP_USAGE_COUNT) - 1) : 0;

    begin_row(&flow, writer, render, "usage");
    if (bits == 0)
        sp_flow_wordsf(&flow, cert->has_key_usage ? "none" : "any");
    for (unsigned i = 0; i < SP_USAGE_COUNT; i++)
        if ((bits & (1u << i)) != 0)
            sp_flow_wordsf(&flow, "%s%s", sp_usage_name(i), bits >> (i + 1) != 0 ? "," : "");
    for (size_t i = 0; i < uses->count; i++) {
        const char *name = sp_use_name(uses->oids[i]);
        char oid[96];

        sp_der_oid_text(uses->oids[i], oid, sizeof(oid));
        if (i == 0)
            sp_flow_wordsf(&flow, "for");
        sp_flow_wordsf(&flow, "%s%s", name != NULL ? name : oid, i + 1 < uses->count ? "," : "");
    }
    if (uses->cut)
        sp_flow_wordsf(&flow, "and more");
    sp_flow_end(&flow);
}

static void write_authority(struct sp_writer *writer, const struct sp_render *render,
                            const struct sp_cert *cert)
{
    struct sp_flow flow;

    begin_row(&flow, writer, render, "CA");
    sp_flow_wordsf(&flow, cert->is_ca ? "yes" : "no");
    if (cert->is_ca && cert->path_len == 0)
        sp_flow_itemf(&flow, "for servers only, no CA below it");
    else if (cert->is_ca && cert->path_len > 0)
        sp_flow_itemf(&flow, "at most %d CA%s below it", cert->path_len,
                      cert->path_len == 1 ? "" : "s");
    if (cert->version != 3)
        sp_flow_itemf(&flow, "X.509 version %d", cert->version);
    if (cert->unknown_critical)
        sp_flow_itemf(&flow, "unknown critical extension %s",
                      cert->unknown_critical_oid != NULL ? cert->unknown_critical_oid : "");
    sp_flow_end(&flow);
}

/* `end`: what stands behind the last one. */
static void write_subtrees(struct sp_flow *flow, const char *verb, const struct sp_subtrees *trees,
                           const char *end)
{
    for (size_t i = 0; i < trees->count; i++) {
        struct sp_buf text;

        sp_buf_init(&text, SP_LIMIT_ARENA);
        if (i == 0)
            sp_flow_wordsf(flow, "%s", verb);
        if (sp_fact_subtree(&text, &trees->items[i]))
            write_bounded(flow, (const char *)text.data, text.len, SP_NAME_COLUMNS,
                          i + 1 < trees->count ? ","
                          : trees->cut         ? ""
                                               : end);
        else
            sp_writer_fail(flow->writer, ENOMEM);
        sp_buf_free(&text);
    }
    if (trees->cut)
        sp_flow_wordsf(flow, "and more");
}

static void write_limits(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_cert_details *details)
{
    struct sp_flow flow;

    if (details->permitted.count + details->excluded.count == 0)
        return;
    begin_row(&flow, writer, render, "limits");
    write_subtrees(&flow, "only", &details->permitted, details->excluded.count > 0 ? ";" : "");
    write_subtrees(&flow, "never", &details->excluded, "");
    sp_flow_end(&flow);
}

static void write_urls(struct sp_writer *writer, const struct sp_render *render, const char *label,
                       const struct sp_urls *urls)
{
    struct sp_flow flow;

    if (urls->count == 0)
        return;
    begin_row(&flow, writer, render, label);
    for (size_t i = 0; i < urls->count; i++)
        write_bounded(&flow, (const char *)urls->items[i].data, urls->items[i].len, URL_COLUMNS,
                      i + 1 < urls->count ? "," : "");
    if (urls->cut)
        sp_flow_wordsf(&flow, "and more");
    sp_flow_end(&flow);
}

static void write_serial(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_cert *cert)
{
    struct sp_buf serial;
    struct sp_flow flow;

    begin_row(&flow, writer, render, "serial");
    sp_buf_init(&serial, (size_t)2 * SP_LIMIT_CERT_BYTES);
    if (sp_fact_serial(&serial, cert))
        write_bounded(&flow, (const char *)serial.data, serial.len, SERIAL_COLUMNS, "");
    else
        sp_writer_fail(writer, ENOMEM);
    sp_flow_end(&flow);
    sp_buf_free(&serial);
}

void sp_chain_write_facts(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_cert *cert, int64_t now_ms)
{
    struct sp_cert_details details;

    sp_cert_read_details(cert, &details);
    if (cert->self_issued)
        write_row(writer, render, "issuer", "itself");
    else
        write_row(writer, render, "issuer", cert->issuer_text);
    if (cert->name_count > 0 || !cert->is_ca)
        write_names(writer, render, cert);
    write_validity(writer, render, cert, now_ms);
    write_row(writer, render, "key", cert->key_text);
    write_row(writer, render, "signature", cert->sig_text);
    write_usage(writer, render, cert, &details.uses);
    write_authority(writer, render, cert);
    write_limits(writer, render, &details);
    if (cert->must_staple)
        write_row(writer, render, "must", "staple an OCSP answer (must-staple)");
    write_urls(writer, render, "OCSP", &details.ocsp);
    write_urls(writer, render, "CRL", &details.crls);
    write_urls(writer, render, "issuer at", &details.issuers);
    write_serial(writer, render, cert);
}
