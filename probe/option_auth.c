/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mechanisms = "auto" / "none" / name *("," name)
 * replies    = stage "=" code *("," stage "=" code) ; code: three digits, or one digit and "xx"
 */
#include "probe/option_auth.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/nearest.h"
#include "probe/sasl.h"
#include "probe/values.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NONE "NONE"

static bool refuse_memory(const struct sp_setting *set)
{
    snprintf(set->error, set->size, "--%s: out of memory", set->row->info.name);
    return false;
}

/* --- mechanisms --------------------------------------------------------------------------------- */

static bool refuse_mechanism(const struct sp_setting *set, const char *name)
{
    char quoted[SP_QUOTE_SIZE];
    struct sp_nearest nearest = {.word = name};
    sp_quote(quoted, sizeof quoted, name, strlen(name));
    for (size_t i = 0; sp_sasl_mechs[i] != NULL; i++)
        sp_nearest_offer(&nearest, sp_sasl_mechs[i]->name);
    sp_nearest_offer(&nearest, "auto");
    sp_nearest_offer(&nearest, "none");
    if (nearest.best != NULL)
        snprintf(set->error, set->size,
                 "--%s: %s is no mechanism that is known here; did you mean %s?",
                 set->row->info.name, quoted, nearest.best);
    else
        snprintf(set->error, set->size,
                 "--%s: %s is no mechanism that is known here; give names such as SCRAM-SHA-256 "
                 "or PLAIN, or auto or none",
                 set->row->info.name, quoted);
    return false;
}

static bool contains(const struct sp_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

static size_t count_words(const char *text)
{
    size_t count = 1;
    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

/* One name; false: the error is set. */
static bool add_mechanism(const struct sp_setting *set, struct sp_words *words, const char *name)
{
    const struct sp_sasl_mech *mech = sp_sasl_find(name, strlen(name));
    if (*name == '\0')
        return sp_setting_refuse(set, "there is nothing before or behind a comma");
    if (mech == NULL)
        return refuse_mechanism(set, name);
    if (!contains(words, mech->name))
        words->items[words->count++] = mech->name;
    return true;
}

bool sp_setting_mechanisms(const struct sp_setting *set)
{
    struct sp_words *field = set->field;
    bool alone = field->count == 0, is_none = strcasecmp(set->value, "none") == 0;
    if (*set->value == '\0')
        return sp_setting_refuse(set, "it is auto, none or names of mechanisms");
    if (is_none || strcasecmp(set->value, "auto") == 0) {
        if (!alone && !(is_none && contains(field, NONE)))
            return sp_setting_refuse(set, "mechanisms can't be named beside it");
        const char **items = sp_arena_array(set->arena, 1, sizeof *items);
        if (items == NULL)
            return refuse_memory(set);
        items[0] = NONE;
        *field = (struct sp_words){items, is_none ? 1 : 0};
        return true;
    }
    if (contains(field, NONE))
        return sp_setting_refuse(set, "\"none\" stands alone");
    char *at = sp_arena_strdup(set->arena, set->value);
    struct sp_words words = {
        sp_arena_array(set->arena, field->count + count_words(set->value), sizeof *words.items), 0};
    if (at == NULL || words.items == NULL)
        return refuse_memory(set);
    for (; words.count < field->count; words.count++)
        words.items[words.count] = field->items[words.count];
    while (at != NULL) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        if (strcasecmp(at, "auto") == 0 || strcasecmp(at, "none") == 0)
            return sp_setting_refuse(set, "auto and none stand alone");
        if (!add_mechanism(set, &words, at))
            return false;
        at = comma != NULL ? comma + 1 : NULL;
    }
    *field = words;
    return true;
}

/* --- replies ------------------------------------------------------------------------------------ */

/* The stages in which a server answers. */
static bool has_reply(enum sp_phase phase)
{
    return phase >= SP_PHASE_BANNER && phase <= SP_PHASE_QUIT && phase != SP_PHASE_TLS;
}

/* RFC 5321 §4.2: a code begins with 2 to 5. */
static bool is_code(const char *code)
{
    return strlen(code) == 3 && code[0] >= '2' && code[0] <= '5' &&
           (strcasecmp(code + 1, "xx") == 0 || strspn(code, "0123456789") == 3);
}

/* One "STAGE=CODE", cut up in place. False: the error is set. */
static bool read_reply(const struct sp_setting *set, char *text, struct sp_expected_reply *out)
{
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return sp_setting_refuse(set, "it is written STAGE=CODE, as in auth=535");
    *equals = '\0';
    if (!sp_phase_from_name(text, &out->phase) || !has_reply(out->phase))
        return sp_setting_refuse(set, "the stage is one of banner ehlo starttls ehlo_tls auth mail "
                                      "rcpt data quit");
    if (!is_code(equals + 1))
        return sp_setting_refuse(set, "the code is three digits such as 535, or one of 2xx 3xx 4xx "
                                      "5xx");
    for (size_t i = 0; i < sizeof out->code; i++)
        out->code[i] = equals[1 + i] == 'X' ? 'x' : equals[1 + i];
    return true;
}

bool sp_setting_replies(const struct sp_setting *set)
{
    struct sp_options *options = set->options;
    size_t count = options->expect_reply_count;
    char *at = sp_arena_strdup(set->arena, set->value);
    struct sp_expected_reply *items =
        sp_arena_array(set->arena, count + count_words(set->value), sizeof *items);
    if (at == NULL || items == NULL)
        return refuse_memory(set);
    if (count > 0)
        memcpy(items, options->expect_replies, count * sizeof *items);
    while (at != NULL) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        if (!read_reply(set, at, &items[count++]))
            return false;
        at = comma != NULL ? comma + 1 : NULL;
    }
    options->expect_replies = items;
    options->expect_reply_count = count;
    return true;
}

/* --- where the secret is ------------------------------------------------------------------------ */

bool sp_setting_fd(const struct sp_setting *set)
{
    uint64_t number;
    /* Asked now, before this program opens any of its own, which would take the number. */
    if (!sp_parse_uint(set->value, INT_MAX, &number) || fcntl((int)number, F_GETFD) < 0)
        return sp_setting_refuse(set, "it is the number of an open descriptor, as 3 in 3<FILE");
    *(uint32_t *)set->field = (uint32_t)number;
    return true;
}

bool sp_option_would_be_secret(const char *name)
{
    static const char *const names[] = {"password", "passwd", "pass",     "passphrase",
                                        "token",    "secret", "authpass", "auth-password"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool sp_options_may_log_in(const struct sp_options *options)
{
    return !contains(&options->auth, NONE);
}

const char *sp_options_secret(const struct sp_options *options)
{
    return options->password_file != NULL     ? "password-file"
           : options->password_fd != SP_NO_FD ? "password-fd"
           : options->password_env != NULL    ? "password-env"
           : options->token_file != NULL      ? "token-file"
                                              : NULL;
}

/* What one of the mechanisms that may be taken can do without; auto: a client certificate (EXTERNAL). */
static bool all_need(const struct sp_options *options, unsigned needs)
{
    for (size_t i = 0; i < options->auth.count; i++) {
        const char *name = options->auth.items[i];
        const struct sp_sasl_mech *mech = sp_sasl_find(name, strlen(name));
        if (mech != NULL && (mech->needs & needs) == 0)
            return false;
    }
    return true;
}

bool sp_options_need_secret(const struct sp_options *options)
{
    if (options->auth.count == 0)
        return options->cert == NULL;
    return all_need(options, SP_SASL_NEEDS_PASSWORD | SP_SASL_NEEDS_TOKEN);
}

bool sp_options_check_login(const struct sp_options *options, char *error, size_t size)
{
    const char *secret = sp_options_secret(options);
    if (!sp_options_may_log_in(options) || options->user != NULL)
        return true;
    if (secret != NULL && strcmp(secret, "token-file") != 0) {
        snprintf(error, size, "--%s needs --user, the one whose password it is", secret);
        return false;
    }
    if (options->auth.count > 0 && all_need(options, SP_SASL_NEEDS_USER)) {
        snprintf(error, size, "--auth %s needs --user, the one who logs in",
                 options->auth.items[0]);
        return false;
    }
    return true;
}
