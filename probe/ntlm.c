/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers are little-endian; a field is its length (16 bits), its room (16, ignored) and its offset (32) from
 * the start of the message.
 *
 *   type 2 = "NTLMSSP" NUL, 2 (32 bits), TargetName field, flags (32), nonce (8 octets)
 *            [reserved (8 octets), TargetInfo field [version (8 octets)]] payload
 *   TargetInfo = *(id (16 bits) length (16) value) 0 (16) 0 (16)
 *
 * Servers that don't have TargetInfo leave out what is in brackets. A field of length 0 may have any offset.
 */
#include "probe/ntlm.h"

#include "probe/sasl_hash.h"
#include "probe/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistr.h>

/* Offsets in a type 2. */
enum {
    AT_TYPE = 8,
    AT_TARGET = 12,
    AT_FLAGS = 20,
    AT_NONCE = 24,
    HEADER_SHORT = 32,
    AT_INFO = 40,
    HEADER_LONG = 48,
    AT_VERSION = 48,
    HEADER_VERSION = 56
};

#define FLAG_TARGET_INFO 0x00800000u
#define FLAG_VERSION 0x02000000u

/* MsvAv..., 2.2.2.1. */
enum { AV_END = 0, AV_NETBIOS_NAME = 1, AV_DNS_FOREST = 5, AV_FLAGS = 6, AV_TIMESTAMP = 7 };

#define AV_FLAG_MIC 2u

/* --- numbers ------------------------------------------------------------------------------------ */

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

static void put(uint8_t *at, uint64_t value, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* --- the server's message ----------------------------------------------------------------------- */

static bool read_field(struct sp_slice message, size_t at, size_t header, const char *name,
                       struct sp_slice *out, char *error, size_t size)
{
    uint32_t len = get16(message.data + at), offset = get32(message.data + at + 4);
    *out = (struct sp_slice){message.data, 0};
    if (len == 0)
        return true;
    if (offset < header || offset > message.len || len > message.len - offset) {
        snprintf(
            error, size,
            "the type 2 message has %zu octets, %zu of them header, and its %s is said to be %u "
            "octets at offset %u",
            message.len, header, name, len, offset);
        return false;
    }
    *out = (struct sp_slice){message.data + offset, len};
    return true;
}

static bool take_pair(struct sp_ntlm_challenge *out, unsigned id, struct sp_slice value,
                      char *error, size_t size)
{
    size_t wanted = id == AV_TIMESTAMP ? 8 : id == AV_FLAGS ? 4 : value.len;
    if (value.len != wanted) {
        snprintf(error, size,
                 "%s in the type 2 message's target info has %zu octets instead of %zu",
                 id == AV_FLAGS ? "MsvAvFlags" : "MsvAvTimestamp", value.len, wanted);
        return false;
    }
    if (id >= AV_NETBIOS_NAME && id <= AV_DNS_FOREST) /* in the order of enum sp_ntlm_name */
        out->names[id - AV_NETBIOS_NAME] = value;
    if (id == AV_FLAGS)
        out->av_flags = get32(value.data);
    if (id == AV_TIMESTAMP) {
        out->time = get64(value.data);
        out->has_time = true;
    }
    return true;
}

static bool read_pairs(struct sp_slice info, struct sp_ntlm_challenge *out, char *error,
                       size_t size)
{
    size_t at = 0;
    while (info.len - at >= 4) {
        unsigned id = get16(info.data + at), len = get16(info.data + at + 2);
        if (len > info.len - at - 4) {
            snprintf(
                error, size,
                "the type 2 message's target info has %zu octets, and value %u at octet %zu is "
                "said to be %u",
                info.len, id, at, len);
            return false;
        }
        if (id == AV_END) {
            out->pairs = (struct sp_slice){info.data, at};
            return true;
        }
        if (!take_pair(out, id, (struct sp_slice){info.data + at + 4, len}, error, size))
            return false;
        at += 4 + len;
    }
    snprintf(error, size, "the type 2 message's target info (%zu octets) has no end mark",
             info.len);
    return false;
}

bool sp_ntlm_read_challenge(struct sp_slice message, struct sp_ntlm_challenge *out, char *error,
                            size_t size)
{
    static const char signature[] = "NTLMSSP";
    memset(out, 0, sizeof *out);
    if (message.len < HEADER_SHORT || memcmp(message.data, signature, sizeof signature) != 0 ||
        get32(message.data + AT_TYPE) != 2) {
        snprintf(error, size, "the challenge (%zu octets) is no NTLM message of type 2",
                 message.len);
        return false;
    }
    out->flags = get32(message.data + AT_FLAGS);
    memcpy(out->nonce, message.data + AT_NONCE, sizeof out->nonce);
    bool has_info = (out->flags & FLAG_TARGET_INFO) != 0;
    size_t header = has_info ? HEADER_LONG : HEADER_SHORT;
    struct sp_slice info = {NULL, 0};
    if (message.len < header) {
        snprintf(error, size, "the type 2 message has %zu octets, less than its header of %zu",
                 message.len, header);
        return false;
    }
    if (!read_field(message, AT_TARGET, header, "target name", &out->target, error, size))
        return false;
    if (has_info && !read_field(message, AT_INFO, header, "target info", &info, error, size))
        return false;
    if (info.len > 0 && !read_pairs(info, out, error, size))
        return false;
    if ((out->flags & FLAG_VERSION) && message.len >= HEADER_VERSION) {
        out->version[0] = message.data[AT_VERSION];
        out->version[1] = message.data[AT_VERSION + 1];
        out->version[2] = get16(message.data + AT_VERSION + 2);
    }
    return true;
}

/* --- text --------------------------------------------------------------------------------------- */

static ucs4_t to_upper(ucs4_t c)
{
    ucs4_t upper = uc_toupper(c);
    /* Windows keeps the Turkish dotless i and the long s out of ASCII: casing must not depend on a language. */
    return c >= 0x80 && upper < 0x80 ? c : upper;
}

bool sp_ntlm_utf16(const char *text, size_t len, bool upper, uint8_t *out, size_t *out_len)
{
    size_t count = 0;
    for (size_t i = 0; i < len;) {
        ucs4_t c = 0;
        int octets = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
        if (octets <= 0)
            return false;
        i += (size_t)octets;
        if (upper)
            c = to_upper(c);
        if (c >= 0x10000) {
            put(out + count, 0xd800 + ((c - 0x10000) >> 10), 2);
            count += 2;
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        put(out + count, c, 2);
        count += 2;
    }
    *out_len = count;
    return true;
}

void sp_ntlm_utf8(struct sp_slice utf16, char *text, size_t size)
{
    size_t used = strlen(text);
    for (size_t i = 0; i + 1 < utf16.len; i += 2) {
        ucs4_t c = get16(utf16.data + i);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < utf16.len) {
            ucs4_t low = get16(utf16.data + i + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
                i += 2;
            }
        }
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
            c = '?';
        int octets = u8_uctomb((uint8_t *)text + used, c, (ptrdiff_t)(size - used) - 1);
        if (octets <= 0)
            break;
        used += (size_t)octets;
    }
    text[used] = '\0';
}

/* --- what is computed --------------------------------------------------------------------------- */

/* NTOWFv1: the hash that Windows keeps of a password. */
static enum sp_ntlm_key_result hash_password(const char *password, uint8_t out[SP_NTLM_KEY])
{
    size_t room = 2 * strlen(password) + 1;
    struct sp_slice text = {NULL, 0};
    enum sp_ntlm_key_result result = SP_NTLM_KEY_NOT_UTF8;
    uint8_t *utf16 = malloc(room);
    if (!utf16)
        return SP_NTLM_KEY_NO_MEMORY;
    text.data = utf16;
    if (sp_ntlm_utf16(password, strlen(password), false, utf16, &text.len))
        result =
            sp_sasl_digest(SP_SASL_MD4, &text, 1, out) ? SP_NTLM_KEY_OK : SP_NTLM_KEY_NO_MEMORY;
    sp_secret_wipe(utf16, room);
    free(utf16);
    return result;
}

enum sp_ntlm_key_result sp_ntlm_key(const char *password, struct sp_slice user,
                                    struct sp_slice domain, uint8_t out_key[SP_NTLM_KEY])
{
    uint8_t hash[SP_NTLM_KEY];
    size_t user_len = 0, domain_len = 0;
    uint8_t *account = malloc(2 * (user.len + domain.len) + 1);
    if (!account)
        return SP_NTLM_KEY_NO_MEMORY;
    enum sp_ntlm_key_result result = SP_NTLM_KEY_NOT_UTF8;
    if (sp_ntlm_utf16((const char *)user.data, user.len, true, account, &user_len) &&
        sp_ntlm_utf16((const char *)domain.data, domain.len, false, account + user_len,
                      &domain_len))
        result = hash_password(password, hash);
    struct sp_slice text = {account, user_len + domain_len};
    if (result == SP_NTLM_KEY_OK &&
        !sp_sasl_hmac(SP_SASL_MD5, (struct sp_slice){hash, sizeof hash}, &text, 1, out_key))
        result = SP_NTLM_KEY_NO_MEMORY;
    sp_secret_wipe(hash, sizeof hash);
    free(account);
    return result;
}

/* The pairs but for MsvAvFlags, which gets another value. */
static bool append_pairs(const struct sp_ntlm_challenge *challenge, struct sp_buf *out)
{
    const struct sp_slice pairs = challenge->pairs;
    uint8_t flags[8] = {AV_FLAGS, 0, 4, 0};
    if (!challenge->has_time)
        return sp_buf_append(out, pairs.data, pairs.len);
    for (size_t at = 0; at < pairs.len;) {
        size_t len = 4 + get16(pairs.data + at + 2);
        if (get16(pairs.data + at) != AV_FLAGS && !sp_buf_append(out, pairs.data + at, len))
            return false;
        at += len;
    }
    put(flags + 4, challenge->av_flags | AV_FLAG_MIC, 4);
    return sp_buf_append(out, flags, sizeof flags);
}

bool sp_ntlm_append_temp(const struct sp_ntlm_challenge *challenge, uint64_t time,
                         const uint8_t client[SP_NTLM_NONCE], struct sp_buf *out)
{
    static const uint8_t end[8] = {0}; /* MsvAvEOL, and four octets that are reserved */
    uint8_t head[28] = {1, 1};
    put(head + 8, time, 8);
    memcpy(head + 16, client, SP_NTLM_NONCE);
    return sp_buf_append(out, head, sizeof head) && append_pairs(challenge, out) &&
           sp_buf_append(out, end, sizeof end);
}

bool sp_ntlm_prove(const uint8_t key[SP_NTLM_KEY], const uint8_t nonce[SP_NTLM_NONCE],
                   const uint8_t client[SP_NTLM_NONCE], struct sp_slice temp,
                   struct sp_ntlm_proof *out)
{
    struct sp_slice secret = {key, SP_NTLM_KEY};
    struct sp_slice nt[] = {{nonce, SP_NTLM_NONCE}, temp};
    struct sp_slice lm[] = {{nonce, SP_NTLM_NONCE}, {client, SP_NTLM_NONCE}};
    struct sp_slice proof = {out->nt, sizeof out->nt};
    return sp_sasl_hmac(SP_SASL_MD5, secret, nt, 2, out->nt) &&
           sp_sasl_hmac(SP_SASL_MD5, secret, lm, 2, out->lm) &&
           sp_sasl_hmac(SP_SASL_MD5, secret, &proof, 1, out->session);
}
