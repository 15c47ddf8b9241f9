/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCRAM (RFC 5802) with SHA-1, SHA-256 (RFC 7677) and SHA-512 (draft-melnikov-scram-sha-512), each also
 * bound to the TLS connection (-PLUS; RFC 5929, RFC 9266). The password never leaves, and the server has to
 * show that it knows it too.
 *
 *   step  server says            we say
 *   0     nothing                gs2-header "n=" user ",r=" nonce
 *   1     r= s= i=               c= r= p=; now the server's signature is known to us
 *   2     v= (or e=)             nothing; what follows is the verdict
 *
 * A refusal (e=) may also come in step 1. It gets an empty answer, so that the server's own code follows.
 */
#include "probe/base64.h"
#include "probe/sasl.h"
#include "probe/sasl_scram_message.h"
#include "probe/sasl_scram_proof.h"
#include "probe/saslprep.h"

#include <stdlib.h>
#include <string.h>

#define NONCE_OCTETS 24u /* 192 bits of chance, which base64 makes 32 characters of */
#define GS2_MAX 32u      /* octets of "p=tls-server-end-point,," and its like */

struct scram {
    char nonce[SP_BASE64_SIZE(NONCE_OCTETS)];
    uint8_t signature[SP_SASL_HASH_MAX]; /* that the server's has to be; from step 1 on */
};

static enum sp_sasl_hash hash_of(const struct sp_sasl *sasl)
{
    return (enum sp_sasl_hash)sasl->mech->variant;
}

static bool is_bound(const struct sp_sasl *sasl)
{
    return (sasl->mech->needs & SP_SASL_NEEDS_BINDING) != 0;
}

static struct sp_slice slice_of(const char *text)
{
    return (struct sp_slice){(const uint8_t *)text, strlen(text)};
}

/* --- what we say -------------------------------------------------------------------------------- */

/* "y": we could bind, and believe that the server can't. It knows better, and so finds who took it away. */
static bool says_could_bind(const struct sp_sasl *sasl)
{
    return !is_bound(sasl) && sasl->binding.type != SP_BINDING_NONE;
}

/* RFC 5801 §4, without an authzid. */
static bool append_gs2_header(const struct sp_sasl *sasl, struct sp_buf *out)
{
    if (is_bound(sasl))
        return sp_buf_append_str(out, "p=") &&
               sp_buf_append_str(out, sp_binding_name(sasl->binding.type)) &&
               sp_buf_append_str(out, ",,");
    return sp_buf_append_str(out, says_could_bind(sasl) ? "y,," : "n,,");
}

static bool append_bare(const struct sp_sasl *sasl, struct sp_buf *out)
{
    const struct scram *scram = sasl->state;
    return sp_buf_append_str(out, "n=") && sp_sasl_append_name(sasl->user, out) &&
           sp_buf_append_str(out, ",r=") && sp_buf_append_str(out, scram->nonce);
}

static bool append_base64(const void *data, size_t len, struct sp_buf *out)
{
    size_t size = SP_BASE64_SIZE(len);
    uint8_t *place = sp_buf_reserve(out, size);
    if (!place || !sp_base64_encode(data, len, (char *)place, size))
        return false;
    out->len += size - 1;
    return true;
}

/* "c=" proves that both sides speak of the same connection: the header again, and what binds to it. */
static bool append_final_without_proof(const struct sp_sasl *sasl, struct sp_slice nonce,
                                       struct sp_buf *out)
{
    struct sp_buf input;
    sp_buf_init(&input, GS2_MAX + sizeof sasl->binding.data);
    bool good = append_gs2_header(sasl, &input) &&
                (!is_bound(sasl) || sp_buf_append(&input, sasl->binding.data, sasl->binding.len)) &&
                sp_buf_append_str(out, "c=") && append_base64(input.data, input.len, out) &&
                sp_buf_append_str(out, ",r=") && sp_buf_append(out, nonce.data, nonce.len);
    sp_buf_wipe(&input);
    return good;
}

static enum sp_sasl_result say_first(struct sp_sasl *sasl, struct sp_buf *out)
{
    struct scram *scram = sasl->state;
    if (!sasl->user || !*sasl->user)
        return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL, "%s needs a user name",
                               sasl->mech->name);
    if (is_bound(sasl) && sasl->binding.type == SP_BINDING_NONE)
        return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                               "%s needs a TLS connection that it can be bound to",
                               sasl->mech->name);
    sp_base64_encode(sasl->random, NONCE_OCTETS, scram->nonce, sizeof scram->nonce);
    return append_gs2_header(sasl, out) && append_bare(sasl, out) ? SP_SASL_RESPOND
                                                                  : SP_SASL_NO_MEMORY;
}

/* --- the proof ---------------------------------------------------------------------------------- */

static enum sp_sasl_result salt_password(struct sp_sasl *sasl, const struct sp_scram_first *first,
                                         struct sp_scram_salted *salted)
{
    char *prepared = NULL;
    switch (sp_saslprep(sasl->password, strlen(sasl->password), &prepared)) {
    case SP_SASLPREP_OK: break;
    case SP_SASLPREP_REFUSED:
        return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                               "the password is not UTF-8, or has a character that SASLprep "
                               "(RFC 4013) forbids: store it as UTF-8, or change it");
    case SP_SASLPREP_NO_MEMORY: return SP_SASL_NO_MEMORY;
    }
    bool good = sp_scram_salt(hash_of(sasl), slice_of(prepared),
                              (struct sp_slice){first->salt, first->salt_len}, first->iterations,
                              &sasl->cancelled, salted);
    sp_secret_free(prepared);
    if (good)
        return SP_SASL_RESPOND;
    return atomic_load(&sasl->cancelled) ? SP_SASL_CANCELLED : SP_SASL_NO_MEMORY;
}

static bool say_final(struct sp_sasl *sasl, struct sp_slice server_first, struct sp_slice nonce,
                      const struct sp_scram_salted *salted, struct sp_buf *out)
{
    struct scram *scram = sasl->state;
    struct sp_scram_proof proof;
    struct sp_buf bare;
    size_t size = sp_sasl_hash_size(hash_of(sasl));
    sp_buf_init(&bare, SP_LIMIT_COMMAND_AUTH);
    bool good = append_bare(sasl, &bare) && append_final_without_proof(sasl, nonce, out);
    if (good) {
        const struct sp_slice comma = slice_of(",");
        const struct sp_slice auth_message[] = {
            {bare.data, bare.len}, comma, server_first, comma, {out->data, out->len},
        };
        good = sp_scram_prove(hash_of(sasl), salted, auth_message,
                              sizeof auth_message / sizeof *auth_message, &proof) &&
               sp_buf_append_str(out, ",p=") && append_base64(proof.client, size, out);
    }
    if (good)
        memcpy(scram->signature, proof.server, size);
    sp_secret_wipe(&proof, sizeof proof);
    sp_buf_wipe(&bare);
    return good;
}

/* --- what the server says ----------------------------------------------------------------------- */

static enum sp_sasl_result answer_refusal(struct sp_sasl *sasl, struct sp_slice refusal)
{
    size_t len =
        refusal.len < sizeof sasl->server_said ? refusal.len : sizeof sasl->server_said - 1;
    memcpy(sasl->server_said, refusal.data, len);
    sasl->server_said[len] = '\0';
    sasl->last = true;
    /* It can do what it did not seem to offer. */
    if (says_could_bind(sasl) &&
        strcmp(sasl->server_said, "server-does-support-channel-binding") == 0)
        return sp_sasl_explain(sasl, SP_SASL_DOWNGRADE,
                               "the server says that it offers %s-PLUS, which did not reach us: "
                               "somebody in between may have removed it",
                               sasl->mech->name);
    return SP_SASL_RESPOND;
}

static enum sp_sasl_result hear_first(struct sp_sasl *sasl, struct sp_slice message,
                                      struct sp_buf *out)
{
    const struct scram *scram = sasl->state;
    struct sp_scram_first first;
    struct sp_scram_salted salted;
    if (!sp_scram_read_first(message, slice_of(scram->nonce), &first, sasl->detail,
                             sizeof sasl->detail))
        return SP_SASL_BAD_CHALLENGE;
    sasl->iterations = first.iterations;
    enum sp_sasl_result result = salt_password(sasl, &first, &salted);
    if (result == SP_SASL_RESPOND && !say_final(sasl, message, first.nonce, &salted, out))
        result = SP_SASL_NO_MEMORY;
    sp_secret_wipe(&salted, sizeof salted);
    return result;
}

static enum sp_sasl_result hear_final(struct sp_sasl *sasl, struct sp_slice message)
{
    const struct scram *scram = sasl->state;
    struct sp_scram_final final;
    size_t size = sp_sasl_hash_size(hash_of(sasl));
    if (!sp_scram_read_final(message, &final, sasl->detail, sizeof sasl->detail))
        return SP_SASL_BAD_CHALLENGE;
    if (final.refused)
        return answer_refusal(sasl, final.refusal);
    if (final.signature_len != size || !sp_sasl_equal(final.signature, scram->signature, size))
        return sp_sasl_explain(sasl, SP_SASL_SERVER_UNVERIFIED,
                               "the server's signature is wrong: it does not know the password");
    sasl->proven = true;
    sasl->last = true;
    return SP_SASL_RESPOND;
}

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    struct sp_slice message = {challenge, len};
    if (sasl->steps == 0)
        return say_first(sasl, out);
    if (sasl->last)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server goes on after its last SCRAM message");
    if (sasl->steps == 1 && !sp_scram_is_refusal(message))
        return hear_first(sasl, message, out);
    return hear_final(sasl, message);
}

/* --- the table ---------------------------------------------------------------------------------- */

#define SCRAM(symbol, title, text, value, bits, which)                 \
    const struct sp_sasl_mech symbol = {                               \
        .name = title,                                                 \
        .help = text,                                                  \
        .strength = value,                                             \
        .client_first = true,                                          \
        .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD | (bits), \
        .proves = true,                                                \
        .variant = which,                                              \
        .step = step,                                                  \
        .state_size = sizeof(struct scram),                            \
    }

#define PROOF "salted proof of the password, the server proves itself too"
#define BOUND "as SCRAM, and bound to the TLS connection"

SCRAM(sp_sasl_scram_sha512_plus, "SCRAM-SHA-512-PLUS", BOUND, 182, SP_SASL_NEEDS_BINDING,
      SP_SASL_SHA512);
SCRAM(sp_sasl_scram_sha256_plus, "SCRAM-SHA-256-PLUS", BOUND, 180, SP_SASL_NEEDS_BINDING,
      SP_SASL_SHA256);
SCRAM(sp_sasl_scram_sha512, "SCRAM-SHA-512", PROOF, 172, 0, SP_SASL_SHA512);
SCRAM(sp_sasl_scram_sha256, "SCRAM-SHA-256", PROOF, 170, 0, SP_SASL_SHA256);
SCRAM(sp_sasl_scram_sha1_plus, "SCRAM-SHA-1-PLUS", BOUND, 162, SP_SASL_NEEDS_BINDING, SP_SASL_SHA1);
SCRAM(sp_sasl_scram_sha1, "SCRAM-SHA-1", PROOF, 160, 0, SP_SASL_SHA1);
