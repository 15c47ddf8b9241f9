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
    struct sp_buf buf; /* what waits to be written; at most SP_LIMIT_WRITER(_MEMORY) octets */
    int error;    /* errno of the first failure, 0: none; ENOMEM too. Nothing is written after it */
    bool started; /* some octets have been written to fd */
};

/* The descriptor stays the caller's. The process must ignore SIGPIPE, so that a closed pipe is EPIPE. */
void sp_writer_init(struct sp_writer *writer, int fd);
/* Frees the buffer; writes nothing: flush first. */
void sp_writer_free(struct sp_writer *writer);
/* Remembers a failure of the caller's own (ENOMEM); the first one stays. */
void sp_writer_fail(struct sp_writer *writer, int error);
void sp_write(struct sp_writer *writer, const void *data, size_t len);
void sp_write_str(struct sp_writer *writer, const char *text);
void sp_writef(struct sp_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes what is buffered; short writes, EINTR and a descriptor that would block are handled. False: see
 * writer->error. With fd -1 it does nothing. */
bool sp_writer_flush(struct sp_writer *writer);
/* Writes as much of what is buffered as the descriptor takes at once, so that a slow reader doesn't
 * hold the caller up; the rest stays for later, at most SP_LIMIT_WRITER_BEHIND octets. */
void sp_writer_offer(struct sp_writer *writer);

/*
 * How octets of a server are made safe. The result is always valid UTF-8, and but for SP_SAFE_JSON no
 * C0/C1 control, no DEL, no bidi control and no other invisible character gets through.
 */
enum sp_safe {
    /* ASCII controls and octets that are not UTF-8 become \xNN, other controls and invisible characters
     * \uNNNN (\UNNNNNNNN beyond U+FFFF); backslash stays. */
    SP_SAFE_TERMINAL,
    /* As TERMINAL, and all other characters beyond ASCII become \uNNNN: for a terminal whose locale is
     * not UTF-8. */
    SP_SAFE_ASCII,
    /* As TERMINAL, and '|' becomes '!', '<' '>' become '(' ')'. */
    SP_SAFE_NAGIOS,
    /* Inside a Prometheus label's quotes: \\ \" \n escaped, the rest as TERMINAL. */
    SP_SAFE_LABEL,
    /* A value for a JSON library: only what is not UTF-8, and NUL, becomes U+FFFD; the library escapes
     * the rest, so it is not for printing as it stands. */
    SP_SAFE_JSON,
    /* A document that a JSON library has printed: HT and LF stay, what the library left (DEL, C1,
     * invisible characters) becomes JSON's own \uNNNN. */
    SP_SAFE_JSON_TEXT
};
/* Writes at most `max_columns` columns of the text (0: all), with "..." inside them where it was cut. */
void sp_write_safe(struct sp_writer *writer, enum sp_safe how, const char *data, size_t len,
                   size_t max_columns);
/* The same into a buffer. False: over the cap or out of memory. */
bool sp_safe_append(struct sp_buf *out, enum sp_safe how, const char *data, size_t len,
                    size_t max_columns);

#endif
