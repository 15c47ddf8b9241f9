/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which request is for what. Paths stand without the route prefix; a path fits whole or not at all.
 *
 *   /history/ID   ID = digits, no leading zero
 */
#ifndef SP_PROMETHEUS_ROUTES_H
#define SP_PROMETHEUS_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

enum sp_route {
    SP_ROUTE_STATUS,  /* / */
    SP_ROUTE_PROBE,   /* /probe */
    SP_ROUTE_METRICS, /* /metrics */
    SP_ROUTE_HISTORY, /* /history/ID */
    SP_ROUTE_CONFIG,  /* /config */
    SP_ROUTE_STYLE,   /* /style.css */
    SP_ROUTE_API_STATUS,
    SP_ROUTE_API_SD,
    SP_ROUTE_HEALTHY,
    SP_ROUTE_READY,
    SP_ROUTE_RELOAD,
    SP_ROUTE_UNKNOWN,   /* 404 */
    SP_ROUTE_BAD_METHOD /* 405 */
};

struct sp_route_match {
    enum sp_route route;
    uint64_t id;       /* of SP_ROUTE_HISTORY */
    const char *allow; /* for SP_ROUTE_BAD_METHOD: the value of the Allow header */
};

struct sp_route_match sp_routes_find(const char *method, const char *path);

#endif
