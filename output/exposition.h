/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prometheus' two formats of one page: text 0.0.4 and OpenMetrics 1.0. Families are written one after the
 * other; a family's head is written with its first sample.
 *
 *   text 0.0.4:   page   = *family
 *                 family = "# HELP " name " " help LF "# TYPE " name " " type LF 1*sample
 *   OpenMetrics:  page   = *family "# EOF" LF
 *                 family = "# TYPE " base " " type LF ["# UNIT " base " " unit LF]
 *                          "# HELP " base " " help LF 1*sample
 *   both:         sample = name ["{" label *("," label) "}"] " " number LF
 *
 * `name` is `base`, for a counter with "_total" behind it and for an info with "_info"; text 0.0.4 knows no
 * info and calls it a gauge. Numbers are digits with at most one point: no exponent, no NaN.
 */
#ifndef SP_OUTPUT_EXPOSITION_H
#define SP_OUTPUT_EXPOSITION_H

#include "checks/check.h"
#include "output/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_exposition { SP_EXPOSITION_TEXT, SP_EXPOSITION_OPENMETRICS };

/*
 * From an Accept header (or NULL) by its q values (RFC 9110 §12.5.1): of the ranges that fit a format the
 * most exact one counts. With equal q values the format that is named more exactly wins, then the one that
 * is named first. OpenMetrics fits version 1.0.0 or none, text fits 0.0.4 or none. TEXT when in doubt and
 * when neither is wanted.
 */
enum sp_exposition sp_exposition_choose(const char *accept);
/* The Content-Type to send with it. */
const char *sp_exposition_content_type(enum sp_exposition format);

/* A probe's metrics; one result has no target label, several have. */
void sp_exposition_write_report(struct sp_writer *writer, enum sp_exposition format,
                                const struct sp_report *report);
/* What probe_success says: the session went through (a reply to QUIT left aside), no finding is worse than
 * WARNING, and the banner matched its pattern. */
bool sp_exposition_succeeded(const struct sp_result *result);

/* --- to write a page -------------------------------------------------------------------------- */

enum sp_metric_type { SP_METRIC_GAUGE, SP_METRIC_COUNTER, SP_METRIC_INFO };

struct sp_metric {
    const char *base; /* the name without "_total" and "_info" */
    enum sp_metric_type type;
    const char *unit; /* the end of `base` behind '_': "seconds", "bytes"; NULL: none */
    const char *help; /* printable ASCII without backslash and quote */
};

/* A page in the making; its fields are exposition.c's. */
struct sp_exposition_page {
    struct sp_writer *writer;
    enum sp_exposition format;
    const struct sp_metric *metric;
    bool headed;     /* the family's head stands */
    unsigned labels; /* of the sample in hand */
};

void sp_exposition_begin(struct sp_exposition_page *page, struct sp_writer *writer,
                         enum sp_exposition format);
/* The samples that follow are of this family. One family must not come twice. */
void sp_exposition_family(struct sp_exposition_page *page, const struct sp_metric *metric);
/* Begins a sample. Its labels follow, then its one number. */
void sp_exposition_sample(struct sp_exposition_page *page);
/* `value` is made safe (SP_SAFE_LABEL). */
void sp_exposition_label(struct sp_exposition_page *page, const char *name, const char *value);
void sp_exposition_integer(struct sp_exposition_page *page, int64_t value);
void sp_exposition_unsigned(struct sp_exposition_page *page, uint64_t value);
/* Nanoseconds as seconds, without zeros at the end: "0.088", "30". */
void sp_exposition_seconds(struct sp_exposition_page *page, int64_t ns);
/* Ends the page. */
void sp_exposition_end(struct sp_exposition_page *page);

#endif
