/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Building one JSON document and writing it, over a library that only json.c knows. Running out of
 * memory is remembered by the document: every function may be called after it and does nothing, and
 * sp_json_write then writes nothing at all, so there is never half a document.
 */
#ifndef SP_OUTPUT_JSON_H
#define SP_OUTPUT_JSON_H

#include "checks/check.h"
#include "output/writer.h"
#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON; /* the library's value: an object or array that others are put into */

struct sp_json {
    struct cJSON *root;
    struct sp_buf scratch;
    bool out_of_memory;
};

/* Starts an object. Free it always. */
void sp_json_init(struct sp_json *json);
void sp_json_free(struct sp_json *json);
/* Writes the document on one line without a line end. Out of memory: the writer's error is ENOMEM. */
void sp_json_write(const struct sp_json *json, struct sp_writer *writer);

/*
 * All of them put a value into `into`: a member named `key` (a string that outlives the document) of
 * an object, or, with key NULL, the next element of an array. `into` NULL does nothing.
 */
struct cJSON *sp_json_object(struct sp_json *json, struct cJSON *into, const char *key);
struct cJSON *sp_json_array(struct sp_json *json, struct cJSON *into, const char *key);
/* Text from anywhere: what is no UTF-8 becomes U+FFFD. */
void sp_json_text(struct sp_json *json, struct cJSON *into, const char *key, const char *data,
                  size_t len);
/* The same up to its NUL; NULL becomes null. */
void sp_json_string(struct sp_json *json, struct cJSON *into, const char *key, const char *text);
/* A number that is already written in JSON's form. */
void sp_json_number(struct sp_json *json, struct cJSON *into, const char *key, const char *digits);
void sp_json_integer(struct sp_json *json, struct cJSON *into, const char *key, int64_t value);
void sp_json_bool(struct sp_json *json, struct cJSON *into, const char *key, bool value);
void sp_json_null(struct sp_json *json, struct cJSON *into, const char *key);

struct sp_render;
/* One endpoint's object, as smtp-probe.schema.json describes it, without a line end. */
void sp_json_write_result(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_result *result);

#endif
