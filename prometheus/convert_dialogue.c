/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps of a query_response: what the probe does by itself is dropped, patterns of the banner and of
 * EHLO's reply become options, the rest is named.
 *
 *   steps  = *( expect | expect_bytes | send | starttls | labels )     ; of one step: in this order
 *   expect = ["^"] "220" …              ; the banner:        expect
 *          | ["^"] "250" [between] WORD ; behind EHLO:       require_capability
 *   send   = "EHLO name" | "STARTTLS" | "QUIT" | …
 */
#include "checks/pattern.h"
#include "probe/host.h"
#include "prometheus/convert_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 32u

/* Whose reply an `expect` is about. */
enum after { AFTER_OPEN, AFTER_HELLO, AFTER_STARTTLS, AFTER_QUIT, AFTER_OTHER };

struct dialogue {
    struct sp_conversion *conversion;
    enum after after;
    bool banner_seen, starttls, handshake;
    const char *name; /* of the first EHLO that has one */
    const struct sp_yaml_node *starttls_place;
    const char *words[WORDS_MAX]; /* capabilities that must be there */
    const struct sp_yaml_node *word_places[WORDS_MAX];
    size_t word_count;
};

/* --- telling SMTP from others ------------------------------------------------------------------- */

static const char *text_of(const struct sp_yaml_node *step, const char *key)
{
    const struct sp_yaml_node *value = sp_yaml_find(step, key);
    return value != NULL && value->kind == SP_YAML_SCALAR ? value->text : "";
}

static bool has_verb(const char *line, const char *verb)
{
    size_t len = strlen(verb);
    return strncasecmp(line, verb, len) == 0 && strchr(" \r\n", line[len]) != NULL;
}

static bool is_hello(const char *line)
{
    return has_verb(line, "EHLO") || has_verb(line, "HELO") || has_verb(line, "LHLO");
}

/* Behind the code, when the pattern begins with it; else NULL. */
static const char *skip_code(const char *pattern, const char *code)
{
    pattern += *pattern == '^';
    pattern += *pattern == '(';
    return strncmp(pattern, code, 3) == 0 ? pattern + 3 : NULL;
}

bool sp_conversion_is_smtp(const struct sp_yaml_node *steps)
{
    /* FTP greets with 220 too. */
    static const char *const ftp[] = {"USER", "PASS", "FEAT", "SYST", "PASV", "AUTH TLS"};
    bool hello = false, other = false, greeting = false, first = true;

    for (size_t i = 0; steps != NULL && steps->kind == SP_YAML_LIST && i < steps->count; i++) {
        const struct sp_yaml_node *step = steps->items[i].value;
        const char *send = text_of(step, "send"), *expect = text_of(step, "expect");
        if (first && *expect != '\0') {
            greeting = strcasestr(expect, "SMTP") != NULL || strcasestr(expect, "LMTP") != NULL ||
                       skip_code(expect, "220") != NULL;
            /* A hello before the first pattern: its reply is looked for. */
            if (!greeting && !(hello && skip_code(expect, "250") != NULL))
                return false;
            first = false;
        }
        hello = hello || is_hello(send) || has_verb(send, "STARTTLS");
        for (size_t k = 0; k < COUNT(ftp); k++)
            other = other || has_verb(send, ftp[k]);
    }
    return !first && (hello || (greeting && !other));
}

/* --- patterns ----------------------------------------------------------------------------------- */

/* Servers write keywords in capitals; small letters are a name or a greeting. */
static bool is_word_octet(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Behind the ways to write what stands between 250 and the keyword. */
static const char *skip_between(const char *pattern)
{
    static const char *const forms[] = {"[- ]",    "[ -]",    "[-\\s]", "[\\s-]", "(-| )", "( |-)",
                                        "(?:-| )", "(?: |-)", "\\s",    "\\-",    ".*",    ".+",
                                        "-",       " ",       ".",      "(",      "+",     "?"};
    for (size_t i = 0; i < COUNT(forms); i++) {
        size_t len = strlen(forms[i]);
        if (strncmp(pattern, forms[i], len) == 0) {
            pattern += len;
            i = (size_t)-1;
        }
    }
    return pattern;
}

/* What may stand behind a keyword and changes nothing about it. */
static bool is_open_end(const char *rest)
{
    static const char *const ends[] = {
        "",     "$",   ".*", ".*$", ".+",    " ",      " .*",   " .*$",   " .+",  "\\r",   "\\r?$",
        "\\r$", "\\b", ")",  ")$",  " (.*)", " (.*)$", " (.+)", " (.+)$", "(.*)", "(.*)$", "\\s"};
    for (size_t i = 0; i < COUNT(ends); i++) {
        if (strcmp(rest, ends[i]) == 0)
            return true;
    }
    return false;
}

static void add_word(struct dialogue *self, const struct sp_yaml_node *place, const char *text,
                     size_t len)
{
    struct sp_conversion *conversion = self->conversion;
    char *word = sp_arena_strndup(conversion->yaml->arena, text, len);

    if (word == NULL) {
        sp_yaml_no_memory(conversion->yaml);
        return;
    }
    for (size_t i = 0; i < self->word_count; i++) {
        if (strcmp(self->words[i], word) == 0)
            return;
    }
    if (self->word_count == WORDS_MAX) {
        sp_conversion_note(conversion, place, "capability %s is not converted: there are too many",
                           word);
        return;
    }
    self->words[self->word_count] = word;
    self->word_places[self->word_count++] = place;
}

static void read_capability(struct dialogue *self, const struct sp_yaml_node *expect)
{
    char quoted[SP_QUOTE_SIZE];
    const char *rest = skip_code(expect->text, "250");
    size_t len = 0;

    rest = rest != NULL ? skip_between(rest) : NULL;
    while (rest != NULL && is_word_octet(rest[len]))
        len++;
    if (rest != NULL && len == 0 && (is_open_end(rest) || strcmp(rest, "*") == 0))
        return; /* any reply with 250, which EHLO needs anyway */
    sp_quote(quoted, sizeof quoted, expect->text, strlen(expect->text));
    if (rest == NULL || len == 0 || *rest < 'A' || (len == 2 && memcmp(rest, "OK", 2) == 0) ||
        (!is_open_end(rest + len) && rest[len] != ' ')) {
        sp_conversion_note(self->conversion, expect,
                           "expect %s is not converted: it is no pattern of one EHLO keyword",
                           quoted);
        return;
    }
    add_word(self, expect, rest, len);
    if (!is_open_end(rest + len))
        sp_conversion_note(self->conversion, expect,
                           "expect %s: only the keyword is looked for, not what stands behind it",
                           quoted);
}

/* Whether nothing but the code was asked for; `rest` stands behind it, NULL: it is another one. */
static bool is_any_reply(const char *rest)
{
    return rest != NULL && (is_open_end(rest) || strcmp(rest, "-") == 0 ||
                            strcmp(rest, "[ -]") == 0 || strcmp(rest, "[- ]") == 0);
}

static void read_banner(struct dialogue *self, const struct sp_yaml_node *expect)
{
    char quoted[SP_QUOTE_SIZE], error[256];
    const char *rest = skip_code(expect->text, "220");

    sp_quote(quoted, sizeof quoted, expect->text, strlen(expect->text));
    if (self->banner_seen) {
        sp_conversion_note(self->conversion, expect,
                           "expect %s is not converted: one pattern is for the banner", quoted);
        return;
    }
    self->banner_seen = true;
    if (is_any_reply(rest))
        return; /* any banner with 220, which is asked for anyway */
    struct sp_pattern *pattern = sp_pattern_compile(expect->text, error, sizeof error);
    if (pattern == NULL)
        sp_conversion_note(self->conversion, expect, "expect %s is not converted: %s", quoted,
                           error);
    else
        sp_conversion_set(self->conversion, expect, "expect", expect->text);
    sp_pattern_free(pattern);
}

/* STARTTLS and QUIT are spoken by rule: what was asked of their replies is not looked for. */
static void read_expect(struct dialogue *self, const struct sp_yaml_node *expect)
{
    static const char *const reasons[] = {
        [AFTER_STARTTLS] = "STARTTLS is answered by 220, and only that is looked for",
        [AFTER_QUIT] = "the reply to QUIT does not make a probe fail",
        [AFTER_OTHER] = "the command before it is not either"};
    char quoted[SP_QUOTE_SIZE];

    if (self->after == AFTER_OPEN)
        read_banner(self, expect);
    else if (self->after == AFTER_HELLO)
        read_capability(self, expect);
    else if (self->after != AFTER_STARTTLS || !is_any_reply(skip_code(expect->text, "220")))
        sp_conversion_note(self->conversion, expect, "expect %s is not converted: %s",
                           sp_quote(quoted, sizeof quoted, expect->text, strlen(expect->text)),
                           reasons[self->after]);
}

/* --- commands ----------------------------------------------------------------------------------- */

static void read_hello(struct dialogue *self, const struct sp_yaml_node *send, const char *line,
                       size_t len)
{
    char quoted[SP_QUOTE_SIZE];
    const char *name = line + 4;
    size_t name_len = len - 4;

    self->after = AFTER_HELLO;
    while (name_len > 0 && *name == ' ') {
        name++;
        name_len--;
    }
    if (name_len == 0)
        return;
    const char *copy = sp_arena_strndup(self->conversion->yaml->arena, name, name_len);
    if (copy == NULL) {
        sp_yaml_no_memory(self->conversion->yaml);
    } else if (self->name == NULL) {
        self->name = copy;
        sp_conversion_set(self->conversion, send, "ehlo_name", copy);
    } else if (strcmp(self->name, copy) != 0) {
        sp_conversion_note(self->conversion, send,
                           "the name %s is not converted: every EHLO has the same one",
                           sp_quote(quoted, sizeof quoted, copy, name_len));
    }
}

static void read_line(struct dialogue *self, const struct sp_yaml_node *send, const char *line,
                      size_t len)
{
    char quoted[SP_QUOTE_SIZE];

    if (is_hello(line) && memchr(line, '$', len) == NULL) {
        read_hello(self, send, line, len);
    } else if (has_verb(line, "STARTTLS")) {
        self->after = AFTER_STARTTLS;
        self->starttls = true;
        self->starttls_place = send;
    } else if (has_verb(line, "QUIT")) {
        self->after = AFTER_QUIT;
    } else {
        self->after = AFTER_OTHER;
        /* Arguments may be passwords. */
        sp_conversion_note(self->conversion, send,
                           "send %s is not converted: only EHLO, STARTTLS and QUIT are sent",
                           sp_quote(quoted, sizeof quoted, line, strcspn(line, " \r\n")));
    }
}

static void read_send(struct dialogue *self, const struct sp_yaml_node *send)
{
    for (const char *line = send->text; *line != '\0';) {
        size_t len = strcspn(line, "\r\n"), used = len;
        while (used > 0 && line[used - 1] == ' ')
            used--;
        if (used > 0)
            read_line(self, send, line, used);
        line += len + strspn(line + len, "\r\n");
    }
}

/* --- steps -------------------------------------------------------------------------------------- */

static void read_step(struct dialogue *self, const struct sp_yaml_node *step)
{
    struct sp_conversion *conversion = self->conversion;
    const struct sp_yaml_node *starttls = sp_yaml_find(step, "starttls");
    bool handshake = false;

    if (!sp_yaml_want_map(conversion->yaml, "a step", step))
        return;
    const struct sp_yaml_node *expect = sp_conversion_find_text(conversion, step, "expect");
    const struct sp_yaml_node *send = sp_conversion_find_text(conversion, step, "send");
    if (expect != NULL)
        read_expect(self, expect);
    if (send != NULL)
        read_send(self, send);
    if (starttls != NULL && !sp_yaml_is_null(starttls) &&
        sp_yaml_want_bool(conversion->yaml, "starttls", starttls, &handshake) && handshake) {
        self->handshake = true;
        self->starttls_place = starttls;
    }
    for (size_t i = 0; i < step->count; i++) {
        const struct sp_yaml_node *key = step->items[i].key;
        char quoted[SP_QUOTE_SIZE];
        if (strcmp(key->text, "labels") == 0)
            sp_conversion_note(conversion, key,
                               "labels are not converted: text of a server never becomes a label");
        else if (strcmp(key->text, "expect") != 0 && strcmp(key->text, "send") != 0 &&
                 strcmp(key->text, "starttls") != 0)
            sp_conversion_note(conversion, key, "%s is not converted",
                               sp_quote(quoted, sizeof quoted, key->text, strlen(key->text)));
    }
}

static void write_words(struct dialogue *self)
{
    size_t kept = 0;

    for (size_t i = 0; i < self->word_count; i++) {
        /* STARTTLS is required by the mode then, and is not offered again inside of TLS. */
        if (strcmp(self->words[i], "STARTTLS") == 0 && (self->starttls || self->handshake))
            continue;
        self->words[kept] = self->words[i];
        self->word_places[kept++] = self->word_places[i];
    }
    sp_conversion_set_list(self->conversion, "require_capability", self->words, self->word_places,
                           kept);
}

enum sp_conversion_tls sp_conversion_read_steps(struct sp_conversion *conversion,
                                                const struct sp_yaml_node *steps)
{
    struct dialogue self = {.conversion = conversion};

    for (size_t i = 0; steps != NULL && steps->kind == SP_YAML_LIST && i < steps->count; i++)
        read_step(&self, steps->items[i].value);
    write_words(&self);
    if (self.starttls && !self.handshake)
        sp_conversion_note(conversion, self.starttls_place,
                           "STARTTLS was only sent; now the TLS handshake is made as well");
    return self.starttls || self.handshake ? SP_CONVERSION_STARTTLS : SP_CONVERSION_NO_TLS;
}
