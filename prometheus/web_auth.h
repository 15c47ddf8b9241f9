/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Basic authentication (RFC 7617) against bcrypt hashes. A check takes tens of milliseconds of a core, so
 * it is done by libuv's threads, at most two at once, and its result is remembered under a keyed digest of
 * user, password and hash; no password stays in memory. Unknown users cost what known ones do.
 */
#ifndef SP_PROMETHEUS_WEB_AUTH_H
#define SP_PROMETHEUS_WEB_AUTH_H

#include "prometheus/web_config.h"
#include "prometheus/web_settings.h"

struct sp_web_auth;

struct sp_web_auth *sp_web_auth_new(uv_loop_t *loop); /* NULL: out of memory or of randomness */
/* What is being computed ends on its own in the loop, and is forgotten. */
void sp_web_auth_free(struct sp_web_auth *auth);
/* As sp_web_config_check_user; never WRONG. Equal questions share one computation. */
enum sp_web_verdict sp_web_auth_check(struct sp_web_auth *auth,
                                      const struct sp_web_settings *settings,
                                      const char *authorization, void (*callback)(void *data),
                                      void *data, struct sp_web_wait **out_wait);
/* How many checks were computed, for tests. */
size_t sp_web_auth_computed(const struct sp_web_auth *auth);

#endif
