/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One function for each kind of option: text in, field set. */
#include "probe/option_kinds.h"

#include "probe/host.h"
#include "probe/option_auth.h"
#include "probe/option_tls.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool sp_setting_refuse(const struct sp_setting *set, const char *right)
{
    char quoted[SP_QUOTE_SIZE];

    if (set->value == NULL || *set->value == '\0') {
        snprintf(set->error, set->size, "--%s: the value is empty; %s", set->row->info.name, right);
    } else {
        snprintf(set->error, set->size, "--%s: %s can't be used; %s", set->row->info.name,
                 sp_quote(quoted, sizeof(quoted), set->value, strlen(set->value)), right);
    }
    return false;
}

static bool refuse_memory(const struct sp_setting *set)
{
    snprintf(set->error, set->size, "--%s: out of memory", set->row->info.name);
    return false;
}

static bool store_text(const struct sp_setting *set, const char *text)
{
    const char *kept = set->arena == NULL ? text : sp_arena_strdup(set->arena, text);

    if (kept == NULL) {
        return refuse_memory(set);
    }
    *(const char **)set->field = kept;
    return true;
}

static bool read_flag(const struct sp_setting *set, bool *out_on)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    if (set->value == NULL) {
        *out_on = true;
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(set->value, words[i]) == 0) {
            *out_on = i % 2 == 1;
            return true;
        }
    }
    return sp_setting_refuse(set, "it is yes or no");
}

static bool set_flag(const struct sp_setting *set)
{
    return read_flag(set, (bool *)set->field);
}

static bool set_count(const struct sp_setting *set)
{
    unsigned *field = set->field;
    unsigned max = (unsigned)set->row->max;
    uint64_t number = *field < max ? *field + 1 : max;

    if (set->value != NULL && !sp_parse_uint(set->value, max, &number)) {
        return sp_setting_refuse(set, "it is a number from 0 to 9");
    }
    *field = (unsigned)number;
    return true;
}

static bool set_family(const struct sp_setting *set)
{
    enum sp_family *field = set->field;
    enum sp_family asked = (enum sp_family)set->row->min;
    bool on = false;

    if (!read_flag(set, &on)) {
        return false;
    }
    if (on) {
        *field = asked;
    } else if (*field == asked) {
        *field = SP_FAMILY_ANY;
    }
    return true;
}

/* The index of the value among the choices, or -1 with the error set. */
static int find_choice(const struct sp_setting *set)
{
    char right[160];
    const char *word = set->row->info.choices;
    size_t len = strlen(set->value);

    for (int i = 0; len > 0; i++) {
        size_t word_len = strcspn(word, "|");
        if (word_len == len && memcmp(word, set->value, len) == 0) {
            return i;
        }
        if (word[word_len] == '\0') {
            break;
        }
        word += word_len + 1;
    }
    snprintf(right, sizeof(right), "it is one of %s", set->row->info.choices);
    for (char *bar = right; (bar = strchr(bar, '|')) != NULL;) {
        *bar = ' ';
    }
    sp_setting_refuse(set, right);
    return -1;
}

static bool set_choice(const struct sp_setting *set)
{
    int index = find_choice(set);

    if (index < 0) {
        return false;
    }
    index += (int)set->row->min;
    memcpy(set->field, &index, sizeof(index));
    return true;
}

static bool set_version(const struct sp_setting *set)
{
    int index = find_choice(set);

    if (index < 0) {
        return false;
    }
    int version = index + (int)set->row->min;
    if (version < SP_TLS_1_1) {
        return sp_setting_refuse(set, "the TLS library only speaks TLS 1.1 to 1.3");
    }
    *(uint16_t *)set->field = (uint16_t)version;
    return true;
}

static bool set_duration(const struct sp_setting *set)
{
    uint32_t ms;

    if (!sp_parse_duration_ms(set->value, &ms)) {
        return sp_setting_refuse(set,
                                 "it is a duration such as 1500ms, 5s, 2m or a number of seconds");
    }
    if (ms < set->row->min || ms > set->row->max) {
        return sp_setting_refuse(set, "it must be more than 0 and at most 24h");
    }
    *(uint32_t *)set->field = ms;
    return true;
}

static bool set_number(const struct sp_setting *set)
{
    char right[64];
    uint64_t number;

    if (!sp_parse_uint(set->value, (uint64_t)set->row->max, &number) ||
        (double)number < set->row->min) {
        snprintf(right, sizeof(right), "it is a whole number from %.0f to %.0f", set->row->min,
                 set->row->max);
        return sp_setting_refuse(set, right);
    }
    *(uint32_t *)set->field = (uint32_t)number;
    return true;
}

static bool set_rate(const struct sp_setting *set)
{
    double rate;

    if (!sp_parse_decimal(set->value, &rate) || rate < set->row->min || rate > set->row->max) {
        return sp_setting_refuse(set,
                                 "it is a number from 0 to 1000000, with a point for decimals");
    }
    *(double *)set->field = rate;
    return true;
}

static bool set_text(const struct sp_setting *set)
{
    return *set->value == '\0' ? sp_setting_refuse(set, "it needs a value")
                               : store_text(set, set->value);
}

static bool refuse_host(const struct sp_setting *set, const char *why)
{
    snprintf(set->error, set->size, "--%s: %s", set->row->info.name, why);
    return false;
}

static bool set_name(const struct sp_setting *set)
{
    char why[256];
    struct sp_host host;

    if (!sp_host_parse(set->arena, set->value, strlen(set->value), &host, why, sizeof(why))) {
        return refuse_host(set, why);
    }
    *(const char **)set->field = host.no_zone;
    return true;
}

/* RFC 5321 §4.1.3: "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
static bool is_address_literal(const char *text)
{
    char inner[INET6_ADDRSTRLEN];
    unsigned char octets[16];
    size_t len = strlen(text);
    int family = strncmp(text, "[IPv6:", 6) == 0 ? AF_INET6 : AF_INET;
    size_t skip = family == AF_INET6 ? 6 : 1;

    if (len <= skip || text[len - 1] != ']' || len - skip > sizeof(inner)) {
        return false;
    }
    memcpy(inner, text + skip, len - skip - 1);
    inner[len - skip - 1] = '\0';
    return inet_pton(family, inner, octets) == 1;
}

static bool set_ehlo(const struct sp_setting *set)
{
    char why[256];
    struct sp_host host;

    if (set->value[0] == '[') {
        if (!is_address_literal(set->value)) {
            return sp_setting_refuse(set,
                                     "an address is written [192.0.2.1] or [IPv6:2001:db8::1]");
        }
        return store_text(set, set->value);
    }
    if (!sp_host_parse(set->arena, set->value, strlen(set->value), &host, why, sizeof(why))) {
        return refuse_host(set, why);
    }
    if (host.family != 0) {
        return sp_setting_refuse(set, "an address is written [192.0.2.1] or [IPv6:2001:db8::1]");
    }
    *(const char **)set->field = host.name;
    return true;
}

static bool set_address(const struct sp_setting *set)
{
    char why[256];
    struct sp_host host;

    if (!sp_host_parse(set->arena, set->value, strlen(set->value), &host, why, sizeof(why)) ||
        host.family == 0) {
        return sp_setting_refuse(set, "it is an IPv4 or IPv6 address of this machine");
    }
    *(const char **)set->field = host.name;
    return true;
}

static bool set_server(const struct sp_setting *set)
{
    struct sockaddr_storage address;

    if (!sp_address_parse(set->value, 53, &address)) {
        return sp_setting_refuse(
            set, "it is written 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353");
    }
    return store_text(set, set->value);
}

/* RFC 5321 §4.1.1.1: ehlo-keyword; the underscore is not in it but in the wild. */
static bool read_keyword(const struct sp_setting *set, char *word)
{
    for (char *c = word; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
        } else if (!(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && *c != '-' &&
                   *c != '_') {
            return sp_setting_refuse(set,
                                     "EHLO keywords have letters, digits and hyphens, with commas "
                                     "between them and no parameters");
        }
    }
    return true;
}

/* Splits in place: `text` is the arena's. */
static bool fill_words(const struct sp_setting *set, char *text, struct sp_words *words)
{
    for (char *word = text; word != NULL;) {
        char *comma = strchr(word, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        if (set->row->kind == SP_KIND_WORDS && !read_keyword(set, word)) {
            return false;
        }
        if (*word == '\0') {
            return sp_setting_refuse(set, "there is nothing before or behind a comma");
        }
        words->items[words->count++] = word;
        word = comma == NULL ? NULL : comma + 1;
    }
    return true;
}

/* Adds to the words that are there; an empty value stands for no words, but never for no files. */
static bool set_words(const struct sp_setting *set)
{
    struct sp_words *field = set->field;
    struct sp_words words = {0};
    char *copy;
    size_t more = 1;

    if (*set->value == '\0') {
        return set->row->kind != SP_KIND_FILES || sp_setting_refuse(set, "it names files");
    }
    for (const char *c = set->value; *c != '\0'; c++) {
        more += *c == ',';
    }
    copy = sp_arena_strdup(set->arena, set->value);
    words.items = sp_arena_array(set->arena, field->count + more, sizeof(*words.items));
    if (copy == NULL || words.items == NULL) {
        return refuse_memory(set);
    }
    if (field->count > 0) {
        memcpy(words.items, field->items, field->count * sizeof(*words.items));
        words.count = field->count;
    }
    if (!fill_words(set, copy, &words)) {
        return false;
    }
    *field = words;
    return true;
}

/* Adds to the pins that are there. An empty value is refused: a variable that is not set must not mean
 * that nothing is compared. */
static bool set_pins(const struct sp_setting *set)
{
    struct sp_pins *field = set->field;
    struct sp_pins pins = *field;
    size_t more = 1;

    for (const char *c = set->value; *c != '\0'; c++) {
        more += *c == ',';
    }
    pins.items = sp_arena_array(set->arena, field->count + more, sizeof(*pins.items));
    if (pins.items == NULL) {
        return refuse_memory(set);
    }
    if (field->count > 0) {
        memcpy(pins.items, field->items, field->count * sizeof(*pins.items));
    }
    for (const char *pin = set->value; pin != NULL;) {
        size_t len = strcspn(pin, ",");
        const char *right = sp_pin_parse(pin, len, &pins.items[pins.count++]);
        if (right != NULL) {
            return sp_setting_refuse(set, right);
        }
        pin = pin[len] == ',' ? pin + len + 1 : NULL;
    }
    *field = pins;
    return true;
}

static const char RANGE_FORM[] = "a range is written 5, 0.5, 1:5, ~:5, 5: or @1:5";

/* A plain number of days is the least that is fine, which Nagios writes "N:". */
static bool set_days(const struct sp_setting *set)
{
    struct sp_range range;
    double days;

    if (!sp_parse_range(set->value, &range)) {
        return sp_setting_refuse(set, RANGE_FORM);
    }
    if (sp_parse_decimal(set->value, &days)) {
        range.start = days;
        range.end = (double)INFINITY;
        range.text = set->arena == NULL ? NULL : sp_arena_printf(set->arena, "%s:", set->value);
    } else {
        range.text = set->arena == NULL ? set->value : sp_arena_strdup(set->arena, set->value);
    }
    if (range.text == NULL) {
        return refuse_memory(set);
    }
    *(struct sp_range *)set->field = range;
    return true;
}

/* One "[PHASE=]RANGE"; `text` is the arena's. */
static bool add_threshold(const struct sp_setting *set, char *text, struct sp_range *ranges,
                          bool *seen)
{
    char right[160];
    char *equals = strchr(text, '=');
    enum sp_phase phase = SP_PHASE_TOTAL;
    const char *range_text = equals == NULL ? text : equals + 1;

    if (equals != NULL) {
        *equals = '\0';
        if (!sp_phase_from_name(text, &phase)) {
            return sp_setting_refuse(set,
                                     "the phase is one of resolve connect banner ehlo starttls tls "
                                     "ehlo_tls auth quit total");
        }
    }
    if (seen[phase]) {
        /* "0,5": a comma for a point would silently mean something else. */
        snprintf(right, sizeof(right),
                 "it has two ranges for %s (decimals are written with a point)",
                 sp_phase_info(phase)->name);
        return sp_setting_refuse(set, right);
    }
    if (!sp_parse_range(range_text, &ranges[phase])) {
        return sp_setting_refuse(set, RANGE_FORM);
    }
    seen[phase] = true;
    ranges[phase].text = range_text;
    return true;
}

static bool set_threshold(const struct sp_setting *set)
{
    struct sp_range ranges[SP_PHASE_TOTAL + 1];
    bool seen[SP_PHASE_TOTAL + 1] = {false};
    char *copy = sp_arena_strdup(set->arena, set->value);

    if (copy == NULL) {
        return refuse_memory(set);
    }
    memcpy(ranges, set->field, sizeof(ranges));
    for (char *word = copy; word != NULL;) {
        char *comma = strchr(word, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        if (!add_threshold(set, word, ranges, seen)) {
            return false;
        }
        word = comma == NULL ? NULL : comma + 1;
    }
    memcpy(set->field, ranges, sizeof(ranges));
    return true;
}

static bool set_action(const struct sp_setting *set)
{
    return sp_setting_refuse(set, "it is for the command line only");
}

bool sp_setting_apply(const struct sp_setting *set)
{
    static bool (*const setters[])(const struct sp_setting *) = {
        [SP_KIND_ACTION] = set_action,
        [SP_KIND_FLAG] = set_flag,
        [SP_KIND_COUNT] = set_count,
        [SP_KIND_FAMILY] = set_family,
        [SP_KIND_CHOICE] = set_choice,
        [SP_KIND_VERSION] = set_version,
        [SP_KIND_DURATION] = set_duration,
        [SP_KIND_NUMBER] = set_number,
        [SP_KIND_RATE] = set_rate,
        [SP_KIND_TEXT] = set_text,
        [SP_KIND_NAME] = set_name,
        [SP_KIND_EHLO] = set_ehlo,
        [SP_KIND_ADDRESS] = set_address,
        [SP_KIND_SERVER] = set_server,
        [SP_KIND_WORDS] = set_words,
        [SP_KIND_FILES] = set_words,
        [SP_KIND_SUITES] = sp_setting_suites,
        [SP_KIND_GROUPS] = sp_setting_groups,
        [SP_KIND_PROTOCOLS] = sp_setting_protocols,
        [SP_KIND_PINS] = set_pins,
        [SP_KIND_DAYS] = set_days,
        [SP_KIND_THRESHOLD] = set_threshold,
        [SP_KIND_FD] = sp_setting_fd,
        [SP_KIND_MECHANISMS] = sp_setting_mechanisms,
        [SP_KIND_REPLIES] = sp_setting_replies};
    return setters[set->row->kind](set);
}
