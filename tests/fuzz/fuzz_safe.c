/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets, made safe in every way: the result is valid UTF-8 and holds nothing hidden, is not wider
 * than asked for, and is the same from the writer and from the buffer. The check below has its own
 * decoder, so that a mistake in output/utf8.c shows.
 */
#include "output/utf8.h"
#include "output/writer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* By value, as RFC 3629 defines it, not by tables of octets. Returns its length, 0: no UTF-8. */
static size_t decode(const uint8_t *data, size_t len, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = data[0] < 0x80             ? 1
                  : (data[0] & 0xE0) == 0xC0 ? 2
                  : (data[0] & 0xF0) == 0xE0 ? 3
                  : (data[0] & 0xF8) == 0xF0 ? 4
                                             : 0;

    if (need == 0 || need > len)
        return 0;
    uint32_t code = need == 1 ? data[0] : data[0] & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((data[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (data[i] & 0x3Fu);
    }
    if (code < least[need] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *out = code;
    return need;
}

static bool is_forbidden(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           code == 0x2060 || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

static void check_output(enum sp_safe how, const struct sp_buf *out)
{
    for (size_t at = 0; at < out->len;) {
        uint32_t code = 0;
        size_t len = decode(out->data + at, out->len - at, &code);

        require(len > 0);
        at += len;
        if (how == SP_SAFE_JSON) {
            require(code != 0);
            continue;
        }
        if (how == SP_SAFE_JSON_TEXT && (code == '\n' || code == '\t'))
            continue;
        require(!is_forbidden(code));
        require(how != SP_SAFE_ASCII || code < 0x80);
        require(how != SP_SAFE_NAGIOS || (code != '|' && code != '<' && code != '>'));
    }
}

/* Inside a label's quotes: every quote is escaped, every backslash begins a known escape. */
static void check_label(const struct sp_buf *out)
{
    for (size_t i = 0; i < out->len; i++) {
        require(out->data[i] != '"');
        if (out->data[i] != '\\')
            continue;
        i++;
        require(i < out->len && strchr("\\\"n", out->data[i]) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum sp_safe how = (enum sp_safe)(data[0] % (SP_SAFE_JSON_TEXT + 1));
    size_t max = data[1];
    struct sp_buf out;
    struct sp_writer writer;

    sp_buf_init(&out, size * 20 + 64);
    require(sp_safe_append(&out, how, (const char *)data + 2, size - 2, max));
    check_output(how, &out);
    if (how == SP_SAFE_LABEL)
        check_label(&out);
    if (max > 0)
        require(sp_utf8_columns((const char *)out.data, out.len) <= max);
    sp_writer_init(&writer, -1);
    sp_write_safe(&writer, how, (const char *)data + 2, size - 2, max);
    require(writer.error == 0 && writer.buf.len == out.len);
    require(out.len == 0 || memcmp(writer.buf.data, out.data, out.len) == 0);
    sp_writer_free(&writer);
    sp_buf_free(&out);
    return 0;
}
