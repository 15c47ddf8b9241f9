/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/expiry.h"

#include "probe/calendar.h"

#include <math.h>

#define SECONDS_PER_DAY 86400.0

bool sp_expiry_first(const struct sp_evidence *evidence, size_t *out_index, double *out_days)
{
    const struct sp_tls_facts *tls = &evidence->tls;
    const struct sp_verify *verify = &evidence->verify;
    bool found = false;
    int64_t end = 0;
    for (size_t i = 0; i < (verify->path_count > 0 ? verify->path_count : 1); i++) {
        size_t index = verify->path_count > 0 ? (size_t)verify->path[i] : 0;
        if (index >= tls->cert_count || !tls->certs[index].parsed || !tls->certs[index].time_valid)
            continue;
        if (found && tls->certs[index].not_after >= end)
            continue;
        found = true;
        end = tls->certs[index].not_after;
        *out_index = index;
    }
    if (found)
        *out_days = ((double)end - (double)evidence->started_ms / 1000.0) / SECONDS_PER_DAY;
    return found;
}

void sp_expiry_word(char *out, size_t size, double days)
{
    sp_calendar_span(out, size, llround(days * SECONDS_PER_DAY));
}
