/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/cli.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/nearest.h"
#include "probe/option_auth.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR_SIZE 640u
#define MESSAGE_MAX 65536u
#define INVALID_SHOWN 10u /* broken targets that are listed one by one */

const struct sp_cli_program sp_cli_smtp_probe = {
    .name = "smtp-probe",
    .error_prefix = "smtp-probe: ",
    .line_prefix = "smtp-probe: ",
    .usage = "Usage: smtp-probe [OPTION]... TARGET...\n"
             "Probes mail servers from the lookup of the name to QUIT, and says what is wrong.\n",
    .exit_codes = "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, 64 wrong usage,\n"
                  "78 wrong configuration.\n",
    .manual = &sp_cli_smtp_probe_manual,
};

/* The state of one call. */
struct parse {
    const struct sp_cli_program *program;
    struct sp_cli *cli;
    int argc;
    char *const *argv;
    int next;                     /* index of the next word */
    struct sp_option_layer layer; /* of the command line */
    const char **words;           /* targets, in order */
    size_t word_count;
    bool dry_run;
    enum sp_cli_action action; /* anything but SP_CLI_RUN ends the parsing */
};

/* --- what a program knows --------------------------------------------------------------------- */

static const struct sp_cli_extra *find_extra(const struct sp_cli_program *program, const char *name)
{
    for (size_t i = 0; i < program->extra_count; i++) {
        if (strcmp(program->extras[i].info.name, name) == 0) {
            return &program->extras[i];
        }
    }
    return NULL;
}

/* The program's form of a row of the table; NULL: it has none. */
static const struct sp_option_info *adopt_row(const struct sp_cli_program *program,
                                              const struct sp_option_info *row)
{
    if (row == NULL) {
        return NULL;
    }
    for (const char *const *name = program->without; name != NULL && *name != NULL; name++) {
        if (strcmp(*name, row->name) == 0) {
            return NULL;
        }
    }
    const struct sp_cli_extra *extra = find_extra(program, row->name);
    return extra != NULL ? &extra->info : row;
}

size_t sp_cli_row_count(const struct sp_cli_program *program)
{
    return program->extra_count + sp_option_count();
}

const struct sp_option_info *sp_cli_row(const struct sp_cli_program *program, size_t index)
{
    if (index >= program->extra_count) {
        return adopt_row(program, sp_option_at(index - program->extra_count));
    }
    const struct sp_option_info *info = &program->extras[index].info;
    return sp_option_find(info->name) == NULL ? info : NULL;
}

static const struct sp_option_info *find_long(const struct sp_cli_program *program,
                                              const char *name)
{
    const struct sp_cli_extra *extra = find_extra(program, name);

    return extra != NULL ? &extra->info : adopt_row(program, sp_option_find(name));
}

static const struct sp_option_info *find_short(const struct sp_cli_program *program, char letter)
{
    for (size_t i = 0; i < program->extra_count; i++) {
        if (program->extras[i].info.short_name == letter) {
            return &program->extras[i].info;
        }
    }
    return adopt_row(program, sp_option_find_short(letter));
}

/* --- messages --------------------------------------------------------------------------------- */

static enum sp_cli_action refuse(struct parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Keeps one line of error and where to read more. */
static enum sp_cli_action refuse(struct parse *parse, const char *format, ...)
{
    char line[ERROR_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    sp_buf_printf(&parse->cli->message, "%s%s\nTry \"%s --help\".\n", parse->program->error_prefix,
                  line, parse->program->name);
    parse->action = SP_CLI_USAGE_ERROR;
    return parse->action;
}

/* --- options ---------------------------------------------------------------------------------- */

/* The word behind "--explain". */
static enum sp_cli_action explain_reason(struct parse *parse, const char *word)
{
    char quoted[SP_QUOTE_SIZE];
    struct sp_nearest nearest = {.word = word};

    if (sp_reason_from_word(word, &parse->cli->explain)) {
        return parse->action = SP_CLI_EXPLAIN;
    }
    sp_quote(quoted, sizeof(quoted), word, strlen(word));
    for (int i = 0; i < SP_REASON_COUNT; i++) {
        sp_nearest_offer(&nearest, sp_reason_info((enum sp_reason)i)->word);
    }
    if (nearest.best != NULL) {
        return refuse(parse, "--explain: there is no reason %s; did you mean \"%s\"?", quoted,
                      nearest.best);
    }
    return refuse(parse, "--explain: there is no reason %s; --list-reasons shows them all", quoted);
}

/* --help and what it can be asked for. */
static enum sp_cli_action choose_help(struct parse *parse, const char *topic, bool is_short)
{
    char quoted[SP_QUOTE_SIZE];

    if (is_short) {
        parse->action = SP_CLI_HELP;
    } else if (topic == NULL) {
        parse->action = SP_CLI_FULL_HELP;
    } else if (strcmp(topic, "man") == 0) {
        parse->action = SP_CLI_MAN;
    } else if (strcmp(topic, "bash") == 0) {
        parse->action = SP_CLI_BASH;
    } else {
        return refuse(parse, "--help: %s can't be used; it is man or bash",
                      sp_quote(quoted, sizeof(quoted), topic, strlen(topic)));
    }
    return parse->action;
}

/* An option that is no setting. `value`: what stood behind "=", or the word that the option needs. */
static enum sp_cli_action take_action(struct parse *parse, const struct sp_option_info *info,
                                      const char *value, bool is_short)
{
    if (strcmp(info->name, "help") == 0) {
        return choose_help(parse, value, is_short);
    }
    if (strcmp(info->name, "explain") == 0) {
        return explain_reason(parse, value);
    }
    if (value != NULL) {
        return refuse(parse, "--%s takes no value", info->name);
    }
    if (strcmp(info->name, "version") == 0) {
        parse->action = SP_CLI_VERSION;
    } else if (strcmp(info->name, "list-reasons") == 0) {
        parse->action = SP_CLI_LIST_REASONS;
    } else if (strcmp(info->name, "list-auth") == 0) {
        parse->action = SP_CLI_LIST_AUTH;
    } else {
        parse->dry_run = true;
    }
    return parse->action;
}

/* Sets an option of the table or of the program. */
static bool set_option(const struct sp_cli_program *program, struct sp_cli *cli,
                       struct sp_option_layer *layer, const struct sp_option_info *info,
                       const char *value, char *error, size_t size)
{
    const struct sp_cli_extra *extra = find_extra(program, info->name);

    if (extra != NULL) {
        return extra->set(program->data, cli, value, error, size);
    }
    return sp_option_set_layered(&cli->options, cli->arena, layer, info, value, error, size);
}

/* One option with its value, or NULL when none stood with it. */
static enum sp_cli_action take_option(struct parse *parse, const struct sp_option_info *info,
                                      const char *value, bool is_short)
{
    char error[ERROR_SIZE];

    if (value == NULL && info->metavar != NULL) {
        if (parse->next >= parse->argc) {
            return refuse(parse, "--%s needs a value: %s", info->name,
                          info->choices != NULL ? info->choices : info->metavar);
        }
        value = parse->argv[parse->next++];
    }
    if (info->action) {
        return take_action(parse, info, value, is_short);
    }
    if (!set_option(parse->program, parse->cli, &parse->layer, info, value, error, sizeof(error))) {
        return refuse(parse, "%s", error);
    }
    return parse->action;
}

/* The nearest name that the program knows, or NULL. */
static const char *suggest(const struct sp_cli_program *program, const char *name)
{
    struct sp_nearest nearest = {.word = name};

    for (size_t i = 0; i < sp_cli_row_count(program); i++) {
        const struct sp_option_info *info = sp_cli_row(program, i);
        if (info != NULL) {
            sp_nearest_offer(&nearest, info->name);
        }
    }
    return nearest.best;
}

/* What it would be is not repeated: it may stand in the same word. */
static enum sp_cli_action refuse_secret(struct parse *parse, const char *option)
{
    return refuse(parse,
                  "there is no option %s: others can read what a program is called with; give "
                  "--password-file FILE, --password-fd N, --password-env NAME or --token-file FILE",
                  option);
}

/* "--name" or "--name=value". */
static enum sp_cli_action take_long(struct parse *parse, const char *word)
{
    char name[64], quoted[SP_QUOTE_SIZE];
    size_t len = strcspn(word, "=");
    const struct sp_option_info *info = NULL;
    const char *near = NULL;

    if (len < sizeof(name)) {
        memcpy(name, word, len);
        name[len] = '\0';
        info = find_long(parse->program, name);
        near = info == NULL ? suggest(parse->program, name) : NULL;
    }
    if (info != NULL) {
        return take_option(parse, info, word[len] == '=' ? word + len + 1 : NULL, false);
    }
    sp_quote(quoted, sizeof(quoted), word - 2, len + 2);
    if (len < sizeof(name) && sp_option_would_be_secret(name)) {
        return refuse_secret(parse, quoted);
    }
    if (near != NULL) {
        return refuse(parse, "there is no option %s; did you mean \"--%s\"?", quoted, near);
    }
    return refuse(parse, "there is no option %s", quoted);
}

/* What stands behind one hyphen: short flags, the last of which may be an option with its value. */
static enum sp_cli_action take_short(struct parse *parse, const char *letters)
{
    char quoted[SP_QUOTE_SIZE];

    for (const char *c = letters; *c != '\0' && parse->action == SP_CLI_RUN; c++) {
        const struct sp_option_info *info = find_short(parse->program, *c);
        if (info == NULL && *c == 'P') {
            return refuse_secret(parse, "-P");
        }
        if (info == NULL) {
            char option[2] = {'-', *c};
            return refuse(parse, "there is no option %s",
                          sp_quote(quoted, sizeof(quoted), option, sizeof(option)));
        }
        if (info->metavar != NULL) {
            return take_option(parse, info, c[1] != '\0' ? c + 1 : NULL, true);
        }
        take_option(parse, info, NULL, true);
    }
    return parse->action;
}

static enum sp_cli_action take_arguments(struct parse *parse)
{
    bool only_targets = false;

    while (parse->action == SP_CLI_RUN && parse->next < parse->argc) {
        const char *word = parse->argv[parse->next++];
        if (only_targets || word[0] != '-' || word[1] == '\0') {
            parse->words[parse->word_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_targets = true;
        } else if (word[1] == '-') {
            take_long(parse, word + 2);
        } else {
            take_short(parse, word + 1);
        }
    }
    return parse->action;
}

/* "SMTP_PROBE_REPLY_TIMEOUT" out of "reply-timeout". */
static void name_variable(char *out, size_t size, const char *option)
{
    snprintf(out, size, "SMTP_PROBE_%s", option);
    for (char *c = out; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c == '-' ? '_' : *c;
    }
}

/* The variable's value, or NULL: unset or empty. */
static const char *find_variable(char *const *environment, const char *name)
{
    size_t len = strlen(name);

    for (; environment != NULL && *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, name, len) == 0 && entry[len] == '=' && entry[len + 1] != '\0') {
            return entry + len + 1;
        }
    }
    return NULL;
}

/* Sets the options that the environment names. False: error[0..size) says what is wrong; the rest is
 * still set, since the command line may ask for help only. */
static bool take_environment(const struct sp_cli_program *program, struct sp_cli *cli,
                             char *const *environment, char *error, size_t size)
{
    struct sp_option_layer layer = {0};
    char name[64], why[ERROR_SIZE - 100];
    bool ok = true;

    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = adopt_row(program, sp_option_at(i));
        const char *value;
        if (info == NULL || info->action) {
            continue;
        }
        name_variable(name, sizeof(name), info->name);
        value = find_variable(environment, name);
        if (value != NULL && !set_option(program, cli, &layer, info, value, why, sizeof(why))) {
            snprintf(error, size, "%s in the environment: %s", name, why);
            ok = false;
        }
    }
    return ok;
}

/* --- targets ---------------------------------------------------------------------------------- */

/* Every target is broken: all of it is told, since there is no result that could. */
static enum sp_cli_action refuse_all(struct parse *parse)
{
    struct sp_buf *message = &parse->cli->message;
    const struct sp_target_list *targets = &parse->cli->targets;

    for (size_t i = 0; i < targets->count && i < INVALID_SHOWN; i++) {
        const struct sp_endpoint *endpoint = &targets->items[i];
        char quoted[SP_QUOTE_SIZE];
        sp_buf_append_str(message,
                          i == 0 ? parse->program->error_prefix : parse->program->line_prefix);
        if (endpoint->source != NULL) {
            sp_buf_printf(message, "%s:%zu: %s\n", endpoint->source, endpoint->line,
                          endpoint->invalid);
        } else {
            sp_quote(quoted, sizeof(quoted), endpoint->input, strlen(endpoint->input));
            sp_buf_printf(message, "target %s: %s\n", quoted, endpoint->invalid);
        }
    }
    if (targets->count > INVALID_SHOWN) {
        sp_buf_printf(message, "%s%zu more targets can't be used\n", parse->program->line_prefix,
                      targets->count - INVALID_SHOWN);
    }
    sp_buf_printf(message, "Nothing is left to probe. Try \"%s --help\".\n", parse->program->name);
    return SP_CLI_USAGE_ERROR;
}

static enum sp_cli_action refuse_none(struct parse *parse)
{
    const char *name = parse->program->name;

    sp_buf_printf(&parse->cli->message, "%s%s. For example:\n", parse->program->error_prefix,
                  parse->word_count == 0 ? "no target is given"
                                         : "the files name no target at all");
    sp_buf_printf(&parse->cli->message,
                  "  %s mx.example.org                 a mail server on port 25\n"
                  "  %s mail.example.org:587 @FILE     submission, and a list\n"
                  "Try \"%s -h\".\n",
                  name, name, name);
    return SP_CLI_USAGE_ERROR;
}

/* All options are known: now the targets can be understood. */
static enum sp_cli_action take_targets(struct parse *parse)
{
    const struct sp_cli_program *program = parse->program;
    struct sp_cli *cli = parse->cli;
    const char *first = NULL;
    char error[ERROR_SIZE];

    if (program->finish != NULL &&
        !program->finish(program->data, cli, &first, error, sizeof(error))) {
        return refuse(parse, "%s", error);
    }
    if (first != NULL) {
        memmove(parse->words + 1, parse->words, parse->word_count * sizeof(*parse->words));
        parse->words[0] = first;
        parse->word_count++;
    }
    if (!sp_options_finish(&cli->options, cli->arena, error, sizeof(error))) {
        return refuse(parse, "%s", error);
    }
    if (!sp_target_list_init(&cli->targets)) {
        return refuse(parse, "out of memory");
    }
    for (size_t i = 0; i < parse->word_count; i++) {
        if (!sp_target_list_add(&cli->targets, parse->words[i], &cli->options, error,
                                sizeof(error))) {
            return refuse(parse, "%s", error);
        }
    }
    if (cli->targets.count == 0) {
        return refuse_none(parse);
    }
    if (cli->targets.invalid_count == cli->targets.count) {
        return refuse_all(parse);
    }
    return parse->dry_run ? SP_CLI_DRY_RUN : SP_CLI_RUN;
}

enum sp_cli_action sp_cli_parse(int argc, char *const *argv, char *const *environment,
                                struct sp_cli *out_cli)
{
    return sp_cli_parse_for(&sp_cli_smtp_probe, argc, argv, environment, out_cli);
}

enum sp_cli_action sp_cli_parse_for(const struct sp_cli_program *program, int argc,
                                    char *const *argv, char *const *environment,
                                    struct sp_cli *out_cli)
{
    char error[ERROR_SIZE];
    struct parse parse = {
        .program = program, .cli = out_cli, .argc = argc, .argv = argv, .next = 1};
    bool environment_ok;

    *out_cli = (struct sp_cli){.arena = sp_arena_new(SP_LIMIT_OPTIONS_ARENA)};
    sp_buf_init(&out_cli->message, MESSAGE_MAX);
    if (out_cli->arena != NULL) {
        parse.words = sp_arena_array(out_cli->arena, (size_t)argc + 2, sizeof(*parse.words));
    }
    if (parse.words == NULL) {
        return refuse(&parse, "out of memory");
    }
    sp_options_init(&out_cli->options);
    if (program->init != NULL) {
        program->init(program->data, out_cli);
    }
    environment_ok = take_environment(program, out_cli, environment, error, sizeof(error));
    if (take_arguments(&parse) != SP_CLI_RUN) {
        return parse.action;
    }
    if (!environment_ok) {
        return refuse(&parse, "%s", error);
    }
    return take_targets(&parse);
}

void sp_cli_free(struct sp_cli *cli)
{
    sp_target_list_free(&cli->targets);
    sp_arena_free(cli->arena);
    sp_buf_free(&cli->message);
    *cli = (struct sp_cli){0};
}
