/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order in which addresses are worth trying (RFC 6724 §6). Private to the dns files. */
#ifndef SP_PROBE_DNS_ORDER_H
#define SP_PROBE_DNS_ORDER_H

#include "probe/dns_entry.h"

#include <stdbool.h>
#include <stddef.h>

/* The local address that packets to `to` would carry. False: there is no way to get there. */
typedef bool (*sp_dns_source_fn)(const union sp_dns_address *to, union sp_dns_address *out_source);

/* Asks the system, by a datagram socket that sends nothing. */
bool sp_dns_find_source(const union sp_dns_address *to, union sp_dns_address *out_source);

/* Sorts at most SP_LIMIT_ADDRESSES addresses, best first; equally good ones keep their order. */
void sp_dns_order(union sp_dns_address *addresses, size_t count, sp_dns_source_fn find_source);

#endif
