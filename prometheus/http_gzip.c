/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   Accept-Encoding = [ item *( "," item ) ]         RFC 9110 §12.5.3; empty items are passed over
 *   item            = coding [ ";" "q" "=" qvalue ]  RFC 9110 §12.4.2
 *   qvalue          = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ]
 */
#include "prometheus/http_gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define BLANKS " \t"

/* Thousandths; what is not a qvalue counts as "not wanted". */
static int parse_qvalue(const char *text, size_t len)
{
    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return 0;
    int value = (text[0] - '0') * 1000, weight = 100;
    for (size_t i = 2; i < len; i++, weight /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value += (text[i] - '0') * weight;
    }
    return value <= 1000 ? value : 0;
}

static size_t trim(const char **text, size_t len)
{
    while (len > 0 && strchr(BLANKS, **text)) {
        ++*text;
        len--;
    }
    while (len > 0 && strchr(BLANKS, (*text)[len - 1]))
        len--;
    return len;
}

/* The weight behind the coding's name; 1 where there is none. */
static int item_weight(const char *rest, size_t len)
{
    if (len == 0)
        return 1000;
    rest++; /* the semicolon */
    len = trim(&rest, len - 1);
    if (len < 2 || (rest[0] != 'q' && rest[0] != 'Q') || rest[1] != '=')
        return 0;
    return parse_qvalue(rest + 2, len - 2);
}

static void read_item(struct sp_http_codings *codings, const char *item, size_t len)
{
    size_t name = 0;
    while (name < len && item[name] != ';')
        name++;
    int weight = item_weight(item + name, len - name);
    len = trim(&item, name);
    if ((len == 4 && strncasecmp(item, "gzip", 4) == 0) ||
        (len == 6 && strncasecmp(item, "x-gzip", 6) == 0))
        codings->gzip = weight;
    else if (len == 8 && strncasecmp(item, "identity", 8) == 0)
        codings->identity = weight;
    else if (len == 1 && item[0] == '*')
        codings->any = weight;
}

void sp_http_codings_read(struct sp_http_codings *codings, const char *value)
{
    while (*value) {
        size_t len = strcspn(value, ",");
        read_item(codings, value, len);
        value += len + (value[len] == ',');
    }
}

bool sp_http_codings_want_gzip(const struct sp_http_codings *codings)
{
    int gzip = codings->gzip >= 0 ? codings->gzip : codings->any;
    return gzip > 0 && gzip >= codings->identity;
}

struct sp_http_gzip {
    z_stream stream;
    bool ready;
};

struct sp_http_gzip *sp_http_gzip_new(void)
{
    return calloc(1, sizeof(struct sp_http_gzip));
}

void sp_http_gzip_free(struct sp_http_gzip *gzip)
{
    if (gzip && gzip->ready)
        deflateEnd(&gzip->stream);
    free(gzip);
}

static bool prepare(struct sp_http_gzip *gzip)
{
    if (gzip->ready)
        return deflateReset(&gzip->stream) == Z_OK;
    /* 16 more window bits ask for gzip's header instead of zlib's. */
    gzip->ready = deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8,
                               Z_DEFAULT_STRATEGY) == Z_OK;
    return gzip->ready;
}

void *sp_http_gzip(struct sp_http_gzip *gzip, const void *data, size_t len, size_t *out_len)
{
    if (len > UINT32_MAX / 2 || !prepare(gzip))
        return NULL;
    uint8_t *out = malloc(len);
    if (!out)
        return NULL;
    /* zlib's own type has no const here, yet it only reads. */
    gzip->stream.next_in = (z_const Bytef *)(uintptr_t)data;
    gzip->stream.avail_in = (uInt)len;
    gzip->stream.next_out = out;
    gzip->stream.avail_out = (uInt)len;
    if (deflate(&gzip->stream, Z_FINISH) != Z_STREAM_END) {
        free(out);
        return NULL;
    }
    *out_len = len - gzip->stream.avail_out;
    uint8_t *shorter = realloc(out, *out_len);
    if (shorter)
        out = shorter;
    return out;
}
