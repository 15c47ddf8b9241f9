/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record      = %x16 version(2) <message>
 * message     = %x01 <body>, the length in 3 octets
 * body        = version(2) random(32) id<0..32> suites<2..2^16-2> %x01.00 [extensions<..>]
 * extension   = type(2) data<0..2^16-1>               ; RFC 8446 §4.1.2, RFC 5246 §7.4.1.2
 */
#include "probe/client_hello.h"

#include "probe/tls_names.h"

#include <string.h>

#define SSL_3 0x0300u
#define RENEGOTIATION_SCSV 0x00ffu /* RFC 5746 §3.3 */
#define RANDOM_SIZE 32u

enum extension {
    EXTENSION_NAME = 0,
    EXTENSION_GROUPS = 10,
    EXTENSION_POINT_FORMATS = 11,
    EXTENSION_SIGNATURES = 13,
    EXTENSION_PADDING = 21,
    EXTENSION_MASTER_SECRET = 23,
    EXTENSION_VERSIONS = 43,
    EXTENSION_KEY_SHARE = 51
};

/* Everything that a server may sign with, down to SHA-1 and DSA: the question is what it chooses. */
static const uint16_t schemes[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805,
                                   0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601,
                                   0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202};

/* RFC 7685: old load balancers hang on a message of 256 to 511 octets. */
#define PADDED_FROM 256u
#define PADDED_TO 512u

/* --- writing ----------------------------------------------------------------------------------- */

/* The first write that fails makes all others do nothing. */
struct writer {
    struct sp_buf *out;
    bool failed;
};

static void put(struct writer *to, const void *data, size_t len)
{
    to->failed = to->failed || !sp_buf_append(to->out, data, len);
}

static void put_number(struct writer *to, size_t value, size_t octets)
{
    uint8_t text[3];
    for (size_t i = 0; i < octets; i++)
        text[i] = (uint8_t)(value >> 8 * (octets - 1 - i));
    put(to, text, octets);
}

/* Leaves room for a length; end_vector fills it in. */
static size_t begin_vector(struct writer *to, size_t octets)
{
    put_number(to, 0, octets);
    return to->out->len;
}

static void end_vector(struct writer *to, size_t start, size_t octets)
{
    size_t len = to->out->len - start;
    for (size_t i = 0; !to->failed && i < octets; i++)
        to->out->data[start - octets + i] = (uint8_t)(len >> 8 * (octets - 1 - i));
}

static void put_list(struct writer *to, const uint16_t *values, size_t count)
{
    size_t list = begin_vector(to, 2);
    for (size_t i = 0; i < count; i++)
        put_number(to, values[i], 2);
    end_vector(to, list, 2);
}

static size_t begin_extension(struct writer *to, enum extension type)
{
    put_number(to, type, 2);
    return begin_vector(to, 2);
}

/* --- extensions -------------------------------------------------------------------------------- */

static void put_name(struct writer *to, const char *name)
{
    size_t extension = begin_extension(to, EXTENSION_NAME);
    size_t list = begin_vector(to, 2);
    put_number(to, 0, 1); /* host_name */
    put_number(to, strlen(name), 2);
    put(to, name, strlen(name));
    end_vector(to, list, 2);
    end_vector(to, extension, 2);
}

static void put_list_extension(struct writer *to, enum extension type, const uint16_t *values,
                               size_t count)
{
    size_t extension = begin_extension(to, type);
    put_list(to, values, count);
    end_vector(to, extension, 2);
}

/* The versions from the newest on; SSLv3 is never among them (RFC 8446 §4.2.1). */
static void put_versions(struct writer *to, const struct sp_client_hello *hello)
{
    size_t extension = begin_extension(to, EXTENSION_VERSIONS);
    size_t list = begin_vector(to, 1);
    for (uint16_t version = hello->version_max;
         version >= hello->version_min && version >= SP_TLS_1_0; version--)
        put_number(to, version, 2);
    end_vector(to, list, 1);
    end_vector(to, extension, 2);
}

static void put_padding(struct writer *to, size_t message_len)
{
    static const uint8_t zeros[PADDED_TO] = {0};
    if (message_len < PADDED_FROM || message_len >= PADDED_TO)
        return;
    size_t left = PADDED_TO - message_len;
    size_t len = left > 4 ? left - 4 : 0;
    size_t extension = begin_extension(to, EXTENSION_PADDING);
    put(to, zeros, len);
    end_vector(to, extension, 2);
}

static void put_extensions(struct writer *to, const struct sp_client_hello *hello, size_t message)
{
    static const uint8_t uncompressed[] = {1, 0};
    size_t extensions = begin_vector(to, 2);
    if (hello->sni)
        put_name(to, hello->sni);
    if (hello->group_count > 0) {
        put_list_extension(to, EXTENSION_GROUPS, hello->groups, hello->group_count);
        size_t formats = begin_extension(to, EXTENSION_POINT_FORMATS);
        put(to, uncompressed, sizeof uncompressed);
        end_vector(to, formats, 2);
    }
    if (hello->version_max >= SP_TLS_1_2)
        put_list_extension(to, EXTENSION_SIGNATURES, schemes, sizeof schemes / sizeof schemes[0]);
    end_vector(to, begin_extension(to, EXTENSION_MASTER_SECRET), 2);
    if (hello->version_max >= SP_TLS_1_3) {
        put_versions(to, hello);
        put_list_extension(to, EXTENSION_KEY_SHARE, NULL, 0);
    }
    put_padding(to, to->out->len - message);
    end_vector(to, extensions, 2);
}

/* --- the message ------------------------------------------------------------------------------- */

static void put_suites(struct writer *to, const struct sp_client_hello *hello)
{
    size_t list = begin_vector(to, 2);
    for (size_t i = 0; i < hello->suite_count; i++)
        put_number(to, hello->suites[i], 2);
    put_number(to, RENEGOTIATION_SCSV, 2);
    end_vector(to, list, 2);
}

bool sp_client_hello_make(struct sp_buf *out, const struct sp_client_hello *hello)
{
    struct writer to = {out, false};
    bool is_13 = hello->version_max >= SP_TLS_1_3;
    put_number(&to, 22, 1);
    /* Servers look at the record's version too; this is what they are used to: RFC 8446 §5.1. */
    put_number(&to, hello->version_max == SSL_3 ? SSL_3 : SP_TLS_1_0, 2);
    size_t record = begin_vector(&to, 2);
    put_number(&to, 1, 1);
    size_t message = begin_vector(&to, 3);
    put_number(&to, is_13 ? SP_TLS_1_2 : hello->version_max, 2);
    put(&to, hello->random, RANDOM_SIZE);
    /* A session ID in TLS 1.3 makes it look like TLS 1.2 to what stands in between: §D.4. */
    put_number(&to, is_13 ? RANDOM_SIZE : 0, 1);
    if (is_13)
        put(&to, hello->random + RANDOM_SIZE, RANDOM_SIZE);
    put_suites(&to, hello);
    put_number(&to, 0x0100, 2); /* compression: none */
    if (hello->version_max > SSL_3)
        put_extensions(&to, hello, message - 4);
    end_vector(&to, message, 3);
    end_vector(&to, record, 2);
    return !to.failed;
}
