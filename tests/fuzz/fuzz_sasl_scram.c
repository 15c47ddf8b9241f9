/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a SCRAM server's messages, 0xFE between them. The first octet chooses the mechanism, and whether
 * the messages are only read, which is quick, or heard by a login. Nobody who doesn't know the password is
 * ever believed; no count of iterations beyond the limits is computed; what is cancelled ends so.
 */
#include "probe/limits.h"
#include "probe/sasl.h"
#include "probe/sasl_scram_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATOR 0xfe
#define WHOLE_LOGIN 0x40u
/* What 24 zero octets are in base64. */
#define NONCE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sp_slice our_nonce = {(const uint8_t *)NONCE, sizeof NONCE - 1};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct sp_slice take_message(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, SEPARATOR, *size) : NULL;
    struct sp_slice message = {*data, end ? (size_t)(end - *data) : *size};
    *size -= message.len + (end ? 1 : 0);
    *data += message.len + (end ? 1 : 0);
    return message;
}

/* --- reading ------------------------------------------------------------------------------------ */

/* What was read stands in the message just so, in this order. */
static void check_first(struct sp_slice message, const struct sp_scram_first *first)
{
    char number[32];
    int len = snprintf(number, sizeof number, ",i=%u", first->iterations);
    require(message.len > 2 && first->nonce.data == message.data + 2);
    require(first->nonce.len > our_nonce.len && first->nonce.len <= SP_LIMIT_SCRAM_NONCE);
    require(memcmp(first->nonce.data, our_nonce.data, our_nonce.len) == 0);
    require(memcmp(first->nonce.data + first->nonce.len, ",s=", 3) == 0);
    require(first->salt_len > 0 && first->salt_len <= SP_LIMIT_SCRAM_SALT);
    require(first->iterations >= SP_LIMIT_SCRAM_MIN && first->iterations <= SP_LIMIT_SCRAM_MAX);
    const uint8_t *salt = first->nonce.data + first->nonce.len + 3;
    size_t rest = (size_t)(message.data + message.len - salt);
    const uint8_t *comma = memchr(salt, ',', rest);
    require(comma != NULL && (size_t)(comma - salt) == (first->salt_len + 2) / 3 * 4);
    rest -= (size_t)(comma - salt);
    require(rest >= (size_t)len && memcmp(comma, number, (size_t)len) == 0);
    require(rest == (size_t)len || comma[len] == ',');
}

static bool read_message(struct sp_slice message, struct sp_scram_first *first)
{
    struct sp_scram_final final;
    char error[256] = "";
    if (sp_scram_read_final(message, &final, error, sizeof error)) {
        require(final.refused == sp_scram_is_refusal(message));
        require(final.refused ||
                (final.signature_len > 0 && final.signature_len <= sizeof final.signature));
        require(final.refusal.len < message.len);
    } else {
        require(error[0] != '\0');
    }
    error[0] = '\0';
    bool good = sp_scram_read_first(message, our_nonce, first, error, sizeof error);
    require(good == (error[0] == '\0'));
    if (good)
        check_first(message, first);
    return good;
}

/* --- a login ------------------------------------------------------------------------------------ */

static struct sp_sasl *begin(uint8_t choice)
{
    static const char *const mechs[] = {"SCRAM-SHA-1",        "SCRAM-SHA-256",
                                        "SCRAM-SHA-512",      "SCRAM-SHA-1-PLUS",
                                        "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"};
    const char *mech = mechs[choice % (sizeof mechs / sizeof *mechs)];
    struct sp_sasl_config config = {.mech = sp_sasl_find(mech, strlen(mech)), .host = "mx.example"};
    config.binding.type = SP_BINDING_TLS_EXPORTER;
    config.binding.len = 32;
    struct sp_sasl *sasl = sp_sasl_new(&config);
    require(sasl != NULL);
    sasl->prepared = true;
    sasl->user = strdup(choice & 8 ? "a=b,c" : "user");
    sasl->password = strdup(choice & 16 ? "p\xc2\xad\xe2\x85\xa8" : "pencil");
    require(sasl->user != NULL && sasl->password != NULL);
    sp_sasl_compute(sasl);
    require(sasl->result == SP_SASL_RESPOND && sasl->out.len > 0);
    return sasl;
}

/* False: the login is over. */
static bool hear(struct sp_sasl *sasl, struct sp_slice message)
{
    struct sp_scram_first first;
    bool was_last = sasl->last, is_first = sasl->steps == 1;
    bool good = read_message(message, &first);
    /* Not all the time that a server may cost us is worth the fuzzer's. */
    bool cancelled = is_first && good && first.iterations > SP_LIMIT_SCRAM_MIN;
    if (cancelled)
        sp_sasl_cancel(sasl);
    require(sp_sasl_challenge(sasl, message.data, message.len));
    sp_sasl_compute(sasl);
    require(!sasl->proven && sasl->result != SP_SASL_NO_MEMORY);
    require((sasl->result == SP_SASL_CANCELLED) == cancelled);
    if (sasl->result != SP_SASL_RESPOND) {
        require(cancelled || sasl->detail[0] != '\0');
        return false;
    }
    require(!was_last);
    require(is_first ? good || sasl->last : sasl->last);
    require((sasl->out.len == 0) == sasl->last);
    require(sasl->last ? sp_scram_is_refusal(message) : sasl->iterations == first.iterations);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t choice = *data++;
    size--;
    if (!(choice & WHOLE_LOGIN)) {
        struct sp_scram_first first;
        while (size > 0)
            read_message(take_message(&data, &size), &first);
        return 0;
    }
    struct sp_sasl *sasl = begin(choice);
    do {
        struct sp_slice message = take_message(&data, &size);
        if (message.len > SP_LIMIT_COMMAND_AUTH || !hear(sasl, message))
            break;
    } while (size > 0);
    sp_sasl_free(sasl);
    return 0;
}
