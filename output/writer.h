/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buffered writing to a file descriptor that remembers the first error, so that a closed pipe or a
 * full disk is told by the exit code; and the functions that make a server's octets safe to print.
 */
#ifndef SP_OUTPUT_WRITER_H
#define SP_OUTPUT_WRITER_H

#include "probe/buf.h"
#include "probe/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct sp_writer {
    int fd;            /* -1: memory only; all stays in `buf` (tests, the plugin, the exporter) */
    struct sp_buf buf;
    int error;         /* errno of the first failure, 0: none; ENOMEM too */
};

void sp_writer_init(struct sp_writer *writer, int fd);
void sp_writer_free(struct sp_writer *writer);
void sp_write(struct sp_writer *writer, const void *data, size_t len);
void sp_write_str(struct sp_writer *writer, const char *text);
void sp_writef(struct sp_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes what is buffered; short writes and EINTR are handled. False: see writer->error. */
bool sp_writer_flush(struct sp_writer *writer);

/* How octets of a server are made safe. In all of them no C0/C1 control octet, no DEL, no bidi or other
 * invisible format character gets through, and the result is valid UTF-8. */
enum sp_safe {
    SP_SAFE_TERMINAL, /* control octets become \xNN, invalid UTF-8 becomes \xNN; backslash stays */
    SP_SAFE_JSON,     /* value for a JSON library: only invalid UTF-8 and NUL become U+FFFD; the
                         library escapes the rest */
    SP_SAFE_NAGIOS,   /* as TERMINAL, and '|' becomes '!', '<' '>' become '(' ')' */
    SP_SAFE_LABEL     /* inside a Prometheus label's quotes: \\ \" \n escaped, the rest as TERMINAL */
};
/* Writes at most `max_columns` characters of the text (0: all), with "..." where it was cut. */
void sp_write_safe(struct sp_writer *writer, enum sp_safe how, const char *data, size_t len,
                   size_t max_columns);
/* The same into a buffer. False: over the cap or out of memory. */
bool sp_safe_append(struct sp_buf *out, enum sp_safe how, const char *data, size_t len,
                    size_t max_columns);

#endif
