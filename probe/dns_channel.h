/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The channels of c-ares on the loop: their sockets, their time limits, and resolv.conf that may change
 * meanwhile. Private to the dns files. */
#ifndef SP_PROBE_DNS_CHANNEL_H
#define SP_PROBE_DNS_CHANNEL_H

#include "probe/dns.h"

#include <ares.h>
#include <stdbool.h>
#include <stddef.h>

struct sp_dns_channels;

/*
 * c-ares 1.18 asks the next server after SERVFAIL, REFUSED and NOTIMP, which is good, but when there
 * is none left it says "connection refused". The candid channel takes the first server's word as it
 * is; it is asked after such an end only, for the true reason.
 */
enum sp_dns_channel { SP_DNS_USUAL, SP_DNS_CANDID, SP_DNS_CHANNEL_COUNT };

/* NULL: error[0..size) says why. */
struct sp_dns_channels *sp_dns_channels_new(const struct sp_dns_config *config, char *error,
                                            size_t size);
/* Ends every lookup (they are called back with ARES_EDESTRUCTION), closes the handles, then calls
 * `closed` and frees itself. */
void sp_dns_channels_close(struct sp_dns_channels *channels, void (*closed)(void *data),
                           void *data);
/* The channel to ask; valid until sp_dns_channels_follow. */
ares_channel sp_dns_channels_get(const struct sp_dns_channels *channels, enum sp_dns_channel which);
/* To be called once something was asked: c-ares has time limits to keep. */
void sp_dns_channels_arm(struct sp_dns_channels *channels);
/* Opens the channels anew when they are long-lived and resolv.conf has changed, which is looked for
 * every now and then. What is under way ends with ARES_EDESTRUCTION, to be asked again. Not to be
 * called from inside c-ares. */
void sp_dns_channels_follow(struct sp_dns_channels *channels);
/* A socket could not be watched; that is why a lookup timed out. */
bool sp_dns_channels_starved(const struct sp_dns_channels *channels);

#endif
