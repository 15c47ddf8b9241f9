/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration in force as YAML that can be read again: what differs from the defaults. */
#include "prometheus/config_parts.h"

#include <string.h>

/* What is written but is the default all the same is left out. */
static bool is_default(const struct sp_config_setting *setting)
{
    const char *fallback = setting->info->fallback;
    return setting->count == 0 ||
           (setting->count == 1 && fallback != NULL && strcmp(setting->values[0], fallback) == 0);
}

static bool print_words(struct sp_buf *out, const char *const *words, size_t count)
{
    bool done = sp_buf_append_str(out, "[");
    for (size_t i = 0; done && i < count; i++)
        done = (i == 0 || sp_buf_append_str(out, ", ")) && sp_yaml_print_scalar(out, words[i]);
    return done && sp_buf_append_str(out, "]");
}

static bool print_setting(struct sp_buf *out, const struct sp_config_setting *setting)
{
    char key[SP_CONFIG_KEY_SIZE];
    if (!sp_buf_printf(out, "    %s: ", sp_config_key(key, sizeof key, setting->info)))
        return false;
    bool done = setting->count == 1 ? sp_yaml_print_scalar(out, setting->values[0])
                                    : print_words(out, setting->values, setting->count);
    return done && sp_buf_append_str(out, "\n");
}

static bool print_module(struct sp_buf *out, const struct sp_module *module)
{
    bool empty = true, done = sp_buf_append_str(out, "  ") &&
                              sp_yaml_print_scalar(out, module->name) &&
                              sp_buf_append_str(out, ":");
    for (size_t i = 0; done && i < module->setting_count; i++) {
        if (is_default(&module->settings[i]))
            continue;
        done = (!empty || sp_buf_append_str(out, "\n")) && print_setting(out, &module->settings[i]);
        empty = false;
    }
    return done && (!empty || sp_buf_append_str(out, " {}\n"));
}

static bool print_target(struct sp_buf *out, const struct sp_config_target *target)
{
    bool done = sp_buf_append_str(out, "    - target: ") &&
                sp_yaml_print_scalar(out, target->target) && sp_buf_append_str(out, "\n");
    if (done && target->module != NULL)
        done = sp_buf_append_str(out, "      module: ") &&
               sp_yaml_print_scalar(out, target->module) && sp_buf_append_str(out, "\n");
    if (done && target->label_count > 0)
        done = sp_buf_append_str(out, "      labels:\n");
    for (size_t i = 0; done && i < target->label_count; i++)
        done = sp_buf_append_str(out, "        ") &&
               sp_yaml_print_scalar(out, target->label_names[i]) && sp_buf_append_str(out, ": ") &&
               sp_yaml_print_scalar(out, target->label_values[i]) && sp_buf_append_str(out, "\n");
    return done;
}

static bool print_list(struct sp_buf *out, const char *key, const char *const *words, size_t count)
{
    return count == 0 || (sp_buf_printf(out, "  %s: ", key) && print_words(out, words, count) &&
                          sp_buf_append_str(out, "\n"));
}

/* The limits are always shown: nobody should have to know their defaults. */
static bool print_exporter(struct sp_buf *out, const struct sp_exporter_settings *settings)
{
    bool done =
        sp_buf_append_str(out, "exporter:\n") &&
        print_list(out, "allow_targets", settings->allow_targets, settings->allow_target_count) &&
        print_list(out, "allow_params", settings->allow_params, settings->allow_param_count) &&
        sp_buf_printf(out, "  max_in_flight: %u\n  max_per_target: %u\n", settings->max_in_flight,
                      settings->max_per_target);
    if (done && settings->target_count > 0)
        done = sp_buf_append_str(out, "  targets:\n");
    for (size_t i = 0; done && i < settings->target_count; i++)
        done = print_target(out, &settings->targets[i]);
    return done;
}

/* No option of this version is a secret; one that is has to become <secret> in print_setting. */
bool sp_config_print(const struct sp_config *config, struct sp_buf *out)
{
    bool done = sp_buf_append_str(out, "modules:\n");
    for (size_t i = 0; done && i < config->module_count; i++)
        done = print_module(out, &config->modules[i]);
    return done && print_exporter(out, &config->settings);
}

bool sp_config_print_module(const struct sp_module *module, struct sp_buf *out)
{
    return sp_buf_append_str(out, "modules:\n") && print_module(out, module);
}
