/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The login's member of a result's JSON object. */
#include "output/facts.h"
#include "output/json_parts.h"

static void add_offered(struct sp_json_page *page, struct cJSON *into)
{
    const struct sp_ehlo *ehlo = sp_evidence_ehlo(page->evidence);
    if (!ehlo->ok) {
        sp_json_null(&page->json, into, "offered");
        return;
    }
    struct cJSON *list = sp_json_array(&page->json, into, "offered");
    for (size_t i = 0; i < ehlo->auth_count; i++)
        sp_json_string(&page->json, list, NULL, ehlo->auth[i]);
}

void sp_json_add_auth(struct sp_json_page *page)
{
    const struct sp_auth *auth = &page->evidence->auth;
    struct sp_json *json = &page->json;

    if (!sp_fact_login_tried(auth))
        return;
    struct cJSON *object = sp_json_object(json, json->root, "auth");
    add_offered(page, object);
    sp_json_string(json, object, "mechanism", auth->mechanism);
    sp_json_string(json, object, "channel_binding", auth->channel_binding);
    sp_json_string(json, object, "result", sp_fact_auth_result(auth->result));
    if (auth->reply != NULL)
        sp_json_integer(json, object, "code", auth->reply->code);
    else
        sp_json_null(json, object, "code");
    sp_json_string(json, object, "enhanced", auth->reply != NULL ? auth->reply->enhanced : NULL);
    sp_json_bool(json, object, "server_proven", auth->server_proven);
    sp_json_integer(json, object, "rounds", auth->rounds);
    if (auth->iterations > 0)
        sp_json_integer(json, object, "iterations", auth->iterations);
    if (auth->server_said != NULL)
        sp_json_string(json, object, "server_said", auth->server_said);
    sp_json_bool(json, object, "exposed", auth->exposed);
}
