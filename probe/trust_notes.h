/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What OpenSSL notes behind the certificate of a "TRUSTED CERTIFICATE" block: what the owner of the store
 * trusts it for, and what not. Distributions take roots out of use by such notes.
 */
#ifndef SP_PROBE_TRUST_NOTES_H
#define SP_PROBE_TRUST_NOTES_H

#include "probe/der.h"

enum sp_trust_note {
    SP_TRUST_NOTE_GOOD,  /* no notes, or none against its use for TLS servers */
    SP_TRUST_NOTE_OTHER, /* it is trusted for other uses only, or not for this one */
    SP_TRUST_NOTE_BROKEN /* there is something, and it can't be read: that must not mean yes */
};

/* `octets` are those of the block. *out_der is the certificate's part of them: all of them when no DER
 * value is there. */
enum sp_trust_note sp_trust_notes_read(struct sp_slice octets, struct sp_slice *out_der);

#endif
