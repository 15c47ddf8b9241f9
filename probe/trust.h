/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An index of trust anchors by subject name, shared by every endpoint. A chain needs one or two of the
 * hundred and more in a system's store, so the store is not parsed whole for it: loading finds where
 * each certificate and its subject stand, and facts are read of those whose name is asked for, once.
 *
 * The pointer is const to its users because what a lookup finds never changes; what it has read is
 * kept all the same, so one index is used by one thread at a time. Anchors have no digests (sp_cert_read).
 */
#ifndef SP_PROBE_TRUST_H
#define SP_PROBE_TRUST_H

#include "probe/cert.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_trust;

/*
 * Reads anchors: PEM files with one or more certificates, or DER; a directory means every regular
 * file in it (hashed names or not). With both NULL the system's store is read: the first of the
 * well-known bundle files that is there, Debian's first. The variables SSL_CERT_FILE and SSL_CERT_DIR
 * are not consulted.
 *
 * NULL on failure: error[0..size) names the file or directory, what is wrong with it and what to do.
 * A file without a single usable certificate is a failure; a broken certificate among good ones too
 * for --ca-file, but is skipped in a directory and in the system's store. A lack of memory or of file
 * descriptors is a failure everywhere: with some roots less, good servers would look bad. Of a
 * "TRUSTED CERTIFICATE" the notes about its use count (trust_notes.h).
 *
 * Of the system's bundle only so much is looked at here as tells that it has a usable certificate;
 * sp_trust_prepare does the rest. All files are read here: a run that has begun depends on none.
 */
struct sp_trust *sp_trust_load(const char *ca_file, const char *ca_dir, char *error, size_t size);
/* From PEM or DER in memory, as strict as with --ca-file; for tests and fuzzers. */
struct sp_trust *sp_trust_from_memory(const void *data, size_t len, char *error, size_t size);
/* The same, as the system's bundle is read. */
struct sp_trust *sp_trust_bundle_from_memory(const void *data, size_t len, char *error,
                                             size_t size);
void sp_trust_free(struct sp_trust *trust);
/*
 * Indexes what loading has put off; the functions below do it too. False: out of memory, and then
 * and ever after the index finds nothing.
 */
bool sp_trust_prepare(const struct sp_trust *trust);
size_t sp_trust_count(const struct sp_trust *trust);
/* How many of them were read whole so far. */
size_t sp_trust_read_count(const struct sp_trust *trust);
/*
 * Anchors whose subject is `subject` (DER of the Name, compared as sp_dn_equal does), in the order of
 * the input. Fills up to `max` pointers that live as long as the index; *out_found is how many there
 * are. False: out of memory, and the pointers are not to be used.
 */
bool sp_trust_find(const struct sp_trust *trust, struct sp_slice subject,
                   const struct sp_cert **out_certs, size_t max, size_t *out_found);
/* True when this very certificate (same octets) is an anchor. */
bool sp_trust_has(const struct sp_trust *trust, const struct sp_cert *cert);

#endif
