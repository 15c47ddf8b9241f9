/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The section `modules`: each is a set of options, read by the parser of the command line. */
#include "checks/check.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "probe/nearest.h"
#include "probe/option_auth.h"
#include "prometheus/config_parts.h"

#include <stdio.h>
#include <string.h>

#define KEYS_MAX SP_OPTIONS_MAX

/* --- keys --------------------------------------------------------------------------------------- */

/* Options of scope PROGRAM that a module has all the same. */
static bool is_module_option(const struct sp_option_info *info)
{
    static const char *const names[] = {"ca-file",       "ca-dir",     "crl-file",
                                        "cert",          "key",        "key-password-file",
                                        "password-file", "token-file", "dns-server"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(info->name, names[i]) == 0)
            return true;
    }
    return info->scope == SP_SCOPE_ENDPOINT;
}

static bool is_list_option(const struct sp_option_info *info)
{
    return info->metavar != NULL &&
           (strstr(info->metavar, "[,") != NULL || strcmp(info->metavar, "[PHASE=]RANGE") == 0);
}

/* Why a key that means something elsewhere can't stand here; NULL: nobody knows it. */
static const char *explain_key(const char *key)
{
    static const char *const later[] = {"proxy",
                                        "proxy_password_file",
                                        "proxy_protocol",
                                        "preset",
                                        "dnssec",
                                        "mx_verdict",
                                        "dane",
                                        "mta_sts",
                                        "all_certificates",
                                        "from",
                                        "rcpt",
                                        "send"};
    static const struct {
        const char *key, *why;
    } others[] = {
        {"password_fd", "it can be read only once; give password_file"},
        {"password_env", "it can be read only once; give password_file"},
        {"concurrency", "the exporter's limit is max_in_flight in \"exporter\""},
        {"per_host", "the exporter's limit is max_per_target in \"exporter\""},
        {"rate", "the scrapes of Prometheus decide how often is probed"},
        {"prober", "this is blackbox_exporter's format; --convert FILE prints it in this one"},
        {"tcp", "this is blackbox_exporter's format; --convert FILE prints it in this one"},
        {"http", "HTTP is not probed; keep blackbox_exporter for it"},
        {"icmp", "ICMP is not probed; keep blackbox_exporter for it"},
    };
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (strcmp(key, later[i]) == 0)
            return "this version does not have it yet; remove the key";
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(key, others[i].key) == 0)
            return others[i].why;
    }
    if (sp_option_would_be_secret(key))
        return "no key takes a secret itself; give password_file or token_file";
    return NULL;
}

static void refuse_key(struct sp_config_reader *reader, const struct sp_yaml_node *key)
{
    char keys[KEYS_MAX][SP_CONFIG_KEY_SIZE];
    const char *candidates[KEYS_MAX];
    size_t count = 0;
    const char *why = explain_key(key->text);

    if (why != NULL) {
        sp_yaml_error(reader->yaml, key, "\"%s\" can't be used in a module: %s", key->text, why);
        return;
    }
    const struct sp_option_info *info = sp_option_find(key->text);
    if (info != NULL && strchr(key->text, '-') == NULL) {
        sp_yaml_error(reader->yaml, key,
                      "\"%s\" can't be used in a module: it is for the command line only",
                      key->text);
        return;
    }
    for (size_t i = 0; i < sp_option_count() && count < KEYS_MAX; i++) {
        if (is_module_option(sp_option_at(i))) {
            candidates[count] = sp_config_key(keys[count], sizeof keys[count], sp_option_at(i));
            count++;
        }
    }
    sp_yaml_unknown_key(reader->yaml, key, candidates, count);
}

/* --- values ------------------------------------------------------------------------------------- */

struct module_reader {
    struct sp_config_reader *reader;
    struct sp_module *module;
    struct sp_config_places *places;
    struct sp_config_setting *settings;
};

/* Sets the option and keeps the text as the next one of `values`, which are the setting's. */
static bool set_value(struct module_reader *self, struct sp_config_setting *setting,
                      const char **values, const struct sp_yaml_node *value)
{
    char error[512], worded[512], key[SP_CONFIG_KEY_SIZE];
    struct sp_yaml *yaml = self->reader->yaml;

    sp_config_key(key, sizeof key, setting->info);
    if (!sp_yaml_want_scalar(yaml, key, value))
        return false;
    const char *said = value->text;
    if (setting->info->metavar == NULL) { /* a flag, in any of YAML's spellings */
        bool on;
        if (!sp_yaml_want_bool(yaml, key, value, &on))
            return false;
        said = on ? "yes" : "no";
    }
    const char *meant = said;
    if (strcmp(setting->info->name, "user") == 0 &&
        (meant = sp_config_expand(self->reader, value)) == NULL)
        return false;
    if (!sp_option_set(&self->module->options, self->reader->config->arena, setting->info, meant,
                       error, sizeof error)) {
        sp_yaml_error(yaml, value, "%s", sp_config_reword(worded, sizeof worded, error));
        return false;
    }
    if (self->module->options.all_addresses) {
        sp_yaml_error(yaml, value,
                      "\"%s\" can't be used in a module: a request probes one endpoint; list "
                      "each address as a target",
                      key);
        self->module->options.all_addresses = false;
        return false;
    }
    const char *text = sp_config_copy(self->reader, said);
    if (text == NULL)
        return false;
    values[setting->count++] = text;
    return true;
}

static void read_option(struct module_reader *self, const struct sp_yaml_item *item)
{
    struct sp_yaml *yaml = self->reader->yaml;
    const struct sp_option_info *info = sp_option_find(item->key->text);
    const struct sp_yaml_node *value = item->value;

    if (info == NULL || !is_module_option(info) || strchr(item->key->text, '-') != NULL) {
        refuse_key(self->reader, item->key);
        return;
    }
    bool list = value->kind == SP_YAML_LIST && is_list_option(info);
    struct sp_config_setting *setting = &self->settings[self->module->setting_count];
    const char **values =
        sp_arena_array(self->reader->config->arena, list ? value->count : 1, sizeof *values);
    *setting = (struct sp_config_setting){.info = info, .values = values};
    if (values == NULL) {
        sp_yaml_no_memory(yaml);
        return;
    }
    if (list) {
        for (size_t i = 0; i < value->count; i++)
            set_value(self, setting, values, value->items[i].value);
    } else if (!set_value(self, setting, values, value)) {
        return;
    }
    self->places->settings[self->module->setting_count++] = value;
    self->module->timeout_given |= strcmp(info->name, "timeout") == 0;
}

/* --- one module --------------------------------------------------------------------------------- */

static bool check_name(struct sp_config_reader *reader, const struct sp_yaml_node *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
    char quoted[SP_QUOTE_SIZE];
    size_t len = strlen(name->text);

    if (len > 0 && len <= SP_LIMIT_MODULE_NAME && strspn(name->text, letters) == len)
        return true;
    sp_yaml_error(reader->yaml, name,
                  "%s can't be a module's name; it has 1 to %u letters, digits, or one of _ . : -",
                  sp_quote(quoted, sizeof quoted, name->text, len), SP_LIMIT_MODULE_NAME);
    return false;
}

/* A relative path starts where the file is. */
static bool anchor_path(struct sp_config_reader *reader, const char **path)
{
    if (*path == NULL || **path == '/' || reader->directory == NULL)
        return true;
    *path = sp_arena_printf(reader->config->arena, "%s%s", reader->directory, *path);
    return *path != NULL || sp_yaml_no_memory(reader->yaml);
}

/* Unless it is the name of what systemd gave. */
static bool anchor_secret(struct sp_config_reader *reader, const char **path)
{
    return (*path != NULL && sp_credentials_from_systemd(*path)) || anchor_path(reader, path);
}

/* Also of a module with mistakes: its files are looked at all the same. */
static bool anchor_paths(struct sp_config_reader *reader, struct sp_options *options)
{
    for (size_t i = 0; i < options->crl_files.count; i++) {
        if (!anchor_path(reader, &options->crl_files.items[i]))
            return false;
    }
    return anchor_path(reader, &options->ca_file) && anchor_path(reader, &options->ca_dir) &&
           anchor_path(reader, &options->cert) && anchor_path(reader, &options->key) &&
           anchor_path(reader, &options->key_password_file) &&
           anchor_secret(reader, &options->password_file) &&
           anchor_secret(reader, &options->token_file);
}

/* What can only be told of all options together. */
static void finish_module(struct module_reader *self)
{
    char error[512], worded[512];
    struct sp_config_reader *reader = self->reader;
    struct sp_options *options = &self->module->options;
    struct sp_target_list none = {0};

    if (options->ehlo_name == NULL)
        options->ehlo_name = reader->defaults.ehlo_name;
    if (!sp_options_finish(options, reader->config->arena, error, sizeof error) ||
        !sp_options_check_login(options, error, sizeof error))
        sp_yaml_error(reader->yaml, self->places->name, "module %s: %s", self->module->name,
                      sp_config_reword(worded, sizeof worded, error));
    else if (!sp_checks_validate(options, &none, error, sizeof error))
        sp_yaml_error(reader->yaml,
                      sp_config_place_of(reader, reader->config->module_count - 1, "expect"), "%s",
                      sp_config_reword(worded, sizeof worded, error));
}

static void read_module(struct sp_config_reader *reader, const struct sp_yaml_item *item)
{
    char what[SP_LIMIT_MODULE_NAME + 32];
    struct sp_config *config = reader->config;
    size_t mistakes = reader->yaml->error_count;

    if (!check_name(reader, item->key))
        return;
    snprintf(what, sizeof what, "module %s", item->key->text);
    if (sp_yaml_is_null(item->value)) {
        sp_yaml_error(reader->yaml, item->value, "%s has no value; give it options, or {} for none",
                      what);
        return;
    }
    if (!sp_yaml_want_map(reader->yaml, what, item->value))
        return;
    struct module_reader self = {.reader = reader,
                                 .module = &config->modules[config->module_count],
                                 .places = &reader->places[config->module_count]};
    self.module->name = sp_config_copy(reader, item->key->text);
    self.settings = sp_arena_array(config->arena, item->value->count, sizeof *self.settings);
    self.module->settings = self.settings;
    self.places->settings =
        sp_arena_array(reader->yaml->arena, item->value->count, sizeof *self.places->settings);
    if (self.module->name == NULL || self.settings == NULL || self.places->settings == NULL) {
        sp_yaml_no_memory(reader->yaml);
        return;
    }
    self.places->name = item->key;
    sp_options_init(&self.module->options);
    config->module_count++;
    for (size_t i = 0; i < item->value->count; i++)
        read_option(&self, &item->value->items[i]);
    if (anchor_paths(reader, &self.module->options) && reader->yaml->error_count == mistakes)
        finish_module(&self);
}

void sp_config_read_modules(struct sp_config_reader *reader, const struct sp_yaml_node *section)
{
    struct sp_config *config = reader->config;

    if (!sp_yaml_want_map(reader->yaml, "modules", section))
        return;
    if (section->count == 0) {
        sp_yaml_error(reader->yaml, section,
                      "there are no modules; add at least one, as in \"smtp: {}\"");
        return;
    }
    if (section->count > SP_LIMIT_MODULES) {
        sp_yaml_error(reader->yaml, section, "there are more than %u modules", SP_LIMIT_MODULES);
        return;
    }
    config->modules = sp_arena_array(config->arena, section->count, sizeof *config->modules);
    reader->places = sp_arena_array(reader->yaml->arena, section->count, sizeof *reader->places);
    if (config->modules == NULL || reader->places == NULL) {
        sp_yaml_no_memory(reader->yaml);
        return;
    }
    for (size_t i = 0; i < section->count; i++)
        read_module(reader, &section->items[i]);
}

/* --- files that modules name --------------------------------------------------------------------- */

/* Whether a probe with this module may judge a certificate. */
static bool wants_verdict(const struct sp_config *config, const struct sp_module *module)
{
    for (size_t i = 0; i < config->settings.allow_param_count; i++) {
        if (strcmp(config->settings.allow_params[i], "verify") == 0)
            return true;
    }
    return module->options.verify != SP_VERIFY_OFF;
}

const struct sp_yaml_node *sp_config_place_of(const struct sp_config_reader *reader,
                                              size_t module_index, const char *name)
{
    const struct sp_module *module = &reader->config->modules[module_index];
    const struct sp_config_places *places = &reader->places[module_index];

    for (size_t i = 0; i < module->setting_count; i++) {
        if (strcmp(module->settings[i].info->name, name) == 0)
            return places->settings[i];
    }
    return places->name;
}

static void load_materials(struct sp_config_reader *reader, struct sp_config_materials *held,
                           size_t module_index, bool logins)
{
    char error[512], worded[512];
    const char *option;

    if (!sp_materials_load(held->options, held->verify, &held->materials, &option, error,
                           sizeof error) ||
        (logins && !sp_materials_load_login(&held->materials, held->options, NULL, &option, error,
                                            sizeof error)))
        sp_yaml_error(reader->yaml, sp_config_place_of(reader, module_index, option), "%s",
                      sp_config_reword(worded, sizeof worded, error));
    else if (held->materials.trust != NULL && !sp_trust_prepare(held->materials.trust))
        sp_yaml_no_memory(reader->yaml);
}

void sp_config_load_materials(struct sp_config_reader *reader)
{
    struct sp_config *config = reader->config;
    /* What is missing for a login may stand where the mistake is. */
    bool logins = reader->yaml->error_count == 0;

    for (size_t i = 0; i < config->module_count; i++) {
        struct sp_module *module = &config->modules[i];
        struct sp_config_materials *held = config->materials;
        bool verify = wants_verdict(config, module);
        while (held != NULL &&
               (held->verify != verify || !sp_materials_same(held->options, &module->options)))
            held = held->next;
        if (held == NULL) {
            held = sp_arena_alloc(config->arena, sizeof *held);
            if (held == NULL) {
                sp_yaml_no_memory(reader->yaml);
                return;
            }
            *held = (struct sp_config_materials){
                .options = &module->options, .verify = verify, .next = config->materials};
            config->materials = held;
            load_materials(reader, held, i, logins);
        }
        module->materials = &held->materials;
    }
}
