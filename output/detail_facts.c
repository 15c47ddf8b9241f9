/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server showed: banner, capabilities, TLS. */
#include "output/detail.h"
#include "output/facts.h"
#include "output/style.h"
#include "output/utf8.h"
#include "probe/calendar.h"
#include "probe/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MORE_COLUMNS 12u /* room for "and 100 more" */

static void write_banner(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_reply *banner)
{
    struct sp_flow flow;

    if (banner == NULL)
        return;
    sp_flow_begin_row(&flow, writer, render, "banner");
    sp_flow_wordsf(&flow, "%d", banner->code);
    for (size_t i = 0; i < banner->line_count && (i == 0 || render->verbose > 0); i++)
        sp_flow_words(&flow, banner->lines[i].data, banner->lines[i].len);
    if (banner->line_count > 1 && render->verbose == 0)
        sp_flow_wordsf(&flow, "(and %zu more line%s)", banner->line_count - 1,
                       banner->line_count == 2 ? "" : "s");
    sp_flow_end(&flow);
}

/* "SIZE 10240000", with the server's words made safe. */
static bool build_capability(struct sp_buf *out, const struct sp_render *render,
                             const struct sp_capability *item)
{
    out->len = 0;
    bool built = sp_buf_append_str(out, item->keyword);
    for (size_t i = 0; i < item->param_count; i++)
        built =
            built && sp_buf_append(out, " ", 1) &&
            sp_safe_append(out, sp_safe_of(render), item->params[i].data, item->params[i].len, 0);
    return built;
}

/* What people look for first; the rest follows in the order sent. */
static bool is_important(const char *keyword)
{
    static const char *const words[] = {"AUTH", "SIZE", "STARTTLS"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], keyword) == 0)
            return true;
    return false;
}

/* Writes those of one kind that fit on the line and counts them. */
static size_t write_fitting(struct sp_flow *flow, const struct sp_ehlo *ehlo, bool important,
                            size_t shown)
{
    struct sp_buf text;

    sp_buf_init(&text, SP_LIMIT_ARENA);
    for (size_t i = 0; i < ehlo->count; i++) {
        const struct sp_capability *item = &ehlo->items[i];

        if (is_important(item->keyword) != important)
            continue;
        if (!build_capability(&text, flow->render, item)) {
            sp_writer_fail(flow->writer, ENOMEM);
            break;
        }
        size_t columns = sp_utf8_columns((const char *)text.data, text.len) + 2;
        size_t room = flow->render->width - (shown + 1 == ehlo->count ? 0 : MORE_COLUMNS);
        if (shown > 0 && flow->column + columns > room)
            continue;
        if (shown > 0)
            sp_flow_glue(flow, ",");
        sp_flow_words(flow, (const char *)text.data, text.len);
        shown++;
    }
    sp_buf_free(&text);
    return shown;
}

/* All of them, in the order sent. */
static void write_all(struct sp_flow *flow, const struct sp_ehlo *ehlo)
{
    struct sp_buf text;

    sp_buf_init(&text, SP_LIMIT_ARENA);
    for (size_t i = 0; i < ehlo->count; i++) {
        if (!build_capability(&text, flow->render, &ehlo->items[i]) ||
            !sp_buf_append_str(&text, i + 1 < ehlo->count ? "," : "")) {
            sp_writer_fail(flow->writer, ENOMEM);
            break;
        }
        sp_flow_words(flow, (const char *)text.data, text.len);
    }
    sp_buf_free(&text);
}

/* One line unless -v asks for all: as many as fit, and how many do not. */
static void write_capabilities(struct sp_writer *writer, const struct sp_render *render,
                               const struct sp_ehlo *ehlo)
{
    struct sp_flow flow;

    sp_flow_begin_row(&flow, writer, render, ehlo->helo ? "helo" : "ehlo");
    if (ehlo->count == 0) {
        sp_flow_wordsf(&flow, "no extensions");
    } else if (render->verbose > 0) {
        write_all(&flow, ehlo);
    } else {
        size_t shown = write_fitting(&flow, ehlo, true, 0);

        shown = write_fitting(&flow, ehlo, false, shown);
        if (shown < ehlo->count)
            sp_flow_wordsf(&flow, "and %zu more", ehlo->count - shown);
    }
    sp_flow_end(&flow);
}

/* The name that we gave: servers judge clients by it. */
static void write_ehlo_name(struct sp_writer *writer, const struct sp_render *render,
                            const char *name)
{
    struct sp_flow flow;

    sp_flow_begin_row(&flow, writer, render, "ehlo name");
    sp_flow_item(&flow, name, strlen(name));
    sp_flow_end(&flow);
}

/* -v: what TLS made appear or go away. */
static void write_difference(struct sp_writer *writer, const struct sp_render *render,
                             const char *label, const struct sp_ehlo *from,
                             const struct sp_ehlo *other)
{
    struct sp_flow flow;
    bool any = false;

    for (size_t i = 0; i < from->count; i++) {
        const char *keyword = from->items[i].keyword;

        if (sp_ehlo_find(other, keyword) != NULL)
            continue;
        if (!any)
            sp_flow_begin_row(&flow, writer, render, label);
        sp_flow_item(&flow, keyword, strlen(keyword));
        any = true;
    }
    if (any)
        sp_flow_end(&flow);
}

static void write_no_tls(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_evidence *evidence)
{
    struct sp_flow flow;

    if (!evidence->plain.ok && !evidence->starttls_tried)
        return;
    sp_flow_begin_row(&flow, writer, render, "tls");
    sp_flow_item(&flow, "not used", strlen("not used"));
    sp_flow_itemf(&flow, "STARTTLS is %soffered", evidence->starttls_offered ? "" : "not ");
    if (evidence->starttls_code > 0)
        sp_flow_itemf(&flow, "answered with %d", evidence->starttls_code);
    if (evidence->starttls_leftover > 0)
        sp_flow_itemf(&flow, "%zu octets behind the answer", evidence->starttls_leftover);
    sp_flow_end(&flow);
}

static void write_alert(struct sp_flow *flow, int alert, const char *text)
{
    if (alert >= 0 && text != NULL)
        sp_flow_itemf(flow, "alert %d %s", alert, text);
    else if (alert >= 0)
        sp_flow_itemf(flow, "alert %d", alert);
}

/* What few people ask for. */
static void write_more_tls(struct sp_flow *flow, const struct sp_tls_facts *tls)
{
    if (tls->signature_scheme != NULL)
        sp_flow_itemf(flow, "signed by %s", tls->signature_scheme);
    if (tls->alpn != NULL)
        sp_flow_itemf(flow, "ALPN %s", tls->alpn);
    if (tls->hello_retry_request)
        sp_flow_itemf(flow, "asked for another key share");
    if (tls->hello_seen && tls->version != 0 && tls->version < SP_TLS_1_3) {
        sp_flow_itemf(flow, "%sextended master secret", tls->extended_master_secret ? "" : "no ");
        sp_flow_itemf(flow, "%ssecure renegotiation", tls->secure_renegotiation ? "" : "no ");
    }
    sp_flow_itemf(flow, "SNI %s", tls->sni != NULL ? tls->sni : "not sent");
}

static void write_tls(struct sp_writer *writer, const struct sp_render *render,
                      const struct sp_tls_facts *tls)
{
    struct sp_flow flow;

    sp_flow_begin_row(&flow, writer, render, "tls");
    if (!tls->established) {
        flow.tone = SP_TONE_CRITICAL;
        sp_flow_item(&flow, "not established", strlen("not established"));
        flow.tone = SP_TONE_PLAIN;
    }
    if (tls->version_text != NULL)
        sp_flow_item(&flow, tls->version_text, strlen(tls->version_text));
    if (tls->cipher != NULL)
        sp_flow_item(&flow, tls->cipher, strlen(tls->cipher));
    if (tls->group != NULL)
        sp_flow_item(&flow, tls->group, strlen(tls->group));
    if (tls->dh_bits > 0 && (tls->group == NULL || render->verbose > 0))
        sp_flow_itemf(&flow, "DH %u bits", tls->dh_bits);
    write_alert(&flow, tls->alert, tls->alert_text);
    if (tls->client_certificate_requested)
        sp_flow_itemf(&flow, tls->client_certificate_sent ? "got our client certificate"
                                                          : "asks for a client certificate");
    if (render->verbose > 0)
        write_more_tls(&flow, tls);
    sp_flow_end(&flow);
}

static void write_period(struct sp_flow *flow, int64_t from, int64_t until)
{
    char date[SP_CALENDAR_SIZE];

    if (from != 0 && sp_calendar_date(date, sizeof(date), from))
        sp_flow_itemf(flow, "of %s", date);
    if (until != 0 && sp_calendar_date(date, sizeof(date), until))
        sp_flow_itemf(flow, "until %s", date);
}

/* A staple in a few words; -v also says that there is none, who signed it and for how long. */
static void write_ocsp(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_evidence *evidence)
{
    const struct sp_ocsp *ocsp = &evidence->ocsp;
    const char *status = sp_ocsp_status_name(ocsp->status);
    struct sp_flow flow;

    if (!evidence->tls.ocsp_requested || (!ocsp->present && render->verbose == 0))
        return;
    sp_flow_begin_row(&flow, writer, render, "ocsp");
    if (!ocsp->present)
        sp_flow_itemf(&flow, "no staple");
    else if (!ocsp->valid)
        sp_flow_itemf(&flow, "the answer %s", ocsp->error != NULL ? ocsp->error : "is not valid");
    else
        sp_flow_itemf(&flow, "%s", status != NULL ? status : "unknown");
    if (evidence->tls.ocsp_begun_again)
        sp_flow_itemf(&flow, "times and all else are of a second connection");
    if (ocsp->present && render->verbose > 0) {
        write_period(&flow, ocsp->this_update, ocsp->next_update);
        if (ocsp->revocation_reason != NULL)
            sp_flow_itemf(&flow, "%s", ocsp->revocation_reason);
        if (ocsp->responder != NULL)
            sp_flow_itemf(&flow, "by %s", ocsp->responder);
    }
    sp_flow_end(&flow);
}

/* -v: what the lists of --crl-file say of each certificate of the path. */
static void write_crls(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->crl_answer_count; i++) {
        const struct sp_crl_answer *answer = &evidence->crl_answers[i];
        struct sp_flow flow;

        sp_flow_begin_row(&flow, writer, render, i == 0 ? "crl" : "");
        sp_flow_itemf(&flow, "chain %d", evidence->verify.path[i]);
        sp_flow_itemf(&flow, "%s", sp_crl_status_name(answer->status));
        write_period(&flow, answer->this_update, answer->next_update);
        if (answer->revocation_reason != NULL)
            sp_flow_itemf(&flow, "%s", answer->revocation_reason);
        if (answer->error != NULL)
            sp_flow_itemf(&flow, "the list %s", answer->error);
        sp_flow_end(&flow);
    }
}

static void write_survey(struct sp_flow *flow, const struct sp_survey *survey)
{
    sp_flow_itemf(flow, "%s",
                  survey->offer != NULL ? survey->offer
                                        : sp_survey_question_name(survey->question));
    sp_flow_itemf(flow, "%s", sp_survey_outcome_name(survey->outcome));
    if (survey->outcome == SP_SURVEY_ACCEPTED) {
        sp_flow_itemf(flow, "%s", survey->version_text != NULL ? survey->version_text : "?");
        if (survey->cipher != NULL)
            sp_flow_itemf(flow, "%s", survey->cipher);
        if (survey->group != NULL)
            sp_flow_itemf(flow, "%s", survey->group);
        if (survey->dh_bits > 0)
            sp_flow_itemf(flow, "DH %u bits", survey->dh_bits);
    }
    if (survey->outcome == SP_SURVEY_REFUSED)
        write_alert(flow, survey->alert, survey->alert_text);
    if ((survey->outcome == SP_SURVEY_FAILED || survey->outcome == SP_SURVEY_SKIPPED) &&
        survey->detail != NULL)
        sp_flow_item(flow, survey->detail, strlen(survey->detail));
}

/* -v: what else the server would take. */
static void write_surveys(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->survey_count; i++) {
        struct sp_flow flow;

        sp_flow_begin_row(&flow, writer, render, i == 0 ? "surveys" : "");
        write_survey(&flow, &evidence->surveys[i]);
        sp_flow_end(&flow);
    }
}

/* Attempts that failed are news unless the only one is what the verdict tells of; those that lost the
 * race only with -v. */
static void write_attempts(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_evidence *evidence)
{
    const char *label = "attempts";
    bool told = evidence->attempt_count == 1 && evidence->failure.phase == SP_PHASE_CONNECT &&
                evidence->failure.reason != SP_REASON_OK;

    if (told && render->verbose == 0)
        return;
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct sp_attempt *attempt = &evidence->attempts[i];
        char took[SP_FACT_SIZE];
        struct sp_flow flow;

        if (attempt->reason == SP_REASON_CANCELLED && render->verbose == 0)
            continue;
        sp_fact_time(took, attempt->ns);
        sp_flow_begin_row(&flow, writer, render, label);
        sp_flow_item(&flow, attempt->ip, strlen(attempt->ip));
        sp_flow_itemf(&flow, "%s", sp_reason_info(attempt->reason)->word);
        sp_flow_itemf(&flow, "%s", took);
        sp_flow_end(&flow);
        label = "";
    }
}

static void write_addresses(struct sp_writer *writer, const struct sp_render *render,
                            const struct sp_evidence *evidence)
{
    struct sp_flow flow;

    if (!evidence->resolved)
        return;
    sp_flow_begin_row(&flow, writer, render, "addresses");
    if (evidence->canonical != NULL)
        sp_flow_itemf(&flow, "alias of %s", evidence->canonical);
    for (size_t i = 0; i < evidence->address_count; i++)
        sp_flow_item(&flow, evidence->addresses[i], strlen(evidence->addresses[i]));
    sp_flow_end(&flow);
}

void sp_detail_write_facts(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_result *result)
{
    const struct sp_evidence *evidence = result->evidence;
    const struct sp_ehlo *ehlo = sp_evidence_ehlo(evidence);

    if (render->verbose > 0)
        write_addresses(writer, render, evidence);
    write_attempts(writer, render, evidence);
    write_banner(writer, render, evidence->banner);
    if (ehlo->tried && (render->verbose > 0 || !ehlo->ok) && evidence->ehlo_name != NULL)
        write_ehlo_name(writer, render, evidence->ehlo_name);
    if (ehlo->ok)
        write_capabilities(writer, render, ehlo);
    if (render->verbose > 0 && evidence->plain.ok && evidence->tls_ehlo.ok) {
        write_difference(writer, render, "only in TLS", &evidence->tls_ehlo, &evidence->plain);
        write_difference(writer, render, "only before", &evidence->plain, &evidence->tls_ehlo);
    }
    if (evidence->tls.tried)
        write_tls(writer, render, &evidence->tls);
    else
        write_no_tls(writer, render, evidence);
    write_ocsp(writer, render, evidence);
    sp_detail_write_certificates(writer, render, evidence);
    sp_detail_write_auth(writer, render, &evidence->auth);
    if (render->verbose > 0) {
        write_crls(writer, render, evidence);
        write_surveys(writer, render, evidence);
    }
}
