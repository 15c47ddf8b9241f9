/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passwords: read late from where nobody else can look, wiped after use, and masked wherever a server
 * repeats them.
 */
#ifndef SP_PROBE_SECRET_H
#define SP_PROBE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SP_LIMIT_SECRET 1024u /* octets of one secret */

/* Forms in which secrets could come back: the secret itself, its base64. Owns them. */
struct sp_secrets {
    char *items[8];
    size_t lengths[8];
    size_t count;
};

/* Overwrites memory in a way that the compiler can't drop. */
void sp_secret_wipe(void *memory, size_t len);
/* Keeps the process's memory out of core dumps and away from other processes of the user
 * (PR_SET_DUMPABLE). Called before the first secret is read. False: the system refused. */
bool sp_secret_protect_process(void);
/*
 * The first line of a file, without its line end, as malloc'd text that the caller wipes and frees.
 * NULL: error[0..size) names the file, what is wrong with it (missing, a directory, empty, longer than
 * SP_LIMIT_SECRET, a NUL in it) and what to do. *out_exposed: group or others can read it.
 */
char *sp_secret_read_file(const char *path, bool *out_exposed, char *error, size_t size);

void sp_secrets_init(struct sp_secrets *secrets);
/* Adds the secret and its base64 as forms to mask. Secrets of less than 4 octets are not masked: they
 * would hide half of what a server says. False: out of memory or no place. */
bool sp_secrets_add(struct sp_secrets *secrets, const char *secret);
/* Overwrites each occurrence in text[0..len) with '*'. */
void sp_secrets_mask(const struct sp_secrets *secrets, char *text, size_t len);
/* Wipes and frees. */
void sp_secrets_free(struct sp_secrets *secrets);

#endif
