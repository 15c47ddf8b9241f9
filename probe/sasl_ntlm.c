/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NTLM in SMTP ([MS-SMTPNTLM], also called SPA): NTLMv2 of [MS-NLMP], never LM or NTLMv1, whatever the server
 * asks for.
 *
 *   AUTH NTLM -> 334 text for people -> NEGOTIATE ("type 1") -> CHALLENGE ("type 2") -> AUTHENTICATE ("type 3")
 *
 * Nothing is signed or sealed behind the login, so no session key is exchanged. A MIC over the three
 * messages is sent where the server gave its time, as [MS-NLMP] 3.1.5.1.2 wants it, and then LMv2 is
 * zeros. Its key is the session base key. No MsvAvTargetName or MsvAvChannelBindings are added.
 *
 * "DOMAIN\user" is split; "user@domain" is a user principal name, sent whole and with an empty domain.
 */
#include "probe/limits.h"
#include "probe/ntlm.h"
#include "probe/sasl.h"
#include "probe/sasl_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_UNICODE 0x00000001u
#define FLAG_TARGET_INFO 0x00800000u /* the server's; we return it */
#define FLAG_VERSION 0x02000000u
/*
 * Unicode, request target, NTLM, always sign, extended session security: what clients of mail send. And
 * the version: without that flag servers don't agree on where in a type 3 the MIC is.
 */
#define FLAGS_OFFERED \
    (FLAG_UNICODE | 0x00000004u | 0x00000200u | 0x00008000u | 0x00080000u | FLAG_VERSION)

/* 2.2.2.10: no Windows; revision 15 of NTLM, the only one. */
#define VERSION "\0\0\0\0\0\0\0\x0f"
#define VERSION_SIZE 8u

/* The same for all clients: a host's name is none of the server's business. */
#define WORKSTATION "WORKSTATION"

/* Offsets in a type 3. */
enum {
    AT_LM = 12,
    AT_NT = 20,
    AT_DOMAIN = 28,
    AT_USER = 36,
    AT_WORKSTATION = 44,
    AT_SESSION_KEY = 52,
    AT_FLAGS = 60,
    AT_VERSION = 64,
    AT_MIC = 72,
    HEADER = 72,
    HEADER_MIC = 88
};

/* FILETIME of the Unix epoch, in milliseconds. */
#define EPOCH_1601_MS 11644473600000

/* The fields of our names, behind the flags, are empty. Of 40 octets: some servers take no shorter one. */
static const uint8_t type1[40] =
    "NTLMSSP\0\1\0\0\0\x05\x82\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" VERSION;
_Static_assert(FLAGS_OFFERED == 0x02088205u, "type1 has these flags");

/* --- what the server told ----------------------------------------------------------------------- */

static void tell_name(struct sp_sasl *sasl, const char *what, struct sp_slice name)
{
    char *text = sasl->server_said;
    size_t size = sizeof sasl->server_said, used = strlen(text);
    if (name.len < 2 || used + strlen(what) + 8 > size)
        return;
    snprintf(text + used, size - used, "%s%s ", used ? ", " : "", what);
    sp_ntlm_utf8(name, text, size);
}

static void tell_server(struct sp_sasl *sasl, const struct sp_ntlm_challenge *challenge)
{
    static const char *const names[SP_NTLM_NAME_COUNT] = {"NetBIOS name", "NetBIOS domain",
                                                          "DNS name", "DNS domain", "DNS forest"};
    const unsigned *version = challenge->version;
    sasl->server_said[0] = '\0';
    for (size_t i = 0; i < SP_NTLM_NAME_COUNT; i++)
        tell_name(sasl, names[i], challenge->names[i]);
    if (sasl->server_said[0] == '\0')
        tell_name(sasl, "target", challenge->target);
    size_t used = strlen(sasl->server_said);
    if (version[0] != 0)
        snprintf(sasl->server_said + used, sizeof sasl->server_said - used, "%sWindows %u.%u.%u",
                 used ? ", " : "", version[0], version[1], version[2]);
}

/* --- type 3 ------------------------------------------------------------------------------------- */

struct making {
    struct sp_ntlm_challenge challenge;
    struct sp_slice message; /* the server's, whole */
    struct sp_slice user, domain;
    struct sp_buf temp;
    struct sp_ntlm_proof proof;
};

static void put(uint8_t *at, uint32_t value, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Appends the content of a field and writes where it is; `at` is the field's place in the header. */
static bool append_field(struct sp_buf *out, size_t at, const void *data, size_t len)
{
    size_t offset = out->len;
    if (!sp_buf_append(out, data, len))
        return false;
    put(out->data + at, (uint32_t)len, 2);
    put(out->data + at + 2, (uint32_t)len, 2);
    put(out->data + at + 4, (uint32_t)offset, 4);
    return true;
}

static bool append_text(struct sp_buf *out, size_t at, struct sp_slice text)
{
    size_t len = 0;
    uint8_t *utf16 = malloc(2 * text.len + 1);
    bool ok = utf16 && sp_ntlm_utf16((const char *)text.data, text.len, false, utf16, &len) &&
              append_field(out, at, utf16, len);
    free(utf16);
    return ok;
}

static bool append_proofs(struct sp_sasl *sasl, const struct making *making, struct sp_buf *out)
{
    uint8_t lm[SP_NTLM_KEY + SP_NTLM_NONCE] = {0};
    if (!making->challenge.has_time) {
        memcpy(lm, making->proof.lm, SP_NTLM_KEY);
        memcpy(lm + SP_NTLM_KEY, sasl->random, SP_NTLM_NONCE);
    }
    /* One field of two parts: its length is that of both. */
    if (!append_field(out, AT_LM, lm, sizeof lm) ||
        !append_field(out, AT_NT, making->proof.nt, sizeof making->proof.nt) ||
        !sp_buf_append(out, making->temp.data, making->temp.len))
        return false;
    put(out->data + AT_NT, (uint32_t)(SP_NTLM_KEY + making->temp.len), 2);
    put(out->data + AT_NT + 2, (uint32_t)(SP_NTLM_KEY + making->temp.len), 2);
    return append_field(out, AT_SESSION_KEY, "", 0);
}

/* Over all three messages, this one with zeros where the MIC goes. */
static bool put_mic(const struct making *making, struct sp_buf *out)
{
    uint8_t mic[SP_NTLM_KEY];
    struct sp_slice parts[] = {{type1, sizeof type1}, making->message, {out->data, out->len}};
    struct sp_slice key = {making->proof.session, sizeof making->proof.session};
    if (!sp_sasl_hmac(SP_SASL_MD5, key, parts, 3, mic))
        return false;
    memcpy(out->data + AT_MIC, mic, sizeof mic);
    return true;
}

static bool append_type3(struct sp_sasl *sasl, const struct making *making, struct sp_buf *out)
{
    static const uint8_t head[HEADER_MIC] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', '\0', 3};
    struct sp_slice workstation = {(const uint8_t *)WORKSTATION, sizeof WORKSTATION - 1};
    bool mic = making->challenge.has_time;
    if (!sp_buf_append(out, head, mic ? HEADER_MIC : HEADER))
        return false;
    put(out->data + AT_FLAGS, making->challenge.flags & (FLAGS_OFFERED | FLAG_TARGET_INFO), 4);
    memcpy(out->data + AT_VERSION, VERSION, VERSION_SIZE);
    return append_text(out, AT_DOMAIN, making->domain) && append_text(out, AT_USER, making->user) &&
           append_text(out, AT_WORKSTATION, workstation) && append_proofs(sasl, making, out) &&
           (!mic || put_mic(making, out));
}

static bool split_user(const char *user, struct making *making)
{
    const char *slash = strchr(user, '\\');
    const char *name = slash ? slash + 1 : user;
    making->domain = (struct sp_slice){(const uint8_t *)user, slash ? (size_t)(slash - user) : 0};
    making->user = (struct sp_slice){(const uint8_t *)name, strlen(name)};
    return making->user.len > 0;
}

static enum sp_sasl_result compute_proof(struct sp_sasl *sasl, struct making *making)
{
    uint8_t key[SP_NTLM_KEY];
    struct sp_ntlm_challenge *challenge = &making->challenge;
    uint64_t time =
        challenge->has_time ? challenge->time : (uint64_t)(sasl->now_ms + EPOCH_1601_MS) * 10000;
    sp_buf_init(&making->temp, SP_LIMIT_COMMAND_AUTH);
    if (!sp_ntlm_append_temp(challenge, time, sasl->random, &making->temp))
        return SP_SASL_NO_MEMORY;
    struct sp_slice temp = {making->temp.data, making->temp.len};
    switch (sp_ntlm_key(sasl->password, making->user, making->domain, key)) {
    case SP_NTLM_KEY_OK: break;
    case SP_NTLM_KEY_NO_MEMORY: return SP_SASL_NO_MEMORY;
    case SP_NTLM_KEY_NOT_UTF8:
        return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                               "the password is not UTF-8, which NTLM needs");
    }
    bool ok = sp_ntlm_prove(key, challenge->nonce, sasl->random, temp, &making->proof);
    sp_secret_wipe(key, sizeof key);
    return ok ? SP_SASL_RESPOND : SP_SASL_NO_MEMORY;
}

static enum sp_sasl_result respond(struct sp_sasl *sasl, struct making *making, struct sp_buf *out)
{
    struct sp_ntlm_challenge *challenge = &making->challenge;
    if (!sp_ntlm_read_challenge(making->message, challenge, sasl->detail, sizeof sasl->detail))
        return SP_SASL_BAD_CHALLENGE;
    tell_server(sasl, challenge);
    if (!(challenge->flags & FLAG_UNICODE))
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server wants names in its code page (flags 0x%08x); we offered "
                               "Unicode alone",
                               challenge->flags);
    if (!split_user(sasl->user, making))
        return sp_sasl_explain(sasl, SP_SASL_NO_CREDENTIAL,
                               "nothing stands behind the \\ of --user; give DOMAIN\\user");
    size_t names = 2 * (making->user.len + making->domain.len + sizeof WORKSTATION);
    size_t len = HEADER_MIC + names + 24 + SP_NTLM_KEY + 44 + challenge->pairs.len;
    if (len > SP_LIMIT_AUTH_OCTETS)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server's target info has %zu octets; with it the response is "
                               "longer than a line of AUTH",
                               challenge->pairs.len);
    enum sp_sasl_result result = compute_proof(sasl, making);
    if (result == SP_SASL_RESPOND && !append_type3(sasl, making, out))
        result = SP_SASL_NO_MEMORY;
    sasl->last = result == SP_SASL_RESPOND;
    return result;
}

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    if (sasl->steps == 0) /* the challenge is a text for people, or empty */
        return sp_buf_append(out, type1, sizeof type1) ? SP_SASL_RESPOND : SP_SASL_NO_MEMORY;
    if (sasl->steps > 1)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server sent another challenge; NTLM has one");
    struct making making = {.message = {challenge, len}};
    enum sp_sasl_result result = respond(sasl, &making, out);
    sp_buf_free(&making.temp);
    sp_secret_wipe(&making, sizeof making);
    return result;
}

const struct sp_sasl_mech sp_sasl_ntlm = {
    .name = "NTLM",
    .help = "NTLMv2 of Windows, never older ([MS-SMTPNTLM]); only by name or where nothing else is",
    .strength = 100,
    .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD,
    .text_first = true,
    .named_only = true,
    .step = step,
};
