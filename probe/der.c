/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (X.690, the DER subset that certificates use):
 *
 *   value    = tag length content
 *   tag      = %x00-1E / %x20-3E / … / %xE0-FE      ; one octet: low five bits are not all set
 *   length   = %x00-7F                              ; short form
 *            / %x81 %x80-FF                         ; long forms, never longer than needed
 *            / %x82 2OCTET / %x83 3OCTET / %x84 4OCTET
 *   content  = *OCTET                               ; exactly `length` of them
 *
 * The indefinite length (%x80) is BER, not DER, and is refused.
 */
#include "probe/der.h"

#include "probe/limits.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

void sp_der_init(struct sp_der *der, struct sp_slice octets)
{
    static const uint8_t none[1];
    der->at = octets.data != NULL ? octets.data : none;
    der->end = der->at + (octets.data != NULL ? octets.len : 0);
    der->depth = 0;
}

bool sp_der_done(const struct sp_der *der)
{
    return der->at == der->end;
}

unsigned sp_der_peek(const struct sp_der *der)
{
    return der->at < der->end ? der->at[0] : 0;
}

/* Reads the length octets at `at`; returns how many there are, 0 when they are not DER. */
static size_t read_length(const uint8_t *at, size_t left, size_t *out_len)
{
    if (left == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        *out_len = at[0];
        return 1;
    }
    size_t count = at[0] & 0x7fu;
    if (count == 0 || count > 4 || count >= left || at[1] == 0) {
        return 0;
    }
    size_t len = 0;
    for (size_t i = 1; i <= count; i++) {
        len = len << 8 | at[i];
    }
    if (len < 0x80) {
        return 0;
    }
    *out_len = len;
    return 1 + count;
}

bool sp_der_read(struct sp_der *der, struct sp_der_value *out_value)
{
    size_t left = (size_t)(der->end - der->at);
    if (left < 2 || (der->at[0] & 0x1fu) == 0x1fu) {
        return false;
    }
    size_t len = 0;
    size_t length_octets = read_length(der->at + 1, left - 1, &len);
    if (length_octets == 0 || len > left - 1 - length_octets) {
        return false;
    }
    out_value->tag = der->at[0];
    out_value->content.data = der->at + 1 + length_octets;
    out_value->content.len = len;
    out_value->whole.data = der->at;
    out_value->whole.len = 1 + length_octets + len;
    der->at += out_value->whole.len;
    return true;
}

bool sp_der_expect(struct sp_der *der, unsigned tag, struct sp_der_value *out_value)
{
    return sp_der_peek(der) == tag && sp_der_read(der, out_value);
}

bool sp_der_enter(struct sp_der *der, unsigned tag, struct sp_der *out_inner)
{
    struct sp_der_value value;
    unsigned depth = der->depth + 1;
    if (depth > SP_LIMIT_DER_DEPTH || !sp_der_expect(der, tag, &value)) {
        return false;
    }
    sp_der_init(out_inner, value.content);
    out_inner->depth = depth;
    return true;
}

bool sp_der_bool(struct sp_slice content, bool *out_value)
{
    if (content.len != 1) {
        return false;
    }
    *out_value = content.data[0] != 0;
    return true;
}

/* X.690 §8.3.2: the first nine bits of an INTEGER are neither all zero nor all one. */
bool sp_der_is_integer(struct sp_slice content)
{
    if (content.len == 0) {
        return false;
    }
    if (content.len == 1) {
        return true;
    }
    bool sign = (content.data[1] & 0x80u) != 0;
    return !(content.data[0] == 0x00 && !sign) && !(content.data[0] == 0xff && sign);
}

bool sp_der_small(struct sp_slice content, int *out_value)
{
    if (!sp_der_is_integer(content) || content.len > 4 || (content.data[0] & 0x80u) != 0) {
        return false;
    }
    unsigned value = 0;
    for (size_t i = 0; i < content.len; i++) {
        value = value << 8 | content.data[i];
    }
    *out_value = (int)value;
    return true;
}

bool sp_der_limit(struct sp_slice content, int *out_limit)
{
    if (sp_der_small(content, out_limit)) {
        return true;
    }
    if (!sp_der_is_integer(content) || (content.data[0] & 0x80u) != 0) {
        return false;
    }
    *out_limit = INT_MAX;
    return true;
}

bool sp_der_octets(struct sp_slice content, struct sp_slice *out_octets)
{
    if (content.len == 0 || content.data[0] != 0) {
        return false;
    }
    out_octets->data = content.data + 1;
    out_octets->len = content.len - 1;
    return true;
}

unsigned sp_der_bit_length(struct sp_slice content)
{
    size_t i = 0;
    if (content.len == 0 || (content.data[0] & 0x80u) != 0) {
        return 0;
    }
    while (i < content.len && content.data[i] == 0) {
        i++;
    }
    if (i == content.len) {
        return 0;
    }
    unsigned bits = (unsigned)(content.len - i - 1) * 8;
    for (unsigned top = content.data[i]; top != 0; top >>= 1) {
        bits++;
    }
    return bits;
}

/* Two decimal digits, -1 when they are not. */
static int read_two_digits(const uint8_t *at)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') {
        return -1;
    }
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar, years 0 to 9999. */
static int64_t count_days(int year, int month, int day)
{
    /* A year that starts in March has its leap day at the very end. */
    int64_t y = month > 2 ? year : year - 1;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t leap_days = (y + 400) / 4 - (y + 400) / 100 + (y + 400) / 400;
    int64_t days = (y + 400) * 365 + leap_days + (153 * month_from_march + 2) / 5 + day - 1;
    return days - 865565; /* the same sum for 1970-01-01 */
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool sp_der_time(unsigned tag, struct sp_slice content, int64_t *out_seconds)
{
    const uint8_t *at = content.data;
    int year;
    if (tag == SP_DER_UTC_TIME && content.len == 13) {
        int two = read_two_digits(at);
        year = two < 0 ? -1 : two + (two >= 50 ? 1900 : 2000);
        at += 2;
    } else if (tag == SP_DER_GENERALIZED_TIME && content.len == 15) {
        int high = read_two_digits(at), low = read_two_digits(at + 2);
        year = high < 0 || low < 0 ? -1 : high * 100 + low;
        at += 4;
    } else {
        return false;
    }
    int month = read_two_digits(at), day = read_two_digits(at + 2), hour = read_two_digits(at + 4),
        minute = read_two_digits(at + 6), second = read_two_digits(at + 8);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
        at[10] != 'Z') {
        return false;
    }
    *out_seconds = count_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* Appends ".arc" (without the dot when it is the first); false: no room. */
static bool append_arc(char *text, size_t size, size_t *used, uint64_t arc)
{
    int n = snprintf(text + *used, size - *used, "%s%" PRIu64, *used > 0 ? "." : "", arc);
    if (n < 0 || (size_t)n >= size - *used) {
        text[*used] = '\0';
        return false;
    }
    *used += (size_t)n;
    return true;
}

/* X.690 §8.19: base 128, high bit set on all but the last octet of an arc; the first holds two. */
static bool write_arcs(struct sp_slice content, char *text, size_t size, size_t *used)
{
    uint64_t arc = 0;
    bool first = true;
    for (size_t i = 0; i < content.len; i++) {
        if (arc >> 57 != 0) {
            return false;
        }
        arc = arc << 7 | (content.data[i] & 0x7fu);
        if ((content.data[i] & 0x80u) != 0) {
            continue;
        }
        if (first) {
            uint64_t root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
            if (!append_arc(text, size, used, root)) {
                return false;
            }
            arc -= root * 40;
            first = false;
        }
        if (!append_arc(text, size, used, arc)) {
            return false;
        }
        arc = 0;
    }
    return content.len > 0 && (content.data[content.len - 1] & 0x80u) == 0;
}

void sp_der_oid_text(struct sp_slice content, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    if (!write_arcs(content, text, size - 4, &used)) {
        memcpy(text + used, "...", 4);
    }
}

bool sp_slice_equal(struct sp_slice a, struct sp_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
