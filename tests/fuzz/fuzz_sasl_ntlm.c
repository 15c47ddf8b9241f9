/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as NTLM's type 2. Each field of the type 3 that answers one must lie inside of it, behind its
 * header and the field before it, and hold what NTLMv2 is made of.
 */
#include "probe/ntlm.h"
#include "probe/sasl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint32_t get(const uint8_t *at, size_t octets)
{
    uint32_t value = 0;
    for (size_t i = 0; i < octets; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static struct sp_sasl *begin(void)
{
    struct sp_sasl_config config = {.mech = sp_sasl_find("NTLM", 4), .host = "mx.example"};
    struct sp_sasl *sasl = sp_sasl_new(&config);
    require(sasl != NULL);
    sasl->prepared = true;
    sasl->user = strdup("D\xc3\xb6m\\J\xc3\xbcrgen");
    sasl->password = strdup("secret \xf0\x9f\x93\xa7");
    return sasl;
}

static void give(struct sp_sasl *sasl, const uint8_t *data, size_t size)
{
    require(sp_sasl_challenge(sasl, data, size));
    sp_sasl_compute(sasl);
}

static void check_type3(const struct sp_sasl *sasl, const struct sp_ntlm_challenge *challenge)
{
    /* In the order in which their content stands. */
    static const size_t places[] = {28, 36, 44, 12, 20, 52};
    const uint8_t *out = sasl->out.data;
    size_t len = sasl->out.len, at = challenge->has_time ? 88 : 72;
    require(len >= at && memcmp(out, "NTLMSSP\0\3\0\0\0", 12) == 0);
    for (size_t i = 0; i < 6; i++) {
        require(get(out + places[i], 2) == get(out + places[i] + 2, 2));
        require(get(out + places[i] + 4, 4) == at);
        at += get(out + places[i], 2);
        require(at <= len);
    }
    require(at == len);
    const uint8_t *nt = out + get(out + 24, 4);
    size_t flags = challenge->has_time ? 8 : 0;
    require(get(out + 20, 2) >= 16 + 28 + 8);
    require(nt[16] == 1 && nt[17] == 1);
    require(get(out + 20, 2) <= 16 + 28 + 8 + challenge->pairs.len + flags);
    require((get(out + 60, 4) & ~0x02888205u) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_sasl *sasl = begin();
    give(sasl, data, size < 64 ? size : 64); /* the text for people */
    require(sasl->result == SP_SASL_RESPOND && sasl->out.len == 40);
    give(sasl, data, size);
    require(sasl->result == SP_SASL_RESPOND || sasl->result == SP_SASL_BAD_CHALLENGE);
    require(sasl->last == (sasl->result == SP_SASL_RESPOND));
    require(strlen(sasl->server_said) < sizeof sasl->server_said);
    if (sasl->last) {
        struct sp_ntlm_challenge challenge;
        char error[256] = "";
        require(
            sp_ntlm_read_challenge((struct sp_slice){data, size}, &challenge, error, sizeof error));
        check_type3(sasl, &challenge);
    } else
        require(sasl->detail[0] != '\0' && sasl->out.len == 0);
    sp_sasl_free(sasl);
    return 0;
}
