/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_words.h"

#include "probe/secret.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char EXTRA_OPTS[] = "--extra-opts";
/* check_smtp looks for its sections, whatever the link to us is called. */
static const char SECTION[] = "check_smtp";

/* One "-" or two in front. */
static bool is_option(const char *word)
{
    size_t dashes = strspn(word, "-");
    return dashes == 1 || dashes == 2;
}

/* How many words at argv[i] are about --extra-opts: 0 to 2. *out_locator is NULL without a value. */
static int match_extra_opts(int argc, char **argv, int i, const char **out_locator)
{
    size_t len = strlen(EXTRA_OPTS);
    *out_locator = NULL;
    if (strncmp(argv[i], EXTRA_OPTS, len) != 0)
        return 0;
    if (argv[i][len] == '=') {
        *out_locator = argv[i] + len + 1;
        return 1;
    }
    if (argv[i][len] != '\0')
        return 0;
    if (i + 1 == argc || is_option(argv[i + 1]))
        return 1;
    *out_locator = argv[i + 1];
    return 2;
}

/* Spellings from before there was getopt. */
static const char *modern_spelling(const char *word)
{
    static const char *const pairs[][2] = {{"-to", "-t"}, {"-wt", "-w"}, {"-ct", "-c"}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (strcmp(word, pairs[i][0]) == 0)
            return pairs[i][1];
    }
    return word;
}

static bool make_room(struct sp_compat_words *words, size_t more)
{
    size_t size = words->count + more;
    struct sp_compat_word *grown = realloc(words->words, size * sizeof *grown);
    if (!grown)
        return false;
    words->words = grown;
    char **argv = realloc(words->argv, (size + 1) * sizeof *argv);
    if (!argv)
        return false;
    words->argv = argv;
    return true;
}

static void list_texts(struct sp_compat_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        words->argv[i] = words->words[i].text;
    words->argv[words->count] = NULL;
}

bool sp_compat_words_copy(int argc, char **argv, struct sp_compat_words *out_words)
{
    *out_words = (struct sp_compat_words){0};
    if (!make_room(out_words, (size_t)argc))
        return false;
    for (int i = 0; i < argc; i++) {
        const char *locator;
        int skipped = i > 0 ? match_extra_opts(argc, argv, i, &locator) : 0;
        if (skipped > 0) {
            i += skipped - 1;
            continue;
        }
        char *text = strdup(i > 0 ? modern_spelling(argv[i]) : argv[i]);
        if (!text)
            return false;
        out_words->words[out_words->count++] = (struct sp_compat_word){text, argv[i]};
    }
    list_texts(out_words);
    return true;
}

/* Moves what the files said to words[1..]; opts is empty then. */
static bool insert_words(struct sp_compat_words *words, struct sp_extra_opts *opts)
{
    if (!make_room(words, opts->count))
        return false;
    memmove(words->words + 1 + opts->count, words->words + 1,
            (words->count - 1) * sizeof *words->words);
    for (size_t i = 0; i < opts->count; i++)
        words->words[1 + i] = (struct sp_compat_word){opts->words[i], NULL};
    words->count += opts->count;
    opts->count = 0;
    list_texts(words);
    return true;
}

bool sp_compat_words_expand(int argc, char **argv, struct sp_compat_words *words, char *error,
                            size_t size)
{
    struct sp_extra_opts opts = {0};
    bool done = true;
    for (int i = 1; done && i < argc; i++) {
        const char *locator;
        int matched = match_extra_opts(argc, argv, i, &locator);
        if (matched == 0)
            continue;
        /* Passwords may stand in such a file. */
        (void)sp_secret_protect_process();
        done = sp_extra_opts_read(locator, SECTION, &opts, error, size);
        i += matched - 1;
    }
    if (done && opts.count > 0 && !insert_words(words, &opts)) {
        static const char out_of_memory[] = "out of memory";
        memcpy(error, out_of_memory, size < sizeof out_of_memory ? size : sizeof out_of_memory);
        done = false;
    }
    sp_extra_opts_free(&opts);
    return done;
}

void sp_compat_words_hide(const struct sp_compat_words *words, size_t index, const char *value)
{
    const struct sp_compat_word *word = &words->words[index];
    if (!word->origin)
        return;
    /* Up to the end of the word: of a password "-to" the copy is "-t". */
    char *secret = word->origin + (value - word->text);
    sp_secret_wipe(secret, strlen(secret));
}

void sp_compat_words_free(struct sp_compat_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        sp_secret_free(words->words[i].text);
    free(words->words);
    free(words->argv);
    *words = (struct sp_compat_words){0};
}
