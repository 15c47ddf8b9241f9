/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three octets become four characters. */
static void encode_group(const uint8_t *octets, size_t count, char *out)
{
    uint32_t group = (uint32_t)octets[0] << 16;

    if (count > 1)
        group |= (uint32_t)octets[1] << 8;
    if (count > 2)
        group |= octets[2];
    out[0] = alphabet[group >> 18];
    out[1] = alphabet[group >> 12 & 63];
    out[2] = count > 1 ? alphabet[group >> 6 & 63] : '=';
    out[3] = count > 2 ? alphabet[group & 63] : '=';
}

bool sp_base64_encode(const void *data, size_t len, char *out, size_t cap)
{
    const uint8_t *octets = data;

    /* In this form the sum can't overflow, whatever `len` is. */
    if (cap == 0 || len / 3 + (len % 3 != 0) > (cap - 1) / 4) {
        if (cap > 0)
            out[0] = '\0';
        return false;
    }
    for (size_t at = 0; at < len; at += 3, out += 4)
        encode_group(octets + at, len - at < 3 ? len - at : 3, out);
    *out = '\0';
    return true;
}
