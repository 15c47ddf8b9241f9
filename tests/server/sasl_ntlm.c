/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NTLM's server side as [MS-NLMP] has it: NTLMv2 only. An NTLMv1 answer (24 octets), an LM answer beside a
 * time stamp and a wrong integrity code are refused, as a domain controller of today does.
 */
#include "sasl.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TYPE1_MIN = 16,
    TYPE3_MIN = 64,
    MIC_AT = 72,
    BLOB_PAIRS = 28, /* AV pairs within NTLMv2_CLIENT_CHALLENGE */
    PAIR_FLAGS = 6,  /* MsvAvFlags */
    PAIR_TIME = 7,   /* MsvAvTimestamp */
    FLAG_HAS_MIC = 2,
    NTLM_V1_LENGTH = 24
};

/* UNICODE, REQUEST_TARGET, NTLM, ALWAYS_SIGN, TARGET_TYPE_SERVER, EXTENDED_SESSIONSECURITY, TARGET_INFO,
 * 128, 56 */
#define CHALLENGE_FLAGS 0xa08a8205u
#define DOMAIN_NAME "TEST"
#define COMPUTER_NAME "MX"

struct ntlm {
    unsigned char challenge[8];
    unsigned char type1[1024];
    size_t type1_length;
    unsigned char type2[1024];
    size_t type2_length;
};

static void put16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *at, size_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

static size_t get16(const unsigned char *at)
{
    return (size_t)at[0] | (size_t)at[1] << 8;
}

static size_t get32(const unsigned char *at)
{
    return get16(at) | get16(at + 2) << 16;
}

/* ASCII is enough here. */
static void add_utf16(struct ts_bytes *out, const char *text, size_t length, int in_upper_case)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        unsigned char unit[2] = {
            (unsigned char)(in_upper_case && c >= 'a' && c <= 'z' ? c - 32 : c), 0};
        ts_bytes_add(out, unit, 2);
    }
}

static void add_pair(struct ts_bytes *out, unsigned id, const void *data, size_t length)
{
    unsigned char head[4];
    put16(head, id);
    put16(head + 2, length);
    ts_bytes_add(out, head, sizeof head);
    ts_bytes_add(out, data, length);
}

static void add_name_pair(struct ts_bytes *out, unsigned id, const char *name)
{
    struct ts_bytes text = {0};
    add_utf16(&text, name, strlen(name), 0);
    add_pair(out, id, text.data, text.length);
    ts_bytes_free(&text);
}

/* [MS-NLMP] §2.2.1.2 */
static void make_type2(const struct ts_login *login, struct ntlm *ntlm, struct ts_bytes *out)
{
    struct ts_bytes name = {0}, info = {0};
    unsigned char head[56] = "NTLMSSP", stamp[8];
    uint64_t now = ((uint64_t)time(NULL) + 11644473600u) * 10000000u;
    for (int i = 0; i < 8; i++)
        stamp[i] = (unsigned char)(now >> (8 * i));
    add_utf16(&name, DOMAIN_NAME, strlen(DOMAIN_NAME), 0);
    add_name_pair(&info, 2, DOMAIN_NAME);
    add_name_pair(&info, 1, COMPUTER_NAME);
    add_name_pair(&info, 4, "test");
    add_name_pair(&info, 3, login->server->host);
    add_pair(&info, PAIR_TIME, stamp, sizeof stamp);
    add_pair(&info, 0, NULL, 0);
    RAND_bytes(ntlm->challenge, sizeof ntlm->challenge);
    put32(head + 8, 2);
    put16(head + 12, name.length);
    put16(head + 14, name.length);
    put32(head + 16, sizeof head);
    put32(head + 20, CHALLENGE_FLAGS);
    memcpy(head + 24, ntlm->challenge, 8);
    put16(head + 40, info.length);
    put16(head + 42, info.length);
    put32(head + 44, sizeof head + name.length);
    ts_bytes_add(out, head, sizeof head);
    ts_bytes_add(out, name.data, name.length);
    ts_bytes_add(out, info.data, info.length);
    ts_bytes_free(&name);
    ts_bytes_free(&info);
    ntlm->type2_length = out->length < sizeof ntlm->type2 ? out->length : sizeof ntlm->type2;
    memcpy(ntlm->type2, out->data, ntlm->type2_length);
}

static void hmac_md5(const unsigned char *key, const struct ts_bytes *text, unsigned char out[16])
{
    HMAC(EVP_md5(), key, 16, text->data, text->length, out, NULL);
}

/* MD4 is in OpenSSL's legacy provider, which stays away from the rest here. */
static void md4(const struct ts_bytes *text, unsigned char out[16])
{
    static EVP_MD *algorithm;
    if (algorithm == NULL) {
        OSSL_LIB_CTX *old = OSSL_LIB_CTX_new();
        if (old == NULL || OSSL_PROVIDER_load(old, "legacy") == NULL ||
            (algorithm = EVP_MD_fetch(old, "MD4", NULL)) == NULL) {
            fprintf(stderr, "smtp-test-server: OpenSSL has no MD4 for NTLM\n");
            exit(1);
        }
    }
    EVP_Digest(text->data, text->length, out, NULL, algorithm, NULL);
}

/* A field of type 3: length, room, offset. Returns 0, or -1 when it lies outside. */
static int take_part(const unsigned char *in, size_t length, size_t at, struct ts_bytes *out)
{
    size_t size = get16(in + at), offset = get32(in + at + 4);
    out->data = NULL;
    out->length = 0;
    if (offset > length || size > length - offset)
        return -1;
    out->data = (unsigned char *)(uintptr_t)(in + offset); /* not owned */
    out->length = size;
    return 0;
}

/* Finds a pair in the client's blob; returns its data, or NULL. */
static const unsigned char *find_pair(const struct ts_bytes *answer, unsigned id, size_t wanted)
{
    size_t at = 16 + BLOB_PAIRS;
    while (at + 4 <= answer->length) {
        size_t kind = get16(answer->data + at), size = get16(answer->data + at + 2);
        if (kind == 0 || at + 4 + size > answer->length)
            return NULL;
        if (kind == id)
            return size == wanted ? answer->data + at + 4 : NULL;
        at += 4 + size;
    }
    return NULL;
}

/* [MS-NLMP] §3.3.2: ResponseKeyNT. The domain is the one that the client answers for. */
static void make_key(const struct ts_server *server, const struct ts_bytes *domain,
                     unsigned char out[16])
{
    struct ts_bytes text = {0};
    unsigned char hash[16];
    add_utf16(&text, server->auth_password, strlen(server->auth_password), 0);
    md4(&text, hash);
    text.length = 0;
    add_utf16(&text, server->auth_user, strlen(server->auth_user), 1);
    ts_bytes_add(&text, domain->data, domain->length);
    hmac_md5(hash, &text, out);
    ts_bytes_free(&text);
}

/* [MS-NLMP] §3.2.5.1.2: over all three messages, its own place zero. No session key is exchanged. */
static int check_mic(const struct ntlm *ntlm, const unsigned char *key, const unsigned char *proof,
                     const unsigned char *in, size_t length)
{
    unsigned char session[16], mic[16];
    struct ts_bytes text = {0};
    ts_bytes_add(&text, proof, 16);
    hmac_md5(key, &text, session);
    text.length = 0;
    ts_bytes_add(&text, ntlm->type1, ntlm->type1_length);
    ts_bytes_add(&text, ntlm->type2, ntlm->type2_length);
    size_t start = text.length;
    ts_bytes_add(&text, in, length);
    memset(text.data + start + MIC_AT, 0, 16);
    hmac_md5(session, &text, mic);
    ts_bytes_free(&text);
    return memcmp(mic, in + MIC_AT, 16) == 0;
}

/* Returns NULL, or what is wrong with the client's answer. */
static const char *check_answer(const struct ts_login *login, const struct ntlm *ntlm,
                                const unsigned char *in, size_t length, struct ts_bytes parts[4])
{
    const struct ts_bytes *lm = &parts[0], *nt = &parts[1], *domain = &parts[2], *user = &parts[3];
    unsigned char key[16], proof[16], zeros[24] = {0};
    struct ts_bytes text = {0};
    if (nt->length == NTLM_V1_LENGTH)
        return "NTLMv1";
    if (nt->length < 16 + BLOB_PAIRS + 4 || nt->data[16] != 1 || nt->data[17] != 1)
        return "no NTLMv2 answer";
    if (find_pair(nt, PAIR_TIME, 8) == NULL)
        return "the time stamp is gone";
    if (lm->length != 0 && (lm->length != 24 || memcmp(lm->data, zeros, 24) != 0))
        return "an LM answer";
    add_utf16(&text, login->server->auth_user, strlen(login->server->auth_user), 0);
    int is_user = text.length == user->length && memcmp(text.data, user->data, text.length) == 0;
    text.length = 0;
    make_key(login->server, domain, key);
    ts_bytes_add(&text, ntlm->challenge, 8);
    ts_bytes_add(&text, nt->data + 16, nt->length - 16);
    hmac_md5(key, &text, proof);
    ts_bytes_free(&text);
    if (!is_user || memcmp(proof, nt->data, 16) != 0)
        return is_user ? "proof is wrong" : "unknown user";
    const unsigned char *flags = find_pair(nt, PAIR_FLAGS, 4);
    if (flags != NULL && (get32(flags) & FLAG_HAS_MIC) &&
        (length < MIC_AT + 16 || !check_mic(ntlm, key, proof, in, length)))
        return "integrity code is wrong";
    return NULL;
}

static enum ts_sasl_then take_type3(struct ts_login *login, const struct ntlm *ntlm,
                                    const unsigned char *in, size_t length)
{
    struct ts_bytes parts[4];
    static const size_t places[4] = {12, 20, 28, 36}; /* LM, NT, domain, user */
    if (length < TYPE3_MIN || memcmp(in, "NTLMSSP", 8) != 0 || get32(in + 8) != 3)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "no type 3");
    for (size_t i = 0; i < 4; i++)
        if (take_part(in, length, places[i], &parts[i]) != 0)
            return ts_sasl_say(login, TS_SASL_MALFORMED, "type 3: part %zu lies outside", i);
    const char *wrong = check_answer(login, ntlm, in, length, parts);
    if (wrong != NULL)
        return ts_sasl_say(login, TS_SASL_DENIED, "%s", wrong);
    int has_mic = find_pair(&parts[1], PAIR_FLAGS, 4) != NULL;
    return ts_sasl_say(login, TS_SASL_DONE, "user=%s NTLMv2%s", login->server->auth_user,
                       has_mic ? " mic" : "");
}

enum ts_sasl_then ts_sasl_ntlm(struct ts_login *login, const unsigned char *in, size_t length,
                               struct ts_bytes *out)
{
    struct ntlm *ntlm = login->state;
    if (ntlm != NULL)
        return take_type3(login, ntlm, in, length);
    if (length < TYPE1_MIN || length > sizeof ntlm->type1 || memcmp(in, "NTLMSSP", 8) != 0 ||
        get32(in + 8) != 1)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "no type 1");
    ntlm = login->state = calloc(1, sizeof *ntlm);
    if (ntlm == NULL)
        abort();
    memcpy(ntlm->type1, in, length);
    ntlm->type1_length = length;
    make_type2(login, ntlm, out);
    return TS_SASL_MORE;
}
