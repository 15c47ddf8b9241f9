/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What RFC 9325 (BCP 195) says about a choice of TLS, as words for the end of a message. */
#ifndef SP_CHECKS_RFC9325_H
#define SP_CHECKS_RFC9325_H

#include <stdint.h>

/* "RFC 9325 section 4.1: MUST NOT", or NULL when it says nothing against it. */
const char *sp_rfc9325_version(uint16_t version);
/* By the suite's IANA name. */
const char *sp_rfc9325_suite(const char *cipher);
/* The word of the suite's name that makes it weak, "RC4", or NULL. Conservative: what RFC 9325 forbids
 * outright and what has practical attacks; CBC and static RSA are old, not broken. */
const char *sp_weak_word(const char *cipher);

#endif
