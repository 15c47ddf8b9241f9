/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files that fill in one result's JSON object: for nobody else. */
#ifndef SP_OUTPUT_JSON_PARTS_H
#define SP_OUTPUT_JSON_PARTS_H

#include "output/json.h"
#include "output/output.h"

/* What is filled in: the document, the result and its facts. */
struct sp_json_page {
    struct sp_json json;
    const struct sp_render *render;
    const struct sp_result *result;
    const struct sp_evidence *evidence;
};

/* Nanoseconds as milliseconds. */
void sp_json_add_ms(struct sp_json_page *page, struct cJSON *into, const char *key, int64_t ns);
/* An instant; null when it is not `known` or can't be written. */
void sp_json_add_instant(struct sp_json_page *page, struct cJSON *into, const char *key, bool known,
                         int64_t unix_ms);
/* A text made by one of the functions of facts.h, which returned `built`, in a buffer of its own, which is
 * freed. */
void sp_json_add_built(struct sp_json_page *page, struct cJSON *into, const char *key,
                       struct sp_buf *text, bool built);

/* The members of these names. */
void sp_json_add_tls(struct sp_json_page *page);
void sp_json_add_certificates(struct sp_json_page *page);
void sp_json_add_verify(struct sp_json_page *page);
void sp_json_add_auth(struct sp_json_page *page);

#endif
