/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/work.h"

#include "probe/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct sp_work {
    struct sp_work_job job;
    bool abandoned; /* a thread of its own looks at it under `lock` */
    union {
        uv_work_t request;
        struct {
            uv_async_t ended; /* the thread's word to the loop */
            pthread_mutex_t lock;
            unsigned holders; /* the thread, and the loop until the handle is closed */
        } own;
    } by;
};

static atomic_uint threads, left_behind;

bool sp_work_is_left_behind(void)
{
    return atomic_load(&left_behind) > 0;
}

/* --- in libuv's pool -------------------------------------------------------------------------- */

static void run_request(uv_work_t *request)
{
    struct sp_work *work = request->data;
    work->job.run(work->job.job);
}

static void on_request_ended(uv_work_t *request, int status)
{
    struct sp_work *work = request->data;
    (void)status; /* UV_ECANCELED comes only after it was abandoned */
    if (work->abandoned)
        work->job.release(work->job.job);
    else
        work->job.done(work->job.owner);
    free(work);
}

static bool start_request(struct sp_work *work, uv_loop_t *loop)
{
    work->by.request.data = work;
    return uv_queue_work(loop, &work->by.request, run_request, on_request_ended) == 0;
}

/* --- in a thread of its own ------------------------------------------------------------------- */

static void let_go(struct sp_work *work)
{
    pthread_mutex_lock(&work->by.own.lock);
    bool last = --work->by.own.holders == 0;
    pthread_mutex_unlock(&work->by.own.lock);
    if (!last)
        return;
    bool abandoned = work->abandoned;
    if (abandoned)
        work->job.release(work->job.job);
    pthread_mutex_destroy(&work->by.own.lock);
    free(work);
    if (abandoned)
        atomic_fetch_sub(&left_behind, 1);
}

static void on_ended_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

static void on_ended(uv_async_t *ended)
{
    struct sp_work *work = ended->data;
    uv_close((uv_handle_t *)ended, on_ended_closed);
    work->job.done(work->job.owner);
}

/* The handle is closed under the same lock that its use here is under: see sp_work_abandon. */
static void *run_thread(void *argument)
{
    struct sp_work *work = argument;
    work->job.run(work->job.job);
    pthread_mutex_lock(&work->by.own.lock);
    if (!work->abandoned)
        uv_async_send(&work->by.own.ended);
    pthread_mutex_unlock(&work->by.own.lock);
    let_go(work);
    atomic_fetch_sub(&threads, 1);
    return NULL;
}

static bool create_thread(struct sp_work *work)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool good = pthread_create(&thread, &attributes, run_thread, work) == 0;
    pthread_attr_destroy(&attributes);
    return good;
}

/* Only frees: there was never a thread, and the job stays its owner's. */
static void on_unused_closed(uv_handle_t *handle)
{
    struct sp_work *work = handle->data;
    pthread_mutex_destroy(&work->by.own.lock);
    free(work);
}

/* False: `work` is freed, or will be once the loop has closed its handle. */
static bool start_thread(struct sp_work *work, uv_loop_t *loop)
{
    work->by.own.ended.data = work;
    work->by.own.holders = 2;
    if (pthread_mutex_init(&work->by.own.lock, NULL) != 0) {
        free(work);
        return false;
    }
    if (uv_async_init(loop, &work->by.own.ended, on_ended) != 0) {
        pthread_mutex_destroy(&work->by.own.lock);
        free(work);
        return false;
    }
    if (atomic_fetch_add(&threads, 1) < SP_LIMIT_WORK_THREADS && create_thread(work))
        return true;
    atomic_fetch_sub(&threads, 1);
    uv_close((uv_handle_t *)&work->by.own.ended, on_unused_closed);
    return false;
}

/* --- both ------------------------------------------------------------------------------------- */

struct sp_work *sp_work_start(uv_loop_t *loop, const struct sp_work_job *job)
{
    struct sp_work *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->job = *job;
    if (job->waits)
        return start_thread(work, loop) ? work : NULL;
    if (!start_request(work, loop)) {
        free(work);
        return NULL;
    }
    return work;
}

void sp_work_abandon(struct sp_work *work)
{
    work->job.cancel(work->job.job);
    if (!work->job.waits) {
        work->abandoned = true;
        uv_cancel((uv_req_t *)&work->by.request); /* fails once it has begun; then it ends soon */
        return;
    }
    pthread_mutex_lock(&work->by.own.lock);
    work->abandoned = true;
    atomic_fetch_add(&left_behind, 1);
    uv_close((uv_handle_t *)&work->by.own.ended, on_ended_closed);
    pthread_mutex_unlock(&work->by.own.lock);
}
