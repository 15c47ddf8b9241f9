/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/pattern.h"

#include "probe/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct sp_pattern {
    pcre2_code *code;
};

static void explain(const char *text, int number, size_t offset, char *error, size_t size)
{
    PCRE2_UCHAR message[128];
    if (pcre2_get_error_message(number, message, sizeof message) < 0)
        message[0] = '\0';
    snprintf(error, size, "the pattern \"%.80s\" is wrong at character %zu: %s", text, offset + 1,
             (const char *)message);
}

struct sp_pattern *sp_pattern_compile(const char *text, char *error, size_t size)
{
    int number = 0;
    size_t offset = 0;
    struct sp_pattern *pattern = calloc(1, sizeof *pattern);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (pattern == NULL || context == NULL) {
        snprintf(error, size, "out of memory");
        goto fail;
    }
    pcre2_set_max_pattern_length(context, SP_LIMIT_PATTERN);
    /* A server's octets need not be UTF-8, so no pattern may ask for that: a match would fail. */
    pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                  PCRE2_MULTILINE | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &number,
                                  &offset, context);
    if (pattern->code == NULL) {
        explain(text, number, offset, error, size);
        goto fail;
    }
    pcre2_compile_context_free(context);
    return pattern;
fail:
    pcre2_compile_context_free(context);
    free(pattern);
    return NULL;
}

void sp_pattern_free(struct sp_pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    free(pattern);
}

enum sp_pattern_match sp_pattern_search(const struct sp_pattern *pattern, const char *data,
                                        size_t len)
{
    enum sp_pattern_match found = SP_PATTERN_GAVE_UP;
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    if (context != NULL && match != NULL) {
        pcre2_set_match_limit(context, SP_LIMIT_PATTERN_STEPS);
        pcre2_set_depth_limit(context, SP_LIMIT_PATTERN_DEPTH);
        pcre2_set_heap_limit(context, SP_LIMIT_PATTERN_HEAP_KIB);
        int count = pcre2_match(pattern->code, (PCRE2_SPTR)data, len, 0, 0, match, context);
        if (count >= 0)
            found = SP_PATTERN_YES;
        else if (count == PCRE2_ERROR_NOMATCH)
            found = SP_PATTERN_NO;
    }
    pcre2_match_data_free(match);
    pcre2_match_context_free(context);
    return found;
}
