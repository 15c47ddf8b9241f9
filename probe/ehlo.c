/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * line     = keyword *( 1*( SP / HT ) word )          ; RFC 5321 §4.1.1.1: one SP
 * keyword  = ( ALPHA / DIGIT ) *( ALPHA / DIGIT / "-" )
 * word     = 1*%d33-126
 * SIZE     = "SIZE" [ SP 1*20DIGIT ]                  ; RFC 1870 §4
 * AUTH     = "AUTH" *( SP mech ) / "AUTH=" mech *( SP mech ) ; RFC 4954 §3; "=" before its time
 * mech     = 1*20( ALPHA / DIGIT / "-" / "_" )        ; RFC 4422 §3.1
 */
#include "probe/ehlo.h"

#include "probe/limits.h"

#include <string.h>

#define MECH_LEN 20u
#define SIZE_DIGITS 20u

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static size_t skip_blanks(const char *text, size_t len, size_t pos)
{
    while (pos < len && is_blank(text[pos]))
        pos++;
    return pos;
}

static size_t skip_word(const char *text, size_t len, size_t pos)
{
    while (pos < len && !is_blank(text[pos]))
        pos++;
    return pos;
}

static size_t count_words(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t pos = skip_blanks(text, len, 0); pos < len; count++)
        pos = skip_blanks(text, len, skip_word(text, len, pos));
    return count;
}

/* An upper-case copy that is safe to print. */
static const char *copy_keyword(struct sp_arena *arena, const char *text, size_t len)
{
    char *keyword = sp_arena_strndup(arena, text, len);

    if (keyword == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++)
        keyword[i] = keyword[i] > 0x20 && keyword[i] < 0x7f ? to_upper(keyword[i]) : '?';
    return keyword;
}

/* Where the words behind a keyword of `len` octets begin: inside it for the old form of AUTH. */
static size_t find_params(const char *keyword, size_t len)
{
    static const char old_form[] = "AUTH=";

    if (len < sizeof old_form - 1)
        return len;
    for (size_t i = 0; i < sizeof old_form - 1; i++)
        if (to_upper(keyword[i]) != old_form[i])
            return len;
    return sizeof old_form - 1;
}

/* Splits one line, which isn't blank, into a capability. */
static bool parse_line(struct sp_arena *arena, const struct sp_text *line,
                       struct sp_capability *out_item, bool *out_cut)
{
    size_t start = skip_blanks(line->data, line->len, 0);
    size_t end = skip_word(line->data, line->len, start);
    size_t params = start + find_params(line->data + start, end - start);
    size_t count = count_words(line->data + params, line->len - params);
    size_t pos = 0;
    size_t len = line->len - params;
    char *text;

    if (count > SP_LIMIT_PARAMS) {
        count = SP_LIMIT_PARAMS;
        *out_cut = true;
    }
    out_item->keyword = copy_keyword(arena, line->data + start, params - start);
    out_item->params = sp_arena_array(arena, count, sizeof *out_item->params);
    text = sp_arena_strndup(arena, line->data + params, len);
    if (out_item->keyword == NULL || out_item->params == NULL || text == NULL)
        return false;
    out_item->param_count = count;
    for (size_t i = 0; i < count; i++) {
        pos = skip_blanks(text, len, pos);
        out_item->params[i].data = text + pos;
        pos = skip_word(text, len, pos);
        out_item->params[i].len = (size_t)(text + pos - out_item->params[i].data);
        if (pos < len)
            text[pos++] = '\0';
    }
    return true;
}

/* One number of RFC 1870 §4. False: not one, or more than 64 bits. */
static bool parse_size(const struct sp_text *word, uint64_t *out_size)
{
    uint64_t size = 0;

    if (word->len == 0 || word->len > SIZE_DIGITS)
        return false;
    for (size_t i = 0; i < word->len; i++) {
        unsigned digit = (unsigned)(unsigned char)word->data[i] - '0';

        if (digit > 9 || size > (UINT64_MAX - digit) / 10)
            return false;
        size = size * 10 + digit;
    }
    *out_size = size;
    return true;
}

static void read_size(const struct sp_capability *item, struct sp_ehlo *ehlo)
{
    uint64_t size = 0;
    bool again = ehlo->size_state != SP_SIZE_ABSENT;

    if (item->param_count == 0)
        return; /* RFC 1870 §4: says nothing about a limit */
    if (item->param_count != 1 || !parse_size(&item->params[0], &size) ||
        (again && (ehlo->size_state == SP_SIZE_INVALID || ehlo->size != size))) {
        ehlo->size_state = SP_SIZE_INVALID;
        ehlo->size = 0;
        return;
    }
    ehlo->size_state = SP_SIZE_VALID;
    ehlo->size = size;
}

static bool is_mech(const struct sp_text *word)
{
    if (word->len == 0 || word->len > MECH_LEN)
        return false;
    for (size_t i = 0; i < word->len; i++) {
        char c = to_upper(word->data[i]);

        if ((c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool add_mech(struct sp_arena *arena, const struct sp_text *word, struct sp_ehlo *ehlo)
{
    const char *mech = copy_keyword(arena, word->data, word->len);

    if (mech == NULL)
        return false;
    for (size_t i = 0; i < ehlo->auth_count; i++)
        if (strcmp(ehlo->auth[i], mech) == 0)
            return true;
    ehlo->auth[ehlo->auth_count++] = mech;
    return true;
}

static bool read_auth(struct sp_arena *arena, const struct sp_capability *item,
                      struct sp_ehlo *ehlo)
{
    if (ehlo->auth == NULL)
        ehlo->auth = sp_arena_array(arena, SP_LIMIT_PARAMS, sizeof *ehlo->auth);
    if (ehlo->auth == NULL)
        return false;
    for (size_t i = 0; i < item->param_count; i++) {
        if (!is_mech(&item->params[i]))
            continue;
        if (ehlo->auth_count == SP_LIMIT_PARAMS) {
            ehlo->cut = true;
            return true;
        }
        if (!add_mech(arena, &item->params[i], ehlo))
            return false;
    }
    return true;
}

static bool read_line(struct sp_arena *arena, const struct sp_text *line, struct sp_ehlo *ehlo)
{
    struct sp_capability *item = &ehlo->items[ehlo->count];

    if (skip_blanks(line->data, line->len, 0) == line->len)
        return true;
    if (ehlo->count == SP_LIMIT_CAPABILITIES) {
        ehlo->cut = true;
        return true;
    }
    if (!parse_line(arena, line, item, &ehlo->cut))
        return false;
    ehlo->count++;
    if (strcmp(item->keyword, "SIZE") == 0)
        read_size(item, ehlo);
    if (strcmp(item->keyword, "AUTH") == 0 || strcmp(item->keyword, "AUTH=") == 0)
        return read_auth(arena, item, ehlo);
    return true;
}

bool sp_ehlo_parse(struct sp_arena *arena, const struct sp_reply *reply, struct sp_ehlo *out_ehlo)
{
    struct sp_ehlo ehlo = *out_ehlo;
    size_t lines = reply->line_count > 0 ? reply->line_count - 1 : 0;

    ehlo.count = 0;
    ehlo.cut = false;
    ehlo.size_state = SP_SIZE_ABSENT;
    ehlo.size = 0;
    ehlo.auth = NULL;
    ehlo.auth_count = 0;
    ehlo.items = sp_arena_array(
        arena, lines < SP_LIMIT_CAPABILITIES ? lines : SP_LIMIT_CAPABILITIES, sizeof *ehlo.items);
    if (ehlo.items == NULL)
        return false;
    for (size_t i = 1; i < reply->line_count; i++)
        if (!read_line(arena, &reply->lines[i], &ehlo))
            return false;
    *out_ehlo = ehlo;
    return true;
}
