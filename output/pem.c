/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/pem.h"
#include "output/facts.h"
#include "output/style.h"
#include "probe/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_COLUMNS 512u /* of a comment; names of servers have no bound */

/* Programs look for "-----BEGIN" also where no line begins. */
static void write_harmless(struct sp_writer *writer, const char *text, size_t len)
{
    static const char dashes[] = "-----";
    size_t from = 0;

    for (size_t at = 0; at + strlen(dashes) <= len; at++) {
        if (memcmp(text + at, dashes, strlen(dashes)) != 0)
            continue;
        sp_write(writer, text + from, at - from);
        sp_write_str(writer, "\\x2d");
        from = at + 1;
    }
    sp_write(writer, text + from, len - from);
}

/* One line, whatever is in it. */
static void write_comment(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_buf *text)
{
    struct sp_buf safe;

    sp_buf_init(&safe, SP_LIMIT_ARENA);
    if (sp_safe_append(&safe, sp_safe_of(render), (const char *)text->data, text->len,
                       LINE_COLUMNS)) {
        sp_write_str(writer, "# ");
        write_harmless(writer, (const char *)safe.data, safe.len);
        sp_write_str(writer, "\n");
    } else {
        sp_writer_fail(writer, ENOMEM);
    }
    sp_buf_free(&safe);
}

static void write_name(struct sp_writer *writer, const struct sp_render *render, const char *lead,
                       const char *name)
{
    struct sp_buf line;

    sp_buf_init(&line, SP_LIMIT_ARENA);
    if (sp_buf_append_str(&line, lead) && sp_buf_append_str(&line, name))
        write_comment(writer, render, &line);
    else
        sp_writer_fail(writer, ENOMEM);
    sp_buf_free(&line);
}

void sp_pem_write(struct sp_writer *writer, const struct sp_render *render,
                  const struct sp_cert *cert, size_t depth)
{
    struct sp_buf block;
    char lead[32];

    snprintf(lead, sizeof(lead), "%zu s:", depth);
    write_name(writer, render, lead, cert->parsed ? cert->subject_text : "(can't be read)");
    if (cert->parsed)
        write_name(writer, render, "  i:", cert->issuer_text);
    sp_buf_init(&block, (size_t)2 * SP_LIMIT_CERT_BYTES);
    if (sp_fact_pem(&block, cert))
        sp_write(writer, block.data, block.len);
    else
        sp_writer_fail(writer, ENOMEM);
    sp_buf_free(&block);
}

void sp_pem_write_chain(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_result *result)
{
    const struct sp_tls_facts *tls = &result->evidence->tls;
    struct sp_buf line;

    sp_buf_init(&line, SP_LIMIT_ARENA);
    if (sp_fact_target(&line, result->endpoint) &&
        sp_buf_printf(&line, ": %s %s%s%s", sp_state_name(result->state), result->message,
                      tls->cert_count == 0 ? "; no certificate was seen" : "",
                      tls->certs_cut ? "; it sent more certificates" : ""))
        write_comment(writer, render, &line);
    else
        sp_writer_fail(writer, ENOMEM);
    sp_buf_free(&line);
    for (size_t i = 0; i < tls->cert_count; i++)
        sp_pem_write(writer, render, &tls->certs[i], i);
}
