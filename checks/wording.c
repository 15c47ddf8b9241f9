/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/wording.h"

#include <stdio.h>

const char *sp_word_duration(char *out, size_t size, int64_t ns)
{
    double ms = (double)ns / 1e6;
    /* The limits are where rounding reaches the next form: "10.0 ms" and "1000 ms" never come. */
    if (ms >= 999.5)
        snprintf(out, size, "%.1f s", ms / 1000.0);
    else if (ms >= 9.95)
        snprintf(out, size, "%.0f ms", ms);
    else
        snprintf(out, size, ms > 0 && ms < 0.05 ? "%.3f ms" : "%.1f ms", ms);
    return out;
}

const char *sp_word_reply(char *out, size_t size, const struct sp_reply *reply)
{
    const struct sp_text *text = reply->line_count > 0 ? &reply->lines[0] : NULL;
    if (text == NULL || text->len == 0)
        snprintf(out, size, "%d", reply->code);
    else
        snprintf(out, size, "%d '%.*s'%s", reply->code, SP_WORDING_QUOTE, text->data,
                 reply->line_count > 1 || text->len > SP_WORDING_QUOTE ? " ..." : "");
    return out;
}

const char *sp_word_peer(char *out, size_t size, const struct sp_evidence *evidence)
{
    const struct sp_endpoint *endpoint = evidence->endpoint;
    const char *host = evidence->ip != NULL ? evidence->ip : endpoint->host;
    if (endpoint->unix_path != NULL)
        snprintf(out, size, "%s", endpoint->unix_path);
    else
        snprintf(out, size, "%s port %u", host != NULL ? host : "?", (unsigned)endpoint->port);
    return out;
}

size_t sp_word_attempts(char *out, size_t size, const struct sp_evidence *evidence)
{
    size_t failed = 0, used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < evidence->attempt_count; i++) {
        const struct sp_attempt *attempt = &evidence->attempts[i];
        char after[32];
        if (attempt->reason == SP_REASON_OK || attempt->reason == SP_REASON_CANCELLED)
            continue;
        if (failed < SP_WORDING_ATTEMPTS && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s %s after %s",
                                     failed > 0 ? ", " : "", attempt->ip,
                                     sp_reason_info(attempt->reason)->word,
                                     sp_word_duration(after, sizeof after, attempt->ns));
        failed++;
    }
    if (failed > SP_WORDING_ATTEMPTS && used < size)
        (void)snprintf(out + used, size - used, " and %zu more", failed - SP_WORDING_ATTEMPTS);
    return failed;
}

/* HELO follows a refused EHLO in the same phase, so the second reply is its. */
static bool answered_helo(const struct sp_evidence *evidence)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->reply_count; i++)
        if (evidence->replies[i].phase == SP_PHASE_EHLO)
            count++;
    return evidence->plain.helo || count > 1;
}

const char *sp_word_command(const struct sp_evidence *evidence, enum sp_phase phase)
{
    bool lmtp = evidence->endpoint->mode == SP_MODE_LMTP;
    if (phase == SP_PHASE_BANNER)
        return "the connection";
    if (phase == SP_PHASE_EHLO)
        return answered_helo(evidence) ? "HELO" : lmtp ? "LHLO" : "EHLO";
    if (phase == SP_PHASE_EHLO_TLS)
        return evidence->tls_ehlo.helo ? "HELO inside TLS"
               : lmtp                  ? "LHLO inside TLS"
                                       : "EHLO inside TLS";
    if (phase == SP_PHASE_STARTTLS)
        return "STARTTLS";
    if (phase == SP_PHASE_QUIT)
        return "QUIT";
    return sp_phase_info(phase)->name;
}

const struct sp_reply *sp_phase_reply(const struct sp_evidence *evidence, enum sp_phase phase)
{
    for (size_t i = evidence->reply_count; i > 0; i--)
        if (evidence->replies[i - 1].phase == phase)
            return &evidence->replies[i - 1];
    if (phase == SP_PHASE_BANNER)
        return evidence->banner;
    if (phase == SP_PHASE_QUIT)
        return evidence->quit;
    return NULL;
}
