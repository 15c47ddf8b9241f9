/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: an Accept header up to the first NUL, then a label's value. OpenMetrics is never chosen for who
 * didn't name its type, and no value gets out of its quotes: the page has one family with one sample.
 */
#include "output/exposition.h"
#include "tests/unit/exposition_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition)
        abort();
}

static bool names_application(const char *accept)
{
    for (; *accept != '\0'; accept++)
        if (strncasecmp(accept, "application/", 12) == 0)
            return true;
    return false;
}

static void check_page(enum sp_exposition format, const char *value)
{
    static const struct sp_metric metric = {"a", SP_METRIC_INFO, NULL, "Help"};
    static struct reader reader;
    struct sp_exposition_page page;
    struct sp_writer writer;

    sp_writer_init(&writer, -1);
    sp_exposition_begin(&page, &writer, format);
    sp_exposition_family(&page, &metric);
    sp_exposition_sample(&page);
    sp_exposition_label(&page, "b", value);
    sp_exposition_integer(&page, 1);
    sp_exposition_end(&page);
    sp_write(&writer, "", 1);
    need(writer.error == 0);
    need(strlen((const char *)writer.buf.data) == writer.buf.len - 1);
    need(reader_read(&reader, format == SP_EXPOSITION_OPENMETRICS, (const char *)writer.buf.data));
    need(reader.family_count == 1 && reader.series_count == 1);
    sp_writer_free(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    need(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    /* The header has memory of its own, so that reading behind its end is seen. */
    char *accept = strdup(text);
    need(accept != NULL);
    const char *value = strlen(text) < size ? text + strlen(text) + 1 : text;
    enum sp_exposition format = sp_exposition_choose(accept);
    need(format == SP_EXPOSITION_TEXT || names_application(accept));
    check_page(SP_EXPOSITION_TEXT, value);
    check_page(SP_EXPOSITION_OPENMETRICS, value);
    free(accept);
    free(text);
    return 0;
}
