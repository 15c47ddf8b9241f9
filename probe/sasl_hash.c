/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wolfSSL has HMAC and PBKDF2 of its own. Its PBKDF2 can't be stopped, and hashes the two pads of the key
 * anew in each iteration; from prepared states an iteration costs two blocks instead of four.
 */
#include "probe/sasl_hash.h"

#include "probe/secret.h"

/* wolfSSL's headers declare what options.h switches on, so that one comes first. */
#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/md4.h>
#include <wolfssl/wolfcrypt/md5.h>
#include <wolfssl/wolfcrypt/sha.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha512.h>

#include <string.h>

#define BLOCK_MAX 128u     /* octets of a block of SHA-512 */
#define CANCEL_EVERY 256u  /* iterations: half a millisecond of SHA-512 */
#define STACK_WIPED 16384u /* octets: schedules of the hashes, registers that the linker saved */

static const struct {
    size_t size, block;
} rows[SP_SASL_HASH_COUNT] = {
    [SP_SASL_MD4] = {MD4_DIGEST_SIZE, MD4_BLOCK_SIZE},
    [SP_SASL_MD5] = {WC_MD5_DIGEST_SIZE, WC_MD5_BLOCK_SIZE},
    [SP_SASL_SHA1] = {WC_SHA_DIGEST_SIZE, WC_SHA_BLOCK_SIZE},
    [SP_SASL_SHA256] = {WC_SHA256_DIGEST_SIZE, WC_SHA256_BLOCK_SIZE},
    [SP_SASL_SHA512] = {WC_SHA512_DIGEST_SIZE, WC_SHA512_BLOCK_SIZE},
};

/* --- one hash under way ------------------------------------------------------------------------- */

struct running {
    enum sp_sasl_hash hash;
    union {
        Md4 md4;
        wc_Md5 md5;
        wc_Sha sha1;
        wc_Sha256 sha256;
        wc_Sha512 sha512;
    } as;
};

static bool start(struct running *running, enum sp_sasl_hash hash)
{
    running->hash = hash;
    switch (hash) {
    case SP_SASL_MD4: wc_InitMd4(&running->as.md4); return true;
    case SP_SASL_MD5: return wc_InitMd5(&running->as.md5) == 0;
    case SP_SASL_SHA1: return wc_InitSha(&running->as.sha1) == 0;
    case SP_SASL_SHA256: return wc_InitSha256(&running->as.sha256) == 0;
    case SP_SASL_SHA512: return wc_InitSha512(&running->as.sha512) == 0;
    case SP_SASL_HASH_COUNT: break;
    }
    return false;
}

static bool update(struct running *running, const uint8_t *data, size_t len)
{
    word32 count = (word32)len;
    if (len > UINT32_MAX)
        return false;
    if (len == 0)
        return true; /* `data` may be NULL then */
    switch (running->hash) {
    case SP_SASL_MD4: wc_Md4Update(&running->as.md4, data, count); return true;
    case SP_SASL_MD5: return wc_Md5Update(&running->as.md5, data, count) == 0;
    case SP_SASL_SHA1: return wc_ShaUpdate(&running->as.sha1, data, count) == 0;
    case SP_SASL_SHA256: return wc_Sha256Update(&running->as.sha256, data, count) == 0;
    case SP_SASL_SHA512: return wc_Sha512Update(&running->as.sha512, data, count) == 0;
    case SP_SASL_HASH_COUNT: break;
    }
    return false;
}

static bool update_parts(struct running *running, const struct sp_slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!update(running, parts[i].data, parts[i].len))
            return false;
    return true;
}

static bool finish(struct running *running, uint8_t *out_digest)
{
    switch (running->hash) {
    case SP_SASL_MD4: wc_Md4Final(&running->as.md4, out_digest); return true;
    case SP_SASL_MD5: return wc_Md5Final(&running->as.md5, out_digest) == 0;
    case SP_SASL_SHA1: return wc_ShaFinal(&running->as.sha1, out_digest) == 0;
    case SP_SASL_SHA256: return wc_Sha256Final(&running->as.sha256, out_digest) == 0;
    case SP_SASL_SHA512: return wc_Sha512Final(&running->as.sha512, out_digest) == 0;
    case SP_SASL_HASH_COUNT: break;
    }
    return false;
}

/* *to must not be under way: it may own memory in some builds of the library. */
static bool copy(struct running *from, struct running *to)
{
    to->hash = from->hash;
    switch (from->hash) {
    case SP_SASL_MD4: to->as.md4 = from->as.md4; return true;
    case SP_SASL_MD5: return wc_Md5Copy(&from->as.md5, &to->as.md5) == 0;
    case SP_SASL_SHA1: return wc_ShaCopy(&from->as.sha1, &to->as.sha1) == 0;
    case SP_SASL_SHA256: return wc_Sha256Copy(&from->as.sha256, &to->as.sha256) == 0;
    case SP_SASL_SHA512: return wc_Sha512Copy(&from->as.sha512, &to->as.sha512) == 0;
    case SP_SASL_HASH_COUNT: break;
    }
    return false;
}

/* Gives back what the library holds for it; the memory itself is wiped by its owner. */
static void stop(struct running *running)
{
    switch (running->hash) {
    case SP_SASL_MD5: wc_Md5Free(&running->as.md5); break;
    case SP_SASL_SHA1: wc_ShaFree(&running->as.sha1); break;
    case SP_SASL_SHA256: wc_Sha256Free(&running->as.sha256); break;
    case SP_SASL_SHA512: wc_Sha512Free(&running->as.sha512); break;
    case SP_SASL_MD4:
    case SP_SASL_HASH_COUNT: break;
    }
}

static bool digest(enum sp_sasl_hash hash, const struct sp_slice *parts, size_t count,
                   uint8_t *out_digest)
{
    struct running running;
    bool good = start(&running, hash);
    if (good) {
        good = update_parts(&running, parts, count) && finish(&running, out_digest);
        stop(&running);
    }
    sp_secret_wipe(&running, sizeof running);
    return good;
}

/* --- HMAC --------------------------------------------------------------------------------------- */

/* Both hashes of RFC 2104 §2, each behind its first block, which is made of the key. */
struct keyed {
    struct running inner, outer;
};

static bool start_pad(struct running *running, enum sp_sasl_hash hash, const uint8_t *key,
                      uint8_t octet)
{
    uint8_t block[BLOCK_MAX];
    size_t size = rows[hash].block;
    for (size_t i = 0; i < size; i++)
        block[i] = key[i] ^ octet;
    bool good = start(running, hash);
    if (good && !update(running, block, size)) {
        stop(running);
        good = false;
    }
    sp_secret_wipe(block, sizeof block);
    return good;
}

static bool start_keyed(struct keyed *keyed, enum sp_sasl_hash hash, struct sp_slice key)
{
    uint8_t block[BLOCK_MAX] = {0};
    bool good = true;
    if (key.len > rows[hash].block)
        good = digest(hash, &key, 1, block);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    good = good && start_pad(&keyed->inner, hash, block, 0x36);
    if (good && !start_pad(&keyed->outer, hash, block, 0x5c)) {
        stop(&keyed->inner);
        good = false;
    }
    sp_secret_wipe(block, sizeof block);
    return good;
}

static void stop_keyed(struct keyed *keyed)
{
    stop(&keyed->inner);
    stop(&keyed->outer);
}

/* One MAC; `keyed` stays as it was. The scratch is the caller's, to be wiped once for many calls. */
static bool mac(struct keyed *keyed, struct running *scratch, const struct sp_slice *parts,
                size_t count, uint8_t *out_mac)
{
    size_t size = rows[keyed->inner.hash].size;
    if (!copy(&keyed->inner, scratch))
        return false;
    bool good = update_parts(scratch, parts, count) && finish(scratch, out_mac);
    stop(scratch);
    if (!good || !copy(&keyed->outer, scratch))
        return false;
    good = update(scratch, out_mac, size) && finish(scratch, out_mac);
    stop(scratch);
    return good;
}

/* --- Hi() --------------------------------------------------------------------------------------- */

struct hi {
    struct keyed keyed;
    struct running scratch;
    uint8_t u[SP_SASL_HASH_MAX];   /* of this iteration */
    uint8_t sum[SP_SASL_HASH_MAX]; /* of all so far, by XOR */
};

static bool iterate(struct hi *hi, size_t size, unsigned iterations, const atomic_bool *cancelled)
{
    struct sp_slice last = {hi->u, size};
    for (unsigned i = 1; i < iterations; i++) {
        if (i % CANCEL_EVERY == 0 && cancelled && atomic_load(cancelled))
            return false;
        if (!mac(&hi->keyed, &hi->scratch, &last, 1, hi->u))
            return false;
        for (size_t at = 0; at < size; at++)
            hi->sum[at] ^= hi->u[at];
    }
    return true;
}

/* A function of its own, so that its stack lies below the one that sp_sasl_hi wipes. */
static bool compute_hi(enum sp_sasl_hash hash, struct sp_slice password, struct sp_slice salt,
                       unsigned iterations, const atomic_bool *cancelled, uint8_t *out_key)
{
    static const uint8_t first_block[4] = {0, 0, 0, 1};
    const struct sp_slice parts[] = {salt, {first_block, sizeof first_block}};
    size_t size = rows[hash].size;
    struct hi hi;
    bool good = start_keyed(&hi.keyed, hash, password);
    if (good) {
        good = mac(&hi.keyed, &hi.scratch, parts, 2, hi.u);
        if (good) {
            memcpy(hi.sum, hi.u, size);
            good = iterate(&hi, size, iterations, cancelled);
        }
        stop_keyed(&hi.keyed);
    }
    if (good)
        memcpy(out_key, hi.sum, size);
    sp_secret_wipe(&hi, sizeof hi);
    return good;
}

/* --- the contract ------------------------------------------------------------------------------- */

size_t sp_sasl_hash_size(enum sp_sasl_hash hash)
{
    return rows[hash].size;
}

bool sp_sasl_digest(enum sp_sasl_hash hash, const struct sp_slice *parts, size_t count,
                    uint8_t *out_digest)
{
    bool good = digest(hash, parts, count, out_digest);
    sp_sasl_wipe_stack();
    return good;
}

bool sp_sasl_hmac(enum sp_sasl_hash hash, struct sp_slice key, const struct sp_slice *parts,
                  size_t count, uint8_t *out_mac)
{
    struct keyed keyed;
    struct running scratch;
    bool good = start_keyed(&keyed, hash, key);
    if (good) {
        good = mac(&keyed, &scratch, parts, count, out_mac);
        stop_keyed(&keyed);
    }
    sp_secret_wipe(&keyed, sizeof keyed);
    sp_secret_wipe(&scratch, sizeof scratch);
    sp_sasl_wipe_stack();
    return good;
}

bool sp_sasl_hi(enum sp_sasl_hash hash, struct sp_slice password, struct sp_slice salt,
                unsigned iterations, const atomic_bool *cancelled, uint8_t *out_key)
{
    bool good = compute_hi(hash, password, salt, iterations, cancelled, out_key);
    sp_sasl_wipe_stack();
    return good;
}

bool sp_sasl_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differs = 0; /* or the compiler may stop at the first difference */
    for (size_t i = 0; i < len; i++)
        differs |= a[i] ^ b[i];
    return differs == 0;
}

__attribute__((noinline)) void sp_sasl_wipe_stack(void)
{
    uint8_t below[STACK_WIPED];
    sp_secret_wipe(below, sizeof below);
}
