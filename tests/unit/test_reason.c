/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The closed list of reasons is complete and consistent. */
#include "probe/reason.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const ids[SP_REASON_COUNT] = {
    [SP_REASON_OK] = "OK",
#define SP_REASON(id, word, state, sentence, explanation, next) [SP_REASON_##id] = #id,
#include "probe/reason.def"
#undef SP_REASON
};

static void test_words_match_ids(void **state)
{
    (void)state;
    for (int i = 0; i < SP_REASON_COUNT; i++) {
        const char *word = sp_reason_info((enum sp_reason)i)->word;
        assert_int_equal(strlen(word), strlen(ids[i]));
        for (size_t k = 0; word[k] != '\0'; k++)
            assert_int_equal(word[k], ids[i][k] == '_' ? '-' : tolower((unsigned char)ids[i][k]));
    }
}

static void test_words_are_unique_and_found(void **state)
{
    (void)state;
    for (int i = 0; i < SP_REASON_COUNT; i++) {
        enum sp_reason found = SP_REASON_COUNT;
        assert_true(sp_reason_from_word(sp_reason_info((enum sp_reason)i)->word, &found));
        assert_int_equal(found, i);
    }
    enum sp_reason found;
    assert_false(sp_reason_from_word("certificate-", &found));
    assert_false(sp_reason_from_word("", &found));
}

/* Printable ASCII without the characters that monitoring systems treat specially, single spaces. */
static void check_text(const char *word, const char *text)
{
    for (size_t k = 0; text[k] != '\0'; k++) {
        if (text[k] < ' ' || text[k] > '~' || text[k] == '|' ||
            (text[k] == ' ' && (k == 0 || text[k - 1] == ' ')))
            fail_msg("%s: bad character at %zu in \"%s\"", word, k, text);
    }
}

static size_t count_sentences(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++)
        if (at[0] == '.' && (at[1] == '\0' || (at[1] == ' ' && isupper((unsigned char)at[2]))))
            count++;
    return count;
}

static void test_rows_are_complete(void **state)
{
    (void)state;
    for (int i = SP_REASON_OK + 1; i < SP_REASON_COUNT; i++) {
        const struct sp_reason_info *info = sp_reason_info((enum sp_reason)i);
        size_t sentence = strlen(info->sentence), explanation = strlen(info->explanation);
        check_text(info->word, info->sentence);
        check_text(info->word, info->explanation);
        check_text(info->word, info->next);
        if (sentence < 12 || sentence > 90 || info->sentence[sentence - 1] == '.')
            fail_msg("%s: sentence \"%s\"", info->word, info->sentence);
        /* It stands behind "mx.example.org: " and in front of "while …". */
        if (isupper((unsigned char)info->sentence[0]) && !isupper((unsigned char)info->sentence[1]))
            fail_msg("%s: sentence begins with a capital", info->word);
        if (explanation < 60 || info->explanation[explanation - 1] != '.' ||
            count_sentences(info->explanation) < 2 || count_sentences(info->explanation) > 4)
            fail_msg("%s: explanation of %zu sentences", info->word,
                     count_sentences(info->explanation));
        if (strlen(info->next) < 30 || info->next[strlen(info->next) - 1] != '.' ||
            !isupper((unsigned char)info->next[0]))
            fail_msg("%s: next step \"%s\"", info->word, info->next);
    }
}

static void test_states_have_an_order(void **state)
{
    static const enum sp_state order[] = {SP_STATE_OK, SP_STATE_UNKNOWN, SP_STATE_WARNING,
                                          SP_STATE_CRITICAL};
    (void)state;
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < 4; b++)
            assert_int_equal(sp_state_worst(order[a], order[b]), order[a > b ? a : b]);
    assert_string_equal(sp_state_name(SP_STATE_UNKNOWN), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_match_ids),
        cmocka_unit_test(test_words_are_unique_and_found),
        cmocka_unit_test(test_rows_are_complete),
        cmocka_unit_test(test_states_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
