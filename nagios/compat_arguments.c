/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of things: argv is copied; the secrets in it are overwritten, before anything can fail; the
 * files of --extra-opts are read; getopt_long walks over the copies as check_smtp's did; what depends on
 * several options is settled last.
 */
#include "nagios/compat.h"

#include "nagios/compat_help.h"
#include "nagios/compat_options.h"
#include "probe/host.h"
#include "probe/limits.h"
#include "probe/secret.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOGIN_MAX 1024u /* octets of a user's name or a password */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
    {"sni", no_argument, NULL, SP_COMPAT_SNI},
    {"certificate", required_argument, NULL, 'D'},
    {"ignore-quit-failure", no_argument, NULL, 'q'},
    {"proxy", no_argument, NULL, 'r'},
    {"strict", no_argument, NULL, SP_COMPAT_STRICT},
    {"password-file", required_argument, NULL, SP_COMPAT_PASSWORD_FILE},
    {"password-env", required_argument, NULL, SP_COMPAT_PASSWORD_ENV},
    {"server-name", required_argument, NULL, SP_COMPAT_SERVER_NAME},
    {"ca-file", required_argument, NULL, SP_COMPAT_CA_FILE},
    {"compat", no_argument, NULL, SP_COMPAT_COMPAT},
#define FULL_NAMES 32
    {"co", required_argument, NULL, 'C'},
    {"com", required_argument, NULL, 'C'},
    {"p", required_argument, NULL, 'p'},
    {"s", no_argument, NULL, 'S'},
    {"st", no_argument, NULL, 'S'},
    {"t", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};
_Static_assert(COUNT(LONG_OPTIONS) == FULL_NAMES + 7, "FULL_NAMES is where the beginnings start");

/* --- options that are none -------------------------------------------------------------------- */

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
static bool refuse_option(struct sp_compat_parser *parser, const char *word, bool is_value_missing)
{
    struct sp_buf *text = &parser->compat->text;
    const char *name = parser->compat->name;
    char letter = (char)optopt;
    if (strncmp(word, "--", 2) != 0) {
        (void)sp_buf_printf(text, "%s: %s -- '", name,
                            is_value_missing ? "option requires an argument" : "invalid option");
        sp_compat_append_safe(text, &letter, 1);
        (void)sp_buf_append_str(text, "'");
    } else {
        size_t len = strcspn(word, "=");
        const char *what = is_value_missing                  ? "requires an argument"
                           : optopt != 0                     ? "doesn't allow an argument"
                           : is_ambiguous(word + 2, len - 2) ? "is ambiguous"
                                                             : "is unknown";
        (void)sp_buf_printf(text, "%s: option '", name);
        sp_compat_append_safe(text, word, len);
        (void)sp_buf_printf(text, "' %s", what);
    }
    sp_compat_append_usage(parser);
    return false;
}

/* --- the walk --------------------------------------------------------------------------------- */

static void begin_walk(struct sp_compat_parser *parser)
{
    opterr = 0;
    optind = 0; /* glibc: from the beginning, whatever a former walk left */
    parser->base = 0;
    parser->previous = 0;
}

/* The index of the word at hand; word 0 is the program. */
static int here(const struct sp_compat_parser *parser)
{
    return parser->base + (optind > 0 ? optind : 1);
}

static int next_option(const struct sp_compat_parser *parser)
{
    return getopt_long((int)parser->words.count - parser->base, parser->words.argv + parser->base,
                       LETTERS, LONG_OPTIONS, NULL);
}

/* Goes on behind a word at which getopt has stopped: as if that were the program's name, since getopt
 * would move words about once it has seen "--". */
static void skip_word(struct sp_compat_parser *parser)
{
    parser->base = here(parser);
    optind = 0;
    parser->previous = 0;
}

/* Of a word at which getopt has stopped: is it what some write behind -q? */
static bool is_quit_value(const struct sp_compat_parser *parser)
{
    return parser->previous == 'q' && strcmp(parser->words.argv[here(parser) - 1], "--") != 0;
}

/* --- secrets ---------------------------------------------------------------------------------- */

/* What could be a name or a password in base64, and is no command of four letters. */
static bool is_base64(const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    static const char *const verbs[] = {"NOOP", "QUIT", "RSET", "HELP", "VRFY", "EXPN", "DATA"};
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (strcasecmp(text, verbs[i]) == 0)
            return false;
    }
    return *text != '\0' && text[strspn(text, alphabet)] == '\0';
}

/* Many log in by -C "AUTH LOGIN" and the two answers to it, or by one -C "AUTH PLAIN ...". To be asked
 * of each -C in order: *answers is how many may still follow, 0 in front of the first one. */
static bool holds_credentials(const char *command, unsigned *answers)
{
    if (strncasecmp(command, "AUTH ", 5) == 0) {
        const char *mechanism = command + 5 + strspn(command + 5, " ");
        *answers = 2;
        return strchr(mechanism, ' ') != NULL;
    }
    bool secret = *answers > 0 && is_base64(command);
    *answers = secret ? *answers - 1 : 0;
    return secret;
}

/*
 * Overwrites each -P in argv, and each -C that logs in, also where nobody reads it any more, behind the
 * host; finds out whether there is a -H. Complains about nothing.
 */
static void hide_secrets(struct sp_compat_parser *parser)
{
    int count = (int)parser->words.count;
    bool is_read = true; /* false behind the host */
    unsigned answers = 0;
    parser->has_hostname = false;
    begin_walk(parser);
    while (here(parser) < count) {
        int option = next_option(parser);
        if (option == 'P' || (option == 'C' && holds_credentials(optarg, &answers))) {
            (void)sp_secret_protect_process();
            sp_compat_words_hide(&parser->words, (size_t)here(parser) - 1, optarg);
        }
        parser->has_hostname = parser->has_hostname || (option == 'H' && is_read);
        if (option == -1 && here(parser) < count) {
            is_read = is_read && is_quit_value(parser);
            skip_word(parser);
        } else {
            parser->previous = option;
        }
    }
}

/* --- obeying ---------------------------------------------------------------------------------- */

static bool walk(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    int count = (int)parser->words.count;
    begin_walk(parser);
    for (;;) {
        int at = here(parser);
        int option = next_option(parser);
        if (option == -1 && here(parser) < count && parser->has_hostname && is_quit_value(parser)) {
            skip_word(parser);
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
        if (!sp_compat_take(parser, option, optarg))
            return false;
        parser->previous = option;
    }
    if (compat->host == NULL && here(parser) < count)
        return sp_compat_set_host(parser, parser->words.argv[here(parser)]);
    return compat->host != NULL || sp_compat_keep(parser, "127.0.0.1", &compat->host);
}

/* --- what several options decide -------------------------------------------------------------- */

static bool settle_connection(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    struct in6_addr address;
    bool ipv4 = inet_pton(AF_INET, compat->host, &address) == 1;
    bool ipv6 = compat->host[0] != '/' && strchr(compat->host, ':') != NULL;
    if ((ipv4 && compat->family == SP_FAMILY_IPV6) || (ipv6 && compat->family == SP_FAMILY_IPV4))
        return sp_compat_refuse(parser, "Invalid hostname/address", compat->host);
    if (parser->ssl && parser->starttls)
        return sp_compat_refuse(parser, "Set either -s/--ssl/--tls or -S/--starttls", NULL);
    if (parser->ssl || (compat->certificate && !parser->starttls && parser->port == 465))
        compat->tls = SP_TLS_IMPLICIT;
    else if (parser->starttls || compat->certificate)
        compat->tls = SP_TLS_STARTTLS;
    compat->port = parser->port != 0 ? parser->port : parser->ssl ? 465 : 25;
    return true;
}

static bool settle_patterns(struct sp_compat_parser *parser)
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
            sp_compat_append_safe(&compat->text, compat->responses[i],
                                  strlen(compat->responses[i]));
            return sp_compat_fail(parser, ": ", reason);
        }
        regfree(&compiled);
    }
    return true;
}

static bool read_password_file(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    char error[512];
    bool exposed = false;
    (void)sp_secret_protect_process();
    compat->password = sp_secret_read_file(parser->password_file, &exposed, error, sizeof error);
    if (!compat->password) {
        (void)sp_buf_printf(&compat->text, "%s: ", compat->name);
        return sp_compat_fail(parser, "", error);
    }
    if (exposed) {
        char quoted[SP_QUOTE_SIZE];
        compat->warning_note = sp_arena_printf(
            compat->arena, "%s can be read by others than its owner: chmod 600 it",
            sp_quote(quoted, sizeof quoted, parser->password_file, strlen(parser->password_file)));
    }
    return true;
}

/* An empty variable counts as unset. What is read is overwritten there, for those who look at the process's
 * environment in /proc. */
static bool read_password_env(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    (void)sp_secret_protect_process();
    char *value = getenv(parser->password_env);
    if (value == NULL || *value == '\0') {
        (void)sp_buf_printf(&compat->text, "%s: ", compat->name);
        /* Not its name: some write the password there. */
        return sp_compat_fail(parser, "the variable that --password-env names is not set or empty",
                              "");
    }
    compat->password = strdup(value);
    sp_secret_wipe(value, strlen(value));
    return compat->password != NULL || sp_compat_fail(parser, "out of memory", "");
}

static bool settle_login(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    if (!parser->authtype)
        return true;
    compat->auth_given = true;
    if (strcmp(parser->authtype, "LOGIN") != 0)
        compat->auth_problem = "only authtype LOGIN is supported";
    else if (!compat->user)
        compat->auth_problem = "no authuser specified";
    else if (!compat->password && !parser->password_file && !parser->password_env)
        compat->auth_problem = "no authpass specified";
    if (compat->auth_problem != NULL)
        return true;
    if (parser->password_file != NULL && !read_password_file(parser))
        return false;
    if (parser->password_env != NULL && !read_password_env(parser))
        return false;
    if (strlen(compat->user) > LOGIN_MAX || strlen(compat->password) > LOGIN_MAX)
        return sp_compat_refuse(parser, "User and password have at most 1024 octets", NULL);
    compat->login = true;
    return true;
}

static bool settle_secrets(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    unsigned answers = 0;
    bool *secret = sp_arena_array(compat->arena, compat->command_count, sizeof *secret);
    if (!secret)
        return sp_compat_fail(parser, "out of memory", "");
    for (size_t i = 0; i < compat->command_count; i++)
        secret[i] = holds_credentials(compat->commands[i], &answers);
    compat->command_secret = secret;
    return true;
}

static bool settle(struct sp_compat_parser *parser)
{
    struct sp_compat *compat = parser->compat;
    if (!settle_connection(parser) || !settle_patterns(parser) || !settle_secrets(parser) ||
        !settle_login(parser))
        return false;
    /* AUTH LOGIN is three commands: itself, the user, the password. */
    size_t own = (compat->from != NULL) + (compat->login ? 3u : 0u);
    return compat->command_count + own <= SP_LIMIT_COMMANDS ||
           sp_compat_refuse(parser, "Too many commands", NULL);
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
    sp_compat_append_safe(&safe, name, strlen(name));
    const char *copy =
        sp_arena_strndup(compat->arena, safe.len > 0 ? (char *)safe.data : "", safe.len);
    sp_buf_free(&safe);
    compat->commands = sp_arena_array(compat->arena, SP_LIMIT_COMMANDS, sizeof *compat->commands);
    compat->responses = sp_arena_array(compat->arena, SP_LIMIT_COMMANDS, sizeof *compat->responses);
    compat->name = copy != NULL ? copy : compat->name;
    return copy != NULL && compat->commands != NULL && compat->responses != NULL;
}

static bool parse(struct sp_compat_parser *parser, int argc, char **argv)
{
    char error[4608];
    bool copied = sp_compat_words_copy(argc, argv, &parser->words);
    if (copied)
        hide_secrets(parser);
    if (!set_defaults(parser->compat, argc, argv) || !copied)
        return sp_compat_fail(parser, "out of memory", "");
    if (argc < 2 || (argc == 2 && strcmp(argv[1], "--compat") == 0))
        return sp_compat_refuse(parser, "Could not parse arguments", NULL);
    if (!sp_compat_words_expand(argc, argv, &parser->words, error, sizeof error))
        return sp_compat_fail(parser, "", error);
    /* Once more: the last word of a file may take argv's first one as its value. */
    hide_secrets(parser);
    return walk(parser) && settle(parser);
}

enum sp_compat_action sp_compat_parse(int argc, char **argv, struct sp_compat *compat)
{
    struct sp_compat_parser parser = {.compat = compat};
    bool run = parse(&parser, argc, argv);
    sp_compat_words_free(&parser.words);
    return run ? SP_COMPAT_RUN : SP_COMPAT_TEXT;
}

void sp_compat_free(struct sp_compat *compat)
{
    sp_compat_drop_password(compat);
    sp_buf_free(&compat->text);
    sp_arena_free(compat->arena);
    compat->arena = NULL;
}
