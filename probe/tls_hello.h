/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a TLS server says before anything is encrypted: its alert, its ServerHello and, up to TLS 1.2,
 * its ServerKeyExchange. Reads along, octet by octet if need be; keeps no pointer to what it was fed,
 * allocates nothing and judges nothing. Knows no TLS library.
 */
#ifndef SP_PROBE_TLS_HELLO_H
#define SP_PROBE_TLS_HELLO_H

#include "probe/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_TLS_ALERT_WARNING 1
#define SP_TLS_ALERT_FATAL 2

enum sp_tls_hello_state {
    SP_TLS_HELLO_MORE,  /* more octets may tell more */
    SP_TLS_HELLO_DONE,  /* nothing more is told in clear: what follows is not read */
    SP_TLS_HELLO_BROKEN /* not TLS, or against its rules: see `broken` */
};

struct sp_tls_hello {
    /* Facts. What was seen before it broke stays. */
    enum sp_tls_hello_state state;
    const char *broken; /* one line for people, static; NULL: nothing is */
    int alert_level;    /* of the last alert; 0: none came */
    int alert;          /* its description, -1: none came */
    bool server_hello;  /* a ServerHello was read, not only a HelloRetryRequest */
    bool retry;         /* a HelloRetryRequest was read (RFC 8446 §4.1.4) */
    /* The version chosen: of supported_versions where that is there, else the legacy one. These two and
     * `suite` also of a HelloRetryRequest while there is no ServerHello. 0: unknown. */
    uint16_t version;
    uint16_t legacy_version;
    uint16_t suite; /* valid when server_hello or retry; 0 is TLS_NULL_WITH_NULL_NULL then */
    /* IANA "TLS Supported Groups": of key_share, or of the ServerKeyExchange with a named curve; of a
     * HelloRetryRequest the one that the server asks for. 0: unknown. */
    uint16_t group;
    unsigned dh_bits;          /* the prime of a ServerKeyExchange with finite-field DH; 0: none */
    unsigned rsa_bits;         /* the modulus of an export suite's temporary key; 0: none */
    uint16_t signature_scheme; /* of the ServerKeyExchange of TLS 1.2; 0: none or unknown */
    bool extended_master_secret; /* RFC 7627; says nothing in TLS 1.3, like the next one */
    bool secure_renegotiation;   /* RFC 5746 */
    bool certificate_request;    /* up to TLS 1.2 */
    bool status_request;         /* up to TLS 1.2: a CertificateStatus may follow (RFC 6066 §8) */
    unsigned session_id_len;     /* octets */
    uint8_t alpn[255];           /* the protocol chosen (of TLS 1.3 it is encrypted), raw octets */
    size_t alpn_len;             /* 0: none */

    /* The parser's own. */
    uint8_t record[5], alert_octets[2];
    size_t record_have, record_left, alert_have;
    uint8_t header[4];
    size_t header_have, message_left, message_have;
    uint8_t message[SP_LIMIT_TLS_HELLO];
};

void sp_tls_hello_init(struct sp_tls_hello *hello);
/* Reads along; octets behind DONE or BROKEN are ignored. Returns hello->state. */
enum sp_tls_hello_state sp_tls_hello_feed(struct sp_tls_hello *hello, const void *data, size_t len);

#endif
