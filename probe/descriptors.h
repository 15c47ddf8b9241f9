/* SPDX-License-Identifier: GPL-3.0-or-later */
/* File descriptors of the process: the standard ones, and how many there may be. */
#ifndef SP_PROBE_DESCRIPTORS_H
#define SP_PROBE_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Puts a stand-in in the place of each closed standard descriptor, so that no socket gets its number and
 * no message goes to a server. Using one is still an error: nothing is lost in silence. False: that is
 * not possible, and the program must end. To be called before anything else is opened. */
bool sp_descriptors_secure(void);

/* True when `count` more descriptors can be opened now, at most 16. libuv ends the process with a signal when it
 * gets none for a loop; LOOP of them are enough for one. */
#define SP_DESCRIPTORS_LOOP 8u
bool sp_descriptors_left(unsigned count);

/*
 * Raises the limit of open files as far as it goes. Returns how many of `target_count` endpoints can be
 * probed at a time: `concurrency`, or fewer when the limit (then in *out_limit) doesn't allow more.
 */
uint32_t sp_descriptors_fit(uint32_t concurrency, size_t target_count, uintmax_t *out_limit);

#endif
