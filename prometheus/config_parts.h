/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files config*.c share; for no one else. */
#ifndef SP_PROMETHEUS_CONFIG_PARTS_H
#define SP_PROMETHEUS_CONFIG_PARTS_H

#include "prometheus/config.h"
#include "prometheus/yaml.h"

/* What modules with the same files share. */
struct sp_config_materials {
    const struct sp_options *options; /* of the first of them */
    bool verify;
    struct sp_materials materials; /* empty when something can't be read, and that was said */
    struct sp_config_materials *next;
};

struct sp_config {
    unsigned references;
    struct sp_arena *arena; /* of all strings and lists, and of this */
    char digest[65];
    struct sp_module *modules;
    size_t module_count;
    struct sp_config_materials *materials;
    struct sp_exporter_settings settings;
};

/* Where a module stands in the file, for what is found out after all was read. */
struct sp_config_places {
    const struct sp_yaml_node *name;
    const struct sp_yaml_node **settings; /* of each of the module's settings */
};

struct sp_config_reader {
    struct sp_yaml *yaml;
    struct sp_config *config;
    const char *directory;           /* of the file, or NULL */
    struct sp_config_places *places; /* of each module */
    struct sp_options defaults;      /* finished */
};

/* These read one section each; mistakes go to reader->yaml. */
void sp_config_read_modules(struct sp_config_reader *reader, const struct sp_yaml_node *section);
void sp_config_read_exporter(struct sp_config_reader *reader, const struct sp_yaml_node *section);
/* Loads what the modules name by files, after both sections are read. */
void sp_config_load_materials(struct sp_config_reader *reader);
/* What is demanded of modules that log in, after both sections are read. */
void sp_config_check_logins(struct sp_config_reader *reader);

/* Where the file says what option `name` is; the module's name when it doesn't. */
const struct sp_yaml_node *sp_config_place_of(const struct sp_config_reader *reader,
                                              size_t module_index, const char *name);
/*
 * The user's name with "${NAME}" replaced by that variable of the environment and "$$" by '$'; in the
 * configuration's arena. NULL: said why not.
 */
const char *sp_config_expand(struct sp_config_reader *reader, const struct sp_yaml_node *value);

/* A copy in the configuration's arena; NULL after saying that memory is out. */
const char *sp_config_copy(struct sp_config_reader *reader, const char *text);
/* Options speak of "--tls-min"; a file says tls_min. Quoted text stays. Returns out. */
const char *sp_config_reword(char *out, size_t size, const char *message);
/* The key of an option: its name with '_'. Returns out. */
const char *sp_config_key(char *out, size_t size, const struct sp_option_info *info);

#define SP_CONFIG_KEY_SIZE 48u

#endif
