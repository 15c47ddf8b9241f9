/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Outputs render results into octets and judge nothing. To add one: a file foo.c ending in one
 * `const struct sp_output`, and a line in list.h.
 */
#ifndef SP_OUTPUT_OUTPUT_H
#define SP_OUTPUT_OUTPUT_H

#include "checks/check.h"
#include "output/writer.h"

#include <stdbool.h>
#include <stddef.h>

/* How it shall look: decided once by main from options, environment and terminal. */
struct sp_render {
    bool color;        /* ANSI colours may be used (never colour alone) */
    bool unicode;      /* the locale is UTF-8: box characters and bars may be used */
    unsigned width;    /* columns of the terminal, 40..200; 80 when stdout is none */
    unsigned verbose;  /* -v count */
    bool quiet;        /* only what is not OK */
    bool transcript;   /* show transcripts */
    bool certificates; /* text: each certificate in full */
    bool pem;          /* and its octets; JSON too. Text with `quiet`: nothing but them */
};

struct sp_output {
    const char *name; /* "json": the word after -o */
    /* result() writes at once, in the order in which endpoints end; the caller may free the result
     * afterwards. Otherwise all is written by report(). */
    bool streams;
    /* Any of them may be NULL. Write errors are kept by the writer. */
    void (*result)(struct sp_writer *writer, const struct sp_render *render,
                   const struct sp_result *result);
    void (*report)(struct sp_writer *writer, const struct sp_render *render,
                   const struct sp_report *report);
};

/* sp_output_json and so on, one for each line of list.h. */
#define SP_OUTPUT(name) extern const struct sp_output sp_output_##name;
#include "output/list.h"
#undef SP_OUTPUT
/* All outputs, ended by NULL. */
extern const struct sp_output *const sp_outputs[];
/* By name; NULL: none. */
const struct sp_output *sp_output_find(const char *name);

#endif
