/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All facts of one probed endpoint, and nothing but facts: no severities, no sentences for people except
 * the details of failures. The evidence owns its arena; nothing in it points anywhere else but into the
 * endpoint, the trust index and static data. Partial evidence is kept when a probe fails.
 */
#ifndef SP_PROBE_EVIDENCE_H
#define SP_PROBE_EVIDENCE_H

#include "probe/arena.h"
#include "probe/crl.h"
#include "probe/endpoint.h"
#include "probe/ocsp.h"
#include "probe/path.h"
#include "probe/phase.h"
#include "probe/pin.h"
#include "probe/reason.h"
#include "probe/survey.h"
#include "probe/text.h"
#include "probe/tls.h"
#include "probe/transcript.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a server did that the grammar of replies doesn't allow, or only just. A bit set. */
enum sp_quirk {
    SP_QUIRK_BARE_LF = 1u << 0,      /* a line ended in LF without CR */
    SP_QUIRK_BARE_CR = 1u << 1,      /* a CR inside a line */
    SP_QUIRK_CODE_ONLY = 1u << 2,    /* the last line is a code without text: allowed */
    SP_QUIRK_NUL = 1u << 3,          /* a NUL octet */
    SP_QUIRK_CONTROL = 1u << 4,      /* other control characters than HT */
    SP_QUIRK_NON_UTF8 = 1u << 5,     /* octets that are not UTF-8 */
    SP_QUIRK_LONG_LINE = 1u << 6,    /* a line of more than 512 octets, RFC 5321 §4.5.3.1.5 */
    SP_QUIRK_MIXED_CODES = 1u << 7,  /* lines of one reply with different codes */
    SP_QUIRK_NO_SEPARATOR = 1u << 8, /* neither space nor hyphen behind the code */
    SP_QUIRK_NON_ASCII = 1u << 9,    /* UTF-8 beyond ASCII */
    SP_QUIRK_COUNT = 10
};
/* "bare-lf" and so on for bit index 0..SP_QUIRK_COUNT-1. */
const char *sp_quirk_name(unsigned index);

struct sp_reply {
    enum sp_phase phase;
    int64_t ns;            /* from the command's sending (or the phase's start) to the last octet */
    int code;              /* of the last line */
    struct sp_text *lines; /* text behind code and separator, without line end */
    size_t line_count;
    const char *enhanced; /* "2.7.0" where RFC 2034 allows and all lines agree, else NULL */
    unsigned quirks;      /* enum sp_quirk bits */
    struct sp_text raw;   /* all octets of the reply when quirks other than code-only/long-line are
                                 set (then at most 1024 of them), else empty */
};

struct sp_capability {
    const char *keyword;    /* upper case ASCII, safe to print */
    struct sp_text *params; /* raw words */
    size_t param_count;
};

enum sp_size_state { SP_SIZE_ABSENT, SP_SIZE_VALID, SP_SIZE_INVALID };

/* One EHLO/LHLO/HELO exchange. The one before TLS and the one inside are two facts. */
struct sp_ehlo {
    bool tried;                  /* the command was sent */
    bool ok;                     /* 250 */
    bool helo;                   /* HELO was sent, first or as the way out: no capabilities */
    struct sp_capability *items; /* in the order sent; unknown keywords kept */
    size_t count;
    bool cut; /* more than SP_LIMIT_CAPABILITIES */
    enum sp_size_state size_state;
    uint64_t size;     /* of SIZE; 0 = no fixed limit (RFC 1870 §4) */
    const char **auth; /* mechanisms, upper case; AUTH= form included */
    size_t auth_count;
};

struct sp_span {
    int64_t start_ns; /* since the endpoint's start; -1: not tried */
    int64_t ns;       /* duration; for a phase that failed: until the failure */
};

enum sp_auth_result {
    SP_AUTH_NONE,      /* no login was asked for, or the session ended before its turn */
    SP_AUTH_OK,        /* 235, and the server proved itself where the mechanism has it do so */
    SP_AUTH_REJECTED,  /* for good: 5xx */
    SP_AUTH_TEMPORARY, /* for now: 4xx */
    SP_AUTH_SKIPPED,   /* nothing was sent: see reason */
    SP_AUTH_UNKNOWN    /* broken off, or not to be believed: see reason */
};

/* The one login of a session, RFC 4954. */
struct sp_auth {
    enum sp_auth_result result;
    const char *mechanism;       /* upper case; NULL: none was chosen */
    const char *channel_binding; /* "tls-exporter"; NULL: not bound to TLS */
    enum sp_reason reason;       /* why the login did not work; SP_REASON_OK: it did, or none */
    const char *detail;          /* one line on that, or NULL; may quote the server: raw, masked */
    const char
        *server_said; /* decoded from a challenge: an error of OAuth or SCRAM; raw; or NULL */
    const struct sp_reply *reply; /* the server's verdict: 235, 535 and so on; NULL: none */
    unsigned rounds;              /* challenges of the server */
    unsigned iterations;          /* SCRAM's i=; 0: not SCRAM */
    bool computing;               /* the session ended while our own answer was being computed */
    bool server_proven;           /* the server showed that it knows the secret too */
    bool exposed;                 /* password or token went out without TLS to a proven server */
};

struct sp_attempt { /* a connection attempt that did not become the session's */
    const char *ip;
    enum sp_reason reason; /* connect-*; cancelled when another address won the race */
    int64_t ns;
};

struct sp_failure { /* why the session ended early; reason SP_REASON_OK: it didn't */
    enum sp_reason reason;
    enum sp_phase phase;
    const char *detail; /* one line, may quote the server: raw, sanitize on output */
    int sys_errno;      /* 0: none */
};

struct sp_evidence {
    struct sp_arena *arena;
    const struct sp_endpoint *endpoint;
    int64_t started_ms; /* wall clock, Unix milliseconds, read once */
    int64_t total_ns;
    struct sp_span spans[SP_PHASE_TIMED_COUNT];
    struct sp_failure failure;
    int64_t run_limit_ns; /* the whole run's time, when it ended this endpoint; else 0 */

    bool resolved;          /* a lookup was made and gave addresses */
    const char *canonical;  /* CNAME target, or NULL */
    const char **addresses; /* all addresses the lookup gave */
    size_t address_count;
    struct sp_attempt *attempts;
    size_t attempt_count;
    const char *ip;        /* connected peer; the last one tried when none could be; or NULL */
    int family;            /* AF_INET, AF_INET6, AF_UNIX, 0 */
    const char *ehlo_name; /* the name that was or would be sent */

    bool early_talker; /* octets beyond a complete reply when we had not yet sent anything */
    const struct sp_reply *banner;         /* NULL: none complete */
    struct sp_ehlo plain, tls_ehlo;        /* implicit TLS: only tls_ehlo */
    bool starttls_tried, starttls_offered; /* offered in the EHLO before TLS */
    int starttls_code;                     /* 0: no reply */
    size_t starttls_leftover;              /* octets behind the reply to STARTTLS */
    struct sp_tls_facts tls;
    struct sp_verify verify;
    struct sp_ocsp ocsp; /* of the staple */
    /* crl_answers[i] is about verify.path[i]; without --crl-file, and without an anchor, there are none */
    struct sp_crl_answer *crl_answers;
    size_t crl_answer_count;
    struct sp_pin_facts pin;
    /* What the server would do with other offers, in the order asked. */
    struct sp_survey *surveys;
    size_t survey_count;
    /* Of options->script: answers[i] is the reply to its commands[i]. Points into `replies`. */
    const struct sp_reply **answers;
    size_t answer_count;
    struct sp_auth auth;
    const struct sp_reply *quit;
    int quit_errno;           /* why QUIT could not be sent; 0: it was, or its turn did not come */
    struct sp_reply *replies; /* in order */
    size_t reply_count;
    struct sp_transcript transcript;
};

/* A new evidence with its own arena, every span "not tried". NULL: out of memory. */
struct sp_evidence *sp_evidence_new(const struct sp_endpoint *endpoint);
/* Frees the arena and with it the evidence. NULL is allowed. */
void sp_evidence_free(struct sp_evidence *evidence);
/* Records the first failure; later ones are ignored. `detail` is copied. */
void sp_evidence_fail(struct sp_evidence *evidence, enum sp_reason reason, enum sp_phase phase,
                      int sys_errno, const char *detail);
/* The capability with this upper-case keyword, or NULL. */
const struct sp_capability *sp_ehlo_find(const struct sp_ehlo *ehlo, const char *keyword);
/* The EHLO that counts for the user: inside TLS when there was one, else before. */
const struct sp_ehlo *sp_evidence_ehlo(const struct sp_evidence *evidence);

#endif
