/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A name server's data and its answers (RFC 1035), without any socket. */
#ifndef TS_ZONE_H
#define TS_ZONE_H

#include <stddef.h>

struct ts_zone;

struct ts_zone *ts_zone_new(void);

/*
 * Adds one line: "record NAME A|AAAA|CNAME|TXT VALUE" or "answer NAME
 * nxdomain|nodata|servfail|refused|silence". `rest` is what stands behind the first word and is
 * written into. Returns NULL, or what is wrong.
 */
const char *ts_zone_add(struct ts_zone *zone, const char *word, char *rest);

/*
 * Answers a query; names that are not in the zone do not exist. Returns the reply's length, or 0
 * where silence is the answer. `told` gets the query as "NAME TYPE" for the journal.
 */
size_t ts_zone_answer(const struct ts_zone *zone, const unsigned char *query, size_t length,
                      unsigned char *reply, size_t size, char *told, size_t told_size);

#endif
