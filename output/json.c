/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only file that knows the JSON library; and the output "json", one array of all results. */
#include "output/json.h"
#include "output/output.h"
#include "probe/limits.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void sp_json_init(struct sp_json *json)
{
    /* All text comes from one endpoint's arena; U+FFFD needs three octets for one. */
    sp_buf_init(&json->scratch, (size_t)3 * SP_LIMIT_ARENA);
    json->root = cJSON_CreateObject();
    json->out_of_memory = json->root == NULL;
}

void sp_json_free(struct sp_json *json)
{
    cJSON_Delete(json->root);
    json->root = NULL;
    sp_buf_free(&json->scratch);
}

void sp_json_write(const struct sp_json *json, struct sp_writer *writer)
{
    char *text = json->out_of_memory ? NULL : cJSON_PrintUnformatted(json->root);

    if (text == NULL) {
        sp_writer_fail(writer, ENOMEM);
        return;
    }
    sp_write_safe(writer, SP_SAFE_JSON_TEXT, text, strlen(text), 0);
    cJSON_free(text);
}

/* Takes `item` over, whatever happens, and returns it if it is in the document. */
static cJSON *put(struct sp_json *json, cJSON *into, const char *key, cJSON *item)
{
    if (item == NULL || into == NULL) {
        json->out_of_memory = json->out_of_memory || item == NULL;
        cJSON_Delete(item);
        return NULL;
    }
    cJSON_bool done =
        key == NULL ? cJSON_AddItemToArray(into, item) : cJSON_AddItemToObjectCS(into, key, item);
    if (!done) {
        json->out_of_memory = true;
        cJSON_Delete(item);
        return NULL;
    }
    return item;
}

cJSON *sp_json_object(struct sp_json *json, cJSON *into, const char *key)
{
    return put(json, into, key, cJSON_CreateObject());
}

cJSON *sp_json_array(struct sp_json *json, cJSON *into, const char *key)
{
    return put(json, into, key, cJSON_CreateArray());
}

void sp_json_text(struct sp_json *json, cJSON *into, const char *key, const char *data, size_t len)
{
    json->scratch.len = 0;
    if (!sp_safe_append(&json->scratch, SP_SAFE_JSON, data, len, 0) ||
        !sp_buf_append(&json->scratch, "", 1)) {
        json->out_of_memory = true;
        return;
    }
    put(json, into, key, cJSON_CreateString((const char *)json->scratch.data));
}

void sp_json_string(struct sp_json *json, cJSON *into, const char *key, const char *text)
{
    if (text == NULL)
        sp_json_null(json, into, key);
    else
        sp_json_text(json, into, key, text, strlen(text));
}

void sp_json_number(struct sp_json *json, cJSON *into, const char *key, const char *digits)
{
    put(json, into, key, cJSON_CreateRaw(digits));
}

void sp_json_integer(struct sp_json *json, cJSON *into, const char *key, int64_t value)
{
    char digits[24];

    /* Not as the library's double, which loses digits beyond 2^53 and prints by locale. */
    snprintf(digits, sizeof(digits), "%" PRId64, value);
    sp_json_number(json, into, key, digits);
}

void sp_json_bool(struct sp_json *json, cJSON *into, const char *key, bool value)
{
    put(json, into, key, cJSON_CreateBool(value));
}

void sp_json_null(struct sp_json *json, cJSON *into, const char *key)
{
    put(json, into, key, cJSON_CreateNull());
}

/* Element by element: ten thousand results never stand in memory as one tree or one text. */
static void write_array(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_report *report)
{
    sp_write_str(writer, "[");
    for (size_t i = 0; i < report->count && writer->error == 0; i++) {
        sp_write_str(writer, i == 0 ? "\n" : ",\n");
        sp_json_write_result(writer, render, &report->results[i]);
    }
    sp_write_str(writer, report->count == 0 ? "]\n" : "\n]\n");
}

const struct sp_output sp_output_json = {
    .name = "json",
    .streams = false,
    .report = write_array,
};
