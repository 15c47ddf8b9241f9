/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What c-ares found, or why not, as the facts of an entry. Private to the dns files. */
#ifndef SP_PROBE_DNS_ANSWER_H
#define SP_PROBE_DNS_ANSWER_H

#include "probe/dns.h"
#include "probe/dns_entry.h"

#include <ares.h>
#include <stdbool.h>

/* Copies addresses, each once, and the canonical name. The status: ARES_SUCCESS with at least one
 * address, ARES_ENODATA without, ARES_ENOMEM. */
int sp_dns_answer_read(struct sp_dns_entry *entry, const struct ares_addrinfo *info);
/* Sets reason and detail. `no_sockets`: a socket could not be had or watched. */
void sp_dns_answer_fail(struct sp_dns_entry *entry, ares_channel channel, int status,
                        bool no_sockets);
/* The entry as its queries see it; points into the entry. */
void sp_dns_answer_fill(const struct sp_dns_entry *entry, struct sp_dns_answer *out_answer);

#endif
