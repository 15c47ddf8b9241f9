/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   server-first = [m= …, refused here] "r=" nonce ",s=" base64 ",i=" posit-number *("," extension)
 *   server-final = ("e=" value / "v=" base64) *("," extension)
 *   extension    = ALPHA "=" 1*(any octet but NUL and ",")
 *
 * RFC 5802 §7. A field ends at the next comma or at the end of the message.
 */
#include "probe/sasl_scram_message.h"

#include "probe/base64.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTED_MAX 48 /* octets of the server's that are shown */

struct reader {
    struct sp_slice rest;
    bool ended; /* the last field had no comma behind it */
    char *error;
    size_t size;
};

static bool refuse(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(const struct reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reader->error, reader->size, format, args);
    va_end(args);
    return false;
}

/* The next field, with its name and "="; behind the last one it is empty. */
static struct sp_slice take_field(struct reader *reader)
{
    struct sp_slice field = reader->rest;
    const uint8_t *comma = field.len > 0 ? memchr(field.data, ',', field.len) : NULL;
    reader->ended = comma == NULL;
    if (comma) {
        field.len = (size_t)(comma - field.data);
        reader->rest.data = comma + 1;
        reader->rest.len -= field.len + 1;
    } else {
        reader->rest = (struct sp_slice){NULL, 0};
    }
    return field;
}

static bool is_field(struct sp_slice field, char name)
{
    return field.len >= 2 && field.data[0] == (uint8_t)name && field.data[1] == '=';
}

static struct sp_slice value_of(struct sp_slice field)
{
    return (struct sp_slice){field.data + 2, field.len - 2};
}

/* "x=" with a value, or says which one was expected. */
static bool take_value(struct reader *reader, char name, const char *what, struct sp_slice *out)
{
    struct sp_slice field = take_field(reader);
    if (!is_field(field, name))
        return refuse(reader, "the server's SCRAM message has no %s (%c=) in its place", what,
                      name);
    *out = value_of(field);
    return true;
}

/* Blanks and line ends, which sp_base64_decode passes over, have no place in here. */
static bool is_base64(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.data[i];
        if (!(octet >= 'A' && octet <= 'Z') && !(octet >= 'a' && octet <= 'z') &&
            !(octet >= '0' && octet <= '9') && octet != '+' && octet != '/' && octet != '=')
            return false;
    }
    return true;
}

/* `max` octets into `out`; sp_base64_decode wants room for as many as the text has. */
static bool decode(const struct reader *reader, struct sp_slice text, const char *what,
                   uint8_t *out, size_t max, size_t *out_len)
{
    uint8_t octets[SP_BASE64_SIZE(SP_LIMIT_SCRAM_SALT)];
    if (text.len >= SP_BASE64_SIZE(max))
        return refuse(reader, "the server's %s is longer than %zu octets", what, max);
    if (!is_base64(text) || !sp_base64_decode(text.data, text.len, octets, out_len))
        return refuse(reader, "the server's %s is not base64", what);
    if (*out_len == 0)
        return refuse(reader, "the server's %s is empty", what);
    if (*out_len > max)
        return refuse(reader, "the server's %s is longer than %zu octets", what, max);
    memcpy(out, octets, *out_len);
    return true;
}

static bool check_nonce(const struct reader *reader, struct sp_slice nonce, struct sp_slice ours)
{
    if (nonce.len > SP_LIMIT_SCRAM_NONCE)
        return refuse(reader, "the server's nonce is longer than %u octets", SP_LIMIT_SCRAM_NONCE);
    if (nonce.len < ours.len || memcmp(nonce.data, ours.data, ours.len) != 0)
        return refuse(reader, "the server's nonce does not begin with ours: its answer is not "
                              "meant for this login");
    if (nonce.len == ours.len)
        return refuse(reader, "the server adds nothing to our nonce");
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.data[i] < 0x21 || nonce.data[i] > 0x7e)
            return refuse(reader,
                          "the server's nonce has an octet that is not allowed in it: "
                          "0x%02x",
                          nonce.data[i]);
    return true;
}

static bool is_number(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.len > 0 && (text.data[0] != '0' || text.len == 1);
}

/* No number is too long to be refused for what it is: a hostile count must not wrap round to a small one. */
static bool read_iterations(const struct reader *reader, struct sp_slice text, unsigned *out)
{
    int shown = text.len < QUOTED_MAX ? (int)text.len : QUOTED_MAX;
    const char *more = text.len > QUOTED_MAX ? "..." : "";
    if (!is_number(text))
        return refuse(reader,
                      "the server's iteration count is not a plain number: \"%.*s%s\"; "
                      "%u to %u are accepted",
                      shown, (const char *)text.data, more, SP_LIMIT_SCRAM_MIN, SP_LIMIT_SCRAM_MAX);
    unsigned value = 0;
    for (size_t i = 0; i < text.len && value <= SP_LIMIT_SCRAM_MAX; i++)
        value = value * 10 + (unsigned)(text.data[i] - '0');
    if (value < SP_LIMIT_SCRAM_MIN || value > SP_LIMIT_SCRAM_MAX)
        return refuse(reader, "the server asks for %.*s%s iterations; %u to %u are accepted", shown,
                      (const char *)text.data, more, SP_LIMIT_SCRAM_MIN, SP_LIMIT_SCRAM_MAX);
    *out = value;
    return true;
}

/* What comes behind is for the future, and only has to have the form; "m=" must not be passed over. */
static bool check_extensions(struct reader *reader)
{
    while (!reader->ended) {
        struct sp_slice field = take_field(reader);
        uint8_t letter = field.len > 0 ? (uint8_t)(field.data[0] | 0x20) : 0;
        if (is_field(field, 'm'))
            return refuse(reader, "the server asks for an extension of SCRAM that we don't know "
                                  "(m=)");
        if (letter < 'a' || letter > 'z' || field.len < 3 || field.data[1] != '=' ||
            memchr(field.data, '\0', field.len) != NULL)
            return refuse(reader, "the server's SCRAM message has something behind its end that "
                                  "is no extension");
    }
    return true;
}

bool sp_scram_read_first(struct sp_slice message, struct sp_slice our_nonce,
                         struct sp_scram_first *out_first, char *error, size_t size)
{
    struct reader reader = {.rest = message, .error = error, .size = size};
    struct sp_slice salt = {0}, iterations = {0};
    if (is_field(message, 'm'))
        return refuse(&reader, "the server asks for an extension of SCRAM that we don't know (m=)");
    return take_value(&reader, 'r', "nonce", &out_first->nonce) &&
           check_nonce(&reader, out_first->nonce, our_nonce) &&
           take_value(&reader, 's', "salt", &salt) &&
           decode(&reader, salt, "salt", out_first->salt, sizeof out_first->salt,
                  &out_first->salt_len) &&
           take_value(&reader, 'i', "iteration count", &iterations) &&
           read_iterations(&reader, iterations, &out_first->iterations) &&
           check_extensions(&reader);
}

bool sp_scram_is_refusal(struct sp_slice message)
{
    return is_field(message, 'e');
}

bool sp_scram_read_final(struct sp_slice message, struct sp_scram_final *out_final, char *error,
                         size_t size)
{
    struct reader reader = {.rest = message, .error = error, .size = size};
    struct sp_slice signature = {0};
    *out_final = (struct sp_scram_final){0};
    out_final->refused = sp_scram_is_refusal(message);
    if (out_final->refused) {
        out_final->refusal = value_of(take_field(&reader));
        return true;
    }
    return take_value(&reader, 'v', "signature", &signature) &&
           decode(&reader, signature, "signature", out_final->signature,
                  sizeof out_final->signature, &out_final->signature_len) &&
           check_extensions(&reader);
}
