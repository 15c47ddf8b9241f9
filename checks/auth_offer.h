/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server lists behind AUTH, before TLS and inside it. */
#ifndef SP_CHECKS_AUTH_OFFER_H
#define SP_CHECKS_AUTH_OFFER_H

#include "probe/evidence.h"

#include <stdbool.h>
#include <stddef.h>

/* All mechanisms of this EHLO: "SCRAM-SHA-256, PLAIN". Returns how many there are. */
size_t sp_offer_list(const struct sp_ehlo *ehlo, char *list, size_t size);
/* The mechanisms of this EHLO that show password or token to whoever listens: "PLAIN, LOGIN". Returns
 * how many there are. */
size_t sp_offer_exposing(const struct sp_ehlo *ehlo, char *list, size_t size);

struct sp_offer_change {
    size_t lost; /* mechanisms before TLS that are stronger than all inside */
    bool gone;   /* there is no AUTH inside at all */
    /* All that was lost is made for connections without TLS: CRAM-MD5 and its like. */
    bool by_design;
    const char *best; /* the strongest inside that is known here, or words that there is none */
};

/* Compares the lists before and inside TLS. False: nothing was weakened. `list` gets what was lost. */
bool sp_offer_compare(const struct sp_ehlo *plain, const struct sp_ehlo *tls,
                      struct sp_offer_change *out_change, char *list, size_t size);

#endif
