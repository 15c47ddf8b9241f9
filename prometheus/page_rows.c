/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/page_rows.h"

#include "probe/values.h"

#include <stdlib.h>
#include <string.h>

#define WORDS 8u /* of a search that count: one pass over all rows each */

static char lower(char octet)
{
    return octet >= 'A' && octet <= 'Z' ? (char)(octet - 'A' + 'a') : octet;
}

/* `word` somewhere in `text`; the letters of ASCII in both cases are the same. */
static bool has_word(const char *text, const char *word, size_t len)
{
    for (; text != NULL && *text != '\0'; text++) {
        size_t same = 0;

        while (same < len && lower(text[same]) == lower(word[same]))
            same++;
        if (same == len)
            return true;
    }
    return false;
}

static bool row_has(const struct sp_history_row *row, const char *word, size_t len)
{
    const struct sp_reason_info *reason = sp_reason_info(row->reason);

    return has_word(row->target, word, len) || has_word(row->module, word, len) ||
           has_word(reason->word, word, len) || has_word(reason->sentence, word, len) ||
           has_word(sp_state_name(row->state), word, len) || has_word(row->message, word, len) ||
           has_word(row->tls_version, word, len);
}

static bool is_wanted(const struct sp_page_context *context, const struct sp_history_row *row)
{
    const char *word = context->search != NULL ? context->search : "";

    if (context->only_problems && row->state == SP_STATE_OK)
        return false;
    for (unsigned i = 0; i < WORDS; i++) {
        word += strspn(word, " \t");
        size_t len = strcspn(word, " \t");

        if (len > 0 && !row_has(row, word, len))
            return false;
        word += len;
    }
    return true;
}

static size_t read_page(const char *text, size_t pages)
{
    uint64_t page;

    if (text == NULL || !sp_parse_uint(text, UINT32_MAX, &page) || page == 0)
        return 1;
    return page > pages ? pages : (size_t)page;
}

bool sp_page_rows_select(const struct sp_page_context *context, struct sp_page_rows *out_rows)
{
    const struct sp_history_row *rows = NULL;
    size_t kept = 0, first;

    *out_rows = (struct sp_page_rows){.page = 1, .pages = 1};
    out_rows->all = sp_history_rows(context->history, &rows);
    if (out_rows->all != sp_history_row_count(context->history))
        return false; /* they could not be sorted */
    out_rows->rows = calloc(out_rows->all + 1, sizeof(*out_rows->rows));
    if (out_rows->rows == NULL)
        return false;
    for (size_t i = 0; i < out_rows->all; i++) {
        out_rows->by_state[rows[i].state]++;
        if (is_wanted(context, &rows[i]))
            out_rows->rows[out_rows->found++] = &rows[i];
    }
    out_rows->pages = out_rows->found == 0 ? 1 : (out_rows->found - 1) / SP_PAGE_ROWS + 1;
    out_rows->page = read_page(context->page, out_rows->pages);
    first = (out_rows->page - 1) * SP_PAGE_ROWS;
    for (size_t i = first; i < out_rows->found && kept < SP_PAGE_ROWS; i++)
        out_rows->rows[kept++] = out_rows->rows[i];
    out_rows->count = kept;
    return true;
}

void sp_page_rows_free(struct sp_page_rows *rows)
{
    free(rows->rows);
    rows->rows = NULL;
}
