/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One result as a JSON object. A member that is absent was not tried, null is not known, false was
 * tested and is not so. Every member is described in schema.md and in smtp-probe.schema.json.
 */
#include "output/facts.h"
#include "output/json.h"
#include "output/json_parts.h"
#include "output/output.h"
#include "probe/limits.h"

#include <stdio.h>
#include <string.h>

void sp_json_add_ms(struct sp_json_page *page, struct cJSON *into, const char *key, int64_t ns)
{
    char digits[SP_FACT_SIZE];

    sp_fact_ms(digits, ns);
    sp_json_number(&page->json, into, key, digits);
}

void sp_json_add_instant(struct sp_json_page *page, struct cJSON *into, const char *key, bool known,
                         int64_t unix_ms)
{
    char text[SP_FACT_SIZE];

    sp_json_string(&page->json, into, key, known && sp_fact_instant(text, unix_ms) ? text : NULL);
}

void sp_json_add_built(struct sp_json_page *page, struct cJSON *into, const char *key,
                       struct sp_buf *text, bool built)
{
    if (!built)
        page->json.out_of_memory = true;
    sp_json_text(&page->json, into, key, (const char *)text->data, text->len);
    sp_buf_free(text);
}

static void add_verdict(struct sp_json_page *page)
{
    const struct sp_result *result = page->result;
    struct sp_json *json = &page->json;

    sp_json_string(json, json->root, "schema", "smtp-probe/1");
    sp_json_add_instant(page, json->root, "started", true, page->evidence->started_ms);
    sp_json_string(json, json->root, "state", sp_state_name(result->state));
    sp_json_integer(json, json->root, "exit_code", (int)result->state);
    sp_json_string(json, json->root, "reason", sp_reason_info(result->reason)->word);
    sp_json_string(json, json->root, "stage", sp_phase_info(result->phase)->name);
    sp_json_string(json, json->root, "message", result->message);
}

static void add_target(struct sp_json_page *page)
{
    const struct sp_endpoint *endpoint = page->evidence->endpoint;
    struct sp_json *json = &page->json;
    struct cJSON *target = sp_json_object(json, json->root, "target");

    sp_json_string(json, target, "input", endpoint->input);
    if (endpoint->line > 0) {
        sp_json_string(json, target, "source", endpoint->source);
        sp_json_integer(json, target, "line", (int64_t)endpoint->line);
    }
    if (endpoint->invalid != NULL)
        return;
    if (endpoint->domain != NULL)
        sp_json_string(json, target, "domain", endpoint->domain);
    sp_json_string(json, target, "host", endpoint->host);
    if (endpoint->unix_path != NULL) {
        sp_json_string(json, target, "unix_path", endpoint->unix_path);
        sp_json_null(json, target, "port");
    } else {
        sp_json_integer(json, target, "port", endpoint->port);
    }
    sp_json_string(json, target, "mode", endpoint->mode == SP_MODE_LMTP ? "lmtp" : "smtp");
    sp_json_string(json, target, "tls", sp_fact_tls_mode(endpoint->tls));
    sp_json_string(json, target, "server_name", endpoint->server_name);
    sp_json_string(json, target, "ip", page->evidence->ip);
    sp_json_string(json, target, "family", sp_fact_family(page->evidence->family));
    sp_json_string(json, target, "ehlo_name", page->evidence->ehlo_name);
    sp_json_null(json, target, "proxy");
}

static void add_timings(struct sp_json_page *page)
{
    struct cJSON *timings = sp_json_object(&page->json, page->json.root, "timings_ms");
    bool any = false;

    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        enum sp_phase phase = (enum sp_phase)i;

        if (!sp_fact_tried(page->evidence, phase))
            continue;
        sp_json_add_ms(page, timings, sp_phase_info(phase)->name, page->evidence->spans[i].ns);
        any = true;
    }
    if (any)
        sp_json_add_ms(page, timings, "total", page->evidence->total_ns);
}

static void add_attempts(struct sp_json_page *page)
{
    const struct sp_evidence *evidence = page->evidence;
    struct sp_json *json = &page->json;

    if (evidence->attempt_count == 0 && !sp_fact_tried(evidence, SP_PHASE_CONNECT))
        return;
    struct cJSON *attempts = sp_json_array(json, json->root, "attempts");
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        struct cJSON *attempt = sp_json_object(json, attempts, NULL);

        sp_json_string(json, attempt, "ip", evidence->attempts[i].ip);
        sp_json_string(json, attempt, "reason", sp_reason_info(evidence->attempts[i].reason)->word);
        sp_json_add_ms(page, attempt, "ms", evidence->attempts[i].ns);
    }
}

static void add_dns(struct sp_json_page *page)
{
    const struct sp_evidence *evidence = page->evidence;
    struct sp_json *json = &page->json;

    if (!evidence->resolved)
        return;
    struct cJSON *dns = sp_json_object(json, json->root, "dns");
    struct cJSON *addresses = sp_json_array(json, dns, "addresses");
    for (size_t i = 0; i < evidence->address_count; i++)
        sp_json_string(json, addresses, NULL, evidence->addresses[i]);
    if (evidence->canonical != NULL)
        sp_json_string(json, dns, "canonical", evidence->canonical);
}

static void add_lines(struct sp_json_page *page, struct cJSON *into, const struct sp_reply *reply)
{
    struct cJSON *lines = sp_json_array(&page->json, into, "lines");

    for (size_t i = 0; i < reply->line_count; i++)
        sp_json_text(&page->json, lines, NULL, reply->lines[i].data, reply->lines[i].len);
}

static void add_banner(struct sp_json_page *page)
{
    const struct sp_reply *reply = page->evidence->banner;
    struct sp_buf text;
    bool built = true;

    if (reply == NULL)
        return;
    struct cJSON *banner = sp_json_object(&page->json, page->json.root, "banner");
    sp_json_integer(&page->json, banner, "code", reply->code);
    sp_buf_init(&text, SP_LIMIT_REPLY_BYTES);
    for (size_t i = 0; i < reply->line_count; i++)
        built = built && (i == 0 || sp_buf_append(&text, "\n", 1)) &&
                sp_buf_append(&text, reply->lines[i].data, reply->lines[i].len);
    sp_json_add_built(page, banner, "text", &text, built);
}

static void add_capability_list(struct sp_json_page *page, struct cJSON *into, const char *key,
                                const struct sp_ehlo *ehlo)
{
    struct sp_json *json = &page->json;

    if (!ehlo->tried)
        return;
    if (!ehlo->ok) {
        sp_json_null(json, into, key);
        return;
    }
    struct cJSON *list = sp_json_array(json, into, key);
    for (size_t i = 0; i < ehlo->count; i++) {
        const struct sp_capability *item = &ehlo->items[i];
        struct cJSON *object = sp_json_object(json, list, NULL);

        sp_json_string(json, object, "keyword", item->keyword);
        struct cJSON *params = sp_json_array(json, object, "params");
        for (size_t j = 0; j < item->param_count; j++)
            sp_json_text(json, params, NULL, item->params[j].data, item->params[j].len);
    }
}

/* Keywords of `from` that `other` does not have. */
static void add_difference(struct sp_json_page *page, struct cJSON *into, const char *key,
                           const struct sp_ehlo *from, const struct sp_ehlo *other)
{
    struct cJSON *list = sp_json_array(&page->json, into, key);

    for (size_t i = 0; i < from->count; i++)
        if (sp_ehlo_find(other, from->items[i].keyword) == NULL)
            sp_json_string(&page->json, list, NULL, from->items[i].keyword);
}

static void add_capabilities(struct sp_json_page *page)
{
    const struct sp_ehlo *plain = &page->evidence->plain, *tls = &page->evidence->tls_ehlo;
    const struct sp_ehlo *ehlo = sp_evidence_ehlo(page->evidence);
    struct sp_json *json = &page->json;

    if (!plain->tried && !tls->tried)
        return;
    struct cJSON *object = sp_json_object(json, json->root, "capabilities");
    add_capability_list(page, object, "plain", plain);
    add_capability_list(page, object, "tls", tls);
    if (ehlo->ok && ehlo->size_state == SP_SIZE_VALID && ehlo->size <= INT64_MAX)
        sp_json_integer(json, object, "size", (int64_t)ehlo->size);
    else
        sp_json_null(json, object, "size");
    if (ehlo->ok) {
        struct cJSON *auth = sp_json_array(json, object, "auth");
        for (size_t i = 0; i < ehlo->auth_count; i++)
            sp_json_string(json, auth, NULL, ehlo->auth[i]);
    } else {
        sp_json_null(json, object, "auth");
    }
    if (plain->ok && tls->ok) {
        add_difference(page, object, "added", tls, plain);
        add_difference(page, object, "removed", plain, tls);
    }
}

static void add_starttls(struct sp_json_page *page)
{
    const struct sp_evidence *evidence = page->evidence;
    struct sp_json *json = &page->json;

    if (!evidence->plain.ok && !evidence->starttls_tried)
        return;
    struct cJSON *object = sp_json_object(json, json->root, "starttls");
    sp_json_bool(json, object, "offered", evidence->starttls_offered);
    if (evidence->starttls_code != 0)
        sp_json_integer(json, object, "code", evidence->starttls_code);
    else if (evidence->starttls_tried)
        sp_json_null(json, object, "code");
    /* Octets may also come before the question could be asked. */
    if (evidence->starttls_code != 0 || evidence->starttls_leftover > 0)
        sp_json_integer(json, object, "leftover_bytes", (int64_t)evidence->starttls_leftover);
}

static void add_reply(struct sp_json_page *page, struct cJSON *into, const struct sp_reply *reply)
{
    struct sp_json *json = &page->json;

    sp_json_string(json, into, "stage", sp_phase_info(reply->phase)->name);
    sp_json_add_ms(page, into, "ms", reply->ns);
    sp_json_integer(json, into, "code", reply->code);
    sp_json_string(json, into, "enhanced", reply->enhanced);
    add_lines(page, into, reply);
    struct cJSON *quirks = sp_json_array(json, into, "quirks");
    for (unsigned i = 0; i < SP_QUIRK_COUNT; i++)
        if ((reply->quirks & (1u << i)) != 0)
            sp_json_string(json, quirks, NULL, sp_quirk_name(i));
    if (reply->raw.len > 0) {
        struct sp_buf hex;

        sp_buf_init(&hex, (size_t)2 * SP_LIMIT_REPLY_BYTES);
        sp_json_add_built(page, into, "raw_hex", &hex,
                          sp_fact_hex(&hex, reply->raw.data, reply->raw.len));
    }
}

static void add_replies(struct sp_json_page *page)
{
    const struct sp_evidence *evidence = page->evidence;

    if (evidence->reply_count == 0)
        return;
    struct cJSON *list = sp_json_array(&page->json, page->json.root, "replies");
    for (size_t i = 0; i < evidence->reply_count; i++)
        add_reply(page, sp_json_object(&page->json, list, NULL), &evidence->replies[i]);
}

static void add_findings(struct sp_json_page *page)
{
    struct sp_json *json = &page->json;
    struct cJSON *list = sp_json_array(json, json->root, "findings");

    for (size_t i = 0; i < page->result->finding_count; i++) {
        const struct sp_finding *finding = &page->result->findings[i];
        struct cJSON *object = sp_json_object(json, list, NULL);
        char digits[SP_FACT_SIZE];

        sp_json_string(json, object, "reason", sp_reason_info(finding->reason)->word);
        sp_json_string(json, object, "state", sp_state_name(finding->state));
        sp_json_string(json, object, "stage", sp_phase_info(finding->phase)->name);
        sp_json_string(json, object, "message", finding->message);
        sp_json_string(json, object, "hint", sp_fact_hint(finding));
        if (finding->has_depth)
            sp_json_integer(json, object, "depth", (int64_t)finding->depth);
        if (!finding->has_value)
            continue;
        (void)sp_fact_number(digits, finding->value); /* "null" is right for what is no number */
        sp_json_number(json, object, "value", digits);
        sp_json_string(json, object, "unit", finding->unit);
    }
}

static void add_transcript(struct sp_json_page *page)
{
    struct cJSON *list = sp_json_array(&page->json, page->json.root, "transcript");
    const struct sp_transcript_line *line = page->evidence->transcript.first;

    for (; line != NULL; line = line->next) {
        struct sp_buf text;

        sp_buf_init(&text, SP_LIMIT_TRANSCRIPT + 8u);
        bool built = sp_buf_append_str(&text, sp_fact_arrow(line)) &&
                     sp_buf_append(&text, line->text.data, line->text.len);
        sp_json_add_built(page, list, NULL, &text, built);
    }
}

static void add_cut(struct sp_json_page *page, struct cJSON **list, bool cut, const char *word)
{
    if (!cut)
        return;
    if (*list == NULL)
        *list = sp_json_array(&page->json, page->json.root, "truncated");
    sp_json_string(&page->json, *list, NULL, word);
}

/* Which lists are not complete because a limit was reached; absent when all are. */
static void add_truncated(struct sp_json_page *page)
{
    const struct sp_evidence *evidence = page->evidence;
    struct cJSON *list = NULL;
    bool names = false;

    for (size_t i = 0; i < evidence->tls.cert_count; i++)
        names = names || evidence->tls.certs[i].names_cut;
    add_cut(page, &list, evidence->plain.cut || evidence->tls_ehlo.cut, "capabilities");
    add_cut(page, &list, evidence->tls.certs_cut, "certificates");
    add_cut(page, &list, names, "names");
    add_cut(page, &list, evidence->transcript.cut, "transcript");
}

void sp_json_write_result(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_result *result)
{
    struct sp_json_page page = {.result = result, .evidence = result->evidence, .render = render};

    sp_json_init(&page.json);
    add_verdict(&page);
    add_target(&page);
    add_timings(&page);
    add_attempts(&page);
    add_dns(&page);
    add_banner(&page);
    add_capabilities(&page);
    add_starttls(&page);
    sp_json_add_tls(&page);
    sp_json_add_certificates(&page);
    sp_json_add_verify(&page);
    sp_json_add_auth(&page);
    add_replies(&page);
    add_findings(&page);
    if (render->transcript)
        add_transcript(&page);
    add_truncated(&page);
    sp_json_write(&page.json, writer);
    sp_json_free(&page.json);
}
