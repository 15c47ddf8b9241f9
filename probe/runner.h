/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probes many endpoints on one loop: a window of sessions (--concurrency), at most some at one
 * address (--per-host) and a limit of new ones a second (--rate). Hands out facts; judges nothing.
 */
#ifndef SP_PROBE_RUNNER_H
#define SP_PROBE_RUNNER_H

#include "probe/credentials.h"
#include "probe/endpoint.h"
#include "probe/evidence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct sp_runner;

struct sp_runner_events {
    /* One endpoint's facts, in the order in which endpoints end; the receiver frees them; NULL
     * when there was no memory even for that. With --all-addresses a target gives one
     * evidence per address, else address_index is 0. */
    void (*done)(void *data, size_t target_index, size_t address_index,
                 struct sp_evidence *evidence);
    /* Every endpoint is done. */
    void (*finished)(void *data);
};

struct sp_runner_config {
    uv_loop_t *loop;
    const struct sp_options *options;  /* concurrency, per_host, rate, dns_server,
                                         ca_file, ca_dir */
    const struct sp_endpoint *targets; /* must outlive the runner and its evidences */
    size_t target_count;
    int64_t (*wall_ms)(void); /* Unix milliseconds */
    uint32_t run_timeout_ms; /* of all targets together; 0: none. When it is over, what is under way
                                 ends as by its own --timeout, and the rest is not begun */
    bool stop_on_signals; /* the first SIGINT or SIGTERM cancels, a second one ends the process */
    sp_credentials_ask *ask; /* for a password that no option names; NULL: nobody is asked */
    const struct sp_runner_events *events;
    void *data;
};

/*
 * Loads what the targets need (trust anchors, the resolver's configuration, TLS). NULL: error[0..size)
 * says what is wrong with the configuration and what to do about it. Nothing is probed yet.
 */
struct sp_runner *sp_runner_new(const struct sp_runner_config *config, char *error, size_t size);
/* Begins; the rest comes from the loop. */
void sp_runner_start(struct sp_runner *runner);
/* Ends what is under way and what has not begun with `cancelled`; every endpoint is still handed out. */
void sp_runner_cancel(struct sp_runner *runner);
/* Endpoints handed out so far, and those known by now. */
void sp_runner_progress(const struct sp_runner *runner, size_t *out_done, size_t *out_total);
/* After `finished`: closes the runner's handles. The loop has to run once more before sp_runner_free. */
void sp_runner_close(struct sp_runner *runner);
/* Frees the rest, trust anchors too: no evidence may be in use any more. NULL is allowed. */
void sp_runner_free(struct sp_runner *runner);

/* Whether others than its owner can read the client certificate's key: worth a warning. */
bool sp_runner_key_exposed(const struct sp_runner *runner);
/* The same of the file with the password or token. */
bool sp_runner_password_exposed(const struct sp_runner *runner);

#endif
