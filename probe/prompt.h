/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks for a password on the terminal that the process belongs to. */
#ifndef SP_PROBE_PROMPT_H
#define SP_PROBE_PROMPT_H

#include <stddef.h>

/*
 * As sp_credentials_ask: what is typed is not shown. Nobody is asked unless standard input or standard error is
 * a terminal: a job that runs by itself must not hang. A signal that ends or stops the process leaves the
 * terminal as it was.
 */
char *sp_prompt_password(const char *user, char *error, size_t size);

#endif
