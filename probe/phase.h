/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stages of a probe. The first ones have wall time of their own; the last ones only findings. */
#ifndef SP_PROBE_PHASE_H
#define SP_PROBE_PHASE_H

#include <stdbool.h>

enum sp_phase {
    SP_PHASE_RESOLVE,
    SP_PHASE_CONNECT,
    SP_PHASE_PROXY,
    SP_PHASE_BANNER,
    SP_PHASE_EHLO,
    SP_PHASE_STARTTLS,
    SP_PHASE_TLS,
    SP_PHASE_EHLO_TLS,
    SP_PHASE_AUTH,
    SP_PHASE_MAIL,
    SP_PHASE_RCPT,
    SP_PHASE_DATA,
    SP_PHASE_QUIT,
    SP_PHASE_TIMED_COUNT,
    SP_PHASE_TOTAL = SP_PHASE_TIMED_COUNT, /* for thresholds only */
    SP_PHASE_VERIFY,
    SP_PHASE_POLICY,
    SP_PHASE_CONFIG, /* before anything was tried: a bad target, a missing credential */
    SP_PHASE_DONE,
    SP_PHASE_COUNT
};

struct sp_phase_info {
    const char *name;  /* the word in JSON, metrics and options: "ehlo_tls" */
    const char *doing; /* completes "timed out …": "while waiting for the banner" */
};

/* Never NULL for a valid phase. */
const struct sp_phase_info *sp_phase_info(enum sp_phase phase);
/* The phase with this name among the timed ones and "total"; false: no such phase. */
bool sp_phase_from_name(const char *name, enum sp_phase *out_phase);

#endif
