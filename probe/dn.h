/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Distinguished names (RFC 5280 §4.1.2.4). A name is given as a slice: the DER of the Name with its
 * SEQUENCE header.
 */
#ifndef SP_PROBE_DN_H
#define SP_PROBE_DN_H

#include "probe/arena.h"
#include "probe/der.h"

#include <stdbool.h>
#include <stdint.h>

/* True when the octets are a Name by its grammar. The functions below want such a name; given
 * another one they see the part before the mistake. */
bool sp_dn_valid(struct sp_slice name);
/*
 * RFC 5280 §7.1: attribute types are compared by octets, text values without regard to the kind of
 * string, ASCII case and runs of spaces; all other values by octets.
 */
bool sp_dn_equal(struct sp_slice a, struct sp_slice b);
/* True when the leading RDNs of `name` are all those of `base` (RFC 5280 §4.2.1.10, directoryName). */
bool sp_dn_within(struct sp_slice name, struct sp_slice base);
/* Equal names have equal hashes. */
uint32_t sp_dn_hash(struct sp_slice name);
/* Is all of its text of the kind of string that it calls itself? Asked of UTF8String, BMPString and
 * UniversalString; the others are ASCII only in theory. */
bool sp_dn_well_encoded(struct sp_slice name);
/* A Name without a single RDN. */
bool sp_dn_empty(struct sp_slice name);
/*
 * The text of RFC 4514, last RDN first, at most SP_LIMIT_DN_TEXT octets (a longer one ends in "...").
 * Control and formatting characters, and octets that are no character, are written as \XX, so
 * the text is valid UTF-8 and safe to print. NULL: out of memory.
 */
const char *sp_dn_text(struct sp_arena *arena, struct sp_slice name);
/* The last common name of `name`, made safe as above; *out_text is NULL when there is none. False:
 * out of memory. */
bool sp_dn_common_name(struct sp_arena *arena, struct sp_slice name, const char **out_text);
/*
 * The `index`th emailAddress attribute (PKCS #9) of `name`: certificates from before
 * subjectAltName carry mail addresses there, and name constraints apply to them. False: no more.
 */
bool sp_dn_email(struct sp_slice name, unsigned index, struct sp_slice *out_value);

#endif
