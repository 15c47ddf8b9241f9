/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_certificate.h"

#include <stdio.h>
#include <time.h>

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define DATE_SIZE 64

/* "Sun Nov 22 10:00:00 2026 +0000", as strftime's "%c %z" has it without a locale. */
static void print_date(char *out, size_t size, int64_t seconds)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm date;
    time_t when = (time_t)seconds;
    if (gmtime_r(&when, &date) == NULL) {
        snprintf(out, size, "an unknown date");
        return;
    }
    snprintf(out, size, "%s %s %2d %02d:%02d:%02d %d +0000", days[date.tm_wday],
             months[date.tm_mon], date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
             date.tm_year + 1900);
}

static const char *describe_last_day(struct sp_arena *arena, const char *name, int64_t left,
                                     const char *date)
{
    if (left <= 0)
        return sp_arena_printf(arena, "CRITICAL - Certificate '%s' just expired (%s).", name, date);
    if (left >= HOUR_S)
        return sp_arena_printf(arena, "CRITICAL - Certificate '%s' expires in %u hours (%s)", name,
                               (unsigned)(left / HOUR_S), date);
    return sp_arena_printf(arena, "CRITICAL - Certificate '%s' expires in %u minutes (%s)", name,
                           (unsigned)(left / MINUTE_S), date);
}

static const char *describe(const struct sp_compat *compat, struct sp_arena *arena,
                            const struct sp_cert *cert, int64_t now, enum sp_state *out_state)
{
    char date[DATE_SIZE];
    const char *name = cert->common_name != NULL ? cert->common_name : "Unknown CN";
    int64_t left = cert->not_after - now;
    int64_t days = left / DAY_S;
    *out_state = SP_STATE_CRITICAL;
    if (cert->not_before > now) {
        print_date(date, sizeof date, cert->not_before);
        return sp_arena_printf(arena, "CRITICAL - Certificate '%s' is not valid before %s.", name,
                               date);
    }
    print_date(date, sizeof date, cert->not_after);
    if (left < 0)
        return sp_arena_printf(arena, "CRITICAL - Certificate '%s' expired on %s.", name, date);
    if (days == 0)
        return describe_last_day(arena, name, left, date);
    if (days > compat->cert_critical_days)
        *out_state = days > compat->cert_warning_days ? SP_STATE_OK : SP_STATE_WARNING;
    if (*out_state == SP_STATE_OK)
        return sp_arena_printf(arena, "OK - Certificate '%s' will expire on %s.", name, date);
    return sp_arena_printf(arena, "%s - Certificate '%s' expires in %lld day(s) (%s).",
                           sp_state_name(*out_state), name, (long long)days, date);
}

const char *sp_compat_certificate(const struct sp_compat *compat,
                                  const struct sp_evidence *evidence, enum sp_state *out_state)
{
    const struct sp_cert *cert = evidence->tls.certs;
    *out_state = SP_STATE_CRITICAL;
    if (evidence->tls.cert_count == 0)
        return "CRITICAL - Cannot retrieve server certificate.";
    if (!cert->parsed)
        return "CRITICAL - Cannot retrieve certificate subject.";
    if (!cert->time_valid)
        return "CRITICAL - Wrong time format in certificate.";
    return describe(compat, evidence->arena, cert, evidence->started_ms / 1000, out_state);
}
