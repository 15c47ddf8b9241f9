/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of things: argv is copied; each -P in it is overwritten, before anything can fail; the files
 * of --extra-opts are read; getopt_long walks over the copies as check_smtp's did; what depends on several
 * options is settled last.
 */
#include "nagios/compat.h"

#include "nagios/compat_help.h"
#include "nagios/compat_values.h"
#include "nagios/compat_words.h"
#include "output/writer.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "probe/secret.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Long options without a letter. */
enum { OPT_SNI = 256, OPT_STRICT, OPT_PASSWORD_FILE, OPT_SERVER_NAME, OPT_CA_FILE, OPT_COMPAT };

/* The ':' behind '+' has getopt tell a missing value from an unknown option. */
static const char LETTERS[] = "+:hVv46Lrt:p:f:e:c:w:H:C:R:sSD:F:A:U:P:q";

/*
 * The beginnings at the end were clear before there were our names (--co was --command, --st --starttls)
 * or before check_smtp 2.4 (--s, --t, --p): an exact match wins over all others.
 */
static const struct option LONG_OPTIONS[] = {
    {"hostname", required_argument, NULL, 'H'},
    {"expect", required_argument, NULL, 'e'},
    {"critical", required_argument, NULL, 'c'},
    {"warning", required_argument, NULL, 'w'},
    {"timeout", required_argument, NULL, 't'},
    {"port", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'f'},
    {"fqdn", required_argument, NULL, 'F'},
    {"authtype", required_argument, NULL, 'A'},
    {"authuser", required_argument, NULL, 'U'},
    {"authpass", required_argument, NULL, 'P'},
    {"command", required_argument, NULL, 'C'},
    {"response", required_argument, NULL, 'R'},
    {"verbose", no_argument, NULL, 'v'},
    {"version", no_argument, NULL, 'V'},
    {"use-ipv4", no_argument, NULL, '4'},
    {"use-ipv6", no_argument, NULL, '6'},
    {"help", no_argument, NULL, 'h'},
    {"lmtp", no_argument, NULL, 'L'},
    {"ssl", no_argument, NULL, 's'},
    {"tls", no_argument, NULL, 's'},
    {"starttls", no_argument, NULL, 'S'},
    {"sni", no_argument, NULL, OPT_SNI},
    {"certificate", required_argument, NULL, 'D'},
    {"ignore-quit-failure", no_argument, NULL, 'q'},
    {"proxy", no_argument, NULL, 'r'},
    {"strict", no_argument, NULL, OPT_STRICT},
    {"password-file", required_argument, NULL, OPT_PASSWORD_FILE},
    {"server-name", required_argument, NULL, OPT_SERVER_NAME},
    {"ca-file", required_argument, NULL, OPT_CA_FILE},
    {"compat", no_argument, NULL, OPT_COMPAT},
#define FULL_NAMES 31
    {"co", required_argument, NULL, 'C'},
    {"com", required_argument, NULL, 'C'},
    {"p", required_argument, NULL, 'p'},
    {"s", no_argument, NULL, 'S'},
    {"st", no_argument, NULL, 'S'},
    {"t", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};
_Static_assert(COUNT(LONG_OPTIONS) == FULL_NAMES + 7, "FULL_NAMES is where the beginnings start");

struct parser {
    struct sp_compat *compat;
    struct sp_compat_words words;
    bool has_hostname; /* a -H stands somewhere, so that words behind -q are skipped */
    int previous;      /* the option before the one at hand, or 0 */
    /* What options said that is settled last. */
    bool starttls, ssl;
    uint16_t port;        /* 0: not given */
    const char *authtype; /* NULL: not given */
    const char *password_file;
};

/* --- complaints ------------------------------------------------------------------------------- */

static void append_safe(struct sp_buf *text, const char *value, size_t len)
{
    (void)sp_safe_append(text, SP_SAFE_NAGIOS, value, len, 0);
}

static void append_usage(struct parser *parser)
{
    (void)sp_buf_append_str(&parser->compat->text, "\n");
    (void)sp_compat_usage_text(parser->compat->name, &parser->compat->text);
}

/* "NAME: message[ - value]" and the usage. Always false. */
static bool refuse_part(struct parser *parser, const char *message, const char *value, size_t len)
{
    struct sp_buf *text = &parser->compat->text;
    (void)sp_buf_printf(text, "%s: %s", parser->compat->name, message);
    if (value != NULL) {
        (void)sp_buf_append_str(text, " - ");
        append_safe(text, value, len);
    }
    append_usage(parser);
    return false;
}

static bool refuse(struct parser *parser, const char *message, const char *value)
{
    return refuse_part(parser, message, value, value != NULL ? strlen(value) : 0);
}

/* A message whose rest is quoted from elsewhere, and no usage: the command line is right as such. */
static bool fail(struct parser *parser, const char *message, const char *rest)
{
    (void)sp_buf_append_str(&parser->compat->text, message);
    append_safe(&parser->compat->text, rest, strlen(rest));
    (void)sp_buf_append_str(&parser->compat->text, "\n");
    return false;
}

static bool is_ambiguous(const char *name, size_t len)
{
    int first = 0;
    for (size_t i = 0; i < FULL_NAMES; i++) {
        if (strncmp(LONG_OPTIONS[i].name, name, len) != 0)
            continue;
        if (first != 0 && first != LONG_OPTIONS[i].val)
            return true;
        first = LONG_OPTIONS[i].val;
    }
    return false;
}

/* What getopt didn't like in `word`. Of a long option only the name is shown: a misspelt --authpass has a
 * password behind it. */
static bool refuse_option(struct parser *parser, const char *word, bool is_value_missing)
{
    struct sp_buf *text = &parser->compat->text;
    const char *name = parser->compat->name;
    char letter = (char)optopt;
    if (strncmp(word, "--", 2) != 0) {
        (void)sp_buf_printf(text, "%s: %s -- '", name,
                            is_value_missing ? "option requires an argument" : "invalid option");
        append_safe(text, &letter, 1);
        (void)sp_buf_append_str(text, "'");
    } else {
        size_t len = strcspn(word, "=");
        const char *what = is_value_missing                  ? "requires an argument"
                           : optopt != 0                     ? "doesn't allow an argument"
                           : is_ambiguous(word + 2, len - 2) ? "is ambiguous"
                                                             : "is unknown";
        (void)sp_buf_printf(text, "%s: option '", name);
        append_safe(text, word, len);
        (void)sp_buf_printf(text, "' %s", what);
    }
    append_usage(parser);
    return false;
}

/* --- single values ---------------------------------------------------------------------------- */

/* No control characters, which would end a command or start another. */
static bool is_line(const char *text, bool spaces)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f || (c == ' ' && !spaces))
            return false;
    }
    return true;
}

static bool keep(struct parser *parser, const char *value, const char **out)
{
    *out = sp_arena_strdup(parser->compat->arena, value);
    return *out != NULL || fail(parser, "out of memory", "");
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

/* A macro of the monitoring system must never turn into a file, a list or several targets. */
static bool set_host(struct parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    if (value[0] == '/')
        compat->host =
            is_line(value, true) && strlen(value) < sizeof(((struct sockaddr_un *)0)->sun_path)
                ? sp_arena_strdup(compat->arena, value)
                : NULL;
    else
        compat->host = copy_host(compat->arena, value);
    return compat->host != NULL || refuse(parser, "Invalid hostname/address", value);
}

static bool set_port(struct parser *parser, const char *value)
{
    uint32_t port;
    if (!sp_compat_integer(value, &port) || port == 0 || port > UINT16_MAX)
        return refuse(parser, "Port must be a positive integer", NULL);
    parser->port = (uint16_t)port;
    return true;
}

static bool set_timeout(struct parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    switch (sp_compat_timeout(value, &compat->timeout_ms, &compat->timeout_state)) {
    case SP_COMPAT_TIME_OK: return true;
    case SP_COMPAT_TIME_BAD: break;
    case SP_COMPAT_TIME_BAD_STATE:
        return refuse(parser,
                      "Timeout result must be a valid state name (OK, WARNING, CRITICAL, UNKNOWN) "
                      "or integer (0-3).",
                      NULL);
    }
    return refuse(parser, "Timeout interval must be a positive integer", NULL);
}

static bool set_days(struct parser *parser, const char *value)
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

static bool set_threshold(struct parser *parser, const char *value, struct sp_range *range,
                          const char *message)
{
    return sp_compat_threshold(parser->compat->arena, value, range) ||
           refuse(parser, message, NULL);
}

/* "<a@b>", "a@b" and "<>" */
static bool set_from(struct parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    size_t room = SP_LIMIT_COMMAND - strlen("MAIL FROM:<>\r\n");
    value += strspn(value, "<");
    size_t len = strcspn(value, ">");
    compat->from = sp_arena_strndup(compat->arena, value, len);
    if (!compat->from)
        return fail(parser, "out of memory", "");
    if (len > room || !is_line(compat->from, false))
        return refuse(parser, "The address of -f is too long or has blanks or control characters",
                      NULL);
    return true;
}

static bool set_fqdn(struct parser *parser, const char *value)
{
    /* An empty macro: as if it were not there. */
    if (value[0] == '\0') {
        parser->compat->fqdn = NULL;
        return true;
    }
    if (strlen(value) > SP_LIMIT_COMMAND - strlen("EHLO \r\n") || !is_line(value, false))
        return refuse(parser, "The name of -F is too long or has blanks or control characters",
                      NULL);
    return keep(parser, value, &parser->compat->fqdn);
}

static bool add_command(struct parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    if (compat->command_count == SP_LIMIT_COMMANDS)
        return refuse(parser, "Too many commands", NULL);
    if (strlen(value) > SP_LIMIT_COMMAND - 2)
        return refuse(parser, "A command of -C is longer than 510 octets", NULL);
    if (strpbrk(value, "\r\n") != NULL)
        return refuse(parser, "A command of -C has a line end in it; write one -C for each line",
                      NULL);
    return keep(parser, value, &compat->commands[compat->command_count++]);
}

/* Patterns without a command are never looked at. */
static bool add_response(struct parser *parser, const char *value)
{
    struct sp_compat *compat = parser->compat;
    if (compat->response_count == SP_LIMIT_COMMANDS)
        return true;
    if (strlen(value) > SP_LIMIT_PATTERN)
        return refuse(parser, "A pattern of -R is longer than 4096 octets", NULL);
    return keep(parser, value, &compat->responses[compat->response_count++]);
}

static void drop_password(struct sp_compat *compat)
{
    if (compat->password != NULL)
        sp_secret_wipe(compat->password, strlen(compat->password));
    free(compat->password);
    compat->password = NULL;
}

static bool set_password(struct parser *parser, const char *value)
{
    drop_password(parser->compat);
    parser->password_file = NULL;
    parser->compat->password = strdup(value);
    return parser->compat->password != NULL || fail(parser, "out of memory", "");
}

static bool set_password_file(struct parser *parser, const char *value)
{
    drop_password(parser->compat);
    return keep(parser, value, &parser->password_file);
}

static bool set_server_name(struct parser *parser, const char *value)
{
    parser->compat->server_name = copy_host(parser->compat->arena, value);
    return parser->compat->server_name != NULL ||
           refuse(parser, "--server-name must be a host name or an address", value);
}

/* --- the walk --------------------------------------------------------------------------------- */

/* False with a text: a complaint, -h or -V. */
static bool take_value(struct parser *parser, int option, const char *value)
{
    struct sp_compat *compat = parser->compat;
    switch (option) {
    case 'H': return set_host(parser, value);
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
    case 'A': return keep(parser, value, &parser->authtype);
    case 'U': return keep(parser, value, &compat->user);
    case 'P': return set_password(parser, value);
    case 'e': compat->expect_given = true; return keep(parser, value, &compat->expect);
    case OPT_PASSWORD_FILE: return set_password_file(parser, value);
    case OPT_SERVER_NAME: return set_server_name(parser, value);
    case OPT_CA_FILE: return keep(parser, value, &compat->ca_file);
    default: return true;
    }
}

/* False: it is no flag. */
static bool take_flag(struct parser *parser, int option)
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
    case OPT_SNI: compat->sni = true; return true;
    case OPT_STRICT: compat->strict = true; return true;
    case OPT_COMPAT: return true;
    default: return false;
    }
}

static int next_option(const struct parser *parser)
{
    return getopt_long((int)parser->words.count, parser->words.argv, LETTERS, LONG_OPTIONS, NULL);
}

static void begin_walk(struct parser *parser)
{
    opterr = 0;
    optind = 0; /* glibc: from the beginning, whatever a former walk left */
    parser->previous = 0;
}

/* The walk has come to a word that is no option (or to the end). True: skip it, it belongs to -q. */
static bool is_quit_value(const struct parser *parser)
{
    return parser->previous == 'q' && strcmp(parser->words.argv[optind - 1], "--") != 0;
}

/*
 * Overwrites each -P in argv, also where nobody reads it any more, behind the host; finds out whether
 * there is a -H. Complains about nothing.
 */
static void hide_passwords(struct parser *parser)
{
    bool is_read = true; /* false behind the host */
    parser->has_hostname = false;
    begin_walk(parser);
    while (optind < (int)parser->words.count) {
        int option = next_option(parser);
        if (option == 'P') {
            (void)sp_secret_protect_process();
            sp_compat_words_hide(&parser->words, (size_t)optind - 1, optarg);
        } else if (option == 'H' && is_read)
            parser->has_hostname = true;
        else if (option == -1 && optind < (int)parser->words.count) {
            is_read = is_read && is_quit_value(parser);
            optind++;
        }
        parser->previous = option;
    }
}

static bool walk(struct parser *parser)
{
    struct sp_compat *compat = parser->compat;
    int count = (int)parser->words.count;
    begin_walk(parser);
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int option = next_option(parser);
        if (option == -1 && optind < count && parser->has_hostname && is_quit_value(parser)) {
            optind++;
            parser->previous = 0;
            continue;
        }
        if (option == -1)
            break;
        if (option == '?' || option == ':')
            return refuse_option(parser, parser->words.argv[at], option == ':');
        if (option == 'h' || option == 'V') {
            (void)(option == 'h' ? sp_compat_help_text : sp_compat_version_text)(compat->name,
                                                                                 &compat->text);
            return false;
        }
        if (!take_flag(parser, option) && !take_value(parser, option, optarg))
            return false;
        parser->previous = option;
    }
    if (compat->host == NULL && optind < count)
        return set_host(parser, parser->words.argv[optind]);
    return compat->host != NULL || keep(parser, "127.0.0.1", &compat->host);
}

/* --- what several options decide -------------------------------------------------------------- */

static bool settle_connection(struct parser *parser)
{
    struct sp_compat *compat = parser->compat;
    struct in6_addr address;
    bool ipv4 = inet_pton(AF_INET, compat->host, &address) == 1;
    bool ipv6 = compat->host[0] != '/' && strchr(compat->host, ':') != NULL;
    if ((ipv4 && compat->family == SP_FAMILY_IPV6) || (ipv6 && compat->family == SP_FAMILY_IPV4))
        return refuse(parser, "Invalid hostname/address", compat->host);
    if (parser->ssl && parser->starttls)
        return refuse(parser, "Set either -s/--ssl/--tls or -S/--starttls", NULL);
    if (parser->ssl || (compat->certificate && !parser->starttls && parser->port == 465))
        compat->tls = SP_TLS_IMPLICIT;
    else if (parser->starttls || compat->certificate)
        compat->tls = SP_TLS_STARTTLS;
    compat->port = parser->port != 0 ? parser->port : parser->ssl ? 465 : 25;
    return true;
}

static bool settle_patterns(struct parser *parser)
{
    struct sp_compat *compat = parser->compat;
    if (compat->response_count > compat->command_count)
        compat->response_count = compat->command_count;
    for (size_t i = 0; i < compat->response_count; i++) {
        regex_t compiled;
        int error =
            regcomp(&compiled, compat->responses[i], REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
        if (error != 0) {
            char reason[128];
            regerror(error, &compiled, reason, sizeof reason);
            (void)sp_buf_append_str(&compat->text, "Could Not Compile Regular Expression - ");
            append_safe(&compat->text, compat->responses[i], strlen(compat->responses[i]));
            return fail(parser, ": ", reason);
        }
        regfree(&compiled);
    }
    return true;
}

static bool read_password_file(struct parser *parser)
{
    struct sp_compat *compat = parser->compat;
    char error[512];
    bool exposed = false;
    (void)sp_secret_protect_process();
    compat->password = sp_secret_read_file(parser->password_file, &exposed, error, sizeof error);
    if (!compat->password) {
        (void)sp_buf_printf(&compat->text, "%s: ", compat->name);
        return fail(parser, "", error);
    }
    if (exposed) {
        char quoted[SP_QUOTE_SIZE];
        compat->warning_note = sp_arena_printf(
            compat->arena, "%s can be read by others than its owner: chmod 600 it",
            sp_quote(quoted, sizeof quoted, parser->password_file, strlen(parser->password_file)));
    }
    return true;
}

static bool settle_login(struct parser *parser)
{
    struct sp_compat *compat = parser->compat;
    if (!parser->authtype)
        return true;
    compat->auth_given = true;
    if (strcmp(parser->authtype, "LOGIN") != 0)
        compat->auth_problem = "only authtype LOGIN is supported";
    else if (!compat->user)
        compat->auth_problem = "no authuser specified";
    else if (!compat->password && !parser->password_file)
        compat->auth_problem = "no authpass specified";
    if (compat->auth_problem != NULL)
        return true;
    if (parser->password_file != NULL && !read_password_file(parser))
        return false;
    if (strlen(compat->user) > SP_LIMIT_SECRET || strlen(compat->password) > SP_LIMIT_SECRET)
        return refuse(parser, "User and password have at most 1024 octets", NULL);
    compat->login = true;
    return true;
}

static bool settle(struct parser *parser)
{
    struct sp_compat *compat = parser->compat;
    if (!settle_connection(parser) || !settle_patterns(parser) || !settle_login(parser))
        return false;
    /* AUTH LOGIN is three commands: itself, the user, the password. */
    size_t own = (compat->from != NULL) + (compat->login ? 3u : 0u);
    return compat->command_count + own <= SP_LIMIT_COMMANDS ||
           refuse(parser, "Too many commands", NULL);
}

/* --- the whole -------------------------------------------------------------------------------- */

bool sp_compat_wanted(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    if (argc > 0 && strcmp(slash != NULL ? slash + 1 : argv[0], "check_smtp") == 0)
        return true;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--compat") == 0)
            return true;
    }
    return false;
}

/* False: out of memory. */
static bool set_defaults(struct sp_compat *compat, int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "check_smtp";
    const char *slash = strrchr(name, '/');
    struct sp_buf safe;
    *compat = (struct sp_compat){
        .expect = "220",
        .timeout_ms = 10000,
        .timeout_state = SP_STATE_CRITICAL,
        .tls = SP_TLS_NONE,
        .family = SP_FAMILY_ANY,
        .name = "check_smtp",
    };
    sp_buf_init(&compat->text, SP_LIMIT_PAGE);
    sp_buf_init(&safe, SP_LIMIT_LINE);
    compat->arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA);
    if (!compat->arena)
        return false;
    name = slash != NULL ? slash + 1 : name;
    append_safe(&safe, name, strlen(name));
    const char *copy =
        sp_arena_strndup(compat->arena, safe.len > 0 ? (char *)safe.data : "", safe.len);
    sp_buf_free(&safe);
    compat->commands = sp_arena_array(compat->arena, SP_LIMIT_COMMANDS, sizeof *compat->commands);
    compat->responses = sp_arena_array(compat->arena, SP_LIMIT_COMMANDS, sizeof *compat->responses);
    compat->name = copy != NULL ? copy : compat->name;
    return copy != NULL && compat->commands != NULL && compat->responses != NULL;
}

static bool parse(struct parser *parser, int argc, char **argv)
{
    char error[4608];
    bool copied = sp_compat_words_copy(argc, argv, &parser->words);
    if (copied)
        hide_passwords(parser);
    if (!set_defaults(parser->compat, argc, argv) || !copied)
        return fail(parser, "out of memory", "");
    if (argc < 2 || (argc == 2 && strcmp(argv[1], "--compat") == 0))
        return refuse(parser, "Could not parse arguments", NULL);
    if (!sp_compat_words_expand(argc, argv, &parser->words, error, sizeof error))
        return fail(parser, "", error);
    /* Once more: the last word of a file may take argv's first one as its value. */
    hide_passwords(parser);
    return walk(parser) && settle(parser);
}

enum sp_compat_action sp_compat_parse(int argc, char **argv, struct sp_compat *compat)
{
    struct parser parser = {.compat = compat};
    bool run = parse(&parser, argc, argv);
    sp_compat_words_free(&parser.words);
    return run ? SP_COMPAT_RUN : SP_COMPAT_TEXT;
}

void sp_compat_free(struct sp_compat *compat)
{
    drop_password(compat);
    sp_buf_free(&compat->text);
    sp_arena_free(compat->arena);
    compat->arena = NULL;
}
