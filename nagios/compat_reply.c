/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_reply.h"

#include <string.h>

static bool is_hello(const struct sp_reply *reply)
{
    return reply->phase == SP_PHASE_EHLO || reply->phase == SP_PHASE_EHLO_TLS;
}

const struct sp_reply *sp_compat_hello(const struct sp_evidence *evidence)
{
    for (size_t i = evidence->reply_count; i > 0; i--)
        if (is_hello(&evidence->replies[i - 1]))
            return &evidence->replies[i - 1];
    return NULL;
}

bool sp_compat_append_reply(struct sp_buf *out, const struct sp_reply *reply)
{
    /* At the cap it may have been cut. */
    if (reply->raw.len > 0 && reply->raw.len < SP_LIMIT_REPLY_RAW)
        return sp_buf_append(out, reply->raw.data, reply->raw.len);
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct sp_text *line = &reply->lines[i];
        bool last = i + 1 == reply->line_count;
        if (!sp_buf_printf(out, "%03d%s", reply->code,
                           !last           ? "-"
                           : line->len > 0 ? " "
                                           : "") ||
            !sp_buf_append(out, line->data, line->len) || !sp_buf_append_str(out, "\r\n"))
            return false;
    }
    return true;
}

/* What the server has said since it was last asked, from the transcript. */
static bool append_last_lines(struct sp_buf *out, const struct sp_evidence *evidence)
{
    const struct sp_transcript_line *line = evidence->transcript.first, *since = line;
    for (; line != NULL; line = line->next)
        if (line->direction == SP_TO_SERVER)
            since = line->next;
    for (line = since; line != NULL; line = line->next)
        if (line->direction == SP_FROM_SERVER &&
            (!sp_buf_append(out, line->text.data, line->text.len) ||
             !sp_buf_append_str(out, "\r\n")))
            return false;
    return true;
}

bool sp_compat_append_greeting(struct sp_buf *out, const struct sp_evidence *evidence)
{
    const struct sp_reply *hello = sp_compat_hello(evidence);
    if (evidence->banner != NULL && !sp_compat_append_reply(out, evidence->banner))
        return false;
    if (hello != NULL && !sp_compat_append_reply(out, hello))
        return false;
    if (evidence->failure.reason != SP_REASON_PROTOCOL_ERROR)
        return true;
    /* A reply that could be read up to its end is among the replies, as one with two codes. */
    const struct sp_reply *last =
        evidence->reply_count > 0 ? &evidence->replies[evidence->reply_count - 1] : NULL;
    if (last == NULL || last->phase != evidence->failure.phase)
        return append_last_lines(out, evidence);
    return last == evidence->banner || last == hello || sp_compat_append_reply(out, last);
}

size_t sp_compat_stripped(const char *text, size_t len)
{
    for (; len > 0; len--) {
        char last = text[len - 1];
        if (last != ' ' && last != '\t' && last != '\r' && last != '\n')
            break;
    }
    return len;
}

void sp_compat_strip(struct sp_buf *text)
{
    text->len = sp_compat_stripped((const char *)text->data, text->len);
}

static bool starts_with(const struct sp_buf *text, const char *expect)
{
    size_t len = strlen(expect);
    return len > 0 && len <= text->len && memcmp(text->data, expect, len) == 0;
}

static bool is_plain_220(const char *expect)
{
    return strcmp(expect, "220") == 0;
}

bool sp_compat_expected(const struct sp_compat *compat, const struct sp_evidence *evidence)
{
    struct sp_buf text;
    bool good = evidence->banner != NULL && evidence->banner->code == 220;
    if (is_plain_220(compat->expect))
        return good;
    sp_buf_init(&text, SP_COMPAT_TEXT_SIZE);
    if (!sp_compat_append_greeting(&text, evidence))
        good = false;
    else if (good)
        good = compat->expect[0] == '\0' ||
               (text.len > 0 &&
                memmem(text.data, text.len, compat->expect, strlen(compat->expect)) != NULL);
    else
        good = starts_with(&text, compat->expect);
    sp_buf_free(&text);
    return good;
}

static bool is_expected_reply(const struct sp_compat *compat, const struct sp_reply *reply)
{
    struct sp_buf text;
    if (is_plain_220(compat->expect))
        return false;
    sp_buf_init(&text, SP_COMPAT_TEXT_SIZE);
    bool expected = sp_compat_append_reply(&text, reply) && starts_with(&text, compat->expect);
    sp_buf_free(&text);
    return expected;
}

const struct sp_reply *sp_compat_refused_hello(const struct sp_compat *compat,
                                               const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->reply_count; i++) {
        const struct sp_reply *reply = &evidence->replies[i];
        if (is_hello(reply) && reply->code != 250 && !is_expected_reply(compat, reply))
            return reply;
    }
    return NULL;
}
