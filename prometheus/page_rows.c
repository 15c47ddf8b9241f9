/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/page_rows.h"

#include "probe/values.h"

#include <stdlib.h>
#include <string.h>

#define WORDS 8u        /* of a search that count: one pass over all rows each */
#define WORD_OCTETS 64u /* of a word that count: what a pass costs at worst grows with them */

/* One word of a search, its letters small, and what it says about rows without looking at their text. */
struct word {
    char text[WORD_OCTETS];
    size_t len;
    bool reasons[SP_REASON_COUNT], states[SP_STATE_COUNT];
};

struct search {
    struct word words[WORDS];
    size_t count;
};

static char lower(char octet)
{
    return octet >= 'A' && octet <= 'Z' ? (char)(octet - 'A' + 'a') : octet;
}

static char upper(char octet)
{
    return octet >= 'a' && octet <= 'z' ? (char)(octet - 'a' + 'A') : octet;
}

static bool begins(const char *text, const struct word *word)
{
    size_t same = 1; /* the first was compared */

    while (same < word->len && lower(text[same]) == word->text[same])
        same++;
    return same >= word->len;
}

/* The word somewhere in `text`; the letters of ASCII in both cases are the same. */
static bool has_word(const char *text, const struct word *word)
{
    const char small = word->text[0], large = upper(small);

    if (text == NULL)
        return false;
    for (; *text != '\0'; text++)
        if ((*text == small || *text == large) && begins(text, word))
            return true;
    return false;
}

static void read_word(struct word *word, const char *text, size_t len)
{
    word->len = len < WORD_OCTETS ? len : WORD_OCTETS;
    for (size_t i = 0; i < word->len; i++)
        word->text[i] = lower(text[i]);
    for (int i = 0; i < SP_REASON_COUNT; i++) {
        const struct sp_reason_info *reason = sp_reason_info((enum sp_reason)i);

        word->reasons[i] = has_word(reason->word, word) || has_word(reason->sentence, word);
    }
    for (int i = 0; i < SP_STATE_COUNT; i++)
        word->states[i] = has_word(sp_state_name((enum sp_state)i), word);
}

static void read_search(struct search *search, const char *text)
{
    search->count = 0;
    while (text != NULL && search->count < WORDS) {
        text += strspn(text, " \t");
        size_t len = strcspn(text, " \t");

        if (len == 0)
            return;
        read_word(&search->words[search->count++], text, len);
        text += len;
    }
}

static bool row_has(const struct sp_history_row *row, const struct word *word)
{
    return word->reasons[row->reason] || word->states[row->state] || has_word(row->target, word) ||
           has_word(row->module, word) || has_word(row->message, word) ||
           has_word(row->tls_version, word);
}

static bool fits(const struct sp_history_row *row, const struct search *search)
{
    for (size_t i = 0; i < search->count; i++)
        if (!row_has(row, &search->words[i]))
            return false;
    return true;
}

static size_t read_page(const char *text, size_t pages)
{
    uint64_t page;

    if (text == NULL || !sp_parse_uint(text, UINT32_MAX, &page) || page == 0)
        return 1;
    return page > pages ? pages : (size_t)page;
}

static bool apply_search(const char *text, struct sp_page_rows *rows)
{
    struct search search;

    read_search(&search, text);
    if (search.count == 0 || rows->found == 0)
        return true;
    rows->fitting = malloc(rows->found * sizeof(*rows->fitting));
    if (rows->fitting == NULL)
        return false;
    size_t fitting = 0;
    for (size_t i = 0; i < rows->found; i++)
        if (fits(rows->rows[i], &search))
            rows->fitting[fitting++] = rows->rows[i];
    rows->rows = rows->fitting;
    rows->found = fitting;
    return true;
}

bool sp_page_rows_select(const struct sp_page_context *context, struct sp_page_rows *out_rows)
{
    struct sp_page_rows rows = {0};

    rows.rows = sp_history_rows(context->history, &rows.all);
    rows.found = rows.all;
    if (context->only_problems) /* what is well comes last */
        rows.found -= sp_history_state_count(context->history, SP_STATE_OK);
    bool done = apply_search(context->search, &rows);
    rows.pages = rows.found == 0 ? 1 : (rows.found - 1) / SP_PAGE_ROWS + 1;
    rows.page = read_page(context->page, rows.pages);
    rows.first = (rows.page - 1) * SP_PAGE_ROWS;
    rows.count = rows.found - rows.first < SP_PAGE_ROWS ? rows.found - rows.first : SP_PAGE_ROWS;
    if (rows.first > 0)
        rows.rows += rows.first;
    *out_rows = rows;
    return done;
}

void sp_page_rows_free(struct sp_page_rows *rows)
{
    free(rows->fitting);
    rows->fitting = NULL;
}
