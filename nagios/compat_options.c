/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_options.h"

#include "nagios/compat_help.h"
#include "nagios/compat_values.h"
#include "output/writer.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "probe/secret.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* --- complaints ------------------------------------------------------------------------------- */

void sp_compat_append_safe(struct sp_buf *text, const char *value, size_t len)
{
    (void)sp_safe_append(text, SP_SAFE_NAGIOS, value, len, 0);
}

void sp_compat_append_usage(struct sp_compat_parser *parser)
{
    (void)sp_buf_append_str(&parser->compat->text, "\n");
    (void)sp_compat_usage_text(parser->compat->name, &parser->compat->text);
}

/* As sp_compat_refuse, with a value that ends somewhere. */
static bool refuse_part(struct sp_compat_parser *parser, const char *message, const char *value,
                        size_t len)
{
    struct sp_buf *text = &parser->compat->text;
    (void)sp_buf_printf(text, "%s: %s", parser->compat->name, message);
    if (value != NULL) {
        (void)sp_buf_append_str(text, " - ");
        sp_compat_append_safe(text, value, len);
    }
    sp_compat_append_usage(parser);
    return false;
}

bool sp_compat_refuse(struct sp_compat_parser *parser, const char *message, const char *value)
{
    return refuse_part(parser, message, value, value != NULL ? strlen(value) : 0);
}

bool sp_compat_fail(struct sp_compat_parser *parser, const char *message, const char *rest)
{
    (void)sp_buf_append_str(&parser->compat->text, message);
    sp_compat_append_safe(&parser->compat->text, rest, strlen(rest));
    (void)sp_buf_append_str(&parser->compat->text, "\n");
    return false;
}

/* --- single values ---------------------------------------------------------------------------- */

/* No control characters, which would end a command or start another, and of blanks only `blanks`. */
static bool is_line(const char *text, const char *blanks)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c <= 0x20 || c == 0x7f) && strchr(blanks, c) == NULL)
            return false;
    }
    return true;
}

bool sp_compat_keep(struct sp_compat_parser *parser, const char *value, const char **out)
{
    *out = sp_arena_strdup(parser->compat->arena, value);
    return *out != NULL || sp_compat_fail(parser, "out of memory", "");
}

/* A copy without the brackets of "[IPv6]"; NULL: it is no name and no address. */
static const char *copy_host(struct sp_arena *arena, const char *value)
{
    char error[256], numeric[INET_ADDRSTRLEN];
    struct sp_host host;
    struct in_addr address;
    size_t len = strlen(value);
    if (value[0] == '[' && len > 2 && value[len - 1] == ']') {
        value++;
        len -= 2;
        if (memchr(value, ':', len) == NULL)
            return NULL;
    }
    if (len == 0 || len > SP_LIMIT_HOST || value[0] == '-')
        return NULL;
    if (sp_host_parse(arena, value, len, &host, error, sizeof error))
        return sp_arena_strndup(arena, value, len);
    /* The C library takes "127.1", and check_smtp with it. */
    if (strpbrk(value, " \t\n\v\f\r") == NULL && inet_aton(value, &address) != 0 &&
        inet_ntop(AF_INET, &address, numeric, sizeof numeric) != NULL)
        return sp_arena_strdup(arena, numeric);
    return NULL;
}

bool sp_compat_set_host(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    if (value[0] == '/')
        compat->host =
            is_line(value, " ") && strlen(value) < sizeof(((struct sockaddr_un *)0)->sun_path)
                ? sp_arena_strdup(compat->arena, value)
                : NULL;
    else
        compat->host = copy_host(compat->arena, value);
    return compat->host != NULL || sp_compat_refuse(parser, "Invalid hostname/address", value);
}

static bool set_port(struct sp_compat_parser *parser, const char *value)
{
    uint32_t port;
    if (!sp_compat_integer(value, &port) || port == 0 || port > UINT16_MAX)
        return sp_compat_refuse(parser, "Port must be a positive integer", NULL);
    parser->port = (uint16_t)port;
    return true;
}

static bool set_timeout(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    switch (sp_compat_timeout(value, &compat->timeout_ms, &compat->timeout_state)) {
    case SP_COMPAT_TIME_OK: return true;
    case SP_COMPAT_TIME_BAD: break;
    case SP_COMPAT_TIME_BAD_STATE:
        return sp_compat_refuse(
            parser,
            "Timeout result must be a valid state name (OK, WARNING, CRITICAL, UNKNOWN) "
            "or integer (0-3).",
            NULL);
    }
    return sp_compat_refuse(parser, "Timeout interval must be a positive integer", NULL);
}

static bool set_days(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    const char *bad;
    size_t bad_len;
    if (!sp_compat_days(value, &compat->cert_warning_days, &compat->cert_critical_days, &bad,
                        &bad_len))
        return refuse_part(parser, "Invalid certificate expiration period", bad, bad_len);
    compat->certificate = true;
    return true;
}

static bool set_threshold(struct sp_compat_parser *parser, const char *value,
                          struct sp_range *range, const char *message)
{
    return sp_compat_threshold(parser->compat->arena, value, range) ||
           sp_compat_refuse(parser, message, NULL);
}

/* How long text[0..len) is without blanks at its end. */
static size_t trim_end(const char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return len;
}

/* "<a@b>", "a@b" and "<>". Command definitions that hand on "-f a@b" as one word put a blank in front. */
static bool set_from(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    size_t room = SP_LIMIT_COMMAND - strlen("MAIL FROM:<>\r\n");
    value += strspn(value, " \t<");
    size_t len = trim_end(value, strcspn(value, ">"));
    compat->from = sp_arena_strndup(compat->arena, value, len);
    if (!compat->from)
        return sp_compat_fail(parser, "out of memory", "");
    if (len > room || !is_line(compat->from, " "))
        return sp_compat_refuse(parser, "The address of -f is too long or has control characters",
                                NULL);
    return true;
}

static bool set_fqdn(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    value += strspn(value, " \t");
    size_t len = trim_end(value, strlen(value));
    /* An empty macro: as if it were not there. */
    if (len == 0) {
        compat->fqdn = NULL;
        return true;
    }
    compat->fqdn = sp_arena_strndup(compat->arena, value, len);
    if (!compat->fqdn)
        return sp_compat_fail(parser, "out of memory", "");
    if (len > SP_LIMIT_COMMAND - strlen("EHLO \r\n") || !is_line(compat->fqdn, ""))
        return sp_compat_refuse(
            parser, "The name of -F is too long or has blanks or control characters", NULL);
    return true;
}

static bool add_command(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    if (compat->command_count == SP_LIMIT_COMMANDS)
        return sp_compat_refuse(parser, "Too many commands", NULL);
    if (strlen(value) > SP_LIMIT_COMMAND - 2)
        return sp_compat_refuse(parser, "A command of -C is longer than 510 octets", NULL);
    if (!is_line(value, " \t"))
        return sp_compat_refuse(
            parser,
            "A command of -C has a line end or another control character in it; "
            "write one -C for each line",
            NULL);
    return sp_compat_keep(parser, value, &compat->commands[compat->command_count++]);
}

/* Patterns without a command are never looked at. */
static bool add_response(struct sp_compat_parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    if (compat->response_count == SP_LIMIT_COMMANDS)
        return true;
    if (strlen(value) > SP_LIMIT_PATTERN)
        return sp_compat_refuse(parser, "A pattern of -R is longer than 4096 octets", NULL);
    return sp_compat_keep(parser, value, &compat->responses[compat->response_count++]);
}

void sp_compat_drop_password(struct sp_compat *compat)
{
    sp_secret_free(compat->password);
    compat->password = NULL;
}

/* What an option before said of it. */
static void forget_password(struct sp_compat_parser *parser)
{
    sp_compat_drop_password(parser->compat);
    parser->password_file = NULL;
    parser->password_env = NULL;
}

static bool set_password(struct sp_compat_parser *parser, const char *value)
{
    forget_password(parser);
    parser->compat->password = strdup(value);
    return parser->compat->password != NULL || sp_compat_fail(parser, "out of memory", "");
}

static bool set_password_file(struct sp_compat_parser *parser, const char *value)
{
    forget_password(parser);
    return sp_compat_keep(parser, value, &parser->password_file);
}

static bool set_password_env(struct sp_compat_parser *parser, const char *value)
{
    forget_password(parser);
    return sp_compat_keep(parser, value, &parser->password_env);
}

/* As certificates have it: A-labels in lower case, an address without brackets and zone. */
static bool set_server_name(struct sp_compat_parser *parser, const char *value)
{
    struct sp_arena *arena = parser->compat->arena;
    const char *name = copy_host(arena, value);
    char error[256];
    struct sp_host host;
    if (name == NULL || !sp_host_parse(arena, name, strlen(name), &host, error, sizeof error))
        return sp_compat_refuse(parser, "--server-name must be a host name or an address", value);
    parser->compat->server_name = host.no_zone;
    return true;
}

/* --- the options ------------------------------------------------------------------------------ */

static bool take_value(struct sp_compat_parser *parser, int option, const char *value)
{
    struct sp_compat *compat = parser->compat;
    switch (option) {
    case 'H': return sp_compat_set_host(parser, value);
    case 'p': return set_port(parser, value);
    case 't': return set_timeout(parser, value);
    case 'D': return set_days(parser, value);
    case 'w':
        return set_threshold(parser, value, &compat->warning, "Warning time must be a positive");
    case 'c':
        return set_threshold(parser, value, &compat->critical, "Critical time must be a positive");
    case 'f': return set_from(parser, value);
    case 'F': return set_fqdn(parser, value);
    case 'C': return add_command(parser, value);
    case 'R': return add_response(parser, value);
    case 'A': return sp_compat_keep(parser, value, &parser->authtype);
    case 'U': return sp_compat_keep(parser, value, &compat->user);
    case 'P': return set_password(parser, value);
    case 'e': compat->expect_given = true; return sp_compat_keep(parser, value, &compat->expect);
    case SP_COMPAT_PASSWORD_FILE: return set_password_file(parser, value);
    case SP_COMPAT_PASSWORD_ENV: return set_password_env(parser, value);
    case SP_COMPAT_SERVER_NAME: return set_server_name(parser, value);
    case SP_COMPAT_CA_FILE: return sp_compat_keep(parser, value, &compat->ca_file);
    default: return true;
    }
}

/* False: it is no flag. */
static bool take_flag(struct sp_compat_parser *parser, int option)
{
    struct sp_compat *compat = parser->compat;
    switch (option) {
    case 'v': compat->verbose++; return true;
    case '4': compat->family = SP_FAMILY_IPV4; return true;
    case '6': compat->family = SP_FAMILY_IPV6; return true;
    case 'L': compat->lmtp = true; return true;
    case 'r': compat->proxy = true; return true;
    case 's': parser->ssl = true; return true;
    case 'S': parser->starttls = true; return true;
    case 'q': compat->ignore_quit = true; return true;
    case SP_COMPAT_SNI: compat->sni = true; return true;
    case SP_COMPAT_STRICT: compat->strict = true; return true;
    case SP_COMPAT_COMPAT: return true;
    default: return false;
    }
}

bool sp_compat_take(struct sp_compat_parser *parser, int option, const char *value)
{
    return value == NULL ? take_flag(parser, option) : take_value(parser, option, value);
}
