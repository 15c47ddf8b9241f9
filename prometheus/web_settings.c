/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   tls_server_config:   cert | cert_file, key | key_file, client_ca | client_ca_file, client_auth_type,
 *                        client_allowed_sans, min_version, max_version, cipher_suites,
 *                        prefer_server_cipher_suites, curve_preferences
 *   http_server_config:  http2 (we speak HTTP/1.1 whatever it says), headers
 *   basic_auth_users:    NAME: HASH
 *   rate_limit:          interval, burst
 */
#include "prometheus/web_settings.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/secret.h"
#include "prometheus/duration.h"
#include "prometheus/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reader {
    struct sp_yaml yaml;
    struct sp_web_settings *settings;
};

/* A key of a mapping and what reads it. */
struct key {
    const char *name;
    void (*read)(struct reader *reader, const char *name, const struct sp_yaml_node *value);
};

static void read_map(struct reader *reader, const char *what, const struct sp_yaml_node *map,
                     const struct key *keys, size_t count)
{
    const char *names[16];
    if (sp_yaml_is_null(map) || !sp_yaml_want_map(&reader->yaml, what, map))
        return;
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_item *item = &map->items[i];
        size_t k = 0;
        while (k < count && strcmp(keys[k].name, item->key->text) != 0)
            k++;
        if (k == count)
            sp_yaml_unknown_key(&reader->yaml, item->key, names, count);
        else if (keys[k].read)
            keys[k].read(reader, keys[k].name, item->value);
    }
}

/* NULL: it is not text, which was said, or out of memory, or nothing. */
static const char *read_text(struct reader *reader, const char *what,
                             const struct sp_yaml_node *value)
{
    if (sp_yaml_is_null(value) || !sp_yaml_want_scalar(&reader->yaml, what, value))
        return NULL;
    const char *text = sp_arena_strdup(reader->settings->arena, value->text);
    if (!text)
        sp_yaml_no_memory(&reader->yaml);
    return text;
}

static void quote_error(struct reader *reader, const struct sp_yaml_node *node, const char *what,
                        const char *is)
{
    char quoted[SP_QUOTE_SIZE];
    sp_yaml_error(&reader->yaml, node, "\"%s\": %s %s", what,
                  sp_quote(quoted, sizeof quoted, node->text, strlen(node->text)), is);
}

/* --- tls_server_config ------------------------------------------------------------------------- */

static void read_file_name(struct reader *reader, const char *name,
                           const struct sp_yaml_node *value, struct sp_web_pem *pem)
{
    const char *text = read_text(reader, name, value);
    if (!text || !*text)
        return;
    const char *own = reader->yaml.name, *slash = strrchr(own, '/');
    if (text[0] != '/' && slash)
        text =
            sp_arena_printf(reader->settings->arena, "%.*s%s", (int)(slash - own + 1), own, text);
    pem->file = text;
    if (!text)
        sp_yaml_no_memory(&reader->yaml);
}

static void read_inline(struct reader *reader, const char *name, const struct sp_yaml_node *value,
                        struct sp_web_pem *pem)
{
    const char *text = read_text(reader, name, value);
    if (text && *text)
        pem->text = text;
}

static void read_cert(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    read_inline(reader, name, value, &reader->settings->certificate);
}

static void read_cert_file(struct reader *reader, const char *name,
                           const struct sp_yaml_node *value)
{
    read_file_name(reader, name, value, &reader->settings->certificate);
}

static void read_key(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    read_inline(reader, name, value, &reader->settings->key);
}

static void read_key_file(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    read_file_name(reader, name, value, &reader->settings->key);
}

static void read_client_ca(struct reader *reader, const char *name,
                           const struct sp_yaml_node *value)
{
    read_inline(reader, name, value, &reader->settings->client_ca);
}

static void read_client_ca_file(struct reader *reader, const char *name,
                                const struct sp_yaml_node *value)
{
    read_file_name(reader, name, value, &reader->settings->client_ca);
}

static void read_client_auth(struct reader *reader, const char *name,
                             const struct sp_yaml_node *value)
{
    static const struct {
        const char *name;
        enum sp_web_client_auth type;
    } types[] = {{"", SP_WEB_NO_CLIENT_CERT},
                 {"NoClientCert", SP_WEB_NO_CLIENT_CERT},
                 {"RequestClientCert", SP_WEB_REQUEST_CLIENT_CERT},
                 {"RequireAnyClientCert", SP_WEB_REQUIRE_ANY_CLIENT_CERT},
                 {"RequireClientCert", SP_WEB_REQUIRE_ANY_CLIENT_CERT}, /* its name of old */
                 {"VerifyClientCertIfGiven", SP_WEB_VERIFY_CLIENT_CERT_IF_GIVEN},
                 {"RequireAndVerifyClientCert", SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT}};
    const char *text = read_text(reader, name, value);
    for (size_t i = 0; text && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, text) == 0) {
            reader->settings->client_auth = types[i].type;
            return;
        }
    if (text)
        quote_error(reader, value, name,
                    "is not one of NoClientCert, RequestClientCert, RequireAnyClientCert, "
                    "VerifyClientCertIfGiven, RequireAndVerifyClientCert");
}

/* A list of texts; `known` NULL: any. False: an error was said. */
static bool read_list(struct reader *reader, const char *name, const struct sp_yaml_node *list,
                      bool (*known)(const char *), const char *const **out, size_t *out_count)
{
    if (sp_yaml_is_null(list))
        return true;
    if (!sp_yaml_want_list(&reader->yaml, name, list))
        return false;
    const char **texts =
        sp_arena_array(reader->settings->arena, list->count ? list->count : 1, sizeof *texts);
    if (!texts)
        return sp_yaml_no_memory(&reader->yaml);
    bool ok = true;
    for (size_t i = 0; i < list->count; i++) {
        const struct sp_yaml_node *item = list->items[i].value;
        texts[i] = sp_yaml_want_scalar(&reader->yaml, name, item)
                       ? sp_arena_strdup(reader->settings->arena, item->text)
                       : NULL;
        if (texts[i] && known && !known(texts[i])) {
            quote_error(reader, item, name, "is not known here");
            ok = false;
        }
        ok = ok && texts[i];
    }
    *out = texts;
    *out_count = list->count;
    return ok;
}

static void read_names(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    struct sp_web_settings *settings = reader->settings;
    read_list(reader, name, value, NULL, &settings->allowed_names, &settings->allowed_name_count);
    if (!sp_yaml_is_null(value) && value->kind == SP_YAML_LIST && value->count == 0)
        sp_yaml_error(&reader->yaml, value, "\"%s\": an empty list would let nobody in", name);
}

static void read_version(struct reader *reader, const struct sp_yaml_node *tls, const char *name,
                         unsigned *out_version)
{
    const struct sp_yaml_node *node = sp_yaml_find(tls, name);
    if (node && !sp_yaml_is_null(node) && sp_yaml_want_scalar(&reader->yaml, name, node) &&
        !sp_web_priority_version(node->text, out_version))
        quote_error(reader, node, name, "is not one of TLS10, TLS11, TLS12, TLS13");
}

static void read_priority(struct reader *reader, const struct sp_yaml_node *tls)
{
    struct sp_web_priority priority = {.min_version = 2, .max_version = 3};
    const struct sp_yaml_node *suites = sp_yaml_find(tls, "cipher_suites"),
                              *groups = sp_yaml_find(tls, "curve_preferences"),
                              *order = sp_yaml_find(tls, "prefer_server_cipher_suites");
    bool ours = true;
    read_version(reader, tls, "min_version", &priority.min_version);
    read_version(reader, tls, "max_version", &priority.max_version);
    if (priority.min_version > priority.max_version)
        sp_yaml_error(&reader->yaml, tls, "min_version is above max_version");
    if (suites)
        read_list(reader, "cipher_suites", suites, sp_web_priority_suite_known, &priority.suites,
                  &priority.suite_count);
    if (groups)
        read_list(reader, "curve_preferences", groups, sp_web_priority_group_known,
                  &priority.groups, &priority.group_count);
    if (order && !sp_yaml_is_null(order))
        sp_yaml_want_bool(&reader->yaml, "prefer_server_cipher_suites", order, &ours);
    priority.client_order = !ours;
    if (reader->yaml.error_count > 0)
        return;
    struct sp_buf text;
    sp_buf_init(&text, SP_LIMIT_LINE);
    if (sp_web_priority_write(&priority, &text))
        reader->settings->priority =
            sp_arena_strndup(reader->settings->arena, (const char *)text.data, text.len);
    if (!reader->settings->priority)
        sp_yaml_no_memory(&reader->yaml);
    sp_buf_free(&text);
}

static void check_pem(struct reader *reader, const struct sp_yaml_node *tls, const char *name,
                      const struct sp_web_pem *pem, bool needed)
{
    if (pem->file && pem->text)
        sp_yaml_error(&reader->yaml, tls, "both %s and %s_file; give one of them", name, name);
    else if (!pem->file && !pem->text && needed)
        sp_yaml_error(&reader->yaml, tls, "missing one of %s and %s_file", name, name);
}

static void check_tls(struct reader *reader, const struct sp_yaml_node *tls)
{
    const struct sp_web_settings *settings = reader->settings;
    enum sp_web_client_auth auth = settings->client_auth;
    bool verifies =
        auth == SP_WEB_VERIFY_CLIENT_CERT_IF_GIVEN || auth == SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
    bool requires =
        auth == SP_WEB_REQUIRE_ANY_CLIENT_CERT || auth == SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
    check_pem(reader, tls, "cert", &settings->certificate, true);
    check_pem(reader, tls, "key", &settings->key, true);
    check_pem(reader, tls, "client_ca", &settings->client_ca, verifies);
    if ((settings->client_ca.file || settings->client_ca.text) && auth == SP_WEB_NO_CLIENT_CERT)
        sp_yaml_error(&reader->yaml, tls, "client_ca without client_auth_type has no effect");
    if (settings->allowed_name_count > 0 && !requires)
        sp_yaml_error(&reader->yaml, tls,
                      "client_allowed_sans needs client_auth_type RequireAnyClientCert or "
                      "RequireAndVerifyClientCert");
}

static void read_tls(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    static const struct key keys[] = {{"cert", read_cert},
                                      {"cert_file", read_cert_file},
                                      {"key", read_key},
                                      {"key_file", read_key_file},
                                      {"client_ca", read_client_ca},
                                      {"client_ca_file", read_client_ca_file},
                                      {"client_auth_type", read_client_auth},
                                      {"client_allowed_sans", read_names},
                                      {"min_version", NULL}, /* read_priority */
                                      {"max_version", NULL},
                                      {"cipher_suites", NULL},
                                      {"prefer_server_cipher_suites", NULL},
                                      {"curve_preferences", NULL}};
    read_map(reader, name, value, keys, sizeof keys / sizeof *keys);
    if (sp_yaml_is_null(value) || value->kind != SP_YAML_MAP || value->count == 0)
        return;
    reader->settings->tls = true;
    check_tls(reader, value);
    read_priority(reader, value);
}

/* --- http_server_config ------------------------------------------------------------------------ */

static void read_http2(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    bool on;
    if (!sp_yaml_is_null(value))
        sp_yaml_want_bool(&reader->yaml, name, value, &on);
}

static void check_header(struct reader *reader, const struct sp_yaml_node *node, const char *name)
{
    for (const char *c = node->text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~') {
            quote_error(reader, node, name, "has octets that a header can't have");
            return;
        }
    bool frame = strcmp(name, "X-Frame-Options") == 0;
    if (*node->text && frame && strcasecmp(node->text, "deny") != 0 &&
        strcasecmp(node->text, "sameorigin") != 0)
        quote_error(reader, node, name, "is not one of deny, sameorigin");
    if (*node->text && strcmp(name, "X-Content-Type-Options") == 0 &&
        strcasecmp(node->text, "nosniff") != 0)
        quote_error(reader, node, name, "is not nosniff");
}

static void read_header(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    struct sp_web_settings *settings = reader->settings;
    const char *text = sp_yaml_is_null(value) ? "" : read_text(reader, name, value);
    /* A key that stands there twice was said already. */
    if (!text || settings->header_count == SP_WEB_HEADER_COUNT)
        return;
    if (!sp_yaml_is_null(value))
        check_header(reader, value, name);
    settings->headers[settings->header_count++] = (struct sp_web_header){name, text};
}

static void read_headers(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    static const struct key keys[SP_WEB_HEADER_COUNT] = {{"Content-Security-Policy", read_header},
                                                         {"Strict-Transport-Security", read_header},
                                                         {"X-Content-Type-Options", read_header},
                                                         {"X-Frame-Options", read_header},
                                                         {"X-XSS-Protection", read_header}};
    read_map(reader, name, value, keys, SP_WEB_HEADER_COUNT);
}

static void read_http(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    static const struct key keys[] = {{"http2", read_http2}, {"headers", read_headers}};
    read_map(reader, name, value, keys, sizeof keys / sizeof *keys);
}

/* --- basic_auth_users, rate_limit -------------------------------------------------------------- */

const char *sp_web_check_hash(const char *hash, unsigned *out_cost)
{
    /* "$2b$10$" and 53 characters of salt and hash. */
    static const char alphabet[] =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (hash[0] != '$' || hash[1] != '2' || !hash[2] || !strchr("aby", hash[2]) || hash[3] != '$')
        return "is not a bcrypt hash ($2a$, $2b$ or $2y$); make one with htpasswd -nBC 10 \"\"";
    if (strspn(hash + 4, "0123456789") != 2 || hash[6] != '$' || strspn(hash + 7, alphabet) != 53 ||
        hash[60] != '\0')
        return "is a bcrypt hash that was cut or changed";
    *out_cost = (unsigned)(hash[4] - '0') * 10 + (unsigned)(hash[5] - '0');
    if (*out_cost < 4)
        return "has a cost below 4";
    return *out_cost > SP_LIMIT_WEB_BCRYPT_COST
               ? "has a cost above 15: each check would take seconds"
               : NULL;
}

static void read_users(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    struct sp_web_settings *settings = reader->settings;
    if (sp_yaml_is_null(value) || !sp_yaml_want_map(&reader->yaml, name, value))
        return;
    if (value->count > SP_LIMIT_WEB_USERS) {
        sp_yaml_error(&reader->yaml, value, "more than %u users", SP_LIMIT_WEB_USERS);
        return;
    }
    struct sp_web_user *users =
        sp_arena_array(settings->arena, value->count ? value->count : 1, sizeof *users);
    for (size_t i = 0; users && i < value->count; i++) {
        const struct sp_yaml_node *user = value->items[i].key, *hash = value->items[i].value;
        if (!sp_yaml_want_scalar(&reader->yaml, "the password's hash", hash))
            continue;
        unsigned cost = 0;
        const char *wrong = sp_web_check_hash(hash->text, &cost);
        /* What stands there may be a password: it is not repeated. */
        if (strchr(user->text, ':'))
            sp_yaml_error(&reader->yaml, user, "\"%s\": a user name can't have a colon", name);
        if (wrong)
            sp_yaml_error(&reader->yaml, hash, "\"%s\": the value %s", name, wrong);
        if (cost > settings->bcrypt_cost)
            settings->bcrypt_cost = cost;
        users[i] = (struct sp_web_user){sp_arena_strdup(settings->arena, user->text),
                                        sp_arena_strdup(settings->arena, hash->text)};
        if (!users[i].name || !users[i].hash)
            sp_yaml_no_memory(&reader->yaml);
    }
    if (!users)
        sp_yaml_no_memory(&reader->yaml);
    settings->users = users;
    settings->user_count = users ? value->count : 0;
}

static void read_interval(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    if (!sp_yaml_is_null(value) && sp_yaml_want_scalar(&reader->yaml, name, value) &&
        !sp_duration_parse(value->text, &reader->settings->rate_interval_ns))
        quote_error(reader, value, name, "is not a duration up to 24h, such as 100ms or 1m30s");
}

static void read_burst(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    if (!sp_yaml_is_null(value))
        sp_yaml_want_number(&reader->yaml, name, value, 0, 100000, &reader->settings->rate_burst);
}

static void read_rate(struct reader *reader, const char *name, const struct sp_yaml_node *value)
{
    static const struct key keys[] = {{"interval", read_interval}, {"burst", read_burst}};
    read_map(reader, name, value, keys, sizeof keys / sizeof *keys);
    if (reader->settings->rate_interval_ns > 0 && reader->settings->rate_burst == 0)
        sp_yaml_error(&reader->yaml, value,
                      "\"%s\": without a burst of at least 1 every request "
                      "would be refused",
                      name);
}

/* --- the file ---------------------------------------------------------------------------------- */

static void read_root(struct reader *reader)
{
    static const struct key keys[] = {{"tls_server_config", read_tls},
                                      {"http_server_config", read_http},
                                      {"basic_auth_users", read_users},
                                      {"rate_limit", read_rate}};
    if (reader->yaml.root)
        read_map(reader, "the web configuration", reader->yaml.root, keys,
                 sizeof keys / sizeof *keys);
}

/* The tree had a copy of the key. */
static void wipe_key(const struct sp_yaml_node *root)
{
    const struct sp_yaml_node *tls =
        root && root->kind == SP_YAML_MAP ? sp_yaml_find(root, "tls_server_config") : NULL;
    const struct sp_yaml_node *key =
        tls && tls->kind == SP_YAML_MAP ? sp_yaml_find(tls, "key") : NULL;
    if (key && key->text)
        sp_secret_wipe((void *)(uintptr_t)key->text, strlen(key->text));
}

struct sp_web_settings *sp_web_settings_read(const char *path, struct sp_buf *errors)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_WEB_FILE * 4);
    struct reader reader = {.settings =
                                arena ? sp_arena_alloc(arena, sizeof *reader.settings) : NULL};
    struct sp_buf text;
    sp_yaml_init(&reader.yaml, path, errors);
    if (!reader.settings) {
        sp_yaml_no_memory(&reader.yaml);
        sp_arena_free(arena);
        return NULL;
    }
    reader.settings->arena = arena;
    if (sp_yaml_read_file(&reader.yaml, &text)) {
        if (sp_yaml_parse(&reader.yaml, (const char *)text.data, text.len))
            read_root(&reader);
        wipe_key(reader.yaml.root);
        sp_buf_wipe(&text);
    }
    bool ok = reader.yaml.error_count == 0;
    sp_yaml_free(&reader.yaml);
    if (ok)
        return reader.settings;
    sp_web_settings_free(reader.settings);
    return NULL;
}

void sp_web_settings_free(struct sp_web_settings *settings)
{
    if (!settings)
        return;
    if (settings->key.text)
        sp_secret_wipe((void *)(uintptr_t)settings->key.text, strlen(settings->key.text));
    sp_arena_free(settings->arena);
}
