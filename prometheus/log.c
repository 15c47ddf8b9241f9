/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/log.h"

#include "output/writer.h"
#include "probe/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_USUAL 512u

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Behind SP_SAFE_TERMINAL only quotes and backslashes are left that mean something in a string of
 * either format. */
static bool append_quoted(struct sp_buf *out, const char *text, size_t len)
{
    bool ok = sp_buf_append_str(out, "\"");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            ok = ok && sp_buf_append_str(out, "\\");
        ok = ok && sp_buf_append(out, text + i, 1);
    }
    return ok && sp_buf_append_str(out, "\"");
}

/* logfmt's values stand without quotes where nothing in them could end them. */
static bool is_bare(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return len > 0;
}

static bool append_value(struct sp_buf *out, enum sp_log_format format, const char *value)
{
    struct sp_buf safe;
    sp_buf_init(&safe, SP_LIMIT_LINE);
    bool ok = sp_buf_reserve(&safe, strlen(value) + 1) != NULL &&
              sp_safe_append(&safe, SP_SAFE_TERMINAL, value, strlen(value), 0);
    const char *text = (const char *)safe.data;
    if (ok && format == SP_LOG_LOGFMT && is_bare(text, safe.len))
        ok = sp_buf_append(out, text, safe.len);
    else
        ok = ok && append_quoted(out, text, safe.len);
    sp_buf_free(&safe);
    return ok;
}

static bool append_field(struct sp_buf *out, enum sp_log_format format, const char *name,
                         const char *value)
{
    bool first = out->len == 0 || out->data[out->len - 1] == '{';
    if (format == SP_LOG_JSON)
        return sp_buf_printf(out, "%s\"%s\":", first ? "" : ",", name) &&
               append_value(out, format, value);
    return sp_buf_printf(out, "%s%s=", first ? "" : " ", name) && append_value(out, format, value);
}

static void format_time(char *out, size_t size, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char date[40];
    gmtime_r(&seconds, &utc);
    if (strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        date[0] = '\0';
    snprintf(out, size, "%s.%03dZ", date, (int)(wall_ms % 1000));
}

bool sp_log_line(struct sp_buf *out, enum sp_log_format format, int64_t wall_ms,
                 enum sp_log_level level, const char *message, va_list fields)
{
    char ts[64];
    format_time(ts, sizeof ts, wall_ms);
    bool ok = format != SP_LOG_JSON || sp_buf_append_str(out, "{");
    ok = ok && append_field(out, format, "ts", ts) &&
         append_field(out, format, "level", level_names[level]) &&
         append_field(out, format, "msg", message);
    for (const char *name; ok && (name = va_arg(fields, const char *)) != NULL;) {
        const char *value = va_arg(fields, const char *);
        ok = append_field(out, format, name, value);
    }
    return ok && sp_buf_append_str(out, format == SP_LOG_JSON ? "}\n" : "\n");
}

void sp_log_write(const struct sp_log *log, enum sp_log_level level, const char *message, ...)
{
    struct timespec now;
    struct sp_buf line;
    va_list fields;
    if (level < log->level)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    sp_buf_init(&line, SP_LIMIT_WRITER);
    sp_buf_reserve(&line, LINE_USUAL); /* one allocation for most lines */
    va_start(fields, message);
    bool ok = sp_log_line(&line, log->format, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
                          level, message, fields);
    va_end(fields);
    /* One write a line, so that lines of other processes on the same file don't get between. */
    for (size_t at = 0; ok && at < line.len;) {
        ssize_t written = write(log->fd, line.data + at, line.len - at);
        if (written < 0 && errno != EINTR)
            break;
        at += written > 0 ? (size_t)written : 0;
    }
    sp_buf_free(&line);
}
