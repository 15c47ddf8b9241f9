/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration file: modules (named sets of options) and what the exporter allows. Immutable once
 * loaded and counted by reference, so that a reload never touches a probe under way.
 *
 *   modules:  { NAME: { OPTION_KEY: value, … }, … }     keys: the options of endpoint scope, '_' for '-'
 *   exporter: { allow_targets, allow_params, max_in_flight, max_per_target, targets, … }
 */
#ifndef SP_PROMETHEUS_CONFIG_H
#define SP_PROMETHEUS_CONFIG_H

#include "probe/arena.h"
#include "probe/buf.h"
#include "probe/materials.h"
#include "probe/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_config;

/* An option of a module as its file has it. */
struct sp_config_setting {
    const struct sp_option_info *info;
    const char *const *values; /* more or fewer than one only where the option is a list */
    size_t count;
};

/* One module. Lives as long as its configuration. */
struct sp_module {
    const char *name;
    struct sp_options options; /* through sp_options_finish */
    const struct sp_materials
        *materials;     /* of the files it names, shared where they are the same */
    bool timeout_given; /* the module names a timeout; else only the scrape's counts */
    const struct sp_config_setting *settings; /* what the file says, in its order */
    size_t setting_count;
};

/* A target that is listed once, for /api/v1/sd and the page. */
struct sp_config_target {
    const char *target; /* one target word that can be probed */
    const char *module; /* the name of a module that is there; NULL: the file names none */
    const char *const *label_names, *const *label_values;
    size_t label_count;
};

struct sp_exporter_settings {
    const char *const
        *allow_targets;        /* as written: "*.example.org", "192.0.2.0/24", "mx.example.org" */
    size_t allow_target_count; /* 0: any */
    const char *const *allow_params; /* option keys that a URL may set, e.g. "server_name" */
    size_t allow_param_count;
    uint32_t max_in_flight;  /* 500 */
    uint32_t max_per_target; /* 4 */
    const struct sp_config_target *targets;
    size_t target_count;
};

/*
 * A relative ca_file or ca_dir starts from the file's directory (from memory: the working directory).
 * Reads `path`. NULL: `errors` gets one line for each problem, "file:line:column: message" (unknown keys
 * with a suggestion, wrong types, bad values, duplicates, unreadable CA files). The result has one
 * reference. Without a file (path NULL) the built-in module "smtp" with all defaults is there.
 */
struct sp_config *sp_config_load(const char *path, struct sp_buf *errors);
struct sp_config *sp_config_from_memory(const char *name, const char *text, size_t len,
                                        struct sp_buf *errors);
struct sp_config *sp_config_ref(struct sp_config *config);
void sp_config_unref(struct sp_config *config); /* NULL is allowed */
/* Digest of the file's octets, lower-case hex: tells whether a reload changes anything. */
const char *sp_config_digest(const struct sp_config *config);
const struct sp_module *sp_config_module(const struct sp_config *config,
                                         const char *name); /* or NULL */
size_t sp_config_module_count(const struct sp_config *config);
const struct sp_module *sp_config_module_at(const struct sp_config *config, size_t index);
const struct sp_exporter_settings *sp_config_settings(const struct sp_config *config);
/* The configuration in force as YAML, secrets as <secret>: for /config. False: out of memory. */
bool sp_config_print(const struct sp_config *config, struct sp_buf *out);
/* One module of it, in the same way, below "modules:". */
bool sp_config_print_module(const struct sp_module *module, struct sp_buf *out);

#endif
