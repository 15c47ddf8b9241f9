/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probes on demand, on the exporter's loop: bounded in number, only of targets that the configuration
 * allows, each with a deadline of its own.
 */
#ifndef SP_PROMETHEUS_PROBER_H
#define SP_PROMETHEUS_PROBER_H

#include "prometheus/config.h"
#include "prometheus/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct sp_prober;

/* NULL: error[0..size) says why. */
struct sp_prober *sp_prober_new(uv_loop_t *loop, int64_t (*wall_ms)(void), char *error,
                                size_t size);

struct sp_prober_request {
    struct sp_config *config;
    const struct sp_module *module;
    const char *target; /* one target word of the user's grammar; no @FILE, no - */
    /* URL parameters; those that allow_params does not name are refused here. */
    const char *const *params, *const *values;
    size_t param_count;
    /* The URL's `hostname`, which needs no allow_params; a server_name of the module or of the
     * parameters wins. NULL: none. */
    const char *hostname;
    uint32_t timeout_ms; /* what the scrape leaves; the module's own timeout may be shorter */
};

enum sp_prober_status {
    SP_PROBER_STARTED,
    SP_PROBER_FULL,        /* max_in_flight is reached */
    SP_PROBER_TARGET_FULL, /* max_per_target is reached */
    SP_PROBER_BAD_REQUEST, /* the target or a parameter can't be used */
    SP_PROBER_FORBIDDEN,   /* not in allow_targets, as far as the name tells */
    SP_PROBER_NOMEM
};

/* `outcome` has one reference that is the receiver's. A target whose addresses are all outside
 * allow_targets has the reason invalid-target in it. Called from the loop, never from sp_prober_start. */
typedef void (*sp_prober_cb)(void *data, struct sp_outcome *outcome);

/* Anything but STARTED: the callback won't be called, and error[0..size) says why in one line. */
enum sp_prober_status sp_prober_start(struct sp_prober *prober,
                                      const struct sp_prober_request *request,
                                      sp_prober_cb callback, void *data, char *error, size_t size);
size_t sp_prober_in_flight(const struct sp_prober *prober);
/* Ends every probe with `cancelled` (their callbacks are called). */
void sp_prober_cancel(struct sp_prober *prober);
/* With nothing in flight: closes its handles; the loop has to run before sp_prober_free. */
void sp_prober_close(struct sp_prober *prober);
void sp_prober_free(struct sp_prober *prober);

#endif
