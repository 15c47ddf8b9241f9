/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of this process: a few system calls, no more than a scrape may cost. */
#ifndef SP_PROMETHEUS_PROCESS_H
#define SP_PROMETHEUS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_process {
    int64_t cpu_ns; /* user and system time */
    bool memory_known, open_known, max_known;
    uint64_t resident, virtual_size; /* octets */
    uint64_t open_fds, max_fds;
};

/* What can't be read is not known; never an error. */
void sp_process_read(struct sp_process *out);
/* /proc/self/statm (proc(5)): "size resident shared …" in pages of `page` octets. False: not that, and the
 * results are untouched. */
bool sp_process_parse_statm(const char *text, uint64_t page, uint64_t *out_virtual,
                            uint64_t *out_resident);

#endif
