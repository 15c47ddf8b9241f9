/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pins: digests that the user expects of the server's own certificate or of its public key (RFC 7469 §2.4
 * has the latter). One that matches tells who the server is, whatever a chain says.
 *
 *   pin    = "sha256:" hex          ; SHA-256 of the certificate's DER
 *          / "spki:" (hex / base64) ; SHA-256 of its SubjectPublicKeyInfo
 *          / "sha256//" base64      ; the same, as curl writes it
 *   hex    = 32( 2HEXDIG [":"] )    ; small or capital letters, a colon anywhere between octets
 *   base64 = 43( ALPHA / DIGIT / "+" / "/" ) "="
 */
#ifndef SP_PROBE_PIN_H
#define SP_PROBE_PIN_H

#include "probe/cert.h"

#include <stdbool.h>
#include <stddef.h>

enum sp_pin_kind { SP_PIN_CERTIFICATE, SP_PIN_KEY };

struct sp_pin {
    enum sp_pin_kind kind;
    char sha256[65]; /* lower-case hex */
};

/* As given by the user; points into the options' arena. */
struct sp_pins {
    struct sp_pin *items;
    size_t count;
};

/* What a comparison gave. */
struct sp_pin_facts {
    bool tested; /* pins were given, and a whole handshake showed a certificate */
    bool matched;
    enum sp_pin_kind kind; /* of the pin that matched */
};

/* Reads text[0..len). NULL when done, else a static text that says what would be right. */
const char *sp_pin_parse(const char *text, size_t len, struct sp_pin *out_pin);
/* "sha256" or "spki": what stands in front of the colon. */
const char *sp_pin_kind_name(enum sp_pin_kind kind);
/* Does any pin fit this certificate? To be asked only when the server has shown that it holds the key.
 * Without pins nothing is tested. */
struct sp_pin_facts sp_pin_compare(const struct sp_pins *pins, const struct sp_cert *cert);

#endif
