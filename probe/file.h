/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that the user names, read whole. Nothing secret: see secret.h for that. */
#ifndef SP_PROBE_FILE_H
#define SP_PROBE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* What a kind of file is called, and what can be done about one that won't do. */
struct sp_file_kind {
    const char *what;      /* "the CA file" */
    const char *help;      /* "give a file with root certificates in PEM or DER" */
    const char *directory; /* what to do with a directory: "use --ca-dir for it" */
    const char *large;     /* what to do with too large a file: "split it" */
    size_t limit;          /* octets; a whole number of MiB */
};

/* Reads a regular file that is not empty. The caller frees; one octet is free behind the content. NULL:
 * error[0..size) says what is wrong with it and what to do, and errno is ENOMEM, EMFILE or ENFILE when it
 * was we who lacked something. */
uint8_t *sp_file_read(const struct sp_file_kind *kind, const char *path, size_t *out_len,
                      char *error, size_t size);

#endif
