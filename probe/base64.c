/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 4648 §4):
 *
 *   text  = *group [last]
 *   group = 4digit                                  ; three octets
 *   last  = 2digit "==" / 3digit "="                ; one or two
 *   digit = ALPHA / DIGIT / "+" / "/"
 */
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

/* What a character of base64 stands for (RFC 4648 §4); 64 and more: none. */
enum { NO_DIGIT = 64 };

/* clang-format off */
static const uint8_t base64_digits[256] = {
#define NONE4 NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT
#define NONE16 NONE4, NONE4, NONE4, NONE4
    NONE16, NONE16,
    NONE4, NONE4, NO_DIGIT, NO_DIGIT, NO_DIGIT, 62, NO_DIGIT, NO_DIGIT, NO_DIGIT, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO_DIGIT, NO_DIGIT, NONE4,
    NO_DIGIT, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO_DIGIT, NONE4,
    NO_DIGIT, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO_DIGIT, NONE4,
    NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16
};
/* clang-format on */

static uint8_t *put_group(uint8_t *out, uint32_t group)
{
    out[0] = (uint8_t)(group >> 16 & 0xffu);
    out[1] = (uint8_t)(group >> 8 & 0xffu);
    out[2] = (uint8_t)(group & 0xffu);
    return out + 3;
}

/*
 * Decodes whole groups up to the first character that is no digit and moves *at there. What is
 * written never overtakes what is read: three octets for four.
 */
static uint8_t *decode_groups(const uint8_t **at, const uint8_t *end, uint8_t *out)
{
    const uint8_t *p = *at;
    for (; end - p >= 4; p += 4) {
        uint32_t a = base64_digits[p[0]], b = base64_digits[p[1]], c = base64_digits[p[2]],
                 d = base64_digits[p[3]];
        if ((a | b | c | d) >= NO_DIGIT) {
            break;
        }
        out = put_group(out, a << 18 | b << 12 | c << 6 | d);
    }
    *at = p;
    return out;
}

bool sp_base64_decode(const void *text, size_t len, void *out, size_t *out_len)
{
    const uint8_t *at = text, *end = at + len;
    uint8_t *to = out;
    uint32_t group = 0;
    unsigned digits = 0, padding = 0;
    while (at < end) {
        if (digits == 0 && padding == 0) {
            to = decode_groups(&at, end, to);
            if (at == end) {
                break;
            }
        }
        uint8_t c = *at++;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        uint32_t value = base64_digits[c];
        if (c == '=' && digits >= 2) {
            padding++;
            value = 0;
        } else if (value >= NO_DIGIT || padding > 0) {
            return false;
        }
        group = group << 6 | value;
        if (++digits == 4) {
            /* Only the last group has padding: a digit or "=" behind it is refused above. */
            to = put_group(to, group) - padding;
            digits = 0;
            group = 0;
        }
    }
    *out_len = (size_t)(to - (uint8_t *)out);
    return digits == 0;
}
