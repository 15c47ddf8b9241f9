/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 7468 §3, the lax form):
 *
 *   block = "-----BEGIN " label "-----" eol body "-----END " label "-----"
 *   body  = *( base64 / WSP / eol )                 ; groups of four, "=" only in the last one
 */
#include "probe/pem.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

void sp_pem_init(struct sp_pem *pem, const void *text, size_t len)
{
    pem->at = text;
    pem->end = pem->at + len;
    pem->line = 1;
}

/* `at` is before `end`. Nearly all lines are base64, so one look at the first character does. */
static bool starts_with(const char *at, const char *end, const char *text)
{
    size_t len = strlen(text);
    return *at == *text && (size_t)(end - at) >= len && memcmp(at, text, len) == 0;
}

/* Where the line that starts at `at` ends: at its "\n" or the text's end. */
static const char *find_line_end(const char *at, const char *end)
{
    const char *eol = memchr(at, '\n', (size_t)(end - at));
    return eol != NULL ? eol : end;
}

static void skip_line(struct sp_pem *pem, const char *eol)
{
    pem->at = eol < pem->end ? eol + 1 : eol;
    pem->line++;
}

/* The label of a BEGIN or END line; false when the line has not the closing dashes. */
static bool read_label(const char *at, const char *eol, const char **out_label, size_t *out_len)
{
    for (const char *p = at; eol - p >= (ptrdiff_t)strlen(DASHES); p++) {
        if (memcmp(p, DASHES, strlen(DASHES)) == 0) {
            *out_label = at;
            *out_len = (size_t)(p - at);
            return true;
        }
    }
    return false;
}

/* Reads on to the END line; stops before another BEGIN. */
static void read_body(struct sp_pem *pem, struct sp_pem_block *block)
{
    block->body = pem->at;
    block->complete = false;
    while (pem->at < pem->end && !starts_with(pem->at, pem->end, BEGIN)) {
        const char *eol = find_line_end(pem->at, pem->end), *label;
        size_t len;
        block->body_len = (size_t)(pem->at - block->body);
        if (starts_with(pem->at, pem->end, END)) {
            block->complete = read_label(pem->at + strlen(END), eol, &label, &len) &&
                              len == block->label_len && memcmp(label, block->label, len) == 0;
            skip_line(pem, eol);
            return;
        }
        skip_line(pem, eol);
    }
    block->body_len = (size_t)(pem->at - block->body);
}

bool sp_pem_next(struct sp_pem *pem, struct sp_pem_block *out_block)
{
    memset(out_block, 0, sizeof *out_block);
    while (pem->at < pem->end) {
        const char *eol = find_line_end(pem->at, pem->end);
        out_block->line = pem->line;
        bool begins =
            starts_with(pem->at, pem->end, BEGIN) &&
            read_label(pem->at + strlen(BEGIN), eol, &out_block->label, &out_block->label_len);
        skip_line(pem, eol);
        if (begins) {
            read_body(pem, out_block);
            return true;
        }
    }
    return false;
}

bool sp_pem_is(const struct sp_pem_block *block, const char *label)
{
    return block->label_len == strlen(label) && memcmp(block->label, label, block->label_len) == 0;
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

bool sp_pem_decode(const struct sp_pem_block *block, uint8_t *out, size_t *out_len)
{
    const uint8_t *at = (const uint8_t *)block->body, *end = at + block->body_len;
    uint8_t *to = out;
    uint32_t group = 0;
    unsigned digits = 0, padding = 0;
    if (!block->complete) {
        return false;
    }
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
    *out_len = (size_t)(to - out);
    return digits == 0;
}
