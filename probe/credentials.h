/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the secret of a login is: what --password-file and its like name. A file is read anew by each
 * login, as late as can be, so that a changed password counts at once and none stands in memory
 * meanwhile; what can be read only once (a pipe, a descriptor, an environment variable, a prompt) is read
 * when the credentials are loaded, and kept.
 */
#ifndef SP_PROBE_CREDENTIALS_H
#define SP_PROBE_CREDENTIALS_H

#include "probe/options.h"
#include "probe/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_credentials;

/* Asks whoever sits there for the password of `user`: malloc'd, wiped by whoever gets it. NULL with error[0]
 * '\0': nobody sits there; NULL else: error says what happened. */
typedef char *sp_credentials_ask(const char *user, char *error, size_t size);

/*
 * Finds the secret that `options` name and makes sure that it can be read. NULL with error[0] '\0': they
 * name no secret and no user (there may still be a ticket or a client certificate). NULL else: error is one
 * line that names the file or variable, what is wrong with it and what to do, never any of its content;
 * *out_option is the long name of the option that named it. `ask` is for a name that comes with no
 * secret at all; NULL: this program asks nobody. *out_exposed: a file with the secret can be read
 * by others than the owner.
 */
struct sp_credentials *sp_credentials_load(const struct sp_options *options,
                                           sp_credentials_ask *ask, bool *out_exposed,
                                           const char **out_option, char *error, size_t size);
/* A copy of its own, secrets included. NULL: out of memory, or of NULL. */
struct sp_credentials *sp_credentials_copy(const struct sp_credentials *credentials);
/* Wipes. NULL is allowed. */
void sp_credentials_free(struct sp_credentials *credentials);

bool sp_credentials_has_password(const struct sp_credentials *credentials); /* NULL: no */
bool sp_credentials_has_token(const struct sp_credentials *credentials);    /* NULL: no */
/*
 * Reads the secret (password or token, whichever there is) as malloc'd text that the caller wipes and
 * frees. May read a file, so not on the loop. NULL: error says why, as above.
 */
char *sp_credentials_read(const struct sp_credentials *credentials, char *error, size_t size);

/* Whether systemd has given this process a credential of this name ($CREDENTIALS_DIRECTORY), so that a
 * file option with it names that and no file of the working directory. */
bool sp_credentials_from_systemd(const char *name);

#endif
