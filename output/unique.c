/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/unique.h"

#include <stdlib.h>
#include <string.h>

struct key {
    const char *name, *ip;
    unsigned port;
    size_t index;
};

static struct key make_key(const struct sp_result *result, enum sp_unique_by by, size_t index)
{
    const struct sp_endpoint *endpoint = result->endpoint;
    struct key key = {.name = endpoint->input, .ip = result->evidence->ip, .index = index};
    if (by == SP_UNIQUE_HOST_PORT && endpoint->unix_path != NULL) {
        key.name = endpoint->unix_path;
    } else if (by == SP_UNIQUE_HOST_PORT && endpoint->host != NULL) {
        key.name = endpoint->host;
        key.port = endpoint->port;
    }
    if (key.ip == NULL)
        key.ip = "";
    return key;
}

static int compare_names(const struct key *a, const struct key *b)
{
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    int order = compare_names(a, b);
    if (order == 0)
        order = strcmp(a->ip, b->ip);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static enum sp_unique mark(const struct key *keys, size_t count, size_t at)
{
    bool with_last = at > 0 && compare_names(&keys[at - 1], &keys[at]) == 0;
    bool with_next = at + 1 < count && compare_names(&keys[at], &keys[at + 1]) == 0;
    if (with_last && strcmp(keys[at - 1].ip, keys[at].ip) == 0)
        return SP_UNIQUE_NOT;
    return with_last || with_next ? SP_UNIQUE_IP : SP_UNIQUE_NAME;
}

enum sp_unique *sp_unique_marks(const struct sp_report *report, enum sp_unique_by by)
{
    struct key *keys = calloc(report->count + 1, sizeof *keys);
    enum sp_unique *marks = calloc(report->count + 1, sizeof *marks);
    if (keys == NULL || marks == NULL) {
        free(keys);
        free(marks);
        return NULL;
    }
    for (size_t i = 0; i < report->count; i++)
        keys[i] = make_key(&report->results[i], by, i);
    if (report->count > 1)
        qsort(keys, report->count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < report->count; i++)
        marks[keys[i].index] = mark(keys, report->count, i);
    free(keys);
    return marks;
}
