/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   version   extended master secret   binding                 source
 *   1.3       (always)                 tls-exporter            RFC 9266 §2
 *   up to 1.2 yes                      tls-unique              RFC 5929 §3, RFC 7627 §1
 *   up to 1.2 no                       tls-server-end-point    RFC 5929 §4
 *
 * Without RFC 7627 two sessions can be made to have the same Finished messages (the triple handshake), so
 * tls-unique would bind to nothing then.
 */
#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include "probe/crypto.h"
#include "probe/tls_private.h"

#include <string.h>

#define EXPORTER_LABEL "EXPORTER-Channel-Binding"
#define EXPORTER_LEN 32u

static bool bind_exporter(struct sp_tls *tls, struct sp_binding *binding)
{
    binding->len = EXPORTER_LEN;
    return wolfSSL_export_keying_material(tls->wolf, binding->data, EXPORTER_LEN, EXPORTER_LABEL,
                                          strlen(EXPORTER_LABEL), NULL, 0, 0) == WOLFSSL_SUCCESS;
}

/* Nothing is ever resumed, so the first Finished message is ours. */
static bool bind_unique(struct sp_tls *tls, struct sp_binding *binding)
{
    binding->len = wolfSSL_get_finished(tls->wolf, binding->data, sizeof binding->data);
    return binding->len > 0 && binding->len <= sizeof binding->data;
}

/* The hash of the certificate's signature, but nothing below SHA-256; RFC 5929 leaves open what goes for
 * signatures without a hash, so there is no binding for those. */
static bool bind_end_point(const struct sp_tls *tls, struct sp_binding *binding)
{
    if (tls->facts.cert_count == 0 || !tls->facts.certs[0].parsed)
        return false;
    const struct sp_cert *leaf = &tls->facts.certs[0];
    bool weak = leaf->sig_hash == SP_HASH_MD5 || leaf->sig_hash == SP_HASH_SHA1;
    return sp_crypto_hash(weak ? SP_HASH_SHA256 : leaf->sig_hash, leaf->der, binding->data,
                          &binding->len);
}

struct sp_binding sp_tls_binding(struct sp_tls *tls)
{
    struct sp_binding binding = {.type = SP_BINDING_NONE};
    bool good;
    if (tls->state != SP_TLS_STATE_UP)
        return binding;
    if (tls->facts.version >= SP_TLS_1_3) {
        binding.type = SP_BINDING_TLS_EXPORTER;
        good = bind_exporter(tls, &binding);
    } else if (tls->facts.extended_master_secret) {
        binding.type = SP_BINDING_TLS_UNIQUE;
        good = bind_unique(tls, &binding);
    } else {
        binding.type = SP_BINDING_TLS_SERVER_END_POINT;
        good = bind_end_point(tls, &binding);
    }
    return good ? binding : (struct sp_binding){.type = SP_BINDING_NONE};
}
