/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/web_config.h"

#include "prometheus/web_tls.h"

#include <stdlib.h>

struct sp_web_config {
    uv_loop_t *loop;
};

struct sp_web_config *sp_web_config_load(uv_loop_t *loop, const char *path, struct sp_buf *errors)
{
    if (path) {
        sp_buf_printf(errors, "%s: web configuration files are not read yet\n", path);
        return NULL;
    }
    struct sp_web_config *web = calloc(1, sizeof *web);
    if (web)
        web->loop = loop;
    else
        sp_buf_append_str(errors, "out of memory\n");
    return web;
}

void sp_web_config_free(struct sp_web_config *web)
{
    free(web);
}

bool sp_web_config_has_tls(const struct sp_web_config *web)
{
    (void)web;
    return false;
}

bool sp_web_config_has_users(const struct sp_web_config *web)
{
    (void)web;
    return false;
}

bool sp_web_config_wants_client_certificate(const struct sp_web_config *web)
{
    (void)web;
    return false;
}

void sp_web_config_on_log(struct sp_web_config *web, void (*log)(void *data, const char *line),
                          void *data)
{
    (void)web, (void)log, (void)data;
}

void sp_web_config_refresh(struct sp_web_config *web)
{
    (void)web;
}

enum sp_web_verdict sp_web_config_admit(struct sp_web_config *web)
{
    (void)web;
    return SP_WEB_PASS;
}

enum sp_web_verdict sp_web_config_check_user(struct sp_web_config *web, const char *authorization,
                                             void (*callback)(void *data), void *data,
                                             struct sp_web_wait **out_wait)
{
    (void)web, (void)authorization, (void)callback, (void)data, (void)out_wait;
    return SP_WEB_PASS;
}

void sp_web_wait_cancel(struct sp_web_wait *wait)
{
    (void)wait;
}

size_t sp_web_config_header_count(const struct sp_web_config *web)
{
    (void)web;
    return 0;
}

void sp_web_config_header_at(const struct sp_web_config *web, size_t index, const char **out_name,
                             const char **out_value)
{
    (void)web, (void)index;
    *out_name = *out_value = "";
}

bool sp_web_config_has_header(const struct sp_web_config *web, const char *name)
{
    (void)web, (void)name;
    return false;
}

struct sp_web_tls *sp_web_config_tls(const struct sp_web_config *web)
{
    (void)web;
    return NULL;
}

struct sp_web_tls *sp_web_tls_ref(struct sp_web_tls *tls)
{
    return tls;
}

void sp_web_tls_unref(struct sp_web_tls *tls)
{
    (void)tls;
}

bool sp_web_tls_attach(const struct sp_web_tls *tls, gnutls_session_t session)
{
    (void)tls, (void)session;
    return false;
}

bool sp_web_tls_verify(const struct sp_web_tls *tls, gnutls_session_t session)
{
    (void)tls, (void)session;
    return false;
}
