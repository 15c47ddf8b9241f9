/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of targets: words of the command line, and the lines of files. */
#include "probe/endpoint.h"
#include "probe/host.h"
#include "probe/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where an error message goes. */
struct message {
    char *text;
    size_t size;
};

bool sp_target_list_init(struct sp_target_list *list)
{
    *list = (struct sp_target_list){.arena = sp_arena_new(SP_LIMIT_TARGETS_ARENA)};
    return list->arena != NULL;
}

void sp_target_list_free(struct sp_target_list *list)
{
    free(list->items);
    sp_arena_free(list->arena);
    *list = (struct sp_target_list){0};
}

static bool grow_list(struct sp_target_list *list)
{
    size_t size = list->size == 0 ? 16 : list->size * 2;
    struct sp_endpoint *items = realloc(list->items, size * sizeof(*items));

    if (items == NULL) {
        return false;
    }
    list->items = items;
    list->size = size;
    return true;
}

/* Adds one line; `source` NULL: a word of the command line. */
static bool add_line(struct sp_target_list *list, const char *text, size_t len, const char *source,
                     size_t line, const struct sp_options *globals, struct message message)
{
    struct sp_endpoint endpoint;

    if (list->count >= SP_LIMIT_TARGETS) {
        snprintf(message.text, message.size, "there are more than %u targets", SP_LIMIT_TARGETS);
        return false;
    }
    if ((list->count == list->size && !grow_list(list)) ||
        !sp_endpoint_parse(list->arena, text, len, globals, &endpoint)) {
        goto out_of_memory;
    }
    endpoint.source = source;
    endpoint.line = line;
    if (endpoint.invalid != NULL) {
        list->invalid_count++;
    }
    list->items[list->count++] = endpoint;
    return true;

out_of_memory:
    snprintf(message.text, message.size, "out of memory while reading the targets");
    return false;
}

/* A line with nothing but blanks or a comment. */
static bool is_blank(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && (text[i] == ' ' || text[i] == '\t')) {
        i++;
    }
    return i == len || text[i] == '#';
}

/* Reads up to the end of a line. What is longer than the limit and one octet is read and dropped, so
 * that the line is refused for its length. False: the file has ended or failed and nothing was read. */
static bool read_line(FILE *file, char *text, size_t *out_len, size_t *octets)
{
    size_t len = 0;
    int c;

    while ((c = getc_unlocked(file)) != EOF && *octets <= SP_LIMIT_TARGET_FILE) {
        ++*octets;
        if (c == '\n') {
            break;
        }
        if (len <= SP_LIMIT_TARGET_LINE) {
            text[len++] = (char)c;
        }
    }
    if (c == EOF && len == 0) {
        return false;
    }
    if (len > 0 && text[len - 1] == '\r') {
        len--;
    }
    *out_len = len;
    return true;
}

static bool read_targets(struct sp_target_list *list, FILE *file, const char *source,
                         const struct sp_options *globals, struct message message)
{
    static const char bom[] = "\xef\xbb\xbf";
    char text[SP_LIMIT_TARGET_LINE + 1];
    size_t len, octets = 0;

    for (size_t line = 1; read_line(file, text, &len, &octets); line++) {
        size_t skip = line == 1 && len >= 3 && memcmp(text, bom, 3) == 0 ? 3 : 0;
        if (octets > SP_LIMIT_TARGET_FILE) {
            snprintf(message.text, message.size, "%s: the file is larger than %u MiB", source,
                     SP_LIMIT_TARGET_FILE >> 20);
            return false;
        }
        if (!is_blank(text + skip, len - skip) &&
            !add_line(list, text + skip, len - skip, source, line, globals, message)) {
            return false;
        }
    }
    if (ferror(file)) {
        snprintf(message.text, message.size, "%s: %s", source, strerror(errno));
        return false;
    }
    return true;
}

static bool add_stdin(struct sp_target_list *list, const struct sp_options *globals,
                      struct message message)
{
    if (list->stdin_read) {
        snprintf(message.text, message.size, "-: standard input can be read only once");
        return false;
    }
    if (globals->password_fd == STDIN_FILENO) {
        snprintf(message.text, message.size,
                 "-: standard input can't give the password (--password-fd 0) and targets too; use "
                 "another descriptor, as in --password-fd 3 3<FILE");
        return false;
    }
    list->stdin_read = true;
    return read_targets(list, stdin, "-", globals, message);
}

/* The name as it stands in messages: printable, and the file's own name as far as possible. */
static const char *name_source(struct sp_target_list *list, const char *path)
{
    char quoted[256];

    sp_quote(quoted, sizeof(quoted), path, strlen(path));
    size_t len = strlen(quoted);
    return sp_arena_strndup(list->arena, quoted + 1, len - 2);
}

static bool add_file(struct sp_target_list *list, const char *path,
                     const struct sp_options *globals, struct message message)
{
    const char *source = name_source(list, path);
    FILE *file;
    bool ok;

    if (source == NULL) {
        snprintf(message.text, message.size, "out of memory while reading the targets");
        return false;
    }
    if (*path == '\0') {
        snprintf(message.text, message.size, "@: the file's name is missing");
        return false;
    }
    file = fopen(path, "re");
    if (file == NULL) {
        snprintf(message.text, message.size, "%s: %s", source, strerror(errno));
        return false;
    }
    ok = read_targets(list, file, source, globals, message);
    fclose(file);
    return ok;
}

bool sp_target_list_add(struct sp_target_list *list, const char *word,
                        const struct sp_options *globals, char *error, size_t error_size)
{
    struct message message = {error, error_size};

    if (strcmp(word, "-") == 0 || strcmp(word, "@-") == 0) {
        return add_stdin(list, globals, message);
    }
    if (*word == '@') {
        return add_file(list, word + 1, globals, message);
    }
    return add_line(list, word, strlen(word), NULL, 0, globals, message);
}
