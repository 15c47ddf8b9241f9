/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs do with the tree: look things up, ask for a kind of value, say what is wrong, and print
 * scalars. Also reads the file. */
#include "prometheus/yaml.h"

#include "probe/host.h"
#include "probe/limits.h"
#include "probe/nearest.h"
#include "probe/values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void sp_yaml_init(struct sp_yaml *yaml, const char *name, struct sp_buf *errors)
{
    *yaml = (struct sp_yaml){.name = name, .errors = errors};
}

void sp_yaml_free(struct sp_yaml *yaml)
{
    sp_arena_free(yaml->arena);
    yaml->arena = NULL;
    yaml->root = NULL;
}

/* --- errors ------------------------------------------------------------------------------------- */

/* By pieces and without sp_buf_printf, which allocates: this has to work when memory is out. */
static void append_line(struct sp_yaml *yaml, const struct sp_yaml_node *node, const char *message)
{
    char place[48] = "";

    if (node != NULL)
        snprintf(place, sizeof place, ":%u:%u", node->line, node->column);
    if (sp_buf_append_str(yaml->errors, yaml->name) && sp_buf_append_str(yaml->errors, place) &&
        sp_buf_append_str(yaml->errors, ": ") && sp_buf_append_str(yaml->errors, message))
        sp_buf_append_str(yaml->errors, "\n");
}

void sp_yaml_error(struct sp_yaml *yaml, const struct sp_yaml_node *node, const char *format, ...)
{
    char message[1024];
    va_list args;

    yaml->error_count++;
    if (yaml->error_count > SP_LIMIT_YAML_ERRORS + 1)
        return;
    if (yaml->error_count == SP_LIMIT_YAML_ERRORS + 1) {
        append_line(yaml, NULL, "there are more mistakes than are shown here");
        return;
    }
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    /* One line, whatever it quotes. */
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    }
    append_line(yaml, node, message);
}

bool sp_yaml_no_memory(struct sp_yaml *yaml)
{
    if (!yaml->out_of_memory)
        sp_yaml_error(yaml, NULL, "out of memory");
    yaml->out_of_memory = true;
    return false;
}

void sp_yaml_unknown_key(struct sp_yaml *yaml, const struct sp_yaml_node *key,
                         const char *const *candidates, size_t count)
{
    char quoted[SP_QUOTE_SIZE];
    struct sp_nearest nearest = {.word = key->text};

    /* What is not shown needs no search, which takes its time. */
    for (size_t i = 0; i < count && yaml->error_count < SP_LIMIT_YAML_ERRORS; i++)
        sp_nearest_offer(&nearest, candidates[i]);
    sp_quote(quoted, sizeof quoted, key->text, strlen(key->text));
    if (nearest.best != NULL)
        sp_yaml_error(yaml, key, "unknown key %s (did you mean \"%s\"?)", quoted, nearest.best);
    else
        sp_yaml_error(yaml, key, "unknown key %s", quoted);
}

/* --- looking ------------------------------------------------------------------------------------ */

const struct sp_yaml_node *sp_yaml_find(const struct sp_yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != SP_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->items[i].key->text, key) == 0)
            return map->items[i].value;
    }
    return NULL;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

/* YAML 1.1, "Null Language-Independent Type". */
static bool reads_as_null(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return is_one_of(text, words, sizeof words / sizeof words[0]);
}

bool sp_yaml_is_null(const struct sp_yaml_node *node)
{
    return node->kind == SP_YAML_SCALAR && node->plain && reads_as_null(node->text);
}

/* True when the value is of that kind; else says what is there instead. */
static bool want_kind(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value,
                      enum sp_yaml_kind kind)
{
    static const char *const names[] = {
        [SP_YAML_SCALAR] = "one value", [SP_YAML_LIST] = "a list", [SP_YAML_MAP] = "a mapping"};

    if (sp_yaml_is_null(value))
        sp_yaml_error(yaml, value, "%s has no value; give it %s or leave the key out", what,
                      names[kind]);
    else if (value->kind != kind)
        sp_yaml_error(yaml, value, "%s must be %s, not %s", what, names[kind], names[value->kind]);
    else
        return true;
    return false;
}

bool sp_yaml_want_map(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value)
{
    return want_kind(yaml, what, value, SP_YAML_MAP);
}

bool sp_yaml_want_list(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value)
{
    return want_kind(yaml, what, value, SP_YAML_LIST);
}

bool sp_yaml_want_scalar(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value)
{
    return want_kind(yaml, what, value, SP_YAML_SCALAR);
}

bool sp_yaml_want_number(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value,
                         uint32_t min, uint32_t max, uint32_t *out_number)
{
    char quoted[SP_QUOTE_SIZE];
    uint64_t number;

    if (!sp_yaml_want_scalar(yaml, what, value))
        return false;
    if (!sp_parse_uint(value->text, max, &number) || number < min) {
        sp_yaml_error(yaml, value, "%s: %s can't be used; it is a whole number from %u to %u", what,
                      sp_quote(quoted, sizeof quoted, value->text, strlen(value->text)), min, max);
        return false;
    }
    *out_number = (uint32_t)number;
    return true;
}

bool sp_yaml_want_bool(struct sp_yaml *yaml, const char *what, const struct sp_yaml_node *value,
                       bool *out_on)
{
    /* YAML 1.1's, which Go's readers of the files of others take as well. */
    static const char *const on[] = {"true", "yes", "on",   "y",   "True", "Yes",
                                     "On",   "Y",   "TRUE", "YES", "ON"};
    static const char *const off[] = {"false", "no", "off",   "n",  "False", "No",
                                      "Off",   "N",  "FALSE", "NO", "OFF"};
    char quoted[SP_QUOTE_SIZE];

    if (!sp_yaml_want_scalar(yaml, what, value))
        return false;
    *out_on = is_one_of(value->text, on, sizeof on / sizeof on[0]);
    if (*out_on || is_one_of(value->text, off, sizeof off / sizeof off[0]))
        return true;
    sp_yaml_error(yaml, value, "%s: %s can't be used; it is true or false", what,
                  sp_quote(quoted, sizeof quoted, value->text, strlen(value->text)));
    return false;
}

/* --- printing ----------------------------------------------------------------------------------- */

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Plain text that every reader of YAML 1.1 and 1.2 takes for the same; a colon needs a letter or digit
 * behind it. */
static bool can_be_plain(const char *text)
{
    if ((!is_alphanumeric(text[0]) && text[0] != '/' && text[0] != '_') || reads_as_null(text))
        return false;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!is_alphanumeric(text[i]) && strchr("._/+@-", text[i]) == NULL &&
            (text[i] != ':' || !is_alphanumeric(text[i + 1])))
            return false;
    }
    return true;
}

/* The length of the UTF-8 character at `text`, which ends with a NUL; 0: it is none (RFC 3629 §4). */
static size_t measure_character(const unsigned char *text)
{
    size_t len = text[0] < 0x80                       ? 1
                 : text[0] >= 0xC2 && text[0] <= 0xDF ? 2
                 : (text[0] & 0xF0u) == 0xE0          ? 3
                 : text[0] >= 0xF0 && text[0] <= 0xF4 ? 4
                                                      : 0;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xC0u) != 0x80)
            return 0;
    }
    if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F) ||
        (text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F))
        return 0;
    return len;
}

/* What YAML takes for a control character, a line's end or none of its characters at all, by its code; 0:
 * the character can stand as it is (YAML 1.1 §4.1.1, §4.2.2). */
static unsigned find_escape(const unsigned char *text, size_t len)
{
    if (len == 1)
        return text[0] < 0x20 || text[0] == 0x7F ? text[0] : 0;
    if (len == 2)
        return text[0] == 0xC2 && text[1] < 0xA0 ? text[1] : 0;
    if (len == 3) {
        unsigned code = (text[0] & 0x0Fu) << 12 | (text[1] & 0x3Fu) << 6 | (text[2] & 0x3Fu);
        return code == 0x2028 || code == 0x2029 || code == 0xFEFF || code >= 0xFFFE ? code : 0;
    }
    return 0;
}

static bool print_character(struct sp_buf *out, const unsigned char *text, size_t len)
{
    unsigned escape = find_escape(text, len);
    if (len == 0)
        return sp_buf_append_str(out, "\\uFFFD");
    if (escape != 0)
        return sp_buf_printf(out, escape < 0x100 ? "\\x%02X" : "\\u%04X", escape);
    if (*text == '"' || *text == '\\')
        return sp_buf_printf(out, "\\%c", *text);
    return sp_buf_append(out, text, len);
}

bool sp_yaml_print_scalar(struct sp_buf *out, const char *text)
{
    if (can_be_plain(text))
        return sp_buf_append_str(out, text);
    bool done = sp_buf_append_str(out, "\"");
    const unsigned char *at = (const unsigned char *)text;
    while (done && *at != '\0') {
        size_t len = measure_character(at);
        done = print_character(out, at, len);
        at += len > 0 ? len : 1;
    }
    return done && sp_buf_append_str(out, "\"");
}

/* --- the file ----------------------------------------------------------------------------------- */

static bool refuse_errno(struct sp_yaml *yaml, int code)
{
    const char *hint = code == ENOENT || code == ENOTDIR ? "; check the path"
                       : code == EACCES || code == EPERM ? "; check its permissions"
                                                         : "";
    if (code == ENOMEM)
        return sp_yaml_no_memory(yaml);
    sp_yaml_error(yaml, NULL, "the file can't be read: %s%s", strerror(code), hint);
    return false;
}

static bool read_all(struct sp_yaml *yaml, int fd, struct sp_buf *out)
{
    for (;;) {
        uint8_t *room = sp_buf_reserve(out, 4096);
        if (room == NULL)
            return sp_yaml_no_memory(yaml);
        ssize_t got = read(fd, room, 4096);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return refuse_errno(yaml, errno);
        out->len += got > 0 ? (size_t)got : 0;
        if (out->len > SP_LIMIT_YAML_FILE) {
            sp_yaml_error(yaml, NULL, "the file is larger than %u KiB", SP_LIMIT_YAML_FILE >> 10);
            return false;
        }
    }
}

bool sp_yaml_read_file(struct sp_yaml *yaml, struct sp_buf *out)
{
    struct stat status;
    /* A pipe without a writer must not hold us here. */
    int fd = open(yaml->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool good = false;

    sp_buf_init(out, SP_LIMIT_YAML_FILE + 8192u);
    if (fd < 0)
        return refuse_errno(yaml, errno);
    if (fstat(fd, &status) != 0)
        refuse_errno(yaml, errno);
    else if (!S_ISREG(status.st_mode))
        sp_yaml_error(yaml, NULL, "this is %s, not a regular file; check the path",
                      S_ISDIR(status.st_mode) ? "a directory" : "a device or a pipe");
    else
        good = read_all(yaml, fd, out);
    close(fd);
    if (!good)
        sp_buf_free(out);
    return good;
}
