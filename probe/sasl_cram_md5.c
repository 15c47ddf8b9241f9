/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CRAM-MD5 (RFC 2195): the server sends a nonce, the answer is the name and the nonce's HMAC-MD5 under the
 * password.
 *
 *   challenge = msg-id                        ; RFC 822: "<1896.697170952@postoffice.example.net>"
 *   response  = user-name SP 32LOWER-HEX
 *
 * The password is used as it was given: RFC 2195 is older than SASLprep, and servers have it as it was
 * typed. Of the challenge only as much is asked for as all servers keep to: it isn't empty, which would make the
 * same answer good for ever, and it has no control characters, which no msg-id has; so the password is no
 * oracle for keyed hashes over octets of another protocol.
 */
#include "probe/hex.h"
#include "probe/sasl.h"
#include "probe/sasl_hash.h"

#include <string.h>

#define MD5_SIZE 16u

static enum sp_sasl_result check_challenge(struct sp_sasl *sasl, const uint8_t *challenge,
                                           size_t len)
{
    if (sasl->steps > 0)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                               "the server sent another challenge; CRAM-MD5 has only one");
    if (len == 0)
        return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE, "the challenge is empty");
    for (size_t i = 0; i < len; i++)
        if (challenge[i] < 0x20 || challenge[i] == 0x7f)
            return sp_sasl_explain(sasl, SP_SASL_BAD_CHALLENGE,
                                   "octet %zu of the challenge is the control character 0x%02x",
                                   i + 1, challenge[i]);
    return SP_SASL_RESPOND;
}

static enum sp_sasl_result step(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out)
{
    enum sp_sasl_result result = check_challenge(sasl, challenge, len);
    if (result != SP_SASL_RESPOND)
        return result;
    uint8_t mac[MD5_SIZE];
    char hex[2 * MD5_SIZE + 1];
    struct sp_slice key = {(const uint8_t *)sasl->password, strlen(sasl->password)};
    struct sp_slice text = {challenge, len};
    if (!sp_sasl_hmac(SP_SASL_MD5, key, &text, 1, mac))
        return SP_SASL_NO_MEMORY;
    sp_hex(mac, sizeof mac, hex);
    if (!sp_buf_append_str(out, sasl->user) || !sp_buf_append_str(out, " ") ||
        !sp_buf_append_str(out, hex))
        return SP_SASL_NO_MEMORY;
    sasl->last = true;
    return SP_SASL_RESPOND;
}

const struct sp_sasl_mech sp_sasl_cram_md5 = {
    .name = "CRAM-MD5",
    .help = "keyed MD5 of the server's challenge (RFC 2195); the password is not sent",
    .strength = 118,
    .needs = SP_SASL_NEEDS_USER | SP_SASL_NEEDS_PASSWORD,
    .step = step,
};
