/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration as a whole: reading, references, lookup. */
#include "prometheus/config.h"

#include "probe/crypto.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "prometheus/config_parts.h"
#include "prometheus/yaml.h"

#include <stdlib.h>
#include <string.h>

static const char DEFAULT_TEXT[] = "modules: {smtp: {}}\n";

#define NO_MODULES "add at least \"modules: {smtp: {}}\""
#define MAX_IN_FLIGHT 500u
#define MAX_PER_TARGET 4u

/* --- parts -------------------------------------------------------------------------------------- */

const char *sp_config_copy(struct sp_config_reader *reader, const char *text)
{
    const char *copy = sp_arena_strdup(reader->config->arena, text);
    if (copy == NULL)
        sp_yaml_no_memory(reader->yaml);
    return copy;
}

const char *sp_config_key(char *out, size_t size, const struct sp_option_info *info)
{
    size_t i = 0;
    for (; info->name[i] != '\0' && i + 1 < size; i++)
        out[i] = info->name[i] == '-' ? '_' : info->name[i];
    out[i] = '\0';
    return out;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

const char *sp_config_reword(char *out, size_t size, const char *message)
{
    size_t len = 0;
    bool quoted = false, option = false;

    for (const char *c = message; *c != '\0' && len + 1 < size; c++) {
        bool boundary = c == message || c[-1] == ' ';
        if (*c == '"' && (c == message || c[-1] != '\\'))
            quoted = !quoted;
        if (!quoted && boundary && strncmp(c, "--", 2) == 0 && is_letter(c[2])) {
            option = true;
            c += 2;
        } else if (!quoted && boundary && *c == '-' && (c[1] == '4' || c[1] == '6') &&
                   len + 5 < size) {
            memcpy(out + len, "ipv", 3);
            len += 3;
            continue;
        }
        option = option && (is_letter(*c) || *c == '-');
        out[len++] = *c;
        if (option && *c == '-')
            out[len - 1] = '_';
    }
    out[len] = '\0';
    return out;
}

/* --- reading ------------------------------------------------------------------------------------ */

/* Keys that people put here who mean another file. */
static const char *find_other_file(const char *key)
{
    static const char *const web[] = {"tls_server_config", "http_server_config", "basic_auth_users",
                                      "rate_limit"};
    for (size_t i = 0; i < sizeof web / sizeof web[0]; i++) {
        if (strcmp(key, web[i]) == 0)
            return "it belongs into the file of --web.config.file";
    }
    return NULL;
}

/* Modules first, wherever they stand: targets name them. */
static void read_top(struct sp_config_reader *reader)
{
    static const char *const keys[] = {"modules", "exporter"};
    struct sp_yaml *yaml = reader->yaml;
    const struct sp_yaml_node *modules = sp_yaml_find(yaml->root, keys[0]);

    if (sp_yaml_is_null(yaml->root)) {
        sp_yaml_error(yaml, NULL, "there is nothing in the file; " NO_MODULES);
        return;
    }
    if (!sp_yaml_want_map(yaml, "the file", yaml->root))
        return;
    if (modules == NULL)
        sp_yaml_error(yaml, yaml->root, "there are no modules; " NO_MODULES);
    else
        sp_config_read_modules(reader, modules);
    for (size_t i = 0; i < yaml->root->count; i++) {
        const struct sp_yaml_item *item = &yaml->root->items[i];
        const char *hint = find_other_file(item->key->text);
        if (strcmp(item->key->text, "exporter") == 0)
            sp_config_read_exporter(reader, item->value);
        else if (hint != NULL)
            sp_yaml_error(yaml, item->key, "unknown key \"%s\"; %s", item->key->text, hint);
        else if (strcmp(item->key->text, "modules") != 0)
            sp_yaml_unknown_key(yaml, item->key, keys, sizeof keys / sizeof keys[0]);
    }
    sp_config_check_logins(reader);
    sp_config_load_materials(reader);
}

static struct sp_config *create_config(struct sp_yaml *yaml, const char *text, size_t len)
{
    struct sp_slice octets = {.data = (const uint8_t *)text, .len = len};
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_CONFIG_ARENA);
    struct sp_config *config = arena != NULL ? sp_arena_alloc(arena, sizeof *config) : NULL;

    if (config == NULL || !sp_crypto_sha256_hex(octets, config->digest)) {
        sp_arena_free(arena);
        sp_yaml_no_memory(yaml);
        return NULL;
    }
    config->references = 1;
    config->arena = arena;
    config->settings.max_in_flight = MAX_IN_FLIGHT;
    config->settings.max_per_target = MAX_PER_TARGET;
    return config;
}

static void fill_config(struct sp_yaml *yaml, struct sp_config *config, const char *directory)
{
    char error[512];
    struct sp_config_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        sp_yaml_no_memory(yaml);
        return;
    }
    reader->yaml = yaml;
    reader->config = config;
    reader->directory = directory;
    sp_options_init(&reader->defaults);
    if (sp_options_finish(&reader->defaults, config->arena, error, sizeof error))
        read_top(reader);
    else
        sp_yaml_error(yaml, NULL, "%s", error);
    free(reader);
}

static struct sp_config *read_config(struct sp_yaml *yaml, const char *directory, const char *text,
                                     size_t len)
{
    struct sp_config *config = NULL;

    if (sp_yaml_parse(yaml, text, len) && (config = create_config(yaml, text, len)) != NULL)
        fill_config(yaml, config, directory);
    if (yaml->error_count > 0) {
        sp_config_unref(config);
        config = NULL;
    }
    return config;
}

struct sp_config *sp_config_from_memory(const char *name, const char *text, size_t len,
                                        struct sp_buf *errors)
{
    struct sp_yaml yaml;

    sp_yaml_init(&yaml, name, errors);
    struct sp_config *config = read_config(&yaml, NULL, text, len);
    sp_yaml_free(&yaml);
    return config;
}

struct sp_config *sp_config_load(const char *path, struct sp_buf *errors)
{
    struct sp_yaml yaml;
    struct sp_buf text;
    struct sp_config *config = NULL;

    if (path == NULL)
        return sp_config_from_memory("(no file)", DEFAULT_TEXT, sizeof DEFAULT_TEXT - 1, errors);
    sp_yaml_init(&yaml, path, errors);
    if (!sp_yaml_read_file(&yaml, &text))
        return NULL;
    const char *slash = strrchr(path, '/');
    char *directory = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : NULL;
    if (slash != NULL && directory == NULL)
        sp_yaml_no_memory(&yaml);
    else
        config =
            read_config(&yaml, directory, text.len > 0 ? (const char *)text.data : "", text.len);
    free(directory);
    sp_buf_free(&text);
    sp_yaml_free(&yaml);
    return config;
}

/* --- references and lookup ---------------------------------------------------------------------- */

struct sp_config *sp_config_ref(struct sp_config *config)
{
    config->references++;
    return config;
}

void sp_config_unref(struct sp_config *config)
{
    if (config == NULL || --config->references > 0)
        return;
    for (struct sp_config_materials *held = config->materials; held != NULL; held = held->next)
        sp_materials_free(&held->materials);
    sp_arena_free(config->arena);
}

const char *sp_config_digest(const struct sp_config *config)
{
    return config->digest;
}

const struct sp_module *sp_config_module(const struct sp_config *config, const char *name)
{
    for (size_t i = 0; i < config->module_count; i++) {
        if (strcmp(config->modules[i].name, name) == 0)
            return &config->modules[i];
    }
    return NULL;
}

size_t sp_config_module_count(const struct sp_config *config)
{
    return config->module_count;
}

const struct sp_module *sp_config_module_at(const struct sp_config *config, size_t index)
{
    return &config->modules[index];
}

const struct sp_exporter_settings *sp_config_settings(const struct sp_config *config)
{
    return &config->settings;
}
