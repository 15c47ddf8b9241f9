/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One epoll set and one heap of timers. It is not libuv on purpose: the product stands on that, the
 * test server should not.
 */
#ifndef TS_LOOP_H
#define TS_LOOP_H

#include <stdint.h>

struct ts_watch {
    int fd;
    void (*ready)(struct ts_watch *watch,
                  uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR */
};

struct ts_timer {
    uint64_t at_ms;
    int place; /* in the heap, from 1; 0 = not set */
    void (*fire)(struct ts_timer *timer);
};

/* All return 0, or -1 with errno set. */
int ts_loop_open(void);
int ts_loop_watch(struct ts_watch *watch, uint32_t events);
int ts_loop_change(struct ts_watch *watch, uint32_t events);
void ts_loop_forget(struct ts_watch *watch);

uint64_t ts_loop_now_ms(void);
void ts_loop_set_timer(struct ts_timer *timer, uint64_t delay_ms);
void ts_loop_stop_timer(struct ts_timer *timer);

/* Calls `run` when the round is over, so that a callback may end the object it runs for. */
void ts_loop_later(void (*run)(void *with), void *with);

/*
 * One round: waits at most `wait_ms` (-1 = for ever), runs what is due. Returns the number of
 * events and timers it ran.
 */
int ts_loop_round(int wait_ms);

#endif
