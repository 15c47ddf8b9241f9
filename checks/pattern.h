/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A user's pattern (PCRE2 syntax) against a server's octets. The work and memory that one match may
 * cost are limited, since the server chooses the text. Octets are matched as they are, not as UTF-8.
 */
#ifndef SP_CHECKS_PATTERN_H
#define SP_CHECKS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct sp_pattern;

enum sp_pattern_match { SP_PATTERN_YES, SP_PATTERN_NO, SP_PATTERN_GAVE_UP };

/* Compiles the pattern; "^" and "$" match at every line. NULL: error[0..size) says what is wrong with
 * it and where. The caller frees. */
struct sp_pattern *sp_pattern_compile(const char *text, char *error, size_t size);
void sp_pattern_free(struct sp_pattern *pattern);
/* Searches the pattern anywhere in data. GAVE_UP: a limit was reached or memory is out. */
enum sp_pattern_match sp_pattern_search(const struct sp_pattern *pattern, const char *data,
                                        size_t len);

#endif
