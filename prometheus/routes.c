/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/routes.h"

#include "probe/values.h"

#include <stddef.h>
#include <string.h>

#define HISTORY "/history/"

static const struct route {
    const char *path;
    enum sp_route route;
} routes[] = {
    {"/", SP_ROUTE_STATUS},          {"/probe", SP_ROUTE_PROBE},
    {"/metrics", SP_ROUTE_METRICS},  {"/config", SP_ROUTE_CONFIG},
    {"/style.css", SP_ROUTE_STYLE},  {"/api/v1/status", SP_ROUTE_API_STATUS},
    {"/api/v1/sd", SP_ROUTE_API_SD}, {"/-/healthy", SP_ROUTE_HEALTHY},
    {"/-/ready", SP_ROUTE_READY},    {"/-/reload", SP_ROUTE_RELOAD},
};

static bool find_path(const char *path, struct sp_route_match *match)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(path, routes[i].path) == 0) {
            match->route = routes[i].route;
            return true;
        }
    }
    if (strncmp(path, HISTORY, strlen(HISTORY)) != 0)
        return false;
    path += strlen(HISTORY);
    match->route = SP_ROUTE_HISTORY;
    return *path != '0' && sp_parse_uint(path, UINT64_MAX, &match->id);
}

/* What is only looked at may be asked for by GET and HEAD, what changes something by POST alone. */
static void check_method(const char *method, struct sp_route_match *match)
{
    bool right;
    if (match->route == SP_ROUTE_RELOAD) {
        match->allow = "POST";
        right = strcmp(method, "POST") == 0;
    } else {
        match->allow = "GET, HEAD";
        right = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    }
    if (!right)
        match->route = SP_ROUTE_BAD_METHOD;
}

struct sp_route_match sp_routes_find(const char *method, const char *path)
{
    struct sp_route_match match = {.route = SP_ROUTE_UNKNOWN};
    if (find_path(path, &match))
        check_method(method, &match);
    else
        match.route = SP_ROUTE_UNKNOWN;
    return match;
}
