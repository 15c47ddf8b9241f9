/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_A_ROUND = 128, HEAP_MAX = 1 << 16 };

static int epoll_fd = -1;
static struct ts_timer **heap; /* heap[1] is the earliest */
static int heap_count;
struct later {
    void (*run)(void *with);
    void *with;
};

static struct later *garbage;
static size_t garbage_count, garbage_room;

int ts_loop_open(void)
{
    heap = calloc(HEAP_MAX, sizeof(struct ts_timer *));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return heap != NULL && epoll_fd >= 0 ? 0 : -1;
}

static int control(int operation, struct ts_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};
    return epoll_ctl(epoll_fd, operation, watch->fd, &event);
}

int ts_loop_watch(struct ts_watch *watch, uint32_t events)
{
    return control(EPOLL_CTL_ADD, watch, events);
}

int ts_loop_change(struct ts_watch *watch, uint32_t events)
{
    return control(EPOLL_CTL_MOD, watch, events);
}

void ts_loop_forget(struct ts_watch *watch)
{
    control(EPOLL_CTL_DEL, watch, 0);
}

uint64_t ts_loop_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void put(int place, struct ts_timer *timer)
{
    heap[place] = timer;
    timer->place = place;
}

static void sift_up(int place)
{
    struct ts_timer *timer = heap[place];
    while (place > 1 && heap[place / 2]->at_ms > timer->at_ms) {
        put(place, heap[place / 2]);
        place /= 2;
    }
    put(place, timer);
}

static void sift_down(int place)
{
    struct ts_timer *timer = heap[place];
    for (;;) {
        int child = place * 2;
        if (child < heap_count && heap[child + 1]->at_ms < heap[child]->at_ms)
            child++;
        if (child > heap_count || heap[child]->at_ms >= timer->at_ms)
            break;
        put(place, heap[child]);
        place = child;
    }
    put(place, timer);
}

void ts_loop_stop_timer(struct ts_timer *timer)
{
    int place = timer->place;
    if (place == 0)
        return;
    timer->place = 0;
    struct ts_timer *last = heap[heap_count--];
    if (last == timer)
        return;
    put(place, last);
    sift_up(place);
    sift_down(last->place);
}

void ts_loop_set_timer(struct ts_timer *timer, uint64_t delay_ms)
{
    ts_loop_stop_timer(timer);
    if (heap_count + 1 >= HEAP_MAX) {
        fprintf(stderr, "smtp-test-server: too many timers\n");
        exit(1);
    }
    timer->at_ms = ts_loop_now_ms() + delay_ms;
    put(++heap_count, timer);
    sift_up(heap_count);
}

void ts_loop_later(void (*run)(void *with), void *with)
{
    if (garbage_count == garbage_room) {
        garbage_room = garbage_room == 0 ? 64 : garbage_room * 2;
        garbage = realloc(garbage, garbage_room * sizeof *garbage);
        if (garbage == NULL)
            abort();
    }
    garbage[garbage_count++] = (struct later){run, with};
}

static int fire_due(void)
{
    int fired = 0;
    uint64_t now = ts_loop_now_ms();
    while (heap_count > 0 && heap[1]->at_ms <= now) {
        struct ts_timer *timer = heap[1];
        ts_loop_stop_timer(timer);
        timer->fire(timer);
        fired++;
    }
    return fired;
}

int ts_loop_round(int wait_ms)
{
    struct epoll_event events[EVENTS_A_ROUND];
    if (heap_count > 0) {
        uint64_t now = ts_loop_now_ms();
        uint64_t left = heap[1]->at_ms > now ? heap[1]->at_ms - now : 0;
        if (wait_ms < 0 || left < (uint64_t)wait_ms)
            wait_ms = left > 60000 ? 60000 : (int)left;
    }
    int count = epoll_wait(epoll_fd, events, EVENTS_A_ROUND, wait_ms);
    for (int i = 0; i < count; i++) {
        struct ts_watch *watch = events[i].data.ptr;
        /* An earlier callback of this round may have closed it; its memory lives until the end of
         * the round. */
        if (watch->fd >= 0)
            watch->ready(watch, events[i].events);
    }
    int ran = (count > 0 ? count : 0) + fire_due();
    while (garbage_count > 0) {
        struct later last = garbage[--garbage_count];
        last.run(last.with);
    }
    return ran;
}
