/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/extra_opts.h"

#include "probe/buf.h"
#include "probe/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Octets at text[0..len), nothing behind them. */
struct piece {
    const char *text;
    size_t len;
};

static const char *const FILE_NAMES[] = {"monitoring-plugins.ini", "plugins.ini",
                                         "nagios-plugins.ini"};
static const char *const PLACES[] = {
    "/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
    "/usr/local/etc/monitoring-plugins.ini",
    "/etc/monitoring-plugins/monitoring-plugins.ini",
    "/etc/monitoring-plugins.ini",
    "/etc/nagios/plugins.ini",
    "/usr/local/nagios/etc/plugins.ini",
    "/usr/local/etc/nagios/plugins.ini",
    "/etc/opt/nagios/plugins.ini",
    "/etc/nagios-plugins.ini",
    "/usr/local/etc/nagios-plugins.ini",
    "/etc/opt/nagios-plugins.ini",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- words ------------------------------------------------------------------------------------ */

static bool add_word(struct sp_extra_opts *opts, struct piece key, struct piece value)
{
    const char *dashes = key.len == 1 ? "-" : "--";
    const char *equals = key.len == 1 || value.len == 0 ? "" : "=";
    size_t len = key.len + value.len + 4;
    if (opts->count == opts->size) {
        size_t size = opts->size + 16;
        char **words = realloc(opts->words, size * sizeof *words);
        if (!words)
            return false;
        opts->words = words;
        opts->size = size;
    }
    char *word = malloc(len);
    if (!word)
        return false;
    snprintf(word, len, "%s%.*s%s%.*s", dashes, (int)key.len, key.text, equals, (int)value.len,
             value.text);
    opts->words[opts->count++] = word;
    return true;
}

void sp_extra_opts_free(struct sp_extra_opts *opts)
{
    for (size_t i = 0; i < opts->count; i++)
        sp_secret_free(opts->words[i]);
    free(opts->words);
    *opts = (struct sp_extra_opts){0};
}

/* --- the file's text -------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct piece trim(struct piece piece)
{
    while (piece.len > 0 && is_blank(piece.text[0])) {
        piece.text++;
        piece.len--;
    }
    while (piece.len > 0 && is_blank(piece.text[piece.len - 1]))
        piece.len--;
    return piece;
}

struct reader {
    const char *section;
    struct sp_extra_opts *opts;
    const char *file;
    size_t line;
    enum { NO_SECTION, OTHER_SECTION, OUR_SECTION } where;
    bool found; /* an option of ours */
    char *error;
    size_t size;
};

/* Always false. */
static bool refuse_line(struct reader *reader, const char *what)
{
    snprintf(reader->error, reader->size, "Config file error: %s:%zu: %s", reader->file,
             reader->line, what);
    return false;
}

static bool read_option(struct reader *reader, struct piece line)
{
    const char *equals = memchr(line.text, '=', line.len);
    if (!equals)
        return refuse_line(reader, "no \"=\" behind the option; a flag is written \"option=\"");
    struct piece key = trim((struct piece){line.text, (size_t)(equals - line.text)});
    struct piece value =
        trim((struct piece){equals + 1, line.len - (size_t)(equals - line.text) - 1});
    if (key.len == 0)
        return refuse_line(reader, "no option in front of the \"=\"");
    if (reader->opts->count == SP_LIMIT_INI_WORDS)
        return refuse_line(reader, "too many options");
    if (!add_word(reader->opts, key, value))
        return refuse_line(reader, "out of memory");
    reader->found = true;
    return true;
}

/* `line` begins with "[". Leaves in *line what stands behind the "]" of our section. A header that doesn't
 * end is one of another plugin's: their files have it too. */
static void read_header(struct reader *reader, struct piece *line)
{
    const char *end = memchr(line->text, ']', line->len);
    size_t len = end != NULL ? (size_t)(end - line->text) : line->len;
    struct piece name = trim((struct piece){line->text + 1, len - 1});
    bool ours = end != NULL && name.len == strlen(reader->section) &&
                memcmp(name.text, reader->section, name.len) == 0;
    reader->where = ours ? OUR_SECTION : OTHER_SECTION;
    *line =
        ours ? trim((struct piece){end + 1, line->len - len - 1}) : (struct piece){line->text, 0};
}

static bool read_line(struct reader *reader, struct piece line)
{
    line = trim(line);
    while (line.len > 0 && line.text[0] == '[')
        read_header(reader, &line);
    if (line.len == 0 || line.text[0] == '#' || line.text[0] == ';')
        return true;
    if (reader->where == NO_SECTION)
        return refuse_line(reader, "an option before the first [section]");
    return reader->where == OTHER_SECTION || read_option(reader, line);
}

static bool read_text(struct reader *reader, const struct sp_buf *content)
{
    const char *text = (const char *)content->data;
    for (size_t at = 0; at < content->len;) {
        const char *end = memchr(text + at, '\n', content->len - at);
        size_t len = end != NULL ? (size_t)(end - (text + at)) : content->len - at;
        reader->line++;
        if (memchr(text + at, '\0', len) != NULL)
            return refuse_line(reader, "a NUL: this is no text");
        if (!read_line(reader, (struct piece){text + at, len}))
            return false;
        at += len + 1;
    }
    if (reader->found)
        return true;
    snprintf(reader->error, reader->size, "Invalid section '%s' in config file '%s'",
             reader->section, reader->file);
    return false;
}

/* --- the file --------------------------------------------------------------------------------- */

/* The room is taken at once: a buffer that grows leaves copies of a password behind. errno is set on
 * false. */
static bool read_all(int fd, struct sp_buf *content)
{
    uint8_t *room = sp_buf_reserve(content, SP_LIMIT_INI);
    if (!room) {
        errno = ENOMEM;
        return false;
    }
    while (content->len < SP_LIMIT_INI) {
        ssize_t got = read(fd, room + content->len, SP_LIMIT_INI - content->len);
        if (got == 0)
            return true;
        if (got > 0)
            content->len += (size_t)got;
        else if (errno != EINTR)
            return false;
    }
    errno = EFBIG;
    return false;
}

static bool read_file(struct reader *reader)
{
    struct sp_buf content;
    bool is_input = strcmp(reader->file, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(reader->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool done = fd >= 0;
    sp_buf_init(&content, SP_LIMIT_INI);
    done = done && read_all(fd, &content);
    if (!done)
        snprintf(reader->error, reader->size, "Can't read config file: %s: %s", strerror(errno),
                 reader->file);
    if (fd >= 0 && !is_input)
        close(fd);
    done = done && read_text(reader, &content);
    sp_buf_wipe(&content);
    return done;
}

/* The first file of a known name in the folders of $NAGIOS_CONFIG_PATH, into out[0..size). */
static bool find_in_path(char *out, size_t size)
{
    const char *path = secure_getenv("NAGIOS_CONFIG_PATH");
    while (path != NULL && *path != '\0') {
        int len = (int)strcspn(path, ":");
        for (size_t i = 0; len > 0 && i < COUNT(FILE_NAMES); i++) {
            int needed = snprintf(out, size, "%.*s/%s", len, path, FILE_NAMES[i]);
            if (needed > 0 && (size_t)needed < size && access(out, F_OK) == 0)
                return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

static bool find_default(char *out, size_t size)
{
    const char *file = secure_getenv("MP_CONFIG_FILE");
    if (file != NULL) {
        snprintf(out, size, "%s", file);
        return strlen(file) < size && file[0] != '\0';
    }
    if (find_in_path(out, size))
        return true;
    for (size_t i = 0; i < COUNT(PLACES); i++) {
        if (access(PLACES[i], F_OK) == 0) {
            snprintf(out, size, "%s", PLACES[i]);
            return true;
        }
    }
    return false;
}

bool sp_extra_opts_read(const char *locator, const char *default_section,
                        struct sp_extra_opts *opts, char *error, size_t size)
{
    char file[4096], section[256];
    const char *at = locator != NULL ? strchr(locator, '@') : NULL;
    size_t len = locator != NULL ? strcspn(locator, "@") : 0;
    bool known = at != NULL ? at[1] != '\0' && strlen(at + 1) < sizeof file
                            : find_default(file, sizeof file);
    if (!known) {
        snprintf(error, size, "Cannot find config file in any standard location.");
        return false;
    }
    if (at != NULL)
        snprintf(file, sizeof file, "%s", at + 1);
    if (len >= sizeof section) {
        snprintf(error, size, "--extra-opts: a section's name has at most %zu octets",
                 sizeof section - 1);
        return false;
    }
    snprintf(section, sizeof section, "%.*s", (int)(len > 0 ? len : strlen(default_section)),
             len > 0 ? locator : default_section);
    struct reader reader = {
        .section = section, .opts = opts, .file = file, .error = error, .size = size};
    return read_file(&reader);
}
