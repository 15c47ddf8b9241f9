/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: the target of a request, up to the first NUL. What is taken keeps every promise of the header;
 * and a path or query that is encoded again comes out as the same pairs, so nothing is decoded twice.
 */
#include "prometheus/http_target.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition)
        abort();
}

static void check_path(const char *path)
{
    if (strcmp(path, "*") == 0)
        return;
    need(path[0] == '/' && strstr(path, "//") == NULL);
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        size_t len = strcspn(++part, "/");
        need(!(len == 1 && part[0] == '.') && !(len == 2 && memcmp(part, "..", 2) == 0));
    }
    for (const char *c = path; *c != '\0'; c++)
        need((unsigned char)*c >= ' ' && *c != 0x7f);
}

/* Every octet as %XX, but for those that `plain` has. Returns what stands behind. */
static char *encode(char *out, const char *text, const char *plain)
{
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            *out++ = *text;
        else
            out += snprintf(out, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return out;
}

static void check_again(const struct sp_http_target *target, size_t len)
{
    struct sp_http_target again;
    /* Three octets for one, and for each pair a sign between. */
    char *text = malloc(3 * len + 2 * SP_LIMIT_HTTP_PARAMS + 16), *end = text;
    need(text != NULL);
    end = encode(end, target->path, strcmp(target->path, "*") == 0 ? "*" : "/");
    for (size_t i = 0; i < target->param_count; i++) {
        *end++ = i == 0 ? '?' : '&';
        end = encode(end, target->params[i].name, "");
        *end++ = '=';
        end = encode(end, target->params[i].value, "");
    }
    *end = '\0';
    need(sp_http_target_parse(text, &again) == NULL);
    need(strcmp(again.path, target->path) == 0 && again.param_count == target->param_count);
    for (size_t i = 0; i < target->param_count; i++)
        need(strcmp(again.params[i].name, target->params[i].name) == 0 &&
             strcmp(again.params[i].value, target->params[i].value) == 0);
    sp_http_target_free(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_http_target target;
    /* Memory of its own length, so that reading behind its end is seen. */
    char *raw = strndup((const char *)data, size);
    need(raw != NULL);
    const char *wrong = sp_http_target_parse(raw, &target);
    if (wrong == NULL) {
        need(target.param_count <= SP_LIMIT_HTTP_PARAMS);
        check_path(target.path);
        check_again(&target, strlen(raw));
        sp_http_target_free(&target);
    } else {
        need(*wrong != '\0' && target.storage == NULL && target.param_count == 0);
    }
    free(raw);
    return 0;
}
