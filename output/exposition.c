/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/exposition.h"

#include <string.h>

#define DIGITS 20u /* of the largest uint64_t */

const char *sp_exposition_content_type(enum sp_exposition format)
{
    return format == SP_EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void sp_exposition_begin(struct sp_exposition_page *page, struct sp_writer *writer,
                         enum sp_exposition format)
{
    *page = (struct sp_exposition_page){.writer = writer, .format = format};
}

void sp_exposition_family(struct sp_exposition_page *page, const struct sp_metric *metric)
{
    page->metric = metric;
    page->headed = false;
}

static const char *suffix_of(enum sp_metric_type type)
{
    switch (type) {
    case SP_METRIC_COUNTER: return "_total";
    case SP_METRIC_INFO: return "_info";
    case SP_METRIC_GAUGE: break;
    }
    return "";
}

static const char *word_of(enum sp_metric_type type, enum sp_exposition format)
{
    switch (type) {
    case SP_METRIC_COUNTER: return "counter";
    case SP_METRIC_INFO: return format == SP_EXPOSITION_OPENMETRICS ? "info" : "gauge";
    case SP_METRIC_GAUGE: break;
    }
    return "gauge";
}

/* "# KEYWORD name text" */
static void write_comment(struct sp_exposition_page *page, const char *keyword, const char *text)
{
    const struct sp_metric *metric = page->metric;

    sp_write_str(page->writer, keyword);
    sp_write_str(page->writer, metric->base);
    if (page->format == SP_EXPOSITION_TEXT)
        sp_write_str(page->writer, suffix_of(metric->type));
    sp_write(page->writer, " ", 1);
    sp_write_str(page->writer, text);
    sp_write(page->writer, "\n", 1);
}

static void write_head(struct sp_exposition_page *page)
{
    const struct sp_metric *metric = page->metric;
    const char *type = word_of(metric->type, page->format);

    if (page->format == SP_EXPOSITION_TEXT) {
        write_comment(page, "# HELP ", metric->help);
        write_comment(page, "# TYPE ", type);
        return;
    }
    write_comment(page, "# TYPE ", type);
    if (metric->unit != NULL)
        write_comment(page, "# UNIT ", metric->unit);
    write_comment(page, "# HELP ", metric->help);
}

void sp_exposition_sample(struct sp_exposition_page *page)
{
    if (!page->headed)
        write_head(page);
    page->headed = true;
    page->labels = 0;
    sp_write_str(page->writer, page->metric->base);
    sp_write_str(page->writer, suffix_of(page->metric->type));
}

/* True for what needs no escape, as nearly every label: then it need not be looked at twice. */
static bool is_plain(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (value[i] < ' ' || value[i] > '~' || value[i] == '"' || value[i] == '\\')
            return false;
    return true;
}

void sp_exposition_label(struct sp_exposition_page *page, const char *name, const char *value)
{
    size_t len = strlen(value);

    sp_write(page->writer, page->labels++ == 0 ? "{" : ",", 1);
    sp_write_str(page->writer, name);
    sp_write(page->writer, "=\"", 2);
    if (is_plain(value, len))
        sp_write(page->writer, value, len);
    else
        sp_write_safe(page->writer, SP_SAFE_LABEL, value, len, 0);
    sp_write(page->writer, "\"", 1);
}

/* Writes the digits so that they end before `end`; returns their first. */
static char *put_digits(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

/* All between the labels and the line's end. */
static void end_sample(struct sp_exposition_page *page, const char *number, size_t len)
{
    if (page->labels > 0)
        sp_write(page->writer, "}", 1);
    sp_write(page->writer, " ", 1);
    sp_write(page->writer, number, len);
    sp_write(page->writer, "\n", 1);
}

static uint64_t size_of(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

void sp_exposition_unsigned(struct sp_exposition_page *page, uint64_t value)
{
    char text[DIGITS], *end = text + sizeof text;
    const char *first = put_digits(end, value);

    end_sample(page, first, (size_t)(end - first));
}

void sp_exposition_integer(struct sp_exposition_page *page, int64_t value)
{
    char text[1 + DIGITS], *end = text + sizeof text;
    char *first = put_digits(end, size_of(value));

    if (value < 0)
        *--first = '-';
    end_sample(page, first, (size_t)(end - first));
}

void sp_exposition_seconds(struct sp_exposition_page *page, int64_t ns)
{
    uint64_t size = size_of(ns), fraction = size % 1000000000;
    char text[1 + DIGITS + 1 + 9], *point = text + 1 + DIGITS, *end = point;

    if (fraction > 0) {
        *end++ = '.';
        for (; fraction > 0; fraction %= 1000000000) {
            fraction *= 10;
            *end++ = (char)('0' + fraction / 1000000000);
        }
    }
    char *first = put_digits(point, size / 1000000000);
    if (ns < 0)
        *--first = '-';
    end_sample(page, first, (size_t)(end - first));
}

void sp_exposition_end(struct sp_exposition_page *page)
{
    if (page->format == SP_EXPOSITION_OPENMETRICS)
        sp_write_str(page->writer, "# EOF\n");
}
