/* SPDX-License-Identifier: GPL-3.0-or-later */
/* blackbox_exporter's file, module by module; its dialogues are read in convert_dialogue.c. */
#include "prometheus/convert.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "prometheus/config_parts.h"
#include "prometheus/convert_parts.h"
#include "prometheus/duration.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- writing ------------------------------------------------------------------------------------ */

void sp_conversion_note(struct sp_conversion *self, const struct sp_yaml_node *place,
                        const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    /* One line of a comment, whatever it quotes: YAML ends lines in more ways than LF. */
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7F)
            *c = '?';
    }
    if (!sp_buf_printf(self->notes, "%s:%u:%u: module %s: %s\n", self->yaml->name, place->line,
                       place->column, self->module, message) ||
        !sp_buf_printf(&self->comments, "    # line %u: %s\n", place->line, message))
        sp_yaml_no_memory(self->yaml);
}

/* Sets the option as the line will, so that what can't be read again is not written. */
static bool try_option(struct sp_conversion *self, const struct sp_yaml_node *place,
                       const char *key, const char *value)
{
    char error[512], worded[512];

    if (sp_option_set(&self->options, self->yaml->arena, sp_option_find(key), value, error,
                      sizeof error))
        return true;
    sp_conversion_note(self, place, "not converted: %s",
                       sp_config_reword(worded, sizeof worded, error));
    return false;
}

void sp_conversion_set(struct sp_conversion *self, const struct sp_yaml_node *place,
                       const char *key, const char *value)
{
    if (try_option(self, place, key, value) &&
        (!sp_buf_printf(&self->lines, "    %s: ", key) ||
         !sp_yaml_print_scalar(&self->lines, value) || !sp_buf_append_str(&self->lines, "\n")))
        sp_yaml_no_memory(self->yaml);
}

void sp_conversion_set_list(struct sp_conversion *self, const char *key, const char *const *values,
                            const struct sp_yaml_node *const *places, size_t count)
{
    bool done = true, begun = false;

    for (size_t i = 0; done && i < count; i++) {
        if (!try_option(self, places[i], key, values[i]))
            continue;
        done = (begun ? sp_buf_append_str(&self->lines, ", ")
                      : sp_buf_printf(&self->lines, "    %s: [", key)) &&
               sp_yaml_print_scalar(&self->lines, values[i]);
        begun = true;
    }
    if (!done || (begun && !sp_buf_append_str(&self->lines, "]\n")))
        sp_yaml_no_memory(self->yaml);
}

static void note_key(struct sp_conversion *self, const struct sp_yaml_node *key, const char *why)
{
    char quoted[SP_QUOTE_SIZE];
    sp_conversion_note(self, key, "%s is not converted: %s",
                       sp_quote(quoted, sizeof quoted, key->text, strlen(key->text)), why);
}

const struct sp_yaml_node *sp_conversion_find_text(struct sp_conversion *self,
                                                   const struct sp_yaml_node *map, const char *key)
{
    const struct sp_yaml_node *value = sp_yaml_find(map, key);
    if (value == NULL || sp_yaml_is_null(value) || !sp_yaml_want_scalar(self->yaml, key, value))
        return NULL;
    return *value->text != '\0' ? value : NULL;
}

/* --- single keys -------------------------------------------------------------------------------- */

static void convert_timeout(struct sp_conversion *self, const struct sp_yaml_node *value)
{
    char text[32];
    uint64_t ns;

    if (sp_yaml_is_null(value) || !sp_yaml_want_scalar(self->yaml, "timeout", value))
        return;
    if (!sp_duration_parse(value->text, &ns)) {
        sp_conversion_note(self, value, "timeout is not converted: it is no duration up to 24h");
        return;
    }
    if (ns == 0) /* stands for none there */
        return;
    uint64_t ms = (ns + 999999) / 1000000;
    snprintf(text, sizeof text, ms % 1000 == 0 ? "%llus" : "%llums",
             (unsigned long long)(ms % 1000 == 0 ? ms / 1000 : ms));
    sp_conversion_set(self, value, "timeout", text);
}

static void convert_version(struct sp_conversion *self, const struct sp_yaml_node *value,
                            const char *key)
{
    static const char *const versions[][2] = {
        {"TLS10", "1.1"}, {"TLS11", "1.1"}, {"TLS12", "1.2"}, {"TLS13", "1.3"}};

    for (size_t i = 0; i < COUNT(versions); i++) {
        if (strcmp(value->text, versions[i][0]) != 0)
            continue;
        if (i == 0)
            sp_conversion_note(self, value, "TLS 1.0 can't be spoken; 1.1 stands instead");
        sp_conversion_set(self, value, key, versions[i][1]);
        return;
    }
    sp_conversion_note(self, value, "%s is not converted: it is none of TLS10 TLS11 TLS12 TLS13",
                       key);
}

/* *out_skip: certificates are not judged. */
static void convert_tls_config(struct sp_conversion *self, const struct sp_yaml_node *map,
                               bool *out_skip)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_node *key = map->items[i].key, *value = map->items[i].value;
        if (sp_yaml_is_null(value) || (value->kind == SP_YAML_SCALAR && *value->text == '\0'))
            continue;
        if (!sp_yaml_want_scalar(self->yaml, key->text, value))
            continue;
        if (strcmp(key->text, "insecure_skip_verify") == 0) {
            if (sp_yaml_want_bool(self->yaml, key->text, value, out_skip) && *out_skip)
                sp_conversion_set(self, value, "verify", "off");
        } else if (strcmp(key->text, "ca_file") == 0 || strcmp(key->text, "server_name") == 0) {
            sp_conversion_set(self, value, key->text, value->text);
        } else if (strcmp(key->text, "min_version") == 0) {
            convert_version(self, value, "tls_min");
        } else if (strcmp(key->text, "max_version") == 0) {
            convert_version(self, value, "tls_max");
        } else if (strcmp(key->text, "ca") == 0) {
            note_key(self, key, "write the certificates into a file, and name it by ca_file");
        } else if (strncmp(key->text, "cert", 4) == 0 || strncmp(key->text, "key", 3) == 0) {
            note_key(self, key, "client certificates are not in this version");
        } else {
            note_key(self, key, "there is no such option");
        }
    }
}

/* One address a probe of a preferred family there, both families side by side here; only a family that
 * is forced is the same. Whatever is not ip6 is IPv4 there. */
static void convert_family(struct sp_conversion *self, const struct sp_yaml_node *prober)
{
    const struct sp_yaml_node *preferred =
        sp_conversion_find_text(self, prober, "preferred_ip_protocol");
    const struct sp_yaml_node *fallback = sp_yaml_find(prober, "ip_protocol_fallback");
    bool may_fall_back = true, ipv4 = preferred != NULL && strcmp(preferred->text, "ip6") != 0;

    if (fallback != NULL && !sp_yaml_is_null(fallback) &&
        !sp_yaml_want_bool(self->yaml, "ip_protocol_fallback", fallback, &may_fall_back))
        return;
    if (!may_fall_back)
        sp_conversion_set(self, fallback, ipv4 ? "ipv4" : "ipv6", "yes");
    else if (ipv4)
        sp_conversion_note(
            self, preferred,
            "preferred_ip_protocol is not converted: both families are tried side by "
            "side; for IPv4 only write \"ipv4: yes\"");
}

/* --- one module --------------------------------------------------------------------------------- */

static void convert_tls(struct sp_conversion *self, const struct sp_yaml_node *prober,
                        enum sp_conversion_tls tls, const struct sp_yaml_node *place)
{
    static const char *const modes[] = {[SP_CONVERSION_NO_TLS] = "none",
                                        [SP_CONVERSION_STARTTLS] = "starttls",
                                        [SP_CONVERSION_IMPLICIT_TLS] = "implicit"};
    const struct sp_yaml_node *config = sp_yaml_find(prober, "tls_config");
    bool skip = false;

    sp_conversion_set(self, place, "tls", modes[tls]);
    if (config != NULL &&
        (sp_yaml_is_null(config) || !sp_yaml_want_map(self->yaml, "tls_config", config) ||
         config->count == 0))
        config = NULL;
    if (config != NULL && tls != SP_CONVERSION_NO_TLS)
        convert_tls_config(self, config, &skip);
    else if (config != NULL)
        sp_conversion_note(self, config, "tls_config is not converted: no TLS is used here");
    if (tls != SP_CONVERSION_NO_TLS && !skip)
        sp_conversion_set(self, place, "cert_critical", "~:");
}

static void convert_prober(struct sp_conversion *self, const struct sp_yaml_node *prober,
                           const struct sp_yaml_node *place)
{
    static const char *const known[] = {"preferred_ip_protocol",
                                        "ip_protocol_fallback",
                                        "source_ip_address",
                                        "query_response",
                                        "tls",
                                        "tls_config"};
    const struct sp_yaml_node *tls = sp_yaml_find(prober, "tls");
    const struct sp_yaml_node *source = sp_conversion_find_text(self, prober, "source_ip_address");
    bool implicit = false;

    if (tls != NULL && !sp_yaml_is_null(tls))
        sp_yaml_want_bool(self->yaml, "tls", tls, &implicit);
    enum sp_conversion_tls mode =
        sp_conversion_read_steps(self, sp_yaml_find(prober, "query_response"));
    if (implicit && mode == SP_CONVERSION_STARTTLS)
        sp_conversion_note(self, tls, "STARTTLS inside of TLS is not converted");
    convert_tls(self, prober, implicit ? SP_CONVERSION_IMPLICIT_TLS : mode, place);
    convert_family(self, prober);
    if (source != NULL)
        sp_conversion_set(self, source, "source_address", source->text);
    for (size_t i = 0; i < prober->count; i++) {
        size_t k = 0;
        while (k < COUNT(known) && strcmp(prober->items[i].key->text, known[k]) != 0)
            k++;
        if (k == COUNT(known))
            note_key(self, prober->items[i].key, "there is no such option");
    }
}

static void convert_module(struct sp_conversion *self, const struct sp_yaml_item *item,
                           const struct sp_yaml_node *prober, const char *kind)
{
    char error[512], worded[512];

    sp_options_init(&self->options);
    convert_prober(self, prober, item->key);
    for (size_t i = 0; i < item->value->count; i++) {
        const struct sp_yaml_node *key = item->value->items[i].key;
        if (strcmp(key->text, "timeout") == 0)
            convert_timeout(self, item->value->items[i].value);
        else if (strcmp(key->text, "prober") != 0 && strcmp(key->text, kind) != 0)
            note_key(self, key, "the prober of this module does not use it");
    }
    if (strcmp(kind, "unix") == 0)
        sp_conversion_note(self, item->key,
                           "the target is now written lmtp+unix:/PATH, and LMTP is "
                           "spoken");
    if (!sp_options_finish(&self->options, self->yaml->arena, error, sizeof error))
        sp_conversion_note(self, item->key, "correct this by hand: %s",
                           sp_config_reword(worded, sizeof worded, error));
}

/* --- the file ----------------------------------------------------------------------------------- */

/* Why a module is not ours to convert; NULL: it is, and *out_prober has its details. */
static const char *find_prober(const struct sp_yaml_item *item, const char **out_kind,
                               const struct sp_yaml_node **out_prober)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
    const struct sp_yaml_node *prober = sp_yaml_find(item->value, "prober");
    size_t len = strlen(item->key->text);

    if (prober == NULL || prober->kind != SP_YAML_SCALAR)
        return "it names no prober";
    if (strcmp(prober->text, "tcp") != 0 && strcmp(prober->text, "unix") != 0)
        return "its prober is neither tcp nor unix";
    *out_kind = strcmp(prober->text, "tcp") == 0 ? "tcp" : "unix";
    *out_prober = sp_yaml_find(item->value, *out_kind);
    if (*out_prober == NULL || (*out_prober)->kind != SP_YAML_MAP ||
        !sp_conversion_is_smtp(sp_yaml_find(*out_prober, "query_response")))
        return "it does not speak SMTP";
    if (len == 0 || len > SP_LIMIT_MODULE_NAME || strspn(item->key->text, letters) != len)
        return "its name can't be used here; rename it";
    return NULL;
}

static bool append_module(struct sp_conversion *self, const char *name, struct sp_buf *out)
{
    return sp_buf_append_str(out, "  ") && sp_yaml_print_scalar(out, name) &&
           sp_buf_append_str(out, ":\n") &&
           sp_buf_append(out, self->comments.data, self->comments.len) &&
           sp_buf_append(out, self->lines.data, self->lines.len);
}

/* Converts all modules into `out` and names the others in `skipped`. */
static size_t convert_modules(struct sp_yaml *yaml, struct sp_buf *notes,
                              const struct sp_yaml_node *modules, struct sp_buf *out,
                              struct sp_buf *skipped)
{
    size_t converted = 0;

    for (size_t i = 0; i < modules->count && !yaml->out_of_memory; i++) {
        char quoted[SP_QUOTE_SIZE];
        const struct sp_yaml_item *item = &modules->items[i];
        const struct sp_yaml_node *prober = NULL;
        const char *kind = NULL, *why = find_prober(item, &kind, &prober);
        if (why != NULL) {
            sp_quote(quoted, sizeof quoted, item->key->text, strlen(item->key->text));
            if (!sp_buf_printf(skipped, "#   line %u: %s: %s\n", item->key->line, quoted, why) ||
                !sp_buf_printf(notes, "%s:%u:%u: module %s is skipped: %s\n", yaml->name,
                               item->key->line, item->key->column, quoted, why))
                sp_yaml_no_memory(yaml);
            continue;
        }
        struct sp_conversion self = {.yaml = yaml, .notes = notes, .module = item->key->text};
        sp_buf_init(&self.comments, SP_LIMIT_CONVERTED);
        sp_buf_init(&self.lines, SP_LIMIT_CONVERTED);
        convert_module(&self, item, prober, kind);
        if (append_module(&self, item->key->text, out))
            converted++;
        else
            sp_yaml_no_memory(yaml);
        sp_buf_free(&self.comments);
        sp_buf_free(&self.lines);
    }
    return converted;
}

static size_t convert_tree(struct sp_yaml *yaml, struct sp_buf *notes, struct sp_buf *out)
{
    struct sp_buf skipped;
    const struct sp_yaml_node *modules = sp_yaml_find(yaml->root, "modules");
    size_t converted = 0;
    static const char head[] =
        "# Converted by smtp-probe-exporter --convert.\n"
        "# With cert_critical \"~:\" a certificate fails the probe when it has ended, as before; without\n"
        "# that line it does so 7 days earlier.\n"
        "modules:\n";

    if (modules == NULL || modules->kind != SP_YAML_MAP) {
        sp_yaml_error(yaml, yaml->root,
                      "there are no modules here; is this a configuration of blackbox_exporter?");
        return 0;
    }
    sp_buf_init(&skipped, SP_LIMIT_CONVERTED);
    if (!sp_buf_append_str(out, head))
        sp_yaml_no_memory(yaml);
    converted = convert_modules(yaml, notes, modules, out, &skipped);
    if (skipped.len > 0 && (!sp_buf_append_str(out, "\n# Skipped:\n") ||
                            !sp_buf_append(out, skipped.data, skipped.len)))
        sp_yaml_no_memory(yaml);
    sp_buf_free(&skipped);
    if (converted == 0)
        sp_yaml_error(yaml, modules, "no module of this file speaks SMTP");
    return yaml->out_of_memory ? 0 : converted;
}

static bool convert_text(struct sp_yaml *yaml, const char *text, size_t len, struct sp_buf *out,
                         struct sp_buf *notes)
{
    size_t before = out->len;

    /* What blackbox_exporter refuses as well, such as a key that is there twice, is not guessed at. */
    if (sp_yaml_parse(yaml, text, len) && yaml->error_count == 0 &&
        convert_tree(yaml, notes, out) > 0)
        return true;
    out->len = before;
    return false;
}

bool sp_convert_from_memory(const char *name, const char *text, size_t len, struct sp_buf *out,
                            struct sp_buf *notes)
{
    struct sp_yaml yaml;

    sp_yaml_init(&yaml, name, notes);
    yaml.foreign = true;
    bool done = convert_text(&yaml, text, len, out, notes);
    sp_yaml_free(&yaml);
    return done;
}

bool sp_convert(const char *path, struct sp_buf *out, struct sp_buf *notes)
{
    struct sp_yaml yaml;
    struct sp_buf text;

    sp_yaml_init(&yaml, path, notes);
    if (!sp_yaml_read_file(&yaml, &text))
        return false;
    bool done = sp_convert_from_memory(path, text.len > 0 ? (const char *)text.data : "", text.len,
                                       out, notes);
    sp_buf_free(&text);
    return done;
}
