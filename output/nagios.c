/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For Nagios, Icinga and their kin:
 *
 *   output    = status "|" perfdata LF *(line LF)
 *   status    = "SMTP " STATE " - " message          ; under 80 columns
 *   perfdata  = item *(SP item)
 *   item      = label "=" number unit ";" [warning] ";" [critical] [";" minimum]
 *
 * One endpoint: a line for each finding follows; -v adds details, -vv the time of each phase, -vvv the
 * dialogue. Several: the status counts, a line for each endpoint
 * follows, and labels begin with 'HOST:PORT '. Icinga takes every "|" for the start of perfdata, so all
 * text but the labels' own goes through SP_SAFE_NAGIOS.
 */
#include "checks/expiry.h"
#include "checks/server_said.h"
#include "checks/thresholds.h"
#include "checks/wording.h"
#include "output/facts.h"
#include "output/output.h"
#include "output/unique.h"
#include "probe/calendar.h"
#include "probe/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_COLUMNS 79u
#define THRESHOLD_SIZE 768u

static void write_text(struct sp_writer *writer, const char *text, size_t columns)
{
    sp_write_safe(writer, SP_SAFE_NAGIOS, text, strlen(text), columns);
}

/* --- perfdata --------------------------------------------------------------------------------- */

/* IPv6 with all groups: Icinga reads "::" in a label as the end of a check's name. */
static void print_host(char *out, size_t size, const char *host)
{
    char bare[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t used = 0, len = strcspn(host, "%");
    bool maybe = strchr(host, ':') != NULL && len < sizeof bare;
    snprintf(bare, sizeof bare, "%.*s", maybe ? (int)len : 0, host);
    if (!maybe || inet_pton(AF_INET6, bare, &address) != 1) {
        snprintf(out, size, "%s", host);
        return;
    }
    for (int i = 0; i < 16 && used < size; i += 2)
        used += (size_t)snprintf(out + used, size - used, "%s%x", i > 0 ? ":" : "[",
                                 (unsigned)(address.s6_addr[i] << 8 | address.s6_addr[i + 1]));
    if (used < size)
        snprintf(out + used, size - used, "%s]", host + len);
}

/* The octets that a label may hold; "=", quotes and all that a terminal or parser minds become "_". */
static void write_label_text(struct sp_writer *writer, const char *text)
{
    for (; *text != '\0'; text++) {
        char c = *text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr(".:-[]/_@+", c) != NULL;
        sp_write(writer, plain ? &c : "_", 1);
    }
}

struct perfdata {
    struct sp_writer *writer;
    const struct sp_result *result;
    enum sp_unique mark;
    bool prefixed; /* several endpoints */
    bool any;      /* an item has been written */
};

static void write_label(struct perfdata *perfdata, const char *name, const char *more)
{
    const struct sp_endpoint *endpoint = perfdata->result->endpoint;
    const char *ip = perfdata->result->evidence->ip;
    char host[SP_WORDING_SIZE];
    if (perfdata->any)
        sp_write_str(perfdata->writer, " ");
    perfdata->any = true;
    if (!perfdata->prefixed) {
        sp_writef(perfdata->writer, "%s%s=", name, more);
        return;
    }
    sp_write_str(perfdata->writer, "'");
    if (endpoint->unix_path != NULL || endpoint->host == NULL) {
        write_label_text(perfdata->writer,
                         endpoint->unix_path != NULL ? endpoint->unix_path : endpoint->input);
    } else {
        print_host(host, sizeof host, endpoint->host);
        write_label_text(perfdata->writer, host);
        sp_writef(perfdata->writer, ":%u", (unsigned)endpoint->port);
    }
    if (perfdata->mark == SP_UNIQUE_IP && ip != NULL) {
        print_host(host, sizeof host, ip);
        sp_write_str(perfdata->writer, " ");
        write_label_text(perfdata->writer, host);
    }
    sp_writef(perfdata->writer, " %s%s'=", name, more);
}

static void write_thresholds(struct sp_writer *writer, const struct sp_range *warning,
                             const struct sp_range *critical)
{
    char low[THRESHOLD_SIZE], high[THRESHOLD_SIZE];
    sp_threshold_print(low, sizeof low, warning);
    sp_threshold_print(high, sizeof high, critical);
    sp_writef(writer, ";%s;%s", low, high);
}

static void write_seconds(struct perfdata *perfdata, const char *name, const char *more,
                          enum sp_phase phase, int64_t ns)
{
    const struct sp_options *options = perfdata->result->endpoint->options;
    write_label(perfdata, name, more);
    sp_writef(perfdata->writer, "%.6fs", (double)ns / 1e9);
    write_thresholds(perfdata->writer, &options->warning[phase], &options->critical[phase]);
    sp_write_str(perfdata->writer, ";0");
}

/* What was not, because of its target or because its turn did not come, has no numbers. */
static bool was_tried(const struct sp_evidence *evidence)
{
    enum sp_phase phase = evidence->failure.phase;
    if (evidence->failure.reason == SP_REASON_OK)
        return true;
    return phase != SP_PHASE_CONFIG &&
           (phase != SP_PHASE_CONNECT || evidence->spans[SP_PHASE_CONNECT].start_ns >= 0);
}

static void write_perfdata(struct perfdata *perfdata)
{
    const struct sp_evidence *evidence = perfdata->result->evidence;
    const struct sp_options *options = perfdata->result->endpoint->options;
    size_t index = 0;
    double days = 0;
    /* A repeated endpoint would repeat the labels. */
    if (perfdata->mark == SP_UNIQUE_NOT || !was_tried(evidence))
        return;
    write_seconds(perfdata, "time", "", SP_PHASE_TOTAL, evidence->total_ns);
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++)
        if (evidence->spans[i].start_ns >= 0)
            write_seconds(perfdata, "time_", sp_phase_info((enum sp_phase)i)->name,
                          (enum sp_phase)i, evidence->spans[i].ns);
    if (sp_expiry_first(evidence, &index, &days)) {
        write_label(perfdata, "cert_days", "");
        sp_writef(perfdata->writer, "%.6f", days);
        write_thresholds(perfdata->writer, &options->cert_warning, &options->cert_critical);
    }
}

/* --- long output ------------------------------------------------------------------------------ */

static void write_finding(struct sp_writer *writer, const struct sp_render *render,
                          const char *indent, const struct sp_finding *finding)
{
    sp_writef(writer, "%s[%s] %s (%s): ", indent, sp_state_name(finding->state),
              sp_reason_info(finding->reason)->word, sp_phase_info(finding->phase)->name);
    write_text(writer, finding->message, 0);
    sp_write_str(writer, "\n");
    const char *hint = sp_fact_hint(finding);
    if (render->verbose == 0 || hint == NULL)
        return;
    sp_writef(writer, "%s  next: ", indent);
    write_text(writer, hint, 0);
    sp_write_str(writer, "\n");
}

static void write_findings(struct sp_writer *writer, const struct sp_render *render,
                           const char *indent, const struct sp_result *result)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (!render->quiet || result->findings[i].state != SP_STATE_OK)
            write_finding(writer, render, indent, &result->findings[i]);
}

static void write_phases(struct sp_writer *writer, const char *indent,
                         const struct sp_evidence *evidence)
{
    char took[SP_FACT_SIZE];
    const char *before = "phases: ";
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        if (evidence->spans[i].start_ns < 0)
            continue;
        sp_fact_time(took, evidence->spans[i].ns);
        sp_writef(writer, "%s%s%s ", before[0] == 'p' ? indent : "", before,
                  sp_phase_info((enum sp_phase)i)->name);
        /* "<" is markup to web pages: "<0.1 ms" becomes its bound. */
        sp_write_str(writer, took + (took[0] == '<' ? 1 : 0));
        before = ", ";
    }
    if (before[0] == ',')
        sp_write_str(writer, "\n");
}

static void write_tls(struct sp_writer *writer, const char *indent,
                      const struct sp_evidence *evidence)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    const struct sp_ocsp *ocsp = &evidence->ocsp;
    if (tls->established)
        sp_writef(writer, "%stls: %s %s %s%s%s\n", indent,
                  tls->version_text != NULL ? tls->version_text : "?",
                  tls->cipher != NULL ? tls->cipher : "?", tls->group != NULL ? tls->group : "",
                  tls->signature_scheme != NULL ? " " : "",
                  tls->signature_scheme != NULL ? tls->signature_scheme : "");
    if (ocsp->present) {
        const char *status = ocsp->valid ? sp_ocsp_status_name(ocsp->status) : NULL;
        sp_writef(writer, "%socsp: %s", indent, status != NULL ? status : "the answer ");
        if (status == NULL)
            write_text(writer, ocsp->error != NULL ? ocsp->error : "is not valid", 0);
        sp_write_str(writer, "\n");
    }
    for (size_t i = 0; i < evidence->survey_count; i++) {
        const struct sp_survey *survey = &evidence->surveys[i];
        bool accepted = survey->outcome == SP_SURVEY_ACCEPTED;
        sp_writef(writer, "%ssurvey: %s: %s", indent,
                  survey->offer != NULL ? survey->offer : sp_survey_question_name(survey->question),
                  sp_survey_outcome_name(survey->outcome));
        if (accepted && survey->version_text != NULL)
            sp_writef(writer, " %s", survey->version_text);
        if (accepted && survey->cipher != NULL)
            sp_writef(writer, " %s", survey->cipher);
        sp_write_str(writer, "\n");
    }
}

static void write_auth(struct sp_writer *writer, const char *indent, const struct sp_auth *auth)
{
    char text[SP_WORDING_SIZE];
    if (!sp_fact_login_tried(auth))
        return;
    sp_writef(writer, "%sauth: %s", indent, sp_fact_login(auth->result));
    if (auth->mechanism != NULL) {
        sp_write_str(writer, ", ");
        write_text(writer, auth->mechanism, 0);
    }
    if (auth->channel_binding != NULL)
        sp_writef(writer, " bound by %s", auth->channel_binding);
    if (auth->server_proven)
        sp_write_str(writer, ", server proven");
    if (auth->iterations > 0)
        sp_writef(writer, ", %u iterations", auth->iterations);
    if (auth->reply != NULL) {
        sp_write_str(writer, ", ");
        write_text(writer, sp_word_reply(text, sizeof text, auth->reply), 0);
    }
    if (auth->server_said != NULL) {
        sp_write_str(writer, ", the server says: ");
        write_text(writer, sp_word_server_said(text, sizeof text, auth->server_said), 0);
    }
    sp_write_str(writer, "\n");
}

static void write_detail(struct sp_writer *writer, const char *indent,
                         const struct sp_evidence *evidence)
{
    char peer[SP_WORDING_SIZE], reply[SP_WORDING_SIZE];
    sp_writef(writer, "%speer: ", indent);
    write_text(writer, sp_word_peer(peer, sizeof peer, evidence), 0);
    sp_write_str(writer, "\n");
    if (evidence->banner != NULL) {
        sp_writef(writer, "%sbanner: ", indent);
        write_text(writer, sp_word_reply(reply, sizeof reply, evidence->banner), 0);
        sp_write_str(writer, "\n");
    }
    write_tls(writer, indent, evidence);
    write_auth(writer, indent, &evidence->auth);
    for (size_t i = 0; i < evidence->tls.cert_count; i++) {
        const struct sp_cert *cert = &evidence->tls.certs[i];
        char until[SP_CALENDAR_SIZE];
        sp_writef(writer, "%scertificate %zu: ", indent, i);
        write_text(writer, cert->subject_text != NULL ? cert->subject_text : "unreadable", 0);
        if (cert->time_valid && sp_calendar_date(until, sizeof until, cert->not_after))
            sp_writef(writer, ", until %s", until);
        sp_write_str(writer, "\n");
    }
}

static void write_transcript(struct sp_writer *writer, const char *indent,
                             const struct sp_transcript *transcript)
{
    /* Not the arrows of the other outputs: "<" and ">" are markup to web pages. */
    static const char *const marks[] = {
        [SP_FROM_SERVER] = "S: ", [SP_TO_SERVER] = "C: ", [SP_NOTE] = "note: "};
    for (const struct sp_transcript_line *line = transcript->first; line != NULL;
         line = line->next) {
        sp_write_str(writer, indent);
        sp_write_str(writer, marks[line->direction]);
        sp_write_safe(writer, SP_SAFE_NAGIOS, line->text.data, line->text.len, 0);
        sp_write_str(writer, "\n");
    }
}

static void write_more(struct sp_writer *writer, const struct sp_render *render, const char *indent,
                       const struct sp_evidence *evidence)
{
    if (render->verbose > 0)
        write_detail(writer, indent, evidence);
    if (render->verbose > 1)
        write_phases(writer, indent, evidence);
    if (render->transcript || render->verbose > 2)
        write_transcript(writer, indent, &evidence->transcript);
}

/* --- one endpoint, several endpoints ---------------------------------------------------------- */

static void report_one(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_result *result)
{
    const char *state = sp_state_name(result->state);
    struct perfdata perfdata = {.writer = writer, .result = result};
    sp_writef(writer, "SMTP %s - ", state);
    /* What is cut here stands in full in the finding's line below. */
    write_text(writer, result->message, STATUS_COLUMNS - strlen("SMTP  - ") - strlen(state));
    sp_write_str(writer, "|");
    write_perfdata(&perfdata);
    sp_write_str(writer, "\n");
    write_findings(writer, render, "", result);
    write_more(writer, render, "", result->evidence);
}

/* Endpoints that there was no memory to keep. */
static size_t count_lost(const struct sp_report *report)
{
    size_t all = 0;
    for (int i = 0; i < SP_STATE_COUNT; i++)
        all += report->by_state[i];
    return all > report->count ? all - report->count : 0;
}

static void write_counts(struct sp_writer *writer, const struct sp_report *report)
{
    static const struct {
        enum sp_state state;
        const char *word;
    } order[] = {{SP_STATE_CRITICAL, "critical"},
                 {SP_STATE_WARNING, "warning"},
                 {SP_STATE_UNKNOWN, "unknown"},
                 {SP_STATE_OK, "ok"}};
    const char *before = ": ";
    size_t count = report->count + count_lost(report);
    sp_writef(writer, "SMTP %s - %zu endpoint%s", sp_state_name(report->state), count,
              count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (report->by_state[order[i].state] == 0)
            continue;
        sp_writef(writer, "%s%zu %s", before, report->by_state[order[i].state], order[i].word);
        before = ", ";
    }
}

static void write_target(struct sp_writer *writer, const struct sp_endpoint *endpoint)
{
    struct sp_buf text;
    sp_buf_init(&text, SP_LIMIT_TARGET_LINE + SP_LIMIT_HOST);
    if (sp_fact_target(&text, endpoint))
        sp_write_safe(writer, SP_SAFE_NAGIOS, (const char *)text.data, text.len, 0);
    else
        sp_writer_fail(writer, ENOMEM);
    sp_buf_free(&text);
}

static void write_endpoint(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_result *result, enum sp_unique mark)
{
    const char *ip = result->evidence->ip;
    if (render->quiet && result->state == SP_STATE_OK)
        return;
    sp_writef(writer, "[%s] ", sp_state_name(result->state));
    write_target(writer, result->endpoint);
    if (mark == SP_UNIQUE_IP && ip != NULL)
        sp_writef(writer, " (%s)", ip);
    sp_write_str(writer, " - ");
    if (result->reason != SP_REASON_OK)
        sp_writef(writer, "%s (%s): ", sp_reason_info(result->reason)->word,
                  sp_phase_info(result->phase)->name);
    write_text(writer, result->message, 0);
    sp_write_str(writer, "\n");
    if (render->verbose > 0)
        write_findings(writer, render, "  ", result);
    write_more(writer, render, "  ", result->evidence);
}

static void report_several(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_report *report)
{
    enum sp_unique *marks = sp_unique_marks(report, SP_UNIQUE_HOST_PORT);
    struct perfdata perfdata = {.writer = writer, .prefixed = true};
    if (marks == NULL) {
        sp_writer_fail(writer, ENOMEM);
        return;
    }
    write_counts(writer, report);
    sp_write_str(writer, "|");
    for (size_t i = 0; i < report->count; i++) {
        perfdata.result = &report->results[i];
        perfdata.mark = marks[i];
        write_perfdata(&perfdata);
    }
    sp_write_str(writer, "\n");
    for (size_t i = 0; i < report->count; i++)
        write_endpoint(writer, render, &report->results[i], marks[i]);
    if (count_lost(report) > 0)
        sp_writef(writer, "[UNKNOWN] %zu more could not be kept: out of memory\n",
                  count_lost(report));
    free(marks);
}

static void write_report(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_report *report)
{
    if (report->count == 1 && count_lost(report) == 0)
        report_one(writer, render, &report->results[0]);
    else
        report_several(writer, render, report);
}

const struct sp_output sp_output_nagios = {
    .name = "nagios",
    .report = write_report,
};
