/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificates of one endpoint: two lines for the server's own, all of the chain with -v. */
#include "output/detail.h"
#include "output/facts.h"
#include "output/style.h"
#include "output/utf8.h"
#include "probe/calendar.h"
#include "probe/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MORE_COLUMNS 13u    /* room for " and 100 more" */
#define VERDICT_COLUMNS 58u /* what stands behind the issuer in most cases */

/* One name as safe text; nearly all are DNS names, so that goes without saying. */
static bool build_name(struct sp_buf *out, const struct sp_render *render,
                       const struct sp_cert_name *name)
{
    struct sp_buf raw;

    sp_buf_init(&raw, SP_LIMIT_ARENA);
    bool built = name->type == SP_NAME_DNS ? sp_buf_append(&raw, name->value.data, name->value.len)
                                           : sp_fact_name(&raw, name);
    built = built && sp_safe_append(out, sp_safe_of(render), (const char *)raw.data, raw.len,
                                    SP_NAME_COLUMNS);
    sp_buf_free(&raw);
    return built;
}

/* "mx.example.org, IP:192.0.2.1 and 4 more": as many as fit on the line, all with -v. */
static void write_names(struct sp_flow *flow, const struct sp_cert *cert)
{
    size_t room = flow->render->width -
                  (flow->column + 3 < flow->render->width ? flow->column + 3 : SP_ROW_INDENT);
    struct sp_buf text;
    size_t shown = 0;
    bool built = true;

    sp_buf_init(&text, SP_LIMIT_ARENA);
    for (; shown < cert->name_count && built; shown++) {
        bool last = shown + 1 == cert->name_count;
        size_t before = text.len;

        built = (shown == 0 || sp_buf_append_str(&text, ", ")) &&
                build_name(&text, flow->render, &cert->names[shown]);
        if (flow->render->verbose == 0 && shown > 0 &&
            sp_utf8_columns((const char *)text.data, text.len) + (last ? 0 : MORE_COLUMNS) > room) {
            text.len = before;
            break;
        }
    }
    if (built && shown < cert->name_count)
        built = sp_buf_printf(&text, " and %zu more", cert->name_count - shown);
    if (!built)
        sp_writer_fail(flow->writer, ENOMEM);
    else if (cert->name_count == 0)
        sp_flow_itemf(flow, "no names");
    else
        sp_flow_item(flow, (const char *)text.data, text.len);
    sp_buf_free(&text);
}

/* The whole name where the line has room for it, else its first part: "CN=Example CA 7". */
static void write_issuer(struct sp_flow *flow, const char *issuer)
{
    size_t len = strlen(issuer), first = 0;

    while (first < len && issuer[first] != ',')
        first += issuer[first] == '\\' && first + 1 < len ? 2 : 1;
    bool fits =
        flow->column + sp_utf8_columns(issuer, len) + VERDICT_COLUMNS <= flow->render->width;
    sp_flow_item(flow, issuer, fits || flow->render->verbose > 0 ? len : first);
}

static void write_validity(struct sp_flow *flow, const struct sp_cert *cert, int64_t now_ms)
{
    char from[SP_CALENDAR_SIZE], until[SP_CALENDAR_SIZE], span[SP_CALENDAR_SIZE];
    bool expired = cert->not_after < now_ms / 1000;

    if (!cert->time_valid || !sp_calendar_date(from, sizeof(from), cert->not_before) ||
        !sp_calendar_date(until, sizeof(until), cert->not_after)) {
        sp_flow_itemf(flow, "validity not readable");
        return;
    }
    sp_calendar_span(span, sizeof(span), cert->not_after - now_ms / 1000);
    if (flow->render->verbose > 0 || cert->not_before * 1000 > now_ms)
        sp_flow_itemf(flow, "valid from %s", from);
    flow->tone = expired ? SP_TONE_CRITICAL : SP_TONE_PLAIN;
    sp_flow_itemf(flow, expired ? "until %s, %s ago" : "until %s, %s left", until, span);
    flow->tone = SP_TONE_PLAIN;
}

static void write_judged(struct sp_flow *flow, bool good, const char *text)
{
    enum sp_state state = good ? SP_STATE_OK : SP_STATE_CRITICAL;

    flow->tone = sp_tone_of_state(state);
    sp_flow_itemf(flow, "%s %s", sp_mark_of_state(flow->render, state), text);
    flow->tone = SP_TONE_PLAIN;
}

/* Who the server is, and what says so. Beside a pin that matched nothing else is needed. */
static void write_identity(struct sp_flow *flow, const struct sp_evidence *evidence)
{
    const struct sp_verify *verify = &evidence->verify;
    bool pinned = evidence->pin.matched;

    if (evidence->pin.tested)
        write_judged(flow, pinned, pinned ? "pinned" : "not the pinned one");
    if (verify->done && (verify->trusted || !pinned))
        write_judged(flow, verify->trusted, verify->trusted ? "trusted" : "not trusted");
    if (verify->name_tested && verify->name_match && verify->matched_name != NULL) {
        flow->tone = SP_TONE_OK;
        sp_flow_itemf(flow, "%s matches %s", sp_mark_of_state(flow->render, SP_STATE_OK),
                      verify->matched_name);
        flow->tone = SP_TONE_PLAIN;
    } else if (verify->name_tested && (verify->name_match || !pinned)) {
        write_judged(flow, verify->name_match, verify->name_match ? "name matches" : "wrong name");
    }
}

static void write_leaf(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_evidence *evidence)
{
    const struct sp_cert *cert = &evidence->tls.certs[0];
    struct sp_flow flow;

    sp_flow_begin_row(&flow, writer, render, "certificate");
    if (!cert->parsed) {
        sp_flow_itemf(&flow, "can't be read: %s", cert->error != NULL ? cert->error : "unknown");
        sp_flow_end(&flow);
        return;
    }
    sp_flow_item(&flow, cert->subject_text, strlen(cert->subject_text));
    sp_flow_item(&flow, cert->key_text, strlen(cert->key_text));
    write_names(&flow, cert);
    sp_flow_end(&flow);
    sp_flow_begin_row(&flow, writer, render, "issuer");
    write_issuer(&flow, cert->issuer_text);
    write_validity(&flow, cert, evidence->started_ms);
    write_identity(&flow, evidence);
    sp_flow_end(&flow);
}

static void write_chain_member(struct sp_writer *writer, const struct sp_render *render,
                               const struct sp_evidence *evidence, size_t depth)
{
    const struct sp_cert *cert = &evidence->tls.certs[depth];
    char label[32];
    struct sp_flow flow;

    snprintf(label, sizeof(label), "chain %zu", depth);
    sp_flow_begin_row(&flow, writer, render, label);
    if (!cert->parsed)
        sp_flow_itemf(&flow, "can't be read: %s", cert->error != NULL ? cert->error : "unknown");
    if (cert->parsed && depth > 0) { /* the server's own stands above */
        sp_flow_item(&flow, cert->subject_text, strlen(cert->subject_text));
        sp_flow_item(&flow, cert->key_text, strlen(cert->key_text));
        sp_flow_itemf(&flow, "issuer %s", cert->issuer_text);
        write_validity(&flow, cert, evidence->started_ms);
    }
    if (cert->parsed)
        sp_flow_item(&flow, cert->sig_text, strlen(cert->sig_text));
    sp_flow_itemf(&flow, "sha256 %s", cert->sha256);
    sp_flow_end(&flow);
}

static void write_verification(struct sp_writer *writer, const struct sp_render *render,
                               const struct sp_verify *verify)
{
    struct sp_flow flow;

    if (verify->anchor != NULL) {
        sp_flow_begin_row(&flow, writer, render, "anchor");
        sp_flow_words(&flow, verify->anchor->subject_text, strlen(verify->anchor->subject_text));
        sp_flow_end(&flow);
    }
    for (size_t i = 0; i < verify->problem_count; i++) {
        const struct sp_problem *problem = &verify->problems[i];

        sp_flow_begin_row(&flow, writer, render, i == 0 ? "problems" : "");
        if (problem->depth >= 0)
            sp_flow_itemf(&flow, "chain %d", problem->depth);
        sp_flow_itemf(&flow, "%s", sp_reason_info(problem->reason)->word);
        if (problem->detail != NULL)
            sp_flow_item(&flow, problem->detail, strlen(problem->detail));
        sp_flow_end(&flow);
    }
}

void sp_detail_write_certificates(struct sp_writer *writer, const struct sp_render *render,
                                  const struct sp_evidence *evidence)
{
    if (evidence->tls.cert_count == 0)
        return;
    write_leaf(writer, render, evidence);
    if (render->verbose == 0 || render->certificates) /* then all of it comes below */
        return;
    for (size_t i = 0; i < evidence->tls.cert_count; i++)
        write_chain_member(writer, render, evidence, i);
    write_verification(writer, render, &evidence->verify);
}
