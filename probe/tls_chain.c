/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificate = type(1)=11 length(3) list
 * list        = length(3) { length(3) DER }*
 */
#include "probe/tls_chain.h"

#include "probe/limits.h"

#define MESSAGE_CERTIFICATE 11u
#define HEADER_SIZE 4u
#define LENGTH_SIZE 3u

static size_t count_octets(const struct sp_tls_facts *facts)
{
    size_t total = 0;
    for (size_t i = 0; i < facts->cert_count; i++)
        total += facts->certs[i].der.len;
    return total;
}

enum sp_tls_chain_status sp_tls_chain_add(struct sp_arena *arena, struct sp_tls_facts *facts,
                                          const uint8_t *der, size_t len)
{
    if (facts->cert_count >= SP_LIMIT_CERTS || len > SP_LIMIT_CERT_BYTES ||
        len > SP_LIMIT_CHAIN_BYTES - count_octets(facts)) {
        facts->certs_cut = true;
        return SP_TLS_CHAIN_FULL;
    }
    if (!facts->certs)
        facts->certs = sp_arena_array(arena, SP_LIMIT_CERTS, sizeof *facts->certs);
    uint8_t *copy = sp_arena_memdup(arena, der, len);
    if (!facts->certs || !copy ||
        !sp_cert_parse(arena, copy, len, &facts->certs[facts->cert_count]))
        return SP_TLS_CHAIN_MEMORY;
    facts->cert_count++;
    return SP_TLS_CHAIN_OK;
}

static size_t read_length(const uint8_t *data)
{
    return (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];
}

enum sp_tls_chain_status sp_tls_chain_add_message(struct sp_arena *arena,
                                                  struct sp_tls_facts *facts, const uint8_t *data,
                                                  size_t len)
{
    size_t at = HEADER_SIZE + LENGTH_SIZE;
    if (len < at || data[0] != MESSAGE_CERTIFICATE)
        return SP_TLS_CHAIN_OK;
    size_t end = at + read_length(data + HEADER_SIZE);
    if (end > len)
        end = len;
    while (end - at >= LENGTH_SIZE) {
        size_t size = read_length(data + at);
        at += LENGTH_SIZE;
        if (size > end - at)
            break;
        enum sp_tls_chain_status status = sp_tls_chain_add(arena, facts, data + at, size);
        if (status != SP_TLS_CHAIN_OK)
            return status;
        at += size;
    }
    return SP_TLS_CHAIN_OK;
}
