/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The name by which this machine greets a mail server. No name server is asked. */
#ifndef SP_PROBE_MACHINE_H
#define SP_PROBE_MACHINE_H

#include "probe/arena.h"

#include <stddef.h>

/*
 * For EHLO (RFC 5321 §4.1.4): the host name when it has a dot; else the first name with a dot that
 * /etc/hosts gives for it; else one of the machine's addresses as an address literal, a global one before
 * others and 127.0.0.1 at the very last. NULL: out of memory.
 */
const char *sp_machine_ehlo_name(struct sp_arena *arena);

/* The part that reads /etc/hosts, for tests: looks in the file for a line that has `name`, and puts its
 * first name with a dot into out[0..size). Returns out, or NULL when there is none. */
const char *sp_machine_name_in_hosts(const char *path, const char *name, char *out, size_t size);

#endif
