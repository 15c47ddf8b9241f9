/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's log: one line an event, as logfmt or JSON, with time (UTC), level, message and fields.
 * Values may hold any octet: they are made safe here. Secrets must never come here.
 *
 *   logfmt: ts=2026-03-01T10:20:30.123Z level=info msg="what happened" key=value other="a value"
 *   json:   {"ts":"2026-03-01T10:20:30.123Z","level":"info","msg":"what happened","key":"value"}
 */
#ifndef SP_PROMETHEUS_LOG_H
#define SP_PROMETHEUS_LOG_H

#include "probe/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum sp_log_level { SP_LOG_DEBUG, SP_LOG_INFO, SP_LOG_WARN, SP_LOG_ERROR };
enum sp_log_format { SP_LOG_LOGFMT, SP_LOG_JSON };

#define SP_LOG_LEVELS "debug|info|warn|error" /* in the order of the enum */
#define SP_LOG_FORMATS "logfmt|json"

struct sp_log {
    enum sp_log_level level; /* the least that is written */
    enum sp_log_format format;
    int fd;
};

/* Writes a line when `level` is wanted. Behind the message come names and values, both const char *, and
 * a NULL at the end; a line that can't be written is lost. */
void sp_log_write(const struct sp_log *log, enum sp_log_level level, const char *message, ...)
    __attribute__((sentinel));
/* The line alone, with its line end. False: out of memory or over the cap of `out`. */
bool sp_log_line(struct sp_buf *out, enum sp_log_format format, int64_t wall_ms,
                 enum sp_log_level level, const char *message, va_list fields);

#endif
