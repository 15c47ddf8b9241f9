/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/options.h"

#include "probe/machine.h"
#include "probe/nearest.h"
#include "probe/option_kinds.h"

#include <stdio.h>
#include <string.h>

static const struct sp_option_row rows[] = {
#define SP_OPTION(name, short_name, metavar, choices, kind, field, min, max, fallback, scope,     \
                  group, common, help, long_help)                                                 \
    {{name, short_name, metavar, choices, fallback, SP_SCOPE_##scope, group, common, false, help, \
      long_help},                                                                                 \
     SP_KIND_##kind,                                                                              \
     offsetof(struct sp_options, field),                                                          \
     min,                                                                                         \
     max},
#define SP_ACTION(name, short_name, metavar, common, help, long_help)                       \
    {{name, short_name, metavar, NULL, NULL, SP_SCOPE_PROGRAM, "other", common, true, help, \
      long_help},                                                                           \
     SP_KIND_ACTION,                                                                        \
     0,                                                                                     \
     0,                                                                                     \
     0},
#include "probe/options.def"
#undef SP_OPTION
#undef SP_ACTION
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROW_COUNT <= SP_OPTIONS_MAX, "struct sp_option_layer has a place for each option");
_Static_assert(sizeof(enum sp_tls_mode) == sizeof(int) && sizeof(enum sp_format) == sizeof(int) &&
                   sizeof(enum sp_verify_mode) == sizeof(int) &&
                   sizeof(enum sp_ocsp_mode) == sizeof(int) &&
                   sizeof(enum sp_when) == sizeof(int) && sizeof(enum sp_family) == sizeof(int),
               "choices are stored as int");

size_t sp_option_count(void)
{
    return ROW_COUNT;
}

const struct sp_option_info *sp_option_at(size_t index)
{
    return &rows[index].info;
}

static bool names_equal(const char *a, const char *b)
{
    for (; *a != '\0' || *b != '\0'; a++, b++) {
        if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b)) {
            return false;
        }
    }
    return true;
}

const struct sp_option_info *sp_option_find(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (names_equal(rows[i].info.name, name)) {
            return &rows[i].info;
        }
    }
    return NULL;
}

const struct sp_option_info *sp_option_find_short(char short_name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (short_name != 0 && rows[i].info.short_name == short_name) {
            return &rows[i].info;
        }
    }
    return NULL;
}

const char *sp_option_suggest(const char *name, enum sp_option_scope scope)
{
    struct sp_nearest nearest = {.word = name};

    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (scope == SP_SCOPE_PROGRAM || rows[i].info.scope == SP_SCOPE_ENDPOINT) {
            sp_nearest_offer(&nearest, rows[i].info.name);
        }
    }
    return nearest.best;
}

const char *sp_option_default(const struct sp_option_info *info, char *out, size_t size)
{
    const char *text = info->fallback;

    if (text == NULL) {
        return NULL;
    }
    if (*text == '(') {
        snprintf(out, size, "%.*s", (int)strlen(text) - 2, text + 1);
    } else if (info->metavar != NULL && strcmp(info->metavar, "DAYS") == 0) {
        snprintf(out, size, "%.*s days", (int)strcspn(text, ":"), text);
    } else {
        snprintf(out, size, "%s", text);
    }
    return out;
}

bool sp_option_set(struct sp_options *options, struct sp_arena *arena,
                   const struct sp_option_info *info, const char *value, char *error, size_t size)
{
    const struct sp_option_row *row = (const struct sp_option_row *)(const void *)info;
    struct sp_setting set = {.row = row,
                             .field = (unsigned char *)options + row->offset,
                             .options = options,
                             .arena = arena,
                             .value = value,
                             .error = error,
                             .size = size};

    if (value == NULL && info->metavar != NULL) {
        return sp_setting_refuse(&set, "it needs a value");
    }
    return sp_setting_apply(&set);
}

/* A list or count begins anew with each layer. */
static void clear_field(struct sp_options *options, const struct sp_option_row *row)
{
    void *field = (unsigned char *)options + row->offset;

    switch (row->kind) {
    case SP_KIND_WORDS:
    case SP_KIND_FILES:
    case SP_KIND_PROTOCOLS:
    case SP_KIND_MECHANISMS: *(struct sp_words *)field = (struct sp_words){0}; break;
    case SP_KIND_SUITES:
    case SP_KIND_GROUPS: *(struct sp_numbers *)field = (struct sp_numbers){0}; break;
    case SP_KIND_PINS: *(struct sp_pins *)field = (struct sp_pins){0}; break;
    case SP_KIND_REPLIES: options->expect_reply_count = 0; break;
    case SP_KIND_COUNT: *(unsigned *)field = 0; break;
    default: break;
    }
}

bool sp_option_set_layered(struct sp_options *options, struct sp_arena *arena,
                           struct sp_option_layer *layer, const struct sp_option_info *info,
                           const char *value, char *error, size_t size)
{
    const struct sp_option_row *row = (const struct sp_option_row *)(const void *)info;
    bool *seen = &layer->seen[row - rows];

    if (!*seen) {
        clear_field(options, row);
    }
    *seen = true;
    return sp_option_set(options, arena, info, value, error, size);
}

void sp_options_init(struct sp_options *options)
{
    char error[256];

    *options = (struct sp_options){.password_fd = SP_NO_FD};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *fallback = rows[i].info.fallback;
        if (fallback != NULL && *fallback != '(') {
            sp_option_set(options, NULL, &rows[i].info, fallback, error, sizeof(error));
        }
    }
}

/* The first keyword that is required and forbidden, so that no server could please; NULL: none. */
static const char *find_conflict(const struct sp_words *required, const struct sp_words *forbidden)
{
    for (size_t i = 0; i < required->count; i++) {
        for (size_t k = 0; k < forbidden->count; k++) {
            if (strcmp(required->items[i], forbidden->items[k]) == 0) {
                return required->items[i];
            }
        }
    }
    return NULL;
}

/* Whether the suites and the versions have something in common. */
static bool check_suites(const struct sp_options *options, char *error, size_t size)
{
    bool any = options->ciphers.count == 0;
    for (size_t i = 0; i < options->ciphers.count; i++) {
        any |= sp_tls_suite_is_13(options->ciphers.items[i]) ? options->tls_max >= SP_TLS_1_3
                                                             : options->tls_min < SP_TLS_1_3;
    }
    if (!any) {
        snprintf(error, size,
                 options->tls_max < SP_TLS_1_3
                     ? "--ciphers has only suites of TLS 1.3, which --tls-max rules out"
                     : "--ciphers has no suite of TLS 1.3, and --tls-min allows nothing older");
    }
    return any;
}

/* At most one place has the secret: which of two would count is nothing to guess at. */
static bool check_secrets(const struct sp_options *options, char *error, size_t size)
{
    int given = (options->password_file != NULL) + (options->password_fd != SP_NO_FD) +
                (options->password_env != NULL) + (options->token_file != NULL);

    if (given > 1) {
        snprintf(error, size,
                 "give only one of --password-file, --password-fd, --password-env and "
                 "--token-file");
    }
    return given <= 1;
}

bool sp_options_finish(struct sp_options *options, struct sp_arena *arena, char *error, size_t size)
{
    if (options->tls_min > options->tls_max) {
        snprintf(error, size, "--tls-min 1.%u is newer than --tls-max 1.%u",
                 (unsigned)options->tls_min - SP_TLS_1_0, (unsigned)options->tls_max - SP_TLS_1_0);
        return false;
    }
    if (!check_suites(options, error, size) || !check_secrets(options, error, size)) {
        return false;
    }
    if (options->cert == NULL && (options->key != NULL || options->key_password_file != NULL)) {
        snprintf(error, size, "--%s needs --cert, the certificate that the key belongs to",
                 options->key != NULL ? "key" : "key-password-file");
        return false;
    }
    if (options->source_address != NULL && options->family != SP_FAMILY_ANY) {
        bool ipv6 = strchr(options->source_address, ':') != NULL;
        if (ipv6 != (options->family == SP_FAMILY_IPV6)) {
            snprintf(error, size, "--source-address %s can't be used with -%c",
                     options->source_address, ipv6 ? '4' : '6');
            return false;
        }
    }
    const char *keyword = find_conflict(&options->require_capability, &options->forbid_capability);
    if (keyword != NULL) {
        snprintf(error, size, "--require-capability and --forbid-capability both name %s", keyword);
        return false;
    }
    if (options->ehlo_name == NULL) {
        options->ehlo_name = sp_machine_ehlo_name(arena);
    }
    if (options->ehlo_name == NULL) {
        snprintf(error, size, "out of memory");
        return false;
    }
    return true;
}
