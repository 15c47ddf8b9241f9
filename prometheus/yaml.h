/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A YAML file as a small tree with the place of every node, for files that people write. Strict: one
 * document, keys that are text and stand there once, no tags, no merge keys. Anchors work; what aliases
 * blow up to is bounded. All mistakes are collected as lines "file:line:column: message"; only broken
 * syntax ends the reading at once.
 */
#ifndef SP_PROMETHEUS_YAML_H
#define SP_PROMETHEUS_YAML_H

#include "probe/arena.h"
#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_yaml_kind { SP_YAML_SCALAR, SP_YAML_LIST, SP_YAML_MAP };

struct sp_yaml_item;

/* Immutable, and perhaps in several places of the tree (aliases). */
struct sp_yaml_node {
    enum sp_yaml_kind kind;
    unsigned line, column; /* 1-based; columns count characters */
    const char *text;      /* of a scalar: UTF-8 without NUL inside; else NULL */
    bool plain;            /* a scalar written without quotes */
    const struct sp_yaml_item *items;
    size_t count;
    size_t weight; /* nodes in it, aliases followed */
};

struct sp_yaml_item {
    const struct sp_yaml_node *key; /* a scalar; NULL in a list */
    const struct sp_yaml_node *value;
};

struct sp_yaml {
    const char *name; /* the file, as messages name it */
    struct sp_buf *errors;
    size_t error_count; /* also of those that `errors` had no room for */
    bool out_of_memory; /* one of the errors was this */
    bool foreign;       /* another program's file: tags are passed over, merge keys are merged */
    struct sp_arena *arena; /* owns the tree */
    const struct sp_yaml_node *root;
};

/* Starts a reading. `name` and `errors` (one line for each mistake) are the caller's. */
void sp_yaml_init(struct sp_yaml *yaml, const char *name, struct sp_buf *errors);
void sp_yaml_free(struct sp_yaml *yaml);
/* Reads yaml->name, a regular file of at most SP_LIMIT_YAML_FILE octets, into `out`. False: an error was
 * added. */
bool sp_yaml_read_file(struct sp_yaml *yaml, struct sp_buf *out);
/* Makes the tree. False: there is none. With true there may still be errors (yaml->error_count); a key
 * that was there twice is in it once. A file without anything is null. */
bool sp_yaml_parse(struct sp_yaml *yaml, const char *text, size_t len);

/* Adds "file:line:column: message"; node NULL: "file: message". */
void sp_yaml_error(struct sp_yaml *yaml, const struct sp_yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds the error that memory is out, once. Always false. */
bool sp_yaml_no_memory(struct sp_yaml *yaml);
/* Adds `unknown key "prot" (did you mean "port"?)`. */
void sp_yaml_unknown_key(struct sp_yaml *yaml, const struct sp_yaml_node *key,
                         const char *const *candidates, size_t count);

/* The value of a mapping's key, or NULL. */
const struct sp_yaml_node *sp_yaml_find(const struct sp_yaml_node *map, const char *key);
/* Nothing, ~ or null, without quotes. */
bool sp_yaml_is_null(const struct sp_yaml_node *node);
/* These say what is wrong where `value` is of another kind (or, for a number or a boolean, can't be
 * one) and return false. `what` names the key. */
bool sp_yaml_want_map(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value);
bool sp_yaml_want_list(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value);
bool sp_yaml_want_scalar(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value);
bool sp_yaml_want_number(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value,
                         uint32_t min, uint32_t max, uint32_t *out_number);
bool sp_yaml_want_bool(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value,
                       bool *out_on);

/* Appends a scalar as YAML: plain where it reads back as the same text, else in double quotes. `text` is
 * UTF-8 or not; octets that are no UTF-8 become U+FFFD. False: no room or memory. */
bool sp_yaml_print_scalar(struct sp_buf *out, const char *text);

#endif
