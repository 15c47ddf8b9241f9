/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From "the TLS library returned an error" to a reason and a sentence. Part of probe/tls.c. */
#ifndef SP_PROBE_TLS_EXPLAIN_H
#define SP_PROBE_TLS_EXPLAIN_H

#include "probe/arena.h"
#include "probe/tls.h"

#include <stdbool.h>
#include <stdint.h>

/* What is known at the moment of a failure, beside the facts. */
struct sp_tls_fault {
    int code;         /* wolfSSL's error, negative */
    int saved_errno;  /* errno behind the call, 0 when the call didn't set it */
    bool handshake;   /* false: it happened behind the handshake */
    bool eof;         /* the library asked for octets behind the server's end of file */
    bool silent;      /* not one octet has come */
    bool fatal_alert; /* the library stopped because of the alert in the facts */
    bool output_full; /* our own buffer for ciphertext overflowed */
    bool identity;    /* we have a client certificate */
    uint16_t version_min, version_max; /* offered */
};

/* Never gives SP_REASON_OK; `detail` is never NULL and safe to print. */
struct sp_tls_failure sp_tls_explain(struct sp_arena *arena, const struct sp_tls_facts *facts,
                                     const struct sp_tls_fault *fault);

#endif
