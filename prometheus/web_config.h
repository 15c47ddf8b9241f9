/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --web.config.file in exporter-toolkit's format: TLS of the server, users with bcrypt passwords, headers
 * and a rate limit. Read again when the file changes; a file that is wrong lets nobody in: requests are
 * then answered 500. Turning TLS on or off, or going without any users and verified client certificates
 * where there were some, takes a restart.
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
/* Passwords that are being checked are forgotten; the loop has to run until its work is done. */
void sp_web_config_free(struct sp_web_config *web);
bool sp_web_config_has_tls(const struct sp_web_config *web);
bool sp_web_config_has_users(const struct sp_web_config *web);
/* Nobody gets in without a certificate that was verified (RequireAndVerifyClientCert). */
bool sp_web_config_wants_client_certificate(const struct sp_web_config *web);
/* Called with one line for each event of a later reading: what is wrong, or that it is right again. */
void sp_web_config_on_log(struct sp_web_config *web, void (*log)(void *data, const char *line),
                          void *data);

/* --- for the HTTP server ----------------------------------------------------------------------- */

enum sp_web_verdict {
    SP_WEB_PASS,
    SP_WEB_LATER,        /* the callback will be called, from the loop; then ask again */
    SP_WEB_WRONG,        /* the file is wrong: 500 */
    SP_WEB_TOO_MANY,     /* rate_limit: 429 */
    SP_WEB_UNAUTHORIZED, /* 401 */
    SP_WEB_BUSY          /* too many passwords wait to be checked: 503 */
};

/* Reads the files again when one of them has changed; looks at most once a second. */
void sp_web_config_refresh(struct sp_web_config *web);
/* Takes one token of the rate limit: PASS or TOO_MANY. */
enum sp_web_verdict sp_web_config_admit(struct sp_web_config *web);

struct sp_web_wait;
/*
 * Any verdict but TOO_MANY. `authorization` is the header field's value or NULL. With LATER *out_wait is
 * set until the callback is called or sp_web_wait_cancel; the password is kept until then at most.
 */
enum sp_web_verdict sp_web_config_check_user(struct sp_web_config *web, const char *authorization,
                                             void (*callback)(void *data), void *data,
                                             struct sp_web_wait **out_wait);
/* The callback won't be called. */
void sp_web_wait_cancel(struct sp_web_wait *wait);

/* http_server_config's headers; a value may be "". */
size_t sp_web_config_header_count(const struct sp_web_config *web);
void sp_web_config_header_at(const struct sp_web_config *web, size_t index, const char **out_name,
                             const char **out_value);
bool sp_web_config_has_header(const struct sp_web_config *web, const char *name);

/* What TLS connections that begin now use (web_tls.h), the configuration's reference; NULL: no TLS. */
struct sp_web_tls *sp_web_config_tls(const struct sp_web_config *web);

#endif
