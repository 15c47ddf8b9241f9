/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a certificate that a server sent, shown in full: each line within the width and fit for a
 * terminal, the whole bounded, PEM only where it is ours, and JSON without a gap.
 */
#include "output/json.h"
#include "output/output.h"
#include "output/utf8.h"
#include "probe/cert_details.h"
#include "tests/unit/sample.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition)
        abort();
}

static void check_slice(struct sp_slice slice, const struct sp_cert *cert)
{
    need(slice.len == 0 || (slice.data >= cert->der.data &&
                            slice.data + slice.len <= cert->der.data + cert->der.len));
}

static void check_details(const struct sp_cert *cert)
{
    struct sp_cert_details details;
    sp_cert_read_details(cert, &details);
    const struct sp_urls *const urls[] = {&details.ocsp, &details.issuers, &details.crls};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < urls[i]->count; k++)
            check_slice(urls[i]->items[k], cert);
    for (size_t i = 0; i < details.uses.count; i++)
        check_slice(details.uses.oids[i], cert);
    for (size_t i = 0; i < details.permitted.count; i++)
        check_slice(details.permitted.items[i].value, cert);
    for (size_t i = 0; i < details.excluded.count; i++)
        check_slice(details.excluded.items[i].value, cert);
}

static void check_text(const struct sp_buf *text, const struct sp_render *render)
{
    const char *at = (const char *)text->data, *end = at + text->len;
    size_t columns = 0;
    need(text->len < OUTPUT_MAX);
    while (at < end) {
        int32_t code;
        at += sp_utf8_read(at, (size_t)(end - at), &code);
        need(code != SP_UTF8_BAD);
        columns = code == '\n' ? 0 : columns + sp_utf8_width(code);
        need(code == '\n' || (!sp_utf8_hidden(code) && (render->unicode || code < 0x80)));
        need(render->pem || columns <= render->width);
    }
}

/* Lines of text stand in front of "#" or are the block. */
static void check_pem(const struct sp_buf *text)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    const char *at = (const char *)text->data, *end = at + text->len;
    size_t blocks = 0;
    for (; at + sizeof begin - 1 <= end; at++)
        blocks += memcmp(at, begin, 10) == 0;
    need(blocks == 1);
}

static void render(struct sample *sample, const struct sp_render *style)
{
    struct sp_report report = {.results = &sample->result, .count = 1};
    struct sp_writer writer;
    report.state = sample->result.state;
    report.by_state[report.state] = 1;
    sp_writer_init(&writer, -1);
    sp_output_text.report(&writer, style, &report);
    need(writer.error == 0);
    check_text(&writer.buf, style);
    if (style->pem)
        check_pem(&writer.buf);
    sp_writer_free(&writer);
    sp_writer_init(&writer, -1);
    sp_json_write_result(&writer, style, &sample->result);
    need(writer.error == 0 && writer.buf.len > 0);
    sp_writer_free(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sp_render styles[] = {
        {.width = 40, .certificates = true},
        {.width = 80, .certificates = true, .unicode = true, .verbose = 1},
        {.width = 80, .pem = true, .quiet = true, .unicode = true},
    };
    struct sample sample;
    if (size == 0 || size > SP_LIMIT_CERT_BYTES)
        return 0;
    sample_init(&sample, SP_TLS_IMPLICIT);
    sample_tls(&sample, 29);
    struct sp_evidence *evidence = sample.evidence;
    uint8_t *copy = sp_arena_memdup(evidence->arena, data, size);
    if (copy == NULL || !sp_cert_parse(evidence->arena, copy, size, evidence->tls.certs)) {
        sample_free(&sample);
        return 0;
    }
    if (evidence->tls.certs[0].parsed)
        check_details(&evidence->tls.certs[0]);
    sample_judge(&sample);
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++)
        render(&sample, &styles[i]);
    sample_free(&sample);
    return 0;
}
