/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/option_text.h"

#include "probe/option_kinds.h"
#include "probe/tls_groups.h"

#include <inttypes.h>
#include <string.h>

/* The value of a choice is its index among the words plus `min`; below that nothing was chosen. */
static bool put_choice(struct sp_buf *out, const struct sp_option_row *row, long value,
                       enum sp_option_given *out_given)
{
    const char *word = row->info.choices;

    if (value < (long)row->min)
        return true;
    for (long i = (long)row->min; i < value; i++) {
        word = strchr(word, '|');
        if (word == NULL)
            return true;
        word++;
    }
    *out_given = SP_OPTION_VALUE;
    return sp_buf_append(out, word, strcspn(word, "|"));
}

static bool put_string(struct sp_buf *out, const char *text, enum sp_option_given *out_given)
{
    if (text == NULL)
        return true;
    *out_given = SP_OPTION_VALUE;
    return sp_buf_append_str(out, text);
}

static bool put_words(struct sp_buf *out, const struct sp_words *words,
                      enum sp_option_given *out_given)
{
    for (size_t i = 0; i < words->count; i++) {
        *out_given = SP_OPTION_VALUE;
        if (!sp_buf_printf(out, "%s%s", i > 0 ? "," : "", words->items[i]))
            return false;
    }
    return true;
}

static bool put_pins(struct sp_buf *out, const struct sp_pins *pins,
                     enum sp_option_given *out_given)
{
    for (size_t i = 0; i < pins->count; i++) {
        *out_given = SP_OPTION_VALUE;
        if (!sp_buf_printf(out, "%s%s:%s", i > 0 ? "," : "", sp_pin_kind_name(pins->items[i].kind),
                           pins->items[i].sha256))
            return false;
    }
    return true;
}

static const char *group_name(uint16_t number)
{
    const struct sp_tls_group *group = sp_tls_group_find(number);
    return group ? group->name : NULL;
}

static bool put_numbers(struct sp_buf *out, const struct sp_numbers *numbers,
                        const char *(*name_of)(uint16_t number), enum sp_option_given *out_given)
{
    for (size_t i = 0; i < numbers->count; i++) {
        *out_given = SP_OPTION_VALUE;
        if (!sp_buf_printf(out, "%s%s", i > 0 ? "," : "", name_of(numbers->items[i])))
            return false;
    }
    return true;
}

static bool put_thresholds(struct sp_buf *out, const struct sp_range *ranges,
                           enum sp_option_given *out_given)
{
    for (int phase = 0; phase <= SP_PHASE_TOTAL; phase++) {
        const char *name =
            phase == SP_PHASE_TOTAL ? "total" : sp_phase_info((enum sp_phase)phase)->name;

        if (!ranges[phase].set)
            continue;
        if (!sp_buf_printf(out, "%s%s=%s", *out_given == SP_OPTION_VALUE ? "," : "", name,
                           ranges[phase].text))
            return false;
        *out_given = SP_OPTION_VALUE;
    }
    return true;
}

static bool put_replies(struct sp_buf *out, const struct sp_options *options,
                        enum sp_option_given *out_given)
{
    for (size_t i = 0; i < options->expect_reply_count; i++) {
        const struct sp_expected_reply *reply = &options->expect_replies[i];
        *out_given = SP_OPTION_VALUE;
        if (!sp_buf_printf(out, "%s%s=%s", i > 0 ? "," : "", sp_phase_info(reply->phase)->name,
                           reply->code))
            return false;
    }
    return true;
}

static bool put_duration(struct sp_buf *out, uint32_t ms)
{
    return ms % 1000 == 0 ? sp_buf_printf(out, "%" PRIu32 "s", ms / 1000)
                          : sp_buf_printf(out, "%" PRIu32 "ms", ms);
}

bool sp_option_text(const struct sp_options *options, const struct sp_option_info *info,
                    struct sp_buf *out, enum sp_option_given *out_given)
{
    const struct sp_option_row *row = (const struct sp_option_row *)(const void *)info;
    const void *field = (const unsigned char *)options + row->offset;

    *out_given = SP_OPTION_NOT_GIVEN;
    switch (row->kind) {
    case SP_KIND_FLAG:
        *out_given = *(const bool *)field ? SP_OPTION_FLAG : SP_OPTION_NOT_GIVEN;
        return true;
    case SP_KIND_FAMILY:
        *out_given = *(const int *)field == (int)row->min ? SP_OPTION_FLAG : SP_OPTION_NOT_GIVEN;
        return true;
    case SP_KIND_CHOICE: return put_choice(out, row, *(const int *)field, out_given);
    case SP_KIND_VERSION: return put_choice(out, row, *(const uint16_t *)field, out_given);
    case SP_KIND_WORDS:
    case SP_KIND_PROTOCOLS:
    case SP_KIND_FILES: return put_words(out, field, out_given);
    case SP_KIND_MECHANISMS: return put_words(out, field, out_given);
    case SP_KIND_REPLIES: return put_replies(out, options, out_given);
    case SP_KIND_PINS: return put_pins(out, field, out_given);
    case SP_KIND_SUITES: return put_numbers(out, field, sp_tls_suite_name, out_given);
    case SP_KIND_GROUPS: return put_numbers(out, field, group_name, out_given);
    case SP_KIND_THRESHOLD: return put_thresholds(out, field, out_given);
    case SP_KIND_DAYS: return put_string(out, ((const struct sp_range *)field)->text, out_given);
    case SP_KIND_TEXT:
    case SP_KIND_NAME:
    case SP_KIND_EHLO:
    case SP_KIND_ADDRESS:
    case SP_KIND_SERVER: return put_string(out, *(const char *const *)field, out_given);
    case SP_KIND_ACTION: return true;
    case SP_KIND_FD:
        if (*(const uint32_t *)field == SP_NO_FD)
            return true;
        break;
    case SP_KIND_DURATION:
    case SP_KIND_NUMBER:
    case SP_KIND_COUNT:
    case SP_KIND_RATE: break;
    }
    *out_given = SP_OPTION_VALUE;
    if (row->kind == SP_KIND_DURATION)
        return put_duration(out, *(const uint32_t *)field);
    if (row->kind == SP_KIND_RATE)
        return sp_buf_printf(out, "%.6f", *(const double *)field);
    return sp_buf_printf(out, "%" PRIu32, *(const uint32_t *)field);
}
