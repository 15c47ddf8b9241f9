/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request taken apart: target, parameters and time limit become the endpoint and options of an outcome
 * that has no result yet. Nothing is looked up. Private to the prober. */
#ifndef SP_PROMETHEUS_PROBER_REQUEST_H
#define SP_PROMETHEUS_PROBER_REQUEST_H

#include "prometheus/prober.h"

/* STARTED: *out_outcome has one reference. BAD_REQUEST or NOMEM: error[0..size) says why. */
enum sp_prober_status sp_prober_read_request(const struct sp_prober_request *request,
                                             struct sp_outcome **out_outcome, char *error,
                                             size_t size);

#endif
