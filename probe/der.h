/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A checked reader for DER (X.690 §8 to §11): definite lengths in their shortest form, one-octet tags.
 * It copies nothing; every slice points into the octets that it was given.
 */
#ifndef SP_PROBE_DER_H
#define SP_PROBE_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_slice {
    const uint8_t *data;
    size_t len;
};

enum {
    SP_DER_BOOLEAN = 0x01,
    SP_DER_INTEGER = 0x02,
    SP_DER_BIT_STRING = 0x03,
    SP_DER_OCTET_STRING = 0x04,
    SP_DER_NULL = 0x05,
    SP_DER_OID = 0x06,
    SP_DER_ENUMERATED = 0x0a,
    SP_DER_UTF8_STRING = 0x0c,
    SP_DER_NUMERIC_STRING = 0x12,
    SP_DER_PRINTABLE_STRING = 0x13,
    SP_DER_T61_STRING = 0x14,
    SP_DER_IA5_STRING = 0x16,
    SP_DER_UTC_TIME = 0x17,
    SP_DER_GENERALIZED_TIME = 0x18,
    SP_DER_VISIBLE_STRING = 0x1a,
    SP_DER_UNIVERSAL_STRING = 0x1c,
    SP_DER_BMP_STRING = 0x1e,
    SP_DER_SEQUENCE = 0x30,
    SP_DER_SET = 0x31
};
/* The tag octet of a context-specific [n], primitive or constructed. */
#define SP_DER_CONTEXT(n) (0x80u | (n))
#define SP_DER_CONTEXT_CONSTRUCTED(n) (0xa0u | (n))

/* Reads the values of one level, one behind the other. */
struct sp_der {
    const uint8_t *at, *end;
    unsigned depth;
};

struct sp_der_value {
    unsigned tag;
    struct sp_slice content;
    struct sp_slice whole; /* header and content */
};

void sp_der_init(struct sp_der *der, struct sp_slice octets);
/* True when no octet of this level is left. */
bool sp_der_done(const struct sp_der *der);
/* The next tag octet, 0 at the end. */
unsigned sp_der_peek(const struct sp_der *der);
/*
 * Reads the next value, whatever its tag. False: no complete value in DER is there. After a failure
 * the reader stands where it stood.
 */
bool sp_der_read(struct sp_der *der, struct sp_der_value *out_value);
/* The same, for one tag only. */
bool sp_der_expect(struct sp_der *der, unsigned tag, struct sp_der_value *out_value);
/* Reads a value with `tag` and makes *out_inner the reader of its content. False also when the
 * nesting passes SP_LIMIT_DER_DEPTH. */
bool sp_der_enter(struct sp_der *der, unsigned tag, struct sp_der *out_inner);

/* BOOLEAN: any octet but 0 is true, as BER has it (X.690 §8.2): some CAs write 0x01. */
bool sp_der_bool(struct sp_slice content, bool *out_value);
/* A non-negative INTEGER in its shortest form that fits 31 bits. */
bool sp_der_small(struct sp_slice content, int *out_value);
/* The same for a limit, as a path length is one: what is beyond INT_MAX is INT_MAX. */
bool sp_der_limit(struct sp_slice content, int *out_limit);
/* An INTEGER in its shortest form (X.690 §8.3.2), of any size. */
bool sp_der_is_integer(struct sp_slice content);
/* BIT STRING of whole octets; the slice is what stands behind the count of unused bits. */
bool sp_der_octets(struct sp_slice content, struct sp_slice *out_octets);
/* Significant bits of a non-negative INTEGER; 0 for zero, a negative one and an empty one. */
unsigned sp_der_bit_length(struct sp_slice content);
/*
 * UTCTime or GeneralizedTime in the only forms that RFC 5280 §4.1.2.5 allows (seconds, "Z", no
 * fraction), as Unix seconds; years 0000 to 9999, 1950 to 2049 for UTCTime.
 */
bool sp_der_time(unsigned tag, struct sp_slice content, int64_t *out_seconds);
/* Writes the dotted form of an OBJECT IDENTIFIER; an arc past 64 bits or a lack of room ends it with
 * "...". `size` is at least 8. */
void sp_der_oid_text(struct sp_slice content, char *text, size_t size);

bool sp_slice_equal(struct sp_slice a, struct sp_slice b);

#endif
