/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/flags.h"

#include "probe/host.h"
#include "probe/nearest.h"
#include "probe/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_MAX 1000000u
#define OFFSET_MAX 3600.0 /* seconds */

enum kind { TEXT, LIST, SECONDS, DURATION, COUNT, CHOICE, SWITCH, HELP, VERSION };

struct flag {
    struct sp_flag_info info;
    enum kind kind;
    size_t offset; /* of its value in struct sp_flags */
};

#define AT(field) offsetof(struct sp_flags, field)

/* clang-format off */
static const struct flag flags[] = {
    {{"config.file", 0, "FILE", NULL, NULL, "configuration",
      "file of modules and of what the exporter allows",
      "By default /etc/smtp-probe/smtp-probe.yml, then smtp-probe/config.yml below $XDG_CONFIG_HOME "
      "(~/.config); where neither is there, one module \"smtp\" with the defaults of all options."},
     TEXT, AT(config_file)},
    {{"config.check", 0, NULL, NULL, NULL, "configuration",
      "check the configuration and --web.config.file, and end", ""},
     SWITCH, AT(config_check)},
    {{"config.enable-auto-reload", 0, NULL, NULL, NULL, "configuration",
      "read the configuration again when the file has changed", ""},
     SWITCH, AT(auto_reload)},
    {{"config.auto-reload-interval", 0, "DURATION", NULL, "30s", "configuration",
      "how often to look whether the file has changed", ""},
     DURATION, AT(reload_interval_ms)},
    {{"convert", 0, "FILE", NULL, NULL, "configuration",
      "print the SMTP modules of a configuration of blackbox_exporter as one for this program",
      "What can't be converted is told on standard error."},
     TEXT, AT(convert)},
    {{"timeout-offset", 0, "SECONDS", NULL, "0.5", "probes",
      "what is kept back of the time that Prometheus gives a scrape",
      "A tenth of that time is left at least."},
     SECONDS, AT(timeout_offset_ms)},
    {{"history.limit", 0, "N", NULL, "100", "probes",
      "how many probes are kept for the page; as many failed ones are kept longer", ""},
     COUNT, AT(history_limit)},
    {{"web.listen-address", 0, "ADDRESS", NULL, "127.0.0.1:10587", "web",
      "where to listen: HOST:PORT, [IPv6]:PORT or :PORT; adds up",
      "Other addresses than loopback need users or client certificates in --web.config.file, or "
      "--web.insecure-listen."},
     LIST, AT(addresses)},
    {{"web.systemd-socket", 0, NULL, NULL, NULL, "web",
      "take the sockets of systemd's socket activation instead", ""},
     SWITCH, AT(systemd_socket)},
    {{"web.config.file", 0, "FILE", NULL, NULL, "web",
      "TLS, users, headers and limits of the web server, in the format of exporter-toolkit",
      "It is read again when it has changed."},
     TEXT, AT(web_config_file)},
    {{"web.insecure-listen", 0, NULL, NULL, NULL, "web",
      "let everybody in who reaches an address other than loopback",
      "Whoever gets in can let this machine connect to the targets that the configuration allows."},
     SWITCH, AT(insecure_listen)},
    {{"web.external-url", 0, "URL", NULL, NULL, "web",
      "how users reach the page through a proxy; its path is what links begin with",
      "Without it they begin with --web.route-prefix."},
     TEXT, AT(external_url)},
    {{"web.route-prefix", 0, "PATH", NULL, "the path of --web.external-url", "web",
      "what the paths of requests begin with", ""},
     TEXT, AT(route_prefix)},
    {{"log.level", 0, "LEVEL", SP_LOG_LEVELS, "info", "log",
      "the least that is logged to standard error", ""},
     CHOICE, AT(log_level)},
    {{"log.prober", 0, "LEVEL", SP_LOG_LEVELS, "debug", "log",
      "the level at which failed probes are logged", ""},
     CHOICE, AT(log_prober)},
    {{"log.format", 0, "FORMAT", SP_LOG_FORMATS, "logfmt", "log", "how a line looks", ""},
     CHOICE, AT(log_format)},
    {{"help", 'h', NULL, NULL, NULL, "help",
      "this text; --help=man the manual, --help=bash a completion script", ""}, HELP, 0},
    {{"version", 0, NULL, NULL, NULL, "help", "the version", ""}, VERSION, 0},
};
/* clang-format on */
#define FLAG_COUNT (sizeof flags / sizeof flags[0])

size_t sp_flags_count(void)
{
    return FLAG_COUNT;
}

const struct sp_flag_info *sp_flags_at(size_t index)
{
    return &flags[index].info;
}

struct parse {
    struct sp_flags *flags;
    bool addresses_given;
    char *error;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct parse *parse, const char *format,
                                                         ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parse->error, parse->size, format, arguments);
    va_end(arguments);
    return false;
}

/* "--NAME: VALUE is not …" */
static bool refuse_value(struct parse *parse, const struct flag *flag, const char *value,
                         const char *wanted)
{
    char quoted[SP_QUOTE_SIZE];
    return refuse(parse, "--%s: %s is not %s", flag->info.name,
                  sp_quote(quoted, sizeof quoted, value, strlen(value)), wanted);
}

/* --- values ----------------------------------------------------------------------------------- */

static bool set_seconds(struct parse *parse, const struct flag *flag, const char *value,
                        uint32_t *place)
{
    double seconds;
    if (!sp_parse_decimal(value, &seconds) || seconds < 0 || seconds > OFFSET_MAX)
        return refuse_value(parse, flag, value, "a number of seconds, 0 to 3600, such as 0.5");
    *place = (uint32_t)(seconds * 1000 + 0.5);
    return true;
}

static bool set_duration(struct parse *parse, const struct flag *flag, const char *value,
                         uint32_t *place)
{
    uint32_t ms;
    if (!sp_parse_duration_ms(value, &ms) || ms < 1000)
        return refuse_value(parse, flag, value, "a duration of 1s or more, such as 30s or 5m");
    *place = ms;
    return true;
}

static bool set_count(struct parse *parse, const struct flag *flag, const char *value,
                      uint32_t *place)
{
    uint64_t count;
    if (!sp_parse_uint(value, HISTORY_MAX, &count))
        return refuse_value(parse, flag, value, "a number, 0 to 1000000");
    *place = (uint32_t)count;
    return true;
}

static bool set_choice(struct parse *parse, const struct flag *flag, const char *value,
                       unsigned *place)
{
    char wanted[160];
    size_t len = strlen(value);
    unsigned index = 0;
    for (const char *word = flag->info.choices; *word != '\0'; index++) {
        size_t word_len = strcspn(word, "|");
        if (word_len == len && strncmp(word, value, len) == 0) {
            *place = index;
            return true;
        }
        word += word_len + (word[word_len] == '|');
    }
    snprintf(wanted, sizeof wanted, "one of %s", flag->info.choices);
    return refuse_value(parse, flag, value, wanted);
}

static bool add_address(struct parse *parse, const struct flag *flag, const char *value)
{
    struct sp_flags *out = parse->flags;
    if (!parse->addresses_given)
        out->address_count = 0;
    parse->addresses_given = true;
    if (out->address_count == SP_FLAGS_ADDRESSES)
        return refuse(parse, "--%s: at most %u addresses are possible", flag->info.name,
                      SP_FLAGS_ADDRESSES);
    if (*value == '\0')
        return refuse(parse, "--%s: an address is missing; write HOST:PORT", flag->info.name);
    out->addresses[out->address_count++] = value;
    return true;
}

static bool set_value(struct parse *parse, const struct flag *flag, const char *value)
{
    void *place = (char *)parse->flags + flag->offset;
    switch (flag->kind) {
    case TEXT:
        if (*value == '\0')
            return refuse(parse, "--%s: a value is missing", flag->info.name);
        *(const char **)place = value;
        return true;
    case LIST: return add_address(parse, flag, value);
    case SECONDS: return set_seconds(parse, flag, value, place);
    case DURATION: return set_duration(parse, flag, value, place);
    case COUNT: return set_count(parse, flag, value, place);
    case CHOICE: return set_choice(parse, flag, value, place);
    case SWITCH:
    case HELP:
    case VERSION: break;
    }
    return refuse(parse, "--%s takes no value", flag->info.name);
}

/* --- prefixes --------------------------------------------------------------------------------- */

/* The characters of a path that mean nothing to HTML, to shells or to the URL itself. */
static bool is_path_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("/-._~+:@,", c) != NULL);
}

/* "x/y/", "/x/y" → "/x/y"; "/" → "". */
static bool set_prefix(struct parse *parse, const char *flag, const char *path, char *out)
{
    size_t used = 0;
    for (; *path != '\0'; path++) {
        bool slash = *path == '/';
        if (!is_path_character(*path))
            return refuse(parse, "--%s: a path has letters, digits and /-._~+:@, only", flag);
        if (!slash && (used == 0 || path[-1] == '/'))
            out[used++] = '/';
        if (used + 2 >= SP_FLAGS_PREFIX)
            return refuse(parse, "--%s: the path is longer than %u", flag, SP_FLAGS_PREFIX - 2);
        if (!slash)
            out[used++] = *path;
    }
    out[used] = '\0';
    return true;
}

static bool set_prefixes(struct parse *parse)
{
    struct sp_flags *out = parse->flags;
    const char *path = out->external_url != NULL ? out->external_url : "";
    if (strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0) {
        path = strstr(path, "://") + 3;
        size_t authority = strcspn(path, "/?#");
        if (authority == 0)
            return refuse(parse, "--web.external-url: the host is missing");
        path += authority;
    } else if (*path != '\0' && *path != '/') {
        return refuse(parse,
                      "--web.external-url: write http://HOST/PATH, https://HOST/PATH or /PATH");
    }
    /* Each stands for the other where only one is given. */
    bool url = out->external_url != NULL;
    const char *route = out->route_prefix != NULL ? out->route_prefix : path;
    return set_prefix(parse, url ? "web.external-url" : "web.route-prefix", url ? path : route,
                      out->links_below) &&
           set_prefix(parse, "web.route-prefix", route, out->routes_below);
}

/* --- words ------------------------------------------------------------------------------------ */

static const struct flag *find_flag(const char *name, size_t len)
{
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (strlen(flags[i].info.name) == len && strncmp(flags[i].info.name, name, len) == 0)
            return &flags[i];
    }
    return NULL;
}

static bool refuse_unknown(struct parse *parse, const char *name, size_t len)
{
    char word[64], quoted[SP_QUOTE_SIZE];
    struct sp_nearest nearest = {.word = word};
    snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), name);
    for (size_t i = 0; i < FLAG_COUNT; i++)
        sp_nearest_offer(&nearest, flags[i].info.name);
    sp_quote(quoted, sizeof quoted, name - 2, len + 2);
    if (nearest.best != NULL)
        return refuse(parse, "there is no flag %s; did you mean \"--%s\"?", quoted, nearest.best);
    return refuse(parse, "there is no flag %s; see smtp-probe-exporter --help", quoted);
}

/* The action that a flag stands for, SP_FLAGS_RUN where it only sets something. */
static enum sp_flags_action take_action(struct parse *parse, const struct flag *flag,
                                        const char *value)
{
    if (flag->kind == VERSION && value == NULL)
        return SP_FLAGS_VERSION;
    if (flag->kind == HELP && value == NULL)
        return SP_FLAGS_HELP;
    if (flag->kind == HELP && strcmp(value, "man") == 0)
        return SP_FLAGS_MAN;
    if (flag->kind == HELP && strcmp(value, "bash") == 0)
        return SP_FLAGS_BASH;
    if (flag->kind == HELP)
        refuse_value(parse, flag, value, "man or bash");
    else
        refuse(parse, "--%s takes no value", flag->info.name);
    return SP_FLAGS_ERROR;
}

static enum sp_flags_action take_switch(struct parse *parse, const struct flag *flag,
                                        const char *value, bool on)
{
    if (value != NULL) {
        refuse(parse, "--%s takes no value; write --%s or --no-%s", flag->info.name,
               flag->info.name, flag->info.name);
        return SP_FLAGS_ERROR;
    }
    *(bool *)(void *)((char *)parse->flags + flag->offset) = on;
    return SP_FLAGS_RUN;
}

/* `name` stands behind "--"; *used becomes true when `next` was its value. */
static enum sp_flags_action take_flag(struct parse *parse, const char *name, const char *next,
                                      bool *used)
{
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct flag *flag = find_flag(name, len);
    bool on = true;
    if (flag == NULL && strncmp(name, "no-", 3) == 0) {
        flag = find_flag(name + 3, len - 3);
        on = false;
        if (flag != NULL && flag->kind != SWITCH) {
            refuse(parse, "--%s can't be turned off", flag->info.name);
            return SP_FLAGS_ERROR;
        }
    }
    if (flag == NULL) {
        refuse_unknown(parse, name, len);
        return SP_FLAGS_ERROR;
    }
    if (flag->kind == SWITCH)
        return take_switch(parse, flag, value, on);
    if (flag->kind == HELP || flag->kind == VERSION)
        return take_action(parse, flag, value);
    if (value == NULL && next != NULL && strncmp(next, "--", 2) != 0) {
        *used = true;
        value = next;
    }
    if (value == NULL) {
        refuse(parse, "--%s needs a value: %s", flag->info.name, flag->info.metavar);
        return SP_FLAGS_ERROR;
    }
    return set_value(parse, flag, value) ? SP_FLAGS_RUN : SP_FLAGS_ERROR;
}

static enum sp_flags_action take_word(struct parse *parse, const char *word, const char *next,
                                      bool *used)
{
    char quoted[SP_QUOTE_SIZE];
    if (strcmp(word, "-h") == 0)
        return SP_FLAGS_HELP;
    if (strncmp(word, "--", 2) == 0 && word[2] != '\0')
        return take_flag(parse, word + 2, next, used);
    refuse(parse, "%s is not a flag; see smtp-probe-exporter --help",
           sp_quote(quoted, sizeof quoted, word, strlen(word)));
    return SP_FLAGS_ERROR;
}

static void set_defaults(struct parse *parse)
{
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (flags[i].info.fallback != NULL && flags[i].kind != TEXT)
            set_value(parse, &flags[i], flags[i].info.fallback);
    }
    parse->addresses_given = false;
}

enum sp_flags_action sp_flags_parse(int argc, char *const *argv, struct sp_flags *out_flags,
                                    char *error, size_t size)
{
    struct parse parse = {.flags = out_flags, .error = error, .size = size};
    memset(out_flags, 0, sizeof *out_flags);
    set_defaults(&parse);
    for (int i = 1; i < argc; i++) {
        bool used = false;
        enum sp_flags_action action =
            take_word(&parse, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used);
        if (action != SP_FLAGS_RUN)
            return action;
        i += used;
    }
    if (!set_prefixes(&parse))
        return SP_FLAGS_ERROR;
    if (out_flags->convert != NULL)
        return SP_FLAGS_CONVERT;
    return out_flags->config_check ? SP_FLAGS_CHECK : SP_FLAGS_RUN;
}

/* --- addresses -------------------------------------------------------------------------------- */

bool sp_flags_is_loopback(const char *address)
{
    char host[80];
    struct in_addr ipv4;
    struct in6_addr ipv6;
    const char *start = address, *end = strrchr(address, ':');
    if (strncmp(address, "unix:", 5) == 0)
        return true;
    if (*address == '[') {
        start = address + 1;
        end = strchr(start, ']');
    } else if (end == NULL || strchr(address, ':') != end) { /* no port, or IPv6 without brackets */
        end = address + strlen(address);
    }
    if (end == NULL || end == start || (size_t)(end - start) >= sizeof host)
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return ntohl(ipv4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &ipv6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&ipv6) ||
               (IN6_IS_ADDR_V4MAPPED(&ipv6) && ipv6.s6_addr[12] == 127);
    return strcmp(host, "localhost") == 0;
}
