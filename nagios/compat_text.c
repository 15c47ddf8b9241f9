/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_text.h"

#include "nagios/compat_help.h"
#include "nagios/compat_reply.h"
#include "probe/limits.h"

#include <stdio.h>
#include <string.h>

/* A server's line may have 8192 octets; nobody reads them, and Nagios cuts what it gets. */
#define LINE_COLUMNS 2000u

/* One raw line, with or without its line end. */
static void write_line(struct sp_writer *writer, const char *text, size_t len)
{
    sp_write_safe(writer, SP_SAFE_NAGIOS, text, sp_compat_stripped(text, len), LINE_COLUMNS);
}

/* Lines with line ends, each made safe. */
static void write_lines(struct sp_writer *writer, const struct sp_buf *lines)
{
    const char *text = (const char *)lines->data;
    for (size_t at = 0; at < lines->len;) {
        const char *end = memchr(text + at, '\n', lines->len - at);
        size_t len = end != NULL ? (size_t)(end - text) - at : lines->len - at;
        write_line(writer, text + at, len);
        sp_write_str(writer, "\n");
        at += len + 1;
    }
}

/* --- performance data ------------------------------------------------------------------------- */

static const char *range_text(const struct sp_range *range)
{
    return range->set && range->text != NULL ? range->text : "";
}

static void write_perfdata(struct sp_writer *writer, const struct sp_compat *compat,
                           const struct sp_evidence *evidence)
{
    sp_writef(writer, "|time=%.6fs;%s;%s;0.000000", (double)evidence->total_ns / 1e9,
              range_text(&compat->warning), range_text(&compat->critical));
    if (!compat->certificate || evidence->tls.cert_count == 0 || !evidence->tls.certs->time_valid)
        return;
    int64_t left_s = evidence->tls.certs->not_after - evidence->started_ms / 1000;
    double days = (double)left_s / 86400.0;
    /* "At most 7 days", in whole days, is "below 8". */
    sp_writef(writer, " cert_days=%.6f;%llu:;%llu:", days,
              (unsigned long long)compat->cert_warning_days + 1,
              (unsigned long long)compat->cert_critical_days + 1);
}

/* --- the line with the response time ---------------------------------------------------------- */

static void write_last_reply(struct sp_writer *writer, const struct sp_evidence *evidence)
{
    sp_write_str(writer, ", ");
    if (evidence->reply_count == 0)
        return;
    const struct sp_reply *reply = &evidence->replies[evidence->reply_count - 1];
    sp_writef(writer, "%03d ", reply->code);
    if (reply->line_count > 0)
        write_line(writer, reply->lines[reply->line_count - 1].data,
                   reply->lines[reply->line_count - 1].len);
}

static void write_response_time(struct sp_writer *writer, const struct sp_compat *compat,
                                const struct sp_evidence *evidence,
                                const struct sp_compat_verdict *verdict)
{
    sp_writef(writer, "SMTP %s - ", sp_state_name(verdict->session_state));
    sp_write_safe(writer, SP_SAFE_NAGIOS, (const char *)verdict->errors.data, verdict->errors.len,
                  LINE_COLUMNS);
    sp_writef(writer, "%.3f sec. response time", (double)evidence->total_ns / 1e9);
    if (compat->verbose > 0)
        write_last_reply(writer, evidence);
}

/* --- -v --------------------------------------------------------------------------------------- */

static void write_argument(struct sp_writer *writer, const char *before, const char *text,
                           const char *after)
{
    sp_write_str(writer, before);
    write_line(writer, text, strlen(text));
    sp_write_str(writer, after);
}

static void write_dialogue(struct sp_writer *writer, const struct sp_compat *compat,
                           const struct sp_evidence *evidence)
{
    static const char *const marks[] = {
        [SP_FROM_SERVER] = "received ", [SP_TO_SERVER] = "sent ", [SP_NOTE] = "note: "};
    if (compat->verbose == 0)
        return;
    if (compat->warning_note != NULL)
        write_argument(writer, "note: ", compat->warning_note, "\n");
    sp_writef(writer, "HELOCMD: %s ", sp_compat_hello_verb(compat));
    write_argument(writer, "", evidence->ehlo_name != NULL ? evidence->ehlo_name : "", "\n");
    if (compat->from != NULL)
        write_argument(writer, "FROM CMD: MAIL FROM:(", compat->from, ")\n");
    for (const struct sp_transcript_line *line = evidence->transcript.first; line != NULL;
         line = line->next) {
        sp_write_str(writer, marks[line->direction]);
        write_line(writer, line->text.data, line->text.len);
        sp_write_str(writer, "\n");
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static void write_certificate(struct sp_writer *writer, const char *line)
{
    if (line != NULL)
        write_line(writer, line, strlen(line));
}

static void write_usage(struct sp_writer *writer, const struct sp_compat *compat)
{
    struct sp_buf usage;
    sp_buf_init(&usage, SP_LIMIT_WRITER);
    if (sp_compat_usage_text(compat->name, &usage))
        sp_write(writer, usage.data, usage.len);
    sp_buf_free(&usage);
}

/* The certificate's line first, with the performance data; it is as bad as all the rest, or worse. */
static void write_certificate_first(struct sp_writer *writer, const struct sp_compat *compat,
                                    const struct sp_evidence *evidence,
                                    const struct sp_compat_verdict *verdict)
{
    write_certificate(writer, verdict->certificate);
    write_perfdata(writer, compat, evidence);
    sp_write_str(writer, "\n");
    write_lines(writer, &verdict->lines);
    if (verdict->response_time && verdict->session_state != SP_STATE_OK) {
        write_response_time(writer, compat, evidence, verdict);
        sp_write_str(writer, "\n");
    }
    write_dialogue(writer, compat, evidence);
}

void sp_compat_write(struct sp_writer *writer, const struct sp_compat *compat,
                     const struct sp_evidence *evidence, const struct sp_compat_verdict *verdict)
{
    bool last = verdict->lines.len > 0; /* the response time comes last, not first */
    if (verdict->certificate != NULL && verdict->certificate_state == verdict->state) {
        write_certificate_first(writer, compat, evidence, verdict);
        return;
    }
    write_lines(writer, &verdict->lines);
    if (verdict->response_time && !last) {
        write_response_time(writer, compat, evidence, verdict);
        write_perfdata(writer, compat, evidence);
        sp_write_str(writer, "\n");
    }
    write_certificate(writer, verdict->certificate);
    if (verdict->certificate != NULL)
        sp_write_str(writer, "\n");
    write_dialogue(writer, compat, evidence);
    if (verdict->usage)
        write_usage(writer, compat);
    if (verdict->response_time && last) {
        write_response_time(writer, compat, evidence, verdict);
        write_perfdata(writer, compat, evidence);
        sp_write_str(writer, "\n");
    }
}
