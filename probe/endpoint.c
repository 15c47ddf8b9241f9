/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar stands in endpoint.h. */
#include "probe/endpoint.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/option_auth.h"
#include "probe/values.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

struct scheme {
    const char *name;
    uint16_t port;
    enum sp_mode mode;
    enum sp_tls_mode tls;
};

static const struct scheme schemes[] = {
    {"smtp", 25, SP_MODE_SMTP, SP_TLS_OPPORTUNISTIC},
    {"submission", 587, SP_MODE_SMTP, SP_TLS_STARTTLS},
    {"smtps", 465, SP_MODE_SMTP, SP_TLS_IMPLICIT},
    {"submissions", 465, SP_MODE_SMTP, SP_TLS_IMPLICIT},
    {"lmtp", 24, SP_MODE_LMTP, SP_TLS_OPPORTUNISTIC},
};

/* A part of the line. */
struct span {
    const char *at;
    size_t len;
};

/* What one call works with. */
struct parse {
    struct sp_arena *arena;
    struct sp_endpoint *endpoint;
    char why[512]; /* why the line is refused */
    bool out_of_memory;
};

static bool refuse(struct parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false. */
static bool refuse(struct parse *parse, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(parse->why, sizeof(parse->why), format, args);
    va_end(args);
    return false;
}

static bool fail_memory(struct parse *parse)
{
    parse->out_of_memory = true;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static char lower_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Without regard to case. Not strncasecmp(): in a Turkish locale "I" and "i" differ. */
static bool starts_with(struct span span, const char *prefix)
{
    size_t i = 0;

    while (i < span.len && prefix[i] != '\0' &&
           lower_letter(prefix[i]) == lower_letter(span.at[i])) {
        i++;
    }
    return prefix[i] == '\0';
}

static struct span skip_octets(struct span span, size_t count)
{
    return (struct span){span.at + count, span.len - count};
}

static const char *quote_span(char *out, struct span span)
{
    return sp_quote(out, SP_QUOTE_SIZE, span.at, span.len);
}

/* Takes the next word off the front of *rest. Quotes keep spaces inside a word together; they and the
 * backslashes that escape are still in it. Empty: nothing is left but blanks or a comment. */
static struct span take_word(struct span *rest)
{
    struct span word;
    bool quoted = false;

    while (rest->len > 0 && is_space(*rest->at)) {
        *rest = skip_octets(*rest, 1);
    }
    word = (struct span){rest->at, 0};
    if (rest->len > 0 && *rest->at == '#') {
        *rest = skip_octets(*rest, rest->len);
        return word;
    }
    while (word.len < rest->len && (quoted || !is_space(word.at[word.len]))) {
        if (quoted && word.at[word.len] == '\\' && word.len + 1 < rest->len) {
            word.len++;
        } else if (word.at[word.len] == '"' &&
                   (quoted || (word.len > 0 && word.at[word.len - 1] == '='))) {
            quoted = !quoted;
        }
        word.len++;
    }
    *rest = skip_octets(*rest, word.len);
    return word;
}

static bool parse_port(struct parse *parse, struct span text, uint16_t *out_port)
{
    char quoted[SP_QUOTE_SIZE], digits[8];
    uint64_t port;

    if (text.len == 0) {
        return refuse(parse, "the port is missing behind the colon");
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return refuse(parse, "port %s is not a number", quote_span(quoted, text));
        }
    }
    if (text.len < sizeof(digits)) {
        memcpy(digits, text.at, text.len);
        digits[text.len] = '\0';
        if (digits[0] != '0' && sp_parse_uint(digits, UINT16_MAX, &port)) {
            *out_port = (uint16_t)port;
            return true;
        }
    }
    quote_span(quoted, text);
    quoted[strlen(quoted) - 1] = '\0'; /* a number needs no quotes */
    return refuse(parse, "port %s is not in 1..65535", quoted + 1);
}

static bool parse_host(struct parse *parse, struct span text)
{
    struct sp_endpoint *endpoint = parse->endpoint;
    struct sp_host host;

    if (!sp_host_parse(parse->arena, text.at, text.len, &host, parse->why, sizeof(parse->why))) {
        return false;
    }
    endpoint->host = host.name;
    endpoint->numeric = host.family != 0;
    endpoint->absolute = host.absolute;
    endpoint->server_name = host.no_zone;
    return true;
}

/* "[IPv6]" or "[IPv6]:port". */
static bool parse_brackets(struct parse *parse, struct span text)
{
    const char *close = memchr(text.at, ']', text.len);

    if (close == NULL) {
        return refuse(parse, "the closing bracket is missing");
    }
    struct span inner = {text.at + 1, (size_t)(close - text.at) - 1};
    struct span rest = skip_octets(text, inner.len + 2);
    if (memchr(inner.at, ':', inner.len) == NULL) {
        return refuse(parse, "only an IPv6 address stands in brackets");
    }
    if (starts_with(inner, "IPv6:")) {
        return refuse(parse, "write the IPv6 address without \"IPv6:\"");
    }
    if (!parse_host(parse, inner)) {
        return false;
    }
    if (rest.len == 0) {
        return true;
    }
    if (*rest.at != ':') {
        return refuse(parse, "behind the closing bracket only a colon and a port can follow");
    }
    return parse_port(parse, skip_octets(rest, 1), &parse->endpoint->port);
}

/* Octets that belong to URLs of other kinds, refused with more than "can't be in a host name". */
static bool check_authority(struct parse *parse, struct span text)
{
    if (memchr(text.at, '@', text.len) != NULL) {
        return refuse(parse, "a target has no user name or password (no \"@\"): --user and "
                             "--password-file say who logs in");
    }
    if (memchr(text.at, '/', text.len) != NULL) {
        return refuse(parse, "a target has no path (no \"/\" behind the host)");
    }
    return true;
}

static bool parse_authority(struct parse *parse, struct span text)
{
    if (!check_authority(parse, text)) {
        return false;
    }
    if (text.len > 0 && *text.at == '[') {
        return parse_brackets(parse, text);
    }
    const char *colon = memchr(text.at, ':', text.len);
    if (colon == NULL) {
        return parse_host(parse, text);
    }
    size_t host_len = (size_t)(colon - text.at);
    struct span rest = skip_octets(text, host_len + 1);
    if (memchr(rest.at, ':', rest.len) != NULL) {
        return parse_host(parse, text); /* a bare IPv6 address */
    }
    return parse_host(parse, (struct span){text.at, host_len}) &&
           parse_port(parse, rest, &parse->endpoint->port);
}

/* lmtp+unix:/path, and lmtp+unix:///path as URLs have it. */
static bool parse_socket(struct parse *parse, struct span text)
{
    struct sp_endpoint *endpoint = parse->endpoint;

    endpoint->mode = SP_MODE_LMTP;
    endpoint->tls = SP_TLS_OPPORTUNISTIC;
    if (starts_with(text, "///")) {
        text = skip_octets(text, 2);
    }
    if (text.len == 0 || *text.at != '/' || starts_with(text, "//")) {
        return refuse(parse, "a socket needs an absolute path: lmtp+unix:/run/dovecot/lmtp");
    }
    if (text.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return refuse(parse, "the socket's path has %zu characters, %zu is the most", text.len,
                      sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f) {
            return refuse(parse, "a control character can't be in a socket's path");
        }
    }
    endpoint->unix_path = sp_arena_strndup(parse->arena, text.at, text.len);
    return endpoint->unix_path != NULL || fail_memory(parse);
}

/* The scheme's row decides about mode, TLS and default port. */
static bool parse_url(struct parse *parse, struct span name, struct span authority)
{
    char quoted[SP_QUOTE_SIZE];
    struct sp_endpoint *endpoint = parse->endpoint;

    if (authority.len > 0 && authority.at[authority.len - 1] == '/') {
        authority.len--; /* smtp://host/ says no more than smtp://host */
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strlen(schemes[i].name) == name.len && starts_with(name, schemes[i].name)) {
            endpoint->mode = schemes[i].mode;
            endpoint->tls = schemes[i].tls;
            endpoint->port = schemes[i].port;
            return parse_authority(parse, authority);
        }
    }
    return refuse(parse,
                  "unknown scheme %s: use smtp, submission, smtps, submissions or lmtp, or "
                  "lmtp+unix:/path",
                  quote_span(quoted, name));
}

/* No scheme: the port decides about TLS, or --tls about the port. */
static bool parse_plain(struct parse *parse, struct span text)
{
    struct sp_endpoint *endpoint = parse->endpoint;

    if (!parse_authority(parse, text)) {
        return false;
    }
    if (endpoint->port == 0) {
        endpoint->port = endpoint->options->tls == SP_TLS_IMPLICIT ? 465 : 25;
    }
    endpoint->tls = endpoint->port == 587   ? SP_TLS_STARTTLS
                    : endpoint->port == 465 ? SP_TLS_IMPLICIT
                                            : SP_TLS_OPPORTUNISTIC;
    return true;
}

static bool all_digits(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

static bool refuse_domain(struct parse *parse, struct span domain)
{
    char why[256];
    struct sp_host host;

    if (sp_host_parse(parse->arena, domain.at, domain.len, &host, why, sizeof(why)) &&
        host.family == 0) {
        return refuse(
            parse,
            "targets of the form mx:DOMAIN come in a later version: name the domain's mail "
            "servers instead (dig +short MX %s lists them)",
            host.name);
    }
    return refuse(parse, "targets of the form mx:DOMAIN come in a later version: name the domain's "
                         "mail servers instead (dig +short MX DOMAIN lists them)");
}

static bool parse_target(struct parse *parse, struct span word)
{
    if (*word.at == '@' || (*word.at == '-' && word.len == 1)) {
        return refuse(parse, "@FILE and - can stand on the command line only");
    }
    if (starts_with(word, "lmtp+unix:")) {
        return parse_socket(parse, skip_octets(word, 10));
    }
    for (size_t i = 0; i + 2 < word.len; i++) {
        if (memcmp(word.at + i, "://", 3) == 0) {
            return parse_url(parse, (struct span){word.at, i}, skip_octets(word, i + 3));
        }
    }
    /* "mx:25" is port 25 of a host called mx: no domain is a number. */
    if (starts_with(word, "mx:") && !all_digits(skip_octets(word, 3))) {
        return refuse_domain(parse, skip_octets(word, 3));
    }
    return parse_plain(parse, word);
}

/* Copies a value and takes quotes and escapes away. NULL: refused or out of memory. */
static char *unquote_value(struct parse *parse, struct span value)
{
    char *copy = sp_arena_strndup(parse->arena, value.at, value.len);
    size_t used = 0;

    if (copy == NULL) {
        fail_memory(parse);
        return NULL;
    }
    if (value.len == 0 || *value.at != '"') {
        return copy;
    }
    for (size_t i = 1; i < value.len; i++) {
        if (value.at[i] == '"') {
            if (i + 1 < value.len) {
                break;
            }
            copy[used] = '\0';
            return copy;
        }
        if (value.at[i] == '\\' && i + 1 < value.len &&
            (value.at[i + 1] == '"' || value.at[i + 1] == '\\')) {
            i++;
        }
        copy[used++] = value.at[i];
    }
    refuse(parse, "a quoted value must end with its closing quote");
    return NULL;
}

static const struct sp_option_info *find_override(struct parse *parse, const char *key)
{
    char quoted[SP_QUOTE_SIZE];
    const struct sp_option_info *info = sp_option_find(key);
    const char *near;

    sp_quote(quoted, sizeof(quoted), key, strlen(key));
    if (info != NULL && info->scope == SP_SCOPE_ENDPOINT) {
        return info;
    }
    if (info != NULL) {
        refuse(parse, "%s is for the whole run and can't stand in a target line", quoted);
        return NULL;
    }
    if (sp_option_would_be_secret(key)) {
        refuse(parse,
               "there is no option %s: the secret's file is named on the command line, by "
               "--password-file or --token-file",
               quoted);
        return NULL;
    }
    near = sp_option_suggest(key, SP_SCOPE_ENDPOINT);
    if (near != NULL) {
        refuse(parse, "there is no option %s; did you mean \"%s\"?", quoted, near);
    } else {
        refuse(parse, "there is no option %s", quoted);
    }
    return NULL;
}

/* One "key=value" behind the target, into the endpoint's own options. */
static bool apply_override(struct parse *parse, struct sp_options *options,
                           struct sp_option_layer *layer, struct span word)
{
    char quoted[SP_QUOTE_SIZE];
    const char *equals = memchr(word.at, '=', word.len);

    if (equals == NULL) {
        return refuse(parse, "%s: behind a target only key=value can follow",
                      quote_span(quoted, word));
    }
    size_t key_len = (size_t)(equals - word.at);
    char *key = sp_arena_strndup(parse->arena, word.at, key_len);
    if (key == NULL) {
        return fail_memory(parse);
    }
    const struct sp_option_info *info = find_override(parse, key);
    if (info == NULL) {
        return false;
    }
    char *value = unquote_value(parse, skip_octets(word, key_len + 1));
    if (value == NULL) {
        return false;
    }
    return sp_option_set_layered(options, parse->arena, layer, info, value, parse->why,
                                 sizeof(parse->why));
}

/* All that stands behind the target. */
static bool parse_overrides(struct parse *parse, struct span rest)
{
    struct sp_endpoint *endpoint = parse->endpoint;
    struct sp_option_layer layer = {0};
    struct sp_options *own = NULL;
    struct span word;

    while ((word = take_word(&rest)).len > 0) {
        if (own == NULL) {
            own = sp_arena_alloc(parse->arena, sizeof(*own));
            if (own == NULL) {
                return fail_memory(parse);
            }
            *own = *endpoint->options;
        }
        if (!apply_override(parse, own, &layer, word)) {
            return false;
        }
    }
    if (own == NULL) {
        return true;
    }
    endpoint->options = own;
    return sp_options_finish(own, parse->arena, parse->why, sizeof(parse->why));
}

/* What the options say about TLS, verification and the name. */
static void apply_options(struct sp_endpoint *endpoint)
{
    const struct sp_options *options = endpoint->options;

    if (options->tls != SP_TLS_DEFAULT) {
        endpoint->tls = options->tls;
    }
    endpoint->verify = options->verify;
    if (endpoint->verify == SP_VERIFY_DEFAULT) {
        bool required = endpoint->tls == SP_TLS_STARTTLS || endpoint->tls == SP_TLS_IMPLICIT;
        endpoint->verify = required ? SP_VERIFY_REQUIRE : SP_VERIFY_REPORT;
    }
    if (options->server_name != NULL) {
        endpoint->server_name = options->server_name;
    }
}

/* An address has a family; -4 or -6 may ask for the other. */
static bool check_family(struct parse *parse)
{
    const struct sp_endpoint *endpoint = parse->endpoint;
    enum sp_family asked = endpoint->options->family;

    if (!endpoint->numeric || asked == SP_FAMILY_ANY) {
        return true;
    }
    bool ipv6 = strchr(endpoint->host, ':') != NULL;
    if (ipv6 != (asked == SP_FAMILY_IPV6)) {
        return refuse(parse, "%s is no IPv%c address, but only those are asked for", endpoint->host,
                      ipv6 ? '4' : '6');
    }
    return true;
}

static bool parse_line(struct parse *parse, struct span line)
{
    struct span rest = line, word = take_word(&rest);

    if (memchr(line.at, '\0', line.len) != NULL) {
        return refuse(parse, "a control character (0x00) is in the line");
    }
    if (line.len > SP_LIMIT_TARGET_LINE) {
        return refuse(parse, "the line has more than %u characters", SP_LIMIT_TARGET_LINE);
    }
    if (word.len == 0) {
        return refuse(parse, "the target is empty");
    }
    parse->endpoint->input = sp_arena_strndup(parse->arena, word.at, word.len);
    if (parse->endpoint->input == NULL) {
        return fail_memory(parse);
    }
    return parse_overrides(parse, rest) && parse_target(parse, word) && check_family(parse) &&
           sp_options_check_login(parse->endpoint->options, parse->why, sizeof(parse->why));
}

/*
 * What is shown of a target that can't be used. URLs of other kinds may have a password in them
 * (smtp://user:secret@host), which is no reason to repeat it in logs and results. NULL: out of memory.
 */
static const char *hide_password(struct sp_arena *arena, const char *word)
{
    const char *scheme = strstr(word, "://"), *at = strrchr(word, '@');
    const char *colon = strchr(scheme != NULL ? scheme + 3 : word, ':');

    if (at == NULL || colon == NULL || colon > at) {
        return word;
    }
    return sp_arena_printf(arena, "%.*s:<hidden>%s", (int)(colon - word), word, at);
}

bool sp_endpoint_parse(struct sp_arena *arena, const char *line, size_t len,
                       const struct sp_options *globals, struct sp_endpoint *out_endpoint)
{
    struct sp_endpoint endpoint = {.options = globals, .tls = SP_TLS_OPPORTUNISTIC};
    struct parse parse = {.arena = arena, .endpoint = &endpoint};
    bool ok = parse_line(&parse, (struct span){line, len});

    if (!ok) {
        size_t kept = len < SP_LIMIT_TARGET_LINE ? len : SP_LIMIT_TARGET_LINE;
        const char *input =
            endpoint.input != NULL ? endpoint.input : sp_arena_strndup(arena, line, kept);
        if (input != NULL) {
            input = hide_password(arena, input);
        }
        endpoint = (struct sp_endpoint){.input = input,
                                        .options = endpoint.options,
                                        .tls = SP_TLS_OPPORTUNISTIC,
                                        .invalid = sp_arena_strdup(arena, parse.why)};
        if (parse.out_of_memory || input == NULL || endpoint.invalid == NULL) {
            return false;
        }
    }
    apply_options(&endpoint);
    if (!ok) {
        endpoint.server_name = NULL;
    }
    *out_endpoint = endpoint;
    return true;
}

const char *sp_endpoint_sni(const struct sp_endpoint *endpoint)
{
    struct in6_addr address; /* large enough for either family */
    const char *name = endpoint->server_name;
    if (name == NULL || inet_pton(AF_INET, name, &address) == 1 ||
        inet_pton(AF_INET6, name, &address) == 1) {
        return NULL;
    }
    return name;
}
