/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies the server's certificates into the facts, capped. Knows no TLS library. */
#ifndef SP_PROBE_TLS_CHAIN_H
#define SP_PROBE_TLS_CHAIN_H

#include "probe/arena.h"
#include "probe/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_tls_chain_status {
    SP_TLS_CHAIN_OK,
    SP_TLS_CHAIN_FULL,  /* over SP_LIMIT_CERTS or SP_LIMIT_CHAIN_BYTES: facts->certs_cut is set */
    SP_TLS_CHAIN_MEMORY /* out of memory */
};

/* Appends a copy of one certificate, parsed, to facts->certs. */
enum sp_tls_chain_status sp_tls_chain_add(struct sp_arena *arena, struct sp_tls_facts *facts,
                                          const uint8_t *der, size_t len);

/*
 * Appends all certificates of a Certificate message of TLS 1.2 and older, its header included
 * (RFC 5246 §7.4.2). A message of another type adds nothing; a broken one adds what stands before
 * the break.
 */
enum sp_tls_chain_status sp_tls_chain_add_message(struct sp_arena *arena,
                                                  struct sp_tls_facts *facts, const uint8_t *data,
                                                  size_t len);

#endif
