/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   challenge     = [pair] *(*LWS "," *LWS [pair])              ; RFC 2831 §7.1: empty elements are allowed
 *   pair          = token *LWS "=" *LWS (token / quoted-string)
 *   quoted-string = <"> *(qdtext / "\" CHAR) <">
 *   qdtext        = any octet but <">, "\" and control characters; HT is allowed
 *   token         = 1*(any of 0x21..0x7e but ( ) < > @ , ; : \ " / [ ] ? = { })
 *   LWS           = SP / HT / CR LF (SP / HT)
 *
 *   realm      any number of times; none: the empty one
 *   nonce      once, not empty
 *   algorithm  once, "md5-sess"
 *   qop        at most once, a list with "auth" in it; none: "auth"
 *   charset    at most once, "utf-8"; none: ISO 8859-1
 *   stale, maxbuf, cipher   at most once; without a security layer they mean nothing to us
 *   others     passed over
 *
 * The RFC wants quotes around some values and none around others; servers mix them up, so both forms are
 * taken for each.
 */
#include "probe/digest_md5.h"

#include "probe/hex.h"
#include "probe/sasl_hash.h"
#include "probe/secret.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MD5_SIZE 16u
#define SHOWN 64 /* octets of a value that a message quotes */

struct reader {
    struct sp_slice in;
    size_t at;
    uint8_t *text; /* where values go, without quotes; room for in.len octets */
    size_t used;
    const char *broken; /* what is wrong at `at` */
};

struct pair {
    struct sp_slice name, value;
};

/* --- pairs -------------------------------------------------------------------------------------- */

static bool is_token(uint8_t c)
{
    return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The octet `ahead` of here; NUL, which fits nowhere, behind the end. */
static uint8_t peek(const struct reader *reader, size_t ahead)
{
    size_t left = reader->in.len - reader->at;
    return ahead < left ? reader->in.data[reader->at + ahead] : 0;
}

static void skip_blanks(struct reader *reader)
{
    for (;;) {
        if (is_blank(peek(reader, 0)))
            reader->at++;
        else if (peek(reader, 0) == '\r' && peek(reader, 1) == '\n' && is_blank(peek(reader, 2)))
            reader->at += 3;
        else
            return;
    }
}

static bool breaks(struct reader *reader, const char *why)
{
    reader->broken = why;
    return false;
}

/* Both kinds of text are copied to reader->text, which outlives what the server sent. */
static void take_octet(struct reader *reader, struct sp_slice *out)
{
    reader->text[reader->used++] = reader->in.data[reader->at];
    out->len++;
}

static bool read_token(struct reader *reader, struct sp_slice *out)
{
    *out = (struct sp_slice){reader->text + reader->used, 0};
    for (; is_token(peek(reader, 0)); reader->at++)
        take_octet(reader, out);
    return out->len > 0;
}

static bool read_quoted(struct reader *reader, struct sp_slice *out)
{
    *out = (struct sp_slice){reader->text + reader->used, 0};
    for (reader->at++; reader->at < reader->in.len; reader->at++) {
        uint8_t c = peek(reader, 0);
        if (c == '"') {
            reader->at++;
            return true;
        }
        if (c == '\\') {
            reader->at++;
            c = peek(reader, 0);
        }
        if (reader->at == reader->in.len)
            break;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return breaks(reader, "a control character within quotes");
        take_octet(reader, out);
    }
    return breaks(reader, "no closing quote");
}

/* False: the end, or reader->broken. */
static bool read_pair(struct reader *reader, struct pair *out)
{
    skip_blanks(reader);
    while (peek(reader, 0) == ',') {
        reader->at++;
        skip_blanks(reader);
    }
    if (reader->at == reader->in.len)
        return false;
    if (!read_token(reader, &out->name))
        return breaks(reader, "no name of a directive");
    skip_blanks(reader);
    if (peek(reader, 0) != '=')
        return breaks(reader, "no \"=\" behind the name of a directive");
    reader->at++;
    skip_blanks(reader);
    if (peek(reader, 0) == '"') {
        if (!read_quoted(reader, &out->value))
            return false;
    } else if (!read_token(reader, &out->value))
        return breaks(reader, "no value of a directive");
    skip_blanks(reader);
    if (reader->at < reader->in.len && peek(reader, 0) != ',')
        return breaks(reader, "no comma behind a directive");
    return true;
}

static bool is_word(struct sp_slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

static bool tell_broken(const struct reader *reader, char *error, size_t size)
{
    size_t at = reader->at, len = reader->in.len;
    if (at < len)
        snprintf(error, size, "%s, at octet %zu of %zu", reader->broken, at + 1, len);
    else
        snprintf(error, size, "%s, at the end of %zu octets", reader->broken, len);
    return false;
}

/* --- the challenge ------------------------------------------------------------------------------ */

/* Those that may stand in it once. */
enum once { NONCE, ALGORITHM, QOP, CHARSET, STALE, MAXBUF, CIPHER, ONCE_COUNT };

static const char *const once_names[ONCE_COUNT] = {"nonce", "algorithm", "qop",   "charset",
                                                   "stale", "maxbuf",    "cipher"};

static bool has_item(struct sp_slice list, const char *word)
{
    size_t start = 0;
    for (size_t at = 0; at <= list.len; at++) {
        if (at < list.len && list.data[at] != ',' && !is_blank(list.data[at]))
            continue;
        if (is_word((struct sp_slice){list.data + start, at - start}, word))
            return true;
        start = at + 1;
    }
    return false;
}

static bool tell_value(struct sp_slice value, const char *what, char *error, size_t size)
{
    snprintf(error, size, "%s: \"%.*s\"", what, value.len > SHOWN ? SHOWN : (int)value.len,
             (const char *)value.data);
    return false;
}

/* What one directive asks for. */
static bool take_once(struct sp_digest_challenge *out, enum once which, struct sp_slice value,
                      char *error, size_t size)
{
    switch (which) {
    case NONCE: out->nonce = value; break;
    case ALGORITHM:
        if (!is_word(value, "md5-sess"))
            return tell_value(value, "the algorithm is not md5-sess", error, size);
        break;
    case QOP:
        if (!has_item(value, "auth"))
            return tell_value(value,
                              "the server wants a security layer, which SMTP clients don't "
                              "have beside TLS; its qop lacks auth",
                              error, size);
        break;
    case CHARSET:
        if (!is_word(value, "utf-8"))
            return tell_value(value, "the charset is not utf-8", error, size);
        out->utf8 = true;
        break;
    case STALE:
    case MAXBUF:
    case CIPHER:
    case ONCE_COUNT: break;
    }
    return true;
}

static bool take_pair(struct sp_digest_challenge *out, const struct pair *pair, unsigned *seen,
                      char *error, size_t size)
{
    if (is_word(pair->name, "realm") && out->realm_count < SP_DIGEST_REALMS)
        out->realms[out->realm_count++] = pair->value;
    for (unsigned i = 0; i < ONCE_COUNT; i++) {
        if (!is_word(pair->name, once_names[i]))
            continue;
        if (*seen & 1u << i) {
            snprintf(error, size, "%s stands there twice", once_names[i]);
            return false;
        }
        *seen |= 1u << i;
        return take_once(out, i, pair->value, error, size);
    }
    return true;
}

bool sp_digest_read_challenge(struct sp_slice octets, struct sp_digest_challenge *out, char *error,
                              size_t size)
{
    struct reader reader = {.in = octets, .text = out->text};
    struct pair pair;
    unsigned seen = 0;
    out->realm_count = 0;
    out->nonce = (struct sp_slice){out->text, 0};
    out->utf8 = false;
    if (octets.len > SP_DIGEST_CHALLENGE) {
        snprintf(error, size, "the challenge has %zu octets; at most %u are allowed", octets.len,
                 SP_DIGEST_CHALLENGE);
        return false;
    }
    while (read_pair(&reader, &pair)) {
        if (!take_pair(out, &pair, &seen, error, size))
            return false;
    }
    if (reader.broken)
        return tell_broken(&reader, error, size);
    if (out->nonce.len == 0 || !(seen & 1u << ALGORITHM)) {
        snprintf(error, size, "the challenge has no %s",
                 out->nonce.len == 0 ? "nonce" : "algorithm");
        return false;
    }
    return true;
}

/* --- the server's proof ------------------------------------------------------------------------- */

bool sp_digest_read_proof(struct sp_slice octets, const char *expected, char *error, size_t size)
{
    uint8_t text[SP_DIGEST_CHALLENGE];
    struct reader reader = {.in = octets, .text = text};
    struct pair pair;
    struct sp_slice proof = {NULL, 0};
    error[0] = '\0';
    if (octets.len > sizeof text) {
        snprintf(error, size, "the proof has %zu octets; %zu are expected", octets.len,
                 strlen("rspauth=") + strlen(expected));
        return false;
    }
    while (read_pair(&reader, &pair)) {
        if (!is_word(pair.name, "rspauth"))
            continue;
        if (proof.data) {
            snprintf(error, size, "rspauth stands there twice");
            return false;
        }
        proof = pair.value;
    }
    if (reader.broken)
        return tell_broken(&reader, error, size);
    if (!proof.data) {
        snprintf(error, size, "the server's last challenge has no rspauth, which would prove it");
        return false;
    }
    return proof.len == strlen(expected) &&
           sp_sasl_equal(proof.data, (const uint8_t *)expected, proof.len);
}

/* --- the digests -------------------------------------------------------------------------------- */

static struct sp_slice slice_of(const char *text)
{
    return (struct sp_slice){(const uint8_t *)text, strlen(text)};
}

static bool hash(const struct sp_slice *parts, size_t count, uint8_t out[MD5_SIZE])
{
    return sp_sasl_digest(SP_SASL_MD5, parts, count, out);
}

static bool hash_hex(const struct sp_slice *parts, size_t count, char out[SP_DIGEST_HEX])
{
    uint8_t digest[MD5_SIZE];
    bool ok = hash(parts, count, digest);
    if (ok)
        sp_hex(digest, sizeof digest, out);
    sp_secret_wipe(digest, sizeof digest);
    return ok;
}

/* HEX(H(A1)): what stands for the password in this session. */
static bool hash_a1(const struct sp_digest_login *login, char out[SP_DIGEST_HEX])
{
    struct sp_slice colon = slice_of(":");
    uint8_t secret[MD5_SIZE];
    struct sp_slice account[] = {login->user, colon, login->realm, colon, login->password};
    struct sp_slice a1[] = {{secret, sizeof secret}, colon, login->nonce, colon, login->cnonce};
    bool ok = hash(account, sizeof account / sizeof *account, secret) &&
              hash_hex(a1, sizeof a1 / sizeof *a1, out);
    sp_secret_wipe(secret, sizeof secret);
    return ok;
}

/* KD(HEX(H(A1)), ...): the client's with A2 = "AUTHENTICATE:" uri, the server's with ":" uri. */
static bool hash_value(const struct sp_digest_login *login, const char *a1, const char *verb,
                       char out[SP_DIGEST_HEX])
{
    char a2[SP_DIGEST_HEX];
    struct sp_slice colon = slice_of(":");
    struct sp_slice a2_parts[] = {slice_of(verb), login->uri};
    if (!hash_hex(a2_parts, 2, a2))
        return false;
    struct sp_slice parts[] = {slice_of(a1),         colon, login->nonce,  colon,
                               slice_of("00000001"), colon, login->cnonce, colon,
                               slice_of("auth"),     colon, slice_of(a2)};
    return hash_hex(parts, sizeof parts / sizeof *parts, out);
}

bool sp_digest_compute(const struct sp_digest_login *login, char out_response[SP_DIGEST_HEX],
                       char out_proof[SP_DIGEST_HEX])
{
    char a1[SP_DIGEST_HEX];
    bool ok = hash_a1(login, a1) && hash_value(login, a1, "AUTHENTICATE:", out_response) &&
              hash_value(login, a1, ":", out_proof);
    sp_secret_wipe(a1, sizeof a1);
    return ok;
}

bool sp_digest_latin1(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c >= 0x80) { /* U+0080..U+00FF is 0xc2 or 0xc3 and one octet more */
            uint8_t next = i + 1 < len ? (uint8_t)text[i + 1] : 0;
            if ((c != 0xc2 && c != 0xc3) || (next & 0xc0) != 0x80)
                return false;
            c = (uint8_t)((c & 3u) << 6 | (next & 0x3fu));
            i++;
        }
        out[count++] = c;
    }
    *out_len = count;
    return true;
}
