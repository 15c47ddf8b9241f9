/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The target of a request (RFC 9112 §3.2) taken apart and decoded once. */
#ifndef SP_PROMETHEUS_HTTP_TARGET_H
#define SP_PROMETHEUS_HTTP_TARGET_H

#include "probe/limits.h"

#include <stddef.h>

struct sp_http_target {
    char *storage;    /* of all strings below */
    const char *path; /* "/…", or "*" */
    struct sp_http_pair {
        const char *name, *value;
    } params[SP_LIMIT_HTTP_PARAMS];
    size_t param_count;
};

/*
 * NULL: fine, and sp_http_target_free frees it. Else one line that says what is wrong; then nothing is
 * to be freed. Refused are: no path, a percent sign without two hex digits, control characters in the
 * path, a NUL anywhere, "." and ".." as parts of the path, empty parts, too many parameters.
 */
const char *sp_http_target_parse(const char *raw, struct sp_http_target *target);
/* The line for which nobody but this machine is to blame. */
extern const char sp_http_target_no_memory[];
void sp_http_target_free(struct sp_http_target *target);

#endif
