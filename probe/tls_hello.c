/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar (RFC 8446 §4 and §5.1, RFC 5246 §6.2.1 and §7.4), all numbers big-endian:
 *
 *   stream      = *record                      ; messages may be cut and joined at any octet
 *   record      = type(1) %x03 minor(1) length(2) *OCTET
 *   type        = 20 change_cipher_spec | 21 alert | 22 handshake | 23 application_data
 *   alert       = level(1) description(1)
 *   message     = type(1) length(3) body       ; type 2 ServerHello, 12 ServerKeyExchange,
 *                                              ; 13 CertificateRequest, 14 ServerHelloDone
 *   ServerHello = version(2) random(32) id<0..32> suite(2) compression(1) [extensions<0..2^16-1>]
 *   extension   = type(2) data<0..2^16-1>
 *   ServerKeyExchange, by the suite's key exchange:
 *     ECDHE     = 3 group(2) point<1..255> signed
 *     DHE       = prime<1..> generator<1..> public<1..> signed
 *     RSA_EXPORT= modulus<1..> exponent<1..> signed
 *     signed    = [scheme(2)] signature<0..>   ; scheme from TLS 1.2 on; all of it absent if anonymous
 *
 * Where it ends: a ServerHello of TLS 1.3, ServerHelloDone, ChangeCipherSpec, a fatal alert or
 * close_notify.
 */
#include "probe/tls_hello.h"

#include "probe/tls_names.h"

#include <string.h>

#define RECORD_MAX (16384u + 2048u) /* RFC 5246 §6.2.3: the longest of all versions */

enum content { CONTENT_CCS = 20, CONTENT_ALERT = 21, CONTENT_HANDSHAKE = 22, CONTENT_DATA = 23 };

enum message {
    MESSAGE_HELLO_REQUEST = 0,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_KEY_EXCHANGE = 12,
    MESSAGE_CERTIFICATE_REQUEST = 13,
    MESSAGE_DONE = 14
};

enum extension {
    EXTENSION_STATUS = 5,
    EXTENSION_ALPN = 16,
    EXTENSION_MASTER_SECRET = 23,
    EXTENSION_VERSIONS = 43,
    EXTENSION_KEY_SHARE = 51,
    EXTENSION_RENEGOTIATION = 0xff01
};

/* SHA-256 of "HelloRetryRequest", RFC 8446 §4.1.3: a ServerHello with this random is none. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* --- checked reading --------------------------------------------------------------------------- */

/* What is left of a message. Reading past its end gives zeros and sets `bad`. */
struct cursor {
    const uint8_t *data;
    size_t len;
    bool bad;
};

static struct cursor take_part(struct cursor *from, size_t len)
{
    struct cursor part = {from->data, len, false};
    if (len > from->len) {
        from->bad = true;
        from->len = 0;
        return (struct cursor){from->data, 0, true};
    }
    from->data += len;
    from->len -= len;
    return part;
}

static uint16_t take_number(struct cursor *from, size_t octets)
{
    struct cursor part = take_part(from, octets);
    unsigned value = 0;
    for (size_t i = 0; i < part.len; i++)
        value = value << 8 | part.data[i];
    return (uint16_t)value;
}

/* A vector: its length in `octets` octets, then its content. */
static struct cursor take_vector(struct cursor *from, size_t octets)
{
    size_t len = take_number(from, octets);
    return take_part(from, len);
}

static unsigned count_bits(struct cursor number)
{
    while (number.len > 0 && number.data[0] == 0) {
        number.data++;
        number.len--;
    }
    unsigned bits = (unsigned)number.len * 8;
    for (unsigned mask = 0x80; number.len > 0 && !(number.data[0] & mask); mask >>= 1)
        bits--;
    return bits;
}

/* --- messages ---------------------------------------------------------------------------------- */

static void set_broken(struct sp_tls_hello *hello, const char *why)
{
    hello->state = SP_TLS_HELLO_BROKEN;
    hello->broken = why;
}

/* False: the extension breaks its own grammar. */
static bool read_extension(struct sp_tls_hello *hello, unsigned type, struct cursor data)
{
    struct cursor list;
    switch (type) {
    case EXTENSION_VERSIONS: hello->version = take_number(&data, 2); return !data.bad;
    case EXTENSION_KEY_SHARE: hello->group = take_number(&data, 2); return !data.bad;
    case EXTENSION_STATUS: hello->status_request = true; return true;
    case EXTENSION_MASTER_SECRET: hello->extended_master_secret = true; return true;
    case EXTENSION_RENEGOTIATION: hello->secure_renegotiation = true; return true;
    case EXTENSION_ALPN:
        list = take_vector(&data, 2);
        list = take_vector(&list, 1);
        memcpy(hello->alpn, list.data, list.len);
        hello->alpn_len = list.len;
        return !list.bad && list.len > 0;
    default: return true;
    }
}

static bool read_extensions(struct sp_tls_hello *hello, struct cursor from)
{
    if (from.len == 0) /* up to TLS 1.2 there need not be any */
        return true;
    struct cursor list = take_vector(&from, 2);
    if (list.bad || from.len != 0)
        return false;
    while (list.len > 0) {
        unsigned type = take_number(&list, 2);
        struct cursor data = take_vector(&list, 2);
        if (list.bad || data.bad || !read_extension(hello, type, data))
            return false;
    }
    return true;
}

static void read_server_hello(struct sp_tls_hello *hello, struct cursor from)
{
    uint16_t legacy = take_number(&from, 2);
    struct cursor random = take_part(&from, sizeof retry_random);
    struct cursor id = take_vector(&from, 1);
    uint16_t suite = take_number(&from, 2);
    bool retry = random.len > 0 && memcmp(random.data, retry_random, sizeof retry_random) == 0;
    take_number(&from, 1); /* compression */
    if (from.bad || random.bad || id.bad) {
        set_broken(hello, "the server sent a malformed ServerHello");
        return;
    }
    if (hello->server_hello || (retry && hello->retry)) {
        set_broken(hello, "the server sent a second ServerHello");
        return;
    }
    hello->version = hello->legacy_version = legacy;
    hello->suite = suite;
    hello->session_id_len = (unsigned)id.len;
    if (!read_extensions(hello, from)) {
        set_broken(hello, "the server sent a ServerHello with malformed extensions");
        return;
    }
    hello->retry |= retry;
    hello->server_hello = !retry;
    if (!retry && hello->version >= SP_TLS_1_3)
        hello->state = SP_TLS_HELLO_DONE;
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A message that was too long to be kept ends early here; what was read till then counts. */
static void read_key_exchange(struct sp_tls_hello *hello, struct cursor from)
{
    const char *suite = sp_tls_suite_name(hello->suite);
    if (!suite)
        return;
    if (has_prefix(suite, "TLS_ECDHE_") || has_prefix(suite, "TLS_ECDH_anon_")) {
        if (take_number(&from, 1) != 3) /* explicit curves: RFC 8422 §5.4 */
            return;
        hello->group = take_number(&from, 2);
        take_vector(&from, 1);
    } else if (has_prefix(suite, "TLS_DHE_") || has_prefix(suite, "TLS_DH_anon_")) {
        hello->dh_bits = count_bits(take_vector(&from, 2));
        take_vector(&from, 2);
        take_vector(&from, 2);
    } else if (has_prefix(suite, "TLS_RSA_EXPORT_")) {
        hello->rsa_bits = count_bits(take_vector(&from, 2));
        take_vector(&from, 2);
    } else {
        return;
    }
    if (hello->version >= SP_TLS_1_2 && !strstr(suite, "_anon_"))
        hello->signature_scheme = take_number(&from, 2);
}

static void read_message(struct sp_tls_hello *hello)
{
    struct cursor body = {hello->message, hello->message_have, false};
    unsigned type = hello->header[0];
    if (type == MESSAGE_HELLO_REQUEST)
        return; /* RFC 5246 §7.4.1.1: to be ignored while a handshake is under way */
    if (type != MESSAGE_SERVER_HELLO && !hello->server_hello) {
        set_broken(hello, "the server's first handshake message is not a ServerHello");
        return;
    }
    switch (type) {
    case MESSAGE_SERVER_HELLO: read_server_hello(hello, body); break;
    case MESSAGE_KEY_EXCHANGE: read_key_exchange(hello, body); break;
    case MESSAGE_CERTIFICATE_REQUEST: hello->certificate_request = true; break;
    case MESSAGE_DONE: hello->state = SP_TLS_HELLO_DONE; break;
    default: break;
    }
}

/* --- records ----------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Takes a part of what there is; returns how much. */
static size_t read_handshake(struct sp_tls_hello *hello, const uint8_t *data, size_t len)
{
    if (hello->header_have < sizeof hello->header) {
        hello->header[hello->header_have++] = *data;
        if (hello->header_have < sizeof hello->header)
            return 1;
        hello->message_left =
            (size_t)hello->header[1] << 16 | (size_t)hello->header[2] << 8 | hello->header[3];
        hello->message_have = 0;
        len = 1;
    } else {
        len = smaller(len, hello->message_left);
        size_t kept = smaller(len, sizeof hello->message - hello->message_have);
        memcpy(hello->message + hello->message_have, data, kept);
        hello->message_have += kept;
        hello->message_left -= len;
    }
    if (hello->message_left == 0) {
        hello->header_have = 0;
        read_message(hello);
    }
    return len;
}

static void read_alert(struct sp_tls_hello *hello, uint8_t octet)
{
    hello->alert_octets[hello->alert_have++] = octet;
    if (hello->alert_have < sizeof hello->alert_octets)
        return;
    hello->alert_have = 0;
    hello->alert_level = hello->alert_octets[0];
    hello->alert = hello->alert_octets[1];
    if (hello->alert_level != SP_TLS_ALERT_WARNING || hello->alert == 0)
        hello->state = SP_TLS_HELLO_DONE;
}

/* Content of the record that is being read, at least one octet; returns how many were taken. */
static size_t read_content(struct sp_tls_hello *hello, const uint8_t *data, size_t len)
{
    switch (hello->record[0]) {
    case CONTENT_HANDSHAKE: return read_handshake(hello, data, len);
    case CONTENT_ALERT: read_alert(hello, *data); return 1;
    default:
        /* Between HelloRetryRequest and ServerHello it means nothing: RFC 8446 §D.4. */
        if (hello->record[0] == CONTENT_CCS && hello->retry && !hello->server_hello)
            return len;
        if (hello->server_hello)
            hello->state = SP_TLS_HELLO_DONE;
        else
            set_broken(hello, "the server sent a TLS record out of order");
        return len;
    }
}

/* One octet of a record's header. */
static void read_header(struct sp_tls_hello *hello, uint8_t octet)
{
    size_t at = hello->record_have++;
    hello->record[at] = octet;
    if ((at == 0 && (octet < CONTENT_CCS || octet > CONTENT_DATA)) || (at == 1 && octet != 3))
        set_broken(hello, "the server's answer is not TLS");
    if (hello->record_have < sizeof hello->record)
        return;
    hello->record_left = (size_t)hello->record[3] << 8 | hello->record[4];
    if (hello->record_left > RECORD_MAX)
        set_broken(hello, "the server sent a TLS record that is longer than the standard allows");
    if (hello->record_left == 0)
        hello->record_have = 0;
}

void sp_tls_hello_init(struct sp_tls_hello *hello)
{
    memset(hello, 0, sizeof *hello);
    hello->alert = -1;
}

enum sp_tls_hello_state sp_tls_hello_feed(struct sp_tls_hello *hello, const void *data, size_t len)
{
    const uint8_t *octets = data;
    while (len > 0 && hello->state == SP_TLS_HELLO_MORE) {
        size_t used = 1;
        if (hello->record_have < sizeof hello->record) {
            read_header(hello, *octets);
        } else {
            used = read_content(hello, octets, smaller(len, hello->record_left));
            hello->record_left -= used;
            if (hello->record_left == 0)
                hello->record_have = 0;
        }
        octets += used;
        len -= used;
    }
    return hello->state;
}
