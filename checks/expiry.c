/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/expiry.h"

#include "probe/calendar.h"

#include <math.h>

#define SECONDS_PER_DAY 86400

/* By seconds, as the path is judged: what has not expired there is not negative here. */
double sp_expiry_days(const struct sp_evidence *evidence, const struct sp_cert *cert)
{
    const int64_t left_s = cert->not_after - evidence->started_ms / 1000;
    return (double)left_s / SECONDS_PER_DAY;
}

/* Puts it behind those that end earlier, or at the same time. */
static void insert(struct sp_expiry *list, size_t count, struct sp_expiry entry)
{
    size_t at = count;
    for (; at > 0 && entry.days < list[at - 1].days; at--)
        list[at] = list[at - 1];
    list[at] = entry;
}

size_t sp_expiry_list(const struct sp_evidence *evidence,
                      struct sp_expiry out_list[SP_LIMIT_PATH_DEPTH])
{
    const struct sp_tls_facts *tls = &evidence->tls;
    const struct sp_verify *verify = &evidence->verify;
    size_t count = 0;
    for (size_t i = 0; i < (verify->path_count > 0 ? verify->path_count : 1); i++) {
        size_t index = verify->path_count > 0 ? (size_t)verify->path[i] : 0;
        if (count == SP_LIMIT_PATH_DEPTH || index >= tls->cert_count || !tls->certs[index].parsed ||
            !tls->certs[index].time_valid)
            continue;
        insert(out_list, count++,
               (struct sp_expiry){.index = index,
                                  .days = sp_expiry_days(evidence, &tls->certs[index])});
    }
    return count;
}

bool sp_expiry_first(const struct sp_evidence *evidence, size_t *out_index, double *out_days)
{
    struct sp_expiry list[SP_LIMIT_PATH_DEPTH];
    if (sp_expiry_list(evidence, list) == 0)
        return false;
    *out_index = list[0].index;
    *out_days = list[0].days;
    return true;
}

void sp_expiry_word(char *out, size_t size, double days)
{
    sp_calendar_span(out, size, llround(days * SECONDS_PER_DAY));
}
