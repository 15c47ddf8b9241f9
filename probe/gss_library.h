/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MIT Kerberos' GSS-API (RFC 2744), loaded when a login asks for it and not before: its libraries would cost
 * every start of the program some time, and most machines have no Kerberos at all.
 */
#ifndef SP_PROBE_GSS_LIBRARY_H
#define SP_PROBE_GSS_LIBRARY_H

#include <gssapi/gssapi.h>

#include <stdbool.h>
#include <stddef.h>

struct sp_gss {
    __typeof__(gss_import_name) *import_name;
    __typeof__(gss_release_name) *release_name;
    __typeof__(gss_acquire_cred) *acquire_cred;
    __typeof__(gss_release_cred) *release_cred;
    __typeof__(gss_init_sec_context) *init_sec_context;
    __typeof__(gss_delete_sec_context) *delete_sec_context;
    __typeof__(gss_wrap) *wrap;
    __typeof__(gss_unwrap) *unwrap;
    __typeof__(gss_release_buffer) *release_buffer;
    __typeof__(gss_display_status) *display_status;
};

/* The library's functions, for the rest of the process. NULL: it can't be loaded, and error[0..size) says
 * why and what to install; the next call tries again. From any thread. */
const struct sp_gss *sp_gss_library(char *error, size_t size);
/* What the above does once, with any library: `file` as of dlopen(3). */
bool sp_gss_load(const char *file, struct sp_gss *out_gss, char *error, size_t size);

/* The names of things are constants of the standards, so none are asked from the library. */
extern const gss_OID_desc sp_gss_krb5;              /* RFC 4121 §1: the mechanism */
extern const gss_OID_desc sp_gss_hostbased_service; /* RFC 2744 §4.8 */
extern const gss_OID_desc sp_gss_user_name;         /* RFC 2744 §4.8 */

#endif
