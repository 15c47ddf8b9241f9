/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SASLprep (RFC 4013): the form in which user names and passwords are compared. As queries are made, code
 * points that Unicode 3.2 doesn't know are let through (RFC 3454 §7).
 */
#ifndef SP_PROBE_SASLPREP_H
#define SP_PROBE_SASLPREP_H

#include <stddef.h>

enum sp_saslprep_result {
    SP_SASLPREP_OK,
    SP_SASLPREP_REFUSED, /* not UTF-8, a forbidden character, or directions mixed */
    SP_SASLPREP_NO_MEMORY
};

/*
 * Prepares text[0..len) (UTF-8). *out_text is malloc'd and terminated; the caller wipes and frees it. All else
 * that the text passed through is wiped. Text of printable ASCII only is copied as it is.
 */
enum sp_saslprep_result sp_saslprep(const char *text, size_t len, char **out_text);

#endif
