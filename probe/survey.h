/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions to a server beyond the one session: what would it choose from this offer? Each is asked on
 * a connection of its own, one after the other, by a ClientHello made by hand; the answer is read in
 * clear and the connection is closed. No key is exchanged and nothing secret is sent. Nothing here
 * changes evidence->failure.
 */
#ifndef SP_PROBE_SURVEY_H
#define SP_PROBE_SURVEY_H

#include "probe/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct sp_evidence;
struct sp_services;

enum sp_survey_question {
    SP_SURVEY_ANYTHING,     /* the session's offer was refused: every version and suite we know */
    SP_SURVEY_OLD_VERSIONS, /* only versions that --tls-policy doesn't allow, every suite */
    SP_SURVEY_WEAK_SUITES,  /* versions that it allows, only suites with broken parts */
    SP_SURVEY_OTHER_SUITES, /* the same with the other suites that it doesn't allow */
    SP_SURVEY_OTHER_GROUPS, /* versions and suites that it allows, only groups that it doesn't */
    SP_SURVEY_QUESTION_COUNT
};

enum sp_survey_outcome {
    SP_SURVEY_SKIPPED, /* not asked: see `detail` */
    SP_SURVEY_FAILED,  /* asked, and no answer that can be understood: see `reason` and `detail` */
    SP_SURVEY_REFUSED, /* the server took nothing of the offer: see `alert` */
    SP_SURVEY_ACCEPTED /* the server chose: see `version` and what follows it */
};

/* Strings are static or live in the evidence's arena. */
struct sp_survey {
    enum sp_survey_question question;
    enum sp_survey_outcome outcome;
    uint16_t version_min, version_max; /* offered, wire values: SSLv3 is 0x0300 */
    const char *offer; /* in words: "TLSv1.2 with suites that intermediate doesn't allow" */
    /* ACCEPTED */
    uint16_t version;         /* chosen */
    const char *version_text; /* "TLSv1.0"; NULL: a value without a name */
    uint16_t suite;
    const char *cipher; /* IANA name; NULL: a suite without one here */
    uint16_t group_number;
    const char *group; /* IANA name; NULL: unknown, or none was used */
    unsigned dh_bits;  /* the prime of a finite-field exchange up to TLS 1.2; 0: none or unknown */
    /* REFUSED, and also when ACCEPTED came behind a warning */
    int alert;              /* -1: none; of a server that just closed the connection too */
    const char *alert_text; /* "handshake_failure", or NULL */
    /* FAILED, SKIPPED */
    enum sp_reason reason; /* the word for it; SP_REASON_OK: none fits */
    const char *detail;    /* one line for people, may quote the server: sanitize on output */
    int64_t ns;            /* how long it took, from connecting on; 0 when skipped */
};

/* "anything", "old-versions", "weak-suites", "other-suites", "other-groups". */
const char *sp_survey_question_name(enum sp_survey_question question);
/* "skipped", "failed", "refused", "accepted". */
const char *sp_survey_outcome_name(enum sp_survey_outcome outcome);

struct sp_surveys_config {
    const struct sp_services *services;
    /* Of the session, which is over; gets `surveys`. Not used any more once `done` was called. */
    struct sp_evidence *evidence;
    const struct sockaddr_storage *addresses; /* the session's, with ports; copied */
    size_t address_count;
    const char *skip;              /* why nothing may be asked any more, or NULL */
    int64_t (*now_ns)(void *data); /* since the endpoint's start */
    void *data;
    void (*done)(void *data); /* evidence->surveys is complete; from the loop, or sp_surveys_stop */
};

struct sp_surveys;

/*
 * Plans what the evidence and --tls-policy call for, and starts to ask. NULL: nothing to ask (what could
 * have been asked stands in evidence->surveys as SKIPPED), and `done` is not called. Frees itself when
 * its handles are closed, which is after `done`.
 */
struct sp_surveys *sp_surveys_start(const struct sp_surveys_config *config);
/* Ends it: what has no answer yet becomes SKIPPED with this reason. Calls `done` from inside. */
void sp_surveys_stop(struct sp_surveys *surveys, const char *why);

#endif
