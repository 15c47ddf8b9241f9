/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks judge. Each is a pure function of (evidence, options) that adds findings; none does I/O or
 * formats output. To add one: a file check_foo.c ending in one `const struct sp_check`, and a line in
 * list.h.
 */
#ifndef SP_CHECKS_CHECK_H
#define SP_CHECKS_CHECK_H

#include "probe/evidence.h"
#include "probe/reason.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_finding {
    enum sp_reason reason;
    enum sp_state state; /* OK = information */
    enum sp_phase phase; /* the stage */
    const char
        *message;     /* one line: what happened here, with the numbers; may quote the server raw */
    const char *hint; /* what to try next, or NULL: then the reason's `next` */
    bool has_depth;   /* it is about one certificate: */
    size_t depth;     /* its place in the chain as sent, 0 = the server's own */
    bool has_value;
    double value;
    const char *unit; /* "days", "s", or NULL */
};

struct sp_result {
    const struct sp_endpoint *endpoint;
    struct sp_evidence *evidence; /* owned; its arena holds the findings too. NULL never. */
    struct sp_finding *findings;  /* worst first, stable */
    size_t finding_count, finding_size;
    enum sp_state state;       /* the worst finding's */
    enum sp_reason reason;     /* that finding's; SP_REASON_OK on success */
    enum sp_phase phase;       /* that finding's; SP_PHASE_DONE on success */
    const char *message;       /* one line for people; never NULL */
    bool out_of_memory;        /* a finding could not be stored: state is then at least UNKNOWN */
    struct sp_finding scratch; /* what sp_result_add gives when memory is out */
};

/* What a check needs to have been gathered. A bit set. */
enum sp_need {
    SP_NEED_NONE = 0,
    SP_NEED_BANNER = 1u << 0,
    SP_NEED_EHLO = 1u << 1, /* an EHLO, LHLO or HELO was sent */
    SP_NEED_TLS = 1u << 2,  /* a handshake was begun */
    SP_NEED_CERTIFICATES = 1u << 3
};

struct sp_check {
    const char *name; /* "certificate" */
    const char *help; /* one line */
    unsigned needs;   /* without these facts `evaluate` is not called; what prevented them is a
                                finding of its own, so there is no silent OK */
    /* Says whether a failure with this reason in this phase is this check's to report. At most one
     * check may say yes; the registry reports what none claims. NULL: never. */
    bool (*owns)(enum sp_reason reason, enum sp_phase phase);
    /* Makes the one finding of such a failure. NULL: the wording of failure.h will do. */
    void (*fail)(const struct sp_evidence *evidence, const struct sp_options *options,
                 struct sp_result *result);
    /* Judges the facts, the failure left aside. NULL: there is nothing more to judge. */
    void (*evaluate)(const struct sp_evidence *evidence, const struct sp_options *options,
                     struct sp_result *result);
};

/* All checks in order, ended by NULL. */
extern const struct sp_check *const sp_checks[];

/* Tells before anything is probed whether one can judge by the options: today, whether --expect
 * compiles. False: error[0..size) holds one line for people. A target line with an --expect of its own
 * that doesn't becomes an invalid target. */
bool sp_checks_validate(const struct sp_options *options, struct sp_target_list *targets,
                        char *error, size_t size);

/* Adds a finding with the reason's default state. `format` gives the message. */
struct sp_finding *sp_result_add(struct sp_result *result, enum sp_reason reason,
                                 enum sp_phase phase, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with a state of the caller's. Never NULL: when memory is out a scratch finding is returned
 * and result->out_of_memory is set. The pointer is valid until the next finding is added. */
struct sp_finding *sp_result_add_state(struct sp_result *result, enum sp_reason reason,
                                       enum sp_state state, enum sp_phase phase, const char *format,
                                       ...) __attribute__((format(printf, 5, 6)));

/* Says which certificate the finding is about. */
void sp_finding_set_depth(struct sp_finding *finding, size_t depth);

/* What --verify makes of the state of a problem with the certificates: require = as it is, report =
 * WARNING at most, off = information. */
enum sp_state sp_state_by_verify(const struct sp_evidence *evidence, enum sp_state state);

/*
 * Runs all checks over the evidence (which the result then owns), sorts the findings and sets state,
 * reason, phase and message; what *result held before is overwritten. The endpoint, its options and
 * the evidence must be there. Never fails: without memory the state is UNKNOWN and the message says so.
 */
void sp_result_judge(struct sp_result *result, struct sp_evidence *evidence);
/* Frees the evidence and with it everything else. */
void sp_result_free(struct sp_result *result);

struct sp_report {
    struct sp_result *results; /* in the order of the targets (an endpoint per address with
                                      --all-addresses) */
    size_t count;
    enum sp_state state; /* worst of all */
    /* Counts those too that were lost for want of memory, so the sum may be above `count`. */
    size_t by_state[SP_STATE_COUNT];
};

#endif
