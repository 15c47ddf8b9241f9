/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   target   = path [ "?" query ] / "http" ["s"] "://" authority [ path [ "?" query ] ] / "*"
 *   path     = 1*( "/" part )
 *   query    = [ pair ] *( "&" [ pair ] )
 *   pair     = name [ "=" value ]          a "+" in it is a blank
 *   %XX stands for an octet everywhere but in the authority, and is decoded once.
 */
#include "prometheus/http_target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char sp_http_target_no_memory[] = "out of memory";

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes in place; what comes out is never longer. */
static const char *decode(char *text, bool plus_is_blank)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        char c = *in;
        if (c == '+' && plus_is_blank)
            c = ' ';
        if (c == '%') {
            int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
            if (low < 0)
                return "a percent sign without two hex digits behind it";
            if (high == 0 && low == 0)
                return "a NUL in the request";
            c = (char)(high * 16 + low);
            in += 2;
        }
        *out++ = c;
    }
    *out = '\0';
    return NULL;
}

static const char *check_path(const char *path)
{
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return "a control character in the path";
    for (const char *part = path + 1; part[-1] == '/'; part += strcspn(part, "/") + 1) {
        size_t len = strcspn(part, "/");
        if (len == 0 && part[0] == '/')
            return "two slashes in a row in the path";
        if ((len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
            return "a relative part in the path";
        if (part[len] == '\0')
            break;
    }
    return NULL;
}

static const char *parse_query(char *query, struct sp_http_target *target)
{
    char *rest = query;
    while (rest) {
        char *pair = strsep(&rest, "&");
        if (*pair == '\0')
            continue;
        if (target->param_count == SP_LIMIT_HTTP_PARAMS)
            return "too many parameters";
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        const char *wrong = decode(pair, true);
        if (!wrong && value)
            wrong = decode(value, true);
        if (wrong)
            return wrong;
        target->params[target->param_count++] = (struct sp_http_pair){pair, value ? value : ""};
    }
    return NULL;
}

/* Behind the authority of an absolute target, as proxies send it; else where it was. */
static char *skip_authority(char *raw)
{
    size_t scheme = strncasecmp(raw, "http://", 7) == 0    ? 7
                    : strncasecmp(raw, "https://", 8) == 0 ? 8
                                                           : 0;
    return scheme ? raw + scheme + strcspn(raw + scheme, "/?") : raw;
}

const char *sp_http_target_parse(const char *raw, struct sp_http_target *target)
{
    *target = (struct sp_http_target){.storage = strdup(raw)};
    if (!target->storage)
        return sp_http_target_no_memory;
    char *path = skip_authority(target->storage);
    bool absolute = path != target->storage;
    char *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    target->path = *path == '\0' && absolute ? "/" : path;
    const char *wrong = NULL;
    if (strcmp(path, "*") != 0 && target->path[0] != '/')
        wrong = "the path does not begin with a slash";
    if (!wrong && *path != '\0')
        wrong = decode(path, false);
    if (!wrong && target->path[0] == '/')
        wrong = check_path(target->path);
    if (!wrong && query)
        wrong = parse_query(query, target);
    if (wrong)
        sp_http_target_free(target);
    return wrong;
}

void sp_http_target_free(struct sp_http_target *target)
{
    free(target->storage);
    *target = (struct sp_http_target){0};
}
