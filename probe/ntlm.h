/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NTLMv2 as [MS-NLMP] has it: messages and what is computed for them. Pure, octets in and out. LM and NTLMv1 are
 * not here: nothing could make us send them.
 */
#ifndef SP_PROBE_NTLM_H
#define SP_PROBE_NTLM_H

#include "probe/buf.h"
#include "probe/der.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_NTLM_NONCE 8u /* octets of either side's challenge */
#define SP_NTLM_KEY 16u  /* octets of a key, a proof or a MIC */

/* What the server tells of itself; UTF-16LE as it came, empty: not told. */
enum sp_ntlm_name {
    SP_NTLM_NETBIOS_NAME,
    SP_NTLM_NETBIOS_DOMAIN,
    SP_NTLM_DNS_NAME,
    SP_NTLM_DNS_DOMAIN,
    SP_NTLM_DNS_FOREST,
    SP_NTLM_NAME_COUNT
};

/* CHALLENGE_MESSAGE ("type 2"), 2.2.1.2. Slices point into what was read. */
struct sp_ntlm_challenge {
    uint32_t flags;
    uint8_t nonce[SP_NTLM_NONCE];
    struct sp_slice target; /* TargetName */
    struct sp_slice pairs;  /* TargetInfo up to its MsvAvEOL, that one left out */
    struct sp_slice names[SP_NTLM_NAME_COUNT]; /* of TargetInfo */
    uint32_t av_flags;                         /* MsvAvFlags; 0: none */
    bool has_time;                             /* MsvAvTimestamp is there */
    uint64_t time;                             /* 100 ns since 1601 */
    unsigned version[3];                       /* 10.0.17763; zeros: not told */
};

/* False: error[0..size) says in one line what is against the rules, with the numbers. */
bool sp_ntlm_read_challenge(struct sp_slice message, struct sp_ntlm_challenge *out, char *error,
                            size_t size);

/*
 * Writes text[0..len) as UTF-16LE to out[0..2 * len). `upper`: in capitals as Windows makes them, one character
 * for one. False: not UTF-8; then `out` holds anything. Keeps nothing.
 */
bool sp_ntlm_utf16(const char *text, size_t len, bool upper, uint8_t *out, size_t *out_len);
/* Appends UTF-16LE as UTF-8 and a NUL to text[0..size), cut to its room; what is none, or a control
 * character, is '?'. */
void sp_ntlm_utf8(struct sp_slice utf16, char *text, size_t size);

enum sp_ntlm_key_result { SP_NTLM_KEY_OK, SP_NTLM_KEY_NOT_UTF8, SP_NTLM_KEY_NO_MEMORY };

/* NTOWFv2 (3.3.2) of UTF-8: what stands for the password; the caller wipes it. */
enum sp_ntlm_key_result sp_ntlm_key(const char *password, struct sp_slice user,
                                    struct sp_slice domain, uint8_t out_key[SP_NTLM_KEY]);

/*
 * Appends NTLMv2_CLIENT_CHALLENGE (2.2.2.7; "temp" in 3.3.2). `time`: 100 ns since 1601. The server's pairs
 * go into it as they are; where it gave the time, with the flag that says that a MIC is there.
 */
bool sp_ntlm_append_temp(const struct sp_ntlm_challenge *challenge, uint64_t time,
                         const uint8_t client[SP_NTLM_NONCE], struct sp_buf *out);

struct sp_ntlm_proof {
    uint8_t nt[SP_NTLM_KEY];      /* NTProofStr, in front of temp */
    uint8_t lm[SP_NTLM_KEY];      /* the first part of LMv2_RESPONSE; the client's nonce follows */
    uint8_t session[SP_NTLM_KEY]; /* SessionBaseKey; a secret, the caller wipes it */
};

/* 3.3.2. False: out of memory. */
bool sp_ntlm_prove(const uint8_t key[SP_NTLM_KEY], const uint8_t nonce[SP_NTLM_NONCE],
                   const uint8_t client[SP_NTLM_NONCE], struct sp_slice temp,
                   struct sp_ntlm_proof *out);

#endif
