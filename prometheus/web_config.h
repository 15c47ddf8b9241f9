/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --web.config.file in exporter-toolkit's format: TLS of the server, users with bcrypt passwords, headers
 * and a rate limit. Read again when the file changes; a file that is wrong keeps nobody out who was kept
 * out before, and lets nobody in: requests are then answered 500.
 */
#ifndef SP_PROMETHEUS_WEB_CONFIG_H
#define SP_PROMETHEUS_WEB_CONFIG_H

#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct sp_web_config;

/* `path` NULL: no TLS, no users. NULL: `errors` has lines "file:line:column: message". */
struct sp_web_config *sp_web_config_load(uv_loop_t *loop, const char *path, struct sp_buf *errors);
void sp_web_config_free(struct sp_web_config *web);
bool sp_web_config_has_tls(const struct sp_web_config *web);
bool sp_web_config_has_users(const struct sp_web_config *web);
bool sp_web_config_wants_client_certificate(const struct sp_web_config *web);

#endif
