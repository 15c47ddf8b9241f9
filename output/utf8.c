/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/utf8.h"

struct range {
    int32_t first, last;
};

/*
 * What must never reach a terminal or a log as it is: it moves the cursor, turns the direction of
 * writing, ends a line, or can't be seen and so makes two different names look the same.
 */
static const struct range hidden[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x061C, 0x061C},
    {0x115F, 0x1160}, {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

/* A deliberately small table: the marks and scripts that mail servers' names and banners really use. */
static const struct range combining[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F},
};
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_in(const struct range *ranges, size_t count, int32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (code < ranges[i].first)
            return false;
        if (code <= ranges[i].last)
            return true;
    }
    return false;
}

/*
 * RFC 3629 §4:
 *   C2..DF tail | E0 A0..BF tail | E1..EC,EE..EF 2tail | ED 80..9F tail
 *   F0 90..BF 2tail | F1..F3 3tail | F4 80..8F 2tail
 * Only the second octet's range depends on the first; that is what keeps overlong forms, surrogates
 * and too large values out.
 */
size_t sp_utf8_read(const char *data, size_t len, int32_t *out_code)
{
    const unsigned char *octets = (const unsigned char *)data;
    unsigned first = octets[0];
    unsigned low = 0x80, high = 0xBF;
    size_t tail;
    int32_t code;

    *out_code = SP_UTF8_BAD;
    if (first < 0x80) {
        *out_code = (int32_t)first;
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        tail = 1;
        code = (int32_t)(first & 0x1F);
    } else if (first >= 0xE0 && first <= 0xEF) {
        tail = 2;
        code = (int32_t)(first & 0x0F);
        low = first == 0xE0 ? 0xA0 : low;
        high = first == 0xED ? 0x9F : high;
    } else if (first >= 0xF0 && first <= 0xF4) {
        tail = 3;
        code = (int32_t)(first & 0x07);
        low = first == 0xF0 ? 0x90 : low;
        high = first == 0xF4 ? 0x8F : high;
    } else {
        return 1;
    }
    for (size_t i = 1; i <= tail; i++) {
        if (i >= len || octets[i] < low || octets[i] > high)
            return i;
        code = (int32_t)(((uint32_t)code << 6) | (octets[i] & 0x3Fu));
        low = 0x80;
        high = 0xBF;
    }
    *out_code = code;
    return tail + 1;
}

bool sp_utf8_hidden(int32_t code)
{
    if (code >= 0x20 && code < 0x7F)
        return false; /* nearly all text: don't search */
    return is_in(hidden, COUNT(hidden), code);
}

size_t sp_utf8_width(int32_t code)
{
    if (code < 0x300)
        return 1;
    if (is_in(combining, COUNT(combining), code))
        return 0;
    return is_in(wide, COUNT(wide), code) ? 2 : 1;
}

size_t sp_utf8_columns(const char *data, size_t len)
{
    size_t columns = 0;

    for (size_t at = 0; at < len;) {
        int32_t code;

        at += sp_utf8_read(data + at, len - at, &code);
        columns += sp_utf8_width(code);
    }
    return columns;
}
