/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts as short words and numbers: the same in every output, by integer arithmetic, without locale. */
#ifndef SP_OUTPUT_FACTS_H
#define SP_OUTPUT_FACTS_H

#include "checks/check.h"
#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_FACT_SIZE 48 /* octets of every `out` below, NUL included */

/* Nanoseconds as milliseconds with at most three decimals and none for nothing: "1.2", "0.004", "88". */
void sp_fact_ms(char out[SP_FACT_SIZE], int64_t ns);
/* Nanoseconds for people: "8.1 ms"; one decimal is what an eye can use, less than that is "<0.1 ms". */
void sp_fact_time(char out[SP_FACT_SIZE], int64_t ns);
/* A number with at most three decimals. False (and "null") when it is no finite number below 1e15. */
bool sp_fact_number(char out[SP_FACT_SIZE], double value);
/* RFC 3339 in UTC: "2026-09-01T10:00:00.123Z". False when the year is not 0000..9999. */
bool sp_fact_instant(char out[SP_FACT_SIZE], int64_t unix_ms);
/* Whole tenths of a day from `now_ms` to `until_s`, negative when past. Cut, not rounded, as in messages:
 * what is below 7 days must not read 7.0. */
int64_t sp_fact_tenths_of_days(int64_t until_s, int64_t now_ms);
/* Tenths as "29.5", "-0.1". */
void sp_fact_tenths(char out[SP_FACT_SIZE], int64_t tenths);
/* Lower-case hex. False: over the buffer's cap or out of memory. */
bool sp_fact_hex(struct sp_buf *out, const void *data, size_t len);
/* A certificate's serial number without the octet that only carries the sign. */
bool sp_fact_serial(struct sp_buf *out, const struct sp_cert *cert);
/* A subjectAltName: "DNS:mx.example.org", "IP:192.0.2.1", "email:…", "URI:…", "other". The value is
 * raw: make it safe. */
bool sp_fact_name(struct sp_buf *out, const struct sp_cert_name *name);
/* The same for what a name constraint stands on: "DNS:example.org", "IP:192.0.2.0/24". */
bool sp_fact_subtree(struct sp_buf *out, const struct sp_general_name *name);
/* A certificate as a PEM block (RFC 7468), ended by a line end. */
bool sp_fact_pem(struct sp_buf *out, const struct sp_cert *cert);
/* "mx.example.org:25", "[2001:db8::1]:25", a socket's path; the target's own words when it is invalid.
 * Those are raw. */
bool sp_fact_target(struct sp_buf *out, const struct sp_endpoint *endpoint);
/* "opportunistic" and so on; NULL for SP_TLS_DEFAULT. */
const char *sp_fact_tls_mode(enum sp_tls_mode mode);
/* "ipv4", "ipv6", "unix"; NULL when not known. */
const char *sp_fact_family(int family);
/* Whether a login was begun, or would have been if one could. */
bool sp_fact_login_tried(const struct sp_auth *auth);
/* "ok", "rejected", "temporary", "skipped"; NULL when not known or not tried. */
const char *sp_fact_auth_result(enum sp_auth_result result);
/* The same for people: "logged in", "not tried". Never NULL. */
const char *sp_fact_login(enum sp_auth_result result);
/* The cause's next step: the finding's own hint or the reason's; NULL when there is none. */
const char *sp_fact_hint(const struct sp_finding *finding);
/* True when a step was tried. */
bool sp_fact_tried(const struct sp_evidence *evidence, enum sp_phase phase);
/* In front of a line of a transcript, as mail people know it: "<- " from the server, "-> " to it, with
 * '~' inside TLS; "== " for a note of ours. */
const char *sp_fact_arrow(const struct sp_transcript_line *line);

#endif
