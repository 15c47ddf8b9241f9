/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What check_smtp would say about the facts of a session: pure functions of (command line, evidence).
 *
 *   what happened                                        state     text
 *   the name has no address, or can't be a name          UNKNOWN   NAME: Invalid hostname/address - HOST
 *   no connection                                        CRITICAL  connect to address HOST and port N: WHY
 *   the time of -t is over, in whatever stage            -t        STATE - Socket timeout after N seconds
 *   no greeting, no reply to the hello                   WARNING   recv() failed
 *   another greeting than -e asks for                    WARNING   Invalid SMTP response received from host…
 *   hello or MAIL refused                                WARNING   invalid response received after …
 *   STARTTLS not listed                                  WARNING   WARNING - TLS not supported by server
 *   STARTTLS refused                                     UNKNOWN   Server does not support STARTTLS
 *   no TLS session                                       CRITICAL  CRITICAL - Cannot make SSL connection.
 *   no reply to the hello inside STARTTLS                UNKNOWN   SMTP UNKNOWN - Cannot read EHLO response…
 *   -R does not match                                    WARNING   SMTP WARNING - Invalid response 'REPLY'…
 *   AUTH: no reply to the first line; anything else      WARNING; CRITICAL
 *   QUIT could not be sent, all else was well            UNKNOWN   Connection closed by server before…
 *   -w, -c; only when all else was well                  WARNING; CRITICAL
 *
 * The worst of them counts. What ends check_smtp at once has no response time and no performance data.
 */
#ifndef SP_NAGIOS_COMPAT_VERDICT_H
#define SP_NAGIOS_COMPAT_VERDICT_H

#include "checks/check.h"
#include "nagios/compat.h"
#include "probe/buf.h"
#include "probe/evidence.h"

#include <stdbool.h>

/* Texts are raw: they may quote the server. */
struct sp_compat_verdict {
    enum sp_state state;         /* the worst of the two below */
    enum sp_state session_state; /* of all but the certificate's dates */
    struct sp_buf lines;  /* lines of their own with line ends, in the order they are printed */
    bool response_time;   /* the line "SMTP STATE - … response time|time=…" follows */
    struct sp_buf errors; /* what stands in it before the time: "… after MAIL, " */
    bool usage;           /* the usage follows */
    enum sp_state certificate_state;
    const char *certificate; /* -D: the line about its dates (compat_certificate.h), or NULL */
    bool out_of_memory;
};

/* True when the user name and the password may be sent: always, but with --strict only inside TLS with
 * a verified certificate. */
bool sp_compat_may_login(const struct sp_compat *compat, const struct sp_evidence *evidence);
/* The same for all commands behind the hello: they wait for that where there is a login among them, by -A
 * or by -C. */
bool sp_compat_may_command(const struct sp_compat *compat, const struct sp_evidence *evidence);

/* What the server is greeted with: "LHLO" with -L, "EHLO" with STARTTLS or -A, else "HELO". */
const char *sp_compat_hello_verb(const struct sp_compat *compat);

/* `strict`: the native verdict on the same evidence, for --strict; else NULL. Free with
 * sp_compat_verdict_free. */
void sp_compat_judge(const struct sp_compat *compat, const struct sp_evidence *evidence,
                     const struct sp_result *strict, struct sp_compat_verdict *out_verdict);
void sp_compat_verdict_free(struct sp_compat_verdict *verdict);

#endif
