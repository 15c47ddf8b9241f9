/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/pin.h"

#include "probe/base64.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DIGEST_SIZE 32u
#define BASE64_LEN (SP_BASE64_SIZE(DIGEST_SIZE) - 1)

static const char KINDS[] = "it is written sha256:HEX for the certificate or spki:HEX for its key";
static const char LENGTH[] = "a SHA-256 digest has 64 hexadecimal digits";
static const char DIGITS[] = "a digest has hexadecimal digits, with colons between the octets";

const char *sp_pin_kind_name(enum sp_pin_kind kind)
{
    return kind == SP_PIN_CERTIFICATE ? "sha256" : "spki";
}

/* The lower-case digit, or NUL. */
static char read_digit(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
        return c;
    return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : '\0';
}

static const char *read_hex(const char *text, size_t len, char out[2 * DIGEST_SIZE + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        bool between = count > 0 && count % 2 == 0 && text[i - 1] != ':' && i + 1 < len;
        if (text[i] == ':' && between)
            continue;
        char digit = read_digit(text[i]);
        if (digit == '\0')
            return DIGITS;
        if (count == 2 * DIGEST_SIZE)
            return LENGTH;
        out[count++] = digit;
    }
    out[count] = '\0';
    return count == 2 * DIGEST_SIZE ? NULL : LENGTH;
}

/* 44 characters are no 64 digits, so the length alone tells the two forms apart. */
static bool read_base64(const char *text, size_t len, char out[2 * DIGEST_SIZE + 1])
{
    uint8_t octets[BASE64_LEN];
    size_t count = 0;
    if (len != BASE64_LEN || memchr(text, ' ', len) != NULL ||
        !sp_base64_decode(text, len, octets, &count) || count != DIGEST_SIZE)
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", octets[i]);
    return true;
}

static bool starts_with(const char *text, size_t len, const char *start)
{
    return len >= strlen(start) && strncasecmp(text, start, strlen(start)) == 0;
}

const char *sp_pin_parse(const char *text, size_t len, struct sp_pin *out_pin)
{
    struct sp_pin pin = {.kind = SP_PIN_KEY};
    const char *wrong = NULL;
    if (starts_with(text, len, "sha256//")) {
        wrong = read_base64(text + 8, len - 8, pin.sha256)
                    ? NULL
                    : "behind sha256// stand 44 characters of base64";
    } else if (starts_with(text, len, "spki:")) {
        wrong = read_base64(text + 5, len - 5, pin.sha256)
                    ? NULL
                    : read_hex(text + 5, len - 5, pin.sha256);
    } else if (starts_with(text, len, "sha256:")) {
        pin.kind = SP_PIN_CERTIFICATE;
        wrong = read_hex(text + 7, len - 7, pin.sha256);
    } else {
        wrong = KINDS;
    }
    if (wrong == NULL)
        *out_pin = pin;
    return wrong;
}

struct sp_pin_facts sp_pin_compare(const struct sp_pins *pins, const struct sp_cert *cert)
{
    struct sp_pin_facts facts = {.tested = pins->count > 0};
    for (size_t i = 0; i < pins->count && !facts.matched; i++) {
        const struct sp_pin *pin = &pins->items[i];
        const char *seen = pin->kind == SP_PIN_CERTIFICATE ? cert->sha256 : cert->spki_sha256;
        facts.matched = strcmp(pin->sha256, seen) == 0;
        facts.kind = pin->kind;
    }
    return facts;
}
