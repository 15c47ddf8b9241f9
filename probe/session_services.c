/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/session_services.h"

#include "probe/limits.h"

#include <stdio.h>
#include <stdlib.h>

bool sp_services_init(struct sp_services *services, uv_loop_t *loop, int64_t (*wall_ms)(void),
                      char *error, size_t size)
{
    *services =
        (struct sp_services){.loop = loop, .wall_ms = wall_ms, .input = malloc(SP_LIMIT_READ)};
    if (!services->input)
        snprintf(error, size, "out of memory");
    return services->input != NULL;
}

bool sp_services_need_dns(struct sp_services *services, const char *server, bool long_lived,
                          char *error, size_t size)
{
    const struct sp_dns_config config = {
        .loop = services->loop, .server = server, .long_lived = long_lived};
    if (!services->dns)
        services->dns = sp_dns_new(&config, error, size);
    return services->dns != NULL;
}

bool sp_services_need_tls(struct sp_services *services, char *error, size_t size)
{
    if (!services->tls_ctx)
        services->tls_ctx = sp_tls_ctx_new();
    if (!services->tls_ctx)
        snprintf(error, size, "the TLS library could not be started");
    return services->tls_ctx != NULL;
}

void sp_services_close(struct sp_services *services)
{
    if (services->dns)
        sp_dns_close(services->dns);
    services->dns = NULL;
}

void sp_services_free(struct sp_services *services)
{
    sp_tls_ctx_free(services->tls_ctx);
    services->tls_ctx = NULL;
    free(services->input);
    services->input = NULL;
}
