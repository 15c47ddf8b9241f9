/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --pin: the server must show a certificate or key that was named. Whoever gives a pin wants to know, so it
 * counts in full whatever --verify says of chains and names: a pin with --verify off is how one asks for the
 * pin alone. And where no certificate came to be seen, because the session went on without TLS, that is no
 * better than a wrong one.
 */
#include "checks/failure.h"

#include <stdio.h>

static void evaluate(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result)
{
    const struct sp_pins *pins = &options->pins;
    const struct sp_cert *cert = evidence->tls.certs;
    if (pins->count == 0 || evidence->pin.matched)
        return;
    if (!evidence->pin.tested) {
        if (sp_stayed_without_tls(evidence))
            sp_result_add(result, SP_REASON_CERTIFICATE_PIN_MISMATCH, SP_PHASE_VERIFY,
                          "the session stayed without TLS, so there was no certificate to "
                          "compare with the pin")
                ->hint = "Find out why there is no TLS; where it must not be missing, probe with "
                         "--tls starttls or --tls implicit.";
        return;
    }
    struct sp_finding *finding = sp_result_add(
        result, SP_REASON_CERTIFICATE_PIN_MISMATCH, SP_PHASE_VERIFY,
        "the server's certificate is %s: it is sha256:%s with the key spki:%s",
        pins->count == 1 ? "not the pinned one" : "none of the pinned ones", cert->sha256,
        cert->spki_sha256[0] != '\0' ? cert->spki_sha256 : "(not readable)");
    sp_finding_set_depth(finding, 0);
}

const struct sp_check sp_check_pin = {
    .name = "pin",
    .help = "whether the server shows the certificate or key that --pin names",
    .needs = SP_NEED_NONE,
    .evaluate = evaluate,
};
