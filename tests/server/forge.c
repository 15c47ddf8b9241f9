/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificate messages that no honest server sends. They replace the real one on the wire, so a
 * client that got past reading them would still fail at the Finished message; what is looked for is
 * a quick, clean end before that.
 */
#include "tls.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static void add_length24(struct ts_bytes *out, size_t length)
{
    unsigned char bytes[3] = {(unsigned char)(length >> 16), (unsigned char)(length >> 8),
                              (unsigned char)length};
    ts_bytes_add(out, bytes, sizeof bytes);
}

static void add_list_of_one(struct ts_bytes *out, const void *der, size_t length)
{
    add_length24(out, length + 3);
    add_length24(out, length);
    ts_bytes_add(out, der, length);
}

static void forge_random(struct ts_bytes *der)
{
    unsigned char noise[400];
    RAND_bytes(noise, sizeof noise);
    der->length = 0;
    ts_bytes_add(der, noise, sizeof noise);
}

static void forge_nested(struct ts_bytes *der)
{
    /* 3000 sequences, each inside the one before, all lengths right: 4 bytes of header each. */
    enum { LEVELS = 3000 };
    der->length = 0;
    for (int level = LEVELS - 1; level >= 0; level--) {
        unsigned char header[4] = {0x30, 0x82, (unsigned char)((level * 4) >> 8),
                                   (unsigned char)(level * 4)};
        ts_bytes_add(der, header, sizeof header);
    }
}

static void forge_bit_flips(struct ts_bytes *der)
{
    /* Every 97th byte of the certificate gets one bit turned, the header stays. */
    for (size_t at = 20; at < der->length; at += 97)
        der->data[at] ^= 0x10;
}

/* Overwrites what follows the first place where `find` stands. */
static void patch_behind(struct ts_bytes *der, const void *find, size_t find_length,
                         const void *with, size_t with_length)
{
    unsigned char *at = memmem(der->data, der->length, find, find_length);
    if (at != NULL && (size_t)(at - der->data) + find_length + with_length <= der->length)
        memcpy(at + find_length, with, with_length);
}

static void forge_modulus_zero(struct ts_bytes *der)
{
    /* INTEGER of 257 bytes: a modulus of 2048 bits with its leading zero. */
    unsigned char zeros[256] = {0};
    patch_behind(der, "\x02\x82\x01\x01\x00", 5, zeros, sizeof zeros);
}

static int change_der(const char *kind, struct ts_bytes *der)
{
    if (strcmp(kind, "random") == 0)
        forge_random(der);
    else if (strcmp(kind, "truncated") == 0)
        der->length /= 2;
    else if (strcmp(kind, "huge-length") == 0)
        memcpy(der->data, "\x30\x84\xff\xff\xff\xff", 6);
    else if (strcmp(kind, "indefinite") == 0)
        memcpy(der->data, "\x30\x80", 2);
    else if (strcmp(kind, "nested") == 0)
        forge_nested(der);
    else if (strcmp(kind, "bit-flips") == 0)
        forge_bit_flips(der);
    else if (strcmp(kind, "bad-time") == 0)
        patch_behind(der, "\x17\x0d", 2, "99139999ZZ99Z", 13);
    else if (strcmp(kind, "modulus-zero") == 0)
        forge_modulus_zero(der);
    else if (strcmp(kind, "bad-utf8") == 0)
        patch_behind(der, "smtp-probe ", 11, "\xff\xfe\xc0\xaf\xed", 5);
    else
        return -1;
    return 0;
}

int ts_tls_forge_certificate(const char *kind, X509 *leaf, struct ts_bytes *out)
{
    if (strcmp(kind, "empty-list") == 0) {
        add_length24(out, 0);
        return 0;
    }
    if (strcmp(kind, "zero-length") == 0) {
        add_list_of_one(out, "", 0);
        return 0;
    }
    unsigned char *encoded = NULL;
    int length = i2d_X509(leaf, &encoded);
    if (length <= 0)
        return -1;
    struct ts_bytes der = {0};
    ts_bytes_add(&der, encoded, (size_t)length);
    OPENSSL_free(encoded);
    int bad = 0;
    if (strcmp(kind, "list-overrun") == 0) {
        add_length24(out, der.length + 5000);
        add_length24(out, der.length + 4000);
        ts_bytes_add(out, der.data, der.length);
    } else {
        bad = change_der(kind, &der);
        add_list_of_one(out, der.data, der.length);
    }
    ts_bytes_free(&der);
    return bad;
}
