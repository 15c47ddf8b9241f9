/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours, marks and laid-out lines for terminals. Colour never carries anything alone: a mark and a
 * word always say the same. */
#ifndef SP_OUTPUT_STYLE_H
#define SP_OUTPUT_STYLE_H

#include "output/output.h"

#include <stddef.h>

enum sp_tone {
    SP_TONE_PLAIN,
    SP_TONE_OK, /* these four in the order of enum sp_state */
    SP_TONE_WARNING,
    SP_TONE_CRITICAL,
    SP_TONE_UNKNOWN,
    SP_TONE_STRONG,
    SP_TONE_DIM,
    SP_TONE_NETWORK, /* phases of the waterfall by what they spend their time on */
    SP_TONE_SMTP,
    SP_TONE_TLS,
    SP_TONE_COUNT
};

enum sp_tone sp_tone_of_state(enum sp_state state);
/* Switches a tone on, and all tones off; nothing without colours. */
void sp_tone_begin(struct sp_writer *writer, const struct sp_render *render, enum sp_tone tone);
void sp_tone_end(struct sp_writer *writer, const struct sp_render *render, enum sp_tone tone);
/* One column: a tick, a cross and so on. */
const char *sp_mark_of_state(const struct sp_render *render, enum sp_state state);
/* How text of a server is made safe for this terminal. */
enum sp_safe sp_safe_of(const struct sp_render *render);

/* Writes safe text cut to `width` columns and padded to them; `right`: padded in front. */
void sp_write_cell(struct sp_writer *writer, const struct sp_render *render, const char *data,
                   size_t len, size_t width, bool right);
void sp_write_spaces(struct sp_writer *writer, size_t count);

/*
 * A paragraph that is wrapped at the terminal's width. All text that goes in may be raw. A word that is
 * longer than a line is broken; nothing is lost.
 */
struct sp_flow {
    struct sp_writer *writer;
    const struct sp_render *render;
    size_t indent;  /* columns in front of every line but the first */
    size_t column;  /* columns written in this line */
    bool line_used; /* something stands behind the indent */
    enum sp_tone tone;
};

/* Starts where `column` columns of the line are written already. */
void sp_flow_begin(struct sp_flow *flow, struct sp_writer *writer, const struct sp_render *render,
                   size_t indent, size_t column);
/* "  label       " and the paragraph beside it. */
void sp_flow_begin_row(struct sp_flow *flow, struct sp_writer *writer,
                       const struct sp_render *render, const char *label);
/* Words, each wrapped where it must be. */
void sp_flow_words(struct sp_flow *flow, const char *data, size_t len);
/* As many words as this line and one more can hold, with "..." where they were cut. */
void sp_flow_cut(struct sp_flow *flow, const char *data, size_t len);
/* The same as sp_flow_words, formatted. */
void sp_flow_wordsf(struct sp_flow *flow, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Safe text right behind the last word, such as a comma: never wrapped. */
void sp_flow_glue(struct sp_flow *flow, const char *text);
/* An item that stays on one line where it can, set off from what stands before it by a dot. */
void sp_flow_item(struct sp_flow *flow, const char *data, size_t len);
void sp_flow_itemf(struct sp_flow *flow, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the line. */
void sp_flow_end(struct sp_flow *flow);

/* What is shown of one name in a certificate: more than a DNS name with its kind can have. */
#define SP_NAME_COLUMNS 260u
/* Columns of "  label       ": where the values of all rows start. */
#define SP_ROW_INDENT 15u

#endif
