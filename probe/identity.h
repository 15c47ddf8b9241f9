/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client certificate that options name by files: read once before anything is probed, checked as a
 * whole, and held by the TLS library only. No octet of a key or passphrase is in any text from here; all
 * that was read is wiped.
 */
#ifndef SP_PROBE_IDENTITY_H
#define SP_PROBE_IDENTITY_H

#include "probe/tls_identity.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_identity_files {
    const char *cert;
    const char *key;           /* NULL: in the file of the certificate */
    const char *password_file; /* NULL: the key is not encrypted */
};

/*
 * NULL: error[0..size) is one line that says which file is wrong, how, and what to do; *out_option is the
 * long name of the option that named it. *out_exposed: group or others can read the key's file or the
 * passphrase's. Keeps the process's memory out of core dumps from then on (sp_secret_protect_process).
 */
struct sp_tls_identity *sp_identity_load(const struct sp_identity_files *files, bool *out_exposed,
                                         const char **out_option, char *error, size_t size);

#endif
