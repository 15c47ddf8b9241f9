/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list = name *(("," / ":") name) ; of protocols only "," stands between, since ':' may be in a name */
#include "probe/option_tls.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/nearest.h"
#include "probe/tls_groups.h"
#include "probe/tls_library.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What else people write for a group: NIST's names and OpenSSL's. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"P-256", "secp256r1"}, {"prime256v1", "secp256r1"}, {"P-384", "secp384r1"},
    {"P-521", "secp521r1"}, {"curve25519", "x25519"},    {"curve448", "x448"},
};

/* Looks a name up. False: the error is set. */
typedef bool find_number(const struct sp_setting *set, const char *name, uint16_t *out_number);

static bool refuse(const struct sp_setting *set, const char *name, const char *why)
{
    snprintf(set->error, set->size, "--%s: %s %s", set->row->info.name, name, why);
    return false;
}

static bool refuse_unknown(const struct sp_setting *set, const char *name, const char *what,
                           const char *nearest)
{
    char quoted[SP_QUOTE_SIZE];
    sp_quote(quoted, sizeof quoted, name, strlen(name));
    if (nearest)
        snprintf(set->error, set->size, "--%s: %s is no %s; did you mean %s?", set->row->info.name,
                 quoted, what, nearest);
    else
        snprintf(set->error, set->size, "--%s: %s is no %s; give the names of IANA one by one",
                 set->row->info.name, quoted, what);
    return false;
}

/* --- suites ----------------------------------------------------------------------------------- */

static bool is_named(const struct sp_tls_suite *suite, const char *name)
{
    return strcasecmp(suite->name, name) == 0 ||
           (suite->openssl && strcasecmp(suite->openssl, name) == 0);
}

static bool library_has(uint16_t number)
{
    uint16_t has[SP_TLS_SUITES_MAX];
    size_t count = sp_tls_library_suites(has);
    for (size_t i = 0; i < count; i++)
        if (has[i] == number)
            return true;
    return false;
}

static bool check_suite(const struct sp_setting *set, const struct sp_tls_suite *suite,
                        uint16_t *out_number)
{
    if (strstr(suite->name, "_anon_"))
        return refuse(set, suite->name, "gives no certificate and is never offered");
    if (strstr(suite->name, "NULL") || suite->number == 0xc0b4 || suite->number == 0xc0b5)
        return refuse(set, suite->name, "gives no encryption and is never offered");
    if (!library_has(suite->number))
        return refuse(set, suite->name, "is not in the TLS library (wolfSSL)");
    *out_number = suite->number;
    return true;
}

static bool find_suite(const struct sp_setting *set, const char *name, uint16_t *out_number)
{
    size_t count;
    const struct sp_tls_suite *suites = sp_tls_suites(&count);
    struct sp_nearest nearest = {.word = name};
    for (size_t i = 0; i < count; i++) {
        if (is_named(&suites[i], name))
            return check_suite(set, &suites[i], out_number);
        if (suites[i].offered)
            sp_nearest_offer(&nearest, suites[i].name);
        if (suites[i].offered && suites[i].openssl)
            sp_nearest_offer(&nearest, suites[i].openssl);
    }
    return refuse_unknown(set, name, "cipher suite that is known here", nearest.best);
}

/* --- groups ----------------------------------------------------------------------------------- */

static bool find_group(const struct sp_setting *set, const char *name, uint16_t *out_number)
{
    size_t count;
    const struct sp_tls_group *groups = sp_tls_groups(&count);
    struct sp_nearest nearest = {.word = name};
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcasecmp(aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (size_t i = 0; i < count; i++) {
        bool has = sp_tls_library_has_group(groups[i].number);
        if (strcasecmp(groups[i].name, name) == 0) {
            *out_number = groups[i].number;
            return has || refuse(set, groups[i].name, "is not in the TLS library (wolfSSL)");
        }
        if (has)
            sp_nearest_offer(&nearest, groups[i].name);
    }
    return refuse_unknown(set, name, "group that is known here", nearest.best);
}

/* --- lists ------------------------------------------------------------------------------------ */

static bool contains(const uint16_t *numbers, size_t count, uint16_t wanted)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == wanted)
            return true;
    return false;
}

/* The next name of the list, ended in place; *at is NULL behind the last one. */
static char *next_name(char **at, const char *separators)
{
    char *name = *at;
    char *end = name + strcspn(name, separators);
    *at = *end == '\0' ? NULL : end + 1;
    *end = '\0';
    return name;
}

static bool refuse_memory(const struct sp_setting *set)
{
    snprintf(set->error, set->size, "--%s: out of memory", set->row->info.name);
    return false;
}

static bool add_numbers(const struct sp_setting *set, size_t max, find_number *find)
{
    struct sp_numbers *field = set->field;
    uint16_t *items = sp_arena_array(set->arena, max, sizeof *items);
    char *at = sp_arena_strdup(set->arena, set->value);
    size_t count = field->count;
    if (!items || !at)
        return refuse_memory(set);
    if (count > 0)
        memcpy(items, field->items, count * sizeof *items);
    while (at) {
        uint16_t number = 0;
        const char *name = next_name(&at, ",:");
        if (*name == '\0')
            return sp_setting_refuse(set, "there is nothing before or behind a comma or colon");
        if (!find(set, name, &number))
            return false;
        if (count < max && !contains(items, count, number))
            items[count++] = number;
    }
    *field = (struct sp_numbers){items, count};
    return true;
}

bool sp_setting_suites(const struct sp_setting *set)
{
    return add_numbers(set, SP_TLS_SUITES_MAX, find_suite);
}

bool sp_setting_groups(const struct sp_setting *set)
{
    return add_numbers(set, SP_LIMIT_GROUPS, find_group);
}

/* RFC 7301 §3.1: 1 to 255 octets; of those only what can be printed and written in a list. */
static bool is_protocol(const char *name)
{
    size_t len = strlen(name);
    for (const char *c = name; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7f)
            return false;
    return len > 0 && len <= SP_LIMIT_ALPN_NAME;
}

bool sp_setting_protocols(const struct sp_setting *set)
{
    struct sp_words *field = set->field;
    const char **items = sp_arena_array(set->arena, SP_LIMIT_ALPN, sizeof *items);
    char *at = sp_arena_strdup(set->arena, set->value);
    size_t count = field->count;
    if (!items || !at)
        return refuse_memory(set);
    if (count > 0)
        memcpy(items, field->items, count * sizeof *items);
    while (at) {
        const char *name = next_name(&at, ",");
        if (!is_protocol(name))
            return sp_setting_refuse(set,
                                     "names of protocols are printable ASCII without spaces, of "
                                     "1 to 255 characters, with commas between them");
        if (count == SP_LIMIT_ALPN)
            return sp_setting_refuse(set, "there are more than 16 protocols");
        items[count++] = name;
    }
    *field = (struct sp_words){items, count};
    return true;
}
