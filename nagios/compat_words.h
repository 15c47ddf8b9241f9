/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of compat mode's command line: copies of argv's with those of --extra-opts in front. argv
 * itself is never changed, but for secrets that are overwritten in it.
 */
#ifndef SP_NAGIOS_COMPAT_WORDS_H
#define SP_NAGIOS_COMPAT_WORDS_H

#include "nagios/extra_opts.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_compat_word {
    char *text;   /* a copy, owned */
    char *origin; /* where it stands in argv; NULL: from a file */
};

struct sp_compat_words {
    struct sp_compat_word *words;
    size_t count;
    char **argv; /* words[i].text, ended by NULL, for getopt; argv[0] is the program */
};

/*
 * Copies argv; "-to", "-wt" and "-ct" become "-t", "-w" and "-c". The words of --extra-opts (with the
 * locator behind it, where that is none of options) are not among them. False: out of memory.
 */
bool sp_compat_words_copy(int argc, char **argv, struct sp_compat_words *out_words);
/* Puts the options of all files that argv's --extra-opts name in front. False: error[0..size) says why,
 * without a line end. */
bool sp_compat_words_expand(int argc, char **argv, struct sp_compat_words *words, char *error,
                            size_t size);
/* Overwrites in argv the octets of which `value` is the copy: a pointer into the text of word `index`, up
 * to whose end the value goes. */
void sp_compat_words_hide(const struct sp_compat_words *words, size_t index, const char *value);
/* Wipes the copies and frees. */
void sp_compat_words_free(struct sp_compat_words *words);

#endif
