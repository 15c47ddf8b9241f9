/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the handshake showed, and what was made of it. */
#include "output/json_parts.h"

#include <stdio.h>

/* By its name; alert_NUMBER when it has none, null when there was none. */
static void add_alert(struct sp_json *json, struct cJSON *into, int alert, const char *text)
{
    char number[24];

    snprintf(number, sizeof(number), "alert_%d", alert);
    if (alert < 0)
        sp_json_null(json, into, "alert");
    else
        sp_json_string(json, into, "alert", text != NULL ? text : number);
}

/* What only the hello of a server tells. */
static void add_flag(struct sp_json *json, struct cJSON *into, const char *key, bool known,
                     bool value)
{
    if (known)
        sp_json_bool(json, into, key, value);
    else
        sp_json_null(json, into, key);
}

static void add_ocsp(struct sp_json_page *page, struct cJSON *into)
{
    const struct sp_ocsp *ocsp = &page->evidence->ocsp;
    struct sp_json *json = &page->json;

    if (!page->evidence->tls.ocsp_requested)
        return;
    struct cJSON *object = sp_json_object(json, into, "ocsp");
    sp_json_bool(json, object, "stapled", ocsp->present);
    sp_json_string(json, object, "status", ocsp->valid ? sp_ocsp_status_name(ocsp->status) : NULL);
    if (page->evidence->tls.ocsp_begun_again)
        sp_json_bool(json, object, "begun_again", true);
    if (!ocsp->present)
        return;
    sp_json_add_instant(page, object, "this_update", ocsp->this_update != 0,
                        ocsp->this_update * 1000);
    sp_json_add_instant(page, object, "next_update", ocsp->next_update != 0,
                        ocsp->next_update * 1000);
    if (ocsp->revoked_at != 0) {
        sp_json_add_instant(page, object, "revoked_at", true, ocsp->revoked_at * 1000);
        sp_json_string(json, object, "revocation_reason", ocsp->revocation_reason);
    }
    sp_json_string(json, object, "responder", ocsp->responder);
    sp_json_string(json, object, "error", ocsp->error);
}

/* What the server chose, or how it refused, or why that is not known. */
static void add_survey(struct sp_json_page *page, struct cJSON *into,
                       const struct sp_survey *survey)
{
    struct sp_json *json = &page->json;

    sp_json_string(json, into, "question", sp_survey_question_name(survey->question));
    sp_json_string(json, into, "outcome", sp_survey_outcome_name(survey->outcome));
    sp_json_string(json, into, "offer", survey->offer);
    if (survey->outcome == SP_SURVEY_ACCEPTED) {
        sp_json_string(json, into, "version", survey->version_text);
        sp_json_string(json, into, "cipher", survey->cipher);
        sp_json_string(json, into, "group", survey->group);
        if (survey->dh_bits > 0)
            sp_json_integer(json, into, "dh_bits", survey->dh_bits);
    }
    if (survey->outcome == SP_SURVEY_ACCEPTED || survey->outcome == SP_SURVEY_REFUSED)
        add_alert(json, into, survey->alert, survey->alert_text);
    if (survey->outcome == SP_SURVEY_FAILED || survey->outcome == SP_SURVEY_SKIPPED) {
        sp_json_string(json, into, "reason",
                       survey->reason != SP_REASON_OK ? sp_reason_info(survey->reason)->word
                                                      : NULL);
        sp_json_string(json, into, "detail", survey->detail);
    }
    if (survey->outcome != SP_SURVEY_SKIPPED)
        sp_json_add_ms(page, into, "ms", survey->ns);
}

static void add_surveys(struct sp_json_page *page, struct cJSON *into)
{
    const struct sp_evidence *evidence = page->evidence;

    if (evidence->survey_count == 0)
        return;
    struct cJSON *list = sp_json_array(&page->json, into, "surveys");
    for (size_t i = 0; i < evidence->survey_count; i++)
        add_survey(page, sp_json_object(&page->json, list, NULL), &evidence->surveys[i]);
}

static void add_session(struct sp_json_page *page, struct cJSON *into)
{
    const struct sp_tls_facts *tls = &page->evidence->tls;
    struct sp_json *json = &page->json;

    sp_json_bool(json, into, "established", tls->established);
    sp_json_string(json, into, "version", tls->version_text);
    sp_json_string(json, into, "cipher", tls->cipher);
    sp_json_string(json, into, "group", tls->group);
    if (tls->dh_bits > 0)
        sp_json_integer(json, into, "dh_bits", tls->dh_bits);
    sp_json_string(json, into, "signature_scheme", tls->signature_scheme);
    sp_json_string(json, into, "alpn", tls->alpn);
    sp_json_string(json, into, "sni", tls->sni);
    add_alert(json, into, tls->alert, tls->alert_text);
    add_flag(json, into, "hello_retry_request", tls->hello_seen, tls->hello_retry_request);
    add_flag(json, into, "extended_master_secret", tls->hello_seen, tls->extended_master_secret);
    add_flag(json, into, "secure_renegotiation", tls->hello_seen, tls->secure_renegotiation);
    sp_json_bool(json, into, "client_certificate_requested", tls->client_certificate_requested);
    sp_json_bool(json, into, "client_certificate_sent", tls->client_certificate_sent);
}

void sp_json_add_tls(struct sp_json_page *page)
{
    struct sp_json *json = &page->json;

    if (!page->evidence->tls.tried && page->evidence->survey_count == 0)
        return;
    struct cJSON *object = sp_json_object(json, json->root, "tls");
    add_session(page, object);
    add_ocsp(page, object);
    add_surveys(page, object);
}

/* Each reason once, in the order of the problems; depth and detail are in the findings. */
static void add_problems(struct sp_json_page *page, struct cJSON *into,
                         const struct sp_verify *verify)
{
    struct cJSON *list = sp_json_array(&page->json, into, "problems");
    bool seen[SP_REASON_COUNT] = {false};

    for (size_t i = 0; i < verify->problem_count; i++) {
        enum sp_reason reason = verify->problems[i].reason;

        if (!seen[reason])
            sp_json_string(&page->json, list, NULL, sp_reason_info(reason)->word);
        seen[reason] = true;
    }
}

static void add_pin(struct sp_json_page *page, struct cJSON *into)
{
    const struct sp_pin_facts *pin = &page->evidence->pin;
    struct sp_json *json = &page->json;

    if (!pin->tested)
        return;
    struct cJSON *object = sp_json_object(json, into, "pin");
    sp_json_bool(json, object, "matched", pin->matched);
    sp_json_string(json, object, "by", pin->matched ? sp_pin_kind_name(pin->kind) : NULL);
}

/* What the lists of --crl-file say of each certificate of the path. */
static void add_crl(struct sp_json_page *page, struct cJSON *into)
{
    const struct sp_evidence *evidence = page->evidence;
    struct sp_json *json = &page->json;

    if (evidence->crl_answer_count == 0)
        return;
    struct cJSON *list = sp_json_array(json, into, "crl");
    for (size_t i = 0; i < evidence->crl_answer_count; i++) {
        const struct sp_crl_answer *answer = &evidence->crl_answers[i];
        struct cJSON *object = sp_json_object(json, list, NULL);

        sp_json_integer(json, object, "depth", evidence->verify.path[i]);
        sp_json_string(json, object, "status", sp_crl_status_name(answer->status));
        sp_json_add_instant(page, object, "this_update", answer->this_update != 0,
                            answer->this_update * 1000);
        sp_json_add_instant(page, object, "next_update", answer->next_update != 0,
                            answer->next_update * 1000);
        if (answer->revoked_at != 0) {
            sp_json_add_instant(page, object, "revoked_at", true, answer->revoked_at * 1000);
            sp_json_string(json, object, "revocation_reason", answer->revocation_reason);
        }
        sp_json_string(json, object, "error", answer->error);
    }
}

static void add_path(struct sp_json_page *page, struct cJSON *into, const struct sp_verify *verify)
{
    struct cJSON *list = sp_json_array(&page->json, into, "path");

    for (size_t i = 0; i < verify->path_count; i++)
        sp_json_integer(&page->json, list, NULL, verify->path[i]);
}

void sp_json_add_verify(struct sp_json_page *page)
{
    const struct sp_verify *verify = &page->evidence->verify;
    struct sp_json *json = &page->json;

    if (!verify->done)
        return;
    struct cJSON *object = sp_json_object(json, json->root, "verify");
    sp_json_bool(json, object, "trusted", verify->trusted);
    if (verify->name_tested) {
        sp_json_bool(json, object, "name_match", verify->name_match);
        sp_json_string(json, object, "matched_name", verify->matched_name);
    }
    add_problems(page, object, verify);
    add_path(page, object, verify);
    sp_json_string(json, object, "anchor",
                   verify->anchor != NULL ? verify->anchor->subject_text : NULL);
    sp_json_string(json, object, "authenticated_by", verify->authenticated_by);
    add_pin(page, object);
    add_crl(page, object);
}
