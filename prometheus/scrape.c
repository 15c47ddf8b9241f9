/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/scrape.h"

#include <stddef.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Seconds into milliseconds, rounded up, so that what is not zero does not become zero; at most
 * SP_SCRAPE_MAX_MS. */
static bool read_seconds(const char *text, uint32_t *out_ms)
{
    uint64_t ms = 0, unit = 1000;
    bool any = is_digit(*text), more = false;
    for (; is_digit(*text); text++) {
        ms = ms * 10 + (uint64_t)(*text - '0') * 1000;
        if (ms > SP_SCRAPE_MAX_MS)
            ms = SP_SCRAPE_MAX_MS;
    }
    if (*text == '.') {
        text++;
        any = any || is_digit(*text);
        for (; is_digit(*text); text++) {
            unit /= 10;
            ms += (uint64_t)(*text - '0') * unit;
            more = more || (unit == 0 && *text != '0');
        }
    }
    ms += more;
    *out_ms = ms > SP_SCRAPE_MAX_MS ? SP_SCRAPE_MAX_MS : (uint32_t)ms;
    return any && *text == '\0';
}

bool sp_scrape_timeout(const char *header, uint32_t offset_ms, uint64_t waited_ms, uint32_t *out_ms)
{
    uint32_t scrape_ms = 0;
    if (header != NULL && !read_seconds(header, &scrape_ms))
        return false;
    if (scrape_ms == 0)
        scrape_ms = SP_SCRAPE_DEFAULT_MS;
    uint32_t least = scrape_ms / 10;
    uint32_t left = scrape_ms > offset_ms ? scrape_ms - offset_ms : 0;
    left = left > least ? left : least;
    *out_ms = left > waited_ms ? left - (uint32_t)waited_ms : 1;
    return true;
}
