/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modules that log in. Whoever can reach /probe chooses the target, so that without more he could have a
 * password sent to a server of his own, or in clear: the configuration has to say which servers there are, and
 * that TLS is required.
 */
#include "probe/auth.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "prometheus/config_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- user names --------------------------------------------------------------------------------- */

/* The variable's value for text[0..len), which is a name; NULL: said why not. */
static const char *find_variable(struct sp_config_reader *reader, const struct sp_yaml_node *value,
                                 const char *text, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    char quoted[SP_QUOTE_SIZE], name[128];
    if (len == 0 || len >= sizeof name || strspn(text, letters) < len ||
        (*text >= '0' && *text <= '9')) {
        sp_yaml_error(reader->yaml, value,
                      "user: %s is no name of a variable; write ${NAME}, or $$ for a dollar sign",
                      sp_quote(quoted, sizeof quoted, text, len));
        return NULL;
    }
    memcpy(name, text, len);
    name[len] = '\0';
    const char *found = getenv(name);
    if (found != NULL && *found != '\0')
        return found;
    sp_yaml_error(reader->yaml, value, "user: the variable %s is not set in the environment", name);
    return NULL;
}

const char *sp_config_expand(struct sp_config_reader *reader, const struct sp_yaml_node *value)
{
    struct sp_arena *arena = reader->config->arena;
    const char *text = value->text;
    const char *out = "";
    while (out != NULL && *text != '\0') {
        size_t len = strcspn(text, "$");
        const char *part = text, *end = text + len;
        int part_len = (int)len;
        if (len == 0 && text[1] == '$') {
            part_len = 1;
            end = text + 2;
        } else if (len == 0) {
            const char *brace = text[1] == '{' ? strchr(text, '}') : NULL;
            if (brace == NULL) {
                sp_yaml_error(reader->yaml, value,
                              "user: a dollar sign begins a variable, ${NAME}; write $$ for the "
                              "sign itself");
                return NULL;
            }
            part = find_variable(reader, value, text + 2, (size_t)(brace - text) - 2);
            if (part == NULL)
                return NULL;
            part_len = (int)strnlen(part, SP_LIMIT_LINE);
            end = brace + 1;
        }
        out = sp_arena_printf(arena, "%s%.*s", out, part_len, part);
        text = end;
    }
    if (out == NULL)
        sp_yaml_no_memory(reader->yaml);
    return out;
}

/* --- what is demanded --------------------------------------------------------------------------- */

static void check_login(struct sp_config_reader *reader, size_t index)
{
    const struct sp_module *module = &reader->config->modules[index];
    const struct sp_options *options = &module->options;
    const struct sp_yaml_node *name = reader->places[index].name;
    if (reader->config->settings.allow_target_count == 0)
        sp_yaml_error(reader->yaml, name,
                      "module %s logs in, so \"exporter\" must list the servers in allow_targets: "
                      "else whoever can reach /probe could have the password sent to a server of "
                      "his own",
                      module->name);
    if (options->tls != SP_TLS_STARTTLS && options->tls != SP_TLS_IMPLICIT &&
        !options->auth_insecure)
        sp_yaml_error(reader->yaml, sp_config_place_of(reader, index, "tls"),
                      "module %s logs in, so it must say \"tls: starttls\" or \"tls: implicit\": "
                      "else the target in a URL would decide whether there is TLS",
                      module->name);
}

void sp_config_check_logins(struct sp_config_reader *reader)
{
    /* Where something else is wrong, what these would say may be wrong too. */
    if (reader->yaml->error_count > 0)
        return;
    for (size_t i = 0; i < reader->config->module_count; i++) {
        if (sp_auth_wanted(&reader->config->modules[i].options))
            check_login(reader, i);
    }
}
