/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options in ini files, as the plugins' --extra-opts reads them:
 *
 *   locator = [section] ["@" file]         ; the file "-" is standard input
 *   file    = *line
 *   line    = *WSP [comment | header | option]
 *   comment = ("#" / ";") *octet           ; a whole line only: behind a value they belong to it
 *   header  = "[" *WSP name *WSP "]" [line] ; a section may stand in several pieces
 *   option  = key *WSP "=" *WSP [value]    ; no value: a flag
 *
 * "k = value" becomes the word "-kvalue", "key = value" the word "--key=value". No line goes on in the
 * next one. Without a file the first of these is read: $MP_CONFIG_FILE, a known name in a folder of
 * $NAGIOS_CONFIG_PATH, a known place below /usr/local/etc and /etc.
 */
#ifndef SP_NAGIOS_EXTRA_OPTS_H
#define SP_NAGIOS_EXTRA_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#define SP_LIMIT_INI 262144u     /* octets of one file, less than that */
#define SP_LIMIT_INI_WORDS 1024u /* options of all files */

/* Words of a command line; owns them. They may hold secrets. Starts as {0}. */
struct sp_extra_opts {
    char **words;
    size_t count, size;
};

/*
 * Appends the options that `locator` (NULL or "": all by default) points to. False: error[0..size) is one
 * line that names the file, and the line where one is wrong, but quotes nothing from it. A section that
 * is missing or empty is such an error. The words so far are kept.
 */
bool sp_extra_opts_read(const char *locator, const char *default_section,
                        struct sp_extra_opts *opts, char *error, size_t size);
/* Wipes and frees. */
void sp_extra_opts_free(struct sp_extra_opts *opts);

#endif
