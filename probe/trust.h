/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An index of trust anchors by subject name: read once, shared by every endpoint, never changed. The
 * anchors have no digests (sp_cert_read). */
#ifndef SP_PROBE_TRUST_H
#define SP_PROBE_TRUST_H

#include "probe/cert.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_trust;

/*
 * Reads anchors: PEM files with one or more certificates, or DER; a directory means every regular
 * file in it (hashed names or not). With both NULL the system's store is read (the well-known bundle
 * files, Debian's first, then the SSL_CERT_FILE/SSL_CERT_DIR variables are NOT consulted).
 * NULL on failure: error[0..size) names the file or directory, what is wrong with it and what to do.
 * A file without a single usable certificate is a failure; a broken certificate among good ones too
 * for --ca-file, but is skipped in a directory.
 */
struct sp_trust *sp_trust_load(const char *ca_file, const char *ca_dir, char *error, size_t size);
/* From PEM or DER in memory, for tests and fuzzers. */
struct sp_trust *sp_trust_from_memory(const void *data, size_t len, char *error, size_t size);
void sp_trust_free(struct sp_trust *trust);
size_t sp_trust_count(const struct sp_trust *trust);
/*
 * Anchors whose subject is `subject` (DER of the Name, compared as sp_dn_equal does). Fills up to
 * `max` pointers that live as long as the index; returns how many there are.
 */
size_t sp_trust_find(const struct sp_trust *trust, struct sp_slice subject,
                     const struct sp_cert **out_certs, size_t max);
/* The anchor with the same octets as `cert`, or NULL; it lives as long as the index. */
const struct sp_cert *sp_trust_same(const struct sp_trust *trust, const struct sp_cert *cert);
/* True when this very certificate (same octets) is an anchor. */
bool sp_trust_has(const struct sp_trust *trust, const struct sp_cert *cert);

#endif
