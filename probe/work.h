/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work that takes long, done off the loop. What computes shares libuv's pool; what may wait for others (a
 * Kerberos server) gets a thread of its own, so that it can hold up nobody and is left behind when its
 * time is over.
 */
#ifndef SP_PROBE_WORK_H
#define SP_PROBE_WORK_H

#include <stdbool.h>
#include <uv.h>

struct sp_work;

struct sp_work_job {
    void (*run)(void *job);    /* in another thread */
    void (*cancel)(void *job); /* from the loop, while `run` may be under way: it should end soon */
    void (*release)(void *job); /* after it was abandoned and has ended; from any thread */
    void (*done)(
        void *owner); /* from the loop, unless it was abandoned; the job is the owner's again */
    void *job, *owner;
    bool waits; /* for others, perhaps for long */
};

/* The job is the work's until `done`. NULL: no thread or memory can be had; then the job is still the
 * caller's. Must be called from the loop, as all here. */
struct sp_work *sp_work_start(uv_loop_t *loop, const struct sp_work_job *job);
/* Cancels; neither `done` is called any more nor the owner looked at. The job is released when it has
 * ended. */
void sp_work_abandon(struct sp_work *work);
/*
 * Whether an abandoned job still runs in a thread of its own, or is being released there. The process may
 * end then, but without the clean-up of libraries that the thread is in the middle of: by _exit.
 */
bool sp_work_is_left_behind(void);

#endif
