/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar:
 *
 *   block    = certificate [notes]
 *   notes    = SEQUENCE { [trusted], [rejected], *ANY }   ; ANY: a name, a key identifier, more
 *   trusted  = SEQUENCE OF OID                            ; for all, when it is not there
 *   rejected = [0] OF OID
 */
#include "probe/trust_notes.h"

#include <stdbool.h>

/* id-kp-serverAuth or anyExtendedKeyUsage (RFC 5280 §4.2.1.12). */
static bool is_our_use(struct sp_slice oid)
{
    static const uint8_t server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
    static const uint8_t any[] = {0x55, 0x1d, 0x25, 0x00};
    return sp_slice_equal(oid, (struct sp_slice){server_auth, sizeof server_auth}) ||
           sp_slice_equal(oid, (struct sp_slice){any, sizeof any});
}

/* Reads a list of uses if it is next. False: it is broken. */
static bool read_uses(struct sp_der *notes, unsigned tag, bool *out_there, bool *out_ours)
{
    struct sp_der uses;
    struct sp_der_value oid;
    *out_ours = false;
    *out_there = sp_der_peek(notes) == tag;
    if (!*out_there) {
        return true;
    }
    if (!sp_der_enter(notes, tag, &uses)) {
        return false;
    }
    while (sp_der_expect(&uses, SP_DER_OID, &oid)) {
        *out_ours = *out_ours || is_our_use(oid.content);
    }
    return sp_der_done(&uses);
}

enum sp_trust_note sp_trust_notes_read(struct sp_slice octets, struct sp_slice *out_der)
{
    struct sp_der reader, notes;
    struct sp_der_value value;
    bool only_some, trusted, some_rejected, rejected;
    *out_der = octets;
    sp_der_init(&reader, octets);
    if (!sp_der_read(&reader, &value)) {
        return SP_TRUST_NOTE_GOOD; /* the certificate itself is broken; its reader will say so */
    }
    *out_der = value.whole;
    if (sp_der_done(&reader)) {
        return SP_TRUST_NOTE_GOOD;
    }
    if (!sp_der_enter(&reader, SP_DER_SEQUENCE, &notes) || !sp_der_done(&reader) ||
        !read_uses(&notes, SP_DER_SEQUENCE, &only_some, &trusted) ||
        !read_uses(&notes, SP_DER_CONTEXT_CONSTRUCTED(0), &some_rejected, &rejected)) {
        return SP_TRUST_NOTE_BROKEN;
    }
    while (sp_der_read(&notes, &value)) {
        /* its name and the like */
    }
    if (!sp_der_done(&notes)) {
        return SP_TRUST_NOTE_BROKEN;
    }
    return rejected || (only_some && !trusted) ? SP_TRUST_NOTE_OTHER : SP_TRUST_NOTE_GOOD;
}
