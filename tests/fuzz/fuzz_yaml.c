/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: a letter that says how to read it, then a file. 'c': the exporter's configuration, and what is
 * read must print as one that is read again and prints the same; 'b': blackbox_exporter's; else the tree
 * alone, whose places must lie in the file.
 */
#include "probe/limits.h"
#include "prometheus/config.h"
#include "prometheus/convert.h"
#include "prometheus/yaml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* The same text again; `errors` says nothing then. */
static void check_printed(const struct sp_config *config)
{
    struct sp_buf text, again, errors;
    sp_buf_init(&text, SP_LIMIT_PAGE);
    sp_buf_init(&again, SP_LIMIT_PAGE);
    sp_buf_init(&errors, SP_LIMIT_PAGE);
    need(sp_config_print(config, &text));
    struct sp_config *copy =
        sp_config_from_memory("printed", (const char *)text.data, text.len, &errors);
    need(copy != NULL && errors.len == 0);
    need(sp_config_print(copy, &again));
    need(again.len == text.len && memcmp(again.data, text.data, text.len) == 0);
    sp_config_unref(copy);
    sp_buf_free(&text);
    sp_buf_free(&again);
    sp_buf_free(&errors);
}

/* No file of the machine is read for a fuzzer, but the system's store. */
static bool names_a_file(const char *text, size_t size)
{
    return memmem(text, size, "ca_", 3) != NULL || memmem(text, size, "crl_", 4) != NULL ||
           memmem(text, size, "\\", 1) != NULL;
}

static void check_config(const char *text, size_t size)
{
    struct sp_buf errors;
    sp_buf_init(&errors, SP_LIMIT_PAGE);
    struct sp_config *config = sp_config_from_memory("fuzz", text, size, &errors);
    need((config == NULL) == (errors.len > 0));
    if (config != NULL) {
        check_printed(config);
    }
    sp_config_unref(config);
    sp_buf_free(&errors);
}

static void check_convert(const char *text, size_t size)
{
    struct sp_buf out, notes;
    sp_buf_init(&out, SP_LIMIT_PAGE);
    sp_buf_init(&notes, SP_LIMIT_PAGE);
    if (sp_convert_from_memory("fuzz", text, size, &out, &notes)) {
        struct sp_yaml yaml;
        struct sp_buf errors;
        sp_buf_init(&errors, SP_LIMIT_PAGE);
        sp_yaml_init(&yaml, "converted", &errors);
        need(sp_yaml_parse(&yaml, (const char *)out.data, out.len) && yaml.error_count == 0);
        sp_yaml_free(&yaml);
        /* It passes --config.check, unless that is what was said. */
        if (!names_a_file((const char *)out.data, out.len) &&
            memmem(notes.data, notes.len, "by hand", 7) == NULL) {
            struct sp_config *config =
                sp_config_from_memory("converted", (const char *)out.data, out.len, &errors);
            need(config != NULL && errors.len == 0);
            sp_config_unref(config);
        }
        sp_buf_free(&errors);
    } else {
        need(out.len == 0 && notes.len > 0);
    }
    sp_buf_free(&out);
    sp_buf_free(&notes);
}

static void check_node(const struct sp_yaml_node *node, unsigned lines)
{
    /* An empty value may stand behind the last line. */
    need(node->line >= 1 && node->line <= lines + 1 && node->column >= 1);
    need((node->kind == SP_YAML_SCALAR) == (node->text != NULL));
    for (size_t i = 0; i < node->count; i++) {
        const struct sp_yaml_node *key = node->items[i].key;
        need((node->kind == SP_YAML_MAP) == (key != NULL));
        /* No key is there twice: the first one found is this one. */
        need(key == NULL || sp_yaml_find(node, key->text) == node->items[i].value);
        check_node(node->items[i].value, lines);
    }
}

static void check_tree(const char *text, size_t size, bool foreign)
{
    struct sp_yaml yaml;
    struct sp_buf errors;
    unsigned lines = 1;
    for (size_t i = 0; i < size; i++) {
        /* LF, CR, and the last octets of NEL, LS and PS end a line. */
        lines += text[i] == '\n' || text[i] == '\r' || text[i] == '\x85' || text[i] == '\xA8' ||
                 text[i] == '\xA9';
    }
    sp_buf_init(&errors, SP_LIMIT_PAGE);
    sp_yaml_init(&yaml, "fuzz", &errors);
    yaml.foreign = foreign;
    bool parsed = sp_yaml_parse(&yaml, text, size);
    need(parsed == (yaml.root != NULL) && (parsed || errors.len > 0));
    if (parsed) {
        need(yaml.root->weight <= SP_LIMIT_YAML_NODES);
        check_node(yaml.root, lines);
    }
    sp_yaml_free(&yaml);
    sp_buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    if (data[0] == 'c' && !names_a_file(text, size - 1)) {
        check_config(text, size - 1);
    } else if (data[0] == 'b') {
        check_convert(text, size - 1);
    } else {
        check_tree(text, size - 1, data[0] == 'f');
    }
    return 0;
}
