/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/phase.h"

#include <string.h>

static const struct sp_phase_info infos[SP_PHASE_COUNT] = {
    [SP_PHASE_RESOLVE] = {"resolve", "while looking up the name"},
    [SP_PHASE_CONNECT] = {"connect", "while connecting"},
    [SP_PHASE_PROXY] = {"proxy", "while asking the proxy"},
    [SP_PHASE_BANNER] = {"banner", "while waiting for the banner"},
    [SP_PHASE_EHLO] = {"ehlo", "while waiting for the reply to EHLO"},
    [SP_PHASE_STARTTLS] = {"starttls", "while waiting for the reply to STARTTLS"},
    [SP_PHASE_TLS] = {"tls", "during the TLS handshake"},
    [SP_PHASE_EHLO_TLS] = {"ehlo_tls", "while waiting for the reply to EHLO inside TLS"},
    [SP_PHASE_AUTH] = {"auth", "during authentication"},
    [SP_PHASE_MAIL] = {"mail", "while waiting for the reply to MAIL"},
    [SP_PHASE_RCPT] = {"rcpt", "while waiting for the reply to RCPT"},
    [SP_PHASE_DATA] = {"data", "while sending the message"},
    [SP_PHASE_QUIT] = {"quit", "while waiting for the reply to QUIT"},
    [SP_PHASE_TOTAL] = {"total", "in all"},
    [SP_PHASE_VERIFY] = {"verify", "while verifying the certificate"},
    [SP_PHASE_POLICY] = {"policy", "while checking the policy"},
    [SP_PHASE_CONFIG] = {"config", "before anything was tried"},
    [SP_PHASE_DONE] = {"done", "after the last step"},
};

const struct sp_phase_info *sp_phase_info(enum sp_phase phase)
{
    return &infos[phase];
}

bool sp_phase_from_name(const char *name, enum sp_phase *out_phase)
{
    for (int i = 0; i <= SP_PHASE_TOTAL; i++) {
        if (strcmp(infos[i].name, name) == 0) {
            *out_phase = (enum sp_phase)i;
            return true;
        }
    }
    return false;
}
