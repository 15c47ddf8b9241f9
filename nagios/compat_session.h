/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_smtp's command line as the engine wants it: one endpoint, its options, and what is to be said.
 *
 *   -r            PROXY TCP4 0.0.0.0 0.0.0.0 25 25
 *   always        LHLO, EHLO or HELO (sp_compat_hello_verb), and EHLO again behind STARTTLS
 *   -f A          MAIL FROM:<A>
 *   -C TEXT…      TEXT
 *   -A LOGIN      AUTH LOGIN, base64 of the user, base64 of the password
 *   always        QUIT
 *
 * From MAIL on only when greeting and hello were what -e asks for. The whole of -t is there for each
 * step. Without --strict no chain and no name is verified and no trust anchor is read.
 */
#ifndef SP_NAGIOS_COMPAT_SESSION_H
#define SP_NAGIOS_COMPAT_SESSION_H

#include "nagios/compat.h"
#include "probe/endpoint.h"
#include "probe/limits.h"
#include "probe/options.h"
#include "probe/script.h"
#include "probe/secret.h"

#include <stdbool.h>
#include <stddef.h>

/* Must not move: endpoint, options and script point at one another. */
struct sp_compat_session {
    const struct sp_compat *compat;
    struct sp_options options;
    struct sp_endpoint endpoint;
    struct sp_script script;
    struct sp_script_command commands[SP_LIMIT_COMMANDS];
    struct sp_secrets secrets;
    char *user, *password; /* in base64; malloc'd, wiped by sp_compat_session_free */
};

/*
 * Strings go into compat's arena. False: the host can't be one (*out_bad_host), or error[0..size) says
 * what can't be sent. Free with sp_compat_session_free in every case.
 */
bool sp_compat_session_init(struct sp_compat_session *session, const struct sp_compat *compat,
                            bool *out_bad_host, char *error, size_t size);
void sp_compat_session_free(struct sp_compat_session *session);

#endif
