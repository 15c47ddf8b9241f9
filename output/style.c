/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/style.h"
#include "output/utf8.h"
#include "probe/limits.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RAGGED_COLUMNS 12u /* what a line may lose because a word does not fit */

enum sp_tone sp_tone_of_state(enum sp_state state)
{
    return (enum sp_tone)((int)SP_TONE_OK + (int)state);
}

/* The terminal's own sixteen colours: its theme keeps them readable on light and dark. */
void sp_tone_begin(struct sp_writer *writer, const struct sp_render *render, enum sp_tone tone)
{
    static const char *const codes[SP_TONE_COUNT] = {
        [SP_TONE_PLAIN] = "",           [SP_TONE_OK] = "\x1b[32m",
        [SP_TONE_WARNING] = "\x1b[33m", [SP_TONE_CRITICAL] = "\x1b[1;31m",
        [SP_TONE_UNKNOWN] = "\x1b[35m", [SP_TONE_STRONG] = "\x1b[1m",
        [SP_TONE_DIM] = "\x1b[2m",      [SP_TONE_NETWORK] = "\x1b[36m",
        [SP_TONE_SMTP] = "\x1b[34m",    [SP_TONE_TLS] = "\x1b[35m",
    };
    if (render->color)
        sp_write_str(writer, codes[tone]);
}

void sp_tone_end(struct sp_writer *writer, const struct sp_render *render, enum sp_tone tone)
{
    if (render->color && tone != SP_TONE_PLAIN)
        sp_write_str(writer, "\x1b[0m");
}

const char *sp_mark_of_state(const struct sp_render *render, enum sp_state state)
{
    static const char *const pretty[SP_STATE_COUNT] = {"✔", "!", "✖", "?"};
    static const char *const ascii[SP_STATE_COUNT] = {"+", "!", "x", "?"};

    return render->unicode ? pretty[state] : ascii[state];
}

enum sp_safe sp_safe_of(const struct sp_render *render)
{
    return render->unicode ? SP_SAFE_TERMINAL : SP_SAFE_ASCII;
}

void sp_write_spaces(struct sp_writer *writer, size_t count)
{
    static const char spaces[] = "                                ";

    for (; count >= sizeof(spaces); count -= sizeof(spaces) - 1)
        sp_write(writer, spaces, sizeof(spaces) - 1);
    sp_write(writer, spaces, count);
}

/* Raw text made safe in a buffer of its own. False: out of memory, and the writer knows. */
static bool make_safe(struct sp_writer *writer, const struct sp_render *render, struct sp_buf *out,
                      const char *data, size_t len, size_t max_columns)
{
    /* An octet becomes at most \xNN; a character of two octets at most \uNNNN. */
    sp_buf_init(out, (size_t)4 * SP_LIMIT_ARENA);
    if (sp_safe_append(out, sp_safe_of(render), data, len, max_columns))
        return true;
    sp_writer_fail(writer, ENOMEM);
    return false;
}

void sp_write_cell(struct sp_writer *writer, const struct sp_render *render, const char *data,
                   size_t len, size_t width, bool right)
{
    struct sp_buf safe;

    if (make_safe(writer, render, &safe, data, len, width)) {
        size_t columns = sp_utf8_columns((const char *)safe.data, safe.len);
        size_t padding = columns < width ? width - columns : 0;

        sp_write_spaces(writer, right ? padding : 0);
        sp_write(writer, safe.data, safe.len);
        sp_write_spaces(writer, right ? 0 : padding);
    }
    sp_buf_free(&safe);
}

void sp_flow_begin(struct sp_flow *flow, struct sp_writer *writer, const struct sp_render *render,
                   size_t indent, size_t column)
{
    *flow =
        (struct sp_flow){.writer = writer, .render = render, .indent = indent, .column = column};
}

void sp_flow_begin_row(struct sp_flow *flow, struct sp_writer *writer,
                       const struct sp_render *render, const char *label)
{
    sp_write_str(writer, "  ");
    sp_tone_begin(writer, render, SP_TONE_DIM);
    sp_write_cell(writer, render, label, strlen(label), SP_ROW_INDENT - 4, false);
    sp_tone_end(writer, render, SP_TONE_DIM);
    sp_write_str(writer, "  ");
    sp_flow_begin(flow, writer, render, SP_ROW_INDENT, SP_ROW_INDENT);
}

static void break_line(struct sp_flow *flow)
{
    sp_write_str(flow->writer, "\n");
    sp_write_spaces(flow->writer, flow->indent);
    flow->column = flow->indent;
    flow->line_used = false;
}

static void write_part(struct sp_flow *flow, const char *data, size_t len, size_t columns)
{
    sp_tone_begin(flow->writer, flow->render, flow->tone);
    sp_write(flow->writer, data, len);
    sp_tone_end(flow->writer, flow->render, flow->tone);
    flow->column += columns;
    flow->line_used = true;
}

/* A word that no line can hold: as much as fits in each. */
static void write_long(struct sp_flow *flow, const char *data, size_t len)
{
    size_t start = 0, columns = 0;

    for (size_t at = 0; at < len;) {
        int32_t code;
        size_t taken = sp_utf8_read(data + at, len - at, &code);
        size_t wide = sp_utf8_width(code);

        if (flow->column + columns + wide > flow->render->width &&
            flow->column + columns > flow->indent) {
            write_part(flow, data + start, at - start, columns);
            break_line(flow);
            start = at;
            columns = 0;
        }
        columns += wide;
        at += taken;
    }
    write_part(flow, data + start, len - start, columns);
}

/* One word of safe text, with a space in front where it isn't the line's first. */
static void write_word(struct sp_flow *flow, const char *data, size_t len)
{
    size_t columns = sp_utf8_columns(data, len);
    size_t space = flow->line_used ? 1 : 0;

    if (flow->column + space + columns > flow->render->width && flow->column > flow->indent) {
        break_line(flow);
        space = 0;
    }
    sp_write_spaces(flow->writer, space);
    flow->column += space;
    if (flow->column + columns > flow->render->width)
        write_long(flow, data, len);
    else
        write_part(flow, data, len, columns);
}

static void write_words(struct sp_flow *flow, const char *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t end = at;

        while (end < len && data[end] != ' ')
            end++;
        if (end > at)
            write_word(flow, data + at, end - at);
        at = end + 1;
    }
}

void sp_flow_words(struct sp_flow *flow, const char *data, size_t len)
{
    struct sp_buf safe;

    if (make_safe(flow->writer, flow->render, &safe, data, len, 0))
        write_words(flow, (const char *)safe.data, safe.len);
    sp_buf_free(&safe);
}

void sp_flow_cut(struct sp_flow *flow, const char *data, size_t len)
{
    size_t rest = flow->column < flow->render->width ? flow->render->width - flow->column : 0;
    size_t room = rest + flow->render->width - flow->indent;
    struct sp_buf safe;

    room = room > RAGGED_COLUMNS + 8 ? room - RAGGED_COLUMNS : 8;
    if (make_safe(flow->writer, flow->render, &safe, data, len, room))
        write_words(flow, (const char *)safe.data, safe.len);
    sp_buf_free(&safe);
}

void sp_flow_glue(struct sp_flow *flow, const char *text)
{
    write_part(flow, text, strlen(text), strlen(text));
}

void sp_flow_item(struct sp_flow *flow, const char *data, size_t len)
{
    const char *dot = flow->render->unicode ? " · " : " | ";
    struct sp_buf safe;

    if (!make_safe(flow->writer, flow->render, &safe, data, len, 0)) {
        sp_buf_free(&safe);
        return;
    }
    size_t columns = sp_utf8_columns((const char *)safe.data, safe.len);
    if (flow->line_used && flow->column + 3 + columns <= flow->render->width) {
        sp_write_str(flow->writer, dot);
        flow->column += 3;
        flow->line_used = false; /* the dot brought its space */
    } else if (flow->line_used) {
        break_line(flow);
    }
    if (flow->column + columns <= flow->render->width)
        write_part(flow, (const char *)safe.data, safe.len, columns);
    else
        write_words(flow, (const char *)safe.data, safe.len);
    sp_buf_free(&safe);
}

/* Formats into a buffer; the result may be as long as an endpoint's whole evidence. */
static bool format_text(struct sp_flow *flow, struct sp_buf *out, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static bool format_text(struct sp_flow *flow, struct sp_buf *out, const char *format, va_list args)
{
    va_list again;

    sp_buf_init(out, SP_LIMIT_ARENA);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    uint8_t *place = len < 0 ? NULL : sp_buf_reserve(out, (size_t)len + 1);
    if (place == NULL) {
        sp_writer_fail(flow->writer, ENOMEM);
        return false;
    }
    (void)vsnprintf((char *)place, (size_t)len + 1, format, args);
    out->len += (size_t)len;
    return true;
}

void sp_flow_wordsf(struct sp_flow *flow, const char *format, ...)
{
    struct sp_buf text;
    va_list args;

    va_start(args, format);
    if (format_text(flow, &text, format, args))
        sp_flow_words(flow, (const char *)text.data, text.len);
    va_end(args);
    sp_buf_free(&text);
}

void sp_flow_itemf(struct sp_flow *flow, const char *format, ...)
{
    struct sp_buf text;
    va_list args;

    va_start(args, format);
    if (format_text(flow, &text, format, args))
        sp_flow_item(flow, (const char *)text.data, text.len);
    va_end(args);
    sp_buf_free(&text);
}

void sp_flow_end(struct sp_flow *flow)
{
    sp_write_str(flow->writer, "\n");
}
