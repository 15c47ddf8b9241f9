/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The section `exporter`: what may be probed, how much at a time, and the targets that are listed. */
#include "probe/endpoint.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "probe/nearest.h"
#include "prometheus/allow.h"
#include "prometheus/config_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIMIT_MAX 65535u

/* --- lists of words ----------------------------------------------------------------------------- */

typedef bool check_word(struct sp_config_reader *reader, const struct sp_yaml_node *word);

static bool is_repeated(const struct sp_yaml_node *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct sp_yaml_node *other = list->items[i].value;
        if (other->text != NULL && strcmp(other->text, list->items[index].value->text) == 0)
            return true;
    }
    return false;
}

/* The words that are good, in the order of the file. */
static const char *const *read_words(struct sp_config_reader *reader, const char *what,
                                     const struct sp_yaml_node *list, check_word *check,
                                     size_t *out_count)
{
    char quoted[SP_QUOTE_SIZE];

    if (!sp_yaml_want_list(reader->yaml, what, list))
        return NULL;
    if (list->count > SP_LIMIT_ALLOW) {
        sp_yaml_error(reader->yaml, list, "%s has more than %u entries", what, SP_LIMIT_ALLOW);
        return NULL;
    }
    const char **words = sp_arena_array(reader->config->arena, list->count, sizeof *words);
    if (words == NULL) {
        sp_yaml_no_memory(reader->yaml);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct sp_yaml_node *word = list->items[i].value;
        if (!sp_yaml_want_scalar(reader->yaml, what, word))
            continue;
        if (is_repeated(list, i))
            sp_yaml_error(reader->yaml, word, "%s: %s is there twice; remove one", what,
                          sp_quote(quoted, sizeof quoted, word->text, strlen(word->text)));
        else if (check(reader, word) && (words[*out_count] = sp_config_copy(reader, word->text)))
            ++*out_count;
    }
    return words;
}

static bool check_allowed_target(struct sp_config_reader *reader, const struct sp_yaml_node *word)
{
    char error[512];

    if (sp_allow_check(word->text, error, sizeof error))
        return true;
    sp_yaml_error(reader->yaml, word, "allow_targets: %s", error);
    return false;
}

static bool check_allowed_param(struct sp_config_reader *reader, const struct sp_yaml_node *word)
{
    char quoted[SP_QUOTE_SIZE], key[SP_CONFIG_KEY_SIZE];
    const struct sp_option_info *info = sp_option_find(word->text);

    sp_quote(quoted, sizeof quoted, word->text, strlen(word->text));
    bool one_endpoint = info == NULL || strcmp(info->name, "all-addresses") != 0;
    if (info != NULL && info->scope == SP_SCOPE_ENDPOINT && one_endpoint &&
        strchr(word->text, '-') == NULL)
        return true;
    const char *near = info != NULL ? info->name : sp_option_suggest(word->text, SP_SCOPE_ENDPOINT);
    if (info != NULL && (info->scope != SP_SCOPE_ENDPOINT || !one_endpoint))
        sp_yaml_error(reader->yaml, word, "allow_params: %s can't be set by a URL", quoted);
    else if (near != NULL)
        sp_yaml_error(reader->yaml, word, "allow_params: unknown option %s (did you mean \"%s\"?)",
                      quoted, sp_config_key(key, sizeof key, sp_option_find(near)));
    else
        sp_yaml_error(reader->yaml, word, "allow_params: unknown option %s", quoted);
    return false;
}

/* --- labels ------------------------------------------------------------------------------------- */

/* [a-zA-Z_][a-zA-Z0-9_]*; what begins with "__" is Prometheus' own, but for parameters of the URL. */
static bool check_label_name(struct sp_config_reader *reader, const struct sp_yaml_node *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    char quoted[SP_QUOTE_SIZE];
    const char *text = name->text, *why = NULL;

    if (*text == '\0' || (*text >= '0' && *text <= '9') || strspn(text, letters) != strlen(text))
        why = "it has letters, digits and _, and does not begin with a digit";
    else if (strlen(text) > SP_LIMIT_MODULE_NAME)
        why = "it is too long";
    else if (strcmp(text, "__param_target") == 0 || strcmp(text, "__param_module") == 0)
        why = "it is made from the keys target and module";
    else if (strncmp(text, "__", 2) == 0 && strncmp(text, "__param_", 8) != 0)
        why = "names with two underscores in front are Prometheus' own";
    if (why == NULL)
        return true;
    sp_yaml_error(reader->yaml, name, "%s can't be a label's name: %s",
                  sp_quote(quoted, sizeof quoted, text, strlen(text)), why);
    return false;
}

static void read_labels(struct sp_config_reader *reader, const struct sp_yaml_node *map,
                        struct sp_config_target *target)
{
    struct sp_arena *arena = reader->config->arena;

    if (!sp_yaml_want_map(reader->yaml, "labels", map))
        return;
    if (map->count > SP_LIMIT_LABELS) {
        sp_yaml_error(reader->yaml, map, "a target has at most %u labels", SP_LIMIT_LABELS);
        return;
    }
    const char **names = sp_arena_array(arena, map->count, sizeof *names);
    const char **values = sp_arena_array(arena, map->count, sizeof *values);
    if (names == NULL || values == NULL) {
        sp_yaml_no_memory(reader->yaml);
        return;
    }
    target->label_names = names;
    target->label_values = values;
    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_node *name = map->items[i].key, *value = map->items[i].value;
        size_t at = target->label_count;
        if (!check_label_name(reader, name) || !sp_yaml_want_scalar(reader->yaml, "a label", value))
            continue;
        if (strlen(value->text) > SP_LIMIT_LABEL_VALUE) {
            sp_yaml_error(reader->yaml, value, "a label has at most %u octets",
                          SP_LIMIT_LABEL_VALUE);
            continue;
        }
        names[at] = sp_config_copy(reader, name->text);
        values[at] = sp_config_copy(reader, value->text);
        target->label_count += names[at] != NULL && values[at] != NULL;
    }
}

/* --- targets ------------------------------------------------------------------------------------ */

/* A target of the list, while it is read. */
struct listed {
    const struct sp_config_target *target;
    const struct sp_yaml_node *place;
};

struct target_reader {
    struct sp_config_reader *reader;
    struct sp_allow *allow; /* NULL: has mistakes of its own */
};

static bool check_target(struct target_reader *self, const struct sp_yaml_node *word,
                         const struct sp_options *options)
{
    struct sp_config_reader *reader = self->reader;
    struct sp_endpoint endpoint = {0};
    size_t len = strlen(word->text);

    if (len == 0 || strpbrk(word->text, " \t\r\n") != NULL || *word->text == '@' ||
        *word->text == '#') {
        sp_yaml_error(
            reader->yaml, word,
            "a target is one word such as mx.example.org:25; options belong into a module");
        return false;
    }
    if (!sp_endpoint_parse(reader->yaml->arena, word->text, len, options, &endpoint))
        return sp_yaml_no_memory(reader->yaml);
    if (endpoint.invalid != NULL)
        sp_yaml_error(reader->yaml, word, "%s", endpoint.invalid);
    else if (self->allow != NULL && sp_allow_target(self->allow, &endpoint) == SP_ALLOW_NO)
        sp_yaml_error(reader->yaml, word, "this target is not in allow_targets; add it there");
    else
        return true;
    return false;
}

static const struct sp_module *find_module(struct sp_config_reader *reader,
                                           const struct sp_yaml_node *name)
{
    char quoted[SP_QUOTE_SIZE];
    const struct sp_module *module = sp_config_module(reader->config, name->text);
    struct sp_nearest nearest = {.word = name->text};

    if (module != NULL)
        return module;
    /* What is not shown needs no search: many modules for many targets. */
    for (size_t i = 0;
         i < reader->config->module_count && reader->yaml->error_count < SP_LIMIT_YAML_ERRORS; i++)
        sp_nearest_offer(&nearest, reader->config->modules[i].name);
    sp_quote(quoted, sizeof quoted, name->text, strlen(name->text));
    if (nearest.best != NULL)
        sp_yaml_error(reader->yaml, name, "there is no module %s (did you mean \"%s\"?)", quoted,
                      nearest.best);
    else
        sp_yaml_error(reader->yaml, name, "there is no module %s; add it to \"modules\"", quoted);
    return NULL;
}

static void read_target_map(struct target_reader *self, const struct sp_yaml_node *map,
                            struct sp_config_target *target)
{
    struct sp_config_reader *reader = self->reader;
    static const char *const keys[] = {"target", "module", "labels"};
    const struct sp_yaml_node *word = NULL;
    const struct sp_options *options = &reader->defaults;

    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_item *item = &map->items[i];
        const char *key = item->key->text;
        if (strcmp(key, "target") == 0) {
            word = item->value;
        } else if (strcmp(key, "module") == 0) {
            const struct sp_module *module = sp_yaml_want_scalar(reader->yaml, key, item->value)
                                                 ? find_module(reader, item->value)
                                                 : NULL;
            target->module = module != NULL ? module->name : NULL;
            options = module != NULL ? &module->options : options;
        } else if (strcmp(key, "labels") == 0) {
            read_labels(reader, item->value, target);
        } else {
            sp_yaml_unknown_key(reader->yaml, item->key, keys, COUNT(keys));
        }
    }
    if (word == NULL)
        sp_yaml_error(reader->yaml, map, "this entry has no target; add \"target: HOST:PORT\"");
    else if (sp_yaml_want_scalar(reader->yaml, "target", word) && check_target(self, word, options))
        target->target = sp_config_copy(reader, word->text);
}

static int compare_listed(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int order = strcmp(x->target->target, y->target->target);
    if (order == 0)
        order = strcmp(x->target->module != NULL ? x->target->module : "",
                       y->target->module != NULL ? y->target->module : "");
    return order != 0 ? order : (x->target > y->target) - (x->target < y->target);
}

static void check_repeated(struct sp_config_reader *reader, struct listed *listed, size_t count)
{
    char quoted[SP_QUOTE_SIZE];

    if (count > 1)
        qsort(listed, count, sizeof *listed, compare_listed);
    for (size_t i = 1; i < count; i++) {
        const struct sp_config_target *first = listed[i - 1].target, *target = listed[i].target;
        if (strcmp(first->target, target->target) == 0 && first->module == target->module)
            sp_yaml_error(
                reader->yaml, listed[i].place,
                "the target %s is there twice with one module (first on line %u); remove one",
                sp_quote(quoted, sizeof quoted, target->target, strlen(target->target)),
                listed[i - 1].place->line);
    }
}

static void read_targets(struct target_reader *self, const struct sp_yaml_node *list)
{
    struct sp_config_reader *reader = self->reader;
    struct sp_exporter_settings *settings = &reader->config->settings;

    if (!sp_yaml_want_list(reader->yaml, "targets", list))
        return;
    struct sp_config_target *targets =
        sp_arena_array(reader->config->arena, list->count, sizeof *targets);
    struct listed *listed = sp_arena_array(reader->yaml->arena, list->count, sizeof *listed);
    if (targets == NULL || listed == NULL) {
        sp_yaml_no_memory(reader->yaml);
        return;
    }
    settings->targets = targets;
    for (size_t i = 0; i < list->count; i++) {
        const struct sp_yaml_node *entry = list->items[i].value;
        struct sp_config_target *target = &targets[settings->target_count];
        *target = (struct sp_config_target){0};
        if (entry->kind == SP_YAML_MAP)
            read_target_map(self, entry, target);
        else if (sp_yaml_want_scalar(reader->yaml, "a target", entry) &&
                 check_target(self, entry, &reader->defaults))
            target->target = sp_config_copy(reader, entry->text);
        if (target->target != NULL)
            listed[settings->target_count++] = (struct listed){.target = target, .place = entry};
    }
    check_repeated(reader, listed, settings->target_count);
}

/* Each of them must be one that a scrape may ask for. */
static void read_allowed_targets(struct sp_config_reader *reader, const struct sp_yaml_node *list)
{
    char error[512];
    const struct sp_exporter_settings *settings = &reader->config->settings;
    struct target_reader self = {.reader = reader};

    self.allow =
        sp_allow_new(settings->allow_targets, settings->allow_target_count, error, sizeof error);
    if (self.allow == NULL)
        sp_yaml_error(reader->yaml, list, "%s", error);
    read_targets(&self, list);
    sp_allow_free(self.allow);
}

/* --- the section -------------------------------------------------------------------------------- */

void sp_config_read_exporter(struct sp_config_reader *reader, const struct sp_yaml_node *section)
{
    static const char *const keys[] = {"allow_targets", "allow_params", "max_in_flight",
                                       "max_per_target", "targets"};
    struct sp_exporter_settings *settings = &reader->config->settings;

    const struct sp_yaml_node *targets = NULL;

    if (!sp_yaml_want_map(reader->yaml, "exporter", section))
        return;
    for (size_t i = 0; i < section->count; i++) {
        const struct sp_yaml_item *item = &section->items[i];
        const char *key = item->key->text;
        if (strcmp(key, "allow_targets") == 0)
            settings->allow_targets = read_words(reader, key, item->value, check_allowed_target,
                                                 &settings->allow_target_count);
        else if (strcmp(key, "allow_params") == 0)
            settings->allow_params = read_words(reader, key, item->value, check_allowed_param,
                                                &settings->allow_param_count);
        else if (strcmp(key, "max_in_flight") == 0)
            sp_yaml_want_number(reader->yaml, key, item->value, 1, LIMIT_MAX,
                                &settings->max_in_flight);
        else if (strcmp(key, "max_per_target") == 0)
            sp_yaml_want_number(reader->yaml, key, item->value, 1, LIMIT_MAX,
                                &settings->max_per_target);
        else if (strcmp(key, "targets") == 0)
            targets = item->value;
        else
            sp_yaml_unknown_key(reader->yaml, item->key, keys, COUNT(keys));
    }
    if (targets != NULL)
        read_allowed_targets(reader, targets);
}
