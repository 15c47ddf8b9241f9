/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 7468 §3, the lax form):
 *
 *   block = "-----BEGIN " label "-----" eol body "-----END " label "-----"
 *   body  = base64 with blanks and line ends in it
 */
#include "probe/pem.h"

#include "probe/base64.h"

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

bool sp_pem_decode(const struct sp_pem_block *block, uint8_t *out, size_t *out_len)
{
    return block->complete && sp_base64_decode(block->body, block->body_len, out, out_len);
}
