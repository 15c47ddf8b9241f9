/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What options name by files and a session only reads: trust anchors, revocation lists and the
 * client certificate. Loaded before anything is probed and shared by all sessions with the same options,
 * never once per endpoint.
 */
#ifndef SP_PROBE_MATERIALS_H
#define SP_PROBE_MATERIALS_H

#include "probe/credentials.h"
#include "probe/crl.h"
#include "probe/identity.h"
#include "probe/options.h"
#include "probe/trust.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_materials {
    struct sp_trust *trust;             /* NULL: nothing is to be verified */
    struct sp_crls *crls;               /* NULL: none are named */
    struct sp_tls_identity *identity;   /* the client certificate; NULL: none is named */
    struct sp_credentials *credentials; /* who logs in; NULL: nobody is named */
    bool password_exposed;              /* its file can be read by others than the owner */
    bool key_exposed; /* its key or passphrase can be read by others than the owner */
};

/*
 * Loads what `options` name for TLS. `verify`: whether some endpoint's certificate will be judged; the system's
 * anchors are read only then, those of a file that was named always. False: error[0..size) says what is
 * wrong with which file and what to do, *out_option is the long name of the option that named it or
 * would name another ("ca-file"), and there is nothing to free.
 */
bool sp_materials_load(const struct sp_options *options, bool verify, struct sp_materials *out,
                       const char **out_option, char *error, size_t size);
/*
 * Adds who logs in, which sessions without TLS may do as well: see sp_credentials_load. False: as above, and
 * all of `materials` was freed.
 */
bool sp_materials_load_login(struct sp_materials *materials, const struct sp_options *options,
                             sp_credentials_ask *ask, const char **out_option, char *error,
                             size_t size);
/* Whether two sets of options name the same files, so that one load will do for both. */
bool sp_materials_same(const struct sp_options *a, const struct sp_options *b);
/* Frees and forgets all; an empty one is allowed. */
void sp_materials_free(struct sp_materials *materials);

#endif
