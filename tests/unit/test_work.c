/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work off the loop: done, abandoned before, while and after it runs; in the pool and in its own thread. */
#include "probe/work.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* A job that runs until it is let go or cancelled. */
struct probe_job {
    atomic_bool started, go_on, cancelled, deaf, clings;
    atomic_uint runs, releasing, released, done;
    pthread_t thread;
};

static void rest(void)
{
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
}

static void run(void *job)
{
    struct probe_job *self = job;
    self->thread = pthread_self();
    atomic_fetch_add(&self->runs, 1);
    atomic_store(&self->started, true);
    while (!atomic_load(&self->go_on) &&
           (atomic_load(&self->deaf) || !atomic_load(&self->cancelled)))
        rest();
}

static void cancel(void *job)
{
    struct probe_job *self = job;
    atomic_store(&self->cancelled, true);
}

static void release(void *job)
{
    struct probe_job *self = job;
    atomic_fetch_add(&self->releasing, 1);
    while (atomic_load(&self->clings))
        rest();
    atomic_fetch_add(&self->released, 1);
}

static void done(void *owner)
{
    struct probe_job *self = owner;
    atomic_fetch_add(&self->done, 1);
}

static struct sp_work *start(uv_loop_t *loop, struct probe_job *self, bool waits)
{
    const struct sp_work_job job = {run, cancel, release, done, self, self, waits};
    struct sp_work *work = sp_work_start(loop, &job);
    assert_non_null(work);
    return work;
}

static void await(atomic_bool *flag)
{
    for (int i = 0; i < 20000 && !atomic_load(flag); i++)
        rest();
    assert_true(atomic_load(flag));
}

static void await_count(atomic_uint *count, unsigned wanted)
{
    for (int i = 0; i < 20000 && atomic_load(count) < wanted; i++)
        rest();
    assert_int_equal(atomic_load(count), wanted);
}

static void await_none_left(void)
{
    for (int i = 0; i < 20000 && sp_work_is_left_behind(); i++)
        rest();
    assert_false(sp_work_is_left_behind());
}

static void close_loop(uv_loop_t *loop)
{
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void test_done(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        uv_loop_t loop;
        struct probe_job self = {.go_on = true};
        assert_int_equal(uv_loop_init(&loop), 0);
        start(&loop, &self, waits);
        close_loop(&loop);
        assert_int_equal(self.runs, 1);
        assert_int_equal(self.done, 1);
        assert_int_equal(self.released, 0);
        assert_false(pthread_equal(self.thread, pthread_self()));
        assert_false(sp_work_is_left_behind());
    }
}

/* While it runs: the owner hears nothing, and the job is released when it has ended. */
static void test_abandoned(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        uv_loop_t loop;
        struct probe_job self = {0};
        assert_int_equal(uv_loop_init(&loop), 0);
        struct sp_work *work = start(&loop, &self, waits);
        await(&self.started);
        sp_work_abandon(work);
        assert_true(self.cancelled);
        close_loop(&loop);
        await_count(&self.released, 1);
        assert_int_equal(self.done, 0);
        await_none_left();
    }
}

/* One that hears nothing is left behind: the loop ends without it. */
static void test_left_behind(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct probe_job self = {.deaf = true, .clings = true};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct sp_work *work = start(&loop, &self, true);
    await(&self.started);
    sp_work_abandon(work);
    close_loop(&loop);
    assert_int_equal(self.releasing, 0);
    assert_true(sp_work_is_left_behind());
    atomic_store(&self.go_on, true);
    await_count(&self.releasing, 1);
    assert_true(sp_work_is_left_behind()); /* releasing may be a library's work too */
    atomic_store(&self.clings, false);
    await_count(&self.released, 1);
    await_none_left();
    assert_int_equal(self.done, 0);
}

/* It has ended, and the loop doesn't know yet. */
static void test_abandoned_late(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        uv_loop_t loop;
        struct probe_job self = {.go_on = true};
        assert_int_equal(uv_loop_init(&loop), 0);
        struct sp_work *work = start(&loop, &self, waits);
        await(&self.started);
        for (int i = 0; i < 20; i++)
            rest();
        sp_work_abandon(work);
        close_loop(&loop);
        await_count(&self.released, 1);
        assert_int_equal(self.done, 0);
        await_none_left();
    }
}

/* Behind others in the pool: it never runs, and is released all the same. */
static void test_abandoned_in_the_queue(void **state)
{
    (void)state;
    uv_loop_t loop;
    static struct probe_job before[1024];
    struct sp_work *works[1024];
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < 1024; i++)
        works[i] = start(&loop, &before[i], false);
    for (size_t i = 1024; i-- > 0;)
        sp_work_abandon(works[i]);
    close_loop(&loop);
    unsigned runs = 0;
    for (size_t i = 0; i < 1024; i++) {
        assert_int_equal(before[i].released, 1);
        assert_int_equal(before[i].done, 0);
        runs += before[i].runs;
    }
    assert_in_range(runs, 0, 1023);
}

/* A thread for each that waits, so that one is not behind the other. */
static void test_waiting_side_by_side(void **state)
{
    (void)state;
    uv_loop_t loop;
    static struct probe_job jobs[40];
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < 40; i++)
        start(&loop, &jobs[i], true);
    for (size_t i = 0; i < 40; i++)
        await(&jobs[i].started);
    for (size_t i = 0; i < 40; i++)
        atomic_store(&jobs[i].go_on, true);
    close_loop(&loop);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(jobs[i].done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_abandoned_late),
        cmocka_unit_test(test_abandoned_in_the_queue),
        cmocka_unit_test(test_waiting_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
