/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The script language, line by line. Blanks around a line and empty lines do not count, `#` at a
 * line's start is a comment.
 *
 *   file     = { anything } , the runner's lines between blocks are skipped
 *   block    = "server" NAME NL { setting NL } { rule } "end" NL
 *            | "zone" NAME NL { zoneline NL } "end" NL
 *   zoneline = "record" NAME ("A"|"AAAA"|"CNAME"|"TXT") VALUE
 *            | "answer" NAME ("nxdomain"|"nodata"|"servfail"|"refused"|"silence")
 *   setting  = "host" WORD | "address" IP | "port-of" NAME | "mode" ("smtp"|"lmtp") | "tls"
 *              ("none"|"starttls"|"implicit")
 *            | "door" ("open"|"refuse"|"blackhole") | "certificate" KIND | "staple" ANSWER | "alpn" PROTOCOL
 *            | "tls-version" MIN [MAX] | "ciphers" LIST | "suites" LIST | "groups" LIST |
 *                       "signatures" LIST
 *            | "pretend-offered" HEX… | "tickets" N | "client-certificate" ("ask"|"require") |
 *                       "no-close-notify" | "no-extended-master-secret"
 *            | "wire-records" N ("hang"|"close"|"reset") | "wire-dribble" DURATION | "wire-split" N
 *            | "wire-certificate" LIE | "capabilities" A|B|… | "capabilities-tls" A|B|… | "comment"
 *                       TEXT | "target" TEXT
 *            | "auth" A|B|… | "auth-user" TEXT | "auth-password" TEXT | "auth-token" TEXT |
 *                       "auth-iterations" N | "scram-first" TEXT | "scram-final" TEXT
 *   rule     = "on" event { qualifier } ( ":" step NL | NL { step NL } )
 *   event    = "connect" | "banner" | "handshake" | "secure" | match        (lower case: events;
 *              the rest are commands)
 *   match    = VERB | "/" REGEX "/" | "any"
 *   qualifier = "in-clear" | "in-tls" | "#" N | "#" N "+"
 *   step     = "reply" TEXT | "send" TEXT | "plain" TEXT | "hex" HH… | "dribble" DURATION TEXT |
 *              "split" N TEXT
 *            | "repeat" COUNT ["every" DURATION] TEXT | "random" COUNT | "delay" DURATION |
 *                       "expect" match
 *            | "handshake" | "default" | "half-close" | "close" | "reset" | "hang"
 *
 * The first rule that fits wins; without one the server behaves well. TEXT knows \r \n \t \e \\ \"
 * \xNN and may stand in double quotes, which keeps blanks at its ends; `reply` adds CRLF.
 */
#include "script.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parser {
    const char *file;
    int line;
    struct ts_server *server; /* NULL outside a block */
    struct ts_rule *rule;     /* NULL before the first rule */
};

static int complain(const struct parser *p, const char *what, const char *about)
{
    fprintf(stderr, "%s:%d: %s%s%s\n", p->file, p->line, what, about != NULL ? ": " : "",
            about != NULL ? about : "");
    return -1;
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        abort();
    return made;
}

struct ts_server *ts_server_new(const char *name)
{
    struct ts_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        abort();
    server->name = copy(name);
    server->host = copy("mx.test");
    server->address = copy("127.0.0.1");
    server->certificate = copy("ecdsa");
    server->tls_min = copy("1.2");
    server->tls_max = copy("1.3");
    server->auth_user = copy("user");
    server->auth_password = copy("pencil");
    server->auth_token = copy("token");
    server->auth_iterations = 4096;
    server->tickets = 2;
    return server;
}

/* Cuts the first word off *rest and leaves *rest at the next one; "" at the end. */
static char *take_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t");
    char *end = word + strcspn(word, " \t");
    *rest = end + strspn(end, " \t");
    *end = '\0';
    return word;
}

static int parse_text(const struct parser *p, char *text, struct ts_bytes *out)
{
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text[length - 1] = '\0';
        text++;
    }
    const char *wrong = ts_bytes_add_escaped(out, text);
    return wrong != NULL ? complain(p, wrong, text) : 0;
}

static int parse_match(const struct parser *p, char *text, struct ts_match *match)
{
    size_t length = strlen(text);
    if (strcmp(text, "any") == 0)
        return 0;
    if (text[0] != '/') {
        match->word = copy(text);
        return length > 0 ? 0 : complain(p, "a verb or /regex/ is missing", NULL);
    }
    if (length < 3 || text[length - 1] != '/')
        return complain(p, "a regex stands between two slashes", text);
    text[length - 1] = '\0';
    match->regex = calloc(1, sizeof *match->regex);
    if (match->regex == NULL ||
        regcomp(match->regex, text + 1, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
        return complain(p, "bad regex", text + 1);
    return 0;
}

/* ---- steps ---- */

static int parse_reply(const struct parser *p, char *rest, struct ts_step *step)
{
    if (parse_text(p, rest, &step->bytes) != 0)
        return -1;
    ts_bytes_add(&step->bytes, "\r\n", 2);
    return 0;
}

static int parse_send(const struct parser *p, char *rest, struct ts_step *step)
{
    return parse_text(p, rest, &step->bytes);
}

static int parse_hex(const struct parser *p, char *rest, struct ts_step *step)
{
    const char *wrong = ts_bytes_add_hex(&step->bytes, rest);
    return wrong != NULL ? complain(p, wrong, rest) : 0;
}

static int parse_delay(const struct parser *p, char *rest, struct ts_step *step)
{
    return ts_parse_duration(rest, &step->ms) == 0 ? 0 : complain(p, "not a duration", rest);
}

static int parse_dribble(const struct parser *p, char *rest, struct ts_step *step)
{
    return parse_delay(p, take_word(&rest), step) == 0 ? parse_text(p, rest, &step->bytes) : -1;
}

static int parse_counted(const struct parser *p, char *rest, struct ts_step *step)
{
    char *word = take_word(&rest);
    if (ts_parse_count(word, &step->count) != 0)
        return complain(p, "not a count", word);
    if (step->kind == TS_RANDOM)
        return *rest == '\0' ? 0 : complain(p, "nothing may follow the count", rest);
    if (step->kind == TS_REPEAT && strncmp(rest, "every ", 6) == 0) {
        take_word(&rest);
        if (parse_delay(p, take_word(&rest), step) != 0)
            return -1;
    }
    if (parse_text(p, rest, &step->bytes) != 0)
        return -1;
    return step->bytes.length > 0 ? 0 : complain(p, "a text is missing", NULL);
}

static int parse_expect(const struct parser *p, char *rest, struct ts_step *step)
{
    return parse_match(p, rest, &step->match);
}

static const struct step_word {
    const char *word;
    enum ts_step_kind kind;
    int (*parse)(const struct parser *p, char *rest,
                 struct ts_step *step); /* NULL = nothing may follow */
} step_words[] = {
    {"reply", TS_SEND, parse_reply},
    {"send", TS_SEND, parse_send},
    {"plain", TS_PLAIN, parse_send},
    {"hex", TS_SEND, parse_hex},
    {"dribble", TS_DRIBBLE, parse_dribble},
    {"split", TS_SPLIT, parse_counted},
    {"repeat", TS_REPEAT, parse_counted},
    {"random", TS_RANDOM, parse_counted},
    {"delay", TS_DELAY, parse_delay},
    {"expect", TS_EXPECT, parse_expect},
    {"handshake", TS_HANDSHAKE, NULL},
    {"default", TS_DEFAULT, NULL},
    {"half-close", TS_HALF_CLOSE, NULL},
    {"close", TS_CLOSE, NULL},
    {"reset", TS_RESET, NULL},
    {"hang", TS_HANG, NULL},
};

static int parse_step(struct parser *p, char *text)
{
    char *rest = text;
    char *word = take_word(&rest);
    for (size_t i = 0; i < sizeof step_words / sizeof *step_words; i++) {
        const struct step_word *known = &step_words[i];
        if (strcmp(known->word, word) != 0)
            continue;
        struct ts_step step = {.kind = known->kind};
        if (known->parse == NULL ? *rest != '\0' : known->parse(p, rest, &step) != 0)
            return known->parse == NULL ? complain(p, "nothing may follow", word) : -1;
        struct ts_rule *rule = p->rule;
        rule->steps = realloc(rule->steps, (rule->step_count + 1) * sizeof step);
        if (rule->steps == NULL)
            abort();
        rule->steps[rule->step_count++] = step;
        return 0;
    }
    return complain(p, "unknown step", word);
}

/* ---- settings ---- */

static void set_text(char **field, const char *value)
{
    free(*field);
    *field = copy(value);
}

/* Returns the place of the word in a list "a b c", or -1. */
static int choose(const char *word, const char *const *list)
{
    for (int i = 0; list[i] != NULL; i++)
        if (strcmp(list[i], word) == 0)
            return i;
    return -1;
}

static int set_number(const struct parser *p, const char *word, int *out)
{
    int64_t count;
    if (ts_parse_count(word, &count) != 0 || count < 0 || count > INT_MAX)
        return complain(p, "not a number", word);
    *out = (int)count;
    return 0;
}

static int set_pretend(const struct parser *p, struct ts_server *s, char *rest)
{
    while (*rest != '\0') {
        char *word = take_word(&rest);
        char *end = NULL;
        unsigned long suite = strtoul(word, &end, 16);
        if (*end != '\0' || suite > 0xffff || s->pretend_count == TS_PRETEND_MAX)
            return complain(p, "not a suite's number in hex, or too many", word);
        s->pretend[s->pretend_count++] = (unsigned)suite;
    }
    return 0;
}

/* Settings that are one text: the field is found by its name. */
static char **find_text_setting(struct ts_server *s, const char *word)
{
    const struct {
        const char *word;
        char **field;
    } texts[] = {
        {"host", &s->host},
        {"address", &s->address},
        {"port-of", &s->port_of},
        {"certificate", &s->certificate},
        {"staple", &s->staple},
        {"alpn", &s->alpn},
        {"ciphers", &s->ciphers},
        {"suites", &s->suites},
        {"groups", &s->groups},
        {"signatures", &s->signatures},
        {"wire-certificate", &s->wire_certificate},
        {"capabilities", &s->capabilities},
        {"capabilities-tls", &s->capabilities_tls},
        {"auth", &s->auth},
        {"auth-user", &s->auth_user},
        {"auth-password", &s->auth_password},
        {"auth-token", &s->auth_token},
        {"scram-first", &s->scram_first},
        {"scram-final", &s->scram_final},
        {"comment", &s->comment},
        {"target", &s->target},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].word, word) == 0)
            return texts[i].field;
    return NULL;
}

static int set_choice(const struct parser *p, const char *value, const char *const *list, int *out)
{
    int chosen = choose(value, list);
    if (chosen < 0)
        return complain(p, "not one of the words this setting knows", value);
    *out = chosen;
    return 0;
}

static int set_wire(const struct parser *p, struct ts_server *s, const char *word, char *rest)
{
    static const char *const ends[] = {"hang", "close", "reset", NULL};
    int number = 0;
    if (strcmp(word, "wire-dribble") == 0)
        return ts_parse_duration(rest, &s->wire_dribble_ms) == 0
                   ? 0
                   : complain(p, "not a duration", rest);
    if (set_number(p, take_word(&rest), &number) != 0)
        return -1;
    if (strcmp(word, "wire-split") == 0) {
        s->wire_split = (size_t)number;
        return 0;
    }
    int end = 0;
    s->wire_records = number;
    if (set_choice(p, rest, ends, &end) != 0)
        return -1;
    s->wire_end = (enum ts_wire_end)end;
    return 0;
}

/* What stands for octets on the wire knows quotes and escapes; the rest are names and lists. */
static int set_field(const struct parser *p, char **field, const char *word, char *rest)
{
    if (strncmp(word, "auth-", 5) != 0 && strncmp(word, "scram-", 6) != 0) {
        set_text(field, rest);
        return 0;
    }
    struct ts_bytes value = {0};
    if (parse_text(p, rest, &value) != 0)
        return -1;
    ts_bytes_add(&value, "", 1);
    set_text(field, (const char *)value.data);
    ts_bytes_free(&value);
    return 0;
}

static int parse_setting(const struct parser *p, char *text)
{
    static const char *const modes[] = {"smtp", "lmtp", NULL};
    static const char *const tls_modes[] = {"none", "starttls", "implicit", NULL};
    static const char *const doors[] = {"open", "refuse", "blackhole", NULL};
    static const char *const asks[] = {"no", "ask", "require", NULL};
    struct ts_server *s = p->server;
    char *rest = text;
    char *word = take_word(&rest);
    if (s->zone != NULL) {
        const char *wrong = ts_zone_add(s->zone, word, rest);
        return wrong != NULL ? complain(p, wrong, word) : 0;
    }
    char **field = find_text_setting(s, word);
    int chosen = 0;
    if (field != NULL)
        return set_field(p, field, word, rest);
    if (strcmp(word, "mode") == 0)
        return set_choice(p, rest, modes, &s->is_lmtp);
    if (strcmp(word, "client-certificate") == 0)
        return set_choice(p, rest, asks, &s->wants_client_certificate);
    if (strcmp(word, "tls") == 0) {
        int bad = set_choice(p, rest, tls_modes, &chosen);
        s->tls = (enum ts_tls_mode)chosen;
        return bad;
    }
    if (strcmp(word, "door") == 0) {
        int bad = set_choice(p, rest, doors, &chosen);
        s->door = (enum ts_door)chosen;
        return bad;
    }
    if (strcmp(word, "tls-version") == 0) {
        set_text(&s->tls_min, take_word(&rest));
        set_text(&s->tls_max, *rest != '\0' ? rest : s->tls_min);
        return 0;
    }
    if (strcmp(word, "tickets") == 0)
        return set_number(p, rest, &s->tickets);
    if (strcmp(word, "auth-iterations") == 0)
        return set_number(p, rest, &s->auth_iterations);
    if (strcmp(word, "pretend-offered") == 0)
        return set_pretend(p, s, rest);
    if (strncmp(word, "wire-", 5) == 0)
        return set_wire(p, s, word, rest);
    if (strcmp(word, "no-close-notify") == 0) {
        s->no_close_notify = 1;
        return 0;
    }
    if (strcmp(word, "no-extended-master-secret") == 0) {
        s->no_extended_master_secret = 1;
        return 0;
    }
    return complain(p, "unknown setting", word);
}

/* ---- rules and blocks ---- */

static int parse_qualifier(const struct parser *p, const char *word, struct ts_rule *rule)
{
    if (strcmp(word, "in-clear") == 0) {
        rule->layer = TS_IN_CLEAR;
        return 0;
    }
    if (strcmp(word, "in-tls") == 0) {
        rule->layer = TS_IN_TLS;
        return 0;
    }
    char *end = NULL;
    long number = word[0] == '#' ? strtol(word + 1, &end, 10) : 0;
    if (number < 1 || number > 1000 || (*end != '\0' && strcmp(end, "+") != 0))
        return complain(p, "unknown qualifier", word);
    rule->from = (int)number;
    rule->to = *end == '+' ? INT_MAX : (int)number;
    return 0;
}

static int parse_event(const struct parser *p, char *word, struct ts_rule *rule)
{
    static const char *const events[] = {"connect", "banner", "handshake", "secure", NULL};
    int chosen = choose(word, events);
    rule->event = chosen >= 0 ? (enum ts_event)chosen : TS_ON_COMMAND;
    return chosen >= 0 ? 0 : parse_match(p, word, &rule->match);
}

/* A regex may hold blanks and colons, so its end is looked for by the closing slash. */
static char *take_event(char **rest, char **step)
{
    char *from = *rest;
    char *slash = from[0] == '/' ? strchr(from + 1, '/') : NULL;
    char *colon = strchr(slash != NULL ? slash : from, ':');
    *step = NULL;
    if (colon != NULL) {
        *colon = '\0';
        *step = colon + 1 + strspn(colon + 1, " \t");
    }
    if (slash == NULL)
        return take_word(rest);
    *rest = slash + 1 + strspn(slash + 1, " \t");
    if (slash[1] != '\0')
        slash[1] = '\0';
    return from;
}

static int parse_rule(struct parser *p, char *rest)
{
    struct ts_server *s = p->server;
    s->rules = realloc(s->rules, (s->rule_count + 1) * sizeof *s->rules);
    if (s->rules == NULL)
        abort();
    p->rule = &s->rules[s->rule_count++];
    *p->rule = (struct ts_rule){.from = 1, .to = INT_MAX};
    char *step = NULL;
    char *event = take_event(&rest, &step);
    if (parse_event(p, event, p->rule) != 0)
        return -1;
    while (*rest != '\0')
        if (parse_qualifier(p, take_word(&rest), p->rule) != 0)
            return -1;
    return step != NULL && *step != '\0' ? parse_step(p, step) : 0;
}

static int open_block(struct parser *p, const char *stem, char *rest, struct ts_server **servers)
{
    char name[512];
    if (*rest == '\0' || strpbrk(rest, " \t/") != NULL)
        return complain(p, "a server has a name of one word", rest);
    snprintf(name, sizeof name, "%s%s%s", stem, *stem != '\0' ? "/" : "", rest);
    p->server = ts_server_new(name);
    p->rule = NULL;
    while (*servers != NULL)
        servers = &(*servers)->next;
    *servers = p->server;
    return 0;
}

static int parse_line(struct parser *p, const char *stem, char *line, struct ts_server **servers)
{
    line += strspn(line, " \t");
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        line[--length] = '\0';
    if (length == 0 || line[0] == '#')
        return 0;
    if (p->server == NULL) {
        int is_zone = strncmp(line, "zone ", 5) == 0;
        if (!is_zone && strncmp(line, "server ", 7) != 0)
            return 0;
        if (open_block(p, stem, line + (is_zone ? 5 : 7), servers) != 0)
            return -1;
        p->server->zone = is_zone ? ts_zone_new() : NULL;
        return 0;
    }
    if (strcmp(line, "end") == 0) {
        p->server = NULL;
        return 0;
    }
    if (strncmp(line, "on ", 3) == 0)
        return parse_rule(p, line + 3);
    return p->rule != NULL ? parse_step(p, line) : parse_setting(p, line);
}

int ts_script_parse(const char *file, const char *stem, const char *text,
                    struct ts_server **servers)
{
    struct parser p = {.file = file};
    int bad = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = strndup(text, length);
        if (line == NULL)
            abort();
        p.line++;
        bad |= parse_line(&p, stem, line, servers);
        free(line);
        text += length + (text[length] == '\n');
    }
    if (p.server != NULL)
        bad |= complain(&p, "a server block lacks its end", p.server->name);
    return bad;
}

int ts_script_read(const char *path, struct ts_server **servers)
{
    struct ts_bytes text = {0};
    char chunk[4096];
    size_t got;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "smtp-test-server: %s: %s\n", path, strerror(errno));
        return -1;
    }
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        ts_bytes_add(&text, chunk, got);
    fclose(file);
    ts_bytes_add(&text, "", 1);
    const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    char stem[256];
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(base, "."), base);
    int bad = ts_script_parse(path, stem, (const char *)text.data, servers);
    ts_bytes_free(&text);
    return bad;
}
