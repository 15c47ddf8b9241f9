/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and numbers of TLS as IANA registers them, and what of them we offer. Knows no TLS library. */
#ifndef SP_PROBE_TLS_NAMES_H
#define SP_PROBE_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TLS protocol versions as on the wire (RFC 8446 §4.2.1). */
enum sp_tls_version {
    SP_TLS_1_0 = 0x0301,
    SP_TLS_1_1 = 0x0302,
    SP_TLS_1_2 = 0x0303,
    SP_TLS_1_3 = 0x0304
};

#define SP_TLS_SUITES_MAX 96u /* room for every suite that we could ever offer */

struct sp_tls_suite {
    uint16_t number;
    const char *name;    /* IANA "TLS Cipher Suites" */
    const char *openssl; /* OpenSSL's name where that is another one, or NULL */
    bool offered;        /* in our default offer, which has the order of the table */
};

/* All suites known by name; *out_count rows. */
const struct sp_tls_suite *sp_tls_suites(size_t *out_count);
/* NULL: not in the table. */
const char *sp_tls_suite_name(uint16_t number);
/* A suite with this number can only be used in TLS 1.3, and no other suite can (RFC 8446 §B.4). */
bool sp_tls_suite_is_13(uint16_t number);

/* "TLSv1.3"; NULL for a value that names no version of SSL 3 or TLS. */
const char *sp_tls_version_text(uint16_t version);
/* "handshake_failure" (RFC 8446 §6 and its forerunners), or NULL. */
const char *sp_tls_alert_text(int alert);

#endif
